"""Sweeps: what is varied, what is run, what is kept, and what is refused."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.kinetics import fit_arrhenius
from lto_sim.scenario import ready
from lto_sim.study import Axis, CustomOutput, Variable, as_grid, open_sweep, resume_sweep, sweep
from lto_sim.study.sweeps import (
    Sweep,
    describe,
    estimate_sweep,
    read_sweep,
    ready_sweep,
    ready_sweep_text,
    ready_sweep_title,
    ready_sweeps,
    run_sweep,
    sweep_status,
)
from lto_sim.study.sweeps.axes import make_points, plain_axes
from lto_sim.study.sweeps.counting import plan_sweep
from lto_sim.study.sweeps.run import Workforce
from lto_sim.study.sweeps.store import DONE, FAILED, PENDING, create_store, read_statuses


def small(**values: Any) -> lto.Scenario:
    """Slab of 30 cells with a scan: some ten milliseconds a run."""
    return lto.Scenario.from_dict({
        "material": "lto", "temperature": "75 degC", "initial": 1.0,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "0.6 um", "height": "40 nm"}, "cell": "20 nm"
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "1.2 s"}}],
        "scan": {"frame_time": "0.1 s", "pixels": [30, 2]},
        "profile": [{"start": [0, "20 nm"], "end": ["0.5 um", "20 nm"], "width": "40 nm"}],
        "maps": {"noise": 0.02},
        "output": {"restart": "none", "every": "0.2 s"},
    }).with_values(values)  # fmt: skip


def serial(scenario: lto.Scenario, axes: Any, out: Path, **options: Any) -> xr.Dataset:
    return sweep(scenario, axes, out=out, engine="serial", **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    out = tmp_path_factory.mktemp("sweep") / "whole.zarr"
    axes = {"temperature": ["60 degC", "75 degC", "90 degC"], "maps.noise": [0.0, 0.02]}
    return out, serial(small(), axes, out, outputs=["rate", "maps", "front", "current", "Ea"])


class TestAxes:
    def test_a_linear_and_a_logarithmic_range_have_both_ends(self) -> None:
        assert Axis(1.0, 3.0, 3).values() == [1.0, 2.0, 3.0]
        found = Axis("1e-24 m^3/s", "1e-20 m^3/s", 5, "log").values()
        assert found[0] == "1e-24 m^3/s"
        assert found[-1] == "1e-20 m^3/s"
        numbers = [float(str(v).split()[0]) for v in found]
        np.testing.assert_allclose(numbers, [1e-24, 1e-23, 1e-22, 1e-21, 1e-20], rtol=1e-12)

    def test_whole_numbers_stay_whole(self) -> None:
        values = Axis(0, 4, 5).values()
        assert values == [0, 1, 2, 3, 4]
        assert all(isinstance(v, int) for v in values)

    def test_degrees_are_divided_as_written(self) -> None:
        assert Axis("30 degC", "90 degC", 3).values() == ["30.0 degC", "60.0 degC", "90.0 degC"]

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ((1.0, 1.0, 3), "from, to"),
            ((0.0, 1.0, 3, "log"), "from, to"),
            (("1 nm", "2 um", 3), "from, to"),
            ((1.0, 2.0, 0), "count"),
            ((1.0, 2.0, True), "count"),
            ((1.0, 2.0, 3, "cubic"), "scale"),
            (("much", 2.0, 3), "from"),
            ((None, 2.0, 3), "from"),
            ((1.0, math.inf, 3), "from, to"),
        ],
    )
    def test_what_is_no_range_is_refused(self, arguments: tuple[Any, ...], field: str) -> None:
        with pytest.raises(InputError) as caught:
            Axis(*arguments)
        assert caught.value.field == field

    def test_a_grid_runs_through_the_last_axis_first(self) -> None:
        points, shape = make_points(plain_axes({"a": [1, 2], "b": [3, 4, 5]}), "grid", None, 0)
        assert shape == (2, 3)
        assert [tuple(p.values()) for p in points] == [(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)]

    def test_a_zip_goes_side_by_side(self) -> None:
        points, shape = make_points(plain_axes({"a": [1, 2], "b": [3, 4]}), "zip", None, 0)
        assert shape == (2,)
        assert points == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
        with pytest.raises(InputError, match="as many values"):
            make_points(plain_axes({"a": [1, 2], "b": [3]}), "zip", None, 0)

    def test_a_latin_hypercube_has_one_point_in_every_division(self) -> None:
        axes = plain_axes({"a": Axis(0.0, 10.0), "b": Axis(1e-24, 1e-14, scale="log")})
        points, _ = make_points(axes, "latin_hypercube", 10, 5)
        assert sorted(int(p["a"]) for p in points) == list(range(10))
        assert sorted(math.floor(math.log10(p["b"])) for p in points) == list(range(-24, -14))

    def test_sobol_points_are_balanced_and_follow_the_seed(self) -> None:
        axes = plain_axes({"a": Axis(0.0, 8.0), "b": Axis(0.0, 8.0)})
        points, _ = make_points(axes, "sobol", 64, 1)
        counts, _, _ = np.histogram2d(
            [p["a"] for p in points], [p["b"] for p in points], bins=8, range=[[0, 8]] * 2
        )
        assert np.all(counts == 1)
        assert make_points(axes, "sobol", 64, 1)[0] == points
        assert make_points(axes, "sobol", 64, 2)[0] != points

    @pytest.mark.parametrize("samples", [None, 0, True, 10**9])
    def test_samples_are_needed(self, samples: Any) -> None:
        with pytest.raises(InputError) as caught:
            make_points(plain_axes({"a": Axis(0.0, 1.0)}), "sobol", samples, 0)
        assert caught.value.field == "samples"

    def test_a_value_twice_is_refused(self) -> None:
        with pytest.raises(InputError, match="every value once"):
            make_points(plain_axes({"temperature": ["45 degC", "60 degC", "45 degC"]}), "grid", None, 0)
        points, _ = make_points(plain_axes({"a": [1, 1], "b": [1, 2]}), "zip", None, 0)
        assert points == [{"a": 1, "b": 1}, {"a": 1, "b": 2}]

    def test_more_runs_than_a_store_should_hold_are_refused(self) -> None:
        with pytest.raises(InputError, match="100000 runs"):
            make_points(plain_axes({"a": list(range(1000)), "b": list(range(1000))}), "grid", None, 0)

    def test_samples_need_ranges_and_grids_no_samples(self) -> None:
        with pytest.raises(InputError, match=r"axes\.a"):
            make_points(plain_axes({"a": [1.0, 2.0]}), "sobol", 4, 0)
        with pytest.raises(InputError, match="absent"):
            make_points(plain_axes({"a": [1.0, 2.0]}), "grid", 4, 0)

    @pytest.mark.parametrize(
        "axes",
        [
            {},
            {"a": []},
            {"a": "30 degC"},
            {"a": 5.0},
            {"a": {"from": 1}},
            {"a": {"from": 1, "to": 2, "by": 1}},
        ],
    )
    def test_what_is_no_axis_is_refused(self, axes: Any) -> None:
        with pytest.raises(InputError, match="axes"):
            plain_axes(axes)


class TestDescription:
    def test_toml_gives_the_same_sweep_back(self) -> None:
        made = describe(
            small(), {"temperature": ["60 degC", "75 degC"], "maps.noise": Axis(0.01, 0.1, 3, "log")},
            outputs=["rate", CustomOutput("math:floor", {"one": Variable("m", "a length")})], seed=4,
            title="t",
        )  # fmt: skip
        again = Sweep.from_dict(tomllib.loads(made.to_toml()))
        assert again.hash == made.hash
        assert again.points == made.points
        assert again.to_toml() == made.to_toml()

    def test_whatever_changes_a_result_changes_the_hash(self) -> None:
        base: dict[str, Any] = {"axes": {"temperature": [300.0, 310.0]}, "outputs": ["rate"], "seed": 0}
        changes = [
            {"axes": {"temperature": [300.0, 311.0]}}, {"outputs": ["current"]}, {"seed": 1},
            {"design": "zip"},
            {"instrument": "jem_arm300f2_continuum_k3"},
        ]  # fmt: skip
        hashes = {
            describe(small(), options.pop("axes"), **options).hash
            for options in [dict(base), *({**base, **change} for change in changes)]
        } | {describe(small(**{"temperature": 333.0}), base["axes"]).hash}
        assert len(hashes) == len(changes) + 2

    def test_every_run_has_a_seed_of_its_own_unless_it_is_an_axis(self) -> None:
        free = describe(small(), {"temperature": [300.0, 310.0, 320.0]})
        seeds = [free.scenario_of(n).seed for n in range(3)]
        assert len(set(seeds)) == 3
        assert seeds == [free.seed_of(n) for n in range(3)]
        given = describe(small(), {"seed": [7, 8]})
        assert [given.scenario_of(n).seed for n in range(2)] == [7, 8]

    @pytest.mark.parametrize(
        ("axes", "options", "field"),
        [
            ({"temperatur": [1.0]}, {}, "temperatur"),
            ({"temperature": [-5.0]}, {}, "temperature"),
            ({"drive.3.hold": [1.0]}, {}, "drive.3.hold"),
            ({"temperature": [300.0]}, {"design": "cube"}, "design"),
            ({"temperature": [300.0]}, {"outputs": ["speed"]}, "outputs"),
            ({"temperature": [300.0]}, {"outputs": []}, "outputs"),
            ({"temperature": [300.0]}, {"outputs": "rate"}, "outputs"),
            ({"temperature": [300.0]}, {"seed": -1}, "seed"),
            ({"instrument.beam.current": [1e-10]}, {}, "instrument.beam.current"),
            ({"instrument.beam.curent": [1e-10]}, {"instrument": "jem_arm300f2_continuum_k3"}, "instrument"),
            ({"maps.noise": [0.1]}, {"outputs": ["Ea"]}, "outputs"),
            ({"temperature": [300.0]}, {"design": "list"}, "runs"),
            ([{"temperature": 300.0}], {}, "axes"),
            ([{}], {"design": "list"}, "runs.0"),
        ],
    )
    def test_a_sweep_that_cannot_be_run_is_refused(
        self, axes: Any, options: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InputError) as caught:
            describe(small(), axes, **options)
        assert caught.value.field.startswith(field)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("scenario", ["particle.toml", None, {}])
    def test_a_path_is_no_scenario(self, scenario: Any) -> None:
        with pytest.raises(InputError, match="from_toml"):
            describe(scenario, {"temperature": [300.0]})

    @pytest.mark.parametrize("swept", ["sweep.zarr", None])
    def test_a_path_is_no_sweep(self, swept: Any) -> None:
        with pytest.raises(InputError, match="open_sweep"):
            as_grid(swept)

    def test_fronts_need_a_profile(self) -> None:
        with pytest.raises(InputError, match="profile"):
            describe(small(profile=[]), {"temperature": [300.0]})
        assert describe(small(profile=[]), {"temperature": [300.0]}, outputs=["maps"]).runs == 1

    @pytest.mark.parametrize(
        ("function", "variables", "field"),
        [
            ("tip", {"tip": Variable("m", "tip")}, "custom"),
            ("my:tip", {}, "custom.my:tip"),
            ("my:tip", {"the tip": Variable("m", "tip")}, "custom.my:tip"),
        ],
    )
    def test_a_custom_output_that_cannot_be_is_refused(
        self, function: str, variables: Any, field: str
    ) -> None:
        with pytest.raises(InputError) as caught:
            CustomOutput(function, variables)
        assert caught.value.field == field

    def test_names_that_are_taken_are_refused(self) -> None:
        with pytest.raises(InputError, match="a name that nothing else has"):
            describe(small(), {"seed": [1]}, outputs=["rate", CustomOutput("a:b", {"k": Variable("1", "k")})])

    @pytest.mark.parametrize("arguments", [("", "x"), ("m", " "), ("m", "x", 0), ("m", "x", True)])
    def test_a_variable_says_what_it_is(self, arguments: tuple[Any, ...]) -> None:
        with pytest.raises(InputError):
            Variable(*arguments)


class TestPlan:
    def test_sizes_are_those_of_the_largest_run(self) -> None:
        made = describe(small(), {"specimen.outline.width": ["0.56 um", "0.8 um"]}, outputs=["current"])
        planned = plan_sweep(made)
        assert [c.mesh for c in planned.counts if c] == [(1, 2, 28), (1, 2, 40)]
        assert planned.largest.mesh == (1, 2, 40)

    def test_a_refused_run_is_known_before_and_the_others_stay(self) -> None:
        made = describe(small(), {"specimen.dead_layer": ["1 nm", "90 nm"]})
        planned = plan_sweep(made)
        assert list(planned.refusals) == [1]
        assert planned.counts[1] is None
        assert planned.counts[0] is not None

    def test_the_value_of_a_refused_run_is_in_si_too(self) -> None:
        planned = plan_sweep(describe(small(), {"specimen.cell": ["20 nm", "500 um"]}, outputs=["current"]))
        assert list(planned.refusals) == [1]
        np.testing.assert_allclose(planned.coordinates["specimen.cell"], [20e-9, 500e-6], rtol=1e-12)
        assert planned.meanings == {}

    def test_runs_of_one_simulation_are_known(self) -> None:
        made = describe(small(), {"seed": [1, 2], "temperature": [330.0, 340.0], "maps.noise": [0.01, 0.02]})
        assert plan_sweep(made).hashes.tolist() == [0, 0, 2, 2, 0, 0, 2, 2]

    def test_coordinates_are_in_si_and_texts_are_codes(self) -> None:
        made = describe(
            small(),
            {"temperature": ["30 degC", "40 degC"], "contacts.lps.law": ["equilibrium"]},
            design="grid",
        )
        planned = plan_sweep(made)
        assert planned.coordinates["temperature"].tolist() == [303.15, 313.15]
        assert planned.meanings == {"contacts.lps.law": ["equilibrium"]}

    def test_maps_of_a_run_without_an_end_are_refused(self) -> None:
        drive = [{"hold": 1.6, "until": {"li_fraction": 0.5}}]
        with pytest.raises(InputError, match="drive"):
            plan_sweep(describe(small(drive=drive, output={}), {"temperature": [340.0]}))


class TestRuns:
    def test_run_comes_first_and_everything_is_labelled(self, whole: tuple[Path, xr.Dataset]) -> None:
        _, found = whole
        assert found["status"].values.tolist() == [DONE] * 6
        assert found["li_fraction"].dims == ("run", "time", "y", "x")
        assert found["front_position"].dims == ("run", "time", "profile")
        for name, variable in found.variables.items():
            assert {"units", "long_name"} <= set(variable.attrs), name
            if name in found.data_vars:
                assert variable.dims[0] == "run"
        assert {"title", "history", "configuration", "configuration_sha256", "lto_sim_version"} <= set(
            found.attrs
        )
        assert found["temperature"].values.tolist() == [333.15, 333.15, 348.15, 348.15, 363.15, 363.15]

    def test_a_run_of_it_is_that_of_simulate(self, whole: tuple[Path, xr.Dataset]) -> None:
        _, found = whole
        one = Sweep.from_dict(tomllib.loads(found.attrs["configuration"])).scenario_of(3)
        assert one.seed == int(found["seed"][3])
        run = lto.simulate(one)
        maps = lto.render_maps(run, noise=one.maps.noise, probe_fwhm=one.maps.probe_fwhm, rng=one.seed)
        np.testing.assert_array_equal(found["li_fraction"][3].values, maps["li_fraction"].values)
        line = one.profile[0]
        fit = lto.fit_rate_constant(lto.track_front(maps, lto.Profile(line.start, line.end, line.width)))
        assert float(found["k"][3, 0]) == fit.k
        assert float(found["k_std"][3, 0]) == fit.k_std

    def test_charge_is_exact_and_current_its_difference(self, whole: tuple[Path, xr.Dataset]) -> None:
        _, found = whole
        charge, current = found["charge"].values, found["current"].values
        time = found["time_fine"].values
        np.testing.assert_allclose(np.cumsum(current, axis=1) * time[0], charge, rtol=1e-12)
        made = Sweep.from_dict(tomllib.loads(found.attrs["configuration"]))
        run = lto.simulate(made.scenario_of(2))
        assert charge[2, -1] == float(run["charge"][-1])

    def test_Ea_is_that_of_the_line_through_its_runs(self, whole: tuple[Path, xr.Dataset]) -> None:
        _, found = whole
        k, deviation = found["k"].values[:, 0], found["k_std"].values[:, 0]
        for noise in (0, 1):
            own = slice(noise, None, 2)
            fit = fit_arrhenius(found["temperature"].values[own], k[own], deviation[own])
            np.testing.assert_allclose(found["Ea"].values[own, 0], fit.Ea_eV, rtol=1e-12)
        assert np.all(np.abs(found["Ea"].values[:, 0] - 0.49) < 0.05)

    def test_a_grid_has_its_axes_as_dimensions(self, whole: tuple[Path, xr.Dataset]) -> None:
        _, found = whole
        grid = as_grid(found)
        assert grid["k"].dims == ("temperature", "maps.noise", "profile")
        assert grid["temperature"].values.tolist() == [333.15, 348.15, 363.15]
        assert grid["maps.noise"].values.tolist() == [0.0, 0.02]
        one = grid["k"].sel({"temperature": 348.15, "maps.noise": 0.02})
        assert one.values.tolist() == found["k"].values[3].tolist()
        assert grid["li_fraction"].dims[2:] == ("time", "y", "x")
        assert grid["seed"].dims == ("temperature", "maps.noise")
        np.testing.assert_array_equal(grid["li_fraction"].values[1, 1], found["li_fraction"].values[3])

    def test_other_designs_lie_on_no_grid(self, tmp_path: Path) -> None:
        found = serial(small(), [{"temperature": 330.0}], tmp_path / "list.zarr", design="list")
        with pytest.raises(InputError, match="design grid"):
            as_grid(found)

    def test_no_text_is_stored_as_an_array_of_characters(self, whole: tuple[Path, xr.Dataset]) -> None:
        out, _ = whole
        group = zarr.open_group(out, mode="r")
        kinds = {
            name: str(json.loads((out / name / "zarr.json").read_text())["data_type"])
            for name, _ in group.arrays()
        }
        assert kinds["error"] == "string"
        assert not any("fixed_length" in kind for kind in kinds.values())

    def test_an_existing_target_is_refused_and_kept(self, whole: tuple[Path, xr.Dataset]) -> None:
        out, _ = whole
        with pytest.raises(InputError, match="--force"):
            serial(small(), {"temperature": [340.0]}, out)
        assert open_sweep(out).sizes["run"] == 6

    def test_resume_of_a_whole_sweep_runs_nothing(self, whole: tuple[Path, xr.Dataset]) -> None:
        out, _ = whole
        stamps = {p: p.stat().st_mtime_ns for p in (out / "status" / "c").iterdir()}
        resume_sweep(out, engine="serial")
        assert {p: p.stat().st_mtime_ns for p in (out / "status" / "c").iterdir()} == stamps

    def test_status_counts(self, whole: tuple[Path, xr.Dataset]) -> None:
        status = sweep_status(whole[0])
        assert (status.total, status.done, status.failed, status.pending) == (6, 6, 0, 0)
        assert not status.working
        assert status.time_left == 0.0

    def test_runs_of_different_sizes_end_in_nan(self, tmp_path: Path) -> None:
        found = serial(
            small(), [{"scan.pixels": [28, 2]}, {"scan.pixels": [30, 2]}, {"drive.0.until.time": 0.6}],
            tmp_path / "sizes.zarr", design="list", outputs=["maps"],
        )  # fmt: skip
        values = found["li_fraction"].values
        assert values.shape == (3, 12, 2, 30)
        assert np.isnan(values[0, :, :, 28:]).all()
        assert np.isfinite(values[0, :, :, :28]).all()
        assert np.isfinite(values[1]).all()
        assert np.isnan(values[2, 6:]).all()
        assert "x_of_run" in found
        assert found["x_of_run"].dims == ("run", "x")

    def test_a_failed_run_is_recorded_and_the_sweep_goes_on(self, tmp_path: Path) -> None:
        out = tmp_path / "failed.zarr"
        with pytest.warns(UserWarning, match="2 of 4 runs failed"):
            found = serial(
                small(), [{"specimen.dead_layer": "90 nm"}, {"maps.noise": 0.01}, {"numerics.max_steps": 3},
                          {"maps.noise": 0.02}],
                out, design="list",
            )  # fmt: skip
        assert found["status"].values.tolist() == [FAILED, DONE, FAILED, DONE]
        errors = [str(e) for e in found["error"].values]
        assert "dead_layer" in errors[0]
        assert "step limit" in errors[2]
        assert errors[1] == errors[3] == ""
        assert np.isnan(found["k"].values[[0, 2]]).all()
        assert np.isfinite(found["k"].values[[1, 3]]).all()
        status = sweep_status(out)
        assert status.failed == 2
        assert len(status.reasons) == 2

    def test_failed_runs_are_run_again_on_request_but_not_refused_ones(self, tmp_path: Path) -> None:
        out = tmp_path / "again.zarr"
        with pytest.warns(UserWarning, match="failed"):
            serial(small(),
                [{"specimen.dead_layer": "90 nm"}, {"numerics.max_steps": 3}, {"maps.noise": 0.0}],
                   out, design="list")  # fmt: skip
        before = {n: (out / "status" / "c" / str(n)).stat().st_mtime_ns for n in range(3)}
        with pytest.warns(UserWarning, match="failed"):
            resume_sweep(out, engine="serial", retry_failed=True)
        after = {n: (out / "status" / "c" / str(n)).stat().st_mtime_ns for n in range(3)}
        assert after[0] == before[0]
        assert after[1] > before[1]
        assert after[2] == before[2]

    def test_only_what_is_missing_is_run(self, tmp_path: Path) -> None:
        out, other = tmp_path / "part.zarr", tmp_path / "whole.zarr"
        axes = {"temperature": [330.0, 340.0, 350.0, 360.0]}
        serial(small(), axes, out)
        whole = serial(small(), axes, other)
        for number in (1, 3):
            (out / "status" / "c" / str(number)).unlink()
        kept = (out / "k" / "c" / "0" / "0").stat().st_mtime_ns
        assert sweep_status(out).pending == 2
        found = serial(small(), axes, out, resume=True)
        assert (out / "k" / "c" / "0" / "0").stat().st_mtime_ns == kept
        for name in set(whole.variables) - {"wall_time"}:
            xr.testing.assert_identical(found[name], whole[name])

    def test_another_configuration_is_not_resumed(self, tmp_path: Path) -> None:
        out = tmp_path / "one.zarr"
        serial(small(), {"temperature": [340.0]}, out)
        with pytest.raises(InputError, match="configuration"):
            serial(small(), {"temperature": [341.0]}, out, resume=True)

    def test_shards_make_the_whole(self, tmp_path: Path) -> None:
        out, other = tmp_path / "shards.zarr", tmp_path / "whole.zarr"
        axes = {"temperature": [330.0, 340.0, 350.0], "seed": [1, 2]}
        whole = serial(small(), axes, other, outputs=["Ea"])
        serial(small(), axes, out, outputs=["Ea"], shard=(1, 2))
        status = read_statuses(out, 6)
        assert status.tolist() == [DONE, DONE, PENDING, PENDING, DONE, DONE]
        found = serial(small(), axes, out, outputs=["Ea"], shard=(2, 2))
        for name in set(whole.variables) - {"wall_time"}:
            xr.testing.assert_identical(found[name], whole[name])

    def test_failed_runs_are_run_again_by_one_coordinator(self, whole: tuple[Path, xr.Dataset]) -> None:
        with pytest.raises(InputError, match="without a shard"):
            resume_sweep(whole[0], retry_failed=True, shard=(1, 2))

    def test_a_whole_sweep_needs_no_scheduler(self, whole: tuple[Path, xr.Dataset]) -> None:
        found = resume_sweep(whole[0], engine="dask", scheduler="tcp://127.0.0.1:1")
        assert found["status"].values.tolist() == [DONE] * 6

    def test_an_instrument_is_swept_through_spectra(self, tmp_path: Path) -> None:
        found = serial(
            small(**{"scan.pixels": [12, 1], "scan.period": "0.4 s", "profile": []}),
            {"instrument.beam.current": ["2 nA", "8 nA"]}, tmp_path / "beam.zarr",
            outputs=["maps"], instrument="jem_arm300f2_continuum_k3",
        )  # fmt: skip
        assert found["status"].values.tolist() == [DONE, DONE]
        assert found["instrument.beam.current"].attrs["units"] == "A"
        low, high = np.nanmedian(found["li_fraction_std"].values, axis=(1, 2, 3))
        assert low / high == pytest.approx(2.0, rel=0.25)

    def test_a_function_of_one_s_own(self, tmp_path: Path) -> None:
        own = CustomOutput("sweep_outputs:way_and_states", {
            "way": Variable("m", "last front position"), "content": Variable("1", "mean li fraction", size=2),
        })  # fmt: skip
        found = serial(
            small(), {"temperature": [330.0, 350.0]}, tmp_path / "own.zarr", outputs=["front", own]
        )
        np.testing.assert_array_equal(
            found["way"].values, np.nanmax(found["front_position"].values, axis=(1, 2))
        )
        assert found["content"].dims == ("run", "content_item")
        assert found["content"].values[0, 0] == 1.0
        assert np.all(found["content"].values[:, 1] < 1.0)

    def test_a_radial_run_keeps_its_current(self, tmp_path: Path) -> None:
        found = serial(
            ready.ready_scenario("shrinking_sphere"), {"specimen.outline.radius": ["60 nm", "80 nm"]},
            tmp_path / "r.zarr", outputs=["current"],
        )  # fmt: skip
        np.testing.assert_allclose(
            found["charge"].values[1, -1] / found["charge"].values[0, -1], (8 / 6) ** 3, rtol=0.2
        )

    def test_a_function_that_is_not_there_is_refused_before_anything_is_made(self, tmp_path: Path) -> None:
        own = CustomOutput("no_such_module:tip", {"tip": Variable("m", "tip")})
        with pytest.raises(InputError, match="no_such_module"):
            serial(small(), {"temperature": [330.0]}, tmp_path / "own.zarr", outputs=[own])
        assert list(tmp_path.iterdir()) == []

    def test_nothing_is_left_of_a_sweep_that_no_run_can_do(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="thickness"):
            serial(small(), {"specimen.thickness": [-1.0]}, tmp_path / "no.zarr")
        assert list(tmp_path.iterdir()) == []

    def test_another_result_is_no_sweep(self, tmp_path: Path) -> None:
        xr.Dataset({"a": ("x", [1.0])}).to_zarr(tmp_path / "other.zarr", consolidated=False)
        for path in (tmp_path / "other.zarr", tmp_path / "missing.zarr"):
            with pytest.raises(InputError, match="store of a sweep"):
                open_sweep(path)

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"engine": "gpu"}, "engine"), ({"workers": 0}, "workers"), ({"workers": True}, "workers"),
            ({"shard": (3, 2)}, "shard"), ({"shard": (0, 2)}, "shard"),
            ({"scheduler": "tcp://nowhere:1"}, "scheduler"),
        ],
    )  # fmt: skip
    def test_a_workforce_that_cannot_be_is_refused(self, options: dict[str, Any], field: str) -> None:
        with pytest.raises(InputError) as caught:
            Workforce(**options)
        assert caught.value.field == field


class TestEstimate:
    def test_runs_cells_and_disk_are_those_that_come(self, tmp_path: Path) -> None:
        made = describe(small(), {"temperature": [330.0, 340.0], "seed": [1, 2, 3]}, outputs=["maps", "rate"])
        said = estimate_sweep(made, workers=1)
        run_sweep(made, tmp_path / "e.zarr", Workforce("serial"))
        used = sum(p.stat().st_blocks * 512 for p in (tmp_path / "e.zarr").rglob("*") if p.is_file())
        assert said.runs == 6
        assert said.simulations == 2
        assert said.cells == (60, 60)
        assert used / 2 < said.disk_bytes < used * 2
        assert said.time_s > 0.0

    def test_a_store_is_whole_before_the_first_run(self, tmp_path: Path) -> None:
        made = describe(small(), {"temperature": [330.0, 340.0]}, outputs=["maps"])
        create_store(made, plan_sweep(made), tmp_path / "new.zarr", force=False)
        found = open_sweep(tmp_path / "new.zarr")
        assert found["status"].values.tolist() == [PENDING, PENDING]
        assert np.isnan(found["li_fraction"].values).all()


class TestFile:
    def test_a_file_is_the_sweep_of_its_keys(self, tmp_path: Path) -> None:
        (tmp_path / "particle.toml").write_text(small().to_toml(), encoding="utf-8")
        file = tmp_path / "sweep.toml"
        file.write_text(
            'scenario = "particle.toml"\noutputs = ["rate"]\nseed = 3\n[axes]\n'
            'temperature = ["60 degC", "75 degC"]\n'
            '"maps.noise" = { from = 0.01, to = 0.1, count = 2, scale = "log" }\n', encoding="utf-8",
        )  # fmt: skip
        found = read_sweep(file)
        assert found.runs == 4
        axes = {"temperature": ["60 degC", "75 degC"], "maps.noise": Axis(0.01, 0.1, 2, "log")}
        assert found.hash == describe(small(), axes, seed=3).hash
        assert (
            read_sweep(file, {"specimen.thickness": 1e-7}, seed=4).scenario_of(0).specimen.thickness == 1e-7
        )

    def test_a_ready_scenario_by_its_name(self, tmp_path: Path) -> None:
        file = tmp_path / "sweep.toml"
        file.write_text('scenario = "planar_extraction"\n[axes]\ntemperature = [330.0]\n', encoding="utf-8")
        assert read_sweep(file).scenario_of(0).temperature == 330.0

    @pytest.mark.parametrize(
        ("text", "field"),
        [
            ("", "scenario"),
            ('scenario = "nothing"\n[axes]\ntemperature = [330.0]', "scenario"),
            ('scenario = "missing.toml"\n[axes]\ntemperature = [330.0]', "scenario"),
            ('scenario = "planar_extraction"', "axes"),
            ('scenario = "planar_extraction"\noutput = ["rate"]', "output"),
            ('scenario = "planar_extraction"\noutputs = "rate"\n[axes]\ntemperature = [330.0]', "outputs"),
            (
                'scenario = "planar_extraction"\n[axes]\ntemperature = [330.0]\n[[runs]]\ntemperature = 1.0',
                "runs",
            ),
            ('scenario = "planar_extraction"\ninstrument = "none.toml"\n[axes]\nseed = [1]', "instrument"),
            ('scenario = "planar_extraction"\n[axes]\nseed = [1]\n[custom]\n"a:b" = 3', "custom.a:b"),
            (
                'scenario = "planar_extraction"\n[axes]\nseed = [1]\n[custom."a:b"]\nc = { unit = "m" }',
                "custom.a:b",
            ),
            ("specimen = 3", "sweep"),
            ("not toml", "sweep"),
        ],
    )
    def test_a_file_that_cannot_be_run_is_refused(self, tmp_path: Path, text: str, field: str) -> None:
        file = tmp_path / "sweep.toml"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_sweep(file)
        assert caught.value.field.startswith(field)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ready_sweeps())
def test_a_ready_sweep_can_be_planned(name: str) -> None:
    found = ready_sweep(name)
    assert found.title == ready_sweep_title(name)
    assert "#" in ready_sweep_text(name)
    planned = plan_sweep(found)
    assert not planned.refusals
    assert 8 <= found.runs <= 64


def test_a_ready_sweep_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="sweep_sensitivities"):
        ready_sweep("sweep_of_everything")


# --- the order of axes, on which the numbers of runs depend ---


@pytest.mark.parametrize("name", ready_sweeps())
def test_a_ready_sweep_numbers_its_runs_alike_after_it_was_stored(name: str) -> None:
    described = ready_sweep(name)
    stored = Sweep.from_dict(tomllib.loads(described.to_toml()))
    assert stored.points == described.points
    assert stored.hash == described.hash


def test_a_range_before_a_list_keeps_its_place(tmp_path: Path) -> None:
    """TOML puts lists before tables: the runs were once numbered in another order than the coordinates."""
    axes = {"temperature": Axis("60 degC", "90 degC", 3), "drive.0.hold": ["1.5 V", "1.6 V"]}
    out = tmp_path / "mixed.zarr"
    found = serial(small(), axes, out, outputs=["rate"])
    grid = as_grid(found)
    k = grid["k_true"].transpose("temperature", "drive.0.hold").values
    assert (np.diff(k, axis=0) > 0.5 * k[:-1]).all()  # k rises with temperature
    np.testing.assert_allclose(k[:, 0], k[:, 1], rtol=1e-6)  # and hardly knows the potential


@pytest.mark.parametrize("order", [["temperature"], "temperature", ["temperature", "seed", "seed"]])
def test_an_order_of_other_axes_is_refused(order: Any) -> None:
    mapping = {"scenario": small().to_dict(), "axes": {"temperature": [300.0, 310.0], "seed": [1, 2]}}
    with pytest.raises(InputError, match="order"):
        Sweep.from_dict(mapping | {"order": order})


def test_a_store_that_was_labelled_in_another_order_is_refused(tmp_path: Path) -> None:
    """As stores were written before the order was kept: a range before a list."""
    out = tmp_path / "old.zarr"
    axes = {"temperature": Axis("60 degC", "90 degC", 2), "drive.0.hold": ["1.5 V", "1.6 V"]}
    serial(small(), axes, out, outputs=["rate"])
    root = out / "zarr.json"
    content = json.loads(root.read_text(encoding="utf-8"))
    described = tomllib.loads(content["attributes"]["configuration"])
    assert described.pop("order") == list(axes)
    content["attributes"]["configuration"] = Sweep.from_dict(described).to_toml()
    root.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="run it again"):
        resume_sweep(out)
