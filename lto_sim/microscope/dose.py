"""Electrons and dose: how many a pixel gets, what the specimen has received, lithium that is lost to it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from lto_sim.constants import ELEMENTARY_CHARGE
from lto_sim.microscope.instrument import LithiumLossSpec

__all__ = ["PER_SQUARE_ANGSTROM", "Dose"]

PER_SQUARE_ANGSTROM: Final = 1e20
"""1 e/A2 in electrons m-2."""


@dataclass(frozen=True)
class Dose:
    """Dose of a scan.

    Parameters
    ----------
    current : Beam current [A].
    dwell : Time that one pixel (or row) is collected [s]; flyback is not counted, the beam being blanked.
    area : Area that the beam is spread over in that time [m2].
    frames : Number of frames.
    share : Part of the current that one pixel gets: 1 of a probe, 1 / rows of a slit.
    """

    current: float
    dwell: float
    area: float
    frames: int
    share: float = 1.0

    @property
    def electrons(self) -> float:
        """Electrons per pixel and frame."""
        return self.current * self.dwell * self.share / ELEMENTARY_CHARGE

    @property
    def per_frame(self) -> float:
        """Dose of one frame [electrons m-2]."""
        return self.current * self.dwell / ELEMENTARY_CHARGE / self.area

    @property
    def total(self) -> float:
        """Dose of all frames [electrons m-2]."""
        return self.per_frame * self.frames

    @property
    def rate(self) -> float:
        """Dose rate in a pixel while it is collected [electrons m-2 s-1]."""
        return self.current / ELEMENTARY_CHARGE / self.area

    def warn_above(self, budget: float | None) -> None:
        """Warn where the total is above `budget` [electrons m-2]."""
        if budget is not None and self.total > budget * (1.0 + 1e-9):
            total, limit = self.total / PER_SQUARE_ANGSTROM, budget / PER_SQUARE_ANGSTROM
            warnings.warn(
                f"the dose of {self.frames} frames is {total:.3g} e/A^2, above the budget of {limit:.3g} "
                "e/A^2: lower beam.current, record fewer frames or larger pixels",
                UserWarning,
                stacklevel=3,
            )

    def lithium_kept(self, loss: LithiumLossSpec | None, frame: int) -> float:
        """Part of the lithium that is left in the middle of a frame."""
        if loss is None:
            return 1.0
        scale = loss.dose
        if loss.exponent != 0.0 and loss.dose_rate is not None:
            scale *= (self.rate / loss.dose_rate) ** -loss.exponent
        return float(np.exp(-self.per_frame * (frame + 0.5) / scale))
