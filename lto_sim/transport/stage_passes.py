"""Passes over all cells: a stage of super-time-stepping, and what all stages let through every face.

One pass over the cells a stage, row by row. Cells that are fed, by contacts or surfaces, are computed before
it, with fluxes of their own, and put in place after it; cells without a stock (`lumped`) follow their
neighbours after that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport import stages
from lto_sim.transport.compiled import kernel
from lto_sim.transport.coupling import Phases
from lto_sim.transport.flux_limiter import Fluxes
from lto_sim.transport.lumped import Fed, Lumped
from lto_sim.transport.surface_stages import Surfaces, advance_elements

__all__ = ["FIRST_SWEEPS", "SWEEPS", "Body", "Drive", "Means", "advance_cells", "all_stages", "total_fluxes"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shape = tuple[int, int, int]

SWEEPS, FIRST_SWEEPS = 2, 20
"""Relaxations of the cells without a stock in a stage; they start from the stage before, the first from 0."""

_kirchhoff = kernel(stages.kirchhoff)
_net_inflow = kernel(stages.net_inflow)
_inflow = kernel(stages.inflow)
_recombined = kernel(stages.recombined)
_contact_flux = kernel(stages.contact_flux)
_contact_coefficient = kernel(stages.contact_coefficient)


class Body(NamedTuple):
    """Cells as the stages see them, scaled and padded.

    Parameters
    ----------
    x : Composition before the step; that of a host the mean over its stock.
    scale : dt / V; 0 outside and for cells without a stock.
    gx, gy, gz : Conductances.
    uniform : dt / V and conductances along x, y, z where all cells have the same, else zeros.
    dt : Scaled step.
    """

    x: Floats
    scale: Floats
    gx: Floats
    gy: Floats
    gz: Floats
    uniform: tuple[float, float, float, float]
    dt: float


class Drive(NamedTuple):
    """Contact faces, scaled: cell, conductance, T A and w of both phases, (2, faces), imposed flux."""

    cell: Integers
    g: Floats
    transfer: Floats
    w: Floats
    imposed: Floats


class Means(NamedTuple):
    """Two stages of U of the cells and of F of the contact faces, taken in turn, and work space.

    Parameters
    ----------
    u : (2, padded cells).
    flux : (2, faces).
    start : Flux of every contact face before the step.
    fresh, now : Next U, and u at once, of every cell that is fed.
    """

    u: Floats
    flux: Floats
    start: Floats
    fresh: Floats
    now: Floats


@kernel
def _uniform_row(
    u: Floats, row: int, shape: Shape, conductances: tuple[float, float, float, float], net: Floats
) -> None:
    """Fill dt/V times what enters every cell of one row, from cells that are all alike."""
    nz, ny, nx = shape
    scale, gx, gy, gz = conductances
    plane = ny * nx
    k, j = row // plane, row % plane // nx
    north = scale * gy if j + 1 < ny else gy - gy
    south = scale * gy if j > 0 else gy - gy
    along = scale * gx
    here, last, following = u[row : row + nx], u[row - 1 : row - 1 + nx], u[row + 1 : row + 1 + nx]
    above, below = u[row + nx : row + 2 * nx], u[row - nx : row]
    for i in range(nx):
        net[i] = _net_inflow(along, following[i], along, last[i], here[i])
        net[i] += _net_inflow(north, above[i], south, below[i], here[i])
    net[0] -= along * (last[0] - here[0])
    net[nx - 1] -= along * (following[nx - 1] - here[nx - 1])
    if nz > 1:
        top = scale * gz if k < nz else gz - gz
        bottom = scale * gz if k > 1 else gz - gz
        over, under = u[row + plane : row + plane + nx], u[row - plane : row - plane + nx]
        for i in range(nx):
            net[i] += _net_inflow(top, over[i], bottom, under[i], here[i])


@kernel
def _any_row(u: Floats, row: int, shape: Shape, body: Body, net: Floats) -> None:
    """Fill dt/V times what enters every cell of one row through its faces to other cells."""
    nz, ny, nx = shape
    plane = ny * nx
    here, last, following = u[row : row + nx], u[row - 1 : row - 1 + nx], u[row + 1 : row + 1 + nx]
    above, below = u[row + nx : row + 2 * nx], u[row - nx : row]
    g_next, g_last = body.gx[row : row + nx], body.gx[row - 1 : row - 1 + nx]
    g_above, g_below = body.gy[row : row + nx], body.gy[row - nx : row]
    for i in range(nx):
        net[i] = _net_inflow(g_next[i], following[i], g_last[i], last[i], here[i])
        net[i] += _net_inflow(g_above[i], above[i], g_below[i], below[i], here[i])
    if nz > 1:
        over, under = u[row + plane : row + plane + nx], u[row - plane : row - plane + nx]
        g_over, g_under = body.gz[row : row + nx], body.gz[row - plane : row - plane + nx]
        for i in range(nx):
            net[i] += _net_inflow(g_over[i], over[i], g_under[i], under[i], here[i])
    scale = body.scale[row : row + nx]
    for i in range(nx):
        net[i] *= scale[i]


@kernel
def _advance_row(
    u: Floats, before: Floats, x_old: Floats, net: Floats, row: int, phases: Phases, mu: float, nu: float,
    rate: float, first: float,
) -> None:  # fmt: skip
    """Turn U of two stages ago into the next, in one row."""
    nx = net.size
    here, other, x = u[row : row + nx], before[row : row + nx], x_old[row : row + nx]
    x_poor, x_rich, d_poor, d_rich = phases
    if first == 0.0:
        for i in range(nx):
            now = _kirchhoff(x[i] + net[i], x_poor, x_rich, d_poor, d_rich)
            other[i] = _recombined(here[i], other[i], now, now, mu, nu, rate, first)
    else:
        for i in range(nx):
            now = _kirchhoff(x[i] + net[i], x_poor, x_rich, d_poor, d_rich)
            start = _kirchhoff(x[i], x_poor, x_rich, d_poor, d_rich)
            other[i] = _recombined(here[i], other[i], now, start, mu, nu, rate, first)


@kernel
def advance_cells(
    u: Floats, before: Floats, body: Body, shape: Shape, phases: Phases, net: Floats, mu: float, nu: float,
    rate: float, first: float,
) -> None:  # fmt: skip
    """Turn U of two stages ago into the next, in every cell, as if none had a contact."""
    nz, ny, nx = shape
    uniform = body.uniform[0] > 0.0
    for line in range(ny, ny * (nz + 1)):
        row = line * nx
        if uniform:
            _uniform_row(u, row, shape, body.uniform, net)
        else:
            _any_row(u, row, shape, body, net)
        _advance_row(u, before, body.x, net, row, phases, mu, nu, rate, first)


@kernel
def _through(drive: Drive, f: int, u: float, share: float, phases: Phases) -> float:
    """Flux that contact face `f` lets in, its cell at `u`."""
    return _contact_flux(
        drive.transfer[0, f], drive.transfer[1, f], drive.w[0, f], drive.w[1, f], drive.g[f], u, share,
        phases.d_poor, phases.d_rich, drive.imposed[f],
    )  # fmt: skip


@kernel
def _advance_fed(
    means: Means, now: int, body: Body, fed: Fed, surfaces: Surfaces, drive: Drive, shape: Shape,
    phases: Phases, mu: float, nu: float, rate: float, first: float,
) -> None:  # fmt: skip
    """Compute the next U of the cells that are fed, aside, and the next F of what feeds them, in place."""
    u, before, flux, flux_before = means.u[now], means.u[1 - now], means.flux[now], means.flux[1 - now]
    x_poor, x_rich, d_poor, d_rich = phases
    nx, plane = shape[2], shape[1] * shape[2]
    for k in range(fed.cell.size):
        c = fed.cell[k]
        net = _inflow(u, body.gx, body.gy, body.gz, c, nx, plane)
        for n in range(fed.pointer[k], fed.pointer[k + 1]):
            net += flux[fed.face[n]]
        for n in range(fed.elements[k], fed.elements[k + 1]):
            net += surfaces.flux[now, fed.element[n]]
        u_now = _kirchhoff(body.x[c] + body.scale[c] * net, x_poor, x_rich, d_poor, d_rich)
        u_start = _kirchhoff(body.x[c], x_poor, x_rich, d_poor, d_rich)
        means.now[k] = u_now
        means.fresh[k] = _recombined(u[c], before[c], u_now, u_start, mu, nu, rate, first)
        for n in range(fed.pointer[k], fed.pointer[k + 1]):
            f = fed.face[n]
            through = _through(drive, f, u_now, 1.0, phases)
            if rate == 0.0:
                means.start[f] = through
            flux_before[f] = _recombined(
                flux[f], flux_before[f], through, means.start[f], mu, nu, rate, first
            )
    if surfaces.row.size > 0:
        advance_elements(
            surfaces, now, means.now, flux, flux_before, means.start, drive.transfer, drive.w, drive.imposed,
            phases, mu, nu, rate, first,
        )  # fmt: skip


@kernel
def _follow(
    u: Floats,
    body: Body,
    fed: Fed,
    lumped: Lumped,
    drive: Drive,
    shape: Shape,
    phases: Phases,
    share: float,
    sweeps: int,
) -> None:
    """Give the cells without a stock the U at which nothing stays in them."""
    nx, plane = shape[2], shape[1] * shape[2]
    for half in range(2 * sweeps):
        begin, end = (0, lumped.second) if half % 2 == 0 else (lumped.second, lumped.cell.size)
        for k in range(begin, end):
            c, row = lumped.cell[k], lumped.fed[k]
            net = _inflow(u, body.gx, body.gy, body.gz, c, nx, plane)
            total = lumped.conductance[k]
            if row >= 0:
                for n in range(fed.pointer[row], fed.pointer[row + 1]):
                    f = fed.face[n]
                    net += _through(drive, f, u[c], share, phases)
                    rich = drive.transfer[0, f] * drive.w[0, f] * share + drive.g[f] * u[c] >= 0.0
                    total += _contact_coefficient(
                        drive.transfer[1 if rich else 0, f],
                        phases.d_rich if rich else phases.d_poor,
                        drive.g[f],
                    )
            u[c] += net / total


@kernel
def all_stages(
    means: Means, body: Body, fed: Fed, surfaces: Surfaces, lumped: Lumped, drive: Drive, shape: Shape,
    phases: Phases, coefficients: Floats,
) -> int:  # fmt: skip
    """Do all stages; return which of the two rows holds the mean over the step."""
    means.u[:] = 0.0
    means.flux[:] = 0.0
    _advance_fed(means, 0, body, fed, surfaces, drive, shape, phases, 0.0, 0.0, 0.0, 0.0)
    net = np.zeros(shape[2])
    now, last_share = 0, 0.0
    for j in range(coefficients.shape[0]):
        mu, nu, rate, first, share = coefficients[j]
        u, new = means.u[now], means.u[1 - now]
        _advance_fed(means, now, body, fed, surfaces, drive, shape, phases, mu, nu, rate, first)
        advance_cells(u, new, body, shape, phases, net, mu, nu, rate, first)
        for k in range(fed.cell.size):
            new[fed.cell[k]] = means.fresh[k]
        for k in range(lumped.cell.size):
            new[lumped.cell[k]] = u[lumped.cell[k]] * share / last_share if last_share > 0.0 else 0.0
        sweeps = SWEEPS if last_share > 0.0 else FIRST_SWEEPS
        _follow(new, body, fed, lumped, drive, shape, phases, share, sweeps)
        now, last_share = 1 - now, share
    return now


@kernel
def total_fluxes(
    u: Floats, contact: Floats, body: Body, fed: Fed, lumped: Lumped, drive: Drive, shape: Shape,
    phases: Phases, dt: float, fluxes: Fluxes,
) -> None:  # fmt: skip
    """Fill the lithium that passes every face in the step; within one stock nothing does."""
    nz, ny, nx = shape
    plane = ny * nx
    owner = lumped.owner
    for c in range(plane, plane * (nz + 1)):
        fluxes.x[c] = dt * (body.gx[c] * (u[c] - u[c + 1]))
        fluxes.y[c] = dt * (body.gy[c] * (u[c] - u[c + nx]))
        fluxes.z[c] = dt * (body.gz[c] * (u[c] - u[c + plane]))
    for k in range(lumped.cell.size):
        c, row = lumped.cell[k], lumped.fed[k]
        for stride, flux in ((1, fluxes.x), (nx, fluxes.y), (plane, fluxes.z)):
            if owner[c + stride] == owner[c]:
                flux[c] = 0.0
            if owner[c - stride] == owner[c]:
                flux[c - stride] = 0.0
        if row >= 0:
            for n in range(fed.pointer[row], fed.pointer[row + 1]):
                contact[fed.face[n]] = _through(drive, fed.face[n], u[c], 1.0, phases)
    for f in range(contact.size):
        fluxes.contact[f] = dt * contact[f]
