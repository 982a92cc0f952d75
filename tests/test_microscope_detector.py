"""Detectors: Poisson counts, the moments of a CCD, limits, and draws that threads do not change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, detector, draw_counts
from lto_sim.microscope.detector import CcdSpec, CountingSpec

SEEDS = (1, 2, 3)
MANY = 1_000_000


def chi_square_p(drawn: np.ndarray, mean: float) -> float:
    """Probability of a chi-square at least this large if the counts are Poisson of `mean`."""
    values = np.arange(int(stats.poisson.isf(1e-12, mean)) + 2)
    expected = stats.poisson.pmf(values, mean) * drawn.size
    counted = np.bincount(drawn, minlength=values.size)[: values.size]
    often = expected >= 20.0
    observed = np.append(counted[often], drawn.size - counted[often].sum())
    expected = np.append(expected[often], drawn.size - expected[often].sum())
    statistic = ((observed - expected) ** 2 / np.maximum(expected, 1.0)).sum()
    return float(stats.chi2.sf(statistic, observed.size - 1))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mean", [0.05, 0.7, 8.0, 11.0, 300.0])
def test_counts_are_poisson(mean: float, seed: int) -> None:
    drawn = draw_counts(np.full(MANY, mean), seed)
    assert drawn.dtype == np.uint32
    assert chi_square_p(drawn, mean) > 1e-3
    assert abs(drawn.mean() - mean) < 5.0 * np.sqrt(mean / MANY)
    # the variance of a sample's variance is (mu4 - var^2) / n, mu4 = mean + 3 mean^2
    assert abs(drawn.var() - mean) < 5.0 * np.sqrt((mean + 2.0 * mean**2) / MANY)


def test_the_test_of_counts_can_fail() -> None:
    wider = np.random.default_rng(1).negative_binomial(400, 400 / 408.0, MANY)  # mean 8, variance 2 % more
    assert chi_square_p(wider, 8.0) < 1e-6
    assert chi_square_p(draw_counts(np.full(MANY, 8.05), 1), 8.0) < 1e-6


def test_neighbouring_channels_and_blocks_are_independent() -> None:
    drawn = draw_counts(np.full((16, 62_500), 5.0), 4).astype(np.float64) - 5.0
    correlation = (drawn[:, 1:] * drawn[:, :-1]).mean() / 5.0
    assert abs(correlation) < 5.0 / np.sqrt(drawn.size)
    blocks = np.corrcoef(drawn) - np.eye(16)
    assert np.abs(blocks).max() < 5.0 / np.sqrt(drawn.shape[1])


@pytest.mark.parametrize("kind", [CountingSpec(), CcdSpec(kind="ccd", gain=3.0, read_noise=10.0)])
def test_threads_do_not_change_a_draw(monkeypatch: pytest.MonkeyPatch, kind: CountingSpec | CcdSpec) -> None:
    expected = np.random.default_rng(2).uniform(0.0, 50.0, (7, 30_001))
    drawn = []
    for threads in (1, 2, 3, 64):
        monkeypatch.setattr(detector, "available_threads", lambda threads=threads: threads)
        drawn.append(draw_counts(expected, 11, kind, 0.1))
    for other in drawn[1:]:
        np.testing.assert_array_equal(other, drawn[0])


def test_seeds_decide_and_every_frame_has_its_own() -> None:
    expected = np.full((10, 1000), 9.0)
    first = draw_counts(expected, 5)
    np.testing.assert_array_equal(draw_counts(expected, 5), first)
    np.testing.assert_array_equal(draw_counts(expected, np.random.SeedSequence(5)), first)
    assert not np.array_equal(draw_counts(expected, 6), first)
    frames = [draw_counts(expected, np.random.SeedSequence(5, spawn_key=(n, 0))) for n in (0, 1, 0)]
    np.testing.assert_array_equal(frames[0], frames[2])
    apart = (frames[0].astype(float) - 9.0) * (frames[1].astype(float) - 9.0) / 9.0
    assert abs(apart.mean()) < 5.0 / np.sqrt(apart.size)
    generator = np.random.default_rng(5)
    assert not np.array_equal(draw_counts(expected, generator), draw_counts(expected, generator))


def test_expected_and_drawn_are_separate() -> None:
    electrons = np.random.default_rng(3).uniform(0.0, 20.0, (50, 40))
    kept = electrons.copy()
    spec = CountingSpec(efficiency=0.8, dark=2.0)
    expected = spec.signal(electrons, 0.5)
    np.testing.assert_array_equal(spec.signal(electrons, 0.5), expected)
    np.testing.assert_array_equal(spec.limited(expected), expected)
    drawn = draw_counts(expected, 1, spec, 0.5)
    np.testing.assert_array_equal(electrons, kept)
    np.testing.assert_allclose(expected, 0.8 * electrons + 1.0, rtol=1e-14)
    assert drawn.shape == expected.shape
    assert abs((drawn - expected).mean()) < 5.0 * np.sqrt(expected.mean() / expected.size)


@pytest.mark.parametrize(
    ("gain", "electrons", "dark", "dwell", "read_noise"),
    [
        (3.3, 40.0, 0.0, 1.0, 12.0),
        (1.7, 15.0, 30.0, 0.5, 4.0),
        (0.9, 5.0, 0.0, 1.0, 2.5),
        (8.1, 0.0, 6.0, 2.0, 0.0),
    ],
)
def test_moments_of_a_ccd(
    gain: float, electrons: float, dark: float, dwell: float, read_noise: float
) -> None:
    spec = CcdSpec(kind="ccd", gain=gain, dark=dark, read_noise=read_noise)
    expected = spec.signal(np.full(MANY, electrons), dwell)
    np.testing.assert_allclose(expected, gain * electrons, rtol=1e-14)
    drawn = draw_counts(expected, 8, spec, dwell)
    assert drawn.dtype == np.int32
    variance = gain**2 * (electrons + dark * dwell) + read_noise**2 + 1.0 / 12.0
    assert abs(drawn.mean() - gain * electrons) < 5.0 * np.sqrt(variance / MANY) + 1e-3
    assert drawn.var() == pytest.approx(variance, rel=0.01)


def test_dark_signal_is_subtracted_and_counts_may_be_negative() -> None:
    spec = CcdSpec(kind="ccd", gain=2.0, dark=100.0, read_noise=5.0)
    drawn = draw_counts(np.zeros(MANY), 3, spec, 1.0)
    assert drawn.min() < 0
    assert abs(drawn.mean()) < 5.0 * np.sqrt((400.0 + 25.0) / MANY)


def test_a_full_ccd_stays_full() -> None:
    spec = CcdSpec(kind="ccd", gain=2.0, full_scale=65535.5, read_noise=20.0)
    electrons = np.concatenate([np.full(1000, 100.0), np.full(1000, 1e6)])
    signal = spec.signal(electrons, 1.0)
    expected = spec.limited(signal)
    np.testing.assert_array_equal(expected[:1000], 200.0)
    np.testing.assert_array_equal(expected[1000:], 65535.5)
    drawn = draw_counts(signal, 1, spec, 1.0)
    assert drawn.max() == 65535
    assert abs(drawn[:1000].mean() - 200.0) < 5.0 * np.sqrt((400.0 + 400.0) / 1000)
    np.testing.assert_array_equal(drawn[1000:], 65535)


def test_a_counter_misses_electrons_while_it_is_dead() -> None:
    electrons = np.array([0.0, 1.0, 50.0, 1e3, 1e6])
    spec = CountingSpec(saturation=2e4)
    found = spec.signal(electrons, 0.01)
    np.testing.assert_allclose(found, electrons / (1.0 + electrons / 200.0), rtol=1e-14)
    assert found[-1] < 200.0
    both = CountingSpec(saturation=2e4, efficiency=0.6, dark=100.0).signal(electrons, 0.01)
    np.testing.assert_allclose(both, 0.6 * electrons / (1.0 + 0.6 * electrons / 200.0) + 1.0, rtol=1e-14)
    drawn = draw_counts(np.full(MANY, found[2]), 2, spec, 0.01)
    assert chi_square_p(drawn, float(found[2])) > 1e-3


@pytest.mark.parametrize("kind", [CountingSpec(), CcdSpec(kind="ccd")])
@pytest.mark.parametrize("bad", [-1e-9, np.nan, np.inf, 3e9])
def test_expected_counts_that_nothing_records_are_refused(kind: CountingSpec | CcdSpec, bad: float) -> None:
    with pytest.raises(InputError) as caught:
        draw_counts(np.array([1.0, bad]), 1, kind, 1.0)
    assert caught.value.field == "expected"
    assert "\n" not in str(caught.value)


def test_nothing_and_the_most_can_be_drawn() -> None:
    assert draw_counts(np.zeros((0, 4)), 1).shape == (0, 4)
    assert not draw_counts(np.zeros(100), 1).any()
    most = draw_counts(np.full(100, 1.9e9), 1)
    assert abs(most.astype(float).mean() - 1.9e9) < 5.0 * np.sqrt(1.9e9 / 100)
    ccd = draw_counts(np.full(100, 1.9e9), 1, CcdSpec(kind="ccd", read_noise=100.0))
    assert abs(ccd.astype(float).mean() - 1.9e9) < 5.0 * np.sqrt(1.9e9 / 100)


def test_the_kind_of_an_instrument_chooses() -> None:
    counting = Instrument.from_dict({"detector": {"kind": "counting", "efficiency": 0.9}}).detector
    assert isinstance(counting, CountingSpec)
    ccd = Instrument.from_dict({"detector": {"kind": "ccd", "gain": 4.0}}).detector
    assert isinstance(ccd, CcdSpec)
    assert draw_counts(np.ones(3), 1, ccd).dtype == np.dtype(ccd.dtype) == np.int32
    assert draw_counts(np.ones(3), 1, counting).dtype == np.dtype(counting.dtype) == np.uint32
