"""Spectra: kinematics, cross-sections, mean free paths, plural scattering and a user's own references."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from recorded_files import signal
from rsciio.hspy import file_writer as write_hspy
from rsciio.msa import file_writer as write_msa
from scipy import integrate
from scipy.special import erf

from lto_sim.errors import InputError, SolverError
from lto_sim.microscope import Instrument
from lto_sim.microscope.basis import SpectrumBasis
from lto_sim.microscope.build import spectrum_model
from lto_sim.microscope.edges import edge_curve
from lto_sim.microscope.fine_structure import LineShape, o_o_distance, redistributed, resonance_eV
from lto_sim.microscope.hydrogenic import differential_cross_section, oscillator_strength
from lto_sim.microscope.kinematics import RYDBERG_EV, Beam, effective_collection
from lto_sim.microscope.low_loss import plasmon_energy_eV
from lto_sim.microscope.mean_free_path import iakoubovskii, malis
from lto_sim.microscope.plural import Lattice
from lto_sim.microscope.references import EDGES, PHASES, REFERENCES, load_reference, reference_numbers
from lto_sim.microscope.spectra import Measured, SpectrumModel
from lto_sim.microscope.zero_loss import Response

BEAM = Beam(300e3)
SIGMA = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))  # deviation over full width at half maximum
NEAR = np.linspace(50.0, 130.0, 321)
HUMP = np.where(NEAR < 54.0, 0.0, np.exp(-0.5 * ((NEAR - 62.0) / 6.0) ** 2) + 0.2)


def instrument(**changes: Any) -> Instrument:
    """Parallel beam, 20 mrad, -10 to 140 eV in channels of a sixth of the spread."""
    base: dict[str, Any] = {
        "beam": {"convergence": 0.0, "energy_spread": 1.5},
        "spectrometer": {"collection": "20 mrad", "offset": -10.0, "dispersion": 0.25, "channels": 600},
    }
    return Instrument.from_dict(base).with_values(changes)


@pytest.fixture(scope="module")
def model() -> SpectrumModel:
    return spectrum_model(instrument())


def test_electrons_of_300_kV_have_their_textbook_values() -> None:
    assert BEAM.gamma == pytest.approx(1.58709, rel=1e-5)
    assert BEAM.kinetic_eV == pytest.approx(154.1e3, rel=5e-4)
    assert 2e12 * np.pi / BEAM.wave_number == pytest.approx(1.9687, rel=1e-4)  # wavelength in pm
    assert 2e12 * np.pi / Beam(200e3).wave_number == pytest.approx(2.5079, rel=1e-4)
    # E / (gamma m0 v^2)
    assert float(BEAM.characteristic_angle(55.0)) == pytest.approx(55.0 / (1.58709 * 2 * 154.064e3), rel=1e-5)
    with pytest.raises(InputError, match="300 kV"):
        Beam(300.0)


def share_of_cone(energy: float, alpha: float, beta: float) -> float:
    """Scattering from a cone alpha into an aperture beta over that within theta_E, by adaptive quadrature."""
    theta_e2 = float(BEAM.characteristic_angle(energy)) ** 2

    def weighted(log_theta: float) -> float:
        theta2 = np.exp(2.0 * log_theta)
        psi2 = alpha**2 + theta_e2 - theta2
        root = np.sqrt(psi2**2 + 4.0 * theta2 * theta_e2)
        total = psi2 + root if psi2 > 0.0 else 4.0 * theta2 * theta_e2 / (root - psi2)
        return float(np.log(total / (2.0 * theta_e2)) * theta2)

    points = sorted({float(np.log(np.sqrt(theta_e2))), float(np.log(min(alpha, 0.999 * beta)))})
    value, _ = integrate.quad(weighted, np.log(1e-9), np.log(beta), points=points, limit=1000, epsrel=1e-10)
    return 2.0 * value / min(alpha, beta) ** 2 if alpha > beta else 2.0 * value / alpha**2


@pytest.mark.parametrize(
    ("alpha", "beta"),
    [(1e-4, 10e-3), (1e-3, 20e-3), (20e-3, 20e-3), (25e-3, 50e-3), (30e-3, 20e-3), (0.2, 20e-3)],
)
@pytest.mark.parametrize("energy", [25.0, 55.0, 532.0])
def test_effective_collection_is_the_integral_over_the_cone(alpha: float, beta: float, energy: float) -> None:
    share = share_of_cone(energy, alpha, beta)
    expected = float(BEAM.characteristic_angle(energy)) * np.sqrt(np.expm1(share))
    assert effective_collection(BEAM, energy, alpha, beta) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("energy", [25.0, 55.0, 532.0])
def test_a_nearly_parallel_beam_keeps_the_collection_angle(energy: float) -> None:
    assert effective_collection(BEAM, energy, 0.0, 20e-3) == 20e-3
    for alpha in (1e-5, 1e-4, 3e-4, 1e-3):
        assert effective_collection(BEAM, energy, alpha, 20e-3) == pytest.approx(20e-3, rel=2e-3)


def test_effective_collection_is_monotone_in_both_angles() -> None:
    of_beta = [effective_collection(BEAM, 55.0, 10e-3, beta) for beta in np.linspace(12e-3, 0.1, 12)]
    assert np.all(np.diff(of_beta) > 0.0)
    of_alpha = [effective_collection(BEAM, 55.0, alpha, 20e-3) for alpha in np.linspace(2e-3, 20e-3, 10)]
    assert np.all(np.diff(of_alpha) < 0.0)


@pytest.mark.parametrize(
    ("shell", "number", "threshold", "window", "at_20_mrad", "at_40_mrad"),
    [
        ("K", 8, 532.0, 50.0, 945.4, 1044.1),
        ("K", 3, 55.0, 10.0, 2.652e4, 2.657e4),
        ("K", 3, 55.0, 50.0, 6.405e4, 6.433e4),
        ("L23", 22, 456.0, 50.0, 3321.6, 3521.2),
    ],
)
def test_cross_sections_are_those_of_another_sigmak_and_sigmal(
    shell: Literal["K", "L23"],
    number: int,
    threshold: float,
    window: float,
    at_20_mrad: float,
    at_40_mrad: float,
) -> None:
    energy = np.linspace(threshold, threshold + window, 1001)
    for angle, barns in ((20e-3, at_20_mrad), (40e-3, at_40_mrad)):
        density = differential_cross_section(shell, number, energy, BEAM, angle, threshold)
        assert np.trapezoid(density, energy) * 1e28 == pytest.approx(barns, rel=0.01)


@pytest.mark.parametrize(
    ("shell", "number", "electrons", "q"),
    [("K", 8, 2.0, 10.0), ("K", 3, 2.0, 30.0), ("L23", 12, 6.0, 10.0), ("L23", 12, 6.0, 30.0)],
)
def test_at_large_momentum_the_strength_is_the_number_of_electrons(
    shell: Literal["K", "L23"], number: int, electrons: float, q: float
) -> None:
    charge2 = (number - {"K": 0.5, "L23": 4.15}[shell]) ** 2
    first = RYDBERG_EV * charge2 * {"K": 1.0, "L23": 0.25}[shell]
    energy = np.geomspace(first, 1e5 * first, 100_001)
    strength = oscillator_strength(shell, number, energy, q * charge2)
    assert np.trapezoid(strength, energy) == pytest.approx(electrons, rel=3e-4)


def test_the_optical_strength_of_hydrogen_at_its_threshold_is_exact() -> None:
    charge2 = 7.5**2
    found = oscillator_strength("K", 8, RYDBERG_EV * charge2, 0.0)
    assert float(found) == pytest.approx(256.0 / (3.0 * np.e**4) / (RYDBERG_EV * charge2), rel=1e-4)


@pytest.mark.parametrize("q", [0.0, 0.1, 1.0, 10.0])
@pytest.mark.parametrize(("shell", "number", "level"), [("K", 3, 1.0), ("K", 8, 1.0), ("L23", 22, 0.25)])
def test_the_strength_is_continuous_where_bound_states_begin(
    shell: Literal["K", "L23"], number: int, level: float, q: float
) -> None:
    charge2 = (number - {"K": 0.5, "L23": 4.15}[shell]) ** 2
    energy = RYDBERG_EV * charge2 * (level + 1e-5 * np.array([-1.0, -1e-3, 0.0, 1e-3, 1.0]))
    strength = oscillator_strength(shell, number, energy, q * charge2)
    np.testing.assert_allclose(strength, strength[2], rtol=2e-4)


def test_mean_free_paths_are_the_published_ones() -> None:
    assert load_reference().density("Li4") == pytest.approx(3480.0, rel=1e-3)
    assert iakoubovskii(300e3, 3480.0, 0.0, 0.1) * 1e9 == pytest.approx(162.0, rel=5e-3)
    assert iakoubovskii(300e3, 3480.0, 25e-3, 50e-3) * 1e9 == pytest.approx(163.9, rel=5e-3)
    angles = np.linspace(1e-3, 0.2, 30)
    of_beta = [iakoubovskii(300e3, 3480.0, 0.0, beta) for beta in angles]
    of_density = [iakoubovskii(300e3, rho, 0.0, 0.1) for rho in np.linspace(500.0, 2e4, 20)]
    of_voltage = [iakoubovskii(v, 3480.0, 0.0, 0.1) for v in np.linspace(80e3, 300e3, 12)]
    assert np.all(np.diff(of_beta) < 0.0)
    assert np.all(np.diff(of_density) < 0.0)
    assert np.all(np.diff(of_voltage) > 0.0)
    atoms = load_reference().atomic_numbers("Li4")
    of_small = [malis(300e3, atoms, beta) for beta in np.linspace(2e-3, 15e-3, 8)]
    assert np.all(np.diff(of_small) < 0.0)
    assert malis(300e3, atoms, 40e-3) == malis(300e3, atoms, 15e-3)
    for wrong in ((0.0, 10e-3), (3480.0, 0.0), (np.nan, 10e-3)):
        with pytest.raises(InputError, match="positive"):
            iakoubovskii(300e3, wrong[0], 0.0, wrong[1])


def test_96_electrons_of_every_formula_unit_make_a_plasmon_of_24_6_eV() -> None:
    reference = load_reference()
    assert plasmon_energy_eV(96 * 7580.0 * 6.02214076e23) == pytest.approx(24.6, abs=0.05)
    found = plasmon_energy_eV(reference.host["valence_electrons"]["Li7"] * reference.formula_units)
    assert found == pytest.approx(25.0, abs=0.05)


@pytest.mark.parametrize("name", REFERENCES)
def test_every_number_of_a_reference_has_its_source(name: str) -> None:
    entries = reference_numbers(name)
    assert {path.split(".")[0] for path in entries} == {"host", *EDGES}
    for entry in entries.values():
        assert set(entry) == {"value", "unit", "uncertainty", "source", "mark"}
        assert entry["mark"] in "PNCLW"
        assert all(str(entry[key]).strip() for key in ("unit", "uncertainty", "source"))
    with pytest.raises(InputError, match="lto or lasgtp"):
        load_reference("nmc")


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("edge", ["Li-K", "Ti-L2,3", "O-K"])
@pytest.mark.parametrize("phase", PHASES)
def test_fine_structure_keeps_the_hydrogenic_windows(name: str, edge: str, phase: str) -> None:
    reference = load_reference(name)
    entry = reference.edges[edge]
    curve = edge_curve(reference, edge, phase, BEAM, 0.0, 20e-3, 800.0)
    energy, low = curve.energy_eV, curve.threshold_eV
    above = energy >= low
    shell, number = {"Li-K": ("K", 3), "O-K": ("K", 8), "Ti-L2,3": ("L23", 22)}[edge]
    hydrogenic = np.zeros_like(energy)
    hydrogenic[above] = differential_cross_section(shell, number, energy[above], BEAM, 20e-3, low)
    if edge == "Ti-L2,3":
        hydrogenic *= np.where(energy < low + entry["spin_orbit"], 2.0 / 3.0, 1.0)
    bare = type(curve)(low, energy, hydrogenic)
    for window in entry["windows"]:
        assert curve.within(window) / bare.within(window) == pytest.approx(1.0, abs=1e-6)
    assert curve.density.min() >= 0.0


def test_lines_that_take_more_than_there_is_are_refused() -> None:
    energy = np.linspace(40.0, 200.0, 4001)
    continuum = np.where(energy >= 50.0, 1.0, 0.0)
    kept = redistributed(energy, continuum, [LineShape(60.0, 3.0, 10.0)], 50.0, [50.0], "Li-K Li4")
    assert kept.min() >= 0.0
    with pytest.raises(InputError, match=r"Li-K Li4.*weaker or wider"):
        redistributed(energy, continuum, [LineShape(60.0, 3.0, 100.0)], 50.0, [50.0], "Li-K Li4")


def test_the_oxygen_resonance_tells_the_distance() -> None:
    assert resonance_eV(0.280e-9) == pytest.approx(564.97, abs=5e-3)
    for distance in (0.25e-9, 0.280e-9, 0.310e-9):
        assert o_o_distance(resonance_eV(distance)) / distance == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(InputError, match="529"):
        o_o_distance(529.0)


def normal(energy: np.ndarray, position: float, deviation: float) -> np.ndarray:
    """Integral of a Gaussian up to `energy`."""
    return 0.5 * (1.0 + erf((energy - position) / (deviation * np.sqrt(2.0))))


@pytest.mark.parametrize(
    ("offset", "dispersion", "fwhm"),
    [
        (-5.03, 0.1, 0.5), (-5.0, 0.1, 0.5), (-10.013, 0.05, 1.3), (-10.13, 0.25, 0.8), (-10.13, 0.3, 0.8),
        (-10.13, 0.8, 0.8), (-20.017, 1.0, 0.3), (-30.3, 2.0, 0.5), (-50.4, 1.0, 0.3),
    ],
)  # fmt: skip
def test_channels_hold_the_integral_of_the_zero_loss(offset: float, dispersion: float, fwhm: float) -> None:
    channels = int(120.0 / dispersion)
    energy = offset + dispersion * np.arange(channels)
    lattice = Lattice.for_channels(offset, dispersion, channels, fwhm)
    counts = lattice.recorded(np.zeros(lattice.frequency.size, complex), 0.0, Response(fwhm))
    face = offset + dispersion * (np.arange(channels + 1) - 0.5)
    expected = np.diff(normal(face, 0.0, fwhm * SIGMA))
    np.testing.assert_allclose(counts, expected, atol=1e-6)
    assert counts.sum() == pytest.approx(1.0, abs=1e-7)
    assert (energy * counts).sum() == pytest.approx((energy * expected).sum(), abs=1e-6)
    if dispersion <= 0.5 * fwhm:  # wider channels move the centre by themselves
        assert (energy * counts).sum() == pytest.approx(0.0, abs=1e-6)


def test_a_core_loss_range_is_the_long_range_cut() -> None:
    channels = {"spectrometer.dispersion": 0.5, "spectrometer.offset": -5.0, "spectrometer.channels": 1101}
    edges = {"spectrum.edges": ["Ti-M2,3", "Ti-M1", "Li-K", "Ti-L2,3", "O-K"]}
    long = spectrum_model(instrument(**channels, **edges))
    core = spectrum_model(
        instrument(**{**channels, "spectrometer.offset": 430.0, "spectrometer.channels": 231}, **edges)
    )
    whole, part = long.recorded(120e-9, 0.3), core.recorded(120e-9, 0.3)
    assert np.abs(whole[-231:] - part).max() <= 1e-9 * part.max()


def test_plural_scattering_is_the_series_of_convolutions() -> None:
    """Two Gaussian losses: every order up to 12 is a sum of Gaussians that are known exactly."""
    lines = ((18.0, 1.5, 0.55), (29.0, 2.5, 0.30))  # position, deviation, mean number of scatterings
    fwhm, dispersion, mean = 3.0, 0.5, 0.9  # 0.05 of it is scattered out of reach
    lattice = Lattice.for_channels(-10.2, dispersion, 300, fwhm)
    single = sum(amount * np.diff(normal(lattice.faces, at, width)) for at, width, amount in lines)
    face = -10.2 + dispersion * (np.arange(301) - 0.5)
    series = np.zeros(300)
    for first, second in itertools.product(range(13), repeat=2):
        if first + second > 12:
            continue
        orders = np.array([first, second])
        position = float(orders @ [line[0] for line in lines])
        width = np.sqrt((fwhm * SIGMA) ** 2 + orders @ [line[1] ** 2 for line in lines])
        weight = 0.55**first * 0.30**second / (math.factorial(first) * math.factorial(second))
        series += np.exp(-mean) * weight * np.diff(normal(face, position, float(width)))
    recorded = lattice.recorded(lattice.transform(single), mean, Response(fwhm))
    np.testing.assert_allclose(recorded, series, atol=1e-9 * series.max())


def test_a_thin_layer_scatters_in_proportion_to_its_atoms(model: SpectrumModel) -> None:
    nothing = model.recorded(0.0, 0.0)
    one, two = model.recorded(1e-12, 0.4) - nothing, model.recorded(2e-12, 0.4) - nothing
    assert np.abs(two - 2.0 * one).max() < 2e-5 * np.abs(one).max()
    mixed = 0.6 * model.scattering(1e-7, 0.0) + 0.4 * model.scattering(1e-7, 1.0)
    np.testing.assert_allclose(model.scattering(1e-7, 0.4), mixed, rtol=1e-12)
    lithium = [model.parts[phase]["Li-K"].sum() for phase in PHASES]
    assert lithium[1] / lithium[0] == pytest.approx(7.0 / 4.0, rel=5e-3)  # fine structure beyond its windows


def test_components_are_named_and_sum_up_to_the_spectrum(model: SpectrumModel) -> None:
    parts = model.components(120e-9, 0.3)
    assert list(parts) == ["zero loss", "plasmon", "Ti-M2,3", "Ti-M1", "Li-K"]
    whole = model.recorded(120e-9, 0.3)
    np.testing.assert_allclose(sum(parts.values()), whole, atol=1e-13 * whole.max())
    unscattered = np.exp(-float(model.mean_scatterings(120e-9, 0.3)))
    assert parts["zero loss"].sum() == pytest.approx(unscattered, rel=1e-9)


def test_a_factor_on_a_cross_section_leaves_the_mean_free_path(model: SpectrumModel) -> None:
    other = spectrum_model(instrument(**{"spectrum.cross_section_scale": {"Li-K": 1.5}}))
    for phase in PHASES:
        np.testing.assert_allclose(other.parts[phase]["Li-K"], 1.5 * model.parts[phase]["Li-K"], rtol=1e-12)
        np.testing.assert_array_equal(other.parts[phase]["Ti-M1"], model.parts[phase]["Ti-M1"])
        path = model.mean_free_path[phase]
        x = float(phase == "Li7")
        assert float(other.mean_scatterings(path, x)) == pytest.approx(1.0, rel=1e-12)
        assert float(model.mean_scatterings(path, x)) == pytest.approx(1.0, rel=1e-12)


def test_lithium_that_has_left_takes_its_edge_alone(model: SpectrumModel) -> None:
    without = model.recorded(120e-9, 0.5, without=("Li-K",))
    np.testing.assert_allclose(model.recorded(120e-9, 0.5, kept=0.0), without, atol=1e-15)
    kept = np.array([1.0, 0.7, 0.0])
    edge = model.recorded(1e-12, 0.5, kept) - model.recorded(1e-12, 0.5, without=("Li-K",))
    np.testing.assert_allclose(edge[1], 0.7 * edge[0], atol=1e-4 * edge[0].max())
    assert np.abs(edge[2]).max() < 1e-15


def test_a_mean_free_path_that_the_edges_do_not_leave_is_refused() -> None:
    with pytest.raises(InputError, match="shorten it") as caught:
        spectrum_model(instrument(**{"spectrum.mean_free_path": "10 um"}))
    assert caught.value.field.endswith("spectrum.mean_free_path")


def test_a_basis_is_exact_within_its_box(model: SpectrumModel) -> None:
    basis = SpectrumBasis(model.recorded, [(20e-9, 200e-9), (0.0, 1.0), (0.6, 1.0)])
    rng = np.random.default_rng(5)
    at = (rng.uniform(20e-9, 200e-9, 100), rng.uniform(0.0, 1.0, 100), rng.uniform(0.6, 1.0, 100))
    corners = [grid.ravel() for grid in np.meshgrid([20e-9, 200e-9], [0.0, 1.0], [0.6, 1.0])]
    for points in (at, corners):
        exact = model.recorded(*points)
        assert np.abs(basis.weights(*points) @ basis.spectra - exact).max() < 1e-10 * exact.max()


def test_a_variable_that_does_not_vary_takes_one_polynomial(model: SpectrumModel) -> None:
    basis = SpectrumBasis(model.recorded, [(120e-9, 120e-9), (0.0, 1.0), (1.0, 1.0)])
    assert [axis.terms for axis in basis.axes][::2] == [1, 1]
    assert basis.spectra.shape[0] == basis.axes[1].terms
    with pytest.raises(SolverError, match="48 polynomials"):
        SpectrumBasis(model.recorded, [(0.0, 1e-4), (0.5, 0.5), (1.0, 1.0)])


def write(path: Path, energy: np.ndarray, values: np.ndarray) -> str:
    """A spectrum as a microscope's program saves it, in .msa or as an image of it in .hspy."""
    axis = ("Energy loss", float(energy[1] - energy[0]), float(energy[0]), "eV")
    if path.suffix == ".msa":
        write_msa(path, signal(values, axis, signal_type="EELS"))
    else:
        image = np.stack([0.5 * values, 1.5 * values])
        write_hspy(
            path, signal(image, ("x", 1.0, 0.0, "nm"), axis, signal_type="EELS"), show_progressbar=False
        )
    return str(path)


@pytest.mark.parametrize("name", ["edge.msa", "edge.hspy"])
def test_an_own_edge_keeps_its_shape_and_the_cross_section(
    tmp_path: Path, model: SpectrumModel, name: str
) -> None:
    path = write(tmp_path / name, NEAR, HUMP)
    own = spectrum_model(instrument(**{"spectrum.files": {"Li-K Li4": path}}))
    faces = own.lattice.faces
    middle = 0.5 * (faces[1:] + faces[:-1])
    inside = (middle > 55.0) & (middle < 125.0)
    ratio = own.parts["Li4"]["Li-K"][inside] / np.interp(middle[inside], NEAR, HUMP)
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=2e-3)
    args = (load_reference(), "Li-K", "Li4", BEAM, 0.0, 20e-3, 600.0)
    measured = edge_curve(*args, (NEAR, HUMP))
    assert measured.within(10.0) / edge_curve(*args).within(10.0) == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_array_equal(own.parts["Li7"]["Li-K"], model.parts["Li7"]["Li-K"])


def test_an_own_plasmon_keeps_its_shape_and_the_mean_free_path(tmp_path: Path, model: SpectrumModel) -> None:
    energy = np.arange(0.0, 100.0, 0.25)
    shape = energy * np.exp(-(((energy - 20.0) / 8.0) ** 2))
    path = write(tmp_path / "plasmon.msa", energy, shape)
    own = spectrum_model(instrument(**{"spectrum.files": {"plasmon": path}}))
    direct = SpectrumModel(
        model.reference, model.optics, model.lattice, model.response, model.edges, model.mean_free_path,
        Measured(plasmon=(energy, shape)),
    )  # fmt: skip
    for phase in PHASES:
        part = own.parts[phase]["plasmon"]
        np.testing.assert_allclose(part, direct.parts[phase]["plasmon"], atol=1e-6 * part.max())
        assert part.argmax() * own.lattice.step == pytest.approx(energy[shape.argmax()], abs=0.5)
        assert part.sum() == pytest.approx(model.parts[phase]["plasmon"].sum(), rel=0.05)
    assert float(own.mean_scatterings(1e-7, 0.3)) == pytest.approx(float(model.mean_scatterings(1e-7, 0.3)))
