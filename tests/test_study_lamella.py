"""The study of what a lamella does to k: known limits, directions, workers, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.kinetics import fit_arrhenius, published_table
from lto_sim.plot.lamella import plot_lamella_recording, plot_lamella_thickness
from lto_sim.plot.lamella_surfaces import plot_lamella_energies, plot_surface_region
from lto_sim.study import (
    PARTICLE,
    REFERENCE,
    Case,
    apparent_energy,
    apparent_rates,
    bulk_behind_table,
    consistent_surfaces,
    parallel_rates,
    published_rate,
    share_deviation,
    share_from_rates,
    simulated_energies,
    study_lines,
    table_diffusivity,
    thickness_cases,
    thickness_ratio,
)

LENGTHS, THICKNESSES = (0.0, 25e-9, 75e-9), (50e-9, 200e-9)
BOLTZMANN_EV = 8.617333262e-5


@pytest.fixture(scope="module")
def thickness():
    return apparent_rates(thickness_cases(LENGTHS, THICKNESSES), 1)


@pytest.fixture(scope="module")
def region():
    return consistent_surfaces((0.0, 0.6), (1e-21, 2e-20), Case(cell=75e-9, layers=2), 1)


def test_the_mean_front_of_a_thin_lamella_has_bulk_and_faces_in_parallel(thickness):
    exact = 1.0 + 2.0 * thickness["surface_length"] / thickness["thickness"]
    assert np.allclose(thickness["k_mean"] / thickness["k_bulk"], exact, rtol=3e-3)
    assert np.allclose(thickness["k_expected"] / thickness["k_bulk"], exact, rtol=1e-12)


def test_whatever_the_faces_k_in_the_usual_thickness_is_that_of_table_1():
    cases = thickness_cases((0.0, 75e-9, 675e-9), (150e-9,))
    shares = [2.0 * case.surface_length / (2.0 * case.surface_length + 150e-9) for case in cases]
    assert np.allclose([case.bulk for case in cases], 1.0 - np.array(shares), rtol=1e-12)
    assert np.allclose(shares, [0.0, 0.5, 0.9], rtol=1e-12)


def test_without_faces_k_is_that_of_the_line_through_table_1_at_every_thickness(thickness):
    bare = thickness.sel(case=thickness["surface_length"] == 0.0)
    table = published_table("insertion")
    line = float(fit_arrhenius(table.temperature, table.k).predict([REFERENCE])[0])
    for name in ("k_mean", "k_step", "k_shell"):
        assert np.allclose(bare[name], line, rtol=5e-3), name


def test_k_over_that_of_the_bulk_rises_with_the_faces_and_falls_with_thickness(thickness):
    for name in ("k_mean", "k_step", "k_shell", "k_map"):
        k = (thickness[name] / thickness["k_bulk"]).values.reshape(len(LENGTHS), len(THICKNESSES))
        assert (np.diff(k[:, 0]) > 0.0).all(), name
        assert (np.diff(k[:, 1]) > 0.0).all(), name
        assert (k[1:, 0] > k[1:, 1]).all(), name


def test_a_contour_ahead_of_the_front_reads_too_large_a_k(thickness):
    """By d/xi, d the lead of the contour: more under a longer tip."""
    over = (thickness["k_edge"] / thickness["k_expected"]).values.reshape(len(LENGTHS), len(THICKNESSES))
    assert (over > 1.0).all()
    assert (np.diff(over[:, 1]) > 0.0).all()


def test_two_thicknesses_give_the_share_that_was_put_in(thickness):
    own = thickness.sel(case=thickness["surface_length"] == 75e-9)
    thin, thick = own["k_step"].values
    assert share_from_rates(thin, thick, *THICKNESSES) == pytest.approx(0.5, abs=0.02)


def test_results_do_not_depend_on_the_number_of_workers(thickness):
    cases = thickness_cases(LENGTHS[-1:], THICKNESSES)
    again = apparent_rates(cases, 2)
    first = thickness.isel(case=slice(-len(cases), None))
    for name in again.data_vars:
        assert np.array_equal(again[name].values, first[name].values, equal_nan=True), name


def test_every_variable_has_a_unit_and_a_name(thickness, region):
    for dataset in (thickness, region):
        for name, variable in dataset.variables.items():
            if name != "case":
                assert {"units", "long_name"} <= set(variable.attrs), name


def test_maps_from_spectra_give_what_noise_of_their_deviation_gives():
    cases = [Case(surface_length=75e-9, current=current, draws=2) for current in (71e-12, 529e-12)]
    spectra = apparent_rates(cases, 1)
    low, high = spectra["pixel_std"].values
    assert low / high == pytest.approx(np.sqrt(529.0 / 71.0), rel=0.03)
    noise = apparent_rates([Case(surface_length=75e-9, noise=low, draws=2)], 1)
    deviation = np.hypot(float(noise["k_map_std"][0]), float(spectra["k_map_std"][0]))
    assert abs(float(noise["k_map"][0] - spectra["k_map"][0])) < 2.0 * deviation
    assert float(noise["k_map_std"][0]) == pytest.approx(float(spectra["k_map_std"][0]), rel=0.3)


def test_a_tip_is_seen_in_the_maps():
    lengths = (0.0, 75e-9, 675e-9)
    found = apparent_rates([Case(surface_length=length) for length in lengths], 1)
    tips = found["tip_map"].values
    assert tips[0] < 31.25e-9
    assert (np.diff(tips) > 5.0 * found["tip_map_std"].values[1:]).all()
    assert tips[2] == pytest.approx(float(found["tip_length"][2]), rel=0.15)


def test_too_slow_frames_leave_no_rate_and_say_why():
    found = apparent_rates([Case(105.0, frame_time=60.0)], 1)
    assert int(found["status"][0]) == 1
    assert np.isnan(float(found["k_step"][0]))
    assert "case 0: " in found.attrs["refusals"]
    assert float(found["k_mean"][0] / found["k_bulk"][0]) == pytest.approx(1.0, rel=0.01)


def test_a_perimeter_takes_bulk_away_makes_a_rim_and_bends_extraction(region):
    target, deviation = published_rate()
    assert (np.abs(region["k_step"] - target) < deviation).all()
    assert region["follows_table"].all()
    for name, sign in (("contrast", 1), ("closed", 1), ("lead", 1), ("D_Li7", -1)):
        assert (sign * np.diff(region[name].values, axis=0) > 0.0).all(), name
    assert not region["shell_visible"][0].any()
    assert region["shell_visible"][1].all()
    bulk = region["D_Li7"].values / table_diffusivity()
    assert np.allclose(bulk[0], [1.0, 0.4], rtol=0.05)
    assert (region["between"].values[:, 1] > region["between"].values[:, 0]).all()


def test_energies_of_equal_faces_and_of_either_alone_are_their_own():
    assert apparent_energy(0.7, 0.6, 0.6) == pytest.approx(0.6, abs=1e-12)
    assert apparent_energy(0.0, 0.6, 0.3) == pytest.approx(0.6, abs=1e-12)
    assert apparent_energy(1.0, 0.6, 0.3) == pytest.approx(0.3, abs=1e-12)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_at_the_middle_temperature_the_slope_is_the_mean_by_share(share):
    near = REFERENCE + np.array([-0.01, 0.01])
    rates = parallel_rates(near, share, 0.6, 0.35)
    slope = -np.diff(np.log(rates))[0] / np.diff(1.0 / (BOLTZMANN_EV * near))[0]
    assert slope == pytest.approx((1.0 - share) * 0.6 + share * 0.35, rel=1e-6)


def test_simulated_energies_follow_the_formula():
    temperatures = (30.0, 75.0, 105.0)
    cases = [Case(t, surface_length=75e-9, faces_Ea_eV=0.3) for t in temperatures]
    ((share, energy), found) = next(iter(simulated_energies(apparent_rates(cases, 1)).items()))
    assert (share, energy) == (0.5, 0.3)
    assert found["k_mean"] == pytest.approx(found["k_expected"], abs=0.002)
    assert found["k_step"] == pytest.approx(found["k_expected"], abs=0.005)
    assert found["k_expected"] < 0.589 - 0.1


def test_table_1_without_faces_is_as_published():
    found = bulk_behind_table(0.0, 0.5)
    assert found.bulk_Ea_eV == pytest.approx(0.589, abs=5e-4)
    assert found.bulk_Ea_eV_std == pytest.approx(0.010, abs=5e-4)
    assert found.D_Li7 == pytest.approx(table_diffusivity(), rel=1e-3)
    assert found.faces == 0.0


def test_faces_of_the_same_energy_leave_a_part_of_the_bulk_and_others_bend_the_line():
    line = bulk_behind_table(0.0, 0.5)
    same = bulk_behind_table(0.9, line.bulk_Ea_eV)
    assert same.D_Li7 == pytest.approx(0.1 * line.D_Li7, rel=1e-6)
    assert same.bulk_Ea_eV == pytest.approx(line.bulk_Ea_eV, abs=1e-4)
    assert same.faces == pytest.approx(675e-9 * same.D_Li7, rel=1e-9)
    low, high = bulk_behind_table(0.9, 0.3), bulk_behind_table(0.9, 0.9)
    assert low.bulk_Ea_eV > line.bulk_Ea_eV > high.bulk_Ea_eV
    assert max(low.p_value, high.p_value) < 0.05 < same.p_value


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_the_share_comes_back_from_exact_rates_with_its_deviation(share):
    thin, thick = 100e-9, 200e-9
    exact = thickness_ratio(share, thin, thick)
    assert share_from_rates(exact, 1.0, thin, thick) == pytest.approx(share, abs=1e-12)
    moved = share_from_rates(exact * (1.0 + 1e-5), 1.0, thin, thick)
    slope = (moved - share) / 1e-5
    assert share_deviation(share, 0.03, thin, thick) == pytest.approx(np.sqrt(2.0) * 0.03 * slope, rel=1e-3)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"thickness": 0.0}, "thickness"),
        ({"surface_length": -1e-9}, "surface_length"),
        ({"perimeter": float("nan")}, "perimeter"),
        ({"perimeter": 1e-20}, "height"),
        ({"temperature_degC": -300.0}, "temperature_degC"),
        ({"direction": "both"}, "direction"),
        ({"layers": 5}, "layers"),
        ({"field": 2.0e-6}, "field"),
        ({"height": 2.0e-6}, "height"),
        ({"current": 0.0}, "current"),
        ({"draws": 0}, "draws, seed"),
        ({"faces_Ea_eV": -0.1}, "faces_Ea_eV"),
        ({"most_frames": 3}, "most_frames"),
    ],
)
def test_bad_cases_are_refused_in_one_line(values, field):
    with pytest.raises(InputError) as caught:
        Case(**values)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: apparent_rates([]), "cases"),
        (lambda: consistent_surfaces(()), "shares"),
        (lambda: consistent_surfaces((1.0,)), "shares"),
        (lambda: consistent_surfaces((0.5,), (-1e-20,)), "perimeters"),
        (lambda: consistent_surfaces((0.5,), (1e-20,), Case(70.0)), "temperature"),
        (lambda: bulk_behind_table(1.0, 0.5), "share"),
        (lambda: bulk_behind_table(0.5, -0.5), "faces_Ea_eV"),
        (lambda: bulk_behind_table(0.5, 0.5, 0.0), "thickness"),
        (lambda: parallel_rates([300.0], 1.1, 0.5, 0.5), "share"),
        (lambda: thickness_ratio(0.5, 200e-9, 100e-9), "thin, thick"),
        (lambda: share_from_rates(-1.0, 1.0, 1e-7, 2e-7), "thin_rate"),
        (lambda: share_deviation(0.5, -0.1, 1e-7, 2e-7), "relative_std"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call, field):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_figures_and_lines_show_what_was_computed(thickness, region):
    figure = plot_lamella_thickness([thickness])
    assert len(figure.axes) == 3
    left = plot_surface_region(region).subfigs[0].axes[0]
    assert [label.get_text() for label in left.get_xticklabels()] == ["0", "0.6"]
    lines = study_lines({"thickness": thickness, "surfaces_150": region})
    assert sum("consistent" in line for line in lines) >= 1
    assert PARTICLE == (2.0e-6, 1.5e-6)


def test_the_recording_and_the_energies_are_drawn():
    frame = apparent_rates(
        [Case(frame_time=t, columns=c, snapshots=c) for c in (False, True) for t in (1.5, 200.0)], 1
    )
    drawn = apparent_rates([Case(pixel=p, current=71e-12, draws=2) for p in (62.5e-9, 125e-9)], 1)
    figure = plot_lamella_recording(frame, drawn, drawn)
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in figure.axes)
    cases = [Case(t, surface_length=75e-9, faces_Ea_eV=0.45) for t in (30.0, 75.0, 105.0)]
    assert len(plot_lamella_energies(apparent_rates(cases, 1)).axes) == 4
