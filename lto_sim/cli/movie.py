"""``lto-sim movie``: a run, maps, a comparison or a fit of maps as .mp4 and .gif."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from lto_sim.cli.compare import (
    FrameTime,
    FreeOption,
    Pixel,
    PoseOption,
    Scan,
    Start,
    _free_names,
    _number,
    _pose,
)
from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary, progress_bar
from lto_sim.cli.sources import choose_target
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.plot.movie import Movie, MovieScene

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "movie"
EXAMPLE: Final = (
    "Example: lto-sim movie particle_maps.zarr --front particle_front.zarr; "
    'lto-sim movie particle.zarr recorded.tif --frame-time "1.5 s" --pixel "31 nm" --out look.mp4'
)
_ENDINGS: Final = (".mp4", ".gif")
_OPTIONS: Final = {
    "fps": "--fps", "duration": "--duration", "from, to": "--from, --to", "colours": "--colours",
    "width": "--width", "frames": "--fps, --duration", "source": "SOURCE", "source.time": "SOURCE",
    "front": "--front", "front.time": "--front",
}  # fmt: skip
"""What a value is called on the command line."""


class _Given(NamedTuple):
    """What the command line says of recorded maps and of where they lie in a run."""

    frame_time: str | None
    pixel: str | None
    start: str | None
    scan: str | None
    pose: str | None
    free: str | None

    def refuse(self, names: tuple[str, ...], why: str) -> None:
        """Raise InputError for an option that means nothing here."""
        for name in names:
            if getattr(self, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise InputError(option, getattr(self, name), "left out here", why)


_OF_MAPS: Final = ("frame_time", "pixel", "start", "scan")
_OF_COMPARISON: Final = ("pose", "free")


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A run, maps (a store, or a series in .hspy, .tif, .npy, .dm4), a comparison from `lto-sim "
            "compare`, or the directory of a fit of maps.",
        ),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="MAPS",
            help="Maps to compare the run SOURCE with, as `lto-sim compare` does.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="OUT.mp4|OUT.gif",
            help="The movie; default: SOURCE_movie.mp4 and SOURCE_movie.gif.",
            show_default=False,
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", help="Frames a second, 0.1 to 50.", show_default=False),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option("--duration", help='How long the movie lasts, such as "8 s".', show_default=False),
    ] = None,
    start_at: Annotated[
        str | None, typer.Option("--from", help="First time that is shown.", show_default=False)
    ] = None,
    end_at: Annotated[
        str | None, typer.Option("--to", help="Last time that is shown.", show_default=False)
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title above the maps.", show_default=False)] = "",
    colours: Annotated[
        str,
        typer.Option("--colours", metavar="NAME", help="cividis, viridis, inferno, magma, plasma or gray."),
    ] = "cividis",
    width: Annotated[int, typer.Option("--width", help="Width of the picture in pixels.")] = 1280,
    front: Annotated[
        Path | None,
        typer.Option(
            "--front",
            metavar="FRONT.zarr",
            help="Also draw the front that `lto-sim track` found in these maps.",
            show_default=False,
        ),
    ] = None,
    frame_time: FrameTime = None,
    pixel: Pixel = None,
    start: Start = None,
    scan: Scan = None,
    pose: PoseOption = None,
    free: FreeOption = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a movie; without --out as .mp4 and as .gif.

    Panels lie side by side on one scale, with scale bar, time, and one range of colours over all frames: Li
    fractions from 0 to 1, residuals even about 0. Time runs evenly; the movie says how much faster it runs.
    """
    targets = _targets(out, source, other, force)
    given = _Given(frame_time, pixel, start, scan, pose, free)
    times = {name: _time(text, name) for name, text in (("--from", start_at), ("--to", end_at))}
    lasts = _time(duration, "--duration")
    from lto_sim.files import read_dataset
    from lto_sim.plot.movie import write_movie

    try:
        scene = _scene(source, other, given)
        with progress_bar("drawing") as progress:
            movie = write_movie(
                scene,
                targets,
                fps=fps,
                duration=lasts,
                start=times["--from"],
                end=times["--to"],
                title=title,
                colours=colours,
                width=width,
                front=None if front is None else read_dataset(front),
                force=force,
                progress=progress,
            )
    except InputError as error:
        field = _OPTIONS.get(error.field, error.field)
        raise InputError(field, error.value, error.allowed, error.remedy) from None
    print_summary(_summary(movie), as_json, _lines(movie))


def _targets(out: Path | None, source: Path, other: Path | None, force: bool) -> list[Path]:
    """Names of the movies, checked before any work is done."""
    if out is not None and out.suffix.lower() not in _ENDINGS:
        raise InputError(
            "--out", str(out), f"a name that ends in {' or '.join(_ENDINGS)}", "change the ending"
        )
    endings = [""] if out is not None else [f"_movie{ending}" for ending in _ENDINGS]
    kind = "" if other is None else "_comparison"
    targets = [choose_target(out, source, f"{kind}{ending}", force, other=other) for ending in endings]
    for target in targets:
        if target.is_dir():
            raise InputError("--out", str(target), "a file", "choose another path: this is a directory")
    return targets


def _time(text: str | None, option: str) -> float | None:
    from lto_sim.units import to_si

    return None if text is None else to_si(text, "time", option)


def _scene(source: Path, other: Path | None, given: _Given) -> MovieScene:
    """What the movie shows, whatever the sources are."""
    from lto_sim.files import is_store, open_dataset, read_maps
    from lto_sim.plot.movie import movie_scene

    if other is not None:
        return movie_scene(_compared(source, other, given))
    given.refuse(_OF_COMPARISON, "it is for a run and maps: lto-sim movie RUN.zarr MAPS")
    fitted = None if is_store(source) or not source.is_dir() else _fitted_maps(source)
    if fitted is not None or is_store(source):
        with open_dataset(fitted or source) as stored:
            if not _is_maps(stored):
                given.refuse(_OF_MAPS, "it is for recorded maps; this store has its times and pixels")
                return movie_scene(stored)
    maps = read_maps(source, given.frame_time, _length(given.pixel), given.start, given.scan, field="SOURCE")
    return movie_scene(maps)


def _is_maps(stored: xr.Dataset) -> bool:
    """Whether a store is read as maps; what is neither maps nor anything else is refused there."""
    shown = "recorded" in stored or ("li_fraction" in stored and "z" in stored["li_fraction"].dims)
    return not shown and "run" not in stored.dims


def _length(text: str | None) -> float | None:
    return None if text is None else _number(text, "length", "--pixel", '"31 nm"')


def _fitted_maps(directory: Path) -> Path | None:
    """Maps of a fit's directory, those of the first recording; None where it is none."""
    if not (directory / "summary.json").is_file():
        return None
    found = sorted(directory.glob("maps_*.zarr"), key=lambda path: (len(path.name), path.name))
    if (directory / "maps.zarr").is_dir():
        return directory / "maps.zarr"
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError("SOURCE", str(directory), "one recording", f"give one of those in it: {names}")
    return found[0]


def _compared(source: Path, other: Path, given: _Given) -> xr.Dataset:
    """A run beside maps, as `lto-sim compare` lays them."""
    from lto_sim.files import read_dataset, read_maps

    run = read_dataset(source)
    if "li_fraction" not in run or "z" not in run["li_fraction"].dims:
        raise InputError("SOURCE", str(source), "a run, where maps follow", "give the run first, then MAPS")
    names = _free_names(given.free)
    pixel = _length(given.pixel)
    maps = read_maps(other, given.frame_time, pixel, given.start, given.scan, field="MAPS")
    if maps.attrs.get("map_quantity") == "intensity" and "contrast" not in names:
        raise InputError(
            "MAPS", "intensities", "li fractions, or a contrast that is free", "add --free contrast,offset"
        )
    where, _ = _pose(given.pose, names, run, maps)
    from lto_sim.quantify.compare.comparison import compare_maps

    return compare_maps(
        run,
        maps,
        pose=where,
        contrast="free" if "contrast" in names else "fixed",
        offset="free" if "offset" in names else "fixed",
        start_time="free" if "start_time" in names else "fixed",
    ).data


def _summary(movie: Movie) -> dict[str, Any]:
    return {
        "out": list(movie.paths),
        "frames": movie.frames,
        "shown_frames": movie.shown,
        "series_frames": movie.of,
        "fps": movie.fps,
        "duration_s": movie.duration,
        "recorded_s": movie.recorded,
        "speed": movie.speed,
        "size": list(movie.size),
        "limits": {name: list(limits) for name, limits in movie.limits.items()},
    }


def _lines(movie: Movie) -> dict[str, str]:
    limits = (f"{name} {low:.4g} to {high:.4g}" for name, (low, high) in movie.limits.items())
    return {
        "frames": f"{movie.frames}, {movie.fps:.4g} a second; {movie.shown} of {movie.of} of the series",
        "lasts": f"{movie.duration:.4g} s for {movie.recorded:.4g} s: {movie.speed_text}",
        "picture": f"{movie.size[0]} x {movie.size[1]} pixels",
        "colours": ", ".join(limits),
        "stored": ", ".join(str(path) for path in movie.paths),
    }
