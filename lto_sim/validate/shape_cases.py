"""Cases of free-form outlines whose answer is known: circle, ellipse, a surface around a bend, a ripple."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.exact import ripple
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.specimen import ArcStretch, Contact, Polygon, Rectangle, Specimen, Stretch, build_mesh
from lto_sim.specimen import circle as circular
from lto_sim.specimen import ellipse as elliptical
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import Counters
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions
from lto_sim.validate.surface_cases import GROWING_DIFFUSIVITY, fed_conditions, saturated_run
from lto_sim.validate.track import Track, run_track

__all__ = [
    "BentShell",
    "around_circle",
    "bent_shell",
    "circle_track",
    "ellipse_content",
    "outline_radius",
    "ripple_track",
]

Floats = NDArray[np.float64]

_RADIUS = 0.8e-6
_DIFFUSIVITY = 3e-16


def outline_radius(outline: Polygon) -> float:
    """Radius [m] of the circle of the outline's area."""
    return math.sqrt(outline.area / math.pi)


def circle_track(
    excess: float,
    cells: int = 64,
    *,
    outline: Polygon | None = None,
    turn: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> Track:
    """Front that runs inward from the whole perimeter of a circle, beside the exact cylinder's.

    `time` and `exact` of the track are the exact times of arrival at R = 0.75, 0.5, 0.25 and 0.1 of the outer
    radius, `position` the solver's times.

    Parameters
    ----------
    excess : A.
    cells : Cells across the diameter.
    outline : A circle in another form (a traced mask); default: the circle itself.
    turn : Angle by which its vertices are turned against the grid [rad].
    offset : Shift of the grid against the circle's centre, as part of a cell.
    """
    body = _turned(circular((0.0, 0.0), _RADIUS) if outline is None else outline, turn)
    radius = _RADIUS if outline is None else outline_radius(outline)
    core = ShrinkingCore("cylinder", radius, _DIFFUSIVITY, excess)
    cell = 2.0 * radius / cells
    x0, y0, x1, y1 = body.bounds
    centre = 0.5 * (x0 + x1) + offset[0] * cell, 0.5 * (y0 + y1) + offset[1] * cell
    mesh = build_mesh(Specimen(body, 1e-7, cell, grid_point=centre), (Contact("rim", Stretch("all")),))
    gap = 1.0 / (1.0 + excess)
    faces = mesh.contacts[0].area.size
    fed = Conditions(
        0.0, gap, _DIFFUSIVITY, _DIFFUSIVITY, np.full(faces, 1.0 - gap), np.full(faces, math.inf),
        np.zeros(faces),
    )  # fmt: skip
    share = mesh.volume / mesh.volume.sum()

    def front(x: Floats) -> float:
        left = float((share * (1.0 - np.clip(x / gap, 0.0, 1.0))).sum())
        return radius * math.sqrt(max(left, 0.0))

    exact = np.asarray(core.time_at(radius * np.array([0.75, 0.5, 0.25, 0.1])))
    times = np.linspace(0.0, 1.05, 2001)[1:] * exact[-1]
    controller = StepController(0.25, 0.3, 1.0 - gap)
    track, counters = run_track(mesh, np.zeros(mesh.shape), lambda _: fed, times, front, controller)
    arrival = np.interp(-radius * np.array([0.75, 0.5, 0.25, 0.1]), -track, times)
    return Track(exact, arrival, exact, counters)


def _turned(outline: Polygon, angle: float) -> Polygon:
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    return Polygon(outline.exterior @ turn, tuple(h @ turn for h in outline.holes), smooth=outline.smooth)


def ellipse_content(cells: int, *, times: int = 8, turn: float = 0.4) -> tuple[Floats, Counters]:
    """Content of an ellipse that fills from its whole perimeter, at fixed times.

    Parameters
    ----------
    cells : Cells along the longer axis.
    times : Number of times, evenly spread until the ellipse is nearly full.
    turn : Angle of its axes against the mesh [rad].
    """
    axes = (1.0e-6, 0.6e-6)
    body = elliptical((0.0, 0.0), axes, turn)
    mesh = build_mesh(Specimen(body, 1e-7, 2.0 * axes[0] / cells), (Contact("rim", Stretch("all")),))
    excess = 0.1
    fed = fed_conditions(mesh, excess)
    last = 0.9 * axes[1] ** 2 / (4.0 * excess * fed.diffusivity_rich) * 1.3
    when = np.linspace(0.0, last, times + 1)[1:]
    fraction, counters = saturated_run(mesh, fed, excess, when, 0.25)
    share = mesh.volume / mesh.volume.sum()
    return np.asarray((fraction * share).sum(axis=(1, 2, 3))), counters


def around_circle(offset: tuple[float, float] = (0.0, 0.0), cells: int = 64) -> float:
    """Steady current along the wall of a circle over that along a straight wall of the same arc length.

    Two contacts opposite each other feed the surface only, one from w to 0; the bulk takes next to no part.

    Parameters
    ----------
    offset : Shift of the grid, as part of a cell.
    cells : Cells across the diameter.
    """
    radius, thickness, conductance = 1e-6, 1e-7, 1e-21
    cell, half, around = 2.0 * radius / cells, 0.1 * radius, 2.0 * math.pi * radius
    contacts = tuple(
        Contact(name, ArcStretch(start, start + 2.0 * half), feeds="surface")
        for name, start in (("from", around - half), ("to", 0.5 * around - half))
    )
    grid_point = offset[0] * cell, offset[1] * cell
    body = Specimen(circular((0.0, 0.0), radius), thickness, cell, grid_point=grid_point)
    mesh = build_mesh(body, contacts, perimeter=True)
    sizes = [c.area.size for c in mesh.contacts]
    diffusivity = 1e-6 * conductance / radius
    held = np.repeat([0.05, 0.0], sizes)
    conditions = Conditions(
        0.05, 0.95, diffusivity, diffusivity, held, np.full(held.size, math.inf), np.zeros(held.size),
        np.array([conductance, 0.0]),
    )  # fmt: skip
    grid = make_grid(mesh)
    dt = 1e-3 * radius**2 / diffusivity
    step = ImplicitStepper(grid).step(grid.pad(np.full(mesh.shape, 0.95)), dt, conditions)
    current = float(step.uptake[grid.contact_slices[0]].sum()) / dt
    return current / (2.0 * conductance * thickness * 0.05 / (0.5 * around - 2.0 * half))


@dataclass(frozen=True)
class BentShell:
    """Shell along the wall of a circle beside one along a straight wall, at the same times.

    Parameters
    ----------
    cells : Cells in the thickness h0 at the fed place.
    area, straight_area : Transformed area of both over the exact one of a straight wall, h0 L/3 a side.
    bend : What the bend makes of it to first order, 1 - h0/(8 R).
    """

    cells: Floats
    area: Floats
    straight_area: Floats
    bend: Floats


def bent_shell(*, cells: int = 8, thickness: float = 0.08) -> BentShell:
    """Shells fed at one place of the wall, 0.8 of the half perimeter long at the end.

    On the inside of a circle a shell of depth y has the area a = y - y^2/(2R) per arc length and takes up
    K u/(R ln[R/(R - y)]), hence to first order in a/R

        da/dt = K u/p,    l u'' = u/p,    p = a (1 + a/R).

    With z = 1 - x/L and e = h0/R this has the solution, to first order in e,

        a = h0 [z^2 + e (z^2 - 5 z^4)/12],    L = sqrt(6 l h0) (1 + e/24),

    where h0 = sqrt(2 K t) as on a straight wall; its integral is h0 sqrt(6 l h0)/3 (1 - e/8).

    Parameters
    ----------
    cells : Cells in the final thickness h0.
    thickness : h0 over the radius.
    """
    radius, excess = 1e-6, 0.05
    h0 = thickness * radius
    cell, surface = h0 / cells, (0.8 * math.pi * radius) ** 2 / (6.0 * h0)
    rim, core = (circular((0.0, 0.0), r).exterior for r in (radius, radius * (1.0 - 2.5 * thickness)))
    around = circular((0.0, 0.0), radius).perimeter
    spot = ArcStretch(around - 0.01 * cell, around + 0.01 * cell)
    ring = Specimen(Polygon(rim, (core,), smooth=True), 1e-7, cell, grid_point=(0.0, 0.0))
    flat = Specimen(Rectangle(cell * round(math.pi * radius / cell), 5.0 * h0), 1e-7, cell)
    times = np.array([0.25, 0.5625, 1.0]) * h0**2 / (2.0 * excess * GROWING_DIFFUSIVITY)
    now = h0 * np.sqrt(times / times[-1])
    areas = []
    for body, stretch in ((ring, spot), (flat, Stretch("left"))):
        mesh = build_mesh(body, (Contact("fed", stretch, feeds="surface"),), perimeter=True)
        fed = fed_conditions(mesh, excess, perimeter=surface)
        fraction, _ = saturated_run(mesh, fed, excess, times, 0.25)
        areas.append((fraction * mesh.volume).sum(axis=(1, 2, 3)) / 1e-7)
    exact = 2.0 * now * np.sqrt(6.0 * surface * now) / 3.0
    return BentShell(now / cell, areas[0] / exact, areas[1] / exact, 1.0 - now / (8.0 * radius))


def ripple_track(
    *,
    wavelength: float = 2.0,
    amplitude: float = 0.05,
    excess: float = 0.02,
    cells: int = 40,
    end: float = 2.0,
) -> Track:
    """Amplitude of a ripple on a front that starts at xi0 and moves on, beside the exact decay.

    Positions and exact values are amplitudes over that at the start, down to a fifth of it.

    Parameters
    ----------
    wavelength : Of the ripple, over xi0.
    amplitude : Of the ripple at the start, over xi0.
    excess : A.
    cells : Cells in xi0.
    end : Position of the front at the end, over xi0.
    """
    start = 0.4e-6
    cell = start / cells
    q = 2.0 * math.pi / (wavelength * start)
    height, width = 0.5 * wavelength * start, cell * math.ceil((end + 3.0 * amplitude + 0.1) * cells)
    mesh = build_mesh(Specimen(Rectangle(width, height), 1e-7, cell), (Contact("fed", Stretch("left")),))
    fed = fed_conditions(mesh, excess)
    x_low, x_high, gap = fed.x_poor, fed.x_rich, fed.gap
    x = 0.5 * (mesh.x_face[1:] + mesh.x_face[:-1])
    y = 0.5 * (mesh.y_face[1:] + mesh.y_face[:-1])
    front = start * (1.0 + amplitude * np.cos(q * y))
    part = np.clip((front[:, None] - mesh.x_face[None, :-1]) / cell, 0.0, 1.0)
    inside = excess * gap * np.maximum(1.0 - x[None, :] / front[:, None], 0.0)
    x_start = np.where(part >= 1.0, x_high + inside, x_low + part * gap)[None]
    rate = excess * fed.diffusivity_rich / (1.0 + excess / 3.0)
    times = np.linspace(0.0, 1.0, 21)[1:] * (end**2 - 1.0) * start**2 / (2.0 * rate)

    def measure(values: Floats) -> tuple[float, float]:
        rows = np.clip((values[0] - x_low) / gap, 0.0, 1.0).sum(axis=1) * cell
        return float(rows.mean()), float(2.0 * np.mean(rows * np.cos(q * y)))

    controller = StepController(0.25, 0.1, excess * gap)
    found, counters = run_track(mesh, x_start, lambda _: fed, times, measure, controller)
    first = measure(x_start)
    position, height_now = found[:, 0], found[:, 1]
    exact = ripple.amplitude(first[1], q, first[0], position) / first[1]
    kept = exact > 0.2
    return Track(times[kept], height_now[kept] / first[1], np.asarray(exact)[kept], counters)
