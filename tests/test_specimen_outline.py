"""Free outlines and thickness: what is refused, with one clear line each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius
from lto_sim.specimen import (
    ArcStretch,
    Contact,
    GrainBoundary,
    LabelStretch,
    Polygon,
    Radial,
    Rectangle,
    RegionStretch,
    Slab,
    Specimen,
    Stretch,
    ThicknessMap,
    Wedge,
    build_mesh,
    circle,
    ellipse,
    outline_rings,
    thickness_at,
)

BOX = 1e-6 * np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
HOLE = 1e-6 * np.array([[0.5, 0.4], [0.8, 0.4], [0.8, 0.7]])
GRAIN = Arrhenius(1e-21, 300.0, 5e4)
RESIST = Arrhenius(1e-9, 300.0, 0.0)


def test_polygon_knows_its_measures_and_keeps_its_vertices():
    outline = Polygon(BOX, (HOLE,))
    assert outline.bounds == (0.0, 0.0, 2e-6, 1e-6)
    assert (outline.width, outline.height) == (2e-6, 1e-6)
    assert outline.area == pytest.approx(2e-12 - 0.045e-12, rel=1e-12)
    assert outline.perimeter == outline.side_length("all") == pytest.approx(6e-6, rel=1e-12)
    exterior, hole = outline_rings(outline)
    np.testing.assert_array_equal(exterior, BOX)
    np.testing.assert_array_equal(hole, HOLE)
    with pytest.raises(ValueError, match="read-only"):
        outline.exterior[0, 0] = 1.0


def test_a_closing_vertex_and_repeats_are_dropped():
    closed = np.concatenate([BOX[:1], BOX, BOX[:1]])
    np.testing.assert_array_equal(np.sort(Polygon(closed).exterior, axis=0), np.sort(BOX, axis=0))
    np.testing.assert_array_equal(Polygon(closed).exterior[0], BOX[0])
    np.testing.assert_array_equal(Polygon(BOX[::-1]).exterior, BOX[::-1])


def test_rectangle_ring_runs_clockwise_on_the_image_from_the_top_left():
    (ring,) = outline_rings(Rectangle(2e-6, 1e-6))
    np.testing.assert_array_equal(ring, BOX)
    assert outline_rings(Slab(1e-6)) == outline_rings(Radial("sphere", 1e-6)) == ()


def test_circle_has_the_symmetries_of_a_square_exactly():
    points = {tuple(p) for p in circle((0.0, 0.0), 1.0).exterior}
    assert points == {(-x, y) for x, y in points} == {(y, x) for x, y in points}
    assert tuple(circle((0.0, 0.0), 1.0).exterior[0]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("build", "field", "says"),
    [
        (lambda: Polygon(BOX[:2]), "specimen.outline.exterior", "at least 3"),
        (lambda: Polygon(np.zeros((0, 2))), "specimen.outline.exterior", "at least 3"),
        (lambda: Polygon(BOX.ravel()), "specimen.outline.exterior", "an array"),
        (lambda: Polygon(BOX * [math.nan, 1.0]), "specimen.outline.exterior", "finite"),
        (lambda: Polygon(BOX[[0, 2, 1, 3]]), "specimen.outline.exterior", "near (1 um, 0.5 um)"),
        (lambda: Polygon(BOX * [1.0, 0.0]), "specimen.outline.exterior", ""),
        (lambda: Polygon(BOX, (HOLE + 5e-6,)), "specimen.outline.holes.0", "inside the outline"),
        (lambda: Polygon(BOX, (HOLE, HOLE)), "specimen.outline.holes.1", "another hole"),
        (lambda: Polygon(BOX, (HOLE - [0.5e-6, 0.0],)), "specimen.outline.holes.0", "inside"),
        (lambda: circle((0.0, 0.0), 0.0), "specimen.outline.radius", "> 0 m"),
        (lambda: ellipse((0.0, 0.0), (1e-6, -1e-6)), "specimen.outline.semi_axes", "> 0 m"),
        (lambda: circle((math.inf, 0.0), 1e-6), "specimen.outline.centre", "finite"),
        (lambda: ellipse((0.0, 0.0), (1e-6, 1e-6), math.nan), "specimen.outline.angle", "finite"),
        (lambda: Wedge(1e-7, 0.0), "specimen.thickness.wedge", "> 0 m"),
        (lambda: Wedge(1e-7, 1e-7, "z"), "specimen.thickness.axis", "x or y"),
        (lambda: ThicknessMap(np.ones(3), 1e-8), "specimen.thickness.values", "rows"),
        (lambda: ThicknessMap(np.full((2, 2), np.nan), 1e-8), "specimen.thickness.values", "finite"),
        (lambda: ThicknessMap(np.ones((2, 2)), 0.0), "specimen.thickness.pixel_size", "> 0 m"),
        (lambda: Contact("c", Stretch("all"), None, "none"), "contacts.c.feeds", "both"),
        (lambda: GrainBoundary("g", ()), "grain_boundaries.g.line", "at least one"),
        (lambda: GrainBoundary("g", (BOX[:1],)), "grain_boundaries.g.line", "at least 2"),
        (lambda: GrainBoundary("g", (BOX.ravel(),)), "grain_boundaries.g.line", "finite points"),
    ],
)  # fmt: skip
def test_shapes_that_cannot_be(build, field, says):
    with pytest.raises(InputError) as error:
        build()
    assert error.value.field == field
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def lamella(outline=None, thickness=1e-7, **more):
    return Specimen(outline or Polygon(BOX), thickness, more.pop("cell", 1e-7), **more)


@pytest.mark.parametrize(
    ("build", "field", "says"),
    [
        (lambda: lamella(cell=1.1e-6), "specimen.cell", "smallest extent"),
        (lambda: lamella(grid_point=(0.0, math.nan)), "specimen.grid_point", "finite"),
        (lambda: lamella(Slab(1e-6), grid_point=(0.0, 0.0)), "specimen.grid_point", "rectangle"),
        (lambda: lamella(dead_layer=-1e-9), "specimen.dead_layer", ">= 0"),
        (lambda: lamella(dead_layer=5e-8), "specimen.dead_layer", "here 5e-08 m"),
        (lambda: lamella(Slab(1e-6), dead_layer=6e-8), "specimen.dead_layer", "< half"),
        (lambda: lamella(thickness=Wedge(2e-7, 8e-8), dead_layer=4e-8), "specimen.dead_layer", "here 4e-08"),
        (lambda: lamella(Radial("sphere", 1e-6), dead_layer=1e-9), "specimen.dead_layer", "0 for a sphere"),
        (lambda: lamella(Radial("cylinder", 1e-6), Wedge(1e-7, 2e-7)), "specimen.thickness", "one number"),
        (lambda: lamella(Radial("cylinder", 1e-6), layers=2), "specimen.layers", "1 for a slab"),
    ],
)  # fmt: skip
def test_specimens_that_cannot_be(build, field, says):
    with pytest.raises(InputError) as error:
        build()
    assert error.value.field == field
    assert says in str(error.value)


def image(**at: float) -> ThicknessMap:
    values = np.full((10, 20), 1e-7)
    for place, value in at.items():
        values[tuple(map(int, place[1:].split("_")))] = value
    return ThicknessMap(values, 1e-7)


CIRCLE = circle((1e-6, 0.5e-6), 0.4e-6)
LINE = 1e-6 * np.array([[0.2, 0.5], [1.0, 0.5], [2.2, 0.5]])


@pytest.mark.parametrize(
    ("specimen", "contacts", "more", "field", "says"),
    [
        (lamella(thickness=image(p5_10=0.0)), (), {}, "specimen.thickness", "(1.05 um, 0.55 um)"),
        (lamella(thickness=image(p5_10=-1e-9), cell=4e-7), (), {}, "specimen.thickness", "everywhere inside"),
        (lamella(thickness=image(p5_10=3e-8), dead_layer=2e-8), (), {}, "specimen.dead_layer", "1.5e-08 m"),
        (
            lamella(thickness=ThicknessMap(np.pad(np.full((1, 1), 1e-7), 9, constant_values=np.nan), 1e-7)),
            (), {}, "specimen.thickness", "nan",
        ),
        (lamella(Polygon(1e3 * BOX), cell=1e-9, layers=40), (), {}, "specimen.cell", "use larger cells"),
        (lamella(), (Contact("c", Stretch("left")),), {}, "contacts.c.where.side", "allowed: all"),
        (lamella(), (Contact("c", ArcStretch(6.1e-6, 7e-6)),), {}, "contacts.c.where.from", "6e-06 m"),
        (lamella(), (Contact("c", ArcStretch(-1e-6, 1e-6)),), {}, "contacts.c.where.from", "outline"),
        (lamella(), (Contact("c", ArcStretch(1e-6, 1e-6)),), {}, "contacts.c.where.to", "outline"),
        (lamella(), (Contact("c", ArcStretch(1e-6, 7.1e-6)),), {}, "contacts.c.where.to", "perimeter"),
        (lamella(), (Contact("c", RegionStretch(BOX[:2])),), {}, "contacts.c.where.polygon", "at least 3"),
        (lamella(), (Contact("c", RegionStretch(HOLE)),), {}, "contacts.c.where", "not on the perimeter"),
        (lamella(), (Contact("c", RegionStretch(HOLE + 9.0)),), {}, "contacts.c.where", "not on the"),
        (
            lamella(), (Contact("c", LabelStretch(np.eye(2, dtype=np.int64), 1e-7, 3)),), {},
            "contacts.c.where.value", "a label of the image",
        ),
        (
            lamella(), (Contact("c", LabelStretch(np.ones((2, 2), dtype=np.int64), 1e-7, 1, (5e-6, 0.0))),),
            {}, "contacts.c.where", "not on the perimeter",
        ),
        (lamella(), (Contact("c", LabelStretch(np.ones((2, 2), dtype=np.int64), 0.0, 1)),), {},
         "contacts.c.where.pixel_size", "> 0 m"),
        (lamella(Slab(1e-6)), (Contact("c", ArcStretch(0.0, 1e-7)),), {}, "contacts.c.where", "a side"),
        (
            lamella(), (Contact("a", ArcStretch(5e-6, 7e-6)), Contact("b", RegionStretch(HOLE - 4e-7))), {},
            "contacts.b.where", "no overlap with contacts.a",
        ),
        (lamella(), (Contact("c", Stretch("all"), None, "surface"),), {}, "contacts.c.feeds", "no surface"),
        (lamella(Slab(1e-6)), (), {"perimeter": True}, "surface.perimeter", "free outline"),
        (lamella(Radial("sphere", 1e-6)), (), {"faces": True}, "surface.faces", "free outline"),
        (
            lamella(Slab(1e-6)), (), {"boundaries": (GrainBoundary("g", (LINE,), GRAIN),)},
            "grain_boundaries.g", "free outline",
        ),
        (
            lamella(), (), {"boundaries": (GrainBoundary("g", (LINE,), GRAIN),)},
            "grain_boundaries.g.line.0", "(2.2 um, 0.5 um), 2e-07 m outside",
        ),
        (
            lamella(CIRCLE), (), {"boundaries": (GrainBoundary("g", (LINE[1:], LINE), None),)},
            "grain_boundaries.g.line.0", "end the boundary at the outline",
        ),
    ],
)  # fmt: skip
def test_meshes_that_cannot_be(specimen, contacts, more, field, says):
    with pytest.raises(InputError) as error:
        build_mesh(specimen, contacts, **more)
    assert error.value.field == field
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_zeros_of_a_map_at_and_outside_the_wall_are_no_error():
    yy, xx = np.mgrid[0:100, 0:200]
    inside = np.hypot(xx + 0.5 - 100.0, yy + 0.5 - 50.0) < 40.5
    for outside in (0.0, math.nan):
        values = np.where(inside, 1e-7, outside)
        mesh = build_mesh(lamella(CIRCLE, ThicknessMap(values, 1e-8), cell=2e-8), ())
        active = mesh.active_thickness[mesh.fraction > 0.0]
        assert active.min() > 0.3e-7
        if math.isnan(outside):
            np.testing.assert_allclose(active, 1e-7, rtol=1e-12)


def test_thickness_between_and_beyond_pixels():
    ramp = ThicknessMap(1e-7 * np.array([[1.0, 2.0], [3.0, 4.0]]), 1e-6, (10e-6, 20e-6))
    x = np.array([10.5, 11.5, 11.0, 11.0, 0.0, 99.0]) * 1e-6
    y = np.array([20.5, 20.5, 20.5, 21.0, 20.5, 99.0]) * 1e-6
    found = thickness_at(ramp, Rectangle(1e-6, 1e-6), x, y)
    np.testing.assert_allclose(found, 1e-7 * np.array([1.0, 2.0, 1.5, 2.5, 1.0, 4.0]), rtol=1e-12)
    wedge = thickness_at(Wedge(1e-7, 3e-7, "y"), Rectangle(1e-6, 2e-6), x[:2], np.array([0.5e-6, 2e-6]))
    np.testing.assert_allclose(wedge, [1.5e-7, 3e-7], rtol=1e-12)


def test_slab_and_cylinder_without_their_dead_layers():
    plain = build_mesh(lamella(Slab(1e-6)), (Contact("c", Stretch("left")),))
    thin = build_mesh(lamella(Slab(1e-6), dead_layer=1e-8), (Contact("c", Stretch("left")),))
    np.testing.assert_allclose(thin.volume, 0.8 * plain.volume, rtol=1e-12)
    np.testing.assert_allclose(thin.contacts[0].conductance, 0.8 * plain.contacts[0].conductance, rtol=1e-12)
    np.testing.assert_allclose(thin.thickness, 1e-7, rtol=1e-12)
    rod = build_mesh(lamella(Radial("cylinder", 1e-6), dead_layer=1e-8), (Contact("c", Stretch("outer")),))
    assert rod.volume.sum() == pytest.approx(math.pi * 1e-12 * 0.8e-7, rel=1e-12)
    np.testing.assert_allclose(rod.active_thickness, 0.8e-7, rtol=1e-12)
    ball = build_mesh(lamella(Radial("sphere", 1e-6)), (Contact("c", Stretch("outer")),))
    np.testing.assert_allclose(ball.thickness, 2e-6, rtol=1e-12)


def test_slab_with_a_wedge_has_its_mean_section():
    mesh = build_mesh(lamella(Slab(1e-6), Wedge(1e-7, 3e-7)), (Contact("c", Stretch("right")),))
    assert mesh.volume.sum() == pytest.approx(1e-6 * 1e-6 * 2e-7, rel=1e-12)
    middle = 1e-6 * 2e-7 / 1e-7
    assert mesh.conductance_x[0, 0, 4] == pytest.approx(middle, rel=1e-12)
    assert mesh.z_face[-1] == pytest.approx(2e-7, rel=1e-12)


def test_boundary_that_does_nothing_changes_nothing():
    line = 1e-6 * np.array([[0.3, 0.1], [1.5, 0.9]])
    plain = build_mesh(lamella(), (), perimeter=True)
    same = build_mesh(lamella(), (), (GrainBoundary("g", (line,)),), perimeter=True)
    for name in ("volume", "conductance_x", "conductance_y"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(same, name))
    assert (len(same.surface), len(same.edges), len(same.barriers)) == (
        len(plain.surface),
        len(plain.edges),
        0,
    )
    other = build_mesh(lamella(), (), (GrainBoundary("g", (line,), None, RESIST),))
    assert len(other.surface) == 0
    assert len(other.barriers) > 0
