"""What is kept of a run: built-in outputs and functions of one's own.

Every variable of a sweep is declared before the first run, with its dimensions, so that workers write their
own chunk of an array that is there. Sizes that differ between runs (a particle's cells, frames until a front
has arrived) are those of the largest run; shorter ones end in NaN.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from lto_sim.errors import InputError
from lto_sim.study.sweeps.result import RunResult

__all__ = [
    "BUILT_IN",
    "Counts",
    "CustomOutput",
    "Declared",
    "Variable",
    "imported",
    "output_named",
    "output_names",
]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Counts:
    """Sizes of a run that its arrays need.

    Parameters
    ----------
    cells : Computed cells in the particle.
    mesh : Cells (z, y, x) as stored.
    states : Saved states, at most.
    frames : Frames of maps, at most.
    pixels : Pixels (y, x) of maps.
    profiles : Lines along which fronts are followed.
    steps : Time steps, estimated.
    """

    cells: int
    mesh: tuple[int, int, int]
    states: int
    frames: int
    pixels: tuple[int, int]
    profiles: int
    steps: int

    def largest(self, other: Counts) -> Counts:
        """Both, the larger of every size."""
        return Counts(
            max(self.cells, other.cells), _larger(self.mesh, other.mesh), max(self.states, other.states),
            max(self.frames, other.frames), _larger(self.pixels, other.pixels),
            max(self.profiles, other.profiles), max(self.steps, other.steps),
        )  # fmt: skip


def _larger(one: tuple[int, ...], other: tuple[int, ...]) -> Any:
    return tuple(max(pair) for pair in zip(one, other, strict=True))


@dataclass(frozen=True)
class Variable:
    """A variable of one's own: a number a run, or `size` of them.

    Parameters
    ----------
    units, long_name : As every variable has them; units "1" for a pure number.
    size : How many numbers a run; None: one.

    Raises
    ------
    InputError
        No unit, no long name, or a size below 1.
    """

    units: str
    long_name: str
    size: int | None = None

    def __post_init__(self) -> None:
        for name in ("units", "long_name"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise InputError(name, value, "text", 'units = "m", long_name = "length of the tip"')
        if self.size is not None and (
            not isinstance(self.size, int) or isinstance(self.size, bool) or self.size < 1
        ):
            raise InputError("size", self.size, "a whole number above 0", "leave it out for one number a run")


@dataclass(frozen=True)
class CustomOutput:
    """A function of one's own, named by ``module:function`` so that workers can import it.

    It is given a :class:`~lto_sim.study.sweeps.result.RunResult` and returns a mapping from names to numbers.

    Parameters
    ----------
    function : Its import path.
    variables : What it returns, by name.

    Raises
    ------
    InputError
        No import path, no variables, or names that are not plain.
    """

    function: str
    variables: Mapping[str, Variable]

    def __post_init__(self) -> None:
        if not isinstance(self.function, str) or not _FUNCTION.fullmatch(self.function):
            raise InputError("custom", self.function, "module:function", 'for example "my_study:tip_length"')
        if not self.variables:
            raise InputError(f"custom.{self.function}", {}, "one variable or more", "declare what it returns")
        for name in self.variables:
            if not _NAME.fullmatch(name):
                raise InputError(f"custom.{self.function}", name, "a name of letters and digits", "rename it")

    def declared(self) -> dict[str, Declared]:
        """Return its variables with their dimensions."""
        return {
            name: Declared(
                () if v.size is None else (f"{name}_item",),
                lambda counts, v=v: () if v.size is None else (v.size,),  # type: ignore[misc]
                v.units, v.long_name,
            )
            for name, v in self.variables.items()
        }  # fmt: skip

    def values(self, result: RunResult) -> dict[str, Any]:
        """Call it with `result`.

        Raises
        ------
        InputError
            It cannot be imported, or returns something else than was declared.
        """
        found = imported(self.function)(result)
        if not isinstance(found, Mapping) or set(found) != set(self.variables):
            names = sorted(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
            raise InputError(
                f"custom.{self.function}", names, f"a mapping of {', '.join(sorted(self.variables))}",
                "let it return what is declared",
            )  # fmt: skip
        return {name: np.asarray(value, dtype=np.float64) for name, value in found.items()}


def imported(path: str) -> Callable[[RunResult], Any]:
    """Return the function of an import path.

    Raises
    ------
    InputError
        No such module or function.
    """
    module, _, name = path.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"custom.{path}",
            path,
            "a function that can be imported",
            f"{error}: put its file where Python looks",
        ) from None
    if not callable(function):
        raise InputError(f"custom.{path}", path, "a function", "name a function of one argument")
    checked: Callable[[RunResult], Any] = function
    return checked


@dataclass(frozen=True)
class Declared:
    """A variable of the store, without its dimension ``run``.

    Parameters
    ----------
    dims : Names of dimensions.
    sizes : Their sizes, from the largest counts of all runs.
    units, long_name : Attributes.
    dtype : Of the values.
    fill : What a run that is not there holds.
    attributes : Further ones.
    """

    dims: tuple[str, ...]
    sizes: Callable[[Counts], tuple[int, ...]]
    units: str
    long_name: str
    dtype: str = "float64"
    fill: float = np.nan
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _BuiltIn:
    variables: Mapping[str, Declared]
    values: Callable[[RunResult], dict[str, Any]]

    def declared(self) -> Mapping[str, Declared]:
        return self.variables


def _scalar(units: str, long_name: str, **more: Any) -> Declared:
    return Declared((), lambda counts: (), units, long_name, **more)


def _of_profile(units: str, long_name: str, **more: Any) -> Declared:
    return Declared(("profile",), lambda c: (c.profiles,), units, long_name, **more)


def _of_frames(units: str, long_name: str) -> Declared:
    return Declared(("time", "profile"), lambda c: (c.frames, c.profiles), units, long_name)


def _image(units: str, long_name: str) -> Declared:
    return Declared(("time", "y", "x"), lambda c: (c.frames, *c.pixels), units, long_name, dtype="float32")


CURRENT_TIMES: Final = 200
"""Times of the current of a run: its end over 200, and the multiples of that."""

VERDICTS: Final = ("diffusion-limited", "reaction-limited", "mixed", "undecided")

_FRAME_TIME: Final = Declared(("time",), lambda c: (c.frames,), "s", "start of the frame")

BUILT_IN: Final[dict[str, _BuiltIn]] = {
    "maps": _BuiltIn(
        {
            "li_fraction": _image("1", "projected Li fraction"),
            "li_fraction_std": _image("1", "standard deviation of Li fraction"),
            "pixel_time": Declared(
                ("y", "x"), lambda c: c.pixels, "s", "time of a pixel within its frame"
            ),
            "thickness": Declared(("y", "x"), lambda c: c.pixels, "m", "specimen thickness"),
            "time_of_run": _FRAME_TIME,
            "y_of_run": Declared(("y",), lambda c: c.pixels[:1], "m", "pixel centre, down the image"),
            "x_of_run": Declared(("x",), lambda c: c.pixels[1:], "m", "pixel centre, along the image"),
        },
        lambda result: result.map_values(),
    ),
    "front": _BuiltIn(
        {
            "front_position": _of_frames("m", "front position along the profile"),
            "front_position_std": _of_frames("m", "standard deviation of the front position"),
            "front_time": _of_frames("s", "time at which the pixel at the front was visited"),
            "time_of_run": _FRAME_TIME,
        },
        lambda result: result.front_values(),
    ),
    "rate": _BuiltIn(
        {
            "k": _of_profile("m2 s-1", "rate constant, xi^2 = 2 k t"),
            "k_std": _of_profile("m2 s-1", "standard deviation of the rate constant"),
            "k_low": _of_profile("m2 s-1", "lower end of the 95 % interval of k"),
            "k_high": _of_profile("m2 s-1", "upper end of the 95 % interval of k"),
            "k_L": _of_profile("m s-1", "interface constant of the linear-parabolic law"),
            "verdict": _of_profile(
                "1", "what limits the front", dtype="int8", fill=-1,
                attributes={"meaning": ", ".join(f"{i} {text}" for i, text in enumerate(VERDICTS))},
            ),
            "k_true": _scalar("m2 s-1", "Wagner's rate constant of the run's own parameters, faces included"),
        },
        lambda result: result.rate_values(VERDICTS),
    ),
    "current": _BuiltIn(
        {
            name: Declared(("time_fine",), lambda c: (CURRENT_TIMES,), units, text)
            for name, units, text in (
                ("current", "A", "current, mean since the time before; extraction > 0"),
                ("charge", "C", "charge, running sum of the current"),
                ("potential", "V", "potential against In-Li"),
                ("time_fine_of_run", "s", "time of current and charge"),
            )
        },
        lambda result: result.current_values(CURRENT_TIMES),
    ),
}  # fmt: skip
"""Outputs by name; "Ea" is made of the k of runs that differ in temperature alone (module ``activation``)."""


def output_names() -> tuple[str, ...]:
    """Names that may stand under ``outputs``."""
    return (*BUILT_IN, "Ea")


def output_named(name: str) -> _BuiltIn:
    """Return a built-in output.

    Raises
    ------
    InputError
        No output of this name.
    """
    if name not in BUILT_IN:
        raise InputError("outputs", name, ", ".join(output_names()), "or a function under custom")
    return BUILT_IN[name]
