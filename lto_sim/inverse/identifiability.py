"""What the data know of the parameters, in plain words, from the Fisher information.

A parameter may be unknown by itself and yet have a known product with another: the eigenvectors of the
information, in units in which parameters compare, say which combinations are known and which are not. Of the
least known combination the maps are asked what tells it: the place of the front in each frame (which a rate
constant has, too), or the shape of what is seen beside it (a tip, a shell).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.inverse.parameters import FreeParameter, ParameterSet

__all__ = ["Feature", "Identifiability", "Tie", "identify", "natural_units", "weakest_feature"]

Floats = NDArray[np.float64]

_TIED: Final[float] = 0.9
"""Correlation from which on two parameters are one for the data."""
_UNKNOWN: Final[float] = 0.5
"""Deviation, in natural units, from which on a parameter is not determined: a factor of 1.6."""
_OPEN: Final[float] = 0.1
"""Deviation of a combination, in natural units, below which a tie of its parameters does not matter."""
_SMALL_PART: Final[float] = 0.1
_NATURAL: Final = {".Ea": 9648.533212, "maps.contrast": 0.1, "maps.offset": 0.1}
_FEWEST_FRAMES: Final = 4
_LEAST: Final[float] = 1e-30


@dataclass(frozen=True)
class Feature:
    """What of the maps tells the least known combination.

    Parameters
    ----------
    position : Share of its information in the place of the front, frame by frame.
    shape : Share in the shape of the maps at a given place of the front: tips, shells, intermediate values.
    half_time : Time by which half of the information has been collected, as part of the recording [1].
    """

    position: float
    shape: float
    half_time: float


@dataclass(frozen=True)
class Tie:
    """Parameters that the data cannot tell apart.

    Parameters
    ----------
    names : Which.
    correlation : The strongest between two of them.
    known : Their combination that is known, as an exponent (or factor) of each.
    known_std : Its standard deviation, in natural units.
    open_std : That of the combination across it.
    """

    names: tuple[str, ...]
    correlation: float
    known: tuple[float, ...]
    known_std: float
    open_std: float


@dataclass(frozen=True, eq=False)
class Identifiability:
    """What is known and what is not.

    Parameters
    ----------
    names : Parameters.
    std : Standard deviation of each with the others free, in natural units: of the logarithm of a rate, else
        over 0.1 eV, 0.1 in contrast and offset, the value of a length, one frame.
    alone : The same with the others known.
    directions, direction_std : Combinations from best to least known, one a column, and their deviations.
    ties : Groups that the data cannot tell apart.
    feature : What tells the least known combination; None where there is one parameter only.
    lines : All of it in words.
    """

    names: tuple[str, ...]
    std: Floats
    alone: Floats
    directions: Floats
    direction_std: Floats
    ties: tuple[Tie, ...]
    feature: Feature | None
    lines: tuple[str, ...]

    def with_lines(self, more: Sequence[str]) -> Identifiability:
        """The same with more said."""
        return replace(self, lines=(*self.lines, *more))

    def summary(self) -> dict[str, Any]:
        """Return the findings for JSON."""
        return {
            "std_natural": dict(zip(self.names, self.std.tolist(), strict=True)),
            "std_natural_others_known": dict(zip(self.names, self.alone.tolist(), strict=True)),
            "combinations": [
                {"std": float(std), "of": dict(zip(self.names, column.tolist(), strict=True))}
                for std, column in zip(self.direction_std, self.directions.T, strict=True)
            ],
            "ties": [
                {
                    "parameters": list(tie.names), "correlation": tie.correlation, "known": list(tie.known),
                    "known_std": tie.known_std, "open_std": tie.open_std,
                }
                for tie in self.ties
            ],
            "least_known_told_by": None if self.feature is None else {
                "position_of_the_front": self.feature.position, "shape": self.feature.shape,
                "half_of_it_by": self.feature.half_time,
            },
            "words": list(self.lines),
        }  # fmt: skip


def natural_units(parameters: Sequence[FreeParameter], frame_time: float) -> Floats:
    """Size of a change of what is fitted that counts as one: see :class:`Identifiability`."""
    units = []
    for p in parameters:
        if p.logarithmic:
            units.append(1.0)
        elif p.path == "maps.start_time":
            units.append(frame_time)
        else:
            known = [unit for ending, unit in _NATURAL.items() if p.path.endswith(ending)]
            units.append(known[0] if known else max(abs(p.start), _LEAST))
    return np.array(units)


def identify(
    parameters: ParameterSet,
    information: Floats,
    units: Floats,
    feature: Feature | None,
    *,
    what: str = "this recording",
) -> Identifiability:
    """Read the information.

    Parameters
    ----------
    parameters : What is free.
    information : Fisher information of what is fitted, priors included.
    units : From :func:`natural_units`.
    feature : What tells the least known combination.
    what : What the data are called.
    """
    names = tuple(parameters.names)
    scaled = information * np.outer(units, units)
    size = np.sqrt(np.maximum(np.diag(scaled), _LEAST))
    values, vectors = np.linalg.eigh(scaled / np.outer(size, size))
    values = np.maximum(values, 1e-14)
    covariance = (vectors / values) @ vectors.T / np.outer(size, size)
    std = np.sqrt(np.diag(covariance))
    spread, columns = np.linalg.eigh(covariance)
    columns = columns * np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(len(names))])
    ties = _ties(names, covariance, std)
    lines = _words(parameters, std, 1.0 / size, ties, feature, what)
    return Identifiability(
        names, std, 1.0 / size, columns, np.sqrt(np.maximum(spread, 0.0)), ties, feature, tuple(lines)
    )


def _ties(names: tuple[str, ...], covariance: Floats, std: Floats) -> tuple[Tie, ...]:
    """Groups connected by strong correlations."""
    correlation = covariance / np.outer(std, std)
    strong = np.abs(correlation) > _TIED
    left, ties = set(range(len(names))), []
    while left:
        group, front = {min(left)}, [min(left)]
        while front:
            n = front.pop()
            new = {int(m) for m in np.flatnonzero(strong[n])} - group
            group |= new
            front += sorted(new)
        left -= group
        if len(group) == 1:
            continue
        chosen = sorted(group)
        part = covariance[np.ix_(chosen, chosen)]
        spread, columns = np.linalg.eigh(part)
        if spread[-1] < _OPEN**2:
            continue
        known = columns[:, 0] / columns[np.abs(columns[:, 0]).argmax(), 0]
        off = np.abs(correlation[np.ix_(chosen, chosen)] - np.eye(len(chosen)))
        length = float(np.linalg.norm(known))
        ties.append(
            Tie(
                tuple(names[n] for n in chosen), float(off.max()), tuple(known.tolist()),
                math.sqrt(max(float(spread[0]), 0.0)) * length, math.sqrt(max(float(spread[-1]), 0.0)),
            )
        )  # fmt: skip
    return tuple(ties)


def size_in_words(std: float, parameter: FreeParameter) -> str:
    """A deviation in natural units as people say it: per cent or a factor of a rate, eV, frames."""
    if parameter.logarithmic:
        if std < _UNKNOWN:
            return f"{100.0 * std:.2g} %"
        return "any factor" if std > 20.0 else f"a factor of {math.exp(std):.3g}"
    if parameter.path.endswith(".Ea"):
        return f"{0.1 * std:.2g} eV"
    if parameter.path == "temperature":
        return f"{std * abs(parameter.start):.2g} K"
    if parameter.path == "maps.start_time":
        return f"{std:.2g} of a frame"
    if parameter.path in {"maps.contrast", "maps.offset"}:
        return f"{0.1 * std:.2g}"
    return f"{100.0 * std:.2g} %"


def _words(
    parameters: ParameterSet,
    std: Floats,
    alone: Floats,
    ties: tuple[Tie, ...],
    feature: Feature | None,
    what: str,
) -> list[str]:
    lines = []
    tied = {name for tie in ties for name in tie.names}
    for n, parameter in enumerate(parameters.free):
        size = size_in_words(float(std[n]), parameter)
        if std[n] <= _UNKNOWN:
            prior = "" if parameter.prior is None else ", its prior included"
            lines.append(f"{parameter.name} is known to {size}{prior}.")
        elif parameter.name in tied and alone[n] < _UNKNOWN:
            other = size_in_words(float(alone[n]), parameter)
            lines.append(
                f"{parameter.name} is not determined by itself ({size}); were the others known, it "
                f"would be to {other}."
            )
        else:
            lines.append(f"{parameter.name} is not determined by {what}: {size}.")
    by_name = {p.name: p for p in parameters.free}
    for tie in ties:
        rates = [by_name[name] for name in tie.names if by_name[name].logarithmic]
        opening = f"{' and '.join(tie.names)} cannot be told apart (correlation {tie.correlation:.2f})"
        if len(rates) < len(tie.names):
            lines.append(f"{opening}: only one combination of them is known.")
            continue
        factors = (_factor(name, power) for name, power in zip(tie.names, tie.known, strict=True))
        product = " ".join(factor for factor in factors if factor)
        lines.append(
            f"{opening}: {what} can tell {product} to {size_in_words(tie.known_std, rates[0])}, and what "
            f"lies across it to {size_in_words(tie.open_std, rates[0])}."
        )
    if feature is not None and len(parameters.free) > 1:
        where = (
            "the place of the front"
            if feature.position >= feature.shape
            else "the shape of the maps beside the front (tip, shell)"
        )
        share = max(feature.position, feature.shape)
        lines.append(
            f"The least known combination is told by {where} ({100.0 * share:.0f} % of its information; half "
            f"of it lies in the first {100.0 * max(feature.half_time, 0.01):.0f} % of the recording)."
        )
    return lines


def _factor(name: str, power: float) -> str:
    return "" if abs(power) < _SMALL_PART else f"({name})^{power:.2f}"


def weakest_feature(
    jacobian: Floats,
    displacement: Floats,
    frame: NDArray[np.int64],
    frame_time: Floats,
    units: Floats,
    of_scenario: NDArray[np.bool_],
) -> Feature | None:
    """What the maps tell the least known combination by.

    Parameters
    ----------
    jacobian : Derivatives of the residuals of the maps, (residuals, parameters).
    displacement : Their derivatives in time, (residuals,): what a displaced front would change.
    frame : Frame of every residual, counted over all recordings.
    frame_time : Time of every frame as part of its recording [1].
    units : From :func:`natural_units`.
    of_scenario : Which parameters belong to the scenario rather than to the maps.

    Returns
    -------
    Shares; None for fewer than two parameters or four frames, or where that combination is one of contrast,
    offset and start time, of which neither place nor shape of a front tells.
    """
    scaled = jacobian * units
    if scaled.shape[1] < 2:
        return None
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    if not of_scenario[int(np.abs(vectors[:, 0]).argmax())] or frame_time.size < _FEWEST_FRAMES:
        return None
    weak = scaled @ vectors[:, 0]
    others = scaled @ vectors[:, 1:]
    fit, *_ = np.linalg.lstsq(others, weak, rcond=None)
    rest = weak - others @ fit
    total = float(rest @ rest)
    if not total > _LEAST or values[-1] <= 0.0:
        return None
    count = int(frame.max()) + 1
    along = np.bincount(frame, rest * displacement, count)
    norm = np.bincount(frame, displacement**2, count)
    position = np.where(norm > _LEAST, along**2 / np.where(norm > _LEAST, norm, 1.0), 0.0)
    collected = np.bincount(frame, rest**2, count)
    order = np.argsort(frame_time, kind="stable")
    share = np.cumsum(collected[order]) / total
    half = float(frame_time[order][min(int(np.searchsorted(share, 0.5)), count - 1)])
    part = min(float(position.sum()) / total, 1.0)
    return Feature(part, 1.0 - part, half)
