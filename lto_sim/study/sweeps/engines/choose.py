"""The engines by name."""

from __future__ import annotations

from typing import Any, Final

from lto_sim.errors import InputError
from lto_sim.execution import available_processes
from lto_sim.study.sweeps.engines.dask_engine import Dask
from lto_sim.study.sweeps.engines.engine import Engine
from lto_sim.study.sweeps.engines.processes import Processes
from lto_sim.study.sweeps.engines.serial import Serial

__all__ = ["ENGINES", "make_engine"]

ENGINES: Final = ("processes", "serial", "dask")
"""Who can run a sweep: workers of one thread each, this process alone, or a dask scheduler."""


def make_engine(name: str, workers: int | None, scheduler: Any, jobs: int) -> Engine:
    """Return an engine, not yet started.

    Parameters
    ----------
    name : One of :data:`ENGINES`.
    workers : Worker processes; None: the cores.
    scheduler : Of dask.
    jobs : Runs there are: no more workers than that.

    Raises
    ------
    InputError
        An unknown engine, workers below 1, or a scheduler of another engine than dask.
    """
    if name not in ENGINES:
        raise InputError("engine", name, ", ".join(ENGINES), "choose one of them")
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise InputError("workers", workers, "1 or more", "leave it out to take the cores")
    if scheduler is not None and name != "dask":
        raise InputError("scheduler", str(scheduler), 'with engine "dask"', "add the engine, or leave it out")
    count = min(available_processes() if workers is None else workers, max(jobs, 1))
    if name == "serial":
        return Serial()
    return Processes(count) if name == "processes" else Dask(scheduler, count)
