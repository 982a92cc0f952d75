"""The simulated twin of a measured particle: its scenario at another pace, run, recorded and tracked.

All rates of a scenario times one number (diffusivities, conductances delta*D, interface constants;
resistances divided by it) is the same run in another unit of time: what a front looks like depends on
lengths, on ratios of diffusivities and on the window, never on how fast everything is. The twin is therefore
run at the pace of the measured front, so that its frames and its scan are those of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.kinetics.fronts import Profile, track_front
from lto_sim.microscope import render_maps
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

__all__ = ["at_pace", "on_cells", "require_recording", "tracked_twin"]

_FEWEST_LAYERS: Final = 2
_LAST_GOOD_STATUS: Final = 1
"""A run with a status above it could not be finished."""
_PIXELS_OFF: Final[float] = 2.0
"""Pixels by which a profile may begin beside its contact."""
_LEAST_NOISE: Final[float] = 0.05
"""Deviation that is stated for maps of a scenario with less [li fraction]."""


def require_recording(scenario: Scenario) -> None:
    """Raise InputError where a scenario does not say how its particle is recorded and driven."""
    front_direction(scenario)
    if scenario.scan is None:
        raise InputError("scan", None, "the scan of the recording", "add [scan] with frame_time and pixels")


def at_pace(scenario: Scenario, pace: float, duration: float) -> Scenario:
    """Scenario with all rates times `pace`, its first potential held for `duration` [s], nothing else done.

    Parameters
    ----------
    scenario : The specimen, its contacts and its scan.
    pace : Factor of every rate (> 0).
    duration : How long the first potential is held [s].
    """
    mapping = scenario.to_dict()
    for path in ("material.D_Li4", "material.D_Li7", "surface.perimeter", "surface.faces"):
        _multiply(mapping, path, pace)
    for name in scenario.grain_boundaries:
        _multiply(mapping, f"grain_boundaries.{name}.along", pace)
        _multiply(mapping, f"grain_boundaries.{name}.resistance", 1.0 / pace)
    for name in scenario.contacts:
        _multiply(mapping, f"contacts.{name}.k_c", pace)
        _multiply(mapping, f"contacts.{name}.k0", pace)
        _multiply(mapping, f"contacts.{name}.resistance", 1.0 / pace)
    if "beam_damage" in mapping:
        mapping["beam_damage"]["dose_rate"] *= pace
    mapping["drive"] = [{"hold": scenario.steps[0].value, "until": {"time": duration}}]
    mapping["output"] = {"restart": "none", "max_states": 2}
    mapping["scan"]["restart"] = False
    return Scenario.from_dict(mapping)


def _multiply(mapping: dict[str, Any], path: str, factor: float) -> None:
    """Multiply a rate of a plain scenario, a number or a table with the key ``at``, where there is one."""
    *parents, last = path.split(".")
    node: Any = mapping
    for part in parents:
        node = node.get(part) or {}
    if isinstance(node.get(last), dict):
        node[last]["at"] *= factor
    elif node.get(last) is not None:
        node[last] *= factor


def on_cells(scenario: Scenario, factor: float) -> Scenario:
    """Scenario on cells of `factor` times the size, larger ones in fewer layers: two at least, and even."""
    layers = scenario.specimen.layers
    values: dict[str, Any] = {"specimen.cell": factor * scenario.specimen.cell}
    if factor > 1.0 and layers > _FEWEST_LAYERS:
        values["specimen.layers"] = max(_FEWEST_LAYERS, 2 * round(0.5 * layers / factor))
    return scenario.with_values(values)


def tracked_twin(scenario: Scenario, profiles: Sequence[Profile]) -> xr.Dataset:
    """Run a scenario, render its maps without noise, and track its fronts.

    The maps state the noise of the scenario's ``maps.noise``, so that pixels weigh as they do in a recording.

    Raises
    ------
    InputError
        What cannot be run or tracked, a run that did not get to its end, or a profile that begins at no
        contact.
    """
    try:
        run = simulate(scenario)
        _require_end(run)
        maps = render_maps(run, noise=0.0, probe_fwhm=scenario.maps.probe_fwhm)
        _require_contact(run, maps, profiles)
        noise = max(scenario.maps.noise, _LEAST_NOISE)
        maps["li_fraction_std"] = xr.full_like(maps["li_fraction_std"], noise)
        return track_front(maps, profiles, direction=front_direction(scenario))
    except InputError as error:
        field = f"simulation of the specimen: {error.field}"
        raise InputError(field, error.value, error.allowed, error.remedy) from None


def _require_end(run: xr.Dataset) -> None:
    if int(run.attrs["status"]) > _LAST_GOOD_STATUS:
        raise InputError(
            "status", str(run.attrs["status_meaning"]), "a run that gets to its end",
            "try the scenario by itself: lto-sim run SCENARIO.toml",
        )  # fmt: skip


def _require_contact(run: xr.Dataset, maps: xr.Dataset, profiles: Sequence[Profile]) -> None:
    points, line = run["contact_line"].values, run["contact_line_number"].values
    contacts = shapely.MultiLineString([points[line == number] for number in np.unique(line)])
    pixel = float(max(maps["x"].values[1] - maps["x"].values[0], maps["y"].values[1] - maps["y"].values[0]))
    for profile in profiles:
        distance = float(shapely.distance(shapely.Point(profile.start), contacts))
        if distance > _PIXELS_OFF * pixel:
            raise InputError(
                f"{profile.name}.start", f"{1e9 * distance:.0f} nm from the nearest contact",
                f"a start on a contact of the scenario, within {1e9 * _PIXELS_OFF * pixel:.0f} nm",
                "correct contacts.*.where or the profile: the front is measured from its contact",
            )  # fmt: skip
