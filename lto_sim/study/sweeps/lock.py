"""One coordinator on a store, or one for each of its shards.

The locks are files in the directory of the array ``status`` (Zarr minds what lies in a group, not in an array),
held by the system: however a coordinator ends, they are free again, and they go where the store goes.
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

__all__ = ["WHOLE", "alone", "at_work", "refuse_busy"]

WHOLE: Final = (1, 1)
_PATIENCE: Final = 60.0
_PATTERN: Final = re.compile(r"\.(\d+)-of-(\d+)\.lock")


def _place(path: Path) -> Path:
    return path / "status"


def _held(path: Path) -> list[tuple[int, int]]:
    """Shards whose locks somebody holds."""
    found = []
    for entry in _place(path).glob(".*.lock"):
        match = _PATTERN.fullmatch(entry.name)
        if match is None:
            continue
        lock = FileLock(entry, timeout=0)
        try:
            lock.acquire()
            lock.release()
        except Timeout:
            found.append((int(match[1]), int(match[2])))
        except OSError:  # a store that cannot be written is not worked on
            continue
    return found


def at_work(path: Path) -> bool:
    """Whether a coordinator is at work on a store."""
    return bool(_held(path))


def refuse_busy(path: Path) -> None:
    """Refuse a store that a coordinator is at work on.

    Raises
    ------
    InputError
        It is.
    """
    if at_work(path):
        raise _busy(path)


def _busy(path: Path) -> InputError:
    return InputError(
        "sweep", str(path), "a store that no other coordinator is at work on",
        "wait for it, or end it: `lto-sim status` shows how far it is",
    )  # fmt: skip


@contextmanager
def alone(path: Path, shard: tuple[int, int]) -> Iterator[None]:
    """Keep other coordinators from the runs of a shard.

    Raises
    ------
    InputError
        Another coordinator is at work on them, or has divided the store in another way.
    """
    master = FileLock(_place(path) / ".coordinators.lock", timeout=_PATIENCE)
    name = _place(path) / f".{shard[0]}-of-{shard[1]}.lock"
    own = FileLock(name, timeout=0)
    try:
        with master:
            others = [held for held in _held(path) if held[1] != shard[1] or held == shard]
            if others:
                raise _busy(path)
            own.acquire()
    except Timeout:
        raise _busy(path) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError, Timeout), master:
            own.release()
            name.unlink(missing_ok=True)
