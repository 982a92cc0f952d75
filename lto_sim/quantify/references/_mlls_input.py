"""What a fit with references is given, checked: spectra, channels, weights; and counts in blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from lto_sim.errors import InputError

__all__ = [
    "BLOCK_BYTES", "References", "blocks", "checked_array", "checked_references", "positive_combination",
    "refuse_negative",
]  # fmt: skip

Floats = NDArray[np.float64]

BLOCK_BYTES: Final = 64 * 2**20
"""Size of a block of counts as double precision; a block is at least a chunk of a lazy array."""
_ALIKE: Final = 1e-5
"""Smallest singular value of references of unit length that can be told apart."""


@dataclass(frozen=True, eq=False)
class References:
    """References in the channels of a fit.

    Parameters
    ----------
    values : (n, channels), finite.
    channels : Their numbers, ascending.
    names : One for each reference.
    """

    values: Floats
    channels: NDArray[np.intp]
    names: tuple[str, ...]

    def weighted(self, weights: Floats) -> tuple[Floats, Floats]:
        """Normal matrix of shared weights, and its inverse.

        Raises
        ------
        InputError
            References that these weights leave alike.
        """
        _refuse_alike(self.values * np.sqrt(weights), self.names)
        gram = self.values * weights @ self.values.T
        return gram, np.asarray(np.linalg.inv(gram))


def checked_references(
    counts: Any, references: ArrayLike, channels: ArrayLike | slice | None, names: Sequence[str] | None
) -> References:
    """References that fit the counts and each other.

    Raises
    ------
    InputError
        Shapes or energies that do not fit, values that are not finite, too few channels, references of
        which one is a combination of the others.
    """
    values = np.asarray(references, dtype=np.float64)
    size = counts.shape[-1] if counts.ndim else 0
    if values.ndim != 2 or values.shape[1] != size or 0 in values.shape:
        raise InputError(
            "references", values.shape, f"(n, {size}), as many channels as the counts",
            "put the energy axis of both last, and resample the references to the channels of the counts",
        )  # fmt: skip
    _compare_energies(counts, references)
    named = tuple(names) if names is not None else tuple(f"reference {k}" for k in range(values.shape[0]))
    if len(named) != values.shape[0]:
        raise InputError("names", named, f"{values.shape[0]} names", "name every reference")
    taken = _channel_numbers(channels, size)
    values = np.ascontiguousarray(values[:, taken])
    if not np.all(np.isfinite(values)):
        wrong = named[int(np.argmin(np.all(np.isfinite(values), axis=1)))]
        raise InputError("references", f"{wrong}: NaN or infinity", "finite values", "choose other channels")
    if taken.size <= values.shape[0]:
        raise InputError(
            "channels", f"{taken.size} channels", f"more than the {values.shape[0]} references", "take more"
        )
    _refuse_alike(values, named)
    return References(values, taken, named)


def _compare_energies(counts: Any, references: Any) -> None:
    """Compare the energies of labelled arrays."""
    energies = []
    for array in (counts, references):
        last = array.dims[-1] if hasattr(array, "dims") and hasattr(array, "coords") else None
        if last is None or last not in array.coords:
            return
        energies.append(np.asarray(array.coords[last], dtype=np.float64))
    step = abs(energies[0][-1] - energies[0][0]) / max(energies[0].size - 1, 1)
    if np.abs(energies[0] - energies[1]).max() > 1e-3 * step:
        spans = [f"{energy[0]:.6g} to {energy[-1]:.6g} eV" for energy in energies]
        raise InputError(
            "references", spans[1], f"energies of the counts, {spans[0]}",
            "resample the references to the channels of the counts",
        )  # fmt: skip


def _channel_numbers(channels: ArrayLike | slice | None, size: int) -> NDArray[np.intp]:
    everything = np.arange(size)
    if channels is None:
        return everything
    try:
        chosen = everything[channels if isinstance(channels, slice) else np.asarray(channels)]
    except IndexError:
        raise InputError(
            "channels", channels, f"a slice, a mask of {size} or numbers below it", "choose other channels"
        ) from None
    return np.unique(chosen)


def _refuse_alike(values: Floats, names: tuple[str, ...]) -> None:
    length = np.linalg.norm(values, axis=1)
    if not np.all(length > 0.0):
        raise InputError(
            "references", f"{names[int(np.argmin(length))]}: 0 in every channel of the fit",
            "not 0 everywhere", "leave it out, or choose other channels",
        )  # fmt: skip
    _, singular, directions = np.linalg.svd((values / length[:, None]).T, full_matrices=False)
    if singular[-1] < _ALIKE:
        share = np.abs(directions[-1])
        alike = [names[k] for k in np.flatnonzero(share > 0.1 * share.max())]
        raise InputError(
            "references", " and ".join(alike), "spectra of which none is a combination of the others",
            "leave one of them out, or choose channels where they differ",
        )  # fmt: skip


def positive_combination(values: Floats, background: Floats, bounded: bool) -> Floats:
    """Amplitudes (n,) whose model is above 0 in every channel, beside the background where that is.

    Raises
    ------
    InputError
        There are none.
    """
    alone = background <= 0.0
    if np.all(values >= 0.0) and np.all(values.sum(axis=0)[alone] > 0.0):
        return np.asarray(1.0 / values.sum(axis=1))
    largest = np.abs(values).max(axis=1)
    scaled = values / largest[:, None]
    level = np.abs(scaled).max(axis=0)
    n = values.shape[0]
    found = linprog(
        np.r_[np.zeros(n), -1.0],
        A_ub=np.c_[-scaled.T, level],
        b_ub=np.zeros(level.size),
        bounds=[((0.0 if bounded else -1.0), 1.0)] * n + [(0.0, 1.0)],
    )
    x = np.zeros(n + 1) if found.x is None else np.asarray(found.x)
    if x[-1] > 1e-9 and np.all((x[:n] @ scaled)[alone] > 0.0):
        return np.asarray(x[:n] / largest)
    if np.any(alone):
        raise InputError(
            "references", "no combination of them", "one that is above 0 in every channel of the fit",
            'choose channels, add the background, or use weights="model"',
        )  # fmt: skip
    return np.zeros(n)


def checked_array(name: str, values: Any, shape: tuple[int, ...], channels: NDArray[np.intp]) -> Any:
    """`values` as (channels of the fit,), checked, or unread as they are where every pixel has its own.

    Raises
    ------
    InputError
        Neither (energy,) nor the shape of the counts; shared values that are negative or not finite.
    """
    found: Any = values if hasattr(values, "shape") else np.asarray(values)
    if tuple(found.shape) not in {shape[-1:], shape}:
        raise InputError(name, tuple(found.shape), f"{shape[-1:]} or {shape}", "give one value a channel")
    if len(found.shape) == 1:
        found = np.asarray(found, dtype=np.float64)[channels]
        refuse_negative(name, found)
        if not np.all(np.isfinite(found)):
            raise InputError(name, "NaN or infinity", "finite values", "leave these channels out")
    return found


def refuse_negative(name: str, values: Floats) -> None:
    """Raise InputError where a value is below 0."""
    if values.size and np.any(values < 0.0):
        raise InputError(name, float(np.nanmin(values)), ">= 0", f"correct the {name}")


def blocks(array: Any, size: int = 1) -> Iterator[tuple[slice, ...]]:
    """Slices of the leading axes of `array` (..., energy): whole chunks, up to `size` times a block."""
    shape = array.shape[:-1]
    room = max(1, size * BLOCK_BYTES // (8 * array.shape[-1]))
    sizes = [min(size, extent) for size, extent in zip(_chunk(array), shape, strict=True)]
    for axis in range(len(shape) - 1, -1, -1):
        others = math.prod(sizes) // max(sizes[axis], 1)
        fits = room // max(others * sizes[axis], 1)
        if fits > 1:
            sizes[axis] = min(sizes[axis] * fits, shape[axis])
        if sizes[axis] < shape[axis]:
            break
    starts = [range(0, extent, max(size, 1)) for extent, size in zip(shape, sizes, strict=True)]
    for corner in product(*starts):
        yield tuple(slice(begin, begin + size) for begin, size in zip(corner, sizes, strict=True))


def _chunk(array: Any) -> list[int]:
    """Largest chunk along each leading axis; 1 where there are none."""
    chunks = getattr(array, "chunks", None)
    if not chunks:
        return [1] * (len(array.shape) - 1)
    return [max(size) if isinstance(size, Sequence) else int(size) for size in chunks[:-1]]
