"""What the probe meets: projected composition, thickness and coverage of every pixel at its own time.

Three sources: a scan recorded during the run, saved states of a run (interpolated at each pixel's time,
with a warning where a front moves more than half a pixel between two of them), or maps.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.specimen.raster import overlap_weights, pixel_offsets

__all__ = ["Frames", "Raster", "cell_faces", "column_stack", "frames_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Raster:
    """A scan, for sources that have none of their own.

    Parameters
    ----------
    frame_time : Time for one frame [s]; None: the interval of saved states.
    pixels : Pixels (x, y); None: the cells.
    order : Fast axis.
    flyback : Dead time at each line's end [s].
    """

    frame_time: float | None = None
    pixels: tuple[int, int] | None = None
    order: Literal["rows", "columns"] = "rows"
    flyback: float = 0.0


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames without noise.

    Parameters
    ----------
    values : Projected li fraction (time, y, x), NaN where there is no particle.
    time : Start of every frame [s].
    pixel_time : Time of a pixel within its frame [s], (y, x).
    y, x : Pixel centres [m].
    thickness : Mean thickness of what a pixel covers [m], (y, x); 0 where that is nothing.
    coverage : Part of a pixel that the particle covers, (y, x).
    dwell : Time for one pixel [s].
    source : Where the frames come from, in words.
    drive_step : Drive step of every frame; None where unknown.
    """

    values: Floats
    time: Floats
    pixel_time: Floats
    y: Floats
    x: Floats
    thickness: Floats
    coverage: Floats
    dwell: float
    source: str
    drive_step: NDArray[np.int32] | None = None

    def visited(self, frame: int) -> NDArray[np.bool_]:
        """Pixels of a frame that the run has lasted to, (y, x)."""
        return np.asarray(np.isfinite(self.values[frame]) | (self.coverage == 0.0))

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Size of a pixel (y, x) [m]."""
        step_y = self.y[1] - self.y[0] if self.y.size > 1 else 2.0 * self.y[0]
        step_x = self.x[1] - self.x[0] if self.x.size > 1 else 2.0 * self.x[0]
        return float(step_y), float(step_x)


def frames_of(solution: xr.Dataset, raster: Raster | None = None) -> Frames:
    """Frames of a run or of maps.

    Parameters
    ----------
    solution : Run (`simulate`), or maps with ``li_fraction(time, y, x)`` and ``thickness(y, x)``.
    raster : The scan where `solution` has none.

    Raises
    ------
    InputError
        A radial run, fewer than two saved states and no scan, a scan that contradicts the recorded one, or
        neither run nor maps.
    """
    if solution.attrs.get("geometry") == "radial":
        raise InputError("solution", "a radial run", "a slab or a rectangle", "maps need an image plane")
    raster = raster or Raster()
    if "scan_li_fraction" in solution:
        return _recorded(solution, raster)
    if "li_fraction" in solution and solution["li_fraction"].dims == ("time", "y", "x"):
        return _of_maps(solution)
    if "li_fraction" not in solution or "cell_volume" not in solution:
        raise InputError(
            "solution", list(map(str, solution.data_vars)), "a run, or maps with li_fraction and thickness",
            "give what `lto-sim run` or `lto-sim render` stored",
        )  # fmt: skip
    return _interpolated(solution, raster)


def _recorded(solution: xr.Dataset, raster: Raster) -> Frames:
    y, x = solution["pixel_y"].values, solution["pixel_x"].values
    if raster.pixels is not None and raster.pixels != (x.size, y.size):
        raise InputError(
            "instrument.scan.pixels", raster.pixels, f"{(x.size, y.size)}, as the run has recorded",
            "leave it out, or change [scan] of the scenario and run again",
        )  # fmt: skip
    dwell = float(solution.attrs.get("scan_dwell_s", 0.0)) or _dwell(solution["pixel_time"].values)
    thickness, coverage = _pixels(solution, x.size, y.size)
    return Frames(
        solution["scan_li_fraction"].values.astype(np.float64),
        solution["frame_time"].values,
        solution["pixel_time"].values,
        y,
        x,
        thickness,
        coverage,
        dwell,
        "as the run has recorded it",
        solution["drive_step_of_frame"].values if "drive_step_of_frame" in solution else None,
    )


def _dwell(pixel_time: Floats) -> float:
    """Shortest time between two pixels of a frame; of a single pixel twice its own."""
    times = np.unique(pixel_time)
    return float(np.diff(times).min()) if times.size > 1 else 2.0 * float(times[0])


def _of_maps(maps: xr.Dataset) -> Frames:
    values = maps["li_fraction"].values.astype(np.float64)
    if "thickness" not in maps or "pixel_time" not in maps:
        raise InputError("maps", list(map(str, maps.data_vars)), "thickness and pixel_time", "add them")
    noise = float(maps.attrs.get("map_noise", 0.0))
    if noise > 0.0:
        raise InputError(
            "maps", f"noise {noise:g}", "maps without noise", "render them with --set maps.noise=0"
        )
    inside = np.isfinite(values).any(axis=0)
    pixel_time = maps["pixel_time"].values
    dwell = float(maps.attrs.get("scan_dwell_s", 0.0)) or _dwell(pixel_time)
    step = maps["drive_step_of_frame"].values if "drive_step_of_frame" in maps else None
    thickness = np.asarray(np.where(inside, maps["thickness"].values, 0.0))
    covered = np.asarray(inside, dtype=np.float64)
    return Frames(
        values, maps["time"].values, pixel_time, maps["y"].values, maps["x"].values, thickness,
        covered, dwell, "that of the maps", step,
    )  # fmt: skip


def cell_faces(centres: Floats) -> Floats:
    """Cell boundaries of evenly spaced centres; a single cell begins at 0."""
    step = 2.0 * centres[0] if centres.size == 1 else centres[1] - centres[0]
    return np.asarray(centres[0] - 0.5 * step + np.arange(centres.size + 1) * step, dtype=np.float64)


def column_stack(solution: xr.Dataset) -> tuple[Floats, Floats]:
    """Volume of every column of cells [m3] and the area of it that the particle covers [m2], (y, x)."""
    volume = solution["cell_volume"].sum("z").values
    thickness = np.broadcast_to(solution["thickness"].values, volume.shape)
    return volume, np.where(volume > 0.0, volume / np.where(thickness > 0.0, thickness, 1.0), 0.0)


def _shares(solution: xr.Dataset, columns: int, rows: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights of cells in pixels along x and y, and the faces of pixels."""
    y_face, x_face = cell_faces(solution["y"].values), cell_faces(solution["x"].values)
    x_pixel = np.linspace(x_face[0], x_face[-1], columns + 1)
    y_pixel = np.linspace(y_face[0], y_face[-1], rows + 1)
    return overlap_weights(x_face, x_pixel), overlap_weights(y_face, y_pixel), x_pixel, y_pixel


def _pixels(solution: xr.Dataset, columns: int, rows: int) -> tuple[Floats, Floats]:
    """Thickness [m] and coverage of pixels, (rows, columns)."""
    weight_x, weight_y, _, _ = _shares(solution, columns, rows)
    volume, area = column_stack(solution)
    y_face, x_face = cell_faces(solution["y"].values), cell_faces(solution["x"].values)
    cell = np.diff(y_face)[:, None] * np.diff(x_face)[None, :]
    mean_volume = weight_y @ (volume / cell) @ weight_x.T
    coverage = np.clip(weight_y @ (area / cell) @ weight_x.T, 0.0, 1.0)
    some = coverage > 1e-9
    thickness = np.where(some, mean_volume / np.where(some, coverage, 1.0), 0.0)
    return thickness, np.where(some, coverage, 0.0)


def _projected(solution: xr.Dataset, columns: int, rows: int) -> tuple[Floats, Floats, Floats]:
    """Saved states as the mean through the thickness over pixels, and the pixel axes."""
    volume = solution["cell_volume"]
    lithium = (solution["li_fraction"].astype(np.float64) * volume).sum("z")
    weight_x, weight_y, x_pixel, y_pixel = _shares(solution, columns, rows)
    content = weight_y @ volume.sum("z").values @ weight_x.T
    inside = content > 1e-9 * content.max()
    images = weight_y @ lithium.transpose("time", "y", "x").values @ weight_x.T
    images = np.where(inside, images / np.where(inside, content, 1.0), np.nan)
    return images, 0.5 * (y_pixel[1:] + y_pixel[:-1]), 0.5 * (x_pixel[1:] + x_pixel[:-1])


def _interpolated(solution: xr.Dataset, raster: Raster) -> Frames:
    states = solution["time"].values
    if states.size < 2:
        raise InputError("solution", f"{states.size} saved state", "two or more, or a scan", "add [scan]")
    columns, rows = raster.pixels or (solution.sizes["x"], solution.sizes["y"])
    images, y, x = _projected(solution, columns, rows)
    frame_time = float(states[1] - states[0]) if raster.frame_time is None else raster.frame_time
    if not (np.isfinite(frame_time) and frame_time > 0.0):
        raise InputError("frame_time", frame_time, "> 0 s", 'give for example "1.5 s"')
    lines, points = (rows, columns) if raster.order == "rows" else (columns, rows)
    dwell = (frame_time / lines - raster.flyback) / points
    if not dwell > 0.0:
        raise InputError(
            "instrument.scan.flyback", raster.flyback, f"< {frame_time / lines:g} s a line", "shorten it"
        )
    _warn_if_smeared(images)
    offsets = pixel_offsets((columns, rows), frame_time, raster.flyback, raster.order)
    frames = max(1, int(np.floor((states[-1] - states[0]) / frame_time * (1.0 + 1e-9))))
    start = states[0] + np.arange(frames) * frame_time
    when = np.minimum(start[:, None, None] + offsets, states[-1])
    index = np.clip(np.searchsorted(states, when, side="right") - 1, 0, states.size - 2)
    weight = (when - states[index]) / (states[index + 1] - states[index])
    along_y, along_x = np.indices(offsets.shape)
    before, after = images[index, along_y, along_x], images[index + 1, along_y, along_x]
    thickness, coverage = _pixels(solution, columns, rows)
    values = before + weight * (after - before)
    source = f"{frame_time:.4g} s a frame, between saved states"
    return Frames(values, start, offsets, y, x, thickness, coverage, dwell, source)


def _warn_if_smeared(images: Floats) -> None:
    """Warn when a row's lithium changes by more than half a pixel between two saved states."""
    moved = np.abs(np.diff(np.nansum(images, axis=2), axis=0)).max(initial=0.0)
    if moved > 0.5:
        warnings.warn(
            f"a front moves about {moved:.1f} pixels between saved states and is smeared: record a scan "
            "([scan] in the scenario) or save more states (output.every)",
            UserWarning,
            stacklevel=5,
        )
