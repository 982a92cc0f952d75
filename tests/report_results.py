"""Small but real results, made by the package and its commands, for the tests of reports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

import lto_sim as lto
from lto_sim.cli import app
from lto_sim.files import write_dataset
from lto_sim.reproduce import Study, reproduce
from lto_sim.scenario import Scenario

RUNNER: Final = CliRunner()
TEMPERATURES: Final = (45, 60, 75)


def scenario(celsius: float, **more: Any) -> Scenario:
    """Extraction from a rectangle of 32 x 8 cells, two profiles."""
    return Scenario.from_dict({
        "material": "lto", "temperature": 273.15 + celsius, "initial": 1.0, "seed": 1,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "1.6 um", "height": "0.4 um"},
            "thickness": "150 nm", "cell": "50 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "9 s"}}],
        "scan": {"frame_time": "0.3 s", "pixels": [32, 8]},
        "maps": {"noise": 0.1},
        "profile": [{"start": [0.0, y], "end": [1.1e-6, y], "width": 1.6e-7} for y in (1e-7, 3e-7)],
        **more,
    })  # fmt: skip


WRITTEN: Final = """material = "lto"
temperature = "75 degC"
initial = 1.0
seed = 1
drive = [{ hold = "1.6 V", until = { time = "9 s" } }]
scan = { frame_time = "0.3 s", pixels = [32, 8] }
maps = { noise = 0.1 }
profile = [
    { start = [0.0, 1e-7], end = [1.1e-6, 1e-7], width = 1.6e-7 },
    { start = [0.0, 3e-7], end = [1.1e-6, 3e-7], width = 1.6e-7 },
]
[specimen]
outline = { shape = "rectangle", width = "1.6 um", height = "0.4 um" }
thickness = "150 nm"
cell = "50 nm"
[contacts.lps]
where = { side = "left" }
"""
"""The scenario at 75 degC as a user writes it."""


def command(*arguments: object) -> Any:
    """Run a command; what it prints as JSON where it is asked for."""
    result = RUNNER.invoke(app, [str(item) for item in arguments])
    assert result.exit_code == 0, result.output + result.stderr
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def make_series(place: Path) -> None:
    """Run, maps and front at three temperatures, the fit of each, and of all."""
    for celsius in TEMPERATURES:
        chosen = scenario(celsius)
        run = lto.simulate(chosen)
        maps = lto.render_maps(run, noise=0.1, rng=celsius)
        lines = [lto.Profile(item.start, item.end, item.width) for item in chosen.profile]
        write_dataset(run, place / f"{celsius}.zarr")
        write_dataset(maps, place / f"{celsius}_maps.zarr")
        write_dataset(lto.track_front(maps, lines), place / f"{celsius}_front.zarr")
    fronts = [place / f"{celsius}_front.zarr" for celsius in TEMPERATURES]
    command("fit", fronts[-1], "--out", place / "75_fit.json")
    command("fit", *fronts, "--out", place / "ea.json")
    (place / "75.toml").write_text(WRITTEN, encoding="utf-8")


def copied(series: Path, place: Path, *names: str) -> Path:
    """A directory with some of the results of a series."""
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        source = series / name
        if source.is_dir():
            shutil.copytree(source, place / name)
        else:
            shutil.copy(source, place / name)
    return place


def make_map_fit(series: Path, place: Path) -> Path:
    """The directory of a fit of whole maps with one parameter."""
    target = place / "75_fit"
    command(
        "fit", series / "75_maps.zarr", "--free", "material.D_Li4.at", "--no-cells", "--processes", 1,
        "--start", "material.D_Li4.at=7e-14", "--out", target, "--json",
    )  # fmt: skip
    return target


def make_sweep(place: Path) -> Path:
    """A sweep of two axes, one run of which fails."""
    target = place / "study.zarr"
    (place / "particle.toml").write_text(scenario(75).to_toml(), encoding="utf-8")
    RUNNER.invoke(
        app,
        ["sweep", str(place / "particle.toml"), "--axis", "temperature=60 degC,75 degC", "--axis",
         "maps.noise=0.05,0.1", "--keep", "rate", "--engine", "serial", "--out", str(target)],
    )  # fmt: skip
    return target


COARSE: Final = {
    "specimen.cell": "100 nm", "specimen.layers": 2, "specimen.symmetry": True, "scan.pixels": [20, 15],
}  # fmt: skip
"""A coarse particle with few pixels, which have little noise."""


def make_reproduction(place: Path) -> Path:
    """The directory of a reproduction at three temperatures, with one partial contact and two other pairs."""
    study = Study(
        temperatures_degC=(105.0, 75.0, 30.0), coverages=(0.6,), face_shares=(0.5, 0.9), perimeters=(1.8e-20,)
    )
    target = place / "reproduce"
    with pytest.MonkeyPatch.context() as patch:  # the figures are tested elsewhere, and a third of the time
        patch.setattr("lto_sim.reproduce.study.build_figures", lambda results, grid: {})
        reproduce(target, overrides=COARSE, study=study, processes=1, seed=3)
    return target
