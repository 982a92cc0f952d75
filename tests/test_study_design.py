"""Experiment design: deviations worked out by hand, limits, budgets, what cannot be used, bad input."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from lto_sim.errors import InputError
from lto_sim.files import read_dataset, write_dataset
from lto_sim.kinetics import Profile, published_table
from lto_sim.kinetics.fronts.map_series import MapSeries
from lto_sim.microscope import Instrument
from lto_sim.plot.design import plot_design
from lto_sim.scenario import Scenario
from lto_sim.study.design import best_setting, design_experiment, design_lines, expected_maps
from lto_sim.study.design.choices import deviation_of, frontier, goals_of
from lto_sim.study.design.front import FrontInformation, front_information
from lto_sim.study.design.pixels import pixel_deviation
from lto_sim.study.design.rate import rate_information
from lto_sim.study.design.recording import allowed_frames, plan_recording, sampled_frames
from lto_sim.study.design.status import STATUS
from lto_sim.study.design.wording import setting_in_words, value_in_words
from lto_sim.study.sweeps import Axis
from lto_sim.validate.design_checks import limit_of, spectra_rows

PRESET = Instrument.preset("jem_arm300f2_continuum_k3")
COARSE = PRESET.with_values({"spectrometer.dispersion": 0.5, "spectrometer.channels": 200})
CURRENT, FRAME, PIXEL = "instrument.beam.current", "scan.frame_time", "scan.pixel_size"
BOLTZMANN_EV = 8.617333262e-5
CHARGE = 1.602176634e-19
ELECTRONS_PER_A2 = 1e20
D_LI4 = "material.D_Li4.at"


def strip(**values):
    """A strip of 24 x 4 pixels of 31.25 nm, extraction at 60 degC."""
    return Scenario.from_dict({
        "material": "lto", "temperature": "60 degC", "initial": 1.0,
        "specimen": {
            "outline": {"shape": "rectangle", "width": "0.75 um", "height": "0.125 um"},
            "thickness": "150 nm", "cell": "15.625 nm",
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "20 s"}}],
        "scan": {"frame_time": "0.2 s", "pixels": [24, 4]},
        "profile": [{"start": [0.0, 6.25e-8], "end": [6.0e-7, 6.25e-8], "width": 1.25e-7}],
        "output": {"restart": "none"},
    }).with_values(values)  # fmt: skip


def designed(vary, scenario=None, **options):
    chosen = strip() if scenario is None else scenario
    return design_experiment(chosen, COARSE, vary, processes=1, **{"dose_budget": "1e9 e/A^2"} | options)


@pytest.fixture(scope="module")
def small():
    """Two currents, two frame times, three temperatures."""
    return designed(
        {CURRENT: ["100 pA", "400 pA"], FRAME: ["0.1 s", "0.2 s"]},
        temperatures=["30 degC", 318.15, "60 degC"],
    )


# Pixels


def test_the_deviation_of_a_pixel_goes_with_the_root_of_its_electrons():
    one, four = (
        pixel_deviation(COARSE.with_values({"beam.current": i}), 1e-3, (150e-9, 150e-9))
        for i in (1e-10, 4e-10)
    )
    assert np.allclose(one.table, 2.0 * four.table, rtol=1e-6)
    assert one.electrons == pytest.approx(1e-10 * 1e-3 / CHARGE)
    half = pixel_deviation(
        COARSE.with_values({"beam.current": 2e-10, "detector.efficiency": 0.5}), 1e-3, (150e-9, 150e-9)
    )
    assert np.allclose(half.table, one.table, rtol=1e-6)


def test_deviations_are_those_that_spectra_of_the_paper_s_dose_were_measured_to_have():
    """0.209 at 64 x 64 pixels, 71 pA, 1.5 s, x = 0, by Ti-M2,3 of the pixel; 0.195 of the series."""
    noise = pixel_deviation(PRESET, 1.5 / 4096, (150e-9, 150e-9))
    assert noise.table[0, 0] == pytest.approx(0.209, abs=0.002)
    series = pixel_deviation(PRESET, 1.5 / 4096, (150e-9, 150e-9), "series")
    assert series.table[0, 0] == pytest.approx(0.195, abs=0.002)
    assert not noise.saturated


def test_a_thick_lamella_scatters_too_much_and_thickness_is_interpolated():
    noise = pixel_deviation(COARSE, 1e-3, (75e-9, 300e-9))
    assert np.all(np.diff(noise.table[:, 2]) > 0.0)
    assert float(noise.at(np.array(0.5), 75e-9)) == pytest.approx(noise.table[0, 2])
    between = float(noise.at(np.array(0.5), 0.5 * (noise.thickness[1] + noise.thickness[2])))
    assert between == pytest.approx(0.5 * (noise.table[1, 2] + noise.table[2, 2]))


def test_detectors_cost_what_they_lose():
    base = pixel_deviation(COARSE, 1e-3, (150e-9, 150e-9)).table
    limited = COARSE.with_values({"detector.saturation": 1e13})
    assert np.allclose(pixel_deviation(limited, 1e-3, (150e-9, 150e-9)).table, base, rtol=1e-3)
    full = pixel_deviation(COARSE.with_values({"detector.saturation": 1e8}), 1e-3, (150e-9, 150e-9))
    assert full.saturated
    ccd = {"detector.kind": "ccd", "detector.gain": 3.0}
    quiet = pixel_deviation(COARSE.with_values(ccd), 1e-3, (150e-9, 150e-9)).table
    loud = pixel_deviation(
        COARSE.with_values(ccd | {"detector.read_noise": 60.0}), 1e-3, (150e-9, 150e-9)
    ).table
    assert np.allclose(quiet, base, rtol=0.02)
    assert np.all(loud > 1.02 * quiet)


# Fronts


def blurred(u, width, half):
    """Mean over a pixel of a step blurred by a Gaussian, by quadrature."""
    return integrate.quad(lambda v: stats.norm.cdf(v / width), u - half, u + half)[0] / (2.0 * half)


def ramp(u, width, half):
    return integrate.quad(
        lambda v: v * stats.norm.cdf(v / width) + width * stats.norm.pdf(v / width), u - half, u + half
    )[0] / (2.0 * half)


def test_the_deviation_of_a_front_is_that_of_its_information_worked_out_by_hand():
    """A blurred step of 2 pixels, 6 rows, known priors: (F + P)^-1 F (F + P)^-1 from quadrature."""
    pixel, rows, noise, width, jump = 20e-9, 6, 0.1, 2.0, 0.9
    columns = np.arange(40) + 0.5
    fronts = np.linspace(14.0, 26.0, 13)
    lines = np.array([[0.05 + jump * blurred(s - xi, width, 0.5) for s in columns] for xi in fronts])
    maps = np.repeat(lines[:, None, :], rows, axis=1)
    series = MapSeries(
        maps, np.full(maps.shape, noise), np.arange(13.0), np.zeros((rows, 40)), columns * pixel,
        (np.arange(rows) + 0.5) * pixel, (pixel, pixel),
    )  # fmt: skip
    middle = 0.5 * rows * pixel
    found = front_information(series, Profile((0.0, middle), (800e-9, middle), rows * pixel), "extraction")
    assert np.allclose(found.position, fronts * pixel, atol=0.05e-9)
    assert np.all(found.found > 0.999999)
    place = 6
    xi = fronts[place]
    seen = columns[np.abs(columns - xi) <= 8.0]
    step = np.array([blurred(s - xi, width, 0.5) for s in seen])
    slope = (
        np.array([blurred(s - xi + 1e-3, width, 0.5) - blurred(s - xi - 1e-3, width, 0.5) for s in seen])
        / 2e-3
    )
    by_width = np.array(
        [blurred(s - xi, 1.001 * width, 0.5) - blurred(s - xi, 0.999 * width, 0.5) for s in seen]
    )
    over = np.array([ramp(s - xi, width, 0.5) for s in seen])
    jacobian = np.stack(
        [-jump * slope, jump * by_width / 2e-3, 1.0 - step, seen - xi - over, step, over], axis=1
    )
    information = rows * jacobian.T @ jacobian / noise**2
    tilt = (xi / (0.2 * jump)) ** 2
    prior = np.diag([0.0, 0.2**-2, (0.5 * jump) ** -2, tilt, (0.5 * jump) ** -2, tilt])
    inverse = np.linalg.inv(information + prior)
    expected = math.sqrt((inverse @ information @ inverse)[0, 0]) * pixel
    assert found.std[place] == pytest.approx(expected, rel=0.02)
    assert found.stated[place] == pytest.approx(math.sqrt(inverse[0, 0]) * pixel, rel=0.02)
    known_levels = noise / jump * math.sqrt(2.0 * math.sqrt(math.pi) * width / rows) * pixel
    assert known_levels < found.std[place] < 1.6 * known_levels  # levels and tilts are not known


def test_a_front_is_found_as_often_as_its_step_beats_the_noise():
    columns, rows = np.arange(40) + 0.5, 4
    fronts = np.linspace(15.0, 25.0, 11)
    lines = np.clip(columns[None, :] - fronts[:, None] + 0.5, 0.0, 1.0)
    maps = np.repeat(lines[:, None, :], rows, axis=1)
    profile = Profile((0.0, 2.0), (40.0, 2.0), 4.0)

    def found(noise):
        series = MapSeries(
            maps, np.full(maps.shape, noise), np.arange(11.0), np.zeros((rows, 40)), columns,
            np.arange(rows) + 0.5, (1.0, 1.0),
        )  # fmt: skip
        return front_information(series, profile, "extraction").found

    assert np.all(found(0.1) > 0.9999)
    assert 0.05 < found(0.5).mean() < 0.95
    hidden = found(2.0)
    assert hidden.size == 0 or hidden.max() < 0.01


# Rate constants


def fronts_of(k, times, std, found=1.0):
    return FrontInformation(
        np.arange(times.size), times, np.sqrt(2.0 * k * times), np.full(times.size, std),
        np.full(times.size, std), np.full(times.size, found),
    )  # fmt: skip


def test_the_deviation_of_k_is_that_of_a_parabola_worked_out_by_hand():
    k, std = 2e-15, 4e-9
    times = np.linspace(20.0, 200.0, 40)
    xi = np.sqrt(2.0 * k * times)
    by_t0, by_k = -k / xi, times / xi
    f11, f12, f22 = by_t0 @ by_t0, by_t0 @ by_k, by_k @ by_k
    both = std * math.sqrt(f11 / (f11 * f22 - f12**2))
    free = rate_information([fronts_of(k, times, std)], 1.0, 4.6)
    assert free.k == pytest.approx(k, rel=1e-9)
    assert free.k_std == pytest.approx(both, rel=1e-6)
    assert free.points == 40.0
    known = rate_information([fronts_of(k, times, std)], 1.0, 4.6, start_time=0.0)
    assert known.k_std == pytest.approx(std / math.sqrt(f22), rel=1e-6)
    half = rate_information([fronts_of(k, times, std, 0.5)], 1.0, 4.6)
    assert half.k_std == pytest.approx(math.sqrt(2.0) * both, rel=1e-6)
    two = rate_information([fronts_of(k, times, std)] * 2, 1.0, 4.6)
    assert two.k_std == pytest.approx(both / math.sqrt(2.0), rel=1e-6)
    each = rate_information([fronts_of(k, times, std)], 4.0, 4.6)
    assert each.k_std == pytest.approx(0.5 * both, rel=1e-6)


def test_a_contact_that_is_not_known_adds_its_own_deviation():
    k, std, off = 2e-15, 4e-9, 10e-9
    times = np.linspace(20.0, 200.0, 40)
    xi = np.sqrt(2.0 * k * times)
    design = np.stack([-k / xi, times / xi], axis=1)
    covariance = std**2 * np.eye(40) + off**2
    gls = np.linalg.inv(design.T @ np.linalg.solve(covariance, design))
    found = rate_information([fronts_of(k, times, std)], 1.0, 4.6, start_std=off)
    assert found.k_std == pytest.approx(math.sqrt(gls[1, 1]), rel=1e-5)
    size = np.abs(design).max(axis=0)
    moved = np.linalg.lstsq(design / size, np.full(40, 1e-9), rcond=None)[0][1] / size[1]
    alone = rate_information([fronts_of(k, times, std)], 1.0, 4.6)
    assert alone.contact_effect == pytest.approx(abs(moved) / k / 1e-9, rel=1e-5)


def test_too_few_fronts_give_no_rate_constant():
    times = np.array([10.0, 20.0])
    found = rate_information([fronts_of(1e-15, times, 1e-9)], 1.0, 10.0)
    assert math.isnan(found.k_std)
    assert found.points == 2.0


# Recordings


def test_frames_and_doses_are_counted():
    one = plan_recording(1.5, None, 15.1, 71e-12, 1.5 / 3072, 31.25e-9**2)
    assert one.frames == 10
    dose = 71e-12 * 1.5 / CHARGE / (3072 * 31.25e-9**2)
    assert one.frame_dose == pytest.approx(dose)
    assert one.dose == pytest.approx(10.0 * dose)
    fewer = one.with_frames(4)
    assert (fewer.frames, fewer.period) == (4, pytest.approx(4.5))
    assert plan_recording(1.5, 3.0, 15.1, 71e-12, 1e-3, 1e-15).frames == 5
    assert plan_recording(20.0, None, 15.0, 71e-12, 1e-3, 1e-15).frames == 0


def test_a_budget_for_all_leaves_what_one_does_not_need_to_the_others():
    recordings = [plan_recording(1.0, None, t, 1e-10, 1e-3, 1e-15) for t in (100.0, 4.0, 50.0)]
    dose = recordings[0].frame_dose
    assert allowed_frames(recordings, 60.0 * dose, "recording") == [60, 60, 60]
    assert allowed_frames(recordings, 60.0 * dose, "series") == [28, 4, 28]
    assert allowed_frames(recordings, 500.0 * dose, "series") == [100, 4, 50]


def test_a_sample_of_frames_stands_for_all():
    numbers, each = sampled_frames(1000, 100)
    assert (numbers[0], numbers[-1], numbers.size) == (0, 999, 100)
    assert each.tolist() == [10.0] * 100
    numbers, each = sampled_frames(7, 100)
    assert (numbers.tolist(), each.tolist()) == (list(range(7)), [1.0] * 7)
    numbers, each = sampled_frames(1000, 100, early=49.5)
    assert numbers[:50].tolist() == list(range(50))
    assert (numbers[50], numbers[-1], numbers.size) == (50, 999, 150)
    assert each.tolist() == [1.0] * 50 + [9.5] * 100


def test_a_recording_that_goes_on_long_after_the_front_is_through_tells_the_same():
    """Of 20 000 frames the front is in the first 150 only: they are all looked at."""
    vary = {CURRENT: ["400 pA"]}
    short, long = (designed(vary, duration=end, free=[D_LI4]) for end in ("30 s", "4000 s"))
    assert long["frames"].item() == 20_000
    assert long["k_std"].item() == pytest.approx(short["k_std"].item(), rel=0.02)
    assert long["front_frames"].item() == pytest.approx(short["front_frames"].item(), rel=0.02)
    assert long[f"{D_LI4}_std"].item() < 1.02 * short[f"{D_LI4}_std"].item()


def test_what_is_no_scenario_and_no_design_is_said():
    with pytest.raises(InputError, match=r"^scenario: got 'p\.toml'"):
        design_experiment("p.toml", COARSE, {CURRENT: ["71 pA"]})
    with pytest.raises(InputError, match=r"^design: got 'str'"):
        best_setting("design.zarr")


# Designs


def test_k_and_ea_are_known_twice_as_well_at_four_times_the_dose(small):
    low, high = (small.isel({CURRENT: n}) for n in (0, 1))
    assert np.allclose(low["k_std_relative"] / high["k_std_relative"], 2.0, rtol=0.08)
    assert np.allclose(low["Ea_eV_std"] / high["Ea_eV_std"], 2.0, rtol=0.06)
    assert np.allclose(high["dose"] / low["dose"], 4.0, rtol=1e-9)


def test_ea_is_that_of_a_line_worked_out_by_hand(small):
    one = small.isel({CURRENT: 0, FRAME: 1})
    inverse = 1.0 / (BOLTZMANN_EV * small["temperature"].values)
    weight = one["k_std_relative"].values ** -2
    mean = (weight * inverse).sum() / weight.sum()
    expected = 1.0 / math.sqrt((weight * (inverse - mean) ** 2).sum())
    assert float(one["Ea_eV_std"]) == pytest.approx(expected, rel=1e-6)
    student = float(stats.t.ppf(0.975, 1))
    assert float(one["Ea_eV_half_width"]) == pytest.approx(student * expected, rel=1e-6)
    true = np.polyfit(inverse, np.log(one["k_true"].values), 1)[0]
    assert float(one["Ea_eV"]) == pytest.approx(-true, abs=2e-3)


def test_front_and_k_are_read_where_they_are(small):
    assert np.abs(small["k_bias"]).max() < 0.02
    assert (small["status"] == 0).all()
    assert (small["front_found"] > 0.99).all()
    assert (small["window_end"] <= small["duration"] + small["period"]).all()
    hot, cold = (small["duration"].isel(temperature=n).values for n in (2, 0))
    assert np.allclose(hot / cold, (small["k_true"][..., 0] / small["k_true"][..., 2]).values, rtol=1e-6)


def test_frames_that_a_budget_takes_away_cost_what_their_electrons_are_worth():
    fast = strip(**{FRAME: "0.05 s"})
    free = designed({CURRENT: ["800 pA"]}, fast).isel({CURRENT: 0, "temperature": 0})
    budget = 0.25 * float(free["dose"])
    spent = designed({CURRENT: ["800 pA"]}, fast, dose_budget=budget).isel({CURRENT: 0, "temperature": 0})
    assert int(spent["status"]) == 1
    assert float(spent["dose"]) <= budget
    assert float(spent["frames"]) == float(free["frames"]) // 4
    gain = float(spent["k_std"]) / float(free["k_std"])
    assert gain == pytest.approx(2.0, rel=0.15)
    refused = designed({CURRENT: ["800 pA"]}, fast, dose_budget=budget, over_budget="refuse")
    assert refused["status"].values.ravel().tolist() == [2]
    assert float(refused["k_std"].squeeze()) == pytest.approx(float(free["k_std"]))
    with pytest.raises(InputError, match="above the dose budget"):
        best_setting(refused)


def test_what_cannot_be_used_says_why():
    slow = designed({FRAME: ["0.2 s", "10 s"]})
    assert slow["status"].values.ravel().tolist() == [0, 3]
    dark = designed({CURRENT: ["0.2 pA", "400 pA"]})
    assert dark["status"].values.ravel()[1] == 0
    assert dark["status"].values.ravel()[0] in {3, 4}
    full = designed({"instrument.detector.saturation": [1e6, 1e14]})
    assert full["status"].values.ravel().tolist() == [5, 0]
    lines = design_lines(slow)
    assert any(line.startswith("1 setting cannot be used at 60 degC: too few frames") for line in lines)
    assert set(STATUS) == set(range(6))


def test_pixels_by_their_side_and_thickness_by_the_scenario():
    found = designed({PIXEL: ["31.25 nm", "62.5 nm"], "specimen.thickness": ["100 nm", "300 nm"]})
    noise = found["li_fraction_std"].sel(li_fraction=0.5)
    assert np.allclose(noise.isel({PIXEL: 0}) / noise.isel({PIXEL: 1}), 2.0, rtol=1e-6)
    assert (noise.isel({"specimen.thickness": 1}) > 1.5 * noise.isel({"specimen.thickness": 0})).all()
    k = found["k_std_relative"]
    assert (k.isel({"specimen.thickness": 1}) > 1.3 * k.isel({"specimen.thickness": 0})).all()
    assert np.allclose(found["frame_dose"], found["frame_dose"].values.ravel()[0])
    assert (
        found["probe_fwhm"].isel({"specimen.thickness": 1})
        > found["probe_fwhm"].isel({"specimen.thickness": 0})
    ).all()


def test_a_range_is_varied_too():
    found = designed({CURRENT: Axis("100 pA", "400 pA", 2)})
    assert np.allclose(found[CURRENT], [1e-10, 4e-10])


def test_maps_behind_a_design_can_be_drawn_over():
    maps = expected_maps(strip(), COARSE.with_values({"beam.current": "200 pA"}), dose_budget="1e9 e/A^2")
    assert maps["li_fraction"].shape == (maps.sizes["time"], 4, 24)
    noise = pixel_deviation(COARSE.with_values({"beam.current": "200 pA"}), 0.2 / 96, (150e-9, 150e-9))
    rich = maps["li_fraction_std"].values[0, 0, -1]
    assert rich == pytest.approx(noise.table[0, 4], rel=0.01)
    assert maps["li_fraction"].values.min() > -1e-6
    assert maps["li_fraction"].values.max() < 1.0 + 1e-6
    short = expected_maps(strip(), COARSE, dose_budget="1e9 e/A^2", duration="1 s", profiles_only=True)
    assert short.sizes["time"] == 5


def test_parameters_of_whole_maps_are_known_as_their_derivatives_say():
    """One free parameter, no nuisance: 1/sqrt(sum of (dv/dlnD)^2/std^2), from maps at two values of D."""
    scenario = strip(**{FRAME: "0.5 s"})
    options = {"dose_budget": "1e9 e/A^2", "duration": "8 s"}
    found = designed({CURRENT: ["100 pA", "400 pA"]}, scenario, free=[D_LI4], nuisances=(), **options)
    at = scenario.to_dict()["material"]["D_Li4"]["at"]
    high, low = (
        expected_maps(scenario.with_values({D_LI4: at * math.exp(s)}), COARSE, **options)
        for s in (0.01, -0.01)
    )
    instrument = COARSE.with_values({"beam.current": "100 pA"})
    std = expected_maps(scenario, instrument, **options)["li_fraction_std"].values
    slope = (high["li_fraction"].values - low["li_fraction"].values) / 0.02
    expected = 1.0 / math.sqrt(((slope / std) ** 2).sum())
    one, four = found[f"{D_LI4}_std"].values
    assert one == pytest.approx(expected, rel=0.08)  # steps of runs at two values differ
    assert one == pytest.approx(2.0 * four, rel=1e-5)
    with_nuisances = designed({CURRENT: ["100 pA"]}, scenario, free=[D_LI4], **options)
    assert float(with_nuisances[f"{D_LI4}_std"].values[0]) > 1.01 * one
    assert goals_of(with_nuisances) == ["k", D_LI4]
    assert any(f"would tell {D_LI4} to" in line for line in design_lines(with_nuisances))


def test_pixels_of_drawn_spectra_scatter_as_predicted():
    """Counts drawn, li fractions fitted, 9 900 pixels; k is compared by `lto-sim validate --only design`."""
    assert all(row.passed for row in spectra_rows(2))
    assert 0.119 < limit_of(400) <= 0.12
    assert limit_of(50) == pytest.approx(0.049 + 2.0 / math.sqrt(98.0))


# The best, in words and in a picture


def test_the_best_is_the_least_deviation_and_the_frontier_what_no_other_beats(small):
    best = best_setting(small)
    assert best[CURRENT] == pytest.approx(4e-10)
    ea = small["Ea_eV_std"].values
    assert float(small["Ea_eV_std"].sel(best)) == ea.min()
    assert best_setting(small, "k")[CURRENT] == pytest.approx(4e-10)
    dose, std = np.array([3.0, 1.0, 2.0, 4.0, 2.5]), np.array([1.0, 5.0, 2.0, 1.5, np.nan])
    assert frontier(dose, std).tolist() == [1, 2, 0]
    assert np.isfinite(deviation_of(small, "k")).all()


def test_the_sentences_hold_the_numbers(small):
    lines = design_lines(small)
    assert lines[0].startswith("4 settings of extraction at 30, 45, 60 degC")
    ea = float(small["Ea_eV_std"].min())
    assert f"would tell Ea to {ea:.2g} eV" in lines[1]
    assert "a probe current of 400 pA" in lines[1]
    table = published_table("extraction")
    scatter = 100.0 * math.sqrt(np.mean((table.k_std / table.k) ** 2))
    assert f"{scatter:.0f} % as published" in lines[-2]
    assert lines[-1].startswith("Nor that a contact may lie elsewhere")
    for line in lines:
        assert line.endswith(".")
        assert "nan" not in line


def test_values_are_said_in_the_units_of_the_field():
    assert value_in_words(CURRENT, 71e-12) == "71 pA"
    assert value_in_words(CURRENT, 2e-9) == "2 nA"
    assert value_in_words(PIXEL, 31.25e-9) == "31.2 nm"
    assert value_in_words(FRAME, 0.5) == "0.5 s"
    assert setting_in_words({FRAME: 0.5, PIXEL: 31e-9}) == "frames of 0.5 s and pixels of 31 nm"


def test_every_variable_is_named_and_a_design_is_kept(small, tmp_path):
    for name, variable in small.variables.items():
        assert {"units", "long_name"} <= set(variable.attrs), name
    assert json.loads(small.attrs["varied"]) == [CURRENT, FRAME]
    write_dataset(small, tmp_path / "design.zarr")
    again = read_dataset(tmp_path / "design.zarr")
    xr.testing.assert_allclose(again, small)
    assert design_lines(again) == design_lines(small)


def test_the_picture_shows_every_setting_and_rings_the_best(small):
    page = plot_design(small)
    left, _, right = page.axes
    ring = next(line for line in left.lines if line.get_markersize() > 15)
    assert ring.get_ydata()[0] == pytest.approx(1e3 * float(small["Ea_eV_std"].min()))
    points = [line for line in left.lines if line.get_linestyle() == "None" and line is not ring]
    assert len(points) == 4
    assert "Ea [meV]" in left.get_ylabel()
    drawn = next(line for line in right.lines if "deviation by counting" in str(line.get_label()))
    best = small.sel(best_setting(small))
    assert np.allclose(drawn.get_ydata(), 100.0 * best["k_std_relative"].values)
    one_dose = designed({CURRENT: ["200 pA", "400 pA"], FRAME: ["0.1 s", "0.2 s"]}, dose_budget="500 e/A^2")
    assert plot_design(one_dose).axes[0].get_xlabel() == "probe current"


# Bad input


@pytest.mark.parametrize(
    ("vary", "options", "words"),
    [
        ({}, {}, "vary: got {}; allowed: a mapping"),
        ({"instrument.beam.curent": [1e-10]}, {}, "did you mean current"),
        ({"specimen.outline.shape": ["circle"]}, {}, "vary.specimen.outline"),
        ({"temperature": ["30 degC"]}, {}, "give temperatures beside"),
        ({"scan.pixels": [[24, 4]]}, {}, "scan.pixel_size"),
        ({"instrument.scan.frame_time": ["1 s"]}, {}, "scan.frame_time"),
        ({PIXEL: ["-3 nm"]}, {}, "> 0 m"),
        ({CURRENT: ["71 pA", 71e-12]}, {}, "every value once"),
        ({CURRENT: "71 pA"}, {}, f"vary.{CURRENT}"),
        ({CURRENT: ["71 pA"]}, {"temperatures": []}, "a list of temperatures"),
        ({CURRENT: ["71 pA"]}, {"temperatures": ["30 pA"]}, "temperatures"),
        ({CURRENT: ["71 pA"]}, {"dose_budget": "-1 e/A^2"}, "dose_budget"),
        ({CURRENT: ["71 pA"]}, {"budget_for": "all"}, "recording or series"),
        ({CURRENT: ["71 pA"]}, {"over_budget": "more"}, "fewer_frames or refuse"),
        ({CURRENT: ["71 pA"]}, {"law": "linear"}, "parabolic or mixed"),
        ({CURRENT: ["71 pA"]}, {"duration": ["1 s", "2 s"]}, "as many as temperatures, 1"),
        ({CURRENT: ["71 pA"]}, {"duration": "-1 s"}, "> 0 s"),
        ({CURRENT: ["71 pA"]}, {"start_std": "-1 nm"}, ">= 0 m"),
        ({CURRENT: ["71 pA"]}, {"free": "material.D_Li4.at"}, "paths of the scenario"),
        ({CURRENT: ["71 pA"]}, {"free": ["surface.faces.at"]}, "free.surface.faces.at"),
        ({CURRENT: ["71 pA"]}, {"free": [D_LI4], "nuisances": ("maps.gain",)}, "nuisances"),
    ],
)
def test_what_cannot_be_designed_is_one_clear_line(vary, options, words):
    with pytest.raises(InputError) as caught:
        designed(vary, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scenarios_and_instruments_that_no_front_can_be_mapped_with():
    vary = {CURRENT: ["71 pA"]}
    with pytest.raises(InputError, match="one profile or more"):
        design_experiment(strip(profile=[]), COARSE, vary)
    with pytest.raises(InputError, match="scanned probe"):
        design_experiment(strip(), "hf3300_gif_quantum", vary)
    with pytest.raises(InputError, match="lithium_loss"):
        design_experiment(strip(), COARSE.with_values({"lithium_loss.dose": "1e4 e/A^2"}), vary)
    with pytest.raises(InputError, match="goal"):
        best_setting(designed(vary), "Ea")
    with pytest.raises(InputError, match="duration"):
        expected_maps(strip(), COARSE, duration="0.01 s")
