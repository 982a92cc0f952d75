"""``lto-sim sweep``: a scenario over many values, into one store."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.completion import axis_paths
from lto_sim.cli.options import AsJson, Force, Out, Seed, SetValues
from lto_sim.cli.show import print_summary
from lto_sim.cli.sources import assignments, choose_target
from lto_sim.cli.sweep_options import (
    Engine,
    Scheduler,
    Shard,
    Workers,
    find_custom,
    following,
    result_lines,
    telling_how_to_go_on,
    time_text,
    workforce,
)
from lto_sim.errors import InputError, SolverError

if TYPE_CHECKING:
    from lto_sim.study.sweeps import Estimate, Sweep

__all__ = ["EXAMPLE", "NAME", "command", "finish"]

NAME: Final = "sweep"
EXAMPLE: Final = (
    'Example: lto-sim sweep particle.toml --axis "temperature=30 degC,75 degC" --axis "seed=0,1,2"; '
    "lto-sim sweep sweep.toml --dry-run"
)

Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--axis",
        metavar="PATH=VALUE,VALUE",
        help="Of a scenario: values of a path; repeatable, every combination is run.",
        show_default=False,
        autocompletion=axis_paths,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="OUTPUT",
        help="Of a scenario: what is kept of a run: maps, front, rate, current, Ea; repeatable.",
        show_default=False,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Check and count, try a few runs, say what all would take; store nothing."
    ),
]


def command(
    source: Annotated[
        Path, typer.Argument(metavar="SWEEP.toml", help="A sweep file, or a scenario with --axis.")
    ],
    axis: Axes = None,
    keep: Keep = None,
    out: Out = None,
    force: Force = False,
    set_values: SetValues = None,
    seed: Seed = None,
    engine: Engine = "processes",
    workers: Workers = None,
    scheduler: Scheduler = None,
    shard: Shard = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario over many values; the store is SWEEP.zarr, of a scenario SCENARIO_sweep.zarr, or --out.

    A run that fails is recorded, and the others go on. `lto-sim status` shows from another terminal how far
    it is; after whatever ended it, `lto-sim resume` runs what is missing.
    """
    who = workforce(engine, workers, scheduler, shard)
    described, ending = _described(source, axis, keep, set_values, seed)
    find_custom(described, source.resolve().parent)
    if dry_run:
        from lto_sim.study.sweeps import estimate_sweep

        estimate = estimate_sweep(described, engine, workers)
        print_summary(estimate.summary(), as_json, _estimate_lines(estimate))
        return
    target = Path(source.resolve().stem + ending) if out is None else out
    if shard is None:
        target = choose_target(target, source, ending, force)
    from lto_sim.study.sweeps import run_sweep

    with telling_how_to_go_on(target), following() as progress:
        run_sweep(described, target, who, force=force, progress=progress)
    finish(target, as_json)


def finish(target: Path, as_json: bool) -> None:
    """Print how a sweep ended.

    Raises
    ------
    SolverError
        Every run failed.
    """
    from lto_sim.study.sweeps import sweep_status

    status = sweep_status(target)
    if status.failed == status.total:
        raise SolverError(f"all {status.total} runs failed, the first: {status.reasons[0][0]} ({target})")
    if status.failed:
        warnings.warn(f"{status.failed} of {status.total} runs failed: see error in the store", stacklevel=2)
    print_summary(status.summary() | {"out": target}, as_json, result_lines(status, target))


def _described(
    source: Path,
    axis: list[str] | None,
    keep: list[str] | None,
    set_values: list[str] | None,
    seed: int | None,
) -> tuple[Sweep, str]:
    """Return the sweep of a file, and how its store's name ends."""
    from lto_sim.scenario import read_toml, set_paths
    from lto_sim.study.sweeps import read_sweep, sweep_of_scenario

    values = assignments(set_values)
    if not axis:
        if keep:
            raise InputError("--keep", keep, "together with --axis", "name outputs in the sweep file")
        return read_sweep(source, values, seed), ".zarr"
    mapping = set_paths(read_toml(source), values)
    if "specimen" not in mapping:
        raise InputError(
            "--axis", axis, "absent with a sweep file", "write it under [axes], or give a scenario"
        )
    return sweep_of_scenario(mapping, _axes(axis), keep or [], seed), "_sweep.zarr"


def _axes(texts: list[str]) -> dict[str, list[Any]]:
    from lto_sim.scenario import parse_assignment

    axes: dict[str, list[Any]] = {}
    for text in texts:
        path, sign, rest = text.partition("=")
        if not sign or not path.strip() or not rest.strip():
            raise InputError("--axis", text, "path=value,value", 'for example "temperature=30 degC,75 degC"')
        if path.strip() in axes:
            raise InputError("--axis", text, "every path once", "remove one of them")
        axes[path.strip()] = _with_unit([parse_assignment(f"{path}={value}")[1] for value in rest.split(",")])
    return axes


def _with_unit(values: list[Any]) -> list[Any]:
    """Give numbers the unit of the last value, as in 45,60,75 degC."""
    from lto_sim.units import split_quantity

    last = values[-1]
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values[:-1]]
    if not isinstance(last, str) or not all(numbers) or not numbers or not last[:1].isdigit():
        return values
    unit = split_quantity(last)[1]
    return [*(f"{value} {unit}" for value in values[:-1]), last]


def _estimate_lines(estimate: Estimate) -> dict[str, str]:
    runs = f"{estimate.runs}"
    if estimate.refused:
        runs += f", {estimate.refused} of them refused by their scenario"
    if estimate.simulations != estimate.runs - estimate.refused:
        runs += f"; {estimate.simulations} different simulations"
    low, high = estimate.cells
    lines = {
        "runs": runs,
        **({"refused": estimate.refusal} if estimate.refusal else {}),
        "cells": f"{low}" if low == high else f"{low} to {high}",
        "steps": f"about {estimate.steps} a run",
        "time": f"about {time_text(estimate.time_s)} on {estimate.workers} workers, "
        f"{time_text(estimate.run_time_s)} a run (tried {estimate.tried})",
        "memory": f"about {estimate.memory_bytes / 2**20:.0f} MiB for all workers",
        "disk": f"about {estimate.disk_bytes / 2**20:.3g} MiB in {estimate.files} files",
    }
    for reason in dict.fromkeys(estimate.failures):
        lines["failed when tried"] = reason
    return lines
