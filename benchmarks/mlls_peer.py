"""HyperSpy's linear multifit of the spectra that `mlls.py` put into a folder; runs in HyperSpy's environment.

Reads `counts.npy` (frames, y, x, energy), `references.npy` and `variance.npy` (energy,) or (frames, y, x,
energy), writes `peer_CASE.npy`; the last line printed is JSON.

    uniform    all channels weigh the same: all pixels in one call of `lstsq`, in memory or lazily
    scaled     weights of a channel, by a signal and references divided by its deviation beforehand
    variance   weights by the variance of the signal, HyperSpy's own way: pixel by pixel
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import logging
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["main"]

Floats = NDArray[np.float64]


def model_of(signal: Any, references: Floats) -> Any:
    """Model of `references` with free heights alone."""
    import hyperspy.api as hs

    model = signal.create_model()
    for number, values in enumerate(references):
        part = hs.model.components1D.ScalableFixedPattern(hs.signals.Signal1D(values))
        part.name = f"reference {number}"
        part.xscale.free = part.shift.free = False
        model.append(part)
    return model


def fitted(counts: Any, references: Floats, variance: Any, lazy_frames: int) -> tuple[float, Floats]:
    """Time [s] of a fit from the array to the amplitudes, and those."""
    import hyperspy.api as hs

    begin = time.perf_counter()
    signal = hs.signals.Signal1D(counts)
    if lazy_frames:
        signal = signal.as_lazy()
        signal.data = signal.data.rechunk((lazy_frames, *counts.shape[1:]))
    if variance is not None and variance.ndim == 1:
        deviation = np.sqrt(variance)
        signal, references = signal / deviation, references / deviation
    elif variance is not None:
        signal.set_noise_variance(hs.signals.Signal1D(variance))
    model = model_of(signal, references)
    model.multifit(optimizer="lstsq", show_progressbar=False)
    found = np.stack([part.yscale.map["values"] for part in model], axis=-1)
    return time.perf_counter() - begin, found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--case", choices=["uniform", "scaled", "variance"], required=True)
    parser.add_argument("--frames", type=int, required=True, help="frames that are fitted")
    parser.add_argument("--lazy-frames", type=int, default=0, help="frames of a chunk; 0: in memory")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    counts = np.load(options.folder / "counts.npy", mmap_mode="r")[: options.frames]
    counts = np.ascontiguousarray(counts)
    references = np.load(options.folder / "references.npy")
    variance = None
    if options.case != "uniform":
        variance = np.load(options.folder / "variance.npy", mmap_mode="r")
        if options.case == "variance":
            variance = np.array(np.broadcast_to(variance, (*counts.shape[:-1], variance.shape[-1]))
                                if variance.ndim == 1 else variance[: options.frames])  # fmt: skip
        else:
            variance = np.array(variance)
    fitted(counts[:1, :2, :2], references, None, 0)
    walls = []
    for _ in range(options.repeats):
        wall, found = fitted(counts, references, variance, options.lazy_frames)
        walls.append(wall)
    np.save(options.folder / f"peer_{options.case}.npy", found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    versions = {name: importlib.metadata.version(name) for name in ("hyperspy", "numpy", "scipy", "dask")}
    print(json.dumps({"walls_s": walls, "frames": options.frames, "peak_bytes": peak, "versions": versions}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
