"""A tracked front against time: positions of every profile."""

from __future__ import annotations

import numpy as np

from lto_sim.kinetics import RateData
from lto_sim.plot.prefix import time_unit
from lto_sim.plot.style import styled
from lto_sim.report.charts.base import COLOURS, canvas, evenly, extent_of
from lto_sim.report.page import Chart, Table
from lto_sim.report.words import clock, micrometres, number

__all__ = ["front_chart", "points_table"]

_MICRO = 1e6
_FEW_POINTS = 90
_MOST_NAMED = 8


def front_chart(name: str, data: RateData) -> Chart:
    """Draw front positions against time.

    Parameters
    ----------
    name : Of the front.
    data : Its points, one at least.
    """
    numbers = np.unique(np.asarray(data.profile))
    scale, unit = time_unit(float(np.abs(data.time).max()))
    with styled():
        page = canvas()
        ax = page.subplots()
        for place, profile in enumerate(numbers):
            own = np.asarray(data.profile) == profile
            bars = data.position_std[own] * _MICRO if data.size <= _FEW_POINTS else None
            ax.errorbar(
                data.time[own] * scale, data.position[own] * _MICRO, yerr=bars, fmt="o", ms=3.2, mew=0.0,
                color=COLOURS[place % len(COLOURS)], elinewidth=0.8, label=f"profile {profile}",
            )  # fmt: skip
        ax.set_xlabel(f"time t [{unit}]")
        ax.set_ylabel("front position ξ [µm]")
        extent_of(ax, data.position * _MICRO)
        if 1 < numbers.size <= _MOST_NAMED:
            ax.legend(loc="lower right", ncols=2 if numbers.size > 4 else 1)
    return Chart(
        f"Front over time, {name}", page, _words(data, numbers.size), points_table(data), ((0, 1.0 / scale),)
    )


def _words(data: RateData, profiles: int) -> str:
    first, last = int(np.argmin(data.time)), int(np.argmax(data.time))
    along = "" if profiles == 1 else f" along {profiles} profiles"
    return (
        f"{data.size} positions of the front{along}, from {micrometres(float(data.position[first]))} at "
        f"{clock(float(data.time[first]))} to {micrometres(float(data.position[last]))} at "
        f"{clock(float(data.time[last]))}; the median deviation of one is "
        f"{number(float(np.median(data.position_std)) * 1e9, 2)} nm."
    )


def points_table(data: RateData) -> Table:
    """Points as a table, thinned evenly where there are many."""
    rows = evenly(data.size)
    thinned = "" if rows.size == data.size else f", {rows.size} of {data.size} points"
    profile = np.asarray(data.profile)
    return Table(
        f"Front positions{thinned}",
        ("profile", "time [s]", "xi [nm]", "xi_std [nm]"),
        [
            (
                str(int(profile[row])), f"{data.time[row]:.4f}", f"{data.position[row] * 1e9:.2f}",
                f"{data.position_std[row] * 1e9:.2f}",
            )
            for row in rows
        ],
    )  # fmt: skip
