"""O-O distance from the resonance of O-K (peak b).

    dE R^2 = 2.820 eV nm2,    dE = E_b - 529.0 eV

(Yamamoto et al., J. Power Sources 266 (2014) 414, eq. 1; the threshold is the one that goes with the
constant). E_b is that of the intrinsic peak where a low loss is given. Without one, the plasmon of all that
lies 25 eV below, which is peak a, comes out as part of peak b: give the low loss for absolute distances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.fine_structure import O_O_CONSTANT, O_O_THRESHOLD_EV
from lto_sim.quantify.lines import oxygen_lines as lines
from lto_sim.quantify.lines.line_response import line_response
from lto_sim.quantify.lines.line_series import (
    SeriesFit,
    checked_spectra,
    detector_noise,
    fit_series,
    fit_window,
    pixel_offset,
    scattered,
    unflattened,
)
from lto_sim.quantify.lines.oxygen_lines import OxygenLines
from lto_sim.quantify.reasons import Reason

__all__ = ["OODistance", "o_o_distance_map"]

Floats = NDArray[np.float64]

_FIRST_EV, _LAST_EV = 518.0, 578.0
_WINDOW: Final = (505.0, 590.0)
_SIGNIFICANT: Final = 5.0


@dataclass(frozen=True, eq=False)
class OODistance:
    """What O-K says; arrays of the shape of the spectra without energy, NaN where a pixel failed.

    Parameters
    ----------
    distance, distance_std : O-O distance and its standard deviation [m].
    peak_a, peak_b, peak_a_std, peak_b_std : Energies [eV] and standard deviations.
    failed : Codes of :class:`~lto_sim.quantify.reasons.Reason`.
    zero_loss : Position of the zero loss that was subtracted from energies [eV]; None where none was.
    window : First and last energy of the fit [eV].
    fit : The fit itself.
    """

    distance: Floats
    distance_std: Floats
    peak_a: Floats
    peak_b: Floats
    peak_a_std: Floats
    peak_b_std: Floats
    failed: NDArray[np.uint8]
    zero_loss: Floats | None
    window: tuple[float, float]
    fit: SeriesFit


def o_o_distance_map(
    energy_loss: ArrayLike,
    spectra: ArrayLike,
    *,
    low_loss: tuple[ArrayLike, ArrayLike] | None = None,
    align: Literal["none", "zero_loss"] = "none",
    counts_per_electron: float | None = None,
    read_noise: float = 0.0,
    window: tuple[float, float] | None = None,
) -> OODistance:
    """Fit O-K of all spectra.

    Parameters
    ----------
    energy_loss : Energies in even steps [eV], (energy,), at least 518 to 578 eV.
    spectra : Counts, (..., energy). A spectrum with NaN fails, the others do not.
    low_loss : Energies [eV] and counts of the low loss with its zero loss, (energies,) for all spectra or
        (..., energies).
    align : ``zero_loss`` subtracts the position of every low loss's zero loss from energies.
    counts_per_electron, read_noise : Of the detector, [counts]; without a gain the noise is estimated from
        residuals, correlated channels included.
    window : Range of the fit [eV], background before the edge included; default 505 to 590 eV.

    Returns
    -------
    OODistance
        Arrays (...); NaN where a pixel failed.

    Raises
    ------
    InputError
        Shapes that do not fit, a range without the edge, a low loss without zero loss.
    """
    energy, counts = checked_spectra(energy_loss, spectra, _FIRST_EV, _LAST_EV)
    noise = detector_noise(counts_per_electron, read_noise)
    low, high = fit_window(energy, window or _WINDOW, 50.0)
    pixels = counts.shape[:-1]
    finite = np.asarray(np.all(np.isfinite(counts), axis=-1))
    if not finite.any():
        raise InputError("spectra", "NaN everywhere", "some spectra without NaN", "give others")
    inside = (energy >= low) & (energy <= high)
    whole = line_response(energy[inside], low_loss, pixels)
    response = whole.part(np.flatnonzero(finite.ravel()))
    model = OxygenLines(low)
    fit = fit_series(model, energy[inside], counts[finite][:, inside], finite, response, noise)
    return _result(fit, pixel_offset(align, whole, pixels), (low, high))


def _result(fit: SeriesFit, offset: Floats | None, window: tuple[float, float]) -> OODistance:
    theta, finite = fit.theta, fit.finite
    spread = np.sqrt(np.maximum(np.einsum("nii->ni", fit.covariance), 0.0))
    low, high = fit.model.bounds
    failed = np.zeros(theta.shape[0], dtype=np.uint8)
    failed[(theta[:, lines.EB] <= low[lines.EB]) | (theta[:, lines.EB] >= high[lines.EB])] = (
        Reason.OUT_OF_RANGE
    )
    failed[~fit.converged] = Reason.NOT_CONVERGED
    failed[~(fit.height_over_noise([lines.AB]) > _SIGNIFICANT)] = Reason.NO_EDGE
    good = failed == Reason.NONE

    def shown(values: Floats) -> Floats:
        return scattered(np.where(good, values, np.nan), finite)

    peak_a, peak_b = shown(theta[:, lines.EA]), shown(theta[:, lines.EB])
    peak_b_std = shown(spread[:, lines.EB])
    if offset is not None:
        peak_a, peak_b = peak_a - offset, peak_b - offset
    above = np.where(peak_b > O_O_THRESHOLD_EV, peak_b - O_O_THRESHOLD_EV, np.nan)
    distance = 1e-9 * np.sqrt(O_O_CONSTANT / above)
    return OODistance(
        distance=distance,
        distance_std=0.5 * distance * peak_b_std / above,
        peak_a=peak_a,
        peak_b=peak_b,
        peak_a_std=shown(spread[:, lines.EA]),
        peak_b_std=peak_b_std,
        failed=unflattened(failed, finite),
        zero_loss=offset,
        window=window,
        fit=fit,
    )
