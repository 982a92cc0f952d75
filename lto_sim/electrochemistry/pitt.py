"""Diffusivity from potentiostatic intermittent titration (PITT).

After a small step of the potential the content of a slab of thickness L, closed on the far side, relaxes to
its new value; late, one exponential is left:

    I = (2 Q D/L^2) exp(-pi^2 D t/(4 L^2)),    D t/L^2 > 4/pi^2 (the next one is below exp(-8)),

Q being the charge of the step. D follows from the slope of ln|I| over t, from one e-fold of the decay on
until the current is lost (a thousandth of its scale, or a current that runs the wrong way). A point weighs as
the square of the fitted current, as it should where the noise of the current is the same everywhere; chosen
or weighed by the measured one, noise would make decays slower. The mean of an exponential over an interval h
is its value in the middle times sinh(a)/a, a = p h/2; that is divided out. The prefactor tells whether it was
diffusion: with a contact that limits it is Q p, larger by pi^2/8.

Source: C. J. Wen, B. A. Boukamp, R. A. Huggins, W. Weppner, J. Electrochem. Soc. 126 (1979) 2258.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.electrochemistry.series import step_series
from lto_sim.electrochemistry.steps import DriveStepRecord, drive_steps
from lto_sim.electrochemistry.titration import TWO_PHASES_PITT, Line, Titration, fit_line
from lto_sim.electrochemistry.titration_result import PittHold, PittResult
from lto_sim.errors import InputError

__all__ = ["fit_pitt"]

Floats = NDArray[np.float64]

_LEAST_POINTS: Final = 5
_FLOOR: Final = 1e-3
"""Smallest current, as part of the prefactor."""
_PASSED: Final = 0.7
"""Part of the charge that has passed after one e-fold of the slowest decay."""
_MOST_ROUNDS: Final = 30
_RATIO_OFF: Final = 0.1
"""Deviation of the prefactor from that of diffusion that is worth a note."""


def fit_pitt(dataset: xr.Dataset, *, resolution: float = 1e-4, length: float | None = None) -> PittResult:
    """Fit D to every hold that follows a hold.

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.
    resolution : Potentials nearer than this are the same [V].
    length : Diffusion length L [m]; None: active volume over total contact area.

    Returns
    -------
    One entry for each hold, with D or with the reason why there is none.

    Raises
    ------
    InputError
        No hold follows a hold, a radial body, an argument outside its range, or something missing.
    """
    if dataset.attrs.get("geometry") == "radial":
        raise InputError("dataset", "a radial run", "a slab or a particle fed on one side", "use fit_gitt")
    task = Titration(dataset, resolution, length)
    steps = drive_steps(dataset)
    holds = [
        _hold(task, before, hold) for before, hold in pairwise(steps) if before.kind == hold.kind == "hold"
    ]
    if not holds:
        raise InputError("dataset", f"{len(steps)} drive steps", "a hold that follows a hold", "use pitt")
    return PittResult(tuple(holds), task.reach, resolution, task.plateau)


@dataclass(frozen=True)
class _Decay:
    """Rate p [1/s] with deviation, prefactor [A] and window [s] of the late exponential."""

    rate: float
    rate_std: float
    prefactor: float
    window: tuple[float, float]


def _hold(task: Titration, before: DriveStepRecord, hold: DriveStepRecord) -> PittHold:
    values = (_potential(before), _potential(hold))
    reason = _not_single(task, hold, *values)
    decay, ratio, note = None, None, None
    if reason is None:
        intervals = step_series(task.dataset, hold).intervals()
        decay = _late_decay(*intervals)
        if decay is None:
            reason = (
                "hold too short: the current did not reach its exponential decay over one e-fold with "
                f"{_LEAST_POINTS} samples; hold longer"
            )
        else:
            ratio = _charge_ratio(decay, *intervals)
            if abs(ratio - 1.0) > _RATIO_OFF:
                note = f"prefactor {ratio:.2f} times that of diffusion: not only diffusion limits the current"
    factor = 4.0 * (task.reach / math.pi) ** 2
    return PittHold(
        step=hold.number,
        temperature=hold.temperature,
        li_fraction=0.5 * sum(task.contents(hold)),
        potential=values[1],
        potential_before=values[0],
        D=factor * decay.rate if decay else None,
        D_std=factor * decay.rate_std if decay else None,
        window=decay.window if decay else None,
        charge_ratio=ratio,
        reason=reason,
        note=note,
    )


def _potential(hold: DriveStepRecord) -> float:
    if hold.value is None:
        raise InputError(f"drive_steps.{hold.number}.value", None, "the potential held [V]", "add value")
    return hold.value


def _not_single(task: Titration, hold: DriveStepRecord, before: float, after: float) -> str | None:
    """Why the hold is no relaxation within one phase."""
    if task.two_phases(hold, before, after):
        return TWO_PHASES_PITT
    if abs(after - before) < task.resolution:
        return "no step: the potential held is that of the hold before"
    return None


def _late_decay(begin: Floats, end: Floats, current: Floats) -> _Decay | None:
    """Fit ln|I| over t from one e-fold of the decay on; None where the hold is too short for it."""
    passed = np.cumsum(current * (end - begin))
    if not passed.size or passed[-1] == 0.0:
        return None
    size = current * np.sign(passed[-1])
    lasting = np.cumsum(size <= 0.0) == 0
    rate = 1.0 / float(np.interp(_PASSED, passed / passed[-1], end))
    for _ in range(_MOST_ROUNDS):
        fitted = np.exp(-rate * 0.5 * (begin + end))
        used = lasting & (rate * begin >= 1.0) & (fitted > _FLOOR)
        if np.count_nonzero(used) < _LEAST_POINTS:
            return None
        line = _line(begin[used], end[used], size[used], rate)
        last, rate = rate, -line.slope
        if rate <= 0.0:
            return None
        if abs(rate - last) < 1e-6 * rate:
            break
    window = (float(begin[used][0]), float(end[used][-1]))
    if rate * (window[1] - window[0]) < 1.0:
        return None
    return _Decay(rate, line.slope_std, math.exp(line.level + rate * line.centre), window)


def _line(begin: Floats, end: Floats, size: Floats, rate: float) -> Line:
    """Line through ln I at the middles; the mean over an interval is brought back to its middle."""
    half, middle = np.maximum(0.5 * rate * (end - begin), 1e-6), 0.5 * (begin + end)
    return fit_line(middle, np.log(size) - np.log(np.sinh(half) / half), np.exp(-2.0 * rate * middle))


def _charge_ratio(decay: _Decay, begin: Floats, end: Floats, current: Floats) -> float:
    """Prefactor over 2 Q D/L^2 = 8 Q p/pi^2; Q with what the decay would still bring."""
    tail = decay.prefactor * math.exp(-decay.rate * float(end[-1])) / decay.rate
    charge = abs(float((current * (end - begin)).sum())) + tail
    return decay.prefactor * math.pi**2 / (8.0 * charge * decay.rate)
