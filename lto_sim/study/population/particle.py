"""What is kept of a particle of a population: the output of a sweep that makes an ensemble of its runs.

Charge and li fraction are kept at the times of the ensemble (`ensemble_times`), which are those of the run
itself unless there are thousands of them: the running charge is interpolated, never the current.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.study.population.drives import ensemble_times
from lto_sim.study.population.scaling import outline_size
from lto_sim.study.sweeps import CustomOutput, RunResult, Variable

__all__ = ["by_number", "by_volume", "particle_output", "particle_series"]

Floats = NDArray[np.float64]

_MODULE: Final = "lto_sim.study.population.particle"


def particle_output(scenario: Scenario, weighting: str) -> CustomOutput:
    """Return the output that a sweep of the population needs.

    Parameters
    ----------
    scenario : The base of the population.
    weighting : ``number`` or ``volume``.

    Raises
    ------
    InputError
        A drive that particles cannot share.
    """
    times = ensemble_times(scenario).size
    return CustomOutput(
        f"{_MODULE}:by_{weighting}",
        {
            "particle_size": Variable("m", "size of the particle"),
            "particle_volume": Variable("m3", "active volume of the particle"),
            "particle_capacity": Variable("C", "charge of all insertable lithium"),
            "particle_weight": Variable("1", "particles that this one stands for, in proportion"),
            "contact_area": Variable("m2", "area of all contacts"),
            "particle_charge": Variable("C", "charge at the times of the ensemble, oxidation > 0", times),
            "particle_li_fraction": Variable("1", "mean Li fraction at the times of the ensemble", times),
        },
    )


def by_number(result: RunResult) -> dict[str, Any]:
    """Values of a particle that stands for one."""
    return _values(result, by_volume_weight=False)


def by_volume(result: RunResult) -> dict[str, Any]:
    """Values of a particle that stands for a volume, in particles a cubic micrometre."""
    return _values(result, by_volume_weight=True)


def _values(result: RunResult, *, by_volume_weight: bool) -> dict[str, Any]:
    run = result.run
    volume = float(run.attrs["active_volume_m3"])
    charge, fraction = particle_series(run, ensemble_times(result.scenario))
    return {
        "particle_size": outline_size(result.scenario),
        "particle_volume": volume,
        "particle_capacity": float(run.attrs["capacity_C"]),
        "particle_weight": 1e-18 / volume if by_volume_weight else 1.0,
        "contact_area": float(np.sum(json.loads(str(run.attrs["contact_areas_m2"])))),
        "particle_charge": charge,
        "particle_li_fraction": fraction,
    }


def particle_series(run: xr.Dataset, time: Floats) -> tuple[Floats, Floats]:
    """Charge [C] and mean li fraction of a run at `time` [s].

    Raises
    ------
    InputError
        The run does not last so long.
    """
    own = run["time_fine"].values
    if own.size == 0 or own[-1] < time[-1] * (1.0 - 1e-9):
        end = float(own[-1]) if own.size else 0.0
        raise InputError("run", f"ends at {end:.6g} s", f"a run of {time[-1]:.6g} s", "run it to its end")
    fraction = run["lithium"].values * FARADAY / float(run.attrs["capacity_C"])
    return np.interp(time, own, run["charge"].values), np.interp(time, own, fraction)
