"""The circuit around the particle: currents that add up, ohmic drops, double layers, unequal ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.materials import load_material
from lto_sim.scenario import Scenario
from lto_sim.transport import build_model, simulate
from lto_sim.transport.circuit import HIGHEST_POTENTIAL
from lto_sim.transport.drive import contact_areas, electrical_start, plan_legs
from lto_sim.transport.grid import make_grid
from lto_sim.transport.leg import Leg, LegStart
from lto_sim.transport.outcome import Electrical, Outcome
from lto_sim.transport.step import ImplicitStepper

BUTLER: dict[str, Any] = {"law": "butler_volmer", "k0": "2e-9 m/s", "transfer_coefficient": 0.4}
MARCUS: dict[str, Any] = {
    "law": "marcus_hush_chidsey", "k0": "4e-9 m/s", "reorganization_energy": "0.4 eV",
}  # fmt: skip
LINEAR: dict[str, Any] = {"law": "linear", "k_c": "1e-6 m/s"}
HELD: dict[str, Any] = {}
CIRCUITS: dict[str, dict[str, Any]] = {
    "bare": {},
    "resistance": {"resistance": "5e-3 ohm*m^2"},
    "double layer": {"capacitance": "0.1 F/m^2"},
    "both": {"resistance": "5e-3 ohm*m^2", "capacitance": "0.1 F/m^2"},
}
SIDES = ("left", "right", "top")


def scenario(laws: list[dict[str, Any]], drive: list[dict[str, Any]], **sections: Any) -> Scenario:
    """A particle of 300 x 200 nm with a contact on the left, right and top, as many as there are laws.

    It is rich in lithium, but poor where some is to be put in.
    """
    filled = drive[0].get("current", 0.0) < 0.0
    contacts = {f"c{n}": {"where": {"side": SIDES[n]}} | law for n, law in enumerate(laws)}
    return Scenario.from_dict({
        "material": "lto", "temperature": "75 degC", "drive": drive, "contacts": contacts,
        "initial": 0.03 if filled else 0.97,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "300 nm", "height": "200 nm"},
            "thickness": "100 nm", "cell": "20 nm",
        },
        **sections,
    })  # fmt: skip


def slab(laws: list[dict[str, Any]], drive: list[dict[str, Any]], **sections: Any) -> Scenario:
    base = {"outline": {"shape": "slab", "length": "400 nm"}, "thickness": "100 nm", "cell": "20 nm"}
    return Scenario.from_dict(scenario(laws, drive).to_dict() | {"specimen": base} | sections)


class Bench:
    """Steps of the first drive step, taken one by one."""

    def __init__(self, description: Scenario) -> None:
        model = build_model(description)
        self.grid = make_grid(model.mesh)
        self.stepper = ImplicitStepper(self.grid)
        start = description.initial_composition(model.mesh.shape)
        self.plan = plan_legs(description, model, self.grid, self.stepper)[0]
        self.circuit = self.plan.laws.circuit
        self.areas = contact_areas(model)
        self.x = self.grid.pad(start)
        self.excess = np.empty(0)
        self.old = electrical_start(description, model, self.grid, start)
        self.time = 0.0
        self.leg: Leg = self.plan.begin(LegStart(0.0, self.old.potential, 0.05))

    def trial(self, dt: float) -> Outcome:
        return self.leg.advance(self.stepper, self.x, dt, self.time + dt, self.excess, self.old)

    def advance(self, dt: float) -> tuple[Outcome, Electrical]:
        """Take a step; return it and the electrical state before."""
        outcome, before = self.trial(dt), self.old
        assert outcome.result.settled
        assert outcome.beyond == 0
        self.x, self.excess = outcome.result.x, outcome.result.excess
        self.old, self.time = outcome.electrical, self.time + dt
        return outcome, before

    def through(self, outcome: Outcome, before: Electrical, dt: float) -> np.ndarray:
        """Current of every contact [A], double layer included."""
        moved = outcome.electrical.interface - before.interface
        return outcome.electrical.current + self.circuit.capacitance * moved / dt


MIXED = {
    1: [[BUTLER], [MARCUS], [LINEAR], [HELD]],
    2: [[BUTLER, MARCUS], [HELD, BUTLER], [LINEAR, MARCUS]],
    3: [[BUTLER, MARCUS, HELD], [LINEAR, BUTLER, MARCUS]],
}
CASES = [
    pytest.param(
        [law | extra for law in laws], id=f"{'-'.join(law.get('law', 'held')[:6] for law in laws)} {name}"
    )
    for number in (1, 2, 3)
    for laws in MIXED[number]
    for name, extra in CIRCUITS.items()
]  # fmt: skip
STEPS = (1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.5)


def assert_circuit(bench: Bench, laws: list[dict[str, Any]], dt: float, given: float | None) -> None:
    while not bench.trial(dt).result.settled and dt > 1e-3:
        dt *= 0.25  # as the time loop does, where a held surface crosses the plateau within the step
    outcome, before = bench.advance(dt)
    electrical, own = outcome.electrical, bench.through(outcome, before, dt)
    size = max(abs(given or 0.0), float(np.abs(own).max()))
    if given is not None:
        assert math.fsum(own) == pytest.approx(given, rel=1e-9, abs=1e-9 * size)
    assert bench.leg.supply is not None
    assert bench.leg.supply.total_current(outcome, before, dt) == pytest.approx(math.fsum(own), rel=1e-12)
    drop = electrical.potential - electrical.interface
    # charge is known to 1e-15 of the capacity, the move of a double layer as far as potentials have digits
    slack = (1e-9 * size + 1e-14 * bench.circuit.capacity / dt) * bench.circuit.resistance + 1e-13
    for number, law in enumerate(laws):
        if "resistance" not in law:
            assert drop[number] == 0.0
        else:
            assert bench.circuit.resistance[number] == pytest.approx(5e-3 / bench.areas[number], rel=1e-12)
            assert drop[number] == pytest.approx(
                bench.circuit.resistance[number] * own[number], abs=slack[number]
            )


@pytest.mark.parametrize("laws", CASES)
@pytest.mark.parametrize("given", [3e-13, -2e-13])
def test_currents_add_up_and_potentials_drop_as_they_flow(laws, given):
    bench = Bench(scenario(laws, [{"current": given, "until": {"time": 2.0}}]))
    for dt in STEPS:
        assert_circuit(bench, laws, dt, given)


@pytest.mark.parametrize("laws", [case for case in CASES if "bare" not in str(case.id)])
def test_potential_drops_as_the_current_flows_in_a_hold(laws):
    bench = Bench(scenario(laws, [{"hold": 1.05, "until": {"time": 2.0}}]))
    for dt in STEPS:
        assert_circuit(bench, laws, dt, None)
        assert bench.old.potential == 1.05


def test_one_contact_with_a_circuit_among_contacts_without():
    laws = [BUTLER | CIRCUITS["both"], MARCUS, HELD]
    bench = Bench(scenario(laws, [{"current": 3e-14, "until": {"time": 2.0}}]))
    for dt in STEPS:
        assert_circuit(bench, laws, dt, 3e-14)


@pytest.mark.parametrize("laws", [
    [BUTLER], [MARCUS | CIRCUITS["both"]], [BUTLER | CIRCUITS["both"], MARCUS, HELD],
    [LINEAR | CIRCUITS["double layer"], BUTLER | CIRCUITS["resistance"]],
])  # fmt: skip
def test_series_of_a_run_add_up(laws):
    drive = [{"current": 2e-13, "until": {"time": 2.0}}, {"rest": True, "until": {"time": 1.0}}]
    run = simulate(scenario(laws, drive, output={"current_every": "1 ms"}))
    assert run.attrs["status"] == 0
    current, own = run["current"].to_numpy(), run["current_of_contact"].to_numpy()
    given = np.where(run["drive_step"].to_numpy() == 0, 2e-13, 0.0)
    np.testing.assert_allclose(current, given, atol=2e-13 * 1e-9)
    np.testing.assert_allclose(own.sum(axis=0), current, atol=2e-13 * 1e-9)
    charge = run["charge"].to_numpy()
    assert charge[-1] == pytest.approx(4e-13, rel=1e-9)
    layers = run["double_layer_charge"].to_numpy().sum(axis=0) if "double_layer_charge" in run else 0.0
    np.testing.assert_allclose(
        run["charge_of_contact"].to_numpy().sum(axis=0) + layers, charge, rtol=1e-12, atol=1e-25
    )


@pytest.mark.parametrize("laws", [[BUTLER], [BUTLER, MARCUS], [LINEAR, BUTLER, HELD]])
@pytest.mark.parametrize("given", [4e-13, -4e-13, 0.0])
def test_potential_is_the_root_that_bisection_finds(laws, given):
    drive = (
        [{"current": given, "until": {"time": 2.0}}] if given else [{"rest": True, "until": {"time": 2.0}}]
    )
    bench = Bench(scenario(laws, drive))
    supply = bench.leg.supply
    assert supply is not None

    def mismatch(potential: float) -> float:
        conditions = supply.conditions(0.2, np.full(len(laws), potential))
        current = bench.circuit.current(bench.stepper.step(bench.x, 0.2, conditions), 0.2)
        return math.fsum(current) - given

    expected = brentq(mismatch, 0.0, 2.0, xtol=1e-14)
    assert bench.advance(0.2)[0].electrical.potential == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "laws", [[BUTLER], [MARCUS, BUTLER | CIRCUITS["resistance"]], [HELD, MARCUS, LINEAR]]
)
def test_potential_rises_with_the_current(laws):
    currents = np.linspace(-4e-13, 4e-13, 13)
    found = []
    for current in currents:
        drive = {"current": float(current)} if current else {"rest": True}
        bench = Bench(scenario(laws, [drive | {"until": {"time": 2.0}}], initial=0.5))
        found.append(bench.advance(0.1)[0].electrical.potential)
    assert np.all(np.diff(found) > 0.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_current_beyond_what_the_surface_has_is_seen(sign):
    bench = Bench(scenario([BUTLER], [{"current": sign * 1e-9, "until": {"potential": 0.95 + sign}}]))
    outcome = bench.leg.advance(bench.stepper, bench.x, 10.0, 10.0, bench.excess, bench.old)
    assert outcome.beyond == sign
    assert bench.leg.passed(outcome, bench.old) == math.inf
    assert abs(outcome.electrical.potential) <= HIGHEST_POTENTIAL + 1.0


# --- double layers ---

THERMAL = GAS_CONSTANT * 348.15 / FARADAY
REST_AT_097 = 0.95 + THERMAL * math.log(0.95 / 0.05 * 0.03 / 0.97)
"""Open-circuit potential of the composition that the particle begins with [V]."""


@pytest.mark.parametrize("law", [BUTLER | {"k0": 0.0}, MARCUS | {"k0": 0.0}])
def test_a_blocked_contact_charges_through_its_resistance_exponentially(law):
    # R C = 5e-3 ohm m2 times 0.1 F/m2, whatever the area
    constant, hold = 5e-4, REST_AT_097 + 1.0
    run = simulate(slab([law | CIRCUITS["both"]], [{"hold": hold, "until": {"time": 8.0 * constant}}]))
    time, phi = run["time_fine"].to_numpy(), run["interface_potential"].to_numpy()[0]
    np.testing.assert_allclose(phi, hold - np.exp(-time / constant), atol=0.01)
    area = 1e-6 * 100e-9
    assert float(run["charge"][-1]) == pytest.approx(0.1 * area * (phi[-1] - REST_AT_097), rel=1e-9)
    np.testing.assert_array_equal(run["potential"], hold)
    np.testing.assert_array_equal(run["charge_of_contact"], 0.0)
    np.testing.assert_array_equal(run["li_fraction"], np.float32(0.97))


def test_a_current_through_a_reaction_that_hardly_moves_charges_the_double_layer_evenly():
    # C dphi/dt = I: 0.1 F/m2 on 0.1 um2 take 0.3 V from 3 pA in 1 ms
    law = BUTLER | {"k0": "1e-20 m/s"} | CIRCUITS["both"]
    run = simulate(slab([law], [{"current": 3e-12, "until": {"time": 1e-3}}]))
    time, phi = run["time_fine"].to_numpy(), run["interface_potential"].to_numpy()[0]
    np.testing.assert_allclose(phi, REST_AT_097 + time * 300.0, atol=1e-6)
    drop = run["potential"].to_numpy() - phi
    np.testing.assert_allclose(drop, 3e-12 * 5e-3 / (1e-6 * 100e-9), rtol=1e-9)
    layer = run["double_layer_charge"].to_numpy()[0]
    np.testing.assert_allclose(layer, 3e-12 * time, atol=3e-15 * 1e-8)


def test_the_ohmic_drop_of_a_current_is_there_from_its_first_sample_on():
    drive = [{"hold": 1.2, "until": {"time": 0.5}}, {"current": -1e-12, "until": {"time": 0.1}}]
    run = simulate(slab([BUTLER | CIRCUITS["both"]], drive))
    driven = run["drive_step"].to_numpy() == 1
    drop = (run["potential"] - run["interface_potential"][0]).to_numpy()[driven]
    np.testing.assert_allclose(drop, -1e-12 * 5e-3 / (1e-6 * 100e-9), rtol=1e-9)


def test_a_double_layer_holds_what_its_potential_says():
    drive = [{"hold": 1.2, "until": {"time": 0.5}}, {"current": -1e-12, "until": {"time": 0.1}},
             {"rest": True, "until": {"time": 0.1}}]  # fmt: skip
    run = simulate(slab([BUTLER | CIRCUITS["both"]], drive))
    charge = 0.1 * 1e-6 * 100e-9 * (run["interface_potential"].to_numpy()[0] - REST_AT_097)
    layer = run["double_layer_charge"].to_numpy()[0]
    np.testing.assert_allclose(layer, charge, atol=1e-6 * np.abs(charge).max())


def test_two_double_layers_share_a_current_as_their_capacitances():
    # blocked reactions behind one potential: phi of both rises by I t/(C1 + C2)
    laws = [BUTLER | {"k0": "1e-20 m/s", "capacitance": c} for c in (0.1, 0.3)]
    run = simulate(slab(laws, [{"current": 4e-12, "until": {"time": 1e-3}}]))
    layer = run["double_layer_charge"].to_numpy()
    np.testing.assert_allclose(layer[1, 1:], 3.0 * layer[0, 1:], rtol=1e-6)
    assert float(run["potential"][-1]) == pytest.approx(REST_AT_097 + 0.1, abs=1e-6)


def test_a_charged_double_layer_discharges_into_its_particle():
    # at rest no charge leaves: what the layer gives up has entered as lithium
    drive = [{"hold": 0.6, "until": {"time": 1e-2}}, {"rest": True, "until": {"time": 5.0}}]
    run = simulate(slab([BUTLER | CIRCUITS["both"]], drive, initial=0.5))
    at_rest = run["drive_step"].to_numpy() == 1
    charge = run["charge"].to_numpy()
    np.testing.assert_allclose(charge[at_rest], charge[at_rest][0], rtol=1e-9)
    layer, lithium = run["double_layer_charge"].to_numpy()[0], run["lithium"].to_numpy()
    gained = FARADAY * np.diff(lithium[at_rest])
    np.testing.assert_allclose(np.diff(layer[at_rest]), gained, atol=1e-9 * np.abs(layer).max())
    assert layer[~at_rest][-1] < 0.0
    assert float(run["potential"][-1]) == pytest.approx(0.95, abs=2e-3)


# --- contacts of unequal ends ---


@pytest.mark.parametrize("ends", [(0.99, 0.96), (0.96, 0.99), (0.97, 0.03), (0.01, 0.04)])
@pytest.mark.parametrize("laws", [[BUTLER, BUTLER], [MARCUS | CIRCUITS["both"], HELD], [LINEAR, BUTLER]])
def test_at_rest_lithium_goes_from_the_fuller_end_to_the_emptier_one(ends, laws):
    cells = 20
    start = np.where(np.arange(cells) < cells // 2, *ends)
    drive, output = [{"rest": True, "until": {"time": 0.2}}], {"current_every": "0.5 ms"}
    run = simulate(slab(laws, drive, initial=[start.tolist()], output=output))
    assert run.attrs["status"] == 0
    own, time = run["current_of_contact"].to_numpy(), run["time_fine"].to_numpy()
    largest = np.abs(own).max()
    assert np.abs(own.sum(axis=0)).max() <= 1e-7 * largest
    left = run["charge_of_contact"].to_numpy()[:, -1]
    assert np.abs(run["charge"]).max() <= 1e-9 * np.abs(left).max()
    sign = 1.0 if ends[0] > ends[1] else -1.0
    # oxidation, positive, where there is more lithium
    assert sign * left[0] > 0.0 > sign * left[1]
    early = time < 0.1
    assert np.all(sign * own[0, early] > 0.0)
    # the shared potential lies between those of both ends
    rests = [float(load_material().open_circuit_potential(x, 348.15)) for x in ends]
    potential = run["potential"].to_numpy()
    assert np.all((potential > min(rests)) & (potential < max(rests)))
    assert float(run["lithium"][-1]) == pytest.approx(float(run["lithium"][0]), rel=1e-9)


def test_equal_ends_at_rest_stay_as_they_are():
    run = simulate(slab([BUTLER, MARCUS], [{"rest": True, "until": {"time": 100.0}}]))
    np.testing.assert_array_equal(run["li_fraction"], np.float32(0.97))
    np.testing.assert_allclose(run["potential"], REST_AT_097, rtol=1e-12)


# --- potentials without a circuit ---


@pytest.mark.parametrize("laws", [[BUTLER], [BUTLER, MARCUS], [LINEAR, BUTLER, MARCUS]])
@pytest.mark.parametrize("drive", [{"hold": 1.0}, {"hold": 0.92}, {"current": 1e-13}])
def test_no_resistance_is_the_limit_of_a_small_one(laws, drive):
    found = []
    for area_resistance in (None, 1e-6, 1e-7):
        more = {} if area_resistance is None else {"resistance": area_resistance}
        drives = [drive | {"until": {"time": 2.0}}]
        bench = Bench(scenario([law | more for law in laws], drives, initial=0.97))
        for dt in (1e-3, 1e-2):
            outcome, _ = bench.advance(dt)
        found.append((outcome.result.x, outcome.electrical.current))
    (x, current), *others = found
    away = []
    for (other_x, other_current), part in zip(others, (1e-3, 1e-4), strict=True):
        np.testing.assert_allclose(other_x, x, atol=part)
        np.testing.assert_allclose(other_current, current, atol=part * float(np.abs(current).max()))
        away.append(float(np.abs(other_current - current).max()))
    # what is left is in proportion to the resistance; one contact takes the current that is given
    if len(laws) > 1 or "hold" in drive:
        assert away[0] / away[1] == pytest.approx(10.0, rel=0.05)


@pytest.mark.parametrize("laws", [[BUTLER], [BUTLER, MARCUS]])
@pytest.mark.parametrize("resistance", [1e-12, 1e-9])
def test_a_resistance_that_is_next_to_nothing_costs_no_steps(laws, resistance):
    drive, small = [{"hold": 1.2, "until": {"time": 1.0}}], {"resistance": resistance}
    plain, with_it = (
        simulate(scenario([law | more for law in laws], drive, initial=0.6)) for more in ({}, small)
    )
    assert with_it.attrs["status"] == 0
    assert with_it.attrs["steps"] < 1.5 * plain.attrs["steps"]
    np.testing.assert_allclose(with_it["restart_x"][-1], plain["restart_x"][-1], atol=1e-3)


def test_a_hold_without_resistance_is_one_step_and_no_search():
    bench = Bench(scenario([BUTLER, MARCUS], [{"hold": 1.2, "until": {"time": 2.0}}]))
    outcome, _ = bench.advance(0.1)
    plain = bench.stepper.step(
        bench.grid.pad(np.full(bench.grid.shape, 0.97)), 0.1, bench.leg.conditions(0.1)
    )
    assert outcome.result.newton_iterations == plain.newton_iterations
    np.testing.assert_array_equal(outcome.result.x, plain.x)
