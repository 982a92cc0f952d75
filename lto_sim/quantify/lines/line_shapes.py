"""Shapes that near-edge spectra are fitted with, and their derivatives, for many spectra at once.

    power law   A (E / E0)^-r
    step        Phi[(E - E1) / s], a Gaussian-broadened step of 0.8 eV FWHM
    line        a V(E),  V = eta L + (1 - eta) G, both of area 1 and of the same FWHM w (pseudo-Voigt;
                Wertheim et al., Rev. Sci. Instrum. 45 (1974) 1369)

The step stands for the transitions to the continuum; its width is no parameter, because under lines of 1 to
3 eV nothing determines it. Arrays of parameters are (n,), energies (m,), results (n, m).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from lto_sim.constants import FWHM_PER_SIGMA

__all__ = ["STEP_FWHM_EV", "Line", "line", "power_law", "step"]

Floats = NDArray[np.float64]

STEP_FWHM_EV: Final = 0.8
"""Width of the Gaussian that broadens a step [eV]."""
_FARTHEST: Final = 37.0
"""Standard deviations beyond which a Gaussian is taken as it is there, so that nothing underflows."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line of area 1 and its derivatives, each (n, m) [1/eV, and 1/eV per unit of the parameter].

    Parameters
    ----------
    value : V(E).
    by_position : dV/dE1, E1 [eV].
    by_log_fwhm : dV/d ln w.
    by_mixing : dV/d eta.
    """

    value: Floats
    by_position: Floats
    by_log_fwhm: Floats
    by_mixing: Floats


def line(energy_eV: Floats, position_eV: Floats, fwhm_eV: Floats, mixing: Floats) -> Line:
    """Pseudo-Voigt lines of area 1.

    Parameters
    ----------
    energy_eV : Energies [eV], (m,), or of every spectrum its own, (n, m).
    position_eV, fwhm_eV : Of every spectrum's line [eV], (n,).
    mixing : Share eta of the Lorentzian, (n,).
    """
    width, share = fwhm_eV[:, None], mixing[:, None]
    away = energy_eV - position_eV[:, None]
    sigma = width / FWHM_PER_SIGMA
    at = np.clip(away / sigma, -_FARTHEST, _FARTHEST)
    bell = np.exp(-0.5 * at**2) / (sigma * np.sqrt(2.0 * np.pi))
    half = 0.5 * width
    below = away**2 + half**2
    lorentz = half / (np.pi * below)
    value = share * lorentz + (1.0 - share) * bell
    slope = share * lorentz * 2.0 * away / below + (1.0 - share) * bell * at / sigma
    wider = share * lorentz * (1.0 - 2.0 * half**2 / below) + (1.0 - share) * bell * (at**2 - 1.0)
    return Line(value, slope, wider, lorentz - bell)


def step(energy_eV: Floats, position_eV: Floats) -> tuple[Floats, Floats]:
    """Steps from 0 to 1, and their derivative by their position [1/eV].

    Parameters
    ----------
    energy_eV : Energies [eV], (m,).
    position_eV : Where half of the step is reached [eV], (n,).
    """
    sigma = STEP_FWHM_EV / FWHM_PER_SIGMA
    at = np.clip((energy_eV - position_eV[:, None]) / sigma, -_FARTHEST, _FARTHEST)
    return np.asarray(ndtr(at)), -np.exp(-0.5 * at**2) / (sigma * np.sqrt(2.0 * np.pi))


def power_law(energy_eV: Floats, reference_eV: float, exponent: Floats) -> tuple[Floats, Floats]:
    """(E / E0)^-r, and its derivative by r.

    Parameters
    ----------
    energy_eV : Energies [eV] (> 0), (m,).
    reference_eV : E0 [eV].
    exponent : r, (n,).
    """
    logarithm = np.log(energy_eV / reference_eV)
    value = np.exp(-exponent[:, None] * logarithm)
    return value, -logarithm * value
