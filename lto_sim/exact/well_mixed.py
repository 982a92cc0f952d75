"""Potential of a well-mixed particle under constant current: Nernst with ideal-solution tails, Butler-Volmer.

    x = x_start - I t/(F dc V),    f = F/(R T),
    E_oc = E_0 + (1/f) ln[ x*/(1 - x*) (1 - x)/x ],    x* the nearer edge of the gap; E_oc = E_0 inside,
    i = I/A = i0 {exp[(1 - a) f eta] - exp[-a f eta]},    E = E_oc + eta,    i0 = F k0 dc x^a (1 - x)^(1 - a).

======  ========================  ===========================================================
symbol  argument                  meaning
======  ========================  ===========================================================
x                                 li fraction [1]
I       current                   positive on oxidation, lithium leaves [A]
dc      insertable_concentration  lithium that x from 0 to 1 stands for [mol m-3]
V, A    volume, area              of the particle [m3], of the surface lithium crosses [m2]
x4, x7  edges                     of the miscibility gap, poor and rich [1]
E_0     plateau                   potential in the gap [V]
k0      reaction_rate             rate constant of the charge transfer [m s-1]
a       transfer_coefficient      that of the reduction (insertion), above 0 and below 1 [1]
eta                               overpotential E - E_oc [V]
======  ========================  ===========================================================

Source: J. S. Newman and K. E. Thomas-Alyea, Electrochemical Systems (Wiley, 2004), chapters 8 (Butler-Volmer)
and 22 (insertion); M. Doyle, T. F. Fuller and J. Newman, J. Electrochem. Soc. 140 (1993) 1526 (i0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.exact._checks import FloatArray, elementwise, positive, values

__all__ = ["WellMixed", "exchange_current_density", "open_circuit_potential", "overpotential"]


def _thermal_voltage(temperature: float) -> float:
    """R T/F [V]."""
    return GAS_CONSTANT / FARADAY * positive("temperature", temperature, "K")


def _inside(field: str, value: ArrayLike, remedy: str) -> FloatArray:
    array = values(field, value, "1", above=None)
    good = (array > 0.0) & (array < 1.0)
    if not bool(np.all(good)):
        raise InputError(field, float(array[~good].flat[0]), "above 0 and below 1 [1]", remedy)
    return array


def _gap(edges: tuple[float, float]) -> tuple[float, float]:
    allowed = "two li fractions, 0 < poor < rich < 1 [1]"
    try:
        poor, rich = (float(edge) for edge in edges)
    except (TypeError, ValueError):
        raise InputError("edges", edges, allowed, "give (x_poor, x_rich)") from None
    if not 0.0 < poor < rich < 1.0:
        raise InputError("edges", edges, allowed, "give (x_poor, x_rich)")
    return poor, rich


def open_circuit_potential(
    x: ArrayLike, edges: tuple[float, float], plateau: float, temperature: float
) -> FloatArray:
    """Open-circuit potential E_oc [V] of a single composition x, elementwise.

    Parameters
    ----------
    x : Li fraction [1], above 0 and below 1.
    edges : Edges (x4, x7) of the miscibility gap [1].
    plateau : Potential E_0 inside the gap [V].
    temperature : Temperature [K].

    Raises
    ------
    InputError
        A li fraction at or beyond 0 or 1, edges out of order, or a temperature that is not positive.
    """
    fraction = _inside("x", x, "the potential diverges at the ends")
    nearest = np.clip(fraction, *_gap(edges))
    beyond = special.logit(nearest) - special.logit(fraction)
    return values("plateau", plateau, "V", above=None) + _thermal_voltage(temperature) * beyond


def exchange_current_density(
    x: ArrayLike, reaction_rate: float, insertable_concentration: float, transfer_coefficient: float = 0.5
) -> FloatArray:
    """Exchange current density i0 = F k0 dc x^a (1 - x)^(1 - a) [A m-2], elementwise.

    Parameters
    ----------
    x : Li fraction at the surface [1], above 0 and below 1.
    reaction_rate : Rate constant k0 of the charge transfer [m s-1].
    insertable_concentration : Lithium dc that x from 0 to 1 stands for [mol m-3].
    transfer_coefficient : Transfer coefficient a of the reduction [1], above 0 and below 1.

    Raises
    ------
    InputError
        An argument outside its range.
    """
    fraction = _inside("x", x, "there is no exchange at the ends")
    a = float(_inside("transfer_coefficient", transfer_coefficient, "0.5 is the symmetric one"))
    density = FARADAY * positive("insertable_concentration", insertable_concentration, "mol m-3")
    scale = density * positive("reaction_rate", reaction_rate, "m s-1")
    return scale * fraction**a * (1.0 - fraction) ** (1.0 - a)


def _forward(ratio: float, share: float) -> float:
    """Root u of exp(share u) [1 - exp(-u)] = ratio > 0, sought as ln u between bounds."""
    target = math.log(ratio)

    def miss(log_u: float) -> float:
        u = math.exp(log_u)
        return share * u + math.log(-math.expm1(-u)) - target

    low = math.log(math.log1p(ratio))
    high = low - math.log(share)
    log_u = float(optimize.brentq(miss, low - 1e-9, high + 1e-9, xtol=1e-13, rtol=1e-14))
    u = math.exp(log_u)
    slope = u * (share - math.exp(-u) / math.expm1(-u))
    return u * (1.0 - miss(log_u) / slope)


def _reduced(ratio: float, a: float) -> float:
    """Return f eta [1] at the current density `ratio` i0."""
    if a == 0.5 or ratio == 0.0:
        return 2.0 * math.asinh(0.5 * ratio)
    return _forward(ratio, 1.0 - a) if ratio > 0.0 else -_forward(-ratio, a)


def overpotential(
    current_density: ArrayLike,
    exchange_current_density: ArrayLike,
    temperature: float,
    transfer_coefficient: float = 0.5,
) -> FloatArray:
    """Overpotential eta = E - E_oc [V] of Butler-Volmer, broadcast; positive on oxidation.

    Parameters
    ----------
    current_density : Current density i [A m-2], positive on oxidation.
    exchange_current_density : Exchange current density i0 [A m-2].
    temperature : Temperature [K].
    transfer_coefficient : Transfer coefficient a of the reduction [1], above 0 and below 1.

    Raises
    ------
    InputError
        A current density that is not finite, or another argument outside its range.
    """
    current = values("current_density", current_density, "A m-2", above=None)
    exchange = values("exchange_current_density", exchange_current_density, "A m-2", strict=True)
    a = float(_inside("transfer_coefficient", transfer_coefficient, "0.5 is the symmetric one"))
    return _thermal_voltage(temperature) * np.asarray(elementwise(_reduced, current / exchange, a))


@dataclass(frozen=True)
class WellMixed:
    """Particle of one composition (diffusion without resistance) under constant current from time 0.

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    x_start : Li fraction at time 0 [1], above 0 and below 1.
    current : Current I [A], positive on oxidation: lithium leaves.
    volume : Volume V of the particle [m3].
    area : Area A of the surface that lithium crosses [m2].
    insertable_concentration : Lithium dc that x from 0 to 1 stands for [mol m-3].
    edges : Edges (x4, x7) of the miscibility gap [1].
    plateau : Potential E_0 inside the gap [V].
    temperature : Temperature [K].
    reaction_rate : Rate constant k0 of the charge transfer [m s-1]; infinite for equilibrium at the surface.
    transfer_coefficient : Transfer coefficient a of the reduction [1], above 0 and below 1.

    Raises
    ------
    InputError
        An argument outside its range.
    """

    x_start: float
    current: float
    volume: float
    area: float
    insertable_concentration: float
    edges: tuple[float, float]
    plateau: float
    temperature: float
    reaction_rate: float = math.inf
    transfer_coefficient: float = 0.5

    def __post_init__(self) -> None:
        positive("volume", self.volume, "m3")
        positive("area", self.area, "m2")
        positive("insertable_concentration", self.insertable_concentration, "mol m-3")
        positive("reaction_rate", self.reaction_rate, "m s-1", infinite=True)
        values("current", self.current, "A", above=None)
        open_circuit_potential(self.x_start, self.edges, self.plateau, self.temperature)
        _inside("transfer_coefficient", self.transfer_coefficient, "0.5 is the symmetric one")

    @property
    def end_time(self) -> float:
        """Time at which the particle is full or empty [s]; infinite without current."""
        if self.current == 0.0:
            return math.inf
        left = self.x_start if self.current > 0.0 else 1.0 - self.x_start
        return left * FARADAY * self.insertable_concentration * self.volume / abs(self.current)

    def composition(self, time: ArrayLike) -> FloatArray:
        """Li fraction [1] at `time` [s].

        Raises
        ------
        InputError
            A time at or after `end_time`.
        """
        seconds = values("time", time, "s")
        if bool(np.any(seconds >= self.end_time)):
            allowed = f"0 to below {self.end_time:g} [s]"
            raise InputError("time", float(seconds.max()), allowed, "the particle is full or empty then")
        return self.x_start - self.current / (FARADAY * self.insertable_concentration * self.volume) * seconds

    def potential(self, time: ArrayLike) -> FloatArray:
        """Potential E [V] at `time` [s]; errors are those of :meth:`composition`."""
        x = self.composition(time)
        equilibrium = open_circuit_potential(x, self.edges, self.plateau, self.temperature)
        if math.isinf(self.reaction_rate):
            return equilibrium
        a = self.transfer_coefficient
        exchange = exchange_current_density(x, self.reaction_rate, self.insertable_concentration, a)
        return equilibrium + overpotential(self.current / self.area, exchange, self.temperature, a)
