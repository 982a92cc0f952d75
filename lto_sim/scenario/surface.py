"""Paths and obstacles beside the bulk: conducting surfaces and grain boundaries."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from lto_sim.errors import InputError
from lto_sim.scenario.material import ConductanceSpec, ResistanceSpec
from lto_sim.scenario.outline import ImagePath
from lto_sim.scenario.quantities import LabelPair, Length, Line, Smoothing
from lto_sim.scenario.section import Section, exactly_one, only_with

__all__ = ["GrainBoundarySpec", "SurfaceSpec"]


class SurfaceSpec(Section):
    """Transport along the free surfaces; only the product delta*D_s matters."""

    perimeter: ConductanceSpec | None = Field(
        default=None, description="delta*D_s of the wall around the outline [m3 s-1]; default: none"
    )
    faces: ConductanceSpec | None = Field(
        default=None, description="delta*D_s of the two faces of the lamella [m3 s-1]; default: none"
    )

    @property
    def conducts(self) -> bool:
        """Whether any surface conducts."""
        return any(spec is not None and spec.at > 0.0 for spec in (self.perimeter, self.faces))


class GrainBoundarySpec(Section):
    """Line through the particle that conducts along itself, or resists across, does both, or neither."""

    line: Line | None = Field(
        default=None,
        description="Points (x, y) [m] of the line; exactly one of line, lines, image",
        examples=[[["0.5 um", "0 um"], ["0.7 um", "1.5 um"]]],
    )
    lines: tuple[Line, ...] | None = Field(
        default=None,
        description="Several lines: points (x, y) [m] of each",
        examples=[[[["0.5 um", "0 um"], ["0.7 um", "1.5 um"]]]],
    )
    image: ImagePath | None = Field(
        default=None,
        description="Label image, relative to the scenario file: lines between its labels",
        examples=["grains.png"],
    )
    pixel: Length | None = Field(
        default=None,
        description="Width of the image's pixel [m]; default: as the image file says",
        examples=["2 nm"],
    )
    smoothing: Smoothing | None = Field(
        default=None,
        description="Smoothing of lines from an image [pixels], 0 to 100; default 1",
        examples=[1],
    )
    pair: LabelPair | None = Field(
        default=None,
        description="The two labels between which the line runs; default: every pair",
        examples=[[1, 2]],
    )
    along: ConductanceSpec | None = Field(
        default=None, description="Conductance along it, delta_gb*D_gb [m3 s-1]; default: none"
    )
    resistance: ResistanceSpec | None = Field(
        default=None, description="Resistance across it [s m-1]; default: none"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        example = 'line = [["0.5 um", "0 um"], ["0.7 um", "1.5 um"]]'
        way = exactly_one(self, ("line", "lines", "image"), example)
        only_with(self, {k: k for k in ("pixel", "smoothing", "pair")}, way == "image", "image")
        if self.lines is not None and not self.lines:
            raise InputError("lines", self.lines, "at least one line", f"for example {example}")
        if self.pair is not None and self.pair[0] == self.pair[1]:
            raise InputError("pair", self.pair, "two different labels", "name the labels on either side")
        return self
