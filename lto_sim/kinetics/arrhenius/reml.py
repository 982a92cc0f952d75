r"""Variance components by restricted maximum likelihood, and the line that goes with them.

    y = X beta + e,    cov(e) = V = sum_j theta_j Z_j Z_j' + theta_r diag(w) + diag(m),    theta >= 0

with known w and m. ``theta`` maximises the restricted likelihood -1/2 [ln|V| + ln|X'V^-1 X| + y'P y], with
P = V^-1 - V^-1 X Phi X'V^-1 and Phi = (X'V^-1 X)^-1. Its gradient is 1/2 [|Z_j'P y|^2 - tr(Z_j'P Z_j)], its
information 1/2 |Z_j'P Z_k|_F^2. Fisher scoring on the variances themselves, those at zero with a gradient
that keeps them there held, a step of expectation maximisation where scoring does not climb; several starts,
the best wins. As V is a diagonal and a few columns, so is P = diag(1/d) - Y Y' (Woodbury), and no matrix has
a row and a column for every observation. Covariances of beta carry the correction of Kenward and Roger (1997)
for estimated variances, degrees of freedom are Satterthwaite's: 2 f^2/var(f) for a variance f(theta).
Source: Searle, Casella and McCulloch, Variance Components (1992), chapters 6 and 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_VARIANCE", "Reml", "fit_reml"]

Floats = NDArray[np.float64]

LEAST_VARIANCE: Final = 1e-12
"""Least variance of the residual: a deviation of 1e-6, so that V can always be inverted."""

_NOTHING: Final = 1e-7
"""Part of the whole variance below which a component is taken as zero."""

_MOST_STEPS: Final = 200
_MOST_HALVINGS: Final = 25
_GAIN: Final = 1e-9
_SAME: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Reml:
    """Variances, coefficients and what their deviations follow from.

    Parameters
    ----------
    theta : Variances, that of the residual last, shape (m,); exactly 0 at the boundary.
    free : Which of them are off the boundary, shape (m,).
    theta_covariance : Covariance of the variances; zero for those at the boundary, shape (m, m).
    log_likelihood : Restricted log-likelihood, without constants.
    beta : Coefficients, shape (p,).
    covariance : Covariance of `beta` with the correction of Kenward and Roger, shape (p, p).
    naive : Phi, without it, shape (p, p).
    slopes : Derivatives of Phi by each variance, shape (m, p, p).
    conditional : X beta and the best linear predictions of all effects, shape (n,).
    parameters : Number of parameters that `conditional` takes up: coefficients, and effects as far as they
        are predicted.
    chi_square : Residuals about the line, weighted by the inverse of V.
    """

    theta: Floats
    free: NDArray[np.bool_]
    theta_covariance: Floats
    log_likelihood: float
    beta: Floats
    covariance: Floats
    naive: Floats
    slopes: Floats
    conditional: Floats
    parameters: float
    chi_square: float

    def variance(self, contrast: Floats) -> float:
        """Variance of ``contrast @ beta``."""
        return max(float(contrast @ self.covariance @ contrast), 0.0)

    def dof(self, contrast: Floats, extra: Floats | None = None, known: float = 0.0) -> float:
        """Satterthwaite's degrees of freedom of a variance; infinite where nothing of it was estimated.

        At least 1: no variance is estimated from less than one difference.

        Parameters
        ----------
        contrast : The variance is that of ``contrast @ beta``, shape (p,),
        extra : and ``extra @ theta``, shape (m,),
        known : and a number.
        """
        value = float(contrast @ self.naive @ contrast) + known
        gradient = np.einsum("i,mij,j->m", contrast, self.slopes, contrast)
        if extra is not None:
            value += float(extra @ self.theta)
            gradient = gradient + extra
        spread = float(gradient @ self.theta_covariance @ gradient)
        return max(2.0 * value * value / spread, 1.0) if spread > 1e-14 * value * value else math.inf


@dataclass(frozen=True, eq=False)
class _State:
    """Everything at one theta."""

    theta: Floats
    log_likelihood: float
    gradient: Floats
    information: Floats
    phi: Floats
    weighted_design: Floats  # V^-1 X
    diagonal: Floats  # d
    half: Floats  # V^-1 = diag(1/d) - half half'
    projected: Floats  # P y
    own: Floats  # diagonal of P

    def solve(self, values: Floats) -> Floats:
        """Return V^-1 values, shape (n, any)."""
        return np.asarray(values / self.diagonal[:, None] - self.half @ (self.half.T @ values))


@dataclass(frozen=True, eq=False)
class _Problem:
    y: Floats
    design: Floats
    factors: Floats  # all Z_j side by side
    starts: NDArray[np.intp]  # first column of each Z_j
    sizes: NDArray[np.intp]  # columns of each Z_j
    residual: Floats  # w
    known: Floats  # m
    floor: Floats
    held: NDArray[np.bool_]

    def at(self, theta: Floats) -> _State:
        diagonal = theta[-1] * self.residual + self.known
        scaled = self.factors * np.sqrt(np.repeat(theta[:-1], self.sizes))
        inner = np.eye(scaled.shape[1]) + scaled.T @ (scaled / diagonal[:, None])
        lower = np.linalg.cholesky(inner)
        half = np.linalg.solve(lower, (scaled / diagonal[:, None]).T).T
        weighted = self.design / diagonal[:, None] - half @ (half.T @ self.design)
        normal = self.design.T @ weighted
        phi = np.asarray(np.linalg.inv(normal), dtype=np.float64)
        both = np.concatenate([half, weighted @ np.linalg.cholesky(0.5 * (phi + phi.T))], axis=1)  # Y
        own = 1.0 / diagonal - (both**2).sum(axis=1)
        projected = self.y / diagonal - both @ (both.T @ self.y)
        spread = self.factors / diagonal[:, None] - both @ (both.T @ self.factors)  # P Z
        determinant = float(np.log(diagonal).sum() + 2.0 * np.log(np.diag(lower)).sum())
        determinant += float(np.linalg.slogdet(normal)[1])
        return _State(
            theta=theta,
            log_likelihood=-0.5 * (determinant + float(self.y @ projected)),
            gradient=0.5 * (self._scores(projected) - self._traces(spread, own)),
            information=0.5 * self._squares(spread, both, diagonal),
            phi=phi,
            weighted_design=weighted,
            diagonal=diagonal,
            half=half,
            projected=projected,
            own=own,
        )

    def _scores(self, projected: Floats) -> Floats:
        """|Z_j'P y|^2, and that of the residual."""
        of_effects = self._sums((self.factors.T @ projected) ** 2)
        return np.append(of_effects, self.residual @ projected**2)

    def _traces(self, spread: Floats, own: Floats) -> Floats:
        """tr(Z_j'P Z_j), and that of the residual."""
        return np.append(self._sums((self.factors * spread).sum(axis=0)), self.residual @ own)

    def _squares(self, spread: Floats, both: Floats, diagonal: Floats) -> Floats:
        """|Z_j'P Z_k|_F^2; for the residual sum_il w_i w_l P_il^2, written out with P = diag(1/d) - Y Y'."""
        weight = self.residual
        of_effects = self._sums(self._sums((self.factors.T @ spread) ** 2).T)
        mixed = self._sums(weight @ spread**2)
        alone = (weight**2 / diagonal * (1.0 / diagonal - 2.0 * (both**2).sum(axis=1))).sum()
        alone += float(np.sum((both.T @ (weight[:, None] * both)) ** 2))
        return np.block([[of_effects, mixed[:, None]], [mixed[None, :], np.array([[alone]])]])

    def _sums(self, columns: Floats) -> Floats:
        """Sum the last axis over the columns of each Z_j."""
        if not self.sizes.size:
            return columns[..., :0]
        return np.asarray(np.add.reduceat(columns, self.starts, axis=-1))

    def climb(self, theta: Floats) -> _State:
        state = self.at(np.maximum(theta, self.floor))
        for _ in range(_MOST_STEPS):
            free = ((state.theta > self.floor) | (state.gradient > 0.0)) & ~self.held
            if not free.any():
                break
            step = np.zeros_like(state.theta)
            part = state.information[np.ix_(free, free)]
            step[free] = np.linalg.lstsq(part, state.gradient[free], rcond=1e-12)[0]
            if float(state.gradient @ step) < _GAIN:
                break
            better = self._search(state, step)
            if better is None:  # where a variance is zero, so is this step
                groups = np.append(self.sizes, self.y.size)
                expectation = 2.0 * state.theta**2 * state.gradient / groups
                better = self._search(state, expectation)
            if better is None:
                break
            gain = better.log_likelihood - state.log_likelihood
            state = better
            if gain < _GAIN:
                break
        return state

    def _search(self, state: _State, step: Floats) -> _State | None:
        """Return a state that is higher along a step, bent where it would leave the allowed range."""
        for _ in range(_MOST_HALVINGS):
            trial = np.maximum(state.theta + step, self.floor)
            if np.array_equal(trial, state.theta):
                return None
            found = self.at(trial)
            if found.log_likelihood > state.log_likelihood:
                return found
            step = 0.5 * step
        return None


def fit_reml(
    y: Floats,
    design: Floats,
    factors: Sequence[Floats],
    residual: Floats,
    known: Floats,
    *,
    held: NDArray[np.bool_] | None = None,
    guess: Floats | None = None,
) -> Reml:
    """Estimate the variances and the coefficients.

    Parameters
    ----------
    y : Observations, shape (n,).
    design : X, of full column rank, shape (n, p), p < n.
    factors : Z_j, shape (n, q_j).
    residual : Relative variances w of the residual, > 0, shape (n,).
    known : Known variances m, >= 0, shape (n,).
    held : Components whose variance is held at zero, never the residual's, shape (m,); None for none.
    guess : Variances to begin from, where they are nearly known; None for several starts.
    """
    sizes = np.array([factor.shape[1] for factor in factors], dtype=np.intp)
    floor = np.zeros(sizes.size + 1)
    floor[-1] = LEAST_VARIANCE
    at_zero = np.zeros(floor.size, dtype=bool) if held is None else held
    problem = _Problem(
        y=y,
        design=design,
        factors=np.concatenate([np.zeros((y.size, 0)), *factors], axis=1),
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        residual=residual,
        known=known,
        floor=floor,
        held=at_zero,
    )
    first, *others = (
        problem.climb(np.where(at_zero, 0.0, start))
        for start in (_starts(problem) if guess is None else [guess])
    )
    best = first
    for state in others:
        if state.log_likelihood > best.log_likelihood + _SAME:
            best = state
    return _finished(problem, best)


def _starts(problem: _Problem) -> list[Floats]:
    """Variances to begin from: all alike, and most or least of the scatter about the line in the residual."""
    y, design = problem.y, problem.design
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    scatter = max(float(rest @ rest) / (y.size - design.shape[1]), LEAST_VARIANCE)
    scale = scatter / _mean_variances(problem)
    count = scale.size
    shares = [np.full(count, 1.0 / count), np.full(count, 0.1 / count), np.full(count, 0.9 / count)]
    shares[1][-1], shares[2][-1] = 0.9, 0.1
    return [share * scale for share in shares]


def _mean_variances(problem: _Problem) -> Floats:
    """Mean over the observations of the variance that each component gives at theta = 1."""
    of_effects = np.array([*problem._sums((problem.factors**2).sum(axis=0))])
    return np.append(of_effects / problem.y.size, problem.residual.mean())


def _finished(problem: _Problem, state: _State) -> Reml:
    parts = state.theta * _mean_variances(problem)
    whole = float(parts.sum()) + float(problem.known.mean())
    free = (state.theta > problem.floor * 1.01) & (parts > _NOTHING * whole)
    theta = np.where(free, state.theta, problem.floor)
    state = problem.at(theta)
    weighted = state.weighted_design
    spread = problem.factors.T @ weighted
    moved = [  # K_j V^-1 X
        problem.factors[:, start : start + size] @ spread[start : start + size]
        for start, size in zip(problem.starts, problem.sizes, strict=True)
    ]
    moved.append(problem.residual[:, None] * weighted)
    theta_covariance = np.zeros((theta.size, theta.size))
    if free.any():
        inner = np.ix_(free, free)
        theta_covariance[inner] = np.linalg.pinv(state.information[inner], hermitian=True)
    first = [weighted.T @ part for part in moved]
    middle = np.zeros_like(state.phi)
    for i, j in zip(*np.nonzero(theta_covariance), strict=True):
        second = moved[i].T @ state.solve(moved[j]) - first[i] @ state.phi @ first[j]
        middle += theta_covariance[i, j] * second
    correction = 2.0 * state.phi @ middle @ state.phi
    beta = state.phi @ (weighted.T @ problem.y)
    line = problem.design @ beta
    rest = (problem.y - line)[:, None]
    every = np.repeat(theta[:-1], problem.sizes) * (problem.factors.T @ state.projected)
    return Reml(
        theta=np.where(free, theta, 0.0),
        free=free,
        theta_covariance=theta_covariance,
        log_likelihood=state.log_likelihood,
        beta=beta,
        covariance=state.phi + 0.5 * (correction + correction.T),
        naive=state.phi,
        slopes=np.stack([state.phi @ part @ state.phi for part in first]),
        conditional=line + problem.factors @ every,
        parameters=problem.y.size - float(state.diagonal @ state.own),
        chi_square=float((rest * state.solve(rest)).sum()),
    )
