"""SI prefixes: particles take picoamperes and have gigaohms, cells have neither."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["prefixed", "time_unit"]

_PREFIXES: Final = {
    -18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P",
}  # fmt: skip


def prefixed(values: ArrayLike, unit: str) -> tuple[float, str]:
    """Return factor and unit with a prefix that bring the largest of `values` to between 1 and 1000.

    Parameters
    ----------
    values : In `unit`; what is not finite does not count.
    unit : Unit without a prefix.
    """
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    sizes = sizes[np.isfinite(sizes)]
    largest = float(sizes.max()) if sizes.size else 0.0
    if largest == 0.0:
        return 1.0, unit
    exponent = 3 * math.floor(math.log10(largest * (1.0 + 1e-9)) / 3.0)
    exponent = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    return 10.0**-exponent, f"{_PREFIXES[exponent]}{unit}"


def time_unit(duration: float) -> tuple[float, str]:
    """Return factor and unit for times up to `duration` [s]: seconds, minutes or hours."""
    if duration < 600.0:
        return 1.0, "s"
    return (1.0 / 60.0, "min") if duration < 4.0 * 3600.0 else (1.0 / 3600.0, "h")
