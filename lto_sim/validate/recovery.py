"""From simulated maps back to k and Ea: bias, width and coverage of the intervals over seeds.

Every run of the reference experiment is simulated once (two directions, six temperatures, one set of
parameters) and rendered, tracked and fitted with each seed; the noise of a run and seed is independent of
that of every other. The pooled intervals of k must cover in 0.90 to 0.99, those of Ea in at least 0.90.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.execution import run_jobs
from lto_sim.kinetics import (
    RateConstantFit,
    fit_arrhenius,
    fit_rate_constant,
    numbered_profiles,
    track_front,
)
from lto_sim.kinetics.corrections import true_rate
from lto_sim.microscope import render_maps
from lto_sim.reproduce.experiment import (
    DIRECTIONS,
    Direction,
    TEMPERATURES_degC,
    experiment_scenario,
)
from lto_sim.reproduce.summary import weighted_line
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["SEEDS", "recovery_checks", "recovery_rows"]

Floats = NDArray[np.float64]

SEEDS: Final = tuple(range(20))
"""Every seed of the full comparison; a quick one takes the first five."""

_QUICK: Final = 5
_BIAS_LIMIT = 0.02
_ENERGY_LIMIT = 0.01


@dataclass(frozen=True)
class _Job:
    number: int
    direction: Direction
    temperature_degC: float
    seeds: tuple[int, ...]


def _refitted(job: _Job) -> tuple[float, Floats]:
    """Return the k put in, and for each seed (k, k_std, low, high) [m2 s-1]."""
    scenario = experiment_scenario(job.direction, job.temperature_degC)
    run = simulate(scenario)
    rows = []
    for seed in job.seeds:
        fit = _measured(run, scenario, job.direction, np.random.default_rng([seed, job.number]))
        rows.append((fit.k, fit.k_std, *fit.interval))
    return true_rate(scenario).k, np.array(rows)


def _measured(
    run: xr.Dataset, scenario: Scenario, direction: Direction, rng: np.random.Generator
) -> RateConstantFit:
    """Rate constant from maps with noise of stated deviation, rendered, tracked and fitted."""
    maps = render_maps(run, noise=scenario.maps.noise, probe_fwhm=scenario.maps.probe_fwhm, rng=rng)
    front = track_front(maps, numbered_profiles(scenario.profile), direction=direction)
    return fit_rate_constant(front)


def recovery_checks(quick: bool) -> Sequence[Check]:
    """One check of all the seeds, or of five."""
    return [partial(recovery_rows, quick=quick)]


def recovery_rows(*, quick: bool = False, processes: int | None = None) -> list[Row]:
    """Bias of k for each run, pooled coverage, bias and error of Ea; `quick` takes five seeds."""
    seeds = SEEDS[:_QUICK] if quick else SEEDS
    pairs = [(d, t) for d in DIRECTIONS for t in TEMPERATURES_degC]
    jobs = [_Job(n, d, t, seeds) for n, (d, t) in enumerate(pairs)]
    found = dict(run_jobs(_refitted, jobs, processes))
    results = [found[n] for n in range(len(jobs))]
    rows = [_one_run(job, k, fits) for job, (k, fits) in zip(jobs, results, strict=True)]
    covered = np.concatenate([_covers(k, fits) for k, fits in results])
    bias = np.concatenate([fits[:, 0] / k - 1.0 for k, fits in results])
    errors, inside = _activation_energies(jobs, results)
    part, energy_part = float(covered.mean()), float(inside.mean())
    middle = float(np.median(bias))
    return [
        *rows,
        Row(f"95 % intervals of k that cover, {covered.size} fits", 0.95, part, part - 0.945, 0.045),
        Row("median bias of k", 0.0, middle, middle, _BIAS_LIMIT),
        Row(
            f"worst error of Ea(k) [eV], {errors.size} lines", 0.0, errors.max(), errors.max(), _ENERGY_LIMIT
        ),
        Row("95 % intervals of Ea(k) that cover", 0.95, energy_part, min(energy_part - 0.90, 0.0), 0.0),
    ]


def _covers(k: float, fits: Floats) -> NDArray[np.bool_]:
    return np.asarray((fits[:, 2] <= k) & (k <= fits[:, 3]))


def _one_run(job: _Job, k: float, fits: Floats) -> Row:
    width = float(np.median((fits[:, 3] - fits[:, 2]) / (2.0 * k)))
    middle = float(np.median(fits[:, 0]))
    name = f"k [m2/s], {job.direction} {job.temperature_degC:g} degC"
    covered = f"{int(_covers(k, fits).sum())}/{fits.shape[0]} cover"
    return Row(f"{name}, half width {100 * width:.1f} %, {covered}", k, middle, middle / k - 1.0, _BIAS_LIMIT)


def _activation_energies(
    jobs: Sequence[_Job], results: Sequence[tuple[float, Floats]]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Error of Ea [eV] for each direction and seed, and whether its 95 % interval holds the value put in."""
    errors, inside = [], []
    for direction in DIRECTIONS:
        chosen = [n for n, job in enumerate(jobs) if job.direction == direction]
        temperature = np.array([jobs[n].temperature_degC + ZERO_CELSIUS for n in chosen])
        true = fit_arrhenius(temperature, np.array([results[n][0] for n in chosen])).Ea_eV
        for seed in range(len(jobs[0].seeds)):
            k, k_std = np.array([results[n][1][seed, :2] for n in chosen]).T
            resolved = np.isfinite(k) & np.isfinite(k_std)
            line = weighted_line(temperature[resolved], k[resolved], k_std[resolved])
            low, high = line.interval()
            errors.append(abs(line.Ea_eV - true))
            inside.append(low <= true <= high)
    return np.array(errors), np.array(inside)
