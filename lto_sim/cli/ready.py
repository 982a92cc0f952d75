"""The files that come with the package, as text: scenarios, sweeps, instruments.

Listing and completing them imports none of the rooms that would check them, and takes no time.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

__all__ = ["KINDS", "SCHEMA_FILES", "ready_file", "ready_titles"]

KINDS: Final = {
    "scenarios": ("scenario", "ready_files"),
    "sweeps": ("study", "sweeps", "ready_files"),
    "instruments": ("microscope", "presets"),
}
"""Kind -> where its files are in the package."""

SCHEMA_FILES: Final = {
    "scenarios": "lto_sim.schema.json",
    "instruments": "lto_sim.instrument.schema.json",
}
"""Kind -> name of the schema that a file of it points to."""

_ENDING: Final = ".toml"


@cache
def _found(kind: str) -> dict[str, Traversable]:
    folder = files("lto_sim").joinpath(*KINDS[kind])
    entries = [entry for entry in folder.iterdir() if entry.name.endswith(_ENDING)]
    return {e.name.removesuffix(_ENDING): e for e in sorted(entries, key=lambda entry: entry.name)}


def ready_titles(kind: str) -> dict[str, str]:
    """Names and titles of one of :data:`KINDS`, sorted."""
    return {
        name: str(tomllib.loads(entry.read_text(encoding="utf-8")).get("title", ""))
        for name, entry in _found(kind).items()
    }


def ready_file(name: str) -> tuple[str, str] | None:
    """Kind and text, with its comments, of a file; None where nothing has that name."""
    for kind in KINDS:
        if name in _found(kind):
            return kind, _found(kind)[name].read_text(encoding="utf-8")
    return None
