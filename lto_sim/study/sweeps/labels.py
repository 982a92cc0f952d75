"""Units and names of the paths that a sweep varies."""

from __future__ import annotations

from typing import Any, Final

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.provenance import named
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.units import DIMENSIONS, to_si

__all__ = ["coordinate_attributes", "si_value"]

_PREFIX: Final = "instrument."


def _kind(path: str) -> str:
    if path.startswith(_PREFIX):
        return quantity_kind(path.removeprefix(_PREFIX), Instrument)
    return quantity_kind(path)


def coordinate_attributes(path: str, scale: str) -> dict[str, Any]:
    """Attributes of the coordinate of a path: SI unit, the path as its name, and the scale of its axis."""
    unit = DIMENSIONS.get(_kind(path), "").replace("^", "").replace("*", " ")
    return {**named(unit or "1", path), "scale": scale}


def si_value(path: str, given: Any) -> Any:
    """Value of a path in SI, of a run whose scenario is refused; as given where it is no quantity."""
    kind = _kind(path)
    if not kind or not isinstance(given, str):
        return given
    try:
        return to_si(given, kind)
    except InputError:
        return given
