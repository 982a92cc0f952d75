"""A fit of whole maps: recorded, fitted, what is left; misfit of every frame, and the estimates."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.inverse import MapFit
from lto_sim.plot.parameter_units import shown_unit, value_and_deviation
from lto_sim.plot.prefix import time_unit
from lto_sim.plot.style import MAP_COLOURS, figure, styled

__all__ = ["plot_map_fit"]

_ROWS: Final = {"recorded": "recorded", "fitted": "fitted", "normalised_residual": "residual"}
_DIFFERENCE_COLOURS: Final = "PuOr"
"""Orange below, purple above: told apart with every kind of colour vision."""
_BACKGROUND: Final = "0.8"
_LINE: Final = "#0072B2"
_ON_CELLS: Final = "#D55E00"
_FRAMES: Final = 4
_FRONT: Final = 0.5
_WIDTH: Final = 2.5
"""Of a panel [inch]."""
_LEAST_RANGE: Final[float] = 3.0
"""Deviations that the colours of the residuals reach at least."""
_UNEVEN: Final[float] = 15.0
"""Widest interval over the narrowest from which on the axis is logarithmic beyond the narrowest."""
_OF: Final = {"maps.offset": "(% of x)", "maps.start_time": " (% of a frame)"}
_LIMIT: Final[float] = 1e3
"""Per cent beyond which an interval is cut off."""

Extent = tuple[float, float, float, float]


def plot_map_fit(fit: MapFit) -> Figure:
    """Plot a few frames of the first recording, the misfit of every frame of all, and the estimates.

    Recorded and fitted maps share their colours, the range of Li fractions 0 to 1; a line in every panel is
    the fitted front (Li fraction 0.5). Grey is what is not compared. Intervals (95 %) are in per cent of the
    estimate; of an offset in hundredths of Li fraction, of a start time in per cent of a frame. Circles are
    the estimates on the scenario's cells, before they are extrapolated to vanishing ones.

    Parameters
    ----------
    fit : Result of `fit_maps`.

    Raises
    ------
    InputError
        A fit without fitted maps.
    """
    if not fit.maps:
        raise InputError(
            "fit", "no fitted maps", "a fit whose model can be run at the estimates", "fit again"
        )
    maps = fit.maps[0]
    nuisance = fit.objective.runs[0].nuisances(fit.minimum.theta)
    start, end = nuisance["maps.offset"], nuisance["maps.offset"] + nuisance["maps.contrast"]
    shown = _frames(maps, start + _FRONT * (end - start))
    extent = _extent(maps)
    tall = min(max(abs(extent[3] - extent[2]) / abs(extent[1] - extent[0]), 0.3), 1.5) * _WIDTH
    below = max(2.9, 0.45 * len(fit.names) + 1.0)
    with styled():
        upper_height = 3.0 * (tall + 0.1) + 0.8
        page = figure(max(_WIDTH * shown.size + 2.0, 9.0), upper_height + below)
        grid = page.add_gridspec(2, 1, height_ratios=[upper_height, below])
        upper, lower = page.add_subfigure(grid[0]), page.add_subfigure(grid[1])
        axes = upper.subplots(len(_ROWS), shown.size, squeeze=False, sharex=True, sharey=True)
        limits = {key: (min(start, end), max(start, end)) for key in ("recorded", "fitted")}
        limits["normalised_residual"] = _residual_limits(maps)
        images: list[AxesImage] = []
        for row, name in zip(axes, _ROWS, strict=True):
            for ax, frame in zip(row, shown, strict=True):
                image = maps.isel(time=frame)
                images.append(_draw(ax, image, name, limits[name], extent, start + _FRONT * (end - start)))
            row[0].set_ylabel(f"{_ROWS[name]}\ny [µm]", fontsize=9)
        for ax, frame in zip(axes[0], shown, strict=True):
            ax.set_title(f"{float(maps['time'].values[frame]):.4g} s", fontsize=9)
        for ax in axes[-1]:
            ax.set_xlabel("x [µm]", fontsize=9)
        label = "Li fraction x" if (start, end) == (0.0, 1.0) else "recorded value"
        upper.colorbar(images[0], ax=axes[:2], extend="both", pad=0.015).set_label(label)
        bar = upper.colorbar(images[-1], ax=axes[2:], extend="both", pad=0.015)
        bar.set_label("(recorded - fitted)\n/ deviation", fontsize=9)
        if len(fit.maps) > 1:
            upper.suptitle(f"recording 0 of {len(fit.maps)}: {_label(fit, 0)}", fontsize=11)
        left, right = np.ravel(lower.subplots(1, 2, width_ratios=[1.0, 1.15]))
        _draw_misfit(left, fit)
        _draw_estimates(right, fit)
        return page


def _frames(maps: xr.Dataset, half: float) -> NDArray[np.intp]:
    """Frames to show: evenly spread over those with a front, if enough have one, else over all compared."""
    compared = np.isfinite(maps["misfit"].values)
    fitted = maps["fitted"].values
    front = compared & (fitted > half).any(axis=(1, 2)) & (fitted < half).any(axis=(1, 2))
    frames = np.flatnonzero(front if np.count_nonzero(front) >= _FRAMES else compared)
    return np.asarray(frames[np.unique(np.linspace(0, frames.size - 1, _FRAMES).round().astype(np.intp))])


def _residual_limits(maps: xr.Dataset) -> tuple[float, float]:
    sizes = np.abs(maps["normalised_residual"].values)
    most = max(_LEAST_RANGE, float(np.quantile(sizes[np.isfinite(sizes)], 0.99)))
    return -most, most


def _extent(maps: xr.Dataset) -> Extent:
    """Left, right, bottom and top of the maps [micrometre]."""
    x, y = maps["x"].values, maps["y"].values
    half_x, half_y = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
    ends = (x[0] - half_x, x[-1] + half_x, y[-1] + half_y, y[0] - half_y)
    left, right, bottom, top = (1e6 * float(end) for end in ends)
    return left, right, bottom, top


def _draw(
    ax: Axes, frame: xr.Dataset, name: str, limits: tuple[float, float], extent: Extent, half: float
) -> AxesImage:
    difference = name == "normalised_residual"
    compared = np.isfinite(frame["residual"].values)
    values = np.where(compared, frame[name].values, np.nan)
    image = ax.imshow(
        values, cmap=_DIFFERENCE_COLOURS if difference else MAP_COLOURS, vmin=limits[0], vmax=limits[1],
        extent=extent, interpolation="nearest", aspect="equal",
    )  # fmt: skip
    fitted = frame["fitted"].values
    known = fitted[np.isfinite(fitted)]
    if known.size and known.min() < half < known.max():
        x, y = 1e6 * frame["x"].values, 1e6 * frame["y"].values
        colour = "black" if difference else "white"
        ax.contour(x, y, np.ma.masked_invalid(fitted), [half], colors=colour, linewidths=1.0)
    ax.set_facecolor(_BACKGROUND)
    ax.set(xlim=extent[:2], ylim=extent[2:])
    ax.locator_params(nbins=4)
    ax.tick_params(labelsize=8)
    ax.label_outer()
    return image


def _label(fit: MapFit, number: int) -> str:
    """What tells a recording from the others."""
    scenario = fit.objective.experiments[number].scenario
    directions = [rate.direction for rate in fit.derived if rate.run == number]
    return " ".join([f"{scenario.temperature - ZERO_CELSIUS:.4g} °C", *directions])


def _draw_misfit(ax: Axes, fit: MapFit) -> None:
    """Chi-square per value of every frame of every recording."""
    several = len(fit.maps) > 1
    seconds = float(np.ptp(fit.maps[0]["time"].values))
    factor, unit = time_unit(seconds)
    highest = 1.0
    for number, maps in enumerate(fit.maps):
        time, misfit = maps["time"].values, maps["misfit"].values
        marker = "o" if time.size <= 60 else None
        part = (time - time[0]) / (float(np.ptp(time)) or 1.0)
        colour = colormaps["viridis"](0.85 * number / max(len(fit.maps) - 1, 1)) if several else _LINE
        label = f"{number}: {_label(fit, number)}" if several else None
        ax.plot(
            part if several else factor * time,
            misfit,
            color=colour,
            marker=marker,
            ms=3.0,
            lw=1.1,
            label=label,
        )
        highest = max(highest, float(np.nanmax(misfit)))
    ax.axhline(1.0, color="0.5", lw=0.8, ls="--")
    ax.set_ylim(0.0, (1.15 + 0.14 * math.ceil(len(fit.maps) / 2.0) * several) * highest)
    ax.set(
        xlabel="time since the first frame / length of the recording" if several else f"time [{unit}]",
        ylabel="chi-square per value",
    )
    if several:
        ax.legend(fontsize=7.5, ncols=2, loc="upper left")


def _draw_estimates(ax: Axes, fit: MapFit) -> None:
    """Interval of every parameter about its estimate, in per cent; circles: on the scenario's cells."""
    labels, ends, moved = [], [], []
    for n, parameter in enumerate(fit.parameters.free):
        value, unit = fit.values[parameter.name], shown_unit(parameter.path)
        size = _size(fit, n, value)
        ends.append([100.0 * (end - value) / size for end in fit.interval(parameter.name)])
        moved.append(100.0 * (parameter.value(float(fit.minimum.theta[n])) - value) / size)
        deviation = unit.difference(fit.std[parameter.name])
        text = value_and_deviation(unit.value(value), deviation)
        labels.append(f"{parameter.name}\n{text} {unit.name}{_OF.get(parameter.path, '')}".rstrip())
    shown = np.clip(np.array(ends), -_LIMIT, _LIMIT)
    rows = np.arange(len(labels))
    widths = np.maximum(np.abs(shown).max(axis=1), 1e-6)
    ax.axvline(0.0, color="0.5", lw=0.8, ls="--")
    ax.hlines(rows, shown[:, 0], shown[:, 1], color=_LINE, lw=3.0)
    ax.plot(np.zeros(rows.size), rows, "|", color=_LINE, ms=11.0, mew=2.0)
    there = np.clip(moved, -_LIMIT, _LIMIT)
    if "cells" in fit.parts:
        ax.plot(there, rows, "o", mfc="none", mec=_ON_CELLS, ms=6.0, label="on the scenario's cells")
        ax.legend(fontsize=7.5, loc="upper right", borderpad=0.1)
    if widths.max() > _UNEVEN * widths.min():
        first = math.ceil(math.log10(float(widths.min())))
        ax.set_xscale("symlog", linthresh=10.0**first)
        sizes = 10.0 ** np.arange(first, math.floor(math.log10(float(widths.max()))) + 1)
        ticks = [*-sizes[::-1], 0.0, *sizes]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    reach = 1.15 * max(float(widths.max()), float(np.abs(there).max()))
    ax.set(
        xlim=(-reach, reach), ylim=(len(labels) - 0.5, -0.9), xlabel="95 % interval about the estimate [%]"
    )
    ax.set_yticks(rows, labels, fontsize=8)


def _size(fit: MapFit, number: int, value: float) -> float:
    """What an interval is a part of: the estimate; of an offset 1, of a start time one frame."""
    parameter = fit.parameters.free[number]
    if parameter.path == "maps.start_time":
        time = fit.maps[parameter.run or 0]["time"].values
        return float(np.diff(time).min()) if time.size > 1 else 1.0
    if parameter.path == "maps.offset" or value == 0.0:
        return 1.0
    return abs(value)
