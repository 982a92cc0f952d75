"""What a design found, in plain sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import published_table
from lto_sim.microscope import Instrument
from lto_sim.microscope.dose import PER_SQUARE_ANGSTROM
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.study.design import status as code
from lto_sim.study.design.choices import best_setting, deviation_of, goal_of, is_relative, largest_dose
from lto_sim.study.design.settings import PIXEL_SIZE
from lto_sim.units import DIMENSIONS

__all__ = ["design_lines", "setting_in_words", "value_in_words"]

_PHRASES: Final = {
    "instrument.beam.current": "a probe current of {}",
    "scan.frame_time": "frames of {}",
    "scan.period": "a frame every {}",
    PIXEL_SIZE: "pixels of {}",
    "specimen.thickness": "a lamella of {}",
    "instrument.beam.probe_fwhm": "a probe of {}",
    "instrument.beam.voltage": "{}",
}
_SCALES: Final = {
    "current": ((1e-9, "nA"), (1e-12, "pA")),
    "length": ((1e-6, "um"), (1e-9, "nm")),
    "potential": ((1e3, "kV"), (1.0, "V")),
    "angle": ((1e-3, "mrad"),),
}
_ALIKE: Final[float] = 1.1
"""Ratio of deviations below which settings are as good as each other."""
_OFF: Final[float] = 10e-9
"""Offset of a contact that is spoken of [m]: a third of a usual pixel."""
_TEMPERATURES: Final = 6
_WHOLE, _MANY = 100.0, 1e6
"""Doses [e/A^2] that are written as whole numbers."""
_SMALL_BIAS: Final[float] = 2e-3
"""Bias of k that is not worth a word."""


def value_in_words(path: str, value: float) -> str:
    """A value with the unit that people use: ``71 pA``, ``31 nm``, ``0.5 s``."""
    prefix = "instrument."
    if path == PIXEL_SIZE:
        kind = "length"
    elif path.startswith(prefix):
        kind = quantity_kind(path.removeprefix(prefix), Instrument)
    else:
        kind = quantity_kind(path)
    for size, unit in _SCALES.get(kind, ()):
        if abs(value) >= 0.999 * size or size == _SCALES[kind][-1][0]:
            return f"{value / size:.3g} {unit}"
    unit = DIMENSIONS.get(kind, "").replace("^", "").replace("*", " ")
    return f"{value:.4g} {unit}".strip()


def setting_in_words(values: Mapping[str, float]) -> str:
    """A setting as a part of a sentence: ``a probe current of 71 pA, frames of 0.5 s``."""
    parts = []
    for path, value in values.items():
        shown = value_in_words(path, value)
        parts.append(_PHRASES[path].format(shown) if path in _PHRASES else f"{path} = {shown}")
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]}"


def design_lines(design: xr.Dataset, goal: str | None = None) -> list[str]:
    """Say in sentences what is best, what is as good for less dose, what cannot be used, what is left out.

    Parameters
    ----------
    design : From `design_experiment`.
    goal : ``Ea``, ``k`` or the path of a free parameter; default the first that the design has.

    Returns
    -------
    list of str
        One sentence each.

    Raises
    ------
    InputError
        No setting that can be used, or a goal that the design does not tell.
    """
    goal = goal_of(design, goal)
    values = best_setting(design, goal)
    best = design.sel(values)
    deviation = deviation_of(design, goal)
    lines = [_opening(design), _best_line(design, best, values, goal)]
    cheaper = _cheaper(design, deviation, values)
    if cheaper:
        lines.append(cheaper)
    lines += _budget_lines(design, best)
    lines += _refused(design)
    lines += _caveats(design, best)
    return lines


def _opening(design: xr.Dataset) -> str:
    degC = [f"{t - ZERO_CELSIUS:.4g}" for t in design["temperature"].values]
    shown = ", ".join(degC) if len(degC) <= _TEMPERATURES else f"{degC[0]} to {degC[-1]}"
    paths = json.loads(str(design.attrs["varied"]))
    count = math.prod(design.sizes[path] for path in paths)
    budget = design.attrs.get("dose_budget_m2")
    within = "no dose budget"
    if budget is not None:
        each = "each recording" if design.attrs["budget_for"] == "recording" else "all temperatures together"
        within = f"at most {_dose(float(budget))} for {each}"
    many = "setting" if count == 1 else "settings"
    return f"{count} {many} of {design.attrs['direction']} at {shown} degC, {within}; counting noise alone."


def _dose(value: float) -> str:
    shown = value / PER_SQUARE_ANGSTROM
    return f"{shown:.0f} e/A^2" if _WHOLE <= shown < _MANY else f"{shown:.3g} e/A^2"


def _percent(value: float) -> str:
    return f"{100.0 * value:.2g} %"


def _known(design: xr.Dataset, goal: str, value: float) -> str:
    """How well a goal is known, in words."""
    if goal == "Ea":
        return f"Ea to {value:.2g} eV"
    if goal == "k":
        return f"k to {_percent(value)}"
    if is_relative(design, goal):
        return f"{goal} to {_percent(value)}"
    units = str(design[f"{goal}_std"].attrs["units"])
    return f"{goal} to {value:.2g} {units}" if units != "1" else f"{goal} to {value:.2g}"


def _best_line(design: xr.Dataset, best: xr.Dataset, values: Mapping[str, float], goal: str) -> str:
    found = float(deviation_of(best, goal))
    degC = best["temperature"].values - ZERO_CELSIUS
    k = best["k_std_relative"].values
    known = [f"{_percent(v)} at {t:.4g} degC" for t, v in zip(degC, k, strict=True) if np.isfinite(v)]
    detail = ""
    if goal != "k" and known:
        detail = f" (k to {', '.join(known)})"
    elif len(known) > 1:
        detail = f" or better ({', '.join(known)})"
    dose = _dose(float(largest_dose(best)))
    most = " at most" if design.attrs["budget_for"] == "recording" and degC.size > 1 else ""
    told = _known(design, goal, found)
    return f"Best: {setting_in_words(values)} would tell {told}{detail}, for {dose}{most}."


def _cheaper(design: xr.Dataset, deviation: xr.DataArray, values: Mapping[str, float]) -> str:
    """The setting of least dose among those that are as good within a tenth; empty where it is the best."""
    alike = deviation <= _ALIKE * deviation.min()
    count = int(alike.sum())
    if count <= 1:
        return ""
    dose = largest_dose(design).where(alike)
    place = dose.argmin(list(dose.dims))
    chosen = dose.isel(place) if isinstance(place, dict) else dose
    least = {path: float(chosen[path]) for path in values}
    total = _dose(float(chosen))
    if least == dict(values):
        return f"{count} settings are as good within a tenth; none of them takes less dose."
    alternative = setting_in_words(least)
    return f"{count} settings are as good within a tenth; the least dose of them is {total}: {alternative}."


def _budget_lines(design: xr.Dataset, best: xr.Dataset) -> list[str]:
    status = best["status"].values
    if not np.any(status == code.FEWER_FRAMES):
        return []
    parts = [
        f"{int(n)} frames, one every {p:.3g} s, at {t - ZERO_CELSIUS:.4g} degC"
        for n, p, t, s in zip(
            best["frames"].values, best["period"].values, best["temperature"].values, status, strict=True
        )
        if s == code.FEWER_FRAMES
    ]
    return [f"To keep within the budget: {'; '.join(parts)}, the beam blanked between them."]


def _refused(design: xr.Dataset) -> list[str]:
    """How many settings cannot be used at some temperature, and why."""
    lines = []
    for number, meaning in code.STATUS.items():
        if number <= code.FEWER_FRAMES:
            continue
        hit = design["status"] == number
        if not bool(hit.any()):
            continue
        count = int(hit.any("temperature").sum())
        others = [str(dim) for dim in hit.dims if dim != "temperature"]
        at = design["temperature"].values[hit.any(others).values if others else hit.values]
        where = ", ".join(f"{t - ZERO_CELSIUS:.4g}" for t in at)
        many = "setting cannot" if count == 1 else "settings cannot"
        lines.append(f"{count} {many} be used at {where} degC: {meaning}.")
    return lines


def _caveats(design: xr.Dataset, best: xr.Dataset) -> list[str]:
    lines = []
    bias, std = best["k_bias"].values, best["k_std_relative"].values
    known = np.isfinite(bias) & np.isfinite(std)
    if np.any(np.abs(bias[known]) > np.maximum(std[known], _SMALL_BIAS)):
        worst = int(np.argmax(np.where(known, np.abs(bias), -1.0)))
        degC = float(best["temperature"].values[worst]) - ZERO_CELSIUS
        lines.append(
            f"Without noise k is read {100.0 * bias[worst]:+.2g} % off that of a planar front at {degC:.4g} "
            "degC, more than its deviation: correct it by a simulation (`lto-sim fit --correct`)."
        )
    table = published_table(str(design.attrs["direction"]))
    scatter = float(np.sqrt(np.mean((table.k_std / table.k) ** 2)))
    lines.append(f"Not counted: the scatter of k between particles, {100.0 * scatter:.0f} % as published.")
    effect = best["contact_effect"].values
    if np.isfinite(effect).any() and not float(design.attrs["start_std_m"]):
        largest, least = _OFF * float(np.nanmax(effect)), float(np.nanmin(std))
        more = f", {largest / least:.0f} times what counting leaves" if largest > 2.0 * least else ""
        lines.append(
            f"Nor that a contact may lie elsewhere than drawn: {1e9 * _OFF:.0f} nm change k by "
            f"{_percent(largest)}{more}."
        )
    return lines
