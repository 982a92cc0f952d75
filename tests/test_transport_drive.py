"""Drives: every kind of step and what ends it, titrations and sweeps, samples, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
import warnings
from typing import Any

import numpy as np
import pytest
import xarray as xr

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.transport import plan_run, simulate

REACTION: dict[str, Any] = {"law": "butler_volmer", "k0": "1e-8 m/s"}
LEFT: dict[str, Any] = {"where": {"side": "left"}}
SLAB: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 0.97,
    "specimen": {
        "outline": {"shape": "slab", "length": "400 nm"},
        "thickness": "100 nm",
        "cell": "20 nm",
    },
    "contacts": {"lps": LEFT | REACTION},
}
CAPACITY = FARADAY * 22740.0 * 400e-9 * 1e-6 * 100e-9
"""Of the slab [C]: 88 pC, so that 1 pA empties it in 88 s."""

Step = dict[str, Any]


def run(*drive: Step, **changes: Any) -> xr.Dataset:
    return simulate(Scenario.from_dict(SLAB | {"drive": list(drive)} | changes))


def steps_of(dataset: xr.Dataset) -> list[dict[str, Any]]:
    return json.loads(dataset.attrs["drive_steps"])


def part(dataset: xr.Dataset, number: int) -> xr.Dataset:
    """Samples of one drive step."""
    return dataset.isel(time_fine=dataset["drive_step"].to_numpy() == number)


def fraction(dataset: xr.Dataset) -> np.ndarray:
    return dataset["lithium"].to_numpy() * FARADAY / CAPACITY


def until(**ends: float) -> dict[str, Any]:
    return {"until": ends}


# --- what ends a step ---


@pytest.mark.parametrize(
    ("initial", "step", "volts"),
    [
        (0.97, {"current": 1e-12}, 1.3),
        (0.03, {"current": -1e-12}, 0.6),
        (0.97, {"c_rate": 30.0}, 1.2),
        (0.97, {"c_rate": 30.0, "until": {"time": 1e4}}, 1.2),
    ],
)
def test_a_current_ends_at_its_potential(initial, step, volts):
    ends = step.get("until", {}) | {"potential": volts}
    dataset = run(step | {"until": ends}, initial=initial)
    assert [entry["ended_by"] for entry in steps_of(dataset)] == ["potential"]
    assert dataset.attrs["status"] == 0
    assert float(dataset["potential"][-1]) == pytest.approx(volts, abs=2e-5)
    # what is kept stays short of it
    assert np.all((dataset["potential"].to_numpy() - volts) * (1.0 if initial > 0.5 else -1.0) < 0.0)


def test_a_rest_ends_at_its_potential():
    # within the rich phase, so that the surface goes back to the mean
    dataset = run(
        {"current": 5e-13, **until(time=1.0)}, {"rest": True, **until(time=1e3, potential=0.925)},
        {"current": -5e-13, **until(time=0.5)}, {"rest": True, **until(time=1e3, potential=0.9)},
        initial=0.99,
    )  # fmt: skip
    steps = steps_of(dataset)
    assert [entry["ended_by"] for entry in steps] == ["time", "potential", "time", "potential"]
    for number, volts in ((1, 0.925), (3, 0.9)):
        assert float(part(dataset, number)["potential"][-1]) == pytest.approx(volts, abs=2e-5)
        assert 0.01 < steps[number]["end_s"] - steps[number]["start_s"] < 1e3


@pytest.mark.parametrize(("initial", "volts"), [(0.97, 1.3), (0.03, 0.6)])
def test_a_hold_ends_at_its_current(initial, volts):
    dataset = run({"hold": volts, **until(current=2e-12)}, initial=initial)
    assert [entry["ended_by"] for entry in steps_of(dataset)] == ["current"]
    # without a duration every step is a sample: the mean since the last is that of the step
    assert abs(float(dataset["current"][-1])) == pytest.approx(2e-12, rel=2e-5)
    assert np.all(np.abs(dataset["current"]) > 2e-12)


def test_a_sweep_ends_at_its_current():
    dataset = run({"sweep": {"from": 1.5, "to": 0.2, "rate": 0.02}, **until(current=1e-13)}, initial=0.05)
    (step,) = steps_of(dataset)
    assert step["ended_by"] == "current"
    assert step["end_s"] < 65.0
    assert float(dataset["potential"][-1]) == pytest.approx(1.5 - 0.02 * step["end_s"], abs=1e-9)


@pytest.mark.parametrize(
    ("initial", "step", "wanted"),
    [
        (0.97, {"current": 2e-12}, 0.3),
        (0.03, {"current": -3e-13}, 0.31),
        (0.97, {"c_rate": 40.0}, 0.6),
        (0.97, {"hold": 1.3}, 0.123),
        (0.03, {"hold": 0.6}, 0.77),
        (0.97, {"sweep": {"from": 0.95, "to": 1.95, "rate": 0.05}}, 0.8),
    ],
)
@pytest.mark.parametrize("time", [None, 1e3])
def test_a_step_ends_at_its_li_fraction(initial, step, wanted, time):
    ends = {"li_fraction": wanted} | ({} if time is None else {"time": time})
    dataset = run(step | {"until": ends}, initial=initial)
    assert [entry["ended_by"] for entry in steps_of(dataset)] == ["li_fraction"]
    assert dataset.attrs["status"] == 1
    assert fraction(dataset)[-1] == pytest.approx(wanted, abs=1e-12)
    assert float(dataset["time_fine"][-1]) == steps_of(dataset)[0]["end_s"] == dataset.attrs["end_time_s"]


@pytest.mark.parametrize(
    "step", [{"hold": 1.3}, {"current": 1e-12}, {"c_rate": 20.0}, {"rest": True},
             {"sweep": {"from": 0.9, "to": 1.4, "rate": 0.02}}],
)  # fmt: skip
def test_a_step_ends_at_its_time(step):
    dataset = run(step | until(time=3.7))
    (entry,) = steps_of(dataset)
    assert (entry["ended_by"], entry["start_s"], entry["end_s"]) == ("time", 0.0, 3.7)
    assert float(dataset["time"][-1]) == float(dataset["time_fine"][-1]) == 3.7
    assert dataset.attrs["status"] == 0


def test_the_first_condition_to_come_ends_the_step():
    ends = {"time": 10.0, "potential": 1.3, "li_fraction": 0.5}
    found = {}
    for name, changed in {
        "time": {"time": 1.0}, "li_fraction": {"li_fraction": 0.96}, "potential": {"time": 1e3},
    }.items():  # fmt: skip
        kept = ends | changed
        if name == "potential":
            kept |= {"li_fraction": 1e-3}
        found[name] = steps_of(run({"current": 1e-12, "until": kept}))[0]["ended_by"]
    assert found == {name: name for name in found}


def test_a_condition_that_a_later_step_meets_at_its_start_ends_it_at_once():
    dataset = run(
        {"current": 1e-12, **until(potential=1.2)}, {"current": 1e-12, **until(potential=1.1)},
        {"hold": 1.0, **until(time=1.0)},
    )  # fmt: skip
    steps = steps_of(dataset)
    assert [entry["ended_by"] for entry in steps] == ["potential", "potential", "time"]
    assert steps[1]["start_s"] == steps[1]["end_s"]
    assert dataset.attrs["status"] == 0
    assert steps[2]["end_s"] == pytest.approx(steps[0]["end_s"] + 1.0, rel=1e-12)


def test_a_current_that_the_surface_cannot_give_stops_the_run_with_advice():
    material = {"potential_window": [-10.0, 10.0]}
    dataset = run({"current": 5e-12, **until(li_fraction=0.001)}, temperature="30 degC", material=material)
    assert dataset.attrs["status"] == 4
    assert "until.potential" in dataset.attrs["status_meaning"]
    assert steps_of(dataset)[0]["ended_by"] == "full"


# --- drive_steps ---


def test_drive_steps_say_what_was_done():
    drive: list[Step] = [
        {"hold": 1.1, **until(time=1.0)},
        {"current": 1e-12, "until": {"time": 4.0}, "temperature": "60 degC"},
        {"c_rate": -10.0, **until(li_fraction=0.955)},
        {"rest": True, **until(time=2.0)},
        {"sweep": {"to": 1.2, "rate": 0.5}},
        {"repeat": {"times": 2, "steps": [
            {"hold": 1.0, **until(time=0.5)}, {"rest": True, **until(time=0.5)},
        ]}},
        {"pitt": {"from": 1.0, "to": 1.02, "step": 0.01, "until": {"time": 0.5}}},
        {"gitt": {"current": -1e-13, "pulse": 0.5, "rest": 0.5, "pulses": 2}},
    ]  # fmt: skip
    dataset = run(*drive, contacts={"lps": LEFT})
    steps = steps_of(dataset)
    assert [entry["kind"] for entry in steps] == [
        "hold", "current", "current", "rest", "sweep", "hold", "rest", "hold", "rest", "hold", "hold", "hold",
        "current", "rest", "current", "rest",
    ]  # fmt: skip
    values = [entry["value"] for entry in steps]
    one_c = CAPACITY / 3600.0
    assert values[:2] == [1.1, 1e-12]
    assert values[2] == pytest.approx(-10.0 * one_c, rel=1e-12)
    assert values[3:10] == [None, 1.2, 1.0, None, 1.0, None, 1.0]
    assert values[10:12] == pytest.approx([1.01, 1.02], rel=1e-12)
    assert values[12:] == [-1e-13, None, -1e-13, None]
    assert [entry["number"] for entry in steps] == list(range(16))
    assert [entry["path"] for entry in steps[4:8]] == [
        "drive.4", "drive.5.repeat.steps.0", "drive.5.repeat.steps.1", "drive.5.repeat.steps.0",
    ]  # fmt: skip
    assert steps[9]["path"] == "drive.6.pitt"
    assert steps[12]["path"] == "drive.7.gitt"
    assert [entry["ended_by"] for entry in steps] == ["time"] * 2 + ["li_fraction"] + ["time"] * 13
    assert steps[0]["start_s"] == 0.0
    for before, after in itertools.pairwise(steps):
        assert before["end_s"] == after["start_s"]
    assert [entry["temperature_K"] for entry in steps[:3]] == pytest.approx([348.15, 333.15, 348.15])
    assert {(entry["x_poor"], entry["x_rich"]) for entry in steps} == {(0.05, 0.95)}
    assert steps[-1]["end_s"] == float(dataset["time_fine"][-1]) == dataset.attrs["end_time_s"]
    assert list(np.unique(dataset["drive_step"])) == list(range(16))
    assert json.loads(dataset.attrs["contact_areas_m2"]) == pytest.approx([1e-6 * 100e-9])
    assert dataset.attrs["capacity_C"] == pytest.approx(CAPACITY, rel=1e-12)


def test_c_rate_is_a_current_in_capacities_an_hour():
    one = run({"c_rate": 25.0, **until(time=4.0)})
    other = run({"current": 25.0 * CAPACITY / 3600.0, **until(time=4.0)})
    np.testing.assert_allclose(one["li_fraction"], other["li_fraction"], atol=1e-7)
    np.testing.assert_allclose(one["potential"], other["potential"], atol=1e-9)
    assert float(one["charge"][-1]) == pytest.approx(25.0 * CAPACITY * 4.0 / 3600.0, rel=1e-9)


def test_temperature_of_a_step_scales_its_rest_potential():
    # at x = 0.97 throughout, E - E_plateau = (R T/F) ln[19 (1 - x)/x]
    drive = [
        {"rest": True, "until": {"time": 5.0}, "temperature": t} for t in ("75 degC", "30 degC", "105 degC")
    ]
    dataset = run(*drive)
    for number, kelvin in enumerate((348.15, 303.15, 378.15)):
        expected = 0.95 + GAS_CONSTANT * kelvin / FARADAY * math.log(19.0 * 0.03 / 0.97)
        np.testing.assert_allclose(part(dataset, number)["potential"], expected, rtol=1e-10)
    np.testing.assert_array_equal(dataset["li_fraction"], np.float32(0.97))


def test_rate_constant_follows_the_temperature_of_a_step():
    # within the gap i0 is that of the edge: V - 0.95 = (2RT/F) asinh(I/(2 i0 A)) from the first step on
    contact = {"lps": LEFT | {"law": "butler_volmer", "k0": {"at": 1e-9, "reference": "75 degC", "Ea": 4e4}}}
    drive = [{"current": 1e-13, "until": {"time": 0.01}, "temperature": t} for t in ("75 degC", "105 degC")]
    dataset = run(*drive, initial=0.5, contacts=contact)
    for number, kelvin in enumerate((348.15, 378.15)):
        k0 = 1e-9 * math.exp(-4e4 / GAS_CONSTANT * (1.0 / kelvin - 1.0 / 348.15))
        i0 = FARADAY * 22740.0 * k0 * math.sqrt(0.05 * 0.95)
        eta = 2.0 * GAS_CONSTANT * kelvin / FARADAY * math.asinh(0.5 * 1e-13 / (1e-13 * i0))
        assert float(part(dataset, number)["potential"][0]) - 0.95 == pytest.approx(eta, rel=1e-3)


# --- titrations, sweeps ---


def test_a_titration_ended_by_its_potential_leaves_out_the_rest_of_it():
    gitt = {"current": 1e-13, "pulse": 1.0, "rest": 5.0, "pulses": 30, "potential": 0.94}
    dataset = run(
        {"gitt": gitt}, {"hold": 0.85, **until(time=2.0)}, {"gitt": gitt | {"pulses": 2}}, initial=0.999
    )
    steps = steps_of(dataset)
    first = [entry for entry in steps if entry["path"] == "drive.0.gitt"]
    assert first[-1]["ended_by"] == "potential"
    assert first[-1]["kind"] == "current"
    assert {entry["ended_by"] for entry in first[:-1]} == {"time"}
    assert 4 < len(first) < 59
    assert len(first) % 2 == 1
    hold, *second = steps[len(first) :]
    assert (hold["kind"], hold["number"], hold["path"]) == ("hold", 60, "drive.1")
    assert hold["start_s"] == first[-1]["end_s"]
    assert hold["end_s"] == pytest.approx(hold["start_s"] + 2.0, rel=1e-12)
    last = part(dataset, first[-1]["number"])
    assert float(last["potential"][-1]) == pytest.approx(0.94, abs=2e-5)
    # the group after it is a group of its own
    assert [entry["path"] for entry in second] == ["drive.2.gitt"] * len(second)
    assert [entry["kind"] for entry in second] == ["current", "rest", "current", "rest"]
    assert dataset.attrs["status"] == 0


def test_a_titration_that_its_potential_does_not_end_is_complete():
    gitt = {"current": 1e-12, "pulse": 1.0, "rest": 0.5, "pulses": 3, "potential": 1.9}
    dataset = run({"gitt": gitt})
    steps = steps_of(dataset)
    assert [entry["kind"] for entry in steps] == ["current", "rest"] * 3
    assert float(dataset["charge"][-1]) == pytest.approx(3e-12, rel=1e-9)
    resting = part(dataset, 5)
    assert np.ptp(resting["charge"].to_numpy()) <= 1e-9 * 3e-12


def test_a_titration_across_the_plateau_takes_few_steps():
    # at rest the interface comes back to the plateau's potential, to the last bit
    gitt = {"current": 2e-12, "pulse": 4.0, "rest": 1.0, "pulses": 4}
    dataset = run({"gitt": gitt}, numerics={"max_steps": 1000})
    assert dataset.attrs["status"] == 0
    assert dataset.attrs["rejected_steps"] < 20
    for number in (1, 3, 5, 7):
        assert float(part(dataset, number)["potential"][-1]) == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize(("low", "high"), [(0.7, 1.3), (1.3, 0.7)])
def test_a_swept_potential_is_linear_in_time(low, high):
    dataset = run({"sweep": {"from": low, "to": high, "rate": 0.2}}, {"sweep": {"to": low, "rate": 0.1}})
    steps = steps_of(dataset)
    assert [entry["end_s"] for entry in steps] == pytest.approx([3.0, 9.0], rel=1e-12)
    assert [entry["ended_by"] for entry in steps] == ["time", "time"]
    sign = math.copysign(1.0, high - low)
    for number, (first, rate) in enumerate(((low, 0.2 * sign), (high, -0.1 * sign))):
        samples, start = part(dataset, number), steps[number]["start_s"]
        gone = samples["time_fine"].to_numpy() - start
        np.testing.assert_allclose(samples["potential"], first + rate * gone, atol=1e-12)
    assert float(part(dataset, 0)["potential"][-1]) == high


def test_a_sweep_starts_where_the_step_before_ended():
    dataset = run(
        {"current": 5e-13, **until(time=40.0)}, {"sweep": {"to": 0.7, "rate": 0.1}},
        {"rest": True, **until(time=0.5)}, {"sweep": {"to": 1.0, "rate": 0.1}, **until(time=0.2)},
    )  # fmt: skip
    steps = steps_of(dataset)
    for number, (end, rate) in ((1, (0.7, 0.1)), (3, (1.0, 0.1))):
        before = float(part(dataset, number - 1)["potential"][-1])
        samples = part(dataset, number)
        gone = samples["time_fine"].to_numpy() - steps[number]["start_s"]
        expected = before + math.copysign(rate, end - before) * gone
        np.testing.assert_allclose(samples["potential"], expected, atol=1e-9)
    taken = steps[1]["end_s"] - steps[1]["start_s"]
    assert taken == pytest.approx(abs(float(part(dataset, 0)["potential"][-1]) - 0.7) / 0.1, rel=1e-9)
    assert float(part(dataset, 1)["potential"][-1]) == 0.7
    assert steps[3]["end_s"] - steps[3]["start_s"] == pytest.approx(0.2, rel=1e-9)


def test_a_staircase_holds_every_level():
    dataset = run({"pitt": {"from": 1.0, "to": 0.96, "step": 0.015, "until": {"time": 0.5}}})
    levels = [1.0, 0.985, 0.97, 0.96]
    assert [entry["value"] for entry in steps_of(dataset)] == pytest.approx(levels, rel=1e-12)
    for number, level in enumerate(levels):
        np.testing.assert_allclose(part(dataset, number)["potential"], level, rtol=1e-12)


# --- samples and states ---


def test_the_current_after_a_change_belongs_to_the_step_after_it():
    dataset = run({"current": 2e-12, **until(time=1.0)}, {"current": -1e-12, **until(time=1.0)},
                  {"rest": True, **until(time=1.0)}, initial=0.5)  # fmt: skip
    for number, given in enumerate((2e-12, -1e-12, 0.0)):
        samples = part(dataset, number)
        np.testing.assert_allclose(samples["current"], given, rtol=1e-6, atol=1e-19)
        time = samples["time_fine"].to_numpy()
        assert time[-1] == number + 1.0
        assert np.all((time > number) | (time == 0.0))
    # the first sample of the run stands at its start
    assert float(dataset["time_fine"][0]) == 0.0


def test_samples_are_dense_after_every_change():
    drive = [{"hold": v, **until(time=t)} for v, t in ((1.3, 10.0), (0.6, 3.0), (1.3, 200.0))]
    dataset = run(*drive)
    for entry in steps_of(dataset):
        samples = part(dataset, entry["number"])["time_fine"].to_numpy()
        gone = (samples - entry["start_s"]) / (entry["end_s"] - entry["start_s"])
        gone = gone[gone > 0.0]
        assert gone[0] == pytest.approx(1e-5, rel=1e-6)
        for decade in (1e-5, 1e-4, 1e-3, 1e-2):
            assert np.count_nonzero((gone >= decade * 0.99) & (gone < 9.9 * decade)) >= 12
        assert gone[-1] == pytest.approx(1.0, rel=1e-12)
    # elsewhere a thousandth of the run, as asked for without output.current_every
    assert np.diff(dataset["time_fine"]).max() == pytest.approx(0.213, rel=1e-6)
    assert np.all(np.diff(dataset["time_fine"]) > 0.0)


def test_every_state_belongs_to_the_step_that_led_to_it():
    dataset = run({"hold": 1.3, **until(time=1.0)}, {"rest": True, **until(time=1.0)}, output={"every": 0.25})
    np.testing.assert_allclose(dataset["time"], np.arange(9) * 0.25)
    np.testing.assert_array_equal(dataset["drive_step_of_state"], [0, 0, 0, 0, 0, 1, 1, 1, 1])


@pytest.mark.parametrize(
    "most",
    [2, 3, 5, 30, 200],
)
def test_output_without_a_known_duration_keeps_no_more_states_than_asked_for(most):
    dataset = run({"hold": 1.3, **until(current=1e-13)}, output={"max_states": most})
    time = dataset["time"].to_numpy()
    assert time.size <= most
    assert time.size > min(most, 30) // 2
    assert time[0] == 0.0
    assert time[-1] == dataset.attrs["end_time_s"] == float(dataset["time_fine"][-1])
    assert np.all(np.diff(time) > 0.0)
    # the states are those of the samples
    stored = dataset["li_fraction"].mean(("z", "y", "x")).to_numpy()
    sampled = np.interp(time, dataset["time_fine"], fraction(dataset))
    np.testing.assert_allclose(stored, sampled, atol=1e-6)


def test_ends_of_steps_are_among_the_saved_states():
    drive = [{"current": 1e-12, **until(potential=1.2)}, {"hold": 1.2, **until(current=3e-13)},
             {"rest": True, **until(time=7.0)}]  # fmt: skip
    dataset = run(*drive, output={"max_states": 40})
    for entry in steps_of(dataset):
        assert np.abs(dataset["time"].to_numpy() - entry["end_s"]).min() <= 1e-9 * entry["end_s"]
    assert dataset.sizes["time"] <= 40


def test_nothing_is_missing_but_beside_the_outline():
    both = {"resistance": 1e-3, "capacitance": 0.05}
    drive = [
        {"hold": 1.3, **until(time=0.3)}, {"rest": True, **until(time=0.3)},
        {"current": -1e-13, **until(time=0.3)}, {"sweep": {"to": 0.8, "rate": 2.0}},
    ]  # fmt: skip
    dataset = run(
        *drive, scan={"frame_time": 0.2, "pixels": [6, 6]},
        specimen={
            "outline": {"shape": "circle", "centre": [1e-7, 1e-7], "radius": 0.9e-7}, "thickness": 1e-7,
            "cell": 2e-8,
        },
        surface={"perimeter": {"at": 1e-22, "reference": "75 degC", "Ea": 0.0}},
        contacts={
            "one": {"where": {"arc": [0.0, 1.2e-7]}} | REACTION | both,
            "two": {"where": {"arc": [2.7e-7, 3.9e-7]}, "law": "marcus_hush_chidsey", "k0": 1e-9,
                    "reorganization_energy": "0.3 eV"},
        },
    )  # fmt: skip
    outside = {"li_fraction", "scan_li_fraction"}
    for name, values in dataset.variables.items():
        if values.dtype.kind == "f" and name not in outside and not name.startswith(("outline", "contact_")):
            assert np.all(np.isfinite(values)), name
    inside = dataset["cell_volume"].to_numpy() > 0.0
    x = dataset["li_fraction"].to_numpy()
    assert np.all(np.isfinite(x[:, inside]))
    assert np.all((x[:, inside] >= 0.0) & (x[:, inside] <= 1.0))
    assert np.all(np.isfinite(dataset["scan_li_fraction"].to_numpy()[:-1, 2:4, 2:4]))
    assert dataset.attrs["status"] == 0


# --- what is refused ---

BLOCKED = {"lps": LEFT | {"law": "butler_volmer", "k0": 0.0}}
RESISTIVE = {"lps": LEFT | REACTION | {"resistance": "2 ohm*m^2"}}
REFUSED: dict[str, tuple[list[Step], dict[str, Any], str, str]] = {
    "more current than there is lithium": (
        [{"current": 1e-11, **until(time=100.0)}], {}, "drive.0.until.time", "below 8.5",
    ),
    "more lithium than there is room": (
        [{"hold": 1.3, **until(time=0.1)}, {"current": -1e-11, **until(time=100.0)}], {},
        "drive.1.until.time", "when the particle is full",
    ),
    "li fraction above, lithium leaves": (
        [{"current": 1e-12, **until(li_fraction=0.98)}], {}, "drive.0.until.li_fraction", "below 0.97",
    ),
    "li fraction below, lithium enters": (
        [{"c_rate": -1.0, **until(li_fraction=0.2)}], {}, "drive.0.until.li_fraction", "above 0.97",
    ),
    "li fraction that a hold cannot reach": (
        [{"hold": 1.0, **until(li_fraction=0.001)}], {}, "drive.0.until.li_fraction", "at 1 V",
    ),
    "li fraction above that of a hold and its start": (
        [{"hold": 1.3, **until(li_fraction=0.99)}], {}, "drive.0.until.li_fraction", "never end",
    ),
    "blocked contacts and a current": (
        [{"current": 1e-12, **until(time=1.0)}], {"contacts": BLOCKED}, "contacts.lps.k0", "drive.0",
    ),
    "blocked contacts and a rest": (
        [{"rest": True, **until(time=1.0)}], {"contacts": BLOCKED}, "contacts.lps.k0", "drive.0",
    ),
    "resistance": (
        [{"current": 1e-12, **until(time=1.0)}], {"contacts": RESISTIVE}, "contacts.lps.resistance", "20 V",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_drive_that_cannot_be_run_is_refused_before_it_runs(case):
    drive, changes, field, said = REFUSED[case]
    scenario = Scenario.from_dict(SLAB | {"drive": drive} | changes)
    for attempt in (plan_run, simulate):
        with pytest.raises(InputError) as error:
            attempt(scenario)
        assert error.value.field == field
        assert said in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("attempt", [plan_run, simulate])
def test_an_interval_of_states_without_a_known_duration_is_refused(attempt):
    drive, output = [{"hold": 1.3, **until(current=1e-13)}], {"every": 1.0}
    with pytest.raises(InputError, match="the duration is not known") as error:
        attempt(Scenario.from_dict(SLAB | {"drive": drive, "output": output}))
    assert error.value.field == "output.every"


def test_a_current_longer_than_there_is_lithium_says_the_seconds():
    scenario = Scenario.from_dict(SLAB | {"drive": [{"current": 1e-11, **until(time=100.0)}]})
    with pytest.raises(
        InputError, match=f"below {0.97 * CAPACITY / 1e-11:.6g} s, when the particle is empty"
    ):
        plan_run(scenario)


MET: dict[str, tuple[Step, str]] = {
    "potential of an extraction": ({"current": 1e-12, **until(potential=0.8)}, "drive.0.until.potential"),
    "potential of an insertion": ({"current": -1e-13, **until(potential=1.0)}, "drive.0.until.potential"),
    "current of a hold": ({"hold": 0.94, **until(current=1e-9)}, "drive.0.until.current"),
}


@pytest.mark.parametrize("case", MET)
def test_an_end_that_is_met_at_the_start_of_the_run_is_refused(case):
    step, field = MET[case]
    with pytest.raises(InputError, match="the end condition is met already") as error:
        run(step)
    assert error.value.field == field
    assert "\n" not in str(error.value)


INVALID: dict[str, tuple[Step, str]] = {
    "no kind": (until(time=1.0), "drive.0"),
    "two kinds": ({"hold": 1.0, "current": 1e-12, **until(time=1.0)}, "drive.0"),
    "no current": ({"current": 0.0, **until(time=1.0)}, "drive.0.current"),
    "no rate": ({"c_rate": 0.0, **until(time=1.0)}, "drive.0.c_rate"),
    "hold without an end": ({"hold": 1.0}, "drive.0.until"),
    "hold until its potential": ({"hold": 1.0, **until(potential=1.1)}, "drive.0.until.potential"),
    "current until its current": ({"current": 1e-12, **until(current=1e-13)}, "drive.0.until.current"),
    "rest without a time": ({"rest": True, **until(potential=1.0)}, "drive.0.until.time"),
    "rest until a li fraction": (
        {"rest": True, **until(time=1.0, li_fraction=0.5)}, "drive.0.until.li_fraction",
    ),
    "negative end": ({"hold": 1.0, **until(current=-1e-12)}, "drive.0.until.current"),
    "sweep without a start": ({"sweep": {"to": 1.0, "rate": 0.1}}, "drive.0.sweep.from"),
    "sweep that stays": ({"sweep": {"from": 1.0, "to": 1.0, "rate": 0.1}}, "drive.0.sweep.to"),
    "titration with an end of its own": (
        {"gitt": {"current": 1e-12, "pulse": 1.0, "rest": 1.0, "pulses": 2}, **until(time=5.0)},
        "drive.0.until",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", INVALID)
def test_a_step_without_sense_is_refused_where_it_is_written(case):
    step, field = INVALID[case]
    with pytest.raises(InputError) as error:
        Scenario.from_dict(SLAB | {"drive": [step]})
    assert error.value.field == field
    assert "\n" not in str(error.value)


# --- potentials outside the window ---


@pytest.mark.parametrize(
    "step",
    [
        {"hold": 2.3, "until": {"time": 0.01}},
        {"hold": -0.2, "until": {"time": 0.01}},
        {"sweep": {"from": 1.0, "to": 2.3, "rate": 50.0}},
        {"sweep": {"from": 2.3, "to": 1.0, "rate": 50.0}},
    ],
)
def test_potentials_outside_the_window_are_warned_of(step):
    scenario = Scenario.from_dict(SLAB | {"drive": [step]})
    with pytest.warns(UserWarning, match=r"drive\.0 is (2\.3|-0\.2) V .*In-Li.* 0 to 2 V") as found:
        plan_run(scenario)
    assert len(found) == 1
    with pytest.warns(UserWarning, match="material.potential_window"):
        simulate(scenario)


def test_a_potential_that_a_current_drove_outside_the_window_is_warned_of():
    with pytest.warns(UserWarning, match=r"a current or a rest is 2\.\d+ V .*In-Li"):
        run({"current": 1e-12, **until(potential=2.2)})


@pytest.mark.parametrize("volts", [0.0, 0.4, 1.6, 2.0])
def test_no_warning_of_potentials_inside_the_window(volts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run({"hold": volts, **until(time=0.01)}, {"rest": True, **until(time=0.01)})


def test_the_window_is_a_parameter():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run({"hold": 2.3, **until(time=0.01)}, material={"potential_window": [-0.5, 2.5]})
