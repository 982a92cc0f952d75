"""``lto-sim inspect``: what it prints and draws of own stores and foreign files, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from gms_tree import EELS_TAGS, write_tree
from matplotlib.image import imread
from recorded_files import METADATA, counts_store, signal, spectra
from rsciio.hspy import file_writer
from typer.testing import CliRunner, Result

from lto_sim.cli import app
from lto_sim.files import open_dataset, read_recording, write_dataset, write_hspy
from lto_sim.plot import plot_recording

Lto = Callable[..., Result]
RECORDED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def lto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lto:
    """Run a command line in a directory with a store ``a.zarr`` and the same as ``a.hspy``."""
    monkeypatch.chdir(tmp_path)
    write_dataset(counts_store(), "a.zarr")
    stored = open_dataset("a.zarr")
    write_hspy(stored["counts"], stored.attrs, "a.hspy")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


@pytest.mark.parametrize("name", ["a.zarr", "a.hspy"])
def test_a_summary_in_numbers(lto: Lto, name: str) -> None:
    result = lto("inspect", name, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    values = spectra()
    assert summary["total"] == values.sum()
    assert summary["size_bytes"] == values.nbytes
    assert summary["data_type"] == "uint32"
    assert summary["data_unit"] == "electrons"
    assert [(a["name"], a["unit"], a["size"]) for a in summary["axes"]] == [
        ("time", "s", 3),
        ("y", "m", 4),
        ("x", "m", 5),
        ("energy_loss", "eV", 200),
    ]
    assert [a["step"] for a in summary["axes"]] == pytest.approx([1.5, 2e-8, 2e-8, 0.5])
    thickness = summary["thickness"]
    low = values[..., :60].sum()
    assert thickness["t_over_lambda"] == pytest.approx(np.log(values.sum() / low), abs=0.01)
    assert thickness["t_over_lambda_std"] < 0.01
    if name == "a.zarr":
        assert summary["metadata"] == METADATA
        assert summary["companions"] == ["abf", "adf", "pixel_time", "thickness"]


def test_a_summary_for_people(lto: Lto) -> None:
    text = lto("inspect", "a.zarr").stdout
    assert "energy_loss    eV   200    -20  79.5   0.5" in text
    for words in ("300 keV", "20 mrad", "electrons per square angstrom", "uint32", "t/lambda", "adf"):
        assert words in text
    assert "empty channels" in text


def test_a_lower_bound_says_why(lto: Lto) -> None:
    energy = -20.0 + 0.5 * np.arange(120)
    counts = 400.0 * np.exp(-0.5 * (energy / 0.6) ** 2) + 15.0 * np.exp(-0.5 * ((energy - 25.0) / 9.0) ** 2)
    file_writer("b.hspy", signal(counts, ("E", 0.5, -20.0, "eV")), show_progressbar=False)
    text = lto("inspect", "b.hspy").stdout
    assert "at least 0." in text
    assert "the range ends at 39.5 eV" in text


def test_spectra_without_calibration_or_zero_loss(lto: Lto) -> None:
    np.save("a.npy", spectra((4, 5, 200)))
    assert "unknown: the energy axis is not calibrated" in lto("inspect", "a.npy").stdout
    file_writer("b.hspy", signal(spectra((200,)), ("E", 0.5, 400.0, "eV")), show_progressbar=False)
    assert "no zero-loss peak" in lto("inspect", "b.hspy").stdout
    np.save("image.npy", np.ones((4, 5)))
    image = json.loads(lto("inspect", "image.npy", "--json").stdout)
    assert image["thickness"] == {"t_over_lambda": None, "reason": "no energy axis"}
    assert image["dead_channels"] is None


def test_faulty_values_are_counted(lto: Lto) -> None:
    values = spectra((4, 5, 200)).astype(np.float32)
    values[0, 0, :3] = np.nan
    np.save("a.npy", values)
    assert "3 values" in lto("inspect", "a.npy").stdout
    full = spectra((4, 5, 200)).astype(np.uint16)
    full[1, 1, 1] = 65535
    np.save("b.npy", full)
    assert json.loads(lto("inspect", "b.npy", "--json").stdout)["saturated"] == 1


@pytest.mark.parametrize("name", ["a.zarr", "a.hspy"])
def test_a_picture(lto: Lto, name: str) -> None:
    assert lto("inspect", name, "--picture", "a.png").exit_code == 0
    pixels = imread("a.png")
    assert pixels.shape[0] > 400
    assert pixels[..., :3].std() > 0.05
    refused(lto("inspect", name, "--picture", "a.png"), "--force")
    assert lto("inspect", name, "--picture", "a.png", "--force").exit_code == 0
    assert {entry.name for entry in Path().iterdir()} == {"a.zarr", "a.hspy", "a.png"}


def test_the_panels_of_a_figure(lto: Lto) -> None:
    figure = plot_recording(read_recording("a.zarr"))
    titles = {axes.get_title() for axes in figure.axes}
    assert {"sum of all energies and frames", "annular dark field", "course in time"} <= titles
    spectrum = figure.axes[0]
    assert spectrum.get_xlabel() == "energy loss [eV]"
    assert spectrum.get_yscale() == "log"
    assert {text.get_text() for text in spectrum.texts} == {"Ti-M2,3", "Li-K"}
    slit = counts_store(spectra((3, 4, 1, 200)))
    write_dataset(slit, "slit.zarr")
    assert "rows of the slit" in {
        axes.get_title() for axes in plot_recording(read_recording("slit.zarr")).axes
    }
    write_dataset(counts_store(spectra((1, 1, 1, 200))), "point.zarr")
    assert len(plot_recording(read_recording("point.zarr")).axes) == 1


def test_every_text_of_a_figure_is_on_the_page(lto: Lto) -> None:
    figure = plot_recording(read_recording("a.zarr"))
    figure.canvas.draw()
    page = figure.bbox
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None
        assert min(box.x0 - page.x0, box.y0 - page.y0, page.x1 - box.x1, page.y1 - box.y1) > -1.0


@pytest.mark.filterwarnings("always:.*frames are missing")
def test_an_in_situ_series_with_a_missing_frame(lto: Lto) -> None:
    frames = [np.moveaxis(frame, -1, 0).astype(np.float32) for frame in spectra((6, 4, 5, 200))]
    axes = ((0.5, -20.0, "eV"), (20.0, 0.0, "nm"), (20.0, 0.0, "nm"))
    paths = write_tree(Path("series"), frames, axes, rate=1 / 1.5, image_tags=EELS_TAGS)
    paths[3].unlink()
    result = lto("inspect", "series", "--json", "--picture", "a.png")
    assert "1 of 6 frames are missing" in result.stderr
    summary = json.loads(result.stdout)
    assert [(a["name"], a["unit"], a["size"]) for a in summary["axes"]] == [
        ("time", "s", 6),
        ("y", "m", 4),
        ("x", "m", 5),
        ("energy_loss", "eV", 200),
    ]
    assert summary["axes"][0]["step"] == pytest.approx(1.5)
    assert summary["not_finite"] == 4000
    assert summary["companions"] == ["frame_present"]
    assert "Second_04_Frame_0000.dm4 is not there" in summary["metadata"]["missing_frames"]
    assert summary["thickness"]["t_over_lambda"] is not None
    assert imread("a.png")[..., :3].std() > 0.05
    assert "4000 values" in lto("inspect", "series").stdout


def test_what_cannot_be_inspected(lto: Lto) -> None:
    refused(lto("inspect", "missing.dm4"), "an existing file")
    refused(lto("inspect", "missing.zarr"), "an existing Zarr store")
    Path("notes.txt").write_text("a")
    refused(lto("inspect", "notes.txt"), ".dm4")
    Path("a.dm4").write_bytes(b"\0\0\0\4 not one")
    refused(lto("inspect", "a.dm4"), "whole")
    write_dataset(xr.Dataset({"charge": ("time", np.zeros(3))}), "run.zarr")
    refused(lto("inspect", "run.zarr"), "lto-sim acquire")
    refused(lto("inspect", "a.zarr", "--picture", "a.jpg"), ".png")
    refused(lto("inspect", "a.zarr", "--picture", "nowhere/a.png"), "existing directory")
    chunk = next(entry for entry in Path("a.zarr/counts/c").rglob("*") if entry.is_file())
    chunk.write_bytes(chunk.read_bytes()[:50])
    refused(lto("inspect", "a.zarr", "--picture", "b.png"), "a recording that is whole")
    assert not Path("b.png").exists()


@pytest.mark.parametrize("name", ["tio2_ti_l_low_loss", "tio2_ti_l_high_loss", "perovskite_adf"])
def test_recorded_files(lto: Lto, name: str) -> None:
    path = RECORDED / f"{name}.dm4"
    if not path.is_file():
        pytest.skip("recorded files not present")
    result = lto("inspect", path, "--picture", "a.png", "--json")
    assert result.exit_code == 0, result.output
    thickness = json.loads(result.stdout)["thickness"]
    assert (thickness["t_over_lambda"] is not None) == (name == "tio2_ti_l_low_loss")
