"""How a rate constant is read from a run: from its maps as a microscopist would, and from its mean front.

step
    A blurred step is followed along a line at mid-height, and a parabola xi^2 = 2 k (t - t0) with a free
    start is laid through the latter part of the way, from half of the last position on, as the published
    constants were read "from the latter part of the plots".
shell
    The same, but the front is one that runs ahead under both faces; its position is the mean through the
    thickness.
mean front
    The transformed fraction summed along x at mid-height, without noise or pixels: the position for which
    k (1 + 2 l/H) is derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics import Profile, fit_rate_constant, track_front
from lto_sim.scenario import Scenario, build_material
from lto_sim.study.lamella.case import Case

__all__ = [
    "LOCAL_PARTS",
    "Reading",
    "contour_slope",
    "grown_fraction",
    "latter_slope",
    "local_slopes",
    "mean_front",
    "read_rate",
]

Floats = NDArray[np.float64]

LOCAL_PARTS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Parts of the field between whose ends a local rate constant is taken."""

_LATTER_TIME: Final = 0.25
_LATTER_WAY: Final = 0.5
_MIDDLE: Final = (0.4, 0.6)


@dataclass(frozen=True)
class Reading:
    """A rate constant read from maps.

    Parameters
    ----------
    k, k_std : Rate constant and its stated deviation [m2 s-1]; NaN where none could be read.
    points : Frames in which a front was found.
    reach : Last position of the front [m].
    tip, tip_std : Of a shell: length over which it falls off under the faces, median over the latter frames,
        and its deviation [m]; NaN of a step.
    refusal : Why there is no rate constant, in one line; empty where there is one.
    """

    k: float
    k_std: float
    points: int
    reach: float
    tip: float = math.nan
    tip_std: float = math.nan
    refusal: str = ""


def read_rate(maps: xr.Dataset, case: Case, model: str = "step") -> Reading:
    """Rate constant from maps, by a parabola through the latter part of the way.

    Parameters
    ----------
    maps : ``li_fraction(time, y, x)`` with its deviation.
    case : What they show.
    model : ``step`` or ``shell``, see the module.
    """
    start, end, width = case.profile
    if case.snapshots:
        maps = maps.drop_vars("pixel_time")
    points, reach = 0, math.nan
    try:
        front = track_front(maps, Profile(start, end, width), direction=case.direction, model=model)
        position, time = front["front_position"].values[:, 0], front["front_time"].values[:, 0]
        found = np.isfinite(position) & (position <= case.field)
        points = int(found.sum())
        if points == 0:
            raise InputError("front", "no point", "a front within the field", "record more frames")
        last = float(time[found].max())
        reach = float(position[found].max())
        fit = fit_rate_constant(front, window=(_LATTER_TIME * last, last), law="parabolic")
    except InputError as error:
        return Reading(math.nan, math.nan, points, reach, refusal=str(error))
    tips = front["shell_length"].values[:, 0] if model == "shell" else np.empty(0)
    tips = tips[found & (time >= _LATTER_TIME * last)] if tips.size else tips
    return Reading(fit.k, fit.k_std, points, reach, *_median(tips[np.isfinite(tips)]))


def _median(values: Floats) -> tuple[float, float]:
    """Median and its deviation, from the scatter about it; NaN with fewer than three values."""
    if values.size < 3:
        return math.nan, math.nan
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return middle, 1.2533 * spread / math.sqrt(values.size)


def contour_slope(maps: xr.Dataset, case: Case, level: float) -> float:
    """Rate constant [m2 s-1] from the contour of one projected li fraction in exact maps of insertion.

    Parameters
    ----------
    maps : Exact maps.
    case : What they show.
    level : Li fraction of the contour, between 0 and 1.
    """
    middle, half = 0.5 * case.height, 0.5 * case.profile[2]
    rows = np.abs(maps["y"].values - middle) <= half
    strip = maps["li_fraction"].values[:, rows].mean(axis=1).astype(np.float64)
    offset = float(maps["pixel_time"].values[rows].mean())
    x = maps["x"].values
    position = np.array([_first_below(row, x, level) for row in strip])
    found = np.isfinite(position) & (position > 0.0)
    return latter_slope(maps["time"].values[found] + offset, position[found], case.field)


def _first_below(profile: Floats, x: Floats, level: float) -> float:
    """Where a profile first falls below a level, between pixels; NaN where it does not, or from the first."""
    below = np.flatnonzero(profile < level)
    if below.size == 0 or below[0] == 0:
        return math.nan
    i = int(below[0])
    return float(np.interp(-level, -profile[i - 1 : i + 1], x[i - 1 : i + 1]))


def grown_fraction(run: xr.Dataset, scenario: Scenario) -> Floats:
    """Transformed fraction (time, z, y, x) of every saved state: 0 in the parent, 1 in the growing phase."""
    low, high = build_material(scenario).edges(scenario.temperature)
    x = run["li_fraction"].transpose("time", "z", "y", "x").values.astype(np.float64)
    rich = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(rich if x[0].mean() < 0.5 else 1.0 - rich)


def mean_front(grown: Floats, cell: float) -> Floats:
    """Mean front at mid-height [m] of every state, from the contact to where the projection is least.

    Parameters
    ----------
    grown : Transformed fraction (time, z, y, x).
    cell : Cell along x [m].
    """
    rows = grown.shape[2]
    middle = grown[:, :, int(_MIDDLE[0] * rows) : max(math.ceil(_MIDDLE[1] * rows), 1)].mean(axis=(1, 2))
    before = np.arange(middle.shape[1])[None, :] <= np.argmin(middle, axis=1)[:, None]
    return np.asarray((middle * before).sum(axis=1) * cell)


def latter_slope(time: Floats, front: Floats, field: float) -> float:
    """Half the slope of xi^2 over t [m2 s-1], from half of the last position within the field on.

    NaN with fewer than three states there.
    """
    time, front = _advancing(time, front)
    last = float(front[front <= field].max(initial=0.0))
    part = (front >= _LATTER_WAY * last) & (front <= last)
    if part.sum() < 3:
        return math.nan
    return 0.5 * float(np.polynomial.Polynomial.fit(time[part], front[part] ** 2, 1).convert().coef[1])


def local_slopes(time: Floats, front: Floats, field: float) -> Floats:
    """Half the slope of xi^2 over t [m2 s-1] between the parts of the field; NaN where it was not reached."""
    time, front = _advancing(time, front)
    ends = field * np.asarray(LOCAL_PARTS)
    at = np.interp(ends, front, time, right=np.nan)
    return np.asarray(0.5 * np.diff(ends**2) / np.diff(at))


def _advancing(time: Floats, front: Floats) -> tuple[Floats, Floats]:
    """States up to the first in which the front does not advance."""
    fallen = np.flatnonzero(np.diff(front) <= 0.0)
    part = slice(0, int(fallen[0]) + 1 if fallen.size else front.size)
    return time[part], front[part]
