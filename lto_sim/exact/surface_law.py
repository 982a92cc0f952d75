"""Slab of one phase behind a linear surface law, its contact stepped at time 0.

    flux = k_c (w_contact - w_surface),    Bi = k_c L/D,    tau = D t/L^2,    b tan b = Bi,

    late   flux = k_c S sum 2 Bi exp(-b^2 tau)/(b^2 + Bi^2 + Bi),
    early  flux = k_c S erfcx(z),    uptake = [erfcx(z) - 1 + 2 z/sqrt(pi)]/Bi,    z = Bi sqrt(tau),

S the step of w_contact and the uptake over its final amount S L. The early form is that of a semi-infinite
particle and leaves out exp(-1/tau) only; it is used up to tau = 0.02. Later the uptake is its value there and
the integral of the flux since, a sum of positive terms, so that it stays exact however small Bi is.

======  ====================  ==============================================
symbol  argument              meaning
======  ====================  ==============================================
L       length                thickness, blocked at its far end [m]
D       diffusivity           chemical diffusivity [m2 s-1]
k_c     contact_coefficient   of the linear law [m s-1]
======  ====================  ==============================================

Limits: Bi -> infinity, the surface held at once; Bi -> 0, a well-mixed slab, uptake = 1 - exp(-k_c t/L).

Source: J. Crank, The Mathematics of Diffusion (Oxford, 1975), chapters 3 (early times) and 4 (series).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lto_sim.exact import _modes
from lto_sim.exact._checks import FloatArray, positive

__all__ = ["LinearSurfaceLaw"]

_EARLY: Final[float] = 0.02
_MODES: Final[int] = 20
_NEWTON_STEPS: Final[int] = 12
_POWERS: Final[FloatArray] = np.arange(2.0, 50.0)


def _stored(z: FloatArray) -> FloatArray:
    """{erfcx(z) - 1 + 2 z/sqrt(pi)}/z^2 [1]: a power series for small z, where the terms cancel."""
    series = special.rgamma(0.5 * _POWERS + 1.0) * (-1.0) ** _POWERS
    small = np.polynomial.polynomial.polyval(np.minimum(z, 1.0), series)
    large = np.maximum(z, 1.0)
    direct = (special.erfcx(large) - 1.0 + 2.0 / math.sqrt(math.pi) * large) / np.square(large)
    return np.where(z < 1.0, small, direct)


@dataclass(frozen=True)
class LinearSurfaceLaw:
    """Slab that exchanges lithium with a contact through the law flux = k_c (w_contact - w_surface).

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    length : Thickness L [m].
    diffusivity : Diffusivity D [m2 s-1].
    contact_coefficient : Coefficient k_c [m s-1].

    Raises
    ------
    InputError
        An argument that is not positive.
    """

    length: float
    diffusivity: float
    contact_coefficient: float

    def __post_init__(self) -> None:
        _modes.check_layer(self.length, self.diffusivity)
        positive("contact_coefficient", self.contact_coefficient, "m s-1")

    @property
    def biot(self) -> float:
        """Resistance to diffusion over that of the surface, Bi = k_c L/D [1]."""
        return self.contact_coefficient * self.length / self.diffusivity

    @cached_property
    def _roots(self) -> FloatArray:
        """Roots b of b tan b = Bi by Newton from below on b - n pi - atan(Bi/b), which is concave."""
        n, biot = np.arange(_MODES), self.biot
        b: FloatArray = n * math.pi + np.arctan(biot / ((n + 0.5) * math.pi))
        b[0] = math.sqrt(biot / (1.0 + 4.0 * biot / math.pi**2))
        for _ in range(_NEWTON_STEPS):
            miss = b - n * math.pi - np.arctan2(biot, b)
            b = b - miss / (1.0 + biot / (b * b + biot * biot))
        return b

    def _weights(self, tau: FloatArray) -> FloatArray:
        """Share of each mode in the flux [k_c S], last axis, not before the end of the early form."""
        squares = np.square(self._roots)
        decay = np.exp(-np.multiply.outer(np.maximum(tau, _EARLY), squares))
        return 2.0 * decay * (self.biot / (squares + self.biot**2 + self.biot))

    def uptake(self, time: ArrayLike) -> FloatArray:
        """Lithium taken up by `time` [s] over its final amount [1], 0 to 1."""
        tau = _modes.relative_time(time, self.length, self.diffusivity)
        first = np.minimum(tau, _EARLY)
        early = self.biot * first * _stored(self.biot * np.sqrt(first))
        squares = np.square(self._roots)
        since = -np.expm1(-np.multiply.outer(np.maximum(tau - _EARLY, 0.0), squares)) / squares
        late = (self._weights(np.array(_EARLY)) * since).sum(axis=-1)
        uptake: FloatArray = early + self.biot * late
        return uptake[()]

    def flux(self, time: ArrayLike) -> FloatArray:
        """Flux density over dc and over the step of w_contact [m s-1] at `time` [s]; k_c at time 0."""
        tau = _modes.relative_time(time, self.length, self.diffusivity)
        early = special.erfcx(self.biot * np.sqrt(np.minimum(tau, _EARLY)))
        late = self._weights(tau).sum(axis=-1)
        return self.contact_coefficient * np.where(tau < _EARLY, early, late)[()]
