"""Fast electrons: relativistic kinematics, and the angle that a convergent probe leaves of the aperture.

Symbols after Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011):
T = m0 v^2 / 2, the characteristic angle theta_E = E / (2 gamma T).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from lto_sim.errors import InputError

__all__ = ["BOHR_RADIUS", "RYDBERG_EV", "Beam", "effective_collection"]

Floats = NDArray[np.float64]

RYDBERG_EV: Final = constants.value("Rydberg constant times hc in eV")
BOHR_RADIUS: Final = constants.value("Bohr radius")
_REST_EV: Final = constants.value("electron mass energy equivalent in MeV") * 1e6


@dataclass(frozen=True)
class Beam:
    """Electrons of one energy.

    Parameters
    ----------
    voltage : Accelerating voltage [V]: 1 kV to 10 MV.

    Raises
    ------
    InputError
        Outside that range.
    """

    voltage: float

    def __post_init__(self) -> None:
        if not 1e3 <= self.voltage <= 1e7:
            raise InputError(
                "instrument.beam.voltage", self.voltage, "1 kV to 10 MV", 'write for example "300 kV"'
            )

    @property
    def gamma(self) -> float:
        """Total over rest energy."""
        return 1.0 + self.voltage / _REST_EV

    @property
    def kinetic_eV(self) -> float:
        """T = m0 v^2 / 2 [eV]; 154 keV at 300 kV."""
        return 0.5 * _REST_EV * (1.0 - self.gamma**-2)

    @property
    def wave_number(self) -> float:
        """k0 = gamma m0 v / hbar [1/m]."""
        return float(self.gamma * np.sqrt(self.kinetic_eV / RYDBERG_EV) / BOHR_RADIUS)

    def characteristic_angle(self, energy_eV: Floats | float) -> Floats:
        """theta_E = E / (2 gamma T) [rad] of a loss `energy_eV` [eV] (Egerton eq. 3.28)."""
        return np.asarray(energy_eV, dtype=np.float64) / (2.0 * self.gamma * self.kinetic_eV)

    def ridge_angle(self, energy_eV: Floats | float) -> Floats:
        """Angle [rad] of a collision with a free electron at rest, (E/T)^1/2 / gamma (Egerton eq. 3.132)."""
        return np.sqrt(np.asarray(energy_eV, dtype=np.float64) / self.kinetic_eV) / self.gamma


def effective_collection(beam: Beam, energy_eV: float, convergence: float, collection: float) -> float:
    """Collection angle that a parallel beam would need for the same share of the scattering.

    Scheinfein and Isaacson (1984), as Egerton (2011) eq. 4.72 and CONCOR2 have it: Lorentzian scattering
    about every direction of a cone of half-angle alpha, of which the aperture beta takes the share F; where
    alpha is wider than beta, per electron that the aperture lets through.

    Parameters
    ----------
    beam : The electrons.
    energy_eV : Loss [eV] (> 0).
    convergence, collection : Half-angles alpha and beta [rad] (alpha >= 0, beta > 0).

    Returns
    -------
    Effective half-angle [rad]; `collection` for a parallel beam.
    """
    if convergence == 0.0:
        return collection
    theta_e = float(beam.characteristic_angle(energy_eV))
    theta_e2, width = theta_e**2, theta_e * convergence
    # theta^2 = alpha^2 + theta_E alpha sinh u resolves the cone's edge, where the integrand changes fast
    ends = np.arcsinh(np.array([-(convergence**2), collection**2 - convergence**2]) / width)
    u = np.linspace(float(ends[0]), float(ends[1]), 4001)
    theta2 = np.maximum(convergence**2 + width * np.sinh(u), 0.0)
    psi2 = convergence**2 + theta_e2 - theta2
    root = np.sqrt(psi2**2 + 4.0 * theta2 * theta_e2)
    # psi2 + root cancels where psi2 < 0: multiply by the conjugate there
    conjugate = np.where(psi2 < 0.0, root - psi2, 1.0)
    total = np.where(psi2 < 0.0, 4.0 * theta2 * theta_e2 / conjugate, psi2 + root)
    integrand = np.log(np.maximum(total / (2.0 * theta_e2), 1.0)) * width * np.cosh(u)
    integral = 0.5 * float(np.trapezoid(integrand, u))
    share = 2.0 / convergence**2 * integral
    if convergence > collection:
        share *= (convergence / collection) ** 2
    return float(np.sqrt(theta_e2 * np.expm1(share)))
