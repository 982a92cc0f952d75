"""Recordings of every origin as one labelled array: own stores, microscope files, plain arrays.

A recording has the axes time [s], y [m], x [m] and energy loss [eV], those of them that exist, in this order.
Its values stay on the disk where the format allows it (all but .msa and TIFF): add them up with
:func:`~lto_sim.files.sums.sum_recording`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files.hspy import own_companions, own_labels
from lto_sim.files.in_situ import read_in_situ
from lto_sim.files.signal_axes import DIMS, read_axes
from lto_sim.files.signals import KNOWN, SUFFIXES, Signal, describe, largest, read_signals, units_of
from lto_sim.files.zarr_store import is_store, open_dataset

__all__ = ["Recording", "read_recording"]

_LOG: Final = logging.getLogger(__name__)
_OWN: Final = {"counts": DIMS, "li_fraction": ("time", "y", "x")}
"""Variables of own stores that are recordings, and their axes."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A recorded or simulated signal.

    Parameters
    ----------
    data : Values with axes from (time, y, x, energy_loss), whichever exist, in this order; coordinates in s,
        m and eV. An axis without calibration counts pixels or channels from 0 and has the unit ``"1"``.
    metadata : Those of title, instrument, beam_energy_keV, convergence_angle_mrad, collection_angle_mrad,
        dwell_time_s, probe_current_A, dose_per_frame_e_per_A2, dose_total_e_per_A2, acquisition_mode,
        detector and detector_gain that are known, in the units of their names; of an in-situ series also
        missing_frames.
    source : The file or folder.
    companions : What else an own store holds, such as ``adf(time, y, x)``, by name; of an in-situ series
        ``frame_present(time)``.
    others : Number of other signals in the file.
    """

    data: xr.DataArray
    metadata: dict[str, float | str]
    source: str
    companions: dict[str, xr.DataArray] = field(default_factory=dict)
    others: int = 0


def read_recording(path: Path | str, field: str = "file") -> Recording:
    """Read a store of counts or maps, .hspy, .zspy, .dm3, .dm4, .msa, .emd, .tif, .npy or an in-situ series.

    Of several signals in a file the largest with an energy axis is taken, else the largest.
    In .npy, two axes are (y, x); one, three or four end with the energy.
    Of an in-situ series of GMS the folder is given. Frames that are missing or cut are NaN at their times and
    named in a warning and in the metadata ``missing_frames``; the companion ``frame_present(time)`` is 0.

    Parameters
    ----------
    path : File, directory of a Zarr store or .zspy, or folder of an in-situ series.
    field : Name used in the error.

    Returns
    -------
    Recording
        Values with labelled axes; large ones stay on the disk, as dask arrays.

    Raises
    ------
    InputError
        Missing, damaged or of a kind that is not known; values that are not real numbers; axes of something
        else than time, length or energy; frames of several series or of several shapes.
    """
    recording = _read(Path(path), field)
    _LOG.info("read %s: %s of %s", path, recording.data.dtype, dict(recording.data.sizes))
    return recording


def _read(path: Path, field: str) -> Recording:
    if is_store(path) or path.suffix.lower() == ".zarr":
        return _from_store(path, field)
    if path.is_dir() and path.suffix.lower() not in SUFFIXES:
        return _from_series(path, field)
    signals = read_signals(path, field)
    return _from_signal(signals[largest(signals)], path, field, len(signals) - 1)


def _from_series(path: Path, field: str) -> Recording:
    series = read_in_situ(path, field)
    recording = _from_signal(series.signal, path, field, 0)
    present = xr.DataArray(
        series.present.astype(np.int8),
        {"time": recording.data["time"]},
        ["time"],
        name="frame_present",
        attrs={"units": "1", "long_name": "1 where the frame is there and whole"},
    )
    metadata = recording.metadata
    if series.missing:
        metadata = {**metadata, "missing_frames": "; ".join(series.missing)}
    return Recording(recording.data, metadata, str(path), {"frame_present": present})


def _from_store(path: Path, field: str) -> Recording:
    dataset = open_dataset(path)
    for name, dims in _OWN.items():
        if name in dataset and set(dataset[name].dims) == set(dims):
            break
    else:
        names = sorted(map(str, dataset.data_vars))
        held = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        raise InputError(
            field, str(path), "a store with counts(time, y, x, energy_loss) or li_fraction(time, y, x)",
            f"it holds {held or 'nothing'}: give one of `lto-sim acquire` or `lto-sim render`",
        )  # fmt: skip
    companions = {str(other): dataset[other] for other in dataset.variables if other not in {name, *DIMS}}
    metadata = {key: _plain(dataset.attrs[key]) for key in KNOWN if key in dataset.attrs}
    data = dataset[name].transpose(*dims)
    _check_values(data, path, field)
    return Recording(
        data.drop_vars([c for c in data.coords if c not in dims]), metadata, str(path), companions
    )


def _plain(value: Any) -> float | str:
    return value if isinstance(value, str) else float(value)


def _from_signal(signal: Signal, path: Path, field: str, others: int) -> Recording:
    values = signal["data"]
    spectra = str((signal.get("metadata") or {}).get("Signal", {}).get("signal_type", "")).startswith("EELS")
    _check_values(values, path, field)
    axes = read_axes(signal.get("axes") or [], values.shape, field, str(path), spectra)
    coords = {axis.dim: (axis.dim, axis.values, axis.attrs) for axis in axes}
    units, own = units_of(signal), own_labels(signal)
    label = "counts" if units != "1" else "recorded values"
    data = xr.DataArray(
        values,
        coords,
        [axis.dim for axis in axes],
        name=own.get("name", "counts"),
        attrs={"units": own.get("units", units), "long_name": own.get("long_name", label)},
    ).transpose(*(dim for dim in DIMS if dim in coords))
    return Recording(data, describe(signal), str(path), own_companions(signal, data), others)


def _check_values(values: Any, path: Path, field: str) -> None:
    """Real numbers only, and one at least."""
    if values.dtype.names is not None:
        raise InputError(
            field, str(path), "values that are real numbers", "these are colours: save it as grey"
        )
    if values.dtype.kind not in "buif":
        raise InputError(
            field, str(path), "values that are real numbers", f"these are {values.dtype}: save one part of it"
        )
    if values.size == 0 or values.ndim == 0:
        raise InputError(field, str(path), "a recording with pixels", f"its shape is {tuple(values.shape)}")
