"""Fits of a line model to spectra of any shape: noise, weights, covariance, and what failed.

First with weights of the mean counts of every spectrum: from trial starts, then from what the neighbours
before and after gave (spectra with more than one minimum find the lower one so); then twice with weights of
the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.quantify.lines.line_fit import LineModel, best_start, fit_lines
from lto_sim.quantify.lines.line_noise import Noise, covariance, estimated_noise
from lto_sim.quantify.lines.line_response import LineResponse
from lto_sim.quantify.reasons import Reason

__all__ = [
    "CandidateModel", "SeriesFit", "checked_spectra", "detector_noise", "fit_series",
    "fit_window", "pixel_offset", "scattered", "unflattened",
]  # fmt: skip

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]

_REFITS: Final = 2
_ROUGH: Final = 0.02
"""Convergence of the first fits, among which the best is chosen."""
_ROWS: Final = 64


class CandidateModel(LineModel, Protocol):
    """A model that knows its trial starts."""

    def candidates(self, energy_eV: Floats) -> list[tuple[list[Floats], NDArray[np.intp]]]:
        """Groups of trial starts (p,) with their free amplitudes; a fit begins from each group."""


@dataclass(frozen=True, eq=False)
class SeriesFit:
    """Fits of n spectra with finite counts, in the order of the flattened pixels.

    Parameters
    ----------
    model : What was fitted.
    response : Its plural scattering.
    energy_eV : Fitted channels [eV], (m,).
    spectra : Counts in them, (n, m).
    theta, covariance : Parameters (n, p) and their covariance (n, p, p).
    reduced : Chi-square per degree of freedom, (n,); where noise is not known, of the noise's own estimate.
    converged : (n,).
    noise : Noise that gave the weights.
    finite : Which of all pixels these are, shape of the pixels.
    """

    model: CandidateModel
    response: LineResponse
    energy_eV: Floats
    spectra: Floats
    theta: Floats
    covariance: Floats
    reduced: Floats
    converged: NDArray[np.bool_]
    noise: Noise
    finite: NDArray[np.bool_]

    def terms(self, amplitudes: list[int], rows: slice = slice(None)) -> Floats:
        """What some amplitudes alone add to spectra, as recorded, (n, m)."""
        theta = self.theta[rows].copy()
        theta[:, np.setdiff1d(self.model.linear, amplitudes)] = 0.0
        return self._fitted(theta, rows)

    def fitted(self, rows: slice = slice(None)) -> Floats:
        """Fitted spectra, (n, m)."""
        return self._fitted(self.theta[rows], rows)

    def _fitted(self, theta: Floats, rows: slice) -> Floats:
        parts = self.model.parts(theta, self.response.energy_eV)
        edge = self.response.part(rows).apply(parts.edge)
        return np.asarray(parts.background[:, self.response.inside] + edge)

    def height_over_noise(self, amplitudes: list[int]) -> Floats:
        """Standard deviations by which some terms stand above noise, (n,): root of their chi-square."""
        result = np.empty(self.theta.shape[0])
        for first in range(0, result.size, _ROWS):
            rows = slice(first, min(first + _ROWS, result.size))
            weights = self.noise.weights(self.fitted(rows))
            result[rows] = (weights * self.terms(amplitudes, rows) ** 2).sum(axis=1)
        scale = np.ones(result.size) if self.noise.known else np.maximum(self.reduced, 1e-300)
        return np.asarray(np.sqrt(result / scale))


def checked_spectra(
    energy_loss: ArrayLike, spectra: ArrayLike, first: float, last: float
) -> tuple[Floats, Floats]:
    """Energies (m,) and counts (..., m) as float64, with `first` to `last` [eV] in range.

    Raises
    ------
    InputError
        Shapes that do not fit, uneven steps, or a range that does not hold the edge.
    """
    energy, counts = np.asarray(energy_loss, np.float64), np.asarray(spectra, np.float64)
    if energy.ndim != 1 or energy.size < 32 or counts.shape[-1:] != energy.shape or not counts.size:
        raise InputError(
            "spectra", counts.shape, f"(..., {energy.size}), at least 32 channels", "put the energy axis last"
        )
    steps = np.diff(energy)
    if not np.all(np.isfinite(energy)) or steps.min() <= 0.0 or np.ptp(steps) > 1e-3 * steps.mean():
        raise InputError("energy_loss", "uneven steps", "even steps [eV], increasing", "resample the spectra")
    if energy[0] > first or energy[-1] < last:
        raise InputError(
            "energy_loss", f"{energy[0]:.4g} to {energy[-1]:.4g} eV", f"{first:g} to {last:g} eV or more",
            "record the edge with background before it",
        )  # fmt: skip
    return energy, counts


def detector_noise(counts_per_electron: float | None, read_noise: float) -> Noise | None:
    """Noise of a known detector; None where the gain is not known.

    Raises
    ------
    InputError
        A gain that is not positive, a negative read noise.
    """
    if not read_noise >= 0.0:
        raise InputError("read_noise", read_noise, ">= 0 counts", "leave it out where unknown")
    if counts_per_electron is None:
        return None
    if not counts_per_electron > 0.0:
        raise InputError("counts_per_electron", counts_per_electron, "> 0", "leave it out where unknown")
    return Noise(counts_per_electron, read_noise, known=True)


def fit_window(energy: Floats, window: tuple[float, float], least_eV: float) -> tuple[float, float]:
    """The part of a window [eV] that was recorded.

    Raises
    ------
    InputError
        Less than `least_eV` of it was.
    """
    low, high = max(window[0], float(energy[0])), min(window[1], float(energy[-1]))
    if not high - low >= least_eV:
        raise InputError("window", window, f"{least_eV:g} eV or more within the recording", "widen it")
    return low, high


def pixel_offset(align: str, response: LineResponse, pixels: tuple[int, ...]) -> Floats | None:
    """Position of the zero loss of every pixel [eV] where it is asked for.

    Raises
    ------
    InputError
        Neither ``none`` nor ``zero_loss``, or no low loss to align with.
    """
    if align == "none":
        return None
    if align != "zero_loss" or response.zero_loss is None:
        raise InputError("align", align, "none, or zero_loss with a low loss", "give low_loss")
    position = response.zero_loss
    return np.array(np.broadcast_to(position.reshape(pixels if position.size > 1 else ()), pixels))


def fit_series(
    model: CandidateModel,
    energy_eV: Floats,
    spectra: Floats,
    finite: NDArray[np.bool_],
    response: LineResponse,
    noise: Noise | None,
) -> SeriesFit:
    """Fit all spectra.

    Parameters
    ----------
    model : What is fitted.
    energy_eV : Fitted channels [eV], (m,).
    spectra : Finite counts in them, (n, m).
    finite : Which of all pixels these are, shape of the pixels.
    response : Plural scattering of these pixels.
    noise : Known noise; None estimates it.
    """
    used = noise or Noise(1.0, 0.0, known=False)
    level = np.broadcast_to(np.maximum(spectra.mean(axis=1, keepdims=True), 0.0), spectra.shape)
    if noise is None:
        rough = spectra - _smooth(spectra)
        used = estimated_noise(rough, _smooth(spectra))
    weights = used.weights(level)
    starts = [best_start(model, *group, spectra, response) for group in model.candidates(energy_eV)]
    fitted = fit_lines(model, starts[0], spectra, weights, response, _ROUGH)
    for start in starts[1:]:
        fitted = fitted.better(fit_lines(model, start, spectra, weights, response, _ROUGH))
    for step in (1, -1):
        start = _of_neighbours(model, fitted.theta, spectra, step)
        fitted = fitted.better(fit_lines(model, start, spectra, weights, response, _ROUGH))
    theta, values = fitted.theta, fitted.model
    for _ in range(_REFITS):
        if noise is None:
            used = estimated_noise(spectra - values, values)
        weights = used.weights(values)
        fitted = fit_lines(model, theta, spectra, weights, response)
        theta, values = fitted.theta, fitted.model
    spread, reduced = covariance(model, fitted, spectra, weights, response, used)
    return SeriesFit(
        model, response, energy_eV, spectra, fitted.theta, spread, reduced, fitted.converged, used, finite
    )


def _of_neighbours(model: LineModel, theta: Floats, spectra: Floats, step: int) -> Floats:
    """Parameters of the next pixel or the one before, with this one's brightness."""
    start = np.roll(theta, step, axis=0)
    total = spectra.sum(axis=1)
    other = np.roll(total, step)
    ratio = np.divide(total, other, out=np.ones_like(total), where=(other > 0.0) & (total > 0.0))
    start[:, model.linear] *= np.clip(ratio, 1e-3, 1e3)[:, None]
    return np.asarray(start)


def _smooth(spectra: Floats) -> Floats:
    width = 9
    total = np.cumsum(np.pad(spectra, ((0, 0), (width // 2 + 1, width // 2)), mode="edge"), axis=1)
    return np.asarray((total[:, width:] - total[:, :-width]) / width)


def scattered(values: Floats, finite: NDArray[np.bool_]) -> Floats:
    """Values of finite pixels (n,) on all of them, NaN elsewhere."""
    result = np.full(finite.shape, np.nan)
    result[finite] = values
    return result


def unflattened(values: Flags, finite: NDArray[np.bool_]) -> Flags:
    """Codes of finite pixels (n,) on all of them; the others were not recorded."""
    result = np.full(finite.shape, Reason.NOT_RECORDED, dtype=np.uint8)
    result[finite] = values
    return result
