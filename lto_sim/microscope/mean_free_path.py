"""Inelastic mean free path from density or mean atomic number: two published parametrisations.

Both are fits to measurements with the log-ratio of low-loss spectra; a spread of 10 % between materials
is usual. Symbols and units are those of the sources: keV, mrad, g/cm3, nm inside, SI at the door.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from lto_sim.errors import InputError

__all__ = ["iakoubovskii", "malis"]

_CUT_MRAD: Final = 20.0
"""Cut-off angle theta_C of Iakoubovskii et al.: wider apertures collect little more."""


def iakoubovskii(voltage: float, density: float, convergence: float, collection: float) -> float:
    """Mean free path from the density (Iakoubovskii, Mitsuishi, Nakayama, Furuya 2008).

    Microsc. Res. Tech. 71 (2008) 626, eq. 9: 1/lambda = 11 rho^0.3 / (200 F E0) * ln(...), theta_E =
    5.5 rho^0.3 / (F E0), F = (1 + E0/1022) / (1 + E0/511)^2.

    Parameters
    ----------
    voltage : Accelerating voltage [V].
    density : Mass density [kg m-3] (> 0).
    convergence, collection : Half-angles [rad] (collection > 0).

    Returns
    -------
    Mean free path [m].

    Raises
    ------
    InputError
        A density or collection angle of 0 or below.
    """
    _positive("density", density)
    _positive("collection", collection)
    energy, alpha, beta = voltage * 1e-3, convergence * 1e3, collection * 1e3
    factor = (1.0 + energy / 1022.0) / (1.0 + energy / 511.0) ** 2
    theta_e = 5.5 * (density * 1e-3) ** 0.3 / (factor * energy)
    total = alpha**2 + beta**2 + abs(alpha**2 - beta**2)
    ratio = (total + 2.0 * theta_e**2) / (total + 2.0 * _CUT_MRAD**2) * (_CUT_MRAD / theta_e) ** 2
    per_nm = 11.0 * (density * 1e-3) ** 0.3 / (200.0 * factor * energy) * np.log(ratio)
    return float(1e-9 / per_nm)


def malis(voltage: float, atoms: Mapping[int, float], collection: float) -> float:
    """Mean free path from the composition (Malis, Cheng, Egerton 1988).

    J. Electron Microsc. Tech. 8 (1988) 193: lambda = 106 F E0 / (Em ln(2 beta E0 / Em)) nm, Em = 7.6 Z^0.36
    eV, Z the mean of Egerton (2011) eq. 5.4. Fitted up to about 15 mrad: beyond, the aperture is taken as
    15.

    Parameters
    ----------
    voltage : Accelerating voltage [V].
    atoms : Atomic number -> atoms per formula unit.
    collection : Half-angle [rad] (> 0).

    Returns
    -------
    Mean free path [m].

    Raises
    ------
    InputError
        A collection angle of 0 or below, or too small for the formula.
    """
    _positive("collection", collection)
    energy, beta = voltage * 1e-3, min(collection * 1e3, 15.0)
    number = sum(n * z**1.3 for z, n in atoms.items()) / sum(n * z**0.3 for z, n in atoms.items())
    mean_loss = 7.6 * number**0.36
    factor = (1.0 + energy / 1022.0) / (1.0 + energy / 511.0) ** 2
    ratio = 2.0 * beta * energy / mean_loss
    if not ratio > 1.0:
        raise InputError(
            "collection", collection, f"> {mean_loss / (2e3 * energy):.3g} rad for this formula",
            "open the aperture, or name a mean free path",
        )  # fmt: skip
    return float(106e-9 * factor * energy / (mean_loss * np.log(ratio)))


def _positive(field: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(field, value, "> 0", "give a positive number in SI")
