"""Numbers that say how a run differs from recorded maps, and where."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["comparison_statistics"]

Floats = NDArray[np.float64]

_AT_FRONT: Final = 2.0
"""Pixels beside the simulated front (li fraction 0.5) that count as at the front."""


def comparison_statistics(
    residual: Floats, fraction: Floats, weight: Floats, scale: float
) -> dict[str, float]:
    """Numbers of all compared values together.

    Parameters
    ----------
    residual : Recorded less simulated (frames, y, x), NaN where not compared.
    fraction : Li fraction of the run (frames, y, x).
    weight : Of the values, 1 over their variance (frames, y, x).
    scale : Factor of the variances.

    Returns
    -------
    rms, bias and its deviation; correlation of neighbours along x and y with the deviation that noise has;
    share of the squared residuals at the front, and of the pixels that are there.
    """
    use = np.isfinite(residual)
    rest, above = np.where(use, residual, 0.0), np.where(np.isfinite(fraction), fraction, 0.0) > 0.5
    square = np.where(use, weight, 0.0) * rest**2
    near, result, pairs = np.zeros_like(use), {}, 1
    for name, axis in (("correlation_y", 1), ("correlation_x", 2)):
        flags, values, sides = (np.moveaxis(v, axis, 0) for v in (use, rest * np.sqrt(weight), above))
        both = flags[1:] & flags[:-1]
        pairs = max(int(np.count_nonzero(both)), 1)
        product = float(np.sum(values[1:] * values[:-1] * both)) / pairs
        result[name] = product / max(float(square[use].mean()), 1e-300)
        turns = both & (sides[1:] != sides[:-1])
        np.moveaxis(near, axis, 0)[1:] |= turns
        np.moveaxis(near, axis, 0)[:-1] |= turns
    for frame in np.flatnonzero(near.any(axis=(1, 2))):
        near[frame] = ndimage.distance_transform_edt(~near[frame]) <= _AT_FRONT
    return result | {
        "correlation_std": pairs**-0.5,
        "rms": float(np.sqrt(np.mean(rest[use] ** 2))),
        "bias": float(rest[use].mean()),
        "bias_std": float(np.sqrt(scale * np.mean(1.0 / weight[use]) / use.sum())),
        "front_share": float(square[near & use].sum() / max(square.sum(), 1e-300)),
        "front_pixels": float(np.mean(near[use])),
    }
