"""Time integration of a step: implicit Euler, or two stages of second order.

Second order is the L-stable, stiffly accurate SDIRK method of two stages (Alexander, SIAM J. Numer. Anal. 14
(1977) 1006), g = 1 - 1/sqrt(2):

    x_1 = x_0 + g dt f(x_1),    x_2 = x_0 + (1 - g) dt f(x_1) + g dt f(x_2).

With x* = x_0 + (1 - g)/g (x_1 - x_0) the second stage is an implicit Euler step of g dt from x*: both stages
are the same piecewise-linear system, circuit included, and lithium is conserved as in it. The fluxes of the
first stage act for (1 - g) dt, those of the second for g dt; the depth of a front under a surface is the mean
over that time. The method has no maximum principle: where it would leave [0, 1], or where its second stage
cannot be done, the step is one of implicit Euler, which has.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel
from lto_sim.transport.leg import Leg
from lto_sim.transport.outcome import Electrical, Outcome
from lto_sim.transport.stepper import Stepper, StepResult

__all__ = ["advance", "extremes"]

Floats = NDArray[np.float64]

_G: Final = 1.0 - math.sqrt(0.5)
_FORWARD: Final = (1.0 - _G) / _G
_OUTSIDE: Final = 5e-13
"""How far [li fraction] a composition may be beyond 0 or 1 for round-off."""


@kernel
def extremes(x: Floats, volume: Floats) -> tuple[float, float]:
    """Lowest and highest padded composition of the cells inside the particle."""
    lowest, highest = np.inf, -np.inf
    for c in range(x.size):
        if volume[c] > 0.0:
            lowest = min(lowest, x[c])
            highest = max(highest, x[c])
    return lowest, highest


def advance(
    leg: Leg, stepper: Stepper, x: Floats, dt: float, end: float, excess: Floats, old: Electrical
) -> Outcome:
    """Step padded composition `x` by `dt` to time `end` [s], by the order of the stepper.

    Parameters
    ----------
    leg : The drive step.
    stepper : What solves a stage.
    x, excess : Padded composition, and excess of every element, before the step.
    dt, end : Size of the step and its end [s].
    old : Electrical state before it.
    """
    if stepper.time_order == 1:
        return leg.advance(stepper, x, dt, end, excess, old)
    first = leg.advance(stepper, x, _G * dt, end - (1.0 - _G) * dt, excess, old, (1.0 - _G) * dt)
    if not first.result.settled or first.beyond:
        return _with_work(leg.advance(stepper, x, dt, end, excess, old), first.result)
    forward = x + _FORWARD * (first.result.x - x)
    between = _extrapolated(leg, old, first.electrical)
    second = leg.advance(stepper, forward, _G * dt, end, first.result.excess, between)
    lowest, highest = extremes(second.result.x, stepper.grid.volume)
    inside = lowest >= -_OUTSIDE and highest <= 1.0 + _OUTSIDE
    if not second.result.settled or second.beyond or not inside:
        euler = leg.advance(stepper, x, dt, end, excess, old)
        return _with_work(euler, first.result, second.result)
    result = replace(second.result, uptake=_FORWARD * first.result.uptake + second.result.uptake)
    flux = second.result.uptake / (_G * dt)
    return _with_work(replace(second, result=result, flux=flux), first.result)


def _extrapolated(leg: Leg, old: Electrical, first: Electrical) -> Electrical:
    """State that the circuit begins the second stage from: what a double layer stores goes on as x does."""
    if leg.supply is None:
        return first
    forward = old.interface + _FORWARD * (first.interface - old.interface)
    charged = leg.supply.circuit.capacitance > 0.0
    return replace(first, interface=np.where(charged, forward, first.interface))


def _with_work(outcome: Outcome, *others: StepResult) -> Outcome:
    """The outcome with the iterations of other stages added."""
    result = outcome.result
    newton = result.newton_iterations + sum(other.newton_iterations for other in others)
    linear = result.linear_iterations + sum(other.linear_iterations for other in others)
    return replace(outcome, result=replace(result, newton_iterations=newton, linear_iterations=linear))
