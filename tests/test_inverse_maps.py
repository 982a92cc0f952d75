"""Whole maps against the forward model: derivatives, recovery, workers, what is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import lto_sim as lto
from lto_sim.errors import InputError, SolverError
from lto_sim.execution import Workers
from lto_sim.inverse import MapFit, MapProgress, fit_maps, forward
from lto_sim.inverse.experiment import read_experiment
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.free import free_parameters
from lto_sim.inverse.inputs import PERTURBATION
from lto_sim.inverse.objective import MapObjective, noise_of_maps, signed_root
from lto_sim.scenario import Scenario

Floats = NDArray[np.float64]

D_LI4, K_C = 7.547e-14, 2e-5
D = "material.D_Li4.at"
FREE = [D, "contacts.lps.k_c"]


def particle(**values: Any) -> Scenario:
    """A small particle, extraction at 75 degC through a contact with an interface reaction."""
    return Scenario.from_dict(
        {
            "material": "lto",
            "temperature": 348.15,
            "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": 0.8e-6, "height": 0.3e-6},
                "thickness": 150e-9,
                "cell": 20e-9,
            },
            "contacts": {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": K_C}},
            "drive": [{"hold": 1.6, "until": {"time": 8.0}}],
            "scan": {"frame_time": 0.32, "pixels": [24, 8]},
            "output": {"restart": "none"},
        }
    ).with_values(values)


def recorded(scenario: Scenario, seed: int, noise: float = 0.3, cell: float | None = 10e-9) -> xr.Dataset:
    """Maps of a scenario, simulated on finer cells than those it is fitted on."""
    finer = scenario if cell is None else scenario.with_values({"specimen.cell": cell})
    return lto.render_maps(lto.simulate(finer), noise=noise, rng=seed)


@pytest.fixture(scope="module")
def maps() -> xr.Dataset:
    return recorded(particle(), 1)


def started(**values: Any) -> Scenario:
    """The particle with start values far from the truth."""
    return particle(**({"material.D_Li4.at": 2e-14, "contacts.lps.k_c": 6e-6} | values))


@pytest.fixture(scope="module")
def fit(maps: xr.Dataset) -> MapFit:
    return fit_maps(maps, started(), FREE, processes=1)


def objective_of(maps: Sequence[xr.Dataset], scenarios: Sequence[Scenario], free: Any) -> MapObjective:
    experiments = [read_experiment(m, s) for m, s in zip(maps, scenarios, strict=True)]
    return MapObjective(experiments, free_parameters(free, experiments), Runner(Workers(1)))


# What is found


def test_truth_is_found_from_starts_that_are_far_off(fit: MapFit) -> None:
    assert fit.status == "converged"
    assert abs(fit.chi_square / fit.freedom - 1.0) < 4.0 * math.sqrt(2.0 / fit.freedom)
    for name, truth in zip(FREE, (D_LI4, K_C), strict=True):
        deviation = fit.covariance[FREE.index(name), FREE.index(name)] ** 0.5
        assert abs(math.log(fit.values[name] / truth)) < 3.0 * deviation
        assert deviation < 0.15


def test_derived_rate_constant_is_wagners_of_the_estimate(fit: MapFit) -> None:
    (rate,) = fit.derived
    assert rate.direction == "extraction"
    assert rate.temperature == 348.15
    # k follows D_Li4 almost in proportion, so that their relative deviations are nearly the same
    assert rate.k_std / rate.k == pytest.approx(math.sqrt(fit.covariance[0, 0]), rel=0.15)


def test_the_summary_is_plain_and_complete(fit: MapFit) -> None:
    summary = fit.summary()
    row = summary["parameters"]["material.D_Li4.at"]
    assert row["interval"][0] < row["value"] < row["interval"][1]
    assert set(row["std_of_fitted_by_source"]) == {"noise", "cells"}
    total = math.hypot(*row["std_of_fitted_by_source"].values())
    assert row["std_of_fitted"] == pytest.approx(total)
    assert summary["forward_runs"] > 5
    assert all(isinstance(line, str) for line in summary["identifiability"]["words"])


def test_fitted_maps_and_misfit_belong_to_the_chi_square(fit: MapFit, maps: xr.Dataset) -> None:
    (found,) = fit.maps
    assert found["fitted"].dims == ("time", "y", "x")
    np.testing.assert_array_equal(found["recorded"].values, maps["li_fraction"].values)
    total = float(np.nansum(found["normalised_residual"].values.astype(np.float64) ** 2))
    assert total == pytest.approx(fit.chi_square, rel=1e-5)
    assert float(found["misfit"].mean()) == pytest.approx(fit.chi_square / fit.objective.size, rel=1e-5)


def test_the_result_does_not_depend_on_the_number_of_workers(fit: MapFit, maps: xr.Dataset) -> None:
    other = fit_maps(maps, started(), FREE, processes=2)
    np.testing.assert_array_equal(other.theta, fit.theta)
    np.testing.assert_array_equal(other.covariance, fit.covariance)
    assert other.runs == fit.runs


def test_runs_on_disk_are_taken_up_and_give_the_same_answer(
    fit: MapFit, maps: xr.Dataset, tmp_path: Any
) -> None:
    class Stopped(Exception):
        pass

    def stop(progress: MapProgress) -> None:
        if progress.runs > 12:
            raise Stopped

    with pytest.raises(Stopped):
        fit_maps(maps, started(), FREE, processes=1, out=tmp_path, progress=stop)
    finished = len(list((tmp_path / "forward_runs").glob("*.npz")))
    assert finished > 12
    again = fit_maps(maps, started(), FREE, processes=1, out=tmp_path)
    np.testing.assert_array_equal(again.theta, fit.theta)
    assert again.reused == finished
    assert again.runs + again.reused == fit.runs


def test_several_starts_find_the_same_minimum(fit: MapFit, maps: xr.Dataset) -> None:
    other = fit_maps(maps, started(), FREE, processes=1, starts=3, seed=4)
    assert len(other.minima) >= 2
    np.testing.assert_allclose(other.theta, fit.theta, atol=2.0 * math.sqrt(fit.covariance[1, 1]))


def test_start_time_contrast_and_offset_of_the_maps(maps: xr.Dataset) -> None:
    late = maps.copy(deep=True)
    late["li_fraction"] = 0.1 + 0.8 * maps["li_fraction"]
    late["time"] = maps["time"] - 0.5  # the run's time is 0.5 s when that of the maps is 0
    late = late.isel(time=slice(2, None))
    found = fit_maps(
        late, particle(), [*FREE, "maps.contrast", "maps.offset", "maps.start_time"], processes=1, cells=False
    )
    for name, truth, worst in (
        ("maps.contrast", 0.8, 0.03), ("maps.offset", 0.1, 0.03), ("maps.start_time", 0.5, 0.3),
    ):  # fmt: skip
        assert abs(found.values[name] - truth) < 3.0 * found.std[name]
        assert found.std[name] < worst


def test_robust_losses_bear_spoilt_pixels(maps: xr.Dataset) -> None:
    spoilt = maps.copy(deep=True)
    values = spoilt["li_fraction"].values
    where = np.random.default_rng(3).random(values.shape) < 0.03
    values[where & np.isfinite(values)] += 3.0
    plain, robust = (
        fit_maps(spoilt, particle(), FREE, processes=1, cells=False, loss=loss)
        for loss in ("linear", "cauchy")
    )
    errors = [abs(math.log(f.values["material.D_Li4.at"] / D_LI4)) for f in (plain, robust)]
    assert errors[1] < 3.0 * math.sqrt(robust.covariance[0, 0])
    assert robust.covariance[0, 0] < plain.covariance[0, 0]


def test_maps_without_deviations_are_weighted_by_their_own_scatter(fit: MapFit, maps: xr.Dataset) -> None:
    assert noise_of_maps(maps["li_fraction"].values.astype(float)) == pytest.approx(0.3, rel=0.05)
    found = fit_maps(maps.drop_vars("li_fraction_std"), particle(), FREE, processes=1, cells=False)
    assert not found.stated
    np.testing.assert_allclose(found.parts["noise"], fit.parts["noise"], rtol=0.15)


def test_a_tied_path_follows_its_expression() -> None:
    scenario = particle(
        **{
            "initial": 0.0, "drive": [{"hold": 0.4, "until": {"time": 30.0}}], "scan.frame_time": 1.5,
            "contacts.lps": {"where": {"side": "left"}}, "surface": {
                "perimeter": {"at": 2e-22, "reference": 348.15, "Ea": 0.0},
                "faces": {"at": 2e-23, "reference": 348.15, "Ea": 0.0},
            },
        }
    )  # fmt: skip
    tied = fit_maps(
        recorded(scenario, 5, cell=None), scenario, ["surface.faces.at"],
        ties={"surface.perimeter.at": "10 * surface.faces.at"}, processes=1, cells=False,
    )  # fmt: skip
    assert tied.values["surface.perimeter.at"] == pytest.approx(10.0 * tied.values["surface.faces.at"])
    assert abs(math.log(tied.values["surface.faces.at"] / 2e-23)) < 3.5 * math.sqrt(tied.covariance[0, 0])


def test_a_prior_counts_like_a_measurement(maps: xr.Dataset) -> None:
    free = {name: {} for name in FREE} | {"contacts.lps.k_c": {"prior": (K_C, 0.01 * K_C)}}
    known = fit_maps(maps, particle(), free, processes=1, cells=False)
    assert known.std["contacts.lps.k_c"] < 0.0101 * known.values["contacts.lps.k_c"]
    assert known.values["contacts.lps.k_c"] == pytest.approx(K_C, rel=0.02)


def test_joint_fit_over_temperatures_finds_the_activation_energy() -> None:
    scenarios = [
        particle(temperature=348.15),
        particle(temperature=318.15, **{"drive.0.until.time": 30.0, "scan.frame_time": 1.2}),
    ]
    recordings = [recorded(s, n) for n, s in enumerate(scenarios)]
    runs: list[int] = []
    found = fit_maps(
        recordings, scenarios, ["material.D_Li4.at", "material.D_Li4.Ea"], processes=1, cells=False,
        progress=lambda p: runs.append(p.runs),
    )  # fmt: skip
    truth = scenarios[0].material.D_Li4.Ea
    assert abs(found.values["material.D_Li4.Ea"] - truth) < 3.0 * found.std["material.D_Li4.Ea"]
    assert found.std["material.D_Li4.Ea"] / 96485.0 < 0.01
    assert runs == sorted(runs)
    # both parameters act on a run through one number: two runs a temperature for the derivatives, not four
    objective = objective_of(recordings, scenarios, ["material.D_Li4.at", "material.D_Li4.Ea"])
    theta = objective.parameters.start
    objective.freeze(theta)
    before = objective.runner.ran
    objective.residuals(theta)
    objective.jacobian(theta)
    assert objective.runner.ran - before == 2 * (1 + 2)


# Derivatives


def slopes_by_polynomial(objective: MapObjective, theta: Floats, n: int, width: float) -> Floats:
    """Derivative from a cubic through seven points."""
    at = width * np.linspace(-1.0, 1.0, 7)
    rows = []
    for shift in at:
        moved = theta.copy()
        moved[n] += shift
        rows.append(objective.residuals(moved))
    return np.polynomial.polynomial.polyfit(at, np.array(rows), 3)[1]


def test_sensitivities_of_single_phase_maps_agree_with_careful_differences() -> None:
    """Maps without a front are smooth functions of the rates: 1e-3 of the largest."""
    scenario = particle(
        initial=0.03, **{"drive": [{"hold": 0.951, "until": {"time": 0.6}}], "scan.frame_time": 0.03}
    )
    objective = objective_of([recorded(scenario, 1, 0.01, None)], [scenario], FREE)
    theta = objective.parameters.start
    objective.freeze(theta)
    jacobian = objective.jacobian(theta)
    for n in range(2):
        careful = slopes_by_polynomial(objective, theta, n, 2.0 * PERTURBATION)
        assert np.abs(jacobian[:, n] - careful).max() < 1e-3 * np.abs(careful).max()


def test_all_rates_together_are_a_change_of_the_unit_of_time(maps: xr.Dataset) -> None:
    free = ["material.D_Li4.at", "material.D_Li7.at", "contacts.lps.k_c"]
    objective = objective_of([maps], [particle()], free)
    theta = objective.parameters.start
    objective.freeze(theta)
    slopes, frame, _ = objective.displacement(theta)
    when = objective.experiments[0].when[objective.use[0]]
    together = objective.jacobian(theta).sum(axis=1)
    mean = [np.bincount(frame, values) for values in (together, when * slopes)]
    assert np.linalg.norm(mean[0] - mean[1]) < 0.02 * np.linalg.norm(mean[1])


# What is refused


@pytest.mark.parametrize(
    ("free", "field", "said"),
    [
        ([], "free", "list of paths"),
        ("material.D_Li4.at", "free", "list of paths"),
        (["material.D_Li4"], "free.material.D_Li4", "material.D_Li4.at or material.D_Li4.Ea"),
        (["material.D_Li4.att"], "free.material.D_Li4.att", "did you mean material.D_Li4.at"),
        (["contacts.lgps.k_c"], "free.contacts.lgps.k_c", "lps"),
        (["contacts.lps.k0"], "free.contacts.lps.k0", "linear"),
        (["surface.faces.at"], "free.surface.faces.at", "a surface that the scenario has"),
        (["scan.frame_time"], "free.scan.frame_time", "the recording is what it is"),
        (["specimen.thickness[1]"], "free.specimen.thickness[1]", "counted from 0"),
        (["material.D_Li4.at"] * 2, "free", "every path once"),
        ({D: {"bound": (1, 2)}}, "free.material.D_Li4.at.bound", "bounds"),
        ({D: {"bounds": (2e-13, 1e-13)}}, "free.material.D_Li4.at.bounds", "low < high"),
        ({D: {"bounds": (1e-15, 1e-14)}}, "free.material.D_Li4.at.start", "within the bounds"),
        (
            {D: {"bounds": (1e-15, 1e-13), "prior": (1e-12, 1e-13)}},
            "free.material.D_Li4.at.prior", "within the bounds",
        ),
        ({D: {"prior": (7e-14, 0.0)}}, "free.material.D_Li4.at.prior", "> 0"),
        ({D: {"start": "fast"}}, "free.material.D_Li4.at.start", "diffusivity"),
    ],
)  # fmt: skip
def test_what_cannot_be_free_is_one_line(maps: xr.Dataset, free: Any, field: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        fit_maps(maps, particle(), free, processes=1)
    assert caught.value.field == field
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_with_units_is_welcome(maps: xr.Dataset) -> None:
    experiment = read_experiment(maps, particle())
    free = {"material.D_Li4.at": {"start": "5e-10 cm^2/s", "bounds": ("1e-16 m^2/s", 1e-12)}}
    (parameter,) = free_parameters(free, [experiment]).free
    assert parameter.start == pytest.approx(5e-14)
    assert (parameter.low, parameter.high) == pytest.approx((1e-16, 1e-12))


def test_a_parameter_that_the_maps_cannot_see_is_named_with_evidence(maps: xr.Dataset) -> None:
    with pytest.raises(InputError, match="deviations") as caught:
        fit_maps(maps, particle(), ["material.D_Li4.at", "specimen.thickness"], processes=1)
    assert caught.value.field == "free.specimen.thickness"


def test_fewer_values_than_parameters(maps: xr.Dataset) -> None:
    few = maps.isel(time=slice(0, 1)).copy(deep=True)
    few["li_fraction"].values[:, 1:, :] = np.nan
    few["li_fraction"].values[:, :, 1:] = np.nan
    with pytest.raises(InputError, match="values on the particle"):
        fit_maps(few, particle(), FREE, processes=1)


def test_maps_of_another_pixel_size_or_orientation(maps: xr.Dataset) -> None:
    wide = maps.assign_coords(x=maps["x"] * 1.5)
    with pytest.raises(InputError, match="those of the scenario's scan"):
        fit_maps(wide, particle(), FREE)
    scenario = particle(**{"scan.pixels": [16, 12]})  # pixels of 50 x 25 nm
    turned = maps.isel(x=slice(0, 16), y=slice(0, 8)).assign_coords(
        x=(np.arange(16) + 0.5) * 25e-9, y=(np.arange(8) + 0.5) * 50e-9
    )
    with pytest.raises(InputError, match="turned"):
        fit_maps(turned, scenario, FREE)
    with pytest.raises(InputError, match="rising pixel centres"):
        fit_maps(maps.isel(y=slice(None, None, -1)), particle(), FREE)
    beside = maps.assign_coords(x=maps["x"] + 2e-6)
    with pytest.raises(InputError, match="one on the particle"):
        fit_maps(beside, particle(), FREE)


def test_values_that_differ_between_recordings_are_freed_one_by_one(maps: xr.Dataset) -> None:
    scenarios = [particle(), particle(**{"specimen.thickness": 100e-9})]
    with pytest.raises(InputError, match=r"specimen.thickness\[0\]"):
        fit_maps([maps, maps], scenarios, ["specimen.thickness"])
    with pytest.raises(InputError, match="one for each"):
        fit_maps([maps, maps], [particle()], FREE)


def test_a_tie_that_is_no_expression(maps: xr.Dataset) -> None:
    with pytest.raises(InputError) as caught:
        fit_maps(
            maps, particle(), ["material.D_Li4.at"], ties={"material.D_Li7.at": "two * material.D_Li4.at"}
        )
    assert caught.value.field == "ties.material.D_Li7.at"
    assert "\n" not in str(caught.value)


def test_a_run_that_fails_inside_a_fit_is_recorded_and_the_fit_goes_on(
    fit: MapFit, maps: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 1.05 * fit.parameters.values(fit.minimum.theta)["contacts.lps.k_c"]
    real = forward.visit

    def visit(scenario: Scenario, *rest: Any) -> Any:
        if float(scenario.to_dict()["contacts"]["lps"]["k_c"]) > most:
            raise SolverError("the step became too small at 0.2 s")
        return real(scenario, *rest)

    monkeypatch.setattr(forward, "visit", visit)
    found = fit_maps(maps, started(), FREE, processes=1, cells=False)
    assert "the step became too small at 0.2 s" in found.failures
    np.testing.assert_array_less(np.abs(found.theta - fit.minimum.theta), fit.parts["noise"])


# Spectra


def test_spectra_are_compared_by_the_likelihood_of_each_pixel() -> None:
    scenario = particle(**{"scan.frame_time": 0.8})
    counts = lto.acquire(lto.simulate(scenario.with_values({"specimen.cell": 10e-9})), rng=2, lazy=True)
    maps = lto.quantify_lithium(counts, likelihood=True)
    with pytest.raises(InputError, match="likelihood"):
        fit_maps(maps.drop_vars("li_fraction_root_a"), scenario, FREE, residuals="spectra")
    by_spectra, by_maps = (
        fit_maps(maps, scenario, FREE, residuals=way, processes=1, cells=False) for way in ("spectra", "maps")
    )
    assert by_spectra.status == by_maps.status == "converged"
    # at this dose the likelihood of a pixel is all but Gaussian: both say the same, and both the truth
    deviation = by_spectra.parts["noise"]
    np.testing.assert_array_less(np.abs(by_spectra.theta - by_maps.theta), 0.3 * deviation)
    assert abs(math.log(by_spectra.values[D] / D_LI4)) < 4.0 * deviation[0]


def test_the_signed_root_of_a_skew_likelihood_and_its_slope() -> None:
    u = np.linspace(-6.0, 6.0, 25)
    a, b = np.full(u.size, -0.03), np.full(u.size, 0.004)
    z, slope = signed_root(u, (a, b))
    inside = np.abs(u) <= 4.0
    np.testing.assert_allclose(z[inside], (u * (1.0 - 0.03 * u + 0.004 * u**2))[inside])
    h = 1e-6
    above, below = signed_root(u + h, (a, b))[0], signed_root(u - h, (a, b))[0]
    smooth = np.abs(np.abs(u) - 4.0) > 1e-3
    np.testing.assert_allclose(slope[smooth], ((above - below) / (2.0 * h))[smooth], rtol=1e-5)
    assert (np.diff(z) > 0.0).all()


# What a new user trips over


def test_per_cent_and_intensities_are_told(maps: xr.Dataset) -> None:
    per_cent = maps.assign(li_fraction=100.0 * maps["li_fraction"])
    with pytest.raises(InputError, match="divide by 100"):
        fit_maps(per_cent, particle(), FREE)


def test_a_shift_of_a_part_of_a_pixel_is_refused(maps: xr.Dataset) -> None:
    with pytest.raises(InputError, match="of one off"):
        fit_maps(maps.assign_coords(x=maps["x"] + 10e-9), particle(), FREE)
    with pytest.raises(InputError, match="those of the scenario's scan"):
        fit_maps(maps.assign_coords(x=1.01 * maps["x"]), particle(), FREE)


def test_deviations_that_are_none(maps: xr.Dataset) -> None:
    negative = maps.copy(deep=True)
    negative["li_fraction_std"].values[0, 0, 0] = -0.1
    with pytest.raises(InputError, match="1 values of 0 or less"):
        fit_maps(negative, particle(), FREE)


def test_a_prior_that_the_maps_contradict_is_named(maps: xr.Dataset) -> None:
    free = {D: {}, "contacts.lps.k_c": {"prior": (4e-5, 1e-6)}}
    found = fit_maps(maps, particle(), free, processes=1, cells=False)
    assert any("contradict" in line for line in found.identifiability.lines)
    assert any("its prior included" in line for line in found.identifiability.lines)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"free": None}, "free"), ({"free": [3]}, "free"), ({"free": {D: 1e-14}}, f"free.{D}"),
        ({"free": ["specimen.cell"]}, "free.specimen.cell"), ({"starts": 1.5}, "starts"),
        ({"seed": -1}, "seed"),
        ({"processes": 0}, "processes"), ({"processes": "two"}, "processes"), ({"maps": "maps.zarr"}, "maps"),
        ({"residuals": "counts"}, "residuals"), ({"loss": "huber"}, "loss"),
    ],
)  # fmt: skip
def test_arguments_of_another_kind_are_one_line(maps: xr.Dataset, change: Any, field: str) -> None:
    given: dict[str, Any] = {"maps": maps, "scenario": particle(), "free": FREE} | change
    with pytest.raises(InputError) as caught:
        fit_maps(**given)
    assert caught.value.field == field
