"""What the charts share: size, colours, tables that are no longer than a person reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from lto_sim.plot.style import figure

__all__ = ["BAND", "COLOURS", "FAINT", "INK", "canvas", "evenly", "extent_of", "powers"]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe-Ito without black, which is the ink, and without yellow, which white swallows."""
INK: Final = "#010101"
"""Becomes the ink of the page's theme; plain black, the default of an SVG, is not written into it."""
FAINT: Final = "0.62"
BAND: Final = 0.22
"""Opacity of a band."""
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TWO_DECADES: Final = 100.0
MOST_ROWS: Final = 240
"""Rows of a table under a chart."""


def canvas(width: float = 6.4, height: float = 3.8) -> Figure:
    """Return an empty figure [inches]."""
    return figure(width, height)


def powers(axis: Axis) -> None:
    """Label a logarithmic axis with powers of ten as plain text, which takes the colour of the page.

    Parameters
    ----------
    axis : The axis; where it spans less than two decades, twice and five times a power are labelled too.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: _power(value, (1,))))
    axis.set_minor_formatter(FuncFormatter(lambda value, _: _power(value, (2, 5)) if _short(axis) else ""))


def _short(axis: Axis) -> bool:
    low, high = sorted(axis.get_view_interval())
    return bool(low > 0.0 and high / low < _TWO_DECADES)


def _power(value: float, factors: Sequence[int]) -> str:
    """The value as 10⁻⁹, 2×10⁻⁹ or 20, if it is one of `factors` times a power of ten; else nothing."""
    if value <= 0.0:
        return ""
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = value / 10.0**exponent
    if not any(math.isclose(factor, wanted, rel_tol=1e-6) for wanted in factors):
        return ""
    if 0 <= exponent <= 3:
        return f"{value:g}"
    times = "" if round(factor) == 1 else f"{factor:.0f}×"
    return f"{times}10{str(exponent).translate(_RAISED)}"


def evenly(count: int, most: int = MOST_ROWS) -> NDArray[np.intp]:
    """Choose at most `most` of `count` rows, the first and the last among them."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).round().astype(np.intp))


def extent_of(ax: Axes, values: Sequence[float] | NDArray[np.float64], least: float = 0.0) -> None:
    """Set the y axis from `least` or below to a little above all values."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return
    low, high = min(float(known.min()), least), max(float(known.max()), least)
    size = high - low or 1.0
    ax.set_ylim(low - 0.03 * size, high + 0.06 * size)
