"""The whole thickness from what was computed: mirrored half, inactive layers, what lies outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen import Mesh

__all__ = ["LayerStack"]

Floats = NDArray[np.float64]


class LayerStack:
    """Layers of the output, from one face to the other.

    Parameters
    ----------
    mesh : The computed cells.
    inert_fraction : Li fraction of the inactive layers.
    """

    def __init__(self, mesh: Mesh, inert_fraction: float) -> None:
        self.mesh, self.inert_fraction = mesh, inert_fraction
        inside = mesh.fraction > 0.0
        lost = np.where(inside, mesh.thickness - mesh.active_thickness, 0.0)
        self.inert = 0.5 * np.where(lost > 1e-12 * mesh.thickness.max(), lost, 0.0)
        self.has_inert = bool(self.inert.any())

    def centres(self) -> Floats:
        """Middle of every layer [m] from the upper surface, at the mean thickness."""
        face = self.mesh.z_face - self.mesh.z_face[0]
        if self.mesh.mirrored:
            face = np.concatenate([face, 2.0 * face[-1] - face[-2::-1]])
        if self.has_inert:
            dead = self.face_depth()
            face = np.concatenate([[0.0], face + dead, [face[-1] + 2.0 * dead]])
        return np.asarray(0.5 * (face[1:] + face[:-1]))

    def face_depth(self) -> float:
        """Mean thickness [m] of the inactive layer on one face: where the computed layers begin."""
        if not self.has_inert:
            return 0.0
        inside = self.mesh.fraction > 0.0
        return float(np.average(self.inert[inside], weights=self.mesh.fraction[inside]))

    def composition(self, fraction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Li fraction (time, z, y, x) through the whole thickness; NaN outside the outline."""
        full = self._mirror(fraction, 1)
        if self.has_inert:
            layer = np.full((full.shape[0], 1, *full.shape[2:]), self.inert_fraction, np.float32)
            full = np.concatenate([layer, full, layer], axis=1)
        outside = ~(self.mesh.volume.sum(axis=0) > 0.0)
        if outside.any():
            full = full.copy()
            full[:, :, outside] = np.nan
        return full

    def volume(self) -> Floats:
        """Cell volumes [m3] (z, y, x) through the whole thickness; 0 outside the outline."""
        mesh = self.mesh
        full = np.asarray(self._mirror(mesh.volume, 0), dtype=np.float64)
        if not self.has_inert:
            return full
        area = mesh.fraction * np.diff(mesh.y_face)[:, None] * np.diff(mesh.x_face)[None, :]
        layer = (area * self.inert)[None]
        return np.concatenate([layer, full, layer])

    def _mirror(self, values: NDArray[Any], axis: int) -> NDArray[Any]:
        if not self.mesh.mirrored:
            return values
        return np.concatenate([values, np.flip(values, axis=axis)], axis=axis)
