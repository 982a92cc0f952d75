"""How surface elements are connected: along the perimeter, through the thickness, over the faces, at edges.

Every connection is two stretches in series, one on either element, each with its distance over width. A
contact that feeds the surface holds it up to the contact's end, so that its side of the connection there has
no length.
"""

from __future__ import annotations

import numpy as np

from lto_sim.specimen.layers import wall_coupling
from lto_sim.specimen.mesh import Floats, Indices, SurfaceEdges
from lto_sim.specimen.surface import Skin

__all__ = ["surface_edges"]

_Edges = tuple[Indices, Indices, Floats, Floats]


def surface_edges(skin: Skin) -> SurfaceEdges:
    """Connect all elements of `skin`."""
    parts = [_along_wall(skin), _through(skin, len(skin.wall), 0, skin.wall.length, skin.wall.cell)]
    if skin.faces:
        parts += [*_over_faces(skin), *_wall_to_faces(skin)]
    if len(skin.lines):
        lines = skin.lines
        parts += [
            _along_lines(skin),
            _through(skin, len(lines), skin.first_line, 0.5 * lines.sides * lines.length, lines.cell),
            _lines_to_wall(skin),
            *_lines_to_faces(skin),
        ]
    first, second, one, other = (np.concatenate(part) for part in zip(*parts, strict=True))
    return SurfaceEdges(first.astype(np.int64), second.astype(np.int64), one, other)


def _in_layers(skin: Skin, first: Indices, step_first: int, second: Indices, step_second: int,
               one: Floats, other: Floats) -> _Edges:  # fmt: skip
    """Repeat connections in every computed layer; numbers grow by the steps from layer to layer."""
    layers = skin.columns.computed
    k = np.repeat(np.arange(layers), first.size)
    return (
        np.tile(first, layers) + k * step_first, np.tile(second, layers) + k * step_second,
        np.tile(one, layers), np.tile(other, layers),
    )  # fmt: skip


def _height(skin: Skin, cell: Indices) -> Floats:
    return np.asarray(skin.columns.height[cell[:, 0], cell[:, 1]])


def _along_wall(skin: Skin) -> _Edges:
    wall, held = skin.wall, skin.fixed
    a = np.flatnonzero(wall.following != np.arange(len(wall)))
    b = wall.following[a]
    half = 0.5 * wall.length / _height(skin, wall.cell)
    # two contacts side by side: neither holds the other's surface
    one = np.where(held[a] & ~held[b], 0.0, half[a])
    other = np.where(held[b] & ~held[a], 0.0, half[b])
    return _in_layers(skin, a, len(wall), b, len(wall), one, other)


def _through(skin: Skin, count: int, offset: int, length: Floats, cell: Indices) -> _Edges:
    """Each element to the same one a layer below."""
    layers = skin.columns.computed
    number = np.arange(count * (layers - 1)) + offset
    ratio = np.tile(0.5 * _height(skin, cell) / length, layers - 1)
    return number, number + count, ratio, ratio


def _over_faces(skin: Skin) -> list[_Edges]:
    """Face elements of neighbouring cells, through the open part of the face between them.

    From centre to centre: nothing enters the sheet through the wall, so its field runs along the wall.
    """
    cells, (dx, dy) = skin.columns.cells, skin.columns.size
    number, count = skin.face_number(), int(cells.inside.sum())
    parts = []
    for opening, distance, width, step in (
        (cells.open_x, dx, dy, (0, 1)),
        (cells.open_y, dy, dx, (1, 0)),
    ):
        j, i = np.nonzero(opening)
        half = 0.5 * distance / (opening[j, i] * width)
        a, b = number[j, i], number[j + step[0], i + step[1]]
        parts += [(a + n * count, b + n * count, half, half) for n in range(len(skin.levels))]
    return parts


def _wall_to_faces(skin: Skin) -> list[_Edges]:
    """Over the edge of the lamella: perimeter to the face of the same cell."""
    wall = skin.wall
    j, i = wall.cell.T
    one = np.where(skin.bridge, 0.0, 0.5 * _height(skin, wall.cell) / wall.length)
    other = wall_coupling(skin.columns, wall) / wall.length
    face, count = skin.face_number()[j, i], int(skin.columns.cells.inside.sum())
    number = np.arange(len(wall))
    return [(number + k * len(wall), face + n * count, one, other) for n, k in enumerate(skin.levels)]


def _along_lines(skin: Skin) -> _Edges:
    lines = skin.lines
    a, b = lines.links.T
    half = lines.length / (lines.sides * _height(skin, lines.cell))
    at = skin.first_line
    return _in_layers(skin, a + at, len(lines), b + at, len(lines), half[a], half[b])


def _lines_to_wall(skin: Skin) -> _Edges:
    """Ends of grain boundaries on the outline, each to the nearest element of the perimeter."""
    lines, wall = skin.lines, skin.wall
    line = lines.wall_ends
    near = np.array(
        [np.hypot(*(wall.position - point).T).argmin() for point in lines.wall_points], dtype=np.int64
    )
    one = lines.length[line] / (lines.sides[line] * _height(skin, lines.cell[line]))
    reach = 0.25 * wall.length[near] / _height(skin, wall.cell[near])
    other = np.where(skin.bridge[near], 0.0, reach)
    return _in_layers(skin, line + skin.first_line, len(lines), near, len(wall), one, other)


def _lines_to_faces(skin: Skin) -> list[_Edges]:
    """Where a grain boundary comes out on a face; on each side that it feeds the mean distance to it."""
    lines, columns = skin.lines, skin.columns
    j, i = lines.cell.T
    width = lines.sides * lines.length
    one = _height(skin, lines.cell) / width
    other = 0.5 * columns.area[j, i] / width**2
    face, count = skin.face_number()[j, i], int(columns.cells.inside.sum())
    number = np.arange(len(lines)) + skin.first_line
    return [(number + k * len(lines), face + n * count, one, other) for n, k in enumerate(skin.levels)]
