"""Conjugate gradients and BiCGStab, preconditioned by the multigrid cycle.

Most systems are symmetric. Where an edge or a barrier joins two phases, the flux is p u_1 - q u_2 with p and
q of the two diffusivities; the smaller of p and q is part of the symmetric system, the rest is a skew term of
`Skew`, and BiCGStab takes over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel, summing
from lto_sim.transport.multigrid import System, cycle
from lto_sim.transport.network import Network
from lto_sim.transport.passes import apply_cells

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
def _apply(
    network: Network,
    system: System,
    skew: Skew,
    is_skew: bool,
    b: Floats,
    sign: float,
    u: Floats,
    out: Floats,
) -> None:
    """Fill out = b - sign (M u) on the finest level."""
    start, nz, ny, nx, node, count = (
        network.dims[0, 0], network.dims[0, 1], network.dims[0, 2], network.dims[0, 3], network.dims[0, 4],
        network.dims[0, 5],
    )  # fmt: skip
    apply_cells(start, nz, ny, nx, system.gx, system.gy, system.gz, system.diagonal, b, sign, u, out)
    for e in range(count):
        n, c = node + e, network.cell[e]
        if system.inverse[n] != 0.0:
            g = system.coupling[e]
            total = u[n] * system.diagonal[n] - g * u[c]
            for m in range(network.pointer[e], network.pointer[e + 1]):
                total -= system.link[network.edge[m]] * u[network.neighbour[m]]
            out[n] = b[n] - sign * total
            out[c] += sign * g * u[n]
        else:
            out[n] = b[n]
    if is_skew:
        for f in range(skew.first.size):
            out[skew.first[f]] += sign * skew.into_first[f] * u[skew.second[f]]
            out[skew.second[f]] += sign * skew.into_second[f] * u[skew.first[f]]


@summing
def _dot(a: Floats, b: Floats) -> float:
    total = 0.0
    for c in range(a.size):
        total += a[c] * b[c]
    return total


@summing
def _worst(residual: Floats, scale: Floats) -> float:
    worst = 0.0
    for c in range(residual.size):
        worst = max(worst, abs(residual[c]) * scale[c])
    return worst


@summing
def _advance(alpha: float, d: Floats, q: Floats, scale: Floats, u: Floats, r: Floats) -> float:
    """U += alpha d and r -= alpha q; returns the largest |r| scale."""
    worst = 0.0
    for c in range(r.size):
        u[c] += alpha * d[c]
        rest = r[c] - alpha * q[c]
        r[c] = rest
        worst = max(worst, abs(rest) * scale[c])
    return worst


@kernel
def _add(factor: float, x: Floats, y: Floats) -> None:
    """Y += factor x."""
    for c in range(y.size):
        y[c] += factor * x[c]


@kernel
def _follow(factor: float, x: Floats, y: Floats) -> None:
    """Y = x + factor y."""
    for c in range(y.size):
        y[c] = x[c] + factor * y[c]


@kernel
def _precondition(
    network: Network, system: System, vector: Floats, b: Floats, out: Floats, rest: Floats
) -> None:
    """One cycle on a copy of `vector`: it adds to b and takes away what elements feed, with round-off."""
    end = network.dims[1, 0]
    b[:end] = vector[:end]
    cycle(network, system, b, out, rest)


@kernel
def _conjugate_gradients(
    network: Network, system: System, skew: Skew, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, direction, product, correction, rest = work[0], work[1], work[2], work[3], work[4]
    own = slice(first, end)
    r, d, q, z = residual[own], direction[own], product[own], correction[own]
    zero = work[7]
    worst = _worst(r, scale[own])
    rho_old = 1.0
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        _precondition(network, system, residual, work[8], correction, rest)
        rho = _dot(r, z)
        _follow(rho / rho_old if iteration > 0 else 0.0, z, d)
        rho_old = rho
        _apply(network, system, skew, False, zero, -1.0, direction, product)
        alpha = rho / _dot(d, q)
        worst = _advance(alpha, d, q, scale[own], u[own], r)
    return limit if worst <= tolerance else -1


@kernel
def _bicgstab(
    network: Network, system: System, skew: Skew, scale: Floats, u: Floats, work: Floats,
    tolerance: float, limit: int,
) -> int:  # fmt: skip
    """Preconditioned from the right, so that the residual is the true one."""
    first, end = network.dims[0, 2] * network.dims[0, 3], network.dims[1, 0]
    residual, direction, product, correction, rest = work[0], work[1], work[2], work[3], work[4]
    shadow, second, zero = work[5], work[6], work[7]
    own = slice(first, end)
    shadow[own] = residual[own]
    direction[own] = 0.0
    product[own] = 0.0
    rho = alpha = omega = 1.0
    worst = _worst(residual[own], scale[own])
    for iteration in range(limit):
        if worst <= tolerance:
            return iteration
        rho_new = _dot(shadow[own], residual[own])
        if rho_new == 0.0 or omega == 0.0:
            return -1
        beta = rho_new / rho * alpha / omega
        rho = rho_new
        _add(-omega, product[own], direction[own])
        _follow(beta, residual[own], direction[own])
        _precondition(network, system, direction, work[8], correction, rest)
        _apply(network, system, skew, True, zero, -1.0, correction, product)
        alpha = rho / _dot(shadow[own], product[own])
        _add(alpha, correction[own], u[own])
        _add(-alpha, product[own], residual[own])
        worst = _worst(residual[own], scale[own])
        if worst <= tolerance:
            return iteration + 1
        _precondition(network, system, residual, work[8], correction, rest)
        _apply(network, system, skew, True, zero, -1.0, correction, second)
        size = _dot(second[own], second[own])
        omega = _dot(second[own], residual[own]) / size if size > 0.0 else 0.0
        _add(omega, correction[own], u[own])
        _add(-omega, second[own], residual[own])
        worst = _worst(residual[own], scale[own])
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
    rhs : Right-hand side; zero on inactive nodes.
    scale : What turns a residual into a composition (dt / V).
    u : Guess in, solution out; zero on inactive nodes.
    work : Nine rows over all levels: residual, direction, product, u and residual of the cycle, two of
        BiCGStab, one of zeros, b of the cycle. Padding planes are zero.
    tolerance : Largest residual composition that is accepted.
    limit : Most iterations.

    Returns
    -------
    Iterations used, or -1 where the limit was reached.
    """
    residual = work[0]
    is_skew = False
    for f in range(skew.first.size):
        if skew.into_first[f] != 0.0 or skew.into_second[f] != 0.0:
            is_skew = True
            break
    spent = 0
    for _ in range(_RESTARTS if is_skew else 1):
        _apply(network, system, skew, is_skew, rhs, 1.0, u, residual)
        if not is_skew:
            return _conjugate_gradients(network, system, skew, scale, u, work, tolerance, limit)
        used = _bicgstab(network, system, skew, scale, u, work, tolerance, limit)
        if used >= 0:
            return spent + used
        spent += limit
    return -1
