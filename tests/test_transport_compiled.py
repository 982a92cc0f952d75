"""Compiled kernels from the cache, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

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
    call = "import numpy, {0}; x = numpy.ones(9); {0}.{1}(x); print(x.sum())"
    printed = []
    for module, function in (("inner", "double"), ("outer", "twice"), ("outer", "twice")):
        run = subprocess.run(
            [sys.executable, "-c", call.format(module, function)],
            capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=120,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        printed.append(float(run.stdout))
    assert printed == [18.0, 36.0, 36.0]
