"""Commands, in process: what they print and store, and one line with status 2 for what they cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.exact import wagner
from lto_sim.files import read_dataset, write_dataset, write_table

SCENARIO = """
material = "lto"
temperature = "75 degC"
initial = 1.0
seed = 3
[specimen]
outline = { shape = "rectangle", width = "400 nm", height = "100 nm" }
thickness = "150 nm"
cell = "10 nm"
[contacts.lps]
where = { side = "left" }
[[drive]]
hold = "1.6 V"
until = { time = "2.5 s" }
[scan]
frame_time = "0.1 s"
pixels = [40, 10]
[[profile]]
start = ["0 nm", "50 nm"]
end = ["400 nm", "50 nm"]
width = "80 nm"
[maps]
noise = 0.02
"""

Lto = Callable[..., Result]


@pytest.fixture
def lto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in an empty directory that holds the scenario ``a.toml``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(SCENARIO)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, words: str, status: int = 2) -> None:
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("\n")
    assert "Traceback" not in result.stderr
    assert words in result.stderr


def stored(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name != "a.toml")


def test_from_a_scenario_to_a_rate_constant(lto: Lto, tmp_path: Path) -> None:
    assert lto("run", "a.toml").exit_code == 0
    assert lto("render", "a.zarr").exit_code == 0
    tracked = lto("track", "a_maps.zarr")
    assert tracked.exit_code == 0
    assert "xi [nm]" in tracked.stdout
    assert stored(tmp_path) == ["a.zarr", "a_front.zarr", "a_maps.zarr"]
    fitted = lto("fit", "a_front.zarr", "--json", "--out", "k.json")
    assert fitted.exit_code == 0
    summary = json.loads(fitted.stdout)
    assert json.loads((tmp_path / "k.json").read_text()) == summary
    assert summary["k_definition"] == "xi^2 = 2 k t"
    # Table of the material: D_Li4 at 75 C, windows 0.05 and 0.95, a parent that starts at x = 1.
    diffusivity = 7.547e-14 * np.exp(-47567.26873679184 / 8.314462618 * (1 / 348.15 - 1 / 303.15))
    true = wagner.rate_constant(diffusivity, 0.05 / 0.9, 0.05 / 0.9, 114.0)
    assert summary["k_m2_s"] == pytest.approx(true, rel=0.15)


def test_json_is_all_that_goes_to_stdout(lto: Lto) -> None:
    run = json.loads(lto("run", "a.toml", "--json").stdout)
    assert run["status"] == 0
    assert run["seed"] == 3
    assert run["charge_C"] > 0.0
    maps = json.loads(lto("render", "a.zarr", "--json").stdout)
    assert maps["sizes"] == {"time": 25, "y": 10, "x": 40}
    front = json.loads(lto("track", "a_maps.zarr", "--json").stdout)
    assert front["direction"] == "extraction"
    assert all(entry["xi_m"] > 0.0 for entry in front["fronts"])
    schema = json.loads(lto("schema").stdout)
    assert "temperature" in schema["required"]


def test_a_front_stored_as_a_table_fits_the_same(lto: Lto) -> None:
    lto("run", "a.toml")
    lto("render", "a.zarr")
    assert lto("track", "a_maps.zarr").exit_code == 0
    assert lto("track", "a_maps.zarr", "--out", "front.csv").exit_code == 0
    k = [json.loads(lto("fit", name, "--json").stdout)["k_m2_s"] for name in ("a_front.zarr", "front.csv")]
    assert k[0] == pytest.approx(k[1], rel=1e-6)


def test_set_and_seed_go_into_the_result(lto: Lto) -> None:
    result = lto(
        "run", "a.toml", "--set", "temperature=60 degC", "--set", "drive.0.until.time=2", "--seed", "9"
    )
    assert result.exit_code == 0
    attributes = read_dataset(Path("a.zarr")).attrs
    assert "temperature = 333.15" in attributes["configuration"]
    assert attributes["seed"] == 9
    assert attributes["end_time_s"] == 2.0
    assert lto("render", "a.zarr", "--set", "maps.noise=0.5", "--seed", "11").exit_code == 0
    maps = read_dataset(Path("a_maps.zarr"))
    assert maps.attrs["seed"] == 11
    assert "noise = 0.5" in maps.attrs["configuration"]
    np.testing.assert_allclose(maps["li_fraction_std"], 0.5)


def test_the_seed_decides_the_noise(lto: Lto) -> None:
    lto("run", "a.toml")
    for name, seed in (("b", 1), ("c", 1), ("d", 2)):
        assert lto("render", "a.zarr", "--seed", seed, "--out", f"{name}.zarr").exit_code == 0
    b, c, d = (read_dataset(Path(f"{name}.zarr"))["li_fraction"].values for name in "bcd")
    np.testing.assert_array_equal(b, c)
    assert np.all(b != d)


def test_a_dry_run_writes_the_picture_of_the_specimen_only(lto: Lto, tmp_path: Path) -> None:
    result = lto("run", "a.toml", "--dry-run", "--json")
    assert json.loads(result.stdout).keys() >= {
        "cells",
        "steps",
        "states",
        "frames",
        "memory_bytes",
        "picture",
    }
    assert json.loads(result.stdout)["cells"] == 400
    assert "cells" in lto("run", "a.toml", "--dry-run").stdout
    assert stored(tmp_path) == ["a_specimen.png"]
    refused(lto("run", "a.toml", "--dry-run", "--set", "specimen.cell=1 m"), "specimen.cell")


def test_an_existing_target_needs_force(lto: Lto) -> None:
    assert lto("run", "a.toml").exit_code == 0
    before = read_dataset(Path("a.zarr")).attrs["created"]
    refused(lto("run", "a.toml"), "--force")
    assert read_dataset(Path("a.zarr")).attrs["created"] == before
    assert lto("run", "a.toml", "--force", "--seed", "4").exit_code == 0
    assert read_dataset(Path("a.zarr")).attrs["seed"] == 4


def test_force_never_replaces_the_input_or_a_foreign_directory(lto: Lto, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    refused(lto("run", "a.toml", "--out", "home", "--force"), "home")
    refused(lto("run", "a.toml", "--out", "a.toml", "--force"), "input")
    lto("run", "a.toml")
    refused(lto("render", "a.zarr", "--out", "a.zarr", "--force"), "input")
    assert (tmp_path / "home" / "thesis.tex").exists()
    assert (tmp_path / "a.toml").read_text() == SCENARIO


BAD_SCENARIOS = {
    "misspelt key": ("temperature", "temprature"),
    "dimension": ("75 degC", "75 nm"),
    "below zero": ('cell = "10 nm"', 'cell = "-10 nm"'),
    "no toml": ("[specimen]", "[specimen"),
    "contact off the outline": ('side = "left"', 'side = "left", from = "90 nm", to = "200 nm"'),
    "law without constant": ('side = "left" }', 'side = "left" }\nlaw = "linear"'),
    "composition": ("initial = 1.0", "initial = 1.5"),
    "missing initial file": ("initial = 1.0", 'initial = "missing.npy"'),
    "frames": ("pixels = [40, 10]", "pixels = [0, 10]"),
}


@pytest.mark.parametrize("name", BAD_SCENARIOS)
def test_a_scenario_that_cannot_be_used_is_refused(lto: Lto, tmp_path: Path, name: str) -> None:
    old, new = BAD_SCENARIOS[name]
    assert old in SCENARIO
    (tmp_path / "a.toml").write_text(SCENARIO.replace(old, new))
    refused(lto("run", "a.toml"), "allowed: ")
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "SCENARIO.toml: got None"),
        (["run", "a.toml", "--nope"], "option: got '--nope'"),
        (["run", "a.toml", "extra"], "argument: got 'extra'"),
        (["walk"], "command: got 'walk'"),
        (["run", "a.toml", "--seed", "-1"], "--seed"),
        (["run", "a.toml", "--seed", "one"], "--seed"),
        (["run", "a.toml", "--set", "temperature"], "path=value"),
        (["run", "a.toml", "--set", "=1"], "path=value"),
        (["run", "a.toml", "--set", "nonsense=1"], "nonsense"),
        (["run", "a.toml", "--set", "drive.7.hold=1"], "drive.7.hold"),
        (["run", "a.toml", "--set", "temperature.deep=1"], "temperature"),
        (["run", "a.toml", "--set", "seed=1", "--set", "seed=2"], "once"),
        (["run", "a.toml", "--set", "temperature=-300 degC"], "temperature"),
        (["run", "a.toml", "--out", "missing/b.zarr"], "existing directory"),
        (["run", "missing.toml"], "missing.toml"),
        (["run", "."], "readable"),
        (["render", "missing.zarr"], "existing Zarr store"),
        (["render", "a.toml"], "Zarr store"),
        (["track", "missing.zarr"], "existing Zarr store"),
        (["fit", "missing.zarr"], "existing Zarr store"),
        (["fit", "missing.csv"], "readable"),
        (["fit", "."], "Zarr store"),
        (["fit", "a.toml"], "header"),
        (["reproduce", "--set", "nonsense=1", "--dry-run"], "nonsense"),
        (["reproduce", "--processes", "0"], "--processes"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    lto: Lto, tmp_path: Path, words: list[str], message: str
) -> None:
    refused(lto(*words), message)
    assert stored(tmp_path) == []


def test_render_sets_nothing_but_the_maps(lto: Lto) -> None:
    lto("run", "a.toml")
    refused(lto("render", "a.zarr", "--set", "temperature=300"), "lto-sim run")
    refused(lto("render", "a.zarr", "--set", "maps.noise=-1"), "maps.noise")
    lto("render", "a.zarr")
    refused(lto("render", "a_maps.zarr"), "run")


@pytest.mark.parametrize(
    "profile",
    ["", "1,2,3", "0,0:1 nm,0", "0,0:300 nm,0:80", "0,0:300 s,0:80 nm", "a,b:c,d:e", "0,0:0,0:80 nm",
     "0,50 nm:900 nm,50 nm:80 nm", "0,0:nan nm,0:80 nm", "0,50 nm:300 nm,50 nm:-80 nm"],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_is_refused(lto: Lto, profile: str) -> None:
    lto("run", "a.toml")
    lto("render", "a.zarr")
    refused(lto("track", "a_maps.zarr", "--profile", profile), "rofile")
    refused(lto("track", "a_maps.zarr", "--direction", "sideways"), "direction")
    assert not Path("a_front.zarr").exists()


def test_a_profile_of_the_command_line_replaces_the_scenario_s(lto: Lto) -> None:
    lto("run", "a.toml")
    lto("render", "a.zarr")
    result = lto(
        "track",
        "a_maps.zarr",
        "--profile",
        "0,50 nm:0.35 um,50 nm:60 nm",
        "--profile",
        "0,30nm:300nm,30nm:40nm",
    )
    assert result.exit_code == 0, result.stderr
    front = read_dataset(Path("a_front.zarr"))
    np.testing.assert_allclose(front["profile_width"], [6e-8, 4e-8])


def test_maps_without_a_profile_ask_for_one(lto: Lto, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(SCENARIO.partition("[[profile]]")[0])
    lto("run", "a.toml")
    lto("render", "a.zarr")
    refused(lto("track", "a_maps.zarr"), "give --profile")
    maps = read_dataset(Path("a_maps.zarr"))
    maps.attrs.clear()
    write_dataset(maps, Path("recorded.zarr"))
    refused(lto("track", "recorded.zarr"), "give --profile")
    assert lto("track", "recorded.zarr", "--profile", "0,50nm:400nm,50nm:80nm").exit_code == 0
    refused(lto("render", "recorded.zarr"), "run")


def test_an_activation_energy_comes_from_a_table_of_rates(lto: Lto, tmp_path: Path) -> None:
    kelvin = np.array([303.15, 333.15, 363.15, 378.15])
    k = 1e-10 * np.exp(-0.5 / (8.617333262e-5 * kelvin))
    write_table(tmp_path / "rates.csv", "rates", {"temperature": kelvin, "k": k, "k_std": 0.05 * k})
    summary = json.loads(lto("fit", "rates.csv", "--json").stdout)
    assert summary["Ea_eV"] == pytest.approx(0.5, rel=1e-9)
    assert summary["weighting"] == "absolute"
    assert summary["Ea_eV_std"] > 0.0
    relative = json.loads(lto("fit", "rates.csv", "--json", "--scale-errors").stdout)
    assert relative["weighting"] == "relative"
    assert relative["Ea_eV_std"] < 1e-6
    assert "0.5000" in lto("fit", "rates.csv").stdout


def test_the_convention_of_k_is_a_choice(lto: Lto, tmp_path: Path) -> None:
    time = np.arange(1.0, 60.0)
    xi = np.sqrt(2.0 * 3e-15 * time)
    write_table(tmp_path / "xi.csv", "front", {"time": time, "xi": xi, "xi_std": np.full(59, 1e-9)})
    two = json.loads(lto("fit", "xi.csv", "--json").stdout)
    one = json.loads(lto("fit", "xi.csv", "--json", "--k-convention", "kt").stdout)
    assert two["k_m2_s"] == pytest.approx(3e-15, rel=1e-3)
    assert one["k_m2_s"] == pytest.approx(6e-15, rel=1e-3)
    assert one["k_definition"] == "xi^2 = k t"
    refused(lto("fit", "xi.csv", "--k-convention", "3kt"), "--k-convention")
    assert "xi^2 = 2 k t" in lto("fit", "xi.csv").stdout


def test_a_table_that_cannot_be_fitted_is_refused(lto: Lto, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time [s], xi [nm], xi_std [nm]\n0, 1, 1\n1, x, 1\n2, 3, 1\n")
    refused(lto("fit", "a.csv"), "line 3, column xi")
    (tmp_path / "b.csv").write_text("temperature [degC], k [cm2/s]\n30, 1e-12\n30, 1e-12\n30, 2e-12\n")
    refused(lto("fit", "b.csv"), "temperature")
    refused(lto("fit", "b.csv", "--out", "b.csv", "--force"), "input")


def test_a_run_that_does_not_finish_gives_advice_and_status_1(lto: Lto) -> None:
    result = lto("run", "a.toml", "--set", "numerics.max_steps=3")
    refused(result, "raise numerics.max_steps", status=1)
    assert read_dataset(Path("a.zarr")).attrs["status"] == 2


def test_a_run_that_ends_early_as_asked_is_a_success(lto: Lto) -> None:
    result = lto("run", "a.toml", "--set", "drive.0.until.li_fraction=0.8", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["status"] == 1


def test_smeared_fronts_are_a_warning_in_one_line(
    lto: Lto, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    import warnings

    warnings.simplefilter("default")
    head, _, tail = SCENARIO.partition("[scan]")
    (tmp_path / "a.toml").write_text(head + '[output]\nevery = "1 s"\n' + tail.partition("10]\n")[2])
    assert lto("run", "a.toml").exit_code == 0
    result = lto("render", "a.zarr", "--json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("lto-sim: warning: ")
    assert result.stderr.count("\n") == 1
    json.loads(result.stdout)


@pytest.mark.parametrize("command", ["reproduce", "run", "render", "track", "fit", "schema"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_with_an_example(lto: Lto, command: str, option: str) -> None:
    result = lto(command, option)
    assert result.exit_code == 0
    assert f"Example: lto-sim {command}" in result.stdout


def test_the_command_alone_prints_help_and_version_its_version(lto: Lto) -> None:
    assert "Commands:" in lto().stdout
    assert lto().exit_code == 0
    assert lto("--version").stdout == "lto-sim 0.1.0\n"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(28, "No space left on device", "a.zarr"), 1, "No space left on device: a.zarr"),
        (PermissionError(13, "Permission denied", "a.zarr"), 1, "Permission denied"),
        (MemoryError(), 1, "memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_happens_outside_is_one_line(
    lto: Lto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, words: str
) -> None:
    import xarray as xr

    def fail(self: xr.Dataset, store: Path, **_: object) -> None:
        (Path(store) / "half").write_text("half")
        raise error

    monkeypatch.setattr(xr.Dataset, "to_zarr", fail)
    refused(lto("run", "a.toml"), words, status=status)
    assert stored(tmp_path) == []


def test_a_defect_shows_its_traceback(lto: Lto, monkeypatch: pytest.MonkeyPatch) -> None:
    import lto_sim.scenario

    def fail(text: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(lto_sim.scenario, "parse_assignment", fail)
    result = lto("run", "a.toml", "--set", "seed=1")
    assert isinstance(result.exception, ZeroDivisionError)


def test_reproduce_counts_what_it_would_do(lto: Lto, tmp_path: Path) -> None:
    result = lto("reproduce", "--dry-run", "--json", "--set", "specimen.cell=100 nm")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["runs"] >= 12
    assert stored(tmp_path) == []
