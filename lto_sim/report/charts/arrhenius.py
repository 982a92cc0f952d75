"""Rate constants against 1/T with their Arrhenius lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.plot.arrhenius import celsius_axis
from lto_sim.plot.style import DIRECTION_COLOURS, styled
from lto_sim.report.charts.base import BAND, COLOURS, canvas, powers
from lto_sim.report.page import Chart, Table
from lto_sim.report.rates import Activation
from lto_sim.report.words import PER_CM2, celsius, energy, law, rate

__all__ = ["Line", "arrhenius_chart"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """Points and line of one series.

    Parameters
    ----------
    label : Name in the legend, without the energy.
    fit : Points, line and band.
    colour : Of all of it.
    filled : Filled points and a full line; else open ones and a broken line.
    """

    label: str
    fit: Activation
    colour: str
    filled: bool = True

    @classmethod
    def of(cls, fit: Activation, place: int) -> Line:
        """The line of a fit on its own, in the colour of its direction."""
        colour = DIRECTION_COLOURS.get(fit.direction, COLOURS[place % len(COLOURS)])
        return cls(fit.direction or "rate constants", fit, colour)


def arrhenius_chart(title: str, lines: Sequence[Line], definition: str) -> Chart:
    """Draw k against 1/T on a logarithmic axis, with a scale in degrees Celsius above.

    Parameters
    ----------
    title : Caption.
    lines : The series; one at least, with points.
    definition : Law that defines k.
    """
    with styled():
        page = canvas(6.4, 4.6)
        ax = page.subplots()
        for line in lines:
            fit, style = line.fit, "-" if line.filled else "--"
            bars = None if fit.k_std is None else fit.k_std * PER_CM2
            label = f"{line.label}: {energy(fit.Ea_eV, fit.Ea_eV_std)}"
            ax.errorbar(
                1000.0 / fit.temperature, fit.k * PER_CM2, yerr=bars, fmt="o" if line.filled else "s",
                color=line.colour, mfc=line.colour if line.filled else "none", ms=5, capsize=2.5, label=label,
                zorder=4 if line.filled else 3,
            )  # fmt: skip
            kelvin = np.linspace(fit.temperature.min(), fit.temperature.max(), 50)
            ax.plot(1000.0 / kelvin, fit.line(kelvin) * PER_CM2, style, color=line.colour, lw=1.3)
            band = fit.band()
            if band is not None:
                at, low, high = band
                ax.fill_between(
                    1000.0 / at, low * PER_CM2, high * PER_CM2, color=line.colour, alpha=0.6 * BAND, lw=0.0
                )
        ax.set_yscale("log")
        powers(ax.yaxis)
        least, most = ax.get_ylim()
        ax.set_ylim(least * (least / most) ** (0.09 * (len(lines) + 1)), most)
        ax.set_xlabel("1000 / T [1/K]")
        ax.set_ylabel("rate constant k [cm²/s]")
        ax.legend(loc="lower left", title=f"activation energy of k, {law(definition)}", fontsize=8.5)
        celsius_axis(ax, np.concatenate([line.fit.temperature for line in lines]))
    return Chart(title, page, _words(lines), _table(lines))


def _words(lines: Sequence[Line]) -> str:
    parts = []
    for line in lines:
        fit = line.fit
        cold, hot = int(np.argmin(fit.temperature)), int(np.argmax(fit.temperature))
        parts.append(
            f"{line.label}: k from {rate(float(fit.k[cold]))} at {celsius(float(fit.temperature[cold]))} to "
            f"{rate(float(fit.k[hot]))} at {celsius(float(fit.temperature[hot]))}, activation energy "
            f"{energy(fit.Ea_eV, fit.Ea_eV_std)}"
        )
    return "; ".join(parts) + "."


def _table(lines: Sequence[Line]) -> Table:
    rows = []
    for line in lines:
        std = line.fit.k_std
        for i in np.argsort(-line.fit.temperature):
            kelvin = float(line.fit.temperature[i])
            rows.append((
                line.label, celsius(kelvin).removesuffix(" °C"), f"{line.fit.k[i] * PER_CM2:.4e}",
                "–" if std is None else f"{std[i] * PER_CM2:.1e}",
                f"{float(line.fit.line(np.array([kelvin]))[0]) * PER_CM2:.4e}",
            ))  # fmt: skip
    header = ("series", "temperature [°C]", "k [cm²/s]", "k_std [cm²/s]", "k on the line [cm²/s]")
    return Table("Rate constants", header, rows)
