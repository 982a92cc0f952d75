"""The material of a scenario, and its quantities with an activation energy."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, model_validator

from lto_sim.errors import InputError
from lto_sim.materials import load_material
from lto_sim.scenario.quantities import (
    AreaResistance,
    Conductance,
    Diffusivity,
    Fraction,
    InterfaceResistance,
    MolarEnergy,
    Potential,
    PotentialPair,
    Temperature,
    Velocity,
    VelocityOrZero,
)
from lto_sim.scenario.section import Section, ShortForm

__all__ = [
    "AreaResistanceSpec",
    "ConductanceSpec",
    "ConstantWindowsSpec",
    "DiffusivitySpec",
    "MaterialSpec",
    "ReactionRateSpec",
    "RegularSolutionWindowsSpec",
    "ResistanceSpec",
    "VelocitySpec",
    "WindowsSpec",
    "fill_schema",
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


class ReactionRateSpec(Section):
    """Activated rate constant of an interface reaction."""

    at: VelocityOrZero = Field(
        description="k0 at the reference temperature [m s-1], i0 = F k0 dc sqrt(x (1 - x)); 0: blocked"
    )
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(default=0.0, description="Activation energy [J mol-1]")


class AreaResistanceSpec(Section):
    """Activated resistance of an area that a current crosses."""

    at: AreaResistance = Field(description="Value at the reference temperature [ohm m2]; 0: none")
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(
        default=0.0,
        description="Activation energy [J mol-1]; positive: the resistance falls with temperature",
    )


class ConductanceSpec(Section):
    """Activated conductance of a thin layer: thickness times diffusivity, the one number that matters."""

    at: Conductance = Field(
        description="delta*D at the reference temperature [m3 s-1]; 0: the layer conducts nothing"
    )
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(description="Activation energy [J mol-1]; text in eV or kJ/mol is welcome")


class ResistanceSpec(Section):
    """Activated resistance of an interface to flux across it."""

    at: InterfaceResistance = Field(
        description="Jump of the excess over flux density / dc, at the reference temperature [s m-1]; 0: none"
    )
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(
        default=0.0,
        description="Activation energy [J mol-1]; positive: the resistance falls with temperature",
    )


class ConstantWindowsSpec(Section):
    """Gap edges that do not depend on temperature."""

    model: Literal["constant"] = Field(default="constant", description="The same edges at any temperature")
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

    model: Literal["regular_solution"] = Field(
        description="Edges of a regular solution fitted to calorimetry: they close in with temperature"
    )


WindowsSpec = Annotated[ConstantWindowsSpec | RegularSolutionWindowsSpec, Discriminator("model")]


class MaterialSpec(Section):
    """A material of the package, with overrides; what is left out comes from its data file."""

    name: Literal["lto"] = Field(default="lto", description="Material of the package")
    D_Li4: DiffusivitySpec = Field(description="Chemical diffusivity of Li4Ti5O12")
    D_Li7: DiffusivitySpec = Field(description="Chemical diffusivity of Li7Ti5O12")
    windows: Annotated[WindowsSpec, ShortForm({"enum": ["constant", "regular_solution"]})] = Field(
        description="Edges of the miscibility gap: a table, or the name of its model"
    )
    plateau: Potential = Field(description="Plateau potential [V] against In-Li", examples=["0.95 V"])
    potential_window: PotentialPair = Field(
        description="Potentials [V] against In-Li between which the two-phase picture holds; a drive that "
        "leaves them warns",
        examples=[["0 V", "2 V"]],
    )

    @model_validator(mode="after")
    def _window_holds_the_plateau(self) -> Self:
        low, high = self.potential_window
        if not low < self.plateau < high:
            raise InputError(
                "potential_window",
                (low, high),
                f"a pair around the plateau at {self.plateau:g} V",
                "widen it",
            )
        return self

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
        filled.setdefault("potential_window", list(base.potential_window))
        return filled


def fill_schema(definitions: dict[str, Any]) -> None:
    """Let the schema of a material require nothing, and name its defaults: those of the data file.

    Parameters
    ----------
    definitions : ``$defs`` of the schema of a scenario, changed in place.
    """
    table = definitions[MaterialSpec.__name__]
    del table["required"]
    keys, base = table["properties"], MaterialSpec.model_validate("lto").model_dump(mode="json")
    for key in ("windows", "plateau", "potential_window"):
        keys[key]["default"] = base[key]
    for key in ("D_Li4", "D_Li7"):
        whole = definitions[DiffusivitySpec.__name__]
        parts = {name: {**part, "default": base[key][name]} for name, part in whole["properties"].items()}
        described = {"properties": parts, "description": keys[key]["description"]}
        keys[key] = {name: part for name, part in whole.items() if name != "required"} | described
