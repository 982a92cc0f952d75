"""Synthetic recordings: time of a frame beside its Poisson draw, memory of a stream, and a peer.

Sections: 64 x 64 x 1024 frames of an extraction, rendered in memory in turns with the draw of the same
expected counts, on one core and on all; a recording streamed to a store, with the peak of resident memory;
the same map by pyEELSMODEL (where it is installed), with cross-sections and convolution compared. Every
section runs in a process of its own, so that its threads and its memory are its own.

pyEELSMODEL's simulator takes its edges from a database that it downloads; here they are its own
hydrogenic ones.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from machine import Spread, describe, machine_line, resident_bytes, table, timed, with_fresh_process
from measure import HERE
from numpy.typing import NDArray

import lto_sim as lto
from lto_sim.files import open_dataset, write_dataset
from lto_sim.microscope.acquisition import plan_acquisition
from lto_sim.microscope.detector import draw_counts
from lto_sim.microscope.hydrogenic import differential_cross_section
from lto_sim.microscope.instrument import Instrument
from lto_sim.microscope.kinematics import Beam, effective_collection
from lto_sim.microscope.plural import Lattice
from lto_sim.microscope.zero_loss import Response

Floats = NDArray[np.float64]

PRESET: Final = "jem_arm300f2_continuum_k3"
PEER: Final = "pyEELSMODEL"
SEED: Final = 5
BARN: Final = 1e-28
VOLTAGE, CONVERGENCE, COLLECTION = 300e3, 25e-3, 40e-3
SIDE, CHANNELS, FWHM = 64, 1024, 1.0
Q_STEPS: Final = 20
"""The simulator's own number of momenta."""
Q_FINE: Final = 400
MAPS: Final = {
    "Li-K, 30 to 132 eV": (("Li-K",), ("Li",), ("K",), 30.0, 0.1),
    "Ti-L and O-K, 430 to 635 eV": (("Ti-L2,3", "O-K"), ("Ti", "O"), ("L", "K"), 430.0, 0.2),
}
"""Our edges, the peer's elements and their edges, first channel and width of a channel [eV]."""
SHELLS: Final = {"Li-K": ("K", 3, 55.0, "K"), "O-K": ("K", 8, 532.0, "K"), "Ti-L2,3": ("L23", 22, 456.0, "L")}
"""Edge: our shell, atomic number, threshold [eV], the peer's shell."""


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


def _map_of(edges: tuple[str, ...], offset: float, dispersion: float) -> tuple[xr.Dataset, Instrument]:
    """Map with t/lambda 0.3 to 0.8 along y and li fractions 0 to 1 along x, and what records it."""
    axis = (np.arange(SIDE) + 0.5) * 20e-9
    along_y, along_x = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE), indexing="ij")
    pixel_time = (np.arange(SIDE**2).reshape(SIDE, SIDE) + 0.5) * 1.5 / SIDE**2
    maps = xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), along_x[None]),
            "thickness": (("y", "x"), 100e-9 * (0.3 + 0.5 * along_y)),
            "pixel_time": (("y", "x"), pixel_time),
        },
        {"time": [0.0], "y": axis, "x": axis},
    )
    instrument = Instrument.preset(PRESET).with_values({
        "spectrometer.offset": offset, "spectrometer.dispersion": dispersion,
        "spectrometer.collection": COLLECTION, "beam.energy_spread": FWHM,
        "spectrum.edges": list(edges), "spectrum.mean_free_path": 100e-9,
    })  # fmt: skip
    return maps, instrument


def _simulator(
    elements: tuple[str, ...], edges: tuple[str, ...], offset: float, dispersion: float, side: int
) -> Any:
    """Return the peer's simulator with the peer's own hydrogenic edges in place of those of its database."""
    from pyEELSMODEL.api import MultiSpectrumshape
    from pyEELSMODEL.components.CLedge.hydrogen_coreloss_edge import HydrogenicCoreLossEdge
    from pyEELSMODEL.operators.simulator.coreloss_simulator import CoreLossSimulator

    class Hydrogenic(CoreLossSimulator):
        def make_elements(self) -> None:
            self.element_components = [
                HydrogenicCoreLossEdge(
                    self.spectrumshape, 1, self.E0, self.alpha, self.beta, element, edge, q_steps=self.qsteps
                )
                for element, edge in zip(self.elements, self.edges, strict=True)
            ]
            for component in self.element_components:
                component.calculate()

    x, y = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side), indexing="ij")
    maps = np.array([0.5 + 0.5 * x, 0.5 + 0.5 * y][: len(elements)])
    shape = MultiSpectrumshape(dispersion, offset, CHANNELS, side, side)
    settings = (VOLTAGE, CONVERGENCE, COLLECTION)
    simulator = Hydrogenic(shape, list(elements), list(edges), maps, 0.3 + 0.5 * x, settings)
    simulator.fwhm, simulator.qsteps, simulator.add_poisson = FWHM, Q_STEPS, False
    return simulator


def peer_times(repeats: int) -> dict[str, Any]:
    """Times of one map [s], ours and the peer's in turns."""
    found: dict[str, Any] = {}
    for name, (edges, elements, shells, offset, dispersion) in MAPS.items():
        maps, instrument = _map_of(edges, offset, dispersion)
        walls: dict[str, list[float]] = {}
        _simulator(elements, shells, offset, dispersion, 2).simulate_multispectrum()
        plan_acquisition(maps, instrument).expected(0)
        for repeat in range(repeats):
            simulator = _simulator(elements, shells, offset, dispersion, SIDE)
            low, _ = timed(simulator.make_lowloss)
            atoms, _ = timed(simulator.make_elements)
            core, _ = timed(simulator.make_coreloss)
            start = time.perf_counter()
            plan = plan_acquisition(maps, instrument)
            counts = plan.expected(0)
            ours = time.perf_counter() - start
            again, _ = timed(lambda plan=plan: plan.expected(0))
            noise = timed(lambda counts=counts: draw_counts(counts, SEED + repeat))[0]  # noqa: B023
            pixels = counts.reshape(-1, CHANNELS)
            theirs = timed(lambda pixels=pixels: [np.random.poisson(pixel) for pixel in pixels])[0]  # noqa: NPY002
            for key, wall in {
                "peer low loss": low, "peer edges": atoms, "peer core loss": core, "peer noise": theirs,
                "peer first": low + atoms + core, "first": ours, "next": again, "noise": noise,
            }.items():  # fmt: skip
                walls.setdefault(key, []).append(wall)
        found[name] = walls
    return found


def _ours(edge: str, energy: Floats, collection: float, threshold: float | None = None) -> Floats:
    """Bare hydrogenic d sigma/dE [barn/eV]; `threshold` [eV]: another one than the edge's own."""
    shell, number, own, _ = SHELLS[edge]
    begin = own if threshold is None else threshold
    return differential_cross_section(shell, number, energy, Beam(VOLTAGE), collection, begin) / BARN  # type: ignore[arg-type]


def _angle(edge: str) -> float:
    return effective_collection(Beam(VOLTAGE), SHELLS[edge][2], CONVERGENCE, COLLECTION)


def cross_sections() -> dict[str, Any]:
    """Ours against the peer's over 50 eV from the threshold: largest difference and that of the integral."""
    from pyEELSMODEL.misc.hydrogen_gdos import dsigma_dE_hydrogenic, get_EK, get_IE3

    def peer(edge: str, energy: Floats, alpha: float, steps: int) -> Floats:
        _, number, _, shell = SHELLS[edge]
        begin = float(get_EK()[number - 1] if shell == "K" else get_IE3()[number - 13])
        return dsigma_dE_hydrogenic(energy, number, begin, VOLTAGE, COLLECTION, alpha, shell, steps) / BARN

    def extrapolated(edge: str, energy: Floats, alpha: float) -> Floats:
        """Of an error as one over the number of intervals: its sum counts both ends whole."""
        coarse, fine = (peer(edge, energy, alpha, steps) for steps in (Q_STEPS, Q_FINE))
        return fine - (coarse - fine) / ((Q_FINE - 1) / (Q_STEPS - 1) - 1)

    found: dict[str, Any] = {}
    for edge, (_, _, threshold, _) in SHELLS.items():
        energy = threshold + 0.05 + 0.1 * np.arange(500)
        ours, parallel = _ours(edge, energy, _angle(edge)), _ours(edge, energy, COLLECTION)
        exact = extrapolated(edge, energy, 1e-9)
        rows = {
            "as shipped": (ours, peer(edge, energy, CONVERGENCE, Q_STEPS)),
            "its sum over q extrapolated": (ours, extrapolated(edge, energy, CONVERGENCE)),
            "so, parallel beam": (parallel, exact),
        }
        if edge == "Ti-L2,3":
            begin = float(get_IE3()[22 - 13])
            shifted = _ours(edge, energy, COLLECTION, begin)
            rows[f"so, and our L3 at {begin:g} eV"] = (shifted, exact)
        found[edge] = {
            "sigma_50eV_barn": {name: [float(0.1 * v.sum()) for v in pair] for name, pair in rows.items()},
            "integral_percent": {name: float(100 * (a.sum() / b.sum() - 1)) for name, (a, b) in rows.items()},
            "largest_percent_of_maximum": {name: _largest(a, b) for name, (a, b) in rows.items()},
        }
    return found


def _largest(ours: Floats, theirs: Floats) -> float:
    """Largest difference [% of the maximum of theirs]."""
    return float(100.0 * np.abs(ours - theirs).max() / theirs.max())


def _plasmon(losses: Floats, multiple: int) -> Floats:
    """Return the peer's n-fold plasmon at losses that are evenly spaced; any scale."""
    from pyEELSMODEL.api import Spectrumshape
    from pyEELSMODEL.components.plasmon import Plasmon

    shape = Spectrumshape(losses[1] - losses[0], losses[0], losses.size)
    component = Plasmon(shape, 1, 22, 5, 1, 0.5, COLLECTION, VOLTAGE)
    found = component.calculate_plasmon(22 * multiple, 5, 1, COLLECTION, VOLTAGE)
    return np.asarray(found / found.sum())


def _poisson_low_loss(losses: Floats, thickness: float, most: int) -> Floats:
    """Return the peer's low loss with every multiple as frequent as a Poisson number has it."""
    zero = np.exp(-4.0 * np.log(2.0) * (losses / FWHM) ** 2)
    low = zero / zero.sum()
    for n in range(1, most + 1):
        low = low + thickness**n / math.factorial(n) * _plasmon(losses, n)
    return low / low.sum()


def convolutions() -> dict[str, Any]:
    """Li-K behind a low loss, in percent of the edge's maximum: what others make of it against the peer."""
    simulator = _simulator(("Li",), ("K",), 30.0, 0.1, 2)
    simulator.A_bg = 1e-12
    simulator.simulate_multispectrum()
    spectra = simulator.multispectrum
    energy, edge = spectra.energy_axis, simulator.element_components[0].cross_section
    ours = np.where(edge > 0.0, _ours("Li-K", energy, _angle("Li-K")), 0.0)
    lattice, response = Lattice.for_channels(30.0, 0.1, CHANNELS, FWHM), Response(FWHM)
    losses = lattice.losses[: lattice.reach_points]
    single, thin = np.interp(losses, energy, edge, left=0.0, right=0.0), 1e-12
    found: dict[str, Any] = {}
    for row, thickness in enumerate((0.3, 0.8)):
        axis, low = simulator.ll.energy_axis, simulator.ll.multidata[row, 0]
        zero = int(np.argmax(low))

        def convolved(edge: Floats, low: Floats, zero: int = zero) -> Floats:
            return np.convolve(edge, low / low.sum())[zero : zero + CHANNELS]

        valence = thickness * _plasmon(losses, 1)
        with_edge, without = (
            lattice.recorded(lattice.transform(part), thickness, response)
            for part in (valence + thin * single, valence)
        )
        exact = (with_edge - without) / thin
        theirs = spectra.multidata[row, 0] / simulator.maps[0][row, 0]
        low_poisson = _poisson_low_loss(axis, thickness, simulator.n_plasmon)
        found[f"{thickness:g}"] = {
            "its edge, its low loss, direct convolution": _largest(convolved(edge, low), theirs),
            "our edge, its low loss, direct convolution": _largest(convolved(ours, low), theirs),
            "its edge and single plasmon, our plural scattering": _largest(exact, theirs),
            "the same, against its edge behind its multiples in Poisson's shares": _largest(
                exact, convolved(edge, low_poisson)
            ),
        }
    return found


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
