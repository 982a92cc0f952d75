"""Lithium inside, and let in through every contact since the beginning, summed without loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.compiled import kernel

__all__ = ["Ledger", "inventory"]

Floats = NDArray[np.float64]


@kernel
def inventory(x: Floats, volume: Floats) -> float:
    """Sum of x V over all cells, with the round-off of every addition added up too.

    (Ogita, Rump & Oishi, SIAM J. Sci. Comput. 26 (2005) 1955): as in twice the precision, so that the balance
    measures the scheme alone.
    """
    total = lost = 0.0
    for c in range(x.size):
        part = x[c] * volume[c]
        new = total + part
        back = new - total
        lost += (total - (new - back)) + (part - back)
        total = new
    return total + lost


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
