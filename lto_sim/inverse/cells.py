"""What the size of the cells does to the estimates: maps once more on finer ones, extrapolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.estimates import inverse_of_information
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.search import Loss, Minimum, information, robust_weights

__all__ = ["FINER", "CellEffect", "effect_of_cells"]

Floats = NDArray[np.float64]

FINER: Final[float] = 0.625
"""Cells of the finer mesh over the scenario's own."""
_TO_NONE: Final[float] = 1.0
"""Way from the finer cells to vanishing ones over that from the scenario's: 0.6 to 1.7 at orders 2 to 1."""
_FARTHEST: Final[float] = 0.5
"""Largest move [of what is fitted]; beyond, the derivatives say nothing."""
_DOUBT: Final[float] = 0.5
"""Deviation of that way: half the difference between the orders 2 and 1."""


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
    """Move of the minimum from the scenario's cells to vanishing ones, by runs on cells 0.625 times as large.

    The maps of both meshes at the minimum differ by what the cells do; that difference, seen through the
    derivatives, is the move. Residuals play no part in it, nor does how far the search went.

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
    fine = objective.at_cells(objective.cell_factor * FINER)
    fine.take_pixels_of(objective)
    fine.freeze(minimum.theta)
    change = fine.residuals(minimum.theta) - minimum.residuals
    if not np.isfinite(change).all():
        raise InputError(
            "simulation on finer cells", "a run that failed", "one that gets to its end",
            "leave the finer cells out: cells=False",
        )  # fmt: skip
    units = 1.0 / np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    step = -inverse_of_information(matrix, units) @ (minimum.jacobian.T @ (weights * change))
    step *= min(1.0, _FARTHEST / max(float(np.abs(step).max()), 1e-300))
    return CellEffect((1.0 + _TO_NONE) * step, _DOUBT * np.abs(step))
