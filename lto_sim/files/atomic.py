"""Targets that appear whole or not at all.

A result is written under a temporary name beside its target, flushed to the disk and renamed. Whatever stops
the writing (an error, Ctrl-C) removes the temporary, and an old target that is to be replaced stays in place
until the very end. Directories cannot be exchanged in one call: the old one is renamed, the new one takes its
name, and if that fails the old one gets its name back.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lto_sim.errors import InputError

__all__ = ["new_directory", "new_file", "prepare_target", "sync_tree", "take_name"]

_LOG: Final = logging.getLogger(__name__)
_REPORT: Final = "report.html"
"""What ``lto-sim report`` puts into a directory of results."""
_STUDY: Final = frozenset({"summary.json", "table.csv", "conductances.csv", "figures", "runs", _REPORT})
_ELECTRICAL: Final = frozenset(
    {"summary.json", "series.csv", "gitt.json", "pitt.json", _REPORT}
    | {f"{name}.png" for name in ("potential", "capacity", "chronoamperogram", "voltammogram", "gitt")}
)
_MAP_FIT: Final = re.compile(
    r"(summary|request)\.json|maps(_\d+)?\.zarr|fit\.png|forward_runs|running\.lock|\.request\.json\..*\.part"
    rf"|{re.escape(_REPORT)}"
)
"""Names in the directory of a fit of maps, finished or on its way."""


def prepare_target(path: Path, force: bool = False) -> Path:
    """Check that a target may be written, before any work is done.

    Parameters
    ----------
    path : File or directory to be made.
    force : Replace an existing one. A directory is replaced only if it is empty or a result: a Zarr store, or
        a directory of `lto-sim reproduce`, `electrical` or `fit --free` with nothing else in it.

    Returns
    -------
    The path with links resolved.

    Raises
    ------
    InputError
        The target exists, its directory does not, or it is a directory that no result lives in.
    """
    target = Path(path).resolve()
    if not target.name:
        raise InputError("--out", str(path), "a name for the result", "add a file name")
    if not target.parent.is_dir():
        raise InputError("--out", str(path), "a path in an existing directory", f"make {target.parent} first")
    if not target.exists():
        return target
    if not force:
        raise InputError("--out", str(path), "a path that does not exist yet", "add --force to replace it")
    if target.is_dir() and not _is_result(target):
        raise InputError(
            "--out",
            str(path),
            "a result and nothing else (Zarr store or a directory of results)",
            "choose another path",
        )
    return target


def _is_result(directory: Path) -> bool:
    names = {entry.name for entry in directory.iterdir()}
    if not names or "zarr.json" in names:
        return True
    if "summary.json" in names and (names <= _STUDY or names <= _ELECTRICAL):
        return True
    return bool(names & {"summary.json", "request.json"}) and all(map(_MAP_FIT.fullmatch, names))


@contextmanager
def new_file(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a temporary path to write a file to; it becomes `path` when the block ends without an error.

    What exists there is replaced, at the very end, with `force` only.

    Raises
    ------
    InputError
        See :func:`prepare_target`; also if `path` is a directory.
    """
    target = prepare_target(path, force)
    if target.is_dir():
        raise InputError("--out", str(path), "a file", "choose another path: this is a directory")
    temporary = _beside(target)
    try:
        yield temporary
        _sync(temporary)
        prepare_target(target, force)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(target.parent)
    _LOG.info("wrote %s", target)


@contextmanager
def new_directory(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a temporary directory to write to; it becomes `path` when the block ends without an error.

    What exists there is replaced, at the very end, with `force` only.

    Raises
    ------
    InputError
        See :func:`prepare_target`.
    """
    target = prepare_target(path, force)
    temporary = _beside(target)
    try:
        temporary.mkdir()
        yield temporary
        sync_tree(temporary)
        prepare_target(target, force)
        take_name(temporary, target)
    except BaseException:
        _remove_tree(temporary)
        raise
    _sync(target.parent)
    _LOG.info("wrote %s", target)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:12]}.part")


def sync_tree(directory: Path) -> None:
    """Flush a directory and all that is in it to the disk."""
    for folder, _, names in os.walk(directory):
        for name in names:
            _sync(Path(folder) / name)
        _sync(Path(folder))


def _sync(path: Path) -> None:
    """Flush to the disk; directories where the system lets them be opened and synchronised."""
    if path.is_dir():
        with contextlib.suppress(OSError):
            _flush(path, os.O_RDONLY)
    else:
        _flush(path, os.O_RDWR)


def _flush(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def take_name(temporary: Path, target: Path) -> None:
    """Give `target`'s name to a finished file or directory; what had it is removed at the very end."""
    if not target.exists():
        temporary.rename(target)
        return
    old = _beside(target)
    target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:
        if not target.exists():
            old.rename(target)
        raise
    if old.is_dir():
        _remove_tree(old)
    else:
        old.unlink()


def _remove_tree(path: Path) -> None:
    """Remove a tree for good: a Zarr thread may still be writing into it when the main thread is stopped."""
    for _ in range(40):
        shutil.rmtree(path, ignore_errors=True)
        time.sleep(0.02)
        if not path.exists():
            return
