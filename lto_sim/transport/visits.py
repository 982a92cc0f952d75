"""The projected composition of given pixels at given times, and nothing else: what a fit of maps asks for.

The pixels need not be those of the scenario's scan, nor the times those of its frames; they come from the
recording. Several sets of times are served by one run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.scenario import Scenario
from lto_sim.specimen import Mesh
from lto_sim.transport.counters import STATUS
from lto_sim.transport.drive import electrical_start, plan_legs, step_temperature
from lto_sim.transport.drive_checks import check_drive
from lto_sim.transport.engines import make_stepper
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import TimeLoop
from lto_sim.transport.model import build_model
from lto_sim.transport.projection import PixelProjection
from lto_sim.transport.record import Observer, Span
from lto_sim.transport.replay import ReplayedLoop

__all__ = ["PixelGrid", "VisitedRun", "visit"]

Floats = NDArray[np.float64]

_LEAST_SHARE: Final[float] = 0.25
"""Area of the particle in a pixel, over the largest, below which the pixel counts as beside it: slivers at an
edge say more of the mesh than of the particle."""


@dataclass(frozen=True, eq=False)
class PixelGrid:
    """Pixels of a recording in the frame of the particle.

    Parameters
    ----------
    x, y : Edges of the columns and of the rows of pixels, rising [m].
    """

    x: Floats
    y: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y.size - 1, self.x.size - 1


@dataclass(frozen=True, eq=False)
class VisitedRun:
    """What the probe met.

    Parameters
    ----------
    values : Projected li fraction at the times asked for, in their shape, single precision; NaN beside the
        particle and where the run had ended.
    steps : Ends of the accepted steps [s].
    status : As of a run; above 1 it could not be finished.
    """

    values: NDArray[np.float32]
    steps: Floats
    status: int

    @property
    def failure(self) -> str:
        """Why the run could not be finished; empty where it was."""
        return STATUS[self.status] if self.status > 1 else ""


def visit(scenario: Scenario, grid: PixelGrid, times: Floats, steps: Floats | None = None) -> VisitedRun:
    """Run a scenario and read given pixels at given times.

    Parameters
    ----------
    scenario : What to run; its own scan and outputs play no part.
    grid : The pixels.
    times : Time [s] at which each pixel is read, (..., rows, columns); before 0 it is read at the start.
    steps : Ends of the steps to take [s]; None chooses them by the accuracy asked for.

    Raises
    ------
    InputError
        A scenario that cannot be run.
    """
    model = build_model(scenario)
    mesh = model.mesh
    cells = make_grid(mesh)
    x_start = scenario.initial_composition(mesh.shape)
    stepper = make_stepper(scenario.numerics, mesh, cells)
    plans = plan_legs(scenario, model, cells, stepper)
    check_drive(scenario, model, plans, x_start)
    edges = [model.material.edges(step_temperature(scenario, step)) for step in scenario.steps]
    record, ends = _Visits(mesh, grid, times, scenario.specimen.dead_layer.li_fraction, edges), _Ends()
    record.begin(x_start)
    observers: Sequence[Observer] = (record, ends)
    loop = TimeLoop if steps is None else ReplayedLoop
    run = loop(
        stepper, x_start, plans, tuple(observers), scenario.numerics.max_steps, None,
        math.fsum(plan.longest for plan in plans), electrical_start(scenario, model, cells, x_start),
    )  # fmt: skip
    if isinstance(run, ReplayedLoop) and steps is not None:
        run.ends = steps
    run.through()
    return VisitedRun(record.values.reshape(times.shape), np.array(ends.times), run.counters.status)


class _Ends:
    """Ends of the accepted steps."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def observe(self, span: Span) -> None:
        self.times.append(span.end)


class _Visits:
    """Projected composition of every pixel at its times, from the line between two steps."""

    def __init__(
        self,
        mesh: Mesh,
        grid: PixelGrid,
        times: Floats,
        inert_fraction: float,
        edges: list[tuple[float, float]],
    ) -> None:
        x, y = mesh.x_face, mesh.y_face
        area = mesh.fraction * np.diff(y)[:, None] * np.diff(x)[None, :]
        inert = area * (mesh.thickness - mesh.active_thickness) / mesh.multiplicity
        cell = np.diff(y)[:, None] * np.diff(x)[None, :]  # shares of a cell lie evenly over its whole square
        self.projection = PixelProjection(x, y, grid.x, grid.y, mesh.volume / cell)
        self.edges = edges
        self.inert_lithium = inert_fraction * self.projection.columns(inert / cell)
        content = self.projection.columns((mesh.volume.sum(axis=0) + inert) / cell)
        covered = self.projection.columns(mesh.fraction)
        inside = (content > 0.0) & (covered > _LEAST_SHARE * covered.max(initial=0.0))
        self.share = np.where(inside, 1.0 / np.where(inside, content, 1.0), np.nan)
        pixel = np.broadcast_to(np.arange(math.prod(grid.shape)).reshape(grid.shape), times.shape).ravel()
        self.order = np.argsort(times, axis=None, kind="stable")
        self.times, self.pixel = times.ravel()[self.order], pixel[self.order]
        self.values = np.full(times.size, np.nan, dtype=np.float32)
        self.next = 0
        self.last: Floats | None = None

    def project(self, x: Floats, leg: int) -> Floats:
        """Mean li fraction through the thickness over each pixel; NaN beside the particle."""
        lithium = self.projection.lithium(x, *self.edges[leg]) + self.inert_lithium
        return np.asarray((lithium * self.share).ravel())

    def begin(self, x: Floats) -> None:
        """Read what is visited up to time 0."""
        last = int(np.searchsorted(self.times, 0.0, side="right"))
        if last:
            self.values[self.order[:last]] = self.project(x, 0)[self.pixel[:last]]
            self.next = last

    def observe(self, span: Span) -> None:
        last = int(np.searchsorted(self.times, span.end, side="right"))
        if last == self.next:
            self.last = None
            return
        before = self.project(span.x_start, span.leg) if self.last is None else self.last
        self.last = after = self.project(span.x_end, span.leg)
        part = slice(self.next, last)
        weight, pixel = np.asarray(span.weight(self.times[part])), self.pixel[part]
        self.values[self.order[part]] = before[pixel] + weight * (after[pixel] - before[pixel])
        self.next = last
