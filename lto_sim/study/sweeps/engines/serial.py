"""One run after another, in this process."""

from __future__ import annotations

from typing import Self

from lto_sim.study.sweeps.engines.engine import Answer
from lto_sim.study.sweeps.worker import Batch, run_batch

__all__ = ["Serial"]


class Serial:
    """Runs in this process, in one thread."""

    def __init__(self) -> None:
        self._waiting: list[Batch] = []

    def room(self) -> int:
        """One batch at a time."""
        return 1 - len(self._waiting)

    def submit(self, batch: Batch) -> None:
        """Keep a batch for :meth:`answers`."""
        self._waiting.append(batch)

    def answers(self, timeout: float) -> list[Answer]:
        """Run what waits."""
        waiting, self._waiting = self._waiting, []
        return [Answer(batch, tuple(run_batch(batch))) for batch in waiting]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()
