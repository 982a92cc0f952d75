"""Points made ready for the fit: outliers left out, errors that frames share estimated.

Both compare the points with a mean that is more flexible than the law, so that an early transient, which is
no error, is not taken for one: the linear-parabolic law, a cubic term, and two delays that decay within a
tenth and a third of the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.rates.correlation import estimate_correlation
from lto_sim.kinetics.rates.interval import constrained

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData
    from lto_sim.kinetics.rates.laws import LawFit

__all__ = ["FEWEST", "Points", "extra_columns", "prepare", "require_motion"]

FEWEST: Final[int] = 8
"""Points below which a window is not cut further."""

_CLEAR: Final[float] = 5.0
_OUTLIER: Final[float] = 5.0
_MOST_OUTLIERS: Final[float] = 0.05
_ONE_OUTLIER: Final[int] = 10
_SLOWEST: Final[float] = 2.0
_FARTHEST: Final[float] = 1.0


@dataclass(frozen=True, eq=False)
class Points:
    """Points of the fit.

    Parameters
    ----------
    data : Points that are left, with the correlation of their errors.
    outliers : How many were left out.
    """

    data: RateData
    outliers: int


def prepare(data: RateData, start_time: float | None, *, clear: bool) -> Points:
    """Leave out outliers and, with `clear`, the time before the front is clear of the contact.

    Parameters
    ----------
    data : All points; a correlation that they state is kept, none is estimated.
    start_time : Fixed t0 [s] or None.
    clear : Leave out the time before the fitted front is five deviations from the contact: the likelihood
        is far from Gaussian there.
    """
    kept = _without_outliers(data, start_time)
    outliers = data.size - kept.size
    if clear:
        kept = _clear_of_zero(kept, start_time)
    if kept.correlation is None:
        law = constrained(kept, start_time)
        design, rest = _flexible(kept, law)
        kept = replace(kept, place=law.fitted)
        kept = kept.with_correlation(estimate_correlation(kept, design, rest))
    return Points(kept, outliers)


def require_motion(data: RateData) -> None:
    """Refuse a front behind its contact, or with a straight-line speed below two (scaled) deviations.

    Raises
    ------
    InputError
        Positions that are not positive or beyond any particle, one time only, no motion away from the start.
    """
    largest = float(np.abs(data.position).max(initial=0.0))
    if data.size and (float(data.position.max()) <= 0.0 or largest > _FARTHEST):
        raise InputError(
            "front",
            f"positions up to {largest:.3g} m",
            f"> 0 and below {_FARTHEST:g} m",
            "check sign and unit",
        )
    if data.size < 3:
        return
    weight = data.position_std**-2.0
    total = float(weight.sum())
    time = data.time - float((weight * data.time).sum()) / total
    spread = float((weight * time**2).sum())
    if spread <= 0.0:
        raise InputError("front", "one time only", "points at several times", "take more frames")
    speed = float((weight * time * data.position).sum()) / spread
    middle = float((weight * data.position).sum()) / total
    rest = float((weight * (data.position - middle - speed * time) ** 2).sum())
    deviation = math.sqrt(max(rest / max(data.size - 2, 1), 1.0) / spread)
    if speed <= _SLOWEST * deviation:
        raise InputError(
            "front",
            f"a speed of {speed:.2g} +- {deviation:.2g} m/s",
            "a front that moves away from the start of the profile",
            "check the profile and its direction, or take more frames",
        )


def extra_columns(data: RateData, law: LawFit) -> NDArray[np.float64]:
    """Return what a law that does not hold would leave [m], shape (n, 3 or 4).

    A cubic term, an early delay that decays within a tenth or a third of the window, and at q = 0 a linear
    term of either sign.
    """
    age = (data.time - data.time[0]) / max(float(np.ptp(data.time)), 1e-300)
    xi = law.fitted / max(float(np.abs(law.fitted).max()), 1e-300)
    columns = [law.speed * xi**3, law.speed * np.exp(-age / 0.1), law.speed * np.exp(-age / 0.3)]
    if law.name == "parabolic":
        columns.append(law.speed * xi)
    return np.stack(columns, axis=1)


def _flexible(data: RateData, law: LawFit) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns of the flexible mean and what is left of the points about the law [m]."""
    xi, speed = law.fitted, law.speed
    own = speed[:, None] * np.stack([np.ones_like(xi), xi, xi**2], axis=1)
    return np.concatenate([own, extra_columns(data, law)], axis=1), data.position - law.fitted


def _without_outliers(data: RateData, start_time: float | None) -> RateData:
    """Drop the worst point while it is beyond five robust deviations, 5 % at most, or one of ten."""
    for _ in range(max(int(_MOST_OUTLIERS * data.size), int(data.size >= _ONE_OUTLIER))):
        law = constrained(data, start_time)
        design, rest = _flexible(data, law)
        size = np.abs(_residuals(data, design, rest))
        worst = int(np.argmax(size))
        if size[worst] <= _OUTLIER * max(1.0, float(np.median(size)) / 0.674489750196):
            break
        data = data.select(np.arange(data.size) != worst)
    return data


def _residuals(data: RateData, design: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return residuals about the flexible mean and each profile's offset, in their own deviations."""
    columns, right = data.whiten(design), data.whiten(rest)
    scale = np.sqrt((columns**2).sum(axis=0))
    scale = np.where(scale > 0.0, scale, 1.0)
    found = np.linalg.lstsq(columns / scale, right, rcond=1e-8)[0] / scale
    left = rest - design @ found
    offset, _ = data.offsets(left)
    for rows, shift in zip(data.blocks, offset, strict=True):
        left[rows] -= shift
    return np.asarray(left / data.position_std)


def _clear_of_zero(data: RateData, start_time: float | None) -> RateData:
    law = constrained(data, start_time)
    clear = np.flatnonzero(law.fitted > _CLEAR * data.position_std)
    if clear.size < max(FEWEST, 0.5 * data.size):
        return data
    return data.since(float(data.time[clear[0]]))
