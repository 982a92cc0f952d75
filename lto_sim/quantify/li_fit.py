"""The joint fit of many spectra: starts by the log-ratio, ranges of the model, reasons against a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.microscope import SpectrumModel
from lto_sim.quantify.alignment import zero_loss_channels
from lto_sim.quantify.dead_channels import DeadChannels
from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.li_likelihood import root_of_likelihood
from lto_sim.quantify.li_model import PARAMETERS, LithiumModel, cramer_rao, pixel_spectra, scatterings
from lto_sim.quantify.reasons import Reason
from lto_sim.quantify.scoring import CountVariance, score

__all__ = ["FittedPixels", "Fitter", "PixelNoise"]

Floats = NDArray[np.float64]

_SIGMAS: Final = (5.0, 8.0)
"""Standard deviations beyond 0 and 1 up to which the model holds."""
_MARGINS: Final = (
    {"length": 0.03, "ratio": 0.25, "plasmon_mix": 0.8, "li_fraction": 0.5},
    {"length": 0.12, "ratio": 0.6, "plasmon_mix": 4.0, "li_fraction": 3.0},
)
"""Room of the model beyond what noise needs; the second for pixels that end on a bound of the first, as those
of a specimen do that is not quite that of the model."""
_WIDEST: Final = {"length": 0.5, "ratio": 0.9, "plasmon_mix": 8.0, "li_fraction": 20.0}
"""Largest room; of a pixel with a larger deviation nothing can be said."""
_LENGTHS: Final = 1.25
_ELECTRONS: Final = 4.0
"""Ratios of lengths, and of electrons, from one model to the next."""
_RATIO_STEP: Final = 0.25
_THINNEST: Final = 0.02
"""t/lambda below which a pixel is vacuum."""
_THICKEST: Final = 6.0
_FIT_AT_ONCE: Final = 4096
_MOST_LOST: Final = 0.3
"""Part of the electrons that a counter may miss; beyond, its law is not trusted."""
_MIDDLE: Final = 0.5


@dataclass(frozen=True, eq=False)
class PixelNoise:
    """What the detector adds to the counts of a spectrum.

    Parameters
    ----------
    gain : Counts per electron.
    read : Standard deviation of reading [counts per channel].
    dark : Counts without beam that were not subtracted [counts per channel].
    full : Counts of a channel from which it is saturated; infinite where there is no limit.
    most : Most counts of a channel (its rate limit times the dwell time): of n electrons n/(1 + n/most) are
        counted.
    """

    gain: float = 1.0
    read: float = 0.0
    dark: float = 0.0
    full: float = np.inf
    most: float = np.inf

    def of_sum(self, spectra: int) -> PixelNoise:
        """Noise of the sum of several spectra."""
        more = {
            "read": self.read * np.sqrt(spectra),
            "dark": self.dark * spectra,
            "most": self.most * spectra,
        }
        return replace(self, full=np.inf, **more)


@dataclass(frozen=True, eq=False)
class FittedPixels:
    """Fit of n spectra; NaN where `failed` is not 0.

    Parameters
    ----------
    parameters : (n, 5), in the order of :data:`~lto_sim.quantify.li_model.PARAMETERS`.
    deviations : (n, 5); 0 of parameters that were held.
    scatterings, scatterings_std : t/lambda and its deviation, (n,).
    chi_square : (n,).
    root : Coefficients a and b of the signed root of the profile likelihood of x, u (1 + a u + b u^2) with
        u = (x - estimate)/deviation, (n, 2); 0: the likelihood is Gaussian, or was not asked for.
    failed : Codes of :class:`~lto_sim.quantify.reasons.Reason`, (n,) uint8.
    shift : By how much the zero loss lay too high [eV], (n,).
    """

    parameters: Floats
    deviations: Floats
    scatterings: Floats
    scatterings_std: Floats
    chi_square: Floats
    failed: NDArray[np.uint8]
    shift: Floats
    root: Floats

    @classmethod
    def empty(cls, size: int) -> FittedPixels:
        """Nothing fitted yet."""
        every = (size, len(PARAMETERS))
        a, b, c, d, e, shift = (np.full(shape, np.nan) for shape in (every, every, size, size, size, size))
        return cls(a, b, c, d, e, np.zeros(size, dtype=np.uint8), shift, np.zeros((size, 2)))

    def put(self, place: Any, other: FittedPixels) -> None:
        """Write the fit of some pixels into that of all."""
        for field in fields(self):
            getattr(self, field.name)[place] = getattr(other, field.name)

    def fail(self, those: Any, reason: Reason) -> None:
        """Take the values of some pixels away, for a reason."""
        self.failed[those] = reason
        for values in (self.parameters, self.deviations, self.scatterings, self.scatterings_std):
            values[those] = np.nan


class Fitter:
    """Fits spectra of one recording; keeps its model from one block to the next.

    Parameters
    ----------
    spectra : Spectra of the instrument, on the channels of the recording.
    energy_loss : Channel centres [eV], (channels,).
    bins : Bins of the channels.
    noise : Of the detector.
    ratio : Ratio q of Ti-M2,3 to plasmon that is taken for all pixels; None leaves it free in each.
    dead : Channels to be bridged.
    likelihood : Whether the shape of the likelihood of x is computed in every pixel.
    """

    def __init__(
        self,
        spectra: SpectrumModel,
        energy_loss: Floats,
        bins: EnergyBins,
        noise: PixelNoise | None = None,
        ratio: float | None = None,
        dead: DeadChannels | None = None,
        likelihood: bool = False,
    ) -> None:
        self.spectra, self.energy_loss, self.bins = spectra, energy_loss, bins
        self.noise, self.ratio, self.dead = noise or PixelNoise(), ratio, dead
        self.likelihood = likelihood
        widths = np.diff(bins.first).astype(np.float64)
        self._dark = self.noise.dark * widths
        self._variance = CountVariance(
            self.noise.gain, self.noise.read**2 * widths + self.noise.gain * self._dark
        )
        self._length, self._recorded, self._share = _log_ratio_table(spectra, bins)
        self._models: dict[tuple[int, int, bool], LithiumModel] = {}

    @property
    def free(self) -> tuple[str, ...]:
        """Parameters that are fitted in every pixel."""
        return tuple(name for name in PARAMETERS if name != "ratio" or self.ratio is None)

    @property
    def degrees_of_freedom(self) -> int:
        """Bins less free parameters."""
        return self.bins.size - len(self.free)

    def with_ratio(self, ratio: float) -> Fitter:
        """Return a fitter of the same recording with a ratio q for all pixels."""
        return Fitter(
            self.spectra, self.energy_loss, self.bins, self.noise, ratio, self.dead, self.likelihood
        )

    def fit(self, counts: NDArray[Any]) -> FittedPixels:
        """Fit spectra (n, channels)."""
        fitted = FittedPixels.empty(counts.shape[0])
        if self.dead is not None:
            counts = self.dead.bridged(counts)
        counts, shift = self._checked(counts, fitted)
        good = np.flatnonzero(fitted.failed == Reason.NONE)
        binned = self.bins.total(counts if good.size == shift.size else counts[good], shift[good])
        binned -= self._dark
        start, thin = self._start(binned)
        fitted.fail(good[thin], Reason.VACUUM)
        good, binned, start = good[~thin], binned[~thin], start[~thin]
        shift_eV = fitted.shift[good]
        left = np.arange(good.size)
        for wide in (False, True):
            for model, group in self._groups(start[left], wide):
                for first in range(0, group.size, _FIT_AT_ONCE):
                    some = left[group[first : first + _FIT_AT_ONCE]]
                    fitted.put(good[some], self._fitted(model, binned[some], start[some]))
            left = left[fitted.failed[good[left]] == Reason.NOT_CONVERGED]
        fitted.shift[good] = shift_eV
        return fitted

    def _checked(self, counts: NDArray[Any], fitted: FittedPixels) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Counts without the detector's limit, and their shift [channels]; notes reasons against a fit."""
        end = self.bins.energies[-1] + 0.5 * self.energy_loss[1] - 0.5 * self.energy_loss[0]
        used = counts[:, : self.bins.first[-1]]
        total = used.sum(axis=1, dtype=np.float64)
        absent = ~np.isfinite(total) | (total <= 0.0)
        if absent.any():
            counts = np.where(absent[:, None], 0, counts)
        full = np.zeros(absent.size, dtype=bool)
        if np.isfinite(min(self.noise.full, self.noise.most)):
            highest = counts[:, : self.bins.first[-1]].max(axis=1)
            full = (highest >= self.noise.full) | (highest >= _MOST_LOST * self.noise.most)
        if np.isfinite(self.noise.most):
            counts = counts / (1.0 - np.minimum(counts / self.noise.most, _MOST_LOST))
        shift, fitted.shift[:] = zero_loss_channels(self.energy_loss, counts, end)
        low, high = self.bins.room
        fitted.fail((shift < low) | (shift > high), Reason.SHIFTED_OUT)
        fitted.fail(~np.isfinite(fitted.shift), Reason.NO_ZERO_LOSS)
        fitted.fail(full, Reason.SATURATED)
        fitted.fail(absent, Reason.NOT_RECORDED)
        return counts, shift

    def _start(self, binned: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Parameters by the log-ratio, and which pixels are too thin."""
        counts = np.maximum(binned, 0.0)
        total = np.maximum(counts.sum(axis=1), 1.0)
        share = counts[:, 0] / total
        length = np.interp(share, self._share[::-1], self._length[::-1])
        start = np.full((binned.shape[0], len(PARAMETERS)), _MIDDLE)
        start[:, 0] = total / np.interp(length, self._length, self._recorded)
        start[:, 1], start[:, 2] = length, 1.0 if self.ratio is None else self.ratio
        return start, share > self._share[0]

    def _groups(self, start: Floats, wide: bool) -> Iterator[tuple[LithiumModel, NDArray[np.intp]]]:
        """Models and the pixels that each is for, by length and electrons.

        A pixel's model depends on that pixel alone, so that its result does not depend on others.
        """
        length = np.floor(np.log(start[:, 1]) / np.log(_LENGTHS)).astype(np.int64)
        electrons = np.floor(np.log(np.maximum(start[:, 0], 1.0)) / np.log(_ELECTRONS)).astype(np.int64)
        for key in np.unique(np.stack([length, electrons]), axis=1).T:
            those = np.flatnonzero((length == key[0]) & (electrons == key[1]))
            yield self._model(int(key[0]), int(key[1]), wide), those

    def _model(self, length: int, electrons: int, wide: bool) -> LithiumModel:
        key = length, electrons, wide
        if key not in self._models:
            ends = _LENGTHS**length, _LENGTHS ** (length + 1)
            centre = 1.0 if self.ratio is None else round(self.ratio / _RATIO_STEP) * _RATIO_STEP
            ranges = self._ranges(ends, _ELECTRONS**electrons, max(centre, _RATIO_STEP), wide)
            model = _cached_model(self.spectra, self.bins, ranges)
            self._models[key] = model if self.ratio is None else model.with_ratio(self.ratio)
        return self._models[key]

    def _ranges(
        self, ends: tuple[float, float], electrons: float, ratio: float, wide: bool
    ) -> tuple[tuple[float, float], ...]:
        """Ranges of p, q, y and x that hold the estimates of pixels between two lengths."""
        bounds = [
            cramer_rao(
                self.spectra, self.bins, np.array([electrons, length, ratio, _MIDDLE, _MIDDLE]),
                PARAMETERS, self._variance,
            )
            for length in ends
        ]  # fmt: skip
        spread = {name: max(b[name] for b in bounds) for name in _WIDEST}
        spread["length"] = max(b["length"] / end for b, end in zip(bounds, ends, strict=True))
        room = {
            name: min(_SIGMAS[wide] * spread[name] + _MARGINS[wide][name], widest)
            for name, widest in _WIDEST.items()
        }
        return (
            (ends[0] * (1.0 - room["length"]), ends[1] * (1.0 + room["length"])),
            (max(ratio - room["ratio"], 0.1 * ratio), ratio + room["ratio"]),
            (-room["plasmon_mix"], 1.0 + room["plasmon_mix"]),
            (-room["li_fraction"], 1.0 + room["li_fraction"]),
        )

    def _fitted(self, model: LithiumModel, binned: Floats, start: Floats) -> FittedPixels:
        """Fit a few thousand pixels from their starts; their shift is not known here."""
        free = model.free
        low, high = model.bounds(start[:, 0])
        held = start[0]

        def expected(theta: Floats) -> tuple[Floats, Floats]:
            whole = np.empty((theta.shape[0], free.size))
            whole[:] = held
            whole[:, free] = theta
            return model.with_slopes(whole)

        fit = score(binned, expected, start[:, free], (low[free], high[free]), self._variance)
        parameters, deviations = start.copy(), np.zeros_like(start)
        parameters[:, free] = fit.parameters
        variance = np.einsum("naa->na", fit.covariance)
        sound = fit.converged & np.all(variance > 0.0, axis=1)
        deviations[:, free] = np.sqrt(np.where(sound[:, None], variance, 1.0))
        value, slopes = scatterings(self.spectra, np.where(sound[:, None], parameters, 1.0))
        slopes = slopes[:, free]
        covariance = np.where(sound[:, None, None], fit.covariance, 0.0)
        spread = np.sqrt(np.maximum(np.einsum("na,nab,nb->n", slopes, covariance, slopes), 0.0))
        failed, root = np.zeros(sound.size, dtype=np.uint8), np.zeros((sound.size, 2))
        if self.likelihood and sound.any():
            root[sound] = root_of_likelihood(
                model, binned[sound], parameters[sound], deviations[sound], self._variance
            )
        fitted = FittedPixels(
            parameters, deviations, value, spread, fit.chi_square, failed, np.zeros(sound.size), root
        )
        fitted.fail(~sound, Reason.NOT_CONVERGED)
        return fitted


@lru_cache(maxsize=32)
def _cached_model(
    spectra: SpectrumModel, bins: EnergyBins, ranges: tuple[tuple[float, float], ...]
) -> LithiumModel:
    """Model of the last recordings with the same instrument."""
    return LithiumModel(spectra, bins, ranges)


def _log_ratio_table(spectra: SpectrumModel, bins: EnergyBins) -> tuple[Floats, Floats, Floats]:
    """Lengths [m], counts within all bins per electron, and the share of the first bin in them."""
    per_length = float(spectra.mean_scatterings(1.0, _MIDDLE))
    length = np.geomspace(_THINNEST, _THICKEST, 200) / per_length
    middle = np.full(length.size, _MIDDLE)
    counts = bins.total(pixel_spectra(spectra, length, np.ones(length.size), middle, middle))
    recorded = counts.sum(axis=1)
    return length, recorded, counts[:, 0] / recorded
