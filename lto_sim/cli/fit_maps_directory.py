"""Directory of a fit of maps: the request, the finished runs of a fit on its way, and at last the result.

It appears with its request in it, gathers runs, and is exchanged for the result in one go. A fit that was
interrupted leaves request and runs; the same request takes them up.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lto_sim.errors import InputError, SolverError

__all__ = ["FitDirectory", "fit_directory"]

_REQUEST: Final = "request.json"
_SUMMARY: Final = "summary.json"
_RUNS: Final = "forward_runs"
_LOCK: Final = "running.lock"
_HASH: Final = "request_sha256"


@dataclass(frozen=True)
class FitDirectory:
    """Where a fit works.

    Parameters
    ----------
    path : The directory.
    finished : Runs that were in it already.
    """

    path: Path
    finished: int

    @property
    def runs(self) -> int:
        """Finished runs in it now."""
        return sum(1 for _ in (self.path / _RUNS).glob("*.npz"))

    @contextmanager
    def result(self, keep_runs: bool) -> Iterator[Path]:
        """Give a directory to write the result to; it takes the place of this one when the block ends."""
        from lto_sim.files import new_directory

        with new_directory(self.path, force=True) as temporary:
            yield temporary
            if keep_runs:
                shutil.copytree(self.path / _RUNS, temporary / _RUNS)


@contextmanager
def fit_directory(path: Path, request: Mapping[str, Any], force: bool) -> Iterator[FitDirectory]:
    """Give the directory of a fit, with the runs of an earlier try of the same request.

    Parameters
    ----------
    path : As `--out` gives it.
    request : What is fitted, plain values; ``request_sha256`` tells it from others.
    force : Replace a finished result (at the very end), or another request's runs.

    Raises
    ------
    InputError
        Something else is there, or a result or another request without `force`, or another process is at work
        in it. Also what the block raises, with where the finished runs are.
    """
    directory = _prepared(path, request, force)
    with _alone(directory):
        _claim(directory, request)
        opened = FitDirectory(directory, sum(1 for _ in (directory / _RUNS).glob("*.npz")))
        try:
            yield opened
        except InputError as error:
            raise InputError(error.field, error.value, error.allowed, error.remedy + _left(opened)) from error
        except SolverError as error:
            raise SolverError(f"{error}{_left(opened)}") from error
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            raise SolverError(f"{error.strerror or error}{where}{_left(opened)}") from error
        except KeyboardInterrupt:
            kept = _left(opened)
            raise KeyboardInterrupt(f"interrupted{kept}" if kept else "") from None


def _left(opened: FitDirectory) -> str:
    """End of a message: what is kept. A directory without a run in it is put back as it was."""
    count = opened.runs
    if count:
        return (
            f"; {count} finished run{'' if count == 1 else 's'} kept in {opened.path / _RUNS}: the same "
            "command takes them up, another one needs --force"
        )
    shutil.rmtree(opened.path / _RUNS, ignore_errors=True)
    (opened.path / _REQUEST).unlink(missing_ok=True)
    if not (opened.path / _SUMMARY).exists():
        shutil.rmtree(opened.path, ignore_errors=True)
    return ""


def _prepared(path: Path, request: Mapping[str, Any], force: bool) -> Path:
    """Check what is there, and make the directory if nothing is."""
    from lto_sim.files import new_directory, prepare_target, write_json

    target = Path(path).resolve()
    there = _stored(target)
    if not there:
        target = prepare_target(path, force)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise InputError(
                "--out", str(path), "a new path, or the directory of a fit of maps", "choose another path"
            )
        with new_directory(path, force) as temporary:
            write_json(temporary / _REQUEST, request)
        return target
    if _REQUEST in there:
        if there[_REQUEST] != request[_HASH] and not force:
            raise InputError(
                "--out", str(path), "a new path: an unfinished fit of something else is in this one",
                "repeat that one's command to finish it, choose another path, or add --force to discard it",
            )  # fmt: skip
        return prepare_target(path, force=True)  # nothing else may be in it: it is exchanged as a whole
    return prepare_target(path, force)


def _stored(directory: Path) -> dict[str, str]:
    """Hashes of the requests that are stored in a directory, by file; empty if it is none of a fit."""
    found = {}
    for name in (_REQUEST, _SUMMARY):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found[name] = str(json.loads((directory / name).read_text(encoding="utf-8"))[_HASH])
    return found


def _claim(directory: Path, request: Mapping[str, Any]) -> None:
    """Put the request in its place; runs of another one are discarded."""
    from lto_sim.files import write_json

    there = _stored(directory)
    if there.get(_REQUEST, there.get(_SUMMARY)) != request[_HASH]:
        shutil.rmtree(directory / _RUNS, ignore_errors=True)
    if there.get(_REQUEST) != request[_HASH]:
        write_json(directory / _REQUEST, request, force=True)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep other processes from the same directory; the system lets go of it however this one ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(directory / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            "--out",
            str(directory),
            "a directory that no other fit is at work in",
            "wait, or choose another path",
        ) from None
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            (directory / _LOCK).unlink()
