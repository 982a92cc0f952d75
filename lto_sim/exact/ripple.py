"""Decay of a ripple on a planar front that is fed through the product.

    d = d0 sinh(q xi0)/sinh(q xi)

======  =================  =========================================================
symbol  argument           meaning
======  =================  =========================================================
d, d0   amplitude          of the ripple at the positions xi and xi0 [m]
q       wavenumber         2 pi over the wavelength along the front [rad m-1]
xi0     start_position     mean position at which the ripple has amplitude d0 [m]
xi      position           mean position of the front [m]
======  =================  =========================================================

A bulge of the front is farther from the contact and slows down: every ripple decays. Holds to first order in
the amplitude (q d << 1), quasi-steady (small A), for a saturated parent and without capillarity.

Source: the quasi-steady field 1 - y/xi in the product with a part in sinh(q y); derived for this package.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lto_sim.errors import InputError
from lto_sim.exact._checks import FloatArray, not_negative, positive, values

__all__ = ["amplitude"]


def amplitude(
    start_amplitude: float, wavenumber: float, start_position: float, position: ArrayLike
) -> FloatArray:
    """Amplitude [m] of a ripple when the mean front is at `position`, elementwise.

    Parameters
    ----------
    start_amplitude : Amplitude d0 [m]; its sign is kept.
    wavenumber : Wavenumber q along the front [rad m-1]; 0 shifts the whole front, d = d0 xi0/xi.
    start_position : Mean position xi0 at which the amplitude is d0 [m].
    position : Mean position xi, one value or an array [m]; not below `start_position`.

    Raises
    ------
    InputError
        An argument outside its range.
    """
    start = positive("start_position", start_position, "m")
    q = not_negative("wavenumber", wavenumber, "rad m-1")
    d0 = float(values("start_amplitude", start_amplitude, "m", above=None))
    xi = values("position", position, "m", above=start)
    if q == 0.0:
        return d0 * start / xi
    if not q * start > 0.0:
        raise InputError("wavenumber", wavenumber, "0, or q xi0 above 1e-300 [rad m-1]", "give 0")
    shrink = np.expm1(-2.0 * q * start) / np.expm1(-2.0 * q * xi)
    decay: FloatArray = np.exp(q * (start - xi)) * shrink
    return d0 * decay
