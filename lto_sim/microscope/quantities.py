"""Annotated field types of an instrument: text or number in, checked float in SI (energies in eV) out."""

from __future__ import annotations

from lto_sim.scenario.quantities import quantity

__all__ = [
    "Aperture",
    "Current",
    "Dispersion",
    "DoseRate",
    "DriftVelocity",
    "HalfAngle",
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
DoseRate = quantity("dose rate", 0.0, low_open=True)
Scale = quantity("dimensionless", 0.0, high=100.0)
PerSecond = quantity("dimensionless", 0.0)
PositiveNumber = quantity("dimensionless", 0.0, low_open=True)
