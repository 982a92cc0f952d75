"""Spatially resolved TEM-EELS: a slit records all positions along one axis at once, summed along the other.

Every row of the detector collects, during one exposure, what lies under its length of the slit and anywhere
across the slit's width. Spectra add, so the row's content is the list of all cells across and of moments
within the exposure. The specimen is illuminated evenly and stands still in the image.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.frames import cell_faces, column_stack
from lto_sim.microscope.instrument import SlitSpec
from lto_sim.microscope.passage import Content
from lto_sim.specimen.raster import overlap_lengths

__all__ = ["Exposures", "exposures_of"]

Floats = NDArray[np.float64]

_MOMENTS: Final = 16
"""Moments of an exposure at which the particle is looked at (midpoints)."""


@dataclass(frozen=True, eq=False)
class Exposures:
    """Exposures of a run through a slit.

    Parameters
    ----------
    slit : The slit.
    time : Start of every exposure [s].
    states : Times of saved states [s].
    lithium : Li fraction of every column, averaged through the thickness, (state, along, across).
    thickness : [m], (along, across).
    rows : Weights of cells along the slit in rows, (rows, along): part of the row's length.
    share : Weights of cells across, (across,): part of the slit's width.
    coverage : Part of a cell's area that the particle covers, (along, across).
    position : Middle of every row [m].
    across : Middle of the slit [m].
    width : Width of the slit [m].
    """

    slit: SlitSpec
    time: Floats
    states: Floats
    lithium: Floats
    thickness: Floats
    rows: Floats
    share: Floats
    coverage: Floats
    position: Floats
    across: float
    width: float

    def contents(self, number: int) -> list[Content]:
        """Contents of one exposure at each of its moments, in cells (along, across)."""
        moments = self.time[number] + (np.arange(_MOMENTS) + 0.5) / _MOMENTS * self.slit.exposure
        moments = np.clip(moments, self.states[0], self.states[-1])
        result = []
        for moment in np.unique(moments):
            part = float(np.mean(moments == moment))
            x = self._at(float(moment))
            result.append(Content(part * self.coverage, self.thickness, np.where(np.isfinite(x), x, 0.0)))
        return result

    def _at(self, moment: float) -> Floats:
        if self.states.size == 1:
            return np.asarray(self.lithium[0])
        after = int(np.clip(np.searchsorted(self.states, moment), 1, self.states.size - 1))
        low, high = self.states[after - 1], self.states[after]
        part = (moment - low) / (high - low)
        return np.asarray((1.0 - part) * self.lithium[after - 1] + part * self.lithium[after])

    def summed(self, cells: Floats) -> Floats:
        """Sum of what every cell gives, (along, across, n), over rows: (rows, n)."""
        across = np.tensordot(self.share, cells, axes=(0, 1))
        return np.asarray(self.rows @ across)


def exposures_of(solution: xr.Dataset, slit: SlitSpec) -> Exposures:
    """Exposures that fit into a run; one of the last state, with a warning, where none does.

    Raises
    ------
    InputError
        Not a run with saved states, or a slit beside the particle.
    """
    if "li_fraction" not in solution or solution["li_fraction"].dims != ("time", "z", "y", "x"):
        raise InputError(
            "solution", list(map(str, solution.data_vars)), "a run with saved states", "give a run's store"
        )
    if solution.attrs.get("geometry") == "radial":
        raise InputError("solution", "a radial run", "a slab or a rectangle", "maps need an image plane")
    volume, area = column_stack(solution)
    weighted = (solution["li_fraction"].astype(np.float64) * solution["cell_volume"]).sum("z")
    lithium = weighted.transpose("time", "y", "x").values / np.where(volume > 0.0, volume, 1.0)
    y_face, x_face = cell_faces(solution["y"].values), cell_faces(solution["x"].values)
    coverage = np.clip(area / (np.diff(y_face)[:, None] * np.diff(x_face)[None, :]), 0.0, 1.0)
    thickness = np.where(area > 0.0, volume / np.where(area > 0.0, area, 1.0), 0.0)
    along_face, across_face = (x_face, y_face) if slit.axis == "x" else (y_face, x_face)
    if slit.axis == "x":
        lithium, coverage, thickness = lithium.transpose(0, 2, 1), coverage.T, thickness.T
    centre = 0.5 * (across_face[0] + across_face[-1]) if slit.centre is None else slit.centre
    width = float(across_face[-1] - across_face[0]) if slit.width is None else slit.width
    row_face = slit.start + slit.row * np.arange(slit.rows + 1)
    rows = _overlap(along_face, row_face)
    share = _overlap(across_face, np.array([centre - 0.5 * width, centre + 0.5 * width]))[0]
    if not (rows.any() and share.any()):
        raise InputError(
            "instrument.slit",
            f"start {slit.start:g} m, centre {centre:g} m",
            "a slit that meets the particle",
            "move it with start and centre",
        )
    states = solution["time"].values
    time = _starts(states, slit.exposure)
    _warn_if_sparse(states, lithium, slit, along_face)
    position = 0.5 * (row_face[1:] + row_face[:-1])
    return Exposures(
        slit, time, states, lithium, thickness, rows, share, coverage, position, float(centre), width
    )


def _overlap(faces: Floats, boxes: Floats) -> Floats:
    """Part of every box that every cell covers, (boxes, cells); what no cell covers is missing."""
    return np.asarray(overlap_lengths(faces, boxes) / np.diff(boxes)[:, None])


def _warn_if_sparse(states: Floats, lithium: Floats, slit: SlitSpec, faces: Floats) -> None:
    """Warn where a front moves more than half a row between states that are far apart in an exposure."""
    if states.size < 2 or float(np.diff(states).max()) <= slit.exposure / _MOMENTS:
        return
    content = np.nansum(lithium, axis=1) * float(faces[1] - faces[0])
    moved = float(np.abs(np.diff(content, axis=0)).max(initial=0.0)) / slit.row
    if moved > 0.5:
        warnings.warn(
            f"a front moves about {moved:.1f} rows between saved states and is smeared within an exposure: "
            "save more states (output.every)",
            UserWarning,
            stacklevel=4,
        )


def _starts(states: Floats, exposure: float) -> Floats:
    count = int(np.floor((states[-1] - states[0]) / exposure * (1.0 + 1e-9)))
    if count >= 1:
        return np.asarray(states[0] + exposure * np.arange(count))
    warnings.warn(
        f"the run lasts {states[-1] - states[0]:.4g} s, less than the exposure of {exposure:g} s: its last "
        "state is taken to stand still",
        UserWarning,
        stacklevel=4,
    )
    return np.asarray([states[-1]])
