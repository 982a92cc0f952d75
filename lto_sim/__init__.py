"""Phase-boundary kinetics of Li4Ti5O12 seen through operando STEM-EELS.

Simulate a particle (`Scenario`, `simulate`), record it (`render_maps`, or `acquire` with an `Instrument`),
quantify spectra (`quantify_lithium`), follow the front (`track_front`), read k and Ea (`fit_rate_constant`,
`fit_arrhenius`) or fit whole maps (`fit_maps`); `sweep` runs many cases, `exact` holds the answers that all
is checked against, and `cite` says what to cite. Recorded and simulated data are the same labelled datasets.

Names are found on first use (PEP 562), so that ``import lto_sim`` costs nothing.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lto_sim import exact
    from lto_sim.electrochemistry import (
        cottrell_comparison,
        electrical_table,
        fit_gitt,
        fit_pitt,
        select_step,
    )
    from lto_sim.errors import InputError
    from lto_sim.files import open_dataset
    from lto_sim.inverse import fit_maps
    from lto_sim.kinetics import Profile, fit_arrhenius, fit_rate_constant, track_front
    from lto_sim.materials import load_material
    from lto_sim.microscope import Instrument, acquire, draw_counts, expected_counts, render_maps
    from lto_sim.provenance import cite
    from lto_sim.quantify import compare_maps, quantify_lithium
    from lto_sim.scenario import Scenario
    from lto_sim.study import sweep
    from lto_sim.transport.impedance import impedance
    from lto_sim.transport.simulate import simulate

    __version__: str

__all__ = [
    "InputError",
    "Instrument",
    "Profile",
    "Scenario",
    "__version__",
    "acquire",
    "cite",
    "compare_maps",
    "cottrell_comparison",
    "draw_counts",
    "electrical_table",
    "exact",
    "expected_counts",
    "fit_arrhenius",
    "fit_gitt",
    "fit_maps",
    "fit_pitt",
    "fit_rate_constant",
    "impedance",
    "load_material",
    "open_dataset",
    "quantify_lithium",
    "render_maps",
    "select_step",
    "simulate",
    "sweep",
    "track_front",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOMES: Final = {
    "InputError": "lto_sim.errors",
    "Instrument": "lto_sim.microscope",
    "Profile": "lto_sim.kinetics",
    "Scenario": "lto_sim.scenario",
    "acquire": "lto_sim.microscope",
    "cite": "lto_sim.provenance",
    "compare_maps": "lto_sim.quantify",
    "cottrell_comparison": "lto_sim.electrochemistry",
    "draw_counts": "lto_sim.microscope",
    "electrical_table": "lto_sim.electrochemistry",
    "expected_counts": "lto_sim.microscope",
    "fit_arrhenius": "lto_sim.kinetics",
    "fit_gitt": "lto_sim.electrochemistry",
    "fit_maps": "lto_sim.inverse",
    "fit_pitt": "lto_sim.electrochemistry",
    "fit_rate_constant": "lto_sim.kinetics",
    "impedance": "lto_sim.transport.impedance",
    "load_material": "lto_sim.materials",
    "open_dataset": "lto_sim.files",
    "quantify_lithium": "lto_sim.quantify",
    "render_maps": "lto_sim.microscope",
    "select_step": "lto_sim.electrochemistry",
    "simulate": "lto_sim.transport",
    "sweep": "lto_sim.study",
    "track_front": "lto_sim.kinetics",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("lto_sim.provenance").package_version()
    elif name == "exact":
        return importlib.import_module("lto_sim.exact")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
