"""Least squares of background, steps and lines in the spectra of all pixels at once.

Every pixel minimises

    sum_i w_i (S_i - M_i(theta))^2 + sum_j ((theta_j - m_j) / tau_j)^2

by Levenberg-Marquardt; pixels are independent, so one batched solve advances a block of them. The priors are
Gaussian and weak: they decide only what the data leave open, such as the width of a line that is not there.
A start is the best of a grid of shapes whose amplitudes are a linear fit. The weights are 1/variance of the
*model's* counts (weights from the counts themselves are biased where these are few).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lto_sim.quantify.lines.line_response import LineResponse

__all__ = ["Fitted", "LineModel", "Parts", "best_start", "bounds_of", "fit_lines", "prior_of", "whole"]

Floats = NDArray[np.float64]

_ITERATIONS: Final = 80
DECREASE: Final = 1e-3
"""A pixel has converged when a step would lower its sum of squares by less."""
_STUCK: Final = 1e8
_BLOCK_VALUES: Final = 600_000
"""Values of a block's Jacobian: what fits into the cache is fastest."""


@dataclass(frozen=True, eq=False)
class Parts:
    """A model at given parameters: what plural scattering leaves as it is, and what it acts upon.

    Parameters
    ----------
    background, background_by : Values (n, m) and derivatives (n, m, p), 0 where a parameter has no part.
    edge, edge_by : The same of steps and lines.
    """

    background: Floats
    background_by: Floats
    edge: Floats
    edge_by: Floats


class LineModel(Protocol):
    """What is fitted: background, steps, lines, by `size` parameters."""

    @property
    def linear(self) -> NDArray[np.intp]:
        """Indices of the amplitudes, in which the model is linear without a constant."""

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Means and precisions (1/variance, 0 for none) of the parameters, (p,) each."""

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest value of the parameters, (p,) each."""

    def parts(self, theta: Floats, energy_eV: Floats) -> Parts:
        """The model at parameters (n, p) and energies (m,)."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Fits of n spectra in m channels by p parameters.

    Parameters
    ----------
    theta : Parameters, (n, p).
    model : Fitted spectra, (n, m).
    objective : Sum of squares with priors, (n,).
    chi_square : Of the data alone, (n,).
    converged : (n,).
    """

    theta: Floats
    model: Floats
    objective: Floats
    chi_square: Floats
    converged: NDArray[np.bool_]

    def better(self, other: Fitted) -> Fitted:
        """Of two fits with the same weights the one with the lower objective, pixel by pixel."""
        mine = self.objective <= other.objective
        column = mine[:, None]
        return Fitted(
            np.where(column, self.theta, other.theta),
            np.where(column, self.model, other.model),
            np.where(mine, self.objective, other.objective),
            np.where(mine, self.chi_square, other.chi_square),
            np.where(mine, self.converged, other.converged),
        )


def prior_of(known: Mapping[int, tuple[float, float]], count: int) -> tuple[Floats, Floats]:
    """Means and precisions of `count` parameters from (mean, deviation) of those that are known."""
    mean, precision = np.zeros(count), np.zeros(count)
    for index, (middle, deviation) in known.items():
        mean[index], precision[index] = middle, deviation**-2.0
    return mean, precision


def bounds_of(known: Mapping[int, tuple[float, float]], count: int) -> tuple[Floats, Floats]:
    """Least and greatest values of `count` parameters from those that are bounded."""
    low, high = np.full(count, -np.inf), np.full(count, np.inf)
    for index, (least, greatest) in known.items():
        low[index], high[index] = least, greatest
    return low, high


def whole(model: LineModel, theta: Floats, response: LineResponse) -> tuple[Floats, Floats]:
    """Values (n, m) and derivatives (n, m, p) of spectra with their plural scattering."""
    parts = model.parts(theta, response.energy_eV)
    inner = response.inside
    value = parts.background[:, inner] + response.apply(parts.edge)
    touched = np.flatnonzero(parts.edge_by.any(axis=(0, 1)))
    by = np.ascontiguousarray(parts.background_by[:, inner])
    columns = np.moveaxis(parts.edge_by[:, :, touched], 2, 1)
    by[:, :, touched] += np.moveaxis(response.apply(columns), 1, 2)
    return value, by


def best_start(
    model: LineModel,
    candidates: Sequence[Floats],
    amplitudes: NDArray[np.intp],
    spectra: Floats,
    response: LineResponse,
) -> Floats:
    """Parameters (n, p): of all candidates the one that fits best with free amplitudes.

    Parameters
    ----------
    model : What is fitted.
    candidates : Parameters, each (p,).
    amplitudes : Indices of the amplitudes that are free; the others are 0.
    spectra : (n, m).
    response : Plural scattering; its mean is used.
    """
    mean = response.averaged()
    best = np.full(spectra.shape[0], np.inf)
    found = np.zeros((spectra.shape[0], model.bounds[0].size))
    square = np.einsum("nm,nm->n", spectra, spectra)
    for candidate in candidates:
        theta = candidate[None, :].copy()
        theta[:, model.linear] = 0.0
        columns = whole(model, theta, mean)[1][0][:, amplitudes]
        q, r = np.linalg.qr(columns)
        projected = spectra @ q
        left = square - np.einsum("nl,nl->n", projected, projected)
        better = left < best
        best[better] = left[better]
        found[better] = theta[0]
        found[np.ix_(better, amplitudes)] = np.linalg.lstsq(r, projected[better].T, rcond=1e-9)[0].T
    return found


def fit_lines(
    model: LineModel,
    start: Floats,
    spectra: Floats,
    weights: Floats,
    response: LineResponse,
    decrease: float = DECREASE,
) -> Fitted:
    """Fit all spectra.

    Parameters
    ----------
    model : What is fitted.
    start : Parameters, (n, p).
    spectra : (n, m).
    weights : 1/variance, 0 where a channel is left out, (n, m).
    response : Plural scattering.
    decrease : A pixel has converged when a step would lower its sum of squares by less.
    """
    n, m = spectra.shape
    block = max(1, _BLOCK_VALUES // (m * start.shape[1]))
    theta, values = start.copy(), np.empty_like(spectra)
    chi_square, converged = np.empty(n), np.zeros(n, dtype=bool)
    for first in range(0, n, block):
        rows = slice(first, min(n, first + block))
        part = response.part(rows)
        theta[rows], converged[rows] = _fit_block(
            model, theta[rows], spectra[rows], weights[rows], part, decrease
        )
        values[rows] = whole(model, theta[rows], part)[0]
        chi_square[rows] = (weights[rows] * (spectra[rows] - values[rows]) ** 2).sum(axis=1)
    mean, precision = model.prior
    objective = chi_square + (precision * (theta - mean) ** 2).sum(axis=1)
    return Fitted(theta, values, objective, chi_square, converged)


def _fit_block(
    model: LineModel,
    start: Floats,
    spectra: Floats,
    weights: Floats,
    response: LineResponse,
    decrease: float,
) -> tuple[Floats, NDArray[np.bool_]]:
    low, high = model.bounds
    theta = np.clip(start, low, high)
    todo = np.arange(theta.shape[0])
    damping = np.full(theta.shape[0], 1e-3)
    converged = np.zeros(theta.shape[0], dtype=bool)
    objective, hessian, gradient = _normal(model, theta, spectra, weights, response)
    for _ in range(_ITERATIONS):
        diagonal = np.einsum("nii->ni", hessian[todo])
        # a parameter at its bound, pushed outwards, stands still
        now, uphill = theta[todo], gradient[todo]
        held = ((now <= low) & (uphill < 0.0)) | ((now >= high) & (uphill > 0.0))
        slope = np.where(held, 0.0, uphill)
        scale = np.sqrt(np.maximum(diagonal, 1e-300))
        free = ~(held[:, :, None] | held[:, None, :])
        unit = np.where(free, hessian[todo] / (scale[:, :, None] * scale[:, None, :]), 0.0)
        unit += np.eye(theta.shape[1]) * np.where(held, 1.0, damping[todo, None])[:, None, :]
        step = np.linalg.solve(unit, (slope / scale)[..., None])[..., 0] / scale
        trial = np.clip(theta[todo] + step, low, high)
        promised = np.einsum("ni,ni->n", step, slope)
        part = response.part(todo)
        new, new_hessian, new_gradient = _normal(model, trial, spectra[todo], weights[todo], part)
        better = new <= objective[todo]
        tiny = np.maximum(decrease, 1e-13 * objective[todo])
        done = (promised < tiny) & (better | (np.abs(new - objective[todo]) < tiny))
        stuck = damping[todo] > _STUCK
        damping[todo] = np.where(better, 0.1, 8.0) * damping[todo]
        damping[todo] = np.maximum(damping[todo], 1e-10)
        taken = todo[better]
        theta[taken], objective[taken] = trial[better], new[better]
        hessian[taken], gradient[taken] = new_hessian[better], new_gradient[better]
        converged[todo[done]] = True
        todo = todo[~(done | stuck)]
        if todo.size == 0:
            break
    return theta, converged


def _normal(
    model: LineModel, theta: Floats, spectra: Floats, weights: Floats, response: LineResponse
) -> tuple[Floats, Floats, Floats]:
    """Objective, half its second derivative (Gauss-Newton) and minus half its gradient."""
    value, by = whole(model, theta, response)
    residual = spectra - value
    weighted = by * weights[..., None]
    mean, precision = model.prior
    offset = mean - theta
    hessian = np.matmul(weighted.transpose(0, 2, 1), by) + np.diag(precision)
    gradient = np.matmul(weighted.transpose(0, 2, 1), residual[..., None])[..., 0] + precision * offset
    objective = (weights * residual**2).sum(axis=1) + (precision * offset**2).sum(axis=1)
    return objective, hessian, gradient
