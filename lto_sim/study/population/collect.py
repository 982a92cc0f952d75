"""The particles of an ensemble, from wherever they have been simulated: a sweep, or runs."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.scenario import Scenario, build_material
from lto_sim.study.population.drives import check_shared, ensemble_times
from lto_sim.study.population.members import Population
from lto_sim.study.population.particle import particle_series
from lto_sim.study.population.scaling import outline_size
from lto_sim.study.sweeps import Sweep

__all__ = ["Members", "members_of_runs", "members_of_sweep"]

Floats = NDArray[np.float64]

_DONE, _FAILED = 1, 2


@dataclass(frozen=True, eq=False)
class Members:
    """Series of the particles that were simulated, and the numbers of those that were not.

    Parameters
    ----------
    scenario : The base of all.
    number : Number of every particle that there is.
    time : Times of all series [s], from 0.
    charge, li_fraction : Of every particle (particle, time) [C], [1].
    capacity, size, weight : Of every particle [C], [m], [1].
    total_weight : Sum of the weights of all that were drawn.
    failed, pending : Numbers of the others.
    """

    scenario: Scenario
    number: NDArray[np.int64]
    time: Floats
    charge: Floats
    li_fraction: Floats
    capacity: Floats
    size: Floats
    weight: Floats
    total_weight: float
    failed: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()

    @property
    def drawn(self) -> int:
        """Particles that were drawn."""
        return self.number.size + len(self.failed) + len(self.pending)


def _numbers(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(n) for n in np.flatnonzero(mask))


def _some_done(done: NDArray[np.bool_], failed: NDArray[np.bool_]) -> None:
    if not done.any():
        raise InputError(
            "population", f"{np.count_nonzero(failed)} of {done.size} particles failed, none is done",
            "one particle that is done", "see error(run); `lto-sim resume` runs what is missing",
        )  # fmt: skip


def _check_length(population: Population | None, runs: int) -> None:
    if population is not None and len(population) != runs:
        raise InputError("population", f"{len(population)} particles", f"{runs}, one a run", "give its own")


def members_of_sweep(dataset: xr.Dataset, population: Population | None) -> Members:
    """Read the particles of a sweep.

    Parameters
    ----------
    dataset : The opened sweep.
    population : What it was made of; needed unless the sweep keeps the output of a population.

    Raises
    ------
    InputError
        No sweep, no particle that is done, or nothing that tells currents, sizes and capacities.
    """
    if "status" not in dataset or "configuration" not in dataset.attrs:
        raise InputError("population", sorted(map(str, dataset)), "a sweep", "open it by its path")
    described = Sweep.from_dict(tomllib.loads(str(dataset.attrs["configuration"])))
    scenario = Scenario.from_dict(dict(described.scenario))
    check_shared(scenario)
    status = dataset["status"].values
    done, failed = status == _DONE, status == _FAILED
    _some_done(done, failed)
    _check_length(population, status.size)
    number = np.flatnonzero(done)
    lost = _numbers(failed), _numbers(~done & ~failed)
    part = dataset.isel(run=number)
    if "particle_charge" in dataset:
        weight = part["particle_weight"].values if population is None else population.weight[number]
        weight = weight / weight.mean() if population is None else weight
        total = float(status.size) if population is None else float(population.weight.sum())
        return Members(
            scenario, number, ensemble_times(scenario), part["particle_charge"].values,
            part["particle_li_fraction"].values, part["particle_capacity"].values,
            part["particle_size"].values, weight, total, *lost,
        )  # fmt: skip
    if population is None or "charge" not in dataset:
        raise InputError(
            "population", None, 'the Population that the sweep was made of, and its output "current"',
            "simulate_population keeps all that is needed",
        )  # fmt: skip
    time = np.append(0.0, _times(dataset, number))
    charge = np.pad(part["charge"].values, ((0, 0), (1, 0)))
    capacity = population.volume[number] * FARADAY * build_material(scenario).insertable_concentration
    start = np.array([population.scenario_of(int(n)).initial for n in number], dtype=np.float64)
    return Members(
        scenario, number, time, charge, start[:, None] - charge / capacity[:, None], capacity,
        population.size[number], population.weight[number], float(population.weight.sum()), *lost,
    )  # fmt: skip


def _times(dataset: xr.Dataset, number: NDArray[np.int64]) -> Floats:
    """Times of the output "current" [s], the same in all runs as all share the drive."""
    if "time_fine" in dataset.coords:
        return np.asarray(dataset["time_fine"].values)
    return np.asarray(dataset["time_fine_of_run"].values[number[0]])


def members_of_runs(runs: Sequence[xr.Dataset | None], population: Population | None) -> Members:
    """Take runs of `simulate` as particles.

    Parameters
    ----------
    runs : One a particle; None, or one that does not reach the end of the drive, counts as failed.
    population : Sizes and weights; None: every particle counts once.

    Raises
    ------
    InputError
        No run, or drives that differ.
    """
    if not isinstance(runs, Sequence):
        raise InputError(
            "source", type(runs).__name__, "a sweep or a list of runs", "give what simulate returns"
        )
    _check_length(population, len(runs))
    scenarios = [None if run is None else _scenario_of(run) for run in runs]
    first = next((scenario for scenario in scenarios if scenario is not None), None)
    if first is None:
        raise InputError("population", len(runs), "one run or more", "give what simulate returns")
    time = ensemble_times(first)
    for place, scenario in enumerate(scenarios):
        if scenario is not None and (scenario.drive, scenario.temperature) != (
            first.drive,
            first.temperature,
        ):
            raise InputError(
                f"runs.{place}", "another drive or temperature", "those of the first run",
                "particles in parallel share their potential",
            )  # fmt: skip
    ended = [run is not None and _reaches(run, time[-1]) for run in runs]
    done = np.array(ended, dtype=bool)
    _some_done(done, ~done)
    kept = [run for run in runs if run is not None and _reaches(run, time[-1])]
    series = [particle_series(run, time) for run in kept]
    number = np.flatnonzero(done)
    weight = np.ones(len(runs)) if population is None else population.weight
    return Members(
        first, number, time, np.array([charge for charge, _ in series]), np.array([x for _, x in series]),
        np.array([float(run.attrs["capacity_C"]) for run in kept]),
        np.array([outline_size(_scenario_of(run)) for run in kept]),
        weight[number], float(weight.sum()), _numbers(~done),
    )  # fmt: skip


def _scenario_of(run: xr.Dataset) -> Scenario:
    if not isinstance(run, xr.Dataset):
        raise InputError("runs", type(run).__name__, "runs of simulate", "give Datasets of runs")
    text = str(run.attrs.get("configuration", ""))
    if "time_fine" not in run.dims or not text:
        raise InputError("runs", sorted(map(str, run.dims)), "runs of simulate", "give Datasets of runs")
    return Scenario.from_dict(tomllib.loads(text))


def _reaches(run: xr.Dataset, end: float) -> bool:
    time = run["time_fine"].values
    return bool(time.size and time[-1] >= end * (1.0 - 1e-9))
