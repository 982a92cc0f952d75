"""Covariance and verdict of a finished search: scale of the variances, robust scores, what to do next."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.inverse.estimates import inverse_of_information
from lto_sim.inverse.parameters import ParameterSet
from lto_sim.inverse.search import Loss, Minimum, information, robust_weights, score_slopes

__all__ = ["sandwich", "status_of", "variance_scale"]

Floats = NDArray[np.float64]

_MISFIT: Final[float] = 3.0
_BAD: Final[float] = 1.3
"""Chi-square per degree of freedom from which on the model is said not to fit."""


def sandwich(minimum: Minimum, of_maps: Floats, loss: Loss, units: Floats) -> Floats:
    """Covariance of the minimum of a robust loss, from the scatter of its scores (Huber 1964)."""
    slopes, maps = minimum.jacobian, of_maps.size
    score = _weighted(of_maps, loss)
    priors = information(slopes[maps:])
    bread = information(slopes[:maps], score_slopes(of_maps, loss)) + priors
    inverse = inverse_of_information(bread, units)
    return np.asarray(inverse @ (information(slopes[:maps], score**2) + priors) @ inverse)


def _weighted(residuals: Floats, loss: Loss) -> Floats:
    return np.asarray(robust_weights(residuals, loss) * residuals)


def variance_scale(per_freedom: float, freedom: int, stated: bool, loss: Loss, residuals: Floats) -> float:
    """Factor of the variances: what residuals say beyond their deviations, never less than those state."""
    if loss != "linear":
        weights = robust_weights(residuals, loss)
        per_freedom = float(np.sum(weights * residuals**2) / max(float(weights.sum()), 1.0))
    if not stated:
        return per_freedom
    return per_freedom if per_freedom > 1.0 + _MISFIT * math.sqrt(2.0 / freedom) else 1.0


def status_of(
    minimum: Minimum, parameters: ParameterSet, per_freedom: float, freedom: int, plain: bool
) -> tuple[str, str]:
    """Say how a search ended, and what to do.

    Parameters
    ----------
    minimum : Where it ended.
    parameters : What was free.
    per_freedom, freedom : Chi-square of the maps per degree of freedom, and how many.
    plain : Whether deviations are stated and the loss is plain, so that chi-square can be judged.
    """
    if not minimum.converged:
        return (
            "not converged",
            "the search ended before its steps ceased to matter: give nearer starts, or starts=5",
        )
    if minimum.at_bound:
        names = ", ".join(parameters.names[n] for n in minimum.at_bound)
        return (
            "at a bound",
            f"{names}: the data ask for a value beyond, or say nothing; widen the bounds or fix it",
        )
    if plain and per_freedom > max(_BAD, 1.0 + _MISFIT * math.sqrt(2.0 / freedom)):
        return (
            "misfit",
            f"chi-square per degree of freedom is {per_freedom:.2f}: look at the residual maps; the scenario "
            "lacks something (contact, surfaces, start time, contrast) or the deviations are too small",
        )
    return "converged", "nothing to do"
