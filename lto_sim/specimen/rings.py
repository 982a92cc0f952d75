"""Walking a closed ring or an open polyline over the grid lines: arc length, crossings, pieces.

A line is cut softly at grid lines and vertices and hard at corners and contact ends. Cuts closer than a
billionth of a cell are one cut, so that rounding never leaves slivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lto_sim.specimen.mesh import Floats, Indices

__all__ = [
    "NUDGE",
    "Line",
    "Pieces",
    "axis_crossings",
    "cell_of",
    "cut_line",
    "make_line",
    "segment_crossings",
]

NUDGE = 1e-9
"""Share of a cell below which two places are one."""


@dataclass(frozen=True, eq=False)
class Line:
    """Polyline with its arc length.

    Parameters
    ----------
    points : Vertices (n, 2) [m]; the first again at the end where it is closed.
    arc : Arc length at every vertex [m].
    tangent : Unit vector along every edge (n - 1, 2).
    closed : Whether it is a ring.
    """

    points: Floats
    arc: Floats
    tangent: Floats
    closed: bool

    @property
    def length(self) -> float:
        """Total length [m]."""
        return float(self.arc[-1])

    def at(self, s: Floats) -> Floats:
        """Points (m, 2) [m] at arc lengths `s` [m]; a ring goes round and round."""
        if self.closed:
            s = np.mod(s, self.length)
        return np.stack([np.interp(s, self.arc, self.points[:, axis]) for axis in (0, 1)], axis=-1)

    def edge_at(self, s: Floats) -> Indices:
        """Edge on which the arc lengths `s` [m] lie."""
        if self.closed:
            s = np.mod(s, self.length)
        edge = np.searchsorted(self.arc, s, side="right") - 1
        return np.clip(edge, 0, len(self.tangent) - 1).astype(np.int64)

    def turns(self) -> Floats:
        """Turn [rad] at the start of every edge; of an open line 0 at its start."""
        before = np.roll(self.tangent, 1, axis=0)
        cross = before[:, 0] * self.tangent[:, 1] - before[:, 1] * self.tangent[:, 0]
        turn = np.arctan2(cross, (before * self.tangent).sum(axis=1))
        if not self.closed:
            turn[0] = 0.0
        return np.asarray(turn, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Consecutive parts of a line, each on one edge and in one cell.

    Parameters
    ----------
    start, end : Arc length [m].
    edge : Edge of the line.
    hard : Whether the piece begins at a hard cut.
    """

    start: Floats
    end: Floats
    edge: Indices
    hard: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def middle(self) -> Floats:
        """Arc length of the middle [m]."""
        return np.asarray(0.5 * (self.start + self.end), dtype=np.float64)


def make_line(points: Floats, *, closed: bool) -> Line:
    """Line through `points`."""
    path = np.concatenate([points, points[:1]]) if closed else points
    step = np.diff(path, axis=0)
    size = np.hypot(step[:, 0], step[:, 1])
    return Line(path, np.append(0.0, np.cumsum(size)), step / size[:, None], closed)


def axis_crossings(line: Line, axis: int, at: Floats, slack: float) -> tuple[Indices, Indices, Floats]:
    """Where a line meets the grid lines coordinate[axis] = at.

    Ends of edges count, within `slack` [m]; an edge along a grid line counts through its neighbours.

    Returns
    -------
    edge, index of the grid line, share of the edge before the crossing.
    """
    begin, finish = line.points[:-1, axis], line.points[1:, axis]
    low, high = np.minimum(begin, finish), np.maximum(begin, finish)
    first = np.searchsorted(at, low - slack, side="left")
    count = np.searchsorted(at, high + slack, side="right") - first
    count[high - low <= slack * 1e-3] = 0
    edge = np.repeat(np.arange(low.size), count)
    within = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    which = first[edge] + within
    share = (at[which] - begin[edge]) / (finish[edge] - begin[edge])
    return edge, which, np.clip(share, 0.0, 1.0)


def grid_cuts(line: Line, x_face: Floats, y_face: Floats) -> Floats:
    """Arc lengths [m] at which a line crosses grid lines."""
    found = []
    for axis, at in enumerate((x_face, y_face)):
        edge, _, share = axis_crossings(line, axis, at, 0.0)
        found.append(line.arc[edge] + share * np.diff(line.arc)[edge])
    return np.concatenate(found)


def segment_crossings(line: Line, other: Line) -> Floats:
    """Arc lengths [m] on `line` at which it crosses or touches `other`; where both run along, at the ends."""
    short, long = (line, other) if len(line.tangent) <= len(other.tangent) else (other, line)
    found = [_one_segment(short, n, long) for n in range(len(short.tangent))]
    return np.concatenate([on_short if short is line else on_long for on_short, on_long in found])


def _one_segment(short: Line, n: int, long: Line) -> tuple[Floats, Floats]:
    """Arc lengths on both lines at which edge `n` of one meets the other."""
    a, d = short.points[n], short.points[n + 1] - short.points[n]
    p, u = long.points[:-1], np.diff(long.points, axis=0)
    cross = d[0] * u[:, 1] - d[1] * u[:, 0]
    edge = np.flatnonzero(np.abs(cross) > 1e-12 * np.hypot(*d) * np.diff(long.arc))
    gap, u, cross = p[edge] - a, u[edge], cross[edge]
    t = (gap[:, 0] * u[:, 1] - gap[:, 1] * u[:, 0]) / cross
    v = (gap[:, 0] * d[1] - gap[:, 1] * d[0]) / cross
    hit = (np.abs(t - 0.5) <= 0.5 + 1e-12) & (np.abs(v - 0.5) <= 0.5 + 1e-12)
    t, v, edge = np.clip(t[hit], 0.0, 1.0), np.clip(v[hit], 0.0, 1.0), edge[hit]
    on_short = short.arc[n] + t * (short.arc[n + 1] - short.arc[n])
    return on_short, long.arc[edge] + v * np.diff(long.arc)[edge]


def cut_line(line: Line, x_face: Floats, y_face: Floats, hard: Floats) -> Pieces:
    """Cut a line at grid lines, vertices and, firmly, the given arc lengths [m]."""
    size = min(float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0]))
    slack = NUDGE * size
    ends = line.arc[[0, -1]]
    places = np.concatenate([ends, hard, line.arc[1:-1], grid_cuts(line, x_face, y_face)])
    # of cuts in one place the firmest stays: the ends of the line, then hard ones, then vertices
    rank = np.full(places.size, 3)
    rank[: 2 + hard.size] = 1
    rank[:2] = 0
    rank[2 + hard.size : 2 + hard.size + line.arc.size - 2] = 2
    order = np.lexsort((rank, places))
    group = np.append(0, np.cumsum(np.diff(places[order]) > slack))
    best = np.lexsort((rank[order], group))
    _, pick = np.unique(group[best], return_index=True)
    cuts = places[order][best[pick]]
    is_hard = np.zeros(cuts.size, dtype=bool)
    at = group[np.argsort(order)[2 : 2 + hard.size]]
    is_hard[at] = True
    if line.closed:
        is_hard[0] = is_hard[0] or is_hard[-1]
    else:
        is_hard[0] = True
    start, end = cuts[:-1], cuts[1:]
    return Pieces(start, end, line.edge_at(0.5 * (start + end)), is_hard[:-1])


def cell_of(line: Line, pieces: Pieces, side: float, x_face: Floats, y_face: Floats) -> Indices:
    """Cells (j, i), (n, 2), on one side of the pieces: a hair to the left (+1) or right (-1) of the line."""
    size = min(float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0]))
    tangent = line.tangent[pieces.edge]
    normal = side * np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    point = line.at(pieces.middle) + NUDGE * size * normal
    i = np.clip(np.searchsorted(x_face, point[:, 0], side="right") - 1, 0, x_face.size - 2)
    j = np.clip(np.searchsorted(y_face, point[:, 1], side="right") - 1, 0, y_face.size - 2)
    return np.stack([j, i], axis=1).astype(np.int64)
