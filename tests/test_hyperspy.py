"""The real HyperSpy and eXSpy: they open what is written here, and what they save is read here, the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from map_files import FRAME_TIME, PIXEL, labelled, moving_step
from recorded_files import METADATA, counts_store, spectra
from rsciio.hspy import file_reader

from lto_sim.files import Recording, open_dataset, read_recording, write_dataset, write_hspy
from lto_sim.files.hspy import own_companions
from lto_sim.files.map_stack import read_maps
from lto_sim.kinetics import Profile, track_front

pytestmark = pytest.mark.filterwarnings("ignore:Importing `")  # exspy, of HyperSpy's own old places

_ABSENT = "hyperspy is not installed"
_TEXT = {"title", "acquisition_mode", "detector"}


@pytest.fixture
def hs() -> Any:
    pytest.importorskip("exspy", reason=_ABSENT)
    return pytest.importorskip("hyperspy.api", reason=_ABSENT)


@pytest.fixture
def counts(tmp_path: Path) -> xr.Dataset:
    """A recording on the disk, and the same for HyperSpy as ``a.hspy``."""
    write_dataset(counts_store(), tmp_path / "a.zarr")
    stored = open_dataset(tmp_path / "a.zarr")
    extra = {name: stored[name] for name in ("thickness", "pixel_time")}
    write_hspy(stored["counts"], stored.attrs, tmp_path / "a.hspy", companions=extra)
    return stored


def axes_of(found: Any) -> list[tuple[Any, ...]]:
    return [
        (axis.name, axis.units, axis.size, pytest.approx(axis.scale), pytest.approx(axis.offset))
        for axis in found.axes_manager._axes
    ]


def same_recording(recording: Recording, expected: xr.DataArray) -> None:
    """Values, types, and axes in SI."""
    assert recording.data.dims == expected.dims
    assert recording.data.dtype == expected.dtype
    np.testing.assert_array_equal(recording.data, expected)
    for dim in expected.dims:
        assert recording.data[dim].attrs["units"] == expected[dim].attrs["units"]
        np.testing.assert_allclose(recording.data[dim], expected[dim], rtol=1e-12, atol=1e-20)


def test_our_spectra_are_a_lazy_eels_spectrum(hs: Any, counts: xr.Dataset, tmp_path: Path) -> None:
    found = hs.load(tmp_path / "a.hspy", lazy=True)
    assert type(found).__name__ == "LazyEELSSpectrum"
    assert type(found).__module__.startswith("exspy.")
    assert found._lazy
    assert axes_of(found) == [
        ("time", "s", 3, 1.5, 0.0),
        ("y", "nm", 4, 20.0, 10.0),
        ("x", "nm", 5, 20.0, 10.0),
        ("Energy loss", "eV", 200, 0.5, -20.0),
    ]
    assert [axis.name for axis in found.axes_manager.navigation_axes] == ["x", "y", "time"]
    assert [axis.name for axis in found.axes_manager.signal_axes] == ["Energy loss"]
    assert found.axes_manager.signal_axes[0].is_binned
    microscope = found.metadata.Acquisition_instrument.TEM
    assert microscope.beam_energy == 300.0
    assert microscope.convergence_angle == 10.0
    assert microscope.beam_current == pytest.approx(0.1)  # nA
    assert microscope.acquisition_mode == "STEM"
    assert microscope.Detector.EELS.collection_angle == 20.0
    assert microscope.Detector.EELS.dwell_time == 3e-4
    assert found.metadata.General.title == METADATA["title"]
    assert found.metadata.Signal.quantity == "counts (electrons)"
    found.compute(show_progressbar=False)
    assert found.data.dtype == np.uint32
    np.testing.assert_array_equal(found.data, spectra())


def test_exspy_measures_what_is_in_our_spectra(hs: Any, counts: xr.Dataset, tmp_path: Path) -> None:
    """Its own functions take the axes and the metadata: zero loss at 0 eV, energies by value."""
    found = hs.load(tmp_path / "a.hspy")
    centre = found.sum().estimate_zero_loss_peak_centre()
    assert float(centre.data[0]) == pytest.approx(0.0)
    window = found.isig[20.0:30.0].sum(axis="Energy loss").data
    energy = counts["energy_loss"].values
    expected = spectra()[..., (energy >= 20.0) & (energy < 30.0)].sum(axis=-1)
    np.testing.assert_array_equal(window, expected)


def test_what_hyperspy_saves_is_the_same_recording(hs: Any, counts: xr.Dataset, tmp_path: Path) -> None:
    hs.load(tmp_path / "a.hspy", lazy=True).save(tmp_path / "b.hspy", show_progressbar=False)
    ours, theirs = read_recording(tmp_path / "a.hspy"), read_recording(tmp_path / "b.hspy")
    same_recording(theirs, counts["counts"])
    assert theirs.metadata == ours.metadata
    assert theirs.data.attrs == ours.data.attrs
    for name, value in METADATA.items():
        assert theirs.metadata[name] == (value if name in _TEXT else pytest.approx(value))


@pytest.mark.parametrize(
    ("navigation", "energies", "ours"),
    [
        ((slice(1, 4), slice(1, 3), slice(None)), slice(None), {"x": slice(1, 4), "y": slice(1, 3)}),
        ((slice(None), slice(None), 1), slice(None), {"time": 1}),
        ((slice(2, None), 3, slice(0, 2)), slice(None), {"x": slice(2, None), "y": 3, "time": slice(0, 2)}),
        ((slice(None),), slice(10.0, 40.0), {"energy_loss": slice(60, 120)}),
    ],
)
def test_a_part_that_hyperspy_saves_is_that_part(
    hs: Any, counts: xr.Dataset, tmp_path: Path, navigation: Any, energies: slice, ours: dict[str, Any]
) -> None:
    part = hs.load(tmp_path / "a.hspy", lazy=True).inav[navigation].isig[energies]
    part.save(tmp_path / "b.hspy", show_progressbar=False)
    recording = read_recording(tmp_path / "b.hspy")
    expected = counts["counts"].isel(ours)
    same_recording(recording, expected)
    assert recording.metadata["collection_angle_mrad"] == 20.0
    (read,) = file_reader(tmp_path / "b.hspy")
    companions = own_companions(read, recording.data)
    if "y" in expected.dims:
        assert companions.keys() == {"thickness", "pixel_time"}
        for name, companion in companions.items():
            np.testing.assert_array_equal(
                companion, counts[name].isel({k: v for k, v in ours.items() if k in "xy"})
            )
    else:
        assert companions == {}


def test_one_spectrum_as_msa(hs: Any, counts: xr.Dataset, tmp_path: Path) -> None:
    one = hs.load(tmp_path / "a.hspy").inav[2, 1, 0]
    one.save(tmp_path / "b.msa")
    recording = read_recording(tmp_path / "b.msa")
    expected = counts["counts"].isel(x=2, y=1, time=0)
    assert recording.data.dims == ("energy_loss",)
    np.testing.assert_allclose(recording.data, expected)
    np.testing.assert_allclose(recording.data["energy_loss"], expected["energy_loss"], rtol=1e-6)
    for name in (
        "title",
        "beam_energy_keV",
        "convergence_angle_mrad",
        "collection_angle_mrad",
        "dwell_time_s",
    ):
        value = METADATA[name]
        assert recording.metadata[name] == (value if name in _TEXT else pytest.approx(value))


def test_our_maps_are_images(hs: Any, tmp_path: Path) -> None:
    values = np.random.default_rng(2).random((3, 4, 6)).astype(np.float32)
    maps = labelled(values, "li_fraction", units="1", long_name="projected Li fraction")
    write_hspy(maps, {"title": "lithium maps"}, tmp_path / "a.hspy")
    found = hs.load(tmp_path / "a.hspy", lazy=True)
    assert type(found).__name__ == "LazySignal2D"
    assert axes_of(found) == [
        ("time", "s", 3, FRAME_TIME, 0.0),
        ("y", "nm", 4, 31.0, 15.5),
        ("x", "nm", 6, 31.0, 15.5),
    ]
    assert [axis.name for axis in found.axes_manager.signal_axes] == ["x", "y"]
    assert found.metadata.Signal.quantity == "projected Li fraction"
    found.save(tmp_path / "b.hspy", show_progressbar=False)
    same_recording(read_recording(tmp_path / "b.hspy"), maps)


def test_a_stack_made_in_hyperspy_is_tracked(hs: Any, tmp_path: Path) -> None:
    values = moving_step(8)
    stack = hs.signals.Signal2D(values)
    for axis, (name, units, scale) in zip(
        stack.axes_manager._axes,
        [("time", "s", FRAME_TIME), ("y", "µm", PIXEL * 1e6), ("x", "µm", PIXEL * 1e6)],
        strict=True,
    ):
        axis.name, axis.units, axis.scale = name, units, scale
    stack.save(tmp_path / "theirs.hspy")
    write_hspy(labelled(values), {}, tmp_path / "ours.hspy")
    profile = Profile((0.0, 124e-9), (1736e-9, 124e-9), 248e-9)
    fronts = [
        track_front(read_maps(tmp_path / f"{name}.hspy"), profile)["front_position"]
        for name in ("theirs", "ours")
    ]
    np.testing.assert_allclose(*fronts, rtol=1e-9)
