"""What lies in a directory, told by what is in it and never by its name."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files import is_store, open_dataset
from lto_sim.study.sweeps import open_sweep

__all__ = [
    "StoreKind",
    "directory_kind",
    "json_object",
    "open_any",
    "read_text",
    "store_kind",
    "toml_kind",
    "toml_mapping",
]

StoreKind = Literal[
    "run", "maps", "front", "comparison", "fitted maps", "spectra", "sweep", "other result", "unknown"
]

_RESTART: Final = "restart_"
_COORDINATOR: Final = "store_id"
"""Attribute that only stores of sweeps have."""
_VERSION: Final = "lto_sim_version"
_MOST_NAMED: Final = 6


def store_kind(dataset: xr.Dataset) -> StoreKind:
    """Tell what an opened store holds, by its variables."""
    names, attributes = set(map(str, dataset.variables)), dataset.attrs
    if {"status", "run"} <= names and "axes" in attributes:
        return "sweep"
    if {"recorded", "residual"} <= names:
        return "comparison" if "simulated" in names else "fitted maps"
    if "front_position" in names:
        return "front"
    if "counts" in names:
        return "spectra"
    if "li_fraction" in names:
        if {"time_fine", "current"} <= names:
            return "run"
        if {"time", "y", "x"} == set(dataset["li_fraction"].dims):
            return "maps"
    return "other result" if _VERSION in attributes else "unknown"


def open_any(path: Path) -> tuple[StoreKind, xr.Dataset]:
    """Open a store of any kind; spectra stay on the disk, all else is read.

    Raises
    ------
    InputError
        A store that is damaged, incomplete or empty; one that holds nothing that a report knows.
    """
    if _is_sweep(path):
        return "sweep", open_sweep(path)
    dataset = open_dataset(path)
    kind = store_kind(dataset)
    if kind == "spectra":
        return kind, dataset
    if kind == "unknown":
        held = sorted(map(str, dataset.data_vars))[:_MOST_NAMED]
        raise InputError(
            "store", str(path), "a result that a report knows", f"it holds {', '.join(held) or 'nothing'}"
        )
    kept = [name for name in dataset.data_vars if not str(name).startswith(_RESTART)]
    try:
        return kind, dataset[kept].load()
    except Exception as error:  # damage inside a chunk: errors of zarr, of its codecs, of numpy
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError("store", str(path), "an undamaged store", f"make it again ({reason})") from error


def _is_sweep(path: Path) -> bool:
    try:
        header = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
        return _COORDINATOR in header["attributes"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def directory_kind(path: Path) -> str:
    """Tell what a directory is: store, map fit, unfinished map fit, reproduction, electrical or folder."""
    if is_store(path):
        return "store"
    summary = path / "summary.json"
    if summary.is_file():
        try:
            found = json_object(summary)
        except InputError:
            return "damaged summary"
        if found.get("fit") == "maps":
            return "map fit"
        if {"published", "simulated"} <= set(found):
            return "reproduction"
        if (path / "series.csv").is_file():
            return "electrical"
    return "unfinished map fit" if (path / "request.json").is_file() else "folder"


def json_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Raises
    ------
    InputError
        A file that cannot be read, no JSON, or no object.
    """
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise InputError("JSON", str(path), "a JSON object", f"make it again ({error})") from None
    if not isinstance(found, dict):
        raise InputError("JSON", str(path), "a JSON object", "it holds something else")
    return found


def read_text(path: Path) -> str:
    """Read a text file.

    Raises
    ------
    InputError
        A file that cannot be read, or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("file", str(path), "a text file", " ".join(str(error).split())[:120]) from None


def toml_kind(mapping: Mapping[str, Any]) -> Literal["scenario", "sweep", "instrument", "other"]:
    """Tell what a TOML file describes."""
    if {"specimen", "contacts", "drive"} & set(mapping):
        return "scenario"
    if {"axes", "scenario", "runs", "outputs"} & set(mapping):
        return "sweep"
    return "instrument" if {"beam", "spectrometer"} & set(mapping) else "other"


def toml_mapping(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    InputError
        A file that cannot be read, or no TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError("TOML", str(path), "a TOML file", str(error)) from None
