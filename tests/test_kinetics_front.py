import json

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter1d
from scipy.special import erf

from lto_sim.errors import InputError
from lto_sim.kinetics import Profile, track_front
from lto_sim.kinetics.fronts.step_model import model_and_gradient

PIXEL = 31e-9
SEEDS = (11, 12, 13)
COLUMNS, ROWS = 64, 8
STRAIGHT = Profile((0.0, 4 * PIXEL), (COLUMNS * PIXEL, 4 * PIXEL), 8 * PIXEL)


def sharp_profile(s, xi, direction):
    """Composition of a moving front: Wagner's shape with windows 0.05/0.95."""
    inside = 0.05 * np.clip(s / xi, 0.0, None)
    if direction == "extraction":
        return np.where(s < xi, inside, 0.95 + 0.05 * erf(np.clip(s - xi, 0.0, None) / (0.35 * xi)))
    return np.where(s < xi, 1.0 - inside, 0.05)


def pixel_means(xi, direction, blur, cuts=62, pad=200):
    """Pixel means on a grid of half a nanometre; the cell that holds the front is averaged exactly."""
    step = PIXEL / cuts
    s = (np.arange(-pad, COLUMNS * cuts + pad) + 0.5) * step
    fine = sharp_profile(s, xi, direction)
    cell = int(xi // step)
    left, right = (0.05, 0.95) if direction == "extraction" else (0.95, 0.05)
    fine[cell + pad] = right + (left - right) * (xi / step - cell)
    if blur > 0.0:
        fine = gaussian_filter1d(fine, blur / step)
    return fine[pad:-pad].reshape(COLUMNS, cuts).mean(axis=1)


def maps_of(positions, direction="extraction", blur=15e-9, noise=0.25, rng=None, stated=True, rows=ROWS):
    clean = np.array([pixel_means(xi, direction, blur) for xi in positions])
    values = np.repeat(clean[:, None, :], rows, axis=1)
    if rng is not None:
        values = values + rng.normal(0.0, noise, values.shape)
    data = xr.Dataset(
        {"li_fraction": (("time", "y", "x"), values)},
        coords={
            "time": 1.5 * np.arange(len(positions)),
            "y": (np.arange(rows) + 0.5) * PIXEL,
            "x": (np.arange(COLUMNS) + 0.5) * PIXEL,
        },
        attrs={"title": "synthetic"},
    )
    if stated:
        data["li_fraction_std"] = noise
    return data


def test_model_is_the_blurred_pixel_mean():
    """Against quadrature over the blur of the exact pixel mean of two tilted plateaus."""
    xi, w, a, b, c, d, pixel = 3.3, 0.6, 0.04, 0.01, 0.93, -0.02, 1.0
    s = np.array([[0.5, 2.5, 3.1, 3.5, 4.5, 6.0]])

    def integral(u):
        return np.where(u < 0.0, a * u + 0.5 * b * u**2, c * u + 0.5 * d * u**2)

    z = np.linspace(-6.0, 6.0, 20_001)
    u = s[0][:, None] - xi - w * z
    means = (integral(u + 0.5 * pixel) - integral(u - 0.5 * pixel)) / pixel
    expected = np.trapezoid(means * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi), z, axis=1)
    value, gradient = model_and_gradient(np.array([[xi, np.log(w), a, b, c, d]]), s, pixel)
    np.testing.assert_allclose(value[0], expected, atol=1e-8)
    for i in range(6):
        up, down = (np.array([[xi, np.log(w), a, b, c, d]]) for _ in range(2))
        up[0, i] += 1e-6
        down[0, i] -= 1e-6
        slope = (model_and_gradient(up, s, pixel)[0] - model_and_gradient(down, s, pixel)[0]) / 2e-6
        np.testing.assert_allclose(gradient[0, :, i], slope[0], atol=1e-8)


@pytest.mark.parametrize("direction", ["extraction", "insertion"])
def test_noise_free_front_to_a_nanometre(direction):
    """Sub-pixel positions over one pixel and all distances; no noise, so only the model errs."""
    positions = np.linspace(150e-9, 1700e-9, 101)
    front = track_front(maps_of(positions, direction, stated=False), STRAIGHT, direction=direction)
    error = front["front_position"].values[:, 0] - positions
    assert np.abs(error).max() < 1e-9, np.abs(error).max()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("direction", ["extraction", "insertion"])
def test_bias_and_pulls(seed, stated, direction):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(200e-9, 1500e-9, 800)
    front = track_front(maps_of(positions, direction, rng=rng, stated=stated), STRAIGHT)
    assert front.attrs["direction"] == direction
    error = front["front_position"].values[:, 0] - positions
    found = np.isfinite(error)
    assert found.mean() > 0.99
    error, std = error[found], front["front_position_std"].values[found, 0]
    assert abs(error.mean()) < 1.0e-9, error.mean()
    assert 0.92 < (error / std).std() < 1.08, (error / std).std()
    assert abs(float(front["front_quality"].mean()) - 1.0) < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_early_front_and_other_blurs(seed):
    """Two to four pixels from the contact, blur from none to a pixel: bias below 1.5 nm."""
    rng = np.random.default_rng(seed)
    for blur in (0.0, 8e-9, 30e-9):
        positions = rng.uniform(60e-9, 130e-9, 600)
        front = track_front(maps_of(positions, blur=blur, rng=rng), STRAIGHT, direction="extraction")
        error = front["front_position"].values[:, 0] - positions
        found = np.isfinite(error)
        assert found.mean() > 0.95
        pulls = error[found] / front["front_position_std"].values[found, 0]
        assert abs(error[found].mean()) < 1.5e-9, (blur, error[found].mean())
        assert 0.8 < pulls.std() < 1.12, (blur, pulls.std())


@pytest.mark.parametrize(("blur", "least"), [(100e-9, 0.9), (170e-9, 0.6)])
def test_a_wide_front_is_seen_in_a_wider_window(blur, least):
    rng = np.random.default_rng(17)
    positions = rng.uniform(600e-9, 1300e-9, 300)
    front = track_front(maps_of(positions, "insertion", blur=blur, rng=rng), STRAIGHT, direction="insertion")
    error = front["front_position"].values[:, 0] - positions
    found = np.isfinite(error)
    assert found.mean() > least
    assert abs(error[found].mean()) < 8e-9, error[found].mean()
    pulls = error[found] / front["front_position_std"].values[found, 0]
    assert 0.8 < pulls.std() < 1.3, pulls.std()
    assert np.nanmedian(front["front_width"]) == pytest.approx(blur, rel=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slope_is_no_front_in_any_window(seed):
    rng = np.random.default_rng(seed)
    maps = maps_of(np.full(100, 900e-9), rng=rng)
    slope = np.linspace(1.0, 0.0, COLUMNS)
    maps["li_fraction"][:] = slope + rng.normal(0.0, 0.25, maps["li_fraction"].shape)
    with pytest.raises(InputError, match="without a front"):
        track_front(maps, STRAIGHT, direction="insertion")


def test_understated_noise_inflates_the_deviation():
    rng = np.random.default_rng(3)
    positions = rng.uniform(400e-9, 1500e-9, 400)
    maps = maps_of(positions, rng=rng)
    maps["li_fraction_std"] = 0.5 * maps["li_fraction_std"]
    front = track_front(maps, STRAIGHT)
    pulls = (front["front_position"].values[:, 0] - positions) / front["front_position_std"].values[:, 0]
    assert 0.9 < np.nanstd(pulls) < 1.1


@pytest.mark.parametrize("seed", SEEDS)
def test_no_front_is_invented(seed):
    """Before it enters, after it has left, in a slope without a jump, in a frame without data."""
    rng = np.random.default_rng(seed)
    maps = maps_of(np.full(240, 900e-9), rng=rng)
    values = maps["li_fraction"].values
    x = np.linspace(0.0, 1.0, COLUMNS)
    for rows, clean in ((slice(0, 60), 1.0), (slice(60, 120), 0.0), (slice(120, 180), 0.3 * x)):
        values[rows] = clean + rng.normal(0.0, 0.25, values[rows].shape)
    values[180:190] = np.nan
    values[190:, :, 10:13] = np.nan
    front = track_front(maps, STRAIGHT, direction="extraction")["front_position"].values[:, 0]
    assert np.isnan(front[:190]).all()
    assert np.isfinite(front[190:]).mean() > 0.95
    assert abs(np.nanmean(front[190:]) - 900e-9) < 4e-9


def test_front_within_a_pixel_of_an_end_is_not_reported():
    front = track_front(
        maps_of([15e-9, 900e-9, COLUMNS * PIXEL - 15e-9], noise=0.05, rng=np.random.default_rng(1)), STRAIGHT
    )
    assert np.isnan(front["front_position"].values[[0, 2], 0]).all()
    assert np.isfinite(front["front_position"].values[1, 0])


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 90.0, 200.0])
def test_any_direction_in_the_image(angle):
    """A plane front that crosses the image at an angle, averaged over each pixel on a 9 x 9 grid."""
    pixels, xi = 60, 700e-9
    e = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    centre = 0.5 * pixels * PIXEL
    start = np.array([centre, centre]) - 0.6e-6 * e
    fine = (np.arange(9 * pixels) + 0.5) * PIXEL / 9
    x, y = np.meshgrid(fine, fine)
    s = (x - start[0]) * e[0] + (y - start[1]) * e[1]
    sharp = 0.05 + 0.45 * (1.0 + erf((s - xi) / (np.sqrt(2.0) * 15e-9)))
    values = sharp.reshape(pixels, 9, pixels, 9).mean(axis=(1, 3))
    centres = (np.arange(pixels) + 0.5) * PIXEL
    maps = xr.Dataset(
        {"li_fraction": (("time", "y", "x"), values[None])},
        coords={"time": [0.0], "y": centres, "x": centres},
    )
    profile = Profile(tuple(start), tuple(start + 1.2e-6 * e), 250e-9)
    found = float(track_front(maps, profile, direction="extraction")["front_position"][0, 0])
    assert abs(found - xi) < 0.5e-9, found - xi


@pytest.mark.parametrize("axis", ["x", "y"])
def test_time_is_that_of_the_pixel_at_the_front(axis):
    """Raster scan with the fast axis along and across the profile."""
    maps = maps_of([400e-9, 800e-9], noise=0.05, rng=np.random.default_rng(2), rows=10)
    row, column = np.meshgrid(np.arange(10), np.arange(COLUMNS), indexing="ij")
    dwell = 1.5 / row.size
    offset = dwell * (COLUMNS * row + column if axis == "x" else 10 * column + row)
    maps["pixel_time"] = (("y", "x"), offset)
    profile = Profile((0.0, 5 * PIXEL), (COLUMNS * PIXEL, 5 * PIXEL), 6 * PIXEL)
    front = track_front(maps, profile, direction="extraction")
    column_at = front["front_position"].values[:, 0] / PIXEL - 0.5
    mean_row = 4.5
    expected = dwell * (COLUMNS * mean_row + column_at if axis == "x" else 10 * column_at + mean_row)
    np.testing.assert_allclose(front["front_time"].values[:, 0] - maps["time"].values, expected, atol=1e-6)


def test_several_profiles_and_labels():
    maps = maps_of(np.linspace(300e-9, 1200e-9, 5), noise=0.1, rng=np.random.default_rng(5), rows=24)
    profiles = [
        Profile((0.0, y * PIXEL), (COLUMNS * PIXEL, y * PIXEL), 6 * PIXEL, name=f"line {y}")
        for y in (4, 12, 20)
    ]
    front = track_front(maps, profiles)
    assert front["front_position"].dims == ("time", "profile")
    assert front["front_position"].shape == (5, 3)
    for name in front.variables:
        assert {"units", "long_name"} <= set(front[name].attrs), name
    assert front.attrs["title"] == "tracked front"
    assert json.loads(front.attrs["profile_names"]) == ["line 4", "line 12", "line 20"]
    spread = front["front_position"].std("profile").max()
    assert float(spread) < 6e-9


def test_bad_input_is_named():
    maps = maps_of([500e-9, 700e-9], noise=0.1, rng=np.random.default_rng(4))
    outside = Profile((0.0, 4 * PIXEL), (70 * PIXEL, 4 * PIXEL), 8 * PIXEL)
    backwards = maps.assign_coords(time=[1.5, 0.0])
    noise = maps.copy(deep=True)
    noise["li_fraction"] = noise["li_fraction"] * 0.0
    for arguments, field in (
        ((maps, outside), "profile.end"),
        ((backwards, STRAIGHT), "maps.time"),
        ((noise, STRAIGHT), "maps.li_fraction"),
        ((maps.drop_vars("li_fraction"), STRAIGHT), "maps.li_fraction"),
        ((maps, []), "profile"),
        ((maps, Profile((0.0, 0.0), (2 * PIXEL, 0.0), PIXEL)), "profile"),
    ):
        with pytest.raises(InputError) as caught:
            track_front(*arguments)
        assert caught.value.field == field
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="direction"):
        track_front(maps, STRAIGHT, direction="charge")
    with pytest.raises(InputError, match="li_fraction_std"):
        track_front(maps.assign(li_fraction_std=-1.0), STRAIGHT)
    for bad in (
        ((0.0, 0.0), (0.0, 0.0), 1e-7),
        ((0.0, np.nan), (1e-6, 0.0), 1e-7),
        ((0.0, 0.0), (1e-6, 0.0), 0.0),
    ):
        with pytest.raises(InputError, match="profile"):
            Profile(*bad)


def test_maps_without_noise_say_nothing_of_it_and_are_tracked_all_the_same():
    positions = np.linspace(300e-9, 1200e-9, 5)
    maps = maps_of(positions, noise=0.0, rng=np.random.default_rng(5)).assign(li_fraction_std=0.0)
    front = track_front(maps, STRAIGHT)
    np.testing.assert_allclose(front["front_position"].values[:, 0], positions, atol=3e-9)
