"""A free outline: one closed line of vertices, with holes, checked once and immutable from then on.

Validity, clipping and areas are shapely's; everything that counts along the outline (arc length, order of
the vertices) is kept as given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError

__all__ = ["Polygon"]

Floats = NDArray[np.float64]

_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Polygon:
    """Outline of a particle, given by its vertices.

    Parameters
    ----------
    exterior : Vertices (x, y) [m], shape (n, 2), not closed, in either sense; arc length 0 is the first, and
        runs in the order given.
    holes : Vertices of every hole [m], likewise, shape (n, 2) each.
    smooth : The vertices sample a smooth curve (circle, ellipse, mask): none of them is a corner.
    sides : Names of the stretches of the outline.

    Raises
    ------
    InputError
        Fewer than three vertices, no area, an outline that crosses itself, a hole that is not inside.
    """

    exterior: Floats
    holes: tuple[Floats, ...] = ()
    smooth: bool = False
    sides: tuple[str, ...] = ("all",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exterior", _ring("specimen.outline.exterior", self.exterior))
        holes = tuple(_ring(f"specimen.outline.holes.{n}", hole) for n, hole in enumerate(self.holes))
        object.__setattr__(self, "holes", holes)
        shape = shapely.Polygon(self.exterior)
        for number, hole in enumerate(holes):
            _check_hole(number, hole, shape, holes[:number])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Bounding box (x0, y0, x1, y1) [m]."""
        (x0, y0), (x1, y1) = self.exterior.min(axis=0), self.exterior.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    @property
    def width(self) -> float:
        """Extent along x [m]."""
        return self.bounds[2] - self.bounds[0]

    @property
    def height(self) -> float:
        """Extent along y [m]."""
        return self.bounds[3] - self.bounds[1]

    @property
    def area(self) -> float:
        """Plan area without the holes [m2]."""
        return float(shapely.area(shapely.Polygon(self.exterior, self.holes)))

    @property
    def perimeter(self) -> float:
        """Length of the exterior [m]."""
        return float(np.hypot(*(np.roll(self.exterior, -1, axis=0) - self.exterior).T).sum())

    def side_length(self, side: str) -> float:
        """Length [m] of the exterior, the one `side` that there is."""
        return self.perimeter


def _ring(field: str, vertices: ArrayLike) -> Floats:
    """Vertices without the closing one and without repeats, read-only, after the checks of one ring."""
    given: Floats = np.array(vertices, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != 2:
        raise InputError(field, given.shape, "an array (vertices, 2)", "give a list of [x, y]")
    if not np.isfinite(given).all():
        raise InputError(field, "not finite", "finite coordinates [m]", "correct the vertices")
    size = float(np.ptp(given, axis=0).max()) if len(given) else 0.0
    step = np.abs(np.diff(given, axis=0)).max(axis=1)
    ring: Floats = given[np.append(True, step > _SAME * size)] if len(given) else given
    if len(ring) > 1 and np.abs(ring[-1] - ring[0]).max() <= _SAME * size:
        ring = ring[:-1].copy()
    if len(ring) < 3:
        raise InputError(field, f"{len(ring)} vertices", "at least 3 different vertices", "add vertices")
    shape = shapely.Polygon(ring)
    if not shapely.is_valid(shape):
        raise InputError(
            field,
            _trouble(shape),
            "a closed line that neither crosses nor touches itself",
            "correct the vertices near that point",
        )
    if shape.area <= _SAME * size**2:
        raise InputError(field, f"area {shape.area:.3g} m2", "an area above zero", "correct the vertices")
    ring.setflags(write=False)
    return ring


def _trouble(shape: shapely.Polygon) -> str:
    """Say what is wrong and where, in micrometres."""
    reason = shapely.is_valid_reason(shape)
    found = re.fullmatch(r"(.*)\[(\S+) (\S+)\]", reason)
    if found is None:
        return str(reason)
    x, y = (1e6 * float(value) for value in found.groups()[1:])
    return f"{found[1].lower()} near ({x:.4g} um, {y:.4g} um)"


def _check_hole(number: int, hole: Floats, outline: shapely.Polygon, others: tuple[Floats, ...]) -> None:
    shape = shapely.Polygon(hole)
    inside = shapely.contains_properly(outline, shape)
    if not inside or any(shapely.intersects(shape, shapely.Polygon(other)) for other in others):
        x, y = 1e6 * hole.mean(axis=0)
        raise InputError(
            f"specimen.outline.holes.{number}",
            f"a hole about ({x:.4g} um, {y:.4g} um)",
            "inside the outline, touching neither it nor another hole",
            "move the hole or leave it out",
        )
