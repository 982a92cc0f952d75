"""Rendered maps: projection, probe, noise, and what happens without a recorded scan."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.special import erf

from lto_sim.errors import InputError
from lto_sim.microscope import render_maps
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate


def scenario(**changes: object) -> Scenario:
    base = Scenario.from_dict(
        {
            "material": "lto",
            "temperature": "75 degC",
            "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": "0.8 um", "height": "0.4 um"},
                "cell": "20 nm",
            },
            "contacts": {"lps": {"where": {"side": "left"}}},
            "drive": [{"hold": "1.6 V", "until": {"time": "3 s"}}],
            "scan": {"frame_time": "0.5 s", "pixels": [40, 20]},
            "seed": 7,
        }
    )
    return base.with_values(dict(changes))


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return simulate(scenario())


def synthetic(profile: np.ndarray, layers: int = 1, states: int = 2) -> xr.Dataset:
    """A run of stationary composition that varies along x only, in cells of 10 nm."""
    nx = profile.size
    fraction = np.broadcast_to(profile, (states, layers, 4, nx)).astype(np.float32)
    cells = np.ones((layers, 4, nx))
    axis = (np.arange(nx) + 0.5) * 1e-8
    return xr.Dataset(
        {
            "li_fraction": (("time", "z", "y", "x"), fraction),
            "cell_volume": (("z", "y", "x"), cells),
            "thickness": (("y", "x"), np.full((4, nx), 1.5e-7)),
        },
        {"time": np.arange(states) * 1.0, "y": axis[:4], "x": axis, "z": (np.arange(layers) + 0.5) * 1e-8},
        {"geometry": "planar", "seed": 3, "configuration": ""},
    )


def test_noise_has_the_stated_deviation_and_mean_and_repeats_with_its_seed(run: xr.Dataset) -> None:
    clean = render_maps(run, noise=0.0)
    noisy = render_maps(run, noise=0.3, rng=11)
    difference = (noisy["li_fraction"] - clean["li_fraction"]).values
    count = difference.size
    assert abs(difference.std() / 0.3 - 1.0) < 4.0 / np.sqrt(2.0 * count)
    assert abs(difference.mean()) < 4.0 * 0.3 / np.sqrt(count)
    assert np.all(noisy["li_fraction_std"].values == np.float32(0.3))
    again = render_maps(run, noise=0.3, rng=11)
    assert np.array_equal(noisy["li_fraction"].values, again["li_fraction"].values)
    other = render_maps(run, noise=0.3, rng=12)
    assert not np.array_equal(noisy["li_fraction"].values, other["li_fraction"].values)


def test_without_rng_the_seed_of_the_run_is_used(run: xr.Dataset) -> None:
    default = render_maps(run, noise=0.1)
    assert np.array_equal(
        default["li_fraction"].values, render_maps(run, noise=0.1, rng=7)["li_fraction"].values
    )


def test_maps_say_which_seed_made_their_noise_and_what_they_came_from(run: xr.Dataset) -> None:
    maps = render_maps(run, noise=0.1, rng=99)
    assert maps.attrs["seed"] == 99
    assert "seed" not in render_maps(run, noise=0.1, rng=np.random.default_rng(1)).attrs
    first, second = str(maps.attrs["history"]).split("\n")
    assert first == run.attrs["history"]
    assert "render_maps" in second
    assert maps.attrs["configuration_sha256"] == run.attrs["configuration_sha256"]


def test_values_outside_zero_to_one_are_kept(run: xr.Dataset) -> None:
    values = render_maps(run, noise=0.5, rng=0)["li_fraction"].values
    assert values.min() < 0.0
    assert values.max() > 1.0


def test_projection_is_the_volume_weighted_mean_through_the_thickness() -> None:
    solution = synthetic(np.full(6, 0.0), layers=2)
    solution["li_fraction"][:, 0] = 0.2
    solution["li_fraction"][:, 1] = 0.8
    solution["cell_volume"][0] = 3.0
    maps = render_maps(solution, noise=0.0)
    np.testing.assert_allclose(maps["li_fraction"].values, (3 * 0.2 + 0.8) / 4, rtol=1e-6)


def test_a_probe_turns_a_step_into_an_error_function() -> None:
    step = np.where(np.arange(80) < 40, 0.0, 1.0)
    maps = render_maps(synthetic(step), noise=0.0, probe_fwhm=50e-9)
    sigma = 50e-9 / (2.0 * np.sqrt(2.0 * np.log(2.0)))
    distance = maps["x"].values - 40 * 1e-8
    half = 0.5e-8
    # mean of the error function over each pixel, to first order its value; the pixel adds its own variance
    expected = 0.5 * (1.0 + erf(distance / np.sqrt(2.0 * (sigma**2 + (2 * half) ** 2 / 12.0))))
    np.testing.assert_allclose(maps["li_fraction"].values[0, 1], expected, atol=0.01)
    assert maps["li_fraction"].values[0, 1].sum() == pytest.approx(40.0, abs=1e-3)


def test_pixels_average_the_cells_they_cover() -> None:
    maps = render_maps(synthetic(np.arange(6.0) / 10.0), noise=0.0, pixels=(4, 2))
    # pixels of 15 nm over cells of 10 nm: (1 + 0.5) cells each
    expected = np.array([0.0 + 0.05, 0.05 + 0.2, 0.3 + 0.2, 0.2 + 0.5]) / 1.5
    np.testing.assert_allclose(maps["li_fraction"].values[0, 0], expected, atol=1e-6)
    np.testing.assert_allclose(maps["x"].values, [7.5e-9, 22.5e-9, 37.5e-9, 52.5e-9])


def test_saved_states_interpolated_at_pixel_times_agree_with_the_record(run: xr.Dataset) -> None:
    fine = simulate(scenario(**{"output.every": 8e-4, "output.max_states": 4000}))
    interpolated = render_maps(fine.drop_vars("scan_li_fraction"), noise=0.0, frame_time=0.5, pixels=(40, 20))
    recorded = render_maps(run, noise=0.0)
    late = slice(1, None)  # the first frame moves fastest
    difference = np.abs(interpolated["li_fraction"].values[late] - recorded["li_fraction"].values[late])
    assert difference.max() < 0.02
    np.testing.assert_allclose(interpolated["pixel_time"].values, recorded["pixel_time"].values)


def test_coarse_states_are_smeared_and_say_so() -> None:
    coarse = simulate(scenario(**{"output.every": 1.0})).drop_vars("scan_li_fraction")
    with pytest.warns(UserWarning, match="record a scan"):
        render_maps(coarse, noise=0.0)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"noise": -0.1}, "maps.noise"),
        ({"noise": np.nan}, "maps.noise"),
        ({"probe_fwhm": -1.0}, "maps.probe_fwhm"),
    ],
)
def test_bad_arguments_are_named(run: xr.Dataset, arguments: dict[str, float], field: str) -> None:
    with pytest.raises(InputError) as caught:
        render_maps(run, **arguments)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_a_radial_run_has_no_image() -> None:
    radial = simulate(
        Scenario.from_dict(
            {
                "temperature": "75 degC",
                "initial": 1.0,
                "material": "lto",
                "specimen": {"outline": {"shape": "sphere", "radius": "0.5 um"}},
                "contacts": {"shell": {"where": {"side": "outer"}}},
                "drive": [{"hold": "1.6 V", "until": {"time": "0.1 s"}}],
            }
        )
    )
    with pytest.raises(InputError, match="radial"):
        render_maps(radial)
