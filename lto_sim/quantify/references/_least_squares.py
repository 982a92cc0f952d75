"""Compiled solution of small normal equations, as they are or with x >= 0."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel

__all__ = ["inverted", "nonnegative_solution", "solution"]

Floats = NDArray[np.float64]

_PIVOT: Final = 1e-12
"""Smallest pivot of a matrix that is not singular, over its diagonal."""


@kernel
def solution(gram: Floats, right: Floats, taken: NDArray[np.bool_], x: Floats, work: Floats) -> bool:
    """Solve the normal equations of the references `taken`, 0 for the others; False where singular."""
    size = right.size
    for i in range(size):
        x[i] = 0.0
        if not taken[i]:
            continue
        for j in range(i + 1):
            if not taken[j]:
                continue
            value = gram[i, j]
            for k in range(j):
                if taken[k]:
                    value -= work[i, k] * work[j, k]
            if i != j:
                work[i, j] = value / work[j, j]
            elif not value > _PIVOT * gram[i, i]:
                return False
            else:
                work[i, i] = np.sqrt(value)
        value = right[i]
        for k in range(i):
            if taken[k]:
                value -= work[i, k] * x[k]
        x[i] = value / work[i, i]
    for i in range(size - 1, -1, -1):
        if taken[i]:
            value = x[i]
            for k in range(i + 1, size):
                if taken[k]:
                    value -= work[k, i] * x[k]
            x[i] = value / work[i, i]
    return True


@kernel
def nonnegative_solution(gram: Floats, right: Floats, x: Floats, work: Floats) -> bool:
    """Least squares with x >= 0 from normal equations: the active set of Lawson and Hanson (1974, ch. 23).

    `gram` (n, n), `right` (n,), `x` (n,) out, `work` (n, n). False where the references taken are singular.
    """
    size = right.size
    taken = np.zeros(size, np.bool_)
    trial = np.zeros(size)
    x[:] = 0.0
    for _ in range(3 * size + 10):
        steepest, entering = 0.0, -1
        for i in range(size):
            if taken[i]:
                continue
            slope, largest = right[i], abs(right[i])
            for k in range(size):
                slope -= gram[i, k] * x[k]
                largest = max(largest, abs(gram[i, k] * x[k]))
            scale = np.sqrt(gram[i, i])
            if scale > 0.0 and slope > 1e-13 * largest and slope / scale > steepest:
                steepest, entering = slope / scale, i
        if entering < 0:
            return True
        taken[entering] = True
        while True:
            if not solution(gram, right, taken, trial, work):
                return False
            part, leaving = 1.0, -1
            for i in range(size):
                if taken[i] and trial[i] <= 0.0:
                    way = x[i] / (x[i] - trial[i]) if x[i] > trial[i] else 0.0
                    if leaving < 0 or way < part:
                        part, leaving = way, i
            if leaving < 0:
                x[:] = trial
                break
            for i in range(size):
                x[i] += part * (trial[i] - x[i])
            x[leaving] = 0.0
            taken[leaving] = False
            if leaving == entering:  # round-off: it had no slope after all
                return True
    return True


@kernel
def inverted(gram: Floats, inverse: Floats, work: Floats) -> bool:
    """Invert a normal matrix into `inverse`; False where singular. All (n, n)."""
    everything = np.ones(gram.shape[0], np.bool_)
    unit, x = np.zeros(gram.shape[0]), np.zeros(gram.shape[0])
    for i in range(gram.shape[0]):
        unit[:] = 0.0
        unit[i] = 1.0
        if not solution(gram, unit, everything, x, work):
            return False
        inverse[i] = x
    return True
