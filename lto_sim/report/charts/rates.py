"""The square of the front position against time with the fitted law, its band and its residuals."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lto_sim.kinetics import RateData
from lto_sim.plot.prefix import time_unit
from lto_sim.plot.style import styled
from lto_sim.report.charts.base import BAND, COLOURS, FAINT, INK, canvas, extent_of
from lto_sim.report.charts.fronts import points_table
from lto_sim.report.page import Chart
from lto_sim.report.rates import Rate
from lto_sim.report.words import clock, interval, law, rate

__all__ = ["rate_chart"]

Floats = NDArray[np.float64]

_SQUARE = 1e12
_FURTHEST = 5.0
_LEAST = 3.2


def rate_chart(found: Rate, data: RateData) -> Chart:
    """Draw xi^2 against time with the law of a fit, and below it the residuals in deviations.

    Parameters
    ----------
    found : The fit.
    data : Points of its front, one at least.
    """
    first, last = found.window
    used = (data.time >= first) & (data.time <= last)
    scale, unit = time_unit(float(np.abs(data.time).max()))
    with styled():
        page = canvas(6.4, 4.8)
        above, below = np.ravel(page.subplots(2, 1, sharex=True, height_ratios=(2.4, 1.0)))
        _draw_points(above, data, used, scale, data.position**2 * _SQUARE)
        _draw_law(above, found, data, scale)
        extent_of(above, data.position**2 * _SQUARE)
        above.set_ylabel("ξ² [µm²]")
        _draw_residuals(below, found, data, used, scale)
        below.set_xlabel(f"time t [{unit}]")
        above.legend(loc="lower right", fontsize=8.5)
    title = f"Square of the front position, {found.name}; straight where {law(found.definition)}"
    times = ((0, 1.0 / scale), (1, 1.0 / scale))
    return Chart(title, page, _words(found, data, used), points_table(data), times)


def _draw_points(ax: Axes, data: RateData, used: NDArray[np.bool_], scale: float, values: Floats) -> None:
    profile = np.asarray(data.profile)
    numbers = np.unique(profile)
    if not used.all():
        ax.plot(
            data.time[~used] * scale, values[~used], "o", ms=2.8, mew=0.0, color=FAINT,
            label="outside the window of the fit",
        )  # fmt: skip
    for place, number in enumerate(numbers):
        own = used & (profile == number)
        label = "tracked front" if numbers.size == 1 else f"profile {number}"
        shown = label if numbers.size <= 6 else ("tracked front" if place == 0 else f"_{label}")
        colour = COLOURS[place % len(COLOURS)]
        ax.plot(data.time[own] * scale, values[own], "o", ms=3.2, mew=0.0, color=colour, label=shown)


def _draw_law(ax: Axes, found: Rate, data: RateData, scale: float) -> None:
    first, last = max(found.window[0], float(data.time.min())), min(found.window[1], float(data.time.max()))
    if found.k is None and not found.summary.get("k_L_m_s"):
        return
    time = first + (last - first) * np.linspace(0.0, 1.0, 160) ** 2
    ax.plot(time * scale, found.position(time) ** 2 * _SQUARE, color=INK, lw=1.5, label="fit", zorder=4)
    band = found.band(time)
    if band is not None:
        low, high = (end**2 * _SQUARE for end in band)
        level = float(found.summary.get("level", 0.95))
        ax.fill_between(
            time * scale, low, high, color=INK, alpha=BAND, lw=0.0, label=f"its {level:.0%} band", zorder=3
        )
    start = float(found.summary.get("start_time_s") or 0.0)
    for begin, end in ((max(start, min(0.0, float(data.time.min()))), first), (last, float(data.time.max()))):
        if end > begin:
            more = np.linspace(begin, end, 60)
            ax.plot(more * scale, found.position(more) ** 2 * _SQUARE, "--", color=INK, lw=1.0, zorder=3)


def _draw_residuals(ax: Axes, found: Rate, data: RateData, used: NDArray[np.bool_], scale: float) -> None:
    residuals = _residuals(found, data)
    far = np.abs(residuals) > _FURTHEST
    shown = np.clip(residuals, -_FURTHEST, _FURTHEST)
    _draw_points(ax, data, used, scale, shown)
    if far.any():
        ax.plot(data.time[far] * scale, shown[far], "D", ms=4.0, mfc="none", color=INK, label="_beyond")
    edge = 1.08 * max(_LEAST, float(np.abs(shown).max(initial=0.0)))
    for level in (-2.0, 0.0, 2.0):
        ax.axhline(level, color=INK, lw=0.8, ls="-" if level == 0.0 else ":")
    ax.set_ylim(-edge, edge)
    ax.set_ylabel("residual / std")


def _residuals(found: Rate, data: RateData) -> Floats:
    offset = np.zeros(data.size)
    for entry in found.summary.get("contact_offsets_m") or ():
        offset[np.asarray(data.profile) == int(entry["profile"])] = float(entry["offset"])
    return np.asarray((data.position - offset - found.position(data.time)) / data.position_std)


def _words(found: Rate, data: RateData, used: NDArray[np.bool_]) -> str:
    ends = found.summary.get("k_interval_m2_s") or (None, None)
    residuals = _residuals(found, data)[used]
    spread = float(residuals.std()) if residuals.size else float("nan")
    far = int(np.count_nonzero(np.abs(residuals) > _FURTHEST))
    beyond = f", {far} beyond {_FURTHEST:g} of them" if far else ""
    window = (max(found.window[0], float(data.time.min())), min(found.window[1], float(data.time.max())))
    return (
        f"{int(used.sum())} points from {clock(window[0])} to {clock(window[1])} and the fitted "
        f"{found.summary.get('law', '')} law, k = {rate(found.k, found.k_std)}, interval {interval(ends)}; "
        f"residuals scatter by {spread:.2f} of their deviations{beyond}."
    )
