"""HyperSpy's .zspy: the layout that RosettaSciIO writes with Zarr 2, made here with Zarr 3."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
import zarr
from recorded_files import ENERGY, signal, spectra
from rsciio.hspy import file_reader as read_hspy
from rsciio.hspy import file_writer as write_hspy

from lto_sim.errors import InputError
from lto_sim.files import read_recording, sum_recording
from lto_sim.files.zspy import read_zspy

CUBE = spectra((3, 4, 5, 200))
AXES = (
    ("time", 1.5, 0.0, "s"),
    ("y", 20.0, 0.0, "nm"),
    ("x", 20.0, 0.0, "nm"),
    ("Energy loss", 0.5, -20.0, "eV"),
)
TEM = {"TEM": {"beam_energy": 200.0, "Detector": {"EELS": {"collection_angle": 20.0}}}}
ORIGINAL: dict[str, Any] = {
    "none": None, "text": "a", "numbers": [1, 2, 3], "words": ["b", "cd"], "pair": (1.0, 2.0), "empty": [],
    "nothing": (), "deep": {"deeper": {"value": 3}}, "array": np.arange(4),
}  # fmt: skip


def described(data: np.ndarray = CUBE) -> dict[str, Any]:
    one = signal(data, *AXES, signal_type="EELS", Acquisition_instrument=TEM)
    return {**one, "original_metadata": ORIGINAL}


def put(group: zarr.Group, tree: dict[str, Any]) -> None:
    """Spell values into attributes and arrays as RosettaSciIO does."""
    for key, value in tree.items():
        kind = "list" if isinstance(value, list) else "tuple"
        if isinstance(value, dict):
            put(group.create_group(key), value)
        elif value is None:
            group.attrs[key] = "_None_"
        elif isinstance(value, np.ndarray):
            group.create_array(key, data=value, config=ALL)
        elif isinstance(value, list | tuple) and not value:
            group.attrs[f"_{kind}_empty_{key}"] = "_None_"
        elif isinstance(value, list | tuple) and isinstance(value[0], str):
            words = group.create_array(
                f"_{kind}_{key}", shape=(len(value),), dtype="string", chunks=(len(value),), config=ALL
            )
            words[:] = np.array(value, dtype="T")
        elif isinstance(value, list | tuple):
            group.create_array(f"_{kind}_{key}", data=np.array(value), config=ALL)
        else:
            group.attrs[key] = value


ALL = {"write_empty_chunks": True}


def write_zspy(path: Path, *signals: dict[str, Any], chunks: tuple[int, ...] = (1, 4, 5, 100)) -> None:
    root = zarr.create_group(path, zarr_format=2)
    root.attrs.update({"file_format": "ZSpy", "file_format_version": "3.3"})
    experiments = root.create_group("Experiments")
    for n, one in enumerate(signals):
        group = experiments.create_group(f"signal {n}")
        group.attrs.update({"package": "exspy", "package_version": "0.3"})
        group.create_array(
            "data",
            data=one["data"],
            chunks=chunks[: one["data"].ndim],
            chunk_key_encoding={"name": "v2", "separator": "/"},
            config=ALL,
        )
        for m, axis in enumerate(one["axes"]):
            put(group.create_group(f"axis-{m}"), axis)
        for name in ("metadata", "original_metadata"):
            put(group.create_group(name), one[name])


def zipped(folder: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for entry in sorted(folder.rglob("*")):
            if entry.is_file():
                file.write(entry, entry.relative_to(folder).as_posix())


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_signals_are_those_of_hspy(tmp_path: Path, kind: str) -> None:
    write_hspy(tmp_path / "a.hspy", described(), show_progressbar=False)
    path = tmp_path / "a.zspy"
    write_zspy(path, described())
    if kind == "zip":
        path = tmp_path / "b.zspy"
        zipped(tmp_path / "a.zspy", path)
    (got,) = read_zspy(path)
    (expected,) = read_hspy(str(tmp_path / "a.hspy"))
    assert isinstance(got["data"], dask.array.Array)
    assert got["data"].chunksize == (1, 4, 5, 100)
    np.testing.assert_array_equal(got["data"].compute(), expected["data"])
    assert got["metadata"] == expected["metadata"]
    assert [axis["units"] for axis in got["axes"]] == ["s", "nm", "nm", "eV"]
    assert [{**axis} for axis in got["axes"]] == [
        {key: value for key, value in axis.items() if key in got["axes"][0]} for axis in expected["axes"]
    ]
    np.testing.assert_array_equal(got["original_metadata"].pop("array"), np.arange(4))
    assert got["original_metadata"] == {key: value for key, value in ORIGINAL.items() if key != "array"}


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_recording_of_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.zspy"
    write_zspy(path, described(CUBE[:2]), described(CUBE))
    if kind == "zip":
        path = tmp_path / "b.zspy"
        zipped(tmp_path / "a.zspy", path)
    recording = read_recording(path)
    assert recording.data.dims == ("time", "y", "x", "energy_loss")
    assert recording.others == 1
    np.testing.assert_array_equal(recording.data.values, CUBE)
    np.testing.assert_allclose(recording.data["energy_loss"], ENERGY, atol=1e-9)
    np.testing.assert_allclose(recording.data["x"], 2e-8 * np.arange(5), rtol=1e-9)
    assert recording.metadata["beam_energy_keV"] == 200.0
    assert recording.metadata["collection_angle_mrad"] == 20.0
    assert sum_recording(recording).total == CUBE.sum()


def test_axes_that_are_not_even(tmp_path: Path) -> None:
    one = described()
    time = np.array([0.0, 1.5, 4.0])
    one["axes"][0] = {"_type": "DataAxis", "name": "time", "units": "s", "size": 3, "axis": time}
    write_zspy(tmp_path / "a.zspy", one)
    np.testing.assert_array_equal(read_recording(tmp_path / "a.zspy").data["time"], time)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        sum_recording(read_recording(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_not_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zspy"
    (tmp_path / "empty.zspy").mkdir()
    assert "no Zarr store" in refused(tmp_path / "empty.zspy")
    zarr.create_group(tmp_path / "other.zspy", zarr_format=2)
    assert "no store of HyperSpy" in refused(tmp_path / "other.zspy")
    (tmp_path / "text.zspy").write_text("a")
    assert "save it as .hspy" in refused(tmp_path / "text.zspy")
    assert "an existing file" in refused(tmp_path / "missing.zspy")
    write_zspy(path, described())
    described_array = path / "Experiments" / "signal 0" / "data" / ".zarray"
    chunk = described_array.parent / "2" / "0" / "0" / "1"
    content = chunk.read_bytes()
    chunk.write_bytes(content[:50])
    assert "whole" in refused(path)
    chunk.unlink()
    assert "1 of 6 parts of its data are missing" in refused(path)
    chunk.write_bytes(content)
    array = json.loads(described_array.read_text())
    described_array.write_text(json.dumps({**array, "shape": [10**9, 4, 5, 200]}))
    assert "it claims" in refused(path)
    described_array.write_text(
        json.dumps({**array, "shape": [10**9, 4, 5, 200], "chunks": [10**9, 4, 5, 200]})
    )
    assert "it claims" in refused(path)
    described_array.write_text("{")
    assert "whole" in refused(path)
