"""What tests of stopped sweeps share: a tiny sweep, its log, processes of the command line, and comparing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import sweep_functions
import xarray as xr

import lto_sim as lto
from lto_sim.study import CustomOutput, Variable, sweep
from lto_sim.study.sweeps import describe
from lto_sim.study.sweeps.store import read_statuses

PATIENCE: Final = 400.0
RUNS: Final = 10
NOTED: Final = CustomOutput("sweep_functions:noted", {"mark": Variable("1", "content and number")})


def scenario(folder: Path) -> lto.Scenario:
    """A slab of 20 cells; the title says where its runs note that they were begun."""
    return lto.Scenario.from_dict({
        "title": str(folder), "material": "lto", "temperature": 348.15, "initial": 1.0,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "0.8 um", "height": "80 nm"}, "cell": "40 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "2 s"}}],
        "scan": {"frame_time": "0.2 s", "pixels": [20, 2]},
        "profile": [{"start": ["0 um", "40 nm"], "end": ["0.6 um", "40 nm"], "width": "60 nm"}],
    })  # fmt: skip


def axes(runs: int = RUNS) -> dict[str, Any]:
    """Seeds number the runs; every other has its own temperature."""
    return {"seed": list(range(runs)), "temperature": [f"{60 + n // 2} degC" for n in range(runs)]}


def options(outputs: tuple[Any, ...] = ("maps", "rate", "current", NOTED)) -> dict[str, Any]:
    """Arguments of a sweep beside scenario and axes."""
    return {"design": "zip", "outputs": list(outputs)}


def write_file(folder: Path, runs: int = RUNS) -> Path:
    """The same sweep as a file."""
    made = describe(scenario(folder), axes(runs), **options())
    file = folder / "sweep.toml"
    file.write_text(made.to_toml(), encoding="utf-8")
    return file


def reference(folder: Path, runs: int = RUNS) -> xr.Dataset:
    """Results of the sweep that nothing happens to, run in this process into a folder of its own."""
    apart = folder / "undisturbed"
    apart.mkdir()
    found = sweep(scenario(folder), axes(runs), out=apart / "sweep.zarr", engine="serial", **options()).load()
    (folder / "log").unlink()
    return found.assign_attrs(disk_bytes=used(apart / "sweep.zarr"))


def used(store: Path) -> int:
    """Bytes that a store takes on the disk."""
    return sum(path.stat().st_blocks * 512 for path in store.rglob("*") if path.is_file())


_started: list[subprocess.Popen[str]] = []


def lto_sim(*words: object, cwd: Path) -> subprocess.Popen[str]:
    """Start a command in a process, and a group, of its own."""
    return python("-m", "lto_sim", *words, cwd=cwd)


def python(*words: object, cwd: Path, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start Python, after the words of another command."""
    process = subprocess.Popen(
        [*before, sys.executable, *map(str, words)],
        cwd=cwd, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    _started.append(process)
    return process


def end_processes() -> None:
    """End what a test has started and left, its groups too."""
    while _started:
        process = _started.pop()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def environment() -> dict[str, str]:
    """Where functions of the tests are found by processes."""
    return os.environ | {"PYTHONPATH": str(Path(sweep_functions.__file__).parent)}


def wait_for(condition: Callable[[], Any], what: str, process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something holds; fail where it does not come, or the process ends before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"ended before {what}: {process.communicate()}")
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Do something beside a sweep, and fail where it fails."""
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    yield
    thread.join(timeout=PATIENCE)
    assert failed == []


def begun(folder: Path) -> Counter[int]:
    """How often each run was begun."""
    return Counter(number for number, _, _ in log(folder))


def workers(folder: Path) -> set[int]:
    """Processes that began runs."""
    return {process for _, process, _ in log(folder)}


def log(folder: Path) -> list[tuple[int, int, int]]:
    """Run, process and its memory [KiB], in the order of beginning."""
    file = folder / "log"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [(int(number), int(process), int(peak)) for number, process, peak in map(str.split, lines)]


def statuses(store: Path, runs: int = RUNS) -> list[int]:
    """Statuses of all runs."""
    return [int(status) for status in read_statuses(store, runs)]


def alive(process: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except ProcessLookupError:
        return False
    except OSError:
        return not Path("/proc").exists()


def wait_for_end(folder: Path) -> None:
    """Wait until all processes that began runs have ended."""
    wait_for(lambda: not any(map(alive, workers(folder))), "the end of workers that nobody ends")


def assert_same(found: xr.Dataset, expected: xr.Dataset, but: tuple[int, ...] = ()) -> None:
    """All variables but the wall time agree bit for bit, in all runs but some."""
    assert set(found.variables) == set(expected.variables)
    runs = np.array([n for n in range(found.sizes["run"]) if n not in but])
    for name in set(found.variables) - {"wall_time"}:
        one, other = found[name], expected[name]
        assert one.dims == other.dims
        if "run" in one.dims:
            one, other = one.isel(run=runs), other.isel(run=runs)
        if one.dtype.kind in "if":
            assert one.values.tobytes() == other.values.tobytes(), name
        else:
            assert one.values.tolist() == other.values.tolist(), name
