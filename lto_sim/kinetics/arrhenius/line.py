"""Activation energy from rate constants over temperature.

``ln k = ln k0 - Ea / (k_B T)``, a straight line in 1/T. The line is centred on the weighted mean of 1/T, so
that slope and level are uncorrelated and the normal equations are exact. Three ways to weight:

- no ``k_std``: all points alike, the scatter about the line gives the error;
- ``k_std`` with ``absolute_sigma=True``: the bars at their word, ``sigma(ln k) = k_std / k``;
- ``k_std`` with ``absolute_sigma=False``: the bars as relative weights, scaled by the reduced chi-square.

Bands and intervals use Student's t with ``n - 2`` degrees of freedom, also with bars at their word (wider).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ArrheniusFit", "fit_arrhenius"]

_HOTTEST = 1e5
_LEAST = 1e-100
_BOLTZMANN_EV = BOLTZMANN / ELEMENTARY_CHARGE


@dataclass(frozen=True, eq=False)
class ArrheniusFit:
    """Straight line in ln k against 1/T.

    Parameters
    ----------
    Ea_eV, Ea_eV_std : Activation energy and its standard deviation [eV].
    k0 : Pre-exponential factor [unit of k].
    ln_k0_std : Standard deviation of ln k0.
    covariance : Covariance of (ln k0, Ea [eV]), shape (2, 2).
    dof : Degrees of freedom, n - 2.
    reduced_chi_square : Sum of squared weighted residuals per degree of freedom (with no ``k_std``: the
        residual variance of ln k).
    residuals : ln k minus the line, shape (n,).
    temperature : Temperatures [K].
    k, k_std : The data as given; ``k_std`` may be None.
    """

    Ea_eV: float
    Ea_eV_std: float
    k0: float
    ln_k0_std: float
    covariance: NDArray[np.float64]
    dof: int
    reduced_chi_square: float
    residuals: NDArray[np.float64]
    temperature: NDArray[np.float64]
    k: NDArray[np.float64]
    k_std: NDArray[np.float64] | None

    def predict(self, temperature: ArrayLike) -> NDArray[np.float64]:
        """Return k on the line at `temperature` [K], in the unit of k."""
        return np.asarray(np.exp(self._ln_k(_temperatures(temperature))), dtype=np.float64)

    def band(
        self, temperature: ArrayLike, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper confidence band of the line at `temperature` [K].

        Parameters
        ----------
        temperature : Temperatures [K].
        level : Confidence of the band at each single temperature, between 0 and 1.
        """
        kelvin = _temperatures(temperature)
        gradient = np.stack([np.ones_like(kelvin), -1.0 / (_BOLTZMANN_EV * kelvin)], axis=-1)
        variance = np.einsum("...i,ij,...j->...", gradient, self.covariance, gradient)
        half_width = self._quantile(level) * np.sqrt(np.maximum(variance, 0.0))
        ln_k = self._ln_k(kelvin)
        return np.exp(ln_k - half_width), np.exp(ln_k + half_width)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Student confidence interval of Ea [eV]."""
        half_width = self._quantile(level) * self.Ea_eV_std
        return self.Ea_eV - half_width, self.Ea_eV + half_width

    def _ln_k(self, kelvin: NDArray[np.float64]) -> NDArray[np.float64]:
        return math.log(self.k0) - self.Ea_eV / (_BOLTZMANN_EV * kelvin)

    def _quantile(self, level: float) -> float:
        if not 0.0 < level < 1.0:
            raise InputError("level", level, "between 0 and 1", "use 0.95")
        return float(stats.t.ppf(0.5 + 0.5 * level, self.dof))


def fit_arrhenius(
    temperature: ArrayLike, k: ArrayLike, k_std: ArrayLike | None = None, *, absolute_sigma: bool = True
) -> ArrheniusFit:
    """Fit Ea and k0 to rate constants over temperature.

    Parameters
    ----------
    temperature : Temperatures [K], at least three points and two distinct values.
    k : Rate constants, > 0, in any one unit (k0 comes out in it).
    k_std : Standard deviations in the unit of `k`, > 0; None weights all points alike.
    absolute_sigma : Take `k_std` at its word; False scales by the reduced chi-square. No effect without
        `k_std`.

    Returns
    -------
    The fitted line with covariance, residuals and bands.

    Raises
    ------
    InputError
        Fewer than three points, one temperature only, unequal lengths, values not finite or not positive.
    """
    kelvin, rate, rate_std = _checked(temperature, k, k_std)
    ln_k = np.log(rate)
    weight = np.ones_like(ln_k) if rate_std is None else (rate / rate_std) ** 2
    inverse = 1.0 / (_BOLTZMANN_EV * kelvin)
    total = float(weight.sum())
    centre = float((weight * inverse).sum()) / total
    level = float((weight * ln_k).sum()) / total
    spread = float((weight * (inverse - centre) ** 2).sum())
    Ea = -float((weight * (inverse - centre) * (ln_k - level)).sum()) / spread
    residuals = ln_k - (level - Ea * (inverse - centre))
    dof = kelvin.size - 2
    reduced = float((weight * residuals**2).sum()) / dof
    scale = 1.0 if rate_std is not None and absolute_sigma else reduced
    variance_Ea = scale / spread
    variance_ln_k0 = scale / total + centre**2 * variance_Ea
    covariance = np.array([[variance_ln_k0, centre * variance_Ea], [centre * variance_Ea, variance_Ea]])
    return ArrheniusFit(
        Ea_eV=Ea,
        Ea_eV_std=math.sqrt(variance_Ea),
        k0=math.exp(level + Ea * centre),
        ln_k0_std=math.sqrt(variance_ln_k0),
        covariance=covariance,
        dof=dof,
        reduced_chi_square=reduced,
        residuals=residuals,
        temperature=kelvin,
        k=rate,
        k_std=rate_std,
    )


def _temperatures(temperature: ArrayLike) -> NDArray[np.float64]:
    kelvin = np.asarray(temperature, dtype=np.float64)
    wrong = kelvin[~(np.isfinite(kelvin) & (kelvin > 0.0) & (kelvin < _HOTTEST))]
    if wrong.size:
        raise InputError(
            "temperature", float(wrong[0]), f"> 0 K, below {_HOTTEST:g} K", "check value and unit"
        )
    return kelvin


def _positive(field: str, values: ArrayLike, size: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,):
        raise InputError(
            field, array.shape, f"one value per temperature, shape ({size},)", "match the lengths"
        )
    wrong = array[~((array > _LEAST) & (array < 1.0 / _LEAST))]
    if wrong.size:
        allowed = f"> 0, from {_LEAST:g} to {1.0 / _LEAST:g}"
        raise InputError(field, float(wrong[0]), allowed, "leave out the points that have no value")
    return array


def _checked(
    temperature: ArrayLike, k: ArrayLike, k_std: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    kelvin = _temperatures(temperature)
    if kelvin.ndim != 1 or kelvin.size < 3:
        raise InputError(
            "temperature",
            kelvin.shape,
            "at least three points in one dimension",
            "add temperatures: two leave no scatter",
        )
    if np.ptp(kelvin) <= 1e-9 * kelvin.max():
        raise InputError(
            "temperature", temperature, "at least two distinct values", "add a second temperature"
        )
    rate = _positive("k", k, kelvin.size)
    return kelvin, rate, None if k_std is None else _positive("k_std", k_std, kelvin.size)
