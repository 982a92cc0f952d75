"""Maximum likelihood of counts in many pixels at once, by Fisher scoring.

With counts n of variance V(mu), the score of parameters theta is J^T (n - mu)/V and its variance, the Fisher
information, F = J^T J / V, J = d mu/d theta; a step is F^-1 times the score. For Poisson counts (V = mu) this
is the maximum of the likelihood, and F^-1 the Cramer-Rao bound at the estimate. Weights come from the model,
never from the counts: weights of counts make weak components 5 % too small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CountVariance", "ScoringFit", "score"]

Floats = NDArray[np.float64]
Model = Callable[[Floats], tuple[Floats, Floats]]
"""Parameters (n, k) -> expected counts (n, bins) and their derivatives (k, n, bins)."""

_MOST_STEPS: Final = 25
_SMALL: Final = 1e-2
"""Square of the last step, in standard deviations: after a tenth of one a few thousandths are left."""
_LEAST: Final = 1e-12


@dataclass(frozen=True)
class CountVariance:
    """Variance of counts: gain times what is expected, plus the noise of reading.

    Parameters
    ----------
    gain : Counts per electron (> 0); 1 of a counting detector.
    read : Variance of reading [counts^2], of every bin (bins,) or of all.
    """

    gain: float = 1.0
    read: Floats | float = 0.0

    def of(self, expected: Floats) -> Floats:
        """Variance of expected counts."""
        return np.asarray(self.gain * np.maximum(expected, _LEAST) + self.read)

    def deviance(self, counts: Floats, expected: Floats) -> Floats:
        """Twice the loss of quasi-likelihood of expected counts against the counts themselves, (n,).

        With c = read/gain: 2/gain sum((n + c) ln((n + c)/(mu + c)) - (n - mu)); of a counting detector that
        of Poisson counts. The fit of :func:`score` is where it is least.
        """
        floor = np.asarray(self.read) / self.gain
        here = np.maximum(counts + floor, _LEAST)
        there = np.maximum(expected, _LEAST) + floor
        parts = here * np.log(here / there) - (counts - expected)
        return np.asarray(2.0 / self.gain * parts.sum(axis=1))


@dataclass(frozen=True, eq=False)
class ScoringFit:
    """Estimates of many pixels.

    Parameters
    ----------
    parameters : (n, k).
    covariance : Inverse of the Fisher information at the estimate, (n, k, k); NaN where it has none.
    chi_square : Pearson's, (n,).
    converged : (n,); False also where an estimate ends on a bound.
    """

    parameters: Floats
    covariance: Floats
    chi_square: Floats
    converged: NDArray[np.bool_]


def score(
    counts: Floats,
    model: Model,
    start: Floats,
    bounds: tuple[Floats, Floats],
    variance: CountVariance | None = None,
) -> ScoringFit:
    """Fit every pixel from its start.

    Parameters
    ----------
    counts : (n, bins).
    model : Expected counts and derivatives.
    start : (n, k).
    bounds : Lowest and highest parameters, (k,) each, for which the model holds.
    variance : Of the counts; default Poisson.
    """
    variance = variance or CountVariance()
    theta = np.clip(start, *bounds)
    size, free = theta.shape
    step_size = np.full(size, np.inf)
    covariance = np.full((size, free, free), np.nan)
    chi_square = np.full(size, np.nan)
    active = np.arange(size)
    for _ in range(_MOST_STEPS):
        expected, slopes = model(theta[active])
        spread = variance.of(expected)
        residual = counts[active] - expected
        weighted = slopes / spread
        information = np.einsum("anb,cnb->nac", weighted, slopes, optimize=True)
        gradient = np.einsum("anb,nb->na", weighted, residual)
        inverse = _inverted(information)
        step = np.einsum("nac,nc->na", inverse, gradient)
        covariance[active] = inverse
        chi_square[active] = np.einsum("nb,nb->n", residual / spread, residual)
        moved = np.clip(theta[active] + step, *bounds)
        step_size[active] = np.einsum("na,na->n", step, gradient)
        theta[active] = moved
        active = active[(step_size[active] > _SMALL) & np.all(np.isfinite(moved), axis=1)]
        if not active.size:
            break
    inside = np.all((theta > bounds[0]) & (theta < bounds[1]) | (bounds[0] == bounds[1]), axis=1)
    return ScoringFit(theta, covariance, chi_square, (step_size <= _SMALL) & inside)


def _inverted(information: Floats) -> Floats:
    """Inverses of symmetric matrices (n, k, k); NaN where one is singular."""
    scale = np.sqrt(np.maximum(np.einsum("naa->na", information), 1e-300))
    scaled = information / scale[:, :, None] / scale[:, None, :]
    sound = np.isfinite(scaled).all(axis=(1, 2))
    scaled[~sound] = np.eye(information.shape[1])
    weak = np.linalg.det(scaled) < 1e-14
    scaled[weak] = np.eye(information.shape[1])
    inverse = np.linalg.inv(scaled) / scale[:, :, None] / scale[:, None, :]
    inverse[weak | ~sound] = np.nan
    return np.asarray(inverse)
