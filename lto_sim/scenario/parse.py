"""Mappings, TOML and paths: everything between a file and a validated scenario."""

from __future__ import annotations

import difflib
import hashlib
import logging
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import tomli_w
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from lto_sim.errors import InputError

__all__ = [
    "initial_array",
    "node_at",
    "number_at",
    "parse_assignment",
    "plain",
    "read_toml",
    "set_paths",
    "to_toml",
    "validated",
]

_LOG: Final = logging.getLogger(__name__)
Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], mapping: dict[str, Any]) -> Model:
    """Validate `mapping`; the first thing wrong with it becomes one InputError with its path."""
    try:
        return model.model_validate(mapping)
    except ValidationError as error:
        raise _first_error(error) from None


def _first_error(error: ValidationError) -> InputError:
    entries = error.errors(include_url=False)
    # In a union, the branch that got furthest says most: its own InputError, then the deepest path.
    entries.sort(key=lambda e: (not isinstance(e.get("ctx", {}).get("error"), InputError), -len(e["loc"])))
    entry = entries[0]
    cause = entry.get("ctx", {}).get("error")
    parts = [str(p) for p in entry["loc"] if not _is_branch(str(p))]
    if isinstance(cause, InputError):
        path = ".".join([*parts, cause.field] if cause.field else parts)
        return InputError(path or "scenario", cause.value, cause.allowed, cause.remedy)
    path = ".".join(parts) or "scenario"
    if entry["type"] == "missing":
        return _missing(parts)
    allowed = _allowed(entry)
    return InputError(path, entry.get("input"), allowed, _remedy(path, entry))


def _missing(parts: list[str]) -> InputError:
    """A key that is required, or an entry that a list lacks."""
    path = ".".join(parts)
    if parts and parts[-1].isdigit():
        return InputError(".".join(parts[:-1]), f"{parts[-1]} entries", "one entry more", _explained(path))
    return InputError(path, None, "a value (the key is required)", f"add the key; {_explained(path)}")


def _explained(path: str) -> str:
    return f"`lto-sim schema {path}` explains it"


_KINDS = {
    "model_type": "a table of keys", "dict_type": "a table of keys", "tuple_type": "a list",
    "list_type": "a list", "string_type": "text",
    "bool_type": "true or false", "bool_parsing": "true or false",
    "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number",
    "finite_number": "a finite number",
}  # fmt: skip
"""What pydantic calls an error -> what is allowed."""

_LIMITS = {"greater_than_equal": (">=", "ge"), "greater_than": (">", "gt"), "less_than_equal": ("<=", "le"),
           "less_than": ("<", "lt")}  # fmt: skip


def _allowed(entry: Mapping[str, Any]) -> str:
    """What may stand where pydantic refused something."""
    kind, context = entry["type"], entry.get("ctx", {})
    if kind in _LIMITS:
        sign, key = _LIMITS[kind]
        return f"{sign} {context[key]}"
    return _KINDS.get(kind) or str(context.get("expected") or entry["msg"])


def _remedy(path: str, entry: Mapping[str, Any]) -> str:
    """The nearest choice, else where the key is explained."""
    if entry["type"] == "literal_error" and isinstance(entry.get("input"), str):
        choices = re.findall(r"'([^']*)'", str(entry["ctx"]["expected"]))
        near = difflib.get_close_matches(entry["input"], choices, n=1)
        if near:
            return f"did you mean {near[0]}?"
    if entry["type"] in {"tuple_type", "list_type"} and isinstance(entry.get("input"), Mapping):
        return f"write [[{path}]], in two pairs of brackets"
    return _explained(path)


_BRANCHES = frozenset(
    {
        "constant",
        "regular_solution",
        "float",
        "str",
        "VelocitySpec",
    }
)


def _is_branch(part: str) -> bool:
    """Whether a location entry names the branch of a union rather than a key."""
    return part in _BRANCHES or part.startswith(("function-", "tuple[", "nullable["))


def read_toml(path: Path) -> dict[str, Any]:
    """Read the scenario file `path`; what it names, an array or images, are found beside it.

    Raises
    ------
    InputError
        No such file, not UTF-8 text, or not TOML.
    """
    try:
        content = path.read_bytes()
        mapping = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        remedy = f"check the path ({error.strerror})"
        raise InputError("scenario", str(path), "a readable TOML file", remedy) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("scenario", str(path), "valid TOML", str(error)) from None
    _LOG.info("read %s, %d bytes, SHA-256 %.12s...", path, len(content), hashlib.sha256(content).hexdigest())
    if isinstance(mapping.get("initial"), str) and mapping["initial"].endswith(".npy"):
        mapping["initial"] = str(path.resolve().parent / mapping["initial"])
    _find_images(mapping, path.resolve().parent)
    return mapping


def _find_images(node: Any, directory: Path) -> None:
    """Make every path under a key ``image`` absolute, in place."""
    if isinstance(node, list):
        for entry in node:
            _find_images(entry, directory)
    elif isinstance(node, dict):
        for key, entry in node.items():
            if key == "image" and isinstance(entry, str) and entry.strip():
                node[key] = str(directory / entry)
            else:
                _find_images(entry, directory)


def plain(value: Any) -> Any:
    """Turn tuples into lists and drop None, so that the result is what TOML and JSON know."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def to_toml(mapping: dict[str, Any]) -> str:
    """Write a plain mapping as TOML text."""
    return tomli_w.dumps(mapping)


def parse_assignment(text: str) -> tuple[str, Any]:
    """Split `text` ``path=value`` of the command line; the value is TOML where it parses, else text.

    Raises
    ------
    InputError
        No ``=`` or an empty path.
    """
    path, sign, value = text.partition("=")
    if not sign or not path.strip():
        raise InputError("--set", text, "path=value", 'for example --set "temperature=75 degC"')
    try:
        return path.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value.strip()


_SHORT_FORMS = (("material", "name"), ("specimen", "dead_layer", "thickness"))
"""Tables that may be given as one of their values: path, then that value's key."""


def set_paths(mapping: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `mapping` with `values` set by dotted path; list entries are numbers.

    Raises
    ------
    InputError
        A path through something that is neither table nor list, or past the end of a list.
    """
    result: dict[str, Any] = plain(mapping)
    for *parents, last, key in _SHORT_FORMS:
        table: Any = result
        for part in parents:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict) and last in table and not isinstance(table[last], dict):
            table[last] = {key: table[last]}
    for path, value in values.items():
        parts = path.split(".")
        node: Any = result
        for part in parts[:-1]:
            node = _child(node, part, path)
        if isinstance(node, list):
            node[_index(node, parts[-1], path)] = value
        elif isinstance(node, dict):
            node[parts[-1]] = value
        else:
            raise InputError(path, value, "a path to a key of the scenario", "see `lto-sim schema`")
    return result


def _child(node: Any, part: str, path: str) -> Any:
    if isinstance(node, list):
        return node[_index(node, part, path)]
    if isinstance(node, dict):
        return node.setdefault(part, {})
    raise InputError(path, part, "a path to a key of the scenario", "see `lto-sim schema`")


def _index(node: list[Any], part: str, path: str) -> int:
    if not part.isdigit() or int(part) >= len(node):
        raise InputError(path, part, f"an index from 0 to {len(node) - 1}", "count entries from 0")
    return int(part)


def _reason(error: OSError | ValueError) -> str:
    return str((isinstance(error, OSError) and error.strerror) or error)


def initial_array(initial: Any, shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Spread a number, nested lists or a ``.npy`` file over cells (nz, ny, nx).

    Raises
    ------
    InputError
        A file that cannot be read, the wrong shape, or values outside [0, 1].
    """
    if isinstance(initial, str):
        try:
            with Path(initial).open("rb") as file:
                values = np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, ValueError) as error:
            allowed = "a number from 0 to 1, an array, or a readable .npy file of numbers"
            raise InputError("initial", initial, allowed, f"check the path ({_reason(error)})") from None
    else:
        values = initial
    try:
        array = np.asarray(values, dtype=np.float64)
        full = np.broadcast_to(array, shape).copy()
    except (ValueError, TypeError):
        raise InputError(
            "initial",
            initial,
            f"a number, or an array that spreads over cells (z, y, x) = {shape}",
            "match the mesh",
        ) from None
    if not np.all((full >= 0.0) & (full <= 1.0)):
        worst = full[~((full >= 0.0) & (full <= 1.0))][0]
        raise InputError("initial", float(worst), "0 to 1 in every cell", "give li fractions")
    return full


def number_at(mapping: dict[str, Any], path: str) -> float | None:
    """Number under a dotted path of a plain scenario; None where there is none."""
    node = node_at(mapping, path)
    return None if isinstance(node, bool) or not isinstance(node, int | float) else float(node)


def node_at(mapping: dict[str, Any], path: str) -> Any:
    """What lies under a dotted path; None where nothing does."""
    node: Any = mapping
    for part in path.split("."):
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node
