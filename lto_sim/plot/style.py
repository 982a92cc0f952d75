"""Common look of the figures: legible sizes, colours that survive colour blindness and grey print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = [
    "DIRECTION_COLOURS",
    "MAP_COLOURS",
    "figure",
    "scale_bar",
    "styled",
    "temperature_colours",
    "with_deviation",
]

MAP_COLOURS: Final = "cividis"
"""Colour map of li fraction: perceptually even, the same to every kind of colour vision."""

DIRECTION_COLOURS: Final = {"extraction": "#0072B2", "insertion": "#D55E00"}
"""Blue and vermilion of the Okabe-Ito set."""

_RC: Final[dict[Any, Any]] = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 10.0,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.6,
    "savefig.dpi": 150,
    "figure.dpi": 150,
}


@contextmanager
def styled() -> Iterator[None]:
    """Apply the common look inside the block only."""
    with mpl.rc_context(_RC):
        yield


def figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` x `height` inches that needs no display."""
    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def temperature_colours(count: int) -> list[tuple[float, float, float, float]]:
    """Return `count` colours (RGBA, 0 to 1) from hot to cold, all dark enough for a white page."""
    colours = mpl.colormaps["plasma"]
    return [colours(0.82 - 0.82 * i / max(count - 1, 1)) for i in range(count)]


def scale_bar(axes: Axes, extent: Sequence[float], length: float, label: str) -> None:
    """Draw a bar of `length` in the lower right corner of an image.

    Parameters
    ----------
    axes : Where.
    extent : (left, right, bottom, top) of the image, in the unit of `length`.
    length : Length of the bar.
    label : Text above the bar.
    """
    left, right, bottom, top = extent
    outline = [patheffects.withStroke(linewidth=2.5, foreground="black")]
    margin = 0.06 * abs(right - left)
    y = bottom - 0.10 * (bottom - top)
    ends = [right - margin - length, right - margin]
    axes.plot(ends, [y, y], color="white", lw=3, solid_capstyle="butt", path_effects=outline)
    text = axes.text(0.5 * sum(ends), y - 0.05 * (bottom - top), label, color="white", fontsize=8)
    text.set(ha="center", va="bottom", path_effects=outline)


def with_deviation(value: float, deviation: float) -> str:
    """Write value and deviation to two digits of the deviation, four decimals at most."""
    decimals = min(max(0, 1 - int(np.floor(np.log10(deviation)))), 4) if deviation > 0.0 else 3
    shown = f"{deviation:.{decimals}f}" if deviation >= 5e-5 or deviation == 0.0 else "<0.0001"
    return f"{value:.{decimals}f} ± {shown}"
