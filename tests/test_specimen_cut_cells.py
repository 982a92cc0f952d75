"""Cut cells: exact areas, closed cells, linear fields without error, meshes that turn with the particle."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.special import ellipe

from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius
from lto_sim.specimen import (
    Contact,
    GrainBoundary,
    Mesh,
    Polygon,
    Rectangle,
    RegionStretch,
    Specimen,
    Stretch,
    build_mesh,
    circle,
    ellipse,
    outline_rings,
)
from lto_sim.specimen.cut_cells import PlanCells, cut_plan
from lto_sim.specimen.lattice import plan_faces
from lto_sim.specimen.layers import make_columns, wall_coupling
from lto_sim.specimen.wall import Wall, cut_rings, make_wall

H = 0.15e-6
CELL = 0.05e-6
GRAIN = Arrhenius(1e-21, 300.0, 5e4)

exactly = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def turned(points: np.ndarray, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return (points - about) @ np.array([[c, s], [-s, c]]) + about


def square(side: float, angle: float, centre: tuple[float, float]) -> Polygon:
    corners = 0.5 * side * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return Polygon(turned(corners, angle) + centre)


def star(seed: int, scale: float = 1e-6) -> Polygon:
    """A rough particle with a hole; corners of all kinds."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0.0, 2.0 * np.pi, 17)[:-1] + rng.uniform(-0.1, 0.1, 16)
    radius = scale * rng.uniform(0.6, 1.0, 16)
    hole = 0.2 * scale * np.stack([np.cos(angle[::-1]), np.sin(angle[::-1])], axis=1)
    return Polygon(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), (hole + 0.1 * scale,))


def plan_of(specimen: Specimen) -> tuple[PlanCells, Wall, tuple[np.ndarray, np.ndarray]]:
    x_face, y_face = plan_faces(specimen)
    rings = cut_rings(specimen.outline, x_face, y_face, ())
    points = outline_rings(specimen.outline)
    cells = cut_plan(shapely.Polygon(points[0], points[1:]), rings, x_face, y_face)
    return cells, make_wall(rings, x_face, y_face, cells.inside), (x_face, y_face)


@pytest.mark.parametrize("offset", [(0.0, 0.0), (0.37, 0.11), (0.5, 0.5), (0.123, 0.876)])
def test_circle_of_64_cells(offset):
    radius = 0.5e-6
    cell = 2.0 * radius / 64
    outline = circle((offset[0] * cell, offset[1] * cell), radius)
    mesh = build_mesh(Specimen(outline, H, cell, layers=2, grid_point=(0.0, 0.0)), (), perimeter=True)
    area = mesh.fraction.sum() * cell**2
    assert area == pytest.approx(outline.area, rel=1e-12)
    assert area == pytest.approx(math.pi * radius**2, rel=1e-5)
    wall = mesh.surface.kind == 0
    assert mesh.surface.length[wall].sum() / 2 == pytest.approx(outline.perimeter, rel=1e-12)
    assert mesh.surface.length[wall].sum() / 2 == pytest.approx(2.0 * math.pi * radius, rel=1e-5)
    assert mesh.volume.sum() == pytest.approx(outline.area * H, rel=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.2])
def test_ellipse_area_perimeter_and_first_vertex(angle):
    a, b = 1.0e-6, 0.4e-6
    outline = ellipse((3e-6, 2e-6), (a, b), angle)
    assert outline.area == pytest.approx(math.pi * a * b, rel=1e-5)
    e2 = 1.0 - (b / a) ** 2
    assert outline.perimeter == pytest.approx(4.0 * a * ellipe(e2), rel=1e-5)
    start = (3e-6 + a * math.cos(angle), 2e-6 + a * math.sin(angle))
    np.testing.assert_allclose(outline.exterior[0], start, rtol=1e-12)
    quarter = outline.exterior[len(outline.exterior) // 4] - (3e-6, 2e-6)
    np.testing.assert_allclose(quarter, [-b * math.sin(angle), b * math.cos(angle)], atol=1e-18)


def gap_of_cells(outline: Polygon, specimen: Specimen) -> float:
    """Largest sum of open faces and wall of a cell, in cells, after checks on the totals."""
    cells, wall, (x, y) = plan_of(specimen)
    dx, dy = x[1] - x[0], y[1] - y[0]
    total = np.zeros((*cells.fraction.shape, 2))
    total[:, :, 0] += dy * cells.open_x
    total[:, 1:, 0] -= dy * cells.open_x[:, :-1]
    total[:, :, 1] += dx * cells.open_y
    total[1:, :, 1] -= dx * cells.open_y[:-1, :]
    np.add.at(total, tuple(wall.cell.T), wall.normal)
    assert cells.fraction.sum() * dx * dy == pytest.approx(outline.area, rel=1e-9)
    whole = sum(shapely.Polygon(ring).length for ring in outline_rings(outline))
    assert wall.length.sum() == pytest.approx(whole, rel=1e-12)
    assert cells.inside[tuple(wall.cell.T)].all()
    return float(np.abs(total).max() / specimen.cell)


@given(seed=st.integers(0, 1000), u=st.floats(0.0, 1.0), v=st.floats(0.0, 1.0), n=st.integers(6, 40))
@exactly
def test_every_cell_is_closed(seed, u, v, n):
    """Open faces and wall of every cell add up to no vector, and fractions to the area."""
    outline, cell = star(seed), 2e-6 / n
    assert gap_of_cells(outline, Specimen(outline, H, cell, grid_point=(u * cell, v * cell))) < 1e-8


def lattice_star(seed: int, parts: float) -> Polygon:
    """Vertices on whole parts of cells of 0.1 um, so that many edges and vertices lie on grid lines."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, 9))
    points = rng.uniform(2.0, 6.0, (9, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Polygon(1e-7 * np.round(points * parts) / parts)


def meshed_or_refused(make):
    """What `make` returns; None where an outline or its cells are refused."""
    try:
        return make()
    except InputError as error:
        if error.field not in {"specimen.cell", "specimen.outline.exterior"}:
            raise
        return None


@pytest.mark.parametrize("parts", [1.0, 2.0, 4.0])
def test_cells_are_closed_with_the_outline_on_grid_lines(parts):
    tested = 0
    for seed in range(60):
        outline = meshed_or_refused(lambda seed=seed: lattice_star(seed, parts))
        if outline is None:
            continue
        specimen = Specimen(outline, H, 1e-7, grid_point=(0.0, 0.0))
        gap = meshed_or_refused(lambda outline=outline, specimen=specimen: gap_of_cells(outline, specimen))
        if gap is not None:
            assert gap < 1e-8
            tested += 1
    assert tested > 40


def face_fluxes(cells: PlanCells, u: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Sum over the faces of every cell of width times gradient."""
    total = np.zeros(u.shape)
    east = cells.open_x[:, :-1] * dy * np.diff(u, axis=1) / cells.distance_x[:, :-1]
    south = cells.open_y[:-1] * dx * np.diff(u, axis=0) / cells.distance_y[:-1]
    total[:, :-1] += east
    total[:, 1:] -= east
    total[:-1] += south
    total[1:] -= south
    return total


@given(angle=st.floats(0.0, 0.5 * math.pi), u=st.floats(0.0, 1.0), v=st.floats(0.0, 1.0))
@exactly
def test_field_linear_in_the_distance_from_a_straight_wall_is_exact(angle, u, v):
    side, cell = 1e-6, 0.047e-6
    outline = square(side, angle, (0.0, 0.0))
    specimen = Specimen(outline, H, cell, grid_point=(u * cell, v * cell))
    cells, wall, (x, y) = plan_of(specimen)
    columns = make_columns(specimen, cells, x, y)
    normal = np.array([math.sin(angle), -math.cos(angle)])  # outward, of the first side
    xc, yc = np.meshgrid(0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1]))
    depth = 0.5 * side - (xc * normal[0] + yc * normal[1])
    along = -(xc * normal[1] - yc * normal[0])
    field = np.where(cells.centred, depth, 0.0)
    balance = face_fluxes(cells, field, x[1] - x[0], y[1] - y[0])
    own = (wall.normal @ normal) > 0.9 * np.hypot(*wall.normal.T)
    distance = wall_coupling(columns, wall)
    np.subtract.at(
        balance, tuple(wall.cell.T), np.where(own, wall.length / distance * field[tuple(wall.cell.T)], 0.0)
    )
    # cut cells and those behind them, away from corners, and where the floors on distances do not act
    near = (np.abs(along) < 0.5 * side - 3.5 * cell) & (depth > 0.1 * cell) & (depth < 2.0 * cell)
    tested = cells.centred & near
    assert tested.sum() > 10
    assert np.abs(balance[tested]).max() < 1e-9 * cell


def test_rectangle_as_polygon_gives_the_mesh_of_the_rectangle():
    plain = build_mesh(Specimen(Rectangle(1e-6, 0.6e-6), H, CELL, layers=2), (), perimeter=True, faces=True)
    outline = Polygon([[0.0, 0.0], [1e-6, 0.0], [1e-6, 0.6e-6], [0.0, 0.6e-6]])
    free = build_mesh(Specimen(outline, H, CELL, layers=2), (), perimeter=True, faces=True)
    fixed = Specimen(Rectangle(1e-6, 0.6e-6), H, CELL, layers=2, grid_point=(0.0, 0.0))
    for other in (free, build_mesh(fixed, (), perimeter=True, faces=True)):
        for name in ("volume", "conductance_x", "conductance_y", "conductance_z", "fraction"):
            np.testing.assert_allclose(
                getattr(other, name), getattr(plain, name), rtol=1e-9, atol=1e-21, err_msg=name
            )
        np.testing.assert_array_equal(other.surface.cell, plain.surface.cell)
        for name in ("area", "conductance", "depth", "position", "length"):
            np.testing.assert_allclose(
                getattr(other.surface, name), getattr(plain.surface, name), rtol=1e-9, atol=1e-18
            )
        np.testing.assert_array_equal(other.edges.first, plain.edges.first)
        np.testing.assert_array_equal(other.edges.second, plain.edges.second)
        np.testing.assert_allclose(other.edges.ratio_second, plain.edges.ratio_second, rtol=1e-9)


def test_rectangle_on_a_fixed_grid_is_cut_on_all_sides():
    outline = Rectangle(1e-6, 0.6e-6)
    specimen = Specimen(outline, H, 0.1e-6, grid_point=(0.025e-6, 0.05e-6))
    mesh = build_mesh(specimen, ())
    assert mesh.shape == (1, 7, 11)
    assert mesh.x_face[0] == pytest.approx(-0.075e-6)
    np.testing.assert_allclose(mesh.fraction[3, 1:-1], 1.0, rtol=1e-12)
    np.testing.assert_allclose(mesh.fraction[3, [0, -1]], [0.25, 0.75], rtol=1e-9)
    np.testing.assert_allclose(mesh.fraction[[0, -1], 5], [0.5, 0.5], rtol=1e-9)
    assert mesh.volume.sum() == pytest.approx(outline.area * H, rel=1e-12)
    np.testing.assert_allclose(mesh.conductance_x[0, 3, :-1], H, rtol=1e-9)
    # under a contact the node of the left column is on the wall, 0.075 um from the next node
    fed = build_mesh(specimen, (Contact("left", Stretch("left")),))
    assert fed.conductance_x[0, 3, 0] == pytest.approx(0.1e-6 * H / 0.075e-6, rel=1e-9)
    np.testing.assert_allclose(fed.conductance_x[0, 3, 1:-1], H, rtol=1e-9)


def summary(mesh: Mesh) -> dict[str, np.ndarray]:
    """Everything of a mesh as sets of rows that know their place in the plan."""
    x, y = 0.5 * (mesh.x_face[1:] + mesh.x_face[:-1]), 0.5 * (mesh.y_face[1:] + mesh.y_face[:-1])
    gap = mesh.edges.ratio_first + mesh.edges.ratio_second
    cells = np.column_stack([x[mesh.surface.cell[:, 2]], y[mesh.surface.cell[:, 1]]])
    elements = np.column_stack([mesh.surface.position, cells])
    ends = elements[mesh.edges.first], elements[mesh.edges.second]
    barrier = mesh.barriers.cell
    step = (mesh.barriers.axis[:, None] == [0, 1]) * 0.5 * [mesh.x_face[1] - mesh.x_face[0],
                                                            mesh.y_face[1] - mesh.y_face[0]]  # fmt: skip
    place = np.stack([x[barrier[:, 2]], y[barrier[:, 1]]], axis=1) + step
    return {
        "x": x,
        "y": y,
        "elements": np.column_stack(
            [elements, mesh.surface.area, mesh.surface.conductance, mesh.surface.depth]
        ),
        "edges": np.column_stack([0.5 * (ends[0] + ends[1]), gap]),
        "contact": np.column_stack(
            [
                x[mesh.contacts[0].cell[:, 2]],
                y[mesh.contacts[0].cell[:, 1]],
                mesh.contacts[0].cell[:, 0],
                mesh.contacts[0].area,
                mesh.contacts[0].conductance,
            ]
        ),
        "barriers": np.column_stack([place, barrier[:, 0], mesh.barriers.area, mesh.barriers.secant]),
    }


def same_rows(one: np.ndarray, other: np.ndarray) -> None:
    """The rows are the same, in any order."""
    assert one.shape == other.shape
    scale = np.abs(one).max(axis=0)
    scale[scale == 0.0] = 1.0
    distance, index = cKDTree(one / scale).query(other / scale)
    assert distance.max() < 1e-7
    assert np.unique(index).size == index.size


MOVES = {
    "left to right": np.array([[-1.0, 0.0], [0.0, 1.0]]),
    "upside down": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "quarter turn": np.array([[0.0, 1.0], [-1.0, 0.0]]),
    "half turn": np.array([[-1.0, 0.0], [0.0, -1.0]]),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("fixed", [False, True])
def test_mesh_turns_and_flips_with_the_particle(move, seed, fixed):
    matrix = MOVES[move]
    outline = star(seed)
    region = np.array([[-2e-6, -2e-6], [0.05e-6, -2e-6], [0.05e-6, 2e-6], [-2e-6, 2e-6]])
    line = np.array([[0.55e-6, -0.05e-6], [0.4e-6, 0.11e-6], [0.38e-6, 0.3e-6]])
    cell = 0.083e-6

    def mesh(m: np.ndarray) -> Mesh:
        moved = Polygon(outline.exterior @ m.T, tuple(hole @ m.T for hole in outline.holes))
        specimen = Specimen(moved, H, cell, layers=2, grid_point=(0.0, 0.0) if fixed else None)
        grain = GrainBoundary("g", (line @ m.T,), GRAIN, GRAIN)
        return build_mesh(
            specimen, (Contact("c", RegionStretch(region @ m.T)),), (grain,), perimeter=True, faces=True
        )

    plain, moved = mesh(np.eye(2)), mesh(matrix)
    turn = matrix[0, 0] == 0.0
    expected = plain.volume.transpose(0, 2, 1) if turn else plain.volume
    flip_x = matrix[:, 0].sum() < 0.0 if not turn else matrix[0, 1] < 0.0
    flip_y = matrix[:, 1].sum() < 0.0 if not turn else matrix[1, 0] < 0.0
    expected = expected[:, ::-1] if flip_y else expected
    expected = expected[:, :, ::-1] if flip_x else expected
    np.testing.assert_allclose(moved.volume, expected, rtol=1e-8, atol=1e-9 * expected.max())
    one, other = summary(plain), summary(moved)
    for name in ("elements", "edges", "contact", "barriers"):
        rows = one[name].copy()
        rows[:, :2] = rows[:, :2] @ matrix.T
        if name in ("elements", "edges"):
            rows[:, 3:5] = rows[:, 3:5] @ matrix.T
        same_rows(rows, other[name])
    for axis, g in (("x", moved.conductance_x), ("y", moved.conductance_y)):
        came_from = axis if not turn else {"x": "y", "y": "x"}[axis]
        total = getattr(plain, f"conductance_{came_from}")
        assert g.sum() == pytest.approx(total.sum(), rel=1e-9)
        np.testing.assert_allclose(np.sort(g.ravel()), np.sort(total.ravel()), rtol=1e-8, atol=1e-18)


def test_symmetric_particle_gives_a_symmetric_mesh():
    for outline in (circle((0.0, 0.0), 1e-6), square(1.0e-6, 0.25 * math.pi, (0.0, 0.0))):
        mesh = build_mesh(Specimen(outline, H, 0.1e-6), (), perimeter=True)
        volume = mesh.volume[0]
        for other in (volume[::-1], volume[:, ::-1], volume.T):
            np.testing.assert_allclose(volume, other, rtol=1e-9, atol=1e-30)
        g = mesh.conductance_x[0, :, :-1]
        np.testing.assert_allclose(g, g[:, ::-1], rtol=1e-9, atol=1e-20)
        np.testing.assert_allclose(g, g[::-1], rtol=1e-9, atol=1e-20)
        np.testing.assert_allclose(g, mesh.conductance_y[0, :-1].T, rtol=1e-9, atol=1e-20)


def tiny_corner(overlap: float) -> Polygon:
    """A rectangle whose right side reaches `overlap` cells into a new column of cells."""
    x = 10.0 + overlap
    return Polygon(0.1e-6 * np.array([[0.0, 0.0], [x, 0.0], [x, 6.0], [0.0, 6.0]]))


@pytest.mark.parametrize("overlap", [1e-12, 1e-8, 1e-6, 1e-3, 0.3])
def test_tiny_cells_keep_the_balance(overlap):
    mesh = build_mesh(
        Specimen(tiny_corner(overlap), H, 0.1e-6, grid_point=(0.0, 0.0)),
        (Contact("all", Stretch("all")),), perimeter=True, faces=True,
    )  # fmt: skip
    inside = mesh.fraction > 0.0
    assert inside.sum() == 60 if overlap == 1e-12 else 66
    assert mesh.volume.sum() == pytest.approx(0.6e-6 * (1.0 + 0.1 * overlap) * 1e-6 * H, rel=1e-9)
    assert mesh.contacts[0].area.sum() == pytest.approx((3.2e-6 + 0.2e-6 * overlap) * H, rel=1e-9)
    assert np.all(inside[tuple(mesh.contacts[0].cell[:, 1:].T)])
    for array in (mesh.conductance_x, mesh.contacts[0].conductance, mesh.surface.conductance):
        assert np.isfinite(array).all()
        assert np.all(array >= 0.0)
    # nothing is nearer than a tenth of a cell to its neighbour or a hundredth to the wall
    assert mesh.conductance_x.max() <= 10.0 * H * (1.0 + 1e-9)
    assert (mesh.contacts[0].conductance / mesh.contacts[0].area).max() <= 1e9 * (1.0 + 1e-9)


def test_thin_neck_needs_finer_cells():
    t = 1e-11
    corners = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [4.5, 2.0], [4.5, 0.0], [8.0, 0.0], [8.0, 4.0], [4.5, 4.0],
               [4.5, 2.0 + t], [4.0, 2.0 + t], [4.0, 4.0], [0.0, 4.0]]  # fmt: skip
    neck = Polygon(0.1e-6 * np.array(corners))
    with pytest.raises(InputError, match="falls apart into 2 pieces") as error:
        build_mesh(Specimen(neck, H, 0.1e-6, grid_point=(0.0, 0.0)), ())
    assert error.value.field == "specimen.cell"


def test_particle_smaller_than_the_cells_is_refused():
    ring = Polygon([[0.0, 0.0], [1e-6, 0.0], [1e-6, 1e-6], [0.0, 1e-6]],
                   ([[0.1e-6, 0.1e-6], [0.9e-6, 0.1e-6], [0.9e-6, 0.9e-6], [0.1e-6, 0.9e-6]],))  # fmt: skip
    with pytest.raises(InputError, match="no cell has its centre inside"):
        build_mesh(Specimen(ring, H, 1e-6), ())


@given(angle=st.floats(0.01, 3.1), width=st.floats(0.02, 3.0))
@exactly
def test_thin_triangles_are_meshed_or_refused(angle, width):
    points = turned(1e-7 * np.array([[0.0, 0.0], [20.0, 0.0], [20.0, width]]), angle)
    outline = Polygon(points)
    assume(min(outline.width, outline.height) >= 1e-7)
    mesh = meshed_or_refused(lambda: build_mesh(Specimen(outline, H, 1e-7), (), perimeter=True, faces=True))
    assume(mesh is not None)
    assert mesh.volume.sum() == pytest.approx(outline.area * H, rel=1e-6)
    assert mesh.surface.length[mesh.surface.kind == 0].sum() == pytest.approx(outline.perimeter, rel=1e-12)
    assert np.isfinite(mesh.edges.ratio_first).all()
