"""Multiple linear least squares: spectra as sums of reference spectra, all pixels at once.

    counts = background + sum over k of a_k reference_k

``poisson``: the maximum of the Poisson likelihood, for few counts. ``model``: weights 1/variance of the model
of the pass before, three passes; the pass that follows would change little. Weights are never taken from the
counts themselves: a channel that drew few counts would weigh more, which at a few counts a channel draws
weak components low by several percent. ``uniform`` or an array: one pass, the same weights or given ones.

Memory: counts are read in blocks of 64 MiB (as double precision), or of a chunk of a lazy array where that is
larger, and once each; beside a block there are its copy, and the results. An array in memory of uint16,
uint32 or float64 is not copied where weights are shared, and its blocks are larger.

Source: R. D. Leapman and C. R. Swyt, Ultramicroscopy 26 (1988) 393 (multiple least squares of spectra).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.quantify.references._mlls_fitters import OwnWeights, SharedWeights, Task
from lto_sim.quantify.references._mlls_input import blocks, checked_array, checked_references
from lto_sim.quantify.references.codes import SATURATED
from lto_sim.transport.compiled import start_threads

__all__ = ["MllsFit", "fit_references"]

Floats = NDArray[np.float64]


_LARGER: Final = 4
"""Size of blocks that are not copied, over that of others: threads begin and end with each."""


@dataclass(frozen=True, eq=False)
class MllsFit:
    """Amplitudes of references; NaN in pixels that failed.

    Parameters
    ----------
    amplitudes : (..., n), in units of the references.
    covariance : In units of the amplitudes, (..., n, n). Of "poisson", "model" and "uniform" that of counting
        statistics, of given weights that of weights which are 1/variance. With `nonnegative` that of the fit
        without bounds.
    chi_square : Weighted squares of the residuals [1], (...,); about `dof` where the model holds. "uniform":
        of the mean variance.
    dof : Channels less references.
    failed : uint8, (...,): a key of :data:`~lto_sim.quantify.reasons.REASONS`, 0 where fitted.
    names : Of the references.
    """

    amplitudes: Floats
    covariance: Floats
    chi_square: Floats
    dof: int
    failed: NDArray[np.uint8]
    names: tuple[str, ...]

    @property
    def deviations(self) -> Floats:
        """Standard deviations of the amplitudes, in units of the references, (..., n)."""
        variance = np.diagonal(self.covariance, axis1=-2, axis2=-1)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def fit_references(
    counts: Any,
    references: ArrayLike,
    *,
    weights: str | ArrayLike = "poisson",
    nonnegative: bool = False,
    channels: ArrayLike | slice | None = None,
    background: ArrayLike | None = None,
    gain: float = 1.0,
    read_noise: float = 0.0,
    saturation: float | None = None,
    names: Sequence[str] | None = None,
) -> MllsFit:
    """Fit spectra with reference spectra.

    Parameters
    ----------
    counts : (..., energy), integers or floats; a lazy array (dask, Zarr, a labelled one) is read in blocks.
    references : (n, energy), in any unit. Where both are labelled, energies are compared.
    weights : "poisson", "model", "uniform", or 1/variance [1/counts2] as (energy,) or like the counts.
    nonnegative : Amplitudes are >= 0: the exact solution by active sets, for few references.
    channels : Those that are fitted: a slice, a mask (energy,), or indices (without unit).
    background : Known part of the expected counts (>= 0), (energy,) or like the counts.
    gain, read_noise : Of the detector: counts per electron, and standard deviation of a channel [counts];
        the variance is gain * expected counts + read_noise^2. Given weights do not need them.
    saturation : Level [counts] from which a channel is saturated; such pixels fail.
    names : Of the references, for results and messages.

    Returns
    -------
    MllsFit
        Amplitudes, covariance and chi-square of every spectrum.

    Raises
    ------
    InputError
        Shapes or energies that do not fit, references that are not finite or alike, weights that are negative
        or not known, no amplitudes with a model above 0 ("poisson").

    Notes
    -----
    The Poisson maximum is found by Fisher scoring, until a step is less than 1e-6 standard deviations (1e-3
    after 200 steps, where a channel without counts tends to 0). The model is above 0, to 1e-7 of its mean;
    where it tends to 0, deviations are too small. With read noise the likelihood is that of the shifted
    Poisson distribution.
    """
    counts = counts if hasattr(counts, "shape") and hasattr(counts, "dtype") else np.asarray(counts)
    if counts.dtype.kind not in "uif":
        raise InputError("counts", str(counts.dtype), "integers or floats", "give counts as real numbers")
    taken = checked_references(counts, references, channels, names)
    shape = tuple(counts.shape)
    for name, value, low in (("gain", gain, gain > 0.0), ("read_noise", read_noise, read_noise >= 0.0)):
        if not (low and math.isfinite(value)):
            raise InputError(name, value, "> 0" if name == "gain" else ">= 0", "take that of the detector")
    if isinstance(weights, str):
        if weights not in {"poisson", "model", "uniform"}:
            raise InputError("weights", weights, "poisson, model, uniform or an array", "choose one")
    else:
        weights = checked_array("weights", weights, shape, taken.channels)
    if background is None:
        background = np.zeros(taken.channels.size)
    else:
        background = checked_array("background", background, shape, taken.channels)
    return _fitted(counts, Task(taken, weights, background, nonnegative, gain, read_noise, saturation))


def _fitted(counts: Any, task: Task) -> MllsFit:
    start_threads()
    shape, count = tuple(counts.shape[:-1]), task.references.values.shape[0]
    fitter = SharedWeights(task) if task.shares_weights else OwnWeights(task)
    amplitudes, chi_square = np.empty((*shape, count)), np.empty(shape)
    covariance = np.empty((*shape, count, count))
    failed = np.zeros(shape, np.uint8)
    for where in blocks(counts, _LARGER if fitter.reads_in_place(counts) else 1):
        block = np.asarray(counts[where])
        found = fitter.fit(block, where)
        if task.saturation is not None:
            full = (block[..., task.references.channels] >= task.saturation).any(axis=-1)
            found.failed[full.ravel()] = SATURATED
        lost = found.failed > 0
        found.amplitudes[lost], found.chi_square[lost] = np.nan, np.nan
        amplitudes[where] = found.amplitudes.reshape(*block.shape[:-1], count)
        chi_square[where] = found.chi_square.reshape(block.shape[:-1])
        failed[where] = found.failed.reshape(block.shape[:-1])
        if found.covariance.ndim == 2:
            covariance = np.broadcast_to(found.covariance, covariance.shape)
        else:
            covariance[where] = found.covariance.reshape(*block.shape[:-1], count, count)
    if np.any(failed):
        covariance = np.where(failed[..., None, None] == 0, covariance, np.nan)
    dof = task.references.channels.size - count
    return MllsFit(amplitudes, covariance, chi_square, dof, failed, task.references.names)
