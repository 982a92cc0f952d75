"""Physical constants in SI units, from CODATA as shipped with scipy.

The zero of the Celsius scale and the electronvolt are exact by definition.
"""

from __future__ import annotations

import math
from typing import Final

from scipy import constants as _codata

__all__ = [
    "AVOGADRO",
    "BOLTZMANN",
    "ELEMENTARY_CHARGE",
    "EV_PER_MOLE",
    "FARADAY",
    "FWHM_PER_SIGMA",
    "GAS_CONSTANT",
    "ZERO_CELSIUS",
]

ELEMENTARY_CHARGE: Final[float] = _codata.elementary_charge
"""Elementary charge [C]; numerically also one electronvolt [J]."""

AVOGADRO: Final[float] = _codata.Avogadro
"""Avogadro constant [1/mol]."""

BOLTZMANN: Final[float] = _codata.Boltzmann
"""Boltzmann constant [J/K]."""

FARADAY: Final[float] = ELEMENTARY_CHARGE * AVOGADRO
"""Faraday constant [C/mol]."""

GAS_CONSTANT: Final[float] = _codata.gas_constant
"""Molar gas constant [J/(mol K)]."""

EV_PER_MOLE: Final[float] = FARADAY
"""One electronvolt per particle, as molar energy [J/mol]."""

ZERO_CELSIUS: Final[float] = _codata.zero_Celsius
"""Zero of the Celsius scale [K]."""

FWHM_PER_SIGMA: Final[float] = 2.0 * math.sqrt(2.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian over its standard deviation [1], 2 sqrt(2 ln 2)."""
