"""The titrations in a drive: which there are, and what their fits say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.electrochemistry import DriveStepRecord, GittResult, PittResult

__all__ = ["Titrations", "titrate"]

_PULSES: Final = 2
_LEVELS: Final = 3
"""Pulses with a rest, and holds of a staircase, from which on a drive written step by step is a titration."""


@dataclass
class Titrations:
    """What was titrated.

    Parameters
    ----------
    gitt, pitt : Results; None where the drive has no such titration, or it cannot be evaluated.
    notes : Why not, one line each.
    """

    gitt: GittResult | None = None
    pitt: PittResult | None = None
    notes: list[str] = field(default_factory=list)

    def results(self) -> dict[str, GittResult | PittResult]:
        """The results that there are, by method."""
        found = {"gitt": self.gitt, "pitt": self.pitt}
        return {name: result for name, result in found.items() if result is not None}

    def lines(self) -> list[str]:
        """The reports in words."""
        return [line for result in self.results().values() for line in result.report()]


def titrate(run: xr.Dataset, steps: Sequence[DriveStepRecord]) -> Titrations:
    """Fit every titration of a drive.

    Parameters
    ----------
    run : A run, or a recorded series labelled like one.
    steps : Its drive steps.
    """
    from lto_sim.electrochemistry import fit_gitt, fit_pitt

    found = Titrations()
    if _is_gitt(steps):
        try:
            found.gitt = fit_gitt(run)
        except InputError as error:
            found.notes.append(f"no GITT: {error}")
    if _is_pitt(steps):
        try:
            found.pitt = fit_pitt(run)
        except InputError as error:
            found.notes.append(f"no PITT: {error}")
    return found


def _is_gitt(steps: Sequence[DriveStepRecord]) -> bool:
    """Whether currents and rests follow each other, by name or several times."""
    pulses = sum(one.kind == "current" and other.kind == "rest" for one, other in pairwise(steps))
    return pulses >= _PULSES or (pulses > 0 and any(step.path.endswith(".gitt") for step in steps))


def _is_pitt(steps: Sequence[DriveStepRecord]) -> bool:
    """Whether holds climb or descend, by name or three in a row at one temperature."""
    holds = sum(one.kind == other.kind == "hold" for one, other in pairwise(steps))
    if holds and any(step.path.endswith(".pitt") for step in steps):
        return True
    way, row = 0.0, 1
    for one, other in pairwise(steps):
        stair = one.kind == other.kind == "hold" and one.temperature == other.temperature
        height = (other.value or 0.0) - (one.value or 0.0) if stair else 0.0
        row = row + 1 if height * way > 0.0 else 2 if height != 0.0 else 1
        way = height
        if row >= _LEVELS:
            return True
    return False
