"""How k changes with what was chosen: window, law, convention, origin, start time, profile.

Each row is one fit of the result's law with one choice changed and everything else kept. No interval covers
these choices; a table of them says which of them matters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.rates.interval import constrained
from lto_sim.kinetics.rates.laws import fit_law

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lto_sim.kinetics.rates.data import RateData
    from lto_sim.kinetics.rates.laws import LawFit

__all__ = ["SensitivityRow", "sensitivity_rows"]

_ORIGIN: Final[float] = 10e-9
_FEWEST: Final[int] = 4


@dataclass(frozen=True)
class SensitivityRow:
    """One choice changed.

    Parameters
    ----------
    choice : What was changed: ``window``, ``law``, ``convention``, ``origin``, ``start time``, ``profile``.
    changed_to : To what.
    k : Rate constant that comes out [m2/s]; inf where it is not resolved.
    """

    choice: str
    changed_to: str
    k: float


def sensitivity_rows(
    every: RateData, chosen: RateData, law: str, start_time: float | None, convention: str, factor: float
) -> tuple[SensitivityRow, ...]:
    """Return the table.

    Parameters
    ----------
    every : Points of all windows.
    chosen : Points of the window of the result.
    law : Law of the result.
    start_time : Fixed t0 [s] or None.
    convention : ``"2kt"`` or ``"kt"``.
    factor : k times r in this convention.
    """
    other = "kt" if convention == "2kt" else "2kt"
    rows = []
    for choice, changed, points, name, t0 in _variants(every, chosen, law, start_time):
        if points.size >= _FEWEST:
            rows.append(SensitivityRow(choice, changed, _k(_fit(points, name, t0), factor)))
    twice = 2.0 if convention == "2kt" else 0.5
    rows.append(SensitivityRow("convention", other, _k(_fit(chosen, law, start_time), factor) * twice))
    return tuple(rows)


def _variants(
    every: RateData, chosen: RateData, law: str, start_time: float | None
) -> Iterator[tuple[str, str, RateData, str, float | None]]:
    last = float(chosen.time[-1])
    yield "window", "all points", every, law, start_time
    yield "window", "late half of the time", every.since(0.5 * float(every.time[0] + last)), law, start_time
    yield (
        "law",
        *(("mixed", chosen, "mixed") if law != "mixed" else ("parabolic", chosen, "parabolic")),
        start_time,
    )
    known = float(np.max(chosen.start_std))
    for shift in (-(known or _ORIGIN), known or _ORIGIN):
        moved = _moved(chosen, shift)
        yield "origin", f"contact moved by {1e9 * shift:+.3g} nm", moved, law, start_time
    if start_time is None and law != "linear":
        yield "start time", "0 s", chosen, law, 0.0
    numbers = np.unique(chosen.profile)  # type: ignore[arg-type]
    if numbers.size > 1:
        for number in numbers:
            yield "profile", f"{number} alone", chosen.select(chosen.profile == number), law, start_time


def _moved(data: RateData, shift: float) -> RateData:
    """Points whose way counts from a contact that lies further in by `shift` [m]."""
    return replace(data, position=data.position - shift)


def _fit(data: RateData, law: str, start_time: float | None) -> LawFit:
    return constrained(data, start_time) if law == "mixed" else fit_law(data, law, start_time)


def _k(law: LawFit, factor: float) -> float:
    r = float(law.parameters[2])
    return factor / r if r > 0.0 else float("inf")
