"""The one time loop: steps of a drive, step size control, balance, observers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.checkpoint import Checkpoint
from lto_sim.transport.controller import change_of_step, rounded
from lto_sim.transport.counters import STATUS, Counters, LegEnd
from lto_sim.transport.first_step import first_step
from lto_sim.transport.integrate import advance, extremes
from lto_sim.transport.ledger import Ledger, inventory
from lto_sim.transport.leg import Leg, LegPlan, LegStart
from lto_sim.transport.outcome import Electrical, Outcome
from lto_sim.transport.record import Observer, Span
from lto_sim.transport.stepper import Stepper

__all__ = ["STATUS", "Counters", "Leg", "LegEnd", "Progress", "TimeLoop", "march"]

Floats = NDArray[np.float64]
Progress = Callable[[float], None]

_SMALLEST_STEP = 1e-16
_ROUND_OFF = 1e-12
_NEVER = 1e14
"""Time [s] after which a step without a duration is taken for endless."""
_LOCATED = 1e-5
"""How near a potential [V], or a current (as part of it), is met."""
_LOCATING = 60
_SHORTENED = 4


def march(
    stepper: Stepper,
    x_start: Floats,
    legs: Sequence[Leg | LegPlan],
    observers: tuple[Observer, ...],
    *,
    max_steps: int = 1_000_000,
    duration: float | None = None,
    electrical: Electrical | None = None,
    restart: Checkpoint | None = None,
    progress: Progress | None = None,
) -> tuple[Floats, float, Counters]:
    """Run the drive.

    Parameters
    ----------
    stepper : The step.
    x_start : Composition (nz, ny, nx) at time 0.
    legs : Steps of the drive, one after another.
    observers : Called with every accepted span, in order.
    max_steps : Most accepted steps.
    duration : Longest time of the whole run [s]; default: the sum of the legs'.
    electrical : State of the circuit at time 0; default: none.
    restart : Where the run is continued from, instead of `x_start`.
    progress : Called with the part of the time that is done.

    Returns
    -------
    Composition at the end, time of the end [s], counters.

    Raises
    ------
    InputError
        The end condition of the first drive step is met before it begins.
    """
    if duration is None:
        duration = math.fsum(leg.duration for leg in legs if isinstance(leg, Leg))
    if electrical is None:
        count = len(stepper.grid.contact_slices)
        electrical = Electrical(0.0, np.zeros(count), np.zeros(count))
    run = TimeLoop(stepper, x_start, legs, observers, max_steps, progress, duration, electrical)
    if restart is not None:
        run.take_up(restart)
    run.through()
    return stepper.grid.unpad(run.x).copy(), run.time, run.counters


class TimeLoop:
    """State of a run between two steps."""

    def __init__(
        self,
        stepper: Stepper,
        x_start: Floats,
        legs: Sequence[Leg | LegPlan],
        observers: tuple[Observer, ...],
        max_steps: int,
        progress: Progress | None,
        duration: float,
        electrical: Electrical,
    ) -> None:
        grid = stepper.grid
        self.stepper, self.grid, self.legs = stepper, grid, legs
        self.observers, self.max_steps, self.progress, self.duration = (
            observers,
            max_steps,
            progress,
            duration,
        )
        self.x = grid.pad(x_start)
        self.excess: Floats | None = None
        self.time = 0.0
        self.counters = Counters()
        self.ledger = Ledger(grid.contact_slices)
        self.inside = np.flatnonzero(grid.volume)
        self.capacity = math.fsum(grid.volume) * grid.volume_scale
        self.lithium = self.lithium_at_start = self.inventory(self.x)
        self.electrical = electrical
        self.first_interface = electrical.interface
        self.signals: Floats | None = None
        self.number = self.leg_steps = 0
        self.start = LegStart(0.0, 0.0, 0.0)
        self.edges = 0.0, 1.0
        self.next_step = self.last_step = self.proposed = 0.0
        self.group = -1

    def take_up(self, point: Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.x = np.zeros_like(self.x)
        self.x[self.grid.interior] = point.x
        begun = point.time > 0.0
        self.excess = point.excess if begun and point.excess.size == self.grid.elements else None
        self.time, self.next_step, self.last_step = point.time, point.next_step, point.last_step
        self.signals = point.signals
        size = point.interface.size
        known = point.conductance.size == size * size and bool(point.conductance.any())
        conductance = point.conductance.reshape(size, size) if known else None
        self.electrical = Electrical(point.potential, point.interface, point.current, conductance)
        self.first_interface = point.first_interface
        self.ledger.total, self.ledger.lost = point.total.copy(), point.lost.copy()
        self.number, self.leg_steps = point.leg, point.leg_steps
        self.start = LegStart(point.leg_start, point.leg_potential, point.leg_scale)
        self.lithium, self.lithium_at_start = self.inventory(self.x), point.lithium_at_start

    def checkpoint(self, next_step: float, leg: int, steps: int) -> Checkpoint:
        """What the run is continued from here."""
        known = self.electrical.conductance
        size = self.electrical.interface.size
        return Checkpoint(
            self.x[self.grid.interior], np.empty(0) if self.excess is None else self.excess,
            self.electrical.interface, self.first_interface, self.electrical.current,
            np.zeros((size, size)) if known is None else known,
            self.ledger.total.copy(), self.ledger.lost.copy(),
            np.zeros(1) if self.signals is None else self.signals,
            self.time, next_step, self.last_step, self.electrical.potential, leg, steps,
            self.start.time, self.start.potential, self.start.scale, self.lithium_at_start,
        )  # fmt: skip

    def inventory(self, x: Floats) -> float:
        """Lithium [m3 of li fraction]."""
        return inventory(x, self.grid.volume) * self.grid.volume_scale

    def through(self) -> None:
        """Run the steps of the drive that are left, until one cannot be finished."""
        while self.number < len(self.legs) and self.leg(self.legs[self.number]):
            self.number = self.following()

    def following(self) -> int:
        """Number of the drive step after this one; a titration that its potential has ended is left."""
        number = self.number + 1
        while self.group >= 0 and number < len(self.legs) and self.legs[number].group == self.group:
            number += 1
        return number

    def leg(self, plan: Leg | LegPlan) -> bool:
        """Run one step of the drive; False where the run cannot go on."""
        self.counters.status = 0
        if self.leg_steps == 0:
            excess = np.empty(0) if self.excess is None else self.excess
            self.start = LegStart(self.time, self.electrical.potential, plan.scale(self.x, excess))
            self.next_step = 0.0
        leg = plan.begin(self.start)
        leg = replace(leg, controller=replace(leg.controller, excess_scale=self.start.scale))
        end_of_leg = self.start.time + leg.duration
        if self.number == len(self.legs) - 1 and abs(end_of_leg - self.duration) < 1e-12 * self.duration:
            end_of_leg = self.duration  # the last time asked for, to the last bit
        reason = self.steps(leg, end_of_leg)
        self.counters.ends.append(LegEnd(self.number, self.start.time, self.time, reason))
        self.leg_steps = 0
        if self.counters.status == 0 and reason == "li_fraction":
            self.counters.status = 1
        return self.counters.status <= 1

    def steps(self, leg: Leg, end_of_leg: float) -> str:
        """Take steps until something ends the leg; say what."""
        counters = self.counters
        if self.leg_steps == 0 and leg.fraction_is_met(self.lithium / self.capacity):
            if self.number == 0:
                raise leg.fraction_already_met()
            return "li_fraction"
        first = first_step(self.grid, self.x, leg, self.time, self.electrical, self.last_step)
        dt = self.next_step or first
        conditions = leg.conditions(self.time)
        self.edges = conditions.x_poor, conditions.x_rich
        while self.time < end_of_leg:
            if counters.steps >= self.max_steps:
                counters.status = 2
                return "limit"
            if math.isinf(end_of_leg) and self.time - self.start.time > _NEVER:
                counters.status = 5
                return "limit"
            dt = self.proposed = max(rounded(min(dt, leg.longest_step)), self.resolved())
            rest = end_of_leg - self.time
            size = rest if dt >= rest * (1.0 - 1e-12) else min(dt, 0.5 * rest) if dt > 0.5 * rest else dt
            outcome = self.trial(leg, size)
            settled = outcome.result.settled or outcome.beyond != 0
            load = self.load(outcome, leg) if settled else math.inf
            if not leg.controller.accepts(load):
                counters.rejected += 1
                dt = size * (0.25 if math.isinf(load) else max(0.2, 0.9 / load))
                if dt < max(_SMALLEST_STEP * first, self.resolved()):
                    counters.status = 3
                    return "limit"
                continue
            whole = size == rest
            size, outcome = self.up_to_fraction(leg, size, outcome)
            if leg.passed(outcome, self.electrical) >= 0.0:
                return self.locate(leg, size, outcome)
            end = end_of_leg if whole and size == rest else self.time + size
            self.next_step = leg.controller.next_step(size, load)
            if self.accept(leg, outcome, end, end_of_leg, dt=size):
                return "li_fraction"
            dt = self.next_step
        return "time"

    def up_to_fraction(self, leg: Leg, size: float, outcome: Outcome) -> tuple[float, Outcome]:
        """Repeat a step that crosses the li fraction asked for up to there, where its potential is unknown.

        The part of a held step has the potential of the whole; of a current it has its own.
        """
        if outcome.beyond or leg.supply is None or not leg.supply.has_unknowns:
            return size, outcome
        for _ in range(_SHORTENED):
            part = self.part_to_stop(leg, self.inventory(outcome.result.x))
            if part >= 1.0 - _ROUND_OFF or part * size < self.resolved():
                break
            again = self.trial(leg, part * size)
            if not again.result.settled:
                break
            size, outcome = part * size, again
        return size, outcome

    def trial(self, leg: Leg, size: float) -> Outcome:
        """A step of `size` [s] from here."""
        if self.excess is None:
            self.excess = self.stepper.start_excess(self.x, leg.conditions(self.time + size))
        outcome = advance(leg, self.stepper, self.x, size, self.time + size, self.excess, self.electrical)
        self.counters.add(outcome.result)
        return outcome

    def locate(self, leg: Leg, size: float, outcome: Outcome) -> str:
        """Take the longest step that stays short of the potential or current that ends the leg."""
        short, long, best = 0.0, size, None
        far = leg.passed(outcome, self.electrical)
        for _ in range(_LOCATING):
            middle = 0.5 * (short + long)
            if long - short <= 1e-9 * size or middle < self.resolved():
                break
            trial = self.trial(leg, middle)
            if not trial.result.settled and trial.beyond == 0:
                long = middle
                continue
            gone = leg.passed(trial, self.electrical)
            if gone >= 0.0:
                long, far = middle, gone
            else:
                short, best = middle, trial
                if gone > -_LOCATED:
                    break
        if leg.stop_potential is not None:
            self.group = leg.group
        if best is not None:
            short, best = self.up_to_fraction(leg, short, best)
            if self.accept(leg, best, self.time + short, self.time + short, dt=short, ends=True):
                return "li_fraction"
        elif self.leg_steps == 0 and self.number == 0 and self.time == 0.0:
            raise leg.already_met(bool(outcome.beyond))
        if leg.stop_potential is None and leg.stop_current is None:
            self.counters.status = 4
            return "full"
        return "current" if leg.stop_potential is None and math.isfinite(far) else "potential"

    def resolved(self) -> float:
        """Smallest step [s] that the time itself can still count."""
        return 8.0 * math.ulp(self.time)

    def load(self, outcome: Outcome, leg: Leg) -> float:
        """What a step did, as a multiple of what it may do; nothing where it could not be done at all."""
        if outcome.beyond:
            return 0.0
        cells, result = self.grid.interior, outcome.result
        change = change_of_step(
            self.x,
            result.x,
            self.grid.fraction,
            cells.start,
            cells.stop,
            *self.edges,
        )
        load = leg.controller.load(*change)
        if math.isfinite(leg.charging) and leg.supply is not None:
            moved = outcome.electrical.interface - self.electrical.interface
            load = max(load, float(np.abs(moved[leg.supply.resolves]).max(initial=0.0)) / leg.charging)
        return load

    def accept(
        self, leg: Leg, outcome: Outcome, end: float, end_of_leg: float, *, dt: float, ends: bool = False
    ) -> bool:
        """Take a step over, or its part up to the li fraction asked for; True where that ends the leg."""
        grid, counters, result = self.grid, self.counters, outcome.result
        uptake_start = self.ledger.value()
        before = result.excess if self.excess is None else self.excess
        lithium = self.inventory(result.x)
        part = self.part_to_stop(leg, lithium)
        x_new, uptake, excess = result.x, result.uptake, result.excess
        signals = self.read(leg, outcome, dt, end)
        if part < 1.0:
            end = max(self.time + part * (end - self.time), math.nextafter(self.time, math.inf))
            x_new = self.x + part * (x_new - self.x)
            uptake = part * uptake
            excess = before + part * (excess - before)
            lithium = self.inventory(x_new)
        fresh = self.leg_steps == 0 or self.signals is None
        if self.signals is None:
            self.signals = np.zeros_like(signals)
        signals_start = self.signals_at_start(leg, signals) if fresh else self.signals
        here = self.checkpoint(self.proposed if self.leg_steps else 0.0, self.number, self.leg_steps)
        uptake_end = self.ledger.add(uptake)
        x_start, time_start, lithium_start = self.x, self.time, self.lithium
        over = ends or part < 1.0 or end >= end_of_leg
        self.x, self.excess, self.time, self.lithium = x_new, excess, end, lithium
        self.electrical, self.signals = outcome.electrical, signals
        self.leg_steps += 1
        self.last_step = dt
        there = self.checkpoint(self.next_step, self.number, self.leg_steps)
        if over:
            there = replace(there, leg=self.following(), leg_steps=0, next_step=0.0)
        span = Span(
            time_start, end, grid.unpad(x_start), grid.unpad(x_new), before, excess,
            lithium_start, lithium, uptake_start, uptake_end, signals_start, signals,
            self.number, self.start.time, end_of_leg, over, here, there,
        )  # fmt: skip
        for observer in self.observers:
            observer.observe(span)
        balance = abs(lithium - self.lithium_at_start - math.fsum(uptake_end)) / self.capacity
        counters.steps += 1
        counters.worst_balance_error = max(counters.worst_balance_error, balance)
        lowest, highest = extremes(x_new, grid.volume)
        counters.lowest, counters.highest = min(counters.lowest, lowest), max(counters.highest, highest)
        if lowest < -_ROUND_OFF or highest > 1.0 + _ROUND_OFF:
            cells = x_new[self.inside]
            counters.out_of_range += int(np.count_nonzero((cells < -_ROUND_OFF) | (cells > 1.0 + _ROUND_OFF)))
        if self.progress is not None and math.isfinite(self.duration):
            self.progress(min(end / self.duration, 1.0))
        return part < 1.0

    def read(self, leg: Leg, outcome: Outcome, dt: float, end: float) -> Floats:
        """Signals after a step: potential, interface potentials, overpotentials, charge of double layers."""
        electrical = outcome.electrical
        if leg.supply is None or leg.overpotential is None or self.excess is None:
            return np.array([electrical.potential])
        over = leg.overpotential(self.x, self.excess, outcome, dt, end)
        layer = leg.supply.circuit.capacitance * (electrical.interface - self.first_interface)
        return np.concatenate([[electrical.potential], electrical.interface, over, layer])

    def signals_at_start(self, leg: Leg, signals: Floats) -> Floats:
        """Signals at the start of a drive step: those of its first step, but what is charged is as it was."""
        if leg.supply is None or signals.size == 1:
            return signals
        layer = leg.supply.circuit.capacitance * (self.electrical.interface - self.first_interface)
        start = signals.copy()
        charged = leg.supply.circuit.capacitance > 0.0
        interface = np.where(charged, self.electrical.interface, signals[1 : 1 + layer.size])
        start[0] = leg.supply.potential_at_start(
            self.time, float(signals[0]), signals[1 : 1 + layer.size], interface
        )
        start[1 : 1 + layer.size] = interface
        start[signals.size - layer.size :] = layer
        return start

    def part_to_stop(self, leg: Leg, lithium: float) -> float:
        """Part of the step after which the mean li fraction crosses the one asked for; 1 if it does not.

        A step that ends there within round-off has reached it; one that starts there has not to cross it.
        """
        if leg.stop_fraction is None:
            return 1.0
        wanted, slack = leg.stop_fraction * self.capacity, _ROUND_OFF * self.capacity
        before, after = self.lithium - wanted, lithium - wanted
        if abs(before) <= slack or (before * after > 0.0 and abs(after) > slack):
            return 1.0
        return min(before / (before - after), 1.0 - 1e-15) if before * after < 0.0 else 1.0 - 1e-15
