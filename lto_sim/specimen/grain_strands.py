"""Chains of grain boundary elements: one for both sides of a line or one for each, and where they meet.

Around a point in which lines meet, cross or end, the elements on both sides of every sector between two
neighbouring lines are connected: lithium passes from line to line within a grain, and around a free end.
Elements that lie on both sides of their line are on both sides of its sectors, so that all are connected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from lto_sim.specimen.mesh import Floats, Indices
from lto_sim.specimen.rings import Line

__all__ = ["CENTRE_SHIFT", "Branch", "Strand", "junctions", "side_strand"]

CENTRE_SHIFT = (1.0e-6, 0.7e-6)
"""Part of a cell by which centres are moved along x and y: a line through them has all on one side."""


@dataclass(frozen=True, eq=False)
class Strand:
    """Part of a polyline inside the outline, in elements that begin and end at arc lengths `start`, `end`.

    Parameters
    ----------
    cell : Cell (j, i) of each element.
    start, end : Arc lengths [m].
    line : The polyline.
    first : Number of the first element.
    """

    cell: Indices
    start: Floats
    end: Floats
    line: Line
    first: int = 0

    def __len__(self) -> int:
        return self.start.size

    @property
    def number(self) -> Indices:
        """Number of every element."""
        return self.first + np.arange(len(self), dtype=np.int64)

    @property
    def length(self) -> Floats:
        """Arc length of every element [m]."""
        return self.end - self.start

    @property
    def position(self) -> Floats:
        """Middle of every element (x, y) [m]."""
        return self.line.at(0.5 * (self.start + self.end))

    @property
    def ends(self) -> Floats:
        """First and last point (x, y) [m]."""
        return self.line.at(np.array([self.start[0], self.end[-1]]))

    def numbered(self, first: int) -> Strand:
        """The same elements, counted from `first` on."""
        return replace(self, first=first)

    def element_at(self, arc: float) -> int:
        """Number of the element at an arc length [m]."""
        return self.first + min(int(np.searchsorted(self.end, arc)), len(self) - 1)


@dataclass(frozen=True, eq=False)
class Branch:
    """The strands along the left and along the right of a line; one and the same where it does not resist."""

    left: Strand
    right: Strand

    @property
    def strands(self) -> tuple[Strand, ...]:
        """The different ones."""
        return (self.left,) if self.left is self.right else (self.left, self.right)


def side_strand(
    strand: Strand, side: int, x_face: Floats, y_face: Floats, inside: NDArray[np.bool_]
) -> Strand:
    """Elements in the cells whose centres are nearest to the line on its left (1) or on its right (-1)."""
    origin = np.array([y_face[0], x_face[0]])
    size = np.array([y_face[1] - y_face[0], x_face[1] - x_face[0]])
    middle = strand.position[:, ::-1]
    way = (strand.line.at(strand.end) - strand.line.at(strand.start))[:, ::-1]
    around = np.array([(j, i) for j in (-1, 0, 1) for i in (-1, 0, 1)])
    near = strand.cell[:, None, :] + around
    shape = np.array(inside.shape)
    valid = ((near >= 0) & (near < shape)).all(axis=2)
    j, i = np.clip(near, 0, shape - 1).transpose(2, 0, 1)
    valid &= inside[j, i]
    offset = origin + (near + 0.5 + CENTRE_SHIFT[::-1]) * size - middle[:, None, :]
    left = way[:, None, 1] * offset[..., 0] - way[:, None, 0] * offset[..., 1]
    valid &= left * side > 0.0
    distance = np.where(valid, np.hypot(offset[..., 0], offset[..., 1]), np.inf)
    chosen = near[np.arange(len(strand)), distance.argmin(axis=1)]
    cell = np.where(valid.any(axis=1)[:, None], chosen, strand.cell)
    fresh = np.append(True, (cell[1:] != cell[:-1]).any(axis=1))
    last = np.append(fresh[1:], True)
    return Strand(cell[fresh], strand.start[fresh], strand.end[last], strand.line)


def junctions(
    branches: list[Branch], shape: shapely.Polygon, reach: float, slack: float
) -> tuple[Indices, Indices, Floats]:
    """Find what meets what.

    Parameters
    ----------
    branches : All strands.
    shape : The outline [m].
    reach : Distance within which an end is on the outline [m].
    slack : Distance within which two places are one [m].

    Returns
    -------
    Pairs of elements (n, 2) that are connected; elements whose line ends on the outline, and where (x, y).
    """
    pairs: list[tuple[int, int]] = []
    ends: list[int] = []
    places: list[Floats] = []
    paths = [shapely.LineString(branch.left.line.points) for branch in branches]
    tree = shapely.STRtree(paths)
    for point in _points(branches, paths, tree, slack):
        place = shapely.Point(point)
        on_wall = bool(shapely.distance(place, shape.boundary) <= reach)
        near = np.sort(tree.query(place, predicate="dwithin", distance=slack))
        arcs = [(branches[n], float(shapely.line_locate_point(paths[n], place))) for n in near]
        arms = sorted(
            arm
            for branch, at in arcs
            for arc in _arcs(branch.left, at, point, slack)
            for arm in _arms(branch, arc)
        )
        width = [(arms[k - len(arms) + 1][0] - arm[0]) % (2.0 * np.pi) for k, arm in enumerate(arms)]
        widest = int(np.argmax([w if w > 0.0 else 2.0 * np.pi for w in width])) if arms else -1
        for k, (_, left, _) in enumerate(arms):
            right = arms[k - len(arms) + 1][2]
            if left != right and not (on_wall and k == widest):
                pairs.append((min(left, right), max(left, right)))
        if on_wall:
            touching = sorted({element for arm in arms for element in arm[1:]})
            ends += touching
            places += [point] * len(touching)
    return (
        np.array(sorted(set(pairs)), dtype=np.int64).reshape(-1, 2),
        np.array(ends, dtype=np.int64),
        np.array(places, dtype=np.float64).reshape(-1, 2),
    )


def _points(
    branches: list[Branch], paths: list[shapely.LineString], tree: shapely.STRtree, slack: float
) -> Floats:
    """Ends and crossings (x, y) [m], each once."""
    found = [branch.left.ends for branch in branches]
    pairs = tree.query(paths, predicate="dwithin", distance=slack).T if paths else []
    found += [shapely.get_coordinates(shapely.intersection(paths[a], paths[b])) for a, b in pairs if a < b]
    points = np.concatenate([np.zeros((0, 2)), *found])
    if not len(points):
        return points
    one, other = shapely.STRtree(shapely.points(points)).query(
        shapely.points(points), predicate="dwithin", distance=slack
    )
    lowest = np.arange(len(points))
    np.minimum.at(lowest, one, other)
    return np.asarray(points[lowest == np.arange(len(points))])


def _arcs(strand: Strand, nearest: float, point: Floats, slack: float) -> list[float]:
    """Arc lengths [m] at which a strand comes through a point; at both ends of a closed line."""
    low, high = float(strand.start[0]), float(strand.end[-1])
    gap = np.hypot(*(strand.ends - point).T)
    arcs = [arc for arc, distance in zip((low, high), gap, strict=True) if distance <= slack]
    return arcs or ([nearest] if low <= nearest <= high else [])


def _arms(branch: Branch, arc: float) -> Iterator[tuple[float, int, int]]:
    """Ways out of a point along a branch: direction [rad], element on its left, element on its right."""
    strand = branch.left
    left, right = branch.left.element_at(arc), branch.right.element_at(arc)
    step = 0.1 * float(strand.length.min())
    for end, here, there in ((strand.end[-1], left, right), (strand.start[0], right, left)):
        way = min(step, abs(end - arc)) * np.sign(end - arc)
        if way != 0.0:
            along = strand.line.at(np.array([arc + way])) - strand.line.at(np.array([arc]))
            yield float(np.arctan2(along[0, 1], along[0, 0])), here, there
