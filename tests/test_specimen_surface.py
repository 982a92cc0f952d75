"""Surface elements and how they meet: lengths, areas, depths, and resistances known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from lto_sim.materials import Arrhenius
from lto_sim.specimen import (
    ArcStretch,
    Contact,
    GrainBoundary,
    Mesh,
    Polygon,
    Rectangle,
    Specimen,
    Stretch,
    Wedge,
    build_mesh,
    circle,
)

W, D, H = 1.0e-6, 0.6e-6, 0.12e-6
GRAIN = Arrhenius(1e-21, 300.0, 5e4)


def box(cell: float = 0.1e-6, layers: int = 2, contacts=(), boundaries=(), **more) -> Mesh:
    symmetry = more.pop("symmetry", False)
    specimen = Specimen(Rectangle(W, D), H, cell, layers, symmetry)
    return build_mesh(specimen, contacts, boundaries, **more)


def kind(mesh: Mesh, value: int) -> np.ndarray:
    return mesh.surface.kind == value


def between(mesh: Mesh, first: int, second: int) -> np.ndarray:
    """Edges between two kinds, in this order."""
    kinds = mesh.surface.kind
    return (kinds[mesh.edges.first] == first) & (kinds[mesh.edges.second] == second)


def resistance(mesh: Mesh, from_: np.ndarray, to: np.ndarray) -> float:
    """Ratio (distance over width) of the network between two groups of elements held at 1 and 0."""
    n, e = len(mesh.surface), mesh.edges
    g = 1.0 / (e.ratio_first + e.ratio_second)
    w = sparse.coo_array(
        (np.append(g, g), (np.append(e.first, e.second), np.append(e.second, e.first))), (n, n)
    )
    laplace = sparse.diags_array(w.sum(axis=1)) - w
    held = np.zeros(n)
    held[from_] = 1.0
    free = np.setdiff1d(np.arange(n), np.append(from_, to))
    matrix = laplace.tocsr()
    held[free] = sparse.linalg.spsolve(matrix[free][:, free].tocsc(), -(matrix[free] @ held))
    return 1.0 / float((matrix @ held)[from_].sum())


def test_perimeter_of_a_rectangle_by_hand():
    mesh = box(perimeter=True)
    surface = mesh.surface
    assert len(surface) == 2 * 32
    np.testing.assert_allclose(surface.length, 0.1e-6, rtol=1e-9)
    np.testing.assert_allclose(surface.area, 0.1e-6 * 0.06e-6, rtol=1e-9)
    np.testing.assert_allclose(surface.conductance, 2.0 * 0.06e-6, rtol=1e-9)
    corner = np.isin(surface.cell[:, 1], (0, 5)) & np.isin(surface.cell[:, 2], (0, 9))
    assert corner.sum() == 2 * 8
    np.testing.assert_allclose(surface.depth[corner], 0.05e-6, rtol=1e-9)
    np.testing.assert_allclose(surface.depth[~corner], 0.1e-6, rtol=1e-9)
    np.testing.assert_allclose(np.unique(surface.position[:, 2]), [0.03e-6, 0.09e-6], rtol=1e-9)
    on_wall = (
        (np.abs(surface.position[:, 0] - 0.5 * W) > 0.4999 * W)
        | (np.abs(surface.position[:, 1] - 0.5 * D) > 0.4999 * D)
    )  # fmt: skip
    assert on_wall.all()
    # two rings of 32 and 32 links through the thickness
    assert len(mesh.edges) == 3 * 32
    links = np.sort(np.stack([mesh.edges.first, mesh.edges.second], axis=1), axis=1)
    expected = {(k * 32 + n, k * 32 + (n + 1) % 32) for k in (0, 1) for n in range(32)}
    expected = {tuple(sorted(pair)) for pair in expected} | {(n, n + 32) for n in range(32)}
    assert {tuple(pair) for pair in links} == expected
    chain = mesh.edges.second - mesh.edges.first != 32
    np.testing.assert_allclose(mesh.edges.ratio_first[chain], 0.05e-6 / 0.06e-6, rtol=1e-9)
    np.testing.assert_allclose(mesh.edges.ratio_second[~chain], 0.03e-6 / 0.1e-6, rtol=1e-9)


def test_faces_of_a_rectangle_by_hand():
    mesh = box(faces=True)
    faces = kind(mesh, 1)
    assert faces.sum() == 2 * 60
    assert np.bincount(mesh.surface.cell[faces, 0]).tolist() == [60, 60]
    np.testing.assert_allclose(mesh.surface.area[faces], 0.01e-12, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.conductance[faces], 0.01e-12 / 0.03e-6, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.depth[faces], 0.06e-6, rtol=1e-9)
    np.testing.assert_allclose(np.unique(mesh.surface.position[faces, 2]), [0.0, H], atol=1e-20)
    over = between(mesh, 1, 1)
    assert over.sum() == 2 * (9 * 6 + 10 * 5)
    np.testing.assert_allclose(mesh.edges.ratio_first[over], 0.5, rtol=1e-9)
    np.testing.assert_allclose(mesh.edges.ratio_second[over], 0.5, rtol=1e-9)
    edge = between(mesh, 0, 1)
    assert edge.sum() == 2 * 32
    np.testing.assert_allclose(mesh.edges.ratio_first[edge], 0.03 / 0.1, rtol=1e-9)
    np.testing.assert_allclose(mesh.edges.ratio_second[edge], 0.5, rtol=1e-9)
    first, second = mesh.edges.first[edge], mesh.edges.second[edge]
    np.testing.assert_array_equal(mesh.surface.cell[first], mesh.surface.cell[second])


def test_one_layer_has_both_faces_on_one_cell():
    mesh = box(layers=1, faces=True)
    faces = kind(mesh, 1)
    assert faces.sum() == 120
    np.testing.assert_allclose(mesh.surface.depth[faces], 0.5 * H, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.conductance[faces], 0.01e-12 / (0.5 * H), rtol=1e-9)
    assert between(mesh, 0, 1).sum() == 64


def test_symmetry_leaves_the_bottom_out():
    for layers in (2, 4):
        mesh = box(layers=layers, symmetry=True, faces=True)
        assert kind(mesh, 1).sum() == 60
        assert np.all(mesh.surface.cell[kind(mesh, 1), 0] == 0)
        np.testing.assert_allclose(mesh.surface.depth[kind(mesh, 1)], H / layers, rtol=1e-9)
        assert between(mesh, 0, 1).sum() == 32


def test_nothing_conducts_without_being_asked():
    mesh = box()
    assert len(mesh.surface) == len(mesh.edges) == len(mesh.barriers) == 0


@pytest.mark.parametrize("feeds", ["both", "surface"])
def test_contact_holds_the_surface_up_to_its_end(feeds):
    contact = Contact("c", Stretch("left", 0.15e-6, 0.4e-6), None, feeds)
    mesh = box(contacts=(contact,), perimeter=True, faces=True)
    held = np.zeros(len(mesh.surface), dtype=bool)
    held[mesh.contacts[0].element] = True
    wall = between(mesh, 0, 0)
    first, second = held[mesh.edges.first[wall]], held[mesh.edges.second[wall]]
    one, other = mesh.edges.ratio_first[wall], mesh.edges.ratio_second[wall]
    assert (first != second).sum() == 4
    np.testing.assert_array_equal(one == 0.0, first & ~second)
    np.testing.assert_array_equal(other == 0.0, second & ~first)
    edge = between(mesh, 0, 1)
    np.testing.assert_array_equal(mesh.edges.ratio_first[edge] == 0.0, held[mesh.edges.first[edge]])
    assert np.all(mesh.edges.ratio_second[edge] > 0.0)


def test_contact_that_feeds_the_bulk_leaves_the_surface_alone():
    contact = Contact("c", Stretch("left", 0.15e-6, 0.4e-6), None, "bulk")
    assert np.all(box(contacts=(contact,), perimeter=True, faces=True).edges.ratio_first > 0.0)


def test_two_contacts_side_by_side_stay_apart():
    pair = (Contact("a", Stretch("left", 0.0, 0.3e-6)), Contact("b", Stretch("left", 0.3e-6, None)))
    mesh = box(contacts=pair, perimeter=True)
    assert np.all(mesh.edges.ratio_first + mesh.edges.ratio_second > 0.0)


@pytest.mark.parametrize("cells", [16, 33, 64])
def test_surface_around_a_circle_resists_like_its_arc_length(cells):
    radius = 0.5e-6
    outline = circle((0.1e-6, 0.2e-6), radius)
    quarter = 0.25 * outline.perimeter
    contacts = tuple(
        Contact(name, ArcStretch(at - 1e-8, at + 1e-8))
        for name, at in (("a", 0.1e-6), ("b", 0.1e-6 + 2 * quarter))
    )
    specimen = Specimen(outline, H, 2.0 * radius / cells, layers=3)
    mesh = build_mesh(specimen, contacts, perimeter=True)
    a, b = (faces.element for faces in mesh.contacts)
    # two ways round in parallel, each half the perimeter less a contact
    expected = 0.5 * (2.0 * quarter - 2e-8) / H
    assert resistance(mesh, a, b) == pytest.approx(expected, rel=1e-9)


def test_face_of_a_long_rectangle_resists_like_length_over_width():
    contacts = (Contact("a", Stretch("left")), Contact("b", Stretch("right")))
    mesh = box(layers=2, contacts=contacts, faces=True)
    a, b = (faces.element for faces in mesh.contacts)
    around = 2.0 * (D + H)
    assert resistance(mesh, a, b) == pytest.approx(W / around, rel=1e-9)


def test_face_of_a_disc_is_as_connected_as_its_cells():
    mesh = build_mesh(Specimen(circle((0.0, 0.0), 0.5e-6), H, 0.03e-6), (), faces=True)
    faces = kind(mesh, 1)
    assert mesh.surface.area[faces].sum() == pytest.approx(2.0 * math.pi * 0.25e-12, rel=1e-5)
    over = between(mesh, 1, 1)
    faces_in_cells = (mesh.conductance_x > 0.0).sum() + (mesh.conductance_y > 0.0).sum()
    assert over.sum() == 2 * faces_in_cells
    # ratio of an edge is layer height over conductance of the cell face below it
    g = np.concatenate(
        [mesh.conductance_x[mesh.conductance_x > 0], mesh.conductance_y[mesh.conductance_y > 0]]
    )
    ratio = (mesh.edges.ratio_first + mesh.edges.ratio_second)[over]
    np.testing.assert_allclose(np.sort(ratio), np.sort(np.tile(H / g, 2)), rtol=1e-9)


def test_corner_cuts_the_chain_and_a_smooth_outline_has_none():
    corners = 1e-6 * np.array([[0.05, 0.05], [0.95, 0.05], [0.95, 0.95], [0.05, 0.95]])
    for smooth, count in ((False, 40), (True, 36)):
        specimen = Specimen(Polygon(corners, smooth=smooth), H, 0.1e-6, grid_point=(0.0, 0.0))
        mesh = build_mesh(specimen, (), perimeter=True)
        assert len(mesh.surface) == len(mesh.edges) == count
        assert mesh.surface.length.sum() == pytest.approx(3.6e-6, rel=1e-12)
        assert mesh.surface.length.max() == pytest.approx(0.1e-6, rel=1e-9)


def test_hole_has_a_ring_of_its_own():
    outline = Polygon(
        circle((0.0, 0.0), 0.5e-6).exterior, (circle((0.0, 0.0), 0.2e-6).exterior,), smooth=True
    )
    mesh = build_mesh(Specimen(outline, H, 0.03e-6), (), perimeter=True)
    assert mesh.surface.length.sum() == pytest.approx(2.0 * math.pi * 0.7e-6, rel=1e-5)
    graph = sparse.coo_array(
        (np.ones(len(mesh.edges)), (mesh.edges.first, mesh.edges.second)), (len(mesh.surface),) * 2
    )
    rings, ring = sparse.csgraph.connected_components(graph, directed=False)
    assert rings == 2
    np.testing.assert_array_equal(np.bincount(mesh.edges.first), 1)
    lengths = np.sort(np.bincount(ring, weights=mesh.surface.length))
    np.testing.assert_allclose(lengths, 2.0 * math.pi * np.array([0.2e-6, 0.5e-6]), rtol=1e-5)
    # every element lies on a wall of its cell: the hole's cells are outside the hole
    radius = np.hypot(*mesh.surface.position[:, :2].T)
    assert np.all((np.abs(radius - 0.2e-6) < 1e-9) | (np.abs(radius - 0.5e-6) < 1e-9))


def test_hole_inside_one_cell_is_one_element_without_edge():
    hole = circle((0.05e-6, 0.05e-6), 0.01e-6).exterior
    outline = Polygon(1e-6 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]]), (hole,), smooth=True)
    mesh = build_mesh(Specimen(outline, H, 0.1e-6), (), perimeter=True)
    assert mesh.surface.length[-1] == pytest.approx(2.0 * math.pi * 0.01e-6, rel=1e-5)
    assert np.all(mesh.surface.cell[-1] == 0)
    assert mesh.edges.first.max() == mesh.edges.second.max() == len(mesh.surface) - 2


def test_wedge_gives_every_element_the_height_of_its_cell():
    mesh = build_mesh(
        Specimen(Rectangle(W, D), Wedge(0.1e-6, 0.2e-6), 0.1e-6, 4), (), perimeter=True, faces=True
    )
    surface = mesh.surface
    wall = kind(mesh, 0)
    height = mesh.active_thickness[tuple(surface.cell[:, 1:].T)] / 4
    np.testing.assert_allclose(surface.area[wall], (surface.length * height)[wall], rtol=1e-12)
    # the mid-plane is flat: levels lie evenly about it in every column
    offset = surface.position[:, 2] - 0.075e-6
    level = np.where(wall, surface.cell[:, 0] - 1.5, np.where(surface.cell[:, 0] == 0, -2.0, 2.0))
    np.testing.assert_allclose(offset, level * height, atol=1e-16)


def test_surface_depth_is_volume_over_the_areas_of_its_kind_or_twice_the_distance():
    line = 1e-6 * np.array([[0.1, 0.2], [0.3, 0.55]])
    for layers, symmetry in ((1, False), (3, False), (4, True)):
        specimen = Specimen(circle((0.31e-6, 0.3e-6), 0.3e-6), H, 0.07e-6, layers, symmetry)
        mesh = build_mesh(specimen, (), (GrainBoundary("g", (line,), GRAIN),), perimeter=True, faces=True)
        assert set(mesh.surface.kind) == {0, 1, 2}
        for value in (0, 1, 2):
            own = kind(mesh, value)
            total = np.zeros(mesh.shape)
            np.add.at(total, tuple(mesh.surface.cell[own].T), mesh.surface.area[own])
            where = tuple(mesh.surface.cell[own].T)
            expected = mesh.volume[where] / total[where]
            if value == 0:  # in a cut cell whose node is its centre, and not on the wall
                distance = mesh.surface.area[own] / mesh.surface.conductance[own]
                inner = (mesh.fraction[where[1:]] < 1.0) & (distance > 0.0101 * np.diff(mesh.x_face)[0])
                expected = np.where(inner, 2.0 * distance, expected)
            np.testing.assert_allclose(mesh.surface.depth[own], expected, rtol=1e-9)


def test_contact_that_feeds_the_surface_holds_the_edge_of_faces_that_alone_conduct():
    """The perimeter does not conduct: what it is held at reaches the faces over no distance of its own."""
    contact = Contact("c", Stretch("left"), feeds="surface")
    mesh = build_mesh(Specimen(Rectangle(1e-6, 0.5e-6), 0.1e-6, 0.1e-6, 4), (contact,), faces=True)
    held = set(mesh.contacts[0].element.tolist())
    assert len(held) == 5 * 4
    assert np.all(mesh.surface.kind[list(held)] == 0)
    assert np.all(mesh.surface.conductance[list(held)] == 0.0)
    kinds, edges = mesh.surface.kind, mesh.edges
    over = np.isin(edges.first, list(held)) & (kinds[edges.second] == 1)
    assert over.sum() == 2 * 5
    np.testing.assert_array_equal(edges.ratio_first[over], 0.0)
    np.testing.assert_allclose(edges.ratio_second[over], 0.5, rtol=1e-9)  # half a cell over its width
