"""How well a front is placed in each frame: the information of its pixels, as `track_front` reads them.

The fit of a frame ends where its score vanishes, g = J^T W (v - f) + P (m - theta) = 0: f is the blurred
step, J its gradient, W = 1/std^2 of the pixels, P and m the weak priors of `track_front`. Noise of the pixels
moves theta by H^-1 J^T W times it, H = -dg/dtheta, so that

    cov(theta) = H^-1 (J^T W J) H^-1.

For pixels that the model shows exactly and without priors this is the inverse of the Fisher information
J^T W J. H holds the second derivatives too: a front that is sharp beside its pixels is not quite a blurred
step, and its place in a pixel matters.

A frame counts as often as `track_front` finds a front in it: its gain in chi-square over one level and over a
straight line is a non-central chi-square, the gain without noise being its non-centrality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.kinetics.fronts import Profile
from lto_sim.kinetics.fronts.follow import THRESHOLD_LEVEL
from lto_sim.kinetics.fronts.map_series import MapSeries
from lto_sim.kinetics.fronts.models import N_PARAMETERS
from lto_sim.kinetics.fronts.pixels import Pixels, pixel_weights
from lto_sim.kinetics.fronts.search import change_point
from lto_sim.kinetics.fronts.step_fit import BatchFit, line_chi_square
from lto_sim.kinetics.fronts.step_model import model_and_gradient
from lto_sim.kinetics.fronts.step_passes import THRESHOLD_LINE, step_passes
from lto_sim.kinetics.fronts.strip import Strip, take_strip

__all__ = ["FrontInformation", "front_information", "step_covariance"]

Floats = NDArray[np.float64]

_SIGN: Final = {"extraction": 1, "insertion": -1}
_DIGITS: Final = 6
_LEAST_GAIN: Final[float] = 1.0
"""Gain over one level, without noise, below which a frame is not looked at: it is never found."""
_FREEDOM_LEVEL, _FREEDOM_LINE = 1.0, 2.0
_QUANTILES: Final = np.asarray(stats.norm.ppf((np.arange(20) + 0.5) / 20))
_STEPS: Final = np.array([0.02, 0.02, 1e-3, 1e-3, 1e-3, 1e-3])
"""Changes of xi [pixels], ln w and the levels and tilts for second derivatives."""
_CLEAR_PIXELS: Final[float] = 2.0
_CLEAR_STD: Final[float] = 3.0
_END_PIXELS: Final[float] = 1.0
_NEAR_PIXELS: Final[float] = 2.0
_TINY: Final[float] = 1e-12


@dataclass(frozen=True, eq=False)
class FrontInformation:
    """Front in the frames of one profile, those in which it is clear of both ends of the profile.

    Parameters
    ----------
    frame : Number of each frame.
    time : When the pixel at the front is visited [s].
    position : Position that is read without noise [m].
    std : Deviation of the position by the noise of the pixels [m].
    stated : Deviation that the fit states for it [m].
    found : Probability that a front is found.
    """

    frame: NDArray[np.int64]
    time: Floats
    position: Floats
    std: Floats
    stated: Floats
    found: Floats


def front_information(series: MapSeries, profile: Profile, direction: str) -> FrontInformation:
    """Information of every frame on the place of the front.

    Parameters
    ----------
    series : Maps without noise, and the deviations of their pixels.
    profile : Where the front is followed.
    direction : ``extraction`` or ``insertion``.

    Raises
    ------
    InputError
        A profile that leaves the frame, or none of whose pixels lies on the particle.
    """
    whole = take_strip(series, profile)
    if not whole.valid.any():
        raise InputError(
            "profile", profile.name, "a line on the particle", "move it to where the particle is"
        )
    strip, joined = _joined(whole)
    weights = pixel_weights(strip)
    start, gain = change_point(strip.s, strip.values, weights, _SIGN[direction])
    rows = np.flatnonzero(gain > _LEAST_GAIN)
    if rows.size == 0:
        nothing = np.empty(0)
        return FrontInformation(rows, nothing, nothing, nothing, nothing, nothing)
    fit, pixels, _ = step_passes(strip, weights, rows, start[rows], gain[rows])
    xi = fit.parameters[:, 0]
    std = np.sqrt(step_covariance(fit, pixels)[:, 0, 0])
    stated = np.sqrt(fit.covariance[:, 0, 0])
    found = _found(fit, pixels, gain[rows], joined)
    keep = _clear_of_ends(strip, profile, xi, std) & fit.converged
    time, unit = series.time[rows] + _offset_at(strip, xi), strip.pixel
    return FrontInformation(
        rows[keep], time[keep], (xi * unit)[keep], (std * unit)[keep], (stated * unit)[keep], found[keep]
    )


def _joined(strip: Strip) -> tuple[Strip, float]:
    """Pixels at the same distance as one, which loses nothing, and how many are in it on average."""
    if strip.extent is not None or strip.std is None:
        return strip, 1.0
    _, first, member = np.unique(np.round(strip.s, _DIGITS), return_index=True, return_inverse=True)
    table = np.zeros((strip.s.size, first.size))
    table[np.arange(strip.s.size), member] = 1.0
    weight = np.where(strip.valid, strip.std**-2.0, 0.0)
    total, count = weight @ table, table.sum(axis=0)
    some = total > 0.0
    safe = np.where(some, total, 1.0)
    values = np.where(some, (weight * strip.values) @ table / safe, 0.0)
    return Strip(
        strip.s[first], strip.offset @ table / count, values, some, np.where(some, safe**-0.5, 1.0),
        strip.pixel_time @ table / count, strip.pixel,
    ), strip.s.size / first.size  # fmt: skip


def step_covariance(fit: BatchFit, pixels: Pixels) -> Floats:
    """Covariance of the parameters of a step by the noise of its pixels, (frames, 6, 6).

    Where the second derivatives have no inverse, that of the first alone.

    Parameters
    ----------
    fit : Fit of the frames, without noise.
    pixels : What it saw, with the weights of the noise.
    """
    theta = fit.parameters
    half = np.linalg.inv(fit.covariance)
    information = half @ fit.sampling @ half
    prior = half - information
    curvature = np.empty_like(information)
    for n, step in enumerate(_STEPS):
        change = np.zeros(N_PARAMETERS)
        change[n] = step
        above, below = (_score(theta + s * change, pixels) for s in (1.0, -1.0))
        curvature[:, :, n] = (below - above) / (2.0 * step)
    whole = 0.5 * (curvature + curvature.transpose(0, 2, 1)) + prior
    sound = np.linalg.eigvalsh(whole)[:, 0] > 0.0
    inverse = np.linalg.inv(np.where(sound[:, None, None], whole, half))
    return np.where(sound[:, None, None], inverse @ information @ inverse, fit.sampling)


def _score(theta: Floats, pixels: Pixels) -> Floats:
    """J^T W (v - f) of every frame, (frames, 6)."""
    values, slopes = model_and_gradient(theta, pixels.s, pixels.extent)
    return np.asarray(np.einsum("nmi,nm,nm->ni", slopes, pixels.weights, pixels.values - values))


def _found(fit: BatchFit, pixels: Pixels, gain: Floats, joined: float) -> Floats:
    """Probability that a step is found: it has to beat one level, and a straight line."""
    freedom = np.maximum(joined * (pixels.weights > 0.0).sum(axis=1) - N_PARAMETERS, 1.0)
    quality = 1.0 + _QUANTILES[:, None] * np.sqrt(2.0 / freedom)
    over_line = np.maximum(line_chi_square(pixels) - fit.chi_square, 0.0)
    threshold = THRESHOLD_LINE * np.maximum(quality, 1.0)
    line = np.asarray(stats.ncx2.sf(threshold, _FREEDOM_LINE, over_line)).mean(axis=0)
    return np.asarray(np.minimum(line, stats.ncx2.sf(THRESHOLD_LEVEL, _FREEDOM_LEVEL, gain)))


def _clear_of_ends(strip: Strip, profile: Profile, xi: Floats, std: Floats) -> NDArray[np.bool_]:
    """Frames in which noise does not carry the front over an end of the profile."""
    valid = strip.valid.any(axis=0)
    first = max(float(strip.s[valid].min()) - 0.5, 0.0)
    last = min(float(strip.s[valid].max()) + 0.5, profile.length / strip.pixel)
    near = xi - _CLEAR_STD * std > first + _CLEAR_PIXELS
    return np.asarray(near & (xi + _CLEAR_STD * std < last - _END_PIXELS))


def _offset_at(strip: Strip, xi: Floats) -> Floats:
    """Time within a frame at which the pixels at the front are visited [s]: a line through those near it."""
    ds = strip.s[None, :] - xi[:, None]
    kernel = np.maximum(1.0 - np.abs(ds) / _NEAR_PIXELS, 0.0)
    total = np.maximum(kernel.sum(axis=1), _TINY)
    mean_s, mean_t = (kernel * ds).sum(axis=1) / total, kernel @ strip.pixel_time / total
    ds = ds - mean_s[:, None]
    spread = np.maximum((kernel * ds**2).sum(axis=1), _TINY)
    slope = (kernel * ds * (strip.pixel_time[None, :] - mean_t[:, None])).sum(axis=1) / spread
    return np.asarray(mean_t - slope * mean_s)
