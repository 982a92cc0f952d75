"""Meshes of every body, by one function."""

from __future__ import annotations

import numpy as np
import shapely

from lto_sim.errors import InputError
from lto_sim.specimen.barriers import barrier_faces
from lto_sim.specimen.bodies import Radial, Rectangle, Slab
from lto_sim.specimen.boundaries import GrainBoundary
from lto_sim.specimen.contacts import Contact
from lto_sim.specimen.cut_cells import along_idle_walls, cut_plan, full_plan
from lto_sim.specimen.edges import surface_edges
from lto_sim.specimen.geometry import Specimen
from lto_sim.specimen.grain_joints import join_ends, wall_reach
from lto_sim.specimen.grain_lines import check_inside, grain_lines
from lto_sim.specimen.grain_sides import Lattice
from lto_sim.specimen.lattice import check_count, plan_faces
from lto_sim.specimen.layers import contact_faces, face_areas, face_conductances, make_columns
from lto_sim.specimen.mesh import Mesh, SurfaceEdges, SurfaceElements
from lto_sim.specimen.outline import outline_rings
from lto_sim.specimen.radial import radial_mesh, slab_mesh
from lto_sim.specimen.stretches import check_contacts
from lto_sim.specimen.surface import Skin, surface_elements
from lto_sim.specimen.thickness import ThicknessMap, check_map
from lto_sim.specimen.wall import cut_rings, make_wall

__all__ = ["build_mesh"]


def build_mesh(
    specimen: Specimen,
    contacts: tuple[Contact, ...],
    boundaries: tuple[GrainBoundary, ...] = (),
    *,
    perimeter: bool = False,
    faces: bool = False,
) -> Mesh:
    """Divide a specimen into cells and its surfaces into elements.

    Parameters
    ----------
    specimen : The body.
    contacts : Its contacts.
    boundaries : Its grain boundaries.
    perimeter, faces : Whether the perimeter wall, the two faces, conduct along themselves.

    Returns
    -------
    Mesh
        Cells, contacts' faces, surface elements and barriers.

    Raises
    ------
    InputError
        A contact off the outline, two that overlap, one that feeds a surface where none conducts; no
        thickness somewhere; a boundary that leaves the particle; cells too coarse for the outline, or more
        than 100 million; a surface or boundary on a slab or radial body.
    """
    covered = check_contacts(specimen.outline, contacts)
    conducting = perimeter or faces or any(boundary.along is not None for boundary in boundaries)
    _check_feeds(contacts, conducting)
    check_count(specimen)
    outline = specimen.outline
    if isinstance(outline, Slab | Radial):
        _check_plain(perimeter, faces, boundaries)
        if isinstance(outline, Slab):
            return slab_mesh(specimen, outline, contacts)
        return radial_mesh(specimen, outline, contacts)
    x_face, y_face = plan_faces(specimen)
    rings = cut_rings(outline, x_face, y_face, covered)
    shape = shapely.Polygon(outline_rings(outline)[0], outline_rings(outline)[1:])
    shapely.prepare(shape)
    check_inside(boundaries, shape, x_face, y_face)
    boundaries = join_ends(boundaries, shape, wall_reach(x_face, y_face))
    even = isinstance(outline, Rectangle) and specimen.grid_point is None
    cells = full_plan(x_face, y_face) if even else cut_plan(shape, rings, x_face, y_face)
    if isinstance(specimen.thickness, ThicknessMap):
        check_map(specimen.thickness, shape)
    wall = make_wall(rings, x_face, y_face, cells.inside)
    if not perimeter:
        cells = along_idle_walls(cells, wall.cell[wall.contact >= 0], x_face, y_face)
    columns = make_columns(specimen, cells, x_face, y_face)
    barriers = barrier_faces(boundaries, shape, x_face, y_face, *face_areas(columns), columns.computed)
    surface, edges = SurfaceElements(), SurfaceEdges()
    if conducting:
        lattice = Lattice(cells.open_x, cells.open_y, barriers)
        lines = grain_lines(boundaries, shape, rings, x_face, y_face, cells.inside, lattice, barriers)
        feeding = [n for n, contact in enumerate(contacts) if contact.feeds != "bulk"]
        fixing = [n for n in feeding if contacts[n].holds]
        held, fixed = np.isin(wall.contact, feeding), np.isin(wall.contact, fixing)
        skin = Skin(columns, wall, held, fixed, lines, faces, perimeter)
        surface, edges = surface_elements(skin, contacts), surface_edges(skin)
    layers = columns.computed
    g_x, g_y, g_z = (np.repeat(g[None], layers, axis=0) for g in face_conductances(columns))
    g_z[-1] = 0.0
    return Mesh(
        x_face,
        y_face,
        np.linspace(0.0, columns.nominal, columns.layers + 1)[: layers + 1],
        np.repeat((columns.area * columns.height)[None], layers, axis=0),
        g_x,
        g_y,
        g_z,
        contact_faces(columns, wall, contacts, elements=conducting),
        columns.mirrored,
        cells.fraction,
        columns.total,
        columns.active,
        surface,
        edges,
        barriers,
    )


def _check_feeds(contacts: tuple[Contact, ...], conducting: bool) -> None:
    for contact in contacts:
        if contact.feeds == "surface" and not conducting:
            raise InputError(
                f"contacts.{contact.name}.feeds",
                contact.feeds,
                "both or bulk where no surface conducts",
                "give surface.perimeter, surface.faces or a conducting grain boundary",
            )


def _check_plain(perimeter: bool, faces: bool, boundaries: tuple[GrainBoundary, ...]) -> None:
    """Refuse surfaces on bodies of one row of cells."""
    asked = {"surface.perimeter": perimeter, "surface.faces": faces}
    asked |= {f"grain_boundaries.{boundary.name}": True for boundary in boundaries}
    for field, wanted in asked.items():
        if wanted:
            raise InputError(
                field, "given", "none on a slab, a cylinder or a sphere", "use a rectangle or a free outline"
            )
