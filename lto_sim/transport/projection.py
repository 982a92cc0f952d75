"""Cells to pixels, with the front placed within its cells.

A cell in the miscibility gap is a cell that the front is crossing: a part of it has been transformed. Spread
evenly, that part would blur the front to the width of a cell. Here it lies on the side of the richer
neighbours, as a piecewise linear interface does (Youngs 1982): the cell is divided into 4 x 4 x 4 parts, and
those furthest along the gradient are rich. Lithium is kept exactly, in every cell.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen.raster import overlap_lengths
from lto_sim.transport.compiled import kernel

__all__ = ["PixelProjection", "place_fronts"]

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_PARTS: Final = 4
_SQUARE: Final = _PARTS**2
_LEAST: Final[float] = 1e-6
"""Transformed part of a cell below which, and above 1 less which, there is no front in it."""
_TIE: Final[float] = 1e-9
_FLAT: Final[float] = 1e-3
"""Gradient [per cell] below which a front has no direction."""


@kernel
def _fraction(x: Floats, k: int, j: int, i: int, x_poor: float, x_rich: float) -> float:
    part: float = min(max((x[k, j, i] - x_poor) / (x_rich - x_poor), 0.0), 1.0)
    return part


@kernel
def _slope(
    x: Floats, volume: Floats, k: int, j: int, i: int, axis: int, x_poor: float, x_rich: float
) -> float:
    """Difference of the transformed part over two cells along an axis, one-sided at the particle's edge."""
    own = _fraction(x, k, j, i, x_poor, x_rich)
    ends = np.empty(2)
    found = np.zeros(2)
    for side in range(2):
        kk, jj, ii = k, j, i
        if axis == 0:
            kk += 2 * side - 1
        elif axis == 1:
            jj += 2 * side - 1
        else:
            ii += 2 * side - 1
        inside = 0 <= kk < x.shape[0] and 0 <= jj < x.shape[1] and 0 <= ii < x.shape[2]
        if inside and volume[kk, jj, ii] > 0.0:
            ends[side], found[side] = _fraction(x, kk, jj, ii, x_poor, x_rich), 1.0
        else:
            ends[side] = own
    slope: float = (ends[1] - ends[0]) * (2.0 / max(found[0] + found[1], 1.0))
    return slope


@kernel
def _fill(gz: float, gy: float, gx: float, layers: int, part: float, columns: Floats) -> None:
    """Rich part of every column (parts, parts) of a cell, the parts furthest along the gradient first."""
    along = np.empty(layers * _SQUARE)
    index = 0
    for c in range(layers):
        for b in range(_PARTS):
            for a in range(_PARTS):
                along[index] = -(gz * c + gy * b + gx * a)
                index += 1
    order = np.argsort(along)
    left = part * along.size
    columns[:, :] = 0.0
    n = 0
    while n < along.size and left > 0.0:
        end = n + 1  # parts that are equally far are filled alike
        while end < along.size and along[order[end]] - along[order[n]] < _TIE:
            end += 1
        each = min(left / (end - n), 1.0)
        for m in range(n, end):
            which = order[m] % _SQUARE
            columns[which // _PARTS, which % _PARTS] += each / layers
        left -= each * (end - n)
        n = end


@kernel
def place_fronts(
    x: Floats, volume: Floats, x_poor: float, x_rich: float, first_y: Indices, length_y: Floats,
    first_x: Indices, length_x: Floats, image: Floats,
) -> None:  # fmt: skip
    """Add to an image of lithium what placing the fronts within their cells moves between pixels.

    Parameters
    ----------
    x : Composition (nz, ny, nx).
    volume : Volume of every cell over its plan area; 0 outside the particle.
    x_poor, x_rich : Edges of the gap.
    first_y, length_y : First pixel that a cell reaches, and lengths of the parts of the cell in it and those
        after it, (ny, parts, pixels) [m].
    first_x, length_x : The same along x.
    image : Lithium of every pixel, changed in place.
    """
    columns = np.empty((_PARTS, _PARTS))
    layers = _PARTS if x.shape[0] > 1 else 1
    for k in range(x.shape[0]):
        for j in range(x.shape[1]):
            for i in range(x.shape[2]):
                part = _fraction(x, k, j, i, x_poor, x_rich)
                if volume[k, j, i] <= 0.0 or part < _LEAST or part > 1.0 - _LEAST:
                    continue
                gy = _slope(x, volume, k, j, i, 1, x_poor, x_rich)
                gx = _slope(x, volume, k, j, i, 2, x_poor, x_rich)
                if max(abs(gx), abs(gy)) < _FLAT:
                    continue
                gz = _slope(x, volume, k, j, i, 0, x_poor, x_rich) if layers > 1 else 0.0
                _fill(gz, gy, gx, layers, part, columns)
                height = volume[k, j, i] * (x_rich - x_poor)
                for b in range(_PARTS):
                    for q in range(length_y.shape[2]):
                        if length_y[j, b, q] <= 0.0:
                            continue
                        for a in range(_PARTS):
                            moved = height * (columns[b, a] - part) * length_y[j, b, q]
                            for p in range(length_x.shape[2]):
                                if length_x[i, a, p] > 0.0:
                                    image[first_y[j] + q, first_x[i] + p] += moved * length_x[i, a, p]


class PixelProjection:
    """Lithium of cells in pixels, through the thickness.

    Parameters
    ----------
    x_face, y_face : Faces of the cells [m].
    x_edge, y_edge : Edges of the pixels [m].
    volume : Volume of every cell over its plan area, (nz, ny, nx) [m]; 0 outside the particle.
    """

    def __init__(
        self, x_face: Floats, y_face: Floats, x_edge: Floats, y_edge: Floats, volume: Floats
    ) -> None:
        self.volume = np.ascontiguousarray(volume)
        self.weight_x, self.weight_y = overlap_lengths(x_face, x_edge), overlap_lengths(y_face, y_edge)
        self._x, self._y = _parts_in_pixels(x_face, x_edge), _parts_in_pixels(y_face, y_edge)

    def columns(self, columns: Floats) -> Floats:
        """What lies evenly over the plan area of each cell, (ny, nx), summed over each pixel."""
        return np.asarray(self.weight_y @ columns @ self.weight_x.T)

    def lithium(self, x: Floats, x_poor: float, x_rich: float) -> Floats:
        """Lithium of every pixel, (rows, columns), of composition (nz, ny, nx)."""
        image = self.columns(np.einsum("kji,kji->ji", self.volume, x))
        (first_y, length_y), (first_x, length_x) = self._y, self._x
        place_fronts(
            np.ascontiguousarray(x), self.volume, x_poor, x_rich, first_y, length_y, first_x, length_x, image
        )
        return image


def _parts_in_pixels(faces: Floats, edges: Floats) -> tuple[Indices, Floats]:
    """First pixel of every cell, and lengths of its parts in that pixel and the next ones."""
    cells = faces.size - 1
    fine = np.concatenate([np.linspace(faces[n], faces[n + 1], _PARTS, endpoint=False) for n in range(cells)])
    lengths = overlap_lengths(np.append(fine, faces[-1]), edges).T.reshape(cells, _PARTS, -1)
    covered: NDArray[np.bool_] = np.any(lengths > 0.0, axis=1)
    first = np.where(covered.any(axis=1), covered.argmax(axis=1), 0)
    most = max(int(covered.sum(axis=1).max(initial=1)), 1)
    padded = np.concatenate([lengths, np.zeros((cells, _PARTS, most))], axis=2)
    index = first[:, None, None] + np.arange(most)
    return first.astype(np.int64), np.ascontiguousarray(
        np.take_along_axis(padded, np.broadcast_to(index, (cells, _PARTS, most)), axis=2)
    )
