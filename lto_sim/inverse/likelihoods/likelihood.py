"""The likelihood of a finished fit, as profiles and posteriors use it.

A robust loss is written as a sum of squares again: every residual is bent so that its square is what the loss
makes of it. All that follows then knows sums of squares only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.execution import Workers
from lto_sim.inverse.objective import MapObjective, Objective
from lto_sim.inverse.result import MapFit
from lto_sim.inverse.search import Loss, robust_weights

__all__ = ["Likelihood", "bend"]

Floats = NDArray[np.float64]

_TOGETHER: Final = 32
"""Points whose runs are made together: their results stay in memory until they are asked for."""
_SINGULAR: Final[float] = 1e-14


def bend(residuals: Floats, loss: Loss) -> tuple[Floats, Floats]:
    """Residuals whose squares are what the loss makes of them, and their derivatives by the plain ones.

    Parameters
    ----------
    residuals : Plain residuals, (residuals,).
    loss : The loss.
    """
    if loss == "linear":
        return residuals, np.ones_like(residuals)
    weights = robust_weights(residuals, loss)
    if loss == "soft_l1":
        factor = np.sqrt(2.0 * weights / (1.0 + weights))
    else:
        z = 1.0 / weights - 1.0
        factor = np.sqrt(np.where(z > 1e-8, np.log1p(z) / np.where(z > 1e-8, z, 1.0), 1.0))
    return residuals * factor, weights / factor


class Likelihood:
    """Minus twice the logarithm of the likelihood of a fit, as a sum of squares over the fit's scale.

    Parameters
    ----------
    fit : A finished fit.
    """

    def __init__(self, fit: MapFit) -> None:
        self.objective: Objective = fit.objective
        self.parameters, self.scale = fit.parameters, fit.scale
        self.loss: Loss = (
            "linear" if fit.loss == "linear" else "cauchy" if fit.loss == "cauchy" else "soft_l1"
        )
        self.theta = fit.minimum.theta.copy()
        self.at_bound = fit.minimum.at_bound
        self.priors = int(self.parameters.prior_residuals(self.theta)[0].size)
        self.residuals, slope = self.bent(fit.minimum.residuals)
        self.jacobian = fit.minimum.jacobian * slope[:, None]
        self.covariance = self.scale * _inverse(self.jacobian.T @ self.jacobian)

    @property
    def deviation(self) -> Floats:
        """Standard deviations of what is fitted, on the cells of the minimum."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def square(self, residuals: Floats) -> float:
        """Sum of squares over the scale, less that at the minimum; NaN where a run failed."""
        moved = residuals - self.residuals  # the difference of two large sums would lose digits
        return float(moved @ (moved + 2.0 * self.residuals)) / self.scale

    def bent(self, residuals: Floats) -> tuple[Floats, Floats]:
        """Residuals whose squares over the scale are the loss, and their derivatives by the plain ones.

        Those of priors are not bent, and raised by the root of the scale: the scale says how far the stated
        deviations of the maps are off; of a prior it says nothing.
        """
        maps = residuals.size - self.priors
        found, slope = bend(residuals[:maps], self.loss)
        root = np.sqrt(self.scale)
        ones = np.full(self.priors, root)
        return np.concatenate([found, root * residuals[maps:]]), np.concatenate([slope, ones])

    def residuals_at(self, points: Sequence[Floats]) -> list[Floats]:
        """Bent residuals at several points; their runs are made together.

        Parameters
        ----------
        points : What is fitted, (parameters,) each.
        """
        found: list[Floats] = []
        objective = self.objective
        for first in range(0, len(points), _TOGETHER):
            lot = list(points[first : first + _TOGETHER])
            if isinstance(objective, MapObjective) and len(lot) > 1:
                objective.prepare(lot)
            found += [self.bent(objective.residuals(point))[0] for point in lot]
        return found

    @contextmanager
    def workers(self, processes: int | None) -> Iterator[None]:
        """Make runs in new worker processes inside the block: those of the fit have ended.

        Parameters
        ----------
        processes : How many; None takes the available cores.
        """
        if not isinstance(self.objective, MapObjective):
            yield
            return
        runner = self.objective.runner
        before = runner.workers
        with Workers(processes) as workers:
            runner.workers = workers
            try:
                yield
            finally:
                runner.workers = before


def _inverse(matrix: Floats) -> Floats:
    """Inverse of an information matrix that may be all but singular."""
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    inverse = (vectors / np.maximum(values, _SINGULAR)) @ vectors.T
    return np.asarray(inverse / np.outer(size, size))
