"""Front kinetics of many runs: xi^2 against time (Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lto_sim.kinetics import RateConstantFit
from lto_sim.plot.style import figure, styled, with_deviation

__all__ = ["FrontSeries", "plot_squared_position"]

_MICROMETRE = 1e6
_PER_CM2 = 1e4


@dataclass(frozen=True)
class FrontSeries:
    """Tracked front of one run with its fit.

    Parameters
    ----------
    label : Title of the panel.
    front : Dataset with ``front_position`` and ``front_time`` (time, profile).
    fit : Rate constant fitted to it.
    k_true : Rate constant put in [m2 s-1].
    colour : Colour of the row.
    """

    label: str
    front: xr.Dataset
    fit: RateConstantFit
    k_true: float
    colour: str


def plot_squared_position(rows: Sequence[Sequence[FrontSeries]], names: Sequence[str], title: str) -> Figure:
    """Plot xi^2 against time, a row for each direction and a panel for each run.

    Parameters
    ----------
    rows : Fronts of each direction.
    names : Names of the directions.
    title : Title of the figure.
    """
    with styled():
        columns = max(len(row) for row in rows)
        page = figure(2.3 * columns + 0.4, 2.75 * len(rows) + 0.5)
        grid = page.subplots(len(rows), columns, squeeze=False)
        for axes, row, name in zip(grid, rows, names, strict=True):
            for ax, entry in zip(axes, row, strict=False):
                _squared(ax, entry)
            axes[0].set_ylabel(f"{name}\nξ² [µm²]")
            for ax in axes:
                ax.set_xlabel("time t [s]")
        handles, labels = grid[0][0].get_legend_handles_labels()
        for row, name, axes in zip(rows[1:], names[1:], grid[1:], strict=True):
            if row:
                handles.append(axes[0].get_lines()[1])
                labels.append(f"the same, {name}")
        page.legend(handles, labels, loc="outside lower center", ncols=4)
        page.suptitle(title)
        return page


def _squared(ax: Axes, entry: FrontSeries) -> None:
    front, fit = entry.front, entry.fit
    time = front["front_time"].values.ravel()
    xi = front["front_position"].values.ravel() * _MICROMETRE
    good = np.isfinite(xi)
    used = good & (time >= fit.window.start) & (time <= fit.window.end)
    ax.plot(
        time[good & ~used],
        xi[good & ~used] ** 2,
        ".",
        color="0.65",
        ms=4,
        label="tracked, outside the window",
    )
    ax.plot(time[used], xi[used] ** 2, ".", color=entry.colour, ms=4, label="tracked front, all profiles")
    line = np.linspace(fit.window.start, fit.window.end, 100)
    ax.plot(line, (fit.position(line) * _MICROMETRE) ** 2, color="black", lw=1.4, label="fit in the window")
    value = _scientific(fit.k * _PER_CM2, fit.k_std * _PER_CM2)
    ax.set_title(f"{entry.label}\nk = {value} cm²/s", fontsize=9)
    ratio = f"k / true k = {fit.k / entry.k_true:.3f}"
    ax.text(0.04, 0.94, ratio, transform=ax.transAxes, va="top", fontsize=8)
    ax.set_xlim(left=0.0)
    ax.set_ylim(bottom=0.0)


def _scientific(value: float, deviation: float) -> str:
    """Value and deviation with a common power of ten: 4.00 ± 0.02 × 10⁻¹¹."""
    if not np.isfinite([value, deviation]).all():
        return "not resolved,"
    power = int(np.floor(np.log10(value)))
    scale = 10.0**-power
    exponent = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"({with_deviation(value * scale, deviation * scale)})\n× 10{exponent}"
