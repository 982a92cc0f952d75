"""Plain arrays in and out: the same maps as from a file, and every analysis takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from map_files import FRAME_TIME, PIXEL, K, moving_step, visits
from recorded_files import METADATA, counts_store

from lto_sim.errors import InputError
from lto_sim.files import read_maps
from lto_sim.interop import maps_from_array, maps_to_array, spectra_from_array
from lto_sim.inverse.experiment import read_experiment
from lto_sim.kinetics import Profile, fit_rate_constant, track_front
from lto_sim.microscope import Instrument, render_maps
from lto_sim.quantify import compare_maps
from lto_sim.quantify.recorded import recorded_spectra, recording_instrument
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

PROFILE = Profile((0.0, 124e-9), (1736e-9, 124e-9), 248e-9)


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return simulate(
        Scenario.from_dict(
            {
                "material": "lto",
                "temperature": "75 degC",
                "initial": 1.0,
                "specimen": {
                    "outline": {"shape": "rectangle", "width": "400 nm", "height": "200 nm"},
                    "cell": "20 nm",
                },
                "contacts": {"lps": {"where": {"side": "left"}}},
                "drive": [{"hold": "1.6 V", "until": {"time": "2 s"}}],
                "scan": {"frame_time": "0.25 s", "pixels": [20, 10]},
                "output": {"every": "50 ms"},
            }
        )
    )


def test_maps_are_those_of_the_same_npy_file(tmp_path: Path) -> None:
    values = moving_step(3)[:20]
    np.save(tmp_path / "a.npy", values)
    read = read_maps(tmp_path / "a.npy", FRAME_TIME, PIXEL, start=4.0)
    made = maps_from_array(values, "1.5 s", "31 nm", start=4.0, quantity="intensity")
    for name in ("li_fraction", "pixel_time", "time", "y", "x"):
        np.testing.assert_array_equal(made[name], read[name])
        assert made[name].attrs["units"] == read[name].attrs["units"]
    assert made.attrs["map_quantity"] == read.attrs["map_quantity"] == "intensity"
    for key in ("frame_time_s", "pixel_m", "scan"):
        assert made.attrs[key] == read.attrs[key]
    np.testing.assert_allclose(made["pixel_time"], visits())


def test_every_variable_has_units_and_a_name() -> None:
    maps = maps_from_array(np.ones((2, 3, 4)), 1.0, 1e-8, 0.1, thickness=np.full((3, 4), 1e-7))
    assert set(maps.data_vars) == {"li_fraction", "li_fraction_std", "thickness", "pixel_time"}
    for variable in maps.variables.values():
        assert variable.attrs["units"]
        assert variable.attrs["long_name"]
    assert {"title", "history", "citation", "created"} <= set(maps.attrs)


def test_a_front_in_an_array_gives_its_rate_constant() -> None:
    front = track_front(maps_from_array(moving_step(5), FRAME_TIME, PIXEL, quantity="intensity"), PROFILE)
    fit = fit_rate_constant(front)
    assert fit.k == pytest.approx(K, rel=0.02)


def test_a_run_is_compared_and_fitted_with_maps_of_an_array(run: xr.Dataset) -> None:
    rendered = render_maps(run, noise=0.05, rng=2)
    array = maps_to_array(rendered)
    maps = maps_from_array(*array[:4])
    for name in ("li_fraction", "li_fraction_std", "pixel_time", "time", "y", "x"):
        np.testing.assert_allclose(maps[name], rendered[name], rtol=1e-6, atol=1e-12)
    ours, theirs = compare_maps(run, maps), compare_maps(run, rendered)
    assert ours.chi_square == pytest.approx(theirs.chi_square, rel=1e-5)
    assert ours.chi_square == pytest.approx(1.0, abs=0.15)
    scenario = Scenario.from_dict(dict(_scenario(run)))
    experiment = read_experiment(maps, scenario, "maps")
    np.testing.assert_allclose(experiment.values, array.values)


def _scenario(run: xr.Dataset) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(run.attrs["configuration"])


def test_there_and_back() -> None:
    rng = np.random.default_rng(0)
    values, std = rng.random((4, 3, 5)), 0.1 + rng.random((4, 3, 5))
    values[1, 2, 3] = np.nan
    back = maps_to_array(maps_from_array(values, 0.5, 2e-8, std, start=1.0, scan="none"))
    np.testing.assert_array_equal(back.values, values)
    np.testing.assert_array_equal(back.std, std)
    assert back.frame_time == pytest.approx(0.5)
    assert back.pixel == pytest.approx(2e-8)
    assert back.pixel_time is None
    np.testing.assert_allclose(back.time, [1.0, 1.5, 2.0, 2.5])
    np.testing.assert_allclose(back.x, 2e-8 * (np.arange(5) + 0.5))
    assert maps_to_array(maps_from_array(values, 0.5, 2e-8)).std is None


def test_spectra_of_an_array_are_those_of_the_store() -> None:
    store = counts_store()
    counts = store["counts"]
    time = float(np.diff(counts["time"].values)[0])
    size = float(np.diff(counts["x"].values)[0])
    made = spectra_from_array(
        counts.values, counts["energy_loss"].values, frame_time=time, pixel=size, units="electrons",
        metadata={key: value for key, value in METADATA.items() if key != "title"},
    )  # fmt: skip
    assert made["counts"].dtype == counts.dtype
    for name in ("counts", "time", "y", "x", "energy_loss"):
        np.testing.assert_allclose(made[name], store[name], rtol=1e-12)
    spectra = recorded_spectra(made)
    assert spectra.shape == counts.shape[:-1]
    instrument = recording_instrument(spectra, "jem_arm300f2_continuum_k3")
    assert isinstance(instrument, Instrument)
    np.testing.assert_allclose(instrument.energy_loss, counts["energy_loss"].values)
    assert instrument.beam.voltage == pytest.approx(1e3 * METADATA["beam_energy_keV"])
    one = spectra_from_array(counts.values[0, 0, 0], counts["energy_loss"].values)
    assert one["counts"].dims == ("energy_loss",)
    image = spectra_from_array(counts.values[0], counts["energy_loss"].values, pixel="20 nm")
    assert image["counts"].dims == ("y", "x", "energy_loss")
    assert recorded_spectra(image).shape == (4, 5)


VALUES = np.ones((3, 4, 5))
ENERGY = np.arange(5.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: maps_from_array(np.ones((3, 4)), 1.0, 1e-8), "values.*3 axes"),
        (lambda: maps_from_array(np.ones((3, 4, 5), complex), 1.0, 1e-8), "real numbers"),
        (lambda: maps_from_array(np.full((3, 4, 5), np.nan), 1.0, 1e-8), "no finite value"),
        (lambda: maps_from_array(VALUES, 0.0, 1e-8), "frame_time"),
        (lambda: maps_from_array(VALUES, 1.0, "31 s"), "pixel"),
        (lambda: maps_from_array(VALUES, 1.0, 1e-8, 0.0), "std"),
        (lambda: maps_from_array(VALUES, 1.0, 1e-8, np.ones(4)), "std"),
        (lambda: maps_from_array(VALUES, 1.0, 1e-8, thickness=np.ones((5, 4))), "thickness"),
        (lambda: maps_from_array(VALUES, 1.0, 1e-8, scan="columns"), "scan"),  # type: ignore[arg-type]
        (lambda: maps_from_array(VALUES, 1.0, 1e-8, quantity="x"), "quantity"),  # type: ignore[arg-type]
        (lambda: maps_from_array(VALUES, 1.0, 1e-8, probe_fwhm=-1.0), "probe_fwhm"),
        (lambda: maps_to_array(xr.Dataset()), "render_maps"),
        (lambda: maps_to_array(maps_from_array(VALUES, 1.0, 1e-8).isel(time=[0, 2, 1])), "uneven steps"),
        (lambda: maps_to_array(maps_from_array(VALUES, 1.0, 1e-8).isel(x=[0, 2, 4])), "square pixels"),
        (lambda: spectra_from_array(VALUES, np.arange(4.0), pixel=1e-8), "energy_loss"),
        (lambda: spectra_from_array(VALUES, ENERGY[::-1], pixel=1e-8), "energy_loss"),
        (lambda: spectra_from_array(VALUES, ENERGY), "pixel"),
        (lambda: spectra_from_array(VALUES, ENERGY, pixel=1e-8, frame_time=1.0), "frame_time"),
        (lambda: spectra_from_array(VALUES, ENERGY, pixel=1e-8, metadata={"voltage": 1.0}), "metadata"),
        (lambda: spectra_from_array(np.ones((2, 5)), ENERGY), "1 or 3 or 4 axes"),
    ],
)
def test_what_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
