"""Choice of the step size: fronts cross a stated part of a cell, and phases change by a stated part.

Implicit Euler is stable and monotone at any step; the limits are for accuracy only. `load` is what a step did
as a multiple of what it may do: cells in the gap by their change over the gap, cells of one phase by their
change over the largest excess of the problem. Since the step is scaled by 1/load, a plane front that crosses
whole cells in 1/front_fraction steps lands on cell faces, where the scheme is exact if quasi-steady.

Step sizes are rounded to six digits: they follow from the solution and the solution from them, and round-off
would grow from step to step (seen: to 1e-3 of li fraction between a run and its mirror image, which differ by
1e-13 with steps of one size).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel

__all__ = ["StepController", "change_of_step", "rounded"]

Floats = NDArray[np.float64]

_DIGITS = 2.0**20


@kernel
def change_of_step(
    x_old: Floats, x_new: Floats, fraction: Floats, first: int, end: int, x_poor: float, x_rich: float
) -> tuple[float, float]:
    """Return (largest change within the gap over the gap, largest change of cells within a phase).

    A change counts by the `fraction` of the cell that is inside the outline: a front crosses the sliver of a
    cut cell in no time.
    """
    in_gap = 0.0
    in_phase = 0.0
    for c in range(first, end):
        a = min(max(x_old[c], x_poor), x_rich)
        b = min(max(x_new[c], x_poor), x_rich)
        if a != b:
            in_gap = max(in_gap, fraction[c] * abs(b - a))
        else:
            in_phase = max(in_phase, fraction[c] * abs(x_new[c] - x_old[c]))
    return in_gap / (x_rich - x_poor), in_phase


def rounded(dt: float) -> float:
    """Step size [s] to 20 binary digits."""
    mantissa, exponent = math.frexp(dt)
    return math.ldexp(round(mantissa * _DIGITS), exponent) / _DIGITS


@dataclass(frozen=True)
class StepController:
    """Limits and response.

    Parameters
    ----------
    front_fraction : Part of a cell that a front is meant to cross in a step; up to `tolerated` times as much
        is accepted before a step is repeated.
    change_fraction : Change of w in a step as part of `excess_scale`.
    excess_scale : Largest excess of the problem [li fraction].
    """

    front_fraction: float
    change_fraction: float
    excess_scale: float

    growth: float = 1.5
    tolerated: float = 2.0

    def load(self, in_gap: float, in_phase: float) -> float:
        """What a step did, as a multiple of what it may do."""
        scale = self.change_fraction * self.excess_scale
        return max(in_gap / self.front_fraction, in_phase / scale if scale > 0.0 else 0.0)

    def accepts(self, load: float) -> bool:
        """Whether a step of this load is kept."""
        return load <= self.tolerated

    def next_step(self, dt: float, load: float) -> float:
        """Step size [s] after a step of size `dt` [s]."""
        wanted = dt / load if load > 0.0 else dt * self.growth
        return min(max(wanted, 0.2 * dt), self.growth * dt)
