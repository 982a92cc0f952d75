"""Ends of grain boundaries that are meant to lie on another one: moved onto it before anything is cut.

A line drawn by hand, or traced, hardly ends exactly on the next one. What is nearer than half a cell is on
it, so that lithium goes around the corner, and no gap is left beside a boundary that resists.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from lto_sim.specimen.boundaries import GrainBoundary
from lto_sim.specimen.mesh import Floats

__all__ = ["join_ends", "wall_reach"]


def wall_reach(x_face: Floats, y_face: Floats) -> float:
    """Half a cell [m]: the distance within which a line is on the outline, or on another line."""
    return 0.5 * max(float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0]))


def join_ends(
    boundaries: tuple[GrainBoundary, ...], shape: shapely.Polygon, reach: float
) -> tuple[GrainBoundary, ...]:
    """Move every end that lies within `reach` [m] of another line onto it.

    Ends on the outline stay, lines shorter than twice `reach` too; a boundary with neither conductance nor
    resistance is none to end on.
    """
    paths = [
        (number, np.array(line))
        for number, boundary in enumerate(boundaries)
        if boundary.along is not None or boundary.permeability is not None
        for line in boundary.lines
    ]
    lines = [shapely.LineString(points) for _, points in paths]
    moved: set[int] = set()
    for n, (number, points) in enumerate(paths):
        if lines[n].length <= 2.0 * reach:
            continue
        for end in (0, -1):
            point = shapely.Point(points[end])
            gaps = shapely.distance(point, lines)
            gaps[n] = np.inf
            near = int(gaps.argmin())
            if not 0.0 < gaps[near] <= reach or shapely.dwithin(point, shape.boundary, reach):
                continue
            points[end] = lines[near].interpolate(lines[near].project(point)).coords[0]
            lines[n] = shapely.LineString(points)
            moved.add(number)
    return tuple(
        replace(boundary, lines=tuple(points for owner, points in paths if owner == number))
        if number in moved
        else boundary
        for number, boundary in enumerate(boundaries)
    )
