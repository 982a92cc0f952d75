"""The whole reproduction: runs in parallel, one directory out, written whole or not at all."""

from __future__ import annotations

import csv
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.execution import run_jobs
from lto_sim.files import new_directory, prepare_target, write_dataset, write_json
from lto_sim.provenance import K_DEFINITIONS, package_version
from lto_sim.report import write_report
from lto_sim.reproduce.case import Case, CaseResult, run_case
from lto_sim.reproduce.figures import build_figures
from lto_sim.reproduce.grid import GRID_HEADER, GridCase, GridPoint, grid_cells, run_grid_case
from lto_sim.reproduce.plan import Study, grid_cases, study_cases
from lto_sim.reproduce.summary import TABLE_HEADER, build_summary, table_cells

__all__ = ["reproduce", "run_job"]

_LOG: Final = logging.getLogger(__name__)


def run_job(job: Case | GridCase) -> CaseResult | GridPoint:
    """Run a measured case or a pair of the grid."""
    return run_case(job) if isinstance(job, Case) else run_grid_case(job)


def reproduce(
    out: Path,
    *,
    seed: int = 0,
    force: bool = False,
    processes: int | None = None,
    overrides: dict[str, Any] | None = None,
    study: Study | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Repeat the published experiment in simulation and write everything to a directory.

    Parameters
    ----------
    out : Directory to make: ``report.html``, ``summary.json``, ``table.csv``, ``conductances.csv``,
        ``figures/*.png``, and one directory for each run with ``run.zarr``, ``maps.zarr``, ``front.zarr``
        and ``fit.json`` (where there is a front, and a fit of it), ``scenario.toml``.
    seed : Seed of the counts.
    force : Replace an earlier result.
    processes : Worker processes; None takes the available cores.
    overrides : Values by scenario path for every run, as for ``--set``; those under ``surface`` for every
        measured run with surfaces, those under ``instrument`` for the recording.
    study : What is run; None takes the whole experiment.
    progress : Called with the part of the runs that is done.

    Returns
    -------
    The summary, as in ``summary.json``; ``report`` is the name of the report, None where it could not be
    made, which is warned of: the results are kept.

    Raises
    ------
    InputError
        An existing target without `force`, or an override that a scenario or the study refuses.

    Notes
    -----
    Workers are spawned: a script that calls this keeps its own work under ``if __name__ == "__main__":``.
    """
    begin = time.perf_counter()
    prepare_target(out, force)
    jobs: list[Case | GridCase] = []
    jobs += study_cases(seed, overrides, study)
    jobs += grid_cases(overrides, study)
    with new_directory(out, force) as directory:
        done: dict[int, CaseResult | GridPoint] = {}
        for index, result in run_jobs(run_job, jobs, processes):
            done[index] = result
            _LOG.info("%d of %d runs done", len(done), len(jobs))
            if isinstance(result, CaseResult):
                _write_case(directory / "runs" / result.case.name, result)
            if progress is not None:
                progress(len(done) / (len(jobs) + 1))
        ordered = [done[index] for index in range(len(jobs))]
        results = [r for r in ordered if isinstance(r, CaseResult)]
        grid = [r for r in ordered if isinstance(r, GridPoint)]
        _write_figures(directory / "figures", results, grid)
        summary = build_summary(results, grid, time.perf_counter() - begin, seed, overrides or {})
        _write_table(directory / "table.csv", TABLE_HEADER, table_cells(summary))
        _write_table(directory / "conductances.csv", GRID_HEADER, grid_cells(grid))
        write_json(directory / "summary.json", summary)
        summary["report"], refusal = _write_report(directory)
        write_json(directory / "summary.json", summary, force=True)
        if progress is not None:
            progress(1.0)
    if refusal:
        warnings.warn(f"no report was made ({refusal}): try `lto-sim report {out}`", stacklevel=2)
    return summary


def _write_case(directory: Path, result: CaseResult) -> None:
    directory.mkdir(parents=True)
    write_dataset(result.run, directory / "run.zarr")
    write_dataset(result.maps, directory / "maps.zarr")
    if result.front is not None:
        write_dataset(result.front, directory / "front.zarr")
    if result.fit is not None:
        write_json(directory / "fit.json", _fit_summary(result))
    (directory / "scenario.toml").write_text(str(result.run.attrs["configuration"]), encoding="utf-8")


def _fit_summary(result: CaseResult) -> dict[str, Any]:
    """The fit of one run as ``lto-sim fit --out`` writes it."""
    fit = {} if result.fit is None else result.fit.summary()
    return {
        "fit": "rate constant",
        **fit,
        "k_definition": K_DEFINITIONS["2kt"],
        "version": package_version(),
        "source": "front.zarr",
        "direction": result.case.direction,
        "temperature_degC": result.case.temperature_degC,
        "temperature_K": result.case.temperature_degC + ZERO_CELSIUS,
        "configuration_sha256": result.run.attrs["configuration_sha256"],
    }


def _write_report(directory: Path) -> tuple[str | None, str]:
    """Write the report of a finished directory; return its name, or why there is none."""
    name = "report.html"
    try:
        write_report(directory, directory / name)
    except Exception as error:  # whatever it is, the results are there
        return None, " ".join(str(error).split()) or type(error).__name__
    return name, ""


def _write_figures(directory: Path, results: Sequence[CaseResult], grid: Sequence[GridPoint]) -> None:
    directory.mkdir()
    for name, figure in build_figures(results, grid).items():
        figure.savefig(directory / f"{name}.png")


def _write_table(path: Path, header: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *cells])
