"""The published experiment as scenarios: one parameter set, two directions, six temperatures.

A particle of 2 x 1.5 um in a lamella of 150 nm, with electrolyte along its whole left side (the reference
case) or a part of it; extraction at 1.6 V from x = 1, insertion at 0.4 V from x = 0, frames of 1.5 s.
Conducting surfaces are asked for or left out; where they are, both directions have the same.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics.corrections import true_rate
from lto_sim.reproduce.surfaces import REFERENCE_SURFACES, Surfaces, surface_values
from lto_sim.scenario import Scenario

__all__ = [
    "DIRECTIONS",
    "THROUGH_THICKNESS",
    "Direction",
    "TEMPERATURES_degC",
    "experiment_scenario",
]

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

THROUGH_THICKNESS: Final[dict[str, Any]] = {
    "specimen.cell": 40e-9, "specimen.layers": 6, "specimen.symmetry": True,
}  # fmt: skip
"""Mesh that resolves the tip under conducting faces."""

_ONE_LAYER: Final = THROUGH_THICKNESS | {"specimen.layers": 2}
"""Mesh of extraction with surfaces, whose front is flat through the thickness: one layer is computed."""

_WRAPPED_DEPTH = 1.0e-6
_INSERTED_FRACTION = 0.9
_SURFACE_STATES = 150
_PROFILE_ROWS = (0.25e-6, 0.5e-6, 0.75e-6, 1.0e-6, 1.25e-6)
_PROFILE_WIDTH = 0.2e-6


def experiment_scenario(
    direction: Direction,
    temperature_degC: float,
    *,
    coverage: float = 1.0,
    surfaces: Surfaces | bool | None = None,
    overrides: dict[str, Any] | None = None,
) -> Scenario:
    """Scenario of one run of the published experiment.

    Parameters
    ----------
    direction : ``extraction`` or ``insertion``.
    temperature_degC : Temperature [degC].
    coverage : Fraction of the left side that touches the electrolyte, centred (0 to 1].
    surfaces : What conducts beside the bulk; True takes :data:`REFERENCE_SURFACES`, None or False nothing.
        The bulk then keeps the part of D_Li7 that the faces leave it, on a mesh with layers.
    overrides : Values by path, as for ``--set``. With surfaces, material and specimen are set before them
        (D_Li7 is then the apparent one), and keys under ``surface`` after them.

    Returns
    -------
    Scenario
        Ready to be simulated.

    Raises
    ------
    InputError
        A value that the scenario refuses.
    """
    if isinstance(surfaces, bool):
        surfaces = REFERENCE_SURFACES if surfaces else None
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
        "output": {"restart": "none"},
    }
    given = overrides or {}
    scenario = Scenario.from_dict(mapping)
    if surfaces is None:
        scenario = scenario.with_values(given)
    else:
        mesh = THROUGH_THICKNESS if direction == "insertion" else _ONE_LAYER
        first, last = _surface_keys_apart(given)
        scenario = scenario.with_values(mesh | first)
        scenario = scenario.with_values(surface_values(scenario, surfaces)).with_values(last)
    return scenario.with_values(_timing(scenario, direction, surfaces is not None, given))


def _surface_keys_apart(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    last = {path: value for path, value in values.items() if path.partition(".")[0] == "surface"}
    return {path: value for path, value in values.items() if path not in last}, last


def _timing(
    scenario: Scenario, direction: Direction, wrapped: bool, overrides: dict[str, Any]
) -> dict[str, Any]:
    """Duration, frame period and interval of states from the front's own pace, unless they are given."""
    k = true_rate(scenario).k
    inserted = _WRAPPED_DEPTH if wrapped else _INSERTED_DEPTH
    reach = inserted if direction == "insertion" else _WIDTH * math.sqrt(1.4)
    duration = reach**2 / (2.0 * k)
    frames = math.ceil(duration / _FRAME_TIME)
    values: dict[str, Any] = {
        "drive.0.until.time": frames * _FRAME_TIME,
        "scan.period": math.ceil(frames / _MOST_FRAMES) * _FRAME_TIME,
    }
    if direction == "extraction":
        values["drive.0.until.li_fraction"] = _EXTRACTED_FRACTION
    elif wrapped:
        values["drive.0.until.li_fraction"] = _INSERTED_FRACTION
    if wrapped:
        values["output.every"] = frames * _FRAME_TIME / _SURFACE_STATES
    return {path: value for path, value in values.items() if path not in overrides}
