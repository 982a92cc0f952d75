"""What the size of the cells does to the estimates: the fit once more on finer ones, extrapolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.search import Loss, Minimum, information, robust_weights

__all__ = ["FINER", "CellEffect", "effect_of_cells"]

Floats = NDArray[np.float64]

FINER: Final[float] = 0.625
"""Cells of the finer mesh over the scenario's own."""
_TO_NONE: Final[float] = 1.0
"""Way from the finer cells to vanishing ones over that from the scenario's: 0.6 to 1.7 at orders 2 to 1."""
_DOUBT: Final[float] = 0.5
"""Deviation of that way: half the difference between the orders 2 and 1."""
_ROUNDS: Final = 4
_SMALL: Final[float] = 0.05
_FARTHEST: Final[float] = 20.0


@dataclass(frozen=True, eq=False)
class CellEffect:
    """How far estimates move from the scenario's cells to vanishing ones.

    Parameters
    ----------
    shift : Of what is fitted.
    std : Standard deviation of the shift.
    """

    shift: Floats
    std: Floats


def effect_of_cells(objective: MapObjective, minimum: Minimum, loss: Loss = "linear") -> CellEffect:
    """Move the minimum to cells of 0.625 times the size, with the derivatives of the coarser ones.

    Parameters
    ----------
    objective : At whose cells the minimum was found.
    minimum : That minimum.
    loss : What was minimised.

    Raises
    ------
    InputError
        Runs that fail on the finer cells.
    """
    weights = robust_weights(minimum.residuals, loss)
    matrix = information(minimum.jacobian, weights)
    matrix = matrix + 1e-12 * np.diag(np.diag(matrix))
    deviation = np.sqrt(1.0 / np.maximum(np.diag(matrix), 1e-300))
    fine = objective.at_cells(objective.cell_factor * FINER)
    fine.take_pixels_of(objective)
    theta = minimum.theta.copy()
    fine.freeze(theta)
    for _ in range(_ROUNDS):
        residuals = fine.residuals(theta)
        if not np.isfinite(residuals).all():
            raise InputError(
                "simulation on finer cells", "a run that failed", "one that gets to its end",
                "leave the finer cells out: cells=False",
            )  # fmt: skip
        step = -np.linalg.solve(matrix, minimum.jacobian.T @ (weights * residuals))
        step *= min(1.0, _FARTHEST / max(float(np.abs(step / deviation).max()), _FARTHEST))
        moved = objective.parameters.inside(theta + step)
        small = float(np.abs((moved - theta) / deviation).max()) < _SMALL
        theta = moved
        if small:
            break
    change = theta - minimum.theta
    return CellEffect((1.0 + _TO_NONE) * change, _DOUBT * np.abs(change))
