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
"""Largest move in natural units; beyond, the derivatives say nothing."""
_SEEN: Final[float] = 0.8
"""Part of the values that both meshes must show."""
_DOUBT: Final[float] = 0.5
"""Deviation of that way: half the difference between the orders 2 and 1."""


@dataclass(frozen=True, eq=False)
class CellEffect:
    """How far estimates move from the scenario's cells to vanishing ones.

    Parameters
    ----------
    shift : Of what is fitted.
    doubt : Deviation of the shift: that of all parameters together, up or down with one another.
    cut : Whether the derivatives promise more than they can be trusted for; the shift is then shortened.
    """

    shift: Floats
    doubt: Floats
    cut: bool


def effect_of_cells(
    objective: MapObjective, minimum: Minimum, units: Floats, loss: Loss = "linear"
) -> CellEffect:
    """Move of the minimum from the scenario's cells to vanishing ones, by runs on cells 0.625 times as large.

    The maps of both meshes at the minimum differ by what the cells do; that difference, seen through the
    derivatives, is the move. Residuals play no part in it, nor does how far the search went.

    Parameters
    ----------
    objective : At whose cells the minimum was found.
    minimum : That minimum.
    units : Change of every parameter that counts as one.
    loss : What was minimised.

    Raises
    ------
    InputError
        Runs that fail on the finer cells.
    """
    priors = minimum.residuals.size - objective.size
    weights = robust_weights(minimum.residuals, loss, priors)
    matrix = information(minimum.jacobian, weights)
    fine = objective.at_cells(objective.cell_factor * FINER)
    fine.take_pixels_of(objective)
    fine.freeze(minimum.theta)
    change = fine.residuals(minimum.theta) - minimum.residuals
    seen = np.isfinite(change)  # a pixel at the edge may hold particle on one mesh and none on the other
    if np.count_nonzero(seen) < _SEEN * seen.size:
        raise InputError(
            "simulation on finer cells", "a run that failed", "one that gets to its end",
            "leave the finer cells out: cells=False",
        )  # fmt: skip
    step = -inverse_of_information(matrix, units) @ (minimum.jacobian[seen].T @ (weights * change)[seen])
    largest = float(np.abs(step / units).max())
    part = min(1.0, _FARTHEST / max(largest, 1e-300))
    return CellEffect((1.0 + _TO_NONE) * part * step, max(_DOUBT, 1.0 - part) * step, part < 1.0)
