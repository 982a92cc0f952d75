"""Arrhenius lines of a reproduction (Fig. 5), times of full extraction, and a scale in degC over 1/T."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import ArrheniusFit
from lto_sim.plot.style import figure, styled, with_deviation

__all__ = ["ArrheniusSeries", "celsius_axis", "in_celsius", "plot_arrhenius", "plot_full_extraction"]

Floats = NDArray[np.float64]
_PER_CM2: Final = 1e4
_APART: Final = 0.075
"""Distance of two ticks, as part of the axis."""


@dataclass(frozen=True)
class ArrheniusSeries:
    """Rate constants over temperature with their line.

    Parameters
    ----------
    label : Legend text before the activation energy.
    temperature : Temperatures [K], (n,).
    k, k_std : Rate constants and deviations [m2 s-1], (n,).
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
    """Plot k against 1/T on a logarithmic axis, with lines, bands and a scale in degC.

    Parameters
    ----------
    series : Rate constants with their lines.
    k_label : Label of the axis of k, with its definition.
    """
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
        celsius_axis(ax, np.concatenate([entry.temperature for entry in series]))
        return page


def celsius_axis(ax: Axes, kelvin: Floats) -> None:
    """Draw a scale in degC above an axis of 1000/T, with ticks at the set points.

    Parameters
    ----------
    ax : Axes whose x is 1000/T [1/K]; its limits are final.
    kelvin : Temperatures measured [K]; of those that lie too close on the axis only the hotter is named.
    """

    def to_celsius(inverse: Any) -> Any:
        return 1000.0 / np.maximum(inverse, 1e-9) - ZERO_CELSIUS

    def to_inverse(celsius: Any) -> Any:
        return 1000.0 / (np.maximum(celsius, 1e-6 - ZERO_CELSIUS) + ZERO_CELSIUS)

    top = ax.secondary_xaxis("top", functions=(to_celsius, to_inverse))
    top.set_xlabel("temperature [°C]")
    apart = _APART * abs(float(np.subtract(*ax.get_xlim())))
    ticks: list[float] = []
    for celsius in np.unique(kelvin - ZERO_CELSIUS)[::-1]:
        if not ticks or to_inverse(celsius) - to_inverse(ticks[-1]) >= apart:
            ticks.append(float(celsius))
    top.set_xticks(ticks, [in_celsius(celsius + ZERO_CELSIUS) for celsius in ticks])


def in_celsius(kelvin: float) -> str:
    """Write a temperature [K] in degC, without the unit."""
    return f"{kelvin - ZERO_CELSIUS:.4g}".replace("-", "−")


def plot_full_extraction(
    quoted: tuple[Floats, Floats, ArrheniusFit], simulated: tuple[Floats, Floats, ArrheniusFit]
) -> Figure:
    """Plot times against 1/T: quoted and simulated, each as (T [K], time [s], fit of 1/time).

    Parameters
    ----------
    quoted : Those of the paper, arrays of one shape (n,), [K] and [s].
    simulated : Those of the runs, arrays of one shape (n,), [K] and [s].
    """
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
        celsius_axis(ax, np.concatenate([quoted[0], simulated[0]]))
        return page
