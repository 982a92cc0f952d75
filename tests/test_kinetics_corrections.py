"""Corrections of k by a simulation of the same specimen: known factors, similarity, deviations, bad input."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from lto_sim.cli.fit_correction import correct_front
from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella
from lto_sim.kinetics import fit_rate_constant, numbered_profiles, track_front
from lto_sim.kinetics.corrections import correct_rate_constant, true_rate
from lto_sim.kinetics.corrections.match import FrontCurve, match
from lto_sim.kinetics.corrections.twin import at_pace, on_cells
from lto_sim.kinetics.rates import RateData
from lto_sim.microscope import render_maps
from lto_sim.reproduce import experiment_scenario
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

SEEDS = (1, 2, 3)
NOISE = 0.25
PARTIAL = 0.4


def partial(**changes: Any) -> Scenario:
    given = {"specimen.cell": 25e-9, "maps.noise": NOISE} | {
        k.replace("__", "."): v for k, v in changes.items()
    }
    return experiment_scenario("extraction", 75.0, coverage=PARTIAL, overrides=given)


def front_of(scenario: Scenario, seed: int, direction: str = "extraction") -> xr.Dataset:
    maps = render_maps(simulate(scenario), noise=NOISE, probe_fwhm=scenario.maps.probe_fwhm, rng=seed)
    return track_front(maps, numbered_profiles(scenario.profile), direction=direction)


@pytest.fixture(scope="module")
def fronts() -> dict[int, xr.Dataset]:
    """The partial contact on cells of 16 nm, recorded three times."""
    scenario = partial(specimen__cell=16e-9)
    run = simulate(scenario)
    profiles = numbered_profiles(scenario.profile)
    rendered = (
        render_maps(run, noise=NOISE, probe_fwhm=scenario.maps.probe_fwhm, rng=seed) for seed in SEEDS
    )
    return {s: track_front(m, profiles, direction="extraction") for s, m in zip(SEEDS, rendered, strict=True)}


@pytest.mark.parametrize("seed", SEEDS)
def test_k_of_a_partial_contact_is_corrected_to_within_3_percent(
    fronts: dict[int, xr.Dataset], seed: int
) -> None:
    true = true_rate(partial()).k
    result = correct_rate_constant(fronts[seed], partial())
    assert 0.64 < result.k_apparent / true < 0.91
    assert result.k == pytest.approx(true, rel=0.03)
    low, high = result.interval()
    assert low < true < high
    assert result.factor == pytest.approx(result.k_apparent / result.k)
    squares = sum(part**2 for part in result.parts.values())
    assert result.k_std / result.k == pytest.approx(math.sqrt(squares))
    assert 0.3 < result.reduced_chi_square < 3.0
    assert json.loads(json.dumps(result.summary()))["k_m2_s"] == result.k


def test_the_pace_of_the_scenario_does_not_matter(fronts: dict[int, xr.Dataset]) -> None:
    scenario = partial()
    own = correct_rate_constant(fronts[1], scenario)
    for factor in (0.5, 2.0):
        values = {
            f"material.{name}.at": factor * getattr(scenario.material, name).at for name in ("D_Li4", "D_Li7")
        }
        other = correct_rate_constant(fronts[1], scenario.with_values(values))
        assert other.k == pytest.approx(own.k, rel=2e-3)
        assert other.pace == pytest.approx(own.pace / factor, rel=2e-3)


def test_a_full_side_needs_no_correction() -> None:
    scenario = experiment_scenario(
        "extraction", 75.0, overrides={"specimen.cell": 25e-9, "maps.noise": NOISE}
    )
    result = correct_rate_constant(front_of(scenario, 5), scenario)
    assert result.factor == pytest.approx(1.0, abs=0.01)
    assert result.k == pytest.approx(true_rate(scenario).k, rel=0.01)


def test_a_fit_is_corrected_like_its_front(fronts: dict[int, xr.Dataset]) -> None:
    fit = fit_rate_constant(fronts[2], window="all", k_convention="kt")
    result = correct_rate_constant(fit, partial())
    beside = correct_rate_constant(fronts[2], partial(), k_convention="kt")
    assert result.k == pytest.approx(2.0 * true_rate(partial()).k, rel=0.05)
    assert result.k == pytest.approx(beside.k, rel=0.05)
    assert math.isnan(result.reduced_chi_square)
    assert result.summary()["reduced_chi_square"] is None


def test_an_uncertain_contact_makes_k_less_certain(fronts: dict[int, xr.Dataset]) -> None:
    path = "contacts.lps.where.to"
    without = correct_rate_constant(fronts[1], partial())
    result = correct_rate_constant(fronts[1], partial(), uncertain={path: 30e-9})
    assert result.k == pytest.approx(without.k, rel=1e-9)
    assert result.k_std > without.k_std
    assert -0.04 < result.sensitivity[path] < -0.002  # a longer contact, less correction
    assert result.parts[path] == abs(result.sensitivity[path])


def test_conducting_faces_are_taken_out_of_k() -> None:
    values = {"specimen.cell": 50e-9, "specimen.layers": 4, "specimen.symmetry": True, "maps.noise": NOISE}
    scenario = experiment_scenario("insertion", 75.0, overrides=values)
    own = scenario.material.D_Li7
    law = {"at": 0.05 * 75e-9 * own.at, "reference": own.reference, "Ea": own.Ea}
    scenario = scenario.with_values({"surface": {"faces": law}, "profile": scenario.to_dict()["profile"][:2]})
    front = front_of(scenario, 1, "insertion")
    planar, bulk = (correct_rate_constant(front, scenario, target=t) for t in ("planar", "bulk"))
    true = true_rate(scenario)
    assert bulk.k == pytest.approx(true.k_bulk, rel=0.02)
    assert planar.k == pytest.approx(true.k, rel=0.02)
    expected = thin_lamella.apparent_rate_constant(1.0, true.surface_length, 150e-9)
    assert bulk.factor / planar.factor == pytest.approx(expected, rel=1e-3)


def test_a_front_from_around_a_circle() -> None:
    radius = 0.6e-6
    mapping = partial().to_dict() | {
        "specimen": {"outline": {"shape": "circle", "radius": radius}, "thickness": 150e-9, "cell": 20e-9},
        "contacts": {"lps": {"where": {"side": "all"}}},
        "profile": [{"start": [0.0, radius], "end": [0.55e-6, radius], "width": 0.15e-6}],
        "scan": {"frame_time": 0.2, "pixels": [48, 48]},
        "drive": [{"hold": 1.6, "until": {"time": 4.2}}],
    }
    scenario = Scenario.from_dict(mapping)
    true = true_rate(scenario).k
    result = correct_rate_constant(front_of(scenario, 1), on_cells(scenario, 1.25))
    assert result.k_apparent > 1.05 * true  # a front that closes in on the middle is faster than a planar one
    assert result.k == pytest.approx(true, rel=0.03)


def test_the_match_is_exact_where_the_fronts_are_the_same() -> None:
    time = np.linspace(0.5, 20.0, 30)
    curve = FrontCurve(time, 1e-7 * time**0.45)
    measured = RateData(time[3:-8] / 1.3 + 0.7, curve.at(time[3:-8]), np.array(1e-9))
    found = match(measured, {0: curve}, "parabolic", None)
    assert found.pace == pytest.approx(1.3, rel=1e-4)
    assert found.shift == pytest.approx(0.7, abs=1e-3)
    fixed = match(measured, {0: curve}, "parabolic", 0.7)
    assert fixed.pace == pytest.approx(1.3, rel=1e-4)
    assert fixed.shift == 0.7


def test_every_rate_is_at_another_pace() -> None:
    scenario = partial().with_values({
        "surface": {"perimeter": {"at": 1e-21, "reference": 300.0, "Ea": 0.0}},
        "contacts.lps.law": "linear", "contacts.lps.k_c": 1e-6,
        "grain_boundaries": {"g": {
            "line": [[1e-6, 0.0], [1e-6, 1.5e-6]],
            "along": {"at": 2e-21, "reference": 300.0, "Ea": 0.0},
            "resistance": {"at": 8.0, "reference": 300.0},
        }},
    })  # fmt: skip
    twin = at_pace(scenario, 4.0, 12.0)
    assert twin.material.D_Li4.at == pytest.approx(4.0 * scenario.material.D_Li4.at)
    assert twin.contacts["lps"].k_c == pytest.approx(4e-6)
    boundary = twin.grain_boundaries["g"]
    assert twin.surface is not None
    assert twin.surface.perimeter is not None
    assert boundary.along is not None
    assert boundary.resistance is not None
    rates = (twin.surface.perimeter.at, boundary.along.at, boundary.resistance.at)
    assert rates == pytest.approx((4e-21, 8e-21, 2.0))
    assert twin.duration == 12.0
    assert true_rate(twin).k == pytest.approx(4.0 * true_rate(scenario).k)


@pytest.mark.parametrize(
    ("values", "match_text"),
    [
        ({"profile": []}, "profile: .*at least one profile"),
        ({"drive.0.hold": 0.4, "initial": 0.0}, "drive.0.hold: .*extraction"),
        ({"drive": [{"rest": True, "until": {"time": 5.0}}]}, "drive.0: .*a hold"),
        ({"contacts.lps.where": {"side": "left", "to": 0.3e-6}}, "start: .*nearest contact"),
        ({"drive.0.hold": 0.95}, "drive.0.hold: .*leaves the gap"),
        ({"numerics.max_steps": 3}, "simulation of the specimen: status: .*step limit"),
        ({"initial": [[0.5]]}, "initial: .*one li fraction"),
    ],
)
def test_a_scenario_that_is_not_the_specimen_is_refused(
    fronts: dict[int, xr.Dataset], values: dict[str, Any], match_text: str
) -> None:
    with pytest.raises(InputError, match=match_text):
        correct_rate_constant(fronts[1], partial().with_values(values))


@pytest.mark.parametrize(
    ("options", "match_text"),
    [
        ({"target": "surface"}, "target"),
        ({"law": "linear"}, "law"),
        ({"uncertain": {"contacts.lps.where.too": 1e-9}}, "uncertain.contacts.lps.where.too: .*a number"),
        ({"uncertain": {"temperature": 0.0}}, "uncertain.temperature: .*> 0"),
        ({"window": (0.0, 6.0)}, "front: .*points"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    fronts: dict[int, xr.Dataset], options: dict[str, Any], match_text: str
) -> None:
    with pytest.raises(InputError, match=match_text):
        correct_rate_constant(fronts[1], partial(), **options)


def test_a_scan_is_needed(fronts: dict[int, xr.Dataset]) -> None:
    mapping = partial().to_dict()
    del mapping["scan"]
    with pytest.raises(InputError, match="scan"):
        correct_rate_constant(fronts[1], Scenario.from_dict(mapping))


def test_profiles_that_are_not_those_of_the_front_are_refused(fronts: dict[int, xr.Dataset]) -> None:
    twice = numbered_profiles(partial().profile) * 2
    with pytest.raises(InputError, match=r"profile: .*2 in the scenario, 1 in the front"):
        correct_rate_constant(fronts[1], partial(), twice)


def test_a_front_that_a_reaction_limits_has_no_k_to_correct() -> None:
    time = np.linspace(1.0, 20.0, 40)
    data = RateData(time, 4e-8 * time, np.array(2e-9))
    with pytest.raises(InputError, match="reaction"):
        correct_rate_constant(data, partial())


def test_the_command_line_corrects_a_front(fronts: dict[int, xr.Dataset], tmp_path: Path) -> None:
    path = tmp_path / "specimen.toml"
    path.write_text(partial(specimen__cell=40e-9).to_toml(), encoding="utf-8")
    summary, lines, _ = correct_front(fronts[1], path, uncertain=["contacts.lps.where.to=20e-9"])
    corrected = summary["corrected"]
    assert json.loads(json.dumps(corrected))["scenario"] == str(path)
    assert corrected["k_m2_s"] == pytest.approx(true_rate(partial()).k, rel=0.05)
    assert set(corrected["relative_std_of"]) == {"fit", "cells", "window", "contacts.lps.where.to"}
    assert "planar front" in lines["corrected k"]
    assert "contacts.lps.where.to" in lines["deviation from"]
    with pytest.raises(InputError, match="--target"):
        correct_front(fronts[1], path, target="surface")
    with pytest.raises(InputError, match="--uncertain"):
        correct_front(fronts[1], path, uncertain=["contacts.lps.where.to=wide"])
