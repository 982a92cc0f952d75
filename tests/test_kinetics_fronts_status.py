"""What becomes of frames without one clear front: a status, partial results, one line if there is none."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr

from lto_sim.errors import InputError
from lto_sim.kinetics.fronts import Profile, count_frames, track_front

PIXEL, COLUMNS, ROWS, FRAMES = 31e-9, 64, 8, 40
LENGTH = COLUMNS * PIXEL
LINE = Profile((0.0, 4 * PIXEL), (LENGTH, 4 * PIXEL), ROWS * PIXEL)
SHORT = Profile((0.0, 4 * PIXEL), (30 * PIXEL, 4 * PIXEL), ROWS * PIXEL)
SEEDS = (1, 2, 3)
X = (np.arange(COLUMNS) + 0.5) * PIXEL


def step_up(xi, blur=15e-9):
    """From 0.05 to 0.95 at `xi`, (time, x)."""
    return 0.05 + 0.9 * ndtr((X - np.atleast_1d(xi)[:, None]) / np.hypot(blur, PIXEL / np.sqrt(12.0)))


def maps_of(clean, seed=1, noise=0.25, stated=True):
    rng = np.random.default_rng(seed)
    values = np.repeat(np.asarray(clean)[:, None, :], ROWS, axis=1)
    values = values + rng.normal(0.0, noise, values.shape)
    maps = xr.Dataset(
        {"li_fraction": (("time", "y", "x"), values)},
        coords={"time": 1.5 * np.arange(len(values)), "y": (np.arange(ROWS) + 0.5) * PIXEL, "x": X},
    )
    return maps.assign(li_fraction_std=noise) if stated else maps


def meanings(front, profile=0):
    attrs = front["front_status"].attrs
    names = dict(zip(attrs["flag_values"], attrs["flag_meanings"].split(), strict=True))
    return np.array([names[int(code)] for code in front["front_status"].values[:, profile]])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_frame_says_what_became_of_it(seed):
    """Before the front, a front, one beyond the end of a short profile, a frame without a value."""
    clean = np.concatenate(
        [
            np.full((10, COLUMNS), 0.95),
            step_up(np.linspace(200e-9, 700e-9, 20)),
            np.full((5, COLUMNS), 0.05),
            step_up(np.full(5, 1.5e-6)),
        ]
    )
    maps = maps_of(clean, seed)
    maps["li_fraction"][25] = np.nan
    front = track_front(maps, [SHORT, LINE], direction="extraction")
    expected = np.array(["no_front"] * 10 + ["found"] * 20 + ["beyond_end"] * 10)
    expected[25] = "no_pixels"
    np.testing.assert_array_equal(meanings(front, 0), expected)
    expected[35:] = "found"
    np.testing.assert_array_equal(meanings(front, 1), expected)
    assert front["front_status"].dtype == np.int8
    found = front["front_status"].values == 0
    np.testing.assert_array_equal(np.isfinite(front["front_position"].values), found)
    np.testing.assert_array_equal(np.isfinite(front["front_time"].values), found)
    first, second = count_frames(front)
    assert (first.profile, first.frames, first.found) == (0, 40, 19)
    assert first.reasons() == "10 without a front, 10 beyond its end, 1 without a value"
    assert second.summary() == {"found": 24, "no_front": 10, "beyond_end": 5, "no_pixels": 1}


def test_a_front_at_an_end_has_left_the_profile():
    front = track_front(maps_of(step_up([0.4 * PIXEL, 9e-7, LENGTH - 0.4 * PIXEL]), noise=0.03), LINE)
    assert list(meanings(front)) == ["before_start", "found", "beyond_end"]


def both_ends(gap, middle=1e-6):
    """Fronts from both ends, `gap` [m] apart."""
    return np.minimum(step_up(middle - 0.5 * gap), 1.0 - step_up(middle + 0.5 * gap))


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_fronts_from_both_ends_are_two(seed, stated):
    """Down to a core of six pixels and to rims of three; the last frames are those of one front."""
    gap = np.linspace(6 * PIXEL, LENGTH - 6 * PIXEL, 30)
    clean = np.concatenate([both_ends(gap, 0.5 * LENGTH), step_up(np.linspace(4e-7, 1.2e-6, 30))])
    front = track_front(maps_of(clean, seed, stated=stated), LINE, direction="extraction")
    told = meanings(front)
    assert np.all(told[:30] == "two_fronts")
    assert np.all(told[30:] == "found")
    assert np.isnan(front["front_position"].values[:30]).all()


@pytest.mark.parametrize("model", ["step", "shell"])
@pytest.mark.parametrize("levels", [(0.95, 0.05, 0.95), (0.05, 0.95, 0.05), (0.05, 0.5, 0.95)])
def test_a_front_and_a_second_behind_it_are_two(levels, model):
    """A ring of either phase, and a stair in one sense."""
    first, second = np.linspace(3e-7, 6e-7, 12), np.linspace(8e-7, 1.4e-6, 12)
    up_1, up_2 = ((step_up(xi) - 0.05) / 0.9 for xi in (first, second))
    a, b, c = levels
    stairs = a + (b - a) * up_1 + (c - b) * up_2
    single = step_up(np.linspace(3e-7, 1.2e-6, 20))
    front = track_front(
        maps_of(np.concatenate([stairs, single]), 4, noise=0.15), LINE, direction="extraction", model=model
    )
    told = meanings(front)
    assert np.all(told[:12] == "two_fronts")
    assert np.mean(told[12:] == "found") > 0.9


@pytest.mark.parametrize("noise", [0.25, 0.05, 0.005])
@pytest.mark.parametrize("seed", SEEDS)
def test_one_front_is_never_two(seed, noise):
    """Sharp, wide and very wide fronts, both senses, tilted plateaus; also at noise that shows any misfit."""
    xi = np.linspace(2e-7, 1.7e-6, FRAMES)
    tilt = 0.05 * X / LENGTH
    ramp = np.clip((X - xi[:, None]) / 4e-7 + 0.5, 0.05, 0.95)
    shell = 0.95 - 0.9 * np.where(
        xi[:, None] - 2e-7 > X, 1.0, np.clip(1.0 - (X - xi[:, None] + 2e-7) / 6e-7, 0.0, 1.0) ** 2
    )
    for clean in (
        step_up(xi, 5e-9),
        step_up(xi, 60e-9),
        step_up(xi, 200e-9),
        step_up(xi) + tilt,
        ramp,
        shell,
    ):
        for values, direction in ((clean, "extraction"), (1.0 - clean, "insertion")):
            front = track_front(maps_of(values, seed, noise), LINE, direction=direction)
            assert not np.any(meanings(front) == "two_fronts")


def message(maps, profile=LINE, **options):
    with pytest.raises(InputError) as caught:
        track_front(maps, profile, **options)
    assert caught.value.field == "maps.li_fraction"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_any_front_the_line_says_why():
    flat = np.full((FRAMES, COLUMNS), 0.95)
    text = message(maps_of(flat))
    assert re.search("40 without a front .*check direction, profile and noise", text)
    text = message(maps_of(1.0 - flat), direction="extraction")
    assert re.search("40 beyond its end .*make the profile longer", text)
    text = message(maps_of(step_up(np.full(FRAMES, 1.5e-6))), [SHORT, SHORT])
    assert "80 without a front" in text
    text = message(maps_of(flat * np.nan))
    assert re.search("40 without a value .*where the maps have values", text)
    text = message(maps_of(both_ends(np.linspace(3e-7, 1.2e-6, FRAMES))))
    assert re.search("40 with two fronts .*shorten the profile", text)
    mixed = np.concatenate([flat[:30], both_ends(np.linspace(3e-7, 1.2e-6, 10))])
    assert "30 without a front, 10 with two fronts" in message(maps_of(mixed), direction="extraction")


def test_one_profile_without_a_front_does_not_spoil_the_others():
    maps = maps_of(step_up(np.linspace(9e-7, 1.7e-6, FRAMES)))
    near = Profile((0.0, 4 * PIXEL), (20 * PIXEL, 4 * PIXEL), ROWS * PIXEL)
    front = track_front(maps, [near, LINE], direction="extraction")
    assert np.all(meanings(front, 0) == "beyond_end")
    assert np.mean(meanings(front, 1) == "found") > 0.97


def test_understated_noise_makes_no_second_front():
    maps = maps_of(step_up(np.linspace(3e-7, 1.6e-6, 200)), 7)
    front = track_front(maps.assign(li_fraction_std=0.08), LINE)
    assert not np.any(meanings(front) == "two_fronts")
