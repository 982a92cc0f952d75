"""Fluxes whose coefficient depends on the phase: contacts, surfaces over a front, edges, barriers.

A surface element feeds the cell beneath through D/d with d the distance to the cell's node. While a layer of
the surface's phase grows in that cell, d is the depth of the front in it, f V/A for a transformed fraction f;
lumped into the half cell, a surface would be blocked until the cell is full. Over a step the mean depth
(f_old + f_new)/2 is used, with f_new from the flux F that the excess w_s before the step would drive by
itself,

    F (f_old + tau F/2) = Q |u_s|,    tau = dt/(V gap),  Q = A^2/V,

exact while a constant w_s drives a quasi-steady front. A rich and a poor layer have a depth each; the flux is
p u_s - q u_c with p by the sign of u_s and q by that of u_c. Both conductances depend on the state before
the step alone, so that the step stays a monotone piecewise-linear system with one solution, and they follow
that state without a jump: the depth has a floor, and over the last part of a cell it becomes the distance of
the node, which is what a cell of one phase is fed through. Any positive value conserves lithium. A contact
that feeds its cell directly sees the node, the mean of the depths while the cell fills.

A contact feeds through an interface conductance T A in series with the half cell G:

    flux = T A G / (T A + D G) (D w_contact - u) + imposed,

with D, T and w_contact those of the phase at the surface (`laws`; T = k_c for the linear law); the sign of
T A w_contact + G u tells which, for T w_contact is the same in both. Along an edge between
two elements the flux is G (w_1 - w_2), and across a barrier of resistance R (w_1 - w_2)/(R + d_1/D_1 +
d_2/D_2): p u_1 - q u_2 with p and q of the phases on both sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel

__all__ = [
    "Barriers",
    "Elements",
    "Faces",
    "Phases",
    "barrier_coefficients",
    "contact_coefficients",
    "front_depths",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SHALLOWEST = 0.03
"""Depth of a front, as part of the cell, below which it counts as this deep: it delays a cell by 1e-3."""
_LEAVING = 0.2
"""Last part of a cell over which the depth of the front becomes the distance of the node."""


class Phases(NamedTuple):
    """Gap edges [li fraction] and scaled diffusivities of both phases."""

    x_poor: float
    x_rich: float
    d_poor: float
    d_rich: float


class Faces(NamedTuple):
    """Contact faces.

    Parameters
    ----------
    cell : Flat index of the cell behind each face.
    element : Flat index of the element that the face feeds, -1 where it feeds the cell.
    g : Conductance from the face to the cell's node.
    transfer : T A under a poor and a rich surface, (2, faces); infinite where the surface is held.
    w : Excess that the law drives a poor and a rich surface to, (2, faces); T w is the same in both rows.
    imposed : Flux that is pushed through whatever the potential.
    """

    cell: Integers
    element: Integers
    g: Floats
    transfer: Floats
    w: Floats
    imposed: Floats


class Elements(NamedTuple):
    """Surface and boundary elements, and the edges between them.

    Parameters
    ----------
    g : Conductance from each element to its cell's node; 0 where it does not feed it.
    front : Conductance over a transformed fraction of 1; 0 where the depth of a front is not resolved.
    edge : Conductance of each edge for a difference of w.
    """

    g: Floats
    front: Floats
    edge: Floats


class Barriers(NamedTuple):
    """Faces with a resistance across.

    Parameters
    ----------
    cell : Flat index of the cell before each face.
    stride : What leads to the cell behind it.
    g : Conductance without the barrier.
    resistance : Resistance to a difference of w, over the face's area.
    """

    cell: Integers
    stride: Integers
    g: Floats
    resistance: Floats


@kernel
def front_conductance(start: float, growth: float, front: float, full: float) -> float:
    """Conductance from a surface to the front in its cell, from the transformed fraction `start` on.

    `growth` is 2 tau Q |u_s|; `full` the conductance once the cell is of one phase.
    """
    start = min(max(start, 0.0), 1.0)
    depth: float = max(0.5 * (start + np.sqrt(start * start + growth)), _SHALLOWEST)
    left = min(1.0, (1.0 - start) / _LEAVING)
    return front / min(depth, left + (1.0 - left) * front / full)


@kernel
def contact_coefficients(
    faces: Faces, phases: Phases, base: Floats, v: Floats, scale: Floats, slack: float,
    coefficient: Floats, target: Floats,
) -> bool:  # fmt: skip
    """Linearise every contact face that feeds a cell about u = base + v; True if a coefficient changed.

    One whose change would move no more than `slack` [li fraction] in a step (`scale` is dt/V) stays: at the
    plateau's potential beside a cell at the gap's edge the sign of u is round-off. Below 0 all are set.
    """
    changed = False
    for f in range(faces.cell.size):
        if faces.element[f] >= 0:
            continue
        c = faces.cell[f]
        g = faces.g[f]
        if np.isinf(faces.transfer[0, f]):
            side = 0 if faces.w[0, f] < 0.0 else 1
            d = phases.d_poor if side == 0 else phases.d_rich
            new = g
        else:
            drive = faces.transfer[0, f] * faces.w[0, f] + g * (base[c] + v[c])
            side = 0 if drive < 0.0 else 1
            d = phases.d_poor if side == 0 else phases.d_rich
            transfer = faces.transfer[side, f]
            new = transfer * g / (transfer + d * g)
        u, aim = base[c] + v[c], d * faces.w[side, f]
        moved = abs(new * (aim - u) - coefficient[f] * (target[f] - u)) * scale[c]
        if slack < 0.0 or moved > slack:
            changed = changed or new != coefficient[f]
            coefficient[f], target[f] = new, aim
    return changed


@kernel
def front_depths(
    cell: Integers, elements: Elements, phases: Phases, dt: float, volume: Floats, x_old: Floats,
    w_old: Floats, g_poor: Floats, g_rich: Floats,
) -> None:  # fmt: skip
    """Fill the conductance from every element to its cell, for a poor and for a rich surface."""
    gap = phases.x_rich - phases.x_poor
    for e in range(elements.g.size):
        g_rich[e] = g_poor[e] = elements.g[e]
        if elements.g[e] > 0.0 and elements.front[e] > 0.0:
            x, front = x_old[cell[e]], elements.front[e]
            drive = 2.0 * dt / (volume[cell[e]] * gap) * front * w_old[e]
            rich, poor = (x - phases.x_poor) / gap, (phases.x_rich - x) / gap
            g_rich[e] = front_conductance(rich, phases.d_rich * max(drive, 0.0), front, elements.g[e])
            g_poor[e] = front_conductance(poor, phases.d_poor * max(-drive, 0.0), front, elements.g[e])


@kernel
def barrier_coefficients(
    barriers: Barriers, phases: Phases, base: Floats, v: Floats, scale: Floats, slack: float,
    p: Floats, q: Floats,
) -> bool:  # fmt: skip
    """Fill p and q of the flux p u_1 - q u_2 across every barrier; True if one changed.

    They stay where their change would move no more than `slack` [li fraction] in a step (`scale` is dt/V):
    beside cells at the gap's edge the signs of u are those of round-off. Below 0 all are set.
    """
    changed = False
    for f in range(barriers.cell.size):
        first = barriers.cell[f]
        second = first + barriers.stride[f]
        u_1, u_2 = base[first] + v[first], base[second] + v[second]
        g, resistance = barriers.g[f], barriers.resistance[f]
        d = phases.d_rich if u_1 + u_2 > 0.0 else phases.d_poor
        new_p = new_q = g / (1.0 + g * d * resistance)
        if u_1 * u_2 < 0.0:
            d_1 = phases.d_rich if u_1 > 0.0 else phases.d_poor
            d_2 = phases.d_rich if u_2 > 0.0 else phases.d_poor
            total = resistance + 0.5 / (g * d_1) + 0.5 / (g * d_2)
            flux = (u_1 / d_1 - u_2 / d_2) / total
            face_1, face_2 = u_1 - 0.5 * flux / g, u_2 + 0.5 * flux / g
            if face_1 * u_1 < 0.0:  # w = 0 lies in the first half: the barrier is in the second phase
                new_p = new_q = g / (1.0 + g * d_2 * resistance)
            elif face_2 * u_2 < 0.0:
                new_p = new_q = g / (1.0 + g * d_1 * resistance)
            else:
                new_p, new_q = 1.0 / (d_1 * total), 1.0 / (d_2 * total)
        moved = abs((new_p - p[f]) * u_1 - (new_q - q[f]) * u_2) * max(scale[first], scale[second])
        if moved > slack:
            changed = changed or new_p != p[f] or new_q != q[f]
            p[f], q[f] = new_p, new_q
    return changed
