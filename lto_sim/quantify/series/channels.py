"""Sums over a recording by channel, and the dead and hot channels that they show."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ChannelSums", "dead_channels", "energy_median", "hot_channels", "sharp_channels"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CUT: Final = 6.0
"""Deviations at which a change is cut off, so that single spikes make no channel hot."""
_FLICKER: Final = 4.0
_BRIGHT: Final = 3.0
_SURE: Final = 6.0
"""Deviations by which a channel lies above its limit at least."""
_FLAT: Final = 0.5
"""Deviations by which a smooth channel lies above the median of its neighbours at most, in the mean."""
_WANDER: Final = 3
"""Channels around a sharp one that are sharp as well in a spectrum that is displaced."""
_BELOW, _ABOVE = (-3, -2, -1), (1, 2, 3)
_FOOT: Final = 1e-3
"""Part of the largest peak's height at which it ends."""


class ChannelSums:
    """Sums by channel [electrons], built up frame by frame: first all :meth:`add`, then :meth:`add_change`.

    Parameters
    ----------
    channels : Number of channels.
    readout : Standard deviation of a value's readout [electrons].
    """

    def __init__(self, channels: int, readout: float = 0.0) -> None:
        self.readout = readout
        self.total = np.zeros(channels)
        self.spectra = 0
        self._square = np.zeros(channels)
        self._changes = 0

    def add(self, frame: Floats) -> None:
        """Add a frame (y, x, channel)."""
        self.total += frame.sum(axis=(0, 1))
        self.spectra += frame.shape[0] * frame.shape[1]

    def add_change(self, frame: Floats, other: Floats | None) -> None:
        """Add changes between two frames; without `other` those between pixels of the frame."""
        along = 1 if frame.shape[1] > 1 else 0
        change = np.diff(frame, axis=along) if other is None else other - frame
        reach = _CUT * np.sqrt(2.0 * (np.maximum(self.mean, 0.0) + self.readout**2 + 1.0))
        self._square += (np.clip(change, -reach, reach) ** 2).sum(axis=(0, 1))
        self._changes += change.shape[0] * change.shape[1]

    @property
    def mean(self) -> Floats:
        """Of a value, (channel,)."""
        return np.asarray(self.total / max(self.spectra, 1))

    @property
    def changes(self) -> int:
        """Number of changes of a channel."""
        return self._changes

    @property
    def dispersion(self) -> Floats:
        """Variance of the changes over that of counts and readout; 0 in an empty channel."""
        usual = np.maximum(self.mean, 0.0) + self.readout**2
        variance = 0.5 * self._square / max(self._changes, 1)
        return np.divide(variance, usual, out=np.zeros_like(usual), where=usual > 0.0)


def _neighbours(values: Floats, steps: tuple[int, ...]) -> Floats:
    """Values of neighbouring channels (steps, channel); NaN beyond the ends."""
    size = values.size
    first = max(map(abs, steps))
    padded = np.pad(values, first, constant_values=np.nan)
    return np.stack([padded[first + step : first + step + size] for step in steps])


def dead_channels(sums: ChannelSums, probability: float) -> Mask:
    """Channels that are 0 throughout while on both sides of them that has less than `probability`."""
    sides = [
        np.max(np.nan_to_num(_neighbours(sums.total, steps), nan=np.inf), axis=0)
        for steps in (_BELOW, _ABOVE)
    ]
    return np.asarray((sums.total == 0.0) & (np.minimum(*sides) > -np.log(probability)))


def energy_median(values: Floats) -> Floats:
    """Median of the channels 2 and 3 below and above along the last axis; at the ends of one side, twice."""
    last = values.shape[-1] - 1
    channel = np.arange(last + 1)
    total, low, high = np.zeros_like(values), np.full_like(values, np.inf), np.full_like(values, -np.inf)
    for step in (-3, -2, 2, 3):
        place = channel + step
        neighbour = values[..., np.where((place < 0) | (place > last), channel - step, place)]
        total += neighbour
        np.minimum(low, neighbour, out=low)
        np.maximum(high, neighbour, out=high)
    return np.asarray(0.5 * (total - low - high))


def sharp_channels(sums: ChannelSums) -> Mask:
    """Channels that the median of their energy neighbours does not tell, and those around them."""
    mean = np.maximum(sums.mean, 0.0)
    sharp = mean - energy_median(mean) > _FLAT * np.sqrt(mean)
    return np.asarray(np.convolve(sharp, np.ones(2 * _WANDER + 1), mode="same") > 0.5)


def hot_channels(sums: ChannelSums) -> Mask:
    """Channels that flicker, or that stand out of their neighbours, but for those of the largest peak."""
    dispersion = sums.dispersion
    usual = np.nanmedian(_neighbours(dispersion, (-4, -3, -2, -1, 1, 2, 3, 4)), axis=0)
    spread = _SURE * np.sqrt(3.0 / max(sums.changes, 1))
    rare = np.divide(1.0, sums.total, out=np.full_like(sums.total, np.inf), where=sums.total > 0.0)
    wide = _SURE * np.sqrt(np.minimum(rare, 1e6))
    flickers = dispersion > _FLICKER * np.maximum(usual, 1.0) * (1.0 + spread) + wide
    around = np.nanmax(_neighbours(sums.total, (-2, -1, 1, 2)), axis=0)
    noise = np.maximum(_BRIGHT * around, 0.0) + sums.spectra * sums.readout**2 + 1.0
    bright = sums.total > _BRIGHT * around + _SURE * np.sqrt(noise)
    return np.asarray((flickers | bright) & (sums.total > 0.0) & ~_largest_peak(sums.total, bright))


def _largest_peak(total: Floats, bright: Mask) -> Mask:
    """Channels from the largest peak's top down to its feet on both sides; one that is bright may be it."""
    wide = energy_median(total)
    top = int(np.argmax(np.where(bright, wide, total)))
    ends = []
    for step in (-1, 1):
        place = top
        while 0 <= place + step < total.size and total[place + step] > _FOOT * total[top]:
            rises = total[place + step] > total[place]
            if rises and abs(place - top) >= _WANDER:
                break
            place += step
        ends.append(place)
    channel = np.arange(total.size)
    low, high = min(ends[0], top - _WANDER), max(ends[1], top + _WANDER)
    return np.asarray((channel >= low) & (channel <= high))
