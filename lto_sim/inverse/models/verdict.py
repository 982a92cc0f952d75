"""Which of several models the maps ask for, in plain words.

A model is rejected by a larger one that contains it and fits significantly better, and by any other whose
AIC is lower by 6 or more (evidence 20 : 1). Of models that contain one another the smallest that is left is
taken; of what remains, the one with the lowest AIC. Others that remain cannot be told apart from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.inverse.models.rows import ModelRow, NestedTest

__all__ = ["SIGNIFICANCE", "Choice", "choose"]

Floats = NDArray[np.float64]

SIGNIFICANCE: Final[float] = 0.002
"""p below which a smaller model is rejected: fronts that cross cells leave kinks of some units."""
_CLEAR: Final[float] = 6.0
_STOPPED: Final[float] = 1.0
_MANY_VALUES: Final = 1000


@dataclass(frozen=True)
class Choice:
    """The model that the maps ask for.

    Parameters
    ----------
    name : Which.
    alike : Others that the maps do not tell apart from it, none of them larger than it.
    lines : Why, in words.
    """

    name: str
    alike: tuple[str, ...]
    lines: tuple[str, ...]


def choose(rows: Sequence[ModelRow], tests: Sequence[NestedTest], scale: float) -> Choice:
    """Choose among the models that could be fitted.

    Parameters
    ----------
    rows : Models, at least one of them fitted.
    tests : Likelihood ratios of those that contain one another.
    scale : Factor of the variances that criteria were made with.
    """
    fitted = [row for row in rows if not row.failure]
    tested = {(test.smaller, test.larger): test for test in tests}
    rejected = {
        row.name
        for row in fitted
        for other in fitted
        if _rejects(row, other, tested)
    }  # fmt: skip
    left = [row for row in fitted if row.name not in rejected] or [min(fitted, key=lambda row: row.aic)]
    names = {row.name for row in left}
    small = [row for row in left if not any((name, row.name) in tested for name in names)]
    best = min(small, key=lambda row: row.aic)
    alike = [row for row in small if row is not best]
    split = [
        row
        for row in fitted
        if row.name in rejected and (best.name, row.name) not in tested and _prefers(best, row) is False
    ]
    lines = [_first(best, alike, fitted)]
    lines += [_against(best, row, tested) for row in fitted if row is not best]
    for row in split:
        lines.append(
            f"But the frames left out are predicted no worse by {row.name}: the two criteria disagree, "
            f"and {row.name} is not excluded."
        )
    lines += _remarks(best, rows, fitted, scale)
    return Choice(best.name, tuple(row.name for row in [*alike, *split]), tuple(lines))


def _rejects(row: ModelRow, other: ModelRow, tested: dict[tuple[str, str], NestedTest]) -> bool:
    if (row.name, other.name) in tested:
        return tested[row.name, other.name].p_value < SIGNIFICANCE
    return (other.name, row.name) not in tested and other.aic < row.aic - _CLEAR


def _difference(best: ModelRow, row: ModelRow) -> tuple[float, float] | None:
    """Left-out deviance of a model less that of the best one, and its standard deviation over the blocks."""
    if best.left_out.size == 0 or best.left_out.size != row.left_out.size:
        return None
    each = row.left_out - best.left_out
    return float(each.sum()), float(np.sqrt(each.size * np.var(each, ddof=1)))


def _prefers(best: ModelRow, row: ModelRow) -> bool | None:
    """Whether frames left out speak for the best model; None where they were not used."""
    found = _difference(best, row)
    return None if found is None else found[0] > 0.0


def _first(best: ModelRow, alike: Sequence[ModelRow], fitted: Sequence[ModelRow]) -> str:
    if len(fitted) == 1:
        return f"Only {best.name} could be fitted: there is nothing to compare it with."
    if alike:
        others = ", ".join(row.name for row in alike)
        return f"{_capital(best.name)} and {others} cannot be told apart by these maps."
    return f"{_capital(best.name)}: what these maps ask for."


def _against(best: ModelRow, row: ModelRow, tested: dict[tuple[str, str], NestedTest]) -> str:
    """The best model against another, in a sentence."""
    parts = []
    if (best.name, row.name) in tested:
        test = tested[best.name, row.name]
        gain = (
            f"with {_count(test.further)} more the deviance falls by {test.ratio:.1f}, p = {test.p_value:.2g}"
        )
        parts.append(f"{gain}: the maps do not ask for it{_ends(best, row)}")
        if row.deviance > best.deviance + _STOPPED:
            above = row.deviance - best.deviance
            parts.append(f"its search ended {above:.1f} above the smaller model: try starts=5")
    elif (row.name, best.name) in tested:
        test = tested[row.name, best.name]
        parts.append(
            f"with {_count(test.further)} less the deviance rises by {test.ratio:.1f}, p = {test.p_value:.2g}"
        )
    else:
        parts.append(f"AIC {row.aic - best.aic:+.1f}")
    found = _difference(best, row)
    if found is not None:
        verb = "worse" if found[0] > 0.0 else "better"
        parts.append(
            f"frames left out are predicted {verb} by {abs(found[0]):.1f} +- {found[1]:.1f} in deviance"
        )
    return f"{_capital(row.name)}: {'; '.join(parts)}."


def _ends(best: ModelRow, row: ModelRow) -> str:
    """Where the further parameters of a larger model may lie."""
    if row.fit is None:
        return ""
    found = []
    for name in row.free:
        if name not in best.free:
            low, high = row.fit.interval(name)
            found.append(f"{name} {low:.2g} to {high:.2g}")
    return f" (95 % intervals there, SI: {', '.join(found)})" if found else ""


def _remarks(best: ModelRow, rows: Sequence[ModelRow], fitted: Sequence[ModelRow], scale: float) -> list[str]:
    lines = []
    if best.fit is not None and best.fit.status == "misfit":
        lines.append(
            f"Even {best.name} does not fit ({best.fit.advice}): the question may be another than which of "
            "these."
        )
    if scale != 1.0:
        lines.append(
            f"Residuals scatter {scale**0.5:.2g} times as much as stated, or no deviations are stated: "
            f"deviances are over {scale:.3g}, the scale of the model that fits best, and p is from the F "
            "distribution."
        )
    bayes = min(fitted, key=lambda row: row.bic)
    if bayes is not best and best.values >= _MANY_VALUES:
        lines.append(
            f"BIC would take {bayes.name}. With {best.values} pixels it asks {np.log(best.values):.1f} "
            "of a parameter (AIC 2): it is stern, and misses small effects that are real."
        )
    lines += [f"{_capital(row.name)} could not be fitted: {row.failure}" for row in rows if row.failure]
    return lines


def _count(number: int) -> str:
    return "one parameter" if number == 1 else f"{number} parameters"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
