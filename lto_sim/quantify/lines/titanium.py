"""Valence of titanium from Ti-L2,3: place of L3, splitting of its lines, area of L2 over L3.

From Ti4+ to Ti3+ the maximum of L3 moves down by about 1.7 eV, L2 over L3 falls from 1.30 to 1.25 and the
lines merge (Yamamoto et al., J. Power Sources 266 (2014) 414, for a titanate glass-ceramic; Li7Ti5O12 has
Ti3.4+ on average and moves by about 1 eV). The valence is linear between two references,

    V = 4 - (E4 - E) / (E4 - E3),

and is relative to E4, the place of L3 of Ti4+ *in the same recording*: energies of a core-loss recording are
only as good as its calibration, which is often 1 to 3 eV off, as much as a whole valence.

Positions are those of the intrinsic lines where a low loss is given, else those of the recorded ones. In a
pixel that both phases share, the maximum jumps from the one to the other; the centroid of L3 moves linearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import theilslopes

from lto_sim.errors import InputError
from lto_sim.quantify.lines import white_lines as lines
from lto_sim.quantify.lines.line_fit import best_start
from lto_sim.quantify.lines.line_noise import deviations
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
from lto_sim.quantify.lines.white_lines import WhiteLines, l3_maximum
from lto_sim.quantify.reasons import Reason

__all__ = ["TI3_SHIFT_EV", "TiValence", "titanium_valence", "titanium_window"]

Floats = NDArray[np.float64]

TI3_SHIFT_EV: Final = -1.7
"""From the maximum of L3 of Ti4+ to that of Ti3+ [eV] (Yamamoto et al. 2014, section 3.3)."""

_FIRST_EV, _LAST_EV = 450.0, 472.0
"""Least range of a recording."""
_BEFORE_EV, _AFTER_EV = 18.0, 18.0
"""Range of the fit around t2g of L3."""
_SIGNIFICANT: Final = 5.0
_CHUNK_EV: Final = 0.5
_OUTLYING: Final = 6.0
_SHORTEST_EV: Final = 5.0
_RESOLVED: Final = 3.0
_NAMES: Final = ("l3_maximum", "l3_centroid", "l3_t2g", "l3_eg", "l3_splitting", "l2_l3_ratio")


@dataclass(frozen=True, eq=False)
class TiValence:
    """What Ti-L2,3 says; arrays of the shape of the spectra without energy, NaN where a pixel failed.

    Parameters
    ----------
    l3_position : The one of the next two that was chosen [eV]; the valence is read from it.
    l3_centroid : Centre of gravity of the L3 lines [eV].
    l3_maximum : Maximum of the L3 lines together [eV]: whichever is the higher where there are two.
    l3_t2g, l3_eg : Positions of the L3 lines [eV]; NaN where they are not resolved.
    l3_splitting : eg - t2g of L3 [eV], about 10 Dq; NaN where they are not resolved.
    l2_l3_ratio : Ratio of the area of the L2 lines to that of the L3 lines, above background and steps 2:1.
    valence : Charge of titanium [e], between the references, by the chosen position; NaN without them.
    deviation : Name of any of these -> standard deviation, in its unit.
    resolved : Whether L3 shows two lines: both areas beyond 3 standard deviations, and so their distance.
    failed : Codes of :class:`~lto_sim.quantify.reasons.Reason`.
    zero_loss : Position of the zero loss that was subtracted from energies [eV]; None where none was.
    references : L3 of Ti4+ and of Ti3+ [eV], as used; None without.
    window : First and last energy of the fit [eV].
    fit : The fit itself.
    """

    l3_position: Floats
    l3_centroid: Floats
    l3_maximum: Floats
    l3_t2g: Floats
    l3_eg: Floats
    l3_splitting: Floats
    l2_l3_ratio: Floats
    valence: Floats
    deviation: dict[str, Floats]
    resolved: NDArray[np.bool_]
    failed: NDArray[np.uint8]
    zero_loss: Floats | None
    references: tuple[float, float] | None
    window: tuple[float, float]
    fit: SeriesFit


def titanium_valence(
    energy_loss: ArrayLike,
    spectra: ArrayLike,
    *,
    low_loss: tuple[ArrayLike, ArrayLike] | None = None,
    align: Literal["none", "zero_loss"] = "none",
    position: Literal["centroid", "maximum"] = "centroid",
    ti4_position: float | None = None,
    ti3_position: float | None = None,
    counts_per_electron: float | None = None,
    read_noise: float = 0.0,
    window: tuple[float, float] | None = None,
) -> TiValence:
    """Fit Ti-L2,3 of all spectra.

    Parameters
    ----------
    energy_loss : Energies in even steps [eV], (energy,), at least 450 to 472 eV.
    spectra : Counts, (..., energy). A spectrum with NaN fails, the others do not.
    low_loss : Energies [eV] and counts of the low loss with its zero loss, (energies,) for all spectra or
        (..., energies): the model is convolved with it. None: plural scattering is part of the steps.
    align : ``zero_loss`` subtracts the position of every low loss's zero loss from energies.
    position : Which position of L3 the valence is read from: the centroid (needs both references), or the
        maximum, which is the more exact where every pixel is of one phase.
    ti4_position : That position in Ti4+ of the same recording [eV]; None gives no valence.
    ti3_position : That position in Ti3+ [eV]; default 1.7 eV below Ti4+, for the maximum.
    counts_per_electron, read_noise : Of the detector, [counts]; without a gain the noise is estimated from
        residuals, correlated channels included.
    window : Range of the fit [eV], background before the edge included; default 18 eV on either side of t2g
        of L3, without spikes before the edge.

    Returns
    -------
    TiValence
        Arrays (...); NaN where a pixel failed.

    Raises
    ------
    InputError
        Shapes that do not fit, a range without the edge, references in the wrong order, a low loss without
        zero loss.
    """
    energy, counts = checked_spectra(energy_loss, spectra, _FIRST_EV, _LAST_EV)
    references = _references(position, ti4_position, ti3_position)
    noise = detector_noise(counts_per_electron, read_noise)
    pixels = counts.shape[:-1]
    finite = np.asarray(np.all(np.isfinite(counts), axis=-1))
    if not finite.any():
        raise InputError("spectra", "NaN everywhere", "some spectra without NaN", "give others")
    if window is None:
        window = titanium_window(energy, counts[finite].mean(axis=0))
    window = fit_window(energy, window, 20.0)
    inside = (energy >= window[0]) & (energy <= window[1])
    whole = line_response(energy[inside], low_loss, pixels)
    response = whole.part(np.flatnonzero(finite.ravel()))
    model = WhiteLines(float(energy[inside][0]))
    fit = fit_series(model, energy[inside], counts[finite][:, inside], finite, response, noise)
    return _result(fit, position, references, pixel_offset(align, whole, pixels))


def _references(
    position: str, ti4_position: float | None, ti3_position: float | None
) -> tuple[float, float] | None:
    if position not in {"maximum", "centroid"}:
        raise InputError("position", position, "maximum or centroid", "choose one")
    if ti4_position is None:
        if ti3_position is not None:
            raise InputError("ti4_position", None, "an energy [eV]", "give both references, or neither")
        return None
    if ti3_position is None:
        if position == "centroid":
            raise InputError("ti3_position", None, "an energy [eV]", "measure the centroid of Ti3+ too")
        ti3_position = ti4_position + TI3_SHIFT_EV
    if not ti3_position < ti4_position:
        raise InputError("ti3_position", ti3_position, f"< {ti4_position:g} eV", "Ti3+ lies below Ti4+")
    return ti4_position, ti3_position


def titanium_window(energy: Floats, mean: Floats) -> tuple[float, float]:
    """Range of the fit [eV] for a mean spectrum: 18 eV on either side of t2g of L3, free of spikes before it.

    Parameters
    ----------
    energy : Energies [eV], (m,).
    mean : Counts, (m,).

    Raises
    ------
    InputError
        A range without Ti-L2,3.
    """
    near = (energy > _FIRST_EV - 20.0) & (energy < _LAST_EV + 20.0)
    if np.count_nonzero(near) < 8:
        raise InputError(
            "energy_loss", f"{energy[0]:.4g} to {energy[-1]:.4g} eV", "a range with Ti-L2,3, 445 to 475 eV",
            "give spectra of this edge",
        )  # fmt: skip
    at, level = energy[near], mean[near]
    model = WhiteLines(float(at[0]))
    plain = line_response(at, None, ())
    onset = float(best_start(model, *model.candidates(at)[0], level[None, :], plain)[0, lines.E1])
    first = max(onset - _BEFORE_EV, _clean_from(at, level, onset - 3.0))
    return fit_window(energy, (first, onset + _AFTER_EV), 20.0)


def _clean_from(energy: Floats, mean: Floats, end: float) -> float:
    """Energy [eV] from which a spectrum is smooth up to `end`: after the last outlier of half an eV.

    A straight line through means of 0.5 eV (median of slopes) is the background; a mean more than six
    median deviations and 3 % off it is an outlier, such as a spike or a ghost of the zero loss. Where less
    than 5 eV would be left, nothing is cut.
    """
    before = energy < end
    size = max(1, round(_CHUNK_EV / float(energy[1] - energy[0])))
    count = int(before.sum()) // size
    if count < 8:
        return float(energy[0])
    at = energy[before][-count * size :].reshape(count, size).mean(axis=1)
    level = mean[before][-count * size :].reshape(count, size).mean(axis=1)
    slope, cut = theilslopes(level, at)[:2]
    off = np.abs(level - (cut + slope * at))
    limit = np.maximum(_OUTLYING * 1.4826 * np.median(off), 0.03 * np.abs(level).mean())
    outlying = np.flatnonzero(off > limit)
    start = float(at[outlying[-1]]) + 2.0 * _CHUNK_EV if outlying.size else float(energy[0])
    return start if end - start >= _SHORTEST_EV else float(energy[0])


def _quantities(theta: Floats) -> Floats:
    """The six of `_NAMES`, (n, 6)."""
    at = WhiteLines(1.0).positions(theta)
    first, second = theta[:, lines.A1], theta[:, lines.A2]
    third = _nonzero(first + second)
    centroid = at[:, 0] + theta[:, lines.D3] * second / third
    ratio = (theta[:, lines.A3] + theta[:, lines.A4]) / third
    return np.stack([l3_maximum(theta), centroid, at[:, 0], at[:, 1], theta[:, lines.D3], ratio], axis=1)


def _differences(theta: Floats) -> Floats:
    """Steps of numerical derivatives, (n, p): a thousandth of the L3 area, 0.002 of everything else."""
    step = np.full(theta.shape, 2e-3)
    step[:, WhiteLines(1.0).linear] = 1e-3 * np.abs(theta[:, [lines.A1, lines.A2]].sum(axis=1, keepdims=True))
    return step


def _nonzero(values: Floats) -> Floats:
    return np.where(np.abs(values) > 1e-300, values, 1e-300)


def _result(
    fit: SeriesFit, position: str, references: tuple[float, float] | None, offset: Floats | None
) -> TiValence:
    theta, covariance, finite = fit.theta, fit.covariance, fit.finite
    spread = np.sqrt(np.maximum(np.einsum("nii->ni", covariance), 0.0))
    low, high = fit.model.bounds
    failed = np.zeros(theta.shape[0], dtype=np.uint8)
    failed[(theta[:, lines.E1] <= low[lines.E1]) | (theta[:, lines.E1] >= high[lines.E1])] = (
        Reason.OUT_OF_RANGE
    )
    failed[~fit.converged] = Reason.NOT_CONVERGED
    failed[~(fit.height_over_noise([lines.A1, lines.A2]) > _SIGNIFICANT)] = Reason.NO_EDGE
    good = failed == Reason.NONE
    values, std = np.full((theta.shape[0], 6), np.nan), np.full((theta.shape[0], 6), np.nan)
    values[good] = _quantities(theta[good])
    std[good] = deviations(_quantities, theta[good], covariance[good], _differences(theta[good]))
    resolved = good & (theta[:, lines.D3] > low[lines.D3] + _RESOLVED * spread[:, lines.D3])
    for index in (lines.A1, lines.A2):
        resolved &= theta[:, index] > _RESOLVED * spread[:, index]
    for name in ("l3_t2g", "l3_eg", "l3_splitting"):
        values[~resolved, _NAMES.index(name)] = std[~resolved, _NAMES.index(name)] = np.nan
    maps = {name: scattered(values[:, i], finite) for i, name in enumerate(_NAMES)}
    deviation = {name: scattered(std[:, i], finite) for i, name in enumerate(_NAMES)}
    if offset is not None:
        for name in _NAMES[:4]:
            maps[name] = maps[name] - offset
    chosen = "l3_maximum" if position == "maximum" else "l3_centroid"
    per_eV = np.nan if references is None else 1.0 / (references[0] - references[1])
    at_four = np.nan if references is None else references[0]
    deviation["valence"] = deviation[chosen] * per_eV
    deviation["l3_position"] = deviation[chosen]
    shown = np.zeros(finite.shape, dtype=bool)
    shown[finite] = resolved
    return TiValence(
        **maps,
        l3_position=maps[chosen],
        valence=4.0 - (at_four - maps[chosen]) * per_eV,
        deviation=deviation,
        resolved=shown,
        failed=unflattened(failed, finite),
        zero_loss=offset,
        references=references,
        window=(float(fit.energy_eV[0]), float(fit.energy_eV[-1])),
        fit=fit,
    )
