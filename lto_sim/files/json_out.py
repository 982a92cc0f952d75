"""JSON that every reader accepts: no NaN or Infinity, numpy turned into plain values, written whole."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lto_sim.files.atomic import new_file

__all__ = ["to_json", "write_json"]


def to_json(value: Any) -> str:
    """Return `value` as indented JSON; numbers that are not finite become null.

    Parameters
    ----------
    value : Mappings, sequences, numpy arrays and scalars, paths, text, numbers, None.

    Raises
    ------
    TypeError
        Anything else.
    """
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def write_json(path: Path, value: Any, force: bool = False) -> None:
    """Write `value` as JSON to `path`, whole or not at all; an existing file is replaced with `force` only.

    Raises
    ------
    InputError
        The target exists and `force` is false.
    """
    text = to_json(value)
    with new_file(path, force) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value
