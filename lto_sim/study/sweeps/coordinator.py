"""The coordinator: hands runs to an engine, a few seconds of work at a time, and keeps nothing but scalars.

Runs that share a simulation stay together, as long as there is work for all workers. Of a batch that is lost
with its worker, what is marked done or failed stays so, and the rest go back to the head of the queue; how
often workers died of a run is counted by those that begin it (module ``tries``).
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import SolverError
from lto_sim.study.sweeps.engines import Answer, Engine
from lto_sim.study.sweeps.store import FAILED, PENDING, read_error, read_statuses
from lto_sim.study.sweeps.tries import count_tries
from lto_sim.study.sweeps.worker import Batch

__all__ = ["Tally", "work_off"]

_LOG: Final = logging.getLogger(__name__)
_BATCH_TIME: Final = 2.0
_LARGEST_BATCH: Final = 64
_PATIENCE: Final = 1.0
_IDLE_DEATHS: Final = 3
"""Rounds in which workers died before they began a run, after which the sweep ends."""


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
    waiting: deque[int] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.waiting)

    def take(self, count: int, most: int) -> tuple[int, ...]:
        """Take `count` runs, and up to `most` where they are of the last one's simulation."""
        taken: list[int] = []
        while self.waiting and len(taken) < max(count, most):
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
    tally, losses = Tally(len(queue)), _Losses(path, stamp)
    start, out = time.monotonic(), 0
    while queue or out:
        while queue and (room := engine.room()) > 0:
            most = min(-(-len(queue) // (room + out)), _LARGEST_BATCH)  # as many for each place
            numbers = queue.take(_batch_size(tally, len(queue), room), most)
            engine.submit(Batch(str(path), stamp, numbers, tuple(int(same[n]) for n in numbers)))
            out += 1
        answers = engine.answers(_PATIENCE)
        out -= len(answers)
        for finished in (f for answer in answers for f in answer.finished):
            _count(tally, finished.wall_time, finished.failure)
        losses.sort_out(answers, queue, tally)
        tally.elapsed = time.monotonic() - start
        _LOG.debug(
            "%d runs done, %d failed, %d waiting, %d at work", tally.done, tally.failed, len(queue), out
        )
        if progress is not None:
            progress(tally)
    _LOG.info("%d runs done, %d failed in %.3g s", tally.done, tally.failed, tally.elapsed)
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


@dataclass
class _Losses:
    """Batches that were lost with their workers."""

    path: Path
    stamp: str
    tries: dict[int, int] = field(default_factory=dict)
    idle: int = 0

    def sort_out(self, answers: list[Answer], queue: _Queue, tally: Tally) -> None:
        """Count the runs that have an end, and put the rest back."""
        lost = [answer.batch for answer in answers if answer.lost]
        if not lost:
            self.idle = 0 if answers else self.idle
            return
        status = read_statuses(self.path, queue.same.size)
        begun = len(lost) < len(answers)
        for batch in reversed(lost):
            left = [n for n in batch.runs if status[n] == PENDING]
            queue.waiting.extendleft(reversed(left))
            for number in batch.runs:
                if status[number] != PENDING:
                    failed = status[number] == FAILED
                    _count(tally, 0.0, read_error(self.path, self.stamp, number) if failed else "")
            if left:
                tries = count_tries(self.path, left[0])
                begun = begun or tries > self.tries.get(left[0], 0)
                self.tries[left[0]] = tries
            begun = begun or len(left) < len(batch.runs)
        self.idle = 0 if begun else self.idle + 1
        if self.idle >= _IDLE_DEATHS:
            raise SolverError(
                "worker processes end before they begin a run: out of memory? (take fewer workers; a script "
                'needs if __name__ == "__main__":)'
            )
