"""The scan of the probe over the specimen: which pixel sees which cells, and when.

Pixels tile the outline's bounding box. The pixel at (row j, column i) of a frame is visited at the middle of
its dwell, line (frame time / lines) after line, flyback at each line's end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.scenario.models import ScanSpec
from lto_sim.specimen import Mesh
from lto_sim.transport.record import ScanPlan

__all__ = ["overlap_weights", "pixel_centres", "pixel_offsets", "plan_scan"]

Floats = NDArray[np.float64]


def pixel_offsets(scan: ScanSpec) -> Floats:
    """Offset [s] of every pixel (row, column) within a frame."""
    columns, rows = scan.pixels
    lines, points = (rows, columns) if scan.order == "rows" else (columns, rows)
    line_time = scan.frame_time / lines
    dwell = (line_time - scan.flyback) / points
    offsets = np.arange(lines)[:, None] * line_time + (np.arange(points)[None, :] + 0.5) * dwell
    return np.asarray(offsets if scan.order == "rows" else offsets.T, dtype=np.float64)


def overlap_weights(faces: Floats, pixel_faces: Floats) -> Floats:
    """Share of every cell in every pixel, (pixels, cells), each row summing to 1."""
    low = np.maximum(faces[None, :-1], pixel_faces[:-1, None])
    high = np.minimum(faces[None, 1:], pixel_faces[1:, None])
    covered = np.maximum(high - low, 0.0)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True))


def pixel_centres(extent: float, pixels: int) -> Floats:
    """Centres [m] of pixels that tile `extent`."""
    return np.asarray((np.arange(pixels) + 0.5) * (extent / pixels), dtype=np.float64)


def plan_scan(scan: ScanSpec, mesh: Mesh, duration: float) -> ScanPlan:
    """Lay the frames of a run over its mesh.

    Raises
    ------
    InputError
        More than 100 000 frames.
    """
    period = scan.frame_time if scan.period is None else scan.period
    frames = int(np.floor(duration / period * (1.0 + 1e-12)))
    if frames > 100_000:
        raise InputError(
            "scan.period", period, f">= {duration / 1e5:g} s for this duration", "record fewer frames"
        )
    columns, rows = scan.pixels
    return ScanPlan(
        frame_start=np.arange(max(frames, 1)) * period,
        pixel_time=pixel_offsets(scan),
        weight_x=overlap_weights(mesh.x_face, np.linspace(0.0, mesh.x_face[-1], columns + 1)),
        weight_y=overlap_weights(mesh.y_face, np.linspace(0.0, mesh.y_face[-1], rows + 1)),
    )
