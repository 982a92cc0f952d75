"""Impedance spectra: Nyquist (equal axes, capacitive upwards) and Bode.

A particle that is closed behind ends in a vertical limb which would flatten everything else; the Nyquist
figure then ends above the part that has a shape, and says how far the limb goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.plot.prefix import prefixed
from lto_sim.plot.style import figure, styled, temperature_colours

__all__ = ["plot_impedance", "plot_impedance_series"]

Complexes = NDArray[np.complex128]
Spectrum = tuple[NDArray[np.float64], Complexes]

_LINE: Final = "#0072B2"
_TALLEST: Final = 1.0
_LOWEST: Final = 0.72
"""Largest and smallest height of a Nyquist figure over its width."""
_MAGNIFIED: Final = 4.0
"""Ratio of the widest to the narrowest spectrum beyond which the narrow ones are magnified."""
_FEW: Final = 300.0
"""Ratio of the ends of an axis below which it is labelled between the decades too."""
_APART: Final = 0.08
"""Distance of two marked frequencies, as part of the width."""


def plot_impedance(
    dataset: xr.Dataset, exact: tuple[ArrayLike, ArrayLike] | None = None, *, title: str | None = None
) -> Figure:
    """Plot a spectrum as Nyquist and Bode.

    Parameters
    ----------
    dataset : ``impedance_real``, ``impedance_imag`` [ohm] over ``frequency`` [Hz].
    exact : Frequencies [Hz] and complex impedances [ohm] to compare with, (n,) each.
    title : Title; None: state and temperature of the dataset.

    Raises
    ------
    InputError
        No spectrum in the dataset, or frequencies that are not positive.
    """
    spectrum = _spectrum(dataset)
    curve = None
    if exact is not None:
        curve = (np.asarray(exact[0], dtype=np.float64), np.asarray(exact[1], dtype=np.complex128))
    size = _size(spectrum[1])
    factor, _ = prefixed(size, "Ω")
    with styled():
        page = figure(9.8, 4.8)
        left, right = np.ravel(np.asarray(page.subfigures(1, 2, width_ratios=(1.0, 1.0))))
        nyquist = left.subplots()
        if curve is not None:
            nyquist.plot(curve[1].real * factor, -curve[1].imag * factor, "k-", lw=1.1, label="exact")
        mark = "o-" if curve is None else "o"
        z = spectrum[1] * factor
        nyquist.plot(z.real, -z.imag, mark, ms=3.5, lw=1.2, color=_LINE, label="spectrum")
        _shape_nyquist(nyquist, [spectrum[1]], size)
        _mark_decades(nyquist, spectrum[0], z)
        _bode(right.subplots(2, 1, sharex=True), spectrum, curve)
        if curve is not None:
            nyquist.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        page.suptitle(title if title is not None else _state(dataset))
        return page


def plot_impedance_series(
    spectra: Sequence[tuple[str, xr.Dataset]], *, title: str = "Impedance at several temperatures"
) -> Figure:
    """Plot spectra in one Nyquist figure; the corner once more, magnified, where they differ much in size.

    Parameters
    ----------
    spectra : (label, dataset) from hot to cold, each as for `plot_impedance`.
    title : Title of the figure.

    Raises
    ------
    InputError
        Nothing to plot, or a dataset without a spectrum.
    """
    if not spectra:
        raise InputError("spectra", (), "one spectrum at least", "give (label, dataset)")
    curves = [_spectrum(dataset)[1] for _, dataset in spectra]
    sizes = [_size(z) for z in curves]
    magnified = max(sizes) > _MAGNIFIED * min(sizes)
    shown = [max(sizes), 1.5 * min(sizes)] if magnified else [max(sizes)]
    with styled():
        page = figure(4.6 * len(shown) + 1.3, 4.9)
        axes = np.ravel(np.asarray(page.subplots(1, len(shown))))
        for ax, size in zip(axes, shown, strict=True):
            factor, _ = prefixed(size, "Ω")
            colours = temperature_colours(len(spectra))
            for (label, _), z, colour in zip(spectra, curves, colours, strict=True):
                ax.plot(z.real * factor, -z.imag * factor, "o-", ms=3, lw=1.1, color=colour, label=label)
            _shape_nyquist(ax, curves, size)
        if magnified:
            axes[0].set_title("whole", fontsize=10)
            axes[1].set_title("the corner at the origin", fontsize=10)
        axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        page.suptitle(title)
        return page


def _spectrum(dataset: xr.Dataset) -> Spectrum:
    """Frequencies [Hz] from high to low and impedances [ohm]."""
    for name in ("frequency", "impedance_real", "impedance_imag"):
        if name not in dataset:
            raise InputError(
                "dataset", f"no {name}", "an impedance spectrum", "give what impedance() returns"
            )
    frequency = np.asarray(dataset["frequency"].values, dtype=np.float64)
    if not frequency.size or not bool((frequency > 0.0).all()):
        raise InputError("frequency", frequency, "> 0 Hz, one at least", "leave out 0 Hz")
    order = np.argsort(-frequency)
    z = dataset["impedance_real"].values + 1j * dataset["impedance_imag"].values
    return frequency[order], np.asarray(z, dtype=np.complex128)[order]


def _size(z: Complexes) -> float:
    """Extent [ohm] of the part of a spectrum that has a shape: as far as its real part goes."""
    return float(max(z.real.max(), 0.0)) or float(np.abs(z).max()) or 1.0


def _shape_nyquist(ax: Axes, curves: Sequence[Complexes], size: float) -> None:
    """Equal axes from the origin to `size` [ohm], a guide of 45 degrees, how far a cut limb goes."""
    factor, unit = prefixed(size, "Ω")
    heights = [factor * float((-z.imag)[z.real <= 1.001 * size].max(initial=0.0)) for z in curves]
    depth = factor * min(0.0, *(float((-z.imag).min()) for z in curves))
    size = size * factor
    top = min(max(1.05 * max(heights), _LOWEST * size), _TALLEST * size)
    ax.set_xlim(0.0, 1.06 * size)
    ax.set_ylim(1.1 * depth, top)
    ax.set_aspect("equal")
    ax.set_xlabel(f"Re Z [{unit}]")
    ax.set_ylabel(f"−Im Z [{unit}]")
    if max(heights) > top and len(curves) == 1:
        scale, of_limb = prefixed(max(heights) / factor, "Ω")
        text = f"goes on to −Im Z = {max(heights) / factor * scale:.3g} {of_limb}"
        ax.text(0.98, 1.01, text, transform=ax.transAxes, fontsize=8, color="0.3", ha="right", va="bottom")
    along = np.array([0.04, 0.18]) * size
    up = along - along[1] + 0.94 * top
    ax.plot(along, up, color="0.4", lw=1.0, label="_45 degrees")
    ax.text(along[1], up[1], " 45°", color="0.3", fontsize=8, va="center")


def _mark_decades(ax: Axes, frequency: NDArray[np.float64], z: Complexes) -> None:
    """Name the points nearest to whole decades, as far as they stand apart and in the figure."""
    width, top = ax.get_xlim()[1], ax.get_ylim()[1]
    last: complex | None = None
    for decade in range(int(np.floor(np.log10(frequency[0]))), int(np.log10(frequency[-1])) - 2, -1):
        i = int(np.argmin(np.abs(np.log10(frequency) - decade)))
        inside = -z[i].imag < top and abs(np.log10(frequency[i]) - decade) < 0.1
        if not inside or (last is not None and abs(z[i] - last) < _APART * width):
            continue
        last = complex(z[i])
        scale, unit = prefixed(10.0**decade, "Hz")
        ax.plot(z[i].real, -z[i].imag, "o", ms=6, mfc="white", color=_LINE, zorder=4)
        ax.annotate(
            f"{10.0**decade * scale:.3g} {unit}", (z[i].real, -z[i].imag), (5, 4), fontsize=8,
            textcoords="offset points",
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip


def _bode(axes: NDArray[np.object_], spectrum: Spectrum, exact: Spectrum | None) -> None:
    """Modulus above, phase below, over frequency."""
    above, below = axes
    factor, unit = prefixed(np.abs(spectrum[1]).max(), "Ω")
    mark = "o-" if exact is None else "o"
    if exact is not None:
        above.plot(exact[0], np.abs(exact[1]) * factor, "k-", lw=1.1)
        below.plot(exact[0], -np.angle(exact[1], deg=True), "k-", lw=1.1)
    above.plot(spectrum[0], np.abs(spectrum[1]) * factor, mark, ms=3.5, lw=1.2, color=_LINE)
    below.plot(spectrum[0], -np.angle(spectrum[1], deg=True), mark, ms=3.5, lw=1.2, color=_LINE)
    above.set_xscale("log")
    above.set_yscale("log")
    _few_decades(above)
    above.set_ylabel(f"|Z| [{unit}]")
    below.set_ylabel("−phase [°]")
    below.set_yticks([0, 45, 90])
    low, high = below.get_ylim()
    below.set_ylim(min(low, -4.0), max(high, 94.0))
    below.axhline(45.0, color="0.6", lw=0.8, ls="--", zorder=0)
    below.set_xlabel("frequency [Hz]")


def _few_decades(ax: Axes) -> None:
    """Plain numbers at 1, 2, 5 where the axis spans few decades."""
    low, high = ax.get_ylim()
    if high / low < _FEW:
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())


def _state(dataset: xr.Dataset) -> str:
    """State and temperature, as far as the dataset knows them."""
    parts = ["Impedance"]
    if "state_time_s" in dataset.attrs:
        parts.append(f"state at t = {float(dataset.attrs['state_time_s']):.4g} s")
    if "temperature_K" in dataset.attrs:
        parts.append(f"{float(dataset.attrs['temperature_K']) - ZERO_CELSIUS:.1f} °C")
    return ", ".join(parts)
