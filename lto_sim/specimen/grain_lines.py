"""Grain boundaries in the plan: their lines cut into elements, each in one cell, and how these meet.

Parts up to half a cell outside the outline are cut off; more is an error. An end within half a cell of the
outline is on it. Lines that cross, or of which one ends on the other, are connected there. No connection
leads across a boundary that resists; one that does both has elements on either side (`grain_sides`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.specimen.boundaries import GrainBoundary
from lto_sim.specimen.grain_joints import wall_reach
from lto_sim.specimen.grain_sides import Lattice, SideElements, side_elements
from lto_sim.specimen.mesh import BarrierFaces, Floats, Indices
from lto_sim.specimen.rings import NUDGE, Line, cell_of, cut_line, make_line, segment_crossings
from lto_sim.specimen.wall import CutRing, inside_cells

__all__ = ["GrainLines", "check_inside", "grain_lines"]

_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class GrainLines:
    """Elements of all conducting grain boundaries in the plan.

    Parameters
    ----------
    boundary : Index of the boundary.
    cell : Cell (j, i).
    length : Arc length [m].
    position : Middle (x, y) [m].
    sides : Sides of the boundary that the element feeds, 1 or 2; it conducts by as many halves.
    links : Pairs of elements that meet, (n, 2).
    wall_ends : Elements whose line ends on the outline.
    wall_points : Where it does, (x, y) [m].
    """

    boundary: Indices
    cell: Indices
    length: Floats
    position: Floats
    sides: Indices
    links: Indices
    wall_ends: Indices
    wall_points: Floats

    def __len__(self) -> int:
        return len(self.length)


@dataclass(frozen=True, eq=False)
class _Run:
    """Part of a polyline inside the outline, in elements that begin and end at arc lengths `start`, `end`."""

    cell: Indices
    start: Floats
    end: Floats
    line: Line

    @property
    def length(self) -> Floats:
        return self.end - self.start

    @property
    def position(self) -> Floats:
        return self.line.at(0.5 * (self.start + self.end))

    @property
    def ends(self) -> Floats:
        return self.line.at(np.array([self.start[0], self.end[-1]]))

    def element_at(self, points: Floats, slack: float) -> Indices:
        """Element that each point (n, 2) [m] lies on, -1 where farther than `slack` [m] from all."""
        path = shapely.LineString(self.line.points)
        place = shapely.points(points)
        arc = shapely.line_locate_point(path, place)
        on = shapely.dwithin(place, path, slack)
        on &= (arc >= self.start[0] - slack) & (arc <= self.end[-1] + slack)
        at = np.minimum(np.searchsorted(self.end, arc), self.end.size - 1)
        return np.where(on, at, -1).astype(np.int64)


def check_inside(
    boundaries: tuple[GrainBoundary, ...], shape: shapely.Polygon, x_face: Floats, y_face: Floats
) -> None:
    """Raise InputError where a boundary leaves the particle by more than half a cell."""
    reach = wall_reach(x_face, y_face)
    for boundary in boundaries:
        for number, line in enumerate(boundary.lines):
            outside = shapely.difference(shapely.LineString(line), shape)
            if outside.is_empty:
                continue
            points = shapely.get_coordinates(shapely.segmentize(outside, reach))
            distance = shapely.distance(shapely.points(points), shape)
            far = int(distance.argmax())
            if distance[far] > reach * (1.0 + _SAME):
                x, y = 1e6 * points[far]
                raise InputError(
                    f"grain_boundaries.{boundary.name}.line.{number}",
                    f"a point at ({x:.4g} um, {y:.4g} um), {distance[far]:.3g} m outside",
                    f"inside the particle, or at most half a cell ({reach:.3g} m) outside",
                    "end the boundary at the outline",
                )


def grain_lines(
    boundaries: tuple[GrainBoundary, ...],
    shape: shapely.Polygon,
    rings: tuple[CutRing, ...],
    x_face: Floats,
    y_face: Floats,
    inside: NDArray[np.bool_],
    lattice: Lattice,
    barriers: BarrierFaces,
) -> GrainLines:
    """Cut the boundaries that conduct.

    Parameters
    ----------
    boundaries : Grain boundaries.
    shape, rings : The outline [m].
    x_face, y_face : Grid lines [m].
    inside : Which cells hold any of the particle, (ny, nx).
    lattice, barriers : Faces of the boundaries that resist.
    """
    plain = [(n, b) for n, b in enumerate(boundaries) if b.along is not None and b.permeability is None]
    both = [(n, b) for n, b in enumerate(boundaries) if b.along is not None and b.permeability is not None]
    found = [
        (index, run)
        for index, boundary in plain
        for points in boundary.lines
        for run in _runs(make_line(points, closed=False), shape, rings, x_face, y_face, inside)
    ]
    runs = [run for _, run in found]
    count = np.array([run.length.size for run in runs], dtype=np.int64)
    tail = np.cumsum(count) - 1
    head = tail + 1 - count
    number = np.arange(int(count.sum()))
    chain = np.setdiff1d(number, tail)
    elements = np.stack([head, tail], axis=1).ravel()
    points = np.concatenate([np.zeros((0, 2)), *(run.ends for run in runs)])
    reach = wall_reach(x_face, y_face)
    slack = _SAME * float(x_face[-1] - x_face[0] + y_face[-1] - y_face[0])
    meeting = np.concatenate([_meeting(elements, points, slack), _crossing(runs, head, slack)])
    on_wall = shapely.distance(shapely.points(points), shape.boundary) <= reach
    cell = np.concatenate([np.zeros((0, 2), dtype=np.int64), *(run.cell for run in runs)])
    links = np.unique(np.concatenate([np.stack([chain, chain + 1], axis=1), meeting]), axis=0)
    apart = [lattice.parted(cell[a], cell[b]) for a, b in links]
    side = side_elements(lattice, barriers, np.array([n for n, _ in both], dtype=np.int64), x_face, y_face)
    lines = [shapely.LineString(line) for _, boundary in both for line in boundary.lines]
    side_ends, side_points = _side_ends(lines, side, shape, reach)
    joints = [(a, b + number.size) for a, b in _onto_sides(runs, head, lines, side, lattice, reach, slack)]
    return GrainLines(
        np.concatenate([np.repeat(np.array([n for n, _ in found], dtype=np.int64), count), side.boundary]),
        np.concatenate([cell, side.cell]),
        np.concatenate([np.zeros(0), *(run.length for run in runs), side.length]),
        np.concatenate([np.zeros((0, 2)), *(run.position for run in runs), side.position]),
        np.repeat([2, 1], [number.size, side.length.size]),
        np.concatenate([links[~np.array(apart, dtype=np.bool_)], side.links + number.size, _pairs(joints)]),
        np.concatenate([elements[on_wall], side_ends + number.size]),
        np.concatenate([points[on_wall], side_points]),
    )


def _pairs(rows: list[tuple[int, int]]) -> Indices:
    return np.array(sorted(set(rows)), dtype=np.int64).reshape(-1, 2)


def _side_ends(
    lines: list[shapely.LineString], side: SideElements, shape: shapely.Polygon, reach: float
) -> tuple[Indices, Floats]:
    """Both elements of the barrier face nearest to each end on the outline, and that end (x, y) [m]."""
    found: list[int] = []
    points: list[Floats] = []
    for end in (np.array(line.coords[place]) for line in lines for place in (0, -1)):
        if side.length.size == 0 or not shapely.dwithin(shapely.Point(end), shape.boundary, reach):
            continue
        distance = np.hypot(*(side.position - end).T)
        nearest = int(distance.argmin()) // 2 * 2
        if distance[nearest] <= 3.0 * reach:
            found += [nearest, nearest + 1]
            points += [end, end]
    return np.array(found, dtype=np.int64), np.array(points, dtype=np.float64).reshape(-1, 2)


def _onto_sides(
    runs: list[_Run], head: Indices, lines: list[shapely.LineString], side: SideElements, lattice: Lattice,
    reach: float, slack: float,
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """Elements of a line that conducts only, each with the nearest of its grain beside a barrier it meets."""
    for run, first in zip(runs, head.tolist(), strict=True):
        path = shapely.LineString(run.line.points)
        for line in lines:
            if not shapely.dwithin(path, line, slack):
                continue
            points = np.concatenate([shapely.get_coordinates(shapely.intersection(path, line)), run.ends])
            points = points[shapely.dwithin(shapely.points(points), line, slack)]
            for point, at in zip(points, run.element_at(points, slack), strict=True):
                near = np.flatnonzero(np.hypot(*(side.position - point).T) <= 3.0 * reach)
                for element in range(max(at - 1, 0), min(at + 2, run.length.size)) if at >= 0 else ():
                    own = [
                        n for n in near
                        if np.abs(side.cell[n] - run.cell[element]).max() <= 1
                        and not lattice.parted(run.cell[element], side.cell[n])
                    ]  # fmt: skip
                    if own:
                        distance = np.hypot(*(side.position[own] - run.position[element]).T)
                        yield first + element, int(own[int(distance.argmin())])


def _meeting(elements: Indices, points: Floats, slack: float) -> Indices:
    """Pairs of different elements whose ends lie in one point."""
    gap = np.abs(points[:, None, :] - points[None, :, :]).max(axis=2)
    a, b = np.nonzero(np.triu(gap <= slack, 1))
    pairs = np.stack([elements[a], elements[b]], axis=1).reshape(-1, 2)
    return np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0).astype(np.int64)


def _crossing(runs: list[_Run], head: Indices, slack: float) -> Indices:
    """Pairs of elements of different runs that cross, or of which one ends on the other."""
    pairs: list[tuple[int, int]] = []
    if len(runs) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    paths = [shapely.LineString(run.line.points) for run in runs]
    tree = shapely.STRtree(paths)
    for a, b in tree.query(paths, predicate="dwithin", distance=slack).T:
        if a >= b:
            continue
        shared = shapely.get_coordinates(shapely.intersection(paths[a], paths[b]))
        shared = np.concatenate([shared, runs[a].ends, runs[b].ends])
        at_a, at_b = (runs[n].element_at(shared, slack) for n in (a, b))
        both = (at_a >= 0) & (at_b >= 0)
        pairs += zip((head[a] + at_a[both]).tolist(), (head[b] + at_b[both]).tolist(), strict=True)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _runs(
    line: Line, shape: shapely.Polygon, rings: tuple[CutRing, ...], x_face: Floats, y_face: Floats,
    inside: NDArray[np.bool_],
) -> Iterator[_Run]:  # fmt: skip
    """Parts of a polyline inside the outline, cut at grid lines and joined within a cell."""
    corner = np.array([x_face[0], y_face[0]])
    size = np.array([x_face[1] - x_face[0], y_face[1] - y_face[0]])
    cuts = np.concatenate([segment_crossings(line, ring.line) for ring in rings])
    pieces = cut_line(line, x_face, y_face, cuts)
    middle = line.at(pieces.middle)
    kept = shapely.dwithin(shapely.points(middle), shape, NUDGE * float(size.min()))
    cell = cell_of(line, pieces, 1.0, x_face, y_face)
    if not kept.any():
        return
    cell[kept] = inside_cells(cell[kept], middle[kept] - corner, inside, size)
    before = np.append(False, kept[:-1])
    fresh = kept & (~before | (cell != np.roll(cell, 1, axis=0)).any(axis=1))
    heads = np.flatnonzero(fresh)
    last = np.flatnonzero(kept & np.append(fresh[1:] | ~kept[1:], True))
    start, end = pieces.start[heads], pieces.end[last]
    opens = np.flatnonzero(kept[heads] & ~before[heads])
    for a, b in zip(opens, np.append(opens[1:], heads.size), strict=True):
        yield _Run(cell[heads[a:b]], start[a:b], end[a:b], line)
