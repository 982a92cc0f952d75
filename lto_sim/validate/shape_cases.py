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
from lto_sim.transport.loop import Counters
from lto_sim.transport.step import Conditions
from lto_sim.validate.surface_cases import fed_conditions, saturated_run
from lto_sim.validate.track import Track, run_track

__all__ = [
    "AroundCircle",
    "around_circle",
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
    offset: tuple[float, float] = (0.0, 0.0),
) -> Track:
    """Front that runs inward from the whole perimeter of a circle, beside the exact cylinder's.

    Positions are radii; they are compared at R = 0.75, 0.5, 0.25 and 0.1 of the outer radius.

    Parameters
    ----------
    excess : A.
    cells : Cells across the diameter.
    outline : A circle in another form (a traced mask); default: the circle itself.
    offset : Shift of the grid against the circle's centre, as part of a cell.
    """
    body = circular((0.0, 0.0), _RADIUS) if outline is None else outline
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

    exact = radius * np.array([0.75, 0.5, 0.25, 0.1])
    times = np.asarray(core.time_at(exact))
    controller = StepController(0.25, 0.3, 1.0 - gap)
    positions, counters = run_track(mesh, np.zeros(mesh.shape), lambda _: fed, times, front, controller)
    return Track(times, positions, exact, counters)


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


@dataclass(frozen=True)
class AroundCircle:
    """Shell along the wall of a circle beside the shell along a straight wall of the same arc length.

    Parameters
    ----------
    uptake, straight_uptake : Transformed area of both at the same times [m2], corrected for nothing.
    reach, straight_reach : Arc length that the shells cover at these times [m].
    """

    uptake: Floats
    straight_uptake: Floats
    reach: Floats
    straight_reach: Floats


def around_circle(
    *, cells: int = 200, thickness: float = 0.012, offset: tuple[float, float] = (0.0, 0.0)
) -> AroundCircle:
    """Shells fed at one place of the perimeter only, so thin that the bend of the wall hardly counts.

    Parameters
    ----------
    cells : Cells across the diameter.
    thickness : Final shell thickness at the fed place over the radius.
    offset : Shift of the grid, as part of a cell.
    """
    radius, excess = 1e-6, 0.05
    cell = 2.0 * radius / cells
    h0 = thickness * radius
    surface = (0.8 * math.pi * radius) ** 2 / (6.0 * h0)  # the exact reach is 0.8 of the half perimeter
    body = circular((0.0, 0.0), radius)
    round_mesh = build_mesh(
        Specimen(body, 1e-7, cell, grid_point=(offset[0] * cell, offset[1] * cell)),
        (Contact("fed", ArcStretch(0.0, 0.5 * cell), feeds="surface"),),
        perimeter=True,
    )
    length = cell * round(math.pi * radius / cell)
    flat_mesh = build_mesh(
        Specimen(Rectangle(length, 16.0 * cell), 1e-7, cell),
        (Contact("fed", Stretch("left"), feeds="surface"),),
        perimeter=True,
    )
    end = h0**2 / (2.0 * excess * 1e-16)
    times = np.linspace(0.25, 1.0, 4) * end
    areas, reaches = [], []
    for mesh in (round_mesh, flat_mesh):
        fed = fed_conditions(mesh, excess, perimeter=surface)
        fraction, _ = saturated_run(mesh, fed, excess, times, 0.25)
        areas.append((fraction * mesh.volume).sum(axis=(1, 2, 3)) / 1e-7)
        cells_of = mesh.surface.cell
        covered = fraction[:, cells_of[:, 0], cells_of[:, 1], cells_of[:, 2]] > 1e-3
        reaches.append((covered * mesh.surface.length).sum(axis=1))
    return AroundCircle(areas[0], areas[1], reaches[0], reaches[1])


def ripple_track(
    *,
    wavelength: float = 2.0,
    amplitude: float = 0.05,
    excess: float = 0.02,
    cells: int = 40,
    end: float = 2.0,
) -> Track:
    """Amplitude of a ripple on a front that starts at xi0 and moves on, beside the exact decay.

    Positions and exact values are amplitudes over that at the start.

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
    return Track(times, height_now / first[1], np.asarray(exact), counters)
