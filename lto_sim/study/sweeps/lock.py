"""One coordinator on a store, or one for each of its shards.

The locks are files in the directory of the array ``status`` (Zarr minds what lies in a group, not in an
array), held by the system: however a coordinator ends, they are free again, and they go where the store
goes. The files themselves stay. Who only asks takes a shared lock for a moment, which others that ask do not
notice.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lto_sim.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["WHOLE", "alone", "at_work", "refuse_busy"]

WHOLE: Final = (1, 1)
_PATIENCE: Final = 60.0
_MOMENT: Final = 2.0
"""Time that is given to those who only ask [s]."""
_PATTERN: Final = re.compile(r"\.(\d+)-of-(\d+)\.lock")


def _place(path: Path) -> Path:
    return path / "status"


def _held(path: Path) -> list[tuple[int, int]]:
    """Shards whose locks somebody holds."""
    found = []
    for entry in _place(path).glob(".*.lock"):
        match = _PATTERN.fullmatch(entry.name)
        if match is not None and _is_held(entry):
            found.append((int(match[1]), int(match[2])))
    return found


def _is_held(entry: Path) -> bool:
    if fcntl is not None:
        try:
            handle = os.open(entry, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                return True
        else:
            return False
        finally:
            os.close(handle)
    lock = FileLock(entry, timeout=0)  # Windows, or a disk without such locks
    try:
        with lock:
            return False
    except Timeout:
        return True
    except OSError:  # a store that cannot be written is not worked on
        return False


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
    own = FileLock(_place(path) / f".{shard[0]}-of-{shard[1]}.lock", timeout=_MOMENT)
    try:
        with FileLock(_place(path) / ".coordinators.lock", timeout=_PATIENCE):
            if any(held[1] != shard[1] or held == shard for held in _held(path)):
                raise _busy(path)
            own.acquire()
    except Timeout:
        raise _busy(path) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            own.release()
