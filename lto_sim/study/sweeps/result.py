"""One run of a sweep, and what can be made of it: maps, fronts, rate constants, currents.

Each is made when it is asked for and kept: a sweep that keeps currents only renders no maps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics import Profile, fit_rate_constant, track_front
from lto_sim.kinetics.corrections import true_rate
from lto_sim.kinetics.rates.result import RateConstantFit
from lto_sim.microscope import Instrument, acquire, render_maps
from lto_sim.quantify import quantify_lithium
from lto_sim.scenario import Scenario

__all__ = ["RunResult"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a function of a sweep is given.

    Parameters
    ----------
    scenario : Scenario of the run.
    run : Its Dataset, see ``lto_sim.simulate``.
    instrument : Instrument that records it; None: maps with the noise of ``maps.noise``, without spectra.
    """

    scenario: Scenario
    run: xr.Dataset
    instrument: Instrument | None = None

    @cached_property
    def maps(self) -> xr.Dataset:
        """Maps, ``li_fraction(time, y, x)``, drawn with the run's seed: rendered, or by spectra."""
        if self.instrument is not None:
            rng = np.random.default_rng(self.scenario.seed)
            return quantify_lithium(acquire(self.run, self.instrument, rng), self.instrument)
        maps = self.scenario.maps
        return render_maps(self.run, noise=maps.noise, probe_fwhm=maps.probe_fwhm, rng=self.scenario.seed)

    @cached_property
    def front(self) -> xr.Dataset:
        """Fronts along the scenario's profiles, ``front_position(time, profile)`` [m], as of `track_front`.

        Raises
        ------
        InputError
            A scenario without a profile.
        """
        if not self.scenario.profile:
            raise InputError(
                "profile", (), "a line to follow fronts along", "add [[profile]] to the scenario"
            )
        lines = [Profile(line.start, line.end, line.width) for line in self.scenario.profile]
        return track_front(self.maps, lines)

    @cached_property
    def rates(self) -> tuple[RateConstantFit, ...]:
        """Fit of the rate constant along each profile."""
        return tuple(
            fit_rate_constant(self.front.isel(profile=[n])) for n in range(self.front.sizes["profile"])
        )

    @property
    def rate(self) -> RateConstantFit:
        """Fit of the rate constant along the first profile."""
        return self.rates[0]

    def map_values(self) -> dict[str, Any]:
        """Values of the output "maps"."""
        values = {name: self.maps[name].values for name in ("li_fraction", "li_fraction_std", "thickness")}
        return values | self._pixel_times() | {f"{a}_of_run": self.maps[a].values for a in ("time", "y", "x")}

    def _pixel_times(self) -> dict[str, Any]:
        shape = (self.maps.sizes["y"], self.maps.sizes["x"])
        known = self.maps["pixel_time"].values if "pixel_time" in self.maps else np.zeros(shape)
        return {"pixel_time": np.broadcast_to(known, shape)}

    def front_values(self) -> dict[str, Any]:
        """Values of the output "front"."""
        names = ("front_position", "front_position_std", "front_time")
        return {name: self.front[name].values for name in names} | {"time_of_run": self.front["time"].values}

    def rate_values(self, verdicts: Sequence[str]) -> dict[str, Any]:
        """Return the values of the output "rate".

        Parameters
        ----------
        verdicts : Verdicts, in the order of their numbers.
        """
        fits = self.rates
        return {
            "k": np.array([fit.k for fit in fits]),
            "k_std": np.array([fit.k_std for fit in fits]),
            "k_low": np.array([fit.interval[0] for fit in fits]),
            "k_high": np.array([fit.interval[1] for fit in fits]),
            "k_L": np.array([fit.k_L for fit in fits]),
            "verdict": np.array([verdicts.index(fit.verdict) for fit in fits], dtype=np.int8),
            "k_true": self._true_rate(),
        }

    def _true_rate(self) -> float:
        """Wagner's k; NaN where the scenario has none, as a sphere or a particle with several contacts."""
        try:
            return true_rate(self.scenario).k
        except (InputError, ArithmeticError):
            return math.nan

    def current_values(self, times: int) -> dict[str, Any]:
        """Return the values of the output "current": charge at even times, and its differences.

        Parameters
        ----------
        times : How many.
        """
        fine = np.append(0.0, self.run["time_fine"].values)
        charge = np.append(0.0, self.run["charge"].values)
        potential = self.run["potential"].values
        first = potential[:1] if potential.size else np.array([np.nan])
        at = fine[-1] * np.arange(1, times + 1) / times
        kept = np.interp(at, fine, charge)
        return {
            "charge": kept,
            "current": np.diff(kept, prepend=0.0) / (at[0] if at[0] > 0.0 else math.nan),
            "potential": np.interp(at, fine, np.append(first, potential)),
            "time_fine_of_run": at,
        }
