"""``-v``: lines on stderr that tell what was read, run and written; silence without it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from error_catalogue import SCENARIO
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.cli.logs import split_verbosity
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.transport import simulate as simulation

LINE = re.compile(r"lto-sim: +\d+\.\d\d s  \S.*")


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text(SCENARIO, encoding="utf-8")


def lto(*words: str) -> Result:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.stderr
    return result


@pytest.mark.parametrize(
    ("words", "kept", "verbosity"),
    [
        (["run", "a.toml"], ["run", "a.toml"], 0),
        (["-v", "run", "a.toml"], ["run", "a.toml"], 1),
        (["run", "a.toml", "-v"], ["run", "a.toml"], 1),
        (["run", "-vv", "a.toml"], ["run", "a.toml"], 2),
        (["-v", "run", "a.toml", "--verbose"], ["run", "a.toml"], 2),
        (["run", "--", "-v"], ["run", "--", "-v"], 0),
        (["-vvv"], [], 2),
    ],
)
def test_the_word_may_stand_anywhere(words: list[str], kept: list[str], verbosity: int) -> None:
    assert split_verbosity(words) == (kept, verbosity)


def test_a_run_tells_what_it_does_and_nothing_without_the_word() -> None:
    assert lto("run", "a.toml").stderr == ""
    told = lto("run", "a.toml", "--force", "-v")
    lines = told.stderr.splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    for words in ("read a.toml, ", "SHA-256", "400 cells, 0 surface elements", " steps, ", "a.zarr"):
        assert words in told.stderr
    assert re.search(r"wrote \S*a\.zarr$", told.stderr, re.MULTILINE)
    assert told.stdout.startswith("status ")
    assert lto("render", "a.zarr").stderr == ""
    assert "read a.zarr: " in lto("-v", "render", "a.zarr", "--force").stderr


def test_nothing_of_it_is_left_behind() -> None:
    package = logging.getLogger("lto_sim")
    before = package.level, list(package.handlers)
    lto("-vv", "scenarios")
    CliRunner().invoke(app, ["-v", "run", "missing.toml"])
    assert (package.level, list(package.handlers)) == before


def test_an_error_stays_the_last_line() -> None:
    result = CliRunner().invoke(app, ["-v", "run", "a.toml", "--set", "temperature=1"])
    assert result.exit_code == 2
    *told, last = result.stderr.splitlines()
    assert all(LINE.fullmatch(line) for line in told)
    assert last.startswith("lto-sim: error: temperature: got 1; ")


def test_python_hears_the_same_from_the_logger(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="lto_sim")
    simulate(Scenario.from_toml("a.toml"))
    assert {record.name for record in caplog.records} == {
        "lto_sim.scenario.parse",
        "lto_sim.transport.simulate",
    }
    assert "400 cells, 0 surface elements" in caplog.text


def test_the_first_use_of_the_kernels_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = __import__("sys").modules["lto_sim.transport.simulate"]
    assert module is not simulation
    caplog.set_level(logging.INFO, logger="lto_sim")
    monkeypatch.setattr(module, "is_compiled", lambda: False)
    simulate(Scenario.from_toml("a.toml"))
    assert "compiling kernels, once for this installation" in caplog.text
