"""``lto-sim acquire``: what it stores and prints, what it refuses, and how it goes on after Ctrl-C."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import xarray as xr
from recorded_files import counts_store
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.files import partial_path, read_dataset, read_recording, write_dataset
from lto_sim.microscope import Instrument, acquire, expected_counts
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

FEW: Final = (
    "--set",
    "instrument.spectrometer.channels=100",
    "--set",
    "instrument.spectrometer.dispersion=1.0",
)
PRESET: Final = Instrument.preset("jem_arm300f2_continuum_k3").with_values(
    {"spectrometer.channels": 100, "spectrometer.dispersion": 1.0}
)
SCENARIO: Final = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "seed": 3,
    "specimen": {"outline": {"shape": "rectangle", "width": "400 nm", "height": "100 nm"}, "cell": "20 nm"},
    "contacts": {"lps": {"where": {"side": "left"}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "2.5 s"}}],
    "scan": {"frame_time": "0.1 s", "pixels": [20, 5]},
}

Lto = Callable[..., Result]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "a.zarr"
    write_dataset(simulate(Scenario.from_dict(SCENARIO)), path)
    return path


@pytest.fixture
def lto(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in a directory that holds the run ``a.zarr``."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(store, "a.zarr")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def stored() -> list[str]:
    return sorted(entry.name for entry in Path().iterdir() if entry.name != "a.zarr")


def same(found: xr.Dataset, exact: xr.Dataset) -> None:
    xr.testing.assert_identical(found.drop_attrs(), exact.drop_attrs())


def test_a_store_of_counts(lto: Lto, store: Path) -> None:
    result = lto("acquire", "a.zarr", *FEW)
    assert result.exit_code == 0, result.output
    for words in ("JEM-ARM300F2", "25 of 20 x 5 pixels, 100 channels", "e/A^2", "t/lambda", "a_counts.zarr"):
        assert words in result.stdout
    assert stored() == ["a_counts.zarr"]
    recording = read_dataset("a_counts.zarr")
    same(recording, acquire(read_dataset(store), PRESET))
    assert recording.attrs["seed"] == 3
    assert recording.attrs["instrument"] == PRESET.to_toml()


def test_signals_for_hyperspy(lto: Lto, store: Path) -> None:
    result = lto("acquire", "a.zarr", *FEW, "--out", "b.hspy")
    assert result.exit_code == 0, result.output
    assert stored() == ["b.hspy", "b_abf.hspy", "b_adf.hspy"]
    exact = acquire(read_dataset(store), PRESET)
    for name, variable in (("b", "counts"), ("b_adf", "adf"), ("b_abf", "abf")):
        data = read_recording(Path(f"{name}.hspy")).data
        assert data.dims == exact[variable].dims
        assert data.dtype == np.uint32
        np.testing.assert_array_equal(data, exact[variable])
    np.testing.assert_allclose(read_recording(Path("b.hspy")).data["energy_loss"], -5.0 + np.arange(100))


def test_json_is_all_that_goes_to_stdout(lto: Lto) -> None:
    summary = json.loads(lto("acquire", "a.zarr", *FEW, "--json").stdout)
    assert summary["sizes"] == {"time": 25, "y": 5, "x": 20, "energy_loss": 100}
    assert summary["bytes"] == 25 * 5 * 20 * 100 * 4
    assert (summary["seed"], summary["frames_resumed"], summary["written"]) == (3, 0, True)
    assert Path(summary["out"]).name == "a_counts.zarr"
    attrs = read_dataset("a_counts.zarr").attrs
    shared = ("electrons_per_pixel", "dwell_time_s", "dose_per_frame_e_per_A2", "dose_total_e_per_A2")
    assert {key: summary[key] for key in shared} == pytest.approx({key: attrs[key] for key in shared})
    assert summary["mean_thickness_m"] == pytest.approx(150e-9)


def test_a_dry_run_writes_nothing(lto: Lto) -> None:
    summary = json.loads(lto("acquire", "a.zarr", "--dry-run", "--json").stdout)
    assert summary["sizes"]["energy_loss"] == 1024
    assert summary["written"] is False
    assert 0.85 < summary["t_over_lambda"] < 1.0
    text = lto("acquire", "a.zarr", "--dry-run").stdout
    assert "nothing (dry run)" in text
    assert "9.766 MiB" in text
    assert "dry run" in lto("acquire", "a.zarr", "--dry-run", "--out", "b.hspy").stdout
    assert stored() == []


def test_expected_counts_have_no_noise_and_no_seed(lto: Lto, store: Path) -> None:
    summary = json.loads(lto("acquire", "a.zarr", *FEW, "--expected", "--json").stdout)
    assert summary["seed"] is None
    recording = read_dataset("a_counts.zarr")
    same(recording, expected_counts(read_dataset(store), PRESET))
    assert recording.attrs["quantity"] == "expected"
    assert "seed" not in recording.attrs


def test_seed_and_set_go_into_the_result(lto: Lto, store: Path) -> None:
    current = ("--set", "instrument.beam.current=529 pA")
    assert lto("acquire", "a.zarr", *FEW, *current, "--seed", "9").exit_code == 0
    recording = read_dataset("a_counts.zarr")
    same(recording, acquire(read_dataset(store), PRESET.with_values({"beam.current": 529e-12}), 9))
    assert recording.attrs["seed"] == 9
    assert recording.attrs["probe_current_A"] == pytest.approx(529e-12)
    assert lto("acquire", "a.zarr", *FEW, *current, "--out", "b.zarr").exit_code == 0
    assert np.mean(read_dataset("b.zarr")["counts"].values != recording["counts"].values) > 0.5


def test_an_instrument_of_a_file(lto: Lto) -> None:
    own = PRESET.with_values({"title": "my microscope", "beam.voltage": 2e5})
    Path("own.toml").write_text(own.to_toml())
    result = lto("acquire", "a.zarr", "--instrument", "own.toml")
    assert result.exit_code == 0, result.output
    assert "my microscope" in result.stdout
    attrs = read_dataset("a_counts.zarr").attrs
    assert attrs["instrument"] == own.to_toml()
    assert attrs["beam_energy_keV"] == 200.0
    Path("own.toml").write_text('[beam]\ncurrant = "1 pA"\n')
    refused(
        lto("acquire", "a.zarr", "--instrument", "own.toml", "--out", "b.zarr"), "instrument.beam.currant"
    )


def test_a_slit_by_name(lto: Lto) -> None:
    words = ("--instrument", "hf3300_gif_quantum", "--set", "instrument.slit.exposure=1 s")
    few = ("--set", "instrument.spectrometer.channels=50", "--set", "instrument.slit.rows=60")
    assert lto("acquire", "a.zarr", *words, *few).exit_code == 0
    recording = read_dataset("a_counts.zarr")
    assert recording["counts"].shape == (2, 1, 60, 50)
    assert recording["counts"].dtype == np.int32


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "beam.current=1 pA"], "begins with instrument."),
        (["--set", "temperature=300"], "begins with instrument."),
        (["--set", "instrument.beam.nonsense=1"], "instrument.beam.nonsense"),
        (["--set", "instrument.beam.current=-1 pA"], "instrument.beam.current"),
        (["--set", "instrument.beam.current=71 nm"], "instrument.beam.current"),
        (["--set", "instrument.beam.current"], "path=value"),
        (["--set", "instrument.mode=tem"], "instrument.mode"),
        (["--set", "instrument.spectrum.edges=C-K"], "edges"),
        (["--instrument", "titan"], "hf3300_gif_quantum"),
        (["--instrument", "missing.toml"], "missing.toml"),
        (["--out", "b.h5"], ".hspy"),
        (["--out", "b"], ".hspy"),
        (["--out", "nowhere/b.zarr"], "existing directory"),
        (["--out", "a.zarr", "--force"], "input"),
        (["--seed", "-1"], "--seed"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_options_that_cannot_be_used_are_refused(
    lto: Lto, words: list[str], message: str, dry: list[str]
) -> None:
    refused(lto("acquire", "a.zarr", *words, *dry), message)
    assert stored() == []


def test_an_existing_target_needs_force(lto: Lto) -> None:
    for out, ending in (("b.zarr", "b.zarr"), ("b.hspy", "b.hspy")):
        assert lto("acquire", "a.zarr", *FEW, "--out", out).exit_code == 0
        first = read_recording(Path(ending)).data.values
        refused(lto("acquire", "a.zarr", *FEW, "--out", out, "--seed", 4), "--force")
        np.testing.assert_array_equal(read_recording(Path(ending)).data, first)
        assert lto("acquire", "a.zarr", *FEW, "--out", out, "--seed", 4, "--force").exit_code == 0
        assert np.mean(read_recording(Path(ending)).data.values != first) > 0.5
    assert stored() == ["b.hspy", "b.zarr", "b_abf.hspy", "b_adf.hspy"]


@pytest.mark.parametrize("name", ["b_adf.hspy", "b_abf.hspy"])
def test_an_existing_companion_is_refused_before_any_work(lto: Lto, name: str) -> None:
    Path(name).write_text("an image of yesterday")
    refused(lto("acquire", "a.zarr", *FEW, "--out", "b.hspy"), "--force")
    assert stored() == [name]
    assert Path(name).read_text() == "an image of yesterday"


def test_what_is_no_run_is_refused(lto: Lto) -> None:
    refused(lto("acquire", "missing.zarr"), "existing Zarr store")
    write_dataset(xr.Dataset({"charge": ("time", np.zeros(3))}), "charge.zarr")
    refused(lto("acquire", "charge.zarr"), "a run, or maps")
    write_dataset(counts_store(), "counts.zarr")
    refused(lto("acquire", "counts.zarr"), "a run, or maps")
    Path("notes").mkdir()
    refused(lto("acquire", "notes"), "zarr.json")
    assert stored() == ["charge.zarr", "counts.zarr", "notes"]


def test_the_dose_is_a_warning_in_one_line(lto: Lto, recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("default")
    for words in (["--dry-run"], []):
        result = lto("acquire", "a.zarr", *FEW, "--set", "instrument.dose_budget=100 e/A^2", *words)
        assert result.exit_code == 0
        assert result.stderr.startswith("lto-sim: warning: the dose of 25 frames is 277 e/A^2")
        assert result.stderr.count("\n") == 1


def start(out: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lto_sim", "acquire", "a.zarr", "--out", out, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_a_frame(process: subprocess.Popen[str], noted: Path) -> None:
    for _ in range(3000):
        if noted.exists() and json.loads(noted.read_text())["done"]:
            return
        assert process.poll() is None
        time.sleep(0.01)
    raise AssertionError("no frame within 30 s")


@pytest.mark.parametrize("out", ["b.zarr", "b.hspy"])
def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(lto: Lto, out: str) -> None:
    many = ("--set", "instrument.spectrometer.channels=4096")
    partial = partial_path(Path(out) if out == "b.zarr" else Path(".b.hspy.frames.zarr"))
    process = start(out, *many)
    wait_for_a_frame(process, partial / "frames_done.json")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr == (
        f"lto-sim: error: interrupted; finished frames are in {partial.resolve()}: "
        "repeat the command to go on\n"
    )
    assert stored() == [partial.name]
    done = json.loads((partial / "frames_done.json").read_text())["done"]
    result = lto("acquire", "a.zarr", "--out", out, *many, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["frames_resumed"] == len(done) > 0
    assert not partial.exists()
    exact = acquire(read_dataset("a.zarr"), PRESET.with_values({"spectrometer": {"channels": 4096}}))
    np.testing.assert_array_equal(read_recording(Path(out)).data, exact["counts"])


def test_another_command_does_not_go_on_with_it(lto: Lto) -> None:
    process = start("b.zarr", "--set", "instrument.spectrometer.channels=4096")
    wait_for_a_frame(process, Path("b.zarr.partial/frames_done.json"))
    process.kill()
    process.communicate(timeout=30)
    refused(lto("acquire", "a.zarr", "--out", "b.zarr", *FEW), "another run, instrument or seed")
    assert "b.zarr" not in stored()
    assert lto("acquire", "a.zarr", "--out", "b.zarr", *FEW, "--force").exit_code == 0
    same(read_dataset("b.zarr"), acquire(read_dataset("a.zarr"), PRESET))
    assert stored() == ["b.zarr"]


def test_the_schema_of_an_instrument(lto: Lto) -> None:
    schema = json.loads(lto("schema", "--instrument").stdout)
    assert set(schema["properties"]) == set(Instrument.model_fields)
    beam = schema["$defs"]["BeamSpec"]["properties"]
    assert "[A]" in beam["current"]["description"]
    assert beam["current"]["default"] == 71e-12
    assert lto("schema", "--instrument", "--out", "instrument.json").exit_code == 0
    assert json.loads(Path("instrument.json").read_text()) == schema


def test_inspect_knows_what_acquire_has_stored(lto: Lto) -> None:
    wide = (
        "--set",
        "instrument.spectrometer.channels=1000",
        "--set",
        "instrument.spectrometer.dispersion=0.45",
    )
    recorded = json.loads(lto("acquire", "a.zarr", *wide, "--json").stdout)
    summary = json.loads(lto("inspect", "a_counts.zarr", "--json").stdout)
    assert [axis["size"] for axis in summary["axes"]] == [25, 5, 20, 1000]
    assert (summary["data_type"], summary["data_unit"]) == ("uint32", "electrons")
    assert summary["companions"] == ["abf", "adf", "pixel_time", "thickness"]
    assert summary["total"] == read_dataset("a_counts.zarr")["counts"].values.sum(dtype=np.uint64)
    metadata = summary["metadata"]
    assert metadata["dose_total_e_per_A2"] == pytest.approx(recorded["dose_total_e_per_A2"])
    assert summary["thickness"]["lower_bound"] is False
    assert summary["thickness"]["t_over_lambda"] == pytest.approx(recorded["t_over_lambda"], rel=0.02)


def test_a_picture_is_a_png_and_checked_before_any_work(lto: Lto) -> None:
    Path("mine.toml").write_text("title = 'mine'\n", encoding="utf-8")
    refused(lto("acquire", "a.zarr", *FEW, "--picture", "mine.toml", "--force"), "ends with .png")
    assert Path("mine.toml").read_text(encoding="utf-8") == "title = 'mine'\n"
    drawn = lto("acquire", "a.zarr", *FEW, "--dry-run", "--picture", "look.png")
    assert drawn.exit_code == 0, drawn.stderr
    assert Path("look.png").stat().st_size > 10_000
    refused(lto("acquire", "a.zarr", *FEW, "--dry-run", "--picture", "look.png"), "--force")


def test_a_dry_run_does_not_mind_an_existing_result(lto: Lto) -> None:
    assert lto("acquire", "a.zarr", *FEW).exit_code == 0
    said = json.loads(lto("acquire", "a.zarr", *FEW, "--dry-run", "--json").stdout)
    assert said["written"] is False
    assert said["free_bytes"] > 0


def test_what_the_run_decides_cannot_be_set(lto: Lto) -> None:
    refused(lto("acquire", "a.zarr", *FEW, "--set", "instrument.scan.frame_time=2 s"), "recorded a scan")
    refused(lto("acquire", "a.zarr", *FEW, "--expected", "--seed", "3"), "--expected")


def test_a_recording_that_cannot_fit_on_the_disk_is_refused(lto: Lto, monkeypatch) -> None:
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    refused(lto("acquire", "a.zarr", *FEW), "free disk")
    assert not Path("a_counts.zarr").exists()


def test_images_for_hyperspy_have_titles_of_their_own(lto: Lto) -> None:
    from lto_sim.files import read_recording

    assert lto("acquire", "a.zarr", *FEW, "--out", "b.hspy").exit_code == 0
    titles = {str(read_recording(f"b{end}.hspy").metadata["title"]) for end in ("", "_adf", "_abf")}
    assert len(titles) == 3
    assert read_recording("b.hspy").metadata["dose_total_e_per_A2"] > 0.0
