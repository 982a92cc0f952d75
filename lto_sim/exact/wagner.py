"""Wagner's rate constant of a planar front between two phases, from the growth parameter gamma.

The growing phase II is fed at its contact, the parent phase I is semi-infinite, and both edges of the front
are at equilibrium (the two-phase Neumann problem):

    xi = 2 gamma sqrt(D_II t),    k = xi^2/(2 t) = 2 gamma^2 D_II,
    sqrt(pi) gamma = A exp(-gamma^2)/erf(gamma) - B/[sqrt(phi) erfcx(gamma sqrt(phi))].

======  =================  ===================================================================
symbol  argument           meaning
======  =================  ===================================================================
A       excess             (x_contact - x_growing_edge)/gap [1]
B       undersaturation    (x_parent_edge - x_start)/gap [1]; 0 for a saturated parent
phi     diffusivity_ratio  D_growing/D_parent [1]; without effect when B = 0
gamma   growth_parameter   xi/(2 sqrt(D_growing t)) [1]
k       rate_constant      of xi^2 = 2 k t [m2 s-1]
======  =================  ===================================================================

The gap is x_growing_edge - x_parent_edge; A and B are positive on insertion and on extraction alike.
Limit: gamma^2 -> A/2 for small A and B = 0, hence k -> A D_II.

Source: C. Wagner in W. Jost, Diffusion in Solids, Liquids, Gases (Academic Press, 1952), chapter I;
H. S. Carslaw and J. C. Jaeger, Conduction of Heat in Solids (Oxford, 1959), section 11.2.
"""

from __future__ import annotations

import math
from typing import overload

from scipy import special

from lto_sim.exact import _growth
from lto_sim.exact._checks import FloatArray, elementwise, not_negative, positive
from lto_sim.exact.planar_front import PlanarFront

__all__ = [
    "PlanarFront",
    "diffusivity",
    "diffusivity_given_parent",
    "growth_parameter",
    "rate_constant",
    "residual",
]

Values = float | FloatArray


def residual(
    growth_parameter: float, excess: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0
) -> float:
    """Lithium that arrives at the front over lithium that is used there, as a logarithm.

    Parameters
    ----------
    growth_parameter : Trial gamma [1].
    excess : Excess A at the contact over the gap [1].
    undersaturation : Undersaturation B of the parent over the gap [1].
    diffusivity_ratio : Ratio phi = D_growing/D_parent [1].

    Returns
    -------
    float
        Zero at the root, positive below it, and never smaller in size than the relative error of gamma [1].

    Raises
    ------
    InputError
        An argument that is not positive (undersaturation: that is negative).
    """
    return _growth.log_residual(
        positive("growth_parameter", growth_parameter),
        positive("excess", excess),
        not_negative("undersaturation", undersaturation),
        positive("diffusivity_ratio", diffusivity_ratio),
    )


@overload
def growth_parameter(
    excess: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0
) -> float: ...
@overload
def growth_parameter(
    excess: Values, undersaturation: Values = 0.0, diffusivity_ratio: Values = 1.0
) -> Values: ...
def growth_parameter(
    excess: Values, undersaturation: Values = 0.0, diffusivity_ratio: Values = 1.0
) -> Values:
    """Growth parameter gamma [1] of a planar front, xi = 2 gamma sqrt(D_growing t).

    Parameters
    ----------
    excess : Excess A at the contact over the gap [1], greater than 0.
    undersaturation : Undersaturation B of the parent over the gap [1], 0 or greater.
    diffusivity_ratio : Ratio phi = D_growing/D_parent [1], greater than 0.

    Returns
    -------
    float or ndarray
        gamma [1]; a float for scalars, arrays are broadcast. Relative error below 1e-12.

    Raises
    ------
    InputError
        An argument outside its range, or a gamma below 1e-280.
    """
    return elementwise(_growth.solve, excess, undersaturation, diffusivity_ratio)


def _rate(diffusivity: float, excess: float, undersaturation: float, ratio: float) -> float:
    gamma = _growth.solve(excess, undersaturation, ratio)
    return 2.0 * gamma * gamma * positive("diffusivity", diffusivity, "m2 s-1")


@overload
def rate_constant(
    diffusivity: float, excess: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0
) -> float: ...
@overload
def rate_constant(
    diffusivity: Values, excess: Values, undersaturation: Values = 0.0, diffusivity_ratio: Values = 1.0
) -> Values: ...
def rate_constant(
    diffusivity: Values, excess: Values, undersaturation: Values = 0.0, diffusivity_ratio: Values = 1.0
) -> Values:
    """Rate constant k = 2 gamma^2 D_growing [m2 s-1] of xi^2 = 2 k t.

    Parameters
    ----------
    diffusivity : Diffusivity D_growing of the growing phase [m2 s-1].
    excess, undersaturation, diffusivity_ratio : A, B, phi [1] as in :func:`growth_parameter`.

    Returns
    -------
    float or ndarray
        k [m2 s-1]; a float for scalars, arrays (one value a temperature) are broadcast.

    Raises
    ------
    InputError
        An argument outside its range.
    """
    return elementwise(_rate, diffusivity, excess, undersaturation, diffusivity_ratio)


def _diffusivity(rate: float, excess: float, undersaturation: float, ratio: float) -> float:
    gamma = _growth.solve(excess, undersaturation, ratio)
    return positive("rate_constant", rate, "m2 s-1") / (2.0 * gamma * gamma)


@overload
def diffusivity(
    rate_constant: float, excess: float, undersaturation: float = 0.0, diffusivity_ratio: float = 1.0
) -> float: ...
@overload
def diffusivity(
    rate_constant: Values, excess: Values, undersaturation: Values = 0.0, diffusivity_ratio: Values = 1.0
) -> Values: ...
def diffusivity(
    rate_constant: Values, excess: Values, undersaturation: Values = 0.0, diffusivity_ratio: Values = 1.0
) -> Values:
    """Diffusivity of the growing phase [m2 s-1] from k, the ratio of diffusivities known.

    Parameters
    ----------
    rate_constant : Rate constant k of xi^2 = 2 k t [m2 s-1].
    excess, undersaturation, diffusivity_ratio : A, B, phi [1] as in :func:`growth_parameter`.

    Returns
    -------
    float or ndarray
        D_growing = k/(2 gamma^2) [m2 s-1]; a float for scalars, arrays are broadcast.

    Raises
    ------
    InputError
        An argument outside its range.
    """
    return elementwise(_diffusivity, rate_constant, excess, undersaturation, diffusivity_ratio)


def _diffusivity_given_parent(rate: float, excess: float, undersaturation: float, parent: float) -> float:
    rate = positive("rate_constant", rate, "m2 s-1")
    parent = positive("parent_diffusivity", parent, "m2 s-1")
    excess, undersaturation = positive("excess", excess), not_negative("undersaturation", undersaturation)
    z = math.sqrt(0.5 * rate / parent)
    drain = undersaturation / (math.sqrt(math.pi) * z * float(special.erfcx(z)))
    gamma = _growth.solve(excess / (1.0 + drain))
    return rate / (2.0 * gamma * gamma)


@overload
def diffusivity_given_parent(
    rate_constant: float, excess: float, undersaturation: float, parent_diffusivity: float
) -> float: ...
@overload
def diffusivity_given_parent(
    rate_constant: Values, excess: Values, undersaturation: Values, parent_diffusivity: Values
) -> Values: ...
def diffusivity_given_parent(
    rate_constant: Values, excess: Values, undersaturation: Values, parent_diffusivity: Values
) -> Values:
    """Diffusivity of the growing phase [m2 s-1] from k, the parent's diffusivity known.

    The front in the parent's own units, z = gamma sqrt(phi) = sqrt[k/(2 D_parent)], is known from k alone, so
    the parent takes the fixed share B/[sqrt(pi) z erfcx(z)] of what the front uses: gamma is that of a
    saturated parent with A/(1 + share), and there is always one solution.

    Parameters
    ----------
    rate_constant : Rate constant k of xi^2 = 2 k t [m2 s-1].
    excess, undersaturation : A and B [1] as in :func:`growth_parameter`.
    parent_diffusivity : Diffusivity D_parent of the parent phase [m2 s-1].

    Returns
    -------
    float or ndarray
        D_growing [m2 s-1]; a float for scalars, arrays are broadcast.

    Raises
    ------
    InputError
        An argument outside its range.
    """
    return elementwise(_diffusivity_given_parent, rate_constant, excess, undersaturation, parent_diffusivity)
