"""``lto-sim fit`` of maps, fronts and several of them: what it prints, stores and refuses."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import lto_sim as lto
from lto_sim.cli import app
from lto_sim.files import write_dataset

RUNNER = CliRunner()


def scenario(celsius):
    return lto.Scenario.from_dict({
        "material": "lto", "temperature": 273.15 + celsius, "initial": 1.0, "seed": 1,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "1.6 um", "height": "0.4 um"},
            "thickness": "150 nm", "cell": "40 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "9 s"}}],
        "scan": {"frame_time": "0.3 s", "pixels": [40, 10]},
        "maps": {"noise": 0.1},
        "profile": [{"start": [0.0, y], "end": [1.1e-6, y], "width": 1.6e-7} for y in (1e-7, 3e-7)],
    })  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Maps and fronts at three temperatures, the scenario of one, and a front as a table."""
    place = tmp_path_factory.mktemp("fits")
    for celsius in (45, 60, 75):
        chosen = scenario(celsius)
        maps = lto.render_maps(lto.simulate(chosen), noise=0.1, rng=celsius)
        write_dataset(maps, place / f"{celsius}_maps.zarr")
        lines = [lto.Profile(item.start, item.end, item.width) for item in chosen.profile]
        write_dataset(lto.track_front(maps, lines), place / f"{celsius}_front.zarr")
    (place / "75.toml").write_text(scenario(75).to_toml(), encoding="utf-8")
    return place


def run(*arguments):
    return RUNNER.invoke(app, [str(item) for item in arguments])


def summary_of(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_maps_and_their_front_give_the_same_k(folder):
    maps, front = (summary_of("fit", folder / f"75_{kind}.zarr") for kind in ("maps", "front"))
    assert maps["k_m2_s"] == front["k_m2_s"]
    true = lto.exact.wagner
    assert true is not None
    low, high = front["k_interval_any_law_m2_s"]
    assert low <= front["k_interval_m2_s"][0] < front["k_m2_s"] < front["k_interval_m2_s"][1] <= high
    assert {row["choice"] for row in front["sensitivity"]} >= {"window", "law", "convention", "origin"}
    assert front["verdict"] == "diffusion-limited"


def test_what_is_printed_says_both_intervals_and_the_convention(folder):
    text = run("fit", folder / "75_front.zarr").stdout
    for words in (
        "if that law holds",
        "whatever the law",
        "xi^2 = 2 k t",
        "k if instead",
        "contact moved by",
    ):
        assert words in text
    twice = summary_of("fit", folder / "75_front.zarr", "--k-convention", "kt")["k_m2_s"]
    once = summary_of("fit", folder / "75_front.zarr")["k_m2_s"]
    assert np.isclose(twice, 2.0 * once, rtol=1e-9)


def test_options_reach_the_fit(folder):
    front = folder / "75_front.zarr"
    fixed = summary_of("fit", front, "--start-time", "0 s", "--window", "2 s,8 s", "--law", "mixed")
    assert fixed["start_time_std_s"] == 0.0
    assert fixed["law"] == "mixed"
    assert fixed["window_start_s"] >= 2.0
    offset = summary_of("fit", front, "--start-std", "10 nm")
    assert len(offset["contact_offsets_m"]) == 2
    shell = summary_of("fit", front, "--law", "shell", "--thickness", "150 nm")["shell"]
    assert shell["tip_length_interval_m"][0] == 0.0  # no surface conducts here
    assert "share_of_faces" not in shell


def test_several_fronts_give_an_activation_energy(folder):
    fronts = [folder / f"{celsius}_front.zarr" for celsius in (45, 60)]
    found = summary_of("fit", *fronts, folder / "75_maps.zarr")
    assert [run["temperature_degC"] for run in found["runs"]] == [45.0, 60.0, 75.0]
    assert abs(found["Ea"]["Ea_eV"] - 0.492) < 0.02


def test_a_front_that_cannot_be_fitted_is_left_out_and_named(folder, tmp_path):
    import xarray as xr

    bad = xr.open_zarr(folder / "60_front.zarr", consolidated=False).load()
    bad["front_position"][1:] = np.nan
    write_dataset(bad, tmp_path / "bad_front.zarr")
    fronts = [folder / f"{celsius}_front.zarr" for celsius in (45, 60, 75)]
    found = summary_of("fit", *fronts, tmp_path / "bad_front.zarr")
    assert "points" in found["runs"][3]["error"]
    assert "Ea_eV" in found["Ea"]
    two = run("fit", *fronts[:2], "--json")
    assert two.exit_code == 0
    assert "error" in json.loads(two.stdout)  # the two k are kept, the line is refused


def test_correction_reports_raw_and_corrected_k(folder):
    found = summary_of("fit", folder / "75_front.zarr", "--correct", folder / "75.toml")
    assert abs(found["corrected"]["factor"] - 1.0) < 0.02
    assert np.isclose(found["corrected"]["k_raw_m2_s"], found["k_m2_s"], rtol=0.05)


def test_picture_and_summary_are_files(folder, tmp_path):
    result = run(
        "fit", folder / "75_front.zarr", "--picture", tmp_path / "k.png", "--out", tmp_path / "k.json"
    )
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "k.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "k.json").read_text())["verdict"] == "diffusion-limited"
    again = run("fit", folder / "75_front.zarr", "--picture", tmp_path / "k.png")
    assert again.exit_code == 2
    assert "--force" in again.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--law", "cubic"], "law"),
        (["--window", "3 s"], "--window"),
        (["--window", "8.9 s,9 s"], "points"),
        (["--robust"], "--robust"),
        (["--bars-over-particles", "4"], "--bars-over-particles"),
        (["--thickness", "150 nm"], "--thickness"),
        (["--target", "bulk"], "--target"),
        (["--model", "shell"], "--model"),
        (["--start-std", "10"], "--start-std"),
        (["--windows", "wide"], "--windows"),
    ],
)
def test_options_that_do_not_belong_are_refused_in_one_line(folder, options, words):
    result = run("fit", folder / "75_front.zarr", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
