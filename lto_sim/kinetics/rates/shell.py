"""Front under a conducting surface in a thin lamella: a shell first, then both faces' shells as one.

Follows from the surface-fed shell (``lto_sim.exact.surface_shell``) in a lamella of thickness H whose two
faces conduct much better than the bulk (l = delta D_s / D >> H), quasi-steady. A shell of length X has the
shape h = h0 (1 - s/X)^2. Until the shells of both faces meet at the contact, h0 = H/2, at the time t1, it
grows as X = L (tau/t1)^(1/4), L = sqrt(3 l H) being the length of the tip; its mean through the thickness is
X h0/(3 H/2), so it goes as tau^(3/4). From then on a tip of constant length L runs ahead of a part that is
all transformed, the tip conducts like a third of its length, and the mean front xi has d(xi)/dt = k/xi with
the k of bulk and surfaces in parallel:

    tau < t1:   tip = L (tau/t1)^(1/4),          mean = (L/3) (tau/t1)^(3/4)
    tau > t1:   mean = sqrt(L^2/9 + 2 k (tau - t1)),   tip = mean + 2 L/3,       t1 = L^2/(12 k)

with tau = t - t0; position and speed are continuous at t1. L = 0 is the parabolic law. It holds for l >> H:
at l = 2 H the tip leads by H rather than 1.6 H, while k of the mean front is right.

Source: derived for this package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats
from scipy.optimize import least_squares

from lto_sim.errors import InputError
from lto_sim.kinetics.rates.laws import fit_law
from lto_sim.kinetics.rates.points import require_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData

__all__ = ["PARTS", "ShellFit", "SurfaceShare", "fit_shell", "shell_position", "surface_share"]

PARTS: Final = ("mean", "tip")
"""What a position is: the mean front through the thickness, or the tip of the shell."""

_STARTS: Final = (0.05, 0.2, 0.5, 1.0)
_LONGEST: Final[float] = 1.5
_GRID: Final[int] = 31
_RISE: Final[float] = 3.841


@dataclass(frozen=True, eq=False)
class ShellFit:
    """The shell law fitted to points.

    Parameters
    ----------
    parameters : t0 [s], L [m], r = 1/(2k) [s/m2], shape (3,).
    covariance : Their covariance in SI at the stated deviations, with the weak prior, shape (3, 3).
    chi_square, dof : Goodness of fit [1].
    part : ``"mean"`` or ``"tip"``.
    tip_interval : 95 % interval of L [m]; from 0 where a parabola fits, to inf where L is not seen.
    p_value : Probability [1], of the parabolic law, L = 0, against this one.
    """

    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    chi_square: float
    dof: int
    part: str
    tip_interval: tuple[float, float]
    p_value: float

    @property
    def k(self) -> float:
        """Rate constant of bulk and surfaces [m2/s], xi^2 = 2 k t."""
        return 0.5 / float(self.parameters[2])

    @property
    def k_std(self) -> float:
        """Its standard deviation [m2/s]."""
        return self.k * math.sqrt(float(self.covariance[2, 2])) / float(self.parameters[2])

    def share(self, thickness: float) -> SurfaceShare:
        """Return what the faces carry in a lamella of active `thickness` [m]; see :func:`surface_share`."""
        to_k = np.array([[1.0, 0.0], [0.0, -self.k / float(self.parameters[2])]])
        covariance = to_k @ self.covariance[1:, 1:] @ to_k
        return surface_share(self.k, float(self.parameters[1]), covariance, thickness)


@dataclass(frozen=True)
class SurfaceShare:
    """What a shell says of bulk and faces, in a lamella of known thickness.

    Parameters
    ----------
    surface_length, surface_length_std : l = L^2/(3 H) of one face [m].
    k_bulk, k_bulk_std : Rate constant without the faces, k/(1 + 2 l/H) [m2/s].
    share, share_std : Part of k that the faces carry [1].
    """

    surface_length: float
    surface_length_std: float
    k_bulk: float
    k_bulk_std: float
    share: float
    share_std: float


def shell_position(
    time: NDArray[np.float64], start_time: float, tip_length: float, k: float, part: str = "mean"
) -> NDArray[np.float64]:
    """Return the position of the front [m], elementwise.

    Parameters
    ----------
    time : Times [s].
    start_time : t0 [s].
    tip_length : L [m], >= 0.
    k : Rate constant [m2/s] of bulk and surfaces, xi^2 = 2 k t.
    part : ``"mean"`` or ``"tip"``.
    """
    tau = np.maximum(np.asarray(time, dtype=np.float64) - start_time, 0.0)
    t1 = tip_length**2 / (12.0 * k)
    late = np.sqrt(tip_length**2 / 9.0 + 2.0 * k * np.maximum(tau - t1, 0.0))
    relative = np.minimum(tau / t1, 1.0) if t1 > 0.0 else np.ones_like(tau)
    if part == "tip":
        return np.where(relative < 1.0, tip_length * relative**0.25, late + 2.0 / 3.0 * tip_length)
    return np.where(relative < 1.0, tip_length / 3.0 * relative**0.75, late)


def fit_shell(data: RateData, part: str = "mean", start_time: float | None = None) -> ShellFit:
    """Fit the shell law by generalised least squares.

    Behind t1 the law is a parabola with another start, so that points before t1, or a known start, tell L.
    The interval of L is its profile likelihood; the covariance has a weak prior, of deviation one in units of
    the range of times and positions, which speaks where the points do not.

    Parameters
    ----------
    data : Points.
    part : What their positions are, ``"mean"`` or ``"tip"``.
    start_time : Fixed t0 [s]; None fits it.

    Returns
    -------
    ShellFit
        t0, L and k with their covariance.

    Raises
    ------
    InputError
        An unknown part, fewer points than parameters + 1, a front that does not advance.
    """
    if part not in PARTS:
        raise InputError("part", part, " or ".join(PARTS), "say what the positions are")
    fewest = 4 if start_time is not None else 5
    if data.size < fewest:
        raise InputError("front", f"{data.size} points", f"at least {fewest} points", "add frames")
    require_motion(data)
    problem = _problem(data, part, start_time)
    free = np.array([start_time is None, True, True])
    found = [problem.solve(free, np.array([-(share**2) / 3.0, share, problem.r])) for share in _STARTS]
    best = min(found, key=lambda item: item[1])
    slopes = problem.slopes(best[0])[:, free]
    covariance = np.zeros((3, 3))
    covariance[np.ix_(free, free)] = np.linalg.inv(slopes.T @ slopes + np.eye(int(free.sum())))
    scales = problem.scales
    interval, at_none = _tip_interval(problem, best, free)
    return ShellFit(
        parameters=best[0] * scales + problem.origin,
        covariance=covariance * np.outer(scales, scales),
        chi_square=best[1],
        dof=data.size - int(free.sum()),
        part=part,
        tip_interval=interval,
        p_value=0.5 * float(stats.chi2.sf(max(at_none - best[1], 0.0), 1)) if at_none > best[1] else 1.0,
    )


@dataclass(frozen=True, eq=False)
class _Problem:
    """The law in units of the range of the data: (t0, L, r), t0 from the parabola's."""

    data: RateData
    part: str
    scales: NDArray[np.float64]
    origin: NDArray[np.float64]
    r: float

    def residuals(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        t0, tip, curvature = scaled * self.scales + self.origin
        model = shell_position(self.data.time, t0, tip, 0.5 / curvature, self.part)
        return self.data.whiten(self.data.position - model)

    def solve(self, free: NDArray[np.bool_], start: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Parameters of least squares from `start`, with those not free held, and chi-square."""

        def full(values: NDArray[np.float64]) -> NDArray[np.float64]:
            result = start.copy()
            result[free] = values
            return result

        lower = np.array([-np.inf, 0.0, 1e-3 * self.r])[free]

        def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return self.residuals(full(values))

        found = least_squares(residuals, start[free], bounds=(lower, np.inf), x_scale="jac")
        return full(np.asarray(found.x)), 2.0 * float(found.cost)

    def slopes(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivatives of the whitened law by differences, one-sided at L = 0, shape (n, 3)."""
        columns = []
        for i in range(3):
            step = np.zeros(3)
            step[i] = 1e-5 * max(abs(float(scaled[i])), 0.1)
            lower = np.where((np.arange(3) == 1) & (scaled - step < 0.0), 0.0, scaled - step)
            width = float((scaled + step - lower)[i])
            columns.append((self.residuals(lower) - self.residuals(scaled + step)) / width)
        return np.stack(columns, axis=1)


def _problem(data: RateData, part: str, start_time: float | None) -> _Problem:
    length, duration = float(data.position.max()), float(np.ptp(data.time))
    parabola = fit_law(data, "parabolic", start_time)
    scales = np.array([duration, length, duration / length**2])
    start = float(parabola.parameters[0]) if start_time is None else start_time
    return _Problem(
        data, part, scales, np.array([start, 0.0, 0.0]), max(float(parabola.parameters[2]) / scales[2], 1e-3)
    )


def _tip_interval(
    problem: _Problem, best: tuple[NDArray[np.float64], float], free: NDArray[np.bool_]
) -> tuple[tuple[float, float], float]:
    """95 % interval of L [m] by its profile likelihood on a grid, and chi-square at L = 0."""
    others = free & np.array([True, False, True])
    lengths = np.sort(np.append(np.linspace(0.0, _LONGEST, _GRID), best[0][1]))
    chi_square = np.empty(lengths.size)
    for i, length in enumerate(lengths):
        start = best[0].copy()
        start[0] += (best[0][1] ** 2 - length**2) / 18.0 / best[0][2] if free[0] else 0.0
        start[1] = length
        chi_square[i] = problem.solve(others, start)[1]
    excess = chi_square - min(float(chi_square.min()), best[1]) - _RISE
    inside = np.flatnonzero(excess <= 0.0)
    first, last = int(inside[0]), int(inside[-1])
    low = 0.0 if first == 0 else _crossing(lengths[first - 1 : first + 1], excess[first - 1 : first + 1])
    high = (
        math.inf if last == lengths.size - 1 else _crossing(lengths[last : last + 2], excess[last : last + 2])
    )
    unit = float(problem.scales[1])
    return (low * unit, high * unit), float(chi_square[0])


def _crossing(lengths: NDArray[np.float64], excess: NDArray[np.float64]) -> float:
    """Where the excess vanishes, its square root above the minimum being about linear."""
    inner, outer = np.sqrt(np.maximum(excess + _RISE, 0.0))
    part = (math.sqrt(_RISE) - inner) / (outer - inner)
    return float(lengths[0] + part * (lengths[1] - lengths[0]))


def surface_share(
    k: float, tip_length: float, covariance: NDArray[np.float64], thickness: float
) -> SurfaceShare:
    """Return surface length, bulk rate constant and share of the faces.

    Parameters
    ----------
    k : Rate constant of bulk and surfaces [m2/s].
    tip_length : L [m].
    covariance : Covariance of (L [m], k [m2/s]), shape (2, 2).
    thickness : Active thickness H of the lamella [m], both faces conducting.

    Raises
    ------
    InputError
        A thickness that is not positive.
    """
    if not (np.isfinite(thickness) and thickness > 0.0):
        raise InputError("thickness", thickness, "> 0 m", "give the active thickness of the lamella")
    surface = tip_length**2 / (3.0 * thickness)
    enhancement = 1.0 + 2.0 * surface / thickness
    d_surface = 2.0 * tip_length / (3.0 * thickness)
    d_factor = 2.0 * d_surface / thickness
    variances = np.array([
        [d_surface, 0.0],
        [-k * d_factor / enhancement**2, 1.0 / enhancement],
        [d_factor / enhancement**2, 0.0],
    ])  # fmt: skip
    std = np.sqrt(np.maximum(np.einsum("ai,ij,aj->a", variances, covariance, variances), 0.0))
    return SurfaceShare(
        surface_length=surface,
        surface_length_std=float(std[0]),
        k_bulk=k / enhancement,
        k_bulk_std=float(std[1]),
        share=1.0 - 1.0 / enhancement,
        share_std=float(std[2]),
    )
