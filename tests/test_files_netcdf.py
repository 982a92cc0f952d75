"""netCDF: what goes in comes out, also what netCDF itself cannot hold; damage is one line."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from recorded_files import counts_store, named

from lto_sim.errors import InputError
from lto_sim.files import is_store, open_dataset, read_dataset, read_recording, write_dataset, write_hspy
from lto_sim.files.netcdf import open_netcdf, read_netcdf, write_netcdf

ATTRIBUTES = {
    "title": "Höhe",
    "empty": "",
    "one": ["a"],
    "seed": 3,
    "long": 2**70,
    "flag": True,
    "none": None,
    "balance": 1e-16,
    "numbers": [1, 2],
    "tree": {"a": [1, 2.5]},
    "configuration": "key = 1\n" * 20_000,  # an attribute of HDF5 ends at 64 KiB unless it is stored apart
}


@pytest.fixture
def dataset() -> xr.Dataset:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 3, 2)).astype(np.float32)
    values[0, 0, 0] = np.nan
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values, named("1", "Li fraction")),
            "counts": (("time",), np.array([0, 1, 2, 2**32 - 1], np.uint32), named("electrons", "counts")),
            "large": (("time", "p"), rng.normal(size=(4, 5000)), named("1", "compressed")),
            "good": (("time",), np.array([True, False, True, True]), named("1", "good")),
            "empty": (("time", "none"), np.empty((4, 0), np.float32)),
            "status": ((), np.int8(-1), {"units": "1", "flags": ["a", "b"]}),
        },
        {
            "time": ("time", np.arange(4.0), named("s", "time")),
            "delay": ("time", np.arange(4.0), {"units": "seconds"}),  # which CF reads as durations
            "temperature": ((), 303.15, named("K", "temperature")),
        },
        ATTRIBUTES,
    )


def test_a_dataset_comes_back_as_it_was(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_netcdf(dataset, tmp_path / "a.nc")
    back = read_netcdf(tmp_path / "a.nc")
    xr.testing.assert_identical(back, dataset)
    assert {name: v.dtype for name, v in back.variables.items()} == {
        name: v.dtype for name, v in dataset.variables.items()
    }
    assert back.attrs == ATTRIBUTES
    assert {key: type(value) for key, value in back.attrs.items()} == {
        key: type(value) for key, value in ATTRIBUTES.items()
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.nc"]


def test_it_is_read_lazily_and_written_from_chunks(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_netcdf(dataset, tmp_path / "a.nc")
    opened = open_netcdf(tmp_path / "a.nc")
    assert opened["large"].chunks is not None
    write_netcdf(opened, tmp_path / "b.nc")
    xr.testing.assert_identical(read_netcdf(tmp_path / "b.nc"), dataset)
    opened.close()


def test_other_programs_read_units_and_text(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_netcdf(dataset, tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc") as file:
        assert file["li_fraction"].attrs["units"] == "1"
        assert [ref.name for ref in (file[file["li_fraction"].attrs["DIMENSION_LIST"][0][0]],)] == ["/time"]
        assert "_FillValue" not in file["li_fraction"].attrs
        assert file.attrs["one"] == '["a"]'
        assert file["large"].compression == "gzip"


def test_a_name_in_nc_makes_netcdf_wherever_stores_are_written(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.nc")
    assert (tmp_path / "a.nc").is_file()
    assert is_store(tmp_path / "a.nc")
    xr.testing.assert_identical(read_dataset(tmp_path / "a.nc"), dataset)
    with open_dataset(tmp_path / "a.nc") as opened:
        xr.testing.assert_identical(opened.load(), dataset)
    with pytest.raises(InputError, match="--force"):
        write_dataset(dataset, tmp_path / "a.nc")
    write_dataset(dataset.isel(time=slice(2)), tmp_path / "a.nc", force=True)
    assert read_dataset(tmp_path / "a.nc").sizes["time"] == 2
    with pytest.raises(InputError, match=r"ends with .nc"):
        write_netcdf(dataset, tmp_path / "a.cdf")


def test_a_recording_is_read_from_it(tmp_path: Path) -> None:
    counts = counts_store()
    write_dataset(counts, tmp_path / "a.nc")
    recording = read_recording(tmp_path / "a.nc")
    xr.testing.assert_equal(recording.data.load(), counts["counts"])
    assert recording.metadata["beam_energy_keV"] == 300.0
    assert {"adf", "thickness", "pixel_time"} <= set(recording.companions)


def test_packed_values_of_another_program_are_unpacked(tmp_path: Path) -> None:
    foreign = xr.Dataset({"a": (("t",), [0.5, np.nan, 1.5])})
    packed = {"a": {"dtype": "int16", "scale_factor": 0.5, "_FillValue": -1}}
    foreign.to_netcdf(tmp_path / "a.nc", engine="h5netcdf", encoding=packed)
    xr.testing.assert_equal(read_netcdf(tmp_path / "a.nc"), foreign)


@pytest.mark.parametrize("values", [np.array(["lps", "rest"]), np.array([1j])])
def test_values_that_are_no_numbers_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(InputError, match="an array of numbers"):
        write_netcdf(xr.Dataset({"a": (("c",), values)}), tmp_path / "a.nc")
    with pytest.raises(InputError, match="finite"):
        write_netcdf(xr.Dataset(attrs={"a": np.inf}), tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_file_that_failed(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.zarr")
    broken = open_dataset(tmp_path / "a.zarr")
    chunk = next(entry for entry in (tmp_path / "a.zarr" / "large" / "c").rglob("*") if entry.is_file())
    chunk.write_bytes(chunk.read_bytes()[:50])
    (tmp_path / "a.nc").write_text("old")
    with pytest.raises(Exception, match=r"."):
        write_netcdf(broken, tmp_path / "a.nc", force=True)
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.zarr", "a.nc"}
    assert (tmp_path / "a.nc").read_text() == "old"


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_a_damaged_file_is_one_line(tmp_path: Path, dataset: xr.Dataset, part: float) -> None:
    path = tmp_path / "a.nc"
    write_netcdf(dataset, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    for read in (read_netcdf, open_netcdf, read_dataset):
        with pytest.raises(InputError, match="undamaged netCDF-4") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_what_is_no_netcdf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="existing netCDF file"):
        read_netcdf(tmp_path / "missing.nc")
    (tmp_path / "text.nc").write_text("text")
    write_hspy(counts_store()["adf"], {}, tmp_path / "a.hspy")
    (tmp_path / "a.hspy").rename(tmp_path / "other.nc")
    for name in ("text.nc", "other.nc"):
        with pytest.raises(InputError, match=r"netCDF|holds nothing"):
            read_recording(tmp_path / name)
