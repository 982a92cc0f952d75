"""Picture of a specimen, to check it by eye before it is run.

Outline and thickness, contacts, grain boundaries and tracked profiles to scale, cells on request. The page is
made to fit the drawing; nothing that explains it lies on it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from lto_sim.plot import specimen_parts as parts
from lto_sim.plot.measures import Measures, measure
from lto_sim.plot.specimen_layout import Drawing, lay_out
from lto_sim.plot.specimen_text import boundary_label, caption, contact_label
from lto_sim.plot.style import figure, styled
from lto_sim.scenario import Scenario
from lto_sim.transport.model import Model

__all__ = ["plot_specimen"]

_WIDEST: Final = 4.8
_TALLEST: Final = 4.2
_NARROWEST: Final = 0.9
_FLATTEST: Final = 0.5
"""Limits of the drawing's size [inches]."""

_Look = dict[str, Any]

_AROUND: Final = 0.03
"""Empty margin, as part of the larger extent."""


def plot_specimen(model: Model, scenario: Scenario, *, mesh: bool = False) -> Figure:
    """Plot outline, thickness, contacts, grain boundaries and tracked profiles of a specimen.

    Parameters
    ----------
    model : What the scenario describes, from :func:`lto_sim.transport.build_model`.
    scenario : The scenario: its title, its profiles, and the temperature at which conductances are given.
    mesh : Show the cells, those that the wall cuts, and the elements of perimeter and grain boundaries.
    """
    with styled():
        page = figure(6.0, 6.0)
        page.set_layout_engine("none")
        sizes = measure(model)
        section = parts.cut_section(model) if sizes.varied else None
        drawing = _draw(page, model, scenario, sizes, section, mesh)
        lines = caption(model, sizes, scenario.temperature, drawing.grid)
        lay_out(page, drawing, scenario.title, lines, section, model.specimen.dead_layer)
        return page


def _draw(
    page: Figure, model: Model, scenario: Scenario, sizes: Measures, section: parts.Section | None, mesh: bool
) -> Drawing:
    x0, y0, x1, y1 = parts.frame(model.specimen.outline)
    unit, scale = ("µm", 1e6) if max(x1 - x0, y1 - y0) >= 0.9995e-6 else ("nm", 1e9)
    ax = page.add_subplot(gid="plan")
    size = _fit(ax, (x0 * scale, y0 * scale, x1 * scale, y1 * scale), unit)
    wall = parts.draw_outline(ax, model.specimen.outline, scale, filled=not sizes.varied)
    bars: list[tuple[ScalarMappable, str]] = []
    if sizes.varied:
        bars.append((parts.draw_thickness(ax, model, sizes, scale, wall), "thickness [nm]"))
    handles = _draw_named(ax, model, scenario, sizes, scale)
    if section is not None:
        handles.append(parts.mark_section(ax, section, scale, wall))
        handles[-1].set_label("section below")
    grid = ""
    if mesh:
        points = 72.0 * size[0] / float(np.ptp(ax.get_xlim()))
        every = parts.draw_grid(ax, model, scale, wall, points)
        grid = "" if every == 1 else f"; one grid line in {every} is drawn"
        cut = parts.draw_cut_cells(ax, model.mesh, scale)
        bars += [] if cut is None else [(cut, "part of a cut cell that is inside")]
        elements = parts.draw_elements(ax, model.mesh, scale, points)
        handles += [] if elements is None else [elements]
    return Drawing(ax, size, unit, scale, handles, bars, grid)


def _fit(ax: Axes, box: tuple[float, float, float, float], unit: str) -> tuple[float, float]:
    """Set the limits of the drawing, y down, and return its size [inches] to scale."""
    x0, y0, x1, y1 = box
    around = _AROUND * max(x1 - x0, y1 - y0)
    width, height = x1 - x0 + 2.0 * around, y1 - y0 + 2.0 * around
    inches = min(_WIDEST / width, _TALLEST / height)
    width, height = max(width, _NARROWEST / inches), max(height, _FLATTEST / inches)
    x, y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
    ax.set(xlim=(x - 0.5 * width, x + 0.5 * width), ylim=(y + 0.5 * height, y - 0.5 * height))
    ax.set(aspect="equal", xlabel=f"x [{unit}]", ylabel=f"y [{unit}]")
    size = width * inches, height * inches
    _ticks(ax.xaxis, size[0], (x0, x1), ({"ha": "right"}, {"ha": "left"}))
    _ticks(ax.yaxis, size[1], (y0, y1), ({"va": "bottom"}, {"va": "top"}))
    return size


def _ticks(axis: Axis, length: float, ends: tuple[float, float], sides: tuple[_Look, _Look]) -> None:
    """Put round ticks on an axis of `length` [inches], or where too short the two ends of the specimen."""
    if length >= 1.5 * _NARROWEST:
        axis.set_major_locator(MaxNLocator(int(np.clip(length / 0.6, 2, 6)), steps=[1, 2, 5, 10]))
        axis.set_major_formatter(ScalarFormatter(useOffset=False))
        return
    axis.set_ticks(ends, [f"{end:.4g}" for end in ends])
    for label, side in zip(axis.get_ticklabels(), sides, strict=True):
        label.set(**side)


def _draw_named(ax: Axes, model: Model, scenario: Scenario, sizes: Measures, scale: float) -> list[Artist]:
    """Draw all that the legend names: contacts, grain boundaries, profiles."""
    contacts, boundaries = parts.draw_contacts(ax, model, scale), parts.draw_boundaries(ax, model, scale)
    for contact, line in zip(model.contacts, contacts, strict=True):
        line.set_label(contact_label(contact, sizes.contacts[contact.name], scenario.temperature))
    for boundary, line in zip(model.boundaries, boundaries, strict=True):
        line.set_label(boundary_label(boundary, scenario.temperature))
    handles: list[Artist] = [*contacts, *boundaries]
    for profile in scenario.profile:
        parts.draw_profile(ax, profile.start, profile.end, profile.width, scale)
    if scenario.profile:
        word = "tracked profile" if len(scenario.profile) == 1 else "tracked profiles"
        look: _Look = {"color": "black", "linewidth": 0.9, "marker": ">", "markersize": 4.0}
        handles.append(Line2D([], [], label=f"{word}\naveraged over the grey strip", **look))
    return handles
