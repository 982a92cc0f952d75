"""``lto-sim track``: the front along profiles, from own maps or from a recorded series of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force, Out
from lto_sim.cli.show import print_summary, print_table
from lto_sim.cli.sources import OF_MAPS, choose_target, naming_options
from lto_sim.cli.track_profiles import (
    PROFILE_FORM,
    Chosen,
    ProfileOptions,
    choose_profiles,
    profile_summary,
    read_length,
)
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "track"
EXAMPLE: Final = (
    'Example: lto-sim track particle_maps.zarr --profile "0 nm,750 nm:1200 nm,750 nm:200 nm"; '
    "lto-sim track particle_maps.zarr --contact lps --count 5 --model shell; "
    'lto-sim track recorded.tif --frame-time "1.5 s" --pixel "31 nm" --profile "0 nm,1 um:2 um,1 um:0.2 um"'
)
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
            "--profile", metavar="X0,Y0:X1,Y1:WIDTH", help=f"{PROFILE_FORM}; repeatable.", show_default=False
        ),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(
            "--contact",
            metavar="NAME",
            help="Profiles along the normal of this contact of the scenario.",
            show_default=False,
        ),
    ] = None,
    contact_line: Annotated[
        str | None,
        typer.Option(
            "--contact-line",
            metavar="X,Y;X,Y;...",
            help="Profiles along the normal of a contact through these points.",
            show_default=False,
        ),
    ] = None,
    inside: Annotated[
        str | None,
        typer.Option(
            "--inside",
            metavar="X,Y",
            help="A point in the particle, where both sides of --contact-line have values.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count", min=1, metavar="N", help="Profiles to divide a contact into.", show_default=False
        ),
    ] = None,
    length: Annotated[
        str | None,
        typer.Option(
            "--length",
            help='How far from a contact to look, such as "1 um"; else as the scenario\'s profiles.',
            show_default=False,
        ),
    ] = None,
    pick: Annotated[
        bool, typer.Option("--pick", help="Pick profiles with the mouse; needs a display.")
    ] = False,
    start_std: Annotated[
        str | None,
        typer.Option(
            "--start-std",
            metavar="LENGTH",
            help="Standard deviation of where the contact truly is, along the profile; else 0 for those of "
            "the scenario, pixel/sqrt(12) for others.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="step|shell|auto",
            help="step: a blurred step; shell: a front that runs ahead along the faces of a lamella, by its "
            "mean; auto: the likelier one.",
        ),
    ] = "step",
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
    """Track the front along the profiles of the scenario, or of those given, divided or picked.

    Values need not be li fractions: a front is a step in any intensity. Lengths count from the top left
    corner of the image. The result is MAPS_front.zarr, with --step MAPS_stepN_front.zarr, unless --out names
    it; a name that ends in .nc makes netCDF, in .csv a table.
    """
    ending = "_front.zarr" if step is None else f"_step{step}_front.zarr"
    target = choose_target(out, maps_store, ending, force, strip="_maps")
    from lto_sim.files import read_maps

    size = None if pixel is None else read_length(pixel, pixel, "--pixel", "a length with its unit")
    with naming_options(OF_MAPS):
        maps = read_maps(maps_store, frame_time, size, start, scan)
    if step is not None:
        maps = _frames_of(maps, step)
    from lto_sim.kinetics import track_front

    options = ProfileOptions(
        tuple(profile or ()), contact, contact_line, inside, count, length, start_std, pick
    )
    chosen = choose_profiles(options, maps)
    with naming_options({"direction": "--direction", "model": "--model"}):
        front = track_front(maps, chosen.profiles, direction=direction, model=model)
    rows = _rows(front)
    _store(front, rows, target, force)
    if not as_json:
        print_table(
            _HEADER, [(f"{p:.0f}", f"{t:.3f}", f"{xi * 1e9:.2f}", f"{s * 1e9:.2f}") for p, t, xi, s in rows]
        )
    summary = _summary(front, maps, rows, target) | {"profiles": profile_summary(chosen, front)}
    print_summary(summary, as_json, {**_lines(front, maps, chosen), "stored": str(target)})


def _frames_of(maps: xr.Dataset, step: int) -> xr.Dataset:
    """Return the frames of a drive step."""
    from lto_sim.electrochemistry import select_step

    try:
        part = select_step(maps, step)
    except InputError as error:
        if error.field != "drive step":
            raise
        remedy = "`lto-sim electrical` lists the steps of a run"
        raise InputError("--step", step, error.allowed, remedy) from None
    if not part.sizes["time"]:
        raise InputError(
            "--step", step, "a drive step with a whole frame in it",
            "frames that run on into the next step are left out: record faster ones, or set scan.restart",
        )  # fmt: skip
    return part


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
    known = front["profile_start_std"].values
    if known.any():
        columns["start_std"] = [float(known[int(item)]) for item in number]
    write_table(target, "front", columns, str(front.attrs.get("history", "")), force)


def _summary(
    front: xr.Dataset, maps: xr.Dataset, rows: list[tuple[float, float, float, float]], target: Path
) -> dict[str, Any]:
    return {
        "out": target,
        "direction": front.attrs["direction"],
        "model": front.attrs["front_model"],
        "frames": front.sizes["time"],
        **({"step": int(front.attrs["drive_step_number"])} if "drive_step_number" in front.attrs else {}),
        **{key: maps.attrs[key] for key in _PLACED if key in maps.attrs},
        "fronts": [{"profile": int(p), "time_s": t, "xi_m": xi, "xi_std_m": s} for p, t, xi, s in rows],
    }


def _lines(front: xr.Dataset, maps: xr.Dataset, chosen: Chosen) -> dict[str, str]:
    """What became of the frames, how well the contact is known, and what file or command line placed."""
    attrs = maps.attrs
    lines = _counts(front) | {"contact position": chosen.contact_position()}
    if front.attrs["front_model"] == "shell":
        longest = float(front["shell_length"].max()) * 1e9
        lines["model"] = f"shell, falling off over {longest:.4g} nm at most; positions are of the mean front"
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


def _counts(front: xr.Dataset) -> dict[str, str]:
    """Frames with a front of every profile, and why the others have none."""
    from lto_sim.kinetics.fronts import count_frames

    return {
        f"profile {count.profile}": f"{count.found} of {count.frames} frames"
        + (f"; {count.reasons()}" if count.reasons() else "")
        for count in count_frames(front)
    }


def _extent(maps: xr.Dataset, dim: str) -> str:
    """From where to where the pixels reach along an axis."""
    centres = maps[dim].values * 1e9
    half = 0.5 * (centres[-1] - centres[0]) / max(centres.size - 1, 1)
    low, high = round(centres[0] - half, 3) + 0.0, round(centres[-1] + half, 3)  # + 0.0: no "-0"
    return f"{dim} {low:.6g} to {high:.6g} nm"
