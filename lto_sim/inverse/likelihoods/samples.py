"""What samples of a posterior say: intervals, and whether there are enough of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.inverse.likelihoods.emulator import Emulator
from lto_sim.inverse.parameters import ParameterSet
from lto_sim.provenance import named

__all__ = ["TIMES_ENOUGH", "Posterior", "autocorrelation"]

Floats = NDArray[np.float64]

TIMES_ENOUGH: Final[float] = 50.0
"""Autocorrelation times that enough steps last."""
_BURN_IN: Final[float] = 5.0
"""Autocorrelation times that are left out at the beginning."""
_FEW_ACCEPTED: Final[float] = 0.1


def autocorrelation(chain: Floats, emcee: Any) -> tuple[Floats, int]:
    """Integrated autocorrelation times after the burn-in [steps], (parameters,), and the burn-in.

    Parameters
    ----------
    chain : (steps, walkers, parameters).
    emcee : The package.
    """
    count = chain.shape[0]
    burn_in = 0
    tau = np.full(chain.shape[2], math.inf)
    for _ in range(2):
        part = chain[burn_in:]
        if part.shape[0] < 4 or (np.ptp(part, axis=0) == 0.0).any():  # a walker that never moved
            return np.full(chain.shape[2], math.inf), count // 2
        tau = np.maximum(emcee.autocorr.integrated_time(part, tol=0, quiet=True), 1.0)
        if not np.isfinite(tau).all():
            return np.full(chain.shape[2], math.inf), count // 2
        burn_in = min(math.ceil(_BURN_IN * float(tau.max())), count // 2)
    return np.asarray(tau), burn_in


@dataclass(frozen=True, eq=False)
class Posterior:
    """Samples of a posterior, on the cells of the minimum.

    Parameters
    ----------
    parameters : What was sampled.
    chain : In units of what is fitted (SI, or logarithm of SI), burn-in included, (steps, walkers,
        parameters).
    log_prob : Logarithm of the posterior up to a constant [1], (steps, walkers).
    tau : Integrated autocorrelation times, in steps [1], (parameters,); infinite where they are not known.
    burn_in : Steps left out.
    acceptance : Accepted fraction of the proposals.
    minimum : The minimum of the fit, in units of what is fitted, (parameters,).
    shift, cells_std : What vanishing cells add to what is fitted, and its deviation, in those units,
        (parameters,); the units of `chain`.
    emulator : What was sampled; None: the objective itself.
    evaluations : Evaluations of the objective in this call.
    failed : Those whose run failed: taken as impossible.
    seed : Of the random numbers.
    """

    parameters: ParameterSet
    chain: Floats
    log_prob: Floats
    tau: Floats
    burn_in: int
    acceptance: float
    minimum: Floats
    shift: Floats
    cells_std: Floats
    emulator: Emulator | None
    evaluations: int
    failed: int
    seed: int

    @property
    def names(self) -> list[str]:
        """Names of the parameters, in order."""
        return self.parameters.names

    @property
    def theta(self) -> Floats:
        """Samples after the burn-in, in units of what is fitted, (samples, parameters)."""
        kept = self.chain[self.burn_in :]
        return np.asarray(kept.reshape(-1, kept.shape[2]))

    @property
    def samples(self) -> Floats:
        """The same as values [SI], (samples, parameters)."""
        return self._values(self.theta)

    def _values(self, theta: Floats) -> Floats:
        rates = np.array([p.logarithmic for p in self.parameters.free])
        return np.where(rates, np.exp(np.where(rates, theta, 0.0)), theta)

    @property
    def kept(self) -> int:
        """Steps after the burn-in."""
        return len(self.chain) - self.burn_in

    @property
    def effective(self) -> Floats:
        """Independent samples that the chain is worth [1], (parameters,)."""
        return np.asarray(self.kept * self.chain.shape[1] / self.tau)

    @property
    def enough(self) -> bool:
        """Whether the chain lasts 50 autocorrelation times after the burn-in."""
        return bool(self.kept >= TIMES_ENOUGH * float(self.tau.max()))

    @property
    def verdict(self) -> str:
        """Whether the samples are enough, and what to do if not."""
        longest = float(self.tau.max())
        if not math.isfinite(longest):
            return "too few steps to tell: walkers have not moved; raise steps"
        lasts = f"{self.kept} steps after the burn-in are {self.kept / longest:.0f} autocorrelation times"
        if not self.enough:
            return f"too few: {lasts}, 50 are wanted; raise most to {self._wanted()} or more"
        if self.acceptance < _FEW_ACCEPTED:
            return f"enough: {lasts}; but only {100.0 * self.acceptance:.0f} % of the proposals were accepted"
        return f"enough: {lasts}"

    def _wanted(self) -> int:
        hundreds = 1.3 * (TIMES_ENOUGH + _BURN_IN) * float(self.tau.max()) / 100.0
        return math.ceil(hundreds) * 100

    def interval(self, name: str, level: float = 0.95, *, cells: bool = False) -> tuple[float, float]:
        """Equal-tailed interval of a parameter [SI].

        Parameters
        ----------
        name : Which parameter.
        level : Fraction of the samples inside.
        cells : Whether it is moved to vanishing cells and widened by what they leave in doubt.

        Raises
        ------
        InputError
            An unknown parameter, or a level outside (0, 1).
        """
        low, high = self.ends(name, level, cells=cells)
        parameter = self.parameters.free[self.names.index(name)]
        return parameter.value(low), parameter.value(high)

    def ends(self, name: str, level: float = 0.95, *, cells: bool = False) -> tuple[float, float]:
        """The same in units of what is fitted.

        Parameters
        ----------
        name : Which parameter.
        level : Fraction of the samples inside.
        cells : Whether it is moved to vanishing cells and widened by what they leave in doubt.

        Returns
        -------
        tuple of float
            Its ends, in units of `theta`.

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
        theta = self.theta[:, n]
        if cells:
            doubt = self.cells_std[n] * np.random.default_rng(self.seed).standard_normal(theta.size)
            low, high = (bound[n] for bound in self.parameters.bounds)
            theta = np.clip(theta + self.shift[n] + doubt, low, high)
        tails = np.quantile(theta, [0.5 - 0.5 * level, 0.5 + 0.5 * level])
        return float(tails[0]), float(tails[1])

    def summary(self, level: float = 0.95) -> dict[str, Any]:
        """Return the findings for JSON, intervals at `level` (0 to 1), units in the names."""
        theta = self.theta
        rows: dict[str, Any] = {}
        for n, parameter in enumerate(self.parameters.free):
            rows[parameter.name] = {
                "median_on_these_cells": parameter.value(float(np.median(theta[:, n]))),
                "interval": list(self.interval(parameter.name, level, cells=True)),
                "interval_noise_only": list(self.interval(parameter.name, level)),
                "std_of_fitted": float(np.std(theta[:, n])),
                "autocorrelation_time_steps": _finite(float(self.tau[n])),
                "effective_samples": float(self.effective[n]),
            }
        correlation = np.atleast_2d(np.corrcoef(theta.T)) if theta.shape[0] > 1 else np.eye(len(self.names))
        return {
            "posterior": "emcee",
            "level": level,
            "parameters": rows,
            "correlation": correlation.tolist(),
            "walkers": self.chain.shape[1],
            "steps": self.chain.shape[0],
            "burn_in_steps": self.burn_in,
            "acceptance": self.acceptance,
            "enough": self.enough,
            "verdict": self.verdict,
            "emulator": None if self.emulator is None else {
                "degree": self.emulator.degree, "chi_square_error": self.emulator.error,
                "fresh_points": self.emulator.fresh, "evaluations": self.emulator.runs,
            },
            "evaluations": self.evaluations,
            "failed_evaluations": self.failed,
            "seed": self.seed,
        }  # fmt: skip

    def dataset(self) -> xr.Dataset:
        """Samples after the burn-in as a dataset: ``value`` [SI] and ``theta`` (step, walker, parameter)."""
        kept = self.chain[self.burn_in :]
        dims = ("step", "walker", "parameter")
        dataset = xr.Dataset(
            {
                "value": (dims, self._values(kept), named("SI", "value of the parameter in its SI unit")),
                "theta": (dims, kept, named("1", "what is fitted: the logarithm of a rate, else the value")),
                "log_prob": (
                    ("step", "walker"), self.log_prob[self.burn_in :],
                    named("1", "logarithm of the posterior density"),
                ),
            },
            {
                "step": ("step", np.arange(self.burn_in, len(self.chain)), named("1", "step of the chain")),
                "walker": ("walker", np.arange(self.chain.shape[1]), named("1", "walker of the ensemble")),
                "parameter": ("parameter", self.names, {"long_name": "free parameter"}),
            },
        )  # fmt: skip
        dataset.attrs = provenance.attributes("posterior samples", "sample_posterior", seed=self.seed)
        dataset.attrs["verdict"] = self.verdict
        return dataset


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
