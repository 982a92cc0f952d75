"""How far one image is displaced against another, where part of what they show changes.

Images are band-passed (difference of two Gaussians, 1 and 4 pixels wide): a step becomes an odd function of
the distance to it, so that a change of contrast at an outline is orthogonal to its displacement, and the
inside of a region that turns bright or dark vanishes. The displacement d solves

    sum_r w(r) [M(r + d) - b R(r)] grad R(r) = 0,

M and R the band-passed images, b their gain, w = window x Tukey's weight of the residual, whose scale is the
median where the reference has structure. What moves by itself, such as a phase boundary, is an outlier and
takes no part, as long as it holds less of the structure than what is at rest in the specimen. The coarse d is
the maximum of the windowed cross-correlation (Guizar-Sicairos, Thurman and Fienup, Opt. Lett. 33, 156 (2008);
:func:`skimage.registration.phase_cross_correlation`). With A = sum w grad M grad R^T, which noise does not
raise, and S the smoothing, the covariance of d is A^-1 [v sum (S w grad R)(S w grad R)^T] A^-T, v the noise
variance of a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.signal.windows import tukey
from skimage.registration import phase_cross_correlation

__all__ = ["LEAST_SIDE", "Match", "Pattern", "match", "pattern_of", "shifted_back"]

Floats = NDArray[np.float64]

LEAST_SIDE: Final = 12
"""Pixels of the shortest side of an image that can be registered."""
_FINE: Final = 1.0
_COARSE: Final = 4.0
_REACH: Final = 2.0
"""Coarse widths beyond which a missing pixel does not spoil the pattern."""
_TAPER: Final = 0.25
_TUKEY: Final = 4.685
"""Tukey's constant: 95 % efficiency with Gaussian noise."""
_ITERATIONS: Final = 30
_CONVERGED: Final = 1e-4
_LONGEST: Final = 1.0
"""Longest step of one iteration [pixels]."""
_LARGEST_STD: Final = 0.5
"""Deviation [pixels] above which nothing was measured."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """Structure of an image.

    Parameters
    ----------
    values : Band-passed image, (y, x).
    weight : 1 inside, falling to 0 at the border and where pixels are missing, (y, x).
    """

    values: Floats
    weight: Floats

    @cached_property
    def gradient(self) -> Floats:
        """(2, y, x), per pixel."""
        return np.stack([np.gradient(self.values, axis=axis) for axis in (0, 1)])

    @cached_property
    def coefficients(self) -> Floats:
        """Of its cubic spline."""
        return np.asarray(ndimage.spline_filter(self.values, order=3, mode="mirror"))


@dataclass(frozen=True)
class Match:
    """Displacement of a pattern against a reference.

    Parameters
    ----------
    shift : (y, x) in pixels; positive: what is shown moved down, to the right.
    std : Standard deviations of the same.
    quality : Correlation of the two, once one is shifted back: 1 for equal images, 0 for unrelated ones.
    """

    shift: tuple[float, float]
    std: tuple[float, float]
    quality: float


def _band_passed(values: Floats) -> Floats:
    fine = ndimage.gaussian_filter(values, _FINE, mode="nearest")
    return np.asarray(fine - ndimage.gaussian_filter(values, _COARSE, mode="nearest"))


def pattern_of(image: Floats) -> Pattern | None:
    """Pattern of an image (y, x); None where most is missing (NaN) or nothing varies."""
    there = np.isfinite(image)
    if 2 * np.count_nonzero(there) < image.size:
        return None
    window = np.outer(*(tukey(n + 2, _TAPER)[1:-1] for n in image.shape))
    filled = image.astype(np.float64)
    if not there.all():
        nearest = ndimage.distance_transform_edt(~there, return_distances=False, return_indices=True)
        filled = filled[tuple(nearest)]
        window = window * (ndimage.distance_transform_edt(there) > _REACH * _COARSE)
    spread = float(filled.std())
    if spread <= 1e-12 * float(np.abs(filled).max()) or not np.any(window):
        return None
    return Pattern(_band_passed((filled - filled.mean()) / spread), window)


def shifted_back(pattern: Pattern, shift: Floats) -> tuple[Floats, Floats]:
    """Values and weight of a pattern that was displaced by `shift` [pixels], where it came from."""
    values = ndimage.shift(pattern.coefficients, -shift, order=3, mode="mirror", prefilter=False)
    return values, np.asarray(ndimage.shift(pattern.weight, -shift, order=1, mode="constant"))


def match(
    reference: Pattern, moving: Pattern, guess: Sequence[float], *, upsample: int, axes: tuple[int, ...]
) -> Match | None:
    """Displacement of `moving` against `reference`; None where the two do not determine it.

    Parameters
    ----------
    reference, moving : The patterns.
    guess : Where to begin (y, x) [pixels]; the better of it and the correlation's maximum is refined.
    upsample : Parts of a pixel to which the correlation's maximum is found.
    axes : Axes along which there may be a displacement.
    """
    free = np.isin([0, 1], axes)
    start = np.where(free, guess, 0.0)
    starts = [start, np.where(free, _correlated(reference, moving, start, upsample), 0.0)]
    found = [refined for begin in starts if (refined := _refined(reference, moving, begin, axes))]
    if not found:
        return None
    best = min(found, key=lambda item: item[0])[1]
    return best if max(best.std) < _LARGEST_STD else None


def _correlated(reference: Pattern, moving: Pattern, start: Floats, upsample: int) -> Floats:
    """Maximum of the cross-correlation of the windowed patterns, counted on from whole pixels of `start`."""
    whole = np.round(start)
    values, weight = shifted_back(moving, whole)
    back, *_ = phase_cross_correlation(
        reference.values * reference.weight, values * weight, upsample_factor=upsample, normalization=None
    )
    return np.asarray(whole - back)


def _refined(
    reference: Pattern, moving: Pattern, start: Floats, axes: tuple[int, ...]
) -> tuple[float, Match] | None:
    """Scale of the residuals and the displacement at the solution next to `start`."""
    shift, chosen = start.copy(), list(axes)
    gradient = reference.gradient[chosen]
    strength = (gradient**2).sum(axis=0)
    limit = 0.5 * np.array(reference.values.shape)
    for _ in range(_ITERATIONS):
        values, weight = shifted_back(moving, shift)
        weight = weight * reference.weight
        gain = _ratio(np.sum(weight * values * reference.values), np.sum(weight * reference.values**2))
        residual = values - gain * reference.values
        scale = 1.4826 * _weighted_median(np.abs(residual), weight * strength)
        kept = weight * np.clip(1.0 - (residual / max(_TUKEY * scale, 1e-12)) ** 2, 0.0, None) ** 2
        weighted = kept * gradient
        moved = np.stack([np.gradient(values, axis=axis) for axis in chosen])
        matrix = np.einsum("ayx,byx->ab", weighted, moved)
        if np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[0] <= 1e-9 * max(float(np.sum(strength)), 1e-300):
            return None
        step = -np.linalg.solve(matrix, np.einsum("ayx,yx->a", weighted, residual))
        length = float(np.linalg.norm(step))
        shift[chosen] += step * min(1.0, _LONGEST / max(length, 1e-12))
        if np.any(np.abs(shift) > limit):
            return None
        if length < _CONVERGED:
            break
    std = np.zeros(2)
    std[chosen] = _deviation(weighted, matrix, scale)
    quality = _correlation(values, reference.values, weight)
    return scale, Match((float(shift[0]), float(shift[1])), (float(std[0]), float(std[1])), quality)


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom > 0.0 else 0.0


def _weighted_median(values: Floats, weight: Floats) -> float:
    order = np.argsort(values, axis=None)
    total = np.cumsum(weight.ravel()[order])
    return float(values.ravel()[order][np.searchsorted(total, 0.5 * total[-1])])


def _deviation(weighted: Floats, matrix: Floats, scale: float) -> Floats:
    """Standard deviations of the displacement; `scale` is that of smoothed residuals."""
    delta = np.zeros((63, 63))
    delta[31, 31] = 1.0
    of_a_pixel = scale**2 / float(np.sum(_band_passed(delta) ** 2))
    smooth = np.stack([_band_passed(column) for column in weighted])
    inner = of_a_pixel * np.einsum("ayx,byx->ab", smooth, smooth)
    inverse = np.linalg.inv(matrix)
    return np.asarray(np.sqrt(np.diag(inverse @ inner @ inverse.T)))


def _correlation(first: Floats, second: Floats, weight: Floats) -> float:
    power = float(np.sum(weight * first**2)) * float(np.sum(weight * second**2))
    return _ratio(float(np.sum(weight * first * second)), power**0.5)
