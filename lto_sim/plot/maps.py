"""Lithium maps in rows of temperature and columns of time (after Figs 2c and 3c of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled

__all__ = ["MapSeries", "plot_map_series"]

_MICROMETRE = 1e6


@dataclass(frozen=True)
class MapSeries:
    """Maps of one run and the front tracked in them.

    Parameters
    ----------
    label : Row label.
    maps : Dataset with ``li_fraction(time, y, x)``.
    front : Dataset with ``front_position(time, profile)`` and profile coordinates.
    """

    label: str
    maps: xr.Dataset
    front: xr.Dataset


def plot_map_series(series: Sequence[MapSeries], positions: Sequence[float], title: str) -> Figure:
    """Plot maps at the frames in which the front is nearest to given positions.

    Parameters
    ----------
    series : One row each.
    positions : Front positions [m], one column each.
    title : Title of the figure.
    """
    with styled():
        page = figure(2.35 * len(positions) + 0.9, 1.55 * len(series) + 0.5)
        axes = page.subplots(len(series), len(positions), squeeze=False)
        image: AxesImage | None = None
        for row, entry in zip(axes, series, strict=True):
            mean = entry.front["front_position"].mean("profile", skipna=True).values
            for ax, frame in zip(row, _nearest_frames(mean, positions), strict=True):
                if frame is None:
                    ax.axis("off")
                else:
                    image = _draw(ax, entry, frame)
            row[0].set_ylabel(entry.label)
        if image is not None:
            bar = page.colorbar(image, ax=axes, shrink=0.6, pad=0.015)
            bar.set_label("Li fraction x")
        page.suptitle(title)
        return page


def _nearest_frames(mean: NDArray[np.float64], positions: Sequence[float]) -> list[int | None]:
    """Frame nearest to each position, none twice; None where every tracked frame is taken."""
    frames: list[int | None] = []
    free = np.isfinite(mean)
    for position in positions:
        if not free.any():
            frames.append(None)
            continue
        frame = int(np.argmin(np.where(free, np.abs(mean - position), np.inf)))
        free[frame] = False
        frames.append(frame)
    taken = sorted(frame for frame in frames if frame is not None)
    return [*taken, *(None for _ in range(len(positions) - len(taken)))]


def _draw(ax: Axes, entry: MapSeries, frame: int) -> AxesImage:
    maps, front = entry.maps, entry.front
    x, y = maps["x"].values * _MICROMETRE, maps["y"].values * _MICROMETRE
    half_x, half_y = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
    extent = (x[0] - half_x, x[-1] + half_x, y[-1] + half_y, y[0] - half_y)
    image = ax.imshow(
        maps["li_fraction"].isel(time=frame).values, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    now = front.isel(time=frame)
    position = now["front_position"].values * _MICROMETRE
    start = np.stack([now["profile_start_x"].values, now["profile_start_y"].values], axis=1) * _MICROMETRE
    end = np.stack([now["profile_end_x"].values, now["profile_end_y"].values], axis=1) * _MICROMETRE
    along = (end - start) / np.linalg.norm(end - start, axis=1, keepdims=True)
    points = start + position[:, None] * along
    ax.plot(points[:, 0], points[:, 1], "o", color="white", markeredgecolor="black", markersize=3.5)
    seconds = float(maps["time"].values[frame])
    ax.text(
        0.03, 0.95, f"{seconds:.4g} s", transform=ax.transAxes, va="top", color="white", fontsize=8,
        bbox={"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip
    scale_bar(ax, extent, 0.5, "0.5 µm")
    ax.set_xlim(extent[0], extent[1])
    ax.set_ylim(extent[2], extent[3])
    ax.set_xticks([])
    ax.set_yticks([])
    return image
