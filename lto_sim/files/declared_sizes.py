"""What HDF5 and TIFF files claim to hold, against what there is: refused before memory is taken for it.

A few flipped bits make an array of a terabyte out of one of a kilobyte, and libraries allocate it first and
look for its values later. Compression explains a part of such a claim; deflate reaches 1032 : 1 at most.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import h5py  # type: ignore[import-untyped]
import numpy as np
import tifffile

__all__ = ["check_hdf5", "check_pages", "check_size", "check_tiff"]

_HARMLESS: Final = 64 * 2**20
_COMPRESSED: Final = 1100
_CHUNK_ENTRY: Final = 8
"""An index needs at least an address for every chunk [bytes]."""
_TIFF: Final = {42: ("H", "I", 12, 4), 43: ("Q", "Q", 20, 8)}
"""Kind of TIFF -> formats of a count of tags and of an address, bytes of a tag, where the first page is."""
_MOST_OBJECTS: Final = 200_000


def check_size(shape: Sequence[int], dtype: np.dtype[Any], stored: int, chunks: Sequence[int] | None) -> None:
    """Hold the claimed size of an array against the bytes that are stored.

    Parameters
    ----------
    shape : Of the array.
    dtype : Of its values.
    stored : Bytes of the file.
    chunks : Shape of a chunk; None where there are none.

    Raises
    ------
    ValueError
        More than compression can explain, or more chunks than an index could hold.
    """
    values = math.prod(int(size) for size in shape)
    claimed = max(values, math.prod(int(size) for size in chunks or ())) * dtype.itemsize
    if claimed > max(_HARMLESS, _COMPRESSED * stored):
        raise ValueError(f"it claims {claimed} bytes of values, and {stored} are stored")
    if chunks:
        number = math.prod(
            -(-int(size) // max(int(part), 1)) for size, part in zip(shape, chunks, strict=True)
        )
        if number * _CHUNK_ENTRY > stored:
            raise ValueError(f"it claims {number} parts of an array, and {stored} bytes are stored")


def check_hdf5(path: Path) -> None:
    """Check every array of an HDF5 file.

    Raises
    ------
    ValueError
        See :func:`check_size`; also a file with hundreds of thousands of objects.
    OSError
        No HDF5 file, or one that is cut.
    """
    stored = path.stat().st_size
    seen = 0

    def check(_: str, item: h5py.Group | h5py.Dataset) -> None:
        nonlocal seen
        seen += 1
        if seen > _MOST_OBJECTS:
            raise ValueError("it holds more objects than a recording has")
        if isinstance(item, h5py.Dataset) and item.shape:
            check_size(item.shape, item.dtype, stored, item.chunks)

    with h5py.File(path, "r") as file:
        file.visititems(check)


def check_pages(path: Path) -> None:
    """Follow the pages of a TIFF from one to the next: tifffile goes round for ever where they form a ring.

    Raises
    ------
    ValueError
        No TIFF, or a page that comes twice.
    """
    with path.open("rb") as file:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        form = (
            None if order is None or len(head) < 16 else _TIFF.get(struct.unpack(order + "H", head[2:4])[0])
        )
        if order is None or form is None:
            raise ValueError("it is no TIFF")
        number, address, tag, start = form
        (at,) = struct.unpack_from(order + address, head, start)
        seen: set[int] = set()
        while at:
            if at in seen:
                raise ValueError("its pages come round again: a corrupted file")
            seen.add(at)
            file.seek(at)
            count = file.read(struct.calcsize(order + number))
            if len(count) < struct.calcsize(order + number):
                return  # the reader says what is missing
            file.seek(at + len(count) + tag * struct.unpack(order + number, count)[0])
            following = file.read(struct.calcsize(order + address))
            if len(following) < struct.calcsize(order + address):
                return
            (at,) = struct.unpack(order + address, following)


def check_tiff(tiff: tifffile.TiffFile, path: Path) -> None:
    """Check every series of a TIFF.

    Raises
    ------
    ValueError
        See :func:`check_size`.
    """
    stored = path.stat().st_size
    for series in tiff.series:
        check_size(series.shape, np.dtype(series.dtype), stored, None)
        for page in series.pages:
            if page is not None:
                check_size(page.shape, np.dtype(page.dtype), stored, page.chunks)
