"""Grain boundaries: lines in the plan, the same in every layer; they conduct along, resist across or both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius

__all__ = ["GrainBoundary"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GrainBoundary:
    """A grain boundary; with neither conductance nor resistance it changes nothing.

    With both it conducts by one half along either side, and resists between these halves.

    Parameters
    ----------
    name : Name, as in the scenario.
    lines : Polylines (n, 2) [m].
    along : Conductance along it, thickness times diffusivity delta_gb D_gb [m3 s-1]; None: none of its own.
    permeability : 1 over its resistance R across [m s-1], jump of the excess = R times flux density over dc;
        None: no resistance.

    Raises
    ------
    InputError
        A line of fewer than two points, or of points that are not finite or all the same.
    """

    name: str
    lines: tuple[Floats, ...]
    along: Arrhenius | None = None
    permeability: Arrhenius | None = None

    def __post_init__(self) -> None:
        field = f"grain_boundaries.{self.name}.line"
        if not self.lines:
            raise InputError(field, "no line", "at least one polyline", "give the points of the boundary")
        object.__setattr__(self, "lines", tuple(_line(field, line) for line in self.lines))


def _line(field: str, points: Floats) -> Floats:
    """Points without repeats, read-only."""
    line: Floats = np.array(points, dtype=np.float64)
    if line.ndim != 2 or line.shape[1] != 2 or not np.isfinite(line).all():
        raise InputError(field, f"shape {line.shape}", "finite points (n, 2) [m]", "give a list of [x, y]")
    step = np.hypot(*np.diff(line, axis=0).T)
    line = np.asarray(line[np.append(True, step > 1e-12 * step.sum())], dtype=np.float64)
    if len(line) < 2:
        raise InputError(field, f"{len(line)} points", "at least 2 different points", "add points")
    line.setflags(write=False)
    return line
