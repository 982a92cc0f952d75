"""A galvanostatic titration: equilibrium potential and D over the content, and where there is no D."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lto_sim.electrochemistry import GittPulse, GittResult
from lto_sim.plot.style import figure, styled

__all__ = ["plot_gitt"]

_PER_CM2: Final = 1e4
_FOUND: Final = "#0072B2"
_REFUSED: Final = ("0.45", "#D55E00", "#CC79A7", "#009E73", "#E69F00")


def plot_gitt(result: GittResult, *, title: str = "GITT") -> Figure:
    """Plot the equilibrium potential and D against the mean li fraction.

    Pulses without D are open marks above and ticks below, one colour for each reason.

    Parameters
    ----------
    result : What `fit_gitt` returns.
    title : Title of the figure.
    """
    good = [pulse for pulse in result.pulses if pulse.D is not None]
    refused: dict[str, list[GittPulse]] = {}
    for pulse in result.pulses:
        if pulse.D is None:
            refused.setdefault(str(pulse.reason).partition(":")[0], []).append(pulse)
    with styled():
        page = figure(6.6, 5.8)
        above, below = np.ravel(page.subplots(2, 1, sharex=True, height_ratios=(1.0, 1.1)))
        _points(above, good, _FOUND, f"D found ({len(good)})", filled=True)
        for (reason, pulses), colour in zip(refused.items(), _colours(len(refused)), strict=True):
            _points(above, pulses, colour, f"no D: {reason} ({len(pulses)})", filled=False)
            _ticks(below, pulses, colour)
        if result.plateau is not None:
            above.axhline(result.plateau, color="0.45", lw=0.9, ls="--", zorder=0, label="plateau")
        _diffusivities(below, good)
        above.set_ylabel("equilibrium potential\nagainst In-Li [V]")
        below.set_ylabel("chemical diffusivity D [cm²/s]")
        below.set_xlabel("mean Li fraction x")
        below.xaxis.set_major_locator(MaxNLocator(5))
        above.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), alignment="left")
        page.align_ylabels()
        page.suptitle(title)
        return page


def _colours(count: int) -> list[str]:
    return [_REFUSED[i % len(_REFUSED)] for i in range(count)]


def _points(ax: Axes, pulses: list[GittPulse], colour: str, label: str, *, filled: bool) -> None:
    if pulses:
        ax.plot(
            [pulse.li_fraction for pulse in pulses], [pulse.potential for pulse in pulses], "o", ms=5,
            color=colour, mfc=colour if filled else "white", label=label,
        )  # fmt: skip


def _ticks(ax: Axes, pulses: list[GittPulse], colour: str) -> None:
    """Ticks at the lower edge, where D is missing."""
    place = ax.get_xaxis_transform()
    ax.plot(
        [pulse.li_fraction for pulse in pulses], [0.03] * len(pulses), "|", ms=8, mew=1.4, color=colour,
        transform=place,
    )  # fmt: skip


def _diffusivities(ax: Axes, good: list[GittPulse]) -> None:
    if not good:
        ax.text(0.5, 0.5, "no pulse gives a D", transform=ax.transAxes, ha="center", color="0.35")
        ax.set_yticks([])
        return
    content = [pulse.li_fraction for pulse in good]
    D = np.array([pulse.D for pulse in good], dtype=np.float64) * _PER_CM2
    bars = np.array([pulse.D_std or 0.0 for pulse in good]) * _PER_CM2
    lower = np.minimum(bars, 0.9 * D)  # a logarithmic axis ends above 0
    ax.errorbar(content, D, yerr=[lower, bars], fmt="o", ms=5, color=_FOUND, capsize=3)
    ax.set_yscale("log")
    low, high = float((D - lower).min()), float((D + bars).max())
    ax.set_ylim(low / 4.0, high * 2.0)
