"""Contact laws: how much lithium a contact lets in at an interface potential and a surface composition.

    equilibrium      w_s = w_eq(phi)
    linear           j = k_c (w_eq(phi) - w_s)
    butler_volmer    j = -(i0/F dc) { exp[(1 - alpha) f eta] - exp[-alpha f eta] },   eta = phi - E(x_s),
                     i0 = F k0 dc x_s^alpha (1 - x_s)^(1 - alpha),   f = F/(R T)
    marcus_hush_chidsey   j = k0 [ kappa(psi) (1 - x_s) - exp(psi) kappa(psi) x_s ],   psi = f (phi - E_f)

with j [m s-1 of li fraction] into the particle, phi the potential of the particle behind the ohmic drop of
the contact, and E(x) the open-circuit potential with its ideal-solution tails. On such a tail,
E = E_f + (1/f) ln[(1 - x)/x] with the formal potential E_f = E_plateau + (1/f) ln[x*/(1 - x*)], Butler-Volmer
takes the same form with kappa = exp(-alpha psi): in each phase *all* laws are straight lines in w_s,

    j = T (w_eq - w_s),      T = k0 kappa (1 + exp psi),     w_eq = 1/(1 + exp psi) - x*,

so that a step with any of them is the same piecewise-linear system, which has one solution and keeps
0 <= x <= 1, and E, which diverges at x = 0 and 1, never enters. At alpha = 0.5, i0 = F k0 dc sqrt(x (1 - x)).
The exponents of i0 follow alpha because otherwise an empty surface (x = 0) could not be filled below 0.5.

Sources: Doyle, Fuller & Newman, J. Electrochem. Soc. 140 (1993) 1526 (i0 with its exponents); Chidsey,
Science 251 (1991) 919 (kappa: the integral over the electrons of the conductor, normalised to 1 at psi = 0).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.specimen import Contact

__all__ = ["LineInExcess", "law_lines", "one_continuous_law", "surface_excess"]

Floats = NDArray[np.float64]

_LARGEST_EXPONENT: Final = 250.0
"""Beyond, a contact holds its surface (or is blocked) whatever the exponent."""


@dataclass(frozen=True)
class LineInExcess:
    """A law at one potential: j = transfer (excess - w_s), for a poor and for a rich surface.

    Parameters
    ----------
    transfer : T [m s-1] (poor, rich); infinite where the surface is held.
    excess : w_eq [li fraction] (poor, rich).
    """

    transfer: tuple[float, float]
    excess: tuple[float, float]


def law_lines(
    contact: Contact, material: TwoPhaseMaterial, temperature: float, potential: float
) -> LineInExcess:
    """Law of a contact at one potential.

    Parameters
    ----------
    contact : The contact.
    material : Host, for edges of the gap and the open-circuit potential.
    temperature : Temperature [K].
    potential : Potential of the particle at the contact, behind its ohmic drop [V].
    """
    if contact.kinetics is None:
        held = material.contact_excess(potential, temperature)
        transfer = math.inf if contact.transfer is None else contact.transfer(temperature)
        return LineInExcess((transfer, transfer), (held, held))
    rate, f = contact.kinetics.rate(temperature), FARADAY / (GAS_CONSTANT * temperature)
    lines = []
    for edge in material.edges(temperature):
        psi = f * (potential - material.plateau_potential) - math.log(edge / (1.0 - edge))
        psi = min(max(psi, -_LARGEST_EXPONENT), _LARGEST_EXPONENT)
        energy = contact.kinetics.reorganization_energy
        if energy is None:
            reduction = math.exp(-contact.kinetics.transfer_coefficient * psi)
        else:
            reduction = _marcus_hush_chidsey(-psi, energy / (GAS_CONSTANT * temperature))
        filled = 1.0 / (1.0 + math.exp(psi))
        lines.append((rate * reduction * (1.0 + math.exp(psi)), filled - edge))
    (poor, w_poor), (rich, w_rich) = lines
    return LineInExcess((poor, rich), (w_poor, w_rich))


def _marcus_hush_chidsey(eta: float, reorganization: float) -> float:
    """Rate of Marcus, Hush and Chidsey at the overpotential `eta` over that at 0, both in units of k_B T.

    K(eta) = int exp[-(y - lambda + eta)^2/(4 lambda)]/(1 + exp y) dy, by the trapezoidal rule, which is exact
    to round-off here; K(eta)/K(-eta) = exp(eta).
    """
    exponent = _log_integral(eta, reorganization) - _log_integral(0.0, reorganization)
    return math.exp(min(max(exponent, -_LARGEST_EXPONENT), _LARGEST_EXPONENT))


@functools.lru_cache(maxsize=4096)
def _log_integral(eta: float, reorganization: float) -> float:
    centre, width = reorganization - eta, 12.0 * math.sqrt(2.0 * reorganization)
    low, high = min(centre, -reorganization - eta, 0.0) - width - 40.0, max(centre, 0.0) + width + 40.0
    step = min(0.5, 0.3 * math.sqrt(2.0 * reorganization))
    y = np.arange(low, high, step)
    logarithm = -((y - centre) ** 2) / (4.0 * reorganization) - np.logaddexp(0.0, y)
    peak = float(logarithm.max())
    return peak + math.log(step * float(np.exp(np.maximum(logarithm - peak, -700.0)).sum()))


def one_continuous_law(transfer: Floats, excess: Floats, rich: NDArray[np.bool_]) -> Floats:
    """Make the laws of both phases meet where w_s = 0, by the exchange current of the phase at hand.

    For alpha other than 0.5, or a gap that is not symmetric, i0 jumps where the surface changes its phase; a
    step would then have no solution, or two. The jump therefore waits until the cell behind the face has left
    its phase: up to there the law of the other phase is scaled to meet that of the phase at hand. While a new
    phase fills the first half cell, i0 is thus that of the old one.

    Parameters
    ----------
    transfer, excess : Laws of all faces, (2, faces), poor and rich [m s-1], [li fraction].
    rich : Whether the cell behind each face, or the element that it feeds, is rich.

    Returns
    -------
    Transfer (2, faces).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        flux = transfer * excess
        ratio = np.where(rich, flux[1] / flux[0], flux[0] / flux[1])
    usable = np.isfinite(ratio) & (ratio > 0.0)
    scale = np.where(usable, ratio, 1.0)
    return np.stack([np.where(rich, transfer[0] * scale, transfer[0]),
                     np.where(rich, transfer[1], transfer[1] * scale)])  # fmt: skip


def surface_excess(transfer: Floats, excess: Floats, flux: Floats) -> Floats:
    """Excess w_s [li fraction] of every face, from the flux [m s-1] that its law lets in.

    Parameters
    ----------
    transfer, excess : Laws of all faces, (2, faces), poor and rich.
    flux : Lithium let in through every face, per area [m s-1].
    """
    drop = np.where(
        np.isinf(transfer) | (transfer == 0.0), 0.0, flux / np.where(transfer > 0.0, transfer, 1.0)
    )
    w = excess - drop
    return np.asarray(np.where(w[0] < 0.0, w[0], np.maximum(w[1], 0.0)))
