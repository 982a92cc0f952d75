"""The keys of a scenario or of an instrument, one row each: unit, default, range, meaning, example.

Rows are read from the JSON schema, which comes from the models: what is printed, what an editor completes
and what is checked cannot disagree. A name that a user chooses is written ``NAME`` in a path
(``contacts.NAME.k_c``), a number of a list ``N`` (``drive.N.hold``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import BaseModel

from lto_sim.errors import InputError
from lto_sim.scenario.models import Scenario

__all__ = ["Key", "documented_keys", "keys_below"]

NAME, NUMBER = "NAME", "N"
_BRACKET: Final = re.compile(r" \[[^\]]*\]")
_KIND_KEYS: Final = ("shape", "kind", "model")
"""Keys that tell sections of one place apart."""

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """One key.

    Parameters
    ----------
    path : Its path, with ``NAME`` and ``N`` for what a user chooses or counts.
    unit : SI unit of a number; text may have any other of its kind. Empty where there is none.
    default : As it would be written; ``required``, or empty where the meaning says what happens without it.
    allowed : Range, choices, or form.
    meaning : What it is.
    example : As it would be written in TOML.
    is_table : Whether it has keys of its own.
    """

    path: str
    unit: str
    default: str
    allowed: str
    meaning: str
    example: str
    is_table: bool = False

    @property
    def required(self) -> bool:
        """Whether there is no default, nor a way to go without it."""
        return self.default == "required"

    def summary(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "key": self.path, "unit": self.unit, "default": self.default, "range": self.allowed,
            "meaning": self.meaning, "example": self.example,
        }  # fmt: skip


def documented_keys(model: type[BaseModel] = Scenario) -> tuple[Key, ...]:
    """Every key of a model, in the order of the model; keys of the same path are one row."""
    schema = model.model_json_schema()
    rows: dict[str, Key] = {}
    for key in _rows(schema, schema.get("$defs", {}), "", ()):
        known = rows.get(key.path)
        rows[key.path] = key if known is None else _merged(known, key)
    return tuple(rows.values())


def keys_below(keys: Sequence[Key], prefix: str) -> tuple[Key, ...]:
    """Keys at and below a path; of a table its keys, of a key that key.

    Parameters
    ----------
    keys : From :func:`documented_keys`.
    prefix : A path as it is written anywhere: ``contacts``, ``contacts.lps.k_c``, ``drive.0.until``.

    Raises
    ------
    InputError
        No such key.
    """
    parts = prefix.strip(".").split(".")
    while len(parts) > 1 and parts[-1].isdigit() and not _matching(keys, parts):
        parts.pop()  # a number of a list of values, such as scan.pixels.0
    found = _matching(keys, parts)
    if found:
        return found
    names = list(dict.fromkeys(".".join(_shown(key.path, parts)) for key in keys))
    near = difflib.get_close_matches(prefix, names, n=1) or [
        key.path for key in keys if key.path.rpartition(".")[2] == parts[-1]
    ]
    hint = f"did you mean {near[0]}?" if near else "`lto-sim schema --keys` lists them all"
    sections = ", ".join(dict.fromkeys(key.path.partition(".")[0] for key in keys))
    raise InputError("KEY", prefix, f"a key, or one of the sections {sections}", hint)


def _shown(path: str, parts: Sequence[str]) -> list[str]:
    """The path with the names of `parts` where it leaves them open, as far as `parts` goes."""
    own = path.split(".")[: len(parts)]
    return [given if name in {NAME, NUMBER} else name for name, given in zip(own, parts, strict=False)]


def _matching(keys: Sequence[Key], parts: Sequence[str]) -> tuple[Key, ...]:
    return tuple(key for key in keys if _is_below(key.path.split("."), parts))


def _is_below(path: Sequence[str], parts: Sequence[str]) -> bool:
    if len(path) < len(parts):
        return False
    return all(
        name == part or (name == NAME and part != "") or (name == NUMBER and part.isdigit())
        for name, part in zip(path, parts, strict=False)
    )


def _merged(one: Key, other: Key) -> Key:
    """Two keys of one path as one row."""
    choices = dict.fromkeys([*one.allowed.split(" | "), *other.allowed.split(" | ")])
    meanings = dict.fromkeys([*one.meaning.split("; or "), *other.meaning.split("; or ")])
    return replace(
        one, allowed=" | ".join(choices), meaning="; or ".join(meanings), unit=one.unit or other.unit
    )


def _rows(node: Node, defs: Node, path: str, within: tuple[str, ...]) -> Iterator[Key]:
    """Rows of the keys of a section."""
    label = next((_choices(node["properties"][key]) for key in _KIND_KEYS if key in node["properties"]), [])
    for name, prop in node["properties"].items():
        where = f"{path}.{name}" if path else name
        key = _row(prop, defs, where, name in node.get("required", ()))
        yield replace(key, meaning=f"{' or '.join(label)}: {key.meaning}") if label else key
        yield from _below(prop, defs, where, within)


def _below(prop: Node, defs: Node, path: str, within: tuple[str, ...]) -> Iterator[Key]:
    """Rows of what a key holds."""
    for branch, reference in _branches(prop, defs):
        if reference in within:
            continue  # steps of steps
        inside = (*within, reference) if reference else within
        if "properties" in branch:
            yield from _rows(branch, defs, path, inside)
        elif isinstance(branch.get("additionalProperties"), Mapping):
            yield from _below(branch["additionalProperties"], defs, f"{path}.{NAME}", inside)
        elif branch.get("type") == "array" and isinstance(branch.get("items"), Mapping):
            yield from _below(branch["items"], defs, f"{path}.{NUMBER}", inside)


def _branches(node: Node, defs: Node, reference: str = "") -> Iterator[tuple[Node, str]]:
    """All that a node may be, null aside, with the name of the definition; a quantity is one."""
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        yield from _branches(defs[name], defs, name)
    elif "x-quantity" in node or not any(word in node for word in ("anyOf", "oneOf")):
        if node.get("type") != "null":
            yield node, reference
    else:
        for word in ("anyOf", "oneOf"):
            for branch in node.get(word, ()):
                yield from _branches(branch, defs, reference)


def _row(prop: Node, defs: Node, path: str, required: bool) -> Key:
    branches = [branch for branch, _ in _branches(prop, defs)]
    unit = next((found for branch in branches if (found := _unit(branch, defs))), "")
    meaning = str(prop.get("description", ""))
    default = prop.get("default")
    table = any("properties" in b or isinstance(b.get("additionalProperties"), Mapping) for b in branches)
    return Key(
        path, unit,
        "required" if required else "" if default is None else _written(default),
        " | ".join(dict.fromkeys(_allowed(branch, defs) for branch in branches)),
        _BRACKET.sub("", meaning) if unit else meaning,
        _example(prop, branches), table,
    )  # fmt: skip


def _example(prop: Node, branches: Sequence[Node]) -> str:
    """The example of the key; else its default, one of its choices, or the example of its kind."""
    found: list[Any] = list(prop.get("examples", ()))
    if prop.get("default") is not None:
        found.append(prop["default"])
    for branch in branches:
        found += [*branch.get("enum", ()), *branch.get("examples", ())]
        found += [branch["const"]] if "const" in branch else []
    return _written(found[0]) if found else ""


def _unit(node: Node, defs: Node) -> str:
    """Unit of a quantity, or of those of a list."""
    if "x-unit" in node:
        return str(node["x-unit"])
    parts = [
        *node.get("prefixItems", ()),
        *([node["items"]] if isinstance(node.get("items"), Mapping) else []),
    ]
    found = (
        _unit(branch, defs) for part in parts for branch, reference in _branches(part, defs) if not reference
    )
    return next((unit for unit in found if unit), "")


def _choices(node: Node) -> list[str]:
    if "const" in node:
        return [str(node["const"])]
    return [str(value) for value in node.get("enum", ())]


def _allowed(node: Node, defs: Node) -> str:
    """Range, choices or form of one branch."""
    if "x-quantity" in node:
        names = [_allowed(branch, defs) for branch in node["anyOf"] if "enum" in branch]
        limits = _bounds(next((b for b in node["anyOf"] if b.get("type") == "number"), {}))
        return " | ".join([limits or "any number", *names])
    if "const" in node or "enum" in node:
        values = node.get("enum", [node.get("const")])
        return " | ".join(_written(value) for value in values)
    kind = node.get("type")
    if kind == "array":
        return _listed(node, defs)
    if kind in {"integer", "number"}:
        noun = "whole number" if kind == "integer" else "number"
        return f"{noun} {_bounds(node)}".strip()
    forms = {"boolean": "true | false", "string": "text", "object": "table"}
    return forms.get(str(kind), "any")


def _bounds(node: Node) -> str:
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    return " and ".join(f"{sign} {node[word]:g}" for word, sign in signs.items() if word in node)


def _listed(node: Node, defs: Node) -> str:
    """Form of a list: how many entries of what."""
    parts = node.get("prefixItems")
    if parts:
        inner = " | ".join(dict.fromkeys(_allowed(b, defs) for b, _ in _branches(parts[0], defs)))
        return f"[{', '.join('ab'[: len(parts)])}], each {inner}"
    items = node.get("items")
    if not items:
        return "list"
    inner = " | ".join(dict.fromkeys(_allowed(b, defs) for b, _ in _branches(items, defs)))
    least = f"{node['minItems']} or more " if "minItems" in node else ""
    return f"list of {least}{'tables' if inner == 'table' else inner}"


def _written(value: Any) -> str:
    """A value as in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return (
            f"{{ {', '.join(f'{name} = {_written(part)}' for name, part in value.items())} }}"
            if value
            else "{}"
        )
    return str(value)
