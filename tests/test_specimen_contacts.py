"""Contacts by side, arc length, region and label image: they cover what they must, and feed what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lto_sim.specimen import (
    ArcStretch,
    Contact,
    LabelStretch,
    Mesh,
    Polygon,
    Rectangle,
    RegionStretch,
    Specimen,
    Stretch,
    build_mesh,
    circle,
    resolve_stretch,
)

H, R = 0.1e-6, 0.5e-6
DISC = circle((R, R), R)
RING = Polygon(DISC.exterior, (circle((R, R), 0.2e-6).exterior,), smooth=True)

exactly = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def disc(*contacts: Contact, outline=DISC, cell: float = 0.03e-6, layers: int = 1, **more) -> Mesh:
    return build_mesh(Specimen(outline, H, cell, layers), contacts, **more)


def centres(mesh: Mesh, n: int = 0) -> np.ndarray:
    x, y = 0.5 * (mesh.x_face[1:] + mesh.x_face[:-1]), 0.5 * (mesh.y_face[1:] + mesh.y_face[:-1])
    return np.stack([x[mesh.contacts[n].cell[:, 2]], y[mesh.contacts[n].cell[:, 1]]], axis=1)


@given(start=st.floats(0.0, 0.999), share=st.floats(0.01, 1.0), layers=st.integers(1, 3))
@exactly
def test_arc_length_is_covered_exactly_also_through_the_start(start, share, layers):
    whole = DISC.perimeter
    stretch = ArcStretch(start * whole, (start + share) * whole)
    mesh = disc(Contact("c", stretch), layers=layers)
    faces = mesh.contacts[0]
    assert faces.area.sum() == pytest.approx(share * whole * H, rel=1e-9)
    angle = np.arctan2(*(centres(mesh) - R).T[::-1]) % (2.0 * math.pi)
    beyond = (angle - 2.0 * math.pi * start) % (2.0 * math.pi)
    width = 2.0 * math.pi * share
    assert np.all((beyond < width + 0.1) | (beyond > 2.0 * math.pi - 0.1))
    assert np.all(np.bincount(faces.cell[:, 0]) == faces.area.size // layers)


def test_whole_perimeter_of_circle_and_rectangle():
    for outline, length in (
        (DISC, DISC.perimeter),
        (RING, DISC.perimeter),
        (Rectangle(1e-6, 0.6e-6), 3.2e-6),
    ):
        mesh = disc(Contact("c", Stretch("all")), outline=outline, cell=0.05e-6)
        assert mesh.contacts[0].area.sum() == pytest.approx(length * H, rel=1e-12)


def test_sides_of_a_rectangle_are_arcs_of_its_perimeter():
    box = Rectangle(3e-6, 2e-6)
    spans = {
        side: resolve_stretch(Stretch(side, 0.5e-6, 1.5e-6), box, "f")[0]
        for side in ("top", "right", "bottom", "left", "all")
    }
    expected = {"top": (0.5, 1.5), "right": (3.5, 4.5), "bottom": (6.5, 7.5), "left": (8.5, 9.5)}
    expected["all"] = expected["top"]
    for side, (start, end) in expected.items():
        assert spans[side] == (0, pytest.approx(start * 1e-6), pytest.approx(end * 1e-6))


def test_arc_of_a_rectangle_goes_round_its_corner():
    mesh = disc(Contact("c", ArcStretch(0.9e-6, 1.2e-6)), outline=Rectangle(1e-6, 0.6e-6), cell=0.1e-6)
    faces = mesh.contacts[0]
    assert [tuple(cell) for cell in faces.cell] == [(0, 0, 9), (0, 0, 9), (0, 1, 9)]
    np.testing.assert_allclose(faces.area, 0.1e-6 * H, rtol=1e-9)
    np.testing.assert_allclose(faces.conductance, 2.0 * H, rtol=1e-9)


def test_region_covers_the_perimeter_inside_it():
    half = np.array([[R, -1.0], [1.0, -1.0], [1.0, 1.0], [R, 1.0]])
    for outline, length in ((DISC, math.pi * R), (RING, math.pi * (R + 0.2e-6))):
        mesh = disc(Contact("c", RegionStretch(half)), outline=outline)
        assert mesh.contacts[0].area.sum() == pytest.approx(length * H, rel=1e-5)
        assert np.all(centres(mesh)[:, 0] > R - 0.03e-6)
        spans = resolve_stretch(RegionStretch(half), outline, "f")
        assert [span[0] for span in spans] == list(range(len(spans)))
        assert spans[0][2] > DISC.perimeter  # one stretch, through the start


def test_region_whose_side_lies_on_the_outline():
    side = 1e-6 * np.array([[-1.0, 0.2], [0.0, 0.2], [0.0, 0.5], [-1.0, 0.5]])
    mesh = disc(Contact("c", RegionStretch(side)), outline=Rectangle(1e-6, 0.6e-6), cell=0.1e-6)
    assert mesh.contacts[0].area.sum() == pytest.approx(0.3e-6 * H, rel=1e-9)
    assert set(mesh.contacts[0].cell[:, 2]) == {0}


def test_region_of_two_stretches_and_of_everything():
    band = np.array([[-1.0, 0.8 * R], [1.0, 0.8 * R], [1.0, 1.2 * R], [-1.0, 1.2 * R]])
    mesh = disc(Contact("c", RegionStretch(band)))
    assert len(resolve_stretch(RegionStretch(band), DISC, "f")) == 2
    assert mesh.contacts[0].area.sum() == pytest.approx(4.0 * math.asin(0.2) * R * H, rel=1e-5)
    everything = RegionStretch(np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]))
    assert resolve_stretch(everything, DISC, "f") == ((0, 0.0, pytest.approx(DISC.perimeter)),)


def painted(pixel: float, *, particle: bool) -> np.ndarray:
    """Electrolyte on the left as 2, another on the right as 3, the rest empty; the particle as 1 or not."""
    n = round(2.0 * R / pixel) + 40
    yy, xx = (np.mgrid[0:n, 0:n] + 0.5) * pixel - 20 * pixel
    labels = np.where(xx < 0.6 * R, 2, np.where(xx > 1.4 * R, 3, 0))
    inside = np.hypot(xx - R, yy - R) < R
    labels[inside] = 1 if particle else 0
    return labels


@pytest.mark.parametrize("particle", [False, True])
def test_label_covers_the_wall_beside_it(particle):
    pixel = 0.005e-6
    labels = painted(pixel, particle=particle)
    stretches = [LabelStretch(labels, pixel, value, (-20 * pixel, -20 * pixel)) for value in (2, 3)]
    mesh = disc(*(Contact(f"c{n}", stretch) for n, stretch in enumerate(stretches)))
    for n in (0, 1):
        # the wall within 0.4 R of the middle line stays free; ends are as sharp as pixels
        expected = 2.0 * math.acos(0.4) * R * H
        assert mesh.contacts[n].area.sum() == pytest.approx(expected, abs=8 * pixel * H)
        away = centres(mesh, n)[:, 0] - R
        assert np.all(away < -0.3 * R) if n == 0 else np.all(away > 0.3 * R)


def test_labels_that_meet_on_the_wall_do_not_overlap():
    pixel = 0.01e-6
    labels = painted(pixel, particle=True)
    _, xx = np.mgrid[0 : labels.shape[0], 0 : labels.shape[1]]
    labels = np.where(labels == 1, 1, np.where(xx < labels.shape[1] // 2, 2, 3))
    contacts = [
        Contact(str(value), LabelStretch(labels, pixel, value, (-20 * pixel, -20 * pixel)))
        for value in (2, 3)
    ]
    mesh = disc(*contacts)
    total = sum(faces.area.sum() for faces in mesh.contacts)
    assert total == pytest.approx(DISC.perimeter * H, rel=1e-6)


def test_label_all_around_is_the_whole_ring():
    labels = np.full((60, 60), 7)
    yy, xx = (np.mgrid[0:60, 0:60] + 0.5) * 0.02e-6 - 0.1e-6
    labels[np.hypot(xx - R, yy - R) < R] = 0
    stretch = LabelStretch(labels, 0.02e-6, 7, (-0.1e-6, -0.1e-6))
    assert resolve_stretch(stretch, DISC, "f") == ((0, 0.0, pytest.approx(DISC.perimeter)),)


def test_faces_are_coupled_to_the_node_over_the_distance_to_the_wall():
    mesh = disc(Contact("c", Stretch("all")), cell=0.02e-6)
    faces = mesh.contacts[0]
    distance = faces.area / faces.conductance
    true = np.maximum(R - np.hypot(*(centres(mesh) - R).T), 0.0)
    floor = 0.01 * 0.02e-6
    cell = np.diff(mesh.x_face)[0]
    np.testing.assert_allclose(distance, np.maximum(true, floor), atol=0.02 * cell)


@pytest.mark.parametrize("feeds", ["both", "bulk", "surface"])
@pytest.mark.parametrize("outline", [DISC, Rectangle(1e-6, 0.6e-6)])
def test_what_a_contact_feeds(feeds, outline):
    contact = Contact("c", ArcStretch(0.3e-6, 0.9e-6), None, feeds)
    mesh = disc(contact, outline=outline, layers=2, perimeter=True)
    faces, surface = mesh.contacts[0], mesh.surface
    if feeds == "bulk":
        assert np.all(faces.element == -1)
        assert np.all(surface.conductance > 0.0)
        return
    np.testing.assert_array_equal(surface.cell[faces.element], faces.cell)
    np.testing.assert_allclose(surface.area[faces.element], faces.area, rtol=1e-12)
    under = np.zeros(len(surface), dtype=bool)
    under[faces.element] = True
    if feeds == "both":
        np.testing.assert_allclose(surface.conductance[faces.element], faces.conductance, rtol=1e-12)
        assert np.all(surface.conductance > 0.0)
    else:
        np.testing.assert_array_equal(surface.conductance == 0.0, under)


def test_without_a_conducting_surface_contacts_feed_their_cells():
    mesh = disc(Contact("c", Stretch("all")))
    assert np.all(mesh.contacts[0].element == -1)
    assert len(mesh.surface) == len(mesh.edges) == 0
