"""Diffusivity from galvanostatic intermittent titration (GITT).

A constant current I flows for the time tau into a slab of thickness L, then the slab rests. As long as the
far side is not reached, the content at the contact grows with sqrt(t), and so does the potential E; after the
rest the equilibrium potential has changed by dEs. Both go with the same slope of the potential over the
content, which drops out:

    D = 4 L^2 dEs^2 / (pi tau^2 (dE/dsqrt(t))^2),    t << L^2/D.

The slope dE/dsqrt(t) is fitted over a window, by default from 10 % of the pulse (the double layer has
charged, the jump by resistances has passed) to 60 %. Where D t/L^2 reaches 0.2 at its end (there the exact
slope is 1.3 % off the law) the window is shortened until it does not. Where E bends, because the pulse
changes the content of the surface too much for one slope of the potential over it, the slope at the beginning
of the pulse, where the content is that of the rest, is taken from a parabola in sqrt(t); a quarter of what
this changes counts as deviation. The two equilibrium potentials are likewise those of two contents: where a
pulse of the same charge follows or precedes, dEs is that at the content before the pulse. No D is given on
the plateau, after a rest that had not ended, and where E is not straight in sqrt(t); the entry says why.

Source: W. Weppner and R. A. Huggins, J. Electrochem. Soc. 124 (1977) 1569.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from lto_sim.electrochemistry.series import StepSeries, step_series
from lto_sim.electrochemistry.steps import DriveStepRecord, drive_steps
from lto_sim.electrochemistry.titration import TWO_PHASES_GITT, Line, RestEnd, Titration, fit_line, rest_end
from lto_sim.electrochemistry.titration_result import GittPulse, GittResult
from lto_sim.errors import InputError

__all__ = ["fit_gitt"]

_SHORT_TIME: Final = 0.2
"""Largest D t/L^2 of the short-time law."""
_LEAST_POINTS: Final = 4
_DRIFT: Final = 0.05
"""Largest part of dEs that a rest may still have to go."""
_BEND: Final = 0.5
"""Largest change of the slope over the window, as part of it."""
_BEND_NOTED: Final = 0.1
_CURVED: Final = 0.25
"""Part of the correction for the bend that counts as deviation."""
_SAME_CHARGE: Final = 1e-3


def fit_gitt(
    dataset: xr.Dataset,
    *,
    resolution: float = 1e-4,
    fit_window: tuple[float, float] = (0.1, 0.6),
    length: float | None = None,
) -> GittResult:
    """Fit D to every pulse of current that a rest follows.

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.
    resolution : Potentials nearer than this are the same [V].
    fit_window : Begin and end of the fit as fractions of the pulse.
    length : Diffusion length L [m]; None: active volume over total contact area.

    Returns
    -------
    GittResult
        One entry for each pulse, with D or with the reason why there is none.

    Raises
    ------
    InputError
        No pulse is followed by a rest, an argument outside its range, or something missing in the dataset.
    """
    if not 0.0 <= fit_window[0] < fit_window[1] <= 1.0:
        raise InputError("fit_window", fit_window, "0 <= begin < end <= 1", "use (0.1, 0.6)")
    task = Titration(dataset, resolution, length)
    steps = drive_steps(dataset)
    pulses = [
        _pulse(task, fit_window, steps[i - 1] if i else None, pulse, steps[i + 1], _neighbour(steps, i))
        for i, pulse in enumerate(steps[:-1])
        if pulse.kind == "current" and steps[i + 1].kind == "rest"
    ]
    if not pulses:
        raise InputError(
            "dataset", f"{len(steps)} drive steps", "a current pulse followed by a rest", "drive with gitt"
        )
    return GittResult(tuple(pulses), task.reach, resolution, fit_window, task.plateau)


@dataclass(frozen=True)
class _Fit:
    """D [m2/s] of a window [s], its line and its D t/L^2; `D` None: too few points stay."""

    D: float | None
    line: Line | None
    window: tuple[float, float]
    fourier_number: float | None
    shortened: bool


def _pulse(
    task: Titration,
    fit_window: tuple[float, float],
    before: DriveStepRecord | None,
    pulse: DriveStepRecord,
    rest: DriveStepRecord,
    neighbour: tuple[int, DriveStepRecord, DriveStepRecord] | None,
) -> GittPulse:
    after = rest_end(step_series(task.dataset, rest), task.resolution)
    rested = before is not None and before.kind == "rest"
    start = rest_end(step_series(task.dataset, before), task.resolution) if before and rested else None
    first = after.potential if start is None else start.potential
    change = after.potential - first
    reason = _no_equilibrium(task, pulse, start, after)
    fit = None
    if reason is None:
        at_start = _change_at_start(task, change, first, after.potential, neighbour)
        fit = _fit(step_series(task.dataset, pulse), (pulse.duration, at_start, task.reach), fit_window)
        reason = _not_the_law(fit)
    drift = after.remaining + (start.remaining if start else 0.0)
    noise = math.hypot(after.noise, after.remaining, *((start.noise, start.remaining) if start else ()))
    good = fit is not None and reason is None
    return GittPulse(
        step=pulse.number,
        temperature=pulse.temperature,
        li_fraction=0.5 * sum(task.contents(pulse)),
        potential=0.5 * (first + after.potential),
        potential_before=None if start is None else start.potential,
        potential_after=after.potential,
        D=fit.D if fit and good else None,
        D_std=_deviation(fit, noise / change) if fit and good else None,
        window=fit.window if fit else None,
        fourier_number=fit.fourier_number if fit else None,
        reason=reason,
        note=_note(fit, drift, change) if fit and good else None,
    )


def _neighbour(
    steps: tuple[DriveStepRecord, ...], number: int
) -> tuple[int, DriveStepRecord, DriveStepRecord] | None:
    """Side (-1 before, 1 after), first and last rest of a pulse of the same charge beside a pulse."""
    pulse = steps[number]
    for side in (-1, 1):
        low, high = number + 2 * side - 1, number + 2 * side + 1
        if low < 0 or high >= len(steps):
            continue
        other = steps[number + 2 * side]
        if other.kind != "current" or steps[low].kind != "rest" or steps[high].kind != "rest":
            continue
        charges = [(step.value or 0.0) * step.duration for step in (pulse, other)]
        if abs(charges[1] - charges[0]) <= _SAME_CHARGE * abs(charges[0]):
            return side, steps[low], steps[high]
    return None


def _change_at_start(
    task: Titration, change: float, before: float, after: float,
    neighbour: tuple[int, DriveStepRecord, DriveStepRecord] | None,
) -> float:  # fmt: skip
    """Change of the equilibrium potential [V] that a pulse would make with the slope at its beginning."""
    if neighbour is None:
        return change
    side, first, last = neighbour
    ends = [rest_end(step_series(task.dataset, rest), task.resolution).potential for rest in (first, last)]
    other = before - ends[0] if side < 0 else ends[1] - after
    curvature = (change - other) if side < 0 else (other - change)
    return change - 0.5 * curvature if abs(curvature) < abs(change) else change


def _no_equilibrium(
    task: Titration, pulse: DriveStepRecord, start: RestEnd | None, after: RestEnd
) -> str | None:
    """Why the change of the equilibrium potential cannot be had, or is of no use."""
    if task.two_phases(pulse, (start or after).potential, after.potential):
        return TWO_PHASES_GITT
    if start is None:
        return "no rest before: the equilibrium potential before the pulse is not known; begin with a rest"
    change = abs(after.potential - start.potential)
    drift = start.remaining + after.remaining
    if drift > _DRIFT * change and drift > task.resolution:
        size = "by an amount that cannot be told" if math.isinf(drift) else f"by about {1e3 * drift:.2g} mV"
        return f"rest too short: the potential was still drifting {size} when it ended; rest longer"
    return TWO_PHASES_GITT if change < task.resolution else None


def _fit(series: StepSeries, scales: tuple[float, float, float], fit_window: tuple[float, float]) -> _Fit:
    """Fit the slope, in a window that is shortened until the short-time law holds in it.

    Parameters
    ----------
    series : Samples of the pulse.
    scales : Duration of the pulse [s], change of the equilibrium potential [V], diffusion length [m].
    fit_window : Begin and end as parts of the pulse.
    """
    duration, change, length = scales
    low, high = fit_window
    end, line, number = high * duration, None, math.inf
    while True:
        window, shortened = (low / high * end, end), end < high * duration
        used = (series.time >= window[0] * (1.0 - 1e-9)) & (series.time <= window[1] * (1.0 + 1e-9))
        if np.count_nonzero(used) < _LEAST_POINTS:
            return _Fit(None, line, window, None, True)
        line = fit_line(np.sqrt(series.time[used]), series.potential[used])
        slope = line.slope_at(0.0)
        if min(slope * change, line.slope * change) <= 0.0:
            return _Fit(None, line, window, None, shortened)
        D = 4.0 * (length * change / (duration * slope)) ** 2 / math.pi
        number = D * end / length**2
        if number < _SHORT_TIME:
            return _Fit(D, line, window, number, shortened)
        end *= max(0.5, min(0.9, 0.95 * _SHORT_TIME / number))


def _not_the_law(fit: _Fit) -> str | None:
    """Why the potential in the pulse gives no slope."""
    if fit.line is None or (fit.D is None and fit.shortened):
        return (
            "pulse too long for the short-time law: the far side is felt before enough samples were taken; "
            "shorten the pulse or sample more often"
        )
    if fit.D is None or abs(fit.line.slope) < 2.0 * fit.line.slope_std:
        return "no slope: the potential does not follow sqrt(t) in the pulse; use a larger current"
    if abs(fit.line.bend) > _BEND * abs(fit.line.slope):
        share = 100.0 * abs(fit.line.bend / fit.line.slope)
        return (
            f"not straight in sqrt(t): the slope changes by {share:.0f} % over the window; the surface "
            "reaches the other phase, or the pulse changes the content too much for one D; "
            "use a smaller current"
        )
    return None


def _deviation(fit: _Fit, relative: float) -> float | None:
    """Deviation of D from those of the slope, its bend included, and the relative one of dEs."""
    if fit.D is None or fit.line is None:
        return None
    line = fit.line
    curved = _CURVED * (line.slope_at(0.0) / line.slope - 1.0)
    return 2.0 * fit.D * math.hypot(line.slope_std / line.slope, curved, relative)


def _note(fit: _Fit, drift: float, change: float) -> str | None:
    notes = []
    if fit.shortened:
        notes.append(f"pulse too long for the short-time law: fitted up to {fit.window[1]:.3g} s only")
    if fit.line is not None and abs(fit.line.bend) > _BEND_NOTED * abs(fit.line.slope):
        share = 100.0 * abs(fit.line.bend / fit.line.slope)
        notes.append(f"slope changes by {share:.0f} % over the window: take smaller pulses")
    if drift > 0.01 * abs(change):
        notes.append(f"rests had about {1e3 * drift:.2g} mV to go")
    return "; ".join(notes) or None
