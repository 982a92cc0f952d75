"""Thermally activated quantity, D(T) = D_ref exp[-Ea/R (1/T - 1/T_ref)].

Written about a reference temperature rather than as D0 exp(-Ea/RT), so that the value and the activation
energy can be varied, fitted and read one by one; the pre-exponential factor is a property.

Source: S. Arrhenius, Z. Phys. Chem. 4 (1889) 226.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lto_sim.constants import EV_PER_MOLE, GAS_CONSTANT
from lto_sim.errors import InputError

__all__ = ["Arrhenius"]


@dataclass(frozen=True)
class Arrhenius:
    """Value at a reference temperature and activation energy.

    Parameters
    ----------
    at : Value at `reference`, in the SI unit of the quantity (> 0).
    reference : Reference temperature [K].
    activation_energy : Activation energy [J/mol] (>= 0).

    Raises
    ------
    InputError
        A value outside its range.
    """

    at: float
    reference: float
    activation_energy: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.at) and self.at > 0):
            raise InputError("at", self.at, "> 0 and finite", "give the value at the reference temperature")
        if not (math.isfinite(self.reference) and self.reference > 0):
            raise InputError("reference", self.reference, "> 0 K", 'give for example "30 degC"')
        if not (math.isfinite(self.activation_energy) and self.activation_energy >= 0):
            raise InputError("Ea", self.activation_energy, ">= 0 J/mol", 'give for example "0.49 eV"')

    def __call__(self, temperature: float) -> float:
        """Value at `temperature` [K]."""
        inverse = 1.0 / temperature - 1.0 / self.reference
        return self.at * math.exp(-self.activation_energy / GAS_CONSTANT * inverse)

    @property
    def pre_exponential(self) -> float:
        """D0 of D0 exp(-Ea/RT), in the unit of `at`."""
        return self.at * math.exp(self.activation_energy / (GAS_CONSTANT * self.reference))

    @property
    def Ea_eV(self) -> float:
        """Activation energy [eV]."""
        return self.activation_energy / EV_PER_MOLE
