"""The circuit around the particle: currents that add up, ohmic drops, double layers, rests between contacts."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from lto_sim.scenario import Scenario
from lto_sim.transport import build_model, simulate
from lto_sim.transport.circuit import HIGHEST_POTENTIAL, Electrical, Outcome
from lto_sim.transport.drive import contact_areas, electrical_start, plan_legs
from lto_sim.transport.grid import make_grid
from lto_sim.transport.leg import Leg, LegStart
from lto_sim.transport.step import ImplicitStepper

BUTLER: dict[str, Any] = {"law": "butler_volmer", "k0": "2e-9 m/s", "transfer_coefficient": 0.4}
MARCUS: dict[str, Any] = {
    "law": "marcus_hush_chidsey", "k0": "5e-10 m/s", "reorganization_energy": "0.4 eV",
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
        outcome = self.leg.advance(self.stepper, self.x, dt, self.time + dt, self.excess, self.old)
        assert outcome.result.settled
        assert outcome.beyond == 0
        return outcome

    def advance(self, dt: float) -> tuple[Outcome, Electrical]:
        """Take a step; return it and the electrical state before."""
        outcome, before = self.trial(dt), self.old
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
    pytest.param([law | extra for law in laws], id=f"{'-'.join(law.get('law', 'held')[:6] for law in laws)} {name}")
    for number in (1, 2, 3)
    for laws in MIXED[number]
    for name, extra in CIRCUITS.items()
]  # fmt: skip
STEPS = (1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.5)


def assert_circuit(bench: Bench, laws: list[dict[str, Any]], dt: float, given: float | None) -> None:
    outcome, before = bench.advance(dt)
    electrical, own = outcome.electrical, bench.through(outcome, before, dt)
    size = max(abs(given or 0.0), float(np.abs(own).max()))
    if given is not None:
        assert math.fsum(own) == pytest.approx(given, rel=1e-9, abs=1e-9 * size)
    assert bench.leg.supply is not None
    assert bench.leg.supply.total_current(outcome, before, dt) == pytest.approx(math.fsum(own), rel=1e-12)
    drop = electrical.potential - electrical.interface
    # a double layer that hardly moves leaves digits of its current only as far as potentials have them
    slack = 1e-9 * size * bench.circuit.resistance + 1e-13
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
    bench = Bench(scenario(laws, [{"current": 2e-13, "until": {"time": 2.0}}]))
    for dt in STEPS:
        assert_circuit(bench, laws, dt, 2e-13)


@pytest.mark.parametrize("laws", [[BUTLER], [BUTLER, MARCUS], [LINEAR, BUTLER, HELD]])
@pytest.mark.parametrize("given", [4e-13, -4e-13, 0.0])
def test_potential_is_the_root_that_bisection_finds(laws, given):
    drive = [{"current": given, "until": {"time": 2.0}}] if given else [{"rest": True, "until": {"time": 2.0}}]
    bench = Bench(scenario(laws, drive))
    supply = bench.leg.supply
    assert supply is not None

    def mismatch(potential: float) -> float:
        conditions = supply.conditions(0.2, np.full(len(laws), potential))
        current = bench.circuit.current(bench.stepper.step(bench.x, 0.2, conditions), 0.2)
        return math.fsum(current) - given

    expected = brentq(mismatch, 0.0, 2.0, xtol=1e-14)
    assert bench.advance(0.2)[0].electrical.potential == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("laws", [[BUTLER], [MARCUS, BUTLER | CIRCUITS["resistance"]], [HELD, MARCUS, LINEAR]])
def test_potential_rises_with_the_current(laws):
    currents = np.linspace(-4e-13, 4e-13, 13)
    found = []
    for current in currents:
        drive = {"current": float(current)} if current else {"rest": True}
        bench = Bench(scenario(laws, [drive | {"until": {"time": 2.0}}]))
        found.append(bench.advance(0.1)[0].electrical.potential)
    assert np.all(np.diff(found) > 0.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_current_beyond_what_the_surface_has_is_seen(sign):
    bench = Bench(scenario([BUTLER], [{"current": sign * 1e-9, "until": {"potential": 0.95 + sign}}]))
    outcome = bench.leg.advance(bench.stepper, bench.x, 10.0, 10.0, bench.excess, bench.old)
    assert outcome.beyond == sign
    assert bench.leg.passed(outcome, bench.old, 10.0) == math.inf
    assert abs(outcome.electrical.potential) <= HIGHEST_POTENTIAL + 1.0


# --- double layers ---


@pytest.mark.parametrize("law", [BUTLER | {"k0": 0.0}, MARCUS | {"k0": 0.0}])
def test_a_blocked_contact_charges_through_its_resistance_exponentially(law):
    # R C = 5e-3 ohm m2 times 0.1 F/m2, whatever the area
    constant, hold = 5e-4, 1.65
    run = simulate(slab([law | CIRCUITS["both"]], [{"hold": hold, "until": {"time": 8.0 * constant}}]))
    time, phi = run["time_fine"].to_numpy(), run["interface_potential"].to_numpy()[0]
    first = phi[0]
    whole = hold - 0.95
    exact = hold - whole * np.exp(-time / constant)
    start = 0.95 - math.log(0.97 / 0.95 * 0.05 / 0.03) * 8.31446261815324 * 348.15 / 96485.33212
    exact = hold - (hold - start) * np.exp(-time / constant)
    late = time > 0.02 * constant
    np.testing.assert_allclose(phi[late], exact[late], atol=0.01 * (hold - start))
    area = 200e-9 * 100e-9
    charge = run["charge"].to_numpy()
    assert first == pytest.approx(start, abs=0.02)
    assert charge[-1] == pytest.approx(0.1 * area * (phi[-1] - start), rel=1e-9)
    np.testing.assert_array_equal(run["charge_of_contact"], 0.0)
    np.testing.assert_array_equal(run["li_fraction"], np.float32(0.97))
