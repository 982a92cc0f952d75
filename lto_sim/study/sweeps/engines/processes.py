"""Worker processes of this machine: spawned, one thread each, each with its own queue.

A worker that dies takes one batch with it and is replaced; the others do not notice.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Final, Self

from lto_sim.execution import Slots
from lto_sim.study.sweeps.engines.engine import Answer
from lto_sim.study.sweeps.worker import Batch, Finished, run_batch

__all__ = ["Processes"]

_QUEUE: Final = 2
"""Batches a worker has: one that it works at, and the next."""


class Processes:
    """Worker processes.

    Parameters
    ----------
    workers : How many.
    """

    def __init__(self, workers: int) -> None:
        self._slots = Slots(workers)
        self._busy: list[list[tuple[Future[list[Finished]], Batch]]] = [[] for _ in range(workers)]

    def room(self) -> int:
        """Batches until every worker has one, and one that waits."""
        return sum(_QUEUE - len(jobs) for jobs in self._busy)

    def submit(self, batch: Batch) -> None:
        """Give a batch to the worker that has the least to do."""
        slot = min(range(len(self._busy)), key=lambda n: len(self._busy[n]))
        self._busy[slot].append((self._slots.submit(slot, run_batch, batch), batch))

    def answers(self, timeout: float) -> list[Answer]:
        """Wait for a batch; of a worker that has died, all that it had."""
        futures = [future for jobs in self._busy for future, _ in jobs]
        done, _ = wait(futures, timeout, FIRST_COMPLETED)
        found: list[Answer] = []
        for slot, jobs in enumerate(self._busy):
            if any(
                future in done and isinstance(future.exception(), BrokenProcessPool) for future, _ in jobs
            ):
                self._slots.drop(slot)
                found += [self._of_dead(future, batch) for future, batch in jobs]
                jobs.clear()
                continue
            for future, batch in [job for job in jobs if job[0] in done]:
                found.append(Answer(batch, tuple(future.result())))
                jobs.remove((future, batch))
        return found

    @staticmethod
    def _of_dead(future: Future[list[Finished]], batch: Batch) -> Answer:
        if future.done() and not future.cancelled() and future.exception() is None:
            return Answer(batch, tuple(future.result()))
        return Answer(batch, lost=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._slots.close(at_once=kind is not None)
