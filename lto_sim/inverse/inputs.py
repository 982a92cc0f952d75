"""What one run depends on, and how that follows from the free parameters.

A run at one temperature knows of an activated quantity nothing but its value there: `at` and `Ea` act through
one number. Perturbed runs are therefore made for such local values, and the derivatives by the parameters, of
however many temperatures, follow by the chain rule.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.inverse.experiment import MapExperiment, arrhenius_table
from lto_sim.inverse.parameters import ParameterSet, is_rate, split_run
from lto_sim.scenario.parse import node_at, number_at

__all__ = ["NUISANCES", "PERTURBATION", "RunInputs", "perturbation"]

Floats = NDArray[np.float64]

NUISANCES: Final = {"maps.contrast": 1.0, "maps.offset": 0.0, "maps.start_time": 0.0}
"""Numbers of the maps that no run knows, and their values where they are not free."""
PERTURBATION: Final[float] = 0.01
"""Relative change of a local value between perturbed runs: below it, single cells and steps would show."""


@dataclass(frozen=True, eq=False)
class RunInputs:
    """Free values of one run.

    Parameters
    ----------
    number : Number of the run.
    experiment : Its maps and scenario.
    parameters : All free parameters and ties.
    mapping : Plain scenario of the run, its drive ended by time.
    stamp : Hash of the files that the scenario names.
    """

    number: int
    experiment: MapExperiment
    parameters: ParameterSet
    mapping: dict[str, Any]
    stamp: str = ""

    def values(self, theta: Floats) -> dict[str, float]:
        """Values of this run by path, nuisances included [SI]."""
        found = {}
        for name, value in self.parameters.values(theta).items():
            path, run = split_run(name)
            if run is None or run == self.number:
                found[path] = value
        return found

    def nuisances(self, theta: Floats) -> dict[str, float]:
        """Contrast, offset and start time of the maps."""
        values = self.values(theta)
        return {name: values.get(name, usual) for name, usual in NUISANCES.items()}

    def scenario(self, theta: Floats, changed: tuple[str, float] | None = None) -> dict[str, Any]:
        """Plain scenario at given parameters, one local value changed by a factor or a difference.

        Parameters
        ----------
        theta : What is fitted.
        changed : Local value and what is done to it: factor of a logarithmic one, else what is added.
        """
        mapping = copy.deepcopy(self.mapping)
        for path, value in self.values(theta).items():
            if path not in NUISANCES:
                _set(mapping, path, value)
        if changed is not None:
            key, change = changed
            path = f"{key}.at" if self._is_table(key) else key
            there = number_at(mapping, path)
            if there is None:
                raise InputError(key, None, "a number of the scenario", "free another parameter")
            _set(mapping, path, there * change if self.logarithmic(key) else there + change)
        return mapping

    def _is_table(self, key: str) -> bool:
        return isinstance(node_at(self.mapping, key), dict)

    def logarithmic(self, key: str) -> bool:
        """Whether derivatives by a local value are by its logarithm."""
        return self._is_table(key) or is_rate(key)

    def local(self, theta: Floats) -> dict[str, float]:
        """Local values: of an activated quantity that at the run's temperature, else the value itself."""
        values = self.values(theta)
        found: dict[str, float] = {}
        for path, value in values.items():
            if path in NUISANCES:
                continue
            table = arrhenius_table(self.mapping, path)
            if table is None or self.experiment.temperature is None or "temperature" in values:
                found[path] = value
                continue
            at, energy, reference = (
                values.get(f"{table}.{key}", number_at(self.mapping, f"{table}.{key}"))
                for key in ("at", "Ea", "reference")
            )
            if at is None or energy is None or reference is None:
                found[path] = value
                continue
            inverse = 1.0 / self.experiment.temperature - 1.0 / reference
            found[table] = at * math.exp(-energy / GAS_CONSTANT * inverse)
        return found

    def chain(self, theta: Floats) -> dict[str, Floats]:
        """Derivatives of local values, or of their logarithms, and of nuisances by what is fitted."""
        keys = [*self.local(theta), *NUISANCES]
        rows = {key: np.zeros(theta.size) for key in keys}
        for n, parameter in enumerate(self.parameters.free):
            if parameter.run is not None and parameter.run != self.number and not self.parameters.ties:
                continue
            step = parameter.small
            ends = []
            for sign in (1.0, -1.0):
                moved = theta.copy()
                moved[n] += sign * step
                ends.append(self._coordinates(moved))
            for key in keys:
                rows[key][n] = (ends[0][key] - ends[1][key]) / (2.0 * step)
        return rows

    def _coordinates(self, theta: Floats) -> dict[str, float]:
        local = {k: math.log(v) if self.logarithmic(k) else v for k, v in self.local(theta).items()}
        return local | self.nuisances(theta)

    def shift(self, key: str, value: float) -> float:
        """Size of the change of a local value in a derivative: of its logarithm, or of itself."""
        return perturbation(key, value, self.mapping, self.logarithmic(key))


def perturbation(key: str, value: float, mapping: dict[str, Any], logarithmic: bool) -> float:
    """Change for a derivative: a part of the value, of a dead layer the same part of the lamella."""
    if logarithmic:
        return PERTURBATION
    if key.endswith(("dead_layer.thickness", "dead_layer")):
        thickness = number_at(mapping, "specimen.thickness")
        return PERTURBATION * (150e-9 if thickness is None else thickness)
    return PERTURBATION * abs(value) if value != 0.0 else PERTURBATION


def _set(mapping: dict[str, Any], path: str, value: float) -> None:
    *parents, last = path.split(".")
    node: Any = mapping
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if isinstance(node, list):
        node[int(last)] = value
    elif isinstance(node.get(last), dict):
        key = "thickness" if "thickness" in node[last] else "at"
        node[last][key] = value
    else:
        node[last] = value
