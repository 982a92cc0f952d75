"""The fit of all frames of one profile: start, two passes, and which frames hold a front.

Each frame is one weighted least-squares fit of the blurred step of ``front_model`` to all pixels of the
strip within 8 pixels of the front, from the change point of largest likelihood. A first pass finds the
blur common to the profile; the second holds ln w to it with a prior deviation of 0.2. Further weak
priors, which matter only where one side of the front has hardly a pixel: levels to 0.5 J about their
median, tilts to 0.2 J / xi about zero (J is the median jump of the clear frames; Wagner's profiles have
up to 0.16 J / xi).

A front is reported (else NaN) if the step beats one constant level by a chi-square of 30 and one straight
line by 20 times the reduced chi-square (of the second fit), the jump has the sign of the direction, and the
front is one pixel or more away from both ends.

A front that is wide beside 8 pixels looks like a straight line there. Where fewer than half of the frames
that hold a step are accepted, all is done again with pixels, in everything above, of twice and of four times
the size, and the wider view is taken if it accepts half as many frames more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.kinetics.fronts.step_fit import BatchFit, StepPrior, fit_batch, line_chi_square, refine_start
from lto_sim.kinetics.fronts.step_model import N_PARAMETERS
from lto_sim.kinetics.fronts.dataset import FRONT_VARIABLES
from lto_sim.kinetics.fronts.search import change_point, robust_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.strip import Strip

__all__ = ["THRESHOLD_LEVEL", "follow_front"]

THRESHOLD_LEVEL: Final[float] = 30.0
"""Gain in chi-square of a step over one level, below which a frame is not looked at."""

_THRESHOLD_LINE: Final[float] = 20.0
_WINDOW: Final[float] = 8.0
_WIDER: Final = (2.0, 4.0)
_FIRST_WIDTH: Final[float] = 0.5
_SMALLEST_WIDTH: Final[float] = 0.3
_LN_WIDTH_STD: Final[float] = 0.2
_WIDTH_FACTORS: Final = np.array([0.1, 0.3, 0.5, 0.65, 0.8, 0.9, 1.0, 1.1, 1.25])


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Pixels near the front, one row per frame: distance [pixels], value, weight (0: not used)."""

    s: NDArray[np.float64]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    def rows(self, some: NDArray[np.intp]) -> _Pixels:
        return _Pixels(self.s[some], self.values[some], self.weights[some])


def follow_front(
    strip: Strip, time: NDArray[np.float64], length: float, sign: int
) -> dict[str, NDArray[np.float64]]:
    """Fit all frames of one profile.

    Parameters
    ----------
    strip : Pixels of the profile.
    time : Start of the frames [s].
    length : Length of the profile [m].
    sign : +1 if li_fraction rises across the front, -1 if it falls.

    Returns
    -------
    The arrays of ``FRONT_VARIABLES``, shape (time,); NaN where there is no front.
    """
    strip = _of_unit_range(strip)
    columns, frames = _follow(strip, time, length, sign)
    found = _found(columns)
    for factor in _WIDER:
        if 2 * found >= frames:
            break
        wider = replace(strip, s=strip.s / factor, pixel=strip.pixel * factor)
        other, _ = _follow(wider, time, length, sign)
        if 2 * _found(other) > 3 * found:
            columns, found = other, _found(other)
    return columns


def _of_unit_range(strip: Strip) -> Strip:
    """Values in units of their range, as priors and tolerances are absolute and intensities of any size."""
    known = strip.values[strip.valid]
    low, high = np.percentile(known, [1.0, 99.0]) if known.size else (0.0, 0.0)
    scale = float(high - low)
    if not scale > 0.0:
        return strip
    return replace(strip, values=strip.values / scale, std=None if strip.std is None else strip.std / scale)


def _found(columns: dict[str, NDArray[np.float64]]) -> int:
    return int(np.isfinite(columns["front_position"]).sum())


def _follow(
    strip: Strip, time: NDArray[np.float64], length: float, sign: int
) -> tuple[dict[str, NDArray[np.float64]], int]:
    """Fit all frames within one window; also how many of them hold a step."""
    weights = _weights(strip)
    start, gain = change_point(strip.s, strip.values, weights, sign)
    rows = np.flatnonzero(gain > THRESHOLD_LEVEL)
    columns = {name: np.full(time.size, np.nan) for name in FRONT_VARIABLES}
    if rows.size == 0:
        return columns, 0
    fit, pixels = _two_passes(strip, weights, rows, start[rows], gain[rows])
    dof = np.maximum((pixels.weights > 0.0).sum(axis=1) - N_PARAMETERS, 1)
    quality = fit.chi_square / dof
    line = line_chi_square(pixels.s, pixels.values, pixels.weights)
    keep = _is_front(fit, line, quality, strip, rows, length, sign)
    variance = fit.covariance[:, 0, 0] * _inflation(quality, dof, strip.std is not None)
    results = {
        "front_position": fit.parameters[:, 0] * strip.pixel,
        "front_position_std": np.sqrt(variance) * strip.pixel,
        "front_time": time[rows] + _time_at(strip, fit.parameters[:, 0], rows),
        "front_width": np.exp(fit.parameters[:, 1]) * strip.pixel,
        "front_quality": quality,
    }
    for name, values in results.items():
        columns[name][rows] = np.where(keep, values, np.nan)
    return columns, rows.size


def _two_passes(
    strip: Strip,
    weights: NDArray[np.float64],
    rows: NDArray[np.intp],
    start: NDArray[np.float64],
    gain: NDArray[np.float64],
) -> tuple[BatchFit, _Pixels]:
    """Fit with loose priors, learn blur and levels from the clear frames, fit again."""
    near = _near(strip, weights, rows, start)
    first = refine_start(start, near.s, near.values, near.weights, _FIRST_WIDTH)
    clear = gain > 0.25 * np.percentile(gain, 90)
    fit = _fit(first, near, _prior(first, clear, _FIRST_WIDTH, 1.0))
    beats_line = line_chi_square(near.s, near.values, near.weights) - fit.chi_square > _THRESHOLD_LINE
    clear = clear & beats_line if np.any(clear & beats_line) else clear
    width = _common_width(fit.parameters, near, clear)
    near = _near(strip, weights, rows, fit.parameters[:, 0])
    return _fit(fit.parameters, near, _prior(fit.parameters, clear, width, _LN_WIDTH_STD)), near


def _fit(start: NDArray[np.float64], pixels: _Pixels, prior: StepPrior) -> BatchFit:
    return fit_batch(start, pixels.s, pixels.values, pixels.weights, prior)


def _near(
    strip: Strip, weights: NDArray[np.float64], rows: NDArray[np.intp], centre: NDArray[np.float64]
) -> _Pixels:
    index, used = _window(strip.s, centre)
    pick = (rows[:, None], index)
    return _Pixels(strip.s[index], strip.values[pick], weights[pick] * used)


def _common_width(parameters: NDArray[np.float64], near: _Pixels, clear: NDArray[np.bool_]) -> float:
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
        prior = _prior(start, every, float(np.exp(ln_width)), 1e-3)
        total[i] = _fit(trial, pixels, prior).chi_square.sum()
    best = int(np.clip(np.argmin(total), 1, ln_widths.size - 2))
    near_best = slice(best - 1, best + 2)
    curve = np.polyfit(ln_widths[near_best], total[near_best], 2)
    vertex = -0.5 * curve[1] / curve[0] if curve[0] > 0.0 else ln_widths[int(np.argmin(total))]
    low, high = ln_widths[best - 1], ln_widths[best + 1]
    return max(float(np.exp(np.clip(vertex, low, high))), _SMALLEST_WIDTH)


def _weights(strip: Strip) -> NDArray[np.float64]:
    if strip.std is not None:
        return np.where(strip.valid, 1.0 / strip.std**2, 0.0)
    noise = robust_noise(strip.values, strip.valid)
    floor = 1e-4 * max(float(np.ptp(strip.values[strip.valid])) if strip.valid.any() else 0.0, 1e-30)
    return np.asarray(strip.valid / np.maximum(noise, floor)[:, None] ** 2)


def _window(
    s: NDArray[np.float64], centre: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return pixel indices near each front, shape (n, m), and 1 for those used, 0 for padding."""
    low = np.searchsorted(s, centre - _WINDOW)
    high = np.searchsorted(s, centre + _WINDOW)
    index = low[:, None] + np.arange(max(int((high - low).max()), 1))
    return np.minimum(index, s.size - 1), (index < high[:, None]).astype(float)


def _prior(
    parameters: NDArray[np.float64], clear: NDArray[np.bool_], width: float, ln_width_std: float
) -> StepPrior:
    low, high = np.median(parameters[clear, 2]), np.median(parameters[clear, 4])
    jump = max(float(abs(high - low)), 1e-6)
    mean = np.zeros_like(parameters)
    mean[:, 1], mean[:, 2], mean[:, 4] = np.log(width), low, high
    precision = np.zeros_like(parameters)
    precision[:, 1] = ln_width_std**-2
    precision[:, [2, 4]] = (0.5 * jump) ** -2
    precision[:, [3, 5]] = (np.maximum(parameters[:, 0], 1.0) / (0.2 * jump))[:, None] ** 2
    return StepPrior(mean, precision)


def _is_front(
    fit: BatchFit,
    line: NDArray[np.float64],
    quality: NDArray[np.float64],
    strip: Strip,
    rows: NDArray[np.intp],
    length: float,
    sign: int,
) -> NDArray[np.bool_]:
    xi, jump = fit.parameters[:, 0], fit.parameters[:, 4] - fit.parameters[:, 2]
    valid = strip.valid[rows]
    first = np.where(valid, strip.s, np.inf).min(axis=1) - 0.5
    last = np.where(valid, strip.s, -np.inf).max(axis=1) + 0.5
    last = np.minimum(last, length / strip.pixel)
    significant = line - fit.chi_square > _THRESHOLD_LINE * np.maximum(quality, 1.0)
    inside = (xi >= np.maximum(first, 0.0) + 1.0) & (xi <= last - 1.0)
    return np.asarray(fit.converged & significant & inside & (sign * jump > 0.0))


def _inflation(quality: NDArray[np.float64], dof: NDArray[np.intp], stated: bool) -> NDArray[np.float64]:
    if not stated:
        return quality
    return np.asarray(np.where(stats.chi2.sf(quality * dof, dof) < 0.01, np.maximum(quality, 1.0), 1.0))


def _time_at(strip: Strip, xi: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the offset within the frame at the front [s]: a plane through the pixels nearest to it.

    The plane in distance and offset is exact for a raster scan in any direction; it is evaluated at the
    front and at the mean offset of those pixels.
    """
    index, used = _window(strip.s, xi)
    ds = strip.s[index] - xi[:, None]
    kernel = np.maximum(1.0 - np.abs(ds) / 2.0, 0.0) * used * strip.valid[rows[:, None], index]
    total = np.maximum(kernel.sum(axis=1), 1e-12)
    offset = strip.offset[index] - ((kernel * strip.offset[index]).sum(axis=1) / total)[:, None]
    design = np.stack([np.ones_like(ds), ds, offset], axis=-1)
    normal = np.einsum("nm,nmi,nmj->nij", kernel, design, design) + 1e-9 * np.eye(3)
    right = np.einsum("nm,nmi,nm->ni", kernel, design, strip.pixel_time[index])
    return np.asarray(np.linalg.solve(normal, right[..., None])[:, 0, 0])
