"""One implicit Euler step of dx/dt = div grad u(x), solved exactly as a piecewise-linear system.

A cell is lithium-poor (state -1, x = x_poor + u/D_poor, u < 0), in the gap (0, u = 0), or lithium-rich (+1).
With the states fixed the step is linear in u; its solution gives new states, and the iteration ends, after
finitely many steps, when they no longer change (the semismooth Newton method of Brugnano & Casulli, SIAM J.
Sci. Comput. 30 (2008) 463). Implicit Euler in this form has a discrete maximum principle for every step size.
The new composition is x_old + dt * (fluxes of u) / V, so lithium is conserved to round-off whatever the
linear solver left, and no value is ever clipped. Elements of surfaces and boundaries have an excess of their
own, no stock, and the phase of its sign.

The unknown of the linear systems is the change v = u - u_old (see `assembly`): solved for u itself, x left
[0, 1] by 5e-12 in a long hold and by 1e-2 in an endless one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.assembly import Local, Problem, assemble, balance
from lto_sim.transport.compiled import kernel
from lto_sim.transport.coupling import (
    barrier_coefficients,
    contact_coefficients,
    front_depths,
)
from lto_sim.transport.krylov import Skew, solve_linear
from lto_sim.transport.multigrid import System, coarsen, invert_diagonal

__all__ = ["STATE_TOLERANCE", "linearised", "newton_step"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

STATE_TOLERANCE = 1e-13
"""A cell within this much composition of a gap edge counts as of the phase: it has no stock to give, so a
demand passes through a row of such cells in one iteration instead of one cell per iteration."""

_COARSE_TOLERANCE = 1e-4
_REFINEMENT = 1e-5
"""States and linear solutions are settled together on a coarse scale first, then on finer ones (in one go
without surfaces, where fewer states change): a state that turned on the noise of a rough solution would have
to turn back, cell by cell."""
_ALL_AT_ONCE = 30
"""Newton iterations in which every state follows the solution."""


@kernel
def _states(problem: Problem, state: Integers, first: int, end: int) -> None:
    phases, x, volume = problem.phases, problem.x_old, problem.cells.volume
    for c in range(first, end):
        if volume[c] == 0.0:
            state[c] = 0
        elif x[c] >= phases.x_rich - STATE_TOLERANCE:
            state[c] = 1
        elif x[c] <= phases.x_poor + STATE_TOLERANCE:
            state[c] = -1
        else:
            state[c] = 0


@kernel
def _rebase(problem: Problem, local: Local, w_old: Floats, v: Floats) -> None:
    """Set base to the old u of a node that is still in its phase, else 0, and v so that base + v stays."""
    dims, phases, x_old = problem.network.dims, problem.phases, problem.x_old
    base, state = local.base, local.state
    first, end, node = dims[0, 2] * dims[0, 3], dims[0, 2] * dims[0, 3] * (dims[0, 1] + 1), dims[0, 4]
    for c in range(first, end):
        total = base[c] + v[c]
        if state[c] < 0:
            base[c] = phases.d_poor * min(x_old[c] - phases.x_poor, 0.0)
            v[c] = total - base[c]
        elif state[c] > 0:
            base[c] = phases.d_rich * max(x_old[c] - phases.x_rich, 0.0)
            v[c] = total - base[c]
        else:
            base[c] = v[c] = 0.0
    for e in range(w_old.size):
        n = node + e
        total = base[n] + v[n]
        if local.side[e] < 0:
            base[n] = phases.d_poor * min(w_old[e], 0.0)
        else:
            base[n] = phases.d_rich * max(w_old[e], 0.0)
        v[n] = 0.0 if local.held[e] else total - base[n]


@kernel
def _next_states(problem: Problem, local: Local, x: Floats, v: Floats, slack: float, single: bool) -> bool:
    """States that the solution asks for; True if one changed by more than round-off (`slack`).

    With `single` only the first is changed: Murty's least-index pivoting, which cannot come back to where it
    was (the complementarity problem of an M-matrix; the coefficients of barriers all follow even so), for the
    rare steps in which all at once go in a circle.
    """
    dims, phases = problem.network.dims, problem.phases
    state, base, volume = local.state, local.base, problem.cells.volume
    first, end, node = dims[0, 2] * dims[0, 3], dims[0, 2] * dims[0, 3] * (dims[0, 1] + 1), dims[0, 4]
    changed = False
    gap = phases.x_rich - phases.x_poor
    for c in range(first, end):
        if volume[c] == 0.0:
            continue
        old = state[c]
        new = old
        u = base[c] + v[c]
        if old == 0:
            if x[c] > phases.x_rich + slack:
                new = 1
            elif x[c] < phases.x_poor - slack:
                new = -1
        elif old * u < 0.0:
            over = abs(u) / (phases.d_poor if old < 0 else phases.d_rich)
            if over > slack:
                new = -old if over > gap else 0
        if new != old:
            state[c] = new
            changed = True
            if single:
                return True
    for e in range(local.side.size):
        u = base[node + e] + v[node + e]
        over = abs(u) / (phases.d_poor if local.side[e] < 0 else phases.d_rich)
        if not local.held[e] and local.side[e] * u < 0.0 and over > slack:
            local.side[e] = -local.side[e]
            changed = True
            if single:
                return True
    return changed


@kernel
def _begin(problem: Problem, local: Local, w_old: Floats, v: Floats, x: Floats) -> None:
    """States, held elements and coefficients before the first iteration."""
    dims, faces, phases = problem.network.dims, problem.faces, problem.phases
    first, end, node = dims[0, 2] * dims[0, 3], dims[0, 2] * dims[0, 3] * (dims[0, 1] + 1), dims[0, 4]
    _states(problem, local.state, first, end)
    for c in range(first, end):
        volume = problem.cells.volume[c]
        local.scale[c] = problem.dt / volume if volume > 0.0 else 0.0
        local.base[c] = 0.0
        if local.state[c] < 0:
            v[c] = phases.d_poor * min(problem.x_old[c] - phases.x_poor, 0.0)
        elif local.state[c] > 0:
            v[c] = phases.d_rich * max(problem.x_old[c] - phases.x_rich, 0.0)
        else:
            v[c] = 0.0
        x[c] = problem.x_old[c]
    for e in range(w_old.size):
        c = problem.network.cell[e]
        local.scale[node + e] = local.scale[c]
        local.base[node + e] = 0.0
        local.held[e] = False
        if w_old[e] != 0.0:
            local.side[e] = 1 if w_old[e] > 0.0 else -1
        elif local.state[c] != 0:
            local.side[e] = local.state[c]
        else:
            local.side[e] = 1
        local.element_flux[e] = 0.0
    for f in range(faces.cell.size):
        local.coefficient[f] = 0.0
        n = faces.element[f]
        if n >= 0 and np.isinf(faces.transfer[0, f]):
            local.held[n - node] = True
            local.side[n - node] = -1 if faces.w[0, f] < 0.0 else 1
            w_old[n - node] = faces.w[0, f]
    for e in range(w_old.size):
        v[node + e] = (phases.d_poor if local.side[e] < 0 else phases.d_rich) * w_old[e]
    front_depths(
        problem.network.cell, problem.elements, phases, problem.dt, problem.cells.volume, problem.x_old,
        w_old, local.g_poor, local.g_rich,
    )  # fmt: skip


@kernel
def _couple(problem: Problem, local: Local, v: Floats, slack: float) -> bool:
    """Renew every coefficient that depends on the phase; True if one changed for another reason than that."""
    cells, barriers = problem.cells, problem.barriers
    changed = contact_coefficients(
        problem.faces, problem.phases, local.base, v, local.scale, slack, local.coefficient, local.target
    )
    if barriers.cell.size > 0:
        if barrier_coefficients(
            barriers, problem.phases, local.base, v, local.scale, slack, local.p, local.q
        ):
            changed = True
        for f in range(barriers.cell.size):
            both = min(local.p[f], local.q[f])
            if barriers.stride[f] == 1:
                cells.gx[barriers.cell[f]] = both
            else:
                cells.gy[barriers.cell[f]] = both
    return changed


@kernel
def linearised(problem: Problem, system: System, skew: Skew, local: Local, w_old: Floats, v: Floats) -> None:
    """Fill `system` and `skew` with the derivative of a step at x_old, the phases as they are there.

    The depth of fronts under surfaces is that of the state itself. Storage, V/(D dt) of every cell of a
    phase, is part of `system.a`.
    """
    network = problem.network
    _begin(problem, local, w_old, v, np.empty_like(problem.x_old))
    front_depths(
        network.cell, problem.elements, problem.phases, 0.0, problem.cells.volume, problem.x_old, w_old,
        local.g_poor, local.g_rich,
    )  # fmt: skip
    _couple(problem, local, v, -1.0)
    _rebase(problem, local, w_old, v)
    assemble(problem, system, skew, local)


@kernel
def newton_step(
    problem: Problem, system: System, skew: Skew, local: Local, w_old: Floats, work: Floats,
    tolerance: float, limit: int, u: Floats, x: Floats, counters: Integers,
) -> bool:  # fmt: skip
    """Advance x_old by dt into x; u, w_old and the fluxes of `local` are outputs too.

    Parameters
    ----------
    problem, system, skew, local, work : What is given, and work space.
    w_old : Excess of every element: guess in, solution out.
    tolerance : Largest residual [li fraction].
    limit : Most Newton iterations.
    u : Kirchhoff variable of every node after the step; flat.
    x : Composition after the step.
    counters : (Newton, linear) iterations are added.

    Returns
    -------
    True if the states settled within `limit` iterations.
    """
    network, dims = problem.network, problem.network.dims
    nz, ny, nx, node = dims[0, 1], dims[0, 2], dims[0, 3], dims[0, 4]
    first, end = ny * nx, dims[1, 0]
    v = u
    one_dimensional = ny == 1 and nz == 1 and w_old.size == 0 and problem.barriers.cell.size == 0
    _begin(problem, local, w_old, v, x)
    _couple(problem, local, v, -1.0)
    done = False
    slack = STATE_TOLERANCE
    aim = 0.0 if one_dimensional else _COARSE_TOLERANCE
    for iteration in range(limit):
        counters[0] += 1
        _rebase(problem, local, w_old, v)
        assemble(problem, system, skew, local)
        if one_dimensional:
            _thomas(nx, system.a, system.gx, system.active, local.rhs, v, work)
        else:
            coarsen(network, system)
            invert_diagonal(network, system)
            aim = max(aim, tolerance, slack)
            used = solve_linear(network, system, skew, local.rhs, local.scale, v, work, aim, 200)
            counters[1] += used if used >= 0 else 200
            if used < 0:
                break
        slack = STATE_TOLERANCE + balance(problem, local, v, x)
        resolved = max(slack, aim)
        changed = _next_states(problem, local, x, v, resolved, iteration >= _ALL_AT_ONCE)
        moved = _couple(problem, local, v, resolved)
        if not (changed or moved):
            done = aim <= 2.0 * max(tolerance, slack)  # the slack of this iteration is not that of `aim`
            if done:
                break
            aim *= _REFINEMENT if w_old.size > 0 else 0.0
    for c in range(first, end):
        u[c] = local.base[c] + v[c]
    for e in range(w_old.size):
        w_old[e] = u[node + e] / (problem.phases.d_poor if local.side[e] < 0 else problem.phases.d_rich)
    return done


@kernel
def _thomas(nx: int, a: Floats, gx: Floats, active: Flags, rhs: Floats, u: Floats, work: Floats) -> None:
    """Direct solution in one dimension; a gap cell cuts the chain."""
    upper, value, rest = work[0], work[1], work[2]
    for c in range(nx, 2 * nx):
        if not active[c]:
            upper[c] = value[c] = rest[c] = 0.0
            continue
        left = gx[c - 1]
        own = a[c] + (left * rest[c - 1] if left > 0.0 else 0.0)
        pivot = own + gx[c]
        rest[c] = own / pivot  # 1 - upper, without the cancellation
        upper[c] = gx[c] / pivot
        value[c] = (rhs[c] + (left * value[c - 1] if left > 0.0 else 0.0)) / pivot
    u[2 * nx - 1] = value[2 * nx - 1]
    for c in range(2 * nx - 2, nx - 1, -1):
        u[c] = value[c] + upper[c] * u[c + 1]
