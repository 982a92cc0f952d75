"""What a rate-constant fit returns: the result, the laws behind it and the window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.rates.laws import front_position

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CONVENTION_FACTOR", "ModelFit", "RateConstantFit", "RateWindow"]

CONVENTION_FACTOR: Final[dict[str, float]] = {"2kt": 0.5, "kt": 1.0}
"""Convention -> k r, r being the coefficient of xi^2 in t(xi)."""


@dataclass(frozen=True)
class ModelFit:
    """One law in the chosen window.

    Parameters
    ----------
    name : ``"parabolic"``, ``"linear"`` or ``"mixed"``.
    k, k_std : Rate constant [m2/s]; inf and nan for the linear law.
    k_L, k_L_std : Interface constant [m/s]; inf and nan for the parabolic law.
    start_time, start_time_std : t0 [s].
    chi_square, dof : Goodness of fit, deviations at their word.
    aic, bic : Information criteria, ``chi_square + 2 p`` and ``chi_square + p ln n``.
    """

    name: str
    k: float
    k_std: float
    k_L: float
    k_L_std: float
    start_time: float
    start_time_std: float
    chi_square: float
    dof: int
    aic: float
    bic: float


@dataclass(frozen=True)
class RateWindow:
    """Points that entered the fit: first and last time [s], and how many."""

    start: float
    end: float
    points: int


@dataclass(frozen=True, eq=False)
class RateConstantFit:
    """Rate constant with uncertainty, verdict and model comparison.

    Parameters
    ----------
    k, k_std : Rate constant and standard deviation in the law of the verdict [m2/s]; inf, nan if
        reaction-limited.
    k_L, k_L_std : Interface constant [m/s]; inf, nan if diffusion-limited.
    start_time, start_time_std : t0 [s]; deviation 0 if fixed.
    interval : Confidence interval of k over the diffusion and mixed laws together [m2/s].
    level : Its confidence.
    verdict : ``"diffusion-limited"``, ``"reaction-limited"``, ``"mixed"``, or ``"undecided"`` where both
        simple laws fit.
    p_value : Of the simple law of the verdict against the mixed one; for ``"mixed"``, of the better simple
        law.
    likelihood_ratio : The statistic behind it.
    models : The three laws.
    alternative : ``"diffusion-limited after a delay"`` where the verdict is ``"mixed"`` and the parabolic
        law with a later start explains the later points as well; None else. The interval covers both
        readings.
    window : Points that entered.
    outliers : Points left out as outliers.
    dof, reduced_chi_square : Of the law of the verdict.
    k_convention : ``"2kt"`` or ``"kt"``.
    """

    k: float
    k_std: float
    k_L: float
    k_L_std: float
    start_time: float
    start_time_std: float
    interval: tuple[float, float]
    level: float
    verdict: str
    p_value: float
    likelihood_ratio: float
    models: tuple[ModelFit, ...]
    alternative: str | None
    window: RateWindow
    outliers: int
    dof: int
    reduced_chi_square: float
    k_convention: str

    def position(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the fitted front position [m] at `time` [s]; 0 before t0."""
        q = 0.0 if math.isinf(self.k_L) else 1.0 / self.k_L
        r = 0.0 if math.isinf(self.k) else CONVENTION_FACTOR[self.k_convention] / self.k
        times = np.asarray(time, dtype=np.float64)
        return np.asarray(front_position(times, np.array([self.start_time, q, r]))[0])

    def summary(self) -> dict[str, object]:
        """Return the result for JSON, units in the names; None where a value is not resolved."""
        return {
            "k_m2_s": _finite(self.k),
            "k_std_m2_s": _finite(self.k_std),
            "k_interval_m2_s": [_finite(v) for v in self.interval],
            "level": self.level,
            "k_L_m_s": _finite(self.k_L),
            "k_L_std_m_s": _finite(self.k_L_std),
            "start_time_s": self.start_time,
            "start_time_std_s": self.start_time_std,
            "verdict": self.verdict,
            "p_value": self.p_value,
            "likelihood_ratio": self.likelihood_ratio,
            "alternative": self.alternative,
            "outliers": self.outliers,
            "window_start_s": self.window.start,
            "window_end_s": self.window.end,
            "points": self.window.points,
            "dof": self.dof,
            "reduced_chi_square": self.reduced_chi_square,
            "k_convention": self.k_convention,
            "models": {m.name: {"chi_square": m.chi_square, "aic": m.aic, "bic": m.bic} for m in self.models},
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
