"""Work, quality and outcome of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from lto_sim.transport.stepper import StepResult

__all__ = ["STATUS", "Counters", "LegEnd"]

STATUS: Final[tuple[str, ...]] = (
    "finished",
    "finished: the li fraction asked for was reached",
    "stopped at the step limit: raise numerics.max_steps or use larger cells",
    "stopped because the step size collapsed: report this scenario, or relax numerics.tolerance",
    "stopped because the particle cannot take the current: it is full (or empty) at its contacts, or their "
    "law lets no more through; give the step an end condition until.potential, or a smaller current",
    "stopped because the drive step can never end: nothing changes any more; give it until.time",
)
"""Meaning of the status value of a run; above 1 it could not be finished."""


@dataclass(frozen=True)
class LegEnd:
    """A drive step that is over: its number, start and end [s], and what ended it."""

    number: int
    start: float
    end: float
    reason: str


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
    ends: list[LegEnd] = field(default_factory=list)

    def add(self, result: StepResult) -> None:
        """Count the work of a step, kept or not."""
        self.newton_iterations += result.newton_iterations
        self.linear_iterations += result.linear_iterations
