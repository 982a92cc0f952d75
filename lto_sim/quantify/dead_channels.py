"""Channels of a detector that recorded nothing in any spectrum, and how they are bridged."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from lto_sim.errors import InputError

__all__ = ["DeadChannels", "find_dead_channels"]

Floats = NDArray[np.float64]

_EXPECTED: Final = 30.0
"""Counts in all spectra together that a live channel would have; none at all is then no accident."""
_NEIGHBOURS: Final = 41
_ZERO_LOSS_EV: Final = 1.5


class DeadChannels:
    """Dead channels of a recording, and the live ones on either side.

    Parameters
    ----------
    dead : Which channels are dead, (channels,).
    """

    def __init__(self, dead: NDArray[np.bool_]) -> None:
        self.which = np.flatnonzero(dead)
        live = np.flatnonzero(~dead)
        after = np.clip(np.searchsorted(live, self.which), 1, max(live.size - 1, 1))
        self._below, self._above = live[after - 1], live[np.minimum(after, live.size - 1)]
        span = np.maximum(self._above - self._below, 1)
        self._share = np.clip((self.which - self._below) / span, 0.0, 1.0)

    def bridged(self, counts: NDArray[Any]) -> NDArray[Any]:
        """Spectra (n, channels) with what the live neighbours of dead channels have between them."""
        if not self.which.size:
            return counts
        whole = counts.astype(np.float64)
        low, high = whole[:, self._below], whole[:, self._above]
        whole[:, self.which] = low + self._share * (high - low)
        return whole


def find_dead_channels(energy_loss: Floats, sample: NDArray[Any]) -> DeadChannels:
    """Find channels that are 0 or NaN in every spectrum where their neighbours count.

    Parameters
    ----------
    energy_loss : Channel centres [eV], (channels,).
    sample : Spectra, (n, channels).

    Raises
    ------
    InputError
        A dead channel in the zero loss, or a quarter of all channels dead.
    """
    total = np.where(np.isfinite(sample), sample, 0.0).sum(axis=0, dtype=np.float64)
    around = median_filter(total, _NEIGHBOURS, mode="nearest")
    dead = (total == 0.0) & (around > _EXPECTED)
    if np.any(dead & (np.abs(energy_loss) < _ZERO_LOSS_EV)):
        where = ", ".join(f"{energy:.4g}" for energy in energy_loss[dead][:3])
        raise InputError(
            "recording", f"dead channels at {where} eV", "a zero loss that was recorded whole",
            "t/lambda and x rest on it: leave the low loss out of what goes through these channels",
        )  # fmt: skip
    if 4 * np.count_nonzero(dead) > dead.size:
        raise InputError("recording", int(dead.sum()), "few dead channels", "look at it with lto-sim inspect")
    return DeadChannels(dead)
