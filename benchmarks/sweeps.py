"""Sweeps: 500 runs of 75 x 50 cells by one process, by two workers, and by two workers of dask.

Insertion into a rectangle, recorded by a scanning probe; temperature, contact potential and noise are those
of a Latin hypercube, and rate and current are kept. Every way is run in a fresh process:

    efficiency   wall time of one process, over workers times the wall time of the workers, start included
    CPU          time of all processes together, which others on the machine lengthen least
    overhead     what the wall time of one process is above the sum of its runs (simulation and outputs), per
                 run: planning, the store, writing and flushing, and handing out

Beside them what a dry run predicts, the parts of a worker's start, and whether all stores agree bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import xarray as xr
from machine import describe, machine_line, resident_bytes, table, timed, with_fresh_process
from measure import HERE, cell_of, load

from lto_sim.execution import Slots
from lto_sim.study.sweeps import (
    Axis,
    Sweep,
    Workforce,
    estimate_sweep,
    open_sweep,
    run_sweep,
    sweep_status,
)
from lto_sim.study.sweeps import describe as describe_sweep
from lto_sim.study.sweeps.counting import plan_sweep
from lto_sim.study.sweeps.store import create_store, stored_sweep
from lto_sim.study.sweeps.worker import Batch, run_batch

ENGINES: Final = ("serial", "processes", "dask")
SEED: Final = 5
AXES: Final = {
    "temperature": Axis("30 degC", "75 degC"),
    "drive.0.hold": Axis("0.3 V", "0.5 V"),
    "maps.noise": Axis(0.02, 0.1, scale="log"),
}


def the_sweep(runs: int, columns: int) -> Sweep:
    """Insertion on `columns` columns and two thirds of that in rows, with 40 frames of as many pixels."""
    scenario = load(
        specimen__cell=cell_of(columns),
        scan={"frame_time": "15 s", "pixels": [columns, columns * 2 // 3]},
        profile=[{"start": ["0 um", "0.666 um"], "end": ["1.2 um", "0.666 um"], "width": "0.3 um"}],
    )
    return describe_sweep(
        scenario, AXES, design="latin_hypercube", samples=runs, seed=SEED, outputs=("rate", "current")
    )


class Memory:
    """Largest resident memory of this process and all below it, sampled."""

    def __init__(self) -> None:
        self.whole = self.own = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._over.wait(0.5):
            sizes = [resident_bytes()[0]]
            for process in own.children(recursive=True):
                try:
                    sizes.append(process.memory_info().rss)
                except psutil.Error:
                    continue
            self.own, self.whole = max(self.own, sizes[0]), max(self.whole, sum(sizes))


def run_part(engine: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run the sweep, and say what it took."""
    made = the_sweep(options.runs, options.columns)
    store = options.folder / f"{engine}.zarr"
    workers = None if engine == "serial" else options.workers
    resident: list[tuple[int, int]] = []
    before = sum(os.times()[:4])
    with Memory() as memory:
        wall, tally = timed(
            lambda: run_sweep(
                made, store, Workforce(engine, workers),
                progress=lambda tally: resident.append((tally.done, resident_bytes()[0])),
            )
        )  # fmt: skip
    done, size = np.array(resident, dtype=float).T
    late = done > 0.2 * options.runs
    growth = float(np.polyfit(done[late], size[late], 1)[0]) if np.count_nonzero(late) > 2 else float("nan")
    with open_sweep(store) as found:
        runs = found["wall_time"].values
    files = [path.stat().st_blocks * 512 for path in store.rglob("*") if path.is_file()]
    return {
        "wall_s": wall,
        "cpu_s": sum(os.times()[:4]) - before,
        "runs_s": float(runs.sum()),
        "run_median_s": float(np.median(runs)),
        "failed": tally.failed,
        "memory_bytes": memory.whole,
        "coordinator_bytes": memory.own,
        "coordinator_growth_bytes_per_run": growth,
        "disk_bytes": sum(files),
        "files": len(files),
        "status_s": timed(lambda: sweep_status(store))[0],
    }


def estimate_part(options: argparse.Namespace) -> dict[str, Any]:
    """What a dry run says, and how long it takes."""
    made = the_sweep(options.runs, options.columns)
    wall, found = timed(lambda: estimate_sweep(made, "processes", options.workers))
    return found.summary() | {"wall_s": wall}


def start_part(options: argparse.Namespace) -> dict[str, Any]:
    """Parts of a worker's start, and of the coordinator's."""
    made = the_sweep(options.runs, options.columns)
    planning, planned = timed(lambda: plan_sweep(made))
    store = options.folder / "start.zarr"
    creating, _ = timed(lambda: create_store(made, planned, store, force=False))
    stamp = str(stored_sweep(store)[1]["store_id"])
    slots = Slots(1)
    process, _ = timed(lambda: slots.submit(0, abs, 0).result())  # imports what this script imports
    walls = [
        timed(lambda n=n: slots.submit(0, run_batch, Batch(str(store), stamp, (n,), (n,))).result())[0]
        for n in (0, 1)
    ]
    slots.close()
    return {
        "plan_s": planning, "create_s": creating, "process_s": process,
        "kernels_s": max(walls[0] - walls[1], 0.0),
    }  # fmt: skip


def differing(one: Path, other: Path) -> list[str]:
    """Variables that do not agree bit for bit; wall times are left out."""
    with open_sweep(one) as a, open_sweep(other) as b:
        return [name for name in sorted(map(str, a.variables)) if not _same(name, a, b)]


def _same(name: str, one: xr.Dataset, other: xr.Dataset) -> bool:
    if name == "wall_time":
        return True
    a, b = one[name].values, other[name].values
    return a.tobytes() == b.tobytes() if a.dtype.kind in "if" else a.tolist() == b.tolist()


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Every part in a process of its own, one after another."""
    arguments = [f"--{name}={getattr(options, name)}" for name in ("runs", "columns", "workers", "folder")]
    content: dict[str, Any] = {}
    for part in ("start", "estimate", *ENGINES):
        print(f"  {part}", file=sys.stderr, flush=True)
        content[part] = with_fresh_process(Path(__file__), "--part", part, *arguments)
    one = content["serial"]
    content["overhead_s"] = (one["wall_s"] - one["runs_s"]) / options.runs
    for engine in ENGINES[1:]:
        found = content[engine]
        found["efficiency"] = one["wall_s"] / (options.workers * found["wall_s"])
        found["differing"] = differing(options.folder / "serial.zarr", options.folder / f"{engine}.zarr")
    return content


def print_content(content: dict[str, Any], options: argparse.Namespace) -> None:
    rows = []
    for engine in ENGINES:
        found = content[engine]
        workers = "" if engine == "serial" else f", {options.workers} workers"
        rows.append([
            engine + workers, f"{found['wall_s']:.4g}", f"{found['cpu_s']:.4g}",
            f"{1e3 * found['run_median_s']:.3g}",
            f"{found['efficiency']:.3g}" if "efficiency" in found else "",
            f"{found['memory_bytes'] / 2**20:.0f}", f"{found['coordinator_bytes'] / 2**20:.0f}",
            f"{found['coordinator_growth_bytes_per_run'] / 1024:.2g}",
            f"{found['disk_bytes'] / 2**20:.3g}", f"{found['files']}",
            ("yes" if not found["differing"] else ", ".join(found["differing"]))
            if "differing" in found else "",
        ])  # fmt: skip
    said = content["estimate"]
    rows.append([
        f"predicted, {options.workers} workers", f"{said['time_s']:.4g}", "",
        f"{1e3 * said['run_time_s']:.3g}", "", f"{said['memory_bytes'] / 2**20:.0f}", "", "",
        f"{said['disk_bytes'] / 2**20:.3g}", f"{said['files']}", "",
    ])  # fmt: skip
    headings = ("engine", "wall [s]", "CPU [s]", "run [ms]", "efficiency", "memory [MiB]",
                "coordinator [MiB]", "its growth [KiB/run]", "disk [MiB]", "files", "as serial")  # fmt: skip
    print(table(headings, rows))
    print(f"overhead: {1e3 * content['overhead_s']:.3g} ms a run beside simulation and outputs")
    start = content["start"]
    print(
        f"start: planning {start['plan_s']:.3g} s, the store {start['create_s']:.3g} s; a worker: process "
        f"and imports {start['process_s']:.3g} s, compiled code {start['kernels_s']:.3g} s"
    )
    print(
        f"dry run: {said['wall_s']:.3g} s, {said['tried']} runs tried; status of {options.runs} runs: "
        f"{1e3 * content['processes']['status_s']:.3g} ms"
    )


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.part:
        parts = {"start": start_part, "estimate": estimate_part}
        chosen = parts.get(options.part)
        print(json.dumps(run_part(options.part, options) if chosen is None else chosen(options)))
        return 0
    machine = describe()
    print(machine_line(machine))
    print(f"{options.runs} runs of {options.columns} x {options.columns * 2 // 3} cells:")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        options.folder = Path(name)
        begin = time.perf_counter()
        content = compare(options)
    print_content(content, options)
    content = {
        "machine": machine, "runs": options.runs, "columns": options.columns, "workers": options.workers,
        "elapsed_s": time.perf_counter() - begin, **content,
    }  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "sweeps.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500, help="runs (default 500)")
    parser.add_argument("--columns", type=int, default=75, help="columns of cells and pixels (default 75)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--quick", action="store_true", help="24 runs")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of sweeps.json")
    parser.add_argument("--folder", type=Path, help="disk for the stores (default: that of temporary files)")
    parser.add_argument("--part", choices=["start", "estimate", *ENGINES], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.runs = min(options.runs, 24)
    return options


if __name__ == "__main__":
    sys.exit(main())
