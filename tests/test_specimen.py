"""Bodies, contacts and meshes: exact coverage, exact volumes, and errors that say what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lto_sim.errors import InputError
from lto_sim.specimen import (
    Contact,
    ContactFaces,
    Mesh,
    Radial,
    Rectangle,
    Slab,
    Specimen,
    Stretch,
    build_mesh,
)

WIDTH, HEIGHT, THICKNESS = 1.0e-6, 0.6e-6, 0.15e-6


def contact(side: str, start: float | None = None, end: float | None = None, name: str = "lps") -> Contact:
    return Contact(name, Stretch(side, start, end))


def rectangle(cell: float = 0.1e-6, **more: object) -> Specimen:
    return Specimen(Rectangle(WIDTH, HEIGHT), THICKNESS, cell, **more)


def test_box_by_hand():
    mesh = build_mesh(rectangle(0.2e-6, layers=3), (contact("right"),))
    assert mesh.shape == (3, 3, 5)
    np.testing.assert_allclose(mesh.volume, 0.2e-6 * 0.2e-6 * 0.05e-6, rtol=1e-12)
    assert mesh.volume.sum() == pytest.approx(WIDTH * HEIGHT * THICKNESS, rel=1e-12)
    np.testing.assert_allclose(mesh.conductance_x[:, :, :-1], 0.05e-6, rtol=1e-12)
    np.testing.assert_allclose(mesh.conductance_y[:, :-1], 0.05e-6, rtol=1e-12)
    np.testing.assert_allclose(mesh.conductance_z[:-1], 0.2e-6 * 0.2e-6 / 0.05e-6, rtol=1e-12)
    assert not mesh.conductance_x[:, :, -1].any()
    assert not mesh.conductance_y[:, -1].any()
    assert not mesh.conductance_z[-1].any()
    (faces,) = mesh.contacts
    assert sorted(map(tuple, faces.cell)) == [(k, j, 4) for k in range(3) for j in range(3)]
    np.testing.assert_allclose(faces.area, 0.2e-6 * 0.05e-6, rtol=1e-12)
    np.testing.assert_allclose(faces.conductance, faces.area / 0.1e-6, rtol=1e-12)


@given(
    side=st.sampled_from(["left", "right", "top", "bottom"]),
    low=st.floats(0.0, 0.9), share=st.floats(0.02, 1.0), cells=st.integers(1, 25), layers=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_contact_covers_exactly_its_stretch(side, low, share, cells, layers):
    length = HEIGHT if side in {"left", "right"} else WIDTH
    start, end = low * length, (low + share * (1.0 - low)) * length
    mesh = build_mesh(rectangle(HEIGHT / cells, layers=layers), (contact(side, start, end),))
    (faces,) = mesh.contacts
    assert faces.area.sum() == pytest.approx((end - start) * THICKNESS, rel=1e-9)
    axis, at = {"left": (2, 0), "right": (2, -1), "top": (1, 0), "bottom": (1, -1)}[side]
    assert np.all(faces.cell[:, axis] == at % mesh.shape[axis])
    along = mesh.y_face if axis == 2 else mesh.x_face
    touched = faces.cell[:, 1 if axis == 2 else 2]
    for index, area in zip(touched, faces.area, strict=True):
        covered = min(end, along[index + 1]) - max(start, along[index])
        assert area == pytest.approx(covered * THICKNESS / layers, rel=1e-6, abs=1e-24)


@pytest.mark.parametrize("shape", ["cylinder", "sphere"])
def test_radial_volumes_and_conductances(shape):
    radius = 0.7e-6
    mesh = build_mesh(Specimen(Radial(shape, radius), THICKNESS, 0.01e-6), (contact("outer"),))
    whole = math.pi * radius**2 * THICKNESS if shape == "cylinder" else 4.0 / 3.0 * math.pi * radius**3
    skin = 2.0 * math.pi * radius * THICKNESS if shape == "cylinder" else 4.0 * math.pi * radius**2
    assert mesh.volume.sum() == pytest.approx(whole, rel=1e-12)
    assert mesh.contacts[0].area[0] == pytest.approx(skin, rel=1e-12)
    # resistances in a row are the exact resistance between the innermost node and the surface
    inner, outer = 0.5 * mesh.x_face[1], radius
    resistance = (1.0 / mesh.conductance_x[0, 0, :-1]).sum() + 1.0 / mesh.contacts[0].conductance[0]
    exact = (
        math.log(outer / inner) / (2.0 * math.pi * THICKNESS)
        if shape == "cylinder"
        else (1.0 / inner - 1.0 / outer) / (4.0 * math.pi)
    )
    assert resistance == pytest.approx(exact, rel=1e-12)


def test_plain_meshes_know_their_thickness_and_carry_no_surface():
    for specimen, side in (
        (rectangle(layers=4), "left"),
        (rectangle(layers=4, symmetry=True), "left"),
        (Specimen(Slab(WIDTH), THICKNESS, 1e-7), "left"),
        (Specimen(Radial("cylinder", WIDTH), THICKNESS, 1e-7), "outer"),
    ):
        mesh = build_mesh(specimen, (contact(side),))
        plan = mesh.shape[1:]
        np.testing.assert_array_equal(mesh.fraction, np.ones(plan))
        np.testing.assert_allclose(mesh.thickness, np.full(plan, THICKNESS), rtol=1e-12)
        np.testing.assert_array_equal(mesh.active_thickness, mesh.thickness)
        assert len(mesh.surface) == len(mesh.edges) == len(mesh.barriers) == 0
        (faces,) = mesh.contacts
        np.testing.assert_array_equal(faces.element, -1)


def test_a_mesh_made_by_hand_has_the_defaults_of_a_plain_one():
    cell = np.zeros((1, 3), dtype=np.int64)
    faces = ContactFaces("c", cell, np.array([2.0]), np.array([8.0]))
    zero = np.zeros((1, 1, 1))
    edges = (np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0, 3.0]))
    mesh = Mesh(*edges, np.ones((1, 1, 1)), zero, zero, zero, (faces,), True)
    assert faces.element[0] == -1
    assert (mesh.fraction[0, 0], mesh.thickness[0, 0], mesh.active_thickness[0, 0]) == (1.0, 6.0, 6.0)


def test_cells_divide_the_outline_evenly_and_are_never_larger_than_asked():
    for cell, expected in ((0.1e-6, 10), (0.0999e-6, 11), (0.3e-6, 4), (1e-6, 1)):
        mesh = build_mesh(Specimen(Slab(1e-6), THICKNESS, cell), (contact("left"),))
        assert mesh.shape == (1, 1, expected)
        assert np.ptp(np.diff(mesh.x_face)) < 1e-18


def test_symmetry_computes_the_upper_half():
    mesh = build_mesh(rectangle(layers=6, symmetry=True), (contact("left"),))
    assert mesh.shape[0] == 3
    assert mesh.z_face[-1] == pytest.approx(THICKNESS / 2.0)
    assert mesh.multiplicity == 2.0
    assert mesh.multiplicity * mesh.volume.sum() == pytest.approx(WIDTH * HEIGHT * THICKNESS, rel=1e-12)
    assert mesh.multiplicity * mesh.contacts[0].area.sum() == pytest.approx(HEIGHT * THICKNESS, rel=1e-12)


def test_contacts_that_touch_may_share_a_cell():
    parts = (contact("left", 0.0, 0.25e-6, "a"), contact("left", 0.25e-6, None, "b"))
    mesh = build_mesh(rectangle(), parts)
    assert sum(c.area.sum() for c in mesh.contacts) == pytest.approx(HEIGHT * THICKNESS, rel=1e-12)
    assert mesh.contacts[0].cell[-1, 1] == mesh.contacts[1].cell[0, 1] == 2


@pytest.mark.parametrize(
    ("specimen", "contacts", "field"),
    [
        (rectangle(), (contact("outer"),), "contacts.lps.where.side"),
        (Specimen(Slab(WIDTH), THICKNESS, 1e-7), (contact("top"),), "contacts.lps.where.side"),
        (rectangle(), (contact("left", -0.1e-6),), "contacts.lps.where.from"),
        (rectangle(), (contact("left", 0.7e-6),), "contacts.lps.where.from"),
        (rectangle(), (contact("left", 0.1e-6, 0.7e-6),), "contacts.lps.where.to"),
        (rectangle(), (contact("left", 0.3e-6, 0.3e-6),), "contacts.lps.where.to"),
        (rectangle(), (contact("left", 0.3e-6, 0.2e-6),), "contacts.lps.where.to"),
        (
            rectangle(),
            (contact("left", 0.0, 0.3e-6, "a"), contact("left", 0.29e-6, None, "b")),
            "contacts.b.where",
        ),
        (
            Specimen(Radial("sphere", WIDTH), THICKNESS, 1e-7),
            (contact("outer", 0.0, WIDTH),),
            "contacts.lps.where",
        ),
    ],
)
def test_contacts_that_cannot_be(specimen, contacts, field):
    with pytest.raises(InputError) as error:
        build_mesh(specimen, contacts)
    assert error.value.field == field
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: Rectangle(0.0, 1.0), "specimen.outline.width"),
        (lambda: Rectangle(1.0, -1.0), "specimen.outline.height"),
        (lambda: Slab(math.nan), "specimen.outline.length"),
        (lambda: Radial("sphere", math.inf), "specimen.outline.radius"),
        (lambda: Specimen(Slab(1e-6), 0.0, 1e-8), "specimen.thickness"),
        (lambda: Specimen(Slab(1e-6), 1e-7, -1e-8), "specimen.cell"),
        (lambda: Specimen(Slab(1e-6), 1e-7, 2e-6), "specimen.cell"),
        (lambda: rectangle(0.7e-6), "specimen.cell"),
        (lambda: rectangle(layers=0), "specimen.layers"),
        (lambda: Specimen(Slab(1e-6), 1e-7, 1e-8, layers=2), "specimen.layers"),
        (lambda: rectangle(layers=3, symmetry=True), "specimen.symmetry"),
    ],
)
def test_bodies_that_cannot_be(build, field):
    with pytest.raises(InputError) as error:
        build()
    assert error.value.field == field
    assert "\n" not in str(error.value)
