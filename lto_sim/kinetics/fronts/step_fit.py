"""Least squares for the model of a front in many frames at once.

Each frame minimises ``sum w_i (v_i - f(s_i))^2 + sum ((theta_j - m_j)/tau_j)^2`` by Levenberg-Marquardt; the
frames are independent, so one batched 6 x 6 solve advances all of them. Lengths are in pixels. The priors are
Gaussian and weak: they matter only where a side of the front has hardly any pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.models import N_PARAMETERS, STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.models import FrontModel
    from lto_sim.kinetics.fronts.pixels import Pixels

__all__ = ["BatchFit", "FrontPrior", "fit_batch", "line_chi_square", "refine_start"]

_ITERATIONS: Final[int] = 80
_TOLERANCE: Final[float] = 1e-3
_GAIN: Final[float] = 1e-3
_SHARE_OF_DEVIATION: Final[float] = 0.1
_LN_WIDTH: Final[tuple[float, float]] = (np.log(0.1), np.log(8.0))
_NO_PENALTY: Final[float] = 1e-12
_SHIFTS: Final = np.arange(-2.0, 2.25, 0.5)


@dataclass(frozen=True, eq=False)
class FrontPrior:
    """Gaussian priors of all parameters but xi.

    Parameters
    ----------
    mean : Means of (xi, ln w, a, b, c, d or ln L1), shape (6,) or (n, 6); the first is not used.
    precision : 1/variance of the same, shape (6,) or (n, 6); 0 for no prior.
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BatchFit:
    """Result of :func:`fit_batch`, one row per frame.

    Parameters
    ----------
    parameters : xi, ln w, a, b, c, d or ln L1; lengths in pixels, shape (n, 6).
    covariance : Inverse curvature, with the weights at their word, shape (n, 6, 6).
    sampling : What noise alone does to the parameters while the priors stay, shape (n, 6, 6): the covariance
        where the means of the priors are true of every frame.
    chi_square : Of the data, without the priors, shape (n,).
    objective : With the priors, shape (n,).
    evidence : -2 ln of the likelihood with the parameters integrated out over their priors (Laplace), but for
        a constant of the pixels, shape (n,).
    converged : Whether the last step was small, beside a thousandth of a pixel or a tenth of the deviation,
        shape (n,).
    """

    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    sampling: NDArray[np.float64]
    chi_square: NDArray[np.float64]
    objective: NDArray[np.float64]
    evidence: NDArray[np.float64]
    converged: NDArray[np.bool_]


def refine_start(
    start: NDArray[np.float64],
    pixels: Pixels,
    width: float,
    *,
    model: FrontModel = STEP,
    shifts: NDArray[np.float64] = _SHIFTS,
    last: float = 0.0,
) -> NDArray[np.float64]:
    """Return starting parameters: the best xi of a grid around `start`, with the levels that fit there.

    Parameters
    ----------
    start : Positions of the likeliest change [pixels], shape (n,).
    pixels : Pixels of the frames.
    width : Blur [pixels].
    model : Model of the front.
    shifts : Grid around `start` [pixels].
    last : Sixth parameter.
    """
    best = np.full(start.size, np.inf)
    parameters = np.zeros((start.size, N_PARAMETERS))
    trial = parameters.copy()
    trial[:, 1], trial[:, 5] = np.log(width), last
    for shift in shifts:
        trial[:, 0] = start + shift
        share = model.parent_share(trial, pixels.s, pixels.extent)
        trial[:, 2], trial[:, 4], chi_square = _two_levels(share, pixels.values, pixels.weights)
        better = chi_square < best
        best[better] = chi_square[better]
        parameters[better] = trial[better]
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


def line_chi_square(pixels: Pixels) -> NDArray[np.float64]:
    """Return the chi-square of one straight line without a jump, shape (n,)."""
    s, values, weights = pixels.s, pixels.values, pixels.weights
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
    pixels: Pixels,
    prior: FrontPrior,
    model: FrontModel = STEP,
    iterations: int = _ITERATIONS,
) -> BatchFit:
    """Fit all frames.

    Parameters
    ----------
    start : Starting parameters, shape (n, 6).
    pixels : Pixels of the frames.
    prior : Gaussian priors.
    model : Model of the front.
    iterations : Steps at most.

    Returns
    -------
    Parameters, covariance, chi-square and convergence of each frame.
    """
    theta = start.copy()
    damping = np.full(theta.shape[0], 1e-3)
    objective, hessian, gradient, chi_square = _normal_equations(theta, pixels, prior, model)
    converged = np.zeros(theta.shape[0], dtype=bool)
    moved = np.full(theta.shape[0], np.inf)
    for _ in range(iterations):
        todo = np.flatnonzero(~converged)
        if todo.size == 0:
            break
        diagonal = np.einsum("nii->ni", hessian[todo])
        damped = hessian[todo] + np.eye(N_PARAMETERS) * (damping[todo, None] * diagonal)[:, None, :]
        step = np.linalg.solve(damped, gradient[todo][..., None])[..., 0]
        trial = _bounded(theta[todo], step, model)
        new, *rest = _normal_equations(trial, pixels.rows(todo), _part(prior, todo), model)
        accept = new <= objective[todo]
        moved[todo] = np.abs(trial - theta[todo])[:, 0]
        small = (moved[todo] < _TOLERANCE) & (np.abs(objective[todo] - new) < _GAIN)
        converged[todo] = small | (damping[todo] > 1e8)
        damping[todo] = np.clip(np.where(accept, 0.1 * damping[todo], 8.0 * damping[todo]), 1e-9, 1e9)
        taken = todo[accept]
        theta[taken], objective[taken] = trial[accept], new[accept]
        for kept, found in zip((hessian, gradient, chi_square), rest, strict=True):
            kept[taken] = found[accept]
    covariance = np.asarray(np.linalg.inv(hessian))
    converged |= moved < _SHARE_OF_DEVIATION * np.sqrt(covariance[:, 0, 0])
    precision = np.broadcast_to(prior.precision + _NO_PENALTY, theta.shape)
    sampling = covariance @ (hessian - np.eye(N_PARAMETERS) * precision[:, None, :]) @ covariance
    volume = np.linalg.slogdet(covariance)[1] + np.log(precision[:, 1:]).sum(axis=1)
    return BatchFit(theta, covariance, sampling, chi_square, objective, objective - volume, converged)


def _part(prior: FrontPrior, rows: NDArray[np.intp]) -> FrontPrior:
    return FrontPrior(prior.mean[rows], prior.precision[rows]) if prior.mean.ndim == 2 else prior


def _bounded(theta: NDArray[np.float64], step: NDArray[np.float64], model: FrontModel) -> NDArray[np.float64]:
    step = step.copy()
    step[:, 0] = np.clip(step[:, 0], -1.5, 1.5)
    step[:, 1] = np.clip(step[:, 1], -1.0, 1.0)
    if model.last_limits is not None:
        step[:, 5] = np.clip(step[:, 5], -0.5, 0.5)
    trial = theta + step
    trial[:, 1] = np.clip(trial[:, 1], *_LN_WIDTH)
    if model.last_limits is not None:
        trial[:, 5] = np.clip(trial[:, 5], *model.last_limits)
    return trial


def _normal_equations(
    theta: NDArray[np.float64], pixels: Pixels, prior: FrontPrior, model: FrontModel
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return objective, Hessian, descent direction and chi-square of each frame."""
    values, jacobian = model.evaluate(theta, pixels.s, pixels.extent)
    residual = pixels.values - values
    weighted = jacobian * pixels.weights[..., None]
    hessian = np.matmul(weighted.transpose(0, 2, 1), jacobian)
    gradient = np.matmul(weighted.transpose(0, 2, 1), residual[..., None])[..., 0]
    offset = prior.mean - theta
    hessian = hessian + np.eye(N_PARAMETERS) * (prior.precision + _NO_PENALTY)[..., None, :]
    gradient = gradient + prior.precision * offset
    chi_square = (pixels.weights * residual * residual).sum(axis=1)
    return chi_square + (prior.precision * offset**2).sum(axis=-1), hessian, gradient, chi_square
