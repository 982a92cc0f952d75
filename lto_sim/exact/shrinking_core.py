"""Inward transformation of a slab, a cylinder or a sphere from a saturated start (shrinking core).

The surface r = a is held at the excess A over the gap, the parent is saturated, the front runs to the centre:

    tau = D_II t/a^2,    R = r_front/a,    beta = 1/A.

The full moving-boundary problem is solved in :mod:`lto_sim.exact._collapse`; the slab is Wagner's planar
front, R = 1 - 2 gamma sqrt(tau), exact up to R = 0. Quasi-steady limits for large beta:

    slab      tau = beta (1 - R)^2/2,
    cylinder  tau = beta [1/4 - R^2/4 + (R^2/2) ln R],
    sphere    tau = beta (1/6 - R^2/2 + R^3/3),    next order + (1 - R)^2/6.

Source: S. Yagi and D. Kunii, Fifth Symposium (Int.) on Combustion (1955) 231 (quasi-steady); R. I. Pedroso
and G. A. Domoto, J. Heat Transfer 95 (1973) 42 (next order of the sphere).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from lto_sim.errors import InputError
from lto_sim.exact import _growth
from lto_sim.exact._checks import FloatArray, positive, values
from lto_sim.exact._collapse import Collapse, Geometry, integrate_collapse, shape_integral

__all__ = ["ShrinkingCore", "quasi_steady_time", "sphere_time_next_order"]

_GEOMETRIES = ("slab", "cylinder", "sphere")


def _geometry(name: Geometry) -> Geometry:
    if name not in _GEOMETRIES:
        raise InputError("geometry", name, ", ".join(_GEOMETRIES), "choose one of the three")
    return name


def _relative_radius(radius: ArrayLike) -> FloatArray:
    array = values("relative_radius", radius, "1")
    if bool(np.any(array > 1.0)):
        raise InputError("relative_radius", float(array.max()), "0 to 1 [1]", "divide by the outer radius")
    return array


def quasi_steady_time(relative_radius: ArrayLike, beta: float, geometry: Geometry) -> FloatArray:
    """Dimensionless time tau [1] of the quasi-steady front, elementwise.

    Parameters
    ----------
    relative_radius : Radius R of the front over the outer radius [1], 0 to 1.
    beta : Inverse excess 1/A [1].
    geometry : ``slab``, ``cylinder`` or ``sphere``.

    Raises
    ------
    InputError
        A radius outside 0 to 1, a beta that is not positive, or an unknown geometry.
    """
    shape = shape_integral(_relative_radius(relative_radius), _geometry(geometry))
    return positive("beta", beta) * shape


def sphere_time_next_order(relative_radius: ArrayLike, beta: float) -> FloatArray:
    """Dimensionless time tau [1] of the front in a sphere, quasi-steady with its next order (1 - R)^2/6.

    The next order fails near the centre, R of about 1/beta. Elementwise.

    Parameters
    ----------
    relative_radius : Radius R of the front over the outer radius [1], 0 to 1.
    beta : Inverse excess 1/A [1].

    Raises
    ------
    InputError
        A radius outside 0 to 1, or a beta that is not positive.
    """
    correction = np.square(1.0 - _relative_radius(relative_radius)) / 6.0
    return quasi_steady_time(relative_radius, beta, "sphere") + correction


@dataclass(frozen=True)
class ShrinkingCore:
    """Front that runs from a held surface to the centre of a slab, a cylinder or a sphere.

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    geometry : ``slab`` (half a slab, up to its mid-plane), ``cylinder`` or ``sphere``.
    radius : Outer radius a, or half thickness of the slab [m].
    diffusivity : Diffusivity D_II of the growing phase [m2 s-1].
    excess : Excess A at the surface over the gap [1].

    Raises
    ------
    InputError
        An unknown geometry, or another argument that is not positive.
    """

    geometry: Geometry
    radius: float
    diffusivity: float
    excess: float

    def __post_init__(self) -> None:
        _geometry(self.geometry)
        positive("radius", self.radius, "m")
        positive("diffusivity", self.diffusivity, "m2 s-1")
        positive("excess", self.excess)

    @cached_property
    def _collapse(self) -> Collapse:
        return integrate_collapse(self.geometry, self.excess)

    @cached_property
    def _gamma(self) -> float:
        return _growth.solve(self.excess)

    @property
    def _unit_time(self) -> float:
        return self.radius * self.radius / self.diffusivity

    def exact(self, time: ArrayLike) -> FloatArray:
        """Radius of the front [m] at `time` [s] since the surface was set; 0 after the collapse."""
        tau = values("time", time, "s") / self._unit_time
        if self.geometry == "slab":
            return self.radius * np.maximum(1.0 - 2.0 * self._gamma * np.sqrt(tau), 0.0)
        return self.radius * self._collapse.radius_at(tau)

    def time_at(self, radius_front: ArrayLike) -> FloatArray:
        """Time [s] at which the front passes `radius_front` [m], 0 to the outer radius.

        Raises
        ------
        InputError
            A radius outside that range.
        """
        metres = values("radius_front", radius_front, "m")
        if bool(np.any(metres > self.radius)):
            raise InputError("radius_front", float(metres.max()), f"0 to {self.radius:g} [m]", "go inward")
        relative = metres / self.radius
        if self.geometry == "slab":
            return self._unit_time * np.square(0.5 * (1.0 - relative) / self._gamma)
        return self._unit_time * self._collapse.time_at(relative)

    @property
    def collapse_time(self) -> float:
        """Time at which the front reaches the centre [s]."""
        return float(self.time_at(0.0))
