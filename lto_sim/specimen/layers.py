"""The plan given thickness: layers of every column, volumes, face conductances, contact faces.

Layers divide the active thickness evenly in every column and are symmetric about the mid-plane; their slope
is neglected. A face between columns of different thickness is as high as the mean of its two cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lto_sim.specimen.contacts import Contact
from lto_sim.specimen.cut_cells import PlanCells
from lto_sim.specimen.geometry import Specimen
from lto_sim.specimen.mesh import ContactFaces, Floats, Indices
from lto_sim.specimen.thickness import check_thickness, thickness_at
from lto_sim.specimen.wall import Wall

__all__ = ["Columns", "contact_faces", "face_areas", "face_conductances", "make_columns", "wall_coupling"]

_NEAREST = 0.01
"""Smallest distance from a node to the wall, in cells."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Cells of the plan with their thickness, arrays (ny, nx).

    Parameters
    ----------
    size : Cell size (x, y) [m].
    cells : The cells in the plan.
    total, active : Thickness with and without the dead layers [m]; 0 outside.
    layers : All layers through the thickness.
    computed : Computed layers, half of them under symmetry.
    nominal : Mean active thickness [m].
    """

    size: tuple[float, float]
    cells: PlanCells
    total: Floats
    active: Floats
    layers: int
    computed: int
    nominal: float

    @property
    def height(self) -> Floats:
        """Thickness of a layer [m]; 0 outside."""
        return np.asarray(self.active / self.layers)

    @property
    def area(self) -> Floats:
        """Plan area of the cells [m2]."""
        return np.asarray(self.cells.fraction * (self.size[0] * self.size[1]))

    @property
    def mirrored(self) -> bool:
        """Whether only the half above the mid-plane is computed."""
        return self.computed < self.layers

    def depth_at(self, j: Indices, i: Indices, level: Floats) -> Floats:
        """Height z [m] of a level counted in layers from the top, at columns; the mid-plane is flat."""
        return np.asarray(0.5 * self.nominal + (level - 0.5 * self.layers) * self.height[j, i])


def make_columns(specimen: Specimen, cells: PlanCells, x_face: Floats, y_face: Floats) -> Columns:
    """Give the cells their thickness, taken at the centroid of their part inside.

    Raises
    ------
    InputError
        No thickness, or nothing left between the dead layers, somewhere inside.
    """
    inside = cells.inside
    x, y = cells.x[inside], cells.y[inside]
    thickness = thickness_at(specimen.thickness, specimen.outline, x, y)
    check_thickness(thickness, specimen.dead_layer, x, y)
    total, active = np.zeros(inside.shape), np.zeros(inside.shape)
    total[inside] = thickness
    active[inside] = thickness - 2.0 * specimen.dead_layer
    layers = specimen.layers
    if isinstance(specimen.thickness, float | int):
        nominal = float(specimen.thickness) - 2.0 * specimen.dead_layer
    else:
        nominal = float((active * cells.fraction).sum() / cells.fraction.sum())
    return Columns(
        (float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0])),
        cells,
        total,
        active,
        layers,
        layers // 2 if specimen.symmetry else layers,
        nominal,
    )


def face_areas(columns: Columns) -> tuple[Floats, Floats]:
    """Areas [m2] of the faces to the next cell along x and along y, in one layer, (ny, nx)."""
    height, (dx, dy) = columns.height, columns.size
    mean_x, mean_y = np.zeros(height.shape), np.zeros(height.shape)
    mean_x[:, :-1] = 0.5 * (height[:, :-1] + height[:, 1:])
    mean_y[:-1, :] = 0.5 * (height[:-1, :] + height[1:, :])
    return dy * columns.cells.open_x * mean_x, dx * columns.cells.open_y * mean_y


def face_conductances(columns: Columns) -> tuple[Floats, Floats, Floats]:
    """Conductance [m] of the faces to the next cell along x, y and z, in one layer, (ny, nx)."""
    area_x, area_y = face_areas(columns)
    height = np.where(columns.cells.inside, columns.height, 1.0)
    return area_x / columns.cells.distance_x, area_y / columns.cells.distance_y, columns.area / height


def wall_coupling(columns: Columns, wall: Wall) -> Floats:
    """Distance [m] from every wall element to its cell's node, with a floor where the node is on the wall."""
    floor = _NEAREST * min(columns.size)
    j, i = wall.cell.T
    return np.where(columns.cells.centred[j, i], np.maximum(wall.distance, floor), floor)


def contact_faces(
    columns: Columns, wall: Wall, contacts: tuple[Contact, ...], *, elements: bool
) -> tuple[ContactFaces, ...]:
    """Faces of every contact, ordered by cell.

    Parameters
    ----------
    columns : The cells.
    wall : Elements of the perimeter in the plan.
    contacts : The contacts.
    elements : Whether the perimeter has elements of its own, numbered layer after layer, that contacts feed.
    """
    j, i = wall.cell.T
    distance = wall_coupling(columns, wall)
    faces = []
    for index, contact in enumerate(contacts):
        e = np.flatnonzero(wall.contact == index)
        e = e[np.lexsort((i[e], j[e]))]
        k, e = (a.ravel() for a in np.meshgrid(np.arange(columns.computed), e, indexing="ij"))
        area = wall.length[e] * columns.height[j[e], i[e]]
        feeds = elements and contact.feeds != "bulk"
        faces.append(
            ContactFaces(
                contact.name,
                np.stack([k, j[e], i[e]], axis=1).astype(np.int64),
                area,
                area / distance[e],
                (k * len(wall) + e if feeds else np.full(e.size, -1)).astype(np.int64),
            )
        )
    return tuple(faces)
