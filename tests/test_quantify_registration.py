"""Drift of images whose drift is known: dark fields of a moving front, and a recorded image, shifted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from lto_sim.errors import InputError
from lto_sim.files import read_recording
from lto_sim.microscope import Instrument, plan_acquisition
from lto_sim.quantify.series.registration import MEASURED, MISSING, OUTLIER, Drift, find_drift
from lto_sim.quantify.series.shifts import apply_drift
from lto_sim.specimen.raster import pixel_offsets

PIXEL: Final = 31e-9
SIDE: Final = 64
FRAME: Final = 1.5
FRAMES: Final = 10
SEEDS: Final = (1, 2, 3)
INSTRUMENT: Final = Instrument.preset("jem_arm300f2_continuum_k3").with_values(
    {"spectrometer.channels": 100, "spectrometer.dispersion": 1.0}
)
RECORDED: Final = Path(__file__).parents[2] / "shared" / "data" / "perovskite_adf.dm4"


def particle(velocity: float = 130e-9, frames: int = FRAMES) -> xr.Dataset:
    """An ellipse of 110 to 190 nm in vacuum; the front goes through it along x, from its left side on."""
    row, column = np.indices((SIDE, SIDE)) - 0.5 * (SIDE - 1)
    inside = (row / 23.0) ** 2 + (column / 26.0) ** 2 < 1.0
    offsets = pixel_offsets((SIDE, SIDE), FRAME, 0.0, "rows")
    time = FRAME * np.arange(frames)
    front = 250e-9 + velocity * (time[:, None, None] + offsets)
    poor = np.clip((front - PIXEL * np.arange(SIDE)) / PIXEL, 0.0, 1.0)
    centre = PIXEL * (np.arange(SIDE) + 0.5)
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), np.where(inside, 1.0 - 0.95 * poor, np.nan)),
            "thickness": (("y", "x"), 150e-9 + 40e-9 * column / SIDE),
            "pixel_time": (("y", "x"), offsets),
        },
        {"time": time, "y": centre, "x": centre},
    )


def dark_field(
    maps: xr.Dataset, velocity: tuple[float, float] = (0.0, 0.0), seed: int = 1, **values: Any
) -> xr.DataArray:
    plan = plan_acquisition(maps, INSTRUMENT.with_values({"drift.velocity": velocity, **values}))
    images = np.stack([plan.images(number, seed)[0] for number in range(maps.sizes["time"])])
    coords = {name: maps[name] for name in ("time", "y", "x")}
    return xr.DataArray(images, coords, ("time", "y", "x"), name="adf", attrs={"units": "electrons"})


def displaced(time: np.ndarray, velocity: tuple[float, float]) -> np.ndarray:
    """(x, y) [pixels] of what is seen in the first frame: a drift along y changes when a row is visited."""
    per_row = FRAME / SIDE / PIXEL
    down = velocity[1] * time / (1.0 - velocity[1] * per_row)
    right = velocity[0] * (time + per_row * down)
    return np.stack([right, down]) / PIXEL


def errors(drift: Drift, velocity: tuple[float, float]) -> np.ndarray:
    return np.stack([drift.dx, drift.dy]) / PIXEL - displaced(drift.time, velocity)


@pytest.mark.parametrize("reference", ["first", "previous", "mean"])
@pytest.mark.parametrize("velocity", [(5e-9, -3e-9), (-12e-9, 8e-9)])
def test_drift_beside_a_moving_front_to_a_twentieth_of_a_pixel(
    velocity: tuple[float, float], reference: Any
) -> None:
    maps = particle()
    for seed in SEEDS:
        found = find_drift(dark_field(maps, velocity, seed), PIXEL, reference=reference)
        error = errors(found, velocity)
        assert np.abs(error).max() < 0.05, np.abs(error).max()
        assert np.all(found.flag == MEASURED)
        assert np.all(found.quality > 0.99)


@pytest.mark.parametrize("reference", ["first", "previous", "mean"])
def test_a_front_that_moves_alone_is_no_drift(reference: Any) -> None:
    for velocity in (0.0, 130e-9, 250e-9):
        maps = particle(velocity)
        for seed in SEEDS:
            found = find_drift(dark_field(maps, seed=seed), PIXEL, reference=reference)
            assert np.abs(errors(found, (0.0, 0.0))).max() < 0.015


@pytest.mark.parametrize("seed", SEEDS)
def test_stated_deviations_are_those_of_repeated_draws(seed: int) -> None:
    """At rest, where pixels are no source of errors; 20 times less current."""
    images = dark_field(particle(0.0, 60), seed=seed, **{"beam.current": 4e-12})
    found = find_drift(images, PIXEL, reference="mean")
    pulls = np.stack([found.dx - found.dx.mean(), found.dy - found.dy.mean()])
    pulls /= np.stack([found.dx_std, found.dy_std])
    assert 0.85 < pulls.std() < 1.2, pulls.std()
    assert 0.003 < np.median(found.dx_std) / PIXEL < 0.05


def test_the_sign_is_that_of_the_specimen() -> None:
    """A positive displacement of the instrument moves the specimen to the right and down."""
    maps = particle(0.0, 4)
    still = dark_field(maps)
    moved = dark_field(maps, **{"drift.start": (3 * PIXEL, -2 * PIXEL)})
    found = find_drift(xr.concat([still[:1], moved[1:]], "time"), PIXEL)
    np.testing.assert_allclose(found.dx[1:] / PIXEL, 3.0, atol=0.03)
    np.testing.assert_allclose(found.dy[1:] / PIXEL, -2.0, atol=0.03)


def test_missing_and_wild_frames_are_interpolated_and_flagged() -> None:
    velocity = (5e-9, -3e-9)
    maps = particle(frames=14)
    images = dark_field(maps, velocity).astype(float)
    images[3] = np.nan
    images[4] = 7.0
    images[9] = np.roll(images[9].values, (4, 6), (0, 1))
    found = find_drift(images, PIXEL)
    assert found.flag.tolist() == [MEASURED] * 3 + [MISSING] * 2 + [MEASURED] * 4 + [OUTLIER] + [MEASURED] * 4
    assert np.abs(errors(found, velocity)).max() < 0.06
    assert np.isnan(found.quality[3])
    labelled = found.to_dataset()
    assert all({"units", "long_name"} <= set(labelled[name].attrs) for name in labelled.variables)
    np.testing.assert_array_equal(labelled["drift_flag"], found.flag)


def test_a_jump_of_the_stage_is_no_outlier() -> None:
    images = dark_field(particle(0.0, 16)).astype(float).values
    images[8:] = np.roll(images[8:], 5, axis=2)
    found = find_drift(images, PIXEL)
    assert np.all(found.flag == MEASURED)
    np.testing.assert_allclose(found.dx / PIXEL, np.where(np.arange(16) < 8, 0.0, 5.0), atol=0.05)


def test_smoothing_lowers_the_deviation_and_keeps_a_straight_drift() -> None:
    velocity = (5e-9, -3e-9)
    images = dark_field(particle(), velocity, **{"beam.current": 1e-12})
    rough, smooth = (find_drift(images, PIXEL, smooth=frames) for frames in (1, 5))
    np.testing.assert_allclose(smooth.dx_std[3:-3], rough.dx_std[3:-3] / np.sqrt(5.0), rtol=0.15)
    assert np.abs(errors(smooth, velocity)).max() < 0.15


def test_one_axis_alone_and_missing_pixels() -> None:
    velocity = (5e-9, 0.0)
    images = dark_field(particle(), velocity).astype(float)
    images[:, :6, :9] = np.nan
    found = find_drift(images, (PIXEL, PIXEL), axes="x")
    assert np.all(found.dy == 0.0)
    assert np.abs(errors(found, velocity)).max() < 0.05


@pytest.mark.parametrize(
    ("images", "arguments", "message"),
    [
        (np.ones((3, 32, 32)), {}, "0 of 3 frames"),
        (np.random.default_rng(1).normal(size=(6, 32, 32)), {}, "frames with structure"),
        (np.ones((3, 8, 32)), {}, "12 x 12"),
        (np.ones((32, 32)), {}, "time, y, x"),
        (np.ones((3, 32, 32)), {"reference": "last"}, "first"),
        (np.ones((3, 32, 32)), {"smooth": 2}, "smooth"),
        (np.ones((3, 32, 32)), {"pixel": 0.0}, "pixel"),
        (np.ones((3, 32, 32)), {"axes": "z"}, "axes"),
    ],
)
def test_what_cannot_be_registered_says_so(
    images: np.ndarray, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        find_drift(images, **{"pixel": PIXEL, **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not RECORDED.exists(), reason="recorded files not present")
def test_a_recorded_image_shifted_by_parts_of_a_pixel() -> None:
    image = read_recording(RECORDED).data.values.astype(float)
    image = image[:320, :320] / image.mean()
    frequencies = np.meshgrid(*(np.fft.fftfreq(320),) * 2, indexing="ij")
    shifts = np.array([[0.0, 0.0], [1.3, -0.6], [3.75, 2.25], [-6.4, 9.1]])
    rng = np.random.default_rng(3)
    frames = []
    for down, right in shifts:
        phase = np.exp(-2j * np.pi * (down * frequencies[0] + right * frequencies[1]))
        moved = np.fft.ifft2(np.fft.fft2(image) * phase).real[32:-32, 32:-32]
        frames.append(rng.poisson(np.clip(moved, 0.0, None) * 2000.0))
    for reference in ("first", "mean"):
        found = find_drift(np.array(frames), 1.0, reference=reference)
        error = np.stack([found.dy, found.dx], axis=1) - shifts
        assert np.abs(error).max() < 0.1, error


def known_drift(down: list[float], right: list[float]) -> Drift:
    none = np.zeros(len(down))
    shifts = (np.array(values, dtype=float) for values in (down, right))
    flag = none.astype(np.int8)
    return Drift(np.arange(len(down)) * FRAME, *shifts, none, none, none + 1.0, flag, (1.0, 1.0), "first")


def shifted_parabola(drift: Drift, side: int = 20) -> tuple[xr.Dataset, np.ndarray]:
    row, column = np.indices((side, side))

    def value(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return 2.0 * y + 3.0 * x + 0.1 * x**2 - 0.05 * y**2

    images = np.stack([value(row - dy, column - dx) for dy, dx in zip(drift.dy, drift.dx, strict=True)])
    counts = np.arange(images.size * 3, dtype=np.uint32).reshape(*images.shape, 3)
    dataset = xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), images),
            "li_fraction_std": (("time", "y", "x"), np.full(images.shape, 0.2)),
            "counts": (("time", "y", "x", "energy_loss"), counts, {"units": "electrons"}),
            "pixel_time": (("y", "x"), 1e-3 * (row * side + column)),
        },
        {"time": drift.time, "y": np.arange(side) * 1.0, "x": np.arange(side) * 1.0},
        {"title": "maps"},
    )
    return dataset, value(row, column)


def test_a_parabola_comes_back_exactly_with_its_deviation() -> None:
    drift = known_drift([0.0, 1.25, -2.0, 0.5], [0.0, -0.75, 3.0, 0.0])
    dataset, exact = shifted_parabola(drift)
    result = apply_drift(dataset, drift, order="cubic")
    inside = np.isfinite(result["li_fraction"].values)
    error = np.where(inside, result["li_fraction"].values - exact, 0.0)
    assert np.abs(error).max() < 1e-12
    assert inside[:, 5:-5, 5:-5].all()
    assert not inside[1, -1].any()
    assert not inside[1, :, 0].any()
    spread = result["li_fraction_std"].values[:, 10, 10]
    np.testing.assert_allclose(spread[[0, 2]], 0.2)
    linear = apply_drift(dataset, drift)["li_fraction_std"].values[1, 10, 10]
    assert linear == pytest.approx(0.2 * (0.75**2 + 0.25**2))


def test_counts_move_by_whole_pixels_and_stay_counts() -> None:
    drift = known_drift([0.0, 1.25, -2.0, 0.5], [0.0, -0.75, 3.0, 0.0])
    dataset, _ = shifted_parabola(drift)
    result = apply_drift(dataset, drift)
    assert result["counts"].dtype == np.uint32
    np.testing.assert_array_equal(result["counts"][1, 5, 5], dataset["counts"][1, 6, 4])
    np.testing.assert_array_equal(result["counts"][2, 2:, :-3], dataset["counts"][2, :-2, 3:])
    assert not np.any(result["counts"].values[2, :2])
    assert result["in_frame"].sum(("y", "x")).values.tolist() == [400, 19 * 19, 18 * 17, 400]
    parts = apply_drift(dataset, drift, whole_pixels=False)["counts"]
    assert parts.dtype == np.float32
    whole = apply_drift(dataset, drift, whole_pixels=True)["li_fraction"]
    np.testing.assert_array_equal(whole[1, 5, 5], dataset["li_fraction"][1, 6, 4])


def test_lazy_arrays_stay_lazy_and_give_the_same() -> None:
    drift = known_drift([0.0, 1.25, -2.0, 0.5], [0.0, -0.75, 3.0, 0.0])
    dataset, _ = shifted_parabola(drift)
    lazy = apply_drift(dataset.chunk({"time": 1, "y": 7, "energy_loss": 2}), drift)
    assert lazy["counts"].chunks is not None
    assert lazy["counts"].chunks[0] == (1, 1, 1, 1)
    for name in ("counts", "li_fraction", "li_fraction_std"):
        np.testing.assert_array_equal(lazy[name].values, apply_drift(dataset, drift)[name].values)


def test_time_plus_pixel_time_is_still_the_time_of_a_visit() -> None:
    drift = known_drift([0.0, 2.0, -2.0], [0.0, -1.0, 3.0])
    dataset, _ = shifted_parabola(drift)
    visited = dataset["time"] + dataset["pixel_time"]
    result = apply_drift(dataset, drift)
    now = (result["time"] + result["pixel_time"]).values
    np.testing.assert_allclose(now[1, 5, 5], visited.values[1, 7, 4], rtol=1e-12)
    np.testing.assert_allclose(now[2, 5, 5], visited.values[2, 3, 8], rtol=1e-12)
    np.testing.assert_array_equal(result["frame_start"], dataset["time"])
    assert "apply_drift" in result.attrs["history"]
    assert result.attrs["title"] == "maps"


def test_a_drift_of_other_frames_or_pixels_is_refused() -> None:
    drift = known_drift([0.0, 2.0, -2.0], [0.0, -1.0, 3.0])
    dataset, _ = shifted_parabola(drift)
    with pytest.raises(InputError, match="3 frames"):
        apply_drift(dataset.isel(time=slice(2)), drift)
    with pytest.raises(InputError, match=r"data\.x"):
        apply_drift(dataset.assign_coords(x=dataset["x"] * 2.0), drift)
    with pytest.raises(InputError, match="time, y and x"):
        apply_drift(dataset[["pixel_time"]], drift)


def test_images_shifted_back_by_their_own_drift_lie_on_each_other() -> None:
    images = dark_field(particle(0.0), (-12e-9, 8e-9)).astype(float).drop_attrs()
    found = find_drift(images, PIXEL)
    back = apply_drift(images, found)
    smooth = ndimage.gaussian_filter(images.values, (0, 0.5, 0.5))
    before = np.abs(smooth[-1] - smooth[0])[8:-8, 8:-8].mean()
    after = np.abs((back[-1] - images[0]).values)[8:-8, 8:-8]
    assert np.nanmean(after) < 0.2 * before
