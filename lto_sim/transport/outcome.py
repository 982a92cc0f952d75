"""What a step leaves: the result of the transport and the electrical state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.stepper import StepResult

__all__ = ["Electrical", "Outcome"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Electrical:
    """Electrical state at the end of a step.

    Parameters
    ----------
    potential : Shared potential V [V].
    interface : Potential behind the ohmic drop of each contact [V].
    current : Current of lithium through each contact at the end of the step [A].
    conductance : Estimate of dI^F/dphi [ohm-1], or None.
    """

    potential: float
    interface: Floats
    current: Floats
    conductance: Floats | None = None


@dataclass(frozen=True)
class Outcome:
    """A step of transport and its electrical state; `beyond` where no potential drives the current given.

    Parameters
    ----------
    result : The step.
    electrical : Potential and currents at its end.
    beyond : +1 where the current could not be drawn at the highest potential, -1 at the lowest, else 0.
    total : Current of all contacts at its end [A], double layers included.
    flux : Lithium that each contact face lets in at its end [m3 s-1]; None: as in all of the step.
    """

    result: StepResult
    electrical: Electrical
    beyond: int = 0
    total: float = 0.0
    flux: Floats | None = None

    def end_flux(self, dt: float) -> Floats:
        """Lithium let in through every contact face at the end of a step of `dt` [s], in m3 s-1."""
        return self.result.uptake / dt if self.flux is None else self.flux
