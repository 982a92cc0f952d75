"""Where searches begin: at the pace of the maps, and if asked at points spread around."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.pace import guess_by_pace

__all__ = ["several_starts"]

Floats = NDArray[np.float64]

_SPREAD: Final[float] = 2.302585092994046
"""Half the range of the logarithm of a rate: a factor of 10 either way."""
_PART: Final[float] = 0.5
"""Part of the bounds that other parameters are spread over."""


def several_starts(objective: MapObjective, count: int, seed: int) -> list[Floats]:
    """Points that searches begin at, the first from the pace of the maps.

    Parameters
    ----------
    objective : On the cells that are searched first.
    count : Number of points.
    seed : Of the points beyond the first.
    """
    theta = guess_by_pace(objective, objective.parameters.inside(objective.parameters.start))
    if count == 1:
        return [theta]
    low, high = objective.parameters.bounds
    rates = np.array([p.logarithmic for p in objective.parameters.free])
    width = np.where(rates, _SPREAD, _PART * 0.5 * np.where(np.isfinite(high - low), high - low, 0.0))
    sample = qmc.LatinHypercube(theta.size, rng=np.random.default_rng(seed)).random(count - 1)
    points = theta + (2.0 * sample - 1.0) * width
    return [theta, *(objective.parameters.inside(point) for point in points)]
