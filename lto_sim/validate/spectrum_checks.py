"""Synthetic spectra beside exact answers: dose, cross-sections, plural scattering, counting, sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft, integrate, stats

from lto_sim.microscope import Instrument, draw_counts
from lto_sim.microscope.build import mean_free_paths, spectrum_model
from lto_sim.microscope.dose import Dose
from lto_sim.microscope.hydrogenic import differential_cross_section
from lto_sim.microscope.kinematics import Beam, effective_collection
from lto_sim.microscope.plural import fourier_log
from lto_sim.microscope.references import load_reference
from lto_sim.microscope.spectra import SpectrumModel
from lto_sim.quantify import thickness_ratio
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.table import Row

__all__ = ["spectrum_checks"]

Floats = NDArray[np.float64]

_THICKNESSES: Final = (100e-9, 150e-9, 200e-9)
_LI_FRACTIONS: Final = (0.0, 0.37, 1.0)
_SEEDS: Final = (1, 2, 3, 4, 5)
_WIDE: Final[dict[str, Any]] = {
    "beam": {"convergence": 0.0, "energy_spread": 0.6},
    "spectrometer": {"collection": 20e-3, "offset": -20.0, "dispersion": 0.2, "channels": 12000},
    "detector": {"kind": "counting"},
}
"""Parallel beam, 20 mrad, -20 to 2380 eV: nothing is cropped."""


def spectrum_checks(quick: bool) -> Sequence[Check]:
    """Everything in its one form: it takes seconds."""
    return (_dose_rows, _edge_rows, _plural_rows, _counting_rows, _sourced_rows)


def _wide(**changes: Any) -> Instrument:
    return Instrument.from_dict(_WIDE).with_values(changes)


def _dose_rows() -> list[Row]:
    """All counts are the dose; t/lambda of them is that of the model."""
    instrument = _wide()
    model = spectrum_model(instrument)
    pairs = [(t, x) for t in _THICKNESSES for x in _LI_FRACTIONS]
    spectra = np.array([model.recorded(t, x) for t, x in pairs])
    true = np.array([float(model.mean_scatterings(t, x)) for t, x in pairs])
    measured = thickness_ratio(instrument.energy_loss, spectra).value
    return [
        worst_row("counts of a pixel over its electrons, -20 to 2380 eV", spectra.sum(-1) - 1.0, 1e-4),
        worst_row("t/lambda by the log-ratio, 100 to 200 nm", measured / true - 1.0, 0.01, true),
    ]


def _edge_rows() -> list[Row]:
    """Edges hold N sigma, in single scattering and in the spectrum of a thin layer."""
    rows = []
    instrument = _wide(**{"spectrum.edges": ["Ti-M2,3", "Ti-M1", "Li-K", "Ti-L2,3", "O-K"]})
    model = spectrum_model(instrument)
    faces = model.lattice.faces
    for edge, element, shell, number, window in (
        ("Li-K", "Li", "K", 3, 10.0), ("Li-K", "Li", "K", 3, 50.0), ("O-K", "O", "K", 8, 50.0),
    ):  # fmt: skip
        threshold = model.reference.edges[edge]["threshold"]
        sigma = _integrated(shell, number, threshold, window, instrument)
        inside = (faces[:-1] >= threshold - 1e-9) & (faces[1:] <= threshold + window + 1e-9)
        errors, exact = [], []
        for phase in ("Li4", "Li7"):
            areal = model.reference.number_density(phase, element) * 100e-9
            found = 100e-9 * model.parts[phase][edge][inside].sum()
            # the lattice's points straddle the threshold: add their parts
            found += 100e-9 * _straddling(model, phase, edge, threshold, window, inside)
            errors.append(found / (areal * sigma) - 1.0)
            exact.append(areal * sigma)
        name = f"{edge}, {window:g} eV, over N sigma of the hydrogenic atom (100 nm)"
        rows.append(worst_row(name, np.array(errors), 1e-3, np.array(exact)))
    thin, energy = 1e-12, np.array(instrument.energy_loss)
    net = model.recorded(thin, 1.0) - model.recorded(thin, 1.0, without=("Li-K",))
    counted = (energy > 50.0) & (energy < 2000.0)
    whole = sum(model.parts["Li7"]["Li-K"][faces[:-1] < 2000.0])
    error = np.array([net[counted].sum() / (thin * whole) - 1.0])
    return [*rows, worst_row("Li-K of a spectrum of 1 pm over N sigma", error, 1e-3, whole * thin)]


def _straddling(
    model: SpectrumModel, phase: str, edge: str, threshold: float, window: float, inside: NDArray[np.bool_]
) -> float:
    """Parts of the points at either end of a window that lie within it, by their share of the width.

    Below the threshold there is nothing, so the first point counts whole.
    """
    faces, part = model.lattice.faces, model.parts[phase][edge]
    first, last = int(np.argmax(inside)), inside.size - 1 - int(np.argmax(inside[::-1]))
    begins = part[first - 1] if faces[first] > threshold + 1e-9 else 0.0
    end = threshold + window
    share = (end - faces[last + 1]) / model.lattice.step
    return float(begins + share * part[last + 1])


def _integrated(shell: Any, number: int, threshold: float, window: float, instrument: Instrument) -> float:
    """Hydrogenic cross-section [m2] of a window by adaptive quadrature."""
    beam = Beam(instrument.beam.voltage)
    angle = effective_collection(
        beam, threshold, instrument.beam.convergence, instrument.spectrometer.collection
    )
    value, _ = integrate.quad(
        lambda e: float(differential_cross_section(shell, number, np.array([e]), beam, angle)[0]) * 1e24,
        threshold, threshold + window, epsrel=1e-8,
    )  # fmt: skip
    return float(value) * 1e-24


def _plural_rows() -> list[Row]:
    """Plural scattering there and back, in series, and in parts."""
    instrument = _wide(**{"spectrometer.channels": 600, "beam.energy_spread": 0.8})
    model = spectrum_model(instrument)
    lattice = model.lattice
    recovered, series, parts = [], [], []
    for thickness in _THICKNESSES:
        for x in _LI_FRACTIONS:
            whole = model.synthesis(thickness, x)
            single, _ = fourier_log(whole, lattice, model.response)
            true = model.scattering(thickness, x)
            recovered.append(np.abs(single[1 : true.size] - true[1:]).max() / true.max())
            half = fft.rfft(model.synthesis(0.5 * thickness, x))
            twice = fft.irfft(half * half / lattice.zero_loss(model.response), lattice.size)
            series.append(np.abs(twice - whole).max() / whole.max())
            recorded = model.recorded(thickness, x)
            summed = np.sum(list(model.components(thickness, x).values()), axis=0)
            parts.append(np.abs(summed - recorded).max() / recorded.max())
    mixed = fft.rfft(model.synthesis(50e-9, 0.0)) * fft.rfft(model.synthesis(100e-9, 1.0))
    mixed_layers = fft.irfft(mixed / lattice.zero_loss(model.response), lattice.size)
    projected = model.synthesis(150e-9, 2.0 / 3.0)
    layers = np.abs(mixed_layers - projected).max() / projected.max()
    return [
        worst_row("single scattering out of the padded synthesis", np.array(recovered), 1e-6),
        worst_row("two halves in series against the whole", np.array(series), 1e-12),
        worst_row("Li4 of 50 nm on Li7 of 100 nm against the projection", np.array([layers]), 1e-12),
        worst_row("sum of the components against the spectrum", np.array(parts), 1e-12),
    ]


def _counting_rows() -> list[Row]:
    """A million draws at each of several means, chi-square against the Poisson distribution."""
    rows = []
    for mean in (0.2, 3.0, 40.0, 2500.0):
        values = [_poisson_p(mean, seed) for seed in _SEEDS]
        lowest = min(values)
        name = f"chi-square p of 1e6 draws, mean {mean:g}, least of 5 seeds (>= 0.001)"
        rows.append(Row(name, 0.5, lowest, max(0.0, 1e-3 - lowest), 0.0))
    return rows


def _poisson_p(mean: float, seed: int) -> float:
    """Probability of a chi-square this large for 1e6 counts, classes of at least 50 expected."""
    drawn = draw_counts(np.full(1_000_000, mean), seed)
    low, high = int(stats.poisson.ppf(1e-4, mean)), int(stats.poisson.ppf(1.0 - 1e-4, mean))
    step = max(1, (high - low) // 60)
    edges = np.arange(low, high + step, step)
    cumulative = stats.poisson.cdf(edges, mean)
    expected = np.diff(np.concatenate([[0.0], cumulative, [1.0]])) * drawn.size
    counted = np.histogram(drawn, np.concatenate([[-1], edges, [np.iinfo(np.int64).max]]) + 0.5)[0]
    keep = expected >= 50.0
    expected = np.append(expected[keep], expected[~keep].sum())
    counted = np.append(counted[keep], counted[~keep].sum())
    used = expected > 0.0
    statistic = float(((counted - expected)[used] ** 2 / expected[used]).sum())
    return float(stats.chi2.sf(statistic, int(used.sum()) - 1))


def _sourced_rows() -> list[Row]:
    """Numbers that were computed independently: signal of Li-K, counts of a pixel, mean free path."""
    narrow, instrument = _wide(), _wide(**{"spectrometer.collection": 0.1})
    model = spectrum_model(instrument)
    energy, rows, inside = np.array(instrument.energy_loss), [], {}
    window = (energy >= 55.0) & (energy <= 65.0)
    points = (model.lattice.faces[:-1] >= 54.9) & (model.lattice.faces[:-1] < 64.9)
    sigma = _integrated("K", 3, 55.0, 10.0, narrow)
    for phase, percent in (("Li4", 0.48), ("Li7", 0.84)):
        areal = model.reference.number_density(phase, "Li") * 100e-9
        name = f"Li-K of {phase}, 100 nm, 10 eV, 20 mrad [% of the beam]"
        rows.append(_sourced(name, percent, 100.0 * areal * sigma, 0.01))
        inside[phase] = float(model.parts[phase]["Li-K"][points].sum())
    rows.append(
        _sourced("contrast of Li-K in 10 eV, Li7 over Li4", 1.75, inside["Li7"] / inside["Li4"], 0.01)
    )
    for current, counts in ((71e-12, (420.0, 740.0)), (529e-12, (3100.0, 5500.0))):
        dose = Dose(current, 1.5 / 64**2, 1.0, 1)
        for phase, published in zip(("Li4", "Li7"), counts, strict=True):
            name = f"net counts of Li-K in 10 eV, {phase}, 100 nm, {current * 1e12:g} pA"
            rows.append(_sourced(name, published, _net(model, phase, window) * dose.electrons, 0.03))
    path = mean_free_paths(instrument, load_reference())["Li4"]
    rows.append(_sourced("mean free path of Li4, Iakoubovskii [nm]", 162.0, path * 1e9, 0.01))
    malis = _wide(**{"spectrum.mean_free_path": "malis", "spectrometer.collection": 0.012})
    path = mean_free_paths(malis, load_reference())["Li4"]
    rows.append(_sourced("the same, Malis, 12 mrad (145 to 153) [nm]", 149.0, path * 1e9, 0.03))
    return rows


def _net(model: SpectrumModel, phase: str, window: NDArray[np.bool_]) -> float:
    """Electrons that the edge adds to a window, per electron, at the same thickness in mean free paths."""
    x = 0.0 if phase == "Li4" else 1.0
    return float(model.components(100e-9, x)["Li-K"][window].sum())


def _sourced(name: str, published: float, found: float, limit: float) -> Row:
    return Row(name, published, found, found / published - 1.0, limit)
