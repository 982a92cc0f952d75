"""What a correction returns: k before and after, the factor between them, what the deviation is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from lto_sim.errors import InputError
from lto_sim.kinetics.rates import RateConstantFit

__all__ = ["CorrectedRate", "Target"]

Target = Literal["planar", "bulk"]


@dataclass(frozen=True, eq=False)
class CorrectedRate:
    """Rate constant corrected by the simulation of the same specimen.

    Parameters
    ----------
    k, k_std : Corrected rate constant and its standard deviation [m2 s-1]: `k_apparent` over `factor`.
    target : What it is the rate constant of: a planar front in this lamella, or Wagner's of the bulk alone.
    law : Law by which the apparent one was read.
    k_apparent, k_apparent_std : Rate constant of the measured front by that law [m2 s-1].
    factor, factor_std : Apparent over true rate constant in the simulation [1].
    parts : What the relative deviation of `k` [1] is made of: ``fit`` (the measured points), ``cells`` (the
        extrapolation to vanishing cells), ``window`` (either end moved in by a tenth), and each
        uncertain input.
    sensitivity : Relative change of `k` [1] for one deviation of an uncertain input, with its sign.
    thirds : Corrected k from the window without its last and without its first third [m2 s-1]: apart by more
        than their deviations where the scenario is not the specimen.
    reduced_chi_square : Sum of squares per degree of freedom [1] of the measured points about the simulated
        front; NaN without points.
    shift : Start of the simulation on the clock of the front [s].
    pace : Factor [1] of all rates of the scenario at which it moves like the specimen.
    points : Measured points used.
    outliers : Points left out, more than five deviations from the simulated front.
    dof : Degrees of freedom of the apparent rate constant.
    raw : The fit of the measured front.
    """

    k: float
    k_std: float
    target: Target
    law: str
    k_apparent: float
    k_apparent_std: float
    factor: float
    factor_std: float
    parts: Mapping[str, float]
    sensitivity: Mapping[str, float]
    thirds: tuple[float, float]
    reduced_chi_square: float
    shift: float
    pace: float
    points: int
    outliers: int
    dof: int
    raw: RateConstantFit

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence interval of the corrected k [m2 s-1] at `level` (0 to 1), even in ln k.

        Raises
        ------
        InputError
            A level outside (0, 1).
        """
        if not 0.0 < level < 1.0:
            raise InputError("level", level, "between 0 and 1", "use 0.95")
        width = float(stats.t.ppf(0.5 + 0.5 * level, max(self.dof, 1))) * self.k_std / self.k
        return self.k * math.exp(-width), self.k * math.exp(width)

    def summary(self, level: float = 0.95) -> dict[str, object]:
        """Return the result for JSON, intervals at `level` (0 to 1), units in the names; None: not known."""
        return {
            "k_m2_s": self.k,
            "k_std_m2_s": self.k_std,
            "k_interval_m2_s": list(self.interval(level)),
            "level": level,
            "target": self.target,
            "law": self.law,
            "k_apparent_m2_s": self.k_apparent,
            "k_apparent_std_m2_s": self.k_apparent_std,
            "k_raw_m2_s": self.raw.k if math.isfinite(self.raw.k) else None,
            "k_raw_std_m2_s": self.raw.k_std if math.isfinite(self.raw.k_std) else None,
            "factor": self.factor,
            "factor_std": self.factor_std,
            "relative_std_of": dict(self.parts),
            "relative_change_per_std": dict(self.sensitivity),
            "k_without_last_third_m2_s": self.thirds[0],
            "k_without_first_third_m2_s": self.thirds[1],
            "reduced_chi_square": self.reduced_chi_square if math.isfinite(self.reduced_chi_square) else None,
            "shift_s": self.shift,
            "pace": self.pace,
            "points": self.points,
            "outliers": self.outliers,
            "k_convention": self.raw.k_convention,
        }
