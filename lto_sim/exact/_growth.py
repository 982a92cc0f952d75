"""Growth parameter of the planar two-phase front, as the only root of a decreasing function.

With s = ln gamma, the balance of :mod:`lto_sim.exact.wagner` in logarithms is

    h(s) = ln[A exp(-gamma^2)/erf(gamma)] - ln{sqrt(pi) gamma + B/[sqrt(phi) erfcx(gamma sqrt(phi))]} = 0.

Every term of h falls with s and |dh/ds| >= 1, so there is one root and h is its relative error or more.
Bounds: erf(g) exp(g^2) >= 2 g/sqrt(pi) gives gamma <= sqrt(A/2); with erf(g) <= 2 g/sqrt(pi) and
1/erfcx(z) <= sqrt(pi) (z + 1/sqrt(2)) (Abramowitz and Stegun 7.1.13), every gamma <= 1 with
(1 + B) gamma^2 + B gamma/sqrt(2 phi) <= A/(2 e) lies below the root.
"""

from __future__ import annotations

import math

from scipy import optimize, special

from lto_sim.errors import InputError
from lto_sim.exact._checks import not_negative, positive

__all__ = ["log_add", "log_residual", "solve"]

_EPSILON = 2.0**-52
_SMALLEST_LOG = -650.0  # gamma itself is still a normal number there


def log_add(first: float, second: float) -> float:
    """Return ln(exp(first) + exp(second)) without overflow."""
    high, low = max(first, second), min(first, second)
    return high + math.log1p(math.exp(low - high))


def log_residual(
    growth_parameter: float, excess: float, undersaturation: float, diffusivity_ratio: float
) -> float:
    """Return h of the module docstring: lithium that arrives over lithium that is used, as logarithm [1]."""
    gamma, root = growth_parameter, math.sqrt(diffusivity_ratio)
    arrives = math.log(excess) - gamma * gamma - math.log(float(special.erf(gamma)))
    used = 0.5 * math.log(math.pi) + math.log(gamma)
    if undersaturation > 0.0:
        scaled = float(special.erfcx(gamma * root))
        used = log_add(used, math.log(undersaturation) - math.log(root) - math.log(scaled))
    return arrives - used


def _bracket(excess: float, undersaturation: float, diffusivity_ratio: float) -> tuple[float, float]:
    """Logarithms of a gamma below and a gamma above the root."""
    upper = 0.5 * math.log(0.5 * excess)
    reach = math.log(excess) - math.log(2.0 * math.e)
    quadratic = 0.5 * (math.log1p(undersaturation) + reach)
    if undersaturation > 0.0:
        linear = math.log(undersaturation) - 0.5 * (math.log(2.0) + math.log(diffusivity_ratio))
        quadratic = log_add(quadratic, linear)
    margin = 1e-6  # covers the rounding of both bounds
    return min(0.0, reach - quadratic) - margin, upper + margin


def solve(excess: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0) -> float:
    """Growth parameter gamma [1] of one set of A, B, phi, each [1]."""
    remedy = "excess is (x_contact - x_growing_edge)/gap and the contact lies beyond the growing phase's edge"
    excess = positive("excess", excess, remedy=remedy)
    remedy = "undersaturation is (x_parent_edge - x_start)/gap; a parent inside the gap has none (0)"
    undersaturation = not_negative("undersaturation", undersaturation, remedy=remedy)
    diffusivity_ratio = positive("diffusivity_ratio", diffusivity_ratio)
    lower, upper = _bracket(excess, undersaturation, diffusivity_ratio)
    if lower < _SMALLEST_LOG:
        raise InputError(
            "excess", excess, "a growth parameter above 1e-280", "the front stands still: raise the excess"
        )

    def balance(log_gamma: float) -> float:
        return log_residual(math.exp(log_gamma), excess, undersaturation, diffusivity_ratio)

    root = optimize.brentq(balance, lower, upper, xtol=1e-15, rtol=4.0 * _EPSILON)
    return math.exp(float(root))
