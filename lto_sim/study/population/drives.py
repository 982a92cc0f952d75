"""The drive of an ensemble: potentials that all particles share, for times that all share.

Particles wired in parallel are at one potential. Where that is given (held or swept), each particle answers
for itself and the ensemble is the sum. Where a current is given, or none (a rest), the potential is the one
at which the currents of all particles add up to it, and no particle can be simulated without the others.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.scenario import Scenario
from lto_sim.scenario.drive import ElementaryStep
from lto_sim.transport.drive import step_temperature
from lto_sim.transport.schedule import fine_schedule

__all__ = ["SharedStep", "check_shared", "drive_record", "ensemble_times", "shared_steps"]

Floats = NDArray[np.float64]

_MOST: Final = 4000
"""Times of an ensemble, at most about."""
_SAME: Final = 1e-9


@dataclass(frozen=True)
class SharedStep:
    """One step of the drive, the same for all particles.

    Parameters
    ----------
    number : Its place, from 0.
    start, end : Times [s].
    step : As the scenario has it.
    temperature : Temperature [K].
    """

    number: int
    start: float
    end: float
    step: ElementaryStep
    temperature: float


def check_shared(scenario: Scenario) -> None:
    """Raise InputError unless every step holds or sweeps a potential for a known time."""
    for step in scenario.steps:
        if step.kind not in {"hold", "sweep"}:
            raise InputError(
                step.path, "a rest" if step.kind == "rest" else f"a {step.kind}", "hold, sweep or pitt",
                "particles in parallel share one potential, which a current or a rest leaves open: they "
                "cannot be simulated one by one; hold a potential",
            )  # fmt: skip
        own = [name for name in step.until.given if name != "time"]
        if own:
            raise InputError(
                f"{step.path}.until.{own[0]}", getattr(step.until, own[0]), "until.time only",
                "each particle would end the step at a time of its own, but all share the potential: give "
                "the time at which it changes",
            )  # fmt: skip
        if not math.isfinite(step.longest):
            raise InputError(
                f"{step.path}.sweep.from",
                None,
                "a start that is known",
                "give the sweep a from: its time is not",
            )


def shared_steps(scenario: Scenario) -> tuple[SharedStep, ...]:
    """Return the steps with their times.

    Raises
    ------
    InputError
        See :func:`check_shared`.
    """
    check_shared(scenario)
    found, start = [], 0.0
    for number, step in enumerate(scenario.steps):
        end = start + step.longest
        found.append(SharedStep(number, start, end, step, step_temperature(scenario, step)))
        start = end
    return tuple(found)


def ensemble_times(scenario: Scenario) -> Floats:
    """Times of the ensemble's series [s]: those of a run, thinned where they are more than some thousand.

    Raises
    ------
    InputError
        See :func:`check_shared`.
    """
    steps = shared_steps(scenario)
    schedule = fine_schedule(scenario, steps[-1].end)
    times = [np.zeros(1)]
    for step in steps:
        own = schedule(step.start, step.end)
        inner = np.empty(0) if own is None else own[own < step.end * (1.0 - _SAME)]
        every = max(1, math.ceil(inner.size * len(steps) / _MOST))
        times += [inner[::every], np.array([step.end])]
    found = np.concatenate(times)
    return found[np.diff(found, prepend=-1.0) > 0.0]


def drive_record(scenario: Scenario, material: TwoPhaseMaterial) -> str:
    """The drive as the attribute ``drive_steps`` of a run has it."""
    entries: list[dict[str, Any]] = []
    for shared in shared_steps(scenario):
        x_poor, x_rich = material.edges(shared.temperature)
        entries.append({
            "number": shared.number, "path": shared.step.path, "kind": shared.step.kind,
            "value": shared.step.value, "temperature_K": shared.temperature, "start_s": shared.start,
            "end_s": shared.end, "ended_by": "time", "x_poor": x_poor, "x_rich": x_rich,
        })  # fmt: skip
    return json.dumps(entries)
