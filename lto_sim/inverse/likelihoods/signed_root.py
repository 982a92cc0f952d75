"""A smooth curve through the points of a profile: the signed root of chi-square, nearly straight as a rule.

A front that crosses cells leaves kinks in chi-square, of much the same size everywhere, and a search ends in
one of the dips. The curve is therefore fitted to chi-square itself, with its lowest value free:
`lowest + z(x)^2` with z a polynomial. Where that does not go through the points (a profile that levels off)
it is replaced by a monotone curve through every one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq, least_squares

__all__ = ["SmoothRoot", "smooth_root"]

Floats = NDArray[np.float64]

_GOOD: Final[float] = 0.12
"""Deviation of the points from the curve, in chi-square, that no higher order is tried for."""
_BETTER: Final[float] = 0.6
"""Part of the deviation that a higher order must not exceed to be taken."""
_ALLOWED: Final[float] = 0.5
"""Deviation from which on the curve is replaced by one through every point."""
_LOWEST: Final[float] = 1.0
"""Depth of a dip in which a search may have ended."""
_FAR: Final[float] = 6.0
"""Chi-square from which on points count for less: what happens there is not what the interval ends at."""
_GRID: Final = 801


@dataclass(frozen=True, eq=False)
class SmoothRoot:
    """The curve.

    Parameters
    ----------
    root : Signed root as a function of what is fitted.
    centre : Where it is 0.
    lowest : Its lowest chi-square difference.
    off : Root-mean-square distance of the points from it, in chi-square.
    range : Outermost points.
    order : Of the polynomial; 0 where the curve goes through every point.
    """

    root: Callable[[Floats], Floats]
    centre: float
    lowest: float
    off: float
    range: tuple[float, float]
    order: int

    def __call__(self, theta: Floats) -> Floats:
        """Signed root at values of what is fitted."""
        return self.root(theta)

    def crossings(self, quantile: float) -> tuple[float | None, float | None]:
        """Where the root first is -quantile and +quantile; None where it is not between the outermost points.

        Parameters
        ----------
        quantile : Root of the level's chi-square.
        """
        found: list[float | None] = []
        for sign, end in zip((-1.0, 1.0), self.range, strict=True):
            grid = np.linspace(self.centre, end, _GRID)
            beyond = np.flatnonzero(sign * self.root(grid) >= quantile)
            if beyond.size == 0 or sign * (end - self.centre) <= 0.0:
                found.append(None)
                continue
            first = int(beyond[0])
            edges = float(grid[max(first - 1, 0)]), float(grid[first])
            found.append(
                edges[1] if first == 0 or sign * float(self.root(np.array(edges[0]))) >= quantile
                else float(brentq(lambda v, s=sign: float(self.root(np.array(v))) - s * quantile, *edges))
            )  # fmt: skip
        return found[0], found[1]


def smooth_root(
    theta: Floats, difference: Floats, minimum: float, deviation: float, *, at_bound: bool = False
) -> SmoothRoot:
    """Curve through the points of a profile.

    Parameters
    ----------
    theta : Points, of what is fitted, rising.
    difference : Chi-square over the scale, less that at the minimum, finite.
    minimum : Where the search ended.
    deviation : Standard deviation there.
    at_bound : Whether it ended on a bound: there is no lowest point then.
    """
    if not at_bound and theta.size >= 5:
        x = (theta - minimum) / deviation
        fits = [_polynomial(x, difference, order) for order in (1, 2, 3) if theta.size >= order + 3]
        good = [fit for fit in fits if fit is not None]
        if good:
            best = good[0]
            for fit in good[1:]:
                if best[3] > _GOOD and fit[3] < _BETTER * best[3]:
                    best = fit
            if best[3] <= _ALLOWED:
                return _as_root(best, theta, minimum, deviation)
    return _through_all(theta, difference)


Fitted = tuple[Polynomial, float, float, float]
"""Root as a polynomial of the distance, its zero, the lowest chi-square, the distance of the points."""


def _polynomial(x: Floats, difference: Floats, order: int) -> Fitted | None:
    """Least squares of ``lowest + z(x)^2``; None where z does not rise all the way."""
    root = np.sign(x) * np.sqrt(np.maximum(difference, 0.0))
    weights = 1.0 / (1.0 + np.maximum(difference, 0.0) / _FAR)
    rough = Polynomial.fit(x, root, order, w=np.maximum(np.abs(root), 0.1)).convert()
    start = np.append(np.resize(rough.coef, order + 1), 0.0)
    start[: order + 1][rough.coef.size :] = 0.0

    def residuals(p: Floats) -> Floats:
        return np.asarray(weights * (p[-1] + Polynomial(p[:-1])(x) ** 2 - difference))

    limit = np.full(start.size, np.inf)
    limit[-1] = _LOWEST
    found = least_squares(residuals, start, bounds=(-limit, limit))
    z = Polynomial(found.x[:-1])
    grid = np.linspace(x[0], x[-1], _GRID)
    on_grid = z(grid)
    if not (np.diff(on_grid) > 0.0).all() or on_grid[0] >= 0.0 or on_grid[-1] <= 0.0:
        return None
    zero = float(brentq(lambda v: float(z(v)), float(x[0]), float(x[-1])))
    free = max(x.size - order - 2, 1)
    return z, zero, float(found.x[-1]), float(np.sqrt(np.sum(found.fun**2) / free))


def _as_root(fit: Fitted, theta: Floats, minimum: float, deviation: float) -> SmoothRoot:
    z, zero, lowest, off = fit

    def root(values: Floats) -> Floats:
        return np.asarray(z((np.asarray(values) - minimum) / deviation))

    ends = float(theta[0]), float(theta[-1])
    return SmoothRoot(root, minimum + deviation * zero, lowest, off, ends, z.degree())


def _through_all(theta: Floats, difference: Floats) -> SmoothRoot:
    """Monotone pieces through every point, made to rise away from the lowest."""
    at = int(np.argmin(difference))
    lowest = float(difference[at])
    heights = difference - lowest
    heights[at:] = np.maximum.accumulate(heights[at:])
    heights[: at + 1] = np.maximum.accumulate(heights[: at + 1][::-1])[::-1]
    signed = np.sqrt(heights)
    signed[:at] *= -1.0
    ends = float(theta[0]), float(theta[-1])
    if theta.size < 2:
        return SmoothRoot(lambda v: np.zeros_like(v), ends[0], lowest, 0.0, ends, 0)
    pieces = PchipInterpolator(theta, signed)

    def root(values: Floats) -> Floats:
        return np.asarray(pieces(np.asarray(values)))

    off = float(np.sqrt(np.mean((heights + lowest - difference) ** 2)))
    return SmoothRoot(root, float(theta[at]), lowest, off, ends, 0)
