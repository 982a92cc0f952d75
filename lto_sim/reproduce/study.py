"""The whole reproduction: runs in parallel, one directory out, written whole or not at all."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lto_sim.errors import InputError
from lto_sim.execution import child_seeds, run_jobs
from lto_sim.files import new_directory, prepare_target, write_dataset, write_json
from lto_sim.reproduce.case import Case, CaseResult, run_case
from lto_sim.reproduce.experiment import DIRECTIONS, TEMPERATURES_degC
from lto_sim.reproduce.figures import build_figures
from lto_sim.reproduce.summary import TABLE_HEADER, build_summary, table_cells
from lto_sim.transport import plan_run

__all__ = ["plan_reproduction", "reproduce", "study_cases"]

_PARTIAL_TEMPERATURE = 75.0
_PARTIAL_COVERAGES = (0.8, 0.6, 0.4, 0.2)
_OWNED = (
    "title", "temperature", "initial", "drive", "contacts.lps.where", "specimen.outline", "profile", "seed",
)  # fmt: skip


def study_cases(seed: int, overrides: dict[str, Any] | None = None) -> list[Case]:
    """Every run of the study, longest first; each has its own seed, derived from `seed`."""
    values = tuple(_allowed(overrides or {}).items())
    seeds = iter(child_seeds(seed, len(DIRECTIONS) * len(TEMPERATURES_degC) + len(_PARTIAL_COVERAGES)))
    cases = [Case(d, t, next(seeds), overrides=values) for d in DIRECTIONS for t in TEMPERATURES_degC]
    partial = [
        Case("extraction", _PARTIAL_TEMPERATURE, next(seeds), coverage, values)
        for coverage in _PARTIAL_COVERAGES
    ]
    return [*partial, *cases]


def _allowed(overrides: dict[str, Any]) -> dict[str, Any]:
    """Refuse values that the study itself sets, run by run."""
    for path, value in overrides.items():
        owned = next((own for own in _OWNED if path == own or path.startswith(f"{own}.")), None)
        if owned is not None:
            raise InputError(
                path,
                value,
                f"any key but those under {', '.join(_OWNED)}",
                "the study sets it; use `lto-sim run`",
            )
    return overrides


def plan_reproduction(seed: int = 0, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Count what a reproduction would do, after checking every scenario of it.

    Raises
    ------
    InputError
        An override that a scenario refuses.
    """
    plans = [plan_run(case.scenario()) for case in study_cases(seed, overrides)]
    return {
        "runs": len(plans),
        "cells": max(p.cells for p in plans),
        "steps": sum(p.steps for p in plans),
        "frames": sum(p.frames for p in plans),
        "memory_bytes": sum(p.memory_bytes for p in plans),
    }


def reproduce(
    out: Path,
    *,
    seed: int = 0,
    force: bool = False,
    processes: int | None = None,
    overrides: dict[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Repeat the published experiment in simulation and write everything to a directory.

    Parameters
    ----------
    out : Directory to make: ``summary.json``, ``table.csv``, ``figures/*.png``, and one directory for each
        run with ``run.zarr``, ``maps.zarr``, ``front.zarr``, ``scenario.toml``.
    seed : Seed of the map noise.
    force : Replace an earlier result.
    processes : Worker processes; None takes the available cores.
    overrides : Values by scenario path for every run, as for ``--set``.
    progress : Called with the part of the runs that is done.

    Returns
    -------
    The summary, as in ``summary.json``.

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
    cases = study_cases(seed, overrides)
    with new_directory(out, force) as directory:
        results: dict[int, CaseResult] = {}
        for index, result in run_jobs(run_case, cases, processes):
            results[index] = result
            _write_case(directory / "runs" / result.case.name, result)
            if progress is not None:
                progress(len(results) / (len(cases) + 1))
        ordered = [results[index] for index in range(len(cases))]
        _write_figures(directory / "figures", ordered)
        summary = build_summary(ordered, time.perf_counter() - begin, seed, overrides or {})
        _write_table(directory / "table.csv", summary)
        write_json(directory / "summary.json", summary)
        if progress is not None:
            progress(1.0)
    return summary


def _write_case(directory: Path, result: CaseResult) -> None:
    directory.mkdir(parents=True)
    write_dataset(result.run, directory / "run.zarr")
    write_dataset(result.maps, directory / "maps.zarr")
    write_dataset(result.front, directory / "front.zarr")
    (directory / "scenario.toml").write_text(str(result.run.attrs["configuration"]), encoding="utf-8")


def _write_figures(directory: Path, results: Sequence[CaseResult]) -> None:
    directory.mkdir()
    for name, figure in build_figures(results).items():
        figure.savefig(directory / f"{name}.png")


def _write_table(path: Path, summary: dict[str, Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([TABLE_HEADER, *table_cells(summary)])
