"""Spatially resolved TEM-EELS: rows of a slit, exposures of a moving front, part across, blur, the CCD."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr

from lto_sim.constants import ELEMENTARY_CHARGE, FWHM_PER_SIGMA
from lto_sim.errors import InputError
from lto_sim.microscope import Acquisition, Instrument, acquire, expected_counts, plan_acquisition
from lto_sim.validate.scan_checks import front_maps, step_run

SEEDS: Final = (1, 2, 3, 4, 5)
GAIN: Final = 3.0
PRESET: Final = Instrument.preset("hf3300_gif_quantum").with_values(
    {
        "spectrometer.channels": 64,
        "spectrometer.dispersion": 2.0,
        "spectrometer.offset": -5.0,
        "spectrum.edges": ["Ti-M2,3", "Ti-M1", "Li-K"],
    }
)
SHARP: Final = PRESET.with_values({"slit.blur": 0.0})
ROW: Final = 5.7e-9


def rows(plan: Acquisition, thickness: float, li_fraction: float | np.ndarray) -> np.ndarray:
    """Exact expected counts of a row."""
    return np.asarray(plan.model.recorded(thickness, li_fraction) * plan.dose.electrons * GAIN)


def equal(found: np.ndarray, exact: np.ndarray, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(found, exact, rtol=0.0, atol=tolerance * np.abs(exact).max())


def overlap(low: float, high: float) -> np.ndarray:
    """Part of each of 330 rows from 0 that lies between two positions."""
    face = ROW * np.arange(331)
    return np.clip((np.minimum(face[1:], high) - np.maximum(face[:-1], low)) / ROW, 0.0, 1.0)


def turned(run: xr.Dataset) -> xr.Dataset:
    """The same particle with its length down the image."""
    order = ("time", "z", "y", "x")
    swapped = run.rename(x="y", y="x")
    for name in ("li_fraction", "cell_volume", "thickness"):
        swapped[name] = swapped[name].transpose(*(dim for dim in order if dim in swapped[name].dims))
    return swapped


def moving(first: float, last: float, times: tuple[float, ...] = (0.0, 30.0)) -> xr.Dataset:
    """States of a step at `first`, then at `last`, and so on in turn; linear in time between."""
    states = [step_run((first, last)[n % 2]).isel(time=[0]) for n in range(len(times))]
    return xr.concat(states, "time", data_vars="minimal").assign_coords(time=np.array(times))


def test_rows_lie_along_the_slit() -> None:
    run = step_run(950e-9)
    along_x = expected_counts(run, PRESET)
    assert dict(along_x.sizes) == {"time": 1, "y": 1, "x": 330, "energy_loss": 64}
    np.testing.assert_allclose(along_x["x"], ROW * (np.arange(330) + 0.5))
    np.testing.assert_allclose(along_x["y"], 50e-9)
    np.testing.assert_allclose(along_x["pixel_time"], 15.0)
    np.testing.assert_allclose(along_x["thickness"], 100e-9)
    along_y = expected_counts(turned(run), PRESET.with_values({"slit.axis": "y"}))
    assert dict(along_y.sizes) == {"time": 1, "y": 330, "x": 1, "energy_loss": 64}
    np.testing.assert_allclose(along_y["counts"][0, :, 0], along_x["counts"][0, 0], rtol=1e-6)
    np.testing.assert_allclose(along_y["adf"][0, :, 0], along_x["adf"][0, 0], rtol=1e-6)


def test_electrons_and_dose_of_a_row() -> None:
    run = step_run(950e-9)
    recording = expected_counts(run, SHARP)
    attrs = recording.attrs
    electrons = 1e-9 * 30.0 / 330 / ELEMENTARY_CHARGE
    area = ROW * 100e-9 * 1e20  # square angstroms
    assert attrs["electrons_per_pixel"] == pytest.approx(electrons)
    assert attrs["dose_per_frame_e_per_A2"] == pytest.approx(electrons / area)
    assert attrs["dose_total_e_per_A2"] == pytest.approx(electrons / area)
    assert (attrs["acquisition_mode"], attrs["detector"], attrs["detector_gain"]) == ("sr_tem", "ccd", GAIN)
    assert attrs["dwell_time_s"] == 30.0
    assert recording["counts"].attrs["units"] == "counts"
    narrow = expected_counts(run, SHARP.with_values({"slit.width": 50e-9})).attrs
    assert narrow["dose_per_frame_e_per_A2"] == pytest.approx(2.0 * electrons / area)


def test_a_step_is_shared_by_the_row_it_lies_in() -> None:
    plan = plan_acquisition(step_run(950e-9), SHARP)
    rich = overlap(0.0, 950e-9)[:, None]
    assert np.count_nonzero((rich > 1e-9) & (rich < 1.0 - 1e-9)) == 1
    equal(plan.expected(0)[0], rich * rows(plan, 100e-9, 1.0) + (1.0 - rich) * rows(plan, 100e-9, 0.0))


def test_an_exposure_of_a_moving_front_is_the_mean_of_its_moments() -> None:
    with pytest.warns(UserWarning, match=r"35\.1 rows between saved states"):
        plan = plan_acquisition(moving(500e-9, 700e-9, (0.0, 30.0, 60.0)), SHARP)
    np.testing.assert_array_equal(plan.time, [0.0, 30.0])
    within = np.flatnonzero(overlap(505e-9, 695e-9) == 1.0)
    for frame, sense in ((0, 1.0), (1, -1.0)):
        counts = plan.expected(frame)[0]
        parts = (np.arange(16) + 0.5) / 16
        mean = np.mean([rows(plan, 100e-9, part if sense > 0.0 else 1.0 - part) for part in parts], axis=0)
        equal(counts[within], np.broadcast_to(mean, counts[within].shape))
        often = rows(plan, 100e-9, (np.arange(400) + 0.5) / 400).mean(axis=0)
        equal(counts[within], np.broadcast_to(often, counts[within].shape), 1e-3)
        equal(counts[:80], np.broadcast_to(rows(plan, 100e-9, 1.0), (80, 64)))
        equal(counts[-80:], np.broadcast_to(rows(plan, 100e-9, 0.0), (80, 64)))
    half = rows(plan, 100e-9, 0.5)
    assert np.abs(mean - half).max() > 1e-6 * half.max()  # intensities are averaged, not compositions


def test_rows_beyond_the_particle_are_vacuum() -> None:
    shifted = SHARP.with_values({"slit.start": -100e-9})
    plan = plan_acquisition(step_run(950e-9), shifted)
    counts, vacuum = plan.expected(0)[0], rows(plan, 0.0, 0.0)
    first = int(100e-9 // ROW)
    equal(counts[:first], np.broadcast_to(vacuum, (first, 64)))
    part = ((first + 1) * ROW - 100e-9) / ROW
    equal(counts[first], part * rows(plan, 100e-9, 1.0) + (1.0 - part) * vacuum)
    equal(counts[first + 1], rows(plan, 100e-9, 1.0))
    np.testing.assert_array_equal(plan.thickness[0, :first], 0.0)
    np.testing.assert_allclose(plan.thickness[0, first:], 100e-9)
    assert expected_counts(step_run(950e-9), shifted)["adf"].values[0, 0, :first].max() == 0.0


def test_a_run_shorter_than_the_exposure_stands_still_at_its_end_and_warns() -> None:
    run = moving(700e-9, 702e-9)
    with pytest.warns(UserWarning, match="less than the exposure of 40 s"):
        plan = plan_acquisition(run, SHARP.with_values({"slit.exposure": 40.0}))
    assert plan.shape == (1, 1, 330, 64)
    still = plan_acquisition(step_run(702e-9), SHARP)
    equal(plan.expected(0) / 40.0, still.expected(0) / 30.0)
    other = plan_acquisition(run, SHARP)
    assert np.abs(other.expected(0) - still.expected(0)).max() > 1e-4 * still.expected(0).max()


@pytest.mark.parametrize(
    "values", [{"slit.start": 3e-6}, {"slit.start": -2e-6}, {"slit.centre": 1e-6, "slit.width": 100e-9}]
)
def test_a_slit_beside_the_particle_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match="meets the particle") as caught:
        acquire(step_run(950e-9), SHARP.with_values(values))
    assert "\n" not in str(caught.value)


def test_maps_have_no_depth_for_a_slit() -> None:
    with pytest.raises(InputError, match="saved states"):
        acquire(front_maps(0.0, 0.0, 1.5, 1, (8, 8)), SHARP)


def test_the_slit_takes_a_part_across() -> None:
    run = step_run(950e-9)
    run["li_fraction"][:, :, 0], run["li_fraction"][:, :, 1] = 1.0, 0.0  # upper half, lower half
    plan = plan_acquisition(run, SHARP)
    upper, lower, vacuum = (rows(plan, t, x) for t, x in ((100e-9, 1.0), (100e-9, 0.0), (0.0, 0.0)))
    equal(plan.expected(0)[0, 7], 0.5 * (upper + lower))
    for centre, width, parts in (
        (25e-9, 50e-9, (1.0, 0.0, 0.0)),
        (75e-9, 10e-9, (0.0, 1.0, 0.0)),
        (40e-9, 40e-9, (0.75, 0.25, 0.0)),
        (0.0, 50e-9, (0.5, 0.0, 0.5)),
        (50e-9, 200e-9, (0.25, 0.25, 0.5)),
    ):
        part = plan_acquisition(run, SHARP.with_values({"slit.centre": centre, "slit.width": width}))
        exact = parts[0] * upper + parts[1] * lower + parts[2] * vacuum
        equal(part.expected(0)[0, 7], exact)
        np.testing.assert_allclose(part.y, centre)


def test_a_blur_along_the_slit_mixes_rows_and_keeps_their_sum() -> None:
    run = step_run(165 * ROW)
    run["li_fraction"][:] = np.clip((165 * ROW - run["x"].values + 2.5e-9) / 5e-9, 0.0, 1.0)
    sharp = plan_acquisition(run, SHARP).expected(0)[0]
    plan = plan_acquisition(run, SHARP.with_values({"slit.blur": 6.0 * ROW}))
    blurred = plan.expected(0)[0]
    difference = sharp[-1] - sharp[0]
    share = (blurred - sharp[0]) @ difference / (difference @ difference)
    exact = ndtr((np.arange(330) - 164.5) * FWHM_PER_SIGMA / 6.0)
    np.testing.assert_allclose(share, exact, atol=0.01)
    equal(blurred.sum(axis=0), sharp.sum(axis=0))
    assert np.all(np.diff(share) > -1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ccd_draws_signed_counts_with_gain_and_read_noise(seed: int) -> None:
    run = step_run(950e-9)
    faint = SHARP.with_values({"beam.current": 3e-14})  # a few electrons a channel
    expected = plan_acquisition(run, faint).expected(0)
    recording = acquire(run, faint, seed)
    drawn = recording["counts"].values[0].astype(float)
    assert recording["counts"].dtype == np.int32
    assert drawn.min() < 0.0
    deviation = np.sqrt(GAIN * expected + 30.0**2 + 1.0 / 12.0)  # electrons, read-out, rounding
    z = (drawn - expected) / deviation
    assert abs(z.mean()) < 4.0 / np.sqrt(z.size)
    assert abs((z**2).mean() - 1.0) < 4.0 * np.sqrt(2.0 / z.size)
    assert recording["adf"].dtype == np.uint32
