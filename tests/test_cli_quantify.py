"""``lto-sim quantify``: from spectra of every origin to maps that go on, and what it refuses in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from gms_tree import write_tree
from matplotlib.image import imread
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.files import open_dataset, read_dataset, read_recording, write_dataset, write_hspy
from lto_sim.microscope import Instrument, acquire
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

Lto = Callable[..., Result]
RECORDED = Path(__file__).parents[2] / "shared" / "data"
PRESET = "jem_arm300f2_continuum_k3"
INSTRUMENT = Instrument.preset(PRESET).with_values(
    {"spectrometer.dispersion": 0.5, "spectrometer.channels": 200, "beam.current": "529 pA"}
)
SCENARIO = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "seed": 3,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "800 nm", "height": "120 nm"}, "cell": "20 nm",
        "thickness": "150 nm",
    },
    "contacts": {"lps": {"where": {"side": "left"}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "6 s"}}],
    "scan": {"frame_time": "0.5 s", "pixels": [40, 6]},
    "profile": [{"start": ["0 nm", "60 nm"], "end": ["540 nm", "60 nm"], "width": "100 nm"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def counts() -> xr.Dataset:
    return acquire(simulate(Scenario.from_dict(SCENARIO)), INSTRUMENT, 1)


@pytest.fixture
def lto(counts: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in a directory with the recording ``a_counts.zarr``."""
    monkeypatch.chdir(tmp_path)
    write_dataset(counts, "a_counts.zarr")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_a_recording_becomes_maps_that_are_tracked_and_fitted(lto: Lto) -> None:
    result = lto("quantify", "a_counts.zarr", "--picture", "a.png", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert Path(summary["out"]).name == "a_maps.zarr"
    assert summary["chi_square"] == pytest.approx(1.0, abs=0.06)
    assert summary["failed"] == {}
    assert summary["normalised_by"].startswith("Ti-M2,3")
    assert imread("a.png").std() > 0.05
    maps = read_dataset(Path("a_maps.zarr"))
    assert maps["li_fraction"].dims == ("time", "y", "x")
    assert "quantify_lithium" in maps.attrs["history"]
    assert lto("track", "a_maps.zarr").exit_code == 0
    fitted = json.loads(lto("fit", "a_front.zarr", "--json").stdout)
    assert fitted["k_m2_s"] == pytest.approx(4.43e-14, rel=0.05)


def test_the_same_spectra_in_a_file_of_hyperspy_give_the_same_maps(lto: Lto, counts: xr.Dataset) -> None:
    beside = {name: counts[name] for name in ("thickness", "pixel_time")}
    write_hspy(counts["counts"], counts.attrs, "b.hspy", companions=beside)
    assert lto("quantify", "a_counts.zarr").exit_code == 0
    result = lto("quantify", "b.hspy", "--instrument", PRESET)
    assert result.exit_code == 0, result.output
    own, file = (read_dataset(Path(f"{name}_maps.zarr")) for name in "ab")
    assert file["li_fraction"].values == pytest.approx(own["li_fraction"].values, abs=1e-4)
    assert file["pixel_time"].values == pytest.approx(own["pixel_time"].values)
    assert file["time"].values == pytest.approx(own["time"].values)
    assert lto("track", "b_maps.zarr", "--profile", "0 nm,60 nm:540 nm,60 nm:100 nm").exit_code == 0


@pytest.mark.filterwarnings("always:.*frames are missing")
def test_a_missing_frame_of_an_in_situ_series_is_a_gap_in_the_maps(lto: Lto, counts: xr.Dataset) -> None:
    axes = ((0.5, -5.0, "eV"), (20.0, 10.0, "nm"), (20.0, 10.0, "nm"))
    frames = [np.moveaxis(frame, -1, 0) for frame in counts["counts"].values]  # as GMS writes them
    paths = write_tree(Path("series"), frames, axes)
    paths[3].unlink()
    result = lto("quantify", "series", "--instrument", PRESET, "--json")
    assert result.exit_code == 0, result.output
    assert "missing" in result.stderr
    maps = read_dataset(Path("series_maps.zarr"))
    gone = (maps["failed"].values == 1).all(axis=(1, 2))
    assert gone.tolist() == [n == 3 for n in range(maps.sizes["time"])]
    assert json.loads(result.stdout)["failed"] == {"no counts, NaN, infinite, or negative in all": 240}


@pytest.mark.filterwarnings("ignore:li fractions of the references", "ignore:the recording names")
def test_references_of_the_series_set_0_and_1(lto: Lto, counts: xr.Dataset) -> None:
    """With lithium counted twice as strongly as the model has it, frames that are known set it right."""
    plain = lto("quantify", "a_counts.zarr", "--set", "instrument.spectrum.cross_section_scale.Li-K=0.8")
    assert plain.exit_code == 0, plain.output
    wrong = read_dataset(Path("a_maps.zarr"))["li_fraction"]
    both = counts.copy()
    end = counts.isel(time=-1, drop=True)
    first = end.isel(x=slice(0, 8)), end.isel(x=slice(32, 40))  # Li4 behind the front, Li7 before it
    frames = [xr.concat([part] * 5, "x", coords="different", compat="equals") for part in first]
    values = np.stack([frame["counts"].values for frame in (*frames, end)])
    both = both.isel(time=slice(0, 3)).assign(counts=(counts["counts"].dims, values, counts["counts"].attrs))
    write_dataset(both, "b_counts.zarr")
    result = lto(
        "quantify", "b_counts.zarr", "--set", "instrument.spectrum.cross_section_scale.Li-K=0.8",
        "--li4", "0 s,0.1 s", "--li7", "0.4 s,0.6 s",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    right = read_dataset(Path("b_maps.zarr"))["li_fraction"].values
    assert right[0].mean() == pytest.approx(0.0, abs=0.01)
    assert right[1].mean() == pytest.approx(1.0, abs=0.01)
    assert abs(float(wrong.values[0, :, 30:].mean()) - 1.0) > 0.3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("nowhere.dm4",), ("existing file",)),
        (("a_counts.zarr", "--normalise", "carbon"), ("--normalise", "pixel, series")),
        (("a_counts.zarr", "--window", "30"), ("--window", "two losses")),
        (("a_counts.zarr", "--window", "60,80"), ("window",)),
        (("a_counts.zarr", "--what", "iron"), ("--what", "lithium, titanium, oxygen")),
        (("a_counts.zarr", "--what", "titanium"), ("energy_loss", "eV")),
        (("a_counts.zarr", "--what", "oxygen", "--picture", "a.png"), ("--picture",)),
        (("a_counts.zarr", "--what", "oxygen", "--li4", "0 s,1 s"), ("--li4", "lithium")),
        (("a_counts.zarr", "--what", "titanium", "--align"), ("--align", "--low-loss")),
        (("a_counts.zarr", "--low-loss", "b.dm4"), ("--low-loss", "titanium")),
        (("a_counts.zarr", "--li4", "0 s,1 s"), ("--li7",)),
        (("a_counts.zarr", "--li4", "0 s,1 s", "--li7", "90 s,99 s"), ("--li7", "frames from")),
        (("a_counts.zarr", "--set", "temperature=3"), ("--set", "instrument.")),
        (("a_counts.zarr", "--set", "instrument.spectrometer.offset=0"), ("channels are those",)),
        (("a_counts.zarr", "--instrument", "nobody"), ("instrument", PRESET)),
        (("a_counts.zarr", "--out", "a_counts.zarr"), ("another path",)),
        (("a_counts.zarr", "--picture", "a.jpg"), ("--picture", ".png")),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line_and_leaves_nothing(
    lto: Lto, words: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    refused(lto("quantify", *words), *expected)
    assert [path.name for path in Path().iterdir()] == ["a_counts.zarr"]


@pytest.mark.filterwarnings("always:the recording names an instrument")
def test_another_instrument_than_the_recording_s_own_is_told(lto: Lto) -> None:
    result = lto("quantify", "a_counts.zarr", "--instrument", "hf3300_gif_quantum")
    assert "instrument of its own" in result.stderr


def test_a_damaged_chunk_is_one_line(lto: Lto) -> None:
    chunks = sorted(path for path in Path("a_counts.zarr/counts/c").rglob("*") if path.is_file())
    for chunk in chunks[-2:]:
        chunk.write_bytes(chunk.read_bytes()[:200])
    refused(lto("quantify", "a_counts.zarr"), "whole", "copy it again")
    assert not Path("a_maps.zarr").exists()


def test_maps_with_noise_are_no_specimen(lto: Lto) -> None:
    assert lto("quantify", "a_counts.zarr").exit_code == 0
    refused(lto("acquire", "a_maps.zarr"), "maps without noise")


def test_maps_are_sent_to_track(lto: Lto, counts: xr.Dataset) -> None:
    maps = counts[["adf"]].rename(adf="li_fraction")
    write_dataset(maps, "m.zarr")
    refused(lto("quantify", "m.zarr"), "a dataset with counts")


def test_spectra_of_vacuum_leave_no_maps(lto: Lto, counts: xr.Dataset) -> None:
    empty = counts.copy()
    empty["counts"] = counts["counts"].where(np.abs(counts["energy_loss"]) < 3.0, 0)
    write_dataset(empty, "v_counts.zarr")
    refused(lto("quantify", "v_counts.zarr"), "no pixel has a value", "too thin")
    assert not Path("v_maps.zarr").exists()


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded files not present")
def test_the_recorded_titanium_dioxide(lto: Lto) -> None:
    """Four lines with a crystal-field splitting: Ti4+; its low loss ends in the plasmons."""
    high, low = (RECORDED / f"tio2_ti_l_{part}_loss.dm4" for part in ("high", "low"))
    refused(lto("quantify", high, "--instrument", PRESET), "zero loss")
    refused(lto("quantify", low, "--instrument", PRESET), "Li-K is at 55 eV")
    result = lto(
        "quantify", high, "--what", "titanium", "--low-loss", low, "--align", "--picture", "ti.png", "--json"
    )
    assert result.exit_code == 0, result.output
    means = json.loads(result.stdout)["means"]
    assert means["l3_splitting"]["mean"] == pytest.approx(2.5, abs=0.1)
    assert means["l3_eg"]["mean"] - means["l3_t2g"]["mean"] == pytest.approx(2.5, abs=0.1)
    assert 0.0 < means["l3_splitting"]["deviation"] < 0.1
    assert json.loads(result.stdout)["two_lines"] >= 50
    assert imread("ti.png").std() > 0.05
    bound = json.loads(lto("inspect", low, "--json").stdout)["thickness"]
    assert bound["lower_bound"]
    assert "46" in bound["reason"]


def test_recordings_open_lazily(lto: Lto) -> None:
    assert read_recording("a_counts.zarr").data.chunks is not None
    assert open_dataset(Path("a_counts.zarr"))["counts"].chunks is not None
