"""From the steps of a scenario's drive to legs of the time loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.scenario import Scenario
from lto_sim.scenario.drive import ElementaryStep
from lto_sim.transport.circuit import Circuit, Supply
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import Grid
from lto_sim.transport.laws import law_lines, surface_excess
from lto_sim.transport.leg import Leg, LegStart
from lto_sim.transport.model import Model, boundary_resistances, surface_conductances
from lto_sim.transport.outcome import Electrical, Outcome
from lto_sim.transport.stepper import Conditions, Stepper

__all__ = ["StepPlan", "contact_areas", "electrical_start", "one_c_current", "plan_legs", "step_temperature"]

Floats = NDArray[np.float64]

_CHARGING: Final = 0.01
"""Largest change of an interface potential in a step where a double layer is resolved [V]."""
_CHARGING_SHARE: Final = 0.3
"""That change as part of what the potential has to go, in units of numerics.change_fraction."""
_SMALLEST_SCALE: Final = 1e-7
"""Excess [li fraction] below which changes of a relaxing particle are not followed."""
_UNKNOWN_START: Final = 1.0
"""How far from the plateau a sweep may begin, where the step before it tells [V]; for planning only."""
_NEAR_THE_END: Final = 1e-9
"""Distance of a surface from x = 0 and 1 at which its open-circuit potential is read."""


def step_temperature(scenario: Scenario, step: ElementaryStep) -> float:
    """Temperature [K] of a drive step."""
    return float(scenario.temperature if step.temperature is None else step.temperature)


def contact_areas(model: Model) -> Floats:
    """Area of every contact [m2], both halves of a specimen with a symmetry plane."""
    return np.array([float(faces.area.sum()) * model.mesh.multiplicity for faces in model.mesh.contacts])


def one_c_current(model: Model) -> float:
    """Current that empties the particle in an hour [A]."""
    return _capacity(model) / 3600.0


def _capacity(model: Model) -> float:
    """Charge of all insertable lithium [C]."""
    volume = math.fsum(model.mesh.volume.ravel()) * model.mesh.multiplicity
    return FARADAY * model.material.insertable_concentration * volume


def electrical_start(scenario: Scenario, model: Model, grid: Grid, x: Floats) -> Electrical:
    """State of the circuit before the drive: every contact at the open-circuit potential behind it."""
    steps = scenario.steps
    temperature = step_temperature(scenario, steps[0])
    padded = grid.pad(x)
    interface = np.array([
        float(_rest_potential(model, float(padded[grid.contact_cell[part]].mean()), temperature))
        for part in grid.contact_slices
    ])  # fmt: skip
    return Electrical(float(interface.mean()), interface, np.zeros(interface.size))


def _rest_potential(model: Model, x: Floats | float, temperature: float) -> Floats:
    inside = np.clip(x, _NEAR_THE_END, 1.0 - _NEAR_THE_END)
    return model.material.open_circuit_potential(inside, temperature)


def plan_legs(scenario: Scenario, model: Model, grid: Grid, stepper: Stepper) -> tuple[StepPlan, ...]:
    """Return the legs of a scenario's drive."""
    laws: dict[float, _Laws] = {}
    plans = []
    for step in scenario.steps:
        temperature = step_temperature(scenario, step)
        law = laws.setdefault(temperature, _Laws(scenario, model, grid, stepper, temperature))
        plans.append(StepPlan(scenario, model, step, law))
    return tuple(plans)


@dataclass(frozen=True, eq=False)
class _Laws:
    """Everything that holds at one temperature."""

    scenario: Scenario
    model: Model
    grid: Grid
    stepper: Stepper
    temperature: float
    _last: dict[bytes, Conditions] = field(default_factory=dict)

    @cached_property
    def circuit(self) -> Circuit:
        """The contacts as a circuit."""
        model, areas = self.model, contact_areas(self.model)
        contacts = model.contacts
        resistance = [
            0.0 if c.conductance is None else 1.0 / c.conductance(self.temperature) for c in contacts
        ]
        capacitance = np.array([c.capacitance for c in contacts])
        to_mol = model.material.insertable_concentration * model.mesh.multiplicity
        return Circuit(
            -FARADAY * to_mol, _capacity(model), np.array(resistance) / areas, capacitance * areas,
            self.grid.contact_slices,
        )  # fmt: skip

    @property
    def react(self) -> bool:
        """Whether a contact has a law with two lines, one a phase."""
        return any(contact.kinetics is not None for contact in self.model.contacts)

    def conditions(self, time: float, interface: Floats) -> Conditions:
        """Conditions of a step that ends at `time` [s], at interface potentials [V]."""
        damage = self.scenario.beam_damage
        key = interface.tobytes() if damage is None else interface.tobytes() + np.float64(time).tobytes()
        if key not in self._last:
            self._last.clear()
            self._last[key] = self._make(self._health(time), interface)
        return self._last[key]

    def _health(self, time: float) -> float:
        """What the beam has left of every diffusivity [1]."""
        damage = self.scenario.beam_damage
        return 1.0 if damage is None else math.exp(-min(damage.dose_rate * time / damage.dose, 600.0))

    def _make(self, health: float, interface: Floats) -> Conditions:
        model, grid = self.model, self.grid
        material, temperature = model.material, self.temperature
        x_poor, x_rich = material.edges(temperature)
        transfer, excess = (np.empty((2, grid.contact_cell.size)) for _ in range(2))
        for contact, part, phi in zip(model.contacts, grid.contact_slices, interface, strict=True):
            line = law_lines(contact, material, temperature, float(phi))
            transfer[:, part] = np.array(line.transfer)[:, None]
            excess[:, part] = np.array(line.excess)[:, None]
        if not self.react:
            transfer, excess = transfer[0], excess[0]
        return Conditions(
            x_poor, x_rich,
            health * material.poor.diffusivity(temperature), health * material.rich.diffusivity(temperature),
            excess, transfer, np.zeros(grid.contact_cell.size),
            health * surface_conductances(model, temperature),
            boundary_resistances(model, temperature) / health,
        )  # fmt: skip

    def overpotential(self, x: Floats, excess: Floats, outcome: Outcome, dt: float, end: float) -> Floats:
        """Interface potential minus open-circuit potential of the surface, mean over each contact [V]."""
        grid, material = self.grid, self.model.material
        over = np.zeros(len(grid.contact_slices))
        if all(contact.holds for contact in self.model.contacts):
            return over
        interface = outcome.electrical.interface
        transfer, w = self.stepper.face_laws(x, excess, self.conditions(end, interface))
        w_surface = surface_excess(transfer, w, outcome.end_flux(dt) / grid.contact_area)
        surface = material.composition(w_surface, self.temperature)
        potential = np.where(
            w_surface == 0.0,
            material.plateau_potential,
            _rest_potential(self.model, surface, self.temperature),
        )
        for number, part in enumerate(grid.contact_slices):
            if transfer[0, part].any():
                over[number] = interface[number] - np.average(
                    potential[part], weights=grid.contact_area[part]
                )
        return over


@dataclass(frozen=True, eq=False)
class StepPlan:
    """A drive step that becomes a leg once it is known where it begins.

    Parameters
    ----------
    scenario, model : What is run.
    step : The step.
    laws : Laws at its temperature.
    """

    scenario: Scenario
    model: Model
    step: ElementaryStep
    laws: _Laws

    @property
    def group(self) -> int:
        """Number of the titration that the step belongs to, or -1."""
        return self.step.group

    @property
    def current(self) -> float | None:
        """Current that is imposed [A]; None where a potential is."""
        if self.step.kind == "rest":
            return 0.0
        if self.step.kind == "current":
            return self.step.value
        return self.step.value * one_c_current(self.model) if self.step.kind == "c_rate" else None

    def scale(self, x: Floats, excess: Floats) -> float:
        """Excess [li fraction] that changes are measured by: the largest difference that drives a flux."""
        material, temperature = self.model.material, self.laws.temperature
        inside = self.laws.grid.volume > 0.0
        w = np.append(material.excess(x[inside], temperature), excess)
        low, high = float(w.min()), float(w.max())
        x_poor, x_rich = material.edges(temperature)
        widest = max(x_poor, 1.0 - x_rich)
        current = self.current
        if current is not None:
            return max(min(widest, self._driven_by(current, x_poor, high - low)), _SMALLEST_SCALE)
        ends = (
            [self.step.value] if self.step.sweep_start is None else [self.step.value, self.step.sweep_start]
        )
        held = [material.contact_excess(value, temperature) for value in ends]
        parent_is_other = min(low, *held) < 0.0 < max(high, *held) or (low == high == 0.0)
        if parent_is_other:
            return max(*(abs(v) for v in held), abs(low), abs(high), _SMALLEST_SCALE)
        return max(max(high, *held) - min(low, *held), _SMALLEST_SCALE)

    def _driven_by(self, current: float, x_poor: float, spread: float) -> float:
        """Excess [li fraction] that a current builds up in its time across a contact, or that was there."""
        if current == 0.0:
            return spread
        conditions = self.laws.conditions(
            0.0, np.full(len(self.model.contacts), self.model.material.plateau_potential)
        )
        flux = abs(current / self.laws.circuit.to_ampere) / float(self.laws.grid.contact_area.sum())
        slowest = min(conditions.diffusivity_poor, conditions.diffusivity_rich)
        time = min(self.step.longest, _capacity(self.model) / abs(current))
        return max(2.0 * flux * math.sqrt(time / (math.pi * slowest)), spread)

    @property
    def longest(self) -> float:
        """Longest time [s] that it is expected to last; infinite where that is not known."""
        step = self.step
        if step.kind == "sweep" and step.sweep_start is None:
            height = abs(step.value - self.model.material.plateau_potential) + _UNKNOWN_START
            return min(height / step.sweep_rate, step.until.time or math.inf)
        return step.longest if step.kind in {"hold", "sweep"} else self._longest_current()

    def begin(self, start: LegStart) -> Leg:
        """Return the leg that begins there."""
        step, laws, numerics = self.step, self.laws, self.scenario.numerics
        current = self.current
        potential, duration = self._potential(start)
        supply = Supply(laws.circuit, laws.conditions, potential, 0.0 if current is None else current)
        shown = start.potential if potential is None else potential(start.time)
        until = step.until
        return Leg(
            duration,
            shown,
            self._plain_conditions(potential, start.potential),
            StepController(numerics.front_fraction, numerics.change_fraction, start.scale),
            until.li_fraction,
            supply,
            until.current,
            until.potential,
            current > 0.0 if current else (until.potential or 0.0) > start.potential,
            numerics.potential_step / step.sweep_rate if step.kind == "sweep" else math.inf,
            self._charging(potential, start),
            laws.overpotential,
            step.kind == "sweep",
            step.path,
            step.group,
        )

    def _charging(self, potential: Callable[[float], float] | None, start: LegStart) -> float:
        """Change of an interface potential that a step may make [V]: a small part of what it has to go.

        Without a potential held, a part of the thermal voltage, over which kinetics change.
        """
        if not self.laws.circuit.capacitance.any():
            return math.inf
        share = self.scenario.numerics.change_fraction
        if potential is None or self.step.kind == "sweep":
            return float(min(_CHARGING, share * GAS_CONSTANT * self.laws.temperature / FARADAY))
        way = abs(potential(start.time) - start.potential)
        return float(min(_CHARGING, _CHARGING_SHARE * share * max(way, _CHARGING)))

    def _potential(self, start: LegStart) -> tuple[Callable[[float], float] | None, float]:
        """Potential as a function of time, None where a current is imposed, and the longest duration [s]."""
        step = self.step
        if step.kind == "hold":
            return (lambda _: step.value), step.longest
        if step.kind != "sweep":
            return None, self._longest_current()
        first = start.potential if step.sweep_start is None else step.sweep_start
        height = step.value - first
        duration = abs(height) / step.sweep_rate
        rate = math.copysign(step.sweep_rate, height)
        until = duration if step.until.time is None else min(duration, step.until.time)

        def ramp(time: float) -> float:
            gone = time - start.time
            return step.value if gone >= duration * (1.0 - 1e-12) else first + rate * gone

        return ramp, until

    def _longest_current(self) -> float:
        """A current lasts no longer than the particle has room for, and a little, so that this is seen."""
        current = self.current
        if not current or self.step.until.time is not None:
            return self.step.longest
        return 1.001 * _capacity(self.model) / abs(current)

    def _plain_conditions(
        self, potential: Callable[[float], float] | None, before: float
    ) -> Callable[[float], Conditions]:
        count = len(self.model.contacts)

        def conditions(time: float) -> Conditions:
            phi = before if potential is None else potential(time)
            return self.laws.conditions(time, np.full(count, phi))

        return conditions
