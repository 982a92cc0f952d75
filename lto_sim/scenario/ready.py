"""The scenarios that come with the package, ``ready_files/*.toml`` here, to be read and changed."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from lto_sim.errors import InputError
from lto_sim.scenario.models import Scenario

__all__ = ["ready_names", "ready_scenario", "ready_text"]

_ENDING: Final = ".toml"


def ready_names() -> tuple[str, ...]:
    """Names of the ready scenarios, sorted."""
    return tuple(sorted(_sources()))


def ready_text(name: str) -> str:
    """Return a ready scenario as TOML with its comments.

    Raises
    ------
    InputError
        No scenario of that name.
    """
    sources = _sources()
    if name not in sources:
        near = difflib.get_close_matches(name, sources, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "`lto-sim scenarios` lists them"
        raise InputError("scenario", name, " or ".join(sorted(sources)), hint)
    return sources[name].read_text(encoding="utf-8")


def ready_scenario(name: str) -> Scenario:
    """Return a ready scenario.

    Raises
    ------
    InputError
        No scenario of that name.
    """
    return Scenario.from_dict(tomllib.loads(ready_text(name)))


def _sources() -> dict[str, Traversable]:
    folder = files("lto_sim") / "scenario" / "ready_files"
    return {
        entry.name.removesuffix(_ENDING): entry for entry in folder.iterdir() if entry.name.endswith(_ENDING)
    }
