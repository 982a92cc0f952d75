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

__all__ = ["StoredWaves", "front_distance", "layer_admittance"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

_THICK: Final = 30.0
"""Real part of theta beyond which nothing reaches the other side of a layer."""


def front_distance(fraction: Floats) -> Floats:
    """Half cells from the boundary of a cell in the gap to the front in it, for its transformed fraction."""
    return np.maximum(2.0 * fraction, 1e-3)


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
    rich : Rich fraction of every cell, 0 to 1 across the gap, padded flat.
    """

    def __init__(self, grid: Grid, linear: Linearised, layer: Floats, rich: Floats) -> None:
        self.grid, self.size = grid, linear.storage.size
        cells = grid.volume.size
        self.skin = self._skin(linear, layer)
        beneath, stock = self.skin[1], self.skin[3]
        taken = layer.copy()
        np.add.at(taken, beneath, stock)
        rest = np.maximum(linear.storage[:cells] - taken, 0.0)
        self.active = linear.storage[:cells] > 0.0
        axis, facing = self._axes(), np.zeros(cells)
        np.maximum.at(facing, grid.contact_cell, grid.contact_conductance)
        _, ny, nx = grid.shape
        parts: list[tuple[Any, ...]] = []
        blocked: list[tuple[Integers, Floats, Floats]] = []
        for number, (stride, g) in enumerate(((1, grid.gx), (nx, grid.gy), (nx * ny, grid.gz))):
            own = self.active & (axis == number)
            before = np.roll(g, stride)
            sides = (g > 0.0).astype(int) + (before > 0.0)
            fed = ((taken > 0.0) & (sides < 2)).astype(int)  # the half cell that a contact has
            half = np.where(own, rest / (2 - fed), 0.0)
            first = np.flatnonzero(g > 0.0)
            second = first + stride
            reach = [self._reach(linear.state, rich, a, b) for a, b in ((first, second), (second, first))]
            parts.append((first, second, g[first], half[first], half[second], *reach))
            ends = np.flatnonzero(own & (sides + fed < 2))
            full = np.maximum(np.maximum(g, before), 0.5 * facing)[ends]
            idle = np.where(full > 0.0, full, 1.0)
            blocked.append((ends, idle, half[ends] * (2 - sides - fed)[ends]))
        columns = [np.concatenate([part[k] for part in parts]) for k in range(7)]
        stores = (columns[3] > 0.0) | (columns[4] > 0.0) | (columns[5] != 1.0) | (columns[6] != 1.0)
        self.links = tuple(column[stores] for column in columns)
        ends, idle, stock = (np.concatenate([part[k] for part in blocked]) for k in range(3))
        self.ends = ends, idle, stock

    def _axes(self) -> Integers:
        """Axis along which every cell stores, 0 to 2 for x, y, z: across the nearest wall with a contact."""
        grid = self.grid
        _, ny, nx = grid.shape
        axis = np.zeros(grid.volume.size, dtype=np.int64)
        for part in grid.contact_slices:
            cells = np.unique(grid.contact_cell[part])
            wall_x = (grid.gx[cells] == 0.0) | (grid.gx[cells - 1] == 0.0)
            wall_y = (grid.gy[cells] == 0.0) | (grid.gy[cells - nx] == 0.0)
            only = np.count_nonzero(wall_x & ~wall_y), np.count_nonzero(wall_y & ~wall_x)
            corner = 0 if ny == 1 or only[0] >= only[1] else 1  # as most of the contact
            axis[cells] = np.where(wall_x == wall_y, corner, np.where(wall_x, 0, 1))
        at = np.unique(grid.contact_cell)
        free = np.ones(grid.volume.size, dtype=bool)
        free[at] = False
        shape = (grid.volume.size // (ny * nx), ny, nx)
        nearest = distance_transform_edt(free.reshape(shape), return_distances=False, return_indices=True)
        index = np.ravel_multi_index(tuple(nearest), shape).ravel()
        return np.asarray(axis[index], dtype=np.int64)

    def _skin(self, linear: Linearised, layer: Floats) -> tuple[Integers, Integers, Floats, Floats]:
        """Elements that a contact feeds, on cells of a phase: element, cell, conductance, layer's storage."""
        grid = self.grid
        count, node = grid.elements, int(grid.network.dims[0, 4])
        g = linear.coupling
        cell = grid.network.cell[:count]
        fed = np.zeros(count, dtype=bool)
        fed[grid.contact_element[grid.contact_element >= 0] - node] = True
        used = np.flatnonzero(fed & (g > 0.0) & (linear.storage[cell] > 0.0))
        g, cell = g[used], cell[used]
        area = grid.element_area[used]
        stock = np.where(g > 0.0, area**2 / np.where(g > 0.0, g, 1.0), 0.0)
        stock *= linear.storage[cell] / grid.volume[cell]
        taken = layer.copy()
        np.add.at(taken, cell, stock)
        room = np.minimum(linear.storage[cell] / np.maximum(taken[cell], 1e-300), 1.0)
        return node + used, cell, g, stock * room

    def _reach(self, state: Floats, rich: Floats, cell: Integers, other: Integers) -> Floats:
        """Way into a cell from another, in half cells: 1, or to the front where the cell is in the gap."""
        fraction = np.where(state[other] > 0.0, rich[cell], 1.0 - rich[cell])
        gap = self.active[other] & ~self.active[cell] & (self.grid.volume[cell] > 0.0)
        return np.where(gap, front_distance(fraction), 1.0)

    def matrix(self, frequency: complex) -> csr_array:
        """What the storage of the cells adds to the derivative of the fluxes, at iw, scaled."""
        first, second, g, s_first, s_second, reach_1, reach_2 = self.links
        own_1, mutual_1 = layer_admittance(2.0 * g / reach_1, frequency * s_first)
        own_2, mutual_2 = layer_admittance(2.0 * g / reach_2, frequency * s_second)
        middle = own_1 + own_2
        gain_1, gain_2 = own_1 - mutual_1**2 / middle - g, own_2 - mutual_2**2 / middle - g
        across = mutual_1 * mutual_2 / middle - g
        joined = self.active[first] & self.active[second]
        ends, idle, stock = self.ends
        own, mutual = layer_admittance(2.0 * idle, frequency * stock)
        element, cell, skin, stock = self.skin
        own_skin, mutual_skin = layer_admittance(skin, frequency * stock)
        on_both, between = own_skin - skin, skin - mutual_skin
        rows = np.concatenate(
            [first, second, first[joined], second[joined], ends, element, cell, element, cell]
        )
        columns = np.concatenate(
            [first, second, second[joined], first[joined], ends, element, cell, cell, element]
        )
        values = np.concatenate([
            gain_1, gain_2, -across[joined], -across[joined], own - mutual**2 / own,
            on_both, on_both, between, between,
        ])  # fmt: skip
        nodes = np.append(self.active, np.ones(self.size - self.active.size, dtype=bool))
        keep = nodes[rows] & nodes[columns]
        return coo_array((values[keep], (rows[keep], columns[keep])), shape=(self.size, self.size)).tocsr()
