"""The grid lines of a specimen: where cells begin and end in the plan."""

from __future__ import annotations

import math

import numpy as np

from lto_sim.errors import InputError
from lto_sim.specimen.bodies import Radial, Slab
from lto_sim.specimen.geometry import Specimen
from lto_sim.specimen.mesh import Floats

__all__ = ["check_count", "even_faces", "plan_faces"]

_MOST_CELLS = 100_000_000
_SLACK = 1e-9


def _count(extent: float, cell: float) -> int:
    return max(1, math.ceil(extent / cell * (1.0 - _SLACK)))


def even_faces(start: float, end: float, cell: float) -> Floats:
    """Cell boundaries [m] that divide start to end evenly, none wider than `cell`."""
    return np.linspace(start, end, _count(end - start, cell) + 1)


def plan_faces(specimen: Specimen) -> tuple[Floats, Floats]:
    """Cell boundaries along x and y [m] of a rectangle or polygon."""
    x0, y0, x1, y1 = specimen.outline.bounds
    if specimen.grid_point is None:
        return even_faces(x0, x1, specimen.cell), even_faces(y0, y1, specimen.cell)
    at_x, at_y = specimen.grid_point
    return _fixed_faces(x0, x1, specimen.cell, at_x), _fixed_faces(y0, y1, specimen.cell, at_y)


def _fixed_faces(start: float, end: float, cell: float, at: float) -> Floats:
    """Boundaries [m] of cells exactly `cell` wide, one of them (of the endless grid) at `at`."""
    first = math.floor((start - at) / cell + _SLACK)
    last = math.ceil((end - at) / cell - _SLACK)
    return np.asarray(at + cell * np.arange(first, last + 1), dtype=np.float64)


def check_count(specimen: Specimen) -> None:
    """Refuse a mesh that no memory holds before it is asked for."""
    outline = specimen.outline
    cells = (outline.width / specimen.cell + 1.0) * specimen.layers
    if not isinstance(outline, Slab | Radial):
        cells *= outline.height / specimen.cell + 1.0
    if cells > _MOST_CELLS:
        raise InputError(
            "specimen.cell",
            specimen.cell,
            f"at most {_MOST_CELLS:.0e} cells, here {cells:.1e}",
            "use larger cells",
        )
