"""``lto-sim design``: what it prints and keeps, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.cli.design_options import read_vary, split_values
from lto_sim.errors import InputError
from lto_sim.files import read_dataset
from lto_sim.microscope import Instrument

CURRENT = "instrument.beam.current"
SCENARIO = """
material = "lto"
temperature = "60 degC"
initial = 1.0

[specimen]
outline = { shape = "rectangle", width = "0.75 um", height = "0.125 um" }
thickness = "150 nm"
cell = "15.625 nm"

[contacts.lps]
where = { side = "left" }

[[drive]]
hold = "1.6 V"
until = { time = "20 s" }

[scan]
frame_time = "0.2 s"
pixels = [24, 4]

[[profile]]
start = ["0 um", "0.0625 um"]
end = ["0.6 um", "0.0625 um"]
width = "0.125 um"
"""


@pytest.fixture
def lto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command line in a directory that holds ``p.toml`` and ``coarse.toml``."""
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text(SCENARIO)
    instrument = Instrument.preset("jem_arm300f2_continuum_k3")
    coarse = {"spectrometer.dispersion": 0.5, "spectrometer.channels": 200}
    Path("coarse.toml").write_text(instrument.with_values(coarse).to_toml())

    def run(*words: object) -> Result:
        common = ["design", "p.toml", "--instrument", "coarse.toml", "--processes", "1"]
        return CliRunner().invoke(app, [*common, *map(str, words)])

    return run


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_settings_are_ranked_and_the_best_is_said(lto):
    result = lto(
        "--vary", f"{CURRENT}=100,400 pA", "--temperatures", "30,45,60 degC", "--dose", "1e6 e/A^2",
        "--picture", "trade.png", "--out", "design.zarr",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = result.stdout.splitlines()
    assert rows[0].split()[:3] == [CURRENT, "pixel_std", "e/A^2"]
    assert rows[1].split()[:2] == ["400", "pA"]
    assert rows[2].split()[:2] == ["100", "pA"]
    assert any(line.startswith("Best: a probe current of 400 pA would tell Ea to") for line in rows)
    assert Path("trade.png").read_bytes()[:4] == b"\x89PNG"
    kept = read_dataset(Path("design.zarr"))
    assert kept[CURRENT].values.tolist() == [1e-10, 4e-10]
    again = lto("--vary", f"{CURRENT}=100 pA", "--out", "design.zarr")
    refused(again, "--force")


def test_json_holds_every_setting_and_nothing_else(lto):
    result = lto(
        "--vary",
        f"{CURRENT}=100,400 pA",
        "--vary",
        "scan.frame_time=0.2,10 s",
        "--dose",
        "1e6 e/A^2",
        "--json",
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["goal"] == "k"
    assert found["best"] == {CURRENT: 4e-10, "scan.frame_time": 0.2}
    assert len(found["settings"]) == 4
    status = [setting["temperatures"][0]["status"] for setting in found["settings"]]
    assert status == [0, 3, 0, 3]
    best = found["settings"][2]
    assert best["values"] == found["best"]
    assert best["Ea_eV_std"] is None
    k = best["temperatures"][0]
    assert 0.0 < k["k_std_relative"] < 0.05
    assert k["k_std_m2_s"] == pytest.approx(k["k_std_relative"] * k["k_m2_s"])
    assert found["settings"][1]["temperatures"][0]["k_std_relative"] is None
    assert any(line.startswith("2 settings cannot be used at 60 degC") for line in found["lines"])


def test_a_budget_and_values_of_the_command_line_are_used(lto):
    words = (
        "--vary",
        f"{CURRENT}=400 pA",
        "--set",
        "scan.frame_time=0.1 s",
        "--set",
        "instrument.beam.convergence=20 mrad",
    )
    free = json.loads(lto(*words, "--dose", "1e6 e/A^2", "--json").stdout)
    frames = free["settings"][0]["temperatures"][0]["frames"]
    dose = free["settings"][0]["temperatures"][0]["dose_e_A2"]
    half = json.loads(lto(*words, "--dose", f"{0.5 * dose} e/A^2", "--json").stdout)
    at = half["settings"][0]["temperatures"][0]
    assert (at["status"], at["frames"]) == (1, frames // 2)
    assert half["dose_budget_m2"] == pytest.approx(0.5e20 * dose)
    strict = lto(*words, "--dose", f"{0.5 * dose} e/A^2", "--over-budget", "refuse")
    refused(strict, "above the dose budget")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vary", CURRENT), "path=value,value"),
        (("--vary", f"{CURRENT}=71 pA", "--vary", f"{CURRENT}=72 pA"), "every path once"),
        (("--vary", f"{CURRENT}=fast"), "a number and a unit"),
        (("--vary", f"{CURRENT}=71 nm"), f"--vary {CURRENT}: got '71.0 nm'"),
        (("--vary", f"{CURRENT}=71 pA", "--temperatures", "hot"), 'write for example "30,45,60 degC"'),
        (("--vary", f"{CURRENT}=71 pA", "--temperatures", "60 nm"), "--temperatures: got '60.0 nm'"),
        (("--vary", "temperature=30,60 degC"), "--vary temperature: got 'temperature'"),
        (("--vary", f"{CURRENT}=71 pA", "--free", "material.D"), "--free material.D: got"),
        (("--vary", f"{CURRENT}=71 pA", "--start-std=-1 nm"), "--start-std: got"),
        (("--vary", f"{CURRENT}=71 pA", "--dose", "5 kg"), "--dose: got '5 kg'"),
        (("--vary", f"{CURRENT}=71 pA", "--dose", "5e3"), "above the dose budget of 5e-17 e/A^2, one frame"),
        (
            ("--vary", f"{CURRENT}=71 pA", "--dose-for", "all"),
            "--dose-for: got 'all'; allowed: recording or series",
        ),
        (("--vary", f"{CURRENT}=71 pA", "--goal", "Ea"), "Ea takes three usable temperatures"),
        (("--vary", f"{CURRENT}=71 pA", "--goal", "D"), "--goal: got 'D'"),
        (("--vary", f"{CURRENT}=71 pA", "--picture", "trade.pdf"), ".png"),
        (("--vary", f"{CURRENT}=71 pA", "--out", "design.nc"), ".zarr"),
        (("--vary", f"{CURRENT}=71 pA", "--set", "specimen.cel=1 nm"), "cel"),
    ],
)
def test_what_cannot_be_used_is_one_line(lto, words, said):
    refused(lto(*words), said)
    assert sorted(path.name for path in Path().iterdir()) == ["coarse.toml", "p.toml"]


def test_a_scenario_without_profile_is_refused(lto):
    Path("p.toml").write_text(SCENARIO[: SCENARIO.index("[[profile]]")])
    refused(lto("--vary", f"{CURRENT}=71 pA"), "one profile or more")


def test_a_unit_after_the_last_value_holds_for_all():
    assert split_values("71,200 , 529 pA", "--vary") == ["71.0 pA", "200.0 pA", "529.0 pA"]
    assert split_values("0.5 s, 1500 ms", "--vary") == ["0.5 s", "1500.0 ms"]
    assert split_values("1,2", "--vary") == [1.0, 2.0]
    assert read_vary(["a.b=1,2 nm"]) == {"a.b": ["1.0 nm", "2.0 nm"]}
    with pytest.raises(InputError, match="a number and a unit"):
        split_values("1,,2", "--vary")


def test_a_deviation_that_is_no_part_of_its_value_has_its_unit_and_pictures_their_whole_path(lto):
    words = ("--vary", f"{CURRENT}=400 pA", "--dose", "1e6 e/A^2", "--duration", "2 s", "--picture", "t.png")
    result = lto(*words, "--free", "temperature", "--free", "material.D_Li4.at")
    assert result.exit_code == 0, result.output
    rows = result.stdout.splitlines()
    assert rows[0].rstrip().endswith("temperature [K]")
    told = next(line for line in rows if line.startswith("Best:")).partition("would tell temperature to ")[2]
    assert told.split()[1] == "K"
    assert rows[-1].split() == ["picture", str(Path("t.png").resolve())]
    percent = lto(*words, "--force", "--free", "material.D_Li4.at").stdout.splitlines()
    assert percent[0].rstrip().endswith("material.D_Li4.at [%]")
    stated = next(line for line in percent if line.startswith("Best:")).partition("material.D_Li4.at to ")[2]
    assert percent[1].split()[-1] == stated.split()[0]
