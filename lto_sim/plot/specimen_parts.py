"""What a picture of a specimen is made of: every function draws one part of it on given axes, to scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, PathPatch, Polygon
from matplotlib.path import Path
from numpy.typing import NDArray

from lto_sim.plot.measures import Measures
from lto_sim.specimen import Mesh, Outline, Radial, Rectangle, Slab, Wedge, thickness_at
from lto_sim.transport.drawings import contact_lines, outline_lines
from lto_sim.transport.model import Model

__all__ = [
    "BOUNDARY_COLOURS",
    "CONTACT_COLOURS",
    "FRACTION_COLOURS",
    "THICKNESS_COLOURS",
    "Section",
    "cut_section",
    "draw_boundaries",
    "draw_contacts",
    "draw_cut_cells",
    "draw_elements",
    "draw_grid",
    "draw_outline",
    "draw_profile",
    "draw_section",
    "draw_thickness",
    "frame",
    "mark_section",
]

Floats = NDArray[np.float64]

CONTACT_COLOURS: Final = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
    "#6A3D9A", "#8C564B", "#A6A600", "#E31A8A", "#00A79D", "#31407F",
)  # fmt: skip
"""Okabe-Ito without black and yellow, then others; from the thirteenth contact on they come again."""

BOUNDARY_COLOURS: Final = ("#882255", "#332288", "#117733", "#AA4499")
"""Dark colours of Tol's muted set."""

PLAIN: Final = "#e4e9ed"
_WALL: Final = "#30363b"
_GRID: Final = "#8a949c"
_SAMPLES = 400
_FINEST = 4.0
"""Distance between drawn grid lines [points]; finer grids are thinned out."""

_DENSEST = 4.5
"""Distance between drawn surface elements [points]."""


def _part_of(name: str, low: float, high: float) -> ListedColormap:
    return ListedColormap(mpl.colormaps[name](np.linspace(low, high, 256)))


THICKNESS_COLOURS: Final[Colormap] = _part_of("bone_r", 0.06, 0.5)
"""Light to grey, thin to thick: coloured lines stay legible on it."""

FRACTION_COLOURS: Final[Colormap] = _part_of("YlOrBr_r", 0.25, 0.95)
"""Brown (hardly any of the cell is inside) to pale yellow (nearly all of it)."""


@dataclass(frozen=True, eq=False)
class Section:
    """Cut through the thickness along a line through the middle.

    Parameters
    ----------
    axis : 0 along x, 1 along y.
    at : Place of the cut on the other axis [m].
    along : Points on the cut [m].
    thickness : Total thickness there [m]; NaN outside.
    """

    axis: int
    at: float
    along: Floats
    thickness: Floats


def _clip(outline: Outline) -> Path:
    """Outline with holes; exterior and holes run in opposite senses, so that the holes stay empty."""
    exterior, *holes = outline_lines(outline)
    shape = shapely.Polygon(exterior, holes).normalize()
    rings = [np.asarray(ring.coords) for ring in (shape.exterior, *shape.interiors)]
    return Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))


def frame(outline: Outline) -> tuple[float, float, float, float]:
    """Bounding box (x0, y0, x1, y1) [m] of what is drawn: of a radial body the whole circle."""
    points = np.concatenate(outline_lines(outline))
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def draw_outline(ax: Axes, outline: Outline, scale: float, filled: bool) -> PathPatch:
    """Draw the wall, holes included; filled plainly or not at all. Lengths times `scale` are the axes'."""
    path = _clip(outline)
    shown = Path(np.asarray(path.vertices) * scale, path.codes)
    if filled:
        ax.add_patch(PathPatch(shown, facecolor=PLAIN, edgecolor="none", zorder=1, gid="fill"))
    wall = PathPatch(shown, facecolor="none", edgecolor=_WALL, linewidth=1.0, zorder=4, gid="outline")
    ax.add_patch(wall)
    return wall


def draw_thickness(ax: Axes, model: Model, sizes: Measures, scale: float, wall: PathPatch) -> AxesImage:
    """Fill the outline with the colours of its thickness [nm]."""
    outline, thickness = model.specimen.outline, model.specimen.thickness
    x0, y0, x1, y1 = frame(outline)
    step = max(x1 - x0, y1 - y0) / _SAMPLES
    nx, ny = (max(2, round(extent / step)) for extent in (x1 - x0, y1 - y0))
    x, y = ((np.arange(n) + 0.5) / n * (b - a) + a for n, a, b in ((nx, x0, x1), (ny, y0, y1)))
    values = thickness_at(thickness, outline, *np.meshgrid(x, y))
    low, high = sizes.thickness or (0.0, 1.0)
    image = ax.imshow(
        np.ma.masked_invalid(values) * 1e9, extent=(x0 * scale, x1 * scale, y1 * scale, y0 * scale),
        cmap=THICKNESS_COLOURS, vmin=low * 1e9, vmax=high * 1e9, interpolation="nearest", zorder=1,
    )  # fmt: skip
    image.set_clip_path(wall)
    return image


def draw_contacts(ax: Axes, model: Model, scale: float) -> list[LineCollection]:
    """Draw every contact as one thick line, in the order of the model."""
    drawn = []
    for number, contact in enumerate(model.contacts):
        lines = [line * scale for line in contact_lines(model.specimen.outline, contact)]
        colour = CONTACT_COLOURS[number % len(CONTACT_COLOURS)]
        collection = LineCollection(
            lines, colors=colour, linewidths=4.5, capstyle="butt", zorder=5, gid=f"contact {contact.name}"
        )
        drawn.append(collection)
        ax.add_collection(collection)
    return drawn


def draw_boundaries(ax: Axes, model: Model, scale: float) -> list[LineCollection]:
    """Draw every grain boundary dashed, in the order of the model."""
    drawn = []
    for number, boundary in enumerate(model.boundaries):
        colour = BOUNDARY_COLOURS[number % len(BOUNDARY_COLOURS)]
        collection = LineCollection(
            [line * scale for line in boundary.lines], colors=colour, linewidths=1.6, linestyles="dashed",
            zorder=4.5, gid=f"boundary {boundary.name}",
        )  # fmt: skip
        drawn.append(collection)
        ax.add_collection(collection)
    return drawn


def draw_profile(
    ax: Axes, start: Sequence[float], end: Sequence[float], width: float, scale: float
) -> FancyArrowPatch:
    """Draw a tracked profile as an arrow, and the strip that is averaged."""
    begin, finish = np.asarray(start) * scale, np.asarray(end) * scale
    along = (finish - begin) / np.hypot(*(finish - begin))
    half = 0.5 * width * scale * np.array([-along[1], along[0]])
    corners = np.stack([begin + half, finish + half, finish - half, begin - half])
    ax.add_patch(Polygon(corners, facecolor="black", alpha=0.07, edgecolor="none", zorder=2, gid="strip"))
    arrow = FancyArrowPatch(
        tuple(begin), tuple(finish), arrowstyle="-|>", mutation_scale=8.0, linewidth=0.9, color="black",
        shrinkA=0.0, shrinkB=0.0, zorder=6, gid="profile",
    )  # fmt: skip
    ax.add_patch(arrow)
    return arrow


def draw_grid(ax: Axes, model: Model, scale: float, wall: PathPatch, points: float) -> int:
    """Draw the grid inside the outline.

    Parameters
    ----------
    ax, model, scale, wall : Where, what, and the outline that clips it.
    points : Size of one unit of the axes on paper [points].

    Returns
    -------
    n, where every n-th line is drawn: 1 unless the cells are too small to be seen.
    """
    outline, mesh = model.specimen.outline, model.mesh
    x0, y0, x1, y1 = frame(outline)
    cell = float(mesh.x_face[1] - mesh.x_face[0])
    if not isinstance(outline, Radial | Slab):
        cell = min(cell, float(mesh.y_face[1] - mesh.y_face[0]))
    every = max(1, int(np.ceil(_FINEST / (cell * scale * points))))
    if isinstance(outline, Radial):
        angle = np.linspace(0.0, 2.0 * np.pi, 181)
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        lines = [r * circle for r in mesh.x_face[1::every]]
    else:
        lines = [np.array([[x, y0], [x, y1]]) for x in mesh.x_face[::every]]
        lines += [np.array([[x0, y], [x1, y]]) for y in mesh.y_face[::every]]
    drawn = LineCollection(
        [line * scale for line in lines], colors=_GRID, linewidths=0.35, zorder=3, gid="grid"
    )
    ax.add_collection(drawn)
    drawn.set_clip_path(wall)
    return every


def draw_cut_cells(ax: Axes, mesh: Mesh, scale: float) -> AxesImage | None:
    """Tint the cells that the wall cuts by the part of them inside; None where there is none."""
    cut = (mesh.fraction > 0.0) & (mesh.fraction < 1.0 - 1e-9)
    if not cut.any():
        return None
    left, right = (float(mesh.x_face[end]) * scale for end in (0, -1))
    top, bottom = (float(mesh.y_face[end]) * scale for end in (0, -1))
    return ax.imshow(
        np.ma.masked_array(mesh.fraction, ~cut), extent=(left, right, bottom, top),
        cmap=FRACTION_COLOURS, vmin=0.0, vmax=1.0, interpolation="nearest", zorder=2.5, gid="cut cells",
    )  # fmt: skip


def draw_elements(ax: Axes, mesh: Mesh, scale: float, points: float) -> Line2D | None:
    """Put a point in the middle of every element of perimeter and boundaries; None where there is none.

    Parameters
    ----------
    ax, mesh, scale : Where and what.
    points : Size of one unit of the axes on paper [points]; where elements are too dense some are left out.
    """
    surface = mesh.surface
    shown = (surface.kind != 1) & (surface.cell[:, 0] == 0)
    if not shown.any():
        return None
    apart = float(surface.length[shown].mean()) * scale * points
    every = max(1, int(np.ceil(_DENSEST / apart)))
    x, y = surface.position[shown, :2][::every].T * scale
    (drawn,) = ax.plot(
        x, y, "o", markersize=2.4, color="white", markeredgecolor="black", markeredgewidth=0.6, zorder=7,
        gid="elements",
    )  # fmt: skip
    drawn.set_label("middle of a surface element" + ("" if every == 1 else f"\n(one in {every} shown)"))
    return drawn


def mark_section(ax: Axes, section: Section, scale: float, wall: PathPatch) -> Line2D:
    """Show in the drawing where the section is."""
    ends = np.array([section.along[0], section.along[-1]]) * scale
    x, y = (ends, np.full(2, section.at * scale))[:: 1 - 2 * section.axis]
    (line,) = ax.plot(
        x, y, color="black", linewidth=0.7, linestyle=(0, (8, 3, 1.5, 3)), zorder=2.7, gid="cut"
    )
    line.set_clip_path(wall)
    return line


def cut_section(model: Model) -> Section:
    """Cut through the middle, along the axis of a wedge; of a map along the one with more of a slope."""
    outline, thickness = model.specimen.outline, model.specimen.thickness
    x0, y0, x1, y1 = outline.bounds
    if isinstance(thickness, Wedge):
        return _section(model, "xy".index(thickness.axis))
    longer = int(y1 - y0 > x1 - x0)
    sections = [_section(model, axis) for axis in (longer, 1 - longer)]
    first, second = (_range(section.thickness) for section in sections)
    return sections[int(second > 1.5 * first)]


def _range(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.ptp(known)) if known.size else 0.0


def _section(model: Model, axis: int) -> Section:
    outline = model.specimen.outline
    x0, y0, x1, y1 = outline.bounds
    start, end = ((x0, x1), (y0, y1))[axis]
    at = 0.5 * ((y0 + y1), (x0 + x1))[axis]
    along = np.linspace(start, end, _SAMPLES + 1)
    x, y = (along, np.full_like(along, at))[:: 1 - 2 * axis]
    values = thickness_at(model.specimen.thickness, outline, x, y)
    if not isinstance(outline, Rectangle | Slab):
        exterior, *holes = outline_lines(outline)
        values = np.where(shapely.intersects_xy(shapely.Polygon(exterior, holes), x, y), values, np.nan)
    return Section(axis, at, along, values)


def draw_section(ax: Axes, section: Section, dead_layer: float, scale: float) -> None:
    """Draw both faces about the mid-plane [nm] and the walls, the dead layers hatched."""
    along, half = section.along * scale, 0.5e9 * section.thickness
    ax.fill_between(along, -half, half, facecolor=PLAIN, edgecolor=_WALL, linewidth=1.0, gid="body")
    if dead_layer <= 0.0:
        return
    for sign in (-1.0, 1.0):
        inner = half - 1e9 * dead_layer
        ax.fill_between(
            along, sign * inner, sign * half, facecolor="none", edgecolor=_WALL, hatch="/////", linewidth=0.0,
            gid="dead layer",
        )  # fmt: skip
