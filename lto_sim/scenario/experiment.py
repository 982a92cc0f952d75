"""Sections of a scenario that describe what is done and recorded: output, scan, profiles, numerics."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from lto_sim.errors import InputError
from lto_sim.scenario.quantities import (
    Coordinate,
    Dose,
    DoseRate,
    Length,
    NonNegativeFraction,
    PotentialChange,
    ProbeWidth,
    Share,
    Time,
    TimeOrZero,
)
from lto_sim.scenario.section import Section

__all__ = [
    "BeamDamageSpec",
    "MapsSpec",
    "NumericsSpec",
    "OutputSpec",
    "ProfileSpec",
    "ScanSpec",
]


class OutputSpec(Section):
    """What is kept."""

    every: Time | None = Field(
        default=None,
        description="Interval of saved states [s]; default: 100, or max_states - 1, to the end",
        examples=["1.5 s"],
    )
    max_states: int = Field(default=200, ge=2, description="Most saved states")
    current_every: Time | None = Field(
        default=None,
        description="Interval of current and potential [s]; default a thousandth, finer after each change",
        examples=["0.1 s"],
    )
    restart: Literal["all", "last", "none"] = Field(
        default="all", description="Which saved states a run can be continued from"
    )


class ScanSpec(Section):
    """The scan of the probe: composition is recorded at each pixel's own time."""

    frame_time: Time = Field(default=1.5, description="Time for one frame [s]", examples=["1.5 s"])
    period: Time | None = Field(
        default=None,
        description="Start to start of recorded frames [s]; default frame_time",
        examples=["5 s"],
    )
    pixels: tuple[int, int] = Field(default=(64, 48), description="Pixels (x, y)")
    order: Literal["rows", "columns"] = Field(default="rows", description="Fast axis: along rows or columns")
    flyback: TimeOrZero = Field(
        default=0.0, description="Dead time at each line's end [s], within frame_time", examples=["1 ms"]
    )
    restart: bool = Field(default=False, description="Begin a new frame with every step of the drive")

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

    @property
    def dwell(self) -> float:
        """Time for one pixel [s]."""
        points, lines = self.pixels if self.order == "rows" else self.pixels[::-1]
        return float((self.frame_time / lines - self.flyback) / points)


class ProfileSpec(Section):
    """Line along which a front is tracked, from the contact inwards."""

    start: tuple[Coordinate, Coordinate] = Field(
        description="(x, y) [m] on the contact", examples=[["0 um", "0.75 um"]]
    )
    end: tuple[Coordinate, Coordinate] = Field(
        description="(x, y) [m] inside", examples=[["1.2 um", "0.75 um"]]
    )
    width: Length = Field(description="Width of the averaged strip [m]", examples=["200 nm"])


class MapsSpec(Section):
    """What the microscope does to the maps, in terms of li fraction."""

    noise: NonNegativeFraction = Field(
        default=0.2, description="Standard deviation of one pixel [li fraction]"
    )
    probe_fwhm: ProbeWidth = Field(
        default=1e-9, description="Full width at half maximum of the probe [m]", examples=["1 nm"]
    )


class BeamDamageSpec(Section):
    """What the electron beam does to transport: every diffusivity falls with the dose received."""

    dose_rate: DoseRate = Field(
        description="Dose rate, mean over the particle and the run [electrons m-2 s-1]; text in e/A^2/s"
    )
    dose: Dose = Field(
        description="Dose [electrons m-2] after which they and the conductances are 1/e; text in e/A^2"
    )


class NumericsSpec(Section):
    """Solver settings; the defaults are meant to be left alone."""

    engine: Literal["native", "fipy", "gpu"] = Field(
        default="native", description="Solver; fipy: independent check; gpu: needs the extra [gpu]"
    )
    stepper: Literal["implicit", "super_time_stepping"] = Field(
        default="implicit", description="Stepping method of the native engine"
    )
    time_order: Literal[1, 2] = Field(
        default=2, description="Order in time of the implicit method: Euler, or two stages"
    )
    front_fraction: Share = Field(
        default=0.5, description="Fraction of a cell that a front crosses in a step"
    )
    change_fraction: Share = Field(
        default=0.2, description="Change of w in a step, as fraction of the largest excess of the problem"
    )
    tolerance: Share = Field(default=1e-13, description="Largest residual of a step [li fraction]")
    potential_step: PotentialChange = Field(
        default=0.005, description="Largest change of a swept potential in a step [V]", examples=["5 mV"]
    )
    max_steps: int = Field(default=1_000_000, ge=1, description="Most steps of a run")
