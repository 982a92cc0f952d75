"""``lto-sim sweep``, ``status``, ``resume``: what they print, store and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_study_sweeps import small
from typer.testing import CliRunner

from lto_sim.cli import app
from lto_sim.cli.sweep_options import time_text
from lto_sim.study import open_sweep

RUNNER = CliRunner()
TWO = ["--axis", "temperature=60 degC,75 degC"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "particle.toml").write_text(small().to_toml(), encoding="utf-8")
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == code, result.output + result.stderr
    return result.stdout if code == 0 else result.stderr


def serial(*arguments: str, code: int = 0) -> str:
    return run("sweep", *arguments, "--engine", "serial", code=code)


def test_a_scenario_over_two_axes(folder: Path) -> None:
    said = json.loads(
        serial("particle.toml", *TWO, "--axis", "maps.noise=0.01,0.02", "--keep", "rate", "--json")
    )
    assert (said["runs"], said["done"], said["failed"], said["pending"]) == (4, 4, 0, 0)
    found = open_sweep(folder / "particle_sweep.zarr")
    assert found["maps.noise"].values.tolist() == [0.01, 0.02, 0.01, 0.02]
    assert np.all(np.abs(found["k"].values[:, 0] / found["k_true"].values - 1.0) < 0.1)


def test_a_sweep_file_gives_its_name_to_the_store(folder: Path) -> None:
    (folder / "study.toml").write_text(
        'scenario = "particle.toml"\noutputs = ["current"]\n[axes]\ntemperature = ["60 degC", "75 degC"]\n'
    )
    assert "2 of 2 done" in serial("study.toml")
    assert open_sweep(folder / "study.zarr").sizes["run"] == 2
    assert "2 of 2 done" in run("status", "study.zarr")
    assert "2 of 2 done" in run("resume", "study.zarr", "study.toml", "--engine", "serial")


def test_functions_are_found_beside_the_sweep_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    place = folder / "elsewhere"
    place.mkdir()
    (place / "own_measure_of_a_test.py").write_text(
        "def states(result):\n    return {'states': float(result.run.sizes['time'])}\n"
    )
    (place / "study.toml").write_text(
        'scenario = "../particle.toml"\noutputs = ["current"]\n[axes]\ntemperature = ["60 degC"]\n'
        '[custom."own_measure_of_a_test:states"]\nstates = { units = "1", long_name = "saved states" }\n'
    )
    serial("elsewhere/study.toml")
    assert open_sweep(folder / "study.zarr")["states"].values.tolist() == [7.0]


def test_a_dry_run_counts_and_stores_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    said = json.loads(run("sweep", "particle.toml", *TWO, "--axis", "seed=1,2,3", "--dry-run", "--json"))
    assert sorted(folder.iterdir()) == before
    assert (said["runs"], said["simulations"], said["cells"]) == (6, 2, [60, 60])
    assert min(said["time_s"], said["memory_bytes"], said["disk_bytes"], said["files"]) > 0


def test_the_unit_of_the_last_value_is_that_of_all(folder: Path) -> None:
    serial("particle.toml", "--axis", "temperature=60,75 degC", "--axis", "seed=1,2")
    assert sorted(set(open_sweep(folder / "particle_sweep.zarr")["temperature"].values)) == [333.15, 348.15]


def test_a_dry_run_says_what_is_refused_and_why(folder: Path) -> None:
    text = run("sweep", "particle.toml", "--axis", "specimen.dead_layer=1 nm,90 nm", "--dry-run")
    assert "1 of them refused" in text
    assert "dead_layer" in text


def test_a_scenario_is_no_sweep_file_of_a_store(folder: Path) -> None:
    serial("particle.toml", *TWO)
    assert "leave it out" in run("resume", "particle_sweep.zarr", "particle.toml", code=2)


def test_only_what_is_missing_is_resumed(folder: Path) -> None:
    serial("particle.toml", *TWO)
    (folder / "particle_sweep.zarr" / "status" / "c" / "1").unlink()
    text = run("status", "particle_sweep.zarr")
    assert "1 pending" in text
    assert "lto-sim resume" in text
    said = json.loads(run("status", "particle_sweep.zarr", "--json"))
    assert said["pending"] == 1
    assert said["time_left_s"] is None
    assert said["working"] is False
    assert "2 of 2 done" in run("resume", "particle_sweep.zarr", "--engine", "serial")


@pytest.mark.filterwarnings("always:1 of 2 runs failed:UserWarning")
def test_failed_runs_are_told_and_others_stored(folder: Path) -> None:
    result = RUNNER.invoke(
        app, ["sweep", "particle.toml", "--axis", "numerics.max_steps=2,100000", "--engine", "serial"]
    )
    assert result.exit_code == 0
    assert "1 of 2 runs failed" in result.stderr
    assert "step limit" in result.stdout
    assert json.loads(run("status", "particle_sweep.zarr", "--json"))["failures"][0]["runs"] == 1


def test_a_sweep_of_which_every_run_fails_is_a_failure(folder: Path) -> None:
    said = serial("particle.toml", "--axis", "numerics.max_steps=2,3", code=1)
    assert "all 2 runs failed" in said
    assert said.count("\n") == 1


def test_another_sweep_file_is_refused(folder: Path) -> None:
    (folder / "one.toml").write_text('scenario = "particle.toml"\n[axes]\ntemperature = [330.0]\n')
    (folder / "two.toml").write_text('scenario = "particle.toml"\n[axes]\ntemperature = [331.0]\n')
    serial("one.toml")
    said = run("resume", "one.zarr", "two.toml", code=2)
    assert "its configuration is another one" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep", "particle.toml"], "add --axis"),
        (["sweep", "missing.toml"], "a readable TOML file"),
        (["sweep", "particle.toml", "--axis", "temperature"], "path=value,value"),
        (["sweep", "particle.toml", "--axis", "temperature="], "path=value,value"),
        (["sweep", "particle.toml", *TWO, *TWO], "every path once"),
        (["sweep", "particle.toml", "--axis", "temprature=300"], "did you mean temperature?"),
        (["sweep", "particle.toml", "--axis", "temperature=cold"], "temperature"),
        (["sweep", "particle.toml", *TWO, "--keep", "speed"], "maps, front, rate, current, Ea"),
        (["sweep", "particle.toml", *TWO, "--engine", "cluster"], "processes, serial, dask"),
        (["sweep", "particle.toml", *TWO, "--workers", "0"], "1 or more"),
        (["sweep", "particle.toml", *TWO, "--shard", "3"], "i/N"),
        (["sweep", "particle.toml", *TWO, "--shard", "3/2"], "i from 1 to N"),
        (["sweep", "particle.toml", *TWO, "--scheduler", "tcp://a:1"], 'with engine "dask"'),
        (["sweep", "particle.toml", *TWO, "--out", "no/where.zarr"], "make"),
        (["sweep", "particle.toml", *TWO, "--out", "particle.toml", "--force"], "another path"),
        (["sweep", "particle.toml", "--keep", "rate"], "together with --axis"),
        (["status", "particle.toml"], "the store of a sweep"),
        (["status", "missing.zarr"], "the store of a sweep"),
        (["status", "missing.zarr", "--follow", "--json"], "absent with --json"),
        (["resume", "missing.zarr"], "the store of a sweep"),
        (["resume", "particle.toml"], "the store of a sweep"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, arguments: list[str], words: str) -> None:
    before = sorted(folder.iterdir())
    said = run(*arguments, code=2)
    assert words in said
    assert said.count("\n") == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.234, "1.23 s"), (600.0, "10 min"), (36000.0, "10 h"), (864000.0, "10 days")]
)
def test_times_are_written_for_people(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
