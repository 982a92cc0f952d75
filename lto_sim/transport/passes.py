"""Passes over the cells of one level: operator, smoother, and the sums from level to level.

Loops take slices of equal length that begin at the first cell: written with one running index they are
compiled to vector instructions. A large level is cut into parts that run in threads, as many as numba has
(one inside a worker process, see `execution`); every cell is computed as without them, so that results do not
depend on it.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, threaded

__all__ = [
    "LARGEST",
    "PART",
    "SMALLEST",
    "THREADED_CELLS",
    "add_constants",
    "add_pairs",
    "add_seconds",
    "copy",
    "first_relaxation",
    "largest",
    "largest_product",
    "multiply_cells",
    "narrow",
    "reciprocals",
    "relax_cells",
    "residual_cells",
    "smooth_cells",
    "sum_rows",
    "within",
]

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
"""Of one precision within a call, mostly."""
Number = np.floating[Any]

THREADED_CELLS = 100_000
"""Cells from which a level is worth the start of threads."""
PART = 16_384
"""Cells of a part."""
SMALLEST, LARGEST = 1e-37, 1e30
"""Where coefficients of single precision end: nothing below, no more above."""
_STRIP = 1024
"""Cells whose values are kept for a moment where a maximum of them is wanted."""


@kernel
def sum_rows(
    a: Reals, east: Reals, west: Reals, north: Reals, south: Reals, above: Reals, below: Reals,
    diagonal: Reals,
) -> None:  # fmt: skip
    """Fill the diagonal: what draws a cell to zero and all its conductances."""
    for c in range(diagonal.size):
        diagonal[c] = a[c] + east[c] + west[c] + north[c] + south[c] + above[c] + below[c]


@kernel
def reciprocals(values: Reals, out: Reals) -> None:
    """Fill 1 / values, 0 where they are, or so small that it would overflow."""
    zero, one, smallest = out.dtype.type(0.0), out.dtype.type(1.0), out.dtype.type(SMALLEST)
    for c in range(out.size):
        value = values[c]
        out[c] = one / value if value > smallest else zero


@kernel
def largest(values: Floats) -> float:
    """Largest absolute value, NaN above all; 0 of none.

    Without their sign the bits are whole numbers in the same order, whose maximum is a vector instruction.
    """
    bits, most = values.view(np.int64), 0
    for c in range(bits.size):
        most = max(most, bits[c] & 0x7FFFFFFFFFFFFFFF)
    found: float = np.array([most], dtype=np.int64).view(np.float64)[0]
    return found


@kernel
def within(x: Floats, slack: float) -> bool:
    """Whether all compositions are in [0, 1], or beyond it by less than `slack`."""
    inside = 0
    for c in range(x.size):
        inside += (x[c] >= -slack) & (x[c] <= 1.0 + slack)
    return inside == x.size


@kernel
def largest_product(values: Floats, scale: Floats) -> float:
    """Largest |values| scale, for a scale that is not negative; NaN where there is one."""
    part, most = np.empty(_STRIP), 0.0
    for begin in range(0, values.size, _STRIP):
        end = min(begin + _STRIP, values.size)
        _absolute_products(values[begin:end], scale[begin:end], part[: end - begin])
        found = largest(part[: end - begin])
        if not found <= most:
            most = found
            if most != most:
                break
    return most


@kernel
def _absolute_products(values: Floats, scale: Floats, out: Floats) -> None:
    for c in range(out.size):
        out[c] = abs(values[c]) * scale[c]


@kernel
def copy(values: Reals, out: Reals) -> None:
    """Fill `out`."""
    for c in range(out.size):
        out[c] = values[c]


@kernel
def narrow(values: Floats, out: Reals) -> None:
    """Fill `out` with `values` of single precision, none so large that sums of them overflow."""
    for c in range(out.size):
        out[c] = min(values[c], LARGEST)


@kernel
def multiply_cells(
    start: int, nz: int, ny: int, nx: int, gx: Reals, gy: Reals, gz: Reals, diagonal: Reals, u: Reals,
    out: Reals,
) -> None:  # fmt: skip
    """Fill out = M u on the cells of a level."""
    plane = ny * nx
    first, n = start + plane, plane * nz
    if n >= THREADED_CELLS:
        _multiply_threaded(first, n, nz, nx, plane, gx, gy, gz, diagonal, u, out)
    else:
        _multiply_part(first, first + n, nz, nx, plane, gx, gy, gz, diagonal, u, out)


@threaded
def _multiply_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Reals, gy: Reals, gz: Reals, diagonal: Reals,
    u: Reals, out: Reals,
) -> None:  # fmt: skip
    for part in numba.prange((n + PART - 1) // PART):
        begin = first + part * PART
        _multiply_part(begin, min(begin + PART, first + n), nz, nx, plane, gx, gy, gz, diagonal, u, out)


@kernel
def _multiply_part(
    first: int, end: int, nz: int, nx: int, plane: int, gx: Reals, gy: Reals, gz: Reals, diagonal: Reals,
    u: Reals, out: Reals,
) -> None:  # fmt: skip
    if nz == 1:
        _multiply_2d(
            gx[first:end], gx[first - 1 : end - 1], gy[first:end], gy[first - nx : end - nx],
            diagonal[first:end], u[first:end], u[first + 1 : end + 1], u[first - 1 : end - 1],
            u[first + nx : end + nx], u[first - nx : end - nx], out[first:end],
        )  # fmt: skip
    else:
        _multiply_3d(
            gx[first:end], gx[first - 1 : end - 1], gy[first:end], gy[first - nx : end - nx],
            gz[first:end], gz[first - plane : end - plane], diagonal[first:end],
            u[first:end], u[first + 1 : end + 1], u[first - 1 : end - 1], u[first + nx : end + nx],
            u[first - nx : end - nx], u[first + plane : end + plane], u[first - plane : end - plane],
            out[first:end],
        )  # fmt: skip


@kernel
def _multiply_2d(
    ge: Reals, gw: Reals, gn: Reals, gs: Reals, diagonal: Reals, u: Reals, ue: Reals, uw: Reals,
    un: Reals, us: Reals, out: Reals,
) -> None:  # fmt: skip
    for c in range(out.size):
        flux = ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c]
        out[c] = diagonal[c] * u[c] - flux


@kernel
def _multiply_3d(
    ge: Reals, gw: Reals, gn: Reals, gs: Reals, ga: Reals, gb: Reals, diagonal: Reals, u: Reals,
    ue: Reals, uw: Reals, un: Reals, us: Reals, ua: Reals, ub: Reals, out: Reals,
) -> None:  # fmt: skip
    for c in range(out.size):
        flux = ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c] + ga[c] * ua[c] + gb[c] * ub[c]
        out[c] = diagonal[c] * u[c] - flux


@kernel
def residual_cells(
    start: int, nz: int, ny: int, nx: int, gx: Reals, gy: Reals, gz: Reals, diagonal: Reals, b: Reals,
    u: Reals, out: Reals,
) -> None:  # fmt: skip
    """Fill out = b - M u on the cells of a level."""
    plane = ny * nx
    first, n = start + plane, plane * nz
    if n >= THREADED_CELLS:
        _residual_threaded(first, n, nz, nx, plane, gx, gy, gz, diagonal, b, u, out)
    else:
        _residual_part(first, first + n, nz, nx, plane, gx, gy, gz, diagonal, b, u, out)


@threaded
def _residual_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Reals, gy: Reals, gz: Reals, diagonal: Reals,
    b: Reals, u: Reals, out: Reals,
) -> None:  # fmt: skip
    for part in numba.prange((n + PART - 1) // PART):
        begin = first + part * PART
        _residual_part(begin, min(begin + PART, first + n), nz, nx, plane, gx, gy, gz, diagonal, b, u, out)


@kernel
def _residual_part(
    first: int, end: int, nz: int, nx: int, plane: int, gx: Reals, gy: Reals, gz: Reals, diagonal: Reals,
    b: Reals, u: Reals, out: Reals,
) -> None:  # fmt: skip
    _multiply_part(first, end, nz, nx, plane, gx, gy, gz, diagonal, u, out)
    _take_from(b[first:end], out[first:end])


@kernel
def _take_from(b: Reals, out: Reals) -> None:
    for c in range(out.size):
        out[c] = b[c] - out[c]


@kernel
def relax_cells(
    start: int, nz: int, ny: int, nx: int, gx: Reals, gy: Reals, gz: Reals, inverse: Reals, b: Reals,
    step: Number, momentum: Number, u: Reals, last: Reals,
) -> None:  # fmt: skip
    """Replace `last` by u + step (Jacobi correction of u) + momentum (u - last)."""
    plane = ny * nx
    first, n = start + plane, plane * nz
    end = first + n
    if n >= THREADED_CELLS:
        _relax_threaded(first, n, nz, nx, plane, gx, gy, gz, inverse, b, step, momentum, u, last)
    else:
        _relax_part(first, end, nz, nx, plane, gx, gy, gz, inverse, b, step, momentum, u, last)


@threaded
def _relax_threaded(
    first: int, n: int, nz: int, nx: int, plane: int, gx: Reals, gy: Reals, gz: Reals, inverse: Reals,
    b: Reals, step: Number, momentum: Number, u: Reals, last: Reals,
) -> None:  # fmt: skip
    for part in numba.prange((n + PART - 1) // PART):
        begin = first + part * PART
        _relax_part(
            begin, min(begin + PART, first + n), nz, nx, plane, gx, gy, gz, inverse, b, step, momentum, u,
            last,
        )  # fmt: skip


@kernel
def _relax_part(
    first: int, end: int, nz: int, nx: int, plane: int, gx: Reals, gy: Reals, gz: Reals, inverse: Reals,
    b: Reals, step: Number, momentum: Number, u: Reals, last: Reals,
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
    ge: Reals, gw: Reals, gn: Reals, gs: Reals, inverse: Reals, b: Reals, step: Number,
    momentum: Number, u: Reals, ue: Reals, uw: Reals, un: Reals, us: Reals, last: Reals,
) -> None:  # fmt: skip
    for c in range(last.size):
        total = b[c] + ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c]
        last[c] = u[c] + step * (inverse[c] * total - u[c]) + momentum * (u[c] - last[c])


@kernel
def _relax_3d(
    ge: Reals, gw: Reals, gn: Reals, gs: Reals, ga: Reals, gb: Reals, inverse: Reals, b: Reals,
    step: Number, momentum: Number, u: Reals, ue: Reals, uw: Reals, un: Reals, us: Reals, ua: Reals,
    ub: Reals, last: Reals,
) -> None:  # fmt: skip
    for c in range(last.size):
        total = b[c] + ge[c] * ue[c] + gw[c] * uw[c] + gn[c] * un[c] + gs[c] * us[c]
        total += ga[c] * ua[c] + gb[c] * ub[c]
        last[c] = u[c] + step * (inverse[c] * total - u[c]) + momentum * (u[c] - last[c])


@kernel
def first_relaxation(inverse: Reals, b: Reals, step: Number, u: Reals, last: Reals) -> None:
    """The first step from zero: u = step b / diagonal."""
    for c in range(u.size):
        u[c] = step * inverse[c] * b[c]
        last[c] = 0.0


@kernel
def add_pairs(fine: Reals, coarse: Reals, factor: Number) -> None:
    """Add `factor` times the sum of every two values to the coarse ones."""
    half = fine.size // 2
    for i in range(half):
        coarse[i] += factor * (fine[2 * i] + fine[2 * i + 1])
    if fine.size > 2 * half:
        coarse[half] += factor * fine[2 * half]


@kernel
def add_seconds(fine: Reals, coarse: Reals, factor: Number) -> None:
    """Add `factor` times every second value to the coarse ones."""
    for i in range(fine.size // 2):
        coarse[i] += factor * fine[2 * i + 1]


@kernel
def add_constants(coarse: Reals, inverse: Reals, fine: Reals) -> None:
    """Add every coarse value to the two fine ones, unless they are inactive."""
    half, zero = fine.size // 2, fine.dtype.type(0.0)
    for i in range(half):
        value = coarse[i]
        fine[2 * i] += value if inverse[2 * i] > zero else zero
        fine[2 * i + 1] += value if inverse[2 * i + 1] > zero else zero
    if fine.size > 2 * half and inverse[2 * half] > zero:
        fine[2 * half] += coarse[half]


@kernel
def smooth_cells(
    start: int, nz: int, ny: int, nx: int, colour: int,
    gx: Reals, gy: Reals, gz: Reals, inverse: Reals, b: Reals, u: Reals,
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
