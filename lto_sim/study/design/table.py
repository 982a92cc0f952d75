"""The table of a design: what every setting costs and what it tells, labelled."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.kinetics import fit_arrhenius, numbered_profiles
from lto_sim.provenance import named
from lto_sim.study.design import status as code
from lto_sim.study.design.choices import RELATIVE
from lto_sim.study.design.pixels import LI_FRACTIONS
from lto_sim.study.design.plan import Planned, Planner
from lto_sim.study.design.rate import RateInformation
from lto_sim.study.design.settings import Varied
from lto_sim.study.design.whole_maps import MapDeviation
from lto_sim.study.design.work import Reading

__all__ = ["design_table"]

Floats = NDArray[np.float64]

_AT_TEMPERATURE: Final = {
    "k_std": ("m2 s-1", "expected standard deviation of k"),
    "k_std_relative": ("1", "expected standard deviation of k over k"),
    "k": ("m2 s-1", "k that is read without noise, xi^2 = 2 k t"),
    "k_true": ("m2 s-1", "k of a planar front in this lamella"),
    "k_bias": ("1", "k that is read without noise over that of a planar front, less 1"),
    "front_position_std": ("m", "standard deviation of the front's position in a frame, median"),
    "contact_effect": ("m-1", "change of k, over k, per length by which the contact lies off"),
    "front_frames": ("1", "expected number of fronts in the window of the fit, over all profiles"),
    "front_found": ("1", "part of the frames in that window in which a front is found"),
    "window_start": ("s", "first time of the window of the fit"),
    "window_end": ("s", "last time of the window of the fit"),
    "frames": ("1", "frames of the recording"),
    "period": ("s", "start to start of frames"),
    "duration": ("s", "time that is recorded"),
    "dose": ("m-2", "electrons per area, all frames of the recording"),
    "motion": ("1", "pixels that the front crosses in one frame at half of its way"),
}
_OF_SETTING: Final = {
    "Ea_eV": ("eV", "activation energy of the k that are read without noise"),
    "Ea_eV_std": ("eV", "expected standard deviation of the activation energy of k"),
    "Ea_eV_half_width": ("eV", "half width of its 95 % interval, Student's with n - 2 degrees of freedom"),
    "Ea_points": ("1", "temperatures of the line"),
    "frame_dose": ("m-2", "electrons per area in one frame"),
    "series_dose": ("m-2", "electrons per area, all temperatures on one area"),
    "electrons": ("1", "electrons that a pixel gets in a frame"),
    "probe_fwhm": ("m", "full width at half maximum of the probe, its mean within the lamella"),
}
_FEWEST_TEMPERATURES: Final = 3
_SEEN: Final[float] = 0.5
_LEVEL: Final[float] = 0.95


def design_table(
    varied: Sequence[Varied],
    planner: Planner,
    plans: Sequence[Sequence[Planned]],
    found: Mapping[tuple[int, int], RateInformation],
    reading: Reading,
    of_maps: Sequence[MapDeviation] = (),
) -> xr.Dataset:
    """Put together what was planned and what was found.

    Parameters
    ----------
    varied : What is varied.
    planner : Who laid out the recordings.
    plans : The recordings, one row a setting, one column a temperature.
    found : What is expected of k, by setting and temperature.
    reading : How k is read.
    of_maps : What is expected of parameters from whole maps.
    """
    sizes = tuple(len(axis.values) for axis in varied)
    paths = tuple(axis.path for axis in varied)
    cells, status = _at_temperatures(planner, plans, found)
    rows, noise = _of_settings(planner, plans, cells, status)
    every = (*paths, "temperature")
    data: dict[str, Any] = {
        name: (every, values.reshape(*sizes, -1), named(*_AT_TEMPERATURE[name]))
        for name, values in cells.items()
    }
    data["status"] = (
        every, status.reshape(*sizes, -1),
        named("1", "whether the setting can be used") | {"meaning": _meaning()},
    )  # fmt: skip
    data |= {name: (paths, v.reshape(sizes), named(*_OF_SETTING[name])) for name, v in rows.items()}
    data["li_fraction_std"] = (
        (*paths, "li_fraction"), noise.reshape(*sizes, -1),
        named("1", "standard deviation of the li fraction of one pixel"),
    )  # fmt: skip
    for item in of_maps:
        over = f" {RELATIVE}" if item.parameter.logarithmic else ""
        label = f"expected standard deviation of {item.parameter.path}{over}, from whole maps"
        data[f"{item.parameter.path}_std"] = (paths, item.std.reshape(sizes), named(item.units, label))
    coordinates: dict[str, Any] = {axis.path: axis.coordinate for axis in varied}
    coordinates["temperature"] = ("temperature", planner.kelvin, named("K", "temperature"))
    coordinates["li_fraction"] = ("li_fraction", np.array(LI_FRACTIONS), named("1", "Li fraction"))
    return xr.Dataset(data, coordinates, _attributes(planner, reading, paths, of_maps))


def _at_temperatures(
    planner: Planner,
    plans: Sequence[Sequence[Planned]],
    found: Mapping[tuple[int, int], RateInformation],
) -> tuple[dict[str, Floats], NDArray[np.int8]]:
    """Numbers and status of every setting at every temperature, (settings, temperatures) each."""
    shape = (len(plans), planner.kelvin.size)
    cells = {name: np.full(shape, np.nan) for name in _AT_TEMPERATURE}
    status = np.full(shape, code.FEASIBLE, dtype=np.int8)
    for n, row in enumerate(plans):
        setting = planner.settings[n]
        pixel, saturated = planner.field(setting).pixel[0], planner.noise(setting).saturated
        for t, planned in enumerate(row):
            read = found.get((n, t), RateInformation())
            for name, value in _cell(planned, read, pixel).items():
                cells[name][n, t] = value
            status[n, t] = _status(planned, read, saturated)
    return cells, status


def _of_settings(
    planner: Planner,
    plans: Sequence[Sequence[Planned]],
    cells: Mapping[str, Floats],
    status: NDArray[np.int8],
) -> tuple[dict[str, Floats], Floats]:
    """Numbers of every setting, (settings,) each, and the deviation of its pixels (settings, li_fraction)."""
    rows = {name: np.full(len(plans), np.nan) for name in _OF_SETTING}
    noise = np.empty((len(plans), len(LI_FRACTIONS)))
    for n, row in enumerate(plans):
        setting = planner.settings[n]
        noise[n] = planner.noise(setting).table.mean(axis=0)
        usable = code.usable(status[n])
        values = {
            "frame_dose": row[0].recording.frame_dose,
            "series_dose": sum(planned.recording.dose for planned in row),
            "electrons": planner.noise(setting).electrons,
            "probe_fwhm": planner.blur(setting),
            **_energy(planner.kelvin[usable], cells["k"][n, usable], cells["k_std"][n, usable]),
        }
        for name, value in values.items():
            rows[name][n] = value
    return rows, noise


def _meaning() -> str:
    return "; ".join(f"{number} {text}" for number, text in code.STATUS.items())


def _cell(planned: Planned, read: RateInformation, pixel: float) -> dict[str, float]:
    recording, true = planned.recording, planned.rate.k
    half = 0.5 * max(profile.length for profile in numbered_profiles(planned.scenario.profile))
    return {
        "k_std": read.k_std,
        "k_std_relative": read.k_std / read.k,
        "k": read.k,
        "k_true": true,
        "k_bias": read.k / true - 1.0,
        "front_position_std": read.front_std,
        "contact_effect": read.contact_effect,
        "front_frames": read.points,
        "front_found": read.found,
        "window_start": read.window[0],
        "window_end": read.window[1],
        "frames": recording.frames,
        "period": recording.period,
        "duration": recording.duration,
        "dose": recording.dose,
        "motion": true / half * recording.frame_time / pixel,
    }


def _status(planned: Planned, read: RateInformation, saturated: bool) -> int:
    if saturated:
        return code.SATURATED
    if planned.status == code.OVER_BUDGET:
        return code.OVER_BUDGET
    if not math.isfinite(read.k_std):
        return code.FEW_FRONTS
    return code.NOT_SEEN if read.found < _SEEN else planned.status


def _energy(kelvin: Floats, k: Floats, k_std: Floats) -> dict[str, float]:
    """Ea of the usable temperatures, as `fit_arrhenius` states it; NaN of fewer than three."""
    if kelvin.size < _FEWEST_TEMPERATURES:
        return {"Ea_points": float(kelvin.size)}
    fit = fit_arrhenius(kelvin, k, k_std)
    low, high = fit.interval(_LEVEL)
    return {
        "Ea_eV": fit.Ea_eV, "Ea_eV_std": fit.Ea_eV_std, "Ea_eV_half_width": 0.5 * (high - low),
        "Ea_points": float(kelvin.size),
    }  # fmt: skip


def _attributes(
    planner: Planner, reading: Reading, paths: Sequence[str], of_maps: Sequence[MapDeviation]
) -> dict[str, Any]:
    budget, first = planner.budget, planner.settings[0]
    step = f"design_experiment {len(planner.settings)} settings, {planner.kelvin.size} temperatures"
    attributes: dict[str, Any] = {
        **provenance.attributes("design of an experiment", step, first.scenario.to_toml()),
        "instrument": first.instrument.to_toml(),
        "varied": json.dumps(list(paths)),
        "direction": reading.direction,
        "law": reading.law,
        "start_std_m": reading.start_std,
        "normalise": planner.normalise,
        "budget_for": budget.applies_to,
        "over_budget": budget.above,
    }
    if of_maps:
        attributes["free"] = json.dumps([item.parameter.path for item in of_maps])
    if budget.dose is not None:
        attributes["dose_budget_m2"] = budget.dose
    if reading.start_time is not None:
        attributes["start_time_s"] = reading.start_time
    return attributes
