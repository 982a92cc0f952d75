"""Bodies that a simulation can be run on: slab, cylinder and sphere (radial), rectangle (a lamella).

Image coordinates: x to the right, y down, origin at the top left; z through the thickness. Radial bodies put
the radius on the x axis and are symmetric about r = 0. Which sides of a body can carry a contact is its own
property.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from lto_sim.errors import InputError

__all__ = ["Outline", "Radial", "Rectangle", "Slab", "Specimen"]


def _positive(field: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(field, value, "> 0 m and finite", 'give a length such as "150 nm"')


@dataclass(frozen=True)
class Slab:
    """One-dimensional body along x, with a cross-section of `height` times the specimen's thickness.

    Parameters
    ----------
    length : Extent along x [m].
    height : Extent along y [m]; scales volumes and currents only.
    """

    length: float
    height: float = 1e-6
    sides: tuple[str, ...] = ("left", "right")

    def __post_init__(self) -> None:
        _positive("specimen.outline.length", self.length)
        _positive("specimen.outline.height", self.height)

    @property
    def width(self) -> float:
        """Extent along x [m]."""
        return self.length

    def side_length(self, side: str) -> float:
        """Length of a side [m]."""
        return self.height


@dataclass(frozen=True)
class Radial:
    """Cylinder or sphere, radial coordinate on the x axis; the contact is its outer surface.

    Parameters
    ----------
    shape : ``cylinder`` (its axis along z, as long as the specimen is thick) or ``sphere``.
    radius : Outer radius [m].
    """

    shape: Literal["cylinder", "sphere"]
    radius: float
    sides: tuple[str, ...] = ("outer",)

    def __post_init__(self) -> None:
        _positive("specimen.outline.radius", self.radius)

    @property
    def width(self) -> float:
        """Extent along the radius [m]."""
        return self.radius

    @property
    def height(self) -> float:
        """Extent along y [m]: one cell."""
        return self.radius

    def side_length(self, side: str) -> float:
        """Length of the circumference [m]."""
        return 2.0 * math.pi * self.radius


@dataclass(frozen=True)
class Rectangle:
    """Rectangle in the image plane.

    Parameters
    ----------
    width : Extent along x [m].
    height : Extent along y [m].
    """

    width: float
    height: float
    sides: tuple[str, ...] = ("left", "right", "top", "bottom")

    def __post_init__(self) -> None:
        _positive("specimen.outline.width", self.width)
        _positive("specimen.outline.height", self.height)

    def side_length(self, side: str) -> float:
        """Length of a side [m]."""
        return self.height if side in {"left", "right"} else self.width


Outline = Slab | Radial | Rectangle


@dataclass(frozen=True)
class Specimen:
    """Outline, thickness and resolution.

    Parameters
    ----------
    outline : The body in the image plane.
    thickness : Extent along z [m] (of a sphere: not used).
    cell : Largest in-plane cell size [m]; cells divide the outline evenly.
    layers : Cells through the whole thickness.
    symmetry : Compute the half above the mid-plane only; output is mirrored to the full thickness.
    """

    outline: Outline
    thickness: float
    cell: float
    layers: int = 1
    symmetry: bool = False

    def __post_init__(self) -> None:
        _positive("specimen.thickness", self.thickness)
        _positive("specimen.cell", self.cell)
        if self.layers < 1:
            raise InputError("specimen.layers", self.layers, ">= 1", "give the cells through the thickness")
        if self.layers > 1 and not isinstance(self.outline, Rectangle):
            raise InputError(
                "specimen.layers", self.layers, "1 for a slab or a radial body", "use a rectangle"
            )
        if self.symmetry and self.layers % 2:
            raise InputError(
                "specimen.symmetry",
                self.symmetry,
                "false, or true with an even number of layers",
                "set layers = 8",
            )
        smallest = min(self.outline.width, self.outline.height)
        if isinstance(self.outline, Slab | Radial):
            smallest = self.outline.width
        if self.cell > smallest:
            raise InputError(
                "specimen.cell", self.cell, f"<= {smallest:g} m, the smallest extent", "use smaller cells"
            )
