"""The window in which the linear-parabolic law holds, found rather than guessed.

Early points may follow no such law: on insertion the front stands nearly still until the core has saturated
and follows ``xi^2 = xi1^2 + 2 k (t - t1)`` afterwards, which is the law with another start time. The time
before the fitted front is five deviations from the contact is left out (the likelihood is far from Gaussian
there). Candidate windows start at the times when a parabola would have passed 0, 5, ... 70 % of its way; a
start in xi would cut off noise on one side and bias k. The first is taken in which the law, with q >= 0, is

- adequate in size: the chi-square has p > 0.1 with the deviations at their word, and
- free of trends: neither a cubic term, nor an early delay that decays within a tenth or a third of the
  window, nor (at q = 0) a negative q improves it; score test, joint p > 0.05.

A window that had to begin late is begun later by as much again, because what a test just fails to see still
biases k by more than its deviation. The search stops before a window so short that it cannot tell a parabola
from a straight line, where the points together can. If no window passes, the deviations are understated:
they are scaled by the smallest reduced chi-square of all windows, and the first without a trend is taken, or
the one with the least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.kinetics.rates.interval import constrained
from lto_sim.kinetics.rates.laws import fit_law

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData
    from lto_sim.kinetics.rates.laws import LawFit

__all__ = ["WindowFit", "diffusion_reading", "find_window", "fit_window"]

_FRACTIONS: Final = np.arange(0.0, 0.701, 0.05)
_P_SIZE: Final[float] = 0.1
_P_TREND: Final[float] = 0.05
_FEWEST: Final[int] = 8
_CLEAR: Final[float] = 5.0
_GUARD: Final[float] = 1.0
_OUTLIER: Final[float] = 5.0
_MOST_OUTLIERS: Final[float] = 0.05
_LATEST_READING: Final[float] = 0.51
_RESOLVED: Final[float] = 10.0


@dataclass(frozen=True, eq=False)
class WindowFit:
    """One candidate window and the law in it.

    Parameters
    ----------
    data : Its points.
    law : The law under q >= 0.
    p_size : p-value of the chi-square.
    trend : Score statistic of the extra terms; ``trend_terms`` their number.
    """

    data: RateData
    law: LawFit
    p_size: float
    trend: float
    trend_terms: int

    def p_trend(self, scale: float) -> float:
        """Return the p-value of the trend with the variances multiplied by `scale`."""
        return float(stats.chi2.sf(self.trend / scale, self.trend_terms)) if self.trend_terms else 1.0


def fit_window(data: RateData, start_time: float | None) -> WindowFit:
    """Fit the law in one window, without outliers, and test it."""
    data, law = _without_outliers(data, start_time)
    trend, terms = _trend(data, law)
    return WindowFit(data, law, float(stats.chi2.sf(law.chi_square, max(law.dof, 1))), trend, terms)


def _without_outliers(data: RateData, start_time: float | None) -> tuple[RateData, LawFit]:
    """Drop the worst point while it is further from the law than five robust deviations, 5 % at most."""
    law = constrained(data, start_time)
    for _ in range(int(_MOST_OUTLIERS * data.size)):
        size = np.abs(law.residuals)
        worst = int(np.argmax(size))
        if size[worst] <= _OUTLIER * max(1.0, float(np.median(size)) / 0.674489750196):
            break
        data = data.without(worst)
        law = constrained(data, start_time)
    return data, law


def _trend(data: RateData, law: LawFit) -> tuple[float, int]:
    """Return the score statistic of the extra terms and their number."""
    speed = -law.jacobian[:, 0]
    age = (data.time - data.time[0]) / max(float(np.ptp(data.time)), 1e-300)
    fitted = data.position - law.residuals * data.position_std
    xi = fitted / max(float(np.abs(fitted).max()), 1e-300)
    extra = [speed * xi**3, speed * np.exp(-age / 0.1), speed * np.exp(-age / 0.3)]
    if law.name == "parabolic":
        extra.append(speed * xi)
    known = _normalised(law.jacobian[:, list(law.free)])
    basis = np.linalg.qr(known)[0]
    columns = _normalised(np.stack(extra, axis=1))
    columns = columns - basis @ (basis.T @ columns)
    if law.dof <= columns.shape[1] + 1:
        return 0.0, 0
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    left = left[:, size > 1e-4]
    return float(((left.T @ law.residuals) ** 2).sum()), left.shape[1]


def _normalised(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.sqrt((columns**2).sum(axis=0))
    return np.asarray(columns / np.where(size > 0.0, size, 1.0))


def find_window(data: RateData, start_time: float | None) -> tuple[WindowFit, float]:
    """Return the chosen window and the factor by which variances are scaled (1: at their word)."""
    windows: list[WindowFit] = []
    for part in _candidates(_clear_of_zero(data, start_time)):
        found = fit_window(part, start_time)
        if windows and _curved(windows[0], start_time) and not _curved(found, start_time):
            break
        windows.append(found)
        if windows[-1].p_size > _P_SIZE and windows[-1].p_trend(1.0) > _P_TREND:
            return _guarded(windows, start_time), 1.0
    scale = max(min(item.law.chi_square / max(item.law.dof, 1) for item in windows), 1.0)
    for number, item in enumerate(windows):
        if item.p_trend(scale) > _P_TREND and item.law.chi_square <= 1.5 * scale * max(item.law.dof, 1):
            return _guarded(windows[: number + 1], start_time), scale
    return max(windows, key=lambda item: item.p_trend(scale)), scale


def diffusion_reading(data: RateData, start_time: float | None, scale: float) -> LawFit | None:
    """Return the parabolic law in the first later window where it is adequate, or None.

    An early delay and a weak interface reaction look alike: what the mixed law reads as 1/k_L may be a front
    that started late. This is the other reading, guarded like the window itself.

    Parameters
    ----------
    data : Points of the chosen window.
    start_time : Fixed t0 [s] or None.
    scale : Factor by which variances are scaled.
    """
    windows: list[WindowFit] = []
    for part in _candidates(data, _LATEST_READING):
        law = fit_law(part, "parabolic", start_time)
        p_size = float(stats.chi2.sf(law.chi_square / scale, max(law.dof, 1)))
        windows.append(WindowFit(part, law, p_size, *_trend(part, law)))
        if p_size > _P_SIZE and windows[-1].p_trend(scale) > _P_TREND:
            return fit_law(_guarded(windows, start_time).data, "parabolic", start_time)
    return None


def _candidates(data: RateData, latest: float = 1.0) -> Iterator[RateData]:
    """Yield ever later windows, each shorter than the one before, up to `latest` of the way."""
    size = data.size + 1
    for fraction in _FRACTIONS[latest >= _FRACTIONS]:
        part = data.since(float(data.time[0] + fraction**2 * np.ptp(data.time)))
        if size <= data.size and part.size < max(_FEWEST, 0.25 * data.size):
            return
        if part.size < size:
            size = part.size
            yield part


def _clear_of_zero(data: RateData, start_time: float | None) -> RateData:
    """Leave out the time before the fitted front is five deviations from the contact."""
    clean, law = _without_outliers(data, start_time)
    fitted = clean.position - law.residuals * clean.position_std
    clear = np.flatnonzero(fitted > _CLEAR * clean.position_std)
    if clear.size < max(_FEWEST, 0.5 * data.size):
        return data
    return data.since(float(clean.time[clear[0]]))


def _guarded(windows: list[WindowFit], start_time: float | None) -> WindowFit:
    """Return the last window, begun later by once more what was cut off before it."""
    found, first = windows[-1], windows[0]
    cut = float(found.data.time[0] - first.data.time[0])
    later = found.data.since(float(found.data.time[0]) + _GUARD * cut)
    if cut <= 0.0 or later.size < max(_FEWEST, 0.25 * first.data.size):
        return found
    guarded = fit_window(later, start_time)
    return found if _curved(found, start_time) and not _curved(guarded, start_time) else guarded


def _curved(window: WindowFit, start_time: float | None) -> bool:
    """Whether the points rule out a straight line (chi-square higher by more than 10)."""
    straight = fit_law(window.data, "linear", start_time)
    return straight.chi_square - window.law.chi_square > _RESOLVED
