"""What would tell bulk from faces: rate constants at two thicknesses.

    R = k(H1)/k(H2) = (1 + 2 l/H1)/(1 + 2 l/H2),    l = (R - 1)/(2 (1/H1 - R/H2))

for H1 < H2: R is 1 without faces and H2/H1 where they carry everything. At one thickness the late front knows
only k_bulk (1 + 2 l/H).

Source: derived for this package from `lto_sim.exact.thin_lamella`.
"""

from __future__ import annotations

import math

from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella

__all__ = ["share_deviation", "share_from_rates", "thickness_ratio"]


def thickness_ratio(share: float, thin: float, thick: float, at: float = 150e-9) -> float:
    """K at `thin` over k at `thick` [1], where the faces carry `share` of k at the thickness `at`.

    Parameters
    ----------
    share : Share of the faces at the thickness `at`, 0 to below 1.
    thin, thick, at : Active thicknesses [m].

    Raises
    ------
    InputError
        A share outside 0 to below 1, a thickness that is not positive, `thin` not below `thick`.
    """
    _require(thin, thick)
    length = thin_lamella.surface_length_from_share(share, at)
    return (1.0 + 2.0 * length / thin) / (1.0 + 2.0 * length / thick)


def share_from_rates(
    thin_rate: float, thick_rate: float, thin: float, thick: float, at: float = 150e-9
) -> float:
    """Share of the faces at the thickness `at` from rate constants at two thicknesses.

    Parameters
    ----------
    thin_rate, thick_rate : Rate constants at the two thicknesses [m2 s-1].
    thin, thick, at : Active thicknesses [m].

    Returns
    -------
    The share; below 0 or above 1 where noise takes the ratio out of 1 to thick/thin.

    Raises
    ------
    InputError
        A rate or thickness that is not positive, `thin` not below `thick`.
    """
    _require(thin, thick)
    for name, value in (("thin_rate", thin_rate), ("thick_rate", thick_rate)):
        if not (math.isfinite(value) and value > 0.0):
            raise InputError(name, value, "> 0 m2/s", "give the fitted rate constant")
    ratio = thin_rate / thick_rate
    inverse = at * (1.0 / thin - ratio / thick)
    return (ratio - 1.0) / (ratio - 1.0 + inverse)


def share_deviation(
    share: float, relative_std: float, thin: float, thick: float, at: float = 150e-9
) -> float:
    """Standard deviation [1] of that share where each rate constant has a relative deviation.

    Parameters
    ----------
    share : Share of the faces at the thickness `at`, 0 to below 1.
    relative_std : Deviation of each of the two rate constants over it [1].
    thin, thick, at : Active thicknesses [m].

    Raises
    ------
    InputError
        See :func:`thickness_ratio`; a deviation below 0.
    """
    if not (math.isfinite(relative_std) and relative_std >= 0.0):
        raise InputError("relative_std", relative_std, ">= 0", "0.03 is 3 %")
    thickness_ratio(share, thin, thick, at)
    slope = (at / thin - 1.0) / (1.0 + share * (at / thin - 1.0)) - (at / thick - 1.0) / (
        1.0 + share * (at / thick - 1.0)
    )
    return math.sqrt(2.0) * relative_std / slope


def _require(thin: float, thick: float) -> None:
    if not (math.isfinite(thick) and 0.0 < thin < thick):
        raise InputError(
            "thin, thick", (thin, thick), "0 < thin < thick [m]", "give two thicknesses in metres"
        )
