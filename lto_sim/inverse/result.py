"""The result of a fit of maps: estimates, what their deviations are made of, fitted maps, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.inverse.derived import DerivedRate
from lto_sim.inverse.estimates import Estimates
from lto_sim.inverse.identifiability import Identifiability
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.search import Minimum
from lto_sim.provenance import named

__all__ = ["MapFit", "fitted_maps"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MapFit(Estimates):
    """Estimates from whole maps.

    Rates are fitted by their logarithm: `theta`, `covariance` and `correlation` are of what is fitted;
    `values`, `std` and `interval` of the values in SI.

    Parameters
    ----------
    parameters : What was free.
    theta : Estimates, in units of what is fitted (SI, or logarithm of SI), extrapolated to vanishing cells,
        (parameters,).
    covariance : Of `theta`, in units of it, (parameters, parameters), with everything in `parts`.
    parts : Standard deviations of `theta`, in units of it, by where they come from, ``noise`` and ``cells``:
        (parameters,) each.
    minimum : Where the search ended, on the scenario's cells.
    objective : The residuals as a function, its steps frozen at the minimum.
    chi_square, freedom : Of the residuals at the minimum [1].
    scale : Factor of the variances: 1 where the deviations are stated and the residuals agree with them.
    loss : Loss that was minimised.
    stated : Whether the maps state deviations.
    status, advice : ``converged``, ``at a bound``, ``not converged``, ``misfit``; and what to do.
    identifiability : What the maps know, and what they do not.
    derived : Wagner's rate constant of every run.
    runs, reused : Forward runs made, and found finished.
    failures : Runs that failed inside the fit, one line each.
    wall_time : Time taken [s].
    minima : Chi-square per degree of freedom [1] of every start, on the coarse cells; lowest first.
    maps : Recorded, fitted and residual maps of every recording, see :func:`fitted_maps`.
    """

    parts: Mapping[str, Floats]
    minimum: Minimum
    objective: MapObjective
    chi_square: float
    freedom: int
    scale: float
    loss: str
    stated: bool
    status: str
    advice: str
    identifiability: Identifiability
    derived: Sequence[DerivedRate]
    runs: int
    reused: int
    failures: Sequence[str]
    wall_time: float
    minima: Sequence[float] = ()
    maps: Sequence[xr.Dataset] = field(default=(), repr=False)

    def summary(self, level: float = 0.95) -> dict[str, Any]:
        """Return the result for JSON, intervals at `level` (0 to 1), units in the names; None: not known."""
        rows = self.rows(level)
        for n, parameter in enumerate(self.parameters.free):
            rows[parameter.name] |= {
                "std_of_fitted_by_source": {key: float(part[n]) for key, part in self.parts.items()},
                "on_these_cells": parameter.value(float(self.minimum.theta[n])),
            }
        return {
            "fit": "maps",
            "status": self.status,
            "advice": self.advice,
            "level": level,
            "parameters": rows,
            "tied": {name: self.values[name] for name in self.parameters.ties},
            "correlation": self.correlation.tolist(),
            "covariance_of_fitted": self.covariance.tolist(),
            "chi_square": self.chi_square,
            "degrees_of_freedom": self.freedom,
            "variance_scale": self.scale,
            "deviations_stated": self.stated,
            "loss": self.loss,
            "identifiability": self.identifiability.summary(),
            "rate_constants": [rate.summary() for rate in self.derived],
            "forward_runs": self.runs,
            "forward_runs_reused": self.reused,
            "failures": list(self.failures),
            "minima_chi_square_per_freedom": list(self.minima),
            "wall_time_s": self.wall_time,
        }


def fitted_maps(objective: MapObjective, theta: Floats) -> list[xr.Dataset]:
    """Maps recorded, fitted, and what is left, one dataset a run; misfit of every frame.

    Parameters
    ----------
    objective : Frozen.
    theta : Where it is evaluated.

    Returns
    -------
    Datasets with ``recorded``, ``fitted``, ``residual`` (recorded - fitted) and ``normalised_residual``
    (time, y, x), ``misfit(time)``: chi-square per value. NaN where nothing is compared.
    """
    shown = objective.fitted(theta)
    if shown is None:
        return []
    found = []
    for fitted, experiment, noise, use in zip(
        shown, objective.experiments, objective.noise, objective.use, strict=True
    ):
        residual = np.where(use, experiment.values - fitted, np.nan)
        normalised = residual / noise
        count = use.sum(axis=(1, 2))
        square = np.where(use, normalised, 0.0) ** 2
        misfit = np.where(count > 0, square.sum(axis=(1, 2)) / np.maximum(count, 1), np.nan)
        dims = ("time", "y", "x")
        images = {
            "recorded": (experiment.values, "recorded Li fraction"),
            "fitted": (np.where(np.isfinite(fitted), fitted, np.nan), "fitted Li fraction"),
            "residual": (residual, "recorded - fitted Li fraction"),
            "normalised_residual": (normalised, "residual over its standard deviation"),
        }
        dataset = xr.Dataset(
            {key: (dims, v.astype(np.float32), named("1", text)) for key, (v, text) in images.items()}
            | {"misfit": ("time", misfit.astype(np.float32), named("1", "chi-square per value of a frame"))},
            {
                "time": ("time", experiment.time, named("s", "start of the frame")),
                "y": ("y", experiment.y, named("m", "pixel centre, down the image")),
                "x": ("x", experiment.x, named("m", "pixel centre, along the image")),
            },
        )  # fmt: skip
        dataset.attrs = provenance.attributes(
            "fitted maps", "fit_maps", configuration=experiment.scenario.to_toml()
        )
        found.append(dataset)
    return found
