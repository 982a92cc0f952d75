"""Images as bytes that a browser unpacks: 8 bits a pixel, deflate, base64.

Code 0 is "nothing here" (NaN), 1 to 255 run from `low` to `high`, ends included: a step is 1/254 of the
range. PNG would be decoded through a canvas, which browsers that guard against fingerprints hand back with
noise; deflate comes back exactly. Of three predictions of a byte (none, the pixel before, the frame before)
the one that packs best is kept: a noisy recording packs best as it is, a clean simulation by its differences
in time.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError

__all__ = ["STEPS", "Packed", "binned", "colour_table", "pack", "quantised", "safe_range"]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.floating]

STEPS: Final = 254
"""Steps between the lowest and the highest value."""


@dataclass(frozen=True)
class Packed:
    """Packed images.

    Parameters
    ----------
    data : Base64 of a zlib stream.
    filter : What a byte is a difference to: "none", "pixel" (the one before), "frame" (the pixel one before).
    """

    data: str
    filter: str


def safe_range(low: float, high: float, values: Floats) -> tuple[float, float]:
    """Return a range of colours that is one: finite and not empty.

    Parameters
    ----------
    low, high : The range that was asked for; where it is none, that of the values is taken.
    values : Any shape.
    """
    if np.isfinite(low) and np.isfinite(high) and high > low:
        return float(low), float(high)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def quantised(values: Floats, low: float, high: float) -> Bytes:
    """Return codes: 0 of NaN, else 1 to 255 from `low` to `high`; what lies beyond takes the end.

    Parameters
    ----------
    values : Any shape.
    low, high : A finite range, `low` < `high`.
    """
    absent = np.isnan(values)
    inside = np.clip(np.where(absent, low, values), low, high).astype(np.float64)
    codes = np.rint((inside - low) * (STEPS / (high - low))).astype(np.uint8) + np.uint8(1)
    return np.where(absent, np.uint8(0), codes).astype(np.uint8)


def pack(codes: Bytes, level: int = 6) -> Packed:
    """Pack codes (frames, y, x) in the way that takes least."""
    frames = np.ascontiguousarray(codes).reshape(codes.shape[0], -1)
    ways = {"none": frames, "pixel": frames.copy(), "frame": frames.copy()}
    ways["pixel"][:, 1:] = frames[:, 1:] - frames[:, :-1]
    ways["frame"][1:] = frames[1:] - frames[:-1]
    packed = {name: zlib.compress(values.tobytes(), level) for name, values in ways.items()}
    best = min(packed, key=lambda name: len(packed[name]))
    return Packed(base64.b64encode(packed[best]).decode("ascii"), best)


def binned(values: Floats, factor: int) -> Floats:
    """Average blocks of `factor` x `factor` pixels; of a block at the edge or with NaN, what there is.

    Parameters
    ----------
    values : (frames, y, x).
    factor : Pixels of a block along each side.
    """
    if factor == 1:
        return values
    frames, height, width = values.shape
    padded = np.full(
        (frames, -(-height // factor) * factor, -(-width // factor) * factor), np.nan, dtype=np.float64
    )
    padded[:, :height, :width] = values
    blocks = padded.reshape(frames, padded.shape[1] // factor, factor, padded.shape[2] // factor, factor)
    known = np.isfinite(blocks)
    count = known.sum(axis=(2, 4))
    total = np.where(known, blocks, 0.0).sum(axis=(2, 4))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def colour_table(name: str) -> list[str]:
    """Return the colours of codes 1 to 255 as ``rrggbb``.

    Raises
    ------
    InputError
        No colour map of this name.
    """
    if name not in mpl.colormaps:
        raise InputError("colours", name, "a colour map of matplotlib", 'for example "cividis"')
    colours = np.rint(255 * mpl.colormaps[name](np.linspace(0.0, 1.0, STEPS + 1))[:, :3]).astype(int)
    return [f"{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours]
