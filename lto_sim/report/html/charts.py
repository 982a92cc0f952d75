"""Figures of matplotlib as inline SVG whose ink follows the theme of the page.

Black becomes the colour of the text, white paper the colour of the page, greys lie between the two as they
did; colours stay, but for dark ones that a dark page would swallow: these are lightened there, by as much as
a contrast of 3 needs (``--lift`` is 1 on a dark page, else 0). Cells of maps and images keep what they have:
they are data.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal
from matplotlib.text import Text

from lto_sim.errors import InputError
from lto_sim.report.html.budget import ONE_CHART
from lto_sim.report.html.wording import clean
from lto_sim.report.page import Chart

__all__ = ["Drawing", "as_picture", "drawing", "themed"]

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}\b")
_REFERENCE: Final = re.compile(r"url\(#([^)]+)\)")
_PAINT: Final = ("fill", "stroke", "stop-color")
_FONTS: Final = "'DejaVu Sans', Verdana, sans-serif"
"""Verdana has the widths that texts were placed with, where DejaVu Sans is not installed."""
_DARK_PAPER: Final = 0.0072
"""Relative luminance of the page in the dark theme, ``--paper`` in theme-dark.css."""
_CONTRAST: Final = 3.0


@dataclass(frozen=True)
class Drawing:
    """A chart as the template needs it: SVG, or a picture where that is smaller than what SVG would take."""

    svg: str
    picture: str = ""
    width: float = 0.0
    height: float = 0.0
    times: str = ""

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.svg) + len(self.picture)


def drawing(chart: Chart, prefix: str, largest: int = ONE_CHART) -> Drawing:
    """Draw a chart.

    Parameters
    ----------
    chart : The chart.
    prefix : What ids of the SVG begin with, so that they are unique on the page.
    largest : Characters from which on a picture of pixels is drawn.

    Raises
    ------
    InputError
        An axis of time that the figure does not have, or that is neither linear nor logarithmic.
    """
    text = _svg_text(chart.figure)
    width, height = (72.0 * float(length) for length in chart.figure.get_size_inches())
    times = json.dumps([_time_axis(chart, number, seconds, height) for number, seconds in chart.time_axes])
    if len(text) > 2 * largest:  # ids and inks change it by less
        return Drawing("", _picture(chart.figure, largest), width, height, times)
    found = Drawing(themed(ElementTree.fromstring(text), prefix), "", width, height, times)
    return found if found.size <= largest else as_picture(found, chart, largest)


def as_picture(drawn: Drawing, chart: Chart, budget: int) -> Drawing:
    """Return the chart as a picture of pixels of at most `budget` characters, if one can be that small."""
    return replace(drawn, svg="", picture=_picture(chart.figure, budget))


def _svg_text(figure: Figure) -> str:
    target = io.StringIO()
    options: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "lto_sim", "svg.image_inline": True}
    with mpl.rc_context(options), _formulas_as_outlines(figure):
        figure.savefig(
            target, format="svg", bbox_inches=None, dpi=150,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )  # fmt: skip
    return target.getvalue()


@contextmanager
def _formulas_as_outlines(figure: Figure) -> Iterator[None]:
    """Draw formulas as outlines: their signs are placed one by one, in fonts that a reader does not have."""
    figure.draw_without_rendering()
    formulas = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    effects = [text.get_path_effects() for text in formulas]
    for text in formulas:
        text.set_path_effects([Normal()])
    try:
        yield
    finally:
        for text, before in zip(formulas, effects, strict=True):
            text.set_path_effects(before)


def _picture(figure: Figure, budget: int) -> str:
    """A PNG of at most `budget` characters if one of four resolutions is."""
    text = ""
    for dpi in (160, 110, 72, 40):
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=dpi, bbox_inches=None, metadata={"Software": None})
        text = "data:image/png;base64," + base64.b64encode(target.getvalue()).decode("ascii")
        if len(text) <= budget:
            break
    return text


def _time_axis(chart: Chart, number: int, seconds: float, height: float) -> dict[str, object]:
    """Where the axes of time lie, in the units of the SVG (points, y down)."""
    axes: Sequence[Axes] = chart.figure.axes
    if not 0 <= number < len(axes):
        raise InputError("time_axes", number, f"0 to {len(axes) - 1}", "count the axes of the figure")
    ax = axes[number]
    if ax.get_xscale() not in ("linear", "log"):
        raise InputError("time_axes", ax.get_xscale(), "an axis that is linear or log", "leave it out")
    box = ax.get_position()
    width = 72.0 * chart.figure.get_figwidth()
    low, high = ax.get_xlim()
    return {
        "left": round(box.x0 * width, 2), "right": round(box.x1 * width, 2),
        "top": round((1.0 - box.y1) * height, 2), "bottom": round((1.0 - box.y0) * height, 2),
        "low": float(f"{low:.9g}"), "high": float(f"{high:.9g}"), "log": ax.get_xscale() == "log",
        "seconds": seconds,
    }  # fmt: skip


def themed(root: ElementTree.Element, prefix: str) -> str:
    """Return an SVG of matplotlib for a page: own ids, inks of the theme, no metadata.

    Parameters
    ----------
    root : The parsed SVG; it is changed.
    prefix : What its ids begin with.
    """
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}metadata"):
                parent.remove(child)
    _theme(root, prefix, data=False)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("fill", "currentColor")  # matplotlib leaves out what is black
    root.set("focusable", "false")
    root.set("aria-hidden", "true")
    ElementTree.register_namespace("", _SVG)
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", text, count=2)


def _theme(element: ElementTree.Element, prefix: str, data: bool) -> None:
    tag = element.tag.rpartition("}")[2]
    name = element.get("id", "")
    if name.startswith("QuadMesh"):
        element.set("fill", "#000000")
        data = True
    if name:
        element.set("id", f"{prefix}-{name}")
    link = element.attrib.pop(_LINK, None) or element.attrib.pop("href", None)
    if link is not None:
        element.set("href", f"#{prefix}-{link[1:]}" if link.startswith("#") else link)
    for key, value in list(element.attrib.items()):
        changed = _REFERENCE.sub(lambda found: f"url(#{prefix}-{found.group(1)})", value)
        if key == "style":
            changed = _style(changed, tag == "text" or tag == "tspan", data)
        elif key in _PAINT and not data:
            changed = _COLOUR.sub(lambda found: _ink(found.group(0), tag in ("text", "tspan")), changed)
        element.set(key, changed)
    if tag == "style":
        # matplotlib's one rule; of a style element in a page it would be the rule of every SVG
        element.text = ""
    if element.text:
        element.text = clean(element.text)
    for child in element:
        _theme(child, prefix, data)


@lru_cache(maxsize=4096)
def _style(style: str, text: bool, data: bool) -> str:
    parts = []
    for declaration in style.split(";"):
        key, colon, value = declaration.partition(":")
        key = key.strip()
        if not colon:
            continue
        if key in _PAINT and not data:
            value = _COLOUR.sub(lambda found: _ink(found.group(0), text), value)
        if key == "font":
            value = re.sub(r"^(.*?\d(?:\.\d+)?px)\s.*$", rf"\1 {_FONTS}", value.strip())
        if key == "font-family":
            value = _FONTS
        parts.append(f"{key}: {value.strip()}")
    return "; ".join(parts)


def _ink(colour: str, text: bool) -> str:
    """The colour of a line, a face or a text, for both themes."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    if red == green == blue:
        if red == 255:
            return colour if text else "var(--paper)"
        share = round(100 * red / 255)
        return f"color-mix(in srgb, var(--paper) {share}%, currentColor)" if red else "currentColor"
    lift = _lift((red, green, blue))
    if lift == 0:
        return colour.lower()
    return f"color-mix(in srgb, white calc(var(--lift) * {lift}%), {colour.lower()})"


def _luminance(colour: Sequence[float]) -> float:
    """Relative luminance of sRGB (0 to 255), as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _lift(colour: Sequence[int]) -> int:
    """Per cent of white that a colour needs to be seen on the dark page."""
    needed = _CONTRAST * (_DARK_PAPER + 0.05) - 0.05
    for share in range(0, 101, 5):
        mixed = [value + (255 - value) * share / 100 for value in colour]
        if _luminance(mixed) >= needed:
            return share
    return 100
