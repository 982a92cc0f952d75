"""Two passes of the projected shell over the frames of a profile.

The first finds what the clear frames (40 at most) share: the length L1, the likeliest of all pixels of the
strip with what each frame has of its own integrated out; the levels; and the excess A of the growing phase at
the contact, in jumps J, which makes the tilt b = A J / xi (0.08 with a deviation of 0.08 before anything is
seen). The second holds every frame to them (ln L1 by a prior deviation of 0.1, levels by 0.5 J, A by 0.05),
and sees the pixels from 8 behind the beginning of the tip to 8 beyond its end.
The mean front hardly depends on L1, as it is the integral of the transformed part. The deviation is what
noise does while the priors stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.models import SHELL
from lto_sim.kinetics.fronts.pixels import Pixels, all_pixels, averaged, pixels_between
from lto_sim.kinetics.fronts.shell_model import shell_geometry
from lto_sim.kinetics.fronts.step_fit import BatchFit, FrontPrior, fit_batch, refine_start
from lto_sim.kinetics.fronts.step_passes import WINDOW, clear_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.strip import Strip

    Floats = NDArray[np.float64]

__all__ = ["SHARED_FRAMES", "common_length", "fit_of_length", "shared_frames", "shell_passes"]

SHARED_FRAMES: Final[int] = 40
"""Clear frames that decide what all frames share."""

_WIDTH: Final[float] = 0.5
_LN_WIDTH_STD: Final[float] = 0.5
_LN_LENGTH_STD: Final[float] = 0.1
_SHORTEST: Final[float] = 1.0
_LENGTHS: Final[int] = 14
_ROUGH: Final[int] = 12
_FINE: Final = np.array([-0.6, -0.3, 0.0, 0.3, 0.6])
_SHIFTS: Final = np.linspace(-0.5, 0.5, 9)
_HELD: Final[float] = 1e-3
_EXCESS: Final = (0.08, 0.08)
_EXCESS_STD: Final[float] = 0.05


@dataclass(frozen=True)
class _Shared:
    """What frames share: length L1 [pixels], levels, excess in jumps, blur [pixels], as they are known."""

    length: float
    growing: float
    parent: float
    excess: tuple[float, float] = _EXCESS
    ln_length_std: float = _HELD
    width: tuple[float, float] = (_WIDTH, _LN_WIDTH_STD)

    @property
    def jump(self) -> float:
        """Jump of the level across the front, with its sign."""
        jump = self.parent - self.growing
        return float(np.copysign(max(abs(jump), 1e-6), jump))


def shared_frames(gain: Floats, most: int = SHARED_FRAMES) -> NDArray[np.intp]:
    """Return clear frames, `most` of them, that decide what all frames share."""
    some = np.flatnonzero(clear_frames(gain))
    return some[:: -(-some.size // most)]


def shell_passes(
    strip: Strip, weights: Floats, rows: NDArray[np.intp], start: Floats, gain: Floats
) -> tuple[BatchFit, Pixels, NDArray[np.bool_]]:
    """Learn the length of the tip and the levels from the clear frames, then fit all.

    Parameters and results are those of ``step_passes``.
    """
    some = shared_frames(gain)
    joined = averaged(all_pixels(strip, weights, rows[some]))
    fit, length = common_length(joined, start[some])
    shared = _learnt(fit, length)
    every = averaged(all_pixels(strip, weights, rows))
    first = _start(every, start, length)
    fit = fit_batch(first, every, _prior(first, shared), SHELL, _ROUGH)
    begin, tip, _ = shell_geometry(fit.parameters[:, 0], np.exp(fit.parameters[:, 5]))
    near = pixels_between(strip, weights, rows, begin - WINDOW, begin + tip + WINDOW)
    return fit_batch(fit.parameters, near, _prior(fit.parameters, shared), SHELL), near, clear_frames(gain)


def common_length(pixels: Pixels, start: Floats) -> tuple[BatchFit, float]:
    """Return the fit of frames that share the length L1 of smallest chi-square, and this length [pixels].

    Parameters
    ----------
    pixels : All pixels of the frames, averaged across the profile.
    start : Likeliest positions of a step [pixels], shape (n,).
    """
    span = float(pixels.s.max() - pixels.s.min())
    lengths = np.geomspace(_SHORTEST, max(1.5 * span, 2.0 * _SHORTEST), _LENGTHS)
    best = int(np.argmin([_total(pixels, start, length) for length in lengths]))
    trials = lengths[best] * (lengths[1] / lengths[0]) ** _FINE
    total = np.array([_total(pixels, start, length) for length in trials])
    curve = np.polyfit(np.log(trials), total, 2)
    chosen = float(trials[int(np.argmin(total))])
    if curve[0] > 0.0:
        chosen = float(np.exp(np.clip(-0.5 * curve[1] / curve[0], *np.log(trials[[0, -1]]))))
    return fit_of_length(pixels, start, chosen), chosen


def _total(pixels: Pixels, start: Floats, length: float) -> float:
    return float(fit_of_length(pixels, start, length).evidence.sum())


def fit_of_length(pixels: Pixels, start: Floats, length: float, width: float | None = None) -> BatchFit:
    """Fit frames with a given length L1 and, unless it is None, a given blur [pixels].

    Parameters
    ----------
    pixels : Pixels of the frames.
    start : Likeliest positions of a step [pixels], shape (n,).
    length, width : L1 and blur of all frames [pixels]; without a blur each frame has its own.
    """
    blur = (_WIDTH, _LN_WIDTH_STD) if width is None else (width, _HELD)
    first = _start(pixels, start, length, blur[0])
    levels = np.median(first, axis=0)
    prior = _prior(first, _Shared(length, levels[2], levels[4], width=blur))
    return fit_batch(first, pixels, prior, SHELL, _ROUGH)


def _learnt(fit: BatchFit, length: float) -> _Shared:
    """Return what the frames of `fit` say together; the prior of the excess counts once, not each time."""
    levels = np.median(fit.parameters, axis=0)
    shared = _Shared(length, float(levels[2]), float(levels[4]))
    prior = _prior(fit.parameters, shared)
    scale = np.maximum(fit.parameters[:, 0], 1.0) / shared.jump
    precision = 1.0 / fit.covariance[:, 3, 3]
    seen = np.maximum(precision - prior.precision[:, 3], 0.0)
    told = precision * fit.parameters[:, 3] - prior.precision[:, 3] * prior.mean[:, 3]
    mean, std = _EXCESS
    total = float((seen / scale**2).sum()) + std**-2
    excess = (float((told / scale).sum()) + mean * std**-2) / total
    return replace(shared, excess=(excess, _EXCESS_STD), ln_length_std=_LN_LENGTH_STD)


def _start(pixels: Pixels, start: Floats, length: float, width: float = _WIDTH) -> Floats:
    shifts = np.unique(np.concatenate([_SHIFTS * length, np.arange(-2.0, 2.25, 1.0)]))
    return refine_start(start, pixels, width, model=SHELL, shifts=shifts, last=float(np.log(length)))


def _prior(parameters: Floats, shared: _Shared) -> FrontPrior:
    mean, precision = np.zeros_like(parameters), np.zeros_like(parameters)
    mean[:, 1], mean[:, 5] = np.log(shared.width[0]), np.log(shared.length)
    mean[:, 2], mean[:, 4] = shared.growing, shared.parent
    precision[:, 1], precision[:, 5] = shared.width[1] ** -2, shared.ln_length_std**-2
    precision[:, [2, 4]] = (0.5 * shared.jump) ** -2
    tilt = shared.jump / np.maximum(parameters[:, 0], 1.0)
    mean[:, 3], precision[:, 3] = shared.excess[0] * tilt, (shared.excess[1] * tilt) ** -2
    return FrontPrior(mean, precision)
