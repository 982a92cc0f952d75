"""O-K as background, an edge and the peaks a and b.

    A (E/E0)^-r + step(E - E_K) (c0 + c1 u + c2 u^2) + a_a V_a(E) + a_b V_b(E),    u = (E - 532 eV)/20 eV

Peak a, near 538 eV, is of O 2p mixed with Ti 3d; peak b, near 563 eV, the resonance of the ejected electron
between neighbouring oxygens. Both are Gaussians; peak b is 9 eV wide, so that only a continuum without
structure of that size, here a parabola, can be told from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.quantify.lines.line_fit import Parts, bounds_of, prior_of
from lto_sim.quantify.lines.line_shapes import line, power_law, step

__all__ = ["OxygenLines"]

Floats = NDArray[np.float64]

A, R, C0, C1, C2, AA, AB, EK, EA, EB, WA, WB = range(12)
"""Parameters: background; edge, its slope and its curvature; areas; threshold, peak a, peak b [eV];
logarithms of the FWHM [eV] of a and b."""
COUNT: Final = WB + 1

_PRIOR: Final = {
    R: (3.0, 3.0), EK: (532.0, 1.0), EA: (537.5, 2.0), WA: (np.log(4.5), 0.4), WB: (np.log(9.0), 0.3),
}  # fmt: skip
_BOUNDS: Final = {
    R: (-20.0, 20.0), AA: (0.0, np.inf), AB: (0.0, np.inf), EK: (527.0, 537.0), EA: (530.0, 545.0),
    EB: (546.0, 580.0), WA: (np.log(1.0), np.log(12.0)), WB: (np.log(4.0), np.log(18.0)),
}  # fmt: skip
_THRESHOLD: Final = 532.0
_SCALE_EV: Final = 20.0
_STARTS: Final = tuple(range(550, 576))


@dataclass(frozen=True)
class OxygenLines:
    """The model.

    Parameters
    ----------
    reference_eV : E0 of the background [eV].
    """

    reference_eV: float

    @property
    def linear(self) -> NDArray[np.intp]:
        """Amplitudes."""
        return np.array([A, C0, C1, C2, AA, AB], dtype=np.intp)

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Means and precisions."""
        return prior_of(_PRIOR, COUNT)

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest values."""
        return bounds_of(_BOUNDS, COUNT)

    def candidates(self, energy_eV: Floats) -> list[tuple[list[Floats], NDArray[np.intp]]]:
        """Trial starts, of a peak b within the energies [eV]."""
        found = []
        for position in _STARTS:
            if position < energy_eV[-1] - 5.0:
                theta = self.prior[0].copy()
                theta[EB] = position
                found.append(theta)
        return [(found, self.linear)]

    def parts(self, theta: Floats, energy_eV: Floats) -> Parts:
        """Values and derivatives; see :class:`~lto_sim.quantify.lines.line_fit.Parts`."""
        n, m = theta.shape[0], energy_eV.size
        shape, by_exponent = power_law(energy_eV, self.reference_eV, theta[:, R])
        amount = theta[:, A, None]
        background_by = np.zeros((n, m, COUNT))
        background_by[..., A], background_by[..., R] = shape, amount * by_exponent
        by = np.zeros((n, m, COUNT))
        rise, rise_by = step(energy_eV, theta[:, EK])
        along = (energy_eV - _THRESHOLD) / _SCALE_EV
        powers = np.stack([np.ones(m), along, along**2])
        level = theta[:, [C0, C1, C2]] @ powers
        by[..., [C0, C1, C2]] = rise[..., None] * powers.T
        by[..., EK] = level * rise_by
        edge = level * rise
        for area, position, width in ((AA, EA, WA), (AB, EB, WB)):
            made = line(energy_eV, theta[:, position], np.exp(theta[:, width]), np.zeros(n))
            strength = theta[:, area, None]
            edge += strength * made.value
            by[..., area] = made.value
            by[..., position] = strength * made.by_position
            by[..., width] = strength * made.by_log_fwhm
        return Parts(amount * shape, background_by, edge, by)
