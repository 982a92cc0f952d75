"""What every engine is: batches in, answers out, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from lto_sim.study.sweeps.worker import Batch, Finished

__all__ = ["Answer", "Engine"]


@dataclass(frozen=True)
class Answer:
    """What became of a batch.

    Parameters
    ----------
    batch : The batch.
    finished : Its runs, done or failed; empty of a batch that was lost.
    lost : Nothing came back: its worker, or one that it waited for, ended abruptly. Runs of it may be done
        nevertheless.
    """

    batch: Batch
    finished: tuple[Finished, ...] = ()
    lost: bool = False


class Engine(Protocol):
    """Workers that batches are given to."""

    def room(self) -> int:
        """How many batches may be given to it now."""

    def submit(self, batch: Batch) -> None:
        """Give it a `batch`."""

    def answers(self, timeout: float) -> list[Answer]:
        """Wait for an answer, at most `timeout` [s]; raises StoreError, or SolverError where it is gone."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End its workers, at once after an error."""
