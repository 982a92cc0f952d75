"""Intensity maps of known contrast and offset come back as li fractions; the front and k do not notice."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.kinetics import Profile, fit_rate_constant, track_front
from lto_sim.quantify.series.normalise import KnownFraction, normalise_maps
from lto_sim.quantify.series.plateaus import find_plateaus, normalise_by_plateaus

SEEDS: Final = (1, 2, 3)
PIXEL: Final = 31e-9
ROWS: Final = 16
COLUMNS: Final = 48
X4: Final = 0.05
X7: Final = 0.95
CONTRAST: Final = 340.0
OFFSET: Final = 1250.0
K: Final = 1.2e-14


def fractions(frames: int = 60) -> np.ndarray:
    """A front at sqrt(2 k t) between Li4 (left) and Li7, (time, y, x), without noise."""
    front = np.sqrt(2.0 * K * 1.5 * np.arange(frames))
    poor = np.clip(front[:, None] / PIXEL - np.arange(COLUMNS), 0.0, 1.0)
    values = X7 + (X4 - X7) * poor
    return np.repeat(values[:, None, :], ROWS, axis=1)


def dataset(values: np.ndarray, std: float | None, name: str = "intensity") -> xr.Dataset:
    coords = {
        "time": 1.5 * np.arange(values.shape[0]),
        "y": PIXEL * (np.arange(values.shape[1]) + 0.5),
        "x": PIXEL * (np.arange(values.shape[2]) + 0.5),
    }
    data = xr.Dataset({name: (("time", "y", "x"), values)}, coords, {"title": "test"})
    if std is not None:
        data[f"{name}_std"] = std
    data["pixel_time"] = ("y", "x"), np.zeros(values.shape[1:])
    return data


def intensities(seed: int, noise: float = 0.2, contrast: float = CONTRAST, stated: bool = True) -> xr.Dataset:
    values = fractions()
    noisy = values + np.random.default_rng(seed).normal(0.0, noise, values.shape)
    return dataset(OFFSET + contrast * noisy, abs(contrast) * noise if stated else None)


def references(values: xr.Dataset) -> dict[str, KnownFraction]:
    """The first frame is Li7; of the last ones, the left part is Li4."""
    region = np.zeros((ROWS, COLUMNS), dtype=bool)
    region[:, :20] = True
    return {"low": KnownFraction(X4, slice(-10, None), region), "high": KnownFraction(X7, [0, 1], ~region)}


@pytest.mark.parametrize("contrast", [CONTRAST, -CONTRAST])
@pytest.mark.parametrize("stated", [True, False])
def test_two_references_give_the_fractions_and_their_deviation(contrast: float, stated: bool) -> None:
    for seed in SEEDS:
        maps = intensities(seed, contrast=contrast, stated=stated)
        result = normalise_maps(maps, **references(maps))
        error = result["li_fraction"].values - fractions()
        assert abs(error.mean()) < 0.012
        pulls = error / result["li_fraction_std"].values
        assert pulls.std() == pytest.approx(1.0, abs=0.03)
        assert set(result.data_vars) == {"li_fraction", "li_fraction_std", "pixel_time"}
        assert result.attrs["normalisation"] == "two-point"
        assert result.attrs["normalisation_low"] == pytest.approx(OFFSET + contrast * X4, abs=8.0)
        assert "normalise_maps" in result.attrs["history"]


def test_without_noise_the_fractions_are_exact_and_lazy_maps_stay_lazy() -> None:
    maps = dataset(OFFSET + CONTRAST * fractions(), None)
    result = normalise_maps(maps.chunk({"time": 7}), **references(maps))
    assert result["li_fraction"].chunks is not None
    np.testing.assert_allclose(result["li_fraction"], fractions(), atol=1e-6)
    again = normalise_maps(maps["intensity"], **references(maps))
    np.testing.assert_array_equal(again["li_fraction"], result["li_fraction"])


def test_the_deviation_of_the_references_is_in_that_of_the_fractions() -> None:
    """One pixel is the whole reference: its noise counts as much as that of the pixel itself."""
    values = np.full((2, 4, 4), 10.0)
    values[1] = 20.0
    region = np.zeros((4, 4), dtype=bool)
    region[0, 0] = True
    maps = dataset(values, 1.0)
    result = normalise_maps(maps, low=KnownFraction(0.0, [0], region), high=KnownFraction(1.0, [1], region))
    np.testing.assert_allclose(result["li_fraction_std"].values, 0.1 * np.sqrt(2.0), rtol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_references_per_pixel_follow_the_thickness(seed: int) -> None:
    """Intensities proportional to a thickness that differs by 40 %: only references per pixel are right."""
    rng = np.random.default_rng(seed)
    thickness = rng.uniform(0.8, 1.2, (12, 14))
    truth = np.repeat([0.0, 1.0, 0.5], [20, 20, 20])[:, None, None] * np.ones((12, 14))
    values = thickness * (600.0 + 400.0 * truth) + rng.normal(0.0, 40.0, truth.shape)
    maps = dataset(values, 40.0)
    known = {"low": KnownFraction(0.0, slice(0, 20)), "high": KnownFraction(1.0, slice(20, 40))}
    each = normalise_maps(maps, per_pixel=True, **known)
    late = slice(40, None)
    error = (each["li_fraction"].values - truth)[late]
    pulls = error / each["li_fraction_std"].values[late]
    assert pulls.std() == pytest.approx(1.0, abs=0.05)
    assert np.abs(error.mean(axis=0)).std() < 0.05
    together = normalise_maps(maps, **known)["li_fraction"].values[late] - truth[late]
    assert together.mean(axis=0).std() > 0.1
    assert each.attrs["pixels_without_levels"] == 0


def test_noisy_references_per_pixel_are_drawn_to_their_mean() -> None:
    """All pixels are alike: the levels are those of the mean, and as exact as it."""
    rng = np.random.default_rng(2)
    truth = np.repeat([0.0, 1.0, 0.5], [6, 6, 6])[:, None, None] * np.ones((20, 20))
    maps = dataset(1000.0 + 400.0 * truth + rng.normal(0.0, 100.0, truth.shape), 100.0)
    known = {"low": KnownFraction(0.0, slice(0, 6)), "high": KnownFraction(1.0, slice(6, 12))}
    each = normalise_maps(maps, per_pixel=True, **known)["li_fraction"].values[12:]
    together = normalise_maps(maps, **known)["li_fraction"].values[12:]
    unshrunk = 100.0 / np.sqrt(6.0) / 400.0 / np.sqrt(2.0)
    assert (each - together).mean(axis=0).std() < 0.5 * unshrunk


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("noise", [0.05, 0.2, 0.3])
def test_plateaus_give_contrast_and_offset_within_their_deviations(rising: bool, noise: float) -> None:
    contrast = CONTRAST if rising else -CONTRAST
    pulls = []
    for seed in range(10):
        result = normalise_by_plateaus(intensities(seed, noise, contrast), x4=X4, x7=X7, rising=rising)
        found = result.attrs
        assert found["maps_contrast"] == pytest.approx(contrast, rel=0.02 if noise < 0.3 else 0.1)
        assert found["maps_offset"] == pytest.approx(OFFSET, abs=(0.01 if noise < 0.3 else 0.04) * CONTRAST)
        assert found["plateau_chi_square"] < 1.5
        assert found["maps_contrast_std"] < (0.01 if noise < 0.3 else 0.06) * CONTRAST
        pulls.append((found["maps_contrast"] - contrast) / found["maps_contrast_std"])
        pulls.append((found["maps_offset"] - OFFSET) / found["maps_offset_std"])
    assert np.abs(pulls).max() < 3.5
    assert 0.6 < np.sqrt(np.mean(np.square(pulls))) < 1.5, np.sqrt(np.mean(np.square(pulls)))


def test_shares_and_widths_of_the_plateaus() -> None:
    maps = intensities(1, 0.2)
    found = find_plateaus(maps["intensity"])
    assert found.widths == pytest.approx((0.2 * CONTRAST,) * 2, rel=0.02)
    assert found.shares[0] == pytest.approx(float(np.mean(np.isclose(fractions(), X4))), abs=0.02)
    falling = find_plateaus(maps["intensity"], rising=False)
    assert falling.levels == pytest.approx(found.levels[::-1])
    without = normalise_by_plateaus(maps.drop_vars("intensity_std"), x4=X4, x7=X7)
    np.testing.assert_allclose(without["li_fraction_std"], 0.2, rtol=0.03)


def rate(maps: xr.Dataset) -> tuple[float, float]:
    profile = Profile((0.0, 8 * PIXEL), (COLUMNS * PIXEL, 8 * PIXEL), 16 * PIXEL)
    found = fit_rate_constant(track_front(maps, profile, direction="extraction"))
    return found.k, found.k_std


@pytest.mark.parametrize("seed", SEEDS)
def test_k_of_intensities_is_that_of_fractions(seed: int) -> None:
    """Contrast and offset scale all frames alike, so no front moves, however wrong they are."""
    noise = 0.2
    maps = intensities(seed, noise)
    fraction = (maps["intensity"].values - OFFSET) / CONTRAST
    k, k_std = rate(dataset(fraction, noise, "li_fraction"))
    assert abs(k - K) < 4.0 * k_std
    assert k == pytest.approx(K, rel=0.02)
    for normalised in (
        normalise_maps(maps, **references(maps)),
        normalise_by_plateaus(maps, x4=X4, x7=X7),
        normalise_by_plateaus(maps, x4=-0.3, x7=2.0),
        maps.rename(intensity="li_fraction", intensity_std="li_fraction_std"),
    ):
        assert rate(normalised)[0] == pytest.approx(k, rel=2e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"high": KnownFraction(X7, [3, 4])}, "apart"),
        ({"high": KnownFraction(X4, slice(0, 2))}, "two different"),
        ({"high": KnownFraction(X7, [99])}, "high.frames"),
        ({"high": KnownFraction(X7, [0], np.ones((2, 2)))}, "high.region"),
        ({"high": KnownFraction(X7, [0], np.zeros((8, 8)))}, "without a pixel"),
        ({"variable": "other"}, "variable"),
    ],
)
def test_references_that_do_not_do_are_refused(change: dict[str, Any], message: str) -> None:
    values = np.random.default_rng(1).normal(10.0, 1.0, (6, 8, 8))
    arguments = {"low": KnownFraction(X4, slice(0, 3)), "high": KnownFraction(X7, slice(3, 6)), **change}
    with pytest.raises(InputError, match=message) as caught:
        normalise_maps(dataset(values, 1.0), **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", SEEDS)
def test_levels_that_are_not_apart_are_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one_phase = dataset(rng.normal(10.0, 1.0, (10, 20, 20)), 1.0)
    too_noisy = intensities(seed, 0.6)
    for maps in (one_phase, too_noisy):
        with pytest.raises(InputError, match="levels apart") as caught:
            normalise_by_plateaus(maps, x4=X4, x7=X7)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="200 pixels"):
        normalise_by_plateaus(dataset(np.ones((2, 5, 5)), 1.0), x4=X4, x7=X7)
    with pytest.raises(InputError, match="x4"):
        normalise_by_plateaus(one_phase, x4=X7, x7=X4)
    with pytest.raises(InputError, match="time, y, x"):
        normalise_by_plateaus(xr.DataArray(np.ones((5, 5)), dims=("y", "x")), x4=X4, x7=X7)
