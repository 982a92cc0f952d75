"""The electrical series of runs, and pictures of their specimens."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from typing import Final

from lto_sim.errors import LtoSimError
from lto_sim.plot import plot_specimen
from lto_sim.plot.measures import Measures, measure
from lto_sim.report.charts.electrical import electrical_chart
from lto_sim.report.experiments import Experiment
from lto_sim.report.page import Block, Chart, Facts, Notice, Section
from lto_sim.report.words import counted, micrometres, number
from lto_sim.transport import Model, build_model

__all__ = ["electrical_section", "specimen_section"]

_MOST: Final = 6


def electrical_section(experiments: Sequence[Experiment]) -> Section | None:
    """Return the section of currents and potentials."""
    blocks: list[Block] = []
    runs = [run for experiment in experiments for run in experiment.runs]
    for run in runs[:_MOST]:
        if run.data.sizes.get("time_fine", 0) < 2:
            continue
        blocks.append(electrical_chart(run.name, run.data))
        capacity = run.data.attrs.get("capacity_C")
        charge = float(run.data["charge"].values[-1])
        if capacity:
            part = 100.0 * charge / float(capacity)
            words = f"{number(charge)} C, {number(part, 3)} % of the capacity"
            blocks.append(Facts([("charge passed", words)]))
    if len(runs) > _MOST:
        names = ", ".join(run.name for run in runs[_MOST:])
        blocks.append(Notice(f"More runs are there than this page draws: {names}.", "note"))
    return Section("electrical", "Current and potential", blocks) if blocks else None


def specimen_section(experiments: Sequence[Experiment], flags: list[str]) -> Section | None:
    """Return the section of specimens, each of its kind once.

    Parameters
    ----------
    experiments : With their scenarios.
    flags : Gets what building a specimen warns of.
    """
    blocks: list[Block] = []
    shown: dict[str, list[str]] = {}
    for experiment in experiments:
        scenario = experiment.scenario
        if scenario is None:
            continue
        values = scenario.to_dict()
        kept = {
            key: values.get(key) for key in ("specimen", "contacts", "surface", "grain_boundaries", "profile")
        }
        key = json.dumps(kept, sort_keys=True, default=str)
        shown.setdefault(key, []).append(experiment.label)
        if len(shown[key]) > 1 or len(shown) > _MOST:
            continue
        blocks += _specimen(experiment, flags)
    alike = [labels for labels in shown.values() if len(labels) > 1]
    if alike:
        text = "; ".join(f"{', '.join(labels)} have the same specimen" for labels in alike)
        blocks.append(Notice(f"{text}; conductances are those at the temperature of the first.", "note"))
    return Section("specimen", "Specimen", blocks) if blocks else None


def _specimen(experiment: Experiment, flags: list[str]) -> list[Block]:
    scenario = experiment.scenario
    if scenario is None:
        return []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = build_model(scenario)
            figure = plot_specimen(model, scenario)
        except (LtoSimError, OSError) as error:
            return [Notice(f"{experiment.label}: its specimen cannot be drawn: {error}")]
    flags += [f"{experiment.label}: {warning.message}" for warning in caught]
    return [Chart(f"Specimen of {experiment.label}", figure, _words(model, measure(model)), on_paper=True)]


def _words(model: Model, sizes: Measures) -> str:
    width, height = (micrometres(side) for side in sizes.extent)
    contacts = ", ".join(f"{name}, {micrometres(length)}" for name, length in sizes.contacts.items())
    thickness = ""
    if sizes.thickness is not None:
        thin, thick = (micrometres(end) for end in sizes.thickness)
        thickness = f" and {thin} to {thick} thick" if sizes.varied else f" and {thin} thick"
    count = len(model.boundaries)
    boundaries = f"; {counted(count, 'grain boundary', 'grain boundaries')}" if count else ""
    return f"Outline of the particle, {width} by {height}{thickness}; contacts: {contacts}{boundaries}."
