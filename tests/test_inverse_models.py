"""Models against the same maps, frames left out, and what a further recording would bring: known answers.

Maps are made by the model itself on the same cells, so that the statistics are tested and not the mesh.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.execution import Workers
from lto_sim.inverse import MapFit, fit_maps
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.models.candidates import Model, model_scenario, usual_models
from lto_sim.inverse.models.compare import ModelComparison, compare_models
from lto_sim.inverse.models.deviance import nested_p_value
from lto_sim.inverse.models.left_out import frame_blocks, left_out_deviances, without_block
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.planning.suggest import suggest_measurements
from lto_sim.inverse.search import bent_squares, minimise
from lto_sim.kinetics.corrections import true_rate
from lto_sim.plot.map_models import plot_model_comparison
from lto_sim.reproduce.experiment import Direction, experiment_scenario
from lto_sim.scenario import Scenario
from lto_sim.transport.visits import PixelGrid, visit

FRAMES: Final = 25
NOISE: Final = 0.5
"""Of a pixel: far above what the finite cells and steps do."""
SEEDS: Final = (11, 12, 13)
"""Of the maps whose smaller model is true."""
BULK: Final = "material.D_Li7.at"
FACES: Final = "surface.faces.at"


def small(direction: Direction, height: float, rows: int, cell: float, values: dict[str, Any]) -> Scenario:
    """A particle of 0.8 um with its whole left side on the electrolyte."""
    mapping = experiment_scenario(direction, 75.0).to_dict()
    del mapping["profile"]
    mapping["specimen"]["outline"] = {"shape": "rectangle", "width": 0.8e-6, "height": height}
    mapping["specimen"]["cell"] = cell
    mapping["contacts"] = {"lps": {"where": {"side": "left"}}}
    mapping["scan"] = {"pixels": [24, rows]}
    mapping["drive"] = [{"hold": mapping["drive"][0]["hold"], "until": {"time": 1.0}}]
    scenario = Scenario.from_dict(mapping).with_values(values)
    duration = 0.7 * 0.8e-6**2 / (2.0 * true_rate(scenario).k)
    return scenario.with_values({"drive.0.until.time": duration, "scan.frame_time": duration / FRAMES})


def recorded(scenario: Scenario, seed: int) -> xr.Dataset:
    """Maps of a scenario with noise of known deviation."""
    assert scenario.scan is not None
    columns, rows = scenario.scan.pixels
    outline = scenario.to_dict()["specimen"]["outline"]
    x = np.linspace(0.0, outline["width"], columns + 1)
    y = np.linspace(0.0, outline["height"], rows + 1)
    time = scenario.scan.frame_time * np.arange(FRAMES)
    delay = scenario.scan.dwell * np.arange(rows * columns).reshape(rows, columns)
    run = visit(scenario, PixelGrid(x, y), time[:, None, None] + delay)
    values = run.values + np.random.default_rng(seed).normal(0.0, NOISE, run.values.shape)
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values),
            "li_fraction_std": (("time", "y", "x"), np.full(values.shape, NOISE)),
            "pixel_time": (("y", "x"), delay),
        },
        {"time": time, "y": 0.5 * (y[1:] + y[:-1]), "x": 0.5 * (x[1:] + x[:-1])},
    )


def linear_contact() -> Scenario:
    values = {"contacts.lps.law": "linear", "contacts.lps.k_c": 5e-5}
    return small("extraction", 0.1e-6, 8, 20e-9, values)


def conducting_faces() -> Scenario:
    """Faces that carry 70 % of the insertion k, the tip 7 cells long."""
    mesh = {"specimen.layers": 4, "specimen.symmetry": True, "numerics.front_fraction": 1.0}
    bare = small("insertion", 0.08e-6, 4, 40e-9, mesh)
    law = bare.to_dict()["material"]["D_Li7"]
    inverse = 1.0 / 348.15 - 1.0 / law["reference"]
    there = law["at"] * math.exp(-law["Ea"] / 8.31446261815324 * inverse)
    share = 0.7
    faces = {"at": 0.5 * share * there * 150e-9, "reference": 348.15, "Ea": law["Ea"]}
    return small(
        "insertion", 0.08e-6, 4, 40e-9,
        mesh | {"surface.faces": faces, BULK: (1.0 - share) * law["at"]},
    )  # fmt: skip


LINEAR: Final = {
    "linear": Model(["material.D_Li4.at", "contacts.lps.k_c"]),
    "equilibrium": Model(
        ["material.D_Li4.at"], {"contacts.lps.law": "equilibrium"}, ("contacts.lps.k_c",), within=("linear",)
    ),
}
SURFACES: Final = {
    "faces": Model([BULK, FACES]),
    "none": Model([BULK], without=("surface.faces",), within=("faces",)),
}


def test_p_value_at_the_boundary() -> None:
    assert nested_p_value(2.705543454, 1) == pytest.approx(0.05, rel=1e-8)  # half of chi-square at 10 %
    assert nested_p_value(2.705543454, 1, boundary=False) == pytest.approx(0.10, rel=1e-8)
    assert nested_p_value(0.0, 1) == 1.0
    two = 0.5 * (math.erfc(math.sqrt(2.0)) + math.exp(-2.0))  # chi-square with 1 and 2 degrees at 4
    assert nested_p_value(4.0, 2) == pytest.approx(two, rel=1e-10)
    assert nested_p_value(4.0, 1, freedom=10**7) == pytest.approx(nested_p_value(4.0, 1), rel=1e-5)
    assert nested_p_value(4.0, 1, freedom=5) > nested_p_value(4.0, 1)


def test_deviances_bend_beyond_two_deviations() -> None:
    values = np.array([0.0, 0.1, -20.0])
    assert bent_squares(values).tolist() == pytest.approx([0.0, 0.01, 400.0])
    for loss, far in (("soft_l1", 8.0 * (math.sqrt(101.0) - 1.0)), ("cauchy", 4.0 * math.log(101.0))):
        bent = bent_squares(values, loss)  # type: ignore[arg-type]
        assert bent[1] == pytest.approx(0.01, rel=2e-3)
        assert bent[2] == pytest.approx(far)


def test_usual_models_of_a_scenario() -> None:
    scenario = conducting_faces()
    models = usual_models(scenario, [BULK, FACES])
    assert next(iter(models)) == "conducting faces, contact in equilibrium, no dead layer"
    assert len(models) == 4
    none = models["no surface transport, contact in equilibrium, no dead layer"]
    assert list(none.free) == [BULK]
    surface = model_scenario(scenario, none).surface
    assert surface is None or not surface.conducts
    assert none.within == tuple(
        name for name, model in models.items() if name.startswith("conducting faces") and len(model.free) > 1
    )
    linear = models["conducting faces, linear contact law, no dead layer"]
    changed = model_scenario(scenario, linear).contacts["lps"]
    assert changed.law == "linear"
    assert set(linear.free) == {BULK, FACES, "contacts.lps.k_c"}
    assert len(usual_models(scenario, [BULK, FACES], every=True)) == 8
    back = usual_models(linear_contact(), ["material.D_Li4.at", "contacts.lps.k_c"])
    held = back["contact in equilibrium, no dead layer"]
    assert model_scenario(linear_contact(), held).contacts["lps"].law == "equilibrium"
    assert list(held.free) == ["material.D_Li4.at"]


def test_a_contact_in_equilibrium_is_found() -> None:
    scenario = linear_contact()
    truth = model_scenario(scenario, LINEAR["equilibrium"])
    found = [compare_models(recorded(truth, seed), scenario, LINEAR, processes=1) for seed in SEEDS]
    p_values = [c.test("equilibrium", "linear").p_value for c in found]
    gains = [c.row("linear").aic - c.row("equilibrium").aic for c in found]
    assert sum(p > 0.05 for p in p_values) >= 2, (p_values, gains)
    assert min(p_values) > 1e-3, (p_values, gains)
    assert max(gains) < 6.0  # two for the parameter, and what a search that stops early leaves
    for c, p in zip(found, p_values, strict=True):
        assert c.chosen == ("equilibrium" if p > 0.05 else "linear")


def test_a_contact_with_a_law_is_found() -> None:
    scenario = linear_contact()
    c = compare_models(recorded(scenario, 21), scenario, LINEAR, processes=1)
    assert c.chosen == "linear"
    assert c.alike == ()
    assert c.test("equilibrium", "linear").p_value < 1e-3
    assert c.row("equilibrium").left_out_deviance > c.row("linear").left_out_deviance + 5.0
    fit = c.row("linear").fit
    assert fit is not None
    assert abs(math.log(fit.values["contacts.lps.k_c"] / 5e-5)) < 3.0 * fit.std["contacts.lps.k_c"] / 5e-5
    assert c.row("linear").deviance == pytest.approx(fit.chi_square, rel=1e-12)
    assert c.row("linear").bic - c.row("linear").aic == pytest.approx(2.0 * (math.log(4800) - 2.0))


def test_frames_left_out_agree_with_a_refit_without_them() -> None:
    scenario = linear_contact()
    fit = fit_maps(recorded(scenario, 32), scenario, list(LINEAR["linear"].free), cells=False, processes=1)
    blocks = frame_blocks(fit.objective, 5)
    predicted = left_out_deviances(fit, blocks)
    assert np.sum(blocks, axis=0).tolist() == [1] * fit.objective.size
    deviation = np.sqrt(np.diag(fit.covariance))
    found = []
    for number, block in enumerate(blocks):
        rest = fit.objective.use[0].copy()
        rest[5 * number : 5 * number + 5] = False
        with Workers(1) as workers:
            objective = MapObjective(fit.objective.experiments, fit.parameters, Runner(workers))
            objective.take_pixels_of(SimpleNamespace(use=[rest]))  # type: ignore[arg-type]
            objective.steps = fit.objective.steps
            starts = (fit.minimum.theta, without_block(fit, block))
            again = min((minimise(objective, s, enough=1e-3) for s in starts), key=lambda m: m.cost)
            objective.take_pixels_of(fit.objective)
            there = objective.residuals(again.theta)[block]
        step = without_block(fit, block) - fit.minimum.theta
        real = again.theta - fit.minimum.theta
        found.append((step / deviation, real / deviation, predicted[number], float(there @ there)))
    for moved, refitted, foretold, value in found:
        assert np.abs(moved - refitted).max() < 0.5, found
        assert foretold == pytest.approx(value, abs=1.2), found


def start_at(fit: MapFit) -> dict[str, float]:
    return fit.parameters.values(fit.minimum.theta)


@pytest.fixture(scope="module")
def with_faces() -> tuple[Scenario, xr.Dataset, ModelComparison]:
    scenario = conducting_faces()
    maps = recorded(scenario, 41)
    return scenario, maps, compare_models(maps, scenario, SURFACES, processes=1)


def test_conducting_faces_are_found(with_faces: tuple[Scenario, xr.Dataset, ModelComparison]) -> None:
    c = with_faces[2]
    assert c.chosen == "faces"
    assert c.test("none", "faces").p_value < 1e-10
    assert c.row("none").left_out_deviance > c.row("faces").left_out_deviance + 20.0
    assert c.lines[0].startswith("Faces: what these maps ask for")


def test_no_faces_are_found_where_there_are_none() -> None:
    scenario = conducting_faces().with_values({BULK: 6.62e-16, FACES: 1e-22})
    truth = model_scenario(scenario, SURFACES["none"])
    found = [compare_models(recorded(truth, seed), scenario, SURFACES, processes=1) for seed in SEEDS]
    p_values = [c.test("none", "faces").p_value for c in found]
    gains = [c.row("faces").aic - c.row("none").aic for c in found]
    assert sum(p > 0.05 for p in p_values) >= 2, (p_values, gains)
    assert min(p_values) > 1e-3, (p_values, gains)
    assert sum(c.chosen == "none" for c in found) >= 2


def test_a_suggestion_predicts_a_joint_fit(
    with_faces: tuple[Scenario, xr.Dataset, ModelComparison], tmp_path: Path
) -> None:
    scenario, maps, comparison = with_faces
    fit = comparison.row("faces").fit
    assert fit is not None
    found = suggest_measurements(fit, processes=1, out=tmp_path)
    by_words = {s.candidate.words: s for s in found}
    assert [s.least_known_after for s in found] == sorted(s.least_known_after for s in found)
    again = by_words["the same recording again"]
    for name in fit.names:
        assert again.after[name] == pytest.approx(again.before[name] / math.sqrt(2.0), rel=0.03)
    thin = by_words["a second lamella of 75 nm"]
    at = scenario.with_values(start_at(fit))
    other = scenario.with_values({"specimen.thickness": 75e-9})
    joint = fit_maps(
        [maps, recorded(other, 51)], [at, at.with_values({"specimen.thickness": 75e-9})], [BULK, FACES],
        cells=False, processes=1,
    )  # fmt: skip
    for n, name in enumerate(joint.names):
        assert thin.after[name] == pytest.approx(math.sqrt(joint.covariance[n, n]), rel=0.15)
    assert thin.line.startswith("A second lamella of 75 nm would bring ")
    assert "the same recording again to" in thin.line


def test_a_model_that_fails_is_a_row(tmp_path: Path) -> None:
    scenario = linear_contact()
    maps = recorded(scenario, 61).isel(time=slice(0, None, 3))
    models = LINEAR | {"faces": Model(["material.D_Li4.at"], without=("surface.faces",))}
    c = compare_models(maps, scenario, models, processes=1, blocks=0, out=tmp_path)
    assert "without" in c.row("faces").failure
    assert c.row("faces").fit is None
    assert c.chosen in {"linear", "equilibrium"}
    assert any(line.startswith("Faces could not be fitted: without") for line in c.lines)
    rows = c.summary()["models"]
    assert rows["faces"]["status"] == "failed"
    assert rows["faces"]["aic"] is None
    assert rows["linear"]["left_out_deviance"] is None
    page = plot_model_comparison(c)
    text = " ".join(label.get_text() for ax in page.axes for label in ax.get_yticklabels())
    assert "linear" in text
    assert "equilibrium" in text
    with pytest.raises(InputError, match="none could be fitted"):
        compare_models(maps, scenario, {"faces": models["faces"]}, processes=1)


def test_bad_comparisons() -> None:
    scenario, maps = linear_contact(), xr.Dataset()
    with pytest.raises(InputError, match="models"):
        compare_models(maps, scenario, {}, processes=1)
    with pytest.raises(InputError, match="blocks"):
        compare_models(maps, scenario, LINEAR, processes=1, blocks=1)
    with pytest.raises(InputError, match="within"):
        compare_models(maps, scenario, {"a": Model(["temperature"], within=("b",))}, processes=1)
