"""Channels put together into the bins that a joint fit compares: zero loss, low loss, Li-K and the rest.

Sums of Poisson counts are Poisson counts, so a fit of bins is exact; it loses what is finer than a bin. The
zero loss is one bin, and so is the low loss: their shapes, which no model knows well enough for their counts,
then do not matter, and what they hold is that of the log-ratio method. Bins move by whole channels with the
zero loss of their pixel, so that no count is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError

__all__ = ["LI_WINDOW", "EnergyBins"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LI_WINDOW: Final = (30.0, 80.0)
"""Losses [eV] that are fitted jointly for Li-K: Ti-M2,3, double plasmon, Ti-M1 and Li-K overlap there."""

_ZERO_LOSS: Final = (-3.0, 4.0)
_ROOM: Final = 1.0
"""Range [eV] beyond the bins in which spectra may be shifted."""
_LOWEST_START: Final = 6.0
_LOWEST_END: Final = 70.0


@dataclass(frozen=True, eq=False)
class EnergyBins:
    """Bins of channels.

    Parameters
    ----------
    first : First channel of every bin, that of the zero loss first, then the end of the last, (bins + 1,).
    channels : Channels of a spectrum.
    energies : Energy losses [eV] at which the bins begin and the last ends, (bins + 1,).
    """

    first: Ints
    channels: int
    energies: Floats

    @classmethod
    def for_lithium(
        cls,
        energy_loss: Floats,
        window: tuple[float, float] = LI_WINDOW,
        low_loss_bin: float = np.inf,
        window_bin: float = 1.0,
    ) -> EnergyBins:
        """Bins for Li-K: zero loss, low loss, and the window, 1 eV away from the ends of the range.

        Parameters
        ----------
        energy_loss : Channel centres, even steps [eV], (channels,).
        window : Losses that are fitted jointly [eV].
        low_loss_bin, window_bin : Widths of bins below and in the window [eV]; at least a channel. The low
            loss is one bin by default: it says how thick the specimen is, and a plasmon whose shape is not
            quite known cannot pull at Li-K from there. That costs 1 % of the deviation of x.

        Returns
        -------
        EnergyBins
            The zero loss first.

        Raises
        ------
        InputError
            A range without zero loss, one that ends in Li-K, a window that leaves it out.
        """
        step = float(energy_loss[1] - energy_loss[0])
        low, high = window
        ends = float(energy_loss[0]) - 0.5 * step, float(energy_loss[-1]) + 0.5 * step
        if not (_LOWEST_START <= low <= 50.0 and high >= _LOWEST_END):
            raise InputError(
                "window",
                window,
                f"from {_LOWEST_START:g} to 50 eV to {_LOWEST_END:g} eV or more",
                "Li-K is at 55 eV",
            )
        if ends[0] > -0.5:
            raise InputError(
                "energy_loss", f"{ends[0]:.4g} to {ends[1]:.4g} eV", "a range with its zero loss",
                "record low loss and Li-K in one spectrum, or join them",
            )  # fmt: skip
        high = min(high, ends[1] - _ROOM)
        if high < _LOWEST_END - _ROOM:
            raise InputError(
                "energy_loss", f"to {ends[1]:.4g} eV", f"{_LOWEST_END:g} eV or more", "Li-K is at 55 eV"
            )
        wanted = [
            max(_ZERO_LOSS[0], ends[0] + min(_ROOM, -0.5 * ends[0])),
            *_steps(_ZERO_LOSS[1], low, max(low_loss_bin, step)),
            *_steps(low, high, max(window_bin, step)),
            high,
        ]
        first = np.unique(np.round((np.array(wanted) - ends[0]) / step).astype(np.int64))
        return cls(first, energy_loss.size, np.asarray(ends[0] + step * first))

    def even(self, width: float = 1.0) -> EnergyBins:
        """Bins of the same channels and range that all are about `width` [eV] wide, to be looked at."""
        step = float(self.energies[1] - self.energies[0]) / int(self.first[1] - self.first[0])
        each = max(1, round(width / step))
        first = np.arange(self.first[0], self.first[-1] + 1, each)
        return EnergyBins(first, self.channels, self.energies[0] + step * (first - first[0]))

    @property
    def size(self) -> int:
        """Number of bins."""
        return self.first.size - 1

    @property
    def room(self) -> tuple[int, int]:
        """Lowest and highest shift [channels] with which every bin lies within the spectrum."""
        return -int(self.first[0]), self.channels - int(self.first[-1])

    def total(self, spectra: NDArray[Any], shift: Ints | None = None) -> Floats:
        """Contents of the bins.

        Parameters
        ----------
        spectra : Counts, or another extensive quantity, (n, channels).
        shift : Channels by which each spectrum lies too high, within :attr:`room`, (n,); default 0.

        Returns
        -------
        ndarray
            In the unit of `spectra`, (n, bins).
        """
        if shift is None:
            return self._moved(spectra, 0)
        result = np.empty((spectra.shape[0], self.size))
        for move in np.unique(shift):
            those = np.flatnonzero(shift == move)
            result[those] = self._moved(spectra if those.size == shift.size else spectra[those], int(move))
        return result

    def _moved(self, spectra: NDArray[Any], move: int) -> Floats:
        part = spectra[:, self.first[0] + move : self.first[-1] + move]
        starts = self.first[:-1] - self.first[0]
        wide = np.uint64 if part.dtype.kind == "u" else np.int64 if part.dtype.kind in "ib" else np.float64
        return np.asarray(np.add.reduceat(part, starts, axis=1, dtype=wide), dtype=np.float64)


def _steps(low: float, high: float, width: float) -> list[float]:
    """Even steps of about `width` from `low` to below `high`."""
    count = max(1, round((high - low) / width))
    return [low + (high - low) * n / count for n in range(count)]
