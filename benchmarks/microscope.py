"""Synthetic recordings: time of a frame beside its Poisson draw, memory of a stream, and a peer.

Sections: 64 x 64 x 1024 frames of an extraction, rendered in memory in turns with the draw of the same
expected counts, on one core and on all; a recording streamed to a store, with the peak of resident memory;
the same map by pyEELSMODEL (where it is installed), with cross-sections and convolution compared. Every
section runs in a process of its own, so that its threads and its memory are its own.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from machine import Spread, describe, machine_line, resident_bytes, table, timed, with_fresh_process
from measure import HERE
from microscope_peer import PRESET, SEED, convolutions, cross_sections, peer_times
from numpy.typing import NDArray

import lto_sim as lto
from lto_sim.files import open_dataset, write_dataset
from lto_sim.microscope.acquisition import plan_acquisition
from lto_sim.microscope.detector import draw_counts

Floats = NDArray[np.float64]

PEER: Final = "pyEELSMODEL"
SIDE, CHANNELS = 64, 1024


def extraction(frames: int) -> lto.Scenario:
    """A front that crosses 2 um; 400 frames of the preset's 1.5 s are the whole extraction."""
    return lto.Scenario.from_dict({
        "material": "lto", "temperature": "30 degC", "initial": 1.0, "seed": SEED,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "2 um", "height": "1.5 um"},
            "thickness": "60 nm", "cell": "50 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": 1.5 * frames}}],
        "scan": {"frame_time": "1.5 s", "pixels": [SIDE, SIDE]},
    })  # fmt: skip


def render(store: Path, frames: int, repeats: int) -> dict[str, Any]:
    """Times of a whole pass over the frames [s], the four actions in turns at every frame."""
    plan = plan_acquisition(open_dataset(store), PRESET)
    first, _ = timed(lambda: plan.expected(0))
    numbers = np.unique(np.linspace(0, plan.time.size - 1, frames).astype(int))
    detector, dwell = plan.instrument.detector, plan.dose.dwell
    walls: dict[str, list[float]] = {
        name: [0.0] * repeats for name in ("expected", "drawn", "numpy", "draw_counts")
    }
    plan.drawn(0, SEED)
    mean = 0.0
    for repeat in range(repeats):
        for number in numbers.tolist():
            wall, counts = timed(lambda number=number: plan.expected(number))
            walls["expected"][repeat] += wall
            rng = np.random.default_rng(SEED + number)
            walls["numpy"][repeat] += timed(lambda rng=rng, counts=counts: rng.poisson(counts))[0]
            walls["drawn"][repeat] += timed(lambda number=number: plan.drawn(number, SEED))[0]
            wall, _ = timed(lambda number=number, counts=counts: draw_counts(counts, number, detector, dwell))
            walls["draw_counts"][repeat] += wall
            mean += float(counts.mean()) / (numbers.size * repeats)
    return {"frames": int(numbers.size), "mean_counts": mean, "preparing_s": first, "walls_s": walls}


def stream(store: Path, folder: Path) -> dict[str, Any]:
    """Record all frames to a store: time of a frame [s], and the peak of resident memory [bytes]."""
    run = open_dataset(store)
    before, _ = resident_bytes()
    ends = [time.perf_counter()]
    out = folder / "recording.zarr"
    lto.acquire(run, PRESET, SEED, out=out, progress=lambda _: ends.append(time.perf_counter()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    gaps = np.diff(ends)
    return {
        "frames": int(run.sizes["frame"]), "wall_s": ends[-1] - ends[0], "frame_s": float(np.median(gaps)),
        "before_bytes": before, "peak_bytes": peak,
        "stored_bytes": sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
    }  # fmt: skip


def _child(part: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    store = folder / "run.zarr"
    if part == "run":
        run = lto.simulate(extraction(options.recording))
        write_dataset(run, store)
        return {"status": run.attrs["status_meaning"]}
    if part == "render":
        return render(store, options.frames, options.repeats)
    if part == "stream":
        return stream(store, folder)
    return {
        "times_s": peer_times(options.repeats),
        "cross_sections": cross_sections(),
        "convolutions": convolutions(),
    }


def _in_child(part: str, folder: Path, options: argparse.Namespace, *, one_core: bool = False) -> Any:
    """A section in a fresh process; `one_core`: with one core and one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    os.environ["TQDM_DISABLE"] = "1"
    try:
        if one_core:
            os.environ.update(dict.fromkeys(names, "1"))
            if cores is not None:
                os.sched_setaffinity(0, {min(cores)})
        print(f"  {part}{', one core' if one_core else ''}", file=sys.stderr, flush=True)
        numbers = (f"--{name}={getattr(options, name)}" for name in ("frames", "recording", "repeats"))
        return with_fresh_process(Path(__file__), "--part", part, "--folder", str(folder), *numbers)
    finally:
        if cores is not None:
            os.sched_setaffinity(0, cores)
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _ratio(over: list[float], under: list[float]) -> Spread:
    return Spread.of([a / b for a, b in zip(over, under, strict=True)])


def print_rendering(found: dict[str, Any]) -> None:
    rows = []
    for where, part in found.items():
        walls, count = part["walls_s"], part["frames"]
        alone = walls["numpy" if where == "one core" else "draw_counts"]
        both = [a + b for a, b in zip(walls["expected"], walls["drawn"], strict=True)]
        part["rendering_over_draw"] = _ratio(walls["drawn"], alone).__dict__
        part["expected_and_drawn_over_draw"] = _ratio(both, alone).__dict__
        per_frame = [str(Spread.of(walls[name]).scaled(1e3 / count)) for name in walls]
        rows.append(
            [where, str(count), *per_frame, str(_ratio(walls["drawn"], alone)), str(_ratio(both, alone))]
        )
    headings = (
        "cores", "frames", "expected [ms]", "drawn [ms]", "numpy's draw [ms]", "own draw [ms]",
        "drawn / draw alone", "(expected + drawn) / draw alone",
    )  # fmt: skip
    print(table(headings, rows))


def print_streaming(found: dict[str, Any]) -> None:
    stored = found["stored_bytes"] / found["frames"]
    print(
        f"Streamed {found['frames']} frames in {found['wall_s']:.3g} s, {1e3 * found['frame_s']:.3g} ms a "
        f"frame (median), {stored / 1e6:.3g} MB a frame stored; resident memory at most "
        f"{found['peak_bytes'] / 1e6:.4g} MB, before it {found['before_bytes'] / 1e6:.4g} MB."
    )


def print_peer(found: dict[str, Any]) -> None:
    rows = []
    for name, walls in found["times_s"].items():
        for what, theirs, ours in (
            ("expected, first map", "peer first", "first"),
            ("expected, next map of that thickness", "peer core loss", "next"),
            ("noise", "peer noise", "noise"),
        ):
            both = [str(Spread.of(walls[key])) for key in (theirs, ours)]
            rows.append([name, what, *both, str(_ratio(walls[theirs], walls[ours]))])
    print(table(("map", "part", f"{PEER} [s]", "lto_sim [s]", "factor"), rows))
    rows = []
    for edge, part in found["cross_sections"].items():
        for name, (ours, theirs) in part["sigma_50eV_barn"].items():
            rows.append([edge, name, f"{ours:.4g}", f"{theirs:.4g}", f"{part['integral_percent'][name]:.2g}",
                         f"{part['largest_percent_of_maximum'][name]:.2g}"])  # fmt: skip
    print(table(("edge", "setting", "lto_sim, 50 eV [barn]", f"{PEER} [barn]", "integral [%]",
                 "largest [% of maximum]"), rows))  # fmt: skip
    rows = [
        [where, name, f"{value:.2g}"]
        for where, part in found["convolutions"].items()
        for name, value in part.items()
    ]
    print(table(("t/lambda", f"against {PEER}'s convolved Li-K", "largest [% of edge maximum]"), rows))


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.part:
        print(json.dumps(_child(options.part, options.folder, options)))
        return 0
    machine = describe()
    installed = importlib.util.find_spec(PEER) is not None
    machine["versions"][PEER] = importlib.metadata.version(PEER) if installed else "not installed"
    content: dict[str, Any] = {"machine": machine, "instrument": PRESET, "repeats": options.repeats}
    print(machine_line(machine))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _in_child("run", folder, options)
        content["rendering"] = {
            "one core": _in_child("render", folder, options, one_core=True),
            "all cores": _in_child("render", folder, options),
        }
        print_rendering(content["rendering"])
        if "streaming" not in options.without:
            content["streaming"] = _in_child("stream", folder, options)
            print_streaming(content["streaming"])
        if PEER in options.without:
            print(f"{PEER}: left out.")
        elif not installed:
            print(f"{PEER}: not installed, left out (pip install {PEER}).")
        else:
            content["peer"] = _in_child("peer", folder, options, one_core=True)
            print_peer(content["peer"])
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "microscope.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100, help="frames rendered in memory (default 100)")
    parser.add_argument(
        "--recording", type=int, default=400, help="frames of the run, all streamed (default 400)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="repeats of every measurement (default 3)")
    parser.add_argument(
        "--without", nargs="*", default=[], choices=["streaming", PEER], help="sections left out"
    )
    parser.add_argument("--quick", action="store_true", help="10 frames, 40 streamed, two repeats")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of microscope.json")
    parser.add_argument("--part", choices=["run", "render", "stream", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.frames, options.recording, options.repeats = 10, 40, 2
    return options


if __name__ == "__main__":
    sys.exit(main())
