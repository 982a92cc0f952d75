"""Grain boundaries that conduct along and resist across: elements on either side of the barrier.

A resisting boundary is a staircase of cell faces. Where it conducts too, every one of its faces carries two
elements, one on either cell, each with half the conductance; a face's part of the boundary is its length
over the secant of its angle to the line. Elements are connected around grid points: going round one, the
cells between two barrier faces are of one grain, and so are the elements of these faces on that side. Lines
may bend, meet, cross, close or end as they like: no connection ever leads across a barrier, nor over a face
that is closed. Around a free end the two sides meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lto_sim.specimen.mesh import BarrierFaces, Floats, Indices

__all__ = ["Lattice", "SideElements", "side_elements"]

_CELLS = ((-1, -1), (-1, 0), (0, 0), (0, -1))
"""Cells (j, i) around a grid point, one after another."""

_FACES = (((-1, -1), 0), ((-1, 0), 1), ((0, -1), 0), ((-1, -1), 1))
"""Face from each of these cells to the next one: the cell before it and its axis (0 along x, 1 along y)."""

Face = tuple[int, int, int]
"""Cell (j, i) before a face, and its axis."""


class Lattice:
    """Which faces between cells are open, and which of them are barriers.

    Parameters
    ----------
    open_x, open_y : Open part of the face to the next cell along each axis, (ny, nx).
    barriers : Faces that resist; those of the first layer are the plan's.
    """

    def __init__(self, open_x: Floats, open_y: Floats, barriers: BarrierFaces) -> None:
        self.opening = (open_x, open_y)
        top = np.flatnonzero(barriers.cell[:, 0] == 0)
        rows = np.column_stack([barriers.cell[top, 1:], barriers.axis[top]]).tolist()
        self.barrier: dict[Face, int] = {
            (j, i, axis): int(n) for (j, i, axis), n in zip(rows, top, strict=True)
        }

    def is_open(self, face: Face) -> bool:
        """Whether lithium may pass a face, barrier or not."""
        j, i, axis = face
        opening = self.opening[axis]
        return 0 <= j < opening.shape[0] and 0 <= i < opening.shape[1] and bool(opening[j, i] > 0.0)

    def is_free(self, face: Face) -> bool:
        """Whether a face is open and no barrier."""
        return face not in self.barrier and self.is_open(face)

    def parted(self, one: Indices, other: Indices) -> bool:
        """Whether barriers leave no way from a cell (j, i) to one that touches it, past at most one more."""
        (j, i), (n, m) = one.tolist(), other.tolist()
        if max(abs(n - j), abs(m - i)) != 1:
            return False
        row, column = min(j, n), min(i, m)
        ways: list[list[Face]] = [[(j, column, 0)] * (i != m) + [(row, m, 1)] * (j != n)]
        ways.append([(row, i, 1)] * (j != n) + [(n, column, 0)] * (i != m))
        shut = all(not all(self.is_free(face) for face in way) for way in ways)
        return shut and any(face in self.barrier for way in ways for face in way)


@dataclass(frozen=True, eq=False)
class SideElements:
    """Elements in the plan.

    Parameters
    ----------
    boundary : Index of the boundary.
    cell : Cell (j, i).
    length : Their part of the boundary's length [m].
    position : Middle of the face (x, y) [m].
    links : Pairs of elements that are connected, (n, 2).
    """

    boundary: Indices
    cell: Indices
    length: Floats
    position: Floats
    links: Indices


def side_elements(
    lattice: Lattice, barriers: BarrierFaces, conducting: Indices, x_face: Floats, y_face: Floats
) -> SideElements:
    """Elements of the barrier faces whose boundary is one of `conducting`."""
    size = (float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0]))
    used = np.isin(barriers.boundary, conducting)
    faces = [(face, n) for face, n in lattice.barrier.items() if used[n]]
    number = {face: 2 * order for order, (face, _) in enumerate(faces)}
    row = np.array([n for _, n in faces], dtype=np.int64)
    key = np.array([face for face, _ in faces], dtype=np.int64).reshape(-1, 3)
    along_x = key[:, 2] == 0
    step = np.where(along_x[:, None], (0, 1), (1, 0))
    cell = np.stack([key[:, :2], key[:, :2] + step], axis=1).reshape(-1, 2)
    opening = np.where(
        along_x, lattice.opening[0][key[:, 0], key[:, 1]], lattice.opening[1][key[:, 0], key[:, 1]]
    )
    length = opening * np.where(along_x, size[1], size[0]) / barriers.secant[row]
    middle = (key[:, 1::-1] + np.where(along_x[:, None], (1.0, 0.5), (0.5, 1.0))) * size
    points = {(face[0] + 1, face[1] + 1) for face in number}
    points |= {(face[0] + face[2], face[1] + 1 - face[2]) for face in number}
    pairs = {pair for point in sorted(points) for pair in _around(point, lattice, number)}
    return SideElements(
        np.repeat(barriers.boundary[row], 2),
        cell.astype(np.int64),
        np.repeat(length, 2),
        np.repeat(middle + np.array([x_face[0], y_face[0]]), 2, axis=0),
        np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2),
    )


def _around(point: tuple[int, int], lattice: Lattice, number: dict[Face, int]) -> Iterator[tuple[int, int]]:
    """Pairs of elements on both ends of every part of a turn around a grid point."""
    faces = [(point[0] + j, point[1] + i, axis) for (j, i), axis in _FACES]
    for start, face in enumerate(faces):
        if face not in number:
            continue
        for turn in range(1, 5):
            other = faces[(start + turn) % 4]
            if other in lattice.barrier:
                if other in number:
                    one = number[face] + _after(start)
                    two = number[other] + 1 - _after((start + turn) % 4)
                    yield min(one, two), max(one, two)
                break
            if not lattice.is_free(other):
                break


def _after(place: int) -> int:
    """Which of a face's two cells, the one before it (0) or behind it (1), is met first after the face."""
    (j, i), axis = _FACES[place]
    following = _CELLS[(place + 1) % 4]
    return int(following == ((j, i + 1) if axis == 0 else (j + 1, i)))
