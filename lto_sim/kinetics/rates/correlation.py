"""Errors of a front that frames share, and how much of them there is.

Two kinds are told apart. What stays with the pixels (a reference frame, a grain, the phase of the front in
its pixel) is shared by frames in which the front lies nearby; what drifts (the stage, the beam) by frames
near in time. Either has the covariance

    cov(i, j) = std_i std_j [(1 - f) delta_ij + f exp(-|u_i - u_j|/length)],   u the position or the time,

within a profile; profiles are independent of each other. ``estimate_correlation`` weighs a grid of f and
lengths, and independence, by their restricted likelihood (Patterson and Thompson 1971) about a mean flexible
enough (the law, a cubic term, two early delays) that an early transient does not pass for a correlation, and
returns the mean. A mean, because a correlation that is not significant is there all the same: taken as
independent unless significant, errors of which 0.4 are shared over three frames left 0.85 to 0.92 of the 95 %
intervals of k from a single profile. Below 20 points nothing is estimated; a random walk is not of this
family.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData

__all__ = ["Correlation", "estimate_correlation"]

_FEWEST: Final[int] = 20
_FRACTIONS: Final = (0.3, 0.6, 0.9)
_LENGTHS: Final = (1.0, 3.0, 9.0)
_LONGEST: Final[float] = 0.1
"""Longest length over the range: a longer one cannot be told from a law that does not hold."""
_KINDS: Final = ("time", "position")
_LOOK: Final[float] = 1.0
_NEGLIGIBLE: Final[float] = 0.02


@dataclass(frozen=True)
class Correlation:
    """Correlation of the errors within a profile.

    Parameters
    ----------
    kind : ``"time"`` or ``"position"``: in what points are near each other.
    fraction : Part f of the variance that is shared [1], from 0 to below 1.
    length : Distance over which it is shared [s] or [m].

    Raises
    ------
    InputError
        An unknown kind, a fraction outside [0, 1), a length that is not positive.
    """

    kind: str
    fraction: float
    length: float

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise InputError("correlation.kind", self.kind, " or ".join(_KINDS), "choose one of them")
        if not 0.0 <= self.fraction < 1.0:
            raise InputError("correlation.fraction", self.fraction, "from 0 to below 1", "0 for none")
        if not (math.isfinite(self.length) and self.length > 0.0):
            raise InputError("correlation.length", self.length, "> 0 [s] or [m]", "take a few frames")

    def matrix(self, time: NDArray[np.float64], position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the correlation matrix [1] of the points of one profile, shape (n, n).

        Parameters
        ----------
        time : Times of the points [s], shape (n,).
        position : Their front positions [m], shape (n,).
        """
        u = time if self.kind == "time" else position
        shared = np.exp(-np.minimum(np.abs(u[:, None] - u[None, :]) / self.length, 700.0))
        return np.asarray((1.0 - self.fraction) * np.eye(u.size) + self.fraction * shared)


def estimate_correlation(
    data: RateData, design: NDArray[np.float64], residuals: NDArray[np.float64]
) -> Correlation | None:
    """Return the correlation of the errors, or None where points pass for independent.

    Parameters
    ----------
    data : Points; their own correlation is not used.
    design : Columns of a flexible mean, shape (n, p).
    residuals : Positions minus such a mean [m], shape (n,).
    """
    if data.size < max(_FEWEST, 2 * design.shape[1]):
        return None
    white = data.with_correlation(None)
    if _neighbours(white, design, residuals) < _LOOK:
        return None
    trials = _grid(white)
    if not trials:
        return None
    likelihood = np.array([
        _restricted(data.with_correlation(trial), design, residuals) for trial in (None, *trials)
    ])  # fmt: skip
    weights = np.exp(likelihood - likelihood.max())
    weights[0] *= len(trials)  # half of the prior for independence
    weights /= weights.sum()
    return _mean(trials, weights[1:])


def _mean(trials: list[Correlation], weights: NDArray[np.float64]) -> Correlation | None:
    """Mean correlation, of the likelier kind; None where it is negligible."""
    shares = {kind: sum(w for t, w in zip(trials, weights, strict=True) if t.kind == kind) for kind in _KINDS}
    kind = max(_KINDS, key=lambda name: shares[name])
    fraction = sum(w * t.fraction for t, w in zip(trials, weights, strict=True))
    if fraction < _NEGLIGIBLE:
        return None
    own = [(t, w) for t, w in zip(trials, weights, strict=True) if t.kind == kind]
    length = sum(w * math.log(t.length) for t, w in own) / shares[kind]
    return Correlation(kind, float(fraction), math.exp(length))


def _grid(data: RateData) -> list[Correlation]:
    places = data.position if data.place is None else data.place
    steps: dict[str, list[float]] = {"time": [], "position": []}
    for rows in data.blocks:
        steps["time"] += list(np.abs(np.diff(data.time[rows])))
        steps["position"] += list(np.abs(np.diff(places[rows])))
    found = []
    for kind in _KINDS:
        step = float(np.median(steps[kind])) if steps[kind] else 0.0
        longest = _LONGEST * float(np.ptp(data.time if kind == "time" else places))
        lengths = [n * step for n in _LENGTHS if n * step <= longest]
        found += [Correlation(kind, f, length) for f in _FRACTIONS for length in lengths if length > 0.0]
    return found


def _neighbours(data: RateData, design: NDArray[np.float64], residuals: NDArray[np.float64]) -> float:
    """Return the sum of products of neighbouring residuals, up to three apart, in its own deviations."""
    columns, right = data.whiten(design), data.whiten(residuals)
    left = np.linalg.qr(_normalised(columns))[0]
    rest = right - left @ (left.T @ right)
    largest = 0.0
    for lag in (1, 2, 3):
        pairs = [(rest[rows[lag:]], rest[rows[:-lag]]) for rows in data.blocks if rows.size > lag]
        if not pairs:
            continue
        later, earlier = (np.concatenate(side) for side in zip(*pairs, strict=True))
        spread = float(np.mean(rest**2)) * math.sqrt(later.size)
        if spread > 0.0:
            largest = max(largest, float(later @ earlier) / spread)
    return largest


def _normalised(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.sqrt((columns**2).sum(axis=0))
    return np.asarray(columns / np.where(size > 0.0, size, 1.0))


def _restricted(data: RateData, design: NDArray[np.float64], residuals: NDArray[np.float64]) -> float:
    """Return the restricted log likelihood with the scale of the variances at its best."""
    columns, right = data.whiten(design), data.whiten(residuals)
    scale = np.sqrt((design**2).sum(axis=0))
    left, size, _ = np.linalg.svd(columns / np.where(scale > 0.0, scale, 1.0), full_matrices=False)
    keep = size > 1e-8 * size[0]
    left = left[:, keep]
    rest = right - left @ (left.T @ right)
    dof = data.size - int(keep.sum())
    square = max(float(rest @ rest), 1e-300)
    return -0.5 * dof * math.log(square / dof) - data.log_determinant - float(np.log(size[keep]).sum())
