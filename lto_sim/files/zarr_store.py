"""One Zarr store per dataset: format 3, not consolidated, every chunk written. A name in .nc makes netCDF.

A chunk that is absent reads as its fill value, so a store that was copied in part would read as if it were
whole. Stores written here hold every chunk and say so (:data:`COMPLETE`), and the reader counts them.
Text never goes into an array (Zarr warns about ``<U``): it belongs in attributes.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Final

import xarray as xr
import zarr

from lto_sim.errors import InputError
from lto_sim.files.atomic import new_directory
from lto_sim.files.netcdf import open_netcdf, read_netcdf, write_netcdf
from lto_sim.files.plain_values import plain_attribute, require_numbers

__all__ = ["COMPLETE", "is_store", "open_dataset", "read_dataset", "write_dataset"]

_LOG: Final = logging.getLogger(__name__)
COMPLETE: Final = "all_chunks_written"
_CHUNK_BYTES: Final = 32 * 2**20
_NETCDF: Final = ".nc"


def is_store(path: Path) -> bool:
    """Whether `path` looks like a Zarr store or a netCDF file."""
    return (path / "zarr.json").is_file() or (path.suffix.lower() == _NETCDF and path.is_file())


def write_dataset(dataset: xr.Dataset, path: Path | str, force: bool = False) -> None:
    """Write a dataset, whole or not at all.

    Parameters
    ----------
    dataset : Any kind; numbers only, text belongs in attributes.
    path : The store to make; a name that ends in ``.nc`` makes a netCDF file.
    force : Replace an existing store, at the very end.

    Raises
    ------
    InputError
        The target exists and `force` is false, or a variable holds text or objects.
    """
    path = Path(path)
    if path.suffix.lower() == _NETCDF:
        write_netcdf(dataset, path, force)
        return
    require_numbers(dataset)
    clean = dataset.drop_encoding()
    clean.attrs = {key: plain_attribute(str(key), value) for key, value in dataset.attrs.items()} | {
        COMPLETE: 1
    }
    encoding = {name: {"chunks": _chunks(v)} for name, v in clean.variables.items() if v.ndim}
    with new_directory(path, force) as temporary:
        clean.to_zarr(
            temporary,
            mode="w",
            consolidated=False,
            zarr_format=3,
            encoding=encoding,
            write_empty_chunks=True,
        )


def read_dataset(path: Path | str) -> xr.Dataset:
    """Read a Zarr store or a netCDF file into memory.

    Parameters
    ----------
    path : Directory of the store, or a file ``.nc``.

    Returns
    -------
    Dataset
        Any kind: with the variables, dimensions, units and attributes that were written.

    Raises
    ------
    InputError
        No such store, not a Zarr store, or a store that is damaged or incomplete.
    """
    path = Path(path)
    return read_netcdf(path) if path.suffix.lower() == _NETCDF else _opened(path, lazy=False)


def open_dataset(path: Path | str) -> xr.Dataset:
    """Open a Zarr store or a netCDF file; its variables stay on the disk, as dask arrays with its chunks.

    Damage inside a chunk shows only when that chunk is read, as an error of Zarr or its codecs.

    Parameters
    ----------
    path : Directory of the store, or a file ``.nc``.

    Returns
    -------
    Dataset
        Any kind: with the variables, dimensions, units and attributes that were written.

    Raises
    ------
    InputError
        No such store, not a Zarr store, or a store that is damaged or incomplete.
    """
    path = Path(path)
    return open_netcdf(path) if path.suffix.lower() == _NETCDF else _opened(path, lazy=True)


def _opened(path: Path, lazy: bool) -> xr.Dataset:
    if not path.exists():
        raise InputError("store", str(path), "an existing Zarr store", "check the path")
    if not is_store(path):
        raise InputError("store", str(path), "a Zarr store (format 3)", "there is no zarr.json in it")
    dataset: xr.Dataset
    try:
        missing = _missing_chunks(path)
        dataset = xr.Dataset() if missing else _loaded(path, lazy)
    except Exception as error:  # damage shows as errors of json, zarr, the codecs or numpy
        raise InputError("store", str(path), "an undamaged Zarr store", _reason(error)) from error
    if missing:
        raise InputError(
            "store",
            str(path),
            "a complete Zarr store",
            f"chunks of {', '.join(missing)} are missing: copy or make it again "
            f"(if you rewrote it yourself, remove the attribute {COMPLETE})",
        )
    dataset.attrs.pop(COMPLETE, None)
    _LOG.info(
        "%s %s: %d variables, %.3g MiB",
        "opened" if lazy else "read", path, len(dataset.variables), dataset.nbytes / 2**20,
    )  # fmt: skip
    return dataset.drop_encoding()


def _loaded(path: Path, lazy: bool) -> xr.Dataset:
    dataset: xr.Dataset
    if lazy:
        dataset = xr.open_zarr(path, consolidated=False, chunks={})
    else:
        with xr.open_zarr(path, consolidated=False, chunks=None) as opened:
            dataset = opened.load()
    return dataset


def _missing_chunks(path: Path) -> list[str]:
    """Variables that lack chunks, or without what says that they are variables."""
    group = zarr.open_group(path, mode="r", use_consolidated=False)
    if not group.attrs.get(COMPLETE):
        return []
    headless = [entry.name for entry in path.iterdir() if entry.is_dir() and not is_store(entry)]
    return sorted(headless) or sorted(
        name for name, array in group.arrays() if array.nchunks_initialized < array.nchunks
    )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"make or copy it again ({text[:120]})"


def _chunks(variable: xr.Variable) -> tuple[int, ...]:
    """Whole variables, split along the first dimension above 32 MiB."""
    row = max(math.prod(variable.shape[1:]) * variable.dtype.itemsize, 1)
    first = max(1, min(variable.shape[0], _CHUNK_BYTES // row))
    return (first, *(max(1, size) for size in variable.shape[1:]))
