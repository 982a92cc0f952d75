"""Atoms per area from the counts of an edge in a window, background subtracted.

    N = I_k / sum over j of I_j sigma_k(window - E_j)

with I_k the net counts of the window [a, b], I_j the counts of the low loss in its channel at E_j, and
sigma_k(window - E_j) the cross-section of one atom from a - E_j to b - E_j: an electron that has lost E_j
otherwise must lose so much in the edge to end in the window. This is the convolution of edge and low loss,
and holds at any thickness. Egerton's approximation (R. F. Egerton, Electron Energy-Loss Spectroscopy in the
Electron Microscope, 3rd ed. 2011, section 4.5), ``plural="window"``,

    N = I_k(Delta) / (I_low(Delta) sigma_k(Delta)),

counts every low loss up to the width Delta of the window whole and none beyond it. It holds where an edge
falls within a window that is wide beside the plasmon; of Li4Ti5O12, whose plasmon and edges are broad, it
finds 7 to 15 % too little at t/lambda = 0.3 and twice that at 0.6 (windows of 30 to 90 eV on Ti-L2,3, O-K).

The variance of the net counts of a window with I_b background counts is I_k + h I_b, h = 1 + var(I_b) / I_b
(section 4.4 there): drawing the counts, and continuing the background.

A power law in front of Li-K is the tail of Ti-M2,3 with that edge's own maximum in it, and the net counts are
off by a fifth to several times, whatever the dose: lithium is for `quantify_lithium`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.edges import EdgeCurve
from lto_sim.quantify.references.background import (
    BackgroundKind,
    channels_between,
    checked_energy,
    fit_background,
)
from lto_sim.quantify.references.codes import NO_COUNTS, NOT_FINITE

__all__ = ["WindowResult", "atomic_ratio", "window_quantification"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WindowResult:
    """An edge in a window; NaN in pixels that failed.

    Parameters
    ----------
    net, net_variance : Counts of the edge in the window and their variance [counts2], (...,).
    background, background_variance : Counts below it, and the variance of what was fitted, (...,).
    h : 1 + background_variance / background (of counts with gain 1) [1], (...,).
    cross_section : Of the window [m2].
    low_loss : Counts of the low loss that the window sees, (...,): the sum above over `cross_section`.
    atoms, deviation : Atoms per area [1/m2], and standard deviation, (...,).
    failed : uint8, (...,): a key of :data:`~lto_sim.quantify.reasons.REASONS`, 0 where there is a result.
    """

    net: Floats
    net_variance: Floats
    background: Floats
    background_variance: Floats
    h: Floats
    cross_section: float
    low_loss: Floats
    atoms: Floats
    deviation: Floats
    failed: NDArray[np.uint8]


def window_quantification(
    energy_loss: ArrayLike,
    counts: Any,
    curve: EdgeCurve,
    window: tuple[float, float],
    *,
    low_loss: tuple[ArrayLike, Any],
    background_window: tuple[float, float] | None = None,
    kind: BackgroundKind = "power_law",
    background: ArrayLike | None = None,
    plural: Literal["convolved", "window"] = "convolved",
    time_ratio: float = 1.0,
    gain: float = 1.0,
    read_noise: float = 0.0,
) -> WindowResult:
    """Net counts of an edge and the atoms per area that they tell.

    Parameters
    ----------
    energy_loss : Increasing, in even steps [eV], (energy,).
    counts : Core loss, (..., energy).
    curve : Cross-section of one atom within the aperture.
    window : First and last energy of the edge's window [eV].
    low_loss : Energies [eV] and counts (..., energy) that hold the zero loss; may be those of the core loss.
    background_window : Where the background is fitted [eV]; not needed where it is known.
    kind : Of the background.
    background : Known background counts, (energy,) or (..., energy), without variance, instead of a fit.
    plural : How the low loss is used: see above.
    time_ratio : Electrons of the core loss over those of the low loss [1] (dwell times, currents).
    gain, read_noise : Of the detector [counts], as of
        :func:`~lto_sim.quantify.references.background.fit_background`.

    Returns
    -------
    WindowResult
        Counts of the edge, and atoms per area.

    Raises
    ------
    InputError
        Windows outside the ranges, a low loss that ends before the end of the window or does not hold the
        zero loss, neither background nor its window, a cross-section of zero.
    """
    counts = np.asarray(counts)
    energy = checked_energy(energy_loss, counts)
    inside = channels_between(energy, window, "window")
    step = float(energy[1] - energy[0])
    faces = energy[inside][[0, -1]] + np.array([-0.5, 0.5]) * step
    low, high = curve.cumulative(faces)
    cross_section = float(high - low)
    if not cross_section > 0.0:
        raise InputError(
            "window", window, f"above the edge's threshold, {curve.threshold_eV:g} eV", "move it to the edge"
        )
    below, below_variance, failed = _below(
        energy, counts, inside, background_window, kind, background, gain, read_noise
    )
    chosen = counts[..., inside]
    total = chosen.sum(axis=-1, dtype=np.float64)
    reached = _reached(low_loss, counts.shape[:-1], curve, faces, plural)
    unlost, unlost_variance = time_ratio * reached[0], gain * time_ratio**2 * reached[1]
    failed = np.where((failed == 0) & ~np.isfinite(total + unlost), NOT_FINITE, failed)
    failed = np.where((failed == 0) & ~(unlost > 0.0), NO_COUNTS, failed).astype(np.uint8)
    good = failed == 0
    net = np.where(good, total - below, np.nan)
    drawn = gain * np.maximum(total, 0.0) + read_noise**2 * chosen.shape[-1]
    net_variance = np.where(good, drawn + below_variance, np.nan)
    seen = np.where(good, unlost, 1.0)
    atoms = net / seen
    deviation = np.sqrt(net_variance + atoms**2 * unlost_variance) / seen
    h = np.full(total.shape, np.nan)
    np.divide(below_variance, below, out=h, where=good & (below > 0.0))
    return WindowResult(
        net, net_variance, np.asarray(below), np.asarray(below_variance), h + 1.0, cross_section,
        np.where(good, unlost / cross_section, np.nan), atoms, deviation, failed,
    )  # fmt: skip


def atomic_ratio(first: WindowResult, second: WindowResult) -> tuple[Floats, Floats]:
    """Atoms of one edge over those of another; NaN where either failed.

    Both edges are taken from the same low loss, whose counts cancel but for the widths of the windows: their
    noise is left out.

    Parameters
    ----------
    first, second : The edges, of the same pixels.

    Returns
    -------
    tuple of ndarray
        The ratio [1] and its standard deviation, (...,) both.
    """
    relative = [np.full(np.shape(part.net), np.nan) for part in (first, second)]
    for part, out in zip((first, second), relative, strict=True):
        np.divide(part.net_variance, part.net**2, out=out, where=part.net**2 > 0.0)
    ratio = np.full(np.shape(first.atoms), np.nan)
    np.divide(first.atoms, second.atoms, out=ratio, where=second.atoms**2 > 0.0)
    return ratio, np.abs(ratio) * np.sqrt(relative[0] + relative[1])


def _below(
    energy: Floats, counts: NDArray[Any], inside: slice, window: tuple[float, float] | None,
    kind: BackgroundKind, known: ArrayLike | None, gain: float, read_noise: float,
) -> tuple[Floats, Floats, NDArray[np.uint8]]:  # fmt: skip
    """Background counts of the window, their variance, and codes: each (...,)."""
    shape = counts.shape[:-1]
    if known is not None:
        values = np.asarray(known, dtype=np.float64)
        if values.shape not in {energy.shape, counts.shape}:
            raise InputError("background", values.shape, f"{energy.shape} or {counts.shape}", "reshape it")
        total = np.broadcast_to(values[..., inside].sum(axis=-1), shape)
        return total, np.zeros(shape), np.zeros(shape, np.uint8)
    if window is None:
        raise InputError(
            "background_window", None, "two energies below the edge", "give it, or the background"
        )
    found = fit_background(
        energy, counts, window, kind, extrapolate_to=energy[inside], gain=gain, read_noise=read_noise
    )
    total, variance = found.total(energy[inside])
    return total, variance, found.failed


def _reached(
    low_loss: tuple[ArrayLike, Any], shape: tuple[int, ...], curve: EdgeCurve, faces: Floats, plural: str
) -> tuple[Floats, Floats]:
    """Sum of counts times cross-sections [m2], and of their squares: (...,)."""
    values = np.asarray(low_loss[1])
    energy = checked_energy(low_loss[0], values)
    step, width = float(energy[1] - energy[0]), float(faces[1] - faces[0])
    reach = width if plural == "window" else float(faces[1]) - curve.threshold_eV
    if energy[0] > 0.0 or energy[-1] + 0.5 * step < reach:
        raise InputError(
            "low_loss", f"{energy[0]:.4g} to {energy[-1]:.4g} eV", f"from below 0 to {reach:.4g} eV or more",
            "record the zero loss, or take a narrower window",
        )  # fmt: skip
    if values.shape[:-1] not in {(), shape}:
        raise InputError("low_loss", values.shape, f"(energy,) or {(*shape, energy.size)}", "reshape it")
    if plural == "convolved":
        low, high = (curve.cumulative(face - energy) for face in faces)
        section = high - low
    elif plural == "window":
        low, high = curve.cumulative(faces)
        section = (high - low) * np.clip((width - energy) / step + 0.5, 0.0, 1.0)
    else:
        raise InputError("plural", plural, "convolved or window", "choose one")
    sums = values @ section, np.maximum(values, 0.0) @ section**2
    return np.broadcast_to(sums[0], shape), np.broadcast_to(sums[1], shape)
