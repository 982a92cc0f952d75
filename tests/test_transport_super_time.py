"""Super-time-stepping against exact fronts, dense polynomials and implicit Euler; range and balance."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import eval_legendre

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.specimen import (
    BarrierFaces,
    Contact,
    ContactFaces,
    Mesh,
    Rectangle,
    Specimen,
    Stretch,
    build_mesh,
    circle,
)
from lto_sim.transport import simulate, stage_passes, stages
from lto_sim.transport.controller import StepController
from lto_sim.transport.flux_limiter import Joints, Store, empty_fluxes, limited
from lto_sim.transport.grid import Grid, make_grid
from lto_sim.transport.loop import Leg, march
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions
from lto_sim.transport.super_time import SuperTimeStepper
from lto_sim.validate import planar_front, planar_track
from lto_sim.validate.shape_cases import circle_track
from lto_sim.validate.surface_cases import shell_profile

CELL = 1e-8
TRACKER = "lto_sim.validate.track.ImplicitStepper"


def conditions(
    mesh: Mesh, excess: float, *, transfer: float = math.inf, surface: tuple[float, ...] = ()
) -> Conditions:
    n = sum(c.area.size for c in mesh.contacts)
    return Conditions(
        0.05, 0.95, 1e-14, 1e-16, np.full(n, excess), np.full(n, transfer), np.zeros(n), np.array(surface)
    )


def rectangle(nx: int, ny: int, layers: int = 1) -> Mesh:
    """A contact on the middle half of the left side."""
    height = ny * CELL
    specimen = Specimen(Rectangle(nx * CELL, height), 1e-7, CELL, layers=layers)
    return build_mesh(specimen, (Contact("lps", Stretch("left", 0.25 * height, 0.75 * height)),))


def disc(radius: float, offset: tuple[float, float], *, perimeter: bool = False) -> Mesh:
    point = offset[0] * CELL, offset[1] * CELL
    body = Specimen(circle((0.0, 0.0), radius * CELL), 1e-7, CELL, grid_point=point)
    return build_mesh(body, (Contact("rim", Stretch("all")),), perimeter=perimeter)


# ---- the stages


@pytest.mark.parametrize("count", [3, 9, 51])
@pytest.mark.parametrize("order", [1, 2])
def test_stages_are_the_legendre_polynomials(count, order):
    z = -np.linspace(0.0, 0.5 * count**2, 40)
    last, before, y = np.zeros_like(z), np.zeros_like(z), np.ones_like(z)
    coefficients = stages.stage_coefficients(count, order)
    for mu, nu, rate, first, _ in coefficients:
        last, before = mu * last + nu * before + rate * y + first, last
        y = 1.0 + z * last
    if order == 1:
        exact = eval_legendre(count, 1.0 + 2.0 * z / (count**2 + count))
    else:
        b = (count**2 + count - 2.0) / (2.0 * count * (count + 1.0))
        exact = 1.0 - b + b * eval_legendre(count, 1.0 + 4.0 * z / (count**2 + count - 2.0))
    np.testing.assert_allclose(y, exact, atol=1e-12)
    assert coefficients[-1, 4] == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("order", [1, 2])
def test_stage_count_is_odd_and_enough(order):
    for steps in np.geomspace(1e-3, 1e7, 41):
        count = stages.stage_count(float(steps), order)
        reach = (count**2 + count) / 2 if order == 1 else (count**2 + count - 2) / 4
        fewer = ((count - 2) ** 2 + count - 2) / 2 if order == 1 else ((count - 2) ** 2 + count - 4) / 4
        assert count % 2 == 1
        assert reach >= steps
        assert count <= 3 or fewer * 0.97 < steps


@pytest.mark.parametrize("order", [1, 2])
def test_one_step_in_one_phase_is_the_polynomial_of_its_matrix(order):
    rng = np.random.default_rng(3)
    shape = (2, 3, 4)
    g = [10.0 ** rng.uniform(-1.0, 1.0, shape) for _ in range(3)]
    g[0][:, :, -1] = g[1][:, -1, :] = g[2][-1] = 0.0
    volume = 10.0 ** rng.uniform(-1.0, 1.0, shape)
    shut = ContactFaces("shut", np.zeros((1, 3), dtype=np.int64), np.ones(1), np.ones(1))
    mesh = Mesh(*(np.arange(n + 1.0) for n in shape[::-1]), volume, *g, (shut,), False)
    x = rng.uniform(0.6, 0.9, shape)
    matrix = np.zeros((24, 24))
    index = np.arange(24).reshape(shape)
    for axis, step in ((2, g[0]), (1, g[1]), (0, g[2])):
        ones = np.take(index, range(shape[axis] - 1), axis).ravel()
        others = np.take(index, range(1, shape[axis]), axis).ravel()
        for a, b in zip(ones, others, strict=True):
            matrix[[a, a, b, b], [a, b, b, a]] += step.ravel()[a] * np.array([-1.0, 1.0, -1.0, 1.0])
    matrix *= 0.7 / volume.ravel()[:, None]
    grid, none = make_grid(mesh), np.zeros(1)
    held = Conditions(0.1, 0.5, 1.0, 0.7, none, none, none)
    stepper = SuperTimeStepper(grid, order)
    dt = 40.0 * stepper.layout.limit * grid.time_unit(1.0)
    result = stepper.step(grid.pad(x), dt, held)
    values, vectors = np.linalg.eig(matrix * dt)
    s = result.linear_iterations
    b = 1.0 if order == 1 else (s**2 + s - 2.0) / (2.0 * s * (s + 1.0))
    w = 2.0 / (s**2 + s) if order == 1 else 4.0 / (s**2 + s - 2.0)
    amplified = 1.0 - b + b * eval_legendre(s, 1.0 + w * values.real)
    exact = (vectors @ np.diag(amplified) @ np.linalg.inv(vectors)).real @ x.ravel()
    assert s > 5
    np.testing.assert_allclose(grid.unpad(result.x).ravel(), exact, rtol=0.0, atol=1e-12)


def test_a_step_of_many_stages_is_stable():
    mesh = rectangle(40, 30)
    grid = make_grid(mesh)
    shut = conditions(mesh, 0.05, transfer=0.0)
    x = grid.pad(np.random.default_rng(1).uniform(0.955, 1.0, mesh.shape))
    for order, stage_limit in ((1, 19_000), (2, 19_000)):
        stepper = SuperTimeStepper(grid, order)
        reach = (stage_limit**2) / (2.0 if order == 1 else 4.0)
        result = stepper.step(x, 0.9 * reach * stepper.layout.limit * grid.time_unit(1e-14), shut)
        left = grid.unpad(result.x) - x[grid.interior].mean()
        assert result.settled
        assert result.linear_iterations > 15_000
        # the polynomials damp a wave to 0.02 (RKL1), or to 1/2 (RKL2), whatever its decay; none may grow
        assert np.abs(left).max() < (0.05 if order == 1 else 1.0) * 0.0225
        assert abs(left.mean()) < 1e-15


def test_a_step_of_too_many_stages_is_not_settled():
    mesh = rectangle(4, 4)
    grid = make_grid(mesh)
    stepper = SuperTimeStepper(grid)
    assert not stepper.step(grid.pad(np.zeros(mesh.shape)), 1e12, conditions(mesh, 0.05)).settled


def test_compiled_stage_and_python_agree():
    rng = np.random.default_rng(5)
    for layers in (1, 2):
        mesh = rectangle(5, 4, layers)
        stepper = SuperTimeStepper(make_grid(mesh))
        body = stepper._body(make_grid(mesh).pad(rng.uniform(0.0, 1.0, mesh.shape)), 0.3)
        phases = stage_passes.Phases(0.05, 0.95, 1.0, 0.01)
        for uniform in (body.uniform, (0.0, 0.0, 0.0, 0.0)):
            u, before = rng.uniform(-1.0, 1.0, (2, body.x.size))
            found = []
            for function in (stage_passes.advance_cells, stage_passes.advance_cells.py_func):
                new = before.copy()
                function(
                    u,
                    new,
                    body._replace(uniform=uniform),
                    mesh.shape,
                    phases,
                    np.zeros(5),
                    1.4,
                    -0.4,
                    0.1,
                    -0.05,
                )
                found.append(new)
            np.testing.assert_allclose(found[0], found[1], rtol=1e-14, atol=1e-15)


# ---- the limiter


def test_limiter_by_hand():
    # three cells in a row: 0.2 into the full one, of which 0.05 leaves again; 0.15 has to go back
    shape = (1, 1, 3)
    fluxes = empty_fluxes(9, 1, 0)
    fluxes.x[3:6] = [0.2, 0.05, 0.0]
    fluxes.contact[:] = 0.1
    none = np.empty(0, dtype=np.int64)
    joints = Joints(np.arange(9), np.array([3]), none, none)
    x = np.array([0.0, 0.0, 0.0, 0.5, 1.0, 0.1, 0.0, 0.0, 0.0])
    volume = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert limited(Store(x, volume, 0.0, 1.0), fluxes, joints, shape, 9) == 1
    np.testing.assert_allclose(fluxes.x[3:6], [0.05, 0.05, 0.0], rtol=1e-14)
    np.testing.assert_allclose(fluxes.net[3:6], [0.05, 0.0, 0.05], atol=1e-15)
    # now the first cell is full too: the surplus goes back through the contact
    fluxes.x[3:6] = [0.2, 0.05, 0.0]
    x[3] = 1.0
    assert limited(Store(x, volume, 0.0, 1.0), fluxes, joints, shape, 9) == 2
    assert fluxes.contact[0] == pytest.approx(0.05, rel=1e-14)
    np.testing.assert_allclose(fluxes.x[3:6], [0.05, 0.05, 0.0], rtol=1e-14)


@cache
def particles() -> tuple[Mesh, ...]:
    return (
        rectangle(9, 7),
        rectangle(4, 3, 3),
        disc(5.3, (0.31, 0.17)),
        disc(3.1, (0.5, 0.02)),
        disc(4.7, (0.1, 0.44), perimeter=True),
    )


@settings(max_examples=150, deadline=None)
@given(
    which=st.integers(0, 4), seed=st.integers(0, 2**32 - 1), decades=st.floats(-3.0, 4.0),
    order=st.sampled_from([1, 2]), held=st.booleans(), kind=st.integers(0, 3),
)  # fmt: skip
def test_range_and_balance_of_any_state_and_step(which, seed, decades, order, held, kind):
    rng = np.random.default_rng(seed)
    mesh = particles()[which]
    grid = make_grid(mesh)
    excess = rng.choice([-0.05, 0.05, 0.0, 0.02])
    transfer = math.inf if held else 10.0 ** rng.uniform(-9.0, -5.0)
    given_conditions = conditions(
        mesh, excess, transfer=transfer, surface=(10.0 ** rng.uniform(-24, -20), 0.0)
    )
    x = (
        rng.uniform(0.0, 1.0, mesh.shape),
        rng.choice([0.0, 0.05, 0.95, 1.0], mesh.shape),
        np.full(mesh.shape, rng.choice([0.0, 1.0])),
        np.clip(rng.uniform(-2.0, 3.0, mesh.shape), 0.0, 1.0),
    )[kind]
    stepper = SuperTimeStepper(grid, order)
    dt = 10.0**decades * grid.time_unit(given_conditions.fastest)
    padded, w = grid.pad(x), None
    for _ in range(3):
        result = stepper.step(padded, dt, given_conditions, w)
        inside = grid.volume > 0.0
        assert result.settled or grid.elements
        if not result.settled:
            np.testing.assert_array_equal(result.x, padded)
            return
        assert result.x[inside].min() >= 0.0
        assert result.x[inside].max() <= 1.0
        before, after = (math.fsum(v * grid.volume) * grid.volume_scale for v in (padded, result.x))
        through = float(np.abs(result.uptake).sum()) + grid.volume.sum() * grid.volume_scale
        assert abs(after - before - math.fsum(result.uptake)) < 1e-14 * through
        padded, w = result.x, result.excess


def test_a_particle_in_equilibrium_stays_as_it_is():
    for mesh in particles():
        grid = make_grid(mesh)
        x = grid.pad(np.full(mesh.shape, 1.0))
        result = SuperTimeStepper(grid).step(x, 10.0, conditions(mesh, 0.05, surface=(1e-22, 0.0)))
        inside = grid.volume > 0.0
        np.testing.assert_allclose(result.x[inside], 1.0, rtol=0.0, atol=1e-11)


# ---- fronts


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("insertion", [True, False])
@pytest.mark.parametrize(
    ("A", "B", "phi"), [(0.1, 0.0, 1.0), (1.0, 0.0, 1.0), (0.1, 0.1, 0.01), (0.5, 0.1, 100.0)]
)
def test_planar_front_at_100_cells(A, B, phi, insertion, order, monkeypatch):
    monkeypatch.setattr(TRACKER, lambda grid: SuperTimeStepper(grid, order))
    track = planar_track(planar_front(A, B, phi, insertion=insertion), 100, start=0.1 if B else 0.0)
    assert track.worst < (5e-3 if order == 1 else 2e-3)
    assert track.counters.worst_balance_error < 1e-14
    assert track.counters.out_of_range == 0


@pytest.mark.parametrize("offset", [(0.0, 0.0), (0.3, 0.17), (0.5, 0.02)])
def test_front_in_a_circle_of_cut_cells(offset, monkeypatch):
    monkeypatch.setattr(TRACKER, SuperTimeStepper)
    track = circle_track(0.1, 48, offset=offset)
    assert np.all(np.abs(track.error) < [0.012, 0.005, 0.003, 0.003])
    assert track.counters.worst_balance_error < 1e-14
    assert track.counters.out_of_range == 0


def stage_sums(grid: Grid) -> np.ndarray:
    """Conductances of every cell, added up face by face."""
    total = np.zeros_like(grid.volume)
    for g, stride in ((grid.gx, 1), (grid.gy, grid.shape[2])):
        for c in np.flatnonzero(g):
            total[[c, c + stride]] += g[c]
    for c, g in zip(grid.contact_cell, grid.contact_conductance, strict=True):
        total[c] += g
    return total


def test_cut_cells_do_not_shorten_the_stages():
    for offset in ((0.0, 0.0), (0.3, 0.17), (0.5, 0.02), (0.47, 0.4999)):
        mesh = disc(24.0, offset)
        grid = make_grid(mesh)
        layout = SuperTimeStepper(grid).layout
        assert layout.lumped.cell.size > 0
        assert layout.limit > 0.015
        assert (grid.volume / np.maximum(stage_sums(grid), 1e-9))[grid.volume > 0.0].min() < 0.003
        np.testing.assert_allclose(layout.volume.sum(), grid.volume.sum(), rtol=1e-14)


@pytest.mark.parametrize("on", ["perimeter", "faces"])
def test_shell_along_a_conducting_surface(on, monkeypatch):
    monkeypatch.setattr(TRACKER, SuperTimeStepper)
    shell = shell_profile(4, on=on, front_fraction=0.5)
    assert np.all(np.abs(shell.error) < 0.04)
    assert shell.tip_exponent == pytest.approx(0.25, abs=0.015)
    assert shell.tip == pytest.approx(1.0, abs=0.03)
    assert shell.counters.worst_balance_error < 1e-14
    assert shell.counters.out_of_range == 0


@pytest.mark.parametrize(("start", "excess", "duration"), [(0.05, 0.05, 100.0), (1.0, -0.05, 2.0)])
@pytest.mark.parametrize("transfer", [math.inf, 1e-7])
def test_partial_contact_as_implicit_euler(start, excess, duration, transfer):
    mesh = rectangle(60, 40)
    fed = conditions(mesh, excess, transfer=transfer)
    leg = Leg(duration, 0.0, lambda _: fed, StepController(0.25, 0.1, 0.05))
    grid = make_grid(mesh)
    x = np.full(mesh.shape, start)
    implicit, _, _ = march(ImplicitStepper(grid), x, (leg,), ())
    found, _, counters = march(SuperTimeStepper(grid), x, (leg,), ())
    fronts = [np.clip((v - 0.05) / 0.9, 0.0, 1.0).sum(axis=2) for v in (implicit, found)]
    assert np.abs(fronts[0] - fronts[1]).max() < 0.5
    moved = abs(implicit.mean() - start)
    assert moved > 0.005
    assert abs(found.mean() - implicit.mean()) < 0.005 * moved
    assert counters.worst_balance_error < 1e-14
    assert counters.out_of_range == 0


# ---- in a scenario


def scenario(drive: list[dict[str, object]], **parts: object) -> Scenario:
    return Scenario.from_dict(
        {
            "material": "lto",
            "temperature": "30 degC",
            "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": "0.4 um", "height": "0.3 um"},
                "thickness": "100 nm", "cell": "20 nm",
            },
            "contacts": {"lps": {"where": {"side": "left"}, "law": "butler_volmer", "k0": "1e-9 m/s"}},
            "drive": drive,
            "output": {"every": "10 s"},
            "numerics": {"stepper": "super_time_stepping"},
        } | parts
    )  # fmt: skip


def test_given_current_with_butler_volmer_contacts():
    run = simulate(scenario([{"current": "0.2 pA", "until": {"time": "40 s"}}]))
    assert run.attrs["status"] == 0
    assert run.attrs["out_of_range"] == 0
    assert run.attrs["worst_balance_error"] < 1e-13
    np.testing.assert_allclose(float(run.charge[-1]), 0.2e-12 * 40.0, rtol=1e-9)
    by_euler = simulate(
        scenario([{"current": "0.2 pA", "until": {"time": "40 s"}}], numerics={"stepper": "implicit"})
    )
    np.testing.assert_allclose(run.potential[5:], by_euler.potential[5:], atol=2e-3)


def test_resisting_boundaries_are_refused_in_one_line():
    mesh = rectangle(4, 4)
    barrier = BarrierFaces(np.array([[0, 1, 1]]), np.zeros(1, dtype=np.int64), np.ones(1),
                           np.zeros(1, dtype=np.int64), np.ones(1))  # fmt: skip
    blocked = Mesh(
        mesh.x_face, mesh.y_face, mesh.z_face, mesh.volume, mesh.conductance_x, mesh.conductance_y,
        mesh.conductance_z, mesh.contacts, mesh.mirrored, barriers=barrier,
    )  # fmt: skip
    with pytest.raises(InputError, match=r'numerics\.stepper.*use stepper = "implicit"'):
        SuperTimeStepper(make_grid(blocked))
