import math

import numpy as np
import pytest

from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE
from lto_sim.errors import InputError
from lto_sim.kinetics import fit_arrhenius, full_extraction_times, published_Ea, published_table

SEEDS = (101, 102, 103, 104)
KELVIN = np.array([303.15, 318.15, 333.15, 348.15, 363.15, 378.15])
KT_EV = BOLTZMANN / ELEMENTARY_CHARGE


@pytest.mark.parametrize(
    ("direction", "plain", "weighted", "absolute", "scaled"),
    [
        ("extraction", (0.492, 0.018), 0.482, 0.035, 0.015),
        ("insertion", (0.589, 0.010), 0.593, 0.023, 0.009),
    ],
)
def test_table_gives_the_published_activation_energies(direction, plain, weighted, absolute, scaled):
    table = published_table(direction)
    fit = fit_arrhenius(table.temperature, table.k)
    assert (round(fit.Ea_eV, 3), round(fit.Ea_eV_std, 3)) == plain
    assert abs(fit.Ea_eV - published_Ea[direction]) < 0.005
    at_their_word = fit_arrhenius(table.temperature, table.k, table.k_std)
    by_scatter = fit_arrhenius(table.temperature, table.k, table.k_std, absolute_sigma=False)
    assert round(at_their_word.Ea_eV, 3) == weighted
    assert round(at_their_word.Ea_eV_std, 3) == absolute
    assert round(by_scatter.Ea_eV_std, 3) == scaled
    assert by_scatter.Ea_eV == at_their_word.Ea_eV


def test_reduced_chi_square_of_the_table():
    for direction, value in (("extraction", 0.18), ("insertion", 0.14)):
        table = published_table(direction)
        assert round(fit_arrhenius(table.temperature, table.k, table.k_std).reduced_chi_square, 2) == value


def test_full_extraction_times_alone_give_another_energy():
    times = full_extraction_times()
    fit = fit_arrhenius(times.temperature, 1.0 / times.time)
    assert round(fit.Ea_eV, 3) == 0.430
    assert round(fit.Ea_eV_std, 3) == 0.003


def test_table_is_pinned_in_si():
    table = published_table("extraction")
    np.testing.assert_allclose(table.k, [4e-15, 1e-14, 2e-14, 4.1e-14, 7.8e-14, 1.9e-13], rtol=1e-12)
    np.testing.assert_allclose(table.k_std, [7e-16, 2e-15, 4e-15, 9e-15, 1.8e-14, 6e-14], rtol=1e-12)
    insertion = published_table("insertion")
    np.testing.assert_allclose(insertion.k, [3.6e-17, 9.9e-17, 3e-16, 6.8e-16, 1.4e-15, 3.2e-15], rtol=1e-12)
    np.testing.assert_allclose(insertion.k_std, [9e-18, 1.3e-17, 5e-17, 7e-17, 3e-16, 3e-16], rtol=1e-12)
    np.testing.assert_allclose(table.temperature, KELVIN, rtol=1e-12)
    np.testing.assert_allclose(full_extraction_times().time, [387, 181.5, 91.5, 46.5, 25.5, 15])
    assert dict(published_Ea) == {"extraction": 0.49, "insertion": 0.59}
    with pytest.raises(ValueError, match="read-only"):
        table.k[0] = 0.0


def test_exact_line_is_recovered():
    k = 3e-9 * np.exp(-0.47 / (KT_EV * KELVIN))
    fit = fit_arrhenius(KELVIN, k, 0.1 * k)
    assert math.isclose(fit.Ea_eV, 0.47, rel_tol=1e-10)
    assert math.isclose(fit.k0, 3e-9, rel_tol=1e-9)
    np.testing.assert_allclose(fit.predict(350.0), 3e-9 * np.exp(-0.47 / (KT_EV * 350.0)), rtol=1e-9)


def test_band_agrees_with_the_normal_equations():
    table = published_table("extraction")
    fit = fit_arrhenius(table.temperature, table.k, table.k_std)
    design = np.stack([np.ones(6), -1.0 / (KT_EV * KELVIN)], axis=1)
    weight = (table.k / table.k_std) ** 2
    covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-6)
    low, high = fit.band(KELVIN, 0.95)
    std = np.sqrt(np.einsum("ni,ij,nj->n", design, covariance, design))
    np.testing.assert_allclose(np.log(high / low), 2 * 2.7764451 * std, rtol=1e-6)
    assert fit.interval(0.95)[0] < fit.Ea_eV - 2.77 * fit.Ea_eV_std < fit.Ea_eV


@pytest.mark.parametrize("seed", SEEDS)
def test_intervals_cover(seed):
    rng = np.random.default_rng(seed)
    k = 1e-9 * np.exp(-0.5 / (KT_EV * KELVIN))
    hits = {"none": 0, "absolute": 0, "scaled": 0}
    draws = 500
    for _ in range(draws):
        drawn = k * np.exp(rng.normal(0, 0.15, k.size))
        for name, fit in (
            ("none", fit_arrhenius(KELVIN, drawn)),
            ("absolute", fit_arrhenius(KELVIN, drawn, 0.15 * drawn)),
            ("scaled", fit_arrhenius(KELVIN, drawn, 0.3 * drawn, absolute_sigma=False)),
        ):
            low, high = fit.interval(0.95)
            hits[name] += low <= 0.5 <= high
    for name, lowest, highest in (("none", 0.92, 0.98), ("absolute", 0.97, 1.0), ("scaled", 0.92, 0.98)):
        assert lowest <= hits[name] / draws <= highest, (name, hits[name] / draws)


@pytest.mark.parametrize(
    ("temperature", "k", "k_std", "field"),
    [
        ([300.0, 310.0], [1.0, 2.0], None, "temperature"),
        ([300.0, 300.0, 300.0], [1.0, 2.0, 3.0], None, "temperature"),
        ([300.0, -310.0, 320.0], [1.0, 2.0, 3.0], None, "temperature"),
        ([300.0, np.nan, 320.0], [1.0, 2.0, 3.0], None, "temperature"),
        ([300.0, 310.0, 320.0], [1.0, 0.0, 3.0], None, "k"),
        ([300.0, 310.0, 320.0], [1.0, 2.0], None, "k"),
        ([300.0, 310.0, 320.0], [1.0, 2.0, 3.0], [0.1, 0.0, 0.1], "k_std"),
        ([300.0, 310.0, 320.0], [1.0, 2.0, 3.0], [0.1, np.inf, 0.1], "k_std"),
    ],
)
def test_bad_input_is_named(temperature, k, k_std, field):
    with pytest.raises(InputError) as caught:
        fit_arrhenius(temperature, k, k_std)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_unknown_direction_and_level():
    with pytest.raises(InputError, match="direction"):
        published_table("charge")
    with pytest.raises(InputError, match="level"):
        fit_arrhenius(KELVIN, np.ones(6) * np.arange(1, 7)).interval(1.0)
