"""Files for HyperSpy: what RosettaSciIO reads back has the values, axes and metadata HyperSpy needs."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from recorded_files import counts_store, spectra
from rsciio.hspy import file_reader

from lto_sim.errors import InputError
from lto_sim.files import open_dataset, read_recording, write_dataset, write_hspy


@pytest.fixture
def stored(tmp_path: Path) -> xr.Dataset:
    write_dataset(counts_store(configuration="key = 1\n" * 20_000), tmp_path / "a.zarr")
    return open_dataset(tmp_path / "a.zarr")


def test_spectra_are_eels_with_axes_in_nm(stored: xr.Dataset, tmp_path: Path) -> None:
    write_hspy(stored["counts"], stored.attrs, tmp_path / "a.hspy")
    (signal,) = file_reader(tmp_path / "a.hspy")
    np.testing.assert_array_equal(signal["data"], spectra())
    assert signal["data"].dtype == np.uint32
    assert signal["package"] == "exspy"
    assert signal["attributes"]["_lazy"] is False
    axes = [(a["name"], a["units"], a["size"], a["navigate"], a["is_binned"]) for a in signal["axes"]]
    assert axes == [
        ("time", "s", 3, True, False),
        ("y", "nm", 4, True, False),
        ("x", "nm", 5, True, False),
        ("Energy loss", "eV", 200, False, True),
    ]
    assert [a["scale"] for a in signal["axes"]] == pytest.approx([1.5, 20.0, 20.0, 0.5])
    assert [a["offset"] for a in signal["axes"]] == pytest.approx([0.0, 10.0, 10.0, -20.0])
    assert [a["index_in_array"] for a in signal["axes"]] == [0, 1, 2, 3]
    assert {a["_type"] for a in signal["axes"]} == {"UniformDataAxis"}
    assert signal["metadata"]["Signal"] == {"signal_type": "EELS", "quantity": "counts (electrons)"}
    assert signal["metadata"]["General"]["title"] == "counts of a test"
    assert signal["metadata"]["Acquisition_instrument"]["TEM"] == {
        "beam_energy": 300.0,
        "convergence_angle": 10.0,
        "beam_current": pytest.approx(0.1),
        "acquisition_mode": "STEM",
        "Detector": {"EELS": {"collection_angle": 20.0, "dwell_time": 3e-4}},
    }
    kept = signal["original_metadata"]["lto_sim"]
    assert kept["dose_total_e_per_A2"] == 14.1
    assert len(kept["configuration"]) == 20_000  # longer than an attribute of HDF5 may be


def test_images_are_a_plain_signal(stored: xr.Dataset, tmp_path: Path) -> None:
    write_hspy(stored["adf"], stored.attrs, tmp_path / "a.hspy")
    (signal,) = file_reader(tmp_path / "a.hspy")
    np.testing.assert_array_equal(signal["data"], stored["adf"].values)
    assert signal["package"] == ""
    assert [(a["name"], a["navigate"]) for a in signal["axes"]] == [
        ("time", True),
        ("y", False),
        ("x", False),
    ]
    assert signal["metadata"]["Signal"]["signal_type"] == ""
    assert "Detector" not in signal["metadata"]["Acquisition_instrument"]["TEM"]


def test_what_was_written_is_the_same_recording(stored: xr.Dataset, tmp_path: Path) -> None:
    write_hspy(stored["counts"], stored.attrs, tmp_path / "a.hspy")
    back = read_recording(tmp_path / "a.hspy")
    assert back.data.dims == stored["counts"].dims
    assert back.data.attrs["units"] == "electrons"
    for dim in back.data.dims:
        np.testing.assert_allclose(back.data[dim].values, stored[dim].values, rtol=1e-12, atol=1e-20)
    assert back.metadata["beam_energy_keV"] == 300.0
    assert back.metadata["probe_current_A"] == pytest.approx(1e-10)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_values_of_every_detector_stay_what_they_are(tmp_path: Path, dtype: type) -> None:
    values = spectra((2, 3, 1, 50)).astype(dtype) - dtype(3)
    data = counts_store(values)["counts"]
    write_hspy(data, {"acquisition_mode": "sr_tem"}, tmp_path / "a.hspy")
    (signal,) = file_reader(tmp_path / "a.hspy")
    np.testing.assert_array_equal(signal["data"], values)
    assert signal["data"].dtype == dtype
    assert signal["axes"][2]["scale"] == 1.0  # a slit has one column: no step
    assert signal["metadata"]["Acquisition_instrument"]["TEM"] == {"acquisition_mode": "TEM"}


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    data = counts_store()["counts"].assign_coords(time=("time", [0.0, 1.5, 9.0], {"units": "s"}))
    write_hspy(data, {}, tmp_path / "a.hspy")
    (signal,) = file_reader(tmp_path / "a.hspy")
    assert signal["axes"][0]["_type"] == "DataAxis"
    np.testing.assert_array_equal(signal["axes"][0]["axis"], [0.0, 1.5, 9.0])
    np.testing.assert_allclose(read_recording(tmp_path / "a.hspy").data["time"], [0.0, 1.5, 9.0])


def test_axes_are_put_in_order_and_need_no_calibration(tmp_path: Path) -> None:
    data = xr.DataArray(spectra((4, 5, 200)), dims=("y", "x", "energy_loss")).transpose(
        "energy_loss", "y", "x"
    )
    write_hspy(data, {}, tmp_path / "a.hspy")
    (signal,) = file_reader(tmp_path / "a.hspy")
    assert signal["data"].shape == (4, 5, 200)
    assert [a["units"] for a in signal["axes"]] == ["", "", ""]


def test_chunks_hold_whole_spectra_and_stay_small(tmp_path: Path) -> None:
    data = xr.DataArray(np.zeros((2, 32, 64, 512), np.uint32), dims=("time", "y", "x", "energy_loss"))
    write_hspy(data.chunk({"time": 1}), {}, tmp_path / "a.hspy")
    with h5py.File(tmp_path / "a.hspy") as file:
        assert file["Experiments/__unnamed__/data"].chunks == (1, 8, 64, 512)


def test_nothing_is_left_of_a_file_that_failed(stored: xr.Dataset, tmp_path: Path) -> None:
    chunk = next(entry for entry in (tmp_path / "a.zarr" / "counts" / "c").rglob("*") if entry.is_file())
    chunk.write_bytes(chunk.read_bytes()[:50])
    (tmp_path / "a.hspy").write_text("old")
    with pytest.raises(Exception, match=r"."):
        write_hspy(stored["counts"], {}, tmp_path / "a.hspy", force=True)
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.zarr", "a.hspy"}
    assert (tmp_path / "a.hspy").read_text() == "old"


def test_targets_and_data_that_cannot_be_used(stored: xr.Dataset, tmp_path: Path) -> None:
    write_hspy(stored["adf"], {}, tmp_path / "a.hspy")
    write_hspy(stored["counts"], {}, tmp_path / "a.hspy", force=True)
    with pytest.raises(InputError, match="--force"):
        write_hspy(stored["adf"], {}, tmp_path / "a.hspy")
    with pytest.raises(InputError, match=r"ends with .hspy"):
        write_hspy(stored["adf"], {}, tmp_path / "a.h5")
    with pytest.raises(InputError, match="time, y, x, energy_loss"):
        write_hspy(stored["adf"].rename(y="z"), {}, tmp_path / "b.hspy")
