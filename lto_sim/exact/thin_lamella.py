"""Front in a thin lamella whose two faces conduct beside its bulk.

    k_app = k_II (1 + 2 l/H),    l = delta D_s/D_II,    l = (H/2) f/(1 - f),

======  ====================  ===============================================================
symbol  argument              meaning
======  ====================  ===============================================================
k_II    bulk_rate_constant    rate constant without faces [m2 s-1]
l       surface_length        surface over bulk conductance of one face [m]
H       thickness             active thickness of the lamella [m]
f       share                 share of k_app that the two faces carry [1]
======  ====================  ===============================================================

Holds for a saturated parent, a contact that feeds both faces at its own state, and a front, averaged through
the thickness, beyond the crossover xi = 2 sqrt(3 l H). Behind the tip, whose length is sqrt(3 l H), surface
and bulk conduct in parallel.

Source: derived for this package.
"""

from __future__ import annotations

import math

from lto_sim.errors import InputError
from lto_sim.exact._checks import not_negative, positive

__all__ = [
    "apparent_rate_constant",
    "crossover_length",
    "surface_length_from_share",
    "surface_share",
    "tip_length",
]


def apparent_rate_constant(bulk_rate_constant: float, surface_length: float, thickness: float) -> float:
    """Rate constant k_app = k_II (1 + 2 l/H) [m2 s-1] of the mean front beyond the crossover.

    Parameters
    ----------
    bulk_rate_constant : Rate constant k_II of xi^2 = 2 k t without faces [m2 s-1].
    surface_length : Length l = delta D_s/D_II of one face [m].
    thickness : Active thickness H of the lamella [m].

    Raises
    ------
    InputError
        A negative surface length, or another argument that is not positive.
    """
    ratio = not_negative("surface_length", surface_length, "m") / positive("thickness", thickness, "m")
    return positive("bulk_rate_constant", bulk_rate_constant, "m2 s-1") * (1.0 + 2.0 * ratio)


def surface_share(surface_length: float, thickness: float) -> float:
    """Share f = 2 l/(H + 2 l) [1] of the apparent rate constant that the faces carry.

    Parameters
    ----------
    surface_length : Length l = delta D_s/D_II of one face [m].
    thickness : Active thickness H of the lamella [m].

    Raises
    ------
    InputError
        A negative surface length, or a thickness that is not positive.
    """
    both = 2.0 * not_negative("surface_length", surface_length, "m")
    return both / (positive("thickness", thickness, "m") + both)


def surface_length_from_share(share: float, thickness: float) -> float:
    """Surface length l = (H/2) f/(1 - f) [m] that gives the faces the share f.

    Parameters
    ----------
    share : Share f of the apparent rate constant that the two faces carry [1], 0 to below 1.
    thickness : Active thickness H of the lamella [m].

    Raises
    ------
    InputError
        A share outside 0 to below 1, or a thickness that is not positive.
    """
    fraction = not_negative("share", share)
    if fraction >= 1.0:
        raise InputError("share", share, "0 to below 1 [1]", "the bulk carries some of the lithium")
    return 0.5 * positive("thickness", thickness, "m") * fraction / (1.0 - fraction)


def tip_length(surface_length: float, thickness: float) -> float:
    """Length sqrt(3 l H) [m] by which the front at the faces runs ahead of the mid-plane.

    Parameters
    ----------
    surface_length : Length l = delta D_s/D_II of one face [m].
    thickness : Active thickness H of the lamella [m].

    Raises
    ------
    InputError
        A negative surface length, or a thickness that is not positive.
    """
    length = not_negative("surface_length", surface_length, "m")
    return math.sqrt(3.0 * length) * math.sqrt(positive("thickness", thickness, "m"))


def crossover_length(surface_length: float, thickness: float) -> float:
    """Mean front position 2 sqrt(3 l H) [m] beyond which surface and bulk conduct in parallel.

    It is twice the :func:`tip_length`.

    Parameters
    ----------
    surface_length : Length l = delta D_s/D_II of one face [m].
    thickness : Active thickness H of the lamella [m].

    Raises
    ------
    InputError
        A negative surface length, or a thickness that is not positive.
    """
    return 2.0 * tip_length(surface_length, thickness)
