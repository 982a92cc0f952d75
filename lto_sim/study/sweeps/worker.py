"""What a worker does: simulate a run, make its outputs, write its own chunks, mark it done.

The task is a path, a stamp and numbers; the description of the sweep is read from the store, once a process.
Runs that have an end already are passed over: a scheduler gives the batch of a worker that it has lost to
another. A run that three workers have died of counts as failed.
Of runs that differ in seed, maps or instrument only, the simulation is kept for the next one. Runs are made
one at a time even where an engine gives a process several threads.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
import traceback
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.errors import InputError, LtoSimError
from lto_sim.execution import one_thread
from lto_sim.study.sweeps.outputs import BUILT_IN
from lto_sim.study.sweeps.result import RunResult
from lto_sim.study.sweeps.specification import Sweep
from lto_sim.study.sweeps.store import (
    FAILED,
    PENDING,
    StoreError,
    mark_failed,
    read_error,
    read_status,
    require_store,
    stored_sweep,
    write_run,
    writing,
)
from lto_sim.study.sweeps.tries import MOST_TRIES, begin, end
from lto_sim.transport import simulate

__all__ = ["Batch", "Finished", "run_batch", "run_values"]

_RUN_FAILED: Final = 1
"""Status of a run from which on it could not be finished: see ``status_meaning`` of a run."""

_ONE_AT_A_TIME: Final = threading.Lock()
_LONGEST: Final = 500


@dataclass(frozen=True)
class Batch:
    """Runs for a worker.

    Parameters
    ----------
    path, stamp : The store, and what tells it from others.
    runs : Numbers of the runs.
    same : For each, the number of the first run with the same simulation.
    """

    path: str
    stamp: str
    runs: tuple[int, ...]
    same: tuple[int, ...]


@dataclass(frozen=True)
class Finished:
    """What the coordinator is told of a run: nothing but scalars.

    Parameters
    ----------
    number : Of the run.
    wall_time : What it took [s].
    failure : Why it failed; empty where it is done.
    """

    number: int
    wall_time: float
    failure: str = ""


class _Kept:
    """The last simulation of this process."""

    key: tuple[str, str, int] | None = None
    run: xr.Dataset | None = None


def run_batch(batch: Batch) -> list[Finished]:
    """Run, write and mark the runs of a batch.

    Raises
    ------
    StoreError
        The store cannot be written; runs not yet written stay pending.
    """
    with _ONE_AT_A_TIME, one_thread():
        return [_run_one(batch, n, same) for n, same in zip(batch.runs, batch.same, strict=True)]


def _run_one(batch: Batch, number: int, same: int) -> Finished:
    path, stamp = Path(batch.path), batch.stamp
    require_store(path)
    status = read_status(path, number)
    if status != PENDING:
        return Finished(number, 0.0, read_error(path, stamp, number) if status == FAILED else "")
    with writing(path):
        tries = begin(path, number)
    try:
        if tries < MOST_TRIES:
            return _run_and_write(batch, number, same)
        reason = f"its worker process ended abruptly, {tries} times over: out of memory? (see --dry-run)"
        mark_failed(path, stamp, number, reason, 0.0)
        return Finished(number, 0.0, reason)
    finally:
        end(path, number)


def _run_and_write(batch: Batch, number: int, same: int) -> Finished:
    path, start = Path(batch.path), time.perf_counter()
    try:
        sweep = _sweep(batch.path, batch.stamp)
        values = run_values(sweep, number, (batch.path, batch.stamp, same))
        wall_time = time.perf_counter() - start
        write_run(path, batch.stamp, number, values, wall_time)
    except StoreError:
        raise
    except (Exception, SystemExit) as error:  # whatever a run does, the others go on
        if isinstance(error, SystemExit) and not _elsewhere():
            raise
        if isinstance(error, MemoryError):
            _Kept.key, _Kept.run = None, None
        wall_time = time.perf_counter() - start
        reason = one_line(error)
        mark_failed(path, batch.stamp, number, reason, wall_time)
        return Finished(number, wall_time, reason)
    return Finished(number, wall_time)


def _elsewhere() -> bool:
    """Whether this is a worker; in the coordinator a SystemExit is the signal that ends it."""
    own = threading.current_thread() is not threading.main_thread()
    return own or multiprocessing.parent_process() is not None


@lru_cache(maxsize=2)
def _sweep(path: str, stamp: str) -> Sweep:
    return stored_sweep(Path(path))[0]


def run_values(sweep: Sweep, number: int, key: tuple[str, str, int] | None = None) -> dict[str, Any]:
    """Simulate a run and make its outputs.

    Parameters
    ----------
    sweep : The sweep.
    number : Of the run.
    key : What tells its simulation from others; one that has just been made is used again.

    Raises
    ------
    InputError, SolverError
        What the run failed for.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = sweep.scenario_of(number)
        if key is None or _Kept.key != key or _Kept.run is None:
            _Kept.key, _Kept.run = None, None
            _Kept.run = simulate(scenario)
            _Kept.key = key
        run = _Kept.run
        if int(run.attrs["status"]) > _RUN_FAILED:
            raise InputError(
                f"run {number}", run.attrs["status_meaning"], "a run that reaches its end",
                f"it ended at {run.attrs['end_time_s']:.4g} s",
            )  # fmt: skip
        result = RunResult(scenario, run.assign_attrs(seed=scenario.seed), sweep.instrument_of(number))
        values: dict[str, Any] = {}
        for name in sweep.outputs:
            if name in BUILT_IN:
                values |= BUILT_IN[name].values(result)
        for own in sweep.custom:
            values |= own.values(result)
    return {name: np.asarray(value) for name, value in values.items()}


def one_line(error: BaseException) -> str:
    """Say in one line what went wrong; of what is no error of this package, where too."""
    text = " ".join(str(error).encode("utf-8", "replace").decode().split()) or "no message"
    if not isinstance(error, LtoSimError):
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
        text = f"{type(error).__name__}: {text}{where}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
