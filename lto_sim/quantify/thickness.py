"""Thickness in inelastic mean free paths by the log-ratio method: t/lambda = ln(I_t / I_0).

I_t is everything that was recorded, I_0 the zero-loss peak (R. F. Egerton, Electron Energy-Loss Spectroscopy
in the Electron Microscope, 3rd ed. 2011, eq. 5.1). Below the boundary of :mod:`~lto_sim.quantify.zero_loss`
lies A = (1 - above) I_0 + below (I_t - I_0), from which I_0 follows. Counts above the end of the range are
missing from I_t: the tail is continued as A E^-r, r from its two halves, and where what is missing would
raise t/lambda by more than 0.5 %, the value is a lower bound and says so. With n_1 = I_t - I_0 electrons lost
and n_0 = I_0 not, both Poisson, the variance of ln(I_t / I_0) is n_1 / (n_0 I_t).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.quantify.zero_loss import find_zero_loss

__all__ = ["ThicknessRatio", "thickness_ratio"]

Floats = NDArray[np.float64]

_COMPLETE: Final = 0.005
"""Largest relative rise of t/lambda by the estimated tail of a value that is no lower bound: 1 %, halved
because the estimate may be half of the truth."""
_TAIL: Final = 0.6
"""The tail's exponent is measured from this part of the range's end upwards."""
_EXPONENTS: Final = (2.0, 6.0)
"""Bounds of the exponent r; losses far above the plasmons fall at least with the square of the energy."""


@dataclass(frozen=True, eq=False)
class ThicknessRatio:
    """Thickness in inelastic mean free paths.

    Parameters
    ----------
    value : t/lambda [1], of the shape of the spectra without energy; NaN where there is no zero loss.
    deviation : Standard deviation of `value` [1] from counting statistics, of its shape; None where electrons
        were not counted.
    lower_bound : Whether t/lambda is at least `value`, because the range ends too early.
    reason : Why it is a lower bound; empty where it is none.
    missing_share : Estimated counts above the range, relative to those in it (all spectra together): within a
        factor of about two where the range ends above 150 eV, of four where it ends in the plasmons.
    zero_loss_position, zero_loss_fwhm : Of the sum of all spectra [eV].
    boundary : Energy loss [eV] at which zero loss and losses were separated.
    """

    value: Floats
    deviation: Floats | None
    lower_bound: bool
    reason: str
    missing_share: float
    zero_loss_position: float
    zero_loss_fwhm: float
    boundary: float


def thickness_ratio(
    energy_loss: ArrayLike, spectrum: ArrayLike, *, counts_per_electron: float | None = None
) -> ThicknessRatio:
    """Return t/lambda of spectra that hold their zero loss.

    The peak, the boundary and what crosses it are found in the sum of all spectra: align them before.

    Parameters
    ----------
    energy_loss : Increasing, in even steps [eV], shape (energy,).
    spectrum : Counts, shape (..., energy); float values may be negative (dark subtracted).
    counts_per_electron : Gain of the detector [counts]; None gives no deviation.

    Raises
    ------
    InputError
        Shapes that do not fit, values that are not finite, steps that are not even, no zero-loss peak.
    """
    energy, spectra = _checked(energy_loss, spectrum)
    if counts_per_electron is not None and not counts_per_electron > 0.0:
        raise InputError("counts_per_electron", counts_per_electron, "> 0", "leave it out where unknown")
    summed = spectra.reshape(-1, energy.size).sum(axis=0)
    peak = find_zero_loss(energy, summed)
    total = spectra.sum(axis=-1)
    low = spectra[..., : peak.boundary].sum(axis=-1)
    unlost = np.asarray((low - peak.below * total) / (1.0 - peak.above - peak.below))
    there = (unlost > 0.0) & (total > 0.0)
    value = np.full(total.shape, np.nan)
    np.log(np.divide(total, unlost, out=value, where=there), out=value, where=there)
    missing = _missing_share(energy, summed, peak.boundary)
    mean = float(np.log(summed.sum()) - np.log(unlost.sum())) if unlost.sum() > 0.0 else 0.0
    cropped = bool(np.log1p(missing) > _COMPLETE * max(mean, 0.0))
    return ThicknessRatio(
        value=value,
        deviation=_deviation(total, unlost, there, counts_per_electron),
        lower_bound=cropped,
        reason=_reason(energy, missing) if cropped else "",
        missing_share=missing,
        zero_loss_position=peak.position,
        zero_loss_fwhm=peak.fwhm,
        boundary=float(energy[peak.boundary]),
    )


def _checked(energy_loss: ArrayLike, spectrum: ArrayLike) -> tuple[Floats, Floats]:
    energy = np.asarray(energy_loss, dtype=np.float64)
    spectra = np.asarray(spectrum, dtype=np.float64)
    if energy.ndim != 1 or energy.size < 8 or spectra.shape[-1:] != energy.shape or not spectra.size:
        raise InputError(
            "spectrum",
            spectra.shape,
            f"(..., {energy.size}), at least 8 channels",
            "put the energy axis last",
        )
    steps = np.diff(energy)
    if not np.all(np.isfinite(energy)) or steps.min() <= 0.0 or np.ptp(steps) > 1e-3 * steps.mean():
        raise InputError("energy_loss", "uneven steps", "even steps [eV], increasing", "resample the spectra")
    if not np.all(np.isfinite(spectra)):
        raise InputError("spectrum", "NaN or infinity", "finite counts", "leave these pixels out")
    return energy, spectra


def _missing_share(energy: Floats, spectrum: Floats, boundary: int) -> float:
    """Counts above the range by a power law through the two halves of the tail, over those in it."""
    step = energy[1] - energy[0]
    end = float(energy[-1]) + 0.5 * step
    first = max(int(np.searchsorted(energy, _TAIL * end)), boundary)
    middle = (first + energy.size) // 2
    halves = float(spectrum[first:middle].sum()), float(spectrum[middle:].sum())
    if end <= 0.0 or middle == first or min(halves) <= 0.0:
        return 0.0
    edges = [float(energy[channel]) - 0.5 * step for channel in (first, middle)] + [end]
    exponent = _exponent(halves, edges)
    power = 1.0 - exponent
    beyond = halves[1] * end**power / (edges[1] ** power - end**power)
    return float(beyond / spectrum.sum())


def _exponent(halves: tuple[float, float], edges: list[float]) -> float:
    """Exponent r whose integrals over the halves have the ratio that was measured, within its bounds."""
    trial = np.linspace(*_EXPONENTS, 401)
    power = 1.0 - trial
    at = [edge**power for edge in edges]
    ratio = (at[0] - at[1]) / (at[1] - at[2])
    return float(np.interp(halves[0] / halves[1], ratio, trial))


def _reason(energy: Floats, missing: float) -> str:
    return (
        f"the range ends at {energy[-1]:.4g} eV: continuing its tail as a power law puts "
        f"{100.0 * missing:.2g} % more counts above it"
    )


def _deviation(total: Floats, unlost: Floats, there: NDArray[np.bool_], gain: float | None) -> Floats | None:
    if gain is None:
        return None
    variance = np.full(total.shape, np.nan)
    lost = np.maximum(total - unlost, 0.0)
    np.divide(lost * gain, unlost * total, out=variance, where=there)
    return np.asarray(np.sqrt(variance, out=variance, where=there))
