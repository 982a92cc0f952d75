"""A film strip for paper and for browsers without scripts: a few frames of every panel as small images."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lto_sim.report.html.packing import Bytes, binned, colour_table, quantised
from lto_sim.report.html.thinning import Images

__all__ = ["Strip", "film_strip"]

_LADDER: Final = ((6, 128), (6, 80), (4, 64), (3, 48), (2, 32), (1, 24), (1, 8))
"""Frames and the longer side in pixels, tried in turn until the strip fits."""


@dataclass(frozen=True)
class Strip:
    """A film strip: numbers of its frames, and for every panel the images as data URIs."""

    frames: tuple[int, ...]
    images: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        """Characters of all images."""
        return sum(len(image) for row in self.images for image in row)


def film_strip(images: Sequence[Images], colours: Sequence[str], budget: int) -> Strip:
    """Make a film strip of frames that are evenly spread, the first and the last among them.

    Parameters
    ----------
    images : The panels, of one shape (frames, y, x).
    colours : Name of the colour map of each.
    budget : Characters at most, where the smallest strip has as few.
    """
    strip = Strip((), ())
    for count, side in _LADDER:
        strip = _strip(images, colours, count, side)
        if strip.size <= budget:
            break
    return strip


def _strip(images: Sequence[Images], colours: Sequence[str], count: int, side: int) -> Strip:
    total, height, width = images[0].values.shape
    chosen = np.unique(np.rint(np.linspace(0, total - 1, min(count, total))).astype(int))
    block = -(-max(height, width) // side)
    rows = []
    for image, name in zip(images, colours, strict=True):
        codes = quantised(binned(image.values[chosen], block), image.low, image.high)
        table = _palette(name)
        rows.append(tuple(_png(frame, table) for frame in codes))
    return Strip(tuple(int(number) for number in chosen), tuple(rows))


def _palette(name: str) -> NDArray[np.uint8]:
    """Colours of codes 0 to 255; code 0 is transparent and its colour is never seen."""
    return np.array(
        [[0, 0, 0], *([int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in colour_table(name))], np.uint8
    )


def _png(codes: Bytes, table: NDArray[np.uint8]) -> str:
    picture = Image.fromarray(codes)
    picture.putpalette(table.tobytes())
    target = io.BytesIO()
    picture.save(target, "PNG", transparency=0, optimize=True)
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode("ascii")
