"""How well a rate constant is known: from the deviations of the positions to that of k.

``t - t0 = xi/k_L + xi^2/(2k)`` is laid through the points of all profiles as `fit_rate_constant` does, by
least squares weighted by the deviations that are stated for them. With A the gradient of the law over these
deviations, (t0, 1/k_L, 1/(2k)) scatter with

    cov = (A^T A)^-1 A^T S A (A^T A)^-1,

S the covariance of the points over the stated one: deviations that the noise of the pixels gives them, and an
offset that all points of a profile share, the contact's own. With S = 1 that is the inverse of the Fisher
information A^T A. A frame in which a front is found half of the time counts half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.kinetics import Correlation, RateData
from lto_sim.kinetics.rates.laws import LAWS, LawFit, fit_law
from lto_sim.study.design.front import FrontInformation

__all__ = ["RateInformation", "law_covariance", "rate_information"]

Floats = NDArray[np.float64]

_INDEPENDENT: Final = Correlation("time", 0.0, 1.0)
_SELDOM: Final[float] = 0.01
"""Probability of a front below which a frame is left out."""
_FEWEST_SPARE: Final = 1.0


@dataclass(frozen=True)
class RateInformation:
    """What is expected of the rate constant of one recording.

    Parameters
    ----------
    k, k_std : Rate constant that is read without noise, and its standard deviation by the noise of the pixels
        [m2 s-1]; NaN where none can be read.
    points : Expected number of fronts in the window.
    found : Part of the frames in the window in which a front is found.
    window : First and last time of it [s].
    front_std : Median deviation of a position [m].
    contact_effect : Change of k, over k, per length by which a contact lies off where it is taken [1/m]: root
        of the sum of squares over profiles.
    """

    k: float = math.nan
    k_std: float = math.nan
    points: float = 0.0
    found: float = 0.0
    window: tuple[float, float] = (math.nan, math.nan)
    front_std: float = math.nan
    contact_effect: float = math.nan


def rate_information(
    fronts: Sequence[FrontInformation],
    each: float | Floats,
    period: float,
    law: str = "parabolic",
    start_time: float | None = None,
    start_std: float = 0.0,
) -> RateInformation:
    """Expected deviation of k.

    Parameters
    ----------
    fronts : What the frames know, one a profile.
    each : Frames that each of theirs stands for, one number or one for every frame looked at.
    period : Start to start of frames [s].
    law : ``parabolic`` or ``mixed``.
    start_time : Known t0 [s]; None: it is fitted.
    start_std : Deviation of where the contact of a profile is [m].
    """
    kept = [front.found > _SELDOM for front in fronts]
    stands = [_of_frames(each, front)[keep] for front, keep in zip(fronts, kept, strict=True)]
    count = sum(int(keep.sum()) for keep in kept)
    free = sum(LAWS[law]) + (start_time is None)
    expected = sum(float(n @ f.found[keep]) for n, f, keep in zip(stands, fronts, kept, strict=True))
    if count < free + 1 or expected < free + _FEWEST_SPARE:
        return RateInformation(points=expected)
    time, position, std, stated, found = (
        np.concatenate([getattr(f, name)[keep] for f, keep in zip(fronts, kept, strict=True)])
        for name in ("time", "position", "std", "stated", "found")
    )
    number = np.repeat(np.arange(len(fronts)), [int(keep.sum()) for keep in kept])
    weight = np.sqrt(np.concatenate(stands) * found)
    data = RateData(time, position, stated / weight, number, start_std, _INDEPENDENT)
    fit = fit_law(data, law, start_time)
    order = np.argsort(time, kind="stable")
    covariance = law_covariance(data, fit, (std / weight)[order])
    r = float(fit.parameters[2])
    if not r > 0.0:
        return RateInformation(points=expected)
    off = _contact_effect(data, fit)
    window = (float(time.min()) - 0.5 * period, float(time.max()) + 0.5 * period)
    return RateInformation(
        0.5 / r, 0.5 / r**2 * math.sqrt(float(covariance[2, 2])), expected, float(found.mean()), window,
        float(np.median(std)), off / r,
    )  # fmt: skip


def _of_frames(each: float | Floats, front: FrontInformation) -> Floats:
    """Frames that each frame with a front stands for."""
    every = np.asarray(each, dtype=np.float64)
    return np.full(front.time.size, every) if every.ndim == 0 else every[front.frame]


def law_covariance(data: RateData, fit: LawFit, std: Floats) -> Floats:
    """Covariance of (t0, 1/k_L, coefficient of xi^2), (3, 3); zero for what is not free.

    Parameters
    ----------
    data : Points with their stated deviations, in the order of time.
    fit : A law fitted to them.
    std : Deviations by the noise of the pixels, in the same order [m].
    """
    response = _response(fit)
    parts = [response @ data.whiten(np.diag(std))]
    offset = float(np.max(data.start_std, initial=0.0))
    if offset > 0.0:
        parts.append(offset * (response @ data.whiten(_of_profiles(data))))
    return np.asarray(sum(part @ part.T for part in parts))


def _response(fit: LawFit) -> Floats:
    """Change of (t0, 1/k_L, coefficient of xi^2) with the whitened positions, (3, points)."""
    free = np.array(fit.free)
    slopes = fit.jacobian[:, free]
    size = np.sqrt((slopes**2).sum(axis=0))
    scaled = slopes / size
    result = np.zeros((3, slopes.shape[0]))
    result[free] = np.linalg.inv(scaled.T @ scaled) @ scaled.T / size[:, None]
    return result


def _of_profiles(data: RateData) -> Floats:
    """One for the points of each profile, a column a profile, (points, profiles)."""
    columns = np.zeros((data.size, len(data.blocks)))
    for n, rows in enumerate(data.blocks):
        columns[rows, n] = 1.0
    return columns


def _contact_effect(data: RateData, fit: LawFit) -> float:
    """Change of the coefficient of xi^2 per offset of the contacts [s/m3], root of the sum of squares."""
    return float(np.linalg.norm(_response(fit)[2] @ data.whiten(_of_profiles(data))))
