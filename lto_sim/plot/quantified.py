"""From spectrum to front: a spectrum with its fit, its parts at Li-K, the map it became, the front on it."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled, with_deviation

__all__ = ["plot_quantified"]

_MICROMETRE: Final = 1e6
_PARTS: Final = {
    "zero_loss_and_plasmons": ("zero loss and plasmons", "#0072B2"),
    "titanium": ("Ti-M2,3 and Ti-M1", "#009E73"),
    "lithium": ("Li-K", "#D55E00"),
}


def plot_quantified(
    pixel: xr.Dataset,
    region: xr.Dataset,
    maps: xr.Dataset,
    frame: int = 0,
    front: xr.Dataset | None = None,
    place: tuple[float, float] | None = None,
) -> Figure:
    """Plot what became of spectra.

    Parameters
    ----------
    pixel : Spectrum of one pixel, from `explain_spectrum`.
    region : The summed spectrum of many, so that its parts can be seen.
    maps : ``li_fraction(time, y, x)`` with its deviation.
    frame : Which frame is drawn.
    front : Dataset of `track_front`; its positions in that frame are drawn.
    place : (x, y) of the pixel [m].
    """
    with styled():
        page = figure(10.5, 7.4)
        grid = page.add_gridspec(2, 2, width_ratios=(1.05, 1.0))
        _spectrum(page.add_subplot(grid[0, 0]), pixel)
        _parts(page.add_subplot(grid[1, 0]), region)
        image, spread = (
            maps[name].isel(time=frame) if "time" in maps[name].dims else maps[name]
            for name in ("li_fraction", "li_fraction_std")
        )
        when = f", frame at {float(image['time']):.4g} s" if "time" in image.coords else ""
        x_map, std_map = page.add_subplot(grid[0, 1]), page.add_subplot(grid[1, 1])
        _draw(page, x_map, image, f"Li fraction{when}", "Li fraction x", 1.0)
        if front is not None:
            _mark_front(x_map, front.isel(time=frame))
        if place is not None:
            at = [_MICROMETRE * value for value in place]
            x_map.plot(*at, "s", ms=6.0, mfc="none", mec="#D55E00", mew=1.8, label="the pixel")
        if front is not None or place is not None:
            x_map.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2)
        finite = spread.values[np.isfinite(spread.values)]
        top = float(np.percentile(finite, 99.0)) if finite.size else 1.0
        _draw(page, std_map, spread, "its standard deviation", "deviation of x", top)
        return page


def _spectrum(ax: Axes, fit: xr.Dataset) -> None:
    energy, counts = fit["energy_loss"].values, fit["counts"].values
    ax.plot(energy, counts, ".", color="black", ms=4.0, label="recorded", zorder=5)
    ax.step(energy, fit["expected"].values, where="mid", color="#E69F00", lw=2.2, label="fit")
    for name, (label, colour) in _PARTS.items():
        part = fit[name].values
        ax.step(energy, np.where(part > 0.0, part, np.nan), where="mid", color=colour, lw=1.0, label=label)
    ax.set_yscale("log")
    shown = counts[counts > 0.0]
    ax.set_ylim(max(1.0, 0.02 * float(shown.min())), 3.0 * float(counts.max()))
    ax.set_xlim(energy[0] - 4.0, energy[-1] + 1.0)
    ax.set_xlabel("energy loss [eV]")
    ax.set_ylabel("electrons per eV")
    attrs = fit.attrs
    x = with_deviation(attrs["li_fraction"], attrs["li_fraction_std"])
    ax.set_title(f"one pixel: x = {x}, t/λ = {attrs['t_over_lambda']:.3f}")
    ax.legend(loc="upper right", ncols=1)


def _parts(ax: Axes, fit: xr.Dataset) -> None:
    """What Li-K rises from: everything else of the fit taken away from what was recorded."""
    energy, width = fit["energy_loss"].values, fit["bin_width"].values
    near = energy > 30.0
    background = (fit["expected"] - fit["lithium"]).values
    net, deviation = fit["counts"].values - background, np.sqrt(np.maximum(fit["counts"].values, 0.0) / width)
    ax.errorbar(
        energy[near], net[near], deviation[near], fmt="o", ms=3.0, color="black", lw=1.0,
        label="recorded, less all but Li-K",
    )  # fmt: skip
    ax.plot(energy[near], fit["lithium"].values[near], color=_PARTS["lithium"][1], label="fitted Li-K")
    ax.plot(
        energy[near], 0.1 * fit["titanium"].values[near], color=_PARTS["titanium"][1], ls="--",
        label="Ti-M2,3 and Ti-M1, a tenth",
    )  # fmt: skip
    ax.axhline(0.0, color="#777777", lw=0.8)
    ax.set_xlim(30.0, energy[-1] + 1.0)
    ax.set_xlabel("energy loss [eV]")
    ax.set_ylabel("electrons per eV")
    attrs = fit.attrs
    x = with_deviation(attrs["li_fraction"], attrs["li_fraction_std"])
    quality = attrs["chi_square"] / attrs["degrees_of_freedom"]
    ax.set_title(f"sum of {attrs['spectra']} pixels: x = {x}, χ²/dof = {quality:.2f}")
    ax.legend(loc="upper left")


def _draw(page: Figure, ax: Axes, image: xr.DataArray, title: str, label: str, top: float) -> None:
    """Draw an image from 0 to `top` with its scale."""
    x, y = image["x"].values * _MICROMETRE, image["y"].values * _MICROMETRE
    half_x, half_y = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
    extent = (x[0] - half_x, x[-1] + half_x, y[-1] + half_y, y[0] - half_y)
    drawn = ax.imshow(
        image.values, cmap=MAP_COLOURS, vmin=0.0, vmax=top, extent=extent, interpolation="nearest"
    )
    length = _nice(0.3 * (extent[1] - extent[0]))
    scale_bar(ax, extent, length, f"{length:g} µm")
    ax.set_xlim(extent[0], extent[1])
    ax.set_ylim(extent[2], extent[3])
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title)
    page.colorbar(drawn, ax=ax, shrink=0.75, pad=0.02).set_label(label)


def _mark_front(ax: Axes, front: xr.Dataset) -> None:
    start = np.stack([front["profile_start_x"], front["profile_start_y"]], axis=1) * _MICROMETRE
    end = np.stack([front["profile_end_x"], front["profile_end_y"]], axis=1) * _MICROMETRE
    along = (end - start) / np.linalg.norm(end - start, axis=1, keepdims=True)
    points = start + front["front_position"].values[:, None] * _MICROMETRE * along
    ax.plot(
        points[:, 0], points[:, 1], "o-", color="white", markeredgecolor="black", ms=5.0, lw=1.0,
        label="tracked front",
    )  # fmt: skip


def _nice(length: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is not above `length`."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= length))
