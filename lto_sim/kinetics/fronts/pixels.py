"""The pixels that a fit sees: one row per frame, padded to equal length, with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lto_sim.kinetics.fronts.search import robust_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.step_model import Extent
    from lto_sim.kinetics.fronts.strip import Strip

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["Pixels", "all_pixels", "averaged", "pixel_weights", "pixels_between", "window"]


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels of some frames of one profile.

    Parameters
    ----------
    s : Distance along the profile [pixels], shape (n, m).
    values : Map values, shape (n, m).
    weights : 1/sigma^2, 0 where a pixel is not used, shape (n, m).
    extent : Extent of a pixel along the profile [pixels], one for all or of shape (n, m).
    """

    s: Floats
    values: Floats
    weights: Floats
    extent: Extent = 1.0

    def rows(self, some: Indices) -> Pixels:
        """Return some of the frames."""
        extent = self.extent if isinstance(self.extent, float) else self.extent[some]
        return Pixels(self.s[some], self.values[some], self.weights[some], extent)


def pixel_weights(strip: Strip) -> Floats:
    """Return 1/sigma^2 of every pixel, shape (time, m): as stated, else from differences of neighbours."""
    if strip.std is not None:
        return np.where(strip.valid, 1.0 / strip.std**2, 0.0)
    noise = robust_noise(strip.values, strip.valid)
    floor = 1e-4 * max(float(np.ptp(strip.values[strip.valid])) if strip.valid.any() else 0.0, 1e-30)
    return np.asarray(strip.valid / np.maximum(noise, floor)[:, None] ** 2)


def window(s: Floats, low: Floats, high: Floats) -> tuple[Indices, Floats]:
    """Return the pixels from `low` to `high` of each frame, shape (n, m), and 1 for used, 0 for padding."""
    first = np.searchsorted(s, low)
    last = np.searchsorted(s, high)
    index = first[:, None] + np.arange(max(int((last - first).max()), 1))
    return np.minimum(index, s.size - 1), (index < last[:, None]).astype(float)


def pixels_between(strip: Strip, weights: Floats, rows: Indices, low: Floats, high: Floats) -> Pixels:
    """Return the pixels of frames `rows` from `low` to `high` [pixels], one pair for each of them."""
    index, used = window(strip.s, low, high)
    pick = (rows[:, None], index)
    extent = 1.0 if strip.extent is None else strip.extent[index]
    return Pixels(strip.s[index], strip.values[pick], weights[pick] * used, extent)


def all_pixels(strip: Strip, weights: Floats, rows: Indices) -> Pixels:
    """Return every pixel of frames `rows`."""
    shape = (rows.size, strip.s.size)
    extent = 1.0 if strip.extent is None else np.broadcast_to(strip.extent, shape)
    return Pixels(np.broadcast_to(strip.s, shape), strip.values[rows], weights[rows], extent)


def averaged(pixels: Pixels, step: float = 0.25) -> Pixels:
    """Average the pixels of each frame over bins along the profile, `step` pixels wide.

    Where rows of a map run along the profile, this joins the pixels of a column and loses nothing.

    Parameters
    ----------
    pixels : Pixels whose distances are those of all frames.
    step : Width of a bin [pixels].
    """
    s = pixels.s[0]
    _, member = np.unique(np.floor((s - s.min()) / step + 1e-6), return_inverse=True)
    table = np.zeros((s.size, int(member.max()) + 1))
    table[np.arange(s.size), member] = 1.0
    weights = pixels.weights @ table
    values = (pixels.weights * pixels.values) @ table / np.where(weights > 0.0, weights, 1.0)
    count = table.sum(axis=0)
    extent = pixels.extent if isinstance(pixels.extent, float) else pixels.extent @ table / count
    return Pixels(np.broadcast_to(s @ table / count, weights.shape), values, weights, extent)
