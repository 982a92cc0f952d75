"""Cases whose front is known: the solver's track beside the exact one.

Every case builds a mesh, starts from the exact profile (averaged over the cells) or from the saturated
parent, marches, and reads the front out of the cells: a cell counts as transformed by

    f = clip[(x - x_parent_edge)/gap, 0, 1],

so the front's position is the sum of f times the cell size, its radius that of the untransformed volume.
Between two steps x is linear in time (as in every record of a run), hence the front is known at any time.

One error measure for all: the relative error of the position at times spread evenly over the exact track.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lto_sim.exact.line_source import LineSource
from lto_sim.exact.linear_parabolic import LinearParabolic, linear_rate
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.exact.wagner import PlanarFront, rate_constant
from lto_sim.specimen import Contact, ContactFaces, Mesh, Radial, Slab, Specimen, Stretch, build_mesh
from lto_sim.transport.controller import StepController
from lto_sim.transport.loop import Counters
from lto_sim.transport.stepper import Conditions
from lto_sim.validate.track import Measure, Track, run_track

__all__ = [
    "line_source_track",
    "linear_parabolic_track",
    "planar_profile",
    "planar_track",
    "radial_track",
]

Floats = NDArray[np.float64]

_FRONT_FRACTION = 0.25
_CHANGE_FRACTION = 0.3
_SAMPLES = 400
_LENGTH = 1e-6
_THICKNESS = 1e-7


def _transformed(front: PlanarFront | LineSource, x: Floats) -> Floats:
    return np.clip((x - front.x_parent_edge) / front.gap, 0.0, 1.0)


def _conditions(
    front: PlanarFront | LineSource, excess: Floats, transfer: Floats, imposed: Floats
) -> Conditions:
    """Conditions of an exact case: the growing phase is the rich one on insertion, else the poor one."""
    parent = (front.x_parent_edge, front.diffusivity_parent)
    growing = (front.x_growing_edge, front.diffusivity_growing)
    poor, rich = (parent, growing) if front.gap > 0.0 else (growing, parent)
    return Conditions(poor[0], rich[0], poor[1], rich[1], excess, transfer, imposed)


def _averaged(profile: Callable[[Floats], Floats], face: Floats, front: float, power: int) -> Floats:
    """Mean of `profile` over cells of radial measure r^power; the cell with the front mixes both sides."""
    node, weight = np.polynomial.legendre.leggauss(12)

    def integral(low: Floats, high: Floats) -> Floats:
        half = 0.5 * (high - low)[:, None]
        point = low[:, None] + half * (node + 1.0)
        return np.asarray((profile(point) * point**power * weight * half).sum(axis=1))

    low, high = face[:-1], face[1:]
    middle = np.clip(front, low, high)
    beyond = np.minimum(middle * (1.0 + 1e-13), high)
    total = integral(low, middle) + integral(beyond, high)
    return np.asarray(total * (power + 1) / (high ** (power + 1) - low ** (power + 1)))


def planar_track(
    front: PlanarFront,
    cells: int,
    *,
    start: float = 0.0,
    end: float = 0.8,
    front_fraction: float = _FRONT_FRACTION,
    change_fraction: float = _CHANGE_FRACTION,
    length: float = _LENGTH,
) -> Track:
    """Planar front in a slab whose far end follows the exact composition of the parent.

    Compared over the last half of the track, from end/2 to end.

    Parameters
    ----------
    front : The exact front.
    cells : Cells in the slab.
    start : Where the front stands at the start, as fraction of the length; 0 starts from the uniform parent.
    end : Where it stands at the end, as fraction of the length.
    front_fraction, change_fraction : Step size control [1], see `NumericsSpec`.
    length : Length of the slab [m].

    Returns
    -------
    Track
        The solver's front beside the exact one.
    """
    first = float(front.time_at(start * length))
    times = np.asarray(front.time_at(np.linspace(0.5 * end, end, _SAMPLES) * length)) - first
    cell = length / cells
    positions, counters = _planar_run(
        front, cells, start, length, times, lambda x: cell * float(_transformed(front, x).sum()),
        (front_fraction, change_fraction),
    )  # fmt: skip
    return Track(times, positions, front.front(times + first), counters)


def planar_profile(front: PlanarFront, cells: int, *, start: float = 0.1, end: float = 0.8) -> float:
    """Largest error of the composition of a cell behind and before a planar front, as part of the gap [1].

    The front's cell and its two neighbours are left out: what they hold is the front's position.

    Parameters
    ----------
    front : The exact front.
    cells : Cells in the slab.
    start, end : Where the front stands at the start and at the end, as fractions of the length.
    """
    first, last = (float(front.time_at(part * _LENGTH)) for part in (start, end))
    found, _ = _planar_run(front, cells, start, _LENGTH, np.array([last - first]), np.ravel)
    face = np.linspace(0.0, _LENGTH, cells + 1)
    exact = _averaged(lambda p: front.composition(p, last), face, end * _LENGTH, 0)
    at = int(end * cells)
    away = np.abs(np.arange(cells) - at) > 1
    return float(np.abs((found[0] - exact)[away]).max()) / abs(front.gap)


def _planar_run(
    front: PlanarFront, cells: int, start: float, length: float, times: Floats, measure: Measure,
    fractions: tuple[float, float] = (_FRONT_FRACTION, _CHANGE_FRACTION),
) -> tuple[Floats, Counters]:  # fmt: skip
    """Run from the front at `start` (part of the length), `times` [s] after that; what `measure` sees."""
    contacts = (Contact("fed", Stretch("left")), Contact("far", Stretch("right")))
    mesh = build_mesh(Specimen(Slab(length), _THICKNESS, length / cells * (1.0 + 1e-10)), contacts)
    first = float(front.time_at(start * length))
    held = front.x_contact - front.x_growing_edge

    def conditions(time: float) -> Conditions:
        far = front.x_start
        if first + time > 0.0:
            far = float(front.composition(length, first + time))
        return _conditions(
            front,
            np.array([held, far - front.x_parent_edge]),
            np.full(2, math.inf),
            np.zeros(2),
        )

    x_start = np.full(mesh.shape, front.x_start)
    if start > 0.0:
        profile = _averaged(lambda p: front.composition(p, first), mesh.x_face, start * length, 0)
        x_start = profile.reshape(mesh.shape)
    scale = max(abs(held), abs(front.x_start - front.x_parent_edge))
    return run_track(mesh, x_start, conditions, times, measure, StepController(*fractions, scale))


def radial_track(
    core: ShrinkingCore,
    cells: int,
    *,
    start: float = 0.95,
    end: float = 0.05,
    front_fraction: float = _FRONT_FRACTION,
    change_fraction: float = _CHANGE_FRACTION,
) -> Track:
    """Front that runs inward in a cylinder or sphere, compared from radius `start` to radius `end`.

    The excess A of the exact case needs windows that are A/(1 + A) wide beside a gap of 1/(1 + A).

    Parameters
    ----------
    core : The exact case, cylinder or sphere.
    cells : Cells along the radius.
    start, end : Relative radii of the front [1] between which the tracks are compared.
    front_fraction, change_fraction : Step size control [1], see `NumericsSpec`.

    Returns
    -------
    Track
        The solver's front beside the exact one.
    """
    shape: Literal["sphere", "cylinder"] = "sphere" if core.geometry == "sphere" else "cylinder"
    power = 3 if shape == "sphere" else 2
    specimen = Specimen(Radial(shape, core.radius), _THICKNESS, core.radius / cells * (1.0 + 1e-10))
    mesh = build_mesh(specimen, (Contact("outer", Stretch("outer")),))
    gap = 1.0 / (1.0 + core.excess)
    held = 1.0 - gap
    fed = Conditions(
        0.0, gap, core.diffusivity, core.diffusivity, np.array([held]), np.full(1, math.inf), np.zeros(1)
    )
    share = mesh.volume / mesh.volume.sum()

    def radius(x: Floats) -> float:
        untransformed = float((share * (1.0 - np.clip(x / gap, 0.0, 1.0))).sum())
        return core.radius * float(max(untransformed, 0.0) ** (1.0 / power))

    exact = core.radius * np.linspace(start, end, 2 * _SAMPLES)
    times = np.asarray(core.time_at(exact))
    controller = StepController(front_fraction, change_fraction, held)
    positions, counters = run_track(mesh, np.zeros(mesh.shape), lambda _: fed, times, radius, controller)
    return Track(times, positions, exact, counters)


def line_source_track(
    source: LineSource,
    cells: int,
    *,
    start: float = 0.1,
    end: float = 0.8,
    front_fraction: float = _FRONT_FRACTION,
    change_fraction: float = _CHANGE_FRACTION,
    radius: float = _LENGTH,
) -> Track:
    """Cylinder around a line source: the innermost cell is fed, the rim follows the exact parent.

    Compared over the last half of the track, from end/2 to end.

    Parameters
    ----------
    source : The exact case.
    cells : Cells along the radius.
    start, end : Radius of the front at the start and at the end, as fractions of the mesh's radius.
    front_fraction, change_fraction : Step size control [1], see `NumericsSpec`.
    radius : Radius of the mesh [m].

    Returns
    -------
    Track
        The solver's front beside the exact one.
    """
    specimen = Specimen(Radial("cylinder", radius), _THICKNESS, radius / cells * (1.0 + 1e-10))
    plain = build_mesh(specimen, (Contact("rim", Stretch("outer")),))
    centre = ContactFaces("line", np.zeros((1, 3), dtype=np.int64), np.ones(1), np.ones(1))
    mesh = Mesh(
        plain.x_face, plain.y_face, plain.z_face, plain.volume, plain.conductance_x, plain.conductance_y,
        plain.conductance_z, (centre, plain.contacts[0]), plain.mirrored,
    )  # fmt: skip

    def time_at(front: Floats | float) -> Floats:
        return np.square(np.asarray(front) / source.growth_parameter) / (4.0 * source.diffusivity_growing)

    first = float(time_at(start * radius))
    times = time_at(np.linspace(0.5 * end, end, _SAMPLES) * radius) - first

    def conditions(time: float) -> Conditions:
        rim = float(source.composition(radius, first + time))
        return _conditions(
            source,
            np.array([0.0, rim - source.x_parent_edge]),
            np.array([0.0, math.inf]),
            np.array([source.strength * _THICKNESS, 0.0]),
        )

    profile = _averaged(lambda r: source.composition(r, first), mesh.x_face, start * radius, 1)
    share = mesh.volume / mesh.volume.sum()

    def front_radius(x: Floats) -> float:
        return radius * math.sqrt(float((share * _transformed(source, x)).sum()))

    scale = max(abs(source.source * source.gap), abs(source.x_start - source.x_parent_edge))
    controller = StepController(front_fraction, change_fraction, scale)
    positions, counters = run_track(
        mesh, profile.reshape(mesh.shape), conditions, times, front_radius, controller
    )
    return Track(times, positions, source.exact(times + first), counters)


def linear_parabolic_track(
    biot: float,
    cells: int,
    *,
    excess: float = 0.01,
    start: float = 0.1,
    end: float = 0.8,
    front_fraction: float = _FRONT_FRACTION,
    change_fraction: float = _CHANGE_FRACTION,
    length: float = _LENGTH,
) -> Track:
    """Front behind a `linear` contact, from the saturated parent; compared from `start` to `end`.

    Parameters
    ----------
    biot : k_c L/D [1]: small is reaction-limited, large is diffusion-limited.
    cells : Cells in the slab.
    excess : Excess A [1]; the law is exact in the limit A -> 0.
    start, end : Positions between which the tracks are compared, as fractions of the length.
    front_fraction, change_fraction : Step size control [1], see `NumericsSpec`.
    length : Length of the slab [m].

    Returns
    -------
    Track
        The solver's front beside the exact one.
    """
    diffusivity = 1e-15
    gap = 1.0 / (1.0 + excess)
    held = 1.0 - gap
    coefficient = biot * diffusivity / length
    law = LinearParabolic(rate_constant(diffusivity, excess), linear_rate(coefficient, excess))
    specimen = Specimen(Slab(length), _THICKNESS, length / cells * (1.0 + 1e-10))
    mesh = build_mesh(specimen, (Contact("fed", Stretch("left")),))
    fed = Conditions(
        0.0, gap, diffusivity, diffusivity, np.array([held]), np.array([coefficient]), np.zeros(1)
    )
    times = np.asarray(law.time_at(np.linspace(start, end, _SAMPLES) * length))
    controller = StepController(front_fraction, change_fraction, held)
    cell = length / cells
    positions, counters = run_track(
        mesh, np.zeros(mesh.shape), lambda _: fed, times,
        lambda x: cell * float(np.clip(x / gap, 0.0, 1.0).sum()), controller,
    )  # fmt: skip
    return Track(times, positions, np.asarray(law.exact(times)), counters)
