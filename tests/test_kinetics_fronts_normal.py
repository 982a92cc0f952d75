"""Profiles along the normal of a contact: geometry, pixels, and the front that they give."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.kinetics.fronts import (
    ContactLine,
    ContactProfile,
    Profile,
    contact_profiles,
    labelled_contact,
    scenario_contact,
    track_front,
)

PIXEL = 31e-9
SEEDS = (21, 22, 23)
NAMES = ("front_position", "front_position_std", "front_time", "front_width", "front_quality")


def maps_of_distance(distance, positions, *, blur=15e-9, noise=0.1, rng=None, outside=None):
    """Extraction maps (time, y, x) whose front stands at `positions` in the pixel distances (y, x)."""
    values = np.array(
        [0.05 + 0.9 * ndtr((distance - xi) / np.hypot(blur, PIXEL / 12**0.5)) for xi in positions]
    )
    if rng is not None:
        values = values + rng.normal(0.0, noise, values.shape)
    if outside is not None:
        values[:, outside] = np.nan
    rows, columns = distance.shape
    row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values),
            "li_fraction_std": noise,
            "pixel_time": (("y", "x"), 1e-4 * (columns * row + column)),
        },
        coords={
            "time": 1.5 * np.arange(len(positions)),
            "y": (np.arange(rows) + 0.5) * PIXEL,
            "x": (np.arange(columns) + 0.5) * PIXEL,
        },
    )


def pixel_centres(rows, columns):
    return np.meshgrid((np.arange(columns) + 0.5) * PIXEL, (np.arange(rows) + 0.5) * PIXEL)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_beside_a_straight_contact_it_is_the_straight_profile(turn, seed):
    """On each side of the image, the line in both directions: the same to rounding."""
    size = 40
    x, y = pixel_centres(size, size)
    end = size * PIXEL
    distance = (x, y, end - x, end - y)[turn]
    maps = maps_of_distance(distance, np.linspace(2e-7, 9e-7, 12), rng=np.random.default_rng(seed))
    corners = np.array([[0.0, 0.0], [0.0, end], [end, end], [end, 0.0], [0.0, 0.0], [0.0, end]])
    side = {0: (0, 1), 1: (3, 0), 2: (2, 3), 3: (1, 2)}[turn]
    line = corners[list(side)]
    low, high, length = 8 * PIXEL, 16 * PIXEL, 35 * PIXEL
    along = (line[1] - line[0]) / end
    start = line[0] + 0.5 * (low + high) * along
    into = np.array([0.5 * end, 0.5 * end]) - 0.5 * (line[0] + line[1])
    straight = Profile(tuple(start), tuple(start + length * into / np.hypot(*into)), high - low)
    contact = ContactLine((line,))
    back = ContactLine((line[::-1],), inside=(0.5 * end, 0.5 * end))
    bent = [
        ContactProfile(contact, (low, high), length),
        ContactProfile(back, (end - high, end - low), length),
    ]
    front = track_front(maps, [straight, *bent], direction="extraction")
    for name in NAMES:
        found = front[name].values
        assert np.isfinite(found).all()
        for other in (1, 2):
            np.testing.assert_allclose(found[:, other], found[:, 0], rtol=1e-6, err_msg=name)
    for name in ("profile_start_x", "profile_start_y", "profile_end_x", "profile_end_y", "profile_width"):
        np.testing.assert_allclose(front[name].values, front[name].values[0], atol=1e-15)
    np.testing.assert_array_equal(front["profile_contact"].values, [-1, 0, 1])
    assert np.isnan(front["profile_contact_from"].values[0])
    np.testing.assert_allclose(front["profile_contact_from"].values[1:], [low, end - high])
    owner = front["contact_line_owner"].values
    points = np.stack([front["contact_line_x"], front["contact_line_y"]], axis=1)
    np.testing.assert_allclose(points[owner == 1], line[::-1], atol=1e-15)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_round_particle_is_followed_from_its_edge_inwards(seed):
    """A front at one depth under an arc: a straight strip would see a smear, the normal does not."""
    size, centre, radius = 64, 32 * PIXEL, 29.7 * PIXEL
    x, y = pixel_centres(size, size)
    depth = radius - np.hypot(x - centre, y - centre)
    rng = np.random.default_rng(seed)
    positions = rng.uniform(2e-7, 5e-7, 100)
    maps = maps_of_distance(depth, positions, rng=rng, outside=depth < 0.0)
    angle = np.linspace(0.0, 2.0 * np.pi, 721)
    ring = centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    contact = ContactLine((ring[:361],), outline=(ring[:-1],))
    profiles = contact_profiles(contact, 3, 0.8 * radius)
    front = track_front(maps, profiles, direction="extraction")
    error = front["front_position"].values - positions[:, None]
    assert np.isfinite(error).mean() > 0.99
    pulls = error / front["front_position_std"].values
    assert np.abs(np.nanmean(error, axis=0)).max() < 0.9e-9, np.nanmean(error, axis=0)
    assert 0.85 < np.nanstd(pulls) < 1.15, np.nanstd(pulls)
    assert float(front["front_width"].median()) < 20e-9
    np.testing.assert_allclose(front["profile_width"], np.pi * radius / 3.0, rtol=1e-4)
    for number, profile in enumerate(profiles):
        middle = np.pi * (number + 0.5) / 3.0
        normal = np.array([np.cos(middle), np.sin(middle)])
        np.testing.assert_allclose(profile.start, centre + radius * normal, rtol=1e-4)
        np.testing.assert_allclose(profile.end, centre + 0.2 * radius * normal, atol=5e-9)  # facets


def test_distance_arc_and_normal_of_a_bent_contact():
    """By hand: a right angle, (0, 2) to (0, 0) to (3, 0) in micrometres, particle below and right."""
    contact = ContactLine((np.array([[0.0, 2.0], [0.0, 0.0], [3.0, 0.0]]),), inside=(2.0, 1.0))
    x = np.array([0.3, 1.0, 0.0, -0.4, 2.0, 4.0, 0.5])
    y = np.array([1.0, 0.2, 1.5, -0.3, -0.1, 0.5, 2.5])
    near = contact.nearest(x, y)
    np.testing.assert_allclose(
        near.distance, [0.3, 0.2, 0.0, 0.5, 0.1, np.hypot(1.0, 0.5), np.hypot(0.5, 0.5)]
    )
    np.testing.assert_allclose(near.arc, [1.0, 3.0, 0.5, 2.0, 4.0, 5.0, 0.0])
    np.testing.assert_allclose(near.normal[:2], [[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(near.normal[3], [-0.8, -0.6])
    np.testing.assert_array_equal(near.beside, [1, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(contact.in_particle(x, y, near), [1, 1, 1, 0, 0, 0, 0])


def test_the_particle_ends_where_a_notch_is_in_the_way():
    """Pixels whose straight way to the contact leaves the particle are not of the profile."""
    outline = np.array([[0, 0], [10, 0], [10, 10], [6, 10], [6, 2], [5, 2], [5, 10], [0, 10]], dtype=float)
    contact = ContactLine((np.array([[0.0, 0.0], [0.0, 10.0]]),), outline=(outline,))
    x, y = np.array([4.0, 8.0, 8.0]), np.array([5.0, 5.0, 1.0])
    np.testing.assert_array_equal(contact.in_particle(x, y, contact.nearest(x, y)), [True, False, True])


SCENARIO = {
    "material": "lto", "temperature": "75 degC", "initial": 1.0,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "400 nm", "height": "200 nm"},
        "thickness": "150 nm", "cell": "20 nm",
    },
    "contacts": {
        "lps": {"where": {"side": "left"}},
        "corner": {"where": {"arc": ["300 nm", "500 nm"]}},
    },
    "drive": [{"hold": "1.6 V", "until": {"time": "2 s"}}],
}  # fmt: skip


def test_the_contact_of_a_scenario():
    scenario = lto.Scenario.from_dict(SCENARIO)
    left = scenario_contact(scenario, "lps")
    assert left.length == pytest.approx(200e-9)
    profiles = contact_profiles(left, 4, 300e-9, start_std=2e-9)
    assert [p.name for p in profiles] == [f"profile {n}" for n in range(4)]
    np.testing.assert_allclose([p.end[0] for p in profiles], 300e-9)
    np.testing.assert_allclose(sorted(p.start[1] for p in profiles), [25e-9, 75e-9, 125e-9, 175e-9])
    assert all(p.start_std == 2e-9 for p in profiles)
    corner = scenario_contact(scenario, "corner")  # 100 nm of the top, then 100 nm of the right side
    np.testing.assert_allclose(corner.point(50e-9), [350e-9, 0.0], atol=1e-15)
    np.testing.assert_allclose(corner.normal(50e-9), [0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(corner.normal(150e-9), [-1.0, 0.0], atol=1e-12)
    with pytest.raises(InputError, match="lps or corner"):
        scenario_contact(scenario, "anode")


def test_the_contact_of_a_labelled_image():
    labels = np.zeros((60, 80), dtype=int)
    labels[10:50, 20:70] = 1
    labels[5:55, 2:20] = 2
    contact = labelled_contact(labels, PIXEL)
    assert contact.length == pytest.approx(40 * PIXEL, rel=0.08)
    profile = contact_profiles(contact, 1, 20 * PIXEL)[0]
    np.testing.assert_allclose(profile.start, [20 * PIXEL, 30 * PIXEL], atol=0.6 * PIXEL)
    np.testing.assert_allclose(np.subtract(profile.end, profile.start), [20 * PIXEL, 0.0], atol=0.5 * PIXEL)


def test_profiles_divide_a_contact():
    two = ContactLine(
        (np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[5.0, 0.0], [6.0, 0.0]])), inside=(1.0, 1.0)
    )
    widths = [p.width for p in contact_profiles(two, 4, 1.0)]
    np.testing.assert_allclose(widths, [1.0, 1.0, 1.0, 1.0])
    with pytest.raises(InputError, match="one for each line"):
        contact_profiles(two, 1, 1.0)
    angle = np.linspace(0.0, 2.0 * np.pi, 9)
    ring = ContactLine((np.stack([np.cos(angle), np.sin(angle)], axis=1),), inside=(0.0, 0.0))
    around = ContactProfile(ring, (0.9 * ring.length, 1.1 * ring.length), 0.5)
    np.testing.assert_allclose(around.start, [1.0, 0.0], atol=1e-12)


def test_closed_contacts_are_followed_through_their_start():
    size, centre, radius = 64, 32 * PIXEL, 29.7 * PIXEL
    x, y = pixel_centres(size, size)
    depth = radius - np.hypot(x - centre, y - centre)
    maps = maps_of_distance(
        depth, [3e-7, 4e-7], rng=np.random.default_rng(5), noise=0.05, outside=depth < 0.0
    )
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    ring = centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    contact = ContactLine((ring,), inside=(centre, centre))
    length = contact.length
    parts = [
        ContactProfile(contact, (a * length, b * length), 0.8 * radius) for a, b in ((0.9, 1.1), (0.4, 0.6))
    ]
    front = track_front(maps, parts, direction="extraction")
    np.testing.assert_allclose(front["front_position"].values.T, [[3e-7, 4e-7]] * 2, atol=3e-9)


def test_bad_contacts_are_one_line():
    x, _ = pixel_centres(40, 40)
    maps = maps_of_distance(x, [5e-7, 6e-7], rng=np.random.default_rng(1))
    middle = ContactLine((np.array([[6e-7, 0.0], [6e-7, 1e-6]]),))
    left = ContactLine((np.array([[0.0, 0.0], [0.0, 1e-6]]),))
    for make, field in (
        (lambda: ContactLine(()), "contact.contact"),
        (lambda: ContactLine((np.array([[0.0, 0.0], [0.0, 0.0]]),)), "contact.contact"),
        (lambda: ContactLine((np.array([[0.0, np.nan], [0.0, 1.0]]),)), "contact.contact"),
        (lambda: ContactProfile(left, (0.0, 2e-6), 5e-7), "profile.stretch"),
        (lambda: ContactProfile(left, (5e-7, 4e-7), 5e-7), "profile.stretch"),
        (lambda: ContactProfile(left, (0.0, 4e-7), 0.0), "profile.length"),
        (lambda: ContactProfile(left, (0.0, 4e-7), 5e-7, start_std=-1.0), "profile.start_std"),
        (lambda: Profile((0.0, 0.0), (1e-6, 0.0), 1e-7, start_std=np.nan), "profile.start_std"),
        (lambda: track_front(maps, ContactProfile(middle, (0.0, 9e-7), 5e-7)), "contact.contact"),
        (lambda: track_front(maps, ContactProfile(left, (0.0, 9e-7), 2e-6)), "profile.end"),
        (lambda: track_front(maps, ContactProfile(left, (0.0, 9e-7), 2 * PIXEL)), "profile"),
    ):
        with pytest.raises(InputError) as caught:
            make()
        assert caught.value.field == field
        assert "\n" not in str(caught.value)


def test_the_contact_s_position_is_a_nuisance_that_is_stored(tmp_path):
    x, _ = pixel_centres(40, 40)
    maps = maps_of_distance(x, [5e-7, 6e-7], rng=np.random.default_rng(1))
    straight = Profile((0.0, 6e-7), (1e-6, 6e-7), 2e-7, start_std=9e-9)
    bent = ContactProfile(ContactLine((np.array([[0.0, 0.0], [0.0, 1e-6]]),)), (4e-7, 8e-7), 1e-6, "b")
    front = track_front(maps, [straight, bent])
    np.testing.assert_array_equal(front["profile_start_std"], [9e-9, 0.0])
    assert json.loads(front.attrs["profile_names"]) == ["profile", "b"]
    for name in front.variables:
        assert {"units", "long_name"} <= set(front[name].attrs), name
        assert front[name].dtype.kind in "if", name
    for name in ("front.zarr", "front.nc"):
        lto.files.write_dataset(front, tmp_path / name)
        again = lto.files.read_dataset(tmp_path / name)
        for variable in front.variables:
            np.testing.assert_array_equal(again[variable].values, front[variable].values)
