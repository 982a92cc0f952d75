"""Geometric multigrid cycle for the Kirchhoff variable u = D w on cells and elements.

The linear system of one Newton iteration is, on the cells outside the miscibility gap and on the elements,

    a_c u_c + sum_f g_f (u_c - u_nb) = b_c,     a_c = V_c / (D dt) + contacts + faces to what is held,

a symmetric M-matrix (but for the few edges where the phase changes, which the Krylov method adds). Cells in
the gap hold u = 0 and are taken out (`active` False), as are elements that a contact holds; their faces
become part of a. In u the stiffness is the bare geometry, so a level is coarsened by adding up: a cell takes
the a of its children; a face takes the g of theirs, halved along a coarsened axis, where the distance
doubles; so do the edges between elements, while the coupling of an element to its cell is only added up.
Corrections are carried back as constants. Cells are smoothed by a Chebyshev polynomial in the Jacobi
iteration (Adams, Brezina, Hu, Tuminaro, J. Comput. Phys. 188 (2003) 593), which runs through memory in order,
elements and the coarsest level by Gauss-Seidel sweeps.

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
from lto_sim.transport.passes import (
    add_constants,
    add_pairs,
    add_seconds,
    apply_cells,
    first_relaxation,
    reciprocals,
    relax_cells,
    smooth_cells,
    sum_rows,
)

__all__ = ["System", "coarsen", "cycle", "empty_system", "invert_diagonal"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_COARSEST_SWEEPS = 12
_DEGREE = 3
_SMALLEST, _LARGEST = 0.4, 2.0
"""Part of the spectrum of the Jacobi iteration that the cells' smoother damps; no eigenvalue is above 2."""


def _chebyshev(low: float, high: float, degree: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Steps and momenta of the Chebyshev iteration on eigenvalues from `low` to `high`."""
    centre, radius = 0.5 * (high + low), 0.5 * (high - low)
    steps, momenta, rho = [1.0 / centre], [0.0], radius / centre
    for _ in range(degree - 1):
        new = 1.0 / (2.0 * centre / radius - rho)
        steps.append(2.0 * new / radius)
        momenta.append(new * rho)
        rho = new
    return tuple(steps), tuple(momenta)


_STEPS, _MOMENTA = _chebyshev(_SMALLEST, _LARGEST, _DEGREE)


class System(NamedTuple):
    """Coefficients on every level.

    Parameters
    ----------
    a : What draws a node to zero, flat; 0 on inactive nodes.
    gx, gy, gz : Conductance to the next cell along the axis, flat; 0 unless both are active.
    diagonal, inverse : Sum of the row and 1 over it, 0 on inactive nodes; flat.
    active : Nodes that are solved for, flat; of cells on the finest level only.
    coupling : Conductance from each element to the cell beneath.
    link : Conductance of each edge.
    """

    a: Floats
    gx: Floats
    gy: Floats
    gz: Floats
    diagonal: Floats
    inverse: Floats
    active: Flags
    coupling: Floats
    link: Floats


def empty_system(network: Network) -> System:
    """Arrays of the right length."""
    a, gx, gy, gz, diagonal, inverse = np.zeros((6, network.size))
    active = np.zeros(network.size, dtype=np.bool_)
    coupling, link = np.zeros(network.cell.size), np.zeros(network.first.size)
    return System(a, gx, gy, gz, diagonal, inverse, active, coupling, link)


@kernel
def coarsen(network: Network, system: System) -> None:
    """Fill every coarser level from the finest."""
    dims = network.dims
    a, gx, gy, gz = system.a, system.gx, system.gy, system.gz
    for level in range(dims.shape[0] - 2):
        start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
        start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
        end_c = dims[level + 2, 0]
        a[start_c:end_c] = 0.0
        gx[start_c:end_c] = 0.0
        gy[start_c:end_c] = 0.0
        gz[start_c:end_c] = 0.0
        system.active[start_c:end_c] = False
        half_x = 0.5 if nx > 1 else 1.0
        half_y = 0.5 if ny > 1 else 1.0
        half_z = 0.5 if nz > 1 else 1.0
        for k in range(nz):
            for j in range(ny):
                row = start + ((k + 1) * ny + j) * nx
                row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
                end, stop_c = row + nx, row_c + nx_c
                add_pairs(a[row:end], a[row_c:stop_c], 1.0)
                add_seconds(gx[row:end], gx[row_c:stop_c], half_x)
                if j % 2 == 1:
                    add_pairs(gy[row:end], gy[row_c:stop_c], half_y)
                if k % 2 == 1:
                    add_pairs(gz[row:end], gz[row_c:stop_c], half_z)
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
    """Fill the sums of the rows and 1 over them; zero on inactive nodes, which keeps their u at zero."""
    dims = network.dims
    diagonal, inverse = system.diagonal, system.inverse
    for level in range(dims.shape[0] - 1):
        start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
        node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
        plane = ny * nx
        first, end = start + plane, start + plane * (nz + 1)
        sum_rows(
            system.a[first:end], system.gx[first:end], system.gx[first - 1 : end - 1], system.gy[first:end],
            system.gy[first - nx : end - nx], system.gz[first:end], system.gz[first - plane : end - plane],
            diagonal[first:end],
        )  # fmt: skip
        for e in range(count):
            if system.active[node + e]:
                own = system.a[node + e] + system.coupling[ordinal + e]
                for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                    own += system.link[network.edge[m]]
                diagonal[node + e] = own
                diagonal[network.cell[ordinal + e]] += system.coupling[ordinal + e]
            else:
                diagonal[node + e] = 0.0
        reciprocals(diagonal[first : node + count], inverse[first : node + count])


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
        smooth_cells(start, nz, ny, nx, colour, gx, gy, gz, inverse, b, u)
    if elements:
        _feed_cells(network, system, level, -1.0, u, b)
    if not backward and elements:
        _smooth_elements(network, system, level, False, b, u)
        _smooth_elements(network, system, level, True, b, u)


@kernel
def _restrict_residual(network: Network, system: System, level: int, b: Floats, u: Floats, r: Floats) -> None:
    """Add up the residual of `level` into b of the next one; `r` is work space."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
    start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
    b[start_c : dims[level + 2, 0]] = 0.0
    apply_cells(start, nz, ny, nx, system.gx, system.gy, system.gz, system.diagonal, b, 1.0, u, r)
    for e in range(count):
        r[network.cell[ordinal + e]] += system.coupling[ordinal + e] * u[node + e]
    for k in range(nz):
        for j in range(ny):
            row = start + ((k + 1) * ny + j) * nx
            row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
            add_pairs(r[row : row + nx], b[row_c : row_c + nx_c], 1.0)
    for e in range(count):
        if system.inverse[node + e] != 0.0:
            residual = b[node + e] - u[node + e] * system.diagonal[node + e]
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
            row = start + ((k + 1) * ny + j) * nx
            row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
            add_constants(u[row_c : row_c + nx_c], inverse[row : row + nx], u[row : row + nx])
    for e in range(count):
        if inverse[node + e] != 0.0:
            u[node + e] += u[network.parent[ordinal + e]]


@kernel
def _descend(network: Network, system: System, level: int, b: Floats, u: Floats, r: Floats) -> None:
    """Smooth from zero: cells, then elements; then pass the residual on."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count = dims[level, 4], dims[level, 5]
    first, end = start + ny * nx, start + ny * nx * (nz + 1)
    gx, gy, gz, inverse = system.gx, system.gy, system.gz, system.inverse
    first_relaxation(inverse[first:end], b[first:end], _STEPS[0], u[first:end], r[first:end])
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, _STEPS[1], _MOMENTA[1], u, r)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, _STEPS[2], _MOMENTA[2], r, u)
    if count > 0:
        u[node : node + count] = 0.0
        _smooth_elements(network, system, level, False, b, u)
    _restrict_residual(network, system, level, b, u, r)


@kernel
def _ascend(network: Network, system: System, level: int, b: Floats, u: Floats, r: Floats) -> None:
    """Take the correction over and smooth: elements, then cells; the transpose of `_descend`."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    count = dims[level, 5]
    first, end = start + ny * nx, start + ny * nx * (nz + 1)
    gx, gy, gz, inverse = system.gx, system.gy, system.gz, system.inverse
    _prolong(network, system, level, u)
    if count > 0:
        _smooth_elements(network, system, level, True, b, u)
        _feed_cells(network, system, level, 1.0, u, b)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, _STEPS[0], 0.0, u, r)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, _STEPS[1], _MOMENTA[1], r, u)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, _STEPS[2], _MOMENTA[2], u, r)
    u[first:end] = r[first:end]
    if count > 0:
        _feed_cells(network, system, level, -1.0, u, b)


@kernel
def cycle(network: Network, system: System, b: Floats, u: Floats, r: Floats) -> None:
    """One symmetric V-cycle on b of the finest level, from u = 0; u then holds the preconditioned b.

    `r` is work space on all levels; its padding planes stay zero.
    """
    last = network.dims.shape[0] - 2
    for level in range(last):
        _descend(network, system, level, b, u, r)
    u[network.dims[last, 0] : network.dims[last + 1, 0]] = 0.0
    for _ in range(_COARSEST_SWEEPS // 2):
        _smooth(network, system, last, False, b, u)
    for _ in range(_COARSEST_SWEEPS // 2):
        _smooth(network, system, last, True, b, u)
    for level in range(last - 1, -1, -1):
        _ascend(network, system, level, b, u, r)
