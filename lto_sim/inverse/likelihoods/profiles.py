"""Profile likelihoods: how well each parameter is known when all others may follow it.

Source: D. J. Venzon and S. H. Moolgavkar, Appl. Stat. 37 (1988) 87.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.inverse.likelihoods.likelihood import Likelihood
from lto_sim.inverse.likelihoods.reduced import PointOfProfile, refit_points
from lto_sim.inverse.likelihoods.signed_root import SmoothRoot, smooth_root
from lto_sim.inverse.parameters import FreeParameter
from lto_sim.inverse.result import MapFit

__all__ = ["Profile", "Profiles", "profile_likelihood"]

Floats = NDArray[np.float64]

_POINTS: Final = (0.9, 1.8, 2.7)
_BEYOND: Final[float] = 1.15
"""Part of the level's square that the outermost point has to reach."""
_FARTHER: Final[float] = 1.5
_MOST_FARTHER: Final = 10
_MOST_BETWEEN: Final = 3
_FEWEST_INSIDE: Final = 2
_DEEPER: Final[float] = -1.0
_DRAWN: Final = 121


@dataclass(frozen=True, eq=False)
class Profile:
    """Profile of one parameter.

    Parameters
    ----------
    parameter : Which.
    level : Level of the intervals, between 0 and 1.
    theta : Points, rising, in units of what is fitted (SI, or logarithm of SI), (points,).
    difference : Chi-square over the scale of the fit, less that at the minimum [1], (points,).
    others : All parameters at the points, in units of what is fitted, (points, parameters).
    smooth : Curve through them.
    ends : Interval on the cells of the minimum, noise only, in units of `theta`; bounds or infinite where
        open.
    open : Whether the profile stays below the level towards low and high values.
    shift, cells_std : What vanishing cells add to what is fitted, and its deviation, in units of `theta`.
    bounds : Bounds, in units of `theta`.
    words : What is to be said of it; empty where there is nothing.
    """

    parameter: FreeParameter
    level: float
    theta: Floats
    difference: Floats
    others: Floats
    smooth: SmoothRoot
    ends: tuple[float, float]
    open: tuple[bool, bool]
    shift: float
    cells_std: float
    bounds: tuple[float, float]
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the parameter."""
        return self.parameter.name

    @property
    def values(self) -> Floats:
        """Points [SI], (points,)."""
        return np.array([self.parameter.value(float(v)) for v in self.theta])

    @property
    def signed_root(self) -> Floats:
        """Root of the difference above the curve's lowest point, negative below it [1], (points,)."""
        height = np.sqrt(np.maximum(self.difference - self.smooth.lowest, 0.0))
        return np.asarray(np.where(self.theta < self.smooth.centre, -height, height))

    @property
    def noise_interval(self) -> tuple[float, float]:
        """Interval [SI] on the cells of the minimum, from the noise alone: what a posterior is to be like."""
        return self._shown(*self.ends)

    @property
    def interval(self) -> tuple[float, float]:
        """Interval [SI] moved to vanishing cells and widened by what they leave in doubt."""
        return self._shown(*self.moved_ends)

    @property
    def moved_ends(self) -> tuple[float, float]:
        """The same in units of what is fitted."""
        centre = self.smooth.centre
        doubt = float(stats.norm.ppf(0.5 + 0.5 * self.level)) * self.cells_std
        found = []
        for sign, end, beyond, bound in zip((-1.0, 1.0), self.ends, self.open, self.bounds, strict=True):
            moved = centre + self.shift + sign * math.hypot(end - centre, doubt)
            found.append(end if beyond else sign * min(sign * moved, sign * bound))
        return found[0], found[1]

    def curve(self) -> tuple[Floats, Floats]:
        """Values [SI] and signed root [1] of the smooth curve between the outermost points, (n,) each."""
        theta = np.linspace(self.theta[0], self.theta[-1], _DRAWN)
        return np.array([self.parameter.value(float(v)) for v in theta]), self.smooth(theta)

    def _shown(self, low: float, high: float) -> tuple[float, float]:
        ends = [
            self.parameter.value(end) if math.isfinite(end) else (0.0 if end < 0.0 else math.inf)
            if self.parameter.logarithmic else end
            for end in (low, high)
        ]  # fmt: skip
        return ends[0], ends[1]

    def summary(self) -> dict[str, Any]:
        """Return the profile for JSON; None for an end that is infinite."""
        return {
            "level": self.level,
            "interval": [_finite(end) for end in self.interval],
            "interval_noise_only": [_finite(end) for end in self.noise_interval],
            "open": {"low": self.open[0], "high": self.open[1]},
            "values": self.values.tolist(),
            "chi_square_difference": [_finite(d) for d in self.difference.tolist()],
            "points_off_curve_rms": self.smooth.off,
            "words": list(self.words),
        }


@dataclass(frozen=True, eq=False)
class Profiles:
    """Profiles of several parameters.

    Parameters
    ----------
    profiles : By name, in order.
    level : Level of their intervals, between 0 and 1.
    runs : Forward runs that they took; 0 where the objective does not count them.
    """

    profiles: dict[str, Profile]
    level: float
    runs: int

    def __getitem__(self, name: str) -> Profile:
        """Profile of a parameter."""
        if name not in self.profiles:
            raise InputError("name", name, ", ".join(self.profiles), "name a parameter that was profiled")
        return self.profiles[name]

    @property
    def lines(self) -> list[str]:
        """All that is to be said, one line a finding."""
        return [line for profile in self.profiles.values() for line in profile.words]

    def summary(self) -> dict[str, Any]:
        """Return the profiles for JSON."""
        return {
            "profiles": {name: profile.summary() for name, profile in self.profiles.items()},
            "level": self.level,
            "forward_runs": self.runs,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def profile_likelihood(
    fit: MapFit,
    names: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    points: Sequence[float] = _POINTS,
    processes: int | None = None,
) -> Profiles:
    """Hold each parameter at values either side of the minimum and minimise over the others.

    The chi-square differences are over ``fit.scale``. A front that crosses cells leaves kinks of up to about
    one unit in them: a smooth curve of low order goes through the signed roots of all points, and the
    interval is where that curve crosses the level. More points are added on a side where the level is not
    reached.

    Parameters
    ----------
    fit : A finished fit.
    names : Which parameters; None: all.
    level : Level of the intervals, between 0 and 1.
    points : Distances from the minimum, in deviations, each taken on both sides.
    processes : Worker processes; None takes the available cores. The result does not depend on it.

    Returns
    -------
    Profiles
        One for each parameter, with its interval.

    Raises
    ------
    InputError
        An unknown parameter, a level outside (0, 1), fewer than two points or points that do not rise from 0.
    """
    if not 0.0 < level < 1.0:
        raise InputError("level", level, "between 0 and 1", "use 0.95")
    distances = np.asarray(points, dtype=np.float64)
    if distances.size < 2 or not (np.diff(np.concatenate([[0.0], distances])) > 0.0).all():
        raise InputError("points", list(points), "two or more, rising, > 0", "use (0.9, 1.8, 2.7)")
    chosen = fit.names if names is None else [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in fit.names:
            raise InputError("names", name, ", ".join(fit.names), "name free parameters")
    likelihood = Likelihood(fit)
    runner = getattr(fit.objective, "runner", None)
    before = 0 if runner is None else runner.ran
    with likelihood.workers(processes):
        found = {name: _profile(fit, likelihood, fit.names.index(name), level, distances) for name in chosen}
    return Profiles(found, level, 0 if runner is None else runner.ran - before)


def _profile(fit: MapFit, likelihood: Likelihood, n: int, level: float, distances: Floats) -> Profile:
    quantile = math.sqrt(float(stats.chi2.ppf(level, 1)))
    bounds = float(likelihood.parameters.bounds[0][n]), float(likelihood.parameters.bounds[1][n])
    here, deviation = float(likelihood.theta[n]), float(likelihood.deviation[n])
    minimum = PointOfProfile(likelihood.theta, likelihood.residuals, 0.0)
    inner = [_inner(likelihood, n, sign) for sign in (-1.0, 1.0)]
    wanted = []
    for sign, bound in zip((-1.0, 1.0), inner, strict=True):
        side = [v for v in here + sign * deviation * distances if sign * (bound - v) > 0.0]
        if len(side) < distances.size and sign * (bound - here) > 1e-3 * deviation:
            side.append(bound)
        wanted += side
    found = [minimum, *refit_points(likelihood, n, wanted)]
    for sign, bound in zip((-1.0, 1.0), inner, strict=True):
        _reach(likelihood, n, found, sign, bound, quantile)
    found = sorted((p for p in found if math.isfinite(p.square)), key=lambda p: float(p.theta[n]))
    theta = np.array([float(p.theta[n]) for p in found])
    square = np.array([p.square for p in found])
    smooth = smooth_root(theta, square, here, deviation, at_bound=n in likelihood.at_bound)
    crossings = smooth.crossings(quantile)
    ends, beyond = [], []
    for side_number, crossing in enumerate(crossings):
        beyond.append(crossing is None)
        ends.append(_open_end(theta, inner, bounds, side_number) if crossing is None else crossing)
    words = _words(likelihood.parameters.free[n], n, found, ends, beyond, level, bounds)
    cells = fit.parts.get("cells")
    return Profile(
        likelihood.parameters.free[n], level, theta, square, np.array([p.theta for p in found]), smooth,
        (ends[0], ends[1]), (beyond[0], beyond[1]), float(fit.theta[n] - likelihood.theta[n]),
        0.0 if cells is None else float(cells[n]), bounds, words,
    )  # fmt: skip


def _inner(likelihood: Likelihood, n: int, sign: float) -> float:
    """Outermost value that a parameter may be held at."""
    return float(likelihood.parameters.inside(np.full(likelihood.theta.size, sign * math.inf))[n])


def _open_end(theta: Floats, inner: list[float], bounds: tuple[float, float], side: int) -> float:
    """End of an open interval: the bound where the points got to it, else infinite."""
    reached = abs(theta[-1 if side else 0] - inner[side]) < 1e-6 * max(abs(inner[side]), 1.0)
    return bounds[side] if reached else (math.inf if side else -math.inf)


def _reach(
    likelihood: Likelihood, n: int, found: list[PointOfProfile], sign: float, bound: float, quantile: float
) -> None:
    """Add points on one side: farther until one is above the level, between where too few are below."""
    here = float(likelihood.theta[n])
    level = _BEYOND * quantile**2
    for _ in range(_MOST_FARTHER):
        side = _side(found, n, here, sign)
        if not side or side[-1].square >= level:
            break
        last = float(side[-1].theta[n])
        farther = here + _FARTHER * (last - here)
        value = sign * min(sign * farther, sign * bound)
        if sign * (value - last) < 1e-6 * abs(last - here):
            break
        (point,) = refit_points(likelihood, n, [value], side[-1])
        if not math.isfinite(point.square):
            break
        found.append(point)
    for _ in range(_MOST_BETWEEN):
        side = _side(found, n, here, sign)
        inside = [p for p in side if p.square < quantile**2]
        if not side or len(inside) >= _FEWEST_INSIDE or len(inside) == len(side):
            break
        middle = 0.5 * (float(inside[-1].theta[n]) if inside else here) + 0.5 * float(
            side[len(inside)].theta[n]
        )
        found += refit_points(likelihood, n, [middle], inside[-1] if inside else None)


def _side(found: list[PointOfProfile], n: int, here: float, sign: float) -> list[PointOfProfile]:
    side = [p for p in found if sign * (p.theta[n] - here) > 0.0 and math.isfinite(p.square)]
    return sorted(side, key=lambda p: sign * float(p.theta[n]))


def _words(
    parameter: FreeParameter, n: int, found: list[PointOfProfile], ends: list[float], beyond: list[bool],
    level: float, bounds: tuple[float, float],
) -> tuple[str, ...]:  # fmt: skip
    lines = []
    for side, end, is_open, bound in zip(("lower", "upper"), ends, beyond, bounds, strict=True):
        if is_open:
            where = (
                f"within its bounds: it may lie at the bound, {parameter.value(bound):.4g}"
                if math.isfinite(end)
                else "as far as the profile was followed"
            )
            lines.append(f"{parameter.name} has no {side} limit at {100.0 * level:g} % {where}")
    deepest = min(found, key=lambda p: p.square)
    if deepest.square < _DEEPER:
        value = parameter.value(float(deepest.theta[n]))
        lines.append(
            f"the profile of {parameter.name} goes {-deepest.square:.1f} of chi-square below the fit, at "
            f"{value:.4g}: start the fit there"
        )
    return tuple(lines)
