"""A run of a rectangular lamella turned so that its contact is at x = 0, as transformed fractions.

What is read here needs one way of the front: a rectangle, one even thickness, one contact on a side. Anything
else is refused in one line. States are those of the first step of the drive; layers without lithium transport
(``dead_layer``) are left out. What grows is the other phase than that of the first state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections import active_thickness
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.scenario import Scenario, build_material, build_surface
from lto_sim.scenario.contact import ContactSpec
from lto_sim.scenario.outline import RectangleSpec

__all__ = ["FrontView", "Way", "check_start", "front_view", "way_of"]

Floats = NDArray[np.float64]

_SIDES: Final = ("left", "right", "top", "bottom")
_SUPERSATURATED: Final = 0.05
"""How far a start may lie within the gap, as part of it: by so much the front stores less than the gap."""

_FEWEST: Final = 3

_REMEDY: Final = "regimes are those of one front from a side of a rectangle: use `lto-sim run` for others"


@dataclass(frozen=True)
class Way:
    """The way of the front.

    Parameters
    ----------
    side : Side with the contact.
    length, breadth : Extent of the particle along the way and across it [m].
    coverage : Part of the side that touches [1].
    contact : Its contact.
    """

    side: str
    length: float
    breadth: float
    coverage: float
    contact: ContactSpec


def way_of(scenario: Scenario) -> Way:
    """Way of the front of a scenario.

    Raises
    ------
    InputError
        No rectangle, a thickness that is not one number, a mesh with a place of its own, not one contact on a
        side, or a first step at a temperature of its own.
    """
    specimen, own = scenario.specimen, scenario.steps[0].temperature
    if own is not None and own != scenario.temperature:
        raise InputError("drive.0.temperature", own, "absent", "give temperature, for the whole run")
    if not isinstance(specimen.outline, RectangleSpec):
        raise InputError("specimen.outline.shape", specimen.outline.shape, "rectangle", _REMEDY)
    if not isinstance(specimen.thickness, int | float):
        raise InputError("specimen.thickness", "a wedge or an image", "one number", _REMEDY)
    if specimen.grid_point is not None:
        raise InputError("specimen.grid_point", specimen.grid_point, "absent", "let cells divide the outline")
    if len(scenario.contacts) != 1:
        raise InputError("contacts", sorted(scenario.contacts), "one contact", _REMEDY)
    ((name, contact),) = scenario.contacts.items()
    side = contact.where.side
    if side not in _SIDES:
        raise InputError(f"contacts.{name}.where", contact.where.way if side is None else side,
                         "a side: left, right, top, bottom", _REMEDY)  # fmt: skip
    along_x = side in {"left", "right"}
    width, height = specimen.outline.width, specimen.outline.height
    length, breadth = (width, height) if along_x else (height, width)
    start = 0.0 if contact.where.start is None else contact.where.start
    end = breadth if contact.where.end is None else contact.where.end
    return Way(str(side), length, breadth, min((end - start) / breadth, 1.0), contact)


def check_start(scenario: Scenario) -> None:
    """Refuse a start that has no front before it: within the gap, or in the phase that grows.

    Parameters
    ----------
    scenario : One whose drive begins with a hold, from one li fraction.

    Raises
    ------
    InputError
        Such a start, or a drive that begins with no hold.
    """
    rises, start = front_direction(scenario) == "insertion", scenario.initial
    low, high = build_material(scenario).edges(scenario.temperature)
    slack = _SUPERSATURATED * (high - low)
    edge = low + slack if rises else high - slack
    if isinstance(start, int | float) and (start > edge if rises else start < edge):
        raise InputError("initial", start, f"{'<=' if rises else '>='} {edge:.4g}, in the parent phase",
                         "start there, or hold the other potential")  # fmt: skip


@dataclass(frozen=True, eq=False)
class FrontView:
    """Transformed fractions, the contact at x = 0.

    Parameters
    ----------
    grown : Transformed fraction (time, z, y, x) of every saved state: 0 in the parent, 1 grown.
    time : Times of the states [s], (time,).
    cell : Cell along x [m].
    thickness : Active thickness [m].
    faces, walls : Whether they conduct.
    """

    grown: Floats
    time: Floats
    cell: float
    thickness: float
    faces: bool = False
    walls: bool = False

    @property
    def resolved(self) -> bool:
        """Whether surfaces that conduct have a cell between them that touches neither."""
        _, layers, rows, _ = self.grown.shape
        return (layers >= _FEWEST or not self.faces) and (rows >= _FEWEST or not self.walls)

    @property
    def length(self) -> float:
        """Extent along the way of the front [m]."""
        return float(self.grown.shape[3] * self.cell)

    @property
    def position(self) -> Floats:
        """Middle of the cells along the way [m], (x,)."""
        return np.asarray((np.arange(self.grown.shape[3]) + 0.5) * self.cell)

    @property
    def content(self) -> Floats:
        """Transformed fraction of the particle, (time,)."""
        return np.asarray(self.grown.mean(axis=(1, 2, 3)))


def front_view(run: xr.Dataset, scenario: Scenario) -> FrontView:
    """Turn a run.

    Parameters
    ----------
    run : Solution of `scenario`.
    scenario : What was run.

    Returns
    -------
    FrontView
        Transformed fractions, the contact at x = 0.

    Raises
    ------
    InputError
        See :func:`way_of`.
    """
    way = way_of(scenario)
    low, high = build_material(scenario).edges(scenario.temperature)
    x = run["li_fraction"].transpose("time", "z", "y", "x").values[_first_step(run)].astype(np.float64)
    if scenario.specimen.dead_layer.thickness > 0.0:
        x = x[:, 1:-1]
    rich = np.clip((x - low) / (high - low), 0.0, 1.0)
    grown = rich if x[0].mean() < 0.5 * (low + high) else 1.0 - rich
    if way.side in {"top", "bottom"}:
        grown = np.swapaxes(grown, 2, 3)
    if way.side in {"right", "bottom"}:
        grown = np.flip(grown, axis=3)
    surface = build_surface(scenario)
    return FrontView(
        grown, run["time"].values[_first_step(run)], way.length / grown.shape[3], active_thickness(scenario),
        faces=surface.faces is not None, walls=surface.perimeter is not None,
    )  # fmt: skip


def _first_step(run: xr.Dataset) -> Any:
    return run["drive_step_of_state"].values == 0
