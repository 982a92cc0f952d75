"""Series of maps from files of other programs, as the dataset in which a front is followed.

Li fractions are called so only where the file says it (own stores, netCDF and own .hspy). Everything else is
an intensity: it stands in the same variable ``li_fraction``, where a front is looked for;
``long_name`` and the attribute ``map_quantity`` say what it is. A front needs no more than a step.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.files.map_axes import (
    GivenAxes,
    from_corner,
    is_calibrated,
    place_pixels,
    place_scan,
    place_times,
)
from lto_sim.files.recordings import Recording, read_recording
from lto_sim.files.sums import _read, load_companion
from lto_sim.files.zarr_store import is_store, read_dataset
from lto_sim.units import to_si

__all__ = ["read_maps"]

_DIMS: Final = ("time", "y", "x")
_STORES: Final = frozenset({".zarr", ".nc"})
_KEPT: Final[dict[str, tuple[str, ...]]] = {
    "li_fraction_std": _DIMS,
    "thickness": ("y", "x"),
    "pixel_time": ("y", "x"),
    "frame_present": ("time",),
}
"""Companions of a recording that belong to maps."""
_SHOWN: Final = 5


def read_maps(
    path: Path | str,
    frame_time: float | str | None = None,
    pixel: float | str | None = None,
    start: float | str | None = None,
    scan: str | None = None,
    *,
    field: str = "maps",
) -> xr.Dataset:
    """Read a series of maps: a Zarr store or netCDF file of maps, .tif, .hspy, .npy, .dm4, in-situ folder.

    Values that are given win over those of the file. Where the user gives the size of a pixel, or a file (not
    a store) counts from its first pixel, 0 is the top left corner of the image; other coordinates stay.

    Parameters
    ----------
    path : File or directory that :func:`~lto_sim.files.recordings.read_recording` reads; an .npy is
        (time, y, x) here.
    frame_time : Time from frame to frame, number [s] or text with unit; needed where the file has no times
        (TIFF of ImageJ has: its `finterval`).
    pixel : Size of a pixel, number [m] or text with unit; needed where the file has none.
    start : Start of the first frame, number [s] or text with unit; without it that of the file, else 0.
    scan : ``"rows"``: pixels were visited row by row, over the whole frame time. ``"none"``: all pixels of a
        frame have its time. None takes the pixel times of the file, and rows where a file (not a store) has
        none.
    field : Name used in the error.

    Returns
    -------
    ``li_fraction(time, y, x)`` with ``time`` [s], ``y`` and ``x`` [m], increasing in time, as
    :func:`~lto_sim.kinetics.track_front` takes it; ``pixel_time(y, x)`` [s] unless `scan` is
    ``"none"``; ``li_fraction_std``, ``thickness``, ``frame_present`` where the file has them. Attributes
    ``map_quantity`` (``"li_fraction"`` or ``"intensity"``), ``frame_time_s``, ``pixel_m``, ``scan`` and where
    these come from.

    Warns
    -----
    UserWarning
        Frames without any value (they stay as gaps); frames that are not in the order of their times.

    Raises
    ------
    InputError
        A file that cannot be read, an energy axis, a single image, no frame time, no pixel size, two frames
        at one time, no finite value, a given value that is not positive.
    """
    given = GivenAxes(frame_time, pixel, start, scan)
    path = Path(path)
    if is_store(path) or path.suffix.lower() in _STORES:
        maps = _from_store(path, field)
        complete = all(is_calibrated(maps[dim]) for dim in _DIMS)
        if given.any or not complete:
            maps = _placed(maps, given, path)
    else:
        maps = place_scan(_placed(_from_file(path, field), given, path), given)
    _tell_gaps(maps, path, field)
    return _in_order(maps, field)


def _placed(maps: xr.Dataset, given: GivenAxes, path: Path) -> xr.Dataset:
    before = maps.attrs
    maps = place_pixels(place_times(maps, given, path.name), given, path.name)
    if given.scan is not None:
        maps = place_scan(maps, given)
    step = f"read maps from {path.name}"
    made = provenance.attributes("maps", step, seed=before.get("seed"), previous=before)
    return maps.assign_attrs({**made, **maps.attrs, "history": made["history"]})


def _from_store(path: Path, field: str) -> xr.Dataset:
    maps = read_dataset(path)
    if "li_fraction" not in maps:
        if "energy_loss" in maps.dims:
            raise _spectra(path, field)
        held = ", ".join(sorted(map(str, maps.data_vars))[:4]) or "nothing"
        raise InputError(
            field, str(path), "a store with li_fraction(time, y, x)", f"it holds {held}: give maps"
        )
    dims = maps["li_fraction"].dims
    if set(dims) != set(_DIMS) or any(dim not in maps.coords for dim in _DIMS):
        raise InputError(
            field, dims, "li_fraction(time, y, x) with time, y and x",
            "a run becomes maps by `lto-sim render`",
        )  # fmt: skip
    return maps


def _from_file(path: Path, field: str) -> xr.Dataset:
    recording = read_recording(path, field)
    data = _stack(recording, path, field)
    values = _read(data.data, recording.source, field)
    fraction = data.name == "li_fraction"
    label = str(data.attrs.get("long_name")) if fraction else "intensity, not a li fraction"
    units = str(data.attrs.get("units", "1"))
    maps = xr.Dataset(
        {
            "li_fraction": (
                _DIMS,
                values if values.dtype.kind == "f" else values.astype(np.float64),
                provenance.named(units, label),
            ),
            **{
                name: load_companion(recording, name, field).transpose(*dims).drop_vars(dims, errors="ignore")
                for name, dims in _KEPT.items()
                if name in recording.companions and set(recording.companions[name].dims) == set(dims)
            },
        },
        {dim: data[dim] for dim in _DIMS},
        {**recording.metadata, "map_quantity": "li_fraction" if fraction else "intensity"},
    )
    interval = None if is_calibrated(maps["time"]) else _imagej_interval(path)
    if interval is not None:
        maps = maps.assign_coords(time=("time", interval * np.arange(maps.sizes["time"]), {"units": "s"}))
    return from_corner(maps)


def _stack(recording: Recording, path: Path, field: str) -> xr.DataArray:
    """The recording with the axes (time, y, x); three axes of an .npy are these."""
    data = recording.data
    if path.suffix.lower() == ".npy" and data.ndim == 3:
        counted = {
            dim: (dim, np.arange(size, dtype=np.float64), {"units": "1"})
            for dim, size in zip(_DIMS, data.shape, strict=True)
        }
        return xr.DataArray(data.data, counted, _DIMS, name=data.name, attrs=data.attrs)
    if "energy_loss" in data.dims:
        raise _spectra(path, field)
    if "time" not in data.dims:
        raise InputError(
            field, str(path), "a series of maps over time",
            f"it has the axes {', '.join(map(str, data.dims))} alone: give all frames as one stack",
        )  # fmt: skip
    if set(data.dims) != set(_DIMS):
        raise InputError(
            field, str(path), "maps with the axes time, y and x", f"it has {', '.join(map(str, data.dims))}"
        )
    return data.transpose(*_DIMS)


def _spectra(path: Path, field: str) -> InputError:
    remedy = "it holds spectra: make maps of them with `lto-sim quantify` first"
    return InputError(field, str(path), "maps without an energy axis", remedy)


def _imagej_interval(path: Path) -> float | None:
    """Time from frame to frame [s] that ImageJ wrote into a TIFF."""
    if path.suffix.lower() not in {".tif", ".tiff"}:
        return None
    import tifffile  # 0.1 s

    with tifffile.TiffFile(path) as tiff:
        tags = tiff.imagej_metadata or {}
    try:
        interval = to_si(f"{float(tags['finterval'])!r} {tags.get('tunit', 's')}", "time")
    except (KeyError, TypeError, ValueError):  # not there, or in a unit of something else
        return None
    return interval if interval > 0.0 else None


def _tell_gaps(maps: xr.Dataset, path: Path, field: str) -> None:
    known = np.isfinite(maps["li_fraction"].transpose(*_DIMS).values).any(axis=(1, 2))
    if not known.any():
        raise InputError(field, str(path), "one finite value at least", "every pixel of every frame is NaN")
    if "frame_present" in maps:
        known |= maps["frame_present"].values == 0  # an in-situ series has told of these
    if not known.all():
        gaps = np.flatnonzero(~known)
        warnings.warn(
            f"frames without any value, taken as gaps: {_listed(gaps)} (counted from 0)", stacklevel=3
        )


def _in_order(maps: xr.Dataset, field: str) -> xr.Dataset:
    """Frames by their times."""
    times = np.asarray(maps["time"].values, dtype=np.float64)
    order = np.argsort(times, kind="stable")
    same = np.flatnonzero(np.diff(times[order]) == 0.0)
    if same.size:
        first, second = int(order[same[0]]), int(order[same[0] + 1])
        raise InputError(
            f"{field}.time", float(times[first]), "one frame at a time",
            f"frames {first} and {second} (from 0) have this one: remove one, or give --frame-time",
        )  # fmt: skip
    moved = int(np.count_nonzero(np.diff(times) < 0.0))
    if not moved:
        return maps
    warnings.warn("frames that are not in the order of their times are sorted by them", stacklevel=3)
    return maps.isel(time=order)


def _listed(numbers: np.ndarray) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    return shown if numbers.size <= _SHOWN else f"{shown} and {numbers.size - _SHOWN} more"
