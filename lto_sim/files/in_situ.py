"""In-situ series of Gatan's GMS: one .dm4 a frame, in a tree of folders by hour, minute and second.

``Hour_00/Minute_00/Second_00/NAME_Hour_00_Minute_00_Second_00_Frame_0000.dm4``; the tree itself, a part of
it or a folder above it may be given. Names give the times (:mod:`~lto_sim.files.in_situ_times`). Nothing
but the first bytes of a file is read before its frame is asked for, and no file stays open. A frame that is
missing or cut is a gap: NaN at its time, not an error.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import dask.array
import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files.dm_tags import DMImage, is_cut, scan_dm
from lto_sim.files.in_situ_times import Place, schedule
from lto_sim.files.signals import Signal, largest, read_signals

__all__ = ["InSituSeries", "read_in_situ"]

_FRAME: Final = re.compile(
    r"(?P<name>.*)_Hour_(\d{1,3})_Minute_(\d{1,2})_Second_(\d{1,2})_Frame_(\d{1,6})\.dm[34]", re.IGNORECASE
)
_DEEPEST: Final = 6
"""Folders below the one given that are looked into."""
_NAMED: Final = 3
"""Missing frames that a warning names."""


@dataclass(frozen=True, eq=False)
class InSituSeries:
    """A series as one signal.

    Parameters
    ----------
    signal : As :func:`~lto_sim.files.signals.read_signals` gives it, with time as the first axis.
    present : Per frame whether it could be used, (time,).
    missing : Names of the frames that are gaps, and why.
    """

    signal: Signal
    present: NDArray[np.bool_]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Loader:
    """Reads the frame of a block.

    Parameters
    ----------
    paths : Of every frame, None for a gap.
    index : Of the image in a file.
    shape : Of a frame.
    dtype : Of the values that are returned.
    field : Name used in the error.
    """

    paths: tuple[Path | None, ...]
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    field: str

    def __call__(self, block_id: tuple[int, ...]) -> NDArray[Any]:
        path = self.paths[block_id[0]]
        if path is None:
            return np.full((1, *self.shape), np.nan, self.dtype)
        try:
            image = scan_dm(path)[self.index]
            _check_shape(image, self.shape, path, self.field)
            return image.read(path).astype(self.dtype, copy=False)[np.newaxis]
        except (OSError, ValueError, IndexError) as error:
            if isinstance(error, InputError):
                raise
            reason = str(error)
        raise InputError(self.field, str(path), "a frame that is whole", f"copy it again ({reason})")


def read_in_situ(path: Path, field: str) -> InSituSeries:
    """Read a series; values stay in their files.

    Parameters
    ----------
    path : Folder of the series, a part of it or a folder above.
    field : Name used in the error.

    Raises
    ------
    InputError
        No frame in the folder or none that can be read; frames of several series or shapes; a frame twice.
    """
    files = _collected(path, field)
    by_time = [files[place] for place in sorted(files)]
    reference, signal, index = _reference(by_time, path, field)
    image = scan_dm(reference)[index]
    plan = schedule(list(files), image.rate)
    size = reference.stat().st_size
    usable: list[Path | None] = []
    missing: list[str] = []
    name = _name_of(reference)
    for place in plan.places:
        file = files.get(place)
        fault = "is not there" if file is None else _fault(file, image, index, size, field)
        usable.append(None if fault else file)
        if fault:
            missing.append(f"{_label(name, place) if file is None else file.name} {fault}")
    _warn(missing, len(usable), plan.doubt, path)
    dtype = np.result_type(signal["data"].dtype, *([np.float32] if missing else []))
    loader = _Loader(tuple(usable), index, image.shape, dtype, field)
    data = dask.array.map_blocks(  # type: ignore[no-untyped-call]
        loader,
        chunks=((1,) * len(usable), *((size,) for size in image.shape)),
        dtype=dtype,
        meta=np.empty((0,) * (len(image.shape) + 1), dtype),
        name=f"frames-{uuid4().hex}",
    )
    time = {"name": "time", "units": "s", "axis": plan.times, "navigate": True}
    present = np.array([file is not None for file in usable])
    return InSituSeries({**signal, "data": data, "axes": [time, *signal["axes"]]}, present, tuple(missing))


def _frames_in(path: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    """Frames in a folder and below it."""
    for folder, below, names in os.walk(path):
        depth = len(Path(folder).relative_to(path).parts)
        below[:] = sorted(one for one in below if not one.startswith(".")) if depth < _DEEPEST else []
        for name in sorted(names):
            match = _FRAME.fullmatch(name)
            if match is not None and not name.startswith("."):
                yield Path(folder) / name, match


def _collected(path: Path, field: str) -> dict[Place, Path]:
    """Frames by their place in time."""
    files: dict[Place, Path] = {}
    names: dict[str, None] = {}
    twice: tuple[Path, Path] | None = None
    for file, match in _frames_in(path):
        hour, minute, second, number = (int(text) for text in match.groups()[1:])
        place = (3600 * hour + 60 * minute + second, number)
        names[match["name"]] = None
        if place in files:
            twice = twice or (files[place], file)
        files[place] = file
    if not names:
        raise InputError(
            field, str(path), "a Zarr store, a .zspy or an in-situ series of GMS",
            "this is a folder: give a file in it, or the folder above Hour_00 of a series",
        )  # fmt: skip
    if len(names) > 1:
        shown = ", ".join(list(names)[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        raise InputError(field, str(path), "one in-situ series", f"it holds {shown}: give the folder of one")
    if twice is not None:
        shown = " and ".join(str(one.parent.relative_to(path)) for one in twice)
        raise InputError(
            field,
            str(path),
            "every frame once",
            f"{twice[1].name} is in {shown}: give the folder of one series",
        )
    return files


def _reference(files: Sequence[Path], path: Path, field: str) -> tuple[Path, Signal, int]:
    """The first file that can be read, its signal and the number of its image."""
    first: InputError | None = None
    for file in files:
        try:
            if not is_cut(file):
                signals = read_signals(file, field)
                index = largest(signals)
                return file, signals[index], index
        except InputError as error:
            first = first or error
        except OSError:
            continue
    if first is not None:
        raise first
    raise InputError(
        field, str(path), "frames that are whole", f"all {len(files)} are cut or no .dm4: copy them again"
    )


def _fault(file: Path, image: DMImage, index: int, size: int, field: str) -> str:
    """Why a file cannot be used, by its first bytes, and by its tags where its size is not the usual one."""
    try:
        if is_cut(file):
            return "is cut or no .dm4"
        if file.stat().st_size != size:
            _check_shape(scan_dm(file)[index], image.shape, file, field)
    except InputError:
        raise
    except (OSError, ValueError, IndexError) as error:
        return f"cannot be read ({error})"
    return ""


def _check_shape(image: DMImage, shape: tuple[int, ...], file: Path, field: str) -> None:
    if image.shape != shape:
        raise InputError(
            field, str(file), f"frames of one shape, {shape}",
            f"this one has {image.shape}: move it and those like it into a folder of their own",
        )  # fmt: skip


def _name_of(file: Path) -> str:
    match = _FRAME.fullmatch(file.name)
    return match["name"] if match else ""


def _label(name: str, place: Place) -> str:
    second, number = place
    return (
        f"{name}_Hour_{second // 3600:02d}_Minute_{second // 60 % 60:02d}_Second_{second % 60:02d}"
        f"_Frame_{number:04d}.dm4"
    )


def _warn(missing: Sequence[str], number: int, doubt: str, path: Path) -> None:
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        shown = ", ".join(missing[:_NAMED]) + more
        warnings.warn(
            f"{path}: {len(missing)} of {number} frames are missing, their values are NaN: {shown}",
            stacklevel=4,
        )
    if doubt:
        warnings.warn(f"{path}: {doubt}", stacklevel=4)
