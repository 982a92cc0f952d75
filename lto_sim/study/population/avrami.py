"""The exponent that Avrami's law would have: a number for the shape of a transformation curve.

    f = 1 - exp(-(t/tau)^n),    ln[-ln(1 - f)] = n ln t - n ln tau

n is the slope of the left side against ln t, fitted over a range of f at moments even in ln t. Particles that
are fed from their surface do not nucleate at random, so that n is apparent: a planar front alone begins with
1/2 and steepens, a spread of sizes flattens. The deviation from the fitted line says how far the curve is
from the law.

Source: M. Avrami, J. Chem. Phys. 7 (1939) 1103.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError

__all__ = ["AvramiFit", "fit_avrami", "local_exponent"]

Floats = NDArray[np.float64]

_MOMENTS: Final = 60
_LOW, _HIGH = 0.05, 0.95


@dataclass(frozen=True)
class AvramiFit:
    """The fitted line.

    Parameters
    ----------
    exponent : n [1].
    time : tau [s], at which 1 - 1/e is transformed.
    deviation : Root mean square of ln[-ln(1 - f)] about the line [1]; the law has 0.
    start, end : Times of the range [s].
    """

    exponent: float
    time: float
    deviation: float
    start: float
    end: float


def _measure(fraction: Floats) -> Floats:
    return np.asarray(np.log(-np.log1p(-fraction)))


def _range(time: ArrayLike, fraction: ArrayLike, low: float, high: float) -> tuple[Floats, Floats]:
    """Moments even in ln t over the range, and the fraction at them."""
    t, f = np.asarray(time, dtype=np.float64), np.asarray(fraction, dtype=np.float64)
    if not 0.0 < low < high < 1.0:
        raise InputError("low, high", (low, high), "0 < low < high < 1", "give a range of the fraction")
    known = np.isfinite(f) & (t > 0.0)
    t, f = t[known], f[known]
    if t.size < 3 or not (f.min() <= low and f.max() >= high):
        seen = (float(f.min()), float(f.max())) if f.size else None
        raise InputError("fraction", seen, f"a curve from {low:g} to {high:g}", "simulate longer, or finer")
    first, last = int(np.argmax(f > low)), int(np.argmax(f >= high))
    part = f[max(first - 1, 0) : last + 1]
    if np.any(np.diff(part) < 0.0) or last - first < 3:
        raise InputError(
            "fraction", "not rising", f"a rising curve from {low:g} to {high:g}", "one hold at a time"
        )
    begin, end = np.interp([low, high], part, np.log(t[max(first - 1, 0) : last + 1]))
    moments = np.exp(np.linspace(float(begin), float(end), _MOMENTS))
    return moments, np.interp(moments, t, f).astype(np.float64)


def fit_avrami(time: ArrayLike, fraction: ArrayLike, *, low: float = _LOW, high: float = _HIGH) -> AvramiFit:
    """Fit the apparent exponent of a transformation curve.

    Parameters
    ----------
    time : Time since the start [s], shape (n,).
    fraction : Fraction transformed [1], shape (n,).
    low, high : Range of the fraction that is fitted [1].

    Returns
    -------
    AvramiFit
        Exponent and rate.

    Raises
    ------
    InputError
        A curve that does not rise through the whole range.
    """
    moments, part = _range(time, fraction, low, high)
    x, y = np.log(moments), _measure(part)
    slope, level = np.polyfit(x, y, 1)
    rest = y - (slope * x + level)
    return AvramiFit(
        float(slope), math.exp(-float(level) / float(slope)), float(np.sqrt(np.mean(rest**2))),
        float(moments[0]), float(moments[-1]),
    )  # fmt: skip


def local_exponent(time: ArrayLike, fraction: ArrayLike, *, low: float = _LOW, high: float = _HIGH) -> Floats:
    """Slope of ln[-ln(1 - f)] against ln t at every time [1]; NaN outside the range of the fraction.

    Parameters
    ----------
    time : Time since the start [s], shape (n,).
    fraction : Fraction transformed [1], shape (n,).
    low, high : Range of the fraction [1].

    Returns
    -------
    ndarray
        Slope [1], shape (n,).

    Raises
    ------
    InputError
        See :func:`fit_avrami`.
    """
    moments, part = _range(time, fraction, low, high)
    x = np.log(moments)
    slope = np.gradient(_measure(part), x)
    t = np.asarray(time, dtype=np.float64)
    inside = (t >= moments[0]) & (t <= moments[-1])
    found = np.full(t.shape, math.nan)
    found[inside] = np.interp(np.log(t[inside]), x, slope)
    return found
