"""Near-edge fine structure as lines on a hydrogenic continuum, with the cross-section kept.

Lines are Gaussians [position, FWHM, area]. What they add within a window above the threshold is taken from
the continuum there, so that the integrals over stated windows stay those of the hydrogenic cross-section
(the oscillator-strength sum rule, read locally):

    shape(E) = h(E) [1 - sum_j b_j max(0, 1 - (E - E_k) / W_j)] + sum_i lines_i(E),

one b_j per window W_j; beyond the longest the continuum is the hydrogenic one. Where
the lines would need more than the continuum has, that is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from lto_sim.constants import FWHM_PER_SIGMA
from lto_sim.errors import InputError

__all__ = [
    "O_O_CONSTANT",
    "O_O_THRESHOLD_EV",
    "LineShape",
    "integral_between",
    "o_o_distance",
    "redistributed",
    "resonance_eV",
]

Floats = NDArray[np.float64]

O_O_CONSTANT: Final = 2.820
"""dE R^2 [eV nm2] of the O-K resonance (Yamamoto et al., J. Power Sources 266 (2014) 414, eq. 1)."""
O_O_THRESHOLD_EV: Final = 529.0
"""Energy [eV] from which that dE counts (same place)."""


@dataclass(frozen=True)
class LineShape:
    """One line.

    Parameters
    ----------
    position_eV : Energy of its maximum [eV].
    fwhm_eV : Full width at half maximum [eV] (> 0).
    area : Its integral, in the unit of the caller (>= 0).
    """

    position_eV: float
    fwhm_eV: float
    area: float

    def at(self, energy_eV: Floats) -> Floats:
        """Density per eV at `energy_eV` [eV]."""
        sigma = self.fwhm_eV / FWHM_PER_SIGMA
        argument = (energy_eV - self.position_eV) / sigma
        with np.errstate(under="ignore"):
            bell = np.exp(-0.5 * np.minimum(argument**2, 1400.0))
        return np.asarray(self.area / (sigma * np.sqrt(2.0 * np.pi)) * bell)


def redistributed(
    energy_eV: Floats,
    continuum: Floats,
    lines: Sequence[LineShape],
    threshold_eV: float,
    windows_eV: Sequence[float],
    name: str,
) -> Floats:
    """Continuum with lines, whose integrals over windows from the threshold are the continuum's alone.

    Parameters
    ----------
    energy_eV : Energies [eV], (n,), ascending.
    continuum : h(E), (n,); 0 below the threshold.
    lines : The lines, area in the unit of the continuum times eV.
    threshold_eV : Where windows begin [eV].
    windows_eV : Lengths of the windows [eV], ascending.
    name : Name used in the error.

    Returns
    -------
    (n,)

    Raises
    ------
    InputError
        The lines take more than the continuum has.
    """
    added = np.sum([line.at(energy_eV) for line in lines], axis=0) if lines else np.zeros_like(energy_eV)
    above = np.maximum(energy_eV - threshold_eV, 0.0)
    taken = [continuum * np.maximum(1.0 - above / window, 0.0) for window in windows_eV]
    ends = [threshold_eV + window for window in windows_eV]
    integral = [[integral_between(energy_eV, part, threshold_eV, end) for part in taken] for end in ends]
    gained = [integral_between(energy_eV, added, threshold_eV, end) for end in ends]
    share = np.linalg.solve(np.array(integral), np.array(gained))
    shape = continuum + added - np.sum(share[:, None] * np.array(taken), axis=0)
    if float(shape.min()) < -1e-9 * float(shape.max()):
        raise InputError(
            name, f"{shape.min() / shape.max():.3g} of its maximum", "a shape that is nowhere negative",
            "make its lines weaker or wider",
        )  # fmt: skip
    return np.asarray(np.maximum(shape, 0.0))


def integral_between(energy_eV: Floats, values: Floats, low_eV: float, high_eV: float) -> float:
    """Integral of sampled values from `low_eV` to `high_eV` [eV], by the trapezoidal rule."""
    cumulative = cumulative_trapezoid(values, energy_eV, initial=0)
    low, high = np.interp([low_eV, high_eV], energy_eV, cumulative)
    return float(high - low)


def resonance_eV(distance: float) -> float:
    """Energy of the O-K resonance (peak b) of an O-O distance [m]: 529.0 eV + 2.820 eV nm2 / R^2."""
    return O_O_THRESHOLD_EV + O_O_CONSTANT / (distance * 1e9) ** 2


def o_o_distance(energy_eV: float) -> float:
    """O-O distance [m] of the energy of the O-K resonance [eV], above 529.0 eV."""
    if not energy_eV > O_O_THRESHOLD_EV:
        raise InputError("energy", energy_eV, f"> {O_O_THRESHOLD_EV} eV", "fit peak b, near 560 eV")
    return float(1e-9 * np.sqrt(O_O_CONSTANT / (energy_eV - O_O_THRESHOLD_EV)))
