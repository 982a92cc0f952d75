"""HyperSpy's ``.zspy``: its HDF5 layout in Zarr format 2, a folder or a zip file, read with Zarr 3.

RosettaSciIO's own reader needs Zarr below 3. A store holds ``Experiments/TITLE`` with the array ``data``,
groups ``axis-0``, ``axis-1`` ... whose attributes describe the axes, and the trees ``metadata`` and
``original_metadata``. What is no attribute is spelled into names: ``_list_KEY``, ``_tuple_KEY``,
``_None_``.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import dask.array
import numpy as np
import zarr
from zarr.storage import ZipStore

from lto_sim.files.declared_sizes import check_size

__all__ = ["read_zspy"]

_LARGEST_TAG: Final = 2**16
"""Elements of an array of metadata that is read; larger ones say nothing of the experiment."""
_DEEPEST: Final = 30
_KINDS: Final = {"list": list, "tuple": tuple}
_Sizes = Mapping[str, int]


def read_zspy(path: Path) -> list[dict[str, Any]]:
    """Read the signals of a store; data stay on the disk.

    Returns
    -------
    Dictionaries with data, axes, metadata and original_metadata, as RosettaSciIO gives them for .hspy.

    Raises
    ------
    ValueError
        No store of HyperSpy, a part of it missing, more claimed than is there.
    OSError, KeyError
        A store that is damaged.
    """
    sizes = _sizes(path)
    if ".zgroup" not in sizes:
        raise ValueError("there is no Zarr store of format 2 in it")
    store = ZipStore(path, mode="r") if path.is_file() else path
    root = zarr.open_group(store, mode="r", zarr_format=2, use_consolidated=False)
    if str(root.attrs.get("file_format", "")).lower() != "zspy" or "Experiments" not in root:
        raise ValueError("it is no store of HyperSpy")
    groups = [group for _, group in sorted(root["Experiments"].groups())]
    return [_signal(group, sizes) for group in groups if isinstance(group.get("data"), zarr.Array)]


def _sizes(path: Path) -> _Sizes:
    """Bytes of every entry of a store by its key."""
    if path.is_file():
        with zipfile.ZipFile(path) as file:
            entries = {info.filename: info.file_size for info in file.infolist()}
        check_size([sum(entries.values())], np.dtype("u1"), path.stat().st_size, None)
        return entries
    return {
        (Path(folder) / name).relative_to(path).as_posix(): (Path(folder) / name).stat().st_size
        for folder, _, names in os.walk(path)
        for name in names
    }


def _signal(group: zarr.Group, sizes: _Sizes) -> dict[str, Any]:
    array = group["data"]
    _check(array, sizes)
    signal: dict[str, Any] = {
        "data": dask.array.from_array(array, chunks=array.chunks),  # type: ignore[no-untyped-call]
        "axes": [_tree(group[f"axis-{n}"], sizes) for n in range(array.ndim) if f"axis-{n}" in group],
    }
    for name in ("metadata", "original_metadata"):
        signal[name] = _tree(group[name], sizes) if name in group else {}
    return signal


def _check(array: zarr.Array, sizes: _Sizes) -> None:
    """Whether all chunks are there; one that is absent would read as zeros."""
    inside = {key: size for key, size in sizes.items() if key.startswith(f"{array.path}/")}
    chunks = {key for key in inside if not key.rpartition("/")[2].startswith(".")}
    check_size(array.shape, array.dtype, sum(inside.values()), array.chunks)
    if len(chunks) < array.nchunks:
        raise ValueError(f"{array.nchunks - len(chunks)} of {array.nchunks} parts of its data are missing")


def _tree(group: zarr.Group, sizes: _Sizes, depth: int = 0) -> dict[str, Any]:
    """Attributes, small arrays and groups as nested dictionaries."""
    found: dict[str, Any] = {}
    for key, value in group.attrs.items():
        for kind, make in _KINDS.items():
            if key.startswith(f"_{kind}_empty_"):
                found[key.removeprefix(f"_{kind}_empty_")] = make()
                break
        else:
            found[key] = None if isinstance(value, str) and value == "_None_" else value
    if depth > _DEEPEST:
        return found
    for name, member in group.members():
        if isinstance(member, zarr.Group):
            if not name.startswith(("_sig_", "_hspy_")):
                found[name] = _tree(member, sizes, depth + 1)
        elif not name.startswith("_ragged") and member.size <= _LARGEST_TAG:
            with contextlib.suppress(Exception):  # objects that only HyperSpy's own codecs read
                _check(member, sizes)
                _add_array(found, name, member)
    return found


def _add_array(found: dict[str, Any], name: str, member: zarr.Array) -> None:
    values = member[...]
    for kind, make in _KINDS.items():
        if name.startswith(f"_{kind}_"):
            found[name.removeprefix(f"_{kind}_")] = make(values.tolist())
            return
    found[name] = values
