"""``lto-sim track``: the front along profiles, from own maps or from a recorded series of them."""

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
    "lto-sim track particle_maps.zarr --step 2; "
    'lto-sim track recorded.tif --frame-time "1.5 s" --pixel "31 nm" --profile "0 nm,1 um:2 um,1 um:0.2 um"'
)
_FORM: Final = '"x0,y0:x1,y1:width", lengths with units'
_PLACED: Final = ("map_quantity", "frame_time_s", "frame_time_origin", "pixel_m", "pixel_origin", "scan")
"""Attributes of maps that a file or the command line placed."""
_HEADER: Final = ("profile", "time [s]", "xi [nm]", "xi_std [nm]")


def command(
    maps_store: Annotated[
        Path,
        typer.Argument(
            metavar="MAPS",
            help="Maps from `lto-sim render`, or a series of them: .tif, .hspy, .npy (time, y, x), .dm4.",
        ),
    ],
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
    frame_time: Annotated[
        str | None,
        typer.Option(
            "--frame-time",
            help='Time from frame to frame, such as "1.5 s"; wins over the file.',
            show_default=False,
        ),
    ] = None,
    pixel: Annotated[
        str | None,
        typer.Option(
            "--pixel", help='Size of a pixel, such as "31 nm"; wins over the file.', show_default=False
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            help='Start of the first frame; without it that of the file, or "0 s".',
            show_default=False,
        ),
    ] = None,
    scan: Annotated[
        str | None,
        typer.Option(
            "--scan",
            metavar="rows|none",
            help="rows: pixels are visited row by row over the frame time, the default for files without "
            "pixel times; none: all pixels of a frame at its time.",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Track the front along the profiles of the scenario, or of --profile.

    Values need not be li fractions: a front is a step in any intensity. Lengths count from the top left
    corner of the image. The result is MAPS_front.zarr, with --step MAPS_stepN_front.zarr, unless --out names
    it; a name that ends in .nc makes netCDF, in .csv a table.
    """
    ending = "_front.zarr" if step is None else f"_step{step}_front.zarr"
    target = choose_target(out, maps_store, ending, force, strip="_maps")
    from lto_sim.files import read_maps

    size = None if pixel is None else _length(pixel, pixel, "--pixel", "a length with its unit")
    maps = read_maps(maps_store, frame_time, size, start, scan)
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
    print_summary(
        _summary(front, maps, rows, target), as_json, {**_lines(front, maps), "stored": str(target)}
    )


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
    x0, y0, x1, y1, width = (
        _length(cell.strip(), text, "--profile", _FORM) for part in parts for cell in part
    )
    return Profile((x0, y0), (x1, y1), width, name)


def _length(cell: str, text: str, option: str, form: str) -> float:
    """Return a length [m]; without a unit only 0 is accepted, for 750 is hardly meant as 750 m."""
    from lto_sim.units import to_si

    value = to_si(cell, "length", option)
    if value != 0.0 and not cell.rstrip()[-1].isalpha():
        raise InputError(option, text, form, f'"{cell}" has no unit: write for example "{cell} nm"')
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
    front: xr.Dataset, maps: xr.Dataset, rows: list[tuple[float, float, float, float]], target: Path
) -> dict[str, Any]:
    return {
        "out": target,
        "direction": front.attrs["direction"],
        "frames": front.sizes["time"],
        **({"step": int(front.attrs["drive_step_number"])} if "drive_step_number" in front.attrs else {}),
        **{key: maps.attrs[key] for key in _PLACED if key in maps.attrs},
        "fronts": [{"profile": int(p), "time_s": t, "xi_m": xi, "xi_std_m": s} for p, t, xi, s in rows],
    }


def _lines(front: xr.Dataset, maps: xr.Dataset) -> dict[str, str]:
    """What was taken from a file, and what was given; of complete own maps nothing."""
    attrs = maps.attrs
    lines = {}
    if attrs.get("map_quantity") == "intensity":
        rises = front.attrs["direction"] == "extraction"
        lines["values"] = "intensities, not li fractions"
        lines["direction"] = (
            f"{front.attrs['direction']}, if lithium makes a pixel brighter: the intensity "
            f"{'rises' if rises else 'falls'} away from the contact"
        )
    if "pixel_m" in attrs:
        size = f"pixel {attrs['pixel_m'] * 1e9:.6g} nm ({attrs['pixel_origin']})"
        lines["image"] = f"{_extent(maps, 'x')}, {_extent(maps, 'y')}; {size}"
    if "frame_time_s" in attrs:
        lines["frame time"] = f"{attrs['frame_time_s']:.6g} s ({attrs['frame_time_origin']})"
    if "scan" in attrs:
        lines["scan"] = str(attrs["scan"])
    return lines


def _extent(maps: xr.Dataset, dim: str) -> str:
    """From where to where the pixels reach along an axis."""
    centres = maps[dim].values * 1e9
    half = 0.5 * (centres[-1] - centres[0]) / max(centres.size - 1, 1)
    low, high = round(centres[0] - half, 3) + 0.0, round(centres[-1] + half, 3)  # + 0.0: no "-0"
    return f"{dim} {low:.6g} to {high:.6g} nm"
