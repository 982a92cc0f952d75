"""The picture of a movie: what stands still is drawn once, maps are looked up in their colours and put in.

The page is laid out in pixels, so that every map lies on whole pixels: title; time and speed; panels with
their names; colour bars. Sizes follow from the width of the page alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lto_sim.microscope.frames import cell_faces
from lto_sim.plot.movie_marks import Mark, PanelMarks, Stamp, cut_out
from lto_sim.plot.movie_scenes import MoviePanel, MovieScene
from lto_sim.plot.style import styled

__all__ = ["MoviePage", "colour_table"]

Picture = NDArray[np.uint8]

_UNKNOWN: Final = 204
"""Grey of what is not known."""
_TALLEST: Final = 0.6
"""Height of the panels over the width of the page."""
_POINTS: Final = 10.0
"""Size of text [pt] that the figures' common look means by normal."""
_BAR_LONGEST: Final = 30.0
"""Of a colour bar, in text sizes."""
_LETTER: Final = 0.55
"""Width of a letter, in text sizes."""


def colour_table(name: str) -> Picture:
    """The 256 colours of a colour map, (256, 3)."""
    return np.asarray(np.rint(mpl.colormaps[name](np.arange(256))[:, :3] * 255.0), dtype=np.uint8)


@dataclass(frozen=True)
class _Box:
    """A rectangle on the page [pixels], from its top left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def place(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def on(self, page: tuple[int, int]) -> tuple[float, float, float, float]:
        """Left, bottom, width and height as parts of a page (width, height)."""
        bottom = page[1] - self.top - self.height
        return self.left / page[0], bottom / page[1], self.width / page[0], self.height / page[1]


class MoviePage:
    """A movie's frames as pictures.

    Parameters
    ----------
    scene : What is shown.
    width : Width of the page [pixels]; an odd one becomes even.
    title : Above everything; may be empty.
    speed : Speed in words.
    colours : Colour map of panels without one of their own.
    """

    def __init__(self, scene: MovieScene, width: int, title: str, speed: str, colours: str) -> None:
        self.scene, self.colours = scene, colours
        self._page_width = width + width % 2
        self._size = max(9.0, 0.0145 * self._page_width)
        self._faces = cell_faces(scene.x), cell_faces(scene.y)
        top = self._px(2.5 if title else 0.5)
        self._stamp = Stamp(self._size, self._page_width, self._px(1.0), scene.time, speed, top)
        self._lay_out()
        self.tables = {name: colour_table(name) for name in dict.fromkeys(map(self._map_of, scene.panels))}
        self._values = [_reduced(panel.values, box.height, box.width)
                        for panel, box in zip(scene.panels, self._boxes, strict=True)]  # fmt: skip
        self._background = self._draw_still(title)
        self._marks = PanelMarks(
            (self._boxes[0].height, self._boxes[0].width), self._faces, 0.09 * self._size, scene.half
        )
        self._bar = self._draw_scale_bar()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height [pixels], both even."""
        return self._page_width, self._page_height

    def boxes(self) -> list[tuple[slice, slice]]:
        """Rows and columns of the page that every panel's map takes up."""
        return [box.place for box in self._boxes]

    def frame(self, number: int) -> Picture:
        """Picture of a frame of the series, (rows, columns, 3)."""
        picture = self._background.copy()
        marks = self._marks.lines(number, None if self.scene.fronts is None else self.scene.fronts[number])
        for n, (panel, box) in enumerate(zip(self.scene.panels, self._boxes, strict=True)):
            image = self._coloured(panel, self._values[n][number], box)
            for place, drawn in marks if n else [*marks, self._bar]:
                _blend(image[place], drawn)
            picture[box.place] = image
        self._stamp.draw(picture, float(self.scene.time[number]))
        return picture

    def _px(self, sizes: float) -> int:
        return round(sizes * self._size)

    def _map_of(self, panel: MoviePanel) -> str:
        return panel.colours or self.colours

    def _lay_out(self) -> None:
        """Boxes of panels and colour bars, and the height of the page."""
        count, width = len(self.scene.panels), self._page_width
        margin, gap = self._px(1.0), self._px(0.9)
        column = (width - 2 * margin - (count - 1) * gap) // count
        x_face, y_face = self._faces
        aspect = float((y_face[-1] - y_face[0]) / (x_face[-1] - x_face[0]))
        shown = min(column, round(_TALLEST * width / aspect))
        shown, tall = max(shown, 8), max(round(shown * aspect), 8)
        top = self._names_top = self._stamp.bottom
        top += self._px(1.6) if any(panel.title for panel in self.scene.panels) else self._px(0.2)
        left = (width - count * shown - (count - 1) * gap) // 2
        self._boxes = [_Box(left + n * (shown + gap), top, shown, tall) for n in range(count)]
        self._bar_top = top + tall + self._px(0.8)
        height = self._bar_top + self._px(4.0)
        self._page_height = height + height % 2

    def _figure(self) -> Figure:
        dpi = 72.0 * self._size / _POINTS
        inches = [(side + 1e-6) / dpi for side in self.size]
        page = Figure(figsize=(inches[0], inches[1]), dpi=dpi)
        FigureCanvasAgg(page)
        return page

    def _draw_still(self, title: str) -> Picture:
        with styled():
            page = self._figure()
            page.patch.set_facecolor("white")
            width, height = self.size
            if title:
                y = 1.0 - 1.4 * self._size / height
                page.text(0.5, y, title, ha="center", va="center", fontsize=1.2 * _POINTS, fontweight="bold")
            for panel, box in zip(self.scene.panels, self._boxes, strict=True):
                middle = (box.left + 0.5 * box.width) / width
                y = 1.0 - (self._names_top + 0.8 * self._size) / height
                page.text(middle, y, panel.title, ha="center", va="center", fontsize=1.05 * _POINTS)
                frame = _Box(box.left - 1, box.top - 1, box.width + 2, box.height + 2)
                ax = page.add_axes(frame.on(self.size), facecolor=str(_UNKNOWN / 255.0))
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set(visible=True, color="0.4", linewidth=0.6)
            self._draw_colour_bars(page)
            return _rgba(page)[..., :3].copy()

    def _draw_colour_bars(self, page: Figure) -> None:
        """One bar under all neighbours that share colours and values."""
        panels, boxes = self.scene.panels, self._boxes
        first = 0
        for last, panel in enumerate(panels):
            following = panels[last + 1] if last + 1 < len(panels) else None
            if following is not None and self._scale_of(following) == self._scale_of(panel):
                continue
            group = panels[first : last + 1]
            left, right = boxes[first].left, boxes[last].left + boxes[last].width
            long = min(right - left, self._px(_BAR_LONGEST)) - self._px(2.0)
            box = _Box((left + right - long) // 2, self._bar_top, long, self._px(0.75))
            ax = page.add_axes(box.on(self.size))
            mapped = ScalarMappable(Normalize(*panel.limits), self._map_of(panel))
            bar = page.colorbar(mapped, cax=ax, orientation="horizontal", extend=_beyond(group))
            room = 1.25 * (right - left) / (_LETTER * self._size * len(panel.label))
            bar.set_label(panel.label, fontsize=_POINTS * min(1.0, room))
            bar.ax.tick_params(labelsize=0.9 * _POINTS, length=2.5, pad=1.5)
            bar.ax.xaxis.labelpad = 1.0
            if long < 12 * self._size:
                bar.ax.xaxis.set_major_locator(MaxNLocator(3))
            first = last + 1

    def _scale_of(self, panel: MoviePanel) -> tuple[str, tuple[float, float], str]:
        return self._map_of(panel), panel.limits, panel.label

    def _draw_scale_bar(self) -> Mark:
        """White with a dark rim, in the lower right corner of the first panel."""
        x_face = self._faces[0]
        extent = float(x_face[-1] - x_face[0])
        factor, unit = (1e9, "nm") if extent < 2e-6 else (1e6, "µm")
        box, length = self._boxes[0], nice_length(0.3 * extent * factor)
        long, right = length / (extent * factor) * box.width, box.width - 0.9 * self._size
        bottom, thick = box.height - 0.7 * self._size, 0.35 * self._size
        rim = [patheffects.withStroke(linewidth=0.3 * _POINTS, foreground="black")]
        with styled():
            page = self._figure()
            page.patch.set_alpha(0.0)
            ax = page.add_axes(box.on(self.size))
            ax.set_axis_off()
            ax.set(xlim=(0.0, box.width), ylim=(box.height, 0.0))
            for colour, edge in (("black", 0.08 * self._size), ("white", 0.0)):
                corner = (right - long - edge, bottom - thick - edge)
                sides = (long + 2.0 * edge, thick + 2.0 * edge)
                ax.add_patch(Rectangle(corner, *sides, facecolor=colour, edgecolor="none", snap=True))
            label = ax.text(right - 0.5 * long, bottom - 1.6 * thick, f"{length:g} {unit}", color="white")
            label.set(ha="center", va="bottom", fontsize=_POINTS, fontweight="bold", path_effects=rim)
            drawn = _rgba(page)[box.place]
        return cut_out(drawn.astype(np.float32) / np.float32(255.0))

    def _coloured(self, panel: MoviePanel, values: NDArray[np.floating], box: _Box) -> Picture:
        """A map in its colours, at the size of its box."""
        low, high = panel.limits
        known = np.isfinite(values)
        part = np.where(known, (values - low) / (high - low), 0.0)
        index = np.clip((part * 256.0).astype(np.int32), 0, 255)
        image = self.tables[self._map_of(panel)][index]
        image[~known] = _UNKNOWN
        rows = np.arange(box.height) * values.shape[0] // box.height
        columns = np.arange(box.width) * values.shape[1] // box.width
        grown: Picture = np.take(np.take(image, columns, axis=1), rows, axis=0)
        return grown


def nice_length(length: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is not above `length`."""
    power = 10.0 ** math.floor(math.log10(length))
    return max(step for step in (1.0, 2.0, 5.0) if step * power <= length * 1.000001) * power


def _beyond(panels: tuple[MoviePanel, ...]) -> str:
    """Ends of a colour bar beyond which there are values: neither, min, max, both."""
    low = any(np.nanmin(p.values, initial=np.inf) < p.limits[0] for p in panels)
    high = any(np.nanmax(p.values, initial=-np.inf) > p.limits[1] for p in panels)
    return {(False, False): "neither", (True, False): "min", (False, True): "max"}.get((low, high), "both")


def _reduced(values: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.floating]:
    """Means over the parts of maps that fall on one pixel of the page, where maps have more than that."""
    for axis, most in ((1, rows), (2, columns)):
        size = values.shape[axis]
        if size <= most:
            continue
        starts = np.arange(most) * size // most
        known = np.isfinite(values)
        total = np.add.reduceat(np.where(known, values, 0.0), starts, axis=axis)
        count = np.add.reduceat(known, starts, axis=axis, dtype=np.int64)
        values = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return values


def _blend(image: Picture, drawn: NDArray[np.float32]) -> None:
    """Lay colours (rows, columns, 4) from 0 to 1, the last of them opacity, over an image in place."""
    opacity = drawn[..., 3:]
    image[...] = np.rint(image * (1.0 - opacity) + 255.0 * drawn[..., :3] * opacity).astype(np.uint8)


def _rgba(page: Figure) -> Picture:
    canvas = FigureCanvasAgg(page)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba(), dtype=np.uint8)  # type: ignore[no-untyped-call]
