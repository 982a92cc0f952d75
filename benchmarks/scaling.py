"""How the native engine scales: with cells, dimensions and memory, and what the machine would allow.

Sections: wall time against cells at fixed physics; one, two and three dimensions; the lamella with conducting
surfaces, its memory in a fresh process; memory bandwidth by a triad; where the time goes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from machine import (
    Spread,
    describe,
    forget_peak,
    machine_line,
    resident_bytes,
    table,
    timed,
    triad,
    with_fresh_process,
)
from measure import HERE, cell_of, load
from parts import compiled_parts, python_parts
from work import LEAST_BYTES, levels_over_finest, traffic

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.transport.grid import make_grid
from lto_sim.transport.model import build_model

_ARRAYS = 25
"""Arrays of the length of the grid that a step works on, for the size of its working set."""
_LARGE = 256 << 20


def exponent(cells: list[int], walls: list[float]) -> float:
    """Slope of log wall time over log cells."""
    return float(np.polyfit(np.log(cells), np.log(walls), 1)[0])


def by_cells(columns: list[int], repeats: int) -> list[dict[str, Any]]:
    """Whole runs of one scenario on finer and finer grids, in turns."""
    plans = [load(specimen__cell=cell_of(count)) for count in columns]
    walls: list[list[float]] = [[] for _ in plans]
    runs: list[Any] = [None] * len(plans)
    for _ in range(repeats):
        for k, plan in enumerate(plans):
            wall, runs[k] = timed(lambda plan=plan: simulate(plan))
            walls[k].append(wall)
    return [_counted(plan, run, times) for plan, run, times in zip(plans, runs, walls, strict=True)]


def _counted(plan: Scenario, run: Any, walls: list[float]) -> dict[str, Any]:
    counts, wall = run.attrs, Spread.of(walls)
    grid = make_grid(build_model(plan).mesh)
    levels = levels_over_finest(grid.network)
    newton, linear = counts["newton_iterations"], counts["linear_iterations"]
    moved = traffic(counts["cells"], counts["steps"], newton, linear, levels, flat=grid.shape[0] == 1)
    return {
        "cells": counts["cells"], "elements": counts["surface_elements"], "steps": counts["steps"],
        "rejected": counts["rejected_steps"],
        "newton_per_step": newton / counts["steps"],
        "linear_per_newton": linear / max(newton, 1),
        "simulated_s": counts["end_time_s"],
        "wall_s": wall.median, "wall_range_s": [wall.lowest, wall.highest],
        "step_s": wall.median / counts["steps"],
        "updates_per_s": counts["cells"] * counts["steps"] / wall.median,
        "bytes_per_update": moved.per_update, "bytes_per_s": moved.total / wall.median,
        "balance": counts["worst_balance_error"], "out_of_range": counts["out_of_range"],
    }  # fmt: skip


def print_by_cells(found: list[dict[str, Any]], cores: int) -> None:
    """Time, work and share of the bandwidth on every grid."""
    rows = []
    for run in found:
        working_set = _ARRAYS * 8 * run["cells"]
        run["triad_bytes_per_s"] = {n: triad(working_set, n) for n in range(1, cores + 1)}
        allowed = run["triad_bytes_per_s"][1]
        run["share_of_bandwidth"] = run["bytes_per_s"] / allowed
        run["share_at_least_bytes"] = run["updates_per_s"] * LEAST_BYTES / allowed
        rows.append([
            str(run["cells"]), str(run["steps"]),
            f"{run['newton_per_step']:.1f}", f"{run['linear_per_newton']:.1f}",
            f"{run['wall_s']:.3g} ({run['wall_range_s'][0]:.3g}..{run['wall_range_s'][1]:.3g})",
            f"{1e3 * run['step_s']:.3g}", f"{run['updates_per_s']:.3g}", f"{run['bytes_per_update']:.0f}",
            f"{run['bytes_per_s'] / 1e9:.2f}", f"{allowed / 1e9:.1f}",
            f"{100 * run['share_of_bandwidth']:.0f} %", f"{100 * run['share_at_least_bytes']:.2f} %",
        ])  # fmt: skip
    print(table((
        "cells", "steps", "Newton/step", "linear/Newton", "wall [s]", "step [ms]", "cell-updates/s",
        "bytes/update", "moved [GB/s]", "triad [GB/s]", "share", "share at 16 bytes",
    ), rows))  # fmt: skip
    if len(found) > 1:
        cells = [run["cells"] for run in found]
        whole = exponent(cells, [run["wall_s"] for run in found])
        step = exponent(cells, [run["step_s"] for run in found])
        print(f"Wall time grows as cells^{whole:.2f}, the cost of a step as cells^{step:.2f}.")


def by_dimension(steps: int, repeats: int) -> list[dict[str, Any]]:
    """Insertion and extraction in one, two and three dimensions, a given number of steps each."""
    found = []
    for name, specimen in _SPECIMENS.items():
        for insertion in (True, False):
            plan = _directed(specimen, insertion=insertion, steps=steps)
            simulate(plan.with_values({"numerics.max_steps": 2}))
            walls = []
            for _ in range(repeats):
                wall, run = timed(lambda plan=plan: simulate(plan))
                walls.append(wall)
            found.append(
                {"case": f"{name} {'insertion' if insertion else 'extraction'}", **_counted(plan, run, walls)}
            )
    return found


_RECTANGLE = {"shape": "rectangle", "width": 2e-6, "height": 1.3333333e-6}
_SPECIMENS: dict[str, dict[str, Any]] = {
    "1-D": {"outline": {"shape": "slab", "length": 2e-6}, "cell": 2e-9},
    "2-D": {"outline": _RECTANGLE, "cell": cell_of(150)},
    "3-D": {"outline": _RECTANGLE, "cell": cell_of(75), "layers": 8},
}


def _directed(specimen: dict[str, Any], *, insertion: bool, steps: int) -> Scenario:
    values: dict[str, Any] = {"specimen": specimen, "numerics.max_steps": steps}
    if specimen["outline"]["shape"] == "slab":
        values["contacts.lps.where"] = {"side": "left"}
    if not insertion:
        values |= {"initial": 1.0, "drive.0.hold": 1.6}
    return load().with_values(values)


def print_by_dimension(found: list[dict[str, Any]]) -> None:
    """Work and speed of every case."""
    rows = [[
        run["case"], str(run["cells"]), f"{run['simulated_s']:.3g}", str(run["steps"]),
        f"{run['newton_per_step']:.1f}", f"{run['linear_per_newton']:.1f}",
        f"{run['wall_s']:.3g}", f"{run['updates_per_s']:.2g}",
    ] for run in found]  # fmt: skip
    print(table(("case", "cells", "simulated [s]", "steps", "Newton/step", "linear/Newton", "wall [s]",
                 "cell-updates/s"), rows))  # fmt: skip


def measure_memory(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Wall time and growth of the resident memory of one run, after a small one that loads the kernels."""
    plan = load(name).with_values(values)
    small = {"specimen.cell": 1e-7, "numerics.max_steps": 2}
    simulate(plan.with_values(small))
    forget_peak()
    before, _ = resident_bytes()
    wall, run = timed(lambda: simulate(plan))
    _, peak = resident_bytes()
    found = _counted(plan, run, [wall])
    return {**found, "resident_before": before, "resident_peak": peak,
            "bytes_per_cell": (peak - before) / found["cells"]}  # fmt: skip


def print_lamella(run: dict[str, Any]) -> None:
    """The lamella in words."""
    print(
        f"{run['cells']} cells, {run['elements']} surface elements: {run['wall_s']:.1f} s for {run['steps']} "
        f"steps to {run['simulated_s']:.4g} s "
        f"({run['step_s']:.3g} s a step, {run['newton_per_step']:.1f} Newton a step, "
        f"{run['linear_per_newton']:.1f} linear a Newton); resident memory grew by "
        f"{(run['resident_peak'] - run['resident_before']) / 2**20:.0f} MiB at its peak, "
        f"{run['bytes_per_cell']:.0f} bytes a cell."
    )


def print_parts(columns: int) -> dict[str, Any]:
    """Where the time goes on one grid."""
    plan = load(specimen__cell=cell_of(columns))
    total, python = python_parts(plan)
    shares = [[p.name, f"{p.calls:.0f}", f"{100 * p.per_step / total:.1f} %"] for p in python]
    print(table(("function (own time, kernels included)", "calls", "share"), shares))
    step, compiled = compiled_parts(plan, 300.0)
    rows = [
        [p.name, f"{1e6 * p.seconds:.0f}", f"{p.calls:.0f}", f"{100 * p.per_step / step.seconds:.0f} %"]
        for p in compiled
    ]
    rest = step.seconds - sum(p.per_step for p in compiled)
    rows.append(["the rest", f"{1e6 * rest:.0f}", "1", f"{100 * rest / step.seconds:.0f} %"])
    print(f"\nOne implicit solve at 300 s: {1e3 * step.seconds:.2f} ms")
    print(table(("compiled part", "a call [us]", "calls a solve", "share of it"), rows))
    return {
        "cells": columns, "profiled_s": total, "step_s": step.seconds,
        "python": [[p.name, p.calls, p.per_step] for p in python],
        "compiled": [[p.name, p.calls, p.seconds] for p in compiled],
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.memory_of:
        print(json.dumps(measure_memory(options.memory_of, json.loads(options.values))))
        return 0
    machine = describe()
    print(machine_line(machine))
    simulate(load(specimen__cell=cell_of(30), numerics__max_steps=20))
    print("\n## Wall time against cells, insertion to 600 s")
    cells = by_cells(options.grids, options.repeats)
    print_by_cells(cells, machine["cores"])
    print("\n## Dimensions and directions")
    dimensions = by_dimension(options.steps, options.repeats)
    print_by_dimension(dimensions)
    lamella = None
    if not options.without_lamella:
        print("\n## Lamella with conducting surfaces")
        values: dict[str, Any] = {} if options.lamella_columns is None else {
            "specimen.cell": cell_of(options.lamella_columns)}  # fmt: skip
        if options.lamella_steps:
            values["numerics.max_steps"] = options.lamella_steps
        lamella = with_fresh_process(Path(__file__), "--memory-of", "lamella", "--values", json.dumps(values))
        print_lamella(lamella)
    print("\n## Memory bandwidth (triad, 24 bytes an element)")
    large = {n: triad(_LARGE, n) for n in range(1, machine["cores"] + 1)}
    print(
        "; ".join(f"{n} threads {rate / 1e9:.1f} GB/s" for n, rate in large.items()),
        "over",
        _LARGE >> 20,
        "MiB",
    )
    print("\n## Where the time goes")
    where = print_parts(options.profile_columns)
    content = {"machine": machine, "by_cells": cells, "by_dimension": dimensions, "lamella": lamella,
               "triad_bytes_per_s": large, "parts": where}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "scaling.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--grids", type=int, nargs="+", default=[75, 150, 300, 600], help="columns of the grids"
    )
    parser.add_argument("--repeats", type=int, default=3, help="repeats of every run (default 3)")
    parser.add_argument("--steps", type=int, default=100, help="steps of each case of the dimensions")
    parser.add_argument(
        "--lamella-steps", type=int, help="stop the lamella after so many steps; default: 600 s"
    )
    parser.add_argument("--lamella-columns", type=int, help="columns of the lamella; default 300")
    parser.add_argument("--without-lamella", action="store_true")
    parser.add_argument(
        "--profile-columns", type=int, default=150, help="columns of the run that is profiled"
    )
    parser.add_argument("--quick", action="store_true", help="small grids, one repeat: a minute")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of scaling.json")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    parser.add_argument("--values", default="{}", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.grids, options.repeats, options.steps = [36, 75], 1, 10
        options.lamella_columns, options.lamella_steps, options.profile_columns = 60, 5, 75
    return options


if __name__ == "__main__":
    sys.exit(main())
