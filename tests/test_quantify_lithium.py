"""Lithium maps from spectra: exact without noise, unbiased with it, and a reason where there is no value."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from scipy import optimize

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, SpectrumModel, draw_counts, spectrum_model
from lto_sim.microscope.basis import SpectrumBasis
from lto_sim.quantify import EnergyBins, Reason, counted, cramer_rao, explain_spectrum, quantify_lithium
from lto_sim.quantify.alignment import zero_loss_channels
from lto_sim.quantify.li_fit import Fitter
from lto_sim.quantify.li_model import LithiumModel, pixel_components, pixel_spectra
from lto_sim.quantify.recorded import prepared
from lto_sim.quantify.scoring import CountVariance, score

ELECTRONS = 4e6
PRESET = Instrument.preset("jem_arm300f2_continuum_k3")
COARSE = PRESET.with_values({"spectrometer.dispersion": 0.5, "spectrometer.channels": 200})


@pytest.fixture(scope="module")
def model() -> SpectrumModel:
    return spectrum_model(COARSE)


def recording(
    counts: Any, instrument: Instrument = COARSE, dims: str = "time y x", **attrs: Any
) -> xr.Dataset:
    energy = ("energy_loss", np.array(instrument.energy_loss), {"units": "eV", "long_name": "energy loss"})
    return xr.Dataset(
        {"counts": ((*dims.split(), "energy_loss"), counts, {"units": "electrons", "long_name": "counts"})},
        {"energy_loss": energy},
        {"instrument": instrument.to_toml(), **attrs},
    )


def test_bins_hold_every_count_and_move_with_the_zero_loss() -> None:
    energy = np.array(PRESET.energy_loss)
    bins = EnergyBins.for_lithium(energy)
    spectra = np.random.default_rng(1).integers(0, 50, (5, energy.size)).astype(np.uint16)
    assert np.array_equal(
        bins.total(spectra).sum(axis=1), spectra[:, bins.first[0] : bins.first[-1]].sum(axis=1)
    )
    assert bins.energies[0] == pytest.approx(-3.0, abs=0.051)
    assert bins.energies[-1] == pytest.approx(80.0, abs=0.051)
    shift = np.array([0, 3, -2, 3, 100])
    moved = np.stack([np.roll(row, n) for row, n in zip(spectra, shift, strict=True)])
    assert np.array_equal(bins.total(moved, shift), bins.total(spectra))
    assert bins.room == (-int(bins.first[0]), energy.size - int(bins.first[-1]))


@pytest.mark.parametrize(
    ("low", "high", "window", "words"),
    [
        (5.0, 100.0, (30.0, 80.0), "zero loss"),
        (-5.0, 60.0, (30.0, 80.0), "Li-K is at 55"),
        (-5.0, 100.0, (60.0, 80.0), "window"),
        (-5.0, 100.0, (30.0, 66.0), "window"),
    ],
)
def test_ranges_that_cannot_be_fitted_are_refused(
    low: float, high: float, window: tuple[float, float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        EnergyBins.for_lithium(np.arange(low, high, 0.5), window)


def test_a_range_that_ends_a_little_early_is_used_to_its_end() -> None:
    bins = EnergyBins.for_lithium(np.arange(-5.0, 75.0, 0.5))
    assert bins.energies[-1] == pytest.approx(73.75)  # 1 eV from the end


def test_zero_loss_is_found_in_whole_channels(model: SpectrumModel) -> None:
    energy = model.energy_loss
    expected = ELECTRONS * model.recorded(150e-9, 0.5)
    spectra = np.stack([np.roll(expected, n) for n in (0, 2, -3)] + [np.zeros(energy.size)])
    spectra[3, 120] = 50.0
    shift, shift_eV = zero_loss_channels(energy, spectra)
    assert shift.tolist() == [0, 2, -3, 0]
    assert shift_eV[:3] == pytest.approx([0.0, 1.0, -1.5], abs=0.02)
    assert np.isnan(shift_eV[3])


def test_a_sparse_basis_is_as_exact_as_a_full_one_and_can_be_held() -> None:
    def exact(a: Any, b: Any) -> Any:
        return np.exp(-a)[:, None] * np.cos(np.arange(6) * b[:, None])

    ranges = [(0.0, 1.0), (-0.5, 0.7)]
    full, sparse = (SpectrumBasis(exact, ranges, 1e-7, sparse=choice) for choice in (False, True))
    assert sparse.spectra.shape[0] < full.spectra.shape[0]
    a, b = np.random.default_rng(2).uniform([[0.0], [-0.5]], [[1.0], [0.7]], (2, 50))
    assert sparse.weights(a, b) @ sparse.spectra == pytest.approx(exact(a, b), abs=4e-7)
    held = sparse.held(1, 0.3)
    assert held.weights(a, np.full(50, 0.3)) @ held.spectra == pytest.approx(
        sparse.weights(a, np.full(50, 0.3)) @ sparse.spectra, abs=1e-14
    )
    step = 1e-5
    _, slopes = full.weights_and_slopes(a, b)
    for slope, moved in zip(slopes, ((a + step, b), (a, b + step)), strict=True):
        numeric = (exact(*moved) - exact(*(2 * v - m for v, m in zip((a, b), moved, strict=True)))) / (
            2 * step
        )
        assert slope @ full.spectra == pytest.approx(numeric, abs=2e-5)


def test_scoring_finds_the_maximum_of_the_likelihood_and_its_deviation() -> None:
    """Line a + b E under Poisson noise: unbiased, pulls 1, also where a hundredth of the counts is enough."""
    energy = np.linspace(0.0, 1.0, 40)

    def line(theta: Any) -> tuple[Any, Any]:
        slopes = np.stack([np.ones((theta.shape[0], 40)), np.broadcast_to(energy, (theta.shape[0], 40))])
        return theta[:, :1] + theta[:, 1:] * energy, slopes

    truth = np.array([4.0, 5.0])
    for seed in (1, 2, 3):
        counts = np.random.default_rng(seed).poisson(truth[0] + truth[1] * energy, (20000, 40)).astype(float)
        bounds = np.array([0.05, 0.0]), np.array([50.0, 50.0])
        fit = score(counts, line, np.broadcast_to([5.0, 3.0], (20000, 2)), bounds)
        good = fit.converged
        assert good.mean() > 0.999
        deviation = np.sqrt(np.einsum("naa->na", fit.covariance[good]))
        pulls = (fit.parameters[good] - truth) / deviation
        assert fit.parameters[good].mean(axis=0) == pytest.approx(truth, rel=0.01)
        assert pulls.std(axis=0) == pytest.approx([1.0, 1.0], abs=0.05)
        assert fit.chi_square[good].mean() / 38.0 == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("normalise", ["pixel", "series", "mean_free_path"])
def test_expected_counts_give_their_li_fractions_back(model: SpectrumModel, normalise: Any) -> None:
    x = np.linspace(-0.2, 1.2, 8)
    for thickness in (40e-9, 150e-9, 260e-9):
        expected = ELECTRONS * model.recorded(np.full(8, thickness), x)
        maps = quantify_lithium(recording(expected.reshape(2, 2, 2, -1)), normalise=normalise)
        assert maps["li_fraction"].values.ravel() == pytest.approx(x, abs=2e-4)
        assert maps["thickness"].values == pytest.approx(thickness, rel=1e-4)
        assert maps["t_over_lambda"].values.ravel() == pytest.approx(
            model.mean_scatterings(thickness, x), rel=2e-3
        )
        assert not maps["failed"].any()
        assert float(maps["chi_square"].max()) < 1e-3


def test_drawn_counts_are_unbiased_and_their_deviations_true(model: SpectrumModel) -> None:
    bins = EnergyBins.for_lithium(model.energy_loss)
    for seed in (3, 4):
        expected = 4e5 * model.recorded(120e-9, 0.7)
        counts = draw_counts(np.broadcast_to(expected, (6000, expected.size)), seed).reshape(1, 60, 100, -1)
        maps = quantify_lithium(recording(counts))
        x, deviation = (maps[name].values.ravel() for name in ("li_fraction", "li_fraction_std"))
        bound = cramer_rao(model, bins, np.array([4e5, 120e-9, 1.0, 0.7, 0.7]))["li_fraction"]
        assert x.mean() == pytest.approx(0.7, abs=0.01)
        assert x.std() == pytest.approx(bound, rel=0.04)
        assert ((x - 0.7) / deviation).std() == pytest.approx(1.0, abs=0.04)
        assert float(maps["chi_square"].mean()) == pytest.approx(1.0, abs=0.01)
        assert maps.attrs["deviation_scale"] == 1.0


def test_titanium_makes_the_mean_free_path_irrelevant() -> None:
    true, wrong = (COARSE.with_values({"spectrum.mean_free_path": path}) for path in (160e-9, 0.98 * 160e-9))
    expected = ELECTRONS * spectrum_model(true).recorded(150e-9, np.array([0.0, 1.0]))
    found = {
        choice: quantify_lithium(recording(expected[None, None]), wrong, normalise=choice)
        for choice in ("pixel", "series", "mean_free_path")
    }
    for choice in ("pixel", "series"):
        assert found[choice]["li_fraction"].values.ravel() == pytest.approx([0.0, 1.0], abs=5e-3)
    assert 1.02 < float(found["pixel"]["ti_over_plasmon"].mean()) < 1.03
    bias = found["mean_free_path"]["li_fraction"].values.ravel() - [0.0, 1.0]
    assert np.all(np.abs(bias) > 0.02)  # the trap: 2 % of the mean free path


def test_whole_channels_of_drift_change_nothing(model: SpectrumModel) -> None:
    counts = draw_counts(np.broadcast_to(4e5 * model.recorded(150e-9, 0.4), (6, 200)), 5)
    counts[:, :9] = 0
    moved = np.stack([np.roll(row, n) for row, n in zip(counts, (0, 1, -2, 3, 4, -1), strict=True)])
    moved[:, :5] = 0
    still, drifted = (quantify_lithium(recording(c.reshape(1, 2, 3, -1))) for c in (counts, moved))
    assert np.array_equal(still["li_fraction"], drifted["li_fraction"])
    assert (drifted["zero_loss_shift"] - still["zero_loss_shift"]).values.ravel() == pytest.approx(
        [0.0, 0.5, -1.0, 1.5, 2.0, -0.5], abs=0.02
    )


def test_a_pixel_depends_on_itself_alone(model: SpectrumModel) -> None:
    thickness = np.linspace(60e-9, 240e-9, 40)
    counts = draw_counts(3e5 * model.recorded(thickness, np.linspace(0.0, 1.0, 40)), 6)
    whole = quantify_lithium(recording(counts[None, None]))["li_fraction"].values.ravel()
    alone = [quantify_lithium(recording(counts[n], dims=""))["li_fraction"].item() for n in (0, 17, 39)]
    assert whole[[0, 17, 39]] == pytest.approx(alone, abs=1e-6)


def test_lazy_counts_give_the_same_maps(model: SpectrumModel) -> None:
    counts = draw_counts(np.broadcast_to(4e5 * model.recorded(150e-9, 0.4), (60, 200)), 7).reshape(
        3, 4, 5, -1
    )
    eager = quantify_lithium(recording(counts))
    lazy = quantify_lithium(recording(da.from_array(counts, chunks=(1, 4, 5, 200))))
    assert np.array_equal(eager["li_fraction"], lazy["li_fraction"])


@pytest.mark.parametrize(
    ("dims", "shape"), [("", ()), ("x", (4,)), ("y x", (2, 2)), ("time", (4,)), ("time x", (2, 2))]
)
def test_axes_are_those_of_the_recording(model: SpectrumModel, dims: str, shape: tuple[int, ...]) -> None:
    counts = np.broadcast_to(4e5 * model.recorded(150e-9, 0.4), (*shape, 200))
    maps = quantify_lithium(recording(counts, dims=dims))
    assert maps["li_fraction"].dims == tuple(dims.split())
    assert maps["li_fraction"].values == pytest.approx(0.4, abs=1e-3)
    assert ("thickness" in maps) == ({"y", "x"} <= set(dims.split()))


def test_every_pixel_without_value_has_its_reason(model: SpectrumModel) -> None:
    good = 4e5 * model.recorded(150e-9, 0.5)
    counts = np.stack([good] * 8).astype(np.float32)
    counts[1, 30] = np.nan
    counts[2] = 0.0
    counts[3] = 4e5 * model.recorded(0.0, 0.0)
    counts[4] = np.roll(good, 60)
    counts[5, 132] += 1000.0  # an X-ray
    counts[6] = 4e5 * model.recorded(150e-9, 40.0)
    maps = quantify_lithium(recording(counts[None, None]))
    expected = [
        Reason.NONE, Reason.NOT_RECORDED, Reason.NOT_RECORDED, Reason.VACUUM, Reason.NO_ZERO_LOSS,
        Reason.POOR_FIT, Reason.NOT_CONVERGED, Reason.NONE,
    ]  # fmt: skip
    assert maps["failed"].values.ravel().tolist() == expected
    assert np.isfinite(maps["li_fraction"].values.ravel()).tolist() == [code == 0 for code in expected]
    assert maps["failed"].dtype == np.uint8
    assert counted(maps["failed"])["no counts, NaN, infinite, or negative in all"] == 2
    meanings = maps["failed"].attrs["flag_meanings"].split()
    assert meanings[Reason.POOR_FIT] == "poor_fit"


def test_saturated_channels_are_told(model: SpectrumModel) -> None:
    counts = np.minimum(np.stack([4e5 * model.recorded(150e-9, 0.5)] * 2), 65535.0).astype(np.uint16)
    counts[0] = counts[0] // 4
    maps = quantify_lithium(recording(counts[None, None]))
    assert maps["failed"].values.ravel().tolist() == [Reason.NONE, Reason.SATURATED]


def test_a_ccd_has_the_variance_of_its_gain_and_reading(model: SpectrumModel) -> None:
    ccd = COARSE.with_values({"detector.kind": "ccd", "detector.gain": 4.0, "detector.read_noise": 6.0})
    true = spectrum_model(ccd)
    for seed in (8, 9):
        signal = ccd.detector.signal(np.broadcast_to(4e5 * true.recorded(150e-9, 0.3), (4000, 200)), 1e-3)
        counts = draw_counts(signal, seed, ccd.detector, 1e-3).reshape(1, 40, 100, -1)
        maps = quantify_lithium(recording(counts, ccd, detector_gain=4.0))
        x, deviation = (maps[name].values.ravel() for name in ("li_fraction", "li_fraction_std"))
        assert x.mean() == pytest.approx(0.3, abs=0.015)
        assert ((x - 0.3) / deviation).std() == pytest.approx(1.0, abs=0.05)
        assert float(maps["chi_square"].mean()) == pytest.approx(1.0, abs=0.02)


def test_another_specimen_raises_all_deviations(model: SpectrumModel) -> None:
    """A plasmon that is 2 eV wider is not in the model: chi-square tells, deviations follow."""
    counts = draw_counts(np.broadcast_to(4e6 * model.recorded(150e-9, 0.5), (400, 200)), 3).astype(float)
    counts *= 1.0 + 0.03 * np.sin(model.energy_loss / 3.0)
    with pytest.warns(UserWarning, match="not those of the model"):
        maps = quantify_lithium(recording(counts.reshape(1, 20, 20, -1)))
    assert maps.attrs["deviation_scale"] > 1.1
    assert maps.attrs["deviation_scale"] == pytest.approx(
        np.sqrt(float(maps["chi_square"].median())), rel=0.05
    )


def test_parts_of_a_fit_sum_up_to_it(model: SpectrumModel) -> None:
    parameters = np.array([1e6, 150e-9, 1.05, 0.4, 0.6])
    parts = pixel_components(model, parameters)
    whole = 1e6 * pixel_spectra(model, *(np.atleast_1d(v) for v in parameters[1:]))[0]
    assert np.sum(list(parts.values()), axis=0) == pytest.approx(whole, rel=1e-12)
    assert parts["Li-K"][model.energy_loss < 52.0].max() < 2e-3 * parts["Li-K"].max()
    counts = draw_counts(np.broadcast_to(whole, (1, 8, 8, 200)), 4)
    fit = explain_spectrum(recording(counts), {"time": 0, "y": slice(2, 6)})
    assert fit.attrs["spectra"] == 32
    total = fit["zero_loss_and_plasmons"] + fit["titanium"] + fit["lithium"]
    assert total.values == pytest.approx(fit["expected"].values, rel=1e-12)
    assert (fit["counts"] * fit["bin_width"]).sum() == pytest.approx(32 * whole[4:170].sum(), rel=0.01)
    assert fit.attrs["li_fraction"] == pytest.approx(0.6, abs=5.0 * fit.attrs["li_fraction_std"])
    assert fit.attrs["chi_square"] < 2.0 * fit.attrs["degrees_of_freedom"]


def test_the_model_is_exact_over_all_of_its_ranges(model: SpectrumModel) -> None:
    bins = EnergyBins.for_lithium(model.energy_loss)
    ranges = ((115e-9, 160e-9), (0.6, 1.4), (-1.3, 2.3), (-2.7, 3.7))
    table = LithiumModel(model, bins, ranges)
    low, high = np.array(ranges).T
    points = np.random.default_rng(1).uniform(low, high, (200, 4))
    exact = bins.total(pixel_spectra(model, *points.T))
    found = table.expected(np.concatenate([np.ones((200, 1)), points], axis=1))
    assert np.abs(found - exact).max() < 2e-7
    held = table.with_ratio(1.1)
    points[:, 1] = 1.1
    whole = np.concatenate([np.ones((200, 1)), points], axis=1)
    assert held.expected(whole) == pytest.approx(table.expected(whole), abs=1e-12)


def test_from_a_run_to_k_through_spectra() -> None:
    """The thin line from end to end: simulate, record, quantify, track, fit."""
    scenario = lto.Scenario.from_dict(
        {
            "material": "lto", "temperature": "75 degC", "initial": 1.0,
            "drive": [{"hold": "1.6 V", "until": {"time": "15 s"}}],
            "scan": {"frame_time": "0.75 s", "pixels": [60, 6]},
            "specimen": {
                "outline": {"shape": "rectangle", "width": "2 um", "height": "0.2 um"},
                "thickness": "150 nm", "cell": "20 nm",
            },
            "contacts": {"lps": {"where": {"side": "left"}}},
        }
    )  # fmt: skip
    run = lto.simulate(scenario)
    line = lto.Profile(start=(0.0, 0.1e-6), end=(1.2e-6, 0.1e-6), width=0.18e-6)
    instrument = COARSE.with_values({"beam.current": "529 pA"})
    for seed in (1, 2):
        maps = lto.quantify_lithium(lto.acquire(run, instrument, seed, lazy=True))
        assert np.array_equal(maps["pixel_time"], run["pixel_time"])
        assert np.array_equal(maps["time"], run["frame_time"])
        fit = lto.fit_rate_constant(lto.track_front(maps, line))
        low, high = fit.interval
        assert low < 4.43e-14 < high
        assert fit.k == pytest.approx(4.43e-14, rel=0.03)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.drop_vars("counts"), "a dataset with counts"),
        (lambda r: r.drop_attrs(deep=False), "preset"),
        (lambda r: r.rename(x="pixel"), "axes from time, y, x"),
        (lambda r: r.isel(energy_loss=0), "energy_loss"),
        (lambda r: r.assign_coords(energy_loss=r.energy_loss.assign_attrs(units="1")), "not calibrated"),
        (
            lambda r: r.assign_coords(energy_loss=("energy_loss", r.energy_loss.values**3, {"units": "eV"})),
            "even steps",
        ),
        (lambda r: r.assign_coords(energy_loss=("energy_loss", r.energy_loss.values)), "no unit"),
        (lambda r: r.isel(energy_loss=slice(20, None)), "zero loss"),
        (lambda r: r.isel(energy_loss=slice(0, 100)), "Li-K"),
        (lambda r: r.isel(time=slice(0, 0)), "some real numbers"),
        (lambda r: r.assign_attrs(beam_energy_keV="abc"), "beam_energy_keV"),
        (lambda r: r.assign_attrs(detector_gain=0.0), "detector_gain"),
        (lambda r: r["counts"].values, "DataArray"),
    ],
)
def test_recordings_that_cannot_be_quantified_are_refused_in_one_line(
    model: SpectrumModel, change: Any, words: str
) -> None:
    counts = np.broadcast_to(4e5 * model.recorded(150e-9, 0.4), (1, 2, 2, 200))
    with pytest.raises(InputError, match=words):
        quantify_lithium(change(recording(counts)))
    with pytest.raises(InputError, match="normalise"):
        quantify_lithium(recording(counts), normalise="atoms")  # type: ignore[arg-type]


def test_the_bound_grows_with_what_is_not_known(model: SpectrumModel) -> None:
    bins = EnergyBins.for_lithium(model.energy_loss)
    truth = np.array([4e5, 150e-9, 1.0, 0.5, 0.5])
    every = cramer_rao(model, bins, truth)
    fewer = cramer_rao(model, bins, truth, ("electrons", "length", "plasmon_mix", "li_fraction"))
    noisy = cramer_rao(model, bins, truth, variance=CountVariance(1.0, 100.0))
    assert fewer["li_fraction"] < every["li_fraction"] < noisy["li_fraction"]
    dose = cramer_rao(model, bins, truth * np.array([4.0, 1.0, 1.0, 1.0, 1.0]))
    assert dose["li_fraction"] == pytest.approx(0.5 * every["li_fraction"], rel=1e-3)


def test_a_plasmon_of_another_width_moves_x_by_little(model: SpectrumModel) -> None:
    """Its width is known to 3 eV of 12: the low loss, in one bin, cannot pull at Li-K (it did, by 0.16)."""
    host = {**model.reference.host, "plasmon_width": 11.0}
    wide = SpectrumModel(
        replace(model.reference, host=host), model.optics, model.lattice, model.response, model.edges,
        model.mean_free_path,
    )  # fmt: skip
    expected = ELECTRONS * wide.recorded(150e-9, np.array([0.0, 1.0]))
    with pytest.warns(UserWarning, match="not those of the model"):
        maps = quantify_lithium(recording(expected[None, None].astype(np.float32)))
    assert maps["li_fraction"].values.ravel() == pytest.approx([0.0, 1.0], abs=0.06)


def test_specimens_not_quite_of_the_model_still_have_a_value(model: SpectrumModel) -> None:
    """More valence electrons, weaker Ti-M2,3: the parameters lie outside 0 to 1, and x is still told."""
    host = model.reference.host
    for change in (-4.0, 4.0):
        electrons = {phase: number + change for phase, number in host["valence_electrons"].items()}
        other = SpectrumModel(
            replace(model.reference, host={**host, "valence_electrons": electrons}), model.optics,
            model.lattice, model.response, model.edges, model.mean_free_path,
        )  # fmt: skip
        expected = 1.2e6 * other.recorded(150e-9, np.array([0.0, 1.0]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has no noise
            maps = quantify_lithium(recording(expected[None, None]))
        assert maps["failed"].values.ravel().tolist() == [Reason.NONE, Reason.NONE]
        assert maps["li_fraction"].values.ravel() == pytest.approx([0.0, 1.0], abs=0.03)
    weak = COARSE.with_values({"spectrum.cross_section_scale": {"Ti-M2,3": 0.8}})
    expected = 1.2e6 * spectrum_model(weak).recorded(150e-9, np.array([0.0, 1.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        maps = quantify_lithium(recording(expected[None, None]), COARSE)
    assert not maps["failed"].any()


def test_pixels_partly_in_vacuum_are_told_and_do_not_spoil_the_others(model: SpectrumModel) -> None:
    full, vacuum = model.recorded(150e-9, 0.5), model.recorded(0.0, 0.0)
    expected = np.stack([1.2e6 * full] * 36 + [1.2e6 * (0.93 * full + 0.07 * vacuum)] * 4)
    counts = draw_counts(expected, 3)[None, None]
    maps = quantify_lithium(recording(counts))
    failed = maps["failed"].values.ravel()
    assert not failed[:36].any()
    assert set(failed[36:].tolist()) <= {Reason.PARTLY_VACUUM, Reason.POOR_FIT}
    assert Reason.PARTLY_VACUUM in failed
    series = quantify_lithium(recording(counts), normalise="series")["li_fraction"].values.ravel()
    assert series[:36].mean() == pytest.approx(0.5, abs=0.04)


def test_a_part_of_a_channel_that_all_spectra_share_is_corrected() -> None:
    for offset in (-5.2, -5.05):
        shifted = COARSE.with_values({"spectrometer.offset": offset})
        expected = 1.2e6 * spectrum_model(shifted).recorded(150e-9, np.array([0.0, 1.0]))
        maps = quantify_lithium(recording(expected[None, None]))  # whose axis says -5 eV
        assert maps["li_fraction"].values.ravel() == pytest.approx([0.0, 1.0], abs=5e-3)
        assert maps["zero_loss_shift"].values == pytest.approx(-5.0 - offset, abs=0.01)


def test_t_over_lambda_and_its_deviation(model: SpectrumModel) -> None:
    thinner = COARSE.with_values({"spectrum.mean_free_path": 140e-9})
    expected = 4e5 * spectrum_model(thinner).recorded(140e-9, 0.5)
    counts = draw_counts(np.broadcast_to(expected, (4000, 200)), 5).reshape(1, 40, 100, -1)
    maps = quantify_lithium(recording(counts), COARSE)
    value, deviation = (maps[name].values.ravel() for name in ("t_over_lambda", "t_over_lambda_std"))
    assert value.mean() == pytest.approx(1.0, abs=2e-3)
    assert ((value - value.mean()) / deviation).std() == pytest.approx(1.0, abs=0.05)


def test_a_counter_that_misses_electrons_is_corrected(model: SpectrumModel) -> None:
    limited = COARSE.with_values({"detector.saturation": 2e7})
    expected = limited.detector.signal(1.2e6 * model.recorded(150e-9, np.array([0.0, 1.0])), 0.1)
    maps = quantify_lithium(recording(expected[None, None], limited, dwell_time_s=0.1))
    assert maps["li_fraction"].values.ravel() == pytest.approx([0.0, 1.0], abs=2e-3)
    both = explain_spectrum(recording(np.stack([expected[0]] * 9), limited, "x", dwell_time_s=0.1))
    assert both.attrs["li_fraction"] == pytest.approx(0.0, abs=2e-3)  # the limit of a sum is that of nine
    full = limited.with_values({"detector.saturation": 2e6})
    expected = full.detector.signal(1.2e6 * model.recorded(150e-9, np.array([0.0, 1.0])), 0.1)
    maps = quantify_lithium(recording(expected[None, None], full, dwell_time_s=0.1))
    assert maps["failed"].values.ravel().tolist() == [Reason.SATURATED] * 2


def test_means_of_frames_and_unknown_gains_are_told_by_their_scatter(model: SpectrumModel) -> None:
    counts = draw_counts(np.broadcast_to(4e6 * model.recorded(150e-9, 0.5), (900, 200)), 6) / 10.0
    held = recording(counts.reshape(1, 30, 30, -1))
    with pytest.warns(UserWarning, match="scatter less than counts"):
        quantify_lithium(held)
    held["counts"].attrs["units"] = "1"
    maps = quantify_lithium(held)
    x, deviation = (maps[name].values.ravel() for name in ("li_fraction", "li_fraction_std"))
    assert ((x - 0.5) / deviation).std() == pytest.approx(1.0, abs=0.08)


def test_a_sum_of_spectra_has_the_noise_of_a_sum(model: SpectrumModel) -> None:
    counts = np.minimum(draw_counts(np.broadcast_to(1e5 * model.recorded(150e-9, 0.5), (64, 200)), 1), 65534)
    fit = explain_spectrum(recording(counts.astype(np.uint16).reshape(8, 8, -1), dims="y x"))
    assert fit.attrs["spectra"] == 64
    ccd = COARSE.with_values({"detector.kind": "ccd", "detector.read_noise": 60.0, "detector.gain": 2.0})
    signal = ccd.detector.signal(np.broadcast_to(1e6 * model.recorded(150e-9, 0.5), (64, 200)), 1e-3)
    drawn = draw_counts(signal, 2, ccd.detector, 1e-3).reshape(8, 8, -1)
    fit = explain_spectrum(recording(drawn, ccd, dims="y x"))
    assert fit.attrs["chi_square"] / fit.attrs["degrees_of_freedom"] == pytest.approx(1.0, abs=0.6)
    assert fit.attrs["electrons"] == pytest.approx(64e6, rel=0.02)


def test_dead_channels_are_bridged_and_named(model: SpectrumModel) -> None:
    expected = np.broadcast_to(4e6 * model.recorded(150e-9, 0.5), (1, 5, 5, 200)).copy()
    for value in (0.0, np.nan):
        counts = expected.copy()
        counts[..., [120, 122]] = value  # 55 and 56 eV
        with pytest.warns(UserWarning, match="2 dead channels, at 55, 56 eV"):
            maps = quantify_lithium(recording(counts))
        assert maps["li_fraction"].values == pytest.approx(0.5, abs=0.03)
    counts[..., 10] = 0.0
    with pytest.raises(InputError, match="zero loss"):
        quantify_lithium(recording(counts))


def test_deviance_of_counts_is_that_of_poisson_counts_and_least_at_the_fit() -> None:
    counts, expected = np.array([[3.0, 40.0, 0.0]]), np.array([[5.0, 37.0, 0.5]])
    exact = 2.0 * (3.0 * np.log(3.0 / 5.0) + 2.0 + 40.0 * np.log(40.0 / 37.0) - 3.0 + 0.5)
    assert CountVariance().deviance(counts, expected)[0] == pytest.approx(exact)
    assert CountVariance().deviance(counts, counts)[0] == pytest.approx(0.0, abs=1e-12)
    # with much noise of reading it is chi-square
    noisy = CountVariance(2.0, 1e6)
    assert noisy.deviance(counts, expected)[0] == pytest.approx(
        ((counts - expected) ** 2).sum() / 1e6, rel=1e-3
    )


def test_the_shape_of_a_likelihood_is_that_of_spectra_fitted_with_x_held(model: SpectrumModel) -> None:
    """At few electrons it is skew; its root at one deviation agrees with a fit by another optimiser."""
    spectra, bins = prepared(COARSE, (30.0, 80.0))
    fitter = Fitter(spectra, np.array(COARSE.energy_loss), bins, likelihood=True)
    truth = np.array([2e4, 140e-9, 1.0, 0.5, 0.5])
    counts = np.random.default_rng(5).poisson(truth[0] * pixel_spectra(model, *truth[1:, None])[0])[None]
    fitted = fitter.fit(counts)
    assert fitted.failed[0] == Reason.NONE
    assert abs(fitted.root[0, 0]) > 1e-3
    binned = fitter.bins.total(counts, np.zeros(1, dtype=np.int64))
    ((lithium, _),) = list(fitter._groups(fitter._start(binned)[0], False))
    variance, best = CountVariance(), fitted.parameters[0]

    def loss(others: Any, x: float) -> float:
        point = np.array([*(best[:4] * others), x])[None]
        return float(variance.deviance(binned, lithium.expected(point))[0])

    for u in (-1.0, 1.0):
        x = best[4] + u * fitted.deviations[0, 4]
        held = optimize.minimize(
            loss, np.ones(4), (x,), method="Nelder-Mead", options={"xatol": 1e-6, "maxiter": 4000}
        )
        a, b = fitted.root[0]
        z = np.sign(u) * np.sqrt(held.fun - loss(np.ones(4), best[4]))
        assert u * (1.0 + a * u + b * u**2) == pytest.approx(z, abs=0.02)
