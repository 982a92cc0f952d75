"""The perimeter in the plan: every ring cut into elements, each in one cell, with its true arc length.

An element ends where the ring enters another cell, at a real corner and at the end of a contact. It belongs
to the cell on its inner side, also where it runs along a grid line.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen.mesh import Floats, Indices
from lto_sim.specimen.outline import Outline, outline_rings
from lto_sim.specimen.polygon import Polygon
from lto_sim.specimen.rings import NUDGE, Line, Pieces, cell_of, cut_line, make_line
from lto_sim.specimen.stretches import Interval

__all__ = ["CutRing", "Wall", "cut_rings", "inside_cells", "make_wall"]

CORNER = float(np.deg2rad(30.0))
"""Turn at a vertex from which it is a corner of the particle."""


@dataclass(frozen=True, eq=False)
class CutRing:
    """A ring of the outline in pieces.

    Parameters
    ----------
    line : The ring.
    side : +1 where the particle lies to the left of it, -1 to the right.
    pieces : Its pieces.
    contact : Contact on every piece, -1 for none.
    reentrant : Whether the piece begins at a corner that points into the particle.
    """

    line: Line
    side: float
    pieces: Pieces
    contact: Indices
    reentrant: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Wall:
    """Elements of the perimeter in the plan, all rings one after another.

    Parameters
    ----------
    cell : Cell (j, i).
    length : Arc length [m].
    distance : From the cell's centre to the element's line [m].
    position : Middle (x, y) [m].
    normal : Outward normal times the length of the chord, (n, 2) [m].
    contact : Index of the contact on it, -1 for none.
    following : The next element along the ring.
    """

    cell: Indices
    length: Floats
    distance: Floats
    position: Floats
    normal: Floats
    contact: Indices
    following: Indices

    def __len__(self) -> int:
        return len(self.length)


def cut_rings(
    outline: Outline, x_face: Floats, y_face: Floats, covered: tuple[tuple[Interval, ...], ...]
) -> tuple[CutRing, ...]:
    """Cut every ring at grid lines, corners and contact ends.

    Parameters
    ----------
    outline : Rectangle or polygon.
    x_face, y_face : Grid lines [m].
    covered : Intervals (ring, start, end) [m] of every contact.
    """
    limit = np.inf if isinstance(outline, Polygon) and outline.smooth else CORNER
    slack = NUDGE * min(float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0]))
    cut = []
    for number, points in enumerate(outline_rings(outline)):
        line = make_line(points, closed=True)
        side = float(np.sign(_signed_area(points))) * (1.0 if number == 0 else -1.0)
        turn = side * line.turns()
        spans = [(n, s, e) for n, group in enumerate(covered) for ring, s, e in group if ring == number]
        ends = [s for _, *span in spans if span[1] - span[0] < line.length - slack for s in span]
        corners = line.arc[:-1][np.abs(turn) > limit]
        hard = np.concatenate([corners, np.mod(np.array(ends, dtype=np.float64), line.length)])
        pieces = cut_line(line, x_face, y_face, hard)
        contact = np.full(pieces.start.size, -1, dtype=np.int64)
        for index, start, end in spans:
            contact[np.mod(pieces.middle - start, line.length) < end - start] = index
        inward = np.sort(line.arc[:-1][turn < -limit])
        reentrant = np.zeros(pieces.start.size, dtype=bool)
        if inward.size:
            nearest = inward[np.clip(np.searchsorted(inward, pieces.start - slack), 0, inward.size - 1)]
            reentrant = np.abs(nearest - pieces.start) <= slack
        cut.append(CutRing(line, side, pieces, contact, reentrant))
    return tuple(cut)


def _signed_area(points: Floats) -> float:
    x, y = (points - points.mean(axis=0)).T
    return float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def inside_cells(cell: Indices, position: Floats, inside: NDArray[np.bool_], size: Floats) -> Indices:
    """Cells as given, and where one lies outside, its nearest inside neighbour.

    Parameters
    ----------
    cell : Cells (j, i), (n, 2).
    position : Where the pieces lie (x, y), from the grid's first corner [m].
    inside : Which cells hold any of the particle, (ny, nx).
    size : Cell size (x, y) [m].
    """
    lost = np.flatnonzero(~inside[cell[:, 0], cell[:, 1]])
    if not lost.size:
        return cell
    moved = cell.copy()
    steps = np.array([(dj, di) for dj in (-1, 0, 1) for di in (-1, 0, 1)])
    near = np.clip(cell[lost, None, :] + steps, 0, np.array(inside.shape) - 1)
    gap = np.hypot(*np.moveaxis((near[:, :, ::-1] + 0.5) * size - position[lost, None, :], 2, 0))
    gap[~inside[near[..., 0], near[..., 1]]] = np.inf
    moved[lost] = near[np.arange(lost.size), gap.argmin(axis=1)]
    return moved


def make_wall(rings: tuple[CutRing, ...], x_face: Floats, y_face: Floats, inside: NDArray[np.bool_]) -> Wall:
    """Join the pieces of every ring to elements.

    Parameters
    ----------
    rings : The outline in pieces.
    x_face, y_face : Grid lines [m].
    inside : Which cells hold any of the particle, (ny, nx).
    """
    walls: list[Wall] = []
    for ring in rings:
        wall = _ring_wall(ring, x_face, y_face, inside, sum(map(len, walls)))
        walls.append(wall)
    return Wall(*(np.concatenate([getattr(wall, f.name) for wall in walls]) for f in fields(Wall)))


def _ring_wall(ring: CutRing, x_face: Floats, y_face: Floats, inside: NDArray[np.bool_], offset: int) -> Wall:
    line, pieces = ring.line, ring.pieces
    corner = np.array([x_face[0], y_face[0]])
    size = np.array([x_face[1] - x_face[0], y_face[1] - y_face[0]])
    cell = cell_of(line, pieces, ring.side, x_face, y_face)
    cell = inside_cells(cell, line.at(pieces.middle) - corner, inside, size)
    fresh = pieces.hard | (cell != np.roll(cell, 1, axis=0)).any(axis=1)
    fresh |= ring.contact != np.roll(ring.contact, 1)
    whole = not fresh.any()
    fresh[0] |= whole
    first = int(np.flatnonzero(fresh)[0])
    # from here on the ring begins at an element's start and its arc length runs on past the old start
    order = np.roll(np.arange(fresh.size), -first)
    fresh, cell, edge = fresh[order], cell[order], pieces.edge[order]
    lap = line.length * (np.arange(order.size) >= order.size - first)
    start, end = pieces.start[order] + lap, pieces.end[order] + lap
    heads = np.flatnonzero(fresh)
    tails = np.append(heads[1:], fresh.size) - 1
    stop_before = ring.reentrant[order]
    free_start, free_end = fresh & ~stop_before, np.roll(fresh & ~stop_before, -1)
    if whole:
        free_start[:] = free_end[:] = False
    centre = corner + (cell[:, ::-1] + 0.5) * size
    gap = _distance(line, edge, centre, np.where(free_start, -np.inf, start - lap),
                    np.where(free_end, np.inf, end - lap))  # fmt: skip
    a, b = line.at(start[heads]), line.at(end[tails])
    chord = b - a if not whole else np.zeros((1, 2))
    number = np.arange(heads.size)
    return Wall(
        cell[heads],
        end[tails] - start[heads],
        np.minimum.reduceat(gap, heads),
        line.at(0.5 * (start[heads] + end[tails])),
        ring.side * np.stack([chord[:, 1], -chord[:, 0]], axis=1),
        ring.contact[order][heads],
        offset + np.roll(number, -1),
    )


def _distance(line: Line, edge: Indices, centre: Floats, start: Floats, end: Floats) -> Floats:
    """Distance [m] from points to pieces of edges; an end at infinity continues the edge for ever."""
    tangent, away = line.tangent[edge], centre - line.points[edge]
    along = line.arc[edge] + (away * tangent).sum(axis=1)
    across = away[:, 0] * tangent[:, 1] - away[:, 1] * tangent[:, 0]
    return np.asarray(np.hypot(across, along - np.clip(along, start, end)), dtype=np.float64)
