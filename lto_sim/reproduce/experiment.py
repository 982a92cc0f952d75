"""The published experiment as scenarios: one parameter set, two directions, six temperatures.

A particle of 2 x 1.5 um in a lamella of 150 nm, with electrolyte along its whole left side (the reference
case) or a part of it; extraction at 1.6 V from x = 1, insertion at 0.4 V from x = 0, frames of 1.5 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.exact import wagner
from lto_sim.scenario import Scenario, build_material

__all__ = ["DIRECTIONS", "Direction", "TEMPERATURES_degC", "TrueRate", "experiment_scenario", "true_rate"]

Direction = Literal["extraction", "insertion"]

DIRECTIONS: Final[tuple[Direction, ...]] = ("extraction", "insertion")
TEMPERATURES_degC: Final = (105.0, 90.0, 75.0, 60.0, 45.0, 30.0)
"""Temperatures of the published Table 1 [degC]."""

_WIDTH, _HEIGHT = 2.0e-6, 1.5e-6
_POTENTIAL: Final = {"extraction": 1.6, "insertion": 0.4}
_START: Final = {"extraction": 1.0, "insertion": 0.0}
_FRAME_TIME = 1.5
_MOST_FRAMES = 120
_PROFILE_LENGTH: Final = {"extraction": 1.2e-6, "insertion": 0.9e-6}
_INSERTED_DEPTH = 0.75e-6
_EXTRACTED_FRACTION = 0.04
_PROFILE_ROWS = (0.25e-6, 0.5e-6, 0.75e-6, 1.0e-6, 1.25e-6)
_PROFILE_WIDTH = 0.2e-6


@dataclass(frozen=True)
class TrueRate:
    """Wagner's rate constant of a scenario, and what it follows from.

    Parameters
    ----------
    k : Rate constant [m2 s-1], xi^2 = 2 k t.
    excess, undersaturation, diffusivity_ratio : A, B and phi of `lto_sim.exact.wagner`.
    """

    k: float
    excess: float
    undersaturation: float
    diffusivity_ratio: float


def true_rate(scenario: Scenario) -> TrueRate:
    """Rate constant that a fit of this scenario's maps should return.

    Extraction keeps the undersaturation of its parent (x = 1 against x7*). On insertion the finite core
    saturates within the first seconds or minutes; from then on the parent has no undersaturation.
    """
    material = build_material(scenario)
    temperature = scenario.temperature
    x_poor, x_rich = material.edges(temperature)
    gap = x_rich - x_poor
    held = material.contact_excess(scenario.drive[0].hold, temperature)
    poor, rich = material.poor.diffusivity(temperature), material.rich.diffusivity(temperature)
    growing, parent = (rich, poor) if held > 0.0 else (poor, rich)
    start = float(material.excess(float(scenario.initial), temperature))  # type: ignore[arg-type]
    undersaturation = 0.0 if held > 0.0 else abs(start) / gap
    excess, ratio = abs(held) / gap, growing / parent
    k = wagner.rate_constant(growing, excess, undersaturation, ratio)
    return TrueRate(float(k), excess, undersaturation, ratio)


def experiment_scenario(
    direction: Direction,
    temperature_degC: float,
    *,
    coverage: float = 1.0,
    overrides: dict[str, Any] | None = None,
) -> Scenario:
    """Scenario of one run of the published experiment.

    Parameters
    ----------
    direction : ``extraction`` or ``insertion``.
    temperature_degC : Temperature [degC].
    coverage : Part of the left side that touches the electrolyte, centred (0 to 1].
    overrides : Values by path, as for ``--set``, applied last.

    Raises
    ------
    InputError
        A value that the scenario refuses.
    """
    half = 0.5 * coverage * _HEIGHT
    rows = _PROFILE_ROWS if coverage == 1.0 else (0.5 * _HEIGHT,)
    length = _PROFILE_LENGTH[direction]
    until: dict[str, float] = {"time": 1.0}
    mapping: dict[str, Any] = {
        "title": f"Li {direction} at {temperature_degC:g} degC",
        "material": "lto",
        "temperature": temperature_degC + ZERO_CELSIUS,
        "initial": _START[direction],
        "specimen": {
            "outline": {"shape": "rectangle", "width": _WIDTH, "height": _HEIGHT},
            "thickness": 150e-9,
            "cell": 20e-9,
        },
        "contacts": {
            "lps": {"where": {"side": "left", "from": 0.5 * _HEIGHT - half, "to": 0.5 * _HEIGHT + half}}
        },
        "drive": [{"hold": _POTENTIAL[direction], "until": until}],
        "profile": [{"start": [0.0, y], "end": [length, y], "width": _PROFILE_WIDTH} for y in rows],
        "scan": {"frame_time": _FRAME_TIME, "pixels": [64, 48]},
        "maps": {"noise": 0.2, "probe_fwhm": 1e-9},
    }
    scenario = Scenario.from_dict(mapping)
    if overrides:
        scenario = scenario.with_values(overrides)
    return scenario.with_values(_timing(scenario, direction, overrides or {}))


def _timing(scenario: Scenario, direction: Direction, overrides: dict[str, Any]) -> dict[str, Any]:
    """Duration and frame period from the front's own pace, unless they are given."""
    k = true_rate(scenario).k
    reach = _INSERTED_DEPTH if direction == "insertion" else _WIDTH * math.sqrt(1.4)
    duration = reach**2 / (2.0 * k)
    frames = math.ceil(duration / _FRAME_TIME)
    values: dict[str, Any] = {
        "drive.0.until.time": frames * _FRAME_TIME,
        "scan.period": math.ceil(frames / _MOST_FRAMES) * _FRAME_TIME,
    }
    if direction == "extraction":
        values["drive.0.until.li_fraction"] = _EXTRACTED_FRACTION
    return {path: value for path, value in values.items() if path not in overrides}
