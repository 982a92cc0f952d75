"""Implicit steps against super-time-stepping: error against exact answers beside wall time, in one run.

Cases, all from the saturated parent phase, in which diffusion is 100 times faster than in the growing one:

- planar: Wagner's front, 1-D and 2-D; error: root mean square of the relative error of the position over the
  last half of the track;
- shell: a wall that conducts along itself feeds a growing shell; error: mean relative error of its thickness
  at 0.2, 0.4 and 0.6 of its reach (the exact answer is a limit, itself good to 2 %);
- circle: a front runs inward through a mesh of cut cells; error: mean relative error of the times at which it
  passes 0.75, 0.5, 0.25 and 0.1 of the radius.

Step sizes by the part of a cell that a front crosses in a step; wall time the median over repeats, after a
run that compiles. A second table: cell-updates (cells times stages) per second of one stage, on cells that
are alike and on cut ones, and what they move beside the bandwidth of a triad over arrays of the same size.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.exact.surface_shell import SurfaceFedShell
from lto_sim.exact.wagner import rate_constant
from lto_sim.specimen import Contact, Mesh, Rectangle, Slab, Specimen, Stretch, build_mesh, circle
from lto_sim.transport.controller import StepController
from lto_sim.transport.coupling import Phases
from lto_sim.transport.grid import Grid, make_grid
from lto_sim.transport.loop import Counters, Leg, march
from lto_sim.transport.record import Span
from lto_sim.transport.stage_passes import Body, advance_cells
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions, Stepper
from lto_sim.transport.super_time import SuperTimeStepper

SLOW, FAST = 1e-16, 1e-14
POOR, RICH, EXCESS = 0.05, 0.95, 0.05
GAP = RICH - POOR
METHODS: dict[str, Callable[[Grid], Stepper]] = {
    "implicit": ImplicitStepper,
    "RKL1": lambda grid: SuperTimeStepper(grid, 1),
    "RKL2": lambda grid: SuperTimeStepper(grid, 2),
}


@dataclass(frozen=True)
class Case:
    """A mesh, how long to run, conductance of its wall, and the error of what was seen at some times."""

    name: str
    mesh: Mesh
    times: np.ndarray
    error: Callable[[np.ndarray], float]
    perimeter: float = 0.0


class Seen:
    """Observer: transformed fraction (times, z, y, x), from the line between two steps."""

    def __init__(self, times: np.ndarray) -> None:
        self.times, self.fraction = times, []

    def observe(self, span: Span) -> None:
        """Take what lies within one step."""
        while len(self.fraction) < self.times.size and self.times[len(self.fraction)] <= span.end:
            weight = span.weight(self.times[len(self.fraction)])
            x = span.x_start + weight * (span.x_end - span.x_start)
            self.fraction.append(np.clip((x - POOR) / GAP, 0.0, 1.0))


def planar(shape: tuple[int, int]) -> Case:
    nx, ny = shape
    cell = 1e-8
    outline = Slab(nx * cell) if ny == 1 else Rectangle(nx * cell, ny * cell)
    mesh = build_mesh(Specimen(outline, 1e-7, cell * (1.0 + 1e-10)), (Contact("fed", Stretch("left")),))
    k = rate_constant(SLOW, EXCESS / GAP)
    exact = np.linspace(0.4, 0.8, 100) * nx * cell

    def error(fraction: np.ndarray) -> float:
        position = fraction.mean(axis=(1, 2)).sum(axis=1) * cell
        return float(np.sqrt(np.mean((position / exact - 1.0) ** 2)))

    return Case(f"planar {nx} x {ny}", mesh, exact**2 / (2.0 * k), error)


def shell(cells: int) -> Case:
    cell, ratio = 5e-9, 0.05
    h0 = cells * cell
    exact = SurfaceFedShell(SLOW, EXCESS / GAP, h0 / ratio)
    end = h0**2 / (2.0 * exact.rate_constant)
    reach = float(exact.length(end))
    depth, length = math.ceil(2.5 * cells), cell * math.ceil(1.4 * reach / cell)
    body = Specimen(Rectangle(length, 2.0 * depth * cell), 1e-7, cell)
    mesh = build_mesh(body, (Contact("fed", Stretch("left"), feeds="surface"),), perimeter=True)

    def error(fraction: np.ndarray) -> float:
        thickness = fraction[-1, 0, :depth].sum(axis=0) * cell
        along = 0.5 * (mesh.x_face[1:] + mesh.x_face[:-1])
        places = np.array([0.2, 0.4, 0.6]) * reach
        return float(np.abs(np.interp(places, along, thickness) / exact.thickness(places, end) - 1.0).mean())

    return Case(f"shell, {cells} cells thick", mesh, np.array([end]), error, h0 / ratio * SLOW)


def around(cells: int) -> Case:
    radius = 0.8e-6
    cell = 2.0 * radius / cells
    body = Specimen(circle((0.0, 0.0), radius), 1e-7, cell, grid_point=(0.3 * cell, 0.17 * cell))
    mesh = build_mesh(body, (Contact("rim", Stretch("all")),))
    core = ShrinkingCore("cylinder", radius, SLOW, EXCESS / GAP)
    parts = np.array([0.75, 0.5, 0.25, 0.1])
    exact = np.asarray(core.time_at(radius * parts))
    times = np.linspace(0.0, 1.05, 1001)[1:] * exact[-1]
    share = mesh.volume / mesh.volume.sum()

    def error(fraction: np.ndarray) -> float:
        left = np.sqrt(np.maximum((share * (1.0 - fraction)).sum(axis=(1, 2, 3)), 0.0))
        return float(np.abs(np.interp(-parts, -left, times) / exact - 1.0).mean())

    return Case(f"circle, {cells} across", mesh, times, error)


def run(case: Case, method: str, front_fraction: float, part: float = 1.0) -> tuple[float, float, Counters]:
    """Error, wall time [s] and counters of one run, or of the first `part` of it."""
    grid = make_grid(case.mesh)
    faces = grid.contact_cell.size
    fed = Conditions(
        POOR, RICH, FAST, SLOW, np.full(faces, EXCESS), np.full(faces, math.inf), np.zeros(faces),
        np.array([case.perimeter, 0.0]),
    )  # fmt: skip
    seen = Seen(case.times)
    leg = Leg(part * float(case.times[-1]), 0.0, lambda _: fed, StepController(front_fraction, 0.3, EXCESS))
    begin = time.perf_counter()
    _, _, counters = march(METHODS[method](grid), np.full(case.mesh.shape, POOR), (leg,), (seen,))
    wall = time.perf_counter() - begin
    assert counters.status == 0
    assert counters.out_of_range == 0
    assert counters.worst_balance_error < 1e-13
    return (case.error(np.array(seen.fraction)) if part == 1.0 else math.nan), wall, counters


def compared(case: Case, fractions: Sequence[float], repeats: int) -> list[list[str]]:
    rows = []
    cells = int(np.count_nonzero(case.mesh.volume))
    for method in METHODS:
        run(case, method, fractions[0], 1e-3)
        for fraction in fractions:
            found = [run(case, method, fraction) for _ in range(repeats)]
            error, _, counters = found[0]
            wall = statistics.median(f[1] for f in found)
            work = f"{counters.newton_iterations} Newton, {counters.linear_iterations} linear"
            if method != "implicit":
                work = f"{counters.linear_iterations} stages, {counters.newton_iterations} limiter"
            rows.append(
                [case.name, f"{cells}", method, f"{fraction:g}", f"{100.0 * error:.3f} %",
                 f"{counters.steps} + {counters.rejected}", work, f"{wall:.3f}"]
            )  # fmt: skip
    return rows


@numba.njit
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, s: float) -> None:
    for i in range(a.size):
        a[i] = b[i] + s * c[i]


def seconds(function: Callable[..., Any], *arguments: Any, budget: float) -> float:
    """Median time [s] of a call, over calls that together take about `budget` [s]."""
    function(*arguments)
    walls: list[float] = []
    while sum(walls) < budget or len(walls) < 3:
        begin = time.perf_counter()
        for _ in range(10):
            function(*arguments)
        walls.append(time.perf_counter() - begin)
    return statistics.median(walls) / 10.0


def throughput(nx: int, ny: int, kind: type, budget: float) -> list[list[str]]:
    rng = np.random.default_rng(0)
    padded = 3 * nx * ny
    u, before, x, scale, gx, gy, gz = (rng.random(padded).astype(kind) for _ in range(7))
    phases = Phases(*(kind(v) for v in (POOR, RICH, 1.0, 0.01)))
    numbers = tuple(kind(v) for v in (1.4, -0.4, 1e-3, -5e-4))
    size = np.dtype(kind).itemsize
    bandwidth = 3 * size * padded / seconds(_triad, u.copy(), x, scale, kind(0.5), budget=budget)
    rows = []
    for name, arrays, alike in (("alike", 4, 0.1), ("cut", 7, 0.0)):
        uniform = tuple(kind(v) for v in (alike, 0.1, 0.1, 0.0))
        body = Body(x, scale, gx, gy, gz, uniform, 1.0)
        wall = seconds(
            advance_cells, u, before, body, (1, ny, nx), phases, np.zeros(nx, kind), *numbers, budget=budget
        )
        rate = nx * ny / wall
        rows.append(
            [f"{nx} x {ny}", np.dtype(kind).name, name, f"{rate:.3g}", f"{arrays * size}",
             f"{rate * arrays * size / 1e9:.1f}", f"{bandwidth / 1e9:.1f}"]
        )  # fmt: skip
    return rows


def printed(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small meshes, two step sizes, one repeat")
    parser.add_argument("--repeats", type=int, default=3, help="repeats of each run (default 3)")
    options = parser.parse_args()
    quick, repeats = options.quick, 1 if options.quick else options.repeats
    fractions = (0.5, 0.25) if quick else (1.0, 0.5, 0.25, 0.1)
    if quick:
        cases = (planar((60, 1)), planar((40, 20)), shell(4), around(32))
    else:
        cases = (planar((200, 1)), planar((150, 100)), shell(8), around(64))
    rows = [row for case in cases for row in compared(case, fractions, repeats)]
    headings = ("case", "cells", "method", "cell/step", "error", "steps + repeated", "work", "wall [s]")
    printed(headings, rows)
    print()
    sizes = ((150, 100), (300, 200)) if quick else ((150, 100), (300, 200), (1200, 800))
    rates = [r for n in sizes for kind in (np.float64, np.float32)
             for r in throughput(*n, kind, 0.1 if quick else 1.0)]  # fmt: skip
    printed(("cells", "precision", "mesh", "cell-updates/s", "bytes each", "GB/s", "triad GB/s"), rates)
    return 0


if __name__ == "__main__":
    sys.exit(main())
