"""Frames shifted back by their drift, block by block.

Counts move by whole pixels, so that they stay counts; maps by parts of a pixel, with weights w_k of the
neighbours along each axis: linear, (1 - f, f), or cubic (R. G. Keys, IEEE Trans. ASSP 29, 1153 (1981), with
a = -1/2, exact for parabolas). A stated deviation becomes sqrt(sum w_k^2 s_k^2): that of one pixel. The noise
of neighbouring pixels is correlated afterwards, so that a fit which takes it for independent states
deviations that are too small (linear: up to a factor 2).
"""

from __future__ import annotations

from typing import Final, Literal, TypeVar, overload

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.series.labels import continued
from lto_sim.quantify.series.registration import Drift

__all__ = ["apply_drift"]

Floats = NDArray[np.float64]
_Array = TypeVar("_Array", xr.Dataset, xr.DataArray)

_IMAGE: Final = {"time", "y", "x"}
_COUNTED: Final = {"electrons", "counts"}
"""Units of what was counted."""


@overload
def apply_drift(
    data: xr.Dataset,
    drift: Drift,
    *,
    whole_pixels: bool | None = None,
    order: Literal["linear", "cubic"] = "linear",
) -> xr.Dataset: ...
@overload
def apply_drift(
    data: xr.DataArray,
    drift: Drift,
    *,
    whole_pixels: bool | None = None,
    order: Literal["linear", "cubic"] = "linear",
) -> xr.DataArray: ...
def apply_drift(
    data: xr.Dataset | xr.DataArray,
    drift: Drift,
    *,
    whole_pixels: bool | None = None,
    order: Literal["linear", "cubic"] = "linear",
) -> xr.Dataset | xr.DataArray:
    """Shift every frame back to where the specimen was in the first registered one.

    What has the dimensions time, y and x is shifted; all else stays as it is. Where the frame did not reach,
    floating-point values are NaN, others 0 (False); the coordinate ``in_frame(time, y, x)`` says which
    pixels were recorded. With ``pixel_time(y, x)`` in a dataset, ``time`` becomes the start that a frame
    would have had if the scan had met the specimen where it is put now, so that ``time + pixel_time`` is
    still the time of a visit; ``frame_start(time)`` keeps the start.

    Parameters
    ----------
    data : Counts or maps, with the dimensions (time, y, x) among theirs; lazy arrays stay lazy.
    drift : Of the same frames and pixels.
    whole_pixels : True: move by whole pixels; False: floating-point values by parts of a pixel; None: counts
        (whole numbers, or in electrons) by whole pixels, all else by parts. What is no floating-point number
        moves by whole pixels always, but for counts with False, which become floating-point.
    order : Weights of parts of a pixel.

    Returns
    -------
    Dataset or DataArray
        `data`, shifted, of the same shape, with ``in_frame(time, y, x)``.

    Raises
    ------
    InputError
        Other frames or pixels than those of the drift, or nothing with time, y and x.
    """
    if order not in ("linear", "cubic"):
        raise InputError("order", order, '"linear" or "cubic"', "choose one of them")
    _require_same_frames(data, drift)
    shift = np.stack([drift.dy / drift.pixel[0], drift.dx / drift.pixel[1]], axis=1)
    seen = xr.DataArray(
        _in_frame(np.round(shift).astype(int), data.sizes["y"], data.sizes["x"]),
        dims=("time", "y", "x"),
        attrs=named("1", "whether the pixel was recorded"),
    )
    if isinstance(data, xr.DataArray):
        moved = _moved(data, shift, whole_pixels, order, _is_deviation(data))
        return moved.assign_coords(in_frame=seen)
    variables = {
        name: _moved(variable, shift, whole_pixels, order, _is_deviation(variable))
        for name, variable in data.data_vars.items()
        if set(variable.dims) >= _IMAGE
    }
    result = data.assign(variables).assign_coords(in_frame=seen)
    if "pixel_time" in data and set(data["pixel_time"].dims) == {"y", "x"}:
        result = _with_times(result, shift)
    largest = np.abs(shift).max(axis=0)
    step = f"apply_drift reference={drift.reference}, up to {largest[1]:.2f} (x), {largest[0]:.2f} (y) pixels"
    result.attrs = continued(data.attrs, str(data.attrs.get("title", "maps")), step)
    return result


def _require_same_frames(data: xr.Dataset | xr.DataArray, drift: Drift) -> None:
    arrays = [data] if isinstance(data, xr.DataArray) else list(data.data_vars.values())
    if not any(set(array.dims) >= _IMAGE for array in arrays):
        raise InputError("data", sorted(map(str, data.dims)), "time, y and x", "give a series of images")
    if data.sizes["time"] != drift.time.size:
        allowed = f"{drift.time.size} frames, as the drift has"
        raise InputError("data", f"{data.sizes['time']} frames", allowed, "find the drift of these frames")
    for axis, size in zip(("y", "x"), drift.pixel, strict=True):
        steps = np.diff(np.asarray(data[axis].values, dtype=np.float64))
        if axis in data.coords and np.any(np.abs(steps - size) > 1e-3 * size):
            shown = float(steps[np.argmax(np.abs(steps - size))])
            raise InputError(f"data.{axis}", shown, f"pixels of {size:g} m, as the drift has", "resample")


def _is_deviation(array: xr.DataArray) -> bool:
    return str(array.name).endswith("_std")


def _is_counted(array: xr.DataArray) -> bool:
    return array.dtype.kind in "iu" or str(array.attrs.get("units")) in _COUNTED


def _moved(
    array: xr.DataArray, shift: Floats, whole: bool | None, order: str, deviation: bool
) -> xr.DataArray:
    by_parts = array.dtype.kind == "f" or (whole is False and str(array.attrs.get("units")) in _COUNTED)
    if whole or (whole is None and _is_counted(array)) or not by_parts:
        shift = np.round(shift)
    elif array.dtype.kind != "f":
        array = array.astype(np.float32)
    offsets = [xr.DataArray(shift[:, axis], dims="time") for axis in (0, 1)]
    if array.chunks is not None:
        array = array.chunk({"y": -1, "x": -1})
    moved: xr.DataArray = xr.apply_ufunc(
        _block,
        array,
        *offsets,
        kwargs={"order": order, "deviation": deviation},
        input_core_dims=[["y", "x"], [], []],
        output_core_dims=[["y", "x"]],
        dask="parallelized",
        output_dtypes=[array.dtype],
        keep_attrs=True,
    )
    return moved.transpose(*array.dims)


def _block(
    values: NDArray[np.generic], down: Floats, right: Floats, *, order: str, deviation: bool
) -> NDArray[np.generic]:
    """Shift images (..., y, x); `down` and `right` [pixels] have the leading dimensions, or 1 for them."""
    leading = values.shape[:-2]
    result = np.empty_like(values)
    rows, columns = (np.broadcast_to(part, leading) for part in (down, right))
    for index in np.ndindex(leading):
        image: NDArray[np.generic] = values[index]
        for axis, amount in ((0, float(rows[index])), (1, float(columns[index]))):
            image = _along(image, amount, axis, order, deviation)
        result[index] = image
    return result


def _along(
    image: NDArray[np.generic], amount: float, axis: int, order: str, deviation: bool
) -> NDArray[np.generic]:
    """Value at r + amount of an image (y, x), beyond its border NaN or 0."""
    whole = int(np.floor(amount + 1e-6))
    part = amount - whole
    if abs(part) < 2e-6:
        return _rolled(image, whole, axis)
    total = np.zeros(image.shape, dtype=np.float64)
    for step, weight in _weights(part, order):
        neighbour = _rolled(image, whole + step, axis).astype(np.float64)
        total += weight**2 * neighbour**2 if deviation else weight * neighbour
    return (np.sqrt(total) if deviation else total).astype(image.dtype)


def _weights(part: float, order: str) -> list[tuple[int, float]]:
    """Neighbour and weight for a position `part` of a pixel beyond a pixel."""
    if order == "linear":
        return [(0, 1.0 - part), (1, part)]
    f, f2, f3 = part, part**2, part**3
    return [
        (-1, 0.5 * (-f3 + 2.0 * f2 - f)),
        (0, 0.5 * (3.0 * f3 - 5.0 * f2 + 2.0)),
        (1, 0.5 * (-3.0 * f3 + 4.0 * f2 + f)),
        (2, 0.5 * (f3 - f2)),
    ]


def _rolled(image: NDArray[np.generic], steps: int, axis: int) -> NDArray[np.generic]:
    """Image (y, x) whose pixel r holds what was at r + steps."""
    size = image.shape[axis]
    result = np.full_like(image, np.nan if image.dtype.kind == "f" else 0)
    if abs(steps) < size:
        target = [slice(None)] * 2
        source = [slice(None)] * 2
        target[axis] = slice(max(0, -steps), size - max(0, steps))
        source[axis] = slice(max(0, steps), size - max(0, -steps))
        result[tuple(target)] = image[tuple(source)]
    return result


def _in_frame(steps: NDArray[np.int_], rows: int, columns: int) -> NDArray[np.bool_]:
    """Pixels whose source lies in the frame, (time, y, x)."""
    inside = [
        (place + steps[:, axis, None] >= 0) & (place + steps[:, axis, None] < place.size)
        for axis, place in enumerate((np.arange(rows), np.arange(columns)))
    ]
    return np.asarray(inside[0][:, :, None] & inside[1][:, None, :])


def _with_times(data: xr.Dataset, shift: Floats) -> xr.Dataset:
    """Starts of frames as the scan would have had them, from its time per row and per pixel."""
    offsets = data["pixel_time"].transpose("y", "x").values
    pace = np.array([float(np.diff(offsets, axis=axis).mean()) for axis in (0, 1)])
    start = data["time"]
    moved = np.asarray(start.values, dtype=np.float64) + shift @ pace
    kept = ("time", start.values, named("s", "start of the frame as it was recorded"))
    return data.assign_coords(time=("time", moved, start.attrs), frame_start=kept)
