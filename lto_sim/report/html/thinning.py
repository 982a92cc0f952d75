"""Which frames and pixels of movies are kept where not all fit.

The rule, in this order, until what is packed fits its share of the page: every n-th frame, as long as 60 are
left; pixels averaged in blocks of 2 x 2, 3 x 3, ..., as long as 100 are left along the longer side; then both
without a lower end, first the frames. How well a movie packs is estimated from a few of its frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from lto_sim.report.html.packing import Floats, Packed, binned, pack, quantised

__all__ = ["Images", "Kept", "Ranged", "estimated_size", "keep", "packed_size"]

_FEWEST_FRAMES: Final = 60
_SHORTEST_SIDE: Final = 100
_TRIED: Final = 8
"""Neighbouring frames from which the packed size is estimated, at three places of a movie."""
_BETTER: Final = 0.6
"""How much better the rest of a movie may pack than the part that its size is estimated from."""
_MOST_TRIED: Final = 12
"""Movies from which it is estimated."""


class Images(Protocol):
    """Images with the range of their colours; the values may be read anew each time they are asked for."""

    @property
    def values(self) -> Floats:
        """Values (frames, y, x), NaN where there is nothing."""

    @property
    def low(self) -> float:
        """Lowest value that has a colour of its own."""

    @property
    def high(self) -> float:
        """Highest one."""


@dataclass(frozen=True, eq=False)
class Ranged:
    """Images in memory: values (frames, y, x), low, high."""

    values: Floats
    low: float
    high: float


@dataclass(frozen=True)
class Kept:
    """What is kept: every `stride`-th frame, blocks of `block` x `block` pixels averaged."""

    stride: int = 1
    block: int = 1
    frames: int = 1
    shown: int = 1

    @property
    def words(self) -> str:
        """What was done, in words; empty where all is shown."""
        parts = []
        if self.stride > 1:
            parts.append(f"every {_ordinal(self.stride)} frame is shown ({self.shown} of {self.frames})")
        if self.block > 1:
            parts.append(f"pixels are averaged in blocks of {self.block} × {self.block}")
        return f"To keep this file small, {' and '.join(parts)}." if parts else ""


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _ladder(frames: int, longer: int) -> Iterator[tuple[int, int]]:
    """Give strides and blocks from all to next to nothing."""
    stride = block = 1
    yield stride, block
    while -(-frames // (stride + 1)) >= _FEWEST_FRAMES:
        stride += 1
        yield stride, block
    while longer // (block + 1) >= _SHORTEST_SIDE:
        block += 1
        yield stride, block
    while stride < frames:
        stride += max(1, stride // 4)
        yield min(stride, frames), block
    while block < longer:
        block += max(1, block // 4)
        yield frames, min(block, longer)


def _packed(images: Sequence[Images], stride: int, block: int) -> list[Packed]:
    return [pack(quantised(binned(image.values[::stride], block), image.low, image.high)) for image in images]


def packed_size(packed: Sequence[Packed]) -> int:
    """Characters that packed images take."""
    return sum(len(one.data) for one in packed)


def estimated_size(images: Sequence[Images]) -> int:
    """Estimate the characters that all frames would take, from a few runs of neighbouring ones."""
    total = 0
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), _MOST_TRIED)).astype(int))
    for image in (images[number] for number in chosen):
        values = image.values
        frames = len(values)
        starts = np.unique(np.linspace(0, max(frames - _TRIED, 0), 3).astype(int))
        parts = [values[start : start + _TRIED] for start in starts]
        size = sum(len(pack(quantised(part, image.low, image.high)).data) for part in parts)
        total += int(size * frames / max(sum(len(part) for part in parts), 1)) + 64
    return total * len(images) // max(len(chosen), 1)


def keep(images: Sequence[Images], shape: tuple[int, int, int], budget: int) -> tuple[Kept, list[Packed]]:
    """Pack images that go together, thinned alike until they fit.

    Parameters
    ----------
    images : One or more movies.
    shape : The largest (frames, y, x) among them.
    budget : Characters at most. The last resort, one frame of one pixel, is kept whatever it takes.
    """
    frames, longer = shape[0], max(*shape[1:], 1)
    full = float(estimated_size(images))
    packed: list[Packed] = []
    stride = block = 1
    for stride, block in _ladder(frames, longer):
        part = -(-frames // stride) / max(frames, 1) / block**2
        if full * part * _BETTER > budget and (stride, block) != (frames, longer):
            continue
        packed = _packed(images, stride, block)
        if packed_size(packed) <= budget:
            break
        full = packed_size(packed) / part
    return Kept(stride, block, frames, -(-frames // stride)), packed
