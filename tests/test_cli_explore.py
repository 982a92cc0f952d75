"""``lto-sim explore``: the page of a sweep, of a ready sweep, and one line for whatever cannot be shown."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from explored_sweeps import make_store
from typer.testing import CliRunner, Result

from lto_sim.cli import explore
from lto_sim.cli.app import OneLineGroup
from lto_sim.report.html.budget import LIMIT
from lto_sim.study import sweeps
from lto_sim.study.sweeps.counting import plan_sweep

Lto = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run ``lto-sim explore`` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer(cls=OneLineGroup, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command(explore.NAME, epilog=explore.EXAMPLE)(explore.command)
    return lambda *words: CliRunner().invoke(app, ["explore", *(str(word) for word in words)])


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_a_page_named_after_the_store(run: Lto, tmp_path: Path) -> None:
    make_store(tmp_path / "study.zarr")
    result = run("study.zarr")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "study_explorer.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "4 of 6 done, 1 failed, 1 pending" in result.stdout


def test_out_force_and_json(run: Lto, tmp_path: Path) -> None:
    make_store(tmp_path / "study.zarr", ("current",), whole=True)
    result = run("study.zarr", "-o", "page.html", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["runs"] == {"total": 6, "done": 6, "failed": 0, "pending": 0}
    assert summary["size_bytes"] == (tmp_path / "page.html").stat().st_size < LIMIT
    refused(run("study.zarr", "--out", "page.html"), "--force")
    assert run("study.zarr", "--out", "page.html", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing.zarr",), ("SWEEP: got 'nothing.zarr'", "core_shell", "lto-sim sweep")),
        (("study.toml",), ("run it first: lto-sim sweep study.toml",)),
        (("study.zarr", "--out", "page.pdf"), ("--out", "ends in .html")),
        (("study.zarr", "--out", "no/page.html"), ("no",)),
        (("study.zarr", "--out", "folder.html"), ("folder.html",)),
        (("folder.html",), ("SWEEP: got 'folder.html'",)),
    ],
)
def test_one_line_for_what_cannot_be(
    run: Lto, tmp_path: Path, words: tuple[str, ...], told: tuple[str, ...]
) -> None:
    make_store(tmp_path / "study.zarr", ("current",))
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "study.toml").write_text("", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    refused(run(*words), *told)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_result_that_is_no_sweep(run: Lto, tmp_path: Path) -> None:
    (tmp_path / "run.zarr").mkdir()
    (tmp_path / "run.zarr" / "zarr.json").write_text(
        '{"zarr_format": 3, "node_type": "group"}', encoding="utf-8"
    )
    refused(run("run.zarr"), "the store of a sweep")


def test_a_ready_sweep_is_run_once_then_taken_from_its_store(
    run: Lto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = sweeps.stored_sweep(make_store(tmp_path / "made.zarr"))[0]
    ran: list[Any] = []

    def run_sweep(sweep: Any, out: Path, *rest: Any, **more: Any) -> None:
        ran.append((sweep.hash, out.name, more["resume"]))
        if not out.exists():
            make_store(out)

    monkeypatch.setattr(sweeps, "ready_sweeps", lambda: ("sweep_small",))
    monkeypatch.setattr(sweeps, "ready_sweep", lambda name: {"sweep_small": described}[name])
    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    (tmp_path / "there").mkdir()
    for force in ((), ("--force",)):
        result = run("small", "--out", "there/page.html", *force)
        assert result.exit_code == 0, result.output
    assert ran == [(described.hash, "sweep_small.zarr", True)] * 2
    assert (tmp_path / "there" / "sweep_small.zarr" / "zarr.json").is_file()
    other = sweeps.stored_sweep(make_store(tmp_path / "other.zarr", ("current",)))[0]
    monkeypatch.setattr(sweeps, "ready_sweep", lambda name: other)
    refused(run("sweep_small", "-o", "there/page2.html"), "sweep_small.zarr", "move it away")


def test_the_ready_core_shell_has_all_that_a_page_shows() -> None:
    described = sweeps.ready_sweep("sweep_core_shell")
    assert set(described.outputs) == {"maps", "front", "rate", "current", "Ea"}
    planned = plan_sweep(described)
    frames = planned.largest.frames * planned.largest.pixels[0] * planned.largest.pixels[1]
    # even where nothing packs, half of the bytes fit the 6 MB of maps in base64
    assert described.runs * frames < 2 * 6_000_000
    assert list(described.axes)[:3] == ["surface.perimeter.at", "surface.faces.at", "temperature"]


def test_values_of_the_ready_core_shell_lie_where_its_runs_are() -> None:
    described = sweeps.ready_sweep("sweep_core_shell")
    stored = sweeps.Sweep.from_dict(described.to_dict())
    again = tomllib.loads(described.to_toml())
    assert list(again["axes"]) == list(stored.axes) == list(described.axes)
    assert sweeps.Sweep.from_dict(again).points == described.points
