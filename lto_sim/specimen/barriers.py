"""Cell faces that a resisting grain boundary crosses.

A face is crossed where the segment between the centres of its two cells crosses the line an odd number of
times. The faces make a staircase, longer than the line: the secant of every face's angle to the line, divided
out of its resistance, gives the true area back. Centres are shifted by a millionth of a cell, so that a line
through centres passes all of them on one side. Of several boundaries across one face the most resisting one
(at room temperature) counts.
"""

from __future__ import annotations

import numpy as np
import shapely

from lto_sim.specimen.boundaries import GrainBoundary
from lto_sim.specimen.grain_joints import wall_reach
from lto_sim.specimen.mesh import BarrierFaces, Floats, Indices

__all__ = ["barrier_faces"]

_SHIFT = (1.0e-6, 0.7e-6)
_ROOM = 298.15  # K
_LEAST = 0.05
"""Smallest component of a normal, so that a face nearly along the line keeps a finite secant."""


def barrier_faces(
    boundaries: tuple[GrainBoundary, ...],
    shape: shapely.Polygon,
    x_face: Floats,
    y_face: Floats,
    area_x: Floats,
    area_y: Floats,
    layers: int,
) -> BarrierFaces:
    """Find the faces of all boundaries that resist.

    Parameters
    ----------
    boundaries : Grain boundaries.
    shape : The outline [m].
    x_face, y_face : Grid lines [m].
    area_x, area_y : Areas [m2] of the faces to the next cell in one layer, (ny, nx); 0 where closed.
    layers : Computed layers; the same faces in each.
    """
    found: list[tuple[Indices, int, Floats, int]] = []
    for index, boundary in enumerate(boundaries):
        if boundary.permeability is None:
            continue
        for line in boundary.lines:
            path = _lengthened(line, shape, x_face, y_face)
            for along, areas in enumerate((area_x, area_y)):
                crossed, normal = _crossed(path, along, x_face, y_face)
                held = areas[crossed[:, 0], crossed[:, 1]] > 0.0
                found.append((crossed[held], along, 1.0 / np.maximum(normal[held], _LEAST), index))
    if not found:
        return BarrierFaces()
    cell = np.concatenate([part[0] for part in found])
    axis = np.concatenate([np.full(len(part[0]), part[1], dtype=np.int64) for part in found])
    secant = np.concatenate([part[2] for part in found])
    index_of = np.concatenate([np.full(len(part[0]), part[3], dtype=np.int64) for part in found])
    if not cell.size:
        return BarrierFaces()
    alone = _most_resisting(boundaries, cell, axis, index_of)
    cell, axis, secant, index_of = cell[alone], axis[alone], secant[alone], index_of[alone]
    area = np.where(axis == 0, area_x[cell[:, 0], cell[:, 1]], area_y[cell[:, 0], cell[:, 1]])
    layer = np.repeat(np.arange(layers), axis.size)
    return BarrierFaces(
        np.column_stack([layer, np.tile(cell, (layers, 1))]).astype(np.int64),
        np.tile(axis, layers),
        np.tile(area, layers),
        np.tile(index_of, layers),
        np.tile(secant, layers),
    )


def _most_resisting(
    boundaries: tuple[GrainBoundary, ...], cell: Indices, axis: Indices, index_of: Indices
) -> Indices:
    """Entries to keep, in order: one of every face."""
    laws = [boundary.permeability for boundary in boundaries]
    open_to = np.array([np.inf if law is None else law(_ROOM) for law in laws])
    order = np.lexsort((open_to[index_of], axis, cell[:, 1], cell[:, 0]))
    face = np.column_stack([cell, axis])[order]
    fresh = np.append(True, (face[1:] != face[:-1]).any(axis=1))
    return np.sort(order[fresh]).astype(np.int64)


def _lengthened(line: Floats, shape: shapely.Polygon, x_face: Floats, y_face: Floats) -> Floats:
    """Line that goes on straight by a cell where it ends on the outline, to close the cut cells there too."""
    reach = wall_reach(x_face, y_face)
    path = line.copy()
    for end, before in ((0, 1), (-1, -2)):
        if shapely.distance(shapely.Point(line[end]), shape.boundary) <= reach * (1.0 + 1e-9):
            step = line[end] - line[before]
            path[end] = line[end] + 2.0 * reach * step / np.hypot(*step)
    return path


def _crossed(path: Floats, axis: int, x_face: Floats, y_face: Floats) -> tuple[Indices, Floats]:
    """Cells (j, i) whose face to the next along an axis is crossed, and the normal's component along it."""
    faces, across = (x_face, y_face) if axis == 0 else (y_face, x_face)
    shift, shift_across = _SHIFT if axis == 0 else _SHIFT[::-1]
    step, step_across = float(faces[1] - faces[0]), float(across[1] - across[0])
    centre = 0.5 * (faces[1:] + faces[:-1]) + shift * step
    rows = 0.5 * (across[1:] + across[:-1]) + shift_across * step_across
    a, b = path[:-1], path[1:]
    normal = np.abs(b - a)[:, 1 - axis] / np.hypot(*(b - a).T)
    # rows between the two ends, the lower included and the upper not: a vertex on a row counts once
    ends = np.searchsorted(rows, np.stack([a[:, 1 - axis], b[:, 1 - axis]]), side="left")
    first, count = ends.min(axis=0), np.abs(ends[1] - ends[0])
    edge = np.repeat(np.arange(len(a)), count)
    row = first[edge] + np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    rise = b[edge, 1 - axis] - a[edge, 1 - axis]
    share = (rows[row] - a[edge, 1 - axis]) / rise
    place = a[edge, axis] + share * (b[edge, axis] - a[edge, axis])
    at = np.searchsorted(centre, place, side="right") - 1
    held = (at >= 0) & (at < centre.size - 1)
    key, which, times = np.unique(row[held] * centre.size + at[held], return_inverse=True, return_counts=True)
    mean = np.bincount(which, weights=normal[edge[held]], minlength=key.size) / np.maximum(times, 1)
    odd = times % 2 == 1
    row, at = np.divmod(key[odd], centre.size)
    cell = np.stack([row, at] if axis == 0 else [at, row], axis=1)
    return cell.astype(np.int64), mean[odd]
