"""Ready scenarios: each is a plan, the fast ones run and show what their comments promise."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import xarray as xr

from lto_sim.electrochemistry import drive_steps, fit_gitt
from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.scenario.ready import ready_names, ready_scenario, ready_text
from lto_sim.transport import plan_run, simulate

OWN = ("constant_current_constant_voltage", "cyclic_voltammetry", "gitt", "planar_extraction")


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
    assert set(OWN) <= set(ready_names())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cyclic_voltametry", "did you mean cyclic_voltammetry?"),
        ("git", "did you mean gitt?"),
        ("planar", "did you mean planar_extraction?"),
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
