"""A mesh in the form that the kernels take: flat, padded, and without dimensions.

Lengths and times are scaled so that the largest cell has volume 1, the largest conductance is 1 and the
largest diffusivity is 1. D = 1e-22 and D = 1e-8 m2/s then are the same problem.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen import Mesh
from lto_sim.transport.multigrid import level_layout

__all__ = ["Grid", "make_grid"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Padded flat arrays of one mesh.

    Parameters
    ----------
    shape : Cells (nz, ny, nx).
    dims : Level layout of the multigrid.
    volume, gx, gy, gz : Scaled volumes and conductances, one padding plane at each end.
    volume_scale : What a scaled volume of 1 is [m3].
    conductance_scale : What a scaled conductance of 1 is [m].
    contact_cell : Flat padded index of the cell behind every contact face, contacts one after another.
    contact_conductance : Scaled conductance from face to node.
    contact_area : Face areas [m2].
    contact_slices : Rows of each contact in these arrays.
    """

    shape: tuple[int, int, int]
    dims: NDArray[np.int64]
    volume: Floats
    gx: Floats
    gy: Floats
    gz: Floats
    volume_scale: float
    conductance_scale: float
    contact_cell: NDArray[np.int64]
    contact_conductance: Floats
    contact_area: Floats
    contact_slices: tuple[slice, ...]

    @property
    def interior(self) -> slice:
        """The cells in a padded array."""
        nz, ny, nx = self.shape
        return slice(ny * nx, ny * nx * (nz + 1))

    def time_unit(self, diffusivity: float) -> float:
        """Seconds that one unit of scaled time lasts, for `diffusivity` [m2 s-1] scaled to 1."""
        return self.volume_scale / (self.conductance_scale * diffusivity)

    def pad(self, cells: Floats) -> Floats:
        """Flatten (nz, ny, nx) with a plane of zeros at each end."""
        return _pad(cells)

    def unpad(self, padded: Floats) -> Floats:
        """Cells (nz, ny, nx) of a padded array, as a view."""
        return padded[self.interior].reshape(self.shape)


def make_grid(mesh: Mesh) -> Grid:
    """Scale and flatten a mesh."""
    _, ny, nx = mesh.shape
    volume_scale = float(mesh.volume.max())
    parts = [mesh.conductance_x.max(), mesh.conductance_y.max(), mesh.conductance_z.max()]
    parts += [c.conductance.max() for c in mesh.contacts]
    conductance_scale = float(max(parts))
    cells = [(c.cell[:, 0] + 1) * ny * nx + c.cell[:, 1] * nx + c.cell[:, 2] for c in mesh.contacts]
    ends = np.cumsum([0, *(c.size for c in cells)])
    return Grid(
        shape=mesh.shape,
        dims=level_layout(mesh.shape),
        volume=_pad(mesh.volume / volume_scale),
        gx=_pad(mesh.conductance_x / conductance_scale),
        gy=_pad(mesh.conductance_y / conductance_scale),
        gz=_pad(mesh.conductance_z / conductance_scale),
        volume_scale=volume_scale,
        conductance_scale=conductance_scale,
        contact_cell=np.concatenate(cells).astype(np.int64),
        contact_conductance=np.concatenate([c.conductance for c in mesh.contacts]) / conductance_scale,
        contact_area=np.concatenate([c.area for c in mesh.contacts]),
        contact_slices=tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(ends)),
    )


def _pad(cells: Floats) -> Floats:
    nz, ny, nx = cells.shape
    padded = np.zeros((nz + 2, ny, nx))
    padded[1:-1] = cells
    return padded.ravel()
