"""The README is true: its example runs and prints what it says, its commands exist, it stays short."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import tomli_w
from PIL import Image
from toml_examples import guide_sections, readme_scenario
from typer.testing import CliRunner

from lto_sim.cli import app

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(scope="module")
def text() -> str:
    return README.read_text(encoding="utf-8")


def block(text: str, language: str) -> str:
    return text.split(f"```{language}\n")[1].partition("```")[0]


def test_the_example_prints_what_the_text_says(text: str, tmp_path: Path) -> None:
    (tmp_path / "particle.toml").write_text(block(text, "toml"))
    result = subprocess.run(
        [sys.executable, "-c", block(text, "python")],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert f"`{result.stdout.strip()}`" in text
    Ea = float(result.stdout.split()[2])
    assert Ea == pytest.approx(0.493, abs=0.004)


def test_the_particle_from_an_image_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections of the guide in place of those of the README's scenario, with images of a disc."""
    y, x = np.mgrid[:300, :400] + 0.5
    disc = np.hypot(x - 200.0, y - 150.0) < 100.0
    tifffile.imwrite(
        tmp_path / "particle.tif", np.where(disc, 150.0, 20.0).astype(np.float32), imagej=True,
        resolution=(0.5, 0.5), metadata={"unit": "nm"},
    )  # fmt: skip
    labels = np.where(disc, 1, np.where(x < 150.0, 2, 0)).astype(np.uint8)
    Image.fromarray(labels).save(tmp_path / "contacts.png")
    sections = readme_scenario() | guide_sections()[0]
    sections["profile"] = [{"start": ["0.2 um", "0.3 um"], "end": ["0.4 um", "0.3 um"], "width": "0.1 um"}]
    (tmp_path / "particle.toml").write_text(tomli_w.dumps(sections))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["run", "particle.toml", "--dry-run", "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["area_m2"] == pytest.approx(np.pi * 4e-14, rel=5e-3)
    assert said["thickness_m"] == pytest.approx([1.2e-7, 1.6e-7])
    assert said["elements"] > 0


def test_the_readme_names_every_command(text: str) -> None:
    commands = {info.name for info in app.registered_commands}
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `lto-sim "))
    assert set(re.findall(r"`lto-sim (\w+)", table)) == commands


def test_the_readme_has_the_two_commands_and_is_short(text: str) -> None:
    assert "\n    pip install . && lto-sim reproduce\n" in text
    assert "\n    pip install '.[test]' && pytest\n" in text
    assert len(text.splitlines()) < 150
