"""Coefficients of the multigrid: of the finest level as a step assembles them, and of all levels for a cycle.

In u the stiffness is the bare geometry, so a level is coarsened by adding up: a cell takes the a of its
children; a face takes the g of theirs, halved along a coarsened axis, where the distance doubles; so do the
edges between elements, and the coupling of an element to its cell where the cell's node recedes from it.

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
from lto_sim.transport.network import NEAR, Network
from lto_sim.transport.passes import (
    LARGEST,
    PART,
    SMALLEST,
    THREADED_CELLS,
    add_pairs,
    add_seconds,
    narrow,
    reciprocals,
    sum_rows,
)

__all__ = ["Levels", "System", "empty_levels", "empty_system", "fill_levels"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

_DEGREE = 3
_SMALLEST, _LARGEST = 0.4, 2.0
"""Part of the spectrum of the Jacobi iteration that the smoother damps; no eigenvalue is above 2."""


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
    active : Elements that are solved for.
    weight : Conductance of the edge to every neighbour of an element, in the order of `Network.neighbour`.
    near_weight : The same in the order of `Network.near`, 0 where there is none.
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
    weight: Singles
    near_weight: Singles
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
    weight = np.zeros(network.neighbour.size, dtype=precision)
    near_weight = np.zeros(network.near.size, dtype=precision)
    smoother = np.array([_STEPS, _MOMENTA], dtype=precision)
    return Levels(
        a, gx, gy, gz, diagonal, inverse, active, coupling, link, weight, near_weight, b, u, r, smoother
    )


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
    _fill_weights(network, levels)
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
    narrow(a[here], a_1[here])
    narrow(gx[here], gx_1[here])
    narrow(gy[here], gy_1[here])
    narrow(gz[here], gz_1[here])
    narrow(diagonal[here], diagonal_1[here])
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
    narrow(system.coupling, levels.coupling[:count])
    narrow(system.link, levels.link[: system.link.size])
    narrow(system.a[node : node + count], levels.a[node : node + count])
    narrow(system.diagonal[node : node + count], levels.diagonal[node : node + count])
    reciprocals(levels.diagonal[node : node + count], levels.inverse[node : node + count])
    for e in range(count):
        c = network.cell[e]
        own = min(system.diagonal[c], LARGEST)
        levels.diagonal[c] = own
        levels.inverse[c] = 1.0 / own if own > SMALLEST else 0.0


@kernel
def _fill_weights(network: Network, levels: Levels) -> None:
    """Conductances to the neighbours of every element of every level, in their order."""
    weight, pointer = levels.weight, network.pointer
    for m in range(weight.size):
        weight[m] = levels.link[network.edge[m]]
    for e in range(pointer.size - 1):
        for m in range(pointer[e], min(pointer[e + 1], pointer[e] + NEAR)):
            levels.near_weight[e * NEAR + m - pointer[e]] = weight[m]


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
            half = levels.link.dtype.type(0.5)
            share = half if network.recedes[ordinal + e] else levels.link.dtype.type(1.0)
            levels.coupling[ordinal_c + p - node_c] += levels.coupling[ordinal + e] * share
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
