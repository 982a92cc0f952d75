"""What is varied: paths of the scenario and of the instrument, and what every combination of values means.

A value has the path that it has everywhere: ``instrument.beam.current``, ``scan.frame_time``,
``specimen.thickness``, ``surface.faces.at``. One name is added, ``scan.pixel_size``, the side of a square
pixel, of which ``scan.pixels`` follows: as many as fill the particle's box most nearly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.scenario import Scenario
from lto_sim.scenario.parse import number_at, plain
from lto_sim.study.sweeps.axes import Axis, plain_axes
from lto_sim.study.sweeps.labels import coordinate_attributes
from lto_sim.transport.model import build_model
from lto_sim.units import to_si

__all__ = ["PIXEL_SIZE", "Setting", "Varied", "read_varied", "settings_of", "temperatures_of"]

Floats = NDArray[np.float64]

PIXEL_SIZE: Final = "scan.pixel_size"
"""Side of a pixel [m]; stands for ``scan.pixels``."""

_INSTRUMENT: Final = "instrument."
_NOT_VARIED: Final = {
    "temperature": "give temperatures beside what is varied",
    "drive": "the first potential is held; duration says for how long",
    "instrument.scan": "vary scan.frame_time and scan.pixel_size of the scenario",
    "instrument.dose_budget": "give the dose budget beside what is varied",
    "scan.pixels": "vary scan.pixel_size, the side of a pixel",
    "profile": "give the scenario the profile",
    "seed": "nothing is drawn",
    "numerics": "they are no part of an experiment",
    "output": "it is no part of an experiment",
    "title": "it is no part of an experiment",
    "schema_version": "it is no part of an experiment",
    "maps": "the noise follows from the instrument",
}
_MOST: Final = 4096


@dataclass(frozen=True)
class Varied:
    """One thing that is varied.

    Parameters
    ----------
    path : Its path.
    values : Its values [SI].
    """

    path: str
    values: tuple[float, ...]

    @property
    def coordinate(self) -> tuple[str, Floats, dict[str, Any]]:
        """Dimension, values and attributes of its coordinate."""
        attributes = coordinate_attributes(self.path, "linear")
        if self.path == PIXEL_SIZE:
            attributes["units"] = "m"
        return self.path, np.array(self.values), attributes


@dataclass(frozen=True, eq=False)
class Setting:
    """One combination of values; those with the same values of the scenario have the same scenario.

    Parameters
    ----------
    scenario : Particle and scan, at the scenario's own temperature.
    instrument : The instrument.
    index : Place on every axis.
    """

    scenario: Scenario
    instrument: Instrument
    index: tuple[int, ...]


def read_varied(
    vary: Mapping[str, Sequence[Any] | Axis], scenario: Scenario, instrument: Instrument
) -> tuple[Varied, ...]:
    """Read what is varied.

    Parameters
    ----------
    vary : Path -> values, text with units or SI, or a range.
    scenario, instrument : What they are set in.

    Raises
    ------
    InputError
        Nothing varied, a path that is no number or cannot be varied, a value outside its range or given
        twice.
    """
    if not isinstance(vary, Mapping) or not vary:
        example = 'for example vary={"instrument.beam.current": ["71 pA", "529 pA"]}'
        raise InputError("vary", vary, "a mapping of path to values", example)
    varied = []
    for path, given in vary.items():
        _require_varied(path)
        try:
            axis = plain_axes({path: given})[path]
            values = axis.values() if isinstance(axis, Axis) else axis
        except InputError as error:
            field = f"vary.{path}"
            raise InputError(field, error.value, error.allowed, error.remedy) from None
        numbers = tuple(_number(path, value, scenario, instrument) for value in values)
        if len(set(numbers)) < len(numbers):
            raise InputError(f"vary.{path}", list(values), "every value once", "remove the second")
        varied.append(Varied(path, numbers))
    if math.prod(len(axis.values) for axis in varied) > _MOST:
        raise InputError("vary", "too many combinations", f"at most {_MOST}", "vary fewer values")
    return tuple(varied)


def _require_varied(path: str) -> None:
    for start, remedy in _NOT_VARIED.items():
        if path == start or path.startswith(f"{start}."):
            raise InputError(f"vary.{path}", path, "a path of the scenario or of the instrument", remedy)


def _number(path: str, value: Any, scenario: Scenario, instrument: Instrument) -> float:
    """Value in SI, as the scenario or the instrument has it."""
    if path == PIXEL_SIZE:
        size = to_si(value, "length", f"vary.{path}")
        if not size > 0.0:
            raise InputError(f"vary.{path}", value, "> 0 m", 'give for example "31 nm"')
        return size
    try:
        if path.startswith(_INSTRUMENT):
            inner = path.removeprefix(_INSTRUMENT)
            mapping = plain(instrument.with_values({inner: value}).model_dump(exclude_none=True))
            found = number_at(mapping, inner)
        else:
            mapping = scenario.with_values({path: value}).to_dict()
            found = number_at(mapping, path)
            if found is None and isinstance(value, int | float):
                found = float(value)
    except InputError as error:
        raise InputError(f"vary.{path}", error.value, error.allowed, error.remedy) from None
    if found is None:
        raise InputError(f"vary.{path}", value, "a number, with its unit or in SI", "see `lto-sim schema`")
    return found


def settings_of(axes: Sequence[Varied], scenario: Scenario, instrument: Instrument) -> list[Setting]:
    """Every combination of the values, the last axis fastest.

    Raises
    ------
    InputError
        A combination that scenario or instrument refuses.
    """
    box = _box(scenario) if any(axis.path == PIXEL_SIZE for axis in axes) else (0.0, 0.0)
    found = []
    scenarios: dict[str, Scenario] = {}
    instruments: dict[str, Instrument] = {}
    for index in itertools.product(*(range(len(axis.values)) for axis in axes)):
        own: dict[str, Any] = {}
        of_instrument: dict[str, Any] = {}
        for axis, n in zip(axes, index, strict=True):
            if axis.path == PIXEL_SIZE:
                own["scan.pixels"] = [max(round(side / axis.values[n]), 1) for side in box]
            elif axis.path.startswith(_INSTRUMENT):
                of_instrument[axis.path.removeprefix(_INSTRUMENT)] = axis.values[n]
            else:
                own[axis.path] = axis.values[n]
        key, of_key = repr(own), repr(of_instrument)
        if key not in scenarios:
            scenarios[key] = scenario.with_values(own) if own else scenario
        if of_key not in instruments:
            instruments[of_key] = instrument.with_values(of_instrument) if of_instrument else instrument
        found.append(Setting(scenarios[key], instruments[of_key], index))
    return found


def _box(scenario: Scenario) -> tuple[float, float]:
    """Width and height of the scanned box [m]."""
    mesh = build_model(scenario).mesh
    return float(mesh.x_face[-1] - mesh.x_face[0]), float(mesh.y_face[-1] - mesh.y_face[0])


def temperatures_of(temperatures: Sequence[Any] | None, scenario: Scenario) -> Floats:
    """Temperatures in the order given [K]; the scenario's own where none are.

    Raises
    ------
    InputError
        A value that is no temperature of a scenario, or one given twice.
    """
    if temperatures is None:
        return np.array([scenario.temperature])
    if isinstance(temperatures, str) or len(temperatures) == 0:
        raise InputError("temperatures", temperatures, "a list of temperatures", 'such as ["30 degC"]')
    try:
        kelvin = [scenario.with_values({"temperature": value}).temperature for value in temperatures]
    except InputError as error:
        raise InputError("temperatures", error.value, error.allowed, error.remedy) from None
    if len(set(kelvin)) < len(kelvin):
        raise InputError("temperatures", list(temperatures), "every temperature once", "remove the second")
    return np.array(kelvin)
