"""Diffusion waves on the grid, at wavelengths that the cells resolve and at those that they do not.

A cell of a phase stores iwS u. Lumped in its node this is right while the wave, of length sqrt(D/w), is
longer than the cell. Here the storage of every cell lies along one axis, that of the nearest contact, as
two half cells; two nodes with their half cells between them are joined by the exact solution there; a half
cell that ends on an idle wall is a blocked layer,

    own = g theta coth(theta),   mutual = g theta/sinh(theta),   theta^2 = iw s/g,

for a half cell of conductance g and storage s. A wave that enters through a straight contact along the grid
is then exact at every frequency and mesh; across the grid, second order in the cell. Long waves see the same
storage as before.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_array, csr_array

from lto_sim.transport.grid import Grid
from lto_sim.transport.step import Linearised

__all__ = ["StoredWaves", "layer_admittance"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

_THICK: Final = 30.0
"""Real part of theta beyond which nothing reaches the other side of a layer."""


def layer_admittance(conductance: Floats, storage: Any) -> tuple[Complex, Complex]:
    """Own and mutual admittance of a layer, g theta coth(theta) and g theta/sinh(theta), theta^2 = storage/g.

    Parameters
    ----------
    conductance : g of every layer, scaled.
    storage : iw times its storage, scaled.
    """
    theta = np.sqrt(storage / conductance)
    small, thick = np.abs(theta) < 1e-4, theta.real > _THICK
    safe = np.where(small | thick, 1.0 + 0.0j, theta)
    own = np.where(thick, theta, np.where(small, 1.0 + theta**2 / 3.0, safe / np.tanh(safe)))
    mutual = np.where(thick, 0.0, np.where(small, 1.0 - theta**2 / 6.0, safe / np.sinh(safe)))
    return np.asarray(conductance * own, np.complex128), np.asarray(conductance * mutual, np.complex128)


class StoredWaves:
    """Storage of all cells at any frequency.

    Parameters
    ----------
    grid, linear : The cells, and the derivative of their fluxes.
    layer : Storage that the half cells behind contact faces take from their cells, padded flat.
    """

    def __init__(self, grid: Grid, linear: Linearised, layer: Floats) -> None:
        self.grid, self.size = grid, linear.storage.size
        cells = grid.volume.size
        rest = np.maximum(linear.storage[:cells] - layer, 0.0)
        self.active = linear.storage[:cells] > 0.0
        axis = self._axes()
        _, ny, nx = grid.shape
        parts: list[tuple[Integers, Integers, Floats, Floats, Floats]] = []
        blocked: list[tuple[Integers, Floats, Floats]] = []
        for number, (stride, g) in enumerate(((1, grid.gx), (nx, grid.gy), (nx * ny, grid.gz))):
            own = self.active & (axis == number)
            before = np.roll(g, stride)
            sides = (g > 0.0).astype(int) + (before > 0.0)
            open_to_contact = (layer > 0.0) & (sides < 2)
            halves = np.where(open_to_contact, np.maximum(sides, 1), 2)
            half = np.where(own, rest / halves, 0.0)
            first = np.flatnonzero(g > 0.0)
            parts.append((first, first + stride, g[first], half[first], half[first + stride]))
            ends = np.flatnonzero(own & ~open_to_contact & (sides < 2))
            full = np.maximum(g, before)[ends]
            idle = np.where(full > 0.0, full, 1.0)
            blocked.append((ends, idle, half[ends] * (2 - sides[ends])))
        first, second, g, s_first, s_second = (np.concatenate([part[k] for part in parts]) for k in range(5))
        stores = (s_first > 0.0) | (s_second > 0.0)
        self.links = first[stores], second[stores], g[stores], s_first[stores], s_second[stores]
        ends, idle, stock = (np.concatenate([part[k] for part in blocked]) for k in range(3))
        self.ends = ends, idle, stock

    def _axes(self) -> Integers:
        """Axis along which every cell stores, 0 to 2 for x, y, z: across the nearest wall with a contact."""
        grid = self.grid
        _, ny, nx = grid.shape
        at = np.unique(grid.contact_cell)
        missing_x = (grid.gx[at] == 0.0) | (grid.gx[at - 1] == 0.0)
        across = np.where(missing_x | (ny == 1), 0, 1)
        free = np.ones(grid.volume.size, dtype=bool)
        free[at] = False
        shape = (grid.volume.size // (ny * nx), ny, nx)
        nearest = distance_transform_edt(free.reshape(shape), return_distances=False, return_indices=True)
        index = np.ravel_multi_index(tuple(nearest), shape).ravel()
        axis = np.zeros(grid.volume.size, dtype=np.int64)
        axis[at] = across
        return np.asarray(axis[index], dtype=np.int64)

    def matrix(self, frequency: complex) -> csr_array:
        """What the storage of the cells adds to the derivative of the fluxes, at iw, scaled."""
        first, second, g, s_first, s_second = self.links
        own_1, mutual_1 = layer_admittance(2.0 * g, frequency * s_first)
        own_2, mutual_2 = layer_admittance(2.0 * g, frequency * s_second)
        middle = own_1 + own_2
        gain_1, gain_2 = own_1 - mutual_1**2 / middle - g, own_2 - mutual_2**2 / middle - g
        across = mutual_1 * mutual_2 / middle - g
        joined = self.active[first] & self.active[second]
        ends, idle, stock = self.ends
        own, mutual = layer_admittance(2.0 * idle, frequency * stock)
        rows = np.concatenate([first, second, first[joined], second[joined], ends])
        columns = np.concatenate([first, second, second[joined], first[joined], ends])
        values = np.concatenate([gain_1, gain_2, -across[joined], -across[joined], own - mutual**2 / own])
        keep = self.active[rows] & self.active[columns]
        return coo_array((values[keep], (rows[keep], columns[keep])), shape=(self.size, self.size)).tocsr()
