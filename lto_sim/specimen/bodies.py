"""Bodies of fixed form: slab, cylinder and sphere (radial), rectangle (a lamella).

Image coordinates: x to the right, y down, origin at the top left; z through the thickness. Radial bodies put
the radius on the x axis and are symmetric about r = 0. Which sides of a body can carry a contact is its own
property.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from lto_sim.errors import InputError

__all__ = ["Radial", "Rectangle", "Slab", "positive"]


def positive(field: str, value: float) -> None:
    """Raise InputError unless `value` is a finite length above zero."""
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(field, value, "> 0 m and finite", 'give a length such as "150 nm"')


@dataclass(frozen=True)
class Slab:
    """One-dimensional body along x, with a cross-section of `height` times the specimen's thickness.

    Parameters
    ----------
    length : Extent along x [m].
    height : Extent along y [m]; scales volumes and currents only.
    sides : Names of the stretches of the outline.
    """

    length: float
    height: float = 1e-6
    sides: tuple[str, ...] = ("left", "right")

    def __post_init__(self) -> None:
        positive("specimen.outline.length", self.length)
        positive("specimen.outline.height", self.height)

    @property
    def width(self) -> float:
        """Extent along x [m]."""
        return self.length

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Bounding box (x0, y0, x1, y1) [m]."""
        return 0.0, 0.0, self.length, self.height

    def side_length(self, side: str) -> float:
        """Length [m] of `side`."""
        return self.height


@dataclass(frozen=True)
class Radial:
    """Cylinder or sphere, radial coordinate on the x axis; the contact is its outer surface.

    Parameters
    ----------
    shape : ``cylinder`` (its axis along z, as long as the specimen is thick) or ``sphere``.
    radius : Outer radius [m].
    sides : Names of the stretches of the outline.
    """

    shape: Literal["cylinder", "sphere"]
    radius: float
    sides: tuple[str, ...] = ("outer",)

    def __post_init__(self) -> None:
        positive("specimen.outline.radius", self.radius)

    @property
    def width(self) -> float:
        """Extent along the radius [m]."""
        return self.radius

    @property
    def height(self) -> float:
        """Extent along y [m]: one cell."""
        return self.radius

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Bounding box (x0, y0, x1, y1) [m] of the one row of cells."""
        return 0.0, 0.0, self.radius, self.radius

    def side_length(self, side: str) -> float:
        """Length [m] of the circumference, the one `side` that there is."""
        return 2.0 * math.pi * self.radius


@dataclass(frozen=True)
class Rectangle:
    """Rectangle in the image plane, its top left corner at the origin.

    Arc length along its perimeter starts at the top left corner and runs along top, right, bottom, left.

    Parameters
    ----------
    width : Extent along x [m].
    height : Extent along y [m].
    sides : Names of the stretches of the outline.
    """

    width: float
    height: float
    sides: tuple[str, ...] = ("left", "right", "top", "bottom", "all")

    def __post_init__(self) -> None:
        positive("specimen.outline.width", self.width)
        positive("specimen.outline.height", self.height)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Bounding box (x0, y0, x1, y1) [m]."""
        return 0.0, 0.0, self.width, self.height

    @property
    def area(self) -> float:
        """Plan area [m2]."""
        return self.width * self.height

    @property
    def perimeter(self) -> float:
        """Length of all four sides [m]."""
        return 2.0 * (self.width + self.height)

    def side_length(self, side: str) -> float:
        """Length [m] of `side`."""
        if side == "all":
            return self.perimeter
        return self.height if side in {"left", "right"} else self.width
