"""Particle populations as ensembles: shared drives, sums of runs, particles that are missing, exponents."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from populations import HOLD, NM, UM, T, near, scenario

import lto_sim as lto
from lto_sim.constants import FARADAY
from lto_sim.electrochemistry import drive_steps, electrical_table
from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.files import read_dataset, write_dataset
from lto_sim.plot import plot_chronoamperogram, plot_potential
from lto_sim.scenario import build_material
from lto_sim.study.population import (
    Discrete,
    LogNormal,
    Population,
    draw_population,
    ensemble_current,
    fit_avrami,
    local_exponent,
    simulate_population,
)
from lto_sim.study.sweeps import open_sweep, sweep


@pytest.mark.parametrize(
    ("drive", "field", "text"),
    [
        ([{"current": "1 pA", "until": {"time": "1 s"}}], "drive.0", "share one potential"),
        ([{"c_rate": 1.0, "until": {"time": "1 s"}}], "drive.0", "cannot be simulated one by one"),
        ([*HOLD, {"rest": True, "until": {"time": "1 s"}}], "drive.1", "a rest"),
        ([{"gitt": {"current": "1 pA", "pulse": 1, "rest": 1, "pulses": 2}}], "drive.0.gitt", "hold a"),
        ([{"hold": "1.6 V", "until": {"li_fraction": 0.5}}], "drive.0.until.li_fraction", "until.time only"),
        ([{"hold": "1.6 V", "until": {"time": 9, "current": "1 fA"}}], "drive.0.until.current", "its own"),
        ([{"sweep": {"from": "1 V", "to": "1.6 V", "rate": "1 V/s"}, "until": {"time": "0.1 s"}},
          {"sweep": {"to": "1.2 V", "rate": "1 V/s"}}], "drive.1.sweep.from", "known"),
    ],
)  # fmt: skip
def test_drives_that_particles_cannot_share(drive: list[Any], field: str, text: str, tmp_path: Path) -> None:
    drawn = draw_population(scenario(drive=drive), size=Discrete(["0.4 um"]), count=2)
    with pytest.raises(InputError) as caught:
        simulate_population(drawn, out=tmp_path / "p.zarr", engine="serial")
    assert caught.value.field == field
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "p.zarr").exists()


def run_all(drawn: Population) -> list[xr.Dataset]:
    return [lto.simulate(made) for made in drawn.scenarios()]


def test_equal_particles_are_one_particle_times_their_number() -> None:
    drawn = draw_population(scenario(), size=Discrete(["0.4 um"]), count=5)
    one = lto.simulate(drawn.scenario_of(0))
    many = ensemble_current([one] * 5, drawn)
    np.testing.assert_allclose(many["time_fine"], one["time_fine"], rtol=1e-12)
    np.testing.assert_allclose(many["charge"], 5.0 * one["charge"], rtol=1e-12, atol=0.0)
    np.testing.assert_allclose(many["current"], 5.0 * one["current"], rtol=1e-9)
    np.testing.assert_allclose(many["lithium"], 5.0 * one["lithium"], rtol=1e-12)
    np.testing.assert_array_equal(many["potential"], one["potential"])
    np.testing.assert_array_equal(many["drive_step"], one["drive_step"])
    assert many.attrs["capacity_C"] == near(5.0 * one.attrs["capacity_C"])
    assert many.attrs["mass_kg"] == near(5.0 * one.attrs["mass_kg"])
    for q in many["quantile"].values:
        np.testing.assert_allclose(
            many["li_fraction_quantile"].sel(quantile=q), many["li_fraction"], rtol=1e-12
        )
        np.testing.assert_allclose(5.0 * many["current_quantile"].sel(quantile=q), many["current"], rtol=1e-9)


def test_the_early_current_of_planar_fronts_is_wagner_s_times_the_contact_area() -> None:
    base = scenario({"shape": "rectangle", "width": "1 um", "height": "0.2 um"}, cell="10 nm")
    drawn = draw_population(base, size=LogNormal("1 um", 0.3, low="0.7 um", high="1.5 um"), count=8, seed=2)
    found = ensemble_current(run_all(drawn), drawn)
    material = build_material(base)
    poor, rich = material.poor.diffusivity(T), material.rich.diffusivity(T)
    excess = 0.05 - material.equilibrium_composition(1.6, T)
    gamma = wagner.growth_parameter(excess / 0.9, 0.0, poor / rich)
    time = found["time_fine"].values
    front = 2.0 * gamma * np.sqrt(poor * time)
    early = (front > 60 * NM) & (front < 0.35 * UM)
    assert np.count_nonzero(early) > 100
    area = np.sum(0.2 * drawn.size) * 150 * NM
    per_area = FARADAY * material.insertable_concentration * excess / math.erf(gamma)
    charge = per_area * 2.0 * np.sqrt(poor * time / math.pi) * area
    np.testing.assert_allclose(found["charge"].values[early], charge[early], rtol=2e-3)


def test_coverage_scales_the_early_current() -> None:
    base = scenario(
        {"shape": "rectangle", "width": "0.4 um", "height": "2 um"}, cell="20 nm",
        drive=[{"hold": "1.6 V", "until": {"time": "20 ms"}}],
    )  # fmt: skip
    drawn = draw_population(base, coverage=Discrete([0.5, 1.0]), count=2, sampling="latin_hypercube")
    half, whole = (lto.simulate(drawn.scenario_of(int(n))) for n in np.argsort(drawn.coverage))
    ratio = float(half["charge"][-1] / whole["charge"][-1])
    assert 0.5 < ratio < 0.53  # a front of 40 nm spreads a little beyond the ends of a contact of 1 um


@pytest.mark.parametrize(("shape", "power"), [("cylinder", 2), ("sphere", 3)])
def test_a_spread_of_cylinders_and_of_spheres_against_the_shrinking_core(shape: Any, power: int) -> None:
    base = scenario(
        {"shape": shape, "radius": "0.5 um"}, edge=0.01, cell="5 nm",
        contacts={"lps": {"where": {"side": "outer"}}}, drive=[{"hold": "1.6 V", "until": {"time": "18 s"}}],
    )  # fmt: skip
    drawn = draw_population(base, size=LogNormal("0.5 um", 0.3, low="0.3 um", high="0.9 um"), count=8, seed=2)
    found = ensemble_current(run_all(drawn), drawn)
    material = build_material(base)
    excess = (0.01 - material.equilibrium_composition(1.6, T)) / 0.98
    time = found["time_fine"].values
    exact = np.zeros(time.size)
    for radius, volume in zip(drawn.size, drawn.volume, strict=True):
        core = ShrinkingCore(shape, radius, material.poor.diffusivity(T), excess).exact(time) / radius
        exact += volume / drawn.volume.sum() * (1.0 - core**power)
    assert exact[-1] > 0.99
    off = np.abs(found["fraction_transformed"].values - exact)
    assert off.max() < 0.01, off.max()
    middle = (exact > 0.1) & (exact < 0.99)
    assert off[middle].max() < 0.005, off[middle].max()
    assert found.attrs["avrami_exponent"] > 0.5


def test_charges_on_different_times_add_up_exactly() -> None:
    drawn = draw_population(
        scenario(), size=Discrete(["0.4 um", "0.6 um"]), count=2, sampling="latin_hypercube"
    )
    runs = run_all(drawn)
    other = runs[1].isel(time_fine=np.r_[0:1:1, 1:900:7, runs[1].sizes["time_fine"] - 1])
    found = ensemble_current([runs[0], other], drawn)
    time = found["time_fine"].values
    charge = runs[0]["charge"].values + np.interp(time, other["time_fine"].values, other["charge"].values)
    np.testing.assert_allclose(found["charge"], charge, rtol=1e-12)
    passed = np.sum(found["current"].values[1:] * np.diff(time))
    assert passed == near(float(found["charge"][-1]), rel=1e-12)
    whole = float(np.sum([run["charge"][-1] for run in runs]))
    assert float(found["charge"][-1]) == near(whole, rel=1e-12)


def test_a_drive_of_several_steps_is_transformed_step_by_step() -> None:
    drive = [
        {"hold": "1.6 V", "until": {"time": "20 s"}},
        {"sweep": {"from": "1.6 V", "to": "0.4 V", "rate": "1.2 V/s"}},
        {"hold": "0.4 V", "until": {"time": "200 s"}},
    ]
    base = scenario({"shape": "rectangle", "width": "0.2 um", "height": "0.1 um"}, drive=drive)
    drawn = draw_population(base, size=Discrete(["0.2 um", "0.24 um"]), count=2, sampling="latin_hypercube")
    found = ensemble_current(run_all(drawn), drawn)
    steps = drive_steps(found)
    assert [(s.kind, s.start, s.end) for s in steps] == [
        ("hold", 0.0, 20.0),
        ("sweep", 20.0, 21.0),
        ("hold", 21.0, 221.0),
    ]
    fraction = found["fraction_transformed"]
    assert float(fraction.sel(time_fine=20.0, method="nearest")) == near(1.0, abs=1e-3)
    assert float(fraction[-1]) == near(1.0, abs=2e-2)
    one = lto.simulate(drawn.scenario_of(0))
    for moment in (10.0, 20.25, 20.5, 100.0):
        at = {"time_fine": moment, "method": "nearest"}
        assert float(found["potential"].sel(**at)) == near(float(one["potential"].sel(**at)), abs=2e-3)
    np.testing.assert_array_equal(found["drive_step"], one["drive_step"])
    assert "one hold" in found.attrs["avrami_note"]
    assert np.isnan(found["avrami_exponent"]).all()


@pytest.mark.parametrize("n", [0.5, 1.0, 1.7, 4.0])
def test_avrami_s_law_has_its_own_exponent(n: float) -> None:
    time = np.geomspace(1e-3, 1e3, 4000)
    fraction = -np.expm1(-np.minimum((time / 7.0) ** n, 100.0))
    fit = fit_avrami(time, fraction, low=0.1, high=0.9)
    assert fit.exponent == near(n, rel=2e-3)
    assert fit.time == near(7.0, rel=2e-3)
    assert fit.deviation < 1e-2
    local = local_exponent(time, fraction)
    inside = np.isfinite(local)
    assert local[inside] == near(n, rel=0.03)
    assert fraction[inside].min() == near(0.05, abs=0.01)
    assert fraction[inside].max() == near(0.95, abs=0.01)


def test_a_planar_front_begins_with_one_half() -> None:
    time = np.append(0.0, np.geomspace(1e-5, 1.2, 5001))
    fraction = np.minimum(np.sqrt(time), 1.0)
    local = local_exponent(time, fraction, low=0.02, high=0.99)
    first = local[np.isfinite(local)][0]
    assert first == near(0.5, abs=0.01)
    assert np.nanmax(local) > 0.8


@pytest.mark.parametrize(
    ("fraction", "low", "text"),
    [
        (np.linspace(0.0, 0.8, 50), 0.05, "a curve from"),
        (np.r_[np.linspace(0.0, 0.6, 30), np.linspace(0.5, 1.0, 20)], 0.05, "not rising"),
        (np.linspace(0.0, 1.0, 50), 1.5, "range of the fraction"),
    ],
)
def test_no_exponent_without_a_rising_curve(fraction: Any, low: float, text: str) -> None:
    with pytest.raises(InputError, match=text):
        fit_avrami(np.linspace(0.0, 1.0, 50), fraction, low=low)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Population, Path, xr.Dataset]:
    drawn = draw_population(
        scenario(), size=LogNormal("0.4 um", 0.25, low="0.25 um", high="0.7 um"), count=6, seed=4,
        weighting="volume",
    )  # fmt: skip
    out = tmp_path_factory.mktemp("population") / "p.zarr"
    return drawn, out, simulate_population(drawn, out=out, engine="serial")


def test_a_simulated_population_is_its_runs_added_up(simulated: tuple[Population, Path, xr.Dataset]) -> None:
    drawn, out, found = simulated
    runs = run_all(drawn)
    time = runs[0]["time_fine"].values
    np.testing.assert_allclose(found["time_fine"], time, rtol=1e-12)
    charge = sum(w * run["charge"].values for w, run in zip(drawn.weight, runs, strict=True))
    np.testing.assert_allclose(found["charge"], charge, rtol=1e-9)
    volume = drawn.weight * drawn.volume
    mean = sum(v * r["lithium"].values / r["lithium"].values[0] for v, r in zip(volume, runs, strict=True))
    np.testing.assert_allclose(found["li_fraction"], 0.95 * mean / volume.sum(), rtol=1e-9)
    np.testing.assert_allclose(found["particle_size"], drawn.size, rtol=1e-12)
    alone = ensemble_current(out)
    np.testing.assert_allclose(alone["charge"], found["charge"], rtol=1e-12)
    np.testing.assert_allclose(alone["particle_weight"], drawn.weight, rtol=1e-9)
    store = open_sweep(out)
    np.testing.assert_allclose(store["particle_volume"], drawn.volume, rtol=1e-9)
    np.testing.assert_allclose(store["specimen.outline.width"], drawn.size, rtol=1e-12)
    np.testing.assert_allclose(store["contact_area"], 0.5 * drawn.size * 150 * NM, rtol=1e-9)


def test_an_ensemble_is_read_like_a_run(
    simulated: tuple[Population, Path, xr.Dataset], tmp_path: Path
) -> None:
    _, _, found = simulated
    for name, variable in found.variables.items():
        assert {"units", "long_name"} <= set(variable.attrs), name
    assert electrical_table(found)["li_fraction"][0] == near(0.95)
    (step,) = drive_steps(found)
    assert (step.kind, step.value, step.end) == ("hold", 1.6, 1.0)
    plot_potential(found)
    plot_chronoamperogram([("all", found)])
    write_dataset(found, tmp_path / "e.zarr")
    back = read_dataset(tmp_path / "e.zarr")
    np.testing.assert_array_equal(back["charge"], found["charge"])
    assert back.attrs["particles_used"] == 6
    assert back.attrs["weighting"] == "volume"
    assert "LogNormal(median=4e-07" in back.attrs["distributions"]
    assert json.loads(back.attrs["drive_steps"])[0]["value"] == 1.6
    assert "contacts.lps" in back.attrs["configuration"]


def test_resuming_a_population_changes_nothing(simulated: tuple[Population, Path, xr.Dataset]) -> None:
    drawn, out, found = simulated
    again = simulate_population(drawn, out=out, engine="serial", resume=True)
    np.testing.assert_array_equal(again["charge"], found["charge"])
    with pytest.raises(InputError, match="--force"):
        simulate_population(drawn, out=out, engine="serial")


def test_a_sweep_of_one_s_own_needs_the_population(
    simulated: tuple[Population, Path, xr.Dataset], tmp_path: Path
) -> None:
    drawn, _, found = simulated
    plain = sweep(
        drawn.scenario,
        drawn.axes,
        out=tmp_path / "s.zarr",
        design="list",
        outputs=("current",),
        engine="serial",
    )
    own = ensemble_current(plain, drawn)
    np.testing.assert_allclose(
        own["charge"], np.interp(own["time_fine"], found["time_fine"], found["charge"]), rtol=1e-9, atol=1e-25
    )
    np.testing.assert_allclose(
        own["li_fraction"], np.interp(own["time_fine"], found["time_fine"], found["li_fraction"]), rtol=1e-6
    )
    assert own.attrs["capacity_C"] == near(found.attrs["capacity_C"], rel=1e-9)
    with pytest.raises(InputError, match="simulate_population keeps"):
        ensemble_current(plain)
    few = draw_population(scenario(), size=Discrete(["0.4 um"]), count=3)
    with pytest.raises(InputError, match="3 particles"):
        ensemble_current(plain, few)


@pytest.mark.parametrize("with_population", [False, True])
def test_particles_that_failed_are_counted_and_stood_for(
    simulated: tuple[Population, Path, xr.Dataset], with_population: bool
) -> None:
    drawn, out, whole = simulated
    store = open_sweep(out).load()
    lost = store.copy(deep=True)
    lost["status"].values[[1, 4]] = 2
    for name in ("particle_charge", "particle_li_fraction", "particle_weight", "particle_capacity"):
        lost[name].values[[1, 4]] = np.nan
    with pytest.warns(UserWarning, match="2 of 6 particles failed and are left out"):
        found = ensemble_current(lost, drawn if with_population else None)
    kept = [0, 2, 3, 5]
    assert found.attrs["particles_drawn"] == 6
    assert found.attrs["particles_used"] == 4
    assert found.attrs["particles_failed"] == 2
    assert found.attrs["failed"] == "1 4"
    np.testing.assert_array_equal(found["particle"], kept)
    weight = drawn.weight[kept] * 6.0 / drawn.weight[kept].sum()
    np.testing.assert_allclose(found["particle_weight"], weight, rtol=1e-9)
    expected = weight @ store["particle_charge"].values[kept]
    np.testing.assert_allclose(found["charge"], expected, rtol=1e-9)
    assert found.attrs["capacity_C"] == near(whole.attrs["capacity_C"], rel=0.3)


def test_particles_that_are_not_done_yet_are_counted_too(
    simulated: tuple[Population, Path, xr.Dataset],
) -> None:
    _, out, _ = simulated
    store = open_sweep(out).load().copy(deep=True)
    store["status"].values[2] = 0
    with pytest.warns(UserWarning, match="1 of 6 particles are not done yet"):
        found = ensemble_current(store)
    assert found.attrs["particles_pending"] == 1
    store["status"].values[:] = 2
    with pytest.raises(InputError, match="6 of 6 particles failed, none is done"):
        ensemble_current(store)


def test_a_run_that_fails_inside_the_sweep_is_left_out(tmp_path: Path) -> None:
    drawn = draw_population(
        scenario(), size=Discrete(["0.4 um", "0.5 um"]), count=4, sampling="latin_hypercube"
    )
    spoilt = tuple(
        {**point, "specimen.thickness": -1.0} if n == 2 else point for n, point in enumerate(drawn.points)
    )
    object.__setattr__(drawn, "points", spoilt)
    with pytest.warns(UserWarning, match="1 of 4 particles failed"):
        found = simulate_population(drawn, out=tmp_path / "p.zarr", engine="serial")
    assert found.attrs["particles_failed"] == 1
    assert "specimen.thickness" in str(open_sweep(tmp_path / "p.zarr")["error"].values[2])
    assert float(found["particle_weight"].sum()) == near(4.0)


def test_a_missing_run_of_a_list_counts_as_failed() -> None:
    drawn = draw_population(scenario(), size=Discrete(["0.4 um"]), count=3)
    run = lto.simulate(drawn.scenario_of(0))
    short = run.isel(time_fine=slice(0, 50))
    with pytest.warns(UserWarning, match="2 of 3 particles failed"):
        found = ensemble_current([run, None, short])
    np.testing.assert_allclose(found["charge"], 3.0 * run["charge"], rtol=1e-12)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ([], "one run or more"),
        ([xr.Dataset({"a": ("b", [1.0])})], "runs of simulate"),
        (xr.Dataset({"a": ("b", [1.0])}), "a sweep"),
    ],
)
def test_what_is_no_ensemble(source: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        ensemble_current(source)


def test_particles_of_other_drives_are_refused_and_quantiles_checked() -> None:
    first = lto.simulate(scenario())
    other = lto.simulate(scenario(temperature="60 degC"))
    with pytest.raises(InputError, match=r"runs.1.*share their potential"):
        ensemble_current([first, other])
    with pytest.raises(InputError, match="quantiles"):
        ensemble_current([first], quantiles=(0.5, 2.0))
    with pytest.raises(InputError, match="quantiles"):
        ensemble_current([first], quantiles=())
    with pytest.raises(InputError, match="particle: got 5"):
        draw_population(scenario(), size=Discrete(["0.4 um"]), count=3).scenario_of(5)


def test_what_is_no_ensemble_is_said_before_anything_is_simulated(tmp_path: Path) -> None:
    population = draw_population(scenario(), size=Discrete(["1 um"]), count=1)
    for quantiles in ((2.0,), (), "ab", (math.nan,), 0.5):
        with pytest.raises(InputError, match=r"^quantiles: got"):
            simulate_population(population, out=tmp_path / "p.zarr", quantiles=quantiles)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^population: got 'Scenario'"):
        simulate_population(scenario(), out=tmp_path / "p.zarr")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    for source, field in ((None, "source"), ([1, 2], "runs")):
        with pytest.raises(InputError, match=f"^{field}: got"):
            ensemble_current(source)  # type: ignore[arg-type]
