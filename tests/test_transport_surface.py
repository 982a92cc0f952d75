"""Surfaces, boundaries and cut cells in the solver: exact answers, balance, symmetry, one parameter set."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

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
)
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import Counters, Leg, march
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions
from lto_sim.validate import surface_checks
from lto_sim.validate.shape_cases import around_circle, circle_track, ellipse_content, ripple_track
from lto_sim.validate.surface_cases import (
    fed_conditions,
    lamella_front,
    saturated_run,
    shell_profile,
    wedge_fronts,
)

D4, D7 = 1e-13, 1e-15
LAW = Arrhenius(1.0, 300.0, 0.0)  # on or off; the value comes with the conditions


@pytest.mark.parametrize("on", ["faces", "perimeter"])
@pytest.mark.parametrize(("cells", "limit"), [(4, 0.05), (8, 0.03)])
def test_shell_under_a_fed_surface(on, cells, limit):
    shell = shell_profile(cells, on=on)
    assert max(map(abs, shell.error)) < limit
    assert shell.counters.out_of_range == 0
    assert shell.counters.worst_balance_error < 1e-12


def test_tip_grows_with_the_fourth_root_of_time():
    assert shell_profile(12, on="perimeter").tip_exponent == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("ratio", [0.25, 1.0, 3.0])
def test_thin_lamella(ratio):
    front = lamella_front(ratio, layers=4)
    assert front.rate == pytest.approx(1.0, abs=0.01)
    assert all(rate == pytest.approx(1.0, abs=0.01) for rate in front.local_rate)


def test_two_ends_of_a_wedge():
    fronts = wedge_fronts(cell=100e-9)
    assert fronts.thickness[0] < 110e-9
    assert fronts.thickness[1] > 190e-9
    assert fronts.rate == pytest.approx((1.0, 1.0), abs=0.03)


@pytest.mark.parametrize("excess", [0.1, 1.0])
@pytest.mark.parametrize("place", surface_checks.MESH_PLACES)
def test_circle_against_the_cylinder_anywhere_on_the_mesh(place, excess):
    track = circle_track(excess, turn=place[0], offset=place[1:])
    assert track.worst < 0.01
    assert track.counters.worst_balance_error < 1e-12
    assert track.counters.out_of_range == 0


@pytest.mark.parametrize("place", surface_checks.MESH_PLACES)
def test_circle_from_a_mask(place):
    outline = surface_checks.disc_mask(*place)
    radius = 40.0 * 20e-9
    assert outline.perimeter == pytest.approx(2.0 * math.pi * radius, rel=0.01)
    assert outline.area == pytest.approx(math.pi * radius**2, rel=0.005)
    assert circle_track(0.1, outline=outline, turn=place[0], offset=place[1:]).worst < 0.01


def test_ellipse_against_a_mesh_four_times_finer():
    coarse, fine = (ellipse_content(cells)[0] for cells in (32, 128))
    np.testing.assert_allclose(coarse, fine, rtol=0.01)


@pytest.mark.parametrize("place", surface_checks.MESH_PLACES)
def test_the_wall_of_a_circle_conducts_as_a_straight_one(place):
    assert around_circle(place[1:]) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("wavelength", [2.0, 4.0])
def test_ripple_decays(wavelength):
    assert ripple_track(wavelength=wavelength).worst < 0.01


# --- anything at all: balance, range, settled steps ---


def random_body(rng: np.random.Generator) -> Specimen:
    count = int(rng.integers(4, 10))
    angle = (np.arange(count) + rng.uniform(0.2, 0.8, count)) * 2.0 * np.pi / count
    radius = rng.uniform(0.25e-6, 0.5e-6, count)
    exterior = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    outline = Rectangle(1e-6, 0.6e-6) if rng.random() < 0.3 else Polygon(exterior)
    layers = int(rng.choice([1, 2, 4]))
    thickness = 150e-9 if rng.random() < 0.5 else Wedge(80e-9, 200e-9, str(rng.choice(["x", "y"])))
    cell = max(outline.width, outline.height) / int(rng.integers(8, 16))
    return Specimen(outline, thickness, cell, layers, layers > 1 and bool(rng.random() < 0.5), 10e-9)


def random_line(rng: np.random.Generator, specimen: Specimen) -> GrainBoundary | None:
    outline = specimen.outline
    ring = (
        outline.exterior
        if isinstance(outline, Polygon)
        else np.array([[0, 0], [1, 0], [1, 0.6], [0, 0.6]]) * 1e-6
    )
    shape = shapely.Polygon(ring)
    x0, y0, x1, y1 = shape.bounds
    part = shape.intersection(shapely.LineString(rng.uniform([x0, y0], [x1, y1], (2, 2))))
    if part.geom_type != "LineString" or part.length < specimen.cell:
        return None
    along, across = (int(law) for law in rng.choice(["10", "01", "11"]))
    return GrainBoundary("gb", (np.array(part.coords),), LAW if along else None, LAW if across else None)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_particle_lithium_is_kept_and_stays_in_range(seed):
    rng = np.random.default_rng(seed)
    specimen = random_body(rng)
    line = random_line(rng, specimen)
    boundaries = () if line is None else (line,)
    perimeter, faces = (bool(b) for b in rng.random(2) < 0.7)
    conducting = perimeter or faces or any(b.along is not None for b in boundaries)
    feeds = str(rng.choice(["both", "bulk", "surface"])) if conducting else "both"
    start = rng.uniform(0.0, 0.5e-6)
    contact = Contact("c", ArcStretch(start, start + rng.uniform(0.1e-6, 1.2e-6)), feeds=feeds)
    mesh = build_mesh(specimen, (contact,), boundaries, perimeter=perimeter, faces=faces)
    grid = make_grid(mesh)
    insertion = bool(rng.integers(2))
    count = grid.contact_cell.size
    held = rng.random() < 0.5
    conditions = Conditions(
        0.05, 0.95, D4, D7, np.full(count, 0.05 if insertion else -0.05),
        np.full(count, math.inf if held else 10.0 ** rng.uniform(-9.0, -6.0)), np.zeros(count),
        10.0 ** rng.uniform(-24.0, -16.0, 2 + len(boundaries)),
        10.0 ** rng.uniform(4.0, 9.0, len(boundaries)),
    )  # fmt: skip
    controller = StepController(0.25, 0.1, 0.05) if rng.random() < 0.5 else StepController(1e9, 1e9, 0.05)
    duration = 10.0 ** rng.uniform(-1.0, 3.0) * (20.0 if insertion else 0.2)
    leg = Leg(duration, 0.0, lambda _: conditions, controller)
    x_start = np.full(mesh.shape, 0.0 if insertion else 1.0)
    _, _, counters = march(ImplicitStepper(grid), x_start, (leg,), (), max_steps=400)
    assert counters.status in (0, 2)
    assert counters.worst_balance_error < 1e-12
    assert counters.out_of_range == 0


# --- reflection and rotation ---

CORNERS = 1e-6 * np.array([[0.1, 0.05], [0.95, 0.2], [0.8, 0.7], [0.45, 0.95], [0.05, 0.6]])
TURNS = {
    "mirror": lambda p: np.column_stack([1e-6 - p[:, 0], p[:, 1]]),
    "upside down": lambda p: np.column_stack([p[:, 0], 1e-6 - p[:, 1]]),
    "quarter turn": lambda p: np.column_stack([1e-6 - p[:, 1], p[:, 0]]),
}
ARRAYS = {
    "mirror": lambda a: a[:, :, ::-1],
    "upside down": lambda a: a[:, ::-1, :],
    "quarter turn": lambda a: np.rot90(a, -1, axes=(1, 2)),
}


def turned_run(turn, *, conducting: bool) -> np.ndarray:
    """Lithium in every cell as part of a full one's."""
    line = turn(1e-6 * np.array([[0.3, 0.35], [0.62, 0.61]]))
    corners = turn(CORNERS)
    if shapely.LinearRing(corners).is_ccw != shapely.LinearRing(CORNERS).is_ccw:
        corners = corners[::-1]
        arc = ArcStretch(*(shapely.LinearRing(corners).length - np.array([0.9e-6, 0.4e-6]) - _gap(corners)))
    else:
        arc = ArcStretch(0.4e-6, 0.9e-6)
    specimen = Specimen(Polygon(corners), 120e-9, 50e-9, 2, False, 0.0, (0.0, 0.0))
    mesh = build_mesh(
        specimen, (Contact("c", arc),), (GrainBoundary("gb", (line,), LAW if conducting else None, LAW),),
        perimeter=conducting, faces=conducting,
    )  # fmt: skip
    count = sum(c.area.size for c in mesh.contacts)
    conditions = Conditions(
        0.05, 0.95, D4, D7, np.full(count, 0.05), np.full(count, math.inf), np.zeros(count),
        np.array([3e-21, 2e-22, 1e-21]), np.array([1e7]),
    )  # fmt: skip
    leg = Leg(60.0, 0.0, lambda _: conditions, StepController(0.25, 0.1, 0.05))
    x, _, _ = march(ImplicitStepper(make_grid(mesh)), np.full(mesh.shape, 0.05), (leg,), ())
    return x * mesh.fraction[np.newaxis]


def _gap(corners: np.ndarray) -> float:
    """Arc length from the reversed ring's start back to the original one's start."""
    return float(np.hypot(*(corners[0] - corners[-1])))


@pytest.mark.parametrize("name", list(TURNS))
@pytest.mark.parametrize("conducting", [False, True])
def test_reflection_and_rotation_change_nothing(name, conducting):
    before = turned_run(lambda p: p, conducting=conducting)
    after = turned_run(TURNS[name], conducting=conducting)
    assert before.max() > 0.95
    np.testing.assert_allclose(after, ARRAYS[name](before), atol=1e-9)


# --- grain boundaries ---


def column_run(
    boundaries: tuple[GrainBoundary, ...], **laws: list[float]
) -> tuple[Mesh, np.ndarray, Counters]:
    specimen = Specimen(Rectangle(1.2e-6, 0.4e-6), 100e-9, 20e-9)
    mesh = build_mesh(specimen, (Contact("c", Stretch("left")),), boundaries)
    base = fed_conditions(mesh, 0.02)
    conditions = Conditions(
        base.x_poor, base.x_rich, base.diffusivity_poor, base.diffusivity_rich, base.contact_excess,
        base.contact_transfer, base.imposed_flux, np.array([0.0, 0.0, *laws.get("along", [])]),
        np.array(laws.get("across", [])),
    )  # fmt: skip
    times = np.linspace(0.0, 1.0, 121)[1:] * 0.9e-6**2 / (2.0 * 0.02 * 1e-16)
    fraction, counters = saturated_run(mesh, conditions, 0.02, times, 0.25)
    xi = fraction[:, 0].sum(axis=2).mean(axis=1) * 20e-9
    return mesh, np.stack([times, xi]), counters


def test_a_boundary_with_neither_law_changes_nothing():
    line = np.array([[0.3e-6, 0.0], [0.5e-6, 0.4e-6]])
    _, plain, _ = column_run(())
    _, with_line, _ = column_run((GrainBoundary("gb", (line,), None, None),))
    np.testing.assert_array_equal(plain, with_line)


@pytest.mark.parametrize("end", [0.2e-6, 0.3e-6, 0.35e-6])
def test_a_resisting_boundary_delays_the_front_by_its_resistance(end):
    """Beyond it xi dxi/K + R dxi/A = dt, with K = A D: R adds D R to the way; A is small."""
    line = np.array([[0.2e-6, 0.0], [end, 0.4e-6]])
    added = 0.3e-6
    _, (times, xi), _ = column_run(
        (GrainBoundary("gb", (line,), None, LAW),), along=[0.0], across=[added / 1e-16]
    )
    rate = 0.02 * 1e-16 / (1.0 + 0.02 / 3.0)
    late = (xi > 0.45e-6) & (xi < 0.8e-6)
    way = np.square(xi[late]) / 2.0 + added * xi[late]
    slope = np.polyfit(times[late], way, 1)[0]
    assert slope == pytest.approx(rate, rel=0.01 if end == 0.2e-6 else 0.03)
    # the front waited: had it crossed without resistance it would be further
    assert np.interp(0.5e-6, xi, times) == pytest.approx(
        (0.5e-6**2 / 2.0 + added * (0.5e-6 - 0.5 * (0.2e-6 + end))) / rate, rel=0.03
    )


def test_a_conducting_boundary_is_a_sheet_in_parallel():
    """In a bar of width b with one boundary along its middle: k_app = k (1 + l/b), l = delta D_gb/D."""
    width, surface = 0.15e-6, 0.15e-6
    line = np.array([[0.0, 0.5 * width], [2.7e-6, 0.5 * width]])
    specimen = Specimen(Rectangle(2.7e-6, width), 100e-9, width / 9)
    boundary = GrainBoundary("gb", (line,), LAW, None)
    mesh = build_mesh(specimen, (Contact("c", Stretch("left")),), (boundary,))
    base = fed_conditions(mesh, 0.05)
    conditions = Conditions(
        base.x_poor, base.x_rich, base.diffusivity_poor, base.diffusivity_rich, base.contact_excess,
        base.contact_transfer, base.imposed_flux, np.array([0.0, 0.0, surface * 1e-16]), np.array([0.0]),
    )  # fmt: skip
    bulk = 0.05 * 1e-16 / (1.0 + 0.05 / 3.0)
    expected = bulk * (1.0 + surface / width)
    times = np.linspace(0.0, 1.0, 81)[1:] * 1.5e-6**2 / (2.0 * expected)
    fraction, _ = saturated_run(mesh, conditions, 0.05, times, 0.25)
    xi = fraction[:, 0].sum(axis=2).mean(axis=1) * (width / 9)
    late = xi > 0.6e-6
    assert np.polyfit(times[late], np.square(xi[late]), 1)[0] / 2.0 == pytest.approx(expected, rel=0.02)


def test_a_linear_contact_through_an_element_is_the_one_without():
    specimen = Specimen(Rectangle(0.6e-6, 0.2e-6), 100e-9, 20e-9)
    front = []
    for perimeter in (False, True):
        mesh = build_mesh(specimen, (Contact("c", Stretch("left")),), perimeter=perimeter)
        base = fed_conditions(mesh, 0.05, perimeter=1e-16)
        transfer = np.full(base.contact_transfer.size, 5e-10)
        conditions = Conditions(
            base.x_poor, base.x_rich, base.diffusivity_poor, base.diffusivity_rich, base.contact_excess,
            transfer, base.imposed_flux, base.surface,
        )  # fmt: skip
        times = np.linspace(2e3, 2e4, 10)
        fraction, _ = saturated_run(mesh, conditions, 0.05, times, 0.25)
        front.append(fraction.mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(front[1], front[0], rtol=1e-2)
