"""Thickness of the specimen over its plan: a number, a wedge, or a map.

Thickness is the total one, inactive surface layers included. Where a map knows nothing (NaN: outside the
particle) its nearest known neighbours speak for it, over two pixels at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from lto_sim.errors import InputError
from lto_sim.specimen.bodies import positive
from lto_sim.specimen.outline import Outline

__all__ = ["Thickness", "ThicknessMap", "Wedge", "check_map", "check_thickness", "thickness_at"]

Floats = NDArray[np.float64]

_REACH = 2.0
"""Pixels over which a map is continued into the unknown."""


@dataclass(frozen=True)
class Wedge:
    """Thickness that changes linearly along one axis.

    Parameters
    ----------
    start, end : Thickness [m] at the two ends of the outline's bounding box.
    axis : ``x`` (left to right) or ``y`` (top to bottom).

    Raises
    ------
    InputError
        An unknown axis.
    """

    start: float
    end: float
    axis: Literal["x", "y"] = "x"

    def __post_init__(self) -> None:
        positive("specimen.thickness.wedge", self.start)
        positive("specimen.thickness.wedge", self.end)
        if self.axis not in {"x", "y"}:
            raise InputError("specimen.thickness.axis", self.axis, "x or y", "name the axis of the wedge")


@dataclass(frozen=True, eq=False)
class ThicknessMap:
    """Thickness as an image.

    Parameters
    ----------
    values : Thickness [m], (rows, columns); NaN where unknown.
    pixel_size : Size of a pixel [m].
    origin : Corner (x, y) [m] of the first pixel: pixel centres lie at origin + (i + 0.5) pixel.

    Raises
    ------
    InputError
        Values that are no image, or none of them finite.
    """

    values: Floats
    pixel_size: float
    origin: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        positive("specimen.thickness.pixel_size", self.pixel_size)
        values = np.array(self.values, dtype=np.float64)
        field = "specimen.thickness.values"
        if values.ndim != 2 or not values.size:
            raise InputError(field, values.shape, "an image (rows, columns)", "give one thickness a pixel")
        if not np.isfinite(values).any():
            raise InputError(field, "no finite value", "thickness in m", "correct the thickness map")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)


Thickness = float | Wedge | ThicknessMap


def thickness_at(thickness: Thickness, outline: Outline, x: Floats, y: Floats) -> Floats:
    """Thickness [m] at points, elementwise; NaN where a map knows nothing nearby.

    Parameters
    ----------
    thickness : One thickness [m], a wedge or a map.
    outline : The outline, between whose ends a wedge runs.
    x, y : Points [m].
    """
    if isinstance(thickness, Wedge):
        x0, y0, x1, y1 = outline.bounds
        share = (x - x0) / (x1 - x0) if thickness.axis == "x" else (y - y0) / (y1 - y0)
        share = np.clip(share, 0.0, 1.0)
        return np.asarray(thickness.start * (1.0 - share) + thickness.end * share, dtype=np.float64)
    if isinstance(thickness, ThicknessMap):
        return _interpolate(thickness, x, y)
    return np.full(np.shape(x), float(thickness))


def _interpolate(image: ThicknessMap, x: Floats, y: Floats) -> Floats:
    """Bilinear among the known of the four nearest pixels, the outermost row and column going on for ever."""
    known = np.isfinite(image.values)
    values = image.values
    if not known.all():
        distance, nearest = ndimage.distance_transform_edt(~known, return_indices=True)
        values = np.where(distance <= _REACH, image.values[tuple(nearest)], np.nan)
    rows, columns = values.shape
    u = np.clip((x - image.origin[0]) / image.pixel_size - 0.5, 0.0, columns - 1.0)
    v = np.clip((y - image.origin[1]) / image.pixel_size - 0.5, 0.0, rows - 1.0)
    i, j = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    total, weight = np.zeros(np.shape(x)), np.zeros(np.shape(x))
    for di, dj in ((0, 0), (1, 0), (0, 1), (1, 1)):
        share = np.abs(1.0 - di - (u - i)) * np.abs(1.0 - dj - (v - j))
        value = values[np.minimum(j + dj, rows - 1), np.minimum(i + di, columns - 1)]
        usable = np.isfinite(value)
        total += np.where(usable, share * np.where(usable, value, 0.0), 0.0)
        weight += np.where(usable, share, 0.0)
    reached = weight > 1e-9
    return np.where(reached, total / np.where(reached, weight, 1.0), np.nan)


def check_thickness(thickness: Floats, dead_layer: float, x: Floats, y: Floats) -> None:
    """Raise InputError where the specimen or its active part has no thickness.

    Parameters
    ----------
    thickness : Total thickness [m] at points inside the outline.
    dead_layer : Inactive layer on each face [m].
    x, y : The points [m].
    """
    bad = ~(thickness > 0.0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            "specimen.thickness",
            f"{thickness[first]:.4g} m at ({1e6 * x[first]:.4g} um, {1e6 * y[first]:.4g} um)",
            "> 0 m everywhere inside the outline",
            "correct the thickness there or leave that part out of the outline",
        )
    thinnest = float(thickness.min())
    if 2.0 * dead_layer >= thinnest:
        raise InputError(
            "specimen.dead_layer",
            f"{dead_layer:.4g} m",
            f"< half the thinnest place, here {0.5 * thinnest:.4g} m",
            "make the dead layers thinner or the specimen thicker",
        )


def _check_frame(image: ThicknessMap, shape: shapely.Polygon) -> None:
    x0, y0, x1, y1 = shapely.bounds(shape)
    rows, columns = image.values.shape
    at_x, at_y = image.origin
    end_x, end_y = at_x + columns * image.pixel_size, at_y + rows * image.pixel_size
    if max(at_x - x0, at_y - y0, x1 - end_x, y1 - end_y) > _REACH * image.pixel_size:
        raise InputError(
            "specimen.thickness",
            f"a map of x {at_x:.4g} to {end_x:.4g} m, y {at_y:.4g} to {end_y:.4g} m",
            f"one of the whole outline, x {x0:.4g} to {x1:.4g} m, y {y0:.4g} to {y1:.4g} m",
            "check the pixel size of the thickness, or take another image",
        )


def check_map(image: ThicknessMap, shape: shapely.Polygon) -> None:
    """Raise InputError where a map ends inside `shape` [m] or is zero or below there, between cells too."""
    _check_frame(image, shape)
    row, column = np.nonzero(image.values <= 0.0)
    x = image.origin[0] + (column + 0.5) * image.pixel_size
    y = image.origin[1] + (row + 0.5) * image.pixel_size
    inside = shapely.contains_xy(shape, x, y)
    row, column, x, y = row[inside], column[inside], x[inside], y[inside]
    deep = shapely.distance(shapely.points(x, y), shape.boundary) > image.pixel_size
    check_thickness(np.append(image.values[row, column][deep], np.inf), 0.0, x[deep], y[deep])
