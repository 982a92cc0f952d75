"""The one place where functions are compiled: numba, cached, strict floating point.

`cache=True` fails where no cache directory can be written (a read-only installation without a home), so a
temporary one is named first in that case; it is shared with worker processes and removed at exit. numba
renews a cached kernel when its own file changes but not when a kernel it calls does, so caches beside the
source that are older than any source with kernels are dropped at import. Every kernel keeps its Python form
as ``.py_func``.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config

__all__ = ["kernel", "start_threads", "summing", "threaded"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _ensure_cache_directory() -> None:
    if numba.core.config.CACHE_DIR:
        return
    beside = Path(__file__).resolve().parent / "__pycache__"
    candidates = (beside if beside.exists() else beside.parent, Path.home() if _has_home() else None)
    if any(path is not None and os.access(path, os.W_OK) for path in candidates):
        return
    directory = tempfile.mkdtemp(prefix="lto_sim_numba_")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    numba.core.config.CACHE_DIR = directory
    os.environ["NUMBA_CACHE_DIR"] = directory  # worker processes share it


def _has_home() -> bool:
    try:
        return Path.home().is_dir()
    except RuntimeError:
        return False


def _drop_stale_caches() -> None:
    package = Path(__file__).resolve().parents[1]
    kernels = [
        source
        for room in ("transport", "quantify/references")
        for source in (package / room).glob("*.py")
        if any(mark in source.read_text(encoding="utf-8") for mark in ("@kernel", "@summing", "@threaded"))
    ]
    newest = max((source.stat().st_mtime for source in kernels), default=0.0)
    for index in package.rglob("__pycache__/*.nbi"):
        with contextlib.suppress(OSError):
            if index.stat().st_mtime < newest:
                index.unlink()


_ensure_cache_directory()
_drop_stale_caches()


def kernel(function: Function) -> Function:
    """Compile `function` without Python objects; the compiled code is cached beside the source."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))


def summing(function: Function) -> Function:
    """Like :func:`kernel` for a sum over an array, taken in several lanes."""
    lanes = {"reassoc", "contract", "nsz"}
    return cast(Function, numba.njit(cache=True, error_model="numpy", fastmath=lanes)(function))


def threaded(function: Function) -> Function:
    """Like :func:`kernel` with its outermost loop, over `numba.prange`, in threads: :func:`start_threads`."""
    return cast(Function, numba.njit(cache=True, error_model="numpy", parallel=True)(function))


def start_threads() -> None:
    """Start numba's threads, to be called before any kernel that calls a threaded one.

    numba (0.68) starts them when it compiles a threaded function or loads it by itself, but not when it loads
    a cached kernel that calls one, whose call then goes to address 0. Not done at import: a process that is
    forked afterwards could use none.
    """
    numba.get_num_threads()
