"""Free parameters of a fit: paths of a scenario with start, bounds, prior; ties by expression.

A rate (a diffusivity, a conductance, a constant of a contact: whatever is positive and may be any power of
ten) is fitted by its logarithm, everything else as it is. Bounds and ties are kept by `lmfit.Parameters`,
whose expressions name a parameter by its path, dots written as two underscores.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import lmfit
import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError

__all__ = ["FreeParameter", "ParameterSet", "Prior", "mangled", "read_free", "split_run"]

Floats = NDArray[np.float64]

_RATE: Final = re.compile(r"(\.(at|k_c|k0|resistance))(\[\d+\])?$")
_RUN: Final = re.compile(r"^(?P<path>.+?)\[(?P<run>\d+)\]$")
_RATE_RANGE: Final[float] = 1e4
_NUISANCE_BOUNDS: Final = {"maps.contrast": (0.2, 5.0), "maps.offset": (-1.0, 1.0)}
_SMALL: Final[float] = 1e-6
_TYPICAL: Final = {"maps.offset": 0.1, "maps.start_time": 1.0}
_LENGTH_RANGE: Final[float] = 5.0
_MOST_ENERGY: Final[float] = 3e5
_OPTIONS: Final = ("start", "bounds", "prior")
_INTERIOR: Final[float] = 1e-9
"""Distance of a start from a bound it may not lie on, as part of the range."""


@dataclass(frozen=True)
class Prior:
    """A Gaussian before the data: of the value, or of its logarithm where that is what is fitted.

    Parameters
    ----------
    mean, std : In SI; of a rate `std` over `mean` is the deviation of its logarithm.
    """

    mean: float
    std: float


@dataclass(frozen=True)
class FreeParameter:
    """One free parameter.

    Parameters
    ----------
    path : Path in the scenario, or a nuisance ``maps.contrast``, ``maps.offset``, ``maps.start_time``.
    start : Value that the search begins with [SI].
    low, high : Bounds [SI].
    run : The run that it belongs to, None: all of them.
    logarithmic : Whether its logarithm is fitted.
    prior : What is known before the data.
    """

    path: str
    start: float
    low: float
    high: float
    run: int | None = None
    logarithmic: bool = False
    prior: Prior | None = None

    @property
    def name(self) -> str:
        """Path, and the run in brackets where it belongs to one."""
        return self.path if self.run is None else f"{self.path}[{self.run}]"

    @property
    def small(self) -> float:
        """A change, in units of what is fitted, that is small for a derivative of plain arithmetic."""
        if self.logarithmic:
            return _SMALL
        return _SMALL * (
            abs(self.start) or _TYPICAL.get(self.path, 1e-7 if "thickness" in self.path else 1.0)
        )

    def coordinate(self, value: float) -> float:
        """What is fitted, for `value` [SI]: it, or its logarithm [1]."""
        return math.log(value) if self.logarithmic else value

    def value(self, coordinate: float) -> float:
        """Value [SI] of what is fitted; `coordinate` is it, or its logarithm [1]."""
        return math.exp(coordinate) if self.logarithmic else coordinate


def split_run(name: str) -> tuple[str, int | None]:
    """Path and run of a name such as ``specimen.thickness[1]``."""
    match = _RUN.match(name)
    return (name, None) if match is None else (match["path"], int(match["run"]))


def mangled(name: str) -> str:
    """Name as an expression writes it: dots as two underscores, a run as three and its number."""
    return re.sub(r"\[(\d+)\]$", r"___\1", name).replace(".", "__")


def is_rate(path: str) -> bool:
    """Whether a parameter is fitted by its logarithm."""
    return _RATE.search(path) is not None


def _natural_bounds(path: str, start: float) -> tuple[float, float]:
    """Bounds where none are given [SI]."""
    if is_rate(path):
        return start / _RATE_RANGE, start * _RATE_RANGE
    if path.endswith(".Ea"):
        return 0.0, _MOST_ENERGY
    if path.endswith("dead_layer.thickness"):
        return 0.0, 1e-6
    if path.endswith("thickness"):
        return start / _LENGTH_RANGE, start * _LENGTH_RANGE
    return _NUISANCE_BOUNDS.get(path, (-math.inf, math.inf))


def read_free(
    path: str, run: int | None, value: float, options: Mapping[str, Any], convert: Callable[[str], float]
) -> FreeParameter:
    """Free parameter from its path, the scenario's value and options.

    Parameters
    ----------
    path, run : Which parameter.
    value : Value of the scenario [SI].
    options : ``start``, ``bounds`` (low, high) and ``prior`` (mean, std), text with units or SI.
    convert : Value [SI] of a text with a unit.

    Raises
    ------
    InputError
        Unknown options, bounds out of order, a start outside them, a prior outside them or without width.
    """
    name = path if run is None else f"{path}[{run}]"
    for key in options:
        if key not in _OPTIONS:
            raise InputError(f"free.{name}.{key}", options[key], ", ".join(_OPTIONS), "remove the key")
    rate = is_rate(path)

    def number(given: object, key: str) -> float:
        field = f"free.{name}.{key}"
        try:
            found = convert(given) if isinstance(given, str) else float(given)  # type: ignore[arg-type]
        except InputError as error:
            raise InputError(field, given, error.allowed, error.remedy) from None
        except (TypeError, ValueError):
            raise InputError(field, given, "a number in SI", "give a plain number") from None
        if math.isnan(found):
            raise InputError(field, given, "a number", "give a plain number in SI")
        return found

    start = number(options.get("start", value), "start")
    if rate and not start > 0.0:
        raise InputError(
            f"free.{name}.start", start, "> 0", "a rate is fitted by its logarithm: give a start"
        )
    low, high = _natural_bounds(path, start)
    if "bounds" in options:
        low, high = _pair(options["bounds"], f"free.{name}.bounds", number, "bounds")
    if rate and low <= 0.0:
        raise InputError(f"free.{name}.bounds", low, "> 0", "a rate has a positive lower bound")
    if not low < high:
        raise InputError(f"free.{name}.bounds", (low, high), "low < high", "exchange them")
    if not low <= start <= high:
        raise InputError(
            f"free.{name}.start", start, f"within the bounds, {low:g} to {high:g}",
            "move the start or widen them",
        )  # fmt: skip
    prior = None
    if options.get("prior") is not None:
        mean, std = _pair(options["prior"], f"free.{name}.prior", number, "prior")
        if not std > 0.0 or not math.isfinite(std):
            raise InputError(f"free.{name}.prior", std, "a standard deviation > 0", "give (mean, std)")
        if not low <= mean <= high or (rate and mean <= 0.0):
            raise InputError(
                f"free.{name}.prior", mean, f"a mean within the bounds, {low:g} to {high:g}",
                "move the prior or widen the bounds",
            )  # fmt: skip
        prior = Prior(mean, std)
    return FreeParameter(path, start, low, high, run, rate, prior)


def _pair(given: Any, field: str, number: Any, key: str) -> tuple[float, float]:
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
        raise InputError(field, given, "two values", f"for example {key} = (1e-16, 1e-14)")
    return number(given[0], key), number(given[1], key)


@dataclass(frozen=True, eq=False)
class ParameterSet:
    """Free parameters in order, and what is tied to them.

    Parameters
    ----------
    free : The free parameters.
    ties : Expression of every tied path, in mangled names.
    fixed : Values that expressions may name beside the free ones [SI].

    Raises
    ------
    InputError
        An expression that cannot be evaluated, or that gives no number.
    """

    free: tuple[FreeParameter, ...]
    ties: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parameters", self._expressions())

    def _expressions(self) -> lmfit.Parameters | None:
        if not self.ties:
            return None
        parameters = lmfit.Parameters()
        for name, value in self.fixed.items():
            parameters.add(mangled(name), value=value, vary=False)
        for parameter in self.free:
            parameters.add(mangled(parameter.name), value=parameter.start)
        for name, expression in self.ties.items():
            try:
                text = _mangled_expression(expression, [*self.fixed, *self.names])
                parameters.add(mangled(name), expr=text)
                value = parameters[mangled(name)].value
            except Exception as error:  # asteval raises whatever the expression does
                raise InputError(
                    f"ties.{name}", expression, "an expression of free parameters by their paths",
                    " ".join(str(error).split()) or "for example 5 * surface.faces.at",
                ) from None  # fmt: skip
            if value is None or not math.isfinite(value):
                raise InputError(f"ties.{name}", expression, "a number", "check the expression")
        return parameters

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return [parameter.name for parameter in self.free]

    @property
    def start(self) -> Floats:
        """The start, in units of what is fitted, (parameters,)."""
        return np.array([p.coordinate(p.start) for p in self.free])

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper bounds, in units of what is fitted, (parameters,) each."""
        low = [math.log(p.low) if p.logarithmic else p.low for p in self.free]
        high = [math.log(p.high) if p.logarithmic else p.high for p in self.free]
        return np.array(low), np.array(high)

    def inside(self, theta: Floats) -> Floats:
        """Nearest point within the bounds, not on them, in units of what is fitted, (parameters,).

        Parameters
        ----------
        theta : Parameters, in units of what is fitted, (parameters,).

        Returns
        -------
        ndarray
            In units of what is fitted, (parameters,).
        """
        low, high = self.bounds
        width = np.where(np.isfinite(high - low), high - low, 1.0)
        return np.clip(theta, low + _INTERIOR * width, high - _INTERIOR * width)

    def values(self, theta: Floats) -> dict[str, float]:
        """Value [SI] of every free and tied parameter by name.

        Parameters
        ----------
        theta : Parameters, in units of what is fitted, (parameters,).

        Raises
        ------
        InputError
            A tied value that is no finite number.
        """
        found = {p.name: p.value(float(c)) for p, c in zip(self.free, theta, strict=True)}
        parameters: lmfit.Parameters | None = self._parameters  # type: ignore[attr-defined]
        if parameters is not None:
            for name, value in found.items():
                parameters[mangled(name)].value = value
            parameters.update_constraints()
            found |= {name: self._tied(name, float(parameters[mangled(name)].value)) for name in self.ties}
        return found

    def _tied(self, name: str, value: float) -> float:
        if not math.isfinite(value) or (is_rate(name) and value <= 0.0):
            raise InputError(
                f"ties.{name}", self.ties[name], "an expression that stays above 0 within the bounds",
                f"it gives {value:g}: change it, or narrow the bounds",
            )  # fmt: skip
        return value

    def prior_residuals(self, theta: Floats) -> tuple[Floats, Floats]:
        """Residuals of the priors [1], and their derivatives, (priors,) and (priors, parameters).

        Parameters
        ----------
        theta : Parameters, in units of what is fitted, (parameters,).
        """
        rows = [n for n, p in enumerate(self.free) if p.prior is not None]
        residuals, slopes = np.empty(len(rows)), np.zeros((len(rows), len(self.free)))
        for row, n in enumerate(rows):
            parameter = self.free[n]
            prior = parameter.prior
            if prior is None:
                continue
            width = prior.std / prior.mean if parameter.logarithmic else prior.std
            residuals[row] = (theta[n] - parameter.coordinate(prior.mean)) / width
            slopes[row, n] = 1.0 / width
        return residuals, slopes

    def std_of_value(self, theta: Floats, std: Floats) -> Floats:
        """Standard deviations of the values [SI], (parameters,), from those of what is fitted.

        Parameters
        ----------
        theta : Parameters, in units of what is fitted, (parameters,).
        std : Their deviations, in those units: the units of `theta`, (parameters,).
        """
        scale = [p.value(float(c)) if p.logarithmic else 1.0 for p, c in zip(self.free, theta, strict=True)]
        return np.asarray(std * np.array(scale))

    def started_at(self, theta: Floats) -> ParameterSet:
        """The same with `theta`, in units of what is fitted, (parameters,), as start."""
        free = [replace(p, start=p.value(float(c))) for p, c in zip(self.free, theta, strict=True)]
        return ParameterSet(tuple(free), self.ties, self.fixed)


def _mangled_expression(expression: str, names: Sequence[str]) -> str:
    text = expression
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.\[])", mangled(name), text)
    return text
