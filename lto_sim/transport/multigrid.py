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

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, threaded
from lto_sim.transport.network import Network
from lto_sim.transport.passes import (
    PART,
    THREADED_CELLS,
    add_constants,
    add_pairs,
    add_seconds,
    copy,
    first_relaxation,
    reciprocals,
    relax_cells,
    residual_cells,
    smooth_cells,
    sum_rows,
)

__all__ = ["Levels", "System", "cycle", "empty_levels", "empty_system", "fill_levels"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
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
    """Coefficients of the finest level; flat.

    Parameters
    ----------
    a : What draws a node to zero; 0 on inactive nodes.
    gx, gy, gz : Conductance to the next cell along the axis; 0 unless both are active.
    diagonal : Sum of the row, 0 on inactive nodes.
    active : Nodes that are solved for.
    coupling : Conductance from each element to the cell beneath.
    link : Conductance of each edge.
    """

    a: Floats
    gx: Floats
    gy: Floats
    gz: Floats
    diagonal: Floats
    active: Flags
    coupling: Floats
    link: Floats


class Levels(NamedTuple):
    """Coefficients on every level as :class:`System` has them on the finest, and the vectors of a cycle.

    A cycle only ever approximates, so its numbers are single precision: half of the memory and twice the
    numbers in a vector instruction. Their padding planes stay zero.

    Parameters
    ----------
    inverse : 1 over the diagonal, 0 on inactive nodes.
    b, u, r : Right-hand side, solution and work space.
    smoother : Steps and momenta of the Chebyshev iteration, (2, degree).
    """

    a: Singles
    gx: Singles
    gy: Singles
    gz: Singles
    diagonal: Singles
    inverse: Singles
    active: Flags
    coupling: Singles
    link: Singles
    b: Singles
    u: Singles
    r: Singles
    smoother: Singles


def empty_system(network: Network) -> System:
    """Arrays of the right length."""
    size = int(network.dims[1, 0])
    a, gx, gy, gz, diagonal = np.zeros((5, size))
    count, edges = int(network.dims[0, 5]), int(network.dims[0, 8])
    return System(
        a, gx, gy, gz, diagonal, np.zeros(size, dtype=np.bool_), np.zeros(count), np.zeros(edges)
    )  # fmt: skip


def empty_levels(network: Network, precision: type[np.floating[Any]] = np.float32) -> Levels:
    """Arrays of the right length; `precision` is for comparisons."""
    a, gx, gy, gz, diagonal, inverse, b, u, r = np.zeros((9, network.size), dtype=precision)
    active = np.zeros(network.size, dtype=np.bool_)
    coupling = np.zeros(network.cell.size, dtype=precision)
    link = np.zeros(network.first.size, dtype=precision)
    smoother = np.array([_STEPS, _MOMENTA], dtype=precision)
    return Levels(a, gx, gy, gz, diagonal, inverse, active, coupling, link, b, u, r, smoother)


@kernel
def fill_levels(network: Network, system: System, levels: Levels) -> None:
    """Fill the diagonal of `system`, and every level."""
    dims = network.dims
    plane, count = dims[0, 2] * dims[0, 3], dims[0, 5]
    first, n = plane, plane * dims[0, 1]
    nx = dims[0, 3]
    if n >= THREADED_CELLS:
        _fill_threaded(
            first, n, nx, plane, system.a, system.gx, system.gy, system.gz, system.diagonal, levels.a,
            levels.gx, levels.gy, levels.gz, levels.diagonal, levels.inverse,
        )  # fmt: skip
    else:
        _fill_part(
            first, first + n, nx, plane, system.a, system.gx, system.gy, system.gz, system.diagonal, levels.a,
            levels.gx, levels.gy, levels.gz, levels.diagonal, levels.inverse,
        )  # fmt: skip
    if count > 0:
        _fill_elements(network, system, levels)
    _coarsen(network, levels)
    for level in range(1, dims.shape[0] - 1):
        _invert_diagonal(network, levels, level)


@threaded
def _fill_threaded(
    first: int, n: int, nx: int, plane: int, a: Floats, gx: Floats, gy: Floats, gz: Floats, diagonal: Floats,
    a_1: Singles, gx_1: Singles, gy_1: Singles, gz_1: Singles, diagonal_1: Singles, inverse_1: Singles,
) -> None:  # fmt: skip
    for part in numba.prange((n + PART - 1) // PART):
        begin = first + part * PART
        _fill_part(
            begin, min(begin + PART, first + n), nx, plane, a, gx, gy, gz, diagonal, a_1, gx_1, gy_1, gz_1,
            diagonal_1, inverse_1,
        )  # fmt: skip


@kernel
def _fill_part(
    first: int, end: int, nx: int, plane: int, a: Floats, gx: Floats, gy: Floats, gz: Floats,
    diagonal: Floats, a_1: Singles, gx_1: Singles, gy_1: Singles, gz_1: Singles, diagonal_1: Singles,
    inverse_1: Singles,
) -> None:  # fmt: skip
    """Diagonal of cells, elements left out, and all their numbers in single precision."""
    here = slice(first, end)
    sum_rows(
        a[here], gx[here], gx[first - 1 : end - 1], gy[here], gy[first - nx : end - nx], gz[here],
        gz[first - plane : end - plane], diagonal[here],
    )  # fmt: skip
    copy(a[here], a_1[here])
    copy(gx[here], gx_1[here])
    copy(gy[here], gy_1[here])
    copy(gz[here], gz_1[here])
    copy(diagonal[here], diagonal_1[here])
    reciprocals(diagonal_1[here], inverse_1[here])


@kernel
def _fill_elements(network: Network, system: System, levels: Levels) -> None:
    """Diagonal of elements and of the cells beneath them, and their numbers in single precision."""
    node, count = network.dims[0, 4], network.dims[0, 5]
    for e in range(count):
        n, c = node + e, network.cell[e]
        levels.active[n] = system.active[n]
        own = system.a[n] + system.coupling[e]
        for m in range(network.pointer[e], network.pointer[e + 1]):
            own += system.link[network.edge[m]]
        system.diagonal[n] = own if system.active[n] else 0.0
        system.diagonal[c] += system.coupling[e]
    copy(system.coupling, levels.coupling[:count])
    copy(system.link, levels.link[: system.link.size])
    copy(system.a[node : node + count], levels.a[node : node + count])
    copy(system.diagonal[node : node + count], levels.diagonal[node : node + count])
    reciprocals(levels.diagonal[node : node + count], levels.inverse[node : node + count])
    for e in range(count):
        c = network.cell[e]
        levels.diagonal[c] = system.diagonal[c]
        levels.inverse[c] = 1.0 / system.diagonal[c] if system.diagonal[c] > 0.0 else 0.0


@kernel
def _coarsen(network: Network, levels: Levels) -> None:
    """Fill every coarser level from the finest."""
    dims = network.dims
    a, gx, gy, gz = levels.a, levels.gx, levels.gy, levels.gz
    one, half = a.dtype.type(1.0), a.dtype.type(0.5)
    for level in range(dims.shape[0] - 2):
        start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
        start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
        end_c = dims[level + 2, 0]
        a[start_c:end_c] = 0.0
        gx[start_c:end_c] = 0.0
        gy[start_c:end_c] = 0.0
        gz[start_c:end_c] = 0.0
        levels.active[start_c:end_c] = False
        half_x = half if nx > 1 else one
        half_y = half if ny > 1 else one
        half_z = half if nz > 1 else one
        for k in range(nz):
            for j in range(ny):
                row = start + ((k + 1) * ny + j) * nx
                row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
                end, stop_c = row + nx, row_c + nx_c
                add_pairs(a[row:end], a[row_c:stop_c], one)
                add_seconds(gx[row:end], gx[row_c:stop_c], half_x)
                if j % 2 == 1:
                    add_pairs(gy[row:end], gy[row_c:stop_c], half_y)
                if k % 2 == 1:
                    add_pairs(gz[row:end], gz[row_c:stop_c], half_z)
        _coarsen_elements(network, levels, level)


@kernel
def _coarsen_elements(network: Network, levels: Levels, level: int) -> None:
    dims = network.dims
    node, count, ordinal, edge, edges = dims[level, 4:]
    node_c, ordinal_c, edge_c = dims[level + 1, 4], dims[level + 1, 6], dims[level + 1, 7]
    levels.coupling[ordinal_c : dims[level + 2, 6]] = 0.0
    levels.link[edge_c : dims[level + 2, 7]] = 0.0
    for e in range(count):
        if levels.active[node + e]:
            p = network.parent[ordinal + e]
            levels.active[p] = True
            levels.a[p] += levels.a[node + e]
            levels.coupling[ordinal_c + p - node_c] += levels.coupling[ordinal + e]
    for f in range(edge, edge + edges):
        p = network.edge_parent[f]
        if p >= 0:
            levels.link[p] += levels.link[f] * levels.link.dtype.type(0.5)


@kernel
def _invert_diagonal(network: Network, levels: Levels, level: int) -> None:
    """Fill the sums of the rows and 1 over them; zero on inactive nodes, which keeps their u at zero."""
    dims, diagonal, inverse = network.dims, levels.diagonal, levels.inverse
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
    plane = ny * nx
    first, end = start + plane, start + plane * (nz + 1)
    sum_rows(
        levels.a[first:end], levels.gx[first:end], levels.gx[first - 1 : end - 1], levels.gy[first:end],
        levels.gy[first - nx : end - nx], levels.gz[first:end], levels.gz[first - plane : end - plane],
        diagonal[first:end],
    )  # fmt: skip
    for e in range(count):
        if levels.active[node + e]:
            own = levels.a[node + e] + levels.coupling[ordinal + e]
            for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                own += levels.link[network.edge[m]]
            diagonal[node + e] = own
            diagonal[network.cell[ordinal + e]] += levels.coupling[ordinal + e]
        else:
            diagonal[node + e] = 0.0
    reciprocals(diagonal[first : node + count], inverse[first : node + count])


@kernel
def _feed_cells(network: Network, levels: Levels, level: int, u: Singles, b: Singles) -> None:
    """Add what the elements send their cells to b."""
    node, count, ordinal = network.dims[level, 4], network.dims[level, 5], network.dims[level, 6]
    for e in range(count):
        b[network.cell[ordinal + e]] += levels.coupling[ordinal + e] * u[node + e]


@kernel
def _smooth_elements(
    network: Network, levels: Levels, level: int, backward: bool, b: Singles, u: Singles
) -> None:
    """One Gauss-Seidel sweep over the elements, in their order or against it."""
    node, count, ordinal = network.dims[level, 4], network.dims[level, 5], network.dims[level, 6]
    for index in range(count):
        e = count - 1 - index if backward else index
        if levels.inverse[node + e] != 0.0:
            total = b[node + e] + levels.coupling[ordinal + e] * u[network.cell[ordinal + e]]
            for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                total += levels.link[network.edge[m]] * u[network.neighbour[m]]
            u[node + e] = total * levels.inverse[node + e]


@kernel
def _smooth(
    network: Network, levels: Levels, level: int, backward: bool, b: Singles, u: Singles, r: Singles
) -> None:
    """Two sweeps over the cells and two over the elements; backward is the transpose of forward."""
    start, nz, ny, nx = (
        network.dims[level, 0], network.dims[level, 1], network.dims[level, 2], network.dims[level, 3]
    )  # fmt: skip
    elements = network.dims[level, 5] > 0
    gx, gy, gz, inverse = levels.gx, levels.gy, levels.gz, levels.inverse
    if backward and elements:
        _smooth_elements(network, levels, level, False, b, u)
        _smooth_elements(network, levels, level, True, b, u)
    first, end = start + ny * nx, start + ny * nx * (nz + 1)
    copy(b[first:end], r[first:end])
    if elements:
        _feed_cells(network, levels, level, u, r)
    for index in range(4):
        colour = (index + (1 if backward else 0)) % 2
        smooth_cells(start, nz, ny, nx, colour, gx, gy, gz, inverse, r, u)
    if not backward and elements:
        _smooth_elements(network, levels, level, False, b, u)
        _smooth_elements(network, levels, level, True, b, u)


@kernel
def _restrict_residual(
    network: Network, levels: Levels, level: int, b: Singles, u: Singles, r: Singles
) -> None:
    """Add up the residual of `level` into b of the next one; `r` is work space."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count, ordinal = dims[level, 4], dims[level, 5], dims[level, 6]
    start_c, ny_c, nx_c = dims[level + 1, 0], dims[level + 1, 2], dims[level + 1, 3]
    one = b.dtype.type(1.0)
    b[start_c : dims[level + 2, 0]] = 0.0
    residual_cells(start, nz, ny, nx, levels.gx, levels.gy, levels.gz, levels.diagonal, b, u, r)
    for e in range(count):
        r[network.cell[ordinal + e]] += levels.coupling[ordinal + e] * u[node + e]
    for k in range(nz):
        for j in range(ny):
            row = start + ((k + 1) * ny + j) * nx
            row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
            add_pairs(r[row : row + nx], b[row_c : row_c + nx_c], one)
    for e in range(count):
        if levels.inverse[node + e] != 0.0:
            residual = b[node + e] - u[node + e] * levels.diagonal[node + e]
            residual += levels.coupling[ordinal + e] * u[network.cell[ordinal + e]]
            for m in range(network.pointer[ordinal + e], network.pointer[ordinal + e + 1]):
                residual += levels.link[network.edge[m]] * u[network.neighbour[m]]
            b[network.parent[ordinal + e]] += residual


@kernel
def _prolong(network: Network, levels: Levels, level: int, u: Singles) -> None:
    """Add the correction of level + 1 to u of `level`."""
    dims, inverse = network.dims, levels.inverse
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
def _descend(network: Network, levels: Levels, level: int, b: Singles, u: Singles, r: Singles) -> None:
    """Smooth from zero: cells, then elements; then pass the residual on."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    node, count = dims[level, 4], dims[level, 5]
    first, end = start + ny * nx, start + ny * nx * (nz + 1)
    gx, gy, gz, inverse = levels.gx, levels.gy, levels.gz, levels.inverse
    steps, momenta = levels.smoother[0], levels.smoother[1]
    first_relaxation(inverse[first:end], b[first:end], steps[0], u[first:end], r[first:end])
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, steps[1], momenta[1], u, r)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, steps[2], momenta[2], r, u)
    if count > 0:
        u[node : node + count] = 0.0
        _smooth_elements(network, levels, level, False, b, u)
    _restrict_residual(network, levels, level, b, u, r)


@kernel
def _ascend(network: Network, levels: Levels, level: int, b: Singles, u: Singles, r: Singles) -> None:
    """Take the correction over and smooth: elements, then cells; the transpose of `_descend`."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    count = dims[level, 5]
    first, end = start + ny * nx, start + ny * nx * (nz + 1)
    gx, gy, gz, inverse = levels.gx, levels.gy, levels.gz, levels.inverse
    steps, momenta = levels.smoother[0], levels.smoother[1]
    _prolong(network, levels, level, u)
    if count > 0:
        _smooth_elements(network, levels, level, True, b, u)
        _feed_cells(network, levels, level, u, b)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, steps[0], momenta[0], u, r)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, steps[1], momenta[1], r, u)
    relax_cells(start, nz, ny, nx, gx, gy, gz, inverse, b, steps[2], momenta[2], u, r)
    copy(r[first:end], u[first:end])


@kernel
def cycle(network: Network, levels: Levels) -> None:
    """One symmetric V-cycle on `levels.b` of the finest level, from zero, into `levels.u`; b is used up."""
    b, u, r = levels.b, levels.u, levels.r
    last = network.dims.shape[0] - 2
    for level in range(last):
        _descend(network, levels, level, b, u, r)
    u[network.dims[last, 0] : network.dims[last + 1, 0]] = 0.0
    for _ in range(_COARSEST_SWEEPS // 2):
        _smooth(network, levels, last, False, b, u, r)
    for _ in range(_COARSEST_SWEEPS // 2):
        _smooth(network, levels, last, True, b, u, r)
    for level in range(last - 1, -1, -1):
        _ascend(network, levels, level, b, u, r)
