"""Ready scenarios: each is a plan, the fast ones run and show what their comments promise."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import xarray as xr

from lto_sim.electrochemistry import drive_steps, fit_gitt
from lto_sim.errors import InputError
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario import Scenario, build_material
from lto_sim.scenario.ready import ready_names, ready_scenario, ready_text
from lto_sim.study import RunResult
from lto_sim.study.lamella.fronts import grown_fraction, mean_front
from lto_sim.study.lamella.shells import rim_of
from lto_sim.study.regimes import REGIMES, expected, front_view, regime_measures, shell_index
from lto_sim.transport import plan_run, simulate

OWN = (
    "constant_current_constant_voltage", "cyclic_voltammetry", "gitt", "planar_extraction",
    "core_shell", "grain_boundary", "partial_contact", "shrinking_cylinder", "shrinking_sphere", "wedge",
)  # fmt: skip
ASKED_FOR = ("paper_programme", "two_contacts_cc", "two_contacts_cv")


@pytest.mark.parametrize("name", ready_names())
def test_every_ready_scenario_is_a_plan_with_a_title_and_comments(name: str) -> None:
    text = ready_text(name)
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 120
    scenario = ready_scenario(name)
    assert scenario == Scenario.from_dict(tomllib.loads(text))
    assert scenario.title
    assert "\n" not in scenario.title
    plan = plan_run(scenario)
    assert plan.cells > 0
    assert plan.states > 1


def test_names_are_sorted_and_those_of_this_file_are_there() -> None:
    assert list(ready_names()) == sorted(ready_names())
    assert {*OWN, *ASKED_FOR} == set(ready_names())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cyclic_voltametry", "did you mean cyclic_voltammetry?"),
        ("git", "did you mean gitt?"),
        ("planar", "did you mean planar_extraction?"),
        ("shrinking_cilinder", "did you mean shrinking_cylinder?"),
        ("zzz", "`lto-sim scenarios` lists them"),
        ("../lto", "`lto-sim scenarios` lists them"),
        ("", "`lto-sim scenarios` lists them"),
    ],
)
def test_an_unknown_name_is_refused_with_a_hint(name: str, words: str) -> None:
    for read in (ready_text, ready_scenario):
        with pytest.raises(InputError) as caught:
            read(name)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def runs() -> dict[str, xr.Dataset]:
    """The fast ones; GITT with two pulses."""
    short = {"gitt": {"drive.1.gitt.pulses": 2}}
    return {name: simulate(ready_scenario(name).with_values(short.get(name, {}))) for name in OWN[:3]}


def test_fast_ones_finish_in_balance(runs: dict[str, xr.Dataset]) -> None:
    for name, run in runs.items():
        assert run.attrs["status_meaning"] == "finished", name
        assert run.attrs["worst_balance_error"] < 1e-13, name
        assert len(drive_steps(run)) == len(ready_scenario(name).steps) or name == "gitt"


def test_cyclic_voltammetry_has_a_peak_on_either_side_of_the_plateau(runs: dict[str, xr.Dataset]) -> None:
    run = runs["cyclic_voltammetry"]
    current, potential = run["current"].values, run["potential"].values
    plateau = run.attrs["plateau_V"]
    for step, sign in ((0, 1.0), (1, -1.0), (2, 1.0)):
        mine = run["drive_step"].values == step
        peak = np.argmax(sign * current[mine])
        assert sign * current[mine][peak] > 0.0
        assert sign * (potential[mine][peak] - plateau) > 0.05
        assert potential[mine].min() >= 0.4 - 1e-12
        assert potential[mine].max() <= 1.6 + 1e-12


def test_constant_current_ends_by_potential_and_constant_voltage_by_current(
    runs: dict[str, xr.Dataset],
) -> None:
    run = runs["constant_current_constant_voltage"]
    steps = drive_steps(run)
    assert [step.kind for step in steps] == ["current", "hold", "rest"] * 4
    assert [step.ended_by for step in steps] == ["potential", "current", "time"] * 4
    for step, held in zip(steps[0::3], (1.3, 0.6) * 2, strict=True):
        mine = run["drive_step"].values == step.number
        assert run["potential"].values[mine][-1] == pytest.approx(held, abs=1e-3)
        np.testing.assert_allclose(run["current"].values[mine], step.value, rtol=1e-6)
    # charge and discharge of the second cycle are alike, as the first leaves the particle where it began
    before, full, after = np.interp(
        [steps[6].start, steps[8].end, steps[11].end], run["time_fine"], run["charge"]
    )
    np.testing.assert_allclose(full - before, full - after, rtol=0.01)


def test_gitt_returns_the_diffusivity_that_was_put_in(runs: dict[str, xr.Dataset]) -> None:
    true = ready_scenario("gitt").material.D_Li4.at
    result = fit_gitt(runs["gitt"])
    assert len(result.pulses) == 2
    np.testing.assert_allclose([pulse.D or 0.0 for pulse in result.pulses], true, rtol=0.02)


def noise_free(name: str, **values: object) -> tuple[Scenario, xr.Dataset]:
    """A ready scenario, changed, and its run without recorded frames."""
    scenario = ready_scenario(name).with_values(values)
    scenario = Scenario.from_dict({k: v for k, v in scenario.to_dict().items() if k != "scan"})
    run = simulate(scenario)
    assert run.attrs["worst_balance_error"] < 1e-13
    return scenario, run


def rim_contrast(scenario: Scenario, run: xr.Dataset) -> float:
    """Projected li fraction of the rim less that of the core at half of the lithium."""
    cell = 2.0 * float(run["x"][0])
    lithium = run["li_fraction"].values.mean(axis=1)
    return rim_of(grown_fraction(run, scenario), lithium, run["time"].values, cell, 0.17).contrast


def test_core_and_shell_needs_a_perimeter_that_conducts_much_better_than_the_faces() -> None:
    scenario, run = noise_free("core_shell")
    assert run.attrs["status_meaning"].startswith("finished")
    assert run.attrs["cells"] < 5000
    view = front_view(run, scenario)
    assert shell_index(view) > 0.4
    visible = rim_contrast(scenario, run)
    assert visible > 0.17  # the noise of one pixel at 71 pA
    at = scenario.surface.perimeter.at if scenario.surface and scenario.surface.perimeter else 0.0
    alike = noise_free("core_shell", **{"surface.faces.at": at})  # as its comment says
    assert rim_contrast(*alike) < 0.5 * visible
    planar, extracted = noise_free(
        "core_shell", **{"initial": 1.0, "drive.0.hold": 1.6, "drive.0.until": {"time": 12.0}}
    )
    assert abs(shell_index(front_view(extracted, planar), 0.4)) < 0.05
    assert REGIMES[expected(scenario).regime] in {"perimeter-led", "both"}


def test_the_wedge_has_k_of_bulk_and_faces_at_both_thicknesses() -> None:
    scenario, run = noise_free("wedge")
    even = scenario.with_values({"specimen.thickness": 150e-9})
    length, k_bulk = expected(even).surface_length, true_rate(even).k_bulk
    grown = grown_fraction(run, scenario)
    rows, time = run["y"].values, run["time"].values
    for place in (0.3e-6, 2.1e-6):
        row = int(np.argmin(np.abs(rows - place)))
        thickness = float(run["thickness"].values[row, 0])
        front = mean_front(grown[:, :, row : row + 1], 2.0 * float(run["x"][0]))
        late = front > 0.5 * front[-1]
        k = 0.5 * float(np.polyfit(time[late], front[late] ** 2, 1)[0])
        assert k == pytest.approx(k_bulk * (1.0 + 2.0 * length / thickness), rel=0.05)


def test_a_seam_of_lithium_runs_ahead_along_the_grain_boundary() -> None:
    scenario, run = noise_free("grain_boundary", **{"specimen.cell": "50 nm"})
    fronts = grown_fraction(run, scenario)[:, 0].sum(axis=2) * 2.0 * float(run["x"][0])
    state = int(np.argmin(np.abs(fronts.mean(axis=1) - 0.5e-6)))
    middle = fronts.shape[1] // 2
    assert fronts[state, middle - 1 : middle + 1].mean() > 1.7 * fronts[state, [0, -1]].mean()


def test_a_partial_contact_bends_the_front_and_lowers_k_along_its_normal() -> None:
    scenario, run = noise_free("partial_contact", **{"specimen.cell": "40 nm"})
    found = regime_measures(RunResult(scenario, run))
    assert shell_index(front_view(run, scenario), 0.2) < -0.2
    assert 0.4 < found["k_over_bulk"] < 0.9


@pytest.mark.parametrize("shape", ["cylinder", "sphere"])
def test_shrinking_cores_are_the_exact_ones(shape: str) -> None:
    scenario, run = noise_free(f"shrinking_{shape}")
    true = true_rate(scenario)
    diffusivity = build_material(scenario).rich.diffusivity(scenario.temperature)
    core = ShrinkingCore(shape, 5e-7, diffusivity, true.excess)
    volume, grown = run["cell_volume"].values, grown_fraction(run, scenario)
    left = 1.0 - (volume * grown).sum(axis=(1, 2, 3)) / volume.sum()
    radius = np.clip(left, 0.0, None) ** (1.0 / (2 if shape == "cylinder" else 3))
    time = run["time"].values
    for part in (0.75, 0.5, 0.25):
        found = float(np.interp(-part, -radius, time))
        assert found == pytest.approx(float(core.time_at(part * 5e-7)), rel=0.03), part
