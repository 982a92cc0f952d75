"""Cylinder of the growing phase II around a line source, in an infinite parent I.

    R = 2 lambda sqrt(D_II t),
    lambda^2 = q exp(-lambda^2) - (B/phi) exp(-lambda^2 phi)/E1(lambda^2 phi),    q = Q/(4 pi D_II gap),
    growing II   x = x_II* + Q/(4 pi D_II) {E1[r^2/(4 D_II t)] - E1[lambda^2]},             r <= R,
    parent I     x = x_start + (x_I* - x_start) E1[r^2/(4 D_I t)]/E1[lambda^2 phi],         r > R.

======  ================  ======================================================================
symbol  argument          meaning
======  ================  ======================================================================
Q       strength          lithium fed per length of the line, in li fraction [m2 s-1]
q       source            Q/(4 pi D_II gap) [1], positive on insertion and on extraction
B, phi  undersaturation,  (x_I* - x_start)/gap and D_II/D_I [1]
        diffusivity_ratio
lambda  growth_parameter  R/(2 sqrt(D_II t)) [1]
======  ================  ======================================================================

Source: S. Paterson, Proc. Glasgow Math. Assoc. 1 (1952) 42; H. S. Carslaw and J. C. Jaeger, Conduction of
Heat in Solids (Oxford, 1959), section 11.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from lto_sim.errors import InputError
from lto_sim.exact._checks import ROUNDING_UP, FloatArray, not_negative, positive, values, within_unit
from lto_sim.exact._growth import log_add

__all__ = ["LineSource", "growth_parameter", "residual"]

_EPSILON = 2.0**-52
_SERIES_FROM = 50.0
_SERIES_TERMS = 24
_SMALLEST_LOG = -1300.0  # lambda = exp(s/2) is still a normal number


def _scaled_exponential_integral(argument: FloatArray) -> FloatArray:
    """exp(z) E1(z) [1] for z > 0: the product below 50, the asymptotic series (to 1e-17) above."""
    near = np.minimum(argument, _SERIES_FROM)
    far = np.maximum(argument, _SERIES_FROM)
    series = np.ones_like(far)
    for order in range(_SERIES_TERMS, 0, -1):
        series = 1.0 - order / far * series
    product = np.exp(near) * special.exp1(near)
    return np.where(argument < _SERIES_FROM, product, series / far)


def _log_drain(log_square: float, diffusivity_ratio: float) -> float:
    """ln{exp(-z)/E1(z)} with z = lambda^2 phi, also where z itself underflows."""
    log_z = log_square + math.log(diffusivity_ratio)
    if log_z < -40.0:
        return -math.log(-log_z - float(np.euler_gamma))
    return -math.log(float(_scaled_exponential_integral(np.asarray(math.exp(log_z)))))


def _log_residual(log_square: float, source: float, undersaturation: float, ratio: float) -> float:
    used = log_square
    if undersaturation > 0.0:
        drain = math.log(undersaturation) - math.log(ratio) + _log_drain(log_square, ratio)
        used = log_add(used, drain)
    return math.log(source) - math.exp(log_square) - used


def residual(
    growth_parameter: float, source: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0
) -> float:
    """Lithium that arrives at the front over lithium that is used there, as a logarithm [1].

    Parameters
    ----------
    growth_parameter : Trial lambda [1].
    source : Strength q of the source [1].
    undersaturation : Undersaturation B of the parent over the gap [1].
    diffusivity_ratio : Ratio phi = D_growing/D_parent [1].

    Raises
    ------
    InputError
        An argument that is not positive (undersaturation: that is negative).
    """
    return _log_residual(
        2.0 * math.log(positive("growth_parameter", growth_parameter)),
        positive("source", source),
        not_negative("undersaturation", undersaturation),
        positive("diffusivity_ratio", diffusivity_ratio),
    )


def growth_parameter(source: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0) -> float:
    """Growth parameter lambda [1] of a cylinder around a line source, R = 2 lambda sqrt(D_growing t).

    The residual falls from plus infinity at 0 to below zero at lambda^2 = q (at ln q for q > e): one root.

    Parameters
    ----------
    source : Strength q = Q/(4 pi D_growing gap) [1], greater than 0.
    undersaturation : Undersaturation B of the parent over the gap [1], 0 or greater.
    diffusivity_ratio : Ratio phi = D_growing/D_parent [1], greater than 0.

    Raises
    ------
    InputError
        An argument outside its range, or a lambda below 1e-280: the parent drains the source.
    """
    source = positive("source", source)
    undersaturation = not_negative("undersaturation", undersaturation)
    ratio = positive("diffusivity_ratio", diffusivity_ratio)

    def balance(log_square: float) -> float:
        return _log_residual(log_square, source, undersaturation, ratio)

    upper = math.log(source if source < math.e else math.log(source)) + 1e-6
    step = 1.0
    while balance(upper - step) <= 0.0:
        step *= 2.0
        if upper - step < _SMALLEST_LOG:
            raise InputError("source", source, "a growth parameter above 1e-280", "strengthen the source")
    root = optimize.brentq(balance, upper - step, upper, xtol=1e-15, rtol=4.0 * _EPSILON)
    return math.exp(0.5 * float(root))


@dataclass(frozen=True)
class LineSource:
    """Exact cylinder grown by a line source in an infinite parent.

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    strength : Lithium fed per length of the line, in li fraction [m2 s-1]; negative on extraction.
    diffusivity_growing : Diffusivity D_II of the growing phase [m2 s-1].
    diffusivity_parent : Diffusivity D_I of the parent phase [m2 s-1].
    x_growing_edge : Li fraction x_II* at the growing phase's side of the front [1].
    x_parent_edge : Li fraction x_I* at the parent's side of the front [1].
    x_start : Li fraction of the parent far away and at the start [1].

    Raises
    ------
    InputError
        A diffusivity that is not positive, a li fraction outside 0 to 1, states out of order, or a strength
        whose sign is not that of the gap.
    """

    strength: float
    diffusivity_growing: float
    diffusivity_parent: float
    x_growing_edge: float
    x_parent_edge: float
    x_start: float

    def __post_init__(self) -> None:
        positive("diffusivity_growing", self.diffusivity_growing, "m2 s-1")
        positive("diffusivity_parent", self.diffusivity_parent, "m2 s-1")
        values("strength", self.strength, "m2 s-1", above=None)
        names = ("x_growing_edge", "x_parent_edge", "x_start")
        states = tuple(within_unit(name, getattr(self, name)) for name in names)
        sign = math.copysign(1.0, self.strength)
        growing, parent, start = (sign * state for state in states)
        if self.strength == 0.0 or not growing > parent >= start:
            raise InputError(
                "strength, " + ", ".join(names),
                (self.strength, *states),
                "strength > 0 with growing edge > parent edge >= start, or all reversed",
                "exchange the edges or turn the sign of the strength",
            )

    @property
    def gap(self) -> float:
        """Width of the miscibility gap x_growing_edge - x_parent_edge [1], negative on extraction."""
        return self.x_growing_edge - self.x_parent_edge

    @property
    def source(self) -> float:
        """Strength q = Q/(4 pi D_II gap) [1]."""
        return self.strength / (4.0 * math.pi * self.diffusivity_growing * self.gap)

    @property
    def undersaturation(self) -> float:
        """Undersaturation B of the parent over the gap [1]."""
        return (self.x_parent_edge - self.x_start) / self.gap

    @property
    def diffusivity_ratio(self) -> float:
        """Ratio phi = D_growing/D_parent [1]."""
        return self.diffusivity_growing / self.diffusivity_parent

    @cached_property
    def growth_parameter(self) -> float:
        """Growth parameter lambda [1]."""
        return growth_parameter(self.source, self.undersaturation, self.diffusivity_ratio)

    def exact(self, time: ArrayLike) -> FloatArray:
        """Radius of the front [m] at `time` [s] since the source was opened."""
        seconds = values("time", time, "s")
        return 2.0 * self.growth_parameter * np.sqrt(self.diffusivity_growing * seconds)

    def composition(self, radius: ArrayLike, time: ArrayLike) -> FloatArray:
        """Li fraction [1] at `radius` [m] and `time` [s], broadcast; at the front itself the growing edge.

        Towards the line it grows without limit, as the logarithm of the radius.

        Raises
        ------
        InputError
            A radius or a time that is not positive.
        """
        metres = values("radius", radius, "m", strict=True)
        seconds = values("time", time, "s", strict=True)
        square = np.square(metres) / (4.0 * self.diffusivity_growing * seconds)
        edge = self.growth_parameter**2
        inside = special.exp1(np.minimum(square, edge)) - special.exp1(edge)
        growing = self.x_growing_edge + self.source * self.gap * inside
        z = np.asarray(edge * self.diffusivity_ratio)
        u = np.maximum(square * self.diffusivity_ratio, z)
        scaled = _scaled_exponential_integral(u) / _scaled_exponential_integral(z)
        parent = self.x_start + (self.x_parent_edge - self.x_start) * scaled * np.exp(z - u)
        return np.where(square <= edge * ROUNDING_UP, growing, parent)[()]
