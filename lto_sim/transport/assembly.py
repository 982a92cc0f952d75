"""The linear system of one Newton iteration, for the change v = u - base, and the balance that follows it.

Their round-off is a part of what a step changes rather than of u, which dt * (fluxes) / V would multiply by
the step size without limit. A flux is one number that leaves one cell and enters another, whatever the linear
solver left; an element stores nothing, so it gives its cell exactly what reaches it along its edges.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, threaded
from lto_sim.transport.coupling import Barriers, Elements, Faces, Phases
from lto_sim.transport.krylov import Skew
from lto_sim.transport.multigrid import System
from lto_sim.transport.network import Network
from lto_sim.transport.passes import PART, THREADED_CELLS, largest

__all__ = ["Cells", "Local", "Problem", "assemble", "balance"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
States = NDArray[np.int8]

_STRIP = 1024


class Cells(NamedTuple):
    """Scaled volumes (0 outside the particle) and conductances, padded; a barrier's face is set anew."""

    volume: Floats
    gx: Floats
    gy: Floats
    gz: Floats


class Problem(NamedTuple):
    """What one step is given, without dimensions; `acts` is the time that its fluxes act for."""

    network: Network
    cells: Cells
    faces: Faces
    elements: Elements
    barriers: Barriers
    phases: Phases
    dt: float
    acts: float
    x_old: Floats


class Local(NamedTuple):
    """Work space of one step.

    Parameters
    ----------
    state, next_state : Phase of every cell, -1, 0 (gap) or 1, and the one it is to have.
    side : Phase of every element, -1 or 1.
    held : Elements that a contact holds.
    base, rhs, scale : Flat: u that v is counted from, right-hand side, dt / V.
    coefficient, target, face_flux : Of every contact face.
    element_flux : Flux from every element into its cell.
    g_poor, g_rich : Conductance from every element to its cell, poor and rich side.
    p, q : Of every barrier.
    """

    state: States
    next_state: States
    side: Integers
    held: Flags
    base: Floats
    rhs: Floats
    scale: Floats
    coefficient: Floats
    target: Floats
    face_flux: Floats
    element_flux: Floats
    g_poor: Floats
    g_rich: Floats
    p: Floats
    q: Floats


@kernel
def _difference(p: float, u_1: float, q: float, u_2: float) -> float:
    """Return p u_1 - q u_2, without round-off of the products where p and q are one."""
    return p * (u_1 - u_2) if p == q else p * u_1 - q * u_2


@kernel
def _conductances(local: Local, e: int, c: int) -> tuple[float, float]:
    """Return p and q of the flux p u_s - q u_c from element `e` into its cell `c`."""
    p = local.g_poor[e] if local.side[e] < 0 else local.g_rich[e]
    q = local.g_poor[e] if local.state[c] < 0 else local.g_rich[e]
    return p, q


@kernel
def assemble(problem: Problem, system: System, skew: Skew, local: Local) -> None:
    """Fill the finest level: faces between two active nodes stay, faces to a held one go into a."""
    _assemble_cells(problem, system, local)
    _assemble_contacts(problem, system, local)
    if problem.elements.g.size > 0:
        _assemble_elements(problem, system, skew, local)
    if problem.barriers.cell.size > 0:
        _assemble_barriers(problem, system, skew, local)


@kernel
def _assemble_cells(problem: Problem, system: System, local: Local) -> None:
    dims, cells, phases, dt = problem.network.dims, problem.cells, problem.phases, problem.dt
    plane = dims[0, 2] * dims[0, 3]
    first, n = plane, plane * dims[0, 1]
    if n >= THREADED_CELLS:
        _assemble_threaded(
            first, n, dims[0, 1], dims[0, 3], plane, phases.x_poor, phases.x_rich, phases.d_poor * dt,
            phases.d_rich * dt, dt, problem.x_old, cells.volume, cells.gx, cells.gy, cells.gz, local.state,
            local.base, local.rhs, system.a, system.gx, system.gy, system.gz, system.active,
        )  # fmt: skip
    else:
        _assemble_part(
            first, first + n, dims[0, 1], dims[0, 3], plane, phases.x_poor, phases.x_rich, phases.d_poor * dt,
            phases.d_rich * dt, dt, problem.x_old, cells.volume, cells.gx, cells.gy, cells.gz, local.state,
            local.base, local.rhs, system.a, system.gx, system.gy, system.gz, system.active,
        )  # fmt: skip


@threaded
def _assemble_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, x_poor: float, x_rich: float, poor: float, rich: float,
    dt: float, x_old: Floats, volume: Floats, gx: Floats, gy: Floats, gz: Floats, state: States, base: Floats,
    rhs: Floats, a: Floats, both_x: Floats, both_y: Floats, both_z: Floats, active: Flags,
) -> None:  # fmt: skip
    for part in numba.prange((n + PART - 1) // PART):
        begin = first + part * PART
        _assemble_part(
            begin, min(begin + PART, first + n), nz, nx, plane, x_poor, x_rich, poor, rich, dt, x_old, volume,
            gx, gy, gz, state, base, rhs, a, both_x, both_y, both_z, active,
        )  # fmt: skip


@kernel
def _assemble_part(
    first: int, end: int, nz: int, nx: int, plane: int, x_poor: float, x_rich: float, poor: float,
    rich: float, dt: float, x_old: Floats, volume: Floats, gx: Floats, gy: Floats, gz: Floats, state: States,
    base: Floats, rhs: Floats, a: Floats, both_x: Floats, both_y: Floats, both_z: Floats, active: Flags,
) -> None:  # fmt: skip
    here = slice(first, end)
    _store(
        state[here], x_old[here], volume[here], x_poor, x_rich, 1.0 / poor, 1.0 / rich, 1.0 / dt, a[here],
        rhs[here], active[here],
    )  # fmt: skip
    for axis in range(3 if nz > 1 else 2):
        step = 1 if axis == 0 else (nx if axis == 1 else plane)
        g = gx if axis == 0 else (gy if axis == 1 else gz)
        both = both_x if axis == 0 else (both_y if axis == 1 else both_z)
        ahead, behind = slice(first + step, end + step), slice(first - step, end - step)
        _join(
            g[here], g[behind], state[here], state[ahead], state[behind], base[here], base[ahead],
            base[behind], both[here], a[here], rhs[here],
        )  # fmt: skip
    _leave_active(state[here], a[here], rhs[here])


@kernel
def _store(
    state: States, x_old: Floats, volume: Floats, x_poor: float, x_rich: float, poor: float, rich: float,
    rate: float, a: Floats, rhs: Floats, active: Flags,
) -> None:  # fmt: skip
    """Storage of every cell, and what it has beyond its gap edge already; `poor` and `rich` are 1/(D dt)."""
    for c in range(a.size):
        is_poor, is_rich = state[c] < 0, state[c] > 0
        a[c] = volume[c] * (poor if is_poor else (rich if is_rich else 0.0))
        ahead = max(x_old[c] - x_poor, 0.0) if is_poor else (min(x_old[c] - x_rich, 0.0) if is_rich else 0.0)
        rhs[c] = volume[c] * ahead * rate
        active[c] = state[c] != 0


@kernel
def _join(
    g: Floats, g_last: Floats, state: States, state_next: States, state_last: States, base: Floats,
    base_next: Floats, base_last: Floats, both: Floats, a: Floats, rhs: Floats,
) -> None:  # fmt: skip
    """Faces along one axis: those between active cells stay, others go into `a`; add the flux of `base`."""
    for c in range(a.size):
        both[c] = g[c] if (state[c] != 0) & (state_next[c] != 0) else 0.0
        a[c] += (g[c] if state_next[c] == 0 else 0.0) + (g_last[c] if state_last[c] == 0 else 0.0)
        rhs[c] += g[c] * (base_next[c] - base[c]) - g_last[c] * (base[c] - base_last[c])


@kernel
def _leave_active(state: States, a: Floats, rhs: Floats) -> None:
    """Clear both of inactive cells."""
    for c in range(a.size):
        rhs[c] = rhs[c] if state[c] != 0 else 0.0
        a[c] = a[c] if state[c] != 0 else 0.0


@kernel
def _assemble_contacts(problem: Problem, system: System, local: Local) -> None:
    faces = problem.faces
    for f in range(faces.cell.size):
        c = faces.cell[f]
        if faces.element[f] < 0 and local.state[c] != 0:
            g = local.coefficient[f]
            system.a[c] += g
            local.rhs[c] += g * (local.target[f] - local.base[c]) + faces.imposed[f]


@kernel
def _assemble_elements(problem: Problem, system: System, skew: Skew, local: Local) -> None:
    """Elements, their edges and the contacts that feed them."""
    network, faces, phases = problem.network, problem.faces, problem.phases
    node, count, edges = network.dims[0, 4], network.dims[0, 5], network.dims[0, 8]
    a, rhs, base = system.a, local.rhs, local.base
    joints = edges + problem.barriers.cell.size
    into_first, into_second = skew.into_first[joints:], skew.into_second[joints:]
    for e in range(count):
        n = node + e
        system.active[n] = not local.held[e]
        a[n] = rhs[n] = 0.0
    for e in range(count):
        p, q = _conductances(local, e, network.cell[e])
        both = (not local.held[e]) & (local.state[network.cell[e]] != 0)
        small = min(p, q)
        system.coupling[e] = small if both else 0.0
        into_first[e] = q - small if both else 0.0
        into_second[e] = p - small if both else 0.0
    for e in range(count):
        n, c = node + e, network.cell[e]
        p, q = _conductances(local, e, c)
        flux = _difference(p, base[n], q, base[c])
        rhs[n] -= flux
        rhs[c] += flux
        a[n] += p - system.coupling[e]
        a[c] += q - system.coupling[e]
    _assemble_edges(problem, system, skew, local)
    for e in range(count):
        c = network.cell[e]
        if local.held[e]:
            a[node + e] = rhs[node + e] = 0.0
        if local.state[c] == 0:
            a[c] = rhs[c] = 0.0
    for f in range(faces.cell.size):
        n = faces.element[f]
        if n >= 0 and not local.held[n - node]:
            side = 0 if local.side[n - node] < 0 else 1
            d = phases.d_poor if side == 0 else phases.d_rich
            a[n] += faces.transfer[side, f] / d
            rhs[n] += faces.transfer[side, f] * (faces.w[side, f] - base[n] / d) + faces.imposed[f]


@kernel
def _assemble_edges(problem: Problem, system: System, skew: Skew, local: Local) -> None:
    """Edges between elements, held ones too: two loops, as one that does all of it takes five times as long."""
    network, edge, phases = problem.network, problem.elements.edge, problem.phases
    node, edges = network.dims[0, 4], network.dims[0, 8]
    a, rhs, base, link = system.a, local.rhs, local.base, system.link
    poor, rich = 1.0 / phases.d_poor, 1.0 / phases.d_rich
    for f in range(edges):
        first, second = network.first[f], network.second[f]
        p = edge[f] * (poor if local.side[first - node] < 0 else rich)
        q = edge[f] * (poor if local.side[second - node] < 0 else rich)
        both = system.active[first] & system.active[second]
        small = min(p, q)
        link[f] = small if both else 0.0
        skew.into_first[f] = q - small if both else 0.0
        skew.into_second[f] = p - small if both else 0.0
    for f in range(edges):
        first, second = network.first[f], network.second[f]
        p = edge[f] * (poor if local.side[first - node] < 0 else rich)
        q = edge[f] * (poor if local.side[second - node] < 0 else rich)
        flux = _difference(p, base[first], q, base[second])
        rhs[first] -= flux
        rhs[second] += flux
        a[first] += p - link[f]
        a[second] += q - link[f]


@kernel
def _assemble_barriers(problem: Problem, system: System, skew: Skew, local: Local) -> None:
    """The skew parts; the smaller of p and q is the face's conductance already."""
    barriers, edges = problem.barriers, problem.network.dims[0, 8]
    for f in range(barriers.cell.size):
        first = barriers.cell[f]
        second = first + barriers.stride[f]
        p, q = local.p[f], local.q[f]
        small = min(p, q)
        both = local.state[first] != 0 and local.state[second] != 0
        flux = (p - small) * local.base[first] - (q - small) * local.base[second]
        skew.into_first[edges + f] = q - small if both else 0.0
        skew.into_second[edges + f] = p - small if both else 0.0
        if local.state[first] != 0:
            local.rhs[first] -= flux
            system.a[first] += p - small
        if local.state[second] != 0:
            local.rhs[second] += flux
            system.a[second] += q - small


@kernel
def balance(problem: Problem, local: Local, v: Floats, x: Floats) -> float:
    """Fill x = x_old + dt (fluxes of base + v) / V and the fluxes through contacts and elements.

    Returns the composition below which a difference is round-off of these sums.
    """
    dims, cells, dt, x_old = problem.network.dims, problem.cells, problem.dt, problem.x_old
    faces, base = problem.faces, local.base
    plane = dims[0, 2] * dims[0, 3]
    first, n = plane, plane * dims[0, 1]
    rough = np.zeros((n + PART - 1) // PART)
    nz, nx = dims[0, 1], dims[0, 3]
    if n >= THREADED_CELLS:
        _balance_threaded(
            first, n, nz, nx, plane, cells.gx, cells.gy, cells.gz, base, local.scale, v, x, rough
        )  # fmt: skip
    else:
        for part in range(rough.size):
            _balance_part(
                first, n, nz, nx, plane, cells.gx, cells.gy, cells.gz, base, local.scale, v, x, part, rough
            )  # fmt: skip
    worst = largest(rough)
    for f in range(faces.cell.size):
        if faces.element[f] < 0:
            c = faces.cell[f]
            steady = local.coefficient[f] * (local.target[f] - base[c])
            flux = steady - local.coefficient[f] * v[c] + faces.imposed[f]
            local.face_flux[f] = flux
            x[c] += flux
            rough = abs(steady) + local.coefficient[f] * abs(v[c])
            worst = max(worst, dt / cells.volume[c] * rough)
    if problem.elements.g.size > 0:
        worst = max(worst, _balance_elements(problem, local, v, x))
    if problem.barriers.cell.size > 0:
        _balance_barriers(problem, local, v, x)
    here = slice(first, first + n)
    _move(x_old[here], local.scale[here], x[here])
    return 16.0 * 2.220446049250313e-16 * worst


@threaded
def _balance_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Floats, gy: Floats, gz: Floats, base: Floats,
    scale: Floats, v: Floats, x: Floats, rough: Floats,
) -> None:  # fmt: skip
    for part in numba.prange(rough.size):
        _balance_part(first, n, nz, nx, plane, gx, gy, gz, base, scale, v, x, part, rough)


@kernel
def _balance_part(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Floats, gy: Floats, gz: Floats, base: Floats,
    scale: Floats, v: Floats, x: Floats, part: int, rough: Floats,
) -> None:  # fmt: skip
    """Fluxes between the cells of a part into x, and the largest of their parts as a composition."""
    begin = first + part * PART
    end = min(begin + PART, first + n)
    here = slice(begin, end)
    x[here] = 0.0
    worst = 0.0
    for axis in range(3 if nz > 1 else 2):
        step = 1 if axis == 0 else (nx if axis == 1 else plane)
        g = gx if axis == 0 else (gy if axis == 1 else gz)
        ahead, behind = slice(begin + step, end + step), slice(begin - step, end - step)
        _add_fluxes(
            g[here], g[behind], base[here], base[ahead], base[behind], v[here], v[ahead], v[behind], x[here]
        )
        worst += _roughness(
            g[here], g[behind], base[here], base[ahead], base[behind], v[here], scale[here]
        )  # fmt: skip
    rough[part] = worst


@kernel
def _add_fluxes(
    g: Floats, g_last: Floats, base: Floats, base_next: Floats, base_last: Floats, v: Floats,
    v_next: Floats, v_last: Floats, x: Floats,
) -> None:  # fmt: skip
    """Add what comes through the faces along one axis, the same number on both sides of each."""
    for c in range(x.size):
        ahead = g[c] * (base_next[c] - base[c]) + g[c] * (v_next[c] - v[c])
        behind = g_last[c] * (base[c] - base_last[c]) + g_last[c] * (v[c] - v_last[c])
        x[c] = (x[c] + ahead) - behind


@kernel
def _roughness(
    g: Floats, g_last: Floats, base: Floats, base_next: Floats, base_last: Floats, v: Floats, scale: Floats
) -> float:
    """Largest sum of the parts of a cell's fluxes, as a composition."""
    part, worst = np.empty(_STRIP), 0.0
    for begin in range(0, g.size, _STRIP):
        end = min(begin + _STRIP, g.size)
        here = slice(begin, end)
        _rough_fluxes(
            g[here], g_last[here], base[here], base_next[here], base_last[here], v[here], scale[here],
            part[: end - begin],
        )  # fmt: skip
        worst = max(worst, largest(part[: end - begin]))
    return worst


@kernel
def _rough_fluxes(
    g: Floats, g_last: Floats, base: Floats, base_next: Floats, base_last: Floats, v: Floats, scale: Floats,
    out: Floats,
) -> None:  # fmt: skip
    for c in range(out.size):
        rough = g[c] * (abs(base_next[c] - base[c]) + abs(v[c]))
        rough += g_last[c] * (abs(base[c] - base_last[c]) + abs(v[c]))
        out[c] = rough * scale[c]


@kernel
def _move(x_old: Floats, scale: Floats, x: Floats) -> None:
    """x_old + dt / V times the flux in x."""
    for c in range(x.size):
        x[c] = x_old[c] + scale[c] * x[c]


@kernel
def _balance_elements(problem: Problem, local: Local, v: Floats, x: Floats) -> float:
    """Add what every element gives its cell; a contact gives what its element passes on."""
    network, elements, faces, phases = problem.network, problem.elements, problem.faces, problem.phases
    node, count, edges = network.dims[0, 4], network.dims[0, 5], network.dims[0, 8]
    base, flux = local.base, local.element_flux
    worst = 0.0
    for e in range(count):
        flux[e] = 0.0
    for f in range(edges):
        first, second = network.first[f] - node, network.second[f] - node
        p = elements.edge[f] / (phases.d_poor if local.side[first] < 0 else phases.d_rich)
        q = elements.edge[f] / (phases.d_poor if local.side[second] < 0 else phases.d_rich)
        along = _difference(p, base[node + first], q, base[node + second])
        along += _difference(p, v[node + first], q, v[node + second])
        flux[first] -= along
        flux[second] += along
    for f in range(faces.cell.size):
        n = faces.element[f]
        if n < 0:
            continue
        e = n - node
        c = network.cell[e]
        if local.held[e]:
            p, q = _conductances(local, e, c)
            down = _difference(p, base[n], q, base[c]) + _difference(p, v[n], q, v[c])
            local.face_flux[f] = down - flux[e]
            flux[e] = down
        elif elements.g[e] == 0.0:
            local.face_flux[f] = -flux[e]
            flux[e] = 0.0
        else:
            side = 0 if local.side[e] < 0 else 1
            d = phases.d_poor if side == 0 else phases.d_rich
            through = faces.transfer[side, f] * (faces.w[side, f] - base[n] / d - v[n] / d)
            through += faces.imposed[f]
            local.face_flux[f] = through
            flux[e] += through
    for e in range(count):
        c = network.cell[e]
        x[c] += flux[e]
        p, q = _conductances(local, e, c)
        rough = abs(flux[e]) + p * abs(v[node + e]) + q * abs(v[c])
        worst = max(worst, problem.dt / problem.cells.volume[c] * rough)
    return worst


@kernel
def _balance_barriers(problem: Problem, local: Local, v: Floats, x: Floats) -> None:
    barriers, base = problem.barriers, local.base
    for f in range(barriers.cell.size):
        first = barriers.cell[f]
        second = first + barriers.stride[f]
        small = min(local.p[f], local.q[f])
        flux = (local.p[f] - small) * (base[first] + v[first])
        flux -= (local.q[f] - small) * (base[second] + v[second])
        x[first] -= flux
        x[second] += flux
