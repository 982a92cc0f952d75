"""The linear-parabolic law and its limits, fitted to xi(t).

``t - t0 = q xi + r xi^2`` with ``q = 1/k_L`` and ``r = 1/(2k)`` (``xi^2 = 2 k t``) or ``1/k`` (``xi^2 = k
t``). Diffusion alone is q = 0, the interface alone r = 0. The errors are those of xi, so the law is
inverted:

    xi = 2 tau / (q + sqrt(q^2 + 4 r tau)),   tau = t - t0,

which loses no digits where q or r vanishes. Gradient at fixed t, with ``v = dxi/dt = 1/sqrt(q^2 + 4 r tau)``:
``dxi/dt0 = -v``, ``dxi/dq = -v xi``, ``dxi/dr = -v xi^2``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.rates.law_kernels import SMALLEST_RADICAND, fit_parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData

__all__ = ["LAWS", "LawFit", "fit_law", "front_position"]

LAWS: Final[dict[str, tuple[bool, bool]]] = {
    "parabolic": (False, True),
    "linear": (True, False),
    "mixed": (True, True),
}
"""Name -> whether (q, r) are free; t0 is free unless it is fixed."""

_BEFORE: Final[float] = 1e-3
"""Scaled time by which t0 begins before the first point, in the fit that keeps it there."""


@dataclass(frozen=True, eq=False)
class LawFit:
    """One law fitted to one window, in scaled units.

    Parameters
    ----------
    name : Key of :data:`LAWS`.
    parameters : t0 [s], q [s/m], r [s/m2]; a parameter that is not free keeps its fixed value.
    covariance : Covariance of the three, zero rows for those not free; deviations at their word.
    free : Which of the three are free.
    chi_square : Sum of squared whitened residuals.
    residuals : Whitened xi - law, shape (n,).
    jacobian : Whitened gradient of the law with respect to the three, shape (n, 3).
    fitted : The law at the times of the points [m], shape (n,).
    speed : Its speed [m/s], shape (n,).
    """

    name: str
    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    free: tuple[bool, bool, bool]
    chi_square: float
    residuals: NDArray[np.float64]
    jacobian: NDArray[np.float64]
    fitted: NDArray[np.float64]
    speed: NDArray[np.float64]

    @property
    def dof(self) -> int:
        """Degrees of freedom."""
        return self.residuals.size - sum(self.free)


def front_position(
    time: NDArray[np.float64], parameters: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return xi and its speed v at `time`, given (t0, q, r); xi = 0 before t0 where q and r are positive."""
    t0, q, r = parameters
    tau = time - t0
    if q >= 0.0 and r >= 0.0:
        tau = np.maximum(tau, 0.0)
    root = np.sqrt(np.maximum(q * q + 4.0 * r * tau, SMALLEST_RADICAND))
    if q >= 0.0:
        return 2.0 * tau / (q + root), 1.0 / root
    return (root - q) / (2.0 * max(r, 1e-9)), 1.0 / root


def fit_law(data: RateData, name: str, start_time: float | None = None, r: float | None = None) -> LawFit:
    """Fit one law by least squares in xi.

    Parameters
    ----------
    data : Points of one window.
    name : Key of :data:`LAWS`; q and r are not bounded here (the caller compares with the boundary).
    start_time : Fixed t0 [s]; None fits it.
    r : Fixed curvature [s/m2]; None fits it where the law has one.

    Returns
    -------
    Parameters with covariance; never raises on data that do not follow the law.
    """
    time_scale = max(float(np.ptp(data.time)), 1e-300)
    length = max(float(np.abs(data.position).max()), 1e-300)
    origin = float(data.time[0])
    scales = np.array([time_scale, time_scale / length, time_scale / length**2])
    points = _Points((data.time - origin) / time_scale, data.position / length, length, data)
    free_q, free_r = LAWS[name]
    free = np.array([start_time is None, free_q, free_r and r is None])
    fixed = (
        np.array([0.0 if start_time is None else start_time - origin, 0.0, 0.0 if r is None else r]) / scales
    )
    full = _solve(points, free, fixed)
    found, slopes = points.residuals(full), points.gradient(full)
    covariance = np.zeros((3, 3))
    covariance[np.ix_(free, free)] = np.linalg.pinv(slopes[:, free].T @ slopes[:, free], hermitian=True)
    parameters = full * scales + np.array([origin, 0.0, 0.0])
    if start_time is not None:
        parameters[0] = start_time
    fitted, speed = _law(points.t, full)
    return LawFit(
        name=name,
        parameters=parameters,
        covariance=covariance * np.outer(scales, scales),
        free=(bool(free[0]), bool(free[1]), bool(free[2])),
        chi_square=float(found @ found),
        residuals=found,
        jacobian=slopes / scales,
        fitted=fitted * length,
        speed=speed * length / time_scale,
    )


@dataclass(frozen=True, eq=False)
class _Points:
    """Points in scaled units: times, positions, the unit of length [m], and what whitens."""

    t: NDArray[np.float64]
    xi: NDArray[np.float64]
    length: float
    data: RateData

    def residuals(self, full: NDArray[np.float64]) -> NDArray[np.float64]:
        """Whitened xi - law."""
        return self.data.whiten((self.xi - front_position(self.t, full)[0]) * self.length)

    def gradient(self, full: NDArray[np.float64]) -> NDArray[np.float64]:
        """Whitened gradient of the law."""
        xi, speed = _law(self.t, full)
        slopes = -np.stack([np.ones_like(xi), xi, xi * xi], axis=1) * speed[:, None]
        return self.data.whiten(slopes * self.length)


def _law(
    t: NDArray[np.float64], full: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the law and its speed, 0 before t0."""
    xi, speed = front_position(t, full)
    return xi, np.where((t < full[0]) & (full[1] >= 0.0), 0.0, speed)


def _solve(points: _Points, free: NDArray[np.bool_], fixed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all three parameters, in scaled units."""
    if not free.any():
        return fixed
    order, ends, factors, diagonal = points.data.packed
    indices = np.flatnonzero(free)
    start = _start(points.t, points.xi, free, fixed)
    found = []
    for latest in (float(points.t.min()), np.inf) if free[0] else (np.inf,):
        first = start.copy()
        first[0] = min(first[0], latest - _BEFORE)
        full = fit_parameters(
            points.t, points.xi, first, indices, order, ends, factors / points.length, diagonal, latest
        )
        residuals = points.residuals(full)
        found.append((float(residuals @ residuals), full))
    return np.asarray(min(found, key=lambda item: item[0])[1])


def _start(
    t: NDArray[np.float64], xi: NDArray[np.float64], free: NDArray[np.bool_], fixed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a start from linear least squares of t on 1, xi, xi^2, one law at least parabolic or linear."""
    design = np.stack([np.ones_like(xi), xi, xi * xi], axis=1)
    value = fixed.copy()
    value[free] = np.linalg.lstsq(design[:, free], t - design @ fixed, rcond=None)[0]
    for free_q, free_r in ((free[1], free[2]), (False, bool(free[2])), (bool(free[1]), False)):
        use = np.array([free[0], free_q, free_r])
        if not use.any():
            continue
        trial = np.where(free, 0.0, fixed)
        trial[use] = np.linalg.lstsq(design[:, use], t - design @ fixed, rcond=None)[0]
        if np.all(trial[1:] >= 0.0):
            return trial
    value[1:] = np.where(free[1:], np.maximum(np.abs(value[1:]), 1e-3), fixed[1:])
    return value
