"""The store of a sweep: one Zarr group (format 3) with ``run`` first in every array, one run a chunk.

A run's chunks are written by whoever ran it, each under a temporary name that is renamed; its status comes
last, so that a run counts as done only when all of it is there. A kill at any moment leaves runs done or
pending.
Nothing else lives in the directory: Zarr takes every entry of a group for a part of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError, LtoSimError
from lto_sim.files import is_store, new_directory
from lto_sim.provenance import named
from lto_sim.study.sweeps.axes import Axis
from lto_sim.study.sweeps.counting import Planned
from lto_sim.study.sweeps.labels import coordinate_attributes
from lto_sim.study.sweeps.outputs import BUILT_IN, Declared
from lto_sim.study.sweeps.specification import Sweep

__all__ = [
    "DONE",
    "FAILED",
    "HASH",
    "PENDING",
    "STAMP",
    "StoreError",
    "create_store",
    "declared",
    "forget_failures",
    "mark_failed",
    "open_sweep",
    "read_error",
    "read_status",
    "read_statuses",
    "remove_partial",
    "require_store",
    "stored_sweep",
    "write_run",
    "write_values",
    "writing",
]

PENDING, DONE, FAILED = 0, 1, 2
_MEANING: Final = "0 pending, 1 done, 2 failed: see error"
HASH: Final = "configuration_sha256"
STAMP: Final = "store_id"
"""Attributes that tell the sweep, and this store of it, from others."""


class StoreError(LtoSimError, OSError):
    """The store cannot be written: a full disk, one that is read-only, or gone. No fault of the run's."""

    def __reduce__(self) -> tuple[type[StoreError], tuple[str]]:
        return type(self), (str(self),)

    def __str__(self) -> str:
        return str(self.args[0])


def declared(sweep: Sweep) -> dict[str, Declared]:
    """Variables of every run, by name."""
    found: dict[str, Declared] = {}
    for name in sweep.outputs:
        if name in BUILT_IN:
            found |= BUILT_IN[name].variables
    for own in sweep.custom:
        found |= own.declared()
    if "Ea" in sweep.outputs:
        text = "activation energy of the runs that differ in temperature alone"
        for name, label in (("Ea", text), ("Ea_std", f"standard deviation of the {text}")):
            found[name] = Declared(("profile",), lambda c: (c.profiles,), "eV", label)
    return found


def create_store(sweep: Sweep, planned: Planned, path: Path, force: bool) -> None:
    """Make the store with every array in it, all runs pending but those that are refused.

    Raises
    ------
    InputError
        The target exists without `force`, or is nothing that may be replaced.
    """
    counts = planned.largest
    with writing(path), new_directory(path, force) as temporary:
        group = zarr.open_group(temporary, mode="w", zarr_format=3)
        group.attrs.update(_attributes(sweep, planned))
        runs = sweep.runs
        axis = named("1", "number of the run")
        _whole(group, "run", np.arange(runs), axis)
        for name, values, attributes in _coordinates(sweep, planned):
            _whole(group, name, values, attributes)
        for name, variable in declared(sweep).items():
            sizes = variable.sizes(counts)
            group.create_array(
                name, shape=(runs, *sizes), chunks=(1, *(max(1, s) for s in sizes)), dtype=variable.dtype,
                fill_value=variable.fill, dimension_names=("run", *variable.dims),
                attributes={**named(variable.units, variable.long_name), **variable.attributes},
                compressors="auto" if sizes else None,
            )  # fmt: skip
        for name, dtype, fill, attributes in (
            ("error", "string", "", named("1", "why a run failed")),
            ("wall_time", "float64", np.nan, named("s", "time that the run took")),
            ("status", "int8", PENDING, named("1", "status of the run") | {"meaning": _MEANING}),
        ):
            group.create_array(
                name, shape=(runs,), chunks=(1,), dtype=dtype, fill_value=fill, dimension_names=("run",),
                attributes=attributes, compressors=None,
            )  # fmt: skip
        for number, reason in planned.refusals.items():
            _mark_failed(dict(group.arrays()), number, reason, 0.0)


def _attributes(sweep: Sweep, planned: Planned) -> dict[str, Any]:
    axes = [
        {"path": path, "scale": axis.scale if isinstance(axis, Axis) else "linear"}
        for path, axis in sweep.axes.items()
    ]
    return {
        **provenance.attributes(
            sweep.title or "parameter sweep", f"sweep {sweep.runs} runs", sweep.to_toml(), sweep.seed
        ),
        HASH: sweep.hash,
        STAMP: uuid.uuid4().hex,
        "design": sweep.design,
        "shape": list(sweep.shape),
        "axes": json.dumps(axes),
        "coordinates": " ".join(path for path in planned.coordinates if " " not in path),
    }


def _coordinates(sweep: Sweep, planned: Planned) -> list[tuple[str, NDArray[Any], dict[str, Any]]]:
    found: list[tuple[str, NDArray[Any], dict[str, Any]]] = []
    for path, values in planned.coordinates.items():
        axis = sweep.axes.get(path)
        scale = axis.scale if isinstance(axis, Axis) else "linear"
        meaning = planned.meanings.get(path)
        attributes = coordinate_attributes(path, scale)
        if meaning:
            attributes["meaning"] = ", ".join(f"{i} {text}" for i, text in enumerate(meaning))
        found.append((path, values, attributes))
    if "seed" not in planned.coordinates:
        found.append(("seed", planned.seeds, named("1", "seed of the run's noise")))
    return found


def _whole(group: zarr.Group, name: str, values: NDArray[Any], attributes: Mapping[str, Any]) -> None:
    array = group.create_array(
        name, shape=values.shape, chunks=values.shape, dtype=values.dtype, dimension_names=("run",),
        attributes=dict(attributes),
    )  # fmt: skip
    array[:] = values


@contextlib.contextmanager
def writing(path: Path) -> Any:
    """Turn what the disk refuses into a StoreError of one line."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{error.strerror or error} (writing {path})") from error


def require_store(path: Path) -> None:
    """Check that a store is still there: writing would make its directories again, and nothing else.

    Raises
    ------
    StoreError
        It has been removed, or cannot be seen from this machine.
    """
    with writing(path):
        if not is_store(path):
            raise StoreError(
                f"{path} is not there, seen from {socket.gethostname()}: removed, or on a disk that this "
                "machine does not share"
            )


@lru_cache(maxsize=4)
def _arrays(path: str, stamp: str) -> dict[str, Any]:
    """Arrays of a store by name, opened once a process."""
    return dict(zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False).arrays())


def stored_sweep(path: Path) -> tuple[Sweep, dict[str, Any]]:
    """Return the description that the store at `path` was made from, and its attributes.

    Raises
    ------
    InputError
        Nothing there, no sweep, or one whose runs were numbered in another order than its labels.
    """
    if not is_store(path) or path.is_file():
        raise InputError(
            "sweep", str(path), "the store of a sweep", "check the path; `lto-sim sweep` makes one"
        )
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8")).get("attributes", {})
    except (ValueError, AttributeError):  # no UTF-8, no JSON, or no table
        raise InputError(
            "sweep", str(path), "the store of a sweep", "its zarr.json is damaged: copy or make it again"
        ) from None
    if "design" not in attributes or HASH not in attributes:
        raise InputError("sweep", str(path), "the store of a sweep", "this is another result")
    described = _described(str(attributes["configuration"]))
    described.check_order(json.loads(str(attributes.get("axes", "[]"))), path)
    return described, attributes


@lru_cache(maxsize=4)
def _described(text: str) -> Sweep:
    return Sweep.from_dict(tomllib.loads(text))


def write_run(path: Path, stamp: str, number: int, values: Mapping[str, Any], wall_time: float) -> None:
    """Write what a run left, and mark it done.

    Parameters
    ----------
    path, stamp : The store, and what tells it from others.
    number : Of the run.
    values : Arrays by name, each at most of the size declared; the rest of an array is left empty.
    wall_time : What it took [s].

    Raises
    ------
    InputError
        An array that is larger than declared.
    StoreError
        The disk refuses.
    """
    require_store(path)
    with writing(path):
        arrays = _arrays(str(path), stamp)
        padded = {name: _padded(name, np.asarray(value), arrays[name]) for name, value in values.items()}
        for name, value in padded.items():
            arrays[name][number] = value
        arrays["error"][number] = ""
        arrays["wall_time"][number] = wall_time
        _flush(path, number, [*values, "error", "wall_time"])
        arrays["status"][number] = DONE
        _flush(path, number, ["status"])


def _padded(name: str, value: NDArray[Any], array: Any) -> Any:
    """Spread a value over its chunk; what it does not fill holds the fill value."""
    shape = array.shape[1:]
    if value.ndim != len(shape) or any(n > m for n, m in zip(value.shape, shape, strict=True)):
        raise InputError(name, value.shape, f"at most {shape}, as declared", "declare its size")
    if value.shape == shape:
        return value
    full = np.full(shape, array.fill_value, dtype=array.dtype)
    full[tuple(slice(n) for n in value.shape)] = value
    return full


def _flush(path: Path, number: int, names: list[str]) -> None:
    """Have the chunks of a run on the disk before it is marked done."""
    for name in names:
        part = path / name / "c" / str(number)
        while part.is_dir():
            part = part / "0"
        with contextlib.suppress(FileNotFoundError):  # a chunk of nothing but fill values has no file
            handle = os.open(part, os.O_RDWR)  # Windows flushes no file that is open for reading only
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def mark_failed(path: Path, stamp: str, number: int, reason: str, wall_time: float) -> None:
    """Record that a run failed, and why.

    Raises
    ------
    StoreError
        The disk refuses.
    """
    require_store(path)
    with writing(path):
        _mark_failed(_arrays(str(path), stamp), number, reason, wall_time)
        _flush(path, number, ["error", "wall_time", "status"])


def _mark_failed(arrays: Mapping[str, Any], number: int, reason: str, wall_time: float) -> None:
    arrays["error"][number] = reason
    arrays["wall_time"][number] = wall_time
    arrays["status"][number] = FAILED


def forget_failures(path: Path, stamp: str, refused: Sequence[int]) -> None:
    """Make failed runs pending again, but those that their scenario refuses."""
    kept = {*refused}
    with writing(path):
        arrays = _arrays(str(path), stamp)
        for number in np.flatnonzero(read_statuses(path, arrays["status"].shape[0]) == FAILED):
            if int(number) not in kept:
                arrays["status"][int(number)] = PENDING


def remove_partial(path: Path) -> None:
    """Remove temporary files of chunks that were being written when something was killed."""
    with writing(path):
        for folder, _, names in os.walk(path):
            for name in names:
                if name.endswith(".partial"):
                    (Path(folder) / name).unlink(missing_ok=True)


def write_values(path: Path, stamp: str, number: int, values: Mapping[str, Any]) -> None:
    """Write further values of a run that is done.

    Raises
    ------
    StoreError
        The disk refuses.
    """
    with writing(path):
        arrays = _arrays(str(path), stamp)
        for name, value in values.items():
            arrays[name][number] = value


def read_statuses(path: Path, runs: int) -> NDArray[np.int8]:
    """Status of every run, from the files themselves: whoever else is writing.

    Parameters
    ----------
    path : The store.
    runs : How many it has.
    """
    status = np.zeros(runs, dtype=np.int8)
    with contextlib.suppress(FileNotFoundError), os.scandir(path / "status" / "c") as entries:
        for entry in entries:
            if entry.name.isdigit() and int(entry.name) < runs:
                status[int(entry.name)] = read_status(path, int(entry.name))
    return status


def read_status(path: Path, number: int) -> int:
    """Status of a run, from its file."""
    try:
        with open(path / "status" / "c" / str(number), "rb") as file:
            return int.from_bytes(file.read(1) or b"\0", "little")
    except OSError:
        return PENDING


def read_error(path: Path, stamp: str, number: int) -> str:
    """Why a run failed."""
    return str(_arrays(str(path), stamp)["error"][number])


def open_sweep(path: Path | str) -> xr.Dataset:
    """Open the sweep at `path`: ``status(run)``, ``error(run)``, the outputs, a coordinate for every path.

    Variables stay on the disk. Axes that are the same in all runs that are done become coordinates.

    Raises
    ------
    InputError
        Nothing there, or no sweep.
    """
    path = Path(path)
    _, attributes = stored_sweep(path)
    dataset: xr.Dataset = xr.open_zarr(path, consolidated=False, chunks={})
    paths = [p for p in str(attributes["coordinates"]).split(" ") if p in dataset]
    dataset = dataset.set_coords([*paths, "run", *(["seed"] if "seed" in dataset else [])])
    done = dataset["status"].values == DONE
    for name in ("time", "y", "x", "time_fine"):
        own = f"{name}_of_run"
        if own not in dataset or not done.any():
            continue
        values = dataset[own].values[done]
        if np.all(np.isfinite(values)) and np.all(values == values[0]):
            label = dataset[own].attrs
            dataset = dataset.drop_vars(own).assign_coords({name: (name, values[0], label)})
    return dataset
