"""Levenberg-Marquardt for the linear-parabolic law: three parameters at most, whitened residuals, compiled.

A fit of a rate constant is some hundred fits of the law (windows, profile likelihood, sensitivities), each of
a few iterations on ten to some hundred points, where the calls of a general solver cost more than the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.transport.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SMALLEST_RADICAND", "fit_parameters", "forward_substitution"]

SMALLEST_RADICAND: Final[float] = 1e-6
"""Least q^2 + 4 r tau in scaled units."""

_ITERATIONS: Final[int] = 200
_STILL: Final[float] = 1e-10


@kernel
def forward_substitution(
    values: NDArray[np.float64],
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    factors: NDArray[np.float64],
) -> None:
    """Solve L y = values block by block, in place.

    Parameters
    ----------
    values : Right-hand sides, shape (n, p).
    order : Rows of the first block, then of the second, ..., shape (n,).
    ends : End of each block in `order`, shape (blocks,).
    factors : Lower triangular factors, one after the other, each by rows.
    """
    first, at = 0, 0
    for block in range(ends.size):
        size = ends[block] - first
        for i in range(size):
            row = order[first + i]
            for column in range(values.shape[1]):
                total = values[row, column]
                for j in range(i):
                    total -= factors[at + i * size + j] * values[order[first + j], column]
                values[row, column] = total / factors[at + i * size + i]
        first = ends[block]
        at += size * size


@kernel
def _evaluate(
    t: NDArray[np.float64],
    xi: NDArray[np.float64],
    full: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Residuals in column 0 of `out`, gradient of the law to (t0, q, r) in columns 1 to 3."""
    t0, q, r = full[0], full[1], full[2]
    for i in range(t.size):
        tau = t[i] - t0
        if q >= 0.0 and r >= 0.0:
            tau = max(tau, 0.0)
        root = np.sqrt(max(q * q + 4.0 * r * tau, SMALLEST_RADICAND))
        law = 2.0 * tau / (q + root) if q >= 0.0 else (root - q) / (2.0 * max(r, 1e-9))
        speed = 0.0 if q >= 0.0 and t[i] < t0 else 1.0 / root
        out[i, 0] = xi[i] - law
        out[i, 1] = -speed
        out[i, 2] = -speed * law
        out[i, 3] = -speed * law * law


@kernel
def _whitened_square(
    t: NDArray[np.float64],
    xi: NDArray[np.float64],
    full: NDArray[np.float64],
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    factors: NDArray[np.float64],
    diagonal: bool,
    out: NDArray[np.float64],
) -> float:
    _evaluate(t, xi, full, out)
    if diagonal:
        for i in range(t.size):
            for column in range(4):
                out[i, column] /= factors[i]
    else:
        forward_substitution(out, order, ends, factors)
    total = 0.0
    for i in range(t.size):
        total += out[i, 0] * out[i, 0]
    return total


@kernel
def fit_parameters(
    t: NDArray[np.float64],
    xi: NDArray[np.float64],
    start: NDArray[np.float64],
    free: NDArray[np.int64],
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    factors: NDArray[np.float64],
    diagonal: bool,
    latest: float,
) -> NDArray[np.float64]:
    """Return (t0, q, r) of least whitened squares, in scaled units.

    Parameters
    ----------
    t, xi : Times and positions, scaled, shape (n,).
    start : First (t0, q, r); what is not free stays.
    free : Indices of the free parameters, shape (p,).
    order, ends, factors : See :func:`forward_substitution`; scaled like `xi`.
    diagonal : Whether `factors` are deviations in the order of `t`.
    latest : Time that t0 does not pass: a step beyond ends half-way to it.
    """
    size = free.size
    full, trial = start.copy(), start.copy()
    now, new = np.empty((t.size, 4)), np.empty((t.size, 4))
    square = _whitened_square(t, xi, full, order, ends, factors, diagonal, now)
    damping = 1e-3
    normal, right = np.empty((size, size)), np.empty(size)
    for _ in range(_ITERATIONS):
        for a in range(size):
            right[a] = 0.0
            for b in range(size):
                normal[a, b] = 0.0
            for i in range(t.size):
                right[a] += now[i, 1 + free[a]] * now[i, 0]
                for b in range(size):
                    normal[a, b] += now[i, 1 + free[a]] * now[i, 1 + free[b]]
        accepted = False
        while damping < 1e12:
            damped = normal.copy()
            for a in range(size):
                damped[a, a] += damping * max(normal[a, a], 1e-12)
            step = np.linalg.solve(damped, right)
            for a in range(size):
                trial[free[a]] = full[free[a]] + step[a]
            if trial[0] >= latest:
                trial[0] = 0.5 * (full[0] + latest)
            candidate = _whitened_square(t, xi, trial, order, ends, factors, diagonal, new)
            if candidate <= square:
                accepted = True
                break
            damping *= 8.0
        if not accepted:
            break
        moved = 0.0
        for a in range(size):
            moved = max(moved, abs(step[a]) / (abs(full[free[a]]) + 1e-3))
            full[free[a]] = trial[free[a]]
        gain = square - candidate
        square = candidate
        for i in range(t.size):
            for column in range(4):
                now[i, column] = new[i, column]
        damping = max(damping * 0.1, 1e-12)
        if moved < _STILL or gain <= 1e-11 * square:
            break
    return full
