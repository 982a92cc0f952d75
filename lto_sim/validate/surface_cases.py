"""Cases with conducting surfaces whose answer is known: a shell, a thin lamella, a wedge.

All start from the saturated parent (poor phase at its gap edge) and grow the rich phase, so that only the
rich phase's diffusivity and the surface length l = delta D_s/D matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lto_sim.exact import thin_lamella
from lto_sim.exact.surface_shell import SurfaceFedShell
from lto_sim.exact.wagner import rate_constant
from lto_sim.specimen import Contact, Mesh, Rectangle, Specimen, Stretch, Wedge, build_mesh
from lto_sim.transport.controller import StepController
from lto_sim.transport.loop import Counters
from lto_sim.transport.record import Observer, Span
from lto_sim.transport.stepper import Conditions
from lto_sim.validate.track import run_track

__all__ = [
    "GROWING_DIFFUSIVITY",
    "LamellaFront",
    "LocalRates",
    "ShellProfile",
    "WedgeFronts",
    "fed_conditions",
    "lamella_front",
    "local_rates",
    "saturated_run",
    "shell_profile",
    "transformed",
    "wedge_fronts",
]

Floats = NDArray[np.float64]

GROWING_DIFFUSIVITY: Final = 1e-16
_PARENT = 1e-14
_POOR, _RICH = 0.05, 0.95
_GAP = _RICH - _POOR


def transformed(x: Floats) -> Floats:
    """Transformed fraction of every cell."""
    return np.clip((x - _POOR) / _GAP, 0.0, 1.0)


def fed_conditions(mesh: Mesh, excess: float, *, perimeter: float = 0.0, faces: float = 0.0) -> Conditions:
    """Every contact held at excess A over the gap; surfaces of the given length l = delta D_s/D [m]."""
    count = sum(c.area.size for c in mesh.contacts)
    return Conditions(
        _POOR, _RICH, _PARENT, GROWING_DIFFUSIVITY, np.full(count, excess * _GAP),
        np.full(count, math.inf), np.zeros(count), np.array([perimeter, faces]) * GROWING_DIFFUSIVITY,
    )  # fmt: skip


def saturated_run(
    mesh: Mesh, conditions: Conditions, excess: float, times: Floats, front_fraction: float,
    observers: Sequence[Observer] = (),
) -> tuple[Floats, Counters]:  # fmt: skip
    """Transformed fraction (time, z, y, x) from the saturated parent; `observers` see every step too."""
    controller = StepController(front_fraction, 0.1, excess * _GAP)
    start = np.full(mesh.shape, _POOR)
    return run_track(mesh, start, lambda _: conditions, times, transformed, controller, observers)


class _LastExcess:
    """Observer: the excess of the surface at the end."""

    excess: Floats

    def observe(self, span: Span) -> None:
        self.excess = span.excess_end


@dataclass(frozen=True)
class ShellProfile:
    """Shell of the solver beside the exact one (section 5 of the exact answers).

    Parameters
    ----------
    position : Positions along the surface, as part of the exact reach L.
    error : Relative error of the thickness there.
    excess : Excess of the surface there over that of the fed edge; the exact one is (1 - position)^3.
    tip_exponent : Exponent of the reach over time; the exact one is 1/4.
    tip : Reach over the exact one at the end.
    counters : Work and quality of the run.
    """

    position: tuple[float, ...]
    error: tuple[float, ...]
    excess: tuple[float, ...]
    tip_exponent: float
    tip: float
    counters: Counters


def shell_profile(
    cells: int, *, ratio: float = 0.05, excess: float = 0.05, on: str = "faces", front_fraction: float = 0.25
) -> ShellProfile:
    """Shell under a straight surface that a contact feeds at its edge only.

    Parameters
    ----------
    cells : Cells in the final thickness h0 at the fed edge.
    ratio : h0 over l; the exact answer holds for small values.
    excess : A.
    on : ``faces`` (cross-section of a lamella) or ``perimeter`` (the top wall of a rectangle).
    front_fraction : Step size control.
    """
    cell = 5e-9
    h0 = cells * cell
    exact = SurfaceFedShell(GROWING_DIFFUSIVITY, excess, h0 / ratio)
    end = h0**2 / (2.0 * exact.rate_constant)
    reach = float(exact.length(end))
    depth, length = math.ceil(2.5 * cells), cell * math.ceil(1.4 * reach / cell)
    contact = (Contact("fed", Stretch("left"), feeds="surface"),)
    if on == "faces":
        body = Specimen(Rectangle(length, cell), 2.0 * depth * cell, cell, layers=2 * depth, symmetry=True)
        mesh = build_mesh(body, contact, faces=True)
        conditions = fed_conditions(mesh, excess, faces=h0 / ratio)
        depth_axis = 1
    else:
        body = Specimen(Rectangle(length, 2.0 * depth * cell), 1e-7, cell)
        mesh = build_mesh(body, contact, perimeter=True)
        conditions = fed_conditions(mesh, excess, perimeter=h0 / ratio)
        depth_axis = 2
    times = end * np.geomspace(0.1, 1.0, 10)
    last = _LastExcess()
    fraction, counters = saturated_run(mesh, conditions, excess, times, front_fraction, (last,))
    half = np.take(fraction, np.arange(depth), axis=depth_axis)
    shell = half.sum(axis=depth_axis)[:, 0, :] * cell
    along = 0.5 * (mesh.x_face[1:] + mesh.x_face[:-1])
    places = (0.2, 0.4, 0.6)
    error = [
        float(np.interp(p * reach, along, shell[-1]) / exact.thickness(p * reach, end)) - 1.0 for p in places
    ]
    tips = [_tip(along, h, float(exact.length(t))) for h, t in zip(shell, times, strict=True)]
    exponent = float(np.polyfit(np.log(times), np.log(tips), 1)[0])
    kind, axis = (1, 0) if on == "faces" else (0, 1)
    on_top = (mesh.surface.kind == kind) & (mesh.surface.cell[:, axis] == 0)
    where = np.argsort(mesh.surface.position[on_top, 0])
    x, w = mesh.surface.position[on_top, 0][where], last.excess[on_top][where]
    over = tuple(float(v) for v in np.interp([p * reach for p in places], x, w / (excess * _GAP)))
    return ShellProfile(places, tuple(error), over, exponent, tips[-1] / reach, counters)


def _tip(along: Floats, shell: Floats, reach: float) -> float:
    """Where sqrt(h), a straight line in the exact answer, goes to zero."""
    used = (along > 0.1 * reach) & (along < 0.7 * reach)
    slope, start = np.polyfit(along[used], np.sqrt(shell[used]), 1)
    return float(-start / slope)


@dataclass(frozen=True)
class LamellaFront:
    """Mean front in a thin lamella with conducting faces (section 6 of the exact answers).

    Parameters
    ----------
    rate : Rate constant beyond the crossover over k_app, from the whole of it.
    local_rate : The same from each fifth of it.
    counters : Work and quality of the run.
    """

    rate: float
    local_rate: tuple[float, ...]
    counters: Counters


def lamella_front(ratio: float, *, layers: int = 8, excess: float = 0.05) -> LamellaFront:
    """Front along a lamella of thickness H whose faces have l = `ratio` H; `layers` through the thickness."""
    thickness = 150e-9
    cell = thickness / layers
    surface = ratio * thickness
    crossover = thin_lamella.crossover_length(surface, thickness)
    end = 2.0 * max(crossover, 5.0 * thickness)
    length = cell * math.ceil(1.5 * end / cell)
    body = Specimen(Rectangle(length, cell), thickness, cell, layers=layers, symmetry=True)
    mesh = build_mesh(body, (Contact("fed", Stretch("left")),), faces=True)
    bulk = rate_constant(GROWING_DIFFUSIVITY, excess)
    expected = thin_lamella.apparent_rate_constant(bulk, surface, thickness)
    times = np.linspace(0.0, end**2 / (2.0 * expected), 201)[1:]
    conditions = fed_conditions(mesh, excess, faces=surface)
    fraction, counters = saturated_run(mesh, conditions, excess, times, 0.25)
    xi = fraction.sum(axis=3).mean(axis=(1, 2)) * cell
    late = np.flatnonzero(xi > crossover)
    rate = _rate(times[late], xi[late]) / expected
    parts = [_rate(times[part], xi[part]) / expected for part in np.array_split(late, 5)]
    return LamellaFront(rate, tuple(parts), counters)


def _rate(time: Floats, xi: Floats) -> float:
    """K of xi^2 = 2 k t + constant."""
    return float(np.polyfit(time, np.square(xi), 1)[0]) / 2.0


@dataclass(frozen=True)
class LocalRates:
    """Rate constants d(xi^2)/dt/2 over k_app where the mean front stands at 4 H.

    Parameters
    ----------
    mean, middle, face : Of the mean front, of that at mid-plane, and of that at the faces.
    """

    mean: float
    middle: float
    face: float


def local_rates(
    *, ratio: float = 2.0, place: float = 4.0, layers: int = 8, excess: float = 0.05,
    feeds: Literal["bulk", "both"] = "both",
) -> LocalRates:  # fmt: skip
    """Local rate constants in a lamella, before the front is beyond the crossover.

    Parameters
    ----------
    ratio : l/H.
    place : Mean position over the thickness H at which they are taken, from a tenth of it on either side.
    layers : Cells through the thickness.
    excess : A.
    feeds : Whether the contact feeds the surface layers beside the bulk.
    """
    thickness = 150e-9
    cell = thickness / layers
    length = cell * math.ceil(1.8 * place * layers)
    body = Specimen(Rectangle(length, cell), thickness, cell, layers=layers, symmetry=True)
    mesh = build_mesh(body, (Contact("fed", Stretch("left"), feeds=feeds),), faces=True)
    expected = thin_lamella.apparent_rate_constant(
        rate_constant(GROWING_DIFFUSIVITY, excess), ratio * thickness, thickness
    )
    times = np.linspace(0.0, 1.4 * (place * thickness) ** 2 / (2.0 * expected), 401)[1:]
    conditions = fed_conditions(mesh, excess, faces=ratio * thickness)
    fraction, _ = saturated_run(mesh, conditions, excess, times, 0.25)
    front = fraction.sum(axis=(2, 3)) * cell
    mean = front.mean(axis=1)
    near = np.abs(mean / (place * thickness) - 1.0) < 0.1
    mean_rate, face, middle = (
        _rate(times[near], xi[near]) / expected for xi in (mean, front[:, 0], front[:, -1])
    )
    return LocalRates(mean_rate, middle, face)


@dataclass(frozen=True)
class WedgeFronts:
    """Fronts near the two ends of a lamella whose thickness varies across the front's path.

    Parameters
    ----------
    thickness : Thickness where each front is read [m].
    rate : Rate constant over the one of section 6 for that thickness.
    counters : Work and quality of the run.
    """

    thickness: tuple[float, ...]
    rate: tuple[float, ...]
    counters: Counters


def wedge_fronts(
    *, thin: float = 100e-9, thick: float = 200e-9, surface: float = 100e-9, height: float = 10e-6,
    excess: float = 0.05, layers: int = 4, cell: float = 50e-9, places: Sequence[float] = (0.05, 0.95),
) -> WedgeFronts:  # fmt: skip
    """Fronts from the left side of a tall wedge, read at two heights.

    Parameters
    ----------
    thin, thick : Thickness at top and bottom [m].
    surface : l of both faces [m].
    height : Height of the wedge [m]; tall beside the front's way, so that its ends hardly feel each other.
    excess : A.
    layers : Cells through the thickness.
    cell : Cells in the plane [m].
    places : Heights where fronts are read, as part of `height`.
    """
    crossover = thin_lamella.crossover_length(surface, thick)
    end = 1.8 * crossover
    body = Specimen(
        Rectangle(cell * math.ceil(1.6 * end / cell), height), Wedge(thin, thick, "y"), cell, layers=layers,
        symmetry=True,
    )  # fmt: skip
    mesh = build_mesh(body, (Contact("fed", Stretch("left")),), faces=True)
    bulk = rate_constant(GROWING_DIFFUSIVITY, excess)
    last = end**2 / (2.0 * thin_lamella.apparent_rate_constant(bulk, surface, thick))
    times = np.linspace(0.0, last, 101)[1:]
    conditions = fed_conditions(mesh, excess, faces=surface)
    fraction, counters = saturated_run(mesh, conditions, excess, times, 0.25)
    xi = fraction.mean(axis=1).sum(axis=2) * (mesh.x_face[1] - mesh.x_face[0])
    middle = 0.5 * (mesh.y_face[1:] + mesh.y_face[:-1]) / height
    found, rates = [], []
    for place in places:
        row = int(np.argmin(np.abs(middle - place)))
        here = float(mesh.thickness[row, 0])
        late = xi[:, row] > thin_lamella.crossover_length(surface, here)
        expected = thin_lamella.apparent_rate_constant(bulk, surface, here)
        found.append(here)
        rates.append(_rate(times[late], xi[late, row]) / expected)
    return WedgeFronts(tuple(found), tuple(rates), counters)
