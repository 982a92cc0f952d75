"""When what is kept: saved states, the electrical series, recorded frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.transport.record import StateRecord

__all__ = ["fine_schedule", "frame_period", "state_record", "state_times"]

Floats = NDArray[np.float64]

_MOST_FINE: Final = 1_000_000
_FINE: Final = 1000
_DECADES, _A_DECADE = 5, 12
"""After every change of the drive the electrical series begins with steps that grow by decades."""


def _output_times(duration: float, every: float, most: int, field: str, remedy: str) -> Floats:
    """Multiples of `every` up to the end, and the end itself."""
    count = math.floor(duration / every * (1.0 + 1e-9)) + 1
    if count + 1 > most and (count > most or (count - 1) * every < duration * (1.0 - 1e-9)):
        limit = duration / (most - 1)
        raise InputError(field, every, f">= {limit:.4g} s for at most {most} times", remedy)
    times = np.minimum(np.arange(count) * every, duration)
    return times if times[-1] >= duration * (1.0 - 1e-9) else np.append(times, duration)


def state_times(scenario: Scenario, duration: float) -> Floats | None:
    """Times of saved states [s]; None where the duration of the run is not known.

    Raises
    ------
    InputError
        More states than `output.max_states`, or an interval for a run whose end is not known.
    """
    if math.isinf(duration):
        if scenario.output.every is not None:
            raise InputError(
                "output.every", scenario.output.every, "absent where a hold has no until.time",
                "the duration is not known: leave it out, or give every hold until.time",
            )  # fmt: skip
        return None
    most = scenario.output.max_states
    every = scenario.output.every or duration / min(100, most - 1)
    return _output_times(duration, every, most, "output.every", "or raise output.max_states")


def state_record(scenario: Scenario, duration: float) -> StateRecord:
    """Return the record of a run of at most `duration` [s]; ends of steps are kept while there is room."""
    output, times = scenario.output, state_times(scenario, duration)
    legs = len(scenario.steps)
    room = output.max_states - (0 if times is None else times.size)
    return StateRecord(times, output.max_states, at_ends=1 < legs <= room, restart=output.restart)


def fine_schedule(scenario: Scenario, duration: float) -> Callable[[float, float], Floats | None]:
    """Times of the electrical series of a drive step, from its start and its latest end [s].

    Raises
    ------
    InputError
        More than a million of them.
    """
    every = scenario.output.current_every
    if every is not None and math.isfinite(duration):
        _output_times(duration, every, _MOST_FINE, "output.current_every", "sample more slowly")

    def schedule(start: float, end: float) -> Floats | None:
        if math.isinf(end) or (every is None and math.isinf(duration)):
            return None
        step = duration / _FINE if every is None else every
        first, last = math.floor(start / step * (1.0 + 1e-12)) + 1, math.floor(end / step * (1.0 + 1e-9))
        times = np.minimum(np.arange(first, last + 1) * step, end)
        if every is None:
            growing = np.logspace(-_DECADES, 0, _DECADES * _A_DECADE, endpoint=False)
            times = np.union1d(times, start + (end - start) * growing)
        apart = np.diff(times, prepend=start) > 1e-9 * (end - start)  # growing times that meet even ones
        return times[apart]

    return schedule


def frame_period(scenario: Scenario, number: int) -> float:
    """Start to start of the frames recorded in a drive step [s]."""
    scan = scenario.scan
    if scan is None:
        raise InputError("scan", None, "a scan", "add [scan]")
    own = scenario.steps[number].frame_period
    if own is not None:
        return float(max(own, scan.frame_time))
    return float(scan.frame_time if scan.period is None else scan.period)
