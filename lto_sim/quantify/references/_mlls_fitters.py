"""The two ways to fit a block of counts with references: shared weights, or weights for each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.quantify.references._mlls_input import References, positive_combination, refuse_negative
from lto_sim.quantify.references._own_weights import GIVEN, MODEL, POISSON, fit_rows
from lto_sim.quantify.references._shared_weights import LANES, fit_with_shared_weights
from lto_sim.quantify.references.codes import NO_COUNTS

__all__ = ["OwnWeights", "Results", "SharedWeights", "Task"]

Floats = NDArray[np.float64]

_PASSES: Final = {GIVEN: 0, MODEL: 3, POISSON: 200}
"""Passes with weights of the model; of the likelihood, at most."""
_TOLERANCE: Final = 1e-6
"""Last step towards the maximum of the likelihood [standard deviations]."""
_AS_THEY_ARE: Final = (np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.float64))
"""Types that shared weights read without a copy."""


@dataclass(frozen=True, eq=False)
class Task:
    """What every block is fitted with.

    Parameters
    ----------
    references : In the channels of the fit.
    weights : "poisson", "model", "uniform", (channels,), or (..., energy).
    background : (channels,) or (..., energy).
    bounded : Whether amplitudes are >= 0.
    gain, read_noise, saturation : Of the detector.
    """

    references: References
    weights: Any
    background: Any
    bounded: bool
    gain: float
    read_noise: float
    saturation: float | None

    @property
    def shares_weights(self) -> bool:
        """Whether all pixels have the same weights, known beforehand."""
        return self.weights == "uniform" if isinstance(self.weights, str) else self.weights.ndim == 1

    def chosen(self, block: Any) -> Floats:
        """Values in the channels of the fit, (pixels, channels), a copy as double precision."""
        rows = np.asarray(block).reshape(-1, block.shape[-1])
        channels = self.references.channels
        if channels.size == rows.shape[1]:
            return np.ascontiguousarray(rows, dtype=np.float64)
        return np.ascontiguousarray(rows[:, channels], dtype=np.float64)

    def background_of(self, where: tuple[slice, ...]) -> Floats:
        """Background of a block, (pixels or 1, channels)."""
        if self.background.ndim == 1:
            return np.asarray(self.background)[None]
        return self.chosen(self.background[where])


@dataclass(frozen=True, eq=False)
class Results:
    """Results of the pixels of a block: (pixels, n), (pixels, n, n) or (n, n), (pixels,), (pixels,)."""

    amplitudes: Floats
    covariance: Floats
    chi_square: Floats
    failed: NDArray[np.uint8]

    @classmethod
    def empty(cls, pixels: int, count: int, covariance: Floats | None = None) -> Results:
        """Nothing yet."""
        if covariance is None:
            covariance = np.empty((pixels, count, count))
        return cls(np.empty((pixels, count)), covariance, np.empty(pixels), np.zeros(pixels, np.uint8))


class SharedWeights:
    """One set of weights for all pixels: sums over the channels, then a small matrix.

    Parameters
    ----------
    task : Weights "uniform" or (channels,).

    Raises
    ------
    InputError
        References that are alike with these weights.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.uniform = isinstance(task.weights, str)
        values = task.references.values
        self.weights: Floats = np.ones(values.shape[1]) if self.uniform else task.weights
        self.gram, self.inverse = task.references.weighted(self.weights)
        count, channels = values.shape
        self.columns = np.zeros((-(-count // LANES) * LANES, channels))
        self.columns[:count] = self.weights * values

    def fit(self, block: Any, where: tuple[slice, ...]) -> Results:
        """Fit a block of counts (..., energy), read at `where`."""
        background, count = self.task.background_of(where), self.gram.shape[0]
        if self.reads_in_place(block):
            rows = np.ascontiguousarray(block).reshape(-1, block.shape[-1])
            first = int(self.task.references.channels[0])
        else:
            rows, first = self.task.chosen(block), 0
        empty = ~rows.any(axis=1) if background.any() else None
        if empty is not None:
            rows -= background
        found = Results.empty(rows.shape[0], count, None if self.uniform else self.inverse)
        fit_with_shared_weights(
            rows, first, self.columns, self.weights, self.gram, self.inverse, self.task.bounded,
            found.amplitudes, found.chi_square, found.failed,
        )  # fmt: skip
        if empty is not None:
            found.failed[empty] = NO_COUNTS
        if self.uniform:
            self._add_counting_statistics(found, background)
        return found

    def reads_in_place(self, counts: Any) -> bool:
        """Whether counts are read as they are, without a copy."""
        channels = self.task.references.channels
        together = channels[-1] - channels[0] == channels.size - 1
        alone = self.task.background.ndim == 1 and not self.task.background.any()
        return bool(isinstance(counts, np.ndarray) and counts.dtype in _AS_THEY_ARE and together and alone)

    def _add_counting_statistics(self, found: Results, background: Floats) -> None:
        """Covariance (A^T A)^-1 A^T V A (A^T A)^-1, variances V of the model; chi-square by their mean."""
        task, values = self.task, self.task.references.values
        count, channels = values.shape
        products = (values[:, None] * values).reshape(count * count, channels).T
        variance = found.amplitudes @ (values @ products) + background @ products
        variance = task.gain * variance + task.read_noise**2 * self.gram.ravel()
        found.covariance[:] = self.inverse @ variance.reshape(-1, count, count) @ self.inverse
        mean = task.gain * (found.amplitudes @ values.mean(axis=1) + background.mean(axis=1))
        mean += task.read_noise**2
        there = mean > 0.0
        np.divide(found.chi_square, mean, out=found.chi_square, where=there)
        found.chi_square[~there] = np.nan


class OwnWeights:
    """Weights for each pixel: given, of the model, or those of the maximum of the likelihood.

    Parameters
    ----------
    task : Weights "model", "poisson" or (..., energy).
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        given = not isinstance(task.weights, str)
        self.mode = GIVEN if given else {"model": MODEL, "poisson": POISSON}[task.weights]
        self.scale = 1.0 if given else 1.0 / task.gain
        self.shift = 0.0 if given else (task.read_noise / task.gain) ** 2
        self.references = task.references.values * self.scale

    def reads_in_place(self, counts: Any) -> bool:
        """Whether counts are read as they are: they are not."""
        return False

    def fit(self, block: Any, where: tuple[slice, ...]) -> Results:
        """Fit a block of counts (..., energy), read at `where`.

        Raises
        ------
        InputError
            Weights below 0; of the likelihood a background below 0, or no model that is above 0.
        """
        task, count = self.task, self.references.shape[0]
        background = task.background_of(where) * self.scale + self.shift
        positive, weights = np.zeros(count), np.ones((1, self.references.shape[1]))
        if self.mode == GIVEN:
            weights = task.chosen(task.weights[where])
            refuse_negative("weights", weights)
        elif self.mode == POISSON:
            refuse_negative("background", background)
            lowest = np.nan_to_num(background.min(axis=0))
            positive = positive_combination(self.references, lowest, task.bounded)
        counts = task.chosen(block)
        found = Results.empty(counts.shape[0], count)
        fit_rows(
            counts, self.scale, self.shift, self.references, background, weights, self.mode,
            _PASSES[self.mode], _TOLERANCE, task.bounded, positive,
            found.amplitudes, found.covariance, found.chi_square, found.failed,
        )  # fmt: skip
        return found
