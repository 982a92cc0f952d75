"""Conducting surfaces within explicit stages.

An element stores nothing, and what a stage would have to solve for is its excess w: along its edges, through
its contacts and into the cell beneath,

    sum of g_edge (w_n - w) + contacts - (p D w - q u_c) = 0.

Here it has a stock of its own *within* a step, M dw/dt = that sum, with M the least that keeps it as stable
as the cells, M = tau (sum of g_edge + p D + T) for the explicit limit tau: it then follows its surroundings
within a few explicit steps, thousands of which are a super time step. At the end of the step the cell beneath
gets what reached the element along its edges and from its contacts, all of it, so that no lithium stays in M
and the balance holds to round-off. p follows from the depth of the front in the cell (`coupling`); q, and p
while the cell is of the surface's phase, are the conductance to its node.

Means over the stages are kept of w, in which the edges are linear, and of the flux into the cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport import stages
from lto_sim.transport.compiled import kernel
from lto_sim.transport.coupling import Elements, Phases, front_depths
from lto_sim.transport.grid import Grid
from lto_sim.transport.lumped import StageLayout
from lto_sim.transport.stepper import Conditions

__all__ = ["Surfaces", "advance_elements", "element_fluxes", "make_surfaces"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_recombined = kernel(stages.recombined)


class Surfaces(NamedTuple):
    """Elements as the stages see them, scaled.

    Parameters
    ----------
    row : Row of the cell beneath each element among the cells that are fed.
    poor, rich : Conductance of each element to a front in its cell, under a poor and a rich surface.
    node : The same to the cell's node.
    rate : dt / M; 0 where a contact holds the element.
    start : Excess before the step, or the one held.
    pointer, neighbour, conductance : Edges of each element: where they begin, other ends, conductances.
    faces : Where the contact faces of each element begin in `face`.
    face : Contact faces.
    w, flux : (2, elements): means over the stages so far of the excess and of the flux into the cell.
    first : Flux into the cell before the step.
    """

    row: Integers
    poor: Floats
    rich: Floats
    node: Floats
    rate: Floats
    start: Floats
    pointer: Integers
    neighbour: Integers
    conductance: Floats
    faces: Integers
    face: Integers
    w: Floats
    flux: Floats
    first: Floats


def make_surfaces(
    grid: Grid, layout: StageLayout, x: Floats, excess: Floats, conditions: Conditions, phases: Phases,
    transfer: Floats, w_contact: Floats, dt: float,
) -> Surfaces:  # fmt: skip
    """Elements of a step.

    Parameters
    ----------
    grid, layout : The cells.
    x : Composition before the step, of hosts the mean.
    excess : Excess of every element before it.
    conditions, phases : Material and drive; scaled phases.
    transfer, w_contact : Scaled T A and w of every contact face, (2, faces).
    dt : Scaled step.
    """
    network, count = grid.network, grid.elements
    node = int(network.dims[0, 4])
    pointer = network.pointer[: count + 1]
    used = slice(0, int(pointer[-1]))
    edges = grid.edge_conductance(conditions.surface) / (conditions.fastest * grid.conductance_scale)
    conductance = edges[network.edge[used]]
    start, rate, (poor, rich) = excess.copy(), np.zeros(count), np.zeros((2, count))
    front_depths(
        layout.element_cell, Elements(layout.element_conductance, layout.element_front, edges), phases, dt,
        layout.volume, x, excess, poor, rich,
    )  # fmt: skip
    total = np.zeros(count)
    np.add.at(total, np.repeat(np.arange(count), np.diff(pointer)), conductance)
    to_node = layout.element_conductance
    total += np.maximum(np.maximum(poor, to_node) * phases.d_poor, np.maximum(rich, to_node) * phases.d_rich)
    fed = np.flatnonzero(grid.contact_element >= 0)
    element = grid.contact_element[fed] - node
    held = np.isinf(transfer[0, fed])
    np.add.at(total, element[~held], transfer[:, fed[~held]].max(axis=0))
    joined = total > 0.0
    rate[joined] = dt / (layout.limit * total[joined])
    rate[element[held]] = 0.0
    start[element[held]] = w_contact[0, fed[held]]
    order = np.argsort(element, kind="stable")
    faces = np.searchsorted(element[order], np.arange(count + 1)).astype(np.int64)
    return Surfaces(
        np.searchsorted(layout.fed.cell, layout.element_cell), poor, rich, to_node, rate, start, pointer,
        network.neighbour[used] - node, conductance, faces, fed[order], np.zeros((2, count)),
        np.zeros((2, count)), np.zeros(count),
    )  # fmt: skip


@kernel
def _along(surfaces: Surfaces, w: Floats, e: int) -> float:
    """What reaches element `e` along its edges."""
    total: float = 0.0
    for n in range(surfaces.pointer[e], surfaces.pointer[e + 1]):
        total += surfaces.conductance[n] * (w[surfaces.neighbour[n]] - w[e])
    return total


@kernel
def _excess_now(surfaces: Surfaces, now: int, contact: Floats, e: int) -> float:
    """Excess of element `e` after the stages so far."""
    start: float = surfaces.start[e]
    if surfaces.rate[e] == 0.0:
        return start
    total = _along(surfaces, surfaces.w[now], e) - surfaces.flux[now, e]
    for n in range(surfaces.faces[e], surfaces.faces[e + 1]):
        total += contact[surfaces.face[n]]
    return float(start + surfaces.rate[e] * total)


@kernel
def advance_elements(
    surfaces: Surfaces, now: int, u_cell: Floats, contact: Floats, contact_before: Floats,
    contact_start: Floats, transfer: Floats, w_contact: Floats, imposed: Floats, phases: Phases, mu: float,
    nu: float, rate: float, first: float,
) -> None:  # fmt: skip
    """Compute the next means of all elements and of the contact faces that feed them.

    `u_cell` is u of the cells that are fed; `contact` holds the mean fluxes of the faces, `contact_before`
    those of two stages ago, which become the next.
    """
    w, w_before, flux, before = (
        surfaces.w[now],
        surfaces.w[1 - now],
        surfaces.flux[now],
        surfaces.flux[1 - now],
    )
    for e in range(surfaces.row.size):
        excess = _excess_now(surfaces, now, contact, e)
        u = u_cell[surfaces.row[e]]
        d = phases.d_poor if excess < 0.0 else phases.d_rich
        p = q = surfaces.node[e]
        if u * excess <= 0.0:
            p = surfaces.poor[e] if excess < 0.0 else surfaces.rich[e]
        down = p * (d * excess - u) if p == q else p * d * excess - q * u
        if rate == 0.0:
            surfaces.first[e] = down
        w_before[e] = _recombined(w[e], w_before[e], excess, surfaces.start[e], mu, nu, rate, first)
        before[e] = _recombined(flux[e], before[e], down, surfaces.first[e], mu, nu, rate, first)
        if surfaces.rate[e] == 0.0:
            continue
        for n in range(surfaces.faces[e], surfaces.faces[e + 1]):
            f = surfaces.face[n]
            side = 0 if excess < 0.0 else 1
            through = transfer[side, f] * (w_contact[side, f] - excess) + imposed[f]
            if rate == 0.0:
                contact_start[f] = through
            contact_before[f] = _recombined(
                contact[f], contact_before[f], through, contact_start[f], mu, nu, rate, first
            )


@kernel
def element_fluxes(surfaces: Surfaces, now: int, contact: Floats, excess: Floats) -> None:
    """Fill the excess after the step, and the mean flux of the contacts that hold an element.

    Such a contact gives what its element passes on, to its cell and along its edges.
    """
    for e in range(surfaces.row.size):
        excess[e] = _excess_now(surfaces, now, contact, e)
        if surfaces.rate[e] == 0.0:
            for n in range(surfaces.faces[e], surfaces.faces[e + 1]):
                contact[surfaces.face[n]] = 0.0
            if surfaces.faces[e] < surfaces.faces[e + 1]:
                down = surfaces.flux[now, e] - _along(surfaces, surfaces.w[now], e)
                contact[surfaces.face[surfaces.faces[e]]] = down
