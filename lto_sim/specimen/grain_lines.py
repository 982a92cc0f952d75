"""Grain boundaries in the plan: their lines cut into elements, each in one cell, and how these meet.

Parts up to half a cell outside the outline are cut off; more is an error. An end within half a cell of the
outline is on it. A boundary that also resists conducts by one half along either side: its elements feed the
cells of their own side only, and the way across is through the barrier between these.
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
from lto_sim.specimen.grain_strands import Branch, Strand, junctions, side_strand
from lto_sim.specimen.mesh import Floats, Indices
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
) -> GrainLines:
    """Cut the boundaries that conduct; `inside` says which cells hold any of the particle."""
    branches: list[Branch] = []
    owner: list[int] = []
    count = 0
    for index, boundary in enumerate(boundaries):
        if boundary.along is None:
            continue
        for points in boundary.lines:
            for strand in _strands(make_line(points, closed=False), shape, rings, x_face, y_face, inside):
                left = right = strand.numbered(count)
                if boundary.permeability is not None:
                    left = side_strand(strand, 1, x_face, y_face, inside).numbered(count)
                    right = side_strand(strand, -1, x_face, y_face, inside).numbered(count + len(left))
                branches.append(Branch(left, right))
                owner.append(index)
                count += sum(len(part) for part in branches[-1].strands)
    parts = [part for branch in branches for part in branch.strands]
    sides = [np.full(len(part), 3 - len(branch.strands)) for branch in branches for part in branch.strands]
    chains = [part.number[:-1] for part in parts]
    slack = _SAME * float(x_face[-1] - x_face[0] + y_face[-1] - y_face[0])
    meeting, wall_ends, wall_points = junctions(branches, shape, wall_reach(x_face, y_face), slack)
    chain = np.concatenate([np.zeros(0, dtype=np.int64), *chains])
    return GrainLines(
        np.repeat(np.array(owner, dtype=np.int64), [sum(map(len, branch.strands)) for branch in branches]),
        np.concatenate([np.zeros((0, 2), dtype=np.int64), *(part.cell for part in parts)]),
        np.concatenate([np.zeros(0), *(part.length for part in parts)]),
        np.concatenate([np.zeros((0, 2)), *(part.position for part in parts)]),
        np.concatenate([np.zeros(0, dtype=np.int64), *sides]),
        np.unique(np.concatenate([np.stack([chain, chain + 1], axis=1), meeting]), axis=0),
        wall_ends,
        wall_points,
    )


def _strands(
    line: Line, shape: shapely.Polygon, rings: tuple[CutRing, ...], x_face: Floats, y_face: Floats,
    inside: NDArray[np.bool_],
) -> Iterator[Strand]:  # fmt: skip
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
        yield Strand(cell[heads[a:b]], start[a:b], end[a:b], line)
