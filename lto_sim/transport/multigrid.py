"""Geometric multigrid cycle for the Kirchhoff variable u = D w on cells and elements.

The linear system of one Newton iteration is, on the cells outside the miscibility gap and on the elements,

    a_c u_c + sum_f g_f (u_c - u_nb) = b_c,     a_c = V_c / (D dt) + contacts + faces to what is held,

a symmetric M-matrix (but for the few edges where the phase changes, which the Krylov method adds). Cells in
the gap hold u = 0 and are taken out (`active` False), as are elements that a contact holds; their faces
become part of a. Corrections are carried back as constants. All nodes are smoothed by one Chebyshev
polynomial in the Jacobi iteration (Adams, Brezina, Hu, Tuminaro, J. Comput. Phys. 188 (2003) 593), which runs
through memory in order, the coarsest level by Gauss-Seidel sweeps. Smoothed in turns, cells and elements took
twice the cycles: a sheet of elements that hardly conduct hangs on its cells, and must move with them.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, threaded
from lto_sim.transport.levels import Levels
from lto_sim.transport.network import NEAR, Network
from lto_sim.transport.passes import (
    add_constants,
    add_pairs,
    copy,
    first_relaxation,
    relax_cells,
    residual_cells,
    smooth_cells,
)

__all__ = ["cycle"]

Singles = NDArray[np.float32]
Integers = NDArray[np.signedinteger[Any]]
Number = np.floating[Any]

_COARSEST_SWEEPS = 12
_THREADED_ELEMENTS, _ELEMENTS = 16_384, 4_096
"""Elements from which a level is worth the start of threads, and those of a part."""


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
                total += levels.weight[m] * u[network.neighbour[m]]
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
                residual += levels.weight[m] * u[network.neighbour[m]]
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
def _relax_elements(
    network: Network, levels: Levels, level: int, b: Singles, step: Number, momentum: Number, u: Singles,
    last: Singles,
) -> None:  # fmt: skip
    """As `relax_cells`, for elements; and what elements add to the relaxation of the cells beneath them."""
    node, count, ordinal = network.dims[level, 4], network.dims[level, 5], network.dims[level, 6]
    inverse, cell = levels.inverse, network.cell
    if count >= _THREADED_ELEMENTS:
        _relax_threaded(
            node, count, ordinal, cell, network.near, levels.near_weight, network.pointer, network.neighbour,
            levels.weight, levels.coupling, inverse, b, step, momentum, u, last,
        )  # fmt: skip
    else:
        _relax_some(
            node, 0, count, ordinal, cell, network.near, levels.near_weight, network.pointer,
            network.neighbour, levels.weight, levels.coupling, inverse, b, step, momentum, u, last,
        )  # fmt: skip
    for e in range(count):
        c = cell[ordinal + e]
        last[c] += step * inverse[c] * levels.coupling[ordinal + e] * u[node + e]


@threaded
def _relax_threaded(
    node: int, count: int, ordinal: int, cell: Integers, near: Integers, near_weight: Singles,
    pointer: Integers, neighbour: Integers, weight: Singles, coupling: Singles, inverse: Singles, b: Singles,
    step: Number, momentum: Number, u: Singles, last: Singles,
) -> None:  # fmt: skip
    for part in numba.prange((count + _ELEMENTS - 1) // _ELEMENTS):
        begin = part * _ELEMENTS
        _relax_some(
            node, begin, min(begin + _ELEMENTS, count), ordinal, cell, near, near_weight, pointer, neighbour,
            weight, coupling, inverse, b, step, momentum, u, last,
        )  # fmt: skip


@kernel
def _relax_some(
    node: int, begin: int, end: int, ordinal: int, cell: Integers, near: Integers, near_weight: Singles,
    pointer: Integers, neighbour: Integers, weight: Singles, coupling: Singles, inverse: Singles, b: Singles,
    step: Number, momentum: Number, u: Singles, last: Singles,
) -> None:  # fmt: skip
    for e in range(begin, end):
        n, o = node + e, ordinal + e
        m = NEAR * o
        total = b[n] + coupling[o] * u[cell[o]]
        total += near_weight[m] * u[near[m]] + near_weight[m + 1] * u[near[m + 1]]
        total += near_weight[m + 2] * u[near[m + 2]] + near_weight[m + 3] * u[near[m + 3]]
        for k in range(pointer[o] + NEAR, pointer[o + 1]):
            total += weight[k] * u[neighbour[k]]
        last[n] = u[n] + step * (inverse[n] * total - u[n]) + momentum * (u[n] - last[n])


@kernel
def _relax(
    network: Network, levels: Levels, level: int, number: int, b: Singles, u: Singles, last: Singles
) -> None:
    """Step `number` of the Chebyshev iteration on all nodes of a level, into `last`."""
    dims = network.dims
    start, nz, ny, nx = dims[level, 0], dims[level, 1], dims[level, 2], dims[level, 3]
    step, momentum = levels.smoother[0, number], levels.smoother[1, number]
    relax_cells(
        start, nz, ny, nx, levels.gx, levels.gy, levels.gz, levels.inverse, b, step, momentum, u, last
    )
    if dims[level, 5] > 0:
        _relax_elements(network, levels, level, b, step, momentum, u, last)


@kernel
def _descend(network: Network, levels: Levels, level: int, b: Singles, u: Singles, r: Singles) -> None:
    """Smooth from zero, then pass the residual on."""
    dims = network.dims
    first, end = dims[level, 0] + dims[level, 2] * dims[level, 3], dims[level, 4] + dims[level, 5]
    here = slice(first, end)
    first_relaxation(levels.inverse[here], b[here], levels.smoother[0, 0], u[here], r[here])
    _relax(network, levels, level, 1, b, u, r)
    _relax(network, levels, level, 2, b, r, u)
    _restrict_residual(network, levels, level, b, u, r)


@kernel
def _ascend(network: Network, levels: Levels, level: int, b: Singles, u: Singles, r: Singles) -> None:
    """Take the correction over and smooth; the transpose of `_descend`."""
    dims = network.dims
    first, end = dims[level, 0] + dims[level, 2] * dims[level, 3], dims[level, 4] + dims[level, 5]
    _prolong(network, levels, level, u)
    _relax(network, levels, level, 0, b, u, r)
    _relax(network, levels, level, 1, b, r, u)
    _relax(network, levels, level, 2, b, u, r)
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
