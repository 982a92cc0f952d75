"""Pictures straight from the store of a sweep: maps over two axes, families of lines, points, curves.

what is drawn                       from
==================================  =====================================================================
map of cells                        a grid, with x and y
map of points                       samples, a list or a zip, with x and y
lines, one for each value           a grid or a zip
points, coloured by `lines`         samples or a list
curves, one a run, coloured         a variable with a time (or another dimension) as x

Runs that failed, that are not done yet, and that have no value are shown as such and counted; they are never
just left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS, figure, styled
from lto_sim.plot.sweep_colours import LineColours, colour_scale, line_colours
from lto_sim.plot.sweep_grid import GridMap, draw_cells, grid_map
from lto_sim.plot.sweep_table import DONE, FAILED, PENDING, Column, SweepTable, sweep_table
from lto_sim.plot.sweep_units import Shown, wrapped

__all__ = ["plot_sweep"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LABEL: Final = 58
"""Characters of a line of a label."""
_MISSING: Final = {
    "failed": ("x", "#882255"),
    "not done yet": ("+", "0.45"),
    "without a value": ("1", "0.45"),
}
"""Marker and colour of rows that have nothing to draw."""
_STRIP: Final = 0.05
"""Height of the strip in which each kind of them is marked, as part of the axes."""
_BAND: Final = 0.18
"""Opacity of a band of one deviation."""
_DODGE: Final = 0.08
"""Distance of the points of two lines that would lie on each other, where values are words."""
_MARKERS: Final = "osD^v<>pPX"
_MOST_TICKS: Final = 12


def plot_sweep(
    source: Path | str | xr.Dataset,
    of: str,
    *,
    x: str | None = None,
    y: str | None = None,
    lines: str | None = None,
    select: Mapping[str, Any] | None = None,
    title: str = "",
) -> Figure:
    """Plot a variable of a sweep.

    Parameters
    ----------
    source : The store of a sweep, or the sweep opened.
    of : Variable: ``k``, ``Ea``, ``current``, ``front_position``, one of one's own.
    x : What lies along x: a swept path, a number of every run, or a dimension of the variable
        (``time_fine``). None: a time that the variable has, else the first axis that varies.
    y : Second axis of a map in colour.
    lines : What tells lines, points or curves apart. None: of a grid the axis that is left, if it has few
        values.
    select : Values by swept path or dimension, with units: ``{"temperature": "30 degC", "profile": 0}``.
    title : Title of the figure; that of the sweep where it has one.

    Returns
    -------
    The figure; it needs no display. Where ``OF_std`` is stored it gives error bars; lines go through the
    means of runs that differ in their seed only.

    Raises
    ------
    InputError
        A name that the sweep does not have (it lists what it has), or a dimension or axis of a grid that is
        neither drawn nor chosen.
    """
    table = sweep_table(source, of, {"x": x, "y": y, "lines": lines}, select or {})
    with styled():
        page = figure(6.8, 4.9)
        ax = page.subplots()
        if table.curves:
            notes = _draw_curves(page, ax, table)
        elif table.y is not None and table.grid:
            notes = _draw_grid(page, ax, table, table.y)
        elif table.y is not None:
            notes = _draw_map_of_points(page, ax, table, table.y)
        else:
            notes = _draw_rows(page, ax, table)
        _shape_x(ax, table.x, flat=table.y is not None and table.grid)
        heading = [title or table.title, ", ".join(table.chosen)]
        ax.set_title("\n".join(wrapped(text, 78) for text in heading if text), fontsize=10)
        if notes:
            page.legend(handles=notes, loc="outside lower center", ncols=3, fontsize=8.5)
        return page


def _missing(table: SweepTable) -> dict[str, Mask]:
    """Rows with nothing to draw, by why."""
    values = table.of.values
    nothing = ~np.isfinite(values)  # an infinite k too: a fit that leaves nothing to diffusion
    empty = nothing.all(axis=1) if values.ndim == 2 else nothing
    return {
        "failed": table.status == FAILED,
        "not done yet": table.status == PENDING,
        "without a value": (table.status == DONE) & empty,
    }


def _notes(missing: Mapping[str, Mask]) -> list[Artist]:
    """Entries of the legend that count rows with nothing to draw."""
    found: list[Artist] = []
    for name, rows in missing.items():
        if rows.any():
            marker, colour = _MISSING[name]
            label = f"{name}: {np.count_nonzero(rows)}"
            found.append(Line2D([], [], ls="", marker=marker, color=colour, ms=7, mew=1.6, label=label))
    return found


def _shape_x(ax: Axes, column: Column, *, flat: bool) -> None:
    """Label x and scale it; of a map of cells the scale is there already."""
    ax.set_xlabel(wrapped(column.shown.label, _LABEL))
    if not flat:
        _scale_axis(ax, column, "x")


def _shape_y(ax: Axes, column: Column) -> None:
    ax.set_ylabel(wrapped(column.shown.label, _LABEL - 8))
    _scale_axis(ax, column, "y")


def _scale_axis(ax: Axes, column: Column, which: str) -> None:
    shown = column.shown
    set_scale, axis = (ax.set_xscale, ax.xaxis) if which == "x" else (ax.set_yscale, ax.yaxis)
    if shown.texts:
        axis.set_ticks(range(len(shown.texts)), [wrapped(text, 18) for text in shown.texts])
    elif shown.scale == "symlog":
        values = shown(column.values)
        set_scale("symlog", linthresh=float(values[values > 0.0].min()))
    elif shown.scale == "log":
        set_scale("log")


def _draw_rug(ax: Axes, table: SweepTable, missing: Mapping[str, Mask]) -> None:
    """Mark in a strip at the foot of the axes where rows have nothing to draw."""
    kinds = [name for name, rows in missing.items() if rows.any()]
    if not kinds:
        return
    depth = _STRIP * len(kinds)
    low, high = ax.transScale.transform([(1.0, end) for end in ax.get_ylim()])[:, 1]
    foot = low - depth / (1.0 - depth) * (high - low)
    ax.set_ylim(bottom=ax.transScale.inverted().transform((1.0, foot))[1])
    ax.add_patch(Rectangle((0.0, 0.0), 1.0, depth, transform=ax.transAxes, fc="0.94", lw=0.0, zorder=0))
    for place, name in enumerate(kinds):
        at = table.x.shown(table.x.values[missing[name]])
        marker, colour = _MISSING[name]
        height = np.full(at.size, (place + 0.5) * _STRIP)
        ax.plot(
            at, height, ls="", marker=marker, color=colour, ms=7, mew=1.6, clip_on=False, zorder=5,
            transform=ax.get_xaxis_transform(), label=f"_{name}",
        )  # fmt: skip


def _draw_rows(page: Figure, ax: Axes, table: SweepTable) -> list[Artist]:
    """Lines of a grid or zip, points of samples; error bars where deviations are stored."""
    missing = _missing(table)
    good = ~np.any(list(missing.values()), axis=0)
    colours = line_colours(table.lines, good)
    joined = table.design in {"grid", "zip"} and not (table.x.shown.texts or table.of.shown.texts)
    for place, (rows, colour, label) in enumerate(colours.groups):
        marker = _MARKERS[place % len(_MARKERS)] if len(colours.groups) <= len(_MARKERS) else "o"
        if joined:
            _join(ax, table, rows, good, (colour, label))
        dodge = _DODGE * (place - 0.5 * (len(colours.groups) - 1)) if table.of.shown.texts else 0.0
        _draw_points(ax, table, rows & good, (colour, marker, label), dodge)
    _shape_y(ax, Column(table.of.shown, table.of.values[good]))
    _explain_colours(page, ax, colours)
    _draw_rug(ax, table, missing)
    repeated = joined and _repeats(table, good) > 1
    return _notes(missing) + (
        [Line2D([], [], color="0.3", label="line: mean of repeats")] if repeated else []
    )


def _repeats(table: SweepTable, good: Mask) -> int:
    """Most rows in one place."""
    keys = [table.x.values, *([] if table.lines is None else [table.lines.values])]
    if not good.any():
        return 1
    _, counts = np.unique(np.column_stack(keys)[good], axis=0, return_counts=True)
    return int(counts.max())


def _join(ax: Axes, table: SweepTable, rows: Mask, good: Mask, look: tuple[Any, str]) -> None:
    """Draw a line through the means of repeats; only dotted past runs that have nothing to draw."""
    colour, label = look
    x = table.x.shown(table.x.values)
    places, index = np.unique(x[rows], return_inverse=True)
    kept = good[rows]
    values = table.of.shown(table.of.values[rows])[kept]
    counts = np.bincount(index[kept], minlength=places.size)
    mean = np.bincount(index[kept], weights=values, minlength=places.size) / np.maximum(counts, 1)
    known = counts > 0
    if not known.all():
        ax.plot(places[known], mean[known], color=colour, lw=1.0, ls=":", zorder=2, label=f"_gap {label}")
    ax.plot(places, np.where(known, mean, np.nan), color=colour, lw=1.4, zorder=2, label=f"_{label}")


def _draw_points(ax: Axes, table: SweepTable, rows: Mask, look: tuple[Any, str, str], dodge: float) -> None:
    """Draw a point for each row, with its deviation where that is stored."""
    if not rows.any():
        return
    colour, marker, label = look
    bars = None
    if table.deviation is not None and not table.of.shown.texts:
        bars = table.of.shown.difference(table.deviation[rows])
        bars = np.where(np.isfinite(bars), bars, 0.0)
    ax.errorbar(
        table.x.shown(table.x.values[rows]), table.of.shown(table.of.values[rows]) + dodge, yerr=bars,
        ls="", marker=marker, color=colour, ms=5.5, mec="white", mew=0.5, elinewidth=1.0, capsize=2.5,
        zorder=3, label=label,
    )  # fmt: skip


def _draw_curves(page: Figure, ax: Axes, table: SweepTable) -> list[Artist]:
    """Draw one curve a run, with a band of one deviation where that is stored."""
    missing = _missing(table)
    good = ~np.any(list(missing.values()), axis=0)
    colours = line_colours(table.lines, good)
    for rows, colour, label in colours.groups:
        for place, row in enumerate(np.flatnonzero(rows & good)):
            x, values = table.x.shown(table.x.values[row]), table.of.shown(table.of.values[row])
            ax.plot(x, values, color=colour, lw=1.3, label=f"_{label}" if place else label)
            if table.deviation is not None:
                half = table.of.shown.difference(table.deviation[row])
                ax.fill_between(x, values - half, values + half, color=colour, alpha=_BAND, lw=0.0)
    _shape_y(ax, Column(table.of.shown, table.of.values[good]))
    _explain_colours(page, ax, colours)
    return _notes(missing)


def _explain_colours(page: Figure, ax: Axes, colours: LineColours) -> None:
    """Legend of a few lines, colour bar of many."""
    if colours.mappable is not None:
        bar = page.colorbar(colours.mappable, ax=ax, pad=0.02)
        bar.set_label(wrapped(colours.title, 44))
    elif colours.title:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=wrapped(colours.title, 24))


def _draw_grid(page: Figure, ax: Axes, table: SweepTable, second: Column) -> list[Artist]:
    """Cells of a grid in colour; hatched where a run failed, grey where one is not done."""
    cells = grid_map(table, second)
    notes = _draw_cells(page, ax, table.of.shown, cells)
    ax.set_ylabel(wrapped(second.shown.label, _LABEL - 8))
    return notes


def _draw_cells(page: Figure, ax: Axes, shown: Shown, cells: GridMap) -> list[Artist]:
    image, notes = draw_cells(ax, shown, cells)
    if image is None:
        return notes
    if shown.texts:
        colours = image.cmap(image.norm(np.arange(len(shown.texts))))
        entries = [Patch(color=c, label=text) for c, text in zip(colours, shown.texts, strict=True)]
        ax.legend(
            handles=entries, loc="center left", bbox_to_anchor=(1.0, 0.5), title=wrapped(shown.name, 24)
        )
        return notes
    page.colorbar(image, ax=ax, pad=0.02).set_label(wrapped(shown.label, 44))
    return notes


def _draw_map_of_points(page: Figure, ax: Axes, table: SweepTable, second: Column) -> list[Artist]:
    """Points of samples in the plane of two axes, in colour."""
    missing = _missing(table)
    good = ~np.any(list(missing.values()), axis=0)
    x, y = table.x.shown(table.x.values), second.shown(second.values)
    shown = table.of.shown
    norm = colour_scale(shown, shown(table.of.values[good]))
    colours = mpl.colormaps[MAP_COLOURS]
    if shown.texts:
        colours = ListedColormap(colours(np.linspace(0.0, 1.0, len(shown.texts))))
    image = ax.scatter(
        x[good], y[good], c=shown(table.of.values[good]), norm=norm, cmap=colours, s=42, edgecolors="0.25",
        linewidths=0.6, zorder=3,
    )  # fmt: skip
    for name, rows in missing.items():
        marker, colour = _MISSING[name]
        ax.plot(x[rows], y[rows], ls="", marker=marker, color=colour, ms=7, mew=1.6, label=f"_{name}")
    bar = page.colorbar(image, ax=ax, pad=0.02)
    bar.set_label(wrapped(shown.label, 44))
    if shown.texts:
        bar.set_ticks(range(len(shown.texts)), labels=list(shown.texts))
    _shape_y(ax, second)
    return _notes(missing)
