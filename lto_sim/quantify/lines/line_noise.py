"""Noise of recorded spectra, and what it does to fitted parameters.

Known: a detector of `counts_per_electron` g and read noise n has the variance g M + n^2 in a channel of M
counts, independent of its neighbours. Unknown: g and n^2 are what fits the differences of neighbouring
residuals (their rise with M tells the one from the other), which gives weights; the size of the noise comes
from the residuals themselves, as does its correlation between channels (light and charge spread in the
detector), both of all that the model leaves. With normalised residuals of variance s^2 and autocorrelation
rho the covariance is

    C = H^-1 [s^2 J^T W^1/2 R(rho) W^1/2 J + P] H^-1,    H = J^T W J + P   (P: precision of the priors).

Known noise has s^2 = 1 and R = 1, unless the model does not fit: where chi-square is more than three of its
standard deviations above the degrees of freedom, s^2 is their ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from scipy.optimize import nnls

from lto_sim.quantify.lines.line_fit import Fitted, LineModel, whole
from lto_sim.quantify.lines.line_response import LineResponse

__all__ = ["Noise", "covariance", "deviations", "estimated_noise"]

Floats = NDArray[np.float64]

_BINS: Final = 24
_LAGS: Final = 30
"""Channels that correlations may reach; the sum ends where they first fall below zero."""
_BLOCK_VALUES: Final = 4_000_000


@dataclass(frozen=True)
class Noise:
    """Variance ``gain * counts + read**2`` of a channel.

    Parameters
    ----------
    gain : Counts per electron.
    read : Standard deviation of a channel without electrons [counts].
    known : Whether that is so, and channels are independent; otherwise only its course with counts is used.
    """

    gain: float
    read: float
    known: bool

    def weights(self, counts: Floats) -> Floats:
        """1/variance of expected counts, which are taken as at least a hundredth of the spectrum's mean."""
        floor = np.maximum(0.01 * counts.mean(axis=-1, keepdims=True), 1e-300)
        variance = self.gain * np.maximum(counts, floor) + self.read**2
        return np.asarray(1.0 / np.maximum(variance, 1e-300))


def estimated_noise(residuals: Floats, model: Floats) -> Noise:
    """Noise from differences of residuals (n, m) of neighbouring channels.

    Parameters
    ----------
    residuals : Spectra less model, (n, m).
    model : Fitted spectra, (n, m).
    """
    inner = residuals[:, 1:-1] - 0.5 * (residuals[:, :-2] + residuals[:, 2:])
    squares, counts = (inner**2 / 1.5).ravel(), np.maximum(model[:, 1:-1], 0.0).ravel()
    order = np.argsort(counts, kind="stable")
    groups = np.array_split(order, min(_BINS, max(order.size // 8, 1)))
    level = np.array([counts[group].mean() for group in groups])
    variance = np.array([squares[group].mean() for group in groups])
    weight = 1.0 / np.maximum(variance, 1e-12 * max(float(variance.max()), 1e-300))
    scale = max(float(level.max()), 1e-300)
    terms = np.stack([level / scale, np.ones_like(level)], axis=1)
    gain, read = nnls(terms * weight[:, None], variance * weight)[0]
    return Noise(float(gain) / scale, float(np.sqrt(read)), known=False)


def covariance(
    model: LineModel,
    fitted: Fitted,
    spectra: Floats,
    weights: Floats,
    response: LineResponse,
    noise: Noise,
) -> tuple[Floats, Floats]:
    """Covariance (n, p, p) of fitted parameters, and chi-square per degree of freedom (n,)."""
    n, p = fitted.theta.shape
    low, high = model.bounds
    moving = (fitted.theta > low) & (fitted.theta < high)
    freedom = np.maximum((weights > 0.0).sum(axis=1) - p, 1)
    reduced = fitted.chi_square / freedom
    normalised = (spectra - fitted.model) * np.sqrt(weights)
    lags = np.ones(1) if noise.known else _autocorrelation(normalised)
    scale = reduced
    if noise.known:
        scale = np.where(reduced > 1.0 + 3.0 * np.sqrt(2.0 / freedom), reduced, 1.0)
    prior = np.diag(model.prior[1])
    result = np.zeros((n, p, p))
    block = max(1, _BLOCK_VALUES // (spectra.shape[1] * p))
    for first in range(0, n, block):
        rows = slice(first, min(n, first + block))
        by = whole(model, fitted.theta[rows], response.part(rows))[1]
        by *= np.sqrt(weights[rows])[..., None] * moving[rows, None, :]
        spread = by if noise.known else correlate1d(by, lags, axis=1, mode="constant")
        between = np.matmul(by.transpose(0, 2, 1), spread) * scale[rows, None, None]
        curvature = np.matmul(by.transpose(0, 2, 1), by) + prior
        diagonal = np.einsum("nii->ni", curvature)
        size = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))  # 0: at its bound, without deviation
        unit = curvature / (size[:, :, None] * size[:, None, :])
        inverse = np.linalg.pinv(unit, rcond=1e-12, hermitian=True) / (size[:, :, None] * size[:, None, :])
        result[rows] = inverse @ (between + prior) @ inverse
    return result, np.asarray(reduced)


def _autocorrelation(normalised: Floats) -> Floats:
    """Correlation of residuals at lags -k ... k over all spectra, (2 k + 1,), up to where it vanishes."""
    square = float((normalised**2).mean())
    reach = min(_LAGS, normalised.shape[1] // 4)
    one_side = [1.0]
    for lag in range(1, reach + 1):
        value = float((normalised[:, lag:] * normalised[:, :-lag]).mean()) / max(square, 1e-300)
        if value <= 0.0:
            break
        one_side.append(value)
    return np.array([*one_side[:0:-1], *one_side])


def deviations(
    quantities: Callable[[Floats], Floats], theta: Floats, covariance: Floats, step: Floats
) -> Floats:
    """Standard deviations (n, q) of quantities of parameters, by their derivatives.

    Parameters
    ----------
    quantities : Parameters (n, p) to quantities (n, q); smooth.
    theta : Parameters, (n, p).
    covariance : Of the parameters, (n, p, p).
    step : Steps of the differences, (n, p) or (p,).
    """
    width = np.broadcast_to(step, theta.shape)
    slopes = []
    for index in range(theta.shape[1]):
        shift = np.zeros_like(theta)
        shift[:, index] = width[:, index]
        slopes.append((quantities(theta + shift) - quantities(theta - shift)) / (2.0 * width[:, index, None]))
    slope = np.stack(slopes, axis=-1)
    variance = np.einsum("nqi,nij,nqj->nq", slope, covariance, slope)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))
