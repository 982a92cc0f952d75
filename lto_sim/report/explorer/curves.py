"""Curves over time of every run: current, charge, potential, and how far the front is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.plot.sweep_choice import positions
from lto_sim.plot.sweep_units import shown_variable, with_power

__all__ = ["BUDGET", "curves", "front"]

Floats = NDArray[np.float64]

BUDGET: Final = 1_500_000
"""Characters of all curves."""
_CURVES: Final = ("current", "charge", "potential")
_NUMBER: Final = 8
"""Characters of a number, about."""


def _places(sweep: xr.Dataset, dim: str) -> Floats:
    """Positions of every run along a dimension (run, dim)."""
    _, places = positions(sweep, dim)
    return np.broadcast_to(places, (sweep.sizes["run"], places.shape[-1]))


def _stride(sweep: xr.Dataset, dim: str, columns: int) -> int:
    numbers = sweep.sizes["run"] * sweep.sizes[dim] * columns
    return max(1, -(-numbers * _NUMBER * 2 // BUDGET))


def _plain(values: Floats) -> list[float | None]:
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]


def curves(sweep: xr.Dataset) -> dict[str, Any] | None:
    """Return current, charge and potential over time as the script needs them; None where none is stored."""
    names = [name for name in _CURVES if name in sweep and sweep[name].dims == ("run", "time_fine")]
    if not names:
        return None
    every = _stride(sweep, "time_fine", 1 + len(names))
    done = sweep["status"].values == 1
    time = _places(sweep, "time_fine")[:, ::every]
    kinds = []
    for name in names:
        values = np.asarray(sweep[name].values, dtype=np.float64)[:, ::every]
        shown = replace(shown_variable(name, sweep[name], values[done]), scale="linear")
        shown = with_power(shown, values[done])
        kinds.append({
            "name": name, "label": f"{name} [{shown.unit}]" if shown.unit else name, "about": shown.label,
            "runs": [_plain(shown(row)) if ok else None for row, ok in zip(values, done, strict=True)],
        })  # fmt: skip
    return {"time": [_plain(row) if ok else None for row, ok in zip(time, done, strict=True)], "kinds": kinds}


def front(sweep: xr.Dataset) -> dict[str, Any] | None:
    """Return front positions over time as the script needs them; None where none are stored."""
    if "front_position" not in sweep or sweep["front_position"].dims != ("run", "time", "profile"):
        return None
    profiles = sweep.sizes["profile"]
    every = _stride(sweep, "time", 2 * profiles)
    done = sweep["status"].values == 1
    where = np.asarray(sweep["front_position"].values, dtype=np.float64)[:, ::every]
    at = _places(sweep, "time")[:, ::every]
    times = np.broadcast_to(at[..., None], where.shape)
    if "front_time" in sweep:
        times = np.asarray(sweep["front_time"].values, dtype=np.float64)[:, ::every]
    shown = replace(shown_variable("front_position", sweep["front_position"], where[done]), scale="linear")
    runs = []
    for run, ok in enumerate(done):
        lines = [
            {"time": _plain(times[run, :, n]), "position": _plain(shown(where[run, :, n]))}
            for n in range(profiles)
        ]
        runs.append(lines if ok else None)
    return {"label": f"front [{shown.unit}]", "factor": shown.factor, "unit": shown.unit, "runs": runs}
