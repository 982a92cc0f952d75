"""Which engine and stepping method a run uses."""

from __future__ import annotations

from lto_sim.scenario import NumericsSpec
from lto_sim.specimen import Mesh
from lto_sim.transport.fipy_engine import FiPyStepper
from lto_sim.transport.grid import Grid
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Stepper
from lto_sim.transport.super_time import SuperTimeStepper

__all__ = ["make_stepper"]


def make_stepper(numerics: NumericsSpec, mesh: Mesh, grid: Grid) -> Stepper:
    """Return the stepping method that `numerics` names, for a mesh and its `grid`.

    Raises
    ------
    InputError
        The engine or the method cannot treat this specimen, or is not available here.
    """
    if numerics.engine == "fipy":
        return FiPyStepper(mesh, grid, numerics.tolerance, numerics.time_order)
    if numerics.engine == "gpu":
        from lto_sim.transport.gpu import GpuStepper  # compiles for CUDA when it is imported

        return GpuStepper(grid)
    if numerics.stepper == "super_time_stepping":
        return SuperTimeStepper(grid)
    return ImplicitStepper(grid, numerics.tolerance, numerics.time_order)
