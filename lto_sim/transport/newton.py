"""One implicit Euler step of dx/dt = div grad u(x), solved exactly as a piecewise-linear system.

A cell is lithium-poor (state -1, x = x_poor + u/D_poor, u < 0), in the gap (0, u = 0), or lithium-rich (+1).
With the states fixed the step is linear in u; its solution gives new states, and the iteration ends, after
finitely many steps, when they no longer change (the semismooth Newton method of Brugnano & Casulli, SIAM J.
Sci. Comput. 30 (2008) 463). Implicit Euler in this form has a discrete maximum principle for every step size.
The new composition is x_old + dt * (fluxes of u) / V, so lithium is conserved to round-off whatever the
linear solver left, and no value is ever clipped.

The unknown of the linear systems is the change v = u - u_old. Their round-off is then a part of what a step
changes rather than of u: dt * (fluxes) / V multiplies it by the step size, which grows without limit once a
particle is done (solved for u itself, x left [0, 1] by 5e-12 in a long hold and by 1e-2 in an endless one).

A contact face feeds its cell through an interface conductance k_c A in series with the half cell G:

    flux = k_c A G / (k_c A + D G) (D w_contact - u) + imposed,

with D that of the phase at the surface; the sign of k_c A w_contact + G u tells which.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel
from lto_sim.transport.multigrid import coarsen, invert_diagonal, solve_linear

__all__ = ["STATE_TOLERANCE", "newton_step"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

STATE_TOLERANCE = 1e-13
"""A cell within this much composition of a gap edge counts as of the phase: it has no stock to give, so a
demand passes through a row of such cells in one iteration instead of one cell per iteration."""

_COARSE_TOLERANCE = 1e-4


@kernel
def _states(x: Floats, x_poor: float, x_rich: float, state: Integers, first: int, end: int) -> None:
    for c in range(first, end):
        if x[c] >= x_rich - STATE_TOLERANCE:
            state[c] = 1
        elif x[c] <= x_poor + STATE_TOLERANCE:
            state[c] = -1
        else:
            state[c] = 0


@kernel
def _rebase(
    first: int, end: int, x_old: Floats, x_poor: float, x_rich: float, d_poor: float, d_rich: float,
    state: Integers, base: Floats, v: Floats,
) -> None:  # fmt: skip
    """Set base to the old u of a cell that is still in its phase, else 0, and v so that base + v stays."""
    for c in range(first, end):
        total = base[c] + v[c]
        if state[c] < 0:
            base[c] = d_poor * min(x_old[c] - x_poor, 0.0)
            v[c] = total - base[c]
        elif state[c] > 0:
            base[c] = d_rich * max(x_old[c] - x_rich, 0.0)
            v[c] = total - base[c]
        else:
            base[c] = v[c] = 0.0


@kernel
def _contact_coefficients(
    base: Floats, v: Floats, d_poor: float, d_rich: float,
    face_cell: Integers, face_g: Floats, face_transfer: Floats, face_w: Floats,
    coefficient: Floats, target: Floats,
) -> bool:  # fmt: skip
    """Linearise every contact face about u = base + v; return whether a surface changed its phase."""
    changed = False
    for f in range(face_cell.size):
        if np.isinf(face_transfer[f]):
            d = d_poor if face_w[f] < 0.0 else d_rich
            g = face_g[f]
        else:
            u = base[face_cell[f]] + v[face_cell[f]]
            drive = face_transfer[f] * face_w[f] + face_g[f] * u
            d = d_poor if drive < 0.0 else d_rich
            g = face_transfer[f] * face_g[f] / (face_transfer[f] + d * face_g[f])
        changed = changed or g != coefficient[f]
        coefficient[f] = g
        target[f] = d * face_w[f]
    return changed


@kernel
def _assemble(
    dims: Integers, dt: float, x_old: Floats, volume: Floats, x_poor: float, x_rich: float,
    d_poor: float, d_rich: float, gx0: Floats, gy0: Floats, gz0: Floats,
    face_cell: Integers, coefficient: Floats, target: Floats, imposed: Floats, state: Integers, base: Floats,
    a: Floats, gx: Floats, gy: Floats, gz: Floats, active: Flags, rhs: Floats,
) -> None:  # fmt: skip
    """Fill the finest level for v: faces between two active cells stay, faces to a gap cell go into a."""
    nz, ny, nx = dims[0, 1], dims[0, 2], dims[0, 3]
    plane = ny * nx
    for c in range(plane, plane * (nz + 1)):
        active[c] = state[c] != 0
        gx[c] = gy[c] = gz[c] = a[c] = rhs[c] = 0.0
    for c in range(plane, plane * (nz + 1)):
        if state[c] < 0:
            a[c] += volume[c] / (d_poor * dt)
            rhs[c] += volume[c] * max(x_old[c] - x_poor, 0.0) / dt
        elif state[c] > 0:
            a[c] += volume[c] / (d_rich * dt)
            rhs[c] += volume[c] * min(x_old[c] - x_rich, 0.0) / dt
        for axis in range(3):
            if axis == 0:
                g, neighbour = gx0[c], c + 1
            elif axis == 1:
                g, neighbour = gy0[c], c + nx
            else:
                g, neighbour = gz0[c], c + plane
            if g != 0.0:
                flux = g * (base[neighbour] - base[c])
                if state[c] != 0:
                    rhs[c] += flux
                if state[neighbour] != 0:
                    rhs[neighbour] -= flux
                if state[c] != 0 and state[neighbour] != 0:
                    if axis == 0:
                        gx[c] = g
                    elif axis == 1:
                        gy[c] = g
                    else:
                        gz[c] = g
                elif state[c] != 0:
                    a[c] += g
                elif state[neighbour] != 0:
                    a[neighbour] += g
    for f in range(face_cell.size):
        c = face_cell[f]
        if state[c] != 0:
            a[c] += coefficient[f]
            rhs[c] += coefficient[f] * (target[f] - base[c]) + imposed[f]


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


@kernel
def _update(
    dims: Integers, dt: float, x_old: Floats, volume: Floats, gx: Floats, gy: Floats, gz: Floats,
    face_cell: Integers, coefficient: Floats, target: Floats, imposed: Floats,
    base: Floats, v: Floats, x: Floats, face_flux: Floats,
) -> float:  # fmt: skip
    """Fill x = x_old + dt (fluxes of base + v) / V; each face's flux is one number with two signs.

    Returns the composition below which a difference is round-off of these sums.
    """
    nz, ny, nx = dims[0, 1], dims[0, 2], dims[0, 3]
    plane = ny * nx
    worst = 0.0
    for c in range(plane, plane * (nz + 1)):
        total = rough = conductance = 0.0
        for axis in range(3):
            if axis == 0:
                g_next, g_last, stride = gx[c], gx[c - 1], 1
            elif axis == 1:
                g_next, g_last, stride = gy[c], gy[c - nx], nx
            else:
                g_next, g_last, stride = gz[c], gz[c - plane], plane
            steady_next = g_next * (base[c + stride] - base[c])
            steady_last = g_last * (base[c] - base[c - stride])
            total += steady_next + g_next * (v[c + stride] - v[c])
            total -= steady_last + g_last * (v[c] - v[c - stride])
            rough += abs(steady_next) + abs(steady_last)
            conductance += g_next + g_last
        x[c] = total
        worst = max(worst, dt / volume[c] * (rough + conductance * abs(v[c])))
    for f in range(face_cell.size):
        c = face_cell[f]
        steady = coefficient[f] * (target[f] - base[c])
        flux = steady - coefficient[f] * v[c] + imposed[f]
        face_flux[f] = flux
        x[c] += flux
        worst = max(worst, dt / volume[c] * (abs(steady) + coefficient[f] * abs(v[c])))
    for c in range(plane, plane * (nz + 1)):
        x[c] = x_old[c] + dt * x[c] / volume[c]
    return 16.0 * 2.220446049250313e-16 * worst


@kernel
def _next_states(
    first: int, end: int, x: Floats, base: Floats, v: Floats, x_poor: float, x_rich: float,
    d_poor: float, d_rich: float, slack: float, state: Integers,
) -> bool:  # fmt: skip
    """States that the solution asks for; True if one changed by more than round-off (`slack`)."""
    changed = False
    gap = x_rich - x_poor
    for c in range(first, end):
        old = state[c]
        new = old
        u = base[c] + v[c]
        if old == 0:
            if x[c] > x_rich + slack:
                new = 1
            elif x[c] < x_poor - slack:
                new = -1
        elif old * u < 0.0:
            over = abs(u) / (d_poor if old < 0 else d_rich)
            if over > slack:
                new = -old if over > gap else 0
        if new != old:
            state[c] = new
            changed = True
    return changed


@kernel
def newton_step(
    dims: Integers, dt: float, x_old: Floats, volume: Floats, x_poor: float, x_rich: float,
    d_poor: float, d_rich: float, gx0: Floats, gy0: Floats, gz0: Floats,
    face_cell: Integers, face_g: Floats, face_transfer: Floats, face_w: Floats, imposed: Floats,
    tolerance: float, limit: int,
    u: Floats, x: Floats, face_flux: Floats, state: Integers, active: Flags, levels: Floats, work: Floats,
    counters: Integers,
) -> bool:  # fmt: skip
    """Advance x_old by dt into x; u, face_flux and state are outputs too (u in also as first guess).

    Returns
    -------
    True if the states settled within `limit` iterations; counters gets (Newton, linear) iterations added.
    """
    nz, ny, nx = dims[0, 1], dims[0, 2], dims[0, 3]
    first, end = ny * nx, ny * nx * (nz + 1)
    a, gx, gy, gz, inverse = levels[0], levels[1], levels[2], levels[3], levels[4]
    rhs, scale, base, v = work[5], work[6], work[7], u
    coefficient = np.zeros(face_cell.size)
    target = np.zeros(face_cell.size)
    one_dimensional = ny == 1 and nz == 1
    _states(x_old, x_poor, x_rich, state, first, end)
    for c in range(first, end):
        scale[c] = dt / volume[c]
        base[c] = 0.0
    _contact_coefficients(
        base, v, d_poor, d_rich, face_cell, face_g, face_transfer, face_w, coefficient, target
    )
    settled = done = False
    slack = STATE_TOLERANCE
    for _ in range(limit):
        counters[0] += 1
        _rebase(first, end, x_old, x_poor, x_rich, d_poor, d_rich, state, base, v)
        _assemble(
            dims, dt, x_old, volume, x_poor, x_rich, d_poor, d_rich, gx0, gy0, gz0,
            face_cell, coefficient, target, imposed, state, base, a, gx, gy, gz, active, rhs,
        )  # fmt: skip
        if one_dimensional:
            _thomas(nx, a, gx, active, rhs, v, work)
        else:
            coarsen(dims, a, gx, gy, gz, active)
            invert_diagonal(dims, a, gx, gy, gz, active, inverse)
            aim = max(tolerance, slack) if settled else _COARSE_TOLERANCE
            used = solve_linear(dims, gx, gy, gz, inverse, rhs, scale, v, work, aim, 200)
            counters[1] += used if used >= 0 else 200
            if used < 0:
                break
        noise = _update(
            dims, dt, x_old, volume, gx0, gy0, gz0, face_cell, coefficient, target, imposed,
            base, v, x, face_flux,
        )  # fmt: skip
        slack = STATE_TOLERANCE + noise
        changed = _next_states(first, end, x, base, v, x_poor, x_rich, d_poor, d_rich, slack, state)
        surface = _contact_coefficients(
            base, v, d_poor, d_rich, face_cell, face_g, face_transfer, face_w, coefficient, target
        )
        unchanged = not (changed or surface)
        done = unchanged and (settled or one_dimensional)
        if done:
            break
        settled = unchanged
    for c in range(first, end):
        u[c] = base[c] + v[c]
    return done
