"""The specimen: outline, thickness and resolution, the way its cells are laid, and all bodies by name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lto_sim.errors import InputError
from lto_sim.specimen.bodies import Radial, Rectangle, Slab, positive
from lto_sim.specimen.outline import Outline, Ring, outline_rings
from lto_sim.specimen.polygon import Polygon
from lto_sim.specimen.shapes import circle, ellipse
from lto_sim.specimen.thickness import Thickness, ThicknessMap, Wedge, check_thickness

__all__ = [
    "Outline",
    "Polygon",
    "Radial",
    "Rectangle",
    "Ring",
    "Slab",
    "Specimen",
    "circle",
    "ellipse",
    "outline_rings",
]


@dataclass(frozen=True)
class Specimen:
    """Outline, thickness and resolution.

    Parameters
    ----------
    outline : The body in the image plane.
    thickness : Extent along z [m], dead layers included (of a sphere: not used).
    cell : Largest in-plane cell size [m]; cells divide the outline's bounding box evenly.
    layers : Cells through the whole active thickness.
    symmetry : Compute the half above the mid-plane only; output is mirrored to the full thickness.
    dead_layer : Inactive layer on each of the two faces [m].
    grid_point : A point (x, y) [m] on which a corner of cells lies; cells are then exactly `cell` wide and
        reach beyond the outline.

    Raises
    ------
    InputError
        Cells larger than the body, a grid point or layers that it cannot have, an odd number of layers with
        symmetry, a thickness that is not positive, or dead layers as thick as the specimen.
    """

    outline: Outline
    thickness: Thickness
    cell: float
    layers: int = 1
    symmetry: bool = False
    dead_layer: float = 0.0
    grid_point: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        positive("specimen.cell", self.cell)
        self._check_layers()
        self._check_thickness()
        smallest = min(self.outline.width, self.outline.height)
        flat = isinstance(self.outline, Slab | Radial)
        if flat:
            smallest = self.outline.width
        if self.cell > smallest:
            raise InputError(
                "specimen.cell", self.cell, f"<= {smallest:g} m, the smallest extent", "use smaller cells"
            )
        if self.grid_point is None:
            return
        if flat or not all(math.isfinite(value) for value in self.grid_point):
            raise InputError(
                "specimen.grid_point",
                self.grid_point,
                "a finite point (x, y) [m], with a rectangle, a polygon, a circle, an ellipse or an image",
                "leave it out",
            )

    def _check_layers(self) -> None:
        if self.layers < 1:
            raise InputError("specimen.layers", self.layers, ">= 1", "give the cells through the thickness")
        if self.layers > 1 and isinstance(self.outline, Slab | Radial):
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

    def _check_thickness(self) -> None:
        """Check what needs no mesh; a map is checked in every cell when the mesh is built."""
        if not (math.isfinite(self.dead_layer) and self.dead_layer >= 0.0):
            raise InputError(
                "specimen.dead_layer", self.dead_layer, ">= 0 m and finite", 'give a length such as "5 nm"'
            )
        if isinstance(self.thickness, ThicknessMap | Wedge):
            if isinstance(self.outline, Radial):
                raise InputError(
                    "specimen.thickness", type(self.thickness).__name__, "one number for a radial body",
                    "give one thickness",
                )  # fmt: skip
            if isinstance(self.thickness, ThicknessMap):
                return
            ends = np.array([self.thickness.start, self.thickness.end])
        else:
            positive("specimen.thickness", self.thickness)
            ends = np.array([self.thickness])
        if isinstance(self.outline, Radial) and self.outline.shape == "sphere":
            if self.dead_layer > 0.0:
                raise InputError("specimen.dead_layer", self.dead_layer, "0 for a sphere", "leave it out")
            return
        corners = np.array([self.outline.bounds[:2], self.outline.bounds[2:]])[: ends.size]
        check_thickness(ends, self.dead_layer, corners[:, 0], corners[:, 1])
