"""The top of a page: what this is, what was found, and the key results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lto_sim.report.experiments import Experiment
from lto_sim.report.gather import Found
from lto_sim.report.page import Block, Facts, Key, Section
from lto_sim.report.rates import Activation, Rate
from lto_sim.report.sections.kinetics import verdict_words
from lto_sim.report.sections.origin import files_notice
from lto_sim.report.sections.sweep import lead
from lto_sim.report.words import celsius, clock, counted, energy, interval, law, listed, micrometres, rate

__all__ = ["keys_of", "lead_of", "section"]

_MOST_KEYS = 6


def lead_of(
    found: Found, experiments: Sequence[Experiment], rates: Sequence[Rate], lines: Sequence[Activation]
) -> str:
    """Say in two or three sentences what the page is about and what was found."""
    sentences = [_what(found, experiments)]
    if lines:
        parts = [
            f"{energy(line.Ea_eV, line.Ea_eV_std)}{f' for {line.direction}' if line.direction else ''}"
            for line in lines
        ]
        sentences.append(f"The activation energy of k is {listed(parts)}.")
    elif len(rates) == 1:
        only = rates[0]
        where = "" if only.temperature is None else f" at {celsius(only.temperature)}"
        sentences.append(
            f"The front moves with k = {rate(only.k, only.k_std)}{where} ({law(only.definition)}); "
            f"{verdict_words(only)}."
        )
    elif rates:
        known = sorted(entry.k for entry in rates if entry.k)
        if known:
            span = f"lies between {rate(known[0])} and {rate(known[-1])}"
            sentences.append(f"k {span if len(known) > 1 else f'is {rate(known[0])}'}.")
    elif found.comparisons:
        sentences.append(_comparison(found.comparisons[0].data.attrs, found.comparisons[0].name))
    return " ".join(sentence for sentence in sentences if sentence)


def _what(found: Found, experiments: Sequence[Experiment]) -> str:
    parts = []
    conditions = [experiment.conditions for experiment in experiments if experiment.conditions]
    if len(conditions) == 1:
        parts.append(f"Li {conditions[0]}")
    elif conditions:
        told = [e.scenario.temperature for e in experiments if e.scenario is not None]
        names = listed(sorted({e.direction for e in experiments if e.direction})) or "runs"
        span = (
            celsius(min(told)) if min(told) == max(told) else f"{celsius(min(told))} to {celsius(max(told))}"
        )
        parts.append(f"Li {names} at {span} in {counted(len(experiments), 'experiment')}")
    frames = [maps.data.sizes for maps in [*found.maps, *found.comparisons]]
    if frames:
        count = sum(sizes["time"] for sizes in frames[: max(len(found.maps), 1)])
        size = frames[0]
        parts.append(f"{counted(count, 'map')} of {size['x']} × {size['y']} pixels")
    recorded = [e for e in experiments if not e.configuration]
    if recorded and not conditions:
        parts.insert(0, f"Recording {listed([e.label for e in recorded])}")
    if found.map_fits:
        parts.append(counted(len(found.map_fits), "fit of whole maps", "fits of whole maps"))
    if not parts and found.sweeps:
        return " ".join(lead(store) for store in found.sweeps[:2])
    if not parts:
        parts = [", ".join(f"{name} ({kind})" for name, kind in found.taken[:3])]
    text = ": ".join([parts[0], ", ".join(parts[1:])]) if len(parts) > 1 else parts[0]
    return f"{text}."


def _comparison(known: dict[str, Any], name: str) -> str:
    chi_square, rms = known.get("chi_square_per_freedom"), known.get("rms")
    if chi_square is not None:
        value = f"{float(chi_square):.3f} per degree of freedom"
        return f"The run and the maps of {name} differ with chi-square {value}."
    return "" if rms is None else f"The run and the maps of {name} differ by {float(rms):.3g} in x (rms)."


def keys_of(found: Found, rates: Sequence[Rate], lines: Sequence[Activation]) -> list[Key]:
    """Key results: activation energies, rate constants with verdicts, misfit, state of sweeps."""
    keys = [
        Key(
            f"Ea{f', {line.direction}' if line.direction else ''}", energy(line.Ea_eV, line.Ea_eV_std),
            f"95 %: {line.interval[0]:.3f} to {line.interval[1]:.3f} eV",
        )
        for line in lines
    ]  # fmt: skip
    for entry in rates[: max(_MOST_KEYS - len(keys), 0)]:
        where = "" if entry.temperature is None else f" at {celsius(entry.temperature)}"
        name = entry.direction or entry.name
        ends = entry.summary.get("k_interval_m2_s") or (None, None)
        keys.append(Key(f"k, {name}{where}", rate(entry.k, entry.k_std), f"95 %: {interval(ends)}"))
    if len(rates) == 1 and rates[0].verdict:
        p = rates[0].summary.get("p_value")
        note = "" if p is None else f"p of the simpler law {float(p):.2g}"
        keys.append(Key("verdict", rates[0].verdict, note))
    for store in found.comparisons[:2]:
        value = store.data.attrs.get("chi_square_per_freedom")
        if value is not None:
            keys.append(Key("chi-square, maps against run", f"{float(value):.3f}", "per degree of freedom"))
    for fit in found.map_fits[:2]:
        for derived in (fit.summary.get("rate_constants") or ())[:2]:
            where = celsius(float(derived["temperature_K"]))
            value = rate(float(derived["k_m2_s"]), derived.get("k_std_m2_s"))
            keys.append(Key(f"k from whole maps, {derived['direction']} at {where}", value, fit.name))
    for sweep in found.sweeps[:2]:
        status = sweep.status
        note = f"{status.failed} failed, {status.pending} pending"
        keys.append(Key(f"runs done, {sweep.name}", f"{status.done} of {status.total}", note))
    return keys


def section(found: Found, experiments: Sequence[Experiment]) -> Section | None:
    """Return the section that says what there is, one line an experiment."""
    blocks: list[Block] = []
    notice = files_notice(found)
    if notice is not None:
        blocks.append(notice)
    rows = [(experiment.label, _described(experiment)) for experiment in experiments]
    if rows:
        blocks.append(Facts(rows))
    return Section("overview", "Overview", blocks) if blocks else None


def _described(experiment: Experiment) -> str:
    parts = [experiment.conditions or "recording"]
    for maps in experiment.maps[:2]:
        sizes = maps.data.sizes
        time = maps.data["time"].values
        parts.append(
            f"{sizes['time']} maps of {sizes['x']} × {sizes['y']} pixels from {clock(float(time[0]))} to "
            f"{clock(float(time[-1]))}"
        )
    run = experiment.run
    if run is not None:
        x, y = (float(run.data[axis].values[-1] + run.data[axis].values[0]) for axis in ("x", "y"))
        cells = run.data.attrs.get("cells")
        parts.append(f"particle of {micrometres(x)} by {micrometres(y)} on {cells} cells")
        if "status_meaning" in run.data.attrs:
            parts.append(
                f"run {run.data.attrs['status_meaning']} at {clock(float(run.data.attrs['end_time_s']))}"
            )
    return "; ".join(parts)
