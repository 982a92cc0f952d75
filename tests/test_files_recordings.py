"""Recordings of every origin: axes in SI, values as recorded, and one line for what cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array
import h5py
import numpy as np
import pytest
import tifffile
import xarray as xr
from gms_tree import EELS_TAGS, dm4_bytes
from recorded_files import ENERGY, METADATA, counts_store, signal, spectra
from rsciio.emd import file_writer as write_emd
from rsciio.hspy import file_writer as write_hspy
from rsciio.msa import file_writer as write_msa

from lto_sim.errors import InputError
from lto_sim.files import load_companion, read_recording, sum_recording, write_dataset

RECORDED = Path(__file__).parents[2] / "shared" / "data"
CUBE = spectra((4, 5, 200))
STACK = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
Write = Callable[[Path], None]


def hspy(data: np.ndarray, *axes: Any, **more: Any) -> Write:
    return lambda path: write_hspy(path, signal(data, *axes, **more), show_progressbar=False)


def npy(data: np.ndarray) -> Write:
    return lambda path: np.save(path, data)


def emd(data: np.ndarray, *axes: Any) -> Write:
    return lambda path: write_emd(path, signal(data, *axes))


def msa(**more: Any) -> Write:
    one = signal(CUBE[0, 0], ("Energy loss", 0.5, -20.0, "eV"), signal_type="EELS")
    return lambda path: write_msa(path, one, **more)


def imagej(path: Path) -> None:
    tifffile.imwrite(path, STACK, imagej=True, resolution=(2.0, 2.0), metadata={"unit": "nm", "axes": "TYX"})


def plain_tiff(path: Path) -> None:
    tifffile.imwrite(path, STACK, photometric="minisblack")


def dm4(data: np.ndarray, *axes: tuple[float, float, str]) -> Write:
    return lambda path: path.write_bytes(dm4_bytes(data, axes, EELS_TAGS)) and None


NM = (("y", 20.0, 0.0, "nm"), ("x", 20.0, 0.0, "nm"))
EV = ("Energy loss", 0.5, -20.0, "eV")
SERIES = spectra((3, 4, 5, 200))
METRES = {"y": 2e-8, "x": 2e-8, "energy_loss": 0.5}
PIXELS = {"y": 1.0, "x": 1.0}
GOOD: dict[str, tuple[Write, np.ndarray, dict[str, float]]] = {
    "cube.hspy": (hspy(CUBE, *NM, EV, signal_type="EELS"), CUBE, METRES),
    "energy first.hspy": (
        hspy(np.moveaxis(CUBE, -1, 0), EV, ("y", 0.02, 0.0, "µm"), ("x", 200.0, 0.0, "Å")), CUBE, METRES,
    ),
    "keV.hspy": (hspy(CUBE, *NM, ("E", 5e-4, -0.02, "keV")), CUBE, METRES),
    "series.hspy": (hspy(SERIES, ("t", 1.5e3, 0.0, "ms"), *NM, EV), SERIES, {"time": 1.5, **METRES}),
    "line.hspy": (hspy(CUBE[0], ("position", 20.0, 0.0, "nm"), EV), CUBE[0], {"x": 2e-8, "energy_loss": 0.5}),
    "channels.hspy": (
        hspy(CUBE, *NM, ("", 1.0, 0.0, None), signal_type="EELS"), CUBE, {**METRES, "energy_loss": 1.0},
    ),
    "named.hspy": (hspy(CUBE, *NM, ("Energy", 3.0, 2.0, "")), CUBE, {**METRES, "energy_loss": 1.0}),
    "images.hspy": (
        hspy(STACK, ("", 1.0, 0.0, "<undefined>"), *NM), STACK, {"time": 1.0, "y": 2e-8, "x": 2e-8},
    ),
    "cube.emd": (emd(CUBE, *NM, EV), CUBE, METRES),
    "spectrum.msa": (msa(), CUBE[0, 0], {"energy_loss": 0.5}),
    "pairs.MSA": (msa(format="XY"), CUBE[0, 0], {"energy_loss": 0.5}),
    "cube.dm4": (
        dm4(np.moveaxis(CUBE, -1, 0), (0.5, -20.0, "eV"), (0.02, 0.0, "µm"), (0.02, 0.0, "µm")), CUBE, METRES,
    ),
    "no energies.dm4": (
        dm4(np.moveaxis(CUBE, -1, 0), (1.0, 0.0, ""), (20.0, 0.0, "nm"), (20.0, 0.0, "nm")), CUBE,
        {**METRES, "energy_loss": 1.0},
    ),
    "nothing calibrated.dm4": (
        dm4(np.moveaxis(CUBE, -1, 0), (1.0, 0.0, ""), (1.0, 0.0, ""), (1.0, 0.0, "")), CUBE,
        {**PIXELS, "energy_loss": 1.0},
    ),
    "stack.tif": (plain_tiff, STACK, {"time": 1.0, **PIXELS}),
    "imagej.tiff": (imagej, STACK, {"time": 1.0, "y": 5e-10, "x": 5e-10}),
    "image.npy": (npy(STACK[0]), STACK[0], PIXELS),
    "spectrum.npy": (npy(CUBE[0, 0]), CUBE[0, 0], {"energy_loss": 1.0}),
    "cube.npy": (npy(CUBE), CUBE, {**PIXELS, "energy_loss": 1.0}),
    "series.npy": (npy(SERIES), SERIES, {"time": 1.0, **PIXELS, "energy_loss": 1.0}),
}  # fmt: skip
SI = {"time": "s", "y": "m", "x": "m", "energy_loss": "eV"}


@pytest.mark.parametrize("name", GOOD)
def test_every_format_has_its_axes_in_si(tmp_path: Path, name: str) -> None:
    write, values, steps = GOOD[name]
    write(tmp_path / name)
    recording = read_recording(tmp_path / name)
    data = recording.data
    assert data.dims == tuple(steps)
    np.testing.assert_array_equal(data.values, values)
    for dim, step in steps.items():
        assert data[dim].attrs["units"] == ("1" if step == 1.0 else SI[dim])
        assert data[dim].attrs["long_name"]
        np.testing.assert_allclose(np.diff(data[dim].values), step, rtol=1e-9)
    if steps.get("energy_loss") == 0.5:
        np.testing.assert_allclose(data["energy_loss"].values, ENERGY, rtol=0, atol=1e-9)
    assert recording.source == str(tmp_path / name)
    assert recording.others == 0
    assert data.attrs["units"] in {"1", "counts"}
    if Path(name).suffix.lower() in {".hspy", ".emd", ".npy", ".dm4"}:
        assert isinstance(data.data, dask.array.Array)


def test_a_store_of_counts_is_opened_and_not_read(tmp_path: Path) -> None:
    stored = counts_store()
    write_dataset(stored, tmp_path / "a.zarr")
    recording = read_recording(tmp_path / "a.zarr")
    assert isinstance(recording.data.data, dask.array.Array)
    xr.testing.assert_equal(recording.data.compute(), stored["counts"])
    assert recording.data.attrs == {"units": "electrons", "long_name": "counts"}
    assert recording.metadata == {**METADATA, "instrument": stored.attrs["instrument"]}
    assert set(recording.companions) == {"adf", "abf", "pixel_time", "thickness"}
    np.testing.assert_array_equal(load_companion(recording, "adf").values, stored["adf"].values)


def test_maps_are_recordings_too(tmp_path: Path) -> None:
    maps = counts_store()[["adf", "thickness"]].rename(adf="li_fraction")
    write_dataset(maps, tmp_path / "maps.zarr")
    recording = read_recording(tmp_path / "maps.zarr")
    assert recording.data.dims == ("time", "y", "x")
    assert set(recording.companions) == {"thickness"}


def test_the_largest_signal_with_energies_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "several.hspy"
    big = np.zeros((200, 200), np.float32)
    for title, one in (
        ("image", signal(big, *NM)),
        ("low", signal(CUBE[:2], *NM, EV)),
        ("high", signal(CUBE, *NM, EV)),
    ):
        one["metadata"]["General"]["title"] = title
        write_hspy(tmp_path / "one.hspy", one, show_progressbar=False)
        with h5py.File(tmp_path / "one.hspy") as file, h5py.File(path, "a") as target:
            target.attrs.update(file.attrs)
            file.copy(f"Experiments/{title}", target.require_group("Experiments"))
    recording = read_recording(path)
    assert recording.metadata["title"] == "high"
    assert recording.others == 2


def test_metadata_of_hyperspy_are_found_and_zeros_left_out(tmp_path: Path) -> None:
    tem = {
        "beam_energy": 200.0, "convergence_angle": 0.0, "beam_current": 0.1, "acquisition_mode": "STEM",
        "Detector": {"EELS": {"collection_angle": 100.0, "dwell_time": 0.01}},
    }  # fmt: skip
    write = hspy(CUBE, *NM, EV, signal_type="EELS", Acquisition_instrument={"TEM": tem})
    write(tmp_path / "a.hspy")
    assert read_recording(tmp_path / "a.hspy").metadata == {
        "title": "test", "beam_energy_keV": 200.0, "collection_angle_mrad": 100.0, "dwell_time_s": 0.01,
        "probe_current_A": pytest.approx(1e-10), "acquisition_mode": "stem",
    }  # fmt: skip


def test_sums_are_those_of_the_values(tmp_path: Path) -> None:
    write_dataset(counts_store(), tmp_path / "a.zarr")
    sums = sum_recording(read_recording(tmp_path / "a.zarr"))
    values = spectra().astype(float)
    for got, gone in (
        (sums.spectrum, (0, 1, 2)), (sums.image, (0, 3)), (sums.frames, (1, 2, 3)), (sums.rows, (2, 3)),
    ):  # fmt: skip
        np.testing.assert_array_equal(got.values, values.sum(axis=gone))
    assert (sums.total, sums.smallest, sums.largest) == (values.sum(), values.min(), values.max())
    assert (sums.not_finite, sums.saturated) == (0, 0)


def test_sums_over_many_small_chunks_take_every_one_once(tmp_path: Path) -> None:
    write = signal(SERIES, ("time", 1.5, 0.0, "s"), *NM, EV)
    write_hspy(tmp_path / "a.hspy", write, chunks=(2, 3, 2, 70), show_progressbar=False)
    parts: list[float] = []
    sums = sum_recording(read_recording(tmp_path / "a.hspy"), parts.append)
    np.testing.assert_array_equal(sums.spectrum.values, SERIES.sum(axis=(0, 1, 2)))
    np.testing.assert_array_equal(sums.image.values, SERIES.sum(axis=(0, 3)))
    assert parts[-1] == 1.0


def test_unknown_and_saturated_values_are_counted(tmp_path: Path) -> None:
    values = CUBE.astype(np.float32)
    values[0, 0, :2] = np.nan, np.inf
    np.save(tmp_path / "nan.npy", values)
    sums = sum_recording(read_recording(tmp_path / "nan.npy"))
    assert sums.not_finite == 2
    assert sums.total == pytest.approx(float(CUBE.sum()) - float(CUBE[0, 0, :2].sum()))
    assert np.isfinite([sums.smallest, sums.largest]).all()
    np.save(tmp_path / "full.npy", np.full((2, 3), np.nan))
    assert np.isnan(sum_recording(read_recording(tmp_path / "full.npy")).largest)
    full = CUBE.astype(np.uint16)
    full[0, 0, :3] = 65535
    np.save(tmp_path / "saturated.npy", full)
    assert sum_recording(read_recording(tmp_path / "saturated.npy")).saturated == 3


def cut(write: Write, share: float) -> Write:
    def half(path: Path) -> None:
        write(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return half


def cut_msa(path: Path) -> None:
    msa()(path)
    lines = path.read_text(encoding="latin-1").splitlines(keepends=True)
    path.write_text("".join(lines[:-60]), encoding="latin-1")


def plain_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = CUBE


def with_raw(path: Path) -> None:
    path.write_bytes(b"\0\0\0\4" + bytes(40))
    path.with_suffix(".raw").write_bytes(bytes(100))


SUFFIXES = (".dm3", ".dm4", ".hspy", ".msa", ".emd", ".tif", ".npy")


def bytes_of(content: bytes) -> Write:
    return lambda path: path.write_bytes(content) and None


def store_of(**variables: Any) -> Write:
    return lambda path: write_dataset(xr.Dataset(variables), path)


def store_without_a_chunk(path: Path) -> None:
    write_dataset(counts_store(), path)
    next(entry for entry in (path / "counts" / "c").rglob("*") if entry.is_file()).unlink()


def claims_a_terabyte(path: Path) -> None:
    if path.suffix == ".npy":
        header = np.lib.format.header_data_from_array_1_0(CUBE)
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {**header, "shape": (10**6, 10**6)})
            file.write(bytes(100))
    elif path.suffix == ".tif":
        tifffile.imwrite(path, STACK[0], compression="zlib", photometric="minisblack")
        with tifffile.TiffFile(path, mode="r+b") as tiff:
            tiff.pages.first.tags["ImageLength"].overwrite(10**6)
            tiff.pages.first.tags["ImageWidth"].overwrite(10**6)
    else:
        hspy(CUBE, *NM, EV)(path)
        with h5py.File(path, "r+") as file:
            group = file["Experiments/test"]
            del group["data"]
            group.create_dataset("data", (10**6, 10**6, 200), "u4", chunks=(1, 10, 200))


def damaged_pdf(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 20)


BAD: dict[str, tuple[Write, str]] = {
    "missing.hspy": (lambda _: None, "an existing file"),
    "missing": (lambda _: None, "no such file"),
    "missing.zarr": (lambda _: None, "an existing Zarr store"),
    "folder": (lambda path: path.mkdir(), "this is a folder"),
    "folder.dm4": (lambda path: path.mkdir(), "an existing file"),
    "empty.zarr": (lambda path: path.mkdir(), "no zarr.json"),
    "notes.txt": (lambda path: path.write_text("a"), ".hspy .msa .emd .tif .tiff .npy"),
    "a.zspy": (lambda path: path.write_text("a"), "save it as .hspy"),
    "a.raw": (lambda path: path.write_text("a"), "save it as one .dm4"),
    "raw beside.dm4": (with_raw, "in a .raw file"),
    "run.zarr": (store_of(charge=("time", np.zeros(3))), "it holds charge"),
    "no chunk.zarr": (store_without_a_chunk, "chunks of counts are missing"),
    "terabyte.npy": (claims_a_terabyte, "whole"),
    "terabyte.tif": (claims_a_terabyte, "it claims"),
    "terabyte.hspy": (claims_a_terabyte, "it claims"),
    "pdf.dm4": (damaged_pdf, "not a file of DigitalMicrograph"),
    "pdf.hspy": (damaged_pdf, "whole"),
    "pdf.tif": (damaged_pdf, "whole"),
    "cut.dm4": (cut(dm4(CUBE, (1.0, 0.0, "nm"), (1.0, 0.0, "nm"), (0.5, 0.0, "eV")), 0.5), "whole"),
    **{f"empty{suffix}": (bytes_of(b""), "whole") for suffix in SUFFIXES},
    **{f"noise{suffix}": (bytes_of(bytes(range(256)) * 9), "whole") for suffix in SUFFIXES},
    "cut.hspy": (cut(hspy(CUBE, *NM, EV), 0.5), "whole"),
    "cut.emd": (cut(emd(CUBE, *NM, EV), 0.5), "whole"),
    "cut.tif": (cut(imagej, 0.55), "whole"),
    "cut.npy": (cut(npy(CUBE), 0.9), "whole"),
    "cut.msa": (cut_msa, "141 of 200 channels"),
    "other.hspy": (plain_hdf5, "not a valid HyperSpy"),
    "objects.npy": (npy(np.array([[{}]])), "whole"),
    "complex.npy": (npy(CUBE * 1j), "complex128"),
    "text.npy": (npy(np.array(["a"])), "real numbers"),
    "nothing.npy": (npy(CUBE[:0]), "a recording with pixels"),
    "number.npy": (npy(np.array(3.0)), "a recording with pixels"),
    "five.npy": (npy(np.zeros((1, 1, 2, 2, 2))), "each once"),
    "diffraction.hspy": (hspy(STACK[0], ("ky", 0.1, 0.0, "1/nm"), ("kx", 0.1, 0.0, "1/nm")), "1/nm"),
    "two energies.hspy": (hspy(STACK[0], EV, EV), "each once"),
    "three lengths.hspy": (hspy(STACK, ("z", 1.0, 0.0, "nm"), *NM), "each once"),
    "no step.hspy": (hspy(CUBE, *NM, ("E", 0.0, 0.0, "eV")), "calibrate"),
    "colour.tif": (
        lambda path: tifffile.imwrite(path, np.zeros((4, 5, 3), np.uint8), photometric="rgb"), "colours",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    write, words = BAD[name]
    write(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read_recording(tmp_path / name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_chunk_is_refused_when_it_is_read(tmp_path: Path) -> None:
    write_dataset(counts_store(), tmp_path / "a.zarr")
    chunk = next(entry for entry in (tmp_path / "a.zarr" / "counts" / "c").rglob("*") if entry.is_file())
    chunk.write_bytes(chunk.read_bytes()[:50])
    with pytest.raises(InputError, match="a recording that is whole"):
        sum_recording(read_recording(tmp_path / "a.zarr"))


def recorded(name: str) -> Path:
    if not (RECORDED / name).is_file():
        pytest.skip("recorded files not present")
    return RECORDED / name


def test_recorded_spectra() -> None:
    recording = read_recording(recorded("tio2_ti_l_high_loss.dm4"))
    data = recording.data
    assert dict(data.sizes) == {"y": 6, "x": 10, "energy_loss": 2048}
    assert data["energy_loss"].values[[0, -1]] == pytest.approx([435.0, 486.175], abs=1e-3)
    assert float(data["x"][1] - data["x"][0]) == pytest.approx(3.0576e-9, rel=1e-4)
    assert data.attrs["units"] == "counts"
    assert recording.metadata["beam_energy_keV"] == 200.0
    assert recording.metadata["collection_angle_mrad"] == 100.0
    assert recording.metadata["dwell_time_s"] == pytest.approx(9.995, rel=1e-4)
    spectrum = sum_recording(recording).spectrum
    edge = (
        spectrum.sel(energy_loss=slice(459.0, 471.0)).mean()
        / spectrum.sel(energy_loss=slice(445.0, 455.0)).mean()
    )
    assert float(edge) > 4.0


def test_recorded_image_and_cut_file(tmp_path: Path) -> None:
    path = recorded("perovskite_adf.dm4")
    recording = read_recording(path)
    assert recording.data.dims == ("y", "x")
    assert recording.data.shape == (640, 672)
    (tmp_path / "cut.dm4").write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(InputError, match="whole"):
        sum_recording(read_recording(tmp_path / "cut.dm4"))
