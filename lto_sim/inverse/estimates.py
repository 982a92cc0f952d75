"""What every fit of parameters gives: estimates, covariance, intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.inverse.parameters import ParameterSet

__all__ = ["Estimates", "inverse_of_information"]

Floats = NDArray[np.float64]

_FEW: Final = 1e-300
_LEAST: Final[float] = 1e-14
"""Eigenvalue of a scaled information below which a combination is not known at all."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates of free parameters.

    Rates are fitted by their logarithm: `theta`, `covariance` and `correlation` are of what is fitted;
    `values`, `std` and `interval` of the values in SI.

    Parameters
    ----------
    parameters : What was free.
    theta : Estimates, in units of what is fitted (SI, or logarithm of SI), (parameters,).
    covariance : Of `theta`, in units of it, (parameters, parameters).
    """

    parameters: ParameterSet
    theta: Floats
    covariance: Floats

    @property
    def names(self) -> list[str]:
        """Names of the parameters, in order."""
        return self.parameters.names

    @property
    def values(self) -> dict[str, float]:
        """Estimates by name, ties included [SI]."""
        return self.parameters.values(self.theta)

    @property
    def std(self) -> dict[str, float]:
        """Standard deviations by name [SI]."""
        deviations = np.sqrt(np.diag(self.covariance))
        found = self.parameters.std_of_value(self.theta, deviations)
        return dict(zip(self.names, found.tolist(), strict=True))

    @property
    def correlation(self) -> Floats:
        """Correlation matrix of what is fitted [1], (parameters, parameters)."""
        deviation = np.sqrt(np.maximum(np.diag(self.covariance), _FEW))
        return np.asarray(self.covariance / np.outer(deviation, deviation))

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of a parameter [SI], even in what is fitted, cut at its bounds.

        Parameters
        ----------
        name : Name of the parameter.
        level : Confidence, between 0 and 1.

        Raises
        ------
        InputError
            An unknown parameter, or a level outside (0, 1).
        """
        if not 0.0 < level < 1.0:
            raise InputError("level", level, "between 0 and 1", "use 0.95")
        if name not in self.names:
            raise InputError("name", name, ", ".join(self.names), "name a free parameter")
        n = self.names.index(name)
        width = float(stats.norm.ppf(0.5 + 0.5 * level)) * math.sqrt(self.covariance[n, n])
        low, high = (bounds[n] for bounds in self.parameters.bounds)
        parameter = self.parameters.free[n]
        ends = [parameter.value(float(np.clip(self.theta[n] + s * width, low, high))) for s in (-1.0, 1.0)]
        return ends[0], ends[1]

    def rows(self, level: float = 0.95) -> dict[str, dict[str, Any]]:
        """One row a parameter, for JSON, intervals at `level` (0 to 1); None where a bound is infinite."""
        deviation = np.sqrt(np.diag(self.covariance))
        return {
            parameter.name: {
                "value": parameter.value(float(self.theta[n])),
                "std": self.std[parameter.name],
                "interval": list(self.interval(parameter.name, level)),
                "start": parameter.start,
                "bounds": [_finite(parameter.low), _finite(parameter.high)],
                "fitted_as": "logarithm" if parameter.logarithmic else "value",
                "std_of_fitted": float(deviation[n]),
            }
            for n, parameter in enumerate(self.parameters.free)
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def inverse_of_information(matrix: Floats, units: Floats) -> Floats:
    """Covariance from an information matrix that may be all but singular.

    Parameters
    ----------
    matrix : Information, (parameters, parameters).
    units : Size of a change of each parameter that counts as one.
    """
    scaled = matrix * np.outer(units, units)
    size = np.sqrt(np.maximum(np.diag(scaled), 1e-30))
    values, vectors = np.linalg.eigh(scaled / np.outer(size, size))
    inverse = (vectors / np.maximum(values, _LEAST)) @ vectors.T
    return np.asarray(inverse / np.outer(size, size) * np.outer(units, units))
