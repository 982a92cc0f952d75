"""From what a user frees to parameters: paths looked up in the scenarios, nuisances one a recording."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np

from lto_sim.errors import InputError
from lto_sim.inverse.experiment import MapExperiment
from lto_sim.inverse.inputs import NUISANCES
from lto_sim.inverse.parameters import FreeParameter, ParameterSet, read_free, split_run
from lto_sim.scenario import Scenario
from lto_sim.scenario.parse import node_at, number_at
from lto_sim.units import to_si

__all__ = ["Described", "Free", "free_parameters"]


class Described(Protocol):
    """Anything that has a scenario."""

    @property
    def scenario(self) -> Scenario:
        """The particle, its contacts, its drive."""
        ...


Free = Sequence[str] | Mapping[str, Mapping[str, Any]]

_NOT_FREE: Final = ("numerics", "scan", "output", "profile", "seed", "schema_version", "title", "maps")
_CELLS: Final = ("specimen.cell", "specimen.layers", "specimen.symmetry", "specimen.grid_point")
_SHIFT: Final[float] = 0.25
"""Part of a recording by which it may begin earlier or later than it says."""
_SAME: Final[float] = 1e-9


def free_parameters(
    free: Free, experiments: Sequence[Described], ties: Mapping[str, str] | None = None
) -> ParameterSet:
    """Look up what is free.

    Parameters
    ----------
    free : Names of parameters: paths of the scenario, ``maps.contrast``, ``maps.offset``,
        ``maps.start_time``; with a number in brackets, ``specimen.thickness[1]``, of that recording alone. As
        a mapping, with the options ``start``, ``bounds``, ``prior``.
    experiments : The recordings.
    ties : Expressions of other paths in those names.

    Raises
    ------
    InputError
        Nothing free, a name twice, a path that is no number of the scenario, a contact that it lacks, start
        values that differ between recordings.
    """
    if isinstance(free, str) or not isinstance(free, Mapping | Sequence) or not free:
        raise InputError("free", free, "a list of paths", 'for example free=["material.D_Li4.at"]')
    options: dict[str, Mapping[str, Any]] = {}
    for name, given in free.items() if isinstance(free, Mapping) else ():
        if given is not None and not isinstance(given, Mapping):
            raise InputError(
                f"free.{name}",
                given,
                "a mapping of start, bounds, prior",
                f'for example {{"start": {given!r}}}',
            )
        options[str(name)] = dict(given or {})
    names = list(free)
    if not all(isinstance(name, str) for name in names):
        raise InputError("free", free, "a list of paths", 'for example free=["material.D_Li4.at"]')
    if len(set(names)) < len(names):
        raise InputError("free", names, "every path once", "remove the second")
    found: list[FreeParameter] = []
    for name in names:
        found += _expanded(name, options.get(name, {}), experiments)
    taken = [p.name for p in found]
    for n, name in enumerate(taken):
        if name in taken[:n] or (split_run(name)[1] is not None and split_run(name)[0] in taken):
            raise InputError(
                f"free.{name}", name, "every parameter once", "free it of all recordings or of one"
            )
    tied = dict(ties or {})
    for name in tied:
        path, run = split_run(name)
        if name in taken:
            raise InputError(f"ties.{name}", tied[name], "a path that is not free", "free it or tie it")
        _value(path, run, experiments, f"ties.{name}")
    return ParameterSet(tuple(found), tied, _named_in(tied, taken, experiments))


def _named_in(
    ties: Mapping[str, str], taken: Sequence[str], experiments: Sequence[Described]
) -> dict[str, float]:
    """Numbers of the scenario that expressions may name beside the free ones."""
    numbers: dict[str, float] = {}
    mapping = experiments[0].scenario.to_dict()
    for path in _leaves(mapping, ""):
        used = [name for name, expression in ties.items() if path in expression]
        if used and path not in taken and path not in ties and number_at(mapping, path) is not None:
            numbers[path] = _value(path, None, experiments, f"ties.{used[0]}")
    return numbers


def _leaves(node: Any, prefix: str) -> list[str]:
    if isinstance(node, dict):
        return [
            leaf
            for key, entry in node.items()
            for leaf in _leaves(entry, f"{prefix}.{key}" if prefix else key)
        ]
    return [prefix]


def _expanded(name: str, options: Mapping[str, Any], experiments: Sequence[Described]) -> list[FreeParameter]:
    path, run = split_run(name)
    if run is not None and not 0 <= run < len(experiments):
        raise InputError(f"free.{name}", run, f"0 to {len(experiments) - 1}", "recordings are counted from 0")
    if path not in NUISANCES:
        return [
            read_free(
                path,
                run,
                _value(path, run, experiments, f"free.{name}"),
                options,
                _converter(path, experiments),
            )
        ]
    if run is not None or len(experiments) == 1:
        return [_nuisance(path, run, options, experiments[run or 0])]
    return [_nuisance(path, n, options, experiment) for n, experiment in enumerate(experiments)]


def _nuisance(path: str, run: int | None, options: Mapping[str, Any], experiment: Described) -> FreeParameter:
    if path == "maps.start_time" and "bounds" not in options and isinstance(experiment, MapExperiment):
        span = float(np.ptp(experiment.when)) or 1.0
        options = {**options, "bounds": (-_SHIFT * span, _SHIFT * span)}
    kind = "time" if path == "maps.start_time" else "dimensionless"
    return read_free(path, run, NUISANCES[path], options, lambda text: to_si(text, kind, path))


def _converter(path: str, experiments: Sequence[Described]) -> Callable[[str], float]:
    scenario = experiments[0].scenario

    def convert(text: str) -> float:
        value = number_at(scenario.with_values({path: text}).to_dict(), path)
        if value is None:
            raise InputError(path, text, "a number with its unit", "see `lto-sim schema`")
        return value

    return convert


def _value(path: str, run: int | None, experiments: Sequence[Described], field: str) -> float:
    """Value of the scenario, the same in all recordings that it belongs to."""
    chosen = list(experiments) if run is None else [experiments[run]]
    if path.partition(".")[0] in _NOT_FREE or path in _CELLS:
        raise InputError(
            field, path, "a path of material, specimen, surface, contacts, drive, or " + ", ".join(NUISANCES),
            "the recording is what it is",
        )  # fmt: skip
    values = []
    for experiment in chosen:
        value = number_at(experiment.scenario.to_dict(), path)
        if value is None:
            raise _no_number(path, field, experiment.scenario)
        values.append(value)
    spread = max(values) - min(values)
    if spread > _SAME * max(abs(v) for v in values) and math.isfinite(spread):
        raise InputError(
            field, f"{min(values):g} to {max(values):g} in the scenarios", "one value in all of them",
            f"free it recording by recording: {path}[0], {path}[1]",
        )  # fmt: skip
    return values[0]


def _no_number(path: str, field: str, scenario: Scenario) -> InputError:
    """Say why there is no number under a path, and what to free or to add."""
    mapping = scenario.to_dict()
    node = node_at(mapping, path)
    if isinstance(node, dict) and "at" in node:
        remedy = "it has an activation energy: free one of its numbers"
        return InputError(field, path, f"{path}.at or {path}.Ea", remedy)
    first, _, rest = path.partition(".")
    name, _, key = rest.partition(".")
    if first == "contacts" and name not in mapping["contacts"]:
        known = "a contact of the scenario: " + ", ".join(mapping["contacts"])
        return InputError(field, path, known, "correct the name")
    if first == "contacts" and key.split(".")[0] in {"k_c", "k0"}:
        law = mapping["contacts"][name].get("law", "equilibrium")
        if law == "linear":
            return InputError(field, path, f"contacts.{name}.k_c", "the linear law has k_c")
        remedy = f'give contacts.{name} law = "linear" and a k_c to begin with'
        return InputError(field, path, f"absent with law = {law!r}", remedy)
    if first == "surface":
        remedy = 'add one, such as faces = { at = "1e-23 m^3/s", reference = "30 degC", Ea = "0.5 eV" }'
        return InputError(field, path, "a surface that the scenario has", remedy)
    numbers = [leaf for leaf in _leaves(mapping, "") if number_at(mapping, leaf) is not None]
    near = difflib.get_close_matches(path, numbers, n=1)
    remedy = f"did you mean {near[0]}?" if near else "see `lto-sim schema`"
    return InputError(field, path, "the path of a number in the scenario", remedy)
