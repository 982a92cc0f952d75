"""Zarr stores: what goes in comes out, and damage is an error, never a fill value."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files import is_store, read_dataset, write_dataset


@pytest.fixture
def dataset() -> xr.Dataset:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 3, 2)).astype(np.float32)
    values[0, 0, 0] = np.nan
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values, {"units": "1", "long_name": "Li fraction"}),
            "empty": (("time",), np.full(4, np.nan), {"units": "1", "long_name": "nothing found"}),
            "status": ((), np.int8(0), {"units": "1", "long_name": "status"}),
        },
        {
            "time": ("time", np.arange(4.0), {"units": "s", "long_name": "time"}),
            "profile": ("p", np.zeros(1, int)),
        },
        {"title": "test", "seed": np.int64(3), "names": ["a", "b"], "balance": np.float64(1e-16)},
    )


def test_a_dataset_comes_back_as_it_was(tmp_path: Path, dataset: xr.Dataset) -> None:
    path = tmp_path / "a.zarr"
    write_dataset(dataset, path)
    back = read_dataset(path)
    xr.testing.assert_equal(back, dataset)
    assert back["li_fraction"].dtype == np.float32
    assert back["profile"].dtype == dataset["profile"].dtype
    assert back.attrs == {"title": "test", "seed": 3, "names": ["a", "b"], "balance": 1e-16}
    assert back["time"].attrs == dataset["time"].attrs
    assert is_store(path)


def test_a_dataset_that_was_read_can_be_written_again(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.zarr")
    shorter = read_dataset(tmp_path / "a.zarr").isel(time=slice(2))
    write_dataset(shorter, tmp_path / "b.zarr")
    xr.testing.assert_equal(read_dataset(tmp_path / "b.zarr"), dataset.isel(time=slice(2)))


def test_an_empty_dimension_survives(tmp_path: Path) -> None:
    none = xr.Dataset({"x": (("time", "y"), np.empty((0, 3), np.float32))})
    write_dataset(none, tmp_path / "a.zarr")
    assert read_dataset(tmp_path / "a.zarr")["x"].shape == (0, 3)


def test_a_large_variable_is_split_along_its_first_dimension(tmp_path: Path) -> None:
    import zarr

    large = xr.Dataset({"x": (("time", "y"), np.ones((40, 2**18)))})
    write_dataset(large, tmp_path / "a.zarr")
    assert zarr.open_group(tmp_path / "a.zarr", mode="r")["x"].chunks == (16, 2**18)
    xr.testing.assert_equal(read_dataset(tmp_path / "a.zarr"), large)


@pytest.mark.parametrize("values", [np.array(["lps", "rest"]), np.array(["lps", 1], dtype=object)])
def test_text_in_an_array_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    text = xr.Dataset({"contact": (("c",), values)})
    with pytest.raises(InputError, match=r"contact.*attributes"):
        write_dataset(text, tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_attributes_that_json_cannot_hold_are_refused(tmp_path: Path, dataset: xr.Dataset) -> None:
    dataset.attrs["balance"] = np.nan
    with pytest.raises(InputError, match="balance"):
        write_dataset(dataset, tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_store_is_refused_without_force(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.zarr")
    with pytest.raises(InputError, match="--force"):
        write_dataset(dataset, tmp_path / "a.zarr")
    write_dataset(dataset + 1.0, tmp_path / "a.zarr", force=True)
    xr.testing.assert_equal(read_dataset(tmp_path / "a.zarr")["li_fraction"], dataset["li_fraction"] + 1.0)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_a_path_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    for name in ("missing", "folder", "file"):
        with pytest.raises(InputError, match="store"):
            read_dataset(tmp_path / name)


@pytest.mark.parametrize("damage", ["root", "array", "chunk", "garbage", "truncated"])
def test_a_damaged_store_is_refused(tmp_path: Path, dataset: xr.Dataset, damage: str) -> None:
    path = tmp_path / "a.zarr"
    write_dataset(dataset, path)
    chunk = path / "li_fraction" / "c" / "0" / "0" / "0"
    if damage == "root":
        (path / "zarr.json").write_text("{")
    elif damage == "array":
        (path / "li_fraction" / "zarr.json").write_text('{"zarr_format": 3')
    elif damage == "chunk":
        shutil.rmtree(path / "li_fraction" / "c")
    elif damage == "garbage":
        chunk.write_bytes(b"not compressed data")
    else:
        chunk.write_bytes(chunk.read_bytes()[:10])
    with pytest.raises(InputError, match="store") as caught:
        read_dataset(path)
    assert "\n" not in str(caught.value)


def test_a_store_of_another_program_may_leave_out_chunks(tmp_path: Path) -> None:
    foreign = xr.Dataset({"x": (("time",), np.full(3, np.nan))}, attrs={"title": "recorded"})
    foreign.to_zarr(tmp_path / "a.zarr", consolidated=False, zarr_format=3, write_empty_chunks=False)
    assert np.isnan(read_dataset(tmp_path / "a.zarr")["x"]).all()
