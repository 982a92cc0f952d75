"""Least squares for the blurred step in many frames at once.

Each frame minimises ``sum w_i (v_i - f(s_i))^2 + sum ((theta_j - m_j)/tau_j)^2`` by Levenberg-Marquardt; the
frames are independent, so one batched 6 x 6 solve advances all of them. Lengths are in pixels. The priors are
Gaussian and weak: they matter only where a side of the front has hardly any pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.step_model import N_PARAMETERS, basis, model_and_gradient

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BatchFit", "StepPrior", "fit_batch", "line_chi_square", "refine_start"]

_ITERATIONS: Final[int] = 80
_TOLERANCE: Final[float] = 1e-3
_GAIN: Final[float] = 1e-3
_LN_WIDTH: Final[tuple[float, float]] = (np.log(0.1), np.log(8.0))
_NO_PENALTY: Final[float] = 1e-12


@dataclass(frozen=True, eq=False)
class StepPrior:
    """Gaussian priors of ln w, a, b, c, d; xi has none.

    Parameters
    ----------
    mean : Means of (xi, ln w, a, b, c, d), shape (6,) or (n, 6); the first is not used.
    precision : 1/variance of the same, shape (6,) or (n, 6); 0 for no prior.
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BatchFit:
    """Result of :func:`fit_batch`, one row per frame.

    Parameters
    ----------
    parameters : xi, ln w, a, b, c, d; lengths in pixels, shape (n, 6).
    covariance : Inverse curvature, with the weights at their word, shape (n, 6, 6).
    chi_square : Of the data, without the priors, shape (n,).
    converged : Whether the last step was small, shape (n,).
    """

    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    chi_square: NDArray[np.float64]
    converged: NDArray[np.bool_]


def refine_start(
    start: NDArray[np.float64],
    s: NDArray[np.float64],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    width: float,
) -> NDArray[np.float64]:
    """Return starting parameters: the best xi of a grid around `start`, with the levels that fit there."""
    best = np.full(start.size, np.inf)
    parameters = np.zeros((start.size, N_PARAMETERS))
    parameters[:, 1] = np.log(width)
    for shift in np.arange(-2.0, 2.25, 0.5):
        xi = start + shift
        step = basis(s - xi[:, None], np.full((start.size, 1), width), 1.0)[0]
        low, high, chi_square = _two_levels(step, values, weights)
        better = chi_square < best
        best[better] = chi_square[better]
        parameters[better, 0] = xi[better]
        parameters[better, 2] = low[better]
        parameters[better, 4] = high[better]
    return parameters


def _two_levels(
    step: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    left = 1.0 - step
    m_ll = (weights * left * left).sum(axis=1)
    m_lr = (weights * left * step).sum(axis=1)
    m_rr = (weights * step * step).sum(axis=1)
    v_l = (weights * left * values).sum(axis=1)
    v_r = (weights * step * values).sum(axis=1)
    ridge = 1e-6 * (m_ll + m_rr) + np.finfo(float).tiny
    m_ll, m_rr = m_ll + ridge, m_rr + ridge
    determinant = m_ll * m_rr - m_lr * m_lr
    low = (v_l * m_rr - v_r * m_lr) / determinant
    high = (v_r * m_ll - v_l * m_lr) / determinant
    residual = values - low[:, None] * left - high[:, None] * step
    return low, high, (weights * residual * residual).sum(axis=1)


def line_chi_square(
    s: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the chi-square of one straight line without a jump, shape (n,)."""
    total = weights.sum(axis=1)
    total = np.where(total > 0.0, total, 1.0)
    mean_s = (weights * s).sum(axis=1) / total
    mean_v = (weights * values).sum(axis=1) / total
    ds, dv = s - mean_s[:, None], values - mean_v[:, None]
    spread = (weights * ds * ds).sum(axis=1)
    slope = (weights * ds * dv).sum(axis=1) / np.where(spread > 0.0, spread, 1.0)
    residual = dv - slope[:, None] * ds
    return np.asarray((weights * residual * residual).sum(axis=1))


def fit_batch(
    start: NDArray[np.float64],
    s: NDArray[np.float64],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: StepPrior,
) -> BatchFit:
    """Fit all frames.

    Parameters
    ----------
    start : Starting parameters, shape (n, 6).
    s : Distances of the pixels [pixels], shape (n, m).
    values : Map values, shape (n, m).
    weights : 1/sigma^2, 0 where a pixel is not used, shape (n, m).
    prior : Gaussian priors.

    Returns
    -------
    Parameters, covariance, chi-square and convergence of each frame.
    """
    theta = start.copy()
    damping = np.full(theta.shape[0], 1e-3)
    objective, hessian, gradient, _ = _normal_equations(theta, s, values, weights, prior)
    converged = np.zeros(theta.shape[0], dtype=bool)
    for _ in range(_ITERATIONS):
        todo = np.flatnonzero(~converged)
        if todo.size == 0:
            break
        diagonal = np.einsum("nii->ni", hessian[todo])
        damped = hessian[todo] + np.eye(N_PARAMETERS) * (damping[todo, None] * diagonal)[:, None, :]
        step = np.linalg.solve(damped, gradient[todo][..., None])[..., 0]
        trial = _bounded(theta[todo], step)
        part = _part(prior, todo)
        new, new_hessian, new_gradient, _ = _normal_equations(
            trial, s[todo], values[todo], weights[todo], part
        )
        accept = new <= objective[todo]
        small = (np.abs(trial - theta[todo])[:, 0] < _TOLERANCE) & (np.abs(objective[todo] - new) < _GAIN)
        converged[todo] = small | (damping[todo] > 1e8)
        damping[todo] = np.clip(np.where(accept, 0.1 * damping[todo], 8.0 * damping[todo]), 1e-9, 1e9)
        taken = todo[accept]
        theta[taken], objective[taken] = trial[accept], new[accept]
        hessian[taken], gradient[taken] = new_hessian[accept], new_gradient[accept]
    chi_square = _normal_equations(theta, s, values, weights, prior)[3]
    return BatchFit(theta, np.asarray(np.linalg.inv(hessian)), chi_square, converged)


def _part(prior: StepPrior, rows: NDArray[np.intp]) -> StepPrior:
    return StepPrior(prior.mean[rows], prior.precision[rows]) if prior.mean.ndim == 2 else prior


def _bounded(theta: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    step = step.copy()
    step[:, 0] = np.clip(step[:, 0], -1.5, 1.5)
    step[:, 1] = np.clip(step[:, 1], -1.0, 1.0)
    trial = theta + step
    trial[:, 1] = np.clip(trial[:, 1], *_LN_WIDTH)
    return trial


def _normal_equations(
    theta: NDArray[np.float64],
    s: NDArray[np.float64],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: StepPrior,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    model, jacobian = model_and_gradient(theta, s, 1.0)
    residual = values - model
    weighted = jacobian * weights[..., None]
    hessian = np.matmul(weighted.transpose(0, 2, 1), jacobian)
    gradient = np.matmul(weighted.transpose(0, 2, 1), residual[..., None])[..., 0]
    offset = prior.mean - theta
    hessian = hessian + np.eye(N_PARAMETERS) * (prior.precision + _NO_PENALTY)[..., None, :]
    gradient = gradient + prior.precision * offset
    chi_square = (weights * residual * residual).sum(axis=1)
    return chi_square + (prior.precision * offset**2).sum(axis=-1), hessian, gradient, chi_square
