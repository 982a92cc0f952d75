"""Edges of the miscibility gap, x_poor(T) and x_rich(T), in li fraction.

Constant, or from the symmetric regular solution with interaction Omega, whose binodal solves

    ln[(1 - x)/x] = (Omega / k_B T) (1 - 2 x),      x_rich = 1 - x_poor.

Source: Cahn-Hilliard regular solution as in MPET's LTO parameter file, after A. Vasileiadis et al. (2018),
arXiv:1801.06521.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.optimize import brentq

from lto_sim.constants import BOLTZMANN
from lto_sim.errors import InputError

__all__ = ["ConstantWindows", "RegularSolutionWindows", "Windows"]

_LARGEST_LOGIT = 32.0
"""ln[(1 - x)/x] beyond which 1 - x is 1 within a few units of the last place."""


class Windows(Protocol):
    """Anything that knows the gap's edges."""

    def edges(self, temperature: float) -> tuple[float, float]:
        """Return the edges (x_poor, x_rich) [li fraction] at `temperature` [K]."""
        ...


@dataclass(frozen=True)
class ConstantWindows:
    """Gap edges that do not depend on temperature.

    Parameters
    ----------
    x_poor, x_rich : Edges [li fraction], 0 < x_poor < x_rich < 1.

    Raises
    ------
    InputError
        Edges crossed or outside (0, 1).
    """

    x_poor: float
    x_rich: float

    def __post_init__(self) -> None:
        if not 0.0 < self.x_poor < 1.0:
            raise InputError("x_poor", self.x_poor, "between 0 and 1, both excluded", "give for example 0.05")
        if not self.x_poor < self.x_rich < 1.0:
            raise InputError(
                "x_rich", self.x_rich, f"above x_poor = {self.x_poor:g} and below 1", "give for example 0.95"
            )

    def edges(self, temperature: float) -> tuple[float, float]:
        """Return the edges (x_poor, x_rich) [li fraction]; `temperature` [K] has no influence."""
        return self.x_poor, self.x_rich


@dataclass(frozen=True)
class RegularSolutionWindows:
    """Gap edges of a symmetric regular solution.

    Parameters
    ----------
    omega : Interaction energy [J] per site; demixing needs omega > 2 k_B T.

    Raises
    ------
    InputError
        An energy that is not positive.
    """

    omega: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.omega) and self.omega > 0):
            raise InputError("omega", self.omega, "> 0 J", 'give for example "1.43e-20 J"')

    def edges(self, temperature: float) -> tuple[float, float]:
        """Return the edges (x_poor, x_rich) [li fraction] at `temperature` [K].

        Raises
        ------
        InputError
            Above the critical temperature omega / 2 k_B, where there is no gap, or so cold that neither phase
            dissolves anything.
        """
        ratio = self.omega / (BOLTZMANN * temperature)
        if ratio <= 2.0:
            limit = self.omega / (2.0 * BOLTZMANN)
            raise InputError(
                "temperature",
                temperature,
                f"below {limit:.1f} K",
                "the regular solution has no gap above that",
            )
        # In q = ln[(1 - x)/x] the binodal is q = ratio tanh(q/2), which loses no digits where x is tiny.
        q = brentq(lambda v: v - ratio * math.tanh(0.5 * v), 1e-9, ratio, xtol=1e-15, rtol=1e-14)
        if q > _LARGEST_LOGIT:
            limit = self.omega / (_LARGEST_LOGIT * BOLTZMANN)
            raise InputError(
                "temperature", temperature, f"above {limit:.1f} K", 'was it meant in "degC"? give the unit'
            )
        x_poor = 1.0 / (1.0 + math.exp(q))
        return x_poor, 1.0 - x_poor
