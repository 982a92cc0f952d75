"""Observers of the time loop: states, inventory and charge, and the composition seen by a scanning probe.

Within a step composition, inventory and charge are taken as linear in time: what flowed in it, spread evenly,
so that lithium and charge agree at every time. Every value between two steps is taken from that line (dense
output) and no step is shortened for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.checkpoint import Checkpoint

__all__ = ["FineSeries", "FrameSeries", "Observer", "ScanPlan", "ScanRecord", "Span", "StateRecord"]

Floats = NDArray[np.float64]
Schedule = Callable[[float, float], Floats | None]


def _no_signals() -> Floats:
    return np.empty(0)


@dataclass(frozen=True)
class Span:
    """One accepted step, or the part of it up to the end of the drive.

    Parameters
    ----------
    start, end : Time [s].
    x_start, x_end : Composition (nz, ny, nx) at both ends.
    excess_start, excess_end : Excess w of every surface element at both ends [li fraction].
    lithium_start, lithium_end : Inventory [m3 of li fraction].
    uptake_start, uptake_end : Lithium let in through each contact since the beginning [m3 of li fraction].
    signals_start, signals_end : Potential [V] and whatever else of the circuit, linear in time between.
    leg : Number of the drive step.
    leg_start, leg_end : Its start [s] and the latest time that it may last to [s].
    ends_leg : Whether the drive step is over with this span.
    before, after : What a run is continued from at both ends.
    """

    start: float
    end: float
    x_start: Floats
    x_end: Floats
    excess_start: Floats
    excess_end: Floats
    lithium_start: float
    lithium_end: float
    uptake_start: Floats
    uptake_end: Floats
    signals_start: Floats = field(default_factory=_no_signals)
    signals_end: Floats = field(default_factory=_no_signals)
    leg: int = 0
    leg_start: float = 0.0
    leg_end: float = math.inf
    ends_leg: bool = False
    before: Checkpoint | None = None
    after: Checkpoint | None = None

    def weight(self, time: float | Floats) -> float | Floats:
        """Position of `time` in the span, 0 at its start and 1 at its end."""
        return (time - self.start) / (self.end - self.start)


class Observer(Protocol):
    """Anything that looks at every span."""

    def observe(self, span: Span) -> None:
        """Take what is needed from the span."""
        ...


class StateRecord:
    """Composition at given times, single precision, and what a run can be continued from.

    Parameters
    ----------
    times : Increasing times [s]; those before the start of the first span are passed over, but for its start.
        None: the end of every span, thinned to half whenever `most` are kept.
    most : Most states without given times.
    at_ends : Keep the state at the end of every drive step too.
    restart : Which checkpoints are kept: of all states, of the last, or none.
    """

    def __init__(
        self, times: Floats | None, most: int = 200, *, at_ends: bool = False, restart: str = "none"
    ) -> None:
        self.planned, self.most, self.at_ends, self.restart = times, most, at_ends, restart
        self.times: list[float] = []
        self.legs: list[int] = []
        self.states: list[NDArray[np.float32]] = []
        self.excess: list[NDArray[np.float32]] = []
        self.checkpoints: list[Checkpoint | None] = []
        self._ends: list[bool] = []
        self._next = 0
        self._every = self._seen = 0
        self._last: Span | None = None

    def observe(self, span: Span) -> None:
        """Interpolate the states whose time lies in the span."""
        if self._last is None:
            if self.planned is not None:
                self._next = int(np.searchsorted(self.planned, span.start, side="left"))
            if self.planned is None or self.planned[self._next : self._next + 1] > span.start:
                self._keep(span, span.start)
        self._last = span
        if self.planned is None:
            self._seen += 1
            if self._seen % (self._every + 1) == 0:
                self._keep(span, span.end)
                self._thin()
        else:
            while self._next < self.planned.size and self.planned[self._next] <= span.end:
                self._keep(span, float(self.planned[self._next]))
                self._next += 1
        if span.ends_leg and self.at_ends:
            self._keep_end(span)

    def _keep_end(self, span: Span) -> None:
        """Keep the end of a drive step, unless a planned time is next to it."""
        slack = 1e-9 * span.end
        if self.times and self.times[-1] >= span.end - slack:
            self._ends[-1] = True
            return
        self._keep(span, span.end, ends=True)
        if self.planned is not None and self.planned[self._next : self._next + 1] <= span.end + slack:
            self._next += 1

    def _keep(self, span: Span, time: float, *, ends: bool = False) -> None:
        if self.times and self.times[-1] >= time:
            return
        w = span.weight(time)
        self.times.append(time)
        self.legs.append(span.leg)
        self.states.append((span.x_start + w * (span.x_end - span.x_start)).astype(np.float32))
        excess = span.excess_start + w * (span.excess_end - span.excess_start)
        self.excess.append(excess.astype(np.float32))
        checkpoint = span.after if time >= span.end else span.before
        if self.restart == "last" and self.checkpoints:
            self.checkpoints[-1] = None
        self.checkpoints.append(None if self.restart == "none" else checkpoint)
        self._ends.append(ends)

    def _thin(self) -> None:
        """Drop every second state, but the first and the ends of drive steps, once there are too many."""
        while len(self.times) > self.most:
            dropped = [i for i in range(1, len(self.times), 2) if not self._ends[i]]
            for values in self._lists():
                for index in reversed(dropped or [1]):
                    del values[index]
            self._every = 2 * self._every + 1

    def _lists(self) -> tuple[list[Any], ...]:
        """Everything that has one entry a state."""
        return self.times, self.legs, self.states, self.excess, self.checkpoints, self._ends

    def close(self) -> None:
        """Keep the last state of a run that ended after or between its output times."""
        if self._last is None:
            return
        self._keep(self._last, self._last.end)
        if self.planned is None and len(self.times) > self.most:
            for values in self._lists():
                del values[-2]


class FineSeries:
    """Inventory, uptake and the signals of the circuit at the times of a schedule.

    Parameters
    ----------
    schedule : Times [s] of a drive step from its start and its latest end, start not included; None where the
        end of every span is kept. The end of every drive step is kept in any case.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._rows: list[Floats] = []
        self._legs: list[int] = []
        self._times: Floats | None = None
        self._next = 0
        self._leg = -1
        self._contacts = 0
        self._last: Span | None = None

    def observe(self, span: Span) -> None:
        """Interpolate the values whose time lies in the span."""
        if self._last is None:
            self._add(span, np.array([span.start]))
        if span.leg != self._leg:
            self._leg, self._next = span.leg, 0
            self._times = self.schedule(span.leg_start, span.leg_end)
            if self._times is not None:  # a run that is continued begins within its step
                self._next = int(np.searchsorted(self._times, span.start, side="right"))
        self._last = span
        if self._times is None:
            self._add(span, np.array([span.end]))
            return
        last = int(np.searchsorted(self._times[self._next :], span.end, side="right")) + self._next
        if last > self._next:
            self._add(span, self._times[self._next : last])
            self._next = last
        if span.ends_leg:
            self.close()

    def close(self) -> None:
        """Keep the values at the very end of a drive step that ended after or between the times asked for."""
        if self._last is not None and self._rows[-1][0] < self._last.end:
            self._add(self._last, np.array([self._last.end]))

    def _add(self, span: Span, times: Floats) -> None:
        start = np.concatenate([[span.lithium_start], span.uptake_start, span.signals_start])
        end = np.concatenate([[span.lithium_end], span.uptake_end, span.signals_end])
        weight = np.asarray(span.weight(times))
        rows = np.empty((times.size, 1 + start.size))
        rows[:, 0] = times
        rows[:, 1:] = start + weight[:, None] * (end - start)
        self._rows.extend(rows)
        self._legs.extend([span.leg] * times.size)
        self._contacts = span.uptake_start.size

    @property
    def table(self) -> Floats:
        """One row a time: time, lithium, uptake of every contact, signals."""
        return np.array(self._rows) if self._rows else np.empty((0, 2))

    @property
    def times(self) -> Floats:
        """Times [s]."""
        return np.asarray(self.table[:, 0])

    @property
    def lithium(self) -> Floats:
        """Inventory [m3 of li fraction]."""
        return np.asarray(self.table[:, 1])

    @property
    def uptake(self) -> Floats:
        """Lithium let in through each contact [m3 of li fraction], (times, contacts)."""
        return np.asarray(self.table[:, 2 : 2 + self._contacts])

    @property
    def signals(self) -> Floats:
        """Signals of the circuit, (times, signals)."""
        return np.asarray(self.table[:, 2 + self._contacts :])

    @property
    def legs(self) -> NDArray[np.int32]:
        """Drive step that each time belongs to."""
        return np.array(self._legs, dtype=np.int32)


@dataclass(frozen=True)
class FrameSeries:
    """Frames one after another.

    Parameters
    ----------
    start, period : Start of the first frame [s], start to start [s].
    count : Number of frames; infinite where the end is not known.
    """

    start: float
    period: float
    count: float


@dataclass(frozen=True)
class ScanPlan:
    """When the probe visits which part of the particle.

    Parameters
    ----------
    frames : The frames of the run; or, as a function of drive step, its start and its latest end [s], those
        of that step.
    pixel_time : Offset of each pixel within a frame [s], (rows, columns).
    weight_x, weight_y : Shares of each cell column in a pixel column, and of rows; rows sum to 1.
    volume : Volume of each cell over that of the largest column, (nz, ny, nx); 0 outside the particle.
    inert_volume, inert_lithium : The same of the inactive layers of each column, and their lithium, (ny, nx).
    """

    frames: FrameSeries | Callable[[int, float, float], FrameSeries]
    pixel_time: Floats
    weight_x: Floats
    weight_y: Floats
    volume: Floats
    inert_volume: Floats
    inert_lithium: Floats


class ScanRecord:
    """Projected composition of every pixel at the pixel's own time.

    Parameters
    ----------
    plan : The scan.
    """

    def __init__(self, plan: ScanPlan) -> None:
        self.plan = plan
        content = self._pixels(plan.volume.sum(axis=0) + plan.inert_volume)
        self._share = np.where(content > 1e-9, 1.0 / np.where(content > 1e-9, content, 1.0), np.nan)
        self.order = np.argsort(plan.pixel_time, axis=None, kind="stable")
        self.offset = plan.pixel_time.ravel()[self.order]
        self.starts: list[float] = []
        self.legs: list[int] = []
        self._done: list[NDArray[np.float32]] = []
        self._now = np.full(plan.pixel_time.size, np.nan)
        self._series = FrameSeries(0.0, 1.0, 0)
        self._leg = -1
        self._frame = self._visited = 0
        self._last: Floats | None = None

    def project(self, x: Floats) -> Floats:
        """Mean through the thickness over each pixel, in visiting order; NaN beside the particle."""
        lithium = np.einsum("kji,kji->ji", self.plan.volume, x) + self.plan.inert_lithium
        image = self._pixels(lithium) * self._share
        return np.asarray(image.ravel()[self.order])

    def _pixels(self, columns: Floats) -> Floats:
        return np.asarray(self.plan.weight_y @ columns @ self.plan.weight_x.T)

    def observe(self, span: Span) -> None:
        """Record the pixels visited during the span."""
        self._begin(span)
        before: Floats | None = self._last
        self._last = None
        while self._frame < self._series.count:
            start = self._series.start + self._frame * self._series.period
            times = start + self.offset
            last = int(np.searchsorted(times, span.end, side="right"))
            if last > self._visited:
                if self._visited == 0:
                    self.starts.append(start)
                    self.legs.append(span.leg)
                before = self.project(span.x_start) if before is None else before
                after = self._last if self._last is not None else self.project(span.x_end)
                self._last = after
                part = slice(self._visited, last)
                w = np.clip(span.weight(times[part]), 0.0, 1.0)
                self._now[self.order[part]] = before[part] + w * (after[part] - before[part])
                self._visited = last
            if last < times.size:
                return
            self._store()
            self._frame += 1

    def _begin(self, span: Span) -> None:
        """Take up the frames of the run, or those of a new drive step."""
        first = self._leg < 0
        if not first and (span.leg == self._leg or isinstance(self.plan.frames, FrameSeries)):
            return
        self._leg = span.leg
        if self._visited:
            self._store()
        self._frame, self._last = 0, None
        if isinstance(self.plan.frames, FrameSeries):
            self._series = self.plan.frames
        else:
            self._series = self.plan.frames(span.leg, span.leg_start, span.leg_end)
        if first and span.start > self._series.start:  # continued: pixels gone by stay NaN
            gone = (span.start - self._series.start) / self._series.period
            self._frame = int(min(math.floor(gone), self._series.count))
            times = self._series.start + self._frame * self._series.period + self.offset
            passed = int(np.searchsorted(times, span.start, side="right"))
            if passed == times.size:
                self._frame += 1
            elif passed:
                self.starts.append(self._series.start + self._frame * self._series.period)
                self.legs.append(span.leg)
                self._visited = passed

    def _store(self) -> None:
        self._done.append(self._now.astype(np.float32))
        self._now[:] = np.nan
        self._visited = 0

    def frames(self) -> NDArray[np.float32]:
        """Composition (frame, row, column) of the frames begun; NaN where the run ended before the visit."""
        values = [*self._done, self._now.astype(np.float32)] if self._visited else self._done
        return np.array(values, dtype=np.float32).reshape(len(values), *self.plan.pixel_time.shape)
