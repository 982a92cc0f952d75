"""A specimen's cells as a FiPy mesh, and what FiPy cannot treat.

Only the grid lines of the specimen are taken over; volumes, areas and distances are FiPy's own, so that a run
on this mesh checks the package's geometry too:

    slab        Grid1D
    rectangle   Grid2D, Grid3D where there are layers
    cylinder    CylindricalGrid1D (areas r, volumes r dr; conductance r/dr, where the native mesh has 1/ln)
    sphere      Grid1D with metric coefficients: r^2 on faces, the exact shell (r2^3 - r1^3)/(3 dr) in cells.
                FiPy's SphericalGrid1D is of no use here: with even cells its volumes are r^2 dr (a quarter
                too small at the centre), with uneven ones 3/2 of the shell beside areas of r^2.

Even spacings make FiPy's uniform grids, others its non-uniform ones. Lengths are scaled by the smallest cell.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.specimen import Mesh

__all__ = ["FiPyMesh", "load_fipy", "make_fipy_mesh"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SAME = 1e-9
_REMEDY = 'or set numerics.engine = "native"'


@dataclass(frozen=True, eq=False)
class FiPyMesh:
    """A FiPy mesh and what it stands for.

    Parameters
    ----------
    grid : The FiPy mesh.
    length : Length that 1 stands for [m].
    measure : Volume that 1 stands for [m3].
    volume : Volume of every cell, metric included, (cells,).
    face_metric : Coefficient of every face, (faces,); 1 but for a sphere.
    first, second : Cells on both sides of every inner face.
    conductance : Area over distance of every inner face, metric included.
    contact_area, contact_distance : Of every contact face: covered area, and distance to its cell's centre.
    """

    grid: Any
    length: float
    measure: float
    volume: Floats
    face_metric: Floats
    first: Integers
    second: Integers
    conductance: Floats
    contact_area: Floats
    contact_distance: Floats


def load_fipy() -> Any:
    """Import FiPy, away from the program's arguments and environment, which it would read as its own.

    Its solvers are SciPy's whatever else is installed, so that results do not depend on it. Warnings of the
    import (a NumPy deprecation in FiPy 4.0) are kept from the user.
    """
    names = ("FIPY_SOLVERS", "FIPY_LOG_CONFIG", "FIPY_INLINE", "FIPY_INCLUDE_NUMERIX_ALL")
    arguments, given = sys.argv, {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        sys.argv = arguments[:1]
        os.environ["FIPY_SOLVERS"] = "scipy"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fipy = import_module("fipy")
            import_module("fipy.solvers.scipy")
    finally:
        sys.argv = arguments
        os.environ.pop("FIPY_SOLVERS")
        os.environ.update(given)
    return fipy


def make_fipy_mesh(fipy: Any, mesh: Mesh) -> FiPyMesh:
    """Lay a specimen's cells out as a FiPy mesh.

    Parameters
    ----------
    fipy : The module.
    mesh : The specimen's cells; their spacing may change along each axis.

    Raises
    ------
    InputError
        Conducting surfaces or grain boundaries, cut cells, or a thickness that is not the same everywhere.
    """
    _check_plain(mesh)
    widths = [np.diff(faces) for faces in (mesh.x_face, mesh.y_face, mesh.z_face)]
    body = _body(mesh)
    nz = mesh.shape[0]
    dimensions = 1 if body != "box" or _is_row(mesh, widths[0]) else 2 if nz == 1 else 3
    length = float(min(w.min() for w in widths[:dimensions]))
    across = math.prod(float(w[0]) for w in widths[dimensions:])
    spacing = [_spacing(w / length) for w in widths[:dimensions]]
    axes = "xyz"[:dimensions]
    sizes = {f"d{axis}": size for axis, size in zip(axes, spacing, strict=True)}
    counts = {f"n{axis}": w.size for axis, w in zip(axes, widths, strict=False)}
    maker = fipy.CylindricalGrid1D if body == "cylinder" else getattr(fipy, f"Grid{dimensions}D")
    grid = maker(**sizes, **counts)
    area, distance = _array(grid._faceAreas), _array(grid._cellDistances)
    volume, metric = _array(grid.cellVolumes), np.ones(area.size)
    measure = length**dimensions * across
    if body == "cylinder":
        measure = 2.0 * math.pi * length**2 * float(mesh.z_face[-1] - mesh.z_face[0])
    elif body == "sphere":
        measure, radius = 4.0 * math.pi * length**3, _array(grid.faceCenters[0])
        metric = np.square(radius)
        volume = volume * np.diff(radius**3) / (3.0 * np.diff(radius))
    inner = np.flatnonzero(_array(grid.interiorFaces))
    sides = np.ma.filled(grid.faceCellIDs, -1)
    contact_area, contact_distance = _contacts(grid, mesh, area * metric, distance, length, measure)
    return FiPyMesh(
        grid, length, measure, volume, metric, sides[0, inner], sides[1, inner],
        (metric * area / distance)[inner], contact_area, contact_distance,
    )  # fmt: skip


def _array(values: Any) -> Any:
    return np.array(values)


def _spacing(width: Floats) -> float | Floats:
    """One number where the cells are even, so that FiPy takes its uniform grids."""
    return float(width.mean()) if np.ptp(width) <= _SAME * width.max() else width


def _body(mesh: Mesh) -> str:
    """What the cells make up, told by their volumes."""
    thickness, x_face = float(mesh.z_face[-1] - mesh.z_face[0]), mesh.x_face
    box = np.diff(mesh.z_face)[:, None, None] * np.diff(mesh.y_face)[:, None] * np.diff(x_face)
    bodies = {
        "box": box,
        "cylinder": math.pi * thickness * np.diff(x_face**2),
        "sphere": 4.0 / 3.0 * math.pi * np.diff(x_face**3),
    }
    for body, volume in bodies.items():
        if np.allclose(mesh.volume, volume, rtol=_SAME, atol=0.0):
            return body
    raise _refusal("specimen.outline", "another body", "a slab, rectangle, cylinder or sphere", "use one")


def _is_row(mesh: Mesh, width: Floats) -> bool:
    """Whether a box is one row of cells with contacts at its ends only."""
    if mesh.shape[:2] != (1, 1):
        return False
    at = np.concatenate([c.cell[:, 2] for c in mesh.contacts])
    distance = np.concatenate([c.area / c.conductance for c in mesh.contacts])
    ends = np.isin(at, (0, width.size - 1))
    return bool(ends.all()) and np.allclose(distance, 0.5 * width[at], rtol=_SAME, atol=0.0)


def _contacts(
    grid: Any, mesh: Mesh, area: Floats, distance: Floats, length: float, measure: float
) -> tuple[Floats, Floats]:
    """Covered area of every contact face, and its distance to the cell's centre.

    The face is the outer one of that cell, not normal to z, whose distance is nearest to the specimen's; how
    much of it is covered is the specimen's to say.
    """
    outer = np.flatnonzero(_array(grid.exteriorFaces) & (area > 0.0))
    if grid.dim == 3:
        outer = outer[np.abs(_array(grid.faceNormals)[2, outer]) < 0.5]
    owner = np.ma.filled(grid.faceCellIDs, -1)[:, outer].max(axis=0)
    order = np.argsort(owner, kind="stable")
    outer, owner = outer[order], owner[order]
    covered, reach = [], []
    _, ny, nx = mesh.shape
    for contact in mesh.contacts:
        k, j, i = contact.cell.T
        wanted = contact.area / contact.conductance / length
        cell = (k * ny + j) * nx + i
        ends = np.searchsorted(owner, cell), np.searchsorted(owner, cell, side="right")
        for first, end, near, given in zip(*ends, wanted, contact.area, strict=True):
            faces = outer[first:end]
            face = faces[np.argmin(np.abs(distance[faces] - near))]
            share = given * length / (measure * area[face])
            covered.append(area[face] * (1.0 if abs(share - 1.0) < _SAME else share))
            reach.append(distance[face])
    return np.array(covered), np.array(reach)


def _check_plain(mesh: Mesh) -> None:
    """Refuse what needs more than cells in a row, a plane or a box."""
    kinds, none = mesh.surface.kind, "none with the engine fipy"
    for field, there in (
        ("surface.faces", bool((kinds == 1).any())),
        ("grain_boundaries", bool((kinds > 1).any()) or len(mesh.barriers) > 0),
        ("surface.perimeter", len(kinds) > 0),
    ):
        if there:
            raise _refusal(field, "given", none, "leave it out")
    if mesh.fraction.min() < 1.0:
        raise _refusal(
            "specimen.outline", "cells cut by the outline", "whole cells with the engine fipy",
            "use a rectangle, slab, cylinder or sphere",
        )  # fmt: skip
    if np.ptp(mesh.active_thickness) > _SAME * mesh.active_thickness.max():
        raise _refusal(
            "specimen.thickness", "a thickness that changes", "one thickness with the engine fipy", "give one"
        )


def _refusal(field: str, value: str, allowed: str, remedy: str) -> InputError:
    return InputError(field, value, allowed, f"{remedy}, {_REMEDY}")
