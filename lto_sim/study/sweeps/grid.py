"""A sweep over a grid, with the axes as dimensions in place of ``run``."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from lto_sim.errors import InputError

__all__ = ["as_grid"]


def as_grid(swept: xr.Dataset) -> xr.Dataset:
    """Return a sweep with one dimension for each axis, in place of ``run``.

    Parameters
    ----------
    swept : A sweep of design "grid", from `open_sweep`; its variables stay where they are.

    Raises
    ------
    InputError
        A sweep of another design.

    Notes
    -----
    A path with dots is selected by a mapping: ``grid.sel({"surface.faces.at": 1e-22}, method="nearest")``.
    """
    if not isinstance(swept, xr.Dataset):
        raise InputError("sweep", swept, "a Dataset", "open the store with open_sweep(path)")
    if swept.attrs.get("design") != "grid" or "run" not in swept.dims:
        raise InputError(
            "sweep", swept.attrs.get("design", "no design"), "a sweep of design grid",
            "runs of other designs lie on no grid: take them by run",
        )  # fmt: skip
    paths = [axis["path"] for axis in json.loads(str(swept.attrs["axes"]))]
    shape = tuple(int(size) for size in np.atleast_1d(swept.attrs["shape"]))
    coords: dict[str, Any] = {}
    for position, path in enumerate(paths):
        values = np.moveaxis(swept[path].values.reshape(shape), position, 0)
        values = values.reshape(values.shape[0], -1)
        known = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, dtype=bool)
        first = np.argmax(known, axis=1)  # of a run that was refused nothing may be known
        coords[path] = (path, values[np.arange(values.shape[0]), first], swept[path].attrs)
    data: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for key, variable in swept.variables.items():
        name = str(key)
        if name in {*paths, "run"}:
            continue
        target = others if key in swept.coords else data
        if variable.dims[:1] != ("run",):
            target[name] = variable
            continue
        values = variable.data.reshape((*shape, *variable.shape[1:]))
        target[name] = xr.Variable((*paths, *variable.dims[1:]), values, variable.attrs)
    return xr.Dataset(data, coords | others, swept.attrs)
