"""The page of a specimen's picture: every block is measured, then placed, so that nothing overlaps.

Legend and colour bars stand to the right of the drawing, the section beneath, numbers at the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from lto_sim.plot.measures import write_length
from lto_sim.plot.specimen_parts import Section, draw_section
from lto_sim.plot.specimen_text import wrapped

__all__ = ["Drawing", "lay_out"]

# All in inches.
_PAGE: Final = 6.2
_LEFT: Final = 0.8  # at least: ticks and label of an upright axis
_GAP: Final = 0.3
_EDGE: Final = 0.15
_AXIS: Final = 0.6  # ticks and label of a horizontal axis
_BAR: Final = 2.0
_BAR_ROOM: Final = 0.7
_SECTION: Final = 0.9
_LINE: Final = 0.19
_TITLE_LETTER: Final = 0.088
_LETTER: Final = 0.072


@dataclass(frozen=True, eq=False)
class Drawing:
    """The drawing and what explains it.

    Parameters
    ----------
    ax : The drawing.
    size : Its width and height [inches].
    unit, scale : Unit of its axes, and how many of them make a metre.
    handles : Entries of the legend.
    bars : Colours to be explained, and their labels.
    grid : What to say of the grid.
    """

    ax: Axes
    size: tuple[float, float]
    unit: str
    scale: float
    handles: list[Artist]
    bars: list[tuple[ScalarMappable, str]]
    grid: str


@dataclass(frozen=True, eq=False)
class _Page:
    """A page of known size, measured from its top left corner [inches]."""

    figure: Figure
    width: float
    height: float

    def point(self, left: float, top: float) -> tuple[float, float]:
        return left / self.width, 1.0 - top / self.height

    def box(self, left: float, top: float, width: float, height: float) -> tuple[float, float, float, float]:
        return (*self.point(left, top + height), width / self.width, height / self.height)


def lay_out(
    figure: Figure,
    drawing: Drawing,
    title: str,
    lines: dict[str, str],
    section: Section | None,
    dead_layer: float,
) -> None:
    """Make the page as large as its blocks, and place them from the top down.

    Parameters
    ----------
    figure, drawing : The page and the drawing on it.
    title : Title; may be empty.
    lines : Names and texts at the bottom.
    section, dead_layer : The section beneath the drawing, if any, and the dead layer on either face [m].
    """
    width, height = drawing.size
    left = max(_LEFT, _overhang(drawing.ax) + 0.5 * _EDGE)
    legend = figure.legend(handles=drawing.handles, loc="upper left", borderaxespad=0.0, labelspacing=0.8)
    for entry in legend.get_texts():
        entry.set_parse_math(False)  # names are the user's
    column, named = _inches(legend)
    across = max(_PAGE, left + width + _GAP + max(column, _BAR * bool(drawing.bars)) + _EDGE)
    heading = figure.text(0.0, 0.0, wrapped(title, int(across / _TITLE_LETTER)), fontsize=11.0, va="top")
    heading.set_parse_math(False)
    notes = _notes(lines, int((across - left - _EDGE) / _LETTER))
    top = _EDGE + (_inches(heading)[1] + _EDGE) * bool(title)
    explained = named + 0.25 + _BAR_ROOM * len(drawing.bars)
    middle = top + max(height + _AXIS, explained)
    bottom = middle + (0.3 + _SECTION + _AXIS) * (section is not None)
    page = _Page(figure, across, bottom + _LINE * (len(notes) + 0.5) + _EDGE)
    figure.set_size_inches(page.width, page.height)
    drawing.ax.set_position(page.box(left, top, width, height))
    right = left + width + _GAP
    legend.set_bbox_to_anchor(page.point(right, top))
    heading.set_position(page.point(_EDGE, _EDGE))
    _place_bars(page, drawing, right + 0.05, top + named + 0.25)
    if section is not None:
        _place_section(page, drawing, section, dead_layer, (left, middle + 0.3))
    for number, (name, text) in enumerate(notes, start=1):
        figure.text(*page.point(_EDGE, bottom + _LINE * number), name, fontsize=9.0, color="0.4")
        figure.text(*page.point(left + 0.1, bottom + _LINE * number), text, fontsize=9.0)


def _inches(artist: Legend | Text) -> tuple[float, float]:
    """Width and height of what has been put on a page."""
    page = artist.get_figure(root=True)
    dpi = 100.0 if page is None else page.dpi
    extent = artist.get_window_extent()
    return float(extent.width / dpi), float(extent.height / dpi)


def _overhang(ax: Axes) -> float:
    """Width [inches] of ticks and label to the left of a drawing."""
    page = ax.get_figure(root=True)
    extent = ax.yaxis.get_tightbbox()
    return 0.0 if page is None or extent is None else float((ax.bbox.x0 - extent.x0) / page.dpi)


def _notes(lines: dict[str, str], letters: int) -> list[tuple[str, str]]:
    """Names and texts, long texts in several lines."""
    notes = []
    for name, text in lines.items():
        first, *others = wrapped(text, letters).split("\n")
        notes += [(name, first), *(("", other) for other in others)]
    return notes


def _place_bars(page: _Page, drawing: Drawing, left: float, top: float) -> None:
    for number, (colours, label) in enumerate(drawing.bars):
        ax = page.figure.add_axes(page.box(left, top + number * _BAR_ROOM, _BAR - 0.2, 0.12), gid=label)
        ticks = np.linspace(*colours.get_clim(), 3)
        page.figure.colorbar(colours, cax=ax, orientation="horizontal", ticks=ticks, format="%.4g")
        ax.tick_params(labelsize=9.0)
        ax.set_xlabel(label, fontsize=9.0, loc="left")


def _place_section(
    page: _Page, drawing: Drawing, section: Section, dead_layer: float, corner: tuple[float, float]
) -> None:
    """Draw the section, along x beneath the same x of the drawing."""
    along, across = ("x", "y") if section.axis == 0 else ("y", "x")
    wide = drawing.size[0] if section.axis == 0 else max(drawing.size[0], 3.0)
    ax = page.figure.add_axes(page.box(*corner, wide, _SECTION), gid="section")
    draw_section(ax, section, dead_layer, drawing.scale)
    ends = section.along[[0, -1]] * drawing.scale
    limits = (
        drawing.ax.get_xlim() if section.axis == 0 else ends + 0.03 * np.ptp(ends) * np.array([-1.0, 1.0])
    )
    half = 0.575e9 * float(np.nanmax(section.thickness))
    ax.set(xlim=tuple(limits), ylim=(-half, half), xlabel=f"{along} [{drawing.unit}]", ylabel="z [nm]")
    dead = ", dead layers hatched" if dead_layer > 0.0 else ""
    words = f"section at {across} = {write_length(section.at)}, z stretched{dead}"
    ax.set_title(words, fontsize=9.0, loc="left", pad=4.0)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
