"""Units in which people read the parameters of a fit, found by their paths in the scenario's schema."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lto_sim.constants import EV_PER_MOLE, ZERO_CELSIUS
from lto_sim.scenario import Scenario
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
    kind = _kind(path)
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


@functools.cache
def _schema() -> dict[str, Any]:
    return Scenario.model_json_schema()


def _branches(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All that a node of the schema may be."""
    if "$ref" in node:
        yield from _branches(_schema()["$defs"][str(node["$ref"]).rpartition("/")[2]])
        return
    yield node
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in node.get(key, ()):
            yield from _branches(branch)


def _kind(path: str) -> str:
    """Kind of quantity under a path; empty where the schema has none."""
    nodes: list[Mapping[str, Any]] = [_schema()]
    for part in path.split("."):
        below: list[Mapping[str, Any]] = []
        for node in (branch for found in nodes for branch in _branches(found)):
            if part in node.get("properties", {}):
                below.append(node["properties"][part])
            elif isinstance(node.get("additionalProperties"), Mapping):
                below.append(node["additionalProperties"])
            elif part.isdigit() and isinstance(node.get("items"), Mapping):
                below.append(node["items"])
        nodes = below
    kinds = [str(b["x-quantity"]) for node in nodes for b in _branches(node) if "x-quantity" in b]
    return kinds[0] if kinds else ""
