"""Maps and spectra as plain numpy arrays, and the datasets that the rest of the package takes.

The array says nothing of time and size, so both are given; what is not given is not assumed. Pixels and times
are placed as for a file: 0 is the top left corner of the image, and rows are scanned over the frame time
unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.files.map_axes import GivenAxes, place_pixels, place_scan, place_times
from lto_sim.files.signals import KNOWN
from lto_sim.provenance import named
from lto_sim.units import to_si

__all__ = ["MapArrays", "maps_from_array", "maps_to_array", "spectra_from_array"]

Floats = NDArray[np.float64]
Quantity = Literal["li_fraction", "intensity"]

_DIMS: Final = ("time", "y", "x")
_LABELS: Final = {"li_fraction": "projected Li fraction", "intensity": "intensity, not a li fraction"}
_IMAGE_DIMS: Final = {1: (), 3: ("y", "x"), 4: _DIMS}
_EVEN: Final = 1e-3


class MapArrays(NamedTuple):
    """Maps as plain arrays; the first four are what `maps_from_array` takes.

    Parameters
    ----------
    values : Li fractions or intensities (frames, rows, columns), NaN where nothing is known.
    frame_time : Time from frame to frame [s].
    pixel : Size of a pixel along x [m].
    std : Standard deviations (frames, rows, columns), in the unit of the values; None where none are stated.
    time : Start of every frame [s], (frames,).
    y, x : Pixel centres [m], (rows,) and (columns,).
    pixel_time : Time of a pixel within its frame [s], (rows, columns); None where a frame is of one time.
    """

    values: Floats
    frame_time: float
    pixel: float
    std: Floats | None
    time: Floats
    y: Floats
    x: Floats
    pixel_time: Floats | None


def maps_from_array(
    values: ArrayLike,
    frame_time: float | str,
    pixel: float | str,
    std: ArrayLike | None = None,
    *,
    start: float | str = 0.0,
    scan: Literal["rows", "none"] = "rows",
    quantity: Quantity = "li_fraction",
    thickness: ArrayLike | None = None,
    probe_fwhm: float | str = 0.0,
    title: str = "maps",
) -> xr.Dataset:
    """Make maps of an array, as `track_front`, `compare_maps` and `fit_maps` take them.

    Parameters
    ----------
    values : Li fractions, or intensities in any unit, (frames, rows, columns), y down the image; NaN where
        there is no value.
    frame_time : Time from frame to frame, number [s] or text with unit.
    pixel : Size of a square pixel, number [m] or text with unit.
    std : Standard deviations in the same unit, > 0: a number, or what spreads to (frames, rows, columns);
        None: not known (chi-square then has no scale, and `fit_maps` takes the scatter of the maps).
    start : Start of the first frame, number [s] or text with unit.
    scan : ``"rows"``: pixels were visited row by row, over the whole frame time. ``"none"``: all pixels of a
        frame have its time.
    quantity : ``"intensity"`` where values are no li fractions: a front is found in them all the same.
    thickness : Thickness of the specimen [m], (rows, columns).
    probe_fwhm : Full width at half maximum of the probe, number [m] or text with unit.
    title : Title in the attributes.

    Returns
    -------
    ``li_fraction(time, y, x)``, the coordinates in s and m, ``pixel_time(y, x)`` unless `scan` is ``"none"``,
    ``li_fraction_std`` and ``thickness`` where given.

    Raises
    ------
    InputError
        Not three axes, no finite value, shapes that do not fit, deviations or sizes that are not positive.
    """
    array = _real("values", values, (3,))
    if not np.isfinite(array).any():
        raise InputError("values", "no finite value", "one at least", "give other maps")
    if quantity not in _LABELS:
        raise InputError("quantity", quantity, " or ".join(_LABELS), "choose one of them")
    maps = xr.Dataset(
        {"li_fraction": (_DIMS, array, named("1", _LABELS[quantity]))}, _counted(_DIMS, array.shape)
    )
    if std is not None:
        label = "standard deviation of Li fraction" if quantity == "li_fraction" else "standard deviation"
        maps["li_fraction_std"] = (_DIMS, _deviations(std, array.shape), named("1", label))
    if thickness is not None:
        plan = _fitting("thickness", thickness, array.shape[1:])
        maps["thickness"] = (("y", "x"), plan, named("m", "specimen thickness"))
    given = GivenAxes(frame_time, pixel, start, scan)
    maps = place_scan(place_pixels(place_times(maps, given, "an array"), given, "an array"), given)
    probe = to_si(probe_fwhm, "length", "probe_fwhm")
    if not (np.isfinite(probe) and probe >= 0.0):
        raise InputError("probe_fwhm", probe_fwhm, ">= 0 m", "0 where it is not known")
    made = provenance.attributes(title, "maps_from_array")
    return maps.assign_attrs({**maps.attrs, **made, "map_quantity": quantity, "probe_fwhm_m": probe})


def maps_to_array(maps: xr.Dataset) -> MapArrays:
    """Return maps as plain arrays with their times and sizes.

    Parameters
    ----------
    maps : ``li_fraction(time, y, x)`` with the coordinates in s and m, rendered, quantified or recorded.

    Raises
    ------
    InputError
        No such maps, frames at uneven times or rectangular pixels, which two numbers cannot tell.
    """
    if "li_fraction" not in maps or set(maps["li_fraction"].dims) != set(_DIMS):
        held = ", ".join(sorted(map(str, maps.data_vars))[:4]) or "nothing"
        raise InputError("maps", held, "li_fraction(time, y, x)", "a run becomes maps by render_maps")
    ordered = maps.transpose(*_DIMS, ...)
    time, y, x = (np.asarray(ordered[dim].values, dtype=np.float64) for dim in _DIMS)
    steps = {dim: np.diff(axis) for dim, axis in (("time", time), ("y", y), ("x", x)) if axis.size > 1}
    for dim, step in steps.items():
        if step.min() <= 0.0 or np.ptp(step) > _EVEN * step.mean():
            raise InputError(f"maps.{dim}", "uneven steps", "even, increasing ones", "select even frames")
    sides = [float(steps[dim].mean()) if dim in steps else 2.0 * float(maps[dim][0]) for dim in ("x", "y")]
    if abs(sides[0] - sides[1]) > _EVEN * sides[0]:
        raise InputError("maps", f"pixels of {sides[0]:g} m x {sides[1]:g} m", "square pixels", "resample")
    frame_time = (
        float(steps["time"].mean()) if "time" in steps else float(maps.attrs.get("frame_time_s", 0.0))
    )
    std = (
        ordered["li_fraction_std"].broadcast_like(ordered["li_fraction"])
        if "li_fraction_std" in maps
        else None
    )
    offsets = ordered["pixel_time"].values if "pixel_time" in maps.variables else None
    return MapArrays(
        np.asarray(ordered["li_fraction"].values, dtype=np.float64),
        frame_time,
        sides[0],
        None if std is None else np.asarray(std.transpose(*_DIMS).values, dtype=np.float64),
        time,
        y,
        x,
        None if offsets is None else np.asarray(offsets, dtype=np.float64),
    )


def spectra_from_array(
    values: ArrayLike,
    energy_loss: ArrayLike,
    *,
    frame_time: float | str | None = None,
    pixel: float | str | None = None,
    start: float | str = 0.0,
    scan: Literal["rows", "none"] = "rows",
    units: Literal["electrons", "counts", "1"] = "counts",
    metadata: Mapping[str, float | str] | None = None,
) -> xr.Dataset:
    """Make a recording of an array of spectra, as `quantify_lithium` and the other quantifications take it.

    Parameters
    ----------
    values : Counts, (channels,), (rows, columns, channels) or (frames, rows, columns, channels);
        integers stay integers.
    energy_loss : Centres of the channels [eV], (channels,), even steps, increasing.
    frame_time : Time from frame to frame, number [s] or text with unit; only with frames.
    pixel : Size of a square pixel, number [m] or text with unit; only with an image.
    start : Start of the first frame, number [s] or text with unit.
    scan : ``"rows"`` or ``"none"``, as for `maps_from_array`.
    units : ``"electrons"``, ``"counts"`` of a detector with a gain, ``"1"`` where it is not known.
    metadata : What is known of the experiment, under the names of recorded files, each in its own unit, which
        ends its name: ``beam_energy_keV``, ``convergence_angle_mrad``, ``collection_angle_mrad``, and so on.

    Returns
    -------
    ``counts(energy_loss)``, ``counts(y, x, energy_loss)`` or ``counts(time, y, x, energy_loss)``, with
    ``pixel_time(y, x)`` where there are frames and rows.

    Raises
    ------
    InputError
        Other axes, energies that do not fit or are uneven, a size that is missing, unknown metadata.
    """
    array = _real("values", values, tuple(_IMAGE_DIMS), keep_type=True)
    dims = (*_IMAGE_DIMS[array.ndim], "energy_loss")
    energy = _fitting("energy_loss", energy_loss, array.shape[-1:])
    steps = np.diff(energy)
    if energy.size < 2 or steps.min() <= 0.0 or np.ptp(steps) > _EVEN * steps.mean():
        raise InputError("energy_loss", "uneven or falling", "even steps, increasing [eV]", "resample")
    unknown = sorted(set(metadata or {}) - set(KNOWN))
    if unknown:
        raise InputError("metadata", unknown[0], ", ".join(KNOWN), "use one of these names")
    for name, value, needed in (("frame_time", frame_time, "time"), ("pixel", pixel, "x")):
        if (value is None) == (needed in dims):
            allowed = "a value" if value is None else f"left out: there is no axis {needed}"
            raise InputError(name, value, allowed, f"values have the axes {', '.join(dims)}")
    label = "counts" if units != "1" else "recorded values"
    spectra = xr.Dataset({"counts": (dims, array, named(units, label))}, _counted(dims[:-1], array.shape))
    spectra = spectra.assign_coords(energy_loss=("energy_loss", energy, named("eV", "energy loss")))
    given = GivenAxes(frame_time, pixel, start, scan)
    if "x" in dims:
        spectra = place_pixels(spectra, given, "an array")
    if "time" in dims:
        spectra = place_scan(place_times(spectra, given, "an array"), given)
    made = provenance.attributes("spectra", "spectra_from_array")
    return spectra.assign_attrs({**spectra.attrs, **made, **(metadata or {})})


def _counted(dims: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, Any]:
    """Coordinates that count, until they are placed."""
    return {
        dim: (dim, np.arange(size, dtype=np.float64), {"units": "1"})
        for dim, size in zip(dims, shape, strict=False)
    }


def _real(field: str, values: ArrayLike, axes: tuple[int, ...], keep_type: bool = False) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim not in axes or array.dtype.kind not in "buif" or array.size == 0:
        allowed = f"real numbers with {' or '.join(map(str, axes))} axes"
        raise InputError(field, f"{array.dtype} {array.shape}", allowed, "select or stack")
    return array if keep_type else array.astype(np.float32 if array.dtype == np.float32 else np.float64)


def _fitting(field: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise InputError(
            field, f"{array.dtype} {array.shape}", f"finite numbers of shape {shape}", "match it"
        )
    return array


def _deviations(std: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.floating]:
    array = np.asarray(std, dtype=np.float64)
    if np.any(array <= 0.0) or np.isinf(array).any():
        raise InputError("std", float(np.nanmin(array)), "> 0 and finite, NaN where not known", "correct it")
    try:
        return np.broadcast_to(array, shape).copy()
    except ValueError:
        raise InputError("std", array.shape, f"one number or a shape like {shape}", "match it") from None
