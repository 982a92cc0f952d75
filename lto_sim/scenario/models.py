"""The scenario: a frozen, validated description of one simulated experiment.

Unknown keys are refused; `lto-sim schema` lists every key, unit, default and range. A parameter is named by
its path (``material.D_Li4.Ea``, ``contacts.lps.k_c``, ``drive.0.hold``) everywhere.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lto_sim.errors import InputError
from lto_sim.scenario import parse
from lto_sim.scenario.checks import check_feeds, check_names, check_one_dimensional, check_profile
from lto_sim.scenario.contact import ContactSpec
from lto_sim.scenario.drive import DriveSpec, ElementaryStep, elementary_steps
from lto_sim.scenario.experiment import (
    BeamDamageSpec,
    MapsSpec,
    NumericsSpec,
    OutputSpec,
    ProfileSpec,
    ScanSpec,
)
from lto_sim.scenario.material import MaterialSpec, fill_schema
from lto_sim.scenario.particle import SpecimenSpec
from lto_sim.scenario.quantities import Fraction, Temperature
from lto_sim.scenario.section import Section, ShortForm
from lto_sim.scenario.surface import GrainBoundarySpec, SurfaceSpec

__all__ = ["Scenario"]


class Scenario(Section):
    """One simulated experiment.

    Made by :meth:`from_toml` or :meth:`from_dict`, changed by :meth:`with_values`; ``lto-sim schema`` lists
    every key with unit, default and range.

    Raises
    ------
    InputError
        A value outside its range, an unknown key, keys that contradict each other.
    """

    schema_version: Literal[1] = Field(default=1, description="Version of these keys")
    title: str = Field(default="", description="Free text")
    material: Annotated[MaterialSpec, ShortForm({"enum": ["lto"]})] = Field(
        description="Host material: its name, or a table with what differs from its data file"
    )
    temperature: Temperature = Field(description="Temperature [K]", examples=["30 degC"])
    initial: Fraction | tuple[Any, ...] | str = Field(
        description="Li fraction at the start: number, array as nested lists (y, x) or (x), or .npy file",
        examples=[1.0],
    )
    specimen: SpecimenSpec = Field(description="The particle")
    surface: SurfaceSpec | None = Field(default=None, description="Conducting surfaces")
    grain_boundaries: dict[str, GrainBoundarySpec] = Field(default={}, description="Named grain boundaries")
    contacts: dict[str, ContactSpec] = Field(description="Named contacts")
    drive: tuple[DriveSpec, ...] = Field(description="Steps, one after another")
    output: OutputSpec = Field(default_factory=OutputSpec, description="What is kept")
    beam_damage: BeamDamageSpec | None = Field(default=None, description="Damage by the beam; default: none")
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
        check_names("contacts", self.contacts)
        check_names("grain_boundaries", self.grain_boundaries)
        if not self.drive:
            raise InputError("drive", (), "at least one step", 'add [[drive]] with hold = "1.6 V"')
        for step in elementary_steps(self.drive):
            if step.frame_period is not None and self.scan is None:
                raise InputError(
                    f"{step.path}.frame_period", step.frame_period, "absent without a scan", "add [scan]"
                )
        check_one_dimensional(self.specimen, self.contacts, self.surface, self.grain_boundaries)
        check_feeds(self.contacts, self.surface, self.grain_boundaries)
        for number, line in enumerate(self.profile):
            check_profile(f"profile.{number}", line, self.specimen.outline.box)
        return self

    @classmethod
    def from_dict(cls, mapping: dict[str, Any]) -> Scenario:
        """Build a scenario from a `mapping` with the keys of a scenario file.

        Raises
        ------
        InputError
            Unknown key, wrong dimension, value outside its range, or keys that contradict each other.
        """
        return parse.validated(cls, mapping)

    @classmethod
    def from_toml(cls, path: str | Path) -> Scenario:
        """Read the scenario file `path`.

        Raises
        ------
        InputError
            No such file, no TOML, or a scenario that cannot be used.
        """
        return cls.from_dict(parse.read_toml(Path(path)))

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """JSON schema of a scenario file: of pydantic, with what the data file of the material fills in.

        Parameters
        ----------
        *args, **options : As of pydantic.

        Returns
        -------
        dict
            The schema, JSON Schema draft 2020-12.
        """
        schema = super().model_json_schema(*args, **options)
        fill_schema(schema["$defs"])
        return schema

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included, in SI; `from_dict` gives the scenario back."""
        values: dict[str, Any] = parse.plain(self.model_dump(mode="python", by_alias=True, exclude_none=True))
        return values

    def to_toml(self) -> str:
        """The complete scenario as TOML text, in SI."""
        return parse.to_toml(self.to_dict())

    def with_values(self, values: dict[str, Any]) -> Scenario:
        """Return a copy with `values` set by path, for example ``{"material.D_Li4.Ea": "0.5 eV"}``."""
        return type(self).from_dict(parse.set_paths(self.to_dict(), values))

    @property
    def steps(self) -> tuple[ElementaryStep, ...]:
        """The drive, every group of it written out."""
        return elementary_steps(self.drive)

    @property
    def duration(self) -> float:
        """Longest possible run time [s]: the sum of the steps'; infinite where no time ends one of them."""
        return math.fsum(step.longest for step in self.steps)

    def initial_composition(self, shape: tuple[int, int, int]) -> NDArray[np.float64]:
        """Li fraction at the start on cells of `shape` (nz, ny, nx).

        Raises
        ------
        InputError
            A file that cannot be read, the wrong shape, or values outside [0, 1].
        """
        return parse.initial_array(self.initial, shape)
