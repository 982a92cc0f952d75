"""The fine reference that errors are measured against, computed once: `python benchmarks/reference.py`.

Native runs of the benchmark scenario on three grids, each with half the cell of the one before, at one
`front_fraction`. As a step then moves the front by one and the same part of a cell, steps shrink with the
cell, and the errors of space, of first order, and of time leave together: reference = 2 fine - middle. What
is left is estimated by the same from the two coarser grids. All runs are kept in `reference.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe, timed
from measure import HERE, Outcome, Problem, cell_of, errors, fingerprint, load, outcome_of_run

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

__all__ = ["FILE", "read_reference"]

FILE = HERE / "reference.json"
_COLUMNS, _FRONT_FRACTION = (150, 300, 600), 0.25
_CHANGE_PER_FRONT = 0.4
"""change_fraction over front_fraction: that of the defaults."""
_NAMES = ("front", "content", "current")


def settings(columns: int, front_fraction: float) -> dict[str, Any]:
    """Values by path of a native run."""
    return {
        "specimen.cell": cell_of(columns),
        "numerics.front_fraction": front_fraction,
        "numerics.change_fraction": round(_CHANGE_PER_FRONT * front_fraction, 12),
    }


def extrapolated(coarse: Outcome, fine: Outcome) -> Outcome:
    """Limit of two outcomes whose error halves from one to the next."""
    values = {
        name: tuple((2.0 * np.array(getattr(fine, name)) - np.array(getattr(coarse, name))).tolist())
        for name in _NAMES
    }
    return Outcome(times=fine.times, **values)


def read_reference(scenario: Scenario, file: Path = FILE) -> tuple[Outcome, dict[str, float]]:
    """Return the reference of a scenario and its uncertainty [%], in the measures of :class:`Errors`.

    Raises
    ------
    FileNotFoundError
        It has not been made.
    ValueError
        It belongs to another scenario.
    """
    found = json.loads(file.read_text(encoding="utf-8"))
    if found["scenario_sha256"] != fingerprint(scenario):
        raise ValueError(f"{file} belongs to another scenario: run `{found['command']}` again")
    return Outcome(**{name: tuple(v) for name, v in found["reference"].items()}), found["uncertainty_percent"]


def make(columns: tuple[int, ...], front_fraction: float, file: Path, command: str) -> dict[str, Any]:
    """Run, extrapolate and write; what is kept of an earlier call is not run again."""
    scenario = load()
    problem, runs = Problem.of(scenario), _kept(file, scenario)
    for count in columns:
        name = f"{count} columns, front_fraction {front_fraction:g}"
        if name not in runs:
            wall, run = timed(
                lambda count=count: simulate(scenario.with_values(settings(count, front_fraction)))
            )
            runs[name] = {
                **outcome_of_run(run, problem).plain(),
                "steps": run.attrs["steps"], "wall_s": wall, "version": run.attrs["lto_sim_version"],
            }  # fmt: skip
            _write(file, {"command": command, "scenario_sha256": fingerprint(scenario), "runs": runs})
        print(f"{name}: {runs[name]['steps']} steps, {runs[name]['wall_s']:.1f} s", flush=True)
    names = [f"{count} columns, front_fraction {front_fraction:g}" for count in columns]
    coarse, middle, fine = (
        Outcome(**{key: tuple(runs[name][key]) for key in ("times", *_NAMES)}) for name in names
    )
    reference, other = extrapolated(middle, fine), extrapolated(coarse, middle)
    uncertainty = asdict(errors(other, reference))
    made = {
        "command": command,
        "method": "2 x last run - the one before; uncertainty: against the same of the two coarser runs",
        "scenario_sha256": fingerprint(scenario),
        "machine": describe(),
        "units": {"times": "s", "front": "m", "content": "mol", "current": "A"},
        "reference": reference.plain(),
        "uncertainty_percent": uncertainty,
        "runs": runs,
    }
    _write(file, made)
    return made


def _kept(file: Path, scenario: Scenario) -> dict[str, Any]:
    if not file.exists():
        return {}
    found = json.loads(file.read_text(encoding="utf-8"))
    kept: dict[str, Any] = found["runs"] if found["scenario_sha256"] == fingerprint(scenario) else {}
    return kept


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, nargs=3, default=_COLUMNS, help="columns of the three grids")
    parser.add_argument("--front-fraction", type=float, default=_FRONT_FRACTION)
    parser.add_argument("--file", type=Path, default=FILE)
    options = parser.parse_args(arguments)
    columns, fraction = tuple(options.columns), options.front_fraction
    command = "python benchmarks/reference.py"
    if (columns, fraction) != (_COLUMNS, _FRONT_FRACTION):
        command += f" --columns {' '.join(map(str, columns))} --front-fraction {fraction:g}"
    made = make(columns, fraction, options.file, command)
    print("reference front [nm]:", " ".join(f"{1e9 * value:.2f}" for value in made["reference"]["front"]))
    print("uncertainty [%]:", ", ".join(f"{k} {v:.2g}" for k, v in made["uncertainty_percent"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
