"""Boundaries that conduct and resist: whatever their course, no connection of elements leads across."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lto_sim.materials import Arrhenius
from lto_sim.specimen import GrainBoundary, Mesh, Polygon, Rectangle, Specimen, build_mesh

LAW = Arrhenius(1.0, 300.0, 0.0)
SIDE, CELL = 1.0e-6, 25e-9
BODY = Rectangle(SIDE, SIDE)


def grains(mesh: Mesh) -> np.ndarray:
    """Number of the part of the particle, between barriers, that every cell of the first layer lies in."""
    ny, nx = mesh.shape[1:]
    number = np.arange(ny * nx).reshape(ny, nx)
    open_x, open_y = (g[0] > 0.0 for g in (mesh.conductance_x, mesh.conductance_y))
    for (k, j, i), axis in zip(mesh.barriers.cell, mesh.barriers.axis, strict=True):
        if k == 0:
            (open_x if axis == 0 else open_y)[j, i] = False
    one = np.concatenate([number[open_x], number[open_y]])
    other = np.concatenate([number[open_x] + 1, number[open_y] + nx])
    graph = coo_array((np.ones(one.size), (one, other)), shape=(ny * nx, ny * nx))
    return connected_components(graph, directed=False)[1].reshape(ny, nx)


def ends(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Grains of both ends of every connection."""
    at = grains(mesh)[mesh.surface.cell[:, 1], mesh.surface.cell[:, 2]]
    return at[mesh.edges.first], at[mesh.edges.second]


def meshed(*boundaries: GrainBoundary, body: Rectangle | Polygon = BODY) -> Mesh:
    return build_mesh(Specimen(body, 1e-7, CELL), (), boundaries)


def both(*lines: np.ndarray) -> GrainBoundary:
    return GrainBoundary("both", lines, LAW, LAW)


def turned(points: list[list[float]], rng: np.random.Generator) -> np.ndarray:
    """Points around the origin [um], turned and moved at random, about the middle of the square."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return 1e-6 * (np.array(points) @ turn + 0.5 + rng.uniform(-0.05, 0.05, 2))


ARM = 0.35
COURSES = {
    "straight": [[[-ARM, 0.0], [ARM, 0.0]]],
    "kink": [[[-ARM, 0.0], [0.0, 0.07], [ARM, 0.0]]],
    "right angle": [[[-ARM, 0.0], [0.0, 0.0], [0.0, ARM]]],
    "jagged": [[[x, 0.02 * (-1.0) ** n] for n, x in enumerate(np.linspace(-ARM, ARM, 30))]],
    "closed": [[[0.2, 0.0], [0.0, 0.2], [-0.2, 0.0], [0.0, -0.2], [0.2, 0.0]]],
    "three meet": [[[0.0, 0.0], [ARM * np.cos(a), ARM * np.sin(a)]] for a in (0.0, 2.1, 4.2)],
    "sharp fork": [[[0.0, 0.0], [ARM * np.cos(a), ARM * np.sin(a)]] for a in (0.0, 0.3, 3.0)],
    "T": [[[-ARM, 0.0], [ARM, 0.0]], [[0.0, 0.0], [0.0, ARM]]],
    "X": [[[-ARM, 0.0], [ARM, 0.0]], [[0.0, -ARM], [0.0, ARM]]],
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("course", COURSES)
def test_no_connection_leads_from_grain_to_grain(course, seed):
    rng = np.random.default_rng(seed)
    state = rng.bit_generator.state
    lines = []
    for points in COURSES[course]:
        rng.bit_generator.state = state
        lines.append(turned(points, rng))
    mesh = meshed(both(*lines))
    first, second = ends(mesh)
    assert first.size > 20
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("course", ["T", "X"])
@pytest.mark.parametrize(("bar", "stem"), [("11", "01"), ("01", "10"), ("11", "10"), ("01", "11")])
def test_nor_where_lines_of_different_laws_meet(course, bar, stem, seed):
    """First digit: conducts along; second: resists across."""
    rng = np.random.default_rng(seed)
    state = rng.bit_generator.state
    boundaries = []
    for name, laws, points in zip(("bar", "stem"), (bar, stem), COURSES[course], strict=True):
        rng.bit_generator.state = state
        along, across = (LAW if law == "1" else None for law in laws)
        boundaries.append(GrainBoundary(name, (turned(points, rng),), along, across))
    first, second = ends(meshed(*boundaries))
    assert first.size > 10
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("course", ["straight", "kink", "closed", "three meet"])
def test_each_side_has_the_whole_length_and_its_elements_hang_together(course):
    lines = [1e-6 * np.add(points, [0.513, 0.488]) for points in COURSES[course]]
    mesh = meshed(both(*lines))
    length = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines)
    own = mesh.surface.kind >= 2
    assert mesh.surface.length[own].sum() == pytest.approx(2.0 * length, rel=0.08)
    count = len(mesh.surface)
    graph = coo_array(
        (np.ones(len(mesh.edges)), (mesh.edges.first, mesh.edges.second)), shape=(count, count)
    )  # fmt: skip
    parts = connected_components(graph, directed=False)[1][own]
    assert (
        np.unique(parts).size == {"straight": 1, "kink": 1, "closed": 2, "three meet": 1}[course]
    )  # around the free ends


def test_lines_that_conduct_only_join_the_side_they_come_from():
    bar = both(np.array([[0.0, 0.51e-6], [SIDE, 0.51e-6]]))
    stem = GrainBoundary("stem", (np.array([[0.49e-6, 0.51e-6], [0.49e-6, 0.9e-6]]),), LAW, None)
    mesh = meshed(bar, stem)
    kind = mesh.surface.kind[mesh.edges.first], mesh.surface.kind[mesh.edges.second]
    mixed = kind[0] != kind[1]
    assert mixed.any()
    below = mesh.surface.position[:, 1] > 0.51e-6 - CELL
    assert below[mesh.edges.first[mixed]].all()
    assert below[mesh.edges.second[mixed]].all()


@pytest.mark.parametrize(
    "line", [[[0.2, 0.0], [0.7, 0.0]], [[0.2, 0.007], [0.7, 0.007]], [[0.99, 0.0], [1.0, 0.01]]]
)
@pytest.mark.parametrize("along", [LAW, None])
def test_a_line_that_parts_no_cells_is_none(line, along):
    mesh = meshed(GrainBoundary("gb", (1e-6 * np.array(line),), along, LAW))
    assert len(mesh.barriers) == 0
    assert along is not None or len(mesh.surface) == 0
    assert (mesh.surface.kind < 2).all()
