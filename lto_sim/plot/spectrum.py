"""A synthetic spectrum and what it is made of, and the references of its end members."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.microscope import SpectrumModel
from lto_sim.plot.style import figure, styled

__all__ = ["plot_spectrum"]

Floats = NDArray[np.float64]

_COLOURS: Final = {
    "zero loss": "#555555", "plasmon": "#0072B2", "Ti-M2,3": "#009E73", "Ti-M1": "#CC79A7",
    "Li-K": "#D55E00", "Ti-L2,3": "#E69F00", "O-K": "#56B4E9",
}  # fmt: skip
"""Of the Okabe-Ito set."""
_PHASES: Final = (("Li4", 0.0, "#0072B2", "-"), ("Li7", 1.0, "#D55E00", "--"))
_NEAR: Final = {"Li-K": (50.0, 85.0), "Ti-L2,3": (450.0, 480.0), "O-K": (525.0, 580.0)}


def plot_spectrum(
    model: SpectrumModel, thickness: float, li_fraction: float, electrons: float = 1.0
) -> Figure:
    """Plot a spectrum with its components, and its edges in both end members.

    Parameters
    ----------
    model : The spectra.
    thickness : Thickness of the layer [m].
    li_fraction : Its mean li fraction.
    electrons : Number of electrons [1] that the spectrum is of.
    """
    energy = model.energy_loss
    edges = [edge for edge in _NEAR if edge in model.edges and _covered(energy, edge)]
    with styled():
        page = figure(10.0, 4.4 if not edges else 7.2)
        if edges:
            grid = page.add_gridspec(2, len(edges), height_ratios=(1.25, 1.0))
            whole = page.add_subplot(grid[0, :])
            for column, edge in enumerate(edges):
                _plot_edge(page.add_subplot(grid[1, column]), model, thickness, electrons, edge)
        else:
            whole = page.subplots()
        _plot_whole(whole, model, thickness, li_fraction, electrons)
        return page


def _covered(energy: Floats, edge: str) -> bool:
    low, high = _NEAR[edge]
    return bool(energy[0] < low and energy[-1] > 0.5 * (low + high))


def _plot_whole(
    ax: Axes, model: SpectrumModel, thickness: float, li_fraction: float, electrons: float
) -> None:
    energy = model.energy_loss
    total = electrons * model.recorded(thickness, li_fraction)
    ax.plot(energy, total, color="black", lw=1.8, label="spectrum", zorder=5)
    for name, part in model.components(thickness, li_fraction).items():
        shown = np.where(part > 0.0, electrons * part, np.nan)
        if np.nanmax(shown, initial=0.0) < 2e-6 * total.max():
            continue
        ax.plot(energy, shown, color=_COLOURS[name], lw=1.2, label=name, ls=":" if name == "Ti-M1" else "-")
    ax.set_yscale("log")
    ax.set_ylim(max(total.min() * 2e-3, total.max() * 1e-6), 2.0 * total.max())
    ax.set_xlim(energy[0], energy[-1])
    ax.set_xlabel("energy loss [eV]")
    width = energy[1] - energy[0]
    ax.set_ylabel(
        f"electrons in {width:.3g} eV" if electrons != 1.0 else f"part of the beam in {width:.3g} eV"
    )
    ratio = float(model.mean_scatterings(thickness, li_fraction))
    count = np.format_float_positional(electrons, 3, fractional=False, trim="-")
    beam = "" if electrons == 1.0 else f", {count} electrons"
    ax.set_title(f"{thickness * 1e9:.3g} nm, x = {li_fraction:.2g}, t/λ = {ratio:.2f}{beam}")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _plot_edge(ax: Axes, model: SpectrumModel, thickness: float, electrons: float, edge: str) -> None:
    """What an edge adds, of both end members."""
    energy = model.energy_loss
    low, high = _NEAR[edge]
    near = (energy >= low) & (energy <= high)
    for phase, x, colour, style in _PHASES:
        part = electrons * model.components(thickness, x)[edge][near]
        ax.plot(energy[near], part, color=colour, ls=style, label=phase)
    ax.set_title(f"{edge}, background removed")
    ax.set_xlabel("energy loss [eV]")
    ax.set_ylabel("electrons" if electrons != 1.0 else "electrons per electron")
    ax.set_xlim(low, min(high, float(energy[-1])))
    ax.set_ylim(bottom=0.0)
    ax.legend(loc="upper left" if edge != "Ti-L2,3" else "upper right")
