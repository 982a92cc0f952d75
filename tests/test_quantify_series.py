"""Spikes, order of frames, time zero and the electrical series: all with answers that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr
from scipy import special

from lto_sim.errors import InputError
from lto_sim.files import read_recording
from lto_sim.quantify.series.frames import regular_series
from lto_sim.quantify.series.spikes import Spikes, find_spikes, without_spikes
from lto_sim.quantify.series.time_zero import align_series, find_steps, find_time_zero

SEEDS: Final = (1, 2, 3)
RECORDED: Final = Path(__file__).parents[2] / "shared" / "data"
CHANNELS: Final = 300
ENERGY: Final = -10.0 + 0.25 * np.arange(CHANNELS)
DIMS: Final = ("time", "y", "x", "energy_loss")


def expected(frames: int = 4, rows: int = 16, columns: int = 16, shift: Any = 0.0) -> np.ndarray:
    """Half of the columns are vacuum; there the zero loss is 2.5 times as high and losses are missing."""
    energy = np.broadcast_to(ENERGY, (frames, rows, columns, CHANNELS)) - 0.25 * np.asarray(shift)[..., None]
    peak = 40000.0 * (np.exp(-0.5 * (energy / 0.25) ** 2) + 1e-4 / (1.0 + energy**2))
    loss = 120.0 * np.exp(-0.5 * ((energy - 25.0) / 5.0) ** 2) + 8.0 * special.ndtr(energy - 5.0)
    particle = np.arange(columns) >= columns // 2
    return np.where(particle[:, None], peak + loss, 2.5 * peak)


def drawn(seed: int, wander: bool = False, frames: int = 4) -> np.ndarray:
    """Counts; spectra may wander by up to a channel from pixel to pixel."""
    rng = np.random.default_rng(seed)
    shift = rng.uniform(-1.0, 1.0, (frames, 16, 16)) if wander else 0.0
    return rng.poisson(expected(frames, shift=shift)).astype(np.uint32)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wander", [False, True])
@pytest.mark.parametrize("frames", [1, 4])
def test_counts_without_spikes_have_none(seed: int, wander: bool, frames: int) -> None:
    found = find_spikes(drawn(seed, wander, frames=frames))
    assert found.value.size == 0, found.index
    assert not found.dead.any()
    assert not found.hot.any()


@pytest.mark.parametrize("mean", [0.03, 0.3, 1.0, 3.0, 10.0, 100.0, 1e5])
def test_few_and_many_counts_have_no_false_spikes(mean: float) -> None:
    for seed in SEEDS:
        found = find_spikes(np.random.default_rng(seed).poisson(mean, (5, 16, 16, 200)))
        assert found.value.size == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_spikes_are_found_and_nothing_else(seed: int) -> None:
    """100 spikes of 1 to 3 channels, 14 deviations and 30 counts high, outside the zero loss: all of them."""
    rng = np.random.default_rng(100 + seed)
    counts = drawn(seed).astype(np.int64)
    spectra = rng.choice(counts[..., 0].size, 100, replace=False)
    places = np.stack(np.unravel_index(spectra, counts.shape[:3]), axis=1)
    wanted = set()
    mean = expected()
    for (frame, row, column), width in zip(places, rng.integers(1, 4, 100), strict=True):
        first = int(rng.integers(55, CHANNELS - 5))
        for channel in range(first, first + width):
            level = mean[frame, row, column, channel]
            counts[frame, row, column, channel] += int(14.0 * np.sqrt(level) + 30.0)
            wanted.add((int(frame), int(row), int(column), channel))
    found = find_spikes(counts)
    assert {tuple(map(int, place)) for place in found.index} == wanted
    np.testing.assert_array_equal(found.value, counts[tuple(found.index.T)])
    mask = found.mask()
    assert mask.dims == DIMS
    assert int(mask.sum()) == len(wanted)
    assert int(found.frame_mask(2).sum()) == int(mask[2].sum())


def test_a_large_spike_in_the_zero_loss_is_found() -> None:
    counts = drawn(1)
    counts[1, 4, 12, 40] += 200_000
    assert find_spikes(counts).index.tolist() == [[1, 4, 12, 40]]


def with_channels(seed: int) -> xr.DataArray:
    """A dead channel, one that flickers, one that is too bright."""
    rng = np.random.default_rng(seed)
    counts = drawn(seed).copy()
    counts[..., 150] = 0
    counts[..., 200] += (rng.random(counts.shape[:3]) < 0.5).astype(np.uint32) * 100
    counts[..., 250] = rng.poisson(60.0, counts.shape[:3])
    return xr.DataArray(counts, dims=DIMS)


@pytest.mark.parametrize("seed", SEEDS)
def test_dead_and_hot_channels(seed: int) -> None:
    found = find_spikes(with_channels(seed))
    assert np.flatnonzero(found.dead).tolist() == [150]
    assert np.flatnonzero(found.hot).tolist() == [200, 250]
    assert found.value.size == 0
    assert found.frame_mask(0)[..., [150, 200, 250]].all()
    assert found.report() == (
        f"0 spikes in {4 * 16 * 16 * CHANNELS} values", "dead channels: 150", "hot channels: 200, 250",
    )  # fmt: skip


def test_replacing_says_so_and_leaves_the_counts_alone() -> None:
    counts = with_channels(1)
    counts[1, 4, 12, 100] = 5000
    before = counts.copy(deep=True)
    found = find_spikes(counts)
    clean = without_spikes(counts, found)
    xr.testing.assert_identical(counts, before)
    assert clean.dtype == np.uint32
    assert "1 spikes" in clean.attrs["replaced"]
    assert int(clean[1, 4, 12, 100]) == round(float(found.expected[0]))
    changed = (clean != counts).any(("time", "y", "x")).values
    assert np.flatnonzero(changed).tolist() == [100, 150, 200, 250]
    np.testing.assert_allclose(
        clean[..., 150], 0.5 * (counts[..., 149] + counts[..., 151].astype(float)), atol=0.51
    )
    lazy = without_spikes(counts.chunk({"time": 1, "x": 8}), found)
    assert lazy.chunks is not None
    np.testing.assert_array_equal(lazy.values, clean.values)
    with pytest.raises(InputError, match="shape"):
        without_spikes(counts[:2], found)


def test_lazy_counts_in_another_order_give_the_same() -> None:
    counts = with_channels(2)
    counts[1, 4, 12, 100] = 5000
    lazy = counts.transpose("energy_loss", "y", "time", "x").chunk({"time": 1})
    one, other = find_spikes(counts), find_spikes(lazy)
    np.testing.assert_array_equal(one.index, other.index)
    np.testing.assert_array_equal(one.hot, other.hot)


def test_a_detector_with_gain_and_readout_noise() -> None:
    rng = np.random.default_rng(5)
    counts = 20.0 * drawn(5) + rng.normal(0.0, 30.0, expected().shape)
    counts[2, 3, 4, 120] += 3000.0
    with pytest.warns(UserWarning, match="1 counts per electron"):
        find_spikes(counts, counts_per_electron=1.0)
    known = find_spikes(counts, counts_per_electron=20.0, readout_std=30.0)
    estimated = find_spikes(counts)
    assert estimated.counts_per_electron == pytest.approx(20.0, rel=0.1)
    assert estimated.readout_std == pytest.approx(30.0, rel=0.1)
    for found in (known, estimated):
        assert found.index.tolist() == [[2, 3, 4, 120]]
        assert not found.hot.any()


@pytest.mark.skipif(not RECORDED.exists(), reason="recorded files not present")
def test_spikes_of_a_recorded_spectrum_image() -> None:
    """The low loss of TiO2 through a CCD: several counts for an electron, and X-rays over two channels."""
    recording = read_recording(RECORDED / "tio2_ti_l_low_loss.dm4").data
    found = find_spikes(recording)
    assert found.counts_per_electron > 5.0
    assert found.readout_std > 50.0
    assert 2 <= found.value.size < 20
    values = recording.values
    row, column, channel = found.index[np.argmax(found.value - found.expected)][1:]
    assert values[row, column, channel] == pytest.approx(5763.0, abs=1.0)
    assert (row, column, channel) == (2, 7, 1938)


@pytest.mark.parametrize(
    ("counts", "arguments", "message"),
    [
        (np.ones((2, 100)), {}, "energy_loss"),
        (np.ones((1, 1, 1, 100)), {}, "3 spectra"),
        (np.ones((2, 2, 2, 4)), {}, "8 or more"),
        (np.ones((2, 2, 2, 100)), {"counts_per_electron": 0.0}, "counts_per_electron"),
        (np.ones((2, 2, 2, 100)), {"readout_std": -1.0}, "readout_std"),
        (np.ones((2, 2, 2, 100)), {"expected_false": 0.0}, "expected_false"),
    ],
)
def test_bad_counts_are_named(counts: np.ndarray, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        find_spikes(counts, **arguments)
    assert "\n" not in str(caught.value)


def series(time: list[float]) -> xr.Dataset:
    values = np.broadcast_to(np.array(time)[:, None, None], (len(time), 3, 4)).copy()
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values),
            "counts": (("time", "y", "x"), np.ones(values.shape, np.uint32)),
        },
        {"time": time, "y": np.arange(3.0), "x": np.arange(4.0)},
        {"title": "maps"},
    )


def test_a_regular_series_passes_and_says_what_was_looked_for() -> None:
    result = regular_series(series([0.0, 1.5, 3.0, 4.5]))
    assert result["frame_present"].values.all()
    assert result.attrs["frame_time_s"] == 1.5
    assert json.loads(result.attrs["frame_gaps"]) == []
    assert "0 frames moved" in result.attrs["history"]
    assert result.attrs["title"] == "maps"


def test_frames_out_of_order_are_sorted_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="2 of 4 were moved, the first is frame 1"):
        result = regular_series(series([0.0, 3.0, 1.5, 4.5]))
    np.testing.assert_array_equal(result["time"], [0.0, 1.5, 3.0, 4.5])
    np.testing.assert_array_equal(result["li_fraction"][:, 0, 0], [0.0, 1.5, 3.0, 4.5])
    assert json.loads(result.attrs["frames_sorted"]) == [2, 1]


def test_gaps_and_empty_frames_are_labelled_and_nothing_is_made_up() -> None:
    data = series([0.0, 1.5, 6.0, 7.5, 9.0, 12.0])
    data["li_fraction"][3] = np.nan
    data["li_fraction"][1, 0, 0] = np.nan
    result = regular_series(data.chunk({"time": 1}))
    assert result.sizes["time"] == 6
    assert result["frame_present"].values.tolist() == [True, True, True, False, True, True]
    assert json.loads(result.attrs["frame_gaps"]) == [
        {"after_s": 1.5, "before_s": 6.0, "missing_frames": 2},
        {"after_s": 9.0, "before_s": 12.0, "missing_frames": 1},
    ]
    assert json.loads(result.attrs["frames_empty"]) == [3]
    assert result["li_fraction"].chunks is not None
    filled = regular_series(data, insert=True)
    np.testing.assert_allclose(filled["time"], 1.5 * np.arange(9))
    assert filled["frame_present"].values.tolist() == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
        False,
        True,
    ]
    assert np.isnan(filled["counts"].values[2]).all()
    assert json.loads(filled.attrs["frames_empty"]) == [2, 3, 5, 7]


@pytest.mark.parametrize(
    ("time", "arguments", "message"),
    [
        ([0.0, 1.5, 3.0, 1.5], {}, "frames 1 and 3 both at 1.5 s"),
        ([0.0, np.nan, 3.0], {}, "frame 1"),
        ([], {}, "no frame"),
        ([0.0, 1.5, 3.0], {"frame_time": 0.0}, "frame_time"),
    ],
)
@pytest.mark.filterwarnings("ignore:frames out of order")
def test_times_that_cannot_be(time: list[float], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        regular_series(series(time), **arguments)
    with pytest.raises(InputError, match="coordinate time"):
        regular_series(xr.Dataset({"a": ("time", [1.0])}))


def trace(seed: int, at: float = 10.013, noise: float = 2e-9) -> tuple[np.ndarray, np.ndarray]:
    """Rest of 3 nA, then a/sqrt(t), sampled every 0.05 s."""
    time = 0.05 * np.arange(1200)
    since = np.maximum(time - at, 1e-9)
    current = 3e-9 + np.where(time > at, 2e-6 / np.sqrt(since + 0.02), 0.0)
    return time, current + np.random.default_rng(seed).normal(0.0, noise, time.size)


@pytest.mark.parametrize("noise", [0.0, 2e-9, 1e-7])
def test_time_zero_is_between_two_samples(noise: float) -> None:
    rng = np.random.default_rng(4)
    misses = []
    for seed, at in enumerate(rng.uniform(5.0, 20.0, 30)):
        found = find_time_zero(*trace(seed, at, noise))
        assert abs(found.time - at) <= 0.0251
        assert found.before == pytest.approx(3e-9, abs=4.0 * noise / np.sqrt(10.0) + 1e-15)
        assert found.std == pytest.approx(0.05 / np.sqrt(12.0))
        misses.append((found.time - at) / found.std)
    assert 0.6 < np.std(misses) < 1.4


def test_a_glitch_and_an_end_of_current_are_no_steps() -> None:
    time, current = trace(1)
    current[50] += 5e-6
    current[1000:] = 3e-9
    steps = find_steps(time, current)
    assert [step.index for step in steps] == [201]
    potential = np.where(np.arange(time.size) < 201, 0.95, 1.6)
    potential[1000:] = 0.95
    found = find_steps(time, current, potential=potential)
    assert [(step.index, step.source) for step in found] == [(201, "potential"), (1000, "potential")]
    assert (found[0].before, found[0].after) == (pytest.approx(0.95), pytest.approx(1.6))


def test_several_steps_of_both_signs() -> None:
    time, current = trace(2)
    for start, sign in ((500, -1.0), (900, 1.0)):
        current[start:] = sign * 2e-6 / np.sqrt(time[start:] - time[start] + 0.02)
    assert [step.index for step in find_steps(time, current)] == [201, 500, 900]


def test_no_step_and_bad_traces_say_so() -> None:
    time = 0.05 * np.arange(100)
    rest = np.random.default_rng(1).normal(0.0, 1e-9, 100)
    with pytest.raises(InputError, match="no step"):
        find_time_zero(time, rest)
    with pytest.raises(InputError, match="current"):
        find_time_zero(time)
    with pytest.raises(InputError, match="sample 7"):
        find_time_zero(time, np.where(np.arange(100) == 7, np.nan, rest))
    with pytest.raises(InputError, match="increasing"):
        find_time_zero(time[::-1], rest)
    with pytest.raises(InputError, match="5 samples"):
        find_time_zero(time[:4], rest[:4])


def electrical(**attrs: Any) -> xr.Dataset:
    rng = np.random.default_rng(7)
    time = np.cumsum(rng.uniform(0.03, 0.07, 2000))
    return xr.Dataset(
        {"current": ("time", rng.normal(1e-6, 1e-6, 2000)), "potential": ("time", 0.01 * time)},
        {"time": time},
        attrs,
    )


def test_charges_of_frames_add_up_to_round_off() -> None:
    data = electrical()
    offset, start = 100.0, 110.3 + 1.5 * np.arange(40)
    result = align_series(start, data, offset=offset)
    fine = np.union1d(data["time"].values + offset, [start[0], start[-1] + 1.5])
    fine = fine[(fine >= start[0]) & (fine <= start[-1] + 1.5)]
    current = np.interp(fine, data["time"].values + offset, data["current"].values)
    whole = np.trapezoid(current, fine)
    assert float(result["charge_of_frame"].sum()) == pytest.approx(whole, rel=1e-12)
    assert float(result["charge"][-1]) == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(result["current"] * 1.5, result["charge_of_frame"], rtol=1e-12)
    np.testing.assert_allclose(result["potential"], 0.01 * (start + 0.75 - offset), rtol=1e-10)
    assert all({"units", "long_name"} <= set(result[name].attrs) for name in result.variables)


def test_frames_beside_the_series_and_gaps() -> None:
    data = electrical()
    start = np.array([-0.5, 1.0, 2.5, 7.0, 8.5])
    with pytest.warns(UserWarning, match="1 of 5 frames"):
        result = align_series(start, data)
    assert np.isnan(result["current"].values).tolist() == [True, False, False, False, False]
    np.testing.assert_allclose(result["frame_duration"], 1.5)
    data["current"][100] = np.nan
    assert np.isfinite(align_series(start[1:], data)["current"].values).all()
    with pytest.raises(InputError, match="offset"):
        align_series(start, data, offset=1e4)
    with pytest.raises(InputError, match="frame_time"):
        align_series([1.0], data)
    with pytest.raises(InputError, match="potential"):
        align_series(start, xr.Dataset({"I": ("time", [1.0, 2.0])}, {"time": [0.0, 1.0]}))
    with pytest.raises(InputError, match="order of time"):
        align_series(start, data.isel(time=slice(None, None, -1)))


def test_spikes_of_nothing_are_an_empty_mask() -> None:
    none = np.zeros(8, dtype=bool)
    empty = Spikes(np.zeros((0, 4), np.int64), np.zeros(0), np.zeros(0), none, none, (1, 2, 2, 8), 1e-3)
    assert not empty.mask().any()
