"""The pixels of one straight profile, sorted along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lto_sim.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.map_series import MapSeries
    from lto_sim.kinetics.fronts.profile import Profile

__all__ = ["Strip", "require_inside", "sorted_strip", "take_strip"]


@dataclass(frozen=True, eq=False)
class Strip:
    """Pixels of one profile, sorted by distance.

    Parameters
    ----------
    s, offset : Distance along and across [pixels], shape (m,).
    values : Map values, 0 where there is none, shape (time, m).
    valid : Where there is a value, shape (time, m).
    std : Standard deviation, 1 where there is no value; None if the maps state none.
    pixel_time : Offset within the frame [s], shape (m,).
    pixel : Extent of a pixel along the profile [m], the unit of `s`.
    extent : Extent of each pixel in this unit where they differ, shape (m,); None: all are 1.
    """

    s: NDArray[np.float64]
    offset: NDArray[np.float64]
    values: NDArray[np.float64]
    valid: NDArray[np.bool_]
    std: NDArray[np.float64] | None
    pixel_time: NDArray[np.float64]
    pixel: float
    extent: NDArray[np.float64] | None = None


def take_strip(series: MapSeries, profile: Profile) -> Strip:
    """Take the pixels whose centre lies within the profile's strip.

    Raises
    ------
    InputError
        The profile leaves the frame, or holds fewer than four pixels along it.
    """
    for field, point in (("start", profile.start), ("end", profile.end)):
        require_inside(series, f"profile.{field}", point, profile.name)
    along_x, along_y = profile.unit_vector
    pixel = max(series.pixel[0] * abs(along_x), series.pixel[1] * abs(along_y))
    xx, yy = np.meshgrid(series.x, series.y)
    s, offset = profile.coordinates(xx, yy)
    tolerance = 1e-9 * pixel
    inside = (s >= -tolerance) & (s <= profile.length + tolerance)
    inside &= np.abs(offset) <= 0.5 * profile.width + tolerance
    return sorted_strip(series, profile.name, inside, s[inside], offset[inside], pixel)


def sorted_strip(
    series: MapSeries,
    name: str,
    inside: NDArray[np.bool_],
    s: NDArray[np.float64],
    offset: NDArray[np.float64],
    extent: float | NDArray[np.float64],
) -> Strip:
    """Sort the pixels of a profile by distance.

    Parameters
    ----------
    series : The maps.
    name : Name of the profile.
    inside : Its pixels, shape (y, x).
    s, offset : Their distance and place across [m], shape (m,).
    extent : Their extent along the profile [m], one or each of its own.

    Raises
    ------
    InputError
        Fewer than four pixels along the profile.
    """
    each = np.broadcast_to(np.asarray(extent, dtype=np.float64), s.shape)
    pixel = float(np.median(each)) if s.size else 1.0
    order = np.argsort(s, kind="stable")
    s, offset, each = s[order] / pixel, offset[order] / pixel, each[order] / pixel
    if s.size < 8 or s[-1] - s[0] < 3.0:
        raise InputError("profile", name, "at least four pixels long and one wide", "make it longer or wider")
    values = series.values[:, inside][:, order]
    valid = np.isfinite(values)
    std = None
    if series.std is not None:
        std = series.std[:, inside][:, order]
        valid &= np.isfinite(std)
        std = np.where(valid, std, 1.0)
    pixel_time = series.pixel_time[inside][order]
    same = bool(np.all(np.abs(each - 1.0) < 1e-9))
    return Strip(
        s, offset, np.where(valid, values, 0.0), valid, std, pixel_time, pixel, None if same else each
    )


def require_inside(series: MapSeries, field: str, point: tuple[float, float], name: str) -> None:
    """Raise InputError where `point` (x, y) [m] of profile `name` leaves the frame."""
    for axis, centres, pixel in ((0, series.x, series.pixel[0]), (1, series.y, series.pixel[1])):
        low, high = centres[0] - 0.5 * pixel, centres[-1] + 0.5 * pixel
        if not low - 1e-6 * pixel <= point[axis] <= high + 1e-6 * pixel:
            raise InputError(
                field,
                point,
                f"{'xy'[axis]} from {low:.4g} to {high:.4g} m",
                f"{name} leaves the frame: move it inside",
            )
