"""Work and speed of the solver: cells, steps, iterations, wall time, cell-updates per second.

Insertion (from x = 0) and extraction (from x = 1) at 30 degC in one, two and three dimensions; the contact is
the middle half of the left side (the whole of it in one dimension). A run stops at `max_steps`; its wall time
is the median over repeats, after one run that compiles.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

RECTANGLE = {"shape": "rectangle", "width": "2.0 um", "height": "1.3333333 um"}
CASES: dict[str, tuple[dict[str, Any], int, int]] = {
    # name: (specimen, steps of a full run, steps of a quick run)
    "1-D": ({"outline": {"shape": "slab", "length": "2 um"}, "cell": "2 nm"}, 2000, 200),
    "2-D": ({"outline": RECTANGLE, "cell": "6.6666667 nm"}, 300, 10),
    "3-D": ({"outline": RECTANGLE, "cell": "13.3333334 nm", "layers": 8}, 100, 3),
}
HEADINGS = ("case", "cells", "simulated", "steps", "Newton", "linear", "wall [s]", "cell-updates/s")


HOLDS = {
    True: {"hold": "0.4 V", "until": {"time": "2 h"}},
    False: {"hold": "1.6 V", "until": {"time": "600 s"}},
}


def scenario(specimen: dict[str, Any], *, insertion: bool, steps: int) -> Scenario:
    where: dict[str, Any] = {"side": "left"}
    if specimen["outline"]["shape"] == "rectangle":
        where |= {"from": "0.333 um", "to": "1 um"}
    return Scenario.from_dict(
        {
            "material": "lto",
            "temperature": "30 degC",
            "initial": 0.0 if insertion else 1.0,
            "specimen": specimen,
            "contacts": {"lps": {"where": where}},
            "drive": [HOLDS[insertion]],
            "output": {"every": "600 s", "current_every": "60 s"},
            "numerics": {"max_steps": steps},
        }
    )


def measured(name: str, specimen: dict[str, Any], *, insertion: bool, steps: int, repeats: int) -> list[str]:
    plan = scenario(specimen, insertion=insertion, steps=steps)
    walls = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run = simulate(plan)
        walls.append(time.perf_counter() - begin)
    wall, counts = statistics.median(walls), run.attrs
    assert counts["out_of_range"] == 0
    assert counts["worst_balance_error"] < 1e-12
    return [
        f"{name} {'insertion' if insertion else 'extraction'}",
        f"{counts['cells']}",
        f"{counts['end_time_s']:.3g} s",
        f"{counts['steps']}",
        f"{counts['newton_iterations'] / counts['steps']:.1f} a step",
        f"{counts['linear_iterations'] / counts['newton_iterations']:.1f} a Newton",
        f"{wall:.2f}",
        f"{counts['cells'] * counts['steps'] / wall:.2g}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps, one repeat")
    parser.add_argument("--repeats", type=int, default=3, help="repeats of each run (default 3)")
    options = parser.parse_args()
    print("| " + " | ".join(HEADINGS) + " |")
    print("|" + "---|" * len(HEADINGS))
    for name, (specimen, full, quick) in CASES.items():
        simulate(scenario(specimen, insertion=True, steps=2))
        for insertion in (True, False):
            steps, repeats = (quick, 1) if options.quick else (full, options.repeats)
            row = measured(name, specimen, insertion=insertion, steps=steps, repeats=repeats)
            print("| " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
