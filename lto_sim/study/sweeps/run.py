"""``sweep`` and ``resume_sweep``: the entry to sweeps."""

from __future__ import annotations

import contextlib
import logging
import shlex
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError, SolverError
from lto_sim.files import is_store, prepare_target
from lto_sim.microscope import Instrument
from lto_sim.scenario import Scenario
from lto_sim.study.sweeps.activation import write_activation
from lto_sim.study.sweeps.coordinator import Tally, work_off
from lto_sim.study.sweeps.counting import Planned, plan_sweep
from lto_sim.study.sweeps.engines import Engine, make_engine
from lto_sim.study.sweeps.lock import WHOLE, alone, refuse_busy
from lto_sim.study.sweeps.outputs import CustomOutput, imported
from lto_sim.study.sweeps.specification import Sweep, describe
from lto_sim.study.sweeps.store import (
    FAILED,
    HASH,
    PENDING,
    STAMP,
    create_store,
    forget_failures,
    open_sweep,
    read_statuses,
    remove_partial,
    stored_sweep,
)
from lto_sim.study.sweeps.tries import forget

__all__ = ["Workforce", "how_to_go_on", "resume_sweep", "run_sweep", "sweep"]

_LOG: Final = logging.getLogger(__name__)
Progress = Callable[[Tally], None]


def sweep(
    scenario: Scenario,
    axes: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    out: Path | str,
    design: str = "grid",
    samples: int | None = None,
    outputs: Sequence[str | CustomOutput] = ("rate",),
    instrument: Instrument | str | None = None,
    seed: int = 0,
    title: str = "",
    engine: str = "processes",
    workers: int | None = None,
    scheduler: Any = None,
    shard: tuple[int, int] = WHOLE,
    resume: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a scenario over many values, into one store on the disk.

    A run that fails is recorded with its message, and the sweep goes on. Whatever ends the sweep, runs that
    are done stay; the same call with ``resume=True``, or :func:`resume_sweep`, runs only what is missing.

    Parameters
    ----------
    scenario : What is varied.
    axes : Values by path of the scenario (``surface.faces.at``, ``seed``) or, after ``instrument.``, of the
        instrument: lists of numbers [SI] or text with units, or ranges (`Axis`). Of design "list" a list of
        mappings, one a run.
    out : The store, a directory that is made.
    design : "grid" (the last axis fastest), "zip", "list", "latin_hypercube" or "sobol".
    samples : Runs of the latter two.
    outputs : Of "maps", "front", "rate", "current", "Ea", and functions of one's own (`CustomOutput`).
    instrument : Preset, file or instrument: maps are then quantified from its spectra, not rendered with the
        noise of ``maps.noise``.
    seed : Of samples and of the noise: without an axis ``seed``, every run has a seed of its own.
    title : Free text.
    engine : "processes" (workers of one thread each), "serial", or "dask".
    workers : How many; None takes the cores. Results do not depend on engine and workers.
    scheduler : Of dask: an address, a client or a cluster; None starts workers here.
    shard : (i, N): only the i-th of N parts of the runs, counted from 1; the store may be there already.
    resume : Continue a store of the same sweep.
    force : Replace an existing result.
    progress : Called with a :class:`~lto_sim.study.sweeps.coordinator.Tally` as runs finish.

    Returns
    -------
    Dataset on the disk, ``run`` first in every variable, with ``status(run)`` (0 pending, 1 done, 2 failed),
    ``error(run)``, ``wall_time(run)`` [s] and one coordinate for every path; see `open_sweep`.

    Raises
    ------
    InputError
        A sweep that cannot be run, an existing target, a store of another sweep, or one that is worked on.
    SolverError
        The store cannot be written any more, or the scheduler is gone: what is done stays.

    Notes
    -----
    Workers are spawned: a script that calls this keeps its own work under ``if __name__ == "__main__":``.
    """
    described = describe(
        scenario, axes, design=design, samples=samples, outputs=outputs, instrument=instrument, seed=seed,
        title=title,
    )  # fmt: skip
    workforce = Workforce(engine, workers, scheduler, shard)
    tally = run_sweep(described, Path(out), workforce, resume=resume, force=force, progress=progress)
    return _opened(Path(out), tally)


def resume_sweep(
    out: Path | str,
    *,
    engine: str = "processes",
    workers: int | None = None,
    scheduler: Any = None,
    shard: tuple[int, int] = WHOLE,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run what is missing of a sweep.

    Parameters
    ----------
    out : Its store.
    retry_failed : Run those again that failed.
    engine, workers, scheduler, shard, progress : As those of :func:`sweep`.

    Returns
    -------
    As :func:`sweep`.

    Raises
    ------
    InputError
        Nothing there, no sweep, or another coordinator on it.
    SolverError
        See :func:`sweep`.
    """
    described, _ = stored_sweep(Path(out))
    workforce = Workforce(engine, workers, scheduler, shard)
    tally = run_sweep(
        described, Path(out), workforce, resume=True, retry_failed=retry_failed, progress=progress
    )
    return _opened(Path(out), tally)


class Workforce:
    """Who runs a sweep; checked when it is made.

    Parameters
    ----------
    engine, workers, scheduler, shard : As those of :func:`sweep`.

    Raises
    ------
    InputError
        An engine that is not there, workers below 1, or a shard that is no part.
    """

    def __init__(
        self, engine: str = "processes", workers: int | None = None, scheduler: Any = None,
        shard: tuple[int, int] = WHOLE,
    ) -> None:  # fmt: skip
        part, parts = shard
        if not (parts >= 1 and 1 <= part <= parts):
            raise InputError("shard", f"{part}/{parts}", "i/N with i from 1 to N", "for example 1/4")
        make_engine(engine, workers, scheduler, 1)
        self.engine, self.workers, self.scheduler, self.shard = engine, workers, scheduler, (part, parts)

    def start(self, jobs: int) -> Engine:
        """Return an engine for so many `jobs` (runs)."""
        return make_engine(self.engine, self.workers, self.scheduler, jobs)


def run_sweep(
    described: Sweep,
    out: Path | str,
    workforce: Workforce,
    *,
    resume: bool = False,
    force: bool = False,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> Tally:
    """Run a described sweep; see :func:`sweep`.

    Parameters
    ----------
    described : The sweep.
    out : The store, a directory that is made.
    workforce : Who runs it.
    resume : Continue a store of the same sweep.
    force : Replace an existing result.
    retry_failed : Run those that failed again, beside those that are missing.
    progress : Called with a :class:`~lto_sim.study.sweeps.coordinator.Tally` as runs finish.

    Returns
    -------
    Tally
        How many runs are done, failed and missing.

    Raises
    ------
    InputError
        An existing target, a store of another sweep, or one that is worked on.
    SolverError
        The store cannot be written any more, or the scheduler is gone: what is done stays.
    """
    out = Path(out).resolve()
    if retry_failed and workforce.shard != WHOLE:
        raise InputError(
            "retry_failed", retry_failed, "without a shard", "let one coordinator run those again that failed"
        )
    joins = resume or workforce.shard != WHOLE
    for own in described.custom:
        imported(own.function)
    if not (joins and is_store(out)):
        prepare_target(out, force)
        if is_store(out):
            refuse_busy(out)
    planned = plan_sweep(described)
    if not (joins and is_store(out)):
        _create(described, planned, out, force, joins)
    stamp = _joined(described, out)
    with _kept(out), alone(out, workforce.shard):
        if workforce.shard == WHOLE:
            remove_partial(out)
            forget(out, range(described.runs))
            if retry_failed:
                forget_failures(out, stamp, [*planned.refusals])
        runs = _missing(out, planned, workforce.shard)
        forget(out, runs)
        tally = Tally(0)
        _LOG.info("%s: %d of %d runs to do, by %s", out, len(runs), described.runs, workforce.engine)
        if runs:
            with workforce.start(len(runs)) as engine:
                tally = work_off(engine, out, stamp, runs, planned.hashes, progress)
        if "Ea" in described.outputs and not np.any(read_statuses(out, described.runs) == PENDING):
            write_activation(out, stamp, described.runs)
    return tally


def _create(described: Sweep, planned: Planned, out: Path, force: bool, joins: bool) -> None:
    """Make the store, unless another shard has just done so."""
    try:
        create_store(described, planned, out, force)
    except (InputError, OSError):
        if not (joins and is_store(out)):
            raise


def _joined(described: Sweep, out: Path) -> str:
    """Check that a store is of this sweep, and return its stamp."""
    _, attributes = stored_sweep(out)
    if attributes[HASH] != described.hash:
        raise InputError(
            "sweep", str(out), "the store of this very sweep",
            "its configuration is another one: choose another --out, or resume it without a sweep file",
        )  # fmt: skip
    return str(attributes[STAMP])


def _missing(out: Path, planned: Planned, shard: tuple[int, int]) -> list[int]:
    """Runs of a shard that are pending, those of one simulation together."""
    status = read_statuses(out, planned.hashes.size)
    _, group = np.unique(planned.hashes, return_inverse=True)
    mine: NDArray[np.bool_] = (status == PENDING) & (group % shard[1] == shard[0] - 1)
    order = np.lexsort((np.arange(status.size), planned.hashes))
    return [int(n) for n in order if mine[n]]


@contextlib.contextmanager
def _kept(out: Path) -> Any:
    """Say with what ends a sweep that what is done stays."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise SolverError(f"{error.strerror or error}{where}; {how_to_go_on(out)}") from None
    except SolverError as error:
        raise SolverError(f"{error}; {how_to_go_on(out)}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {how_to_go_on(out)}") from None


def how_to_go_on(out: Path) -> str:
    """Say what is kept in `out` of a sweep that has been stopped, and how the rest is run."""
    out = Path(out).resolve()
    if not is_store(out):
        return f"there is nothing at {out}"
    shown = out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out
    command = f"`lto-sim resume {shlex.quote(str(shown))}` runs the rest"
    with contextlib.suppress(Exception):
        runs = stored_sweep(out)[0].runs
        done = int(np.count_nonzero(read_statuses(out, runs) != PENDING))
        return f"{done} of {runs} runs are kept: {command}"
    return f"runs that are done are kept: {command}"


def _opened(out: Path, tally: Tally) -> xr.Dataset:
    dataset = open_sweep(out)
    failed = int(np.count_nonzero(dataset["status"].values == FAILED))
    if failed:
        reason = tally.first_failure or next(str(e) for e in dataset["error"].values if str(e))
        warnings.warn(f"{failed} of {dataset.sizes['run']} runs failed, the first: {reason}", stacklevel=3)
    return dataset
