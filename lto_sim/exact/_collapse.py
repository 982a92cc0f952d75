"""Moving-boundary integration of a front that runs inward from a held surface, on a fixed interval.

Dimensionless: R = r/a, rho the front, tau = D t/a^2, u = (c - c*)/(c_s - c*), saturated parent:

    u_tau = u_RR + (n/R) u_R for rho < R < 1,    u(1) = 1,    u(rho) = 0,    d rho/d tau = -A u_R(rho),

n = 0, 1, 2 for slab, cylinder and sphere. In the slab v = u, in the cylinder v = u, in the sphere v = R u is
steady when it is linear in F = 1 - R, -ln R, 1 - R. With y = F(R)/F(rho), s = ln F(rho) and G = -v_y(y = 1)

    A G dv/ds = p v_yy + A G y v_y,    A G dtau/ds = q F(rho)^2,    0 < y < 1,    v(0) = 1,    v(1) = 0,

    slab p = q = 1,    cylinder p = (rho/R)^2, q = rho^2,    sphere p = q = rho.

Space: Chebyshev collocation. Time: Radau in s, with ln tau as a further unknown (relative error).
Start: the planar similarity profile at rho = 1 - 1e-4, whose neglected curvature enters tau only as 1e-4 of
1e-8. End: rho = 1e-3, the rest by the quasi-steady field.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import integrate, special
from scipy.interpolate import CubicHermiteSpline

from lto_sim.errors import SolverError
from lto_sim.exact import _growth
from lto_sim.exact._checks import FloatArray

__all__ = ["Collapse", "Geometry", "integrate_collapse", "shape_integral"]

Geometry = Literal["slab", "cylinder", "sphere"]

_ORDER = 40
_FIRST = 1.0 - 1e-4
_LAST = 1e-3
_NODES = 801
_TOLERANCE = 1e-9


def coordinate(radius: FloatArray, geometry: Geometry) -> FloatArray:
    """Distance F from the surface [1] in which the steady field v is linear."""
    return -np.log(radius) if geometry == "cylinder" else 1.0 - radius


def shape_integral(radius: FloatArray, geometry: Geometry) -> FloatArray:
    """Quasi-steady time tau/beta [1] at which the front passes the relative radius R [1]."""
    square = np.square(radius)
    if geometry == "slab":
        return 0.5 * np.square(1.0 - radius)
    if geometry == "cylinder":
        return 0.25 - 0.25 * square + 0.5 * special.xlogy(square, radius)
    return 1.0 / 6.0 - 0.5 * square + square * radius / 3.0


def _chebyshev(order: int) -> tuple[FloatArray, FloatArray]:
    """Points y from 0 to 1 and the matrix of the first derivative on them (Trefethen's cheb)."""
    index = np.arange(order + 1)
    points = 0.5 * (1.0 - np.cos(np.pi * index / order))
    weight = np.where((index == 0) | (index == order), 2.0, 1.0) * (-1.0) ** index
    distance = points[:, None] - points[None, :] + np.eye(order + 1)
    matrix = weight[:, None] / weight[None, :] / distance
    matrix[index, index] = 0.0
    matrix[index, index] = -matrix.sum(axis=1)
    return points, matrix


@dataclass(frozen=True)
class Collapse:
    """Dimensionless time over the relative radius of the front, from the surface to the centre.

    Parameters
    ----------
    geometry : Slab, cylinder or sphere.
    gamma : Growth parameter of the planar start [1].
    log_time : Spline of ln tau over ln F.
    effective_beta : 1/(A G) at the last radius of the integration [1].
    """

    geometry: Geometry
    gamma: float
    log_time: CubicHermiteSpline
    effective_beta: float

    def time_at(self, radius: FloatArray) -> FloatArray:
        """Dimensionless time tau [1] at the relative radius R [1] from 0 to 1."""
        start = np.square((1.0 - radius) / (2.0 * self.gamma))
        distance = coordinate(np.clip(radius, _LAST, _FIRST), self.geometry)
        middle = np.exp(self.log_time(np.log(distance)))
        inner = np.minimum(radius, _LAST)
        last = shape_integral(inner, self.geometry) - shape_integral(np.asarray(_LAST), self.geometry)
        return np.where(radius > _FIRST, start, middle + self.effective_beta * last)

    def radius_at(self, time: FloatArray) -> FloatArray:
        """Relative radius R [1] at the dimensionless time tau [1], by bisection; 0 after the collapse."""
        low, high = np.zeros_like(time), np.ones_like(time)
        for _ in range(54):
            middle = 0.5 * (low + high)
            later = self.time_at(middle) > time
            low, high = np.where(later, middle, low), np.where(later, high, middle)
        return np.where(time >= self.time_at(np.asarray(0.0)), 0.0, 0.5 * (low + high))


class _Equations:
    """Right-hand side of the module docstring; the state is u at the inner points, then ln tau."""

    def __init__(self, geometry: Geometry, excess: float, order: int) -> None:
        self.geometry: Geometry = geometry
        self.excess = excess
        self.points, self.first = _chebyshev(order)
        self.second = self.first @ self.first

    def field(self, state: FloatArray) -> FloatArray:
        return np.concatenate(([1.0], state[:-1], [0.0]))

    def feed(self, state: FloatArray) -> float:
        """A G [1]."""
        return -self.excess * float(self.first[-1] @ self.field(state))

    def weights(self, distance: float) -> tuple[FloatArray | float, float]:
        """Factors p and q of the module docstring [1] at F(rho) = `distance`."""
        if self.geometry == "cylinder":
            return np.exp(-2.0 * distance * (1.0 - self.points)), math.exp(-2.0 * distance)
        front = 1.0 if self.geometry == "slab" else 1.0 - distance
        return front, front

    def __call__(self, log_distance: float, state: FloatArray) -> FloatArray:
        distance = math.exp(log_distance)
        spread, pace = self.weights(distance)
        field, feed = self.field(state), self.feed(state)
        slope = spread / feed * (self.second @ field) + self.points * (self.first @ field)
        log_time = pace * distance**2 / feed * math.exp(-state[-1])
        return np.append(slope[1:-1], log_time)


def integrate_collapse(geometry: Geometry, excess: float, order: int = _ORDER) -> Collapse:
    """Integrate the front from the surface almost to the centre.

    Parameters
    ----------
    geometry : Slab, cylinder or sphere.
    excess : Excess A at the surface over the gap [1].
    order : Order of the collocation in space [1].

    Raises
    ------
    SolverError
        The integration failed.
    """
    gamma = _growth.solve(excess)
    equations = _Equations(geometry, excess, order)
    logits = np.linspace(special.logit(_FIRST), special.logit(_LAST), _NODES)
    nodes = np.log(coordinate(special.expit(logits), geometry))
    profile = 1.0 - special.erf(gamma * equations.points[1:-1]) / math.erf(gamma)
    log_start = 2.0 * math.log((1.0 - _FIRST) / (2.0 * gamma))
    result = integrate.solve_ivp(
        equations,
        (nodes[0], nodes[-1]),
        np.append(profile, log_start),
        method="Radau",
        t_eval=nodes,
        rtol=_TOLERANCE,
        atol=_TOLERANCE,
    )
    if not result.success:
        raise SolverError(
            f"{geometry} with excess {excess:g}: {result.message} Choose an excess of 1e-6 to 1e3."
        )
    slopes = [equations(s, state)[-1] for s, state in zip(nodes, result.y.T, strict=True)]
    spline = CubicHermiteSpline(nodes, result.y[-1], np.array(slopes))
    return Collapse(geometry, gamma, spline, 1.0 / equations.feed(result.y[:, -1]))
