"""Error and time together: native, FiPy and py-pde on one committed scenario, in one run.

Errors are those of the front on the middle line, of the lithium content and of the current, as root mean
square over the output times, relative to `reference.json` (`python benchmarks/reference.py` makes it). Wall
times are medians over repeats; the repeats of all engines take turns, so that a machine that slows down slows
all of them. Native and FiPy times are those of a whole `simulate`, mesh and outputs included; py-pde's are
those of its compiled stepping alone. Compilation is in none of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from machine import Spread, describe, machine_line, table, timed
from measure import HERE, Errors, Outcome, Problem, cell_of, errors, load, outcome_of_run
from reference import FILE, read_reference, settings

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.transport.fipy_engine import solver_name

__all__ = ["Row", "main"]

_FRONT_FRACTIONS = (1.0, 0.5, 0.25, 0.125, 0.0625)
_COST_STEPS = 20_000
"""py-pde steps over which the cost of one is measured."""
HEADINGS = (
    "engine", "method", "linear solver", "cells", "steps", "sweeps/step", "linear/sweep", "wall [s]",
    "front error [%]", "at the end [%]", "content error [%]", "current error [%]",
    "time / native at equal error", "measured",
)  # fmt: skip


@dataclass
class Row:
    """One line of the table; `errors` is None until there is an outcome."""

    engine: str
    method: str
    solver: str
    columns: int
    rows: int
    setting: str
    steps: int = 0
    sweeps: float = 1.0
    linear: float = 0.0
    walls: list[float] = field(default_factory=list)
    outcome: Outcome | None = None
    errors: Errors | None = None
    measured: str = "whole run"
    how: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    ratio: float | None = None
    equal: str = ""

    @property
    def wall(self) -> Spread:
        """Of all repeats."""
        return Spread.of(self.walls)

    def cells(self) -> list[str]:
        """As printed."""
        e = self.errors
        ratio = (
            "" if self.engine == "native" else "none as good" if self.ratio is None else f"{self.ratio:.3g}"
        )
        shown = ["", "", "", ""] if e is None else [
            f"{value:.3g}" for value in (e.front, e.front_at_end, e.content, e.current)]  # fmt: skip
        if e is not None and self.outcome is not None and len(self.outcome.times) == 1:
            shown[0] += f" at {self.outcome.times[0]:g} s"
            shown[1] = ""
        return [
            self.engine, self.method, self.solver, f"{self.columns} x {self.rows}", str(self.steps),
            f"{self.sweeps:.1f}", f"{self.linear:.1f}", str(self.wall),
            *shown, ratio, self.measured,
        ]  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As written to `peers.json`."""
        return {
            **{k: v for k, v in asdict(self).items() if k not in {"walls", "outcome"}},
            "wall_s": asdict(self.wall), "outcome": None if self.outcome is None else self.outcome.plain(),
        }  # fmt: skip


Trial = tuple[Row, Callable[[Row], None]]
"""A row and what measures it once more."""


def grid_rows(columns: int, problem: Problem) -> int:
    """Rows of square cells."""
    return round(columns * problem.height / problem.width)


def _fipy_solver(columns: int, problem: Problem) -> str:
    return solver_name(columns * grid_rows(columns, problem), 2)


def native_trials(
    scenario: Scenario,
    problem: Problem,
    grids: list[int],
    fractions: tuple[float, ...],
    *,
    tolerance: float,
    engine: str = "native",
) -> list[Trial]:
    """Runs of an engine of this package on every grid at every front_fraction."""

    def trial(columns: int, fraction: float) -> Trial:
        native = engine == "native"
        own = {"numerics.engine": engine} if native else {"numerics.engine": engine} | first_order()
        own = own | {"numerics.tolerance": tolerance}
        plan = scenario.with_values(settings(columns, fraction) | own)
        order = plan.numerics.time_order
        row = Row(
            "native" if native else "FiPy",
            f"implicit, order {order}, finite Newton, front_fraction {fraction:g}",
            "multigrid CG" if native else _fipy_solver(columns, problem),
            columns, grid_rows(columns, problem),
            f"front_fraction {fraction:g}",
        )  # fmt: skip

        def once(row: Row) -> None:
            wall, run = timed(lambda: simulate(plan))
            row.walls.append(wall)
            row.outcome = outcome_of_run(run, problem)
            _count(row, run)

        return row, once

    return [trial(columns, fraction) for columns in grids for fraction in fractions]


def _count(row: Row, run: xr.Dataset) -> None:
    counts = run.attrs
    row.steps = counts["steps"]
    row.sweeps = counts["newton_iterations"] / max(counts["steps"], 1)
    row.linear = counts["linear_iterations"] / max(counts["newton_iterations"], 1)
    row.notes = {name: counts[name] for name in ("rejected_steps", "worst_balance_error", "out_of_range")}


def first_order() -> dict[str, Any]:
    """Values by path that make the native engine step by implicit Euler, as FiPy does."""
    return {"numerics.time_order": 1}


def shortened_fipy(scenario: Scenario, problem: Problem, columns: int, steps: int) -> Row:
    """FiPy's first steps and as many late ones, times the steps of a native run with the same settings.

    Both engines share scheme, controller and loop, so that a native run by implicit Euler has the number of
    steps and the errors that FiPy would have; the li fractions after the first steps say whether that holds.
    The late steps start from the native state at the last output time but one. A step is timed from the end
    of the one before, steps that were repeated included, setting up not.
    """
    same = settings(columns, 0.25) | first_order()
    plan = scenario.with_values(same | {"numerics.max_steps": steps})
    fipy = plan.with_values({"numerics.engine": "fipy"})
    early, first = _cost_of_steps(fipy)
    ours = simulate(plan)
    apart = float(np.nanmax(np.abs(first["li_fraction"].values[-1] - ours["li_fraction"].values[-1])))
    whole = simulate(scenario.with_values(same))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "late.npy"
        np.save(file, np.clip(whole["li_fraction"].values[-2].astype(np.float64), 0.0, 1.0))
        late, _ = _cost_of_steps(fipy.with_values({"initial": str(file)}))
    row = Row(
        "FiPy", "implicit, order 1, finite Newton, front_fraction 0.25",
        _fipy_solver(columns, problem), columns,
        grid_rows(columns, problem), "front_fraction 0.25", measured="extrapolated",
        how=f"{early:.3g} s a step over the first {steps} and {late:.3g} s over as many late ones, times the "
        f"{whole.attrs['steps']} steps of a native run with the same settings, whose errors are shown (li "
        f"fractions after the first steps are {apart:.1g} apart); the range is of the two, the sweeps are of "
        "the first",
    )  # fmt: skip
    _count(row, first)
    row.steps, row.outcome = whole.attrs["steps"], outcome_of_run(whole, problem)
    row.walls = [cost * row.steps for cost in (early, late)]
    row.notes["largest_difference_of_li_fraction"] = apart
    return row


def _cost_of_steps(plan: Scenario) -> tuple[float, xr.Dataset]:
    """Wall time of a step [s], the first left out, and the run."""
    ends: list[float] = []
    run = simulate(plan, progress=lambda _: ends.append(time.perf_counter()))
    return (ends[-1] - ends[0]) / (len(ends) - 1), run


def explicit_trials(problem: Problem, grids: list[int], whole_up_to: int, cost_steps: int) -> list[Trial]:
    """py-pde on every grid: the whole run where it is affordable, else cost per step times steps."""
    from explicit_peer import ExplicitPeer

    def trial(columns: int) -> Trial:
        peer = ExplicitPeer(problem, columns, grid_rows(columns, problem))
        row = Row(
            "py-pde", f"explicit Euler, compiled, dt = {peer.dt:.3g} s", "none", columns,
            grid_rows(columns, problem), "stable step", steps=peer.steps,
        )  # fmt: skip
        row.notes["compilation_s"] = peer.compile_s

        def whole(row: Row) -> None:
            wall, row.outcome = peer.run(problem.times)
            row.walls.append(wall)
            row.notes.setdefault("cost_per_step_s", []).append(wall / peer.steps)

        def a_part(row: Row) -> None:
            state = peer.fresh()
            cost = peer.step_cost(state, cost_steps)
            row.walls.append(cost * peer.steps)
            row.notes.setdefault("cost_per_step_s", []).append(cost)
            row.measured = "extrapolated"
            row.how = (
                "cost per step measured x number of steps: "
                f"{1e6 * np.median(row.notes['cost_per_step_s']):.4g} us over {cost_steps} compiled steps, "
                f"x {peer.steps} steps"
            )

        def a_part_and_early(row: Row) -> None:
            a_part(row)
            if row.outcome is None:
                row.notes["early_wall_s"], row.outcome = peer.run(problem.times[:1])
            row.how += f"; errors of a run to {problem.times[0]:g} s, beside native's at that time"

        return row, whole if columns <= whole_up_to else a_part_and_early

    return [trial(columns) for columns in grids]


def compare(rows: list[Row]) -> None:
    """Fill the ratio of time to the fastest native run on the same mesh that is as good as a peer.

    Where none is as good there, those on all meshes are looked at.
    """
    natives = [row for row in rows if row.engine == "native" and row.errors is not None]
    for row in rows:
        if row.engine == "native" or row.errors is None or row.outcome is None:
            continue
        count = len(row.outcome.times)
        as_good = [
            (error, native)
            for native in natives
            if (error := native.notes["front_error_up_to"][count - 1]) <= row.errors.front * (1.0 + 1e-9)
        ]
        same = [pair for pair in as_good if pair[1].columns == row.columns]
        if as_good:
            error, native = min(same or as_good, key=lambda pair: pair[1].wall.median)
            row.ratio = row.wall.median / native.wall.median
            row.equal = f"{native.columns} x {native.rows}, {native.setting}: {error:.3g} %, {native.wall} s"


def judge(rows: list[Row], reference: Outcome) -> None:
    """Fill the errors of every row; of a native one also those up to each output time."""
    for row in rows:
        if row.outcome is None:
            continue
        row.errors = errors(row.outcome, reference)
        off = np.array(row.outcome.front) / np.array(reference.front[: len(row.outcome.front)]) - 1.0
        up_to = 100.0 * np.sqrt(np.cumsum(off**2) / np.arange(1, off.size + 1))
        row.notes["front_error_up_to"] = up_to.tolist()


def run_in_turns(trials: list[Trial], repeats: int, once_above: float) -> None:
    """Repeat all trials in turns; one that takes longer than `once_above` [s] is not repeated."""
    for repeat in range(repeats):
        for row, once in trials:
            if repeat and row.walls[0] > once_above and row.measured == "whole run":
                continue
            once(row)
            print(f"  {repeat + 1}/{repeats} {row.engine} {row.columns} {row.setting}: {row.walls[-1]:.2f} s",
                  file=sys.stderr, flush=True)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    machine = describe()
    scenario = load()
    problem = Problem.of(scenario)
    reference, uncertainty = read_reference(scenario, options.reference)
    small = scenario.with_values({"specimen.cell": cell_of(30), "numerics.max_steps": 20})
    for engine in ("native",) if "fipy" in options.without else ("native", "fipy"):
        simulate(small.with_values({"numerics.engine": engine}))
    fractions, fipy_fractions = tuple(options.front_fractions), tuple(options.fipy_fractions)
    tolerance = options.tolerance
    trials = native_trials(scenario, problem, options.grids, fractions, tolerance=tolerance)
    if "fipy" not in options.without:
        trials += native_trials(
            scenario, problem, options.fipy_grids, fipy_fractions, tolerance=tolerance, engine="fipy"
        )
    if "py-pde" not in options.without:
        trials += explicit_trials(problem, options.explicit_grids, options.explicit_whole, options.cost_steps)
    run_in_turns(trials, options.repeats, options.once_above)
    rows = [row for row, _ in trials]
    if "fipy" not in options.without and options.fipy_steps:
        rows += [
            shortened_fipy(scenario, problem, columns, options.fipy_steps)
            for columns in options.fipy_short_grids
        ]
    judge(rows, reference)
    compare(rows)
    print(machine_line(machine))
    print(
        f"Reference: {options.reference.name}, uncertain by {uncertainty['front']:.2g} % (front, rms), "
        f"{abs(uncertainty['front_at_end']):.2g} % (front at the end), "
        f"{uncertainty['content']:.2g} % (content)."
    )
    print(table(HEADINGS, [row.cells() for row in rows]))
    for row in rows:
        if row.how:
            print(f"{row.engine} {row.columns} x {row.rows}, extrapolated: {row.how}.")
        if row.equal:
            print(f"{row.engine} {row.columns} x {row.rows} beside native {row.equal}.")
    options.out.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": machine,
        "scenario": "paper_insertion.toml",
        "reference_uncertainty_percent": uncertainty,
        "repeats": options.repeats,
        "rows": [row.plain() for row in rows],
    }
    (options.out / "peers.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    from peers_figure import draw

    draw(content["rows"], options.out / "pictures" / "error_against_time.png")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="repeats of every measurement (default 5)")
    parser.add_argument("--once-above", type=float, default=120.0,
                        help="a whole run that takes longer [s] is not repeated (default 120)")  # fmt: skip
    parser.add_argument("--grids", type=int, nargs="+", default=[75, 108, 150, 216, 300],
                        help="columns of native grids")  # fmt: skip
    parser.add_argument("--front-fractions", type=float, nargs="+", default=_FRONT_FRACTIONS)
    parser.add_argument(
        "--tolerance", type=float, default=1e-6, help="numerics.tolerance of native and FiPy (default 1e-6)"
    )
    parser.add_argument("--fipy-fractions", type=float, nargs="+", default=(1.0, 0.25))
    parser.add_argument("--fipy-grids", type=int, nargs="*", default=[75, 150], help="columns, whole runs")
    parser.add_argument(
        "--fipy-short-grids", type=int, nargs="*", default=[300], help="columns, shortened runs"
    )
    parser.add_argument("--fipy-steps", type=int, default=10, help="steps of a shortened run, early and late")
    parser.add_argument(
        "--explicit-grids", type=int, nargs="*", default=[75, 150, 300], help="columns of py-pde"
    )
    parser.add_argument(
        "--explicit-whole", type=int, default=150, help="most columns of a whole run of py-pde"
    )
    parser.add_argument("--cost-steps", type=int, default=_COST_STEPS, help="compiled steps that are timed")
    parser.add_argument("--without", nargs="*", default=[], choices=["fipy", "py-pde"], help="peers left out")
    parser.add_argument("--quick", action="store_true", help="75 x 50 cells, two settings, two repeats")
    parser.add_argument("--reference", type=Path, default=FILE)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of peers.json and pictures/")
    options = parser.parse_args(arguments)
    if options.quick:
        options.repeats, options.grids, options.front_fractions = 2, [75], [1.0, 0.25]
        options.fipy_grids, options.fipy_short_grids, options.explicit_grids = [], [75], [75]
        options.fipy_steps = 3
    return options


if __name__ == "__main__":
    sys.exit(main())
