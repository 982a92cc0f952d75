"""What a design predicts beside experiments that are drawn: deviation of k, of pixels, of whole maps.

A particle is simulated once for each design; noise of the predicted deviation is drawn over its maps again
and again, the front followed by `track_front` and k read by `fit_rate_constant` with the law and in the
window that the design states. The scatter of k over n draws has a standard error of 1/sqrt(2 (n - 1)). The
limit is 5 % for the prediction and two standard errors for the draws: 12 % of 400 draws, 25 % of the 50 of
the quick form.

One of them has a contact that is known to 10 nm only, drawn too and stated to the fit. In the window that
`fit_rate_constant` finds by itself k scatters more: that part is measured, not predicted.

One design is drawn through spectra: counts, li fractions by `quantify_lithium`, front, k. Its pixels scatter
as predicted within 2 %. The deviations of parameters from whole maps are laid beside those that `fit_maps`
states of maps that were drawn.
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

from lto_sim.inverse import fit_maps
from lto_sim.kinetics import fit_rate_constant, numbered_profiles, track_front
from lto_sim.microscope import Instrument, acquire
from lto_sim.quantify import quantify_lithium
from lto_sim.reproduce.experiment import Direction, experiment_scenario
from lto_sim.scenario import Scenario
from lto_sim.study.design import design_experiment, expected_maps
from lto_sim.validate.inverse_cases import extraction_case
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = [
    "DRAWS", "QUICK_DRAWS", "design_checks", "drawn_rows", "limit_of", "map_rows", "own_window_rows",
    "spectra_rows",
]  # fmt: skip

Floats = NDArray[np.float64]

DRAWS: Final = 400
"""Experiments of the full comparison, seeds 0 to 399."""

QUICK_DRAWS: Final = 50
"""Experiments of the quick form, seeds 0 to 49."""

_PRESET: Final = "jem_arm300f2_continuum_k3"
_COARSE: Final[dict[str, Any]] = {"spectrometer.dispersion": 0.5, "spectrometer.channels": 200}
_ENDS: Final = {"extraction": 1.2e-6, "insertion": 0.9e-6}
_MIDDLE: Final = 0.75e-6
_WIDTH: Final = 0.2e-6
_PREDICTION: Final[float] = 0.049
_ANY: Final = "1e9 e/A^2"


@dataclass(frozen=True)
class _Design:
    """One design: what is recorded and how."""

    direction: Direction
    temperature_degC: float
    current: str
    frame_time: float
    pixel: float
    budget: str = "5e3 e/A^2"
    start_std: float = 0.0

    @property
    def name(self) -> str:
        recorded = f"{self.current}, {self.frame_time:g} s, {1e9 * self.pixel:.0f} nm, {self.budget}"
        contact = f", contact +- {1e9 * self.start_std:.0f} nm" if self.start_std else ""
        return f"{self.direction} {self.temperature_degC:g} degC, {recorded}{contact}"

    def scenario(self) -> Scenario:
        line = {"start": [0.0, _MIDDLE], "end": [_ENDS[self.direction], _MIDDLE], "width": _WIDTH}
        values = {
            "scan.frame_time": self.frame_time, "scan.period": None, "profile": [line],
            "scan.pixels": [round(2.0e-6 / self.pixel), round(1.5e-6 / self.pixel)],
        }  # fmt: skip
        return experiment_scenario(self.direction, self.temperature_degC, overrides=values)


_DESIGNS: Final = (
    _Design("extraction", 60.0, "71 pA", 0.5, 31.25e-9),
    _Design("extraction", 60.0, "71 pA", 1.5, 62.5e-9),
    _Design("extraction", 60.0, "529 pA", 0.5, 31.25e-9),
    _Design("extraction", 60.0, "529 pA", 1.5, 31.25e-9),
    _Design("extraction", 60.0, "529 pA", 1.5, 62.5e-9),
    _Design("insertion", 75.0, "71 pA", 1.5, 31.25e-9, "150 e/A^2"),
    _Design("insertion", 75.0, "529 pA", 1.5, 31.25e-9, "500 e/A^2"),
    _Design("insertion", 75.0, "200 pA", 3.0, 62.5e-9, "500 e/A^2"),
    _Design("extraction", 60.0, "529 pA", 1.5, 31.25e-9, start_std=10e-9),
)
"""Low and high current, two frame times, two pixels, with and without frames left out for the dose."""
_QUICK: Final = (1, 6)
_QUICK_SPECTRA: Final = 4
_FEWEST: Final = 20
"""Draws below which a scatter says nothing."""
_OWN_WINDOW: Final = ((0, 100), (3, 100), (6, 100))
"""Designs whose k is also read in the window that the fit finds, and draws."""
_OWN_RATIO: Final[tuple[float, float]] = (1.6, 0.8)


def design_checks(quick: bool) -> Sequence[Check]:
    """One check of every design, one through spectra, one of whole maps; quick: fewer, with fewer draws."""
    draws = QUICK_DRAWS if quick else DRAWS
    designs = [_DESIGNS[n] for n in _QUICK] if quick else list(_DESIGNS)
    checks: list[Check] = [partial(drawn_rows, design, draws) for design in designs]
    if not quick:
        checks += [partial(own_window_rows, _DESIGNS[n], count) for n, count in _OWN_WINDOW]
    return [partial(spectra_rows, _QUICK_SPECTRA if quick else DRAWS), *checks, map_rows]


def limit_of(draws: int) -> float:
    """Largest error of a predicted deviation beside the scatter of so many draws."""
    return _PREDICTION + 2.0 / math.sqrt(2.0 * (draws - 1))


def _instrument(current: str, **values: Any) -> Instrument:
    return Instrument.preset(_PRESET).with_values({"beam.current": current} | values)


def _predicted(scenario: Scenario, instrument: Instrument, **options: Any) -> xr.Dataset:
    """The design of one setting at the scenario's temperature, without dimensions."""
    current = instrument.beam.current
    design = design_experiment(
        scenario, instrument, {"instrument.beam.current": [current]}, processes=1, **options
    )
    return design.isel({"instrument.beam.current": 0, "temperature": 0})


def _read(
    maps: xr.Dataset, scenario: Scenario, design: xr.Dataset, off: float = 0.0, *, own_window: bool = False
) -> tuple[float, float]:
    """Return k and its stated deviation, as the design says that it is read [m2 s-1].

    Parameters
    ----------
    maps : With noise.
    scenario : What they show.
    design : The design.
    off : How far the contact lies off where it is taken [m].
    own_window : Read k in the window that the fit finds instead.
    """
    profiles = numbered_profiles(scenario.profile, start_std=float(design.attrs["start_std_m"]))
    front = track_front(maps, profiles, direction=str(design.attrs["direction"]))
    front = front.assign(front_position=front["front_position"] + off)
    window = float(design["window_start"]), float(design["window_end"])
    if own_window:
        fit = fit_rate_constant(front)
    else:
        fit = fit_rate_constant(front, law=str(design.attrs["law"]), window=window)
    return fit.k, fit.k_std


def _noisy(maps: xr.Dataset, seed: Sequence[int]) -> xr.Dataset:
    """Maps with noise of their deviations."""
    noise = np.random.default_rng(list(seed)).standard_normal(maps["li_fraction"].shape)
    return maps.assign(li_fraction=maps["li_fraction"] + noise * maps["li_fraction_std"])


def drawn_rows(design: _Design, draws: int) -> list[Row]:
    """Predicted deviation of k over the scatter of drawn maps.

    Parameters
    ----------
    design : What is recorded.
    draws : Experiments, seeds 0 to `draws` - 1.
    """
    return [_scatter_row(design.name, *_drawn(design, draws))]


def own_window_rows(design: _Design, draws: int) -> list[Row]:
    """Scatter of k in the window that the fit finds, over the deviation predicted for the stated one.

    Parameters
    ----------
    design : What is recorded.
    draws : Experiments, seeds 0 to `draws` - 1.
    """
    predicted, read = _drawn(design, draws, own_window=True)
    middle, limit = _OWN_RATIO
    ratio = float(read[:, 0].std(ddof=1)) / float(predicted["k_std"])
    name = f"{design.name}: scatter of k in the window that the fit finds, over predicted, {draws} draws"
    return [Row(name, middle, ratio, ratio - middle, limit)]


def _drawn(design: _Design, draws: int, *, own_window: bool = False) -> tuple[xr.Dataset, Floats]:
    """Return the design of one setting, and k and its stated deviation in every draw."""
    scenario, instrument = design.scenario(), _instrument(design.current)
    predicted = _predicted(scenario, instrument, dose_budget=design.budget, start_std=design.start_std)
    maps = expected_maps(scenario, instrument, dose_budget=design.budget, profiles_only=True)
    read = []
    for seed in range(draws):
        off = float(np.random.default_rng([seed, 3]).normal(0.0, design.start_std))
        read.append(_read(_noisy(maps, [seed, 1]), scenario, predicted, off, own_window=own_window))
    return predicted, np.array(read)


def _scatter_row(name: str, predicted: xr.Dataset, read: Floats) -> Row:
    """Row of a predicted deviation beside the scatter of k read again and again."""
    k, draws = float(predicted["k_true"]), read.shape[0]
    scatter, expected = float(read[:, 0].std(ddof=1)) / k, float(predicted["k_std_relative"])
    stated = float(np.median(read[:, 1])) / k
    text = (
        f"{name}: deviation of k, {draws} draws, fronts in {100.0 * float(predicted['front_found']):.0f} % "
        f"of {float(predicted['frames']):.0f} frames; stated {stated:.3g}"
    )
    return Row(text, scatter, expected, expected / scatter - 1.0, limit_of(draws))


def spectra_rows(draws: int) -> list[Row]:
    """The same through drawn spectra: scatter and mean of pixels, and of k.

    Parameters
    ----------
    draws : Experiments, seeds 0 to `draws` - 1.
    """
    scenario, instrument = _small(), _instrument("529 pA", **_COARSE)
    predicted = _predicted(scenario, instrument, dose_budget=_ANY)
    maps = expected_maps(scenario, instrument, dose_budget=_ANY)
    exact, deviation = maps["li_fraction"].values, maps["li_fraction_std"].values
    shown = maps.drop_vars("li_fraction_std")
    pulls, read = [], []
    for seed in range(draws):
        found = quantify_lithium(acquire(shown, instrument, seed, lazy=True))
        pulls.append((found["li_fraction"].values - exact) / deviation)
        read.append(_read(found, scenario, predicted))
    pull = np.concatenate([part[np.isfinite(part)] for part in pulls])
    lost = 1.0 - pull.size / (len(pulls) * exact.size)
    scatter = float(pull.std())
    name = "through spectra, extraction 60 degC, 529 pA, 0.4 s, 31 nm"
    rows = [
        Row(f"{name}: scatter of {pull.size} pixels over predicted", 1.0, scatter, scatter - 1.0, 0.02),
        Row(f"{name}: mean of pixels, in deviations", 0.0, float(pull.mean()), float(pull.mean()), 0.03),
        Row(f"{name}: pixels without value", 0.0, lost, lost, 1e-3),
    ]
    return rows if draws < _FEWEST else [*rows, _scatter_row(name, predicted, np.array(read))]


def _small() -> Scenario:
    """A strip of 30 x 5 pixels, as few spectra as a front can be followed in."""
    return Scenario.from_dict(
        {
            "material": "lto", "temperature": "60 degC", "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": 0.9375e-6, "height": 0.15625e-6},
                "thickness": 150e-9, "cell": 15.625e-9,
            },
            "contacts": {"lps": {"where": {"side": "left"}}},
            "drive": [{"hold": 1.6, "until": {"time": 1.0}}],
            "profile": [{"start": [0.0, 78.125e-9], "end": [0.75e-6, 78.125e-9], "width": 0.15625e-6}],
            "scan": {"frame_time": 0.4, "pixels": [30, 5]}, "output": {"restart": "none"},
        }
    )  # fmt: skip


def map_rows() -> list[Row]:
    """Deviations of D and of the contact's constant from whole maps, beside those that a fit states."""
    free = ["material.D_Li4.at", "contacts.lps.k_c"]
    line = {"start": [0.0, 0.15e-6], "end": [0.6e-6, 0.15e-6], "width": 0.2e-6}
    scenario, instrument = extraction_case(profile=[line]), _instrument("529 pA")
    options: dict[str, Any] = {"dose_budget": _ANY, "duration": 8.0}
    predicted = _predicted(scenario, instrument, law="mixed", free=free, **options)
    maps = _noisy(expected_maps(scenario, instrument, **options), [0, 2])
    nuisances = ["maps.contrast", "maps.offset", "maps.start_time"]
    fit = fit_maps(maps, scenario, [*free, *nuisances], cells=False, processes=1)
    stated = np.sqrt(np.diag(fit.covariance))
    rows = []
    for n, path in enumerate(free):
        expected = float(predicted[f"{path}_std"])
        name = f"whole maps: deviation of {path} over its value, beside that of a fit of drawn maps"
        rows.append(Row(name, float(stated[n]), expected, expected / float(stated[n]) - 1.0, 0.1))
    return rows
