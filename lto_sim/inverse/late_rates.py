"""Parameters from late-time rate constants: k over thickness and temperature, without maps.

Beyond the crossover a front in a lamella whose faces conduct has k = k_II (1 + 2 l/H), l = delta D_s/D_II:
one number, made of two. At one thickness they cannot be told apart, whatever the number of
temperatures; at two they can. The same objective, search and words as for maps, with Wagner's rate constant
of the scenario as the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.estimates import Estimates, inverse_of_information
from lto_sim.inverse.free import Free, free_parameters
from lto_sim.inverse.identifiability import Identifiability, identify, natural_units
from lto_sim.inverse.inputs import NUISANCES
from lto_sim.inverse.parameters import ParameterSet, split_run
from lto_sim.inverse.search import chi_square, information, minimise
from lto_sim.inverse.uncertainty import status_of
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario import Scenario

__all__ = ["LateRateFit", "fit_late_rates"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LateRateFit(Estimates):
    """Estimates from rate constants.

    Parameters
    ----------
    parameters : What was free.
    theta : Estimates, in units of what is fitted (SI, or logarithm of SI), (parameters,).
    covariance : Of `theta`, in units of it, (parameters, parameters).
    predicted : Rate constants at the estimates [m2 s-1], (rates,).
    chi_square, freedom : Of the residuals [1]; with no freedom left nothing tests the model.
    status, advice : As of a fit of maps. Where chi-square exceeds its freedom the deviations are raised.
    identifiability : What the rate constants know, and what they do not.
    """

    predicted: Floats
    chi_square: float
    freedom: int
    status: str
    advice: str
    identifiability: Identifiability

    def summary(self, level: float = 0.95) -> dict[str, Any]:
        """Return the result for JSON, intervals at `level` (0 to 1), units in the names."""
        return {
            "fit": "late rate constants",
            "status": self.status,
            "advice": self.advice,
            "level": level,
            "parameters": self.rows(level),
            "correlation": self.correlation.tolist(),
            "chi_square": self.chi_square,
            "degrees_of_freedom": self.freedom,
            "predicted_k_m2_s": self.predicted.tolist(),
            "k_convention": "2kt",
            "identifiability": self.identifiability.summary(),
        }


@dataclass(frozen=True)
class _Particle:
    scenario: Scenario


class _RateObjective:
    """ln k of the scenarios less that measured, over its deviation."""

    def __init__(
        self, scenarios: Sequence[Scenario], parameters: ParameterSet, k: Floats, relative: Floats
    ) -> None:
        self.scenarios, self.parameters = list(scenarios), parameters
        self.k, self.relative = k, relative

    def predicted(self, theta: Floats) -> Floats:
        """Rate constants [m2 s-1]."""
        values = self.parameters.values(theta)
        found = np.empty(self.k.size)
        for n, scenario in enumerate(self.scenarios):
            own = {}
            for name, value in values.items():
                path, run = split_run(name)
                if run is None or run == n:
                    own[path] = value
            found[n] = true_rate(scenario.with_values(own)).k
        return found

    def residuals(self, theta: Floats) -> Floats:
        """Residuals in standard deviations, priors last; NaN where a scenario refuses a value."""
        prior, _ = self.parameters.prior_residuals(theta)
        try:
            rest = (np.log(self.predicted(theta)) - np.log(self.k)) / self.relative
        except InputError:
            rest = np.full(self.k.size, np.nan)
        return np.concatenate([rest, prior])

    def jacobian(self, theta: Floats) -> Floats:
        """Derivatives of the residuals, (residuals, parameters)."""
        low, high = self.parameters.bounds
        columns = []
        for n, parameter in enumerate(self.parameters.free):
            step = 10.0 * parameter.small
            ends = []
            for sign in (1.0, -1.0):
                moved = theta.copy()
                moved[n] = np.clip(theta[n] + sign * step, low[n], high[n])
                ends.append((moved[n], self.residuals(moved)))
            columns.append((ends[0][1] - ends[1][1]) / (ends[0][0] - ends[1][0]))
        return np.stack(columns, axis=1)


def fit_late_rates(
    k: Sequence[float] | Floats,
    k_std: Sequence[float] | Floats,
    scenarios: Sequence[Scenario],
    free: Free,
    *,
    ties: Mapping[str, str] | None = None,
) -> LateRateFit:
    """Fit parameters of scenarios to late-time rate constants.

    Parameters
    ----------
    k, k_std : Rate constants of xi^2 = 2 k t and their standard deviations [m2 s-1], one for each scenario.
    scenarios : The lamellae: temperature, thickness, start, first potential; surfaces with start values.
    free, ties : As for ``fit_maps``, without ``maps.``.

    Returns
    -------
    Estimates with covariance, and in words what these rate constants can tell.

    Raises
    ------
    InputError
        Values that are not positive, another number of scenarios, a scenario without a late rate constant
        (no hold, an uneven start, a wedge), or what cannot be free.

    Notes
    -----
    Holds for fronts beyond 2 sqrt(3 l H), see `lto_sim.exact.thin_lamella`.
    """
    try:
        measured, deviation = (np.asarray(v, dtype=np.float64) for v in (k, k_std))
    except (TypeError, ValueError):
        raise InputError("k", k, "numbers [m2 s-1]", "give lists or arrays of them") from None
    if (
        measured.ndim != 1
        or measured.shape != deviation.shape
        or measured.size != len(scenarios)
        or not measured.size
    ):
        raise InputError(
            "k", f"{measured.size}, {deviation.size} and {len(scenarios)} scenarios", "as many of each",
            "give one rate constant, deviation and scenario a lamella",
        )  # fmt: skip
    good = np.isfinite(measured) & np.isfinite(deviation) & (measured > 0.0) & (deviation > 0.0)
    if not good.all():
        n = int(np.flatnonzero(~good)[0])
        raise InputError(
            f"k[{n}]", (float(measured[n]), float(deviation[n])), "k > 0 and k_std > 0", "leave the point out"
        )
    parameters = free_parameters(free, [_Particle(s) for s in scenarios], ties)
    for name in parameters.names:
        if split_run(name)[0] in NUISANCES:
            raise InputError(f"free.{name}", name, "a path of the scenario", "nuisances belong to maps")
    objective = _RateObjective(scenarios, parameters, measured, deviation / measured)
    objective.predicted(parameters.start)  # what a scenario refuses is said here
    found = minimise(objective, parameters.start, enough=1e-9, most=200)
    units = natural_units(parameters.free, 1.0)
    square, of_k = chi_square(found.residuals[: measured.size]), measured.size - len(parameters.free)
    scale = max(square / of_k, 1.0) if of_k > 0 else 1.0
    weights = np.ones(found.residuals.size)
    weights[: measured.size] /= scale
    matrix = information(found.jacobian, weights)
    status, advice = status_of(found, parameters, square / max(of_k, 1), max(of_k, 1), of_k > 0)
    known = identify(parameters, matrix, units, None, what="these late rate constants")
    known = known.with_lines(_remedy(known, objective, found.theta, matrix, units))
    return LateRateFit(
        parameters, found.theta, inverse_of_information(matrix, units), objective.predicted(found.theta),
        square, max(of_k, 0), status, advice, known,
    )  # fmt: skip


def _remedy(
    known: Identifiability, objective: _RateObjective, theta: Floats, matrix: Floats, units: Floats
) -> list[str]:
    """What one more lamella, of another thickness, would tell of parameters that are tied."""
    lines = []
    for tie in known.ties:
        if not any(name.startswith("surface.") for name in tie.names):
            continue
        thickness = objective.scenarios[0].specimen.thickness
        if not isinstance(thickness, float):
            continue
        worst = max(tie.names, key=lambda name: known.std[known.names.index(name)])
        n = known.names.index(worst)
        for factor in (0.5, 2.0):
            other = objective.scenarios[0].with_values({"specimen.thickness": factor * thickness})
            more = _RateObjective([other], objective.parameters, objective.k[:1], objective.relative[:1])
            slopes = more.jacobian(theta)[:1]
            after = inverse_of_information(matrix + slopes.T @ slopes, units)
            to = _percent(math.sqrt(after[n, n]) / units[n])
            height = 1e9 * factor * thickness
            lines.append(f"One more at {height:.0f} nm, known as well, would bring {worst} to {to}.")
        lines.append("Maps that resolve the tip under the faces can tell them at one thickness.")
    return lines


def _percent(std: float) -> str:
    return f"{100.0 * std:.2g} %" if std < 1.0 else f"a factor of {math.exp(min(std, 50.0)):.2g}"
