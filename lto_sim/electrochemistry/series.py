"""The electrical series of a labelled dataset: what it must hold, one drive step of it, means of its current.

`current` is the mean since the sample before, so every current belongs to an interval. Where the current
follows 1/sqrt(t), its mean over the interval from a to b is its value at the time t_m with

    sqrt(t_m) = (sqrt(a) + sqrt(b))/2

exactly: the mean of 1/sqrt(t) is 2/(sqrt(a) + sqrt(b)). Currents are drawn and compared at that time, so
that wide intervals, also the one from t = 0, are not biased.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.electrochemistry.steps import DriveStepRecord
from lto_sim.errors import InputError

__all__ = [
    "StepSeries",
    "binned_current",
    "current_intervals",
    "diffusion_length",
    "li_fraction_at",
    "positive_attribute",
    "step_series",
    "values_of",
]

Floats = NDArray[np.float64]

_NEEDED: Final = "the electrical series of a run, or a record labelled like one"


@dataclass(frozen=True, eq=False)
class StepSeries:
    """Samples of one drive step, times counted from its start.

    Parameters
    ----------
    time : Time of each sample [s].
    begin : Begin of the interval that each sample's current belongs to [s].
    potential : Potential against In-Li [V].
    current : Mean current over the interval [A], oxidation > 0; NaN where there is no interval.
    """

    time: Floats
    begin: Floats
    potential: Floats
    current: Floats

    def intervals(self) -> tuple[Floats, Floats, Floats]:
        """Begin [s], end [s] and mean current [A] of the intervals that have one."""
        good = np.isfinite(self.current) & (self.time > self.begin)
        return self.begin[good], self.time[good], self.current[good]


def values_of(dataset: xr.Dataset, name: str) -> Floats:
    """Return a variable as float64.

    Raises
    ------
    InputError
        The dataset has no such variable.
    """
    if name not in dataset:
        raise InputError("dataset", f"no variable {name}", _NEEDED, f"add {name} to it")
    return np.asarray(dataset[name].values, dtype=np.float64)


def positive_attribute(dataset: xr.Dataset, name: str) -> float:
    """Return an attribute that is a positive number.

    Raises
    ------
    InputError
        It is missing, no number, or not positive.
    """
    value: Any = dataset.attrs.get(name)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not (np.isfinite(number) and number > 0.0):
        raise InputError(f"attribute {name}", value, "> 0", f"{_NEEDED} carries it")
    return number


def step_series(dataset: xr.Dataset, step: DriveStepRecord) -> StepSeries:
    """Return the samples of one drive step.

    Raises
    ------
    InputError
        A variable is missing, or the step has no sample.
    """
    time = values_of(dataset, "time_fine")
    mine = values_of(dataset, "drive_step") == step.number
    if not mine.any():
        raise InputError(
            "dataset", f"no sample in drive step {step.number}", "samples in every step", "sample more often"
        )
    begin = np.maximum(np.concatenate([time[:1], time[:-1]]), step.start)
    return StepSeries(
        time=time[mine] - step.start,
        begin=np.minimum(begin, time)[mine] - step.start,
        potential=values_of(dataset, "potential")[mine],
        current=values_of(dataset, "current")[mine],
    )


def current_intervals(dataset: xr.Dataset) -> tuple[Floats, Floats, Floats]:
    """Begin [s], end [s] and mean current [A] of every interval of the series, from time 0 on."""
    time, current = values_of(dataset, "time_fine"), values_of(dataset, "current")
    begin = np.concatenate([np.zeros(min(time.size, 1)), time[:-1]])
    good = np.isfinite(current) & (time > begin)
    return begin[good], time[good], current[good]


def binned_current(
    intervals: tuple[Floats, Floats, Floats], per_decade: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean currents over bins that are even in log t and begin and end with samples.

    Parameters
    ----------
    intervals : Begin [s], end [s] and mean current [A], without gaps.
    per_decade : Most bins in a factor 10 of time.

    Returns
    -------
    The time t_m [s] of each bin, its mean current [A], its begin and its end [s].
    """
    begin, end, current = intervals
    if not end.size:
        empty = np.empty(0)
        return empty, empty, empty, empty
    edge = np.concatenate([begin[:1], end])
    charge = np.concatenate([[0.0], np.cumsum(current * (end - begin))])
    number = np.floor(per_decade * np.log10(np.maximum(edge, 1e-300) / end[0]) + 1e-9)
    last = np.flatnonzero(np.diff(number, append=np.inf) > 0.0)
    kept = np.unique(np.concatenate([[0], last]))
    start, stop = edge[kept[:-1]], edge[kept[1:]]
    middle = (0.5 * (np.sqrt(start) + np.sqrt(stop))) ** 2
    return middle, np.diff(charge[kept]) / (stop - start), start, stop


def li_fraction_at(dataset: xr.Dataset, time: float) -> float:
    """Mean li fraction of the insertable lithium at `time` [s], from `lithium` and `capacity_C`."""
    capacity = positive_attribute(dataset, "capacity_C") / FARADAY
    return float(np.interp(time, values_of(dataset, "time_fine"), values_of(dataset, "lithium"))) / capacity


def diffusion_length(dataset: xr.Dataset) -> float:
    """Active volume over total contact area [m]: of a slab fed on one side its thickness.

    The volume is the attribute ``active_volume_m3`` where there is one (a specimen with inactive layers),
    else the sum of ``cell_volume``.

    Raises
    ------
    InputError
        Volume or areas are missing or not positive.
    """
    if "active_volume_m3" in dataset.attrs:
        volume = positive_attribute(dataset, "active_volume_m3")
    else:
        volume = float(values_of(dataset, "cell_volume").sum())
    area = float(np.sum(_areas(dataset)))
    if not (volume > 0.0 and area > 0.0):
        raise InputError("dataset", (volume, area), "volume and contact area > 0", "give length [m] instead")
    return volume / area


def _areas(dataset: xr.Dataset) -> Any:
    text = dataset.attrs.get("contact_areas_m2")
    if text is None:
        raise InputError("attribute contact_areas_m2", None, "a JSON list [m2]", "give length [m] instead")
    return json.loads(str(text))
