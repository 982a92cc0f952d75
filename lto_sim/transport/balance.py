"""The balance that follows a linear solution: new compositions from the fluxes of u = base + v.

A flux is one number that leaves one cell and enters another, whatever the linear solver left; an element
stores nothing, so it gives its cell exactly what reaches it along its edges.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.assembly import Local, Problem, conductances, difference
from lto_sim.transport.compiled import kernel, threaded
from lto_sim.transport.passes import PART, THREADED_CELLS, largest

__all__ = ["balance"]

Floats = NDArray[np.float64]

_STRIP = 1024
"""Cells whose values are kept for a moment where a maximum of them is wanted."""


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
        found = largest(part[: end - begin])
        if not found <= worst:
            worst = found
            if worst != worst:
                break
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
        along = difference(p, base[node + first], q, base[node + second])
        along += difference(p, v[node + first], q, v[node + second])
        flux[first] -= along
        flux[second] += along
    for f in range(faces.cell.size):
        n = faces.element[f]
        if n < 0:
            continue
        e = n - node
        c = network.cell[e]
        if local.held[e]:
            p, q = conductances(local, e, c)
            down = difference(p, base[n], q, base[c]) + difference(p, v[n], q, v[c])
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
        p, q = conductances(local, e, c)
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
