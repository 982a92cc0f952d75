"""``lto-sim validate``: table, status, JSON, and what it refuses."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.validate import SECTIONS, exact_checks, front_checks


def lto(*words: str) -> Result:
    return CliRunner().invoke(app, ["validate", *words])


CHEAP = ("--quick", "--only", "line-source", "--only", "linear-parabolic", "--processes", "1")


def test_the_table_has_a_heading_a_section_and_the_count_last():
    result = lto(*CHEAP)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["quantity", "exact", "obtained", "error", "order", "verdict"]
    assert "line-source: cylinder around a line source" in lines
    rows = [line for line in lines if line.endswith(")") and " ok (<= " in line]
    assert re.fullmatch(rf"{len(rows)} checks, 0 missed, \d+ s", lines[-1])
    assert lines.index("line-source: cylinder around a line source") < lines.index(
        "linear-parabolic: interface reaction, then diffusion"
    )


def test_a_missed_limit_is_status_1_and_is_named_again_at_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(front_checks, "_LAW_LIMIT", 1e-9)
    result = lto("--quick", "--only", "line-source", "--processes", "1")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[-1].startswith("3 checks, 1 missed, ")
    assert lines[-2].startswith("MISS in line-source: lambda, q 0.5 B 0.2 phi 1 | ")
    assert sum("MISS (<= 1e-09)" in line for line in lines) == 2


def test_a_wrong_number_in_a_table_of_exact_answers_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exact_checks, "_LAMBDAS", ((0.1, 0.0, 1.0, 0.30212015),))
    result = lto("--quick", "--only", "line-source", "--processes", "1")
    assert result.exit_code == 1
    assert "MISS in line-source: lambda, exact, q 0.1" in result.stdout


def test_json_is_all_of_stdout(monkeypatch: pytest.MonkeyPatch):
    result = lto(*CHEAP, "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["checks"], said["missed"], said["quick"]) == (len(said["rows"]), 0, True)
    assert said["sections"] == ["line-source", "linear-parabolic"]
    assert said["wall_time_s"] > 0.0
    for row in said["rows"]:
        assert set(row) == {
            "section", "quantity", "exact", "obtained", "error", "limit", "order", "passed",
        }  # fmt: skip
        assert row["passed"] is (abs(row["error"]) <= row["limit"])
    monkeypatch.setattr(front_checks, "_LAW_LIMIT", 1e-9)
    missed = lto(*CHEAP, "--json")
    assert missed.exit_code == 1
    assert json.loads(missed.stdout)["missed"] > 0


def test_an_unknown_section_is_one_line_with_the_names():
    result = lto("--only", "planer")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "'planer'" in result.stderr
    for section in SECTIONS:
        assert section.name in result.stderr


def test_list_names_every_section_and_runs_nothing():
    result = lto("--list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == [s.name for s in SECTIONS]
    said = json.loads(lto("--list", "--json").stdout)["sections"]
    assert [entry["name"] for entry in said] == [s.name for s in SECTIONS]
    minutes = {"design", "map-intervals", "intervals", "corrections", "bias", "recovery", "programme"}
    assert {entry["name"] for entry in said if entry["on_request"]} == minutes


def test_ctrl_c_is_status_130_and_ends_the_workers(tmp_path: Path):
    command = [sys.executable, "-m", "lto_sim", "validate", "--only", "outline", "--processes", "2"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("quantity")  # imports are done
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, stderr = process.communicate(timeout=60)
        assert time.monotonic() - began < 20.0
    assert process.returncode == 130
    assert stderr.startswith("lto-sim: error: interrupted")
    assert "Traceback" not in stderr
