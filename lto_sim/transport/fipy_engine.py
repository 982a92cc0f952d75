"""The second engine: the same step on a FiPy mesh, as an independent check and as the peer for timings.

One step of implicit Euler (of which `integrate` makes second order) in the Kirchhoff variable u = D w, with
the composition as its enthalpy,

    (x - x_old)/dt = div grad u + contacts,    x = x_poor + u/D_poor (u < 0),   in the gap (u = 0),
                                                   x_rich + u/D_rich (u > 0),

is solved by sweeps of the source-based enthalpy method: about the last composition, x is the straight line
x_m + s (u - u_m), with s = 1/D in a phase and a large number in the gap, which holds u at 0 there while the
fluxes fill the cell; a cell that leaves its phase or the gap stops at the edge for one sweep. With this
optimum slope the sweeps are a Newton iteration and end once no cell changes its state (1 to 4 a step).
Voller & Swaminathan, Numer. Heat Transf. B 19 (1991) 175; the large number is FiPy's way to fix inner cells.

A contact is a source of its cell, FiPy's form of a Robin condition,

    flux = T A G/(T A + D G) (D w_contact - u)

with half cell G, and D, T and w_contact of the phase at the surface (`laws`); G alone where it is held.

**Lithium.** After the sweeps x follows from x_old and the fluxes of u over the faces, each taken once from
one cell and given to the next, and `uptake` from the same fluxes: the balance is exact to round-off whatever
the linear solver leaves. What it leaves shows in x alone: about 1e-12 of li fraction (direct: 1e-14).

**Speed.** In u the diffusion term never changes: FiPy assembles it once, a sweep rewrites the diagonal and
solves with a solver of FiPy's. (Assembled by `Term.sweep` every time, 15 000 cells take 70 to 100 ms more.)
Milliseconds a sweep, one core, front in a rectangle of 2 x 1.33 um, 150 nm thick:

    cells                          2-D: 3750  15000  33750  60000    3-D: 600  2400  14400
    LinearLUSolver                        14     65    157    367           4    23    380
    LinearPCGSolver, diagonal             18     85    181    316           5    16     40
    LinearPCGSolver, PyAMG                25     48    104    159          22    21     73

so direct in 1-D and for few cells, multigrid for many in 2-D where PyAMG is installed, else the diagonal.
Of FiPy's own preconditioners the incomplete LU has not converged after 300 iterations (15 000 cells), and
Jacobi's factorises the diagonal for every vector.
"""

from __future__ import annotations

import math
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

from lto_sim.specimen import Mesh
from lto_sim.transport.fipy_mesh import FiPyMesh, load_fipy, make_fipy_mesh
from lto_sim.transport.grid import Grid
from lto_sim.transport.stepper import Conditions, Stepper, StepResult

__all__ = ["FiPyStepper", "solver_name"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SWEEPS = 60
_HELD = 1e12
"""The large number: slope in the gap over the conductances around it."""
_LINEAR, _OF_TOLERANCE = 1e-12, 1e-2
"""Residual that the iterative solver leaves at least, over the right-hand side, and over the tolerance."""
_SLACK = 1e-12
"""Smallest overshoot [li fraction] that changes the state of a cell; a cell this near to an edge of the gap
starts a step as one of the phase, so that a demand passes a row of such cells in one sweep."""
_STRICT, _LOOSE = 10, 1e-9
"""Sweeps after which the overshoot may be this large: what is left then, in a saturated parent, is a demand
of 1e-11 that passes one cell a sweep."""
_DIRECT = {1: math.inf, 2: 40_000, 3: 1_500}
_BEFORE_MULTIGRID = 10_000
"""Most cells for the direct solver, by the dimensions of the mesh, and in two where PyAMG is there."""


class FiPyStepper(Stepper):
    """Implicit Euler on a FiPy mesh.

    Parameters
    ----------
    mesh : The specimen's cells.
    grid : The same, as the time loop knows them.
    tolerance : Overshoot [li fraction] that changes the state of a cell; 1e-12 at least.
    time_order : Order in time of the steps that the loop makes of it.

    Raises
    ------
    InputError
        The specimen has what FiPy cannot treat.
    """

    def __init__(
        self, mesh: Mesh, grid: Grid, tolerance: float = 1e-13, time_order: Literal[1, 2] = 2
    ) -> None:
        super().__init__(grid, time_order)
        fipy = load_fipy()
        self.mesh = make_fipy_mesh(fipy, mesh)
        self._slack = max(tolerance, _SLACK)
        self._cell = grid.contact_cell - grid.interior.start
        self._half = self.mesh.contact_area / self.mesh.contact_distance
        cells, faces = self.mesh.volume.size, self.mesh.first.size
        ones, face = np.ones(faces), np.arange(faces)
        self._gather = csr_array(
            (
                np.concatenate([ones, -ones]),
                (np.concatenate([self.mesh.first, self.mesh.second]), np.tile(face, 2)),
            ),
            shape=(cells, faces),
        )
        with _quiet():
            self._system = _System(fipy, self.mesh, tolerance)

    def step(
        self, x: Floats, dt: float, conditions: Conditions, excess: Floats | None = None,
        acts: float | None = None,
    ) -> StepResult:  # fmt: skip
        """Advance padded composition `x` by `dt` [s]; without elements, `excess` and `acts` do not matter."""
        mesh, d_unit = self.mesh, conditions.fastest
        tau = dt * d_unit / mesh.length**2
        x_old = x[self.grid.interior]
        edges = np.array([conditions.x_poor, 0.0, conditions.x_rich])
        d = np.array([conditions.diffusivity_poor, 1.0, conditions.diffusivity_rich]) / d_unit
        slope = np.array([1.0 / d[0] / tau, _HELD * (1.0 + 1.0 / tau), 1.0 / d[2] / tau])
        above, below = np.maximum(x_old - edges[2], 0.0), np.minimum(x_old - edges[0], 0.0)
        state = np.where(x_old > edges[2] - self._slack, 1, np.where(x_old < edges[0] + self._slack, -1, 0))
        u = d[0] * below + d[2] * above
        transfer, w = self.face_laws(x, np.empty(0), conditions)
        law = _Law(self._half, transfer * mesh.contact_area * (mesh.length / d_unit), w, d)
        imposed = conditions.imposed_flux * (mesh.length**2 / (mesh.measure * d_unit))
        conductance, target = law(u[self._cell])
        self._system.start(u)
        x_new, contact, sweeps, settled = x_old, imposed, 0, False
        while not settled and sweeps < _SWEEPS:
            start = np.where(state == 0, x_old, edges[state + 1])
            source = self._at_contacts(conductance * target + imposed)
            with _quiet():
                u, converged = self._system.solve(
                    slope[state + 1] * mesh.volume + self._at_contacts(conductance),
                    (x_old - start) / tau * mesh.volume + source,
                )
            sweeps += 1
            if not converged:
                break
            slack = self._slack if sweeps <= _STRICT else max(self._slack, _LOOSE)
            contact = conductance * (target - u[self._cell]) + imposed
            into = self._gather @ (mesh.conductance * (u[mesh.second] - u[mesh.first]))
            x_new = x_old + tau / mesh.volume * (into + self._at_contacts(contact))
            new_state = _next(state, u / d[state + 1], x_new, (edges[0], edges[2]), slack)
            conductance, target = law(u[self._cell])
            moved = conductance * (target - u[self._cell]) + imposed - contact
            settled = np.array_equal(new_state, state) and bool(
                np.all(np.abs(moved) * tau <= slack * mesh.volume[self._cell])
            )
            state = new_state
        padded = np.zeros_like(x)
        padded[self.grid.interior] = x_new
        uptake = contact * (mesh.measure * tau)
        return StepResult(padded, np.empty(0), uptake, settled, sweeps, self._system.iterations)

    def _at_contacts(self, faces: Floats) -> Floats:
        """Sum over the contact faces of every cell."""
        return np.bincount(self._cell, faces, self.mesh.volume.size).astype(np.float64)


def _next(state: Integers, w: Floats, x: Floats, edges: tuple[float, float], slack: float) -> Integers:
    """State of every cell after a sweep that gave excess `w` to the phases and composition `x`."""
    from_gap = np.where(x > edges[1] + slack, 1, np.where(x < edges[0] - slack, -1, 0))
    return np.where(state == 0, from_gap, np.where(state * w > -slack, state, 0))


class _Law:
    """Every contact face as a conductance and the u that it drives its cell to."""

    def __init__(self, half: Floats, transfer: Floats, w: Floats, d: Floats) -> None:
        held = np.isinf(transfer)
        conductance = np.where(held, 0.0, transfer)
        sides = d[[0, 2], None]
        series = conductance * half / (conductance + sides * half)
        self.half, self.held, self.drive = half, held[0], np.where(held[0], w[0], conductance[0] * w[0])
        self.conductance, self.target = np.where(held, half, series), sides * w

    def __call__(self, u: Floats) -> tuple[Floats, Floats]:
        """Conductance and target about u of the cells behind, by the phase at the surface."""
        poor = self.drive + np.where(self.held, 0.0, self.half * u) < 0.0
        (k_poor, k_rich), (aim_poor, aim_rich) = self.conductance, self.target
        return np.where(poor, k_poor, k_rich), np.where(poor, aim_poor, aim_rich)


class _System:
    """FiPy's matrix of -div grad u, whose diagonal is rewritten in every sweep, and a solver of FiPy's.

    This is `Term.sweep` with the assembly taken out of it: in u the diffusion term never changes.
    """

    def __init__(self, fipy: Any, mesh: FiPyMesh, tolerance: float) -> None:
        solvers, grid = fipy.solvers.scipy, mesh.grid
        self.u = fipy.CellVariable(mesh=grid, value=0.0)
        self.iterations = 0
        self.solver = _solver(solvers, mesh.volume.size, grid.dim, tolerance)
        term = fipy.DiffusionTerm(coeff=fipy.FaceVariable(mesh=grid, value=mesh.face_metric))
        term.cacheMatrix()
        term.justResidualVector(var=self.u, solver=self.solver)
        self.matrix = -term.matrix
        entries = self.matrix.matrix
        entries.setdiag(entries.diagonal())  # a cell without a neighbour has none
        entries.sort_indices()
        self.fixed = entries.data.copy()
        row = np.repeat(np.arange(mesh.volume.size), np.diff(entries.indptr))
        self.diagonal = np.flatnonzero(row == entries.indices)

    def start(self, u: Floats) -> None:
        """Begin a step from `u`."""
        self.u.setValue(u)
        self.iterations = 0

    def solve(self, diagonal: Floats, source: Floats) -> tuple[Floats, bool]:
        """Solve (diagonal - div grad) u = source; whether the solver says that it has."""
        data = self.matrix.matrix.data
        data[:] = self.fixed
        data[self.diagonal] += diagonal
        self.solver._storeMatrix(var=self.u, matrix=self.matrix, RHSvector=source)
        self.solver._solve()
        self.iterations += int(self.solver.convergence.iterations)
        return np.array(self.u.value), int(self.solver.convergence.status_code) == 0


def _has_multigrid(dimensions: int) -> bool:
    return dimensions == 2 and find_spec("pyamg") is not None


def _is_direct(cells: int, dimensions: int) -> bool:
    return cells <= (_BEFORE_MULTIGRID if _has_multigrid(dimensions) else _DIRECT[dimensions])


def solver_name(cells: int, dimensions: int) -> str:
    """Linear solver that is taken for so many cells."""
    if _is_direct(cells, dimensions):
        return "SciPy sparse LU"
    return "SciPy PCG, PyAMG" if _has_multigrid(dimensions) else "SciPy PCG, diagonal"


def _solver(solvers: Any, cells: int, dimensions: int, tolerance: float) -> Any:
    """A solver of FiPy's for so many cells."""
    multigrid = _has_multigrid(dimensions)
    if _is_direct(cells, dimensions):
        return solvers.LinearLUSolver(tolerance=0.0, criterion="unscaled", iterations=2)
    return solvers.LinearPCGSolver(
        tolerance=max(_LINEAR, _OF_TOLERANCE * tolerance), criterion="RHS", iterations=20_000,
        precon=_preconditioner(solvers, multigrid=multigrid),
    )  # fmt: skip


def _preconditioner(solvers: Any, *, multigrid: bool) -> Any:
    """PyAMG's classical multigrid, or the diagonal, which FiPy's own class factorises for every vector."""

    class Diagonal(solvers.preconditioners.scipyPreconditioner.ScipyPreconditioner):  # type: ignore[misc]
        def _applyToMatrix(self, matrix: Any) -> tuple[Any, Any]:
            inverse = 1.0 / matrix.diagonal()
            return LinearOperator(matrix.shape, lambda r: inverse * np.ravel(r)), matrix

    class Multigrid(Diagonal):
        def _applyToMatrix(self, matrix: Any) -> tuple[Any, Any]:
            levels = import_module("pyamg").ruge_stuben_solver(matrix.tocsr())
            return levels.aspreconditioner(), matrix

    return Multigrid() if multigrid else Diagonal()


def _quiet() -> warnings.catch_warnings[None]:
    """FiPy's warnings are kept from the user: what matters of them is in the step's result."""
    return warnings.catch_warnings(action="ignore")
