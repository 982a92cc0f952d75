"""One implicit Euler step, pure: composition, conditions and step size in; composition and uptake out.

The loop, the choice of the step size and the saving of results are elsewhere (`loop`, `controller`,
`record`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.grid import Grid
from lto_sim.transport.newton import newton_step

__all__ = ["Conditions", "ImplicitStepper", "StepResult"]

Floats = NDArray[np.float64]

_NEWTON_LIMIT = 100


@dataclass(frozen=True)
class Conditions:
    """What drives a step: the material at a temperature and the state of every contact face.

    Parameters
    ----------
    x_poor, x_rich : Gap edges [li fraction].
    diffusivity_poor, diffusivity_rich : Chemical diffusivities [m2 s-1].
    contact_excess : Excess w that each contact face is held at or driven by [li fraction].
    contact_transfer : k_c of each face [m s-1]; infinite where the surface is held.
    imposed_flux : Lithium pushed through each face whatever the potential [m3 s-1 of li fraction].
    """

    x_poor: float
    x_rich: float
    diffusivity_poor: float
    diffusivity_rich: float
    contact_excess: Floats
    contact_transfer: Floats
    imposed_flux: Floats

    @property
    def gap(self) -> float:
        """Width of the miscibility gap [li fraction]."""
        return self.x_rich - self.x_poor

    @property
    def fastest(self) -> float:
        """Larger of the two diffusivities [m2 s-1]."""
        return max(self.diffusivity_poor, self.diffusivity_rich)


@dataclass(frozen=True)
class StepResult:
    """Outcome of one step.

    Parameters
    ----------
    x : Composition after the step, padded.
    uptake : Lithium that each contact face let in [m3 of li fraction].
    settled : Whether the phase states settled; if not, `x` means nothing.
    newton_iterations, linear_iterations : Work done.
    """

    x: Floats
    uptake: Floats
    settled: bool
    newton_iterations: int
    linear_iterations: int


class ImplicitStepper:
    """Implicit Euler on one grid, with its work space.

    Parameters
    ----------
    grid : The cells.
    tolerance : Largest residual of a step [li fraction].
    """

    def __init__(self, grid: Grid, tolerance: float = 1e-13) -> None:
        self.grid = grid
        self.tolerance = tolerance
        total = int(grid.dims[-1, 0])
        self._u = np.zeros(total)
        self._state = np.zeros(grid.volume.size, dtype=np.int64)
        self._active = np.zeros(total, dtype=np.bool_)
        self._levels = np.zeros((5, total))
        self._work = np.zeros((8, total))

    def step(self, x: Floats, dt: float, conditions: Conditions) -> StepResult:
        """Advance padded composition `x` by `dt` [s].

        The Kirchhoff variable of the last step is the first guess; it decides how much work a step is, not
        its result.
        """
        grid = self.grid
        d_unit, g_unit = conditions.fastest, grid.conductance_scale
        flux_unit = d_unit * g_unit
        x_new = np.zeros_like(x)
        face_flux = np.zeros(grid.contact_cell.size)
        counters = np.zeros(2, dtype=np.int64)
        settled = newton_step(
            grid.dims, dt / grid.time_unit(d_unit), x, grid.volume, conditions.x_poor, conditions.x_rich,
            conditions.diffusivity_poor / d_unit, conditions.diffusivity_rich / d_unit,
            grid.gx, grid.gy, grid.gz, grid.contact_cell, grid.contact_conductance,
            conditions.contact_transfer * grid.contact_area / flux_unit, conditions.contact_excess,
            conditions.imposed_flux / flux_unit, self.tolerance, _NEWTON_LIMIT,
            self._u, x_new, face_flux, self._state, self._active, self._levels, self._work, counters,
        )  # fmt: skip
        if not settled:
            self._u[:] = 0.0
        return StepResult(x_new, face_flux * (flux_unit * dt), settled, int(counters[0]), int(counters[1]))
