"""What a sweep would take, before it is run: a few of its runs are tried in a worker and thrown away.

Runs are not alike: the time of each goes with its cells and time steps, as planned, times what a cell and
step took in the runs that were tried, writing included; the disk with what those left in a temporary store.
The first trial is made twice, and its first time, with the loading of compiled code, counts as start of the
worker; and once more with its simulation kept, where the sweep has runs that differ in less than that.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lto_sim.execution import Slots, available_processes
from lto_sim.study.sweeps.counting import Planned, plan_sweep
from lto_sim.study.sweeps.specification import Sweep
from lto_sim.study.sweeps.store import STAMP, create_store, stored_sweep
from lto_sim.study.sweeps.worker import Batch, run_batch

__all__ = ["Estimate", "estimate_sweep"]

_TRIALS: Final = 5
_LONGEST: Final = 20.0
"""Time after which no further run is tried [s]."""


@dataclass(frozen=True)
class Estimate:
    """What a sweep would take.

    Parameters
    ----------
    runs, refused : Runs, and those among them whose scenario is refused.
    simulations : Different simulations among them.
    cells : Cells of the smallest and the largest run.
    steps : Time steps of a run, estimated, the most.
    workers : Worker processes.
    memory_bytes : Of all processes together.
    disk_bytes, files : Of the store.
    time_s : From start to end [s].
    run_time_s : Mean of a run [s].
    tried : Runs that were tried.
    failures : Why some of those failed.
    refusal : Why the first of those that are refused is.
    """

    runs: int
    refused: int
    simulations: int
    cells: tuple[int, int]
    steps: int
    workers: int
    memory_bytes: int
    disk_bytes: int
    files: int
    time_s: float
    run_time_s: float
    tried: int
    failures: tuple[str, ...]
    refusal: str = ""

    def summary(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def estimate_sweep(sweep: Sweep, engine: str = "processes", workers: int | None = None) -> Estimate:
    """Try a few runs, and say what all would take.

    Parameters
    ----------
    sweep : The sweep.
    engine, workers : Who would run it.

    Returns
    -------
    Estimate
        Counts, time, memory and disk.

    Raises
    ------
    InputError
        What the sweep would be refused for.
    """
    planned = plan_sweep(sweep)
    count = 1 if engine == "serial" else min(workers or available_processes(), sweep.runs)
    with tempfile.TemporaryDirectory(prefix="lto_sim_sweep_") as folder:
        path = Path(folder) / "tried.zarr"
        create_store(sweep, planned, path, force=False)
        empty = _used(path)
        stamp = str(stored_sweep(path)[1][STAMP])
        tried = _tried(sweep, planned, path, stamp)
        used = _used(path)
    work = _work(planned, tried.kept_share)
    known = [trial.number for trial in tried.trials]
    pace = sum(trial.time for trial in tried.trials) / float(_work(planned, 1.0)[known].sum())
    whole = pace * float(work.sum())
    each = tuple((after - before) / len(known) for before, after in zip(empty, used, strict=True))
    live = sweep.runs - len(planned.refusals)
    cells = [c.cells for c in planned.counts if c is not None]
    return Estimate(
        runs=sweep.runs,
        refused=len(planned.refusals),
        simulations=int(np.unique(planned.hashes).size) - len(planned.refusals),
        cells=(min(cells), max(cells)),
        steps=planned.largest.steps,
        workers=count,
        memory_bytes=int((count if engine == "serial" else count + 1) * tried.memory),
        disk_bytes=int(empty[0] + each[0] * live),
        files=int(empty[1] + each[1] * live),
        time_s=tried.start + whole / min(count, available_processes()),
        run_time_s=whole / max(live, 1),
        tried=len(known),
        failures=tuple(trial.failure for trial in tried.trials if trial.failure),
        refusal=next(iter(planned.refusals.values()), ""),
    )


@dataclass(frozen=True)
class _Trial:
    """A run that was tried: its time, writing included [s], and why it failed."""

    number: int
    time: float
    failure: str


@dataclass(frozen=True)
class _Tried:
    """Trials, the time that a worker needs to start [s], and its memory [bytes].

    `kept_share` is the part of a run's time that one takes whose simulation is there.
    """

    trials: tuple[_Trial, ...]
    start: float
    memory: int
    kept_share: float


def _tried(sweep: Sweep, planned: Planned, path: Path, stamp: str) -> _Tried:
    """Try runs that lie evenly among all, the largest among them, as long as the time allows."""
    live = [n for n, c in enumerate(planned.counts) if c is not None]
    work = _work(planned, 1.0)
    largest = max(live, key=lambda n: (work[n], -n))
    evenly = [live[round(i * (len(live) - 1) / (_TRIALS - 1))] for i in range(_TRIALS)]
    chosen = list(dict.fromkeys([largest, evenly[0], evenly[-1], *evenly]))
    slots = Slots(1)
    found: list[_Trial] = []
    share = 1.0
    try:
        begin = time.perf_counter()
        first = _try(slots, path, stamp, largest, -1)
        for number in chosen:
            found.append(_try(slots, path, stamp, number, -2 - number))
            if number == largest and np.unique(planned.hashes[live]).size < len(live):
                again = _try(slots, path, stamp, number, -2 - number)
                share = min(again.time / found[-1].time, 1.0)
            if time.perf_counter() - begin > _LONGEST:
                break
        memory = slots.submit(0, _peak_memory, None).result()
    finally:
        slots.close()
    return _Tried(tuple(found), max(first.time - found[0].time, 0.0), memory, share)


def _try(slots: Slots, path: Path, stamp: str, number: int, same: int) -> _Trial:
    """Have a run made, and time it; `same` is the number of its simulation."""
    (path / "status" / "c" / str(number)).unlink(missing_ok=True)
    begin = time.perf_counter()
    failure = "its worker process ended abruptly: out of memory?"
    try:
        failure = slots.submit(0, run_batch, Batch(str(path), stamp, (number,), (same,))).result()[0].failure
    except BrokenProcessPool:
        slots.drop(0)
    return _Trial(number, time.perf_counter() - begin, failure)


def _work(planned: Planned, kept_share: float) -> Any:
    """Cells times steps of every run: 0 of one that is refused, a part of it where the simulation is kept."""
    first = planned.hashes == np.arange(planned.hashes.size)
    sizes = np.array([0.0 if c is None else float(c.cells * c.steps) for c in planned.counts])
    return sizes * np.where(first, 1.0, kept_share)


def _used(path: Path) -> tuple[int, int]:
    """Bytes that a store takes on the disk, and its files."""
    size = files = 0
    for folder, _, names in os.walk(path):
        for name in names:
            state = os.stat(Path(folder) / name)
            size += getattr(state, "st_blocks", state.st_size // 512 + 1) * 512
            files += 1
    return size, files


def _peak_memory(_: None) -> int:
    """Largest memory that this process has used [bytes]."""
    if sys.platform == "win32":
        psutil = importlib.import_module("psutil")
        return int(psutil.Process().memory_info().peak_wset)
    resource = importlib.import_module("resource")
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit
