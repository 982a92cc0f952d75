"""Outlines, thickness maps and grain boundaries from images, against shapes whose measures are known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ellipe

from lto_sim.errors import InputError
from lto_sim.files import read_image
from lto_sim.specimen.mask import boundaries_from_labels, outline_from_mask, thickness_from_image
from lto_sim.specimen.thickness import thickness_at

PIXEL = 2e-9
RECORDED = Path(__file__).parents[2] / "shared" / "data" / "perovskite_adf.dm4"
OFFSETS = st.floats(0.0, 1.0, exclude_max=True)
quick = settings(derandomize=True, database=None, deadline=None, max_examples=40)


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres x, y [pixels]."""
    y, x = np.mgrid[:size, :size] + 0.5
    return x, y


def disc(size: int, x0: float, y0: float, radius: float) -> np.ndarray:
    x, y = grid(size)
    return np.hypot(x - x0, y - y0) < radius


def rotated(size: int, x0: float, y0: float, angle: float) -> tuple[np.ndarray, np.ndarray]:
    x, y = grid(size)
    u = (x - x0) * math.cos(angle) + (y - y0) * math.sin(angle)
    return u, (y - y0) * math.cos(angle) - (x - x0) * math.sin(angle)


def signed_area(ring: np.ndarray) -> float:
    x, y = (ring - ring[0]).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


@quick
@given(radius=st.floats(20.0, 60.0), x=OFFSETS, y=OFFSETS)
def test_circle(radius: float, x: float, y: float):
    size = math.ceil(2.0 * radius) + 8
    x0, y0 = 0.5 * size - 0.5 + x, 0.5 * size - 0.5 + y
    mask = disc(size, x0, y0, radius)
    outline = outline_from_mask(mask, PIXEL)
    assert outline.perimeter == pytest.approx(2.0 * math.pi * radius * PIXEL, rel=0.01)
    assert outline.area == pytest.approx(mask.sum() * PIXEL**2, rel=1e-6)
    # the pixels themselves miss a small circle's area by up to 0.8 %
    assert outline.area == pytest.approx(
        math.pi * (radius * PIXEL) ** 2, rel=0.005 if radius > 30.0 else 0.01
    )
    distance = np.hypot(*(outline.exterior / PIXEL - [x0, y0]).T)
    assert np.abs(distance - radius).max() < 0.6
    assert outline.smooth


@quick
@given(angle=st.floats(0.0, 180.0), x=OFFSETS, y=OFFSETS)
def test_ellipse(angle: float, x: float, y: float):
    u, v = rotated(120, 59.5 + x, 59.5 + y, math.radians(angle))
    outline = outline_from_mask((u / 50.0) ** 2 + (v / 30.0) ** 2 < 1.0, PIXEL)
    perimeter = 4.0 * 50.0 * float(ellipe(1.0 - 0.36))
    assert outline.perimeter == pytest.approx(perimeter * PIXEL, rel=0.01)
    assert outline.area == pytest.approx(math.pi * 1500.0 * PIXEL**2, rel=0.005)


@quick
@given(angle=st.floats(0.0, 90.0), x=OFFSETS, y=OFFSETS)
def test_square_keeps_its_corners(angle: float, x: float, y: float):
    u, v = rotated(140, 69.5 + x, 69.5 + y, math.radians(angle))
    outline = outline_from_mask(np.maximum(abs(u), abs(v)) < 40.0, 1.0)
    assert outline.perimeter == pytest.approx(4.0 * math.sqrt(outline.area), rel=0.015)
    for corner in ((-40.0, -40.0), (-40.0, 40.0), (40.0, -40.0), (40.0, 40.0)):
        at = rotated_back(corner, math.radians(angle)) + np.array([69.5 + x, 69.5 + y])
        assert np.hypot(*(outline.exterior - at).T).min() < 1.6


def rotated_back(point: tuple[float, float], angle: float) -> np.ndarray:
    u, v = point
    return np.array([u * math.cos(angle) - v * math.sin(angle), u * math.sin(angle) + v * math.cos(angle)])


def test_a_wider_gaussian_takes_more_of_the_staircase_out():
    mask = disc(100, 50.3, 49.8, 40.0)
    excess = [
        outline_from_mask(mask, 1.0, smoothing=width).perimeter / (80.0 * math.pi) - 1.0
        for width in (0.0, 1.0, 1.5, 2.0)
    ]
    assert excess[0] > 0.04
    assert excess[0] > excess[1] > excess[2] > excess[3] > 0.0
    assert excess[2] < 0.0025


def test_without_smoothing_the_outline_passes_between_the_pixels():
    mask = np.zeros((9, 10), dtype=bool)
    mask[2:7, 3:9] = True
    outline = outline_from_mask(mask, PIXEL, smoothing=0.0)
    assert outline.bounds == pytest.approx((3.0 * PIXEL, 2.0 * PIXEL, 9.0 * PIXEL, 7.0 * PIXEL), rel=1e-12)
    assert outline.area == pytest.approx((30.0 - 4.0 / 8.0) * PIXEL**2, rel=1e-12)


def test_the_outline_starts_at_the_top_and_runs_clockwise_on_the_image():
    mask = np.zeros((30, 40), dtype=bool)
    mask[5:20, 8:31] = True
    mask[10:15, 12:20] = False
    outline = outline_from_mask(mask, 1.0)
    first, second = outline.exterior[:2]
    assert first[1] == pytest.approx(outline.exterior[:, 1].min(), abs=1e-6)
    level = outline.exterior[np.abs(outline.exterior[:, 1] - first[1]) < 1e-6]
    assert first[0] == level[:, 0].min()
    assert second[0] > first[0]
    assert signed_area(outline.exterior) > 0.0
    assert signed_area(outline.holes[0]) < 0.0


def test_mirrored_and_turned_masks_give_mirrored_and_turned_outlines():
    u, v = rotated(80, 37.3, 41.2, 0.3)
    mask = ((u / 25.0) ** 2 + (v / 14.0) ** 2 < 1.0) | (np.hypot(u - 15.0, v - 10.0) < 9.0)
    here = outline_from_mask(mask, 1.0)
    for other, back in (
        (mask[:, ::-1], lambda p: np.stack([80.0 - p[:, 0], p[:, 1]], axis=1)),
        (mask.T, lambda p: p[:, ::-1]),
        (np.rot90(mask), lambda p: np.stack([80.0 - p[:, 1], p[:, 0]], axis=1)),
    ):
        there = outline_from_mask(other, 1.0)
        assert there.perimeter == pytest.approx(here.perimeter, rel=1e-9)
        points = back(there.exterior)
        gap = np.hypot(*(points[:, None] - here.exterior[None]).transpose(2, 0, 1)).min(axis=1)
        assert gap.max() < 1e-5


def test_holes_are_kept_and_specks_are_noise():
    mask = disc(140, 70.2, 69.7, 55.0)
    ring = mask & ~disc(140, 80.4, 60.1, 20.0)
    noisy = ring.copy()
    noisy[100:103, 60:65] = False  # a hole of 15 pixels
    noisy[2:5, 2:7] = True  # a speck of 15 pixels
    noisy[0, 50] = True  # on the frame
    clean, outline = outline_from_mask(ring, PIXEL), outline_from_mask(noisy, PIXEL)
    np.testing.assert_array_equal(outline.exterior, clean.exterior)
    (hole,) = outline.holes
    assert -signed_area(hole) == pytest.approx(math.pi * (20.0 * PIXEL) ** 2, rel=0.01)
    np.testing.assert_allclose(hole.mean(axis=0), [80.4 * PIXEL, 60.1 * PIXEL], rtol=0.01)
    assert outline.area == pytest.approx(ring.sum() * PIXEL**2, rel=1e-6)


@pytest.mark.parametrize("bright", [True, False])
def test_thresholds(bright: bool):
    rng = np.random.default_rng(1)
    mask = disc(80, 40.3, 39.6, 25.0)
    image = np.where(mask == bright, 200.0, 50.0) + rng.normal(0.0, 8.0, mask.shape)
    expected = outline_from_mask(mask, PIXEL).exterior
    for threshold in ("otsu", 125.0):
        found = outline_from_mask(image, PIXEL, threshold=threshold, bright=bright).exterior
        np.testing.assert_array_equal(found, expected)
    whole = (mask == bright).astype(np.int64)
    for label in (whole, 255 * whole):
        np.testing.assert_array_equal(outline_from_mask(label, PIXEL, bright=bright).exterior, expected)
    np.testing.assert_array_equal(outline_from_mask(mask == bright, PIXEL, bright=bright).exterior, expected)


def test_the_largest_of_several_particles_if_told_to():
    first, second = disc(100, 30.2, 30.6, 20.0), disc(100, 70.0, 72.0, 24.0)
    with pytest.raises(InputError, match=r'2 particles.*particle = "largest"'):
        outline_from_mask(first | second, PIXEL)
    found = outline_from_mask(first | second, PIXEL, particle="largest")
    np.testing.assert_array_equal(found.exterior, outline_from_mask(second, PIXEL).exterior)
    cut_off = first | second | disc(100, 100.0, 0.0, 12.0)
    found = outline_from_mask(cut_off, PIXEL, particle="largest")
    np.testing.assert_array_equal(found.exterior, outline_from_mask(second, PIXEL).exterior)


def test_particles_that_meet_at_a_corner_only_are_two():
    mask = np.zeros((20, 20), dtype=bool)
    mask[4:10, 4:10] = mask[10:16, 10:16] = True
    with pytest.raises(InputError, match="2 particles"):
        outline_from_mask(mask, PIXEL)


def dumbbell() -> np.ndarray:
    mask = disc(60, 18.0, 30.0, 10.0) | disc(60, 42.0, 30.0, 10.0)
    mask[30, 20:40] = True
    return mask


def slit() -> np.ndarray:
    mask = disc(60, 30.0, 30.0, 25.0)
    mask[30, 15:45] = False
    return mask


ROUND = disc(60, 30.0, 30.0, 20.0)
BAD = {
    "empty": (np.zeros((20, 20), dtype=bool), {}, "0 pixels"),
    "constant": (np.full((20, 20), 7.0), {}, "0 pixels"),
    "only specks": (disc(20, 10.0, 10.0, 2.0), {}, "at least 16"),
    "threshold above all": (ROUND.astype(float), {"threshold": 2.0}, "0 pixels"),
    "threshold below all": (ROUND.astype(float), {"threshold": -1.0}, "every pixel"),
    "full": (np.ones((20, 20), dtype=bool), {}, "every pixel"),
    "touches": (disc(60, 30.0, 20.0, 20.0), {}, "touches the frame"),
    "touches the right": (disc(60, 41.0, 30.0, 20.0), {}, "touches the frame"),
    "inverted": (ROUND, {"bright": False}, "touches the frame"),
    "largest touches": (disc(60, 20.0, 0.0, 30.0), {"particle": "largest"}, "touches the frame"),
    "split": (dumbbell(), {}, "leaves 2 particles"),
    "vanishes": (disc(60, 30.0, 30.0, 5.0), {"smoothing": 100.0}, "narrower"),
    "vanishes faintly": (disc(60, 30.0, 30.0, 2.5), {"smoothing": 100.0}, "narrower"),
    "closed hole": (slit(), {"smoothing": 2.0}, "0 of 1 holes"),
    "particle": (ROUND, {"particle": "first"}, "only or largest"),
    "threshold word": (ROUND.astype(float), {"threshold": "li"}, "otsu or a number"),
    "threshold NaN": (ROUND.astype(float), {"threshold": math.nan}, "otsu or a number"),
    "smoothing": (ROUND, {"smoothing": -1.0}, "0 to 100 pixels"),
    "smoothing NaN": (ROUND, {"smoothing": math.nan}, "0 to 100 pixels"),
    "NaN": (np.where(ROUND, 1.0, np.nan), {}, "finite pixels"),
    "stack": (np.stack([ROUND] * 2), {}, "(2, 60, 60)"),
    "complex": (ROUND * 1j, {}, "complex128"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mask_that_cannot_be_used_is_refused_in_one_line(name: str):
    image, options, words = BAD[name]
    with pytest.raises(InputError) as caught:
        outline_from_mask(image, PIXEL, field="specimen.outline", **options)
    assert words in str(caught.value)
    assert caught.value.field.startswith("specimen.outline.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pixel", [None, 0.0, -1e-9, math.nan, math.inf])
def test_a_pixel_size_is_needed(pixel: float | None):
    with pytest.raises(InputError, match=r"outline.pixel"):
        outline_from_mask(ROUND, pixel)
    with pytest.raises(InputError, match=r"thickness.pixel"):
        thickness_from_image(ROUND, pixel, scale=1e-9)
    with pytest.raises(InputError, match=r"grain_boundaries.pixel"):
        boundaries_from_labels(np.arange(20).reshape(4, 5), pixel)


def test_thickness_is_linear_in_the_image():
    image = np.array([[1, 2, 3], [4, 5, 6]])
    found = thickness_from_image(image, PIXEL, scale=2e-9, offset=1e-8, origin=(1e-8, 2e-8))
    np.testing.assert_allclose(found.values, 1e-8 + 2e-9 * image, rtol=1e-14)
    assert (found.pixel_size, found.origin) == (PIXEL, (1e-8, 2e-8))


def test_smoothing_of_a_thickness_keeps_a_constant_and_the_unknown():
    x, y = grid(40)
    unknown = np.hypot(x - 20.0, y - 15.0) > 14.0
    flat = np.where(unknown, np.nan, 3.0)
    found = thickness_from_image(flat, PIXEL, scale=1e-9, smoothing=3.0).values
    np.testing.assert_array_equal(np.isnan(found), unknown)
    np.testing.assert_allclose(found[~unknown], 3e-9, rtol=1e-12)


def test_smoothing_takes_atomic_contrast_out():
    x, y = grid(80)
    slope = 100.0 + 0.5 * x
    lattice = 20.0 * np.cos(2.0 * math.pi * x / 3.0) * np.cos(2.0 * math.pi * y / 3.0)
    found = thickness_from_image(slope + lattice, PIXEL, scale=1e-9, smoothing=3.0).values
    inner = (slice(15, -15), slice(15, -15))
    np.testing.assert_allclose(found[inner], 1e-9 * slope[inner], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": 0.0}, "thickness.scale"),
        ({"scale": math.nan}, "thickness.scale"),
        ({"scale": 1e-9, "offset": math.inf}, "thickness.offset"),
        ({"scale": 1e-9, "smoothing": 101.0}, "thickness.smoothing"),
    ],
)
def test_a_thickness_that_cannot_be_used_is_refused(options: dict[str, float], words: str):
    with pytest.raises(InputError, match=words):
        thickness_from_image(np.ones((3, 3)), PIXEL, **options)
    with pytest.raises(InputError, match="no finite pixel"):
        thickness_from_image(np.full((3, 3), np.nan), PIXEL, scale=1e-9)


def test_the_recorded_dark_field_image_becomes_a_thickness_map():
    if not RECORDED.is_file():
        pytest.skip("recorded files not present")
    image = read_image(RECORDED)
    # the material fills the field: no particle's outline is in it
    for options in ({}, {"bright": False}, {"threshold": 14000.0}):
        with pytest.raises(InputError, match="touches the frame"):
            outline_from_mask(image.values, image.pixel_size, particle="largest", **options)
    mean = float(image.values.mean())
    scale = 100e-9 / (mean - 1e4)
    found = thickness_from_image(
        image.values, image.pixel_size, scale=scale, offset=-1e4 * scale, smoothing=8.0
    )
    assert found.values.mean() == pytest.approx(100e-9, rel=1e-3)
    assert 30e-9 < found.values.min() < found.values.max() < 180e-9
    rough, smooth = (np.diff(values, axis=1).std() for values in (scale * image.values, found.values))
    assert smooth < 0.05 * rough  # the lattice of atom columns is gone
    rows, columns = image.values.shape
    x, y = (0.25 * size * image.pixel_size for size in (columns, rows))
    here = thickness_at(found, outline_from_mask(ROUND, PIXEL), np.array([x]), np.array([y]))
    assert here == pytest.approx(
        found.values[rows // 4 - 1 : rows // 4 + 1, columns // 4 - 1 : columns // 4 + 1].mean()
    )
