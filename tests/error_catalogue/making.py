"""Files that a case finds: arrays, images, stores with a part missing."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

__all__ = ["folder", "npy", "tiff", "truncated_tiff", "without"]


def npy(*values: object, shape: tuple[int, ...] = (), kind: str | None = None) -> bytes:
    """An array file: one value spread over a shape, or the values."""
    buffer = io.BytesIO()
    array = np.asarray(values[0] if len(values) == 1 else values, dtype=kind)
    np.save(buffer, np.broadcast_to(array, shape).copy() if shape else array, allow_pickle=kind == "object")
    return buffer.getvalue()


def tiff(*shape: int) -> bytes:
    """A TIFF of a step in a plain image or stack."""
    buffer = io.BytesIO()
    image = np.zeros(shape, dtype=np.uint16)
    image[..., shape[-1] // 2 :] = 1000
    tifffile.imwrite(buffer, image, photometric="minisblack")
    return buffer.getvalue()


def truncated_tiff(*shape: int) -> bytes:
    """The first third of a TIFF."""
    whole = tiff(*shape)
    return whole[: len(whole) // 3]


def folder(path: Path) -> None:
    """An empty directory."""
    path.mkdir()


def without(store: str, part: str, content: bytes | None = None) -> Callable[[Path], None]:
    """A function that takes a file out of a store that lies beside, or spoils it; the path is a mark only."""

    def spoil(mark: Path) -> None:
        victim = mark.parent / store / part
        if content is None:
            victim.unlink()
        else:
            victim.write_bytes(content)

    return spoil
