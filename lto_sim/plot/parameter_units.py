"""Units in which people read the parameters of a fit, found by their paths in the scenario's schema."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lto_sim.constants import EV_PER_MOLE, ZERO_CELSIUS
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.units import DIMENSIONS

__all__ = ["ShownUnit", "shown_unit", "value_and_deviation"]

_OWN: Final = {"maps.contrast": "", "maps.offset": "", "maps.start_time": "s"}
_DECIMALS: Final = 6
_PLAIN: Final = str.maketrans("", "", "^")


@dataclass(frozen=True)
class ShownUnit:
    """A unit, and how a value in SI becomes a number of it.

    Parameters
    ----------
    name : Unit as printed, empty for a pure number.
    size : Of the unit in SI.
    zero : Value in SI that is shown as 0.
    """

    name: str
    size: float = 1.0
    zero: float = 0.0

    def value(self, si: float) -> float:
        """Number to show for a value [SI]."""
        return (si - self.zero) / self.size

    def difference(self, si: float) -> float:
        """Number to show for a difference of values [SI]."""
        return si / self.size


_PEOPLE: Final = {
    "molar energy": ShownUnit("eV", EV_PER_MOLE),
    "length": ShownUnit("nm", 1e-9),
    "temperature": ShownUnit("degC", 1.0, ZERO_CELSIUS),
}
"""Kinds of quantity that are not shown in SI."""


def shown_unit(path: str) -> ShownUnit:
    """Unit of a free parameter: nm for lengths, eV for activation energies, degC for temperatures, else SI.

    Parameters
    ----------
    path : Path in the scenario, or a number of the maps such as ``maps.offset``.
    """
    if path in _OWN:
        return ShownUnit(_OWN[path])
    kind = quantity_kind(path)
    return _PEOPLE.get(kind, ShownUnit(DIMENSIONS.get(kind, "").translate(_PLAIN)))


def value_and_deviation(value: float, deviation: float) -> str:
    """Write both in the same power of ten, to two digits of the deviation: ``(7.600 ± 0.027)e-14``."""
    largest = max(abs(value), deviation)
    if not math.isfinite(largest) or largest == 0.0:
        return f"{value:.4g} ± {deviation:.2g}"
    power = math.floor(math.log10(largest))
    power = 0 if -3 <= power <= 4 else power
    scaled = deviation / 10.0**power
    decimals = min(max(1 - math.floor(math.log10(scaled)), 0), _DECIMALS) if scaled > 0.0 else 3
    text = f"{value / 10.0**power:.{decimals}f} ± {scaled:.{decimals}f}"
    return text if power == 0 else f"({text})e{power}"
