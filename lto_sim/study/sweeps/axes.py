"""What is varied: the axes of a sweep, and the designs that make runs of them.

design            runs
================  =====================================================================================
grid              every combination, the last axis fastest
zip               the first value of every axis, then the second, ...
list              given one by one, each a mapping of paths to values
latin_hypercube   `samples` points, each axis divided evenly among them (scipy.stats.qmc)
sobol             `samples` points of a scrambled Sobol sequence, best at powers of two (scipy.stats.qmc)
================  =====================================================================================

An axis is named by the path of a scenario (``surface.faces.at``, ``seed``) or, with ``instrument.`` before
it, of an instrument. Samples need ranges, `Axis(start, stop)`; linear or logarithmic.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from lto_sim.errors import InputError
from lto_sim.units import split_quantity

__all__ = ["DESIGNS", "SAMPLED", "Axis", "Design", "Points", "make_points", "plain_axes"]

Design = Literal["grid", "zip", "list", "latin_hypercube", "sobol"]
Points = list[dict[str, Any]]

DESIGNS: Final = ("grid", "zip", "list", "latin_hypercube", "sobol")
"""How runs are made of axes; see the module."""

SAMPLED: Final = ("latin_hypercube", "sobol")
_MOST: Final = 100_000
"""Runs of a sweep, at most: each has files of its own."""
_KEYS: Final = frozenset({"from", "to", "count", "scale"})


@dataclass(frozen=True)
class Axis:
    """A range of a path.

    Parameters
    ----------
    start, stop : Its ends: numbers in SI, or text with a unit.
    count : Values of a grid or zip, both ends among them; samples need none.
    scale : ``linear`` or ``log``.

    Raises
    ------
    InputError
        Ends that are equal, of different units or, of a logarithmic axis, not positive; a count below 1.
    """

    start: float | str
    stop: float | str
    count: int | None = None
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        if self.scale not in {"linear", "log"}:
            raise InputError("scale", self.scale, '"linear" or "log"', "choose one of them")
        if self.count is not None and (
            isinstance(self.count, bool) or not isinstance(self.count, int) or not 1 <= self.count <= _MOST
        ):
            raise InputError("count", self.count, f"a whole number from 1 to {_MOST}", "give how many values")
        low, high = self._ends()
        if not (math.isfinite(low) and math.isfinite(high)) or low == high:
            raise InputError("from, to", (self.start, self.stop), "two different values", "give both ends")
        if self.scale == "log" and min(low, high) <= 0.0:
            raise InputError(
                "from, to", (self.start, self.stop), "> 0 on a logarithmic scale", 'take scale = "linear"'
            )

    def _ends(self) -> tuple[float, float]:
        (low, unit), (high, other) = _parts(self.start, "from"), _parts(self.stop, "to")
        if unit != other:
            raise InputError("from, to", (self.start, self.stop), "one unit for both", "write both alike")
        return low, high

    @property
    def unit(self) -> str:
        """Unit of both ends as they are written; empty of plain numbers.

        Raises
        ------
        InputError
            Ends of different units, or text that holds no number.
        """
        return _parts(self.start, "from")[1]

    def at(self, part: NDArray[np.float64]) -> list[float | str]:
        """Values at fractions `part` (0 to 1) of the way, shape (n,), in the unit of the ends.

        Raises
        ------
        InputError
            Ends of different units, or text that holds no number.
        """
        low, high = self._ends()
        if self.scale == "log":
            values = np.exp(math.log(low) + part * (math.log(high) - math.log(low)))
        else:
            values = low + part * (high - low)
        values = np.where(part == 0.0, low, np.where(part == 1.0, high, values))
        whole = isinstance(self.start, int) and isinstance(self.stop, int) and self.scale == "linear"
        if whole and np.all(values == np.round(values)):
            return [int(value) for value in values]
        return [f"{float(value)!r} {self.unit}" if self.unit else float(value) for value in values]

    def values(self) -> list[float | str]:
        """Values of a grid, in the unit of the ends.

        Raises
        ------
        InputError
            No count.
        """
        if self.count is None:
            raise InputError("count", None, "how many values", "add count, or take a design of samples")
        return self.at(np.linspace(0.0, 1.0, self.count) if self.count > 1 else np.zeros(1))

    def to_dict(self) -> dict[str, Any]:
        """Keys of a sweep file."""
        count = {} if self.count is None else {"count": self.count}
        return {"from": self.start, "to": self.stop, **count, "scale": self.scale}


def _parts(value: object, field: str) -> tuple[float, str]:
    """Number and unit of an end."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), ""
    if isinstance(value, str):
        return split_quantity(value, field)
    raise InputError(field, value, "a number in SI or text with a unit", 'write for example "1e-12 cm^2/s"')


def plain_axes(axes: Mapping[str, Any]) -> dict[str, Axis | list[Any]]:
    """Return axes as ranges and lists of plain values.

    Raises
    ------
    InputError
        No axes, an axis without values, or a table that is no range.
    """
    if not axes:
        raise InputError("axes", axes, "one axis or more", 'for example temperature = ["30 degC", "75 degC"]')
    return {path: _axis(path, given) for path, given in axes.items()}


def _axis(path: str, given: Any) -> Axis | list[Any]:
    if isinstance(given, Axis):
        return given
    if isinstance(given, Mapping):
        if not {"from", "to"} <= set(given) <= _KEYS:
            raise InputError(
                f"axes.{path}", dict(given), "from, to, and count, scale where they are needed",
                'for example { from = "1e-24 m^3/s", to = "1e-21 m^3/s", count = 4, scale = "log" }',
            )  # fmt: skip
        try:
            return Axis(given["from"], given["to"], given.get("count"), given.get("scale", "linear"))
        except InputError as error:
            raise InputError(f"axes.{path}.{error.field}", error.value, error.allowed, error.remedy) from None
    values = given.tolist() if isinstance(given, np.ndarray) else given
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) == 0:
        raise InputError(f"axes.{path}", given, "a list of values, or a range", "give one value or more")
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def make_points(
    axes: Mapping[str, Axis | list[Any]], design: str, samples: int | None, seed: int
) -> tuple[Points, tuple[int, ...]]:
    """Values of every run, and the shape of a grid (else the number of runs).

    Parameters
    ----------
    axes : From :func:`plain_axes`.
    design : One of :data:`DESIGNS` but ``list``.
    samples : How many, of a design of samples.
    seed : Of the samples.

    Raises
    ------
    InputError
        Axes that do not fit the design, no or superfluous samples, or more than a hundred thousand runs.
    """
    if design in SAMPLED:
        return _samples(axes, design, samples, seed)
    if samples is not None:
        raise InputError("samples", samples, f"absent of design {design}", "leave it out, or take sobol")
    values = {path: axis.values() if isinstance(axis, Axis) else axis for path, axis in axes.items()}
    lengths = tuple(len(v) for v in values.values())
    if design == "zip":
        if len(set(lengths)) != 1:
            raise InputError(
                "axes", dict(zip(values, lengths, strict=True)), "as many values each", "or grid"
            )
        return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)], lengths[
            :1
        ]
    for path, column in values.items():
        _require_once(path, column)
    if math.prod(lengths) > _MOST:
        raise InputError("axes", math.prod(lengths), f"at most {_MOST} runs", "take samples instead")
    return [dict(zip(values, row, strict=True)) for row in product(*values.values())], lengths


def _require_once(path: str, values: list[Any]) -> None:
    """Refuse a value that stands twice on an axis of a grid."""
    texts = [json.dumps(value, default=str) for value in values]
    if len(set(texts)) < len(texts):
        twice = next(value for value, text in zip(values, texts, strict=True) if texts.count(text) > 1)
        raise InputError(f"axes.{path}", twice, "every value once", "remove the second; repeat runs by seed")


def _samples(
    axes: Mapping[str, Axis | list[Any]], design: str, samples: int | None, seed: int
) -> tuple[Points, tuple[int, ...]]:
    if samples is None or isinstance(samples, bool) or not 1 <= samples <= _MOST:
        raise InputError("samples", samples, f"1 to {_MOST}", f"say how many runs {design} makes")
    ranges = {}
    for path, axis in axes.items():
        if not isinstance(axis, Axis):
            raise InputError(f"axes.{path}", axis, f"a range of design {design}", "give from and to")
        ranges[path] = axis
    rng = np.random.default_rng(seed)
    if design == "sobol":
        exponent = math.ceil(math.log2(samples))
        unit = qmc.Sobol(len(ranges), rng=rng).random_base2(exponent)[:samples]
    else:
        unit = qmc.LatinHypercube(len(ranges), rng=rng).random(samples)
    columns = [axis.at(unit[:, i]) for i, axis in enumerate(ranges.values())]
    return [dict(zip(ranges, row, strict=True)) for row in zip(*columns, strict=True)], (samples,)
