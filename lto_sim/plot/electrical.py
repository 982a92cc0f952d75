"""Figures of an electrical series against time: chronoamperogram, potential and current.

Currents are means over the intervals between samples. On a logarithmic time axis they are drawn as means over
bins, at the time at which a current of 1/sqrt(t) has that mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lto_sim.electrochemistry import DriveStepRecord, drive_steps
from lto_sim.electrochemistry.series import binned_current, current_intervals
from lto_sim.errors import InputError
from lto_sim.plot.prefix import prefixed, time_unit
from lto_sim.plot.style import DIRECTION_COLOURS, figure, styled, temperature_colours

__all__ = ["plateau_line", "plot_chronoamperogram", "plot_potential"]

Floats = NDArray[np.float64]

_PER_DECADE: Final = 12
_WIDEST_LABEL: Final = 0.055
"""Part of the width that a drive step needs for its name."""
_DEEPEST: Final = 1e-6
"""Smallest current that is shown, as part of the largest."""
_NO_CURRENT: Final = 1e-6
"""Part of the largest current below which none flows."""
_PEAK: Final = 4.0
_USUAL: Final = 0.97
"""Currents are cut off beyond so many times the one that is not exceeded for this part of the time."""


def plot_chronoamperogram(
    steps: Sequence[tuple[str, xr.Dataset]],
    *,
    exact: Sequence[tuple[str, ArrayLike, ArrayLike]] = (),
    title: str = "Chronoamperogram",
) -> Figure:
    """Plot |I| against time on logarithmic axes, one line for each hold, with the slope of 1/sqrt(t).

    Parameters
    ----------
    steps : (label, dataset) from hot to cold: runs of one drive step, or what `select_step` makes of others.
    exact : (label, time [s], current [A]) of curves to compare with, arrays of one shape (n,).
    title : Title of the figure.

    Raises
    ------
    InputError
        Nothing to plot, no current in it, or a dataset of several drive steps.
    """
    if not steps:
        raise InputError("steps", (), "one run at least", "give (label, dataset)")
    series = [(label, *_bins(dataset)) for label, dataset in steps]
    factor, unit = prefixed(np.concatenate([current for _, _, current in series]), "A")
    colours = temperature_colours(len(series)) if len(series) > 1 else [DIRECTION_COLOURS["extraction"]]
    with styled():
        page = figure(6.4, 4.6)
        ax = page.subplots()
        for (label, time, current), colour in zip(series, colours, strict=True):
            ax.plot(time, current * factor, color=colour, label=label)
        seen: set[str] = set()
        for label, moments, values in exact:
            size = np.abs(np.asarray(values, dtype=np.float64)) * factor
            ax.plot(np.asarray(moments), size, "k--", lw=1.1, label=f"_{label}" if label in seen else label)
            seen.add(label)
        ax.set_xscale("log")
        ax.set_yscale("log")
        sizes = np.concatenate([current for _, _, current in series]) * factor
        ax.set_ylim(max(sizes.min() / 2.0, sizes.max() * _DEEPEST), 2.0 * sizes.max())
        ax.set_xlabel("time t since the start of the step [s]")
        ax.set_ylabel(f"|I| of the particle [{unit}]")
        _half_slope(ax)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        ax.set_title(title)
        return page


def _bins(dataset: xr.Dataset) -> tuple[Floats, Floats]:
    """Times [s] and |I| [A] of the bins of a single drive step."""
    if "drive_steps" in dataset.attrs and len(drive_steps(dataset)) > 1:
        count = len(drive_steps(dataset))
        raise InputError(
            "steps", f"a run of {count} drive steps", "one drive step", "use select_step(run, n)"
        )
    time, current, _, _ = binned_current(current_intervals(dataset), _PER_DECADE)
    flows = current != 0.0
    if not flows.any():
        raise InputError("steps", "no current", "a current in every run", "leave out rests")
    return time[flows], np.abs(current[flows])


def _half_slope(ax: Axes) -> None:
    low, high = np.log10(ax.get_xlim())
    bottom, top = np.log10(ax.get_ylim())
    time = 10.0 ** np.array([low + 0.18 * (high - low), low + 0.42 * (high - low)])
    level = 10.0 ** (bottom + 0.2 * (top - bottom))
    ax.plot(time, level * np.sqrt(time[0] / time), color="0.4", lw=1.0, label="_slope −1/2")
    ax.text(time[0], level, "1/√t ", color="0.3", fontsize=9, ha="right", va="center")


def plot_potential(dataset: xr.Dataset, *, title: str = "Potential and current") -> Figure:
    """Plot potential and current against time; drive steps alternate in shade and are named where they fit.

    Parameters
    ----------
    dataset : A run, a drive step of it, or a recorded series labelled like one.
    title : Title of the figure.

    Raises
    ------
    InputError
        No record of drive steps.
    """
    steps = drive_steps(dataset)
    time, current = dataset["time_fine"].values, dataset["current"].values
    scale, clock = time_unit(float(time[-1]))
    with styled():
        page = figure(7.6, 5.2)
        above, below = np.ravel(page.subplots(2, 1, sharex=True, height_ratios=(1.25, 1.0)))
        above.plot(time * scale, dataset["potential"].values, color="black", lw=1.3)
        plateau_line(above, dataset)
        size, top = _current_scale(dataset, steps)
        factor, unit = prefixed(size, "A")
        below.plot(time * scale, current * factor, color="#0072B2", lw=1.3, drawstyle="steps-pre")
        below.axhline(0.0, color="0.5", lw=0.8)
        if top is not None:
            visible = np.clip(current[np.isfinite(current)], -size, size) * factor
            below.set_ylim(1.15 * min(visible.min(), 0.0), 1.15 * max(visible.max(), 0.0))
            scaled, of_peak = prefixed(top, "A")
            text = f"peaks up to {top * scaled:.3g} {of_peak} are cut off"
            below.text(0.99, 1.02, text, transform=below.transAxes, fontsize=8, color="0.3", ha="right")
        for step in steps:
            _shade((above, below), step, (float(time[-1]), scale))
        above.set_ylabel("potential against In-Li [V]")
        below.set_ylabel(f"current, oxidation > 0 [{unit}]")
        below.set_xlabel(f"time t [{clock}]")
        below.set_xlim(time[0] * scale, time[-1] * scale)
        page.align_ylabels()
        page.suptitle(title)
        return page


def _current_scale(dataset: xr.Dataset, steps: Sequence[DriveStepRecord]) -> tuple[float, float | None]:
    """Largest current that is shown, and the largest of all where that is much larger [A].

    Only peaks are cut off, and never a current that was driven.
    """
    begin, end, current = current_intervals(dataset)
    sizes = np.abs(current)
    largest = float(sizes.max(initial=0.0))
    flows = sizes > _NO_CURRENT * largest
    if not flows.any():
        return largest, None
    order = np.argsort(sizes[flows])
    share = np.cumsum((end - begin)[flows][order])
    usual = _PEAK * float(sizes[flows][order][np.searchsorted(share, _USUAL * share[-1])])
    driven = [abs(step.value) for step in steps if step.kind == "current" and step.value is not None]
    usual = max(usual, 1.5 * max(driven, default=0.0))
    return (usual, largest) if 0.0 < usual < largest else (largest, None)


def _shade(axes: tuple[Axes, Axes], step: DriveStepRecord, total: tuple[float, float]) -> None:
    end, scale = total
    if step.number % 2:
        for ax in axes:
            ax.axvspan(step.start * scale, step.end * scale, color="0.93", lw=0.0, zorder=0)
    if step.duration > _WIDEST_LABEL * end:
        middle = 0.5 * (step.start + step.end) * scale
        axes[0].text(
            middle, 1.015, _name(step), transform=axes[0].get_xaxis_transform(),
            fontsize=8, color="0.25", ha="center", va="bottom",
        )  # fmt: skip


def _name(step: DriveStepRecord) -> str:
    """What the step drives, with its temperature below where it holds a potential or a current."""
    if step.kind == "rest" or step.value is None:
        return step.kind
    if step.kind == "current":
        factor, unit = prefixed(step.value, "A")
        return f"{step.value * factor:.3g} {unit}".replace("-", "−")
    arrow = "→ " if step.kind == "sweep" else ""
    return f"{arrow}{step.value:.4g} V"


def plateau_line(ax: Axes, dataset: xr.Dataset, *, upright: bool = False) -> None:
    """Draw and name the potential of the plateau; not where there is none, or far from all that is drawn."""
    value = dataset.attrs.get("plateau_V")
    low, high = ax.get_xlim() if upright else ax.get_ylim()
    if value is None or not 2.0 * low - high <= float(value) <= 2.0 * high - low:
        return
    text = f"plateau {float(value):.3g} V"
    if upright:
        ax.axvline(float(value), color="0.45", lw=0.9, ls="--", zorder=0.5)
        ax.annotate(
            text, (float(value), 0.98), (3, 0), xycoords=ax.get_xaxis_transform(),
            textcoords="offset points", fontsize=8, color="0.35", rotation=90, ha="left", va="top",
        )  # fmt: skip
        return
    ax.axhline(float(value), color="0.45", lw=0.9, ls="--", zorder=0.5)
    ax.text(
        1.005, float(value), text.replace(" ", "\n", 1), transform=ax.get_yaxis_transform(), fontsize=8,
        color="0.35", ha="left", va="center",
    )  # fmt: skip
