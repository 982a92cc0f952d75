"""Minima over all parameters but one, at many values of that one: chord steps, made for all points together.

The derivatives of the minimum serve all points at first. Where the residuals bend, those by the other
parameters are taken anew at the second-last point of either side, by runs half a deviation away either side
(kinks of fronts that cross cells then do not show), and are interpolated in between. A point whose steps do
not settle is left to the search of the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.likelihoods.likelihood import Likelihood, bend
from lto_sim.inverse.parameters import ParameterSet
from lto_sim.inverse.search import minimise

__all__ = ["FixedObjective", "PointOfProfile", "refit_points"]

Floats = NDArray[np.float64]

_ENOUGH: Final[float] = 0.03
"""Promised decrease of chi-square over the scale below which a point is settled."""
_ROUNDS: Final = 6
_CURVED: Final[float] = 0.003
"""Square of what is left of a linear prediction, over the scale, from which on derivatives are taken anew."""
_PROBE: Final[float] = 0.5
"""Deviations either side that those derivatives come from."""
_MOST_SEARCHED: Final = 15


@dataclass(frozen=True, eq=False)
class PointOfProfile:
    """One point of a profile.

    Parameters
    ----------
    theta : What is fitted, the others at their minimum.
    residuals : There.
    square : Sum of squares over the scale, less that at the minimum; NaN where the runs failed.
    """

    theta: Floats
    residuals: Floats
    square: float


class FixedObjective:
    """An objective with one parameter held.

    Parameters
    ----------
    likelihood : Whose objective.
    n : Number of the parameter that is held.
    value : Its value, of what is fitted.
    """

    def __init__(self, likelihood: Likelihood, n: int, value: float) -> None:
        self.likelihood, self.n, self.value = likelihood, n, value
        free = likelihood.parameters.free
        self.parameters = ParameterSet(free[:n] + free[n + 1 :])

    def whole(self, theta: Floats) -> Floats:
        """All parameters from the others."""
        return np.insert(theta, self.n, self.value)

    def residuals(self, theta: Floats) -> Floats:
        """Bent residuals over the root of the scale."""
        (found,) = self.likelihood.residuals_at([self.whole(theta)])
        return np.asarray(found / np.sqrt(self.likelihood.scale))

    def jacobian(self, theta: Floats) -> Floats:
        """Their derivatives by the others."""
        whole = self.whole(theta)
        slope = bend(self.likelihood.objective.residuals(whole), self.likelihood.loss)[1]
        found = self.likelihood.objective.jacobian(whole) * slope[:, None]
        return np.asarray(np.delete(found, self.n, axis=1) / np.sqrt(self.likelihood.scale))


def refit_points(
    likelihood: Likelihood, n: int, values: Sequence[float], near: PointOfProfile | None = None
) -> list[PointOfProfile]:
    """Minimise over all parameters but one at several of its values.

    Parameters
    ----------
    likelihood : Of the fit.
    n : Number of the parameter that is held.
    values : Its values, of what is fitted.
    near : A point of the profile to set out from; None: the minimum of the fit.
    """
    origin = likelihood.theta if near is None else near.theta
    others = np.delete(np.arange(origin.size), n)
    along = _along(likelihood, n)
    starts = []
    for value in values:
        start = likelihood.parameters.inside(origin + (value - origin[n]) * along)
        start[n] = value
        starts.append(start)
    points = [
        PointOfProfile(start, residuals, likelihood.square(residuals))
        for start, residuals in zip(starts, likelihood.residuals_at(starts), strict=True)
    ]
    if others.size == 0:
        return points
    return _settled(likelihood, n, points, _Slopes(likelihood, n, others, points))


def _along(likelihood: Likelihood, n: int) -> Floats:
    """Change of all parameters with one of them, the others at their minimum."""
    covariance = likelihood.covariance
    return np.asarray(covariance[:, n] / covariance[n, n])


class _Slopes:
    """Derivatives by the other parameters, interpolated along a profile."""

    def __init__(
        self, likelihood: Likelihood, n: int, others: NDArray[np.int64], points: list[PointOfProfile]
    ) -> None:
        self.n, self.others = n, others
        self.middle = likelihood.jacobian[:, others]
        self.centre = float(likelihood.theta[n])
        self.ends: dict[float, tuple[float, Floats]] = {}
        for sign in (-1.0, 1.0):
            side = [p for p in points if sign * (p.theta[n] - self.centre) > 0.0 and np.isfinite(p.square)]
            side.sort(key=lambda p: sign * p.theta[n])
            if side:
                self._take(likelihood, sign, side[-2] if len(side) > 2 else side[-1])

    def _take(self, likelihood: Likelihood, sign: float, point: PointOfProfile) -> None:
        moved = point.theta - likelihood.theta
        left = point.residuals - likelihood.residuals - likelihood.jacobian @ moved
        if float(left @ left) / likelihood.scale < _CURVED:
            return
        matrix = self.middle.T @ self.middle / likelihood.scale
        matrix = matrix + 1e-12 * np.diag(np.diag(matrix))
        spread = np.linalg.inv(np.linalg.cholesky(matrix)).T  # columns: one deviation of the others each
        both = [self._probe(likelihood, point.theta, s * _PROBE * c) for c in spread.T for s in (1.0, -1.0)]
        residuals = likelihood.residuals_at(both)
        steps = np.array([a - b for a, b in zip(both[::2], both[1::2], strict=True)])[:, self.others]
        changes = np.array([a - b for a, b in zip(residuals[::2], residuals[1::2], strict=True)])
        if not np.isfinite(changes).all() or abs(np.linalg.det(steps)) == 0.0:
            return
        self.ends[sign] = (float(point.theta[self.n]) - self.centre, np.linalg.solve(steps, changes).T)

    def _probe(self, likelihood: Likelihood, theta: Floats, step: Floats) -> Floats:
        """A point a step of the others away, within the bounds."""
        probe = theta.copy()
        probe[self.others] += step
        probe = likelihood.parameters.inside(probe)
        probe[self.n] = theta[self.n]
        return probe

    def at(self, value: float) -> Floats:
        """Derivatives at a value of the parameter that is held, (residuals, others)."""
        end = self.ends.get(float(np.sign(value - self.centre)))
        if end is None:
            return self.middle
        part = min((value - self.centre) / end[0], 2.0)
        return np.asarray(self.middle + part * (end[1] - self.middle))


def _settled(
    likelihood: Likelihood, n: int, points: list[PointOfProfile], slopes: _Slopes
) -> list[PointOfProfile]:
    """Chord steps of all points together until each is settled; the rest is searched for."""
    found = list(points)
    shorter = np.ones(len(found))
    active = [k for k, p in enumerate(found) if np.isfinite(p.square)]
    for _ in range(_ROUNDS):
        trials: dict[int, Floats] = {}
        for k in active:
            step, promised = _step(likelihood, slopes, n, found[k])
            if promised >= _ENOUGH:
                trial = found[k].theta.copy()
                trial[slopes.others] += shorter[k] * step
                trials[k] = trial
        if not trials:
            return found
        for k, residuals in zip(trials, likelihood.residuals_at(list(trials.values())), strict=True):
            square = likelihood.square(residuals)
            if np.isfinite(square) and square < found[k].square:
                found[k] = PointOfProfile(trials[k], residuals, square)
                shorter[k] = 1.0
            else:
                shorter[k] *= 0.3
        active = [k for k in trials if shorter[k] > 0.05]  # below that: kinks, nothing to gain
    for k in active:
        found[k] = _searched(likelihood, n, found[k], slopes.others)
    return found


def _step(likelihood: Likelihood, slopes: _Slopes, n: int, point: PointOfProfile) -> tuple[Floats, float]:
    """Step of the others within their bounds, and the decrease of the square that it promises."""
    others = slopes.others
    jacobian = slopes.at(float(point.theta[n]))
    matrix, gradient = jacobian.T @ jacobian, jacobian.T @ point.residuals
    low, high = (bound[others] for bound in likelihood.parameters.bounds)
    here = point.theta[others]
    free = np.ones(others.size, dtype=np.bool_)
    step = np.zeros(others.size)
    for _ in range(others.size):
        step[:] = 0.0
        size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))[free]
        scaled = matrix[np.ix_(free, free)] / np.outer(size, size)
        step[free] = -np.linalg.lstsq(scaled, gradient[free] / size, rcond=1e-12)[0] / size
        beyond = free & ((here + step < low) | (here + step > high))
        if not beyond.any():
            break
        step = np.clip(here + step, low, high) - here
        free &= ~(beyond & (np.abs(step) < 1e-9))
        if not free.any() or (np.abs(step[beyond]) >= 1e-9).any():
            break
    whole = np.insert(here + step, n, point.theta[n])
    step = likelihood.parameters.inside(whole)[others] - here
    promised = -float(2.0 * gradient @ step + step @ matrix @ step) / likelihood.scale
    return step, promised


def _searched(
    likelihood: Likelihood, n: int, point: PointOfProfile, others: NDArray[np.int64]
) -> PointOfProfile:
    """The search of the fit, from where the chord steps have come."""
    objective = FixedObjective(likelihood, n, float(point.theta[n]))
    try:
        minimum = minimise(objective, point.theta[others], enough=_ENOUGH, most=_MOST_SEARCHED)
    except InputError:  # derivatives that cannot be had: the point stays where it is
        return point
    residuals = minimum.residuals * np.sqrt(likelihood.scale)
    square = likelihood.square(residuals)
    if not square < point.square:
        return point
    return replace(point, theta=objective.whole(minimum.theta), residuals=residuals, square=square)
