"""The linear system of one Newton iteration, for the change v = u - base.

Its round-off is a part of what a step changes rather than of u, which dt * (fluxes) / V would multiply by the
step size without limit.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, threaded
from lto_sim.transport.coupling import Barriers, Elements, Faces, Phases
from lto_sim.transport.krylov import Skew
from lto_sim.transport.levels import System
from lto_sim.transport.network import Network
from lto_sim.transport.passes import PART, THREADED_CELLS

__all__ = ["Cells", "Local", "Problem", "assemble", "conductances", "difference"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
States = NDArray[np.int8]


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
def difference(p: float, u_1: float, q: float, u_2: float) -> float:
    """Return p u_1 - q u_2, without round-off of the products where p and q are one."""
    return p * (u_1 - u_2) if p == q else p * u_1 - q * u_2


@kernel
def conductances(local: Local, e: int, c: int) -> tuple[float, float]:
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
        p, q = conductances(local, e, network.cell[e])
        both = (not local.held[e]) & (local.state[network.cell[e]] != 0)
        small = min(p, q)
        system.coupling[e] = small if both else 0.0
        into_first[e] = q - small if both else 0.0
        into_second[e] = p - small if both else 0.0
    for e in range(count):
        n, c = node + e, network.cell[e]
        p, q = conductances(local, e, c)
        flux = difference(p, base[n], q, base[c])
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
    """Edges between elements, held ones too. One loop that does all of it takes five times as long as two."""
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
        flux = difference(p, base[first], q, base[second])
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
