"""Whether the kernels have been compiled before: the first run of an installation takes minutes longer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from lto_sim.transport.newton import newton_step

__all__ = ["COMPILING", "is_compiled"]

COMPILING: Final = "compiling kernels, once for this installation: about two minutes"


def is_compiled() -> bool:
    """Whether the central kernel is in numba's cache, or in this process already."""
    central: Any = newton_step
    if central.signatures:
        return True
    folder = Path(central.stats.cache_path or ".")
    return any(folder.glob("newton.newton_step-*.nbi"))
