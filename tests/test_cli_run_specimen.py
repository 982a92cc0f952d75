"""``lto-sim run --dry-run``: what it says of the specimen, and where its picture goes and does not go."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.scenario import Scenario
from lto_sim.specimen import Radial
from lto_sim.transport import build_model, plan_run
from lto_sim.transport.drawings import outline_lines

SCENARIO = """
material = "lto"
temperature = "75 degC"
initial = 0.0
[specimen]
outline = { shape = "polygon", points = [["0 nm", "0 nm"], ["400 nm", "0 nm"], ["400 nm", "200 nm"],
  ["0 nm", "200 nm"]], holes = [[["100 nm", "50 nm"], ["200 nm", "50 nm"], ["200 nm", "150 nm"],
  ["100 nm", "150 nm"]]] }
thickness = { wedge = ["100 nm", "140 nm"], axis = "x" }
cell = "10 nm"
[surface]
perimeter = { at = "1e-21 m^3/s", reference = "30 degC", Ea = "0.3 eV" }
[contacts.lps]
where = { arc = ["0 nm", "150 nm"] }
[contacts.counter]
where = { arc = ["450 nm", "550 nm"] }
[[drive]]
hold = "0.4 V"
until = { time = "1 s" }
"""
PICTURE = "a_specimen.png"

Lto = Callable[..., Result]


@pytest.fixture
def lto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in an empty directory that holds the scenario ``a.toml``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(SCENARIO)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def stored(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name != "a.toml")


def summary(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path, formats=["PNG"]) as image:
        return np.asarray(image.convert("RGB"))


def test_the_dry_run_measures_the_specimen(lto: Lto, tmp_path: Path) -> None:
    said = summary(lto("run", "a.toml", "--dry-run", "--json"))
    assert said["cells"] == 40 * 20 - 10 * 10
    assert said["elements"] == 2 * (40 + 20) + 4 * 10
    assert said["area_m2"] == pytest.approx(7e-14)
    assert said["perimeter_m"] == pytest.approx(1.2e-6)
    assert said["hole_perimeters_m"] == pytest.approx([4e-7])
    assert said["thickness_m"] == pytest.approx([1e-7, 1.4e-7])
    assert said["contact_lengths_m"] == pytest.approx({"lps": 1.5e-7, "counter": 1e-7})
    assert said["picture"] == str(tmp_path.resolve() / PICTURE)
    assert said.keys() >= {"steps", "states", "frames", "memory_bytes"}


def test_the_dry_run_tells_people_the_same(lto: Lto, tmp_path: Path) -> None:
    result = lto("run", "a.toml", "--dry-run")
    assert result.exit_code == 0
    lines = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    shown = {name: value.strip() for name, value in lines.items()}
    assert shown["cells"] == "700"
    assert shown["surface elements"] == "160"
    assert shown["area"] == "0.07 um2"
    assert shown["perimeter"] == "1.2 um, and of holes 400 nm"
    assert shown["thickness"] == "100 nm to 140 nm"
    assert shown["contact lps"] == "150 nm"
    assert shown["contact counter"] == "100 nm"
    assert shown["picture"] == str(tmp_path.resolve() / PICTURE)
    assert result.stdout.isascii()


def test_the_picture_is_all_that_is_written(lto: Lto, tmp_path: Path) -> None:
    assert lto("run", "a.toml", "--dry-run").exit_code == 0
    assert stored(tmp_path) == [PICTURE]
    assert pixels(tmp_path / PICTURE).std() > 10.0


def test_the_picture_lies_beside_the_run(lto: Lto, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    said = summary(lto("run", "a.toml", "--dry-run", "--json", "--out", "runs/b.75.zarr"))
    assert said["picture"] == str(tmp_path.resolve() / "runs" / "b.75_specimen.png")
    assert stored(tmp_path) == ["runs"]
    assert stored(tmp_path / "runs") == ["b.75_specimen.png"]


def test_a_run_that_exists_does_not_stop_its_dry_run(lto: Lto, tmp_path: Path) -> None:
    assert lto("run", "a.toml").exit_code == 0
    assert summary(lto("run", "a.toml", "--dry-run", "--json"))["picture"]
    assert stored(tmp_path) == ["a.zarr", PICTURE]


def test_the_mesh_is_drawn_on_request(lto: Lto, tmp_path: Path) -> None:
    summary(lto("run", "a.toml", "--dry-run", "--json"))
    plain = pixels(tmp_path / PICTURE)
    summary(lto("run", "a.toml", "--dry-run", "--json", "--mesh"))
    meshed = pixels(tmp_path / PICTURE)
    assert plain.shape != meshed.shape or np.any(plain != meshed)
    refused(lto("run", "a.toml", "--mesh"), "--dry-run")
    assert stored(tmp_path) == [PICTURE]


def test_the_next_dry_run_renews_the_picture(lto: Lto, tmp_path: Path) -> None:
    summary(lto("run", "a.toml", "--dry-run", "--json"))
    first = (tmp_path / PICTURE).read_bytes()
    summary(lto("run", "a.toml", "--dry-run", "--json"))
    assert (tmp_path / PICTURE).read_bytes() == first
    summary(lto("run", "a.toml", "--dry-run", "--json", "--set", "title=another"))
    assert (tmp_path / PICTURE).read_bytes() != first
    assert stored(tmp_path) == [PICTURE]


@pytest.mark.filterwarnings("always::UserWarning")
@pytest.mark.parametrize("foreign", [b"", b"years of work", b"\x89PNG\r\n\x1a\n and more", "a picture"])
def test_another_file_of_that_name_stays(lto: Lto, tmp_path: Path, foreign: bytes | str) -> None:
    picture = tmp_path / PICTURE
    if isinstance(foreign, str):
        Image.new("RGB", (40, 30)).save(picture)
    else:
        picture.write_bytes(foreign)
    before = picture.read_bytes()
    result = lto("run", "a.toml", "--dry-run", "--json")
    said = summary(result)
    assert said["picture"] is None
    assert said["cells"] == 700
    assert "--force" in result.stderr
    assert PICTURE in result.stderr
    assert "not written" in lto("run", "a.toml", "--dry-run").stdout
    assert picture.read_bytes() == before
    assert summary(lto("run", "a.toml", "--dry-run", "--json", "--force"))["picture"] == str(
        picture.resolve()
    )
    assert pixels(picture).std() > 10.0
    assert stored(tmp_path) == [PICTURE]


def test_places_without_room_for_a_picture_are_refused(lto: Lto, tmp_path: Path) -> None:
    refused(lto("run", "a.toml", "--dry-run", "--out", "missing/b.zarr"), "existing directory")
    refused(lto("run", "a.toml", "--dry-run", "--out", "a.toml"), "input")
    (tmp_path / PICTURE).mkdir()
    (tmp_path / PICTURE / "thesis.tex").write_text("years of work")
    refused(lto("run", "a.toml", "--dry-run", "--force"), PICTURE)
    assert (tmp_path / PICTURE / "thesis.tex").exists()
    assert stored(tmp_path) == [PICTURE]


def test_a_scenario_that_cannot_be_used_leaves_no_picture(lto: Lto, tmp_path: Path) -> None:
    refused(lto("run", "a.toml", "--dry-run", "--set", "specimen.cell=1 m"), "specimen.cell")
    arc = 'contacts.lps.where={ arc = ["0 nm", "500 nm"] }'
    refused(lto("run", "a.toml", "--dry-run", "--set", arc), "contacts.")
    assert stored(tmp_path) == []


def test_a_failure_while_drawing_leaves_nothing_behind(
    lto: Lto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary(lto("run", "a.toml", "--dry-run", "--json"))
    before = (tmp_path / PICTURE).read_bytes()

    def full(_: object, path: Path, **__: object) -> None:
        Path(path).write_bytes(b"half a picture")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", full)
    result = lto("run", "a.toml", "--dry-run", "--set", "title=another")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert stored(tmp_path) == [PICTURE]
    assert (tmp_path / PICTURE).read_bytes() == before


@pytest.mark.filterwarnings("always::UserWarning")
def test_a_warning_comes_once(lto: Lto, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(SCENARIO.replace('150 nm"] }\n[contacts.c', '5 nm"] }\n[contacts.c'))
    result = lto("run", "a.toml", "--dry-run")
    assert result.exit_code == 0
    assert result.stderr.count("less than two cells") == 1
    assert stored(tmp_path) == [PICTURE]


def test_a_plan_with_a_model_builds_none() -> None:
    scenario = Scenario.from_dict(tomllib.loads(SCENARIO))
    model = build_model(scenario)
    assert plan_run(scenario, model) == plan_run(scenario)
    volume = model.mesh.volume.copy()
    volume[..., -1] = 0.0
    fewer = replace(model, mesh=replace(model.mesh, volume=volume))
    assert plan_run(scenario, fewer).cells == np.count_nonzero(volume) < plan_run(scenario).cells


@pytest.mark.parametrize(
    ("x", "gap", "says"),
    [
        (5, 5e-9, "starts at the wall"),
        (50, 50e-9, "starts 50 nm inside the wall"),
        (150, -50e-9, "starts 50 nm outside the wall"),
    ],
)
def test_the_dry_run_says_where_a_profile_starts(
    lto: Lto, tmp_path: Path, x: int, gap: float, says: str
) -> None:
    line = f'[[profile]]\nstart = ["{x} nm", "100 nm"]\nend = ["390 nm", "100 nm"]\nwidth = "50 nm"\n'
    (tmp_path / "a.toml").write_text(SCENARIO + line)
    assert summary(lto("run", "a.toml", "--dry-run", "--json"))["profile_starts_m"] == pytest.approx([gap])
    assert says in lto("run", "a.toml", "--dry-run").stdout


@pytest.mark.parametrize("shape", ["cylinder", "sphere"])
def test_a_radial_body_is_drawn_round(shape: Literal["cylinder", "sphere"]) -> None:
    (line,) = outline_lines(Radial(shape, 1e-6))
    assert np.hypot(*np.diff(line, axis=0).T).sum() == pytest.approx(2e-6 * np.pi, rel=2e-5)
