"""Movies of runs, maps, comparisons and fits: panels side by side one scale, one range of colours.

Colour maps are those that every kind of colour vision can tell apart. The same value has the same colour in
every frame, and time runs evenly: so many times faster or slower than recorded, which the movie says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.plot.movie_files import movie_writer
from lto_sim.plot.movie_pace import movie_pace
from lto_sim.plot.movie_page import MoviePage
from lto_sim.plot.movie_scenes import MoviePanel, MovieScene, movie_scene, with_front
from lto_sim.plot.style import MAP_COLOURS

__all__ = ["MOVIE_COLOURS", "Movie", "MoviePanel", "MovieScene", "movie_scene", "write_movie"]

MOVIE_COLOURS: Final = (MAP_COLOURS, "viridis", "inferno", "magma", "plasma", "gray")
"""Colour maps of Li fraction, even in lightness; the first is the default."""
_NARROWEST, _WIDEST = 200, 3840
"""Of the picture [pixels], the former for each panel."""
_MOST_FRAMES: Final = 20_000


@dataclass(frozen=True)
class Movie:
    """What was written.

    Parameters
    ----------
    paths : The files.
    frames : Frames of the movie.
    shown : Different frames of the series among them.
    of : Frames of the series.
    fps : Frames a second [1/s].
    duration : How long it lasts [s].
    recorded : Time that it covers [s].
    size : Width and height [pixels].
    limits : Values of the first and the last colour of every panel, in its own unit, by its title.
    speed : Ratio of the recorded time to the movie's.
    speed_text : The same in words, as the movie says it.
    """

    paths: tuple[Path, ...]
    frames: int
    shown: int
    of: int
    fps: float
    duration: float
    recorded: float
    size: tuple[int, int]
    limits: dict[str, tuple[float, float]]
    speed: float
    speed_text: str


def write_movie(
    source: xr.Dataset | MovieScene,
    path: Path | str | Sequence[Path | str],
    *,
    fps: float | None = None,
    duration: float | None = None,
    start: float | None = None,
    end: float | None = None,
    title: str = "",
    colours: str = MAP_COLOURS,
    width: int = 1280,
    front: xr.Dataset | None = None,
    force: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Movie:
    """Write a movie as .mp4 (H.264, plays in browsers and presentations), as .gif (loops), or as both.

    Parameters
    ----------
    source : Run, maps, comparison or fitted maps, see `movie_scene`; or a scene of one's own.
    path : Where it goes; several paths get the same frames.
    fps : Frames a second [1/s], 0.1 to 50; default: so that the movie lasts 4 to 20 s.
    duration : How long it lasts [s]; default: one movie frame for each of the series.
    start, end : First and last time that is shown [s]; default: all.
    title : Above the maps.
    colours : One of :data:`MOVIE_COLOURS`, for Li fractions and intensities; residuals have their own.
    width : Width of the picture [pixels], 200 for each panel to 3840; an odd one becomes even.
    front : Front tracked in these maps, drawn as a line across each profile.
    force : Replace existing files.
    progress : Called with the part done, 0 to 1.

    Returns
    -------
    Movie
        Files, frames, size and speed of what was written.

    Raises
    ------
    InputError
        A source that is no series of maps, a value out of range, or a target that may not be written.
    """
    if colours not in MOVIE_COLOURS:
        raise InputError("colours", colours, ", ".join(MOVIE_COLOURS), "choose one of these")
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(p) for p in path]
    scene = (source if isinstance(source, MovieScene) else movie_scene(source)).between(start, end)
    narrowest = _NARROWEST * len(scene.panels)
    if not narrowest <= width <= _WIDEST:
        raise InputError("width", width, f"{narrowest} to {_WIDEST} pixels", "give for example 1280")
    if front is not None:
        scene = with_front(scene, front)
    pace = movie_pace(scene.time, fps, duration)
    if pace.order.size > _MOST_FRAMES:
        raise InputError("frames", int(pace.order.size), f"{_MOST_FRAMES} at most", "give a shorter duration")
    words = pace.speed_text(scene.clock)
    page = MoviePage(scene, width, title, words, colours)
    palettes = list(page.tables.values())
    with ExitStack() as stack:
        writers = [
            stack.enter_context(movie_writer(p, page.size, pace.rate, palettes, title, force)) for p in paths
        ]
        for done, number in enumerate(pace.order):
            picture = page.frame(int(number))
            for writer in writers:
                writer.add(picture)
            if progress is not None:
                progress((done + 1) / pace.order.size)
    limits = {panel.title or panel.label: panel.limits for panel in scene.panels}
    return Movie(
        tuple(paths), pace.order.size, int(np.unique(pace.order).size), scene.time.size, float(pace.rate),
        pace.duration, pace.recorded, page.size, limits, pace.speed, words,
    )  # fmt: skip
