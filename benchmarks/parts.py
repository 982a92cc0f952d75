"""Where the time of a run goes: its Python, and its compiled parts one by one on a state of the run."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from machine import timed

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate, step
from lto_sim.transport.assembly import assemble
from lto_sim.transport.balance import balance
from lto_sim.transport.checkpoint import checkpoint_at
from lto_sim.transport.drive import plan_legs
from lto_sim.transport.engines import make_stepper
from lto_sim.transport.grid import make_grid
from lto_sim.transport.krylov import solve_linear
from lto_sim.transport.leg import LegStart
from lto_sim.transport.levels import fill_levels
from lto_sim.transport.model import build_model
from lto_sim.transport.multigrid import cycle
from lto_sim.transport.stepper import StepResult

__all__ = ["Part", "compiled_parts", "python_parts"]


@dataclass(frozen=True)
class Part:
    """A part of a run: time of one call [s] and calls a step, or its share of the run."""

    name: str
    seconds: float
    calls: float

    @property
    def per_step(self) -> float:
        """Time in one step [s]."""
        return self.seconds * self.calls


def python_parts(scenario: Scenario, most: int = 10) -> tuple[float, list[Part]]:
    """Time of a run under cProfile [s], and the functions whose own time is longest; calls are of the run.

    A compiled kernel counts for the function that calls it.
    """
    profile = cProfile.Profile()
    profile.runcall(simulate, scenario)
    found = pstats.Stats(profile)
    parts = []
    for (file, _, name), (_, calls, own, _, _) in found.stats.items():  # type: ignore[attr-defined]
        where = f"{Path(file).stem}.{name}" if file.endswith(".py") else name.strip("<>")
        parts.append(Part(where, own / calls, calls))
    parts.sort(key=lambda part: -part.per_step)
    return float(found.total_tt), parts[:most]  # type: ignore[attr-defined]


def compiled_parts(scenario: Scenario, until: float, repeats: int = 20) -> tuple[Part, list[Part]]:
    """One implicit solve of a whole step from the state at `until` [s], and what it is made of.

    Returns
    -------
    The solve, and its parts with their calls in it; what is left is the difference.
    """
    values = {"drive.0.until": {"time": until}, "output.every": until, "output.restart": "last"}
    point = checkpoint_at(simulate(scenario.with_values(values)), None)
    model = build_model(scenario)
    grid = make_grid(model.mesh)
    stepper = make_stepper(scenario.numerics, model.mesh, grid)
    x = grid.pad(point.x.reshape(grid.shape))
    leg = plan_legs(scenario, model, grid, stepper)[0].begin(LegStart(0.0, 0.0, 0.1))
    conditions, dt = leg.conditions(until), point.next_step or point.last_step
    excess = point.excess if point.excess.size == grid.elements else None

    def solve() -> StepResult:
        return stepper.step(x, dt, conditions, excess)

    given, result = _handed_down(solve)
    problem, system, levels, skew, local, *_ = given
    network, v, x_new = problem.network, np.zeros(grid.network.size), x.copy()
    best = _best_of(repeats)
    whole = Part("one implicit solve", best(solve), 1.0)
    newton, linear = result.newton_iterations, result.linear_iterations

    def a_cycle_of_it() -> None:
        levels.b[: local.rhs.size] = local.rhs
        cycle(network, levels)

    a_cycle = best(a_cycle_of_it)
    return whole, [
        Part("balance", best(lambda: balance(problem, local, v, x_new)), newton),
        Part("assemble", best(lambda: assemble(problem, system, skew, local)), newton),
        Part("fill the levels", best(lambda: fill_levels(network, system, levels)), newton),
        Part("V-cycle", a_cycle, linear),
        Part("Krylov, V-cycle apart", _iteration(given, best) - a_cycle, linear),
    ]


def _handed_down(solve: Callable[[], StepResult]) -> tuple[tuple[Any, ...], StepResult]:
    """What a step hands to its compiled part, and its result."""
    given: list[tuple[Any, ...]] = []
    original = step.newton_step

    def noted(*arguments: Any) -> bool:
        given.append(arguments)
        return bool(original(*arguments))

    step.newton_step = noted
    try:
        result = solve()
    finally:
        step.newton_step = original
    return given[-1], result


def _iteration(given: tuple[Any, ...], best: Callable[[Callable[[], Any]], float]) -> float:
    """Time of a Krylov iteration [s], from whole solutions of the last system."""
    problem, system, levels, skew, local, _, work, *_ = given
    u = np.zeros(system.active.size)

    def solve() -> int:
        u[:] = 0.0
        return int(
            solve_linear(problem.network, system, levels, skew, local.rhs, local.scale, u, work, 1e-9, 200)
        )

    return best(solve) / max(solve(), 1)


def _best_of(repeats: int) -> Callable[[Callable[[], Any]], float]:
    def best(action: Callable[[], Any]) -> float:
        action()
        return min(timed(action)[0] for _ in range(repeats))

    return best
