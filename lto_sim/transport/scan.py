"""The scan of a scenario laid over its mesh."""

from __future__ import annotations

import numpy as np

from lto_sim.errors import InputError
from lto_sim.scenario.experiment import ScanSpec
from lto_sim.specimen import Mesh
from lto_sim.specimen.raster import overlap_weights, pixel_offsets
from lto_sim.transport.record import ScanPlan

__all__ = ["plan_scan"]

_MOST_FRAMES = 100_000


def plan_scan(scan: ScanSpec, mesh: Mesh, duration: float, inert_fraction: float = 0.0) -> ScanPlan:
    """Lay the frames of a run of `duration` [s] over its mesh; a run shorter than a frame has a part of one.

    Inactive layers of the mesh count with the li fraction `inert_fraction`.

    Raises
    ------
    InputError
        More than 100 000 frames.
    """
    period = scan.frame_time if scan.period is None else scan.period
    frames = int(np.floor((duration - scan.frame_time) / period * (1.0 + 1e-12))) + 1
    if frames > _MOST_FRAMES:
        limit = duration / _MOST_FRAMES
        raise InputError("scan.period", period, f">= {limit:g} s for this duration", "record fewer frames")
    columns, rows = scan.pixels
    x, y = mesh.x_face, mesh.y_face
    area = mesh.fraction * np.diff(y)[:, None] * np.diff(x)[None, :]
    inert = area * (mesh.thickness - mesh.active_thickness) / mesh.multiplicity
    largest = float(mesh.volume.sum(axis=0).max())
    return ScanPlan(
        frame_start=np.arange(max(frames, 1)) * period,
        pixel_time=pixel_offsets(scan.pixels, scan.frame_time, scan.flyback, scan.order),
        weight_x=overlap_weights(x, np.linspace(x[0], x[-1], columns + 1)),
        weight_y=overlap_weights(y, np.linspace(y[0], y[-1], rows + 1)),
        volume=mesh.volume / largest,
        inert_volume=inert / largest,
        inert_lithium=inert_fraction * inert / largest,
    )
