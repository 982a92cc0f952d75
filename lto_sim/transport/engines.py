"""Which engine and stepping method a run uses."""

from __future__ import annotations

from lto_sim.scenario import NumericsSpec
from lto_sim.specimen import Mesh
from lto_sim.transport.grid import Grid
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Stepper

__all__ = ["make_stepper"]


def make_stepper(numerics: NumericsSpec, mesh: Mesh, grid: Grid) -> Stepper:
    """Return the stepping method that `numerics` names, for a mesh and its `grid`."""
    return ImplicitStepper(grid, numerics.tolerance)
