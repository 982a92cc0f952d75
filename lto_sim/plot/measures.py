"""What a specimen measures: the numbers beside its picture and in the summary of a dry run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from lto_sim.specimen import Radial, Specimen, ThicknessMap, Wedge, resolve_stretch, thickness_at
from lto_sim.transport.drawings import outline_lines
from lto_sim.transport.model import Model

__all__ = ["Measures", "measure", "wall_gaps", "write_area", "write_length"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """Sizes of a specimen.

    Parameters
    ----------
    extent : Width and height of the outline [m]; of a radial body its diameter twice.
    area : Area of the outline without its holes [m2]; of a sphere its cross-section.
    perimeter : Length of the exterior [m].
    hole_perimeters : Length of every hole's wall [m].
    thickness : Thinnest and thickest place [m], dead layers included; None for a sphere.
    contacts : Length [m] of every contact on the outline, by name.
    """

    extent: tuple[float, float]
    area: float
    perimeter: float
    hole_perimeters: tuple[float, ...]
    thickness: tuple[float, float] | None
    contacts: dict[str, float]

    @property
    def varied(self) -> bool:
        """Whether the thickness differs from place to place."""
        return self.thickness is not None and self.thickness[1] > self.thickness[0] * (1.0 + 1e-6)


def measure(model: Model) -> Measures:
    """Return the sizes of the specimen of `model`."""
    outline = model.specimen.outline
    if isinstance(outline, Radial):
        extent = (2.0 * outline.radius, 2.0 * outline.radius)
        area, rings = math.pi * outline.radius**2, [outline.side_length("outer")]
    else:
        extent = (outline.width, outline.height)
        lines = outline_lines(outline)
        area = getattr(outline, "area", extent[0] * extent[1])
        rings = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines]
    contacts = {
        contact.name: math.fsum(
            end - start
            for _, start, end in resolve_stretch(contact.stretch, outline, f"contacts.{contact.name}.where")
        )
        for contact in model.contacts
    }
    return Measures(extent, area, rings[0], tuple(rings[1:]), _thickness(model), contacts)


def wall_gaps(model: Model, points: Sequence[tuple[float, float]]) -> list[float]:
    """Distance [m] of points (x, y) [m] from the nearest wall, below 0 outside the particle."""
    outline = model.specimen.outline
    if isinstance(outline, Radial):
        return [outline.radius - math.hypot(*point) for point in points]
    exterior, *holes = outline_lines(outline)
    shape = shapely.Polygon(exterior, holes)
    gaps = shapely.distance(shapely.points(points), shape.boundary) if points else []
    return [
        float(gap) if shape.covers(shapely.Point(p)) else -float(gap)
        for p, gap in zip(points, gaps, strict=True)
    ]


def _thickness(model: Model) -> tuple[float, float] | None:
    """Extremes in the cells and along the outline, where cells know only their middle."""
    specimen, mesh = model.specimen, model.mesh
    if not isinstance(specimen.thickness, Wedge | ThicknessMap):
        uniform = float(specimen.thickness)
        return None if _is_sphere(specimen) else (uniform, uniform)
    wall = np.concatenate(outline_lines(specimen.outline))
    at_wall = thickness_at(specimen.thickness, specimen.outline, wall[:, 0], wall[:, 1])
    values = np.concatenate([mesh.thickness[mesh.fraction > 0.0], at_wall[np.isfinite(at_wall)]])
    return float(values.min()), float(values.max())


def _is_sphere(specimen: Specimen) -> bool:
    return isinstance(specimen.outline, Radial) and specimen.outline.shape == "sphere"


def write_length(value: float) -> str:
    """Write a length in nm, from one micrometre in µm."""
    return f"{value * 1e6:.4g} µm" if value >= 0.9995e-6 else f"{value * 1e9:.4g} nm"


def write_area(value: float) -> str:
    """Write an area in µm²."""
    return f"{value * 1e12:.4g} µm²"
