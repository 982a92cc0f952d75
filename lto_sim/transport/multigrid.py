"""Conjugate gradients preconditioned by a geometric multigrid cycle, for the Kirchhoff variable u = D w.

The linear system of one Newton iteration is, on the cells outside the miscibility gap,

    a_c u_c + sum_f g_f (u_c - u_nb) = b_c,        a_c = V_c / (D dt) + contacts + faces to cells in the gap,

a symmetric M-matrix. Cells in the gap hold u = 0 and are taken out (`active` False); their faces become part
of a. In u the stiffness is the bare geometry (no diffusivity), so a level is coarsened by adding up: a cell
takes the a of its children; a face takes the g of theirs, halved along a coarsened axis, where the distance
doubles. Corrections are carried back as constants.

Arrays are flat with one padding plane at each end, so that every neighbour exists: `gx[c]` is the
conductance between c and c + 1 and is zero on the last cell of a row (same for y and z). Levels lie behind
one another in the same arrays; `dims[l]` holds (offset, nz, ny, nx) of level l.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel

__all__ = ["coarsen", "invert_diagonal", "level_layout", "solve_linear"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_COARSEST_CELLS = 32
_COARSEST_SWEEPS = 12


def level_layout(shape: tuple[int, int, int]) -> Integers:
    """Return one row (offset, nz, ny, nx) a level, finest first; the last row's offset is the total length.

    Parameters
    ----------
    shape : Cells (nz, ny, nx) of the finest level.
    """
    rows: list[tuple[int, int, int, int]] = []
    offset = 0
    while True:
        nz, ny, nx = shape
        rows.append((offset, nz, ny, nx))
        offset += (nz + 2) * ny * nx
        if nz * ny * nx <= _COARSEST_CELLS or max(shape) <= 2:
            break
        shape = ((nz + 1) // 2, (ny + 1) // 2, (nx + 1) // 2)
    rows.append((offset, 0, 0, 0))
    return np.array(rows, dtype=np.int64)


@kernel
def coarsen(dims: Integers, a: Floats, gx: Floats, gy: Floats, gz: Floats, active: Flags) -> None:
    """Fill every coarser level of a, gx, gy, gz and active from the finest."""
    for level in range(dims.shape[0] - 2):
        start, nz, ny, nx = dims[level]
        start_c, _, ny_c, nx_c = dims[level + 1]
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


@kernel
def invert_diagonal(
    dims: Integers, a: Floats, gx: Floats, gy: Floats, gz: Floats, active: Flags, inverse: Floats
) -> None:
    """Fill 1 / (a + sum of g) on every level; zero on inactive cells, which keeps their u at zero."""
    for level in range(dims.shape[0] - 1):
        start, nz, ny, nx = dims[level]
        plane = ny * nx
        for c in range(start + plane, start + plane * (nz + 1)):
            if active[c]:
                total = a[c] + gx[c] + gx[c - 1] + gy[c] + gy[c - nx] + gz[c] + gz[c - plane]
                inverse[c] = 1.0 / total
            else:
                inverse[c] = 0.0


@kernel
def smooth(
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
def restrict_residual(
    dims: Integers, level: int,
    gx: Floats, gy: Floats, gz: Floats, inverse: Floats, b: Floats, u: Floats,
) -> None:  # fmt: skip
    """Add up the residual of `level` into b of the next one and zero u there."""
    start, nz, ny, nx = dims[level]
    start_c, _, ny_c, nx_c = dims[level + 1]
    plane = ny * nx
    for c in range(start_c, dims[level + 2, 0]):
        b[c] = u[c] = 0.0
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


@kernel
def prolong(dims: Integers, level: int, inverse: Floats, u: Floats) -> None:
    """Add the correction of level + 1 to u of `level`."""
    start, nz, ny, nx = dims[level]
    start_c, _, ny_c, nx_c = dims[level + 1]
    for k in range(nz):
        for j in range(ny):
            c = start + ((k + 1) * ny + j) * nx
            row_c = start_c + ((k // 2 + 1) * ny_c + j // 2) * nx_c
            for i in range(nx):
                if inverse[c] != 0.0:
                    u[c] += u[row_c + i // 2]
                c += 1


@kernel
def cycle(dims: Integers, gx: Floats, gy: Floats, gz: Floats, inverse: Floats, b: Floats, u: Floats) -> None:
    """One symmetric V-cycle on b of the finest level, from u = 0; u then holds the preconditioned b."""
    last = dims.shape[0] - 2
    start, nz, ny, nx = dims[0]
    for c in range(start, start + (nz + 2) * ny * nx):
        u[c] = 0.0
    for level in range(last):
        start, nz, ny, nx = dims[level]
        for colour in (0, 1, 0, 1):
            smooth(start, nz, ny, nx, colour, gx, gy, gz, inverse, b, u)
        restrict_residual(dims, level, gx, gy, gz, inverse, b, u)
    start, nz, ny, nx = dims[last]
    for _ in range(_COARSEST_SWEEPS):
        for colour in (0, 1):
            smooth(start, nz, ny, nx, colour, gx, gy, gz, inverse, b, u)
    for _ in range(_COARSEST_SWEEPS):
        for colour in (1, 0):
            smooth(start, nz, ny, nx, colour, gx, gy, gz, inverse, b, u)
    for level in range(last - 1, -1, -1):
        prolong(dims, level, inverse, u)
        start, nz, ny, nx = dims[level]
        for colour in (1, 0, 1, 0):
            smooth(start, nz, ny, nx, colour, gx, gy, gz, inverse, b, u)


@kernel
def apply_operator(
    nz: int, ny: int, nx: int,
    gx: Floats, gy: Floats, gz: Floats, inverse: Floats, u: Floats, out: Floats,
) -> float:  # fmt: skip
    """Fill out = M u on the finest level and return u . M u."""
    plane = ny * nx
    product = 0.0
    for c in range(plane, plane * (nz + 1)):
        if inverse[c] != 0.0:
            total = u[c] / inverse[c]
            total -= gx[c] * u[c + 1] + gx[c - 1] * u[c - 1]
            total -= gy[c] * u[c + nx] + gy[c - nx] * u[c - nx]
            total -= gz[c] * u[c + plane] + gz[c - plane] * u[c - plane]
            out[c] = total
            product += total * u[c]
        else:
            out[c] = 0.0
    return product


@kernel
def solve_linear(
    dims: Integers, gx: Floats, gy: Floats, gz: Floats, inverse: Floats,
    rhs: Floats, scale: Floats, u: Floats, work: Floats, tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Solve M u = rhs on the finest level from the guess in u, by multigrid-preconditioned CG.

    Parameters
    ----------
    dims, gx, gy, gz, inverse : The levels.
    rhs : Right-hand side, finest level.
    scale : What turns a residual into a composition (dt / V) on the finest level.
    u : Guess in, solution out; zero on inactive cells.
    work : Five rows: residual, direction, product, and b and u of the cycle (all levels).
    tolerance : Largest residual composition that is accepted.
    limit : Most iterations.

    Returns
    -------
    Iterations used, or -1 where the limit was reached.
    """
    nz, ny, nx = dims[0, 1], dims[0, 2], dims[0, 3]
    first, end = ny * nx, ny * nx * (nz + 1)
    residual, direction, product, b, correction = work[0], work[1], work[2], work[3], work[4]
    apply_operator(nz, ny, nx, gx, gy, gz, inverse, u, product)
    worst = 0.0
    for c in range(first, end):
        residual[c] = rhs[c] - product[c] if inverse[c] != 0.0 else 0.0
        worst = max(worst, abs(residual[c]) * scale[c])
    rho_old = 0.0
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        for c in range(first, end):
            b[c] = residual[c]
        cycle(dims, gx, gy, gz, inverse, b, correction)
        rho = 0.0
        for c in range(first, end):
            rho += residual[c] * correction[c]
        beta = rho / rho_old if iteration > 0 else 0.0
        rho_old = rho
        for c in range(first, end):
            direction[c] = correction[c] + beta * direction[c]
        curvature = apply_operator(nz, ny, nx, gx, gy, gz, inverse, direction, product)
        alpha = rho / curvature
        worst = 0.0
        for c in range(first, end):
            u[c] += alpha * direction[c]
            residual[c] -= alpha * product[c]
            worst = max(worst, abs(residual[c]) * scale[c])
    return limit if worst <= tolerance else -1
