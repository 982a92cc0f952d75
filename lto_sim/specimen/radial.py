"""Meshes of one row of cells: slab, cylinder, sphere.

Radial bodies use the exact conductance of a shell between two radii, 2 pi H / ln(r2/r1) (cylinder) and
4 pi / (1/r1 - 1/r2) (sphere), between the nodes at mid-radius. These bodies carry no conducting surface and
no grain boundary.
"""

from __future__ import annotations

import math

import numpy as np

from lto_sim.errors import InputError
from lto_sim.specimen.bodies import Radial, Slab
from lto_sim.specimen.contacts import Contact
from lto_sim.specimen.geometry import Specimen
from lto_sim.specimen.lattice import even_faces
from lto_sim.specimen.mesh import ContactFaces, Floats, Mesh
from lto_sim.specimen.stretches import resolve_stretch
from lto_sim.specimen.thickness import check_thickness, thickness_at

__all__ = ["radial_mesh", "slab_mesh"]


def slab_mesh(specimen: Specimen, outline: Slab, contacts: tuple[Contact, ...]) -> Mesh:
    """Cells along x, contacts at either end; the thickness may change along x."""
    x_face = even_faces(0.0, outline.length, specimen.cell)
    node = 0.5 * (x_face[1:] + x_face[:-1])
    middle = np.full(node.size, 0.5 * outline.height)
    total = thickness_at(specimen.thickness, outline, node, middle)
    check_thickness(total, specimen.dead_layer, node, middle)
    active = total - 2.0 * specimen.dead_layer
    dx = float(x_face[1] - x_face[0])
    section = outline.height * active
    volume = section * dx
    inner = np.append(0.5 * (section[1:] + section[:-1]) / dx, 0.0)
    faces = []
    for contact in contacts:
        ((side, start, end),) = resolve_stretch(contact.stretch, outline, f"contacts.{contact.name}.where")
        at = 0 if outline.sides[side] == "left" else node.size - 1
        area = (end - start) * active[at]
        faces.append(_end_face(contact.name, at, area, area / (0.5 * dx)))
    z_face = np.array([0.0, float(active.mean())])
    return _row(x_face, np.array([0.0, outline.height]), z_face, volume, inner, tuple(faces), total, active)


def radial_mesh(specimen: Specimen, outline: Radial, contacts: tuple[Contact, ...]) -> Mesh:
    """Shells about the axis or the centre, contacts on the outermost."""
    r_face = even_faces(0.0, outline.radius, specimen.cell)
    node = 0.5 * (r_face[1:] + r_face[:-1])
    given = specimen.thickness if isinstance(specimen.thickness, float | int) else math.nan
    if outline.shape == "cylinder":
        total, height = given, given - 2.0 * specimen.dead_layer
        volume = math.pi * height * np.diff(r_face**2)
        inner = 2.0 * math.pi * height / np.log(node[1:] / node[:-1])
        outer = 2.0 * math.pi * height / math.log(outline.radius / node[-1])
        area = 2.0 * math.pi * outline.radius * height
    else:
        total = height = 2.0 * outline.radius
        volume = 4.0 / 3.0 * math.pi * np.diff(r_face**3)
        inner = 4.0 * math.pi / (1.0 / node[:-1] - 1.0 / node[1:])
        outer = 4.0 * math.pi / (1.0 / node[-1] - 1.0 / outline.radius)
        area = 4.0 * math.pi * outline.radius**2
    faces = []
    for contact in contacts:
        ((_, start, end),) = resolve_stretch(contact.stretch, outline, f"contacts.{contact.name}.where")
        share = (end - start) / outline.side_length("outer")
        if share < 1.0 - 1e-9:
            raise InputError(
                f"contacts.{contact.name}.where",
                f"{share:.3g} of the surface",
                "the whole surface of a radial body",
                "leave out from and to",
            )
        faces.append(_end_face(contact.name, node.size - 1, area, outer))
    z_face = np.array([0.0, given - 2.0 * specimen.dead_layer])
    y_face = np.array([0.0, outline.radius])
    plan = np.ones(node.size)
    return _row(
        r_face, y_face, z_face, volume, np.append(inner, 0.0), tuple(faces), total * plan, height * plan
    )


def _end_face(name: str, at: int, area: float, conductance: float) -> ContactFaces:
    cell = np.array([[0, 0, at]], dtype=np.int64)
    return ContactFaces(name, cell, np.array([area]), np.array([conductance]))


def _row(
    x_face: Floats, y_face: Floats, z_face: Floats, volume: Floats, inner: Floats,
    faces: tuple[ContactFaces, ...], total: Floats, active: Floats,
) -> Mesh:  # fmt: skip
    """Mesh of one row of cells from arrays along x."""
    shape = (1, 1, volume.size)
    zero = np.zeros(shape)
    return Mesh(
        x_face, y_face, z_face, volume.reshape(shape), inner.reshape(shape), zero, zero.copy(), faces,
        False, thickness=total.reshape(1, -1), active_thickness=active.reshape(1, -1),
    )  # fmt: skip
