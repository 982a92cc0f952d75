"""Fronts of the solver beside exact ones: what was tracked, its errors, and the run that gives it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen import Mesh
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import Counters, Leg, march
from lto_sim.transport.record import Observer, Span
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions

__all__ = ["Measure", "Track", "observed_orders", "run_track"]

Floats = NDArray[np.float64]
Measure = Callable[[Floats], Any]


@dataclass(frozen=True)
class Track:
    """The solver's front beside the exact one.

    Parameters
    ----------
    time : Times of the comparison [s], (n,).
    position : Front of the solver at these times [m], (n,).
    exact : Exact front [m], (n,).
    counters : Work and quality of the run.
    """

    time: Floats
    position: Floats
    exact: Floats
    counters: Counters

    @property
    def error(self) -> Floats:
        """Relative error of the position [1], (n,)."""
        return self.position / self.exact - 1.0

    @property
    def rms(self) -> float:
        """Root mean square of the relative error [1]."""
        return math.sqrt(float(np.mean(np.square(self.error))))

    @property
    def worst(self) -> float:
        """Largest relative error [1]."""
        return float(np.abs(self.error).max())

    @property
    def mean(self) -> float:
        """Mean relative error with its sign [1]: the integral measure, free of the wobble within a cell."""
        return float(self.error.mean())

    def time_at(self, position: Sequence[float] | Floats) -> Floats:
        """Times [s] at which the solver's front passes `position` [m], elementwise, within the track."""
        order = np.argsort(self.position)
        return np.asarray(np.interp(position, self.position[order], self.time[order]))


def observed_orders(cells: Sequence[int], errors: Sequence[float]) -> list[float]:
    """Orders [1] between neighbouring `cells` (a length) of `errors` in any unit, ln(e1/e2)/ln(n2/n1)."""
    sizes, parts = np.asarray(cells, dtype=np.float64), np.abs(np.asarray(errors))
    return [float(v) for v in np.log(parts[:-1] / parts[1:]) / np.log(sizes[1:] / sizes[:-1])]


class _FrontRecord:
    """Observer: the front at given times, from the composition on the line between two steps."""

    def __init__(self, times: Floats, measure: Measure) -> None:
        self.times, self.measure = times, measure
        self.positions: list[Any] = []

    def observe(self, span: Span) -> None:
        while len(self.positions) < self.times.size and self.times[len(self.positions)] <= span.end:
            weight = span.weight(self.times[len(self.positions)])
            self.positions.append(self.measure(span.x_start + weight * (span.x_end - span.x_start)))


def run_track(
    mesh: Mesh,
    x_start: Floats,
    conditions: Callable[[float], Conditions],
    times: Floats,
    measure: Measure,
    controller: StepController,
    observers: Sequence[Observer] = (),
) -> tuple[Floats, Counters]:
    """March from `x_start` to the last time; `measure` of the composition at every time, and the counters."""
    record = _FrontRecord(times, measure)
    leg = Leg(float(times[-1]), 0.0, conditions, controller)
    _, _, counters = march(ImplicitStepper(make_grid(mesh)), x_start, (leg,), (record, *observers))
    return np.array(record.positions), counters
