"""Axes of recorded signals, told by their units: energy loss, time, and lengths that become y and x.

The unit decides, then the name: programs differ in names, in the order of axes and in what they call a
navigation axis. An axis without a unit counts pixels or channels, and so does one of energy whose unit nobody
wrote down: its scale is then not known either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.units import to_si

__all__ = ["DIMS", "Axis", "read_axes"]

DIMS: Final = ("time", "y", "x", "energy_loss")
"""Canonical names of axes, in canonical order."""

_ENERGY: Final = {"ev": 1.0, "kev": 1e3}
_NO_UNIT: Final = frozenset(
    {"", "none", "_none_", "px", "pixel", "pixels", "channel", "channels", "index", "frame", "frames"}
    | {"<undefined>", "undefined", "inch", "1"}
)
_SI: Final = {"energy_loss": "eV", "time": "s", "y": "m", "x": "m"}
_NAMES: Final = {"energy_loss": "energy loss", "time": "time", "y": "y", "x": "x"}
_COUNTED: Final = {"energy_loss": "channel", "time": "frame", "y": "pixel in y", "x": "pixel in x"}


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a recording.

    Parameters
    ----------
    dim : One of :data:`DIMS`.
    values : Coordinates in s, m or eV; counted from 0 where there is no calibration.
    units : ``"s"``, ``"m"``, ``"eV"`` or, without calibration, ``"1"``.
    """

    dim: str
    values: NDArray[np.float64]
    units: str

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the coordinate."""
        name = _NAMES[self.dim] if self.units != "1" else f"{_COUNTED[self.dim]} (not calibrated)"
        return {"units": self.units, "long_name": name}


def read_axes(
    axes: Sequence[Mapping[str, Any]], shape: Sequence[int], field: str, source: str, spectra: bool
) -> list[Axis]:
    """Name and calibrate the axes of a signal as RosettaSciIO describes them.

    Parameters
    ----------
    axes : ``name``, ``units``, ``scale`` and ``offset`` or ``axis``, ``navigate``; in the order of `shape`.
    shape : Shape of the data.
    field : Name used in the error.
    source : File used in the error.
    spectra : Whether the file calls the signal EELS.

    Raises
    ------
    InputError
        An axis in another unit than of energy, time or length; a step that is 0 or no number; more axes than
        time, y, x and energy loss, or one of them twice.
    """
    if len(axes) != len(shape):
        axes = [{} for _ in shape]
    kinds = [_kind(axis, field, source) for axis in axes]
    dims = _dims(kinds, axes, spectra)
    if len(shape) > len(DIMS) or None in dims or len(set(dims)) < len(dims):
        shown = ", ".join(f"{axis.get('name') or 'axis'} [{axis.get('units') or '-'}]" for axis in axes)
        raise InputError(
            field,
            source,
            "axes of time, y, x and energy, each once",
            f"it has {shown}: save one signal of it",
        )
    return [
        _calibrated(str(dim), kind, axis, size, field, source)
        for dim, kind, axis, size in zip(dims, kinds, axes, shape, strict=True)
    ]


def _unit_of(axis: Mapping[str, Any]) -> str:
    unit = "" if axis.get("units") is None else str(axis["units"]).strip()
    return unit.replace("\\u00B5", "µ").replace("μ", "µ")


def _kind(axis: Mapping[str, Any], field: str, source: str) -> tuple[str, float]:
    """What an axis measures (``energy``, ``length``, ``time`` or nothing) and its unit in eV, m or s."""
    unit = _unit_of(axis)
    if unit.lower() in _NO_UNIT:
        return "", 1.0
    if unit.lower() in _ENERGY:
        return "energy", _ENERGY[unit.lower()]
    for kind in ("length", "time") if unit.isalpha() else ():
        try:
            return kind, to_si(f"1 {unit.lower() if len(unit) > 2 else unit}", kind)
        except InputError:
            continue
    raise InputError(
        field, source, "axes in units of energy, time or length", f"it has an axis in {unit!r}: save another"
    )


def _dims(
    kinds: list[tuple[str, float]], axes: Sequence[Mapping[str, Any]], spectra: bool
) -> list[str | None]:
    """Give every axis its name; None where none is left."""
    dims: list[str | None] = [{"energy": "energy_loss", "time": "time"}.get(kind) for kind, _ in kinds]
    names = [str(axis.get("name") or "").strip().lower() for axis in axes]
    unknown = [n for n, (kind, _) in enumerate(kinds) if not kind]
    if "energy_loss" not in dims:
        named = [n for n in unknown if "energy" in names[n] or "loss" in names[n]]
        signal = [n for n in unknown if axes[n].get("navigate") is False]
        if len(named) == 1:
            dims[named[0]] = "energy_loss"
        elif spectra and len(signal) == 1 and not named:
            dims[signal[0]] = "energy_loss"
    for n, name in enumerate(names):
        if dims[n] is None and name in {"x", "y"} - set(dims):
            dims[n] = name
        elif dims[n] is None and not kinds[n][0] and name in {"time", "t"} and "time" not in dims:
            dims[n] = "time"
    for kind, free in (("length", ["x", "y"]), ("", ["x", "y", "time"])):
        free = [dim for dim in free if dim not in dims]
        rest = [n for n, (own, _) in enumerate(kinds) if own == kind and dims[n] is None]
        for n, dim in zip(reversed(rest), free, strict=False):
            dims[n] = dim
    return dims


def _calibrated(
    dim: str, kind: tuple[str, float], axis: Mapping[str, Any], size: int, field: str, source: str
) -> Axis:
    if not kind[0]:
        return Axis(dim, np.arange(size, dtype=np.float64), "1")
    if axis.get("axis") is not None:
        values = np.asarray(axis["axis"], dtype=np.float64) * kind[1]
    else:
        scale, offset = (
            _number(axis.get(key, default)) for key, default in (("scale", 1.0), ("offset", 0.0))
        )
        values = (offset + scale * np.arange(size, dtype=np.float64)) * kind[1]
    steps = np.diff(values)
    if values.shape != (size,) or not np.all(np.isfinite(values)) or (size > 1 and not np.all(steps != 0.0)):
        raise InputError(field, source, "axes with a step", f"the axis {dim} has none: calibrate it")
    return Axis(dim, values, _SI[dim])


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
