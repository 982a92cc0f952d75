"""Fronts of the solver beside exact ones: planar, around a line source, shrinking cores, slow contacts.

The quick form has fewer cases and resolutions; the limits are the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final, Literal

import numpy as np

from lto_sim.exact.line_source import LineSource
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.exact.wagner import PlanarFront
from lto_sim.validate.cases import (
    line_source_track,
    linear_parabolic_track,
    planar_profile,
    planar_track,
    radial_track,
)
from lto_sim.validate.exact_checks import (
    GAMMAS,
    core_table_rows,
    gamma_rows,
    lambda_rows,
    law_limit_rows,
    quasi_steady_rows,
)
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.table import Row
from lto_sim.validate.track import Track, observed_orders

__all__ = ["core_checks", "law_checks", "line_source_checks", "order_checks", "planar_checks", "planar_front"]

_CELLS: Final = (25, 50, 100, 200)
_FRONT_LIMIT = 2e-3
_PROFILE_LIMIT = 5e-3
_RADIAL_LIMIT = 3e-3
_LAW_LIMIT = 5e-3
_ORDER_LIMIT = 0.1
_RADIUS, _DIFFUSIVITY = 0.8e-6, 3e-16


def planar_front(
    excess: float, undersaturation: float, diffusivity_ratio: float, *, insertion: bool
) -> PlanarFront:
    """Exact front between x = 0 and x = 1 whose windows give A, B and phi; the faster D is 1e-14 m2/s.

    Parameters
    ----------
    excess, undersaturation, diffusivity_ratio : A, B and phi of `lto_sim.exact.wagner` [1].
    insertion : Whether lithium goes in; else out.

    Returns
    -------
    PlanarFront
        With these A, B and phi.
    """
    sign = 1.0 if insertion else -1.0
    gap = sign / (1.0 + excess + undersaturation)
    contact, start = (1.0, 0.0) if insertion else (0.0, 1.0)
    growing = 1e-14 * min(diffusivity_ratio, 1.0)
    growing_edge, parent_edge = contact - excess * gap, start + undersaturation * gap
    return PlanarFront(growing, growing / diffusivity_ratio, contact, growing_edge, parent_edge, start)


def planar_checks(quick: bool) -> Sequence[Check]:
    """Wagner's table, the solver's front beside it, in both directions, and the profile around it."""
    chosen = GAMMAS[1::2] if quick else GAMMAS
    return [
        gamma_rows,
        *(partial(_planar_rows, *case, insertion) for case in chosen for insertion in (True, False)),
        *(partial(_profile_rows, *case[:3]) for case in GAMMAS[6:] if not quick or case[2] == 1.0),
    ]


def _planar_rows(A: float, B: float, phi: float, gamma: float, insertion: bool) -> list[Row]:
    track = planar_track(planar_front(A, B, phi, insertion=insertion), 100, start=0.1 if B else 0.0)
    name = f"gamma, {'insertion' if insertion else 'extraction'}, A {A:g} B {B:g} phi {phi:g}"
    return [worst_row(name, track.error, _FRONT_LIMIT, gamma)]


def _profile_rows(A: float, B: float, phi: float) -> list[Row]:
    error = planar_profile(planar_front(A, B, phi, insertion=True), 100)
    name = f"largest error of x over the gap, insertion, A {A:g} B {B:g} phi {phi:g}"
    return [Row(name, 0.0, error, error, _PROFILE_LIMIT)]


def order_checks(quick: bool) -> Sequence[Check]:
    """Orders of the error of the front's position that are claimed."""
    mean = partial(_order_rows, "mean error, one phase, dt ~ cell", "mean", 0.5, 0.0, 0.25, 2.0)
    if quick:
        return [mean]
    return [
        mean,
        partial(_order_rows, "rms error, one phase, dt ~ cell", "rms", 0.5, 0.0, 0.1, 1.5),
        partial(_order_rows, "rms error, two phases, dt ~ cell", "rms", 0.1, 0.1, 0.1, 1.5),
        partial(_order_rows, "rms error, dt a part of a cell", "rms", 0.5, 0.0, 0.25, 1.5, fixed=True),
    ]


def _order_rows(
    name: str, measure: str, A: float, B: float, step: float, claimed: float, *, fixed: bool = False
) -> list[Row]:
    """The step is `step` of a cell on the coarsest mesh, then shrinks with the cell unless `fixed`.

    Means are followed to 100 cells: beyond, an error of 1e-5 is no longer that of the mesh alone.
    """
    meshes = _CELLS[:3] if measure == "mean" else _CELLS
    front = planar_front(A, B, 100.0 if B > 0.0 else 1.0, insertion=False)
    errors = []
    for cells in meshes:
        part = step * (1.0 if fixed else _CELLS[0] / cells)
        track: Track = planar_track(front, cells, front_fraction=part, change_fraction=part)
        errors.append(track.mean if measure == "mean" else track.rms)
    orders = observed_orders(meshes, errors)
    furthest = max(orders, key=lambda order: abs(order - claimed))
    return [Row(f"order of the {name}", claimed, furthest, furthest - claimed, _ORDER_LIMIT, orders)]


def line_source_checks(quick: bool) -> Sequence[Check]:
    """Table of lambda, and the solver's radius beside it, 40 to 80 of 100 cells."""
    cases = ((0.5, 0.2, 1.0),) if quick else ((0.1, 0.0, 1.0), (0.5, 0.2, 1.0), (0.5, 0.2, 100.0))
    return [lambda_rows, *(partial(_line_source_rows, *case) for case in cases)]


def _line_source_rows(q: float, B: float, phi: float) -> list[Row]:
    strength = 4.0 * math.pi * _DIFFUSIVITY * q * 0.2
    source = LineSource(strength, _DIFFUSIVITY, _DIFFUSIVITY / phi, 0.6, 0.4, 0.4 - 0.2 * B)
    errors = line_source_track(source, 100).error
    name = f"lambda, q {q:g} B {B:g} phi {phi:g}"
    return [worst_row(name, errors, _LAW_LIMIT, source.growth_parameter)]


def core_checks(quick: bool) -> Sequence[Check]:
    """Table of tau and its limits; the solver's radius at the exact time, 100 cells along the radius."""
    bodies: tuple[Literal["cylinder", "sphere"], ...] = ("sphere", "cylinder")
    cases = [partial(_core_rows, body, beta) for body in bodies for beta in (1.0, 10.0)]
    return [core_table_rows, quasi_steady_rows, *cases]


def _core_rows(geometry: Literal["cylinder", "sphere"], beta: float) -> list[Row]:
    core = ShrinkingCore(geometry, _RADIUS, _DIFFUSIVITY, 1.0 / beta)
    track = radial_track(core, 100)
    rows = []
    for relative in (0.75, 0.5, 0.25, 0.1):
        time = float(core.time_at(relative * _RADIUS))
        front = float(np.interp(time, track.time, track.position))
        error = (_RADIUS - front) / (_RADIUS * (1.0 - relative)) - 1.0
        name = f"R at the exact time, {geometry}, beta {beta:g}"
        rows.append(Row(name, relative, front / _RADIUS, error, _RADIAL_LIMIT))
    return rows


def law_checks(quick: bool) -> Sequence[Check]:
    """Linear-parabolic law at A = 0.01 over five decades of k_c, and both of its ends."""
    decades = (0.01, 1.0, 100.0) if quick else (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
    return [law_limit_rows, *(partial(_law_rows, biot) for biot in decades)]


def _law_rows(biot: float) -> list[Row]:
    track = linear_parabolic_track(biot, 100)
    return [worst_row(f"xi [um], k_c L/D {biot:g}", track.error, _LAW_LIMIT, 1e6 * track.exact)]
