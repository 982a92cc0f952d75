"""What moves over the maps of a movie: the line of a front, found fronts of profiles, and the time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lto_sim.plot.prefix import time_unit

__all__ = ["Mark", "PanelMarks", "Stamp", "cut_out"]

Floats = NDArray[np.floating]
Mark = tuple[tuple[slice, slice], NDArray[np.float32]]
"""Rows and columns of a panel, and colours there: red, green, blue and opacity from 0 to 1."""

_HALF: Final = 0.5
_RIM: Final = 1.0
"""Width of a line's dark rim over that of the half of its white core."""
_FIGURE_SPACE: Final = "\u2007"
"""As wide as a digit."""


class PanelMarks:
    """Lines over a panel: white with a dark rim, seen on every colour.

    Parameters
    ----------
    shape : Rows and columns of the panel [pixels of the page].
    faces : Faces of the pixels of the maps along x and y [m].
    half_width : Half width of the white core [pixels].
    fractions : Li fractions (frames, rows, columns), a line where they are 0.5; None: no line.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        faces: tuple[NDArray[np.float64], NDArray[np.float64]],
        half_width: float,
        fractions: Floats | None,
    ) -> None:
        self._shape, self._faces = shape, faces
        self._half_width = max(half_width, 0.8)
        self._fractions = fractions
        if fractions is not None:
            self._rows = _between(shape[0], fractions.shape[1])
            self._columns = _between(shape[1], fractions.shape[2])

    def lines(self, number: int, segments: NDArray[np.float64] | None) -> list[Mark]:
        """Lines of a frame: where they lie on the panel, and their colours and opacity.

        Parameters
        ----------
        number : The frame.
        segments : Lines (n, 4) x0, y0, x1, y1 [m]; those that are not finite are left out.
        """
        found = []
        if self._fractions is not None:
            found.append(self._drawn(self._from_contour(self._fractions[number]), (0, 0)))
        known = () if segments is None else segments[np.isfinite(segments).all(axis=1)]
        found += [self._drawn(*self._from_segment(segment)) for segment in known]
        return [mark for mark in found if mark[1].size]

    def _drawn(self, distance: NDArray[np.float64], corner: tuple[int, int]) -> Mark:
        """White and its rim as far as a line reaches; `corner` is where the distances begin."""
        core = np.clip(self._half_width + 0.5 - distance, 0.0, 1.0)
        whole = np.clip((1.0 + _RIM) * self._half_width + 0.5 - distance, 0.0, 1.0)
        white = core / np.where(whole > 0.0, whole, 1.0)
        place, drawn = cut_out(np.stack([white, white, white, whole], axis=-1).astype(np.float32))
        rows, columns = (
            slice(s.start + first, s.stop + first) for s, first in zip(place, corner, strict=True)
        )
        return (rows, columns), drawn

    def _from_contour(self, fractions: Floats) -> NDArray[np.float64]:
        """Distance [pixels] from where the fraction, linear between pixel centres, is a half."""
        (top, bottom, down), (left, right, across) = self._rows, self._columns
        upper, lower = fractions[top], fractions[bottom]
        near = upper[:, left] * (1.0 - across) + upper[:, right] * across
        far = lower[:, left] * (1.0 - across) + lower[:, right] * across
        value = near * (1.0 - down[:, None]) + far * down[:, None]
        along_y, along_x = (
            np.gradient(value, axis=axis) if size > 1 else np.zeros_like(value)
            for axis, size in enumerate(self._shape)
        )
        steep = np.hypot(along_y, along_x)
        found = np.isfinite(steep) & (steep > 0.0)
        away = np.abs(np.where(found, value, np.inf) - _HALF)
        return np.asarray(away / np.where(found, steep, 1.0))

    def _from_segment(self, segment: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[int, int]]:
        """Distance [pixels] from a straight line, in a box around it, and the corner of that box."""
        ends, box = [], []
        reach = 2.0 + (1.0 + _RIM) * self._half_width
        for axis, (face, size) in enumerate(zip(self._faces, self._shape[::-1], strict=True)):
            both = (segment[axis::2] - face[0]) / (face[-1] - face[0]) * size - 0.5
            ends.append(both)
            box.append(np.clip([both.min() - reach, both.max() + reach], 0, size).astype(int))
        ((x0, x1), (y0, y1)), ((left, right), (top, bottom)) = ends, box
        y, x = np.mgrid[top:bottom, left:right]
        square = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-12)
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / square, 0.0, 1.0)
        return np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)), (int(top), int(left))


def cut_out(drawn: NDArray[np.float32]) -> Mark:
    """The box of colours (rows, columns, 4) in which anything is opaque."""
    rows, columns = (np.flatnonzero(drawn[..., 3].any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return (slice(0, 0), slice(0, 0)), drawn[:0, :0]
    place = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return place, drawn[place]


def _between(pixels: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Pixels of a map before and after every pixel of the page, and the part of the way between."""
    place = np.clip((np.arange(pixels) + 0.5) * size / pixels - 0.5, 0.0, size - 1.0)
    first = np.minimum(place.astype(np.intp), max(size - 2, 0))
    return first, np.minimum(first + 1, size - 1), place - first


class Stamp:
    """Time of a frame on the left and the speed of the movie on the right, or below where there is no room.

    Parameters
    ----------
    size : Size of text [pixels].
    width : Width of the page [pixels].
    margin : Free at either side [pixels].
    time : Times of all frames [s], increasing.
    speed : Speed in words.
    top : First row of the page that it takes.
    """

    def __init__(
        self, size: float, width: int, margin: int, time: NDArray[np.float64], speed: str, top: int
    ) -> None:
        folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
        self._bold = ImageFont.truetype(str(folder / "DejaVuSans-Bold.ttf"), round(1.3 * size))
        self._plain = ImageFont.truetype(str(folder / "DejaVuSans.ttf"), round(size))
        self._width, self._margin, self._written, self._speed = width, margin, _written(time), speed
        self._characters = 0
        self._characters = max(len(self.text(float(end))) for end in (time[0], time[-1]))
        needed = self._bold.getlength(self.text(float(time[-1]))) + self._plain.getlength(speed)
        self._together = needed + 4.0 * margin < width
        self._line = round(1.9 * size)
        self._rows = slice(top, top + (self._line if self._together else round(1.8 * self._line)))

    @property
    def bottom(self) -> int:
        """First row of the page below it."""
        return int(self._rows.stop)

    def text(self, seconds: float) -> str:
        """A time as it is written, all times of a movie equally wide."""
        factor, unit, decimals = self._written
        return f"{seconds * factor:.{decimals}f} {unit}".rjust(self._characters, _FIGURE_SPACE)

    def draw(self, picture: NDArray[np.uint8], seconds: float) -> None:
        """Write on a page, in place."""
        strip = picture[self._rows]
        image = Image.fromarray(np.ascontiguousarray(strip))
        pen = ImageDraw.Draw(image)
        middle = 0.5 * self._line
        pen.text((self._margin, middle), self.text(seconds), "black", self._bold, anchor="lm")
        if self._together:
            place, anchor = (self._width - self._margin, middle), "rm"
        else:
            place, anchor = (self._margin, 1.35 * self._line), "lm"
        pen.text(place, self._speed, (64, 64, 64), self._plain, anchor=anchor)
        strip[...] = np.asarray(image)


def _written(time: NDArray[np.float64]) -> tuple[float, str, int]:
    """Factor, unit and decimals by which times are written, every one different."""
    factor, unit = time_unit(float(np.abs(time[[0, -1]]).max()))
    step = float(np.diff(time).min()) * factor
    decimals = max(0, math.ceil(-math.log10(step) - 1e-9))
    shown = np.round(time * factor, decimals)
    exact = np.allclose(time * factor, shown, rtol=0.0, atol=0.02 * step)
    return factor, unit, decimals if exact else decimals + 1
