"""The same equation in py-pde: dx/dt = laplace(u), u = D_poor min(x - x_poor, 0) + D_rich max(x - x_rich, 0).

py-pde's own way to speed: a `PDEBase` whose evolution rate is compiled by its numba backend, explicit Euler
with a fixed step, the compiled stepper called without trackers or interruptions, one thread (its parallel
Laplacian, which it takes from 65536 cells on, was slower at 150 x 100 on two cores). On equal cells its
five-point Laplacian with virtual points is the finite-volume scheme of the native engine, so that the two
differ in time stepping alone: a contact face is the half cell between u of the surface and u of the cell. The
step is the largest stable one, dt = 1 / (2 D_max (1/dx2 + 1/dy2)); beside the contact, where the half cell
makes the diagonal 5/4 of that, it is stable still but no longer monotone: left to the peer's advantage.
Lengths in micrometres, times in seconds.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pde
from measure import Outcome, Problem, outcome
from numpy.typing import NDArray

__all__ = ["ExplicitPeer"]

Floats = NDArray[np.float64]

_PER_METRE = 1e6
_HELD = 1e30
"""Robin coefficient of a held point: large, yet finite, because an infinite one drops the value."""


class Kirchhoff(pde.PDEBase):
    """dx/dt = laplace(u(x))."""

    explicit_time_dependence = False

    def __init__(self, problem: Problem, boundary: dict[str, Any]) -> None:
        super().__init__()
        self.problem, self.boundary = problem, boundary

    def _diffusivities(self) -> tuple[float, float]:
        scale = _PER_METRE**2
        return self.problem.diffusivity_poor * scale, self.problem.diffusivity_rich * scale

    def evolution_rate(self, state: pde.ScalarField, t: float = 0.0) -> pde.ScalarField:
        """Rate of change without compiled code; py-pde asks for it."""
        x, (d_poor, d_rich) = state.data, self._diffusivities()
        u = d_poor * np.minimum(x - self.problem.x_poor, 0.0) + d_rich * np.maximum(
            x - self.problem.x_rich, 0.0
        )
        return pde.ScalarField(state.grid, u).laplace(self.boundary)

    def make_evolution_rate(self, state: pde.ScalarField, backend: Any) -> Callable[[Floats, float], Floats]:
        """Rate of change in compiled code."""
        laplace = state.grid.make_operator("laplace", bc=self.boundary, backend=backend, dtype=state.dtype)
        d_poor, d_rich = self._diffusivities()
        x_poor, x_rich = self.problem.x_poor, self.problem.x_rich

        @backend.compile_function
        def kirchhoff(x: Floats) -> Floats:
            u = np.empty_like(x)
            for i in range(x.shape[0]):
                for j in range(x.shape[1]):
                    u[i, j] = d_poor * min(x[i, j] - x_poor, 0.0) + d_rich * max(x[i, j] - x_rich, 0.0)
            return u

        def rate(x: Floats, t: float) -> Floats:
            return laplace(kirchhoff(x))

        return rate


class ExplicitPeer:
    """Compiled explicit Euler of py-pde on a grid.

    Parameters
    ----------
    problem : What is solved.
    columns, rows : Cells along and down the rectangle.

    Attributes
    ----------
    dt : Step [s], the largest stable one of which a whole number fits between two output times.
    steps : Steps of the whole run.
    compile_s : Time that compilation took [s]; part of no other time.
    """

    def __init__(self, problem: Problem, columns: int, rows: int) -> None:
        self.problem = problem
        width, height = problem.width * _PER_METRE, problem.height * _PER_METRE
        self.grid = pde.CartesianGrid([[0.0, width], [0.0, height]], [columns, rows])
        dx, dy = self.grid.discretization
        fastest = max(problem.diffusivity_poor, problem.diffusivity_rich) * _PER_METRE**2
        stable = 0.5 / (fastest * (dx**-2 + dy**-2))
        every = problem.times[0]
        self.dt = every / math.ceil(every / stable)
        self.steps = round(problem.times[-1] / self.dt)
        logging.getLogger("pde").setLevel(logging.ERROR)
        begin = time.perf_counter()
        solver = pde.EulerSolver(Kirchhoff(problem, self._boundary(dx, dy, rows)), backend="numba")
        self._stepper = solver.make_stepper(self.fresh(), self.dt)
        self._stepper(self.fresh(), 0.0, 2.0 * self.dt)
        self.compile_s = time.perf_counter() - begin

    def fresh(self) -> pde.ScalarField:
        """State at time 0."""
        return pde.ScalarField(self.grid, self.problem.x_start)

    def advance(self, state: pde.ScalarField, start: float, end: float) -> None:
        """Advance `state` in place, compiled, without trackers."""
        self._stepper(state, start, end)

    def step_cost(self, state: pde.ScalarField, steps: int) -> float:
        """Wall time of one step [s], measured over `steps` compiled steps of `state`."""
        begin = time.perf_counter()
        self._stepper(state, 0.0, steps * self.dt)
        return (time.perf_counter() - begin) / steps

    def run(self, times: tuple[float, ...]) -> tuple[float, Outcome]:
        """Wall time of stepping alone [s] and outcome of a run to the last of `times` [s]."""
        state, wall, before, kept = self.fresh(), 0.0, 0.0, []
        for after in times:
            begin = time.perf_counter()
            self._stepper(state, before, after)
            wall += time.perf_counter() - begin
            kept.append(state.data.T.copy())
            before = after
        return wall, outcome(times, np.stack(kept), self.problem)

    def _boundary(self, dx: float, dy: float, rows: int) -> dict[str, Any]:
        """Virtual points beside the contact: 2 u_contact - u, beside the rest u.

        A face of which the part f is contact lets f of that flux through: as a Robin condition
        du/dn + g u = g u_contact with g dx = 2 f / (1 - f).
        """
        low, high = (end * _PER_METRE for end in self.problem.contact)
        below = np.arange(rows) * dy
        part = np.clip(np.minimum(below + dy, high) - np.maximum(below, low), 0.0, dy) / dy
        part = np.round(part, 9)
        held = part >= 1.0
        robin = np.where(held, _HELD, 2.0 * part / np.where(held, 1.0, 1.0 - part)) / dx
        excess = max(self.problem.x_contact - self.problem.x_rich, 0.0)
        u_contact = self.problem.diffusivity_rich * _PER_METRE**2 * excess
        return {
            "x-": {"type": "mixed", "value": robin, "const": robin * u_contact},
            "x+": {"derivative": 0.0},
            "y": {"derivative": 0.0},
        }
