"""One run of the experiment, from scenario to rate constant, and what a partial contact does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.kinetics import RateConstantFit, fit_rate_constant, numbered_profiles, track_front
from lto_sim.microscope import render_maps
from lto_sim.reproduce.experiment import Direction, experiment_scenario, true_rate
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

__all__ = [
    "Case",
    "CaseResult",
    "apparent_rate",
    "full_extraction_time",
    "measure",
    "run_case",
]

_ALMOST_ALL = 0.05


@dataclass(frozen=True)
class Case:
    """What to run.

    Parameters
    ----------
    direction : ``extraction`` or ``insertion``.
    temperature_degC : Temperature [degC].
    seed : Seed of the map noise.
    coverage : Part of the left side that touches the electrolyte.
    overrides : Values by scenario path, as pairs.
    """

    direction: Direction
    temperature_degC: float
    seed: int
    coverage: float = 1.0
    overrides: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Short name for files."""
        part = "" if self.coverage == 1.0 else f"_contact_{100 * self.coverage:.0f}"
        return f"{self.direction}_{self.temperature_degC:g}C{part}"

    def scenario(self) -> Scenario:
        """The scenario to run."""
        overrides = dict(self.overrides)
        overrides.setdefault("seed", self.seed)
        return experiment_scenario(
            self.direction, self.temperature_degC, coverage=self.coverage, overrides=overrides
        )


@dataclass(frozen=True)
class CaseResult:
    """What came out of one case.

    Parameters
    ----------
    case : What was run.
    k_true : Wagner's rate constant of the scenario [m2 s-1].
    run, maps, front : The datasets.
    fit : Rate constant from the maps.
    """

    case: Case
    k_true: float
    run: xr.Dataset
    maps: xr.Dataset
    front: xr.Dataset
    fit: RateConstantFit


def measure(
    run: xr.Dataset, scenario: Scenario, direction: Direction, rng: np.random.Generator | int
) -> tuple[xr.Dataset, xr.Dataset, RateConstantFit]:
    """Render, track and fit one run: (maps, front, rate constant)."""
    maps = render_maps(run, noise=scenario.maps.noise, probe_fwhm=scenario.maps.probe_fwhm, rng=rng)
    front = track_front(maps, numbered_profiles(scenario.profile), direction=direction)
    return maps, front, fit_rate_constant(front)


def run_case(case: Case) -> CaseResult:
    """Simulate and measure one case.

    Raises
    ------
    InputError
        No front, or one that no law can be fitted to; the field begins with the name of the case.
    """
    scenario = case.scenario()
    try:
        run = simulate(scenario)
        maps, front, fit = measure(run, scenario, case.direction, scenario.seed)
    except InputError as error:
        raise InputError(f"{case.name}: {error.field}", error.value, error.allowed, error.remedy) from None
    return CaseResult(case, true_rate(scenario).k, run, maps, front, fit)


def apparent_rate(result: CaseResult) -> tuple[float, float]:
    """K and its deviation [m2 s-1] as a parabola through every tracked point gives them, whatever the law."""
    fit = fit_rate_constant(result.front, window="all")
    law = next(model for model in fit.models if model.name == "parabolic")
    return law.k, law.k_std


def full_extraction_time(run: xr.Dataset) -> float:
    """Time [s] at which 95 % of the insertable lithium has left; NaN where the run ended before."""
    lithium = run["lithium"].values
    left = lithium / lithium[0]
    below = np.flatnonzero(left <= _ALMOST_ALL)
    if below.size == 0:
        return float("nan")
    i = int(below[0])
    part = (left[i - 1] - _ALMOST_ALL) / (left[i - 1] - left[i])
    time = run["time_fine"].values
    return float(time[i - 1] + part * (time[i] - time[i - 1]))
