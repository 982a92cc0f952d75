"""Grain boundaries from a label image: the lines between every two grains.

Each grain's indicator is blurred by a Gaussian; two grains meet where theirs are equal and above all others,
so that the lines of three grains meet where three are equal. Before that the grains grow into what is
labelled 0, the outside, so that lines run straight on across the outline; they are cut where the blurred
particle falls to a half. With the default of one pixel straight lines at any angle are 1.2 % long at most.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from lto_sim.errors import InputError
from lto_sim.specimen.bodies import positive

__all__ = ["boundaries_from_labels"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Pair = tuple[int, int]

_SHORTEST: Final = 2.0
"""Lines below this length [pixels] are left out: corners that touch, or a grain that the Gaussian removes."""


def boundaries_from_labels(
    labels: NDArray[Any], pixel_size: float | None, *, smoothing: float = 1.0, field: str = "grain_boundaries"
) -> dict[Pair, tuple[Floats, ...]]:
    """Trace the lines between neighbouring grains.

    Lines end on the outline (labels above 0 against 0), on the frame, or where three grains or more meet:
    there all ends are the same point. A line around an enclosed grain is closed, its first point also its
    last. Grains that a line of zeros of one pixel separates, as a watershed leaves it, are neighbours; the
    line runs within half a pixel of its middle.

    Parameters
    ----------
    labels : Whole numbers (rows, columns): 0 outside, each grain a number above.
    pixel_size : Size of a pixel [m]; the centre of (row, column) is at ((column + 0.5), (row + 0.5)) of it.
    smoothing : Standard deviation of the Gaussian [pixels].
    field : Name used in errors.

    Returns
    -------
    Two labels, the smaller first -> polylines (n, 2) [m].

    Raises
    ------
    InputError
        Not whole numbers, fewer than two grains, no pixel size.
    """
    grains = _checked(labels, field)
    if pixel_size is None:
        raise InputError(f"{field}.pixel", None, "> 0 m", 'the image has no pixel size: give pixel = "1 nm"')
    positive(f"{field}.pixel", pixel_size)
    if not 0.0 <= smoothing <= 100.0:
        raise InputError(f"{field}.smoothing", smoothing, "0 to 100 pixels", "give a standard deviation")
    margin = math.ceil(4.0 * smoothing) + 2
    padded = np.pad(grains, margin, mode="edge")
    inside = _blur(padded > 0, smoothing)
    nearest = ndimage.distance_transform_edt(padded == 0, return_distances=False, return_indices=True)
    full = padded[tuple(nearest)]
    pieces = [
        (pair, line, met)
        for pair, window in _meetings(full, margin)
        for line, met in _lines(pair, full, inside, window, smoothing, margin)
    ]
    joined = _join([line for _, line, _ in pieces], [met for _, _, met in pieces], max(2.0, 2.0 * smoothing))
    found: dict[Pair, tuple[Floats, ...]] = {}
    for (pair, _, _), line in zip(pieces, joined, strict=True):
        if _length(line) >= _SHORTEST:
            found[pair] = (*found.get(pair, ()), pixel_size * line)
    return found


def _checked(labels: NDArray[Any], field: str) -> Labels:
    array = np.asarray(labels)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "buif":
        found = f"{array.dtype} of shape {array.shape}"
        raise InputError(f"{field}.image", found, "whole numbers (rows, columns)", "give one label image")
    if not np.isfinite(array).all() or (array < 0).any() or (array != np.floor(array)).any():
        raise InputError(
            f"{field}.image", "values that are no labels", "whole numbers, 0 outside and grains from 1",
            "give a label image, not a grey one",
        )  # fmt: skip
    grains = array.astype(np.int64)
    names = np.unique(grains[grains > 0])
    if names.size < 2:
        raise InputError(
            f"{field}.image", f"{names.size} grains", "at least 2 grains", "label the grains 1, 2, 3, ..."
        )
    return grains


def _blur(indicator: NDArray[np.bool_], width: float) -> Floats:
    values = indicator.astype(np.float64)
    return ndimage.gaussian_filter(values, width, mode="nearest") if width > 0.0 else values


def _meetings(full: Labels, margin: int) -> list[tuple[Pair, tuple[slice, slice]]]:
    """Return each pair of labels that touch, diagonally too, and the window around their pixels."""
    found = []
    for one, other in (
        ((slice(None), slice(1, None)), (slice(None), slice(-1))),
        ((slice(1, None), slice(None)), (slice(-1), slice(None))),
        ((slice(1, None), slice(1, None)), (slice(-1), slice(-1))),
        ((slice(1, None), slice(-1)), (slice(-1), slice(1, None))),
    ):
        a, b = full[one], full[other]
        row, column = np.nonzero(a != b)
        a, b = a[row, column], b[row, column]
        found.append(np.stack([np.minimum(a, b), np.maximum(a, b), row, column], axis=1))
    touching = np.concatenate(found)
    pairs, which = np.unique(touching[:, :2], axis=0, return_inverse=True)
    windows = []
    for number, (first, second) in enumerate(pairs):
        at = touching[which == number, 2:]
        low, high = np.maximum(at.min(axis=0) - margin, 0), at.max(axis=0) + margin + 2
        window = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
        windows.append(((int(first), int(second)), window))
    return windows


def _lines(
    pair: Pair, full: Labels, inside: Floats, window: tuple[slice, slice], width: float, margin: int
) -> list[tuple[Floats, tuple[bool, bool]]]:
    """Return the lines (x, y) [pixels] between two grains; for both ends whether other grains meet there."""
    from skimage.measure import find_contours

    part = full[window]
    share = {int(label): _blur(part == label, width) for label in np.unique(part)}
    first, second = share.pop(pair[0]), share.pop(pair[1])
    others = np.max([*share.values(), np.zeros(part.shape)], axis=0)
    lead = 0.5 * (first + second) - others
    corner = np.array([window[0].start, window[1].start]) - margin + 0.5
    height, length = (size - 2 * margin for size in full.shape)
    found: list[tuple[Floats, tuple[bool, bool]]] = []
    for contour in find_contours(first - second, 0.0):
        row, column = (contour + corner).T
        frame = np.minimum.reduce([row, height - row, column, length - column])
        measures = np.stack([frame, _sample(inside[window], contour) - 0.5, _sample(lead, contour)])
        found.extend(_cut(np.stack([column, row], axis=1), measures))
    return found


def _sample(values: Floats, points: Floats) -> Floats:
    return np.asarray(ndimage.map_coordinates(values, points.T, order=1, mode="nearest"), dtype=np.float64)


def _cut(line: Floats, measures: Floats) -> list[tuple[Floats, tuple[bool, bool]]]:
    """Return the stretches where all measures are >= 0, each end moved to where the first of them is 0.

    Parameters
    ----------
    line : Vertices (n, 2).
    measures : (3, n): how far inside the frame, inside the particle, ahead of all other grains.
    """
    kept = np.asarray((measures >= 0.0).all(axis=0), dtype=np.bool_)
    closed = bool(np.all(line[0] == line[-1]))
    if closed and not kept.all():  # begin outside, so that no stretch runs over the seam
        turned = np.roll(np.arange(len(line) - 1), -int(np.argmin(kept[:-1])))
        order = np.append(turned, turned[0])
        line, measures, kept = line[order], measures[:, order], kept[order]
    steps = np.diff(np.concatenate([[False], kept, [False]]).astype(np.int64))
    stretches = []
    starts, stops = (np.flatnonzero(steps == change).tolist() for change in (1, -1))
    for start, stop in zip(starts, stops, strict=True):
        before, met_first = _end(line, measures, start, start - 1)
        after, met_last = _end(line, measures, stop - 1, stop)
        stretches.append((np.concatenate([before, line[start:stop], after]), (met_first, met_last)))
    return stretches


def _end(line: Floats, measures: Floats, last: int, beyond: int) -> tuple[Floats, bool]:
    """Return where the stretch ends between its last vertex and the one beyond; whether at other grains."""
    if not 0 <= beyond < len(line):
        return line[:0], False
    fall = np.maximum(measures[:, last] - measures[:, beyond], 1e-300)
    shares = np.where(measures[:, beyond] < 0.0, measures[:, last] / fall, 1.0)
    point = line[last] + shares.min() * (line[beyond] - line[last])
    return point[None, :], bool(shares[2] < shares[:2].min())


def _join(lines: list[Floats], met: list[tuple[bool, bool]], reach: float) -> list[Floats]:
    """Move ends where several grains meet to the middle of all that lie within `reach` [pixels]."""
    joined = [line.copy() for line in lines]
    ends = [(number, -side) for number, sides in enumerate(met) for side in (0, 1) if sides[side]]
    if len(ends) < 2:
        return joined
    points = np.array([lines[number][at] for number, at in ends])
    near = cKDTree(points).query_pairs(reach, output_type="ndarray")
    graph = coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(ends), len(ends)))
    _, group = connected_components(graph, directed=False)
    for (number, at), own in zip(ends, group, strict=True):
        joined[number][at] = points[group == own].mean(axis=0)
    return joined


def _length(line: Floats) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
