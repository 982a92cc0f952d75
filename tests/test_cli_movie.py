"""``lto-sim movie``: every kind of source, what is written where, and what is refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest
import typer
import xarray as xr
from map_files import moving_step, write_imagej
from PIL import Image
from typer.testing import CliRunner, Result

from lto_sim.cli.app import OneLineGroup
from lto_sim.cli.movie import EXAMPLE, NAME, command
from lto_sim.files import write_dataset
from lto_sim.kinetics import Profile, track_front
from lto_sim.microscope import render_maps
from lto_sim.quantify.compare.comparison import compare_maps
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

SCENARIO: Final[dict[str, Any]] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "400 nm", "height": "160 nm"},
        "cell": "20 nm",
        "thickness": "150 nm",
    },
    "contacts": {"lps": {"where": {"side": "left"}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "2 s"}}],
    "scan": {"frame_time": "0.25 s", "pixels": [20, 8]},
    "output": {"every": "0.1 s"},
}

Lto = Callable[..., Result]

lto_sim: Final = typer.Typer(cls=OneLineGroup, pretty_exceptions_enable=False)


@lto_sim.callback()
def _start() -> None:
    """A command line of one command, whatever the application lists."""


lto_sim.command(NAME, epilog=EXAMPLE)(command)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, its maps, the front in them, a comparison, and the directory of a fit of maps."""
    folder = tmp_path_factory.mktemp("sources")
    run = simulate(Scenario.from_dict(SCENARIO))
    maps = render_maps(run, noise=0.05, rng=1)
    write_dataset(run, folder / "a.zarr")
    write_dataset(maps, folder / "a_maps.zarr")
    profile = Profile((0.0, 80e-9), (350e-9, 80e-9), 100e-9)
    write_dataset(track_front(maps, profile), folder / "a_front.zarr")
    compared = compare_maps(run, maps).data
    write_dataset(compared, folder / "a_comparison.zarr")
    (folder / "fit").mkdir()
    (folder / "fit" / "summary.json").write_text("{}", encoding="utf-8")
    fitted = compared.drop_vars("simulated_li_fraction").rename(simulated="fitted")
    write_dataset(fitted, folder / "fit" / "maps.zarr")
    return folder


@pytest.fixture
def lto(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in a directory that holds all sources."""
    shutil.copytree(store, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(lto_sim, [NAME, *map(str, words)])


def made(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
    assert not [path for path in Path().iterdir() if path.suffix in {".mp4", ".gif", ".part"}]


def count(path: str) -> int:
    if path.endswith(".gif"):
        with Image.open(path) as image:
            return int(image.n_frames)  # type: ignore[attr-defined]
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize(
    ("source", "frames", "panels"),
    [
        ("a.zarr", 21, ["Li fraction x"]),
        ("a_maps.zarr", 8, ["Li fraction x"]),
        ("a_comparison.zarr", 8, ["recorded", "simulated", "residual"]),
        ("fit", 8, ["recorded", "fitted", "residual"]),
    ],
)
def test_both_kinds_of_files_of_every_source(lto: Lto, source: str, frames: int, panels: list[str]) -> None:
    summary = made(lto(source, "--width", 600, "--json"))
    stem = Path(source).stem
    assert [Path(path).name for path in summary["out"]] == [f"{stem}_movie.mp4", f"{stem}_movie.gif"]
    assert [count(path) for path in summary["out"]] == [frames, frames]
    assert summary["frames"] == summary["series_frames"] == frames
    assert list(summary["limits"]) == panels
    assert summary["limits"][panels[0]] == [0.0, 1.0]
    assert summary["size"][0] == 600
    assert summary["duration_s"] == pytest.approx(summary["frames"] / summary["fps"])
    assert summary["speed"] == pytest.approx(summary["recorded_s"] / summary["duration_s"])


def test_run_and_maps_are_compared_as_compare_does(lto: Lto, store: Path) -> None:
    summary = made(lto("a.zarr", "a_maps.zarr", "--width", 600, "--json"))
    assert [Path(path).name for path in summary["out"]] == [
        "a_comparison_movie.mp4",
        "a_comparison_movie.gif",
    ]
    again = made(lto("a_comparison.zarr", "--width", 600, "--out", "b.mp4", "--json"))
    with av.open("a_comparison_movie.mp4") as one, av.open("b.mp4") as other:
        for ours, theirs in zip(one.decode(video=0), other.decode(video=0), strict=True):
            np.testing.assert_array_equal(ours.to_ndarray(format="rgb24"), theirs.to_ndarray(format="rgb24"))
    assert again["limits"] == summary["limits"]


def test_times_rate_and_front(lto: Lto) -> None:
    times = ("--from", "0.5 s", "--to", "1.5 s", "--duration", "2 s")
    look = ("--title", "A", "--front", "a_front.zarr", "--colours", "viridis", "--width", 300)
    result = lto("a_maps.zarr", *times, *look, "--out", "b.gif")
    assert result.exit_code == 0, result.output
    assert "5, 2.5 a second; 5 of 5 of the series" in result.stdout
    assert "2 s for 1.25 s: 1.6× slower than recorded" in result.stdout
    assert "300 x " in result.stdout
    assert count("b.gif") == 5
    assert not Path("a_maps_movie.mp4").exists()


def test_recorded_stack_with_times_and_pixels_given(lto: Lto) -> None:
    write_imagej(moving_step(1)[:6], Path("r.tif"))
    summary = made(lto("r.tif", "--frame-time", "3 s", "--pixel", "31 nm", "--out", "r.mp4", "--json"))
    assert summary["recorded_s"] == pytest.approx(18.0)
    assert count("r.mp4") == 6
    (limits,) = summary["limits"].values()
    assert list(summary["limits"]) == ["intensity"]
    assert 400.0 < limits[0] < 600.0 < 700.0 < limits[1] < 900.0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a_maps.zarr", "--out", "b.avi"], ("--out", ".mp4 or .gif")),
        (["a_maps.zarr", "--fps", "500"], ("--fps", "0.1 to 50")),
        (["a_maps.zarr", "--duration", "5 nm"], ("--duration",)),
        (["a_maps.zarr", "--duration", "0 s"], ("--duration", "> 0 s")),
        (["a_maps.zarr", "--from", "5 s"], ("--from, --to", "two frames")),
        (["a_maps.zarr", "--colours", "jet"], ("--colours", "cividis")),
        (["a_comparison.zarr", "--width", "300"], ("--width", "600 to 3840")),
        (["a_maps.zarr", "--front", "a_maps.zarr"], ("--front", "lto-sim track")),
        (["a_maps.zarr", "--pose", "none"], ("--pose", "left out")),
        (["a.zarr", "--pixel", "31 nm"], ("--pixel", "left out")),
        (["a_front.zarr"], ("SOURCE", "front_position")),
        (["a_maps.zarr", "a.zarr"], ("SOURCE", "the run first")),
        (["missing.zarr"], ("missing.zarr",)),
        (["missing.tif"], ("missing.tif",)),
        (["a.zarr", "a_maps.zarr", "--free", "colour"], ("--free",)),
    ],
)
def test_what_is_refused(lto: Lto, words: list[str], expected: tuple[str, ...]) -> None:
    refused(lto(*words), *expected)


def test_a_fit_of_several_recordings_asks_for_one(lto: Lto) -> None:
    Path("fit/maps.zarr").rename("fit/maps_0.zarr")
    shutil.copytree("fit/maps_0.zarr", "fit/maps_1.zarr")
    refused(lto("fit"), "maps_0.zarr, maps_1.zarr")
    assert made(lto("fit/maps_1.zarr", "--out", "b.gif", "--json"))["frames"] == 8


def test_existing_movies_are_kept_without_force(lto: Lto) -> None:
    Path("a_maps_movie.gif").write_bytes(b"old")
    result = lto("a_maps.zarr")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert Path("a_maps_movie.gif").read_bytes() == b"old"
    assert not Path("a_maps_movie.mp4").exists()
    assert made(lto("a_maps.zarr", "--force", "--json", "--width", 300))["frames"] == 8
    assert count("a_maps_movie.gif") == 8


def test_ctrl_c_leaves_nothing(lto: Lto, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lto_sim.plot.movie_page.MoviePage.frame", stop)
    before = set(Path().iterdir())
    result = lto("a_maps.zarr")
    assert result.exit_code == 130
    assert set(Path().iterdir()) == before


def test_spectra_are_sent_to_quantify(lto: Lto) -> None:
    axes = {"time": [0.0, 1.0], "y": [1e-8], "x": [1e-8], "energy_loss": np.arange(10.0)}
    counts = xr.DataArray(np.ones((2, 1, 1, 10)), axes, list(axes), name="counts")
    write_dataset(counts.to_dataset(), Path("c.zarr"))
    refused(lto("c.zarr"), "lto-sim quantify")
