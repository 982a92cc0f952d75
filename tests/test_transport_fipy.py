"""The second engine (FiPy) against the native one, exact fronts, and equations written in plain FiPy.

Limits: on the same grid fronts within half a cell and lithium within 0.5 % of the native engine's; where
FiPy's geometry is the same (slabs, rectangles, boxes) to 1e-9. Against Wagner's exact front the native
engine's own limit, 0.2 % at 100 cells.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.specimen import ContactFaces, Mesh
from lto_sim.transport import fipy_engine
from lto_sim.transport.fipy_engine import FiPyStepper
from lto_sim.transport.fipy_mesh import load_fipy
from lto_sim.transport.grid import make_grid
from lto_sim.transport.model import build_model
from lto_sim.transport.simulate import plan_run
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions
from lto_sim.validate import planar_front, planar_track, radial_track, track

LEFT = {"lps": {"where": {"side": "left"}}}
MIDDLE_OF_LEFT = {"lps": {"where": {"side": "left", "from": "0.1 um", "to": "0.3 um"}}}
RECTANGLE = {"shape": "rectangle", "width": "0.6 um", "height": "0.4 um"}
INSERTION = [{"hold": "0.4 V", "until": {"time": "60 s"}}]


def scenario(outline, contacts, cell="10 nm", drive=INSERTION, **keys):
    specimen = {"outline": outline, "thickness": "120 nm", "cell": cell} | keys.pop("specimen", {})
    if outline["shape"] == "sphere":
        del specimen["thickness"]
    given = {"material": "lto", "temperature": "30 degC", "initial": 0.0}
    return lto.Scenario.from_dict(
        given | {"specimen": specimen, "contacts": contacts, "drive": drive, **keys}
    )


def both(case):
    """Runs of the native engine and of FiPy."""
    return [lto.simulate(case.with_values({"numerics.engine": name})) for name in ("native", "fipy")]


def transformed(run):
    """Part of every cell that the growing phase has filled, (time, z, y, x)."""
    return np.clip((run.li_fraction.values.astype(float) - 0.05) / 0.9, 0.0, 1.0)


def assert_same_lithium(native, fipy, limit):
    there = native.time_fine.values > 0.1 * native.time_fine.values[-1]
    ratio = fipy.lithium.values[there] / native.lithium.values[there]
    assert np.abs(ratio - 1.0).max() < limit
    assert fipy.attrs["status"] == native.attrs["status"] == 0
    assert fipy.attrs["worst_balance_error"] < 1e-14
    assert fipy.attrs["out_of_range"] == 0


# ---- against the native engine ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "two_phases"),
    [
        pytest.param(scenario({"shape": "slab", "length": "0.6 um"}, LEFT), True, id="slab"),
        pytest.param(scenario(RECTANGLE, MIDDLE_OF_LEFT, "20 nm"), True, id="partial contact"),
        pytest.param(
            scenario({"shape": "slab", "length": "0.6 um"},
                     {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": "3e-7 m/s"}},
                     temperature="75 degC"),
            True, id="linear",
        ),
        pytest.param(
            scenario(RECTANGLE, MIDDLE_OF_LEFT, "40 nm", specimen={"layers": 4}), True, id="box",
        ),
        pytest.param(
            scenario({"shape": "slab", "length": "0.6 um"}, LEFT, temperature="75 degC", initial=1.0,
                     drive=[{"hold": "1.6 V", "until": {"time": "3 s"}}]),
            True, id="extraction",
        ),
        pytest.param(
            scenario({"shape": "slab", "length": "0.6 um"},
                     {"lps": {"where": {"side": "left"}, "law": "butler_volmer", "k0": "1e-7 m/s",
                              "transfer_coefficient": 0.3}},
                     drive=[{"hold": "0.9 V", "until": {"time": "20 s"}},
                            {"rest": True, "until": {"time": "5 s"}}]),
            False, id="reaction, then rest",
        ),
        pytest.param(
            scenario({"shape": "slab", "length": "0.6 um"},
                     {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": "1e-7 m/s",
                              "resistance": "1e-3 ohm m^2"}},
                     drive=[{"current": "-0.1 pA", "until": {"time": "20 s"}}]),
            False, id="current behind a resistance",
        ),
    ],
)  # fmt: skip
def test_same_answer_as_the_native_engine(case, two_phases):
    native, fipy = both(case)
    assert_same_lithium(native, fipy, 1e-9)
    np.testing.assert_allclose(fipy.li_fraction, native.li_fraction, atol=1e-6)
    np.testing.assert_allclose(fipy.potential, native.potential, atol=1e-6)
    assert fipy.attrs["steps"] == native.attrs["steps"]
    if two_phases:
        front = transformed(native)[-1, 0, native.sizes["y"] // 2].sum()
        assert 1.0 < front < native.sizes["x"] - 2.0


@pytest.mark.parametrize("shape", ["cylinder", "sphere"])
def test_shrinking_core_within_half_a_cell_of_the_native_engine(shape):
    case = scenario({"shape": shape, "radius": "0.3 um"}, {"rim": {"where": {"side": "outer"}}}, "5 nm")
    native, fipy = both(case)
    assert_same_lithium(native, fipy, 5e-3)
    power = 2 if shape == "cylinder" else 3
    share = (native.cell_volume / native.cell_volume.sum()).values
    cores = [
        (1.0 - (transformed(run) * share).sum(axis=(1, 2, 3))) ** (1.0 / power) * 60.0
        for run in (native, fipy)
    ]
    assert cores[0][-1] < 50.0  # cells
    assert np.abs(cores[0] - cores[1]).max() < 0.5


# ---- against exact fronts ---------------------------------------------------------------------------------


@pytest.fixture
def tracks_by_fipy(monkeypatch):
    """Let the validation cases march with FiPy."""
    meshes = {}

    def remember(mesh):
        grid = make_grid(mesh)
        meshes[id(grid)] = mesh
        return grid

    monkeypatch.setattr(track, "make_grid", remember)
    monkeypatch.setattr(track, "ImplicitStepper", lambda grid: FiPyStepper(meshes[id(grid)], grid))


@pytest.mark.parametrize(
    ("A", "B", "phi", "insertion"), [(0.1, 0.0, 1.0, True), (0.5, 0.1, 100.0, False), (0.1, 0.1, 1.0, True)]
)
def test_planar_front_is_wagner_s(tracks_by_fipy, A, B, phi, insertion):
    found = planar_track(planar_front(A, B, phi, insertion=insertion), 100, start=0.1 if B else 0.0)
    assert found.worst < 2e-3
    assert found.counters.worst_balance_error < 1e-14


@pytest.mark.parametrize("geometry", ["cylinder", "sphere"])
def test_core_shrinks_as_the_exact_one(tracks_by_fipy, geometry):
    core = ShrinkingCore(geometry, 1e-6, 1e-16, 0.1)
    cells = 100
    found = radial_track(core, cells, end=0.3)
    assert np.abs(found.position - found.exact).max() < 0.5 * 1e-6 / cells


# ---- against plain FiPy -----------------------------------------------------------------------------------


def strip(cells=30):
    """A slab of cells of 10 nm, its grid and a stepper."""
    case = scenario({"shape": "slab", "length": f"{10 * cells} nm"}, LEFT)
    mesh = build_model(case).mesh
    grid = make_grid(mesh)
    return mesh, grid, FiPyStepper(mesh, grid)


def held(w, transfer=math.inf, d_poor=1e-16, d_rich=1e-16):
    return Conditions(0.05, 0.95, d_poor, d_rich, np.array([w]), np.array([transfer]), np.zeros(1))


def test_one_phase_is_a_transient_and_a_diffusion_term():
    mesh, grid, stepper = strip()
    fp = load_fipy()
    line = fp.Grid1D(dx=1e-8, nx=30)
    x = fp.CellVariable(mesh=line, value=0.01, hasOld=True)
    x.constrain(0.05 - 0.02, where=line.facesLeft)
    equation = fp.TransientTerm() == fp.DiffusionTerm(coeff=1e-16)
    padded = grid.pad(np.full(mesh.shape, 0.01))
    taken = 0.0
    for dt in (0.5, 2.0, 5.0):
        x.updateOld()
        equation.solve(var=x, dt=dt, solver=fp.solvers.scipy.LinearLUSolver(tolerance=1e-14))
        result = stepper.step(padded, dt, held(-0.02))
        padded, taken = result.x, taken + result.uptake.sum()
    np.testing.assert_allclose(grid.unpad(padded).ravel(), x.value, rtol=1e-10)
    assert taken == pytest.approx(float((mesh.volume.ravel() * (x.value - 0.01)).sum()), rel=1e-10)


def test_two_phases_are_source_terms_swept_to_the_end():
    mesh, grid, stepper = strip()
    fp = load_fipy()
    d_poor, d_rich, dt = 4e-16, 1e-16, 30.0
    start = np.concatenate([np.linspace(0.99, 0.951, 8), [0.9], np.linspace(0.0499, 0.03, 21)])
    line = fp.Grid1D(dx=1e-8, nx=30)
    u, slope, source = (fp.CellVariable(mesh=line, value=0.0) for _ in range(3))
    u.constrain(d_rich * 0.045, where=line.facesLeft)
    equation = fp.ImplicitSourceTerm(coeff=slope) == fp.DiffusionTerm(coeff=1.0) + source
    x = start.copy()
    for _ in range(30):
        liquid, solid = x > 0.95, x < 0.05
        slope.setValue(np.where(liquid, 1.0 / d_rich, np.where(solid, 1.0 / d_poor, 1e30)) / dt)
        edge = np.where(liquid, 0.95, np.where(solid, 0.05, x))
        source.setValue((start - edge) / dt)
        equation.solve(var=u, solver=fp.solvers.scipy.LinearLUSolver(tolerance=0.0, criterion="unscaled"))
        new = edge + slope.value * dt * u.value
        x, last = np.where((liquid & (new < 0.95)) | (solid & (new > 0.05)), edge, new), x
        if np.abs(x - last).max() < 1e-14:
            break
    result = stepper.step(grid.pad(start.reshape(mesh.shape)), dt, held(0.045, d_poor=d_poor, d_rich=d_rich))
    assert result.settled
    assert np.count_nonzero((start > 0.95) != (x > 0.95)) + np.count_nonzero((start < 0.05) != (x < 0.05)) > 0
    np.testing.assert_allclose(grid.unpad(result.x).ravel(), x, atol=1e-9)


# ---- meshes -----------------------------------------------------------------------------------------------


def uneven_box(shape, growth=1.15):
    """Cells that grow along every axis, contacts on parts of the sides x = 0 and y = 0."""
    nz, ny, nx = shape
    z, y, x = (np.concatenate([[0.0], np.cumsum(1e-8 * growth ** np.arange(n))]) for n in shape)
    dz, dy, dx = (np.diff(f) for f in (z, y, x))
    size = dz[:, None, None], dy[None, :, None], dx[None, None, :]
    volume = size[0] * size[1] * size[2]
    conductances = []
    for axis, width in ((2, dx), (1, dy), (0, dz)):
        g = np.zeros(shape)
        at = [slice(None)] * 3
        at[axis] = slice(0, -1)
        form = [1, 1, 1]
        form[axis] = -1
        reach = 0.5 * (width[1:] + width[:-1]).reshape(form)
        g[tuple(at)] = (volume / size[2 - (2 - axis)])[tuple(at)] / reach
        conductances.append(g)
    left = np.array([[k, j, 0] for k in range(nz) for j in range(ny // 2 or 1)])
    faces = [
        ContactFaces(
            "left", left, dz[left[:, 0]] * dy[left[:, 1]], 2.0 * dz[left[:, 0]] * dy[left[:, 1]] / dx[0]
        )
    ]
    if ny > 1:
        top = np.array([[k, 0, i] for k in range(nz) for i in range(nx // 2)])
        area = 0.5 * dz[top[:, 0]] * dx[top[:, 2]]
        faces.append(ContactFaces("top", top, area, 2.0 * area / dy[0]))
    return Mesh(x, y, z, volume, *conductances, tuple(faces), False)


@pytest.mark.parametrize("shape", [(1, 1, 12), (1, 7, 9), (3, 5, 6)])
def test_uneven_cells(shape):
    mesh = uneven_box(shape)
    grid = make_grid(mesh)
    fipy, native = FiPyStepper(mesh, grid), ImplicitStepper(grid)
    np.testing.assert_allclose(fipy.mesh.volume * fipy.mesh.measure, mesh.volume.ravel(), rtol=1e-12)
    faces = grid.contact_cell.size
    conditions = Conditions(
        0.05,
        0.95,
        2e-16,
        1e-16,
        np.full(faces, 0.04),
        np.where(np.arange(faces) % 2, 1e-7, math.inf),
        np.zeros(faces),
    )
    x = [grid.pad(np.full(mesh.shape, 0.03))] * 2
    for _ in range(8):
        results = [s.step(v, 2.0, conditions) for s, v in zip((fipy, native), x, strict=True)]
        x = [r.x for r in results]
        assert all(r.settled for r in results)
        np.testing.assert_allclose(results[0].uptake, results[1].uptake, rtol=1e-8, atol=1e-36)
    np.testing.assert_allclose(x[0], x[1], atol=1e-10)
    assert x[0].max() > 0.95


def test_uneven_shells_have_the_exact_volumes():
    r = np.concatenate([[0.0], np.cumsum(np.linspace(2e-8, 1e-8, 12))])
    middle = 0.5 * (r[1:] + r[:-1])
    for area, volume, reach in (
        (2.0 * math.pi * r * 1e-7, math.pi * 1e-7 * np.diff(r**2), 1e-7),
        (4.0 * math.pi * r**2, 4.0 / 3.0 * math.pi * np.diff(r**3), 2.0 * r[-1]),
    ):
        inner = np.append(area[1:-1] / np.diff(middle), 0.0).reshape(1, 1, -1)
        none = np.zeros(inner.shape)
        rim = ContactFaces("rim", np.array([[0, 0, 11]]), area[-1:], area[-1:] / (r[-1] - middle[-1]))
        mesh = Mesh(
            r, np.array([0.0, r[-1]]), np.array([0.0, reach]), volume.reshape(1, 1, -1), inner, none,
            none.copy(), (rim,), False,
        )  # fmt: skip
        stepper = FiPyStepper(mesh, make_grid(mesh))
        np.testing.assert_allclose(stepper.mesh.volume * stepper.mesh.measure, volume, rtol=1e-12)
        scale = stepper.mesh.measure / stepper.mesh.length**2
        np.testing.assert_allclose(stepper.mesh.conductance * scale, inner.ravel()[:-1], rtol=1e-12)


# ---- the step ---------------------------------------------------------------------------------------------


def test_a_step_depends_on_nothing_before_it():
    mesh, grid, stepper = strip()
    x = grid.pad(np.full(mesh.shape, 0.049))
    first = stepper.step(x, 20.0, held(0.04))
    stepper.step(first.x, 7.0, held(-0.04))
    again = stepper.step(x, 20.0, held(0.04))
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.uptake, again.uptake)


def test_sweeps_that_do_not_end_are_said_to_be_unsettled(monkeypatch):
    mesh, grid, stepper = strip()
    x = grid.pad(np.full(mesh.shape, 0.049))
    full = stepper.step(x, 200.0, held(0.04))
    assert full.settled
    assert full.newton_iterations > 1
    monkeypatch.setattr(fipy_engine, "_SWEEPS", 1)
    assert not stepper.step(x, 200.0, held(0.04)).settled


def test_the_overshoot_allowed_after_many_sweeps_does_not_show(monkeypatch):
    mesh, grid, stepper = strip()
    x = grid.pad(np.full(mesh.shape, 0.05))
    conditions = held(0.04, d_poor=1e-14)
    for _ in range(4):
        strict = stepper.step(x, 30.0, conditions)
        monkeypatch.setattr(fipy_engine, "_STRICT", 0)
        loose = stepper.step(x, 30.0, conditions)
        monkeypatch.undo()
        assert strict.settled
        assert loose.settled
        np.testing.assert_allclose(loose.x, strict.x, atol=1e-8)
        x = strict.x
    assert x.max() > 0.95


@pytest.mark.parametrize("multigrid", [False, True][: 1 + (find_spec("pyamg") is not None)])
def test_iterative_solvers_give_what_the_direct_one_gives(monkeypatch, multigrid):
    if not multigrid:
        monkeypatch.setattr(fipy_engine, "find_spec", lambda name: None)
    mesh = build_model(scenario(RECTANGLE, MIDDLE_OF_LEFT, "20 nm")).mesh
    grid = make_grid(mesh)
    direct = FiPyStepper(mesh, grid)
    monkeypatch.setattr(fipy_engine, "_DIRECT", {1: 0, 2: 0, 3: 0})
    monkeypatch.setattr(fipy_engine, "_BEFORE_MULTIGRID", 0)
    iterative = FiPyStepper(mesh, grid)
    faces = grid.contact_cell.size
    conditions = Conditions(
        0.05, 0.95, 1e-14, 1e-16, np.full(faces, 0.04), np.full(faces, math.inf), np.zeros(faces)
    )
    x = grid.pad(np.full(mesh.shape, 0.03))
    work = np.zeros(2)
    for _ in range(4):
        one, other = (s.step(x, 20.0, conditions) for s in (direct, iterative))
        np.testing.assert_allclose(other.x, one.x, atol=1e-10)
        taken = float((mesh.volume * grid.unpad(other.x - x)).sum())
        assert taken == pytest.approx(other.uptake.sum(), rel=1e-12)
        x = other.x
        work += other.newton_iterations, other.linear_iterations
    assert x.max() > 0.95
    assert work[1] > 4 * work[0]


def test_a_linear_solver_that_gives_up_is_unsettled(monkeypatch):
    monkeypatch.setattr(fipy_engine, "_DIRECT", {1: 0, 2: 0, 3: 0})
    mesh, grid, stepper = strip()
    stepper._system.solver.iterations = 1
    assert not stepper.step(grid.pad(np.full(mesh.shape, 0.04)), 5.0, held(-0.04)).settled


# ---- what is refused, and how FiPy is imported ------------------------------------------------------------


LAW = {"at": "1e-21 m^3/s", "reference": "30 degC", "Ea": "0.5 eV"}
WEDGE = {"thickness": {"wedge": ["100 nm", "200 nm"], "axis": "x"}}
GRAIN = {"g1": {"line": [["0.3 um", "0 um"], ["0.3 um", "0.4 um"]], "along": LAW}}
CIRCLE = {"shape": "circle", "radius": "0.2 um"}


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (scenario(CIRCLE, {"lps": {"where": {"arc": ["0 um", "0.3 um"]}}}, "20 nm"), "specimen.outline"),
        (scenario(RECTANGLE, LEFT, "40 nm", surface={"perimeter": LAW}), "surface.perimeter"),
        (scenario(RECTANGLE, LEFT, "40 nm", surface={"faces": LAW}), "surface.faces"),
        (scenario(RECTANGLE, LEFT, "40 nm", grain_boundaries=GRAIN), "grain_boundaries"),
        (scenario(RECTANGLE, LEFT, "40 nm", specimen=WEDGE), "specimen.thickness"),
        (scenario({"shape": "slab", "length": "0.6 um"}, LEFT, specimen=WEDGE), "specimen.thickness"),
    ],
)
def test_refused_when_planned(case, field):
    plan_run(case)
    with pytest.raises(InputError, match=r"numerics\.engine") as refused:
        plan_run(case.with_values({"numerics.engine": "fipy"}))
    assert refused.value.field == field
    assert "\n" not in str(refused.value)


def test_the_import_ignores_the_program_s_arguments_and_environment():
    code = (
        "import sys, lto_sim as lto\n"
        "sys.argv = ['lto-sim', 'run', '--petsc', '--inline', '--numberOfElements=3']\n"
        "s = lto.Scenario.from_dict({'material': 'lto', 'temperature': '30 degC', 'initial': 0.0,\n"
        " 'specimen': {'outline': {'shape': 'slab', 'length': '50 nm'}, 'thickness': 1e-7, 'cell': 1e-8},\n"
        " 'contacts': {'a': {'where': {'side': 'left'}}},\n"
        " 'drive': [{'hold': '0.4 V', 'until': {'time': '1 s'}}]})\n"
        "assert 'fipy' not in sys.modules\n"
        "lto.simulate(s)\n"
        "assert 'fipy' not in sys.modules\n"
        "print(lto.simulate(s.with_values({'numerics.engine': 'fipy'})).attrs['status'], len(sys.argv))\n"
    )
    environment = os.environ | {"FIPY_SOLVERS": "trilinos"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "0 5\n", done.stderr
    assert done.stderr == ""
