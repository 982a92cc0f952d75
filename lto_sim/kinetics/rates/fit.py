"""Rate constant of a phase boundary from front positions over time, with a verdict on what limits it.

``t - t0 = xi/k_L + xi^2/(2k)`` (convention ``"2kt"``; ``"kt"``: ``xi^2/k``). All profiles of a particle
share k, k_L and t0; each has a contact that may lie off by its `start_std`, and errors that neighbouring
frames share are estimated (``correlation``). Three laws are fitted by generalised least squares in every
late window: parabolic (1/k_L = 0), linear (1/k = 0), mixed with 1/k_L >= 0. The law of the verdict
(``verdict``) is averaged over windows (``window``); its mean, deviation and interval are the result. Where
deviations were scaled, or a correlation estimated, the interval takes Student's quantile.

``interval`` supposes the law that was found. An interface reaction too weak to be seen shifts the parabolic k
by several of its deviations all the same: ``interval_any_law``, the profile likelihood over diffusion and
mixed control together, covers it, at the price of 2 to 5 times the width. Where the verdict is undecided,
the two are the same.

Source: B. E. Deal and A. S. Grove, J. Appl. Phys. 36 (1965) 3770 (the law); windows and interval: see there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.rates.data import RateData
from lto_sim.kinetics.rates.interval import curvature_interval
from lto_sim.kinetics.rates.laws import LAWS
from lto_sim.kinetics.rates.points import prepare, require_motion
from lto_sim.kinetics.rates.result import (
    CONVENTION_FACTOR,
    ContactOffset,
    ModelFit,
    RateConstantFit,
    RateWindow,
    quantile_of,
)
from lto_sim.kinetics.rates.sensitivity import sensitivity_rows
from lto_sim.kinetics.rates.verdict import give_verdict
from lto_sim.kinetics.rates.window import (
    AveragedLaw,
    average,
    common_scale,
    diffusion_reading,
    fit_window,
    late_windows,
)

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.laws import LawFit
    from lto_sim.kinetics.rates.window import WindowFit

__all__ = ["fit_rate_constant"]


def fit_rate_constant(
    front: xr.Dataset | RateData,
    *,
    k_convention: str = "2kt",
    window: str | tuple[float, float] = "auto",
    start_time: float | None = None,
    law: str | None = None,
    level: float = 0.95,
) -> RateConstantFit:
    """Fit k, k_L and the start time to the fronts of one particle.

    Parameters
    ----------
    front : Dataset from ``track_front``, or points.
    k_convention : ``"2kt"`` for xi^2 = 2 k t, ``"kt"`` for xi^2 = k t.
    window : ``"auto"`` averages over late windows, ``"all"`` takes every point, or first and last time [s].
    start_time : Fixed t0 [s]; None fits it.
    law : ``"parabolic"``, ``"linear"`` or ``"mixed"`` to read k from it whatever the verdict; None takes
        that of the verdict.
    level : Confidence of the intervals, between 0 and 1.

    Returns
    -------
    RateConstantFit
        Result with verdict, intervals, the three laws and a table of sensitivities.

    Raises
    ------
    InputError
        Fewer points than parameters + 1 (three at least), a front that does not advance, an unknown
        convention, window or law, a level outside (0, 1).
    """
    _require_options(k_convention, level, start_time, law)
    data = front if isinstance(front, RateData) else RateData.from_front(front)
    require_motion(data)
    every, windows, outliers = _windows(data, window, start_time)
    scale = common_scale(windows)
    mixed = average(windows, "mixed", scale)
    judged = windows[mixed.best]
    verdict = give_verdict(windows, float(every.position.max()), scale)
    reading = diffusion_reading(windows, every, scale) if verdict.law == "mixed" and len(windows) > 1 else []
    name = law or verdict.law
    found = average(windows, name, scale)
    best = windows[found.best]
    quantile = quantile_of(level, _freedom(best, name, scale))
    factor = CONVENTION_FACTOR[k_convention]
    other = average(reading, "parabolic", scale) if reading and name == "mixed" else None
    own = _own_interval(found, quantile)
    wide = _any_law(judged, start_time, scale, level, [own, *_reading(other, quantile)])
    if name == "linear" or (law is None and verdict.name == "undecided"):
        own = wide
    chosen = best.laws[name]
    return RateConstantFit(
        **_estimates(name, found, factor),
        interval=_of_k(own, factor),
        interval_any_law=_of_k(wide, factor),
        level=level,
        verdict=verdict.name,
        law=name,
        time_ratio=verdict.time_ratio,
        p_value=verdict.p_value,
        likelihood_ratio=verdict.likelihood_ratio,
        models=tuple(_model(best.laws[key], key, factor, scale) for key in LAWS),
        alternative=None if other is None else "diffusion-limited after a delay",
        window=_used(best.data, found),
        correlation=every.correlation,
        offsets=_offsets(best.data, chosen),
        sensitivity=sensitivity_rows(every, best.data, name, start_time, k_convention, factor),
        outliers=outliers,
        dof=chosen.dof,
        reduced_chi_square=chosen.chi_square / max(chosen.dof, 1),
        covariance=found.covariance,
        quantile=quantile,
        k_convention=k_convention,
    )


def _require_options(k_convention: str, level: float, start_time: float | None, law: str | None) -> None:
    if k_convention not in CONVENTION_FACTOR:
        raise InputError("k_convention", k_convention, '"2kt" or "kt"', "state which law defines k")
    if not 0.0 < level < 1.0:
        raise InputError("level", level, "between 0 and 1", "use 0.95")
    if start_time is not None and not math.isfinite(start_time):
        raise InputError("start_time", start_time, "finite [s], or None", "leave it out to fit it")
    if law is not None and law not in LAWS:
        raise InputError("law", law, f"{', '.join(LAWS)} or None", "leave it out to take that of the verdict")


def _windows(
    data: RateData, window: str | tuple[float, float], start_time: float | None
) -> tuple[RateData, list[WindowFit], int]:
    """Return the points that are left, the windows to average over, and how many outliers were left out."""
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
    points = prepare(data, start_time, clear=window == "auto")
    found = (
        late_windows(points.data, start_time) if window == "auto" else [fit_window(points.data, start_time)]
    )
    return points.data, found, points.outliers


def _freedom(window: WindowFit, name: str, scale: float) -> float:
    """Degrees of freedom of Student's quantile: infinite where deviations are taken at their word."""
    if scale == 1.0 and window.data.correlation is None:
        return math.inf
    return max(window.data.independent_points - sum(window.laws[name].free), 1.0)


def _own_interval(found: AveragedLaw, quantile: float) -> tuple[float, float]:
    """Limits of r [s/m2]."""
    r, half_width = float(found.parameters[2]), quantile * math.sqrt(max(float(found.covariance[2, 2]), 0.0))
    return max(r - half_width, 0.0), r + half_width


def _reading(other: AveragedLaw | None, quantile: float) -> list[tuple[float, float]]:
    return [] if other is None else [_own_interval(other, quantile)]


def _any_law(
    judged: WindowFit, start_time: float | None, scale: float, level: float, others: list[tuple[float, float]]
) -> tuple[float, float]:
    """Limits of r in the profile likelihood over both laws, widened to hold `others`."""
    best = judged.laws["mixed"]
    threshold = scale * quantile_of(level, best.dof) ** 2
    limits = [curvature_interval(judged.data, best, start_time, threshold), *others]
    return min(low for low, _ in limits), max(high for _, high in limits)


def _of_k(limits: tuple[float, float], factor: float) -> tuple[float, float]:
    low, high = limits
    return (factor / high if high > 0.0 else math.inf), (factor / low if low > 0.0 else math.inf)


def _used(data: RateData, found: AveragedLaw) -> RateWindow:
    return RateWindow(float(data.time[0]), float(data.time[-1]), data.size, found.start_std)


def _offsets(data: RateData, law: LawFit) -> tuple[ContactOffset, ...]:
    if not np.any(data.start_std):
        return ()
    estimates, deviations = data.offsets(data.position - law.fitted)
    one, found = data.whiten(np.ones(data.size)), []
    for rows, offset, std in zip(data.blocks, estimates, deviations, strict=True):
        known = float(np.asarray(data.start_std)[rows[0]]) ** 2 * (one[rows] @ law.jacobian[rows])
        total = math.sqrt(std**2 + float(known @ law.covariance @ known))
        found.append(ContactOffset(int(data.profile[rows[0]]), float(offset), total))  # type: ignore[index]
    return tuple(found)


def _estimates(name: str, found: AveragedLaw, factor: float) -> dict[str, Any]:
    std = np.sqrt(np.maximum(np.diag(found.covariance), 0.0))
    return _constants(name, found.parameters, std, factor)


def _constants(
    name: str, parameters: NDArray[np.float64], std: NDArray[np.float64], factor: float
) -> dict[str, Any]:
    t0, q, r = (float(v) for v in parameters)
    interface, diffusion = LAWS[name]
    return {
        "k": factor / r if diffusion and r > 0.0 else math.inf,
        "k_std": factor * float(std[2]) / r**2 if diffusion and r > 0.0 else math.nan,
        "k_L": 1.0 / q if interface and q > 0.0 else math.inf,
        "k_L_std": float(std[1]) / q**2 if interface and q > 0.0 else math.nan,
        "start_time": t0,
        "start_time_std": float(std[0]),
    }


def _model(law: LawFit, name: str, factor: float, scale: float) -> ModelFit:
    std = np.sqrt(np.maximum(np.diag(law.covariance), 0.0) * scale)
    parameters = law.free[0] + sum(LAWS[name])
    return ModelFit(
        name=name,
        **_constants(name, law.parameters, std, factor),
        chi_square=law.chi_square,
        dof=law.residuals.size - parameters,
        aic=law.chi_square + 2.0 * parameters,
        bic=law.chi_square + parameters * math.log(law.residuals.size),
    )
