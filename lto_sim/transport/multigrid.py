"""Geometric multigrid cycle for the Kirchhoff variable u = D w on cells and elements.

The linear system of one Newton iteration is, on the cells outside the miscibility gap and on the elements,

    a_c u_c + sum_f g_f (u_c - u_nb) = b_c,     a_c = V_c / (D dt) + contacts + faces to what is held,

a symmetric M-matrix (but for the few edges where the phase changes, which the Krylov method adds). Cells in
the gap hold u = 0 and are taken out (`active` False), as are elements that a contact holds; their faces
become part of a. In u the stiffness is the bare geometry, so a level is coarsened by adding up: a cell takes
the a of its children; a face takes the g of theirs, halved along a coarsened axis, where the distance
doubles; so do the edges between elements, while the coupling of an element to its cell is only added up.
Corrections are carried back as constants.

Arrays are flat, laid out as `Network` says, with one padding plane at each end of a level's cells, so that
every neighbour exists: `gx[c]` is the conductance between c and c + 1 and is zero on the last cell of a row
(same for y and z).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel
from lto_sim.transport.network import Network

__all__ = ["System", "coarsen", "cycle", "empty_system", "invert_diagonal"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_COARSEST_SWEEPS = 12


class System(NamedTuple):
    """Coefficients on every level.

    Parameters
    ----------
    a : What draws a node to zero, flat.
    gx, gy, gz : Conductance to the next cell along the axis, flat.
    inverse : 1 / (sum of the row), 0 on inactive nodes; flat.
    active : Nodes that are solved for, flat.
    coupling : Conductance from each element to the cell beneath.
    link : Conductance of each edge.
    """

    a: Floats
    gx: Floats
    gy: Floats
    gz: Floats
    inverse: Floats
    active: Flags
    coupling: Floats
    link: Floats


def empty_system(network: Network) -> System:
    """Arrays of the right length."""
    a, gx, gy, gz, inverse = np.zeros((5, network.size))
    active = np.zeros(network.size, dtype=np.bool_)
    return System(a, gx, gy, gz, inverse, active, np.zeros(network.cell.size), np.zeros(network.first.size))


@kernel
def coarsen(network: Network, system: System) -> None:
    """Fill every coarser level from the finest."""
    dims = network.dims
    a, gx, gy, gz, active = system.a, system.gx, system.gy, system.gz, system.active
    for level in range(dims.shape[0] - 2):
        start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
        start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
        for c in range(start_c, dims[level + 2, 0]):
            a[c] = gx[c] = gy[c] = gz[c] = 0.0
            active[c] = False
        half_x = 0.5 if nx > 1 else 1.0
        half_y = 0.5 if ny > 1 else 1.0
        half_z = 0.5 if nz > 1 else 1.0
        for k in range(nz):
            for j in range(ny):
                c = start + ((k + 1) * ny + j) * nx
                row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
                for i in range(nx):
                    p = row_c + i // 2
                    if active[c]:
                        active[p] = True
                        a[p] += a[c]
                        if i % 2 == 1:
                            gx[p] += half_x * gx[c]
                        if j % 2 == 1:
                            gy[p] += half_y * gy[c]
                        if k % 2 == 1:
                            gz[p] += half_z * gz[c]
                    c += 1
        _coarsen_elements(network, system, level)


@kernel
def _coarsen_elements(network: Network, system: System, level: int) -> None:
    dims = network.dims
    node, count, ordinal, edge, edges = dims[level, 4:]
    node_c, ordinal_c, edge_c = dims[level + 1, 4], dims[level + 1, 6], dims[level + 1, 7]
    system.coupling[ordinal_c : dims[level + 2, 6]] = 0.0
    system.link[edge_c : dims[level + 2, 7]] = 0.0
    for e in range(count):
        if system.active[node + e]:
            p = network.parent[ordinal + e]
            system.active[p] = True
            system.a[p] += system.a[node + e]
            system.coupling[ordinal_c + p - node_c] += system.coupling[ordinal + e]
    for f in range(edge, edge + edges):
        p = network.edge_parent[f]
        if p >= 0:
            system.link[p] += 0.5 * system.link[f]


@kernel
def invert_diagonal(network: Network, system: System) -> None:
    """Fill 1 / (sum of the row) on every level; zero on inactive nodes, which keeps their u at zero."""
    dims = network.dims
    a, gx, gy, gz, active, total = (
        system.a, system.gx, system.gy, system.gz, system.active, system.inverse,
    )  # fmt: skip
    for level in range(dims.shape[0] - 1):
        start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
        node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
        plane = ny * nx
        for c in range(start + plane, start + plane * (nz + 1)):
            if active[c]:
                total[c] = a[c] + gx[c] + gx[c - 1] + gy[c] + gy[c - nx] + gz[c] + gz[c - plane]
            else:
                total[c] = 0.0
        for e in range(count):
            if active[node + e]:
                own = a[node + e] + system.coupling[ordinal + e]
                for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                    own += system.link[network.edge[m]]
                total[node + e] = own
                total[network.cell[ordinal + e]] += system.coupling[ordinal + e]
            else:
                total[node + e] = 0.0
        for c in range(start + plane, node + count):
            total[c] = 1.0 / total[c] if total[c] > 0.0 else 0.0


@kernel
def _smooth_cells(
    start: int, nz: int, ny: int, nx: int, colour: int,
    gx: Floats, gy: Floats, gz: Floats, inverse: Floats, b: Floats, u: Floats,
) -> None:  # fmt: skip
    """One Gauss-Seidel half sweep over the cells with (i + j + k) % 2 == colour."""
    plane = ny * nx
    for k in range(nz):
        for j in range(ny):
            first = (colour + j + k) % 2
            row = start + ((k + 1) * ny + j) * nx
            for c in range(row + first, row + nx, 2):
                if inverse[c] != 0.0:
                    total = b[c] + gx[c] * u[c + 1] + gx[c - 1] * u[c - 1]
                    total += gy[c] * u[c + nx] + gy[c - nx] * u[c - nx]
                    total += gz[c] * u[c + plane] + gz[c - plane] * u[c - plane]
                    u[c] = total * inverse[c]


@kernel
def _feed_cells(network: Network, system: System, level: int, sign: float, u: Floats, b: Floats) -> None:
    """Add what the elements send their cells to b, or take it away again."""
    node, count, ordinal = network.dims[level, 4], network.dims[level, 5], network.dims[level, 6]
    for e in range(count):
        b[network.cell[ordinal + e]] += sign * system.coupling[ordinal + e] * u[node + e]


@kernel
def _smooth_elements(
    network: Network, system: System, level: int, backward: bool, b: Floats, u: Floats
) -> None:
    """One Gauss-Seidel sweep over the elements, in their order or against it."""
    node, count, ordinal = network.dims[level, 4], network.dims[level, 5], network.dims[level, 6]
    for index in range(count):
        e = count - 1 - index if backward else index
        if system.inverse[node + e] != 0.0:
            total = b[node + e] + system.coupling[ordinal + e] * u[network.cell[ordinal + e]]
            for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                total += system.link[network.edge[m]] * u[network.neighbour[m]]
            u[node + e] = total * system.inverse[node + e]


@kernel
def _smooth(network: Network, system: System, level: int, backward: bool, b: Floats, u: Floats) -> None:
    """Two sweeps over the cells and two over the elements; backward is the transpose of forward."""
    start, nz, ny, nx = (
        network.dims[level, 0], network.dims[level, 1], network.dims[level, 2], network.dims[level, 3]
    )  # fmt: skip
    elements = network.dims[level, 5] > 0
    gx, gy, gz, inverse = system.gx, system.gy, system.gz, system.inverse
    if backward and elements:
        _smooth_elements(network, system, level, False, b, u)
        _smooth_elements(network, system, level, True, b, u)
    if elements:
        _feed_cells(network, system, level, 1.0, u, b)
    for index in range(4):
        colour = (index + (1 if backward else 0)) % 2
        _smooth_cells(start, nz, ny, nx, colour, gx, gy, gz, inverse, b, u)
    if elements:
        _feed_cells(network, system, level, -1.0, u, b)
    if not backward and elements:
        _smooth_elements(network, system, level, False, b, u)
        _smooth_elements(network, system, level, True, b, u)


@kernel
def _restrict_residual(network: Network, system: System, level: int, b: Floats, u: Floats) -> None:
    """Add up the residual of `level` into b of the next one and zero u there."""
    dims = network.dims
    gx, gy, gz, inverse = system.gx, system.gy, system.gz, system.inverse
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
    start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
    plane = ny * nx
    for c in range(start_c, dims[level + 2, 0]):
        b[c] = u[c] = 0.0
    _feed_cells(network, system, level, 1.0, u, b)
    for k in range(nz):
        for j in range(ny):
            c = start + ((k + 1) * ny + j) * nx
            row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
            for i in range(nx):
                if inverse[c] != 0.0:
                    residual = b[c] - u[c] / inverse[c]
                    residual += gx[c] * u[c + 1] + gx[c - 1] * u[c - 1]
                    residual += gy[c] * u[c + nx] + gy[c - nx] * u[c - nx]
                    residual += gz[c] * u[c + plane] + gz[c - plane] * u[c - plane]
                    b[row_c + i // 2] += residual
                c += 1
    _feed_cells(network, system, level, -1.0, u, b)
    for e in range(count):
        if inverse[node + e] != 0.0:
            residual = b[node + e] - u[node + e] / inverse[node + e]
            residual += system.coupling[ordinal + e] * u[network.cell[ordinal + e]]
            for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                residual += system.link[network.edge[m]] * u[network.neighbour[m]]
            b[network.parent[ordinal + e]] += residual


@kernel
def _prolong(network: Network, system: System, level: int, u: Floats) -> None:
    """Add the correction of level + 1 to u of `level`."""
    dims, inverse = network.dims, system.inverse
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
    start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
    for k in range(nz):
        for j in range(ny):
            c = start + ((k + 1) * ny + j) * nx
            row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
            for i in range(nx):
                if inverse[c] != 0.0:
                    u[c] += u[row_c + i // 2]
                c += 1
    for e in range(count):
        if inverse[node + e] != 0.0:
            u[node + e] += u[network.parent[ordinal + e]]


@kernel
def cycle(network: Network, system: System, b: Floats, u: Floats) -> None:
    """One symmetric V-cycle on b of the finest level, from u = 0; u then holds the preconditioned b."""
    last = network.dims.shape[0] - 2
    for c in range(network.dims[1, 0]):
        u[c] = 0.0
    for level in range(last):
        _smooth(network, system, level, False, b, u)
        _restrict_residual(network, system, level, b, u)
    for _ in range(_COARSEST_SWEEPS // 2):
        _smooth(network, system, last, False, b, u)
    for _ in range(_COARSEST_SWEEPS // 2):
        _smooth(network, system, last, True, b, u)
    for level in range(last - 1, -1, -1):
        _prolong(network, system, level, u)
        _smooth(network, system, level, True, b, u)
