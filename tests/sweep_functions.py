"""Output functions of sweeps that hold, fail and die: told to by files, so that nothing is timed.

The title of the scenario is a folder, the seed the number of the run. Every call appends a line to ``log`` in
the folder, so that it is known how often each run was begun, and by whom. A file ``hold-3`` keeps run 3
waiting until it is removed; ``die-3`` kills its process; other words are listed in `_DEEDS`. With ``once``
behind the number (``die-3-once``) the file is removed before the deed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr

from lto_sim.study import RunResult

PATIENCE: Final = 400.0
MANY: Final = 20_000


def noted(result: RunResult) -> dict[str, Any]:
    """Mean li fraction at the end, plus the number of the run."""
    folder, number = Path(result.scenario.title), result.scenario.seed
    note(folder, f"{number} {os.getpid()} {peak_kib()}")
    _hold(folder / f"hold-{number}")
    value: dict[str, Any] = {"mark": number + float(result.run["li_fraction"][-1].mean())}
    for word, deed in _DEEDS.items():
        for ending in ("", "-once"):
            told = folder / f"{word}-{number}{ending}"
            if told.exists():
                if ending:
                    told.unlink()
                done = deed(value, folder)
                value = value if done is None else done
    return value


def many_numbers(result: RunResult) -> dict[str, Any]:
    """Array of 160 kB."""
    folder, number = Path(result.scenario.title), result.scenario.seed
    note(folder, f"{number} {os.getpid()} {peak_kib()}")
    return {"many": np.random.default_rng(number).random(MANY)}


def note(folder: Path, line: str) -> None:
    handle = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)


def peak_kib() -> int:
    """Largest memory of this process [KiB]; 0 where the system does not say."""
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")))


def _hold(file: Path) -> None:
    end = time.monotonic() + PATIENCE
    while file.exists() and time.monotonic() < end:
        time.sleep(0.01)


def _kill(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exit(*_: Any) -> None:
    os._exit(3)


def _leave(*_: Any) -> None:
    sys.exit("no more")


def _raise(*_: Any) -> None:
    raise RuntimeError("of no use:\n\ttwo lines, \udcff")


def _memory(*_: Any) -> None:
    raise MemoryError


def _kill_between_chunks(*_: Any) -> None:
    """Die with the second of the run's chunks."""
    calls: list[int] = []
    _before(zarr.Array, "__setitem__", lambda *_: _kill() if calls else calls.append(1))


def _kill_within_a_chunk(*_: Any) -> None:
    """Die when the temporary file of a chunk is written, and has not got its name."""
    _before(Path, "replace", lambda path, *_: _kill() if str(path).endswith(".partial") else None)


def _kill_before_the_status(*_: Any) -> None:
    """Die when all chunks of values are written, before the status."""
    _before(os, "fsync", _kill)


def _refuse_to_write(_: Any, folder: Path) -> None:
    """Have the disk refuse temporary files of chunks, with the number in `errno`, as long as it is there."""

    def refuse(path: Path, *_: Any) -> None:
        if path.name.endswith(".partial") and (folder / "errno").exists():
            number = int((folder / "errno").read_text())
            raise OSError(number, os.strerror(number))

    _before(Path, "open", refuse)


def _refuse_to_flush(_: Any, folder: Path) -> None:
    """Have the disk refuse when files are flushed."""

    def refuse(*_: Any) -> None:
        if (folder / "errno").exists():
            number = int((folder / "errno").read_text())
            raise OSError(number, os.strerror(number))

    _before(os, "fsync", refuse)


def _before(place: Any, name: str, act: Callable[..., Any]) -> None:
    """Have something done before every call of a function, in this process."""
    function = getattr(place, name)

    def instead(*arguments: Any, **options: Any) -> Any:
        act(*arguments)
        return function(*arguments, **options)

    setattr(place, name, instead)


_DEEDS: Final[dict[str, Callable[[Any, Path], Any]]] = {
    "die": _kill,
    "exit": _exit,
    "leave": _leave,
    "raise": _raise,
    "memory": _memory,
    "names": lambda value, _: {"another": value["mark"]},
    "shape": lambda value, _: {"mark": np.zeros(3)},
    "text": lambda value, _: {"mark": "no number"},
    "nothing": lambda value, _: {},
    "chunks": _kill_between_chunks,
    "chunk": _kill_within_a_chunk,
    "status": _kill_before_the_status,
    "write": _refuse_to_write,
    "flush": _refuse_to_flush,
}
