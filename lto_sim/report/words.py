"""How a report writes numbers: rate constants in cm2/s, times, temperatures, counts of things."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lto_sim.constants import ZERO_CELSIUS

__all__ = [
    "PER_CM2",
    "celsius",
    "clock",
    "counted",
    "energy",
    "interval",
    "law",
    "listed",
    "measured",
    "micrometres",
    "number",
    "rate",
]

PER_CM2: Final = 1e4
"""Square centimetres in a square metre."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUTE: Final = 600.0
_HOUR: Final = 4.0 * 3600.0
_MOST_DECIMALS: Final = 6


def number(value: float | None, digits: int = 4) -> str:
    """Write a number to so many digits, with a power of ten where it is very large or small."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.{digits}g}".replace("-", "−")
    power = _rounded_power(value, digits)
    mantissa = f"{value / 10.0**power:.{digits}g}"
    return f"{mantissa}×10{_raised(power)}".replace("-", "−")


def _rounded_power(value: float, digits: int) -> int:
    """Power of ten of a value as it is written: 9.9996 to four digits is 10."""
    return int(f"{abs(value):.{digits - 1}e}".partition("e")[2])


def _raised(power: int) -> str:
    return str(power).translate(_RAISED)


def _power(value: float) -> int:
    power = _rounded_power(value, 4) if value else 0
    return 0 if -3 < power < 4 else power


def _with_deviation(value: float, std: float | None, power: int) -> str:
    scale = 10.0**-power
    if std is None or not math.isfinite(std) or std <= 0.0:
        return f"{value * scale:.4g}"
    decimals = min(max(1 - math.floor(math.log10(std * scale)), 0), _MOST_DECIMALS)
    return f"{value * scale:.{decimals}f} ± {std * scale:.{decimals}f}"


def measured(value: float, std: float | None) -> str:
    """Write a value to the digits of its deviation, both in one power of ten."""
    if std is None or not math.isfinite(std) or std <= 0.0:
        return number(value)
    power = _power(max(abs(value), std))
    text = _with_deviation(value, std, power)
    return (f"({text})×10{_raised(power)}" if power else text).replace("-", "−")


def rate(k: float | None, std: float | None = None, unit: str = "cm²/s") -> str:
    """Write a rate constant [m2/s] with its deviation in cm2/s, both in one power of ten."""
    if k is None or not math.isfinite(k):
        return "not resolved"
    k, std = k * PER_CM2, None if std is None else std * PER_CM2
    power = _power(k)
    text = _with_deviation(k, std, power)
    if power:
        text = f"({text})×10{_raised(power)}" if "±" in text else f"{text}×10{_raised(power)}"
    return f"{text} {unit}".strip().replace("-", "−")


def interval(ends: Sequence[float | None], unit: str = "cm²/s") -> str:
    """Write the ends of an interval of rate constants [m2/s] in one power of ten of cm2/s."""
    low, high = (None if e is None or not math.isfinite(e) else e * PER_CM2 for e in ends)
    known = [abs(end) for end in (low, high) if end is not None]
    if not known:
        return "–"
    power = _power(max(known))
    digits = 4
    if low is not None and high is not None and high > low:
        digits = min(max(2 - math.floor(math.log10((high - low) / max(known))), 4), 7)
    first, last = ("open" if end is None else f"{end * 10.0**-power:.{digits}g}" for end in (low, high))
    times = f"\u00a0×10{_raised(power)}" if power else ""
    return f"{first} to {last}{times} {unit}".strip().replace("-", "−")


def energy(value: float | None, std: float | None = None) -> str:
    """Write an activation energy [eV] with its deviation."""
    if value is None or not math.isfinite(value):
        return "not found"
    if std is None or not math.isfinite(std):
        return f"{value:.3f} eV"
    decimals = min(max(1 - math.floor(math.log10(1.06 * std)), 2), 4) if std > 0.0 else 3
    return f"{value:.{decimals}f} ± {std:.{decimals}f} eV"


def celsius(kelvin: float) -> str:
    """Write a temperature [K] in degrees Celsius."""
    return f"{round(kelvin - ZERO_CELSIUS, 6):.4g} °C".replace("-", "−")


def clock(seconds: float) -> str:
    """Write a time [s] in seconds, minutes or hours."""
    if not math.isfinite(seconds):
        return "–"
    if abs(seconds) < _MINUTE:
        return f"{number(seconds)} s"
    return f"{seconds / 60.0:.4g} min" if abs(seconds) < _HOUR else f"{seconds / 3600.0:.4g} h"


def micrometres(metres: float) -> str:
    """Write a length [m] in nanometres below one micrometre, else in micrometres."""
    return f"{metres * 1e9:.4g} nm" if abs(metres) < 0.9995e-6 else f"{metres * 1e6:.4g} µm"


def counted(count: int, what: str, many: str = "") -> str:
    """Write a count with its noun: ``1 run``, ``3 runs``."""
    return f"{count} {what if count == 1 else many or what + 's'}"


def listed(words: Sequence[str]) -> str:
    """Join words with commas, the last with ``and``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def law(definition: str) -> str:
    """Write the definition of k with a raised two and the letter that the charts use."""
    return definition.replace("xi^2", "ξ²").replace("xi", "ξ")
