"""Axes of a sweep as sliders: which run stands at which place.

A grid has a slider for every axis with more than one value; a run is found by its places along them. Samples,
lists and pairs lie on no grid: there one slider goes through the runs, and the axes say where each lies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.plot.sweep_choice import swept_paths
from lto_sim.plot.sweep_units import Shown, shown_path

__all__ = ["ExploredAxis", "explored_axes", "fixed_values"]


@dataclass(frozen=True, eq=False)
class ExploredAxis:
    """A swept path.

    Parameters
    ----------
    path : Its name.
    shown : How values are shown.
    values : Of every run, as shown (run); NaN where it is not known.
    places : Of every run along the slider (run); -1 where it is not known.
    stops : Texts of the stops of the slider.
    positions : Their values, as shown.
    """

    path: str
    shown: Shown
    values: NDArray[np.float64]
    places: NDArray[np.int64]
    stops: tuple[str, ...]
    positions: tuple[float, ...]

    def stop(self, run: int) -> str:
        """Text of the value of a run."""
        place = int(self.places[run])
        return self.stops[place] if place >= 0 else "not known"

    def data(self) -> dict[str, Any]:
        """What the script needs."""
        log = self.shown.scale == "log" and all(value > 0.0 for value in self.positions)
        return {
            "path": self.path, "label": self.shown.short_label, "stops": self.stops,
            "positions": [_plain(value) for value in self.positions],
            "words": bool(self.shown.texts), "log": log,
            "values": [_plain(value) for value in self.values],
        }  # fmt: skip


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def is_grid(sweep: xr.Dataset) -> bool:
    """Whether the runs of a sweep are all combinations of its axes."""
    return str(sweep.attrs.get("design")) == "grid"


def explored_axes(sweep: xr.Dataset) -> list[ExploredAxis]:
    """Return the axes along which runs differ."""
    return [axis for axis in _axes(sweep) if len(axis.stops) > 1]


def fixed_values(sweep: xr.Dataset) -> list[tuple[str, str]]:
    """Return the axes that have one value, with it."""
    return [(axis.path, axis.stops[0]) for axis in _axes(sweep) if len(axis.stops) == 1]


def _axes(sweep: xr.Dataset) -> list[ExploredAxis]:
    paths = swept_paths(sweep)
    runs = sweep.sizes["run"]
    if is_grid(sweep):
        paths = [str(axis["path"]) for axis in json.loads(str(sweep.attrs["axes"]))]
        shape = tuple(int(size) for size in np.atleast_1d(sweep.attrs["shape"]))
        places = np.array(np.unravel_index(np.arange(runs), shape))
        return [_grid_axis(sweep, path, places[n], shape[n]) for n, path in enumerate(paths)]
    return [_free_axis(sweep, path) for path in paths]


def _stored(sweep: xr.Dataset, path: str) -> tuple[Shown, NDArray[np.float64]]:
    return shown_path(path, sweep[path]), np.asarray(sweep[path].values, dtype=np.float64)


def _grid_axis(sweep: xr.Dataset, path: str, places: NDArray[np.int64], size: int) -> ExploredAxis:
    shown, stored = _stored(sweep, path)
    stops = np.full(size, np.nan)
    for place in range(size):  # of a run that was refused nothing may be known
        known = stored[(places == place) & np.isfinite(stored)]
        stops[place] = known[0] if known.size else np.nan
    return _axis(path, shown, stops[places], places, stops)


def _free_axis(sweep: xr.Dataset, path: str) -> ExploredAxis:
    shown, stored = _stored(sweep, path)
    stops = np.unique(stored[np.isfinite(stored)])
    places = np.where(np.isfinite(stored), np.searchsorted(stops, stored), -1)
    return _axis(path, shown, stored, places, stops)


def _axis(
    path: str,
    shown: Shown,
    stored: NDArray[np.float64],
    places: NDArray[np.int64],
    stops: NDArray[np.float64],
) -> ExploredAxis:
    def seen(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values if shown.texts else shown(values)

    texts = tuple(shown.text(float(stop)) if np.isfinite(stop) else "not known" for stop in stops)
    return ExploredAxis(path, shown, seen(stored), places, texts, tuple(float(v) for v in seen(stops)))
