"""Models that may explain the same maps: what each changes in a scenario, and what is free in it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from lto_sim.errors import InputError
from lto_sim.inverse.free import Free
from lto_sim.inverse.parameters import split_run
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario import Scenario
from lto_sim.scenario.parse import node_at, set_paths
from lto_sim.transport.model import build_model

__all__ = ["Model", "model_scenario", "usual_models"]

_DEAD: Final[float] = 5e-9
"""Start of the thickness of a dead layer [m]: what an ion beam leaves at low energy."""
_MOST_DEAD: Final[float] = 0.4
"""Largest dead layer on each face over the thickness of the lamella."""
_SLOW: Final[float] = 2.0
"""Start of a contact constant, in k over the width of the particle: both take some of the time."""
_WORDS: Final = {
    (): "no surface transport",
    ("faces",): "conducting faces",
    ("perimeter",): "conducting perimeter",
    ("faces", "perimeter"): "conducting faces and perimeter",
}


@dataclass(frozen=True)
class Model:
    """One explanation of the maps.

    Parameters
    ----------
    free : Names of the free parameters, or a mapping with their options, as of `fit_maps`.
    values : Values set by path, such as ``{"contacts.lps.law": "equilibrium"}``.
    without : Paths that are removed from the scenario, before `values` are set: ``surface.faces``.
    ties : Expressions of other paths, as of `fit_maps`.
    within : Names of models of which this is the special case with fewer parameters.
    boundary : Whether it lies on their boundary: a conductance of 0, a contact without resistance.
    """

    free: Free
    values: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    ties: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    boundary: bool = True


def model_scenario(scenario: Scenario, model: Model) -> Scenario:
    """Scenario of a model.

    Raises
    ------
    InputError
        A path that is to be removed and is not there, or values that the scenario refuses.
    """
    mapping = copy.deepcopy(scenario.to_dict())
    for path in model.without:
        prefix, _, last = path.rpartition(".")
        parent = node_at(mapping, prefix) if prefix else mapping
        if not isinstance(parent, dict) or last not in parent:
            raise InputError(
                "without", path, "a path of the scenario", "name what is there, such as surface.faces"
            )
        del parent[last]
    return Scenario.from_dict(set_paths(mapping, dict(model.values)))


@dataclass(frozen=True)
class _Option:
    """One way to have one feature.

    Parameters
    ----------
    words : Its name.
    has : What it has that the others may lack.
    values, without : As of a model.
    adds : Free parameters beside those of the list, with options.
    changed : Whether the scenario is otherwise.
    """

    words: str
    has: frozenset[str]
    changed: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    adds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def usual_models(scenario: Scenario, free: Free, *, every: bool = False) -> dict[str, Model]:
    """Usual candidates: with and without surface transport, contact law, dead layer.

    Conducting faces and a perimeter are those of the scenario, and are left out; a contact in equilibrium
    gets a linear law and the other way round; a dead layer is left out, or put on with its thickness free
    (where the thickness of the lamella is one number). Other contact laws stay as they are.

    Parameters
    ----------
    scenario : The one that is changed; give surfaces and layers if surfaces are to be compared.
    free : What is free in it. What a model removes is not free there, what it adds is.
    every : All combinations; else the scenario as it is and those that differ from it in one of the three.

    Returns
    -------
    Models by their names in words, the scenario's own first.

    Raises
    ------
    InputError
        Nothing in the scenario to compare.
    """
    features = [_surfaces(scenario), _contacts(scenario), _dead_layers(scenario, free)]
    chosen = [
        combination
        for combination in itertools.product(*[options for options in features if len(options) > 1])
        if every or sum(option.changed for option in combination) <= 1
    ]
    if not chosen or not chosen[0]:
        raise InputError(
            "scenario", "nothing to leave out or to exchange",
            "conducting surfaces, a contact, or a thickness that is one number", "give the models themselves",
        )  # fmt: skip
    chosen.sort(key=lambda combination: sum(option.changed for option in combination))
    models = {", ".join(option.words for option in parts): _combined(parts, free) for parts in chosen}
    has = {
        name: frozenset[str]().union(*(option.has for option in parts))
        for name, parts in zip(models, chosen, strict=True)
    }
    for name, model in list(models.items()):
        larger = tuple(
            other for other in models if has[name] < has[other] and set(model.free) < set(models[other].free)
        )
        models[name] = Model(model.free, model.values, model.without, within=larger)
    return models


def _combined(parts: tuple[_Option, ...], free: Free) -> Model:
    values = {path: value for option in parts for path, value in option.values.items()}
    without = tuple(path for option in parts for path in option.without)
    adds = {path: dict(given) for option in parts for path, given in option.adds.items()}
    named: dict[str, Mapping[str, Any]] = (
        {name: given or {} for name, given in free.items()}
        if isinstance(free, Mapping)
        else {name: {} for name in free}
    )
    kept = {
        name: given
        for name, given in named.items()
        if not any(f"{split_run(name)[0]}.".startswith(f"{path}.") for path in without)
    }
    return Model(kept | {name: given for name, given in adds.items() if name not in kept}, values, without)


def _surfaces(scenario: Scenario) -> list[_Option]:
    surface = scenario.surface
    present = tuple(
        name
        for name in ("faces", "perimeter")
        if surface is not None and (spec := getattr(surface, name)) is not None and spec.at > 0.0
    )
    options = []
    for count in range(len(present), -1, -1):
        for kept in itertools.combinations(present, count):
            gone = tuple(f"surface.{name}" for name in present if name not in kept)
            options.append(_Option(_WORDS[kept], frozenset(kept), kept != present, without=gone))
    return options


def _contacts(scenario: Scenario) -> list[_Option]:
    laws = {name: contact.law for name, contact in scenario.contacts.items()}
    plain = [name for name, law in laws.items() if law in {"equilibrium", "linear"}]
    linear = [name for name in plain if laws[name] == "linear"]
    if not plain:
        return []
    held = {f"contacts.{name}.law": "equilibrium" for name in linear}
    constants = tuple(f"contacts.{name}.k_c" for name in linear)
    one = frozenset({"contact"})
    if linear:
        return [
            _Option("linear contact law", one, False),
            _Option("contact in equilibrium", frozenset(), True, held, constants),
        ]
    try:
        start = _SLOW * true_rate(scenario).k / float(np.ptp(build_model(scenario).mesh.x_face))
    except InputError:
        return []
    values = {f"contacts.{name}.law": "linear" for name in plain} | {
        f"contacts.{name}.k_c": start for name in plain
    }
    return [
        _Option("contact in equilibrium", frozenset(), False),
        _Option("linear contact law", one, True, values, adds={f"contacts.{n}.k_c": {} for n in plain}),
    ]


def _dead_layers(scenario: Scenario, free: Free) -> list[_Option]:
    path, thickness = "specimen.dead_layer.thickness", scenario.specimen.thickness
    one = frozenset({"dead layer"})
    if scenario.specimen.dead_layer.thickness > 0.0 or path in free:
        return [
            _Option("dead layer", one, False),
            _Option("no dead layer", frozenset(), True, without=("specimen.dead_layer",)),
        ]
    if not isinstance(thickness, int | float):
        return []
    adds = {path: {"bounds": (0.0, _MOST_DEAD * thickness)}}
    return [
        _Option("no dead layer", frozenset(), False),
        _Option("dead layer", one, True, {path: min(_DEAD, 0.1 * thickness)}, adds=adds),
    ]
