"""The door between text with units and SI numbers.

A quantity is a number in the documented SI unit, or text with a unit (``"1e-12 cm^2/s"``, ``"30 degC"``,
``"0.49 eV"``). pint checks the dimension. Five things that pint refuses or reads otherwise are handled here:
an offset unit in one text (``"30 degC"``), spelled-out powers (``"m2 s-1"``, ``"m2.s-1"``), energies per mole
against per particle (Ea may come in eV, J or kJ/mol and leaves in J/mol), doses and frequencies. A dose is
counted in electrons: in ``"5000 e/A^2"`` the e is an electron and the A an angstrom, as in microscopy.
A frequency is no angular one: units with an angle are refused.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Final

from lto_sim.constants import AVOGADRO, ZERO_CELSIUS
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import pint

__all__ = ["DIMENSIONS", "EXAMPLES", "normalise_unit", "split_quantity", "to_si"]

DIMENSIONS: Final[dict[str, str]] = {
    "length": "m",
    "time": "s",
    "temperature": "K",
    "potential": "V",
    "diffusivity": "m^2/s",
    "conductance": "m^3/s",
    "velocity": "m/s",
    "interface resistance": "s/m",
    "area resistance": "ohm*m^2",
    "area capacitance": "F/m^2",
    "current": "A",
    "sweep rate": "V/s",
    "frequency": "Hz",
    "dose": "1/m^2",
    "dose rate": "1/m^2/s",
    "angle": "rad",
    "molar energy": "J/mol",
    "concentration": "mol/m^3",
    "density": "kg/m^3",
    "energy": "J",
    "energy loss": "eV",
    "dimensionless": "",
}
"""Kind of quantity -> SI unit in which it is stored."""

_NUMBER: Final = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")
_POWER: Final = re.compile(r"(?<=[A-Za-zµμ])(-?\d+)(?![\d.eE])")


_ANGLES: Final = re.compile(r"rad|deg|turn|rev|cycle|rpm|rps", re.IGNORECASE)
"""Angles have no dimension for pint, which reads 1 rad/s as 1 Hz."""
_ELECTRONS: Final = re.compile(r"^(e-?|el|electrons?)\s*/")


@functools.cache
def _registry() -> pint.UnitRegistry[float]:
    import pint  # 0.3 s: only when a quantity comes as text

    return pint.UnitRegistry()


def normalise_unit(unit: str) -> str:
    """Return `unit` in the form that pint reads: ``m2.s-1`` and ``m2 s-1`` become ``m**2*s**-1``."""
    text = unit.strip().replace("°C", "degC").replace("·", "*").replace("²", "^2").replace("³", "^3")
    text = re.sub(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])", "*", text)
    text = re.sub(r"(?<=[A-Za-z0-9])\s+(?=[A-Za-z])", "*", text)
    return _POWER.sub(r"**\1", text)


def split_quantity(text: str, field: str = "value") -> tuple[float, str]:
    """Split text into its number and its unit.

    Parameters
    ----------
    text : Number and unit, such as ``"1e-12 cm^2/s"``.
    field : Name used in the error.

    Returns
    -------
    tuple of float and str
        The number in its own unit, and that unit as written; empty for a plain number.

    Raises
    ------
    InputError
        It does not begin with a number.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise InputError(field, text, "a number and a unit", 'write for example "1e-12 cm^2/s"')
    return float(match.group(1)), match.group(2)


def to_si(value: object, kind: str, field: str = "value") -> float:
    """Convert a number or a text with unit into a finite float in SI.

    Parameters
    ----------
    value : Number in the SI unit of `kind`, or text with a unit.
    kind : One of :data:`DIMENSIONS`.
    field : Name used in the error.

    Returns
    -------
    float
        The value in the SI unit ``DIMENSIONS[kind]``.

    Raises
    ------
    InputError
        Not a number, an unknown unit, the wrong dimension, NaN or infinity.
    """
    si_unit = DIMENSIONS[kind]
    allowed = f"{kind} [{si_unit}]" if si_unit else "a plain number"
    remedy = f"give a number{' in ' if si_unit else ''}{si_unit} or text such as {EXAMPLES[kind]}"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(field, value, allowed, remedy)
    try:
        number = float(value) if not isinstance(value, str) else _parse(value, kind, field, allowed, remedy)
    except OverflowError:  # an integer too long for a float
        number = math.inf
    if not math.isfinite(number):
        raise InputError(field, value, f"finite: {allowed}", remedy)
    return number


EXAMPLES: Final[dict[str, str]] = {
    "length": '"150 nm"',
    "time": '"60 s"',
    "temperature": '"30 degC"',
    "potential": '"1.6 V"',
    "diffusivity": '"1e-12 cm^2/s"',
    "conductance": '"1e-21 m^3/s"',
    "velocity": '"1e-5 m/s"',
    "interface resistance": '"1e6 s/m"',
    "area resistance": '"10 ohm cm^2"',
    "area capacitance": '"10 uF/cm^2"',
    "current": '"-2 pA"',
    "sweep rate": '"1 mV/s"',
    "frequency": '"1 mHz"',
    "dose": '"5000 e/A^2"',
    "dose rate": '"0.5 e/A^2/s"',
    "angle": '"30 deg"',
    "molar energy": '"0.49 eV"',
    "concentration": '"22740 mol/m^3"',
    "density": '"3.48 g/cm^3"',
    "energy": '"1.43e-20 J"',
    "energy loss": '"0.1 eV"',
    "dimensionless": '"0.05"',
}
"""Kind of quantity -> text that would do, in quotes."""


def _parse(text: str, kind: str, field: str, allowed: str, remedy: str) -> float:
    match = _NUMBER.match(text)
    if match is None:
        raise InputError(field, text, allowed, remedy)
    number, unit = float(match.group(1)), normalise_unit(match.group(2))
    if kind in {"dose", "dose rate"}:
        unit = _ELECTRONS.sub("1/", re.sub(r"\b(A|Å|Ang|ang)(?=\W|\d|$)", "angstrom", unit))
    if not unit:
        return number
    if kind == "frequency" and _ANGLES.search(unit):
        raise InputError(field, text, allowed, remedy)
    if kind == "temperature" and unit in {"degC", "celsius", "C"}:
        return number + ZERO_CELSIUS
    return _pint_to_si(number, unit, text, kind, field, allowed, remedy)


def _pint_to_si(
    number: float, unit: str, text: str, kind: str, field: str, allowed: str, remedy: str
) -> float:
    import pint

    registry = _registry()
    try:
        quantity = registry.Quantity(number, unit)
        if kind == "molar energy" and quantity.check("[energy]"):
            return float(quantity.to("J").magnitude) * AVOGADRO
        return float(quantity.to(DIMENSIONS[kind] or "dimensionless").magnitude)
    except (pint.errors.PintError, ValueError, TypeError, AttributeError, SyntaxError) as error:
        raise InputError(field, text, allowed, remedy) from error
    except Exception as error:  # pint's tokenizer raises bare tokenize errors on odd text
        raise InputError(field, text, allowed, remedy) from error
