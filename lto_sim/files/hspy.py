"""HyperSpy's ``.hspy``, written by RosettaSciIO with all that HyperSpy and eXSpy need, chunk by chunk.

What RosettaSciIO does not document: ``attributes = {"_lazy": False}`` or the file opens with a broken flag;
``package_info`` names eXSpy for EELS, or the spectra open as plain signals; every axis needs all its keys.
Lengths go out in nm, the axis of energy is called ``Energy loss``. All attributes are kept under
``original_metadata.lto_sim``, what the values are under ``original_metadata.lto_sim_data``, and arrays that
belong to them, such as the thickness, under ``original_metadata.lto_sim_companions``, with their coordinates:
HyperSpy takes them along when it saves the signal or a part of it, and they are laid over that part again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files.atomic import new_file
from lto_sim.files.signal_axes import DIMS

__all__ = ["own_companions", "own_labels", "write_hspy"]

_CHUNK_BYTES: Final = 2**20
"""HDF5 caches 1 MiB of a data set: a larger chunk is unpacked again for each of its spectra."""
_ATTRIBUTE_BYTES: Final = 32_000
"""HDF5 attributes end at 64 KiB; longer text is stored line by line."""
_UNITS: Final = {"m": ("nm", 1e9), "s": ("s", 1.0), "eV": ("eV", 1.0)}
_EVEN: Final = 1e-4
_EXSPY: Final = {"package": "exspy", "package_version": "0.3"}
_PLAIN: Final = {"package": "", "package_version": ""}
_DATA: Final = "lto_sim_data"
_COMPANIONS: Final = "lto_sim_companions"
_NEAR: Final = 1e-3
"""Part of a pixel by which the coordinates of a companion may differ from those of the signal."""


def write_hspy(
    data: xr.DataArray,
    attrs: Mapping[str, Any],
    path: Path | str,
    force: bool = False,
    companions: Mapping[str, xr.DataArray] | None = None,
) -> None:
    """Write a series of spectra or images, whole or not at all.

    Parameters
    ----------
    data : Axes from (time, y, x, energy_loss), coordinates in s, m and eV; a dask array is written chunk by
        chunk. With an energy axis it becomes an EELS signal, else one of images.
    attrs : Attributes of the dataset; title, beam_energy_keV, convergence_angle_mrad, collection_angle_mrad,
        dwell_time_s, probe_current_A, acquisition_mode go where HyperSpy looks for them.
    path : File to make, ``.hspy``.
    force : Replace an existing file.
    companions : Arrays over some of the axes of `data`, by name, such as ``thickness(y, x)`` and
        ``pixel_time(y, x)``; small, for HyperSpy holds them in memory.

    Raises
    ------
    InputError
        Another suffix, a target that exists without `force`, other axes, values that are not real numbers.
    """
    path = Path(path)
    if path.suffix.lower() != ".hspy":
        raise InputError("--out", str(path), "a name that ends with .hspy", "change the ending")
    unknown = [str(dim) for dim in data.dims if dim not in DIMS]
    if unknown or not data.dims or data.dtype.kind not in "buif":
        raise InputError(
            "data",
            f"{data.dims}, {data.dtype}",
            f"real numbers over axes from {', '.join(DIMS)}",
            "select or sum",
        )
    ordered = data.transpose(*(dim for dim in DIMS if dim in data.dims))
    extra = {name: _described(name, companion, ordered) for name, companion in (companions or {}).items()}
    with new_file(path, force) as temporary:
        _write(ordered, attrs, extra, temporary)


def own_labels(signal: Mapping[str, Any]) -> dict[str, str]:
    """``name``, ``units`` and ``long_name`` of the values of a signal that was written here; else nothing."""
    described = (signal.get("original_metadata") or {}).get(_DATA)
    if not isinstance(described, Mapping):
        return {}
    return {key: str(described[key]) for key in ("name", "units", "long_name") if key in described}


def own_companions(signal: Mapping[str, Any], data: xr.DataArray) -> dict[str, xr.DataArray]:
    """Companions of a signal that was written here, those that cover `data`, at its pixels.

    Parameters
    ----------
    signal : As RosettaSciIO reads it.
    data : The values of the signal with their coordinates: all that was written, or the part of it that
        HyperSpy cut out and saved.
    """
    described = (signal.get("original_metadata") or {}).get(_COMPANIONS)
    found = {}
    for name, entry in described.items() if isinstance(described, Mapping) else ():
        companion = _placed(entry, data)
        if companion is not None:
            found[str(name)] = companion.rename(str(name))
    return found


def _described(name: str, companion: xr.DataArray, data: xr.DataArray) -> dict[str, Any]:
    """A companion as arrays and text."""
    outside = [str(dim) for dim in companion.dims if dim not in data.dims]
    if outside or companion.dtype.kind not in "buif":
        raise InputError(
            name,
            f"{companion.dims}, {companion.dtype}",
            f"real numbers over axes of {data.dims}",
            "leave it out",
        )
    return {
        "dims": " ".join(map(str, companion.dims)),
        "values": np.asarray(companion.values),
        "units": str(companion.attrs.get("units", "1")),
        "long_name": str(companion.attrs.get("long_name", name)),
        **{str(dim): np.asarray(companion[dim].values, dtype=np.float64) for dim in companion.dims},
    }


def _placed(entry: Any, data: xr.DataArray) -> xr.DataArray | None:
    """A companion at the pixels of `data`; None where it does not cover them, or is damaged."""
    try:
        dims = str(entry["dims"]).split()
        companion = xr.DataArray(
            np.asarray(entry["values"]),
            {dim: np.asarray(entry[dim], dtype=np.float64) for dim in dims},
            dims,
            attrs={"units": str(entry["units"]), "long_name": str(entry["long_name"])},
        )
        for dim in dims:
            steps = np.abs(np.diff(companion[dim].values))
            tolerance = _NEAR * float(steps.min()) if steps.size else np.inf
            wanted = data[dim].values
            companion = companion.sel({dim: wanted}, method="nearest", tolerance=tolerance)
            companion = companion.assign_coords({dim: data[dim]})
    except (KeyError, TypeError, ValueError):
        return None
    return companion


def _write(data: xr.DataArray, attrs: Mapping[str, Any], extra: dict[str, Any], path: Path) -> None:
    from rsciio.hspy import file_writer  # 0.1 s

    spectra = "energy_loss" in data.dims
    signal = {
        "data": data.data,
        "axes": [_axis(data, str(dim), n, spectra) for n, dim in enumerate(data.dims)],
        "metadata": _metadata(data, attrs, spectra),
        "original_metadata": {
            "lto_sim": {str(key): _storable(value) for key, value in attrs.items()},
            _DATA: {
                "name": str(data.name or "values"),
                "units": str(data.attrs.get("units", "1")),
                "long_name": str(data.attrs.get("long_name", data.name or "values")),
            },
            **({_COMPANIONS: extra} if extra else {}),
        },
        "attributes": {"_lazy": False, "ragged": False},
        "learning_results": {},
        "package_info": _EXSPY if spectra else _PLAIN,
        "tmp_parameters": {},
        "models": {},
    }
    file_writer(
        str(path),
        signal,
        chunks=_chunks(data),
        show_progressbar=False,
        compression="gzip",
        compression_opts=1,
    )


def _axis(data: xr.DataArray, dim: str, index: int, spectra: bool) -> dict[str, Any]:
    """Describe an axis as HyperSpy does: even steps where they are even."""
    coordinate = data[dim]  # counts from 0 where there is none
    units, factor = _UNITS.get(str(coordinate.attrs.get("units", "")), ("", 1.0))
    values = np.asarray(coordinate.values, dtype=np.float64) * factor
    described = {
        "name": "Energy loss" if dim == "energy_loss" else dim,
        "units": units,
        "size": int(values.size),
        "navigate": dim != "energy_loss" if spectra else dim == "time",
        "index_in_array": index,
        "is_binned": dim == "energy_loss",
    }
    step = float(values[-1] - values[0]) / max(values.size - 1, 1)
    if np.abs(values - values[0] - step * np.arange(values.size)).max() > _EVEN * abs(step):
        return {"_type": "DataAxis", **described, "axis": values}
    return {"_type": "UniformDataAxis", **described, "offset": float(values[0]), "scale": step or 1.0}


def _metadata(data: xr.DataArray, attrs: Mapping[str, Any], spectra: bool) -> dict[str, Any]:
    units = str(data.attrs.get("units", ""))
    quantity = str(data.attrs.get("long_name", ""))
    tem: dict[str, Any] = {}
    for name, key, factor in (
        ("beam_energy_keV", "beam_energy", 1.0),
        ("convergence_angle_mrad", "convergence_angle", 1.0),
        ("probe_current_A", "beam_current", 1e9),
    ):
        if name in attrs:
            tem[key] = float(attrs[name]) * factor
    if "acquisition_mode" in attrs:
        tem["acquisition_mode"] = "TEM" if "sr" in str(attrs["acquisition_mode"]) else "STEM"
    eels = {
        key: float(attrs[name])
        for name, key in (("collection_angle_mrad", "collection_angle"), ("dwell_time_s", "dwell_time"))
        if name in attrs
    }
    if spectra and eels:
        tem["Detector"] = {"EELS": eels}
    return {
        "General": {"title": str(attrs.get("title", ""))[:200]},
        "Signal": {
            "signal_type": "EELS" if spectra else "",
            "quantity": f"{quantity} ({units})" if units not in {"", "1"} else quantity,
        },
        **({"Acquisition_instrument": {"TEM": tem}} if tem else {}),
    }


def _storable(value: Any) -> Any:
    plain = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(plain, str) and len(plain.encode()) > _ATTRIBUTE_BYTES:
        return plain.splitlines()
    return plain if isinstance(plain, str | int | float | list | tuple | dict) else str(plain)


def _chunks(data: xr.DataArray) -> tuple[int, ...]:
    """Whole spectra, or rows of an image, up to 1 MiB; of a dask array parts of its own chunks."""
    own = getattr(data.data, "chunks", None)
    largest = [max(sizes) for sizes in own] if own else list(data.shape)
    chunks = [1] * len(largest)
    room = _CHUNK_BYTES // data.dtype.itemsize
    for n in reversed(range(len(largest))):
        chunks[n] = max(1, min(largest[n], room))
        room //= chunks[n]
    return tuple(chunks)
