"""A recording through a slit: spectra along the specimen, and what was read from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS, figure, styled

__all__ = ["plot_slit"]

Floats = NDArray[np.float64]

_WINDOWS: Final = (("Ti-L2,3", 452.0, 475.0), ("O-K", 526.0, 585.0))


def plot_slit(
    recording: xr.Dataset,
    position: Floats,
    distance: Floats,
    expected: Sequence[tuple[float, float]],
    step: float,
) -> Figure:
    """Plot the spectra of the first exposure around Ti-L2,3 and O-K, and O-O distances along the slit.

    Parameters
    ----------
    recording : Counts (time, y, x, energy_loss), one of y and x of length 1.
    position, distance : Where [m] which O-O distance [m] was found, (n,) each.
    expected : Distance [m] put in on either side of the step, and where that side ends [m].
    step : Place of the step [m].
    """
    counts = recording["counts"][0].squeeze()
    axis = str(counts.dims[0])
    place = counts[axis].values * 1e9
    energy = counts["energy_loss"].values
    with styled():
        page = figure(11.0, 4.4)
        axes = page.subplots(1, 3, sharey=True, width_ratios=(1.0, 1.3, 1.0))
        for ax, (name, low, high) in zip(axes, _WINDOWS, strict=False):
            near = (energy >= low) & (energy <= high)
            image = counts.values[:, near].astype(np.float64)
            extent = (low, high, place[-1], place[0])
            shown = ax.imshow(
                image, aspect="auto", extent=extent, cmap=MAP_COLOURS, interpolation="nearest",
                vmax=np.percentile(image, 99.9),
            )  # fmt: skip
            ax.set_title(name)
            ax.set_xlabel("energy loss [eV]")
            page.colorbar(shown, ax=ax, label="counts", shrink=0.8)
            _mark(ax, step * 1e9, "white")
        axes[0].set_ylabel("position along the slit [nm]")
        right = axes[2]
        right.plot(distance * 1e9, position * 1e9, "o", ms=4, color="#0072B2", label="from peak b, drawn")
        start = place[0]
        for number, (value, end) in enumerate(expected):
            label = "put in" if number == 0 else None
            right.plot([value * 1e9] * 2, [start, end * 1e9], color="#D55E00", lw=1.5, label=label)
            start = end * 1e9
        _mark(right, step * 1e9, "black")
        right.set_title("O-O distance")
        right.set_xlabel("O-O distance [nm]")
        right.legend(loc="center", bbox_to_anchor=(0.5, 0.25))
        return page


def _mark(ax: Axes, place: float, colour: str) -> None:
    ax.axhline(place, color=colour, ls="--", lw=1.0)
