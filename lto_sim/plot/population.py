"""An ensemble of particles: its current, how far it has come and how far its particles have, their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.electrochemistry import drive_steps
from lto_sim.errors import InputError
from lto_sim.plot.prefix import prefixed, time_unit
from lto_sim.plot.style import DIRECTION_COLOURS, figure, styled
from lto_sim.study.population import Population

__all__ = ["plot_population"]

Floats = NDArray[np.float64]

_COLOUR: Final = DIRECTION_COLOURS["extraction"]
_SIZES: Final = "#D55E00"
_NEEDED: Final = ("current", "li_fraction", "li_fraction_quantile", "particle_size", "particle_weight")
_PEAK: Final = 0.985
"""Part of the time for which the current is not beyond the end of its axis."""
_BANDS: Final = (0.16, 0.30)


def plot_population(
    ensemble: xr.Dataset, *, drawn: Population | None = None, title: str = "Population in parallel"
) -> Figure:
    """Plot what `ensemble_current` returns.

    Above the current of all particles; below the li fraction of the ensemble, with bands that hold the stated
    parts of the particles; on the right the particles by size, by number and by the lithium that they hold.

    Parameters
    ----------
    ensemble : From `ensemble_current`.
    drawn : The population that was drawn, whose sizes are then marked too: some may have failed.
    title : Title of the figure.

    Raises
    ------
    InputError
        The dataset is no ensemble.
    """
    if not isinstance(ensemble, xr.Dataset):
        raise InputError(
            "ensemble", type(ensemble).__name__, "an ensemble", "give what ensemble_current returns"
        )
    missing = [name for name in _NEEDED if name not in ensemble]
    if missing:
        raise InputError(
            "ensemble", f"without {missing[0]}", "an ensemble", "give what ensemble_current returns"
        )
    scale, clock = time_unit(float(ensemble["time_fine"][-1]))
    with styled():
        page = figure(10.0, 5.4)
        grid = page.add_gridspec(2, 2, width_ratios=(1.6, 1.0), height_ratios=(1.0, 1.25))
        above = page.add_subplot(grid[0, 0])
        below = page.add_subplot(grid[1, 0], sharex=above)
        _draw_current(above, ensemble, scale)
        _draw_fraction(below, ensemble, scale)
        _mark_steps((above, below), ensemble, scale)
        below.set_xlabel(f"time t [{clock}]")
        above.tick_params(labelbottom=False)
        page.align_ylabels((above, below))
        _draw_sizes(page.add_subplot(grid[:, 1]), ensemble, drawn)
        page.suptitle(f"{title}: {_counted(ensemble)}")
        return page


def _counted(ensemble: xr.Dataset) -> str:
    """How many particles there are, and how many are missing."""
    used, all_drawn = ensemble.sizes["particle"], int(ensemble.attrs["particles_drawn"])
    if used == all_drawn:
        return f"{used} particles"
    lost = {"failed": "failed", "pending": "not done yet"}
    parts = [f"{n} {text}" for key, text in lost.items() if (n := int(ensemble.attrs[f"particles_{key}"]))]
    return f"{used} of {all_drawn} particles ({', '.join(parts)})"


def _draw_current(ax: Axes, ensemble: xr.Dataset, scale: float) -> None:
    """Draw means over the intervals; a short peak is cut off."""
    time, current = ensemble["time_fine"].values, ensemble["current"].values
    sizes = np.abs(current[1:])
    order = np.argsort(sizes)
    share = np.cumsum(np.diff(time)[order]) / (time[-1] - time[0])
    usual = float(sizes[order][np.searchsorted(share, _PEAK)])
    top = min(float(sizes.max()), 1.15 * usual)
    factor, unit = prefixed(top, "A")
    ax.plot(time * scale, current * factor, color=_COLOUR, lw=1.4, drawstyle="steps-pre")
    ax.axhline(0.0, color="0.5", lw=0.8)
    low, high = min(float(current.min()), 0.0), max(float(current.max()), 0.0)
    ax.set_ylim(1.05 * max(low, -top) * factor, 1.05 * min(high, top) * factor)
    if sizes.max() > top:
        peak, of_peak = prefixed(sizes.max(), "A")
        text = f"a peak of {sizes.max() * peak:.3g} {of_peak} is cut off"
        ax.text(0.99, 0.97, text, transform=ax.transAxes, fontsize=8, color="0.3", ha="right", va="top")
    ax.set_ylabel(f"current of all [{unit}]")


def _draw_fraction(ax: Axes, ensemble: xr.Dataset, scale: float) -> None:
    time = ensemble["time_fine"].values * scale
    quantiles = np.sort(ensemble["quantile"].values)
    pairs = [(q, 1.0 - q) for q in quantiles if q < 0.5 and np.any(np.isclose(quantiles, 1.0 - q))]
    for (low, high), alpha in zip(pairs, np.linspace(*_BANDS, len(pairs)), strict=True):
        below, above = (
            ensemble["li_fraction_quantile"].sel(quantile=q, method="nearest").values for q in (low, high)
        )
        ax.fill_between(
            time,
            below,
            above,
            color=_COLOUR,
            alpha=float(alpha),
            lw=0.0,
            label=f"{100.0 * (high - low):.3g} % of the particles",
        )
    ax.plot(time, ensemble["li_fraction"].values, color="black", lw=1.6, label="all together")
    ax.set_ylabel("Li fraction x")
    ax.set_ylim(-0.02, 1.02)
    ax.legend(loc="best")


def _mark_steps(axes: Sequence[Axes], ensemble: xr.Dataset, scale: float) -> None:
    """Draw a line where the potential changes from one drive step to the next."""
    for step in drive_steps(ensemble)[1:]:
        for ax in axes:
            ax.axvline(step.start * scale, color="0.6", lw=0.8, ls=":")


def _draw_sizes(ax: Axes, ensemble: xr.Dataset, drawn: Population | None) -> None:
    """Draw parts of all that smaller particles make up, of their number and of the lithium they hold."""
    size, weight = ensemble["particle_size"].values, ensemble["particle_weight"].values
    factor, unit = prefixed(size, "m")
    order = np.argsort(size)
    rows = (
        ("number", weight, _SIZES, "-"),
        ("lithium", weight * ensemble["particle_capacity"].values, _COLOUR, "--"),
    )
    for label, part, colour, style in rows:
        share = np.cumsum(part[order]) / part.sum()
        x = np.repeat(size[order] * factor, 2)
        y = np.concatenate([[0.0], np.repeat(share, 2)[:-1]])
        ax.plot(x, y, color=colour, ls=style, lw=1.5, label=label)
    marks = size if drawn is None else drawn.size
    ax.plot(
        marks * factor, np.full(marks.size, 0.015), "|", color="0.35", ms=9, mew=0.9, label="particles drawn",
        transform=ax.get_xaxis_transform(),
    )  # fmt: skip
    what = "" if drawn is None else f": {drawn.description['size_path']}"
    ax.set_xlabel(f"size{what} [{unit}]")
    ax.set_ylabel("part in smaller particles")
    ax.set_ylim(-0.02, 1.02)
    ax.legend(loc="upper left")
