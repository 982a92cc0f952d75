"""Ti-L2,3 of one pixel with its fit, lines and residuals, and maps of what was found."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.plot.style import MAP_COLOURS, figure, styled, with_deviation
from lto_sim.quantify.lines import white_lines as lines
from lto_sim.quantify.lines.titanium import TiValence

__all__ = ["plot_titanium"]

Floats = NDArray[np.float64]

_LINES: Final = (
    ("L3 t2g", lines.A1, "#0072B2", "-"),
    ("L3 eg", lines.A2, "#D55E00", "-"),
    ("L2 t2g", lines.A3, "#0072B2", "--"),
    ("L2 eg", lines.A4, "#D55E00", "--"),
)
_MAPS: Final = (
    ("l3_position", "Ti-L3 position [eV]"),
    ("l3_splitting", "splitting of Ti-L3 [eV]"),
    ("l2_l3_ratio", "L2 / L3 (area)"),
)
_SMOOTH_EV: Final = 0.3


def plot_titanium(result: TiValence, pixel: tuple[int, ...] | None = None) -> Figure:
    """Plot the fit of a pixel above its residuals, and maps beside them where there is an image or a line.

    Parameters
    ----------
    result : From :func:`~lto_sim.quantify.lines.titanium.titanium_valence`.
    pixel : Index of the pixel; default the brightest that did not fail.

    Raises
    ------
    InputError
        No such pixel, or one without a fit.
    """
    place = _chosen(result, pixel)
    shape = result.failed.shape
    with styled():
        mapped = len(shape) in {1, 2}
        page = figure(11.0 if mapped else 7.5, 6.4)
        grid = page.add_gridspec(6, 2, width_ratios=(1.7, 1.0)) if mapped else page.add_gridspec(6, 1)
        top = page.add_subplot(grid[:4, 0])
        _draw_fit(top, page.add_subplot(grid[4:, 0], sharex=top), result, place)
        if mapped:
            for number, (name, label) in enumerate(_MAPS):
                ax = page.add_subplot(grid[2 * number : 2 * number + 2, 1])
                _draw_map(page, ax, result, name, label, place)
        return page


def _chosen(result: TiValence, pixel: tuple[int, ...] | None) -> tuple[int, ...]:
    finite = result.fit.finite
    if pixel is None:
        brightness = np.full(finite.shape, -np.inf)
        brightness[finite] = result.fit.spectra.sum(axis=1)
        brightness[result.failed != 0] = -np.inf
        if not np.isfinite(brightness).any():
            raise InputError("pixel", None, "a pixel that did not fail", "look at `failed` of the result")
        return tuple(int(i) for i in np.unravel_index(np.argmax(brightness), finite.shape))
    inside = len(pixel) == finite.ndim and all(
        0 <= index < size for index, size in zip(pixel, finite.shape, strict=True)
    )
    if not inside or not finite[pixel]:
        raise InputError("pixel", pixel, f"a fitted pixel of {finite.shape}", "choose another")
    return pixel


def _draw_fit(ax: Axes, below: Axes, result: TiValence, place: tuple[int, ...]) -> None:
    fit = result.fit
    row = (
        int(np.cumsum(fit.finite.ravel())[np.ravel_multi_index(place, fit.finite.shape) if place else 0]) - 1
    )
    rows = slice(row, row + 1)
    energy, data, model = fit.energy_eV, fit.spectra[row], fit.fitted(rows)[0]
    background = fit.terms([lines.A], rows)[0]
    floor = fit.terms([lines.A, lines.C], rows)[0]
    ax.plot(energy, data, ".", ms=2.5, color="#999999", label="recorded")
    ax.plot(energy, model, color="black", lw=1.4, label="fit", zorder=5)
    ax.plot(energy, background, color="#009E73", lw=1.2, label="background")
    ax.plot(energy, floor, color="#009E73", lw=1.2, ls=":", label="background and steps")
    for name, area, colour, style in _LINES:
        ax.plot(energy, floor + fit.terms([area], rows)[0], color=colour, ls=style, lw=1.1, label=name)
    ax.set_ylabel("counts")
    ax.set_title(_title(result, place))
    ax.legend(loc="upper left", ncols=2)
    ax.set_ylim(min(0.0, float(data.min())), 1.1 * float(data.max()))
    ax.tick_params(labelbottom=False)
    weights = fit.noise.weights(model[None])[0]
    scale = 1.0 if fit.noise.known else max(float(fit.reduced[row]), 1e-300)
    residual = (data - model) * np.sqrt(weights / scale)
    width = max(1, round(_SMOOTH_EV / float(energy[1] - energy[0])))
    below.plot(energy, residual, ".", ms=2.5, color="#999999")
    if width > 1:
        smooth = np.convolve(residual, np.full(width, 1.0 / width), mode="valid")
        first = (width - 1) // 2
        below.plot(energy[first : first + smooth.size], smooth, color="black", lw=1.0)
    below.axhline(0.0, color="black", lw=0.6)
    below.set(xlabel="energy loss [eV]", ylabel="residual / deviation")


def _title(result: TiValence, place: tuple[int, ...]) -> str:
    where = f"pixel {', '.join(map(str, place))}: " if place else ""

    def value(name: str) -> str:
        number = float(getattr(result, name)[place])
        if not np.isfinite(number):
            return "unknown"
        return with_deviation(number, float(result.deviation[name][place]))

    first = f"{where}L3 {value('l3_position')} eV"
    return f"{first}, splitting {value('l3_splitting')} eV,\nL2/L3 {value('l2_l3_ratio')}"


def _draw_map(
    page: Figure, ax: Axes, result: TiValence, name: str, label: str, place: tuple[int, ...]
) -> None:
    values: Any = getattr(result, name)
    if values.ndim == 1:
        index = np.arange(values.size)
        ax.errorbar(index, values, result.deviation[name], fmt="o", ms=3, lw=0.8, color="#0072B2")
        ax.set(xlabel="spectrum", ylabel=label)
        return
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [2.0, 98.0]) if finite.size else (0.0, 1.0)
    shown = ax.imshow(values, cmap=MAP_COLOURS, vmin=low, vmax=high, interpolation="nearest")
    page.colorbar(shown, ax=ax, label=label)
    ax.plot(place[1], place[0], "s", mfc="none", mec="white", ms=7)
    ax.set_facecolor("#bbbbbb")
    ax.set(xlabel="x [pixel]", ylabel="y [pixel]")
