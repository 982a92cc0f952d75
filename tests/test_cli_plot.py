"""``lto-sim plot``: pictures from the store of a sweep, and one line for whatever cannot be drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from matplotlib.image import imread
from typer.testing import CliRunner, Result

import lto_sim as lto_sim_package
from lto_sim.cli import plot
from lto_sim.cli.app import OneLineGroup
from lto_sim.study.sweeps import sweep

Lto = Callable[..., Result]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Currents over temperatures and D; runs that may take three steps only fail."""
    scenario = lto_sim_package.Scenario.from_dict({
        "material": "lto", "temperature": "75 degC", "initial": 1.0,
        "specimen": {"outline": {"shape": "slab", "length": "0.3 um"}, "cell": "20 nm"},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "1 s"}}],
    })  # fmt: skip
    out = tmp_path_factory.mktemp("sweep") / "study.zarr"
    axes = {"temperature": ["60 degC", "75 degC"], "numerics.max_steps": [100_000, 3]}
    with pytest.warns(UserWarning, match="2 of 4 runs failed"):
        sweep(scenario, axes, out=out, outputs=("current",), engine="serial")
    return out


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run ``lto-sim plot`` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer(cls=OneLineGroup, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command(plot.NAME, epilog=plot.EXAMPLE)(plot.command)
    return lambda *words: CliRunner().invoke(app, ["plot", *(str(word) for word in words)])


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_a_picture_named_after_the_store_and_the_variable(run: Lto, store: Path) -> None:
    result = run(store, "--of", "charge")
    refused(result, "--lines: got None", "temperature, numerics.max_steps", "choose values of the others")
    first = run(store, "--of", "charge", "--lines", "temperature")
    refused(first, "--select numerics.max_steps", "3, 1×10⁵")
    chosen = run(store, "--of", "charge", "--select", "numerics.max_steps=100000")
    assert chosen.exit_code == 0, chosen.output
    assert "2 done, 2 failed" in chosen.stdout.replace("0 pending, ", "")
    image = imread("study_charge.png")
    assert image.shape[0] > 500
    assert np.ptp(image[..., :3]) > 0.5
    again = run(store, "--of", "charge", "--select", "numerics.max_steps=100000")
    refused(again, "--force")
    assert run(store, "--of", "charge", "--select", "numerics.max_steps=100000", "--force").exit_code == 0


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")])
def test_the_ending_says_what_is_written(run: Lto, store: Path, ending: str, start: bytes) -> None:
    result = run(
        store, "--of", "charge", "--x", "temperature", "--y", "numerics.max_steps", "--select",
        "time_fine=0.5 s", "--out", f"map.{ending}", "--title", "Charges", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert Path(f"map.{ending}").read_bytes().startswith(start)
    assert Path(summary["out"]).name == f"map.{ending}"
    assert summary["of"] == "charge"
    assert summary["x"] == "temperature"
    assert summary["y"] == "numerics.max_steps"
    assert summary["lines"] is None
    assert summary["select"] == {"time_fine": "0.5 s"}
    assert summary["runs"] == {"pending": 0, "done": 2, "failed": 2}


def test_lines_and_several_selections(run: Lto, store: Path) -> None:
    result = run(
        store, "--of", "current", "--x", "time_fine", "--lines", "temperature",
        "--select", "numerics.max_steps=100000", "--out", "lines.png",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    several = run(
        store, "--of", "current", "--x", "temperature", "--select", "numerics.max_steps=100000",
        "--select", "time_fine = 10 ms", "--out", "point.png",
    )  # fmt: skip
    assert several.exit_code == 0, several.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ("--of: got None", "charge", "current", "wall_time")),
        (("--of", "k"), ("--of: got 'k'", "current")),
        (
            ("--of", "charge", "--x", "temp"),
            ("--x: got 'temp'", "temperature, numerics.max_steps, time_fine"),
        ),
        (("--of", "charge", "--y", "temp"), ("--y: got 'temp'", "temperature")),
        (("--of", "charge", "--lines", "temp"), ("--lines: got 'temp'", "temperature")),
        (("--of", "charge", "--select", "temperature"), ("--select", "name=value")),
        (("--of", "charge", "--select", "temp=1"), ("--select temp", "temperature, numerics.max_steps")),
        (("--of", "charge", "--select", "time_fine=0", "--select", "time_fine=1"), ("every name once",)),
        (("--of", "charge", "--select", "time_fine=5 min"), ("--select time_fine", "0.005 s to 1 s")),
        (("--of", "charge", "--select", "temperature=50 degC"), ("--select temperature", "60 °C, 75 °C")),
        (("--of", "charge", "--out", "a.jpg"), ("--out", ".png, .svg, .pdf")),
        (("--of", "charge", "--out", "no/a.png"), ("--out", "existing directory")),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    run: Lto, store: Path, words: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    refused(run(store, *words), *expected)
    assert list(Path.cwd().iterdir()) == []


def test_what_is_no_sweep(run: Lto, tmp_path: Path) -> None:
    refused(run("nothing.zarr", "--of", "k"), "the store of a sweep")
    (tmp_path / "empty.zarr").mkdir()
    refused(run("empty.zarr", "--of", "k"), "the store of a sweep")
    (tmp_path / "dir.png").mkdir()
    refused(run("nothing.zarr", "--of", "k", "--out", "dir.png", "--force"), "--out")


def test_help_says_what_it_does(run: Lto) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for word in ("--of", "--x", "--y", "--lines", "--select", "--out", "Example:"):
        assert word in result.stdout
