"""Linear diffusion into a slab, a cylinder or a sphere from its surface: what all its exact answers share.

With d = 1, 2, 3 for slab, cylinder and sphere, L the half thickness or radius, tau = D t/L^2 and q^2 = s the
variable of the Laplace transform over tau, a step of the surface by 1 draws the flux R(q)/q [D/L],

    R = I_{d/2}(q)/I_{d/2-1}(q)    (tanh q,  I_1/I_0,  coth q - 1/q),    R' = 1 - (d - 1) R/q - R^2,

    late   flux = 2 sum exp(-l_n^2 tau),    uptake = 1 - 2 d sum exp(-l_n^2 tau)/l_n^2,    J_{d/2-1}(l_n) = 0,
    early  R = sum r_k q^-k,  flux = sum r_k tau^[(k-1)/2]/Gamma[(k+1)/2],  uptake = d times its integral.

The early series ends after its first terms in slab and sphere; in all three it leaves out exp(-1/tau) only.
Both are used on their side of tau = 0.01, where neither has an error beyond round-off.

Source: J. Crank, The Mathematics of Diffusion (Oxford, 1975), chapters 4 to 6.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lto_sim.errors import InputError
from lto_sim.exact._checks import FloatArray, positive, values
from lto_sim.exact._collapse import Geometry

__all__ = [
    "DIMENSIONS",
    "EARLY",
    "check_layer",
    "dimension",
    "early_coefficients",
    "relative_time",
    "step_flux",
    "step_uptake",
]

DIMENSIONS: Final[dict[str, int]] = {"slab": 1, "cylinder": 2, "sphere": 3}
"""Dimension d of each geometry [1]."""

EARLY: Final[float] = 0.01
"""Time tau [1] up to which the early series are used."""

_TERMS: Final[int] = 30
_MODES: Final[int] = 25


def dimension(geometry: Geometry) -> int:
    """Return the dimension d [1] of `geometry`, or raise an InputError that names the three there are."""
    if geometry not in DIMENSIONS:
        raise InputError("geometry", geometry, ", ".join(DIMENSIONS), "choose one of the three")
    return DIMENSIONS[geometry]


def check_layer(length: float, diffusivity: float) -> None:
    """Refuse a `length` [m] or a `diffusivity` [m2 s-1] that is not positive."""
    positive("length", length, "m")
    positive("diffusivity", diffusivity, "m2 s-1")


def relative_time(time: ArrayLike, length: float, diffusivity: float, *, strict: bool = False) -> FloatArray:
    """Time tau = D t/L^2 [1] of `time` [s]; negative times, and zero where `strict`, are refused."""
    return values("time", time, "s", strict=strict) * (diffusivity / length**2)


@cache
def early_coefficients(d: int) -> tuple[float, ...]:
    """Coefficients r_k [1] of R = sum r_k q^-k, from its differential equation."""
    r = [1.0]
    for m in range(1, _TERMS):
        products = sum(r[j] * r[m - j] for j in range(1, m))
        r.append(0.5 * ((m - d) * r[m - 1] - products))
    return tuple(r)


@cache
def _modes(d: int) -> FloatArray:
    """Zeros l_n [1] of J_{d/2-1}."""
    n = np.arange(1.0, _MODES + 1.0)
    return {1: (n - 0.5) * np.pi, 2: np.asarray(special.jn_zeros(0, _MODES)), 3: n * np.pi}[d]


def _early(root: FloatArray, d: int, order: int) -> FloatArray:
    """Sum of r_k root^(k + order)/Gamma[(k + order)/2 + 1], root = sqrt(tau)."""
    k = np.arange(_TERMS)
    scaled = np.array(early_coefficients(d)) * special.rgamma(0.5 * (k + order) + 1.0)
    polynomial: FloatArray = np.polynomial.polynomial.polyval(root, scaled)
    return polynomial * root**order


def step_flux(tau: FloatArray, d: int) -> FloatArray:
    """Flux through the surface per unit step [D/L] at times `tau` above 0 [1]."""
    early = _early(np.sqrt(np.minimum(tau, EARLY)), d, -1)
    late = np.exp(-np.multiply.outer(np.maximum(tau, EARLY), np.square(_modes(d))))
    return np.where(tau < EARLY, early, 2.0 * late.sum(axis=-1))


def step_uptake(tau: FloatArray, d: int) -> FloatArray:
    """Uptake over its final value [1] at times `tau` [1]."""
    early = _early(np.sqrt(np.minimum(tau, EARLY)), d, 1)
    squares = np.square(_modes(d))
    late = np.exp(-np.multiply.outer(np.maximum(tau, EARLY), squares)) / squares
    return np.where(tau < EARLY, d * early, 1.0 - 2.0 * d * late.sum(axis=-1))
