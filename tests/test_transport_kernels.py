"""One step against dense solutions, multigrid against a sparse solver, compiled kernels against Python."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import linalg

from lto_sim.specimen import BarrierFaces, ContactFaces, Mesh, SurfaceEdges, SurfaceElements
from lto_sim.transport import assembly, balance, coupling, krylov, levels, multigrid, newton, passes, step
from lto_sim.transport.controller import StepController, change_of_step
from lto_sim.transport.grid import make_grid
from lto_sim.transport.krylov import Skew
from lto_sim.transport.network import build_network, plain_network
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions

SEEDS = range(40)


def random_mesh(
    rng: np.random.Generator, shape: tuple[int, int, int], faces: int = 1, *, elements: int = 0,
    on_contact: bool = False,
) -> Mesh:  # fmt: skip
    """Cells with random volumes and conductances; contact faces on the first cells, or on elements there.

    No depth of a front is resolved, so that a step is piecewise linear with fixed coefficients.
    """
    g = [10.0 ** rng.uniform(-1.0, 1.0, shape) for _ in range(3)]
    g[0][:, :, -1] = g[1][:, -1, :] = g[2][-1, :, :] = 0.0
    cells = np.array(list(np.ndindex(*shape))[:faces], dtype=np.int64)
    volume = 10.0 ** rng.uniform(-1.0, 1.0, shape)
    area, conductance = 10.0 ** rng.uniform(-1, 1, (2, faces))
    surface, edges = random_surface(rng, shape, elements, on_contact) if elements else ({}, {})
    element = np.arange(faces) if on_contact else np.full(faces, -1)
    contact = ContactFaces("c", cells, area, conductance, element)
    lines = [np.arange(n + 1.0) for n in shape[::-1]]
    return Mesh(
        *lines, volume, *g, (contact,), False,
        surface=SurfaceElements(**surface), edges=SurfaceEdges(**edges),
    )  # fmt: skip


def random_surface(
    rng: np.random.Generator, shape: tuple[int, int, int], elements: int, on_contact: bool
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Elements on random cells, the first on the first cell where a contact feeds it, joined in a ring."""
    index = rng.integers(0, math.prod(shape), elements)
    if on_contact:
        index[:3] = np.arange(3) % math.prod(shape)
    cell = np.stack(np.unravel_index(index, shape), axis=1).astype(np.int64)
    area, conductance = 10.0 ** rng.uniform(-1, 1, (2, elements))
    first = np.arange(elements - 1)
    ratios = 10.0 ** rng.uniform(-1, 1, (2, first.size))
    surface = {
        "cell": cell, "kind": np.arange(elements) % 2, "area": area, "conductance": conductance,
        "depth": np.full(elements, np.inf), "position": np.zeros((elements, 3)), "length": area,
    }  # fmt: skip
    return surface, {"first": first, "second": first + 1, "ratio_first": ratios[0], "ratio_second": ratios[1]}


def mesh_conductances(mesh: Mesh) -> tuple[np.ndarray, ...]:
    return mesh.conductance_x, mesh.conductance_y, mesh.conductance_z


def random_conditions(rng: np.random.Generator, faces: int, *, held: bool) -> Conditions:
    x_poor = rng.uniform(0.05, 0.5)
    x_rich = rng.uniform(x_poor + 0.05, 0.95)
    composition = rng.choice([0.0, 1.0, rng.uniform(0.0, x_poor), rng.uniform(x_rich, 1.0)], faces)
    w = np.minimum(composition - x_poor, 0.0) + np.maximum(composition - x_rich, 0.0)
    transfer = np.full(faces, math.inf) if held else 10.0 ** rng.uniform(-2.0, 2.0, faces)
    D4, D7 = 10.0 ** rng.uniform(-1.5, 1.5, 2)
    return Conditions(x_poor, x_rich, D4, D7, w, transfer, np.zeros(faces))


def dense_solution(mesh: Mesh, conditions: Conditions, x_old: np.ndarray, dt: float) -> np.ndarray:
    """Try every combination of phase states of cells and surfaces; return the one that is consistent.

    Unknowns: u of cells in a phase, x of cells in the gap, w of every element and of every contact surface
    that is none.
    """
    n, contact, surface = mesh.volume.size, mesh.contacts[0], mesh.surface
    volume, start = mesh.volume.ravel(), x_old.ravel()
    index = np.arange(n).reshape(mesh.shape)
    links = []
    for axis, g in ((2, mesh.conductance_x), (1, mesh.conductance_y), (0, mesh.conductance_z)):
        low = np.moveaxis(index, axis, 0)[:-1].ravel()
        high = np.moveaxis(index, axis, 0)[1:].ravel()
        links += [(a, b, g.ravel()[a]) for a, b in zip(low, high, strict=True)]
    at = [int(index[tuple(c)]) for c in surface.cell]
    coupled = list(surface.conductance)
    row_of_face = list(contact.element)
    for f, element in enumerate(contact.element):
        if element < 0:  # a surface of its own
            row_of_face[f] = len(at)
            at.append(int(index[tuple(contact.cell[f])]))
            coupled.append(contact.conductance[f])
    D = {-1: conditions.diffusivity_poor, 1: conditions.diffusivity_rich}
    edge = {-1: conditions.x_poor, 1: conditions.x_rich}
    along = edge_conductance(mesh, conditions.surface)
    eps = 1e-10
    for states in itertools.product((-1, 0, 1), repeat=n):
        for sides in itertools.product((-1, 1), repeat=len(at)):
            M, b = np.zeros((n + len(at),) * 2), np.zeros(n + len(at))
            for c, s in enumerate(states):
                M[c, c] += volume[c] / dt * (1.0 / D[s] if s else 1.0)
                b[c] += volume[c] / dt * (start[c] - (edge[s] if s else 0.0))
            for a, c, g in links:
                for here, there in ((a, c), (c, a)):
                    M[here, here] += g if states[here] else 0.0
                    M[here, there] -= g if states[there] else 0.0
            for e, (c, s, G) in enumerate(zip(at, sides, coupled, strict=True)):
                row = n + e
                M[c, c] += G if states[c] else 0.0
                M[c, row] -= G * D[s]
                M[row, row] += G * D[s]
                M[row, c] -= G if states[c] else 0.0
            for f, s, g in zip(mesh.edges.first, mesh.edges.second, along, strict=True):
                for here, there in ((n + f, n + s), (n + s, n + f)):
                    M[here, here] += g
                    M[here, there] -= g
            for f, e in enumerate(row_of_face):
                row, k = n + e, conditions.contact_transfer[f] * contact.area[f]
                if math.isinf(k):
                    M[row], M[row, row], b[row] = 0.0, 1.0, conditions.contact_excess[f]
                else:  # k (w_c - w_s) = G (D_s w_s - u) + what goes along the edges
                    M[row, row] += k
                    b[row] += k * conditions.contact_excess[f]
            value = np.linalg.solve(M, b)
            x = np.array([edge[s] + value[c] / D[s] if s else value[c] for c, s in enumerate(states)])
            fits = all(
                s * value[c] >= -eps if s else conditions.x_poor - eps <= x[c] <= conditions.x_rich + eps
                for c, s in enumerate(states)
            ) and all(s * value[n + e] >= -eps for e, s in enumerate(sides))
            if fits:
                return x.reshape(mesh.shape)
    raise AssertionError("no consistent combination of states")


def edge_conductance(mesh: Mesh, surface: np.ndarray) -> np.ndarray:
    kind, edges = mesh.surface.kind, mesh.edges
    if not len(edges):
        return np.empty(0)
    s1, s2 = surface[kind[edges.first]], surface[kind[edges.second]]
    return 1.0 / (edges.ratio_first / s1 + edges.ratio_second / s2)


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 4), (1, 2, 2), (2, 1, 2)])
def test_step_is_the_only_consistent_combination_of_states(shape, held):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        mesh = random_mesh(rng, shape, faces=1 if held else 2)
        conditions = random_conditions(rng, mesh.contacts[0].area.size, held=held)
        x_old = rng.choice([0.0, 1.0, conditions.x_poor, *rng.uniform(0.0, 1.0, 3)], shape)
        dt = 10.0 ** rng.uniform(-2.0, 3.0)
        grid = make_grid(mesh)
        result = ImplicitStepper(grid).step(grid.pad(x_old), dt, conditions)
        assert result.settled, f"seed {seed}"
        expected = dense_solution(mesh, conditions, x_old, dt)
        np.testing.assert_allclose(grid.unpad(result.x), expected, atol=2e-9, err_msg=f"seed {seed}")
        gained = float((mesh.volume * (grid.unpad(result.x) - x_old)).sum())
        assert gained == pytest.approx(float(result.uptake.sum()), abs=1e-13 * mesh.volume.sum())


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("on_contact", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2, 2), (2, 1, 2)])
def test_step_with_surface_elements_is_the_only_consistent_combination(shape, on_contact, held):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        mesh = random_mesh(rng, shape, elements=3, on_contact=on_contact)
        base = random_conditions(rng, 1, held=held)
        conditions = dataclasses.replace(base, surface=10.0 ** rng.uniform(-1.5, 1.5, 2))
        x_old = rng.choice([0.0, 1.0, conditions.x_poor, *rng.uniform(0.0, 1.0, 3)], shape)
        dt = 10.0 ** rng.uniform(-2.0, 3.0)
        grid = make_grid(mesh)
        result = ImplicitStepper(grid).step(grid.pad(x_old), dt, conditions)
        assert result.settled, f"seed {seed}"
        expected = dense_solution(mesh, conditions, x_old, dt)
        np.testing.assert_allclose(grid.unpad(result.x), expected, atol=2e-9, err_msg=f"seed {seed}")
        gained = float((mesh.volume * (grid.unpad(result.x) - x_old)).sum())
        assert gained == pytest.approx(float(result.uptake.sum()), abs=1e-12 * mesh.volume.sum())


@given(
    seed=st.integers(0, 10**6), shape=st.tuples(*[st.integers(1, 6)] * 3), log_dt=st.floats(-3.0, 4.0),
    held=st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_maximum_principle_and_order_for_any_step_size(seed, shape, log_dt, held):
    rng = np.random.default_rng(seed)
    mesh = random_mesh(rng, shape)
    conditions = random_conditions(rng, 1, held=held)
    w = float(conditions.contact_excess[0])
    contact = (
        (conditions.x_poor + w, conditions.x_poor) if w < 0.0 else (conditions.x_rich, conditions.x_rich + w)
    )
    low = rng.uniform(0.0, 1.0, shape)
    high = low + rng.uniform(0.0, 1.0, shape) * (1.0 - low)
    grid = make_grid(mesh)
    # x is the old one plus dt (fluxes)/V: the round-off of the fluxes grows with the step
    exchange = 6.0 * max(g.max() for g in (*mesh_conductances(mesh), mesh.contacts[0].conductance))
    slack = 1e-12 + 2e-16 * 10.0**log_dt * conditions.fastest * exchange / mesh.volume.min()
    after = []
    for x in (low, high):
        result = ImplicitStepper(grid).step(grid.pad(x), 10.0**log_dt, conditions)
        assert result.settled
        inside = grid.unpad(result.x)
        assert inside.min() >= min(x.min(), contact[0]) - slack
        assert inside.max() <= max(x.max(), contact[1]) + slack
        after.append(inside.copy())
    assert np.all(after[1] >= after[0] - 2.0 * slack)


@pytest.mark.parametrize("shape", [(1, 40, 30), (1, 33, 65), (5, 18, 23)])
@pytest.mark.parametrize(
    ("diagonal", "precision", "most"),
    [(1e-6, np.float64, 30), (1e-6, np.float32, 36), (1e-2, np.float32, 22), (10.0, np.float32, 6)],
)
def test_multigrid_against_a_sparse_solver_on_a_masked_grid(shape, diagonal, precision, most):
    rng = np.random.default_rng(7)
    nz, ny, nx = shape
    network = plain_network(shape)
    system = levels.empty_system(network)
    every = levels.empty_levels(network, precision)
    a, gx, gy, gz, _, active, *_ = system
    total = active.size
    u = np.zeros(total)
    fine = slice(ny * nx, ny * nx * (nz + 1))
    mask = rng.random(shape) < 0.85
    active[fine] = mask.ravel()
    index = np.full(shape, -1)
    index[mask] = np.arange(mask.sum())
    matrix = sparse.lil_array((mask.sum(), mask.sum()))
    for axis, g in ((2, gx), (1, gy), (0, gz)):
        value = 10.0 ** rng.uniform(-0.5, 0.5, shape)
        both = mask & np.roll(mask, -1, axis)
        both[tuple(slice(-1, None) if i == axis else slice(None) for i in range(3))] = False
        g[fine] = np.where(both, value, 0.0).ravel()
        for cell in np.argwhere(both):
            here, there = index[tuple(cell)], index[tuple(cell + np.eye(3, dtype=int)[axis])]
            matrix[here, here] += value[tuple(cell)]
            matrix[there, there] += value[tuple(cell)]
            matrix[here, there] -= value[tuple(cell)]
            matrix[there, here] -= value[tuple(cell)]
    own = diagonal * rng.uniform(0.5, 2.0, shape)
    a[fine] = np.where(mask, own, 0.0).ravel()
    rhs = np.zeros(total)
    rhs[fine] = np.where(mask, rng.normal(size=shape), 0.0).ravel()
    matrix = (matrix + sparse.diags_array(own[mask])).tocsc()
    levels.fill_levels(network, system, every)
    skew = Skew(*np.empty((2, 0), dtype=np.int64), *np.empty((2, 0)))
    used = krylov.solve_linear(
        network, system, every, skew, rhs, np.ones(total), u, np.zeros((5, total)), 1e-11, 200
    )
    assert 0 < used <= most
    exact = linalg.spsolve(matrix, rhs[fine].reshape(shape)[mask])
    np.testing.assert_allclose(u[fine].reshape(shape)[mask], exact, rtol=1e-8, atol=1e-8 * abs(exact).max())
    assert np.all(u[fine].reshape(shape)[~mask] == 0.0)


@pytest.mark.parametrize("strength", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("shape", [(1, 40, 30), (4, 18, 23)])
def test_multigrid_with_elements_against_a_sparse_solver(shape, skewed, strength):
    """A face sheet on the first layer, conductive or not, with a few edges that are not symmetric."""
    rng = np.random.default_rng(5)
    _, ny, nx = shape
    sheet = np.array([(0, j, i) for j in range(ny) for i in range(nx)], dtype=np.int64)
    number = np.arange(ny * nx).reshape(ny, nx)
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    network = build_network(shape, sheet, np.ones(ny * nx, np.int64), first, second)
    system, every = levels.empty_system(network), levels.empty_levels(network)
    total, cells = system.active.size, math.prod(shape)
    start, node = ny * nx, int(network.dims[0, 4])
    index = np.full(total, -1)
    index[start : start + cells] = np.arange(cells)
    index[node : node + ny * nx] = cells + np.arange(ny * nx)
    matrix = sparse.lil_array((cells + ny * nx,) * 2)

    def join(a: int, b: int, p: float, q: float) -> None:
        here, there = index[a], index[b]
        matrix[here, here] += p
        matrix[here, there] -= q
        matrix[there, there] += q
        matrix[there, here] -= p

    for g, stride, axis in ((system.gx, 1, 2), (system.gy, nx, 1), (system.gz, ny * nx, 0)):
        for c in np.ndindex(*shape):
            flat = start + int(np.ravel_multi_index(c, shape))
            if c[axis] + 1 < shape[axis]:
                g[flat] = 10.0 ** rng.uniform(-0.5, 0.5)
                join(flat, flat + stride, g[flat], g[flat])
    own = 0.01 * rng.uniform(0.5, 2.0, cells)
    system.a[start : start + cells] = own
    matrix.setdiag(matrix.diagonal() + np.concatenate([own, np.zeros(ny * nx)]))
    system.active[start : start + cells] = system.active[node : node + ny * nx] = True
    for e in range(ny * nx):
        system.coupling[e] = 10.0 ** rng.uniform(-0.5, 0.5)
        join(node + e, int(network.cell[e]), system.coupling[e], system.coupling[e])
    skew = Skew(network.first[: first.size], network.second[: first.size], *np.zeros((2, first.size)))
    for f in range(first.size):
        p = q = strength * 10.0 ** rng.uniform(-0.5, 0.5)
        if skewed and first[f] // nx == ny // 2:
            q = p / 70.0
        system.link[f] = min(p, q)
        system.a[network.first[f]] += p - min(p, q)
        system.a[network.second[f]] += q - min(p, q)
        skew.into_first[f], skew.into_second[f] = q - min(p, q), p - min(p, q)
        join(int(network.first[f]), int(network.second[f]), p, q)
    rhs = np.where(index >= 0, rng.normal(size=total), 0.0)
    levels.fill_levels(network, system, every)
    u = np.zeros(total)
    used = krylov.solve_linear(
        network, system, every, skew, rhs, np.ones(total), u, np.zeros((5, total)), 1e-10, 200
    )
    assert 0 < used <= 45
    exact = linalg.spsolve(matrix.tocsc(), rhs[index >= 0])
    np.testing.assert_allclose(u[index >= 0], exact, rtol=1e-7, atol=1e-8 * abs(exact).max())


def plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace every compiled kernel by its Python form."""
    count = 0
    for module in (assembly, balance, coupling, krylov, levels, multigrid, newton, step):
        for name in dir(module):
            function = getattr(getattr(module, name), "py_func", None)
            if function is not None:
                monkeypatch.setattr(module, name, function)
                count += 1
    assert count >= 15


def with_barrier(mesh: Mesh) -> Mesh:
    """The mesh with a resistance across every face along x behind the second column."""
    _, j, i = np.indices(mesh.shape)
    cell = np.argwhere((i == 1) & (j >= 0)).astype(np.int64)
    ones = np.ones(len(cell))
    barriers = BarrierFaces(cell, np.zeros(len(cell), np.int64), ones, np.zeros(len(cell), np.int64), ones)
    return dataclasses.replace(mesh, barriers=barriers)


@pytest.mark.parametrize("shape", [(1, 1, 9), (1, 5, 7), (3, 4, 5)])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("elements", [0, 12])
def test_compiled_kernels_do_what_their_python_form_does(shape, held, elements, monkeypatch):
    rng = np.random.default_rng(3)
    mesh = random_mesh(rng, shape, faces=3, elements=elements, on_contact=elements > 0)
    conditions = random_conditions(rng, 3, held=held)
    if elements:
        surface, depth = 10.0 ** rng.uniform(-1.0, 1.0, 2), np.full(elements, 0.7)
        mesh = with_barrier(dataclasses.replace(mesh, surface=dataclasses.replace(mesh.surface, depth=depth)))
        conditions = dataclasses.replace(conditions, surface=surface, resistance=np.array([2.0]))
    grid = make_grid(mesh)
    x_old = grid.pad(rng.uniform(0.0, 1.0, shape))
    compiled = ImplicitStepper(grid).step(x_old, 5.0, conditions)
    plain_python(monkeypatch)
    plain = ImplicitStepper(grid).step(x_old, 5.0, conditions)
    assert plain.settled
    assert compiled.settled
    np.testing.assert_allclose(compiled.x, plain.x, atol=1e-14 if not elements else 1e-11)
    np.testing.assert_allclose(compiled.uptake, plain.uptake, atol=1e-13 if not elements else 1e-11)
    assert compiled.newton_iterations == plain.newton_iterations
    assert abs(compiled.linear_iterations - plain.linear_iterations) <= (2 if elements else 0)


def test_change_of_a_step():
    old = np.array([9.0, 0.02, 0.05, 0.30, 0.94, 0.97, 0.30, 9.0])
    new = np.array([0.0, 0.03, 0.05, 0.50, 0.96, 0.99, 0.90, 0.0])
    fraction = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 1.0])
    for function in (change_of_step, change_of_step.py_func):
        in_gap, in_phase = function(old, new, fraction, 1, 7, 0.05, 0.95)
        assert in_gap == pytest.approx(0.2 / 0.9)
        assert in_phase == pytest.approx(0.02)


def test_controller():
    controller = StepController(front_fraction=0.25, change_fraction=0.5, excess_scale=0.05)
    assert controller.load(0.25, 0.0) == pytest.approx(1.0)
    assert controller.load(0.0, 0.05) == pytest.approx(2.0)
    assert controller.accepts(2.0)
    assert not controller.accepts(2.0001)
    assert controller.next_step(8.0, 2.0) == pytest.approx(4.0)
    assert controller.next_step(8.0, 0.1) == pytest.approx(12.0)
    assert controller.next_step(8.0, 0.0) == pytest.approx(12.0)
    assert controller.next_step(8.0, 100.0) == pytest.approx(1.6)
    assert StepController(0.25, 0.5, 0.0).load(0.0, 0.1) == 0.0


def test_step_leaves_its_argument_alone_and_repeats_itself():
    rng = np.random.default_rng(11)
    mesh = random_mesh(rng, (1, 6, 6))
    conditions = random_conditions(rng, 1, held=True)
    grid = make_grid(mesh)
    x_old = grid.pad(rng.uniform(0.0, 1.0, mesh.shape))
    before = x_old.copy()
    stepper = ImplicitStepper(grid)
    first, second = (stepper.step(x_old, 3.0, conditions) for _ in range(2))
    np.testing.assert_array_equal(x_old, before)
    np.testing.assert_allclose(first.x, second.x, atol=1e-12)


@given(
    seed=st.integers(0, 10**6), shape=st.tuples(*[st.integers(1, 5)] * 3), log_dt=st.floats(-3.0, 4.0),
    held=st.booleans(), barrier=st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_surfaces_and_barriers_settle_at_any_step_and_keep_the_maximum_principle(
    seed, shape, log_dt, held, barrier
):
    rng = np.random.default_rng(seed)
    count = math.prod(shape)
    faces = min(3, count)
    mesh = random_mesh(rng, shape, faces, elements=12, on_contact=True)
    mesh = dataclasses.replace(mesh, surface=dataclasses.replace(mesh.surface, depth=np.full(12, 0.7)))
    if barrier and shape[2] > 2:
        mesh = with_barrier(mesh)
    base = random_conditions(rng, faces, held=held)
    surface = 10.0 ** rng.uniform(-3.0, 2.0, 2)
    conditions = dataclasses.replace(base, surface=surface, resistance=10.0 ** rng.uniform(-2.0, 2.0, 1))
    w = conditions.contact_excess
    reached = np.where(w < 0.0, conditions.x_poor + w, conditions.x_rich + w)
    grid = make_grid(mesh)
    x = rng.uniform(0.0, 1.0, shape)
    result = ImplicitStepper(grid).step(grid.pad(x), 10.0**log_dt, conditions)
    assert result.settled
    exchange = 6.0 * max(g.max() for g in (*mesh_conductances(mesh), mesh.contacts[0].conductance))
    slack = 1e-11 + 2e-15 * 10.0**log_dt * conditions.fastest * (exchange + 1e3) / mesh.volume.min()
    inside = grid.unpad(result.x)
    assert inside.min() >= min(x.min(), reached.min(), conditions.x_poor) - slack
    assert inside.max() <= max(x.max(), reached.max(), conditions.x_rich) + slack
    gained = float((mesh.volume * (inside - x)).sum())
    moved = np.abs(result.uptake).sum() + mesh.volume.sum()
    assert gained == pytest.approx(float(result.uptake.sum()), abs=1e-12 * moved)


def test_maxima_and_ranges_see_what_is_not_a_number():
    values = np.full(3000, 0.5)
    assert passes.largest(np.concatenate([-values, [0.25]])) == 0.5
    assert passes.largest_product(-values, 2.0 * np.ones(3000)) == 1.0
    assert passes.within(values, 0.0)
    for wrong in (np.nan, -np.nan):
        for place in (0, 1024, 2999):
            values[:] = 0.5
            values[place] = wrong
            assert np.isnan(passes.largest(values))
            assert np.isnan(passes.largest_product(values, np.ones(3000)))
            assert not passes.within(values, 0.0)


@pytest.mark.parametrize("rich", [1e-14, 1e-26, 1e-37, 1e-45])
def test_a_phase_that_hardly_conducts_is_solved_or_refused(rich):
    """V/(D dt) of it comes to be beyond the largest number of the V-cycle; 1e-37 is at it."""
    rng = np.random.default_rng(3)
    mesh = random_mesh(rng, (1, 8, 8), faces=3)
    conditions = random_conditions(rng, 3, held=True)
    grid = make_grid(mesh)
    x = grid.pad(np.where(np.arange(64).reshape(1, 8, 8) < 32, 0.95, 0.05))

    def step(slow):
        pair = dataclasses.replace(conditions, diffusivity_poor=1.0, diffusivity_rich=slow)
        return ImplicitStepper(grid).step(x, 1e-2, pair)

    result = step(rich)
    if rich != 1e-37:  # there it depends on the processor's rounding
        assert result.settled == (rich > 1e-30)
    if result.settled:
        inside = grid.unpad(result.x)
        assert -1e-9 <= inside.min() <= inside.max() <= 1.0 + 1e-9
        if rich < 1e-20:  # nothing moves in it any more
            assert np.allclose(inside, grid.unpad(step(1e-24).x), rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("transfer", [1e12, 1e20, 1e22, 1e24])
def test_an_element_whose_contact_outweighs_all_is_solved_or_refused(transfer):
    rng = np.random.default_rng(3)
    mesh = random_mesh(rng, (1, 8, 8), faces=3, elements=10, on_contact=True)
    conditions = dataclasses.replace(
        random_conditions(rng, 3, held=False), surface=np.ones(2), contact_transfer=np.full(3, transfer)
    )
    grid = make_grid(mesh)
    result = ImplicitStepper(grid).step(grid.pad(np.full((1, 8, 8), 0.07)), 1.0, conditions)
    if result.settled:  # else the loop tries a smaller step
        assert np.all(np.abs(grid.unpad(result.x)) < 2.0)
