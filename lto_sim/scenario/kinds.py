"""What kind of quantity lies under a path, by the schema of a scenario or of an instrument."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from lto_sim.scenario.models import Scenario

__all__ = ["quantity_kind"]


def quantity_kind(path: str, model: type[BaseModel] = Scenario) -> str:
    """Kind of quantity under a path, a key of ``units.DIMENSIONS``; empty where the schema has none.

    Parameters
    ----------
    path : Dotted path such as ``surface.faces.at``.
    model : What it leads through.
    """
    nodes: list[Mapping[str, Any]] = [_schema(model)]
    for part in path.split("."):
        below: list[Mapping[str, Any]] = []
        for node in (branch for found in nodes for branch in _branches(found, model)):
            if part in node.get("properties", {}):
                below.append(node["properties"][part])
            elif isinstance(node.get("additionalProperties"), Mapping):
                below.append(node["additionalProperties"])
            elif part.isdigit() and isinstance(node.get("items"), Mapping):
                below.append(node["items"])
        nodes = below
    kinds = [str(b["x-quantity"]) for node in nodes for b in _branches(node, model) if "x-quantity" in b]
    return kinds[0] if kinds else ""


@functools.cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _branches(node: Mapping[str, Any], model: type[BaseModel]) -> Iterator[Mapping[str, Any]]:
    """All that a node of the schema may be."""
    if "$ref" in node:
        yield from _branches(_schema(model)["$defs"][str(node["$ref"]).rpartition("/")[2]], model)
        return
    yield node
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in node.get(key, ()):
            yield from _branches(branch, model)
