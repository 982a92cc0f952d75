"""The one place where functions are compiled: numba, cached, strict floating point.

Compiled code is kept beside the source, in ``__pycache__``, where the build of a wheel may have put it
(:mod:`lto_sim.precompile`). Where nothing can be written there (a read-only installation) it is kept in a
temporary directory, begun with what is beside the source, shared with worker processes and removed at exit;
nothing is ever written to a home directory. numba renews a cached kernel when its own file changes but not
when a kernel it calls does: all are dropped when the text of any source with kernels is another than it was.
Every kernel keeps its Python form as ``.py_func``.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
import numba.core.config
from numba.core.caching import UserProvidedCacheLocator

__all__ = ["kernel", "start_threads", "summing", "threaded"]

Function = TypeVar("Function", bound=Callable[..., Any])

ROOMS: Final = ("kinetics/rates", "quantify/references", "transport")
"""Where kernels are."""
STAMP: Final = "kernels.sha256"
"""File beside compiled code: the text of which sources it was compiled from."""
_HERE: Final = Path(__file__).resolve().parent
_PACKAGE: Final = _HERE.parent


def _kept_code() -> None:
    """Say where compiled code is kept, and drop what is there of other sources."""
    if numba.core.config.CACHE_DIR:
        return
    stamp, digest = _HERE / "__pycache__" / STAMP, _digest()
    try:
        known = stamp.read_text(encoding="utf-8") == digest
    except OSError:
        known = False
    try:
        for source in _kernel_sources():
            if not os.access(_beside(source), os.W_OK):
                raise PermissionError(_beside(source))
        if not known:
            for index in _PACKAGE.rglob("__pycache__/*.nbi"):
                index.unlink(missing_ok=True)
            stamp.parent.mkdir(exist_ok=True)
            stamp.write_text(digest, encoding="utf-8")
    except OSError:
        _keep_elsewhere(known)


def _keep_elsewhere(known: bool) -> None:
    """Keep compiled code in a temporary directory; `known`: begin with what is beside the source."""
    directory = tempfile.mkdtemp(prefix="lto_sim_numba_")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    numba.core.config.CACHE_DIR = directory
    os.environ["NUMBA_CACHE_DIR"] = directory  # worker processes share it
    for source in _kernel_sources() if known else ():
        folder = Path(directory, UserProvidedCacheLocator.get_suitable_cache_subpath(str(source)))
        if not folder.exists():
            folder.mkdir()
            for code in source.parent.glob("__pycache__/*.nb[ci]"):
                shutil.copy(code, folder)


def _beside(source: Path) -> Path:
    folder = source.parent / "__pycache__"
    return folder if folder.exists() else source.parent


@functools.cache
def _kernel_sources() -> tuple[Path, ...]:
    marks = b"@kernel", b"@summing", b"@threaded"
    return tuple(
        source
        for room in ROOMS
        for source in sorted((_PACKAGE / room).glob("*.py"))
        if any(mark in source.read_bytes() for mark in marks)
    )


def _digest() -> str:
    """SHA-256 of all sources with kernels, hexadecimal."""
    digest = hashlib.sha256()
    for source in _kernel_sources():
        digest.update(source.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


_kept_code()


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
