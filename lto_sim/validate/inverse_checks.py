"""Parameters from whole maps: derivatives, what thickness and tips tell, intervals that hold.

The intervals are asked of 40 experiments each with two and with three free parameters, drawn by the seeds 0
to 39: every 95 % interval must hold in at least 35, and the median deviation must be 0.8 to 1.25 times the
empirical one. The maps are simulated on cells of 4 or 8 nm, the fits made on cells of 20 nm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.execution import Workers, run_jobs
from lto_sim.inverse import fit_late_rates, fit_maps
from lto_sim.inverse.experiment import read_experiment
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.free import free_parameters
from lto_sim.inverse.inputs import PERTURBATION
from lto_sim.inverse.objective import MapObjective
from lto_sim.kinetics import Profile, fit_rate_constant, track_front
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario import Scenario
from lto_sim.validate.inverse_cases import (
    D_LI7,
    FACES,
    extraction_case,
    lamella_case,
    logarithms,
    noisy,
    true_maps,
)
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["EXPERIMENTS", "inverse_checks", "map_interval_checks", "map_interval_rows"]

Floats = NDArray[np.float64]

EXPERIMENTS: Final = 40
"""Experiments of the full comparison, seeds 0 to 39."""
_QUICK_EXPERIMENTS: Final = 8
_LEAST_PART: Final[float] = 35.0 / 40.0
_RATIO: Final[float] = 1.25
_NOISE: Final[float] = 0.3
_SURFACE: Final = ["material.D_Li7.at", "surface.faces.at"]
_REACTION: Final = ["material.D_Li4.at", "contacts.lps.k_c"]
_SEEDS: Final = 3


def inverse_checks(quick: bool) -> Sequence[Check]:
    """Derivatives, late rate constants over thickness, and the tip at one thickness."""
    return [
        sensitivity_rows,
        partial(thickness_rows, 1 if quick else _SEEDS),
        partial(tip_rows, 1 if quick else _SEEDS),
    ]


def map_interval_checks(quick: bool) -> Sequence[Check]:
    """One check of all experiments."""
    return [partial(map_interval_rows, quick=quick)]


def _objective(maps: xr.Dataset, scenario: Scenario, free: list[str]) -> tuple[MapObjective, Floats]:
    experiment = read_experiment(maps, scenario)
    objective = MapObjective([experiment], free_parameters(free, [experiment]), Runner(Workers(1)))
    theta = objective.parameters.start
    objective.freeze(theta)
    return objective, theta


def _careful(objective: MapObjective, theta: Floats, n: int) -> Floats:
    """Derivative of the residuals from a cubic through seven points."""
    at = 2.0 * PERTURBATION * np.linspace(-1.0, 1.0, 7)
    points = [np.where(np.arange(theta.size) == n, theta + shift, theta) for shift in at]
    residuals = np.array([objective.residuals(point) for point in points])
    return np.asarray(np.polynomial.polynomial.polyfit(at, residuals, 3)[1])


def sensitivity_rows() -> list[Row]:
    """Derivatives against careful differences, of maps without a front and with one."""
    smooth = extraction_case(
        initial=0.03, **{"drive": [{"hold": 0.951, "until": {"time": 0.6}}], "scan.frame_time": 0.03}
    )
    rows = []
    objective, theta = _objective(noisy(true_maps(smooth), 0.01, [0]), smooth, _REACTION)
    jacobian = objective.jacobian(theta)
    for n, name in enumerate(_REACTION):
        careful = _careful(objective, theta, n)
        worst = float(np.abs(jacobian[:, n] - careful).max() / np.abs(careful).max())
        rows.append(
            Row(f"derivative by {name}, one phase, worst pixel over largest", 0.0, worst, worst, 1e-3)
        )
    sharp = extraction_case()
    objective, theta = _objective(noisy(true_maps(sharp), _NOISE, [0]), sharp, _REACTION)
    jacobian = objective.jacobian(theta)
    _, frame, _ = objective.displacement(theta)
    for n, name in enumerate(_REACTION):
        means = [np.bincount(frame, values) for values in (jacobian[:, n], _careful(objective, theta, n))]
        worst = float(np.linalg.norm(means[0] - means[1]) / np.linalg.norm(means[1]))
        rows.append(Row(f"derivative by {name}, sharp front, means of frames", 0.0, worst, worst, 0.01))
    return rows


def thickness_rows(seeds: int = _SEEDS) -> list[Row]:
    """Late k of maps at 50 and 200 nm: together they tell D_Li7 and delta*D_s, each alone cannot."""
    heights = (50e-9, 200e-9)
    cases = [lamella_case(thickness, reach=1.0e-6) for thickness in heights]
    truths = [true_maps(case) for case in cases]
    started = [case.with_values({"material.D_Li7.at": 1e-16, "surface.faces.at": 1e-22}) for case in cases]
    rows = []
    for seed in range(seeds):
        k, std = np.array([_late_rate(noisy(t, _NOISE, [seed, n]), cases[n]) for n, t in enumerate(truths)]).T
        fit = fit_late_rates(k, std, started, _SURFACE)
        z = (fit.theta - logarithms(D_LI7, FACES)) / np.sqrt(np.diag(fit.covariance))
        rho = float(fit.correlation[0, 1])
        rows.append(
            Row(f"seed {seed}: late k at 50 and 200 nm, correlation of D and delta*D_s", 0.0, rho, rho, 0.9)
        )
        for name, truth, off in zip(_SURFACE, (D_LI7, FACES), z, strict=True):
            rows.append(
                Row(f"seed {seed}: {name} [SI], error in deviations", truth, fit.values[name], off, 2.0)
            )
        for n in range(2):
            alone = fit_late_rates(k[n : n + 1], std[n : n + 1], started[n : n + 1], _SURFACE)
            told = sum("cannot be told apart" in line for line in alone.identifiability.lines)
            rows.append(
                Row(
                    f"seed {seed}: late k at {1e9 * heights[n]:.0f} nm alone is said to be unable",
                    1.0,
                    told,
                    told - 1.0,
                    0.0,
                )
            )
    return rows


def _late_rate(maps: xr.Dataset, scenario: Scenario) -> tuple[float, float]:
    """Rate constant of the front beyond the crossover, and its deviation [m2 s-1]."""
    rate = true_rate(scenario)
    line = Profile(start=(0.0, 20e-9), end=(1.15e-6, 20e-9), width=40e-9)
    front = track_front(maps, [line], direction="insertion")
    late = (2.0 * rate.tip_length) ** 2 / (2.0 * rate.k)
    fit = fit_rate_constant(front, window=(late, float(maps["time"][-1])), law="parabolic")
    return fit.k, fit.k_std


def tip_rows(seeds: int = _SEEDS) -> list[Row]:
    """Maps that resolve the tip tell D_Li7 and delta*D_s at one thickness, by its shape."""
    case = lamella_case(200e-9)
    truth = true_maps(case)
    started = case.with_values({"material.D_Li7.at": 1.5e-16, "surface.faces.at": 4e-23})
    rows = []
    for seed in range(seeds):
        fit = fit_maps(noisy(truth, 0.5 * _NOISE, [seed, 9]), started, _SURFACE, processes=1)
        z = (fit.theta - logarithms(D_LI7, FACES)) / np.sqrt(np.diag(fit.covariance))
        for name, value, off in zip(_SURFACE, (D_LI7, FACES), z, strict=True):
            rows.append(
                Row(
                    f"seed {seed}: maps at 200 nm, {name} [SI], error in deviations",
                    value,
                    fit.values[name],
                    off,
                    2.6,
                )
            )
        worst = float(np.sqrt(fit.covariance[0, 0]))
        rows.append(Row(f"seed {seed}: deviation of ln D_Li7 from these maps", 0.0, worst, worst, 0.15))
        feature = fit.identifiability.feature
        share = math.nan if feature is None else feature.shape
        rows.append(
            Row(f"seed {seed}: share of that in the shape of the tip", 1.0, share, min(share - 0.5, 0.0), 0.0)
        )
    return rows


def map_interval_rows(*, quick: bool = False, processes: int | None = None) -> list[Row]:
    """Intervals that hold, and deviations over empirical ones, two and three free parameters."""
    count = _QUICK_EXPERIMENTS if quick else EXPERIMENTS
    two, three = extraction_case(), lamella_case(150e-9)
    cases = (
        ("extraction", two, _REACTION, logarithms(two.material.D_Li4.at, 2e-5)),
        ("insertion", three, [*_SURFACE, "maps.contrast"], np.append(logarithms(D_LI7, FACES), 1.0)),
    )
    jobs = []
    for number, (_, scenario, free, _) in enumerate(cases):
        maps = true_maps(scenario)
        jobs += [(maps, scenario, free, [seed, number]) for seed in range(count)]
    found = dict(run_jobs(_fitted, jobs, processes))
    rows = []
    for number, (name, _, free, truth) in enumerate(cases):
        fits = np.array([found[number * count + seed] for seed in range(count)])
        error, std = fits[:, 0] - truth, fits[:, 1]
        for n, path in enumerate(free):
            held = int(np.count_nonzero(np.abs(error[:, n]) <= 1.959964 * std[:, n]))
            spread = float(error[:, n].std(ddof=1))
            ratio, bias = float(np.median(std[:, n])) / spread, float(error[:, n].mean()) / spread
            text = f"{name}, {len(free)} free, {path} (deviation {spread:.3g}, bias {bias:+.2f} of it)"
            least = math.floor(_LEAST_PART * count)
            rows.append(
                Row(f"{text}: intervals that hold, of {count}", 0.95 * count, held, min(held - least, 0), 0.0)
            )
            if not quick:
                rows.append(
                    Row(f"{text}: stated over empirical", 1.0, ratio, math.log(ratio), math.log(_RATIO))
                )
    return rows


def _fitted(job: tuple[xr.Dataset, Scenario, list[str], list[int]]) -> Floats:
    """Estimates of what is fitted, and their deviations."""
    maps, scenario, free, seed = job
    fit = fit_maps(noisy(maps, _NOISE, seed), scenario, free, processes=1)
    return np.array([fit.theta, np.sqrt(np.diag(fit.covariance))])
