"""The microscope beside pyEELSMODEL: time of the same map, cross-sections, convolution with a low loss.

pyEELSMODEL's simulator takes its edges from a database that it downloads; here they are its own hydrogenic
ones. It is imported where it is used: it is optional.
"""

from __future__ import annotations

import math
import time
from typing import Any, Final

import numpy as np
import xarray as xr
from machine import timed
from numpy.typing import NDArray

from lto_sim.microscope.acquisition import plan_acquisition
from lto_sim.microscope.detector import draw_counts
from lto_sim.microscope.hydrogenic import differential_cross_section
from lto_sim.microscope.instrument import Instrument
from lto_sim.microscope.kinematics import Beam, effective_collection
from lto_sim.microscope.plural import Lattice
from lto_sim.microscope.zero_loss import Response

__all__ = ["PRESET", "SEED", "convolutions", "cross_sections", "peer_times"]

Floats = NDArray[np.float64]

PRESET: Final = "jem_arm300f2_continuum_k3"
SEED: Final = 5
BARN: Final = 1e-28
VOLTAGE, CONVERGENCE, COLLECTION = 300e3, 25e-3, 40e-3
SIDE, CHANNELS, FWHM = 64, 1024, 1.0
Q_STEPS: Final = 20
"""The simulator's own number of momenta."""
Q_FINE: Final = 400
MAPS: Final = {
    "Li-K, 30 to 132 eV": (("Li-K",), ("Li",), ("K",), 30.0, 0.1),
    "Ti-L and O-K, 430 to 635 eV": (("Ti-L2,3", "O-K"), ("Ti", "O"), ("L", "K"), 430.0, 0.2),
}
"""Our edges, the peer's elements and their edges, first channel and width of a channel [eV]."""
SHELLS: Final = {"Li-K": ("K", 3, 55.0, "K"), "O-K": ("K", 8, 532.0, "K"), "Ti-L2,3": ("L23", 22, 456.0, "L")}
"""Edge: our shell, atomic number, threshold [eV], the peer's shell."""


def _map_of(edges: tuple[str, ...], offset: float, dispersion: float) -> tuple[xr.Dataset, Instrument]:
    """Map with t/lambda 0.3 to 0.8 along y and li fractions 0 to 1 along x, and what records it."""
    axis = (np.arange(SIDE) + 0.5) * 20e-9
    along_y, along_x = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE), indexing="ij")
    pixel_time = (np.arange(SIDE**2).reshape(SIDE, SIDE) + 0.5) * 1.5 / SIDE**2
    maps = xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), along_x[None]),
            "thickness": (("y", "x"), 100e-9 * (0.3 + 0.5 * along_y)),
            "pixel_time": (("y", "x"), pixel_time),
        },
        {"time": [0.0], "y": axis, "x": axis},
    )
    instrument = Instrument.preset(PRESET).with_values({
        "spectrometer.offset": offset, "spectrometer.dispersion": dispersion,
        "spectrometer.collection": COLLECTION, "beam.energy_spread": FWHM,
        "spectrum.edges": list(edges), "spectrum.mean_free_path": 100e-9,
    })  # fmt: skip
    return maps, instrument


def _simulator(
    elements: tuple[str, ...], edges: tuple[str, ...], offset: float, dispersion: float, side: int
) -> Any:
    """Return the peer's simulator with the peer's own hydrogenic edges in place of those of its database."""
    from pyEELSMODEL.api import MultiSpectrumshape
    from pyEELSMODEL.components.CLedge.hydrogen_coreloss_edge import HydrogenicCoreLossEdge
    from pyEELSMODEL.operators.simulator.coreloss_simulator import CoreLossSimulator

    class Hydrogenic(CoreLossSimulator):
        def make_elements(self) -> None:
            self.element_components = [
                HydrogenicCoreLossEdge(
                    self.spectrumshape, 1, self.E0, self.alpha, self.beta, element, edge, q_steps=self.qsteps
                )
                for element, edge in zip(self.elements, self.edges, strict=True)
            ]
            for component in self.element_components:
                component.calculate()

    x, y = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side), indexing="ij")
    maps = np.array([0.5 + 0.5 * x, 0.5 + 0.5 * y][: len(elements)])
    shape = MultiSpectrumshape(dispersion, offset, CHANNELS, side, side)
    settings = (VOLTAGE, CONVERGENCE, COLLECTION)
    simulator = Hydrogenic(shape, list(elements), list(edges), maps, 0.3 + 0.5 * x, settings)
    simulator.fwhm, simulator.qsteps, simulator.add_poisson = FWHM, Q_STEPS, False
    return simulator


def peer_times(repeats: int) -> dict[str, Any]:
    """Times of one map [s], ours and the peer's in turns."""
    found: dict[str, Any] = {}
    for name, (edges, elements, shells, offset, dispersion) in MAPS.items():
        maps, instrument = _map_of(edges, offset, dispersion)
        walls: dict[str, list[float]] = {}
        _simulator(elements, shells, offset, dispersion, 2).simulate_multispectrum()
        plan_acquisition(maps, instrument).expected(0)
        for repeat in range(repeats):
            simulator = _simulator(elements, shells, offset, dispersion, SIDE)
            low, _ = timed(simulator.make_lowloss)
            atoms, _ = timed(simulator.make_elements)
            core, _ = timed(simulator.make_coreloss)
            start = time.perf_counter()
            plan = plan_acquisition(maps, instrument)
            counts = plan.expected(0)
            ours = time.perf_counter() - start
            again, _ = timed(lambda plan=plan: plan.expected(0))
            noise = timed(lambda counts=counts: draw_counts(counts, SEED + repeat))[0]  # noqa: B023
            pixels = counts.reshape(-1, CHANNELS)
            theirs = timed(lambda pixels=pixels: [np.random.poisson(pixel) for pixel in pixels])[0]  # noqa: NPY002
            for key, wall in {
                "peer low loss": low, "peer edges": atoms, "peer core loss": core, "peer noise": theirs,
                "peer first": low + atoms + core, "first": ours, "next": again, "noise": noise,
            }.items():  # fmt: skip
                walls.setdefault(key, []).append(wall)
        found[name] = walls
    return found


def _ours(edge: str, energy: Floats, collection: float, threshold: float | None = None) -> Floats:
    """Bare hydrogenic d sigma/dE [barn/eV]; `threshold` [eV]: another one than the edge's own."""
    shell, number, own, _ = SHELLS[edge]
    begin = own if threshold is None else threshold
    return differential_cross_section(shell, number, energy, Beam(VOLTAGE), collection, begin) / BARN  # type: ignore[arg-type]


def _angle(edge: str) -> float:
    return effective_collection(Beam(VOLTAGE), SHELLS[edge][2], CONVERGENCE, COLLECTION)


def cross_sections() -> dict[str, Any]:
    """Ours against the peer's over 50 eV from the threshold: largest difference and that of the integral."""
    from pyEELSMODEL.misc.hydrogen_gdos import dsigma_dE_hydrogenic, get_EK, get_IE3

    def peer(edge: str, energy: Floats, alpha: float, steps: int) -> Floats:
        _, number, _, shell = SHELLS[edge]
        begin = float(get_EK()[number - 1] if shell == "K" else get_IE3()[number - 13])
        return dsigma_dE_hydrogenic(energy, number, begin, VOLTAGE, COLLECTION, alpha, shell, steps) / BARN

    def extrapolated(edge: str, energy: Floats, alpha: float) -> Floats:
        """Of an error as one over the number of intervals: its sum counts both ends whole."""
        coarse, fine = (peer(edge, energy, alpha, steps) for steps in (Q_STEPS, Q_FINE))
        return fine - (coarse - fine) / ((Q_FINE - 1) / (Q_STEPS - 1) - 1)

    found: dict[str, Any] = {}
    for edge, (_, _, threshold, _) in SHELLS.items():
        energy = threshold + 0.05 + 0.1 * np.arange(500)
        ours, parallel = _ours(edge, energy, _angle(edge)), _ours(edge, energy, COLLECTION)
        exact = extrapolated(edge, energy, 1e-9)
        rows = {
            "as shipped": (ours, peer(edge, energy, CONVERGENCE, Q_STEPS)),
            "its sum over q extrapolated": (ours, extrapolated(edge, energy, CONVERGENCE)),
            "so, parallel beam": (parallel, exact),
        }
        if edge == "Ti-L2,3":
            begin = float(get_IE3()[22 - 13])
            shifted = _ours(edge, energy, COLLECTION, begin)
            rows[f"so, and our L3 at {begin:g} eV"] = (shifted, exact)
        found[edge] = {
            "sigma_50eV_barn": {name: [float(0.1 * v.sum()) for v in pair] for name, pair in rows.items()},
            "integral_percent": {name: float(100 * (a.sum() / b.sum() - 1)) for name, (a, b) in rows.items()},
            "largest_percent_of_maximum": {name: _largest(a, b) for name, (a, b) in rows.items()},
        }
    return found


def _largest(ours: Floats, theirs: Floats) -> float:
    """Largest difference [% of the maximum of theirs]."""
    return float(100.0 * np.abs(ours - theirs).max() / theirs.max())


def _plasmon(losses: Floats, multiple: int) -> Floats:
    """Return the peer's n-fold plasmon at losses that are evenly spaced; any scale."""
    from pyEELSMODEL.api import Spectrumshape
    from pyEELSMODEL.components.plasmon import Plasmon

    shape = Spectrumshape(losses[1] - losses[0], losses[0], losses.size)
    component = Plasmon(shape, 1, 22, 5, 1, 0.5, COLLECTION, VOLTAGE)
    found = component.calculate_plasmon(22 * multiple, 5, 1, COLLECTION, VOLTAGE)
    return np.asarray(found / found.sum())


def _poisson_low_loss(losses: Floats, thickness: float, most: int) -> Floats:
    """Return the peer's low loss with every multiple as frequent as a Poisson number has it."""
    zero = np.exp(-4.0 * np.log(2.0) * (losses / FWHM) ** 2)
    low = zero / zero.sum()
    for n in range(1, most + 1):
        low = low + thickness**n / math.factorial(n) * _plasmon(losses, n)
    return low / low.sum()


def convolutions() -> dict[str, Any]:
    """Li-K behind a low loss, in percent of the edge's maximum: what others make of it against the peer."""
    simulator = _simulator(("Li",), ("K",), 30.0, 0.1, 2)
    simulator.A_bg = 1e-12
    simulator.simulate_multispectrum()
    spectra = simulator.multispectrum
    energy, edge = spectra.energy_axis, simulator.element_components[0].cross_section
    ours = np.where(edge > 0.0, _ours("Li-K", energy, _angle("Li-K")), 0.0)
    lattice, response = Lattice.for_channels(30.0, 0.1, CHANNELS, FWHM), Response(FWHM)
    losses = lattice.losses[: lattice.reach_points]
    single, thin = np.interp(losses, energy, edge, left=0.0, right=0.0), 1e-12
    found: dict[str, Any] = {}
    for row, thickness in enumerate((0.3, 0.8)):
        axis, low = simulator.ll.energy_axis, simulator.ll.multidata[row, 0]
        zero = int(np.argmax(low))

        def convolved(edge: Floats, low: Floats, zero: int = zero) -> Floats:
            return np.convolve(edge, low / low.sum())[zero : zero + CHANNELS]

        valence = thickness * _plasmon(losses, 1)
        with_edge, without = (
            lattice.recorded(lattice.transform(part), thickness, response)
            for part in (valence + thin * single, valence)
        )
        exact = (with_edge - without) / thin
        theirs = spectra.multidata[row, 0] / simulator.maps[0][row, 0]
        low_poisson = _poisson_low_loss(axis, thickness, simulator.n_plasmon)
        found[f"{thickness:g}"] = {
            "its edge, its low loss, direct convolution": _largest(convolved(edge, low), theirs),
            "our edge, its low loss, direct convolution": _largest(convolved(ours, low), theirs),
            "its edge and single plasmon, our plural scattering": _largest(exact, theirs),
            "the same, against its edge behind its multiples in Poisson's shares": _largest(
                exact, convolved(edge, low_poisson)
            ),
        }
    return found
