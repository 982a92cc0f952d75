"""``lto-sim compare``: a run laid beside recorded or simulated maps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force, Out
from lto_sim.cli.show import print_summary
from lto_sim.cli.sources import OF_MAPS, check_picture, choose_target, naming_options
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.quantify.compare.comparison import Comparison, Nuisance
    from lto_sim.quantify.compare.pose import Pose

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "compare"
EXAMPLE: Final = (
    "Example: lto-sim compare particle.zarr particle_maps.zarr --picture look.png; "
    'lto-sim compare particle.zarr recorded.tif --frame-time "1.5 s" --pixel "31 nm" '
    "--free contrast,offset,start_time,rotation"
)
_NUISANCES: Final = ("contrast", "offset", "start_time")
_POSES: Final = ("rotation", "scale", "mirror")
_FORM: Final = 'find, none or "DX,DY,ANGLE" with units'
_SHIFTED: Final = 'for example "30 nm,-12 nm,2.5 deg"'

FreeOption = Annotated[
    str | None,
    typer.Option(
        "--free",
        metavar="A,B",
        help="What is sought: contrast, offset, start_time of the maps; rotation, scale, mirror of the pose.",
        show_default=False,
    ),
]
PoseOption = Annotated[
    str | None,
    typer.Option(
        "--pose",
        metavar="POSE",
        help="Where the recorded frame lies in the run's: find (from the outline), none (the same), or shift "
        'and rotation about its centre, "DX,DY,ANGLE"; default: none for simulated maps, else find.',
        show_default=False,
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="OUT.png",
        help="Also draw a few frames: recorded, simulated, difference.",
        show_default=False,
    ),
]
FrameTime = Annotated[
    str | None,
    typer.Option(
        "--frame-time",
        help='Time from frame to frame, such as "1.5 s"; wins over the file.',
        show_default=False,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        help="Time of the run at which the first frame starts; without it the time of the file.",
        show_default=False,
    ),
]
Scan = Annotated[
    str | None,
    typer.Option(
        "--scan",
        metavar="rows|none",
        help="rows: pixels are visited row by row over the frame time, the default for files without pixel "
        "times; none: all pixels of a frame at its time.",
        show_default=False,
    ),
]
Pixel = Annotated[
    str | None,
    typer.Option("--pixel", help='Size of a pixel, such as "31 nm"; wins over the file.', show_default=False),
]


def command(
    run_store: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="A run, from `lto-sim run`.")],
    maps_file: Annotated[
        Path, typer.Argument(metavar="MAPS", help="Maps: a store, or a series in .hspy, .tif, .npy, .dm4.")
    ],
    pose: PoseOption = None,
    free: FreeOption = None,
    frame_time: FrameTime = None,
    pixel: Pixel = None,
    start: Start = None,
    scan: Scan = None,
    out: Out = None,
    force: Force = False,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Compare maps with what a run would have shown on their pixels at their times.

    Stores recorded and simulated maps, residuals and misfit as RUN_comparison.zarr unless --out names it.
    """
    target = choose_target(out, run_store, "_comparison.zarr", force, other=maps_file)
    if picture is not None:
        check_picture(picture, force)
    names = _free_names(free)
    from lto_sim.files import read_dataset, read_maps, write_dataset

    run = read_dataset(run_store)
    size = None if pixel is None else _number(pixel, "length", "--pixel", '"31 nm"')
    with naming_options(OF_MAPS):
        maps = read_maps(maps_file, frame_time, size, start, scan, field="MAPS")
    if maps.attrs.get("map_quantity") == "intensity" and "contrast" not in names:
        raise InputError(
            "MAPS", "intensities", "li fractions, or a contrast that is free", "add --free contrast,offset"
        )
    where, how = _pose(pose, names, run, maps)
    from lto_sim.quantify.compare.comparison import compare_maps

    comparison = compare_maps(
        run,
        maps,
        pose=where,
        contrast="free" if "contrast" in names else "fixed",
        offset="free" if "offset" in names else "fixed",
        start_time="free" if "start_time" in names else "fixed",
    )
    if picture is not None:
        _draw(comparison.data, picture, force)
    write_dataset(comparison.data, target, force)
    summary = _summary(comparison, how, target)
    if picture is not None:
        summary["picture"] = picture
    print_summary(summary, as_json, _lines(summary))


def _free_names(text: str | None) -> set[str]:
    names = {part.strip() for part in (text or "").split(",")} - {""}
    if names - {*_NUISANCES, *_POSES} or (text is not None and not names):
        raise InputError("--free", text, f"{', '.join((*_NUISANCES, *_POSES))}", "correct the names")
    return names


def _number(text: str, kind: str, option: str, example: str) -> float:
    """Return a length or an angle; without a unit only 0 is accepted."""
    from lto_sim.units import to_si

    value = to_si(text, kind, option)
    if value != 0.0 and not text.strip()[-1].isalpha():
        raise InputError(option, text, f"a {kind} with its unit", f"write for example {example}")
    return value


def _pose(text: str | None, names: set[str], run: xr.Dataset, maps: xr.Dataset) -> tuple[Pose | None, str]:
    """Return the pose, None where the frames are the same, and where it comes from."""
    sought = sorted(names & set(_POSES))
    if text is None:
        simulated = bool(maps.attrs.get("configuration"))
        text = "find" if sought or not simulated else "none"
    if text != "find" and sought:
        raise InputError(
            "--free", ",".join(sought), "only with --pose find", "leave it out, or find the pose"
        )
    if text == "none":
        return None, "the maps' frame taken for the run's"
    from lto_sim.quantify.compare.pose import Pose, find_pose

    if text == "find":
        try:
            return find_pose(maps, run, free=("shift", *sought)), "found from the outline"
        except InputError as error:
            if error.field != "pose":
                raise
            remedy = f'give --pose none (the frames are the same) or --pose "DX,DY,ANGLE", {_SHIFTED}'
            raise InputError("--pose find", error.value, error.allowed, remedy) from None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not all(parts):
        raise InputError("--pose", text, _FORM, _SHIFTED)
    x, y = (_number(part, "length", "--pose", '"30 nm"') for part in parts[:2])
    centre = tuple(0.5 * float(maps[axis].values[0] + maps[axis].values[-1]) for axis in ("x", "y"))
    turn = _number(parts[2], "angle", "--pose", '"2.5 deg"')
    return Pose((x, y), turn, centre=(centre[0], centre[1])), "as given"


def _draw(comparison: xr.Dataset, picture: Path, force: bool) -> None:
    from lto_sim.files import new_file
    from lto_sim.plot.comparison import plot_comparison

    page = plot_comparison(comparison)
    with new_file(picture, force) as temporary:
        page.savefig(temporary, format="png")


def _summary(comparison: Comparison, how: str, target: Path) -> dict[str, Any]:
    import numpy as np

    data, pose = comparison.data, comparison.pose
    compared = np.isfinite(data["misfit"].values)
    difference = np.where(compared, data["lithium_difference"].values, 0.0)
    largest = int(np.argmax(np.abs(difference)))
    return {
        "out": target,
        "sizes": {axis: data.sizes[axis] for axis in ("time", "y", "x")},
        "compared_frames": int(compared.sum()),
        "source": comparison.source,
        "pose": {
            "origin": how,
            "shift_m": pose.shift,
            "shift_std_m": pose.shift_std,
            "rotation_rad": pose.rotation,
            "rotation_std_rad": pose.rotation_std,
            "scale": pose.scale,
            "scale_std": pose.scale_std,
            "mirror": pose.mirror,
            "alternative": pose.alternative,
        },
        "maps.contrast": _pair(comparison.contrast),
        "maps.offset": _pair(comparison.offset),
        "maps.start_time": _pair(comparison.start_time),
        "chi_square_per_freedom": comparison.chi_square,
        "degrees_of_freedom": comparison.freedom,
        **comparison.statistics,
        "largest_lithium_difference": {
            "time_s": float(data["time"].values[largest]),
            "value": float(difference[largest]),
            "std": float(data["lithium_difference_std"].values[largest]),
        },
    }


def _pair(nuisance: Nuisance) -> dict[str, float | None]:
    return {"value": nuisance.value, "std": nuisance.deviation}


def _with(value: float, deviation: float | None, unit: str = "", factor: float = 1.0) -> str:
    text = f"{value * factor:.4g}"
    text = text if deviation is None else f"{text} +- {deviation * factor:.2g}"
    return f"{text} {unit}".strip()


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    sizes, pose, most = summary["sizes"], summary["pose"], summary["largest_lithium_difference"]
    frames = f"{summary['compared_frames']} of {sizes['time']}"
    lines = {
        "frames": f"{frames} compared, {sizes['x']} x {sizes['y']} pixels",
        "run": summary["source"],
        "pose": f"{_pose_line(pose)} ({pose['origin']})",
    }
    if pose["alternative"]:
        lines["fits as well"] = f"{pose['alternative']}: give --pose if it is that one"
    for name, unit in (("contrast", ""), ("offset", ""), ("start_time", "s")):
        found = summary[f"maps.{name}"]
        if found["std"] is not None:
            lines[name] = _with(found["value"], found["std"], unit)
    chi_square, freedom = summary["chi_square_per_freedom"], summary["degrees_of_freedom"]
    stated = f"{chi_square:.4f} per degree of freedom ({freedom} of them)" if chi_square is not None else ""
    lines["chi-square"] = stated or "unknown: the maps state no deviation (li_fraction_std)"
    lines["residual"] = f"rms {summary['rms']:.4g}, mean {_with(summary['bias'], summary['bias_std'])}"
    lines["neighbours"] = (
        f"correlation {summary['correlation_x']:.3f} along x, {summary['correlation_y']:.3f} along y; noise "
        f"has 0 +- {summary['correlation_std']:.2g}"
    )
    lines["at the front"] = (
        f"{100 * summary['front_share']:.1f} % of the squared residuals in "
        f"{100 * summary['front_pixels']:.1f} % of the pixels"
    )
    lines["lithium"] = (
        f"largest mean difference {_with(most['value'], most['std'])} at {most['time_s']:.4g} s"
    )
    if "picture" in summary:
        lines["picture"] = str(summary["picture"])
    return {**lines, "stored": str(summary["out"])}


def _pose_line(pose: dict[str, Any]) -> str:
    std = pose["shift_std_m"] or (None, None)
    x, y = (_with(v, s, "nm", 1e9) for v, s in zip(pose["shift_m"], std, strict=True))
    degrees = math.degrees(1.0)
    parts = [
        f"shift {x}, {y}",
        f"rotation {_with(pose['rotation_rad'], pose['rotation_std_rad'], 'deg', degrees)}",
    ]
    if pose["scale_std"] is not None:
        parts.append(f"scale {_with(pose['scale'], pose['scale_std'])}")
    return ", ".join([*parts, "mirrored"] if pose["mirror"] else parts)
