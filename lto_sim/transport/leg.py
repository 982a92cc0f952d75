"""One step of the drive as the time loop takes it: what is imposed, how long, and what ends it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.transport.circuit import Supply
from lto_sim.transport.controller import StepController
from lto_sim.transport.outcome import Electrical, Outcome
from lto_sim.transport.stepper import Conditions, Stepper

__all__ = ["Leg", "LegPlan", "LegStart"]

Floats = NDArray[np.float64]

_THERE = 1e-9
"""Distance [li fraction] at which a li fraction counts as met."""


@dataclass(frozen=True)
class LegStart:
    """What a drive step remembers of its beginning.

    Parameters
    ----------
    time : Time [s].
    potential : Potential that the step before left [V].
    scale : Excess that changes are measured by [li fraction].
    """

    time: float
    potential: float
    scale: float


@dataclass(frozen=True)
class Leg:
    """One step of the drive.

    Parameters
    ----------
    duration : Longest time that it lasts [s]; may be infinite.
    potential : Potential held [V]; of a current or a rest, no more than a label.
    conditions : Conditions as a function of time [s] at the end of a step.
    controller : Step size control.
    stop_fraction : Mean li fraction at which it ends earlier, or None.
    supply : Circuit around the contacts; None: the conditions are all there is.
    stop_current : |current| below which it ends [A], or None.
    stop_potential, rising : Potential at which it ends [V], or None; whether it is met from below.
    longest_step : Longest step [s].
    charging : Change of an interface potential that a step may make where a double layer resolves it [V].
    overpotential : Overpotential of every contact [V] after a step: (composition, excess, outcome, dt, end).
    sweeps : Whether the potential changes with time; `stop_current` then waits for a current above it.
    path, group : Where it stands in the scenario; number of the titration that its potential ends, or -1.
    """

    duration: float
    potential: float
    conditions: Callable[[float], Conditions]
    controller: StepController
    stop_fraction: float | None = None
    supply: Supply | None = None
    stop_current: float | None = None
    stop_potential: float | None = None
    rising: bool = True
    longest_step: float = math.inf
    charging: float = math.inf
    overpotential: Callable[[Floats, Floats, Outcome, float, float], Floats] | None = None
    sweeps: bool = False
    path: str = ""
    group: int = -1

    def begin(self, start: LegStart) -> Leg:
        """A step that depends on nothing before it is ready as it is."""
        return self

    def scale(self, x: Floats, excess: Floats) -> float:
        """Excess [li fraction] that changes are measured by."""
        return self.controller.excess_scale

    def advance(
        self, stepper: Stepper, x: Floats, dt: float, end: float, excess: Floats, old: Electrical,
        acts: float | None = None,
    ) -> Outcome:  # fmt: skip
        """Step padded composition `x` by `dt` to time `end` [s]; its fluxes act for `acts` [s]."""
        if self.supply is not None:
            return self.supply.advance(stepper, x, dt, end, excess, old, acts)
        return Outcome(
            stepper.step(x, dt, self.conditions(end), excess, acts),
            Electrical(self.potential, old.interface, old.current),
        )

    def passed(self, outcome: Outcome, before: Electrical) -> float:
        """How far a step went beyond the potential or current that ends it: below 0, not yet [V], [1]."""
        if outcome.beyond:
            return math.inf
        far = -math.inf
        if self.stop_potential is not None:
            over = outcome.electrical.potential - self.stop_potential
            far = max(far, over if self.rising else -over)
        if self.stop_current is not None and self.supply is not None:
            total = abs(outcome.total)
            flowed = abs(math.fsum(before.current)) > self.stop_current  # a sweep may begin without a current
            if flowed or not self.sweeps:
                far = max(far, 1.0 - total / self.stop_current)
        return far

    def fraction_is_met(self, mean: float) -> bool:
        """Whether the mean li fraction has passed the one asked for before a current begins.

        Of a hold it has where it is there already and no time ends the step.
        """
        if self.stop_fraction is None or self.supply is None:
            return False
        ahead = self.stop_fraction - mean
        if self.supply.potential is None:
            return ahead * self.supply.given_current >= 0.0
        return math.isinf(self.duration) and abs(ahead) <= _THERE

    def fraction_already_met(self) -> InputError:
        """Say that the li fraction that ends the step is there at its beginning."""
        return InputError(
            f"{self.path}.until.li_fraction", self.stop_fraction, "one that the step has yet to reach",
            "the end condition is met already",
        )  # fmt: skip

    def already_met(self, beyond: bool = False) -> InputError:
        """Say that what ends the step holds at its beginning, or that its current cannot flow at all."""
        until = "potential" if self.path.endswith(".gitt") else "until.potential"
        if beyond or (self.stop_potential is None and self.stop_current is None):
            return InputError(
                self.path, "a current", "one that the contacts let through",
                "no potential within 10 V drives it: a smaller current, or contacts with larger constants",
            )  # fmt: skip
        if self.stop_current is not None:
            return InputError(
                f"{self.path}.until.current", self.stop_current, "below the current at the start of the step",
                "the end condition is met already",
            )  # fmt: skip
        return InputError(
            f"{self.path}.{until}", self.stop_potential,
            "beyond the potential at the start of the step",
            "the end condition is met already",
        )  # fmt: skip


class LegPlan(Protocol):
    """Anything that makes a leg once it is known where it begins."""

    @property
    def group(self) -> int:
        """Number of the titration that the step belongs to, or -1."""
        ...

    def begin(self, start: LegStart) -> Leg:
        """Return the leg."""
        ...

    def scale(self, x: Floats, excess: Floats) -> float:
        """Excess [li fraction] that changes are measured by, from composition and excess at its start."""
        ...
