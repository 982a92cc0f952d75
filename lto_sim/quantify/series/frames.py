"""Frames in order of time, with their gaps known.

A missing frame is a gap, not an error: nothing is made up for it unless asked for, and then it is NaN.
"""

from __future__ import annotations

import json
import warnings
from typing import Final, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.series.labels import continued

__all__ = ["regular_series"]

Floats = NDArray[np.float64]
_Data = TypeVar("_Data", xr.Dataset, xr.DataArray)

_GAP: Final = 1.5
"""Intervals, in frame times, above which frames are missing."""
_SAME: Final = 1e-6
"""Part of the frame time within which two frames have one time."""
_IMAGE: Final = {"time", "y", "x"}


def regular_series(data: _Data, frame_time: float | None = None, *, insert: bool = False) -> _Data:
    """Sort frames by time, find gaps, and flag frames that hold nothing.

    The coordinate ``frame_present(time)`` is False where a frame is NaN throughout, or was inserted. The
    attributes say what was done: ``frame_time_s``; ``frame_gaps``, a JSON list with the time of the last
    frame before a gap, of the first after it, and the number of frames that fit between them;
    ``frames_sorted`` and ``frames_empty``, their numbers in `data` and in the result.

    Parameters
    ----------
    data : Maps, images or counts with ``time`` [s], the start of a frame; lazy arrays stay lazy, and
        floating-point ones are read once, frame by frame.
    frame_time : Time from frame to frame [s]; None: the median of the intervals.
    insert : Fill gaps with NaN frames, whole numbers becoming floating-point.

    Returns
    -------
    Dataset or DataArray
        `data` with its frames in the order of time, and ``frame_present(time)``.

    Raises
    ------
    InputError
        No time, a time that is not finite, two frames at one time (named), no frame.
    """
    time = _times(data)
    order = np.argsort(time, kind="stable")
    moved = np.flatnonzero(order != np.arange(order.size))
    if moved.size:
        warnings.warn(
            f"frames out of order: {moved.size} of {order.size} were moved, the first is frame {moved[0]}",
            UserWarning,
            stacklevel=2,
        )
        data = data.isel(time=order)
        time = time[order]
    step = _frame_time(time, frame_time)
    _require_distinct(time, order, step)
    present = _present(data)
    gaps = _gaps(time, step)
    result = data.assign_coords(frame_present=("time", present, named("1", "whether the frame was recorded")))
    empty = np.flatnonzero(~present)
    if insert and gaps:
        result = _inserted(result, time, gaps)
        empty = np.flatnonzero(~result["frame_present"].values)
    missing = sum(count for *_, count in gaps)
    text = f"regular_series frame_time={step:g} s, {moved.size} frames moved, {missing} missing in "
    text += f"{len(gaps)} gaps{' filled with NaN' if insert and gaps else ''}, {np.sum(~present)} empty"
    result.attrs = {
        **continued(data.attrs, str(data.attrs.get("title", data.attrs.get("long_name", "series"))), text),
        "frame_time_s": step,
        "frame_gaps": json.dumps(
            [{"after_s": a, "before_s": b, "missing_frames": count} for a, b, count in gaps]
        ),
        "frames_sorted": json.dumps(order[moved].tolist()),
        "frames_empty": json.dumps(empty.tolist()),
    }
    return result


def _times(data: xr.Dataset | xr.DataArray) -> Floats:
    if "time" not in data.dims or "time" not in data.coords:
        found = sorted(map(str, data.dims))
        raise InputError("data.time", found, "a coordinate time [s]", "give the time of each frame")
    time = np.asarray(data["time"].values, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(time))
    if not time.size or bad.size:
        shown = f"no finite time in frame {bad[0]}" if bad.size else "no frame"
        raise InputError("data.time", shown, "a finite time [s] for every frame", "give it, or leave it out")
    return time


def _frame_time(time: Floats, given: float | None) -> float:
    if given is not None:
        if not (np.isfinite(given) and given > 0.0):
            raise InputError("frame_time", given, "> 0 s", "leave it out, and the median interval is taken")
        return float(given)
    return float(np.median(np.diff(time))) if time.size > 1 else 0.0


def _require_distinct(time: Floats, order: NDArray[np.intp], step: float) -> None:
    same = np.flatnonzero(np.diff(time) <= _SAME * step)
    if same.size:
        first, second = sorted(int(order[place]) for place in (same[0], same[0] + 1))
        more = f", and {same.size - 1} more such pairs" if same.size > 1 else ""
        raise InputError(
            "data.time", f"frames {first} and {second} both at {time[same[0]]:g} s{more}",
            "one frame at a time", "leave one of them out with data.isel(time=...)",
        )  # fmt: skip


def _present(data: xr.Dataset | xr.DataArray) -> NDArray[np.bool_]:
    """Frames that are not NaN throughout, in none of the images."""
    arrays = [data] if isinstance(data, xr.DataArray) else list(data.data_vars.values())
    images = [array for array in arrays if array.dtype.kind == "f" and "time" in array.dims]
    images = [array for array in images if set(array.dims) >= _IMAGE or isinstance(data, xr.DataArray)]
    present = np.ones(data.sizes["time"], dtype=bool)
    for array in images:
        for number in range(present.size):
            present[number] &= bool(np.any(np.isfinite(array.isel(time=number).values)))
    return present


def _gaps(time: Floats, step: float) -> list[tuple[float, float, int]]:
    """Time before and after each gap, and the frames that fit in."""
    found = []
    for place in np.flatnonzero(np.diff(time) > _GAP * step):
        before, after = float(time[place]), float(time[place + 1])
        found.append((before, after, max(1, round((after - before) / step) - 1)))
    return found


def _inserted(data: _Data, time: Floats, gaps: list[tuple[float, float, int]]) -> _Data:
    extra: list[Floats] = [np.linspace(before, after, count + 2)[1:-1] for before, after, count in gaps]
    times = np.sort(np.concatenate([time, *extra]))
    present = np.zeros(times.size, dtype=bool)
    present[np.searchsorted(times, time)] = data["frame_present"].values
    attrs = data["frame_present"].attrs
    filled = data.drop_vars("frame_present").reindex(time=times)
    return filled.assign_coords(frame_present=("time", present, attrs))
