"""Synthetic spectrum images: layout, exact spectra of single pixels, draws, sources, drift, probe, dose."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr

from lto_sim.constants import ELEMENTARY_CHARGE, FWHM_PER_SIGMA
from lto_sim.errors import InputError
from lto_sim.microscope import (
    Acquisition,
    Instrument,
    acquire,
    expected_counts,
    plan_acquisition,
    render_maps,
)
from lto_sim.microscope.build import annular_signals
from lto_sim.microscope.probe import probe_fwhm
from lto_sim.microscope.references import load_reference
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.scan_checks import front_maps, step_run

SEEDS: Final = (1, 2, 3, 4, 5)
PRESET: Final = Instrument.preset("jem_arm300f2_continuum_k3").with_values(
    {"spectrometer.channels": 100, "spectrometer.dispersion": 1.0}
)
SHARP: Final = PRESET.with_values({"beam.probe_fwhm": 0.0, "beam.broadening": False})


def scenario(**changes: object) -> Scenario:
    base = Scenario.from_dict({
        "material": "lto", "temperature": "75 degC", "initial": 1.0, "seed": 5,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "400 nm", "height": "100 nm"},
            "thickness": "150 nm", "cell": "20 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "0.8 s"}}],
        "scan": {"frame_time": "0.1 s", "pixels": [20, 5]},
    })  # fmt: skip
    return base.with_values(dict(changes))


def other_body(outline: dict[str, Any], side: str, **changes: Any) -> xr.Dataset:
    """Run of 0.1 s of a circle or a sphere."""
    mapping = scenario().model_dump(exclude_none=True, by_alias=True) | {
        "specimen": {"outline": outline, "cell": 20e-9},
        "contacts": {"lps": {"where": {"side": side}}},
        "drive": [{"hold": 1.6, "until": {"time": 0.1}}],
        **changes,
    }
    return simulate(Scenario.from_dict(mapping))


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return simulate(scenario())


@pytest.fixture(scope="module")
def recording(run: xr.Dataset) -> xr.Dataset:
    return acquire(run, PRESET)


def structured(seed: int = 0, frames: int = 2) -> xr.Dataset:
    """Maps at rest of random composition and thickness, 24 x 16 pixels of 20 nm."""
    rng = np.random.default_rng(seed)
    maps = front_maps(0.0, 0.0, 1.5, frames, (24, 16))
    maps["li_fraction"][:] = rng.uniform(0.0, 1.0, (16, 24))
    maps["thickness"][:] = rng.uniform(100e-9, 200e-9, (16, 24))
    return maps


def step(
    thickness: tuple[float, float], li_fraction: tuple[float, float], pixel: float = 20e-9
) -> xr.Dataset:
    """Maps at rest with one step along x after 32 of 64 columns."""
    maps = front_maps(0.0, 0.0, 1.5, 1, (64, 4))
    first = np.arange(64) < 32
    maps["li_fraction"][:] = np.where(first, *li_fraction)
    maps["thickness"][:] = np.where(first, *thickness)
    return maps.assign_coords({axis: maps[axis] * (pixel / 20e-9) for axis in "xy"})


def pixels(plan: Acquisition, thickness: Any, li_fraction: Any, kept: float = 1.0) -> np.ndarray:
    """Exact expected counts of pixels."""
    return plan.model.recorded(thickness, li_fraction, kept) * plan.dose.electrons


def equal(found: np.ndarray, exact: np.ndarray, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(found, exact, rtol=0.0, atol=tolerance * np.abs(exact).max())


def test_dimensions_types_and_units(recording: xr.Dataset, run: xr.Dataset) -> None:
    counts = recording["counts"]
    assert counts.dims == ("time", "y", "x", "energy_loss")
    assert counts.shape == (8, 5, 20, 100)
    assert (counts.dtype, counts.attrs["units"]) == (np.uint32, "electrons")
    expected = expected_counts(run, PRESET, frames=slice(0, 1))
    for name in ("adf", "abf"):
        assert recording[name].dims == ("time", "y", "x")
        assert (recording[name].dtype, recording[name].attrs["units"]) == (np.uint32, "electrons")
        assert expected[name].dtype == np.float32
    assert expected["counts"].dtype == np.float32
    np.testing.assert_allclose(recording["energy_loss"], -5.0 + np.arange(100))
    np.testing.assert_array_equal(recording["time"], run["frame_time"])
    np.testing.assert_array_equal(recording["pixel_time"], run["pixel_time"])
    np.testing.assert_allclose(recording["thickness"], 150e-9)
    units = {"time": "s", "y": "m", "x": "m", "energy_loss": "eV", "pixel_time": "s", "thickness": "m"}
    assert {name: recording[name].attrs["units"] for name in units} == units


def test_attributes_say_what_was_recorded_with_what(recording: xr.Dataset, run: xr.Dataset) -> None:
    attrs = recording.attrs
    dwell = 0.1 / 100
    electrons = 71e-12 * dwell / ELEMENTARY_CHARGE
    assert attrs["dwell_time_s"] == pytest.approx(dwell)
    assert attrs["electrons_per_pixel"] == pytest.approx(electrons)
    assert attrs["dose_per_frame_e_per_A2"] == pytest.approx(electrons / 200.0**2)
    assert attrs["dose_total_e_per_A2"] == pytest.approx(8 * electrons / 200.0**2)
    assert (attrs["beam_energy_keV"], attrs["acquisition_mode"]) == (300.0, "stem")
    assert attrs["instrument"] == PRESET.to_toml()
    assert attrs["instrument_sha256"] == hashlib.sha256(attrs["instrument"].encode()).hexdigest()
    assert attrs["configuration"] == run.attrs["configuration"]
    assert attrs["seed"] == 5
    assert attrs["history"].startswith(run.attrs["history"] + "\n")
    assert "acquire counts" in attrs["history"].split("\n")[1]
    expected = expected_counts(run, PRESET, frames=slice(0, 1))
    assert "seed" not in expected.attrs
    assert (attrs["quantity"], expected.attrs["quantity"]) == ("drawn", "expected")


def test_expected_counts_are_the_exact_spectra_of_single_pixels(run: xr.Dataset) -> None:
    plan = plan_acquisition(run, SHARP)
    whole = expected_counts(run, SHARP)["counts"].values
    for frame in (0, 3, 7):
        exact = pixels(plan, 150e-9, run["scan_li_fraction"].values[frame].astype(float))
        equal(plan.expected(frame), exact)
        np.testing.assert_array_equal(whole[frame], plan.expected(frame).astype(np.float32))


def test_the_mean_of_many_draws_is_what_is_expected(run: xr.Dataset) -> None:
    plan, draws = plan_acquisition(run, PRESET), 200
    expected = plan.expected(4)
    total, squares = np.zeros(expected.shape), np.zeros(expected.shape)
    for seed in range(draws):
        drawn = plan.drawn(4, seed).astype(float)
        total += drawn
        squares += (drawn - expected) ** 2
    z = (total / draws - expected) / np.sqrt(expected / draws)
    assert expected.min() > 1.0
    assert abs(z.mean()) < 4.0 / np.sqrt(z.size)
    assert abs(z.std() - 1.0) < 4.0 / np.sqrt(2.0 * z.size)
    assert np.abs(z).max() < 5.5
    assert (squares / draws / expected).mean() == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("seed", [5, None])
def test_a_stream_holds_the_same_bits_as_memory(run: xr.Dataset, tmp_path: Path, seed: int | None) -> None:
    parts: list[float] = []
    stored = acquire(run, PRESET, seed, out=tmp_path / "a.zarr", progress=parts.append)
    assert stored["counts"].chunks is not None
    assert parts == pytest.approx(np.arange(1, 9) / 8)
    kept = acquire(run, PRESET, seed)
    xr.testing.assert_identical(stored.load().drop_attrs(), kept.drop_attrs())
    for name in kept.variables:
        assert stored[name].attrs == kept[name].attrs
        assert stored[name].dtype == kept[name].dtype
    dated = {"created", "history"}
    assert {k: v for k, v in stored.attrs.items() if k not in dated} == {
        k: v for k, v in kept.attrs.items() if k not in dated
    }


def test_a_frame_does_not_depend_on_which_others_are_made(run: xr.Dataset, recording: xr.Dataset) -> None:
    plan = plan_acquisition(run, PRESET)
    for frame in (6, 0, 3):
        np.testing.assert_array_equal(plan.drawn(frame, 5), recording["counts"].values[frame])
        for image, name in zip(plan.images(frame, 5), ("adf", "abf"), strict=True):
            np.testing.assert_array_equal(image, recording[name].values[frame])
    some, whole = expected_counts(run, PRESET, frames=slice(2, 8, 3)), expected_counts(run, PRESET)
    xr.testing.assert_identical(some.drop_attrs(), whole.isel(time=[2, 5]).drop_attrs())
    assert np.any(plan.drawn(0, 5) != plan.drawn(1, 5))


def test_seeds(run: xr.Dataset, recording: xr.Dataset) -> None:
    counts = recording["counts"].values
    np.testing.assert_array_equal(acquire(run, PRESET, 5)["counts"], counts)
    np.testing.assert_array_equal(acquire(run, PRESET, None)["counts"], counts)
    assert np.mean(acquire(run, PRESET, 6)["counts"].values != counts) > 0.5
    rng = np.random.default_rng(3)
    first, second = acquire(run, PRESET, rng), acquire(run, PRESET, rng)
    assert np.mean(first["counts"].values != second["counts"].values) > 0.5
    again = acquire(run, PRESET, np.random.default_rng(3))
    np.testing.assert_array_equal(again["counts"], first["counts"])
    np.testing.assert_array_equal(acquire(run, PRESET, first.attrs["seed"])["counts"], first["counts"])
    np.testing.assert_array_equal(acquire(run, PRESET, np.int64(5))["counts"], counts)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        acquire(run, PRESET, -1)


def test_maps_of_a_run_give_what_the_run_gives(run: xr.Dataset, recording: xr.Dataset) -> None:
    maps = render_maps(run, noise=0.0, probe_fwhm=0.0)
    drawn = acquire(maps, PRESET)
    np.testing.assert_allclose(drawn["thickness"], recording["thickness"], rtol=1e-12)
    xr.testing.assert_identical(
        drawn.drop_attrs().drop_vars("thickness"), recording.drop_attrs().drop_vars("thickness")
    )


@pytest.mark.parametrize(("moved", "warns"), [(20e-9, False), (30e-9, True)])
def test_saved_states_warn_where_a_front_moves_more_than_half_a_pixel(moved: float, warns: bool) -> None:
    states = step_run(950e-9)  # 38 pixels of 50 nm
    states["li_fraction"][1] = step_run(950e-9 + moved)["li_fraction"][1]
    instrument = SHARP.with_values({"scan.frame_time": 10.0, "scan.pixels": [38, 1]})
    if warns:
        with pytest.warns(UserWarning, match="record a scan"):
            plan = plan_acquisition(states, instrument)
    else:
        plan = plan_acquisition(states, instrument)
    assert plan.shape == (3, 1, 38, 100)
    when = plan.time[1] + plan.pixel_time[0, 19]
    equal(plan.expected(1)[0, 18:21], pixels(plan, 100e-9, np.array([1.0, moved / 50e-9 * when / 30.0, 0.0])))


def test_around_a_circle_is_vacuum_and_its_rim_a_mixture() -> None:
    outline, scan = {"shape": "circle", "radius": 2e-7}, {"frame_time": 0.1, "pixels": (20, 20)}
    solution = other_body(outline, "all", scan=scan)
    plan = plan_acquisition(solution, SHARP)
    volume = solution["cell_volume"].sum("z").values
    coverage = volume / 150e-9 / 20e-9**2
    values = solution["scan_li_fraction"].values[0].astype(float)
    outside = coverage == 0.0
    assert outside.sum() > 20
    assert np.all(np.isnan(values[outside]))
    partly = (coverage > 0.01) & (coverage < 0.99)
    assert partly.sum() > 20
    vacuum, share = pixels(plan, 0.0, 0.0), coverage[..., None]
    inside = pixels(plan, 150e-9, np.where(outside, 0.0, values))
    equal(plan.expected(0), share * inside + (1.0 - share) * vacuum)
    energy = plan.energy_loss
    equal(plan.expected(0)[0, 0], vacuum)
    assert vacuum[np.abs(energy) > 8.0].sum() < 0.01 * vacuum.sum()  # the detector's tails alone
    assert np.all(plan.thickness[outside] == 0.0)
    np.testing.assert_allclose(plan.thickness[partly], 150e-9)


def test_dead_layers_count_in_thickness_and_composition() -> None:
    plan = plan_acquisition(
        simulate(scenario(**{"specimen.dead_layer": 20e-9})),
        SHARP.with_values({"detector": {"kind": "counting"}, "beam.energy_spread": 0.3}),
    )
    np.testing.assert_allclose(plan.thickness, 150e-9)
    far = plan.expected(0)[2, -1]  # still Li7 in the 110 nm between the layers of Li4
    equal(far, pixels(plan, 150e-9, 110 / 150), 1e-5)
    zero_loss = np.abs(plan.energy_loss) < 1.5
    ratio = np.log(pixels(plan, 0.0, 0.0)[zero_loss].sum() / far[zero_loss].sum())
    paths = plan.model.mean_free_path
    assert ratio == pytest.approx(40e-9 / paths["Li4"] + 110e-9 / paths["Li7"], abs=0.003)


def test_a_wedge() -> None:
    solution = simulate(scenario(**{"specimen.thickness": {"wedge": [100e-9, 200e-9], "axis": "x"}}))
    plan = plan_acquisition(solution, SHARP)
    wedge = 100e-9 + 100e-9 * plan.x / 400e-9
    np.testing.assert_allclose(plan.thickness, np.broadcast_to(wedge, (5, 20)))
    equal(
        plan.expected(2), pixels(plan, plan.thickness, solution["scan_li_fraction"].values[2].astype(float))
    )


@pytest.mark.parametrize("pixels_moved", [(2, 0), (0, 1), (-3, 0), (0, -2), (1, -1)])
def test_drift_by_whole_pixels_moves_the_image(pixels_moved: tuple[int, int]) -> None:
    move_x, move_y = pixels_moved
    maps = structured()
    still = plan_acquisition(maps, SHARP)
    moving = plan_acquisition(maps, SHARP.with_values({"drift.start": [move_x * 20e-9, move_y * 20e-9]}))
    exact = np.broadcast_to(pixels(still, 0.0, 0.0), (16, 24, 100)).copy()
    source = exact.copy()
    source[:] = still.expected(1)
    rows, columns = np.indices((16, 24))
    from_y, from_x = rows - move_y, columns - move_x
    inside = (from_y >= 0) & (from_y < 16) & (from_x >= 0) & (from_x < 24)
    exact[inside] = source[from_y[inside], from_x[inside]]
    equal(moving.expected(1), exact, 1e-12)


def test_a_drift_velocity_acts_at_every_pixel_s_own_time() -> None:
    maps, speed = structured(), 30e-9 / 1.5
    still = plan_acquisition(maps, SHARP).expected(0)
    moving = plan_acquisition(maps, SHARP.with_values({"drift.velocity": [speed, 0.0]}))
    moved = speed * (moving.time[1] + moving.pixel_time) / 20e-9
    assert moved.min() > 1.0
    rows, columns = np.indices(moved.shape)
    low = np.floor(moved).astype(int)
    part = (moved - low)[..., None]
    left, right = still[rows, columns - low - 1], still[rows, columns - low]
    exact = part * left + (1.0 - part) * right
    equal(moving.expected(1)[:, 4:], exact[:, 4:], 1e-12)


def test_a_wide_probe_mixes_intensities_and_keeps_their_sum() -> None:
    maps = step((100e-9, 200e-9), (1.0, 0.0))
    plan = plan_acquisition(maps, SHARP.with_values({"beam.probe_fwhm": 60e-9}))
    first, last = pixels(plan, 100e-9, 1.0), pixels(plan, 200e-9, 0.0)
    row = plan.expected(0)[1]
    share = (row - first) @ (last - first) / ((last - first) @ (last - first))
    equal(row, first + share[:, None] * (last - first))  # all channels in the same proportion
    sigma = 3.0 / FWHM_PER_SIGMA
    edges = (np.arange(65) - 32.0) / sigma
    integral = sigma * (edges * ndtr(edges) + np.exp(-0.5 * edges**2) / np.sqrt(2.0 * np.pi))
    np.testing.assert_allclose(share, np.diff(integral), atol=1e-5)  # means over pixels
    equal(row.sum(axis=0), 32.0 * (first + last))
    between = pixels(plan, 100e-9 + 100e-9 * share[32], 1.0 - share[32])
    assert np.abs(row[32] - between).max() > 0.01 * row[32].max()


def test_the_beam_broadens_with_thickness() -> None:
    widths = []
    reference = load_reference("lto")
    for thickness in (50e-9, 100e-9, 200e-9, 400e-9):
        # 4 Li, 5 Ti, 12 O: Z 218/21, A 459.09/21, 3.480 g/cm3; 90 % of the beam in b = 2 sqrt(2 ln 10) sigma
        b = 625.0 * (218 / 21) / 300.0 * np.sqrt(3.480 / (459.09 / 21)) * (thickness * 1e2) ** 1.5 * 1e-2
        added = 0.25 * b**2 / (8.0 * np.log(10.0)) + (25e-3 * thickness) ** 2 / 48.0
        exact = np.sqrt(0.2e-9**2 + FWHM_PER_SIGMA**2 * added)
        assert probe_fwhm(reference, 300e3, 25e-3, thickness, 0.2e-9) == pytest.approx(exact, rel=1e-3)
        pixel = exact / 8.0
        plan = plan_acquisition(step((thickness, thickness), (1.0, 0.0), pixel), PRESET)
        first, last = pixels(plan, thickness, 1.0), pixels(plan, thickness, 0.0)
        share = (plan.expected(0)[1] - first) @ (last - first) / ((last - first) @ (last - first))
        variance = np.diff(share) @ (np.arange(1, 64) - 32.0) ** 2 - 1.0 / 6.0  # less that of two pixels
        widths.append(FWHM_PER_SIGMA * np.sqrt(variance) * pixel)
        assert widths[-1] == pytest.approx(exact, rel=2e-3)
    assert np.all(np.diff(widths) > 0.0)
    assert probe_fwhm(reference, 300e3, 25e-3, 0.0, 0.2e-9) == pytest.approx(0.2e-9)
    constant = plan_acquisition(step((4e-7, 4e-7), (1.0, 0.0), 1e-9), SHARP)  # broadening switched off
    equal(constant.expected(0)[1, 31], pixels(constant, 4e-7, 1.0))


def test_the_dose_warns_above_its_budget_only(run: xr.Dataset, recording: xr.Dataset) -> None:
    total = recording.attrs["dose_total_e_per_A2"]
    acquire(run, PRESET.with_values({"dose_budget": f"{1.001 * total} e/A^2"}))
    for record in (acquire, expected_counts):
        with pytest.warns(UserWarning, match="dose of 8 frames"):
            record(run, PRESET.with_values({"dose_budget": f"{0.999 * total} e/A^2"}))


def test_the_beam_removes_lithium_and_nothing_else() -> None:
    maps = front_maps(0.0, 0.0, 1.5, 3, (8, 4))
    maps["thickness"][:] = 5e-9  # thin: plural scattering is a part in a thousand
    per_frame = plan_acquisition(maps, SHARP).dose.per_frame
    plan = plan_acquisition(maps, SHARP.with_values({"lithium_loss.dose": 2.0 * per_frame}))
    energy = plan.energy_loss
    lithium, plasmon = (energy > 58.0) & (energy < 80.0), (energy > 10.0) & (energy < 40.0)
    without, whole = pixels(plan, 5e-9, 1.0, 0.0), pixels(plan, 5e-9, 1.0)
    for frame in range(3):
        spectrum = plan.expected(frame)[2, 3]
        left = (spectrum - without)[lithium].sum() / (whole - without)[lithium].sum()
        assert left == pytest.approx(np.exp(-(frame + 0.5) / 2.0), rel=2e-3)
        assert spectrum[plasmon].sum() == pytest.approx(whole[plasmon].sum(), rel=1e-3)


def test_the_dark_field_follows_atomic_numbers_and_the_bright_field_falls() -> None:
    signals = annular_signals(PRESET)
    li4, li7 = (n * 3**1.7 + 5 * 22**1.7 + 12 * 8**1.7 for n in (4, 7))
    thin = np.full(2, 1e-10)
    dark = signals.adf(thin, np.array([0.0, 1.0]))
    assert dark[1] / dark[0] == pytest.approx(li7 / li4, rel=1e-6)
    assert signals.adf(2.0 * thin, np.zeros(2))[0] == pytest.approx(2.0 * dark[0], rel=1e-4)
    maps = front_maps(0.0, 0.0, 1.5, 1, (8, 1))
    maps["thickness"][0] = np.arange(1, 9) * 50e-9
    images = expected_counts(maps, SHARP)
    assert np.all(np.diff(images["adf"].values[0, 0]) > 0.0)
    assert np.all(np.diff(images["abf"].values[0, 0]) < 0.0)
    depth = maps["thickness"].values[0]
    electrons = images.attrs["electrons_per_pixel"]
    np.testing.assert_allclose(images["adf"][0, 0], electrons * signals.adf(depth, np.ones(8)), rtol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_images_are_poisson_and_frames_independent(seed: int) -> None:
    maps = front_maps(0.0, 0.0, 1.5, 4, (32, 16))  # uniform
    drawn, expected = acquire(maps, PRESET, seed), expected_counts(maps, PRESET)
    for name in ("adf", "abf"):
        mean = float(expected[name].values[0, 0, 0])
        values = drawn[name].values
        assert values.dtype == np.uint32
        z = (values.astype(float) - mean) / np.sqrt(mean)
        assert abs(z.mean()) < 4.0 / np.sqrt(z.size)
        assert abs((z**2).mean() - 1.0) < 4.0 * np.sqrt(2.0 / z.size)
        assert abs((z[0] * z[1]).mean()) < 4.0 / np.sqrt(z[0].size)  # frames have noise of their own
    counts = drawn["counts"].values
    assert np.mean(counts[0] == counts[1]) < 0.2


def test_a_cone_wider_than_the_aperture_loses_what_is_beside_it() -> None:
    maps = front_maps(0.0, 0.0, 1.5, 1, (8, 1))
    maps["thickness"][:] = 1e-13  # nothing scatters
    wide = SHARP.with_values({"beam.convergence": 80e-3, "spectrometer.collection": 40e-3})
    for instrument, share in ((SHARP, 1.0), (wide, 0.25)):
        recorded = expected_counts(maps, instrument)
        total = recorded["counts"].values.astype(np.float64).sum(axis=-1)
        electrons = recorded.attrs["electrons_per_pixel"]
        np.testing.assert_allclose(total, share * electrons, rtol=0.01)  # tails reach below -5 eV


def test_what_cannot_be_recorded_is_refused() -> None:
    large = front_maps(0.0, 0.0, 1.5, 20, (32, 16))
    for record in (acquire, expected_counts):
        with pytest.raises(InputError, match="2 GiB"):
            record(
                large, SHARP.with_values({"spectrometer.channels": 65536, "spectrometer.dispersion": 1e-3})
            )
    with pytest.raises(InputError, match="a run, or maps"):
        acquire(large.drop_vars("li_fraction"), SHARP)
    radial = other_body({"shape": "sphere", "radius": 5e-7}, "outer", scan=None)
    with pytest.raises(InputError, match="radial"):
        acquire(radial, SHARP)


def test_pixels_that_an_ended_run_has_not_visited_are_no_vacuum() -> None:
    ended = simulate(scenario(**{"drive.0.until.time": 0.08}))
    unvisited = np.isnan(ended["scan_li_fraction"].values)
    assert 0 < unvisited.sum() < unvisited.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts = expected_counts(ended, SHARP)["counts"].values
    vacuum = pixels(plan_acquisition(ended, SHARP), 0.0, 0.0)
    as_vacuum = np.isclose(counts, vacuum, rtol=1e-5).all(axis=-1)
    assert np.count_nonzero(as_vacuum) == 0


def test_edges_that_are_left_out_of_the_range_are_said() -> None:
    maps = front_maps(0.0, 0.0, 1.5, 1, (8, 1))
    high = SHARP.with_values({"spectrometer.offset": 430.0, "spectrum.edges": ["Ti-L2,3", "O-K"]})
    with pytest.warns(UserWarning, match="Ti-M2,3, Ti-M1, Li-K: below 529 eV"):
        plan_acquisition(maps, high)
    with pytest.warns(UserWarning, match=r"Ti-L2,3: below 514\.1 eV"):
        plan_acquisition(maps, SHARP.with_values({"spectrometer.dispersion": 5.243}))


def test_single_frames_and_frames_that_are_not_there() -> None:
    maps = front_maps(0.0, 100e-9, 1.5, 4, (16, 4))
    whole, third = expected_counts(maps, SHARP), expected_counts(maps, SHARP, frames=2)
    assert third["counts"].equals(whole["counts"].isel(time=[2]))
    with pytest.raises(InputError, match="some of 0 to 3"):
        expected_counts(maps, SHARP, frames=slice(10, 20))
    with pytest.raises(InputError, match="open_dataset"):
        acquire("run.zarr", SHARP)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"writes \.hspy"):
        acquire(maps, SHARP, out="a.hspy")


def test_lost_lithium_leaves_the_dark_field_too() -> None:
    maps = front_maps(0.0, 0.0, 1.5, 1, (8, 1))
    lossy = SHARP.with_values({"lithium_loss": {"dose": 1.0}})  # all of it
    signals = annular_signals(SHARP)
    full = -np.log1p(-signals.adf(np.full(1, 150e-9), np.ones(1)))[0]
    electrons = expected_counts(maps, SHARP).attrs["electrons_per_pixel"]
    left = -np.log1p(-float(expected_counts(maps, lossy)["adf"][0, 0, 7]) / electrons)
    weights = 7 * 3**1.7 + 5 * 22**1.7 + 12 * 8**1.7
    assert left / full == pytest.approx(1.0 - 7 * 3**1.7 / weights, rel=1e-5)
