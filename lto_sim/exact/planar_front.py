"""Planar front fed at a contact that is held: position, profile, flux and uptake in both phases.

With gamma and phi of :mod:`lto_sim.exact.wagner`, p the distance from the contact and t the time since the
contact was set,

    front        xi = 2 gamma sqrt(D_II t),
    growing II   x = x_contact + (x_II* - x_contact) erf[p/(2 sqrt(D_II t))]/erf(gamma),            p <= xi,
    parent I     x = x_start + (x_I* - x_start) erfc[p/(2 sqrt(D_I t))]/erfc[gamma sqrt(phi)],      p > xi,
    flux         j = (x_contact - x_II*) sqrt(D_II/(pi t))/erf(gamma) at p = 0, uptake = 2 j t.

Source: H. S. Carslaw and J. C. Jaeger, Conduction of Heat in Solids (Oxford, 1959), section 11.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lto_sim.errors import InputError
from lto_sim.exact import _growth
from lto_sim.exact._checks import ROUNDING_UP, FloatArray, positive, values, within_unit

__all__ = ["PlanarFront"]

_STATES = ("x_contact", "x_growing_edge", "x_parent_edge", "x_start")


@dataclass(frozen=True)
class PlanarFront:
    """Exact planar front of a semi-infinite host; insertion or extraction by the order of the states.

    Insertion needs x_contact > x_growing_edge > x_parent_edge >= x_start, extraction the reverse. Methods are
    elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    diffusivity_growing : Diffusivity D_II of the growing phase [m2 s-1].
    diffusivity_parent : Diffusivity D_I of the parent phase [m2 s-1].
    x_contact : Li fraction that the contact holds [1].
    x_growing_edge : Li fraction x_II* at the growing phase's side of the front [1].
    x_parent_edge : Li fraction x_I* at the parent's side of the front [1].
    x_start : Li fraction of the parent far away and at the start [1].

    Raises
    ------
    InputError
        A diffusivity that is not positive, a li fraction outside 0 to 1, or states out of order.
    """

    diffusivity_growing: float
    diffusivity_parent: float
    x_contact: float
    x_growing_edge: float
    x_parent_edge: float
    x_start: float

    def __post_init__(self) -> None:
        positive("diffusivity_growing", self.diffusivity_growing, "m2 s-1")
        positive("diffusivity_parent", self.diffusivity_parent, "m2 s-1")
        states = tuple(within_unit(name, getattr(self, name)) for name in _STATES)
        sign = math.copysign(1.0, states[0] - states[1])
        contact, growing, parent, start = (sign * state for state in states)
        if not contact > growing > parent >= start:
            raise InputError(
                ", ".join(_STATES),
                states,
                "contact > growing edge > parent edge >= start (insertion), or the reverse (extraction)",
                "exchange the edges or change the contact's state",
            )

    @property
    def gap(self) -> float:
        """Width of the miscibility gap x_growing_edge - x_parent_edge [1], negative on extraction."""
        return self.x_growing_edge - self.x_parent_edge

    @property
    def excess(self) -> float:
        """Excess A at the contact over the gap [1]."""
        return (self.x_contact - self.x_growing_edge) / self.gap

    @property
    def undersaturation(self) -> float:
        """Undersaturation B of the parent over the gap [1]."""
        return (self.x_parent_edge - self.x_start) / self.gap

    @property
    def diffusivity_ratio(self) -> float:
        """Ratio phi = D_growing/D_parent [1]."""
        return self.diffusivity_growing / self.diffusivity_parent

    @cached_property
    def gamma(self) -> float:
        """Growth parameter [1]."""
        return _growth.solve(self.excess, self.undersaturation, self.diffusivity_ratio)

    @property
    def rate_constant(self) -> float:
        """Rate constant k of xi^2 = 2 k t [m2 s-1]."""
        return 2.0 * self.gamma**2 * self.diffusivity_growing

    def exact(self, time: ArrayLike) -> FloatArray:
        """Front position [m] at `time` [s] since the contact was set; the common name of every problem."""
        return self.front(time)

    def front(self, time: ArrayLike) -> FloatArray:
        """Front position xi [m], distance from the contact, at `time` [s]."""
        seconds = values("time", time, "s")
        return 2.0 * self.gamma * np.sqrt(self.diffusivity_growing * seconds)

    def time_at(self, position: ArrayLike) -> FloatArray:
        """Time [s] at which the front passes `position` [m]."""
        metres = values("position", position, "m")
        return np.square(metres / self.gamma) / (4.0 * self.diffusivity_growing)

    def composition(self, position: ArrayLike, time: ArrayLike) -> FloatArray:
        """Li fraction [1] at `position` [m] and `time` [s], broadcast; at the front itself the growing edge.

        Raises
        ------
        InputError
            A position that is negative or a time that is not positive.
        """
        metres = values("position", position, "m")
        seconds = values("time", time, "s", strict=True)
        similarity = metres / (2.0 * np.sqrt(self.diffusivity_growing * seconds))
        span = (self.x_growing_edge - self.x_contact) / math.erf(self.gamma)
        growing = self.x_contact + span * special.erf(similarity)
        parent = self.x_start + (self.x_parent_edge - self.x_start) * self._parent_decay(similarity)
        return np.where(similarity <= self.gamma * ROUNDING_UP, growing, parent)[()]

    def _parent_decay(self, similarity: FloatArray) -> FloatArray:
        """erfc(u)/erfc(z) beyond the front, scaled so that a large z = gamma sqrt(phi) does not underflow."""
        root = math.sqrt(self.diffusivity_ratio)
        z = self.gamma * root
        u = np.maximum(similarity * root, z)
        decay: FloatArray = special.erfcx(u) / special.erfcx(z) * np.exp((z - u) * (z + u))
        return decay

    def flux(self, time: ArrayLike) -> FloatArray:
        """Lithium that crosses the contact at `time` [s], per area [li fraction m s-1]; positive: enters.

        Raises
        ------
        InputError
            A time that is not positive: the flux diverges as time^(-1/2).
        """
        seconds = values("time", time, "s", strict=True)
        return self._feed * np.sqrt(self.diffusivity_growing / (math.pi * seconds))

    def uptake(self, time: ArrayLike) -> FloatArray:
        """Lithium that has crossed the contact by `time` [s], per area [li fraction m]; positive: entered."""
        seconds = values("time", time, "s")
        return 2.0 * self._feed * np.sqrt(self.diffusivity_growing * seconds / math.pi)

    @property
    def _feed(self) -> float:
        return (self.x_contact - self.x_growing_edge) / math.erf(self.gamma)
