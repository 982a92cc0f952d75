"""Contacts of a scenario: where the particle touches the solid electrolyte, and the law there."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from lto_sim.errors import InputError
from lto_sim.scenario.material import AreaResistanceSpec, ReactionRateSpec, VelocitySpec
from lto_sim.scenario.outline import ImagePath
from lto_sim.scenario.quantities import (
    AreaCapacitance,
    AreaResistance,
    Coordinate,
    Corners,
    Length,
    MolarEnergy,
    Point,
    TransferCoefficient,
    Velocity,
    VelocityOrZero,
)
from lto_sim.scenario.section import Section, ShortForm, exactly_one, only_with

__all__ = ["ContactSpec", "WhereSpec"]


class WhereSpec(Section):
    """Stretch of the outline: exactly one of side, arc, polygon, image."""

    side: Literal["left", "right", "top", "bottom", "outer", "all"] | None = Field(
        default=None, description="Side of the outline; all: the whole perimeter"
    )
    start: Coordinate | None = Field(
        default=None,
        alias="from",
        description="Start along the side [m]; default: its beginning",
        examples=["0.3 um"],
    )
    end: Coordinate | None = Field(
        default=None, alias="to", description="End along the side [m]; default: its end", examples=["1.2 um"]
    )
    arc: Point | None = Field(
        default=None,
        description="Start and end along the outline [m]; a polygon counts from its first point, a rectangle "
        "from its top left corner clockwise; the end may pass the start of the outline",
        examples=[["0 um", "1.5 um"]],
    )
    polygon: Corners | None = Field(
        default=None,
        description="Corners (x, y) [m]: the part of the perimeter inside touches",
        examples=[[["-0.1 um", "0 um"], ["0.1 um", "0 um"], ["0.1 um", "1 um"]]],
    )
    image: ImagePath | None = Field(
        default=None,
        description="Label image, relative to the scenario file: the perimeter beside a label",
        examples=["contacts.png"],
    )
    value: int | None = Field(default=None, description="The label in the image", examples=[1])
    pixel: Length | None = Field(
        default=None,
        description="Width of the image's pixel [m]; default: as the image file says",
        examples=["2 nm"],
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


def _at_room_temperature(name: str) -> BeforeValidator:
    """Take a plain value for one that does not depend on temperature."""

    def table(value: Any) -> Any:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            return {"at": value, "reference": 298.15, "Ea": 0.0}
        if not isinstance(value, dict | Section):
            raise InputError("", value, f"a value, or a table for {name}", "see `lto-sim schema`")
        return value

    return BeforeValidator(table)


def _short(kind: Any) -> ShortForm:
    """The value alone, for the schema of a table."""
    return ShortForm(TypeAdapter(kind).json_schema())


class ContactSpec(Section):
    """Where the particle touches the solid electrolyte, and the law there."""

    where: WhereSpec = Field(description="Stretch of the outline")
    law: Literal["equilibrium", "linear", "butler_volmer", "marcus_hush_chidsey"] = Field(
        default="equilibrium",
        description="surface held; flux = k_c dc (w_contact - w_surface); or an interface reaction with k0",
    )
    k_c: Velocity | VelocitySpec | None = Field(
        default=None, description="Rate constant of the linear law [m s-1], or with an activation energy"
    )
    k0: Annotated[ReactionRateSpec, _at_room_temperature("k0"), _short(VelocityOrZero)] | None = Field(
        default=None,
        description="Rate constant of the interface reaction [m s-1], or with an activation energy",
        examples=["1e-9 m/s"],
    )
    transfer_coefficient: TransferCoefficient | None = Field(
        default=None, description="alpha of the reduction, Butler-Volmer only; default 0.5", examples=[0.5]
    )
    reorganization_energy: MolarEnergy | None = Field(
        default=None, description="lambda [J mol-1], Marcus-Hush-Chidsey only", examples=["0.4 eV"]
    )
    resistance: (
        Annotated[AreaResistanceSpec, _at_room_temperature("resistance"), _short(AreaResistance)] | None
    ) = Field(
        default=None,
        description="Resistance in series, of one area of the contact [ohm m2], or with an activation energy",
        examples=["10 ohm cm^2"],
    )
    capacitance: AreaCapacitance = Field(
        default=0.0, description="Double layer beside the reaction [F m-2]", examples=["10 uF/cm^2"]
    )
    feeds: Literal["both", "bulk", "surface"] = Field(
        default="both", description="What takes lithium at the contact: the bulk, the surface layers, or both"
    )

    @model_validator(mode="after")
    def _law_and_constant(self) -> Self:
        owners = {
            "k_c": ("linear",),
            "k0": ("butler_volmer", "marcus_hush_chidsey"),
            "transfer_coefficient": ("butler_volmer",),
            "reorganization_energy": ("marcus_hush_chidsey",),
        }
        needed = {"k_c": ("> 0 m/s", 'k_c = "1e-5 m/s"'), "k0": (">= 0 m/s", 'k0 = "1e-9 m/s"'),
                  "reorganization_energy": ("> 0", 'reorganization_energy = "0.4 eV"')}  # fmt: skip
        for name, laws in owners.items():
            value = getattr(self, name)
            if value is not None and self.law not in laws:
                other = " or ".join(f'law = "{law}"' for law in laws)
                shown = value.model_dump() if isinstance(value, Section) else value
                raise InputError(name, shown, "absent", f"only the {laws[0]} law has it: {other}")
            if value is None and self.law in laws and name in needed:
                allowed, example = needed[name]
                raise InputError(name, None, allowed, f"the {self.law} law needs it: {example}")
        if self.reorganization_energy == 0.0:
            raise InputError("reorganization_energy", 0.0, "> 0", 'give for example "0.4 eV"')
        return self
