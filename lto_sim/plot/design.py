"""The trade of a planned experiment: what every setting costs, what it tells, and the best of them."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.microscope.dose import PER_SQUARE_ANGSTROM
from lto_sim.plot.style import figure, styled
from lto_sim.study.design import best_setting
from lto_sim.study.design import status as code
from lto_sim.study.design.choices import deviation_of, frontier, goal_of, is_relative, largest_dose
from lto_sim.study.design.wording import setting_in_words, value_in_words

__all__ = ["plot_design"]

Floats = NDArray[np.float64]

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_SIZES: Final = (6.5, 10.0, 4.0, 13.0)
_NAMES: Final = {
    "instrument.beam.current": "probe current", "scan.frame_time": "time of a frame",
    "scan.pixel_size": "side of a pixel", "specimen.thickness": "thickness", "scan.period": "frame every",
}  # fmt: skip
_OFF: Final[float] = 10e-9
_MOST_GREY: Final = 60
_WIDTH: Final = 105
_CLOSEST: Final[float] = 3.0
_FAR: Final[float] = 5.0
_MARGIN: Final[float] = 0.14
_DODGE: Final[float] = 1.05
_ONE_DOSE: Final[float] = 1.3
"""Ratio of doses up to which settings count as taking the same."""


def plot_design(design: xr.Dataset, goal: str | None = None) -> Figure:
    """Draw deviation against dose for every setting, and k over temperature for the best one.

    Parameters
    ----------
    design : From `design_experiment`.
    goal : ``Ea``, ``k`` or the path of a free parameter; default the first that the design has.

    Raises
    ------
    InputError
        No setting that can be used, or a goal that the design does not tell.
    """
    goal = goal_of(design, goal)
    values = best_setting(design, goal)
    with styled():
        page = figure(13.0, 5.0)
        left, key, right = page.subplots(1, 3, width_ratios=[1.25, 0.36, 1.0])
        _trade(left, key, design, goal, values)
        _over_temperature(right, design, values)
        words = textwrap.fill(f"Best: {setting_in_words(values)}", _WIDTH)
        page.suptitle(f"{words}\n(counting noise alone, nothing drawn)", fontsize=11)
        return page


def _unit(design: xr.Dataset, goal: str) -> tuple[float, str]:
    """Factor and label of a deviation."""
    if goal == "Ea":
        return 1e3, "expected standard deviation of Ea [meV]"
    if goal == "k":
        return 100.0, "expected standard deviation of k [%]"
    if is_relative(design, goal):
        return 100.0, f"expected standard deviation of {goal} [%]"
    return 1.0, f"expected standard deviation of {goal} [{design[f'{goal}_std'].attrs['units']}]"


def _trade(ax: Axes, key: Axes, design: xr.Dataset, goal: str, best: dict[str, Any]) -> None:
    """Deviation against dose or, where all have about the same, against what has most values."""
    scale, label = _unit(design, goal)
    paths = [str(path) for path in json.loads(str(design.attrs["varied"]))]
    order = sorted(paths, key=lambda path: -design.sizes[path])
    deviation = scale * deviation_of(design, goal).transpose(*paths).values.astype(np.float64)
    shown = scale * design["Ea_eV_std"].transpose(*paths).values if goal == "Ea" else deviation
    dose = largest_dose(design).transpose(*paths).values / PER_SQUARE_ANGSTROM
    whole = np.isfinite(deviation) if goal != "Ea" else _at_all_temperatures(design, paths)
    known = dose[np.isfinite(shown)]
    x, by_dose = dose.copy(), len(paths) == 1 or bool(known.max() > _ONE_DOSE * known.min())
    if not by_dose:
        shape = [-1 if path == order[0] else 1 for path in paths]
        x = np.broadcast_to(design[order[0]].values.reshape(shape), dose.shape).copy()
        order = order[1:]
    for index in np.ndindex(shown.shape):
        if math.isfinite(float(shown[index])):
            style = _style(dict(zip(paths, index, strict=True)), order)
            x[index] *= (
                1.0 if by_dose else _DODGE ** _rank(dict(zip(paths, index, strict=True)), design, order)
            )
            ax.plot(x[index], shown[index], mfc=style["color"] if whole[index] else "none", **style)
    chosen = tuple(int(np.flatnonzero(design[path].values == best[path])[0]) for path in paths)
    ax.plot(x[chosen], deviation[chosen], "o", ms=19, mfc="none", mec="black", mew=1.4)
    budget = _budget_near(design, known)
    if by_dose:
        line = frontier(dose.ravel(), deviation.ravel())
        ends = dose.ravel()[line], deviation.ravel()[line]
        ax.plot(*ends, color="0.45", lw=1.2, ls="-", zorder=0, drawstyle="steps-post")
        if budget is not None:
            ax.axvline(budget, color="0.3", lw=1.0, ls=":")
    _label_trade(ax, design, goal, label, None if by_dose else paths, known)
    hollow = bool((~whole & np.isfinite(shown)).any())
    _legend(key, design, order, hollow, by_dose and budget is not None)


def _at_all_temperatures(design: xr.Dataset, paths: Sequence[str]) -> NDArray[np.bool_]:
    usable = (design["status"] <= code.FEWER_FRAMES).all("temperature").transpose(*paths).values
    return np.asarray(usable, dtype=np.bool_)


def _budget_near(design: xr.Dataset, dose: Floats) -> float | None:
    """Budget [e/A2] where it is near what settings take; None where it is far, or there is none."""
    budget = design.attrs.get("dose_budget_m2")
    if budget is None or float(budget) > _FAR * float(dose.max()) * PER_SQUARE_ANGSTROM:
        return None
    return float(budget) / PER_SQUARE_ANGSTROM


def _rank(place: dict[str, int], design: xr.Dataset, order: Sequence[str]) -> float:
    """Place among the settings at one value, about 0: they are drawn side by side."""
    return place[order[0]] - 0.5 * (design.sizes[order[0]] - 1)


def _label_trade(
    ax: Axes, design: xr.Dataset, goal: str, label: str, paths: list[str] | None, dose: Floats
) -> None:
    ax.set(yscale="log", ylabel=label)
    ax.set_ylim(*_at_least(ax.get_ylim()))
    _few_ticks(ax.yaxis, ax)
    worst = "; of k the largest over temperatures" if goal == "k" and design.sizes["temperature"] > 1 else ""
    if paths is None:
        ax.set(xscale="log", xlabel=_dose_label(design))
        ax.set_xlim(*_at_least(ax.get_xlim()))
        _few_ticks(ax.xaxis, ax)
        ax.set_title(f"grey line: least deviation for a dose; ring: best{worst}", fontsize=9.5)
        return
    path = sorted(paths, key=lambda path: -design.sizes[path])[0]
    values = design[path].values
    ax.set(xscale="log" if np.all(values > 0.0) else "linear", xlabel=_NAMES.get(path, path))
    ax.margins(x=_MARGIN)
    ax.set_xticks(values, [value_in_words(path, float(value)) for value in values])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", which="minor", bottom=False)
    ax.set_title(f"all take {dose.min():.4g} to {dose.max():.4g} e/Å$^2$; ring: best{worst}", fontsize=9.5)


def _at_least(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of a logarithmic axis that are not closer than a factor: nearly the same is to look so."""
    low, high = limits
    wider = max(math.sqrt(_CLOSEST * low / high), 1.0)
    return low / wider, high * wider


def _dose_label(design: xr.Dataset) -> str:
    if design.attrs["budget_for"] == "series":
        return "dose, all temperatures on one area [e/Å$^2$]"
    return "dose of the longest recording [e/Å$^2$]"


def _few_ticks(axis: Any, ax: Axes) -> None:
    """Plain numbers on a logarithmic axis, minor ones too where it is short."""
    low, high = sorted(ax.get_xlim() if axis is ax.xaxis else ax.get_ylim())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    short = high / low < 25.0
    keep = ((2, 3, 4, 5, 7) if axis is ax.xaxis else range(1, 10)) if high / low < 4.0 else (2, 5)

    def minor(value: float, _: Any) -> str:
        first = round(value / 10.0 ** math.floor(math.log10(value) + 1e-9))
        return f"{value:g}" if first in keep else ""

    axis.set_minor_formatter(FuncFormatter(minor) if short else NullFormatter())


def _style(place: dict[str, int], order: Sequence[str]) -> dict[str, Any]:
    """Colour by the path with most values, marker by the next, size by the third."""
    ranks = [place[path] for path in order] + [0, 0, 0]
    return {
        "color": _COLOURS[ranks[0] % len(_COLOURS)], "marker": _MARKERS[ranks[1] % len(_MARKERS)],
        "ms": _SIZES[ranks[2] % len(_SIZES)], "ls": "none", "mew": 1.3,
    }  # fmt: skip


def _legend(key: Axes, design: xr.Dataset, order: Sequence[str], hollow: bool, budget: bool) -> None:
    key.axis("off")
    handles: list[Line2D] = []
    for rank, path in enumerate(order[:3]):
        if design.sizes[path] < 2:
            continue
        handles.append(Line2D([], [], ls="none", label=f"{_NAMES.get(path, path)}"))
        for n, value in enumerate(design[path].values):
            place = dict.fromkeys(order, 0) | {path: n}
            style = _style(place, order)
            if rank > 0:
                style["color"] = "0.35"
            handles.append(Line2D([], [], label=f"  {value_in_words(path, float(value))}", **style))
    if hollow:
        handles.append(Line2D([], [], ls="none", marker="o", mfc="none", color="0.35", label="open: not at"))
        handles.append(Line2D([], [], ls="none", label="all temperatures"))
    if budget:
        handles.append(Line2D([], [], ls=":", color="0.3", lw=1.0, label="dose budget"))
    key.legend(handles=handles, loc="center left", bbox_to_anchor=(-0.25, 0.5), handlelength=1.4)


def _over_temperature(ax: Axes, design: xr.Dataset, best: dict[str, Any]) -> None:
    degC = design["temperature"].values - ZERO_CELSIUS
    order = np.argsort(degC)
    paths = [str(path) for path in json.loads(str(design.attrs["varied"]))]
    usable = design["k_std_relative"].where(design["status"] <= code.FEWER_FRAMES)
    every = 100.0 * usable.transpose(*paths, "temperature").values.reshape(-1, degC.size)
    for number, row in enumerate(every[:: max(1, every.shape[0] // _MOST_GREY)]):
        label = "other settings" if number == 0 else None
        ax.plot(degC[order], row[order], "-", color="0.82", lw=1.0, marker=".", ms=3, zorder=0, label=label)
    own = design.sel(best)
    std, bias = 100.0 * own["k_std_relative"].values, 100.0 * np.abs(own["k_bias"].values)
    contact = 100.0 * _OFF * own["contact_effect"].values
    ax.plot(degC[order], std[order], "o-", color=_COLOURS[0], ms=7, label="best: deviation by counting")
    ax.plot(
        degC[order],
        bias[order],
        "s--",
        color=_COLOURS[1],
        ms=6,
        mfc="none",
        label="best: |bias| without noise",
    )
    label = f"best: contact {1e9 * _OFF:.0f} nm off"
    ax.plot(degC[order], contact[order], "^:", color=_COLOURS[2], ms=6, mfc="none", label=label)
    ax.set(yscale="log", xlabel="temperature [°C]", ylabel="k: deviation, bias, effect of the contact [%]")
    ax.set_xticks(degC[order])
    _few_ticks(ax.yaxis, ax)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    ax.set_title("k at each temperature", fontsize=9.5)
