"""Backgrounds and windows: unbiased at few counts, stated variances, atoms per area of synthetic spectra."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, SpectrumModel, spectrum_model
from lto_sim.microscope.edges import EDGE_ELEMENTS, EdgeCurve, edge_curve
from lto_sim.quantify.references.background import fit_background
from lto_sim.quantify.references.codes import NO_COUNTS, NOT_FINITE
from lto_sim.quantify.references.windows import atomic_ratio, window_quantification

ENERGY = np.arange(400.0, 600.0, 0.5)
BEHIND = ENERGY[(ENERGY > 460.0) & (ENERGY < 500.0)]
SEEDS = (1, 2, 3)
KINDS = ("power_law", "exponential")


def background_of(kind: str, height: float) -> np.ndarray:
    shape = (ENERGY / 430.0) ** -3.0 if kind == "power_law" else np.exp(-(ENERGY - 430.0) / 100.0)
    return height * shape


@pytest.mark.parametrize("kind", KINDS)
def test_exact_without_noise(kind: Any) -> None:
    truth = background_of(kind, 1.0) * np.array([[1e-3], [1.0], [1e6]])
    found = fit_background(ENERGY, truth, (405.0, 455.0), kind, extrapolate_to=BEHIND)
    inside = (ENERGY >= 405.0) & (ENERGY < 455.0)
    assert found.dof == inside.sum() - 2
    np.testing.assert_allclose(found.parameters[:, 1], 3.0 if kind == "power_law" else 0.01, rtol=1e-6)
    exact = np.interp(found.centre, ENERGY, truth[1])
    np.testing.assert_allclose(found.parameters[:, 0], exact * np.array([1e-3, 1.0, 1e6]), rtol=1e-5)
    at = (ENERGY > 460.0) & (ENERGY < 500.0)
    np.testing.assert_allclose(found.background[2], truth[2, at], rtol=1e-4)
    assert found.chi_square.max() < 1e-6
    assert fit_background(ENERGY, truth[1], (405.0, 455.0), kind).background.shape == (inside.sum(),)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("height", [1.0, 3.0, 50.0])
@pytest.mark.parametrize("kind", KINDS)
def test_unbiased_at_few_counts_where_logarithms_are_not(kind: Any, height: float, seed: int) -> None:
    truth = background_of(kind, height)
    counts = np.random.default_rng(seed).poisson(np.broadcast_to(truth, (6000, ENERGY.size)))
    found = fit_background(ENERGY, counts, (405.0, 455.0), kind, extrapolate_to=BEHIND)
    assert not found.failed.any()
    total, variance = found.total(BEHIND)
    np.testing.assert_allclose(found.background.sum(axis=-1), total, rtol=1e-12)
    exact = truth[(ENERGY > 460.0) & (ENERGY < 500.0)].sum()
    spread = total.std()
    assert abs(total.mean() - exact) < 3.5 * spread / np.sqrt(6000) + 0.012 * exact / height
    assert np.sqrt(np.median(variance)) == pytest.approx(spread, rel=0.04 if height > 10 else 0.12)
    np.testing.assert_allclose(found.variance.mean(axis=0), found.background.var(axis=0), rtol=0.25)
    assert found.chi_square.mean() / found.dof == pytest.approx(1.0, abs=0.01)
    assert found.parameters[:, 1].mean() == pytest.approx(3.0 if kind == "power_law" else 0.01, rel=0.05)
    if height == 3.0:
        inside = (ENERGY >= 405.0) & (ENERGY < 455.0)
        x = np.log(ENERGY / 430.0) if kind == "power_law" else ENERGY - 430.0
        lines = np.polyfit(x[inside], np.log(np.maximum(counts[:, inside], 0.5)).T, 1)
        assert abs(np.exp(lines[1]).mean() / height - 1.0) > 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_detector_with_gain_and_read_noise(seed: int) -> None:
    rng, truth = np.random.default_rng(seed), background_of("power_law", 20.0)
    counts = 3.0 * rng.poisson(np.broadcast_to(truth, (4000, ENERGY.size))) + rng.normal(0, 9.0, (4000, 400))
    found = fit_background(ENERGY, counts, (405.0, 455.0), gain=3.0, read_noise=9.0)
    total, variance = found.total(BEHIND)
    exact = 3.0 * truth[(ENERGY > 460.0) & (ENERGY < 500.0)].sum()
    assert total.mean() == pytest.approx(exact, rel=0.01)
    assert np.sqrt(np.median(variance)) == pytest.approx(total.std(), rel=0.05)
    assert found.chi_square.mean() / found.dof == pytest.approx(1.0, abs=0.01)


def test_lazy_counts_and_pixels_that_fail() -> None:
    dask = pytest.importorskip("dask.array")
    counts = np.random.default_rng(4).poisson(np.broadcast_to(background_of("power_law", 5.0), (3, 4, 400)))
    counts = counts.astype(float)
    counts[0, 1, 20], counts[1, 2] = np.nan, 0.0
    found = fit_background(ENERGY, counts, (405.0, 455.0), extrapolate_to=BEHIND)
    assert found.failed[0, 1] == NOT_FINITE
    assert found.failed[1, 2] == NO_COUNTS
    assert np.count_nonzero(found.failed) == 2
    assert np.array_equal(np.isnan(found.background).all(axis=-1), found.failed > 0)
    lazy = fit_background(ENERGY, dask.from_array(counts, (1, 4, 100)), (405.0, 455.0), extrapolate_to=BEHIND)
    np.testing.assert_array_equal(lazy.variance, found.variance)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": (455.0, 405.0)}, "two energies in order"),
        ({"window": (300.0, 455.0)}, "within 400 to 599.5 eV"),
        ({"window": (405.0, 406.0)}, "at least 3 channels"),
        ({"kind": "straight"}, "power_law or exponential"),
        ({"gain": -1.0}, "gain > 0"),
        ({"energy_loss": ENERGY[1:]}, "put the energy axis last"),
        ({"energy_loss": ENERGY[::-1]}, "increasing"),
        ({"energy_loss": ENERGY - 401.0, "window": (0.0, 10.0), "extrapolate_to": [-1.0]}, "above 0 eV"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes: dict[str, Any], message: str) -> None:
    given = {"energy_loss": ENERGY, "counts": np.ones(400), "window": (405.0, 455.0), **changes}
    with pytest.raises(InputError, match=message):
        fit_background(**given)


@cache
def model(offset: float, dispersion: float, edges: tuple[str, ...]) -> SpectrumModel:
    chosen = Instrument.preset("jem_arm300f2_continuum_k3").with_values({
        "spectrum.mean_free_path": 100e-9, "detector.tail_fraction": 0.0, "spectrum.edges": list(edges),
        "spectrometer.offset": offset, "spectrometer.dispersion": dispersion,
    })  # fmt: skip
    return spectrum_model(chosen)


def curve_of(spectra: SpectrumModel, edge: str, phase: str) -> EdgeCurve:
    optics = spectra.optics
    return edge_curve(
        spectra.reference, edge, phase, optics.beam, optics.convergence, optics.collection, 3000.0
    )


CORE = ("Ti-L2,3", "O-K")


def recorded(edge: str, thickness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Core loss with `edge` as the last, its background, and the low loss."""
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    parts = core.components(thickness, 0.0)
    below = parts["zero loss"] + parts["plasmon"] + (parts["Ti-L2,3"] if edge == "O-K" else 0.0)
    return below + parts[edge], below, low.recorded(thickness, 0.0)


@pytest.mark.parametrize("width", [30.0, 50.0, 90.0])
@pytest.mark.parametrize("ratio", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("edge", CORE)
def test_atoms_per_area_of_a_known_background(edge: str, ratio: float, width: float) -> None:
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    counts, below, unlost = recorded(edge, ratio * 100e-9)
    truth = core.reference.number_density("Li4", EDGE_ELEMENTS[edge]) * ratio * 100e-9
    curve = curve_of(core, edge, "Li4")
    window = (curve.threshold_eV - 3.0, curve.threshold_eV - 3.0 + width)
    given: dict[str, Any] = {"low_loss": (low.energy_loss, 1e9 * unlost), "background": 1e9 * below}
    found = window_quantification(core.energy_loss, 1e9 * counts, curve, window, **given)
    assert float(found.atoms) == pytest.approx(truth, rel=1e-3)
    approximate = window_quantification(
        core.energy_loss, 1e9 * counts, curve, window, plural="window", **given
    )
    assert -0.36 < float(approximate.atoms) / truth - 1.0 < -0.06
    if edge == "Ti-L2,3":
        given.pop("background")
        fitted = window_quantification(
            core.energy_loss, 1e9 * counts, curve, window, background_window=(435.0, 452.0), **given
        )
        assert float(fitted.atoms) == pytest.approx(truth, rel=2e-3)


def test_single_scattering_leaves_both_alike() -> None:
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    counts, below, unlost = recorded("Ti-L2,3", 1e-11)
    curve = curve_of(core, "Ti-L2,3", "Li4")
    truth = core.reference.number_density("Li4", "Ti") * 1e-11
    for plural in ("convolved", "window"):
        found = window_quantification(
            core.energy_loss, counts, curve, (453.0, 503.0), low_loss=(low.energy_loss, unlost),
            background=below, plural=plural,
        )  # fmt: skip
        assert float(found.atoms) == pytest.approx(truth, rel=3e-3)
        assert found.cross_section == pytest.approx(curve.within(47.0), rel=0.01)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_deviation_is_that_of_repeated_draws(seed: int) -> None:
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    counts, _, unlost = recorded("Ti-L2,3", 60e-9)
    rng = np.random.default_rng(seed)
    drawn = rng.poisson(np.broadcast_to(3e8 * counts, (3000, counts.size)))
    drawn_low = rng.poisson(np.broadcast_to(3e3 * unlost, (3000, unlost.size)))
    curve = curve_of(core, "Ti-L2,3", "Li4")
    found = window_quantification(
        core.energy_loss, drawn, curve, (453.0, 503.0), background_window=(431.0, 452.0),
        low_loss=(low.energy_loss, drawn_low), time_ratio=1e5,
    )  # fmt: skip
    truth = core.reference.number_density("Li4", "Ti") * 60e-9
    assert found.atoms.mean() == pytest.approx(
        truth, abs=4.0 * found.atoms.std() / np.sqrt(3000) + 3e-3 * truth
    )
    assert np.sqrt((found.deviation**2).mean()) == pytest.approx(found.atoms.std(), rel=0.06)
    np.testing.assert_allclose(found.net_variance, found.net + found.h * found.background, rtol=1e-9)
    assert found.h.mean() > 1.5
    ratio, deviation = atomic_ratio(found, found)
    np.testing.assert_allclose(ratio, 1.0)
    expected = np.sqrt(2.0 * found.net_variance) / np.abs(found.net)
    np.testing.assert_allclose(deviation, expected)


def test_oxygen_over_titanium() -> None:
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    found = {}
    for edge in CORE:
        counts, below, unlost = recorded(edge, 60e-9)
        curve = curve_of(core, edge, "Li4")
        window = (curve.threshold_eV - 3.0, curve.threshold_eV + 47.0)
        found[edge] = window_quantification(
            core.energy_loss, counts, curve, window, low_loss=(low.energy_loss, unlost), background=below
        )
    ratio, _ = atomic_ratio(found["O-K"], found["Ti-L2,3"])
    assert float(ratio) == pytest.approx(12.0 / 5.0, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [(40.0, 52.0), (50.0, 54.0)])
@pytest.mark.parametrize(("phase", "li_fraction"), [("Li4", 0.0), ("Li7", 1.0)])
@pytest.mark.parametrize("thickness", [50e-9, 100e-9])
def test_a_background_before_lithium_is_off_by_more_than_a_fifth(
    thickness: float, phase: str, li_fraction: float, window: tuple[float, float], kind: Any
) -> None:
    spectra = model(-2.4, 0.1, ("Ti-M2,3", "Ti-M1", "Li-K"))
    counts, curve = spectra.recorded(thickness, li_fraction), curve_of(spectra, "Li-K", phase)
    truth = spectra.reference.number_density(phase, "Li") * thickness
    energy = spectra.energy_loss
    given: dict[str, Any] = {"low_loss": (energy, counts)}
    fitted = window_quantification(
        energy, counts, curve, (54.0, 74.0), background_window=window, kind=kind, **given
    )
    assert abs(float(fitted.atoms) / truth - 1.0) > 0.2
    below = counts - spectra.components(thickness, li_fraction)["Li-K"]
    known = window_quantification(energy, counts, curve, (54.0, 74.0), background=below, **given)
    assert float(known.atoms) == pytest.approx(truth, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": (300.0, 400.0)}, "within 430"),
        ({"window": (431.0, 440.0)}, "above the edge's threshold"),
        ({"low_loss": (np.arange(5.0, 90.0), np.ones(85))}, "from below 0"),
        ({"low_loss": (np.arange(-5.0, 20.0), np.ones(25))}, "to 46.9 eV or more"),
        ({"low_loss": (np.arange(-5.0, 90.0), np.ones((7, 95)))}, "reshape it"),
        ({"plural": "none"}, "convolved or window"),
        ({"background": None}, "below the edge"),
        ({"background": np.ones(3)}, "reshape it"),
    ],
)
def test_what_cannot_be_quantified_is_refused(changes: dict[str, Any], message: str) -> None:
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    given = {
        "window": (453.0, 503.0), "low_loss": (low.energy_loss, np.ones(1024)),
        "background": np.zeros(1024), **changes,
    }  # fmt: skip
    with pytest.raises(InputError, match=message):
        window_quantification(
            core.energy_loss, np.ones(1024), curve_of(core, "Ti-L2,3", "Li4"), given.pop("window"), **given
        )


def test_a_pixel_without_counts_says_so() -> None:
    core, low = model(430.0, 0.2, CORE), model(-10.0, 0.2, CORE)
    counts, _, unlost = recorded("Ti-L2,3", 60e-9)
    many, lows = np.stack([counts, 0.0 * counts, counts]), np.stack([unlost, unlost, 0.0 * unlost])
    found = window_quantification(
        core.energy_loss, many, curve_of(core, "Ti-L2,3", "Li4"), (453.0, 503.0),
        background_window=(435.0, 452.0), low_loss=(low.energy_loss, lows),
    )  # fmt: skip
    assert found.failed.tolist() == [0, NO_COUNTS, NO_COUNTS]
    assert np.isnan(found.atoms[1:]).all()
    assert np.isnan(found.deviation[1:]).all()
