"""One run of the experiment, from scenario to rate constant, and what a partial contact does to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.kinetics import RateConstantFit, fit_rate_constant, numbered_profiles, track_front
from lto_sim.kinetics.corrections import TrueRate, true_rate
from lto_sim.microscope import Instrument
from lto_sim.reproduce.experiment import Direction, experiment_scenario
from lto_sim.reproduce.recording import PREFIX, record, study_instrument
from lto_sim.reproduce.surfaces import Surfaces
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

__all__ = [
    "Case",
    "CaseResult",
    "apparent_rate",
    "full_extraction_time",
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
    seed : Seed of the counts.
    coverage : Fraction of the left side that touches the electrolyte.
    overrides : Values by scenario path, as pairs; those of surfaces are for runs that have some, those under
        ``instrument.`` for the recording.
    surfaces : What conducts beside the bulk; None: nothing.
    label : End of the name of a run that belongs to no series.
    """

    direction: Direction
    temperature_degC: float
    seed: int
    coverage: float = 1.0
    overrides: tuple[tuple[str, Any], ...] = ()
    surfaces: Surfaces | None = None
    label: str = ""

    @property
    def series(self) -> str:
        """Series of temperatures to which the run belongs; empty for one that stands alone."""
        if self.coverage != 1.0 or self.label:
            return ""
        return self.direction if self.surfaces is not None else f"{self.direction}_no_surface"

    @property
    def name(self) -> str:
        """Short name for files."""
        part = "" if self.coverage == 1.0 else f"_contact_{100 * self.coverage:.0f}"
        surface = "" if self.surfaces is not None else "_no_surface"
        return f"{self.direction}{surface}_{self.temperature_degC:g}C{part}{self.label}"

    def scenario(self) -> Scenario:
        """The scenario to run."""
        overrides = {path: value for path, value in self.overrides if not path.startswith(PREFIX)}
        if self.surfaces is None:
            overrides = {k: v for k, v in overrides.items() if k.partition(".")[0] != "surface"}
        overrides.setdefault("seed", self.seed)
        return experiment_scenario(
            self.direction, self.temperature_degC, coverage=self.coverage, surfaces=self.surfaces,
            overrides=overrides,
        )  # fmt: skip

    def instrument(self) -> Instrument:
        """What records the run."""
        return study_instrument({path: value for path, value in self.overrides if path.startswith(PREFIX)})


@dataclass(frozen=True)
class CaseResult:
    """What came out of one case.

    Parameters
    ----------
    case : What was run.
    true : The rate constant put in.
    run : The run.
    maps : Lithium maps from its spectra.
    front : The tracked front; None where no frame holds one.
    fit : Rate constant from the maps; None where it was refused.
    refusal : Why there is no front or no fit, in one line.
    """

    case: Case
    true: TrueRate
    run: xr.Dataset
    maps: xr.Dataset
    front: xr.Dataset | None
    fit: RateConstantFit | None
    refusal: str = ""

    @property
    def k_true(self) -> float:
        """Rate constant put in [m2 s-1]."""
        return self.true.k


def _track(maps: xr.Dataset, scenario: Scenario, direction: Direction) -> xr.Dataset:
    return track_front(maps, numbered_profiles(scenario.profile), direction=direction)


def run_case(case: Case) -> CaseResult:
    """Simulate and measure one `case`; a measurement that is refused leaves its reason.

    Raises
    ------
    InputError
        A scenario that cannot be run; the field begins with the name of the case.
    """
    scenario = case.scenario()
    try:
        run = simulate(scenario)
        maps = record(run, case.instrument(), scenario.seed)
    except InputError as error:
        raise InputError(f"{case.name}: {error.field}", error.value, error.allowed, error.remedy) from None
    front: xr.Dataset | None = None
    fit: RateConstantFit | None = None
    refusal = ""
    try:
        front = _track(maps, scenario, case.direction)
        fit = fit_rate_constant(front)
    except InputError as error:
        refusal = str(error)
    return CaseResult(case, true_rate(scenario), run, maps, front, fit, refusal)


def apparent_rate(result: CaseResult) -> tuple[float, float]:
    """K and its deviation [m2 s-1] as a parabola through every tracked point gives them, whatever the law.

    NaN where no front could be fitted.
    """
    if result.front is None or result.fit is None:
        return math.nan, math.nan
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
