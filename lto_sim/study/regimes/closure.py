"""When the mid-plane of a lamella closes whose two faces alone are fed at x = 0.

Until the shells under both faces meet, each is the one of `lto_sim.exact.surface_shell`. With a = H/2 and
U = K int u dt, both balances h dh/dt = K u and l u'' = u/h become, at every time,

    h = l U'',    h = sqrt(2 U) up to h = a,    U(0) = K t,

and U is the quartic in x of the shell. Past the first meeting its tip, the part that is open, moves on
unchanged from the place x_c where h = a; there l U'' = a, and the slope is -s, s = a^(3/2) sqrt(2/(3 l)).
Behind x_c nothing is stored: u is linear in x, and face and bulk conduct side by side. The tip takes
(l + a) K |du/dx| = a dx_c/dt, and K u(x_c) = s dx_c/dt. With u = 1 at x = 0 the mid-plane closes at x at the
time t(x) of

    2 K t(x) = a^2 + 2 s x + a/(l + a) x^2.

At x = 0 that is h0 = H/2. For l much larger than a it is, to the second order in x, the shell's own
h(x, t) = H/2, as if its inner end were still open; far away it is xi^2 = 2 K (1 + 2 l/H) t, the thin lamella.

Two ends correct it, by terms of the order of sqrt(a/l):

meeting
    Just before it closes, the core is a thin wedge between two fed faces; lithium reaches its edge from three
    sides. Into a slit of potential 0 in the middle of a strip of width 2 a with faces at potential 1 flows as
    much as if the slit were longer by b = (2 ln 2/pi) a and took 1/a all along (conformal map
    arcsin(2 exp(pi z/a) - 1)): the mid-plane closes at x when the law above has it close at x - b.
edge
    The bulk takes nothing at x = 0, so that lithium comes there along the face and from beyond only: a delay,
    which dies out as exp(-pi x/a).

At x = H/4 they cancel: there the plain law holds within 3 % up to h0/l = 0.2. From x = H on only the first is
left. Measured beside the solver in `lto-sim validate --only regimes`.

======  ==============  ====================================================================
symbol  argument        meaning
======  ==============  ====================================================================
K       rate_constant   Wagner's rate constant of the bulk, A D_II to the first order in A [m2 s-1]
l       surface_length  delta D_s/D_II of one face [m]
H       thickness       active thickness of the lamella [m]
x       position        distance along the face from its fed edge [m]
======  ==============  ====================================================================

Source: derived for this package from the surface-fed shell.
"""

from __future__ import annotations

import math
from typing import Final

from lto_sim.errors import InputError

__all__ = ["MEETING_LEAD", "closing_thickness_ratio", "closure_time", "surface_mean_front"]

MEETING_LEAD: Final = 2.0 * math.log(2.0) / math.pi
"""How far the meeting of two fronts runs ahead of the thin-shell law, over half the thickness [1]."""


def closure_time(
    position: float, rate_constant: float, surface_length: float, thickness: float, *, meeting: bool = False
) -> float:
    """Time [s] at which the mid-plane has closed at a distance from the fed edge of both faces.

    Parameters
    ----------
    position : Distance x along the face [m].
    rate_constant : Rate constant K of the bulk [m2 s-1].
    surface_length : Length l of one face [m].
    thickness : Active thickness H [m].
    meeting : Let the meeting of two fronts run ahead, see the module; for x of half the thickness and more.

    Raises
    ------
    InputError
        A negative position, or another argument that is not positive.
    """
    _check(position, rate_constant, surface_length, thickness)
    half = 0.5 * thickness
    x = max(position - MEETING_LEAD * half, 0.0) if meeting else position
    linear = 2.0 * half * math.sqrt(2.0 * half / (3.0 * surface_length)) * x
    return (half**2 + linear + half / (surface_length + half) * x**2) / (2.0 * rate_constant)


def surface_mean_front(time: float, rate_constant: float, surface_length: float, thickness: float) -> float:
    """Mean front through the thickness [m] at `time` [s], both faces fed alone, in the same limit.

    Until the shells meet it is h0 L/(3 a) = t^(3/4); then the closed length and a third of the tip,

        x_c + sqrt(3 l H)/3,    with t(x_c) = time.

    Parameters
    ----------
    time : Time since the faces are fed [s].
    rate_constant : Rate constant K of the bulk [m2 s-1].
    surface_length : Length l of one face [m].
    thickness : Active thickness H [m].

    Raises
    ------
    InputError
        A negative time, or another argument that is not positive.
    """
    _check(time, rate_constant, surface_length, thickness)
    half = 0.5 * thickness
    grown = 2.0 * rate_constant * time
    if grown <= half**2:
        h0 = math.sqrt(grown)
        return h0 * math.sqrt(6.0 * surface_length * h0) / (3.0 * half)
    conducting = (surface_length + half) / half
    p = conducting * half * math.sqrt(2.0 * half / (3.0 * surface_length))
    closed = math.sqrt(p * p + conducting * (grown - half**2)) - p
    return closed + math.sqrt(3.0 * surface_length * thickness) / 3.0


def closing_thickness_ratio(surface_length: float, thickness: float) -> float:
    """Ratio h0/l [1] when the mid-plane closes beside the edge, (H/2)/l; infinite without a surface."""
    return 0.5 * thickness / surface_length if surface_length > 0.0 else math.inf


def _check(first: float, rate_constant: float, surface_length: float, thickness: float) -> None:
    if not (math.isfinite(first) and first >= 0.0):
        raise InputError("position, time", first, ">= 0 and finite", "give SI units")
    for name, value, unit in (
        ("rate_constant", rate_constant, "m2 s-1"), ("surface_length", surface_length, "m"),
        ("thickness", thickness, "m"),
    ):  # fmt: skip
        if not (math.isfinite(value) and value > 0.0):
            raise InputError(name, value, f"> 0 [{unit}]", "give SI units")
