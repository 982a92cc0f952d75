"""X-ray spikes, dead and hot channels of a recorded series of spectra.

A count c is a spike where the Poisson probability of c or more is below p = `expected_false` / (number of
values), so that a whole recording without spikes has fewer than `expected_false` false ones, taking for the
expectation lambda = m + sqrt(m) + 1 (m is itself a count). m is the median of the channels 2 and 3 below and
above, for a spike may be 3 channels wide, or, where counts are few, the mean of the lowest 6 of the channels
2 to 5 below and above. Where the mean spectrum shows that this is not enough, as in the zero-loss peak, m is
at least 1.3 times the second largest of the neighbouring spectra (8 pixels around in the same frame, the
pixel in the frames next to it), each the largest of its channels e - 2 to e + 2: the peak may be steep,
differ between particle and vacuum, wander by a channel, and be higher where it falls on the middle of one (by
19 % if it is 2 channels wide).

A dead channel is 0 in the whole recording where its neighbours are not. A hot one is above three times each
of its neighbours, or its changes from frame to frame (pixel to pixel in a single frame) have more than 4
times the variance over mean of its neighbours, single spikes cut off; the largest peak is left out, for
nothing tells them apart there. Nothing is changed here: a fit leaves flagged values out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.series.channels import (
    ChannelSums,
    dead_channels,
    energy_median,
    hot_channels,
    sharp_channels,
)
from lto_sim.quantify.series.count_noise import scatter_of_counts

__all__ = ["Spikes", "find_spikes", "without_spikes"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DIMS: Final = ("time", "y", "x", "energy_loss")
_AROUND: Final = [(0, dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
_PHASE: Final = 1.3
"""How much higher a narrow peak may be than its neighbours are."""
_MOST: Final = 1e-3
"""Part of all values that are spikes at most, where the counts are Poisson."""


@dataclass(frozen=True, eq=False)
class Spikes:
    """What a fit of the spectra leaves out.

    Parameters
    ----------
    index : Frame, row, column and channel of every spike, (spikes, 4).
    value, expected : Counts that are there, and counts that its neighbours lead to, (spikes,).
    dead, hot : Channels, (energy_loss,).
    shape : Of the recording (time, y, x, energy_loss).
    probability : Poisson probability p below which a value is a spike.
    counts_per_electron, readout_std : Gain, and deviation of the readout [counts], as given or estimated.
    """

    index: NDArray[np.int64]
    value: Floats
    expected: Floats
    dead: Mask
    hot: Mask
    shape: tuple[int, int, int, int]
    probability: float
    counts_per_electron: float = 1.0
    readout_std: float = 0.0

    def frame_mask(self, number: int) -> Mask:
        """Values to leave out of frame `number`, (y, x, energy_loss)."""
        mask = np.broadcast_to(self.dead | self.hot, self.shape[1:]).copy()
        mine = self.index[self.index[:, 0] == number]
        mask[mine[:, 1], mine[:, 2], mine[:, 3]] = True
        return mask

    def mask(self) -> xr.DataArray:
        """All values to leave out, ``spike_mask(time, y, x, energy_loss)``: one byte for each."""
        values = np.stack([self.frame_mask(number) for number in range(self.shape[0])])
        attrs = named("1", "value to leave out: spike, dead or hot channel")
        return xr.DataArray(values, dims=DIMS, name="spike_mask", attrs=attrs)

    def report(self) -> tuple[str, ...]:
        """What was found, in words."""
        lines = [f"{self.value.size} spikes in {int(np.prod(self.shape))} values"]
        for name, mask in (("dead", self.dead), ("hot", self.hot)):
            if mask.any():
                lines.append(f"{name} channels: {', '.join(map(str, np.flatnonzero(mask)))}")
        return tuple(lines)


def find_spikes(
    counts: xr.DataArray | ArrayLike,
    *,
    counts_per_electron: float | None = None,
    readout_std: float | None = None,
    expected_false: float = 0.5,
) -> Spikes:
    """Find X-ray spikes, dead and hot channels; nothing is changed.

    Parameters
    ----------
    counts : Counts (time, y, x, energy_loss), or a plain array with these axes; read twice, frame by frame.
    counts_per_electron : Gain of the detector [counts]; None: 1 for whole numbers, which were counted, else
        estimated from their scatter (:mod:`~lto_sim.quantify.series.count_noise`), at least 1.
    readout_std : Standard deviation of the readout [counts]; None: 0 with a gain, or for whole numbers, else
        estimated too.
    expected_false : Number of false spikes [1] expected in the whole recording, if it holds none.

    Returns
    -------
    Spikes
        What a fit should leave out.

    Raises
    ------
    InputError
        Other axes, fewer than 8 channels, fewer than 3 spectra, an argument outside its range.
    """
    array = _checked(counts)
    gain, readout_std = _noise(array, counts_per_electron, readout_std)
    _require(gain, readout_std, expected_false)
    sums = ChannelSums(array.sizes["energy_loss"], readout_std / gain)
    for _, frame, _, _ in _windows(array):
        sums.add(frame / gain)
    probability = expected_false / array.size
    rule = _Rule(probability, gain, readout_std, sharp_channels(sums))
    parts: list[tuple[NDArray[np.int64], Floats, Floats]] = []
    for number, frame, previous, following in _windows(array):
        change = following if following is not None else previous
        sums.add_change(frame / gain, None if change is None else change / gain)
        found = _in_frame(frame, (previous, following), rule)
        parts.append((np.insert(found[0], 0, number, axis=1), *found[1:]))
    index, value, expected = (np.concatenate(column) for column in zip(*parts, strict=True))
    dead, hot = dead_channels(sums, probability), hot_channels(sums)
    kept = ~(dead | hot)[index[:, 3]]
    if kept.sum() > max(_MOST * array.size, 10.0 * expected_false):
        warnings.warn(
            f"{kept.sum()} of {array.size} counts are spikes: their noise is not that of {gain:.3g} counts "
            f"per electron and {readout_std:.3g} counts of readout; give those of the detector",
            UserWarning,
            stacklevel=2,
        )
    sizes = array.shape
    shape = (sizes[0], sizes[1], sizes[2], sizes[3])
    return Spikes(index[kept], value[kept], expected[kept], dead, hot, shape, probability, gain, readout_std)


def _checked(counts: xr.DataArray | ArrayLike) -> xr.DataArray:
    array = counts if isinstance(counts, xr.DataArray) else xr.DataArray(np.asarray(counts))
    if not isinstance(counts, xr.DataArray) and array.ndim == len(DIMS):
        array = array.rename(dict(zip(array.dims, DIMS, strict=True)))
    if "energy_loss" not in array.dims or not set(array.dims) <= set(DIMS):
        raise InputError("counts", tuple(array.dims), "dimensions time, y, x, energy_loss", "rename them")
    missing = [name for name in DIMS if name not in array.dims]
    array = array.expand_dims(missing).transpose(*DIMS)
    if array.shape[-1] < 8:
        raise InputError("counts", f"{array.shape[-1]} channels", "8 or more", "give whole spectra")
    if array.size < 3 * array.shape[-1]:
        remedy = "one spectrum alone cannot tell a spike from a peak"
        raise InputError("counts", array.shape, "3 spectra or more", remedy)
    return array


def _noise(array: xr.DataArray, gain: float | None, readout: float | None) -> tuple[float, float]:
    """Gain and readout [counts] as given, or as the scatter of the values shows."""
    if gain is not None or array.dtype.kind in "iu":
        return (1.0 if gain is None else gain), (0.0 if readout is None else readout)
    found = scatter_of_counts(array)
    return found[0], found[1] if readout is None else readout


def _require(gain: float, readout: float, expected_false: float) -> None:
    if not (np.isfinite(gain) and gain > 0.0):
        raise InputError("counts_per_electron", gain, "> 0", "1 where electrons are counted")
    if not (np.isfinite(readout) and readout >= 0.0):
        raise InputError("readout_std", readout, ">= 0 counts", "0 where electrons are counted")
    if not 0.0 < expected_false <= 1000.0:
        raise InputError("expected_false", expected_false, "above 0, up to 1000", "0.5 is the default")


def _windows(array: xr.DataArray) -> Iterator[tuple[int, Floats, Floats | None, Floats | None]]:
    """Number of a frame, the frame, and the ones before and after it; three are held. NaN count as 0."""

    def read(number: int) -> Floats | None:
        if number >= array.sizes["time"]:
            return None
        return np.nan_to_num(np.asarray(array[number].values, dtype=np.float64))

    previous, frame, following = None, read(0), read(1)
    number = 0
    while frame is not None:
        yield number, frame, previous, following
        number += 1
        previous, frame, following = frame, following, read(number + 1)


@dataclass(frozen=True, eq=False)
class _Rule:
    """When a count is a spike: probability, gain, readout [counts], and channels that need neighbours."""

    probability: float
    gain: float
    readout: float
    sharp: Mask


def _in_frame(
    frame: Floats, beside: tuple[Floats | None, Floats | None], rule: _Rule
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Row, column and channel of spikes, their values, and the median of their energy neighbours."""
    smooth = energy_median(frame)
    deviations = float(-special.ndtri(rule.probability))
    excess = (frame - deviations * rule.readout) / rule.gain
    usual = _expectation(smooth / rule.gain)
    above = excess > usual + deviations * np.sqrt(usual)  # less than Poisson's tail, which decides below
    index = np.argwhere(above)
    value, expected = frame[above], smooth[above]
    level = np.maximum(expected, _low_mean(frame, index))
    sharp = rule.sharp[index[:, 2]]
    level[sharp] = np.maximum(level[sharp], _PHASE * _second_largest(frame, beside, index[sharp]))
    electrons = _expectation(level / rule.gain)
    whole = np.maximum(np.ceil(excess[above] - 1e-9) - 1.0, 0.0)
    spike = special.pdtrc(whole, electrons) < rule.probability
    return index[spike], value[spike], expected[spike]


def _expectation(electrons: Floats) -> Floats:
    """Expected electrons, raised by what a mean that is itself a count may be too low."""
    level = np.maximum(electrons, 0.0)
    return np.asarray(level + np.sqrt(level) + 1.0)


def _low_mean(frame: Floats, index: NDArray[np.int64]) -> Floats:
    """Mean of the lowest 6 of the channels 2 to 5 beside candidates (n, 3); at the ends, of one side."""
    rows, columns, channels = index.T
    last = frame.shape[-1] - 1
    beside = np.empty((8, channels.size))
    for place, step in enumerate((-5, -4, -3, -2, 2, 3, 4, 5)):
        channel = channels + step
        channel = np.clip(np.where((channel < 0) | (channel > last), channels - step, channel), 0, last)
        beside[place] = frame[rows, columns, channel]
    return np.asarray(np.sort(beside, axis=0)[:6].mean(axis=0))


def _second_largest(
    frame: Floats, beside: tuple[Floats | None, Floats | None], index: NDArray[np.int64]
) -> Floats:
    """Second largest of the spectra beside candidates (n, 3), each the largest of its 5 channels."""
    rows, columns, channels = index.T
    first = np.full(channels.size, -np.inf)
    second = np.full(channels.size, -np.inf)
    for other, (_, down, right) in [(frame, step) for step in _AROUND] + [
        (one, (0, 0, 0)) for one in beside if one is not None
    ]:
        row, column = rows + down, columns + right
        there = (row >= 0) & (row < frame.shape[0]) & (column >= 0) & (column < frame.shape[1])
        row, column = np.where(there, row, rows), np.where(there, column, columns)
        near = [np.clip(channels + step, 0, frame.shape[2] - 1) for step in (-2, -1, 0, 1, 2)]
        largest = np.max([other[row, column, channel] for channel in near], axis=0)
        largest = np.where(there, largest, -np.inf)
        second = np.maximum(second, np.minimum(first, largest))
        first = np.maximum(first, largest)
    return np.where(np.isfinite(second), second, first)


def without_spikes(counts: xr.DataArray, spikes: Spikes) -> xr.DataArray:
    """Replace flagged values, for views and for programs that know no masks.

    Spikes become the median of their energy neighbours, dead and hot channels the straight line between the
    next sound ones. The attribute ``replaced`` says so: a fit should take `counts` and leave the mask out.

    Parameters
    ----------
    counts : What `spikes` was found in, (time, y, x, energy_loss); lazy arrays stay lazy. Its type is kept,
        whole numbers are rounded.
    spikes : From :func:`find_spikes`.

    Returns
    -------
    DataArray
        Of the shape and unit of `counts`.

    Raises
    ------
    InputError
        Another shape.
    """
    if set(counts.dims) != set(DIMS) or counts.transpose(*DIMS).shape != spikes.shape:
        raise InputError("counts", counts.shape, f"shape {spikes.shape}", "give what spikes were found in")
    ordered = counts.transpose(*DIMS)
    frames = xr.DataArray(np.arange(spikes.shape[0]), dims="time")
    filled: xr.DataArray = xr.apply_ufunc(
        _filled,
        ordered if ordered.chunks is None else ordered.chunk({"y": -1, "x": -1, "energy_loss": -1}),
        frames,
        kwargs={"spikes": spikes},
        input_core_dims=[["y", "x", "energy_loss"], []],
        output_core_dims=[["y", "x", "energy_loss"]],
        dask="parallelized",
        output_dtypes=[counts.dtype],
        keep_attrs=True,
    )
    text = "; ".join(spikes.report())
    filled = filled.transpose(*counts.dims)
    return filled.assign_attrs(replaced=f"{text}: replaced by their neighbours")


def _filled(values: NDArray[Any], frames: NDArray[np.int64], *, spikes: Spikes) -> NDArray[Any]:
    result = values.copy()
    bad = spikes.dead | spikes.hot
    good = np.flatnonzero(~bad)
    for place, number in enumerate(np.atleast_1d(frames)):
        mine = spikes.index[:, 0] == number
        _, rows, columns, channels = spikes.index[mine].T
        fill = spikes.expected[mine]
        result[place, rows, columns, channels] = np.round(fill) if values.dtype.kind in "iu" else fill
        for channel in np.flatnonzero(bad):
            above = good[min(int(np.searchsorted(good, channel)), good.size - 1)]
            below = good[max(int(np.searchsorted(good, channel)) - 1, 0)]
            part = 0.5 if above == below else (channel - below) / (above - below)
            low, high = (result[place, ..., end].astype(np.float64) for end in (below, above))
            line = low + np.clip(part, 0.0, 1.0) * (high - low)
            result[place, ..., channel] = np.round(line) if values.dtype.kind in "iu" else line
    return result
