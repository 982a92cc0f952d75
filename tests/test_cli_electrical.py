"""Commands around the electrical side: continued runs, numbers, figures, impedance, ready scenarios."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
import xarray as xr
from PIL import Image
from toml_examples import guide_sections, readme_scenario
from typer.testing import CliRunner, Result

import lto_sim
from lto_sim.cli import app
from lto_sim.constants import FARADAY
from lto_sim.electrochemistry import drive_steps
from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.files import prepare_target, read_dataset, read_table, write_dataset, write_table
from lto_sim.microscope import PRESETS, preset_text
from lto_sim.provenance import named
from lto_sim.scenario.ready import ready_names, ready_text
from lto_sim.study.sweeps import ready_sweeps
from lto_sim.units import to_si

Lto = Callable[..., Result]

LENGTH, HEIGHT, THICKNESS = 200e-9, 500e-9, 150e-9
CAPACITY = FARADAY * 22740.0 * LENGTH * HEIGHT * THICKNESS
MASS = 3480.0 * LENGTH * HEIGHT * THICKNESS
SLAB: dict[str, Any] = {
    "title": "a slab", "material": "lto", "temperature": "60 degC", "initial": 1.0,
    "specimen": {
        "outline": {"shape": "slab", "length": LENGTH, "height": HEIGHT}, "thickness": THICKNESS,
        "cell": "10 nm",
    },
    "contacts": {"left side": {"where": {"side": "left"}, "law": "butler_volmer", "k0": "1e-8 m/s"}},
}  # fmt: skip
DRIVES: dict[str, dict[str, Any]] = {
    "mixed": SLAB | {"drive": [
        {"c_rate": 60, "until": {"time": "20 s"}},
        {"hold": "1.2 V", "until": {"li_fraction": 0.5}},
        {"rest": True, "until": {"time": "5 s"}},
        {"sweep": {"from": "1 V", "to": "0.8 V", "rate": "50 mV/s"}, "temperature": "45 degC"},
    ]},
    "gitt": SLAB | {"initial": 0.005, "material": {"windows": {"x4": 0.2}}, "drive": [
        {"rest": True, "until": {"time": "1 s"}},
        {"gitt": {"current": "-2 fA", "pulse": "20 ms", "rest": "2 s", "pulses": 2}},
    ]},
    "pitt": SLAB | {"initial": 0.005, "material": {"windows": {"x4": 0.2}}, "drive": [
        {"pitt": {"from": "1.05 V", "to": "1.03 V", "step": "10 mV", "until": {"time": "2 s"}}},
    ]},
    "idle": SLAB | {"initial": 0.5, "drive": [{"rest": True, "until": {"time": "1 s"}}]},
}  # fmt: skip
MAPPED: dict[str, Any] = {
    "material": "lto", "temperature": "75 degC", "initial": 1.0,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "400 nm", "height": "100 nm"}, "thickness": "150 nm",
        "cell": "10 nm",
    },
    "contacts": {"lps": {"where": {"side": "left"}}},
    "drive": [
        {"hold": "1.6 V", "until": {"time": "2 s"}},
        {"hold": "0.4 V", "until": {"time": "40 s"}, "frame_period": "2 s"},
        {"rest": True, "until": {"time": "50 ms"}},
    ],
    "scan": {"frame_time": "0.1 s", "pixels": [40, 10], "restart": True},
    "profile": [{"start": ["0 nm", "50 nm"], "end": ["300 nm", "50 nm"], "width": "80 nm"}],
    "maps": {"noise": 0.02},
}  # fmt: skip


def invoke(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, words: str, status: int = 2) -> None:
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of every drive, with their scenarios, and maps of one of them."""
    folder = tmp_path_factory.mktemp("stores")
    for name, mapping in {**DRIVES, "mapped": MAPPED}.items():
        (folder / f"{name}.toml").write_text(tomli_w.dumps(mapping), encoding="utf-8")
        result = invoke("run", folder / f"{name}.toml", "--out", folder / f"{name}.zarr")
        assert result.exit_code == 0, result.output
    assert invoke("render", folder / "mapped.zarr", "--out", folder / "mapped_maps.zarr").exit_code == 0
    return folder


@pytest.fixture
def lto(stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in an empty directory; a name of a run or scenario stands for its path."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Result:
        return invoke(*(stores / str(word) if (stores / str(word)).exists() else word for word in words))

    return run


def contents(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


# --- run ---


def test_a_run_tells_how_its_drive_went(lto: Lto) -> None:
    summary = json.loads(lto("run", "mixed.toml", "--json").stdout)
    assert [(s["number"], s["kind"], s["ended_by"]) for s in summary["drive_steps"]] == [
        (0, "current", "time"), (1, "hold", "li_fraction"), (2, "rest", "time"), (3, "sweep", "time"),
    ]  # fmt: skip
    assert summary["capacity_C"] == pytest.approx(CAPACITY)
    assert summary["potential_V"] == pytest.approx(0.8)
    assert summary["start_time_s"] == 0.0
    run = read_dataset(Path("mixed.zarr"))
    assert summary["largest_current_A"] == np.abs(run["current"].values).max()
    assert summary["largest_current_A"] >= CAPACITY / 60.0 * (1.0 - 1e-9)
    said = lto("run", "mixed.toml", "--force").stdout
    assert "4 steps ended, 3 by time, 1 by li_fraction" in said
    assert "at the end       0.8 V" in said


def test_a_continued_run_is_the_one_that_was_never_interrupted(lto: Lto, stores: Path) -> None:
    whole = read_dataset(stores / "mixed.zarr")
    assert lto("run", "mixed.toml", "--restart", "mixed.zarr", "--at", "10 s").exit_code == 0
    assert contents(Path()) == {"mixed_continued.zarr"}
    part = read_dataset(Path("mixed_continued.zarr"))
    assert 9.0 < float(part["time_fine"][0]) < 11.0
    assert part.attrs["end_time_s"] == pytest.approx(whole.attrs["end_time_s"], rel=1e-12)
    for name in ("charge", "potential", "lithium"):
        np.testing.assert_allclose(part[name].values[-1], whole[name].values[-1], rtol=1e-9)
    np.testing.assert_allclose(
        part["li_fraction"].isel(time=-1), whole["li_fraction"].isel(time=-1), atol=1e-6
    )
    summary = lto("run", "mixed.toml", "--restart", "mixed.zarr", "--at", "10000 ms", "--force").stdout
    assert "on, in" in summary


def test_a_run_that_hit_its_limit_goes_on_from_its_last_state(lto: Lto, stores: Path) -> None:
    refused(lto("run", "mixed.toml", "--set", "numerics.max_steps=30", "--out", "a.zarr"), "max_steps", 1)
    result = lto("run", "mixed.toml", "--restart", "a.zarr", "--out", "b.zarr", "--json")
    assert result.exit_code == 0, result.stderr
    last = read_dataset(stores / "mixed.zarr")["charge"].values[-1]
    assert json.loads(result.stdout)["charge_C"] == pytest.approx(last, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", "3 s"], "--at: got '3 s'; allowed: together with --restart"),
        (["--restart", "mixed.zarr", "--dry-run"], "--restart"),
        (["--restart", "mixed.zarr"], "add a step to the drive"),
        (["--restart", "mixed.zarr", "--at", "3 V"], "--at: got '3 V'; allowed: time [s]"),
        (["--restart", "mixed.zarr", "--at", "-3 s"], "--at: got '-3 s'; allowed: >= 0 s"),
        (["--restart", "mixed.zarr", "--at", "1 h"], "a saved state from 0 to"),
        (["--restart", "missing.zarr"], "existing Zarr store"),
        (["--restart", "mixed.toml"], "Zarr store"),
        (["--restart", "mapped_maps.zarr"], "a run without restart data"),
        (["--restart", "mixed.zarr", "--at", "3 s", "--set", "temperature=300"], "temperature: got 300.0"),
        (["--restart", "mixed.zarr", "--at", "3 s", "--set", "drive.0.c_rate=50"], "as in the run that"),
        (["--restart", "gitt.zarr"], "as in the run that"),
    ],
)
def test_what_cannot_be_continued_is_refused(lto: Lto, words: list[str], message: str) -> None:
    refused(lto("run", "mixed.toml", *words), message)
    assert contents(Path()) == set()


def test_a_run_never_replaces_the_one_that_it_continues(lto: Lto, stores: Path) -> None:
    shutil.copytree(stores / "mixed.zarr", "mixed_continued.zarr")
    words = ("run", "mixed.toml", "--restart", "mixed_continued.zarr", "--at", "10 s", "--force")
    refused(lto(*words), "another path than the input's")
    assert lto(*words, "--out", "b.zarr").exit_code == 0


def test_a_run_without_restart_data_cannot_be_continued(lto: Lto) -> None:
    assert lto("run", "idle.toml", "--set", "output.restart=none", "--out", "a.zarr").exit_code == 0
    refused(lto("run", "idle.toml", "--restart", "a.zarr", "--out", "b.zarr"), "output.restart")


# --- electrical ---

ALWAYS = {"summary.json", "series.csv", "potential.png"}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("mixed", {"capacity.png", "chronoamperogram.png", "voltammogram.png"}),
        ("gitt", {"capacity.png", "gitt.json", "gitt.png"}),
        ("pitt", {"chronoamperogram.png", "pitt.json"}),
        ("idle", set()),
    ],
)
def test_a_directory_holds_what_the_drive_has_something_for(lto: Lto, name: str, more: set[str]) -> None:
    result = lto("electrical", f"{name}.zarr", "--json")
    assert result.exit_code == 0, result.stderr
    folder = Path(f"{name}_electrical")
    assert contents(Path()) == {folder.name}
    assert contents(folder) == ALWAYS | more
    summary = json.loads(result.stdout)
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert set(summary["files"]) == contents(folder)
    for picture in folder.glob("*.png"):
        with Image.open(picture) as image:
            image.load()
            assert min(image.size) > 500


def test_the_summary_is_in_the_words_of_batteries(lto: Lto, stores: Path) -> None:
    summary = json.loads(lto("electrical", "mixed.zarr", "--json").stdout)
    assert summary["capacity_C"] == pytest.approx(CAPACITY)
    assert summary["mass_kg"] == pytest.approx(MASS)
    assert summary["capacity_mAh_g"] == pytest.approx(CAPACITY / 3.6 / (MASS * 1e3))
    assert summary["one_c_current_A"] == pytest.approx(CAPACITY / 3600.0)
    assert summary["li_fraction_start"] == pytest.approx(1.0)
    current, hold, rest, sweep = summary["drive_steps"]
    run = read_dataset(stores / "mixed.zarr")
    assert [s["duration_s"] for s in summary["drive_steps"]] == [s.duration for s in drive_steps(run)]
    driven = CAPACITY / 60.0
    assert (current["kind"], current["unit"]) == ("current", "A")
    assert current["value"] == pytest.approx(driven)
    assert current["charge_C"] == pytest.approx(20.0 * driven, rel=1e-9)
    assert 0.95 < current["mean_potential_V"] < 1.2
    assert (hold["value"], hold["unit"], hold["ended_by"]) == (1.2, "V", "li_fraction")
    assert hold["mean_potential_V"] == pytest.approx(1.2)
    assert hold["charge_C"] + current["charge_C"] == pytest.approx(0.5 * CAPACITY, rel=1e-6)
    assert (rest["value"], rest["unit"]) == (None, None)
    assert rest["charge_C"] == pytest.approx(0.0, abs=1e-12 * CAPACITY)
    assert sweep["temperature_K"] == pytest.approx(318.15)
    assert sweep["mean_potential_V"] == pytest.approx(0.9, abs=0.005)
    total = sum(step["charge_C"] for step in summary["drive_steps"])
    assert total == pytest.approx(summary["charge_C"], rel=1e-9)


def test_the_series_reads_back_as_the_run(lto: Lto, stores: Path) -> None:
    assert lto("electrical", "mixed.zarr").exit_code == 0
    file = Path("mixed_electrical/series.csv")
    header = next(line for line in file.read_text().splitlines() if not line.startswith("#"))
    assert header == (
        "time [s],drive_step,potential [V],current [A],charge [C],c_rate [1/h],specific_capacity [mA h/g],"
        "li_fraction,current_left_side [A],overpotential_left_side [V]"
    )
    table = read_table(file)
    assert table.layout == "electrical"
    run = read_dataset(stores / "mixed.zarr")
    for name, variable in (("time", "time_fine"), *((n, n) for n in ("current", "charge", "potential"))):
        values = run[variable].values
        np.testing.assert_allclose(table.columns[name], values, rtol=1e-11, atol=1e-11 * np.abs(values).max())
    first = table.columns["drive_step"] == 0.0
    np.testing.assert_allclose(table.columns["c_rate"][first], 60.0, rtol=1e-6)


def test_titrations_are_reported_in_lines(lto: Lto) -> None:
    said = lto("electrical", "gitt.zarr").stdout
    assert "GITT (Weppner and Huggins 1977): 2 pulses" in said
    assert "step 1: x = 0.0050, E = " in said
    stored = json.loads(Path("gitt_electrical/gitt.json").read_text())
    assert stored["method"] == "GITT"
    assert [pulse["step"] for pulse in stored["pulses"]] == [1, 3]
    said = lto("electrical", "pitt.zarr").stdout
    assert "PITT (late exponential decay): 2 holds" in said
    assert [hold["step"] for hold in json.loads(Path("pitt_electrical/pitt.json").read_text())["holds"]] == [
        1,
        2,
    ]


def test_a_titration_that_cannot_be_evaluated_is_a_note(lto: Lto, stores: Path) -> None:
    run = read_dataset(stores / "gitt.zarr")
    del run.attrs["contact_areas_m2"]
    write_dataset(run, Path("record.zarr"))
    result = lto("electrical", "record.zarr")
    assert result.exit_code == 0, result.stderr
    assert "note 1" in result.stdout
    assert "no GITT: attribute contact_areas_m2" in result.stdout
    assert contents(Path("record_electrical")) == ALWAYS | {"capacity.png"}


def test_a_directory_of_results_is_replaced_when_asked_and_nothing_else(lto: Lto) -> None:
    assert lto("electrical", "mixed.zarr", "--out", "a").exit_code == 0
    refused(lto("electrical", "idle.zarr", "--out", "a"), "--force")
    assert lto("electrical", "idle.zarr", "--out", "a", "--force").exit_code == 0
    assert contents(Path("a")) == ALWAYS
    (Path("a") / "thesis.tex").write_text("years of work")
    refused(lto("electrical", "mixed.zarr", "--out", "a", "--force"), "nothing else")
    assert contents(Path("a")) == ALWAYS | {"thesis.tex"}
    (Path("b")).mkdir()
    for name in ("summary.json", "table.csv", "conductances.csv"):
        (Path("b") / name).write_text("{}")
    assert prepare_target(Path("b"), force=True)


def test_a_figure_that_fails_leaves_nothing(lto: Lto, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def fail(self: Figure, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "potential.png")

    monkeypatch.setattr(Figure, "savefig", fail)
    refused(lto("electrical", "idle.zarr"), "No space left", 1)
    refused(lto("impedance", "mixed.zarr"), "No space left", 1)
    assert contents(Path()) == set()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.zarr"], "existing Zarr store"),
        (["mapped_maps.zarr"], "no variable current"),
        (["mixed.zarr", "--out", "no/where"], "existing directory"),
        ([], "RUN.zarr: got None"),
    ],
)
def test_what_has_no_electrical_series_is_refused(lto: Lto, words: list[str], message: str) -> None:
    refused(lto("electrical", *words), message)
    assert contents(Path()) == set()


# --- impedance ---


def stand_in(run: xr.Dataset, frequency: Any, *, time: float | None = None) -> xr.Dataset:
    """A resistance of 1 Gohm in parallel with 1 fF."""
    f = np.asarray(frequency)
    z = 1e9 / (1.0 + 2j * np.pi * f * 1e-6)
    return xr.Dataset(
        {
            "impedance_real": ("frequency", z.real, named("ohm", "real part")),
            "impedance_imag": ("frequency", z.imag, named("ohm", "imaginary part")),
        },
        {"frequency": ("frequency", f, named("Hz", "frequency"))},
        {"state_time_s": 7.0 if time is None else time, "temperature_K": 333.15, "history": "made by a test"},
    )


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    import lto_sim.transport.impedance  # noqa: F401

    monkeypatch.setattr(sys.modules["lto_sim.transport.impedance"], "impedance", stand_in)


@pytest.mark.usefixtures("known")
def test_a_spectrum_is_stored_with_its_picture(lto: Lto) -> None:
    words = ("impedance", "mixed.zarr", "--from", "10 mHz", "--to", "1 kHz", "--points", 11)
    result = lto(*words, "--at", "0.5 min", "--json")
    assert result.exit_code == 0, result.stderr
    assert contents(Path()) == {"mixed_impedance.zarr", "mixed_impedance.png"}
    spectrum = read_dataset(Path("mixed_impedance.zarr"))
    np.testing.assert_allclose(spectrum["frequency"], np.logspace(-2, 3, 11))
    summary = json.loads(result.stdout)
    assert (summary["state_time_s"], summary["temperature_K"]) == (30.0, 333.15)
    assert len(summary["spectrum"]) == 11
    assert summary["spectrum"][0]["impedance_real_ohm"] == pytest.approx(1e9, rel=1e-6)
    with Image.open("mixed_impedance.png") as image:
        assert image.format == "PNG"
    refused(lto(*words), "--force")
    assert "Z at the lowest   1e+09 - " in lto(*words, "--force").stdout


@pytest.mark.usefixtures("known")
def test_a_spectrum_as_a_table(lto: Lto) -> None:
    assert lto("impedance", "mixed.zarr", "--out", "z.csv").exit_code == 0
    assert contents(Path()) == {"z.csv", "z.png"}
    lines = Path("z.csv").read_text().splitlines()
    assert lines[:2] == ["# made by a test", "frequency [Hz],impedance_real [ohm],impedance_imag [ohm]"]
    table = read_table(Path("z.csv"))
    assert table.layout == "impedance"
    np.testing.assert_allclose(table.columns["frequency"], np.geomspace(1e-3, 1e6, 55), rtol=1e-11)
    assert np.all(table.columns["impedance_imag"] < 0.0)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "0 Hz"], "--from: got '0 Hz'; allowed: > 0 Hz"),
        (["--from", "-1 Hz"], "> 0 Hz"),
        (["--from", "1 s"], "frequency [Hz]"),
        (["--from", "1 rad/s"], "frequency [Hz]"),
        (["--from", "1 kHz", "--to", "1 Hz"], "--to: got '1 Hz'; allowed: above --from = 1 kHz"),
        (["--points", "2"], "--points"),
        (["--at", "soon"], "--at"),
        (["--out", "z.png"], "ends in .zarr or .csv"),
        (["--out", "z"], "ends in .zarr or .csv"),
    ],
)
def test_a_spectrum_that_cannot_be_asked_for_is_refused(lto: Lto, words: list[str], message: str) -> None:
    refused(lto("impedance", "mixed.zarr", *words), message)
    assert contents(Path()) == set()


def test_the_impedance_of_a_run_is_passive(lto: Lto) -> None:
    result = lto("impedance", "mixed.zarr", "--points", 10, "--json")
    assert result.exit_code == 0, result.stderr
    spectrum = json.loads(result.stdout)["spectrum"]
    real = np.array([entry["impedance_real_ohm"] for entry in spectrum])
    imaginary = np.array([entry["impedance_imag_ohm"] for entry in spectrum])
    assert np.all(real > 0.0)
    assert np.all(imaginary <= 1e-9 * real)
    assert np.all(np.diff(real) <= 1e-9 * real[:-1])
    refused(lto("impedance", "mapped_maps.zarr"), "restart")


@pytest.mark.parametrize(
    ("text", "value"), [("1 mHz", 1e-3), ("1 MHz", 1e6), ("2.5kHz", 2500.0), ("60 1/min", 1.0), (3, 3.0)]
)
def test_frequencies_are_read_in_hertz(text: Any, value: float) -> None:
    assert to_si(text, "frequency") == pytest.approx(value)


@pytest.mark.parametrize("text", ["1 rad/s", "60 rpm", "1 cycle/s", "1 s", "1 m/s", "one Hz", "360 deg/s"])
def test_no_angular_frequency_passes_for_one_in_hertz(text: str) -> None:
    with pytest.raises(InputError, match="frequency"):
        to_si(text, "frequency")


# --- scenarios ---


def test_ready_scenarios_are_listed_printed_and_written(lto: Lto) -> None:
    listed = lto("scenarios")
    assert listed.exit_code == 0
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [*ready_names(), *ready_sweeps(), *sorted(PRESETS)]
    assert all(len(line.split()) > 2 for line in lines)
    said = json.loads(lto("scenarios", "--json").stdout)
    assert [entry["name"] for entry in said["scenarios"]] == list(ready_names())
    assert [entry["name"] for entry in said["instruments"]] == sorted(PRESETS)
    assert lto("scenarios", PRESETS[0]).stdout == preset_text(PRESETS[0])
    assert lto("scenarios", "gitt").stdout == ready_text("gitt")
    assert json.loads(lto("scenarios", "gitt", "--json").stdout)["toml"] == ready_text("gitt")
    assert lto("scenarios", "gitt", "--out", "mine.toml").exit_code == 0
    written = Path("mine.toml").read_text(encoding="utf-8")
    assert written == "#:schema lto_sim.schema.json\n" + ready_text("gitt")
    assert lto("run", "mine.toml", "--dry-run").exit_code == 0


def test_ready_scenarios_never_replace_a_file_unasked(lto: Lto) -> None:
    Path("mine.toml").write_text("mine")
    refused(lto("scenarios", "gitt", "--out", "mine.toml"), "--force")
    assert Path("mine.toml").read_text() == "mine"
    assert lto("scenarios", "gitt", "--out", "mine.toml", "--force").exit_code == 0
    refused(lto("scenarios", "git"), "did you mean gitt?")
    refused(lto("scenarios", "--out", "all.toml"), "name the scenario")
    refused(lto("scenarios", "gitt", "--out", "."), "--out")


# --- track --step ---


def test_maps_know_the_drive_steps_of_their_frames(stores: Path) -> None:
    run, maps = read_dataset(stores / "mapped.zarr"), read_dataset(stores / "mapped_maps.zarr")
    np.testing.assert_array_equal(maps["drive_step_of_frame"], [0] * 20 + [1] * 20 + [2])
    assert maps["drive_step_of_frame"].dims == ("time",)
    assert maps["drive_step_of_frame"].attrs["units"] == "1"
    assert maps.attrs["drive_steps"] == run.attrs["drive_steps"]


def test_a_front_of_one_drive_step_counts_from_its_start(lto: Lto, stores: Path) -> None:
    maps = read_dataset(stores / "mapped_maps.zarr")
    for step, direction, frames in ((0, "extraction", 20), (1, "insertion", 20)):
        result = lto("track", "mapped_maps.zarr", "--step", step, "--json")
        assert result.exit_code == 0, result.stderr
        summary = json.loads(result.stdout)
        assert (summary["step"], summary["direction"], summary["frames"]) == (step, direction, frames)
        front = read_dataset(Path(f"mapped_step{step}_front.zarr"))
        start = drive_steps(maps)[step].start
        mine = maps["drive_step_of_frame"].values == step
        np.testing.assert_allclose(front["time"], maps["time"].values[mine] - start, atol=1e-9)
        assert front.attrs["drive_step_number"] == step
        assert front.attrs["drive_step_start_s"] == pytest.approx(start)
    k = json.loads(lto("fit", "mapped_step0_front.zarr", "--json").stdout)["k_m2_s"]
    diffusivity = 7.547e-14 * np.exp(-0.4930 * FARADAY / 8.314462618 * (1 / 348.15 - 1 / 303.15))
    assert k == pytest.approx(wagner.rate_constant(diffusivity, 0.05 / 0.9, 0.05 / 0.9, 114.0), rel=0.15)


def test_drive_steps_that_cannot_be_tracked_are_refused(lto: Lto, stores: Path) -> None:
    refused(lto("track", "mapped_maps.zarr", "--step", 2), "a drive step with a whole frame in it")
    refused(lto("track", "mapped_maps.zarr", "--step", 3), "--step: got 3; allowed: 0 to 2")
    refused(lto("track", "mapped_maps.zarr", "--step", -1), "--step")
    maps = read_dataset(stores / "mapped_maps.zarr")
    del maps.attrs["drive_steps"]
    write_dataset(maps, Path("recorded.zarr"))
    refused(lto("track", "recorded.zarr", "--step", 0), "attribute drive_steps")
    assert contents(Path()) == {"recorded.zarr"}


# --- tables ---

SERIES = (
    "time [ms], drive_step, potential [mV], current [pA], charge [C], c_rate [1/h], "
    "specific_capacity [mA h/g], li_fraction, current_a [fA], overpotential_a [V]\n"
    + "".join(f"{n}, 0, {950 + n}, 1, 2e-12, 3, 4, 0.5, 1000, 0.1\n" for n in range(3))
)  # fmt: skip
SPECTRUM = "frequency [kHz], impedance_real [ohm], impedance_imag [ohm]\n1, 5, -3\n2, 4, -2\n3, 3, -1\n"


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_electrical_tables_are_told_by_their_columns_and_read_in_si(table: Callable[[str], Path]) -> None:
    series = read_table(table(SERIES))
    assert series.layout == "electrical"
    np.testing.assert_allclose(series.columns["time"], [0.0, 1e-3, 2e-3])
    np.testing.assert_allclose(series.columns["potential"], [0.95, 0.951, 0.952])
    np.testing.assert_allclose(series.columns["current"], 1e-12)
    np.testing.assert_allclose(series.columns["current_a"], 1e-12)
    np.testing.assert_allclose(series.columns["specific_capacity"], 4.0)
    spectrum = read_table(table(SPECTRUM))
    assert spectrum.layout == "impedance"
    np.testing.assert_allclose(spectrum.columns["frequency"], [1e3, 2e3, 3e3])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SERIES.replace("[C]", "[mC]"), "column charge: got '2e-12 mC'; allowed: a number in C"),
        (SERIES.replace("charge [C]", "charge"), "a header with a unit"),
        (SERIES.replace("current_a", "voltage_a"), "remove the column"),
        (SERIES.replace("current_a", "current_"), "remove the column"),
        (SERIES.replace("drive_step, ", "").replace(", 0, ", ", "), "add the column drive_step"),
        (SERIES.replace("\n1, ", "\n0, "), "line 3, column time"),
        (SPECTRUM.replace("kHz", "rad/s"), "line 2, column frequency"),
        (SPECTRUM.replace("\n3,", "\n2,"), "frequencies that increase"),
        (SPECTRUM.replace("\n1,", "\n0,"), "> 0"),
        (SPECTRUM.replace("real [ohm]", "real [kohm]"), "a number in ohm"),
        ("time [s], volts [V]\n0, 1\n1, 2\n2, 3\n", "add the column xi"),
    ],
)
def test_electrical_tables_that_cannot_be_used_are_refused(
    table: Callable[[str], Path], text: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_table(table(text))
    assert words in str(caught.value)


def test_fit_says_which_tables_it_does_not_fit(lto: Lto, table: Callable[[str], Path]) -> None:
    for text in (SERIES, SPECTRUM):
        refused(lto("fit", table(text)), "front positions or rate constants")


def test_columns_of_contacts_keep_their_order(tmp_path: Path) -> None:
    rows = {name: np.arange(3.0) for name in (
        "overpotential_b", "current_b", "current_a", "li_fraction", "specific_capacity", "c_rate", "charge",
        "current", "potential", "drive_step", "time",
    )}  # fmt: skip
    write_table(tmp_path / "a.csv", "electrical", rows)
    header = (tmp_path / "a.csv").read_text().splitlines()[0].split(",")
    assert [cell.split(" ")[0] for cell in header[-4:]] == [
        "li_fraction", "current_b", "current_a", "overpotential_b"
    ]  # fmt: skip


# --- guide ---


def test_the_electrical_example_of_the_guide_runs(lto: Lto) -> None:
    """Its sections in place of those of the README's scenario, on a coarser mesh."""
    Path("particle.toml").write_text(tomli_w.dumps(readme_scenario() | guide_sections()[1]))
    assert lto("run", "particle.toml", "--set", "specimen.cell=100 nm").exit_code == 0
    result = lto("electrical", "particle.zarr", "--json")
    assert result.exit_code == 0, result.stderr
    charge, sweep = json.loads(result.stdout)["drive_steps"]
    assert (charge["kind"], charge["ended_by"]) == ("current", "potential")
    assert 20.0 < charge["duration_s"] < 60.0
    assert sweep["duration_s"] == pytest.approx((1.3 - 0.6) / 0.05, rel=1e-3)
    assert {"capacity.png", "voltammogram.png"} <= contents(Path("particle_electrical"))


# --- names and help ---


@pytest.mark.parametrize("command", ["electrical", "impedance", "scenarios", "run", "track"])
def test_commands_explain_themselves(lto: Lto, command: str) -> None:
    said = lto(command, "-h").stdout
    assert f"Example: lto-sim {command}" in said


def test_public_names_are_few_and_there() -> None:
    assert len(lto_sim.__all__) <= 27  # with `sweep` and `cite`; the design asks for about 25
    for name in (
        "impedance",
        "fit_gitt",
        "fit_pitt",
        "electrical_table",
        "select_step",
        "cottrell_comparison",
    ):
        assert callable(getattr(lto_sim, name))
