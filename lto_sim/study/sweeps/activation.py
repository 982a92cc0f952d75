"""Activation energies of a sweep: runs that differ in temperature alone make one Arrhenius line.

They need three temperatures or more; seeds may differ too, a line then has several points at a temperature.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics import fit_arrhenius
from lto_sim.study.sweeps.store import DONE, open_sweep, stored_sweep, write_values

__all__ = ["write_activation"]

_APART: Final = ("temperature", "seed")
_LEAST: Final = 3


def write_activation(path: Path, stamp: str, runs: int) -> None:
    """Fit every line, and write its Ea with each of its runs.

    Parameters
    ----------
    path, stamp : The store, and what tells it from others.
    runs : How many it has.
    """
    sweep, _ = stored_sweep(path)
    dataset = open_sweep(path).load()
    others = [dataset[p].values for p in sweep.paths if p not in _APART]
    key = np.column_stack(others) if others else np.zeros((runs, 0))
    _, line = np.unique(key, axis=0, return_inverse=True) if others else (None, np.zeros(runs, dtype=int))
    k, deviation = dataset["k"].values, dataset["k_std"].values
    temperature, done = dataset["temperature"].values, dataset["status"].values == DONE
    for number in range(int(line.max()) + 1):
        members = np.flatnonzero(line == number)
        found = [
            _energy(temperature[m], k[m, profile], deviation[m, profile])
            for m in [members[done[members]]]
            for profile in range(k.shape[1])
        ]
        values = {"Ea": np.array([e for e, _ in found]), "Ea_std": np.array([s for _, s in found])}
        for run in members:
            write_values(path, stamp, int(run), values)


def _energy(
    temperature: NDArray[np.float64], k: NDArray[np.float64], deviation: NDArray[np.float64]
) -> tuple[float, float]:
    """Ea and its deviation [eV]; NaN with fewer than three temperatures."""
    good = np.isfinite(k) & np.isfinite(deviation) & (deviation > 0.0) & (k > 0.0)
    if np.unique(temperature[good]).size < _LEAST:
        return math.nan, math.nan
    try:
        fit = fit_arrhenius(temperature[good], k[good], deviation[good])
    except InputError:
        return math.nan, math.nan
    return fit.Ea_eV, fit.Ea_eV_std
