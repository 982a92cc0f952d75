"""Numbers, times and lengths as a page writes them, and anchors of headings."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from lto_sim.plot.prefix import time_unit

__all__ = ["anchors", "clean", "is_number", "length_unit", "round_length", "steps_of_time", "time_text"]

_UNIT: Final = re.compile(r" (eV|V|K|s|min|nm|µm|°C)$")
_NUMBER: Final = re.compile(r"[-−+±<>≈~≤≥(]*\s*[\d.][\d.,\s×·⁻⁰¹²³⁴-⁹^eE±−+()/%-]*|[-–—]|nan|inf|no value")
_RESERVED: Final = "lto-"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(text: Any) -> str:
    """Return text without what HTML and SVG cannot hold (control characters, halves of surrogate pairs)."""
    return _CONTROL.sub("\ufffd", str(text))


def is_number(text: str) -> bool:
    """Whether a cell of a table reads as a number and is set to the right."""
    return bool(_NUMBER.fullmatch(_UNIT.sub("", text.strip())))


def anchors(names: Iterable[str]) -> list[str]:
    """Make anchors of names: as they are where they can be, and no two alike."""
    found: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for name in names:
        made = re.sub(r"[^\w.-]+", "-", name.strip()).strip("-") or "section"
        if made.startswith(_RESERVED):
            made = f"section-{made}"
        free = made
        while free in found:
            counts[made] += 1
            free = f"{made}-{counts[made] + 1}"
        found[free] = None
    return list(found)


def steps_of_time(time: ArrayLike) -> tuple[float, str, int]:
    """Return factor, unit and decimals in which times [s] are written.

    Neighbouring times read differently, up to six decimals.
    """
    values = np.asarray(time, dtype=np.float64)
    values = values[np.isfinite(values)]
    factor, unit = time_unit(float(np.abs(values).max())) if values.size else (1.0, "s")
    steps = np.abs(np.diff(np.unique(values))) * factor
    step = float(steps.min()) if steps.size else 1.0
    decimals = 0
    while decimals < 6 and step > 0 and abs(round(step, decimals) - step) > 0.05 * step:
        decimals += 1
    return factor, unit, decimals


def time_text(seconds: float, unit: tuple[float, str, int]) -> str:
    """Write a time in the unit of `steps_of_time`."""
    factor, name, decimals = unit
    return f"{seconds * factor:.{decimals}f} {name}" if math.isfinite(seconds) else "no time"


def length_unit(length: float) -> tuple[float, str]:
    """Return factor and unit for lengths up to `length` [m]: nanometres, or micrometres."""
    return (1e6, "µm") if length >= 2e-6 else (1e9, "nm")


def round_length(width: float) -> tuple[float, str]:
    """Return a round length [m] of about a quarter of `width` [m], and its text in nm or µm."""
    target = 0.28 * width
    if not (math.isfinite(target) and target > 0.0):
        return 0.0, ""
    power = 10.0 ** math.floor(math.log10(target))
    length = next(step * power for step in (5.0, 2.0, 1.0) if step * power <= target * (1.0 + 1e-9))
    factor, unit = (1e6, "µm") if length >= 0.999e-6 else (1e9, "nm")
    return length, f"{length * factor:.6g} {unit}"
