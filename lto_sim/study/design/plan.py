"""The recordings of every setting at every temperature: their frames, dose and noise, before any run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics import TrueRate, numbered_profiles, true_rate
from lto_sim.quantify import Normalisation
from lto_sim.scenario import Scenario
from lto_sim.specimen import Mesh
from lto_sim.study.design import status as code
from lto_sim.study.design.pixels import PixelDeviation, pixel_deviation
from lto_sim.study.design.recording import (
    BudgetFor,
    OverBudget,
    Recording,
    allowed_frames,
    crossing_time,
    plan_recording,
)
from lto_sim.study.design.settings import Setting
from lto_sim.study.design.shown import Field, field_of, probe_width
from lto_sim.study.design.work import Task
from lto_sim.transport.model import build_model

__all__ = ["Budget", "Planned", "Planner"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Budget:
    """Dose that may be spent.

    Parameters
    ----------
    dose : Largest dose [electrons m-2]; None: any.
    applies_to : ``recording`` or ``series``.
    above : What becomes of a recording above it: ``fewer_frames`` or ``refuse``.
    """

    dose: float | None
    applies_to: BudgetFor
    above: OverBudget


@dataclass(frozen=True, eq=False)
class Planned:
    """One setting at one temperature.

    Parameters
    ----------
    scenario : Its scenario at this temperature.
    rate : The rate constant put in.
    recording : Frames and dose, within the budget.
    status : What is known of it before any run.
    """

    scenario: Scenario
    rate: TrueRate
    recording: Recording
    status: int


@dataclass(frozen=True, eq=False)
class _Particle:
    """What settings with the same scenario share."""

    scenario: Scenario
    mesh: Mesh

    @cached_property
    def box(self) -> tuple[float, float]:
        """Width and height of the scanned box [m]."""
        mesh = self.mesh
        return float(mesh.x_face[-1] - mesh.x_face[0]), float(mesh.y_face[-1] - mesh.y_face[0])

    @cached_property
    def thickness(self) -> tuple[float, float]:
        """Least and largest thickness [m]."""
        inside = self.mesh.thickness[self.mesh.fraction > 0.0]
        return float(inside.min()), float(inside.max())

    @property
    def pixels(self) -> tuple[int, int]:
        """Pixels (x, y) of the scan."""
        return (1, 1) if self.scenario.scan is None else self.scenario.scan.pixels

    @property
    def dwell(self) -> float:
        """Time for one pixel [s]."""
        return 0.0 if self.scenario.scan is None else self.scenario.scan.dwell


class Planner:
    """Lays out the recordings of settings.

    Parameters
    ----------
    settings : The settings.
    kelvin : Temperatures [K].
    durations : How long is recorded at each [s]; None: until a planar front has crossed the longest profile.
    budget : Dose that may be spent.
    normalise : As of `quantify_lithium`.
    whole : Look at every pixel of the scan, not only at those of the profiles.
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        kelvin: Floats,
        durations: Floats | None,
        budget: Budget,
        normalise: Normalisation,
        *,
        whole: bool = False,
    ) -> None:
        self.settings, self.kelvin, self.durations = list(settings), kelvin, durations
        self.budget, self.normalise, self.whole = budget, normalise, whole
        self._particles: dict[int, _Particle] = {}
        self._hot: dict[tuple[int, int], tuple[Scenario, TrueRate, float, float]] = {}
        self._noise: dict[tuple[int, float, tuple[float, float]], PixelDeviation] = {}
        self._fields: dict[int, Field] = {}

    def particle(self, setting: Setting) -> _Particle:
        """What a setting records."""
        key = id(setting.scenario)
        if key not in self._particles:
            self._particles[key] = _Particle(setting.scenario, build_model(setting.scenario).mesh)
        return self._particles[key]

    def noise(self, setting: Setting) -> PixelDeviation:
        """Deviation of the pixels of a setting."""
        particle = self.particle(setting)
        key = (id(setting.instrument), particle.dwell, particle.thickness)
        if key not in self._noise:
            self._noise[key] = pixel_deviation(
                setting.instrument, particle.dwell, particle.thickness, self.normalise
            )
        return self._noise[key]

    def blur(self, setting: Setting) -> float:
        """Full width of the probe at half maximum, its mean within the lamella [m]."""
        return probe_width(setting.instrument, float(np.mean(self.particle(setting).thickness)))

    def field(self, setting: Setting) -> Field:
        """Pixels of a setting that are looked at."""
        particle = self.particle(setting)
        key = id(setting.scenario)
        if key not in self._fields:
            widest = max(self.blur(s) for s in self.settings if s.scenario is setting.scenario)
            profiles = None if self.whole else numbered_profiles(setting.scenario.profile)
            self._fields[key] = field_of(particle.mesh, particle.pixels, profiles, widest)
        return self._fields[key]

    def at(self, setting: Setting, number: int) -> tuple[Scenario, TrueRate, float, float]:
        """Scenario at one of the temperatures, its rate constant, times recorded and of crossing [s]."""
        key = (id(setting.scenario), number)
        if key not in self._hot:
            scenario = setting.scenario.with_values({"temperature": float(self.kelvin[number])})
            rate = true_rate(scenario)
            lengths = [profile.length for profile in numbered_profiles(scenario.profile)]
            crossing = crossing_time(scenario, rate, max(lengths)) if lengths else math.inf
            duration = crossing if self.durations is None else float(self.durations[number])
            if math.isinf(duration):
                raise InputError("profile", 0, "one profile or more", "add [[profile]], or give duration")
            self._hot[key] = scenario, rate, duration, crossing
        return self._hot[key]

    def plan(self, setting: Setting) -> list[Planned]:
        """Recordings of a setting, one a temperature."""
        particle, scan = self.particle(setting), setting.scenario.scan
        if scan is None:
            raise InputError("scan", None, "the scan of the recording", "add [scan] to the scenario")
        area = particle.box[0] * particle.box[1] / (particle.pixels[0] * particle.pixels[1])
        every = [self.at(setting, n) for n in range(self.kelvin.size)]
        full = [
            replace(
                plan_recording(
                    scan.frame_time, scan.period, duration, setting.instrument.beam.current, particle.dwell,
                    area,
                ),
                crossing=crossing,
            )
            for _, _, duration, crossing in every
        ]  # fmt: skip
        spent = self._within_budget(full)
        return [
            Planned(scenario, rate, recording, status)
            for (scenario, rate, *_), (recording, status) in zip(every, spent, strict=True)
        ]

    def _within_budget(self, full: list[Recording]) -> list[tuple[Recording, int]]:
        budget = self.budget
        if budget.dose is None:
            return [(recording, code.FEASIBLE) for recording in full]
        allowed = allowed_frames(full, budget.dose, budget.applies_to)
        found = []
        for recording, most in zip(full, allowed, strict=True):
            if recording.frames <= most:
                found.append((recording, code.FEASIBLE))
            elif budget.above == "refuse":
                found.append((recording, code.OVER_BUDGET))
            elif most == 0:
                found.append((replace(recording, frames=0), code.OVER_BUDGET))
            else:
                found.append((recording.with_frames(most), code.FEWER_FRAMES))
        return found

    def task(self, number: int, temperature: int, planned: Planned) -> Task:
        """What has to be simulated and read for one setting at one temperature."""
        setting = self.settings[number]
        return Task(
            (number, temperature), planned.scenario, self.field(setting), planned.recording,
            self.noise(setting), self.blur(setting),
        )  # fmt: skip
