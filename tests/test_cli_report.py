"""``lto-sim report``: where the page goes, what is printed, what is refused, and the page in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import xarray as xr
from browser import needs_chromium, open_page, serious_violations
from report_results import RUNNER, copied, make_series, scenario

import lto_sim as lto
from lto_sim.cli import app
from lto_sim.files import write_dataset
from lto_sim.report import default_path

LARGEST_PAGE = 10_000_000


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("series")
    make_series(place)
    return place


@pytest.fixture
def place(series: Path, tmp_path: Path) -> Path:
    names = ("75.toml", "75.zarr", "75_maps.zarr", "75_front.zarr", "75_fit.json")
    return copied(series, tmp_path / "particle", *names)


def run(*arguments: object, code: int = 0) -> Any:
    result = RUNNER.invoke(app, ["report", *map(str, arguments)])
    assert result.exit_code == code, result.output + result.stderr
    if code:
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("lto-sim: error: ")
        return lines[0]
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def test_the_page_of_a_directory_goes_into_it(place: Path) -> None:
    said = run(place)
    assert (place / "report.html").is_file()
    assert "75_fit.json (fit of a rate constant)" in said
    assert "report.html" in said


def test_the_page_of_a_store_goes_beside_it(place: Path) -> None:
    said = run(place / "75_maps.zarr", "--json")
    assert Path(said["out"]) == (place / "75_maps_report.html").resolve()
    assert said["taken"] == [{"name": "75_maps.zarr", "kind": "lithium maps"}]
    assert default_path(place / "75_fit.json") == place / "75_fit_report.html"


def test_json_holds_lead_keys_and_sections(place: Path) -> None:
    said = run(place, "--json", "--title", "One particle", "--out", place / "page.html")
    stored = json.loads((place / "75_fit.json").read_text())
    assert said["title"] == "One particle"
    assert any(key["value"] == stored["verdict"] for key in said["keys"])
    assert {"maps", "rate", "parameters", "cite"} <= set(said["sections"])
    assert said["size_bytes"] == (place / "page.html").stat().st_size
    assert "One particle" in (place / "page.html").read_text(encoding="utf-8")


def test_what_is_left_out_is_printed(place: Path) -> None:
    (place / "broken.json").write_text("{")
    assert "broken.json: not a JSON object" in run(place)
    said = run(place, "--force", "--json")
    assert [entry["name"] for entry in said["not_understood"]] == ["broken.json"]


def test_several_sources_make_one_page(place: Path) -> None:
    said = run(place / "75_front.zarr", place / "75_fit.json", "--json", "--out", place / "two.html")
    assert len(said["taken"]) == 2


def test_an_existing_page_is_refused_without_force(place: Path) -> None:
    (place / "report.html").write_text("mine")
    assert "--force" in run(place, code=2)
    assert (place / "report.html").read_text() == "mine"
    run(place, "--force")
    assert (place / "report.html").stat().st_size > 10_000


def test_what_cannot_be_reported_is_one_line(tmp_path: Path) -> None:
    assert "existing result" in run(tmp_path / "nowhere", code=2)
    (tmp_path / "notes.txt").write_text("hello")
    assert "no result is in it" in run(tmp_path, code=2)
    assert ".html" in run(tmp_path, "--out", tmp_path / "page.pdf", code=2)
    (tmp_path / "broken.zarr").mkdir()
    assert "broken.zarr" in run(tmp_path, code=2)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["broken.zarr", "notes.txt"]


def test_a_long_recording_stays_below_10_mb(tmp_path: Path) -> None:
    """200 frames of 64 x 64 pixels beside a run: three movies of noise, which no packing makes small."""
    chosen = scenario(
        75,
        scan={"frame_time": "0.05 s", "pixels": [64, 64]},
        drive=[{"hold": "1.6 V", "until": {"time": "10 s"}}],
    )
    solution = lto.simulate(chosen)
    write_dataset(solution, tmp_path / "long.zarr")
    maps = lto.render_maps(solution, noise=0.2, rng=np.random.default_rng(5))
    assert dict(maps.sizes) == {"time": 200, "y": 64, "x": 64}
    write_dataset(maps, tmp_path / "long_maps.zarr")
    said = run(tmp_path, "--json")
    assert 500_000 < said["size_bytes"] < LARGEST_PAGE


def test_text_of_results_is_never_read_as_html(place: Path) -> None:
    front: xr.Dataset = lto.open_dataset(place / "75_front.zarr").load()
    evil = "<script>alert(1)</script>"
    front.attrs["history"] = f"2026-01-01T00:00:00+00:00 {evil}"
    write_dataset(front, place / "75_front.zarr", force=True)
    run(place, "--title", evil)
    assert evil not in (place / "report.html").read_text(encoding="utf-8")


@needs_chromium
@pytest.mark.parametrize(("dark", "width"), [(False, 1200), (True, 360)])
def test_the_page_in_a_browser(place: Path, dark: bool, width: int) -> None:
    run(place)
    with open_page(place / "report.html", dark=dark, width=width) as opened:
        opened.wait("document.readyState === 'complete'")
        assert opened.external() == []
        assert not opened.scrolls_sideways()
        assert serious_violations(opened.page) == []
        assert opened.errors == []


def test_a_recorded_file_beside_its_front_is_shown(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scale is that of the front, since a bare stack states none; a file that has changed is named."""
    maps = xr.open_zarr(place / "75_maps.zarr", consolidated=False)["li_fraction"].load()
    monkeypatch.chdir(place)
    tifffile.imwrite("bare.tif", maps.values.astype(np.float32))
    step = float(maps.x[1] - maps.x[0])
    scale = ["--frame-time", f"{float(maps.time[1] - maps.time[0])} s", "--pixel", f"{step} m"]
    line = f"0 m,{float(maps.y.mean())} m:{float(maps.x[-1])} m,{float(maps.y.mean())} m:{2 * step} m"
    assert RUNNER.invoke(app, ["track", "bare.tif", *scale, "--profile", line]).exit_code == 0
    said = run(place, "--json")
    assert {"name": "bare.tif", "kind": "lithium maps"} in said["taken"]
    assert "bare.tif" in (place / "report.html").read_text(encoding="utf-8")
    tifffile.imwrite("bare.tif", maps.values[:2].astype(np.float32))
    assert "the maps of bare_front.zarr" in json.dumps(run(place, "--json", "--force")["not_understood"])
