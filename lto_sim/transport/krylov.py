"""Conjugate gradients and BiCGStab, preconditioned by the multigrid cycle.

Most systems are symmetric. Where an edge or a barrier joins two phases, the flux is p u_1 - q u_2 with p and
q of the two diffusivities; the smaller of p and q is part of the symmetric system, the rest is a skew term of
`Skew`, and BiCGStab takes over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel
from lto_sim.transport.multigrid import System, cycle
from lto_sim.transport.network import Network

__all__ = ["Skew", "solve_linear"]

Floats = NDArray[np.float64]
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
def _apply(network: Network, system: System, skew: Skew, is_skew: bool, u: Floats, out: Floats) -> None:
    """Fill out = M u on the finest level."""
    gx, gy, gz, inverse = system.gx, system.gy, system.gz, system.inverse
    nz, ny, nx, node, count = (
        network.dims[0, 1], network.dims[0, 2], network.dims[0, 3], network.dims[0, 4], network.dims[0, 5]
    )  # fmt: skip
    plane = ny * nx
    for c in range(plane, plane * (nz + 1)):
        if inverse[c] != 0.0:
            total = u[c] / inverse[c]
            total -= gx[c] * u[c + 1] + gx[c - 1] * u[c - 1]
            total -= gy[c] * u[c + nx] + gy[c - nx] * u[c - nx]
            total -= gz[c] * u[c + plane] + gz[c - plane] * u[c - plane]
            out[c] = total
        else:
            out[c] = 0.0
    for e in range(count):
        n, c = node + e, network.cell[e]
        if inverse[n] != 0.0:
            g = system.coupling[e]
            total = u[n] / inverse[n] - g * u[c]
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
def _dot(first: int, end: int, a: Floats, b: Floats) -> float:
    total = 0.0
    for c in range(first, end):
        total += a[c] * b[c]
    return total


@kernel
def _worst(first: int, end: int, residual: Floats, scale: Floats) -> float:
    worst = 0.0
    for c in range(first, end):
        worst = max(worst, abs(residual[c]) * scale[c])
    return worst


@kernel
def _precondition(
    network: Network, system: System, first: int, end: int, vector: Floats, b: Floats, out: Floats
) -> None:
    for c in range(first, end):
        b[c] = vector[c]
    cycle(network, system, b, out)


@kernel
def _conjugate_gradients(
    network: Network, system: System, skew: Skew, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, direction, product, b, correction = work[0], work[1], work[2], work[3], work[4]
    worst = _worst(first, end, residual, scale)
    rho_old = 1.0
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        _precondition(network, system, first, end, residual, b, correction)
        rho = _dot(first, end, residual, correction)
        beta = rho / rho_old if iteration > 0 else 0.0
        rho_old = rho
        for c in range(first, end):
            direction[c] = correction[c] + beta * direction[c]
        _apply(network, system, skew, False, direction, product)
        alpha = rho / _dot(first, end, direction, product)
        worst = 0.0
        for c in range(first, end):
            u[c] += alpha * direction[c]
            residual[c] -= alpha * product[c]
            worst = max(worst, abs(residual[c]) * scale[c])
    return limit if worst <= tolerance else -1


@kernel
def _bicgstab(
    network: Network, system: System, skew: Skew, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Preconditioned from the right, so that the residual is the true one."""
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, direction, product, b, correction = work[0], work[1], work[2], work[3], work[4]
    shadow, second = work[5], work[6]
    for c in range(first, end):
        shadow[c] = residual[c]
        direction[c] = product[c] = 0.0
    rho = alpha = omega = 1.0
    worst = _worst(first, end, residual, scale)
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        rho_new = _dot(first, end, shadow, residual)
        if rho_new == 0.0 or omega == 0.0:
            return -1
        beta = rho_new / rho * alpha / omega
        rho = rho_new
        for c in range(first, end):
            direction[c] = residual[c] + beta * (direction[c] - omega * product[c])
        _precondition(network, system, first, end, direction, b, correction)
        _apply(network, system, skew, True, correction, product)
        alpha = rho / _dot(first, end, shadow, product)
        for c in range(first, end):
            u[c] += alpha * correction[c]
            residual[c] -= alpha * product[c]
        worst = _worst(first, end, residual, scale)
        if worst <= tolerance:
            return iteration + 1
        _precondition(network, system, first, end, residual, b, correction)
        _apply(network, system, skew, True, correction, second)
        size = _dot(first, end, second, second)
        omega = _dot(first, end, second, residual) / size if size > 0.0 else 0.0
        for c in range(first, end):
            u[c] += omega * correction[c]
            residual[c] -= omega * second[c]
        worst = _worst(first, end, residual, scale)
    return limit if worst <= tolerance else -1


@kernel
def solve_linear(
    network: Network, system: System, skew: Skew, rhs: Floats, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Solve M u = rhs on the finest level from the guess in u.

    Parameters
    ----------
    network, system, skew : Layout and coefficients; the coarser levels of `system` are filled.
    rhs : Right-hand side.
    scale : What turns a residual into a composition (dt / V).
    u : Guess in, solution out; zero on inactive nodes.
    work : Seven rows: residual, direction, product, b and u of the cycle (all levels), two of BiCGStab.
    tolerance : Largest residual composition that is accepted.
    limit : Most iterations.

    Returns
    -------
    Iterations used, or -1 where the limit was reached.
    """
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, product = work[0], work[2]
    is_skew = False
    for f in range(skew.first.size):
        if skew.into_first[f] != 0.0 or skew.into_second[f] != 0.0:
            is_skew = True
            break
    spent = 0
    for _ in range(_RESTARTS if is_skew else 1):
        _apply(network, system, skew, is_skew, u, product)
        for c in range(first, end):
            residual[c] = rhs[c] - product[c] if system.inverse[c] != 0.0 else 0.0
        if not is_skew:
            return _conjugate_gradients(network, system, skew, scale, u, work, tolerance, limit)
        used = _bicgstab(network, system, skew, scale, u, work, tolerance, limit)
        if used >= 0:
            return spent + used
        spent += limit
    return -1
