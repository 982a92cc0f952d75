"""Finite-volume mesh of a specimen: volumes, face conductances, contact faces.

The conductance of a face is area over distance [m], so that diffusivity times conductance times a difference
of composition is a flux [m3 s-1]. Radial bodies use the exact conductance of a shell between two radii,
2 pi H / ln(r2/r1) (cylinder) and 4 pi / (1/r1 - 1/r2) (sphere), between the nodes at mid-radius.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.specimen.contacts import Contact, check_contacts
from lto_sim.specimen.geometry import Radial, Rectangle, Specimen

__all__ = ["ContactFaces", "Mesh", "build_mesh"]

Floats = NDArray[np.float64]

_MOST_CELLS = 100_000_000


@dataclass(frozen=True)
class ContactFaces:
    """Faces of one contact.

    Parameters
    ----------
    name : Name of the contact.
    cell : Index (k, j, i) of the cell behind each face, one row a face.
    area : Face areas [m2].
    conductance : Area over distance from the face to the cell's node [m].
    """

    name: str
    cell: NDArray[np.int64]
    area: Floats
    conductance: Floats


@dataclass(frozen=True)
class Mesh:
    """Structured cells, in the order (z, y, x).

    Parameters
    ----------
    x_face, y_face, z_face : Cell boundaries [m] of the computed part (half the thickness under symmetry).
    volume : Cell volumes [m3], (nz, ny, nx).
    conductance_x, conductance_y, conductance_z : Conductance [m] of the face to the next cell along the axis,
        (nz, ny, nx), zero on the last.
    contacts : The faces of every contact.
    mirrored : The computed part is the half above the mid-plane.
    """

    x_face: Floats
    y_face: Floats
    z_face: Floats
    volume: Floats
    conductance_x: Floats
    conductance_y: Floats
    conductance_z: Floats
    contacts: tuple[ContactFaces, ...]
    mirrored: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells (nz, ny, nx)."""
        nz, ny, nx = self.volume.shape
        return nz, ny, nx

    @property
    def multiplicity(self) -> float:
        """2 where one computed cell stands for two, else 1."""
        return 2.0 if self.mirrored else 1.0


def build_mesh(specimen: Specimen, contacts: tuple[Contact, ...]) -> Mesh:
    """Divide a specimen into cells.

    Raises
    ------
    InputError
        A contact off the outline, two that overlap, or more than 100 million cells.
    """
    check_contacts(specimen.outline, contacts)
    _check_count(specimen)
    if isinstance(specimen.outline, Radial):
        return _radial_mesh(specimen, specimen.outline, contacts)
    return _box_mesh(specimen, contacts)


def _count(extent: float, cell: float) -> int:
    return max(1, math.ceil(extent / cell * (1.0 - 1e-9)))


def _faces(extent: float, cell: float) -> Floats:
    return np.linspace(0.0, extent, _count(extent, cell) + 1)


def _check_count(specimen: Specimen) -> None:
    """Refuse a mesh that no memory holds before it is asked for."""
    outline = specimen.outline
    cells = _count(outline.width, specimen.cell) * specimen.layers
    if isinstance(outline, Rectangle):
        cells *= _count(outline.height, specimen.cell)
    if cells > _MOST_CELLS:
        raise InputError(
            "specimen.cell",
            specimen.cell,
            f"at most {_MOST_CELLS:.0e} cells, here {cells:.1e}",
            "use larger cells",
        )


def _box_mesh(specimen: Specimen, contacts: tuple[Contact, ...]) -> Mesh:
    outline = specimen.outline
    x_face = _faces(outline.width, specimen.cell)
    flat = not isinstance(outline, Rectangle)
    y_face = np.array([0.0, outline.height]) if flat else _faces(outline.height, specimen.cell)
    z_face = np.linspace(0.0, specimen.thickness, specimen.layers + 1)
    if specimen.symmetry:
        z_face = z_face[: specimen.layers // 2 + 1]
    dx, dy, dz = (f[1] - f[0] for f in (x_face, y_face, z_face))
    shape = (z_face.size - 1, y_face.size - 1, x_face.size - 1)
    g_x, g_y, g_z = (np.full(shape, g) for g in (dy * dz / dx, dx * dz / dy, dx * dy / dz))
    g_x[:, :, -1] = 0.0
    g_y[:, -1, :] = 0.0
    g_z[-1, :, :] = 0.0
    faces = tuple(_box_contact(contact, specimen, x_face, y_face, z_face) for contact in contacts)
    volume = np.full(shape, dx * dy * dz)
    return Mesh(x_face, y_face, z_face, volume, g_x, g_y, g_z, faces, specimen.symmetry)


def _box_contact(
    contact: Contact, specimen: Specimen, x_face: Floats, y_face: Floats, z_face: Floats
) -> ContactFaces:
    """Cells along the side that the stretch covers, each with its covered length."""
    start, end = contact.stretch.resolve(specimen.outline, f"contacts.{contact.name}.where")
    side = contact.stretch.side
    upright = side in {"left", "right"}
    along, across = (y_face, x_face) if upright else (x_face, y_face)
    covered = np.minimum(along[1:], end) - np.maximum(along[:-1], start)
    touched = np.flatnonzero(covered > 1e-12 * (along[-1] - along[0]))
    last = across.size - 2
    layer = np.arange(z_face.size - 1)
    k, s = (m.ravel() for m in np.meshgrid(layer, touched, indexing="ij"))
    fixed = np.full_like(s, last if side in {"right", "bottom"} else 0)
    cell = np.stack([k, s, fixed] if upright else [k, fixed, s], axis=1).astype(np.int64)
    area = covered[s] * (z_face[1] - z_face[0])
    return ContactFaces(contact.name, cell, area, area / (0.5 * (across[1] - across[0])))


def _radial_mesh(specimen: Specimen, outline: Radial, contacts: tuple[Contact, ...]) -> Mesh:
    r_face = _faces(outline.radius, specimen.cell)
    node = 0.5 * (r_face[1:] + r_face[:-1])
    height = specimen.thickness
    if outline.shape == "cylinder":
        volume = math.pi * height * np.diff(r_face**2)
        inner = 2.0 * math.pi * height / np.log(node[1:] / node[:-1])
        outer = 2.0 * math.pi * height / math.log(outline.radius / node[-1])
        area = 2.0 * math.pi * outline.radius * height
    else:
        volume = 4.0 / 3.0 * math.pi * np.diff(r_face**3)
        inner = 4.0 * math.pi / (1.0 / node[:-1] - 1.0 / node[1:])
        outer = 4.0 * math.pi / (1.0 / node[-1] - 1.0 / outline.radius)
        area = 4.0 * math.pi * outline.radius**2
    shape = (1, 1, node.size)
    g_x = np.append(inner, 0.0).reshape(shape)
    zero = np.zeros(shape)
    last = np.array([[0, 0, node.size - 1]], dtype=np.int64)
    parts = []
    for contact in contacts:
        start, end = contact.stretch.resolve(outline, f"contacts.{contact.name}.where")
        share = (end - start) / outline.side_length("outer")
        if share < 1.0 - 1e-9:
            raise InputError(
                f"contacts.{contact.name}.where",
                f"{share:.3g} of the surface",
                "the whole surface of a radial body",
                "leave out from and to",
            )
        parts.append(ContactFaces(contact.name, last, np.array([area]), np.array([outer])))
    z_face = np.array([0.0, height])
    y_face = np.array([0.0, outline.radius])
    return Mesh(r_face, y_face, z_face, volume.reshape(shape), g_x, zero, zero.copy(), tuple(parts), False)
