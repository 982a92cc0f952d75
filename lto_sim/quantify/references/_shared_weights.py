"""Compiled least squares of many pixels with the same weights: each row of counts is read once.

Four rows and four columns at a time, so that the sums stay in registers.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.quantify.references._least_squares import nonnegative_solution
from lto_sim.quantify.references.codes import NO_COUNTS, NOT_FINITE, SINGULAR
from lto_sim.transport.compiled import kernel, summing, threaded

__all__ = ["LANES", "fit_with_shared_weights"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

LANES: Final = 4
"""Rows and columns that a pass over the channels takes together."""


@summing
def _sums(
    a: NDArray[Any], b: NDArray[Any], c: NDArray[Any], d: NDArray[Any],
    columns: Floats, weights: Floats, sums: Floats, squares: Floats,
) -> None:  # fmt: skip
    """Sums of four rows times each column, and of their weighted squares; four columns a pass."""
    for group in range(0, columns.shape[0], LANES):
        p, q, r, s = columns[group], columns[group + 1], columns[group + 2], columns[group + 3]
        ap = aq = ar = as_ = bp = bq = br = bs = 0.0
        cp = cq = cr = cs = dp = dq = dr = ds = 0.0
        aa = bb = cc = dd = 0.0
        for e in range(weights.size):
            va, vb, vc, vd = np.float64(a[e]), np.float64(b[e]), np.float64(c[e]), np.float64(d[e])
            ap += va * p[e]
            aq += va * q[e]
            ar += va * r[e]
            as_ += va * s[e]
            bp += vb * p[e]
            bq += vb * q[e]
            br += vb * r[e]
            bs += vb * s[e]
            cp += vc * p[e]
            cq += vc * q[e]
            cr += vc * r[e]
            cs += vc * s[e]
            dp += vd * p[e]
            dq += vd * q[e]
            dr += vd * r[e]
            ds += vd * s[e]
            aa += va * weights[e] * va
            bb += vb * weights[e] * vb
            cc += vc * weights[e] * vc
            dd += vd * weights[e] * vd
        sums[0, group : group + LANES] = (ap, aq, ar, as_)
        sums[1, group : group + LANES] = (bp, bq, br, bs)
        sums[2, group : group + LANES] = (cp, cq, cr, cs)
        sums[3, group : group + LANES] = (dp, dq, dr, ds)
        squares[0], squares[1], squares[2], squares[3] = aa, bb, cc, dd


@kernel
def _shared_row(
    right: Floats, square: float, gram: Floats, inverse: Floats, bounded: bool,
    amplitude: Floats, chi_square: Floats, failed: Codes,
) -> None:  # fmt: skip
    """One pixel from its sums `right` (n,) and its weighted square."""
    count, rest = right.size, square
    finite = np.isfinite(square)
    for i in range(count):
        finite = finite and np.isfinite(right[i])
    if not finite or square == 0.0:
        failed[0] = NO_COUNTS if finite else NOT_FINITE
        amplitude[:], chi_square[0] = np.nan, np.nan
        return
    if not bounded:
        for i in range(count):
            amplitude[i] = 0.0
            for k in range(count):
                amplitude[i] += inverse[i, k] * right[k]
    elif not nonnegative_solution(gram, right, amplitude, np.empty_like(gram)):
        failed[0], amplitude[:], chi_square[0] = SINGULAR, np.nan, np.nan
        return
    for i in range(count):
        rest -= 2.0 * amplitude[i] * right[i]
        for k in range(count):
            rest += amplitude[i] * gram[i, k] * amplitude[k]
    chi_square[0] = max(rest, 0.0)


@threaded
def fit_with_shared_weights(
    counts: NDArray[Any], first: int, columns: Floats, weights: Floats, gram: Floats, inverse: Floats,
    bounded: bool, amplitudes: Floats, chi_square: Floats, failed: Codes,
) -> None:  # fmt: skip
    """Weighted least squares of every pixel with the same weights.

    Parameters
    ----------
    counts : (pixels, all channels), read once.
    first : First channel of the fit.
    columns : Weights times references, then zeros: (4 k, channels).
    weights : (channels,).
    gram, inverse : Normal matrix and its inverse, (n, n).
    bounded : Whether amplitudes are >= 0.
    amplitudes, chi_square, failed : Out, (pixels, n), (pixels,), (pixels,).
    """
    pixels, count, last = counts.shape[0], gram.shape[0], first + weights.size
    for quartet in numba.prange((pixels + LANES - 1) // LANES):
        sums, squares = np.empty((LANES, columns.shape[0])), np.empty(LANES)
        begin, end = LANES * quartet, pixels - 1
        _sums(
            counts[begin, first:last], counts[min(begin + 1, end), first:last],
            counts[min(begin + 2, end), first:last], counts[min(begin + 3, end), first:last],
            columns, weights, sums, squares,
        )  # fmt: skip
        for lane in range(min(LANES, pixels - begin)):
            i = begin + lane
            _shared_row(
                sums[lane, :count], squares[lane], gram, inverse, bounded,
                amplitudes[i], chi_square[i : i + 1], failed[i : i + 1],
            )  # fmt: skip
