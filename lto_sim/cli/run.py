"""``lto-sim run``: simulate a scenario and store the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.dry_run import preview
from lto_sim.cli.options import AsJson, Force, Out, Seed, SetValues
from lto_sim.cli.show import print_summary, progress_bar
from lto_sim.cli.sources import choose_target, load_scenario
from lto_sim.errors import InputError, SolverError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "run"
EXAMPLE: Final = 'Example: lto-sim run particle.toml --set "temperature=75 degC" --out particle_75.zarr'
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


def command(
    scenario_file: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario.")],
    out: Out = None,
    force: Force = False,
    set_values: SetValues = None,
    seed: Seed = None,
    dry_run: DryRun = False,
    mesh: Mesh = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a scenario; the run is stored as SCENARIO.zarr unless --out names it."""
    if mesh and not dry_run:
        raise InputError("--mesh", mesh, "together with --dry-run", "add --dry-run, or leave --mesh out")
    scenario = load_scenario(scenario_file, set_values, seed)
    if dry_run:
        preview(scenario, scenario_file, out, force=force, mesh=mesh, as_json=as_json)
        return
    target = choose_target(out, scenario_file, ".zarr", force)
    from lto_sim.files import write_dataset
    from lto_sim.transport import simulate

    with progress_bar("simulating") as progress:
        solution = simulate(scenario, progress=progress)
    write_dataset(solution, target, force)
    summary = _summary(solution, target)
    if summary["status"] > _ENDED_EARLY:
        raise SolverError(
            f"{summary['status_meaning']} "
            f"(at {summary['end_time_s']:g} s; the run up to there is in {target})"
        )
    print_summary(summary, as_json, _lines(summary))


def _summary(solution: xr.Dataset, target: Path) -> dict[str, Any]:
    copied = (
        "status", "status_meaning", "end_time_s", "cells", "steps", "rejected_steps", "newton_iterations",
        "linear_iterations", "worst_balance_error", "lowest_li_fraction", "highest_li_fraction",
        "configuration_sha256", "seed", "lto_sim_version",
    )  # fmt: skip
    charge = solution["charge"].values
    return {
        "out": target,
        "states": solution.sizes["time"],
        "frames": solution.sizes.get("frame", 0),
        "charge_C": float(charge[-1]) if charge.size else None,
        **{name: solution.attrs[name] for name in copied if name in solution.attrs},
    }


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    return {
        "status": summary["status_meaning"],
        "simulated": f"{summary['end_time_s']:g} s in {summary['steps']} steps on {summary['cells']} cells",
        "charge": f"{summary['charge_C']:.4g} C (extraction > 0)",
        "balance": f"closed to {summary['worst_balance_error']:.1e} of the capacity",
        "stored": f"{summary['states']} states and {summary['frames']} frames in {summary['out']}",
    }
