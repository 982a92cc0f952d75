"""Single scattering of valence electrons: the Drude loss function, or a measured plasmon.

    Im(-1/eps) = E Gamma Ep^2 / [(E^2 - Ep^2)^2 + (E Gamma)^2],    Ep^2 = hbar^2 n e^2 / (eps0 m),

n the density of valence electrons (Egerton 2011, eq. 3.43), times the angular factor ln(1 + beta^2/theta_E^2)
(eq. 3.32), beta at most at the Bethe ridge. Its shape is what counts: its strength is what the mean free path
leaves beside the edges. Surface losses, Cerenkov losses and the gap are not in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from lto_sim.microscope.kinematics import Beam
from lto_sim.microscope.references import Reference

__all__ = ["drude_density", "plasmon_energy_eV"]

Floats = NDArray[np.float64]


def plasmon_energy_eV(electrons: float) -> float:
    """Free-electron plasmon energy [eV] of an electron density [1/m3]."""
    squared = electrons * constants.e**2 / (constants.epsilon_0 * constants.m_e)
    return float(constants.hbar * np.sqrt(squared) / constants.e)


def drude_density(
    reference: Reference, phase: str, energy_eV: Floats, beam: Beam, collection: float
) -> Floats:
    """Shape of single plasmon scattering into an aperture, arbitrary unit.

    Parameters
    ----------
    reference : Gives valence electrons and width.
    phase : End member.
    energy_eV : Losses [eV] (>= 0), (n,).
    beam : The electrons.
    collection : Effective collection half-angle [rad].

    Returns
    -------
    (n,), 0 at no loss.
    """
    electrons = reference.host["valence_electrons"][phase] * reference.formula_units
    plasmon, width = plasmon_energy_eV(electrons), reference.host["plasmon_width"]
    energy = np.asarray(energy_eV, dtype=np.float64)
    loss = energy * width * plasmon**2 / ((energy**2 - plasmon**2) ** 2 + (energy * width) ** 2)
    theta = np.maximum(beam.characteristic_angle(energy), 1e-12)
    reached = np.minimum(collection, np.maximum(beam.ridge_angle(energy), 1e-6))
    return np.asarray(loss * np.log1p((reached / theta) ** 2))
