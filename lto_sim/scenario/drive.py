"""The drive: potentials held, currents, rests, sweeps, titrations, and any sequence of them.

One entry of ``[[drive]]`` is one step, or a group of steps in short form (``gitt``, ``pitt``, ``repeat``).
`elementary_steps` writes every group out; all that comes after knows elementary steps only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from lto_sim.errors import InputError
from lto_sim.scenario.quantities import (
    Current,
    Fraction,
    Number,
    Potential,
    SweepRate,
    Temperature,
    Time,
)
from lto_sim.scenario.section import Section, exactly_one, only_with

__all__ = [
    "DriveSpec",
    "ElementaryStep",
    "GittSpec",
    "Kind",
    "PittSpec",
    "RepeatSpec",
    "SweepSpec",
    "UntilSpec",
    "elementary_steps",
]

Kind = Literal["hold", "current", "c_rate", "rest", "sweep"]

_MOST_STEPS: Final = 10_000
_ENDS: Final = ("time", "li_fraction", "current", "potential")
_MEANINGLESS: Final = {
    "hold": ("potential",),
    "current": ("current",),
    "c_rate": ("current",),
    "rest": ("li_fraction", "current"),
    "sweep": ("potential",),
}
"""End conditions that a step of a kind sets itself or cannot change."""


class UntilSpec(Section):
    """End of a drive step: the first of these to come."""

    time: Time | None = Field(default=None, description="Duration of the step [s]")
    li_fraction: Fraction | None = Field(
        default=None, description="End when the mean li fraction crosses this value", examples=[0.5]
    )
    current: Current | None = Field(
        default=None,
        description="End of a hold or sweep when |current| has fallen below this value [A]",
        examples=["10 pA"],
    )
    potential: Potential | None = Field(
        default=None,
        description="End of a current or a rest when the potential crosses this value [V]",
        examples=["1.3 V"],
    )

    @model_validator(mode="after")
    def _some_current(self) -> Self:
        if self.current is not None and self.current <= 0.0:
            raise InputError("current", self.current, "> 0 A", "it is compared with |current|")
        return self

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the conditions that are given."""
        return tuple(name for name in _ENDS if getattr(self, name) is not None)


class SweepSpec(Section):
    """A potential that changes evenly, as in cyclic voltammetry."""

    start: Potential | None = Field(
        default=None,
        alias="from",
        description="Potential at the start [V]; default: where the step before ended",
        examples=["1.6 V"],
    )
    end: Potential = Field(alias="to", description="Potential at the end [V]", examples=["0.4 V"])
    rate: SweepRate = Field(description="Sweep rate, positive either way [V s-1]", examples=["50 mV/s"])

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.start == self.end:
            raise InputError("to", self.end, "another potential than from", "use hold to stay at one")
        return self


class GittSpec(Section):
    """Galvanostatic intermittent titration: pulses of current, each followed by a rest."""

    current: Current = Field(description="Current of the pulses [A], extraction > 0", examples=["5 pA"])
    pulse: Time = Field(description="Duration of a pulse [s]", examples=["10 s"])
    rest: Time = Field(description="Duration of a rest [s]", examples=["60 s"])
    pulses: int = Field(ge=1, le=_MOST_STEPS // 2, description="Number of pulses", examples=[20])
    potential: Potential | None = Field(
        default=None,
        description="The titration ends with a pulse that crosses this value [V]",
        examples=["1.3 V"],
    )

    @model_validator(mode="after")
    def _some_current(self) -> Self:
        _refuse_zero(self.current, "current")
        return self


class PittSpec(Section):
    """Potentiostatic intermittent titration: a staircase of held potentials."""

    start: Potential = Field(alias="from", description="First potential [V]", examples=["0.9 V"])
    end: Potential = Field(alias="to", description="Last potential [V]", examples=["1.2 V"])
    step: Potential = Field(description="Height of a step [V], its sign does not matter", examples=["10 mV"])
    until: UntilSpec = Field(description="When each potential is left")

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        if self.start == self.end:
            raise InputError("to", self.end, "another potential than from", "use hold to stay at one")
        if not set(self.until.given) & {"time", "li_fraction", "current"}:
            raise InputError(
                "until", self.until.given, "time, li_fraction or current", "say when a step ends"
            )
        if "potential" in self.until.given:
            raise InputError("until.potential", self.until.potential, "absent", "each potential is held")
        if self.step == 0.0:
            raise InputError("step", self.step, "other than 0 V", 'give for example "10 mV"')
        if abs(self.end - self.start) / abs(self.step) > _MOST_STEPS:
            raise InputError("step", self.step, f"at most {_MOST_STEPS} steps", "take larger steps")
        return self


def _listed_steps(value: object) -> object:
    """A list, so that one table in place of a list of tables is named as what it is."""
    if isinstance(value, dict):
        raise InputError("", value, "a list of steps", 'write steps = [{ hold = "1.6 V", ... }]')
    return value


class RepeatSpec(Section):
    """A sequence of steps, several times over."""

    times: int = Field(ge=1, le=_MOST_STEPS, description="How often", examples=[3])
    steps: Annotated[tuple[DriveSpec, ...], BeforeValidator(_listed_steps)] = Field(
        description="Steps, as in [[drive]]", examples=[[{"hold": "1.6 V", "until": {"time": "60 s"}}]]
    )

    @model_validator(mode="after")
    def _some_steps(self) -> Self:
        if not self.steps:
            raise InputError("steps", (), "at least one step", 'add { hold = "1.6 V", until = {...} }')
        return self


class DriveSpec(Section):
    """One step of the drive, or a group of steps: exactly one of the first eight keys."""

    hold: Potential | None = Field(default=None, description="Potential held, against In-Li [V]")
    current: Current | None = Field(
        default=None, description="Total current [A], extraction > 0, shared by all contacts"
    )
    c_rate: Number | None = Field(
        default=None, description="Current in capacities an hour [1/h], extraction > 0", examples=[10]
    )
    rest: Literal[True] | None = Field(default=None, description="No current (true)")
    sweep: SweepSpec | None = Field(default=None, description="Potential that changes evenly")
    gitt: GittSpec | None = Field(default=None, description="Current pulses and rests")
    pitt: PittSpec | None = Field(default=None, description="Staircase of potentials")
    repeat: RepeatSpec | None = Field(default=None, description="Steps several times over")
    until: UntilSpec | None = Field(default=None, description="When the step ends")
    temperature: Temperature | None = Field(default=None, description="Temperature of this step [K]")
    frame_period: Time | None = Field(
        default=None,
        description="Start to start of recorded frames in this step [s]; default: scan.period",
        examples=["5 s"],
    )

    @property
    def kind(self) -> str:
        """Which of the keys says what is done."""
        keys = ("hold", "current", "c_rate", "rest", "sweep", "gitt", "pitt", "repeat")
        return exactly_one(self, keys, 'hold = "1.6 V", or current = "-2 pA", or rest = true')

    @model_validator(mode="after")
    def _complete(self) -> Self:
        kind = self.kind
        group = kind in {"gitt", "pitt", "repeat"}
        only_with(self, {"until": "until"}, not group, "hold, current, c_rate, rest or sweep")
        if group:
            return self
        until = self.until or UntilSpec()
        if kind == "rest" and until.time is None:
            raise InputError(
                "until.time", None, "> 0 s", 'a rest needs a duration: until = { time = "60 s" }'
            )
        for name in _MEANINGLESS[kind]:
            if name in until.given:
                other = ", ".join(end for end in _ENDS if end not in _MEANINGLESS[kind])
                raise InputError(
                    f"until.{name}",
                    getattr(until, name),
                    f"for a {kind}: {other}",
                    "that never ends the step",
                )
        if not until.given and kind != "sweep":
            raise InputError("until", None, "a table", 'say when the step ends: until = { time = "60 s" }')
        if kind in {"current", "c_rate"}:
            _refuse_zero(self.current if kind == "current" else self.c_rate, kind)
        return self


def _refuse_zero(value: float | None, field: str) -> None:
    if value == 0.0:
        raise InputError(field, value, "other than 0", "use rest = true for no current")


@dataclass(frozen=True)
class ElementaryStep:
    """One thing that is done until a condition ends it.

    Parameters
    ----------
    path : Where it stands in the scenario; the steps of a group share their entry's path.
    kind : hold, current, c_rate, rest or sweep.
    value : Potential [V], current [A], capacities an hour [1/h], or nothing; of a sweep its end [V].
    until : When it ends.
    temperature : Temperature [K]; None: that of the scenario.
    frame_period : Start to start of recorded frames [s]; None: that of the scan.
    sweep_start, sweep_rate : Of a sweep [V], [V s-1]; start None: where the step before ended.
    group : Number of the titration it belongs to, which its potential ends as a whole; -1: none.
    """

    path: str
    kind: Kind
    value: float
    until: UntilSpec
    temperature: float | None = None
    frame_period: float | None = None
    sweep_start: float | None = None
    sweep_rate: float = 0.0
    group: int = -1

    @property
    def longest(self) -> float:
        """Longest time that it lasts [s]; infinite where it depends on the particle."""
        own = math.inf
        if self.kind == "sweep" and self.sweep_start is not None:
            own = abs(self.value - self.sweep_start) / self.sweep_rate
        return own if self.until.time is None else min(own, self.until.time)


def elementary_steps(drive: Sequence[DriveSpec], path: str = "drive") -> tuple[ElementaryStep, ...]:
    """Write every group of a drive out, in order.

    Raises
    ------
    InputError
        More than 10 000 steps, a sweep without a start where none is known, or one that does not move.
    """
    steps: list[ElementaryStep] = []
    for step in _walk(drive, path, None, None, count()):
        if len(steps) >= _MOST_STEPS:
            raise InputError(path, f"more than {_MOST_STEPS} steps", f"<= {_MOST_STEPS}", "repeat less often")
        steps.append(step)
    return tuple(_connected(steps))


def _walk(
    drive: Sequence[DriveSpec], path: str, temperature: float | None, period: float | None, groups: count[int]
) -> Iterator[ElementaryStep]:
    for number, spec in enumerate(drive):
        here = f"{path}.{number}"
        heat = temperature if spec.temperature is None else spec.temperature
        frames = period if spec.frame_period is None else spec.frame_period
        if spec.repeat is not None:
            for _ in range(spec.repeat.times):
                yield from _walk(spec.repeat.steps, f"{here}.repeat.steps", heat, frames, groups)
        else:
            for step in _expand(spec, here, groups):
                yield replace(step, temperature=heat, frame_period=frames)


def _expand(spec: DriveSpec, path: str, groups: count[int]) -> Iterator[ElementaryStep]:
    until = spec.until or UntilSpec()
    if spec.gitt is not None:
        gitt = spec.gitt
        pulse, group = UntilSpec(time=gitt.pulse, potential=gitt.potential), next(groups)
        for _ in range(gitt.pulses):
            yield ElementaryStep(f"{path}.gitt", "current", gitt.current, pulse, group=group)
            yield ElementaryStep(f"{path}.gitt", "rest", 0.0, UntilSpec(time=gitt.rest), group=group)
    elif spec.pitt is not None:
        pitt = spec.pitt
        height = math.copysign(abs(pitt.step), pitt.end - pitt.start)
        count = round(math.floor((pitt.end - pitt.start) / height * (1.0 + 1e-12)))
        levels = [pitt.start + height * n for n in range(count + 1)]
        if abs(levels[-1] - pitt.end) > 1e-9 * abs(height):
            levels.append(pitt.end)
        for level in levels:
            yield ElementaryStep(f"{path}.pitt", "hold", level, pitt.until)
    elif spec.sweep is not None:
        yield ElementaryStep(
            path, "sweep", spec.sweep.end, until, sweep_start=spec.sweep.start, sweep_rate=spec.sweep.rate
        )
    elif spec.hold is not None:
        yield ElementaryStep(path, "hold", spec.hold, until)
    elif spec.current is not None:
        yield ElementaryStep(path, "current", spec.current, until)
    elif spec.c_rate is not None:
        yield ElementaryStep(path, "c_rate", spec.c_rate, until)
    else:
        yield ElementaryStep(path, "rest", 0.0, until)


def _connected(steps: list[ElementaryStep]) -> Iterator[ElementaryStep]:
    """Give every sweep the start that is known beforehand."""
    known: float | None = None
    for number, step in enumerate(steps):
        if step.kind == "sweep" and step.sweep_start is None:
            if number == 0:
                raise InputError(f"{step.path}.sweep.from", None, "a potential", "nothing precedes the sweep")
            if known == step.value:
                raise InputError(
                    f"{step.path}.sweep.to", step.value, f"other than {known:g} V, where it starts", "move it"
                )
            yield replace(step, sweep_start=known)
        else:
            yield step
        ends_at_value = step.kind == "hold" or (step.kind == "sweep" and not step.until.given)
        known = step.value if ends_at_value else None


RepeatSpec.model_rebuild()
