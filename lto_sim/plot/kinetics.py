"""Front kinetics: xi^2 against time (Fig. 4), Arrhenius lines (Fig. 5), times of full extraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import ArrheniusFit, RateConstantFit
from lto_sim.plot.style import figure, styled, with_deviation

__all__ = [
    "ArrheniusSeries",
    "FrontSeries",
    "plot_arrhenius",
    "plot_full_extraction",
    "plot_squared_position",
]

Floats = NDArray[np.float64]
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
    """Plot xi^2 against time, a row for each direction and a panel for each run."""
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


@dataclass(frozen=True)
class ArrheniusSeries:
    """Rate constants over temperature with their line.

    Parameters
    ----------
    label : Legend text before the activation energy.
    temperature : [K].
    k, k_std : Rate constants and deviations [m2 s-1].
    fit : Line.
    colour : Colour of the direction.
    filled : Filled markers and a full line; else open markers and a broken line.
    """

    label: str
    temperature: Floats
    k: Floats
    k_std: Floats | None
    fit: ArrheniusFit
    colour: str
    filled: bool


def plot_arrhenius(series: Sequence[ArrheniusSeries], k_label: str) -> Figure:
    """Plot k against 1/T on a logarithmic axis, with lines, bands and a scale in degC."""
    with styled():
        page = figure(6.6, 5.4)
        ax = page.subplots()
        for entry in series:
            face = entry.colour if entry.filled else "white"
            text = f"{entry.label}: {with_deviation(entry.fit.Ea_eV, entry.fit.Ea_eV_std)} eV"
            bars = None if entry.k_std is None else entry.k_std * _PER_CM2
            ax.errorbar(
                1000.0 / entry.temperature, entry.k * _PER_CM2, yerr=bars,
                fmt="o" if entry.filled else "s", color=entry.colour, mfc=face, ms=5 if entry.filled else 7,
                capsize=3, label=text, zorder=3 if entry.filled else 2,
            )  # fmt: skip
            line = np.linspace(entry.temperature.min(), entry.temperature.max(), 60)
            style = "-" if entry.filled else "--"
            ax.plot(1000.0 / line, entry.fit.predict(line) * _PER_CM2, style, color=entry.colour, lw=1.2)
            low, high = entry.fit.band(line)
            ax.fill_between(
                1000.0 / line, low * _PER_CM2, high * _PER_CM2, color=entry.colour, alpha=0.10, lw=0
            )
        ax.set_yscale("log")
        ax.set_xlabel("1000 / T [1/K]")
        ax.set_ylabel(f"rate constant k [cm²/s]   ({k_label})")
        least, most = ax.get_ylim()
        ax.set_ylim(least * (least / most) ** 0.3, most)  # room for the legend
        ax.legend(loc="lower left", title="activation energy of k (bands: 95 %)")
        _celsius_axis(ax)
        return page


def _celsius_axis(ax: Axes) -> None:
    def to_celsius(inverse: Any) -> Any:
        return 1000.0 / np.maximum(inverse, 1e-9) - ZERO_CELSIUS

    def to_inverse(celsius: Any) -> Any:
        return 1000.0 / (np.maximum(celsius, 1.0 - ZERO_CELSIUS) + ZERO_CELSIUS)

    top = ax.secondary_xaxis("top", functions=(to_celsius, to_inverse))
    top.set_xlabel("temperature [°C]")
    top.set_xticks([105, 90, 75, 60, 45, 30])


def plot_full_extraction(
    quoted: tuple[Floats, Floats, ArrheniusFit], simulated: tuple[Floats, Floats, ArrheniusFit]
) -> Figure:
    """Plot times against 1/T: quoted and simulated, each as (T [K], time [s], fit of 1/time)."""
    with styled():
        page = figure(6.2, 4.8)
        ax = page.subplots()
        rows = (
            ("quoted in the paper", quoted, "black", "s", "--"),
            ("simulated (95 % of the lithium out)", simulated, "#0072B2", "o", "-"),
        )
        for label, (temperature, time, fit), colour, marker, style in rows:
            ax.plot(
                1000.0 / temperature, time, marker, color=colour,
                label=f"{label}: {with_deviation(fit.Ea_eV, fit.Ea_eV_std)} eV",
            )  # fmt: skip
            line = np.linspace(temperature.min(), temperature.max(), 60)
            ax.plot(1000.0 / line, 1.0 / fit.predict(line), style, color=colour, lw=1.2)
        ax.set_yscale("log")
        ax.set_xlabel("1000 / T [1/K]")
        ax.set_ylabel("time of full extraction [s]")
        ax.set_title("Full extraction: the quoted times have a lower activation energy than k")
        ax.legend(loc="upper left", title="activation energy of 1/time")
        _celsius_axis(ax)
        return page
