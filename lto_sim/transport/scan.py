"""The scan of a scenario laid over its mesh."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.specimen import Mesh
from lto_sim.specimen.raster import overlap_weights, pixel_offsets
from lto_sim.transport.record import FrameSeries, ScanPlan
from lto_sim.transport.schedule import frame_period

__all__ = ["count_frames", "plan_scan"]

_MOST_FRAMES = 100_000


def plan_scan(scenario: Scenario, mesh: Mesh, duration: float) -> ScanPlan:
    """Lay the frames of a run of at most `duration` [s] over its mesh; a shorter one has a part of a frame.

    Inactive layers of the mesh count with the scenario's li fraction of them.

    Raises
    ------
    InputError
        No scan, more than 100 000 frames, or a frame period of one step without a scan that begins anew.
    """
    scan = scenario.scan
    if scan is None:
        raise InputError("scan", None, "a scan", "add [scan]")
    for number, step in enumerate(scenario.steps):
        if step.frame_period is None:
            continue
        if not scan.restart:
            raise InputError(
                f"{step.path}.frame_period", step.frame_period, "absent unless scan.restart is true",
                "add restart = true to [scan], so that every step begins with a frame",
            )  # fmt: skip
        if step.frame_period < scan.frame_time * (1.0 - 1e-9):
            raise InputError(
                f"{step.path}.frame_period", step.frame_period, f">= scan.frame_time = {scan.frame_time:g} s",
                "lengthen it",
            )  # fmt: skip
        frame_period(scenario, number)
    frames = partial(_of_step, scenario) if scan.restart else _of_run(scenario, duration)
    columns, rows = scan.pixels
    x, y = mesh.x_face, mesh.y_face
    area = mesh.fraction * np.diff(y)[:, None] * np.diff(x)[None, :]
    inert = area * (mesh.thickness - mesh.active_thickness) / mesh.multiplicity
    largest = float(mesh.volume.sum(axis=0).max())
    return ScanPlan(
        frames=frames,
        pixel_time=pixel_offsets(scan.pixels, scan.frame_time, scan.flyback, scan.order),
        weight_x=overlap_weights(x, np.linspace(x[0], x[-1], columns + 1)),
        weight_y=overlap_weights(y, np.linspace(y[0], y[-1], rows + 1)),
        volume=mesh.volume / largest,
        inert_volume=inert / largest,
        inert_lithium=scenario.specimen.dead_layer.li_fraction * inert / largest,
    )


def _series(start: float, period: float, frame_time: float, duration: float, field: str) -> FrameSeries:
    """Frames that fit into a duration, at least a part of one."""
    if math.isinf(duration):
        return FrameSeries(start, period, _MOST_FRAMES)
    frames = int(np.floor((duration - frame_time) / period * (1.0 + 1e-12))) + 1
    if frames > _MOST_FRAMES:
        limit = duration / _MOST_FRAMES
        raise InputError(field, period, f">= {limit:g} s for this duration", "record fewer frames")
    return FrameSeries(start, period, max(frames, 1))


def _of_run(scenario: Scenario, duration: float) -> FrameSeries:
    return _series(0.0, frame_period(scenario, 0), _frame_time(scenario), duration, "scan.period")


def _of_step(scenario: Scenario, number: int, start: float, end: float) -> FrameSeries:
    field = f"{scenario.steps[number].path}.frame_period"
    return _series(start, frame_period(scenario, number), _frame_time(scenario), end - start, field)


def _frame_time(scenario: Scenario) -> float:
    return 0.0 if scenario.scan is None else scenario.scan.frame_time


def count_frames(plan: ScanPlan, durations: list[float]) -> int | None:
    """Frames of a run whose drive steps last that long [s], at most; None where one has no known end."""
    if any(math.isinf(longest) for longest in durations):
        return None
    if isinstance(plan.frames, FrameSeries):
        return int(plan.frames.count)
    return int(sum(plan.frames(number, 0.0, longest).count for number, longest in enumerate(durations)))
