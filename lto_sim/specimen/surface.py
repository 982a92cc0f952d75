"""Elements of conducting surface: the perimeter in every layer, the two faces, the grain boundaries.

Elements are numbered: perimeter, layer after layer in the order of the wall; top face, bottom face, in the
order of the cells; grain boundaries, layer after layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen.contacts import Contact
from lto_sim.specimen.grain_lines import GrainLines
from lto_sim.specimen.layers import Columns, wall_coupling
from lto_sim.specimen.mesh import Floats, Indices, SurfaceElements
from lto_sim.specimen.wall import Wall

__all__ = ["BOUNDARY", "FACE", "PERIMETER", "Skin", "surface_elements"]

PERIMETER, FACE, BOUNDARY = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Skin:
    """All that conducts along a surface, and where its elements are in the numbering.

    Parameters
    ----------
    columns : The cells.
    wall : Elements of the perimeter in the plan.
    held : Whether a contact that feeds the surface lies on them.
    fixed : Whether that contact holds their excess, up to its very end (`equilibrium`).
    lines : Elements of the grain boundaries in the plan.
    faces : Whether the faces conduct.
    perimeter : Whether the perimeter conducts.
    """

    columns: Columns
    wall: Wall
    held: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    lines: GrainLines
    faces: bool
    perimeter: bool

    @property
    def bridge(self) -> NDArray[np.bool_]:
        """Elements that stand for their contact: held up to its end, or no surface but the contact's own."""
        return self.fixed | self.held if not self.perimeter else self.fixed

    @property
    def levels(self) -> tuple[int, ...]:
        """Layer beneath each computed face: top, and bottom unless mirrored."""
        if not self.faces:
            return ()
        return (0,) if self.columns.mirrored else (0, self.columns.computed - 1)

    @property
    def face_cells(self) -> Indices:
        """Cells (j, i) that have a face, (n, 2)."""
        return np.argwhere(self.columns.cells.inside).astype(np.int64)

    def face_number(self) -> Indices:
        """Number (ny, nx) of every cell's top face element; the bottom ones follow after all of these."""
        inside = self.columns.cells.inside
        return np.asarray(np.cumsum(inside.ravel()).reshape(inside.shape) - 1 + self.first_face)

    @property
    def first_face(self) -> int:
        """Number of the first face element."""
        return self.columns.computed * len(self.wall)

    @property
    def first_line(self) -> int:
        """Number of the first grain boundary element."""
        return self.first_face + len(self.levels) * int(self.columns.cells.inside.sum())


def surface_elements(skin: Skin, contacts: tuple[Contact, ...]) -> SurfaceElements:
    """Elements of everything that conducts along a surface.

    Parameters
    ----------
    skin : What there is.
    contacts : The contacts; under one that feeds the surface only, an element does not feed its cell.
    """
    parts = [_perimeter(skin, contacts)]
    if skin.faces:
        parts.append(_faces(skin))
    if len(skin.lines):
        parts.append(_lines(skin))
    return SurfaceElements(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


_Part = tuple[Indices, Indices, Floats, Floats, Floats, Floats, Floats]


def _upright(
    columns: Columns, cell: Indices, kind: Indices, length: Floats, position: Floats,
    sides: Indices, distance: Floats, depth: Floats,
) -> _Part:  # fmt: skip
    """Elements that stand on their line through all layers."""
    k, e = (
        a.ravel() for a in np.meshgrid(np.arange(columns.computed), np.arange(length.size), indexing="ij")
    )
    j, i = cell[e].T
    area = sides[e] * length[e] * columns.height[j, i]
    z = columns.depth_at(j, i, np.asarray(k + 0.5, dtype=np.float64))
    return (
        np.stack([k, j, i], axis=1).astype(np.int64), kind[e], area, area / distance[e], depth[e],
        np.column_stack([position[e], z]), length[e],
    )  # fmt: skip


def _perimeter(skin: Skin, contacts: tuple[Contact, ...]) -> _Part:
    wall, columns = skin.wall, skin.columns
    j, i = wall.cell.T
    on_cell = np.zeros(columns.area.shape)
    np.add.at(on_cell, (j, i), np.where(skin.held | skin.perimeter, wall.length, 0.0))
    distance = wall_coupling(columns, wall)
    own = np.where(on_cell[j, i] > 0.0, on_cell[j, i], wall.length)
    inner = (columns.cells.fraction[j, i] < 1.0) & columns.cells.centred[j, i]
    depth = np.where(inner, 2.0 * distance, columns.area[j, i] / own)
    apart = [n for n, contact in enumerate(contacts) if contact.feeds == "surface"]
    distance[np.isin(wall.contact, apart)] = np.inf
    kind = np.full(len(wall), PERIMETER, dtype=np.int64)
    return _upright(columns, wall.cell, kind, wall.length, wall.position, np.ones_like(kind), distance, depth)


def _faces(skin: Skin) -> _Part:
    columns, cell = skin.columns, skin.face_cells
    j, i = cell.T
    area, height = columns.area[j, i], columns.height[j, i]
    shared = 1.0 + (len(skin.levels) == 2 and columns.computed == 1)
    middle = np.stack([columns.cells.x[j, i], columns.cells.y[j, i]], axis=1)
    parts = [
        (
            np.column_stack([np.full(j.size, level), cell]).astype(np.int64),
            np.full(j.size, FACE, dtype=np.int64), area, area / (0.5 * height), height / shared,
            np.column_stack([middle, columns.depth_at(j, i, np.full(j.size, edge))]), np.sqrt(area),
        )
        for level, edge in zip(skin.levels, (0.0, float(columns.layers)), strict=False)
    ]  # fmt: skip
    cells, kind, areas, conductance, depth, position, length = map(np.concatenate, zip(*parts, strict=True))
    return cells, kind, areas, conductance, depth, position, length


def _lines(skin: Skin) -> _Part:
    """Elements of grain boundaries, coupled over the mean distance between their side and the cell's node."""
    lines, columns = skin.lines, skin.columns
    j, i = lines.cell.T
    key = lines.boundary * columns.area.size + j * columns.area.shape[1] + i
    _, which = np.unique(key, return_inverse=True)
    on_cell = np.bincount(which, weights=lines.length)[which]
    depth = columns.area[j, i] / (lines.sides * on_cell)
    kind = BOUNDARY + lines.boundary
    return _upright(columns, lines.cell, kind, lines.length, lines.position, lines.sides, 0.5 * depth, depth)
