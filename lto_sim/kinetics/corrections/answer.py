"""A scenario brought to the pace of a measured front, and how well its rate constant is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections.match import (
    Law,
    Match,
    front_curves,
    law_estimates,
    match,
    require_cover,
)
from lto_sim.kinetics.corrections.result import Target
from lto_sim.kinetics.corrections.true_rate import true_rate
from lto_sim.kinetics.corrections.twin import at_pace, tracked_twin
from lto_sim.kinetics.fronts import Profile
from lto_sim.kinetics.rates import RateData
from lto_sim.scenario import Scenario
from lto_sim.scenario.parse import node_at, number_at

__all__ = [
    "FEWEST_POINTS",
    "Answer",
    "Question",
    "answer",
    "chi_square",
    "response",
    "thirds",
    "window_part",
    "without_outliers",
]

FEWEST_POINTS: Final = 5
"""Points below which nothing is corrected."""

_LONGER: Final[float] = 1.3
"""Simulated time over that of the measured window."""
_NEAR: Final[float] = 0.1
"""Largest ln of a pace at which the frames of the simulation count as those of the recording."""
_ROUNDS: Final = 5
_OUTLIER: Final[float] = 5.0
_MOST_OUTLIERS: Final[float] = 0.05
_FEWEST_IN_LAW: Final = 4
_TENTH: Final[float] = 0.1
_THIRD: Final[float] = 1.0 / 3.0


@dataclass(frozen=True, eq=False)
class Question:
    """What a simulation is compared with.

    Parameters
    ----------
    data : Points of the measured front, those of its window.
    law : Law by which both fronts are read.
    start_time : Fixed start [s] on the clock of `data`, or None.
    profiles : Where the front is tracked.
    target : Which rate constant is asked for.
    """

    data: RateData
    law: Law
    start_time: float | None
    profiles: Sequence[Profile]
    target: Target

    @property
    def estimates(self) -> tuple[float, float, float]:
        """Apparent k [m2 s-1], its relative deviation, and t0 [s]."""
        return law_estimates(self.data, self.law, self.start_time)

    def true_k(self, scenario: Scenario) -> float:
        """Return the rate constant asked for, of a scenario as it stands [m2 s-1]."""
        return true_rate(scenario, faces=self.target == "planar").k


@dataclass(frozen=True, eq=False)
class Answer:
    """A scenario at the pace of the measured front.

    Parameters
    ----------
    k : Its rate constant [m2 s-1].
    pace : Factor of all its rates.
    match : Its front at the measured times.
    """

    k: float
    pace: float
    match: Match


def answer(scenario: Scenario, question: Question, pace: float) -> Answer:
    """Bring a scenario to the pace of the measured front, beginning with `pace`.

    Raises
    ------
    InputError
        A simulation that fails, or whose front is not seen in the window.
    """
    _, _, start = question.estimates
    start = start if question.start_time is None else question.start_time
    duration = _LONGER * (float(question.data.time[-1]) - start)
    for _ in range(_ROUNDS):
        front = tracked_twin(at_pace(scenario, pace, duration), question.profiles)
        curves = front_curves(front)
        found = match(question.data, curves, question.law, question.start_time)
        pace *= found.pace
        if abs(math.log(found.pace)) < _NEAR:
            break
    require_cover(question.data, curves, found)
    return Answer(pace * question.true_k(scenario), pace, found)


def without_outliers(data: RateData, simulated: RateData) -> RateData:
    """Drop the points furthest from the simulated front, beyond five robust deviations, 5 % at most."""
    size = np.abs(data.whiten(data.position - simulated.position))
    limit = _OUTLIER * max(1.0, float(np.median(size)) / 0.674489750196)
    worst = np.argsort(size)[::-1][: int(_MOST_OUTLIERS * data.size)]
    keep = np.ones(data.size, dtype=np.bool_)
    keep[worst[size[worst] > limit]] = False
    return _chosen(data, keep)


def _chosen(data: RateData, keep: NDArray[np.bool_]) -> RateData:
    return data if bool(keep.all()) else data.select(keep)


def chi_square(data: RateData, simulated: RateData) -> float:
    """Sum of squared deviations of the measured points from the simulated front."""
    return float((data.whiten(data.position - simulated.position) ** 2).sum())


def window_part(question: Question, found: Answer) -> float:
    """Largest relative change of the corrected k when either end of the window moves in by a tenth of it."""
    ratios = _ratios(question, found, _TENTH)
    return max((abs(math.log(ratio)) for ratio in ratios if math.isfinite(ratio)), default=0.0)


def thirds(question: Question, found: Answer) -> tuple[float, float]:
    """Corrected k from the window without its last and without its first third [m2 s-1]; NaN if too short."""
    first, last = _ratios(question, found, _THIRD)
    return found.k * first, found.k * last


def _ratios(question: Question, found: Answer, part: float) -> tuple[float, float]:
    """Measured over simulated k without the last and without the first `part` of the window."""
    first, last = float(question.data.time[0]), float(question.data.time[-1])
    cut = part * (last - first)
    return _ratio(question, found, first, last - cut), _ratio(question, found, first + cut, last)


def _ratio(question: Question, found: Answer, first: float, last: float) -> float:
    measured, simulated = (data.between(first, last) for data in (question.data, found.match.data))
    if measured.size < _FEWEST_IN_LAW:
        return math.nan
    try:
        k, of_simulation = (
            law_estimates(data, question.law, question.start_time)[0] for data in (measured, simulated)
        )
    except InputError:
        return math.nan
    return k / of_simulation


def response(scenario: Scenario, question: Question, found: Answer, path: str, deviation: float) -> float:
    """Relative change of the corrected k for one deviation of a scenario value, by a central difference.

    Raises
    ------
    InputError
        A path without a number, a deviation that is not positive, or a value that is refused on either side.
    """
    if not (math.isfinite(deviation) and deviation > 0.0):
        raise InputError(f"uncertain.{path}", deviation, "> 0 and finite", "give a standard deviation in SI")
    value = _number(scenario, path)
    changes, refusal = [], None
    for sign in (1.0, -1.0):
        try:
            other = scenario.with_values({path: value + sign * deviation})
            changes.append(sign * math.log(answer(other, question, found.pace).k / found.k))
        except InputError as error:
            refusal = error
    if refusal is not None and not changes:
        raise InputError(f"uncertain.{path}", deviation, "a step that the scenario allows", str(refusal))
    return float(np.mean(changes))


def _number(scenario: Scenario, path: str) -> float:
    value = number_at(scenario.to_dict(), path)
    if value is None:
        raise InputError(
            f"uncertain.{path}", node_at(scenario.to_dict(), path), "the path of a number in the scenario",
            "give it a value in the scenario first, for example contacts.lps.where.to",
        )  # fmt: skip
    return value
