"""Workers of a dask scheduler: one that is running somewhere, or a local cluster that is started here.

One task a batch, with twice as many tasks out as the workers have threads; the batch of a worker that is lost
is given to others by the scheduler, and comes back once four workers have died with it. The store must be on
a disk that all workers and this process see under the same path.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
import uuid
import warnings
from typing import Any, Final, Self

from lto_sim.errors import InputError, SolverError
from lto_sim.execution import no_interrupt
from lto_sim.study.sweeps.engines.engine import Answer
from lto_sim.study.sweeps.worker import Batch, run_batch

__all__ = ["Dask"]

_AHEAD: Final = 2
_CONNECT: Final = 30
_CLOSE: Final = 5
_LONELY: Final = 30.0
"""Time without any worker after which that is said [s]."""


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
        self._distributed: Any = None
        self._client: Any = None
        self._cluster: Any = None
        self._out: dict[Any, Batch] = {}
        self._threads = 0
        self._seen = time.monotonic()
        self._log_levels: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._distributed = importlib.import_module("distributed")  # 1 s
        self._silence()
        try:
            self._connect()
        except BaseException as error:
            self.__exit__(type(error))
            raise
        self._seen = time.monotonic()
        self._count()
        return self

    def _silence(self) -> None:
        """Keep dask from writing tracebacks: what ends a sweep is said in one line, by an exception."""
        for name, logger in logging.root.manager.loggerDict.items():
            if name.partition(".")[0] == "distributed" and isinstance(logger, logging.Logger):
                self._log_levels[name] = logger.level
                logger.setLevel(logging.CRITICAL)

    def _connect(self) -> None:
        given = self._scheduler
        if isinstance(given, self._distributed.Client):
            self._client = given
            return
        if given is None:
            given = self._cluster = self._local_cluster()
        try:
            self._client = self._distributed.Client(given, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                "scheduler", str(given), "the address of a dask scheduler that answers",
                f"start one with `dask scheduler` ({' '.join(str(error).split())[:80]})",
            ) from None  # fmt: skip

    def _local_cluster(self) -> Any:
        try:
            with no_interrupt():
                return self._distributed.LocalCluster(
                    n_workers=self._workers, threads_per_worker=1, processes=True, dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )  # fmt: skip
        except (RuntimeError, OSError, TimeoutError) as error:
            raise SolverError(
                f"dask workers do not start here: {' '.join(str(error).split())[:80]} (a script needs if "
                '__name__ == "__main__":)'
            ) from None

    def _count(self) -> None:
        """Count the threads of all workers, and say so where there are none."""
        self._threads = 0 if self._gone() else sum(self._client.nthreads().values())
        if self._threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _LONELY:
            warnings.warn("the dask scheduler has no workers: waiting for them", stacklevel=2)
            self._seen = float("inf")

    def room(self) -> int:
        """Tasks until every thread of every worker has two."""
        return int(max(_AHEAD * self._threads, 1)) - len(self._out)

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
        try:
            with self._client.as_current():
                self._distributed.wait(list(self._out), timeout=timeout, return_when="FIRST_COMPLETED")
        except TimeoutError:
            pass
        except (OSError, self._distributed.CancelledError):
            raise _lost() from None
        try:
            self._count()
        except (OSError, TimeoutError):
            raise _lost() from None
        if self._gone():
            raise _lost()
        done = [future for future in self._out if future.done()]
        return [self._answer(future, self._out.pop(future)) for future in done]

    def _answer(self, future: Any, batch: Batch) -> Answer:
        if future.status in {"cancelled", "lost"}:
            raise _lost()
        try:
            return Answer(batch, tuple(future.result()))
        except self._distributed.scheduler.KilledWorker:
            return Answer(batch, lost=True)
        except self._distributed.CancelledError:
            raise _lost() from None
        except (ImportError, AttributeError) as error:
            raise SolverError(
                f"a dask worker cannot run this version of lto_sim: {error} (install the same there)"
            ) from None

    def _gone(self) -> bool:
        return str(self._client.status) not in {"running", "newly-created"}

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._client is not None and self._client is not self._scheduler:
            if self._out and not self._gone():
                with contextlib.suppress(OSError, TimeoutError):
                    self._client.cancel(list(self._out))
            self._out.clear()
            _close(self._client)
        if self._cluster is not None:
            _close(self._cluster)
        for name, level in self._log_levels.items():
            logging.getLogger(name).setLevel(level)


def _lost() -> SolverError:
    return SolverError("the dask scheduler is gone")


def _close(what: Any) -> None:
    """Close a client or a cluster; one that does not answer goes with this process."""
    with contextlib.suppress(OSError, TimeoutError):
        what.close(timeout=_CLOSE)
