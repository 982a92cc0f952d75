"""The points of a regime map: values by path, the coverage of a contact, and how long each run lasts.

Rates over a map differ by orders of magnitude, so that each run gets a time of its own: until its mean front
is expected at the end of its way, by k (1 + 2 l/H) or, where the contact feeds the surfaces only, by the
closure of the mid-plane there, and 1.3 times that; a contact on a part of its side takes longer by that part.
It ends before, when as much of the particle is transformed as a planar front would have transformed there.
Walls make that sooner: states are saved so close that there are 200 in the time it would take with k times
1 + 2 l/H of the faces + 2 l/B of the walls, but at most 1000 in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections import active_thickness, true_rate
from lto_sim.provenance import named
from lto_sim.scenario import Scenario, build_material
from lto_sim.scenario.parse import number_at
from lto_sim.study.regimes.closure import closure_time
from lto_sim.study.regimes.expected import Expected, expected
from lto_sim.study.regimes.view import Way, way_of
from lto_sim.study.sweeps import Axis
from lto_sim.study.sweeps.axes import plain_axes
from lto_sim.study.sweeps.labels import coordinate_attributes
from lto_sim.units import to_si

__all__ = ["COVERAGE", "MapAxis", "end_of_run", "map_axes", "map_points", "one_hold", "part_of_way"]

COVERAGE: Final = "coverage"
"""Axis that is no path: the part of its side that the contact touches, around the middle."""

_SET: Final = ("drive.0.until", "output.")
"""Beginnings of the paths that a way sets."""

_LONGER: Final = 1.3
_STATES: Final = 199
_MOST_TIMES: Final = 5.0
"""Most times that there are more states than that planned, for runs that walls end before."""

_LARGEST_CONTENT: Final = 0.97


@dataclass(frozen=True, eq=False)
class MapAxis:
    """An axis of a map.

    Parameters
    ----------
    name : Path of the scenario, or :data:`COVERAGE`.
    given : Its values as given.
    values : Its values in SI.
    attributes : Units, long name and scale, ``linear`` or ``log``.
    """

    name: str
    given: tuple[Any, ...]
    values: NDArray[np.float64]
    attributes: dict[str, str]


def map_axes(scenario: Scenario, axes: Mapping[str, Any], *, sets_end: bool = False) -> tuple[MapAxis, ...]:
    """Check axes, and convert their values.

    Parameters
    ----------
    scenario : What is varied.
    axes : Values by path, or ranges; and :data:`COVERAGE`.
    sets_end : Whether the map itself sets when runs end and what they save.

    Raises
    ------
    InputError
        No axes, values that are no numbers or that occur twice, a coverage outside 0 to 1, or an axis that
        the map itself sets.
    """
    if not isinstance(axes, Mapping):
        raise InputError("axes", axes, "a mapping of paths to values", 'for example {"temperature": [...]}')
    for name in axes:
        if sets_end and str(name).startswith(_SET):
            raise InputError(f"axes.{name}", axes[name], "not an axis beside way", "give way = None for it")
    return tuple(_axis(scenario, name, axis) for name, axis in plain_axes(axes).items())


def _axis(scenario: Scenario, name: str, axis: Axis | list[Any]) -> MapAxis:
    given = tuple(axis.values() if isinstance(axis, Axis) else axis)
    values = np.array([_in_si(scenario, name, value) for value in given])
    if np.unique(values).size != values.size:
        raise InputError(f"axes.{name}", list(given), "different values", "leave out those that occur twice")
    scale = axis.scale if isinstance(axis, Axis) else _scale(values)
    if name == COVERAGE:
        attributes = named("1", "part of the side that the contact touches") | {"scale": scale}
    else:
        attributes = coordinate_attributes(name, scale)
    return MapAxis(name, given, values, attributes)


def _in_si(scenario: Scenario, name: str, value: Any) -> float:
    if name == COVERAGE:
        part = to_si(value, "dimensionless", name)
        if not 0.0 < part <= 1.0:
            raise InputError(f"axes.{name}", value, "above 0, at most 1", "1 is the whole side")
        return part
    found = number_at(scenario.with_values({name: value}).to_dict(), name)
    if found is None:
        raise InputError(f"axes.{name}", value, "numbers", "a map needs axes of numbers")
    return found


def _scale(values: NDArray[np.float64]) -> str:
    """``log`` where values are spaced more evenly in their logarithm."""
    if values.size < 3 or np.any(values <= 0.0):
        return "linear"
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return "log" if np.ptp(ratios) / abs(ratios.mean()) < np.ptp(steps) / abs(steps.mean()) else "linear"


def one_hold(scenario: Scenario, *, keeps_end: bool, keeps_scan: bool) -> Scenario:
    """Return a scenario with nothing but its first potential, held.

    Parameters
    ----------
    scenario : Any.
    keeps_end : Whether it ends as the scenario says; else it is held for a second.
    keeps_scan : Whether frames are recorded as the scenario says; else there are saved states only.

    Raises
    ------
    InputError
        A drive that begins with no hold, or with a group of steps.
    """
    true_rate(scenario)
    mapping = scenario.to_dict()
    first = mapping["drive"][0]
    if "hold" not in first:
        raise InputError("drive.0", sorted(first), "a hold", "begin with the hold that the map is about")
    held = {key: first[key] for key in first if key != "frame_period" or keeps_scan}
    mapping["drive"] = [held if keeps_end else {"hold": first["hold"], "until": {"time": 1.0}}]
    mapping["output"]["restart"] = "none"
    if not keeps_end:
        mapping["output"]["max_states"] = int(_MOST_TIMES * _STATES) + 1
    if not keeps_scan:
        mapping.pop("scan", None)
    return Scenario.from_dict(mapping)


def map_points(
    scenario: Scenario, axes: Sequence[MapAxis], way: float | None
) -> list[tuple[dict[str, Any], Scenario | None]]:
    """Values by path and scenario of every point, the last axis fastest; None where a scenario is refused.

    Parameters
    ----------
    scenario : What is varied, see :func:`one_hold`.
    axes : From :func:`map_axes`.
    way : Part of the particle's length that the mean front goes; None: each run as the scenario says.

    Raises
    ------
    InputError
        What the first point was refused for, where all are.
    """
    points: list[tuple[dict[str, Any], Scenario | None]] = []
    first: InputError | None = None
    for row in product(*(axis.given for axis in axes)):
        values = {axis.name: value for axis, value in zip(axes, row, strict=True) if axis.name != COVERAGE}
        shares = [value for axis, value in zip(axes, row, strict=True) if axis.name == COVERAGE]
        found: Scenario | None = None
        try:
            found = scenario.with_values(values)
            for share in shares:
                values |= _touching(found, to_si(share, "dimensionless", COVERAGE))
                found = scenario.with_values(values)
            if way is not None:
                values |= end_of_run(found, way)
                found = scenario.with_values(values)
        except InputError as error:
            first, found = first or error, None
        points.append((values, found))
    if first is not None and all(found is None for _, found in points):
        raise first
    return points


def _touching(scenario: Scenario, share: float) -> dict[str, float]:
    path = way_of(scenario)
    (name,) = scenario.contacts
    where, half = f"contacts.{name}.where", 0.5 * path.breadth
    return {f"{where}.from": half * (1.0 - share), f"{where}.to": half * (1.0 + share)}


def part_of_way(way: Any) -> float:
    """Part of the particle's length that a front goes.

    Raises
    ------
    InputError
        No number above 0 and below 1.
    """
    part = to_si(way, "dimensionless", "way")
    if not 0.0 < part < 1.0:
        raise InputError("way", way, "above 0, below 1", "a part of the particle's length")
    return part


def end_of_run(scenario: Scenario, way: float) -> dict[str, float]:
    """Values by path that end a run when its front has gone its way.

    Parameters
    ----------
    scenario : One hold.
    way : Part of the particle's length, above 0 and below 1.

    Raises
    ------
    InputError
        A way outside 0 to 1, or see :func:`~lto_sim.study.regimes.expected.expected`.
    """
    part = part_of_way(way)
    path, answers, true = way_of(scenario), expected(scenario), true_rate(scenario)
    time = _longest(path, answers, part * path.length, active_thickness(scenario)) * _LONGER / path.coverage
    walls = answers.k_bulk * 2.0 * answers.perimeter_length / path.breadth
    sooner = min(1.0 + walls / answers.k_parallel, _MOST_TIMES)
    low, high = build_material(scenario).edges(scenario.temperature)
    stored = min(part, _LARGEST_CONTENT) * (high - low) * (1.0 + 0.5 * true.excess)
    rises = build_material(scenario).contact_excess(scenario.steps[0].value, scenario.temperature) > 0.0
    return {
        "drive.0.until.time": time,
        "drive.0.until.li_fraction": low + stored if rises else high - stored,
        "output.every": time / int(sooner * _STATES),
    }


def _longest(path: Way, answers: Expected, distance: float, thickness: float) -> float:
    """Time [s] in which the mean front goes a distance, without the walls unless these alone are fed."""
    faces, walls, feeds = answers.surface_length, answers.perimeter_length, path.contact.feeds
    if feeds == "surface" and faces > 0.0:
        return closure_time(distance, answers.k_bulk, faces, thickness)
    if feeds == "surface" and walls > 0.0:
        return closure_time(distance, answers.k_bulk, walls, path.breadth)
    k = answers.k_parallel if feeds == "both" else answers.k_bulk
    return distance**2 / (2.0 * k)
