"""One coordinator on a store, or one for each of its shards.

The locks are files beside the store, held by the system: however a coordinator ends, they are free again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lto_sim.errors import InputError

__all__ = ["WHOLE", "alone", "at_work"]

WHOLE: Final = (1, 1)
_PATIENCE: Final = 60.0


def _name(path: Path, shard: tuple[int, int]) -> Path:
    return path.with_name(f".{path.name}.{shard[0]}-of-{shard[1]}.lock")


def _master(path: Path) -> FileLock:
    return FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE)


def _held(path: Path) -> list[tuple[int, int]]:
    """Shards whose locks somebody holds."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(\d+)-of-(\d+)\.lock")
    found = []
    for entry in path.parent.iterdir():
        match = pattern.fullmatch(entry.name)
        if match is None:
            continue
        lock = FileLock(entry, timeout=0)
        try:
            lock.acquire()
            lock.release()
        except Timeout:
            found.append((int(match[1]), int(match[2])))
        except OSError:
            continue
    return found


def at_work(path: Path) -> bool:
    """Whether a coordinator is at work on a store."""
    path = path.resolve()
    return path.parent.is_dir() and bool(_held(path))


@contextmanager
def alone(path: Path, shard: tuple[int, int]) -> Iterator[FileLock]:
    """Keep other coordinators from the runs of a shard; gives the lock that guards making the store.

    Raises
    ------
    InputError
        Another coordinator is at work on them, or has divided the store in another way.
    """
    path = path.resolve()
    master = _master(path)
    own = FileLock(_name(path, shard), timeout=0)
    try:
        with master:
            others = [held for held in _held(path) if held[1] != shard[1] or held == shard]
            if not others:
                own.acquire()
    except Timeout:
        others = [shard]
    if others:
        raise InputError(
            "sweep", str(path), "a store that no other coordinator is at work on",
            "wait for it, or end it: `lto-sim status` shows how far it is",
        )  # fmt: skip
    try:
        yield master
    finally:
        with contextlib.suppress(OSError, Timeout), master:
            own.release()
            _name(path, shard).unlink(missing_ok=True)
