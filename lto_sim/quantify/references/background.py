"""The background before an edge: a power law or an exponential through a window, continued beyond it.

    power law    B(E) = A (E / E_0)^-r          exponential    B(E) = A exp(-s (E - E_0))

with E_0 the geometric mean or the middle of the window, so that A and r (or s) are all but independent; after
R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011), section 4.4. A
straight line through logarithms of counts, the usual way, is biased at low counts and lost at zeros; here it
is the start, and the maximum of the Poisson likelihood of the counts follows by scoring.

Parameters scatter about the truth, but an exponential of what scatters lies too high in the mean: of 200
counts in the window a sum behind it by 3 %. The background is therefore taken exp(-v/2) times lower, v the
variance of its logarithm.

A power law describes the tail of one loss far from its maximum. Below Li-K (55 eV) lies Ti-M2,3 (from 35 eV),
whose own maximum is near 47 eV: what is fitted in front of Li-K there is not what goes on behind it, and the
difference is of the size of the edge. The joint fit of 30 to 80 eV with references
(:func:`~lto_sim.quantify.references.mlls.fit_references`) is the way for lithium.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.quantify.references._mlls_input import blocks
from lto_sim.quantify.references.codes import NO_COUNTS, NOT_CONVERGED, NOT_FINITE

__all__ = ["Background", "BackgroundKind", "channels_between", "checked_energy", "fit_background"]

Floats = NDArray[np.float64]
BackgroundKind = Literal["power_law", "exponential"]

_MOST: Final = 40
"""Iterations at most; four or five are usual."""
_TOLERANCE: Final = 1e-6
"""Last step [standard deviations]."""
_LONGEST: Final = 1.0
"""Longest step: change of the logarithm of the background anywhere in the window."""
_LARGEST_LOG: Final = 600.0


@dataclass(frozen=True, eq=False)
class Background:
    """A fitted background; NaN in pixels that failed.

    Parameters
    ----------
    kind : "power_law" or "exponential".
    centre : E_0 [eV].
    parameters : (..., 2): A [counts a channel] and r, or s [1/eV].
    covariance : Of these, in units of them, (..., 2, 2).
    energy : Energies of what follows [eV], (m,).
    background : Counts a channel, (..., m).
    variance : Of the background (not of counts drawn from it) [counts2], (..., m).
    chi_square : In the window, by the variance of the model [1], (...,).
    dof : Channels of the window less 2.
    failed : uint8, (...,): a key of :data:`~lto_sim.quantify.reasons.REASONS`, 0 where fitted.
    """

    kind: BackgroundKind
    centre: float
    parameters: Floats
    covariance: Floats
    energy: Floats
    background: Floats
    variance: Floats
    chi_square: Floats
    dof: int
    failed: NDArray[np.uint8]

    def total(self, energy: ArrayLike) -> tuple[Floats, Floats]:
        """Sum over channels at `energy` [eV], (m,), in counts, and its variance: both (...,)."""
        terms = _terms(self.kind, np.asarray(energy, dtype=np.float64), self.centre)
        values, slopes = _continued(self.parameters, self.covariance, terms)
        return values.sum(axis=-1), _spread(slopes.sum(axis=-2), self.covariance)


def fit_background(
    energy_loss: ArrayLike,
    counts: Any,
    window: tuple[float, float],
    kind: BackgroundKind = "power_law",
    *,
    extrapolate_to: ArrayLike | None = None,
    gain: float = 1.0,
    read_noise: float = 0.0,
) -> Background:
    """Fit the background in a window of every spectrum.

    Parameters
    ----------
    energy_loss : Increasing [eV], (energy,).
    counts : (..., energy), integers or floats; lazy arrays are read in blocks.
    window : First and last energy of the fit [eV].
    kind : "power_law" or "exponential".
    extrapolate_to : Energies at which the background is returned [eV], (m,); None: those of the window.
    gain, read_noise : Of the detector: counts per electron, and standard deviation of a channel [counts].

    Returns
    -------
    Background
        In the window, or at `extrapolate_to`.

    Raises
    ------
    InputError
        A window outside the range or of less than three channels, energies or counts that do not fit, a kind
        that is not known.
    """
    counts = counts if hasattr(counts, "shape") else np.asarray(counts)
    energy = checked_energy(energy_loss, counts)
    if kind not in {"power_law", "exponential"}:
        raise InputError("kind", kind, "power_law or exponential", "choose one")
    if not (gain > 0.0 and read_noise >= 0.0):
        raise InputError(
            "gain", (gain, read_noise), "gain > 0, read noise >= 0", "take those of the detector"
        )
    taken = channels_between(energy, window, "window", 3)
    inside = energy[taken]
    targets = inside if extrapolate_to is None else np.atleast_1d(np.asarray(extrapolate_to, np.float64))
    if kind == "power_law" and min(inside[0], targets.min()) <= 0.0:
        raise InputError(
            "window", tuple(window), "energies above 0 eV for a power law", "move the window upwards"
        )
    centre = float(np.sqrt(inside[0] * inside[-1]) if kind == "power_law" else inside.mean())
    terms = _terms(kind, inside, centre)
    shape = tuple(counts.shape[:-1])
    parameters, covariance = np.empty((*shape, 2)), np.empty((*shape, 2, 2))
    chi_square, failed = np.empty(shape), np.zeros(shape, np.uint8)
    for where in blocks(counts):
        block = np.asarray(counts[where][..., taken], dtype=np.float64)
        found = _fitted(block.reshape(-1, terms.size), terms, gain, read_noise**2)
        outputs: tuple[NDArray[Any], ...] = (parameters, covariance, chi_square, failed)
        for whole, part in zip(outputs, found, strict=True):
            whole[where] = part.reshape((*block.shape[:-1], *part.shape[1:]))
    at = _terms(kind, targets, centre)
    values, slopes = _continued(parameters, covariance, at)
    variance = _spread(slopes, covariance[..., None, :, :])
    return Background(
        kind, centre, parameters, covariance, targets, values, variance, chi_square, terms.size - 2, failed
    )


def checked_energy(energy_loss: ArrayLike, counts: Any) -> Floats:
    """Energies (energy,) of counts (..., energy).

    Raises
    ------
    InputError
        Shapes that do not fit, energies that do not increase.
    """
    energy = np.asarray(energy_loss, dtype=np.float64)
    if energy.ndim != 1 or tuple(counts.shape[-1:]) != energy.shape or energy.size < 3:
        raise InputError("counts", tuple(counts.shape), f"(..., {energy.size})", "put the energy axis last")
    if not (np.all(np.isfinite(energy)) and np.all(np.diff(energy) > 0.0)):
        raise InputError("energy_loss", "not increasing", "increasing energies [eV]", "sort the channels")
    return energy


def channels_between(energy: Floats, window: tuple[float, float], name: str, least: int = 1) -> slice:
    """Channels whose centres lie within a window [eV].

    Raises
    ------
    InputError
        A window that is not ordered, outside the range, or of less than `least` channels.
    """
    low, high = window
    step = float(energy[1] - energy[0])
    if not (low < high and energy[0] - step <= low and high <= energy[-1] + step):
        raise InputError(
            name, (low, high), f"two energies in order, within {energy[0]:.6g} to {energy[-1]:.6g} eV",
            "choose another window",
        )  # fmt: skip
    first, last = np.searchsorted(energy, [low, high])
    if last - first < least:
        raise InputError(name, (low, high), f"at least {least} channels", "widen it")
    return slice(int(first), int(last))


def _terms(kind: BackgroundKind, energy: Floats, centre: float) -> Floats:
    return np.asarray(np.log(energy / centre) if kind == "power_law" else energy - centre)


def _model(parameters: Floats, terms: Floats) -> Floats:
    exponent = np.clip(-parameters[..., 1:] * terms, -_LARGEST_LOG, _LARGEST_LOG)
    return np.asarray(parameters[..., :1] * np.exp(exponent))


def _continued(parameters: Floats, covariance: Floats, terms: Floats) -> tuple[Floats, Floats]:
    """Background (..., m), less its bias, and its derivatives by the parameters (..., m, 2)."""
    shape = (*parameters.shape[:-1], terms.size)
    by_log = np.empty((*shape, 2))
    by_log[..., 0], by_log[..., 1] = 1.0 / parameters[..., :1], -terms
    variance = _spread(by_log, covariance[..., None, :, :])
    values = _model(parameters, terms) * np.exp(-0.5 * np.minimum(variance, _LARGEST_LOG))
    return values, values[..., None] * by_log


def _spread(slopes: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.einsum("...i,...ij,...j->...", slopes, covariance, slopes))


def _fitted(counts: Floats, terms: Floats, gain: float, noise: float) -> tuple[NDArray[Any], ...]:
    """Parameters, covariance, chi-square and code of rows."""
    failed = np.where(np.isfinite(counts).all(axis=-1), 0, NOT_FINITE).astype(np.uint8)
    failed[(failed == 0) & ~(np.where(np.isfinite(counts), counts, 0.0).sum(axis=-1) > 0.0)] = NO_COUNTS
    parameters = np.full((counts.shape[0], 2), np.nan)
    covariance = np.full((counts.shape[0], 2, 2), np.nan)
    chi_square = np.full(counts.shape[0], np.nan)
    open_ = np.flatnonzero(failed == 0)
    parameters[open_] = _start(counts[open_], terms)
    reach = np.abs(terms).max()
    for _ in range(_MOST):
        if not open_.size:
            break
        model = _model(parameters[open_], terms)
        rest, variance = counts[open_] - model, gain * model + noise
        weight = model * model / variance
        right = np.stack([(rest * model / variance).sum(-1), -((rest * model / variance) @ terms)], axis=-1)
        info = _information(weight, terms)
        covariance[open_], sound = _inverse(info)
        step = np.einsum("pij,pj->pi", covariance[open_], right)
        length = np.abs(step[:, 0]) + reach * np.abs(step[:, 1])
        shorter = _LONGEST / np.maximum(length, _LONGEST)
        done = (step * right).sum(-1) <= _TOLERANCE**2
        chi_square[open_] = (rest * rest / variance).sum(-1)
        parameters[open_, 0] *= np.exp(shorter * step[:, 0])
        parameters[open_, 1] += shorter * step[:, 1]
        open_ = open_[~done & sound]
    failed[open_] = NOT_CONVERGED
    failed[(failed == 0) & ~np.isfinite(covariance[:, 0, 0])] = NOT_CONVERGED
    covariance[:, 0] *= parameters[:, :1]  # of ln A so far
    covariance[:, :, 0] *= parameters[:, :1]
    for values in (parameters, covariance, chi_square):
        values[failed > 0] = np.nan
    return parameters, covariance, chi_square, failed


def _start(counts: Floats, terms: Floats) -> Floats:
    """Straight line through the logarithms of the two halves of the window."""
    middle = terms.size // 2
    halves = np.stack([counts[:, :middle].mean(axis=-1), counts[:, middle:].mean(axis=-1)])
    mean = counts.mean(axis=-1)
    halves = np.log(np.maximum(halves, 0.05 * mean))
    slope = (halves[0] - halves[1]) / (terms[middle:].mean() - terms[:middle].mean())
    return np.stack([mean, slope], axis=-1)


def _information(weight: Floats, terms: Floats) -> Floats:
    """Information of (ln A, r), (pixels, 2, 2)."""
    mixed = -(weight @ terms)
    return np.stack([weight.sum(-1), mixed, mixed, weight @ terms**2], axis=-1).reshape(-1, 2, 2)


def _inverse(info: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Inverse matrices; NaN, and False, where singular."""
    product = info[:, 0, 0] * info[:, 1, 1]
    determinant = product - info[:, 0, 1] ** 2
    sound = determinant > 1e-12 * product
    adjoint = np.stack([info[:, 1, 1], -info[:, 0, 1], -info[:, 1, 0], info[:, 0, 0]], axis=-1)
    inverse = np.full_like(adjoint, np.nan)
    np.divide(adjoint, determinant[:, None], out=inverse, where=sound[:, None])
    return inverse.reshape(-1, 2, 2), sound
