"""How well the parameters of a fit are known: samples of the posterior in pairs, and profiles one by one."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.inverse.likelihoods.profiles import Profile, Profiles
from lto_sim.inverse.likelihoods.samples import Posterior
from lto_sim.inverse.parameters import FreeParameter
from lto_sim.plot.parameter_units import shown_unit
from lto_sim.plot.style import figure, styled

__all__ = ["plot_corner", "plot_profiles"]

Floats = NDArray[np.float64]

_SAMPLES: Final = "#0072B2"
_PROFILE: Final = "#D55E00"
_MOVED: Final = "#009E73"
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_ACROSS: Final = 3
_DECADES: Final[float] = 0.8
"""Range of a rate, in powers of ten, from which on its axis is logarithmic."""
_MOST_DRAWN: Final = 20000
_LEVELS: Final = (0.393, 0.865, 0.989)
"""Parts of a Gaussian in two dimensions within 1, 2 and 3 deviations."""
_PANEL: Final[float] = 2.3
_LABEL_GAP: Final[float] = 0.58
"""Of labels from their axes [inch]; corner counts in heights of a panel, from 0.3 of one."""


@dataclass(frozen=True)
class _Axis:
    """How values of a parameter are shown."""

    label: str
    unit: float
    zero: float
    logarithmic: bool

    def __call__(self, values: Any) -> Floats:
        shown = (np.asarray(values, dtype=np.float64) - self.zero) / self.unit
        if not self.logarithmic:
            return shown
        return np.asarray(np.log10(np.maximum(shown, 1e-300)))


def _short(parameter: FreeParameter) -> str:
    """Name of a parameter for an axis."""
    parts = parameter.path.split(".")
    if parts[-1] == "at":
        parts = parts[:-1]
    if parts[0] == "surface":
        what = "δ·Dₛ" if parts[-1] != "Ea" else "Eₐ"
        name = f"{what} of the {' '.join(parts[1:2])}"
    elif parts[0] == "material":
        name = parts[1] if len(parts) == 2 else f"{_symbol(parts[-1])} of {parts[1]}"
    elif parts[0] == "contacts" and len(parts) > 2:
        name = f"{_symbol(parts[2])} of {parts[1]}"
        name = f"{_symbol(parts[-1])} of {name}" if len(parts) > 3 else name
    else:
        name = " ".join(parts[1:]).replace("_", " ") or parameter.path
    return name if parameter.run is None else f"{name}, run {parameter.run}"


def _symbol(name: str) -> str:
    return {"Ea": "Eₐ"}.get(name, name)


def _axis(parameter: FreeParameter, values: Floats) -> _Axis:
    """Unit of an axis whose values [SI] are to be shown."""
    shown = shown_unit(parameter.path)
    finite = values[np.isfinite(values)]
    unit_name = shown.name.replace("ohm", "Ω")
    for digit, raised in (("2", "²"), ("3", "³")):
        unit_name = unit_name.replace(f"m{digit}", f"m{raised}")
    if parameter.logarithmic and finite.min() > 0.0:
        if math.log10(float(finite.max() / finite.min())) > _DECADES:
            unit = f"({unit_name})" if "/" in unit_name else unit_name or "1"
            return _Axis(f"log₁₀ {_short(parameter)} / {unit}", shown.size, 0.0, True)
        power = math.floor(math.log10(float(np.median(finite)) / shown.size))
        raised = f"10{str(power).translate(_RAISED)} " if power else ""
        bracket = f" [{(raised + unit_name).strip()}]" if raised or unit_name else ""
        return _Axis(_short(parameter) + bracket, shown.size * 10.0**power, 0.0, False)
    return _Axis(_short(parameter) + (f" [{unit_name}]" if unit_name else ""), shown.size, shown.zero, False)


def plot_corner(
    posterior: Posterior, *, profiles: Profiles | None = None, level: float = 0.95, title: str = ""
) -> Figure:
    """Plot the samples of every pair of parameters, and of each by itself.

    Contours hold 39, 86 and 99 % of the samples (1, 2, 3 deviations of a Gaussian); crossed lines are the
    minimum of the fit on the scenario's cells; broken lines the interval of the samples, dotted ones the
    profile's.

    Parameters
    ----------
    posterior : Samples.
    profiles : Profile likelihoods, whose noise-only intervals are drawn beside.
    level : Level of the interval of the samples, between 0 and 1.
    title : Title of the figure.

    Returns
    -------
    The figure; it needs no display.

    Raises
    ------
    InputError
        `corner` is not installed.
    """
    try:
        corner = importlib.import_module("corner")
    except ImportError:
        raise InputError(
            "plot_corner", "no corner", "the package corner", "install it: pip install 'lto_sim[mcmc]'"
        ) from None
    samples = posterior.samples[:: max(1, posterior.samples.shape[0] // _MOST_DRAWN)]
    free = posterior.parameters.free
    axes = [_axis(p, samples[:, n]) for n, p in enumerate(free)]
    shown = np.column_stack([axis(samples[:, n]) for n, axis in enumerate(axes)])
    minimum = [float(a(p.value(float(v)))) for a, p, v in zip(axes, free, posterior.minimum, strict=True)]
    count = len(free)
    with styled():
        size = max(_PANEL * count + 0.9, 5.2)
        page = Figure(figsize=(size, size))
        FigureCanvasAgg(page)
        corner.corner(
            shown, fig=page, labels=[a.label for a in axes],
            truths=minimum if count > 1 else None, truth_color="0.25",
            color=_SAMPLES, levels=_LEVELS, bins=32, smooth=0.8,
            plot_datapoints=False, fill_contours=True, max_n_ticks=4,
            hist_kwargs={"linewidth": 1.4}, label_kwargs={"fontsize": 9.5},
            labelpad=_LABEL_GAP * count / (size - 1.6) - 0.3,
        )  # fmt: skip
        grid = np.array(page.axes).reshape(count, count)
        if count == 1:  # corner draws no lines in a single panel
            grid[0, 0].axvline(minimum[0], color="0.25", lw=1.6)
        for n, parameter in enumerate(free):
            _mark(grid[n, n], axes[n], posterior.interval(parameter.name, level), _SAMPLES, (4, 2))
            if profiles is not None and parameter.name in profiles.profiles:
                _mark(grid[n, n], axes[n], profiles[parameter.name].noise_interval, _PROFILE, (1, 1.4))
        for panel in grid.ravel():
            panel.tick_params(labelsize=8)
        left, low = min(0.24, 1.05 / size), min(0.22, 0.95 / size)
        page.subplots_adjust(left=left, bottom=low, right=0.97, top=0.97 - 0.75 / size)
        _corner_legend(page, level, profiles)
        if title:
            page.suptitle(title, y=0.985, fontsize=11)
        return page


def _mark(panel: Axes, axis: _Axis, interval: tuple[float, float], colour: str, dashes: Any) -> None:
    low, high = panel.get_xlim()
    for end in interval:
        if math.isfinite(end) and low < float(axis(end)) < high:
            panel.axvline(float(axis(end)), color=colour, lw=1.2, ls=(0, dashes))


def _corner_legend(page: Figure, level: float, profiles: Profiles | None) -> None:
    percent = f"{100.0 * level:g} %"
    handles = [
        Patch(facecolor=_SAMPLES, alpha=0.5, label="samples: 39, 86, 99 %"),
        Line2D([], [], color="0.25", lw=1.2, label="minimum of the fit"),
        Line2D([], [], color=_SAMPLES, lw=1.2, ls=(0, (4, 2)), label=f"{percent} of the samples"),
    ]
    if profiles is not None:
        text = f"{100.0 * profiles.level:g} % of the profile"
        handles.append(Line2D([], [], color=_PROFILE, lw=1.2, ls=(0, (1, 1.4)), label=text))
    page.legend(
        handles=handles, loc="upper right", bbox_to_anchor=(0.985, 0.955), fontsize=8, handlelength=2.2
    )


def plot_profiles(profiles: Profiles, *, posterior: Posterior | None = None, title: str = "") -> Figure:
    """Plot the signed root of chi-square of every profile, the level, and the intervals.

    A straight line is a Gaussian; bent, it has uneven ends.

    Parameters
    ----------
    profiles : Profile likelihoods.
    posterior : Samples, whose intervals of the same level are drawn beside.
    title : Title of the figure.

    Returns
    -------
    The figure; it needs no display.
    """
    shown = list(profiles.profiles.values())
    across = min(len(shown), _MOST_ACROSS)
    down = math.ceil(len(shown) / across)
    with styled():
        page = figure(max(3.7 * across, 5.6), 3.3 * down + 0.7)
        grid = np.atleast_1d(page.subplots(down, across, squeeze=False)).ravel()
        for panel, profile in zip(grid, shown, strict=False):
            _draw_profile(panel, profile, posterior)
        for panel in grid[len(shown) :]:
            panel.set_axis_off()
        for panel in grid[: len(shown) : across]:
            panel.set_ylabel("signed root of Δχ²")
        handles = [
            Line2D([], [], color="0.2", marker="o", ms=5, label="profile"),
            Line2D([], [], color=_PROFILE, lw=4, label=f"{100.0 * profiles.level:g} %, noise alone"),
            Line2D([], [], color=_MOVED, lw=4, label="moved to vanishing cells"),
        ]
        if posterior is not None:
            handles.insert(2, Line2D([], [], color=_SAMPLES, lw=4, label="samples of the posterior"))
        page.legend(handles=handles, loc="outside lower center", ncols=2 if across == 1 else 4, fontsize=8.5)
        if title:
            page.suptitle(title, fontsize=11)
        return page


def _draw_profile(panel: Axes, profile: Profile, posterior: Posterior | None) -> None:
    bars = [(profile.noise_interval, _PROFILE), (profile.interval, _MOVED)]
    if posterior is not None and profile.name in posterior.names:
        bars.insert(1, (posterior.interval(profile.name, profile.level), _SAMPLES))
    values, root = profile.curve()
    every = np.concatenate([values, *(np.array(bar) for bar, _ in bars)])
    if profile.parameter.logarithmic:
        every = every[every > 0.0]
    axis = _axis(profile.parameter, every)
    panel.plot(axis(values), root, color="0.2", lw=1.4, zorder=2)
    panel.plot(axis(profile.values), profile.signed_root, "o", color="0.2", ms=4.5, zorder=3)
    quantile = math.sqrt(float(stats.chi2.ppf(profile.level, 1)))
    for height in (-quantile, quantile):
        panel.axhline(height, color="0.6", lw=0.9, ls=(0, (4, 3)), zorder=1)
    panel.axhline(0.0, color="0.85", lw=0.8, zorder=0)
    low, high = float(np.min(root)), float(np.max(root))
    low, high = min(low, -quantile), max(high, quantile)
    gap = 0.085 * (high - low)
    left, right = panel.get_xlim()
    for number, (interval, colour) in enumerate(reversed(bars)):
        level = low - gap * (1.2 + number)
        ends = [
            float(axis(e)) if math.isfinite(e) and (e > 0.0 or not axis.logarithmic) else None
            for e in interval
        ]
        start = left if ends[0] is None else ends[0]
        stop = right if ends[1] is None else ends[1]
        panel.plot([start, stop], [level, level], color=colour, lw=4, solid_capstyle="butt")
        of_profile = colour != _SAMPLES
        if ends[0] is None or (profile.open[0] and of_profile):
            panel.plot([start], [level], marker="<", color=colour, ms=7, clip_on=False)
        if ends[1] is None or (profile.open[1] and of_profile):
            panel.plot([stop], [level], marker=">", color=colour, ms=7, clip_on=False)
    panel.set_ylim(low - gap * (len(bars) + 0.9), high + 0.6 * gap)
    ticks = np.arange(math.ceil(low), math.floor(high) + 1)
    panel.set_yticks(ticks[:: max(1, math.ceil(len(ticks) / 8))])
    panel.set_xlabel(axis.label)
    panel.locator_params(axis="x", nbins=5)
