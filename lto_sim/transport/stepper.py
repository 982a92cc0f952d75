"""What a stepping method is: composition, conditions and a step size in; composition and uptake out.

The loop, the choice of the step size and the saving of results are elsewhere (`loop`, `controller`,
`record`) and the same for every method and engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import start_threads
from lto_sim.transport.grid import Grid
from lto_sim.transport.laws import one_continuous_law

__all__ = ["Conditions", "StepResult", "Stepper"]

Floats = NDArray[np.float64]


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True)
class Conditions:
    """What drives a step: the material at a temperature and the state of every contact face.

    Parameters
    ----------
    x_poor, x_rich : Gap edges [li fraction].
    diffusivity_poor, diffusivity_rich : Chemical diffusivities [m2 s-1].
    contact_excess : Excess w that each contact face is held at or driven by [li fraction], or that of a poor
        and of a rich surface, (2, faces).
    contact_transfer : T of each face [m s-1] likewise; infinite where the surface is held.
    imposed_flux : Lithium pushed through each face whatever the potential [m3 s-1 of li fraction].
    surface : Conductance delta D_s along each kind of surface or boundary [m3 s-1].
    resistance : Resistance across each grain boundary [s m-1].
    """

    x_poor: float
    x_rich: float
    diffusivity_poor: float
    diffusivity_rich: float
    contact_excess: Floats
    contact_transfer: Floats
    imposed_flux: Floats
    surface: Floats = field(default_factory=_none)
    resistance: Floats = field(default_factory=_none)

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
    excess : Excess w of every element after the step [li fraction].
    uptake : Lithium that each contact face let in [m3 of li fraction].
    settled : Whether the phase states settled; if not, `x` means nothing.
    newton_iterations, linear_iterations : Work done.
    """

    x: Floats
    excess: Floats
    uptake: Floats
    settled: bool
    newton_iterations: int
    linear_iterations: int


class Stepper(ABC):
    """A stepping method on one grid.

    Parameters
    ----------
    grid : The cells.
    time_order : Order in time of the steps that it is used for: 1, a step as it is, or 2, in two stages
        (`integrate`).
    """

    def __init__(self, grid: Grid, time_order: Literal[1, 2] = 1) -> None:
        start_threads()
        self.grid = grid
        self.time_order = time_order

    @abstractmethod
    def step(
        self, x: Floats, dt: float, conditions: Conditions, excess: Floats | None = None,
        acts: float | None = None,
    ) -> StepResult:  # fmt: skip
        """Advance padded composition `x` by `dt` [s].

        `excess` is that of every element before the step; default: :meth:`start_excess`. `acts` is the time
        [s] that the fluxes of the step act for as part of a longer one; default: `dt`. A step depends on
        nothing else, to the last bit.
        """

    def start_excess(self, x: Floats, conditions: Conditions) -> Floats:
        """Excess of every element over padded composition `x`: that of its cell, or of the contact's hold."""
        grid, faces = self.grid, self.grid.contact_cell.size
        beneath = x[grid.network.cell[: grid.elements]]
        excess = np.minimum(beneath - conditions.x_poor, 0.0) + np.maximum(beneath - conditions.x_rich, 0.0)
        transfer, w = (
            conditions.contact_transfer.reshape(-1, faces)[0],
            conditions.contact_excess.reshape(-1, faces)[0],
        )
        fed = (grid.contact_element >= 0) & np.isinf(transfer)
        excess[grid.contact_element[fed] - grid.network.dims[0, 4]] = w[fed]
        return np.asarray(excess)

    def face_laws(self, x: Floats, excess: Floats, conditions: Conditions) -> tuple[Floats, Floats]:
        """Transfer T [m s-1] and excess [li fraction] of every contact face, (2, faces), meeting at w = 0."""
        grid = self.grid
        both = (2, grid.contact_cell.size)
        # copies: a view of one row is read-only, another type to the compiler, for which all is compiled anew
        transfer = np.array(np.broadcast_to(conditions.contact_transfer, both), order="C")
        w = np.array(np.broadcast_to(conditions.contact_excess, both), order="C")
        if conditions.contact_transfer.ndim == 1:
            return transfer, w
        behind = x[grid.contact_cell]
        state = np.where(behind > conditions.x_rich, 1.0, np.where(behind < conditions.x_poor, -1.0, 0.0))
        of_element = grid.contact_element >= 0
        state[of_element] = np.sign(excess[grid.contact_element[of_element] - grid.network.dims[0, 4]])
        rich = np.where(state == 0.0, w[1] > 0.0, state > 0.0)
        return one_continuous_law(transfer, w, rich), w
