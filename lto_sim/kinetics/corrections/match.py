"""A simulated front laid over the times of a measured one, and the pace at which both give the same k.

Both fronts go through one and the same fit: the same law, the same times, the same deviations. The simulated
one is read at ``a (t - s)``, its pace a and shift s being those at which k and start time of the fit are
those of the measured front. The measured k then stands for a rate constant of `a` times the simulation's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import root

from lto_sim.errors import InputError
from lto_sim.kinetics.rates import RateData
from lto_sim.kinetics.rates.laws import fit_law

__all__ = [
    "Curves",
    "FrontCurve",
    "Law",
    "Match",
    "front_curves",
    "law_estimates",
    "linear_chi_square",
    "match",
    "require_cover",
]

Floats = NDArray[np.float64]
Law = Literal["parabolic", "mixed"]
Curves = Mapping[int, "FrontCurve"]
"""Simulated front of every profile, by its number."""

_FEWEST: Final = 4
_MARGIN: Final[float] = 1.15
"""Factor in time by which a curve may be read beyond its ends."""
_COVERED: Final[float] = 0.9
_FARTHEST: Final[float] = 5.0
"""Largest ln of a pace."""
_EQUAL: Final[float] = 1e-6
_CLOSE: Final[float] = 1e-5
_EARLIER: Final = (0.01, 0.03, 0.1)
"""Starts of the simulation to begin with, before the first point by parts of the window: a front that stands
still first makes the law's start later than its own, and points before it have no simulated position."""


@dataclass(frozen=True, eq=False)
class FrontCurve:
    """Front of one profile over time, smooth in ln xi over ln t between its points.

    Parameters
    ----------
    time : Times [s], rising, > 0, shape (n,).
    position : Positions [m], > 0, shape (n,).
    """

    time: Floats
    position: Floats

    def at(self, time: Floats) -> Floats:
        """Positions [m] at `time` [s]: 0 before the start, beyond the ends along the outermost two points."""
        log_time, log_position = np.log(self.time), np.log(self.position)
        started = time > 0.0
        wanted = np.log(np.where(started, time, 1.0))
        inside = np.clip(wanted, log_time[0], log_time[-1])
        values = np.asarray(PchipInterpolator(log_time, log_position)(inside), dtype=np.float64)
        slopes = np.diff(log_position) / np.diff(log_time)
        values += np.where(wanted < inside, slopes[0], slopes[-1]) * (wanted - inside)
        return np.where(started, np.exp(values), 0.0)

    def covers(self, time: Floats) -> NDArray[np.bool_]:
        """Whether the simulated front was seen near `time` [s]."""
        return np.asarray((time > self.time[0] / _MARGIN) & (time < self.time[-1] * _MARGIN))


@dataclass(frozen=True, eq=False)
class Match:
    """Pace and shift at which the simulated front gives the measured k and start time.

    Parameters
    ----------
    pace : Factor a of the simulation's rates.
    shift : Start s of the simulation on the clock of the measured front [s].
    data : The simulated front at the measured times, with the measured deviations.
    """

    pace: float
    shift: float
    data: RateData


def front_curves(front: xr.Dataset) -> dict[int, FrontCurve]:
    """Curves of a simulated front, by number of the profile.

    Raises
    ------
    InputError
        A profile on which the front was seen in fewer than four frames.
    """
    data = RateData.from_front(front)
    curves = {}
    for number in range(front.sizes["profile"]):
        own = (data.profile == number) & (data.time > 0.0) & (data.position > 0.0)
        time, position = data.time[own], data.position[own]
        if time.size < _FEWEST:
            raise InputError(
                f"profile.{number}", f"{time.size} frames with the simulated front", f"{_FEWEST} at least",
                "begin at a contact, follow the front, and give scan.period or frame_time of the recording",
            )  # fmt: skip
        curves[number] = FrontCurve(time, position)
    return curves


def law_estimates(data: RateData, law: Law, start_time: float | None) -> tuple[float, float, float]:
    """Return k of xi^2 = 2 k t [m2 s-1], its relative deviation (deviations at their word), and t0 [s].

    Raises
    ------
    InputError
        A front in which this law finds no k.
    """
    start, r, deviation = math.nan, math.nan, math.nan
    if float(data.position.max(initial=0.0)) > 0.0:
        found = fit_law(data, law, start_time)
        start, r = float(found.parameters[0]), float(found.parameters[2])
        deviation = math.sqrt(max(float(found.covariance[2, 2]), 0.0))
    if not (math.isfinite(r) and r > 0.0):
        raise InputError(
            "front", f"{data.size} points in which the {law} law has no k", "a k that is resolved",
            "take more frames, or the parabolic law",
        )  # fmt: skip
    return 0.5 / r, deviation / r, start


def linear_chi_square(data: RateData) -> float:
    """Sum of squared deviations of the points from the best straight line xi = k_L (t - t0)."""
    return float(fit_law(data, "linear").chi_square)


def match(data: RateData, curves: Curves, law: Law, start_time: float | None) -> Match:
    """Find pace and shift of the simulated front.

    Parameters
    ----------
    data : Points of the measured front.
    curves : The simulated front, a curve for every profile of `data`.
    law : Law of the fit.
    start_time : Fixed start [s] on the clock of `data`, of the fit and of the simulation; None: both free.

    Raises
    ------
    InputError
        No pace at which the two agree.
    """
    k, _, start = law_estimates(data, law, start_time)
    span = float(np.ptp(data.time))

    def differences(guess: Floats) -> Floats:
        """Differences in ln k and in the start, over the window, of the fits."""
        pace = math.exp(min(max(float(guess[0]), -_FARTHEST), _FARTHEST))
        shift = start_time if start_time is not None else float(guess[1]) * span
        k_found, _, start_found = law_estimates(_laid_over(data, curves, pace, shift), law, start_time)
        both = [math.log(k / k_found), (start - start_found) / span]
        return np.array(both[: guess.size])

    early = min(start, float(data.time[0])) / span
    starts = [start / span, *(early - back for back in _EARLIER)]
    for begun in starts if start_time is None else [0.0]:
        first = np.array([0.0, begun] if start_time is None else [0.0])
        found = root(differences, first, method="hybr", options={"xtol": _EQUAL})
        if float(np.abs(found.fun).max()) <= _CLOSE:
            break
    else:
        raise InputError(
            "scenario", f"no pace at which k of its front is {k:.3g} m2/s", "a front like the measured one",
            "compare the two fronts: contacts, profile, direction, window",
        )  # fmt: skip
    pace = math.exp(float(found.x[0]))
    shift = start_time if start_time is not None else float(found.x[1]) * span
    return Match(pace, shift, _laid_over(data, curves, pace, shift))


def _laid_over(data: RateData, curves: Curves, pace: float, shift: float) -> RateData:
    position = np.empty(data.size)
    for number, own in _profiles(data).items():
        position[own] = curves[number].at(pace * (data.time[own] - shift))
    return replace(data, position=position)


def _profiles(data: RateData) -> dict[int, NDArray[np.bool_]]:
    numbers = np.zeros(data.size, dtype=np.int64) if data.profile is None else data.profile
    return {int(number): numbers == number for number in np.unique(numbers)}


def require_cover(data: RateData, curves: Curves, found: Match) -> None:
    """Raise InputError where the simulated front was not seen in most of the window of the measured one."""
    seen = np.zeros(data.size, dtype=np.bool_)
    for number, own in _profiles(data).items():
        seen[own] = curves[number].covers(found.pace * (data.time[own] - found.shift))
    share = float(seen.mean())
    if share < _COVERED:
        raise InputError(
            "scenario", f"a simulated front in {share:.0%} of the window", f"{_COVERED:.0%} at least",
            "check profiles, contacts and scan of the scenario, or narrow the window",
        )  # fmt: skip
