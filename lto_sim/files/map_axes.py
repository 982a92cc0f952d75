"""Times of frames and places of pixels of a series of maps: what its file says, and what the user says.

A value that is given wins over the file's, and the result keeps both (``frame_time_origin``,
``pixel_origin``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.units import to_si

__all__ = [
    "GivenAxes",
    "frame_interval",
    "from_corner",
    "is_calibrated",
    "place_pixels",
    "place_scan",
    "place_times",
]

Floats = NDArray[np.float64]

_SCANS: Final = ("rows", "none")
_SAME: Final = 1e-6
_OF_FILE: Final = "of the file"


@dataclass(frozen=True)
class GivenAxes:
    """What the user says of a series; None leaves it to the file.

    Parameters
    ----------
    frame_time : Time from frame to frame, number [s] or text with unit, > 0.
    pixel : Size of a pixel in x and y, number [m] or text with unit, > 0.
    start : Time at which the first frame starts, number [s] or text with unit.
    scan : ``"rows"`` (pixels visited row by row, over the whole frame time) or ``"none"`` (all of a frame at
        one time).

    Raises
    ------
    InputError
        A value of another dimension or not positive, or another scan.
    """

    frame_time: float | str | None = None
    pixel: float | str | None = None
    start: float | str | None = None
    scan: str | None = None

    def __post_init__(self) -> None:
        for field, kind in (("frame_time", "time"), ("pixel", "length"), ("start", "time")):
            value = getattr(self, field)
            if value is None:
                continue
            number = to_si(value, kind, field)
            if field != "start" and number <= 0.0:
                raise InputError(field, value, f"> 0 {'s' if kind == 'time' else 'm'}", "give a positive one")
            object.__setattr__(self, field, number)
        if self.scan not in {None, *_SCANS}:
            raise InputError("scan", self.scan, " or ".join(_SCANS), "choose one of them")

    @property
    def any(self) -> bool:
        """Whether anything is given."""
        return any(value is not None for value in (self.frame_time, self.pixel, self.start, self.scan))

    def number(self, field: str) -> float | None:
        """One of the quantities, in SI."""
        value = getattr(self, field)
        return None if value is None else float(value)


def is_calibrated(coordinate: xr.DataArray) -> bool:
    """Whether a coordinate is in SI; else it counts frames or pixels."""
    return coordinate.attrs.get("units") != "1"


def frame_interval(times: Floats) -> float | None:
    """Median time from frame to frame [s], whatever their order; None where there is one frame."""
    return float(np.median(np.diff(np.sort(times)))) if times.size > 1 else None


def place_times(maps: xr.Dataset, given: GivenAxes, source: str) -> xr.Dataset:
    """Give every frame its time [s], in the order of the file; gaps of the file stay gaps.

    Raises
    ------
    InputError
        Neither the file nor the user says how long a frame takes.
    """
    coordinate, wanted = maps["time"], given.number("frame_time")
    times: Floats = np.asarray(coordinate.values, dtype=np.float64)
    told = None
    if is_calibrated(coordinate):
        told = frame_interval(times)
        if wanted is not None and told:
            times = _scaled(times, wanted / told)
    else:
        wanted = _needed(wanted, "frame_time", "the time from frame to frame", source)
        times = wanted * np.arange(coordinate.size, dtype=np.float64)
    start = given.number("start")
    if start is not None:
        times = times - float(times.min()) + start
    if wanted is not None and told and "pixel_time" in maps:
        scaled = maps["pixel_time"] * (wanted / told)
        maps = maps.assign(pixel_time=scaled.assign_attrs(maps["pixel_time"].attrs))
    placed = maps.assign_coords(time=("time", times, named("s", "start of the frame")))
    period = told if wanted is None else wanted
    if period is not None:
        placed = placed.assign_attrs(frame_time_s=period, frame_time_origin=_origin(wanted, told, "s"))
    return placed


def from_corner(maps: xr.Dataset) -> xr.Dataset:
    """Count from the top left corner of the image where a file has the centre of its first pixel at 0."""
    for dim in ("y", "x"):
        centres = maps[dim].values
        if is_calibrated(maps[dim]) and centres.size > 1 and centres[0] == 0.0:
            shifted = centres + 0.5 * (centres[1] - centres[0])
            maps = maps.assign_coords({dim: (dim, shifted, maps[dim].attrs)})
    return maps


def place_pixels(maps: xr.Dataset, given: GivenAxes, source: str) -> xr.Dataset:
    """Give every pixel its centre [m]; where the user gives its size, 0 is the top left corner of the image.

    Raises
    ------
    InputError
        Neither the file nor the user says how large a pixel is.
    """
    known = all(is_calibrated(maps[dim]) and maps.sizes[dim] > 1 for dim in ("y", "x"))
    told = {dim: float(np.diff(maps[dim].values[:2])[0]) for dim in ("y", "x")} if known else {}
    wanted = given.number("pixel")
    if wanted is None and not known:
        wanted = _needed(None, "pixel", "the size of a pixel", source)
    labels = {"y": "pixel centre, down the image", "x": "pixel centre, along the image"}
    for dim, label in labels.items():
        centres = maps[dim].values if wanted is None else wanted * (np.arange(maps.sizes[dim]) + 0.5)
        maps = maps.assign_coords({dim: (dim, centres, named("m", label))})
    return maps.assign_attrs(
        pixel_m=told["x"] if wanted is None else wanted, pixel_origin=_origin(wanted, told.get("x"), "m")
    )


def place_scan(maps: xr.Dataset, given: GivenAxes) -> xr.Dataset:
    """Give every pixel the time at which it is visited within a frame [s], in the middle of its dwell.

    Raises
    ------
    InputError
        Rows are asked for, and the time of a frame is not known.
    """
    if given.scan is None and "pixel_time" in maps:
        return maps.assign_attrs(scan="pixel times of the file")
    maps = maps.drop_vars("pixel_time", errors="ignore")
    if given.scan == "none":
        return maps.assign_attrs(scan="none: every pixel has the time of its frame")
    if "frame_time_s" not in maps.attrs:
        raise InputError(
            "frame_time", None, "the time of the frame, for its rows are visited one after the other",
            'give it, as --frame-time "1.5 s", or --scan none',
        )  # fmt: skip
    rows, columns = maps.sizes["y"], maps.sizes["x"]
    dwell = float(maps.attrs["frame_time_s"]) / (rows * columns)
    offsets = dwell * (np.arange(rows * columns).reshape(rows, columns) + 0.5)
    attrs = named("s", "time of a pixel within its frame")
    maps = maps.assign(pixel_time=(("y", "x"), offsets, attrs))
    return maps.assign_attrs(scan="rows: pixels visited row by row over the frame time")


def _scaled(times: Floats, factor: float) -> Floats:
    """Intervals times a factor; the first time stays."""
    first = float(times.min())
    return first + (times - first) * factor


def _needed(value: float | None, field: str, what: str, source: str) -> float:
    if value is not None:
        return value
    option = {"frame_time": '--frame-time "1.5 s"', "pixel": '--pixel "31 nm"'}[field]
    raise InputError(field, None, what, f"{source} does not say it: give it, as {option}")


def _origin(given: float | None, told: float | None, unit: str) -> str:
    if given is None:
        return _OF_FILE
    if told is None or math.isclose(given, told, rel_tol=_SAME):
        return "given"
    return f"given; the file says {told:.6g} {unit}"
