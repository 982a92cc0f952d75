"""Compiled kernels from the cache, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

INNER = """
import numba
from lto_sim.transport.compiled import threaded

@threaded
def double(x):
    for i in numba.prange(x.size):
        x[i] *= 2.0
"""
OUTER = """
from inner import double
from lto_sim.transport.compiled import kernel

@kernel
def twice(x):
    double(x)
    double(x)
"""


def test_a_cached_kernel_runs_whose_threaded_part_came_from_the_cache_when_it_was_compiled(
    tmp_path: Path,
) -> None:
    """It once jumped to address 0: numba had not started its threads."""
    (tmp_path / "inner.py").write_text(INNER, encoding="utf-8")
    (tmp_path / "outer.py").write_text(OUTER, encoding="utf-8")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}
    call = "import numpy, {0}; from lto_sim.transport.compiled import start_threads as start; "
    call += "start(); x = numpy.ones(9); {0}.{1}(x); print(x.sum())"
    printed = []
    for module, function in (("inner", "double"), ("outer", "twice"), ("outer", "twice")):
        run = subprocess.run(
            [sys.executable, "-c", call.format(module, function)],
            capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=120,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        printed.append(float(run.stdout))
    assert printed == [18.0, 36.0, 36.0]


FORKED = """
import multiprocessing
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

def steps(cell):
    scenario = Scenario.from_dict({
        "material": {"name": "lto"}, "temperature": 303.15, "initial": 0.0,
        "drive": [{"hold": 0.4, "until": {"time": 1.0}}],
        "specimen": {
            "outline": {"shape": "rectangle", "width": 4e-6, "height": 3e-6}, "thickness": 1e-7, "cell": cell
        },
        "contacts": {"lps": {"where": {"side": "left"}, "law": "equilibrium"}},
        "numerics": {"max_steps": 2},
    })
    return simulate(scenario).attrs["steps"]

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.map_async(steps, [1e-8]).get(timeout=300))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")
def test_a_forked_process_runs_a_specimen_that_is_large_enough_for_threads(tmp_path: Path) -> None:
    """numba ends a process whose threads its parent started."""
    (tmp_path / "forked.py").write_text(FORKED, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "forked.py"], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=330
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[2]"
