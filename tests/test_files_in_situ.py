"""In-situ series of GMS: times from names, gaps instead of crashes, and values that stay on the disk."""

from __future__ import annotations

import os
import random
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import dask.array
import numpy as np
import pytest
from gms_tree import EELS_TAGS, Axis, dm4_bytes, frame_names, frame_path, write_tree
from rsciio.digitalmicrograph import file_reader

from lto_sim.errors import InputError
from lto_sim.files import load_companion, read_recording, sum_recording
from lto_sim.files.dm_tags import is_cut, scan_dm
from lto_sim.files.in_situ_times import schedule

NM: tuple[Axis, Axis] = ((2.0, 0.0, "nm"), (2.0, 0.0, "nm"))
EV: Axis = (0.5, -20.0, "eV")
SHAPE = (5, 6)


def images(number: int, dtype: str = "float32") -> list[np.ndarray]:
    return [(np.arange(30).reshape(SHAPE) + 100 * n).astype(dtype) for n in range(number)]


def spectra(number: int) -> list[np.ndarray]:
    """Frames as DigitalMicrograph has them, (energy, y, x)."""
    rng = np.random.default_rng(5)
    return [rng.poisson(20.0, (8, *SHAPE)).astype(np.float32) for _ in range(number)]


def cut(path: Path, share: float = 0.7) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32", "uint8", "float32", "float64"])
@pytest.mark.parametrize("version", [3, 4])
def test_rosettasciio_reads_what_the_writer_of_the_tests_writes(
    tmp_path: Path, dtype: str, version: int
) -> None:
    values = np.arange(8 * 30).reshape(8, *SHAPE).astype(dtype)
    path = tmp_path / f"a.dm{version}"
    path.write_bytes(dm4_bytes(values, [EV, *NM], EELS_TAGS, "title", version))
    (signal,) = file_reader(str(path), lazy=True)
    np.testing.assert_array_equal(signal["data"].compute(), values)
    assert signal["data"].dtype == values.dtype
    axes = [(axis["units"], axis["scale"], axis["offset"], axis["size"]) for axis in signal["axes"]]
    assert axes == [("eV", 0.5, -20.0, 8), ("nm", 2.0, 0.0, 5), ("nm", 2.0, 0.0, 6)]
    assert signal["metadata"]["General"]["title"] == "title"
    assert signal["metadata"]["Signal"]["signal_type"] == "EELS"
    (image,) = scan_dm(path)
    assert (image.shape, image.dtype) == (values.shape, values.dtype)
    np.testing.assert_array_equal(image.read(path), values)
    assert not is_cut(path)


RATES = (4.0, 1.0, 2.5, 1 / 1.5, 0.5, 0.1, 15.0, 7.5, 400.0, 1 / 1.2, 3.7, 1 / 1.51, 29.97)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gone", [(), (5,), (5, 6), (4, 11)])
def test_rate_times_and_missing_frames_follow_from_the_names(rate: float, gone: tuple[int, ...]) -> None:
    number = max(160, int(12.5 * rate))
    names = frame_names(number, rate)
    found = [place for n, place in enumerate(names) if n not in gone]
    random.Random(1).shuffle(found)
    plan = schedule(found)
    assert plan.places == tuple(names)
    np.testing.assert_allclose(plan.times, np.arange(number) / rate, rtol=5e-3, atol=1e-9)
    assert plan.rate == pytest.approx(rate, rel=5e-3)
    assert plan.doubt == ""


@pytest.mark.parametrize("last", [3, 11, 19, 27])
def test_a_frame_missing_at_the_end_of_a_second_does_not_change_the_rate(last: int) -> None:
    names = frame_names(40, 4.0)
    plan = schedule([place for n, place in enumerate(names) if n != last])
    assert plan.rate == 4.0
    assert plan.places == tuple(names)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frames_that_come_unevenly_are_no_missing_frames(seed: int) -> None:
    begins = np.cumsum(np.random.default_rng(seed).uniform(1.0, 4.0, 200))
    plan = schedule([(int(begin), 0) for begin in begins])
    assert plan.rate is None
    assert len(plan.places) == 200
    assert np.abs(plan.times - begins).max() <= 1.0
    assert "unevenly" in plan.doubt


def test_a_hole_of_many_seconds_is_filled_and_an_endless_one_is_not() -> None:
    names = frame_names(60, 4.0)
    plan = schedule(names[:20] + names[40:])
    assert plan.places == tuple(names)
    assert len(schedule([(0, 0), (1, 0), (500_000, 0)]).places) == 3
    assert len(schedule([(0, 0), (0, 999_999)]).places) == 2


def test_a_rate_in_the_tags_counts_where_the_names_agree() -> None:
    names = frame_names(10, 2.5)[:4]
    assert schedule(names, 2.5).rate == 2.5
    assert schedule(names, 0.5).rate == 3.0
    plan = schedule([(7, n) for n in range(4)])
    assert "least rate" in plan.doubt
    assert schedule([(7, n) for n in range(4)], 10.0).times[-1] == pytest.approx(7.3)


def test_images_with_a_missing_and_a_cut_frame(tmp_path: Path) -> None:
    frames = images(11)
    paths = write_tree(tmp_path / "cell", frames, NM, rate=4.0)
    paths[2].unlink()
    cut(paths[7])
    with pytest.warns(UserWarning, match=r"2 of \d+ frames") as caught:
        recording = read_recording(tmp_path / "cell")
    assert "cell_Hour_00_Minute_00_Second_00_Frame_0002.dm4 is not there" in str(caught[0].message)
    assert "Second_01_Frame_0003.dm4 is cut" in str(caught[0].message)
    assert str(recording.metadata["missing_frames"]).count(";") == 1
    data = recording.data
    assert data.dims == ("time", "y", "x")
    assert data.dtype == np.float32
    np.testing.assert_allclose(data["time"], 0.25 * np.arange(11))
    np.testing.assert_allclose(data["y"], 2e-9 * np.arange(5), rtol=1e-9)
    assert [data[dim].attrs["units"] for dim in data.dims] == ["s", "m", "m"]
    values = data.values
    good = [n for n in range(11) if n not in (2, 7)]
    np.testing.assert_array_equal(values[good], np.stack(frames)[good])
    assert np.isnan(values[[2, 7]]).all()
    present = load_companion(recording, "frame_present")
    assert present.dtype == np.int8
    assert present.dims == ("time",)
    np.testing.assert_array_equal(present, [int(n in good) for n in range(11)])
    sums = sum_recording(recording)
    assert sums.not_finite == 60
    assert sums.total == pytest.approx(float(np.stack(frames)[good].sum(dtype=float)))


def test_a_whole_series_keeps_its_type_and_warns_of_nothing(tmp_path: Path) -> None:
    frames = images(6, "uint16")
    write_tree(tmp_path, frames, NM, rate=2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recording = read_recording(tmp_path)
    assert recording.data.dtype == np.uint16
    np.testing.assert_array_equal(recording.data.values, np.stack(frames))
    assert "missing_frames" not in recording.metadata


def test_gaps_among_large_whole_numbers_keep_every_digit(tmp_path: Path) -> None:
    frames = [frame + 2**30 + 1 for frame in images(6, "uint32")]
    paths = write_tree(tmp_path, frames, NM, rate=2.0)
    paths[3].unlink()
    with pytest.warns(UserWarning, match=r"1 of \d+ frames"):
        recording = read_recording(tmp_path)
    np.testing.assert_array_equal(recording.data.values[4], frames[4])


def test_spectra_of_a_frame_in_a_second_and_a_half(tmp_path: Path) -> None:
    frames = spectra(7)
    paths = write_tree(tmp_path / "day" / "cell", frames, [EV, *NM], rate=1 / 1.5, image_tags=EELS_TAGS)
    paths[4].unlink()
    with pytest.warns(UserWarning, match="Second_06_Frame_0000.dm4 is not there"):
        recording = read_recording(tmp_path)
    data = recording.data
    assert data.dims == ("time", "y", "x", "energy_loss")
    np.testing.assert_allclose(data["time"], 1.5 * np.arange(7))
    np.testing.assert_allclose(data["energy_loss"], -20.0 + 0.5 * np.arange(8))
    assert data["energy_loss"].attrs["units"] == "eV"
    np.testing.assert_array_equal(data.values[5], np.moveaxis(frames[5], 0, -1))
    assert recording.metadata["beam_energy_keV"] == 200.0
    sums = sum_recording(recording)
    assert sums.spectrum is not None
    assert sums.spectrum.sizes == {"energy_loss": 8}
    np.testing.assert_allclose(
        sums.spectrum, sum(frame.sum(axis=(1, 2)) for n, frame in enumerate(frames) if n != 4)
    )


def test_order_is_that_of_time_whatever_the_directory_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = images(300, "uint16")
    paths = write_tree(tmp_path, frames, NM, rate=4.0)
    assert paths[-1].parent.name == "Second_14"
    walk = os.walk

    def backwards(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, below, names in walk(top):
            yield folder, below, names[::-1]

    monkeypatch.setattr(os, "walk", backwards)
    recording = read_recording(tmp_path)
    np.testing.assert_allclose(recording.data["time"], 0.25 * np.arange(300))
    np.testing.assert_array_equal(recording.data[:, 0, 0], 100 * np.arange(300))


def test_nothing_is_read_before_it_is_asked_for_and_no_file_stays_open(tmp_path: Path) -> None:
    paths = write_tree(tmp_path, images(12), NM, rate=4.0)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    recording = read_recording(tmp_path)
    assert isinstance(recording.data.data, dask.array.Array)
    assert recording.data.chunksizes["time"] == (1,) * 12
    for n, path in enumerate(paths):
        if n != 5:
            path.unlink()
    paths[5].write_bytes(dm4_bytes(np.full(SHAPE, 7.0, np.float32), NM, None, "cell"))
    np.testing.assert_array_equal(recording.data[5].values, np.full(SHAPE, 7.0))
    if before:
        assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(InputError, match="a frame that is whole"):
        sum_recording(recording)


@pytest.mark.parametrize("part", ["Hour_00", "Hour_00/Minute_00", "Hour_00/Minute_00/Second_02"])
def test_a_part_of_the_tree_keeps_the_times_of_the_series(tmp_path: Path, part: str) -> None:
    write_tree(tmp_path, images(14), NM, rate=4.0)
    if part.endswith("02"):
        with pytest.warns(UserWarning, match="least rate"):
            recording = read_recording(tmp_path / part)
        np.testing.assert_allclose(recording.data["time"], 2.0 + 0.25 * np.arange(4))
    else:
        assert read_recording(tmp_path / part).data.sizes["time"] == 14


def test_files_beside_the_frames_do_not_disturb(tmp_path: Path) -> None:
    paths = write_tree(tmp_path, images(8), NM, rate=4.0)
    (paths[0].parent / f"._{paths[0].name}").write_bytes(b"finder")
    (tmp_path / "cell.dm4").write_bytes(paths[0].read_bytes())
    (tmp_path / "notes.txt").write_text("a")
    assert read_recording(tmp_path).data.sizes["time"] == 8


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_recording(path, "FILE")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_series_of_one_kind_is_refused(tmp_path: Path) -> None:
    assert "the folder above Hour_00" in refused(tmp_path)
    write_tree(tmp_path / "a", images(5), NM, name="before")
    write_tree(tmp_path / "b", images(5), NM, name="after")
    line = refused(tmp_path)
    assert "before, after" in line
    assert "give the folder of one" in line
    shutil.copytree(tmp_path / "a", tmp_path / "c" / "copy")
    shutil.copytree(tmp_path / "a", tmp_path / "c" / "original")
    assert "every frame once" in refused(tmp_path / "c")


def test_a_frame_of_another_shape_is_named(tmp_path: Path) -> None:
    paths = write_tree(tmp_path, images(9), NM)
    paths[6].write_bytes(dm4_bytes(np.zeros((4, 4), np.float32), NM, None, "cell"))
    line = refused(tmp_path)
    assert paths[6].name in line
    assert "(4, 4)" in line
    turned = np.zeros(SHAPE[::-1], np.float32)  # of the same size in the file: seen when it is read
    paths[6].write_bytes(dm4_bytes(turned, NM, None, "cell"))
    with pytest.raises(InputError, match="frames of one shape"):
        sum_recording(read_recording(tmp_path))


def test_frames_of_which_none_is_whole(tmp_path: Path) -> None:
    paths = write_tree(tmp_path, images(3), NM)
    for path in paths:
        path.write_bytes(b"%PDF-1.7 not a frame at all")
    assert "all 3 are cut or no .dm4" in refused(tmp_path)


def test_a_first_frame_that_is_damaged_is_a_gap_too(tmp_path: Path) -> None:
    paths = write_tree(tmp_path, images(6), NM, rate=2.0)
    paths[0].write_bytes(b"%PDF-1.7" + bytes(5000))
    paths[1].write_bytes(paths[2].read_bytes()[:20] + bytes(40))
    with pytest.warns(UserWarning, match=r"2 of \d+ frames"):
        recording = read_recording(tmp_path)
    np.testing.assert_array_equal(load_companion(recording, "frame_present"), [0, 0, 1, 1, 1, 1])


def test_a_dm4_whose_values_lie_elsewhere(tmp_path: Path) -> None:
    whole = dm4_bytes(np.zeros(SHAPE, np.float32), NM, {"In-situ": {"Recorded": {"# Frames": 900}}})
    path = tmp_path / "series.dm4"
    path.write_bytes(whole)
    assert read_recording(path).data.dims == ("y", "x")
    path.with_suffix(".raw").write_bytes(bytes(100))
    assert "in a .raw file that nothing but DigitalMicrograph reads" in refused(path)
    path.with_suffix(".raw").unlink()
    (tmp_path / "Hour_00").mkdir()
    assert "give the folder that holds them" in refused(path)


def test_a_dm4_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    content = dm4_bytes(np.zeros(SHAPE, np.float32), NM)
    path = tmp_path / "a.dm4"
    path.write_bytes(content.replace(b"\x05\0\0\0", b"\xff\xff\xff\x7f", 1))
    assert "its data lie in a .raw file" in refused(path)
    path.write_bytes(content[:-200])
    assert "whole" in refused(path)
    path.write_bytes(b"%PDF-1.7\n" + bytes(2000))
    assert "not a file of DigitalMicrograph" in refused(path)


def test_places_are_those_of_the_format(tmp_path: Path) -> None:
    path = frame_path(tmp_path, "a", 3725, 17)
    assert path.parts[-4:] == (
        "Hour_01", "Minute_02", "Second_05", "a_Hour_01_Minute_02_Second_05_Frame_0017.dm4",
    )  # fmt: skip
