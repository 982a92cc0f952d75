"""The scenario: a frozen, validated description of one simulated experiment.

Unknown keys are refused; `lto-sim schema` lists every key, unit, default and range. A parameter is named by
its path (``material.D_Li4.Ea``, ``contacts.lps.k_c``, ``drive.0.hold``) everywhere.
"""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Discriminator, Field, field_validator, model_validator

from lto_sim.errors import InputError
from lto_sim.materials import load_material
from lto_sim.scenario import parse
from lto_sim.scenario.quantities import (
    Coordinate,
    Diffusivity,
    Fraction,
    Length,
    MolarEnergy,
    NonNegativeFraction,
    Potential,
    ProbeWidth,
    Share,
    Temperature,
    Time,
    TimeOrZero,
    Velocity,
)

__all__ = [
    "ContactSpec",
    "DriveSpec",
    "MapsSpec",
    "MaterialSpec",
    "NumericsSpec",
    "OutputSpec",
    "ProfileSpec",
    "ScanSpec",
    "Scenario",
    "SpecimenSpec",
]


class _Spec(BaseModel):
    """Frozen, closed, and with a hint where a key is misspelt."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known and key not in cls.model_fields:
                    near = difflib.get_close_matches(str(key), known, n=1)
                    remedy = f"did you mean {near[0]}?" if near else "remove the key"
                    raise InputError(str(key), data[key], "one of the keys " + ", ".join(known), remedy)
        return data


class DiffusivitySpec(_Spec):
    """Activated diffusivity."""

    at: Diffusivity = Field(description="Value at the reference temperature [m2 s-1]")
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(description="Activation energy [J mol-1]; text in eV or kJ/mol is welcome")


class VelocitySpec(_Spec):
    """Activated interface rate constant."""

    at: Velocity = Field(description="Value at the reference temperature [m s-1]")
    reference: Temperature = Field(description="Reference temperature [K]")
    Ea: MolarEnergy = Field(default=0.0, description="Activation energy [J mol-1]")


class ConstantWindowsSpec(_Spec):
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


class RegularSolutionWindowsSpec(_Spec):
    """Gap edges of a symmetric regular solution."""

    model: Literal["regular_solution"]


WindowsSpec = Annotated[ConstantWindowsSpec | RegularSolutionWindowsSpec, Discriminator("model")]


class MaterialSpec(_Spec):
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


class RectangleSpec(_Spec):
    """Rectangle in the image plane."""

    shape: Literal["rectangle"]
    width: Length = Field(description="Extent along x [m]")
    height: Length = Field(description="Extent along y [m]")


class SlabSpec(_Spec):
    """One-dimensional body along x."""

    shape: Literal["slab"]
    length: Length = Field(description="Extent along x [m]")
    height: Length = Field(default=1e-6, description="Extent along y [m]; scales volumes and currents only")


class RadialSpec(_Spec):
    """Cylinder (axis through the thickness) or sphere, fed at its outer surface."""

    shape: Literal["cylinder", "sphere"]
    radius: Length = Field(description="Outer radius [m]")


OutlineSpec = Annotated[RectangleSpec | SlabSpec | RadialSpec, Discriminator("shape")]


class SpecimenSpec(_Spec):
    """The particle."""

    outline: OutlineSpec = Field(description="The body in the image plane")
    thickness: Length = Field(default=150e-9, description="Thickness of the lamella [m]")
    cell: Length = Field(default=20e-9, description="Largest in-plane cell [m]; 5 to 20 nm is usual")
    layers: int = Field(default=1, ge=1, le=1000, description="Cells through the whole thickness")
    symmetry: bool = Field(default=False, description="Compute half the thickness; output is mirrored")


class WhereSpec(_Spec):
    """Stretch of the outline."""

    side: Literal["left", "right", "top", "bottom", "outer"] = Field(description="Side of the outline")
    start: Coordinate | None = Field(default=None, alias="from", description="Start along the side [m]")
    end: Coordinate | None = Field(default=None, alias="to", description="End along the side [m]")


class ContactSpec(_Spec):
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


class UntilSpec(_Spec):
    """End of a drive step."""

    time: Time = Field(description="Duration of the step [s]")
    li_fraction: Fraction | None = Field(
        default=None, description="End earlier when the mean li fraction crosses this value"
    )


class DriveSpec(_Spec):
    """One step of the drive."""

    hold: Potential = Field(description="Potential against In-Li [V]")
    until: UntilSpec = Field(description="When the step ends")
    temperature: Temperature | None = Field(default=None, description="Temperature of this step [K]")


class OutputSpec(_Spec):
    """What is kept."""

    every: Time | None = Field(default=None, description="Interval of saved states [s]; default a hundredth")
    max_states: int = Field(default=200, ge=2, description="Most saved states")
    current_every: Time | None = Field(
        default=None, description="Interval of current [s]; default a thousandth"
    )


class ScanSpec(_Spec):
    """The scan of the probe: composition is recorded at each pixel's own time."""

    frame_time: Time = Field(default=1.5, description="Time for one frame [s]")
    period: Time | None = Field(
        default=None, description="Start to start of recorded frames [s]; default frame_time"
    )
    pixels: tuple[int, int] = Field(default=(64, 48), description="Pixels (x, y)")
    order: Literal["rows", "columns"] = Field(default="rows", description="Fast axis: along rows or columns")
    flyback: TimeOrZero = Field(
        default=0.0, description="Dead time at each line's end [s], within frame_time"
    )

    @field_validator("pixels")
    @classmethod
    def _enough_pixels(cls, value: tuple[int, int]) -> tuple[int, int]:
        if min(value) < 1 or max(value) > 4096:
            raise InputError("", value, "1 to 4096 a side", "give pixels = [64, 48]")
        return value

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.period is not None and self.period < self.frame_time * (1.0 - 1e-9):
            raise InputError(
                "period", self.period, f">= frame_time = {self.frame_time:g} s", "lengthen the period"
            )
        lines = self.pixels[1] if self.order == "rows" else self.pixels[0]
        if self.flyback * lines >= self.frame_time:
            limit = self.frame_time / lines
            raise InputError(
                "flyback", self.flyback, f"< {limit:g} s a line", "shorten it or lengthen frame_time"
            )
        return self


class ProfileSpec(_Spec):
    """Line along which a front is tracked, from the contact inwards."""

    start: tuple[Coordinate, Coordinate] = Field(description="(x, y) [m] on the contact")
    end: tuple[Coordinate, Coordinate] = Field(description="(x, y) [m] inside")
    width: Length = Field(description="Width of the averaged strip [m]")


class MapsSpec(_Spec):
    """What the microscope does to the maps, in terms of li fraction."""

    noise: NonNegativeFraction = Field(
        default=0.2, description="Standard deviation of one pixel [li fraction]"
    )
    probe_fwhm: ProbeWidth = Field(default=1e-9, description="Full width at half maximum of the probe [m]")


class NumericsSpec(_Spec):
    """Solver settings; the defaults are meant to be left alone."""

    engine: Literal["native"] = Field(default="native", description="Solver")
    stepper: Literal["implicit"] = Field(default="implicit", description="Stepping method")
    front_fraction: Share = Field(default=0.25, description="Part of a cell that a front crosses in a step")
    change_fraction: Share = Field(
        default=0.1, description="Change of w in a step, as part of the largest excess of the problem"
    )
    tolerance: Share = Field(default=1e-13, description="Largest residual of a step [li fraction]")
    max_steps: int = Field(default=1_000_000, ge=1, description="Most steps of a run")


class Scenario(_Spec):
    """One simulated experiment."""

    schema_version: Literal[1] = Field(default=1, description="Version of these keys")
    title: str = Field(default="", description="Free text")
    material: MaterialSpec = Field(description="Host material")
    temperature: Temperature = Field(description="Temperature [K]")
    initial: Fraction | tuple[Any, ...] | str = Field(
        description="Li fraction at the start: number, array as nested lists (y, x) or (x), or .npy file"
    )
    specimen: SpecimenSpec = Field(description="The particle")
    contacts: dict[str, ContactSpec] = Field(description="Named contacts")
    drive: tuple[DriveSpec, ...] = Field(description="Steps, one after another")
    output: OutputSpec = Field(default_factory=OutputSpec, description="What is kept")
    scan: ScanSpec | None = Field(default=None, description="Recorded frames")
    profile: tuple[ProfileSpec, ...] = Field(default=(), description="Where fronts are tracked")
    maps: MapsSpec = Field(default_factory=MapsSpec, description="Rendering of maps")
    numerics: NumericsSpec = Field(default_factory=NumericsSpec, description="Solver settings")
    seed: int = Field(default=0, ge=0, description="Seed of every random draw")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.contacts:
            raise InputError(
                "contacts", {}, "at least one contact", 'add [contacts.lps] with where = { side = "left" }'
            )
        if not self.drive:
            raise InputError("drive", (), "at least one step", 'add [[drive]] with hold = "1.6 V"')
        for number, line in enumerate(self.profile):
            self._check_profile(f"profile.{number}", line)
        return self

    def _check_profile(self, field: str, line: ProfileSpec) -> None:
        outline = self.specimen.outline
        if line.start == line.end:
            raise InputError(
                f"{field}.end", line.end, "a point other than start", "move it into the particle"
            )
        if isinstance(outline, RectangleSpec):
            for name, (x, y) in (("start", line.start), ("end", line.end)):
                slack = 1e-9 * (outline.width + outline.height)  # of text converted into metres
                if not (-slack <= x <= outline.width + slack and -slack <= y <= outline.height + slack):
                    box = f"x from 0 to {outline.width:g} m, y from 0 to {outline.height:g} m"
                    raise InputError(f"{field}.{name}", (x, y), box, "keep the profile on the outline")

    @classmethod
    def from_dict(cls, mapping: dict[str, Any]) -> Scenario:
        """Build a scenario from a mapping with the keys of a scenario file.

        Raises
        ------
        InputError
            Unknown key, wrong dimension, value outside its range, or keys that contradict each other.
        """
        return parse.validated(cls, mapping)

    @classmethod
    def from_toml(cls, path: str | Path) -> Scenario:
        """Read a scenario file.

        Raises
        ------
        InputError
            No such file, no TOML, or a scenario that cannot be used.
        """
        return cls.from_dict(parse.read_toml(Path(path)))

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included, in SI; `from_dict` gives the scenario back."""
        values: dict[str, Any] = parse.plain(self.model_dump(mode="python", by_alias=True, exclude_none=True))
        return values

    def to_toml(self) -> str:
        """The complete scenario as TOML text, in SI."""
        return parse.to_toml(self.to_dict())

    def with_values(self, values: dict[str, Any]) -> Scenario:
        """Return a copy with values set by path, for example ``{"material.D_Li4.Ea": "0.5 eV"}``."""
        return type(self).from_dict(parse.set_paths(self.to_dict(), values))

    @property
    def duration(self) -> float:
        """Longest possible run time [s]: the sum of the steps'."""
        return math.fsum(step.until.time for step in self.drive)

    def initial_composition(self, shape: tuple[int, int, int]) -> NDArray[np.float64]:
        """Li fraction at the start on cells (nz, ny, nx).

        Raises
        ------
        InputError
            A file that cannot be read, the wrong shape, or values outside [0, 1].
        """
        return parse.initial_array(self.initial, shape)
