"""Sections of a scenario that describe the particle: material, specimen, contacts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, model_validator

from lto_sim.errors import InputError
from lto_sim.materials import load_material
from lto_sim.scenario.quantities import (
    Coordinate,
    Diffusivity,
    Fraction,
    Length,
    MolarEnergy,
    Potential,
    Temperature,
    Velocity,
)
from lto_sim.scenario.section import Section

__all__ = [
    "ConstantWindowsSpec",
    "ContactSpec",
    "DiffusivitySpec",
    "MaterialSpec",
    "OutlineSpec",
    "RadialSpec",
    "RectangleSpec",
    "RegularSolutionWindowsSpec",
    "SlabSpec",
    "SpecimenSpec",
    "VelocitySpec",
    "WhereSpec",
    "WindowsSpec",
]


class DiffusivitySpec(Section):
    """Activated diffusivity."""

    at: Diffusivity = Field(description="Value at the reference temperature [m2 s-1]")
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(description="Activation energy [J mol-1]; text in eV or kJ/mol is welcome")


class VelocitySpec(Section):
    """Activated interface rate constant."""

    at: Velocity = Field(description="Value at the reference temperature [m s-1]")
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(default=0.0, description="Activation energy [J mol-1]")


class ConstantWindowsSpec(Section):
    """Gap edges that do not depend on temperature."""

    model: Literal["constant"] = "constant"
    x4: Fraction = Field(default=0.05, description="Edge of the lithium-poor phase [li fraction]")
    x7: Fraction = Field(default=0.95, description="Edge of the lithium-rich phase [li fraction]")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.x7 >= 1.0:
            raise InputError("x7", self.x7, "above x4 and below 1", "give for example 0.95")
        if not 0.0 < self.x4 < self.x7:
            raise InputError(
                "x4",
                self.x4,
                f"0 < x4 < x7 = {self.x7:g} < 1",
                "the lithium-poor edge lies below the rich one",
            )
        return self


class RegularSolutionWindowsSpec(Section):
    """Gap edges of a symmetric regular solution."""

    model: Literal["regular_solution"]


WindowsSpec = Annotated[ConstantWindowsSpec | RegularSolutionWindowsSpec, Discriminator("model")]


class MaterialSpec(Section):
    """A material of the package, with overrides; what is left out comes from its data file."""

    name: Literal["lto"] = Field(default="lto", description="Material of the package")
    D_Li4: DiffusivitySpec = Field(description="Chemical diffusivity of Li4Ti5O12")
    D_Li7: DiffusivitySpec = Field(description="Chemical diffusivity of Li7Ti5O12")
    windows: WindowsSpec = Field(description="Edges of the miscibility gap")
    plateau: Potential = Field(description="Plateau potential [V] against In-Li")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"name": data}
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        base = load_material(str(filled.setdefault("name", "lto")))
        for key, phase in (("D_Li4", base.poor), ("D_Li7", base.rich)):
            default = {
                "at": phase.diffusivity.at,
                "reference": phase.diffusivity.reference,
                "Ea": phase.diffusivity.activation_energy,
            }
            given = filled.get(key, {})
            filled[key] = {**default, **given} if isinstance(given, dict) else given
        windows = filled.get("windows", "constant")
        if isinstance(windows, str):
            windows = {"model": windows}
        if isinstance(windows, dict):
            windows = {"model": "constant", **windows}
        filled["windows"] = windows
        filled.setdefault("plateau", base.plateau_potential)
        return filled


class RectangleSpec(Section):
    """Rectangle in the image plane."""

    shape: Literal["rectangle"]
    width: Length = Field(description="Extent along x [m]")
    height: Length = Field(description="Extent along y [m]")


class SlabSpec(Section):
    """One-dimensional body along x."""

    shape: Literal["slab"]
    length: Length = Field(description="Extent along x [m]")
    height: Length = Field(default=1e-6, description="Extent along y [m]; scales volumes and currents only")


class RadialSpec(Section):
    """Cylinder (axis through the thickness) or sphere, fed at its outer surface."""

    shape: Literal["cylinder", "sphere"]
    radius: Length = Field(description="Outer radius [m]")


OutlineSpec = Annotated[RectangleSpec | SlabSpec | RadialSpec, Discriminator("shape")]


class SpecimenSpec(Section):
    """The particle."""

    outline: OutlineSpec = Field(description="The body in the image plane")
    thickness: Length = Field(default=150e-9, description="Thickness of the lamella [m]")
    cell: Length = Field(default=20e-9, description="Largest in-plane cell [m]; 5 to 20 nm is usual")
    layers: int = Field(default=1, ge=1, le=1000, description="Cells through the whole thickness")
    symmetry: bool = Field(default=False, description="Compute half the thickness; output is mirrored")


class WhereSpec(Section):
    """Stretch of the outline."""

    side: Literal["left", "right", "top", "bottom", "outer"] = Field(description="Side of the outline")
    start: Coordinate | None = Field(default=None, alias="from", description="Start along the side [m]")
    end: Coordinate | None = Field(default=None, alias="to", description="End along the side [m]")


class ContactSpec(Section):
    """Where the particle touches the solid electrolyte, and the law there."""

    where: WhereSpec = Field(description="Stretch of the outline")
    law: Literal["equilibrium", "linear"] = Field(
        default="equilibrium", description="surface held, or flux = k_c dc (w_contact - w_surface)"
    )
    k_c: Velocity | VelocitySpec | None = Field(
        default=None, description="Rate constant of the linear law [m s-1], or with an activation energy"
    )

    @model_validator(mode="after")
    def _law_and_constant(self) -> Self:
        if self.law == "linear" and self.k_c is None:
            raise InputError("k_c", None, "> 0 m/s", 'the linear law needs it: k_c = "1e-5 m/s"')
        if self.law == "equilibrium" and self.k_c is not None:
            raise InputError("k_c", self.k_c, "absent", 'only the linear law has it: law = "linear"')
        return self
