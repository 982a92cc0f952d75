"""Response of source and detector to electrons of one energy, as its Fourier transform.

Z(E) = (1 - f) G(E) + f (G * L)(E): a Gaussian G of the energy spread, a share f of it with Lorentzian tails L
(aberrations of the spectrometer, light and charge spread in a detector). Given in Fourier space, because
there it multiplies the plural scattering; the integral of Z is 1 exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import FWHM_PER_SIGMA

__all__ = ["Response"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Response:
    """Energy spread and tails.

    Parameters
    ----------
    fwhm_eV : Full width at half maximum of the Gaussian [eV] (> 0).
    tail_fraction : Share f of the electrons with tails, 0 to 1.
    tail_eV : Half width at half maximum of the tails [eV].
    """

    fwhm_eV: float
    tail_fraction: float = 0.0
    tail_eV: float = 0.0

    def transform(self, frequency: Floats) -> Floats:
        """Fourier transform at `frequency` [1/eV]; 1 at zero."""
        sigma = self.fwhm_eV / FWHM_PER_SIGMA
        gauss = np.exp(-np.minimum(2.0 * (np.pi * sigma * frequency) ** 2, 700.0))
        tails = np.exp(-np.minimum(2.0 * np.pi * self.tail_eV * np.abs(frequency), 700.0))
        return np.asarray(gauss * (1.0 - self.tail_fraction + self.tail_fraction * tails))
