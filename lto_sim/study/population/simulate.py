"""From drawn particles to the ensemble: one sweep, then the sum."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.study.population.ensemble import QUANTILES, check_quantiles, ensemble_current
from lto_sim.study.population.members import Population
from lto_sim.study.population.particle import particle_output
from lto_sim.study.sweeps import CustomOutput, sweep

__all__ = ["simulate_population"]


def simulate_population(
    population: Population,
    *,
    out: Path | str,
    outputs: Sequence[str | CustomOutput] = ("current",),
    quantiles: Sequence[float] = QUANTILES,
    **engine: Any,
) -> xr.Dataset:
    """Simulate every particle of a population, and add them up.

    The particles are the runs of a sweep, which stays on the disk: a run that fails is recorded and left out
    of the sum, which says so; the same call with ``resume=True`` runs only what is missing.

    Parameters
    ----------
    population : From `draw_population`.
    out : The store of the sweep.
    outputs : What else is kept of every run, see `sweep`.
    quantiles : Of the spread over particles, 0 to 1, see `ensemble_current`.
    **engine : Options of `sweep`: ``engine``, ``workers``, ``scheduler``, ``resume``, ``force``,
        ``progress``, ``shard``.

    Returns
    -------
    Dataset
        The sum, see `ensemble_current`.

    Raises
    ------
    InputError
        A drive that particles cannot share (a current, a rest, an end that is each particle's own), and what
        `sweep` refuses.
    SolverError
        See `sweep`.
    """
    if not isinstance(population, Population):
        raise InputError("population", type(population).__name__, "a Population", "draw_population makes one")
    check_quantiles(quantiles)
    kept = (*outputs, particle_output(population.scenario, str(population.description["weighting"])))
    with warnings.catch_warnings():  # the ensemble says how many failed
        warnings.filterwarnings("ignore", r"\d+ of \d+ runs failed", UserWarning)
        store = sweep(
            population.scenario, population.axes, out=out, design="list", outputs=kept,
            title=f"population of {len(population)} particles", **engine,
        )  # fmt: skip
    return ensemble_current(store, population, quantiles=quantiles)
