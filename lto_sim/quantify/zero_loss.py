"""The zero-loss peak: where it is, how wide it is, and where the losses begin.

The boundary between zero loss and losses is the minimum between the peak and the first loss maximum. Neither
side ends there: the peak has tails (of the emitter, the spectrometer, the detector's point spread), losses
begin at the gap. Around the minimum the spectrum is taken as a tail that falls with the square of the energy
plus losses that are a polynomial without negative coefficients,

    S(E) = a E^-2 + b + c E + d E^2      (a, b, c, d >= 0),

so that what the one sends across the boundary and what the other leaves below it are both known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from lto_sim.errors import InputError

__all__ = ["ZeroLoss", "find_zero_loss"]

Floats = NDArray[np.float64]

_FARTHEST_eV: Final = 10.0
"""Farthest that a zero loss lies from 0 in files that were not aligned."""
_WIDEST_eV: Final = 6.0
"""Widest peak that is a zero loss; plasmons are wider."""
_CORE: Final = 2.5
"""Full widths beyond which a Gaussian peak has nothing left."""
_LOSSES_eV: Final = 15.0
"""Range above the peak in which the minimum lies, in materials with plasmons above it."""


@dataclass(frozen=True)
class ZeroLoss:
    """The zero-loss peak of a spectrum.

    Parameters
    ----------
    position : Energy loss of its maximum [eV].
    fwhm : Full width at half of its height [eV].
    boundary : Channel at which the losses begin (first one that is theirs).
    above : Share of the peak that lies above the boundary.
    below : Share of the losses that lies below the boundary.
    """

    position: float
    fwhm: float
    boundary: int
    above: float
    below: float


def find_zero_loss(energy_loss: Floats, spectrum: Floats) -> ZeroLoss:
    """Find the zero-loss peak.

    Parameters
    ----------
    energy_loss : Increasing, in even steps [eV], shape (energy,).
    spectrum : Counts, shape (energy,), finite.

    Returns
    -------
    ZeroLoss
        Position and width of the peak [eV].

    Raises
    ------
    InputError
        No peak near 0 eV that is narrow, whole and higher than the rest.
    """
    position, fwhm, top = _peak(energy_loss, spectrum)
    boundary = _boundary(energy_loss, spectrum, top, fwhm)
    above, below = _across(energy_loss - position, spectrum, boundary, fwhm)
    return ZeroLoss(position, fwhm, boundary, above, below)


def _peak(energy: Floats, spectrum: Floats) -> tuple[float, float, int]:
    """Position, full width at half maximum (both in eV) and channel of the peak."""
    near = np.flatnonzero(np.abs(energy) <= _FARTHEST_eV)
    if near.size < 3:
        raise _none(energy, "the range does not hold 0 eV")
    top = int(near[np.argmax(spectrum[near])])
    height = spectrum[top]
    if height <= 0.0 or top in {0, energy.size - 1} or spectrum.max() > height:
        raise _none(energy, "there is no peak near 0 eV that is higher than the losses")
    lower = np.flatnonzero(spectrum[:top] < 0.5 * height)
    upper = np.flatnonzero(spectrum[top:] < 0.5 * height)
    if not lower.size or not upper.size:
        raise _none(energy, "the peak near 0 eV is cut off")
    ends = [
        _crossing(energy, spectrum, below, inside, 0.5 * height)
        for below, inside in ((lower[-1], lower[-1] + 1), (top + upper[0], top + upper[0] - 1))
    ]
    if ends[1] - ends[0] > _WIDEST_eV:
        raise _none(energy, f"the maximum near 0 eV is {ends[1] - ends[0]:.3g} eV wide")
    return float(energy[top]), ends[1] - ends[0], top


def _none(energy: Floats, reason: str) -> InputError:
    return InputError(
        "energy_loss",
        f"{energy[0]:.4g} to {energy[-1]:.4g} eV",
        "a spectrum with its zero-loss peak",
        f"{reason}: give the low-loss spectrum, with its zero loss at 0 eV",
    )


def _crossing(energy: Floats, spectrum: Floats, below: int, inside: int, level: float) -> float:
    part = (level - spectrum[below]) / (spectrum[inside] - spectrum[below])
    return float(energy[below] + part * (energy[inside] - energy[below]))


def _boundary(energy: Floats, spectrum: Floats, top: int, fwhm: float) -> int:
    """Channel of the smoothed minimum above the peak's core; the core's end where nothing rises again."""
    step = float(energy[1] - energy[0])
    first = top + max(1, round(1.5 * fwhm / step))
    last = min(energy.size, top + 1 + round(max(_LOSSES_eV, 6.0 * fwhm) / step))
    if first >= last - 1:
        raise _none(energy, "nothing is recorded above it")
    width = max(1, round(0.5 * fwhm / step))
    smooth = np.convolve(spectrum, np.full(width, 1.0 / width), mode="same")
    return first + int(np.argmin(smooth[first : last - width // 2 or None]))


def _across(energy: Floats, spectrum: Floats, boundary: int, fwhm: float) -> tuple[float, float]:
    """Shares of the peak above and of the losses below the boundary; `energy` counts from the peak."""
    step = energy[1] - energy[0]
    border = energy[boundary] - 0.5 * step
    low, total = float(spectrum[:boundary].sum()), float(spectrum.sum())
    around = (energy >= min(_CORE * fwhm, 0.7 * border)) & (energy <= 2.0 * border) & (energy > 0.0)
    if np.count_nonzero(around) < 6 or total <= low:
        return 0.0, 0.0
    at, counts = energy[around], spectrum[around]
    weight = 1.0 / np.sqrt(np.maximum(counts, max(float(counts.mean()), 1e-30) * 1e-2))
    terms = np.stack([at**-2.0, np.ones_like(at), at, at**2], axis=1)
    scale = np.linalg.norm(terms, axis=0)
    tail, *losses = nnls(terms / scale * weight[:, None], counts * weight)[0] / scale
    sent = min(float(tail) / border / step, 0.5 * low)
    left = sum(float(c) * border ** (n + 1) / (n + 1) for n, c in enumerate(losses)) / step
    left = min(left, 0.5 * low)
    peak = low - left + sent
    return sent / peak, left / max(total - peak, left, 1e-300)
