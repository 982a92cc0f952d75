"""From a scenario to a labelled solution: the entry of the transport room.

Sources: V. R. Voller and C. R. Swaminathan, Numer. Heat Transf. B 19 (1991) 175 (enthalpy form);
L. Brugnano and V. Casulli, SIAM J. Sci. Comput. 30 (2008) 463 (implicit step).
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.transport.checkpoint import checkpoint_at
from lto_sim.transport.drive import StepPlan, electrical_start, plan_legs
from lto_sim.transport.drive_checks import check_drive, warn_of_potentials
from lto_sim.transport.engines import make_stepper
from lto_sim.transport.first_use import COMPILING, is_compiled
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import Progress, march
from lto_sim.transport.model import Model, build_model
from lto_sim.transport.record import FineSeries, Observer, ScanRecord
from lto_sim.transport.restart import check_same_past
from lto_sim.transport.scan import count_frames, plan_scan
from lto_sim.transport.schedule import fine_schedule, state_record, state_times
from lto_sim.transport.solution import build_solution

__all__ = ["RunPlan", "plan_run", "simulate"]

Floats = NDArray[np.float64]

_LOG: Final = logging.getLogger(__name__)

_BYTES_PER_CELL = 500
_BYTES_PER_ELEMENT = 500


@dataclass(frozen=True)
class RunPlan:
    """What a run would do, without doing it.

    Parameters
    ----------
    cells : Computed cells inside the outline.
    elements : Elements of conducting surfaces and grain boundaries.
    states, frames : Saved states and recorded frames; None where no time ends the drive.
    memory_bytes : Estimate of the largest memory the run needs beyond the interpreter.
    steps : Estimate of the steps: fronts across the longest extent, and as many again for transients.
    """

    cells: int
    elements: int
    states: int
    frames: int | None
    memory_bytes: int
    steps: int


def _longest(plans: tuple[StepPlan, ...]) -> float:
    return math.fsum(plan.longest for plan in plans)


def plan_run(scenario: Scenario, model: Model | None = None) -> RunPlan:
    """Check everything that can be checked without running, and count.

    Parameters
    ----------
    scenario : What would be run.
    model : What it describes, where that has been built already.

    Returns
    -------
    RunPlan
        What would be run, counted.

    Raises
    ------
    InputError
        What :func:`simulate` would refuse.
    """
    model = build_model(scenario) if model is None else model
    mesh = model.mesh
    x_start = scenario.initial_composition(mesh.shape)
    grid = make_grid(mesh)
    plans = plan_legs(scenario, model, grid, make_stepper(scenario.numerics, mesh, grid))
    check_drive(scenario, model, plans, x_start)
    duration = _longest(plans)
    fine_schedule(scenario, duration)
    times = state_times(scenario, duration)
    states = scenario.output.max_states if times is None else times.size
    frames: int | None = 0
    if scenario.scan is not None:
        frames = count_frames(plan_scan(scenario, mesh, duration), [plan.longest for plan in plans])
    cells = int(np.count_nonzero(mesh.volume))
    elements = len(mesh.surface)
    pixels = 0 if scenario.scan is None else math.prod(scenario.scan.pixels)
    steps = int(2 * max(mesh.shape) / scenario.numerics.front_fraction)
    stored = mesh.volume.size + elements
    a_state = 16 if scenario.output.restart == "all" else 8
    memory = (
        stored * (_BYTES_PER_CELL + a_state * states)
        + _BYTES_PER_ELEMENT * elements
        + 12 * (frames or 0) * pixels
    )
    return RunPlan(cells, elements, states, frames, memory, steps)


def simulate(
    scenario: Scenario,
    *,
    restart: xr.Dataset | None = None,
    restart_time: float | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a scenario.

    Parameters
    ----------
    scenario : What to run.
    restart : A run of the same scenario to be continued from one of its saved states, as if it had never been
        interrupted; steps of the drive that begin later, outputs and profiles may differ.
    restart_time : Time of that state [s]; default: the last.
    progress : Called with the part of the time that is done (0 to 1).

    Returns
    -------
    Dataset with ``li_fraction(time, z, y, x)``, ``cell_volume(z, y, x)`` [m3], ``thickness(y, x)`` [m],
    ``current, charge, potential, lithium(time_fine)`` [A, C, V, mol], the same of every contact with
    ``interface_potential`` and ``overpotential(contact, time_fine)`` [V], outline and contacts [m]; with a
    scan, ``scan_li_fraction(frame, pixel_y, pixel_x)``, ``frame_time(frame)`` and
    ``pixel_time(pixel_y, pixel_x)`` [s]. What a run is continued from is in variables ``restart_...``.
    Status and counters are attributes; a run that could not be finished says so in ``status_meaning``.

    Raises
    ------
    InputError
        A contact off the outline, an initial array that does not fit, too many states, a drive that cannot be
        run, or a restart from another scenario's state.
    """
    model = build_model(scenario)
    mesh = model.mesh
    grid = make_grid(mesh)
    x_start = scenario.initial_composition(mesh.shape)
    stepper = make_stepper(scenario.numerics, mesh, grid)
    plans = plan_legs(scenario, model, grid, stepper)
    check_drive(scenario, model, plans, x_start)
    duration = _longest(plans)
    point = None
    if restart is not None:
        point = checkpoint_at(restart, restart_time)
        check_same_past(scenario, restart, point)
        if point.leg >= len(plans):
            raise InputError(
                "drive",
                f"{len(plans)} steps",
                "one that begins later",
                "the run is over: add a step to the drive",
            )
    states = state_record(scenario, duration)
    series = FineSeries(fine_schedule(scenario, duration))
    scan = None if scenario.scan is None else ScanRecord(plan_scan(scenario, mesh, duration))
    _LOG.info("%d cells, %d surface elements", int(np.count_nonzero(mesh.volume)), len(mesh.surface))
    if not is_compiled():
        _LOG.info(COMPILING)
    began = time.monotonic()
    observers: tuple[Observer, ...] = (states, series) if scan is None else (states, series, scan)
    _, end, counters = march(
        stepper,
        x_start,
        plans,
        observers,
        max_steps=scenario.numerics.max_steps,
        duration=duration,
        electrical=electrical_start(scenario, model, grid, x_start),
        restart=point,
        progress=progress,
    )
    _LOG.info(
        "%d steps, %d refused, %d linear iterations in %.3g s",
        counters.steps, counters.rejected, counters.linear_iterations, time.monotonic() - began,
    )  # fmt: skip
    states.close()
    series.close()
    warn_of_potentials(model, plans, series.legs, series.signals[:, 0])
    solution = build_solution(scenario, model, plans, end, counters, states, series, scan)
    _LOG.info("configuration SHA-256 %s", solution.attrs["configuration_sha256"])
    return solution
