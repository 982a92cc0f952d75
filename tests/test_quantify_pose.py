"""Where a recorded particle lies in a run's frame: known moves found, what an outline cannot tell refused."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
import shapely
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.quantify.compare.pose import Pose, area_weights, find_pose, particle_of_run
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

SEEDS: Final = (1, 2, 3, 4)
PIXELS: Final = (9e-9, 14e-9, 20e-9)
CORNERS: Final = ((0.0, 60.0), (420.0, 0.0), (600.0, 150.0), (520.0, 400.0), (100.0, 360.0))
FIELD: Final = 900e-9


def run_of(outline: dict[str, object], cell: str = "10 nm") -> xr.Dataset:
    return simulate(
        Scenario.from_dict(
            {
                "material": "lto",
                "temperature": "75 degC",
                "initial": 1.0,
                "specimen": {"outline": outline, "cell": cell, "thickness": "150 nm"},
                "contacts": {"lps": {"where": {"side": "all"}}},
                "drive": [{"hold": "1.6 V", "until": {"time": "10 ms"}}],
                "output": {"every": "5 ms"},
            }
        )
    )


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return run_of({"shape": "polygon", "points": [[f"{x} nm", f"{y} nm"] for x, y in CORNERS]})


@pytest.fixture(scope="module")
def rectangle() -> xr.Dataset:
    return run_of({"shape": "rectangle", "width": "600 nm", "height": "300 nm"}, "20 nm")


def pose_at(pixel: float, seed: int, turn: float, scale: float = 1.0, mirror: bool = False) -> Pose:
    """A pose that puts the middle of the particle within 40 nm of that of the field of view."""
    rng = np.random.default_rng(seed)
    middle = 0.5 * round(FIELD / pixel) * pixel
    shift = np.array([300e-9, 200e-9]) - middle + rng.uniform(-40e-9, 40e-9, 2)
    angle = np.deg2rad(rng.uniform(-turn, turn))
    return Pose((float(shift[0]), float(shift[1])), float(angle), scale, mirror, (middle, middle))


def recorded(
    run: xr.Dataset, pose: Pose, pixel: float, level: float | None = None, parts: int = 10
) -> xr.Dataset:
    """Maps of the outline: area fractions by counting points in the polygon, or the mask above a level."""
    size = round(FIELD / pixel)
    centres = (np.arange(size) + 0.5) * pixel
    inner = ((np.arange(parts) + 0.5) / parts - 0.5) * pixel
    points = (centres[:, None] + inner).ravel()
    x, y = pose.to_run(points[None, :], points[:, None])
    outline = shapely.Polygon(run["outline"].values)
    hit = shapely.contains_xy(outline, *np.broadcast_arrays(x, y)).reshape(size, parts, size, parts)
    fraction = hit.mean(axis=(1, 3))
    inside = fraction > (0.5 if level is None else level)
    maps = xr.Dataset(
        {"li_fraction": (("time", "y", "x"), np.where(inside, 0.5, np.nan)[None])},
        {"time": [0.0], "y": centres, "x": centres},
    )
    return maps if level is not None else maps.assign(coverage=(("y", "x"), fraction))


def errors(found: Pose, true: Pose, pixel: float) -> tuple[float, float]:
    """Distance [pixels] and angle [degrees] between two poses."""
    turn = (found.rotation - true.rotation + np.pi) % (2.0 * np.pi) - np.pi
    return float(np.hypot(*np.subtract(found.shift, true.shift)) / pixel), abs(float(np.rad2deg(turn)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pixel", PIXELS)
def test_area_fractions_give_the_pose_within_a_tenth_of_a_pixel(
    run: xr.Dataset, pixel: float, seed: int
) -> None:
    true = pose_at(pixel, seed, 170.0 if seed % 2 else 8.0)
    found = find_pose(recorded(run, true, pixel), run)
    distance, angle = errors(found, true, pixel)
    assert distance < 0.1
    assert angle < 0.2
    assert found.alternative == ""
    assert found.shift_std is not None
    assert found.rotation_std is not None
    for value, exact, std in zip(found.shift, true.shift, found.shift_std, strict=True):
        assert abs(value - exact) < 4.0 * std
    assert np.deg2rad(angle) < 4.0 * found.rotation_std


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [0.02, 0.5, 0.9])
def test_a_mask_does_whatever_its_level(run: xr.Dataset, level: float, seed: int) -> None:
    """A mask at another level than half is an outline that has grown or shrunk, not one that has moved.

    It knows less than area fractions do: edges along rows of pixels move in steps of a pixel.
    """
    true = pose_at(14e-9, seed, 8.0)
    found = find_pose(recorded(run, true, 14e-9, level), run)
    distance, angle = errors(found, true, 14e-9)
    assert distance < 0.2
    assert found.rotation_std is not None
    assert np.deg2rad(angle) < 4.0 * found.rotation_std < np.deg2rad(1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_scale_and_mirror(run: xr.Dataset, seed: int) -> None:
    true = pose_at(14e-9, seed, 170.0, scale=1.04, mirror=seed % 2 == 0)
    free = ("shift", "rotation", "scale", "mirror")
    found = find_pose(recorded(run, true, 14e-9), run, free=free)
    distance, angle = errors(found, true, 14e-9)
    assert found.mirror == true.mirror
    assert found.scale == pytest.approx(1.04, abs=0.002)
    assert distance < 0.1
    assert angle < 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_particle_that_leaves_the_frame(run: xr.Dataset, seed: int) -> None:
    true = pose_at(14e-9, seed, 8.0)
    maps = recorded(run, true, 14e-9).isel(x=slice(8, 40), y=slice(30, None))
    found = find_pose(maps, run)
    x, y = np.array([200e-9, 500e-9]), np.array([500e-9, 600e-9])
    away = np.hypot(*np.subtract(found.to_run(x, y), true.to_run(x, y)))
    assert away.max() < 0.2 * 14e-9


def test_a_mask_of_another_detector(run: xr.Dataset) -> None:
    true = pose_at(14e-9, 1, 0.0)
    maps = recorded(run, true, 14e-9)
    whole = maps.drop_vars("coverage").fillna(0.5)
    found = find_pose(whole, run, free=("shift",), inside=maps["coverage"].values)
    assert errors(found, true, 14e-9)[0] < 0.1
    assert found.rotation == 0.0
    assert found.rotation_std is None


def test_a_rectangle_lies_as_well_the_other_way_round(rectangle: xr.Dataset) -> None:
    true = Pose((-150e-9, -300e-9), np.deg2rad(3.0), centre=(450e-9, 450e-9))
    found = find_pose(recorded(rectangle, true, 12e-9), rectangle)
    distance, angle = errors(found, true, 12e-9)
    assert distance < 0.1
    assert angle < 0.2
    assert "-177" in found.alternative


def test_what_the_outline_does_not_tell_is_refused(rectangle: xr.Dataset, run: xr.Dataset) -> None:
    maps = recorded(run, pose_at(20e-9, 1, 0.0), 20e-9)
    whole = maps.drop_vars("coverage").fillna(0.5)
    with pytest.raises(InputError, match="fills the recorded frame"):
        find_pose(whole, run)
    with pytest.raises(InputError, match="is not in the recorded frame"):
        find_pose(whole.where(False), run)
    with pytest.raises(InputError, match="any of rotation, scale, mirror"):
        find_pose(maps, run, free=("shift", "size"))
    with pytest.raises(InputError, match="numbers from 0 to 1"):
        find_pose(maps, run, inside=np.full((3, 3), 0.5))
    with pytest.raises(InputError, match="give what `lto-sim run` stored"):
        find_pose(maps, maps)
    near = whole.isel(x=slice(10), y=slice(10))
    edge = np.tile(np.arange(10) >= 4, (10, 1))
    with pytest.raises(InputError, match="what the outline in view determines"):
        find_pose(near, rectangle, inside=edge, free=("shift",))
    disc = run_of({"shape": "polygon", "points": circle(200.0, 96)})
    round_one = recorded(disc, pose_at(14e-9, 3, 0.0), 14e-9)
    with pytest.raises(InputError, match="what the outline in view determines"):
        find_pose(round_one, disc)
    assert errors(find_pose(round_one, disc, free=("shift",)), pose_at(14e-9, 3, 0.0), 14e-9)[0] < 0.1


def circle(radius: float, corners: int) -> list[list[str]]:
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return [[f"{radius + radius * np.cos(a)} nm", f"{radius + radius * np.sin(a)} nm"] for a in angles]


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0])
def test_weights_of_pixels_that_are_not_turned_are_exact(turn: float) -> None:
    """Area of every cell in pixels of 25 x 40 nm, cells of 10 nm, against intervals written by hand."""
    pose = Pose((3e-9, -4e-9), np.deg2rad(turn), centre=(100e-9, 100e-9))
    faces = np.arange(21) * 10e-9
    x, y = (axis.ravel() for axis in np.meshgrid([80e-9, 105e-9], [60e-9, 100e-9]))
    weights = area_weights(pose, x, y, (25e-9, 40e-9), faces, faces).toarray().reshape(4, 20, 20)
    middle_x, middle_y = pose.to_run(x, y)
    width, height = (40e-9, 25e-9) if turn == 90.0 else (25e-9, 40e-9)
    for k in range(4):
        along = np.clip(faces, middle_x[k] - width / 2, middle_x[k] + width / 2)
        down = np.clip(faces, middle_y[k] - height / 2, middle_y[k] + height / 2)
        exact = np.diff(down)[:, None] * np.diff(along)[None, :] / (width * height)
        np.testing.assert_allclose(weights[k], exact, atol=1e-9)


def test_turned_pixels_hold_as_much_as_they_cover() -> None:
    """A field that is linear in x and y has the mean of a pixel at its centre, however it is turned."""
    pose = Pose((5e-9, 7e-9), np.deg2rad(27.0), centre=(100e-9, 100e-9))
    faces = np.arange(41) * 5e-9
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.arange(80e-9, 121e-9, 10e-9)] * 2))
    weights = area_weights(pose, x, y, (10e-9, 10e-9), faces, faces)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    centres = 0.5 * (faces[1:] + faces[:-1])
    field = 2.0 * centres[None, :] - 3.0 * centres[:, None]
    to_x, to_y = pose.to_run(x, y)
    np.testing.assert_allclose(weights @ field.ravel(), 2.0 * to_x - 3.0 * to_y, atol=4e-9)


def test_the_particle_of_a_run_has_its_volume(run: xr.Dataset) -> None:
    content, coverage, x_face, y_face = particle_of_run(run)
    cell = np.diff(x_face)[0] * np.diff(y_face)[0]
    area = shapely.Polygon(run["outline"].values).area
    assert coverage.sum() * cell == pytest.approx(area, rel=1e-6)
    assert content.sum() * cell == pytest.approx(area * 150e-9, rel=1e-6)
