"""A mesh in the form that the kernels take: flat, padded, and without dimensions.

Lengths and times are scaled so that the largest cell has volume 1, the largest conductance is 1 and the
largest diffusivity is 1. D = 1e-22 and D = 1e-8 m2/s then are the same problem.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen import Mesh
from lto_sim.transport.network import Network, build_network

__all__ = ["Grid", "make_grid"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Padded flat arrays of one mesh.

    Parameters
    ----------
    shape : Cells (nz, ny, nx).
    network : Layout of the multigrid, elements included.
    volume, gx, gy, gz : Scaled volumes and conductances, one padding plane at each end.
    fraction : Part of each cell that is inside the outline, padded; 0 outside.
    volume_scale : What a scaled volume of 1 is [m3].
    conductance_scale : What a scaled conductance of 1 is [m].
    contact_cell : Flat padded index of the cell behind every contact face, contacts one after another.
    contact_element : Flat index of the element that a face feeds, -1 where it feeds the cell.
    contact_conductance : Scaled conductance from face to node.
    contact_area : Face areas [m2].
    contact_slices : Rows of each contact in these arrays.
    element_kind, element_conductance, element_front : Of every element; conductances scaled.
    element_area : Area of every element, scaled so that its square over a conductance is a scaled volume.
    edge_kind, edge_ratio : Kinds, and distances over widths, at both ends of every edge, (2, edges).
    barrier_cell, barrier_stride : Flat index of the cell before each barrier face, and the way to the next.
    barrier_kind : Boundary of each barrier face.
    barrier_secant : 1/|n| over the face's area [m-2].
    """

    shape: tuple[int, int, int]
    network: Network
    volume: Floats
    gx: Floats
    gy: Floats
    gz: Floats
    fraction: Floats
    volume_scale: float
    conductance_scale: float
    contact_cell: Integers
    contact_element: Integers
    contact_conductance: Floats
    contact_area: Floats
    contact_slices: tuple[slice, ...]
    element_kind: Integers
    element_conductance: Floats
    element_front: Floats
    element_area: Floats
    edge_kind: Integers
    edge_ratio: Floats
    barrier_cell: Integers
    barrier_stride: Integers
    barrier_kind: Integers
    barrier_secant: Floats

    @property
    def interior(self) -> slice:
        """The cells in a padded array."""
        nz, ny, nx = self.shape
        return slice(ny * nx, ny * nx * (nz + 1))

    @property
    def elements(self) -> int:
        """Elements of surfaces and boundaries."""
        return int(self.element_kind.size)

    def time_unit(self, diffusivity: float) -> float:
        """Seconds that one unit of scaled time lasts, for `diffusivity` [m2 s-1] scaled to 1."""
        return self.volume_scale / (self.conductance_scale * diffusivity)

    def edge_conductance(self, surface: Floats) -> Floats:
        """Conductance [m3 s-1] of every edge, for the conductance delta D_s of each kind [m3 s-1]."""
        if self.edge_kind.size == 0:
            return np.empty(0)
        along = np.append(surface, 0.0) if surface.size == 0 else surface
        s = along[self.edge_kind]
        conducts = np.all((s > 0.0) | (self.edge_ratio == 0.0), axis=0) & np.any(s > 0.0, axis=0)
        resistance = (self.edge_ratio / np.where(s > 0.0, s, 1.0)).sum(axis=0)
        return np.where(conducts, 1.0 / np.where(conducts, resistance, 1.0), 0.0)

    def pad(self, cells: Floats) -> Floats:
        """Flatten (nz, ny, nx) with a plane of zeros at each end."""
        return _pad(cells)

    def unpad(self, padded: Floats) -> Floats:
        """Cells (nz, ny, nx) of a padded array, as a view."""
        return padded[self.interior].reshape(self.shape)


def make_grid(mesh: Mesh) -> Grid:
    """Scale and flatten a mesh."""
    _, ny, nx = mesh.shape
    surface, edges, barriers = mesh.surface, mesh.edges, mesh.barriers
    volume_scale = float(mesh.volume.max())
    parts = [mesh.conductance_x.max(), mesh.conductance_y.max(), mesh.conductance_z.max()]
    if mesh.fraction.min() == 1.0:  # a cut cell may lie as near to a contact as it likes
        parts += [c.conductance.max() for c in mesh.contacts]
    scale = float(max(parts))
    ends = np.cumsum([0, *(len(c.cell) for c in mesh.contacts)])
    network = build_network(mesh.shape, surface.cell, surface.kind, edges.first, edges.second)
    element = np.concatenate([c.element for c in mesh.contacts])
    barrier = _flat(barriers.cell, ny, nx)
    return Grid(
        shape=mesh.shape,
        network=network,
        volume=_pad(mesh.volume / volume_scale),
        gx=_pad(mesh.conductance_x / scale),
        gy=_pad(mesh.conductance_y / scale),
        gz=_pad(mesh.conductance_z / scale),
        fraction=_pad(np.broadcast_to(mesh.fraction, mesh.shape)),
        volume_scale=volume_scale,
        conductance_scale=scale,
        contact_cell=np.concatenate([_flat(c.cell, ny, nx) for c in mesh.contacts]),
        contact_element=np.where(element >= 0, element + network.dims[0, 4], -1),
        contact_conductance=np.concatenate([c.conductance for c in mesh.contacts]) / scale,
        contact_area=np.concatenate([c.area for c in mesh.contacts]),
        contact_slices=tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(ends)),
        element_kind=surface.kind,
        element_conductance=surface.conductance / scale,
        element_front=surface.area / surface.depth / scale,
        element_area=surface.area / math.sqrt(scale * volume_scale),
        edge_kind=surface.kind[np.stack([edges.first, edges.second])],
        edge_ratio=np.stack([edges.ratio_first, edges.ratio_second]),
        barrier_cell=barrier,
        barrier_stride=np.where(barriers.axis == 0, 1, nx).astype(np.int64),
        barrier_kind=barriers.boundary,
        barrier_secant=barriers.secant / barriers.area,
    )


def _flat(cell: Integers, ny: int, nx: int) -> Integers:
    return np.asarray((cell[:, 0] + 1) * ny * nx + cell[:, 1] * nx + cell[:, 2], dtype=np.int64)


def _pad(cells: Floats) -> Floats:
    nz, ny, nx = cells.shape
    padded = np.zeros((nz + 2, ny, nx))
    padded[1:-1] = cells
    return padded.ravel()
