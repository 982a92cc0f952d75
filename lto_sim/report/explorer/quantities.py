"""Numbers of every run: what a sweep found, as values to draw over the axes and as texts to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.plot.parameter_units import value_and_deviation
from lto_sim.plot.sweep_choice import plottable
from lto_sim.plot.sweep_units import Shown, shown_variable, with_power, written

__all__ = ["Quantity", "quantities"]

_TIMES: Final = {"time", "time_fine", "y", "x"}
_ASIDE: Final = ("_std", "_low", "_high")
"""Endings of variables that say how far another one can be trusted."""
_FIRST: Final = ("k", "Ea", "k_true", "verdict")
_MOST_ITEMS: Final = 8
_RAISED: Final = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Quantity:
    """A number of every run.

    Parameters
    ----------
    name : Its name, with the item of its dimension where there are several.
    about : What it is.
    shown : How it is shown.
    values : As shown (run), NaN where there is none.
    deviation : Its standard deviation, as shown; None where it is not stored.
    low, high : Ends of its interval, as shown; None where they are not stored.
    unit : Unit in texts, without the power of ten that a plot has in its unit.
    power : That power.
    """

    name: str
    about: str
    shown: Shown
    values: NDArray[np.float64]
    deviation: NDArray[np.float64] | None = None
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    unit: str = ""
    power: float = 1.0

    def text(self, run: int) -> str:
        """The value of a run with its unit."""
        value = float(self.values[run])
        if not np.isfinite(value):
            return "no value"
        if self.shown.texts:
            return self.shown.texts[int(value)]
        value *= self.power
        number = written(value)
        if self.deviation is not None and np.isfinite(self.deviation[run]):
            number = _with_deviation(value, self.power * float(self.deviation[run]), bool(self.unit))
        return f"{number} {self.unit}".strip()

    def note(self, run: int) -> str:
        """Its interval."""
        if self.low is None or self.high is None or not np.isfinite(self.low[run] + self.high[run]):
            return ""
        low, high = (self.power * float(ends[run]) for ends in (self.low, self.high))
        return f"95 %: {written(low)} to {written(high)}"

    def data(self) -> dict[str, Any]:
        """What the script needs."""
        known = self.values[np.isfinite(self.values)]
        return {
            "name": self.name, "label": self.shown.label if not self.about else self.about,
            "unit": self.shown.unit, "words": self.shown.texts,
            "log": self.shown.scale == "log" and bool(known.size and known.min() > 0.0),
            "values": _plain(self.values),
            "deviation": None if self.deviation is None else _plain(self.deviation),
            "texts": [self.text(run) for run in range(self.values.size)],
            "notes": [self.note(run) for run in range(self.values.size)],
        }  # fmt: skip


def _with_deviation(value: float, deviation: float, unit: bool) -> str:
    """Both in one power of ten: ``(7.600 ± 0.027)×10⁻¹⁴``."""
    text = value_and_deviation(value, deviation).replace("-", "−")
    number, power, exponent = text.partition("e")
    if power:
        return f"{number}×10{exponent.translate(_RAISED)}"
    return f"({number})" if unit else number


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]


def quantities(sweep: xr.Dataset) -> list[Quantity]:
    """Return the numbers of every run, the rate constant first.

    Variables with a dimension beside ``run`` that is no time (profiles, items of one's own) give one for each
    of its first eight entries.
    """
    names = [
        name
        for name in plottable(sweep)
        if sweep[name].ndim <= 2 and not _TIMES & set(sweep[name].dims) and not _is_aside(sweep, name)
    ]
    names.sort(key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name == "wall_time"))
    found = [one for name in names for one in _of_variable(sweep, name)]
    closure = _closure(sweep)
    if closure is not None:
        found.insert(1, closure)
    told = [one for one in found if np.isfinite(one.values).any()]
    return told or found[:1]


def _is_aside(sweep: xr.Dataset, name: str) -> bool:
    return any(name.endswith(ending) and name.removesuffix(ending) in sweep for ending in _ASIDE)


def _of_variable(sweep: xr.Dataset, name: str) -> list[Quantity]:
    variable = sweep[name]
    values = np.asarray(variable.values, dtype=np.float64)
    done = sweep["status"].values == 1
    plain = shown_variable(name, variable, values[done])
    shown = with_power(plain, values[done])
    values = np.where(values < 0, np.nan, values) if shown.texts else values
    columns = values.reshape(values.shape[0], -1)
    about = str(variable.attrs.get("long_name", "")).replace("^2", "²")
    aside = [_aside(sweep, name + ending, shown, variable.dims) for ending in _ASIDE]
    found = []
    for number in range(min(columns.shape[1], _MOST_ITEMS)):
        item = _item(name, variable, number, columns.shape[1])
        own = columns[:, number] if shown.texts else shown(columns[:, number])
        deviation, low, high = (None if part is None else part[:, number] for part in aside)
        power = plain.factor / shown.factor
        found.append(Quantity(item, about, shown, own, deviation, low, high, plain.unit, power))
    return found


def _item(name: str, variable: xr.DataArray, number: int, count: int) -> str:
    return name if count == 1 else f"{name}, {str(variable.dims[1]).removesuffix('_item')} {number}"


def _aside(sweep: xr.Dataset, name: str, shown: Shown, dims: Any) -> NDArray[np.float64] | None:
    if name not in sweep or sweep[name].dims != dims:
        return None
    values = np.asarray(sweep[name].values, dtype=np.float64)
    columns = values.reshape(values.shape[0], -1)
    return shown.difference(columns) if name.endswith("_std") else shown(columns)


def _closure(sweep: xr.Dataset) -> Quantity | None:
    """How far the k that was measured lies from the one that the scenario has, along the first profile."""
    if "k" not in sweep or "k_true" not in sweep or sweep["k"].ndim != 2:
        return None
    measured = np.asarray(sweep["k"].values, dtype=np.float64)[:, 0]
    true = np.asarray(sweep["k_true"].values, dtype=np.float64)
    known = np.isfinite(measured) & np.isfinite(true) & (true > 0.0)
    values = np.full(measured.shape, np.nan)
    values[known] = 100.0 * (measured[known] / true[known] - 1.0)
    shown = Shown("k against k_true", "%")
    return Quantity("k against k_true", "k of the front over Wagner's k, less 1", shown, values, unit="%")
