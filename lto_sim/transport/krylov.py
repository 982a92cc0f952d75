"""Conjugate gradients and BiCGStab, preconditioned by the multigrid cycle.

Most systems are symmetric. Where an edge or a barrier joins two phases, the flux is p u_1 - q u_2 with p and
q of the two diffusivities; the smaller of p and q is part of the symmetric system, the rest is a skew term of
`Skew`, and BiCGStab takes over.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel
from lto_sim.transport.levels import Levels, System
from lto_sim.transport.multigrid import cycle
from lto_sim.transport.network import Network
from lto_sim.transport.passes import largest, largest_product, multiply_cells
from lto_sim.transport.vectors import dot, dots, follow, redirect, retreat

__all__ = ["Skew", "solve_linear"]

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

_RESTARTS = 3
"""BiCGStab may break down; begun anew from where it stopped, it goes on."""


class Skew(NamedTuple):
    """What the symmetric system lacks: row `first` has -into_first u[second], and the other way round.

    Parameters
    ----------
    first, second : Flat indices of the two nodes, finest level.
    into_first, into_second : Coefficients (>= 0); mostly zero.
    """

    first: Integers
    second: Integers
    into_first: Floats
    into_second: Floats


@kernel
def _multiply(network: Network, system: System, skew: Skew, is_skew: bool, u: Reals, out: Floats) -> None:
    """Fill out = M u on the finest level."""
    start, nz, ny, nx, node, count = (
        network.dims[0, 0], network.dims[0, 1], network.dims[0, 2], network.dims[0, 3], network.dims[0, 4],
        network.dims[0, 5],
    )  # fmt: skip
    multiply_cells(start, nz, ny, nx, system.gx, system.gy, system.gz, system.diagonal, u, out)
    for e in range(count):
        n, c = node + e, network.cell[e]
        if system.active[n]:
            g = system.coupling[e]
            total = u[n] * system.diagonal[n] - g * u[c]
            for m in range(network.pointer[e], network.pointer[e + 1]):
                total -= system.link[network.edge[m]] * u[network.neighbour[m]]
            out[n] = total
            out[c] -= g * u[n]
        else:
            out[n] = 0.0
    if is_skew:
        for f in range(skew.first.size):
            out[skew.first[f]] -= skew.into_first[f] * u[skew.second[f]]
            out[skew.second[f]] -= skew.into_second[f] * u[skew.first[f]]


@kernel
def _scaled(factor: float, x: Floats, y: Reals) -> None:
    """Y = factor x."""
    for c in range(y.size):
        y[c] = factor * x[c]


@kernel
def _precondition(network: Network, levels: Levels, vector: Floats) -> float:
    """One cycle on `vector`, over its largest number, which is returned; what it gives is in `levels.u`.

    Single precision has its numbers near one so, however much the residual falls.
    """
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    unit = largest(vector[first:end])
    _scaled(1.0 / unit if unit > 0.0 else 0.0, vector[first:end], levels.b[first:end])
    cycle(network, levels)
    return unit


@kernel
def _conjugate_gradients(
    network: Network, system: System, levels: Levels, skew: Skew, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    """A direction is kept over the unit of its iteration; then units leave every formula."""
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, direction, product = work[0], work[1], work[2]
    own = slice(first, end)
    r, d, q, z = residual[own], direction[own], product[own], levels.u[own]
    worst = largest_product(r, scale[own])
    rho_old = 1.0
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        _precondition(network, levels, residual)
        rho = dot(r, z)
        follow(rho / rho_old if iteration > 0 else 0.0, z, d)
        rho_old = rho
        _multiply(network, system, skew, False, direction, product)
        curvature = dot(d, q)
        if not (rho > 0.0 and curvature > 0.0):
            return -1
        worst = retreat(rho / curvature, d, q, scale[own], u[own], r)
    return limit if worst <= tolerance else -1


@kernel
def _bicgstab(
    network: Network, system: System, levels: Levels, skew: Skew, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Preconditioned from the right, so that the residual is the true one.

    Products are kept over the units of their cycles: alpha and omega are times them, and only the ratio of
    the two units is left in the formulas.
    """
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, direction, product, shadow, second = work[0], work[1], work[2], work[3], work[4]
    own, correction = slice(first, end), levels.u
    shadow[own] = residual[own]
    direction[own] = 0.0
    product[own] = 0.0
    rho = alpha = omega = ratio = 1.0
    worst = largest_product(residual[own], scale[own])
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        rho_new = dot(shadow[own], residual[own])
        if rho_new == 0.0 or omega == 0.0 or not np.isfinite(rho_new * alpha * omega):
            return -1
        beta = rho_new / rho * alpha / (omega * ratio)
        rho = rho_new
        redirect(beta, omega * ratio, product[own], residual[own], direction[own])
        unit = _precondition(network, levels, direction)
        _multiply(network, system, skew, True, correction, product)
        alpha = rho / dot(shadow[own], product[own])
        worst = retreat(alpha, correction[own], product[own], scale[own], u[own], residual[own])
        if worst <= tolerance:
            return iteration + 1
        ratio = unit / _precondition(network, levels, residual)
        _multiply(network, system, skew, True, correction, second)
        size, along = dots(second[own], residual[own])
        omega = along / size if size > 0.0 else 0.0
        worst = retreat(omega, correction[own], second[own], scale[own], u[own], residual[own])
    return limit if worst <= tolerance else -1


@kernel
def solve_linear(
    network: Network, system: System, levels: Levels, skew: Skew, rhs: Floats, scale: Floats, u: Floats,
    work: Floats, tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Solve M u = rhs on the finest level from the guess in u.

    Parameters
    ----------
    network, system, levels, skew : Layout and coefficients, filled by `fill_levels`.
    rhs : Right-hand side; zero on inactive nodes.
    scale : What turns a residual into a composition (dt / V).
    u : Guess in, solution out; zero on inactive nodes.
    work : Five rows over the finest level: residual, direction, product, and two of BiCGStab. Padding planes
        are zero.
    tolerance : Largest residual composition that is accepted.
    limit : Most iterations.

    Returns
    -------
    Iterations used, or -1 where the limit was reached, the method broke down, or numbers are not finite.
    """
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual = work[0]
    is_skew = False
    for f in range(skew.first.size):
        if skew.into_first[f] != 0.0 or skew.into_second[f] != 0.0:
            is_skew = True
            break
    spent = 0
    for _ in range(_RESTARTS if is_skew else 1):
        _multiply(network, system, skew, is_skew, u, residual)
        follow(-1.0, rhs[first:end], residual[first:end])
        if not is_skew:
            return _conjugate_gradients(
                network, system, levels, skew, scale, u, work, tolerance, limit
            )  # fmt: skip
        used = _bicgstab(network, system, levels, skew, scale, u, work, tolerance, limit)
        if used >= 0:
            return spent + used
        spent += limit
    return -1
