"""Rate constant of a phase boundary from front positions over time, with a verdict on what limits it.

``t - t0 = xi/k_L + xi^2/(2k)`` (convention ``"2kt"``; ``"kt"``: ``xi^2/k``). All profiles of a particle
share k, k_L and t0. Three laws are fitted in the chosen window: parabolic (1/k_L = 0), linear (1/k = 0),
mixed with 1/k_L >= 0. A simple law is rejected by the likelihood ratio at the boundary, whose null law is
half chi-square with no and half with one degree of freedom (F instead of chi-square where the deviations
are scaled). Where neither is rejected the verdict is "undecided" and k is that of the parabolic law: what it
would be if diffusion were in control; the interval tells how little is known.

``k`` and ``k_std`` belong to the law of the verdict. ``interval`` does not: it is the profile likelihood
over diffusion and mixed control together, and where the verdict is mixed it also covers diffusion after a
delay.

Measured through the whole pipeline (300 draws a case; 15, 60, 120, 600 points; deviations 3-20 nm; xi
from 40 nm to 1.2 um): the 95 % interval covers in 0.957-0.983 for parabolic truth, 0.937-0.997 for mixed
truth (1/k_L from a thirtieth of the diffusion term to equal), 0.953-0.993 where the front first stands
still for 0.3-10 % of the time. On parabolic data the interval is 2.4-5 times as wide as the parabolic
law's own, nearly all of it towards large k: the law of the verdict covers only 0.2-0.96 on mixed truth.
A false verdict "mixed" comes up in 4-10 % of parabolic cases and in up to two thirds of those with a delay
too short to be seen; ``alternative`` then says so (187 of 188 checked).

All this holds for points that are independent of each other. An error that a profile carries through all
frames (where its contact is) is not in the interval: with 10 nm of it on each of five profiles, the 95 %
interval covers in 0.74.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.kinetics.rates.data import RateData
from lto_sim.kinetics.rates.interval import constrained, curvature_interval
from lto_sim.kinetics.rates.laws import LAWS, fit_law
from lto_sim.kinetics.rates.result import CONVENTION_FACTOR, ModelFit, RateConstantFit, RateWindow
from lto_sim.kinetics.rates.window import diffusion_reading, find_window, fit_window

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.kinetics.rates.laws import LawFit

__all__ = ["fit_rate_constant"]

_VERDICT: Final[dict[str, str]] = {
    "parabolic": "diffusion-limited",
    "linear": "reaction-limited",
    "mixed": "mixed",
}
_LAW_OF: Final[dict[str, str]] = {
    **{verdict: law for law, verdict in _VERDICT.items()},
    "undecided": "parabolic",
}
_SIGNIFICANCE: Final[float] = 0.05
_SLOWEST: Final[float] = 2.0
_FARTHEST: Final[float] = 1.0


def fit_rate_constant(
    front: xr.Dataset | RateData,
    *,
    k_convention: str = "2kt",
    window: str | tuple[float, float] = "auto",
    start_time: float | None = None,
    level: float = 0.95,
) -> RateConstantFit:
    """Fit k, k_L and the start time to the fronts of one particle.

    Parameters
    ----------
    front : Dataset from ``track_front``, or points.
    k_convention : ``"2kt"`` for xi^2 = 2 k t, ``"kt"`` for xi^2 = k t.
    window : ``"auto"`` finds it, ``"all"`` takes every point, or first and last time [s].
    start_time : Fixed t0 [s]; None fits it.
    level : Confidence of the interval.

    Returns
    -------
    Result with verdict, interval and the three laws.

    Raises
    ------
    InputError
        Fewer points than parameters + 1 (three at least), a front that does not advance, an unknown
        convention or window, a level outside (0, 1).
    """
    _require_options(k_convention, level, start_time)
    data = front if isinstance(front, RateData) else RateData.from_front(front)
    _require_motion(data)
    chosen, scale, outliers = _choose_window(data, window, start_time)
    best = constrained(chosen, start_time)
    laws = {name: fit_law(chosen, name, start_time) for name in ("parabolic", "linear")}
    laws["mixed"] = replace(best, name="mixed")
    scale = max(scale, best.chi_square / max(best.dof, 1), 1.0)
    verdict, p_value, ratio = _verdict(laws, best, scale)
    name = _LAW_OF[verdict]
    other = diffusion_reading(chosen, start_time, scale) if name == "mixed" and window == "auto" else None
    low, high = _limits(chosen, best, start_time, scale, level)
    low, high = _widened((low, high), other, scale, level)
    factor = CONVENTION_FACTOR[k_convention]
    result = _model(laws[name], factor, scale)
    return RateConstantFit(
        **_estimates(result),
        interval=(factor / high, factor / low if low > 0.0 else math.inf),
        level=level,
        verdict=verdict,
        p_value=p_value,
        likelihood_ratio=ratio,
        models=tuple(_model(laws[key], factor, scale) for key in LAWS),
        alternative=None if other is None else "diffusion-limited after a delay",
        window=RateWindow(float(chosen.time[0]), float(chosen.time[-1]), chosen.size),
        outliers=outliers,
        dof=result.dof,
        reduced_chi_square=result.chi_square / max(result.dof, 1),
        k_convention=k_convention,
    )


def _require_options(k_convention: str, level: float, start_time: float | None) -> None:
    if k_convention not in CONVENTION_FACTOR:
        raise InputError("k_convention", k_convention, '"2kt" or "kt"', "state which law defines k")
    if not 0.0 < level < 1.0:
        raise InputError("level", level, "between 0 and 1", "use 0.95")
    if start_time is not None and not math.isfinite(start_time):
        raise InputError("start_time", start_time, "finite [s], or None", "leave it out to fit it")


def _require_motion(data: RateData) -> None:
    """Refuse a front behind its contact, or with a straight-line speed below two (scaled) deviations."""
    largest = float(np.abs(data.position).max(initial=0.0))
    if data.size and (float(data.position.max()) <= 0.0 or largest > _FARTHEST):
        raise InputError(
            "front",
            f"positions up to {largest:.3g} m",
            f"> 0 and below {_FARTHEST:g} m",
            "check sign and unit",
        )
    if data.size < 3:
        return
    weight = data.position_std**-2.0
    total = float(weight.sum())
    time = data.time - float((weight * data.time).sum()) / total
    spread = float((weight * time**2).sum())
    if spread <= 0.0:
        return
    speed = float((weight * time * data.position).sum()) / spread
    middle = float((weight * data.position).sum()) / total
    rest = float((weight * (data.position - middle - speed * time) ** 2).sum())
    deviation = math.sqrt(max(rest / max(data.size - 2, 1), 1.0) / spread)
    if speed <= _SLOWEST * deviation:
        raise InputError(
            "front",
            f"a speed of {speed:.2g} +- {deviation:.2g} m/s",
            "a front that moves away from the start of the profile",
            "check the profile and its direction, or take more frames",
        )


def _choose_window(
    data: RateData, window: str | tuple[float, float], start_time: float | None
) -> tuple[RateData, float, int]:
    """Return the points of the window, the scale of their variances, and how many outliers were left out."""
    fewest = 3 if start_time is not None else 4
    if isinstance(window, str):
        if window not in {"auto", "all"}:
            raise InputError("window", window, '"auto", "all" or (first, last) [s]', "choose one")
    else:
        data = data.between(float(window[0]), float(window[1]))
    if data.size < fewest:
        raise InputError(
            "front",
            f"{data.size} points",
            f"at least {fewest} points",
            "add frames, widen the window or fix start_time",
        )
    found, scale = find_window(data, start_time) if window == "auto" else (fit_window(data, start_time), 1.0)
    points = data.between(float(found.data.time[0]), float(found.data.time[-1])).size
    return found.data, scale, points - found.data.size


def _verdict(laws: dict[str, LawFit], best: LawFit, scale: float) -> tuple[str, float, float]:
    """Return the verdict, and of the better simple law the p-value against the mixed one and its ratio."""
    results = {}
    for name in ("parabolic", "linear"):
        ratio = max(laws[name].chi_square - best.chi_square, 0.0) / scale
        tail = stats.f.sf(ratio, 1, max(best.dof, 1)) if scale > 1.0 else stats.chi2.sf(ratio, 1)
        results[name] = (0.5 * float(tail) if ratio > 0.0 else 1.0, ratio)
    adequate = [name for name, (p_value, _) in results.items() if p_value > _SIGNIFICANCE]
    name = min(results, key=lambda key: laws[key].chi_square)
    verdict = "undecided" if len(adequate) == 2 else _VERDICT[adequate[0] if adequate else "mixed"]
    return verdict, *results[name]


def _estimates(model: ModelFit) -> dict[str, Any]:
    names = ("k", "k_std", "k_L", "k_L_std", "start_time", "start_time_std")
    return {name: getattr(model, name) for name in names}


def _limits(
    data: RateData, best: LawFit, start_time: float | None, scale: float, level: float
) -> tuple[float, float]:
    quantile = float(stats.t.ppf(0.5 + 0.5 * level, best.dof))
    return curvature_interval(data, best, start_time, scale * quantile**2)


def _widened(
    limits: tuple[float, float], other: LawFit | None, scale: float, level: float
) -> tuple[float, float]:
    """Return the limits of r, widened by the interval of the other reading if there is one."""
    if other is None:
        return limits
    scale = max(scale, other.chi_square / other.dof)
    half_width = float(stats.t.ppf(0.5 + 0.5 * level, other.dof)) * math.sqrt(scale * other.covariance[2, 2])
    r = float(other.parameters[2])
    return min(limits[0], max(r - half_width, 0.0)), max(limits[1], r + half_width)


def _model(law: LawFit, factor: float, scale: float) -> ModelFit:
    t0, q, r = (float(v) for v in law.parameters)
    std = np.sqrt(np.maximum(np.diag(law.covariance), 0.0) * scale)
    parameters = law.free[0] + sum(LAWS[law.name])
    return ModelFit(
        name=law.name,
        k=factor / r if r > 0.0 else math.inf,
        k_std=factor * float(std[2]) / r**2 if r > 0.0 else math.nan,
        k_L=1.0 / q if q > 0.0 else math.inf,
        k_L_std=float(std[1]) / q**2 if q > 0.0 else math.nan,
        start_time=t0,
        start_time_std=float(std[0]),
        chi_square=law.chi_square,
        dof=law.residuals.size - parameters,
        aic=law.chi_square + 2.0 * parameters,
        bic=law.chi_square + parameters * math.log(law.residuals.size),
    )
