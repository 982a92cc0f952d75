"""Fits with references: 100 frames of 64 x 64 x 1024 counts, beside HyperSpy's linear multifit.

Three cases, both with the same weights in each: all the same; of a channel, for all pixels; of every pixel
and channel. HyperSpy fits all pixels at once where its signal has one variance, lazily faster than in memory,
and pixel by pixel where the variance varies; weights of a channel can also be had by dividing signal and
references beforehand. All of these are measured; where fewer frames are fitted, times are scaled by pixels.
HyperSpy has an environment of its own: `--peer-python`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr
from machine import (
    Spread,
    describe,
    forget_peak,
    machine_line,
    resident_bytes,
    table,
    timed,
    with_fresh_process,
)
from measure import HERE
from numpy.typing import NDArray

from lto_sim.quantify.references.mlls import fit_references

Floats = NDArray[np.float64]

SEED: Final = 11
SIDE, CHANNELS = 64, 1024
BATCH: Final = 10
"""Frames drawn at a time."""


def references() -> Floats:
    """Background, Ti-M2,3, Li-K and a peak of it in shape: (4, energy) from 30 to 132 eV."""
    energy = 30.0 + 0.1 * np.arange(CHANNELS)
    return np.stack([
        (energy / 30.0) ** -3,
        np.exp(-0.5 * ((energy - 47.0) / 4.0) ** 2),
        (energy / 55.0) ** -2 / (1.0 + np.exp(-(energy - 55.0) / 0.5)),
        np.exp(-0.5 * ((energy - 62.0) / 2.0) ** 2),
    ])  # fmt: skip


def write_inputs(folder: Path, frames: int, own_frames: int) -> None:
    """Drawn counts as uint16, references, variances of a channel and of the pixels of some frames."""
    spectra, rng = references(), np.random.default_rng(SEED)
    counts = np.lib.format.open_memmap(
        folder / "counts.npy", mode="w+", dtype=np.uint16, shape=(frames, SIDE, SIDE, CHANNELS)
    )
    total = np.zeros(CHANNELS)
    for first in range(0, frames, BATCH):
        size = min(BATCH, frames - first)
        expected = rng.uniform(20.0, 200.0, (size, SIDE, SIDE, 4)) @ spectra
        counts[first : first + size] = rng.poisson(expected)
        total += expected.sum(axis=(0, 1, 2))
        if first == 0:
            np.save(folder / "own.npy", expected[:own_frames])
    counts.flush()
    np.save(folder / "references.npy", spectra)
    np.save(folder / "shared.npy", total / (frames * SIDE * SIDE))


def ours(folder: Path, case: str, frames: int, repeats: int) -> dict[str, Any]:
    """Times and memory of our fits of one case."""
    counts = np.load(folder / "counts.npy")[:frames]
    spectra = np.load(folder / "references.npy")
    weights: Any = case
    if case in {"shared", "own"}:
        weights = 1.0 / np.load(folder / f"{case}.npy")[..., :CHANNELS]
    elif case == "uniform":
        weights = np.ones(CHANNELS)
    first = weights if isinstance(weights, str) or weights.ndim == 1 else weights[:1]
    compiling, _ = timed(lambda: fit_references(counts[:1], spectra, weights=first))
    forget_peak()
    before, _ = resident_bytes()
    walls = []
    for _ in range(repeats):
        wall, found = timed(lambda: fit_references(counts, spectra, weights=weights))
        walls.append(wall)
    after = resident_bytes()[1]
    np.save(folder / f"ours_{case}.npy", found.amplitudes)
    return {
        "walls_s": walls,
        "frames": frames,
        "first_call_s": compiling,
        "peak_above_start_bytes": after - before,
    }


def stored(folder: Path, repeats: int) -> dict[str, Any]:
    """Time and memory of the fit of counts that stay in a Zarr store."""
    counts = zarr.open_array(folder / "counts.zarr", mode="r")
    spectra, weights = np.load(folder / "references.npy"), 1.0 / np.load(folder / "shared.npy")
    fit_references(np.asarray(counts[:1]), spectra, weights=weights)
    forget_peak()
    before, _ = resident_bytes()
    walls = [timed(lambda: fit_references(counts, spectra, weights=weights))[0] for _ in range(repeats)]
    return {"walls_s": walls, "before_bytes": before, "peak_bytes": resident_bytes()[1]}


def peer(python: Path, folder: Path, case: str, frames: int, lazy: int, repeats: int) -> dict[str, Any]:
    """Run a case of HyperSpy in its environment."""
    arguments = [
        "--case",
        case,
        "--frames",
        str(frames),
        "--lazy-frames",
        str(lazy),
        "--repeats",
        str(repeats),
    ]
    done = subprocess.run(
        [str(python), str(HERE / "mlls_peer.py"), str(folder), *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def difference(folder: Path, case: str, peer_case: str) -> float:
    """Largest difference of amplitudes, over the largest amplitude of that reference."""
    own, other = np.load(folder / f"ours_{case}.npy"), np.load(folder / f"peer_{peer_case}.npy")
    own = own[: other.shape[0]]
    return float((np.abs(own - other) / np.abs(other).max(axis=(0, 1, 2))).max())


def compare(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """All cases, ours and theirs after each other."""
    plan = [("uniform", "uniform", options.memory_frames, 0)]
    plan += [("uniform", "uniform", options.frames, size) for size in options.lazy_frames]
    plan += [("shared", "scaled", options.frames, size) for size in options.lazy_frames]
    plan += [("shared", "variance", options.pixelwise_frames, 0)]
    plan += [("own", "variance", options.pixelwise_frames, 0)]
    rows = []
    for case, peer_case, frames, lazy in plan:
        print(f"  {case}: {peer_case}, {frames} frames, lazy {lazy}", file=sys.stderr, flush=True)
        mine = with_fresh_process(Path(__file__), "--part", case, "--folder", str(folder), *_numbers(options))
        if peer_case != "uniform":
            (folder / "variance.npy").unlink(missing_ok=True)
            (folder / "variance.npy").symlink_to(folder / f"{case}.npy")
        theirs = peer(options.peer_python, folder, peer_case, frames, lazy, options.repeats)
        scaled = [
            [wall * options.frames / part["frames"] for wall in part["walls_s"]] for part in (mine, theirs)
        ]
        spreads = [Spread.of(walls) for walls in scaled]
        rows.append({
            "weights": case, "hyperspy": peer_case, "lazy_frames": lazy, "ours": mine, "theirs": theirs,
            "ours_s": spreads[0].__dict__, "theirs_s": spreads[1].__dict__,
            "ratio": spreads[1].median / spreads[0].median,
            "largest_relative_difference": difference(folder, case, peer_case),
        })  # fmt: skip
    return rows


def _numbers(options: argparse.Namespace) -> list[str]:
    names = ("frames", "own_frames", "repeats")
    return [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]


def print_rows(rows: list[dict[str, Any]], frames: int) -> None:
    shown = []
    for row in rows:
        way = row["hyperspy"] + (
            f", lazy, chunks of {row['lazy_frames']} frames" if row["lazy_frames"] else ""
        )
        shown.append([
            row["weights"], way, str(row["theirs"]["frames"]), str(row["ours"]["frames"]),
            str(Spread(**row["theirs_s"])), str(Spread(**row["ours_s"])), f"{row['ratio']:.3g}",
            f"{row['largest_relative_difference']:.1g}",
        ])  # fmt: skip
    headings = ("weights", "HyperSpy", "its frames", "our frames", f"HyperSpy [s per {frames} frames]",
                f"lto_sim [s per {frames} frames]", "ratio", "largest difference")  # fmt: skip
    print(table(headings, shown))


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.part == "stored":
        print(json.dumps(stored(options.folder, options.repeats)))
        return 0
    if options.part:
        frames = options.own_frames if options.part in {"own", "poisson", "model"} else options.frames
        print(json.dumps(ours(options.folder, options.part, frames, options.repeats)))
        return 0
    machine = describe()
    print(machine_line(machine))
    content: dict[str, Any] = {"machine": machine, "shape": [options.frames, SIDE, SIDE, CHANNELS]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, options.frames, options.own_frames)
        for part in ("uniform", "model", "poisson"):
            found = with_fresh_process(
                Path(__file__), "--part", part, "--folder", str(folder), *_numbers(options)
            )
            content[part] = found
            walls = Spread.of(found["walls_s"]).scaled(options.frames / found["frames"])
            print(f"{part}: {walls} s per {options.frames} frames, {found['frames']} fitted; "
                  f"{found['peak_above_start_bytes'] / 1e6:.4g} MB above the counts")  # fmt: skip
        counts = np.load(folder / "counts.npy", mmap_mode="r")
        store = zarr.create_array(
            folder / "counts.zarr", shape=counts.shape, chunks=(1, *counts.shape[1:]), dtype=counts.dtype
        )
        for frame in range(counts.shape[0]):
            store[frame] = counts[frame]
        content["stored"] = with_fresh_process(
            Path(__file__), "--part", "stored", "--folder", str(folder), *_numbers(options)
        )
        found = content["stored"]
        sizes = [f"{found[name] / 1e6:.4g} MB" for name in ("peak_bytes", "before_bytes")]
        print(f"from a Zarr store: {Spread.of(found['walls_s'])} s, at most {sizes[0]}, {sizes[1]} before")
        if options.peer_python is None:
            print("HyperSpy: left out (give --peer-python).")
        else:
            content["rows"] = compare(folder, options)
            print_rows(content["rows"], options.frames)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "mlls.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100, help="frames in all (default 100)")
    parser.add_argument("--own-frames", type=int, default=10, help="of these with weights of each pixel")
    parser.add_argument("--memory-frames", type=int, default=20, help="that HyperSpy fits in memory")
    parser.add_argument("--pixelwise-frames", type=int, default=1, help="that HyperSpy fits pixel by pixel")
    parser.add_argument("--lazy-frames", type=int, nargs="*", default=[1, 4, 16], help="of a lazy chunk")
    parser.add_argument("--repeats", type=int, default=5, help="repeats of every measurement (default 5)")
    parser.add_argument("--peer-python", type=Path, help="Python of an environment with HyperSpy")
    parser.add_argument("--quick", action="store_true", help="10 frames, two repeats")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of mlls.json")
    parser.add_argument(
        "--part", choices=["uniform", "shared", "own", "model", "poisson", "stored"], help=argparse.SUPPRESS
    )
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.frames, options.own_frames, options.memory_frames, options.repeats = 10, 2, 5, 2
        options.lazy_frames = [4]
    return options


if __name__ == "__main__":
    sys.exit(main())
