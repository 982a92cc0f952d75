"""Contacts of a scenario: where the particle touches the solid electrolyte, and the law there."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from lto_sim.errors import InputError
from lto_sim.scenario.material import VelocitySpec
from lto_sim.scenario.outline import ImagePath
from lto_sim.scenario.quantities import Coordinate, Corners, Length, Point, Velocity
from lto_sim.scenario.section import Section, exactly_one, only_with

__all__ = ["ContactSpec", "WhereSpec"]


class WhereSpec(Section):
    """Stretch of the outline: exactly one of side, arc, polygon, image."""

    side: Literal["left", "right", "top", "bottom", "outer", "all"] | None = Field(
        default=None, description="Side of the outline; all: the whole perimeter"
    )
    start: Coordinate | None = Field(
        default=None, alias="from", description="Start along the side [m]; default: its beginning"
    )
    end: Coordinate | None = Field(
        default=None, alias="to", description="End along the side [m]; default: its end"
    )
    arc: Point | None = Field(
        default=None,
        description="Start and end along the outline [m]; a polygon counts from its first point, a rectangle "
        "from its top left corner clockwise; the end may pass the start of the outline",
    )
    polygon: Corners | None = Field(
        default=None, description="Corners (x, y) [m]: the part of the perimeter inside touches"
    )
    image: ImagePath | None = Field(
        default=None, description="Label image, relative to the scenario file: the perimeter beside a label"
    )
    value: int | None = Field(default=None, description="The label in the image")
    pixel: Length | None = Field(
        default=None, description="Width of the image's pixel [m]; default: as the image file says"
    )

    @property
    def way(self) -> str:
        """Which of the keys says where: side, arc, polygon or image."""
        return exactly_one(self, ("side", "arc", "polygon", "image"), 'where = { side = "left" }')

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        way = self.way
        only_with(self, {"start": "from", "end": "to"}, way == "side", "side")
        only_with(self, {"value": "value", "pixel": "pixel"}, way == "image", "image")
        if way == "image" and self.value is None:
            raise InputError("value", None, "the label of the contact, a whole number", "add value = 1")
        if self.arc is not None and not self.arc[0] < self.arc[1]:
            raise InputError("arc", self.arc, "an end above the start", "add the perimeter to pass its start")
        return self


class ContactSpec(Section):
    """Where the particle touches the solid electrolyte, and the law there."""

    where: WhereSpec = Field(description="Stretch of the outline")
    law: Literal["equilibrium", "linear"] = Field(
        default="equilibrium", description="surface held, or flux = k_c dc (w_contact - w_surface)"
    )
    k_c: Velocity | VelocitySpec | None = Field(
        default=None, description="Rate constant of the linear law [m s-1], or with an activation energy"
    )
    feeds: Literal["both", "bulk", "surface"] = Field(
        default="both", description="What takes lithium at the contact: the bulk, the surface layers, or both"
    )

    @model_validator(mode="after")
    def _law_and_constant(self) -> Self:
        if self.law == "linear" and self.k_c is None:
            raise InputError("k_c", None, "> 0 m/s", 'the linear law needs it: k_c = "1e-5 m/s"')
        if self.law == "equilibrium" and self.k_c is not None:
            raise InputError("k_c", self.k_c, "absent", 'only the linear law has it: law = "linear"')
        return self
