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

from lto_sim.transport.assembly import Local, Problem, States, assemble
from lto_sim.transport.balance import balance
from lto_sim.transport.compiled import kernel
from lto_sim.transport.coupling import (
    Phases,
    barrier_coefficients,
    contact_coefficients,
    front_depths,
)
from lto_sim.transport.krylov import Skew, solve_linear
from lto_sim.transport.levels import Levels, System, fill_levels
from lto_sim.transport.passes import within

__all__ = ["STATE_TOLERANCE", "linearised", "newton_step"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

STATE_TOLERANCE = 1e-9
"""A cell within this much composition of a gap edge counts as of the phase: it has no stock to give, so a
demand passes through a row of such cells in one iteration instead of one cell per iteration. Nearer states
are not told apart either: a parent phase that has all but saturated would turn to and fro on noise."""
_EXACT = 1e-13

_FIRST_TOLERANCE = 1e-6
"""Residual [li fraction] to which linear systems are solved until the states settle, before they are solved
to the tolerance of the step. A state that turned on the noise of a rough solution would have to turn back,
cell by cell; one found late would cost another full solution."""
_OF_TOLERANCE = 10.0
"""What a step of that tolerance leaves beyond a gap edge counts as of the phase when the next one begins."""
_OF_ELEMENTS = 100.0
"""An element's excess is rougher than the residuals of a rough solution by about this."""
_ALL_AT_ONCE = 30
"""Newton iterations in which every state follows the solution."""


@kernel
def _tolerance(phases: Phases) -> float:
    """STATE_TOLERANCE, or less where the gap ends within it of 0 or 1: a composition never leaves them."""
    room: float = min(phases.x_poor, 1.0 - phases.x_rich)
    near: float = max(_EXACT, min(STATE_TOLERANCE, 1e-3 * room))
    return near


@kernel
def _states(
    x: Floats, volume: Floats, phases: Phases, near: float, dt: float, state: States, scale: Floats, v: Floats
) -> None:
    """Phase of every cell as it is, its u as the first guess, and dt / V."""
    x_poor, x_rich, d_poor, d_rich = phases.x_poor, phases.x_rich, phases.d_poor, phases.d_rich
    for c in range(x.size):
        inside = volume[c] > 0.0
        rich, poor = inside & (x[c] >= x_rich - near), inside & (x[c] <= x_poor + near)
        state[c] = 1 if rich else (-1 if poor else 0)
        scale[c] = dt / volume[c] if inside else 0.0
        v[c] = (
            d_rich * max(x[c] - x_rich, 0.0) if rich else (d_poor * min(x[c] - x_poor, 0.0) if poor else 0.0)
        )


@kernel
def _rebase_cells(x_old: Floats, phases: Phases, state: States, base: Floats, v: Floats) -> None:
    x_poor, x_rich, d_poor, d_rich = phases.x_poor, phases.x_rich, phases.d_poor, phases.d_rich
    for c in range(x_old.size):
        total = base[c] + v[c]
        low, high = d_poor * min(x_old[c] - x_poor, 0.0), d_rich * max(x_old[c] - x_rich, 0.0)
        new = low if state[c] < 0 else (high if state[c] > 0 else 0.0)
        base[c] = new
        v[c] = total - new if state[c] != 0 else 0.0


@kernel
def _rebase(problem: Problem, local: Local, w_old: Floats, v: Floats) -> None:
    """Set base to the old u of a node that is still in its phase, else 0, and v so that base + v stays."""
    dims, phases, base = problem.network.dims, problem.phases, local.base
    first, end, node = dims[0, 2] * dims[0, 3], dims[0, 2] * dims[0, 3] * (dims[0, 1] + 1), dims[0, 4]
    _rebase_cells(problem.x_old[first:end], phases, local.state[first:end], base[first:end], v[first:end])
    for e in range(w_old.size):
        n = node + e
        total = base[n] + v[n]
        if local.side[e] < 0:
            base[n] = phases.d_poor * min(w_old[e], 0.0)
        else:
            base[n] = phases.d_rich * max(w_old[e], 0.0)
        v[n] = 0.0 if local.held[e] else total - base[n]


@kernel
def _beyond(problem: Problem, local: Local, v: Floats, c: int, x: float) -> float:
    """How far cell `c` would be beyond its gap edge at u = 0, its neighbours held back within their phases.

    A parent phase that has all but saturated rises above the edge as a whole where one cell of the front has
    yet to take up what flows in: that cell is to change then, and not the parent.
    """
    dims, cells, phases, base, state = (
        problem.network.dims, problem.cells, problem.phases, local.base, local.state
    )  # fmt: skip
    nx, plane = dims[0, 3], dims[0, 2] * dims[0, 3]
    sign = 1.0 if state[c] > 0 else -1.0
    u = base[c] + v[c]
    total = 0.0
    for side in range(6):
        if side == 0:
            g, n = cells.gx[c], c + 1
        elif side == 1:
            g, n = cells.gx[c - 1], c - 1
        elif side == 2:
            g, n = cells.gy[c], c + nx
        elif side == 3:
            g, n = cells.gy[c - nx], c - nx
        elif side == 4:
            g, n = cells.gz[c], c + plane
        else:
            g, n = cells.gz[c - plane], c - plane
        if g != 0.0:
            over = base[n] + v[n]
            total += g * (u - (over if state[n] * over < 0.0 else 0.0))
    edge = phases.x_rich if state[c] > 0 else phases.x_poor
    beyond: float = sign * (edge - x - local.scale[c] * total)
    return beyond


@kernel
def _at_border(problem: Problem, local: Local, c: int) -> bool:
    """Whether a cell of another state lies beside cell `c`.

    Within a phase u is highest and lowest at its borders: once the cells there are in the gap, those behind
    them need not leave the phase, and one that did would have to come back, cell by cell.
    """
    dims, cells, state = problem.network.dims, problem.cells, local.state
    nx, plane = dims[0, 3], dims[0, 2] * dims[0, 3]
    own = state[c]
    border: bool = (
        (cells.gx[c] > 0.0 and state[c + 1] != own)
        or (cells.gx[c - 1] > 0.0 and state[c - 1] != own)
        or (cells.gy[c] > 0.0 and state[c + nx] != own)
        or (cells.gy[c - nx] > 0.0 and state[c - nx] != own)
        or (cells.gz[c] > 0.0 and state[c + plane] != own)
        or (cells.gz[c - plane] > 0.0 and state[c - plane] != own)
    )
    return border


@kernel
def _next_states(
    problem: Problem, local: Local, x: Floats, v: Floats, slack: float, wide: float, leave: int, single: bool
) -> bool:
    """States that the solution asks for; True if one changed by more than round-off (`slack`, of w `wide`).

    Cells leave their phase where `leave` says: 0, where `_beyond` does; 1, where they lie `_at_border`; 2,
    anywhere. With `single` only the first is changed: Murty's least-index pivoting, which cannot come back to
    where it was (the complementarity problem of an M-matrix; the coefficients of barriers all follow even
    so), for the rare steps in which all at once go in a circle.
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
            if over > slack and (
                leave == 2
                or (leave == 1 and _at_border(problem, local, c))
                or (leave == 0 and _beyond(problem, local, v, c, x[c]) > slack)
            ):
                new = -old if over > gap else 0
        local.next_state[c] = new
        if new != old:
            changed = True
            if single:
                state[c] = new
                return True
    if changed:
        for c in range(first, end):
            if volume[c] != 0.0:
                state[c] = local.next_state[c]
    for e in range(local.side.size):
        u = base[node + e] + v[node + e]
        over = abs(u) / (phases.d_poor if local.side[e] < 0 else phases.d_rich)
        if not local.held[e] and local.side[e] * u < 0.0 and over > wide:
            local.side[e] = -local.side[e]
            changed = True
            if single:
                return True
    return changed


@kernel
def _begin(problem: Problem, local: Local, w_old: Floats, v: Floats, x: Floats, tolerance: float) -> None:
    """States, held elements and coefficients before the first iteration."""
    dims, faces, phases = problem.network.dims, problem.faces, problem.phases
    first, end, node = dims[0, 2] * dims[0, 3], dims[0, 2] * dims[0, 3] * (dims[0, 1] + 1), dims[0, 4]
    near = max(_tolerance(phases), min(_OF_TOLERANCE * tolerance, 0.01 * (phases.x_rich - phases.x_poor)))
    _states(
        problem.x_old[first:end], problem.cells.volume[first:end], phases, near, problem.dt,
        local.state[first:end], local.scale[first:end], v[first:end],
    )  # fmt: skip
    local.base[first:end] = 0.0
    x[first:end] = problem.x_old[first:end]
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
        problem.network.cell, problem.elements, phases, problem.acts, problem.cells.volume, problem.x_old,
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
    _begin(problem, local, w_old, v, np.empty_like(problem.x_old), 0.0)
    _couple(problem, local, v, -1.0)
    _rebase(problem, local, w_old, v)
    assemble(problem, system, skew, local)


@kernel
def newton_step(
    problem: Problem, system: System, levels: Levels, skew: Skew, local: Local, w_old: Floats, work: Floats,
    tolerance: float, limit: int, u: Floats, x: Floats, counters: Integers,
) -> bool:  # fmt: skip
    """Advance x_old by dt into x; u, w_old and the fluxes of `local` are outputs too.

    Parameters
    ----------
    problem, system, levels, skew, local, work : What is given, and work space.
    w_old : Excess of every element: guess in, solution out.
    tolerance : Largest residual [li fraction]; round-off where a composition would leave [0, 1] by it.
    limit : Most Newton iterations.
    u : Kirchhoff variable of every node after the step; flat.
    x : Composition after the step.
    counters : (Newton, linear) iterations are added.

    Returns
    -------
    True if the states settled within `limit` iterations, and no composition is NaN, or beyond -1 or 2.
    """
    network, dims = problem.network, problem.network.dims
    nz, ny, nx, node = dims[0, 1], dims[0, 2], dims[0, 3], dims[0, 4]
    first, end = ny * nx, dims[1, 0]
    v = u
    one_dimensional = ny == 1 and nz == 1 and w_old.size == 0 and problem.barriers.cell.size == 0
    _begin(problem, local, w_old, v, x, tolerance)
    _couple(problem, local, v, -1.0)
    done, fresh, last = False, True, one_dimensional
    slack, near = _EXACT, _tolerance(problem.phases)
    for iteration in range(limit):
        counters[0] += 1
        if fresh:
            _rebase(problem, local, w_old, v)
            assemble(problem, system, skew, local)
        aim = max(tolerance if last else _FIRST_TOLERANCE, tolerance, slack)
        if one_dimensional:
            _thomas(nx, system.a, system.gx, system.active, local.rhs, v, work)
        else:
            if fresh:
                fill_levels(network, system, levels)
            used = solve_linear(network, system, levels, skew, local.rhs, local.scale, v, work, aim, 200)
            counters[1] += used if used >= 0 else 200
            if used < 0:
                break
        slack = _EXACT + balance(problem, local, v, x)
        resolved = max(slack, aim, near)
        single = iteration >= _ALL_AT_ONCE
        wide = resolved if last else _OF_ELEMENTS * resolved
        changed = False
        for leave in range(2 if single else 0, 3):
            changed = changed or _next_states(problem, local, x, v, resolved, wide, leave, single)
        fresh = _couple(problem, local, v, resolved) or changed
        if not fresh:
            done = aim <= 2.0 * max(tolerance, slack)  # the slack of this iteration is not that of `aim`
            if done and (tolerance <= _EXACT or within(x[first:end], _EXACT)):
                break
            if done:
                done, tolerance = False, _EXACT
            last = True
    u[first:end] += local.base[first:end]
    for e in range(w_old.size):
        w_old[e] = u[node + e] / (problem.phases.d_poor if local.side[e] < 0 else problem.phases.d_rich)
    return done and within(x[first:end], 1.0)


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
