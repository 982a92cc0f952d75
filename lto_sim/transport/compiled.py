"""The one place where functions are compiled: numba, cached, no threads, strict floating point.

`cache=True` fails where no cache directory can be written (a read-only installation without a home), so a
temporary one is named first in that case. Every kernel keeps its Python form as ``.py_func``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config

__all__ = ["kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _ensure_cache_directory() -> None:
    if numba.core.config.CACHE_DIR:
        return
    beside = Path(__file__).resolve().parent / "__pycache__"
    candidates = (beside if beside.exists() else beside.parent, Path.home() if _has_home() else None)
    if any(path is not None and os.access(path, os.W_OK) for path in candidates):
        return
    numba.core.config.CACHE_DIR = tempfile.mkdtemp(prefix="lto_sim_numba_")


def _has_home() -> bool:
    try:
        return Path.home().is_dir()
    except RuntimeError:
        return False


_ensure_cache_directory()


def kernel(function: Function) -> Function:
    """Compile `function` without Python objects; the compiled code is cached beside the source."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))
