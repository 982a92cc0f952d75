"""Distributions of sizes, coverages and constants, each by its quantile function.

A range cuts a distribution: what lies outside is not drawn, and nothing is heaped on the ends,

    Q(u) = F^-1[F(low) + u (F(high) - F(low))],   0 < u < 1.

With a = (ln low - mu)/s, b = (ln high - mu)/s the moments of the cut lognormal distribution are

    E[x^n] = exp(n mu + n^2 s^2/2) [Phi(b - n s) - Phi(a - n s)] / [Phi(b) - Phi(a)].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from lto_sim.errors import InputError

__all__ = ["Convert", "Discrete", "Distribution", "LogNormal", "Normal", "Uniform"]

Floats = NDArray[np.float64]
Value = float | str
Convert = Callable[[Any, str], float]
"""From a number or text with a unit, and the name of the field, to a number in SI."""

_INSIDE: Final = 2.0**-53
"""Least distance of u from 0 and 1: at the ends an uncut quantile is infinite."""


class Distribution(Protocol):
    """What is drawn from; the values may be text with a unit until :meth:`in_si`."""

    def in_si(self, convert: Convert, field: str) -> Self:
        """Return it with values in SI; `convert` takes a value and its name, which begins with `field`."""

    def quantile(self, part: Floats) -> Floats:
        """Values, in their unit, below which fractions `part` (0 to 1) of all draws lie, elementwise."""

    @property
    def mean(self) -> float:
        """Mean, in the unit of the values."""

    @property
    def std(self) -> float:
        """Standard deviation, in the unit of the values."""


def _number(field: str, value: object) -> float | None:
    """The value if it is a number, None if it is text or absent, which is checked once units are known."""
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise InputError(field, value, "a number in SI or text with a unit", 'write for example "0.8 um"')
    if not math.isfinite(value):
        raise InputError(field, value, "a finite number", "leave an open end out")
    return float(value)


def _check_range(low: object, high: object) -> None:
    ends = _number("low", low), _number("high", high)
    if ends[0] is not None and ends[1] is not None and not ends[0] < ends[1]:
        raise InputError("high", ends[1], f"above low = {ends[0]:g}", "exchange low and high")


def _known(values: Sequence[object]) -> list[float | None]:
    """Numbers, and None for an open end.

    Raises
    ------
    InputError
        A value is still text.
    """
    for value in values:
        if isinstance(value, str):
            raise InputError("distribution", value, "numbers in SI", "in_si() makes them")
    return [None if value is None else float(value) for value in values]  # type: ignore[arg-type]


def _converted(entry: Any, names: Sequence[str], convert: Convert, field: str) -> Any:
    given = {name: getattr(entry, name) for name in names}
    new = {n: convert(v, f"{field}.{n}") for n, v in given.items() if v is not None}
    try:
        return replace(entry, **new)
    except InputError as error:
        raise InputError(f"{field}.{error.field}", error.value, error.allowed, error.remedy) from None


def _between(part: Floats, below_low: float, below_high: float) -> Floats:
    """Parts (0 to 1) of a cut distribution as parts of the whole one."""
    inside = np.clip(np.asarray(part, dtype=np.float64), _INSIDE, 1.0 - _INSIDE)
    return below_low + inside * (below_high - below_low)


def _share(below_low: float, below_high: float, entry: object) -> float:
    """Part of the whole distribution that the range keeps."""
    if not below_high > below_low:
        raise InputError("distribution", repr(entry), "a range with draws in it", "widen low to high")
    return below_high - below_low


@dataclass(frozen=True)
class LogNormal:
    """Logarithm normally distributed: what grinding and growth leave.

    Parameters
    ----------
    median : Median of the uncut distribution, in SI or text with its unit.
    sigma : Standard deviation of the natural logarithm [1].
    low, high : Range that is drawn from, likewise in SI or text; None: open.

    Raises
    ------
    InputError
        A median or sigma that is not positive, or a range that is empty.
    """

    median: Value
    sigma: float
    low: Value | None = None
    high: Value | None = None

    def __post_init__(self) -> None:
        median, sigma = _number("median", self.median), _number("sigma", self.sigma)
        if median is not None and median <= 0.0:
            raise InputError("median", median, "> 0", "give the median of the values")
        if sigma is None or not 0.0 < sigma <= 10.0:
            raise InputError("sigma", self.sigma, "> 0 and <= 10 [1]", "give the deviation of ln(value): 0.3")
        _check_range(self.low, self.high)
        low = _number("low", self.low)
        if low is not None and low < 0.0:
            raise InputError("low", low, ">= 0", "lognormal values are positive")

    def in_si(self, convert: Convert, field: str) -> Self:
        """Return it with values in SI; `convert` takes a value and its name, which begins with `field`.

        Raises
        ------
        InputError
            A value that cannot be converted, or that the distribution refuses.
        """
        return _converted(self, ("median", "low", "high"), convert, field)  # type: ignore[no-any-return]

    def _reduced(self) -> tuple[float, float, float]:
        """Centre mu, and the ends of the range in units of sigma from it."""
        median, low, high = _known((self.median, self.low, self.high))
        mu = math.log(median or 1.0)
        ends = (
            -math.inf if low is None or low == 0.0 else (math.log(low) - mu) / self.sigma,
            math.inf if high is None else (math.log(high) - mu) / self.sigma,
        )
        return mu, *ends

    def quantile(self, part: Floats) -> Floats:
        """Values below which fractions `part` (0 to 1) lie, elementwise, in their unit; InputError: text."""
        mu, a, b = self._reduced()
        _share(float(ndtr(a)), float(ndtr(b)), self)
        normal = np.clip(ndtri(_between(part, float(ndtr(a)), float(ndtr(b)))), a, b)
        return np.asarray(np.exp(mu + self.sigma * normal))

    def _moment(self, order: int) -> float:
        mu, a, b = self._reduced()
        shift = order * self.sigma
        kept = _share(float(ndtr(a)), float(ndtr(b)), self)
        return math.exp(order * mu + 0.5 * shift**2) * float(ndtr(b - shift) - ndtr(a - shift)) / kept

    @property
    def mean(self) -> float:
        """Mean of the cut distribution, in the unit of the values; InputError while they are text."""
        return self._moment(1)

    @property
    def std(self) -> float:
        """Standard deviation of what is drawn, in the unit of the values; InputError while they are text."""
        return math.sqrt(max(self._moment(2) - self._moment(1) ** 2, 0.0))


@dataclass(frozen=True)
class Normal:
    """Normal distribution; cut it where values below 0 mean nothing.

    Parameters
    ----------
    centre : Mean of the uncut distribution, in SI or text with its unit.
    spread : Its standard deviation, likewise in SI or text.
    low, high : Range that is drawn from, likewise in SI or text; None: open.

    Raises
    ------
    InputError
        A spread that is not positive, or a range that is empty.
    """

    centre: Value
    spread: Value
    low: Value | None = None
    high: Value | None = None

    def __post_init__(self) -> None:
        _number("centre", self.centre)
        spread = _number("spread", self.spread)
        if spread is not None and spread <= 0.0:
            raise InputError("spread", spread, "> 0", "give the standard deviation")
        _check_range(self.low, self.high)

    def in_si(self, convert: Convert, field: str) -> Self:
        """Return it with values in SI; `convert` takes a value and its name, which begins with `field`.

        Raises
        ------
        InputError
            A value that cannot be converted, or that the distribution refuses.
        """
        return _converted(self, ("centre", "spread", "low", "high"), convert, field)  # type: ignore[no-any-return]

    def _reduced(self) -> tuple[float, float, float, float]:
        centre, spread, low, high = _known((self.centre, self.spread, self.low, self.high))
        mu, s = centre or 0.0, spread or 1.0
        return (
            mu,
            s,
            *(
                -math.inf if low is None else (low - mu) / s,
                math.inf if high is None else (high - mu) / s,
            ),
        )

    def quantile(self, part: Floats) -> Floats:
        """Values below which fractions `part` (0 to 1) lie, elementwise, in their unit; InputError: text."""
        mu, s, a, b = self._reduced()
        _share(float(ndtr(a)), float(ndtr(b)), self)
        return np.asarray(mu + s * np.clip(ndtri(_between(part, float(ndtr(a)), float(ndtr(b)))), a, b))

    def _moments(self) -> tuple[float, float]:
        """Mean and variance, in units of the spread from the centre."""
        _, _, a, b = self._reduced()
        kept = _share(float(ndtr(a)), float(ndtr(b)), self)
        at_a, at_b = (0.0 if math.isinf(z) else math.exp(-0.5 * z * z) for z in (a, b))
        density = np.array([at_a, at_b]) / math.sqrt(2.0 * math.pi) / kept
        mean = float(density[0] - density[1])
        ends = [0.0 if math.isinf(z) else z for z in (a, b)]
        return mean, 1.0 + float(ends[0] * density[0] - ends[1] * density[1]) - mean**2

    @property
    def mean(self) -> float:
        """Mean of the cut distribution, in the unit of the values; InputError while they are text."""
        mu, s, _, _ = self._reduced()
        return mu + s * self._moments()[0]

    @property
    def std(self) -> float:
        """Standard deviation of what is drawn, in the unit of the values; InputError while they are text."""
        _, s, _, _ = self._reduced()
        return s * math.sqrt(max(self._moments()[1], 0.0))


@dataclass(frozen=True)
class Uniform:
    """Every value of a range alike.

    Parameters
    ----------
    low, high : The range, in SI or text with its unit.

    Raises
    ------
    InputError
        An end that is missing, or a range that is empty.
    """

    low: Value
    high: Value

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            if getattr(self, name) is None:
                raise InputError(name, None, "a number", "a uniform distribution has two ends")
        _check_range(self.low, self.high)

    def in_si(self, convert: Convert, field: str) -> Self:
        """Return it with values in SI; `convert` takes a value and its name, which begins with `field`.

        Raises
        ------
        InputError
            A value that cannot be converted, or that the distribution refuses.
        """
        return _converted(self, ("low", "high"), convert, field)  # type: ignore[no-any-return]

    def _ends(self) -> tuple[float, float]:
        low, high = _known((self.low, self.high))
        return low or 0.0, high or 0.0

    def quantile(self, part: Floats) -> Floats:
        """Values below which fractions `part` (0 to 1) lie, elementwise, in their unit; InputError: text."""
        low, high = self._ends()
        return low + np.asarray(part, dtype=np.float64) * (high - low)

    @property
    def mean(self) -> float:
        """Mean, in the unit of the values; InputError while they are text."""
        return 0.5 * math.fsum(self._ends())

    @property
    def std(self) -> float:
        """Standard deviation, in the unit of the values; InputError while they are text."""
        low, high = self._ends()
        return (high - low) / math.sqrt(12.0)


@dataclass(frozen=True)
class Discrete:
    """A few values, or all that were measured.

    Parameters
    ----------
    values : The values, in SI or text with their unit.
    weights : How often each is drawn, as shares of their sum [1]; None: alike.

    Raises
    ------
    InputError
        No values, another number of weights, or weights that are negative or all 0.
    """

    values: Sequence[Value]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or len(self.values) == 0:
            raise InputError("values", self.values, "one value or more", 'such as ["0.5 um", "1 um"]')
        object.__setattr__(self, "values", tuple(self.values))
        for number, value in enumerate(self.values):
            _number(f"values.{number}", value)
        if self.weights is None:
            return
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.shape != (len(self.values),):
            raise InputError("weights", weights.tolist(), f"{len(self.values)} numbers", "one for each value")
        if not (np.isfinite(weights).all() and (weights >= 0.0).all() and weights.sum() > 0.0):
            raise InputError("weights", weights.tolist(), ">= 0, one of them above 0", "say how often")
        object.__setattr__(self, "weights", tuple(weights.tolist()))

    def in_si(self, convert: Convert, field: str) -> Self:
        """Return it with values in SI; `convert` takes a value and its name, which begins with `field`.

        Raises
        ------
        InputError
            A value that cannot be converted, or that the distribution refuses.
        """
        return replace(self, values=[convert(v, f"{field}.values.{n}") for n, v in enumerate(self.values)])

    def _table(self) -> tuple[Floats, Floats]:
        """Values in order, and the part of each."""
        values = np.array(_known(self.values), dtype=np.float64)
        weights = np.ones(values.size) if self.weights is None else np.array(self.weights)
        order = np.argsort(values, kind="stable")
        return values[order], weights[order] / weights.sum()

    def quantile(self, part: Floats) -> Floats:
        """Values below which fractions `part` (0 to 1) lie, elementwise, in their unit; InputError: text."""
        values, share = self._table()
        below = np.cumsum(share)[:-1]
        return np.asarray(values[np.searchsorted(below, np.asarray(part, dtype=np.float64), side="right")])

    @property
    def mean(self) -> float:
        """Mean, in the unit of the values; InputError while they are text."""
        values, share = self._table()
        return float(share @ values)

    @property
    def std(self) -> float:
        """Standard deviation, in the unit of the values; InputError while they are text."""
        values, share = self._table()
        return math.sqrt(float(share @ (values - self.mean) ** 2))
