"""``lto-sim compare``: a run against its own maps, against another run's, and what cannot be compared."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import typer
import xarray as xr
from typer.testing import CliRunner, Result

from lto_sim.cli.app import OneLineGroup
from lto_sim.cli.compare import EXAMPLE, NAME, command
from lto_sim.files import read_dataset, write_dataset, write_hspy
from lto_sim.microscope import render_maps
from lto_sim.quantify.compare.comparison import compare_maps
from lto_sim.quantify.compare.pose import Pose
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

SEEDS: Final = (1, 2, 3, 4, 5, 6)
CORNERS: Final = ([0, 20], [400, 0], [600, 90], [560, 240], [60, 210])
SCENARIO: Final[dict[str, Any]] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {
        "outline": {"shape": "polygon", "points": [[f"{x} nm", f"{y} nm"] for x, y in CORNERS]},
        "cell": "10 nm",
        "thickness": "150 nm",
    },
    "contacts": {
        "lps": {
            "where": {"polygon": [[f"{x} nm", f"{y} nm"] for x, y in ([-9, 9], [9, 9], [70, 220], [50, 220])]}
        }
    },
    "drive": [{"hold": "1.6 V", "until": {"time": "8 s"}}],
    "scan": {"frame_time": "0.25 s", "pixels": [30, 12]},
    "output": {"every": "50 ms"},
}
PIXEL: Final = 20e-9

Lto = Callable[..., Result]

overtaken: Final = pytest.mark.filterwarnings("ignore:a front moves about:UserWarning")
"""For saved states between which the front moves more than half a pixel; that it is told has its own test."""

lto_sim: Final = typer.Typer(cls=OneLineGroup, pretty_exceptions_enable=False)


@lto_sim.callback()
def _start() -> None:
    """A command line of one command, whatever the application lists."""


lto_sim.command(NAME, epilog=EXAMPLE)(command)


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return simulate(Scenario.from_dict(SCENARIO))


@pytest.fixture(scope="module")
def slow() -> xr.Dataset:
    """The same with both diffusivities, and so k, 10 % lower."""
    scenario = Scenario.from_dict(SCENARIO)
    values = {f"material.{name}.at": 0.9 * getattr(scenario.material, name).at for name in ("D_Li4", "D_Li7")}
    return simulate(scenario.with_values(values))


@pytest.fixture(scope="module")
def store(run: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run")
    write_dataset(run, directory / "a.zarr")
    write_dataset(render_maps(run, noise=0.1, rng=1), directory / "a_maps.zarr")
    return directory


@pytest.fixture
def lto(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in a directory that holds the run ``a.zarr`` and its maps ``a_maps.zarr``."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.zarr", "a_maps.zarr"):
        shutil.copytree(store / name, name)
    return lambda *words: CliRunner().invoke(lto_sim, [str(word) for word in words])


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert not list(Path().glob("*comparison*"))


def scaled(maps: xr.Dataset, contrast: float, offset: float = 0.0) -> xr.Dataset:
    """Maps whose li fraction has another scale, noise included in what is stated."""
    changed = maps.copy()
    changed["li_fraction"] = offset + contrast * maps["li_fraction"]
    changed["li_fraction_std"] = contrast * maps["li_fraction_std"]
    return changed


def moved(run: xr.Dataset, pose: Pose, noise: float, seed: int) -> xr.Dataset:
    """Maps of 40 x 25 pixels of 20 nm in another frame, averaged over 6 x 6 points in each; no time offsets.

    A point takes the composition of the cell that it lies in: nothing here is shared with what is tested.
    """
    x, y = (np.arange(40) + 0.5) * PIXEL, (np.arange(25) + 0.5) * PIXEL
    inner = ((np.arange(6) + 0.5) / 6 - 0.5) * PIXEL
    to_x, to_y = pose.to_run((x[:, None] + inner).ravel()[None, :], (y[:, None] + inner).ravel()[:, None])
    column, row = (np.floor(to / 10e-9).astype(int) for to in (to_x, to_y))
    columns, rows = run.sizes["x"], run.sizes["y"]
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
    volume = np.where(inside, run["cell_volume"].values[0][row, column], 0.0)
    states = run.isel(time=slice(20, 140, 4))
    composition = np.nan_to_num(states["li_fraction"].values[:, 0])[:, row, column]

    def summed(points: np.ndarray) -> np.ndarray:
        return points.reshape(*points.shape[:-2], 25, 6, 40, 6).sum(axis=(-3, -1))

    total = summed(volume)
    some = total > 0.0
    values = np.where(some, summed(volume * composition) / np.where(some, total, 1.0), np.nan)
    values = values + np.random.default_rng(seed).normal(0.0, noise, values.shape)
    metre, second = {"units": "m"}, {"units": "s"}
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values),
            "li_fraction_std": (("time", "y", "x"), np.full(values.shape, noise)),
            "coverage": (("y", "x"), total / total.max()),
        },
        {"time": ("time", states["time"].values, second), "y": ("y", y, metre), "x": ("x", x, metre)},
    )


def other_frame(turn: float) -> Pose:
    return Pose((-107e-9, -133e-9), float(np.deg2rad(turn)), centre=(400e-9, 250e-9))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_fits_its_own_maps(run: xr.Dataset, seed: int) -> None:
    comparison = compare_maps(run, render_maps(run, noise=0.2, rng=seed))
    assert comparison.chi_square == pytest.approx(1.0, abs=0.03)
    assert comparison.source == "frames that the run has recorded"
    statistics = comparison.statistics
    assert abs(statistics["bias"]) < 4.0 * statistics["bias_std"]
    for axis in ("x", "y"):
        assert abs(statistics[f"correlation_{axis}"]) < 4.0 * statistics["correlation_std"]
    assert statistics["front_share"] == pytest.approx(statistics["front_pixels"], rel=0.1)
    assert comparison.freedom == np.isfinite(comparison.data["residual"].values).sum()
    data = comparison.data
    scatter = data["lithium_difference"] / data["lithium_difference_std"]
    assert float((scatter**2).mean()) == pytest.approx(1.0, abs=0.8)
    recorded, shown = data["recorded"].values, data["simulated"].values
    np.testing.assert_allclose(data["residual"].values, recorded - shown, atol=1e-6)
    np.testing.assert_allclose(
        data["normalised_residual"].values, data["residual"].values / 0.2, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_k_that_is_10_percent_wrong_shows_at_the_front(run: xr.Dataset, slow: xr.Dataset, seed: int) -> None:
    maps = render_maps(run, noise=0.2, rng=seed)
    comparison = compare_maps(slow, maps)
    assert comparison.chi_square is not None
    assert comparison.chi_square > 1.15
    statistics = comparison.statistics
    assert statistics["front_share"] > 1.8 * statistics["front_pixels"]
    assert statistics["correlation_x"] > 4.0 * statistics["correlation_std"]
    late = comparison.data.isel(time=slice(4, 16))
    deviation = float(late["lithium_difference_std"].mean()) / np.sqrt(12.0)
    assert float(late["lithium_difference"].mean()) < -5.0 * deviation  # the recorded front is ahead


@pytest.mark.parametrize("seed", SEEDS)
def test_contrast_and_offset_are_found_within_their_deviations(run: xr.Dataset, seed: int) -> None:
    maps = render_maps(run, noise=0.2, rng=seed)
    found = compare_maps(run, scaled(maps, 0.9), contrast="free")
    assert found.contrast.deviation is not None
    assert abs(found.contrast.value - 0.9) < 3.0 * found.contrast.deviation < 0.03
    assert found.chi_square == pytest.approx(1.0, abs=0.03)
    assert found.offset == (0.0, None)
    both = compare_maps(run, scaled(maps, 40.0, 7.0), contrast="free", offset="free")
    for nuisance, exact in ((both.contrast, 40.0), (both.offset, 7.0)):
        assert nuisance.deviation is not None
        assert abs(nuisance.value - exact) < 3.5 * nuisance.deviation
    assert both.chi_square == pytest.approx(1.0, abs=0.03)


def test_deviations_are_the_scatter_of_what_is_found(run: xr.Dataset) -> None:
    """Of 25 draws, contrast, offset and start time scatter as stated, within 4 deviations of that scatter."""
    clean = moved(run, other_frame(0.0), 1e-9, 0)
    generator = np.random.default_rng(11)
    found = []
    for _ in range(25):
        maps = clean.copy()
        maps["li_fraction"] = clean["li_fraction"] + generator.normal(0.0, 0.2, clean["li_fraction"].shape)
        maps["li_fraction_std"] = xr.full_like(clean["li_fraction_std"], 0.2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = compare_maps(
                run, maps, pose=other_frame(0.0), contrast="free", offset="free", start_time="free"
            )
        found.append([n.value for n in (one.contrast, one.offset, one.start_time)])
    stated = np.array([one.contrast.deviation, one.offset.deviation, one.start_time.deviation])
    ratio = np.std(found, axis=0, ddof=1) / stated
    assert np.all(np.abs(ratio - 1.0) < 4.0 / np.sqrt(2 * 24))
    away = np.abs(np.mean(found, axis=0) - [1.0, 0.0, 0.0]) / stated
    assert np.all(away < 1.0)


def test_the_start_time_is_found_in_maps_that_go_on_after_the_run(run: xr.Dataset) -> None:
    """Maps three times as long as the run: their middle lies far behind its end."""
    maps = moved(run, other_frame(0.0), 0.1, 2)
    short = run.isel(time=slice(0, run.sizes["time"] // 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare_maps(short, maps, pose=other_frame(0.0), contrast="free", start_time="free")
    assert found.start_time.value == pytest.approx(0.0, abs=0.1)
    assert found.contrast.value == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("start", [-1.7, 0.6])
def test_the_start_time_is_found(run: xr.Dataset, start: float) -> None:
    maps = moved(run, other_frame(0.0), 0.1, 2)
    maps = maps.assign_coords(time=maps["time"] - start)
    with pytest.warns(UserWarning, match="is smeared"):
        found = compare_maps(run, maps, pose=other_frame(0.0), start_time="free")
    assert found.start_time.deviation is not None
    assert abs(found.start_time.value - start) < 4.0 * found.start_time.deviation < 0.02
    assert found.chi_square == pytest.approx(1.0, abs=0.03)


def test_maps_without_deviations_have_a_residual_and_no_chi_square(run: xr.Dataset) -> None:
    maps = render_maps(run, noise=0.2, rng=1)
    comparison = compare_maps(run, maps.drop_vars("li_fraction_std"), contrast="free")
    stated = compare_maps(run, maps, contrast="free")
    assert comparison.chi_square is None
    assert "normalised_residual" not in comparison.data
    assert comparison.statistics["rms"] == pytest.approx(0.2, rel=0.03)
    assert comparison.contrast.value == pytest.approx(stated.contrast.value)
    assert comparison.contrast.deviation == pytest.approx(stated.contrast.deviation, rel=0.03)


def test_states_are_laid_over_turned_pixels_exactly(run: xr.Dataset) -> None:
    """Without noise what is left are the sub-pixels of both sides: small, and nowhere at the front alone."""
    maps = moved(run, other_frame(11.0), 1e-9, 1)
    with pytest.warns(UserWarning, match="is smeared"):
        comparison = compare_maps(run, maps, pose=other_frame(11.0))
    assert comparison.statistics["rms"] < 0.012
    assert abs(comparison.statistics["bias"]) < 5e-4


def test_the_store_the_lines_and_the_picture(lto: Lto) -> None:
    result = lto("compare", "a.zarr", "a_maps.zarr", "--picture", "look.png")
    assert result.exit_code == 0, result.output
    words = (
        "32 of 32 compared, 30 x 12 pixels", "frames that the run has recorded", "taken for the run's",
        "per degree of freedom", "a_comparison.zarr", "look.png",
    )  # fmt: skip
    for part in words:
        assert part in result.stdout
    assert Path("look.png").stat().st_size > 20_000
    stored = read_dataset("a_comparison.zarr")
    assert stored.attrs["chi_square_per_freedom"] == pytest.approx(1.0, abs=0.03)
    assert stored.attrs["pose_shift"] == [0.0, 0.0]
    assert stored.attrs["maps_contrast"] == 1.0
    for name, variable in stored.variables.items():
        assert {"units", "long_name"} <= set(variable.attrs), name
    assert stored["residual"].dims == ("time", "y", "x")
    refused_again = lto("compare", "a.zarr", "a_maps.zarr")
    assert refused_again.exit_code == 2
    assert "--force" in refused_again.stderr


@overtaken
def test_json_holds_pose_and_nuisances(lto: Lto, run: xr.Dataset) -> None:
    write_dataset(moved(run, other_frame(4.0), 0.1, 3), "b.zarr")
    result = lto("compare", "a.zarr", "b.zarr", "--free", "rotation,contrast", "--json", "--out", "c.zarr")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    pose = summary["pose"]
    assert pose["origin"] == "found from the outline"
    assert np.hypot(*np.subtract(pose["shift_m"], other_frame(4.0).shift)) < 0.1 * PIXEL
    assert np.rad2deg(pose["rotation_rad"]) == pytest.approx(4.0, abs=0.2)
    contrast = summary["maps.contrast"]
    assert abs(contrast["value"] - 1.0) < 4.0 * contrast["std"]
    assert summary["maps.offset"] == {"value": 0.0, "std": None}
    assert summary["chi_square_per_freedom"] == pytest.approx(1.0, abs=0.03)
    assert summary["compared_frames"] == summary["sizes"]["time"] == 30


@overtaken
def test_a_slab_is_one_row(lto: Lto) -> None:
    slab = {
        "specimen": {
            "outline": {"shape": "rectangle", "width": "400 nm", "height": "20 nm"},
            "cell": "20 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "2 s"}}],
    }
    plain = {key: SCENARIO[key] for key in ("material", "temperature", "initial", "output")}
    run = simulate(Scenario.from_dict(plain | slab))
    write_dataset(run, "s.zarr")
    write_dataset(render_maps(run, noise=0.05, rng=4), "s_maps.zarr")
    result = lto("compare", "s.zarr", "s_maps.zarr", "--picture", "s.png", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["sizes"] == {"time": 40, "y": 1, "x": 20}
    assert summary["chi_square_per_freedom"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_its_own_maps_lie_where_they_are(run: xr.Dataset, seed: int) -> None:
    """The outline of rendered maps is a mask of every pixel that is touched."""
    from lto_sim.quantify.compare.pose import find_pose

    maps = render_maps(run, noise=0.2, rng=seed)
    wide = maps.pad(y=4, x=4, constant_values=np.nan)
    wide = wide.assign_coords({a: maps[a].values[0] + (np.arange(wide.sizes[a]) - 4) * PIXEL for a in "xy"})
    pose = find_pose(wide, run)
    assert pose.shift_std is not None
    assert pose.rotation_std is not None
    for value, std in zip(pose.shift, pose.shift_std, strict=True):
        assert abs(value) < 4.0 * std
    assert abs(pose.rotation) < 4.0 * pose.rotation_std


@overtaken
def test_a_pose_that_is_given(lto: Lto, run: xr.Dataset) -> None:
    write_dataset(moved(run, other_frame(4.0), 0.1, 3), "b.zarr")
    words = ("compare", "a.zarr", "b.zarr", "--json")
    given = json.loads(lto(*words, "--pose", "-107 nm, -133 nm, 4 deg").stdout)
    assert given["pose"]["shift_m"] == pytest.approx(other_frame(4.0).shift)
    assert given["pose"]["rotation_rad"] == pytest.approx(other_frame(4.0).rotation)
    assert given["chi_square_per_freedom"] == pytest.approx(1.0, abs=0.03)
    wrong = json.loads(lto(*words, "--force", "--pose", "-87 nm,-133 nm,4 deg").stdout)
    assert wrong["chi_square_per_freedom"] > 1.3


@overtaken
def test_a_series_of_another_program(lto: Lto, run: xr.Dataset) -> None:
    """Intensities of a .hspy: no li fractions, so that contrast and offset have to be free."""
    maps = scaled(moved(run, other_frame(0.0), 0.1, 3), 40.0, 7.0)
    image = maps["li_fraction"].assign_attrs(units="counts", long_name="intensity").rename("intensity")
    write_hspy(image, {"title": "maps"}, Path("b.hspy"))
    words = ("compare", "a.zarr", "b.hspy", "--out", "c.zarr")
    refused(lto(*words), "--free contrast,offset")
    placed = ("--pose", "-107 nm,-133 nm,0 deg", "--scan", "none")
    result = lto(*words, "--free", "contrast,offset", *placed, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["maps.contrast"]["value"] == pytest.approx(40.0, rel=0.02)
    assert summary["chi_square_per_freedom"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--free", "size"], "contrast, offset, start_time, rotation, scale, mirror"),
        (["--free", ","], "contrast, offset, start_time"),
        (["--pose", "none", "--free", "rotation"], "only with --pose find"),
        (["--pose", "30 nm,10 nm"], "DX,DY,ANGLE"),
        (["--pose", "30,10 nm,0 deg"], "with its unit"),
        (["--pose", "30 nm,10 nm,5"], "with its unit"),
        (["--pose", "30 nm,10 s,5 deg"], "length"),
        (["--pose", "9 um,0 nm,0 deg"], "overlaps the particle"),
        (["--picture", "look.pdf"], ".png"),
        (["--out", "a_maps.zarr", "--force"], "input"),
    ],
)
def test_options_that_cannot_be_used_are_refused(lto: Lto, words: list[str], message: str) -> None:
    refused(lto("compare", "a.zarr", "a_maps.zarr", *words), message)


@overtaken
def test_what_cannot_be_compared_is_refused(lto: Lto, run: xr.Dataset) -> None:
    maps = read_dataset("a_maps.zarr")

    def said(changed: xr.Dataset, words: str, *more: str) -> None:
        write_dataset(changed, "b.zarr", force=True)
        refused(lto("compare", "a.zarr", "b.zarr", *more), words)

    late = maps.assign_coords(time=("time", maps["time"].values + 100.0, maps["time"].attrs))
    said(late, "times within those of the run, 0 to 8 s")
    said(maps.isel(time=0, drop=True), "time")
    said(maps.drop_vars("time"), "time")
    whole = maps.fillna(1.0)
    whole.attrs["configuration"] = ""
    said(whole, "fills the recorded frame")
    said(maps.isel(time=slice(-3, None)), "leave one of them fixed", "--free", "contrast,offset")
    refused(lto("compare", "missing.zarr", "a_maps.zarr"), "existing Zarr store")
    refused(lto("compare", "a_maps.zarr", "a_maps.zarr", "--out", "c.zarr"), "lto-sim run")
    few = run.isel(time=slice(1)).drop_dims(["frame", "pixel_y", "pixel_x"])
    write_dataset(few, "few.zarr")
    refused(lto("compare", "few.zarr", "a_maps.zarr"), "output.every")
    np.save("plain.npy", np.ones((4, 5, 6)))
    refused(lto("compare", "a.zarr", "plain.npy"), "frame")
