"""Frames with two fronts on one profile: from both ends, or one behind the other.

The pixels are averaged over their width along the profile, and all ways to cut it into three constant levels
are tried. A second front is taken for one if the third level lowers chi-square by 30 (with the noise that
neighbours show), if either jump is 0.35 of the larger one and of the usual jump, and if

- the jumps have opposite signs: a front from either end, or a ring. One front is monotone, however wide;
- or they have the same sign, with four pixels or more between them, and three levels fit better than two
  levels and a ramp, by 30 and to half the chi-square: a wide front, a tip or a slope is a ramp, not a stair.

A level of less than two pixels is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.search import robust_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.strip import Strip

    Floats = NDArray[np.float64]

__all__ = ["second_front"]

_THRESHOLD: Final[float] = 30.0
_SMALLEST_JUMP: Final[float] = 0.35
_MOST_BINS: Final[int] = 96
_SHORTEST: Final[int] = 2
_APART: Final[int] = 4
_BLOCK: Final[int] = 64


@dataclass(frozen=True, eq=False)
class _Bins:
    """Sums over bins of the profile: weight, weight times value; of all bins those of their mean squared."""

    weight: Floats
    value: Floats
    square: Floats

    def rows(self, some: slice) -> _Bins:
        return _Bins(self.weight[some], self.value[some], self.square[some])


def second_front(strip: Strip, weights: Floats) -> NDArray[np.bool_]:
    """Whether a frame holds two fronts, shape (time,).

    Parameters
    ----------
    strip : Pixels of the profile.
    weights : 1/sigma^2, 0 where there is no value, shape (time, m).
    """
    bins = _binned(strip, _true_weights(strip, weights))
    count = bins.weight.shape[1]
    if count < 3 * _SHORTEST:
        return np.zeros(weights.shape[0], dtype=bool)
    one, jump = _one_step(bins)
    clear = one > max(0.25 * float(np.percentile(one, 90)), _THRESHOLD)
    usual = float(np.median(jump[clear])) if clear.any() else 0.0
    found = np.zeros(weights.shape[0], dtype=bool)
    for first in range(0, found.size, _BLOCK):
        rows = slice(first, first + _BLOCK)
        found[rows] = _stairs(bins.rows(rows), one[rows], usual)
    return found


def _true_weights(strip: Strip, weights: Floats) -> Floats:
    """Weights by the noise that neighbours show where it is above the stated one."""
    if strip.std is None:
        return weights
    some = strip.valid.any(axis=1)
    if not some.any():
        return weights
    seen = robust_noise(strip.values, strip.valid)[some]
    stated = np.sqrt(strip.valid[some].sum(axis=1) / np.maximum(weights[some].sum(axis=1), 1e-300))
    return weights / max(float(np.median(seen / stated)), 1.0) ** 2


def _binned(strip: Strip, weights: Floats) -> _Bins:
    span = float(strip.s[-1] - strip.s[0])
    width = max(1.0, (span + 1.0) / _MOST_BINS)
    index = np.floor((strip.s - strip.s[0]) / width + 0.5).astype(np.intp)
    member = np.zeros((strip.s.size, int(index[-1]) + 1))
    member[np.arange(index.size), index] = 1.0
    weight, value = weights @ member, (weights * strip.values) @ member
    return _Bins(weight, value, (value * _ratio(value, weight)).sum(axis=1))


def _running(sums: Floats) -> Floats:
    """Sums over the bins before each cut, shape (n, bins + 1)."""
    return np.concatenate([np.zeros((sums.shape[0], 1)), np.cumsum(sums, axis=1)], axis=1)


def _one_step(bins: _Bins) -> tuple[Floats, Floats]:
    """Gain in chi-square of the best single step over one level, and its size."""
    weight, value = _running(bins.weight)[:, 1:], _running(bins.value)[:, 1:]
    rest_weight, rest_value = weight[:, -1:] - weight, value[:, -1:] - value
    jump = _ratio(rest_value, rest_weight) - _ratio(value, weight)
    gain = jump**2 * _ratio(weight * rest_weight, weight + rest_weight)
    best = np.argmax(gain, axis=1)[:, None]
    return np.take_along_axis(gain, best, 1)[:, 0], np.abs(np.take_along_axis(jump, best, 1)[:, 0])


def _ratio(value: Floats, weight: Floats) -> Floats:
    """Quotient, 0 where there is no weight."""
    return np.where(weight > 0.0, value / np.where(weight > 0.0, weight, 1.0), 0.0)


def _stairs(bins: _Bins, one: Floats, usual: float) -> NDArray[np.bool_]:
    weight, value = _running(bins.weight), _running(bins.value)
    cuts = weight.shape[1]
    i, j = np.triu_indices(cuts, _SHORTEST)
    inside = (i >= _SHORTEST) & (j <= cuts - 1 - _SHORTEST)
    i, j = i[inside], j[inside]
    parts = [(weight[:, i], value[:, i])]
    parts += [(weight[:, j] - weight[:, i], value[:, j] - value[:, i])]
    parts += [(weight[:, -1:] - weight[:, j], value[:, -1:] - value[:, j])]
    levels = [_ratio(v, w) for w, v in parts]
    gain = (
        sum(level * v for level, (_, v) in zip(levels, parts, strict=True))
        - (value[:, -1] * _ratio(value[:, -1], weight[:, -1]))[:, None]
    )
    jumps = np.stack([levels[1] - levels[0], levels[2] - levels[1]])
    size = np.abs(jumps)
    allowed = size.min(axis=0) >= _SMALLEST_JUMP * np.maximum(size.max(axis=0), usual)
    for w, _ in parts:
        allowed &= w > 0.0
    opposite = allowed & (jumps[0] * jumps[1] < 0.0)
    stair = allowed & (jumps[0] * jumps[1] > 0.0) & (j - i >= _APART)
    found = np.where(opposite, gain, 0.0).max(axis=1) - one > _THRESHOLD
    best = np.where(stair, gain, 0.0).max(axis=1)
    maybe = np.flatnonzero(~found & (best - one > _THRESHOLD))
    if maybe.size:
        level = bins.square[maybe] - value[maybe, -1] * _ratio(value[maybe, -1], weight[maybe, -1])
        ramp = _ramp_chi_square(bins, maybe, i, j)
        three = level - best[maybe]
        found[maybe] = (ramp - three > _THRESHOLD) & (three < 0.5 * ramp)
    return np.asarray(found)


def _ramp_chi_square(bins: _Bins, rows: NDArray[np.intp], i: NDArray[np.intp], j: NDArray[np.intp]) -> Floats:
    """Smallest chi-square of two levels with a straight ramp from cut i to cut j between them."""
    weight, value = bins.weight[rows], bins.value[rows]
    place = np.arange(weight.shape[1]) + 0.5
    share = np.clip((place - i[:, None]) / (j - i)[:, None], 0.0, 1.0)
    w_s, w_ss = weight @ share.T, weight @ (share**2).T
    v_s, v = value @ share.T, value.sum(axis=1)[:, None]
    w = weight.sum(axis=1)[:, None]
    spread = w_ss - w_s * _ratio(w_s, w)
    slope = _ratio(v_s - w_s * _ratio(v, w), np.where(spread > 1e-9 * w, spread, 0.0))
    gain = slope**2 * spread
    return np.asarray(bins.square[rows] - (v * _ratio(v, w))[:, 0] - gain.max(axis=1))
