"""Frames of a page: what a browser gets of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lto_sim.report.html.packing import colour_table, safe_range
from lto_sim.report.html.stills import Strip, film_strip
from lto_sim.report.html.thinning import Ranged, estimated_size, keep
from lto_sim.report.html.wording import clean, length_unit, round_length, steps_of_time, time_text
from lto_sim.report.page import Frames, Panel

__all__ = ["Movie", "PanelView", "gradient", "movie", "movie_need", "value_text"]

_STRIP_PART: Final = 0.2
"""Part of the share of a movie that its film strip may take."""
_STRIP_NEED: Final = 150_000
_MOST_WIDE: Final = 3.6
"""Width over height from which panels lie under each other."""


@dataclass(frozen=True)
class PanelView:
    """A panel as the template needs it."""

    title: str
    label: str
    low: str
    high: str
    gradient: str


@dataclass(frozen=True)
class Movie:
    """Frames as the template needs them; `data` goes to the script."""

    title: str
    alt: str
    panels: tuple[PanelView, ...] = ()
    strip: Strip | None = None
    strip_times: tuple[str, ...] = ()
    note: str = ""
    aspect: float = 1.0
    wide: bool = False
    bar_part: float = 0.0
    bar_text: str = ""
    field: str = ""
    data: dict[str, Any] | None = None


def movie_need(frames: Frames) -> int:
    """Estimate the characters that frames take in full, their film strip included."""
    if not _anything(frames):
        return 0
    # differences may pack worse than a few frames promise
    return int(1.15 * estimated_size(_ranged(frames))) + _STRIP_NEED * len(frames.panels)


def movie(frames: Frames, budget: int) -> Movie:
    """Pack frames into `budget` characters; thinned where they do not fit, and then the note says how."""
    if not _anything(frames):
        return Movie(clean(frames.title), clean(frames.alt), note="There is no frame to show.")
    ranged = _ranged(frames)
    strip = film_strip(ranged, [panel.colours for panel in frames.panels], int(_STRIP_PART * budget))
    shape = (len(frames.time), *frames.panels[0].values.shape[1:3])
    kept, packed = keep(ranged, shape, max(budget - strip.size, 0))
    time = np.asarray(frames.time, dtype=np.float64)
    unit = steps_of_time(time)
    shown = time[:: kept.stride]
    height, width = shape[1:]
    size = (frames.pixel[0] * width, frames.pixel[1] * height)
    bar, bar_text = round_length(size[0])
    pixels = (-(-width // kept.block), -(-height // kept.block))
    data = {
        "time": [float(f"{t:.9g}") if np.isfinite(t) else None for t in shown],
        "unit": unit,
        "pixels": pixels,
        "pixel": [frames.pixel[0] * kept.block, frames.pixel[1] * kept.block],
        "length": length_unit(max(size)),
        "panels": [
            {
                **_range_data(panel, one),
                "filter": image.filter,
                "data": image.data,
            }
            for panel, one, image in zip(frames.panels, ranged, packed, strict=True)
        ],
    }
    aspect = pixels[0] * kept.block * frames.pixel[0] / (pixels[1] * kept.block * frames.pixel[1])
    return Movie(
        clean(frames.title), clean(frames.alt),
        tuple(_view(panel, one) for panel, one in zip(frames.panels, ranged, strict=True)), strip,
        tuple(time_text(float(time[number]), unit) for number in strip.frames), kept.words, aspect,
        aspect > _MOST_WIDE, 100.0 * bar / (pixels[0] * kept.block * frames.pixel[0]), bar_text,
        _field_text(size), data,
    )  # fmt: skip


def _field_text(size: tuple[float, float]) -> str:
    factor, unit = length_unit(max(size))
    return f"{size[0] * factor:.4g} × {size[1] * factor:.4g} {unit}"


def _anything(frames: Frames) -> bool:
    return frames.panels[0].values.size > 0


def _ranged(frames: Frames) -> list[Ranged]:
    return [Ranged(p.values, *safe_range(p.low, p.high, p.values)) for p in frames.panels]


def _range_data(panel: Panel, ranged: Ranged) -> dict[str, Any]:
    """What the script needs to colour codes and to say values; whether any lie beyond the range."""
    known = panel.values[np.isfinite(panel.values)]
    return {
        "title": clean(panel.title),
        "label": clean(panel.label),
        "low": ranged.low,
        "high": ranged.high,
        "colours": "".join(colour_table(panel.colours)),
        "below": bool(known.size and known.min() < ranged.low),
        "above": bool(known.size and known.max() > ranged.high),
    }


def _view(panel: Panel, ranged: Ranged) -> PanelView:
    return PanelView(
        clean(panel.title), clean(panel.label), value_text(ranged.low), value_text(ranged.high),
        gradient(colour_table(panel.colours)),
    )  # fmt: skip


def gradient(colours: Sequence[str]) -> str:
    """Return a colour map as a gradient of CSS."""
    stops = [colours[round(i * (len(colours) - 1) / 16)] for i in range(17)]
    return f"linear-gradient(90deg,{','.join(f'#{stop}' for stop in stops)})"


def value_text(value: float) -> str:
    """Write an end of a range."""
    return f"{value:.4g}".replace("-", "−")
