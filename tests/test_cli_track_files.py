"""``lto-sim track`` on series of other programs: the rate constant that went in, whatever the file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from map_files import FRAME_TIME, FRAMES, PROFILE, WRITERS, K, labelled, moving_step, write_imagej
from recorded_files import counts_store
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.files import read_dataset, read_table, write_dataset, write_hspy
from lto_sim.kinetics.fronts import Profile
from lto_sim.plot import pick_profiles as picking

SEEDS = (1, 2, 3, 4, 5, 6)
GIVEN = {"npy": ("--frame-time", "1.5 s", "--pixel", "31 nm")}

Lto = Callable[..., Result]


@pytest.fixture
def lto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.stderr
    return result


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("seed", SEEDS)
def test_k_is_within_its_interval_and_the_same_from_every_format(lto: Lto, seed: int) -> None:
    values = moving_step(seed)
    found = []
    for suffix, write in WRITERS.items():
        name = f"{suffix}_maps.{suffix}"
        write(values, Path(name))
        done(lto("track", name, "--profile", PROFILE, *GIVEN.get(suffix, ())))
        fit = json.loads(done(lto("fit", f"{suffix}_front.zarr", "--json")).stdout)
        low, high = fit["k_interval_m2_s"]
        assert low < K < high, (suffix, fit["k_m2_s"])
        assert fit["verdict"] == "diffusion-limited"
        front = read_dataset(Path(f"{suffix}_front.zarr"))
        assert np.isfinite(front["front_position"]).sum() > 0.9 * FRAMES
        found.append((fit["k_m2_s"], low, high, front["front_position"].values))
    for other in found[1:]:
        np.testing.assert_allclose(other[:3], found[0][:3], rtol=1e-6)
        np.testing.assert_allclose(other[3], found[0][3], rtol=1e-6)


def test_what_was_taken_from_where_is_told(lto: Lto) -> None:
    write_imagej(moving_step(1), Path("a.tif"))
    told = done(lto("track", "a.tif", "--profile", PROFILE, "--pixel", "31 nm")).stdout
    assert "intensities, not li fractions" in told
    assert "the intensity rises away from the contact" in told
    assert "x 0 to 1736 nm, y 0 to 248 nm; pixel 31 nm (given)" in told
    assert "1.5 s (of the file)" in told
    assert "rows: pixels visited row by row over the frame time" in told
    summary = json.loads(
        done(lto("track", "a.tif", "--profile", PROFILE, "--frame-time", "3 s", "--json", "--force")).stdout
    )
    assert summary["map_quantity"] == "intensity"
    assert summary["frame_time_s"] == 3.0
    assert summary["frame_time_origin"] == "given; the file says 1.5 s"
    attributes = read_dataset(Path("a_front.zarr")).attrs
    assert attributes["map_quantity"] == "intensity"
    assert "read maps from a.tif" in attributes["history"]


def test_fronts_have_the_time_of_their_row(lto: Lto) -> None:
    """Along y, from row to row: a pixel is visited later by its share of the frame time."""
    np.save("a.npy", moving_step(7, down=True))
    words = ("--profile", "124 nm,0 nm:124 nm,1736 nm:248 nm", *GIVEN["npy"])
    done(lto("track", "a.npy", *words, "--start", "10 s"))
    rows = read_dataset(Path("a_front.zarr")).isel(profile=0)
    known = np.isfinite(rows["front_position"].values)
    expected = rows["time"].values + FRAME_TIME * rows["front_position"].values / 1736e-9
    np.testing.assert_allclose(rows["front_time"].values[known], expected[known], atol=0.02)
    assert float(rows["time"][0]) == 10.0
    done(lto("track", "a.npy", *words, "--scan", "none", "--force"))
    frames = read_dataset(Path("a_front.zarr")).isel(profile=0)
    np.testing.assert_allclose(frames["front_time"].values[known], frames["time"].values[known])


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_a_result_and_maps_in_netcdf(lto: Lto, suffix: str) -> None:
    values = (moving_step(2) - 500.0) / 300.0
    maps = labelled(values, "li_fraction", units="1", long_name="Li fraction").to_dataset()
    write_dataset(maps, Path(f"a.{suffix}"))
    told = done(lto("track", f"a.{suffix}", "--profile", PROFILE, "--out", "front.nc")).stdout
    assert "intensit" not in told
    assert Path("front.nc").is_file()
    fit = json.loads(done(lto("fit", "front.nc", "--json")).stdout)
    assert fit["k_m2_s"] == pytest.approx(K, rel=0.05)
    refused(lto("track", f"a.{suffix}", "--profile", PROFILE, "--out", "front.nc"), "--force")
    done(lto("track", f"a.{suffix}", "--profile", PROFILE, "--out", "front.csv"))
    front = read_dataset(Path("front.nc"))
    known = np.isfinite(front["front_position"].values)
    columns = read_table(Path("front.csv")).columns
    np.testing.assert_allclose(columns["xi"], front["front_position"].values[known], rtol=1e-6)


def test_gaps_are_told_and_left_out(lto: Lto, recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("default")
    values = moving_step(3)
    values[40:43] = np.nan
    write_imagej(values, Path("a.tif"))
    result = done(lto("track", "a.tif", "--profile", PROFILE))
    assert "lto-sim: warning: frames without any value, taken as gaps: 40, 41, 42" in result.stderr
    front = read_dataset(Path("a_front.zarr"))["front_position"].values[:, 0]
    assert np.isnan(front[40:43]).all()
    assert np.isfinite(front[43:]).all()
    assert np.isfinite(front[30:40]).all()


def test_what_cannot_be_tracked_is_one_line(lto: Lto) -> None:
    values = moving_step(1)[:4]
    np.save("a.npy", values)
    np.save("image.npy", values[0])
    profile = ("--profile", PROFILE)
    refused(lto("track", "a.npy", *profile, "--pixel", "31 nm"), '--frame-time "1.5 s"')
    refused(lto("track", "a.npy", *profile, "--frame-time", "1.5 s"), '--pixel "31 nm"')
    refused(lto("track", "a.npy", *profile, *GIVEN["npy"][:3], "31"), "has no unit")
    refused(lto("track", "a.npy", *profile, "--frame-time", "1.5 nm", "--pixel", "31 nm"), "--frame-time")
    refused(lto("track", "a.npy", *profile, *GIVEN["npy"], "--scan", "columns"), "rows or none")
    refused(lto("track", "image.npy", *profile, *GIVEN["npy"]), "all frames as one stack")
    refused(lto("track", "a.npy", *GIVEN["npy"]), "give --profile")
    refused(lto("track", "a.npy", *profile, *GIVEN["npy"], "--step", "0"), "drive_steps")
    counts = counts_store()
    write_hspy(counts["counts"], {}, Path("counts.hspy"))
    refused(lto("track", "counts.hspy", *profile), "lto-sim quantify")
    refused(lto("track", "missing.tif", *profile), "missing.tif")
    Path("text.tif").write_text("text")
    refused(lto("track", "text.tif", *profile), "whole")
    assert not [entry for entry in Path().iterdir() if "front" in entry.name]


SCENARIO = """
schema_version = 1
material = "lto"
temperature = "75 degC"
initial = 1.0
[specimen]
outline = { shape = "rectangle", width = "400 nm", height = "160 nm" }
thickness = "150 nm"
cell = "20 nm"
[contacts.lps]
where = { side = "left" }
[[drive]]
hold = "1.6 V"
until = { time = "6 s" }
[[profile]]
start = [0.0, "80 nm"]
end = ["360 nm", "80 nm"]
width = "160 nm"
[scan]
frame_time = "0.2 s"
pixels = [40, 16]
"""


@pytest.fixture
def own_maps(lto: Lto) -> Path:
    Path("a.toml").write_text(SCENARIO)
    done(lto("run", "a.toml"))
    done(lto("render", "a.zarr"))
    return Path("a_maps.zarr")


def test_what_became_of_the_frames_is_told(lto: Lto, recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("default")
    values = moving_step(4)
    values[50:52] = np.nan
    np.save("a.npy", values)
    profiles = ("--profile", PROFILE, "--profile", "0 nm,124 nm:620 nm,124 nm:248 nm")
    told = done(lto("track", "a.npy", *profiles, *GIVEN["npy"])).stdout
    summary = json.loads(done(lto("track", "a.npy", *profiles, *GIVEN["npy"], "--force", "--json")).stdout)
    assert [entry["frames"] for entry in summary["profiles"]] == [FRAMES, FRAMES]
    for number, entry in enumerate(summary["profiles"]):
        by_status = entry["by_status"]
        assert sum(by_status.values()) == FRAMES
        assert by_status["no_pixels"] == 2
        assert f"profile {number}         {by_status['found']} of {FRAMES} frames; " in told
    short = summary["profiles"][1]["by_status"]
    assert short["beyond_end"] > 0.5 * FRAMES
    assert f"{short['beyond_end']} beyond its end" in told
    assert len(summary["fronts"]) == sum(entry["by_status"]["found"] for entry in summary["profiles"])


def test_a_contact_line_is_followed_like_the_profile_across_it(lto: Lto) -> None:
    np.save("a.npy", moving_step(5))
    line = ("--contact-line", "0 nm,0 nm; 0 nm,248 nm", "--length", "1736 nm")
    done(lto("track", "a.npy", "--profile", PROFILE, *GIVEN["npy"], "--out", "straight.zarr"))
    done(lto("track", "a.npy", *line, *GIVEN["npy"], "--out", "bent.zarr"))
    straight, bent = (read_dataset(Path(f"{name}.zarr")) for name in ("straight", "bent"))
    for name in ("front_position", "front_position_std", "front_time"):
        np.testing.assert_allclose(bent[name], straight[name], rtol=1e-6)
    done(
        lto(
            "track", "a.npy", *line, "--count", "4", "--profile", PROFILE, *GIVEN["npy"], "--out", "both.zarr"
        )
    )
    both = read_dataset(Path("both.zarr"))
    np.testing.assert_allclose(both["profile_width"], [248e-9, *[62e-9] * 4])
    assert json.loads(both.attrs["profile_names"]) == [f"profile {n}" for n in range(5)]
    fit = json.loads(done(lto("fit", "both.zarr", "--json")).stdout)
    assert fit["k_m2_s"] == pytest.approx(K, rel=0.05)


def test_how_well_the_contact_is_known(lto: Lto, own_maps: Path) -> None:
    exact = done(lto("track", own_maps)).stdout
    assert "contact position  known exactly (of the scenario)" in exact
    found = []
    for words in (
        ("--contact", "lps", "--count", "2"),
        ("--profile", "0 nm,80 nm:360 nm,80 nm:100 nm"),
        ("--profile", "0 nm,80 nm:360 nm,80 nm:100 nm", "--start-std", "7 nm"),
        ("--start-std", "0"),
    ):
        told = done(lto("track", own_maps, *words, "--force", "--json")).stdout
        entry = json.loads(told)["profiles"][0]
        found.append((entry["start_std_m"], entry["start_std_origin"]))
    stds, origins = zip(*found, strict=True)
    np.testing.assert_allclose(stds, [0.0, 1e-8 / np.sqrt(12.0), 7e-9, 0.0], rtol=1e-9)
    assert origins == ("scenario", "pixel/sqrt(12)", "given", "given")
    told = done(lto("track", own_maps, "--profile", "0 nm,80 nm:360 nm,80 nm:100 nm", "--force")).stdout
    assert "contact position  standard deviation 2.89 nm (pixel/sqrt(12))" in told
    assert float(read_dataset(Path("a_front.zarr"))["profile_start_std"][0]) == stds[1]


def test_the_model_is_chosen_and_told(lto: Lto, own_maps: Path) -> None:
    for model, name in (("step", "step"), ("shell", "shell"), ("auto", "step")):
        told = done(lto("track", own_maps, "--model", model, "--force")).stdout
        assert ("positions are of the mean front" in told) == (name == "shell")
        assert read_dataset(Path("a_front.zarr")).attrs["front_model"] == name
    refused(lto("track", own_maps, "--model", "tanh", "--force"), '"step", "shell" or "auto"')


def test_profiles_that_cannot_be_are_one_line(lto: Lto, own_maps: Path) -> None:
    np.save("b.npy", moving_step(6)[:4])
    recorded = ("track", "b.npy", *GIVEN["npy"])
    refused(lto("track", own_maps, "--contact", "anode"), "--contact", "lps")
    refused(lto(*recorded, "--contact", "lps"), "--contact-line")
    refused(lto(*recorded, "--contact-line", "0 nm,0 nm;0 nm,248 nm"), "--length")
    refused(lto(*recorded, "--contact-line", "0 nm,0 nm", "--length", "1 um"), "--contact-line", "two points")
    refused(lto(*recorded, "--contact-line", "0 nm,0 nm;0 nm,0 nm", "--length", "1 um"), "--contact-line")
    refused(lto(*recorded, "--contact-line", "0,0;0,248", "--length", "1 um"), "has no unit")
    middle = ("--contact-line", "868 nm,0 nm;868 nm,248 nm", "--length", "500 nm")
    refused(lto(*recorded, *middle), "a point inside the particle")
    refused(lto(*recorded, *middle, "--inside", "868 nm,90 nm"), "move it off the line")
    refused(lto(*recorded, "--count", "3", "--profile", PROFILE), "--count", "--contact")
    refused(lto(*recorded, "--inside", "0,0", "--profile", PROFILE), "--inside", "--contact-line")
    refused(lto(*recorded, "--profile", PROFILE, "--start-std", "-1 nm"), "start_std", ">= 0 m")
    refused(lto(*recorded, "--profile", PROFILE, "--start-std", "10"), "has no unit")


def test_picking_needs_a_display(lto: Lto, own_maps: Path) -> None:
    refused(lto("track", own_maps, "--pick"), "--pick", "no display", "--profile")


def test_picked_profiles_are_tracked(lto: Lto, own_maps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picked = [Profile((0.0, 80e-9), (360e-9, 80e-9), 100e-9)]
    monkeypatch.setattr(picking, "pick_profiles", lambda maps, start_std: picked)
    summary = json.loads(done(lto("track", own_maps, "--pick", "--json")).stdout)
    by_status = summary["profiles"][0]["by_status"]
    assert by_status["found"] > 5, by_status
    np.testing.assert_allclose(summary["profiles"][0]["end_m"], [360e-9, 80e-9])
