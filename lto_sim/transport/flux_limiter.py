"""From the mean fluxes of a super time step to a composition that keeps its bounds.

A sequence of explicit stages is monotone for linear problems only; across the miscibility gap it leaves the
bounds by parts of a percent. What cannot stay in a cell goes back where it came from: in every cell beyond
its upper bound all that flows in is reduced by one factor so that the cell ends on the bound, in every cell
below the lower one all that flows out; a flux is reduced by the stronger of its two cells, the uptake through
a contact likewise. A reduced flux changes the cell on its other side, so the reduction is repeated until no
cell is beyond. As in flux-corrected transport (Zalesak, J. Comput. Phys. 31 (1979) 335) a flux is only ever
scaled, by 0 to 1, and lithium is conserved to round-off; the low-order solution that it falls back on is the
state before the step, which is within the bounds whatever the size of the step. Unlike there the factors
follow the net change rather than the sum of all that flows in, which in a long step is many times what a cell
holds.

The bounds are those of the problem: nothing rises above the largest, nor falls below the least, of what the
cells and the contacts had.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport import stages
from lto_sim.transport.compiled import kernel
from lto_sim.transport.lumped import Lumped

__all__ = ["Fluxes", "Joints", "Store", "empty_fluxes", "limited", "spread"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_kept_share = kernel(stages.kept_share)

_INSIDE = 4.440892098500626e-16
"""A cell beyond a bound is brought this far within it, as part of what it holds and what passes through it,
so that round-off does not leave it outside."""


class Store(NamedTuple):
    """Where lithium is.

    Parameters
    ----------
    x : Composition before the step, padded; that of an owner the mean over the cells that share its stock.
    volume : Scaled volume, padded; 0 outside and for lumped cells.
    low, high : Bounds [li fraction].
    """

    x: Floats
    volume: Floats
    low: float
    high: float


class Joints(NamedTuple):
    """Which stock every cell and every flux beside the grid's belongs to, by flat index.

    Parameters
    ----------
    owner : Of every cell: itself, or the host of a lumped one.
    contact : Of every contact face.
    first, second : Of both ends of every edge of a surface; what flows along it goes from one to the other.
    """

    owner: Integers
    contact: Integers
    first: Integers
    second: Integers


class Fluxes(NamedTuple):
    """Lithium that passes every face in a step, towards the next cell, and work space.

    Parameters
    ----------
    x, y, z : Padded, scaled.
    contact : Through every contact face into its cell.
    edge : Along every edge of a surface.
    net, inward, outward : What enters every cell in all, through faces that let in, and leaves it.
    keep_in, keep_out : Share of these that is kept.
    """

    x: Floats
    y: Floats
    z: Floats
    contact: Floats
    edge: Floats
    net: Floats
    inward: Floats
    outward: Floats
    keep_in: Floats
    keep_out: Floats


def empty_fluxes(cells: int, faces: int, edges: int) -> Fluxes:
    """Work space for padded arrays of `cells`, for contact faces and edges of surfaces."""
    x, y, z, net, inward, outward, keep_in, keep_out = np.zeros((8, cells))
    return Fluxes(x, y, z, np.zeros(faces), np.zeros(edges), net, inward, outward, keep_in, keep_out)


@kernel
def _pass_on(fluxes: Fluxes, out: float, c: int, n: int) -> None:
    """Count what flows from cell `c` to cell `n`."""
    fluxes.net[c] -= out
    fluxes.net[n] += out
    if out > 0.0:
        fluxes.outward[c] += out
        fluxes.inward[n] += out
    else:
        fluxes.inward[c] -= out
        fluxes.outward[n] -= out


@kernel
def _count(fluxes: Fluxes, joints: Joints, shape: tuple[int, int, int]) -> None:
    nz, ny, nx = shape
    owner = joints.owner
    plane = ny * nx
    fluxes.net[:] = 0.0
    fluxes.inward[:] = 0.0
    fluxes.outward[:] = 0.0
    for c in range(plane, plane * (nz + 1)):
        if fluxes.x[c] != 0.0:
            _pass_on(fluxes, fluxes.x[c], owner[c], owner[c + 1])
        if fluxes.y[c] != 0.0:
            _pass_on(fluxes, fluxes.y[c], owner[c], owner[c + nx])
        if nz > 1 and fluxes.z[c] != 0.0:
            _pass_on(fluxes, fluxes.z[c], owner[c], owner[c + plane])
    for f in range(fluxes.edge.size):
        if fluxes.edge[f] != 0.0:
            _pass_on(fluxes, fluxes.edge[f], joints.first[f], joints.second[f])
    for f in range(fluxes.contact.size):
        c, flux = joints.contact[f], fluxes.contact[f]
        fluxes.net[c] += flux
        if flux > 0.0:
            fluxes.inward[c] += flux
        else:
            fluxes.outward[c] -= flux


@kernel
def _kept(flux: float, keep_in: Floats, keep_out: Floats, c: int, n: int) -> float:
    """Return a flux from cell `c` to cell `n`, reduced by the stronger of the two."""
    if flux > 0.0:
        return float(flux * min(keep_out[c], keep_in[n]))
    return float(flux * min(keep_in[c], keep_out[n]))


@kernel
def limited(store: Store, fluxes: Fluxes, joints: Joints, shape: tuple[int, int, int], passes: int) -> int:
    """Reduce `fluxes` in place until every owner is within the bounds; return the passes, -1 if too few.

    A flux between two cells of one stock is no flux and has to be 0.
    """
    nz, ny, nx = shape
    plane = ny * nx
    keep_in, keep_out, owner = fluxes.keep_in, fluxes.keep_out, joints.owner
    for done in range(passes):
        _count(fluxes, joints, shape)
        beyond = 0
        for c in range(plane, plane * (nz + 1)):
            keep_in[c] = keep_out[c] = 1.0
            volume = store.volume[c]
            if volume > 0.0:
                x = store.x[c] + fluxes.net[c] / volume
                inside = _INSIDE * (volume + fluxes.inward[c] + fluxes.outward[c])
                if x > store.high:
                    keep_in[c] = _kept_share((x - store.high) * volume + inside, fluxes.inward[c])
                    beyond += 1
                elif x < store.low:
                    keep_out[c] = _kept_share((store.low - x) * volume + inside, fluxes.outward[c])
                    beyond += 1
        if beyond == 0:
            return done
        for c in range(plane, plane * (nz + 1)):
            a = owner[c]
            if fluxes.x[c] != 0.0:
                fluxes.x[c] = _kept(fluxes.x[c], keep_in, keep_out, a, owner[c + 1])
            if fluxes.y[c] != 0.0:
                fluxes.y[c] = _kept(fluxes.y[c], keep_in, keep_out, a, owner[c + nx])
            if nz > 1 and fluxes.z[c] != 0.0:
                fluxes.z[c] = _kept(fluxes.z[c], keep_in, keep_out, a, owner[c + plane])
        for f in range(fluxes.edge.size):
            fluxes.edge[f] = _kept(fluxes.edge[f], keep_in, keep_out, joints.first[f], joints.second[f])
        for f in range(fluxes.contact.size):
            c = joints.contact[f]
            fluxes.contact[f] *= keep_in[c] if fluxes.contact[f] > 0.0 else keep_out[c]
    return -1


@kernel
def spread(store: Store, net: Floats, lumped: Lumped, x_old: Floats, volume: Floats, x: Floats) -> None:
    """Fill the composition of all cells from what every stock gained; `volume` is that of each cell alone."""
    for c in range(x.size):
        x[c] = x_old[c]
        if store.volume[c] > 0.0:
            x[c] = x_old[c] + net[c] / store.volume[c]
    room = np.zeros(lumped.cell.size)
    for k in range(lumped.cell.size):
        h = lumped.host[k]
        bound = store.high if net[h] > 0.0 else store.low
        x[h] = volume[h] * (bound - x_old[h])
    for k in range(lumped.cell.size):
        c, h = lumped.cell[k], lumped.host[k]
        bound = store.high if net[h] > 0.0 else store.low
        x[h] += volume[c] * (bound - x_old[c])
    for k in range(lumped.cell.size):
        room[k] = x[lumped.host[k]]
    for k in range(lumped.cell.size):
        c, h = lumped.cell[k], lumped.host[k]
        bound = store.high if net[h] > 0.0 else store.low
        part = min(net[h] / room[k], 1.0) if room[k] != 0.0 else 0.0
        x[c] = x_old[c] + part * (bound - x_old[c])
        x[h] = x_old[h] + part * (bound - x_old[h])
