"""Maps as plain arrays, and the checks that they must pass.

A map dataset holds ``li_fraction(time, y, x)``, optionally ``li_fraction_std`` (any broadcastable shape) and
``pixel_time(y, x)``; ``time`` [s] is the start of a frame, ``x`` and ``y`` [m] are pixel centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["MapSeries", "read_maps"]

_SPACING_TOLERANCE: Final[float] = 1e-3


@dataclass(frozen=True, eq=False)
class MapSeries:
    """Maps as plain arrays.

    Parameters
    ----------
    values : Li fraction, NaN where there is none, shape (time, y, x).
    std : Standard deviation of the same, or None.
    time : Start of the frames [s].
    pixel_time : Offset of a pixel within its frame [s], shape (y, x).
    x, y : Pixel centres [m].
    pixel : Pixel size (x, y) [m].
    """

    values: NDArray[np.float64]
    std: NDArray[np.float64] | None
    time: NDArray[np.float64]
    pixel_time: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    pixel: tuple[float, float]


def read_maps(maps: xr.Dataset) -> MapSeries:
    """Check a map dataset and take its arrays.

    Raises
    ------
    InputError
        A variable or coordinate is missing, time is not increasing, the pixels are not evenly spaced, or a
        stated deviation is not positive.
    """
    for name in ("li_fraction", "time", "y", "x"):
        if name not in maps.variables:
            raise InputError(f"maps.{name}", "missing", "li_fraction(time, y, x) with time, y, x", "add it")
    fraction = maps["li_fraction"]
    if set(fraction.dims) != {"time", "y", "x"}:
        raise InputError("maps.li_fraction", fraction.dims, "dimensions time, y, x", "project along z first")
    values = np.asarray(fraction.transpose("time", "y", "x").values, dtype=np.float64)
    time = np.asarray(maps["time"].values, dtype=np.float64)
    if not np.all(np.isfinite(time)) or np.any(np.diff(time) <= 0.0):
        raise InputError("maps.time", time, "finite and increasing [s]", "sort the frames by time")
    x, y = (np.asarray(maps[name].values, dtype=np.float64) for name in ("x", "y"))
    pixel_time = np.zeros((y.size, x.size))
    if "pixel_time" in maps.variables:
        pixel_time = np.asarray(maps["pixel_time"].transpose("y", "x").values, dtype=np.float64)
    return MapSeries(
        values=values,
        std=_stated_deviation(maps),
        time=time,
        pixel_time=pixel_time,
        x=x,
        y=y,
        pixel=(_spacing("x", x), _spacing("y", y)),
    )


def _stated_deviation(maps: xr.Dataset) -> NDArray[np.float64] | None:
    if "li_fraction_std" not in maps.variables:
        return None
    full = maps["li_fraction_std"].broadcast_like(maps["li_fraction"]).transpose("time", "y", "x")
    std = np.asarray(full.values, dtype=np.float64)
    known = std[np.isfinite(std)]
    if known.size and not np.any(known):
        return None  # maps rendered without noise: what deviates is estimated from them
    if known.size == 0 or np.any(known <= 0.0):
        raise InputError(
            "maps.li_fraction_std",
            float(known.min(initial=np.inf)),
            "> 0",
            "leave the variable out, and the noise is estimated from the maps",
        )
    return std


def _spacing(name: str, centres: NDArray[np.float64]) -> float:
    remedy = "resample to an even grid of at least two pixels"
    if centres.size < 2:
        raise InputError(f"maps.{name}", centres.size, "at least two pixels", remedy)
    steps = np.diff(centres)
    spacing = float(steps.mean())
    if not spacing > 0.0 or np.any(np.abs(steps - spacing) > _SPACING_TOLERANCE * spacing):
        raise InputError(f"maps.{name}", steps, "evenly spaced, increasing [m]", remedy)
    return spacing
