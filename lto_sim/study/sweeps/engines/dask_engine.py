"""Workers of a dask scheduler: one that is running somewhere, or a local cluster that is started here.

One task a batch, with twice as many tasks out as the workers have threads; a worker that is lost has its
tasks given to others by the scheduler, until four workers have died of one. The store must be on a disk
that all workers and this process see under the same path.
"""

from __future__ import annotations

import importlib
import uuid
from typing import Any, Final, Self

from lto_sim.errors import InputError, SolverError
from lto_sim.study.sweeps.engines.engine import Answer
from lto_sim.study.sweeps.worker import Batch, run_batch

__all__ = ["Dask"]

_AHEAD: Final = 2
_CONNECT: Final = 30


class Dask:
    """Workers of a scheduler.

    Parameters
    ----------
    scheduler : Address such as ``tcp://node:8786``, a client or a cluster of dask; None starts workers here.
    workers : How many, where they are started here.

    Raises
    ------
    InputError
        No scheduler answers at the address.
    """

    def __init__(self, scheduler: Any, workers: int) -> None:
        self._scheduler, self._workers = scheduler, workers
        self._client: Any = None
        self._cluster: Any = None
        self._out: dict[Any, Batch] = {}

    def __enter__(self) -> Self:
        distributed: Any = importlib.import_module("distributed")  # 1 s
        given = self._scheduler
        if isinstance(given, distributed.Client):
            self._client = given
            return self
        if given is None:
            given = self._cluster = distributed.LocalCluster(
                n_workers=self._workers, threads_per_worker=1, processes=True, dashboard_address=None,
                silence_logs=50,
            )  # fmt: skip
        try:
            self._client = distributed.Client(given, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                "scheduler", str(given), "the address of a dask scheduler that answers",
                f"start one with `dask scheduler` ({' '.join(str(error).split())[:80]})",
            ) from None  # fmt: skip
        return self

    def room(self) -> int:
        """Tasks until every thread of every worker has two."""
        threads = sum(self._client.nthreads().values()) if not self._gone() else 0
        return int(max(_AHEAD * threads, 1)) - len(self._out)

    def submit(self, batch: Batch) -> None:
        """Submit a task."""
        key = f"lto-sim-{batch.runs[0]}-{uuid.uuid4().hex}"
        self._out[self._client.submit(run_batch, batch, key=key, pure=False)] = batch

    def answers(self, timeout: float) -> list[Answer]:
        """Wait for a task.

        Raises
        ------
        SolverError
            The scheduler is gone.
        """
        distributed: Any = importlib.import_module("distributed")
        try:
            distributed.wait(list(self._out), timeout=timeout, return_when="FIRST_COMPLETED")
        except TimeoutError:
            pass
        except (OSError, distributed.CancelledError):
            raise self._lost() from None
        if self._gone():
            raise self._lost()
        done = [future for future in self._out if future.done()]
        return [self._answer(future, self._out.pop(future)) for future in done]

    def _answer(self, future: Any, batch: Batch) -> Answer:
        distributed: Any = importlib.import_module("distributed")
        if future.status == "cancelled" or self._gone():
            raise self._lost()
        try:
            return Answer(batch, tuple(future.result()))
        except distributed.scheduler.KilledWorker:
            return Answer(batch, lost="workers ended abruptly while they ran it")
        except distributed.CancelledError:
            raise self._lost() from None

    def _gone(self) -> bool:
        return str(self._client.status) not in {"running", "newly-created"}

    def _lost(self) -> SolverError:
        return SolverError("the dask scheduler is gone")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._client is not None and self._client is not self._scheduler:
            if self._out and not self._gone():
                self._client.cancel(list(self._out))
            self._out.clear()
            self._client.close(timeout=5)
        if self._cluster is not None:
            self._cluster.close(timeout=5)
