"""What the probe would show of a simulated particle, without noise: every pixel at its own time.

One run serves every frame time and every period of the same pixels: each pixel of each frame asks for its own
time. Pixels are blurred by the probe as wide as it is, on average, within the lamella.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import FWHM_PER_SIGMA
from lto_sim.errors import InputError
from lto_sim.kinetics.fronts import Profile
from lto_sim.microscope import Instrument
from lto_sim.microscope.passage import blurred
from lto_sim.microscope.probe import probe_fwhm
from lto_sim.microscope.references import load_reference
from lto_sim.scenario import Scenario
from lto_sim.specimen import Mesh
from lto_sim.specimen.raster import overlap_weights, pixel_offsets
from lto_sim.transport.visits import PixelGrid, visit

__all__ = ["Field", "field_of", "probe_width", "shown_maps"]

Floats = NDArray[np.float64]

_BESIDE: Final = 2
"""Pixels beside the profiles that are simulated too, those that the probe's tails reach apart."""
_REACH: Final[float] = 5.0


@dataclass(frozen=True, eq=False)
class Field:
    """Part of the scanned box that is looked at.

    Parameters
    ----------
    grid : Its pixels.
    rows, columns : Which pixels of the scan they are.
    thickness : Mean thickness of what each covers [m], (y, x).
    """

    grid: PixelGrid
    rows: slice
    columns: slice
    thickness: Floats

    @property
    def x(self) -> Floats:
        """Centres along x [m]."""
        return np.asarray(0.5 * (self.grid.x[1:] + self.grid.x[:-1]))

    @property
    def y(self) -> Floats:
        """Centres along y [m]."""
        return np.asarray(0.5 * (self.grid.y[1:] + self.grid.y[:-1]))

    @property
    def pixel(self) -> tuple[float, float]:
        """Size of a pixel (x, y) [m]."""
        return float(self.grid.x[1] - self.grid.x[0]), float(self.grid.y[1] - self.grid.y[0])

    def offsets(self, scenario: Scenario) -> Floats:
        """Time of every pixel within a frame of the scenario's scan [s], (y, x)."""
        scan = scenario.scan
        if scan is None:
            raise InputError("scan", None, "the scan of the recording", "add [scan] to the scenario")
        every = pixel_offsets(scan.pixels, scan.frame_time, scan.flyback, scan.order)
        return every[self.rows, self.columns]


def field_of(
    mesh: Mesh, pixels: tuple[int, int], profiles: Sequence[Profile] | None, blur: float = 0.0
) -> Field:
    """Pixels of a scan that profiles need.

    Parameters
    ----------
    mesh : The particle.
    pixels : Pixels (x, y) of the scan.
    profiles : The profiles; None takes the whole scan.
    blur : Full width at half maximum of the probe [m].
    """
    edges, parts = [], []
    for axis, (face, count) in enumerate(((mesh.x_face, pixels[0]), (mesh.y_face, pixels[1]))):
        every = np.linspace(face[0], face[-1], count + 1)
        part = slice(0, count)
        if profiles is not None:
            step = float(every[1] - every[0])
            beside = step * (_BESIDE + math.ceil(_REACH * blur / FWHM_PER_SIGMA / step))
            low, high = _extent(profiles, axis)
            first = int(np.searchsorted(every, low - beside, side="right")) - 1
            last = int(np.searchsorted(every, high + beside, side="left"))
            part = slice(max(first, 0), min(last, count))
        edges.append(every[part.start : part.stop + 1])
        parts.append(part)
    grid = PixelGrid(edges[0], edges[1])
    return Field(grid, parts[1], parts[0], _thickness(mesh, grid))


def _extent(profiles: Sequence[Profile], axis: int) -> tuple[float, float]:
    """Least and largest coordinate of the strips along an axis [m]."""
    ends = []
    for profile in profiles:
        across = 0.5 * profile.width * abs(profile.unit_vector[1 - axis])
        for point in (profile.start, profile.end):
            ends += [point[axis] - across, point[axis] + across]
    return min(ends), max(ends)


def _thickness(mesh: Mesh, grid: PixelGrid) -> Floats:
    along_y, along_x = (
        overlap_weights(face, edge) for face, edge in ((mesh.y_face, grid.y), (mesh.x_face, grid.x))
    )
    covered = along_y @ mesh.fraction @ along_x.T
    volume = along_y @ (mesh.fraction * mesh.thickness) @ along_x.T
    return np.where(covered > 0.0, volume / np.where(covered > 0.0, covered, 1.0), 0.0)


def probe_width(instrument: Instrument, thickness: float) -> float:
    """Full width at half maximum of the probe, its mean within a lamella [m].

    Parameters
    ----------
    instrument : The instrument.
    thickness : Mean thickness [m].
    """
    beam = instrument.beam
    if not beam.broadening:
        return float(beam.probe_fwhm)
    reference = load_reference(instrument.spectrum.reference)
    return probe_fwhm(reference, beam.voltage, beam.convergence, thickness, beam.probe_fwhm)


def shown_maps(scenario: Scenario, field: Field, times: Floats, blurs: Sequence[tuple[int, float]]) -> Floats:
    """Li fraction of the pixels of a field, (frames, y, x); NaN beside the particle.

    Parameters
    ----------
    scenario : What is simulated.
    field : The pixels.
    times : When each is visited [s], (frames, y, x).
    blurs : Runs of frames: how many, and the full width of the probe at half maximum [m].

    Raises
    ------
    InputError
        A scenario that cannot be run, or a run that did not get to its end.
    """
    run = visit(scenario, field.grid, times)
    if run.failure:
        raise InputError(
            "simulation", run.failure, "a run that gets to its end",
            "try the scenario by itself: lto-sim run SCENARIO.toml",
        )  # fmt: skip
    values = run.values.astype(np.float64)
    first = 0
    for count, width in blurs:
        part = slice(first, first + count)
        values[part] = _seen(values[part], [width / size for size in field.pixel[::-1]])
        first += count
    return values


def _seen(values: Floats, width: Sequence[float]) -> Floats:
    """Frames under the probe; pixels beside the particle take no part."""
    inside = np.isfinite(values)
    frames = np.moveaxis(np.where(inside, values, 0.0), 0, -1)
    weight = np.moveaxis(inside.astype(np.float64), 0, -1)
    total, share = blurred(frames, width), blurred(weight, width)
    mean = np.moveaxis(total / np.where(share > 0.0, share, 1.0), -1, 0)
    return np.where(inside, mean, np.nan)
