"""Speed of the parts that a user waits for: `pytest benchmarks/test_speed.py --benchmark-only`.

Not part of the tests (`testpaths`); every case is small, so that the whole takes about a minute. A step is
the one after the state that a run has reached; the same step every time, because a step is a pure function.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lto_sim.microscope import render_maps
from lto_sim.scenario import Scenario, build_contacts, build_specimen
from lto_sim.specimen import build_mesh
from lto_sim.transport import simulate
from lto_sim.transport.checkpoint import checkpoint_at
from lto_sim.transport.drive import plan_legs
from lto_sim.transport.engines import make_stepper
from lto_sim.transport.grid import make_grid
from lto_sim.transport.leg import LegStart
from lto_sim.transport.model import build_model

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
UNTIL = 20.0
"""Time [s] of the state whose next step is timed."""


def _small(name: str = "paper_insertion", **values: Any) -> Scenario:
    scenario = Scenario.from_toml(SCENARIOS / f"{name}.toml")
    return scenario.with_values({path.replace("__", "."): value for path, value in values.items()})


CASES = {
    "1-D, 1000 cells": lambda: _small(
        specimen={"outline": {"shape": "slab", "length": 2e-6}, "cell": 2e-9},
        contacts__lps__where={"side": "left"},
    ),
    "2-D, 75 x 50 cells": lambda: _small(specimen__cell=26.6666667e-9),
    "3-D, 30 x 20 x 8 cells with surfaces": lambda: _small("lamella", specimen__cell=66.6666667e-9),
}


def _next_step(scenario: Scenario) -> Callable[[], Any]:
    """Return a call that repeats the step after `UNTIL`."""
    run = simulate(
        scenario.with_values(
            {"drive.0.until": {"time": UNTIL}, "output.every": UNTIL, "output.restart": "last"}
        )
    )
    point, model = checkpoint_at(run, None), build_model(scenario)
    grid = make_grid(model.mesh)
    stepper = make_stepper(scenario.numerics, model.mesh, grid)
    leg = plan_legs(scenario, model, grid, stepper)[0].begin(LegStart(0.0, 0.0, 0.1))
    x, conditions = grid.pad(point.x.reshape(grid.shape)), leg.conditions(UNTIL)
    excess = point.excess if point.excess.size == grid.elements else None
    return lambda: stepper.step(x, point.last_step, conditions, excess)


@pytest.mark.parametrize("case", CASES)
def test_one_step(benchmark: Any, case: str) -> None:
    step = _next_step(CASES[case]())
    result = benchmark(step)
    assert result.settled
    benchmark.extra_info["newton_iterations"] = result.newton_iterations


def test_whole_run(benchmark: Any) -> None:
    scenario = _small(specimen__cell=40e-9, drive__0__until={"time": 60.0}, output__every=60.0)
    run = benchmark.pedantic(simulate, args=(scenario,), rounds=5, warmup_rounds=1)
    assert run.attrs["status"] == 0


@pytest.mark.parametrize("name", ["paper_insertion", "lamella"])
def test_mesh(benchmark: Any, name: str) -> None:
    scenario = _small(name, specimen__cell=26.6666667e-9)
    specimen, contacts = build_specimen(scenario), build_contacts(scenario)
    mesh = benchmark(
        lambda: build_mesh(specimen, contacts, (), perimeter=name == "lamella", faces=name == "lamella")
    )
    assert np.isclose(mesh.volume.sum() * mesh.multiplicity, 4e-19, rtol=1e-6)


def test_rendering(benchmark: Any) -> None:
    scenario = _small(
        specimen__cell=40e-9, drive__0__until={"time": 60.0}, scan={"frame_time": 1.5, "pixels": [64, 43]}
    )
    run = simulate(scenario)
    maps = benchmark(lambda: render_maps(run, noise=0.2, rng=1))
    assert maps.sizes["time"] == 40
