"""Lithium let in through every contact since the beginning, summed without loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ledger"]

Floats = NDArray[np.float64]


@dataclass
class Ledger:
    """Uptake of every contact, by compensated summation (Neumaier).

    Parameters
    ----------
    slices : Contact faces of each contact.
    """

    slices: tuple[slice, ...]
    total: Floats = field(init=False)
    lost: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.total = np.zeros(len(self.slices))
        self.lost = np.zeros(len(self.slices))

    def add(self, uptake: Floats) -> Floats:
        """Add the uptake of every contact face [m3 of li fraction]; return that of every contact so far."""
        for index, part in enumerate(self.slices):
            amount = math.fsum(uptake[part])
            new = self.total[index] + amount
            big, small = sorted((self.total[index], amount), key=abs, reverse=True)
            self.lost[index] += (big - new) + small
            self.total[index] = new
        return self.value()

    def value(self) -> Floats:
        """Uptake of every contact so far [m3 of li fraction]."""
        return self.total + self.lost
