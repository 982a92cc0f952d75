"""What a map shows of a shell, and whether extraction stays planar with the same surfaces.

rim
    Pixels beyond the front at mid-height and within two pixels (62.5 nm) of a wall without electrolyte.
core
    Pixels beyond the front at mid-height and at least 300 nm from those walls.
contrast
    Projected li fraction of the rim less that of the core, means, without noise, when half of the lithium has
    been inserted. A rim is *visible* where this is more than the deviation of one pixel: the eye averages
    over more than one, but the core is not even and the particle's edge is not sharp.
closed
    Part of the rim that exceeds the core's mean by the deviation of one pixel: 1 for a rim all the way round.
between
    Part of all pixels with a projected li fraction from 0.2 to 0.8 then: shells under both faces over a core
    that is still poor make a boundary hard to see.
lead
    Of extraction: how far the front within two pixels of the side walls is ahead of that at mid-height, at
    most, while that is between 0.3 and 1.2 um. The front is *planar* where it is less than a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.study.lamella.fronts import mean_front

__all__ = ["PIXEL", "Rim", "front_lead", "rim_of"]

Floats = NDArray[np.float64]

PIXEL: Final = 31.25e-9
"""Pixel of the maps by which a rim and a planar front are judged [m]."""

_RIM: Final = 2.0 * PIXEL
_CORE: Final = 300e-9
_HALF: Final = 0.5
_BETWEEN: Final = (0.2, 0.8)
_WAY: Final = (0.3e-6, 1.2e-6)


@dataclass(frozen=True, eq=False)
class Rim:
    """A map of insertion at half of the lithium, and its rim.

    Parameters
    ----------
    image : Projected li fraction (y, x).
    time, content : When that is [s], and the transformed part of the particle [1].
    front : Mean front at mid-height then [m].
    contrast, closed, between : As defined in the module; the first two NaN where no core is left.
    """

    image: Floats
    time: float
    content: float
    front: float
    contrast: float
    closed: float
    between: float


def rim_of(grown: Floats, lithium: Floats, time: Floats, cell: float, noise: float) -> Rim:
    """Rim of a whole particle with electrolyte along its left side.

    Parameters
    ----------
    grown : Transformed fraction (time, z, y, x).
    lithium : Projected li fraction (time, y, x).
    time : Times of the states [s].
    cell : Cell of the mesh, along x and y [m].
    noise : Deviation of one pixel [li fraction].
    """
    content = grown.mean(axis=(1, 2, 3))
    state = int(np.argmin(np.abs(content - _HALF)))
    front = float(mean_front(grown, cell)[state])
    image = lithium[state]
    rows, columns = image.shape
    x, y = (np.arange(columns) + 0.5) * cell, (np.arange(rows) + 0.5) * cell
    wall = np.minimum(np.minimum(y, y[::-1])[:, None], (columns * cell - x)[None, :])
    beyond = (x > front)[None, :] & np.ones((rows, 1), dtype=np.bool_)
    rim, core = beyond & (wall < _RIM), beyond & (wall >= _CORE)
    between = float(((image >= _BETWEEN[0]) & (image <= _BETWEEN[1])).mean())
    if not (rim.any() and core.any()):
        return Rim(image, float(time[state]), float(content[state]), front, math.nan, math.nan, between)
    dark = float(image[core].mean())
    contrast = float(image[rim].mean()) - dark
    closed = float((image[rim] > dark + noise).mean())
    return Rim(image, float(time[state]), float(content[state]), front, contrast, closed, between)


def front_lead(grown: Floats, cell: float) -> float:
    """Largest lead of the front at the side walls over that at mid-height [m]; NaN where it was not reached.

    Parameters
    ----------
    grown : Transformed fraction (time, z, y, x) of extraction.
    cell : Cell of the mesh, along x and y [m].
    """
    front = grown.mean(axis=1).sum(axis=2) * cell
    rows = front.shape[1]
    near = max(round(_RIM / cell), 1)
    walls = 0.5 * (front[:, :near].mean(axis=1) + front[:, -near:].mean(axis=1))
    middle = front[:, int(0.4 * rows) : math.ceil(0.6 * rows)].mean(axis=1)
    way = (middle >= _WAY[0]) & (middle <= _WAY[1])
    return float((walls - middle)[way].max()) if way.any() else math.nan
