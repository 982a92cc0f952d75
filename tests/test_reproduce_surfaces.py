"""Conducting surfaces in the reproduction: one set for both directions, k held fixed, core and shell."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.kinetics.corrections import true_rate
from lto_sim.reproduce import (
    REFERENCE_SURFACES,
    Case,
    CaseResult,
    GridCase,
    Study,
    Surfaces,
    experiment_scenario,
    grid_cases,
    plan_reproduction,
    reproduce,
    run_case,
    run_grid_case,
    study_cases,
)
from lto_sim.reproduce.core_shell import covered_shares, front_spread, perimeter_shell, states_at, transformed
from lto_sim.reproduce.experiment import DIRECTIONS, TEMPERATURES_degC
from lto_sim.reproduce.figures import build_figures
from lto_sim.reproduce.grid import GRID_HEADER, grid_cells
from lto_sim.reproduce.plan import PAIR_LABEL
from lto_sim.reproduce.summary import build_summary, comparison_rows, table_cells
from lto_sim.scenario import build_material, build_surface
from lto_sim.transport import simulate

COARSE: dict[str, Any] = {"specimen.cell": "50 nm", "specimen.layers": 4, "specimen.symmetry": True}
TINY = COARSE | {"specimen.cell": "125 nm", "scan.pixels": [32, 24]}
FAINT = {"instrument.beam.current": "12 pA"}  # so that its pixels are as noisy as those of 64 x 48 at 50 pA
THICKNESS = 150e-9


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"face_share": 1.0}, "face_share"),
        ({"face_share": -0.1}, "face_share"),
        ({"perimeter": -1e-20}, "perimeter"),
        ({"perimeter": math.inf}, "perimeter"),
        ({"reference": 0.0}, "reference"),
    ],
)
def test_surfaces_outside_their_range_are_refused(values: dict[str, float], field: str) -> None:
    with pytest.raises(InputError, match=field):
        Surfaces(**values)


@pytest.mark.parametrize("temperature", TEMPERATURES_degC)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_apparent_k_of_insertion_does_not_depend_on_the_share(share: float, temperature: float) -> None:
    bare = true_rate(experiment_scenario("insertion", temperature))
    covered = true_rate(experiment_scenario("insertion", temperature, surfaces=Surfaces(share)))
    assert covered.k == pytest.approx(bare.k, rel=1e-12)
    assert covered.k_bulk == pytest.approx((1.0 - share) * bare.k, rel=1e-9)
    assert covered.surface_length == pytest.approx(0.5 * THICKNESS * share / (1.0 - share), rel=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_true_rate_is_wagners_times_the_factor_of_a_thin_lamella(direction: Any) -> None:
    scenario = experiment_scenario(direction, 75.0, surfaces=True)
    assert scenario.surface is not None
    assert scenario.surface.faces is not None
    material = build_material(scenario)
    poor, rich = (d.diffusivity(scenario.temperature) for d in (material.poor, material.rich))
    excess = 0.05 / 0.9
    if direction == "extraction":
        growing, bulk = poor, wagner.rate_constant(poor, excess, excess, poor / rich)
    else:
        growing, bulk = rich, wagner.rate_constant(rich, excess)
    length = scenario.surface.faces.at / growing
    true = true_rate(scenario)
    assert true.k_bulk == pytest.approx(bulk, rel=1e-7)
    assert true.k == pytest.approx(bulk * (1.0 + 2.0 * length / THICKNESS), rel=1e-7)
    assert true.tip_length == pytest.approx(math.sqrt(3.0 * length * THICKNESS), rel=1e-12)


def test_the_numbers_of_the_reference_set() -> None:
    scenario = experiment_scenario("insertion", 75.0, surfaces=True)
    surface, material = build_surface(scenario), build_material(scenario)
    assert surface.perimeter is not None
    assert surface.faces is not None
    assert surface.perimeter(75.0 + ZERO_CELSIUS) == 1.8e-20
    assert surface.faces(75.0 + ZERO_CELSIUS) == pytest.approx(8.23e-22, rel=1e-3)
    assert true_rate(scenario).tip_length == pytest.approx(551e-9, abs=1e-9)
    rich = material.rich.diffusivity
    assert surface.faces.activation_energy == surface.perimeter.activation_energy == rich.activation_energy
    assert 1.8e-20 / material.poor.diffusivity(75.0 + ZERO_CELSIUS) == pytest.approx(21e-9, abs=1e-9)


def test_one_set_of_parameters_holds_for_both_directions() -> None:
    extraction, insertion = (experiment_scenario(d, 60.0, surfaces=True) for d in DIRECTIONS)
    assert extraction.material == insertion.material
    assert extraction.surface == insertion.surface
    assert extraction.contacts == insertion.contacts
    assert extraction.specimen.outline == insertion.specimen.outline
    assert insertion.specimen.layers == 6
    assert extraction.specimen.layers == 2


def test_dead_layers_make_the_faces_conduct_less_at_the_same_share() -> None:
    values = {"specimen.dead_layer": "25 nm"}
    scenario = experiment_scenario("insertion", 75.0, surfaces=True, overrides=values)
    assert scenario.surface is not None
    assert scenario.surface.faces is not None
    assert scenario.surface.faces.at == pytest.approx(8.23e-22 * 100.0 / 150.0, rel=1e-3)
    assert true_rate(scenario).k == pytest.approx(true_rate(experiment_scenario("insertion", 75.0)).k)


def test_a_wedge_has_no_one_share() -> None:
    wedge = {"specimen.thickness": {"wedge": ["100 nm", "200 nm"]}}
    with pytest.raises(InputError, match=r"specimen\.thickness"):
        experiment_scenario("insertion", 75.0, surfaces=True, overrides=wedge)


def test_overrides_come_before_surfaces_and_those_of_surfaces_after() -> None:
    values = (("material.D_Li7.at", 2e-15), ("surface.perimeter.at", 5e-20))
    covered = Case("insertion", 75.0, 1, overrides=values, surfaces=REFERENCE_SURFACES).scenario()
    assert covered.material.D_Li7.at == pytest.approx(0.1 * 2e-15)
    assert covered.surface is not None
    assert covered.surface.perimeter is not None
    assert covered.surface.perimeter.at == 5e-20
    bare = Case("insertion", 75.0, 1, overrides=values).scenario()
    assert bare.material.D_Li7.at == 2e-15
    assert bare.surface is None


def test_surfaces_that_do_not_conduct_are_left_out() -> None:
    assert experiment_scenario("insertion", 75.0, surfaces=Surfaces(0.0, 0.0)).surface is None
    assert experiment_scenario("insertion", 75.0, surfaces=False).surface is None


@pytest.fixture(scope="module")
def pair() -> dict[str, xr.Dataset]:
    scenarios = {d: experiment_scenario(d, 75.0, surfaces=True, overrides=COARSE) for d in DIRECTIONS}
    assert scenarios["extraction"].surface == scenarios["insertion"].surface
    assert scenarios["extraction"].material == scenarios["insertion"].material
    assert scenarios["extraction"].specimen == scenarios["insertion"].specimen
    return {d: simulate(s) for d, s in scenarios.items()}


def test_extraction_stays_planar(pair: dict[str, xr.Dataset]) -> None:
    data = transformed(pair["extraction"], "extraction", (0.05, 0.95))
    for state in states_at(data, (0.1, 0.3, 0.5, 0.7, 0.85)):
        assert front_spread(data, state) < 0.02
    through = data.fraction[states_at(data, (0.5,))[0]].sum(axis=2)
    assert np.ptp(through, axis=0).max() < 0.02 * through.mean()


def test_insertion_grows_a_shell_round_a_core(pair: dict[str, xr.Dataset]) -> None:
    data = transformed(pair["insertion"], "insertion", (0.05, 0.95))
    shell = perimeter_shell(data)
    assert not shell.at_end
    assert shell.ratio > 10.0
    assert shell.thickness > 50e-9
    half, rounded, late = states_at(data, (0.5, 0.7, 0.85))
    shares = covered_shares(data, half)
    assert shares["covered_share"] > 0.15
    assert shares["intermediate_share"] > 0.15
    assert shares["intermediate_share_of_covered"] > 0.7
    rows, columns = data.projected.shape[1:]
    rim = np.concatenate([data.projected[rounded, [0, -1], :].ravel(), data.projected[rounded, :, -1]])
    assert rim.min() > 0.4  # all round, the far side included
    core = data.projected[half, rows // 2, columns // 2 : -columns // 6]
    assert core.min() < 0.05
    closing = np.unravel_index(np.argmin(data.projected[late]), (rows, columns))
    assert rows / 4 < closing[0] < 3 * rows / 4  # the core closes last
    assert columns / 2 < closing[1] < columns - 2


def test_every_temperature_and_series_is_planned() -> None:
    cases = study_cases(0)
    for series in ("extraction", "insertion", "insertion_no_surface"):
        assert [c.temperature_degC for c in cases if c.series == series] == list(TEMPERATURES_degC)
    assert [c.surfaces is None for c in cases if c.series == "insertion_no_surface"] == [True] * 6
    assert len([c for c in cases if c.label == PAIR_LABEL]) == 1
    plan = plan_reproduction(overrides={"specimen.cell": "100 nm"})
    assert plan["runs"] == len(cases) + 16


def test_the_grid_holds_the_apparent_k_and_has_the_reference_set() -> None:
    cases = grid_cases()
    expected = true_rate(experiment_scenario("insertion", 75.0)).k
    table = experiment_scenario("insertion", 75.0).material.D_Li7.at
    for case in cases:
        scenario = case.scenario()
        assert true_rate(scenario).k == pytest.approx(expected, rel=1e-12)
        assert scenario.material.D_Li7.at == pytest.approx((1.0 - case.face_share) * table)
    reference = (REFERENCE_SURFACES.face_share, REFERENCE_SURFACES.perimeter)
    assert reference in {(case.face_share, case.perimeter) for case in cases}
    faces = cases[-1].scenario().surface
    assert faces is not None
    assert faces.faces is not None
    ratios = sorted({case.perimeter / faces.faces.at for case in cases})
    assert ratios[0] == pytest.approx(1.0, abs=0.01)
    assert ratios[-1] == pytest.approx(100.0, abs=1.0)


def test_a_perimeter_like_the_faces_makes_no_shell_and_a_better_one_does() -> None:
    tiny = tuple((TINY | {"specimen.cell": "100 nm"}).items())
    like, better = (run_grid_case(GridCase(0.9, p, 75.0, tiny)) for p in (8.2e-22, 8.2e-20))
    assert like.k_true == pytest.approx(better.k_true)
    assert like.content == pytest.approx(0.4, abs=0.02)
    assert better.content == pytest.approx(0.4, abs=0.02)
    assert like.image[0, -1] < 0.2  # the far corner
    assert better.image[0, -1] > 0.5
    assert better.shell.ratio > 2.0 * like.shell.ratio
    assert better.intermediate > like.intermediate
    (row,) = grid_cells([better])
    assert len(row) == len(GRID_HEADER)
    assert float(row[2]) == pytest.approx(8.2e-20)


def test_a_study_has_three_temperatures_and_the_single_one_among_them() -> None:
    with pytest.raises(InputError, match="single_degC"):
        Study(temperatures_degC=(30.0, 45.0, 60.0))
    with pytest.raises(InputError, match="temperatures_degC"):
        Study(temperatures_degC=(30.0, 75.0))


@pytest.fixture(scope="module")
def few() -> list[CaseResult]:
    study = Study(temperatures_degC=(105.0, 75.0, 45.0), coverages=())
    return [run_case(case) for case in study_cases(5, TINY | FAINT | {"specimen.cell": "80 nm"}, study)]


def test_a_refused_fit_is_reported_and_loses_nothing(few: list[CaseResult]) -> None:
    reason = "front: got 2 points; allowed: at least 4 points; add frames"
    results = [
        replace(r, front=None, fit=None, refusal=reason)
        if r.case.series == "insertion" and r.case.temperature_degC == 75.0
        else r
        for r in few
    ]
    summary = build_summary(results, [], 1.0, 5, {})
    rows = summary["simulated"]["insertion"]["k"]
    assert [row["refusal"] for row in rows][1] == reason
    assert rows[1]["verdict"] == "refused"
    assert math.isnan(rows[1]["fitted_m2_s"])
    assert 75.0 in summary["simulated"]["insertion"]["left_out_degC"]
    assert summary["simulated"]["extraction"]["Ea_eV"] == pytest.approx(0.494, abs=0.02)
    assert "75" in next(note for note in summary["notes"] if note.startswith("insertion with surfaces"))
    assert len(table_cells(summary)) == len(comparison_rows(summary)) == 9
    assert set(build_figures(results, [])) >= {
        "core_shell",
        "surface_effect",
        "squared_position",
        "arrhenius",
    }


def test_what_the_fits_return_stands_next_to_what_was_put_in(few: list[CaseResult]) -> None:
    summary = build_summary(few, [], 1.0, 5, {})
    for series, above in (("extraction", 0.06), ("insertion_no_surface", 0.03)):
        for row in summary["simulated"][series]["k"]:  # the perimeter adds some per cent on extraction
            low, high = (limit / row["true_m2_s"] for limit in row["interval_m2_s"])
            assert low < 1.0 + above
            assert high > 0.97
            assert row["fitted_over_true"] == row["fitted_m2_s"] / row["true_m2_s"]
    assert summary["simulated"]["insertion"] != summary["simulated"]["insertion_no_surface"]
    for row in summary["insertion_front"]:
        assert row["crossover_m"] == pytest.approx(1.102e-6, rel=1e-3)
        near, middle, far = row["mean_front_over_true"]
        assert 0.6 < near < middle < far < 1.6  # no parabola before the crossover
    core = summary["core_shell"]
    assert {"temperature_degC", "definitions", "extraction", "insertion", "shell"} <= core.keys()
    assert all(entry["tip_over_thickness"] > 0.0 for entry in core["insertion"])
    assert summary["surfaces"]["perimeter_m3_s"] == pytest.approx(1.8e-20)


def test_maps_without_any_front_still_give_a_summary(tmp_path: Path) -> None:
    study = Study((105.0, 75.0, 45.0), 75.0, (0.4,), (0.9,), (1.8e-20,))
    values = TINY | {"specimen.cell": "200 nm", "instrument.beam.current": "0.05 pA"}
    reproduce(tmp_path / "noisy", overrides=values, study=study, processes=1)
    stored = json.loads((tmp_path / "noisy" / "summary.json").read_text(encoding="utf-8"))
    for series in stored["simulated"].values():
        assert series["Ea_eV"] is None
        assert [row["fitted_m2_s"] for row in series["k"]] == [None] * 3
        assert all("front" in row["refusal"] for row in series["k"])
    assert not (tmp_path / "noisy" / "runs" / "insertion_75C" / "front.zarr").exists()
    assert (tmp_path / "noisy" / "figures" / "core_shell.png").is_file()
    assert len(stored["conductance_grid"]) == 1
    with (tmp_path / "noisy" / "conductances.csv").open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == list(GRID_HEADER)
