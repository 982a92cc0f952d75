"""Where the zero loss of every spectrum lies, in whole channels.

The energy axis moves during a recording (drift of the high tension, stray fields) and with the probe (the
scan is not quite descanned). Spectra are not resampled for it: interpolated counts are neither Poisson nor
independent. What is known is by how many channels each lies too high.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["common_offset", "zero_loss_channels"]

Floats = NDArray[np.float64]

_FARTHEST_EV: Final = 10.0
_CORE_EV: Final = 1.0
_LEAST_COUNTS: Final = 30.0
_FINEST_EV: Final = 0.005


def zero_loss_channels(
    energy_loss: Floats, spectra: NDArray[Any], highest_eV: float = np.inf
) -> tuple[NDArray[np.int64], Floats]:
    """Shift of the zero loss of every spectrum.

    Parameters
    ----------
    energy_loss : Channel centres, even steps [eV], (channels,).
    spectra : Counts, (n, channels).
    highest_eV : Losses beyond which nothing is looked at.

    Returns
    -------
    Shift in channels to the nearest, (n,), and in eV by the centroid of the peak's core, (n,); NaN (and 0
    channels) where there is no peak within 10 eV of 0 that is higher than the losses.
    """
    step = float(energy_loss[1] - energy_loss[0])
    near = np.flatnonzero(np.abs(energy_loss) <= _FARTHEST_EV)
    lost = np.full(spectra.shape[0], np.nan)
    nothing = np.zeros(spectra.shape[0], dtype=np.int64)
    if near.size < 3:
        return nothing, lost
    first = int(near[0])
    region = spectra[:, first : int(near[-1]) + 1]
    top = np.argmax(region, axis=1)
    reach = max(1, round(_CORE_EV / step))
    width = 2 * reach + 1
    start = np.clip(top - reach, 0, max(region.shape[1] - width, 0))
    index = start[:, None] + np.arange(min(width, region.shape[1]))
    core = np.maximum(np.take_along_axis(region, index, axis=1).astype(np.float64), 0.0)
    total = core.sum(axis=1)
    height = np.take_along_axis(region, top[:, None], axis=1)[:, 0]
    beyond = spectra[:, int(near[-1]) + 1 : int(np.searchsorted(energy_loss, highest_eV))]
    higher = height > beyond.max(axis=1) if beyond.shape[1] else np.ones(top.size, dtype=bool)
    found = (total >= _LEAST_COUNTS) & (top > 0) & (top < region.shape[1] - 1) & higher
    centroid = np.divide((core * energy_loss[first + index]).sum(axis=1), total, out=lost, where=found)
    shift = np.where(found, np.round(np.where(found, centroid, 0.0) / step), 0.0).astype(np.int64)
    return shift, centroid


def common_offset(energy_loss: Floats, spectra: NDArray[Any]) -> float:
    """By how much the zero loss of most spectra lies beside a channel's centre [eV], to 0.005 eV.

    Parameters
    ----------
    energy_loss, spectra : As for :func:`zero_loss_channels`; NaN in a spectrum leaves it out.
    """
    used = spectra[np.isfinite(spectra.sum(axis=1, dtype=np.float64))]
    _, shift = zero_loss_channels(energy_loss, used)
    if not np.isfinite(shift).any():
        return 0.0
    step = float(energy_loss[1] - energy_loss[0])
    nearest = float(energy_loss[np.argmin(np.abs(energy_loss))])
    turns = np.exp(2j * np.pi * (shift[np.isfinite(shift)] - nearest) / step)  # whole channels are no turn
    rest = step * float(np.angle(turns.mean())) / (2.0 * np.pi)
    return _FINEST_EV * round((nearest + rest) / _FINEST_EV)
