"""The one time loop: steps of a drive, step size control, balance, observers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.controller import StepController, change_of_step, rounded
from lto_sim.transport.record import Observer, Span
from lto_sim.transport.step import Conditions, ImplicitStepper, StepResult

__all__ = ["STATUS", "Counters", "Leg", "Progress", "march"]

Floats = NDArray[np.float64]
Progress = Callable[[float], None]

STATUS: Final[tuple[str, ...]] = (
    "finished",
    "finished: the li fraction asked for was reached",
    "stopped at the step limit: raise numerics.max_steps or use larger cells",
    "stopped because the step size collapsed: report this scenario, or relax numerics.tolerance",
)
"""Meaning of the status value of a run."""

_SMALLEST_STEP = 1e-16
_ROUND_OFF = 1e-12


@dataclass(frozen=True)
class Leg:
    """One step of the drive.

    Parameters
    ----------
    duration : Longest time that it lasts [s].
    potential : Potential held [V].
    conditions : Conditions as a function of time [s] at the end of a step.
    controller : Step size control.
    stop_fraction : Mean li fraction at which it ends earlier, or None.
    """

    duration: float
    potential: float
    conditions: Callable[[float], Conditions]
    controller: StepController
    stop_fraction: float | None = None


@dataclass
class Counters:
    """Work and quality of a run.

    `out_of_range` counts cells that lay outside [0, 1] by more than round-off after a step. Nothing is ever
    clipped, so such a cell would stay visible in the result.
    """

    steps: int = 0
    rejected: int = 0
    newton_iterations: int = 0
    linear_iterations: int = 0
    out_of_range: int = 0
    worst_balance_error: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    status: int = 0

    def add(self, result: StepResult) -> None:
        """Count the work of a step, kept or not."""
        self.newton_iterations += result.newton_iterations
        self.linear_iterations += result.linear_iterations


@dataclass
class _Ledger:
    """Uptake of every contact, by compensated summation (Neumaier)."""

    slices: tuple[slice, ...]
    total: Floats = field(init=False)
    lost: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.total = np.zeros(len(self.slices))
        self.lost = np.zeros(len(self.slices))

    def add(self, uptake: Floats) -> Floats:
        for index, part in enumerate(self.slices):
            amount = math.fsum(uptake[part])
            new = self.total[index] + amount
            big, small = sorted((self.total[index], amount), key=abs, reverse=True)
            self.lost[index] += (big - new) + small
            self.total[index] = new
        return self.value()

    def value(self) -> Floats:
        return self.total + self.lost


def march(
    stepper: ImplicitStepper,
    x_start: Floats,
    legs: tuple[Leg, ...],
    observers: tuple[Observer, ...],
    *,
    max_steps: int = 1_000_000,
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
    progress : Called with the part of the time that is done.

    Returns
    -------
    Composition at the end, time of the end [s], counters.
    """
    duration = math.fsum(leg.duration for leg in legs)
    run = _Run(stepper, x_start, observers, max_steps, progress, duration)
    for leg in legs:
        if not run.leg(leg):
            break
    return stepper.grid.unpad(run.x).copy(), run.time, run.counters


class _Run:
    """State of a run between two steps."""

    def __init__(
        self,
        stepper: ImplicitStepper,
        x_start: Floats,
        observers: tuple[Observer, ...],
        max_steps: int,
        progress: Progress | None,
        duration: float,
    ) -> None:
        grid = stepper.grid
        self.stepper, self.grid = stepper, grid
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
        self.ledger = _Ledger(grid.contact_slices)
        self.inside = np.flatnonzero(grid.volume)
        self.capacity = math.fsum(grid.volume) * grid.volume_scale
        self.lithium = self.lithium_at_start = self.inventory(self.x)

    def inventory(self, x: Floats) -> float:
        """Lithium [m3 of li fraction], exactly rounded, so that the balance measures the scheme alone."""
        cells = self.grid.interior
        return math.fsum(x[cells] * self.grid.volume[cells]) * self.grid.volume_scale

    def leg(self, leg: Leg) -> bool:
        """Run one step of the drive; False where the run cannot go on."""
        self.counters.status = 0
        end_of_leg = self.time + leg.duration
        if abs(end_of_leg - self.duration) < 1e-12 * self.duration:
            end_of_leg = self.duration  # the last time asked for, to the last bit
        first = self.first_step(leg)
        dt = first
        counters = self.counters
        while self.time < end_of_leg:
            if counters.steps >= self.max_steps:
                counters.status = 2
                return False
            dt = max(rounded(dt), self.resolved())
            rest = end_of_leg - self.time
            size = rest if dt >= rest * (1.0 - 1e-12) else min(dt, 0.5 * rest) if dt > 0.5 * rest else dt
            conditions = leg.conditions(self.time + size)
            if self.excess is None:
                self.excess = self.stepper.start_excess(self.x, conditions)
            result = self.stepper.step(self.x, size, conditions, self.excess)
            counters.add(result)
            load = self.load(result, leg.controller, conditions) if result.settled else math.inf
            if not leg.controller.accepts(load):
                counters.rejected += 1
                dt = size * (0.25 if math.isinf(load) else max(0.2, 0.9 / load))
                if dt < max(_SMALLEST_STEP * first, self.resolved()):
                    counters.status = 3
                    return False
                continue
            if self.accept(leg, result, end_of_leg if size == rest else self.time + size):
                counters.status = 1
                return True
            dt = leg.controller.next_step(size, load)
        return True

    def resolved(self) -> float:
        """Smallest step [s] that the time itself can still count."""
        return 8.0 * math.ulp(self.time)

    def load(self, result: StepResult, controller: StepController, conditions: Conditions) -> float:
        """What a step did, as a multiple of what it may do."""
        cells = self.grid.interior
        change = change_of_step(
            self.x,
            result.x,
            self.grid.fraction,
            cells.start,
            cells.stop,
            conditions.x_poor,
            conditions.x_rich,
        )
        return controller.load(*change)

    def accept(self, leg: Leg, result: StepResult, end: float) -> bool:
        """Take a step over, or its part up to the li fraction asked for; True where that ends the leg."""
        grid, counters = self.grid, self.counters
        uptake_start = self.ledger.value()
        before = result.excess if self.excess is None else self.excess
        lithium = self.inventory(result.x)
        part = self.part_to_stop(leg, lithium)
        x_new, uptake, excess = result.x, result.uptake, result.excess
        if part < 1.0:
            end = max(self.time + part * (end - self.time), math.nextafter(self.time, math.inf))
            x_new = self.x + part * (x_new - self.x)
            uptake = part * uptake
            excess = before + part * (excess - before)
            lithium = self.inventory(x_new)
        uptake_end = self.ledger.add(uptake)
        span = Span(
            self.time, end, grid.unpad(self.x), grid.unpad(x_new), before, excess,
            self.lithium, lithium, uptake_start, uptake_end, leg.potential,
        )  # fmt: skip
        for observer in self.observers:
            observer.observe(span)
        self.x, self.excess, self.time, self.lithium = x_new, excess, end, lithium
        balance = abs(lithium - self.lithium_at_start - math.fsum(uptake_end)) / self.capacity
        counters.steps += 1
        counters.worst_balance_error = max(counters.worst_balance_error, balance)
        cells = x_new[self.inside]
        counters.lowest = min(counters.lowest, float(cells.min()))
        counters.highest = max(counters.highest, float(cells.max()))
        if counters.lowest < -_ROUND_OFF or counters.highest > 1.0 + _ROUND_OFF:
            counters.out_of_range += int(np.count_nonzero((cells < -_ROUND_OFF) | (cells > 1.0 + _ROUND_OFF)))
        if self.progress is not None:
            self.progress(end / self.duration)
        return part < 1.0

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

    def first_step(self, leg: Leg) -> float:
        """Time in which the contact faces alone would move their cells by the part allowed."""
        conditions = leg.conditions(self.time)
        grid = self.grid
        cell = grid.contact_cell
        transfer = conditions.contact_transfer * grid.contact_area
        half = conditions.fastest * grid.contact_conductance * grid.conductance_scale
        series = half / (
            1.0 + np.where(np.isinf(transfer), 0.0, half / np.where(transfer > 0, transfer, 1.0))
        )
        x = self.x[cell]
        w = np.minimum(x - conditions.x_poor, 0.0) + np.maximum(x - conditions.x_rich, 0.0)
        flux = series * np.abs(conditions.contact_excess - w) + np.abs(conditions.imposed_flux)
        rate = float(np.max(flux * grid.fraction[cell] / (grid.volume[cell] * grid.volume_scale)))
        limit = 0.01 * leg.duration
        if rate <= 0.0:
            return limit
        return min(limit, leg.controller.front_fraction * conditions.gap / rate)
