"""A sweep, described: scenario, instrument, axes, design, outputs; and each run that follows from it.

The description is plain data with a hash. It is stored in the sweep as TOML, and is all that a worker needs.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.provenance import configuration_hash
from lto_sim.scenario import Scenario
from lto_sim.scenario.parse import node_at, plain, set_paths, to_toml, validated
from lto_sim.study.sweeps.axes import DESIGNS, Axis, Points, make_points, plain_axes
from lto_sim.study.sweeps.outputs import BUILT_IN, CustomOutput, Variable, output_names

__all__ = ["INSTRUMENT", "Sweep", "describe"]

INSTRUMENT: Final = "instrument."
_SEED: Final = "seed"
_KEYS: Final = frozenset(
    {
        "title", "scenario", "instrument", "design", "samples", "seed", "outputs", "axes", "order", "runs",
        "custom",
    }
)  # fmt: skip
_IMAGE_OUTPUTS: Final = frozenset({"maps", "front", "rate", "Ea"})


@dataclass(frozen=True)
class Sweep:
    """A described sweep; :func:`describe` and :meth:`from_dict` make checked ones.

    Parameters
    ----------
    scenario : The base scenario, plain SI values.
    axes : Axes by path; empty of design ``list``.
    design : How runs are made of them.
    points : Values of every run by path, as given.
    shape : Of a grid; else the number of runs.
    outputs : Names of built-in outputs.
    custom : Outputs of one's own.
    instrument : Plain values of the instrument, or None.
    samples, seed : Of a design of samples, and of the runs' noise.
    title : Free text.
    """

    scenario: dict[str, Any]
    axes: Mapping[str, Axis | list[Any]]
    design: str
    points: Points
    shape: tuple[int, ...]
    outputs: tuple[str, ...]
    custom: tuple[CustomOutput, ...] = ()
    instrument: dict[str, Any] | None = None
    samples: int | None = None
    seed: int = 0
    title: str = ""
    _sequence: Any = field(default=None, compare=False, repr=False)

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.points)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Paths that differ between runs, in the order given."""
        found: dict[str, None] = {}
        for point in self.points if self.design == "list" else self.points[:1]:
            found |= dict.fromkeys(point)
        return tuple(found)

    def scenario_of(self, number: int) -> Scenario:
        """Scenario of run `number`, from 0.

        Without an axis ``seed`` every run has a seed of its own, a child of the sweep's.

        Raises
        ------
        InputError
            Values that the scenario refuses.
        """
        values = {p: v for p, v in self.points[number].items() if not p.startswith(INSTRUMENT)}
        if _SEED not in values:
            values[_SEED] = self.seed_of(number)
        return validated(Scenario, set_paths(self.scenario, values))

    def seed_of(self, number: int) -> int:
        """Seed of the noise of run `number`: of the axis, else a child of the sweep's seed."""
        given = self.points[number].get(_SEED)
        if given is not None:
            return int(given)
        child = np.random.SeedSequence(self.seed, spawn_key=(number,))
        return int(child.generate_state(1)[0])

    def instrument_of(self, number: int) -> Instrument | None:
        """Instrument of run `number`; None where the sweep has none.

        Raises
        ------
        InputError
            Values that the instrument refuses.
        """
        if self.instrument is None:
            return None
        point = self.points[number]
        values = {p.removeprefix(INSTRUMENT): v for p, v in point.items() if p.startswith(INSTRUMENT)}
        return Instrument.from_dict(set_paths(self.instrument, values))

    def value_of(self, number: int, path: str, scenario: Scenario) -> Any:
        """Value at `path` in run `number`, whose `scenario` is known, in SI where it is a number."""
        if path.startswith(INSTRUMENT):
            instrument = self.instrument_of(number)
            whole = {} if instrument is None else plain(instrument.model_dump())
            return node_at(whole, path.removeprefix(INSTRUMENT))
        return node_at(scenario.to_dict(), path)

    def to_dict(self) -> dict[str, Any]:
        """Keys of a sweep file, everything written out."""
        axes = {p: a.to_dict() if isinstance(a, Axis) else list(a) for p, a in self.axes.items()}
        custom = {
            c.function: {
                name: {"units": v.units, "long_name": v.long_name} | ({"size": v.size} if v.size else {})
                for name, v in c.variables.items()
            }
            for c in self.custom
        }
        optional = {
            "title": self.title or None, "instrument": self.instrument, "samples": self.samples,
            "axes": axes or None, "order": _order(axes),
            "runs": self.points if self.design == "list" else None, "custom": custom or None,
        }  # fmt: skip
        whole = {
            "scenario": self.scenario, "design": self.design, "seed": self.seed,
            "outputs": list(self.outputs),
        } | optional  # fmt: skip
        return dict(plain(whole))

    def to_toml(self) -> str:
        """The sweep as the text of a sweep file."""
        return to_toml(self.to_dict())

    def check_order(self, labelled: Sequence[Mapping[str, Any]], path: object) -> None:
        """Refuse a store whose labels are in another order than its axes.

        Parameters
        ----------
        labelled : The axes as the store labels them, a table with ``path`` each.
        path : The store, for the error.

        Raises
        ------
        InputError
            An older store, whose runs were numbered in the order in which TOML had put the axes.
        """
        told = [str(axis["path"]) for axis in labelled]
        if self.axes and sorted(told) == sorted(self.axes) and told != list(self.axes):
            raise InputError(
                "sweep", str(path), "labels in the order of the axes",
                "an earlier version numbered its runs in another order than its labels: run it again",
            )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that the results depend on."""
        return configuration_hash(json.dumps(self.to_dict(), sort_keys=True))

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Sweep:
        """Read a `mapping` of the keys of a sweep file, the scenario and the instrument as tables.

        Raises
        ------
        InputError
            Unknown or missing keys, or see :func:`describe`.
        """
        unknown = [key for key in mapping if key not in _KEYS]
        if unknown:
            near = difflib.get_close_matches(str(unknown[0]), _KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else "remove it"
            raise InputError(str(unknown[0]), mapping[unknown[0]], ", ".join(sorted(_KEYS)), hint)
        if not isinstance(mapping.get("scenario"), Mapping):
            raise InputError("scenario", mapping.get("scenario"), "a scenario", 'scenario = "particle.toml"')
        if "axes" in mapping and "runs" in mapping:
            raise InputError("runs", "given", "axes or runs", "leave one of them out")
        axes = mapping.get("axes", {})
        if "order" in mapping:
            axes = _ordered(axes, mapping["order"])
        listed = "runs" in mapping
        return describe(
            Scenario.from_dict(dict(mapping["scenario"])),
            mapping.get("runs") if listed else axes,
            design=mapping.get("design", "list" if listed else "grid"),
            samples=mapping.get("samples"),
            outputs=(*_texts(mapping.get("outputs", ["rate"])), *_custom(mapping.get("custom", {}))),
            instrument=mapping.get("instrument"),
            seed=mapping.get("seed", 0),
            title=mapping.get("title", ""),
        )


def _order(axes: dict[str, Any]) -> list[str] | None:
    """Names of `axes` in their order, on which the numbers of the runs depend, where TOML would change it.

    A writer of TOML puts the lists of a table before the tables in it.
    """
    written = tomllib.loads(to_toml(plain({"axes": axes})))["axes"]
    return None if list(written) == list(axes) else list(axes)


def _ordered(axes: Any, order: Any) -> Any:
    named = isinstance(axes, Mapping) and isinstance(order, list)
    if not named or sorted(axes) != sorted(map(str, order)):
        raise InputError("order", order, "the names of all axes, each once", "or leave it out")
    return {str(name): axes[str(name)] for name in order}


def _texts(outputs: Any) -> list[Any]:
    if not isinstance(outputs, list | tuple):
        raise InputError("outputs", outputs, "a list of names", 'outputs = ["rate", "current"]')
    return list(outputs)


def _custom(tables: Any) -> list[CustomOutput]:
    if not isinstance(tables, Mapping):
        raise InputError("custom", tables, "tables of variables", '[custom."my_study:tip"]')
    found = []
    for function, variables in tables.items():
        if not isinstance(variables, Mapping):
            raise InputError(
                f"custom.{function}", variables, "a table of variables", "declare what it returns"
            )
        try:
            own = {name: Variable(**keys) for name, keys in variables.items()}
        except TypeError:
            raise InputError(
                f"custom.{function}", dict(variables), "units, long_name, size of every variable",
                'tip = { units = "m", long_name = "length of the tip" }',
            ) from None  # fmt: skip
        found.append(CustomOutput(str(function), own))
    return found


def describe(
    scenario: Scenario,
    axes: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    *,
    design: str = "grid",
    samples: int | None = None,
    outputs: Sequence[str | CustomOutput] = ("rate",),
    instrument: Instrument | str | Mapping[str, Any] | None = None,
    seed: int = 0,
    title: str = "",
) -> Sweep:
    """Check a sweep and write it out.

    Parameters
    ----------
    scenario : What is varied.
    axes : Values by path, or a list of mappings; as of ``sweep``.
    design : One of :data:`DESIGNS`.
    samples : Runs of a design of samples.
    outputs : Names of outputs, and functions of one's own (`CustomOutput`).
    instrument : Preset, file, instrument, or its keys as a mapping; None: maps are rendered without spectra.
    seed : Of samples and of the noise.
    title : Free text.

    Returns
    -------
    Sweep
        Every run by its values.

    Raises
    ------
    InputError
        An unknown design or output, axes that do not fit the design, a path that no scenario has, outputs
        that need a profile without one, or values that every run refuses.
    """
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", scenario, "a Scenario", "read it with Scenario.from_toml(path)")
    if design not in DESIGNS:
        raise InputError("design", design, ", ".join(DESIGNS), "choose one of them")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError("seed", seed, "a whole number, 0 or above", "give the seed of the sweep")
    names, custom = _outputs(outputs)
    plain_instrument = _instrument(instrument)
    listed: Mapping[str, Axis | list[Any]] = {}
    if design == "list":
        if samples is not None:
            raise InputError("samples", samples, "absent of design list", "leave it out")
        points = _listed(axes)
        shape: tuple[int, ...] = (len(points),)
    else:
        if not isinstance(axes, Mapping):
            raise InputError(
                "axes", axes, "paths and their values", f"or take design list instead of {design}"
            )
        listed = plain_axes(axes)
        points, shape = make_points(listed, design, samples, seed)
    sweep = Sweep(
        scenario.to_dict(),
        listed,
        design,
        points,
        shape,
        names,
        custom,
        plain_instrument,
        samples,
        seed,
        title,
    )
    _check(sweep, scenario)
    return sweep


def _outputs(outputs: Sequence[str | CustomOutput]) -> tuple[tuple[str, ...], tuple[CustomOutput, ...]]:
    if isinstance(outputs, str) or not outputs:
        raise InputError("outputs", outputs, "one name or more", f"choose of {', '.join(output_names())}")
    names = tuple(dict.fromkeys(o for o in outputs if not isinstance(o, CustomOutput)))
    for name in names:
        if name not in output_names():
            raise InputError("outputs", name, ", ".join(output_names()), "or a function under custom")
    if "Ea" in names and "rate" not in names:
        names = (*names, "rate")
    custom = tuple(o for o in outputs if isinstance(o, CustomOutput))
    used: set[str] = {v for name in names if name in BUILT_IN for v in BUILT_IN[name].variables}
    used |= {"status", "error", "wall_time", "run", "time", "x", "y", "profile", "time_fine"}
    for own in custom:
        for name in own.variables:
            if name in used:
                raise InputError(f"custom.{own.function}", name, "a name that nothing else has", "rename it")
            used.add(name)
    return names, custom


def _instrument(given: Instrument | str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    chosen = Instrument.from_dict(dict(given)) if isinstance(given, Mapping) else Instrument.load(given)
    return dict(plain(chosen.model_dump()))


def _listed(runs: Any) -> Points:
    if isinstance(runs, Mapping | str) or not isinstance(runs, Sequence) or not runs:
        raise InputError("runs", runs, "a list of tables, one a run", "give at least one")
    for number, run in enumerate(runs):
        if not isinstance(run, Mapping) or not run:
            raise InputError(f"runs.{number}", run, "a table of paths and values", "give one path or more")
    return [dict(run) for run in runs]


def _check(sweep: Sweep, scenario: Scenario) -> None:
    """Refuse what no run could do: paths that are not there, outputs that need what is missing."""
    if any(path.startswith(INSTRUMENT) for path in sweep.paths) and sweep.instrument is None:
        path = next(path for path in sweep.paths if path.startswith(INSTRUMENT))
        raise InputError(path, "an axis", "an instrument in the sweep", "add instrument, a preset or a file")
    if _IMAGE_OUTPUTS & {*sweep.outputs} - {"maps"} and not scenario.profile and "profile" not in sweep.paths:
        raise InputError(
            "profile", (), "a line to follow fronts along: outputs front, rate and Ea need one",
            "add [[profile]] to the scenario, or keep maps or current",
        )  # fmt: skip
    if "Ea" in sweep.outputs and "temperature" not in sweep.paths:
        raise InputError("outputs", "Ea", "an axis temperature", "add temperatures, three at least")
    first: InputError | None = None
    for number in range(min(sweep.runs, 64)):
        try:
            sweep.scenario_of(number)
            sweep.instrument_of(number)
        except InputError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first
