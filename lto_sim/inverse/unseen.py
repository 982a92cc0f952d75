"""Parameters that the data cannot see, found before any search."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.objective import MapObjective

__all__ = ["require_seen"]

Floats = NDArray[np.float64]

_LEAST: Final[float] = 1.0
"""Deviations by which all pixels together must tell the range of a parameter."""
_WIDE: Final[float] = 2.302585092994046


def require_seen(objective: MapObjective, theta: Floats) -> None:
    """Refuse a parameter whose whole range changes the maps by less than their noise.

    Where the derivative says so, the maps are computed at the ends of the range (of a rate: a factor of 100
    either way, within its bounds) before it is believed.

    Parameters
    ----------
    objective : Frozen.
    theta : Start.

    Raises
    ------
    InputError
        Such a parameter, with what was found.
    """
    slopes = objective.jacobian(theta)[: objective.size]
    here = objective.residuals(theta)[: objective.size]
    low, high = objective.parameters.bounds
    for n, parameter in enumerate(objective.parameters.free):
        if parameter.prior is not None:
            continue
        reach = 2.0 * _WIDE if parameter.logarithmic else np.inf
        ends = [max(low[n], theta[n] - reach), min(high[n], theta[n] + reach)]
        if not np.isfinite(ends).all():
            ends = [theta[n] - max(abs(theta[n]), 1.0), theta[n] + max(abs(theta[n]), 1.0)]
        if float(np.linalg.norm(slopes[:, n])) * (ends[1] - ends[0]) >= _LEAST:
            continue
        seen = 0.0
        for end in ends:
            moved = objective.parameters.inside(np.where(np.arange(theta.size) == n, end, theta))
            there = objective.residuals(moved)[: objective.size]
            seen = max(seen, float(np.linalg.norm(there - here)) if np.isfinite(there).all() else np.inf)
        if seen < _LEAST:
            shown = [parameter.value(float(end)) for end in ends]
            evidence = (
                f"from {shown[0]:.3g} to {shown[1]:.3g} all pixels together change by {seen:.2g} deviations"
            )
            raise InputError(
                f"free.{parameter.name}", evidence, "a parameter that these maps can see",
                "fix it, or give it a prior",
            )  # fmt: skip
