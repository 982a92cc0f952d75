"""Width of the probe: at the surface, from its convergence, and from scattering within the specimen.

    b = 625 (Z/E0) (rho/A)^(1/2) t^(3/2)        [cm, keV, g/cm3]

is the diameter that holds 90 % of the beam at the exit surface (Goldstein et al. 1977; Reed 1982); the
variance grows as depth cubed, so that its mean through the thickness is a quarter. A cone of half-angle
alpha, in focus in the middle, has the mean variance alpha^2 t^2 / 48 along an axis.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lto_sim.constants import FWHM_PER_SIGMA
from lto_sim.microscope.references import ATOMIC_MASSES, ATOMIC_NUMBERS, Reference

__all__ = ["probe_fwhm"]

_DIAMETER_90_PER_SIGMA: Final = 2.0 * float(np.sqrt(2.0 * np.log(10.0)))


def probe_fwhm(
    reference: Reference, voltage: float, convergence: float, thickness: float, at_surface: float
) -> float:
    """Full width at half maximum of a Gaussian with the probe's mean variance through the thickness [m].

    Parameters
    ----------
    reference : The solid; its Li4 end member.
    voltage : Accelerating voltage [V].
    convergence : Half-angle [rad].
    thickness : Thickness [m].
    at_surface : FWHM of the probe itself [m].
    """
    atoms = reference.atoms["Li4"]
    count = sum(atoms.values())
    number = sum(n * ATOMIC_NUMBERS[e] for e, n in atoms.items()) / count
    mass = sum(n * ATOMIC_MASSES[e] for e, n in atoms.items()) / count
    density = reference.density("Li4") * 1e-3
    exit_cm = 625.0 * number / (voltage * 1e-3) * np.sqrt(density / mass) * (thickness * 1e2) ** 1.5
    scattered = (exit_cm * 1e-2 / _DIAMETER_90_PER_SIGMA) ** 2 / 4.0
    cone = (convergence * thickness) ** 2 / 48.0
    return float(FWHM_PER_SIGMA * np.sqrt((at_surface / FWHM_PER_SIGMA) ** 2 + scattered + cone))
