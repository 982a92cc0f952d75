"""A run that is continued from a saved state is the uninterrupted run; what may differ and what may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files import read_dataset, write_dataset
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

DRIVE: list[dict[str, Any]] = [
    {"hold": 1.1, "until": {"time": 0.4}},
    {"current": -3e-14, "until": {"time": 0.6}},
    {"rest": True, "until": {"time": 0.5}},
    {"sweep": {"to": 0.85, "rate": 0.5}, "temperature": "80 degC"},
    {"gitt": {"current": 4e-14, "pulse": 0.3, "rest": 0.2, "pulses": 5, "potential": 0.9838}},
    {"hold": 1.2, "until": {"li_fraction": 0.75, "time": 9.0}},
]
PARTICLE: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 0.985,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "200 nm", "height": "160 nm"},
        "thickness": "100 nm",
        "cell": "20 nm",
    },
    "surface": {"perimeter": {"at": 2e-22, "reference": "75 degC", "Ea": "0.4 eV"}},
    "contacts": {
        "a": {
            "where": {"side": "left"}, "law": "butler_volmer", "k0": "5e-9 m/s", "transfer_coefficient": 0.4,
            "resistance": 1e-3, "capacitance": 0.05,
        },
        "b": {
            "where": {"side": "right", "from": "40 nm", "to": "120 nm"}, "law": "marcus_hush_chidsey",
            "k0": "1e-9 m/s", "reorganization_energy": "0.35 eV",
        },
    },
    "drive": DRIVE,
    "scan": {"frame_time": 0.3, "pixels": [5, 4]},
    "output": {"every": 0.2},
}  # fmt: skip
SLAB: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 0.97,
    "specimen": {"outline": {"shape": "slab", "length": "400 nm"}, "thickness": "100 nm", "cell": "20 nm"},
    "contacts": {"lps": {"where": {"side": "left"}, "law": "butler_volmer", "k0": "1e-8 m/s"}},
    "drive": [{"hold": 1.2, "until": {"time": 1.0}}, {"current": 5e-13, "until": {"time": 1.0}}],
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.from_dict(PARTICLE)


@pytest.fixture(scope="module")
def whole(scenario: Scenario) -> xr.Dataset:
    return simulate(scenario)


@pytest.fixture(scope="module")
def short() -> xr.Dataset:
    return simulate(Scenario.from_dict(SLAB))


def assert_continues(again: xr.Dataset, run: xr.Dataset, *, outputs: bool = True) -> None:
    """The run that was continued ends as the other, with the same outputs after the restart."""
    for name, values in run.data_vars.items():
        if str(name).startswith("restart_") and name != "restart_state":
            one, other = again[name].to_numpy()[-1], values.to_numpy()[-1]
            scale = float(np.abs(other).max()) or 1.0
            np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-12 * scale, err_msg=str(name))
    assert again.attrs["status"] == run.attrs["status"]
    assert again.attrs["end_time_s"] == pytest.approx(run.attrs["end_time_s"], rel=1e-12)
    if not outputs:
        return
    start = float(again["time_fine"][0])
    late = run["time_fine"].to_numpy() > start
    for name in ("time_fine", "potential", "charge", "lithium", "interface_potential", "overpotential",
                 "charge_of_contact", "double_layer_charge", "drive_step"):  # fmt: skip
        if name in run:
            other = run[name].to_numpy()[..., late]
            scale = float(np.abs(run[name]).max()) or 1.0
            np.testing.assert_allclose(
                again[name].to_numpy()[..., 1:], other, rtol=0.0, atol=1e-12 * scale, err_msg=name
            )
    # the first mean after the restart begins there, not at the sample before
    mean, other = again["current"].to_numpy()[2:], run["current"].to_numpy()[late][1:]
    np.testing.assert_allclose(mean, other, rtol=0.0, atol=1e-10 * float(np.abs(run["current"]).max()))
    common = run["time"].to_numpy() > start
    kept = again["time"].to_numpy() > start
    np.testing.assert_array_equal(again["time"][kept], run["time"][common])
    np.testing.assert_allclose(again["li_fraction"][kept], run["li_fraction"][common], atol=2e-7)
    if "surface_excess" in run:
        np.testing.assert_allclose(again["surface_excess"][kept], run["surface_excess"][common], atol=2e-7)


def test_the_mixed_drive_is_mixed(whole):
    steps = json.loads(whole.attrs["drive_steps"])
    ended = [step["ended_by"] for step in steps]
    assert [step["number"] for step in steps] == [*range(ended.index("potential") + 1), 14]
    assert [step["kind"] for step in steps[:5]] == ["hold", "current", "rest", "sweep", "current"]
    assert steps[-1]["kind"] == "hold"
    assert steps[-1]["ended_by"] == "li_fraction"
    assert whole.attrs["surface_elements"] > 20
    assert whole.sizes["restart_point"] == whole.sizes["time"] > 20


@pytest.mark.parametrize("part", [0.0, 0.15, 0.35, 0.55, 0.75, 0.95])
def test_continued_from_any_saved_state(scenario, whole, part):
    state = round(part * (whole.sizes["time"] - 1))
    again = simulate(scenario, restart=whole, restart_time=float(whole["time"][state]))
    assert float(again["time_fine"][0]) <= float(whole["time"][state])
    assert_continues(again, whole)
    assert_frames_continue(again, whole)
    assert again.attrs["worst_balance_error"] < 1e-12


def assert_frames_continue(again: xr.Dataset, run: xr.Dataset) -> None:
    """Pixels visited after the restart are those of the uninterrupted run, and all others are missing."""
    start = float(again["time_fine"][0])
    visited = run["frame_time"].to_numpy()[:, None, None] + run["pixel_time"].to_numpy()
    first = round(float(again["frame_time"][0]) / 0.3)
    np.testing.assert_allclose(again["frame_time"], run["frame_time"][first:], atol=1e-12)
    seen, expected = again["scan_li_fraction"].to_numpy(), run["scan_li_fraction"].to_numpy()[first:]
    after = (visited[first:] > start) & np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(seen), after)
    np.testing.assert_allclose(seen[after], expected[after], atol=1e-7)
    assert not np.any((visited[:first] > start) & np.isfinite(run["scan_li_fraction"].to_numpy()[:first]))


def test_continued_from_a_store(scenario, whole, tmp_path: Path):
    write_dataset(whole, tmp_path / "run.zarr")
    stored = read_dataset(tmp_path / "run.zarr")
    state = whole.sizes["time"] // 2
    again = simulate(scenario, restart=stored, restart_time=float(stored["time"][state]))
    assert_continues(again, whole)


def test_a_continued_run_can_be_continued(scenario, whole):
    third, two_thirds = (float(whole["time"][n * whole.sizes["time"] // 3]) for n in (1, 2))
    once = simulate(scenario, restart=whole, restart_time=third)
    assert_continues(simulate(scenario, restart=once, restart_time=two_thirds), whole)


def test_a_drive_without_a_known_duration():
    drive = [{"current": 5e-13, "until": {"potential": 1.0}}, {"hold": 1.0, "until": {"current": 2e-13}}]
    scenario = Scenario.from_dict(SLAB | {"drive": drive})
    run = simulate(scenario)
    for state in (1, run.sizes["time"] // 2, run.sizes["time"] - 2):
        again = simulate(scenario, restart=run, restart_time=float(run["time"][state]))
        assert_continues(again, run, outputs=False)
        common = min(again.sizes["time_fine"] - 1, 20)
        assert common > 0
        for name in ("time_fine", "potential", "charge"):
            np.testing.assert_allclose(again[name][-common:], run[name][-common:], rtol=1e-12)


# --- what may change ---


def test_a_longer_drive_goes_on_where_the_run_ended(short):
    longer = Scenario.from_dict(SLAB | {"drive": [*SLAB["drive"], {"rest": True, "until": {"time": 1.0}}]})
    again = simulate(longer, restart=short)
    assert_continues(again, simulate(longer), outputs=False)
    assert float(again["time_fine"][0]) == 2.0
    (step,) = json.loads(again.attrs["drive_steps"])
    assert (step["kind"], step["start_s"], step["end_s"]) == ("rest", 2.0, 3.0)
    assert float(again["charge"][0]) == pytest.approx(float(short["charge"][-1]), rel=1e-12)


def test_a_later_step_may_be_another_one(short):
    other = Scenario.from_dict(SLAB | {"drive": [SLAB["drive"][0], {"rest": True, "until": {"time": 0.5}}]})
    assert_continues(simulate(other, restart=short, restart_time=1.0), simulate(other), outputs=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "again"},
        {"output": {"every": 0.5, "max_states": 7}},
        {"output": {"current_every": 0.01}},
        {"seed": 3},
        {"numerics": {"max_steps": 5000}},
        {"maps": {"noise": 0.0}},
    ],
)
def test_what_a_state_does_not_depend_on_may_change(short, changes):
    again = simulate(Scenario.from_dict(SLAB | changes), restart=short, restart_time=1.5)
    np.testing.assert_allclose(again["restart_x"][-1], short["restart_x"][-1], rtol=0.0, atol=1e-12)


def test_the_states_of_another_output_can_be_continued_from(short):
    other = Scenario.from_dict(SLAB | {"output": {"every": 0.13}})
    run = simulate(other)
    again = simulate(other, restart=run, restart_time=float(run["time"][9]))
    np.testing.assert_allclose(again["restart_x"][-1], short["restart_x"][-1], rtol=0.0, atol=1e-12)


# --- what is refused ---

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "material": ({"material.D_Li7.at": 7e-16}, "material.D_Li7.at"),
    "windows": ({"material.windows": {"x4": 0.04, "x7": 0.95}}, "material.windows.x4"),
    "constant of a contact": ({"contacts.lps.k0": 2e-8}, "contacts.lps.k0.at"),
    "resistance of a contact": ({"contacts.lps.resistance": 1e-3}, "contacts.lps.resistance"),
    "temperature": ({"temperature": 349.0}, "temperature"),
    "numerics": ({"numerics.front_fraction": 0.2}, "numerics.front_fraction"),
    "cells": ({"specimen.cell": 2.5e-8}, "specimen.cell"),
    "start": ({"initial": 0.98}, "initial"),
    "duration of an earlier step": ({"drive.0.until.time": 1.1}, "drive.0.until.time"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_past_is_refused_by_the_path_that_differs(short, case):
    values, field = REFUSED[case]
    other = Scenario.from_dict(SLAB).with_values(values)
    with pytest.raises(InputError, match="as in the run that is continued") as error:
        simulate(other, restart=short, restart_time=1.5)
    assert error.value.field == field
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("drive", "prefix"),
    [
        ([{"hold": 1.25, "until": {"time": 1.0}}, SLAB["drive"][1]], "drive.0"),
        ([{"current": 1e-13, "until": {"time": 1.0}}, SLAB["drive"][1]], "drive.0"),
        ([SLAB["drive"][0], {"current": 6e-13, "until": {"time": 1.0}}], "drive.1"),
        ([SLAB["drive"][0] | {"temperature": 350.0}, SLAB["drive"][1]], "drive.0"),
        ([SLAB["drive"][0]], "drive"),
    ],
)
def test_another_step_in_the_past_is_refused(short, drive, prefix):
    with pytest.raises(InputError, match="as in the run that is continued") as error:
        simulate(Scenario.from_dict(SLAB | {"drive": drive}), restart=short, restart_time=1.5)
    assert error.value.field.startswith(prefix)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("time", [-0.1, 2.5, 1e9])
def test_a_time_outside_the_saved_states_is_refused(short, time):
    with pytest.raises(InputError, match=r"restart time: got .*; allowed: a saved state from 0 to 2 s"):
        simulate(Scenario.from_dict(SLAB), restart=short, restart_time=time)


def test_a_run_that_is_over_is_refused(short):
    with pytest.raises(InputError, match="the run is over: add a step to the drive") as error:
        simulate(Scenario.from_dict(SLAB), restart=short)
    assert error.value.field == "drive"


def test_a_run_without_restart_data_is_refused():
    scenario = Scenario.from_dict(SLAB | {"output": {"restart": "none"}})
    run = simulate(scenario)
    assert not [name for name in run.data_vars if str(name).startswith("restart_")]
    with pytest.raises(InputError, match="a run without restart data") as error:
        simulate(scenario, restart=run)
    assert error.value.field == "restart"
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("configuration", [None, "no = [toml", 'title = "nothing else"'])
def test_a_run_without_its_scenario_is_refused(short, configuration):
    run = short.copy()
    run.attrs = {name: value for name, value in short.attrs.items() if name != "configuration"}
    if configuration is not None:
        run.attrs["configuration"] = configuration
    with pytest.raises(InputError, match="a run without its scenario") as error:
        simulate(Scenario.from_dict(SLAB), restart=run, restart_time=1.0)
    assert error.value.field == "restart"


def test_the_last_state_only():
    scenario = Scenario.from_dict(SLAB | {"output": {"restart": "last"}})
    run = simulate(scenario)
    assert run.sizes["restart_point"] == 1
    assert int(run["restart_state"][0]) == run.sizes["time"] - 1
    assert float(run["restart_time"][0]) == 2.0
    longer = Scenario.from_dict(SLAB | {"drive": [*SLAB["drive"], {"rest": True, "until": {"time": 1.0}}]})
    assert_continues(simulate(longer, restart=run), simulate(longer), outputs=False)
    with pytest.raises(InputError, match=r"restart time: got 1\.0"):
        simulate(longer, restart=run, restart_time=1.0)
