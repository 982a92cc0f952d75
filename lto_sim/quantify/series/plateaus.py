"""Contrast and offset of intensity maps from the two plateaus of their histogram.

    I = offset + contrast x

with offset and contrast common to all pixels and frames (the nuisances ``maps.offset``, ``maps.contrast``),
fitted so that the two phases lie where they belong, at x_4 and x_7. The histogram is that of two levels m_4
and m_7, blurred by noise, and of pixels that the boundary crosses, which are spread evenly between them:

    p(I) = w_4 N(I; m_4, s_4) + w_7 N(I; m_7, s_7)
           + w_b [Phi((I - m_4)/s_b) - Phi((I - m_7)/s_b)] / (m_7 - m_4),      s_b^2 = (s_4^2 + s_7^2)/2.

Maximum likelihood of the binned counts; the covariance is the inverse of the Fisher information of the bins,
times their reduced chi-square where that is above 1. The phases' own gradients of composition are within the
widths: x_4 and x_7 are the means of what the phases show, near the edges of the gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import optimize, special

from lto_sim.errors import InputError
from lto_sim.quantify.series.normalise import intensity_of, labelled_fractions

__all__ = ["Plateaus", "find_plateaus", "normalise_by_plateaus"]

Floats = NDArray[np.float64]

_BINS: Final = 400
_OUTER: Final = 1e-3
"""Part of a frame's pixels on either side that does not set the range of the histogram."""
_APART: Final = 2.0
"""Distance of the levels in widths below which two equal peaks are one (they have one maximum)."""
_LEAST_SHARE: Final = 0.02
_LEAST_PIXELS: Final = 200


@dataclass(frozen=True, eq=False)
class Plateaus:
    """The two levels of the intensity.

    Parameters
    ----------
    levels : Intensities m_4, m_7 of the phases, in the unit of the maps.
    widths : Their standard deviations s_4, s_7, in that unit.
    shares : Fractions of the pixels w_4, w_7, w_b (boundary) [1].
    covariance : Of the levels, in units of them, (2, 2).
    chi_square : Reduced, of the histogram [1].
    """

    levels: tuple[float, float]
    widths: tuple[float, float]
    shares: tuple[float, float, float]
    covariance: Floats
    chi_square: float


def normalise_by_plateaus(
    maps: xr.Dataset | xr.DataArray,
    *,
    x4: float,
    x7: float,
    rising: bool = True,
    variable: str | None = None,
) -> xr.Dataset:
    """Make li fractions of intensity maps with unknown contrast and offset.

    Parameters
    ----------
    maps : Maps of intensity(time, y, x), in a dataset with ``<name>_std`` where it is known, else the widths
        of the plateaus are taken for it. Both phases must be seen; lazy arrays stay lazy and are read twice.
    x4, x7 : Li fractions of the two phases (the edges of the gap), x4 < x7.
    rising : Whether the intensity rises with the li fraction.
    variable : Name of the intensity in a dataset; None: the only one with time, y, x.

    Returns
    -------
    Dataset
        As `normalise_maps`, with ``maps_contrast``, ``maps_offset`` and their covariance in the attributes.

    Raises
    ------
    InputError
        Levels that are not apart, x4 not below x7, no such variable, too few pixels.
    """
    if not x4 < x7:
        raise InputError("x7", x7, f"> x4 = {x4:g}", "exchange them; rising=False for a falling intensity")
    intensity, stated = intensity_of(maps, variable)
    found = find_plateaus(intensity, rising=rising)
    (low, high), spread = found.levels, x7 - x4
    contrast = (high - low) / spread
    offset = low - contrast * x4
    to_nuisances = np.array([[-1.0 / spread, 1.0 / spread], [1.0 + x4 / spread, -x4 / spread]])
    covariance = to_nuisances @ found.covariance @ to_nuisances.T
    fraction = (intensity - offset) / contrast
    if stated is None:
        share = ((fraction - x4) / spread).clip(0.0, 1.0)
        variance = found.widths[0] ** 2 * (1.0 - share) + found.widths[1] ** 2 * share
    else:
        variance = stated**2
    common = covariance[1, 1] + 2.0 * fraction * covariance[0, 1] + fraction**2 * covariance[0, 0]
    deviation = np.sqrt(variance + common) / abs(contrast)
    step = f"normalise_by_plateaus {x4:g} at {low:.6g}, {x7:g} at {high:.6g}"
    attrs = {
        "normalisation": "plateaus of the histogram",
        "normalisation_li_fractions": [float(x4), float(x7)],
        "maps_contrast": contrast,
        "maps_offset": offset,
        "maps_contrast_std": float(np.sqrt(covariance[0, 0])),
        "maps_offset_std": float(np.sqrt(covariance[1, 1])),
        "maps_contrast_offset_covariance": float(covariance[0, 1]),
        "plateau_chi_square": found.chi_square,
    }
    return labelled_fractions(maps, fraction, deviation, step, attrs)


def find_plateaus(intensity: xr.DataArray, *, rising: bool = True) -> Plateaus:
    """Levels of the two phases in maps (time, y, x); see the module.

    Parameters
    ----------
    intensity : Intensities in any unit, (time, y, x); NaN pixels are left out.
    rising : Whether the second level (that of the lithium-rich phase) is the higher one.

    Returns
    -------
    Plateaus
        Levels, widths and shares of the phases.

    Raises
    ------
    InputError
        Too few pixels, or two levels that are not apart.
    """
    edges, counts = _histogram(intensity)
    start = _two_means(0.5 * (edges[1:] + edges[:-1]), counts)
    scale, zero = float(np.ptp(edges)), float(edges[0])
    theta = _fitted(start, (edges - zero) / scale, counts, zero, scale)
    expected, slopes = _probability(theta, (edges - zero) / scale)
    expected = np.maximum(expected, 1e-300)
    total = float(counts.sum())
    information = total * (slopes / expected) @ slopes.T
    low, gap = theta[0] * scale + zero, np.exp(theta[1]) * scale
    widths = np.exp(theta[2:4]) * scale
    shares = _shares(theta[4:])
    if gap < _APART * widths.max() or min(shares[:2]) < _LEAST_SHARE:
        raise InputError(
            "maps",
            f"levels {low:.4g} and {low + gap:.4g}, widths {widths.max():.2g}, shares {min(shares[:2]):.2g}",
            f"two levels apart by {_APART:g} widths, {100.0 * _LEAST_SHARE:g} % of the pixels in each",
            "take maps that show both phases, with less noise, or references (normalise_maps)",
        )
    chi_square = _chi_square(counts, total * expected, theta.size)
    to_levels = np.zeros((2, theta.size))
    to_levels[:, 0], to_levels[1, 1] = scale, gap
    covariance = to_levels @ np.linalg.inv(information) @ to_levels.T * max(1.0, chi_square)
    order = slice(None) if rising else slice(None, None, -1)
    levels = np.array([low, low + gap])[order]
    widths, phases = widths[order], shares[:2][order]
    return Plateaus(
        levels=(float(levels[0]), float(levels[1])),
        widths=(float(widths[0]), float(widths[1])),
        shares=(float(phases[0]), float(phases[1]), float(shares[2])),
        covariance=covariance[order, order],
        chi_square=chi_square,
    )


def _histogram(intensity: xr.DataArray) -> tuple[Floats, Floats]:
    """Edges and counts of the bins, from two readings frame by frame."""
    low, high, pixels = np.inf, -np.inf, 0
    for number in range(intensity.sizes["time"]):
        values = intensity[number].values
        values = values[np.isfinite(values)]
        if values.size:
            ends = np.quantile(values, (_OUTER, 1.0 - _OUTER))
            low, high, pixels = min(low, float(ends[0])), max(high, float(ends[1])), pixels + values.size
    if pixels < _LEAST_PIXELS or not high > low:
        shown = f"{pixels} pixels" if pixels < _LEAST_PIXELS else f"{low:.4g} everywhere"
        allowed = f"{_LEAST_PIXELS} pixels or more, of two phases"
        raise InputError("maps", shown, allowed, "give more frames, or references (normalise_maps)")
    edges = np.linspace(low, high, _BINS + 1)
    counts = np.zeros(_BINS)
    for number in range(intensity.sizes["time"]):
        values = intensity[number].values
        counts += np.histogram(values[np.isfinite(values)], edges)[0]
    return edges, counts


def _two_means(centres: Floats, counts: Floats) -> tuple[float, float, float, float, float]:
    """Means and deviations of the two halves of a histogram, and the share of the lower one."""
    total = np.cumsum(counts)
    ends = np.interp([0.1, 0.9], total / total[-1], centres)
    low, high = float(ends[0]), float(ends[1])
    for _ in range(100):
        below = centres < 0.5 * (low + high)
        parts = [np.where(side, counts, 0.0) for side in (below, ~below)]
        if min(part.sum() for part in parts) <= 0.0:
            break
        means = [float(np.average(centres, weights=part)) for part in parts]
        if means == [low, high]:
            break
        low, high = means
    below = centres < 0.5 * (low + high)
    spread = [
        float(np.sqrt(np.average((centres - level) ** 2, weights=np.where(side, counts, 1e-9))))
        for side, level in ((below, low), (~below, high))
    ]
    return low, high, spread[0], spread[1], float(counts[below].sum() / counts.sum())


def _fitted(
    start: tuple[float, float, float, float, float], edges: Floats, counts: Floats, zero: float, scale: float
) -> Floats:
    """Parameters of greatest likelihood: m_4, ln gap, ln s_4, ln s_7, two log ratios of shares."""
    low, high, first, second, share = start
    step = 1.0 / counts.size
    guess = np.array([
        (low - zero) / scale, np.log(max((high - low) / scale, step)),
        np.log(max(first / scale, step)), np.log(max(second / scale, step)),
        np.log(np.clip(share, 0.05, 0.95) / 0.1), np.log(np.clip(1.0 - share, 0.05, 0.95) / 0.1),
    ])  # fmt: skip
    fraction = counts / counts.sum()

    def misfit(theta: Floats) -> tuple[float, Floats]:
        expected, slopes = _probability(theta, edges)
        safe = np.maximum(expected, 1e-300)
        return -float(fraction @ np.log(safe)), -(slopes / safe) @ fraction

    bounds = [(-0.5, 1.5), (np.log(step), 0.7), *[(np.log(0.3 * step), 0.0)] * 2, *[(-15.0, 15.0)] * 2]
    clipped = np.clip(guess, *np.array(bounds).T)
    fit = optimize.minimize(
        misfit, clipped, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-15}
    )
    return np.asarray(fit.x)


def _shares(logits: Floats) -> Floats:
    """w_4, w_7, w_b from ln(w_4/w_b), ln(w_7/w_b)."""
    return np.asarray(special.softmax(np.append(logits, 0.0)))


def _probability(theta: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Probability of each bin, given that one of them was met, and its gradient (parameters, bins)."""
    value = _bins(theta, edges)
    slopes = []
    for place in range(theta.size):
        step = np.zeros(theta.size)
        step[place] = 1e-5
        slopes.append((_bins(theta + step, edges) - _bins(theta - step, edges)) / 2e-5)
    return value, np.stack(slopes)


def _bins(theta: Floats, edges: Floats) -> Floats:
    low, gap = theta[0], np.exp(theta[1])
    first, second = np.exp(theta[2:4])
    blur = np.sqrt(0.5 * (first**2 + second**2))
    weights = _shares(theta[4:])
    below = special.ndtr((edges - low) / first)
    above = special.ndtr((edges - low - gap) / second)
    between = (_ramp(edges - low, blur) - _ramp(edges - low - gap, blur)) / gap
    share = np.diff(weights @ np.stack([below, above, between]))
    return np.asarray(share / max(float(share.sum()), 1e-300))


def _ramp(distance: Floats, blur: float) -> Floats:
    """Integral of Phi(z/s): z Phi(z/s) + s phi(z/s)."""
    z = distance / blur
    density = np.exp(-0.5 * np.minimum(z**2, 1400.0)) / np.sqrt(2.0 * np.pi)
    return np.asarray(blur * (z * special.ndtr(z) + density))


def _chi_square(counts: Floats, expected: Floats, parameters: int) -> float:
    """Reduced, over bins put together until 10 are expected in each."""
    group = np.floor(np.cumsum(expected) / 10.0).astype(int)
    seen, wanted = np.bincount(group, counts), np.bincount(group, expected)
    good = wanted > 0.0
    square = float(np.sum((seen[good] - wanted[good]) ** 2 / wanted[good]))
    return square / max(int(good.sum()) - parameters - 1, 1)
