"""Which further recording would tell what the maps so far do not.

A recording adds its Fisher information, from simulated derivatives at the estimates, before it is made:

    I_after = I_before + (A - B C^-1 B^T)/s,

A of the parameters that both share, C of those that belong to the new recording alone (its contrast, offset,
start time, its own thickness), B between them, s the scale of the variances. The dose is honest: see
``planned``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.execution import Workers
from lto_sim.files import RunCache
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.identifiability import Identifiability, identify, natural_units, size_in_words
from lto_sim.inverse.inputs import NUISANCES
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.parameters import FreeParameter, ParameterSet, split_run
from lto_sim.inverse.planning.planned import Candidate, usual_candidates
from lto_sim.inverse.result import MapFit
from lto_sim.inverse.search import Loss, information, robust_weights

__all__ = ["Suggestion", "suggest_measurements"]

Floats = NDArray[np.float64]

_LEAST: Final[float] = 1e-12


@dataclass(frozen=True, eq=False)
class Suggestion:
    """What a further recording would bring.

    Parameters
    ----------
    candidate : The recording.
    before, after : Standard deviations by name in natural units [1]: of the logarithm of a rate, else over
        0.1 eV, 0.1 in contrast and offset, the value of a length, one frame.
    least_known_before, least_known_after : Those [1] of the combination that is known least now.
    line : In words.
    failure : Why it could not be simulated; empty where it was.
    """

    candidate: Candidate
    before: Mapping[str, float]
    after: Mapping[str, float] = field(default_factory=dict)
    least_known_before: float = math.nan
    least_known_after: float = math.nan
    line: str = ""
    failure: str = ""

    def summary(self) -> dict[str, Any]:
        """Return the suggestion for JSON; None where a value is not known."""
        return {
            "recording": self.candidate.words,
            "assumes": self.candidate.assumes,
            "std_natural_before": dict(self.before),
            "std_natural_after": dict(self.after) or None,
            "least_known_before": self.least_known_before,
            "least_known_after": None if self.failure else self.least_known_after,
            "failure": self.failure or None,
            "words": self.line,
        }


def suggest_measurements(
    fit: MapFit,
    candidates: Sequence[Candidate] | None = None,
    *,
    processes: int | None = None,
    out: Path | str | None = None,
) -> list[Suggestion]:
    """Rank further recordings by what they would tell of the least known combination.

    Deviations are those of the noise, at the estimates, on the scenario's cells.

    Parameters
    ----------
    fit : What is known so far.
    candidates : Recordings; None: the usual ones, see `usual_candidates`.
    processes : Worker processes; None takes the available cores. The result does not depend on it.
    out : Directory for the results of runs.

    Returns
    -------
    Suggestions, the most telling first; those that could not be simulated last, with the reason.

    Raises
    ------
    InputError
        No candidates, or one that resembles a recording that is not there.
    """
    chosen = usual_candidates(fit) if candidates is None else list(candidates)
    runs = len(fit.objective.experiments)
    if not chosen:
        raise InputError("candidates", 0, "at least one", "leave them out: the usual ones are taken")
    for candidate in chosen:
        if not 0 <= candidate.like < runs:
            raise InputError("candidates.like", candidate.like, f"0 to {runs - 1}", "counted from 0")
    frame = min(
        (float(np.diff(e.time).min()) for e in fit.objective.experiments if e.time.size > 1), default=1.0
    )
    units = natural_units(fit.parameters.free, frame)
    weights = robust_weights(fit.minimum.residuals, cast(Loss, fit.loss))
    known = information(fit.minimum.jacobian, weights) / fit.scale
    before = identify(fit.parameters, known, units, None)
    cache = None if out is None else RunCache(Path(out) / "forward_runs")
    added: list[Floats | str] = []
    with Workers(processes) as workers:
        runner = Runner(workers, cache)
        for candidate in chosen:
            try:
                added.append(_added_information(fit, candidate, runner) / fit.scale)
            except (InputError, ArithmeticError) as error:
                added.append(str(error))
    found = [_suggestion(c, a, known, before, fit, units) for c, a in zip(chosen, added, strict=True)]
    found.sort(key=lambda s: (bool(s.failure), s.least_known_after if not s.failure else 0.0))
    return _told(found, fit)


def _added_information(fit: MapFit, candidate: Candidate, runner: Runner) -> Floats:
    """Information on the parameters of the fit, the recording's own eliminated."""
    shared, parameters, theta = _parameters(fit, candidate)
    objective = MapObjective([candidate.recording], parameters, runner, fit.objective.cell_factor)
    objective.freeze(theta)
    matrix = information(objective.jacobian(theta))
    mine = np.array([n for n, _ in shared], dtype=np.int64)
    own = np.setdiff1d(np.arange(theta.size), mine)
    block = matrix[np.ix_(mine, mine)]
    if own.size:
        across = matrix[np.ix_(mine, own)]
        inverse = np.linalg.pinv(matrix[np.ix_(own, own)], rcond=_LEAST, hermitian=True)
        block = block - across @ inverse @ across.T
    total = np.zeros((len(fit.names), len(fit.names)))
    theirs = np.array([m for _, m in shared], dtype=np.int64)
    total[np.ix_(theirs, theirs)] = block
    return total


def _parameters(fit: MapFit, candidate: Candidate) -> tuple[list[tuple[int, int]], ParameterSet, Floats]:
    """Parameters of the new recording by itself: (its number, number in the fit) of those that both share."""
    free: list[FreeParameter] = []
    shared: list[tuple[int, int]] = []
    values: list[float] = []
    for n, parameter in enumerate(fit.parameters.free):
        if parameter.run not in {None, candidate.like}:
            continue
        own = parameter.run is not None or parameter.path in NUISANCES
        value = float(fit.minimum.theta[n])
        if parameter.path == "specimen.thickness":
            own = own or candidate.thickness != 1.0
            value *= candidate.thickness
        if own:
            free.append(replace(parameter, run=None))
        else:  # what is known before the data counts once
            shared.append((len(free), n))
            free.append(replace(parameter, prior=None))
        values.append(value)
    ties = {}
    for name, expression in fit.parameters.ties.items():
        path, run = split_run(name)
        if run in {None, candidate.like}:
            ties[path] = expression.replace(f"[{candidate.like}]", "")
    return shared, ParameterSet(tuple(free), ties, fit.parameters.fixed), np.array(values)


def _suggestion(
    candidate: Candidate, added: Floats | str, known: Floats, before: Identifiability, fit: MapFit,
    units: Floats,
) -> Suggestion:  # fmt: skip
    now = dict(zip(before.names, before.std.tolist(), strict=True))
    least = float(before.direction_std[-1])
    if isinstance(added, str):
        line = f"{_capital(candidate.words)} could not be simulated: {added}"
        return Suggestion(candidate, now, least_known_before=least, line=line, failure=added)
    after = identify(fit.parameters, known + added, units, None)
    column = before.directions[:, -1]
    parts = after.directions.T @ column * after.direction_std
    then = dict(zip(after.names, after.std.tolist(), strict=True))
    return Suggestion(candidate, now, then, least, float(np.linalg.norm(parts)))


def _told(found: list[Suggestion], fit: MapFit) -> list[Suggestion]:
    """Add the sentences: of the parameter that is known least now, against the same recording again."""
    kinds = {p.name: p for p in fit.parameters.free}
    again = next((s for s in found if s.candidate.words.startswith("the same") and not s.failure), None)
    told = []
    for suggestion in found:
        if suggestion.failure:
            told.append(suggestion)
            continue
        name = max(suggestion.before, key=lambda key: suggestion.before[key])
        now, then = (
            size_in_words(values[name], kinds[name]) for values in (suggestion.before, suggestion.after)
        )
        line = f"{_capital(suggestion.candidate.words)} would bring {name} from {now} to {then}"
        if again is not None and suggestion is not again:
            line += f"; the same recording again to {size_in_words(again.after[name], kinds[name])}"
        told.append(replace(suggestion, line=line + "."))
    return told


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
