"""What a movie shows: panels of one size over the same frames, from runs, maps, comparisons and map fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.frames import cell_faces

__all__ = ["MoviePanel", "MovieScene", "movie_scene", "with_front"]

Floats = NDArray[np.floating]

_DIMS: Final = ("time", "y", "x")
_LI_FRACTION: Final = "Li fraction x"
_SPREAD: Final = 0.005
"""Part of intensities beyond either end of their colours."""
_LEAST_DEVIATIONS: Final[float] = 3.0
_DIFFERENCES: Final = "PuOr"
"""Orange below, purple above: told apart with every kind of colour vision."""
_PLACES: Final = ("profile_start_x", "profile_start_y", "profile_end_x", "profile_end_y", "profile_width")


@dataclass(frozen=True, eq=False)
class MoviePanel:
    """One of the maps that are shown side by side.

    Parameters
    ----------
    title : What is above it.
    values : (frames, rows, columns), NaN where nothing is known.
    limits : Values of the first and the last colour, in the same unit, the same in all frames.
    label : What the colour bar shows, with its unit.
    colours : Colour map of its own; None: the movie's.
    """

    title: str
    values: Floats
    limits: tuple[float, float]
    label: str
    colours: str | None = None


@dataclass(frozen=True, eq=False)
class MovieScene:
    """All that a movie shows.

    Parameters
    ----------
    panels : Side by side, of equal shapes.
    time : Time of every frame [s], (frames,), increasing.
    y, x : Pixel centres [m], (rows,) and (columns,), evenly spaced.
    clock : What the movie's speed is compared with, in words.
    half : Li fractions (frames, rows, columns) of the run or fit: a line is drawn where they are 0.5.
    fronts : Segments (frames, profiles, 4) x0, y0, x1, y1 [m] across a profile where its front was found.
    """

    panels: tuple[MoviePanel, ...]
    time: NDArray[np.float64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    clock: str
    half: Floats | None = None
    fronts: NDArray[np.float64] | None = None

    def between(self, start: float | None, end: float | None) -> MovieScene:
        """Return the frames from `start` [s] to `end` [s], both included; None: the first, the last.

        Raises
        ------
        InputError
            Fewer than two frames.
        """
        low = -np.inf if start is None else start
        high = np.inf if end is None else end
        kept = (self.time >= low - 1e-9 * abs(low)) & (self.time <= high + 1e-9 * abs(high))
        if np.count_nonzero(kept) < 2:
            own, count = f"{self.time[0]:.6g} to {self.time[-1]:.6g} s", int(np.count_nonzero(kept))
            raise InputError(
                "from, to", f"{count} of {self.time.size} frames", "two frames at least",
                f"the frames are at {own}",
            )  # fmt: skip
        return replace(
            self,
            panels=tuple(replace(panel, values=panel.values[kept]) for panel in self.panels),
            time=self.time[kept],
            half=None if self.half is None else self.half[kept],
            fronts=None if self.fronts is None else self.fronts[kept],
        )


def movie_scene(dataset: xr.Dataset) -> MovieScene:
    """Arrange a dataset for a movie.

    Colours are the same in all frames: li fractions from 0 to 1, residuals even about 0 (99 % of them within,
    3 deviations at least), intensities without the outermost 0.5 % at either end.

    Parameters
    ----------
    dataset : A run (saved states, mean through the thickness; a cylinder or sphere as its cross-section),
        maps ``li_fraction(time, y, x)``, the data of `compare_maps`, or fitted maps of `fit_maps`.

    Returns
    -------
    MovieScene
        Panels side by side, one for a run or maps, three for a comparison or a fit.

    Raises
    ------
    InputError
        Anything else, fewer than two frames, or no value in any.
    """
    if "recorded" in dataset and "simulated" in dataset:
        scene = _compared(dataset, "simulated", dataset["simulated_li_fraction"].values)
    elif "recorded" in dataset and "fitted" in dataset:
        scene = _compared(dataset, "fitted", None)
    elif "li_fraction" in dataset and set(dataset["li_fraction"].dims) == {*_DIMS, "z"}:
        scene = _run(dataset)
    elif "li_fraction" in dataset and set(dataset["li_fraction"].dims) == set(_DIMS):
        scene = _maps(dataset)
    else:
        held = ", ".join(sorted(map(str, dataset.data_vars))[:4]) or "nothing"
        raise InputError(
            "source", held, "a run, maps, a comparison or fitted maps",
            "spectra become maps by `lto-sim quantify`, a sweep is shown by `lto-sim plot`",
        )  # fmt: skip
    if scene.time.size < 2:
        raise InputError("source", f"{scene.time.size} frame", "two at least", "a movie needs a series")
    if np.any(np.diff(scene.time) <= 0.0):
        raise InputError("source.time", "not increasing", "increasing times", "sort the frames")
    if not any(np.isfinite(panel.values).any() for panel in scene.panels):
        raise InputError("source", "no finite value", "one at least", "give other maps")
    return scene


def with_front(scene: MovieScene, front: xr.Dataset) -> MovieScene:
    """Add a tracked front: across every profile a line where its front was found in that frame.

    Raises
    ------
    InputError
        No tracked front, or one whose times are not those of any frame.
    """
    if "front_position" not in front or any(name not in front.variables for name in _PLACES):
        raise InputError(
            "front", sorted(map(str, front.variables))[:4], "a front", "make it by `lto-sim track`"
        )
    times = np.asarray(front["time"].values, dtype=np.float64)
    position = front["front_position"].transpose("time", "profile").values
    near = 0.25 * float(np.diff(scene.time).min())
    nearest = np.clip(np.searchsorted(times, scene.time - near), 0, times.size - 1)
    same = np.abs(times[nearest] - scene.time) <= near
    if not same.any():
        raise InputError(
            "front.time", f"{times.min():.6g} to {times.max():.6g} s",
            f"times of the frames, {scene.time[0]:.6g} to {scene.time[-1]:.6g} s",
            "give the front that was tracked in these maps",
        )  # fmt: skip
    xi = np.where(same[:, None], position[nearest], np.nan)
    start = np.stack([front["profile_start_x"].values, front["profile_start_y"].values], axis=-1)
    end = np.stack([front["profile_end_x"].values, front["profile_end_y"].values], axis=-1)
    along = (end - start) / np.linalg.norm(end - start, axis=-1, keepdims=True)
    middle = start + xi[..., None] * along
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1) * (0.5 * front["profile_width"].values[:, None])
    return replace(scene, fronts=np.concatenate([middle - across, middle + across], axis=-1))


def _axes(dataset: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    time, y, x = (np.asarray(dataset[dim].values, dtype=np.float64) for dim in _DIMS)
    return time, y, x


def _run(run: xr.Dataset) -> MovieScene:
    """Saved states, each the mean through the thickness."""
    time, y, x = _axes(run)
    volume = run["cell_volume"].transpose("z", "y", "x").values
    content = volume.sum(axis=0)
    states = run["li_fraction"].transpose("time", "z", "y", "x").values
    lithium = np.einsum("tzyx,zyx->tyx", states, volume)
    inside = content > 1e-9 * content.max()
    values = np.where(inside, lithium / np.where(inside, content, 1.0), np.nan)
    if run.attrs.get("geometry") == "radial":
        values, x = _cross_section(values[:, 0, :], x)
        y = x
    panel = MoviePanel("", values.astype(np.float32), (0.0, 1.0), _LI_FRACTION)
    return MovieScene((panel,), time, y, x, "real time")


def _cross_section(values: Floats, radius: NDArray[np.float64]) -> tuple[Floats, NDArray[np.float64]]:
    """Section through axis or centre of values (frames, radii), and its pixel centres from its corner."""
    face = cell_faces(radius)
    outer, size = float(face[-1]), 2 * min(max(radius.size, 32), 256)
    centres = (np.arange(size) + 0.5) * (2.0 * outer / size)
    distance = np.hypot(centres[:, None] - outer, centres[None, :] - outer)
    index = np.clip(np.searchsorted(face, distance, side="right") - 1, 0, radius.size - 1)
    section: Floats = np.where(distance <= outer, values[:, index], np.nan)
    return section, np.asarray(centres, dtype=np.float64)


def _maps(maps: xr.Dataset) -> MovieScene:
    values = maps["li_fraction"].transpose(*_DIMS).values
    limits, label = (0.0, 1.0), _LI_FRACTION
    if maps.attrs.get("map_quantity") == "intensity":
        finite = values[np.isfinite(values)]
        ends = np.quantile(finite, (_SPREAD, 1.0 - _SPREAD)) if finite.size else np.zeros(2)
        limits = (float(ends[0]), float(ends[1])) if ends[1] > ends[0] else (ends[0] - 0.5, ends[0] + 0.5)
        units = str(maps["li_fraction"].attrs.get("units", "1"))
        label = "intensity" if units == "1" else f"intensity [{units}]"
    return MovieScene((MoviePanel("", values, limits, label),), *_axes(maps), "recorded")


def _compared(dataset: xr.Dataset, model: str, half: Floats | None) -> MovieScene:
    """Recorded, simulated or fitted, and the residual; in deviations where these are stated."""
    ordered = dataset.transpose(*_DIMS, ...)
    limits, label = _scale(ordered, model)
    stated = "normalised_residual" in ordered
    residual = ordered["normalised_residual" if stated else "residual"].values
    sizes = np.abs(residual[np.isfinite(residual)])
    most = float(np.quantile(sizes, 0.99)) if sizes.size else 0.0
    most = max(_LEAST_DEVIATIONS, most) if stated else most or 1.0
    words = f"recorded − {model}"
    panels = (
        MoviePanel("recorded", ordered["recorded"].values, limits, label),
        MoviePanel(model, ordered[model].values, limits, label),
        MoviePanel(
            "residual", residual, (-most, most),
            f"({words}) / deviation" if stated else f"{words} [Li fraction]", _DIFFERENCES,
        ),
    )  # fmt: skip
    if half is None and label == _LI_FRACTION:
        half = ordered[model].values
    return MovieScene(panels, *_axes(ordered), "recorded", half)


def _scale(dataset: xr.Dataset, model: str) -> tuple[tuple[float, float], str]:
    """Values of li fractions 0 and 1 on the scale of the recorded maps."""
    start = float(dataset.attrs.get("maps_offset", 0.0))
    end = start + float(dataset.attrs.get("maps_contrast", 1.0))
    if model == "fitted":  # with contrast and offset of the fit, which the maps do not tell
        shown = dataset[model].values
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        if low < -0.01 or high > 1.01:
            start, end = low, high
    limits = (min(start, end), max(start, end))
    return limits, _LI_FRACTION if limits == (0.0, 1.0) else "recorded value"
