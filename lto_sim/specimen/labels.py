"""Which parts of a wall lie beside a label of an image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from lto_sim.specimen.contacts import LabelStretch
from lto_sim.specimen.mesh import Floats
from lto_sim.specimen.outline import Ring

__all__ = ["beside_label"]

_REACH = 1.5
"""Pixels from the wall to the centre of a pixel within which its label is beside the wall."""

_SAMPLE = 2000


def beside_label(stretch: LabelStretch, rings: tuple[Ring, ...]) -> Callable[[Floats], NDArray[np.bool_]]:
    """Return a function that says of points (n, 2) [m] on the wall whether they lie beside the label."""
    labels = np.asarray(stretch.labels)
    origin = np.array(stretch.origin)
    rivals = _rivals(labels, stretch, rings, origin)
    steps = np.array([(dv, du) for dv in range(-2, 3) for du in range(-2, 3)])
    limit = np.array(labels.shape)

    def covers(points: Floats) -> NDArray[np.bool_]:
        place = (points - origin)[:, ::-1] / stretch.pixel_size
        pixel = np.floor(place).astype(np.int64)[:, None, :] + steps
        gap = np.hypot(*np.moveaxis(pixel + 0.5 - place[:, None, :], 2, 0))
        here = ((pixel >= 0) & (pixel < limit)).all(axis=2)
        pixel = np.clip(pixel, 0, limit - 1)
        value = labels[pixel[..., 0], pixel[..., 1]]
        own = np.where(here & (value == stretch.value), gap, np.inf).min(axis=1)
        other = np.where(here & np.isin(value, rivals), gap, np.inf).min(axis=1)
        return np.asarray((own <= _REACH) & (own <= other))

    return covers


def _rivals(
    labels: NDArray[np.int64], stretch: LabelStretch, rings: tuple[Ring, ...], origin: Floats
) -> NDArray[np.int64]:
    """Labels that compete for the wall: all but background and those that mark the particle itself."""
    shape = shapely.Polygon(rings[0], rings[1:])
    shapely.prepare(shape)
    rivals = []
    for value in np.unique(labels[(labels != 0) & (labels != stretch.value)]):
        row, column = np.nonzero(labels == value)
        pick = slice(None, None, max(1, row.size // _SAMPLE))
        x, y = origin[:, None] + (np.stack([column[pick], row[pick]]) + 0.5) * stretch.pixel_size
        if shapely.contains_xy(shape, x, y).mean() <= 0.5:
            rivals.append(value)
    return np.array(rivals, dtype=labels.dtype)
