"""The coordinator: hands runs to an engine, a few seconds of work at a time, and keeps nothing but scalars.

Runs that share a simulation stay together. A batch that is lost with its worker is taken apart: what is
marked done stays so, the run that the worker died of is tried again by itself, three times in all, the rest
go back into the queue.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.study.sweeps.engines import Answer, Engine
from lto_sim.study.sweeps.store import FAILED, PENDING, mark_failed, read_statuses
from lto_sim.study.sweeps.worker import Batch

__all__ = ["Tally", "work_off"]

_BATCH_TIME: Final = 2.0
_LARGEST_BATCH: Final = 64
_TRIES: Final = 3
_PATIENCE: Final = 1.0


@dataclass
class Tally:
    """How far the runs of a coordinator are.

    Parameters
    ----------
    total : Runs it has been given.
    done, failed : Finished ones among them.
    run_time : Sum of their wall times [s].
    first_failure : Why the first of them failed.
    elapsed : Since the start [s].
    """

    total: int
    done: int = 0
    failed: int = 0
    run_time: float = 0.0
    first_failure: str = ""
    elapsed: float = 0.0

    @property
    def part(self) -> float:
        """Finished part, 0 to 1."""
        return (self.done + self.failed) / self.total if self.total else 1.0


@dataclass
class _Queue:
    """Runs that wait, together with those of the same simulation."""

    same: NDArray[np.int64]
    single: deque[int] = field(default_factory=deque)
    waiting: deque[int] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.single) + len(self.waiting)

    def take(self, count: int) -> tuple[int, ...]:
        """Take one run that has been lost, by itself, else `count` and all of the last simulation."""
        if self.single:
            return (self.single.popleft(),)
        taken: list[int] = []
        while self.waiting and len(taken) < _LARGEST_BATCH:
            alike = bool(taken) and self.same[taken[-1]] == self.same[self.waiting[0]]
            if len(taken) >= count and not alike:
                break
            taken.append(self.waiting.popleft())
        return tuple(taken)


def work_off(
    engine: Engine, path: Path, stamp: str, runs: Iterable[int], same: NDArray[np.int64],
    progress: Callable[[Tally], None] | None,
) -> Tally:  # fmt: skip
    """Have an engine run what is given.

    Parameters
    ----------
    engine : A started engine.
    path, stamp : The store, and what tells it from others.
    runs : Numbers of the runs, those of one simulation one after another.
    same : Of every run of the sweep, the number of the first with the same simulation.
    progress : Told after every answer.

    Raises
    ------
    StoreError
        The store cannot be written.
    SolverError
        The engine is gone.
    """
    queue = _Queue(same, waiting=deque(runs))
    tally = Tally(len(queue))
    tries: dict[int, int] = {}
    start, out = time.monotonic(), 0
    while queue or out:
        while queue and engine.room() > 0:
            numbers = queue.take(_batch_size(tally, len(queue), engine.room()))
            engine.submit(Batch(str(path), stamp, numbers, tuple(int(same[n]) for n in numbers)))
            out += 1
        for answer in engine.answers(_PATIENCE):
            out -= 1
            if answer.lost:
                _take_apart(answer, path, stamp, queue, tries, tally)
            for finished in answer.finished:
                _count(tally, finished.wall_time, finished.failure)
        tally.elapsed = time.monotonic() - start
        if progress is not None:
            progress(tally)
    return tally


def _batch_size(tally: Tally, waiting: int, room: int) -> int:
    """Runs that take about two seconds, fewer towards the end so that all workers end together."""
    known = tally.done + tally.failed
    if known == 0:
        return 1
    mean = max(tally.run_time / known, 1e-3)
    return max(1, min(math.floor(_BATCH_TIME / mean), _LARGEST_BATCH, waiting // (4 * max(room, 2))))


def _count(tally: Tally, wall_time: float, failure: str) -> None:
    tally.run_time += wall_time
    if failure:
        tally.failed += 1
        tally.first_failure = tally.first_failure or failure
    else:
        tally.done += 1


def _take_apart(
    answer: Answer, path: Path, stamp: str, queue: _Queue, tries: dict[int, int], tally: Tally
) -> None:
    """Sort out a batch whose worker is gone."""
    status = read_statuses(path, queue.same.size)
    left = [n for n in answer.batch.runs if status[n] == PENDING]
    for number in answer.batch.runs:
        if number not in left:
            _count(tally, 0.0, "failed" if status[number] == FAILED else "")
    if not left:
        return
    suspect, *rest = left
    queue.waiting.extendleft(reversed(rest))
    tries[suspect] = tries.get(suspect, 0) + 1
    if tries[suspect] < _TRIES:
        queue.single.append(suspect)
        return
    reason = f"{answer.lost}, {_TRIES} times over: out of memory? (see the memory that --dry-run predicts)"
    mark_failed(path, stamp, suspect, reason, 0.0)
    _count(tally, 0.0, reason)
