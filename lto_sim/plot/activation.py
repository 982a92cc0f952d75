"""Activation energies: lines with their bands, residuals, and Ea without each temperature in turn."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius import (
    ArrheniusFit,
    DirectionsFit,
    EnergyDifference,
    HierarchicalFit,
    LeaveOneOut,
    MeansFit,
    leave_one_out,
)
from lto_sim.plot.arrhenius import celsius_axis, in_celsius
from lto_sim.plot.style import DIRECTION_COLOURS, figure, styled, with_deviation
from lto_sim.provenance import K_DEFINITIONS

__all__ = ["plot_activation"]

Floats = NDArray[np.float64]

_PER_CM2: Final = 1e4
_OTHERS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_MARKERS: Final = "osD^v<>pPX*h"
_WIDEST_BAR: Final = 2.0
"""Deviation of ln k beyond which an error bar no longer widens the axis."""
_MOST_LABELS: Final = 12


def plot_activation(
    fits: ArrheniusFit | DirectionsFit | Mapping[str, ArrheniusFit],
    *,
    difference: EnergyDifference | None = None,
    particles: Sequence[str] | None = None,
    k_convention: str = "2kt",
    title: str = "",
) -> Figure:
    """Plot rate constants over 1/T with the lines fitted to them.

    On the left k on a logarithmic axis, points by particle, with the line, its 95 % band and the band that
    holds a new measurement with 95 %, and the residuals of ln k below. On the right Ea of every direction
    without each temperature in turn, with one deviation, beside Ea of all points and its 95 % interval.

    Parameters
    ----------
    fits : One line, both directions fitted together, or lines by name; k in m2/s.
    difference : Ea of the second line less Ea of the first, written above the legend; of directions fitted
        together it is known.
    particles : Names of the particles in alphabetical order, as fitted; None numbers them from 1.
    k_convention : Law that defines k, for the axis: ``"2kt"`` or ``"kt"``.
    title : Title of the figure.

    Returns
    -------
    The figure; it needs no display.

    Raises
    ------
    InputError
        Nothing to plot, an unknown convention, or another number of names than of particles.
    """
    lines = _lines(fits)
    if k_convention not in K_DEFINITIONS:
        raise InputError(
            "k_convention", k_convention, " or ".join(K_DEFINITIONS), "state which law defines k"
        )
    names = _particles(lines, particles)
    colours = _colours(lines)
    count = len(lines)
    with styled():
        page = figure(10.6, 6.0 + 1.3 * count)
        grid = page.add_gridspec(1 + count, 2, height_ratios=[4.0, *[1.3] * count], width_ratios=(1.75, 1.0))
        main = page.add_subplot(grid[0, 0])
        for name, fit in lines.items():
            _draw_line(main, fit, colours[name])
        _shape_main(main, list(lines.values()), k_convention)
        for place, (name, fit) in enumerate(lines.items(), start=1):
            below = page.add_subplot(grid[place, 0], sharex=main)
            _draw_residuals(below, fit, name, colours[name])
            below.tick_params(labelbottom=place == count)
            below.set_xlabel("1000 / T [1/K]" if place == count else "")
        every = grid[:, 1].subgridspec(count, 1)
        for place, (name, fit) in enumerate(lines.items()):
            _draw_left_out(page.add_subplot(every[place]), fit, name, colours[name], last=place == count - 1)
        known = fits.difference if isinstance(fits, DirectionsFit) else difference
        _legend(page, lines, colours, names, _difference(list(lines), known))
        if title:
            page.suptitle(textwrap.fill(title, 90))
        return page


def _lines(fits: ArrheniusFit | DirectionsFit | Mapping[str, ArrheniusFit]) -> dict[str, ArrheniusFit]:
    if isinstance(fits, ArrheniusFit):
        return {"": fits}
    lines = dict(fits.fits if isinstance(fits, DirectionsFit) else fits)
    if not lines:
        raise InputError("fits", "none", "one line at least", "give what fit_arrhenius returns")
    return lines


def _colours(lines: Mapping[str, ArrheniusFit]) -> dict[str, str]:
    others = [colour for colour in _OTHERS if colour not in [DIRECTION_COLOURS.get(name) for name in lines]]
    free = iter(others * len(lines))
    return {name: DIRECTION_COLOURS.get(name) or next(free) for name in lines}


def _particle_of(fit: ArrheniusFit) -> NDArray[np.intp]:
    """Number of the particle of every point of a line; zeros without labels."""
    if fit.data.particle is None:
        return np.zeros(fit.temperature.size, dtype=np.intp)
    if isinstance(fit, HierarchicalFit):
        return np.asarray(fit.data.particle[fit.data.line == fit.position])
    return fit.data.particle


def _particles(lines: Mapping[str, ArrheniusFit], names: Sequence[str] | None) -> list[str]:
    """Names of the particles; empty where there are no labels."""
    known = [fit.data.particle for fit in lines.values() if fit.data.particle is not None]
    count = max((int(numbers.max()) + 1 for numbers in known), default=0)
    if names is None:
        return [f"particle {number + 1}" for number in range(count)]
    if len(names) != count:
        raise InputError("particles", f"{len(names)} names", f"{count}, one a particle", "match the table")
    return [str(name) for name in names]


def _bars(fit: ArrheniusFit) -> Floats | None:
    """Deviations of ln k."""
    return None if fit.k_std is None else np.asarray(fit.k_std / fit.k)


def _draw_points(ax: Axes, fit: ArrheniusFit, values: Floats, bars: Floats | None, colour: str) -> None:
    """Draw the points by particle; those that a robust fit has moved get a ring."""
    particle = _particle_of(fit)
    inverse = 1000.0 / fit.temperature
    for number in np.unique(particle):
        own = particle == number
        ax.errorbar(
            inverse[own], values[own], yerr=None if bars is None else bars[..., own], ls="", capsize=2,
            marker=_MARKERS[int(number) % len(_MARKERS)], color=colour, mec="white", mew=0.5, ms=6.5,
            elinewidth=1.0, zorder=4, label="_points",
        )  # fmt: skip
    if fit.weights is not None:
        moved = fit.weights < 1.0
        ax.plot(inverse[moved], values[moved], "o", ms=11, mfc="none", mec="black", mew=0.9, label="_moved")


def _draw_line(ax: Axes, fit: ArrheniusFit, colour: str) -> None:
    bars = _bars(fit)
    k = fit.k * _PER_CM2
    ends = None if bars is None else np.stack([-k * np.expm1(-bars), k * np.expm1(np.minimum(bars, 50.0))])
    _draw_points(ax, fit, k, ends, colour)
    inverse = 1.0 / fit.temperature
    margin = 0.05 * float(np.ptp(inverse))
    line = 1.0 / np.linspace(float(inverse.min()) - margin, float(inverse.max()) + margin, 121)
    ax.plot(1000.0 / line, fit.predict(line) * _PER_CM2, "-", color=colour, lw=1.4, zorder=3, label="_line")
    for band, alpha, name in ((fit.prediction_band, 0.10, "_prediction"), (fit.band, 0.25, "_band")):
        low, high = band(line)
        ax.fill_between(
            1000.0 / line, low * _PER_CM2, high * _PER_CM2, color=colour, alpha=alpha, lw=0.0, label=name
        )


def _shape_main(ax: Axes, fits: Sequence[ArrheniusFit], k_convention: str) -> None:
    """Logarithmic axis that holds points, bars and bands, short of those that say nothing."""
    ax.set_yscale("log")
    lows, highs = [], []
    for fit in fits:
        bars = _bars(fit)
        reach = np.minimum(np.zeros(1) if bars is None else bars, _WIDEST_BAR)
        lows.append(float((np.log(fit.k) - reach).min()))
        highs.append(float((np.log(fit.k) + reach).max()))
    low, high = min(lows), max(highs)
    room = 0.06 * (high - low) + 0.1
    ax.set_ylim(*(np.exp([low - room, high + room]) * _PER_CM2))
    inverse = np.concatenate([1000.0 / fit.temperature for fit in fits])
    margin = 0.05 * float(np.ptp(inverse))
    ax.set_xlim(float(inverse.min()) - margin, float(inverse.max()) + margin)
    definition = K_DEFINITIONS[k_convention].replace("xi^2", "ξ²")
    ax.set_ylabel(f"rate constant k [cm²/s]   ({definition})")
    ax.tick_params(labelbottom=False)
    celsius_axis(ax, np.concatenate([fit.temperature for fit in fits]))


def _draw_residuals(ax: Axes, fit: ArrheniusFit, name: str, colour: str) -> None:
    bars = _bars(fit)
    _draw_points(ax, fit, fit.residuals, bars, colour)
    ax.axhline(0.0, color=colour, lw=1.2, zorder=2)
    edge = 2.0 * float(np.sqrt(fit.scatter))
    ax.axhspan(-edge, edge, color=colour, alpha=0.10, lw=0.0, zorder=0, label="_scatter")
    reach = np.zeros(1) if bars is None else np.minimum(bars, _WIDEST_BAR)
    most = max(1.25 * float((np.abs(fit.residuals) + reach).max()), 1.15 * edge, 1e-6)
    ax.set_ylim(-most, most)
    ax.set_ylabel("ln k − line")
    ax.set_title(f"{name}: {_scatter(fit)}" if name else _scatter(fit), loc="left", fontsize=8.5)


def _scatter(fit: ArrheniusFit) -> str:
    if isinstance(fit, HierarchicalFit):
        parts = [
            f"{entry.name} {entry.std:.2g}{' eV' if entry.name == 'own Ea' else ''}"
            for entry in fit.components
        ]
        bars = [f"bars {fit.measurement_std:.2g}"] if fit.measurement_std > 0.0 else []
        return "scatter of ln k: " + ", ".join([*parts, *bars])
    if isinstance(fit, MeansFit):
        alike = f"at all temperatures alike {fit.shared_std:.2g}"
        return f"scatter of ln k between particles {fit.bar_std:.2g}, {alike}"
    return f"scatter of ln k about the line {np.sqrt(fit.scatter):.2g}"


def _draw_left_out(ax: Axes, fit: ArrheniusFit, name: str, colour: str, *, last: bool) -> None:
    """Ea without each temperature, the hottest on top."""
    found: LeaveOneOut = leave_one_out(fit)
    rows = np.arange(found.temperature.size)
    low, high = fit.interval()
    ax.axvspan(low, high, color=colour, alpha=0.22, lw=0.0, label="_interval")
    ax.axvline(fit.Ea_eV, color=colour, lw=1.4, label="_Ea")
    known = np.isfinite(found.Ea_eV)
    ax.errorbar(
        found.Ea_eV[known], rows[known], xerr=found.Ea_eV_std[known], fmt="o", color="black", ms=5, capsize=2,
        elinewidth=1.0, label="_left out",
    )  # fmt: skip
    for row in rows[~known]:
        ax.text(fit.Ea_eV, row, " no line", fontsize=8, va="center")
    step = -(-rows.size // _MOST_LABELS)
    ax.set_yticks(rows[::step], [in_celsius(kelvin) for kelvin in found.temperature[::step]])
    ax.set_ylim(-0.6, rows.size - 0.4)
    ax.locator_params(axis="x", nbins=5)
    ax.set_ylabel("left out [°C], bars: one deviation")
    ax.set_xlabel("activation energy Ea [eV]" if last else "")
    text = f"Ea = {with_deviation(fit.Ea_eV, fit.Ea_eV_std)} eV"
    head = f"{name}: {text}" if name else text
    ax.set_title(f"{head}\n95 %: {low:.3f} to {high:.3f} eV ({fit.dof:.3g} d.o.f.)", fontsize=9)


def _difference(names: Sequence[str], found: EnergyDifference | None) -> str | None:
    """Difference of two activation energies in words."""
    if found is None or len(names) != 2:
        return None
    first, second = names
    low, high = (f"{value:.3f}".replace("-", "−") for value in found.interval())
    value = with_deviation(found.value_eV, found.std_eV).replace("-", "−")
    return f"Ea({second}) − Ea({first}) = {value} eV (95 %: {low} to {high} eV)"


def _legend(
    page: Figure,
    lines: Mapping[str, ArrheniusFit],
    colours: Mapping[str, str],
    names: Sequence[str],
    heading: str | None,
) -> None:
    handles: list[Any] = []
    texts: list[str] = []
    for name, fit in lines.items():
        handles.append(Line2D([], [], color=colours[name], lw=1.6))
        energy = f"Ea = {with_deviation(fit.Ea_eV, fit.Ea_eV_std)} eV"
        texts.append(f"{name}: {energy}" if name else energy)
    handles += [Patch(color="0.4", alpha=0.45, lw=0.0), Patch(color="0.4", alpha=0.2, lw=0.0)]
    texts += ["95 % band of the line", "95 % of new measurements"]
    if len(names) <= len(_MARKERS):
        for number, name in enumerate(names):
            handles.append(Line2D([], [], color="0.3", marker=_MARKERS[number], ls="", ms=6.5))
            texts.append(name)
    if any(fit.weights is not None and bool((fit.weights < 1.0).any()) for fit in lines.values()):
        handles.append(Line2D([], [], marker="o", ls="", ms=10, mfc="none", mec="black"))
        texts.append("moved towards the line")
    page.legend(handles, texts, loc="outside lower center", ncols=4, fontsize=8.5, title=heading)
