"""Time zero of a recording from the electrical trace, and the trace laid over the frames.

A step of the potential is a jump of the current away from its rest (or of the potential itself). It lies
between the last sample of the rest and the first one above its noise, so its time is their middle, with a
standard deviation of their distance over sqrt(12). Means over frames are exact integrals of the trace as
straight lines between its samples, so that charges of frames that touch add up to that of the whole.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.series.labels import continued

__all__ = ["TimeZero", "align_series", "find_steps", "find_time_zero"]

Floats = NDArray[np.float64]

_REST: Final = 10
"""Samples whose mean and scatter are those of the rest before a jump."""
_LEAST_REST: Final = 3
_GAP: Final = 1.5
"""Intervals of frames, in medians, above which frames are missing."""
_SURE: Final = 8.0
"""Deviations of the noise that a jump exceeds."""
_ABOVE: Final = 4.0
"""Deviations of the rest beyond which a sample is above its noise."""
_LEAST: Final = 0.02
"""Jump relative to the range of the trace at least; slower changes are no steps."""
_KEPT: Final = 3
"""Samples that stay away from the rest; one sample alone is a glitch."""
_EARLY: Final = 0.05
"""Part of a jump beyond which a sample before it belongs to it."""


@dataclass(frozen=True)
class TimeZero:
    """A step of the potential.

    Parameters
    ----------
    time, std : When it was [s], and its standard deviation.
    index : First sample after it.
    before, after : Mean of the trace before it, and first value after it [A] or [V].
    noise : Standard deviation of the trace before it [A] or [V].
    source : ``"current"`` or ``"potential"``.
    """

    time: float
    std: float
    index: int
    before: float
    after: float
    noise: float
    source: str


def find_time_zero(
    time: ArrayLike, current: ArrayLike | None = None, *, potential: ArrayLike | None = None
) -> TimeZero:
    """First step of the potential; see :func:`find_steps`.

    Parameters
    ----------
    time : Times of the samples [s], increasing, (n,).
    current : Current [A], (n,).
    potential : Potential [V], (n,); taken instead of the current where given.

    Returns
    -------
    TimeZero
        The step, with the deviation of its time.

    Raises
    ------
    InputError
        As :func:`find_steps`, or there is no step.
    """
    steps = find_steps(time, current, potential=potential)
    if not steps:
        name = "potential" if potential is not None else "current"
        raise InputError(
            name, "no step", f"a jump after {_LEAST_REST} samples of rest or more",
            "a trace that begins with its step has its time zero at its first sample: give that time",
        )  # fmt: skip
    return steps[0]


def find_steps(
    time: ArrayLike, current: ArrayLike | None = None, *, potential: ArrayLike | None = None
) -> tuple[TimeZero, ...]:
    """Find the steps of the potential, in order of time.

    Parameters
    ----------
    time : Times of the samples [s], increasing, (n,).
    current : Current [A], (n,); a step is a jump away from 0 or through it, by which the current grows.
    potential : Potential [V], (n,); taken instead of the current where given, any jump being a step.

    Returns
    -------
    tuple of TimeZero
        One for each step.

    Raises
    ------
    InputError
        Neither trace, shapes that differ, times that do not increase, values that are not finite.
    """
    name, given = ("current", current) if potential is None else ("potential", potential)
    if given is None:
        raise InputError("current", None, "current [A] or potential [V]", "give one of them")
    at, trace = _checked(time, given, name)
    changes = np.diff(trace)
    noise = 1.4826 * float(np.median(np.abs(changes - np.median(changes)))) / np.sqrt(2.0)
    least = max(_SURE * noise * np.sqrt(2.0), _LEAST * float(np.ptp(trace)))
    found: list[TimeZero] = []
    first = 0
    for place in np.flatnonzero(np.abs(changes) > least) + 1:
        step = _step(at, trace, int(place), first, name)
        if step is not None:
            found.append(step)
            first = step.index
    return tuple(found)


def _checked(time: ArrayLike, values: ArrayLike, name: str) -> tuple[Floats, Floats]:
    at, trace = np.asarray(time, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.ndim != 1 or at.shape != trace.shape or at.size < _LEAST_REST + 2:
        raise InputError(name, trace.shape, f"as time, {at.shape}, 5 samples or more", "give whole traces")
    bad = np.flatnonzero(~(np.isfinite(at) & np.isfinite(trace)))
    if bad.size:
        raise InputError(name, f"no number in sample {bad[0]}", "finite samples", "leave such samples out")
    if np.any(np.diff(at) < 0.0):
        raise InputError(
            "time", f"falls at sample {np.argmax(np.diff(at) < 0.0) + 1}", "increasing", "sort it"
        )
    return at, trace


def _step(time: Floats, trace: Floats, place: int, first: int, name: str) -> TimeZero | None:
    """Step at the change up to sample `place`, with the rest after sample `first`; None if it is none."""
    rest = trace[max(first, place - _REST) : place]
    if rest.size < _LEAST_REST or place - first < _LEAST_REST:
        return None
    before = float(np.median(rest))
    jump = float(trace[place] - before)
    line = np.polyval(np.polyfit(np.arange(rest.size), rest, 1), np.arange(rest.size))
    scatter = float(np.std(rest - line))
    beyond = (trace[place : place + _KEPT] - before) * np.sign(jump)
    if np.any(beyond <= max(_ABOVE * scatter, _LEAST * abs(jump))):
        return None  # a glitch
    grows = abs(trace[place]) > abs(before) or before * trace[place] < 0.0
    if name == "current" and not (grows and abs(trace[place]) > 0.5 * abs(jump)):
        return None  # the end of a current, or its decay
    while place - 1 > first and abs(trace[place - 1] - before) > max(_ABOVE * scatter, _EARLY * abs(jump)):
        place -= 1
    before_samples = trace[max(first, place - _REST) : place]
    begin, end = float(time[place - 1]), float(time[place])
    return TimeZero(
        time=0.5 * (begin + end),
        std=(end - begin) / np.sqrt(12.0),
        index=place,
        before=float(before_samples.mean()),
        after=float(trace[place]),
        noise=scatter,
        source=name,
    )


def align_series(
    frames_time: ArrayLike, electrical: xr.Dataset, *, offset: float = 0.0, frame_time: float | None = None
) -> xr.Dataset:
    """Means of the electrical series over the frames.

    Parameters
    ----------
    frames_time : Start of the frames [s], (frame,).
    electrical : ``current(time)`` [A], oxidation > 0, and/or ``potential(time)`` [V]; NaN samples are left
        out, a straight line goes on across them.
    offset : Time on the frames' clock at which that of the electrical series shows 0 [s].
    frame_time : How long a frame lasts [s]; None: to the next one; the last one, and one before a gap,
        lasts as long as the median.

    Returns
    -------
    ``current``, ``potential``: means over each frame. ``charge(time)`` [C]: at the end of each, since
    the first frame began; ``charge_of_frame(time)``: passed within it. ``frame_duration`` [s]. NaN where the
    series does not cover a whole frame (with a warning).

    Raises
    ------
    InputError
        No such variable, times that do not increase, or no frame within the series.
    """
    start = np.asarray(frames_time, dtype=np.float64)
    if start.ndim != 1 or not start.size or not np.all(np.isfinite(start)) or np.any(np.diff(start) <= 0.0):
        raise InputError("frames_time", start.shape, "increasing times [s]", "use regular_series first")
    duration = _durations(start, frame_time)
    names = [name for name in ("current", "potential") if name in electrical]
    if not names or "time" not in electrical:
        shown = sorted(map(str, electrical.variables))
        raise InputError("electrical", shown, "current(time) or potential(time), and time", "rename them")
    variables: dict[str, Any] = {"frame_duration": ("time", duration, named("s", "duration of the frame"))}
    outside = np.zeros(start.size, dtype=bool)
    for name in names:
        integral, ends = _integral(electrical, name, offset)
        low, high = integral(start), integral(start + duration)
        slack = 1e-9 * max(abs(ends[0]), abs(ends[1]))
        covered = (start >= ends[0] - slack) & (start + duration <= ends[1] + slack)
        if not covered.any():
            raise InputError(
                "frames_time", f"{start[0]:g} to {start[-1] + duration[-1]:g} s",
                f"within {ends[0]:g} to {ends[1]:g} s, as the electrical series", "check offset",
            )  # fmt: skip
        outside |= ~covered
        mean = np.where(covered, (high - low) / duration, np.nan)
        unit = "A" if name == "current" else "V"
        variables[name] = ("time", mean, named(unit, f"{name}, mean over the frame"))
        if name == "current":
            passed = np.where(covered, high - low, np.nan)
            variables["charge_of_frame"] = ("time", passed, named("C", "charge passed within the frame"))
            since = np.where(covered, high - integral(start[:1]), np.nan)
            variables["charge"] = ("time", since, named("C", "charge passed since the first frame began"))
    if outside.any():
        warnings.warn(
            f"{np.sum(outside)} of {start.size} frames are not covered by the electrical series: NaN there",
            UserWarning,
            stacklevel=2,
        )
    result = xr.Dataset(variables, {"time": ("time", start, named("s", "start of the frame"))})
    step = f"align_series offset={offset:g} s"
    return result.assign_attrs(continued(electrical.attrs, "electrical series over frames", step))


def _durations(start: Floats, given: float | None) -> Floats:
    if given is not None:
        if not (np.isfinite(given) and given > 0.0):
            raise InputError("frame_time", given, "> 0 s", "leave it out, and a frame lasts to the next one")
        return np.full(start.size, float(given))
    if start.size < 2:
        raise InputError("frame_time", None, "> 0 s, for a single frame", "give how long the frame lasts")
    intervals = np.diff(start)
    usual = float(np.median(intervals))
    return np.append(np.where(intervals > _GAP * usual, usual, intervals), usual)


def _integral(
    electrical: xr.Dataset, name: str, offset: float
) -> tuple[Callable[[Floats], Floats], tuple[float, float]]:
    """Integral of a trace from its first sample to a time, and the times of its first and last sample."""
    time = np.asarray(electrical["time"].values, dtype=np.float64) + offset
    values = np.asarray(electrical[name].values, dtype=np.float64)
    if values.shape != time.shape:
        raise InputError(f"electrical.{name}", electrical[name].dims, "dimension time", "give a plain series")
    good = np.isfinite(time) & np.isfinite(values)
    time, values = time[good], values[good]
    if time.size < 2 or np.any(np.diff(time) < 0.0):
        shown = (
            f"{time.size} samples" if time.size < 2 else f"falls at sample {np.argmax(np.diff(time) < 0) + 1}"
        )
        raise InputError("electrical.time", shown, "2 samples or more, in order of time", "sort them")
    width = np.diff(time)
    total = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * width)])

    def integral(at: Floats) -> Floats:
        place = np.clip(np.searchsorted(time, at, side="right") - 1, 0, width.size - 1)
        part = np.clip(at, time[0], time[-1]) - time[place]
        span = width[place]
        slope = np.divide(values[place + 1] - values[place], span, out=np.zeros_like(span), where=span > 0.0)
        return np.asarray(total[place] + part * (values[place] + 0.5 * slope * part))

    return integral, (float(time[0]), float(time[-1]))
