"""A run along steps that are given: the same sequence for runs whose rates differ a little.

The size of a step follows from the solution, so that two runs with nearly the same rates take different
steps, and their difference holds the change of the error of a step beside that of the rates. Along one
sequence of steps the solution is a continuous function of the rates.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.leg import Leg
from lto_sim.transport.loop import TimeLoop

__all__ = ["ReplayedLoop"]

Floats = NDArray[np.float64]

_HALVED: Final = 12
"""Times that a step which cannot be solved is halved."""
_SAME: Final[float] = 1e-9
"""Distance of two times, as part of the step between them, at which they are one."""


class ReplayedLoop(TimeLoop):
    """A run whose steps end at given times; beyond the last of them steps go on with its size.

    Set `ends` before the run. A step that cannot be solved is halved; where that does not help, the status of
    the run is that of a step which became too small.
    """

    ends: Floats = np.empty(0)

    def steps(self, leg: Leg, end_of_leg: float) -> str:
        """Take the steps that are given up to the end of the leg."""
        conditions = leg.conditions(self.time)
        self.edges = conditions.x_poor, conditions.x_rich
        for end in self._ends_of(end_of_leg):
            if self.counters.steps >= self.max_steps:
                self.counters.status = 2
                return "limit"
            if not self._step_to(leg, end, end_of_leg, _HALVED):
                self.counters.status = 3
                return "limit"
        return "time"

    def _ends_of(self, end_of_leg: float) -> list[float]:
        slack = _SAME * (end_of_leg - self.time)
        inside = self.ends[(self.ends > self.time) & (self.ends < end_of_leg - slack)]
        given = [self.time, *inside.tolist()]
        rest = end_of_leg - given[-1]
        more = 1
        if self.ends.size and self.ends[-1] < end_of_leg - slack and len(given) > 1:
            more = max(math.ceil(rest / (given[-1] - given[-2]) * (1.0 - _SAME)), 1)
        beyond = given[-1] + rest * np.arange(1, more) / more
        return [*given[1:], *beyond.tolist(), end_of_leg]

    def _step_to(self, leg: Leg, end: float, end_of_leg: float, halvings: int) -> bool:
        size = end - self.time
        if size <= self.resolved():
            return False
        outcome = self.trial(leg, size)
        if outcome.result.settled or outcome.beyond != 0:
            self.proposed = self.next_step = size
            self.accept(leg, outcome, end, end_of_leg, dt=size)
            return True
        self.counters.rejected += 1
        middle = self.time + 0.5 * size
        return halvings > 0 and all(
            self._step_to(leg, until, end_of_leg, halvings - 1) for until in (middle, end)
        )
