"""The machine that a benchmark runs on: what it is, how fast its memory is, how long something takes."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Spread",
    "describe",
    "forget_peak",
    "machine_line",
    "resident_bytes",
    "table",
    "timed",
    "triad",
    "with_fresh_process",
]

Floats = NDArray[np.float64]

_PACKAGES = ("lto_sim", "numpy", "scipy", "numba", "fipy", "py-pde")


@dataclass(frozen=True)
class Spread:
    """Median and range of repeats."""

    median: float
    lowest: float
    highest: float
    repeats: int

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values), len(values))

    def scaled(self, factor: float) -> Spread:
        """All of it times `factor`."""
        return Spread(self.median * factor, self.lowest * factor, self.highest * factor, self.repeats)

    def __str__(self) -> str:
        if self.repeats == 1:
            return f"{self.median:.3g} (once)"
        return f"{self.median:.3g} ({self.lowest:.3g}..{self.highest:.3g})"


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time [s] of one call, and what it returned."""
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def describe() -> dict[str, Any]:
    """Processor, cores that may be used, threads, load and versions."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "numba_threads": numba.get_num_threads(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def machine_line(machine: dict[str, Any]) -> str:
    """One line for the head of a table."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Machine: {machine['cores']} cores of {machine['processor']}, {machine['system']}, numba threads "
        f"{machine['numba_threads']}, load before {machine['load_before']}; "
        f"Python {machine['python']}, {versions}."
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


@numba.njit(parallel=True)
def _triad(repeats: int, a: Floats, b: Floats, c: Floats) -> None:
    """Repeat a = b + s c, each thread on its own part, so that small arrays stay in its cache."""
    threads = numba.get_num_threads()
    for part in numba.prange(threads):
        first, end = part * a.size // threads, (part + 1) * a.size // threads
        to, one, other = a[first:end], b[first:end], c[first:end]
        for repeat in range(repeats):
            scalar = 3.0 + 1e-9 * repeat
            for i in range(to.size):
                to[i] = one[i] + scalar * other[i]


def triad(working_set: int, threads: int, *, seconds: float = 0.25, repeats: int = 5) -> float:
    """Memory bandwidth [bytes s-1] of a = b + s c over three arrays that are `working_set` bytes together.

    As in STREAM, an element counts 24 bytes (two read, one written), best of `repeats`. The working set
    decides which cache it is the bandwidth of.
    """
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        size = max(working_set // 24, 8 * threads)
        a, b, c = np.zeros(size), np.ones(size), np.full(size, 2.0)
        _triad(1, a, b, c)

        def wall(rounds: int) -> float:
            return timed(lambda: _triad(rounds, a, b, c))[0]

        rounds = 1
        while (spent := wall(rounds)) < 0.1 * seconds:
            rounds *= 4
        rounds = max(1, int(rounds * seconds / spent))
        best = min(wall(rounds) for _ in range(repeats))
    finally:
        numba.set_num_threads(before)
    return 24.0 * size * rounds / best


def resident_bytes() -> tuple[int, int]:
    """Resident memory of this process now, and its largest since :func:`forget_peak` [bytes]."""
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return peak, peak
    values = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    now, peak = (int(values[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
    return now, peak


def forget_peak() -> None:
    """Let the largest resident memory begin anew, where the system can; else it includes compilation."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def with_fresh_process(script: Path, *arguments: str) -> dict[str, Any]:
    """Run a script of ours in a process of its own; its last line is JSON."""
    done = subprocess.run(
        [sys.executable, str(script), *arguments], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(headings: tuple[str, ...], rows: list[list[str]]) -> str:
    """Rows as a table that is legible both plain and as Markdown."""
    widths = [max(len(row[k]) for row in [list(headings), *rows]) for k in range(len(headings))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
             for row in [list(headings), *rows]]  # fmt: skip
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
