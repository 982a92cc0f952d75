"""The benchmark scripts: their scenarios load, their measures are right, and a tiny case runs end to end."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lto_sim.transport import simulate
from lto_sim.transport.grid import make_grid
from lto_sim.transport.model import build_model

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def test_scenarios_have_the_cells_that_the_tables_name(script):
    measure = script("measure")
    for columns in (75, 108, 150, 216, 300, 600):
        mesh = build_model(measure.load(specimen__cell=measure.cell_of(columns))).mesh
        assert mesh.shape == (1, columns * 2 // 3, columns)
    assert build_model(measure.load()).mesh.shape == (1, 100, 150)
    lamella = build_model(measure.load("lamella")).mesh
    assert lamella.shape == (8, 200, 300)
    assert lamella.multiplicity == 2.0
    assert lamella.volume.sum() * 2.0 == pytest.approx(4e-19, rel=1e-6)


def test_the_fingerprint_leaves_out_mesh_and_numerics_alone(script):
    measure = script("measure")
    first = measure.fingerprint(measure.load())
    assert measure.fingerprint(measure.load(specimen__cell=2e-8, numerics__front_fraction=0.5)) == first
    assert measure.fingerprint(measure.load(temperature=310.0)) != first


@pytest.mark.parametrize("rows", [6, 7])
def test_the_front_is_found_within_its_cell(script, rows):
    measure = script("measure")
    problem = measure.Problem.of(measure.load())
    x = np.full((2, rows, 20), problem.x_poor)
    x[:, :, :5], x[:, :, 5] = 0.97, problem.x_poor + 0.25 * (problem.x_rich - problem.x_poor)
    x[1, : rows // 2 - 1] = 1.0
    found = measure.outcome((60.0, 120.0), x, problem)
    assert found.front == pytest.approx([5.25e-7, 5.25e-7], rel=1e-12)
    volume = problem.width * problem.height * problem.thickness
    assert found.content[0] == pytest.approx(x[0].mean() * volume * problem.concentration)
    assert found.current[0] == pytest.approx(-found.content[0] / 60.0 * 96485.33212)


def test_errors_and_extrapolation_of_known_outcomes(script):
    measure, reference = script("measure"), script("reference")
    exact = measure.Outcome((1.0, 2.0), (1e-7, 2e-7), (3.0, 4.0), (-3.0, -1.0))
    off = measure.Outcome((1.0, 2.0), (1.03e-7, 2.08e-7), (3.0, 4.0), (-3.0, -1.02))
    found = measure.errors(off, exact)
    assert found.front == pytest.approx(5.0 / np.sqrt(2.0))
    assert (found.content, found.front_at_end) == pytest.approx((0.0, 4.0))
    assert found.current == pytest.approx(np.sqrt(2.0))
    half = measure.Outcome((1.0, 2.0), (1.015e-7, 2.04e-7), (3.0, 4.0), (-3.0, -1.01))
    assert reference.extrapolated(off, half).front == pytest.approx(exact.front)
    with pytest.raises(ValueError, match="output times"):
        measure.errors(measure.Outcome((1.5,), (1.0,), (1.0,), (1.0,)), exact)


def test_peers_end_to_end_without_the_explicit_one(script, tmp_path, capsys):
    measure, reference, peers = script("measure"), script("reference"), script("peers")
    file = tmp_path / "reference.json"
    arguments = ["--columns", "9", "18", "36", "--front-fraction", "0.5", "--file", str(file)]
    assert reference.main(arguments) == 0
    before = file.stat().st_size
    assert reference.main(arguments) == 0
    assert file.stat().st_size == pytest.approx(before, rel=0.01)
    fewer = ["--repeats", "2", "--front-fractions", "1", "0.25", "--grids", "12", "24", "--without", "py-pde"]
    fipy = ["--fipy-grids", "12", "--fipy-short-grids", "24", "--fipy-steps", "3"]
    assert peers.main([*fewer, *fipy, "--reference", str(file), "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "peers.json").read_text(encoding="utf-8"))["rows"]
    by_name = {(row["engine"], row["columns"], row["setting"], row["measured"]): row for row in rows}
    coarse = by_name["native", 12, "front_fraction 0.25", "whole run"]
    fine = by_name["native", 24, "front_fraction 0.25", "whole run"]
    assert coarse["errors"]["content"] > fine["errors"]["content"] > 0.0
    whole = by_name["FiPy", 12, "front_fraction 0.25", "whole run"]
    scenario = measure.load().with_values(reference.settings(12, 0.25) | peers.first_order())
    twin = measure.outcome_of_run(simulate(scenario), measure.Problem.of(scenario))
    assert whole["outcome"]["front"] == pytest.approx(twin.front, rel=1e-6)
    natives = [row for row in rows if row["engine"] == "native"]
    as_good = [row for row in natives if row["errors"]["front"] <= whole["errors"]["front"] * (1.0 + 1e-9)]
    same = [row for row in as_good if row["columns"] == whole["columns"]]
    beside = min(same or as_good, key=lambda row: row["wall_s"]["median"])
    assert whole["ratio"] == pytest.approx(whole["wall_s"]["median"] / beside["wall_s"]["median"])
    shortened = by_name["FiPy", 24, "front_fraction 0.25", "extrapolated"]
    assert shortened["notes"]["largest_difference_of_li_fraction"] < 1e-6
    assert (tmp_path / "pictures" / "error_against_time.png").stat().st_size > 10_000
    assert "Machine:" in capsys.readouterr().out


def test_a_reference_of_another_scenario_is_refused(script, tmp_path):
    measure, reference = script("measure"), script("reference")
    file = tmp_path / "reference.json"
    file.write_text(json.dumps({"scenario_sha256": "0", "command": "again"}), encoding="utf-8")
    with pytest.raises(ValueError, match="another scenario: run `again`"):
        reference.read_reference(measure.load(), file)


def test_scaling_counts_and_takes_a_step_apart(script):
    scaling, parts, measure = script("scaling"), script("parts"), script("measure")
    assert scaling.exponent([10, 100, 1000], [0.02, 0.2, 2.0]) == pytest.approx(1.0)
    (run,) = scaling.by_cells([24], 1)
    assert run["cells"] == 24 * 16
    assert run["updates_per_s"] == pytest.approx(run["cells"] * run["steps"] / run["wall_s"])
    assert run["balance"] < 1e-12
    assert run["out_of_range"] == 0
    step, pieces = parts.compiled_parts(measure.load(specimen__cell=measure.cell_of(24)), 20.0, 2)
    assert step.seconds > 0.0
    assert sum(piece.per_step for piece in pieces) > 0.0
    small = scaling.measure_memory("lamella", {"specimen.cell": 1e-7, "numerics.max_steps": 2})
    assert small["elements"] > 0
    assert small["resident_peak"] >= small["resident_before"] > 0


def test_memory_traffic_is_counted_by_level(script):
    work, measure = script("work"), script("measure")
    grid = make_grid(build_model(measure.load(specimen__cell=measure.cell_of(48))).mesh)
    levels = work.levels_over_finest(grid.network)
    assert 1.25 < levels < 4.0 / 3.0
    newton_alone = work.traffic(cells=10, steps=2, newton=3, linear=0, levels=levels)
    assert newton_alone.total == 10 * 8 * 3 * work.words(work.NEWTON, flat=True)
    assert newton_alone.per_update == pytest.approx(newton_alone.total / 20)
    more = work.traffic(cells=10, steps=2, newton=3, linear=1, levels=1.0)
    iteration = work.words(work.V_CYCLE, flat=True) + work.words(work.LINEAR, flat=True)
    assert more.total - newton_alone.total == 80 * iteration
