"""Annular dark and bright field of the same scan, as incoherent scattering of single atoms.

    adf = 1 - exp(-sum_e N_e sigma_e),  sigma_e = sigma_Ti (Z_e / 22)^1.7,

N_e atoms per area; sigma_Ti is that of the screened (Lenz) atom between the angles of the detector (Egerton
2011, eqs. 3.5 and 3.15),

    d sigma/d Omega = 4 gamma^2 Z^2 / (a0^2 k0^4) / (theta^2 + theta_0^2)^2,  theta_0 = Z^(1/3) / (k0 a0).

The bright field keeps its part of the probe's cone, times what is not scattered beyond it; where the cone
does not reach the detector, it gets what is scattered onto it. Diffraction, channelling and strain contrast
are not in it: a recorded image of a crystal differs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.microscope.kinematics import BOHR_RADIUS, Beam
from lto_sim.microscope.references import ATOMIC_NUMBERS, PHASES, Reference

__all__ = ["AnnularSignals"]

Floats = NDArray[np.float64]

_EXPONENT: Final = 1.7
_BASE: Final = 22


def _lenz(beam: Beam, number: float, inner: float, outer: float) -> float:
    """Elastic cross-section [m2] of an atom between two half-angles [rad]."""
    screening = number ** (1.0 / 3.0) / (beam.wave_number * BOHR_RADIUS)
    factor = 4.0 * np.pi * beam.gamma**2 * number**2 / (BOHR_RADIUS**2 * beam.wave_number**4)
    return float(factor * (1.0 / (inner**2 + screening**2) - 1.0 / (outer**2 + screening**2)))


class AnnularSignals:
    """Parts of the beam on the annular detectors.

    Parameters
    ----------
    reference : The solid.
    beam : The electrons.
    convergence : Half-angle of the probe [rad].
    adf, abf : Inner and outer half-angles [rad].
    """

    def __init__(
        self,
        reference: Reference,
        beam: Beam,
        convergence: float,
        adf: tuple[float, float],
        abf: tuple[float, float],
    ) -> None:
        low, high = (min(angle, convergence) for angle in abf)
        self._direct = (high**2 - low**2) / convergence**2 if convergence > 0.0 else 0.0
        dark = _lenz(beam, _BASE, *adf)
        self._per_length: dict[str, list[tuple[float, float]]] = {"adf": [], "beyond": [], "onto": []}
        """Signal -> of each end member: cross-section per length [1/m] of lithium, and of the rest."""
        for phase in PHASES:
            parts = [
                (element, reference.number_density(phase, element), ATOMIC_NUMBERS[element])
                for element in reference.atoms[phase]
            ]
            for name, sigma in (
                ("adf", [dark * (z / _BASE) ** _EXPONENT for *_, z in parts]),
                ("beyond", [_lenz(beam, z, abf[1], np.pi) for *_, z in parts]),
                ("onto", [_lenz(beam, z, *abf) for *_, z in parts]),
            ):
                each = {element: n * s for (element, n, _), s in zip(parts, sigma, strict=True)}
                lithium = each.pop("Li")
                self._per_length[name].append((lithium, sum(each.values())))

    def _depth(self, name: str, thickness: Floats, li_fraction: Floats, kept: float) -> Floats:
        poor, rich = (kept * lithium + rest for lithium, rest in self._per_length[name])
        return np.asarray(thickness * ((1.0 - li_fraction) * poor + li_fraction * rich))

    def adf(self, thickness: Floats, li_fraction: Floats, kept: float = 1.0) -> Floats:
        """Part of the beam on the dark-field detector; 0 in vacuum. `kept`: part of the lithium left."""
        return np.asarray(-np.expm1(-self._depth("adf", thickness, li_fraction, kept)))

    def abf(self, thickness: Floats, li_fraction: Floats, kept: float = 1.0) -> Floats:
        """Part of the beam on the annular bright-field detector. `kept`: part of the lithium left."""
        if self._direct == 0.0:
            return np.asarray(-np.expm1(-self._depth("onto", thickness, li_fraction, kept)))
        return np.asarray(self._direct * np.exp(-self._depth("beyond", thickness, li_fraction, kept)))
