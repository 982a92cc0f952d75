"""Profile-likelihood interval of the rate constant, over diffusion and mixed control together.

The interval holds every r for which the smallest chi-square over t0 and q >= 0 exceeds the overall smallest
by less than ``scale * t^2``, t being Student's quantile and scale the reduced chi-square where it is above
1. It keeps its coverage whichever law is selected: a Wald interval of the selected law does not, because a
weak interface reaction passes unnoticed and shifts the parabolic k by several of its own deviations. The
price: on purely parabolic data the end towards large k lies several times further out than the parabolic
law's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq

from lto_sim.kinetics.rates.laws import LawFit, fit_law

if TYPE_CHECKING:
    from collections.abc import Callable

    from lto_sim.kinetics.rates.data import RateData

__all__ = ["constrained", "curvature_interval"]

_EXPANSIONS: Final[int] = 40


def constrained(data: RateData, start_time: float | None, r: float | None = None) -> LawFit:
    """Return the mixed law under q >= 0: the parabolic law where the free optimum has q < 0."""
    mixed = fit_law(data, "mixed", start_time, r)
    if mixed.parameters[1] >= 0.0 and mixed.parameters[2] >= 0.0:
        return mixed
    if mixed.parameters[2] < 0.0:
        return fit_law(data, "linear", start_time)
    return fit_law(data, "parabolic", start_time, r)


def curvature_interval(
    data: RateData, best: LawFit, start_time: float | None, threshold: float
) -> tuple[float, float]:
    """Return the range of r [s/m2] within `threshold` of the smallest chi-square.

    Parameters
    ----------
    data : Points of the window.
    best : Constrained optimum.
    start_time : Fixed t0 [s] or None.
    threshold : Allowed rise of chi-square.

    Returns
    -------
    Lower and upper r; the lower is 0 where the data allow an infinite k.
    """
    centre = max(float(best.parameters[2]), 0.0)

    def excess(r: float) -> float:
        if r <= 0.0:
            return fit_law(data, "linear", start_time).chi_square - best.chi_square - threshold
        return constrained(data, start_time, r).chi_square - best.chi_square - threshold

    xi = float(np.abs(data.position).max())
    step = max(
        float(np.sqrt(threshold * best.covariance[2, 2])),
        1e-3 * centre,
        1e-6 * float(np.ptp(data.time)) / xi**2,
    )
    lower = 0.0 if centre == 0.0 or excess(0.0) <= 0.0 else _crossing(excess, centre, -step)
    return lower, _crossing(excess, centre, step)


def _crossing(excess: Callable[[float], float], centre: float, step: float) -> float:
    inner, outer = centre, centre + step
    for _ in range(_EXPANSIONS):
        outer = max(outer, 0.0)
        if excess(outer) > 0.0:
            return float(brentq(excess, inner, outer, xtol=1e-3 * abs(step), rtol=1e-6))
        inner, outer = outer, outer + 2.0 * (outer - centre)
    return float("inf")
