"""Lines in ln k whose points share particles, profiles and temperatures.

    ln k = ln k0 - Ea/(k_B T) + particle + profile + temperature (+ own Ea) + residual + measurement

The variances of the effects come from restricted maximum likelihood (``reml``); those of the measurement are
``(k_std/k)^2``. One variance of each kind serves all temperatures and directions. Intervals are Student's
with Satterthwaite's degrees of freedom. An effect that the points of one particle share at all temperatures
widens the interval of k0 and hardly that of Ea; one that all particles share at a temperature widens that of
Ea.

Whether there is any of the latter, a few temperatures tell badly, and a variance that cannot be negative is
on average too large where there is none. Unless asked for it is therefore counted only where it raises twice
the log-likelihood by 0.05. With six temperatures and seven profiles 95 % intervals of Ea then hold the truth
in 0.942 to 0.967 whatever that scatter is, with a median width of 1.12 times the true one where it is zero;
without the threshold in 0.948 to 0.970 and with 1.17 times, with one of 2 in 0.886 to 0.953.

Sources: S. R. Searle, G. Casella and C. E. McCulloch, Variance Components (1992), chapters 6 and 8;
F. E. Satterthwaite, Biometrics Bull. 2 (1946) 110.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.effects import Effect, chosen_effects, design_matrix
from lto_sim.kinetics.arrhenius.line import ArrheniusFit, pre_exponential, quantile
from lto_sim.kinetics.arrhenius.observations import BOLTZMANN_EV, Observations
from lto_sim.kinetics.arrhenius.reml import LEAST_VARIANCE, Reml, fit_reml
from lto_sim.kinetics.arrhenius.robust import Fitted, pseudo_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Component", "HierarchicalFit", "lines_of"]

Floats = NDArray[np.float64]

_ASKED_FOR: Final = 0.05
"""Twice the gain in log-likelihood from which on a scatter common to a temperature is counted."""


@dataclass(frozen=True)
class Component:
    """Scatter of one kind.

    Parameters
    ----------
    name : ``particle``, ``profile``, ``temperature``, ``own Ea`` or ``residual``.
    std : Standard deviation, of ln k [1] or, of ``own Ea``, of Ea [eV]; 0 where the data ask for none.
    variance_std : Standard deviation of the variance, in units of `std` squared; NaN where that is at zero.
    groups : Number of groups that it was estimated from.
    """

    name: str
    std: float
    variance_std: float
    groups: int


@dataclass(frozen=True, eq=False, kw_only=True)
class HierarchicalFit(ArrheniusFit):
    """A line with variance components.

    It has all that an :class:`ArrheniusFit` has, and the parameters below.

    Parameters
    ----------
    components : The scatter of each kind that was fitted, the residual last.
    measurement_std : Root mean square of the known deviations of ln k [1]; 0 where there are none.
    notes : What the data cannot tell, in words.
    reml : The estimate behind it, of all lines together.
    variant : The same fit of other data, options given by name.
    position : Number of this line among them.
    centre : 1/(k_B T) [1/eV] at which levels and own activation energies are taken.
    """

    components: tuple[Component, ...]
    measurement_std: float
    notes: tuple[str, ...]
    reml: Reml = field(repr=False)
    variant: Callable[..., HierarchicalFit] = field(repr=False)
    position: int
    centre: float

    def component(self, name: str) -> Component | None:
        """Return the scatter of the kind `name`, None where it was not fitted."""
        return next((entry for entry in self.components if entry.name == name), None)

    def prediction_band(
        self,
        temperature: ArrayLike,
        level: float = 0.95,
        *,
        of: Literal["measurement", "particle"] = "measurement",
    ) -> tuple[Floats, Floats]:
        """Return the band that holds a new value at `temperature` [K] with this probability.

        Parameters
        ----------
        temperature : Temperatures [K], of any shape.
        level : Probability at each single temperature, between 0 and 1.
        of : ``measurement``: one k of a profile of a new particle, with a deviation as those had;
            ``particle``: the k that a new particle has on average.

        Returns
        -------
        tuple of ndarray
            Lower and upper end, in the unit of k, in the shape of `temperature`.

        Raises
        ------
        InputError
            Another level or kind.
        """
        if of not in {"measurement", "particle"}:
            raise InputError("of", of, '"measurement" or "particle"', "choose one of the two")
        return self._around(temperature, partial(self._half_width_of, level=level, of=of))

    def contrast(self, level: float, slope: float) -> Floats:
        """Return ``level * ln k at the centre + slope * Ea`` as a contrast of all coefficients.

        Parameters
        ----------
        level : Factor of ln k at the centre [1].
        slope : Factor of Ea [1/eV].

        Returns
        -------
        ndarray
            Factors of all coefficients, two a line, in their own units, shape (2 lines,).
        """
        full = np.zeros(self.reml.beta.size)
        full[2 * self.position : 2 * self.position + 2] = level, slope
        return full

    def with_rates(self, k: Floats) -> ArrheniusFit:
        """Return the fit with other rate constants `k` of this line, shape (n,), in the unit of k.

        Relative deviations stay the same.
        """
        return self.recipe(self.data.with_rates(k, self.data.line == self.position))

    def own_Ea_p_value(self) -> float | None:
        """Probability of data like these if all particles had one activation energy.

        Restricted likelihood ratio with and without a variance of Ea between particles, which is at the
        boundary under the hypothesis: half of chi-square with one degree of freedom (Self and Liang 1987).
        None where the data cannot tell such a variance.
        """
        if self.data.particle is None:
            return None
        likelihood = []
        for own_Ea in (False, True):
            try:
                fit = self.variant(self.data, own_Ea=own_Ea)
            except InputError:
                return None
            likelihood.append(fit.reml.log_likelihood)
        ratio = 2.0 * (likelihood[1] - likelihood[0])
        return 0.5 * float(stats.chi2.sf(ratio, 1)) if ratio > 1e-8 else 1.0

    def _half_width(self, kelvin: Floats, level: float) -> Floats:
        return self._widths(kelvin, level, {}, 0.0)

    def _half_width_of(self, kelvin: Floats, level: float, of: str) -> Floats:
        if of == "particle":
            return self._widths(kelvin, level, {"particle", "own Ea"}, 0.0)
        every = {entry.name for entry in self.components}
        return self._widths(kelvin, level, every, self.measurement_std**2)

    def _prediction_half_width(self, kelvin: Floats, level: float) -> Floats:
        return self._half_width_of(kelvin, level, "measurement")

    def _widths(self, kelvin: Floats, level: float, kinds: Collection[str], known: float) -> Floats:
        """Half width about the line, with the scatter of some kinds and a known variance added."""
        widths = []
        for inverse in (1.0 / (BOLTZMANN_EV * kelvin)).ravel():
            offset = float(inverse) - self.centre
            extra = np.array(
                [
                    0.0 if entry.name not in kinds else offset**2 if entry.name == "own Ea" else 1.0
                    for entry in self.components
                ]
            )
            contrast = self.contrast(1.0, -offset)
            variance = self.reml.variance(contrast) + float(extra @ self.reml.theta) + known
            widths.append(quantile(level, self.reml.dof(contrast, extra, known)) * math.sqrt(variance))
        return np.array(widths).reshape(kelvin.shape)


def lines_of(
    data: Observations,
    *,
    absolute_sigma: bool = True,
    setpoint: bool | None = None,
    own_Ea: bool = False,
    robust: bool = False,
) -> tuple[HierarchicalFit, ...]:
    """Fit all lines of the data together, with shared variances.

    Parameters
    ----------
    data : Checked data with labels.
    absolute_sigma, setpoint, own_Ea, robust : As in :func:`lto_sim.kinetics.arrhenius.fit_arrhenius`.

    Raises
    ------
    InputError
        An effect that was asked for and cannot be told.
    """
    effects, residual, notes = chosen_effects(
        data, setpoint=setpoint, own_Ea=own_Ea, absolute_sigma=absolute_sigma
    )
    design, centre = design_matrix(data)
    relative = data.relative_std
    known = np.zeros(data.kelvin.size) if relative is None or not absolute_sigma else relative**2
    factors = [effect.factor for effect in effects]
    fit = partial(fit_reml, design=design, factors=factors, residual=residual, known=known)
    values = np.log(data.rate)
    weights = None
    if robust:
        values, weights = _bent(values, fit, residual, known)
    reml = fit(values)
    doubted = np.array([*(setpoint is None and effect.name == "temperature" for effect in effects), False])
    if np.any(reml.free & doubted):
        without = fit(values, held=doubted)
        if 2.0 * (reml.log_likelihood - without.log_likelihood) < _ASKED_FOR:
            reml = without
    recipe = partial(_one_of, absolute_sigma=absolute_sigma, setpoint=setpoint, own_Ea=own_Ea, robust=robust)
    components = _components(effects, reml, data.kelvin.size)
    return tuple(
        _line(
            data, reml, components, position, centre, partial(recipe, position),
            measurement=float(np.sqrt(known.mean())), notes=notes, weights=weights,
        )
        for position in range(int(data.line.max()) + 1)
    )  # fmt: skip


def _bent(values: Floats, fit: Callable[..., Reml], residual: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Return values with those that lie far from their prediction moved, and the weight of each."""
    guess: list[Floats | None] = [None]

    def fitted(y: Floats) -> Fitted:
        found = fit(y, guess=guess[0])
        guess[0] = found.theta
        estimated = found.theta[-1] * residual + LEAST_VARIANCE
        return Fitted(found.conditional, estimated, known, found.parameters)

    return pseudo_values(values, fitted)


def _one_of(position: int, data: Observations, **options: Any) -> HierarchicalFit:
    return lines_of(data, **options)[position]


def _components(effects: Sequence[Effect], reml: Reml, points: int) -> tuple[Component, ...]:
    spread = np.sqrt(np.diag(reml.theta_covariance))
    kinds = [*((effect.name, effect.factor.shape[1]) for effect in effects), ("residual", points)]
    return tuple(
        Component(name, math.sqrt(theta), float(std) if free else math.nan, groups)
        for (name, groups), theta, std, free in zip(kinds, reml.theta, spread, reml.free, strict=True)
    )


def _line(
    data: Observations,
    reml: Reml,
    components: tuple[Component, ...],
    position: int,
    centre: float,
    recipe: Callable[..., HierarchicalFit],
    *,
    measurement: float,
    notes: tuple[str, ...],
    weights: Floats | None,
) -> HierarchicalFit:
    """Return one line of an estimate of variances and coefficients."""
    first = 2 * position
    level, Ea = (float(value) for value in reml.beta[first : first + 2])
    to_origin = np.array([[1.0, centre], [0.0, 1.0]])
    covariance = to_origin @ reml.covariance[first : first + 2, first : first + 2] @ to_origin.T
    slope = np.zeros(reml.beta.size)
    slope[first + 1] = 1.0
    own = data.line == position
    ln_k0 = level + Ea * centre
    scatter = measurement**2 + sum(entry.std**2 for entry in components if entry.name != "own Ea")
    return HierarchicalFit(
        Ea_eV=Ea,
        Ea_eV_std=math.sqrt(reml.variance(slope)),
        k0=pre_exponential(ln_k0),
        ln_k0_std=math.sqrt(max(float(covariance[0, 0]), 0.0)),
        covariance=covariance,
        dof=reml.dof(slope),
        reduced_chi_square=reml.chi_square / (data.kelvin.size - reml.beta.size),
        residuals=np.log(data.rate[own]) - (ln_k0 - Ea * data.inverse[own]),
        temperature=data.kelvin[own],
        k=data.rate[own],
        k_std=None if data.rate_std is None else data.rate_std[own],
        scatter=scatter,
        weights=None if weights is None else weights[own],
        data=data,
        recipe=recipe,
        variant=recipe,
        components=components,
        measurement_std=measurement,
        notes=notes,
        reml=reml,
        position=position,
        centre=centre,
    )
