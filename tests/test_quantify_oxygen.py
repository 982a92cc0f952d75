"""O-O distances of synthetic spectra whose distances are put in."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.microscope import SpectrumModel, spectrum_model
from lto_sim.quantify import Reason
from lto_sim.quantify.lines.edge_maps import quantify_oxygen
from lto_sim.quantify.lines.oxygen import o_o_distance_map

THICKNESS = 100e-9
ELECTRONS = 7600.0
"""Mean of a channel of 0.1 eV: ten rows of the slit."""
SEEDS = (1, 2, 3)
DRAWS = 40


@pytest.fixture(scope="module")
def models() -> tuple[SpectrumModel, SpectrumModel]:
    """High and low loss."""
    instrument = lto.Instrument.preset("hf3300_gif_quantum")
    return spectrum_model(instrument), spectrum_model(instrument.with_values({"spectrometer.offset": -20.0}))


def expected(models: tuple[SpectrumModel, SpectrumModel], x: float):
    high, low = models
    spectrum = high.recorded(THICKNESS, x)
    scale = ELECTRONS / spectrum.mean()
    return high.energy_loss, spectrum * scale, (low.energy_loss, low.recorded(THICKNESS, x))


@pytest.mark.parametrize(("x", "distance"), [(0.0, 0.280), (1.0, 0.310)])
def test_the_distance_put_in_is_found(models, x: float, distance: float) -> None:
    energy, spectrum, low_loss = expected(models, x)
    found = o_o_distance_map(energy, spectrum, low_loss=low_loss, counts_per_electron=1.0)
    assert found.failed.shape == ()
    assert found.failed == 0
    assert float(found.distance) * 1e9 == pytest.approx(distance, abs=6e-4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("x", "distance"), [(0.0, 0.280), (1.0, 0.310)])
def test_drawn_spectra_have_no_bias_and_the_stated_deviation(models, x, distance, seed) -> None:
    energy, spectrum, low_loss = expected(models, x)
    drawn = np.random.default_rng(seed).poisson(spectrum, (DRAWS, energy.size))
    found = o_o_distance_map(energy, drawn, low_loss=low_loss, counts_per_electron=1.0)
    assert np.all(found.failed == 0)
    assert found.distance.mean() * 1e9 == pytest.approx(distance, abs=6e-4)
    stated = np.sqrt((found.distance_std**2).mean())
    # the scatter of 40 values is itself known to 11 %
    assert found.distance.std(ddof=1) == pytest.approx(stated, rel=0.35)


def test_the_low_loss_is_what_makes_distances_absolute(models) -> None:
    energy, spectrum, low_loss = expected(models, 1.0)
    with_low = o_o_distance_map(energy, spectrum, low_loss=low_loss, counts_per_electron=1.0)
    without = o_o_distance_map(energy, spectrum, counts_per_electron=1.0)
    assert abs(float(without.distance) - 0.310e-9) > 2.0 * abs(float(with_low.distance) - 0.310e-9)


def test_deviations_of_an_unknown_detector_come_from_residuals(models) -> None:
    """Counts of gain 5, spread over three channels: scatter and deviations, without being told either."""
    energy, spectrum, low_loss = expected(models, 0.0)
    drawn = 5.0 * np.random.default_rng(7).poisson(spectrum, (DRAWS, energy.size))
    drawn = (0.25 * np.roll(drawn, 1, axis=1) + 0.5 * drawn + 0.25 * np.roll(drawn, -1, axis=1))[:, 2:-2]
    found = o_o_distance_map(energy[2:-2], drawn, low_loss=low_loss)
    assert np.all(found.failed == 0)
    assert not found.fit.noise.known
    stated = np.sqrt((found.distance_std**2).mean())
    assert found.distance.std(ddof=1) == pytest.approx(stated, rel=0.35)


def test_failed_pixels_have_a_reason_and_no_number(models) -> None:
    energy, spectrum, low_loss = expected(models, 0.0)
    rng = np.random.default_rng(3)
    flat = np.full_like(spectrum, 50.0)
    spectra = rng.poisson(np.stack([spectrum, flat, spectrum])).astype(float)
    spectra[2, 100] = np.nan
    found = o_o_distance_map(energy, spectra, low_loss=low_loss, counts_per_electron=1.0)
    assert found.failed[[0, 2]].tolist() == [Reason.NONE, Reason.NOT_RECORDED]
    assert found.failed[1] == Reason.NO_EDGE
    assert np.isfinite(found.distance).tolist() == [True, False, False]


def test_labelled_maps(models) -> None:
    energy, spectrum, low_loss = expected(models, 0.0)
    counts = np.random.default_rng(4).poisson(spectrum, (1, 2, 2, energy.size)).astype(np.uint32)
    axis = ("energy_loss", energy, {"units": "eV", "long_name": "energy loss"})
    recording = xr.DataArray(counts, {"energy_loss": axis}, ("time", "y", "x", "energy_loss"))
    low = xr.DataArray(low_loss[1], {"energy_loss": ("energy_loss", low_loss[0], axis[2])}, ("energy_loss",))
    maps = quantify_oxygen(recording, low, counts_per_electron=1.0)
    assert maps["o_o_distance"].dims == ("time", "y", "x")
    assert maps["o_o_distance"].attrs["units"] == "m"
    np.testing.assert_allclose(maps["o_o_distance"], 0.280e-9, atol=1.2e-12)
    assert maps["failed"].dtype == np.uint8
    assert len(maps["failed"].attrs["flag_meanings"].split()) == len(maps["failed"].attrs["flag_values"])
    assert all({"units", "long_name"} <= set(variable.attrs) for variable in maps.data_vars.values())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"window": (520.0, 540.0)}, "window"),
        ({"align": "zero_loss"}, "align"),
        ({"counts_per_electron": 0.0}, "counts_per_electron"),
        ({"read_noise": -1.0}, "read_noise"),
    ],
)
def test_bad_input_is_one_line(models, change: dict[str, object], word: str) -> None:
    energy, spectrum, _ = expected(models, 0.0)
    with pytest.raises(InputError, match=f"^{word}: "):
        o_o_distance_map(energy, spectrum, **change)


def test_a_range_without_the_edge_is_refused(models) -> None:
    energy, spectrum, _ = expected(models, 0.0)
    with pytest.raises(InputError, match="energy_loss"):
        o_o_distance_map(energy[:1000], spectrum[:1000])
    with pytest.raises(InputError, match=r"^low_loss: "):
        o_o_distance_map(energy, spectrum, low_loss=(energy, spectrum))
