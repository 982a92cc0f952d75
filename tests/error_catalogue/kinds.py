"""What a bad input is, and the good ones from which bad ones are made by one change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SCENARIO", "SWEEP", "BadInput", "Content", "changed"]

Content = str | bytes | Callable[[Path], object]
"""What a file holds: text, bytes, or a function that writes it."""

SCENARIO = """
material = "lto"
temperature = "75 degC"
initial = 1.0
seed = 3
[specimen]
outline = { shape = "rectangle", width = "400 nm", height = "100 nm" }
thickness = "150 nm"
cell = "10 nm"
[contacts.lps]
where = { side = "left" }
[[drive]]
hold = "1.6 V"
until = { time = "2.5 s" }
[scan]
frame_time = "0.1 s"
pixels = [40, 10]
[[profile]]
start = ["0 nm", "50 nm"]
end = ["400 nm", "50 nm"]
width = "80 nm"
[maps]
noise = 0.02
"""
"""The scenario ``a.toml`` that every case finds, unless it brings its own."""

SWEEP = """
scenario = "a.toml"
[axes]
temperature = ["60 degC", "75 degC"]
"""
"""A sweep of it."""


@dataclass(frozen=True)
class BadInput:
    """One thing that a user can get wrong.

    Parameters
    ----------
    name : What is wrong, in a few words.
    words : The command line after ``lto-sim``.
    holds : What the line on stderr must hold: the field, and words that tell range and remedy.
    files : Files made beforehand, by name; ``a.toml`` replaces the usual scenario.
    needs : Results that are laid beside: a.zarr (a run), a_maps.zarr, a_front.zarr, a_sweep.zarr.
    """

    name: str
    words: tuple[str, ...]
    holds: tuple[str, ...]
    files: Mapping[str, Content] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


def changed(name: str, old: str, new: str, *holds: str, command: tuple[str, ...] = ("run",)) -> BadInput:
    """A run of the scenario with one change."""
    assert old in SCENARIO, old
    return BadInput(name, (*command, "a.toml"), holds, {"a.toml": SCENARIO.replace(old, new, 1)})
