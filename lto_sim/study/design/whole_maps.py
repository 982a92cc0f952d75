"""How well parameters of the scenario would be known from whole maps, as `fit_maps` fits them.

    I = sum over pixels and frames of (dv/dtheta)(dv/dtheta)^T/std^2,    cov(theta) = I^-1

v are the maps that the forward model shows, its derivatives central differences along the same steps, theta
what is free: the parameters asked for and, beside them, nuisances of every recording: contrast, offset, start
time. All temperatures count together. What is not free is taken as known: to ask for delta*D_s alone is to
know D of the bulk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import EV_PER_MOLE
from lto_sim.errors import InputError
from lto_sim.execution import Workers
from lto_sim.inverse.estimates import inverse_of_information
from lto_sim.inverse.experiment import MapExperiment
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.free import free_parameters
from lto_sim.inverse.identifiability import natural_units
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.parameters import FreeParameter, ParameterSet
from lto_sim.kinetics.corrections.twin import at_pace
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.study.design import status as code
from lto_sim.study.design.plan import Planned, Planner
from lto_sim.study.design.shown import Field, field_of
from lto_sim.units import DIMENSIONS

__all__ = ["NUISANCES", "MapDeviation", "map_deviations"]

Floats = NDArray[np.float64]

NUISANCES: Final = ("maps.contrast", "maps.offset", "maps.start_time")
"""What is free in every recording beside the parameters asked for."""

_MOST_FRAMES: Final = 40
_LONGER: Final[float] = 1.001
_UNKNOWN: Final[float] = 20.0
"""Deviation of a logarithm, or of a value in natural units, from which on nothing is known."""


@dataclass(frozen=True)
class MapDeviation:
    """Expected deviations of one parameter over all settings.

    Parameters
    ----------
    parameter : What it is.
    std : Of a rate the deviation over the value, of an activation energy in eV, else in SI; one for each
        setting, infinite where the maps do not tell it.
    units : Unit of `std`.
    """

    parameter: FreeParameter
    std: Floats
    units: str


@dataclass(frozen=True, eq=False)
class _Frames(MapExperiment):
    """Frames of several recordings of the same pixels, each pixel at a time of its own."""

    visited: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))

    @property
    def when(self) -> Floats:
        return self.visited


@dataclass(frozen=True, eq=False)
class _Group:
    """Settings that the same runs serve: their numbers, pixels, and frames by setting and temperature."""

    settings: list[int]
    area: Field
    experiments: Sequence[MapExperiment]
    temperatures: list[int]
    frames: dict[tuple[int, int], tuple[slice, Floats]]


def map_deviations(
    planner: Planner,
    plans: Sequence[Sequence[Planned]],
    free: Sequence[str],
    nuisances: Sequence[str] = NUISANCES,
    processes: int | None = None,
) -> list[MapDeviation]:
    """Expected deviations of the free parameters of whole maps.

    Parameters
    ----------
    planner, plans : The recordings, one row a setting, one column a temperature.
    free : Paths of the scenario, as of `fit_maps`.
    nuisances : Numbers of the maps that are free beside them.
    processes : Worker processes.

    Raises
    ------
    InputError
        A path that is no number of the scenario, a nuisance that is none, or runs that fail.
    """
    for name in nuisances:
        if name not in NUISANCES:
            raise InputError("nuisances", name, ", ".join(NUISANCES), "name some of these")
    wanted = [name for name in free if name not in NUISANCES]
    if isinstance(free, str) or not wanted:
        raise InputError("free", free, "paths of the scenario", 'for example ["surface.faces.at"]')
    std = np.full((len(plans), len(wanted)), np.inf)
    parameters: ParameterSet | None = None
    with Workers(processes) as workers:
        for group in _groups(planner, plans):
            parameters = free_parameters([*wanted, *nuisances], group.experiments)
            objective = MapObjective(group.experiments, parameters, Runner(workers))
            for number, deviations in _deviations(planner, group, objective).items():
                std[number] = deviations[: len(wanted)]
    if parameters is None:
        raise InputError(
            "dose_budget", planner.budget.dose, "some frames", "allow more dose, or record longer"
        )
    found = []
    for n, parameter in enumerate(parameters.free[: len(wanted)]):
        energy = parameter.path.endswith(".Ea")
        scale = 1.0 / EV_PER_MOLE if energy else 1.0
        own = DIMENSIONS[quantity_kind(parameter.path) or "dimensionless"] or "1"
        units = "1" if parameter.logarithmic else "eV" if energy else own
        found.append(MapDeviation(parameter, std[:, n] * scale, units))
    return found


def _groups(planner: Planner, plans: Sequence[Sequence[Planned]]) -> list[_Group]:
    by_scenario: dict[tuple[int, float], list[int]] = {}
    for n, setting in enumerate(planner.settings):
        by_scenario.setdefault((id(setting.scenario), planner.blur(setting)), []).append(n)
    groups = []
    for (_, blur), numbers in by_scenario.items():
        setting = planner.settings[numbers[0]]
        particle = planner.particle(setting)
        area = field_of(particle.mesh, particle.pixels, None)
        experiments, temperatures, places = [], [], {}
        for t in range(planner.kelvin.size):
            times, first = [], 0
            for n in numbers:
                planned = plans[n][t]
                if planned.recording.frames == 0 or planned.status == code.OVER_BUDGET:
                    continue
                which, each = planned.recording.sampled(_MOST_FRAMES)
                times.append(planned.recording.period * which[:, None, None] + area.offsets(planned.scenario))
                places[n, t] = slice(first, first + which.size), each
                first += which.size
            if times:
                experiments.append(_experiment(plans[numbers[0]][t], area, np.concatenate(times), blur))
                temperatures.append(t)
        if experiments:
            groups.append(_Group(numbers, area, experiments, temperatures, places))
    return groups


def _experiment(planned: Planned, area: Field, visited: Floats, blur: float) -> _Frames:
    simulated = at_pace(planned.scenario, 1.0, _LONGER * float(visited.max()))
    count = visited.shape[0]
    return _Frames(
        simulated, np.zeros(visited.shape), np.ones(visited.shape), np.arange(count, dtype=np.float64),
        np.zeros(visited.shape[1:]), area.x, area.y, blur, visited=visited,
    )  # fmt: skip


def _deviations(planner: Planner, group: _Group, objective: MapObjective) -> dict[int, Floats]:
    """Deviation of every parameter by setting, of rates that of the logarithm."""
    parameters = objective.parameters
    theta = parameters.inside(parameters.start)
    objective.freeze(theta)
    slopes = objective.jacobian(theta)
    shown = objective.fitted(theta)
    if shown is None:
        raise InputError("free", parameters.names, "a scenario that runs", "try it by itself: lto-sim run")
    ends = np.cumsum([int(use.sum()) for use in objective.use])
    units = natural_units(parameters.free, float(group.experiments[0].scenario.duration) / _MOST_FRAMES)
    found: dict[int, Floats] = {}
    for n in group.settings:
        noise = planner.noise(planner.settings[n])
        total = np.zeros((theta.size, theta.size))
        for place, t in enumerate(group.temperatures):
            if (n, t) not in group.frames:
                continue
            frames, each = group.frames[n, t]
            use, end = objective.use[place], int(ends[place])
            own = slopes[end - int(use.sum()) : end]
            std = noise.at(np.where(use, shown[place], 0.5), group.area.thickness)
            weight = np.zeros(use.shape)
            weight[frames] = each[:, None, None] / std[frames] ** 2
            total += own.T @ (weight[use][:, None] * own)
        if np.any(np.diag(total) > 0.0):
            covariance = inverse_of_information(total, units)
            deviation = np.sqrt(np.diag(covariance))
            found[n] = np.where(deviation < _UNKNOWN * units, deviation, np.inf)
    return found
