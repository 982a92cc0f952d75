"""The forward model as jobs: a scenario at given values, read where and when the probe was.

A job depends on nothing but its own content. Its result is kept by the hash of that content, in memory and,
where a directory is given, on disk: a fit that was interrupted asks for the same runs again and finds them.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import LtoSimError
from lto_sim.execution import Workers
from lto_sim.files import RunCache
from lto_sim.provenance import package_version
from lto_sim.scenario import Scenario
from lto_sim.transport.visits import PixelGrid, VisitedRun, visit

__all__ = ["ForwardJob", "Runner"]

Floats = NDArray[np.float64]

_LOG: Final = logging.getLogger(__name__)
_MOST_IN_MEMORY: Final = 512 * 2**20
"""Bytes of results that are kept in memory."""


@dataclass(frozen=True, eq=False)
class ForwardJob:
    """One run.

    Parameters
    ----------
    scenario : Plain mapping of the scenario, all values set.
    grid : Pixels.
    times : When each is read [s], (sets, frames, rows, columns).
    steps : Ends of the steps to take [s]; None: the solver's own.
    stamp : Hash of the files that the scenario names.
    """

    scenario: dict[str, Any]
    grid: PixelGrid
    times: Floats
    steps: Floats | None = None
    stamp: str = ""

    def key(self) -> str:
        """Hash of everything that the result depends on."""
        digest = hashlib.sha256(json.dumps(self.scenario, sort_keys=True).encode())
        digest.update(f"{package_version()} {self.stamp}".encode())
        for values in (self.grid.x, self.grid.y, self.times, self.steps):
            digest.update(b"none" if values is None else np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ForwardResult:
    """What came of a job: values, or in words why there are none.

    Parameters
    ----------
    values : As of :class:`VisitedRun`.
    steps : Ends of the steps [s].
    failure : Empty where the run got to its end.
    """

    values: NDArray[np.float32]
    steps: Floats
    failure: str = ""


def run_job(job: ForwardJob) -> ForwardResult:
    """Run a job; whatever goes wrong in it is its result."""
    try:
        run: VisitedRun = visit(Scenario.from_dict(job.scenario), job.grid, job.times, job.steps)
    except (LtoSimError, ArithmeticError) as error:
        return ForwardResult(np.empty(0, np.float32), np.empty(0), str(error))
    if run.failure:
        return ForwardResult(np.empty(0, np.float32), np.empty(0), run.failure)
    return ForwardResult(run.values, run.steps)


@dataclass(eq=False)
class Runner:
    """Runs jobs in worker processes, each only once.

    Parameters
    ----------
    workers : The processes.
    cache : Results on disk; None: in memory only.
    ran, reused : Runs made, and results that were on disk already.
    failures : What went wrong, one line a run that failed.
    on_run : Called after every run.
    """

    workers: Workers
    cache: RunCache | None = None
    ran: int = 0
    reused: int = 0
    failures: list[str] = field(default_factory=list)
    on_run: Callable[[], None] | None = None
    _kept: dict[str, ForwardResult] = field(default_factory=dict)
    _bytes: int = 0

    def results(self, jobs: Sequence[ForwardJob]) -> list[ForwardResult]:
        """Results in the order of the jobs."""
        keys = [job.key() for job in jobs]
        found: dict[str, ForwardResult] = {}
        new: dict[str, ForwardJob] = {}
        for key, job in zip(keys, jobs, strict=True):
            if key in found or key in new:
                continue
            known = self._known(key)
            if known is None:
                new[key] = job
            else:
                found[key] = known
        order = list(new)
        for index, result in self.workers.run(run_job, [new[key] for key in order]):
            self._keep(order[index], result)
            found[order[index]] = result
            self.ran += 1
            _LOG.debug("forward run %.12s...: %s", order[index], result.failure or "done")
            if self.on_run is not None:
                self.on_run()
        for key in order:
            if found[key].failure:
                self.failures.append(found[key].failure)
        return [found[key] for key in keys]

    def _known(self, key: str) -> ForwardResult | None:
        if key in self._kept:
            return self._kept[key]
        stored = None if self.cache is None else self.cache.read(key)
        if stored is None:
            return None
        self.reused += 1
        _LOG.debug("forward run %.12s...: found finished in the cache", key)
        result = ForwardResult(stored["values"].astype(np.float32), stored["steps"].astype(np.float64))
        self._remember(key, result)
        return result

    def _keep(self, key: str, result: ForwardResult) -> None:
        if self.cache is not None and not result.failure:
            self.cache.write(key, {"values": result.values, "steps": result.steps})
        self._remember(key, result)

    def _remember(self, key: str, result: ForwardResult) -> None:
        self._kept[key] = result
        self._bytes += result.values.nbytes
        while self._bytes > _MOST_IN_MEMORY and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            self._bytes -= self._kept.pop(oldest).values.nbytes
