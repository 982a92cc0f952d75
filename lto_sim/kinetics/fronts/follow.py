"""All frames of one profile: which hold a front, where it is, and what became of the others.

A front is reported (else NaN and the reason) if the step beats one constant level by a chi-square of 30, the
model of the front beats one straight line by 20 times the reduced chi-square (of the second pass), the jump
has the sign of the direction, the front is one pixel or more away from both ends, and no second front is on
the profile. A part of a long shell is much like a line: there the clear frames together have to beat lines,
by 20 and 4 more for each, and a frame alone must not be worse than a line, what its levels and length are off
the usual ones included, by more than 4.

A step that is wide beside 8 pixels looks like a straight line there. Where fewer than half of the frames that
hold a step are accepted, all is done again with pixels, in everything above, of twice and of four times the
size, and the wider view is taken if it accepts half as many frames more. A shell is seen as a whole anyhow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.kinetics.fronts import status as code
from lto_sim.kinetics.fronts.dataset import FRONT_VARIABLES
from lto_sim.kinetics.fronts.models import N_PARAMETERS, SHELL, STEP, FrontModel
from lto_sim.kinetics.fronts.pixels import Pixels, pixel_weights, window
from lto_sim.kinetics.fronts.search import change_point
from lto_sim.kinetics.fronts.shell_model import shell_geometry
from lto_sim.kinetics.fronts.shell_passes import shell_passes
from lto_sim.kinetics.fronts.step_fit import BatchFit, line_chi_square
from lto_sim.kinetics.fronts.step_passes import THRESHOLD_LINE, WINDOW, step_passes
from lto_sim.kinetics.fronts.two_fronts import second_front

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.strip import Strip

    Floats = NDArray[np.float64]
    Columns = dict[str, NDArray[np.float64]]

__all__ = ["THRESHOLD_LEVEL", "Followed", "follow_front", "of_unit_range", "usable_weights"]

THRESHOLD_LEVEL: Final[float] = 30.0
"""Gain in chi-square of a step over one level, below which a frame is not looked at."""

_WIDER: Final = (2.0, 4.0)
_EACH_SHELL: Final[float] = 4.0


@dataclass(frozen=True, eq=False)
class _Task:
    """What is asked: start of the frames [s], length of the profile [m], sign of the jump, model."""

    time: Floats
    length: float
    sign: int
    model: FrontModel


@dataclass(frozen=True, eq=False)
class Followed:
    """Result of :func:`follow_front`.

    Parameters
    ----------
    columns : The arrays of ``FRONT_VARIABLES``, shape (time,); NaN where there is no front.
    status : Codes of ``front_status``, shape (time,).
    levels : Median levels of the growing phase and the parent at the front, in the unit of the maps; None
        without a front.
    mean, mean_std : Weighted mean of the profile and its deviation in frames without any step, else NaN.
    """

    columns: Columns
    status: NDArray[np.int8]
    levels: tuple[float, float] | None
    mean: Floats
    mean_std: Floats

    @property
    def found(self) -> int:
        """Number of frames with a front."""
        return int((self.status == code.FOUND).sum())


def follow_front(strip: Strip, time: Floats, length: float, sign: int, model: FrontModel = STEP) -> Followed:
    """Fit all frames of one profile.

    Parameters
    ----------
    strip : Pixels of the profile.
    time : Start of the frames [s].
    length : Length of the profile [m].
    sign : +1 if li_fraction rises across the front, -1 if it falls.
    model : Model of the front.
    """
    strip, scale = of_unit_range(strip)
    weights, two = usable_weights(strip)
    task = _Task(time, length, sign, model)
    best, looked_at = _follow(strip, weights, task)
    for factor in _WIDER if model is STEP else ():
        if 2 * best.found >= looked_at:
            break
        wider = replace(strip, s=strip.s / factor, pixel=strip.pixel * factor)
        other, _ = _follow(wider, weights, task)
        if 2 * other.found > 3 * best.found:
            best = other
    best.status[two] = code.TWO_FRONTS
    best.status[~strip.valid.any(axis=1)] = code.NO_PIXELS
    levels = None if best.levels is None else (best.levels[0] * scale, best.levels[1] * scale)
    return replace(best, levels=levels, mean=best.mean * scale, mean_std=best.mean_std * scale)


def of_unit_range(strip: Strip) -> tuple[Strip, float]:
    """Values in units of their range, and this range: priors and tolerances are absolute."""
    known = strip.values[strip.valid]
    low, high = np.percentile(known, [1.0, 99.0]) if known.size else (0.0, 0.0)
    scale = float(high - low)
    if not scale > 0.0:
        return strip, 1.0
    return replace(
        strip, values=strip.values / scale, std=None if strip.std is None else strip.std / scale
    ), scale


def usable_weights(strip: Strip) -> tuple[Floats, NDArray[np.bool_]]:
    """Return weights, zero in frames with two fronts, and which these are."""
    weights = pixel_weights(strip)
    two = second_front(strip, weights)
    return np.where(two[:, None], 0.0, weights), two


def _means(strip: Strip, weights: Floats) -> tuple[Floats, Floats]:
    total = weights.sum(axis=1)
    some = total > 0.0
    mean, std = np.full((2, total.size), np.nan)
    mean[some] = (weights * strip.values).sum(axis=1)[some] / total[some]
    std[some] = 1.0 / np.sqrt(total[some])
    return mean, std


def _follow(strip: Strip, weights: Floats, task: _Task) -> tuple[Followed, int]:
    """Fit all frames in one view; also how many of them hold a step."""
    time, shell = task.time, task.model is SHELL
    start, gain = change_point(strip.s, strip.values, weights, task.sign)
    rows = np.flatnonzero(gain > THRESHOLD_LEVEL)
    mean, mean_std = _means(strip, np.where(gain[:, None] > THRESHOLD_LEVEL, 0.0, weights))
    columns = {name: np.full(time.size, np.nan) for name in FRONT_VARIABLES}
    status = np.full(time.size, code.NO_FRONT, dtype=np.int8)
    if rows.size == 0:
        return Followed(columns, status, None, mean, mean_std), 0
    passes = shell_passes if shell else step_passes
    fit, pixels, clear = passes(strip, weights, rows, start[rows], gain[rows])
    dof = np.maximum((pixels.weights > 0.0).sum(axis=1) - N_PARAMETERS, 1)
    quality = fit.chi_square / dof
    status[rows] = _judged(fit, pixels, clear, quality, strip, rows, task)
    keep = status[rows] == code.FOUND
    variance = (fit.sampling if shell else fit.covariance)[:, 0, 0] * _inflation(
        quality, dof, strip.std is not None
    )
    results = {
        "front_position": fit.parameters[:, 0] * strip.pixel,
        "front_position_std": np.sqrt(variance) * strip.pixel,
        "front_time": time[rows] + _time_at(strip, fit.parameters[:, 0], rows),
        "front_width": np.exp(fit.parameters[:, 1]) * strip.pixel,
        "front_quality": quality,
        **(_tip(fit, strip.pixel) if shell else {}),
    }
    for name, values in results.items():
        columns[name][rows] = np.where(keep, values, np.nan)
    levels = None
    some = keep & clear if np.any(keep & clear) else keep
    if some.any():
        levels = (float(np.median(fit.parameters[some, 2])), float(np.median(fit.parameters[some, 4])))
    return Followed(columns, status, levels, mean, mean_std), rows.size


def _tip(fit: BatchFit, pixel: float) -> Columns:
    begin, length, _ = shell_geometry(fit.parameters[:, 0], np.exp(fit.parameters[:, 5]))
    return {"front_tip": (begin + length) * pixel, "shell_length": length * pixel}


def _judged(
    fit: BatchFit,
    pixels: Pixels,
    clear: NDArray[np.bool_],
    quality: Floats,
    strip: Strip,
    rows: NDArray[np.intp],
    task: _Task,
) -> NDArray[np.int8]:
    """Return the codes of the frames `rows`."""
    xi, jump = fit.parameters[:, 0], fit.parameters[:, 4] - fit.parameters[:, 2]
    valid = strip.valid[rows]
    first = np.where(valid, strip.s, np.inf).min(axis=1) - 0.5
    last = np.where(valid, strip.s, -np.inf).max(axis=1) + 0.5
    last = np.minimum(last, task.length / strip.pixel)
    scale = np.maximum(quality, 1.0)
    if task.model is SHELL:
        gain = line_chi_square(pixels) - fit.chi_square
        together = (gain / scale)[clear].sum() > THRESHOLD_LINE + _EACH_SHELL * clear.sum()
        significant = together & (line_chi_square(pixels) - fit.objective > -_EACH_SHELL * scale)
    else:
        significant = line_chi_square(pixels) - fit.chi_square > THRESHOLD_LINE * scale
    significant &= task.sign * jump > 0.0
    return np.select(
        [~significant, ~fit.converged, xi < np.maximum(first, 0.0) + 1.0, xi > last - 1.0],
        [code.NO_FRONT, code.NOT_CONVERGED, code.BEFORE_START, code.BEYOND_END],
        code.FOUND,
    ).astype(np.int8)


def _inflation(quality: Floats, dof: NDArray[np.intp], stated: bool) -> Floats:
    if not stated:
        return quality
    return np.asarray(np.where(stats.chi2.sf(quality * dof, dof) < 0.01, np.maximum(quality, 1.0), 1.0))


def _time_at(strip: Strip, xi: Floats, rows: NDArray[np.intp]) -> Floats:
    """Return the offset within the frame at the front [s]: a plane through the pixels nearest to it.

    The plane in distance and offset is exact for a raster scan in any direction; it is evaluated at the
    front and at the mean offset of those pixels.
    """
    index, used = window(strip.s, xi - WINDOW, xi + WINDOW)
    ds = strip.s[index] - xi[:, None]
    kernel = np.maximum(1.0 - np.abs(ds) / 2.0, 0.0) * used * strip.valid[rows[:, None], index]
    total = np.maximum(kernel.sum(axis=1), 1e-12)
    offset = strip.offset[index] - ((kernel * strip.offset[index]).sum(axis=1) / total)[:, None]
    design = np.stack([np.ones_like(ds), ds, offset], axis=-1)
    normal = np.einsum("nm,nmi,nmj->nij", kernel, design, design) + 1e-9 * np.eye(3)
    right = np.einsum("nm,nmi,nm->ni", kernel, design, strip.pixel_time[index])
    return np.asarray(np.linalg.solve(normal, right[..., None])[:, 0, 0])
