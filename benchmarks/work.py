"""What a run of the native implicit stepper moves through memory, counted from its kernels.

A pass streams every array that it touches once; what a stencil reads again from the rows beside is taken to
be in cache still, flags and phases (a byte each) are left out, and so are padding, elements, barriers, the
coarsest level and the beginning of a step. Every Newton iteration counts as one that assembles anew; a few do
not, which is less than is left out.
Words are 8 bytes; a number of single precision is half of one. Every entry is (words of a cell in a plane of
cells, words of a cell in three dimensions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["LEAST_BYTES", "LINEAR", "NEWTON", "V_CYCLE", "Traffic", "levels_over_finest", "traffic", "words"]

_WORD: Final = 8

LEAST_BYTES: Final = 2 * _WORD
"""What any method moves for one cell-update: the composition, read and written."""

Passes = Mapping[str, tuple[float, float]]

V_CYCLE: Final[Passes] = {
    "first relaxation (inverse, b; u, r)": (2, 2),
    "two relaxations down (conductances, inverse, b, u; r twice)": (7, 8),
    "residual (conductances, diagonal, u, b; r twice) and its sums": (4, 4.5),
    "correction (inverse; u twice)": (1.5, 1.5),
    "three relaxations up": (10.5, 12),
    "copy of the last one": (1, 1),
}
"""`multigrid.cycle`, for every cell of every level: single precision, half a word a number."""

LINEAR: Final[Passes] = {
    "right-hand side of the cycle (residual; b)": (1.5, 1.5),
    "residual . correction": (1.5, 1.5),
    "new direction (correction; direction twice)": (2.5, 2.5),
    "operator (conductances, diagonal, direction; product)": (5, 6),
    "direction . product": (2, 2),
    "update (direction, product, scale; u and residual twice)": (7, 7),
}
"""An iteration of conjugate gradients in `krylov`, its V-cycle apart."""

NEWTON: Final[Passes] = {
    "rebase (x_old; base and v twice)": (5, 5),
    "assembly (x_old, volume, base, conductances; conductances, a, rhs)": (9, 11),
    "diagonal (a, conductances; diagonal) and single copies (5 or 6; inverse)": (7, 8.5),
    "coarsen (a, conductances, single)": (1.5, 2),
    "first residual (conductances, diagonal, rhs, u; residual) and its largest (2)": (8, 9),
    "balance (conductances, base, v, scale; x)": (6, 7),
    "balance, end (x_old, scale; x twice)": (4, 4),
    "next states (volume, x, base, v)": (4, 4),
}
"""A Newton iteration that assembles anew, its linear iterations apart; assembly and balance run through parts
that stay in cache."""


@dataclass(frozen=True)
class Traffic:
    """Bytes of a run, and per cell and step.

    Parameters
    ----------
    total : All of it [bytes].
    per_update : Of one cell in one step [bytes].
    """

    total: float
    per_update: float


def words(passes: Passes, *, flat: bool) -> float:
    """Sum of the passes for one cell; `flat` where there is one layer of cells."""
    return sum(entry[0 if flat else 1] for entry in passes.values())


def levels_over_finest(network: Any) -> float:
    """Cells of all multigrid levels over those of the finest."""
    sizes = [int(nz * ny * nx) for nz, ny, nx in network.dims[:-1, 1:4]]
    return sum(sizes) / sizes[0]


def traffic(cells: int, steps: int, newton: int, linear: int, levels: float, *, flat: bool = True) -> Traffic:
    """Bytes that a run has moved at least, from its counters.

    Parameters
    ----------
    cells, steps, newton, linear : Counters of the run; BiCGStab, whose iterations are dearer, counts like
        conjugate gradients.
    levels : :func:`levels_over_finest` of its network.
    flat : Whether there is one layer of cells.
    """
    an_iteration = words(V_CYCLE, flat=flat) * levels + words(LINEAR, flat=flat)
    total = float(_WORD * cells * (linear * an_iteration + newton * words(NEWTON, flat=flat)))
    return Traffic(total, total / (cells * max(steps, 1)))
