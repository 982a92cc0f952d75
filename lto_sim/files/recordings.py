"""Recordings of every origin as one labelled array: own stores, microscope files, plain arrays.

A recording has the axes time [s], y [m], x [m] and energy loss [eV], those of them that exist, in this order.
Its values stay on the disk where the format allows it (all but .msa and TIFF): add them up with
:func:`~lto_sim.files.sums.sum_recording`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files.signal_axes import DIMS, read_axes
from lto_sim.files.signals import KNOWN, Signal, describe, read_signals, units_of
from lto_sim.files.zarr_store import is_store, open_dataset

__all__ = ["Recording", "read_recording"]

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
        detector and detector_gain that are known.
    source : The file.
    companions : What else an own store holds, such as ``adf(time, y, x)``, by name.
    others : Number of other signals in the file.
    """

    data: xr.DataArray
    metadata: dict[str, float | str]
    source: str
    companions: dict[str, xr.DataArray] = field(default_factory=dict)
    others: int = 0


def read_recording(path: Path | str, field: str = "file") -> Recording:
    """Read a store of counts or maps, .hspy, .dm3, .dm4, .msa, .emd, .tif, .tiff or .npy.

    Of several signals in a file the largest with an energy axis is taken, else the largest.
    In .npy, two axes are (y, x); one, three or four end with the energy.

    Parameters
    ----------
    path : File, or directory of a Zarr store.
    field : Name used in the error.

    Raises
    ------
    InputError
        Missing, damaged or of a kind that is not known; values that are not real numbers; axes of something
        else than time, length or energy.
    """
    path = Path(path)
    if is_store(path) or path.suffix.lower() == ".zarr":
        return _from_store(path, field)
    signals = read_signals(path, field)
    chosen = max(signals, key=lambda signal: (_has_energy(signal), signal["data"].size))
    return _from_signal(chosen, path, field, len(signals) - 1)


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


def _has_energy(signal: Signal) -> bool:
    axes = signal.get("axes") or []
    return any(
        str(axis.get("units")).lower() in {"ev", "kev"} or "energy" in str(axis.get("name")).lower()
        for axis in axes
    )


def _from_signal(signal: Signal, path: Path, field: str, others: int) -> Recording:
    values = signal["data"]
    spectra = str((signal.get("metadata") or {}).get("Signal", {}).get("signal_type", "")).startswith("EELS")
    _check_values(values, path, field)
    axes = read_axes(signal.get("axes") or [], values.shape, field, str(path), spectra)
    coords = {axis.dim: (axis.dim, axis.values, axis.attrs) for axis in axes}
    units = units_of(signal)
    data = xr.DataArray(
        values,
        coords,
        [axis.dim for axis in axes],
        name="counts",
        attrs={"units": units, "long_name": "counts" if units != "1" else "recorded values"},
    ).transpose(*(dim for dim in DIMS if dim in coords))
    return Recording(data, describe(signal), str(path), {}, others)


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
