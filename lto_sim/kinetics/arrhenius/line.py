"""The plain Arrhenius line, one rate constant a point.

``ln k = ln k0 - Ea / (k_B T)``, a straight line in 1/T. The line is centred on the weighted mean of 1/T, so
that slope and level are uncorrelated and the normal equations are exact. Three ways to weight:

- no ``k_std``: all points alike, the scatter about the line gives the error;
- ``k_std`` with ``absolute_sigma=True``: the bars at their word, ``sigma(ln k) = k_std / k``;
- ``k_std`` with ``absolute_sigma=False``: the bars as relative weights, scaled by the reduced chi-square.

Bands and intervals use Student's t with ``n - 2`` degrees of freedom, also with bars at their word (wider).

Source: S. Arrhenius, Z. Phys. Chem. 4 (1889) 226 (the law); weighted least squares.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.observations import BOLTZMANN_EV, Observations, temperatures
from lto_sim.kinetics.arrhenius.robust import Fitted, pseudo_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["ArrheniusFit", "fit_line", "pre_exponential", "quantile"]

_LARGEST_LN_K0: Final = 700.0


@dataclass(frozen=True, eq=False)
class ArrheniusFit:
    """Straight line in ln k against 1/T, of n points.

    Parameters
    ----------
    Ea_eV, Ea_eV_std : Activation energy and its standard deviation [eV].
    k0 : Pre-exponential factor [unit of k].
    ln_k0_std : Standard deviation of ln k0 [1].
    covariance : Covariance of (ln k0, Ea [eV]), shape (2, 2).
    dof : Degrees of freedom of Ea [1]: n - 2, or Satterthwaite's where variances are estimated.
    reduced_chi_square : Sum of squared weighted residuals per degree of freedom [1] (with no ``k_std``: the
        residual variance of ln k).
    residuals : ln k minus the line [1], shape (n,).
    temperature : Temperatures [K], shape (n,).
    k, k_std : The data as given, in the unit of k, shape (n,); ``k_std`` may be None.
    scatter : Variance of ln k of one point about the line [1], mean over the points.
    weights : Of a robust fit [1], 1 for points left in place, shape (n,); else None.
    data : The data of the whole fit, with their labels.
    recipe : The same fit of other data.
    """

    Ea_eV: float
    Ea_eV_std: float
    k0: float
    ln_k0_std: float
    covariance: NDArray[np.float64]
    dof: float
    reduced_chi_square: float
    residuals: NDArray[np.float64]
    temperature: NDArray[np.float64]
    k: NDArray[np.float64]
    k_std: NDArray[np.float64] | None
    scatter: float
    weights: NDArray[np.float64] | None
    data: Observations = field(repr=False)
    recipe: Callable[[Observations], ArrheniusFit] = field(repr=False)

    def predict(self, temperature: ArrayLike) -> NDArray[np.float64]:
        """Return k on the line at `temperature` [K], in the unit of k, elementwise."""
        return _exponential(self._ln_k(temperatures(temperature)))

    def band(
        self, temperature: ArrayLike, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper confidence band of the line at `temperature` [K].

        Parameters
        ----------
        temperature : Temperatures [K], of any shape.
        level : Confidence of the band at each single temperature, between 0 and 1.

        Returns
        -------
        tuple of ndarray
            Lower and upper end, in the unit of k, in the shape of `temperature`.
        """
        return self._around(temperature, partial(self._half_width, level=level))

    def prediction_band(
        self, temperature: ArrayLike, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the band that holds a new measurement at `temperature` [K] with this probability.

        The new point scatters as the old ones do on average.

        Parameters
        ----------
        temperature : Temperatures [K], of any shape.
        level : Probability at each single temperature, between 0 and 1.

        Returns
        -------
        tuple of ndarray
            Lower and upper end, in the unit of k, in the shape of `temperature`.
        """
        return self._around(temperature, partial(self._prediction_half_width, level=level))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Student confidence interval of Ea [eV], with probability `level`, 0 to 1."""
        half_width = quantile(level, self.dof) * self.Ea_eV_std
        return self.Ea_eV - half_width, self.Ea_eV + half_width

    def without(self, low: float, high: float) -> ArrheniusFit:
        """Return the fit without the points from `low` [K] to `high` [K], both included.

        Raises
        ------
        InputError
            What is left does not make a line.
        """
        kelvin = self.data.kelvin
        return self.recipe(self.data.chosen(~((kelvin >= low) & (kelvin <= high))))

    def with_rates(self, k: NDArray[np.float64]) -> ArrheniusFit:
        """Return the fit with other rate constants `k`, (n,), in that unit; relative deviations stay."""
        return self.recipe(self.data.with_rates(k, np.ones(self.data.rate.size, dtype=bool)))

    def _around(
        self, temperature: ArrayLike, half_width: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        kelvin = temperatures(temperature)
        ln_k, width = self._ln_k(kelvin), half_width(kelvin)
        return _exponential(ln_k - width), _exponential(ln_k + width)

    def _ln_k(self, kelvin: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(math.log(self.k0) - self.Ea_eV / (BOLTZMANN_EV * kelvin))

    def _variance(self, kelvin: NDArray[np.float64]) -> NDArray[np.float64]:
        gradient = np.stack([np.ones_like(kelvin), -1.0 / (BOLTZMANN_EV * kelvin)], axis=-1)
        variance = np.einsum("...i,ij,...j->...", gradient, self.covariance, gradient)
        return np.asarray(np.maximum(variance, 0.0))

    def _half_width(self, kelvin: NDArray[np.float64], level: float) -> NDArray[np.float64]:
        return np.asarray(quantile(level, self.dof) * np.sqrt(self._variance(kelvin)))

    def _prediction_half_width(self, kelvin: NDArray[np.float64], level: float) -> NDArray[np.float64]:
        return np.asarray(quantile(level, self.dof) * np.sqrt(self._variance(kelvin) + self.scatter))


def _exponential(ln_k: Floats) -> Floats:
    """Return k, held within what a floating-point number can be."""
    return np.asarray(np.exp(np.clip(ln_k, -_LARGEST_LN_K0, _LARGEST_LN_K0)), dtype=np.float64)


def quantile(level: float, dof: float) -> float:
    """Return Student's two-sided quantile; a dof that is infinite gives the normal one.

    Raises
    ------
    InputError
        A level outside (0, 1).
    """
    if not 0.0 < level < 1.0:
        raise InputError("level", level, "between 0 and 1", "use 0.95")
    return float(stats.t.ppf(0.5 + 0.5 * level, dof) if dof < 1e8 else stats.norm.ppf(0.5 + 0.5 * level))


def pre_exponential(ln_k0: float) -> float:
    """Return k0.

    Raises
    ------
    InputError
        One that no floating-point number holds.
    """
    if abs(ln_k0) > _LARGEST_LN_K0:
        raise InputError(
            "k", f"ln k0 = {ln_k0:.4g}", f"|ln k0| below {_LARGEST_LN_K0:g}",
            "check the temperatures and their unit: they may be too close together",
        )  # fmt: skip
    return math.exp(ln_k0)


def fit_line(data: Observations, *, absolute_sigma: bool = True, robust: bool = False) -> ArrheniusFit:
    """Fit Ea and k0 to one line, every point on its own.

    Parameters
    ----------
    data : Checked data; labels have no effect.
    absolute_sigma : Take the deviations at their word; else scale them by the reduced chi-square.
    robust : Bend points that lie far off; deviations then are relative weights.
    """
    ln_k = np.log(data.rate)
    relative = data.relative_std
    weight = np.ones_like(ln_k) if relative is None else relative**-2
    weights = None
    values = ln_k
    if robust:

        def fitted(y: Floats) -> Fitted:
            line = _weighted(data.inverse, y, weight)
            return Fitted(y - line.residuals, line.reduced / weight, np.zeros_like(y), 2.0)

        values, weights = pseudo_values(ln_k, fitted)
    line = _weighted(data.inverse, values, weight)
    at_their_word = relative is not None and absolute_sigma and not robust
    scale = 1.0 if at_their_word else line.reduced
    variance_Ea = scale / line.spread
    variance_ln_k0 = scale / float(weight.sum()) + line.centre**2 * variance_Ea
    shared = line.centre * variance_Ea
    return ArrheniusFit(
        Ea_eV=line.Ea,
        Ea_eV_std=math.sqrt(variance_Ea),
        k0=pre_exponential(line.level + line.Ea * line.centre),
        ln_k0_std=math.sqrt(variance_ln_k0),
        covariance=np.array([[variance_ln_k0, shared], [shared, variance_Ea]]),
        dof=data.kelvin.size - 2,
        reduced_chi_square=line.reduced,
        residuals=line.residuals + (ln_k - values),
        temperature=data.kelvin,
        k=data.rate,
        k_std=data.rate_std,
        scatter=scale * float(np.mean(1.0 / weight)),
        weights=weights,
        data=data,
        recipe=partial(fit_line, absolute_sigma=absolute_sigma, robust=robust),
    )


@dataclass(frozen=True, eq=False)
class _Line:
    Ea: float
    level: float
    centre: float
    spread: float
    reduced: float
    residuals: NDArray[np.float64]


def _weighted(inverse: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> _Line:
    total = float(weight.sum())
    centre = float((weight * inverse).sum()) / total
    level = float((weight * y).sum()) / total
    spread = float((weight * (inverse - centre) ** 2).sum())
    Ea = -float((weight * (inverse - centre) * (y - level)).sum()) / spread
    residuals = y - (level - Ea * (inverse - centre))
    reduced = float((weight * residuals**2).sum()) / (y.size - 2)
    return _Line(Ea, level, centre, spread, reduced, residuals)
