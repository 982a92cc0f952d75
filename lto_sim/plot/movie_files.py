"""Movie files, frame by frame: mp4 through PyAV (FFmpeg in the process), gif through Pillow.

mp4 is H.264 in yuv420p with its index in front, which browsers and office programs play. The colours are
written by the matrix of BT.709 and say so, else players guess, and guess by size.

A gif has one palette for all frames, made of the colours of the maps and greys. A frame holds the box of what
has changed and in it only the pixels that have; the others are transparent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol

import av
import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image
from scipy.spatial import cKDTree

from lto_sim.errors import InputError
from lto_sim.files import new_file

__all__ = ["MOVIE_ENDINGS", "MovieWriter", "movie_writer"]

Picture = NDArray[np.uint8]

MOVIE_ENDINGS: Final = (".mp4", ".gif")
"""Kinds of movies that are written."""

_BT709: Final = 1
_LIMITED: Final = 1
"""Values from 16 to 235, as players expect."""
_H264: Final = {"crf": "16", "preset": "superfast", "tune": "animation"}
_CLEAR: Final = 255
"""Palette entry of pixels that have not changed."""
_GREYS: Final = 26
"""Black to white in steps of 10.2, among them 204, what is not known."""


class MovieWriter(Protocol):
    """Takes the frames of a movie one after another."""

    def add(self, frame: Picture) -> None:
        """Append a frame, (rows, columns, 3)."""

    def finish(self) -> None:
        """Write what is left."""

    def close(self) -> None:
        """Let go of the file, whole or not."""


@contextmanager
def movie_writer(
    path: Path | str,
    size: tuple[int, int],
    rate: Fraction,
    colours: Sequence[Picture],
    title: str = "",
    force: bool = False,
) -> Iterator[MovieWriter]:
    """Give what writes a movie; it appears under its name when the block ends without an error.

    Parameters
    ----------
    path : Name that ends in .mp4 or .gif.
    size : Width and height [pixels], both even.
    rate : Frames a second.
    colours : Colours of the maps, (n, 3) each, which a gif's palette is made of.
    title : Title in the metadata of an mp4, comment in a gif.
    force : Replace an existing file.

    Raises
    ------
    InputError
        Another ending, or a target that may not be written.
    """
    path = Path(path)
    if path.suffix.lower() not in MOVIE_ENDINGS:
        raise InputError(
            "--out", str(path), f"a name that ends in {' or '.join(MOVIE_ENDINGS)}", "change the ending"
        )
    with new_file(path, force) as temporary:
        writer: MovieWriter = (
            _Mp4(temporary, size, rate, title)
            if path.suffix.lower() == ".mp4"
            else _Gif(temporary, rate, _palette(colours), title)
        )
        try:
            yield writer
            writer.finish()
        except BaseException:
            with contextlib.suppress(Exception):  # the file goes anyway, and the first error counts
                writer.close()
            raise
        writer.close()


class _Mp4:
    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, title: str) -> None:
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart"}, metadata_encoding="utf-8"
        )
        if title:
            self._container.metadata["title"] = title
        self._stream = self._container.add_stream("libx264", rate=rate, options=_H264)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        context.gop_size = max(1, round(2 * rate))  # a key frame every 2 s, to jump to

    def add(self, frame: Picture) -> None:
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
        )
        picture.colorspace = picture.color_primaries = picture.color_trc = _BT709
        self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))

    def close(self) -> None:
        self._container.close()


class _Gif:
    def __init__(self, path: Path, rate: Fraction, palette: Picture, comment: str) -> None:
        self._file = path.open("wb")
        self._palette, self._table = palette, _nearest(palette)
        self._rate, self._comment = rate, comment
        self._count = 0
        self._shown: Picture | None = None

    def add(self, frame: Picture) -> None:
        coarse = (frame >> 2).astype(np.uint32)
        indices = np.take(self._table, (coarse[..., 0] << 12) | (coarse[..., 1] << 6) | coarse[..., 2])
        first, last = (round(100 * n / self._rate) for n in (self._count, self._count + 1))
        times: dict[str, Any] = {"duration": 10 * (last - first), "disposal": 1}
        if self._shown is None:
            whole = self._image(indices)
            info = {"loop": 0, "duration": times["duration"], "comment": self._comment}
            parts = [*GifImagePlugin.getheader(whole, info=info)[0], *GifImagePlugin.getdata(whole, **times)]
        else:
            changed = indices != self._shown
            box = _box(changed)
            part = np.where(changed, indices, _CLEAR)[box]
            offset = (box[1].start, box[0].start)
            parts = GifImagePlugin.getdata(self._image(part), offset, transparency=_CLEAR, **times)
        for data in parts:
            self._file.write(data)
        self._shown = indices
        self._count += 1

    def _image(self, indices: Picture) -> Image.Image:
        image = Image.fromarray(np.ascontiguousarray(indices, dtype=np.uint8))
        image.putpalette(self._palette.tobytes())  # grey values become entries of the palette
        return image

    def finish(self) -> None:
        self._file.write(b";")

    def close(self) -> None:
        self._file.close()


def _box(changed: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of what has changed; a pixel where nothing has."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _palette(colours: Sequence[Picture]) -> Picture:
    """Greys, and as much of the colours of the maps as there is room for, evenly spread; (256, 3)."""
    greys = np.repeat(np.linspace(0, 255, _GREYS).round().astype(np.uint8)[:, None], 3, axis=1)
    room = (_CLEAR - _GREYS) // max(len(colours), 1)
    parts = [part[np.linspace(0, len(part) - 1, room).round().astype(np.intp)] for part in colours]
    found = np.concatenate([greys, *parts])
    filler = np.zeros((256 - len(found), 3), dtype=np.uint8)
    return np.concatenate([found, filler])


def _nearest(palette: Picture) -> Picture:
    """Entry of the palette nearest to every colour of 6 bits each, (2^18,)."""
    steps = np.arange(64) * 4.0 + 1.5
    red, green, blue = np.meshgrid(steps, steps, steps, indexing="ij")
    cube = np.stack([red.ravel(), green.ravel(), blue.ravel()], axis=1)
    tree = cKDTree(palette[:_CLEAR].astype(np.float64))
    return np.asarray(tree.query(cube)[1], dtype=np.uint8)
