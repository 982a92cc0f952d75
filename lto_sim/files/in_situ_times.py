"""Times of the frames of a GMS in-situ series, which their names tell only to the second.

GMS begins the n-th frame of a series at n/rate, files it under the hour, minute and second of that moment,
and numbers the frames of every second from 0. So second s holds ceil((s + 1) rate) - ceil(s rate) frames,
and frame f in it begins at (ceil(s rate) + f)/rate. At 4 frames a second these are four in each, at 2.5
three and two in turn; at one frame in 1.5 s the seconds 0, 1, 3, 4, 6 hold one frame and those between
none, though nothing is missing.

The rate is found from the names: the simplest one whose schedule has room for every frame that is there and
leaves the fewest places empty. A rate that is neither whole nor one frame in whole seconds must explain at
least two more empty places than the best of those; a single one is a frame that is missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Schedule", "schedule"]

Place = tuple[int, int]
"""Second of the series and number of the frame within it."""

_FINEST: Final = 100
"""Largest denominator of a rate, or of the time of a frame in seconds; thousandths are tried too."""
_FEW: Final = 2
_SHARE: Final = 0.125
"""More holes than a few, and than this share of the frames, are no missing frames: the rate is uneven."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """When frames began.

    Parameters
    ----------
    places : Second and number of every frame, those that are missing included, in order of time.
    times : Beginning of every frame, since that of the series [s].
    rate : Frames per second [Hz]; None where they come unevenly.
    doubt : What is uncertain about the times; empty where nothing is.
    """

    places: tuple[Place, ...]
    times: NDArray[np.float64]
    rate: float | None
    doubt: str


def schedule(found: Sequence[Place], told: float | None = None) -> Schedule:
    """Find the times of frames and which of them are missing.

    Parameters
    ----------
    found : Places of the frames that are there, each once, in any order; at least one.
    told : Rate by the tags of a file [Hz]; used where the names agree with it.
    """
    found = sorted(found)
    counts: dict[int, int] = {}
    for second, number in found:
        counts[second] = max(counts.get(second, 0), number + 1)
    most = max(counts.values())
    if told is not None:
        own = Fraction(told).limit_denominator(1000)
        if own > 0 and _fits(own, counts) and _empty(own, found) <= len(found):
            return _even(own, found, "")
    simple, low, high = _simple(most, sorted(counts))
    best = _best(simple, counts, found)
    if best is None or _empty(best, found) >= _FEW:
        others = [rate if most > 1 else 1 / rate for rate in _fractions(low, high)]
        other = _best(others, counts, found)
        if other is not None and (best is None or _empty(best, found) - _empty(other, found) >= _FEW):
            best = other
    if best is None or _is_uneven(best, found):
        return _uneven(most, counts, found)
    short = len(counts) == 1 and len(found) > 1
    doubt = f"all frames are of one second: {float(best):g} a second is the least rate that it can be"
    return _even(best, found, doubt if short else "")


def _even(rate: Fraction, found: Sequence[Place], doubt: str) -> Schedule:
    first, last = (_index(rate, place) for place in (found[0], found[-1]))
    seconds = range(found[0][0], found[-1][0] + 1)
    places = [
        (second, index - start)
        for second in seconds
        for start, end in [(_start(rate, second), _start(rate, second + 1))]
        for index in range(max(start, first), min(end, last + 1))
    ]
    times = np.arange(first, last + 1, dtype=np.float64) / float(rate)
    return Schedule(tuple(places), times, float(rate), doubt)


def _uneven(most: int, counts: dict[int, int], found: Sequence[Place]) -> Schedule:
    """Only numbers that a second skips are missing; times are within a second of the true ones."""
    places = list(found)
    if sum(counts.values()) <= 2 * len(found):
        places = [(second, n) for second in sorted(counts) for n in range(counts[second])]
    times = np.array([second + number / max(most, counts[second]) for second, number in places])
    return Schedule(
        tuple(places), times, None, "frames come unevenly: times are those of the names, good to a second"
    )


def _start(rate: Fraction, second: int) -> int:
    """Index of the first frame that begins in a second or later."""
    return -(-second * rate.numerator // rate.denominator)


def _index(rate: Fraction, place: Place) -> int:
    return _start(rate, place[0]) + place[1]


def _empty(rate: Fraction, found: Sequence[Place]) -> int:
    """Places between the first and the last frame that no frame is at."""
    return _index(rate, found[-1]) - _index(rate, found[0]) + 1 - len(found)


def _fits(rate: Fraction, counts: dict[int, int]) -> bool:
    """Whether every second has room for its frames."""
    seconds = np.fromiter(counts, dtype=np.int64)
    held = np.fromiter(counts.values(), dtype=np.int64)
    p, q = rate.numerator, rate.denominator
    room = -(-(seconds + 1) * p // q) + (-seconds * p // q)
    return bool(np.all(room >= held))


def _is_uneven(rate: Fraction, found: Sequence[Place]) -> bool:
    """Whether a schedule has too many holes to be true, or is empty for the most part."""
    holes = _holes(rate, found)
    return (holes > _FEW and holes > _SHARE * len(found)) or _empty(rate, found) > 2 * len(found)


def _holes(rate: Fraction, found: Sequence[Place]) -> int:
    """Number of runs of empty places."""
    indices = [_index(rate, place) for place in found]
    return sum(b - a > 1 for a, b in itertools.pairwise(indices))


def _best(rates: Iterable[Fraction], counts: dict[int, int], found: Sequence[Place]) -> Fraction | None:
    """The rate with the fewest empty places, of several the simplest."""
    fitting = [rate for rate in rates if _fits(rate, counts)]
    return min(
        fitting,
        key=lambda rate: (_empty(rate, found), min(rate.numerator, rate.denominator), rate.denominator),
        default=None,
    )


def _simple(most: int, seconds: list[int]) -> tuple[list[Fraction], int, int]:
    """Rates or times of a frame that are whole numbers, and between which of these others are sought."""
    if most > 1:
        return [Fraction(most)], most - 1, most
    step = min((b - a for a, b in itertools.pairwise(seconds)), default=1)
    low, high = max(1, step - 1), step + 1
    return [Fraction(1, period) for period in range(low, high + 1)], low, high


def _fractions(low: int, high: int) -> list[Fraction]:
    """Fractions between two whole numbers, these left out."""
    return sorted(
        {
            Fraction(p, q)
            for q in (*range(2, _FINEST + 1), 10 * _FINEST)
            for p in range(low * q + 1, high * q)
            if p % q
        }
    )
