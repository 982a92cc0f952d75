"""Least squares of an objective that is dear and a little rough.

Levenberg-Marquardt steps, kept within the bounds. Libraries end a search by relative changes of cost or step;
here a step that can no longer lower chi-square by a hundredth says nothing about the parameters, while the
kinks of fronts that cross cells would have a trust region shrink for a dozen runs. The search ends where the
decrease that the derivatives promise is below what matters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lto_sim.inverse.objective import Objective

__all__ = [
    "ROBUST_SCALE",
    "Loss",
    "Minimum",
    "bent_squares",
    "chi_square",
    "information",
    "minimise",
    "robust_weights",
    "score_slopes",
]

Floats = NDArray[np.float64]
Loss = Literal["linear", "soft_l1", "cauchy"]

_ENOUGH: Final[float] = 0.1
ROBUST_SCALE: Final[float] = 2.0
"""Deviations beyond which a robust loss bends."""
_AT_BOUND: Final[float] = 1e-3
_KEPT: Final[float] = 0.1
"""Part of the promised decrease that a step must bring to be kept."""
_GOOD: Final[float] = 0.5
_DAMPED, _FREED = 8.0, 5.0
_FIRST_DAMPING: Final[float] = 1e-3
_LARGEST_DAMPING: Final[float] = 1e3
_KINKS: Final[float] = 2.0
"""Promised decrease that kinks may leave: no shorter step brings any of it. Of more values more, by root."""
_MANY: Final[float] = 4e4
_LARGEST_STEP: Final[float] = 1.5
"""Largest step in the logarithm of a rate."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a search ended.

    Parameters
    ----------
    theta : What is fitted.
    residuals, jacobian : There.
    cost : Half of chi-square, or of what a robust loss makes of it.
    converged : Whether steps ceased to matter within the evaluations allowed.
    at_bound : Numbers of parameters on a bound.
    evaluations : Evaluations of the residuals.
    """

    theta: Floats
    residuals: Floats
    jacobian: Floats
    cost: float
    converged: bool
    at_bound: tuple[int, ...]
    evaluations: int


def minimise(
    objective: Objective,
    theta: Floats,
    *,
    loss: Loss = "linear",
    enough: float = _ENOUGH,
    most: int = 40,
    on_step: Callable[[Floats, float], None] | None = None,
) -> Minimum:
    """Minimise half the sum of squared residuals within the bounds.

    Parameters
    ----------
    objective : Residuals and derivatives; residuals that are not finite shorten a step.
    theta : Start.
    loss : ``linear``, or a robust one that bends beyond two deviations.
    enough : Promised decrease of chi-square at which the search ends.
    most : Most evaluations.
    on_step : Told every point and its chi-square.
    """
    low, high = objective.parameters.bounds
    theta = objective.parameters.inside(theta)
    longest = np.array([_LARGEST_STEP if p.logarithmic else math.inf for p in objective.parameters.free])
    residuals = objective.residuals(theta)
    priors = objective.parameters.prior_residuals(theta)[0].size
    cost = _cost(residuals, loss, priors)
    count, damping, converged, relaxed = 1, _FIRST_DAMPING, False, False
    kinks = _KINKS * max(1.0, math.sqrt(residuals.size / _MANY))
    jacobian = objective.jacobian(theta)
    if on_step is not None:
        on_step(theta, chi_square(residuals))
    while count < most:
        weights = robust_weights(residuals, loss, priors)
        gradient = jacobian.T @ (weights * residuals)
        matrix = information(jacobian, weights)
        step, promised, damping = _bounded_step(matrix, gradient, damping, theta, low, high, longest)
        if promised < 0.5 * enough:
            left = _step(matrix, gradient, 0.0, theta, low, high)[1]
            converged = left < kinks
            if left < 2.5 * enough or damping <= _FIRST_DAMPING or relaxed:
                break
            damping, relaxed = _FIRST_DAMPING, True
            continue
        moved = objective.parameters.inside(theta + step)
        there = objective.residuals(moved)
        count += 1
        lower = cost - _cost(there, loss, priors)
        if math.isfinite(lower) and on_step is not None:
            on_step(moved, chi_square(there))
        if math.isfinite(lower) and lower > _KEPT * promised:
            theta, residuals, cost = moved, there, cost - lower
            jacobian = objective.jacobian(theta)
            damping = damping / _FREED if lower > _GOOD * promised else damping
            relaxed = False
            continue
        left = _step(matrix, gradient, 0.0, theta, low, high)[1]
        if left < 2.5 * enough and math.isfinite(lower):  # less than a kink: nothing below it matters
            converged = True
            break
        damping = max(damping, _FIRST_DAMPING) * _DAMPED
        if damping > _LARGEST_DAMPING:
            converged = left < kinks
            break
    bound = _on_bounds(theta, low, high)
    return Minimum(theta, residuals, jacobian, cost, converged, bound, count)


def _bounded_step(
    matrix: Floats,
    gradient: Floats,
    damping: float,
    theta: Floats,
    low: Floats,
    high: Floats,
    longest: Floats,
) -> tuple[Floats, float, float]:
    """Step no longer than `longest`, what it promises, and the damping that it takes.

    More damping rather than a shorter step: what the data do not see would else hold back what they do.
    """
    while True:
        step, _ = _step(matrix, gradient, damping, theta, low, high)
        over = float(np.max(np.abs(step) / longest, initial=0.0))
        if over <= 1.0 or damping >= _LARGEST_DAMPING:
            short = step / max(over, 1.0)
            return short, -float(gradient @ short + 0.5 * short @ matrix @ short), damping
        damping = max(damping, _FIRST_DAMPING) * _DAMPED


def _step(
    matrix: Floats, gradient: Floats, damping: float, theta: Floats, low: Floats, high: Floats
) -> tuple[Floats, float]:  # fmt: skip
    """Damped step within the bounds, and the decrease of the cost that it promises."""
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    free = np.ones(theta.size, dtype=np.bool_)
    step = np.zeros(theta.size)
    for _ in range(theta.size):
        step[:] = 0.0
        scaled = (matrix / np.outer(size, size) + damping * np.eye(theta.size))[np.ix_(free, free)]
        step[free] = -np.linalg.lstsq(scaled, (gradient / size)[free], rcond=1e-12)[0] / size[free]
        beyond = free & (((theta + step <= low) & (step < 0.0)) | ((theta + step >= high) & (step > 0.0)))
        there = beyond & (np.minimum(theta - low, high - theta) < 1e-6 * np.maximum(high - low, 1e-300))
        if not there.any():
            break
        free &= ~there
        if not free.any():
            return np.zeros(theta.size), 0.0
    step = np.clip(theta + step, low, high) - theta
    return step, -float(gradient @ step + 0.5 * step @ matrix @ step)


def _on_bounds(theta: Floats, low: Floats, high: Floats) -> tuple[int, ...]:
    width = np.where(np.isfinite(high - low), high - low, 1.0)
    return tuple(np.flatnonzero(np.minimum(theta - low, high - theta) < _AT_BOUND * width).tolist())


def _cost(residuals: Floats, loss: Loss, priors: int) -> float:
    """Half of chi-square; of a robust loss half the sum of its bent squares, those of priors as they are."""
    if not np.isfinite(residuals).all():
        return math.inf
    maps = residuals.size - priors
    return 0.5 * (float(bent_squares(residuals[:maps], loss).sum()) + chi_square(residuals[maps:]))


def bent_squares(residuals: Floats, loss: Loss = "linear") -> Floats:
    """Squares of residuals, or what a robust loss makes of each: half their sum is the cost."""
    if loss == "linear":
        return residuals**2
    z = (residuals / ROBUST_SCALE) ** 2
    bent = 2.0 * (np.sqrt(1.0 + z) - 1.0) if loss == "soft_l1" else np.log1p(z)
    return np.asarray(ROBUST_SCALE**2 * bent)


def chi_square(residuals: Floats) -> float:
    """Sum of squares."""
    return float(residuals @ residuals)


def robust_weights(residuals: Floats, loss: Loss, priors: int = 0) -> Floats:
    """Weights that a robust loss gives to residuals, 1 for the plain one and for the last `priors`."""
    weights = _weights(residuals, loss)
    weights[residuals.size - priors :] = 1.0
    return weights


def score_slopes(residuals: Floats, loss: Loss) -> Floats:
    """Derivatives of the score of each residual, its weight times itself: 1 for the plain loss."""
    z = (residuals / ROBUST_SCALE) ** 2
    if loss == "soft_l1":
        return np.asarray((1.0 + z) ** -1.5)
    if loss == "cauchy":
        return np.asarray((1.0 - z) / (1.0 + z) ** 2)
    return np.ones_like(residuals)


def _weights(residuals: Floats, loss: Loss) -> Floats:
    z = (residuals / ROBUST_SCALE) ** 2
    if loss == "soft_l1":
        return np.asarray(1.0 / np.sqrt(1.0 + z))
    if loss == "cauchy":
        return np.asarray(1.0 / (1.0 + z))
    return np.ones_like(residuals)


def information(jacobian: Floats, weights: Floats | None = None) -> Floats:
    """Fisher information, (parameters, parameters)."""
    weighted = jacobian if weights is None else jacobian * weights[:, None]
    return np.asarray(jacobian.T @ weighted)
