"""What the beam passes in every pixel of a frame: drift, probe width and lithium loss laid over frames.

A pixel collects electrons, so what lies side by side within it or under the probe's tails adds up in
intensity, never in composition. A frame is therefore a list of *contents*: shares of the pixel with a
thickness and a li fraction each, vacuum beside them. With drift d(t) the pixel at r, visited at t, sees the
specimen at r - d(t): up to four recorded pixels share it, each taken at the time t by linear interpolation
between its own visits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.ndimage import correlate1d

from lto_sim.constants import FWHM_PER_SIGMA
from lto_sim.microscope.frames import Frames

__all__ = ["Content", "blurred", "contents_of_frame"]

Floats = NDArray[np.float64]

_NARROW = 1e-3  # of a pixel: a narrower probe changes nothing


@dataclass(frozen=True, eq=False)
class Content:
    """One of the parts of every pixel.

    Parameters
    ----------
    share : Part of the pixel's electrons, (y, x); 0 where there is nothing.
    thickness : [m], (y, x).
    li_fraction : (y, x), finite everywhere.
    """

    share: Floats
    thickness: Floats
    li_fraction: Floats


def contents_of_frame(
    frames: Frames, number: int, displacement: Callable[[Floats], tuple[Floats, Floats]] | None
) -> list[Content]:
    """What every pixel of frame `number` holds.

    Parameters
    ----------
    frames : The frames.
    number : Which one.
    displacement : Times [s] -> displacement (x, y) of the specimen in the image [m]; None: none.
    """
    if displacement is None:
        return [_content(frames.coverage, frames.thickness, frames.values[number])]
    when = frames.time[number] + frames.pixel_time
    move_x, move_y = displacement(when)
    size_y, size_x = frames.pixel_size
    rows, columns = np.indices(when.shape)
    at_y, at_x = rows - move_y / size_y, columns - move_x / size_x
    low_y, low_x = np.floor(at_y).astype(np.int64), np.floor(at_x).astype(np.int64)
    part_y, part_x = at_y - low_y, at_x - low_x
    contents = []
    for step_y, weight_y in ((0, 1.0 - part_y), (1, part_y)):
        for step_x, weight_x in ((0, 1.0 - part_x), (1, part_x)):
            weight = weight_y * weight_x
            if np.any(weight > 0.0):
                contents.append(_neighbour(frames, number, when, low_y + step_y, low_x + step_x, weight))
    return contents


def _content(share: Floats, thickness: Floats, values: Floats) -> Content:
    inside = np.isfinite(values) & (share > 0.0)
    return Content(np.where(inside, share, 0.0), thickness, np.where(inside, values, 0.0))


def _neighbour(
    frames: Frames,
    number: int,
    when: Floats,
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    weight: Floats,
) -> Content:
    """Recorded pixels (row, column) at the times `when`; vacuum outside the recorded box."""
    height, width = frames.coverage.shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    values = _at_time(frames, number, when, row, column)
    share = np.where(inside, weight * frames.coverage[row, column], 0.0)
    return _content(share, frames.thickness[row, column], values)


def _at_time(
    frames: Frames, number: int, when: Floats, row: NDArray[np.int64], column: NDArray[np.int64]
) -> Floats:
    """Values of recorded pixels between their visits; held before the first frame and after the last."""
    now = np.asarray(frames.values[number, row, column])
    visited = frames.time[number] + frames.pixel_time[row, column]
    result = now.copy()
    for step in (-1, 1):
        other = number + step
        if not 0 <= other < frames.time.size:
            continue
        gap = frames.time[other] + frames.pixel_time[row, column] - visited
        part = (when - visited) / gap
        neighbour = frames.values[other, row, column]
        result = np.where(np.isnan(result), neighbour, result)  # not visited in this frame
        use = (part > 0.0) & np.isfinite(now) & np.isfinite(neighbour)
        result = np.where(use, now + np.minimum(part, 1.0) * (neighbour - now), result)
    return np.asarray(result)


def blurred(weights: Floats, fwhm_pixels: Sequence[float]) -> Floats:
    """Maps (y, x, terms) under a Gaussian probe; beyond the image it goes on as at its border."""
    result = weights
    for axis, width in enumerate(fwhm_pixels):
        if width > _NARROW:
            kernel = _pixel_kernel(width / FWHM_PER_SIGMA)
            result = np.asarray(correlate1d(result, kernel, axis=axis, mode="nearest"))
    return result


def _pixel_kernel(sigma: float) -> Floats:
    """Weights of neighbouring pixels under a Gaussian [pixels], both averaged over a pixel; their sum is 1.

    Second difference of z Phi(z/sigma) + sigma phi(z/sigma): exact for an image that is constant in pixels.
    """
    reach = int(np.ceil(5.0 * sigma)) + 1
    z = np.arange(-reach - 1, reach + 2) / sigma
    twice = sigma * (z * special.ndtr(z) + np.exp(-0.5 * np.minimum(z**2, 1400.0)) / np.sqrt(2.0 * np.pi))
    kernel = np.diff(twice, 2)
    return np.asarray(kernel / kernel.sum())
