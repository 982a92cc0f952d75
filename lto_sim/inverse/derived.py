"""Rate constants that follow from fitted parameters, with their deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.inputs import RunInputs
from lto_sim.kinetics.corrections import true_rate
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.scenario import Scenario

__all__ = ["DerivedRate", "derived_rates"]

Floats = NDArray[np.float64]

_STEPS: Final[float] = 100.0
"""Size of a difference over what is small for a parameter."""


@dataclass(frozen=True)
class DerivedRate:
    """Wagner's rate constant of a run at the estimates.

    Parameters
    ----------
    run : Number of the run.
    temperature : [K].
    direction : ``extraction`` or ``insertion``.
    k, k_std : Of a planar front in this lamella, conducting faces included, xi^2 = 2 k t [m2 s-1].
    k_bulk : Of the bulk alone [m2 s-1].
    """

    run: int
    temperature: float
    direction: str
    k: float
    k_std: float
    k_bulk: float

    def summary(self) -> dict[str, Any]:
        """Return the values for JSON."""
        return {
            "run": self.run,
            "temperature_K": self.temperature,
            "direction": self.direction,
            "k_m2_s": self.k,
            "k_std_m2_s": self.k_std,
            "k_bulk_m2_s": self.k_bulk,
            "k_convention": "2kt",
        }


def derived_rates(runs: Sequence[RunInputs], theta: Floats, covariance: Floats) -> list[DerivedRate]:
    """Rate constants of the runs that have one: a hold, an even start.

    Parameters
    ----------
    runs : The runs.
    theta, covariance : Estimates of what is fitted, and their covariance.
    """
    found = []
    for run in runs:
        try:
            scenario = Scenario.from_dict(run.scenario(theta))
            here = true_rate(scenario)
            slope = np.array([_slope(run, theta, n) for n in range(theta.size)])
            direction = front_direction(scenario)
        except InputError:
            continue
        variance = float(slope @ covariance @ slope) if slope.any() else 0.0
        found.append(
            DerivedRate(
                run.number,
                scenario.temperature,
                direction,
                here.k,
                here.k * math.sqrt(max(variance, 0.0)),
                here.k_bulk,
            )
        )
    return found


def _slope(run: RunInputs, theta: Floats, n: int) -> float:
    """Derivative of ln k by what is fitted."""
    step = _STEPS * run.parameters.free[n].small
    low, high = (bounds[n] for bounds in run.parameters.bounds)
    ends = []
    for sign in (1.0, -1.0):
        moved = theta.copy()
        moved[n] = min(max(theta[n] + sign * step, low), high)
        ends.append((moved[n], math.log(true_rate(Scenario.from_dict(run.scenario(moved))).k)))
    return float((ends[0][1] - ends[1][1]) / (ends[0][0] - ends[1][0]))
