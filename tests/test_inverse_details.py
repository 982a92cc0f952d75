"""Details of fits of maps that intervals hang on: chains of derivatives, drives, cells, priors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.execution import Workers
from lto_sim.inverse import FreeParameter, ParameterSet, fit_late_rates, fit_maps
from lto_sim.inverse.experiment import MapExperiment, read_experiment, timed
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.free import free_parameters
from lto_sim.inverse.inputs import RunInputs
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.search import minimise
from lto_sim.scenario import Scenario
from lto_sim.transport.visits import PixelGrid, visit

Floats = NDArray[np.float64]


def particle(**values: Any) -> Scenario:
    """Insertion into a small lamella whose faces conduct."""
    return Scenario.from_dict(
        {
            "material": "lto", "temperature": 348.15, "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": 0.6e-6, "height": 0.2e-6}, "thickness": 150e-9,
                "cell": 25e-9,
            },
            "surface": {"faces": {"at": 1e-23, "reference": 348.15, "Ea": 0.0}},
            "contacts": {"lps": {"where": {"side": "left"}}},
            "drive": [{"hold": 1.6, "until": {"time": 4.0}}],
            "scan": {"frame_time": 0.4, "pixels": [16, 4]}, "output": {"restart": "none"},
        }
    ).with_values(values)  # fmt: skip


def blank(scenario: Scenario, frames: int = 8, value: float = 0.5) -> xr.Dataset:
    """Maps on the pixels of a scenario, all of one value."""
    columns, rows = scenario.to_dict()["scan"]["pixels"]
    width, height = 0.6e-6, 0.2e-6
    frame = float(scenario.to_dict()["scan"]["frame_time"])
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), np.full((frames, rows, columns), value)),
            "li_fraction_std": (("time", "y", "x"), np.full((frames, rows, columns), 0.1)),
        },
        {
            "time": frame * np.arange(frames), "y": (np.arange(rows) + 0.5) * height / rows,
            "x": (np.arange(columns) + 0.5) * width / columns,
        },
    )  # fmt: skip


def inputs(scenario: Scenario, free: Any, ties: dict[str, str] | None = None) -> tuple[RunInputs, Floats]:
    experiment = read_experiment(blank(scenario), scenario)
    parameters = free_parameters(free, [experiment], ties)
    mapping = timed(scenario, float(experiment.when.max())).to_dict()
    return RunInputs(0, experiment, parameters, mapping), parameters.start


# Chains of derivatives


@pytest.mark.parametrize(("expression", "power"), [("", 1.0), ("**2", 2.0), ("**-1", -1.0)])
def test_ties_to_lengths_have_the_right_derivative(expression: str, power: float) -> None:
    tie = {"surface.faces.at": f"1e-23 * (specimen.thickness / 150e-9){expression}"}
    run, theta = inputs(particle(), ["specimen.thickness"], tie)
    assert run.chain(theta)["surface.faces"][0] == pytest.approx(power / 150e-9, rel=1e-5)


def test_a_tied_rate_that_leaves_the_positive_numbers_is_one_line() -> None:
    experiment = read_experiment(blank(particle()), particle())
    tie = {"surface.faces.at": "1e-23 * (specimen.thickness / 100e-9 - 1)"}
    parameters = free_parameters(["specimen.thickness"], [experiment], tie)
    with pytest.raises(InputError, match="stays above 0"):
        parameters.values(np.array([90e-9]))


def test_a_free_temperature_does_not_count_twice() -> None:
    run, theta = inputs(particle(), ["material.D_Li4.at", "temperature"])
    assert set(run.local(theta)) == {"material.D_Li4.at", "temperature"}
    chain = run.chain(theta)
    np.testing.assert_allclose(chain["temperature"], [0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(chain["material.D_Li4.at"], [1.0, 0.0], atol=1e-9)


def test_activated_values_chain_to_at_and_energy() -> None:
    scenario = particle(temperature=318.15)
    run, theta = inputs(scenario, ["material.D_Li4.at", "material.D_Li4.Ea"])
    reference = scenario.material.D_Li4.reference
    slope = -(1.0 / 318.15 - 1.0 / reference) / 8.31446261815324
    np.testing.assert_allclose(run.chain(theta)["material.D_Li4"], [1.0, slope], rtol=1e-6)


def test_numbers_in_ties_are_the_same_in_all_recordings() -> None:
    scenarios = [particle(), particle(**{"specimen.thickness": 75e-9})]
    with pytest.raises(InputError, match="one value in all"):
        fit_maps(
            [blank(s) for s in scenarios], scenarios, ["material.D_Li4.at"],
            ties={"surface.faces.at": "1e-23 * specimen.thickness / 150e-9"},
        )  # fmt: skip


# Drives


def objective_after(rest: float) -> tuple[MapObjective, Floats]:
    """Hold after a rest; the maps begin with the hold."""
    drive = [{"hold": 1.6, "until": {"time": 4.0}}]
    if rest > 0.0:
        drive.insert(0, {"rest": True, "until": {"time": rest}})
    scenario = particle(drive=drive)
    maps = blank(scenario)
    maps = maps.assign_coords(time=maps["time"] + rest)
    experiment = read_experiment(maps, scenario)
    parameters = free_parameters(["maps.start_time"], [experiment])
    objective = MapObjective([experiment], parameters, Runner(Workers(1)))
    objective.freeze(parameters.start)
    return objective, parameters.start


def test_derivatives_in_time_do_not_depend_on_what_was_before_the_step() -> None:
    slopes = []
    for rest in (0.0, 200.0):
        objective, theta = objective_after(rest)
        slopes.append(objective.jacobian(theta)[:, 0])
    np.testing.assert_allclose(slopes[1], slopes[0], atol=0.02 * np.abs(slopes[0]).max())


def test_a_drive_that_ends_in_a_group_goes_on_as_it_ended() -> None:
    group = {
        "repeat": {
            "times": 2,
            "steps": [{"rest": True, "until": {"time": 1.0}}, {"hold": 1.6, "until": {"time": 1.0}}],
        }
    }
    longer = timed(particle(drive=[group]), 10.0)
    assert longer.duration >= 10.0
    assert longer.steps[-1].kind == "hold"
    assert longer.steps[-1].value == 1.6


def test_a_step_that_something_else_than_time_ends_is_refused_but_for_a_last_hold() -> None:
    early = [
        {"hold": 1.6, "until": {"time": 2.0, "li_fraction": 0.5}},
        {"rest": True, "until": {"time": 1.0}},
    ]
    with pytest.raises(InputError, match="time alone"):
        timed(particle(drive=early), 3.0)
    last = timed(particle(drive=[{"hold": 1.6, "until": {"li_fraction": 0.1}}]), 3.0)
    assert last.steps[0].until.li_fraction is None
    assert last.duration >= 3.0


def test_a_run_along_its_own_steps_is_the_same_run() -> None:
    scenario = timed(particle(), 4.0)
    grid = PixelGrid(np.linspace(0.0, 0.6e-6, 17), np.linspace(0.0, 0.2e-6, 5))
    times = np.linspace(0.0, 4.0, 9)[:, None, None] + np.zeros((4, 16))
    free = visit(scenario, grid, times)
    again = visit(scenario, grid, times, free.steps)
    np.testing.assert_allclose(again.values, free.values, atol=1e-6)
    np.testing.assert_allclose(again.steps, free.steps, rtol=1e-12)
    rough = visit(scenario, grid, times, free.steps[::3])
    assert rough.failure == ""
    assert np.abs(rough.values - free.values).mean() < 0.02


def test_files_that_a_scenario_names_are_part_of_what_a_run_is_known_by(tmp_path: Path) -> None:
    path = tmp_path / "start.npy"
    np.save(path, np.full((8, 24), 1.0))
    scenario = particle(initial=str(path))

    def stamp() -> str:
        return MapExperiment(
            scenario, np.zeros((1, 1, 1)), None, np.zeros(1), np.zeros((1, 1)), np.zeros(2), np.zeros(2), 0.0
        ).stamp

    first = stamp()
    np.save(path, np.full((8, 24), 0.9))
    assert stamp() != first


# Fronts in pixels


def test_lithium_is_kept_and_planar_fronts_are_sharp() -> None:
    """A front within a cell is seen within a quarter of it, where a cell spread evenly would blur it."""
    from lto_sim.transport.projection import PixelProjection

    faces_x, faces_y = np.linspace(0.0, 400e-9, 21), np.linspace(0.0, 100e-9, 6)
    volume = np.full((1, 5, 20), 1e-7)
    x = np.full((1, 5, 20), 0.05)
    x[:, :, :7], x[:, :, 7] = 0.95, 0.05 + 0.9 * 0.4  # the front is 148 nm from the left
    edges = np.linspace(0.0, 400e-9, 81)
    projection = PixelProjection(faces_x, faces_y, edges, np.array([0.0, 100e-9]), volume)
    image = projection.lithium(x, 0.05, 0.95)[0] / projection.columns(volume.sum(axis=0))[0]
    even = (projection.columns((volume * x).sum(axis=0)) / projection.columns(volume.sum(axis=0)))[0]
    assert image.sum() == pytest.approx(even.sum(), rel=1e-12)
    centre = 0.5 * (edges[1:] + edges[:-1])
    np.testing.assert_allclose(image[centre < 140e-9 + 5e-9], 0.95, rtol=1e-12)
    np.testing.assert_allclose(image[centre > 150e-9], 0.05, atol=1e-12)
    assert even[np.argmin(np.abs(centre - 157.5e-9))] == pytest.approx(0.41)


# Cells, priors, searches


def test_an_outline_that_cells_cut_is_extrapolated_too() -> None:
    scenario = particle().with_values(
        {"specimen.outline": {"shape": "circle", "radius": 0.3e-6}, "contacts.lps.where": {"side": "all"},
         "scan.pixels": [16, 16], "specimen.cell": 30e-9}
    )  # fmt: skip
    mapping = scenario.to_dict()
    del mapping["surface"]
    scenario = Scenario.from_dict(mapping)
    maps = lto.render_maps(lto.simulate(scenario.with_values({"specimen.cell": 15e-9})), noise=0.2, rng=1)
    found = fit_maps(maps, scenario, ["material.D_Li4.at"], processes=1)
    assert not found.failures
    assert found.parts["cells"][0] > 0.0
    truth = math.log(scenario.material.D_Li4.at)
    assert abs(found.theta[0] - truth) < 3.0 * math.sqrt(found.covariance[0, 0])


def test_a_prior_alone_is_returned_where_the_maps_say_nothing() -> None:
    """At one temperature at and Ea are one number: Ea keeps the deviation of its prior."""
    scenario = particle()
    mapping = scenario.to_dict()
    del mapping["surface"]
    scenario = Scenario.from_dict(mapping)
    maps = lto.render_maps(lto.simulate(scenario), noise=0.05, rng=1).drop_vars("li_fraction_std")
    energy = scenario.material.D_Li4.Ea
    free = {"material.D_Li4.at": {}, "material.D_Li4.Ea": {"prior": (energy, 2000.0)}}
    found = fit_maps(maps, scenario, free, processes=1, cells=False)
    assert found.std["material.D_Li4.Ea"] == pytest.approx(2000.0, rel=1e-3)


class _WrongSlope:
    """A parabola whose derivative has the wrong sign."""

    parameters = ParameterSet((FreeParameter("material.windows.x4", 0.5, 0.0, 1.0),))

    def residuals(self, theta: Floats) -> Floats:
        return np.array([10.0 * theta[0], 3.0])

    def jacobian(self, theta: Floats) -> Floats:
        return np.array([[-10.0], [0.0]])


def test_a_search_that_gets_nowhere_is_not_called_converged() -> None:
    assert not minimise(_WrongSlope(), np.array([0.5])).converged


def test_a_start_of_zero_has_a_derivative() -> None:
    scenario = particle(initial=0.0, drive=[{"hold": 0.4, "until": {"time": 100.0}}])
    free = {"specimen.dead_layer.thickness": {"prior": (5e-9, 5e-9)}, "surface.faces.at": {}}
    found = fit_late_rates([4e-16], [1e-17], [scenario], free)
    assert np.isfinite(found.theta).all()
    assert found.std["specimen.dead_layer.thickness"] == pytest.approx(5e-9, rel=0.05)
