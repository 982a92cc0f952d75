"""HyperSpy's signals in memory: maps as a Signal2D over time, spectrum images as eXSpy's EELSSpectrum.

A signal is what HyperSpy reads from the .hspy file that is written for the same dataset, so that there is one
description of axes and metadata. Standard deviations of maps go where HyperSpy keeps them, as the variance
``metadata.Signal.Noise_properties.variance``; thickness and pixel times, for which it has no place, travel in
the original metadata and come back.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import xarray as xr

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.files import write_hspy
from lto_sim.files.hspy import own_companions, own_labels
from lto_sim.files.map_axes import GivenAxes, from_corner, place_pixels, place_scan, place_times
from lto_sim.files.signal_axes import DIMS, read_axes
from lto_sim.files.signals import describe, units_of

__all__ = ["from_hyperspy", "to_hyperspy"]

_MAPS: Final = ("time", "y", "x")
_VARIANCE: Final = "Signal.Noise_properties.variance"
_COMPANIONS: Final = ("thickness", "pixel_time", "frame_present", "adf")
_STD: Final = "li_fraction_std"


def to_hyperspy(dataset: xr.Dataset, name: str | None = None) -> Any:
    """Return a variable of a dataset as a HyperSpy signal.

    Parameters
    ----------
    dataset : Maps (``li_fraction``, with ``li_fraction_std`` if known) or spectra (``counts``); the axes from
        time [s], y, x [m] and energy_loss [eV]. Lengths become nm. Beam energy, angles, dwell time and probe
        current of its attributes go where HyperSpy and eXSpy look for them.
    name : Another variable over some of these axes.

    Returns
    -------
    ``Signal2D`` with time as navigation axis, or ``EELSSpectrum`` with time, y and x. Signals in memory; the
    values pass through a temporary file once.

    Raises
    ------
    InputError
        HyperSpy (for spectra eXSpy) is not installed, or no such variable.
    """
    chosen = name or next((known for known in ("counts", "li_fraction") if known in dataset), None)
    if chosen is None or chosen not in dataset:
        held = ", ".join(sorted(map(str, dataset.data_vars))[:4]) or "nothing"
        raise InputError("name", name, f"a variable of the dataset: {held}", "name one of these")
    data = dataset[chosen].drop_vars([c for c in dataset[chosen].coords if c not in dataset[chosen].dims])
    spectra = "energy_loss" in data.dims
    hyperspy = _hyperspy(spectra)
    companions = {
        key: dataset[key] for key in _COMPANIONS
        if key in dataset.variables and key != chosen and set(dataset[key].dims) <= set(data.dims)
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signal.hspy"
        write_hspy(data, dataset.attrs, path, companions=companions)
        signal = hyperspy.load(str(path), lazy=False)
    _forget_file(signal)
    if chosen == "li_fraction" and _STD in dataset:
        order = [dim for dim in DIMS if dim in data.dims]
        std = dataset[_STD].broadcast_like(dataset[chosen]).transpose(*order).values.astype(np.float64)
        known = std[np.isfinite(std)]
        if known.size:
            same = np.ptp(known) == 0.0 and known.size == std.size
            signal.set_noise_variance(float(known[0]) ** 2 if same else _like(signal, std**2))
    return signal


def from_hyperspy(
    signal: Any,
    *,
    frame_time: float | str | None = None,
    pixel: float | str | None = None,
    start: float | str | None = None,
    scan: Literal["rows", "none"] | None = None,
    quantity: Literal["li_fraction", "intensity"] | None = None,
) -> xr.Dataset:
    """Return a HyperSpy signal as the dataset that tracking, comparing, fitting or quantifying takes.

    Parameters
    ----------
    signal : Images over time (a Signal2D), or spectra (an EELSSpectrum); axes are told by their units.
    frame_time, pixel : Where the axes are not calibrated, or wrong: number [s], [m] or text with unit.
    start : Start of the first frame, number [s] or text with unit.
    scan : Images: ``"rows"`` or ``"none"``, see `maps_from_array`; None: as the signal says, else rows.
    quantity : What images show; None: li fractions where the signal was made here, else intensities.

    Returns
    -------
    Images: ``li_fraction(time, y, x)`` with ``li_fraction_std`` from the variance, and what companions there
    are. Spectra: ``counts`` over the axes that there are.

    Raises
    ------
    InputError
        No signal, axes of something else, or images without time, or with a frame time or pixel not known.
    """
    if not hasattr(signal, "axes_manager") or not hasattr(signal, "original_metadata"):
        raise InputError("signal", type(signal).__name__, "a HyperSpy signal", "load it by hyperspy.load")
    described = {
        "axes": [axis.get_axis_dictionary() for axis in signal.axes_manager._axes],
        "metadata": signal.metadata.as_dictionary(),
        "original_metadata": signal.original_metadata.as_dictionary(),
    }
    data = _labelled(signal, described)
    attrs = describe(described)
    companions = own_companions(described, data)
    if "energy_loss" in data.dims:
        made = provenance.attributes("spectra", "from_hyperspy")
        return xr.Dataset({"counts": data.rename("counts"), **companions}, attrs={**made, **attrs})
    if set(data.dims) != set(_MAPS):
        raise InputError(
            "signal", " x ".join(map(str, data.dims)), "images over time: time, y, x", "stack the images"
        )
    fraction = quantity or (
        "li_fraction" if own_labels(described).get("name") == "li_fraction" else "intensity"
    )
    maps = xr.Dataset({"li_fraction": data.rename("li_fraction"), **companions}, attrs=attrs)
    deviation = _deviation(signal, data)
    if deviation is not None:
        maps[_STD] = deviation
    given, source = GivenAxes(frame_time, pixel, start, scan), "the signal"
    maps = place_pixels(place_times(from_corner(maps), given, source), given, source)
    made = provenance.attributes("maps", "from_hyperspy")
    return place_scan(maps, given).assign_attrs({**made, "map_quantity": fraction})


def _forget_file(signal: Any) -> None:
    """Drop the traces of the temporary file, to which HyperSpy would save again."""
    general = signal.metadata.General
    for origin in ("original_filename", "FileIO"):
        if general.has_item(origin):
            delattr(general, origin)
    for key in list(signal.tmp_parameters.as_dictionary()):
        delattr(signal.tmp_parameters, key)


def _like(signal: Any, values: np.ndarray) -> Any:
    """A signal with the same axes."""
    other = signal.deepcopy()
    other.data = values
    return other


def _hyperspy(spectra: bool) -> Any:
    for package in ("hyperspy", *(("exspy",) if spectra else ())):
        try:
            importlib.import_module(package)
        except ImportError:
            raise InputError(
                package, None, "installed", f"pip install {package}, or write a file by write_hspy"
            ) from None
    return importlib.import_module("hyperspy.api")


def _labelled(signal: Any, described: dict[str, Any]) -> xr.DataArray:
    """Values with their axes in SI, in canonical order."""
    values = signal.data.compute() if signal._lazy else signal.data
    if values.dtype.kind not in "buif" or values.size == 0:
        raise InputError("signal", f"{values.dtype} {values.shape}", "real numbers", "take one part of it")
    spectra = str(signal.metadata.get_item("Signal.signal_type", "")).startswith("EELS")
    axes = read_axes(described["axes"], values.shape, "signal", "the signal", spectra)
    own, units = own_labels(described), units_of(described)
    coords = {axis.dim: (axis.dim, axis.values, axis.attrs) for axis in axes}
    label = "counts" if units != "1" else "recorded values"
    attrs = {"units": own.get("units", units), "long_name": own.get("long_name", label)}
    found = xr.DataArray(values, coords, [axis.dim for axis in axes], attrs=attrs)
    return found.transpose(*(dim for dim in DIMS if dim in coords))


def _deviation(signal: Any, data: xr.DataArray) -> xr.DataArray | None:
    """Root of the variance that a signal states."""
    variance = signal.metadata.get_item(_VARIANCE, None)
    if variance is None:
        return None
    values = np.asarray(getattr(variance, "data", variance), dtype=np.float64)
    if np.any(values < 0.0) or (values.ndim and values.shape != signal.data.shape):
        raise InputError(
            f"metadata.{_VARIANCE}", values.shape, f"one number or {signal.data.shape}, >= 0", "set it again"
        )
    axes = read_axes(
        [axis.get_axis_dictionary() for axis in signal.axes_manager._axes], signal.data.shape, "signal",
        "the signal", False,
    )  # fmt: skip
    spread = np.broadcast_to(np.sqrt(values), signal.data.shape)
    found = xr.DataArray(spread.copy(), dims=[axis.dim for axis in axes]).transpose(*data.dims)
    attrs = provenance.named(str(data.attrs.get("units", "1")), "standard deviation of the values")
    return found.assign_attrs(attrs)
