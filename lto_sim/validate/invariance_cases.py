"""What must not change the answer: how the mesh lies, how long the steps are, an interruption.

One particle for all: a rectangle of 20 x 12 cells that fills through a part of its left side, the ends of the
contact inside cells; on request its wall conducts and a slanted grain boundary conducts and resists.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.materials import Arrhenius
from lto_sim.scenario import Scenario
from lto_sim.specimen import Contact, GrainBoundary, Rectangle, Specimen, Stretch, build_mesh
from lto_sim.transport import simulate
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import Leg, march
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions

__all__ = ["VIEWS", "View", "end_state", "partial_contact", "quality", "values_that_differ"]

Floats = NDArray[np.float64]

_WIDTH, _HEIGHT, _CELL = 300e-9, 180e-9, 15e-9
_LOW, _HIGH = 37e-9, 121e-9
_LINE: Final = np.array([[101e-9, 0.0], [163e-9, _HEIGHT]])  # meets no centre of a cell: no ties
_X4, _X7, _D4, _D7, _HELD = 0.05, 0.95, 6e-14, 6e-16, 0.05
_ON: Final = Arrhenius(1.0, 300.0, 0.0)
"""Any law: what a boundary conducts and resists comes with the conditions."""


@dataclass(frozen=True)
class View:
    """A way to lay the particle on the mesh.

    Parameters
    ----------
    side : Side of the contact.
    low, high : Its ends along the side [m].
    turned : Whether width and height are exchanged.
    moved : Where points (x, y) [m] of the particle go to.
    back : From the array (z, y, x) of this view to that of the first.
    """

    side: str
    low: float
    high: float
    turned: bool
    moved: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


VIEWS: Final = {
    "as it is": View("left", _LOW, _HIGH, False, lambda p: p, lambda a: a),
    "left and right exchanged": View(
        "right", _LOW, _HIGH, False, lambda p: np.array([_WIDTH, 0.0]) + p * [-1.0, 1.0],
        lambda a: a[:, :, ::-1],
    ),
    "up and down exchanged": View(
        "left", _HEIGHT - _HIGH, _HEIGHT - _LOW, False, lambda p: np.array([0.0, _HEIGHT]) + p * [1.0, -1.0],
        lambda a: a[:, ::-1, :],
    ),
    "turned by 90 degrees": View(
        "top", _HEIGHT - _HIGH, _HEIGHT - _LOW, True,
        lambda p: np.array([_HEIGHT, 0.0]) + p[:, ::-1] * [-1.0, 1.0],
        lambda a: np.rot90(a, 1, (1, 2)),
    ),
    "turned by 180 degrees": View(
        "right", _HEIGHT - _HIGH, _HEIGHT - _LOW, False, lambda p: np.array([_WIDTH, _HEIGHT]) - p,
        lambda a: a[:, ::-1, ::-1],
    ),
}  # fmt: skip
"""Images of the particle under the symmetries of the mesh, the first one itself."""


def end_state(
    view: str = "as it is", *, start: float = 0.0, duration: float = 400.0, layers: int = 1,
    paths: bool = False, front_fraction: float = 0.25, cuts: int = 1,
) -> Floats:  # fmt: skip
    """Composition (z, y, x) of the particle at the end, laid back as the first view has it.

    Parameters
    ----------
    view : One of `VIEWS`.
    start : Li fraction at the start.
    duration : Time [s].
    layers : Cells through the thickness.
    paths : Whether wall and grain boundary conduct.
    front_fraction : Step size control.
    cuts : Number of equal steps of the drive.
    """
    lay = VIEWS[view]
    width, height = (_HEIGHT, _WIDTH) if lay.turned else (_WIDTH, _HEIGHT)
    boundary = GrainBoundary("gb", (lay.moved(_LINE),), _ON, _ON)
    mesh = build_mesh(
        Specimen(Rectangle(width, height), 60e-9, _CELL, layers=layers),
        (Contact("fed", Stretch(lay.side, lay.low, lay.high)),), (boundary,) if paths else (),
        perimeter=paths,
    )  # fmt: skip
    grid = make_grid(mesh)
    faces = grid.contact_cell.size
    conducts = (np.array([2e-23, 0.0, 2e-23]), np.array([1e8])) if paths else ()
    conditions = Conditions(
        _X4, _X7, _D4, _D7, np.full(faces, _HELD), np.full(faces, math.inf), np.zeros(faces), *conducts
    )
    controller = StepController(front_fraction, 1.2 * front_fraction, _HELD)
    legs = tuple(Leg(duration / cuts, 0.4, lambda _: conditions, controller) for _ in range(cuts))
    x, _, _ = march(ImplicitStepper(grid), np.full(mesh.shape, start), legs, ())
    return np.asarray(lay.back(x))


def partial_contact(
    drive: list[dict[str, Any]], *, initial: float, paths: bool = True, **sections: Any
) -> Scenario:
    """Return the same particle as a scenario at 75 degC.

    Parameters
    ----------
    drive : Steps.
    initial : Li fraction at the start.
    paths : Whether wall and grain boundary conduct.
    sections : Other sections of the scenario.
    """
    more: dict[str, Any] = {}
    if paths:
        law = {"reference": 348.15, "Ea": 0.0}
        more = {
            "surface": {"perimeter": {"at": 2e-23, **law}},
            "grain_boundaries": {
                "gb": {
                    "line": _LINE.tolist(),
                    "along": {"at": 2e-23, **law},
                    "resistance": {"at": 1e8, **law},
                }
            },
        }
    return Scenario.from_dict({
        "material": "lto", "temperature": 348.15, "initial": initial, "drive": drive,
        "specimen": {
            "outline": {"shape": "rectangle", "width": _WIDTH, "height": _HEIGHT},
            "thickness": 60e-9, "cell": _CELL,
        },
        "contacts": {"lps": {"where": {"side": "left", "from": _LOW, "to": _HIGH}}},
        **more, **sections,
    })  # fmt: skip


def values_that_differ(scenario: Scenario, part: float) -> int:
    """Numbers of a continued run's end that are not those of the uninterrupted one, to the last bit.

    Compared are the last saved state, the charge, and the state at the last step with all that the loop
    remembers, in double precision.

    Parameters
    ----------
    scenario : What is run twice.
    part : Saved state from which the second run goes on, as part of all of them.
    """
    run = simulate(scenario)
    time = float(run["time"].values[round(part * (run.sizes["time"] - 1))])
    again = simulate(scenario, restart=run, restart_time=time)
    names = [str(n) for n in run.data_vars if str(n).startswith("restart_") and n != "restart_state"]
    names += ["li_fraction", *(["surface_excess"] if "surface_excess" in run else [])]
    differ = sum(_different(run[name].values[-1], again[name].values[-1]) for name in names)
    return differ + _different(run["charge"].values[-1], again["charge"].values[-1])


def _different(one: Any, other: Any) -> int:
    return int(np.count_nonzero(~((one == other) | ((one != one) & (other != other)))))


def quality(run: xr.Dataset) -> tuple[float, float]:
    """Balance error of a run and its number of li fractions outside [0, 1]; NaN if it did not finish."""
    if run.attrs["status"] > 1:
        return math.nan, math.nan
    return float(run.attrs["worst_balance_error"]), float(run.attrs["out_of_range"])
