"""Current of the particle (shape of Fig. 1e), and what a partial contact does to k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled, temperature_colours

__all__ = ["PartialContact", "plot_current", "plot_partial_contact"]

_PICOAMPERE = 1e12
_POINTS_PER_DECADE = 8
_MICROMETRE = 1e6


def plot_current(rows: Sequence[Sequence[tuple[str, xr.Dataset]]], titles: Sequence[str]) -> Figure:
    """Plot the particle's current against time, one panel for each direction, one line for each run.

    Parameters
    ----------
    rows : For each direction, (label, run) from hot to cold.
    titles : Titles of the panels.
    """
    with styled():
        page = figure(4.6 * len(rows) + 1.2, 4.0)
        axes = np.atleast_1d(page.subplots(1, len(rows)))
        for ax, row, title in zip(axes, rows, titles, strict=True):
            for (label, run), colour in zip(row, temperature_colours(len(row)), strict=True):
                time, current = _mean_current(run)
                ax.plot(time, np.abs(current) * _PICOAMPERE, color=colour, label=label)
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.set_xlabel("time t [s]")
            ax.set_title(title)
            _half_slope(ax.get_xlim(), ax)
        axes[0].set_ylabel("|I| of the particle [pA]")
        axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        page.suptitle("Current of one particle: 1/√t by Wagner's law, stairs in the first cells")
        return page


def _mean_current(run: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles [s] of intervals even in log t and the mean current [A] in each, from the charge."""
    time, charge = run["time_fine"].values, run["charge"].values
    begin = time[min(3, time.size - 2)]  # the first intervals average over the divergence at the step
    decades = np.log10(time[-1] / begin)
    edges = np.geomspace(begin, time[-1], int(_POINTS_PER_DECADE * decades) + 2)
    current = np.diff(np.interp(edges, time, charge)) / np.diff(edges)
    return np.sqrt(edges[1:] * edges[:-1]), current


def _half_slope(limits: tuple[float, float], ax: Axes) -> None:
    low, high = np.log10(limits[0]), np.log10(limits[1])
    time = 10.0 ** np.array([low + 0.30 * (high - low), low + 0.55 * (high - low)])
    bottom, top = np.log10(ax.get_ylim())
    level = 10.0 ** (bottom + 0.16 * (top - bottom))
    ax.plot(time, level * np.sqrt(time[0] / time), color="0.4", lw=1.0)
    ax.text(time[0], level * 1.02, "slope −1/2", color="0.3", fontsize=8, ha="right", va="center")


@dataclass(frozen=True)
class PartialContact:
    """One run with a partial contact.

    Parameters
    ----------
    coverage : Fraction of the side that touches the electrolyte.
    ratio, ratio_std : Apparent k (a parabola through every tracked point) over the planar k [1].
    maps : Its maps.
    contact : Interval of the contact along the side [m].
    """

    coverage: float
    ratio: float
    ratio_std: float
    maps: xr.Dataset
    contact: tuple[float, float]


def plot_partial_contact(entries: Sequence[PartialContact], title: str) -> Figure:
    """Plot maps at half transformation for each coverage, and k over the planar k against coverage.

    Parameters
    ----------
    entries : Runs, one for each coverage.
    title : Title of the figure.
    """
    with styled():
        page = figure(2.35 * len(entries) + 0.6, 5.6)
        axes = page.subplots(2, len(entries), height_ratios=(1.0, 1.55), squeeze=False)
        grid = axes[1, 0].get_gridspec()
        for ax in axes[1]:
            ax.remove()
        for ax, entry in zip(axes[0], entries, strict=True):
            _map(ax, entry)
        below = page.add_subplot(grid[1, :])
        coverage = np.array([e.coverage for e in entries])
        ratio: NDArray[np.float64] = np.array([e.ratio for e in entries])
        below.errorbar(
            coverage, ratio, yerr=[e.ratio_std for e in entries], fmt="o-", color="#0072B2", capsize=3
        )
        below.axhline(1.0, color="0.5", lw=1.0, ls="--")
        below.set_xlim(0.0, 1.05)
        below.set_ylim(0.0, 1.12)
        below.text(0.02, 1.02, "planar front", color="0.35", fontsize=9)
        below.set_xlabel("part of the side that touches the electrolyte")
        below.set_ylabel("apparent k / planar k")
        page.suptitle(title)
        return page


def _map(ax: Axes, entry: PartialContact) -> None:
    maps = entry.maps
    mean = maps["li_fraction"].mean(("y", "x")).values
    frame = int(np.argmin(np.abs(mean - 0.5)))
    x, y = maps["x"].values * _MICROMETRE, maps["y"].values * _MICROMETRE
    extent = (0.0, x[-1] + x[0], y[-1] + y[0], 0.0)
    image = maps["li_fraction"].isel(time=frame).values
    ax.imshow(image, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=extent, interpolation="nearest")
    low, high = (v * _MICROMETRE for v in entry.contact)
    ax.spines["left"].set_visible(False)
    ax.plot([0.0, 0.0], [low, high], color="#D55E00", lw=5, solid_capstyle="butt", clip_on=False)
    ax.set_title(f"{100 * entry.coverage:.0f} % of the side", fontsize=9)
    scale_bar(ax, extent, 0.5, "0.5 µm")
    ax.set_xlim(extent[0], extent[1])
    ax.set_ylim(extent[2], extent[3])
    ax.set_xticks([])
    ax.set_yticks([])
