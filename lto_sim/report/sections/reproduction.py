"""The reproduction of the published experiment: what the paper has, what the simulation returns, and how.

Read from the directory that ``lto-sim reproduce`` writes. What is missing in it is left out and flagged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import fit_arrhenius, published_table
from lto_sim.plot.style import DIRECTION_COLOURS
from lto_sim.provenance import K_DEFINITIONS
from lto_sim.report import kinds
from lto_sim.report.charts import reproduction as charts
from lto_sim.report.charts.arrhenius import Line, arrhenius_chart
from lto_sim.report.gather import ReproductionFiles
from lto_sim.report.page import Block, Code, Facts, Key, Section, Table, Text
from lto_sim.report.rates import Activation
from lto_sim.report.sections import parameters
from lto_sim.report.sections.particle import electrical_section, specimen_section
from lto_sim.report.sections.reproduction_runs import (
    SERIES,
    case_of,
    core_shell_section,
    experiments_of,
    front_section,
    map_section,
)
from lto_sim.report.words import clock, energy, interval, law, listed, rate

__all__ = ["TITLE", "keys", "lead", "sections", "settings_section"]

TITLE: Final = "Phase-boundary kinetics of Li4Ti5O12: the published experiment, simulated"

_OFF: Final = 0.05
"""Relative difference of k from what was put in from which on it is flagged."""
_COLOURS: Final = DIRECTION_COLOURS | {"insertion_no_surface": "#CC79A7"}


def lead(files: ReproductionFiles) -> str:
    """Say what was reproduced and with which energies."""
    parts = []
    for name in ("extraction", "insertion"):
        published, simulated = _published(files, name), _simulated(files, name)
        if published and simulated and simulated.get("Ea_eV") is not None:
            put_in = f"{float(simulated['Ea_true_eV']):.3f} eV put in"
            own = energy(simulated["Ea_eV"], simulated["Ea_eV_std"])
            paper = energy(published["Ea_eV"], published["Ea_eV_std"])
            parts.append(f"{own} for {name} ({put_in}; Table 1 gives {paper})")
    text = (
        "One particle of Li4Ti5O12 was driven as in the published STEM-EELS experiment, its maps were "
        "recorded with the noise of that dose, and fronts, rate constants and activation energies were read "
        "from them as from a real recording."
    )
    return f"{text} The maps return {listed(parts)}." if parts else text


def keys(files: ReproductionFiles) -> list[Key]:
    """Activation energies: published, simulated, put in."""
    found = []
    for name in ("extraction", "insertion"):
        published = _published(files, name)
        if published:
            found.append(Key(
                f"Ea of {name}, Table 1", energy(published["Ea_eV"], published["Ea_eV_std"]),
                f"in the paper {published.get('Ea_in_paper_eV', '–')} eV",
            ))  # fmt: skip
        simulated = _simulated(files, name)
        if simulated:
            own = energy(simulated.get("Ea_eV"), simulated.get("Ea_eV_std"))
            span = _span(simulated, 3)
            note = f"95 %: {span}" if span else ""
            found.append(Key(f"Ea of {name}, simulated maps", own, note))
    return found


def _span(simulated: Mapping[str, Any], digits: int) -> str:
    ends = simulated.get("Ea_interval_eV")
    return "" if not ends else f"{float(ends[0]):.{digits}f} to {float(ends[1]):.{digits}f} eV"


def _published(files: ReproductionFiles, name: str) -> Mapping[str, Any]:
    return dict(files.summary["published"].get(name) or {})


def _simulated(files: ReproductionFiles, name: str) -> Mapping[str, Any]:
    return dict(files.summary["simulated"].get(name) or {})


def sections(files: ReproductionFiles, flags: list[str]) -> list[Section]:
    """Return the sections of a reproduction.

    Parameters
    ----------
    files : The directory and its summary.
    flags : Gets what is missing or damaged in it.
    """
    made = [
        Section("energies", "Activation energies", _energies(files)),
        Section("rates", "Rate constants", _rates(files)),
        map_section(files, flags),
        front_section(files, flags),
        core_shell_section(files, flags),
        _limits(files),
    ]
    runs = experiments_of(files, flags)
    made += [electrical_section(runs), specimen_section(runs[-1:], flags), parameters.section(runs)]
    flags += _left_out(files)
    return [section for section in made if section is not None and section.blocks]


def _energies(files: ReproductionFiles) -> list[Block]:
    rows = []
    for name, published in files.summary["published"].items():
        scaled = published.get("Ea_weighted_scaled_eV_std")
        weighted = energy(published["Ea_weighted_eV"], published["Ea_weighted_eV_std"])
        also = "" if scaled is None else f"; ± {float(scaled):.3f} eV if the bars hold up to a common factor"
        rows.append((name, "Table 1, unweighted", energy(published["Ea_eV"], published["Ea_eV_std"]), "–",
                     f"{published['Ea_in_paper_eV']} eV in the paper"))  # fmt: skip
        rows.append((name, "Table 1, weighted by its bars", weighted, "–", f"bars at their word{also}"))
    for name, simulated in files.summary["simulated"].items():
        own = energy(simulated.get("Ea_eV"), simulated.get("Ea_eV_std"))
        put_in = f"{float(simulated['Ea_true_eV']):.4f} eV put in"
        rows.append((SERIES.get(name, name), "simulated maps", own, _span(simulated, 4) or "–", put_in))
    header = ("series", "from", "Ea", "95 % interval", "to compare with")
    blocks: list[Block] = [Table("Activation energies of k, published and simulated", header, rows)]
    lines = _lines(files)
    if lines:
        title = "Rate constants against temperature: Table 1 (open) and simulated maps (filled)"
        blocks.append(arrhenius_chart(title, lines, K_DEFINITIONS["2kt"]))
    return blocks


def _lines(files: ReproductionFiles) -> list[Line]:
    """Arrhenius lines: of the published table, which is data of the package, and of the stored results."""
    lines = []
    for name in ("extraction", "insertion"):
        table = published_table(name)
        fit = fit_arrhenius(table.temperature, table.k)
        summary = {
            "Ea_eV": fit.Ea_eV, "Ea_eV_std": fit.Ea_eV_std, "Ea_interval_eV": list(fit.interval()),
            "k0_m2_s": fit.k0,
        }  # fmt: skip
        line = Activation(name, summary, "Table 1", table.temperature, table.k, table.k_std)
        lines.append(Line(f"{name}, Table 1", line, _COLOURS[name], filled=False))
    for name, label in SERIES.items():
        drawn = _simulated_line(name, _simulated(files, name))
        if drawn is not None:
            lines.append(Line(label, drawn, _COLOURS[name]))
    return lines


def _simulated_line(name: str, simulated: Mapping[str, Any]) -> Activation | None:
    """Stored energy with a line through the points: its level is that of the points, weighted alike."""
    used = [e for e in simulated.get("k") or () if e.get("fitted_m2_s") and e.get("std_m2_s")]
    if simulated.get("Ea_eV") is None or len(used) < 2:
        return None
    kelvin = np.array([float(e["temperature_degC"]) + ZERO_CELSIUS for e in used])
    k = np.array([float(e["fitted_m2_s"]) for e in used])
    std = np.array([float(e["std_m2_s"]) for e in used])
    fit = fit_arrhenius(kelvin, k, std)
    same = math.isclose(fit.Ea_eV, float(simulated["Ea_eV"]), rel_tol=1e-6)
    grid = 1.0 / np.linspace(1.0 / kelvin.max(), 1.0 / kelvin.min(), 13)
    low, high = fit.band(grid)
    summary = dict(simulated) | {"k0_m2_s": fit.k0}
    if same:
        summary["band"] = {"temperature_K": grid, "low_m2_s": low, "high_m2_s": high}
    return Activation(name.partition("_")[0], summary, "summary.json", kelvin, k, std)


def _rates(files: ReproductionFiles) -> list[Block]:
    """One table a series, and what is to be said of them."""
    definition = law(str(files.summary.get("k_definition", K_DEFINITIONS["2kt"])))
    header = (
        "temperature [°C]", "k, Table 1 [cm²/s]", "k, simulated maps [cm²/s]", "95 % interval [cm²/s]",
        "k put in [cm²/s]", "simulated / put in", "verdict",
    )  # fmt: skip
    blocks: list[Block] = []
    for name, label in SERIES.items():
        rows = [_rate_row(name, entry) for entry in _simulated(files, name).get("k") or ()]
        if rows:
            blocks.append(Table(f"Rate constants of {label}, {definition}", header, rows))
    return [*blocks, *(Text(_sentence(note)) for note in files.summary.get("notes") or ())]


def _rate_row(name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    table = published_table("extraction" if name == "extraction" else "insertion")
    degrees = float(entry["temperature_degC"])
    near = np.isclose(table.temperature, degrees + ZERO_CELSIUS)
    ratio = entry.get("fitted_over_true")
    return (
        f"{degrees:g}",
        rate(float(table.k[near][0]), float(table.k_std[near][0]), "") if near.any() else "–",
        rate(entry.get("fitted_m2_s"), entry.get("std_m2_s"), ""),
        interval(entry.get("interval_m2_s") or (None, None), ""),
        rate(entry.get("true_m2_s"), None, ""),
        "–" if ratio is None else f"{float(ratio):.3f}",
        str(entry.get("verdict", "–")),
    )


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _left_out(files: ReproductionFiles) -> list[str]:
    notes = []
    for name, simulated in files.summary["simulated"].items():
        left = simulated.get("left_out_degC") or ()
        if left:
            where = ", ".join(f"{float(t):g}" for t in left)
            notes.append(f"{SERIES.get(name, name)}: k was not resolved at {where} °C, left out of Ea")
        ratios = [float(e["fitted_over_true"]) for e in simulated.get("k") or () if e.get("fitted_over_true")]
        if ratios and max(abs(ratio - 1.0) for ratio in ratios) > _OFF:
            span = f"{min(ratios):.2f} to {max(ratios):.2f}"
            notes.append(f"{SERIES.get(name, name)}: k from the maps is {span} times the k put in")
        notes += [
            f"{SERIES.get(name, name)} at {float(entry['temperature_degC']):g} °C: {entry['refusal']}"
            for entry in simulated.get("k") or () if entry.get("refusal")
        ]  # fmt: skip
    return notes


def _limits(files: ReproductionFiles) -> Section | None:
    blocks: list[Block] = []
    times, contacts = files.summary.get("full_extraction"), files.summary.get("partial_contact") or ()
    fronts = files.summary.get("insertion_front") or ()
    if times:
        blocks.append(charts.full_extraction_chart(times))
    if contacts:
        blocks.append(charts.contact_chart(contacts))
    if fronts:
        blocks.append(charts.mean_front_chart(fronts))
    return Section("limits", "What else moves k", blocks) if blocks else None


def settings_section(files: ReproductionFiles) -> Section:
    """Return the section of settings: seed, overrides, hashes, scenarios."""
    some = files.summary
    overrides = some.get("overrides") or {}
    given = ", ".join(f"{path} = {value}" for path, value in overrides.items()) or "none"
    blocks: list[Block] = [
        Facts([
            ("seed", str(some.get("seed", "–"))), ("values set (--set)", given),
            ("definition of k", law(str(some.get("k_definition", "–")))),
            ("lto_sim", str(some.get("version", "–"))), ("made", str(some.get("created", "–"))),
            ("took", clock(float(some["wall_time_s"])) if some.get("wall_time_s") else "–"),
            ("to repeat it", _command(some)),
        ])
    ]  # fmt: skip
    for series in ("extraction", "insertion"):
        case = case_of(files, series)
        path = files.path / "runs" / case / "scenario.toml"
        if case and path.is_file():
            blocks.append(Code(f"Complete configuration of {case}", kinds.read_text(path), f"{case}.toml"))
    hashes = some.get("configuration_sha256") or {}
    if hashes:
        blocks.append(Table("Configurations", ("run", "SHA-256"), list(hashes.items())))
    return Section("settings", "Settings", blocks)


def _command(some: Mapping[str, Any]) -> str:
    sets = " ".join(f'--set "{path}={value}"' for path, value in (some.get("overrides") or {}).items())
    return f"lto-sim reproduce --seed {some.get('seed', 0)} {sets}".strip()
