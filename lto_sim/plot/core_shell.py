"""Projected maps of both directions with the sections through the thickness under them, and rows of maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled

__all__ = ["CONTACT_COLOUR", "Panel", "ShellRow", "draw_panel", "plot_core_shell", "plot_panel_rows", "power"]

Floats = NDArray[np.float64]

CONTACT_COLOUR: Final = "#D55E00"

_MICROMETRE = 1e6
_NANOMETRE = 1e9
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Panel:
    """One map.

    Parameters
    ----------
    image : Li fraction (y, x).
    size : Width and height of what it shows [m].
    text : What stands above it.
    """

    image: Floats
    size: tuple[float, float]
    text: str


@dataclass(frozen=True, eq=False)
class ShellRow:
    """One direction: maps, and under each the section through the thickness at mid-height.

    Parameters
    ----------
    label : Label of the row.
    maps : Projected maps.
    sections : Li fraction (z, x) of the same states.
    thickness : Thickness of the lamella [m].
    """

    label: str
    maps: Sequence[Panel]
    sections: Sequence[Floats]
    thickness: float


def power(value: float, digits: int = 2) -> str:
    """Write `value`, in any unit, as 3.7×10⁻²⁰ with so many `digits`; 0 as 0."""
    if value == 0.0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_RAISED)}"


def draw_panel(ax: Axes, panel: Panel, *, bar: bool = True, contact: bool = True) -> AxesImage:
    """Draw one map to scale, its contact along the whole left side, and a bar of 0.5 um."""
    width, height = (_MICROMETRE * value for value in panel.size)
    extent = (0.0, width, height, 0.0)
    image = ax.imshow(
        panel.image, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=extent, interpolation="nearest"
    )
    if contact:
        ax.spines["left"].set_visible(False)
        ax.plot([0.0, 0.0], [0.0, height], color=CONTACT_COLOUR, lw=5, solid_capstyle="butt", clip_on=False)
    if bar:
        scale_bar(ax, extent, 0.5, "0.5 µm")
    ax.set_title(panel.text, fontsize=9)
    ax.set_xlim(0.0, width)
    ax.set_ylim(height, 0.0)
    ax.set_xticks([])
    ax.set_yticks([])
    return image


def plot_core_shell(rows: Sequence[ShellRow], title: str, caption: str) -> Figure:
    """Plot both directions on one scale of colour: maps in columns, sections through the thickness below.

    Parameters
    ----------
    rows : One for each direction.
    title : Title of the figure.
    caption : What the numbers are and how they are defined, in lines.
    """
    columns = max(len(row.maps) for row in rows)
    with styled():
        page = figure(2.3 * columns + 1.3, 2.75 * len(rows) + 1.7)
        grid = page.subplots(2 * len(rows), columns, height_ratios=[1.0, 0.3] * len(rows), squeeze=False)
        image: AxesImage | None = None
        for number, row in enumerate(rows):
            upper, lower = grid[2 * number], grid[2 * number + 1]
            for i, (above, below) in enumerate(zip(upper, lower, strict=True)):
                if i >= len(row.maps):
                    above.axis("off")
                    below.axis("off")
                    continue
                image = draw_panel(above, row.maps[i], bar=i == 0)
                _section(below, row.sections[i], row.maps[i].size[0], row.thickness)
            upper[0].set_ylabel(row.label, labelpad=8)
            lower[0].set_ylabel(f"z, {_NANOMETRE * row.thickness:.0f} nm", fontsize=8, labelpad=8)
        if image is not None:
            page.colorbar(image, ax=grid, shrink=0.6, pad=0.015).set_label("Li fraction x")
        page.suptitle(title)
        page.supxlabel(caption, fontsize=9, x=0.01, ha="left")
        return page


def _section(ax: Axes, section: Floats, width: float, thickness: float) -> None:
    """Draw a section through the thickness, the faces at its top and bottom; heights are stretched."""
    extent = (0.0, _MICROMETRE * width, _NANOMETRE * thickness, 0.0)
    ax.imshow(
        section, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=extent, interpolation="nearest", aspect="auto"
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(True)
    ax.spines["left"].set_visible(False)
    ends = [0.0, _NANOMETRE * thickness]
    ax.plot([0.0, 0.0], ends, color=CONTACT_COLOUR, lw=5, solid_capstyle="butt", clip_on=False)
    ax.set_xlim(0.0, extent[1])
    ax.set_ylim(extent[2], 0.0)
    ax.set_xticks([])
    ax.set_yticks([])


def plot_panel_rows(rows: Sequence[tuple[str, Sequence[Panel]]], title: str) -> Figure:
    """Plot rows of maps on one scale of colour, each row as (label, maps).

    Parameters
    ----------
    rows : Rows, from top to bottom.
    title : Title of the figure.
    """
    columns = max(len(panels) for _, panels in rows)
    with styled():
        page = figure(2.35 * columns + 0.9, 1.75 * len(rows) + 0.6)
        grid = page.subplots(len(rows), columns, squeeze=False)
        image: AxesImage | None = None
        for axes, (label, panels) in zip(grid, rows, strict=True):
            for i, ax in enumerate(axes):
                if i < len(panels):
                    image = draw_panel(ax, panels[i], bar=i == 0)
                else:
                    ax.axis("off")
            axes[0].set_ylabel(label, labelpad=8)
        if image is not None:
            page.colorbar(image, ax=grid, shrink=0.6, pad=0.015).set_label("Li fraction x")
        page.suptitle(title)
        return page
