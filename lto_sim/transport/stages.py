"""What an explicit stage does to one cell, one face and one element: the source of CPU and GPU kernels alike.

The functions are plain Python and call nothing of their own: ``@kernel`` (`super_time`) and
``cuda.jit(device=True)`` (`gpu`) compile the same lines. They keep the precision of what they are given.

A super time step (Meyer, Balsara & Aslam, J. Comput. Phys. 257 (2014) 594) is a sequence of stages

    Y_j = x_0 + (dt/V) div F_j,    F_j = mu F_(j-1) + nu F_(j-2) + mu' f(Y_(j-1)) + gamma' f(x_0),

with F the mean flux through every face up to the stage and f the flux at once. A face between two cells
conducts g (u_n - u_c) in the Kirchhoff variable u, linear in u, so that F is not kept by face: it is
g (U_n - U_c) of one number a cell,

    U_j = mu U_(j-1) + nu U_(j-2) + mu' u(Y_(j-1)) + gamma' u(x_0),

which makes a stage one pass over U_(j-1), U_(j-2) and x_0, and every stage conservative whatever U is.
Contacts, whose flux is not linear in u, keep an F each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "contact_coefficient",
    "contact_flux",
    "inflow",
    "kept_share",
    "kirchhoff",
    "net_inflow",
    "recombined",
    "stage_coefficients",
    "stage_count",
]

Floats = NDArray[np.float64]

_SAFETY = 0.98
"""Longest step of a number of stages, as part of the one at which the shortest wave is no longer damped."""


def kirchhoff(x: float, x_poor: float, x_rich: float, d_poor: float, d_rich: float) -> float:
    """Kirchhoff variable u = D w of composition `x`; 0 in the gap."""
    if x < x_poor:
        return d_poor * (x - x_poor)
    if x > x_rich:
        return d_rich * (x - x_rich)
    return x - x


def net_inflow(g_next: float, u_next: float, g_last: float, u_last: float, u: float) -> float:
    """What enters a cell at `u` through its two faces along one axis."""
    return g_next * (u_next - u) + g_last * (u_last - u)


def inflow(u: Floats, gx: Floats, gy: Floats, gz: Floats, c: int, nx: int, plane: int) -> float:
    """What enters cell `c` of padded arrays from other cells."""
    along = gx[c] * (u[c + 1] - u[c]) + gx[c - 1] * (u[c - 1] - u[c])
    across = gy[c] * (u[c + nx] - u[c]) + gy[c - nx] * (u[c - nx] - u[c])
    return float(along + across + gz[c] * (u[c + plane] - u[c]) + gz[c - plane] * (u[c - plane] - u[c]))


def recombined(
    last: float, before: float, now: float, start: float, mu: float, nu: float, rate: float, first: float
) -> float:
    """Mean up to a stage, from those up to the two stages before it, the value now and that at the start."""
    return mu * last + nu * before + rate * now + first * start


def contact_coefficient(transfer: float, d: float, g: float) -> float:
    """Conductance of a contact in series with the way to the node, for u; `transfer` may be infinite."""
    if math.isinf(transfer):
        return g
    return transfer * g / (transfer + d * g)


def contact_flux(
    poor: float, rich: float, w_poor: float, w_rich: float, g: float, u: float, share: float,
    d_poor: float, d_rich: float, imposed: float,
) -> float:  # fmt: skip
    """Flux that a contact lets in (`coupling`), or its mean where `u` is one over a `share` of the step."""
    if math.isinf(poor):
        return g * ((d_poor if w_poor < 0.0 else d_rich) * w_poor * share - u) + imposed * share
    if poor * w_poor * share + g * u < 0.0:
        return poor * g / (poor + d_poor * g) * (d_poor * w_poor * share - u) + imposed * share
    return rich * g / (rich + d_rich * g) * (d_rich * w_rich * share - u) + imposed * share


def kept_share(beyond: float, through: float) -> float:
    """Share of what flows `through` one side of a cell that is kept where `beyond` of it may not stay."""
    if beyond <= 0.0 or through <= 0.0:
        return 1.0
    return max(1.0 - beyond / through, 0.0)


def stage_count(steps: float, order: int) -> int:
    """Stages, an odd number, for a step `steps` times the longest explicit one.

    Parameters
    ----------
    steps : Step over the explicit limit.
    order : 1 (RKL1, (s^2 + s)/2 explicit steps in s stages) or 2 (RKL2, (s^2 + s - 2)/4).
    """
    limit = steps / _SAFETY
    if order == 1:
        least = 0.5 * (math.sqrt(1.0 + 8.0 * limit) - 1.0)
    else:
        least = max(0.5 * (math.sqrt(9.0 + 16.0 * limit) - 1.0), 3.0)
    count = max(math.ceil(least), 1)
    return count + 1 - count % 2


def stage_coefficients(count: int, order: int) -> Floats:
    """Coefficients (count, 5) of every stage: mu, nu, mu', gamma', and its share of the step.

    The share sums the weights of all fluxes that F is made of; that of the last stage is 1. Source: Meyer,
    Balsara & Aslam (2014), sections 3.1 and 3.2.

    Parameters
    ----------
    count : Stages.
    order : 1 or 2; RKL2 takes at least 3 stages.
    """
    j = np.arange(1.0, count + 1.0)
    rows = np.zeros((count, 5))
    if order == 1:
        rows[:, 0], rows[:, 1] = (2.0 * j - 1.0) / j, (1.0 - j) / j
        rows[:, 2] = (2.0 * j - 1.0) / j * (2.0 / (count * count + count))
        rows[0, :2] = 0.0
    else:
        b = np.concatenate(
            [np.full(3, 1.0 / 3.0), (j[2:] ** 2 + j[2:] - 2.0) / (2.0 * j[2:] * (j[2:] + 1.0))]
        )
        w = 4.0 / (count * count + count - 2.0)
        rows[1:, 0] = (2.0 * j[1:] - 1.0) / j[1:] * b[2 : count + 1] / b[1:count]
        rows[1:, 1] = (1.0 - j[1:]) / j[1:] * b[2 : count + 1] / b[: count - 1]
        rows[0, 2] = b[1] * w
        rows[1:, 2] = rows[1:, 0] * w
        rows[1:, 3] = -(1.0 - b[1:count]) * rows[1:, 2]
    weight = before = 0.0
    for row in rows:
        weight, before = row[0] * weight + row[1] * before + row[2] + row[3], weight
        row[4] = weight
    return rows
