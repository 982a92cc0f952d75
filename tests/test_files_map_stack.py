"""Series of maps of other programs: axes from the file or from the user, gaps, and what cannot be a map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray as xr
from gms_tree import dm4_bytes, write_tree
from map_files import FRAME_TIME, PIXEL, WRITERS, labelled, visits, write_imagej
from recorded_files import counts_store, signal
from rsciio.hspy import file_reader, file_writer

from lto_sim.errors import InputError
from lto_sim.files import write_dataset, write_hspy
from lto_sim.files.hspy import own_companions, own_labels
from lto_sim.files.map_stack import read_maps

SHAPE = (5, 8, 12)
VALUES = np.random.default_rng(4).normal(100.0, 5.0, SHAPE).astype(np.float32)


def centres(size: int) -> np.ndarray:
    return PIXEL * (np.arange(size) + 0.5)


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_same_maps(tmp_path: Path, suffix: str) -> None:
    WRITERS[suffix](VALUES, tmp_path / f"a.{suffix}")
    given = {"frame_time": "1.5 s", "pixel": "31 nm"} if suffix == "npy" else {}
    maps = read_maps(tmp_path / f"a.{suffix}", **given)
    np.testing.assert_array_equal(maps["li_fraction"], VALUES)
    assert maps["li_fraction"].dims == ("time", "y", "x")
    np.testing.assert_allclose(maps["time"], FRAME_TIME * np.arange(5), rtol=1e-12)
    np.testing.assert_allclose(maps["y"], centres(8), rtol=1e-12)
    np.testing.assert_allclose(maps["x"], centres(12), rtol=1e-12)
    np.testing.assert_allclose(maps["pixel_time"], visits(8, 12), rtol=1e-12)
    assert maps.attrs["map_quantity"] == "intensity"
    assert maps["li_fraction"].attrs["long_name"].startswith("intensity")
    assert all({"units", "long_name"} <= set(maps[name].attrs) for name in maps.variables)
    assert maps.attrs["frame_time_s"] == pytest.approx(1.5)
    assert maps.attrs["pixel_m"] == pytest.approx(31e-9)
    assert maps.attrs["frame_time_origin"] == ("given" if suffix == "npy" else "of the file")
    assert f"read maps from a.{suffix}" in maps.attrs["history"]


def test_a_stack_and_an_in_situ_series_of_digitalmicrograph(tmp_path: Path) -> None:
    image = [(31.0, 0.0, "nm"), (31.0, 0.0, "nm")]
    (tmp_path / "a.dm4").write_bytes(dm4_bytes(VALUES, [(1.5, 0.0, "s"), *image]))
    paths = write_tree(tmp_path / "series", list(VALUES), image, rate=1 / FRAME_TIME)
    stack = read_maps(tmp_path / "a.dm4")
    series = read_maps(tmp_path / "series")
    for maps in (stack, series):
        np.testing.assert_array_equal(maps["li_fraction"], VALUES)
        np.testing.assert_allclose(maps["time"], FRAME_TIME * np.arange(5), rtol=1e-6)
        np.testing.assert_allclose(maps["x"], centres(12), rtol=1e-6)
        assert maps.attrs["map_quantity"] == "intensity"
    paths[2].unlink()
    with pytest.warns(UserWarning, match="is not there") as caught:
        gap = read_maps(tmp_path / "series")
    assert len(caught) == 1  # that of the series alone
    np.testing.assert_allclose(gap["time"], FRAME_TIME * np.arange(5), rtol=1e-6)
    assert np.isnan(gap["li_fraction"][2]).all()
    np.testing.assert_array_equal(gap["li_fraction"][3], VALUES[3])


def test_values_that_are_given_win(tmp_path: Path) -> None:
    write_imagej(VALUES, tmp_path / "a.tif")
    maps = read_maps(tmp_path / "a.tif", frame_time=2.0, pixel=10e-9, start="3 s", scan="none")
    np.testing.assert_allclose(maps["time"], 3.0 + 2.0 * np.arange(5))
    np.testing.assert_allclose(maps["x"], 10e-9 * (np.arange(12) + 0.5))
    assert "pixel_time" not in maps
    assert maps.attrs["frame_time_origin"] == "given; the file says 1.5 s"
    assert maps.attrs["pixel_origin"] == "given; the file says 3.1e-08 m"


@pytest.mark.parametrize(("tags", "expected"), [({"tunit": "min"}, 90.0), ({"tunit": "sec"}, 1.5)])
def test_imagej_s_unit_of_time(tmp_path: Path, tags: dict[str, str], expected: float) -> None:
    write_imagej(VALUES, tmp_path / "a.tif", **tags)
    assert float(read_maps(tmp_path / "a.tif")["time"][1]) == pytest.approx(expected)


@pytest.mark.parametrize("tags", [{"finterval": 0.0}, {"tunit": "nm"}])
def test_a_frame_interval_that_says_nothing_is_asked_for(tmp_path: Path, tags: dict[str, object]) -> None:
    write_imagej(VALUES, tmp_path / "a.tif", **tags)
    with pytest.raises(InputError, match=r"frame_time.*--frame-time"):
        read_maps(tmp_path / "a.tif")


def test_what_a_file_does_not_say_is_asked_for(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", VALUES)
    with pytest.raises(InputError, match=r"a\.tif does not say it: give it, as --frame-time"):
        read_maps(tmp_path / "a.tif", pixel=PIXEL)
    with pytest.raises(InputError, match=r"a\.tif does not say it: give it, as --pixel"):
        read_maps(tmp_path / "a.tif", frame_time=1.5)
    assert read_maps(tmp_path / "a.tif", 1.5, PIXEL).sizes == {"time": 5, "y": 8, "x": 12}


def test_whole_numbers_become_floating_ones(tmp_path: Path) -> None:
    values = np.arange(5 * 8 * 12, dtype=np.uint16).reshape(SHAPE)
    write_imagej(values, tmp_path / "a.tif")
    maps = read_maps(tmp_path / "a.tif")
    assert maps["li_fraction"].dtype == np.float64
    np.testing.assert_array_equal(maps["li_fraction"], values)


def test_coordinates_of_a_file_that_has_them_stay(tmp_path: Path) -> None:
    data = labelled(VALUES)
    data = data.assign_coords(x=data["x"] + 1e-6, time=data["time"] + 30.0)
    data["x"].attrs, data["time"].attrs = {"units": "m"}, {"units": "s"}
    write_hspy(data, {"beam_energy_keV": 300.0}, tmp_path / "a.hspy")
    maps = read_maps(tmp_path / "a.hspy")
    np.testing.assert_allclose(maps["x"], centres(12) + 1e-6, rtol=1e-9)
    np.testing.assert_allclose(maps["time"], 30.0 + FRAME_TIME * np.arange(5))
    assert maps.attrs["beam_energy_keV"] == 300.0
    again = read_maps(tmp_path / "a.hspy", start=0.0)
    np.testing.assert_allclose(again["time"], FRAME_TIME * np.arange(5), atol=1e-12)


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_own_maps_are_left_as_they_are(tmp_path: Path, suffix: str) -> None:
    maps = xr.Dataset(
        {
            "li_fraction": labelled(VALUES),
            "li_fraction_std": labelled(np.full(SHAPE, 0.1)),
            "pixel_time": (("y", "x"), 0.5 * visits(8, 12), {"units": "s"}),
        },
        attrs={"configuration": "seed = 1\n", "seed": 1, "title": "lithium maps"},
    )
    write_dataset(maps, tmp_path / f"a.{suffix}")
    xr.testing.assert_identical(read_maps(tmp_path / f"a.{suffix}"), maps)
    slower = read_maps(tmp_path / f"a.{suffix}", frame_time=3.0)
    np.testing.assert_allclose(slower["time"], 3.0 * np.arange(5))
    np.testing.assert_allclose(slower["pixel_time"], visits(8, 12))  # of the frame the same part
    assert slower.attrs["configuration"] == "seed = 1\n"
    assert slower.attrs["history"].endswith(f"read maps from a.{suffix}")
    rows = read_maps(tmp_path / f"a.{suffix}", scan="rows")
    np.testing.assert_allclose(rows["pixel_time"], visits(8, 12))


def test_gaps_between_frames_stay_when_the_frame_time_is_given(tmp_path: Path) -> None:
    uneven = labelled(VALUES).assign_coords(time=("time", [0.0, 1.5, 4.5, 6.0, 7.5], {"units": "s"}))
    write_hspy(uneven, {}, tmp_path / "a.hspy")
    np.testing.assert_allclose(read_maps(tmp_path / "a.hspy")["time"], [0.0, 1.5, 4.5, 6.0, 7.5])
    maps = read_maps(tmp_path / "a.hspy", frame_time=1.0)
    np.testing.assert_allclose(maps["time"], [0.0, 1.0, 3.0, 4.0, 5.0])
    assert maps.attrs["frame_time_origin"] == "given; the file says 1.5 s"


def test_frames_without_values_are_gaps(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[[1, 3]] = np.nan
    values[2, :, 3] = np.nan
    write_imagej(values, tmp_path / "a.tif")
    with pytest.warns(UserWarning, match=r"gaps: 1, 3 \(counted from 0\)"):
        maps = read_maps(tmp_path / "a.tif")
    assert maps.sizes["time"] == 5
    values[:] = np.nan
    write_imagej(values, tmp_path / "a.tif")
    with pytest.raises(InputError, match="every pixel of every frame is NaN"):
        read_maps(tmp_path / "a.tif")


def test_frames_are_sorted_by_time(tmp_path: Path) -> None:
    mixed = labelled(VALUES).assign_coords(time=("time", [0.0, 3.0, 1.5, 4.5, 6.0], {"units": "s"}))
    write_dataset(xr.Dataset({"li_fraction": mixed}), tmp_path / "a.zarr")
    write_hspy(mixed, {}, tmp_path / "a.hspy")
    for name in ("a.zarr", "a.hspy"):
        with pytest.warns(UserWarning, match="not in the order of their times"):
            maps = read_maps(tmp_path / name)
        np.testing.assert_allclose(maps["time"], FRAME_TIME * np.arange(5))
        np.testing.assert_array_equal(maps["li_fraction"][1], VALUES[2])


def test_two_frames_at_one_time_are_named(tmp_path: Path) -> None:
    twice = labelled(VALUES).assign_coords(time=("time", [0.0, 3.0, 1.5, 4.5, 3.0], {"units": "s"}))
    write_dataset(xr.Dataset({"li_fraction": twice}), tmp_path / "a.zarr")
    write_hspy(twice, {}, tmp_path / "a.hspy")
    for name in ("a.zarr", "a.hspy"):
        with pytest.raises(InputError, match=r"maps.time: got 3.0; .* frames 1 and 4"):
            read_maps(tmp_path / name)


def test_files_that_hold_no_maps_say_what_to_do(tmp_path: Path) -> None:
    counts = counts_store()
    write_dataset(counts, tmp_path / "counts.zarr")
    write_hspy(counts["counts"], counts.attrs, tmp_path / "counts.hspy")
    np.save(tmp_path / "counts.npy", counts["counts"].values)
    for name in ("counts.zarr", "counts.hspy", "counts.npy"):
        with pytest.raises(InputError, match="lto-sim quantify"):
            read_maps(tmp_path / name, 1.5, PIXEL)
    np.save(tmp_path / "image.npy", VALUES[0])
    write_imagej(VALUES[0], tmp_path / "image.tif", axes="YX")
    for name in ("image.npy", "image.tif"):
        with pytest.raises(InputError, match="give all frames as one stack"):
            read_maps(tmp_path / name, 1.5, PIXEL)
    line = signal(VALUES[:, 0], ("time", 1.5, 0.0, "s"), ("x", 31.0, 0.0, "nm"))
    file_writer(str(tmp_path / "line.hspy"), line, show_progressbar=False)
    with pytest.raises(InputError, match="axes time, y and x"):
        read_maps(tmp_path / "line.hspy")
    run = xr.Dataset({"li_fraction": (("time", "z", "y", "x"), np.zeros((2, 2, 3, 4)))})
    write_dataset(run, tmp_path / "run.zarr")
    with pytest.raises(InputError, match="lto-sim render"):
        read_maps(tmp_path / "run.zarr")
    write_dataset(xr.Dataset({"front_position": ("time", np.zeros(2))}), tmp_path / "front.zarr")
    with pytest.raises(InputError, match="it holds front_position"):
        read_maps(tmp_path / "front.zarr")


@pytest.mark.parametrize(
    "given",
    [{"frame_time": 0.0}, {"frame_time": -1.5}, {"frame_time": "1.5 nm"}, {"frame_time": np.nan},
     {"pixel": "31 s"}, {"pixel": 0.0}, {"start": "soon"}, {"scan": "columns"}],
)  # fmt: skip
def test_given_values_that_cannot_be_used(tmp_path: Path, given: dict[str, object]) -> None:
    write_imagej(VALUES, tmp_path / "a.tif")
    with pytest.raises(InputError, match=next(iter(given))):
        read_maps(tmp_path / "a.tif", **given)  # type: ignore[arg-type]


def test_own_hspy_says_what_it_holds_and_takes_companions_along(tmp_path: Path) -> None:
    data = labelled(VALUES, "li_fraction", units="1", long_name="projected Li fraction")
    extra = {
        "thickness": xr.DataArray(np.arange(96.0).reshape(8, 12), data.isel(time=0).coords, ("y", "x")),
        "dose": xr.DataArray(np.arange(5.0), {"time": data["time"]}, ("time",), attrs={"units": "1"}),
    }
    write_hspy(data, {"title": "maps"}, tmp_path / "a.hspy", companions=extra)
    (read,) = file_reader(tmp_path / "a.hspy")
    assert own_labels(read) == {"name": "li_fraction", "units": "1", "long_name": "projected Li fraction"}
    part = data.isel(time=slice(1, 4), x=slice(2, 7))
    found = own_companions(read, part)
    assert set(found) == {"thickness", "dose"}
    np.testing.assert_array_equal(found["thickness"], extra["thickness"].isel(x=slice(2, 7)))
    np.testing.assert_array_equal(found["dose"], [1.0, 2.0, 3.0])
    xr.testing.assert_equal(found["thickness"]["x"].drop_vars("x"), part["x"].drop_vars("x"))
    assert set(own_companions(read, data.isel(y=0, drop=True))) == {
        "dose"
    }  # without y there is no thickness(y, x)
    assert own_companions(read, data.assign_coords(x=data["x"] * 2.0)).keys() == {"dose"}
    with pytest.raises(InputError, match="thickness"):
        write_hspy(data, {}, tmp_path / "b.hspy", companions={"thickness": extra["thickness"].rename(y="z")})


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"dims": "y x"},
        {"dims": "y x", "values": [1.0], "units": "m", "long_name": "", "y": [0], "x": [0]},
        3,
    ],
)
def test_companions_that_do_not_fit_are_left_out(damaged: object) -> None:
    read = {"original_metadata": {"lto_sim_companions": {"thickness": damaged}}}
    assert own_companions(read, labelled(VALUES)) == {}
    assert own_companions({"original_metadata": {"lto_sim_companions": 3}}, labelled(VALUES)) == {}
    assert own_labels({}) == {}
