"""Annotated field types of a scenario: text or number in, checked SI float out.

Each type knows its kind of quantity (hence its unit), its range and its JSON schema, so that the schema, the
documentation and the error message cannot disagree.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from lto_sim.errors import InputError
from lto_sim.units import DIMENSIONS, to_si

__all__ = [
    "Coordinate",
    "Diffusivity",
    "Fraction",
    "Length",
    "MolarEnergy",
    "NonNegativeFraction",
    "NonNegativeLength",
    "Potential",
    "Share",
    "Temperature",
    "Time",
    "TimeOrZero",
    "Velocity",
]


def _checked(kind: str, low: float | None, low_open: bool, high: float | None, high_open: bool) -> Any:
    unit = DIMENSIONS[kind]
    bounds = []
    if low is not None:
        bounds.append(f"{'>' if low_open else '>='} {low:g}{' ' + unit if unit else ''}")
    if high is not None:
        bounds.append(f"{'<' if high_open else '<='} {high:g}{' ' + unit if unit else ''}")
    allowed = " and ".join(bounds)

    def check(value: object) -> float:
        number = to_si(value, kind, "")
        below = low is not None and (number < low or (low_open and number == low))
        above = high is not None and (number > high or (high_open and number == high))
        if below or above:
            noun = "number" if kind == "dimensionless" else kind
            raise InputError("", value, allowed, f"give a {noun} in that range")
        return number

    return check


def _quantity(
    kind: str,
    low: float | None = None,
    *,
    low_open: bool = False,
    high: float | None = None,
    high_open: bool = False,
) -> Any:
    unit = DIMENSIONS[kind]
    number: dict[str, Any] = {"type": "number"}
    if low is not None:
        number["exclusiveMinimum" if low_open else "minimum"] = low
    if high is not None:
        number["exclusiveMaximum" if high_open else "maximum"] = high
    schema: dict[str, Any] = {"anyOf": [number, {"type": "string"}], "x-unit": unit, "x-quantity": kind}
    return Annotated[
        float,
        BeforeValidator(_checked(kind, low, low_open, high, high_open)),
        PlainSerializer(float, return_type=float),
        WithJsonSchema(schema),
    ]


Length = _quantity("length", 0.0, low_open=True)
Coordinate = _quantity("length")
Time = _quantity("time", 0.0, low_open=True)
TimeOrZero = _quantity("time", 0.0)
Temperature = _quantity("temperature", 0.0, low_open=True)
Potential = _quantity("potential")
Diffusivity = _quantity("diffusivity", 0.0, low_open=True)
Velocity = _quantity("velocity", 0.0, low_open=True)
MolarEnergy = _quantity("molar energy", 0.0)
NonNegativeLength = _quantity("length", 0.0)
NonNegativeFraction = _quantity("dimensionless", 0.0)
Fraction = _quantity("dimensionless", 0.0, high=1.0)
Share = _quantity("dimensionless", 0.0, low_open=True, high=1.0)
