"""Drift of the specimen through a series of images, from what stays the same in them.

Signs: x to the right, y down; a positive displacement means that the specimen moved to the right (down) in
the image. It is counted from the first frame that could be registered.

Every frame is matched to the reference (:mod:`~.image_match`): the first frame, the frame
before (for specimens that leave the frame of the first one; errors add up), or the mean of all other frames,
once they are shifted back. Frames that hold nothing, and frames whose displacement or likeness stands alone
(beyond what the frames before and the frames after each lead to), are replaced by interpolation in time and
flagged. An image whose only structure is the phase boundary cannot tell its motion from drift: take images
that show an outline, a thickness, or other marks.

Measured on 64 x 64 pixels of 31 nm, an ellipse and a rectangle in vacuum, a front of 5 to 6 pixels a frame,
10 to 12 frames: dark fields of 71 pA within 0.015 pixel at rest, and within 0.05 under a drift of 0.4 pixel a
frame, with any reference. A front of 5 % contrast at 200 counts a pixel: within 0.06 pixel. One of 75 %
contrast (a map of lithium): 0.1 to 0.3 pixel with "first" and "mean", and "previous" begins to follow it.

Source: M. Guizar-Sicairos, S. T. Thurman and J. R. Fienup, Opt. Lett. 33 (2008) 156 (see `image_match`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.series.image_match import LEAST_SIDE, Match, Pattern, match, pattern_of, shifted_back

__all__ = ["MEASURED", "MISSING", "OUTLIER", "Drift", "find_drift"]

Floats = NDArray[np.float64]

MEASURED: Final = 0
MISSING: Final = 1
OUTLIER: Final = 2
"""Flags of a frame: measured; nothing could be measured; measured, but it stands alone."""

_NEIGHBOURS: Final = 5
_FARTHEST: Final = 6.0
"""Median deviations (as Gaussian sigma) beyond which a frame stands alone."""
_NEAREST: Final = 0.25
"""Deviation [pixels] that never makes a frame an outlier."""


@dataclass(frozen=True, eq=False)
class Drift:
    """Displacement of the specimen in every frame; positive: to the right (dx), down (dy).

    Parameters
    ----------
    time : Start of the frames [s], (time,); numbers of the frames where no time is known.
    dy, dx : Displacement since the first registered frame [m], (time,).
    dy_std, dx_std : Standard deviations [m], (time,); of interpolated frames those of the neighbours they
        come from.
    quality : Correlation with the reference, 0 to 1, (time,); NaN where nothing was measured.
    flag : :data:`MEASURED`, :data:`MISSING` or :data:`OUTLIER`, (time,); the latter two are interpolated.
    pixel : Size of a pixel (y, x) [m].
    reference : What frames were matched to.
    """

    time: Floats
    dy: Floats
    dx: Floats
    dy_std: Floats
    dx_std: Floats
    quality: Floats
    flag: NDArray[np.int8]
    pixel: tuple[float, float]
    reference: str

    def to_dataset(self) -> xr.Dataset:
        """Labelled: ``drift_y``, ``drift_x`` with ``_std``, ``drift_quality`` and ``drift_flag`` (time)."""
        variables = {
            "drift_y": (self.dy, named("m", "displacement of the specimen, down")),
            "drift_x": (self.dx, named("m", "displacement of the specimen, to the right")),
            "drift_y_std": (self.dy_std, named("m", "standard deviation of drift_y")),
            "drift_x_std": (self.dx_std, named("m", "standard deviation of drift_x")),
            "drift_quality": (self.quality, named("1", "correlation with the reference")),
            "drift_flag": (
                self.flag,
                {**named("1", "state of a frame"), "meaning": "0 measured, 1 missing, 2 outlier"},
            ),
        }
        return xr.Dataset(
            {name: ("time", values, attrs) for name, (values, attrs) in variables.items()},
            {"time": ("time", self.time, named("s", "start of the frame"))},
            {"title": "drift", "reference": self.reference},
        )


def find_drift(
    images: xr.DataArray | ArrayLike,
    pixel: float | tuple[float, float],
    *,
    reference: Literal["first", "previous", "mean"] = "first",
    upsample: int = 10,
    axes: Literal["yx", "y", "x"] = "yx",
    smooth: int = 1,
) -> Drift:
    """Find how the specimen moved in the image.

    Parameters
    ----------
    images : (time, y, x): dark field, or total intensity, in any unit; read frame by frame. NaN frames are
        missing.
    pixel : Size of a pixel [m], or sizes (y, x).
    reference : What a frame is matched to; ``"mean"`` reads the images twice and is the least noisy.
    upsample : Parts of a pixel of the coarse match, which is refined.
    axes : Axes along which the specimen may have moved: ``"x"`` where nothing in the image varies along y.
    smooth : Frames (odd) over which a straight line smooths the drift; 1: not.

    Returns
    -------
    Drift
        Displacement of every frame, with deviations and flags.

    Raises
    ------
    InputError
        Images of another shape, too small, without structure in most frames; an argument out of its range.
    """
    frames, time = _checked(images)
    size = _pixel_size(pixel)
    if reference not in ("first", "previous", "mean"):
        raise InputError("reference", reference, '"first", "previous" or "mean"', "choose one of them")
    if axes not in ("yx", "y", "x"):
        raise InputError("axes", axes, '"yx", "y" or "x"', "choose one of them")
    for name, value, odd in (("upsample", upsample, False), ("smooth", smooth, True)):
        if value < 1 or (odd and value % 2 == 0):
            raise InputError(name, value, "1, 3, 5, ..." if odd else ">= 1", "give a whole number")
    chosen = tuple("yx".index(axis) for axis in axes)

    def matched(one: Pattern, other: Pattern, guess: Floats) -> Match | None:
        return match(one, other, guess.tolist(), upsample=upsample, axes=chosen)

    shift, std, quality = _followed(frames, matched, reference == "previous")
    if reference == "mean":
        shift, std, quality = _to_the_mean(frames, matched, shift)
    if 2 * np.count_nonzero(np.isfinite(quality)) <= len(frames):
        known = np.count_nonzero(np.isfinite(quality))
        raise InputError(
            "images", f"{known} of {len(frames)} frames with structure to match", "more than half",
            'take images that show the outline of the particle, or axes="x" where nothing varies along y',
        )  # fmt: skip
    flag = np.where(np.isfinite(quality), MEASURED, MISSING).astype(np.int8)
    flag[_outliers(time, shift, quality, flag == MEASURED)] = OUTLIER
    shift, std = _interpolated(time, shift, std, flag == MEASURED)
    shift, std = _smoothed(time, shift, std, smooth)
    shift = shift - shift[np.flatnonzero(flag == MEASURED)[0]]
    metres = np.array(size)
    return Drift(
        time=time,
        dy=shift[:, 0] * metres[0],
        dx=shift[:, 1] * metres[1],
        dy_std=std[:, 0] * metres[0],
        dx_std=std[:, 1] * metres[1],
        quality=quality,
        flag=flag,
        pixel=size,
        reference=reference,
    )


@dataclass(frozen=True, eq=False)
class _Frames:
    """Images, one at a time."""

    images: xr.DataArray

    def __len__(self) -> int:
        return int(self.images.sizes["time"])

    def pattern(self, number: int) -> Pattern | None:
        return pattern_of(np.asarray(self.images[number].values, dtype=np.float64))


def _checked(images: xr.DataArray | ArrayLike) -> tuple[_Frames, Floats]:
    array = images if isinstance(images, xr.DataArray) else xr.DataArray(np.asarray(images))
    if not isinstance(images, xr.DataArray) and array.ndim == 3:
        array = array.rename(dict(zip(array.dims, ("time", "y", "x"), strict=True)))
    if set(array.dims) != {"time", "y", "x"}:
        raise InputError("images", tuple(array.dims), "dimensions time, y, x", "sum the energies first")
    array = array.transpose("time", "y", "x")
    if array.sizes["time"] < 2 or min(array.shape[1:]) < LEAST_SIDE:
        allowed = f"2 frames or more of at least {LEAST_SIDE} x {LEAST_SIDE} pixels"
        raise InputError("images", array.shape, allowed, "take larger images, or more of them")
    time = np.asarray(array["time"].values, dtype=np.float64)
    if not np.all(np.isfinite(time)) or np.any(np.diff(time) <= 0.0):
        raise InputError("images.time", "not increasing", "finite and increasing [s]", "use regular_series")
    return _Frames(array), time


def _pixel_size(pixel: float | tuple[float, float]) -> tuple[float, float]:
    sizes = np.broadcast_to(np.asarray(pixel, dtype=np.float64), (2,))
    if not np.all(np.isfinite(sizes) & (sizes > 0.0)):
        raise InputError("pixel", pixel, "> 0 m", "give its size, or (y, x)")
    return float(sizes[0]), float(sizes[1])


_Matcher = Callable[[Pattern, Pattern, Floats], Match | None]


def _followed(frames: _Frames, matched: _Matcher, previous: bool) -> tuple[Floats, Floats, Floats]:
    """Displacement, deviation (time, 2) [pixels] and quality, each frame begun where the last one was."""
    shift, std = np.full((len(frames), 2), np.nan), np.full((len(frames), 2), np.nan)
    quality = np.full(len(frames), np.nan)
    base: Pattern | None = None
    origin, variance, guess = np.zeros(2), np.zeros(2), np.zeros(2)
    for number in range(len(frames)):
        pattern = frames.pattern(number)
        if pattern is None:
            continue
        if base is None:
            base, shift[number], std[number], quality[number] = pattern, 0.0, 0.0, 1.0
            continue
        found = matched(base, pattern, guess - origin)
        if found is None:
            continue
        guess = origin + found.shift
        shift[number], quality[number] = guess, found.quality
        std[number] = np.sqrt(variance + np.square(found.std))
        if previous:
            base, origin, variance = pattern, guess, std[number] ** 2
    return shift, std, quality


def _to_the_mean(frames: _Frames, matched: _Matcher, first: Floats) -> tuple[Floats, Floats, Floats]:
    """As :func:`_followed`, against the mean of all other frames at the displacements `first`."""
    shift, std = np.full_like(first, np.nan), np.full_like(first, np.nan)
    quality = np.full(len(frames), np.nan)
    known: list[int] = np.flatnonzero(np.isfinite(first[:, 0])).tolist()
    total = weight = np.zeros(frames.images.shape[1:])
    for number in known:
        pattern = frames.pattern(number)
        if pattern is not None:
            values, window = shifted_back(pattern, first[number])
            total, weight = total + window * values, weight + window
    for number in known:
        pattern = frames.pattern(number)
        if pattern is None:
            continue
        values, window = shifted_back(pattern, first[number])
        others = np.maximum(weight - window, 0.0)
        seen = others > 0.05 * max(float(others.max()), 1e-12)
        mean = np.where(seen, total - window * values, 0.0) / np.where(seen, others, 1.0)
        found = matched(Pattern(mean, others / max(float(others.max()), 1e-12)), pattern, first[number])
        if found is not None:
            shift[number], std[number], quality[number] = found.shift, found.std, found.quality
    return shift, std, quality


def _outliers(time: Floats, shift: Floats, quality: Floats, measured: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Frames that neither the frames before nor those after lead to, or that are unlike the reference."""
    known = np.flatnonzero(measured)
    if known.size < 5:
        return known[:0]
    likeness = quality[known]
    spread = 1.4826 * float(np.median(np.abs(likeness - np.median(likeness))))
    unlike = likeness < np.minimum(np.median(likeness) - _FARTHEST * spread, 0.5 * np.median(likeness))
    away = np.zeros(known.size)
    for place in range(2, known.size - 2):
        before = known[max(0, place - _NEIGHBOURS) : place]
        after = known[place + 1 : place + 1 + _NEIGHBOURS]
        here = known[place]
        away[place] = min(
            float(np.abs(shift[here] - _line(time[side], shift[side], time[here])).max())
            for side in (before, after)
        )
    limit = max(_NEAREST, _FARTHEST * 1.4826 * float(np.median(away)))
    return np.asarray(known[unlike | (away > limit)])


def _line(time: Floats, values: Floats, at: float) -> Floats:
    """Value of the Theil-Sen line of each column at a time: one frame in four may be wrong."""
    first, second = np.triu_indices(time.size, 1)
    slopes = (values[second] - values[first]) / (time[second] - time[first])[:, None]
    slope = np.median(slopes, axis=0)
    return np.asarray(np.median(values - slope * (time - at)[:, None], axis=0))


def _interpolated(
    time: Floats, shift: Floats, std: Floats, measured: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Fill frames that were not measured; before the first and after the last one the value is held."""
    columns = [np.interp(time, time[measured], shift[measured, axis]) for axis in (0, 1)]
    spread = [np.interp(time, time[measured], std[measured, axis]) for axis in (0, 1)]
    return np.stack(columns, axis=1), np.stack(spread, axis=1)


def _smoothed(time: Floats, shift: Floats, std: Floats, frames: int) -> tuple[Floats, Floats]:
    """Value in the middle of the straight line through `frames` frames, and its deviation."""
    if frames == 1:
        return shift, std
    values, spread = shift.copy(), std.copy()
    for number in range(time.size):
        part = slice(max(0, number - frames // 2), number + frames // 2 + 1)
        terms = np.stack([np.ones_like(time[part]), time[part] - time[number]], axis=1)
        weights = np.linalg.pinv(terms)[0]
        values[number] = weights @ shift[part]
        spread[number] = np.sqrt(weights**2 @ std[part] ** 2)
    return values, spread
