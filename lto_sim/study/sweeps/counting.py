"""Sizes of every run of a sweep, before any of it is run.

A run is planned once for all that differ in nothing its sizes depend on: a sweep of diffusivities has one
mesh.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError, LtoSimError
from lto_sim.scenario import Scenario
from lto_sim.study.sweeps.labels import si_value
from lto_sim.study.sweeps.outputs import Counts
from lto_sim.study.sweeps.specification import Sweep
from lto_sim.transport import build_model, plan_run

__all__ = ["Planned", "plan_sweep"]

_NO_SIZE: Final = ("material", "temperature", "title", "maps", "seed", "initial", "beam_damage")
"""Sections that no array's size depends on."""

_Raster = tuple[float | None, tuple[int, int] | None]
"""Frame time and pixels of an instrument."""

_MAP_OUTPUTS: Final = frozenset({"maps", "front", "rate"})


@dataclass(frozen=True, eq=False)
class Planned:
    """All runs, planned.

    Parameters
    ----------
    counts : Sizes of every run; None where its scenario is refused.
    refusals : Why, by number of the run.
    coordinates : Values of every path, in SI; of paths that are no numbers, codes.
    meanings : What the codes stand for, by path.
    seeds : Seed of every run.
    hashes : Number of the first run with the same simulation (seed, maps, profiles, instrument may differ).
    """

    counts: tuple[Counts | None, ...]
    refusals: dict[int, str]
    coordinates: dict[str, NDArray[Any]]
    meanings: dict[str, list[str]]
    seeds: NDArray[np.int64]
    hashes: NDArray[np.int64]

    @property
    def largest(self) -> Counts:
        """The largest of every size."""
        return reduce(Counts.largest, [c for c in self.counts if c is not None])


def plan_sweep(sweep: Sweep) -> Planned:
    """Check and count every run.

    Raises
    ------
    InputError
        What the first run was refused for, where all are; or maps of runs whose longest time is not known.
    """
    known: dict[str, Counts | InputError] = {}
    same: dict[str, int] = {}
    counts: list[Counts | None] = []
    refusals: dict[int, str] = {}
    values: dict[str, list[Any]] = {path: [] for path in sweep.paths}
    hashes = np.empty(sweep.runs, dtype=np.int64)
    first: InputError | None = None
    for number in range(sweep.runs):
        hashes[number] = number
        try:
            scenario = sweep.scenario_of(number)
            sweep.instrument_of(number)
            counted = _counted(sweep, number, scenario, known)
        except InputError as error:
            first = first or error
            refusals[number] = str(error)
            counts.append(None)
            for path in values:
                values[path].append(si_value(path, sweep.points[number].get(path)))
            continue
        counts.append(counted)
        for path in values:
            values[path].append(sweep.value_of(number, path, scenario))
        hashes[number] = same.setdefault(_simulation(scenario), number)
    if first is not None and len(refusals) == sweep.runs:
        raise first
    columns, meanings = {}, {}
    for path, column in values.items():
        columns[path], meaning = _column(column)
        if meaning:
            meanings[path] = meaning
    seeds = np.array([sweep.seed_of(n) for n in range(sweep.runs)], dtype=np.int64)
    return Planned(tuple(counts), refusals, columns, meanings, seeds, hashes)


def _counted(sweep: Sweep, number: int, scenario: Scenario, known: dict[str, Counts | InputError]) -> Counts:
    """Counts of a run, or of an earlier one of the same sizes."""
    instrument = sweep.instrument_of(number)
    frames = None if instrument is None else (instrument.scan.frame_time, instrument.scan.pixels)
    key = _key(scenario) + json.dumps(frames)
    if key not in known:
        try:
            known[key] = _count(sweep, scenario, frames)
        except LtoSimError as error:
            known[key] = error if isinstance(error, InputError) else InputError("run", number, "", str(error))
    found = known[key]
    if isinstance(found, InputError):
        raise found
    return found


def _key(scenario: Scenario) -> str:
    whole = {key: value for key, value in scenario.to_dict().items() if key not in _NO_SIZE}
    return json.dumps(whole, sort_keys=True)


def _simulation(scenario: Scenario) -> str:
    apart = ("title", "maps", "seed", "profile")
    whole = {key: value for key, value in scenario.to_dict().items() if key not in apart}
    return json.dumps(whole, sort_keys=True)


def _count(
    sweep: Sweep, scenario: Scenario, frames: tuple[float | None, tuple[int, int] | None] | None
) -> Counts:
    model = build_model(scenario)
    plan = plan_run(scenario, model)
    mesh = model.mesh.shape
    pixels, number = mesh[1:], plan.states
    if scenario.scan is not None:
        pixels, number = (scenario.scan.pixels[1], scenario.scan.pixels[0]), plan.frames or 0
    elif frames is not None:
        if frames[0] is not None and math.isfinite(scenario.duration):
            number = math.ceil(scenario.duration / frames[0]) + 1
        if frames[1] is not None:
            pixels = frames[1][1], frames[1][0]
    if _MAP_OUTPUTS & {*sweep.outputs} and scenario.scan is not None and plan.frames is None:
        raise InputError(
            "drive", "a step without until.time", "a longest time for every step: arrays have one size",
            "add time to its until, or keep other outputs than maps, front and rate",
        )  # fmt: skip
    return Counts(
        plan.cells, (mesh[0], mesh[1], mesh[2]), plan.states, number, (pixels[0], pixels[1]),
        len(scenario.profile), plan.steps,
    )  # fmt: skip


def _column(values: list[Any]) -> tuple[NDArray[Any], list[str]]:
    """Numbers as they are; anything else as codes, and what they mean."""
    if all(value is None or _is_number(value) for value in values):
        return np.array([np.nan if value is None else float(value) for value in values]), []
    texts = ["absent" if v is None else v if isinstance(v, str) else json.dumps(v) for v in values]
    meaning = list(dict.fromkeys(texts))
    return np.array([meaning.index(text) for text in texts], dtype=np.int16), meaning


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
