"""The error catalogue: every bad input is one line, status 2, and nothing new in the directory."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from error_catalogue import CATALOGUE, SCENARIO, BadInput
from typer.testing import CliRunner

from lto_sim.cli import app

LINE = re.compile(
    r"lto-sim: error: (?P<field>\S.*?): got (?P<value>.+); allowed: (?P<allowed>.+); (?P<remedy>.+)\n"
)


@pytest.fixture(scope="module")
def pantry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good results of every kind, made once."""
    folder = tmp_path_factory.mktemp("pantry")
    (folder / "a.toml").write_text(SCENARIO, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in (
            ["run", "a.toml"],
            ["render", "a.zarr"],
            ["track", "a_maps.zarr"],
            ["sweep", "a.toml", "--axis", "temperature=60,75 degC", "--engine", "serial"],
        ):
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, result.stderr
    return folder


def lay_out(case: BadInput, folder: Path, pantry: Path) -> None:
    """Make the directory of a case."""
    (folder / "a.toml").write_text(SCENARIO, encoding="utf-8")
    for name in case.needs:
        shutil.copytree(pantry / name, folder / name)
    for name, content in case.files.items():
        if callable(content):
            content(folder / name)
        elif isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            (folder / name).write_text(content, encoding="utf-8")


def listing(folder: Path) -> dict[str, str]:
    """Every path below a directory with the hash of what it holds."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    before = listing(folder)
    yield
    assert listing(folder) == before


def check(case: BadInput, status: int, stdout: str, stderr: str) -> None:
    """One line that names field, value, allowed range and remedy."""
    assert status == 2, stderr
    assert stdout == ""
    assert stderr.count("\n") == 1, stderr
    assert LINE.fullmatch(stderr), stderr
    for words in case.holds:
        assert words in stderr


@pytest.mark.parametrize("case", CATALOGUE, ids=[case.name for case in CATALOGUE])
def test_a_bad_input_is_one_line_and_changes_nothing(
    case: BadInput, pantry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(case, tmp_path, pantry)
    monkeypatch.chdir(tmp_path)
    with unchanged(tmp_path):
        result = CliRunner().invoke(app, list(case.words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    check(case, result.exit_code, result.stdout, result.stderr)


def test_the_cases_differ_and_every_command_has_some() -> None:
    assert len({case.name for case in CATALOGUE}) == len(CATALOGUE) >= 120
    assert len({(case.words, tuple(case.files.items())) for case in CATALOGUE}) == len(CATALOGUE)
    assert app_commands() <= {case.words[0] for case in CATALOGUE}


def app_commands() -> set[str]:
    return {str(command.name) for command in app.registered_commands}


PROCESSES = (
    "misspelt key", "run that exists", "missing recording", "unknown instrument", "misspelt option",
    "TIFF of junk", "store with a part missing",
)  # fmt: skip


@pytest.mark.parametrize("name", PROCESSES)
def test_so_it_is_as_a_process(name: str, pantry: Path, tmp_path: Path) -> None:
    (case,) = (case for case in CATALOGUE if case.name == name)
    lay_out(case, tmp_path, pantry)
    with unchanged(tmp_path):
        result = subprocess.run(
            [sys.executable, "-m", "lto_sim", *case.words],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    check(case, result.returncode, result.stdout, result.stderr)
