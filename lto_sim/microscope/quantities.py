"""Annotated field types of an instrument: text or number in, checked float in SI (energies in eV) out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from lto_sim.errors import InputError
from lto_sim.scenario.quantities import Coordinate, pair_of, quantity
from lto_sim.units import to_si

__all__ = [
    "Annulus",
    "Aperture",
    "Current",
    "Dispersion",
    "Displacement",
    "DoseRate",
    "DriftPair",
    "DriftVelocity",
    "HalfAngle",
    "MeanFreePath",
    "NoiseCounts",
    "Offset",
    "PerSecond",
    "PositiveNumber",
    "Scale",
    "Spread",
    "TailWidth",
    "Voltage",
]

Voltage = quantity("potential", 1e3, high=1e7, remedy='write for example "300 kV"')
HalfAngle = quantity("angle", 0.0, high=0.5, remedy='write for example "30 mrad"')
Aperture = quantity("angle", 1e-4, high=0.5, remedy='write for example "40 mrad"')
Current = quantity("current", 0.0, low_open=True, high=1e-3, remedy='write for example "71 pA"')
Spread = quantity("energy loss", 1e-3, high=100.0)
Offset = quantity("energy loss", -1e4, high=1e5)
Dispersion = quantity("energy loss", 1e-4, high=100.0)
TailWidth = quantity("energy loss", 0.0, high=1000.0)
DriftVelocity = quantity("velocity", -1e-3, high=1e-3)
DriftPair = pair_of(DriftVelocity)
Displacement = pair_of(Coordinate)
Annulus = pair_of(Aperture)
DoseRate = quantity("dose rate", 0.0, low_open=True)
Scale = quantity("dimensionless", 0.0, high=100.0)
PerSecond = quantity("dimensionless", 0.0)
NoiseCounts = quantity("dimensionless", 0.0)
PositiveNumber = quantity("dimensionless", 0.0, low_open=True)

_FORMULAS = ("iakoubovskii", "malis")


def _mean_free_path(value: object) -> object:
    if value in _FORMULAS:
        return value
    allowed = "iakoubovskii, malis, or a length > 0 m"
    try:
        length = to_si(value, "length", "")
    except InputError:
        raise InputError("", value, allowed, 'for example "160 nm"') from None
    if not 0.0 < length <= 1e-3:
        raise InputError("", value, allowed, 'for example "160 nm"')
    return length


MeanFreePath = Annotated[
    Any,
    BeforeValidator(_mean_free_path),
    PlainSerializer(lambda value: value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"enum": list(_FORMULAS)},
                {"type": "string"},
            ],
            "x-unit": "m",
            "x-quantity": "length",
        }
    ),
]
"""Name of a formula, or a length [m]."""
