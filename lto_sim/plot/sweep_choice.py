"""What of a sweep is drawn: its variables, the paths that it varies, the runs and indices that are chosen."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.plot.sweep_units import Shown, shown_path, shown_variable
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.units import DIMENSIONS, to_si

__all__ = ["chosen", "list_values", "one_each_run", "plottable", "positions", "swept_paths", "what_to_choose"]

Floats = NDArray[np.float64]

_OWN: Final = ("status", "error")
_NEAR: Final = 1e-6
_MOST_LISTED: Final = 12
_UNITS: Final = {unit: kind for kind, unit in DIMENSIONS.items() if kind not in {"dose", "energy loss"}}


def plottable(dataset: xr.Dataset) -> list[str]:
    """Variables of a sweep that can be drawn."""
    return [
        str(name) for name, variable in dataset.data_vars.items()
        if variable.dims[:1] == ("run",) and variable.dtype.kind in "fiu" and name not in _OWN
        and not str(name).endswith("_of_run")
    ]  # fmt: skip


def one_each_run(dataset: xr.Dataset) -> list[str]:
    """Variables with one number a run."""
    return [name for name in plottable(dataset) if dataset[name].dims == ("run",)]


def swept_paths(dataset: xr.Dataset) -> list[str]:
    """Paths that a sweep varies: its axes in their order, of a list of runs all that they set."""
    axes = [str(axis["path"]) for axis in json.loads(str(dataset.attrs.get("axes", "[]")))]
    if axes:
        return [path for path in axes if path in dataset]
    known = {"run", "seed", *dataset.dims}
    return [str(n) for n, c in dataset.coords.items() if c.dims == ("run",) and n not in known]


def list_values(shown: Shown, values: Floats) -> str:
    """Write the different values of a path, the first dozen of them."""
    known = np.unique(values[np.isfinite(values)])
    texts = [shown.text(float(value)) for value in known[:_MOST_LISTED]]
    return ", ".join([*texts, "..."] if known.size > _MOST_LISTED else texts)


def what_to_choose(data: xr.Dataset, dim: str) -> str:
    """Say between what an index of a dimension may be chosen."""
    label, values = positions(data, dim)
    if label is None:
        return f"0 to {data.sizes[dim] - 1}"
    shown = shown_variable(dim, label, values)
    return f"{shown.text(float(np.nanmin(values)))} to {shown.text(float(np.nanmax(values)))}"


def positions(data: xr.Dataset, dim: str) -> tuple[xr.DataArray | None, Floats]:
    """Positions along a dimension, or (run, dim) where runs have their own; None where it is only counted."""
    own = f"{dim}_of_run"
    if dim in data.coords:
        return data[dim], np.asarray(data[dim].values, dtype=np.float64)
    if own in data and data[own].dims == ("run", dim):
        return data[own], np.asarray(data[own].values, dtype=np.float64)
    return None, np.arange(data.sizes[dim], dtype=np.float64)


def chosen(
    dataset: xr.Dataset, of: str, select: Mapping[str, Any], drawn: Collection[str | None]
) -> tuple[xr.Dataset, list[str]]:
    """Choose runs and indices.

    Parameters
    ----------
    dataset : The sweep.
    of : The variable.
    select : Values by swept path or dimension.
    drawn : What x, y and lines are.

    Returns
    -------
    The part of the sweep, and in words what was chosen.

    Raises
    ------
    InputError
        A name that the sweep does not have, or a value that was not run.
    """
    paths, dims = swept_paths(dataset), [str(d) for d in dataset[of].dims[1:]]
    data, words = dataset, []
    for name, value in select.items():
        field = f"select.{name}"
        if name in drawn:
            raise InputError(field, value, "a name that is not drawn", "leave it out of select")
        if name in paths or (name == "seed" and "seed" in dataset):
            data, text = _choose_runs(data, name, value, field)
        elif name in dims:
            data, text = _choose_index(data, name, value, field)
        else:
            raise InputError(field, value, ", ".join([*paths, *dims]), "name an axis or a dimension")
        words.append(text)
    single = {dim: 0 for dim in dims if dim in data[of].dims and dim not in drawn and data.sizes[dim] == 1}
    return data.isel(single), words


def _choose_runs(data: xr.Dataset, path: str, value: Any, field: str) -> tuple[xr.Dataset, str]:
    """Runs with a value of a swept path."""
    variable = data[path]
    shown, values = shown_path(path, variable), np.asarray(variable.values, dtype=np.float64)
    if shown.texts:
        wanted = float(shown.texts.index(str(value))) if str(value) in shown.texts else np.nan
    else:
        wanted = to_si(value, _kind(path, variable), field)
    same = np.abs(values - wanted) <= _NEAR * np.maximum(np.abs(values), abs(wanted))
    if not same.any():
        raise InputError(field, value, list_values(shown, values), "choose a value that was run")
    return data.isel(run=np.flatnonzero(same)), f"{path} = {shown.text(wanted)}"


def _kind(path: str, variable: xr.DataArray) -> str:
    return quantity_kind(path) or _UNITS.get(str(variable.attrs.get("units", "")), "dimensionless")


def _choose_index(data: xr.Dataset, dim: str, value: Any, field: str) -> tuple[xr.Dataset, str]:
    """An index of a dimension, by its number or, where it has positions, the nearest of them."""
    label, values = positions(data, dim)
    if label is None:
        number = _whole(value)
        if not 0 <= number < data.sizes[dim]:
            raise InputError(field, value, what_to_choose(data, dim), "a whole number, counted from 0")
        return data.isel({dim: number}), f"{dim} {number}"
    wanted = to_si(value, _kind("", label), field)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    slack = 0.5 * (high - low) / max(values.shape[-1] - 1, 1)
    if not low - slack <= wanted <= high + slack:
        raise InputError(field, value, what_to_choose(data, dim), "choose one within")
    distance = np.abs(np.where(np.isfinite(values), values, np.inf) - wanted)
    nearest = np.argmin(distance, axis=-1)
    text = f"{dim} = {shown_variable(dim, label, values).text(wanted)}"
    if values.ndim == 1:
        return data.isel({dim: int(nearest)}), text
    return data.isel({dim: xr.DataArray(nearest, dims="run")}), text


def _whole(value: Any) -> int:
    """The value as a whole number, -1 if it is none."""
    if isinstance(value, bool):
        return -1
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.strip().isdigit() else -1
