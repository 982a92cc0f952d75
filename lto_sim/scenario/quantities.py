"""Annotated field types of a scenario: text or number in, checked SI float out.

Each type knows its kind of quantity (hence its unit), its range and its JSON schema, so that the schema, the
documentation and the error message cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from lto_sim.errors import InputError
from lto_sim.units import DIMENSIONS, EXAMPLES, to_si

__all__ = [
    "Angle",
    "AreaCapacitance",
    "AreaResistance",
    "Conductance",
    "Coordinate",
    "Corners",
    "Current",
    "Diffusivity",
    "Dose",
    "DoseRate",
    "Fraction",
    "InterfaceResistance",
    "LabelPair",
    "Length",
    "LengthOrZero",
    "LengthPair",
    "Line",
    "MolarEnergy",
    "NonNegativeFraction",
    "Number",
    "Point",
    "Potential",
    "PotentialChange",
    "PotentialPair",
    "ProbeWidth",
    "Share",
    "Smoothing",
    "SweepRate",
    "Temperature",
    "ThicknessScale",
    "Time",
    "TimeOrZero",
    "TransferCoefficient",
    "Velocity",
    "VelocityOrZero",
    "pair_of",
    "quantity",
]


def _checked(kind: str, low: float | None, low_open: bool, high: float | None, remedy: str) -> Any:
    unit = DIMENSIONS[kind]
    bounds = []
    if low is not None:
        bounds.append(f"{'>' if low_open else '>='} {low:g}{' ' + unit if unit else ''}")
    if high is not None:
        bounds.append(f"<= {high:g}{' ' + unit if unit else ''}")
    allowed = " and ".join(bounds)

    def check(value: object) -> float:
        number = to_si(value, kind, "")
        below = low is not None and (number < low or (low_open and number == low))
        if below or (high is not None and number > high):
            noun = "number" if kind == "dimensionless" else kind
            article = "an" if noun[0] in "aeiou" else "a"
            raise InputError("", value, allowed, remedy or f"give {article} {noun} in that range")
        return number

    return check


_BEGINS_WITH_A_NUMBER: Final = r"^\s*[+-]?(\d|\.\d)"


def _examples(kind: str, check: Callable[[object], float]) -> list[Any]:
    """The usual example of a kind of quantity, where it lies in the range."""
    text = EXAMPLES[kind].strip('"')
    example: object = text if DIMENSIONS[kind] else float(text)
    try:
        check(example)
    except InputError:
        return []
    return [example]


def quantity(
    kind: str,
    low: float | None = None,
    *,
    low_open: bool = False,
    high: float | None = None,
    remedy: str = "",
) -> Any:
    """Field type of one kind of quantity, at least `low` (above it if open) and at most `high` [SI].

    The schema takes a number in SI, or text that begins with a number; validation knows more of the text.
    """
    unit = DIMENSIONS[kind]
    check = _checked(kind, low, low_open, high, remedy)
    number: dict[str, Any] = {"type": "number"}
    if low is not None:
        number["exclusiveMinimum" if low_open else "minimum"] = low
    if high is not None:
        number["maximum"] = high
    text = {"type": "string", "pattern": _BEGINS_WITH_A_NUMBER}
    schema: dict[str, Any] = {"anyOf": [number, text], "x-unit": unit, "x-quantity": kind}
    examples = _examples(kind, check)
    if examples:
        schema["examples"] = examples
    return Annotated[
        float,
        BeforeValidator(check),
        PlainSerializer(float, return_type=float),
        WithJsonSchema(schema),
    ]


_LONGEST = 0.1  # m: ten centimetres of particle are a slip of the unit
_LAST = 1e18  # s
_STEEPEST = 5e5  # J/mol, 5.2 eV: beyond, an Arrhenius factor leaves the range of numbers

Length = quantity("length", 0.0, low_open=True, high=_LONGEST)
LengthOrZero = quantity("length", 0.0, high=_LONGEST)
ThicknessScale = quantity("length", -1.0, high=1.0)
Coordinate = quantity("length", -_LONGEST, high=_LONGEST)
Time = quantity("time", 0.0, low_open=True, high=_LAST)
TimeOrZero = quantity("time", 0.0, high=_LAST)
Temperature = quantity(
    "temperature", 150.0, high=1500.0, remedy='a bare number is in kelvin; write for example "30 degC"'
)
Potential = quantity("potential", -10.0, high=10.0)
Diffusivity = quantity("diffusivity", 1e-60, high=1.0)
Velocity = quantity("velocity", 0.0, low_open=True)
VelocityOrZero = quantity("velocity", 0.0, high=1e6)
AreaResistance = quantity("area resistance", 0.0, high=1e20)
AreaCapacitance = quantity("area capacitance", 0.0, high=1e4)
Current = quantity("current", -1.0, high=1.0, remedy="a particle takes pA to nA")
PotentialChange = quantity("potential", 0.0, low_open=True, high=1.0)
SweepRate = quantity("sweep rate", 0.0, low_open=True, high=1e9)
Dose = quantity("dose", 0.0, low_open=True)
DoseRate = quantity("dose rate", 0.0)
TransferCoefficient = quantity("dimensionless", 0.05, high=0.95)
Conductance = quantity("conductance", 0.0, high=1e-6)
InterfaceResistance = quantity("interface resistance", 0.0, high=1e30)
Angle = quantity(
    "angle", -2.0 * math.pi, high=2.0 * math.pi, remedy='a bare number is in radians; write "30 deg"'
)
MolarEnergy = quantity("molar energy", 0.0, high=_STEEPEST)
ProbeWidth = quantity("length", 0.0, high=1e-6)
NonNegativeFraction = quantity("dimensionless", 0.0, high=100.0)
Fraction = quantity("dimensionless", 0.0, high=1.0)
Share = quantity("dimensionless", 0.0, low_open=True, high=1.0)
Number = quantity("dimensionless")
Smoothing = quantity("dimensionless", 0.0, high=100.0)


def pair_of(kind: Any) -> Any:
    """Field type of exactly two values of one kind."""

    def check(value: object) -> object:
        entries = _listed(value)
        if not isinstance(entries, list) or len(entries) != 2:
            raise InputError("", value, "a list of two entries", 'for example ["100 nm", "200 nm"]')
        return entries

    return Annotated[tuple[kind, kind], BeforeValidator(check)]


def _at_least(least: int, point: Any) -> Any:
    """Field type of a list of at least `least` points (x, y)."""

    def check(value: object) -> object:
        entries = _listed(value)
        if not isinstance(entries, list) or len(entries) < least:
            raise InputError(
                "", value, f"a list of at least {least} points [x, y]", 'such as [["0 um", "0 um"], ...]'
            )
        return entries

    return Annotated[tuple[point, ...], Field(min_length=least), BeforeValidator(check)]


def _listed(value: object) -> object:
    """Arrays and tuples as lists, anything else as it is."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


Point = pair_of(Coordinate)
LengthPair = pair_of(Length)
LabelPair = pair_of(int)
PotentialPair = pair_of(Potential)
Corners = _at_least(3, Point)
Line = _at_least(2, Point)
