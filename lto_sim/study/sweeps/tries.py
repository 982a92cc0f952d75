"""How often a run has been begun without an end: a byte each time, in a file that goes when the run ends.

A worker that dies leaves its byte, so that whoever is given the run next, on whatever machine and by whatever
engine, knows what its workers died of. Tries are those of one coordinator: it forgets the ones before it,
which may have ended with a coordinator that was stopped. The files lie beside the chunks of ``status``, see
module ``lock``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["MOST_TRIES", "begin", "count_tries", "end", "forget"]

MOST_TRIES: Final = 3
"""Workers that may die of a run before it counts as failed."""


def _place(path: Path) -> Path:
    return path / "status" / ".tries"


def begin(path: Path, number: int) -> int:
    """Note that a run is begun, and return how often it was begun before; raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        handle = os.open(_place(path) / str(number), flags, 0o666)
    except FileNotFoundError:
        _place(path).mkdir(exist_ok=True)
        handle = os.open(_place(path) / str(number), flags, 0o666)
    try:
        os.write(handle, b".")
        return os.fstat(handle).st_size - 1
    finally:
        os.close(handle)


def end(path: Path, number: int) -> None:
    """Note that a run has ended, in whatever way."""
    with contextlib.suppress(OSError):
        os.unlink(_place(path) / str(number))


def count_tries(path: Path, number: int) -> int:
    """How often a run was begun that has not ended."""
    try:
        return os.stat(_place(path) / str(number)).st_size
    except OSError:
        return 0


def forget(path: Path, runs: Iterable[int]) -> None:
    """Forget the tries of runs; raises OSError."""
    with contextlib.suppress(FileNotFoundError), os.scandir(_place(path)) as entries:
        names = {entry.name for entry in entries}
        for number in runs:
            if str(number) in names:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(_place(path) / str(number))
