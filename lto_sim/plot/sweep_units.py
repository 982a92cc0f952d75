"""How the values of a sweep are shown: units, names and scales of swept paths and of stored variables.

Swept paths are shown in the units of fits (`parameter_units`); variables by their stored unit: rates and
diffusivities in cm2/s, lengths, times, currents and charges with a prefix, temperatures in degC. An axis is
logarithmic where it was swept so, or where its values span more than two decades.
"""

from __future__ import annotations

import math
import re
import textwrap
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lto_sim.constants import EV_PER_MOLE, ZERO_CELSIUS
from lto_sim.plot.parameter_units import shown_unit
from lto_sim.plot.prefix import prefixed, time_unit

__all__ = [
    "Shown",
    "meanings",
    "shown_path",
    "shown_variable",
    "with_power",
    "wrapped",
    "write_unit",
    "written",
]

Floats = NDArray[np.float64]
Scale = Literal["linear", "log", "symlog"]

_INSTRUMENT: Final = "instrument."
_WIDE: Final = 100.0
"""Ratio of the largest to the smallest value from which on a scale is logarithmic."""
_POWER: Final = re.compile(r"(?<=[A-Za-zµ])\^?(-?\d+)")
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PREFIXED: Final = ("m", "A", "C", "F", "ohm", "mol", "kg", "W", "Hz", "Pa")
_FIXED: Final = {
    "m2 s-1": (1e4, 0.0, "cm²/s"),
    "m2/s": (1e4, 0.0, "cm²/s"),
    "K": (1.0, ZERO_CELSIUS, "°C"),
    "J/mol": (1.0 / EV_PER_MOLE, 0.0, "eV"),
    "J mol-1": (1.0 / EV_PER_MOLE, 0.0, "eV"),
    "1": (1.0, 0.0, ""),
    "": (1.0, 0.0, ""),
}
"""Stored unit -> factor, value in SI that is shown as 0, and unit shown."""
_NAMES: Final = {"degC": "°C", "ohm": "Ω", "deg": "°"}
_PLAIN_LOW, _PLAIN_HIGH = 1e-3, 1e5


@dataclass(frozen=True, eq=False)
class Shown:
    """A quantity as it is shown.

    Parameters
    ----------
    name : Its name.
    unit : Unit, empty of a pure number.
    factor, zero : Shown value = factor times (value - zero).
    scale : Of its axis.
    texts : What codes stand for; empty of numbers.
    long_name : What it is, where the name does not say.
    """

    name: str
    unit: str = ""
    factor: float = 1.0
    zero: float = 0.0
    scale: Scale = "linear"
    texts: tuple[str, ...] = ()
    long_name: str = ""

    def __call__(self, values: ArrayLike) -> Floats:
        """Values to show."""
        return self.factor * (np.asarray(values, dtype=np.float64) - self.zero)

    def difference(self, values: ArrayLike) -> Floats:
        """Differences to show."""
        return self.factor * np.asarray(values, dtype=np.float64)

    @property
    def label(self) -> str:
        """Label of an axis."""
        words = f"{self.name}: {self.long_name}" if self.long_name else self.name
        if self.long_name.lower().startswith(self.name.lower().replace("_", " ")):
            words = self.long_name
        return f"{words} [{self.unit}]" if self.unit else words

    @property
    def short_label(self) -> str:
        """Name and unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    def text(self, value: float) -> str:
        """Write one value (as stored) with its unit."""
        if self.texts:
            return self.texts[int(value)] if 0 <= value < len(self.texts) else "?"
        number = written(float(self(value)))
        return f"{number} {self.unit}" if self.unit else number


def written(number: float) -> str:
    """Write a number to four digits, with powers of ten where it is very large or small."""
    if not math.isfinite(number):
        return "no value"
    if number == 0.0 or _PLAIN_LOW <= abs(number) < _PLAIN_HIGH:
        return f"{number:.4g}".replace("-", "−")
    mantissa, exponent = f"{number:.3e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}"


def with_power(shown: Shown, values: ArrayLike) -> Shown:
    """Put a power of ten into the unit where the values, on a linear scale, need one."""
    sizes = np.abs(shown(values))
    sizes = sizes[np.isfinite(sizes)]
    if shown.texts or shown.scale != "linear" or shown.zero or not sizes.size or sizes.max() == 0.0:
        return shown
    if _PLAIN_LOW <= sizes.max() < _PLAIN_HIGH:
        return shown
    power = math.floor(math.log10(sizes.max()))
    unit = f"10{str(power).translate(_RAISED)} {shown.unit}".strip()
    return replace(shown, factor=shown.factor * 10.0**-power, unit=unit)


def wrapped(text: str, width: int) -> str:
    """Break a label into lines, never before its unit or beside a sign such as ``>``."""
    held = text.replace(" [", "\u00a0[").replace(" > ", "\u00a0>\u00a0").replace(" = ", "\u00a0=\u00a0")
    return textwrap.fill(held, width).replace("\u00a0", " ")


def write_unit(unit: str) -> str:
    """Write a stored unit: ``m3 s-1`` and ``m3/s`` with raised powers."""
    if unit in _NAMES:
        return _NAMES[unit]
    return _POWER.sub(lambda found: found.group(1).translate(_RAISED), unit).replace("ohm", "Ω")


def meanings(attributes: Any) -> tuple[str, ...]:
    """What codes stand for, from the attribute ``meaning`` ("0 extraction, 1 insertion"); else nothing."""
    text = str(attributes.get("meaning", ""))
    found: list[str] = []
    place = 0
    while text.startswith(f"{place} "):
        after = f", {place + 1} "
        head, split, rest = text.partition(after)
        found.append(head.removeprefix(f"{place} "))
        text = f"{place + 1} {rest}" if split else ""
        place += 1
    return tuple(found)


def _scale(values: ArrayLike, swept: str, widest: float = math.inf) -> Scale:
    """Scale of an axis with these values, by how it was swept or how far they spread."""
    sizes = np.asarray(values, dtype=np.float64)
    sizes = sizes[np.isfinite(sizes)]
    if sizes.size == 0 or sizes.min() < 0.0 or sizes.max() <= 0.0:
        return "linear"
    positive = sizes[sizes > 0.0]
    with np.errstate(over="ignore"):
        wide = _WIDE * (1.0 - 1e-9) < positive.max() / positive.min() < widest
    if not (swept == "log" or wide):
        return "linear"
    return "log" if positive.size == sizes.size else "symlog"


def shown_path(path: str, variable: xr.DataArray) -> Shown:
    """Return how the values of a swept path are shown."""
    texts = meanings(variable.attrs)
    if texts:
        return Shown(path, texts=texts)
    scale = _scale(variable.values, str(variable.attrs.get("scale", "linear")))
    if path.startswith(_INSTRUMENT) or path == "seed":
        return _by_unit(path, str(variable.attrs.get("units", "1")), variable.values, scale, "")
    unit = shown_unit(path)
    if not unit.name and str(variable.attrs.get("units", "1")) != "1":
        return _by_unit(path, str(variable.attrs["units"]), variable.values, scale, "")
    return Shown(path, write_unit(unit.name), 1.0 / unit.size, unit.zero, scale)


def shown_variable(name: str, variable: xr.DataArray, values: ArrayLike, widest: float = math.inf) -> Shown:
    """Return how a variable, or a dimension, is shown.

    Parameters
    ----------
    name : Its name.
    variable : It, with its attributes.
    values : Those that are drawn.
    widest : Ratio of values beyond which the scale is linear nevertheless.
    """
    texts = meanings(variable.attrs)
    long_name = str(variable.attrs.get("long_name", ""))
    long_name = long_name.replace("^2", "²")
    if texts:
        return Shown(name, texts=texts, long_name=long_name)
    scale: Scale = "log" if _scale(values, "", widest) == "log" else "linear"
    return _by_unit(name, str(variable.attrs.get("units", "1")), values, scale, long_name)


def _by_unit(name: str, unit: str, values: ArrayLike, scale: Scale, long_name: str) -> Shown:
    if unit in _FIXED:
        factor, zero, text = _FIXED[unit]
    elif unit == "s":
        sizes = np.abs(np.asarray(values, dtype=np.float64))
        finite = sizes[np.isfinite(sizes)]
        factor, text = time_unit(float(finite.max())) if finite.size else (1.0, "s")
        zero = 0.0
    elif unit in _PREFIXED:
        factor, text = prefixed(values, unit)
        zero, text = 0.0, text.replace("ohm", "Ω")
    else:
        factor, zero, text = 1.0, 0.0, write_unit(unit)
    return Shown(name, text, factor, zero, "linear" if zero else scale, (), long_name)
