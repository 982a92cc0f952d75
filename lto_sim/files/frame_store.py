"""A Zarr store that grows frame by frame, of any length, and goes on after an interruption.

Frames are written to ``NAME.partial`` beside the target, one chunk a frame and variable; after each the
list of finished frames is renamed into place. When the last is there the store gets its name. A later
attempt with the same content goes on where this one ended, whatever stopped it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
import zarr
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files.atomic import prepare_target, sync_tree, take_name
from lto_sim.files.zarr_store import COMPLETE

__all__ = ["FrameLayout", "partial_path", "write_frames"]

_LOG: Final = logging.getLogger(__name__)
_PROGRESS: Final = "frames_done.json"


@dataclass(frozen=True)
class FrameLayout:
    """A variable whose first dimension is the frame.

    Parameters
    ----------
    dims : Its dimensions.
    shape : Its sizes.
    dtype : Its type.
    attrs : Units and name.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attrs: Mapping[str, str]


def partial_path(path: Path) -> Path:
    """Where the unfinished store of `path` is."""
    return path.with_name(f"{path.name}.partial")


def write_frames(
    path: Path,
    template: xr.Dataset,
    layouts: Mapping[str, FrameLayout],
    frame: Callable[[int], Mapping[str, NDArray[Any]]],
    identity: str,
    *,
    force: bool = False,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Write all frames, or those that an earlier attempt has left.

    Parameters
    ----------
    path : The store to make.
    template : Dataset of all variables and coordinates that do not come by frames.
    layouts : Variables that come by frames, each with the same first dimension.
    frame : Number of a frame -> its values by variable.
    identity : What the content follows from, as a hash; an unfinished store of another is not gone on with.
    force : Replace an existing store, and an unfinished one of another content.
    progress : Told the part done.

    Returns
    -------
    How many frames an earlier attempt had finished.

    Raises
    ------
    InputError
        The target exists and `force` is false, an unfinished store there has another content, or another
        process is writing it.
    """
    target = prepare_target(path, force)
    partial = partial_path(target)
    with _alone(partial):
        return _write(target, partial, template, layouts, frame, identity, force, progress)


@contextmanager
def _alone(partial: Path) -> Iterator[None]:
    """Keep other processes from the same unfinished store; the system lets go of it however this one ends."""
    lock = FileLock(partial.with_name(f"{partial.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            "--out", str(partial), "a result that no other process is writing", "wait, or choose another name"
        ) from None
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()


def _write(
    target: Path,
    partial: Path,
    template: xr.Dataset,
    layouts: Mapping[str, FrameLayout],
    frame: Callable[[int], Mapping[str, NDArray[Any]]],
    identity: str,
    force: bool,
    progress: Callable[[float], None] | None,
) -> int:
    done = _resumed(partial, identity, force)
    if done is None:
        done = set()
        _begin(partial, template, layouts, identity)
    for stray in partial.rglob("*.partial"):  # what a writer that was killed within a chunk has left
        stray.unlink()
    with zarr.config.set({"array.write_empty_chunks": True}):  # an absent chunk would read as zeros
        group = zarr.open_group(partial, mode="r+", use_consolidated=False)
        arrays = {name: group[name] for name in layouts}
    count = next(iter(layouts.values())).shape[0]
    earlier = len(done)
    for number in range(count):
        if number in done:
            continue
        for name, values in frame(number).items():
            arrays[name][number] = values
        done.add(number)
        _note(partial, identity, done)
        if progress is not None:
            progress(len(done) / count)
    group.attrs[COMPLETE] = 1
    sync_tree(partial)
    prepare_target(target, force)
    take_name(partial, target)
    _LOG.info("wrote %s: %d frames, %d of them from before an interruption", target, count, earlier)
    (target / _PROGRESS).unlink(missing_ok=True)  # last: until then an interruption can be resumed
    return earlier


def _resumed(partial: Path, identity: str, force: bool) -> set[int] | None:
    """Frames of an unfinished store of this content; None where there is none."""
    if not partial.exists():
        return None
    try:
        noted = json.loads((partial / _PROGRESS).read_text(encoding="utf-8"))
        same, done = noted["identity"] == identity, {int(number) for number in noted["done"]}
    except (OSError, ValueError, KeyError, TypeError):
        same, done = False, set()
    if same:
        return done
    if not force:
        raise InputError(
            "--out", str(partial), "no unfinished result of another run, instrument or seed",
            "remove it or add --force to begin anew, or repeat the command that began it",
        )  # fmt: skip
    shutil.rmtree(partial)
    return None


def _begin(partial: Path, template: xr.Dataset, layouts: Mapping[str, FrameLayout], identity: str) -> None:
    building = partial.with_name(f".{partial.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    clean = template.drop_encoding()
    clean.to_zarr(building, mode="w", consolidated=False, zarr_format=3, write_empty_chunks=True)
    group = zarr.open_group(building, mode="r+", use_consolidated=False)
    for name, layout in layouts.items():
        array = group.create_array(
            name,
            shape=layout.shape,
            chunks=(1, *layout.shape[1:]),
            dtype=layout.dtype,
            fill_value=0,
            dimension_names=layout.dims,
        )
        array.attrs.update(dict(layout.attrs))
    _note(building, identity, set())
    building.rename(partial)


def _note(store: Path, identity: str, done: set[int]) -> None:
    temporary = store / f"{_PROGRESS}.new"
    temporary.write_text(json.dumps({"identity": identity, "done": sorted(done)}), encoding="utf-8")
    temporary.replace(store / _PROGRESS)
