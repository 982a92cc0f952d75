"""``lto-sim fit --free``: what a fit of maps prints, stores, refuses, and takes up after it was killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from filelock import FileLock
from typer.testing import CliRunner

import lto_sim as lto
from lto_sim.cli import app
from lto_sim.errors import InputError
from lto_sim.files import prepare_target, read_dataset, write_dataset
from lto_sim.plot.parameter_units import shown_unit, value_and_deviation

RUNNER = CliRunner()
D, K_C = "material.D_Li4.at", "contacts.lps.k_c"
START = {D: 5e-14, K_C: 1e-5}
BOTH = f"{D},{K_C}"


def scenario(celsius=75, duration=8.0, frame_time=0.3, pixels=(24, 8)):
    return lto.Scenario.from_dict({
        "material": "lto", "temperature": 273.15 + celsius, "initial": 1.0, "seed": 1,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "0.8 um", "height": "0.3 um"},
            "thickness": "150 nm", "cell": "20 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": 2e-5}},
        "drive": [{"hold": "1.6 V", "until": {"time": duration}}],
        "scan": {"frame_time": frame_time, "pixels": list(pixels)},
        "maps": {"noise": 0.1},
        "profile": [{"start": [0.0, 1.5e-7], "end": [7e-7, 1.5e-7], "width": 2e-7}],
    })  # fmt: skip


TRUE = scenario().to_dict()["material"]["D_Li4"]["at"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Maps at two temperatures, the run and a front of one, and the scenario with other start values."""
    place = tmp_path_factory.mktemp("map_fits")
    chosen = scenario()
    run = lto.simulate(chosen)
    maps = lto.render_maps(run, noise=0.1, rng=1)
    write_dataset(run, place / "a.zarr")
    write_dataset(maps, place / "a_maps.zarr")
    write_dataset(maps, place / "same.nc")
    square = chosen.with_values({"scan.pixels": [24, 9], "scan.frame_time": 0.6})
    shown = lto.render_maps(lto.simulate(square), noise=0.1, rng=3)
    np.save(place / "images.npy", 40.0 + 200.0 * shown["li_fraction"].values)
    (place / "square.toml").write_text(square.with_values({D: 5e-14}).to_toml())
    line = lto.Profile((0.0, 1.5e-7), (7e-7, 1.5e-7), 2e-7)
    write_dataset(lto.track_front(maps, line), place / "a_front.zarr")
    cold = scenario(45, duration=24.0, frame_time=1.0)
    write_dataset(lto.render_maps(lto.simulate(cold), noise=0.1, rng=2), place / "cold_maps.zarr")
    flat = chosen.to_dict()
    flat["contacts"]["lps"] = {"where": {"side": "left"}}
    (place / "no_law.toml").write_text(lto.Scenario.from_dict(flat).to_toml())
    (place / "a.toml").write_text(chosen.with_values(START).to_toml())
    (place / "coarse_scan.toml").write_text(chosen.with_values({"scan.pixels": [12, 8]}).to_toml())
    (place / "table.csv").write_text("temperature [degC],k [cm2/s],k_std [cm2/s]\n30,1e-12,1e-13\n")
    # as if rows were columns
    turned = maps.rename({"x": "y", "y": "x"}).transpose("time", "y", "x")
    write_dataset(turned, place / "turned.zarr")
    return place


def run(*arguments):
    return RUNNER.invoke(app, ["fit", *map(str, arguments)])


def fit(folder, out, *more, maps="a_maps.zarr", free=BOTH):
    given = ("--scenario", folder / "a.toml", "--free", free, "--out", out, "--processes", 1)
    return run(folder / maps, *given, *more)


@pytest.fixture(scope="module")
def fitted(folder):
    """A finished fit that keeps its runs: directory and what --json printed."""
    result = fit(folder, folder / "kept", "--keep-runs", "--json")
    assert result.exit_code == 0, result.stderr
    return folder / "kept", json.loads(result.stdout)


def stored(directory):
    return json.loads((directory / "summary.json").read_text())


def one_line(result, *words):
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == 2, result.stderr
    assert lines[-1].startswith("lto-sim: error: ")
    assert "Traceback" not in result.stderr
    assert [line for line in lines[:-1] if "chi-square" not in line] == []
    for word in words:
        assert word in lines[-1], lines[-1]


def test_the_directory_holds_summary_maps_and_figure(fitted):
    directory, summary = fitted
    names = {"summary.json", "maps.zarr", "fit.png", "forward_runs"}
    assert {entry.name for entry in directory.iterdir()} == names
    assert stored(directory) == summary
    assert (directory / "fit.png").read_bytes().startswith(b"\x89PNG")
    maps = read_dataset(directory / "maps.zarr")
    assert dict(maps.sizes) == {"time": 26, "y": 8, "x": 24}
    residual = (maps["recorded"] - maps["fitted"]).values
    assert np.allclose(residual, maps["residual"].values, atol=1e-5, equal_nan=True)
    assert abs(float(maps["misfit"].mean()) - 1.0) < 0.1


def test_estimates_are_what_was_put_in(fitted):
    rows = fitted[1]["parameters"]
    for name, true in ((D, TRUE), (K_C, 2e-5)):
        assert abs(rows[name]["value"] - true) < 4.0 * rows[name]["std"]
        assert rows[name]["std"] < 0.1 * true
        assert rows[name]["start"] == START[name]
    assert fitted[1]["status"] == "converged"
    (rate,) = fitted[1]["rate_constants"]
    assert rate["direction"] == "extraction"
    assert rate["temperature_K"] == 348.15
    assert fitted[1]["version"] == lto.__version__
    assert fitted[1]["forward_runs"] == len(list((fitted[0] / "forward_runs").iterdir()))


def test_a_result_is_replaced_with_force_only_and_kept_runs_are_used(folder, fitted, tmp_path):
    directory = tmp_path / "again"
    shutil.copytree(fitted[0], directory)
    one_line(fit(folder, directory), "--out", "--force")
    result = fit(folder, directory, "--force")
    assert result.exit_code == 0, result.stderr
    count = fitted[1]["forward_runs"]
    assert f"taking up {count} finished runs" in result.stderr
    assert stored(directory)["parameters"] == fitted[1]["parameters"]
    assert stored(directory)["forward_runs"] == 0
    assert {entry.name for entry in directory.iterdir()} == {"summary.json", "maps.zarr", "fit.png"}
    for words in (
        "95 % interval", "m2/s", "m/s", "converged", "chi-square per degree of freedom", "forward runs",
        "k of extraction, 75 degC", "cm2/s", "what the maps know", "a.toml", "is known to",
    ):  # fmt: skip
        assert words in result.stdout, words
    assert "chi-square per value" in result.stderr
    (directory / "notes.txt").write_text("mine")
    one_line(fit(folder, directory, "--force"), "a result and nothing else")
    assert (directory / "notes.txt").read_text() == "mine"


def test_the_same_maps_in_another_file_are_the_same_request(folder, fitted, tmp_path):
    directory = tmp_path / "fit"
    shutil.copytree(fitted[0] / "forward_runs", directory / "forward_runs")
    (directory / "request.json").write_text(json.dumps({"request_sha256": fitted[1]["request_sha256"]}))
    result = fit(folder, directory, "--json", maps="same.nc")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["parameters"] == fitted[1]["parameters"]
    assert json.loads(result.stdout)["forward_runs"] == 0


def test_workers_do_not_change_the_answer(folder, fitted, tmp_path):
    result = fit(folder, tmp_path / "two", "--processes", 2, "--json")
    assert result.exit_code == 0, result.stderr
    two = json.loads(result.stdout)
    for key in ("parameters", "covariance_of_fitted", "chi_square", "identifiability", "request_sha256"):
        assert two[key] == fitted[1][key], key


def command(folder, out, *more):
    return [
        sys.executable, "-m", "lto_sim", "fit", str(folder / "a_maps.zarr"),
        "--scenario", str(folder / "a.toml"), "--free", BOTH, "--out", str(out), "--processes", "1", *more,
    ]  # fmt: skip


def stopped(folder, out, number, least):
    """Start a fit and stop it when some runs are finished."""
    process = subprocess.Popen(
        command(folder, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 300.0
    while len(list(out.glob("forward_runs/*.npz"))) < least:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(process.pid, number)
    return process, process.communicate(timeout=300)[1]


def test_a_killed_fit_is_taken_up_and_gives_the_same_answer(folder, fitted, tmp_path):
    out = tmp_path / "killed"
    process, _ = stopped(folder, out, signal.SIGKILL, 6)
    assert process.returncode == -signal.SIGKILL
    finished = len(list(out.glob("forward_runs/*.npz")))
    assert 6 <= finished < fitted[1]["forward_runs"]
    assert {entry.name for entry in out.iterdir()} - {"running.lock"} == {"forward_runs", "request.json"}
    request = json.loads((out / "request.json").read_text())
    assert request["request_sha256"] == fitted[1]["request_sha256"]
    one_line(fit(folder, out, free=D), "--out", "unfinished fit of something else", "--force")
    assert len(list(out.glob("forward_runs/*.npz"))) == finished
    # what a program leaves that was killed while it wrote
    (out / "forward_runs" / "0123.part").write_bytes(b"half a run")
    again = fit(folder, out)
    assert again.exit_code == 0, again.stderr
    assert f"taking up {finished} finished runs" in again.stderr
    resumed = stored(out)
    for key in ("parameters", "covariance_of_fitted", "chi_square", "identifiability"):
        assert resumed[key] == fitted[1][key], key
    assert resumed["forward_runs"] == fitted[1]["forward_runs"] - finished
    assert {entry.name for entry in out.iterdir()} == {"summary.json", "maps.zarr", "fit.png"}


def test_an_interrupted_fit_says_where_its_runs_are(folder, tmp_path):
    out = tmp_path / "stopped"
    process, said = stopped(folder, out, signal.SIGINT, 3)
    assert process.returncode == 130
    assert "finished runs kept in" in said.strip().splitlines()[-1]
    assert "Traceback" not in said
    assert (out / "request.json").is_file()
    assert len(list(out.glob("forward_runs/*.npz"))) >= 3
    # another request takes its place with --force; its runs do not
    result = fit(folder, out, "--force", "--no-cells", "--json", free=D)
    assert result.exit_code == 0, result.stderr
    assert "taking up" not in result.stderr
    assert list(json.loads(result.stdout)["parameters"]) == [D]


def test_two_recordings_without_a_file_take_the_scenarios_they_carry(folder, tmp_path):
    out = tmp_path / "joint"
    result = run(
        folder / "a_maps.zarr", folder / "cold_maps.zarr", "--free", f"{D},material.D_Li4.Ea", "--free", K_C,
        "--set", "specimen.cell=40 nm", "--set", f"{D}=5e-14", "--start", "material.D_Li4.Ea=0.4 eV",
        "--bounds", "material.D_Li4.Ea=0.1 eV,1 eV", "--prior", "material.D_Li4.Ea=0.5 eV,0.1 eV",
        "--robust", "--no-cells", "--out", out, "--processes", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("stored in the maps") == 2
    assert "45 degC" in result.stdout
    names = {"summary.json", "maps_0.zarr", "maps_1.zarr", "fit.png"}
    assert {entry.name for entry in out.iterdir()} == names
    summary = stored(out)
    assert summary["loss"] == "soft_l1"
    ev = shown_unit("material.D_Li4.Ea").size
    energy = summary["parameters"]["material.D_Li4.Ea"]
    assert np.allclose([*energy["bounds"], energy["start"]], [0.1 * ev, ev, 0.4 * ev])
    assert abs(energy["value"] / ev - 0.493) < 0.01
    line = next(line for line in result.stdout.splitlines() if "D_Li4.Ea" in line)
    assert " eV " in line


def test_images_without_axes_and_deviations_are_fitted(folder, tmp_path):
    out, images = tmp_path / "images", folder / "images.npy"
    given = ("--scenario", folder / "square.toml", "--out", out, "--processes", 1, "--no-cells", "--json")
    axes = ("--frame-time", "0.6 s", "--pixel", "33.3333 nm")
    one_line(run(images, *given, "--free", D), "frame")
    one_line(run(images, *given, "--free", D, *axes), "intensities", "maps.contrast")
    assert not out.exists()
    scale = (
        "--bounds",
        "maps.contrast=50,500",
        "--start",
        "maps.contrast=150",
        "--bounds",
        "maps.offset=-99,99",
    )
    found = run(images, *given, "--free", f"{D},maps.contrast,maps.offset", *axes, *scale)
    assert found.exit_code == 0, found.stderr
    summary = json.loads(found.stdout)
    assert not summary["deviations_stated"]
    for name, true in ((D, TRUE), ("maps.contrast", 200.0), ("maps.offset", 40.0)):
        row = summary["parameters"][name]
        assert abs(row["value"] - true) < 4.0 * row["std"] + 0.02 * true, name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--free", "material.D_Li4.att"], ["did you mean material.D_Li4.at?"]),
        (["--free", "contacts.gold.k_c"], ["contacts.gold.k_c", "a contact of the scenario: lps"]),
        (["--free", f"{D},{D}"], ["--free", "every path once"]),
        (["--free", f"{D},"], ["--free", "commas"]),
        (["--free", D, "--prior", f"{D}=1e-3,1e-4"], ["prior", "within the bounds"]),
        (["--free", D, "--prior", f"{D}=1e-13"], ["--prior", "PATH=MEAN,STD"]),
        (["--free", D, "--prior", D], ["--prior", "PATH=MEAN,STD"]),
        (["--free", D, "--bounds", f"{D}=1e-12,1e-14"], ["bounds", "low < high"]),
        (["--free", D, "--bounds", "material.D_Li4.t=1,2"], ["--bounds", f"did you mean {D}?"]),
        (["--free", D, "--start", f"{D}=3 parsec"], ["start", "3 parsec"]),
        (["--free", D, "--start", f"{D}=1e-14", "--start", f"{D}=2e-14"], ["--start", "every path once"]),
        (["--free", D, "--tie", f"{K_C}=3 * nothing"], ["ties"]),
        (["--free", D, "--scenario", "missing.toml"], ["missing.toml"]),
        (["--free", D, "--scenario", "a.toml", "--scenario", "a.toml"], ["--scenario", "one for each"]),
        (["--free", D, "--scenario", "coarse_scan.toml"], ["pixels of 33.33 x 37.5 nm", "66.67 x 37.5 nm"]),
        (["--free", K_C, "--scenario", "no_law.toml"], ["absent with law"]),
        (["--free", D, "--law", "linear"], ["--law", "left out for a fit with --free"]),
        (["--free", D, "--k-convention", "kt"], ["--k-convention", "left out"]),
        (["--free", D, "--correct", "a.toml"], ["--correct", "left out"]),
        (["--free", D, "--own-ea"], ["--own-ea", "left out"]),
        (["--free", D, "--picture", "p.png"], ["--picture", "fit.png"]),
        (["--free", D, "--out", "missing/fit"], ["--out", "existing directory"]),
        (["--free", D, "--out", "a.toml", "--force"], ["--out", "choose another path"]),
        (["--free", D, "--out", "a_front.zarr", "--force"], ["--out", "directory of a fit of maps"]),
        (["--scenario", "a.toml"], ["--scenario", "together with --free"]),
        (["--starts", "3"], ["--starts", "together with --free"]),
        (["--no-cells"], ["--no-cells", "together with --free"]),
        (["--set", "temperature=300"], ["--set", "together with --free"]),
        (["--processes", "1"], ["--processes", "together with --free"]),
    ],
)
def test_what_cannot_be_used_is_one_line_and_leaves_nothing(folder, options, words, monkeypatch):
    monkeypatch.chdir(folder)
    before = {entry.name for entry in folder.iterdir()}
    one_line(run("a_maps.zarr", *options), *words)
    assert {entry.name for entry in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a_front.zarr", ["a front"]),
        ("a.zarr", ["a run", "lto-sim render a.zarr"]),
        ("table.csv", ["a table"]),
        ("missing_maps.zarr", ["missing_maps.zarr"]),
        ("turned.zarr", ["turned"]),
    ],
)
def test_only_maps_on_the_particle_are_taken(folder, source, words, tmp_path):
    one_line(fit(folder, tmp_path / "fit", maps=source), *words)
    assert list(tmp_path.iterdir()) == []


def test_recorded_maps_need_a_scenario(folder, tmp_path):
    maps = read_dataset(folder / "a_maps.zarr")
    maps.attrs.pop("configuration")
    write_dataset(maps, tmp_path / "b_maps.zarr")
    one_line(run(tmp_path / "b_maps.zarr", "--free", D, "--out", tmp_path / "x"), "--scenario", "b_maps.zarr")


def test_fewer_values_than_parameters(folder, tmp_path):
    maps = read_dataset(folder / "a_maps.zarr").isel(time=[8])
    maps["li_fraction"] = maps["li_fraction"].where(maps["x"] < 2e-8).where(maps["y"] < 2e-8)
    write_dataset(maps, tmp_path / "one_maps.zarr")
    one_line(
        fit(folder, tmp_path / "fit", maps=tmp_path / "one_maps.zarr"), "1 values on the particle", ">= 2"
    )


def test_a_parameter_that_is_not_seen_is_named_and_the_runs_are_kept(folder, tmp_path):
    out = tmp_path / "fit"
    unseen = "material.D_Li4.Ea"  # at its reference temperature it does nothing
    result = fit(folder, out, "--set", "material.D_Li4.reference=75 degC", free=f"{D},{unseen}")
    one_line(result, f"free.{unseen}", "all pixels together", f"finished runs kept in {out}")
    assert {entry.name for entry in out.iterdir()} == {"request.json", "forward_runs"}
    count = len(list((out / "forward_runs").glob("*.npz")))
    assert count > 0
    assert f"{count} finished runs" in result.stderr


def test_a_directory_that_another_fit_works_in_is_refused(folder, fitted, tmp_path):
    out = tmp_path / "busy"
    shutil.copytree(fitted[0], out)
    (out / "request.json").write_text(json.dumps({"request_sha256": fitted[1]["request_sha256"]}))
    with FileLock(out / "running.lock"):
        one_line(fit(folder, out), "no other fit is at work in")
    assert stored(out) == fitted[1]


def test_directories_of_fits_are_results_and_others_are_not(tmp_path):
    unfinished, finished, other = (tmp_path / name for name in ("unfinished", "finished", "other"))
    for directory, names in (
        (unfinished, ["request.json", "forward_runs"]),
        (finished, ["summary.json", "maps_0.zarr", "maps_1.zarr", "fit.png"]),
        (other, ["forward_runs", "fit.png"]),
    ):
        for name in names:
            (directory / name).mkdir(parents=True)
    assert prepare_target(unfinished, force=True) == unfinished
    assert prepare_target(finished, force=True) == finished
    with pytest.raises(InputError, match="nothing else"):
        prepare_target(other, force=True)
    (finished / "notes.txt").touch()
    with pytest.raises(InputError, match="nothing else"):
        prepare_target(finished, force=True)


@pytest.mark.parametrize(
    ("path", "si", "shown", "unit"),
    [
        ("material.D_Li4.at", 1e-14, 1e-14, "m2/s"),
        ("material.D_Li4.Ea", 96485.33212, 1.0, "eV"),
        ("surface.faces.at", 1e-23, 1e-23, "m3/s"),
        ("surface.perimeter.Ea", 48242.66606, 0.5, "eV"),
        ("contacts.lps.k_c", 2e-5, 2e-5, "m/s"),
        ("specimen.thickness", 1.5e-7, 150.0, "nm"),
        ("specimen.dead_layer.thickness", 2e-8, 20.0, "nm"),
        ("temperature", 303.15, 30.0, "degC"),
        ("drive.0.hold", 1.6, 1.6, "V"),
        ("maps.contrast", 1.1, 1.1, ""),
        ("maps.start_time", 0.3, 0.3, "s"),
    ],
)
def test_units_are_those_of_the_schema(path, si, shown, unit):
    found = shown_unit(path)
    assert found.name == unit
    assert np.isclose(found.value(si), shown, rtol=1e-9)
    assert np.isclose(found.difference(2.0 * found.size), 2.0)


@pytest.mark.parametrize(
    ("value", "deviation", "text"),
    [
        (7.5999e-14, 2.7e-16, "(7.600 ± 0.027)e-14"),
        (0.49416, 0.00068, "0.49416 ± 0.00068"),
        (-0.0018, 0.0062, "-0.0018 ± 0.0062"),
        (150.0, 12.0, "150 ± 12"),
        (2e-5, 3e-4, "(0.2 ± 3.0)e-4"),
        (0.0, 0.0, "0 ± 0"),
    ],
)
def test_values_are_written_to_the_digits_of_their_deviation(value, deviation, text):
    assert value_and_deviation(value, deviation) == text
