"""The runs behind a design, and what their maps without noise say of k at the noise of every setting.

Settings that differ in current, frame time or number of frames see the same particle: they share one run. So
do lamellae of different thickness in which nothing depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.kinetics.corrections.twin import at_pace
from lto_sim.kinetics.fronts import Profile
from lto_sim.kinetics.fronts.map_series import MapSeries
from lto_sim.scenario import Scenario
from lto_sim.study.design.front import front_information
from lto_sim.study.design.pixels import PixelDeviation
from lto_sim.study.design.rate import RateInformation, rate_information
from lto_sim.study.design.recording import Recording
from lto_sim.study.design.shown import Field, shown_maps

__all__ = ["Job", "Reading", "Task", "jobs_of", "physics_of", "run_job"]

Floats = NDArray[np.float64]

_LONGER: Final[float] = 1.001
_NOT_PHYSICS: Final = ("scan", "profile", "maps", "output", "title", "seed", "drive")
_DEAD: Final[float] = 0.0


@dataclass(frozen=True)
class Reading:
    """How k is read.

    Parameters
    ----------
    direction : ``extraction`` or ``insertion``.
    law : ``parabolic`` or ``mixed``.
    start_time : Known start [s]; None: fitted.
    start_std : Deviation of where a contact is [m].
    """

    direction: str
    law: str
    start_time: float | None
    start_std: float


@dataclass(frozen=True, eq=False)
class Task:
    """One setting at one temperature.

    Parameters
    ----------
    place : Number of the setting, and of the temperature.
    scenario : Its scenario at this temperature.
    field : Pixels that are looked at.
    recording : Frames and dose.
    noise : Deviation of its pixels.
    blur : Full width of the probe at half maximum [m].
    """

    place: tuple[int, int]
    scenario: Scenario
    field: Field
    recording: Recording
    noise: PixelDeviation
    blur: float


@dataclass(frozen=True, eq=False)
class Job:
    """Tasks that one run serves.

    Parameters
    ----------
    tasks : The tasks, of the same particle and the same pixels.
    reading : How k is read.
    """

    tasks: tuple[Task, ...]
    reading: Reading


def physics_of(scenario: Scenario) -> str:
    """Text that is the same for scenarios of which one run shows the same maps.

    A lamella of even thickness without conducting faces and inactive layers shows the same at any thickness.
    """
    mapping: dict[str, Any] = scenario.to_dict()
    for key in _NOT_PHYSICS:
        mapping.pop(key, None)
    mapping["hold"] = scenario.steps[0].value
    specimen = mapping["specimen"]
    faces = mapping.get("surface", {}).get("faces")
    if faces is None and specimen.get("layers", 1) == 1 and isinstance(specimen["thickness"], int | float):
        dead = specimen.get("dead_layer", {"thickness": _DEAD})
        thickness = dead["thickness"] if isinstance(dead, dict) else dead
        if thickness == _DEAD:
            specimen["thickness"] = "any"
    return json.dumps(mapping, sort_keys=True)


def jobs_of(tasks: Sequence[Task], reading: Reading) -> list[Job]:
    """Put tasks together that one run serves, in the order of their first."""
    groups: dict[tuple[str, tuple[int, int] | None], list[Task]] = {}
    for task in tasks:
        pixels = None if task.scenario.scan is None else task.scenario.scan.pixels
        groups.setdefault((physics_of(task.scenario), pixels), []).append(task)
    return [Job(tuple(group), reading) for group in groups.values()]


def run_job(job: Job) -> list[tuple[tuple[int, int], RateInformation]]:
    """Simulate once, and read k of every task."""
    first, times, counts = job.tasks[0], [], []
    for task in job.tasks:
        start = task.recording.period * task.recording.sample[0]
        times.append(start[:, None, None] + task.field.offsets(task.scenario))
        counts.append(start.size)
    every = np.concatenate(times)
    last = _LONGER * float(every.max(initial=0.0))
    blurs = [(count, task.blur) for count, task in zip(counts, job.tasks, strict=True)]
    maps = shown_maps(at_pace(first.scenario, 1.0, last), first.field, every, blurs)
    ends = np.cumsum(counts)
    return [
        (task.place, _read(task, maps[end - count : end], job.reading))
        for task, count, end in zip(job.tasks, counts, ends, strict=True)
    ]


def _read(task: Task, maps: Floats, reading: Reading) -> RateInformation:
    field, recording = task.field, task.recording
    numbers, each = recording.sample
    time = np.asarray(recording.period * numbers, dtype=np.float64)
    deviation = task.noise.at(np.nan_to_num(maps, nan=0.5), field.thickness)
    series = MapSeries(
        maps,
        deviation,
        time,
        field.offsets(task.scenario),
        field.x,
        field.y,
        field.pixel,
    )
    fronts = [
        front_information(
            series,
            Profile(line.start, line.end, line.width, f"profile {number}", reading.start_std),
            reading.direction,
        )
        for number, line in enumerate(task.scenario.profile)
    ]
    return rate_information(
        fronts, each, recording.period, reading.law, reading.start_time, reading.start_std
    )
