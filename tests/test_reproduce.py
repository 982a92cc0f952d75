"""The reproduction: what is put in, what comes out, and the published numbers beside it.

The whole study and its coverage over 20 seeds are `validation/recovery.py`; here a small particle goes the
whole way, and the numbers that do not need a simulation are checked.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.files import read_dataset
from lto_sim.kinetics import fit_arrhenius, published_table
from lto_sim.kinetics.corrections import true_rate
from lto_sim.reproduce import (
    Case,
    Study,
    experiment_scenario,
    plan_reproduction,
    reproduce,
    run_case,
    study_cases,
)
from lto_sim.reproduce.case import full_extraction_time
from lto_sim.reproduce.experiment import DIRECTIONS, TEMPERATURES_degC
from lto_sim.reproduce.summary import published_fits
from lto_sim.scenario import build_material

SMALL = {"specimen.cell": "50 nm", "scan.pixels": [32, 24]}
COARSE = {
    "specimen.cell": "80 nm", "specimen.layers": 2, "specimen.symmetry": True, "scan.pixels": [32, 24],
    "instrument.beam.current": "12 pA",  # so that a pixel has the noise of one of 64 x 48 at 50 pA
}  # fmt: skip
FEW = Study(
    temperatures_degC=(105.0, 75.0, 30.0), coverages=(0.6, 0.2), face_shares=(0.9,), perimeters=(1.8e-20,)
)


def test_the_true_rate_is_wagners_with_the_parent_as_it_starts() -> None:
    scenario = experiment_scenario("extraction", 30.0)
    material = build_material(scenario)
    poor, rich = (d.diffusivity(scenario.temperature) for d in (material.poor, material.rich))
    excess = 0.05 / 0.9
    assert true_rate(scenario).k == pytest.approx(
        wagner.rate_constant(poor, excess, excess, poor / rich), rel=1e-8
    )
    insertion = true_rate(experiment_scenario("insertion", 30.0))
    assert insertion.k == pytest.approx(wagner.rate_constant(rich, excess, 0.0), rel=1e-8)
    assert insertion.undersaturation == 0.0


@pytest.mark.parametrize(("direction", "slope"), [("extraction", 0.492238), ("insertion", 0.588802)])
def test_the_material_follows_the_line_through_table_1(direction: str, slope: float) -> None:
    table = published_table(direction)
    line = fit_arrhenius(table.temperature, table.k)
    assert line.Ea_eV == pytest.approx(slope, abs=2e-6)
    for temperature in TEMPERATURES_degC:
        k = true_rate(experiment_scenario(direction, temperature)).k  # type: ignore[arg-type]
        assert k == pytest.approx(float(line.predict(temperature + ZERO_CELSIUS)), rel=2e-3)


def test_published_activation_energies() -> None:
    extraction, insertion = (published_fits(d) for d in DIRECTIONS)
    assert round(extraction["unweighted"].Ea_eV, 3) == 0.492
    assert round(extraction["unweighted"].Ea_eV_std, 3) == 0.018
    assert round(insertion["unweighted"].Ea_eV, 3) == 0.589
    assert round(insertion["unweighted"].Ea_eV_std, 3) == 0.010
    assert round(extraction["weighted"].Ea_eV, 3) == 0.482
    assert round(extraction["weighted"].Ea_eV_std, 3) == 0.035
    assert round(insertion["weighted"].Ea_eV, 3) == 0.593
    assert round(insertion["weighted"].Ea_eV_std, 3) == 0.023
    assert round(extraction["weighted_scaled"].Ea_eV_std, 3) == 0.015
    assert round(insertion["weighted_scaled"].Ea_eV_std, 3) == 0.009


def test_every_case_has_its_own_seed_and_name() -> None:
    cases = study_cases(3)
    assert len({c.seed for c in cases}) == len(cases) == 24
    assert len({c.name for c in cases}) == len(cases)
    assert {c.seed for c in cases}.isdisjoint({c.seed for c in study_cases(4)})


def test_a_partial_contact_is_centred_and_keeps_one_profile() -> None:
    scenario = experiment_scenario("extraction", 75.0, coverage=0.4)
    where = scenario.contacts["lps"].where
    assert where.start == pytest.approx(0.45e-6)
    assert where.end == pytest.approx(1.05e-6)
    assert len(scenario.profile) == 1


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_case_returns_its_own_rate_constant(direction: str) -> None:
    result = run_case(Case(direction, 60.0, 1, overrides=tuple(SMALL.items())))  # type: ignore[arg-type]
    low, high = result.fit.interval
    assert result.fit.k == pytest.approx(result.k_true, rel=0.03)
    assert low < result.k_true * 1.01
    assert high > result.k_true * 0.99
    sign = 1.0 if direction == "extraction" else -1.0
    assert np.all(sign * result.run["current"].values[1:] > 0.0)
    assert result.run.attrs["out_of_range"] == 0
    assert result.run.attrs["worst_balance_error"] < 1e-12


def test_the_time_of_full_extraction_is_that_of_the_front_reaching_the_far_side() -> None:
    result = run_case(Case("extraction", 60.0, 1, overrides=tuple(SMALL.items())))
    wagner_time = 2.0e-6**2 / (2.0 * result.k_true)
    # the finite parent runs dry towards the end (faster than semi-infinite), and 5 % are left then
    assert 0.88 * wagner_time < full_extraction_time(result.run) < 0.98 * wagner_time


def test_the_whole_study_on_a_coarse_particle(tmp_path: Path) -> None:
    out = tmp_path / "study"
    seen: list[float] = []
    summary = reproduce(out, seed=2, overrides=dict(COARSE), study=FEW, progress=seen.append)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    stored = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert stored.keys() == summary.keys()
    for direction in ("extraction", "insertion", "insertion_no_surface"):
        block = stored["simulated"][direction]
        assert {"Ea_eV", "Ea_eV_std", "Ea_true_eV"} <= block.keys()
        assert [row["temperature_degC"] for row in block["k"]] == [105.0, 75.0, 30.0]
        assert {"true_m2_s", "fitted_m2_s", "std_m2_s"} <= block["k"][0].keys()
        if direction != "insertion":  # its projected front is no step: see test_reproduce_surfaces.py
            assert abs(block["Ea_eV"] - block["Ea_true_eV"]) < 0.01
    assert stored["simulated"]["insertion"] != stored["simulated"]["insertion_no_surface"]
    assert stored["full_extraction"]["Ea_eV"] == pytest.approx(0.430, abs=5e-4)
    assert stored["full_extraction"]["times_s"] == [387.0, 181.5, 91.5, 46.5, 25.5, 15.0]
    ratios = [entry["k_over_planar"] for entry in stored["partial_contact"]]
    assert ratios == sorted(ratios, reverse=True)
    assert 0.4 < ratios[-1] < ratios[0] < 1.0
    with (out / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert float(rows[0]["k published [cm2/s]"]) == pytest.approx(1.9e-9)
    assert {p.stem for p in (out / "figures").glob("*.png")} >= {
        "arrhenius",
        "conductances",
        "core_shell",
        "current",
        "full_extraction",
        "maps_extraction",
        "maps_insertion",
        "maps_insertion_no_surface",
        "partial_contact",
        "squared_position",
        "surface_effect",
    }
    run = read_dataset(out / "runs" / "insertion_30C" / "run.zarr")
    assert run["li_fraction"].dims == ("time", "z", "y", "x")
    with pytest.raises(InputError, match="force"):
        reproduce(out)


def test_a_bad_override_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"material\.D_Li4\.at"):
        plan_reproduction(overrides={"material.D_Li4.at": "3 eV"})
    with pytest.raises(InputError, match=r"material\.D_Li4\.at"):
        reproduce(tmp_path / "x", overrides={"material.D_Li4.at": "3 eV"}, processes=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    ["temperature", "initial", "drive.0.hold", "contacts.lps.where.side", "specimen.outline.width", "seed"],
)
def test_what_the_study_sets_itself_cannot_be_overridden(path: str) -> None:
    with pytest.raises(InputError, match=path.replace(".", r"\.")) as caught:
        study_cases(0, {path: 1.0})
    assert "\n" not in str(caught.value)


def test_a_reaction_limited_study_is_reported_rather_than_lost(tmp_path: Path) -> None:
    k_c = {"at": "4e-8 m/s", "reference": "60 degC", "Ea": "0.49 eV"}  # slow beside extraction, not insertion
    overrides = COARSE | {"specimen.cell": "60 nm", "contacts.lps.law": "linear", "contacts.lps.k_c": k_c}
    summary = reproduce(tmp_path / "slow", overrides=overrides, study=FEW)
    assert abs(summary["simulated"]["insertion_no_surface"]["Ea_eV"] - 0.5888) < 0.01
    block = summary["simulated"]["extraction"]
    assert block["Ea_eV"] is None
    assert len(block["left_out_degC"]) > 0
    assert summary["overrides"] == overrides
    assert (tmp_path / "slow" / "figures" / "arrhenius.png").is_file()
