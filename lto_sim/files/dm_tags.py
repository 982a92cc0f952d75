"""Structure of DigitalMicrograph files (.dm3, .dm4), checked before anything is read from them.

A file is a tree of tags: names, numbers, arrays, each with the length that it claims. RosettaSciIO believes
these lengths; one flipped bit makes it read for hours, or fill the memory. Here every length is held
against what is left of the file, and what an image claims to be against its data. Whatever does not fit is
a ``ValueError``.

The format is described by C. Boothroyd, "Digital Micrograph file format" (ER-C, Forschungszentrum Juelich).
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DMImage", "is_cut", "scan_dm"]

_DEEPEST: Final = 40
_MOST_IN_A_TAG: Final = 2**24
"""Elements of an array that is not an image: RosettaSciIO makes a list of them."""
_SIZES: Final = {2: 2, 3: 4, 4: 2, 5: 4, 6: 4, 7: 8, 8: 1, 9: 1, 10: 1, 11: 8, 12: 8}
_FORMATS: Final = dict(zip(_SIZES, "hiHIfdBbbqQ", strict=True))
_STRUCT, _STRING, _ARRAY, _TEXT = 15, 18, 20, 4
_DTYPES: Final = {
    1: "i2", 2: "f4", 3: "c8", 6: "u1", 7: "i4", 8: "V4", 9: "i1", 10: "u2", 11: "u4", 12: "f8", 13: "c16",
    14: "?", 23: "V4", 39: "i8", 40: "u8",
}  # fmt: skip
"""DataType of an image -> dtype; packed complex numbers are left to the reader."""
_LONGEST_TEXT: Final = 4096
_OUTSIDE: Final = "its values are not in it"
_FRAMES: Final = re.compile(r"# ?frames", re.IGNORECASE)
_HIGHEST: Final = 1e9
_RATE: Final = re.compile(r"frame ?rate|frames per second|\bfps\b", re.IGNORECASE)


@dataclass(frozen=True)
class DMImage:
    """An image of a file.

    Parameters
    ----------
    shape : As numpy counts: the axis that varies fastest is the last.
    dtype : Type of the values, with byte order; None of packed complex numbers.
    offset : Of the values in the file [bytes].
    frames : Number of frames that the recording had, by its own tags; 1 where they say nothing.
    rate : Frames per second by its own tags [Hz]; None where they say nothing.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    offset: int
    frames: int
    rate: float | None

    def read(self, path: Path) -> NDArray[Any]:
        """Read the values.

        Raises
        ------
        ValueError
            Packed complex numbers.
        OSError
            The file cannot be read.
        """
        if self.dtype is None:
            raise ValueError("its values are packed complex numbers")
        values = np.fromfile(path, self.dtype, math.prod(self.shape), offset=self.offset)
        return values.reshape(self.shape).astype(self.dtype.newbyteorder("="), copy=False)


def is_cut(path: Path) -> bool:
    """Whether a .dm4 is shorter than its first bytes say, or does not begin like one; reads 16 bytes.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if len(head) < 16:
        return True
    version, length = struct.unpack_from(">iq", head)
    if version == 3:  # whose length is not the same in all programs
        return False
    return version != 4 or not 0 <= length + 16 <= path.stat().st_size


def scan_dm(path: Path) -> tuple[DMImage, ...]:
    """Walk through the tags of a file and return its images but thumbnails, in their order.

    Raises
    ------
    ValueError
        The file is cut, damaged or of another kind; the values of an image are not in it.
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        if len(file.read(1)) == 0:
            raise ValueError("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            tags = _Walk(content).root()
    return tuple(_image(image) for image in _images(tags))


@dataclass(frozen=True)
class _Values:
    """Where an array lies: offset, number of elements, bytes of an element."""

    offset: int
    count: int
    size: int


class _Walk:
    """Reads one tag after the other and never beyond the end."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.at = 0
        self.version = int(self.take(">i"))
        if self.version not in (3, 4):
            raise ValueError("it is not a file of DigitalMicrograph, version 3 or 4")
        self.word = ">q" if self.version == 4 else ">i"
        self.take(self.word)
        order = self.take(">i")
        if order not in (0, 1):
            raise ValueError("its byte order is neither of the two")
        self.order = "<" if order else ">"

    def root(self) -> dict[str, Any]:
        """All tags."""
        self.skip(2)
        return self.entries(self.count(), 0, "root")

    def left(self) -> int:
        """Bytes to the end."""
        return len(self.content) - self.at

    def take(self, form: str) -> Any:
        """One number."""
        size = struct.calcsize(form)
        if size > self.left():
            raise ValueError("it ends in the middle of a tag")
        (value,) = struct.unpack_from(form, self.content, self.at)
        self.at += size
        return value

    def skip(self, size: int) -> int:
        """Pass over bytes and return where they were."""
        if not 0 <= size <= self.left():
            raise ValueError(f"it ends {size - self.left()} bytes too early, or a length in it is wrong")
        self.at += size
        return self.at - size

    def count(self) -> int:
        """A number of things that are at least a byte each."""
        number = int(self.take(self.word))
        if not 0 <= number <= self.left():
            raise ValueError(f"it claims {number} entries in {self.left()} bytes")
        return number

    def text(self, size: int) -> str:
        """Name of a tag."""
        start = self.skip(size)
        return self.content[start : self.at].decode("latin-1").replace(".", "")

    def entries(self, number: int, depth: int, parent: str) -> dict[str, Any]:
        """Tags of a group."""
        if depth > _DEEPEST:
            raise ValueError("its tags are nested too deeply")
        found: dict[str, Any] = {}
        for n in range(number):
            kind = self.take(">b")
            name = self.text(int(self.take(">h")))
            if self.version == 4:
                self.skip(8)
            if kind == 20:
                self.skip(2)
                found[name or f"#{n}"] = self.entries(self.count(), depth + 1, name)
            elif kind == 21:
                found[name or f"#{n}"] = self.value(parent == "ImageData" and name == "Data")
            else:
                raise ValueError(f"a tag in it is of the unknown kind {kind}")
        return found

    def value(self, image: bool) -> Any:
        """Number, text or place of an array."""
        if self.content[self.skip(4) : self.at] != b"%%%%":
            raise ValueError("a tag in it does not begin as it should")
        words = int(self.take(self.word))
        kind = int(self.take(self.word))
        if words == 1:
            return self.take(self.order + _known(kind, _FORMATS))
        if words == 2 and kind == _STRING:
            return self.array(self.count(), 1, 0, image)
        if words == 3 and kind == _ARRAY:
            element = int(self.take(self.word))
            size = _known(element, _SIZES)
            return self.array(int(self.take(self.word)), size, element, image)
        if words > 3 and kind == _STRUCT:
            return self.array(1, self.record(), 0, image)
        if words > 3 and kind == _ARRAY:
            element = int(self.take(self.word))
            if element == _STRUCT:
                size = self.record()
            elif element == _STRING:
                size = self.count()
            elif element == _ARRAY:
                element = int(self.take(self.word))
                size = _known(element, _SIZES) * self.count()
            else:
                raise ValueError(f"an array in it is of the unknown type {element}")
            return self.array(int(self.take(self.word)), size, 0, image)
        raise ValueError("a tag in it is of no known form")

    def record(self) -> int:
        """Bytes of a record by its definition."""
        self.take(self.word)
        size = 0
        for _ in range(self.count()):
            self.take(self.word)
            size += _known(int(self.take(self.word)), _SIZES)
        return size

    def array(self, count: int, size: int, element: int, image: bool) -> _Values | str:
        """Pass over an array; short text is returned."""
        if count < 0 or (size == 0 and count) or (count > _MOST_IN_A_TAG and not image):
            raise ValueError(f"a tag in it claims {count} elements of {size} bytes")
        start = self.skip(count * size)
        if element == _TEXT and count <= _LONGEST_TEXT and not image:
            form = "utf-16-le" if self.order == "<" else "utf-16-be"
            return self.content[start : self.at].decode(form, errors="replace")
        return _Values(start, count, size)


def _known(code: int, table: dict[int, Any]) -> Any:
    if code not in table:
        raise ValueError(f"a value in it is of the unknown type {code}")
    return table[code]


def _groups(tags: Any) -> list[dict[str, Any]]:
    return [one for one in tags.values() if isinstance(one, dict)] if isinstance(tags, dict) else []


def _images(tags: dict[str, Any]) -> list[dict[str, Any]]:
    thumbnails = {group.get("ImageIndex") for group in _groups(tags.get("Thumbnails"))}
    return [
        image
        for n, image in enumerate(_groups(tags.get("ImageList")))
        if n not in thumbnails and isinstance(image.get("ImageData"), dict)
    ]


def _image(image: dict[str, Any]) -> DMImage:
    described = image["ImageData"]
    sizes = described.get("Dimensions")
    shape = tuple(reversed(list(sizes.values()))) if isinstance(sizes, dict) else ()
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise ValueError("an image in it has no size")
    data = described.get("Data")
    if not isinstance(data, _Values):
        raise ValueError(f"{_OUTSIDE}: it holds a description of them only")
    code = described.get("DataType")
    dtype = np.dtype(_DTYPES[code]) if code in _DTYPES else None
    needed = math.prod(shape) * (dtype.itemsize if dtype is not None else data.size)
    if needed > 2 * data.count * data.size or (dtype is not None and needed > data.count * data.size):
        raise ValueError(f"{_OUTSIDE}: {data.count * data.size} of {needed} bytes are there")
    own = image.get("ImageTags")
    recorded = list(_named(own.get("In-situ"), _FRAMES)) if isinstance(own, dict) else []
    rates = list(_named(own.get("In-situ"), _RATE)) if isinstance(own, dict) else []
    return DMImage(
        shape,
        dtype,
        data.offset,
        max([1, *(int(number) for number in recorded)]),
        next((float(rate) for rate in rates), None),
    )


def _named(tags: Any, pattern: re.Pattern[str]) -> Iterator[float]:
    """Positive numbers of a tree whose names fit."""
    for name, value in tags.items() if isinstance(tags, dict) else ():
        if isinstance(value, dict):
            yield from _named(value, pattern)
        elif (
            isinstance(value, int | float)
            and pattern.search(name)
            and math.isfinite(value)
            and 0 < value < 1e9
        ):
            yield value
