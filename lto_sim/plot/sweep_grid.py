"""A grid of runs as cells: true to the scale of both axes, with what failed, is pending or has no value.

Cells end half way to their neighbours, on the scale of the axis. Axes of texts, and logarithmic ones that
begin with 0, have cells of one size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS
from lto_sim.plot.sweep_colours import colour_scale
from lto_sim.plot.sweep_table import DONE, FAILED, PENDING, Column, SweepTable
from lto_sim.plot.sweep_units import Shown, wrapped, written

__all__ = ["GridMap", "cell_edges", "draw_cells", "grid_map"]

Floats = NDArray[np.float64]

_EMPTY, _VALUE, _NO_VALUE, _PENDING, _FAILED = range(5)
_LOOKS: Final[dict[int, tuple[str, dict[str, Any]]]] = {
    _FAILED: ("failed", {"facecolor": "white", "edgecolor": "#882255", "hatch": "xxx"}),
    _PENDING: ("not done yet", {"facecolor": "0.86", "edgecolor": "0.86"}),
    _NO_VALUE: ("without a value", {"facecolor": "white", "edgecolor": "0.5", "hatch": "..."}),
}
_MOST_TICKS: Final = 12


@dataclass(frozen=True, eq=False)
class GridMap:
    """Cells (y, x).

    Parameters
    ----------
    x, y : Columns of both axes, their different values in order.
    values : Mean of the runs of a cell, as shown; NaN where there is none.
    kind : What is in a cell.
    counts : Runs that failed, are pending, or have no value, by kind.
    repeats : Most runs in a cell.
    """

    x: Column
    y: Column
    values: Floats
    kind: NDArray[np.int64]
    counts: dict[int, int]
    repeats: int


def grid_map(table: SweepTable, second: Column) -> GridMap:
    """Sort the runs of a grid into cells.

    Parameters
    ----------
    table : Rows, of which x is one axis.
    second : The other axis.
    """
    known_x, at_x = _places(table.x.values)
    known_y, at_y = _places(second.values)
    shape = (known_y.size, known_x.size)
    cell = at_y * known_x.size + at_x
    shown = table.of.shown(table.of.values)
    has = (table.status == DONE) & np.isfinite(shown)
    size = known_x.size * known_y.size
    count = np.bincount(cell[has], minlength=size)
    total = np.bincount(cell[has], weights=shown[has], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape)
    rows = {
        _FAILED: table.status == FAILED, _PENDING: table.status == PENDING,
        _NO_VALUE: (table.status == DONE) & ~np.isfinite(shown),
    }  # fmt: skip
    kind = np.full(size, _EMPTY)
    for number in (_NO_VALUE, _FAILED, _PENDING):
        kind[cell[rows[number]]] = number
    kind[count > 0] = _VALUE
    return GridMap(
        Column(table.x.shown, known_x), Column(second.shown, known_y), values, kind.reshape(shape),
        {number: int(np.count_nonzero(mask)) for number, mask in rows.items()},
        int(np.bincount(cell, minlength=1).max()) if cell.size else 0,
    )  # fmt: skip


def _places(values: Floats) -> tuple[Floats, NDArray[np.intp]]:
    filled = np.where(np.isnan(values), np.inf, values)
    known = np.unique(filled)
    return known, np.searchsorted(known, filled)


def _evenly(shown: Shown, values: Floats) -> bool:
    """Whether cells have one size each, whatever the values."""
    return bool(shown.texts) or shown.scale == "symlog" or not np.isfinite(values).all()


def cell_edges(column: Column) -> Floats:
    """Edges of cells about the values of an axis, as shown."""
    values = column.shown(column.values)
    if _evenly(column.shown, column.values):
        return np.arange(values.size + 1, dtype=np.float64) - 0.5
    logarithmic = column.shown.scale == "log"
    along = np.log(values) if logarithmic else values
    if along.size == 1:
        half = 0.5 if logarithmic or along[0] == 0.0 else 0.05 * abs(along[0])
        edges = np.array([along[0] - half, along[0] + half])
    else:
        middle = 0.5 * (along[1:] + along[:-1])
        edges = np.concatenate([[2.0 * along[0] - middle[0]], middle, [2.0 * along[-1] - middle[-1]]])
    return np.exp(edges) if logarithmic else edges


def draw_cells(ax: Axes, shown: Shown, cells: GridMap) -> tuple[QuadMesh | None, list[Artist]]:
    """Draw the cells; return the coloured ones, and entries of a legend for the others.

    Parameters
    ----------
    ax : Where.
    shown : How the values are shown.
    cells : The cells.
    """
    edges_x, edges_y = cell_edges(cells.x), cell_edges(cells.y)
    image = None
    if (cells.kind == _VALUE).any():
        colours = mpl.colormaps[MAP_COLOURS]
        if shown.texts:
            colours = ListedColormap(colours(np.linspace(0.0, 1.0, len(shown.texts))))
        image = ax.pcolormesh(
            edges_x, edges_y, np.ma.masked_invalid(cells.values), cmap=colours,
            norm=colour_scale(shown, cells.values), edgecolors="white", linewidth=0.6,
        )  # fmt: skip
    notes: list[Artist] = []
    for number, (name, look) in _LOOKS.items():
        for row, column in np.argwhere(cells.kind == number):
            corner = edges_x[column], edges_y[row]
            size = edges_x[column + 1] - corner[0], edges_y[row + 1] - corner[1]
            ax.add_patch(Rectangle(corner, *size, lw=0.0, **look))
        if cells.counts[number]:
            notes.append(Patch(lw=0.4, label=f"{name}: {cells.counts[number]}", **look))
    if cells.repeats > 1:
        notes.append(Patch(color="none", label=f"means of {cells.repeats} repeats"))
    for column, edges, which in ((cells.x, edges_x, "x"), (cells.y, edges_y, "y")):
        _shape(ax, column, edges, which)
    return image, notes


def _shape(ax: Axes, column: Column, edges: Floats, which: str) -> None:
    """Scale and limits of an axis, with ticks at its values where they are few."""
    set_scale, set_limits, axis = (
        (ax.set_xscale, ax.set_xlim, ax.xaxis) if which == "x" else (ax.set_yscale, ax.set_ylim, ax.yaxis)
    )
    values = column.shown(column.values)
    even = _evenly(column.shown, column.values)
    if column.shown.scale == "log" and not even:
        set_scale("log")
    set_limits(edges[0], edges[-1])
    if values.size > _MOST_TICKS and not even:
        return
    places = np.arange(values.size) if even else values
    if column.shown.texts:
        texts = [wrapped(column.shown.text(float(v)), 18) for v in column.values]
    else:
        texts = [written(float(v)) for v in values]
    kept = slice(None, None, -(-values.size // _MOST_TICKS))
    axis.set_ticks(places[kept], texts[kept])
    axis.set_ticks([], minor=True)
