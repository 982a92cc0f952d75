"""Profiles, the emulator and posterior samples: against exact answers, and each other on real maps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq, minimize, minimize_scalar

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.inverse import fit_maps
from lto_sim.inverse.likelihoods.emulator import LARGEST_ERROR, make_emulator
from lto_sim.inverse.likelihoods.likelihood import Likelihood, bend
from lto_sim.inverse.likelihoods.posterior import sample_posterior
from lto_sim.inverse.likelihoods.profiles import Profile, profile_likelihood
from lto_sim.inverse.likelihoods.reduced import refit_points
from lto_sim.inverse.likelihoods.signed_root import smooth_root
from lto_sim.inverse.parameters import FreeParameter, ParameterSet, Prior
from lto_sim.inverse.result import MapFit
from lto_sim.inverse.search import minimise
from lto_sim.plot.posterior import plot_corner, plot_profiles
from lto_sim.scenario import Scenario

HALF = stats.norm.ppf(0.975)
INF = float("inf")


def free(name: str, low: float = -INF, high: float = INF, prior: Prior | None = None) -> FreeParameter:
    return FreeParameter(name, 0.0, low, high, prior=prior)


class Toy:
    """Residuals from a function of the parameters, priors after them; derivatives by small differences."""

    def __init__(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        parameters: list[FreeParameter],
        pause: float = 0.0,
    ) -> None:
        self.function, self.parameters, self.pause = function, ParameterSet(tuple(parameters)), pause
        self.evaluations = 0

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        self.evaluations += 1
        if self.pause:
            time.sleep(self.pause)
        return np.concatenate([self.function(theta), self.parameters.prior_residuals(theta)[0]])

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        steps = 1e-5 * np.eye(theta.size)
        return np.array([(self.residuals(theta + s) - self.residuals(theta - s)) / 2e-5 for s in steps]).T


def fit_of(toy: Toy, start: list[float], scale: float = 1.0, **more: Any) -> MapFit:
    """A fit of a toy as `fit_maps` would return it."""
    minimum = minimise(toy, np.array(start), enough=1e-10, most=200)
    covariance = scale * np.linalg.inv(minimum.jacobian.T @ minimum.jacobian)
    given: dict[str, Any] = {
        "parameters": toy.parameters, "theta": minimum.theta, "covariance": covariance,
        "parts": {"noise": np.sqrt(np.diag(covariance))}, "minimum": minimum, "objective": toy,
        "chi_square": 2.0 * minimum.cost, "freedom": 1, "scale": scale, "loss": "linear", "stated": True,
        "status": "converged", "advice": "", "identifiability": None, "derived": (), "runs": 0, "reused": 0,
        "failures": (), "wall_time": 0.0,
    }  # fmt: skip
    return MapFit(**(given | more))


def linear_toy(bound: float = INF, prior: Prior | None = None, pause: float = 0.0) -> Toy:
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((60, 3)) @ np.array([[1.0, 0.9, 0.0], [0.0, 0.4, 0.0], [0.0, 0.3, 2.0]])
    noise = rng.standard_normal(60)
    parameters = [free("maps.offset", high=bound, prior=prior), free("b"), free("c")]
    return Toy(lambda theta: matrix @ theta - noise, parameters, pause)


def valley(a: Any) -> Any:
    """Where b is, given a."""
    return a + 0.25 * a**2


def banana_toy() -> Toy:
    """Chi-square ``a^2 + (b - a - a^2/4)^2/0.25``, and residuals that no parameter moves."""
    still = np.random.default_rng(1).standard_normal(40)
    return Toy(lambda t: np.concatenate([[t[0], (t[1] - valley(t[0])) / 0.5], still]), [free("a"), free("b")])


def ends_of(function: Callable[[float], float], centre: float, reach: float) -> tuple[float, float]:
    """Where a chi-square difference crosses that of 95 %."""
    return (
        brentq(lambda v: function(v) - HALF**2, centre - reach, centre),
        brentq(lambda v: function(v) - HALF**2, centre, centre + reach),
    )


def test_profiles_of_a_linear_problem_are_exact() -> None:
    fit = fit_of(linear_toy(), [0.3, -0.2, 0.1])
    for profile in profile_likelihood(fit).profiles.values():
        n = fit.names.index(profile.name)
        deviation = np.sqrt(fit.covariance[n, n])
        expected = fit.theta[n] + HALF * deviation * np.array([-1.0, 1.0])
        assert profile.ends == pytest.approx(tuple(expected), abs=1e-5 * deviation)
        assert profile.noise_interval == profile.ends
        assert profile.interval == pytest.approx(profile.ends, rel=1e-12)
        assert profile.difference == pytest.approx(
            ((profile.theta - fit.theta[n]) / deviation) ** 2, abs=1e-6
        )
        assert profile.words == ()
        assert profile.open == (False, False)


def test_the_scale_of_the_fit_widens_profiles() -> None:
    toy = linear_toy()
    narrow, wide = fit_of(toy, [0.0] * 3), fit_of(toy, [0.0] * 3, scale=2.25)
    for name in narrow.names:
        a, b = (profile_likelihood(f, [name], level=0.9)[name].ends for f in (narrow, wide))
        assert b[1] - b[0] == pytest.approx(1.5 * (a[1] - a[0]), rel=1e-5)


def test_profiles_of_a_banana_against_numerical_minima() -> None:
    fit = fit_of(banana_toy(), [0.2, 0.1])
    profiles = profile_likelihood(fit)
    assert profiles["a"].ends == pytest.approx((-HALF, HALF), abs=2e-3)

    def of_b(b: float) -> float:
        grid = np.linspace(-3.5, 3.5, 701)
        start = grid[np.argmin(grid**2 + (b - valley(grid)) ** 2 / 0.25)]
        bracket = (start - 0.02, start + 0.02)
        return float(
            minimize_scalar(
                lambda a: a**2 + (b - valley(a)) ** 2 / 0.25, bounds=bracket, method="bounded"
            ).fun
        )

    expected = ends_of(of_b, 0.0, 8.0)
    width = expected[1] - expected[0]
    assert profiles["b"].ends == pytest.approx(expected, abs=0.03 * width)
    b = profiles["b"]
    assert b.difference == pytest.approx([of_b(v) for v in b.theta], abs=0.06, rel=0.02)


def test_all_others_follow_in_a_bent_problem() -> None:
    """Three parameters, residuals with cross terms: points against a general minimiser."""
    rng = np.random.default_rng(5)
    first = rng.standard_normal((30, 3))
    second = 0.25 * rng.standard_normal((30, 3, 3))
    noise = rng.standard_normal(30)
    toy = Toy(
        lambda t: first @ t + np.einsum("nij,i,j->n", second, t, t) - noise, [free("a"), free("b"), free("c")]
    )
    fit = fit_of(toy, [0.0, 0.0, 0.0])
    likelihood = Likelihood(fit)
    for n in range(3):
        deviation = likelihood.deviation[n]
        values = fit.theta[n] + deviation * np.array([-2.7, -1.8, -0.9, 0.9, 1.8, 2.7])
        for point, value in zip(refit_points(likelihood, n, list(values)), values, strict=True):
            others = np.delete(np.arange(3), n)

            def square(rest: np.ndarray, n: int = n, value: float = value) -> float:
                return float(np.sum(toy.residuals(np.insert(rest, n, value)) ** 2))

            best = minimize(
                square, point.theta[others], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8}
            )
            assert point.theta[n] == value
            square_there = best.fun - 2.0 * fit.minimum.cost
            assert point.square == pytest.approx(square_there, abs=0.03 + 0.01 * square_there)


def test_a_profile_that_never_rises_is_open_and_says_so() -> None:
    """Chi-square levels off at 1 for large a; b is known."""
    toy = Toy(
        lambda t: np.array([t[0] / np.sqrt(1.0 + t[0] ** 2), t[1] - 0.3 * t[0]]), [free("a"), free("b")]
    )
    profile = profile_likelihood(fit_of(toy, [0.1, 0.0]), ["a"])["a"]
    assert profile.open == (True, True)
    assert profile.ends == (-INF, INF)
    assert profile.interval == (-INF, INF)
    assert any("no upper limit at 95 % as far as the profile was followed" in line for line in profile.words)
    assert profile.summary()["interval"] == [None, None]


def test_a_profile_that_ends_on_a_bound_is_open_there() -> None:
    toy = linear_toy()
    centre = fit_of(toy, [0.0] * 3)
    deviation = float(np.sqrt(centre.covariance[0, 0]))
    bound = float(centre.theta[0]) + deviation
    profile = profile_likelihood(fit_of(linear_toy(bound=bound), [0.0] * 3), ["maps.offset"])["maps.offset"]
    assert profile.open == (False, True)
    assert profile.ends == pytest.approx((centre.theta[0] - HALF * deviation, bound), abs=1e-4 * deviation)
    assert any("no upper limit" in line and f"{bound:.4g}" in line for line in profile.words)


def test_a_minimum_on_a_bound_has_a_one_sided_profile() -> None:
    toy = linear_toy()
    centre = fit_of(toy, [0.0] * 3)
    deviation = float(np.sqrt(centre.covariance[0, 0]))
    bound = float(centre.theta[0]) - 0.5 * deviation
    fit = fit_of(linear_toy(bound=bound), [bound - deviation, 0.0, 0.0])
    assert fit.minimum.at_bound == () or 0 in fit.minimum.at_bound
    profile = profile_likelihood(fit, ["maps.offset"])["maps.offset"]
    below = np.sqrt(HALF**2 + 0.25)  # (v + 0.5)^2 - 0.25 = 1.96^2 in deviations from the free minimum
    assert profile.open == (False, True)
    assert profile.ends[0] == pytest.approx(centre.theta[0] - below * deviation, abs=0.03 * deviation)


def test_cells_move_and_widen_the_interval() -> None:
    base = fit_of(linear_toy(), [0.0] * 3)
    noise = np.sqrt(np.diag(base.covariance))
    fit = fit_of(
        linear_toy(), [0.0] * 3, theta=base.theta + np.array([0.1, 0.0, -0.2]), parts={"cells": 0.5 * noise}
    )
    for n, profile in enumerate(profile_likelihood(fit).profiles.values()):
        wide = HALF * noise[n] * np.sqrt(1.25)
        assert profile.noise_interval == pytest.approx(base.interval(fit.names[n]), abs=1e-4 * noise[n])
        assert profile.interval == pytest.approx(
            (fit.theta[n] - wide, fit.theta[n] + wide), abs=1e-4 * noise[n]
        )
    posterior = sample_posterior(fit, steps=500, most=500)
    for n, name in enumerate(fit.names):
        plain, moved = (np.array(posterior.interval(name, cells=cells)) for cells in (False, True))
        assert np.mean(moved - plain) == pytest.approx(fit.theta[n] - base.theta[n], abs=0.1 * noise[n])
        assert np.ptp(moved) / np.ptp(plain) == pytest.approx(np.sqrt(1.25), rel=0.05)


def test_kinks_are_smoothed() -> None:
    """Points off a slightly bent profile by kinks of 0.3: ends within a tenth of a deviation."""
    x = np.concatenate([-np.array([2.7, 1.8, 0.9]), [0.0], [0.9, 1.8, 2.7]])
    exact = (x + 0.06 * x**2) ** 2
    ends = np.array([brentq(lambda v, s=s: v + 0.06 * v**2 - s * HALF, -4.0, 4.0) for s in (-1.0, 1.0)])
    off = []
    for seed in range(40):
        kinks = 0.15 * np.random.default_rng(seed).standard_normal(x.size)
        found = smooth_root(2.0 + 0.1 * x, exact + kinks - kinks[3], 2.0, 0.1)
        off.append(10.0 * (np.array(found.crossings(HALF)) - 2.0) - ends)
    assert np.sqrt(np.mean(np.square(off))) < 0.1


@pytest.mark.parametrize("loss", ["soft_l1", "cauchy"])
def test_bent_residuals_square_to_the_loss(loss: Any) -> None:
    r = np.array([-30.0, -2.0, -0.1, -1e-9, 0.0, 1e-5, 0.5, 7.0])
    z = (r / 2.0) ** 2
    expected = 4.0 * (2.0 * (np.sqrt(1.0 + z) - 1.0) if loss == "soft_l1" else np.log1p(z))
    bent, slope = bend(r, loss)
    assert bent**2 == pytest.approx(expected, rel=1e-6, abs=1e-15)
    assert (np.sign(bent) == np.sign(r)).all()
    step = 1e-6
    assert slope == pytest.approx((bend(r + step, loss)[0] - bend(r - step, loss)[0]) / (2 * step), rel=1e-4)


def test_the_emulator_of_polynomial_residuals_is_exact() -> None:
    for toy, start in ((linear_toy(), [0.0] * 3), (banana_toy(), [0.1, 0.1])):
        fit = fit_of(toy, start)
        likelihood = Likelihood(fit)
        emulator = make_emulator(likelihood, seed=2)
        assert emulator.error < 1e-3
        assert emulator.runs < 200
        rng = np.random.default_rng(0)
        root = np.linalg.cholesky(likelihood.covariance)
        theta = fit.theta + rng.standard_normal((50, fit.theta.size)) @ root.T
        exact = np.array([np.sum(toy.residuals(t) ** 2) for t in theta]) - 2.0 * fit.minimum.cost
        found = emulator(theta)
        inside = np.isfinite(found)
        assert inside.sum() >= 45
        assert found[inside] == pytest.approx(exact[inside], abs=2e-3)


def test_a_rough_objective_is_not_emulated() -> None:
    base = linear_toy()
    rough = Toy(
        lambda t: base.function(t) + 0.15 * np.sin(4000.0 * t.sum() + np.arange(60.0)),
        list(base.parameters.free),
    )
    good = fit_of(base, [0.0] * 3)
    fit = fit_of(base, [0.0] * 3, objective=rough, minimum=good.minimum)
    with pytest.raises(
        InputError, match=r"emulate: got .*chi-square off by .*emulate=False.*specimen\.cell"
    ) as error:
        make_emulator(Likelihood(fit))
    assert "\n" not in str(error.value)
    assert LARGEST_ERROR == 0.3


def test_samples_of_a_linear_problem() -> None:
    fit = fit_of(linear_toy(), [0.0] * 3)
    posterior = sample_posterior(fit, walkers=32, steps=1500, seed=4)
    assert posterior.enough
    assert posterior.verdict.startswith("enough")
    assert posterior.kept >= 50 * posterior.tau.max()
    assert (posterior.effective > 1000).all()
    for n, name in enumerate(fit.names):
        low, high = posterior.interval(name)
        width = 2.0 * HALF * np.sqrt(fit.covariance[n, n])
        assert high - low == pytest.approx(width, rel=0.05)
        assert 0.5 * (low + high) == pytest.approx(fit.theta[n], abs=0.03 * width)
    assert np.corrcoef(posterior.samples.T) == pytest.approx(fit.correlation, abs=0.05)
    dataset = posterior.dataset()
    assert dataset.value.dims == ("step", "walker", "parameter")
    assert list(dataset.parameter.values) == fit.names
    assert posterior.summary()["parameters"]["b"]["interval_noise_only"] == list(posterior.interval("b"))


def test_samples_of_a_banana_against_numerical_integration() -> None:
    fit = fit_of(banana_toy(), [0.2, 0.1])
    posterior = sample_posterior(fit, steps=2500, most=40000, seed=1)

    def below(b: float) -> float:
        """Part of the posterior below b: a is Gaussian, b Gaussian about the valley."""
        return float(quad(lambda a: stats.norm.pdf(a) * stats.norm.cdf((b - valley(a)) / 0.5), -9, 9)[0])

    expected = [brentq(lambda v, q=q: below(v) - q, -5.0, 15.0) for q in (0.025, 0.975)]
    found = posterior.interval("b")
    assert np.ptp(found) == pytest.approx(np.ptp(expected), rel=0.06)
    assert found == pytest.approx(tuple(expected), abs=0.06 * np.ptp(expected))
    assert np.ptp(posterior.interval("a")) == pytest.approx(2.0 * HALF, rel=0.06)


def test_bounds_cut_the_posterior() -> None:
    toy = linear_toy()
    centre = fit_of(toy, [0.0] * 3)
    deviation = float(np.sqrt(centre.covariance[0, 0]))
    bound = float(centre.theta[0]) + 0.5 * deviation
    posterior = sample_posterior(fit_of(linear_toy(bound=bound), [0.0] * 3), steps=1500, seed=2)
    expected = stats.truncnorm(-INF, 0.5).ppf([0.025, 0.975]) * deviation + centre.theta[0]
    assert posterior.samples[:, 0].max() < bound
    assert posterior.interval("maps.offset") == pytest.approx(tuple(expected), abs=0.12 * deviation)


def test_priors_are_included_and_not_scaled() -> None:
    """Likelihood N(t, 4 s^2) by the scale, prior N(m, p^2): the product, not one with 4 p^2."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(100)
    toy = Toy(lambda t: t[0] - noise, [free("a", prior=Prior(0.3, 0.1))])
    fit = fit_of(toy, [0.0], scale=4.0)
    posterior = sample_posterior(fit, walkers=16, steps=2000, seed=0)
    weights = np.array([100.0 / 4.0, 1.0 / 0.1**2])
    mean, deviation = np.average([noise.mean(), 0.3], weights=weights), 1.0 / np.sqrt(weights.sum())
    low, high = posterior.interval("a")
    assert high - low == pytest.approx(2.0 * HALF * deviation, rel=0.05)
    assert 0.5 * (low + high) == pytest.approx(mean, abs=0.1 * deviation)


def test_without_the_emulator_every_sample_is_an_evaluation() -> None:
    toy = linear_toy()
    fit = fit_of(toy, [0.0] * 3)
    before = toy.evaluations
    direct = sample_posterior(fit, walkers=8, steps=1000, most=1000, emulate=False, seed=7)
    assert direct.emulator is None
    assert direct.evaluations == toy.evaluations - before >= 8 * 1000
    for n, name in enumerate(fit.names):
        assert np.ptp(direct.interval(name)) == pytest.approx(
            2.0 * HALF * np.sqrt(fit.covariance[n, n]), rel=0.2
        )


def test_too_few_steps_are_said_to_be_too_few() -> None:
    posterior = sample_posterior(fit_of(linear_toy(), [0.0] * 3), steps=60, most=60)
    assert not posterior.enough
    assert posterior.verdict.startswith("too few")
    assert "raise most" in posterior.verdict


def test_a_chain_that_was_stopped_goes_on_bit_for_bit(tmp_path: Path) -> None:
    fit = fit_of(linear_toy(), [0.0] * 3)
    whole = sample_posterior(fit, steps=400, most=1200, seed=5)

    class Stopped(Exception):
        pass

    def stop(state: Any) -> None:
        if state.steps >= 400:
            raise Stopped

    out = tmp_path / "chain.h5"
    with pytest.raises(Stopped):
        sample_posterior(fit, steps=400, most=1200, seed=5, out=out, progress=stop)
    resumed = sample_posterior(fit, steps=400, most=1200, seed=5, out=out)
    assert len(resumed.chain) == len(whole.chain) > 400
    assert np.array_equal(resumed.chain, whole.chain)
    assert np.array_equal(resumed.log_prob, whole.log_prob)
    assert resumed.acceptance == whole.acceptance
    assert resumed.evaluations == 0  # the emulator was in the file
    again = sample_posterior(fit, steps=400, most=1200, seed=5, out=out)
    assert np.array_equal(again.chain, whole.chain)


def sample_in_this_process(out: str) -> None:
    """For a process that is killed."""
    sample_posterior(
        fit_of(linear_toy(pause=2e-4), [0.0] * 3),
        walkers=8,
        steps=20,
        most=200,
        seed=9,
        emulate=False,
        out=out,
    )


def test_a_killed_chain_goes_on_bit_for_bit(tmp_path: Path) -> None:
    out = tmp_path / "chain.h5"
    code = f"import test_inverse_posterior as t; t.sample_in_this_process({str(out)!r})"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        steps = 0
        for _ in range(600):
            time.sleep(0.05)
            if out.exists():
                with h5py.File(out, "r") as file:
                    steps = int(file["mcmc"].attrs["iteration"])
            if steps >= 40 or process.poll() is not None:
                break
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    with h5py.File(out, "r") as file:
        stopped_at = int(file["mcmc"].attrs["iteration"])
    assert 40 <= stopped_at < 200, "the kill came too early or too late"
    fit = fit_of(linear_toy(), [0.0] * 3)
    options: dict[str, Any] = {"walkers": 8, "steps": 20, "most": 200, "seed": 9, "emulate": False}
    resumed = sample_posterior(fit, out=out, **options)
    whole = sample_posterior(fit, **options)
    assert len(whole.chain) == 200
    assert np.array_equal(resumed.chain, whole.chain)
    assert np.array_equal(resumed.log_prob, whole.log_prob)
    assert resumed.evaluations < whole.evaluations


def test_the_file_is_one_of_emcee(tmp_path: Path) -> None:
    import emcee

    out = tmp_path / "chain.h5"
    posterior = sample_posterior(fit_of(linear_toy(), [0.0] * 3), steps=100, most=100, out=out)
    backend = emcee.backends.HDFBackend(str(out), read_only=True)
    assert np.array_equal(backend.get_chain(), posterior.chain)
    assert backend.accepted.mean() / 100 == pytest.approx(posterior.acceptance)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "chain.h5"
    fit = fit_of(linear_toy(), [0.0] * 3)
    sample_posterior(fit, steps=20, most=20, out=out)
    with pytest.raises(InputError, match=r"out: got .*the chain of this very fit"):
        sample_posterior(fit, steps=20, most=20, out=out, seed=1)
    other = tmp_path / "text.h5"
    other.write_text("not a chain")
    with pytest.raises(InputError, match="out: got"):
        sample_posterior(fit, steps=20, most=20, out=other)
    assert other.read_text() == "not a chain"


def test_what_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_of(linear_toy(), [0.0] * 3)
    for call in (
        lambda: profile_likelihood(fit, ["nothing"]),
        lambda: profile_likelihood(fit, level=1.0),
        lambda: profile_likelihood(fit, points=(2.0, 1.0)),
        lambda: profile_likelihood(fit, ["b"])["c"],
        lambda: sample_posterior(fit, walkers=5),
        lambda: sample_posterior(fit, steps=100, most=50),
    ):
        with pytest.raises(InputError):
            call()
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(InputError, match=r"pip install 'lto_sim\[mcmc\]'"):
        sample_posterior(fit)


SEEDS = (1, 2, 3, 4, 5)
FREE = ("material.D_Li4.at", "contacts.lps.k_c")


@pytest.fixture(scope="module")
def particle() -> Scenario:
    return Scenario.from_dict(
        {
            "material": "lto",
            "temperature": 348.15,
            "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": 0.8e-6, "height": 0.3e-6},
                "thickness": 150e-9,
                "cell": 25e-9,
            },
            "contacts": {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": 2e-5}},
            "drive": [{"hold": 1.6, "until": {"time": 12.0}}],
            "scan": {"frame_time": 12.0 / 25.5, "pixels": [24, 8]},
            "output": {"restart": "none"},
        }
    )


@pytest.fixture(scope="module")
def recorded(particle: Scenario) -> list[xr.Dataset]:
    run = lto.simulate(particle.with_values({"specimen.cell": 12.5e-9}))
    return [lto.render_maps(run, noise=0.3, rng=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def fits(particle: Scenario, recorded: list[xr.Dataset]) -> list[MapFit]:
    start = particle.with_values({FREE[0]: 6.5e-14, FREE[1]: 1.5e-5})
    return [fit_maps(maps, start, FREE, processes=1, cells=False) for maps in recorded]


def width(profile: Profile) -> float:
    return profile.ends[1] - profile.ends[0]


def test_profiles_and_samples_agree_in_width(fits: list[MapFit]) -> None:
    """Widths of 95 % intervals of what is fitted, noise alone, for five recordings of one particle."""
    for seed, fit in zip(SEEDS, fits, strict=True):
        profiles = profile_likelihood(fit, processes=1)
        posterior = sample_posterior(fit, steps=1000, seed=seed, processes=1)
        assert posterior.enough
        assert posterior.emulator is not None
        assert posterior.emulator.error <= LARGEST_ERROR
        for name in fit.names:
            low, high = posterior.ends(name)
            ratio = width(profiles[name]) / (high - low)
            assert 0.9 < ratio < 1.1, f"seed {seed}, {name}: {ratio:.3f}"


def test_pictures(fits: list[MapFit], tmp_path: Path) -> None:
    fit = fits[0]
    profiles = profile_likelihood(fit, processes=1)  # whose runs are in memory
    posterior = sample_posterior(fit, steps=200, most=200, seed=SEEDS[0], processes=1)
    corner, roots = plot_corner(posterior, profiles=profiles), plot_profiles(profiles, posterior=posterior)
    labels = [ax.get_xlabel() for ax in corner.axes if ax.get_xlabel()]
    assert labels == ["D_Li4 [10⁻¹⁴ m²/s]", "k_c of lps [10⁻⁵ m/s]"]
    assert [ax.get_xlabel() for ax in roots.axes] == labels
    for number, figure in enumerate((corner, roots)):
        figure.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 10_000
