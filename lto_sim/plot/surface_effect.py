"""Insertion with conducting surfaces beside insertion without: maps at the same times, and xi^2 against t."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.kinetics import RateConstantFit
from lto_sim.plot.core_shell import Panel, draw_panel, power
from lto_sim.plot.style import figure, styled, with_deviation

__all__ = ["InsertionRun", "RateLine", "plot_surface_effect"]

Floats = NDArray[np.float64]

_MICROMETRE = 1e6
_PER_CM2 = 1e4


@dataclass(frozen=True, eq=False)
class InsertionRun:
    """One of the two runs.

    Parameters
    ----------
    label : Label of its row of maps.
    maps : Its maps.
    front : Tracked front, None where there is none.
    fit : Rate constant fitted to it, None where it was refused.
    mean : Times [s] and mean fronts at mid-height [m], (n,) each, without noise; None: not drawn.
    colour : Colour of its points and lines.
    """

    label: str
    maps: Sequence[Panel]
    front: xr.Dataset | None
    fit: RateConstantFit | None
    mean: tuple[Floats, Floats] | None
    colour: str


@dataclass(frozen=True)
class RateLine:
    """A line xi^2 = 2 k t.

    Parameters
    ----------
    label : Legend.
    k : Rate constant [m2 s-1].
    style : Line style.
    """

    label: str
    k: float
    style: str


def plot_surface_effect(
    runs: Sequence[InsertionRun], lines: Sequence[RateLine], end: float, title: str
) -> Figure:
    """Plot both runs.

    Parameters
    ----------
    runs : A row of maps each.
    lines : Lines to compare with.
    end : Last time of the graph [s].
    title : Title of the figure.
    """
    columns = max(len(run.maps) for run in runs)
    with styled():
        page = figure(2.1 * columns + 5.8, 1.75 * len(runs) + 1.4)
        left, right = np.ravel(np.asarray(page.subfigures(1, 2, width_ratios=(2.1 * columns, 5.8))))
        grid = left.subplots(len(runs), columns, squeeze=False)
        image = None
        for axes, run in zip(grid, runs, strict=True):
            for i, (ax, panel) in enumerate(zip(axes, run.maps, strict=True)):
                image = draw_panel(ax, panel, bar=i == 0)
            axes[0].set_ylabel(run.label, labelpad=8)
        if image is not None:
            bar = left.colorbar(image, ax=grid, location="bottom", shrink=0.5, aspect=40, pad=0.03)
            bar.set_label("Li fraction x")
        _squared(right.subplots(), runs, lines, end)
        page.suptitle(title)
        return page


def _squared(ax: Axes, runs: Sequence[InsertionRun], lines: Sequence[RateLine], end: float) -> None:
    for run in reversed(runs):
        _points(ax, run)
        if run.mean is not None:
            time, front = run.mean
            label = f"{run.label}: mean front at mid-height, no noise"
            ax.plot(time, np.square(_MICROMETRE * front), "-", color=run.colour, lw=1.4, label=label)
    time = np.linspace(0.0, end, 50)
    for line in lines:
        label = f"{line.label}: k = {power(line.k * _PER_CM2)} cm²/s"
        ax.plot(time, 2.0 * line.k * time * _MICROMETRE**2, line.style, color="black", lw=1.4, label=label)
    ax.set_xlim(0.0, end)
    ax.set_ylim(0.0, 1.25 * max(2.0 * line.k for line in lines) * end * _MICROMETRE**2)
    ax.set_xlabel("time t [s]")
    ax.set_ylabel("ξ² [µm²]")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)


def _points(ax: Axes, run: InsertionRun) -> None:
    if run.front is None:
        return
    time = run.front["front_time"].values.ravel()
    xi = _MICROMETRE * run.front["front_position"].values.ravel()
    std = _MICROMETRE * run.front["front_position_std"].values.ravel()
    good = np.isfinite(xi)
    ax.errorbar(
        time[good], xi[good] ** 2, yerr=2.0 * xi[good] * std[good], fmt="o", ms=3.5, lw=0.7, alpha=0.7,
        color=run.colour, zorder=1, label=f"{run.label}: {good.sum()} fronts tracked, {_rate(run)}",
    )  # fmt: skip


def _rate(run: InsertionRun) -> str:
    if run.fit is None:
        return "fit refused"
    if not np.isfinite([run.fit.k, run.fit.k_std]).all():
        return f"k not resolved ({run.fit.verdict})"
    order = 10.0 ** np.floor(np.log10(run.fit.k * _PER_CM2))
    value = with_deviation(run.fit.k * _PER_CM2 / order, run.fit.k_std * _PER_CM2 / order).partition(" ")[0]
    low, high = (f"{limit * _PER_CM2 / order:.2f}".replace("inf", "∞") for limit in run.fit.interval)
    unit = power(float(order), 1).partition("×")[2]
    return f"k = {value}×{unit} cm²/s (95 %: {low} to {high})"
