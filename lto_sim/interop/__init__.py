"""To other programs and back, in memory: HyperSpy and eXSpy, plain arrays, PyBaMM and BPX."""

from lto_sim.interop.bpx_export import missing_bpx_fields, to_bpx, write_bpx
from lto_sim.interop.hyperspy_signals import from_hyperspy, to_hyperspy
from lto_sim.interop.plain_arrays import MapArrays, maps_from_array, maps_to_array, spectra_from_array
from lto_sim.interop.pybamm_export import pybamm_particle, to_pybamm

__all__ = [
    "MapArrays",
    "from_hyperspy",
    "maps_from_array",
    "maps_to_array",
    "missing_bpx_fields",
    "pybamm_particle",
    "spectra_from_array",
    "to_bpx",
    "to_hyperspy",
    "to_pybamm",
    "write_bpx",
]
