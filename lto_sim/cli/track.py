"""``lto-sim track``: the front along profiles, from maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force, Out
from lto_sim.cli.show import print_summary, print_table
from lto_sim.cli.sources import choose_target, stored_scenario
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.kinetics import Profile

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "track"
EXAMPLE: Final = (
    'Example: lto-sim track particle_maps.zarr --profile "0 nm,750 nm:1200 nm,750 nm:200 nm"; '
    "lto-sim track particle_maps.zarr --step 2"
)
_FORM: Final = '"x0,y0:x1,y1:width", lengths with units'
_HEADER: Final = ("profile", "time [s]", "xi [nm]", "xi_std [nm]")


def command(
    maps_store: Annotated[Path, typer.Argument(metavar="MAPS.zarr", help="Maps, from `lto-sim render`.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", metavar="X0,Y0:X1,Y1:WIDTH", help=f"{_FORM}; repeatable.", show_default=False
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option("--direction", help="extraction or insertion; found if left out.", show_default=False),
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(
            "--step",
            min=0,
            metavar="N",
            help="Only the frames of this drive step, from 0, with times from its start.",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Track the front along the profiles of the scenario, or of --profile.

    The result is MAPS_front.zarr, with --step MAPS_stepN_front.zarr, unless --out names it; a name that ends
    in .csv makes a table.
    """
    ending = "_front.zarr" if step is None else f"_step{step}_front.zarr"
    target = choose_target(out, maps_store, ending, force, strip="_maps")
    from lto_sim.files import read_dataset

    maps = read_dataset(maps_store)
    if step is not None:
        maps = _frames_of(maps, step)
    from lto_sim.kinetics import track_front

    front = track_front(maps, _profiles(profile, maps), direction=direction)
    rows = _rows(front)
    _store(front, rows, target, force)
    if not as_json:
        print_table(
            _HEADER, [(f"{p:.0f}", f"{t:.3f}", f"{xi * 1e9:.2f}", f"{s * 1e9:.2f}") for p, t, xi, s in rows]
        )
    print_summary(_summary(front, rows, target), as_json, {"stored": str(target)})


def _frames_of(maps: xr.Dataset, step: int) -> xr.Dataset:
    """Return the frames of a drive step."""
    from lto_sim.electrochemistry import select_step

    part = select_step(maps, step)
    if not part.sizes["time"]:
        raise InputError(
            "--step", step, "a drive step with a whole frame in it",
            "frames that run on into the next step are left out: record faster ones, or set scan.restart",
        )  # fmt: skip
    return part


def _profiles(texts: list[str] | None, maps: xr.Dataset) -> list[Profile]:
    from lto_sim.kinetics import numbered_profiles

    if texts:
        return [_parse(text, f"profile {number}") for number, text in enumerate(texts)]
    scenario = stored_scenario(maps)
    specs = () if scenario is None else scenario.profile
    if not specs:
        raise InputError("--profile", None, _FORM, "the maps' scenario has no [[profile]]: give --profile")
    return numbered_profiles(specs)


def _parse(text: str, name: str) -> Profile:
    from lto_sim.kinetics import Profile

    parts = [part.split(",") for part in text.split(":")]
    if [len(part) for part in parts] != [2, 2, 1]:
        raise InputError("--profile", text, _FORM, 'for example "0 nm,750 nm:1200 nm,750 nm:200 nm"')
    x0, y0, x1, y1, width = (_length(cell.strip(), text) for part in parts for cell in part)
    return Profile((x0, y0), (x1, y1), width, name)


def _length(cell: str, text: str) -> float:
    """Return a length [m]; without a unit only 0 is accepted, for 750 is hardly meant as 750 m."""
    from lto_sim.units import to_si

    value = to_si(cell, "length", "--profile")
    if value != 0.0 and not cell[-1].isalpha():
        raise InputError("--profile", text, _FORM, f'"{cell}" has no unit: write for example "{cell} nm"')
    return value


def _rows(front: xr.Dataset) -> list[tuple[float, float, float, float]]:
    """Profile, visiting time, position and deviation of every front found, in SI."""
    import numpy as np

    rows = []
    for number in range(front.sizes["profile"]):
        one = front.isel(profile=number)
        columns = (one["front_time"].values, one["front_position"].values, one["front_position_std"].values)
        rows += [
            (float(number), float(t), float(xi), float(s))
            for t, xi, s in zip(*columns, strict=True)
            if np.isfinite(xi) and np.isfinite(s) and np.isfinite(t)
        ]
    return rows


def _store(
    front: xr.Dataset, rows: list[tuple[float, float, float, float]], target: Path, force: bool
) -> None:
    from lto_sim.files import write_dataset, write_table

    if target.suffix != ".csv":
        write_dataset(front, target, force)
        return
    number, time, xi, xi_std = (list(column) for column in zip(*rows, strict=True))
    columns = {"time": time, "xi": xi, "xi_std": xi_std}
    if front.sizes["profile"] > 1:
        columns["profile"] = number
    write_table(target, "front", columns, str(front.attrs.get("history", "")), force)


def _summary(
    front: xr.Dataset, rows: list[tuple[float, float, float, float]], target: Path
) -> dict[str, Any]:
    return {
        "out": target,
        "direction": front.attrs["direction"],
        "frames": front.sizes["time"],
        **({"step": int(front.attrs["drive_step_number"])} if "drive_step_number" in front.attrs else {}),
        "fronts": [{"profile": int(p), "time_s": t, "xi_m": xi, "xi_std_m": s} for p, t, xi, s in rows],
    }
