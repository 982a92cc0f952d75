"""Two passes of the blurred step over the frames of a profile.

Each frame is one weighted least-squares fit to all pixels of the strip within 8 pixels of the front, from the
change point of largest likelihood. A first pass finds the blur common to the profile; the second holds ln w
to it with a prior deviation of 0.2. Further weak priors, which matter only where one side of the front has
hardly a pixel: levels to 0.5 J about their median, tilts to 0.2 J / xi about zero (J is the median jump of
the clear frames; Wagner's profiles have up to 0.16 J / xi).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.pixels import Pixels, pixels_between
from lto_sim.kinetics.fronts.step_fit import BatchFit, FrontPrior, fit_batch, line_chi_square, refine_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.strip import Strip

    Floats = NDArray[np.float64]

__all__ = ["THRESHOLD_LINE", "WINDOW", "clear_frames", "common_width", "step_passes", "step_prior"]

THRESHOLD_LINE: Final[float] = 20.0
"""Gain in chi-square of a front over one straight line that makes it one."""

WINDOW: Final[float] = 8.0
"""Pixels on either side of a front that its fit sees."""

_FIRST_WIDTH: Final[float] = 0.5
_SMALLEST_WIDTH: Final[float] = 0.3
_LN_WIDTH_STD: Final[float] = 0.2
_WIDTH_FACTORS: Final = np.array([0.1, 0.3, 0.5, 0.65, 0.8, 0.9, 1.0, 1.1, 1.25])


def clear_frames(gain: Floats) -> NDArray[np.bool_]:
    """Return the frames whose step is a quarter as significant as that of the clearest tenth, or more."""
    return np.asarray(gain > 0.25 * np.percentile(gain, 90))


def step_passes(
    strip: Strip, weights: Floats, rows: NDArray[np.intp], start: Floats, gain: Floats
) -> tuple[BatchFit, Pixels, NDArray[np.bool_]]:
    """Fit with loose priors, learn blur and levels from the clear frames, fit again.

    Parameters
    ----------
    strip : Pixels of the profile.
    weights : 1/sigma^2, shape (time, m).
    rows : Frames that hold a step, shape (n,).
    start, gain : Its likeliest position [pixels] and gain in chi-square over one level, shape (n,).

    Returns
    -------
    The second fit, the pixels that it saw, and which of the frames are clear.
    """
    near = _near(strip, weights, rows, start)
    first = refine_start(start, near, _FIRST_WIDTH)
    clear = clear_frames(gain)
    fit = fit_batch(first, near, step_prior(first, clear, _FIRST_WIDTH, 1.0))
    beats_line = line_chi_square(near) - fit.chi_square > THRESHOLD_LINE
    clear = clear & beats_line if np.any(clear & beats_line) else clear
    width = common_width(fit.parameters, near, clear)
    near = _near(strip, weights, rows, fit.parameters[:, 0])
    prior = step_prior(fit.parameters, clear, width, _LN_WIDTH_STD)
    return fit_batch(fit.parameters, near, prior), near, clear


def _near(strip: Strip, weights: Floats, rows: NDArray[np.intp], centre: Floats) -> Pixels:
    return pixels_between(strip, weights, rows, centre - WINDOW, centre + WINDOW)


def common_width(parameters: Floats, near: Pixels, clear: NDArray[np.bool_]) -> float:
    """Return the blur [pixels] of smallest chi-square when the clear frames (200 at most) share it."""
    some = np.flatnonzero(clear)
    some = some[:: max(some.size // 200, 1)]
    start, pixels = parameters[some], near.rows(some)
    every = np.ones(some.size, dtype=bool)
    ln_widths = np.median(start[:, 1]) + np.log(_WIDTH_FACTORS)
    total = np.empty(ln_widths.size)
    for i, ln_width in enumerate(ln_widths):
        trial = start.copy()
        trial[:, 1] = ln_width
        prior = step_prior(start, every, float(np.exp(ln_width)), 1e-3)
        total[i] = fit_batch(trial, pixels, prior).chi_square.sum()
    best = int(np.clip(np.argmin(total), 1, ln_widths.size - 2))
    near_best = slice(best - 1, best + 2)
    curve = np.polyfit(ln_widths[near_best], total[near_best], 2)
    vertex = -0.5 * curve[1] / curve[0] if curve[0] > 0.0 else ln_widths[int(np.argmin(total))]
    low, high = ln_widths[best - 1], ln_widths[best + 1]
    return max(float(np.exp(np.clip(vertex, low, high))), _SMALLEST_WIDTH)


def step_prior(parameters: Floats, clear: NDArray[np.bool_], width: float, ln_width_std: float) -> FrontPrior:
    """Return the priors about blur `width` [pixels] and the median levels of the clear frames."""
    low, high = np.median(parameters[clear, 2]), np.median(parameters[clear, 4])
    jump = max(float(abs(high - low)), 1e-6)
    mean = np.zeros_like(parameters)
    mean[:, 1], mean[:, 2], mean[:, 4] = np.log(width), low, high
    precision = np.zeros_like(parameters)
    precision[:, 1] = ln_width_std**-2
    precision[:, [2, 4]] = (0.5 * jump) ** -2
    precision[:, [3, 5]] = (np.maximum(parameters[:, 0], 1.0) / (0.2 * jump))[:, None] ** 2
    return FrontPrior(mean, precision)
