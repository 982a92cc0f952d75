"""t/lambda of spectra whose t/lambda is known: exact Poisson plural scattering of a Drude plasmon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import voigt_profile

from lto_sim.errors import InputError
from lto_sim.files import read_recording, sum_recording
from lto_sim.quantify import find_zero_loss, thickness_ratio

PLASMON = 24.6
RATIOS = (0.3, 0.6, 1.0, 1.5)
RECORDED = Path(__file__).parents[2] / "shared" / "data"


def spectrum(
    ratio: float, fwhm: float = 0.8, tail: float = 0.0, damping: float = 5.0, gap: float = 0.0,
    step: float = 0.1, start: float = -20.0, end: float = 400.0, shift: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Energy loss and spectrum of unit area: Z F^-1[exp(ratio (s(nu) - 1))], padded against wrapping."""
    size = 2**16
    energy = (np.arange(size) - size // 8) * step
    loss = energy * damping * PLASMON**2 / ((energy**2 - PLASMON**2) ** 2 + (energy * damping) ** 2)
    single = np.where(energy > gap, loss, 0.0)
    peak = voigt_profile(energy - shift, fwhm / 2.3548, tail)
    parts = [np.fft.fft(np.roll(part / part.sum(), -(size // 8))) for part in (single, peak)]
    plural = np.fft.ifft(parts[1] * np.exp(ratio * (parts[0] - 1.0))).real
    counts = np.roll(plural, size // 8)
    kept = (energy > start - 0.5 * step) & (energy < end - 0.5 * step)
    return energy[kept], counts[kept]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("fwhm", [0.5, 1.0])
@pytest.mark.parametrize("tail", [0.0, 0.02, 0.05])
@pytest.mark.parametrize(("damping", "gap"), [(3.0, 0.0), (5.0, 3.8), (12.0, 0.0)])
def test_within_one_percent_of_the_truth(
    ratio: float, fwhm: float, tail: float, damping: float, gap: float
) -> None:
    found = thickness_ratio(*spectrum(ratio, fwhm, tail, damping, gap))
    assert float(found.value) == pytest.approx(ratio, rel=0.006)
    assert not found.lower_bound
    assert found.reason == ""
    assert found.deviation is None


@pytest.mark.parametrize("step", [0.05, 0.25, 0.5])
def test_coarse_channels_and_a_shifted_peak(step: float) -> None:
    found = thickness_ratio(*spectrum(0.6, 0.8, 0.02, step=step, shift=-1.3))
    assert float(found.value) == pytest.approx(0.6, rel=0.01)
    assert found.zero_loss_position == pytest.approx(-1.3, abs=step)
    assert found.zero_loss_fwhm == pytest.approx(0.83, abs=0.4 * step + 0.03)


def test_the_deviation_is_that_of_repeated_draws() -> None:
    energy, expected = spectrum(0.8, tail=0.02, step=0.25)
    rng = np.random.default_rng(7)
    draws = rng.poisson(np.maximum(2000.0 * expected / expected.sum(), 0.0), (4000, energy.size))
    found = thickness_ratio(energy, draws.reshape(40, 100, -1), counts_per_electron=1.0)
    assert found.value.shape == (40, 100)
    assert found.value.mean() == pytest.approx(0.8, rel=0.01)
    assert found.value.std() == pytest.approx(np.sqrt((np.exp(0.8) - 1.0) / 2000.0), rel=0.05)
    assert found.deviation.mean() == pytest.approx(found.value.std(), rel=0.05)


def test_a_gain_scales_no_ratio_and_counts_electrons() -> None:
    energy, expected = spectrum(0.8)
    one = thickness_ratio(energy, 1e4 * expected, counts_per_electron=1.0)
    ten = thickness_ratio(energy, 1e5 * expected, counts_per_electron=10.0)
    assert float(ten.value) == pytest.approx(float(one.value), rel=1e-9)
    assert float(ten.deviation) == pytest.approx(float(one.deviation), rel=1e-9)


def test_pixels_of_different_thickness_and_vacuum() -> None:
    truth = np.array([0.0, 0.3, 0.6, 1.5])
    energy = spectrum(0.3)[0]
    pixels = np.stack([spectrum(ratio, tail=0.02)[1] for ratio in truth])
    found = thickness_ratio(energy, pixels)
    np.testing.assert_allclose(found.value, truth, rtol=0.006, atol=0.004)
    empty = thickness_ratio(energy, np.concatenate([pixels, np.zeros((1, energy.size))]))
    assert np.isnan(empty.value[-1])
    np.testing.assert_allclose(empty.value[:-1], found.value)


@pytest.mark.parametrize(("end", "cropped"), [(46.0, True), (80.0, True), (300.0, False), (400.0, False)])
def test_a_cropped_range_gives_a_lower_bound_and_says_so(end: float, cropped: bool) -> None:
    found = thickness_ratio(*spectrum(0.6, damping=5.0, end=end))
    assert found.lower_bound == cropped
    assert float(found.value) <= 0.6
    if cropped:
        assert f"the range ends at {end - 0.1:.4g} eV" in found.reason
        assert float(found.value) < 0.6 * 0.99
    else:
        assert float(found.value) == pytest.approx(0.6, rel=0.006)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("damping", [3.0, 5.0, 12.0])
@pytest.mark.parametrize("end", [150.0, 200.0, 300.0])
def test_the_missing_share_is_known_to_a_factor_of_about_two(
    ratio: float, damping: float, end: float
) -> None:
    found = thickness_ratio(*spectrum(ratio, 0.8, 0.02, damping, end=end))
    whole, part = (spectrum(ratio, 0.8, 0.02, damping, end=at)[1].sum() for at in (4000.0, end))
    assert 0.4 < found.missing_share / (whole / part - 1.0) < 2.5
    rise = np.log(whole / part) / ratio
    assert found.lower_bound or rise < 0.01


def test_spectra_without_zero_loss_are_refused() -> None:
    energy, counts = spectrum(0.6)
    for kept in (energy > 5.0, energy > 0.3, energy < 0.1):
        with pytest.raises(InputError, match="zero-loss peak"):
            thickness_ratio(energy[kept], counts[kept])
    with pytest.raises(InputError, match="higher than the losses"):
        thickness_ratio(energy, np.where(np.abs(energy) < 4.0, 1e-3 * counts, counts))
    with pytest.raises(InputError, match="wide"):
        thickness_ratio(energy, np.exp(-0.5 * (energy / 5.0) ** 2))
    with pytest.raises(InputError, match="zero-loss peak"):
        find_zero_loss(energy, np.zeros_like(energy))


def test_what_is_no_spectrum_is_refused() -> None:
    energy, counts = spectrum(0.6)
    bad = counts.copy()
    bad[3] = np.nan
    for at, values, words in (
        (energy, counts[:-1], "energy axis last"),
        (energy, bad, "finite"),
        (energy[::-1], counts, "increasing"),
        (np.sqrt(energy + 30.0), counts, "even steps"),
    ):
        with pytest.raises(InputError, match=words):
            thickness_ratio(at, values)
    with pytest.raises(InputError, match="counts_per_electron"):
        thickness_ratio(energy, counts, counts_per_electron=0.0)


def test_a_recorded_low_loss_that_ends_in_the_plasmons_is_a_lower_bound() -> None:
    path = RECORDED / "tio2_ti_l_low_loss.dm4"
    if not path.is_file():
        pytest.skip("recorded files not present")
    total = sum_recording(read_recording(path)).spectrum
    found = thickness_ratio(total["energy_loss"].values, total.values)
    assert found.lower_bound
    assert "ends at 46.18 eV" in found.reason
    assert 0.25 < float(found.value) < 0.45
