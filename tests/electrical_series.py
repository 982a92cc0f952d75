"""Electrical series from closed forms, labelled as a run labels them: of a slab fed on one side only.

Content in li fraction, time in seconds, D t/L^2 = T. A constant flux from T = 0 raises the surface, measured
in (dx of the mean)/(unit of T), by T + 1/3 - (2/pi^2) sum exp(-n^2 pi^2 T)/n^2; a step of the surface by one
fills the slab to 1 - (8/pi^2) sum exp(-(2n+1)^2 pi^2 T/4)/(2n+1)^2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.provenance import attributes, named

LENGTH: Final = 1e-6
AREA: Final = 1e-13
CONCENTRATION: Final = 22740.0
CAPACITY: Final = FARADAY * CONCENTRATION * LENGTH * AREA
MASS: Final = 3480.0 * LENGTH * AREA
PLATEAU: Final = 0.95
TEMPERATURE: Final = 333.15
GAP: Final = (0.05, 0.95)

Floats = NDArray[np.float64]
_N: Final = np.arange(1, 400)
_ODD: Final = 2.0 * np.arange(400) + 1.0


def surface_rise(number: Floats) -> Floats:
    """Rise of the surface under a constant flux at T = `number`, 0 before 0."""
    late = np.maximum(number, 0.0)
    modes = np.exp(-((np.pi * _N) ** 2) * np.minimum(late, 50.0)[..., None]) / _N**2
    exact = late + 1.0 / 3.0 - 2.0 / np.pi**2 * modes.sum(axis=-1)
    early = 2.0 * np.sqrt(late / np.pi)
    return np.where(late < 1e-2, early, exact)


def filling(number: Floats) -> Floats:
    """Part of its final charge that a slab has taken at T = `number` after a step of its surface."""
    late = np.maximum(number, 0.0)
    modes = np.exp(-((0.5 * np.pi * _ODD) ** 2) * np.minimum(late, 50.0)[..., None]) / _ODD**2
    exact = 1.0 - 8.0 / np.pi**2 * modes.sum(axis=-1)
    return np.where(late < 1e-2, 2.0 * np.sqrt(late / np.pi), exact)


@dataclass
class Series:
    """A series that is put together step by step."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    time: list[Floats] = field(default_factory=lambda: [np.zeros(1)])
    number: list[NDArray[np.int32]] = field(default_factory=lambda: [np.zeros(1, np.int32)])

    def add(self, kind: str, value: float | None, duration: float, samples: Floats | int = 100) -> None:
        """Begin a step; `samples` are times from its start, or how many even ones."""
        start = float(self.time[-1][-1])
        times = np.arange(1, samples + 1) * duration / samples if isinstance(samples, int) else samples
        self.number.append(np.full(times.size, len(self.steps), np.int32))
        self.time.append(start + times)
        self.steps.append(
            {
                "path": f"drive.{len(self.steps)}", "kind": kind, "value": value,
                "temperature_K": TEMPERATURE, "start_s": start, "end_s": float(start + times[-1]),
                "ended_by": "time", "x_poor": GAP[0], "x_rich": GAP[1],
            }
        )  # fmt: skip

    def times(self) -> Floats:
        return np.concatenate(self.time)

    def dataset(self, fraction: Floats, potential: Floats) -> xr.Dataset:
        """Label it; `fraction` is the mean li fraction at every time."""
        return labelled(self.times(), fraction, potential, np.concatenate(self.number), self.steps)


def labelled(
    time: Floats,
    fraction: Floats,
    potential: Floats,
    number: NDArray[np.int32],
    steps: Sequence[dict[str, Any]],
) -> xr.Dataset:
    charge = CAPACITY * (fraction[0] - fraction)
    current = np.full(time.size, np.nan)
    current[1:] = np.diff(charge) / np.diff(time)
    fine, both = "time_fine", ("contact", "time_fine")
    return xr.Dataset(
        {
            "current": (fine, current, named("A", "mean current since the last time, oxidation > 0")),
            "charge": (fine, charge, named("C", "charge passed, oxidation > 0")),
            "potential": (fine, potential, named("V", "potential against In-Li")),
            "lithium": (fine, fraction * CAPACITY / FARADAY, named("mol", "insertable lithium inside")),
            "drive_step": (fine, number.astype(np.int32), named("1", "number of the drive step")),
            "current_of_contact": (both, current[None], named("A", "current of each contact")),
            "overpotential": (both, 0.0 * potential[None], named("V", "overpotential")),
            "cell_volume": (
                ("z", "y", "x"), np.full((1, 1, 10), LENGTH * AREA / 10), named("m3", "cell volume")
            ),
        },
        {fine: (fine, time, named("s", "time of the electrical series"))},
        {
            **attributes("synthetic series", "labelled"),
            "capacity_C": CAPACITY,
            "mass_kg": MASS,
            "contacts": json.dumps(["left side"]),
            "contact_areas_m2": json.dumps([AREA]),
            "plateau_V": PLATEAU,
            "drive_steps": json.dumps(list(steps)),
        },
    )  # fmt: skip


def gitt(
    D: float,
    law: Callable[[Floats], Floats],
    *,
    start: float,
    rate: float,
    pulse: float,
    rest: float,
    pulses: int,
    length: float = LENGTH,
    samples: int = 100,
) -> xr.Dataset:
    """A titration that begins with a rest.

    Parameters
    ----------
    D : Diffusivity [m2/s].
    law : Potential [V] of a surface li fraction.
    start : Li fraction before.
    rate : Change of the mean li fraction in a pulse [1/s]; negative is extraction.
    pulse, rest : Durations [s].
    pulses : How many.
    length : Thickness of the slab that the surface belongs to [m].
    samples : In each step.
    """
    series = Series()
    series.add("rest", None, rest, 10)
    edges = []
    current = -rate * CAPACITY
    for _ in range(pulses):
        begin = float(series.time[-1][-1])
        edges += [(begin, rate), (begin + pulse, -rate)]
        series.add("current", current, pulse, samples)
        series.add("rest", None, rest, samples)
    time = series.times()
    unit = D / length**2
    mean = start + sum(change * np.maximum(time - at, 0.0) for at, change in edges)
    surface = start + sum(change / unit * surface_rise(unit * (time - at)) for at, change in edges)
    return series.dataset(mean, law(surface))


def staircase(
    D: float,
    levels: Sequence[tuple[float, float]],
    duration: float,
    *,
    start: float,
    samples: Floats | int = 400,
    length: float = LENGTH,
) -> xr.Dataset:
    """Holds one after another, (potential [V], li fraction of the surface) each."""
    series = Series()
    for potential, _ in levels:
        series.add("hold", potential, duration, samples)
    time = series.times()
    fractions = [start, *(fraction for _, fraction in levels)]
    mean = np.full(time.size, start)
    for i, (before, after) in enumerate(pairwise(fractions)):
        mean = mean + (after - before) * filling(D / length**2 * (time - i * duration))
    potential = np.concatenate(
        [[levels[0][0]], *(np.full(t.size, v) for t, (v, _) in zip(series.time[1:], levels, strict=True))]
    )
    return series.dataset(mean, potential)
