"""Units and names of the paths that a sweep varies."""

from __future__ import annotations

from typing import Any, Final

from lto_sim.microscope import Instrument
from lto_sim.provenance import named
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.units import DIMENSIONS

__all__ = ["coordinate_attributes"]

_PREFIX: Final = "instrument."


def coordinate_attributes(path: str, scale: str) -> dict[str, Any]:
    """Attributes of the coordinate of a path: SI unit, the path as its name, and the scale of its axis."""
    if path.startswith(_PREFIX):
        kind = quantity_kind(path.removeprefix(_PREFIX), Instrument)
    else:
        kind = quantity_kind(path)
    unit = DIMENSIONS.get(kind, "").replace("^", "").replace("*", " ")
    return {**named(unit or "1", path), "scale": scale}
