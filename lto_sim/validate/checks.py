"""The comparisons that a user can repeat: rows of exact value, obtained value, error and limit.

`quick` uses fewer cases and resolutions; the limits are the same.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from lto_sim.exact.line_source import LineSource
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.exact.wagner import PlanarFront
from lto_sim.validate.cases import line_source_track, linear_parabolic_track, planar_track, radial_track
from lto_sim.validate.table import Row
from lto_sim.validate.track import Track, observed_orders

__all__ = ["linear_parabolic_rows", "planar_front", "planar_rows", "radial_rows"]

_CELLS: Final = (25, 50, 100, 200)
_FRONT_LIMIT = 2e-3
_RADIAL_LIMIT = 3e-3
_LAW_LIMIT = 5e-3
_ORDER_LIMIT = 0.1

_PLANAR: Final = (
    (0.1, 0.0, 1.0), (0.5, 0.0, 1.0), (1.0, 0.0, 1.0), (0.1, 0.1, 0.01), (0.1, 0.1, 1.0),
    (0.5, 0.1, 0.01), (0.5, 0.1, 1.0), (0.5, 0.1, 100.0),
)  # fmt: skip


def planar_front(
    excess: float, undersaturation: float, diffusivity_ratio: float, *, insertion: bool
) -> PlanarFront:
    """Exact front between x = 0 and x = 1 whose windows give A, B and phi; the faster D is 1e-14 m2/s."""
    sign = 1.0 if insertion else -1.0
    gap = sign / (1.0 + excess + undersaturation)
    contact, start = (1.0, 0.0) if insertion else (0.0, 1.0)
    growing = 1e-14 * min(diffusivity_ratio, 1.0)
    growing_edge, parent_edge = contact - excess * gap, start + undersaturation * gap
    return PlanarFront(growing, growing / diffusivity_ratio, contact, growing_edge, parent_edge, start)


def planar_rows(*, quick: bool = False) -> list[Row]:
    """Wagner's front: position at 100 cells in both directions, and the orders that are claimed."""
    rows = []
    for A, B, phi in _PLANAR[3:6:2] if quick else _PLANAR:
        for insertion in (True, False):
            front = planar_front(A, B, phi, insertion=insertion)
            track = planar_track(front, 100, start=0.1 if B else 0.0)
            worst = int(np.abs(track.error).argmax())
            name = f"xi [um], {'insertion' if insertion else 'extraction'}, A {A:g} B {B:g} phi {phi:g}"
            exact, obtained = track.exact[worst] * 1e6, track.position[worst] * 1e6
            rows.append(Row(name, exact, obtained, float(track.error[worst]), _FRONT_LIMIT))
    rows.append(
        _order_row("mean error, one phase, dt ~ cell", [t.mean for t in _refined(0.5, 0.0, 0.25)], 2.0)
    )
    if not quick:
        rows += [
            _order_row("rms error, one phase, dt ~ cell", [t.rms for t in _refined(0.5, 0.0, 0.1)], 1.5),
            _order_row("rms error, two phases, dt ~ cell", [t.rms for t in _refined(0.1, 0.1, 0.1)], 1.5),
            _order_row(
                "rms error, dt a part of a cell", [t.rms for t in _refined(0.5, 0.0, 0.25, fixed=True)], 1.0
            ),
        ]
    return rows


def _refined(excess: float, undersaturation: float, step: float, *, fixed: bool = False) -> list[Track]:
    """Tracks on all resolutions; the step is `step` of a cell on the coarsest, then shrinks with the cell."""
    phi = 100.0 if undersaturation > 0.0 else 1.0
    front = planar_front(excess, undersaturation, phi, insertion=False)
    parts = [step * (1.0 if fixed else _CELLS[0] / cells) for cells in _CELLS]
    return [
        planar_track(front, cells, front_fraction=part, change_fraction=part)
        for cells, part in zip(_CELLS, parts, strict=True)
    ]


def _order_row(name: str, errors: list[float], claimed: float) -> Row:
    orders = observed_orders(_CELLS, errors)
    furthest = max(orders, key=lambda order: abs(order - claimed))
    return Row(f"order of the {name}", claimed, furthest, furthest - claimed, _ORDER_LIMIT, orders)


def radial_rows(*, quick: bool = False) -> list[Row]:
    """Shrinking cores (distance travelled) and line sources (radius), 100 cells along the radius."""
    rows = []
    radius, diffusivity = 0.8e-6, 3e-16
    for geometry in ("sphere", "cylinder"):
        for beta in (1.0,) if quick else (1.0, 10.0):
            core = ShrinkingCore(
                "sphere" if geometry == "sphere" else "cylinder", radius, diffusivity, 1.0 / beta
            )
            track = radial_track(core, 100)
            for relative in (0.75, 0.5, 0.25, 0.1):
                time = float(core.time_at(relative * radius))
                front = float(np.interp(time, track.time, track.position))
                error = (radius - front) / (radius * (1.0 - relative)) - 1.0
                name = f"R at the exact time, {geometry}, beta {beta:g}"
                rows.append(Row(name, relative, front / radius, error, _RADIAL_LIMIT))
    for q, B, phi in ((0.5, 0.2, 1.0),) if quick else ((0.1, 0.0, 1.0), (0.5, 0.2, 1.0), (0.5, 0.2, 100.0)):
        strength = 4.0 * math.pi * diffusivity * q * 0.2
        source = LineSource(strength, diffusivity, diffusivity / phi, 0.6, 0.4, 0.4 - 0.2 * B)
        track = line_source_track(source, 100)
        worst = int(np.abs(track.error).argmax())
        rows.append(
            Row(
                f"R [um], line source, q {q:g} B {B:g} phi {phi:g}", track.exact[worst] * 1e6,
                track.position[worst] * 1e6, float(track.error[worst]), _LAW_LIMIT,
            )
        )  # fmt: skip
    return rows


def linear_parabolic_rows(*, quick: bool = False) -> list[Row]:
    """Linear-parabolic law at A = 0.01 over five decades of k_c."""
    rows = []
    for biot in (0.01, 1.0, 100.0) if quick else (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0):
        track = linear_parabolic_track(biot, 100)
        worst = int(np.abs(track.error).argmax())
        rows.append(
            Row(
                f"xi [um], k_c L/D {biot:g}", track.exact[worst] * 1e6, track.position[worst] * 1e6,
                float(track.error[worst]), _LAW_LIMIT,
            )
        )  # fmt: skip
    return rows
