"""Bias of k from maps like the published ones: noise, frame time and pixels as there, planar and curved.

A run is rendered once; noise of 0.25 a pixel is added with both signs, and so is an error of 9 nm in where
each profile's contact is, so that what is linear in them cancels and the bias is seen with few draws. Planar
fronts come from cells of 10 nm. A front from a contact on 0.6 of the side is corrected by a simulation whose
diffusivities are half of the true ones. Its bias is the sum of that of the apparent k, over the draws, and of
the error of the corrected k of the maps without noise; as the mesh of the latter has an error of low order,
they are measured on cells of 15 and 10 nm and k extrapolated to vanishing cells with the order 1.25 (1 or 1.5
would move it by 0.1 %). Two profiles each. The bias must be below a fifth of k's stated deviation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.kinetics import (
    Correlation,
    RateData,
    correct_rate_constant,
    fit_rate_constant,
    numbered_profiles,
    track_front,
    true_rate,
)
from lto_sim.kinetics.rates.laws import fit_law
from lto_sim.kinetics.rates.points import prepare
from lto_sim.microscope import render_maps
from lto_sim.reproduce.experiment import Direction, experiment_scenario
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["NOISE", "bias_checks", "bias_rows"]

Floats = NDArray[np.float64]

NOISE: Final = 0.25
"""Deviation of the li fraction of a pixel, as spectra of 71 pA give it."""

_TEMPERATURES: Final = (30.0, 75.0, 105.0)
_PAIRS: Final = 40
_CURVED_PAIRS: Final = 12
_QUICK_PAIRS: Final = 10
_COVERAGE: Final = 0.6
_LIMIT: Final = 0.2
_CELLS: Final[dict[bool, tuple[float, ...]]] = {False: (10e-9,), True: (15e-9, 10e-9)}
_SLOWER: Final = 0.5
_ORDER: Final = 1.25
_NONE: Final = Correlation("time", 0.0, 1.0)
"""Errors that no frames share; what maps without noise leave about a law is none."""
_START_STD: Final = 9e-9
_ROWS: Final[dict[bool, tuple[float, float]]] = {False: (0.5e-6, 1.0e-6), True: (0.6e-6, 0.9e-6)}
_WIDTH: Final = 0.2e-6
_FAR: Final = 1.8e-6
"""Where a corrected profile of extraction ends [m]: a simulation knows how the parent runs dry."""


@dataclass(frozen=True)
class _Case:
    direction: Direction
    temperature_degC: float
    curved: bool
    pairs: int

    @property
    def name(self) -> str:
        shape = f"from {_COVERAGE:g} of the side, corrected" if self.curved else "planar"
        return f"bias of k, {self.direction} {self.temperature_degC:g} degC, {shape}"

    def scenario(self, **values: Any) -> Scenario:
        coverage = _COVERAGE if self.curved else 1.0
        scenario = experiment_scenario(
            self.direction, self.temperature_degC, coverage=coverage, overrides=values
        )
        end = _FAR if self.curved and self.direction == "extraction" else scenario.profile[0].end[0]
        rows = [{"start": [0.0, y], "end": [end, y], "width": _WIDTH} for y in _ROWS[self.curved]]
        return scenario.with_values({"profile": rows})


def bias_checks(quick: bool) -> Sequence[Check]:
    """One check for each run; the quick form takes the planar ones at 75 degC and fewer draws."""
    if quick:
        return [partial(bias_rows, d, 75.0, False, _QUICK_PAIRS) for d in ("extraction", "insertion")]
    return [
        partial(bias_rows, direction, temperature, curved, _CURVED_PAIRS if curved else _PAIRS)
        for curved in (True, False)
        for direction in ("extraction", "insertion")
        for temperature in _TEMPERATURES
    ]


def bias_rows(direction: Direction, temperature_degC: float, curved: bool, pairs: int) -> list[Row]:
    """Mean of k over the draws beside the k put in, in its stated deviations.

    Parameters
    ----------
    direction : ``extraction`` or ``insertion``.
    temperature_degC : Temperature [degC].
    curved : Whether the front comes from a part of the side, and k is corrected for it.
    pairs : Pairs of draws of opposite errors, seeds 0 to `pairs` - 1.
    """
    case = _Case(direction, temperature_degC, curved, pairs)
    k = true_rate(case.scenario()).k
    scenarios = [case.scenario(**{"specimen.cell": cell}) for cell in _CELLS[curved]]
    quiet = [_quiet_maps(scenario) for scenario in scenarios]
    systematic, apparent, first = 0.0, k, -math.inf
    if curved:
        fronts = [_front(case, s, maps, 0.0, 0) for s, maps in zip(scenarios, quiet, strict=True)]
        points = [RateData.from_front(front).with_correlation(_NONE) for front in fronts]
        corrected = [correct_rate_constant(data, _known(case)) for data in points]
        coarse, fine = (result.k / k for result in corrected)
        h_coarse, h_fine = (cell**_ORDER for cell in _CELLS[True])
        systematic = fine + h_fine / (h_coarse - h_fine) * (fine - coarse) - 1.0
        first = float(prepare(points[-1], None, clear=True).data.time[0])
        apparent = _parabola(points[-1], first)[0]
    draws = _draws(case, scenarios[-1], quiet[-1], first)
    means = draws[..., 0].mean(axis=1) / apparent
    deviation = corrected[-1].k_std / corrected[-1].k if curved else float(np.median(draws[..., 1])) / k
    bias = (float(means.mean()) - 1.0 + systematic) / deviation
    error = float(means.std(ddof=1)) / math.sqrt(pairs) / deviation
    text = f"{case.name}, in deviations of {100.0 * deviation:.2f} % (+- {error:.2f})"
    return [Row(text, 0.0, bias, bias, _LIMIT)]


def _quiet_maps(scenario: Scenario) -> xr.Dataset:
    maps = render_maps(simulate(scenario), noise=0.0, probe_fwhm=scenario.maps.probe_fwhm, rng=0)
    return maps.assign(li_fraction_std=xr.full_like(maps["li_fraction"], NOISE))


def _draws(case: _Case, scenario: Scenario, quiet: xr.Dataset, first: float) -> Floats:
    """K as read (curved: a parabola from `first` on) and its deviation, by seed and sign."""
    rows = []
    for seed in range(case.pairs):
        for sign in (1.0, -1.0):
            front = _front(case, scenario, quiet, sign, seed)
            if case.curved:
                rows.append(_parabola(RateData.from_front(front), first))
            else:
                fit = fit_rate_constant(front)
                rows.append((fit.k, fit.k_std))
    return np.array(rows).reshape(case.pairs, 2, 2)


def _parabola(data: RateData, first: float) -> tuple[float, float]:
    """K and its deviation by a parabola through the points from `first` [s] on."""
    law = fit_law(data.since(first), "parabolic")
    r = float(law.parameters[2])
    return 0.5 / r, 0.5 * math.sqrt(float(law.covariance[2, 2])) / r**2


def _front(case: _Case, scenario: Scenario, quiet: xr.Dataset, sign: float, seed: int) -> xr.Dataset:
    """Front from maps with errors of one sign; none for sign 0."""
    rng = np.random.default_rng(seed)
    noise = NOISE * sign * rng.standard_normal(quiet["li_fraction"].shape)
    maps = quiet.assign(li_fraction=quiet["li_fraction"] + noise.astype(np.float32))
    profiles = numbered_profiles(scenario.profile, start_std=_START_STD)
    front = track_front(maps, profiles, direction=case.direction)
    offset = sign * _START_STD * rng.standard_normal(len(profiles))
    front["front_position"] = front["front_position"] + xr.DataArray(offset, dims="profile")
    return front


def _known(case: _Case) -> Scenario:
    """The specimen as it is known: its geometry, but other diffusivities, on the default cells."""
    own = case.scenario()
    return case.scenario(
        **{f"material.{name}.at": _SLOWER * getattr(own.material, name).at for name in ("D_Li4", "D_Li7")}
    )
