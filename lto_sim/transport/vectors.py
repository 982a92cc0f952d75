"""Passes over whole vectors for the Krylov methods, as much in one pass as can be.

A vector is cut into parts of one length; sums are taken part by part, in order, whether or not parts run in
threads, so that results do not depend on their number.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, summing, threaded
from lto_sim.transport.passes import PART, THREADED_CELLS, largest, largest_product

__all__ = ["dot", "dots", "follow", "redirect", "retreat"]

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]


@summing
def _dot_part(a: Floats, b: Reals) -> float:
    total = 0.0
    for c in range(a.size):
        total += a[c] * b[c]
    return total


@kernel
def _dot_some(a: Floats, b: Reals, part: int, sums: Floats) -> None:
    begin = part * PART
    end = min(begin + PART, a.size)
    sums[part] = _dot_part(a[begin:end], b[begin:end])


@threaded
def _dot_threaded(a: Floats, b: Reals, sums: Floats) -> None:
    for part in numba.prange(sums.size):
        _dot_some(a, b, part, sums)


@kernel
def dot(a: Floats, b: Reals) -> float:
    """Return a . b."""
    parts = (a.size + PART - 1) // PART
    sums = np.zeros(parts)
    if a.size >= THREADED_CELLS:
        _dot_threaded(a, b, sums)
    else:
        for part in range(parts):
            _dot_some(a, b, part, sums)
    total: float = sums.sum()
    return total


@kernel
def dots(a: Floats, b: Floats) -> tuple[float, float]:
    """Return (a . a, a . b)."""
    parts = (a.size + PART - 1) // PART
    sums = np.zeros((2, parts))
    if a.size >= THREADED_CELLS:
        _dots_threaded(a, b, sums)
    else:
        for part in range(parts):
            _dots_some(a, b, part, sums)
    return sums[0].sum(), sums[1].sum()


@kernel
def _dots_some(a: Floats, b: Floats, part: int, sums: Floats) -> None:
    _dot_some(a, a, part, sums[0])
    _dot_some(a, b, part, sums[1])


@threaded
def _dots_threaded(a: Floats, b: Floats, sums: Floats) -> None:
    for part in numba.prange(sums.shape[1]):
        _dots_some(a, b, part, sums)


@kernel
def follow(factor: float, x: Reals, y: Floats) -> None:
    """Y = x + factor y."""
    if y.size >= THREADED_CELLS:
        _follow_threaded(factor, x, y)
    else:
        _follow_part(factor, x, y)


@threaded
def _follow_threaded(factor: float, x: Reals, y: Floats) -> None:
    for part in numba.prange((y.size + PART - 1) // PART):
        begin = part * PART
        end = min(begin + PART, y.size)
        _follow_part(factor, x[begin:end], y[begin:end])


@kernel
def _follow_part(factor: float, x: Reals, y: Floats) -> None:
    for c in range(y.size):
        y[c] = x[c] + factor * y[c]


@kernel
def redirect(beta: float, omega: float, q: Floats, r: Floats, d: Floats) -> None:
    """D = r + beta (d - omega q)."""
    if d.size >= THREADED_CELLS:
        _redirect_threaded(beta, omega, q, r, d)
    else:
        _redirect_part(beta, omega, q, r, d)


@threaded
def _redirect_threaded(beta: float, omega: float, q: Floats, r: Floats, d: Floats) -> None:
    for part in numba.prange((d.size + PART - 1) // PART):
        begin = part * PART
        end = min(begin + PART, d.size)
        _redirect_part(beta, omega, q[begin:end], r[begin:end], d[begin:end])


@kernel
def _redirect_part(beta: float, omega: float, q: Floats, r: Floats, d: Floats) -> None:
    for c in range(d.size):
        d[c] = r[c] + beta * (d[c] - omega * q[c])


@kernel
def retreat(alpha: float, d: Reals, q: Floats, scale: Floats, u: Floats, r: Floats) -> float:
    """U += alpha d and r -= alpha q; returns the largest |r| scale."""
    parts = (u.size + PART - 1) // PART
    worst = np.zeros(parts)
    if u.size >= THREADED_CELLS:
        _retreat_threaded(alpha, d, q, scale, u, r, worst)
    else:
        for part in range(parts):
            _retreat_some(alpha, d, q, scale, u, r, part, worst)
    return largest(worst)


@threaded
def _retreat_threaded(
    alpha: float, d: Reals, q: Floats, scale: Floats, u: Floats, r: Floats, worst: Floats
) -> None:
    for part in numba.prange(worst.size):
        _retreat_some(alpha, d, q, scale, u, r, part, worst)


@kernel
def _retreat_some(
    alpha: float, d: Reals, q: Floats, scale: Floats, u: Floats, r: Floats, part: int, worst: Floats
) -> None:
    begin = part * PART
    end = min(begin + PART, u.size)
    _add(alpha, d[begin:end], u[begin:end])
    _add(-alpha, q[begin:end], r[begin:end])
    worst[part] = largest_product(r[begin:end], scale[begin:end])


@kernel
def _add(factor: float, x: Reals, y: Floats) -> None:
    for c in range(y.size):
        y[c] += factor * x[c]
