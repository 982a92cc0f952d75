"""What a finite-volume mesh is: volumes, face conductances, contact faces, surface elements, barriers.

The conductance of a face is area over distance [m], so that diffusivity times conductance times a difference
of composition is a flux [m3 s-1].
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["BarrierFaces", "ContactFaces", "Floats", "Indices", "Mesh", "SurfaceEdges", "SurfaceElements"]

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def _floats() -> Floats:
    return np.zeros(0)


def _indices() -> Indices:
    return np.zeros(0, dtype=np.int64)


def _cells() -> Indices:
    return np.zeros((0, 3), dtype=np.int64)


def _points() -> Floats:
    return np.zeros((0, 3))


@dataclass(frozen=True, eq=False)
class ContactFaces:
    """Faces of one contact.

    Parameters
    ----------
    name : Name of the contact.
    cell : Index (k, j, i) of the cell behind each face, shape (n, 3).
    area : Face areas [m2], shape (n,).
    conductance : Area over distance from the face to the cell's node [m], shape (n,).
    element : The surface element that the face feeds, shape (n,); -1: it feeds its cell. Default: -1.
    """

    name: str
    cell: Indices
    area: Floats
    conductance: Floats
    element: Indices = field(default_factory=_indices)

    def __post_init__(self) -> None:
        if len(self.element) != len(self.cell):
            object.__setattr__(self, "element", np.full(len(self.cell), -1, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class SurfaceElements:
    """Pieces of conducting surface, each with its own unknown.

    Parameters
    ----------
    cell : Cell beneath (k, j, i), shape (n, 3).
    kind : 0 perimeter, 1 face, 2 + b grain boundary b of those given, shape (n,).
    area : Area through which it is coupled to its cell [m2], shape (n,).
    conductance : That area over the distance to the cell's node [m], shape (n,); 0: it does not feed its
        cell.
    depth : Depth [m], shape (n,), of a front in the cell when all of it has been transformed from here:
        volume over the area of all conducting elements of this kind on it; in a cut cell with its node
        inside, twice the distance to the node.
    position : Its middle (x, y, z) [m], shape (n, 3).
    length : Arc length [m], shape (n,); of a face element the square root of its area.
    """

    cell: Indices = field(default_factory=_cells)
    kind: Indices = field(default_factory=_indices)
    area: Floats = field(default_factory=_floats)
    conductance: Floats = field(default_factory=_floats)
    depth: Floats = field(default_factory=_floats)
    position: Floats = field(default_factory=_points)
    length: Floats = field(default_factory=_floats)

    def __len__(self) -> int:
        return len(self.cell)


@dataclass(frozen=True, eq=False)
class SurfaceEdges:
    """Connections of surface elements.

    With S the conductance delta D_s [m3 s-1] of a kind, an edge conducts
    1 / (ratio_first / S[kind of first] + ratio_second / S[kind of second]).

    Parameters
    ----------
    first, second : The two elements, by index, shape (n,) each.
    ratio_first, ratio_second : Distance over width on either side [1], shape (n,) each.
    """

    first: Indices = field(default_factory=_indices)
    second: Indices = field(default_factory=_indices)
    ratio_first: Floats = field(default_factory=_floats)
    ratio_second: Floats = field(default_factory=_floats)

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, eq=False)
class BarrierFaces:
    """Cell faces that a resisting grain boundary crosses.

    Parameters
    ----------
    cell : Cell (k, j, i), shape (n, 3); the face lies between it and the next one along the axis.
    axis : 0 along x, 1 along y, shape (n,).
    area : Area of the face [m2], shape (n,).
    boundary : Index of the grain boundary among those given, shape (n,).
    secant : Area of the face over area of the true boundary behind it, 1 / |component of its normal| [1],
        shape (n,).
    """

    cell: Indices = field(default_factory=_cells)
    axis: Indices = field(default_factory=_indices)
    area: Floats = field(default_factory=_floats)
    boundary: Indices = field(default_factory=_indices)
    secant: Floats = field(default_factory=_floats)

    def __len__(self) -> int:
        return len(self.cell)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Structured cells, in the order (z, y, x).

    Parameters
    ----------
    x_face, y_face : Cell boundaries [m], (nx + 1,) and (ny + 1,).
    z_face : Layer boundaries [m], (nz + 1,), at the mean active thickness (of the half above the mid-plane
        under symmetry); layers follow the thickness.
    volume : Cell volumes [m3], (nz, ny, nx); 0 outside the outline.
    conductance_x, conductance_y, conductance_z : Conductance [m] of the face to the next cell along the axis,
        (nz, ny, nx), zero on the last.
    contacts : The faces of every contact.
    mirrored : The computed part is the half above the mid-plane.
    fraction : Fraction of a cell's plan area inside the outline, (ny, nx). Default: 1.
    thickness : Total thickness [m], (ny, nx); 0 outside. Default: that of the layers.
    active_thickness : Thickness without the dead layers [m], (ny, nx); 0 outside. Default: likewise.
    surface : Elements of conducting surface.
    edges : How they are connected.
    barriers : Cell faces with a resistance of their own.
    """

    x_face: Floats
    y_face: Floats
    z_face: Floats
    volume: Floats
    conductance_x: Floats
    conductance_y: Floats
    conductance_z: Floats
    contacts: tuple[ContactFaces, ...]
    mirrored: bool
    fraction: Floats = field(default_factory=_floats)
    thickness: Floats = field(default_factory=_floats)
    active_thickness: Floats = field(default_factory=_floats)
    surface: SurfaceElements = field(default_factory=SurfaceElements)
    edges: SurfaceEdges = field(default_factory=SurfaceEdges)
    barriers: BarrierFaces = field(default_factory=BarrierFaces)

    def __post_init__(self) -> None:
        plan = self.volume.shape[1:]
        height = self.multiplicity * float(self.z_face[-1] - self.z_face[0])
        defaults = {"fraction": 1.0, "thickness": height, "active_thickness": height}
        for name, value in defaults.items():
            if getattr(self, name).shape != plan:
                object.__setattr__(self, name, np.full(plan, value))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells (nz, ny, nx)."""
        nz, ny, nx = self.volume.shape
        return nz, ny, nx

    @property
    def multiplicity(self) -> float:
        """Factor 2 where one computed cell stands for two, else 1 [1]."""
        return 2.0 if self.mirrored else 1.0
