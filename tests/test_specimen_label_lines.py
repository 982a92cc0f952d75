"""Grain boundaries from labels: true lengths, ends on the outline, and one point where grains meet."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import Voronoi, cKDTree

from lto_sim.errors import InputError
from lto_sim.specimen.mask import boundaries_from_labels, outline_from_mask

PIXEL = 2e-9
ANGLES = [0, 3, 8, 17, 30, 45, 62, 90, 118, 135, 171]


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres x, y [pixels]."""
    y, x = np.mgrid[:size, :size] + 0.5
    return x, y


def length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def halves(size: int, degrees: float) -> np.ndarray:
    x, y = grid(size)
    angle = math.radians(degrees)
    side = (x - 0.5 * size - 0.2) * math.sin(angle) - (y - 0.5 * size + 0.3) * math.cos(angle)
    return np.where(side > 0.0, 7, 3)


@pytest.mark.parametrize("degrees", ANGLES)
def test_straight_line_across_a_disc(degrees: float):
    x, y = grid(220)
    labels = np.where(np.hypot(x - 110.0, y - 110.0) < 100.0, halves(220, degrees), 0)
    found = boundaries_from_labels(labels, PIXEL)
    assert list(found) == [(3, 7)]
    (line,) = found[3, 7]
    assert length(line) == pytest.approx(200.0 * PIXEL, rel=0.015)
    outline = outline_from_mask(labels > 0, PIXEL).exterior
    for end in (line[0], line[-1]):
        assert np.hypot(*(outline - end).T).min() < 0.6 * PIXEL  # half a vertex spacing along it
        assert math.hypot(*(end / PIXEL - 110.0)) == pytest.approx(100.0, abs=0.6)


@pytest.mark.parametrize("degrees", ANGLES)
def test_straight_line_across_a_full_frame(degrees: float):
    found = boundaries_from_labels(halves(200, degrees), 1.0)
    (line,) = found[3, 7]
    angle = math.radians(degrees)
    exact = 200.0 / max(abs(math.cos(angle)), abs(math.sin(angle)))
    assert length(line) == pytest.approx(exact, rel=0.015)
    for end in (line[0], line[-1]):
        assert min(*end, *(200.0 - end)) == pytest.approx(0.0, abs=1e-9)
    off = (line[:, 0] - 100.2) * math.sin(angle) - (line[:, 1] - 99.7) * math.cos(angle)
    assert np.abs(off).max() < 0.9
    assert np.median(np.abs(off)) < 0.35


@pytest.mark.parametrize("turn", [0.0, 10.0, 37.0, 90.0])
@pytest.mark.parametrize("smoothing", [0.0, 1.0, 2.0])
def test_three_grains_meet_in_one_point(turn: float, smoothing: float):
    x, y = grid(120)
    sector = (np.degrees(np.arctan2(y - 60.0, x - 60.0)) + turn) % 360.0 // 120.0
    labels = np.where(np.hypot(x - 60.0, y - 60.0) < 50.0, 1 + sector.astype(int), 0)
    found = boundaries_from_labels(labels, PIXEL, smoothing=smoothing)
    assert list(found) == [(1, 2), (1, 3), (2, 3)]
    ends = []
    for lines in found.values():
        (line,) = lines
        middle, rim = sorted((line[0], line[-1]), key=lambda end: math.hypot(*(end / PIXEL - 60.0)))
        ends.append(middle)
        assert math.hypot(*(rim / PIXEL - 60.0)) == pytest.approx(50.0, abs=0.8)
        if smoothing:
            assert length(line) == pytest.approx(50.0 * PIXEL, rel=0.025)
    assert np.array_equal(ends[0], ends[1])
    assert np.array_equal(ends[0], ends[2])
    np.testing.assert_allclose(ends[0] / PIXEL, 60.0, atol=0.5)


def test_four_grains_meet_in_one_point():
    x, y = grid(40)
    found = boundaries_from_labels(1 + (x > 20.0) + 2 * (y > 20.0), 1.0)
    assert list(found) == [(1, 2), (1, 3), (2, 4), (3, 4)]
    for lines in found.values():
        (line,) = lines
        assert [20.0, 20.0] in line[[0, -1]].round(9).tolist()
        assert length(line) == pytest.approx(20.0, rel=1e-9)


def test_a_mosaic_has_the_corners_of_its_voronoi_cells():
    rng = np.random.default_rng(3)
    seeds = rng.random((40, 2)) * 500.0
    labels = 1 + cKDTree(seeds).query(np.stack(grid(500), axis=-1))[1]
    found = boundaries_from_labels(labels, 1.0)
    ends = [tuple(line[at]) for lines in found.values() for line in lines for at in (0, -1)]
    inner = [end for end in ends if min(*end, *(500.0 - c for c in end)) > 1e-6]
    corners, counts = np.unique(np.array(inner), axis=0, return_counts=True)
    assert counts.min() == 3
    exact = Voronoi(seeds).vertices
    exact = exact[((exact > 3.0) & (exact < 497.0)).all(axis=1)]
    distance, _ = cKDTree(corners).query(exact)
    assert distance.max() < 3.0
    assert np.median(distance) < 0.5


def test_an_enclosed_grain_has_a_closed_line():
    x, y = grid(80)
    found = boundaries_from_labels(1 + (np.hypot(x - 40.3, y - 39.6) < 25.0), 1.0)
    (line,) = found[1, 2]
    np.testing.assert_array_equal(line[0], line[-1])
    assert length(line) == pytest.approx(50.0 * math.pi, rel=0.01)


def test_a_line_is_interrupted_by_a_hole():
    x, y = grid(120)
    labels = np.where(np.hypot(x - 60.0, y - 60.0) < 20.0, 0, np.where(y < 60.0, 1, 2))
    lines = boundaries_from_labels(labels, 1.0)[1, 2]
    assert sorted(round(length(line)) for line in lines) == [40, 40]


def test_a_watershed_line_of_zeros_is_a_boundary():
    labels = np.where(np.arange(40)[None, :] < 20, 1, 2) * np.ones((30, 1), dtype=int)
    labels[:, 20] = 0
    (line,) = boundaries_from_labels(labels, 1.0)[1, 2]
    assert length(line) == pytest.approx(30.0, rel=1e-9)
    np.testing.assert_allclose(line[:, 0], 20.5, atol=0.5 + 1e-9)


def test_grains_that_do_not_touch_have_no_line():
    labels = np.zeros((30, 40), dtype=int)
    labels[5:25, 3:15] = 1
    labels[5:25, 22:35] = 2
    assert boundaries_from_labels(labels, 1.0) == {}


def test_whole_numbers_may_come_as_floats():
    labels = halves(40, 20.0)
    (here,), (there,) = (boundaries_from_labels(a, 1.0)[3, 7] for a in (labels, labels.astype(np.float32)))
    np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.full((9, 9), 1.5), "no labels"),
        (np.full((9, 9), np.nan), "no labels"),
        (np.full((9, 9), -1), "no labels"),
        (np.ones((9, 9), dtype=int), "1 grains"),
        (np.eye(9, dtype=int), "1 grains"),
        (np.zeros((9, 9), dtype=int), "0 grains"),
        (np.ones((9, 9), dtype=bool), "1 grains"),
        (np.arange(27).reshape(3, 3, 3), "(3, 3, 3)"),
        (np.ones((9, 9)) * 1j, "complex128"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels: np.ndarray, words: str):
    with pytest.raises(InputError) as caught:
        boundaries_from_labels(labels, PIXEL)
    assert words in str(caught.value)
    assert str(caught.value).startswith("grain_boundaries.image: got ")


def test_smoothing_of_labels_has_its_range():
    with pytest.raises(InputError, match="0 to 100 pixels"):
        boundaries_from_labels(halves(20, 0.0), PIXEL, smoothing=-1.0)
