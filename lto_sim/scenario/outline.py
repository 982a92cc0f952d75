"""The outline of the particle: rectangle, polygon, circle, ellipse, image mask, and one-dimensional bodies.

Image coordinates: x to the right, y down, origin at the top left.
"""

from __future__ import annotations

import math
import os
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, WithJsonSchema

from lto_sim.errors import InputError
from lto_sim.scenario.quantities import Angle, Corners, Length, LengthPair, Number, Point, Smoothing
from lto_sim.scenario.section import Section, by_name
from lto_sim.units import to_si

__all__ = [
    "Box",
    "CircleSpec",
    "EllipseSpec",
    "ImageOutlineSpec",
    "ImagePath",
    "OutlineSpec",
    "PolygonSpec",
    "RadialSpec",
    "RectangleSpec",
    "SlabSpec",
]

Box = tuple[float, float, float, float]


def _absolute(path: str) -> str:
    if not path.strip():
        raise InputError("", path, "a path", 'give the image, for example "mask.png"')
    return os.path.abspath(path)


ImagePath = Annotated[str, AfterValidator(_absolute)]
"""Path of an image: in a file relative to the file, else to the current directory; kept absolute."""


def _threshold(value: object) -> object:
    if value == "otsu":
        return value
    try:
        return to_si(value, "dimensionless")
    except InputError:
        raise InputError("", value, "'otsu' or a number", "give a value of the image, or otsu") from None


Threshold = Annotated[
    Number | Literal["otsu"],
    BeforeValidator(_threshold),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"const": "otsu"}]}),
]


class _Outline(Section):
    """An outline of which the scenario knows the bounding box, or None."""

    @property
    def box(self) -> Box | None:
        """Bounding box (x0, y0, x1, y1) [m]; None where it is not known, or means nothing."""
        return None


class RectangleSpec(_Outline):
    """Rectangle in the image plane."""

    shape: Literal["rectangle"] = Field(description="Rectangle")
    width: Length = Field(description="Extent along x [m]", examples=["2 um"])
    height: Length = Field(description="Extent along y [m]", examples=["1.5 um"])

    @property
    def box(self) -> Box:
        """Bounding box (x0, y0, x1, y1) [m]."""
        return 0.0, 0.0, self.width, self.height


class SlabSpec(_Outline):
    """One-dimensional body along x."""

    shape: Literal["slab"] = Field(description="One-dimensional body along x")
    length: Length = Field(description="Extent along x [m]", examples=["2 um"])
    height: Length = Field(default=1e-6, description="Extent along y [m]; scales volumes and currents only")


class RadialSpec(_Outline):
    """Cylinder (axis through the thickness) or sphere, fed at its outer surface."""

    shape: Literal["cylinder", "sphere"] = Field(description="One-dimensional body along its radius")
    radius: Length = Field(description="Outer radius [m]", examples=["500 nm"])


class PolygonSpec(_Outline):
    """Any outline with straight edges, with holes."""

    shape: Literal["polygon"] = Field(description="Any straight-edged outline")
    points: Corners = Field(
        description="Corners (x, y) [m], not closed; arc length counts from the first one, in this order",
        examples=[[["0 um", "0 um"], ["2 um", "0 um"], ["1 um", "1.5 um"]]],
    )
    holes: tuple[Corners, ...] = Field(
        default=(),
        description="Holes: corners (x, y) [m] of each",
        examples=[[[["0.9 um", "0.4 um"], ["1.1 um", "0.4 um"], ["1 um", "0.6 um"]]]],
    )

    @property
    def box(self) -> Box:
        """Bounding box (x0, y0, x1, y1) [m]."""
        x, y = zip(*self.points, strict=True)
        return min(x), min(y), max(x), max(y)


class CircleSpec(_Outline):
    """Circle."""

    shape: Literal["circle"] = Field(description="Circle")
    radius: Length = Field(description="Radius [m]", examples=["500 nm"])
    centre: Point | None = Field(
        default=None,
        description="Centre (x, y) [m]; default: the bounding box starts at the origin",
        examples=[["1 um", "1 um"]],
    )

    @property
    def middle(self) -> tuple[float, float]:
        """Centre (x, y) [m], the default filled in."""
        return (self.radius, self.radius) if self.centre is None else self.centre

    @property
    def box(self) -> Box:
        """Bounding box (x0, y0, x1, y1) [m]."""
        x, y = self.middle
        return x - self.radius, y - self.radius, x + self.radius, y + self.radius


class EllipseSpec(_Outline):
    """Ellipse."""

    shape: Literal["ellipse"] = Field(description="Ellipse")
    semi_axes: LengthPair = Field(description="The two semi-axes [m]", examples=[["1 um", "0.7 um"]])
    angle: Angle = Field(
        default=0.0,
        description="From +x to the first semi-axis, towards +y (clockwise on the image) [rad]",
        examples=["30 deg"],
    )
    centre: Point | None = Field(
        default=None,
        description="Centre (x, y) [m]; default: the bounding box starts at the origin",
        examples=[["1 um", "1 um"]],
    )

    @property
    def half_extents(self) -> tuple[float, float]:
        """Half the width and height of the bounding box [m]."""
        a, b = self.semi_axes
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return math.hypot(a * cos, b * sin), math.hypot(a * sin, b * cos)

    @property
    def middle(self) -> tuple[float, float]:
        """Centre (x, y) [m], the default filled in."""
        return self.half_extents if self.centre is None else self.centre

    @property
    def box(self) -> Box:
        """Bounding box (x0, y0, x1, y1) [m]."""
        (x, y), (half_x, half_y) = self.middle, self.half_extents
        return x - half_x, y - half_y, x + half_x, y + half_y


class ImageOutlineSpec(_Outline):
    """Outline of the particle in an image: what is brighter, or darker, than a threshold."""

    shape: Literal["image"] = Field(description="What is bright, or dark, in an image")
    image: ImagePath = Field(
        description="Image file, relative to the scenario file", examples=["particle.tif"]
    )
    pixel: Length | None = Field(
        default=None, description="Width of a pixel [m]; default: as the image file says", examples=["2 nm"]
    )
    threshold: Threshold = Field(default="otsu", description="Value of the image, or otsu")
    bright: bool = Field(default=True, description="The particle is brighter than the threshold")
    smoothing: Smoothing = Field(
        default=1.0, description="Gaussian smoothing before tracing, standard deviation [pixels], 0 to 100"
    )
    particle: Literal["only", "largest"] = Field(
        default="only", description="Refuse a mask with several particles, or take the largest"
    )


OutlineSpec = Annotated[
    RectangleSpec | SlabSpec | RadialSpec | PolygonSpec | CircleSpec | EllipseSpec | ImageOutlineSpec,
    Discriminator("shape"),
    by_name(
        "shape",
        (RectangleSpec, SlabSpec, RadialSpec, PolygonSpec, CircleSpec, EllipseSpec, ImageOutlineSpec),
        '{ shape = "circle", radius = "1 um" }',
    ),
]
