"""One implicit Euler step, solved exactly as a piecewise-linear system (`newton`), and its linearisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lto_sim.transport.assembly import Cells, Local, Problem
from lto_sim.transport.coupling import Barriers, Elements, Faces, Phases
from lto_sim.transport.grid import Grid
from lto_sim.transport.krylov import Skew
from lto_sim.transport.levels import empty_levels, empty_system
from lto_sim.transport.newton import linearised, newton_step
from lto_sim.transport.stepper import Conditions, Stepper, StepResult

__all__ = ["ImplicitStepper", "Linearised"]

Floats = NDArray[np.float64]

_NEWTON_LIMIT = 100


@dataclass(frozen=True)
class Linearised:
    """Derivative of the fluxes at a state, scaled as the grid is.

    Parameters
    ----------
    matrix : What leaves every node, for a Kirchhoff variable of 1 at another.
    storage : Lithium that a cell of a phase stores for a Kirchhoff variable of 1.
    active : Nodes that are not in the gap.
    state : Phase of every cell, -1, 0 or 1; 0 for elements.
    coupling : Conductance between every element and its cell, both in a phase.
    """

    matrix: Any  # scipy.sparse.csr_array, whose stubs know neither products nor blocks
    storage: Floats
    active: NDArray[np.int64]
    state: Floats
    coupling: Floats


class ImplicitStepper(Stepper):
    """Implicit Euler on one grid, with its work space.

    Parameters
    ----------
    grid : The cells.
    tolerance : Largest residual of a step [li fraction].
    time_order : Order in time of the steps that the loop makes of it.
    """

    def __init__(self, grid: Grid, tolerance: float = 1e-13, time_order: Literal[1, 2] = 2) -> None:
        super().__init__(grid, time_order)
        self.tolerance = tolerance
        network, faces = grid.network, grid.contact_cell.size
        extra = network.first[: grid.edge_kind.shape[1]], network.second[: grid.edge_kind.shape[1]]
        barriers = grid.barrier_cell
        joints = grid.edge_kind.shape[1] + barriers.size + grid.elements
        nodes = int(network.dims[1, 0])
        self._u = np.zeros(nodes)
        self._system, self._levels = empty_system(network), empty_levels(network)
        self._work = np.zeros((5, nodes))
        self._cells = Cells(grid.volume, grid.gx.copy(), grid.gy.copy(), grid.gz)
        self._skew = Skew(
            np.concatenate([extra[0], barriers, network.dims[0, 4] + np.arange(grid.elements)]),
            np.concatenate([extra[1], barriers + grid.barrier_stride, network.cell[: grid.elements]]),
            np.zeros(joints), np.zeros(joints),
        )  # fmt: skip
        cells, elements = grid.volume.size, grid.elements
        self._local = Local(
            state=np.zeros(cells, dtype=np.int8), next_state=np.zeros(cells, dtype=np.int8),
            side=np.ones(elements, dtype=np.int64),
            held=np.zeros(elements, dtype=np.bool_), base=np.zeros(nodes),
            rhs=np.zeros(nodes),
            scale=np.zeros(nodes), coefficient=np.zeros(faces), target=np.zeros(faces),
            face_flux=np.zeros(faces), element_flux=np.zeros(elements),
            g_poor=np.zeros(elements), g_rich=np.zeros(elements), p=np.zeros(barriers.size),
            q=np.zeros(barriers.size),
        )  # fmt: skip

    def step(
        self, x: Floats, dt: float, conditions: Conditions, excess: Floats | None = None,
        acts: float | None = None,
    ) -> StepResult:  # fmt: skip
        """Advance padded composition `x` by `dt` [s]; the first guess is the Kirchhoff variable of `x`."""
        grid = self.grid
        flux_unit = conditions.fastest * grid.conductance_scale
        x_new = np.zeros_like(x)
        excess = self.start_excess(x, conditions) if excess is None else excess.copy()
        counters = np.zeros(2, dtype=np.int64)
        settled = newton_step(
            self._problem(x, excess, dt, conditions, dt if acts is None else acts),
            self._system, self._levels, self._skew, self._local, excess, self._work,
            self.tolerance, _NEWTON_LIMIT, self._u, x_new, counters,
        )  # fmt: skip
        uptake = self._local.face_flux * (flux_unit * dt)
        return StepResult(x_new, excess, uptake, settled, int(counters[0]), int(counters[1]))

    def linearise(self, x: Floats, excess: Floats, conditions: Conditions) -> Linearised:
        """Derivative of all fluxes at padded composition `x`, contacts left out."""
        grid = self.grid
        shut = replace(conditions, contact_transfer=np.zeros(grid.contact_cell.size))
        problem = self._problem(x, excess, grid.time_unit(conditions.fastest), shut, 0.0)
        linearised(problem, self._system, self._skew, self._local, excess.copy(), self._u)
        return self._matrix(problem.phases)

    def _matrix(self, phases: Phases) -> Linearised:
        """The assembled system of a step of scaled time 1 as a sparse matrix, and its storage apart."""
        grid, system, skew = self.grid, self._system, self._skew
        _, nz, ny, nx, node, count = (int(v) for v in grid.network.dims[0, :6])
        cells, edges = np.arange(ny * nx, ny * nx * (nz + 1)), grid.edge_kind.shape[1]
        above = grid.network.cell[:count]
        links = [
            *(
                (cells, cells + step, g[cells])
                for step, g in ((1, system.gx), (nx, system.gy), (ny * nx, system.gz))
            ),
            (node + np.arange(count), above, system.coupling[:count]),
            (grid.network.first[:edges], grid.network.second[:edges], system.link[:edges]),
        ]
        first, second, g = (np.concatenate([link[k] for link in links]) for k in range(3))
        joined = g != 0.0
        first, second, g = first[joined], second[joined], g[joined]
        size = node + count
        state = np.zeros(size)
        state[: grid.volume.size] = self._local.state
        d = np.where(state < 0.0, phases.d_poor, phases.d_rich)
        storage = np.where(state != 0.0, np.append(grid.volume, np.zeros(count)) / d, 0.0)
        diagonal = system.a[:size] - storage
        np.add.at(diagonal, first, g)
        np.add.at(diagonal, second, g)
        nodes = np.arange(size)
        rows = np.concatenate([nodes, first, second, skew.first, skew.second])
        columns = np.concatenate([nodes, second, first, skew.second, skew.first])
        values = np.concatenate([diagonal, -g, -g, -skew.into_first, -skew.into_second])
        active = np.flatnonzero(system.active[:size])
        matrix = csr_array((values, (rows, columns)), shape=(size, size))
        return Linearised(matrix, storage, active, state, system.coupling[:count].copy())

    def _problem(self, x: Floats, excess: Floats, dt: float, conditions: Conditions, acts: float) -> Problem:
        """Everything that a step is given, without dimensions."""
        grid, d_unit = self.grid, conditions.fastest
        time_unit = grid.time_unit(d_unit)
        flux_unit = d_unit * grid.conductance_scale
        transfer, w = self.face_laws(x, excess, conditions)
        faces = Faces(
            grid.contact_cell, grid.contact_element, grid.contact_conductance,
            transfer * grid.contact_area / flux_unit, w, conditions.imposed_flux / flux_unit,
        )  # fmt: skip
        elements = Elements(
            grid.element_conductance,
            grid.element_front,
            grid.edge_conductance(conditions.surface) / flux_unit,
        )
        flat = self._cells.gx, grid.gx, self._cells.gy, grid.gy
        along_x = grid.barrier_stride == 1
        bare = np.where(along_x, flat[1][grid.barrier_cell], flat[3][grid.barrier_cell])
        resistance = (
            conditions.resistance[grid.barrier_kind] * grid.barrier_secant * flux_unit
            if grid.barrier_cell.size
            else np.empty(0)
        )
        barriers = Barriers(grid.barrier_cell, grid.barrier_stride, bare, resistance)
        phases = Phases(
            conditions.x_poor, conditions.x_rich, conditions.diffusivity_poor / d_unit,
            conditions.diffusivity_rich / d_unit,
        )  # fmt: skip
        return Problem(
            grid.network, self._cells, faces, elements, barriers, phases, dt / time_unit, acts / time_unit, x
        )  # fmt: skip
