"""Which frame of a series a movie shows when: recorded time runs evenly, so many times faster or slower.

A movie frame shows the last recorded frame that has begun. A series with even times gives a movie frame for
every recorded one unless rate and duration say otherwise; a gap or a longer interval lasts as much longer in
the movie, and the last frame stays for one interval of the series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError

__all__ = ["FASTEST", "MoviePace", "movie_pace"]

FASTEST: Final = 50.0
"""Most frames a second; what plays gifs goes no faster."""
_SLOWEST: Final = 0.1
_LONGEST: Final = 3600.0
_SHORT, _LONG = 4.0, 20.0
"""Where nothing is said: seconds that a movie lasts."""
_USUAL: Final = 20.0
"""Frames a second of a movie in between."""
_HUNDREDTHS: Final = (4, 100)
"""Delays [0.01 s] of frames where nothing is said; gifs know no others."""
_MOST: Final = 1500
"""Movie frames where nothing is said."""
_EVEN: Final = 0.01
_STRETCH: Final = 10
"""Most movie frames for a frame of an uneven series, on the average."""


@dataclass(frozen=True, eq=False)
class MoviePace:
    """Order and rate of the frames of a movie.

    Parameters
    ----------
    order : Recorded frame that each movie frame shows.
    rate : Movie frames a second.
    recorded : Time that the movie covers [s].
    """

    order: NDArray[np.intp]
    rate: Fraction
    recorded: float

    @property
    def duration(self) -> float:
        """How long the movie lasts [s]."""
        return float(self.order.size / self.rate)

    @property
    def speed(self) -> float:
        """Recorded time over the movie's: 20 is 20 times faster."""
        return self.recorded / self.duration

    def speed_text(self, clock: str) -> str:
        """Speed in words, such as ``20× faster than recorded``; `clock` is what it is compared with."""
        if 0.995 < self.speed < 1.005:
            return f"as fast as {clock}"
        word, factor = ("faster", self.speed) if self.speed > 1.0 else ("slower", 1.0 / self.speed)
        return f"{factor:.3g}× {word} than {clock}" if factor < 1000 else f"{factor:.0f}× {word} than {clock}"


def movie_pace(
    time: NDArray[np.float64], fps: float | None = None, duration: float | None = None
) -> MoviePace:
    """Choose order and rate of a movie's frames.

    Parameters
    ----------
    time : Times of the recorded frames [s], increasing, two or more.
    fps : Movie frames a second, 0.1 to 50; None leaves it open.
    duration : How long the movie lasts [s]; None: one movie frame for each recorded one, 4 to 20 s of them
        where `fps` is left open too, thinned out above 1500.

    Raises
    ------
    InputError
        One frame only, or a rate or a duration out of range.
    """
    if time.size < 2:
        raise InputError("frames", int(time.size), "two at least", "a movie needs more than one time")
    if fps is not None and not (math.isfinite(fps) and _SLOWEST <= fps <= FASTEST):
        raise InputError("fps", fps, f"{_SLOWEST:g} to {FASTEST:g} frames a second", "give for example 20")
    if duration is not None and not (math.isfinite(duration) and 0.0 < duration <= _LONGEST):
        raise InputError("duration", duration, f"> 0 s, {_LONGEST:g} s at most", 'give for example "8 s"')
    steps = np.diff(time)
    usual = float(np.median(steps))
    span = float(time[-1] - time[0]) + usual
    count, rate = _count_and_rate(_natural_count(steps, span / usual), fps, duration)
    shown = time[0] + (np.arange(count) + 0.5) * (span / count)
    order = np.clip(np.searchsorted(time, shown, side="right") - 1, 0, time.size - 1)
    return MoviePace(order, rate, span)


def _natural_count(steps: NDArray[np.float64], intervals: float) -> int:
    """Movie frames that show every recorded one."""
    frames = steps.size + 1
    if np.ptp(steps) <= _EVEN * steps.mean():
        return frames
    return max(frames, min(round(intervals), _STRETCH * frames))


def _count_and_rate(natural: int, fps: float | None, duration: float | None) -> tuple[int, Fraction]:
    """Number of movie frames and their rate."""
    if fps is not None:
        rate = Fraction(fps).limit_denominator(1000)
        return (natural if duration is None else max(1, round(rate * Fraction(duration)))), rate
    if duration is not None:
        count = max(1, round(min(max(natural, duration), FASTEST * duration)))
        return count, Fraction(count / duration).limit_denominator(1000)
    count = min(natural, _MOST)
    lasts = min(max(count / _USUAL, _SHORT), _LONG)
    delay = min(max(round(100.0 * lasts / count), _HUNDREDTHS[0]), _HUNDREDTHS[1])
    return count, Fraction(100, delay)
