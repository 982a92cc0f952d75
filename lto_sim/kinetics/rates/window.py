"""The late window in which a law holds, as a change point that is averaged over rather than chosen.

Early points may follow no such law: on insertion the front stands nearly still until the core has saturated
and follows ``xi^2 = xi1^2 + 2 k (t - t1)`` afterwards, which is the law with another start time. Candidate
windows start at the times when a parabola would have passed 0, 5, ... 70 % of its way; a start in xi would
cut off noise on one side and bias k. Before the change point the points are taken as they are, each with a
parameter of its own, so that windows compare by an information criterion (Jay and Neil, Phys. Rev. D 103
(2021) 114502)

    IC = chi2 + c N_cut + (T - n_T)/2 where T > n_T,    weight ~ exp(-IC/2),

N_cut being the points before the window and T the score statistic of n_T terms that a law which does not
hold would leave (see ``points``). The estimate is the weighted mean, its variance the weighted mean of the
variances and of the squared distances from the mean: what is not known of the change point is in it.

c is 2 in the paper; 1.5 is taken: with it and T, measured on fronts that first stand still for 0 to 10 % of
the time (10 to 400 points, 200 draws a case), the 95 % interval of the parabolic law covers in 0.92 to 1.0
and the stated deviation is 0.91 to 1.03 of the empirical one. The first window that passes tests, guarded
by as much again, covers in 0.67 to 0.97 there.

No window is so short that it cannot tell a parabola from a straight line, where the points together can. If
no window has an adequate chi-square (p > 0.1), the deviations are understated: variances are scaled by the
smallest reduced chi-square of all windows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.kinetics.rates.interval import constrained
from lto_sim.kinetics.rates.laws import fit_law
from lto_sim.kinetics.rates.points import FEWEST, extra_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData
    from lto_sim.kinetics.rates.laws import LawFit

__all__ = [
    "AveragedLaw",
    "WindowFit",
    "average",
    "common_scale",
    "criteria",
    "diffusion_reading",
    "fit_window",
    "late_windows",
]

_FRACTIONS: Final = np.arange(0.0, 0.701, 0.05)
_P_SIZE: Final[float] = 0.1
_P_TREND: Final[float] = 0.05
_COST: Final[float] = 1.5
_TREND: Final[float] = 0.5
_LATEST_READING: Final[float] = 0.51
_RESOLVED: Final[float] = 10.0


@dataclass(frozen=True, eq=False)
class WindowFit:
    """One candidate window and the laws in it.

    Parameters
    ----------
    data : Its points.
    laws : ``parabolic``, ``linear``, and ``mixed`` under q, r >= 0.
    """

    data: RateData
    laws: dict[str, LawFit]

    def p_size(self) -> float:
        """Return the p-value of the chi-square of the mixed law."""
        law = self.laws["mixed"]
        return float(stats.chi2.sf(law.chi_square, max(law.dof, 1)))

    def trend(self, law: str) -> tuple[float, int]:
        """Return the score statistic of the extra terms of a law, and their number."""
        return _trend(self.data, self.laws[law])

    def adequate(self, law: str, scale: float) -> bool:
        """Whether a law is adequate in size (p > 0.1) and free of trends (p > 0.05)."""
        fit = self.laws[law]
        trend, terms = self.trend(law)
        size = stats.chi2.sf(fit.chi_square / scale, max(fit.dof, 1))
        return bool(size > _P_SIZE and (not terms or stats.chi2.sf(trend / scale, terms) > _P_TREND))


@dataclass(frozen=True, eq=False)
class AveragedLaw:
    """A law averaged over windows.

    Parameters
    ----------
    parameters : t0 [s], q [s/m], r [s/m2].
    covariance : Their covariance, between windows included, shape (3, 3).
    weights : Weight of each window, shape (windows,).
    best : Index of the window of largest weight.
    dof : Mean degrees of freedom.
    start, start_std : Change point, mean and deviation [s].
    """

    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    weights: NDArray[np.float64]
    best: int
    dof: float
    start: float
    start_std: float


def fit_window(data: RateData, start_time: float | None) -> WindowFit:
    """Fit the three laws in one window."""
    laws = {name: fit_law(data, name, start_time) for name in ("parabolic", "linear")}
    laws["mixed"] = constrained(data, start_time)
    return WindowFit(data, laws)


def late_windows(data: RateData, start_time: float | None) -> list[WindowFit]:
    """Return the candidate windows, the whole first, each later than the one before."""
    windows: list[WindowFit] = []
    for part in _candidates(data):
        found = fit_window(part, start_time)
        if windows and _curved(windows[0]) and not _curved(found):
            break
        windows.append(found)
    return windows


def common_scale(windows: Sequence[WindowFit]) -> float:
    """Return the factor by which variances are scaled; 1: deviations are taken at their word."""
    if any(window.p_size() > _P_SIZE for window in windows):
        return 1.0
    laws = [window.laws["mixed"] for window in windows]
    return max(1.0, min(law.chi_square / max(law.dof, 1) for law in laws))


def criteria(windows: Sequence[WindowFit], name: str, scale: float) -> NDArray[np.float64]:
    """Return the information criterion of a law in each window, without the cost of its parameters."""
    return np.array([_criterion(window, windows[0], name, scale) for window in windows])


def average(windows: Sequence[WindowFit], name: str, scale: float) -> AveragedLaw:
    """Average a law over windows.

    Parameters
    ----------
    windows : Candidates, the whole first.
    name : ``parabolic``, ``linear`` or ``mixed``.
    scale : Factor of the variances.
    """
    laws = [window.laws[name] for window in windows]
    criterion = criteria(windows, name, scale)
    weights = np.exp(-0.5 * np.minimum(criterion - criterion.min(), 700.0))
    weights /= weights.sum()
    values = np.array([law.parameters for law in laws])
    mean = weights @ values
    apart = values - mean
    within = np.einsum("w,wij->ij", weights, np.array([law.covariance for law in laws])) * scale
    starts = np.array([float(window.data.time[0]) for window in windows])
    start = float(weights @ starts)
    return AveragedLaw(
        parameters=mean,
        covariance=within + np.einsum("w,wi,wj->ij", weights, apart, apart),
        weights=weights,
        best=int(np.argmax(weights)),
        dof=float(weights @ np.array([float(law.dof) for law in laws])),
        start=start,
        start_std=math.sqrt(float(weights @ (starts - start) ** 2)),
    )


def _criterion(window: WindowFit, whole: WindowFit, name: str, scale: float) -> float:
    trend, terms = window.trend(name)
    law = window.laws[name]
    cut = whole.data.size - window.data.size
    return law.chi_square / scale + _COST * cut + _TREND * max(trend / scale - terms, 0.0)


def _trend(data: RateData, law: LawFit) -> tuple[float, int]:
    known = _normalised(law.jacobian[:, list(law.free)])
    basis = np.linalg.qr(known)[0]
    columns = _normalised(data.whiten(extra_columns(data, law)))
    columns = columns - basis @ (basis.T @ columns)
    if law.dof <= columns.shape[1] + 1:
        return 0.0, 0
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    left = left[:, size > 1e-4]
    return float(((left.T @ law.residuals) ** 2).sum()), left.shape[1]


def _normalised(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.sqrt((columns**2).sum(axis=0))
    return np.asarray(columns / np.where(size > 0.0, size, 1.0))


def _candidates(data: RateData) -> Iterator[RateData]:
    """Yield ever later windows, each shorter than the one before."""
    size = data.size + 1
    for fraction in _FRACTIONS:
        part = data.since(float(data.time[0] + fraction**2 * np.ptp(data.time)))
        if size <= data.size and part.size < max(FEWEST, 0.25 * data.size):
            return
        if part.size < size:
            size = part.size
            yield part


def _curved(window: WindowFit) -> bool:
    """Whether the points rule out a straight line (chi-square higher by more than 10)."""
    return window.laws["linear"].chi_square - window.laws["mixed"].chi_square > _RESOLVED


def diffusion_reading(windows: Sequence[WindowFit], data: RateData, scale: float) -> list[WindowFit]:
    """Return the windows, from before half the way, in which the parabolic law is adequate.

    An early delay and a weak interface reaction look alike: what the mixed law reads as 1/k_L may be a front
    that started late. This is the other reading.

    Parameters
    ----------
    windows : Candidate windows.
    data : Points of all windows.
    scale : Factor by which variances are scaled.
    """
    latest = float(data.time[0] + _LATEST_READING**2 * np.ptp(data.time))
    return [w for w in windows if float(w.data.time[0]) <= latest and w.adequate("parabolic", scale)]
