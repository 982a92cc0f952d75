"""Layout of the unknowns on every level of the multigrid: cells in a box, and elements that lie on them.

A level is one block of the flat arrays: its cells (z, y, x) with one padding plane at each end, then its
elements. Elements are the pieces of surfaces and grain boundaries. Each lies on one cell and is joined to
other elements by edges; it stores no lithium. On the next level all elements of one kind that lie on the
children of a cell are one element, and an edge is the sum of the edges between two such groups.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen.surface import FACE

__all__ = ["COLUMNS", "NEAR", "Network", "build_network", "plain_network"]

Integers = NDArray[np.int64]

COLUMNS: Final = ("offset", "nz", "ny", "nx", "node", "elements", "ordinal", "edge", "edges")
"""Columns of `Network.dims`; the last row holds the totals."""

NEAR: Final = 4
"""Neighbours that most elements have at most."""

_COARSEST_CELLS = 32


class Network(NamedTuple):
    """Who is joined to whom, on every level.

    Parameters
    ----------
    dims : One row a level, finest first: first cell (flat), cells nz, ny, nx, first element (flat), number of
        elements, first element (ordinal), first edge, number of edges. The last row: total length, zeros, and
        the numbers of elements and edges of all levels.
    cell : Flat index of the cell beneath each element.
    parent : Flat index of the element on the next level.
    pointer : Where the edges of an element begin in `neighbour` and `edge`, one more than elements.
    neighbour, edge : Flat index of the element at the other end, and the edge's number.
    first, second : Flat indices of the two ends of each edge.
    edge_parent : Edge of the next level that an edge is a part of, -1 where both ends are one element there.
    near : The first NEAR of its neighbours for every element, itself where it has fewer.
    recedes : Whether the node of the cell beneath is twice as far from the element on the next level.
    """

    dims: Integers
    cell: Integers
    parent: Integers
    pointer: Integers
    neighbour: Integers
    edge: Integers
    first: Integers
    second: Integers
    edge_parent: Integers
    near: NDArray[np.int32]
    recedes: NDArray[np.bool_]

    @property
    def elements(self) -> int:
        """Elements of the finest level."""
        return int(self.dims[0, 5])

    @property
    def size(self) -> int:
        """Length of a flat array over all levels."""
        return int(self.dims[-1, 0])


def plain_network(shape: tuple[int, int, int]) -> Network:
    """Cells (nz, ny, nx) without elements."""
    none = np.empty(0, dtype=np.int64)
    return build_network(shape, np.empty((0, 3), dtype=np.int64), none, none, none)


def build_network(
    shape: tuple[int, int, int], cell: Integers, kind: Integers, first: Integers, second: Integers
) -> Network:
    """Lay out every level.

    Parameters
    ----------
    shape : Cells (nz, ny, nx) of the finest level.
    cell : Index (k, j, i) of the cell beneath each element, (n, 3).
    kind : Kind of each element, 1 for a face of the lamella (see `specimen.Surface`), others stand upright;
        only elements of one kind are ever joined into one.
    first, second : Elements at both ends of every edge.
    """
    rows: list[tuple[int, ...]] = []
    parts: list[_Level] = []
    offset = ordinal = edge = 0
    while True:
        nz, ny, nx = shape
        cells = (nz + 2) * ny * nx
        rows.append((offset, nz, ny, nx, offset + cells, kind.size, ordinal, edge, first.size))
        level = _Level(shape, cell, kind, first, second)
        parts.append(level)
        offset, ordinal, edge = offset + cells + kind.size, ordinal + kind.size, edge + first.size
        if nz * ny * nx <= _COARSEST_CELLS or max(shape) <= 2:
            break
        shape = ((nz + 1) // 2, (ny + 1) // 2, (nx + 1) // 2)
        cell, kind, first, second = level.group()
    rows.append((offset, 0, 0, 0, offset, 0, ordinal, edge, 0))
    return _assemble(np.array(rows, dtype=np.int64), parts)


class _Level:
    """One level while the network is built; indices are the level's own."""

    def __init__(
        self, shape: tuple[int, int, int], cell: Integers, kind: Integers, first: Integers, second: Integers
    ) -> None:
        self.shape, self.cell, self.kind, self.first, self.second = shape, cell, kind, first, second
        self.parent = np.zeros(kind.size, dtype=np.int64)
        self.edge_parent = np.full(first.size, -1, dtype=np.int64)

    def group(self) -> tuple[Integers, Integers, Integers, Integers]:
        """Cells, kinds and edges of the next level; fills `parent` and `edge_parent`."""
        keys = np.column_stack([self.cell // 2, self.kind])
        unique, parent = np.unique(keys, axis=0, return_inverse=True)
        self.parent = parent.reshape(-1).astype(np.int64)
        ends = np.sort(np.column_stack([self.parent[self.first], self.parent[self.second]]), axis=1)
        joins = ends[:, 0] != ends[:, 1]
        pairs, edge_parent = np.unique(ends[joins], axis=0, return_inverse=True)
        self.edge_parent[joins] = edge_parent.reshape(-1)
        pairs = pairs.reshape(-1, 2).astype(np.int64)
        return unique[:, :3].astype(np.int64), unique[:, 3].astype(np.int64), pairs[:, 0], pairs[:, 1]


def _assemble(dims: Integers, parts: list[_Level]) -> Network:
    cells, parents, pointers, neighbours, edges = [], [], [np.zeros(1, dtype=np.int64)], [], []
    firsts, seconds, edge_parents, recedes = [], [], [], []
    used = 0
    for index, part in enumerate(parts):
        offset, nz, ny, nx, node, count, _, edge, number = dims[index]
        k, j, i = part.cell.T
        cells.append(offset + ((k + 1) * ny + j) * nx + i)
        parents.append(part.parent + dims[index + 1, 4])
        firsts.append(part.first + node)
        seconds.append(part.second + node)
        edge_parents.append(np.where(part.edge_parent >= 0, part.edge_parent + dims[index + 1, 7], -1))
        recedes.append(np.where(part.kind == FACE, nz > 1, max(ny, nx) > 1))
        own = np.concatenate([part.first, part.second])
        order = np.argsort(own, kind="stable")
        neighbours.append(np.concatenate([part.second, part.first])[order] + node)
        edges.append(np.tile(np.arange(number), 2)[order] + edge)
        pointers.append(used + np.searchsorted(own[order], np.arange(1, count + 1)))
        used += own.size
    columns = (cells, parents, pointers, neighbours, edges, firsts, seconds, edge_parents)
    cell, parent, pointer, neighbour, edge_of, first, second, edge_parent = (
        np.concatenate(column).astype(np.int64) for column in columns
    )
    among = pointer[:-1, None] + np.arange(NEAR)
    own = np.concatenate([dims[k, 4] + np.arange(dims[k, 5]) for k in range(len(parts))])[:, None]
    near = np.full(among.shape, own, dtype=np.int32)
    there = among < pointer[1:, None]
    near[there] = neighbour[among[there]]
    return Network(
        dims, cell, parent, pointer, neighbour, edge_of, first, second, edge_parent,
        near.ravel(), np.concatenate(recedes),
    )  # fmt: skip
