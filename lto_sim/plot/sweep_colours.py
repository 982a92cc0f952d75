"""Colours of lines and cells: dark for low values, bright for high ones, whatever kind of colour vision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from numpy.typing import NDArray

from lto_sim.plot.style import DIRECTION_COLOURS
from lto_sim.plot.sweep_table import Column
from lto_sim.plot.sweep_units import Shown

__all__ = ["LineColours", "colour_scale", "line_colours"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MOST_NAMED: Final = 10
"""Lines that a legend names; more are told by a colour bar."""
_BRIGHTEST: Final = 0.86
_ALONE: Final = DIRECTION_COLOURS["extraction"]
_CATEGORIES: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's colours, for what has no order."""


@dataclass(frozen=True, eq=False)
class LineColours:
    """Rows by line.

    Parameters
    ----------
    groups : Of every line its rows, its colour and its label.
    title : What tells the lines apart; empty of a single one.
    mappable : Of a colour bar, where there are too many lines to be named.
    """

    groups: list[tuple[Mask, Any, str]]
    title: str = ""
    mappable: ScalarMappable | None = None


def colour_scale(shown: Shown, values: Floats) -> Normalize:
    """Return the scale of colours of values as shown; logarithmic where their axis would be."""
    finite = values[np.isfinite(values)]
    if shown.texts:
        return Normalize(-0.5, len(shown.texts) - 0.5)
    if finite.size == 0:
        return Normalize(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if shown.scale == "log" and low > 0.0:
        return LogNorm(low, high) if high > low else LogNorm(0.5 * low, 2.0 * low)
    if high == low:
        half = abs(high) * 0.5 or 0.5
        return Normalize(low - half, high + half)
    return Normalize(low, high)


def _line_map() -> LinearSegmentedColormap:
    colours = mpl.colormaps["plasma"](np.linspace(0.0, _BRIGHTEST, 256))
    return LinearSegmentedColormap.from_list("lines", list(map(tuple, colours)))


def line_colours(column: Column | None, good: Mask) -> LineColours:
    """Sort rows into lines.

    Parameters
    ----------
    column : What tells them apart; None: nothing does.
    good : Rows that will be drawn.
    """
    if column is None:
        return LineColours([(np.ones(good.shape, dtype=bool), _ALONE, "_runs")])
    shown, values = column.shown, column.values
    known = np.unique(values[good & np.isfinite(values)])
    if shown.texts:
        colours: list[Any] = [_CATEGORIES[int(v) % len(_CATEGORIES)] for v in known]
    else:
        positions = np.linspace(0.0, 1.0, known.size) if known.size > 1 else np.zeros(known.size)
        colours = list(_line_map()(positions))
    if known.size <= _MOST_NAMED:
        groups = [(values == v, c, shown.text(float(v))) for v, c in zip(known, colours, strict=True)]
        return LineColours(groups, shown.short_label if groups else "")
    norm = colour_scale(shown, shown(known))
    scale = ScalarMappable(norm, _line_map())
    groups = [(values == v, tuple(scale.to_rgba(shown([v]))[0]), f"_{v}") for v in known]
    return LineColours(groups, shown.label, scale)
