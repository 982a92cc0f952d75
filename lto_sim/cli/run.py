"""``lto-sim run``: simulate a scenario and store the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.dry_run import preview
from lto_sim.cli.options import AsJson, Force, Out, Seed, SetValues
from lto_sim.cli.show import print_summary, progress_bar
from lto_sim.cli.sources import choose_target, load_scenario, read_time
from lto_sim.errors import InputError, SolverError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "run"
EXAMPLE: Final = (
    'Example: lto-sim run particle.toml --set "temperature=75 degC" --out particle_75.zarr; '
    'lto-sim run particle.toml --restart particle.zarr --at "12 s"'
)
_ENDED_EARLY = 1

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Check, count and draw the specimen, but do not run. The picture, SCENARIO_specimen.png beside "
        "where the run would go, renews that of an earlier dry run; any other file of that name stays, "
        "with a warning, unless --force is given.",
    ),
]
Mesh = Annotated[
    bool, typer.Option("--mesh", help="With --dry-run: draw cells and surface elements into the picture.")
]
Restart = Annotated[
    Path | None,
    typer.Option(
        "--restart",
        metavar="RUN.zarr",
        help="Continue this run of the same scenario from its last saved state. Later drive steps, output "
        "and profiles may differ. The result holds what follows and is SCENARIO_continued.zarr unless --out "
        "names it.",
        show_default=False,
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help='With --restart: time of the saved state, such as "12 s"; the nearest one is taken.',
        show_default=False,
    ),
]


def command(
    scenario_file: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario.")],
    out: Out = None,
    force: Force = False,
    set_values: SetValues = None,
    seed: Seed = None,
    restart: Restart = None,
    at: At = None,
    dry_run: DryRun = False,
    mesh: Mesh = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a scenario; the run is stored as SCENARIO.zarr unless --out names it."""
    if mesh and not dry_run:
        raise InputError("--mesh", mesh, "together with --dry-run", "add --dry-run, or leave --mesh out")
    if at is not None and restart is None:
        raise InputError("--at", at, "together with --restart", "name the run that is continued")
    if restart is not None and dry_run:
        raise InputError("--restart", str(restart), "absent with --dry-run", "leave one of them out")
    scenario = load_scenario(scenario_file, set_values, seed)
    if dry_run:
        preview(scenario, scenario_file, out, force=force, mesh=mesh, as_json=as_json)
        return
    target = choose_target(
        out, scenario_file, ".zarr" if restart is None else "_continued.zarr", force, other=restart
    )
    moment = None if at is None else read_time(at, "--at")
    from lto_sim.files import read_dataset, write_dataset
    from lto_sim.transport import simulate

    before = None if restart is None else read_dataset(restart)
    with progress_bar("simulating") as progress:
        solution = simulate(scenario, restart=before, restart_time=moment, progress=progress)
    write_dataset(solution, target, force)
    summary = _summary(solution, target)
    if summary["status"] > _ENDED_EARLY:
        raise SolverError(
            f"{summary['status_meaning']} "
            f"(at {summary['end_time_s']:g} s; the run up to there is in {target})"
        )
    print_summary(summary, as_json, _lines(summary))


def _summary(solution: xr.Dataset, target: Path) -> dict[str, Any]:
    import numpy as np

    copied = (
        "status", "status_meaning", "end_time_s", "cells", "steps", "rejected_steps", "newton_iterations",
        "linear_iterations", "worst_balance_error", "lowest_li_fraction", "highest_li_fraction", "capacity_C",
        "configuration_sha256", "seed", "lto_sim_version",
    )  # fmt: skip
    time, charge, potential = (solution[name].values for name in ("time_fine", "charge", "potential"))
    return {
        "out": target,
        "states": solution.sizes["time"],
        "frames": solution.sizes.get("frame", 0),
        "start_time_s": float(time[0]) if time.size else None,
        "charge_C": float(charge[-1]) if charge.size else None,
        "potential_V": float(potential[-1]) if potential.size else None,
        "largest_current_A": float(np.abs(solution["current"].values).max(initial=0.0)),
        "drive_steps": [
            {name: step[name] for name in ("number", "kind", "end_s", "ended_by")}
            for step in json.loads(solution.attrs["drive_steps"])
        ],
        **{name: solution.attrs[name] for name in copied if name in solution.attrs},
    }


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    charge, capacity = summary["charge_C"], summary["capacity_C"]
    since = f", from {summary['start_time_s']:g} s on," if summary["start_time_s"] else ""
    return {
        "status": summary["status_meaning"],
        "simulated": (
            f"{summary['end_time_s']:g} s{since} in {summary['steps']} steps on {summary['cells']} cells"
        ),
        "drive": _ends(summary["drive_steps"]),
        "charge": f"{charge:.4g} C (extraction > 0), {100.0 * charge / capacity:.4g} % of the capacity",
        "at the end": f"{summary['potential_V']:.4g} V",
        "largest current": f"{summary['largest_current_A']:.4g} A",
        "balance": f"closed to {summary['worst_balance_error']:.1e} of the capacity",
        "stored": f"{summary['states']} states and {summary['frames']} frames in {summary['out']}",
    }


def _ends(steps: list[dict[str, Any]]) -> str:
    """How many drive steps ended how."""
    reasons = [step["ended_by"] for step in steps]
    count = f"{len(steps)} step{'' if len(steps) == 1 else 's'}"
    if len(set(reasons)) == 1:
        return f"{count} ended by {reasons[0]}"
    by = ", ".join(f"{reasons.count(reason)} by {reason}" for reason in dict.fromkeys(reasons))
    return f"{count} ended, {by}"
