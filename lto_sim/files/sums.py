"""Sums of a recording in one pass over its chunks, so that memory stays bounded whatever its size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files.recordings import Recording

__all__ = ["RecordingSums", "load_companion", "sum_recording"]

_BLOCK_BYTES: Final = 64 * 2**20
"""Small chunks are read together up to this size."""
_SUMS: Final = {
    "spectrum": ("energy_loss",),
    "image": ("y", "x"),
    "frames": ("time",),
    "rows": ("time", "y"),
}

_Slices = tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class RecordingSums:
    """Sums of a recording; values that are not finite count as 0.

    Parameters
    ----------
    spectrum : Over time and area, (energy_loss,); None without energy axis.
    image : Over time and energy, those of (y, x) that exist; None without either.
    frames : Over area and energy, (time,); None without time axis.
    rows : Over x and energy, (time, y); None without either axis.
    total : Sum of everything, in the unit of the values.
    smallest, largest : Extremes of the finite values, in that unit.
    not_finite : Number of values that are NaN or infinite.
    saturated : Number of whole numbers that are the largest of their type.
    """

    spectrum: xr.DataArray | None
    image: xr.DataArray | None
    frames: xr.DataArray | None
    rows: xr.DataArray | None
    total: float
    smallest: float
    largest: float
    not_finite: int
    saturated: int


def sum_recording(
    recording: Recording, progress: Callable[[float], None] | None = None, field: str = "file"
) -> RecordingSums:
    """Add up a recording, block by block.

    Parameters
    ----------
    recording : From :func:`~lto_sim.files.recordings.read_recording`.
    progress : Called with the part done, 0 to 1.
    field : Name used in the error.

    Returns
    -------
    RecordingSums
        Sums over time, area and energy, in the units of the values.

    Raises
    ------
    InputError
        A part of the file that cannot be read.
    """
    data = recording.data
    dims = [str(dim) for dim in data.dims]
    kept = {name: [dim for dim in own if dim in dims] for name, own in _SUMS.items()}
    kept = {name: own for name, own in kept.items() if own and (name != "rows" or len(own) == 2)}
    sums = {name: np.zeros([data.sizes[dim] for dim in own]) for name, own in kept.items()}
    extremes = [np.inf, -np.inf]
    not_finite = saturated = done = 0
    ceiling = np.iinfo(data.dtype).max if data.dtype.kind in "ui" else None
    for slices, block in _blocks(recording, field):
        values = block
        if block.dtype.kind == "f":
            finite = np.isfinite(block)
            bad = block.size - int(np.count_nonzero(finite))
            not_finite += bad
            values = np.where(finite, block, 0) if bad else block
            extremes = _widened(extremes, block[finite] if bad else block)
        else:
            extremes = _widened(extremes, block)
        if ceiling is not None and extremes[1] == ceiling:
            saturated += int(np.count_nonzero(block == ceiling))
        for name, own in kept.items():
            gone = tuple(n for n, dim in enumerate(dims) if dim not in own)
            place = tuple(slices[dims.index(dim)] for dim in own)
            with np.errstate(over="ignore", invalid="ignore"):  # beyond what a number can hold: inf
                sums[name][place] += values.sum(axis=gone, dtype=np.float64)
        done += block.size
        if progress is not None:
            progress(done / data.size)
    known = not np.isinf(extremes[0])
    arrays = {name: _labelled(recording, sums[name], own) for name, own in kept.items()}
    return RecordingSums(
        spectrum=arrays.get("spectrum"),
        image=arrays.get("image"),
        frames=arrays.get("frames"),
        rows=arrays.get("rows"),
        total=_total(next(iter(sums.values()))),
        smallest=float(extremes[0]) if known else float("nan"),
        largest=float(extremes[1]) if known else float("nan"),
        not_finite=not_finite,
        saturated=saturated,
    )


def load_companion(recording: Recording, name: str, field: str = "file") -> xr.DataArray:
    """Read a companion into memory.

    Parameters
    ----------
    recording : From :func:`~lto_sim.files.recordings.read_recording`.
    name : Key in its companions, such as ``adf``.
    field : Name used in the error.

    Returns
    -------
    DataArray
        With the shape, units and coordinates of the file, such as (time, y, x).

    Raises
    ------
    InputError
        It cannot be read.
    """
    companion = recording.companions[name]
    return companion.copy(data=_read(companion.data, recording.source, field))


def _total(values: NDArray[np.float64]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.sum())


def _widened(extremes: list[float], values: NDArray[Any]) -> list[float]:
    if not values.size:
        return extremes
    return [min(extremes[0], float(values.min())), max(extremes[1], float(values.max()))]


def _labelled(recording: Recording, values: NDArray[np.float64], dims: list[str]) -> xr.DataArray:
    coords = {dim: recording.data[dim] for dim in dims if dim in recording.data.coords}
    attrs = {**recording.data.attrs, "long_name": f"sum of {recording.data.attrs.get('long_name', 'values')}"}
    return xr.DataArray(values, coords, dims, attrs=attrs)


def _blocks(recording: Recording, field: str) -> Iterator[tuple[_Slices, NDArray[Any]]]:
    """Place and values of every block, read one after the other."""
    data = recording.data.data
    if isinstance(data, np.ndarray):
        yield tuple(slice(0, size) for size in data.shape), data
        return
    merged = data.rechunk(_merged(data.chunks, data.dtype.itemsize))
    bounds = [np.concatenate([[0], np.cumsum(sizes)]).tolist() for sizes in merged.chunks]
    for index in itertools.product(*(range(len(sizes)) for sizes in merged.chunks)):
        place = tuple(slice(edge[i], edge[i + 1]) for edge, i in zip(bounds, index, strict=True))
        yield place, _read(merged.blocks[index], recording.source, field)


def _merged(chunks: tuple[tuple[int, ...], ...], itemsize: int) -> tuple[tuple[int, ...], ...]:
    """Chunks put together, last axis first, up to the size of a block; none is split."""
    room = _BLOCK_BYTES // (itemsize * int(np.prod([max(sizes) for sizes in chunks], dtype=np.int64)))
    merged: list[tuple[int, ...]] = []
    for sizes in reversed(chunks):
        factor = max(1, min(room, len(sizes)))
        merged.append(tuple(sum(sizes[i : i + factor]) for i in range(0, len(sizes), factor)))
        room //= factor
    return tuple(reversed(merged))


def _read(values: Any, source: str, field: str) -> NDArray[Any]:
    try:
        return np.asarray(values.compute() if hasattr(values, "compute") else values)
    except InputError:
        raise
    except Exception as error:  # damage shows as errors of zarr, HDF5, their codecs or the system
        reason = " ".join(str(error).split())[:120] or type(error).__name__
    raise InputError(field, source, "a recording that is whole", f"save or copy it again ({reason})")
