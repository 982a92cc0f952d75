"""From a scenario to a labelled solution: the entry of the transport room."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.scenario import Scenario
from lto_sim.scenario.experiment import DriveSpec
from lto_sim.specimen import Mesh
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import Grid, make_grid
from lto_sim.transport.loop import Leg, Progress, march
from lto_sim.transport.model import Model, boundary_resistances, build_model, surface_conductances
from lto_sim.transport.record import FineSeries, Observer, ScanPlan, ScanRecord, StateRecord
from lto_sim.transport.scan import plan_scan
from lto_sim.transport.solution import build_solution
from lto_sim.transport.step import Conditions, ImplicitStepper

__all__ = ["RunPlan", "plan_run", "simulate"]

Floats = NDArray[np.float64]

_BYTES_PER_CELL = 400
_BYTES_PER_ELEMENT = 500


@dataclass(frozen=True)
class RunPlan:
    """What a run would do, without doing it.

    Parameters
    ----------
    cells : Computed cells inside the outline.
    elements : Elements of conducting surfaces and grain boundaries.
    states, frames : Saved states and recorded frames.
    memory_bytes : Estimate of the largest memory the run needs beyond the interpreter.
    steps : Estimate of the steps: fronts across the longest extent, and as many again for transients.
    """

    cells: int
    elements: int
    states: int
    frames: int
    memory_bytes: int
    steps: int


def plan_run(scenario: Scenario, model: Model | None = None) -> RunPlan:
    """Check everything that can be checked without running, and count.

    Parameters
    ----------
    scenario : What would be run.
    model : What it describes, where that has been built already.

    Raises
    ------
    InputError
        What :func:`simulate` would refuse.
    """
    model = build_model(scenario) if model is None else model
    mesh = model.mesh
    scenario.initial_composition(mesh.shape)
    _fine_times(scenario)
    for step in scenario.drive:
        model.material.contact_excess(step.hold, _temperature(scenario, step))
    states = _state_times(scenario).size
    frames = 0 if scenario.scan is None else _scan_plan(scenario, mesh).frame_start.size
    cells = int(np.count_nonzero(mesh.volume))
    elements = len(mesh.surface)
    pixels = 0 if scenario.scan is None else math.prod(scenario.scan.pixels)
    steps = int(2 * max(mesh.shape) / scenario.numerics.front_fraction)
    stored = mesh.volume.size + elements
    memory = stored * (_BYTES_PER_CELL + 8 * states) + _BYTES_PER_ELEMENT * elements + 12 * frames * pixels
    return RunPlan(cells, elements, states, frames, memory, steps)


def simulate(scenario: Scenario, *, progress: Progress | None = None) -> xr.Dataset:
    """Run a scenario.

    Parameters
    ----------
    scenario : What to run.
    progress : Called with the part of the time that is done (0 to 1).

    Returns
    -------
    Dataset with ``li_fraction(time, z, y, x)``, ``cell_volume(z, y, x)`` [m3], ``thickness(y, x)`` [m],
    ``current, charge, potential, lithium(time_fine)`` [A, C, V, mol], outline and contacts [m]; with a
    scan, ``scan_li_fraction(frame, pixel_y, pixel_x)``, ``frame_time(frame)`` and
    ``pixel_time(pixel_y, pixel_x)`` [s].
    Status and counters are attributes; a run that could not be finished says so in ``status_meaning``.

    Raises
    ------
    InputError
        A contact off the outline, an initial array that does not fit, too many states.
    """
    model = build_model(scenario)
    mesh = model.mesh
    grid = make_grid(mesh)
    x_start = scenario.initial_composition(mesh.shape)
    states = StateRecord(_state_times(scenario))
    series = FineSeries(_fine_times(scenario), len(model.contacts))
    scan = None if scenario.scan is None else ScanRecord(_scan_plan(scenario, mesh))
    observers: tuple[Observer, ...] = (states, series) if scan is None else (states, series, scan)
    numerics = scenario.numerics
    _, end, counters = march(
        ImplicitStepper(grid, numerics.tolerance),
        x_start,
        _legs(scenario, model, grid, x_start),
        observers,
        max_steps=numerics.max_steps,
        progress=progress,
    )
    states.close()
    series.close()
    return build_solution(scenario, model, end, counters, states, series, scan)


def _scan_plan(scenario: Scenario, mesh: Mesh) -> ScanPlan:
    if scenario.scan is None:
        raise InputError("scan", None, "a scan", "add [scan]")
    return plan_scan(scenario.scan, mesh, scenario.duration, scenario.specimen.dead_layer.li_fraction)


def _output_times(duration: float, every: float, most: int, field: str, remedy: str) -> Floats:
    """Multiples of `every` up to the end, and the end itself."""
    count = math.floor(duration / every * (1.0 + 1e-9)) + 1
    if count + 1 > most and (count > most or (count - 1) * every < duration * (1.0 - 1e-9)):
        limit = duration / (most - 1)
        raise InputError(field, every, f">= {limit:.4g} s for at most {most} times", remedy)
    times = np.minimum(np.arange(count) * every, duration)
    return times if times[-1] >= duration * (1.0 - 1e-9) else np.append(times, duration)


def _state_times(scenario: Scenario) -> Floats:
    most = scenario.output.max_states
    every = scenario.output.every or scenario.duration / min(100, most - 1)
    return _output_times(scenario.duration, every, most, "output.every", "or raise output.max_states")


def _fine_times(scenario: Scenario) -> Floats:
    every = scenario.output.current_every or scenario.duration / 1000.0
    return _output_times(scenario.duration, every, 1_000_000, "output.current_every", "sample more slowly")


def _legs(scenario: Scenario, model: Model, grid: Grid, x_start: Floats) -> tuple[Leg, ...]:
    scale = max(_largest_excess(scenario, model.material, x_start, step) for step in scenario.drive)
    return tuple(_leg(scenario, model, grid, scale, step) for step in scenario.drive)


def _temperature(scenario: Scenario, step: DriveSpec) -> float:
    return float(scenario.temperature if step.temperature is None else step.temperature)


def _largest_excess(
    scenario: Scenario, material: TwoPhaseMaterial, x_start: Floats, step: DriveSpec
) -> float:
    """Largest |w| [li fraction] that a step of the drive holds or that the start has at its temperature."""
    temperature = _temperature(scenario, step)
    held = material.contact_excess(step.hold, temperature)
    return max(abs(held), float(np.abs(material.excess(x_start, temperature)).max()))


def _leg(scenario: Scenario, model: Model, grid: Grid, scale: float, step: DriveSpec) -> Leg:
    temperature, material = _temperature(scenario, step), model.material
    x_poor, x_rich = material.edges(temperature)
    held = material.contact_excess(step.hold, temperature)
    faces = grid.contact_cell.size
    transfer = np.empty(faces)
    for contact, part in zip(model.contacts, grid.contact_slices, strict=True):
        transfer[part] = math.inf if contact.transfer is None else contact.transfer(temperature)
    conditions = Conditions(
        x_poor, x_rich, material.poor.diffusivity(temperature), material.rich.diffusivity(temperature),
        np.full(faces, held), transfer, np.zeros(faces),
        surface_conductances(model, temperature),
        boundary_resistances(model, temperature),
    )  # fmt: skip
    controller = StepController(scenario.numerics.front_fraction, scenario.numerics.change_fraction, scale)
    return Leg(step.until.time, step.hold, lambda _: conditions, controller, step.until.li_fraction)
