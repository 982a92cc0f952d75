"""Arrhenius lines over particles and profiles: closed forms, a second likelihood, coverage, bad input."""

import math
import pickle

import numpy as np
import pytest
from scipy import linalg, optimize, stats

from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE
from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.kinetics import published_Ea, published_table
from lto_sim.kinetics.arrhenius import (
    FrontSolubility,
    HierarchicalFit,
    activation_energies,
    compare_repeats,
    difference_of_Ea,
    fit_arrhenius,
    fit_directions,
    leave_one_out,
)
from lto_sim.kinetics.published import graphite_comparison, published_repeat
from lto_sim.materials import load_material
from lto_sim.validate.arrhenius_checks import Truth, arrhenius_checks, drawn_rates

KELVIN = np.array([303.15, 318.15, 333.15, 348.15, 363.15, 378.15])
PER_EV = ELEMENTARY_CHARGE / BOLTZMANN
EA, K0 = 0.49, 6e-11
SEEDS = (11, 12, 13, 14)


def table(
    rng, profiles=(2, 2, 2, 1), *, scatter=(0.2, 0.1, 0.0, 0.1), own_Ea=0.0, bar=0.0, missing=0.0, Ea=EA
):
    """Draw rate constants; `scatter` of particles, profiles, temperatures and single points."""
    particle, profile, temperature, single = scatter
    of_profile = np.repeat(np.arange(len(profiles)), profiles)
    p, t = (grid.ravel() for grid in np.meshgrid(np.arange(of_profile.size), np.arange(KELVIN.size)))
    inverse = PER_EV / KELVIN
    slopes = Ea + own_Ea * rng.standard_normal(len(profiles))
    effects = particle * rng.standard_normal(len(profiles))
    bars = np.full(p.size, max(bar, 1e-9))
    ln_k = (
        math.log(K0)
        - Ea * inverse[t]
        - (slopes[of_profile[p]] - Ea) * (inverse[t] - inverse.mean())
        + effects[of_profile[p]]
        + profile * rng.standard_normal(of_profile.size)[p]
        + temperature * rng.standard_normal(KELVIN.size)[t]
        + np.hypot(single, bar) * rng.standard_normal(p.size)
    )
    keep = rng.random(p.size) >= missing
    k = np.exp(ln_k)
    drawn = {
        "temperature": KELVIN[t][keep], "k": k[keep], "particle": of_profile[p][keep], "profile": p[keep],
    }  # fmt: skip
    return drawn | ({"k_std": (bars * k)[keep]} if bar else {})


def stds(fit):
    return {entry.name: entry.std for entry in fit.components}


# --- closed forms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_balanced_data_give_the_analysis_of_variance(seed):
    drawn = table(np.random.default_rng(seed), (2, 2, 2, 2), scatter=(0.4, 0.2, 0.2, 0.05))
    fit = fit_arrhenius(**drawn)
    y = np.log(drawn["k"]).reshape(6, 4, 2)  # temperature, particle, profile
    x = -(PER_EV / KELVIN - (PER_EV / KELVIN).mean())
    Ea = (x @ y.mean(axis=(1, 2))) / (x @ x)
    lack = y.mean(axis=(1, 2)) - y.mean() - Ea * x
    of_temperature = 8.0 * (lack @ lack) / 4.0
    of_particle = 12.0 * np.sum((y.mean(axis=(0, 2)) - y.mean()) ** 2) / 3.0
    inner = y.mean(axis=0)
    of_profile = 6.0 * np.sum((inner - inner.mean(axis=1, keepdims=True)) ** 2) / 4.0
    rest = y - inner - y.mean(axis=(1, 2))[:, None, None] + y.mean()
    single = np.sum(rest**2) / (7.0 * 5.0)
    assert of_temperature > single
    assert of_profile > single
    assert of_particle > of_profile
    expected = {
        "particle": math.sqrt((of_particle - of_profile) / 12.0),
        "profile": math.sqrt((of_profile - single) / 6.0),
        "temperature": math.sqrt((of_temperature - single) / 8.0),
        "residual": math.sqrt(single),
    }
    assert stds(fit) == pytest.approx(expected, rel=1e-4)
    assert fit.Ea_eV == pytest.approx(Ea, rel=1e-9)
    assert fit.Ea_eV_std == pytest.approx(math.sqrt(of_temperature / (8.0 * (x @ x))), rel=1e-4)
    assert fit.dof == pytest.approx(4.0, rel=1e-3)
    half_width = stats.t.ppf(0.975, 4) * fit.Ea_eV_std
    np.testing.assert_allclose(fit.interval(), [Ea - half_width, Ea + half_width], rtol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_common_error_all_points_tell_the_scatter(seed):
    drawn = table(np.random.default_rng(seed), (1, 1, 1, 1))
    fit = fit_arrhenius(**drawn, setpoint=False)
    y = np.log(drawn["k"]).reshape(6, 4)
    x = -(PER_EV / KELVIN - (PER_EV / KELVIN).mean())
    Ea = (x @ y.mean(axis=1)) / (x @ x)
    rest = y - y.mean(axis=0) - (Ea * x)[:, None]
    assert fit.Ea_eV_std == pytest.approx(math.sqrt(np.sum(rest**2) / 19.0 / (4.0 * (x @ x))), rel=1e-5)
    assert fit.dof == pytest.approx(19.0, rel=1e-3)
    assert fit.component("profile") is None


@pytest.mark.parametrize("seed", SEEDS)
def test_own_activation_energies_are_averaged(seed):
    drawn = table(np.random.default_rng(seed), (1, 1, 1, 1), scatter=(0.2, 0.0, 0.0, 0.02), own_Ea=0.05)
    fit = fit_arrhenius(**drawn, own_Ea=True, setpoint=False)
    x = -(PER_EV / KELVIN - (PER_EV / KELVIN).mean())
    each = (x @ np.log(drawn["k"]).reshape(6, 4)) / (x @ x)
    assert fit.Ea_eV == pytest.approx(each.mean(), rel=1e-6)
    assert fit.Ea_eV_std == pytest.approx(each.std(ddof=1) / 2.0, rel=1e-3)
    assert fit.dof == pytest.approx(3.0, rel=0.02)
    assert fit.own_Ea_p_value() < 1e-4


def independent(drawn, names):
    """Variances from error contrasts: K'y with K'X = 0, maximised by a general optimiser."""
    inverse = PER_EV / drawn["temperature"]
    design = np.stack([np.ones(inverse.size), -(inverse - inverse.mean())], axis=1)
    contrasts = linalg.null_space(design.T)
    y = contrasts.T @ np.log(drawn["k"])
    labels = {"particle": drawn["particle"], "profile": drawn["profile"], "temperature": drawn["temperature"]}
    parts = [np.equal.outer(labels[name], labels[name]).astype(float) for name in names]
    parts.append(np.eye(inverse.size))
    known = np.diag((drawn["k_std"] / drawn["k"]) ** 2) if "k_std" in drawn else 0.0 * parts[-1]

    def covariance(stds):
        return known + sum(std**2 * part for std, part in zip(stds, parts, strict=True))

    def minus_likelihood(stds):
        whole = contrasts.T @ covariance(stds) @ contrasts
        return 0.5 * (np.linalg.slogdet(whole)[1] + y @ np.linalg.solve(whole, y))

    found = min(
        (
            optimize.minimize(
                minus_likelihood, np.full(len(parts), start), method="Nelder-Mead",
                options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 6000, "maxfev": 6000},
            )
            for start in (0.05, 0.2)
        ),
        key=lambda result: result.fun,
    )  # fmt: skip
    weight = np.linalg.inv(covariance(found.x))
    phi = np.linalg.inv(design.T @ weight @ design)
    return np.abs(found.x), phi @ (design.T @ weight @ np.log(drawn["k"])), phi


@pytest.mark.parametrize("seed", SEEDS)
def test_unbalanced_data_agree_with_an_independent_likelihood(seed):
    drawn = table(
        np.random.default_rng(seed), (3, 2, 1, 1), scatter=(0.3, 0.2, 0.15, 0.1), bar=0.05, missing=0.3
    )
    fit = fit_arrhenius(**drawn, setpoint=True)
    variances, beta, phi = independent(drawn, ["particle", "profile", "temperature"])
    found = [stds(fit)[name] for name in ("particle", "profile", "temperature", "residual")]
    np.testing.assert_allclose(found, variances, rtol=2e-3, atol=2e-4)
    assert fit.Ea_eV == pytest.approx(beta[1], rel=1e-5)
    naive = math.sqrt(phi[1, 1])
    assert naive * (1.0 - 1e-3) <= fit.Ea_eV_std <= 1.3 * naive


def test_known_deviations_alone_give_weighted_least_squares():
    drawn = table(np.random.default_rng(5), (1, 1), scatter=(0.0, 0.0, 0.0, 0.0), bar=0.2)
    drawn["k"] = K0 * np.exp(-EA * PER_EV / drawn["temperature"]) * (1.0 + 1e-4 * np.sin(np.arange(12)))
    fit = fit_arrhenius(**drawn)
    x = PER_EV / drawn["temperature"]
    weight = (drawn["k"] / drawn["k_std"]) ** 2
    centre = np.average(x, weights=weight)
    assert fit.Ea_eV_std == pytest.approx(1.0 / math.sqrt(np.sum(weight * (x - centre) ** 2)), rel=1e-4)
    assert math.isinf(fit.dof)
    assert set(stds(fit).values()) == {0.0}


# --- what must not matter -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_order_names_and_unit_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    drawn = table(rng, bar=0.03, missing=0.2)
    fit = fit_arrhenius(**drawn)
    order = rng.permutation(drawn["k"].size)
    other = {name: values[order] for name, values in drawn.items()}
    other |= {name: 1e4 * other[name] for name in ("k", "k_std")}
    other["particle"] = np.array(["d", "a", "c", "b"])[other["particle"]]
    other["profile"] = other["profile"] % 2 + 3  # numbered anew within each particle
    again = fit_arrhenius(**other)
    assert again.Ea_eV == pytest.approx(fit.Ea_eV, rel=1e-7)
    assert again.Ea_eV_std == pytest.approx(fit.Ea_eV_std, rel=1e-4)
    assert again.k0 == pytest.approx(1e4 * fit.k0, rel=1e-5)
    assert pickle.loads(pickle.dumps(fit)).without(300.0, 305.0).Ea_eV == fit.without(300.0, 305.0).Ea_eV


def test_a_shared_factor_of_particles_moves_k0_only():
    drawn = table(np.random.default_rng(3), (1, 1, 1), scatter=(0.1, 0.0, 0.0, 0.05))
    fit = fit_arrhenius(**drawn)
    far = fit_arrhenius(**(drawn | {"k": drawn["k"] * np.array([1.0, 3.0, 9.0])[drawn["particle"]]}))
    assert far.Ea_eV == pytest.approx(fit.Ea_eV, rel=1e-8)
    assert far.Ea_eV_std == pytest.approx(fit.Ea_eV_std, rel=1e-3)
    low, high = (np.log(f.band([340.0])[1] / f.band([340.0])[0])[0] for f in (fit, far))
    assert high > 3.0 * low


def test_exact_lines_are_recovered():
    for labels in ({"particle": np.repeat([1, 2], 6)}, {"profile": np.repeat([1, 2], 6)}):
        kelvin = np.tile(KELVIN, 2)
        fit = fit_arrhenius(kelvin, K0 * np.exp(-EA * PER_EV / kelvin), **labels)
        assert fit.Ea_eV == pytest.approx(EA, rel=1e-9)
        assert fit.Ea_eV_std < 1e-5
        np.testing.assert_allclose(fit.predict(KELVIN), fit.k[:6], rtol=1e-8)


# --- fewer data ---------------------------------------------------------------------------------------------


def test_what_cannot_be_told_is_left_out_and_said():
    drawn = table(np.random.default_rng(2), (1,))
    fit = fit_arrhenius(**drawn)
    assert list(stds(fit)) == ["residual"]
    assert any("one particle only" in note for note in fit.notes)
    plain = fit_arrhenius(drawn["temperature"], drawn["k"])
    assert fit.Ea_eV == pytest.approx(plain.Ea_eV, rel=1e-9)
    assert fit.interval() == pytest.approx(plain.interval(), rel=1e-6)
    assert fit.own_Ea_p_value() is None
    several = fit_arrhenius(**table(np.random.default_rng(2), (3,)))
    assert set(stds(several)) == {"profile", "temperature", "residual"}


def test_two_temperatures_and_no_overlap_are_fitted():
    rng = np.random.default_rng(8)
    drawn = table(rng)
    two = {name: values[np.isin(drawn["temperature"], KELVIN[[0, 5]])] for name, values in drawn.items()}
    assert "temperature" not in stds(fit_arrhenius(**two))
    rows = (drawn["particle"] < 2) == (drawn["temperature"] < 340.0)
    apart = fit_arrhenius(**{name: values[rows] for name, values in drawn.items()})
    assert np.isfinite(apart.Ea_eV_std)
    assert abs(apart.Ea_eV - EA) < 5.0 * apart.Ea_eV_std


def test_the_scatter_as_weights():
    drawn = table(np.random.default_rng(4), bar=0.1)
    drawn["k_std"] = drawn["k_std"] * np.where(drawn["temperature"] > 340.0, 3.0, 1.0)
    once = fit_arrhenius(**drawn, absolute_sigma=False)
    twice = fit_arrhenius(**(drawn | {"k_std": 2.0 * drawn["k_std"]}), absolute_sigma=False)
    assert twice.Ea_eV == pytest.approx(once.Ea_eV, rel=1e-9)
    assert twice.interval() == pytest.approx(once.interval(), rel=1e-9)


# --- coverage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profiles", "scatter", "options"),
    [
        ((2, 2, 2, 1), (0.2, 0.1, 0.0, 0.1), {}),
        ((2, 2, 2, 1), (0.2, 0.1, 0.1, 0.05), {}),
        ((2, 1, 1), (0.2, 0.1, 0.0, 0.1), {"missing": 0.2}),
    ],
)
def test_intervals_of_Ea_and_bands_hold(profiles, scatter, options):
    truth, hits, inside, new = K0 * np.exp(-EA * PER_EV / 340.0), 0, 0, 0
    for seed in range(300):
        rng = np.random.default_rng([seed, 77])
        fit = fit_arrhenius(**table(rng, profiles, scatter=scatter, bar=0.03, **options))
        low, high = fit.interval()
        hits += low <= EA <= high
        low, high = fit.band([340.0])
        inside += bool(low[0] <= truth <= high[0])
        drawn = truth * math.exp(np.linalg.norm([*scatter, 0.03]) * rng.standard_normal())
        low, high = fit.prediction_band([340.0])
        new += bool(low[0] <= drawn <= high[0])
    assert 0.92 <= hits / 300 <= 0.985
    assert 0.90 <= inside / 300 <= 0.985
    assert 0.90 <= new / 300 <= 0.985


def test_bands_lie_in_one_another():
    fit = fit_arrhenius(**table(np.random.default_rng(6), bar=0.03))
    line, particle, point = (
        np.log(high / low)
        for low, high in (
            fit.band(KELVIN), fit.prediction_band(KELVIN, of="particle"), fit.prediction_band(KELVIN),
        )
    )  # fmt: skip
    assert np.all(line < particle)
    assert np.all(line < point)
    plain = fit_arrhenius(KELVIN, fit.k[::7])
    (low, high), (new_low, new_high) = plain.band(KELVIN), plain.prediction_band(KELVIN)
    assert np.all(new_low < low)
    assert np.all(high < new_high)
    width = np.log(new_high / new_low) ** 2 - np.log(high / low) ** 2
    np.testing.assert_allclose(width, 4.0 * stats.t.ppf(0.975, 4) ** 2 * plain.reduced_chi_square, rtol=1e-9)


# --- two directions -----------------------------------------------------------------------------------------


def test_two_directions_share_variances():
    rng = np.random.default_rng(21)
    parts = [table(rng, (2, 2), bar=0.02), table(rng, (2, 2), bar=0.02, Ea=0.59)]
    both = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    fit = fit_directions(**both, direction=["extraction"] * 24 + ["insertion"] * 24, setpoint=False)
    assert list(fit.fits) == ["extraction", "insertion"]
    first, second = fit.fits.values()
    assert stds(first) == stds(second)
    gap = fit.difference
    assert gap.value_eV == pytest.approx(second.Ea_eV - first.Ea_eV, rel=1e-12)
    assert gap.std_eV == pytest.approx(math.hypot(first.Ea_eV_std, second.Ea_eV_std), rel=1e-6)
    assert gap.interval()[0] < 0.1 < gap.interval()[1]
    assert first.k.size == 24
    alone = fit_arrhenius(**parts[0], setpoint=False)
    assert first.Ea_eV == pytest.approx(alone.Ea_eV, abs=0.002)
    assert first.dof > 1.5 * alone.dof
    without = first.without(300.0, 305.0)
    assert without.temperature.min() > 310.0
    assert without.data.kelvin.size == 40


def test_the_difference_of_two_fits():
    first, second = (fit_arrhenius(KELVIN, published_table(d).k) for d in ("extraction", "insertion"))
    gap = difference_of_Ea(first, second)
    assert gap.std_eV == pytest.approx(math.hypot(first.Ea_eV_std, second.Ea_eV_std))
    assert 4.0 < gap.dof < 8.0
    assert gap.interval()[0] > 0.0


# --- published data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "std"), [("extraction", 0.018), ("insertion", 0.010)])
def test_bars_over_particles_of_the_published_table(direction, std):
    data = published_table(direction)
    fit = fit_arrhenius(data.temperature, data.k, data.k_std, bars_over_particles=data.particles)
    plain = fit_arrhenius(data.temperature, data.k)
    assert fit.Ea_eV == pytest.approx(plain.Ea_eV, rel=1e-12)
    assert round(fit.Ea_eV_std, 3) == std
    low, high = fit.interval()
    assert low < published_Ea[direction] < high
    bars = np.mean((data.k_std / data.k) ** 2)
    assert fit.shared_std**2 + fit.own_std**2 == pytest.approx(bars, rel=1e-9)
    assert fit.own_std**2 == pytest.approx(data.particles * plain.reduced_chi_square, rel=1e-9)
    weighted = fit_arrhenius(
        data.temperature, data.k, data.k_std, bars_over_particles=data.particles, pooled=False
    )
    relative = fit_arrhenius(data.temperature, data.k, data.k_std, absolute_sigma=False)
    assert weighted.Ea_eV_std == pytest.approx(relative.Ea_eV_std, rel=1e-12)
    assert weighted.interval()[0] < published_Ea[direction] < weighted.interval()[1]
    left = leave_one_out(fit)
    assert np.all(np.abs(left.change) < 2.5)


def test_a_table_of_means_over_particles_is_what_the_particles_give():
    k_std = []
    for seed in range(150):
        drawn = table(np.random.default_rng([seed, 5]), (1, 1, 1, 1), scatter=(0.3, 0.0, 0.0, 0.1))
        k = np.log(drawn["k"].reshape(6, 4))
        mean = np.exp(k.mean(axis=1))
        fit = fit_arrhenius(KELVIN, mean, k.std(axis=1, ddof=1) * mean, bars_over_particles=4)
        k_std.append((fit.Ea_eV - EA, fit.Ea_eV_std, fit.shared_std**2, fit.own_std**2, *fit.interval()))
    error, std, shared, own, low, high = np.array(k_std).T
    assert 0.9 <= np.mean((low < EA) & (high > EA)) <= 0.99
    assert np.sqrt(np.mean(std**2) / np.mean(error**2)) == pytest.approx(1.0, abs=0.15)
    assert shared.mean() == pytest.approx(0.09, rel=0.2)
    assert own.mean() == pytest.approx(0.01, rel=0.2)


def test_published_repeat_is_consistent():
    data = published_table("extraction")
    fit = fit_arrhenius(data.temperature, data.k, data.k_std, bars_over_particles=data.particles)
    again = published_repeat()
    assert (again.first, again.last, again.temperature) == pytest.approx((7.6e-14, 7.8e-14, 363.15))
    found = compare_repeats(
        [again.temperature] * 2, [again.first, again.last], scatter=fit.own_std, scatter_dof=fit.dof
    )
    (pair,) = found.pairs
    assert pair.change.value == pytest.approx(math.log(7.8 / 7.6))
    assert pair.change.dof == pytest.approx(4.0)
    assert pair.change.p_value > 0.5
    assert found.drift is None


def test_published_graphite():
    graphite = graphite_comparison()
    assert graphite.k == pytest.approx(3.23e-15)
    assert graphite.extraction_ratio == pytest.approx(4.0 / 3.23)
    assert graphite.insertion_ratio == pytest.approx(0.36e-12 / 3.23e-11)
    assert round(math.log10(graphite.extraction_ratio)) == 0
    assert round(math.log10(graphite.insertion_ratio)) == -2


# --- Ea(k) and Ea(D) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["extraction", "insertion"])
@pytest.mark.parametrize("windows", ["constant", "regular_solution"])
def test_the_diffusivity_put_in_comes_out(direction, windows):
    material = load_material(windows=windows)
    growing, parent = (
        (material.poor, material.rich) if direction == "extraction" else (material.rich, material.poor)
    )
    k = []
    for kelvin in KELVIN:
        x_poor, x_rich = material.edges(kelvin)
        excess = (x_poor if direction == "extraction" else 1.0 - x_rich) / (x_rich - x_poor)
        before = (1.0 - x_rich) / (x_rich - x_poor) if direction == "extraction" else 0.0
        D = growing.diffusivity(kelvin)
        k.append(wagner.rate_constant(D, excess, before, D / parent.diffusivity(kelvin)))
    both = activation_energies(fit_arrhenius(KELVIN, k), FrontSolubility.of_experiment(material, direction))
    assert both.of_D.Ea_eV == pytest.approx(growing.diffusivity.Ea_eV, abs=1e-9)
    assert both.of_D.k0 == pytest.approx(growing.diffusivity.pre_exponential, rel=1e-7)
    np.testing.assert_allclose(2.0 * both.growth_parameter**2 * both.of_D.k, k, rtol=1e-9)
    if windows == "regular_solution":
        assert both.difference_eV == pytest.approx(0.125, abs=0.015)
    elif direction == "insertion":
        assert abs(both.difference_eV) < 1e-9
    half = FrontSolubility.of_experiment(material, direction).diffusivity(KELVIN, 2.0 * np.array(k), "kt")
    np.testing.assert_allclose(half, both.of_D.k, rtol=1e-10)


def test_of_two_directions_each_has_its_own_diffusivity():
    rng = np.random.default_rng(31)
    parts = [table(rng, (1, 1)), table(rng, (1, 1), Ea=0.59)]
    both = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    fit = fit_directions(**both, direction=["extraction"] * 12 + ["insertion"] * 12)
    material = load_material(windows="constant")
    found = activation_energies(fit.fits["insertion"], FrontSolubility.of_experiment(material, "insertion"))
    assert found.of_D.Ea_eV == pytest.approx(fit.fits["insertion"].Ea_eV, abs=1e-6)
    assert found.of_D.k0 > fit.fits["insertion"].k0


# --- robust, leave one out, repeats -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wild_point_does_not_carry_a_robust_fit(seed):
    drawn = table(np.random.default_rng(seed), scatter=(0.2, 0.1, 0.0, 0.05), bar=0.02)
    wild = drawn | {"k": drawn["k"].copy()}
    wild["k"][38] *= 8.0  # at 105 degC
    clean, plain, robust = (
        fit_arrhenius(**drawn), fit_arrhenius(**wild), fit_arrhenius(**wild, robust=True),
    )  # fmt: skip
    assert abs(robust.Ea_eV - clean.Ea_eV) < 0.35 * abs(plain.Ea_eV - clean.Ea_eV)
    assert robust.weights[38] < 0.2
    assert robust.Ea_eV_std < 0.5 * plain.Ea_eV_std
    assert abs(robust.Ea_eV - clean.Ea_eV) < robust.Ea_eV_std


def test_robust_intervals_cover_with_and_without_wild_points():
    k = K0 * np.exp(-EA * PER_EV / KELVIN)
    for part in (0.0, 0.1):
        hits = 0
        for seed in range(300):
            rng = np.random.default_rng([seed, 9])
            scale = np.where(rng.random(6) < part, 0.8, 0.1)
            fit = fit_arrhenius(KELVIN, k * np.exp(scale * rng.standard_normal(6)), robust=True)
            low, high = fit.interval()
            hits += low <= EA <= high
        assert 0.92 <= hits / 300 <= 0.99, (part, hits / 300)


def test_without_wild_points_a_robust_fit_is_the_ordinary_one():
    k = K0 * np.exp(-EA * PER_EV / KELVIN + 0.05 * np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]))
    plain, robust = fit_arrhenius(KELVIN, k), fit_arrhenius(KELVIN, k, robust=True)
    assert np.all(robust.weights == 1.0)
    assert robust.Ea_eV == pytest.approx(plain.Ea_eV, rel=1e-12)
    assert robust.interval() == pytest.approx(plain.interval(), rel=1e-12)


def test_the_temperature_that_matters_is_named():
    drawn = table(np.random.default_rng(41), scatter=(0.2, 0.1, 0.0, 0.03))
    drawn["k"] = np.where(drawn["temperature"] > 370.0, 1.5 * drawn["k"], drawn["k"])
    fit = fit_arrhenius(**drawn)
    left = leave_one_out(fit)
    np.testing.assert_allclose(left.temperature, KELVIN)
    assert left.largest[0] == pytest.approx(378.15)
    assert left.Ea_eV[-1] == pytest.approx(fit.without(370.0, 380.0).Ea_eV)
    assert left.change[-1] == pytest.approx((left.Ea_eV[-1] - fit.Ea_eV) / fit.Ea_eV_std)
    two = fit_arrhenius([300.0, 300.0, 350.0, 350.0], [1.0, 1.1, 5.0, 5.2])
    assert np.all(np.isnan(leave_one_out(two).Ea_eV))


def test_repeats_with_known_deviations_are_a_z_test():
    found = compare_repeats(
        [363.15, 303.15, 363.15], [2.0, 1.0, 2.2], [0.1, 0.1, 0.11], order=[5, 2, 1], particle=["A", "A", "A"]
    )
    (pair,) = found.pairs
    assert (pair.first, pair.last, pair.name, pair.count) == (2.2, 2.0, "particle A", 2)
    std = math.sqrt(2.0) * 0.05
    assert pair.change.statistic == pytest.approx(math.log(2.0 / 2.2) / std)
    assert pair.change.p_value == pytest.approx(2.0 * stats.norm.sf(abs(math.log(2.0 / 2.2)) / std))
    assert compare_repeats([300.0, 310.0], [1.0, 2.0]).pairs == ()


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_a_drift_by_the_beam_is_found_where_there_is_one(loss):
    seen = []
    for seed in range(200):
        rng = np.random.default_rng([seed, 3])
        dose = np.tile([0.0, 1.0, 2.0, 3.0], 3)
        particle = np.repeat([1, 2, 3], 4)
        k = np.exp(-loss * dose + 0.3 * particle + 0.05 * rng.standard_normal(12))
        drift = compare_repeats(np.full(12, 363.15), k, order=dose, particle=particle).drift
        assert drift.dof == pytest.approx(8.0)
        low, high = drift.interval()
        seen.append((low <= -loss <= high, drift.p_value < 0.05))
    hits, found = np.mean(seen, axis=0)
    assert 0.91 <= hits <= 0.985
    assert found > 0.9 if loss else found < 0.09


def test_a_scatter_with_few_degrees_of_freedom_makes_a_t_test():
    known = (
        compare_repeats([300.0, 300.0], [1.0, 1.3], [0.1, 0.13], scatter=0.1, scatter_dof=4).pairs[0].change
    )
    assert known.std == pytest.approx(math.sqrt(0.04))
    assert known.dof == pytest.approx(4.0 * 4.0)


# --- the section of the validation --------------------------------------------------------------------------


def test_the_published_rows_of_the_validation_pass():
    *_, published, solubility = arrhenius_checks(quick=True)
    rows = [*published(), *solubility()]
    assert len(rows) == 9
    assert all(row.passed for row in rows)


def test_a_truth_is_drawn_as_it_says():
    truth = Truth("unbalanced", (2, 1, 1), missing=0.3)
    drawn = drawn_rates(truth, np.random.default_rng(1))
    assert set(drawn["particle"]) == {0, 1, 2}
    assert len(set(drawn["profile"])) == 4
    assert drawn["k"].size < 24
    relative = drawn["k_std"] / drawn["k"]
    assert 0.005 <= relative.min() <= relative.max() <= 0.05
    again = drawn_rates(truth, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn["k"], again["k"])


# --- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"particle": [1, 2, 3]}, "particle"),
        ({"particle": ["a", "", "b", "b", "c", "c"]}, "particle"),
        ({"profile": [1.0, np.nan, 2, 2, 3, 3]}, "profile"),
        ({"particle": [1] * 6, "setpoint": True}, "setpoint"),
        ({"particle": [1] * 6, "own_Ea": True}, "own_Ea"),
        ({"own_Ea": True}, "own_Ea"),
        ({"setpoint": True}, "setpoint"),
        ({"bars_over_particles": 4}, "k_std"),
        ({"bars_over_particles": 1, "k_std": [0.1] * 6}, "bars_over_particles"),
        ({"bars_over_particles": 2.5, "k_std": [0.1] * 6}, "bars_over_particles"),
        ({"bars_over_particles": 4, "k_std": [0.1] * 6, "particle": [1] * 6}, "bars_over_particles"),
    ],
)
def test_bad_options_are_named_in_one_line(options, field):
    with pytest.raises(InputError) as caught:
        fit_arrhenius(KELVIN, np.arange(1.0, 7.0), **options)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_other_bad_input():
    with pytest.raises(InputError, match="two different names"):
        fit_directions(KELVIN, np.arange(1.0, 7.0), direction=["extraction"] * 6)
    with pytest.raises(InputError, match="second temperature"):
        fit_directions(KELVIN, np.arange(1.0, 7.0), direction=["a"] * 5 + ["b"])
    with pytest.raises(InputError, match="more points than parameters"):
        fit_directions(KELVIN[:4], np.arange(1.0, 5.0), direction=["a", "a", "b", "b"])
    with pytest.raises(InputError, match="too close together"):
        fit_arrhenius([300.0, 300.01, 300.02], [1.0, 2.0, 4.0])
    with pytest.raises(InputError, match="one pair alone"):
        compare_repeats([300.0, 300.0], [1.0, 2.0])
    with pytest.raises(InputError, match="order"):
        compare_repeats([300.0, 300.0], [1.0, 2.0], [0.1, 0.1], order=[1, np.nan])
    material = load_material(windows="constant")
    with pytest.raises(InputError, match="direction"):
        FrontSolubility(material, "charge", 0.0)
    with pytest.raises(InputError, match="contact"):
        FrontSolubility(material, "extraction", 0.5).excess(303.15)
    with pytest.raises(InputError, match="start"):
        FrontSolubility(material, "extraction", 0.0, 0.5).excess(303.15)
    with pytest.raises(InputError, match="k_convention"):
        FrontSolubility.of_experiment(material, "extraction").diffusivity(303.15, 1e-15, "k")
    fit = fit_arrhenius(**table(np.random.default_rng(1)))
    assert isinstance(fit, HierarchicalFit)
    with pytest.raises(InputError, match="of"):
        fit.prediction_band(KELVIN, of="profile")
    with pytest.raises(InputError, match="level"):
        fit.band(KELVIN, level=1.0)
