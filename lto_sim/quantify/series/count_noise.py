"""Gain and readout of a detector from the scatter of what it recorded.

The curvature z = c_e - (c_(e-4) + c_(e+4))/2 of a smooth spectrum is noise of the variance 1.5 (g m + r^2), m
the mean count there, whatever smears neighbouring channels into each other. Its median deviation over bins of
m, which spikes and peaks do not reach, gives the gain g and the readout r by non-negative least squares.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import nnls

__all__ = ["scatter_of_counts"]

Floats = NDArray[np.float64]

_STEP: Final = 4
_BINS: Final = 20
_FRAMES: Final = 8
"""Frames, evenly spaced, that are read."""
_MOST: Final = 400_000
"""Values of a frame that are used."""


def scatter_of_counts(counts: xr.DataArray) -> tuple[float, float]:
    """Counts per electron (1 at least) and standard deviation of the readout [counts].

    Parameters
    ----------
    counts : (time, y, x, energy_loss); a few frames are read.
    """
    frames = np.unique(np.linspace(0, counts.sizes["time"] - 1, _FRAMES).astype(int))
    parts = [_curvature(np.asarray(counts[int(number)].values, dtype=np.float64)) for number in frames]
    level, square = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(level)
    bins = np.array_split(order, min(_BINS, max(1, order.size // 50)))
    mean = np.array([level[part].mean() for part in bins])
    variance = np.array([(1.4826**2 / 1.5) * np.median(square[part]) for part in bins])
    if not variance.any():
        return 1.0, 0.0
    weight = 1.0 / np.maximum(variance, 1e-6 * float(variance.max()))
    terms = np.stack([np.maximum(mean, 0.0), np.ones_like(mean)], axis=1)
    gain, readout = nnls(terms * weight[:, None], variance * weight)[0]
    return max(float(gain), 1.0), float(np.sqrt(readout))


def _curvature(frame: Floats) -> tuple[Floats, Floats]:
    """Level and squared curvature of every value of a frame, or of an even selection."""
    padded = np.cumsum(np.pad(np.nan_to_num(frame), [(0, 0), (0, 0), (1, 0)]), axis=-1)
    level = (padded[..., 2 * _STEP + 1 :] - padded[..., : -2 * _STEP - 1]) / (2 * _STEP + 1)
    middle = frame[..., _STEP:-_STEP]
    change = middle - 0.5 * (frame[..., 2 * _STEP :] + frame[..., : -2 * _STEP])
    good = np.flatnonzero(np.isfinite(change))
    good = good[:: max(1, good.size // _MOST)]
    return level.ravel()[good], change.ravel()[good] ** 2
