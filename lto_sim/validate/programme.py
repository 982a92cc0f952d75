"""The paper's programme in one run: k at 90 degC, first and last, with and without damage by the beam.

Both values are read from maps, as a user would: simulate the ready scenario, render, take the frames of one
drive step, track the front, fit k. Two values agree where their 95 % intervals overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import xarray as xr

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.electrochemistry import drive_steps, select_step
from lto_sim.kinetics import fit_rate_constant, numbered_profiles, track_front
from lto_sim.microscope import render_maps
from lto_sim.scenario import Scenario
from lto_sim.scenario.ready import ready_scenario
from lto_sim.transport import simulate
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["DAMAGE", "PROGRAMME_SEEDS", "StepRate", "programme_checks", "programme_rates"]

PROGRAMME_SEEDS: Final = tuple(range(10))
"""Seeds of the noise of the maps; all of them count."""

DAMAGE: Final = {"beam_damage.dose_rate": "0.2 e/A^2/s", "beam_damage.dose": "5e4 e/A^2"}
"""A beam that takes a quarter off diffusivities in the programme; assumed, to show what a repeat tells."""

_REPEATED: Final = 90.0


@dataclass(frozen=True)
class StepRate:
    """Rate constant of one drive step, from maps.

    Parameters
    ----------
    number : Number of the drive step.
    temperature_degC : Temperature [degC].
    direction : extraction or insertion.
    k, low, high : Rate constant and its 95 % interval [m2 s-1].
    """

    number: int
    temperature_degC: float
    direction: str
    k: float
    low: float
    high: float


def programme_rates(
    run: xr.Dataset, scenario: Scenario, seed: int, temperatures_degC: tuple[float, ...] | None = None
) -> list[StepRate]:
    """Rate constants of the programme's steps at some temperatures (default: all), from maps with noise."""
    maps = render_maps(run, noise=scenario.maps.noise, probe_fwhm=scenario.maps.probe_fwhm, rng=seed)
    rates = []
    for step in drive_steps(run):
        celsius = round(step.temperature - ZERO_CELSIUS, 6)
        if temperatures_degC is not None and celsius not in temperatures_degC:
            continue
        direction = "extraction" if (step.value or 0.0) > run.attrs["plateau_V"] else "insertion"
        front = track_front(
            select_step(maps, step.number), numbered_profiles(scenario.profile), direction=direction
        )
        fit = fit_rate_constant(front)
        rates.append(StepRate(step.number, celsius, direction, fit.k, *fit.interval))
    return rates


def programme_checks(quick: bool) -> Sequence[Check]:
    """How many seeds agree on k at 90 degC: all without damage, none with it."""
    seeds = PROGRAMME_SEEDS[:4] if quick else PROGRAMME_SEEDS
    return [
        partial(_agreement_rows, "no damage", {}, 1, seeds),
        partial(_agreement_rows, "beam damage", DAMAGE, 0, seeds),
    ]


def _agreement_rows(name: str, values: dict[str, Any], expected: int, seeds: Sequence[int]) -> list[Row]:
    chosen = ready_scenario("paper_programme").with_values(values)
    run = simulate(chosen)
    agreed = {"extraction": 0, "insertion": 0}
    for seed in seeds:
        rates = programme_rates(run, chosen, seed, (_REPEATED,))
        for direction in agreed:
            first, last = (rate for rate in rates if rate.direction == direction)
            agreed[direction] += int(first.low <= last.high and last.low <= first.high)
    wanted = expected * len(seeds)
    return [
        Row(
            f"seeds of {len(seeds)} whose k at 90 degC, first and last, agree: {direction}, {name}",
            wanted, count, count - wanted, 0.0,
        )
        for direction, count in agreed.items()
    ]  # fmt: skip
