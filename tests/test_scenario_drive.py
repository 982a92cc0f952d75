"""Drives: every kind of step, groups written out, end conditions, round trip, one line for what is wrong."""

from __future__ import annotations

import copy
import math
import tomllib
from typing import Any

import pytest

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.scenario.drive import ElementaryStep
from lto_sim.transport import plan_run

BASE: dict[str, Any] = {
    "material": "lto", "temperature": "60 degC", "initial": 0.5,
    "specimen": {"outline": {"shape": "slab", "length": "200 nm", "height": "200 nm"}, "cell": "10 nm"},
    "contacts": {"lps": {"where": {"side": "left"}}},
    "drive": [{"hold": "1.2 V", "until": {"time": "2 s"}}],
}  # fmt: skip
SECOND = {"until": {"time": "1 s"}}
REACTS = {"where": {"side": "left"}, "law": "butler_volmer", "k0": "1e-9 m/s"}


def scenario(*drive: dict[str, Any], **changes: Any) -> Scenario:
    """Scenario with these steps; ``a__b=value`` sets the key b of the table a."""
    mapping = copy.deepcopy(BASE)
    if drive:
        mapping["drive"] = list(drive)
    for path, value in changes.items():
        *tables, last = path.split("__")
        node = mapping
        for table in tables:
            node = node.setdefault(table, {})
        node[last] = value
    return Scenario.from_dict(mapping)


def only(step: dict[str, Any], **changes: Any) -> ElementaryStep:
    (found,) = scenario(step, **changes).steps
    return found


# --- kinds ---


@pytest.mark.parametrize(
    ("step", "kind", "value"),
    [
        ({"hold": "1600 mV", **SECOND}, "hold", 1.6),
        ({"current": "-2 pA", **SECOND}, "current", -2e-12),
        ({"c_rate": 0.1, **SECOND}, "c_rate", 0.1),
        ({"rest": True, **SECOND}, "rest", 0.0),
        ({"sweep": {"from": "0.4 V", "to": "1.6 V", "rate": "1 mV/s"}}, "sweep", 1.6),
    ],
)
def test_every_kind_of_step(step: dict[str, Any], kind: str, value: float) -> None:
    found = only(step)
    assert (found.kind, found.path, found.group) == (kind, "drive.0", -1)
    assert found.value == pytest.approx(value)
    assert found.temperature is None
    assert found.frame_period is None


def test_a_sweep_lasts_as_long_as_its_rate_says_either_way() -> None:
    up = only({"sweep": {"from": "0.4 V", "to": "1.6 V", "rate": "10 mV/s"}})
    down = only({"sweep": {"from": "1.6 V", "to": "0.4 V", "rate": "36 V/h"}})
    assert up.sweep_start == pytest.approx(0.4)
    for step in (up, down):
        assert step.sweep_rate == pytest.approx(0.01)
        assert step.longest == pytest.approx(120.0)
    cut = only({"sweep": {"from": 0.4, "to": 1.6, "rate": 0.01}, "until": {"time": "50 s"}})
    assert cut.longest == 50.0


def test_a_sweep_takes_up_the_potential_that_is_known() -> None:
    there_and_back = {"to": "0.4 V", "rate": "10 mV/s"}, {"to": "1.6 V", "rate": "10 mV/s"}
    steps = scenario(
        {"hold": "1 V", **SECOND}, {"sweep": there_and_back[0]}, {"sweep": there_and_back[1]},
        {"rest": True, **SECOND}, {"sweep": there_and_back[0]},
    ).steps  # fmt: skip
    assert [step.sweep_start for step in steps] == [None, 1.0, 0.4, None, None]
    assert steps[1].longest == pytest.approx(60.0)
    assert math.isinf(steps[4].longest)
    cut = scenario({"sweep": {"from": 0.4, "to": 1.6, "rate": 0.01}, **SECOND}, {"sweep": there_and_back[0]})
    assert cut.steps[1].sweep_start is None  # ended by time, somewhere on its way


# --- groups ---


def test_a_gitt_is_pulses_and_rests_of_one_group() -> None:
    gitt = {"current": "-2 pA", "pulse": "5 s", "rest": "1 min", "pulses": 3, "potential": "0.5 V"}
    steps = scenario({"gitt": gitt}, {"gitt": gitt}).steps
    assert [step.kind for step in steps] == ["current", "rest"] * 6
    assert [step.group for step in steps] == [0] * 6 + [1] * 6
    assert [step.path for step in steps] == ["drive.0.gitt"] * 6 + ["drive.1.gitt"] * 6
    pulse, rest = steps[:2]
    assert (pulse.value, pulse.until.time, pulse.until.potential) == (-2e-12, 5.0, 0.5)
    assert (rest.until.time, rest.until.potential) == (60.0, None)


@pytest.mark.parametrize(
    ("start", "end", "height", "levels"),
    [
        (1.0, 1.04, 0.01, [1.0, 1.01, 1.02, 1.03, 1.04]),
        (1.04, 1.0, 0.01, [1.04, 1.03, 1.02, 1.01, 1.0]),
        (1.0, 1.04, -0.01, [1.0, 1.01, 1.02, 1.03, 1.04]),
        (1.0, 1.025, 0.01, [1.0, 1.01, 1.02, 1.025]),
        (1.0, 1.005, 0.01, [1.0, 1.005]),
        (-0.2, 0.1, 0.1, [-0.2, -0.1, 0.0, 0.1]),
    ],
)
def test_a_pitt_is_a_staircase_that_ends_where_it_is_told(
    start: float, end: float, height: float, levels: list[float]
) -> None:
    until = {"time": "1 h", "current": "1 fA"}
    steps = scenario({"pitt": {"from": start, "to": end, "step": height, "until": until}}).steps
    assert {step.kind for step in steps} == {"hold"}
    assert [step.value for step in steps] == pytest.approx(levels, abs=1e-12)
    assert {(step.until.time, step.until.current) for step in steps} == {(3600.0, 1e-15)}
    assert {step.path for step in steps} == {"drive.0.pitt"}


def test_groups_repeat_and_nest_and_hand_down_temperature_and_frame_period() -> None:
    inner = {"repeat": {"times": 2, "steps": [
        {"hold": 1.0, **SECOND}, {"rest": True, **SECOND, "temperature": "30 degC"},
    ]}}  # fmt: skip
    outer = {
        "repeat": {"times": 2, "steps": [{"c_rate": 1, **SECOND, "frame_period": 5}, inner]},
        "temperature": "90 degC", "frame_period": "10 s",
    }  # fmt: skip
    steps = scenario(outer, {"hold": 1.2, **SECOND}, scan=SCAN | {"restart": True}).steps
    assert [step.kind for step in steps] == ["c_rate", "hold", "rest", "hold", "rest"] * 2 + ["hold"]
    assert [step.temperature for step in steps[:3]] == pytest.approx([363.15, 363.15, 303.15])
    assert [step.frame_period for step in steps[:3]] == [5.0, 10.0, 10.0]
    assert steps[1].path == "drive.0.repeat.steps.1.repeat.steps.0"
    assert (steps[-1].temperature, steps[-1].frame_period) == (None, None)


def test_titrations_that_repeat_are_groups_of_their_own() -> None:
    gitt = {"current": "-2 pA", "pulse": 5, "rest": 60, "pulses": 2, "potential": 0.5}
    steps = scenario({"repeat": {"times": 2, "steps": [{"gitt": gitt}]}}).steps
    assert [step.group for step in steps] == [0] * 4 + [1] * 4


# --- end conditions ---


def test_end_conditions_are_read_with_their_units_and_the_shortest_time_counts() -> None:
    step = only({"hold": 1.6, "until": {"time": "1 h", "li_fraction": 0.3, "current": "2 fA"}})
    assert step.until.given == ("time", "li_fraction", "current")
    assert (step.until.time, step.until.li_fraction, step.until.current) == (3600.0, 0.3, 2e-15)
    assert step.longest == 3600.0
    until_potential = only({"current": "2 fA", "until": {"potential": "1200 mV"}})
    assert until_potential.until.potential == pytest.approx(1.2)
    assert math.isinf(until_potential.longest)
    assert only({"rest": True, "until": {"time": 1, "potential": 0.95}}).until.given == ("time", "potential")


def test_the_duration_is_that_of_all_steps_written_out() -> None:
    gitt = {"current": "-2 fA", "pulse": "5 s", "rest": "1 min", "pulses": 3}
    sweep = {"from": 0.4, "to": 1.6, "rate": "10 mV/s"}
    drive = [{"repeat": {"times": 2, "steps": [{"gitt": gitt}, {"sweep": sweep}]}}, {"hold": 1.0, **SECOND}]
    assert scenario(*drive).duration == pytest.approx(2 * (3 * 65.0 + 120.0) + 1.0)
    assert math.isinf(scenario({"hold": 1.0, "until": {"current": "1 fA"}}).duration)


# --- contacts, beam, scan ---


def test_constants_of_a_contact_are_plain_or_activated() -> None:
    plain = scenario(contacts__lps=REACTS | {"resistance": "2 ohm cm^2", "capacitance": "10 uF/cm^2"})
    contact = plain.contacts["lps"]
    assert contact.k0 is not None
    assert contact.resistance is not None
    assert (contact.k0.at, contact.k0.Ea) == (1e-9, 0.0)
    assert contact.resistance.at == pytest.approx(2e-4)
    assert contact.capacitance == pytest.approx(0.1)
    table = {"at": "1e-9 m/s", "reference": "30 degC", "Ea": "0.6 eV"}
    activated = scenario(contacts__lps=REACTS | {"k0": table}).contacts["lps"].k0
    assert activated is not None
    assert activated.Ea == pytest.approx(0.6 * 96485.33212)
    assert scenario().with_values({"contacts.lps.law": "butler_volmer", "contacts.lps.k0": 2e-9})


def test_a_dose_is_counted_in_electrons() -> None:
    beam = scenario(beam_damage={"dose_rate": "0.5 e/A^2/s", "dose": "5000 e-/A^2"}).beam_damage
    assert beam is not None
    assert (beam.dose_rate, beam.dose) == (pytest.approx(0.5e20), pytest.approx(5e23))


# --- round trip ---


def test_every_drive_survives_toml() -> None:
    until = {"time": "1 min", "current": "1 fA"}
    drive = [
        {"hold": "1.2 V", "until": until, "temperature": "30 degC"},
        {"sweep": {"to": "0.4 V", "rate": "20 mV/s"}, "until": {"time": "5 s"}},
        {"current": "-2 fA", "until": {"potential": "0.5 V"}},
        {"c_rate": 0.5, "until": {"li_fraction": 0.25}},
        {"rest": True, "until": {"time": "1 s"}, "frame_period": "1 s"},
        {"gitt": {"current": "2 fA", "pulse": 5, "rest": 60, "pulses": 2, "potential": 1.2}},
        {"pitt": {"from": 1.0, "to": 1.1, "step": "10 mV", "until": until}},
        {"repeat": {"times": 2, "steps": [{"sweep": {"from": 0.4, "to": 1.6, "rate": 0.02}}]}},
    ]
    contact = {
        "where": {"side": "left"}, "law": "marcus_hush_chidsey", "k0": 1e-9,
        "reorganization_energy": "0.4 eV",
        "resistance": {"at": 1e-4, "reference": 300, "Ea": "0.3 eV"}, "capacitance": 0.1,
    }  # fmt: skip
    first = scenario(
        *drive, contacts__lps=contact, scan={"frame_time": "0.5 s", "restart": True},
        output={"restart": "last"},
        beam_damage={"dose_rate": "0.5 e/A^2/s", "dose": "5000 e/A^2"},
    )  # fmt: skip
    again = Scenario.from_dict(tomllib.loads(first.to_toml()))
    assert again == first
    assert again.steps == first.steps
    assert again.to_toml() == first.to_toml()


# --- one line for what is wrong ---

SCAN = {"frame_time": "0.1 s"}
GITT = {"current": "-2 fA", "pulse": 1, "rest": 60, "pulses": 2}
PITT = {"from": 1.0, "to": 1.1, "step": "10 mV", "until": {"time": 1}}
SWEEP = {"from": 0.4, "to": 1.6, "rate": "10 mV/s"}

BAD_DRIVES: dict[str, tuple[dict[str, Any], str, str]] = {
    "two kinds at once": ({"hold": 1.2, "rest": True, **SECOND}, "drive.0", "exactly one of the keys hold"),
    "no kind": (SECOND, "drive.0", "exactly one of the keys hold"),
    "rest without a duration": ({"rest": True}, "drive.0.until.time", "a rest needs a duration"),
    "rest until a potential alone": (
        {"rest": True, "until": {"potential": 1.0}}, "drive.0.until.time", "a rest needs a duration"),
    "rest until li fraction": (
        {"rest": True, "until": {"time": 1, "li_fraction": 0.4}}, "drive.0.until.li_fraction",
        "for a rest: time, potential"),
    "rest that is false": ({"rest": False, **SECOND}, "drive.0.rest", "allowed: True"),
    "current 0": ({"current": "0 A", **SECOND}, "drive.0.current", "use rest = true"),
    "C-rate 0": ({"c_rate": 0, **SECOND}, "drive.0.c_rate", "use rest = true"),
    "pulse of no current": ({"gitt": GITT | {"current": 0}}, "drive.0.gitt.current", "use rest = true"),
    "hold until potential": (
        {"hold": 1.2, "until": {"potential": 1.0}}, "drive.0.until.potential",
        "for a hold: time, li_fraction, current"),
    "current until current": (
        {"current": "1 fA", "until": {"current": "1 fA"}}, "drive.0.until.current",
        "for a current: time, li_fraction, potential"),
    "C-rate until current": (
        {"c_rate": 1, "until": {"current": "1 fA"}}, "drive.0.until.current", "for a c_rate: time"),
    "sweep until potential": (
        {"sweep": SWEEP, "until": {"potential": 1.0}}, "drive.0.until.potential", "for a sweep: time"),
    "sweep without a start": (
        {"sweep": {"to": 1.6, "rate": 0.01}}, "drive.0.sweep.from", "nothing precedes the sweep"),
    "sweep that stays": ({"sweep": SWEEP | {"to": 0.4}}, "drive.0.sweep.to", "use hold to stay"),
    "sweep rate below 0": (
        {"sweep": SWEEP | {"rate": "-1 mV/s"}}, "drive.0.sweep.rate", "> 0 V/s"),
    "sweep rate in volts": ({"sweep": SWEEP | {"rate": "1 V"}}, "drive.0.sweep.rate", '"1 mV/s"'),
    "pitt step 0": ({"pitt": PITT | {"step": 0}}, "drive.0.pitt.step", 'for example "10 mV"'),
    "pitt that stays": ({"pitt": PITT | {"to": 1.0}}, "drive.0.pitt.to", "use hold"),
    "pitt of a million steps": ({"pitt": PITT | {"step": 1e-7}}, "drive.0.pitt.step", "larger steps"),
    "gitt with until": ({"gitt": GITT, **SECOND}, "drive.0.until", "absent without hold"),
    "no end": ({"hold": 1.2}, "drive.0.until", "say when the step ends"),
    "empty end": ({"current": "1 fA", "until": {}}, "drive.0.until", "say when the step ends"),
    "end current below 0": (
        {"hold": 1.2, "until": {"current": "-1 fA"}}, "drive.0.until.current", "compared with |current|"),
    "misspelt end": ({"hold": 1.2, "untill": {"time": 1}}, "drive.0.untill", "did you mean until?"),
    "misspelt kind": ({"c_rte": 1, **SECOND}, "drive.0.c_rte", "did you mean c_rate?"),
    "misspelt condition": (
        {"hold": 1.2, "until": {"li_fractoin": 0.5}}, "drive.0.until.li_fractoin", "mean li_fraction?"),
    "misspelt key of a sweep": (
        {"sweep": {"form": 0.4, "to": 1.6, "rate": 0.01}}, "drive.0.sweep.form", "did you mean from?"),
    "misspelt key of a gitt": (
        {"gitt": GITT | {"pulsess": 2}}, "drive.0.gitt.pulsess", "did you mean pulses?"),
    "steps that are no list": (
        {"repeat": {"times": 2, "steps": {"hold": 1.2, **SECOND}}}, "drive.0.repeat.steps",
        "a list of steps"),
    "nothing to repeat": ({"repeat": {"times": 2, "steps": []}}, "drive.0.repeat.steps", "at least one step"),
    "never repeated": (
        {"repeat": {"times": 0, "steps": [{"hold": 1.2, **SECOND}]}}, "drive.0.repeat.times", ">= 1"),
    "a step inside that is wrong": (
        {"repeat": {"times": 2, "steps": [{"hold": 1.2}]}}, "drive.0.repeat.steps.0.until", "when the step"),
    "too many steps": (
        {"repeat": {"times": 200, "steps": [{"repeat": {"times": 200, "steps": [{"hold": 1, **SECOND}]}}]}},
        "drive", "repeat less often"),
    "current in volts": ({"current": "1 V", **SECOND}, "drive.0.current", '"-2 pA"'),
    "current as power": ({"c_rate": "C/10", **SECOND}, "drive.0.c_rate", "a plain number"),
    "potential of a spark": ({"hold": "11 V", **SECOND}, "drive.0.hold", "<= 10 V"),
    "potential that is true": ({"hold": True, **SECOND}, "drive.0.hold", "potential [V]"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_DRIVES)
def test_a_drive_that_cannot_be_used_is_refused_in_one_line(name: str) -> None:
    step, field, words = BAD_DRIVES[name]
    with pytest.raises(InputError) as caught:
        scenario(step)
    assert caught.value.field == field
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sweep_that_would_not_move_from_where_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match=r"drive\.1\.sweep\.to: got 1\.2; .* where it starts"):
        scenario({"hold": 1.2, **SECOND}, {"sweep": {"to": 1.2, "rate": 0.01}})


BAD_SECTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "k0 with the linear law": (
        {"contacts__lps": REACTS | {"law": "linear", "k_c": 1e-5}}, "contacts.lps.k0",
        'only the butler_volmer law has it: law = "butler_volmer" or law = "marcus_hush_chidsey"'),
    "butler_volmer without k0": (
        {"contacts__lps": {"where": {"side": "left"}, "law": "butler_volmer"}}, "contacts.lps.k0",
        'the butler_volmer law needs it: k0 = "1e-9 m/s"'),
    "k0 below 0": ({"contacts__lps": REACTS | {"k0": -1e-9}}, "contacts.lps.k0.at", ">= 0 m/s"),
    "k0 as a list": ({"contacts__lps": REACTS | {"k0": [1e-9]}}, "contacts.lps.k0", "a table for k0"),
    "k0 with Ea but no reference": (
        {"contacts__lps": REACTS | {"k0": {"at": 1e-9, "Ea": "0.5 eV"}}}, "contacts.lps.k0.reference",
        "required"),
    "negative capacitance": (
        {"contacts__lps": REACTS | {"capacitance": "-1 uF/cm^2"}}, "contacts.lps.capacitance", ">= 0 F/m^2"),
    "capacitance of no area": (
        {"contacts__lps": REACTS | {"capacitance": "1 uF"}}, "contacts.lps.capacitance", '"10 uF/cm^2"'),
    "negative resistance": (
        {"contacts__lps": REACTS | {"resistance": "-1 ohm m^2"}}, "contacts.lps.resistance.at", ">= 0"),
    "resistance of no area": (
        {"contacts__lps": REACTS | {"resistance": "1 ohm"}}, "contacts.lps.resistance.at", '"10 ohm cm^2"'),
    "transfer_coefficient 0": (
        {"contacts__lps": REACTS | {"transfer_coefficient": 0}}, "contacts.lps.transfer_coefficient",
        ">= 0.05 and <= 0.95"),
    "transfer_coefficient in equilibrium": (
        {"contacts__lps__transfer_coefficient": 0.5}, "contacts.lps.transfer_coefficient",
        'law = "butler_volmer"'),
    "marcus without lambda": (
        {"contacts__lps": REACTS | {"law": "marcus_hush_chidsey"}}, "contacts.lps.reorganization_energy",
        '"0.4 eV"'),
    "lambda 0": (
        {"contacts__lps": REACTS | {"law": "marcus_hush_chidsey", "reorganization_energy": 0}},
        "contacts.lps.reorganization_energy", "> 0"),
    "lambda of butler_volmer": (
        {"contacts__lps": REACTS | {"reorganization_energy": "0.4 eV"}}, "contacts.lps.reorganization_energy",
        'law = "marcus_hush_chidsey"'),
    "law that is none": (
        {"contacts__lps": REACTS | {"law": "tafel"}}, "contacts.lps.law", "'butler_volmer'"),
    "dose in grays": (
        {"beam_damage": {"dose_rate": "1 e/A^2/s", "dose": "5 MGy"}}, "beam_damage.dose", '"5000 e/A^2"'),
    "dose rate without a time": (
        {"beam_damage": {"dose_rate": "1 e/A^2", "dose": "5 e/A^2"}}, "beam_damage.dose_rate",
        '"0.5 e/A^2/s"'),
    "dose 0": ({"beam_damage": {"dose_rate": 1e20, "dose": 0}}, "beam_damage.dose", "> 0"),
    "dose rate below 0": (
        {"beam_damage": {"dose_rate": -1e20, "dose": 1e24}}, "beam_damage.dose_rate", ">= 0"),
    "no dose": ({"beam_damage": {"dose_rate": 1e20}}, "beam_damage.dose", "required"),
    "restart of some": ({"output": {"restart": "some"}}, "output.restart", "'all', 'last' or 'none'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_SECTIONS)
def test_what_goes_with_a_drive_is_refused_in_one_line(name: str) -> None:
    changes, field, words = BAD_SECTIONS[name]
    with pytest.raises(InputError) as caught:
        scenario(**changes)
    assert caught.value.field == field
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


BAD_PLANS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "frame_period without scan.restart": (
        {"hold": 1.2, **SECOND, "frame_period": "1 s"}, {"scan": SCAN}, "drive.0.frame_period",
        "add restart = true to [scan]"),
    "frame_period below frame_time": (
        {"hold": 1.2, **SECOND, "frame_period": "10 ms"}, {"scan": SCAN | {"restart": True}},
        "drive.0.frame_period", ">= scan.frame_time = 0.1 s"),
    "current beyond the particle": (
        {"current": "1 nA", **SECOND}, {}, "drive.0.until.time", "when the particle is empty"),
    "current against a li fraction": (
        {"c_rate": 1, "until": {"li_fraction": 0.8}}, {}, "drive.0.until.li_fraction", "or the sign"),
    "current through blocked contacts": (
        {"current": "1 fA", **SECOND}, {"contacts__lps": REACTS | {"k0": 0}}, "contacts.lps.k0", "reacts"),
    "current through a wall": (
        {"current": "1 fA", **SECOND}, {"contacts__lps": REACTS | {"resistance": 1e6}},
        "contacts.lps.resistance", "a smaller current or resistance"),
    "li fraction out of reach": (
        {"hold": "0.95 V", "until": {"li_fraction": 0.9}}, {}, "drive.0.until.li_fraction", "never end"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PLANS)
def test_a_drive_that_the_particle_cannot_follow_is_refused_before_it_runs(name: str) -> None:
    step, changes, field, words = BAD_PLANS[name]
    with pytest.raises(InputError) as caught:
        plan_run(scenario(step, **changes))
    assert caught.value.field == field
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
