"""What a shell completes: names of scenarios, paths of keys, sections of the validation.

Names of files and stores are left to the shell, which completes them by itself.

Every function takes what has been typed so far and returns what may stand there. Nothing heavy is imported:
keys and sections are read from ``completion_lists/*.txt``, which a test holds to the models, so that a
completion answers in a few tenths of a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from lto_sim.cli.ready import KINDS, ready_titles

__all__ = [
    "axis_paths",
    "instrument_names",
    "ready_names",
    "section_names",
    "setting_keys",
    "settings",
]

_LISTS: Final = "completion_lists"
_MOST: Final = 500


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)][:_MOST]


def _listed(name: str) -> list[str]:
    """Lines of a list of the package."""
    file = files("lto_sim.cli") / _LISTS / f"{name}.txt"
    return file.read_text(encoding="utf-8").split()


def ready_names(incomplete: str) -> list[tuple[str, str]]:
    """Scenarios, sweeps and instruments, with their titles."""
    found = {name: title for kind in KINDS for name, title in ready_titles(kind).items()}
    return [(name, title) for name, title in found.items() if name.startswith(incomplete)]


def instrument_names(incomplete: str) -> list[str]:
    """Instruments of the package, and files."""
    return [*_starting(ready_titles("instruments"), incomplete), *_files(incomplete, (".toml",))]


def setting_keys(incomplete: str) -> list[str]:
    """Paths of keys of a scenario; where one is open (a contact's name), up to there."""
    return _paths("scenario_keys", incomplete)


def settings(incomplete: str) -> list[str]:
    """Paths for ``--set``, with the equals sign; of the instrument with ``instrument.`` before them."""
    return _settable(incomplete)


def axis_paths(incomplete: str) -> list[str]:
    """Paths for ``--axis`` and ``--vary``."""
    return _settable(incomplete)


def _settable(incomplete: str) -> list[str]:
    if "=" in incomplete:
        return []
    own = _paths("scenario_keys", incomplete)
    head = "instrument."
    if incomplete.startswith(head):
        inside = _paths("instrument_keys", incomplete.removeprefix(head))
        return [f"{head}{path}=" for path in inside]
    return [f"{path}=" for path in own] + _starting([head], incomplete)


def _paths(name: str, incomplete: str) -> list[str]:
    """Paths that begin with what was typed; names that a user chooses stay as typed."""
    typed = incomplete.split(".")
    found: dict[str, None] = {}
    for path in _listed(name):
        parts = path.split(".")
        if len(parts) < len(typed):
            continue
        filled = [
            given if part in {"NAME", "N"} and given else part
            for part, given in zip(parts, typed, strict=False)
        ]
        whole = [*filled, *parts[len(typed) :]]
        if whole[: len(typed) - 1] == typed[:-1] and whole[len(typed) - 1].startswith(typed[-1]):
            found[".".join(whole)] = None
    return list(found)[:_MOST]


def section_names(incomplete: str) -> list[str]:
    """Sections of ``lto-sim validate``."""
    return _starting(_listed("validation_sections"), incomplete)


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Entries beside what was typed that end so, and directories to look into."""
    folder = Path(incomplete).parent if not incomplete.endswith(("/", os.sep)) else Path(incomplete)
    typed = incomplete.rpartition("/")[0]
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError:
        return []
    found = []
    for entry in entries:
        name = f"{typed}/{entry.name}" if typed or incomplete.startswith("/") else entry.name
        if entry.name.startswith(".") or not name.startswith(incomplete):
            continue
        if entry.name.endswith(endings):
            found.append(name)
        elif entry.is_dir():
            found.append(f"{name}/")
    return found[:_MOST]
