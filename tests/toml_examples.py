"""TOML examples of the documentation, for tests that run them."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any, Final

import lto_sim.scenario

__all__ = ["guide_sections", "readme_scenario"]

_README: Final = Path(__file__).parent.parent / "README.md"


def readme_scenario() -> dict[str, Any]:
    """The scenario of the README."""
    return tomllib.loads(_README.read_text(encoding="utf-8").split("```toml\n")[1].partition("```")[0])


def guide_sections() -> list[dict[str, Any]]:
    """The sections in ``help(lto_sim.scenario)``, which take the place of those of the README's scenario."""
    blocks = re.findall(r"::\n\n((?:    .*\n|\n)+)", str(lto_sim.scenario.__doc__))
    return [tomllib.loads(textwrap.dedent(block)) for block in blocks]
