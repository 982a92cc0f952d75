"""The sweep files that come with the package, ``ready_files/*.toml`` here, to be read and changed."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Final

from lto_sim.errors import InputError
from lto_sim.study.sweeps.specification import Sweep
from lto_sim.study.sweeps.sweep_file import sweep_from_text

__all__ = ["ready_sweep", "ready_sweep_text", "ready_sweep_title", "ready_sweeps"]

_ENDING: Final = ".toml"


def ready_sweeps() -> tuple[str, ...]:
    """Names of the ready sweep files, sorted."""
    folder = files("lto_sim") / "study" / "sweeps" / "ready_files"
    return tuple(sorted(e.name.removesuffix(_ENDING) for e in folder.iterdir() if e.name.endswith(_ENDING)))


def ready_sweep_text(name: str) -> str:
    """Return the file of the ready sweep `name`, with its comments.

    Raises
    ------
    InputError
        No sweep of that name.
    """
    if name not in ready_sweeps():
        near = difflib.get_close_matches(name, ready_sweeps(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "`lto-sim scenarios` lists them"
        raise InputError("sweep", name, " or ".join(ready_sweeps()), hint)
    file = files("lto_sim") / "study" / "sweeps" / "ready_files" / f"{name}{_ENDING}"
    return file.read_text(encoding="utf-8")


def ready_sweep_title(name: str) -> str:
    """Return the title of the ready sweep `name`."""
    return str(tomllib.loads(ready_sweep_text(name))["title"])


def ready_sweep(name: str) -> Sweep:
    """Return the ready sweep `name`.

    Raises
    ------
    InputError
        No sweep of that name.
    """
    return sweep_from_text(ready_sweep_text(name), Path.cwd())
