"""The rate constant of one particle: xi and xi^2 over time with its band, residuals, verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from lto_sim.kinetics import RateConstantFit, RateData
from lto_sim.kinetics.corrections import CorrectedRate
from lto_sim.plot.prefix import prefixed, time_unit
from lto_sim.plot.rate_verdict import draw_sensitivity, write_verdict
from lto_sim.plot.style import figure, styled
from lto_sim.provenance import K_DEFINITIONS

__all__ = ["plot_rate_fit"]

Floats = NDArray[np.float64]

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe-Ito, without black (the law) and yellow (too light)."""
_MOST_NAMED: Final = 12
"""Profiles beyond which a colour bar tells them instead of the legend."""
_GREY: Final = "0.72"
_FEW: Final = 40
_MANY: Final = 300
"""Points up to which they are drawn large and above the law, and up to which at their usual size."""
_FURTHEST: Final = 5.0
"""Residual [deviations] beyond which a point is drawn as a triangle at the edge."""


@dataclass(frozen=True)
class _View:
    """Points and law, with the units that they are drawn in."""

    data: RateData
    fit: RateConstantFit
    used: NDArray[np.bool_]
    colours: dict[int, Any]
    per_second: float
    time_unit: str
    per_metre: float
    length_unit: str


def plot_rate_fit(
    data: RateData, fit: RateConstantFit, *, corrected: CorrectedRate | None = None, title: str = ""
) -> Figure:
    """Plot the fronts of one particle with the law fitted to them.

    Above, xi and xi^2 against time: points by profile with one deviation, those outside the window grey; the
    law with its band in the window, broken outside; the change point with one deviation shaded. Below,
    residuals in deviations (the contact of each profile where the fit finds it), and k with one choice
    changed at a time. On the right the verdict, k with its intervals, and what else was found.

    Parameters
    ----------
    data : Points; from a front dataset by :meth:`lto_sim.kinetics.RateData.from_front`.
    fit : What :func:`lto_sim.kinetics.fit_rate_constant` found in them.
    corrected : The same k corrected by a simulation, shown beside it.
    title : Title of the figure.

    Returns
    -------
    The figure; it needs no display.
    """
    view = _view(data, fit)
    with styled():
        page = figure(12.2, 7.2)
        left, right = np.ravel(np.asarray(page.subfigures(1, 2, width_ratios=(2.75, 1.0))))
        (above, squared), (below, choices) = left.subplots(2, 2, height_ratios=(1.55, 1.0))
        _draw_positions(above, view)
        _draw_squares(squared, view)
        _draw_residuals(below, view)
        draw_sensitivity(choices, fit, corrected, view.colours)
        _legend(left, view)
        _name_profiles(left, view, above, below)
        write_verdict(right, fit, corrected)
        if title:
            page.suptitle(textwrap.fill(title, 105))
        return page


def _view(data: RateData, fit: RateConstantFit) -> _View:
    numbers = [int(number) for number in np.unique(np.asarray(data.profile))]
    if len(numbers) <= len(_COLOURS):
        colours: list[Any] = list(_COLOURS[: len(numbers)])
    else:
        colours = list(mpl.colormaps["viridis"](np.linspace(0.0, 0.92, len(numbers))))
    per_second, unit = time_unit(float(np.abs(data.time).max()))
    per_metre, length = prefixed(10.0 * data.position, "m")
    return _View(
        data=data,
        fit=fit,
        used=(data.time >= fit.window.start) & (data.time <= fit.window.end),
        colours=dict(zip(numbers, colours, strict=True)),
        per_second=per_second,
        time_unit=unit,
        per_metre=per_metre,
        length_unit=length,
    )


def _draw_positions(ax: Axes, view: _View) -> None:
    _points(ax, view, view.data.position * view.per_metre, view.data.position_std * view.per_metre)
    _law(ax, view, lambda xi: xi * view.per_metre)
    ax.set_ylim(*_range(view.data.position * view.per_metre, view.data.position_std * view.per_metre))
    ax.set_ylabel(f"front position ξ [{view.length_unit}]")
    ax.set_title("(a) position", loc="left", fontsize=10)


def _draw_squares(ax: Axes, view: _View) -> None:
    xi, std = view.data.position * view.per_metre, view.data.position_std * view.per_metre
    _points(ax, view, xi**2, 2.0 * np.abs(xi) * std)
    _law(ax, view, lambda position: (position * view.per_metre) ** 2)
    ax.set_ylim(*_range(xi**2, 2.0 * np.abs(xi) * std))
    ax.set_ylabel(f"ξ² [{view.length_unit}²]")
    definition = K_DEFINITIONS[view.fit.k_convention].replace("xi^2", "ξ²")
    ax.set_title(f"(b) its square: straight where {definition}", loc="left", fontsize=10)


def _points(ax: Axes, view: _View, values: Floats, deviations: Floats | None) -> None:
    """Draw the points of every profile, those outside the window in grey, and lay the axis of time."""
    time = view.data.time * view.per_second
    size, order = (5.0, 5) if time.size < _FEW else (3.6, 2) if time.size < _MANY else (2.6, 2)
    groups = [(~view.used, _GREY, "_outside")]
    groups += [
        (view.used & (view.data.profile == number), colour, f"_profile {number}")
        for number, colour in view.colours.items()
    ]
    for chosen, colour, name in groups:
        bars = None if deviations is None else deviations[chosen]
        ax.errorbar(
            time[chosen], values[chosen], yerr=bars, fmt="o", ms=size, mew=0.0, color=colour, ecolor=colour,
            elinewidth=0.7, alpha=0.85, zorder=order, label=name,
        )  # fmt: skip
    _change_point(ax, view)
    low, high = min(0.0, float(time.min())), float(time.max())
    ax.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    ax.set_xlabel(f"time t [{view.time_unit}]")


def _change_point(ax: Axes, view: _View) -> None:
    window = view.fit.window
    start, deviation = window.start * view.per_second, window.start_std * view.per_second
    if deviation > 0.0:
        ax.axvspan(start - deviation, start + deviation, color="0.90", lw=0.0, zorder=0)
    if deviation > 0.0 or not view.used.all():
        ax.axvline(start, color="0.45", lw=0.9, ls=":", zorder=1, label="_window")
    if window.end < float(view.data.time.max()):
        ax.axvline(window.end * view.per_second, color="0.45", lw=0.9, ls=":", zorder=1)


def _law(ax: Axes, view: _View, shown: Callable[[Floats], Floats]) -> None:
    """Draw the law: with its band in the window, broken outside it."""
    fit, window = view.fit, view.fit.window
    first, last = min(0.0, float(view.data.time[0])), float(view.data.time[-1])
    first = min(max(first, fit.start_time), window.start)
    for start, end in ((first, window.start), (window.end, last)):
        if end > start:
            time = _grid(start, end)
            ax.plot(
                time * view.per_second, shown(fit.position(time)), "--", color="black", lw=1.1, zorder=3,
                label="_law outside",
            )  # fmt: skip
    time = _grid(window.start, window.end)
    position = fit.position(time)
    ax.plot(time * view.per_second, shown(position), "-", color="black", lw=1.4, zorder=4, label="_law")
    moved = time[position > 0.0]
    low, high = fit.position_band(moved)
    ax.fill_between(
        moved * view.per_second, shown(low), shown(high), color="black", alpha=0.22, lw=0.0, zorder=3,
        label="_band",
    )  # fmt: skip


def _grid(start: float, end: float) -> Floats:
    """Times that are even in the square root, where the law bends most."""
    return np.asarray(start + (end - start) * np.linspace(0.0, 1.0, 300) ** 2)


def _range(values: Floats, deviations: Floats) -> tuple[float, float]:
    low, high = min(float((values - deviations).min()), 0.0), float((values + deviations).max())
    return low - 0.03 * (high - low), high + 0.06 * (high - low)


def _draw_residuals(ax: Axes, view: _View) -> None:
    data, fit = view.data, view.fit
    offset = np.zeros(data.size)
    for entry in fit.offsets:
        offset[np.asarray(data.profile) == entry.profile] = entry.offset
    residuals = (data.position - offset - fit.position(data.time)) / data.position_std
    far = np.abs(residuals) > _FURTHEST
    edge = max(3.2, 1.06 * float(np.abs(residuals[~far]).max(initial=0.0)))
    edge = edge if not far.any() else 1.06 * _FURTHEST
    _points(ax, view, np.where(far, np.nan, residuals), None)
    for sign, marker in ((1.0, "^"), (-1.0, "v")):
        for chosen, dark in ((far & view.used, "black"), (far & ~view.used, "0.55")):
            beyond = chosen & (sign * residuals > 0.0)
            if beyond.any():
                time = data.time[beyond] * view.per_second
                ax.plot(
                    time, np.full(time.size, sign * 0.95 * edge), marker, color=dark, ms=4, mew=0.0,
                    label="_beyond",
                )  # fmt: skip
    for level in (-2.0, 0.0, 2.0):
        ax.axhline(level, color="black", lw=1.0 if level == 0.0 else 0.8, ls="-" if level == 0.0 else "--")
    ax.set_ylim(-edge, edge)
    ax.set_ylabel("residual / deviation [1]")
    note = ", contacts as found" if fit.offsets else ""
    ax.set_title(f"(c) residuals of ξ{note}", loc="left", fontsize=10)


def _legend(page: SubFigure, view: _View) -> None:
    """One legend for the panels over time."""
    handles: list[Any] = [
        Line2D([], [], color="black", lw=1.4),
        mpl.patches.Patch(color="black", alpha=0.22, lw=0.0),
    ]
    names = ["law in the window", f"its {100.0 * view.fit.level:.4g} % band"]
    if not view.used.all():
        handles += [_dot(_GREY), Line2D([], [], color="black", lw=1.1, ls="--")]
        names += ["outside the window", "law outside"]
    if view.fit.window.start_std > 0.0:
        handles.append(mpl.patches.Patch(color="0.88", lw=0.0))
        names.append("start of the window ± 1 deviation")
    page.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=8.5)


def _name_profiles(page: SubFigure, view: _View, above: Axes, below: Axes) -> None:
    """Name a few profiles in the free corner under the curve, many by a colour bar."""
    numbers = list(view.colours)
    if 1 < len(numbers) <= _MOST_NAMED:
        handles = [_dot(colour) for colour in view.colours.values()]
        above.legend(
            handles, [f"profile {number}" for number in numbers], loc="lower right", fontsize=8.5,
            ncols=1 if len(numbers) <= len(_COLOURS) else 2,
        )  # fmt: skip
    elif len(numbers) > _MOST_NAMED:
        scale = mpl.colors.ListedColormap(list(view.colours.values()))
        norm = mpl.colors.Normalize(-0.5, len(numbers) - 0.5)
        bar = page.colorbar(mpl.cm.ScalarMappable(norm, scale), ax=below, pad=0.02)
        step = -(-len(numbers) // 6)
        bar.set_ticks(list(range(0, len(numbers), step)), labels=[str(n) for n in numbers[::step]])
        bar.set_label("profile")


def _dot(colour: Any) -> Line2D:
    return Line2D([], [], color=colour, marker="o", ls="", ms=5, mew=0.0)
