"""Recorded maps, what a run would have shown, and the difference; below, the difference against time."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from lto_sim.plot.prefix import time_unit
from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled

__all__ = ["plot_comparison"]

_ROWS: Final = {"recorded": "recorded", "simulated": "simulated", "residual": "recorded\n- simulated"}
_DIFFERENCE_COLOURS: Final = "PuOr"
"""Orange below, purple above: told apart with every kind of colour vision."""
_BACKGROUND: Final = "0.8"
_LINE: Final = "#0072B2"
_FRONT: Final = 0.5
_WIDTH: Final = 2.4
"""Of a panel [inch]."""


def plot_comparison(comparison: xr.Dataset, columns: int = 4) -> Figure:
    """Plot a few frames of a comparison, and misfit and lithium against time.

    Recorded and simulated maps share their colours, from 0 to 1 on the scale of the recorded maps; a line in
    every panel is the front of the run (li fraction 0.5). Grey is what cannot be compared or is not known.

    Parameters
    ----------
    comparison : The dataset of a comparison, from `compare_maps`.
    columns : Most frames to show, evenly spread over those compared, with a front where enough have one.
    """
    compared = np.isfinite(comparison["misfit"].values)
    fraction = comparison["simulated_li_fraction"].values
    front = compared & (fraction > _FRONT).any(axis=(1, 2)) & (fraction < _FRONT).any(axis=(1, 2))
    frames = np.flatnonzero(front if np.count_nonzero(front) >= columns else compared)
    shown = frames[np.unique(np.linspace(0, frames.size - 1, columns).round().astype(np.int64))]
    extent, unit = _extent(comparison)
    tall = min(max(abs(extent[3] - extent[2]) / abs(extent[1] - extent[0]), 0.3), 1.5) * _WIDTH
    with styled():
        page = figure(_WIDTH * max(shown.size, 2) + 1.9, 3.0 * (tall + 0.1) + 2.7)
        grid = page.add_gridspec(2, 1, height_ratios=[3.0 * (tall + 0.1) + 0.4, 2.3])
        upper, lower = page.add_subfigure(grid[0]), page.add_subfigure(grid[1])
        axes = upper.subplots(len(_ROWS), shown.size, squeeze=False)
        images: list[AxesImage] = []
        for row, name in zip(axes, _ROWS, strict=True):
            limits = _limits(comparison, name)
            for ax, frame in zip(row, shown, strict=True):
                images.append(_draw(ax, comparison.isel(time=frame), name, limits, extent))
            row[0].set_ylabel(_ROWS[name], fontsize=9)
        for ax, frame in zip(axes[0], shown, strict=True):
            ax.set_title(f"{float(comparison['time'].values[frame]):.4g} s", fontsize=9)
        length = _nice(0.3 * abs(extent[1] - extent[0]))
        scale_bar(axes[1][0], extent, length, f"{length:g} {unit}")
        upper.colorbar(images[0], ax=axes[:2], extend="both", pad=0.015).set_label(_label(comparison))
        upper.colorbar(images[-1], ax=axes[2:], extend="both", pad=0.015).set_label("difference of x")
        left, right = np.ravel(lower.subplots(1, 2))
        _draw_courses(left, right, comparison)
        return page


def _limits(comparison: xr.Dataset, name: str) -> tuple[float, float]:
    """Colours of li fractions from 0 to 1; of differences all but the largest hundredth, around 0."""
    if name == "residual":
        sizes = np.abs(comparison[name].values)
        most = float(np.quantile(sizes[np.isfinite(sizes)], 0.99))
        return -most or -1.0, most or 1.0
    start = float(comparison.attrs.get("maps_offset", 0.0))
    end = start + float(comparison.attrs.get("maps_contrast", 1.0))
    return min(start, end), max(start, end)


def _label(comparison: xr.Dataset) -> str:
    return "Li fraction x" if _limits(comparison, "recorded") == (0.0, 1.0) else "recorded value"


def _draw(
    ax: Axes,
    frame: xr.Dataset,
    name: str,
    limits: tuple[float, float],
    extent: tuple[float, float, float, float],
) -> AxesImage:
    difference = name == "residual"
    image = ax.imshow(
        frame[name].values, cmap=_DIFFERENCE_COLOURS if difference else MAP_COLOURS, vmin=limits[0],
        vmax=limits[1], extent=extent, interpolation="nearest", aspect="equal",
    )  # fmt: skip
    front = frame["simulated_li_fraction"].values
    known = front[np.isfinite(front)]
    if min(front.shape) > 1 and known.size and known.min() < _FRONT < known.max():
        x, y = (_centres(extent[k], extent[k + 1], n) for k, n in ((0, front.shape[1]), (2, front.shape[0])))
        colour = "black" if difference else "white"
        ax.contour(x, y[::-1], np.ma.masked_invalid(front), [_FRONT], colors=colour, linewidths=1.2)
    ax.set_facecolor(_BACKGROUND)
    ax.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    return image


def _centres(first: float, last: float, count: int) -> NDArray[np.float64]:
    return np.asarray(first + (np.arange(count) + 0.5) * (last - first) / count)


def _extent(comparison: xr.Dataset) -> tuple[tuple[float, float, float, float], str]:
    """Left, right, bottom and top of the maps, and the unit of their scale bar."""
    x, y = comparison["x"].values, comparison["y"].values
    factor, unit = (1e9, "nm") if x[-1] - x[0] < 2e-6 else (1e6, "µm")
    half_x, half_y = (0.5 * (v[1] - v[0]) if v.size > 1 else v[0] for v in (x, y))
    ends = (x[0] - half_x, x[-1] + half_x, y[-1] + half_y, y[0] - half_y)
    left, right, bottom, top = (float(end) * factor for end in ends)
    return (left, right, bottom, top), unit


def _nice(length: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is not above `length`."""
    power = 10.0 ** math.floor(math.log10(length))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= length * 1.000001) * power)


def _draw_courses(left: Axes, right: Axes, comparison: xr.Dataset) -> None:
    """Misfit and mean difference of every frame."""
    seconds = comparison["time"].values
    factor, unit = time_unit(float(seconds[-1] - seconds[0]))
    time = seconds * factor
    marker = "o" if time.size <= 60 else None
    stated = "chi_square_per_freedom" in comparison.attrs
    misfit = comparison["misfit" if stated else "rms"].values
    left.plot(time, misfit, color=_LINE, marker=marker, ms=3.0, lw=1.2)
    left.set(xlabel=f"time [{unit}]", ylabel="chi-square per value" if stated else "rms difference")
    left.set_ylim(0.0, 1.15 * max(float(np.nanmax(misfit)), 1e-12))
    if stated:
        left.axhline(1.0, color="0.5", lw=0.8, ls="--")
    difference = comparison["lithium_difference"].values
    deviation = comparison["lithium_difference_std"].values
    right.errorbar(time, difference, deviation, color=_LINE, marker=marker, ms=3.0, lw=1.2, elinewidth=0.8)
    right.axhline(0.0, color="0.5", lw=0.8, ls="--")
    right.set(xlabel=f"time [{unit}]", ylabel="mean difference of x")
