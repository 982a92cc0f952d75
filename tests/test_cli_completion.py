"""Completion in shells: what may stand there, from lists that agree with the models, and light imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lto_sim.cli.completion import _listed, axis_paths, ready_names, section_names, setting_keys, settings
from lto_sim.microscope import Instrument
from lto_sim.scenario import Scenario
from lto_sim.scenario.keys import documented_keys
from lto_sim.validate import SECTIONS

HEAVY = {"numba", "xarray", "numpy", "scipy", "pint", "matplotlib", "zarr", "dask"}
ASK = (
    "import sys\nfrom lto_sim.cli import main\nsys.argv = ['lto-sim']\n"
    "try: main()\nexcept SystemExit: pass\n"
    f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
)


def complete(shell: str, line: str, cwd: Path) -> list[str]:
    """What a shell is told for a line whose last word is being typed."""
    words = line.split(" ")
    environment = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    home = cwd / "home"
    home.mkdir(exist_ok=True)
    result = subprocess.run(
        [sys.executable, "-c", ASK], cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=60,
        check=True,
        env={**os.environ, **environment, "_LTO_SIM_COMPLETE": f"complete_{shell}", "HOME": str(home)},
    )  # fmt: skip
    assert result.stderr == "[]\n"
    assert list(home.iterdir()) == []
    return result.stdout.split("\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("lto-sim scenarios gi", "gitt"),
        ("lto-sim ru", "run"),
        ("lto-sim run a.toml --se", "--seed"),
        ("lto-sim run a.toml --set temp", "temperature="),
        ("lto-sim sweep a.toml --axis contacts.lps.k_c.E", "contacts.lps.k_c.Ea="),
        ("lto-sim validate --only pla", "planar"),
        ("lto-sim acquire a.zarr --instrument jem", "jem_arm300f2_continuum_k3"),
    ],
)
def test_a_shell_is_told_what_may_stand_there(shell: str, line: str, found: str, tmp_path: Path) -> None:
    assert any(found in entry for entry in complete(shell, line, tmp_path))


def test_the_lists_are_those_of_the_models() -> None:
    assert _listed("scenario_keys") == [key.path for key in documented_keys(Scenario)]
    assert _listed("instrument_keys") == [key.path for key in documented_keys(Instrument)]
    assert _listed("validation_sections") == [section.name for section in SECTIONS]


def test_names_that_a_user_chose_stay_as_typed() -> None:
    assert settings("contacts.lps.k_c.r") == ["contacts.lps.k_c.reference="]
    assert settings("drive.0.ho") == ["drive.0.hold="]
    assert settings("instrument.beam.cu") == ["instrument.beam.current="]
    assert "instrument." in settings("ins")
    assert settings("temperature=3") == []
    assert axis_paths("see") == ["seed="]
    assert setting_keys("specimen.ce") == ["specimen.cell"]
    assert setting_keys("nothing") == []


def test_names_come_with_their_titles() -> None:
    assert [name for name, _ in ready_names("planar")] == ["planar_extraction"]
    assert all(title for _, title in ready_names(""))
    assert section_names("plan") == ["planar"]
