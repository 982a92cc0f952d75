"""Activation energies of bulk and faces in parallel, and the region of surfaces that agree with Table 1."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import fit_arrhenius, published_table
from lto_sim.plot.core_shell import Panel, draw_panel, power
from lto_sim.plot.style import figure, styled
from lto_sim.study import REFERENCE, apparent_energy, bulk_behind_table, parallel_rates, simulated_energies

__all__ = ["plot_lamella_energies", "plot_surface_region"]

Floats = NDArray[np.float64]

_SHARES: Final = (0.25, 0.5, 0.75, 0.9)
_COLOURS: Final = ("#56B4E9", "#0072B2", "#009E73", "#D55E00")
_BEND: Final = 0.05
_INVERSE = 1000.0
_WORDS: Final = (
    "D: D(Li7) of the bulk [m²/s]; contrast: projected x of the rim less that of the core\n"
    "(a shell is seen where it exceeds the noise of a pixel); rim: its part that does; lead: of the\n"
    "extraction front along the walls (planar: below a pixel); between: pixels with x from 0.2 to 0.8"
)
_CLASSES: Final = (
    ("all three hold", "#A6D96A"),
    ("no shell to be seen", "#D9D9D9"),
    ("extraction would be bent", "#F4A582"),
    ("k could not be brought to Table 1", "#FFFFFF"),
)


def plot_lamella_energies(table: xr.Dataset) -> Figure:
    """Ea of k against that of the faces, and what the straightness of Table 1 says of them.

    Parameters
    ----------
    table : From `apparent_rates` of `energy_cases`.
    """
    with styled():
        page = figure(15.0, 5.0)
        left, middle, right = page.subplots(1, 3)
        _apparent(left, table)
        _behind(page, middle)
        _lines(right)
        page.suptitle("Insertion: Ea of k where faces of another Ea carry a share of it at 75 °C")
        return page


def _apparent(ax: Axes, table: xr.Dataset) -> None:
    line = fit_arrhenius(published_table("insertion").temperature, published_table("insertion").k)
    own = _bulk_energy(table)
    every = np.linspace(0.2, 0.9, 40)
    for share, colour in zip(_SHARES, _COLOURS, strict=True):
        curve = [apparent_energy(share, own, float(energy)) for energy in every]
        ax.plot(every, curve, "-", color=colour, label=f"share {share:g}")
    for (share, energy), values in simulated_energies(table).items():
        colour = _COLOURS[int(np.argmin(np.abs(np.array(_SHARES) - share)))]
        ax.plot(energy, values["k_mean"], "o", color=colour, ms=6)
        ax.plot(energy, values["k_step"], "D", color=colour, ms=9, mfc="none")
    ax.axhspan(line.Ea_eV - line.Ea_eV_std, line.Ea_eV + line.Ea_eV_std, color="0.85", zorder=0)
    ax.set(xlabel="Ea of δD of the faces [eV]", ylabel="Ea of the apparent k [eV]")
    ax.set_title(
        f"Ea of D(Li7) {own:.3f} eV: k (1 + 2 l/H) (lines), simulated\nmean front (dots) and step in maps "
        "(open); grey: published", fontsize=9.5,
    )  # fmt: skip
    ax.legend(loc="upper left")


def _bulk_energy(table: xr.Dataset) -> float:
    first = table["surface_length"].values == table["surface_length"].values[0]
    kelvin = table["temperature_degC"].values[first] + ZERO_CELSIUS
    return fit_arrhenius(kelvin, table["k_bulk"].values[first]).Ea_eV


def _behind(page: Figure, ax: Axes) -> None:
    shares, energies = np.linspace(0.0, 0.95, 20), np.linspace(0.25, 0.95, 15)
    readings = [[bulk_behind_table(float(f), float(e)) for f in shares] for e in energies]
    bulk = np.array([[r.bulk_Ea_eV for r in row] for row in readings])
    p_value = np.array([[r.p_value for r in row] for row in readings])
    levels = np.arange(0.2, 1.05, 0.1)
    shown = ax.contourf(
        shares, energies, np.clip(bulk, 0.0, 1.2), levels=levels, cmap="cividis", extend="both"
    )
    page.colorbar(shown, ax=ax, shrink=0.85).set_label("Ea of D(Li7) that fits Table 1 [eV]")
    ax.contourf(shares, energies, p_value, levels=[-1.0, _BEND], hatches=["///"], colors="none")
    ax.contour(shares, energies, p_value, levels=[_BEND], colors="white", linewidths=1.8)
    ax.set(xlabel="share of the faces in k at 75 °C (assumed)", ylabel="Ea of δD of the faces [eV] (assumed)")
    ax.set_title(
        "what Table 1 leaves to the bulk; hatched: its points are\nstraighter than that (F test, p < 0.05)",
        fontsize=9.5,
    )


def _lines(ax: Axes) -> None:
    table = published_table("insertion")
    line = fit_arrhenius(table.temperature, table.k)
    every = np.linspace(table.temperature.min() - 4.0, table.temperature.max() + 4.0, 80)
    reference = line.predict(every)
    error = np.log(table.k / line.predict(table.temperature))
    bars = table.k_std / table.k
    ax.errorbar(
        _INVERSE / table.temperature, error, yerr=bars, fmt="o", color="black", ms=5, capsize=3,
        label="Table 1, bars over particles",
    )  # fmt: skip
    shown = ((0.5, 0.30, "#56B4E9"), (0.5, 0.45, "#0072B2"), (0.9, 0.45, "#D55E00"), (0.9, 0.75, "#CC79A7"))
    for share, energy, colour in shown:
        found = bulk_behind_table(share, energy)
        k = parallel_rates(every, share, found.bulk_Ea_eV, energy)
        middle = _rate(found.D_Li7 / (1.0 - share)) * k
        label = f"share {share:g}, faces {energy:g} eV, bulk {found.bulk_Ea_eV:.2f} eV"
        ax.plot(_INVERSE / every, np.log(middle / reference), "-", color=colour, label=label)
    ax.axhline(0.0, color="0.6", lw=0.8, zorder=0)
    ax.set(xlabel="1000/T [1/K]", ylabel="ln k − straight line through Table 1")
    ax.set_ylim(-0.75, 1.35)
    ax.legend(loc="upper center", fontsize=8.5)
    ax.set_title("best fits of bulk and faces to Table 1: other Ea bend it", fontsize=9.5)


def _rate(diffusivity: float) -> float:
    """Rate constant at 75 degC [m2 s-1] that an apparent diffusivity means."""
    base = bulk_behind_table(0.0, 0.59)
    line = fit_arrhenius(published_table("insertion").temperature, published_table("insertion").k)
    return float(line.predict([REFERENCE])[0]) * diffusivity / base.D_Li7


def plot_surface_region(grid: xr.Dataset) -> Figure:
    """Region of faces and perimeter, and projected maps when half of the particle is transformed.

    Parameters
    ----------
    grid : From `consistent_surfaces`.
    """
    with styled():
        page = figure(16.0, 7.8)
        left, right = np.ravel(np.asarray(page.subfigures(1, 2, width_ratios=(9.4, 6.6))))
        _region(left.subplots(), grid)
        _maps(right, grid)
        temperature, thickness = grid.attrs["temperature_K"] - ZERO_CELSIUS, 1e9 * grid.attrs["thickness_m"]
        page.suptitle(
            f"Insertion at {temperature:g} °C in {thickness:.0f} nm: at every pair, D(Li7) is chosen so that "
            "the k read from maps is that of Table 1"
        )
        return page


def _classes(grid: xr.Dataset) -> NDArray[np.int64]:
    number = np.zeros(grid["consistent"].shape, dtype=np.int64)
    number[~grid["shell_visible"].values.astype(np.bool_)] = 1
    number[~grid["extraction_planar"].values.astype(np.bool_)] = 2
    number[~grid["follows_table"].values.astype(np.bool_)] = 3
    return number


def _region(ax: Axes, grid: xr.Dataset) -> None:
    rows, columns = grid.sizes["perimeter"], grid.sizes["share"]
    colours = ListedColormap([colour for _, colour in _CLASSES])
    ax.imshow(
        _classes(grid), cmap=colours, vmin=-0.5, vmax=len(_CLASSES) - 0.5, origin="lower", aspect="auto"
    )
    for i in range(rows):
        for j in range(columns):
            cell = grid.isel(perimeter=i, share=j)
            text = (
                f"D {power(float(cell['D_Li7']))}\ncontrast {float(cell['contrast']):.2f}\n"
                f"rim {100 * float(cell['closed']):.0f} %, lead {1e9 * float(cell['lead']):.0f} nm\n"
                f"between {100 * float(cell['between']):.0f} %"
            )
            ax.text(j, i, text, ha="center", va="center", fontsize=7.6)
    ax.set_xticks(range(columns), [f"{share:g}" for share in grid["share"].values])
    ax.set_yticks(range(rows), [power(float(value)) for value in grid["perimeter"].values])
    ax.spines[["top", "right"]].set_visible(True)
    ax.set_xlabel(f"share f of the faces in k of bulk and faces, l = H f / 2 (1 − f)\n{_WORDS}")
    ax.set_xticks(np.arange(columns - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(rows - 1) + 0.5, minor=True)
    ax.grid(which="minor", color="white", lw=1.5)
    ax.tick_params(which="minor", length=0)
    ax.set_ylabel("δDₛ of the perimeter [m³/s]")
    used = sorted({int(value) for value in _classes(grid).ravel()})
    handles = [Patch(facecolor=_CLASSES[n][1], edgecolor="0.4", label=_CLASSES[n][0]) for n in used]
    ax.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(handles), fontsize=8.5
    )


def _maps(part: SubFigure, grid: xr.Dataset) -> None:
    rows = sorted({grid.sizes["perimeter"] - 1, grid.sizes["perimeter"] // 2, 0}, reverse=True)
    columns = sorted({0, grid.sizes["share"] - 1})
    axes = part.subplots(len(rows), len(columns), squeeze=False)
    size = (float(grid.attrs["width_m"]), float(grid.attrs["height_m"]))
    image = None
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            cell = grid.isel(perimeter=row, share=column)
            conductance, share = power(float(cell["perimeter"])), float(cell["share"])
            text = f"δDₛ {conductance} m³/s, f = {share:g}: {float(cell['half_time']):.0f} s"
            image = draw_panel(axes[i, j], Panel(cell["image"].values, size, text), bar=(i, j) == (0, 0))
    if image is not None:
        bar = part.colorbar(image, ax=axes, location="bottom", shrink=0.5, aspect=40, pad=0.03)
        bar.set_label("projected Li fraction x, half of the particle transformed (orange: contact)")
