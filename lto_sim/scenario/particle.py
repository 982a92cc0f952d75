"""The particle of a scenario: outline, thickness, dead layers, resolution."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lto_sim.scenario.outline import ImagePath, OutlineSpec
from lto_sim.scenario.quantities import (
    Coordinate,
    Fraction,
    Length,
    LengthOrZero,
    LengthPair,
    Point,
    Smoothing,
    ThicknessScale,
)
from lto_sim.scenario.section import Section, by_presence

__all__ = ["DeadLayerSpec", "SpecimenSpec", "ThicknessImageSpec", "ThicknessSpec", "WedgeSpec"]


class WedgeSpec(Section):
    """Thickness that rises evenly from one end of the outline to the other."""

    wedge: LengthPair = Field(
        description="Thickness at the two ends of the outline's bounding box [m]",
        examples=[["100 nm", "200 nm"]],
    )
    axis: Literal["x", "y"] = Field(default="x", description="Axis along which it changes")


class ThicknessImageSpec(Section):
    """Thickness from an image: offset + scale times its value."""

    image: ImagePath = Field(
        description="Image file, relative to the scenario file", examples=["thickness.tif"]
    )
    pixel: Length | None = Field(
        default=None, description="Width of a pixel [m]; default: as the image file says", examples=["2 nm"]
    )
    scale: ThicknessScale = Field(
        default=1e-9, description="Thickness per unit of the image [m], not 0; below 0: dark is thick"
    )
    offset: Coordinate = Field(default=0.0, description="Thickness where the image is 0 [m]")
    smoothing: Smoothing = Field(
        default=0.0, description="Gaussian smoothing, standard deviation [pixels], 0 to 100"
    )


ThicknessSpec = Annotated[
    Length | WedgeSpec | ThicknessImageSpec,
    by_presence((WedgeSpec, ThicknessImageSpec), '"150 nm" or { wedge = ["100 nm", "200 nm"], axis = "x" }'),
]


class DeadLayerSpec(Section):
    """Inactive layer on each of the two faces, as milling leaves it."""

    thickness: LengthOrZero = Field(
        default=0.0, description="Thickness of the layer on each face [m]", examples=["10 nm"]
    )
    li_fraction: Fraction = Field(
        default=0.0, description="Its li fraction, which never changes; 0: lamellae are milled as Li4Ti5O12"
    )


def _dead_layer(value: Any) -> DeadLayerSpec:
    if isinstance(value, DeadLayerSpec):
        return value
    return DeadLayerSpec.model_validate(value if isinstance(value, dict) else {"thickness": value})


class SpecimenSpec(Section):
    """The particle."""

    outline: OutlineSpec = Field(description="The body in the image plane")
    thickness: ThicknessSpec = Field(
        default=150e-9, description="Thickness of the lamella, dead layers included [m]", examples=["150 nm"]
    )
    dead_layer: Annotated[LengthOrZero | DeadLayerSpec, BeforeValidator(_dead_layer)] = Field(
        default=DeadLayerSpec(),
        description="Inactive layer on each face: its thickness [m], or a table",
        examples=["10 nm"],
    )
    cell: Length = Field(
        default=20e-9, description="Largest in-plane cell [m]; 5 to 20 nm is usual", examples=["20 nm"]
    )
    layers: int = Field(default=1, ge=1, le=1000, description="Cells through the whole thickness")
    symmetry: bool = Field(default=False, description="Compute half the thickness; output is mirrored")
    grid_point: Point | None = Field(
        default=None,
        description="Point (x, y) [m] on a corner of a cell, cells then being squares of exactly `cell`; "
        "default: cells divide the outline's bounding box evenly",
        examples=[["0 nm", "0 nm"]],
    )
