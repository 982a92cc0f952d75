"""netCDF-4 files, for programs that do not read Zarr: the same datasets, one file each.

xarray writes them through h5netcdf. No fill values are written: numbers stay of the type they had, and NaN is
NaN. Times are not decoded on the way back: ``units = "s"`` stays a unit. netCDF has attributes of text and
numbers only, and makes no difference between a number and a list of one: any other attribute is kept as JSON
text, and :data:`JSON_ATTRIBUTES` lists those.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import dask.config
import h5py  # type: ignore[import-untyped]
import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files.atomic import new_file
from lto_sim.files.declared_sizes import check_hdf5
from lto_sim.files.plain_values import plain_attribute, require_numbers

__all__ = ["JSON_ATTRIBUTES", "open_netcdf", "read_netcdf", "write_netcdf"]

JSON_ATTRIBUTES: Final = "lto_sim_json_attributes"
"""Attribute that names, separated by line breaks, the attributes that are JSON text."""

_ENGINE: Final = "h5netcdf"
_COMPRESSED_FROM: Final = 2**16
"""Size of a variable [bytes] from which it is compressed."""
_INT64: Final = range(-(2**63), 2**63)


def write_netcdf(dataset: xr.Dataset, path: Path | str, force: bool = False) -> None:
    """Write a dataset as netCDF-4, whole or not at all; dask arrays are written chunk by chunk.

    Parameters
    ----------
    dataset : Any kind; numbers only, text belongs in attributes.
    path : File to make, ``.nc``.
    force : Replace an existing file, at the very end.

    Raises
    ------
    InputError
        Another suffix, a target that exists without `force`, a variable of text or objects, or an attribute
        that is no finite number.
    """
    path = Path(path)
    if path.suffix.lower() != ".nc":
        raise InputError("--out", str(path), "a name that ends with .nc", "change the ending")
    require_numbers(dataset)
    clean = dataset.drop_encoding()
    clean.attrs = _encoded(dataset.attrs)
    for name in clean.variables:
        clean[name].attrs = _encoded(clean[name].attrs)
    one_thread = dask.config.set(scheduler="synchronous")  # none writes on after another has failed
    with new_file(path, force) as temporary, one_thread:
        clean.to_netcdf(
            temporary,
            mode="w",
            format="NETCDF4",
            engine=_ENGINE,
            encoding={name: _encoding(variable) for name, variable in clean.variables.items()},
        )


def read_netcdf(path: Path | str) -> xr.Dataset:
    """Read a netCDF file into memory.

    Parameters
    ----------
    path : The file, ``.nc``.

    Returns
    -------
    Dataset
        Any kind: with the variables, dimensions, units and attributes that were written.

    Raises
    ------
    InputError
        No such file, or one that is damaged or no netCDF-4.
    """
    return _opened(Path(path), lazy=False)


def open_netcdf(path: Path | str) -> xr.Dataset:
    """Open a netCDF file and leave its variables on the disk, as dask arrays.

    Damage inside a variable shows only when that part is read, as an error of HDF5.

    Raises
    ------
    InputError
        No such file, or one that is damaged or no netCDF-4.
    """
    return _opened(Path(path), lazy=True)


def _opened(path: Path, lazy: bool) -> xr.Dataset:
    if not path.is_file():
        raise InputError("store", str(path), "an existing netCDF file", "check the path")
    try:
        check_hdf5(path)
        with h5py.File(path, "r") as file:
            dict(file.attrs)  # h5netcdf prints on stderr about those that it cannot read
        dataset = xr.open_dataset(
            path,
            engine=_ENGINE,
            chunks={} if lazy else None,
            decode_times=False,
            decode_timedelta=False,
        )
        if not lazy:
            with dataset as opened:
                dataset = opened.load()
        dataset.attrs = _decoded(dataset.attrs)
        for name in dataset.variables:
            dataset[name].attrs = _decoded(dataset[name].attrs)
    except Exception as error:  # damage shows as errors of h5py, h5netcdf, json or numpy
        reason = " ".join(str(error).split())[:120] or type(error).__name__
    else:
        return dataset.drop_encoding()
    raise InputError("store", str(path), "an undamaged netCDF-4 file", f"make or copy it again ({reason})")


def _encoding(variable: xr.Variable) -> dict[str, Any]:
    compressed = variable.ndim > 0 and variable.nbytes >= _COMPRESSED_FROM
    return {"_FillValue": None, **({"zlib": True, "complevel": 1, "shuffle": True} if compressed else {})}


def _encoded(attrs: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
    """Attributes as netCDF can hold them."""
    plain = {key: plain_attribute(str(key), value) for key, value in attrs.items()}
    as_json = [key for key, value in plain.items() if not _native(value)]
    encoded = {key: json.dumps(value) if key in as_json else value for key, value in plain.items()}
    return {**encoded, **({JSON_ATTRIBUTES: "\n".join(map(str, as_json))} if as_json else {})}


def _native(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, str | float) or (isinstance(value, int) and value in _INT64)


def _decoded(attrs: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
    as_json = str(attrs.get(JSON_ATTRIBUTES, "")).splitlines()
    return {
        key: json.loads(value) if key in as_json else _python(value)
        for key, value in attrs.items()
        if key != JSON_ATTRIBUTES
    }


def _python(value: Any) -> Any:
    """Text and numbers of Python; of a file of another program arrays become lists."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
