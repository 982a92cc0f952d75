"""Regime maps: what is refused, measures of runs, and maps through a sweep."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from lamellae import NM, D, lamella, perimeter

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.scenario.ready import ready_scenario
from lto_sim.study import Axis, CustomOutput, RunResult, Variable
from lto_sim.study.regimes import REGIMES, expected, regime_map, regime_measures
from lto_sim.study.regimes.points import map_axes, map_points
from lto_sim.transport import simulate


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        (lambda: ready_scenario("shrinking_sphere"), "specimen.outline.shape"),
        (lambda: ready_scenario("wedge"), "specimen.thickness"),
        (lambda: ready_scenario("two_contacts_cv"), "contacts"),
        (lambda: lamella(**{"contacts.lps.where": {"arc": [0.0, 5e-8]}}), "contacts.lps.where"),
        (lambda: lamella(**{"contacts.lps.where.side": "all"}), "contacts.lps.where"),
        (lambda: lamella(**{"specimen.grid_point": [0.0, 0.0]}), "specimen.grid_point"),
        (lambda: lamella(**{"drive.0.temperature": 333.0}), "drive.0.temperature"),
        (lambda: lamella(drive=[{"current": "-1 pA", "until": {"time": 1.0}}]), "drive.0"),
        (lambda: lamella(**{"drive.0.hold": 0.95}), "drive.0.hold"),
    ],
)
def test_what_has_no_one_front_is_refused_in_one_line(scenario: Any, field: str, tmp_path: Path) -> None:
    made = scenario()
    for call in (expected, lambda s: regime_map(s, {"temperature": [300.0]}, out=tmp_path / "no")):
        with pytest.raises(InputError) as caught:
            call(made)
        assert str(caught.value).startswith(f"{field}: got ")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "no").exists()


def test_a_run_with_a_grain_boundary_is_measured_and_not_said_to_follow_the_lamella() -> None:
    seam = ready_scenario("grain_boundary").with_values({"specimen.cell": 1e-7, "drive.0.until.time": 300.0})
    found = regime_measures(RunResult(seam, simulate(seam)))
    assert found["k_over_bulk"] > 1.05
    assert not expected(seam).k_valid


def test_a_partial_contact_leads_in_the_middle() -> None:
    bent = ready_scenario("partial_contact").with_values(
        {"specimen.cell": 8e-8, "specimen.outline.width": 1e-6}
    )
    found = regime_measures(RunResult(bent, simulate(bent)))
    assert found["shell_index"] < -0.03
    assert 0.4 < found["k_over_bulk"] < 0.9


def quick_map(out: Path, axes: dict[str, Any], scenario: Scenario | None = None, **keys: Any) -> xr.Dataset:
    return regime_map(scenario or lamella(), axes, out=out, engine="serial", **keys)


AXES: dict[str, Any] = {
    "specimen.thickness": ["60 nm", "120 nm"],
    "surface.faces.at": Axis("1e-25 m^3/s", "1e-23 m^3/s", 3, "log"),
}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    out = tmp_path_factory.mktemp("map") / "map.zarr"
    return out, quick_map(out, AXES)


def test_a_map_has_its_axes_in_si_and_every_quantity_over_them(mapped: tuple[Path, xr.Dataset]) -> None:
    _, regimes = mapped
    assert regimes["k_over_bulk"].dims == ("specimen.thickness", "surface.faces.at")
    np.testing.assert_allclose(regimes["specimen.thickness"], [60 * NM, 120 * NM])
    np.testing.assert_allclose(regimes["surface.faces.at"], [1e-25, 1e-24, 1e-23], rtol=1e-9)
    assert regimes["surface.faces.at"].attrs["scale"] == "log"
    assert regimes["specimen.thickness"].attrs["units"] == "m"
    for name, variable in regimes.variables.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
    assert regimes.attrs["k_definition"] == "xi^2 = 2 k t"
    assert (regimes["status"] == 1).all()
    assert "content" in regimes
    assert "arrives" in regimes["tip_exponent"].attrs["missing"]


def test_a_map_finds_k_of_bulk_and_faces_in_parallel(mapped: tuple[Path, xr.Dataset]) -> None:
    _, regimes = mapped
    length = regimes["surface.faces.at"].values / D
    exact = 1.0 + 2.0 * length[None, :] / regimes["specimen.thickness"].values[:, None]
    np.testing.assert_allclose(regimes["k_over_bulk_expected"], exact, rtol=1e-9)
    np.testing.assert_allclose(regimes["k_over_bulk"], exact, rtol=0.01)
    np.testing.assert_allclose(regimes["content"], 0.6, atol=0.02)
    assert (regimes["beyond_crossover"] == 1.0).all()
    assert regimes["k_valid"].all()
    assert np.all(np.diff(regimes["shell_index"].values, axis=1) > 0.0)
    assert regimes["way"].values == pytest.approx(0.6e-6)
    assert regimes["regime"].values.tolist() == [[0, 1, 1], [0, 1, 1]]


def test_a_map_is_continued_and_another_one_is_not_overwritten(mapped: tuple[Path, xr.Dataset]) -> None:
    out, regimes = mapped
    again = quick_map(out, AXES, resume=True)
    xr.testing.assert_equal(again["k_apparent"], regimes["k_apparent"])
    with pytest.raises(InputError):
        quick_map(out, AXES)


class Stopped(Exception):
    """What a user who ends a map looks like."""


def test_a_map_that_was_ended_goes_on(mapped: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    seen: list[Any] = []

    def stop(tally: Any) -> None:
        seen.append(tally)
        if len(seen) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        quick_map(tmp_path / "ended", AXES, progress=stop)
    with pytest.raises(InputError, match="configuration"):
        quick_map(tmp_path / "ended", AXES, resume=True, way=0.5)
    done = quick_map(tmp_path / "ended", AXES, resume=True)
    xr.testing.assert_equal(done["k_apparent"], mapped[1]["k_apparent"])


def test_three_axes_and_the_activation_energies_of_faces_and_bulk(tmp_path: Path) -> None:
    energies = {"surface.faces.Ea": "0.3 eV", "material.D_Li7.Ea": "0.5 eV", "specimen.cell": "50 nm"}
    axes = {"temperature": ["60 degC", "75 degC"], "specimen.thickness": [1e-7], "coverage": [1.0, "50 %"]}
    regimes = quick_map(tmp_path / "t", axes, lamella(**energies, **{"specimen.outline.height": 4e-7}))
    assert regimes["k_over_bulk"].shape == (2, 1, 2)
    factor = math.exp(-0.2 * 1.602176634e-19 / 1.380649e-23 * (1.0 / 348.15 - 1.0 / 333.15))
    exact = 1.0 + 2.0 * np.array([factor, 1.0])
    np.testing.assert_allclose(regimes["k_over_bulk_expected"][:, 0, 0], exact, rtol=1e-6)
    np.testing.assert_allclose(regimes["k_over_bulk"][:, 0, 0], exact, rtol=0.005)
    np.testing.assert_allclose(regimes["coverage"], [1.0, 0.5])
    assert regimes["k_valid"][:, 0].values.tolist() == [[True, False], [True, False]]


def test_a_run_that_walls_end_early_has_states_enough(tmp_path: Path) -> None:
    walls = {"specimen.outline.height": 6e-7, "specimen.cell": "50 nm", "surface.faces.at": 1e-24}
    fast = lamella(**walls, **perimeter(1e-21))
    regimes = quick_map(tmp_path / "w", {"specimen.layers": [2, 4, 8]}, fast, outputs=("maps",))
    states = np.isfinite(regimes["li_fraction"].values).any(axis=(2, 3)).sum(axis=1)
    assert states.min() > 50
    index = regimes["shell_index"].values
    assert math.isnan(index[0])  # no layer between the faces
    assert index[1] > 0.7
    assert abs(index[2] - index[1]) < 0.01
    assert [REGIMES[n] for n in regimes["regime"].values] == ["perimeter-led"] * 3
    assert "three cells" in regimes["shell_index"].attrs["missing"]


@pytest.mark.parametrize(
    ("faces", "walls", "name"),
    [(1e-6, 5e-7, "parallel"), (0.0, 5e-7, "perimeter-led"), (1e-6, 1.2e-5, "perimeter-led")],
)
def test_walls_show_beside_faces_only_where_the_regime_says_so(
    faces: float, walls: float, name: str, tmp_path: Path
) -> None:
    """A lamella 4 um long, 1 um broad, 100 nm thick, way 2.4 um."""
    outline = {"shape": "rectangle", "width": 4e-6, "height": 1e-6}
    broad = lamella(**{"specimen.outline": outline, "specimen.cell": 1e-7, "surface.faces.at": faces * D})
    found = [
        quick_map(tmp_path / str(at), {"temperature": [348.15]}, broad.with_values(perimeter(at * D)))
        for at in (1e-12, walls)
    ]
    more = float(found[1]["shell_index"][0] - found[0]["shell_index"][0])
    assert REGIMES[int(found[1]["regime"][0])] == name
    assert (more > 0.1) == (name == "perimeter-led")
    assert name == "perimeter-led" or more < 0.02


def test_a_coverage_is_around_the_middle_of_the_side() -> None:
    base = lamella(**{"specimen.outline.height": 8e-7, "contacts.lps.where": {"side": "right", "to": 1e-7}})
    points = map_points(base, map_axes(base, {"coverage": [0.25, 1.0]}), None)
    ends = [[values[f"contacts.lps.where.{end}"] for end in ("from", "to")] for values, _ in points]
    np.testing.assert_allclose(ends, [[3e-7, 5e-7], [0.0, 8e-7]], atol=1e-15)


def test_a_scan_is_kept_for_outputs_that_may_need_one(tmp_path: Path) -> None:
    scan = {"frame_time": 1.0, "period": 60.0, "pixels": [10, 2]}
    own = CustomOutput("lamellae:scanned", {"scanned": Variable(units="1", long_name="scanned")})
    regimes = quick_map(tmp_path / "s", {"temperature": [348.15]}, lamella(scan=scan), outputs=(own,))
    assert float(regimes["scanned"][0]) == 1.0


def test_coverage_touches_the_middle_of_the_side_and_lowers_k(tmp_path: Path) -> None:
    coarse = {"specimen.outline.height": 1.6e-6, "specimen.cell": 1e-7, "specimen.layers": 2}
    bare = lamella(surface={}, **coarse)
    regimes = quick_map(tmp_path / "c", {"coverage": [0.25, 1.0]}, bare, outputs=("current",))
    assert regimes["coverage"].attrs["units"] == "1"
    assert regimes["k_over_bulk"].values[1] == pytest.approx(1.0, abs=0.01)
    assert regimes["k_over_bulk"].values[0] < 0.9
    assert regimes["k_valid"].values.tolist() == [False, True]
    assert regimes["shell_index"].values[0] < -0.05
    assert regimes["charge"].dims == ("coverage", "time_fine")


def test_a_surface_fed_map_lasts_until_its_mid_plane_has_closed(tmp_path: Path) -> None:
    alone = lamella(**{"contacts.lps.feeds": "surface", "specimen.layers": 8, "specimen.cell": "20 nm"})
    axes = {"surface.faces.at": [5e-22, 1e-22]}
    regimes = quick_map(tmp_path / "s", axes, alone.with_values({"numerics.front_fraction": 0.2}))
    for name in ("closure_near", "closure_far"):
        np.testing.assert_allclose(regimes[name], regimes[f"{name}_expected"], rtol=0.05)
    assert regimes["closure_valid"].all()
    assert not regimes["k_valid"].any()


def test_points_that_are_refused_stay_in_the_map(tmp_path: Path) -> None:
    axes = {"specimen.dead_layer.thickness": [0.0, 6e-8], "temperature": [348.15]}
    with pytest.warns(UserWarning, match="1 of 2 runs failed"):
        regimes = quick_map(tmp_path / "r", axes, lamella(surface={}))
    assert regimes["status"].values.ravel().tolist() == [1, 2]
    assert regimes["regime"].values.ravel().tolist() == [0, -1]
    assert "dead_layer" in str(regimes["error"].values.ravel()[1])
    assert math.isnan(float(regimes["k_over_bulk"][1, 0]))
    assert math.isnan(float(regimes["k_parallel"][1, 0]))


def test_a_start_without_a_front_is_a_point_that_failed(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 of 2 runs failed"):
        regimes = quick_map(tmp_path / "i", {"initial": [0.05, 0.5]}, way="0.3")  # type: ignore[arg-type]
    assert regimes["status"].values.tolist() == [1, 2]
    assert "parent phase" in str(regimes["error"].values[1])
    assert regimes["k_valid"].values.tolist() == [True, False]
    assert regimes["way"].values[0] == pytest.approx(0.3e-6)
    assert float(regimes["beyond_crossover"][0]) == 0.0  # 346 nm


def test_runs_may_last_as_the_scenario_says(tmp_path: Path) -> None:
    long = lamella(surface={}, **{"drive.0.until.time": 4000.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regimes = quick_map(tmp_path / "w", {"temperature": ["75 degC"]}, long, way=None)
    assert regimes["way"].values == pytest.approx(1e-6)
    assert regimes["content"].values[0] == pytest.approx(math.sqrt(2 * 5.454e-18 * 4000.0) / 1e-6, rel=0.02)
    assert math.isnan(float(regimes["shell_index"][0]))


@pytest.mark.parametrize(
    ("axes", "keys", "words"),
    [
        ({}, {}, "axes"),
        ([], {}, "axes"),
        ({"coverage": [0.0, 1.0]}, {}, "axes.coverage"),
        ({"coverage": [1.5]}, {}, "axes.coverage"),
        ({"temperature": [300.0, 300.0]}, {}, "axes.temperature"),
        ({"contacts.lps.law": ["equilibrium"]}, {}, "axes.contacts.lps.law"),
        ({"surface.edges.at": [1e-20]}, {}, "surface.edges"),
        ({"specimen.thickness": ["5 K"]}, {}, "specimen.thickness"),
        ({"temperature": [300.0]}, {"way": 1.2}, "way"),
        ({"temperature": [300.0]}, {"way": "half"}, "way"),
        ({"temperature": [300.0]}, {"way": math.nan}, "way"),
        ({"drive.0.until.time": [10.0, 20.0]}, {}, "axes.drive.0.until.time"),
        ({"output.every": [10.0, 20.0]}, {}, "axes.output.every"),
        ({"drive.1.hold": [0.4]}, {}, "drive.1.hold"),
        ({"specimen.symmetry": [True, False]}, {}, "axes.specimen.symmetry"),
        ({"specimen.thickness": [{"wedge": ["50 nm", "60 nm"], "axis": "y"}]}, {}, "axes.specimen.thickness"),
        ({"initial": [0.5]}, {}, "initial"),
        ({"temperature": [300.0]}, {"outputs": None}, "outputs"),
        ({"temperature": [300.0]}, {"outputs": "rate"}, "outputs"),
        ({"temperature": [300.0]}, {"outputs": ("rats",)}, "outputs"),
    ],
)
def test_maps_that_cannot_be_made_are_refused_in_one_line(
    axes: Any, keys: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        quick_map(tmp_path / "no", axes, **keys)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "no").exists()
