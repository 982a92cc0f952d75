"""Observers of the time loop: states, inventory and charge, and the composition seen by a scanning probe.

Within an implicit Euler step the fluxes are constant, so composition, inventory and charge are linear in time
there; every value between two steps is taken from that line (dense output) and no step is shortened for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["FineSeries", "Observer", "ScanPlan", "ScanRecord", "Span", "StateRecord"]

Floats = NDArray[np.float64]


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
    potential : Potential held [V].
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
    potential: float

    def weight(self, time: float | Floats) -> float | Floats:
        """Position of `time` in the span, 0 at its start and 1 at its end."""
        return (time - self.start) / (self.end - self.start)


class Observer(Protocol):
    """Anything that looks at every span."""

    def observe(self, span: Span) -> None:
        """Take what is needed from the span."""
        ...


def _next_index(times: Floats, done: int, end: float) -> int:
    return int(np.searchsorted(times[done:], end, side="right")) + done


class StateRecord:
    """Composition at given times, single precision.

    Parameters
    ----------
    times : Increasing times [s]; those at or before the start of the first span take its start.
    """

    def __init__(self, times: Floats) -> None:
        self.times = times
        self.states: list[NDArray[np.float32]] = []
        self.excess: list[NDArray[np.float32]] = []
        self._last: Span | None = None

    def observe(self, span: Span) -> None:
        """Interpolate the states whose time lies in the span."""
        self._last = span
        for index in range(len(self.states), _next_index(self.times, len(self.states), span.end)):
            w = span.weight(self.times[index])
            self.states.append((span.x_start + w * (span.x_end - span.x_start)).astype(np.float32))
            excess = span.excess_start + w * (span.excess_end - span.excess_start)
            self.excess.append(excess.astype(np.float32))

    def close(self) -> None:
        """Keep the last state of a run that ended after or between its output times."""
        kept, span = len(self.states), self._last
        if span is not None and (kept == 0 or self.times[kept - 1] < span.end):
            self.times = np.append(self.times[:kept], span.end)
            self.states.append(span.x_end.astype(np.float32))
            self.excess.append(span.excess_end.astype(np.float32))


class FineSeries:
    """Inventory, uptake and potential at given times.

    Parameters
    ----------
    times : Increasing times [s].
    contacts : Number of contacts.
    """

    def __init__(self, times: Floats, contacts: int) -> None:
        self.times = times
        self.filled = 0
        self.lithium = np.zeros(times.size)
        self.potential = np.zeros(times.size)
        self.uptake = np.zeros((times.size, contacts))
        self._last: Span | None = None

    def close(self) -> None:
        """Keep the values at the very end, where the run ended after or between the times asked for."""
        span = self._last
        if span is None or (self.filled > 0 and self.times[self.filled - 1] >= span.end):
            return
        part = slice(self.filled)
        self.times = np.append(self.times[part], span.end)
        self.lithium = np.append(self.lithium[part], span.lithium_end)
        self.potential = np.append(self.potential[part], span.potential)
        self.uptake = np.append(self.uptake[part], span.uptake_end[None], axis=0)
        self.filled = self.times.size

    def observe(self, span: Span) -> None:
        """Interpolate the values whose time lies in the span."""
        self._last = span
        last = _next_index(self.times, self.filled, span.end)
        part = slice(self.filled, last)
        w = np.asarray(span.weight(self.times[part]))
        self.lithium[part] = span.lithium_start + w * (span.lithium_end - span.lithium_start)
        self.uptake[part] = span.uptake_start + w[:, None] * (span.uptake_end - span.uptake_start)
        self.potential[part] = span.potential
        self.filled = last


@dataclass(frozen=True)
class ScanPlan:
    """When the probe visits which part of the particle.

    Parameters
    ----------
    frame_start : Start of each frame [s].
    pixel_time : Offset of each pixel within a frame [s], (rows, columns).
    weight_x, weight_y : Shares of each cell column in a pixel column, and of rows; rows sum to 1.
    volume : Volume of each cell over that of the largest column, (nz, ny, nx); 0 outside the particle.
    inert_volume, inert_lithium : The same of the inactive layers of each column, and their lithium, (ny, nx).
    """

    frame_start: Floats
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
        self.values = np.full((plan.frame_start.size, plan.pixel_time.size), np.nan)
        self.frame = 0
        self.visited = 0
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
        before: Floats | None = self._last
        self._last = None
        while self.frame < self.plan.frame_start.size:
            times = self.plan.frame_start[self.frame] + self.offset
            last = int(np.searchsorted(times, span.end, side="right"))
            if last > self.visited:
                before = self.project(span.x_start) if before is None else before
                after = self._last if self._last is not None else self.project(span.x_end)
                self._last = after
                part = slice(self.visited, last)
                w = np.clip(span.weight(times[part]), 0.0, 1.0)
                values = before[part] + w * (after[part] - before[part])
                self.values[self.frame, self.order[part]] = values
                self.visited = last
            if last < times.size:
                return
            self.frame += 1
            self.visited = 0

    def frames(self) -> Floats:
        """Composition (frame, row, column) of the frames begun; NaN where the run ended before the visit."""
        begun = self.frame + (1 if self.visited else 0)
        return self.values[:begun].reshape(begun, *self.plan.pixel_time.shape)
