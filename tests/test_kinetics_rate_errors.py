"""Errors of fronts that are not independent, laws with a shell, and what a rate constant depends on."""

import json
import math

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.kinetics.rates import (
    Correlation,
    RateData,
    fit_rate_constant,
    fit_shell,
    shell_position,
    surface_share,
)

K = 1e-16
XI_END = 1.2e-6
SEEDS = (41, 42, 43)


def parabola(n):
    t = np.linspace(8.0, XI_END**2 / (2.0 * K), n)
    return t, np.sqrt(2.0 * K * t)


def covariance(data):
    """Dense covariance, written out point by point."""
    n = data.size
    matrix = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if data.profile[i] != data.profile[j]:
                continue
            shared = 0.0
            if data.correlation is not None:
                u = data.time if data.correlation.kind == "time" else data.position
                shared = data.correlation.fraction * math.exp(-abs(u[i] - u[j]) / data.correlation.length)
            own = 1.0 if data.correlation is None else 1.0 - data.correlation.fraction
            matrix[i, j] = data.position_std[i] * data.position_std[j] * (shared + own * (i == j))
            matrix[i, j] += data.start_std[i] ** 2
    return matrix


def some_points(correlation=None, start=0.0, n=9):
    rng = np.random.default_rng(5)
    t, xi = parabola(n)
    std = rng.uniform(3e-9, 9e-9, 2 * n)
    profile = np.tile([0, 1], n)
    times = np.repeat(t, 2) + np.tile([0.0, 0.4], n)
    return RateData(times, np.repeat(xi, 2) + rng.normal(0.0, std), std, profile, start, correlation)


@pytest.mark.parametrize("start", [0.0, 12e-9])
@pytest.mark.parametrize(
    "correlation", [None, Correlation("time", 0.7, 900.0), Correlation("position", 0.4, 2e-7)]
)
def test_whitening_is_the_inverse_of_the_covariance(correlation, start):
    data = some_points(correlation, start)
    matrix = covariance(data)
    values = np.random.default_rng(1).normal(size=(data.size, 3)) * 1e-9
    white = data.whiten(values)
    np.testing.assert_allclose(white.T @ white, values.T @ np.linalg.solve(matrix, values), rtol=1e-9)
    np.testing.assert_allclose(data.whiten(values[:, 1]), white[:, 1])
    assert math.isclose(data.log_determinant, 0.5 * np.linalg.slogdet(matrix)[1], rel_tol=1e-12)


def test_offset_of_the_contact_is_predicted_as_by_the_dense_formula():
    data = some_points(Correlation("time", 0.5, 600.0), 15e-9)
    rest = np.random.default_rng(2).normal(size=data.size) * 5e-9 + np.where(data.profile == 1, 20e-9, 0.0)
    estimate, deviation = data.offsets(rest)
    inverse = np.linalg.inv(covariance(data))
    for i, number in enumerate((0, 1)):
        one = (data.profile == number).astype(float)
        assert math.isclose(estimate[i], 15e-9**2 * one @ inverse @ rest, rel_tol=1e-9)
        assert math.isclose(
            deviation[i] ** 2, 15e-9**2 * (1.0 - 15e-9**2 * one @ inverse @ one), rel_tol=1e-6
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_fit_is_that_of_generalised_least_squares(seed):
    """Parabola with a known covariance: k and its deviation from the normal equations about the result."""
    rng = np.random.default_rng(seed)
    t, xi = parabola(40)
    correlation = Correlation("time", 0.8, 6.0 * (t[1] - t[0]))
    data = RateData(np.tile(t, 2), np.tile(xi, 2), 5e-9, np.repeat([0, 1], 40), 10e-9, correlation)
    drawn = data.position + np.linalg.cholesky(covariance(data)) @ rng.standard_normal(80)
    data = RateData(data.time, drawn, 5e-9, data.profile, 10e-9, correlation)
    fit = fit_rate_constant(data, window="all", law="parabolic")
    r, t0 = 0.5 / fit.k, fit.start_time
    law = np.sqrt((data.time - t0) / r)
    design = np.stack([-0.5 / (r * law), -0.5 * law / r], axis=1)
    inverse = np.linalg.inv(covariance(data))
    normal = design.T @ inverse @ design
    left = np.linalg.solve(normal, design.T @ inverse @ (drawn - law))
    np.testing.assert_allclose(left / [t[-1], r], 0.0, atol=1e-6)
    assert math.isclose(fit.k_std, 0.5 * math.sqrt(np.linalg.inv(normal)[1, 1]) / r**2, rel_tol=1e-5)


@pytest.mark.parametrize("kind", ["time", "position"])
@pytest.mark.parametrize("seed", SEEDS)
def test_errors_that_frames_share_are_found_and_widen_the_interval(kind, seed):
    rng = np.random.default_rng(seed)
    t, xi = parabola(120)
    step = np.median(np.diff(t)) if kind == "time" else np.median(np.diff(xi))
    shared = Correlation(kind, 0.8, 6.0 * step)
    errors = 5e-9 * np.linalg.cholesky(shared.matrix(t, xi)) @ rng.standard_normal((120, 2))
    data = RateData(np.tile(t, 2), np.tile(xi, 2) + errors.T.ravel(), 5e-9, np.repeat([0, 1], 120))
    fit = fit_rate_constant(data, window="all", law="parabolic")
    independent = RateData(data.time, data.position, 5e-9, data.profile, 0.0, Correlation("time", 0.0, 1.0))
    naive = fit_rate_constant(independent, window="all", law="parabolic")
    assert fit.correlation is not None
    assert 0.4 < fit.correlation.fraction < 1.0
    assert fit.k_std > 1.6 * naive.k_std
    assert abs(fit.k / K - 1.0) < 4.0 * fit.k_std / K


def test_independent_errors_pass_for_independent():
    """A mean over correlations never is quite zero: it must be small, and k about as certain as without."""
    t, xi = parabola(80)
    fractions, ratios = [], []
    for seed in range(60):
        drawn = xi + np.random.default_rng(seed).normal(0.0, 5e-9, 80)
        fit = fit_rate_constant(RateData(t, drawn, 5e-9), window="all")
        none = RateData(t, drawn, 5e-9, None, 0.0, Correlation("time", 0.0, 1.0))
        fractions.append(0.0 if fit.correlation is None else fit.correlation.fraction)
        ratios.append(fit.k_std / fit_rate_constant(none, window="all").k_std)
    assert np.median(fractions) < 0.1
    assert np.mean(fractions) < 0.15
    assert 0.98 < np.median(ratios) < 1.1


@pytest.mark.parametrize("seed", range(40))
def test_a_known_start_gives_limits_whatever_the_law(seed):
    """Fits with t0 fixed: the profile likelihood has no jump, and both intervals are in order."""
    t, xi = parabola(8)
    fit = fit_rate_constant(
        RateData(t, xi + np.random.default_rng(seed).normal(0.0, 6e-9, 8), 6e-9), start_time=0.0
    )
    assert fit.interval_any_law[0] <= fit.interval[0] < fit.interval[1] <= fit.interval_any_law[1]


def test_a_tip_that_is_not_seen_is_not_told():
    """Points behind the crossover only: a parabola with another start; the interval of L reaches far."""
    t = np.linspace(300.0, 3000.0, 60)
    xi = shell_position(t, 0.0, 3e-7, K, "mean") + np.random.default_rng(1).normal(0.0, 5e-9, 60)
    fit = fit_shell(RateData(t, xi, 5e-9))
    assert fit.tip_interval[0] == 0.0
    assert fit.tip_interval[1] > 4e-7
    assert fit.p_value > 0.05
    assert math.sqrt(fit.covariance[1, 1]) > 1e-7
    assert abs(fit.k - K) < 4.0 * fit.k_std
    exact = fit_shell(RateData(t, np.sqrt(2.0 * K * t), 5e-9))
    assert exact.tip_interval[0] == 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_contact_that_is_not_known_widens_the_interval_and_is_found(seed):
    """Two profiles, one drawn 30 nm too deep: the difference of the two offsets comes out."""
    rng = np.random.default_rng(seed)
    t, xi = parabola(60)
    true = np.repeat([20e-9, -10e-9], 60)
    points = np.tile(xi, 2) + true + rng.normal(0.0, 5e-9, 120)
    known, unknown = (
        fit_rate_constant(
            RateData(np.tile(t, 2), points, 5e-9, np.repeat([0, 1], 60), start), law="parabolic"
        )
        for start in (0.0, 20e-9)
    )
    assert known.offsets == ()
    first, second = unknown.offsets
    assert abs(first.offset - second.offset - 30e-9) < 6e-9
    assert unknown.interval[0] < K < unknown.interval[1]
    drawn_well = RateData(np.tile(t, 2), points - true, 5e-9, np.repeat([0, 1], 60))
    assert unknown.k_std > 2.0 * fit_rate_constant(drawn_well, law="parabolic").k_std


@pytest.mark.parametrize("part", ["mean", "tip"])
def test_shell_law_is_continuous_and_has_its_two_ends(part):
    tip, k = 5e-7, 2e-16
    t1 = tip**2 / (12.0 * k)
    around = shell_position(np.array([t1 * (1 - 1e-9), t1 * (1 + 1e-9)]), 0.0, tip, k, part)
    assert abs(np.diff(around)[0]) < 1e-8 * tip
    early = shell_position(np.array([0.01, 0.16]) * t1, 0.0, tip, k, part)
    power = 0.25 if part == "tip" else 0.75
    assert math.isclose(early[1] / early[0], 16.0**power, rel_tol=1e-12)
    late = shell_position(np.array([400.0, 1600.0]) * t1, 0.0, tip, k, part)
    assert math.isclose(late[1] / late[0], 2.0, rel_tol=0.05)
    both = [shell_position(np.array([3.0 * t1]), 0.0, tip, k, name)[0] for name in ("tip", "mean")]
    assert math.isclose(both[0] - both[1], 2.0 * tip / 3.0, rel_tol=1e-12)
    np.testing.assert_allclose(shell_position(np.array([4.0]), 0.0, 0.0, k, part), math.sqrt(8.0 * k))


@pytest.mark.parametrize("part", ["mean", "tip"])
@pytest.mark.parametrize("seed", SEEDS)
def test_shell_law_is_recovered(part, seed):
    rng = np.random.default_rng(seed)
    tip, k, thickness = 4e-7, 2e-16, 150e-9
    t = np.linspace(0.0, 1e-12 / (2.0 * k), 100) + 20.0
    xi = shell_position(t, 20.0, tip, k, part) + rng.normal(0.0, 6e-9, t.size)
    fit = fit_shell(RateData(t, xi, 6e-9), part)
    found = fit.parameters
    pulls = (found - [20.0, tip, 0.5 / k]) / np.sqrt(np.diag(fit.covariance))
    assert np.all(np.abs(pulls) < 3.5), pulls
    assert abs(0.5 / found[2] / k - 1.0) < 0.1
    assert fit.tip_interval[0] < tip < fit.tip_interval[1] or abs(pulls[1]) > 1.9
    assert fit.p_value < (1e-4 if part == "tip" else 0.2)
    share = fit.share(thickness)
    length = tip**2 / (3.0 * thickness)
    assert abs(share.surface_length - length) < 3.5 * share.surface_length_std
    assert abs(share.k_bulk - k / (1.0 + 2.0 * length / thickness)) < 3.5 * share.k_bulk_std
    assert abs(share.share - (1.0 - 1.0 / (1.0 + 2.0 * length / thickness))) < 3.5 * share.share_std


def test_sensitivities_are_always_there_and_say_what_they_say():
    rng = np.random.default_rng(3)
    t, xi = parabola(60)
    data = RateData(np.tile(t, 2), np.tile(xi, 2) + rng.normal(0.0, 5e-9, 120), 5e-9, np.repeat([0, 1], 60))
    fit = fit_rate_constant(data)
    rows = {(row.choice, row.changed_to): row.k for row in fit.sensitivity}
    assert {choice for choice, _ in rows} == {
        "window",
        "law",
        "convention",
        "origin",
        "start time",
        "profile",
    }
    assert math.isclose(rows["convention", "kt"] / fit.k, 2.0, rel_tol=0.01)
    deeper, higher = rows["origin", "contact moved by +10 nm"], rows["origin", "contact moved by -10 nm"]
    assert deeper < fit.k < higher  # a shorter way, a smaller k
    assert abs(higher / deeper - 1.0) > 0.02
    assert ("profile", "1 alone") in rows
    json.dumps(fit.summary(), allow_nan=False)


def test_a_law_may_be_asked_for():
    rng = np.random.default_rng(4)
    t, xi = parabola(60)
    data = RateData(t, xi + rng.normal(0.0, 5e-9, 60), 5e-9)
    found, mixed = fit_rate_constant(data), fit_rate_constant(data, law="mixed")
    assert (found.law, mixed.law) == ("parabolic", "mixed")
    assert found.verdict == mixed.verdict == "diffusion-limited"
    with pytest.raises(InputError, match="law"):
        fit_rate_constant(data, law="cubic")


@pytest.mark.parametrize("seed", SEEDS)
def test_band_holds_the_true_front(seed):
    rng = np.random.default_rng(seed)
    t, xi = parabola(60)
    fit = fit_rate_constant(RateData(t, xi + rng.normal(0.0, 5e-9, 60), 5e-9))
    inside = (t >= fit.window.start) & (t <= fit.window.end)
    low, high = fit.position_band(t[inside])
    assert np.mean((low <= xi[inside]) & (xi[inside] <= high)) > 0.7
    assert np.all(low <= fit.position(t[inside]))
    assert np.all((high - low)[xi[inside] > 0.5 * XI_END] < 12e-9)


def test_bad_input_is_named():
    t, xi = parabola(20)
    for arguments, field in (
        ((t, xi, 1e-9, None, -1e-9), "start_std"),
        ((t, xi, 1e-9, None, np.zeros(3)), "start_std"),
    ):
        with pytest.raises(InputError) as caught:
            RateData(*arguments)
        assert caught.value.field == field
    for arguments, field in (
        (("space", 0.5, 1.0), "correlation.kind"),
        (("time", 1.0, 1.0), "correlation.fraction"),
        (("time", 0.5, 0.0), "correlation.length"),
    ):
        with pytest.raises(InputError) as caught:
            Correlation(*arguments)
        assert caught.value.field == field
    for arguments, field in (
        ((t, xi, 1e-9, np.zeros(20, dtype=int), np.linspace(0.0, 1e-8, 20)), "start_std"),
        ((t, xi, 1e-12, None, 1e-6), "start_std"),
        ((t, xi, 1e-15, None, 9e-9), "position_std"),
        ((t, xi, 1e-9, np.linspace(0.0, 1.0, 20)), "profile"),
    ):
        with pytest.raises(InputError) as caught:
            RateData(*arguments)
        assert caught.value.field == field
    at_once = RateData(np.full(4, 5.0), np.full(4, 1e-7), 1e-9, np.arange(4))
    with pytest.raises(InputError, match="one time only"):
        fit_rate_constant(at_once)
    with pytest.raises(InputError, match="3 points"):
        fit_shell(RateData(t[:3], xi[:3], 1e-9))
    with pytest.raises(InputError, match="part"):
        fit_shell(RateData(t, xi, 1e-9), "edge")
    with pytest.raises(InputError, match="thickness"):
        surface_share(K, 1e-7, np.eye(2), 0.0)
