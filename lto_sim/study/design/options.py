"""Options of a design, from text with units to SI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.units import to_si

__all__ = ["given_budget", "given_durations", "given_start_std", "require_choice"]


def given_budget(given: str | float | None, instrument: Instrument) -> float | None:
    """Dose budget [electrons m-2]; that of the instrument where none is given.

    Raises
    ------
    InputError
        No dose, or none above 0.
    """
    if given is None:
        return instrument.dose_budget
    dose = to_si(given, "dose", "dose_budget")
    if not dose > 0.0:
        raise InputError("dose_budget", given, "> 0", 'give for example "5e3 e/A^2"')
    return dose


def given_start_std(given: str | float) -> float:
    """Deviation of where a contact is [m].

    Raises
    ------
    InputError
        No length, or one below 0.
    """
    value = to_si(given, "length", "start_std")
    if value < 0.0:
        raise InputError("start_std", given, ">= 0 m", "0 where the contact is known exactly")
    return value


def given_durations(given: str | float | Sequence[Any] | None, count: int) -> NDArray[np.float64] | None:
    """Time recorded at every temperature [s]; None where it is not given.

    Parameters
    ----------
    given : One time, or one for each temperature.
    count : Temperatures.

    Raises
    ------
    InputError
        Another number of times, no time, or one that is not above 0.
    """
    if given is None:
        return None
    each = [given] * count if isinstance(given, str | int | float) else list(given)
    if len(each) != count:
        allowed = f"one time, or as many as temperatures, {count}"
        raise InputError("duration", given, allowed, "give as many")
    times = np.array([to_si(value, "time", "duration") for value in each])
    if np.any(times <= 0.0):
        raise InputError("duration", given, "> 0 s", "say how long is recorded")
    return times


def require_choice(field: str, value: str, allowed: Sequence[str]) -> None:
    """Raise InputError unless `value` is one of those allowed."""
    if value not in allowed:
        raise InputError(field, value, " or ".join(allowed), "choose one of them")
