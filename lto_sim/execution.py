"""Running independent jobs in worker processes: spawned, one thread each, results as they come.

Workers are spawned, not forked, and numba is held to one thread inside them (the workqueue layer aborts on
concurrent access). Seeds are children of one seed, so a result does not depend on which worker made it.
Because workers are spawned, a script that calls this (or `reproduce`) keeps its own work under
``if __name__ == "__main__":``.
"""

from __future__ import annotations

import contextlib
import contextvars
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TypeVar

import numba
import numpy as np

from lto_sim.errors import SolverError

__all__ = [
    "Slots",
    "Workers",
    "available_processes",
    "available_threads",
    "child_seeds",
    "no_interrupt",
    "one_thread",
    "run_jobs",
]

Job = TypeVar("Job")
Result = TypeVar("Result")

_held: contextvars.ContextVar[bool] = contextvars.ContextVar("one_thread", default=False)
_WATCH_INTERVAL = 2.0
_THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def available_processes() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_threads() -> int:
    """Threads that work here may be spread over: 1 in a worker process and inside :func:`one_thread`."""
    if _held.get():
        return 1
    held = os.environ.get("NUMBA_NUM_THREADS", "")
    return (
        min(available_processes(), int(held)) if held.isdigit() and int(held) > 0 else available_processes()
    )


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep the block to one thread, whatever process it runs in."""
    before = numba.get_num_threads()
    token = _held.set(True)
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
        _held.reset(token)


def child_seeds(seed: int, count: int) -> list[int]:
    """Return `count` seeds spawned from `seed`, independent of each other and of those of any other seed."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(count)]


def run_jobs(
    function: Callable[[Job], Result], jobs: Sequence[Job], processes: int | None = None
) -> Iterator[tuple[int, Result]]:
    """Run ``function(job)`` for every job and yield (index, result) as they finish.

    Parameters
    ----------
    function : Importable function of one argument.
    jobs : Picklable arguments.
    processes : Worker processes; None takes the available cores, 1 runs in this process.

    Yields
    ------
    tuple of int and result
        Place of the job in `jobs`, and what `function` returned.

    Raises
    ------
    Exception
        Whatever a job raised; jobs not yet started are dropped.
    SolverError
        A worker ended abruptly.
    """
    workers = min(available_processes() if processes is None else processes, len(jobs))
    with Workers(workers) as pool:
        yield from pool.run(function, jobs)


class Workers:
    """Worker processes that are kept for several lots of jobs.

    Parameters
    ----------
    processes : How many; None takes the available cores, 1 runs everything in this process. They are started
        with the first lot of more than one job.
    """

    def __init__(self, processes: int | None = None) -> None:
        self.processes = available_processes() if processes is None else processes
        self._pool: ProcessPoolExecutor | None = None
        self._saved: dict[str, str | None] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(at_once=kind is not None)

    def run(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[tuple[int, Result]]:
        """Run jobs as :func:`run_jobs` does, with the workers that are there.

        Parameters
        ----------
        function : Importable function of one argument.
        jobs : Picklable arguments.

        Yields
        ------
        tuple of int and result
            Place of the job in `jobs`, and what `function` returned.

        Raises
        ------
        SolverError
            A worker ended abruptly.
        """
        if self.processes <= 1 or len(jobs) <= 1:
            for index, job in enumerate(jobs):
                yield index, function(job)
            return
        try:
            pool = self._started()
            futures = {pool.submit(function, job): index for index, job in enumerate(jobs)}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            self.close()
            raise SolverError(
                "a worker process ended abruptly: out of memory? (take fewer processes; a script needs "
                'if __name__ == "__main__":)'
            ) from None
        except BaseException:
            self.close(at_once=True)
            raise

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._saved = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
            os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
            self._pool = ProcessPoolExecutor(
                self.processes, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker,
                initargs=(os.getpid(),),
            )  # fmt: skip
        return self._pool

    def close(self, *, at_once: bool = False) -> None:
        """End the workers; `at_once`, where nobody will read their results."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        if at_once:
            _stop(pool)
        pool.shutdown(wait=True, cancel_futures=True)
        _restore(self._saved)


class Slots:
    """Worker processes of which each has its own queue, so that one that dies is known by its job.

    Parameters
    ----------
    count : How many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pools: list[ProcessPoolExecutor | None] = [None] * count

    def submit(self, slot: int, function: Callable[[Job], Result], job: Job) -> Future[Result]:
        """Have a slot's worker do a job; it is started if there is none, or none any more.

        Parameters
        ----------
        slot : Index of the slot, from 0.
        function : Importable function of one argument.
        job : Its argument, picklable.

        Returns
        -------
        Future
            Of what `function` returns; fails with ``BrokenProcessPool`` where the worker dies.
        """
        pool = self._pools[slot]
        if pool is None:
            pool = self._pools[slot] = _new_pool()
        try:
            return pool.submit(function, job)
        except BrokenProcessPool:  # it died idle
            self.drop(slot)
            pool = self._pools[slot] = _new_pool()
            return pool.submit(function, job)

    def drop(self, slot: int) -> None:
        """Forget the worker of `slot`, which has died."""
        pool, self._pools[slot] = self._pools[slot], None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self, *, at_once: bool = False) -> None:
        """End the workers; `at_once`, where nobody will read their results."""
        for slot, pool in enumerate(self._pools):
            if pool is not None:
                if at_once:
                    _stop(pool)
                pool.shutdown(wait=True, cancel_futures=True)
                self._pools[slot] = None


def _new_pool() -> ProcessPoolExecutor:
    """Start one worker process of one thread."""
    saved = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker,
            initargs=(os.getpid(),),
        )  # fmt: skip
        with no_interrupt():
            pool.submit(os.getpid)  # processes start with the first job, and take the environment then
    finally:
        _restore(saved)
    return pool


@contextlib.contextmanager
def no_interrupt() -> Iterator[None]:
    """Have processes that are started here deaf to Ctrl-C from their first moment; it waits meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its own start would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _restore(saved: dict[str, str | None]) -> None:
    for name, value in saved.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, which ends its workers, and end with a parent that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_INTERVAL)
    os._exit(1)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: nobody will read their results."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()
