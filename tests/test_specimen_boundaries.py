"""Grain boundaries: their elements, where they meet, and barriers with the area of the true line."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from lto_sim.materials import Arrhenius
from lto_sim.specimen import (
    Contact,
    GrainBoundary,
    Mesh,
    Polygon,
    Rectangle,
    Specimen,
    Stretch,
    build_mesh,
    circle,
)

H = 0.1e-6
ALONG = Arrhenius(1e-21, 300.0, 5e4)
RESIST = Arrhenius(1e-9, 300.0, 0.0)
SQUARE = Rectangle(1e-6, 1e-6)

exactly = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def grain(
    *lines: list[list[float]], along: bool = True, resist: bool = False, name: str = "g"
) -> GrainBoundary:
    return GrainBoundary(
        name,
        tuple(1e-6 * np.array(line) for line in lines),
        ALONG if along else None,
        RESIST if resist else None,
    )


def mesh_of(*boundaries: GrainBoundary, cell=0.1e-6, outline=SQUARE, layers=2, contacts=(), **more) -> Mesh:
    return build_mesh(Specimen(outline, H, cell, layers), contacts, boundaries, **more)


def edges_of(mesh: Mesh, first: int, second: int) -> dict[tuple[int, int], tuple[float, float]]:
    kinds = mesh.surface.kind
    e = mesh.edges
    return {
        (int(a), int(b)): (r, s)
        for a, b, r, s in zip(e.first, e.second, e.ratio_first, e.ratio_second, strict=True)
        if (kinds[a], kinds[b]) == (first, second)
    }


def test_straight_boundary_by_hand():
    mesh = mesh_of(grain([[0.0, 0.45], [1.0, 0.45]]), faces=True)
    own = mesh.surface.kind == 2
    assert own.sum() == 20
    cells = mesh.surface.cell[own]
    assert set(cells[:, 1]) == {4}
    assert sorted(cells[cells[:, 0] == 0, 2]) == list(range(10))
    np.testing.assert_allclose(mesh.surface.length[own], 0.1e-6, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.area[own], 2 * 0.1e-6 * 0.05e-6, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.depth[own], 0.05e-6, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.conductance[own], 0.1e-6 * 0.1e-6 / 0.025e-6, rtol=1e-9)
    np.testing.assert_allclose(mesh.surface.position[own, 1], 0.45e-6, rtol=1e-9)
    along = edges_of(mesh, 2, 2)
    assert len(along) == 2 * 9 + 10
    chain = [ratio for (a, b), ratio in along.items() if b - a == 1]
    down = [ratio for (a, b), ratio in along.items() if b - a == 10]
    assert (len(chain), len(down)) == (18, 10)
    np.testing.assert_allclose(chain, 1.0, rtol=1e-9)
    np.testing.assert_allclose(down, 0.25, rtol=1e-9)
    to_faces = edges_of(mesh, 2, 1)
    assert len(to_faces) == 20
    np.testing.assert_allclose(list(to_faces.values()), [[0.25, 0.025 / 0.2]] * 20, rtol=1e-9)
    for a, b in to_faces:
        np.testing.assert_array_equal(mesh.surface.cell[a], mesh.surface.cell[b])
    to_wall = edges_of(mesh, 2, 0)
    assert len(to_wall) == 4
    np.testing.assert_allclose(list(to_wall.values()), [[1.0, 0.5]] * 4, rtol=1e-9)
    for a, b in to_wall:
        np.testing.assert_array_equal(mesh.surface.cell[a], mesh.surface.cell[b])


def test_contact_holds_the_end_of_a_boundary():
    line = grain([[0.0, 0.45], [1.0, 0.45]])
    mesh = mesh_of(line, contacts=(Contact("c", Stretch("left")),))
    ratios = sorted(other for _, other in edges_of(mesh, 2, 0).values())
    np.testing.assert_allclose(ratios, [0.0, 0.0, 0.5, 0.5], rtol=1e-9)
    # the perimeter is there to hand it on, though it was not asked to conduct
    assert np.all(mesh.contacts[0].element >= 0)


def test_one_layer_and_the_mirrored_half_meet_the_computed_faces_only():
    line = grain([[0.2, 0.45], [0.8, 0.45]])
    one = mesh_of(line, layers=1, faces=True)
    assert len(edges_of(one, 2, 1)) == 2 * 6
    half = build_mesh(Specimen(SQUARE, H, 0.1e-6, 4, True), (), (line,), faces=True)
    assert len(edges_of(half, 2, 1)) == 6
    assert len(edges_of(half, 2, 0)) == 0


def test_triple_point_connects_all_three_pairwise():
    arms = [[[0.5, 0.5], [0.5, 0.0]], [[0.5, 0.5], [0.0, 0.8]], [[1.0, 0.8], [0.5, 0.5]]]
    mesh = mesh_of(grain(arms[0], arms[1], name="a"), grain(arms[2], name="b"), layers=1)
    assert set(mesh.surface.kind) == {0, 2, 3}
    at = [
        int(np.flatnonzero(np.hypot(*(mesh.surface.position[:, :2] - 0.5e-6).T) < 0.08e-6)[n])
        for n in range(3)
    ]
    pairs = {tuple(sorted(pair)) for kinds in ((2, 2), (2, 3), (3, 2)) for pair in edges_of(mesh, *kinds)}
    assert {(at[0], at[1]), (at[0], at[2]), (at[1], at[2])} <= pairs
    for a, b in ((at[0], at[1]), (at[0], at[2])):
        ratio = next(
            r for kinds in ((2, 2), (2, 3)) for p, r in edges_of(mesh, *kinds).items() if p == (a, b)
        )
        np.testing.assert_allclose(ratio, 0.5 * mesh.surface.length[[a, b]] / H, rtol=1e-9)
    assert len(edges_of(mesh, 2, 0)) + len(edges_of(mesh, 3, 0)) == 3


def test_closed_boundary_closes_on_itself():
    loop = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75], [0.25, 0.25]]
    mesh = mesh_of(grain(loop), layers=1)
    own = mesh.surface.kind == 2
    assert mesh.surface.length[own].sum() == pytest.approx(2e-6, rel=1e-9)
    assert len(edges_of(mesh, 2, 2)) == own.sum()
    assert not edges_of(mesh, 2, 0)


def test_boundary_a_little_beyond_the_outline_is_cut_off_there():
    outline = circle((0.5e-6, 0.5e-6), 0.5e-6)
    mesh = mesh_of(grain([[-0.04, 0.5], [1.04, 0.5]]), outline=outline, layers=1)
    own = mesh.surface.kind == 2
    assert mesh.surface.length[own].sum() == pytest.approx(1e-6, rel=1e-5)
    assert len(edges_of(mesh, 2, 0)) == 2


def test_boundary_that_ends_just_inside_still_meets_the_wall():
    mesh = mesh_of(grain([[0.04, 0.45], [0.94, 0.45]]), layers=1)
    assert len(edges_of(mesh, 2, 0)) == 1  # 0.04 um is within half a cell of the wall, 0.06 um is not


@given(angle=st.floats(0.0, math.pi), u=st.floats(-0.2, 0.2), v=st.floats(-0.2, 0.2))
@exactly
def test_boundary_elements_have_its_length(angle, u, v):
    half = 0.28 * np.array([math.cos(angle), math.sin(angle)])
    points = np.array([0.5 + u, 0.5 + v]) + np.outer([-1.0, 0.1, 1.0], half)
    mesh = mesh_of(grain(points.tolist()), layers=1)
    own = mesh.surface.kind == 2
    assert mesh.surface.length[own].sum() == pytest.approx(0.56e-6, rel=1e-9)
    assert len(edges_of(mesh, 2, 2)) == own.sum() - 1
    i = np.floor(mesh.surface.position[own, :2] / 0.1e-6 + 1e-7).astype(int)
    assert np.abs(i[:, ::-1] - mesh.surface.cell[own, 1:]).max() <= 1


def true_length(mesh: Mesh) -> float:
    """Length [m] of the line that the barriers stand for."""
    return float((mesh.barriers.area / mesh.barriers.secant).sum()) / H


@pytest.mark.parametrize("degrees", [0, 7, 20, 33, 45, 60, 78, 90, 120, 151])
@pytest.mark.parametrize("offset", [0.0, 0.013])
def test_barriers_have_the_area_of_the_true_line(degrees, offset):
    angle = math.radians(degrees)
    half = 0.4 * np.array([math.cos(angle), math.sin(angle)])
    points = 0.5 + offset + np.outer([-1.0, 1.0], half)
    mesh = mesh_of(grain(points.tolist(), along=False, resist=True), cell=0.02e-6, layers=3)
    assert true_length(mesh) == pytest.approx(0.8e-6, rel=0.04)
    assert len(mesh.surface) == 0
    assert np.bincount(mesh.barriers.cell[:, 0]).tolist() == [len(mesh.barriers) // 3] * 3
    normal = np.abs([math.sin(angle), math.cos(angle)])
    np.testing.assert_allclose(1.0 / mesh.barriers.secant, normal[mesh.barriers.axis], rtol=1e-9)


def separated(mesh: Mesh) -> int:
    """Pieces into which the barriers cut the cells."""
    g_x, g_y = mesh.conductance_x.copy(), mesh.conductance_y.copy()
    x, y = mesh.barriers.axis == 0, mesh.barriers.axis == 1
    g_x[tuple(mesh.barriers.cell[x].T)] = 0.0
    g_y[tuple(mesh.barriers.cell[y].T)] = 0.0
    number = np.arange(mesh.volume.size).reshape(mesh.shape)
    first = [number[:, :, :-1][g_x[:, :, :-1] > 0], number[:, :-1][g_y[:, :-1] > 0]]
    second = [number[:, :, 1:][g_x[:, :, :-1] > 0], number[:, 1:][g_y[:, :-1] > 0]]
    pair = np.concatenate(first), np.concatenate(second)
    graph = sparse.coo_array((np.ones(pair[0].size), pair), (number.size, number.size))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    return np.unique(label[(mesh.volume > 0.0).ravel()]).size


@pytest.mark.parametrize("outline", [SQUARE, circle((0.5e-6, 0.5e-6), 0.5e-6)])
@pytest.mark.parametrize(
    "points",
    [
        [[0.5, 0.0], [0.5, 1.0]],  # on a grid line
        [[0.45, 0.0], [0.45, 1.0]],  # through centres
        [[0.0, 0.45], [0.35, 0.45], [0.65, 0.45], [1.0, 0.45]],  # vertices on centres too
        [[0.0, 0.0], [0.45, 0.45], [1.0, 1.0]],  # through centres and corners
        [[0.5, 0.0], [0.3, 0.55], [0.85, 0.7], [0.5, 1.0]],
    ],
)
def test_a_line_from_wall_to_wall_is_crossed_once_everywhere(outline, points):
    line = np.array(points)
    if outline is not SQUARE:
        line = np.where(np.abs(line - 0.5) == 0.5, 0.5 + 0.98 * (line - 0.5), line)
        line[[0, -1]] = 0.5 + 0.48 * (line[[0, -1]] - 0.5) / np.linalg.norm(
            line[[0, -1]] - 0.5, axis=1, keepdims=True
        )
    mesh = mesh_of(grain(line.tolist(), along=False, resist=True), outline=outline, layers=1)
    assert separated(mesh) == 2
    keys = [tuple(row) for row in np.column_stack([mesh.barriers.cell, mesh.barriers.axis])]
    assert len(set(keys)) == len(keys)


def test_axis_aligned_barrier_is_exact():
    for at in (0.5, 0.45, 0.4712):
        mesh = mesh_of(grain([[at, 0.0], [at, 1.0]], along=False, resist=True), layers=2)
        assert len(mesh.barriers) == 20
        assert np.all(mesh.barriers.axis == 0)
        np.testing.assert_allclose(mesh.barriers.secant, 1.0, rtol=1e-12)
        assert mesh.barriers.area.sum() == pytest.approx(1e-6 * H, rel=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.4, 0.785, 1.3])
def test_straight_barriers_separate_a_disc_at_any_angle(angle):
    outline = circle((0.5e-6, 0.5e-6), 0.5e-6)
    half = 0.5 * np.array([math.cos(angle), math.sin(angle)])
    mesh = mesh_of(
        grain((0.5 + np.outer([-1.0, 1.0], half)).tolist(), along=False, resist=True),
        outline=outline, cell=0.023e-6,
    )  # fmt: skip
    assert separated(mesh) == 2 * 2  # two halves in each of two layers
    assert true_length(mesh) == pytest.approx(1e-6, rel=0.04)


def test_triple_point_of_barriers_cuts_in_three():
    arms = [[[0.45, 0.45], [0.45, 0.0]], [[0.45, 0.45], [0.0, 0.8]], [[1.0, 0.8], [0.45, 0.45]]]
    mesh = mesh_of(*(grain(a, along=False, resist=True, name=str(n)) for n, a in enumerate(arms)), layers=1)
    assert separated(mesh) == 3
    assert set(mesh.barriers.boundary) == {0, 1, 2}


def test_a_zigzag_that_comes_back_is_no_barrier_where_it_does():
    mesh = mesh_of(grain([[0.3, 0.45], [0.52, 0.46], [0.3, 0.47]], along=False, resist=True), layers=1)
    plain = mesh_of(grain([[0.3, 0.45], [0.3, 0.47]], along=False, resist=True), layers=1)
    assert len(mesh.barriers) == len(plain.barriers) <= 1


def test_kinds_number_the_boundaries_as_given():
    idle = grain([[0.1, 0.1], [0.2, 0.2]], along=False, name="idle")
    mesh = mesh_of(
        idle, grain([[0.2, 0.75], [0.8, 0.75]]), grain([[0.2, 0.3], [0.8, 0.3]], resist=True, name="r")
    )
    assert set(mesh.surface.kind) == {0, 3, 4}
    assert set(mesh.barriers.boundary) == {2}


def test_boundary_in_a_particle_with_a_hole_may_cross_to_it():
    hole = 1e-6 * np.array([[0.42, 0.42], [0.58, 0.42], [0.58, 0.58], [0.42, 0.58]])
    outline = Polygon(1e-6 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]]), (hole,))
    mesh = mesh_of(grain([[0.0, 0.5], [0.44, 0.5]]), outline=outline, layers=1)
    own = mesh.surface.kind == 2
    assert mesh.surface.length[own].sum() == pytest.approx(0.42e-6, rel=1e-9)
    assert len(edges_of(mesh, 2, 0)) == 2


# ---- where lines cross, or one ends on another ----

BAR = [[0.15, 0.45], [0.85, 0.45]]


@pytest.mark.parametrize("gap", [0.0, 0.04, -0.04])
def test_a_line_that_ends_on_another_is_connected_there(gap):
    stem = [[0.45, 0.85], [0.45, 0.45 + gap]]
    mesh = mesh_of(grain(BAR, name="bar"), grain(stem, name="stem"), layers=1)
    length = mesh.surface.length[mesh.surface.kind == 3].sum()
    assert length == pytest.approx(0.4e-6, rel=1e-9)
    joints = {tuple(sorted(p)) for kinds in ((2, 3), (3, 2)) for p in edges_of(mesh, *kinds)}
    assert len(joints) == 1
    for element in joints.pop():
        assert tuple(mesh.surface.cell[element, 1:]) == (4, 4)


def test_a_line_that_ends_farther_off_is_not():
    stem = [[0.45, 0.85], [0.45, 0.51]]
    mesh = mesh_of(grain(BAR, name="bar"), grain(stem, name="stem"), layers=1)
    assert not edges_of(mesh, 2, 3)
    assert not edges_of(mesh, 3, 2)


def test_two_ends_with_a_small_gap_meet():
    mesh = mesh_of(grain([[0.15, 0.45], [0.43, 0.45]], [[0.47, 0.47], [0.85, 0.47]]), layers=1)
    chained = sparse.coo_array(
        (np.ones(len(mesh.edges.first)), (mesh.edges.first, mesh.edges.second)),
        shape=(len(mesh.surface),) * 2,
    )
    _, group = sparse.csgraph.connected_components(chained, directed=False)
    assert np.unique(group[mesh.surface.kind == 2]).size == 1


def test_lines_that_cross_are_connected_once():
    mesh = mesh_of(grain(BAR, name="bar"), grain([[0.42, 0.15], [0.42, 0.85]], name="stem"), layers=1)
    ((pair, ratios),) = edges_of(mesh, 2, 3).items()
    for element in pair:
        assert tuple(mesh.surface.cell[element, 1:]) == (4, 4)
    np.testing.assert_allclose(ratios, 0.5 * mesh.surface.length[list(pair)] / H, rtol=1e-9)


def test_ends_stay_beside_a_boundary_that_does_nothing():
    stem = [[0.45, 0.85], [0.45, 0.49]]
    idle = grain(BAR, along=False, name="idle")
    alone, both = mesh_of(grain(stem, name="stem")), mesh_of(grain(stem, name="stem"), idle)
    np.testing.assert_array_equal(alone.surface.length, both.surface.length)
    np.testing.assert_array_equal(alone.edges.first, both.edges.first)


def test_a_resisting_line_that_ends_just_before_another_leaves_no_gap():
    bar, stem = [[0.0, 0.51], [1.0, 0.51]], [[0.5, 1.0], [0.5, 0.552]]
    mesh = mesh_of(grain(bar, along=False, resist=True), grain(stem, along=False, resist=True), layers=1)
    across = mesh.barriers.boundary == 1
    assert sorted(mesh.barriers.cell[across, 1]) == [5, 6, 7, 8, 9]


def test_one_face_has_one_resistance_the_larger():
    weak = GrainBoundary(
        "weak", (1e-6 * np.array([[0.4, 0.0], [0.4, 1.0]]),), None, Arrhenius(1e-6, 300.0, 0.0)
    )
    strong = grain([[0.0, 0.2], [1.0, 0.6]], along=False, resist=True, name="strong")
    mesh = mesh_of(weak, strong, layers=1)
    faces = np.column_stack([mesh.barriers.cell, mesh.barriers.axis])
    assert len(np.unique(faces, axis=0)) == len(faces)
    for pair in ((weak, strong), (strong, weak)):
        shared = mesh_of(*pair, layers=1).barriers
        alone = mesh_of(strong, layers=1).barriers
        assert (shared.boundary == pair.index(strong)).sum() == len(alone.cell)
