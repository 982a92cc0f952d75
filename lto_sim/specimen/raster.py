"""Geometry of a raster scan: where pixels lie, which cells they cover, and when each is visited.

Pixels tile a box. A frame is scanned line after line; a pixel is visited at the middle of its dwell, and each
line ends with a flyback.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["overlap_lengths", "overlap_weights", "pixel_offsets"]

Floats = NDArray[np.float64]


def pixel_offsets(
    pixels: tuple[int, int], frame_time: float, flyback: float, order: Literal["rows", "columns"]
) -> Floats:
    """Offset [s] of every pixel within a frame.

    Parameters
    ----------
    pixels : Pixels (x, y).
    frame_time : Time for one frame [s].
    flyback : Dead time at each line's end [s].
    order : Fast axis: along rows or along columns.

    Returns
    -------
    (rows, columns)
    """
    columns, rows = pixels
    lines, points = (rows, columns) if order == "rows" else (columns, rows)
    line_time = frame_time / lines
    dwell = (line_time - flyback) / points
    offsets = np.arange(lines)[:, None] * line_time + (np.arange(points)[None, :] + 0.5) * dwell
    return np.ascontiguousarray(offsets if order == "rows" else offsets.T, dtype=np.float64)


def overlap_lengths(faces: Floats, pixel_faces: Floats) -> Floats:
    """Length [m] of every cell in every pixel, (pixels, cells)."""
    low = np.maximum(faces[None, :-1], pixel_faces[:-1, None])
    high = np.minimum(faces[None, 1:], pixel_faces[1:, None])
    return np.asarray(np.maximum(high - low, 0.0), dtype=np.float64)


def overlap_weights(faces: Floats, pixel_faces: Floats) -> Floats:
    """Share of every cell in every pixel, (pixels, cells), each row summing to 1."""
    covered = overlap_lengths(faces, pixel_faces)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True), dtype=np.float64)
