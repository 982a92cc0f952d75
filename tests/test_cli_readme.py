"""The README is true: its example runs and prints what it says, its commands exist, it stays short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(scope="module")
def text() -> str:
    return README.read_text(encoding="utf-8")


def block(text: str, language: str) -> str:
    return text.partition(f"```{language}\n")[2].partition("```")[0]


def test_the_example_prints_what_the_text_says(text: str, tmp_path: Path) -> None:
    (tmp_path / "particle.toml").write_text(block(text, "toml"))
    result = subprocess.run(
        [sys.executable, "-c", block(text, "python")],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert f"`{result.stdout.strip()}`" in text
    Ea = float(result.stdout.split()[2])
    assert Ea == pytest.approx(0.493, abs=0.004)


def test_the_readme_names_every_command(text: str) -> None:
    from lto_sim.cli import app

    commands = {info.name for info in app.registered_commands}
    assert set(re.findall(r"^\| `lto-sim (\w+)", text, flags=re.MULTILINE)) == commands


def test_the_readme_has_the_two_commands_and_is_short(text: str) -> None:
    assert "\n    pip install . && lto-sim reproduce\n" in text
    assert "\n    pip install '.[test]' && pytest\n" in text
    assert len(text.splitlines()) < 150
