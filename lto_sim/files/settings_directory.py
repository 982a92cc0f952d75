"""A directory for matplotlib's settings and list of fonts where there is no home, or one that is read-only.

matplotlib makes one itself there, and says so in two lines on stderr at every start. Rooms that import it,
or lmfit, which does, import this module before (first of all in their ``__init__``); it is shared with
worker processes and removed at exit.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["ensure_settings_directory"]

_VARIABLE: Final = "MPLCONFIGDIR"


def ensure_settings_directory() -> None:
    """Name a temporary directory to matplotlib, unless it has one or finds one that can be written."""
    if os.environ.get(_VARIABLE) or all(map(_can_be_made, _places())):
        return
    directory = tempfile.mkdtemp(prefix="lto_sim_matplotlib_")
    os.environ[_VARIABLE] = directory
    atexit.register(shutil.rmtree, directory, ignore_errors=True)


def _places() -> list[Path]:
    """Directories that matplotlib takes by itself: of settings, and of what it remembers."""
    try:
        home = Path.home()
    except RuntimeError:  # no home is known
        return [Path(os.devnull) / "none"]
    if sys.platform == "win32":
        return [Path(os.environ.get("LOCALAPPDATA") or home, "matplotlib")]
    if not sys.platform.startswith(("linux", "freebsd")):
        return [home / ".matplotlib"]
    settings = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
    memory = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return [Path(settings, "matplotlib"), Path(memory, "matplotlib")]


def _can_be_made(directory: Path) -> bool:
    """Whether a directory is there, made now as matplotlib would, and can be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(directory, os.W_OK | os.X_OK)


ensure_settings_directory()
