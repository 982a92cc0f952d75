"""Passes over the cells of one level: operator, smoother, and the sums from level to level.

Loops take slices of equal length that begin at the first cell: written with one running index they are
compiled to vector instructions. A large level is cut into parts that run in threads, as many as numba has
(one inside a worker process, see `execution`); every cell is computed as without them, so that results do not
depend on it.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, threaded

__all__ = [
    "add_constants",
    "add_pairs",
    "add_seconds",
    "apply_cells",
    "first_relaxation",
    "reciprocals",
    "relax_cells",
    "smooth_cells",
    "sum_rows",
]

Floats = NDArray[np.float64]

_THREADED_CELLS = 100_000
"""Cells from which a level is worth the start of threads."""
_PART = 16_384
"""Cells of a part."""


@kernel
def sum_rows(
    a: Floats, east: Floats, west: Floats, north: Floats, south: Floats, above: Floats, below: Floats,
    diagonal: Floats,
) -> None:  # fmt: skip
    """Fill the diagonal: what draws a cell to zero and all its conductances."""
    for c in range(diagonal.size):
        diagonal[c] = a[c] + east[c] + west[c] + north[c] + south[c] + above[c] + below[c]


@kernel
def reciprocals(values: Floats, out: Floats) -> None:
    """Fill 1 / values, 0 where they are."""
    for c in range(out.size):
        value = values[c]
        out[c] = 1.0 / value if value > 0.0 else 0.0


@kernel
def apply_cells(
    start: int, nz: int, ny: int, nx: int, gx: Floats, gy: Floats, gz: Floats, diagonal: Floats, b: Floats,
    sign: float, u: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill out = b - sign (M u) on the cells of a level."""
    plane = ny * nx
    first, n = start + plane, plane * nz
    end = first + n
    if n >= _THREADED_CELLS:
        _apply_threaded(first, n, nz, nx, plane, gx, gy, gz, diagonal, b, sign, u, out)
    else:
        _apply_part(first, end, nz, nx, plane, gx, gy, gz, diagonal, b, sign, u, out)


@threaded
def _apply_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Floats, gy: Floats, gz: Floats, diagonal: Floats,
    b: Floats, sign: float, u: Floats, out: Floats,
) -> None:  # fmt: skip
    for part in numba.prange((n + _PART - 1) // _PART):
        begin = first + part * _PART
        _apply_part(
            begin, min(begin + _PART, first + n), nz, nx, plane, gx, gy, gz, diagonal, b, sign, u, out
        )


@kernel
def _apply_part(
    first: int, end: int, nz: int, nx: int, plane: int, gx: Floats, gy: Floats, gz: Floats, diagonal: Floats,
    b: Floats, sign: float, u: Floats, out: Floats,
) -> None:  # fmt: skip
    if nz == 1:
        _apply_2d(
            gx[first:end], gx[first - 1 : end - 1], gy[first:end], gy[first - nx : end - nx],
            diagonal[first:end], b[first:end], sign, u[first:end], u[first + 1 : end + 1],
            u[first - 1 : end - 1], u[first + nx : end + nx], u[first - nx : end - nx], out[first:end],
        )  # fmt: skip
    else:
        _apply_3d(
            gx[first:end], gx[first - 1 : end - 1], gy[first:end], gy[first - nx : end - nx],
            gz[first:end], gz[first - plane : end - plane], diagonal[first:end], b[first:end], sign,
            u[first:end], u[first + 1 : end + 1], u[first - 1 : end - 1], u[first + nx : end + nx],
            u[first - nx : end - nx], u[first + plane : end + plane], u[first - plane : end - plane],
            out[first:end],
        )  # fmt: skip


@kernel
def _apply_2d(
    ge: Floats, gw: Floats, gn: Floats, gs: Floats, diagonal: Floats, b: Floats, sign: float, u: Floats,
    ue: Floats, uw: Floats, un: Floats, us: Floats, out: Floats,
) -> None:  # fmt: skip
    for c in range(out.size):
        flux = ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c]
        out[c] = b[c] - sign * (diagonal[c] * u[c] - flux)


@kernel
def _apply_3d(
    ge: Floats, gw: Floats, gn: Floats, gs: Floats, ga: Floats, gb: Floats, diagonal: Floats, b: Floats,
    sign: float, u: Floats, ue: Floats, uw: Floats, un: Floats, us: Floats, ua: Floats, ub: Floats,
    out: Floats,
) -> None:  # fmt: skip
    for c in range(out.size):
        flux = ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c] + ga[c] * ua[c] + gb[c] * ub[c]
        out[c] = b[c] - sign * (diagonal[c] * u[c] - flux)


@kernel
def relax_cells(
    start: int, nz: int, ny: int, nx: int, gx: Floats, gy: Floats, gz: Floats, inverse: Floats, b: Floats,
    step: float, momentum: float, u: Floats, last: Floats,
) -> None:  # fmt: skip
    """Replace `last` by u + step (Jacobi correction of u) + momentum (u - last)."""
    plane = ny * nx
    first, n = start + plane, plane * nz
    end = first + n
    if n >= _THREADED_CELLS:
        _relax_threaded(first, n, nz, nx, plane, gx, gy, gz, inverse, b, step, momentum, u, last)
    else:
        _relax_part(first, end, nz, nx, plane, gx, gy, gz, inverse, b, step, momentum, u, last)


@threaded
def _relax_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Floats, gy: Floats, gz: Floats, inverse: Floats,
    b: Floats, step: float, momentum: float, u: Floats, last: Floats,
) -> None:  # fmt: skip
    for part in numba.prange((n + _PART - 1) // _PART):
        begin = first + part * _PART
        _relax_part(
            begin, min(begin + _PART, first + n), nz, nx, plane, gx, gy, gz, inverse, b, step, momentum, u,
            last,
        )  # fmt: skip


@kernel
def _relax_part(
    first: int, end: int, nz: int, nx: int, plane: int, gx: Floats, gy: Floats, gz: Floats, inverse: Floats,
    b: Floats, step: float, momentum: float, u: Floats, last: Floats,
) -> None:  # fmt: skip
    if nz == 1:
        _relax_2d(
            gx[first:end], gx[first - 1 : end - 1], gy[first:end], gy[first - nx : end - nx],
            inverse[first:end], b[first:end], step, momentum, u[first:end], u[first + 1 : end + 1],
            u[first - 1 : end - 1], u[first + nx : end + nx], u[first - nx : end - nx], last[first:end],
        )  # fmt: skip
    else:
        _relax_3d(
            gx[first:end], gx[first - 1 : end - 1], gy[first:end], gy[first - nx : end - nx],
            gz[first:end], gz[first - plane : end - plane], inverse[first:end], b[first:end], step, momentum,
            u[first:end], u[first + 1 : end + 1], u[first - 1 : end - 1], u[first + nx : end + nx],
            u[first - nx : end - nx], u[first + plane : end + plane], u[first - plane : end - plane],
            last[first:end],
        )  # fmt: skip


@kernel
def _relax_2d(
    ge: Floats, gw: Floats, gn: Floats, gs: Floats, inverse: Floats, b: Floats, step: float,
    momentum: float, u: Floats, ue: Floats, uw: Floats, un: Floats, us: Floats, last: Floats,
) -> None:  # fmt: skip
    for c in range(last.size):
        total = b[c] + ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c]
        last[c] = u[c] + step * (inverse[c] * total - u[c]) + momentum * (u[c] - last[c])


@kernel
def _relax_3d(
    ge: Floats, gw: Floats, gn: Floats, gs: Floats, ga: Floats, gb: Floats, inverse: Floats, b: Floats,
    step: float, momentum: float, u: Floats, ue: Floats, uw: Floats, un: Floats, us: Floats, ua: Floats,
    ub: Floats, last: Floats,
) -> None:  # fmt: skip
    for c in range(last.size):
        total = b[c] + ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c]
        total += ga[c] * ua[c] + gb[c] * ub[c]
        last[c] = u[c] + step * (inverse[c] * total - u[c]) + momentum * (u[c] - last[c])


@kernel
def first_relaxation(inverse: Floats, b: Floats, step: float, u: Floats, last: Floats) -> None:
    """The first step from zero: u = step b / diagonal."""
    for c in range(u.size):
        u[c] = step * inverse[c] * b[c]
        last[c] = 0.0


@kernel
def add_pairs(fine: Floats, coarse: Floats, factor: float) -> None:
    """Add `factor` times the sum of every two values to the coarse ones."""
    half = fine.size // 2
    for i in range(half):
        coarse[i] += factor * (fine[2 * i] + fine[2 * i + 1])
    if fine.size > 2 * half:
        coarse[half] += factor * fine[2 * half]


@kernel
def add_seconds(fine: Floats, coarse: Floats, factor: float) -> None:
    """Add `factor` times every second value to the coarse ones."""
    for i in range(fine.size // 2):
        coarse[i] += factor * fine[2 * i + 1]


@kernel
def add_constants(coarse: Floats, inverse: Floats, fine: Floats) -> None:
    """Add every coarse value to the two fine ones, unless they are inactive."""
    half = fine.size // 2
    for i in range(half):
        value = coarse[i]
        fine[2 * i] += value if inverse[2 * i] > 0.0 else 0.0
        fine[2 * i + 1] += value if inverse[2 * i + 1] > 0.0 else 0.0
    if fine.size > 2 * half and inverse[2 * half] > 0.0:
        fine[2 * half] += coarse[half]


@kernel
def smooth_cells(
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
