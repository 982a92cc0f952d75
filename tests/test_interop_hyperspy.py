"""The real HyperSpy and eXSpy in memory: what goes there comes back, also cut out, and theirs comes here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from map_files import FRAME_TIME, PIXEL, moving_step
from recorded_files import METADATA, counts_store

from lto_sim.errors import InputError
from lto_sim.interop import from_hyperspy, maps_from_array, to_hyperspy
from lto_sim.kinetics import Profile, track_front

pytestmark = pytest.mark.filterwarnings("ignore:Importing `")  # exspy, of HyperSpy's own old places

_ABSENT = "hyperspy is not installed"


@pytest.fixture(scope="module")
def hs() -> Any:
    pytest.importorskip("exspy", reason=_ABSENT)
    return pytest.importorskip("hyperspy.api", reason=_ABSENT)


def own_maps(std: Any = 0.1) -> xr.Dataset:
    values = np.random.default_rng(1).random((6, 4, 5))
    maps = maps_from_array(values, 1.5, 20e-9, std, thickness=np.full((4, 5), 150e-9), start=3.0)
    return maps.assign_attrs(beam_energy_keV=300.0, convergence_angle_mrad=10.0)


def axes_of(signal: Any) -> list[tuple[Any, ...]]:
    return [
        (axis.name, axis.units, axis.size, pytest.approx(axis.scale), pytest.approx(axis.offset))
        for axis in signal.axes_manager._axes
    ]


def same(found: xr.Dataset, expected: xr.Dataset, *names: str) -> None:
    for name in (*names, "time", "y", "x"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-20)
        assert found[name].attrs["units"] == expected[name].attrs["units"]


def test_maps_are_images_over_time(hs: Any) -> None:
    signal = to_hyperspy(own_maps())
    assert type(signal).__name__ == "Signal2D"
    assert not signal._lazy
    assert axes_of(signal) == [
        ("time", "s", 6, 1.5, 3.0),
        ("y", "nm", 4, 20.0, 10.0),
        ("x", "nm", 5, 20.0, 10.0),
    ]
    assert [axis.name for axis in signal.axes_manager.navigation_axes] == ["time"]
    assert signal.metadata.Signal.quantity == "projected Li fraction"
    assert signal.metadata.Acquisition_instrument.TEM.beam_energy == 300.0
    assert signal.metadata.Signal.Noise_properties.variance == pytest.approx(0.01)
    assert not signal.metadata.has_item("General.original_filename")
    assert not signal.tmp_parameters.has_item("filename")
    signal.data[0, 0, 0] = 5.0  # its own, in memory


def test_maps_come_back(hs: Any) -> None:
    maps = own_maps()
    back = from_hyperspy(to_hyperspy(maps))
    same(back, maps, "li_fraction", "li_fraction_std", "thickness", "pixel_time")
    assert back.attrs["map_quantity"] == "li_fraction"
    assert back.attrs["beam_energy_keV"] == 300.0
    assert back["li_fraction"].attrs["long_name"] == maps["li_fraction"].attrs["long_name"]


def test_deviations_of_every_pixel_come_back(hs: Any) -> None:
    std = 0.05 + np.random.default_rng(4).random((6, 4, 5))
    maps = own_maps(std)
    signal = to_hyperspy(maps)
    np.testing.assert_allclose(signal.metadata.Signal.Noise_properties.variance.data, std**2)
    same(from_hyperspy(signal), maps, "li_fraction_std")


def test_a_part_cut_out_in_hyperspy_is_that_part(hs: Any) -> None:
    maps = own_maps()
    back = from_hyperspy(to_hyperspy(maps).inav[2:5].isig[1:4, 1:])
    same(
        back,
        maps.isel(time=slice(2, 5), x=slice(1, 4), y=slice(1, 4)),
        "li_fraction",
        "thickness",
        "pixel_time",
    )


def test_spectra_are_eels_and_come_back(hs: Any) -> None:
    store = counts_store()
    signal = to_hyperspy(store)
    assert type(signal).__name__ == "EELSSpectrum"
    assert type(signal).__module__.startswith("exspy.")
    assert [axis.name for axis in signal.axes_manager.navigation_axes] == ["x", "y", "time"]
    assert signal.axes_manager.signal_axes[0].units == "eV"
    microscope = signal.metadata.Acquisition_instrument.TEM
    assert microscope.Detector.EELS.collection_angle == METADATA["collection_angle_mrad"]
    assert microscope.Detector.EELS.dwell_time == METADATA["dwell_time_s"]
    centre = signal.sum().estimate_zero_loss_peak_centre()
    assert float(centre.data[0]) == pytest.approx(0.0)
    back = from_hyperspy(signal)
    assert back["counts"].dtype == store["counts"].dtype
    np.testing.assert_array_equal(back["counts"], store["counts"])
    same(back, store, "thickness", "pixel_time")
    np.testing.assert_allclose(back["energy_loss"], store["energy_loss"])
    assert back["counts"].attrs["units"] == store["counts"].attrs["units"]
    for name, value in METADATA.items():
        if not isinstance(value, str):
            assert back.attrs[name] == pytest.approx(value)


def test_another_variable(hs: Any) -> None:
    signal = to_hyperspy(own_maps(), "thickness")
    assert type(signal).__name__ == "Signal2D"
    np.testing.assert_allclose(signal.data, 150e-9)
    assert signal.metadata.Signal.quantity == "specimen thickness (m)"


def their_stack(hs: Any, values: np.ndarray, calibrated: bool = True) -> Any:
    signal = hs.signals.Signal2D(values)
    if calibrated:
        units = [("time", "s", FRAME_TIME), ("y", "µm", PIXEL * 1e6), ("x", "µm", PIXEL * 1e6)]
        for axis, (name, unit, scale) in zip(signal.axes_manager._axes, units, strict=True):
            axis.name, axis.units, axis.scale = name, unit, scale
    return signal


def test_a_front_is_tracked_in_their_signal(hs: Any) -> None:
    values = moving_step(8)
    profile = Profile((0.0, 124e-9), (1736e-9, 124e-9), 248e-9)
    ours = track_front(maps_from_array(values, FRAME_TIME, PIXEL, quantity="intensity"), profile)
    for signal, options in (
        (their_stack(hs, values), {}),
        (their_stack(hs, values, calibrated=False), {"frame_time": FRAME_TIME, "pixel": "31 nm"}),
        (their_stack(hs, values).as_lazy(), {}),
    ):
        maps = from_hyperspy(signal, **options)
        assert maps.attrs["map_quantity"] == "intensity"
        theirs = track_front(maps, profile)
        for name in ("front_position", "front_time"):
            np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-9)


def test_their_variance_and_our_word_for_li_fractions(hs: Any) -> None:
    signal = their_stack(hs, np.random.default_rng(0).random((3, 4, 5)))
    signal.set_noise_variance(0.04)
    maps = from_hyperspy(signal, quantity="li_fraction", scan="none")
    np.testing.assert_allclose(maps["li_fraction_std"], 0.2)
    assert maps.attrs["map_quantity"] == "li_fraction"
    assert "pixel_time" not in maps
    assert "li_fraction_std" not in from_hyperspy(their_stack(hs, np.ones((3, 4, 5))))


def test_what_is_refused(hs: Any) -> None:
    with pytest.raises(InputError, match=r"hyperspy\.load"):
        from_hyperspy(np.ones((3, 4, 5)))
    with pytest.raises(InputError, match="frame_time"):
        from_hyperspy(their_stack(hs, np.ones((3, 4, 5)), calibrated=False), pixel=1e-8)
    with pytest.raises(InputError, match="images over time"):
        from_hyperspy(hs.signals.Signal2D(np.ones((4, 5))))
    with pytest.raises(InputError, match="a variable of the dataset"):
        to_hyperspy(own_maps(), "counts")
    with pytest.raises(InputError, match="real numbers"):
        from_hyperspy(their_stack(hs, np.ones((3, 4, 5), complex)))


def test_without_hyperspy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "hyperspy", None)
    with pytest.raises(InputError, match="pip install hyperspy"):
        to_hyperspy(own_maps())
