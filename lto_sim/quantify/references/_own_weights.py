"""Compiled fits of pixels with weights of their own: given, of the model, or to the Poisson maximum.

Counts are scaled to electrons, so that their variance is their mean: y / g + (r / g)^2 of a detector with
gain g and read noise r, whose expectation and variance both are m / g + (r / g)^2 (the shifted Poisson
distribution; D. L. Snyder et al., J. Opt. Soc. Am. A 12 (1995) 272).
"""

from __future__ import annotations

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.quantify.references._least_squares import inverted, nonnegative_solution, solution
from lto_sim.quantify.references.codes import NO_COUNTS, NOT_CONVERGED, NOT_FINITE, SINGULAR
from lto_sim.transport.compiled import kernel, summing, threaded

__all__ = ["GIVEN", "MODEL", "POISSON", "fit_rows"]

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

GIVEN: Final = 0
MODEL: Final = 1
POISSON: Final = 2

_TO_BOUNDARY: Final = 0.9
"""Largest part of the way to a model of zero that a step goes."""
_OVERSHOT: Final = 0.9
"""Largest slope behind a step, over that before it; a step that leads to a larger one is halved."""
_FLOOR: Final = 0.01
"""Smallest variance that a weight of the model stands for, over the mean one."""
_LOWEST: Final = 1e-7
"""The same on the way to the maximum of the likelihood, where channels without counts may tend to 0."""
_SLOW: Final = 1e-3
"""Longest last step [standard deviations] where a channel that tends to 0 lets the maximum not be reached."""
_PARTS: Final = 64
"""Parts of the pixels that threads take."""


@summing
def _normal_equations(
    references: Floats, weights: Floats, target: Floats, product: Floats, gram: Floats, right: Floats
) -> None:
    """Accumulate sum of w a_i a_j and of w a_i y."""
    for i in range(references.shape[0]):
        one = references[i]
        for e in range(weights.size):
            product[e] = weights[e] * one[e]
        total = 0.0
        for e in range(weights.size):
            total += product[e] * target[e]
        right[i] = total
        for j in range(i + 1):
            other, total = references[j], 0.0
            for e in range(weights.size):
                total += product[e] * other[e]
            gram[i, j] = gram[j, i] = total


@summing
def _combined(references: Floats, amplitudes: Floats, out: Floats) -> None:
    out[:] = 0.0
    for k in range(references.shape[0]):
        one, factor = references[k], amplitudes[k]
        for e in range(out.size):
            out[e] += factor * one[e]


@summing
def _weighted_squares(target: Floats, fitted: Floats, weights: Floats) -> float:
    total = 0.0
    for e in range(target.size):
        total += weights[e] * (target[e] - fitted[e]) ** 2
    return total


@summing
def _total(values: Floats) -> float:
    total = 0.0
    for e in range(values.size):
        total += values[e]
    return total


@kernel
def _solved(gram: Floats, right: Floats, bounded: bool, x: Floats, work: Floats) -> bool:
    if bounded:
        return nonnegative_solution(gram, right, x, work)
    return solution(gram, right, np.ones(right.size, np.bool_), x, work)


@kernel
def _reweighted(
    references: Floats, target: Floats, background: Floats, weights: Floats, passes: int, bounded: bool,
    x: Floats, gram: Floats, right: Floats, product: Floats, fitted: Floats, work: Floats,
) -> int:  # fmt: skip
    """Least squares with the weights given, then `passes` times with those of the model before it.

    `fitted` and `weights` are those of the result, `gram` is that of its weights.
    """
    for _ in range(passes + 1):
        _normal_equations(references, weights, target, product, gram, right)
        if not _solved(gram, right, bounded, x, work):
            return SINGULAR
        _combined(references, x, fitted)
        if passes > 0:
            lowest = _FLOOR * (_total(fitted) + _total(background)) / fitted.size
            if not lowest > 0.0:
                return NO_COUNTS
            for e in range(fitted.size):
                weights[e] = 1.0 / max(fitted[e] + background[e], lowest)
    return 0


@kernel
def _most_likely(
    references: Floats, target: Floats, background: Floats, positive: Floats, total: float, tolerance: float,
    most: int, bounded: bool, x: Floats, gram: Floats, right: Floats, product: Floats, fitted: Floats,
    weights: Floats, work: Floats,
) -> int:  # fmt: skip
    """Fisher scoring: the maximum of the Poisson likelihood, of amplitudes >= 0 if `bounded`.

    A step leads to the least squares with the weights 1/m of the model m before it; at most 0.9 of the way to
    a model that is 0 somewhere, and half as far if the likelihood falls as steeply behind it as it rose.
    Ends where a step is less than `tolerance` standard deviations.
    """
    size, channels = right.size, target.size
    _combined(references, positive, fitted)
    whole = _total(fitted)
    x[:] = positive * (max(_total(target), 0.1 * total) / whole if whole > 0.0 else 0.0)
    step, goal, change = np.zeros(size), np.zeros(size), np.empty(channels)
    length = slope = 0.0
    for _ in range(most):
        _combined(references, x, fitted)
        lowest = _LOWEST * (_total(fitted) + _total(background)) / channels
        for e in range(channels):
            weights[e] = 1.0 / max(fitted[e] + background[e], lowest)
        _normal_equations(references, weights, target, product, gram, right)
        behind = 0.0
        for i in range(size):
            score = right[i]
            for k in range(size):
                score -= gram[i, k] * x[k]
            behind += score * step[i]
        if length > 1e-3 and behind < -_OVERSHOT * slope:
            length *= 0.5
            x -= length * step
            continue
        if not _solved(gram, right, bounded, goal, work):
            return SINGULAR
        slope = 0.0
        for i in range(size):
            step[i] = goal[i] - x[i]
            score = right[i]
            for k in range(size):
                score -= gram[i, k] * x[k]
            slope += score * step[i]
        if slope <= tolerance * tolerance:
            return 0
        _combined(references, step, change)
        steepest = 0.0
        for e in range(channels):
            if fitted[e] + background[e] > lowest:
                steepest = max(steepest, -change[e] / (fitted[e] + background[e]))
        length = 1.0 if steepest <= _TO_BOUNDARY else _TO_BOUNDARY / steepest
        if length == 1.0:
            x[:] = goal  # exact zeros stay exact
        else:
            x += length * step
    return 0 if slope <= _SLOW**2 else NOT_CONVERGED


@kernel
def _row(
    counts: Floats, scale: float, shift: float, references: Floats, background: Floats, given: Floats,
    mode: int, passes: int, tolerance: float, bounded: bool, positive: Floats,
    amplitude: Floats, covariance: Floats, work: Floats, rows: Floats,
) -> tuple[int, float]:  # fmt: skip
    """One pixel: what became of it, and its chi-square; `rows`: space for four rows."""
    target, weights, fitted, product = rows[0], rows[1], rows[2], rows[3]
    for e in range(target.size):
        product[e] = counts[e] * scale
        target[e] = product[e] + shift - background[e]
        weights[e] = given[e]
    total = _total(product)
    if not np.isfinite(_total(target)) or not np.isfinite(_total(weights)):
        return NOT_FINITE, np.nan
    if (mode != GIVEN and total <= 0.0) or not np.any(counts):
        return NO_COUNTS, np.nan
    gram, right = np.empty_like(work), np.empty(amplitude.size)
    if mode == POISSON:
        code = _most_likely(
            references, target, background, positive, total, tolerance, passes, bounded,
            amplitude, gram, right, product, fitted, weights, work,
        )  # fmt: skip
    else:
        code = _reweighted(
            references, target, background, weights, passes, bounded,
            amplitude, gram, right, product, fitted, work,
        )  # fmt: skip
    if code == 0 and not inverted(gram, covariance, work):
        code = SINGULAR
    return code, _weighted_squares(target, fitted, weights)


@threaded
def fit_rows(
    counts: Floats, scale: float, shift: float, references: Floats, background: Floats, weights: Floats,
    mode: int, passes: int, tolerance: float, bounded: bool, positive: Floats,
    amplitudes: Floats, covariance: Floats, chi_square: Floats, failed: Codes,
) -> None:  # fmt: skip
    """Fit every pixel with weights of its own.

    Parameters
    ----------
    counts : (pixels, channels).
    scale, shift : What makes electrons of counts, and of their model a variance.
    references : Electrons, (n, channels).
    background : Known part of the variance and the mean, shift included: (pixels or 1, channels).
    weights : Given, or those of the first pass, (pixels or 1, channels).
    mode : GIVEN, MODEL or POISSON.
    passes : With weights of the model; at most, where they go on to the maximum of the likelihood.
    tolerance : Longest last step of a maximum [standard deviations].
    bounded : Whether amplitudes are >= 0.
    positive : Amplitudes whose model is above 0 everywhere, (n,).
    amplitudes, covariance, chi_square, failed : Out, (pixels, n), (pixels, n, n), (pixels,), (pixels,).
    """
    pixels, count = amplitudes.shape
    for part in numba.prange(_PARTS):
        work, rows = np.empty((count, count)), np.empty((4, counts.shape[1]))
        for i in range(part * pixels // _PARTS, (part + 1) * pixels // _PARTS):
            code, squares = _row(
                counts[i], scale, shift, references, background[min(i, background.shape[0] - 1)],
                weights[min(i, weights.shape[0] - 1)], mode, passes, tolerance, bounded, positive,
                amplitudes[i], covariance[i], work, rows,
            )  # fmt: skip
            failed[i], chi_square[i] = code, squares
            if code != 0:
                amplitudes[i], covariance[i], chi_square[i] = np.nan, np.nan, np.nan
