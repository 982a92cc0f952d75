"""What a rate-constant fit returns: the result, the laws behind it and the window."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.kinetics.rates.laws import front_position

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from lto_sim.kinetics.rates.correlation import Correlation
    from lto_sim.kinetics.rates.sensitivity import SensitivityRow

__all__ = [
    "CONVENTION_FACTOR",
    "ContactOffset",
    "ModelFit",
    "RateConstantFit",
    "RateWindow",
    "quantile_of",
]

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
    chi_square, dof : Goodness of fit [1], deviations at their word.
    aic, bic : Information criteria [1], ``chi_square + 2 p`` and ``chi_square + p ln n``.
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
    """Points that entered the fit of largest weight.

    Parameters
    ----------
    start, end : First and last time [s].
    points : How many.
    start_std : Deviation of the change point [s]; 0 where the window was given.
    """

    start: float
    end: float
    points: int
    start_std: float = 0.0


@dataclass(frozen=True)
class ContactOffset:
    """Where the contact of a profile lies, as the points have it.

    Parameters
    ----------
    profile : Number of the profile.
    offset, offset_std : Shift along the profile [m].
    """

    profile: int
    offset: float
    offset_std: float


@dataclass(frozen=True, eq=False)
class RateConstantFit:
    """Rate constant with uncertainty, verdict and model comparison.

    Parameters
    ----------
    k, k_std : Rate constant and standard deviation [m2/s], in the law of `law`, averaged over windows; inf,
        nan in the linear law.
    k_L, k_L_std : Interface constant [m/s]; inf, nan in the parabolic law.
    start_time, start_time_std : t0 [s]; deviation 0 if fixed.
    interval : Confidence interval of k in that law [m2/s]; where the verdict is undecided,
        `interval_any_law`.
    interval_any_law : Over the diffusion and mixed laws together [m2/s]: whatever part the interface has.
    level : Confidence of both, between 0 and 1.
    verdict : ``"diffusion-limited"``, ``"reaction-limited"``, ``"mixed"``, or ``"undecided"`` where both
        simple laws fit.
    law : Law from which k is read: ``"parabolic"``, ``"linear"`` or ``"mixed"``.
    time_ratio : Time that the interface takes over that of diffusion at the last position, 2 k/(k_L xi) [1],
        in the mixed law.
    p_value : Probability [1], of the simple law of the verdict against the mixed one; for ``"mixed"``, of the
        better simple law.
    likelihood_ratio : The statistic behind it [1].
    models : The three laws in the window of largest weight.
    alternative : ``"diffusion-limited after a delay"`` where k is read from the mixed law and the parabolic
        law with a later start explains the later points as well; None else. `interval_any_law` covers both
        readings.
    window : Points of the window of largest weight.
    correlation : What errors frames share, as estimated; None: independent.
    offsets : Where the contact of each profile lies; empty where all are known exactly.
    sensitivity : k with one choice changed at a time.
    outliers : Points left out as outliers.
    dof, reduced_chi_square : Goodness of `law` in that window [1].
    covariance : Covariance of (t0 [s], 1/k_L [s/m], coefficient of xi^2 [s/m2]), shape (3, 3).
    quantile : Factor that deviations are multiplied with at `level` [1].
    k_convention : ``"2kt"`` or ``"kt"``.
    """

    k: float
    k_std: float
    k_L: float
    k_L_std: float
    start_time: float
    start_time_std: float
    interval: tuple[float, float]
    interval_any_law: tuple[float, float]
    level: float
    verdict: str
    law: str
    time_ratio: float
    p_value: float
    likelihood_ratio: float
    models: tuple[ModelFit, ...]
    alternative: str | None
    window: RateWindow
    correlation: Correlation | None
    offsets: tuple[ContactOffset, ...]
    sensitivity: tuple[SensitivityRow, ...]
    outliers: int
    dof: int
    reduced_chi_square: float
    covariance: NDArray[np.float64]
    quantile: float
    k_convention: str

    def position(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the fitted front position [m] at `time` [s], elementwise; 0 before t0."""
        return np.asarray(front_position(np.asarray(time, dtype=np.float64), self._parameters())[0])

    def position_band(self, time: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the band of the fitted position [m] at `time` [s], elementwise, at `level` for each."""
        times = np.asarray(time, dtype=np.float64)
        xi, speed = front_position(times, self._parameters())
        gradient = -np.stack([np.ones_like(xi), xi, xi * xi], axis=-1) * speed[..., None]
        variance = np.einsum("...i,ij,...j->...", gradient, self.covariance, gradient)
        half_width = self.quantile * np.sqrt(np.maximum(variance, 0.0))
        return np.maximum(xi - half_width, 0.0), xi + half_width

    def _parameters(self) -> NDArray[np.float64]:
        q = 0.0 if math.isinf(self.k_L) else 1.0 / self.k_L
        r = 0.0 if math.isinf(self.k) else CONVENTION_FACTOR[self.k_convention] / self.k
        return np.array([self.start_time, q, r])

    def summary(self) -> dict[str, object]:
        """Return the result for JSON, units in the names; None where a value is not resolved."""
        return {
            "k_m2_s": _finite(self.k),
            "k_std_m2_s": _finite(self.k_std),
            "k_interval_m2_s": [_finite(v) for v in self.interval],
            "k_interval_any_law_m2_s": [_finite(v) for v in self.interval_any_law],
            "level": self.level,
            "law": self.law,
            "k_L_m_s": _finite(self.k_L),
            "k_L_std_m_s": _finite(self.k_L_std),
            "start_time_s": self.start_time,
            "start_time_std_s": self.start_time_std,
            "verdict": self.verdict,
            "time_ratio": _finite(self.time_ratio),
            "p_value": self.p_value,
            "likelihood_ratio": self.likelihood_ratio,
            "alternative": self.alternative,
            "outliers": self.outliers,
            "window_start_s": self.window.start,
            "window_start_std_s": self.window.start_std,
            "window_end_s": self.window.end,
            "points": self.window.points,
            "dof": self.dof,
            "reduced_chi_square": self.reduced_chi_square,
            "correlation": None if self.correlation is None else asdict(self.correlation),
            "contact_offsets_m": [asdict(item) for item in self.offsets],
            "sensitivity": [
                {"choice": row.choice, "changed_to": row.changed_to, "k_m2_s": _finite(row.k)}
                for row in self.sensitivity
            ],
            "k_convention": self.k_convention,
            "covariance": [[_finite(v) for v in row] for row in self.covariance.tolist()],
            "quantile": _finite(self.quantile),
            "models": {m.name: {"chi_square": m.chi_square, "aic": m.aic, "bic": m.bic} for m in self.models},
        }


def quantile_of(level: float, dof: float) -> float:
    """Return the two-sided quantile of Student's law, of the normal law for infinite `dof`."""
    tail = 0.5 + 0.5 * level
    return float(stats.norm.ppf(tail) if math.isinf(dof) else stats.t.ppf(tail, dof))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
