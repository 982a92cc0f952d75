"""``lto-sim render``: lithium maps of a run, as a microscope would deliver them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lto_sim.cli.options import AsJson, Force, Out, Seed, SetValues
from lto_sim.cli.show import print_summary
from lto_sim.cli.sources import assignments, choose_target, naming_options, stored_scenario
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.scenario import Scenario

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "render"
EXAMPLE: Final = "Example: lto-sim render particle.zarr --set maps.noise=0.1 --seed 7"


def command(
    run_store: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="A run, from `lto-sim run`.")],
    out: Out = None,
    force: Force = False,
    set_values: SetValues = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Render lithium maps, stored as RUN_maps.zarr unless --out names them.

    --set takes the keys of [maps]; everything else belongs to the run.
    """
    target = choose_target(out, run_store, "_maps.zarr", force)
    from lto_sim.files import read_dataset, write_dataset

    solution = read_dataset(run_store)
    with naming_options({"run": "RUN.zarr"}):
        scenario = _with_maps(solution, set_values, seed)
    from lto_sim.microscope import render_maps

    solution.attrs["configuration"] = scenario.to_toml()
    maps = render_maps(
        solution, noise=scenario.maps.noise, probe_fwhm=scenario.maps.probe_fwhm, rng=scenario.seed
    )
    write_dataset(maps, target, force)
    sizes = {axis: maps.sizes[axis] for axis in ("time", "y", "x")}
    noise = f"{scenario.maps.noise:g} (standard deviation of a pixel's li fraction)"
    print_summary(
        {"out": target, "sizes": sizes, "noise": scenario.maps.noise, "seed": scenario.seed},
        as_json,
        {
            "frames": f"{sizes['time']} of {sizes['x']} x {sizes['y']} pixels",
            "noise": noise,
            "stored": str(target),
        },
    )


def _with_maps(solution: xr.Dataset, set_values: list[str] | None, seed: int | None) -> Scenario:
    """Return the run's scenario with the values of this rendering, and of nothing else."""
    scenario = stored_scenario(solution)
    if scenario is None or "li_fraction" not in solution or "z" not in solution["li_fraction"].dims:
        raise InputError(
            "run",
            list(map(str, solution.data_vars)),
            "a run with its configuration",
            "give the store of a run",
        )
    values = assignments(set_values)
    for path in values:
        if not path.startswith("maps."):
            raise InputError("--set", path, "maps.noise or maps.probe_fwhm", "set it in `lto-sim run`")
    if seed is not None:
        values["seed"] = seed
    return scenario.with_values(values)
