"""A page as data: what its sections say, before any of it is HTML.

Sections are written by the modules that know the results; :mod:`lto_sim.report.html` turns a page into one
file. Text is plain text: nothing in it is read as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.errors import InputError

__all__ = [
    "Block",
    "Chart",
    "Code",
    "Facts",
    "Frames",
    "Key",
    "Notice",
    "Page",
    "Panel",
    "Section",
    "Table",
    "Text",
]

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Notice:
    """A warning, or a note that must not be overlooked."""

    text: str
    kind: Literal["warning", "note"] = "warning"


@dataclass(frozen=True)
class Facts:
    """Names with one value each: ``(("cells", "100 x 40"), ...)``; a third entry is the value's source."""

    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Table:
    """A table; its header carries the units."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Code:
    """Text as it stands in a file, such as a configuration."""

    caption: str
    text: str
    file_name: str = ""


@dataclass(frozen=True)
class Chart:
    """A figure of matplotlib, drawn as SVG whose ink follows the theme.

    Parameters
    ----------
    title : Caption.
    figure : The figure, of this chart alone.
    alt : What it shows, in words with numbers, for who cannot see it.
    data : The same numbers as a table, folded under the chart.
    time_axes : Axes (index in ``figure.axes``) whose x is time, and the seconds per unit of x: a line there
        follows the slider of the frames of the page.
    on_paper : Black on white in both themes, for a figure whose light patches carry black lines.
    """

    title: str
    figure: Figure
    alt: str
    data: Table | None = None
    time_axes: Sequence[tuple[int, float]] = ()
    on_paper: bool = False


@dataclass(frozen=True)
class Panel:
    """One movie among those that are shown side by side.

    Parameters
    ----------
    title : Such as "recorded".
    values : (frames, y, x), NaN where there is nothing; any unit.
    low, high : Range of the colours, the same for every frame.
    colours : Name of a colour map of matplotlib that every kind of colour vision can read.
    label : Quantity with unit, for the colour bar.
    """

    title: str
    values: Floats
    low: float
    high: float
    colours: str
    label: str


@dataclass(frozen=True)
class Frames:
    """Maps over time with a slider and a play button.

    Parameters
    ----------
    title : Caption.
    panels : Side by side; the same frames, the same pixels.
    time : (frames,) when a frame began, s.
    pixel : (x, y) size of a pixel, m.
    alt : What is seen, in words.

    Raises
    ------
    InputError
        Panels of different shapes, or times that do not fit them.
    """

    title: str
    panels: Sequence[Panel]
    time: Floats
    pixel: tuple[float, float]
    alt: str

    def __post_init__(self) -> None:
        shapes = {panel.values.shape for panel in self.panels}
        if len(shapes) != 1 or next(iter(shapes))[0] != len(self.time):
            raise InputError(
                "panels",
                f"shapes {sorted(shapes)}",
                f"one shape with {len(self.time)} frames",
                "cut them alike",
            )


Block = Text | Notice | Facts | Table | Code | Chart | Frames


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading; `name` is its anchor, lower case with hyphens."""

    name: str
    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Key:
    """A key result at the top of the page: ``Key("Ea", "0.492 ± 0.012 eV", "95 %: 0.46 to 0.52")``."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A whole page.

    Parameters
    ----------
    title : Of the page.
    lead : One or two sentences: what this is and what was found.
    keys : Key results.
    sections : In order.
    footer : Version, time of making, how to cite.
    """

    title: str
    lead: str
    sections: Sequence[Section]
    keys: Sequence[Key] = ()
    footer: Sequence[str] = field(default_factory=tuple)
