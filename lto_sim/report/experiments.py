"""Which stores belong together: those of one configuration, and of recordings those of one name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.report.gather import Found, ScenarioFile, Store
from lto_sim.report.rates import configuration_of, scenario_of
from lto_sim.report.words import celsius
from lto_sim.scenario import Scenario

__all__ = ["Experiment", "experiments_of", "stem_of"]

_ENDINGS: Final = re.compile(r"(_(maps|front|fronts|comparison|counts|li|continued))+$")


@dataclass(eq=False)
class Experiment:
    """One run or recording with what was made of it.

    Parameters
    ----------
    label : Name on the page.
    scenario : Of the run; None for a recording.
    configuration : SHA-256 of its configuration; empty for a recording.
    file : The scenario file that says the same.
    runs, maps, fronts, comparisons : Its stores.
    """

    label: str
    scenario: Scenario | None
    configuration: str
    file: ScenarioFile | None = None
    runs: list[Store] = field(default_factory=list)
    maps: list[Store] = field(default_factory=list)
    fronts: list[Store] = field(default_factory=list)
    comparisons: list[Store] = field(default_factory=list)

    @property
    def run(self) -> Store | None:
        """Its run."""
        return self.runs[0] if self.runs else None

    @property
    def stores(self) -> list[Store]:
        """All of its stores."""
        return [*self.runs, *self.maps, *self.fronts, *self.comparisons]

    @property
    def text(self) -> str:
        """Complete configuration as TOML; empty for a recording."""
        return next((str(s.data.attrs["configuration"]) for s in self.stores if self.configuration), "")

    @property
    def conditions(self) -> str:
        """Direction, temperature and potential, in words; empty where the scenario does not say."""
        if self.scenario is None:
            return ""
        words = [f"at {celsius(self.scenario.temperature)}"]
        step = self.scenario.steps[0]
        if step.kind == "hold" and step.value is not None:
            words.append(f"and {step.value:.4g} V against In-Li")
        return f"{self.direction or 'run'} {' '.join(words)}"

    @property
    def direction(self) -> str:
        """``extraction``, ``insertion``, or empty."""
        try:
            return "" if self.scenario is None else front_direction(self.scenario)
        except InputError:
            told = {str(store.data.attrs.get("direction", "")) for store in self.fronts} - {""}
            return told.pop() if len(told) == 1 else ""


def experiments_of(found: Found) -> list[Experiment]:
    """Group stores by configuration, recordings by the beginning of their names."""
    groups: dict[str, Experiment] = {}
    places = (("runs", found.runs), ("maps", found.maps), ("fronts", found.fronts),
              ("comparisons", found.comparisons))  # fmt: skip
    for kind, stores in places:
        for store in stores:
            sha = configuration_of(store.data)
            key = sha or stem_of(store.name)
            if key not in groups:
                groups[key] = Experiment(stem_of(store.name), scenario_of(store.data), sha)
            getattr(groups[key], kind).append(store)
    made = list(groups.values())
    for experiment in made:
        experiment.file = _file_of(experiment, found.scenarios)
    _tell_apart(made)
    return sorted(made, key=_order)


def _order(experiment: Experiment) -> tuple[str, float, str]:
    """By direction, then from hot to cold; recordings last."""
    scenario = experiment.scenario
    if scenario is None:
        return ("~", 0.0, experiment.label)
    return (experiment.direction, -scenario.temperature, experiment.label)


def _tell_apart(made: Sequence[Experiment]) -> None:
    """Give those of one name its stores' own."""
    labels = [experiment.label for experiment in made]
    for experiment, label in zip(made, labels, strict=True):
        if labels.count(label) > 1:
            experiment.label = experiment.stores[0].name


def _file_of(experiment: Experiment, files: Sequence[ScenarioFile]) -> ScenarioFile | None:
    """Scenario file with the same values, else one of the same name, which ``--set`` may have changed."""
    if experiment.scenario is None:
        return None
    same = [file for file in files if file.scenario == experiment.scenario]
    named = [file for file in files if file.path.stem == experiment.label]
    chosen = same or named or (list(files) if len(files) == 1 else [])
    return chosen[0] if chosen else None


def stem_of(name: str) -> str:
    """Name without the endings that the commands add: ``particle_maps.zarr`` is of ``particle``."""
    base = name.partition("/")[0]
    stem = base.rsplit(".", 1)[0] if "." in base else base
    return _ENDINGS.sub("", stem) or stem
