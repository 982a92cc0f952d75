"""Parameters with units, whether each is set or a default, and where the number comes from.

A value is *set* where the scenario file writes it, or, without the file, where leaving it out would give
another value. Material values that are those of the material's data file have the source, the uncertainty and
the trust that the file gives them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lto_sim.errors import InputError
from lto_sim.materials import SourcedNumber, sourced_numbers
from lto_sim.plot.parameter_units import shown_unit
from lto_sim.report.experiments import Experiment
from lto_sim.report.page import Block, Section, Table, Text
from lto_sim.report.words import celsius, number
from lto_sim.scenario import Scenario

__all__ = ["TRUST", "ParameterRow", "parameter_rows", "section"]

TRUST: Final = {
    "P": "read in the paper",
    "N": "read in a neighbouring paper",
    "C": "computed from published numbers",
    "L": "literature",
    "W": "weak: an assumption",
}
"""Trust mark of a number in a material's data file, in words."""

_SOURCES: Final = {
    "material.D_Li4": ("diffusivities.poor.at",),
    "material.D_Li7": ("diffusivities.rich.at",),
    "material.windows.x4": ("quantities.x_poor",),
    "material.windows.x7": ("quantities.x_rich",),
    "material.plateau": ("quantities.plateau_potential",),
    "material.potential_window": ("quantities.lowest_potential", "quantities.highest_potential"),
}
"""Path in the scenario -> numbers of the material's data file that are its default."""

_ALSO: Final = {"diffusivities.poor.Ea", "diffusivities.rich.Ea"}
"""Numbers that a row of the table above tells with another."""

_SHOWN: Final = (
    "temperature", "initial", "material", "surface", "grain_boundaries", "contacts", "specimen.outline",
    "specimen.thickness", "specimen.dead_layer", "specimen.cell", "specimen.layers", "specimen.symmetry",
    "drive", "scan", "maps", "beam_damage", "seed",
)  # fmt: skip
"""Beginnings of the paths that a reader asks for; the whole of the configuration is below them."""

_FREE: Final = ("surface.", "grain_boundaries.")
_FREE_OF_CONTACTS: Final = ("k_c", "k0", "resistance", "capacitance", "reorganization_energy")
_UNMEASURED: Final = "no measured value is known: a free parameter"
_WHOLE: Final = ("where", "line", "lines", "pair", "outline", "image")
_LAW: Final = {"at", "reference", "Ea"}
"""Keys of a thermally activated quantity, told in one row."""
_LONGEST: Final = 70


@dataclass(frozen=True)
class ParameterRow:
    """A parameter: path, value with unit, set or default, source."""

    path: str
    value: str
    origin: str
    source: str


def section(experiments: Sequence[Experiment]) -> Section | None:
    """Return the section of parameters; what all experiments share is told once."""
    told = [experiment for experiment in experiments if experiment.scenario is not None]
    if not told:
        return None
    rows = [_rows_of(experiment) for experiment in told]
    first = told[0]
    blocks: list[Block] = [Text(_intro(told))]
    blocks += _tables(first.label, rows[0])
    known = {(row.path, row.value) for row in rows[0]}
    for experiment, own in zip(told[1:], rows[1:], strict=True):
        other = [row for row in own if (row.path, row.value) not in known]
        if other:
            blocks.append(_table(f"Of {experiment.label}, what differs from {first.label}", other))
    blocks.append(_material_table(first))
    return Section("parameters", "Parameters and their sources", blocks)


def _tables(label: str, rows: Sequence[ParameterRow]) -> list[Block]:
    """One table of what the scenario sets, one of defaults."""
    given = [row for row in rows if row.origin == "set"]
    left = [row for row in rows if row.origin != "set"]
    made: list[Block] = []
    if given:
        made.append(_table(f"Set in the scenario of {label}", given))
    if left:
        made.append(_table(f"Defaults of {label}", left))
    return made


def _intro(told: Sequence[Experiment]) -> str:
    files = {experiment.file.name for experiment in told if experiment.file is not None}
    by = (
        f"as {', '.join(sorted(files))} writes it" if files
        else "set is what its complete configuration has other than the default"
    )  # fmt: skip
    return (
        f"A value is set in the scenario ({by}) or a default. Values are in the units that people use; "
        "the configuration below holds all of them in SI. Surfaces, grain boundaries and interface laws have "
        "no measured values: they are choices of the scenario."
    )


def _table(caption: str, rows: Sequence[ParameterRow]) -> Table:
    return Table(
        caption, ("parameter", "value", "source"), [(row.path, row.value, row.source) for row in rows]
    )


def _rows_of(experiment: Experiment) -> list[ParameterRow]:
    if experiment.scenario is None:
        return []
    written = None if experiment.file is None else experiment.file.written
    return parameter_rows(experiment.scenario, written)


def parameter_rows(scenario: Scenario, written: Mapping[str, Any] | None = None) -> list[ParameterRow]:
    """Return the parameters of a scenario that a reader asks for.

    Parameters
    ----------
    scenario : The scenario.
    written : The scenario file as it is written; None where there is none.
    """
    sources = {entry.path: entry for entry in sourced_numbers(scenario.material.name)}
    values = scenario.to_dict()
    rows = []
    for path, value in _leaves(values):
        if not any(path == start or path.startswith(f"{start}.") for start in _SHOWN):
            continue
        default = _is_default(values, path, value, written)
        if default and not value and path not in ("seed", "initial"):
            continue  # a default that switches nothing on
        rows.append(
            ParameterRow(
                path, _text(path, value), "default" if default else "set", _source(path, default, sources)
            )
        )
    return rows


def _leaves(values: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values; activated quantities, places and lists stay whole, steps of a drive do not."""
    for key, value in values.items():
        path = f"{start}{key}"
        if isinstance(value, Mapping) and key not in _WHOLE and not _is_law(value):
            yield from _leaves(value, f"{path}.")
        elif path == "drive" and isinstance(value, list):
            yield from _leaves({str(n): item for n, item in enumerate(value)}, f"{path}.")
        else:
            yield path, value


def _is_law(value: Any) -> bool:
    return isinstance(value, Mapping) and "at" in value and set(value) <= _LAW


def _is_default(values: Mapping[str, Any], path: str, value: Any, written: Mapping[str, Any] | None) -> bool:
    """Whether a value is a default: not in the file, else the same when it is left out."""
    if written is not None and _holds(written, path):
        return False
    changed = copy.deepcopy(dict(values))
    parts = path.split(".")
    node: Any = changed
    try:
        for part in parts[:-1]:
            node = node[int(part)] if isinstance(node, list) else node[part]
        del node[parts[-1]]
        again = Scenario.from_dict(changed).to_dict()
    except (InputError, KeyError, IndexError, TypeError):
        return False
    return bool(_at(again, path) == value)


def _holds(written: Mapping[str, Any], path: str) -> bool:
    return _at(written, path) is not None


def _at(values: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(values, Mapping) and part in values:
            values = values[part]
        elif isinstance(values, list) and part.isdigit() and int(part) < len(values):
            values = values[int(part)]
        else:
            return None
    return values


def _text(path: str, value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _quantity(path, value)
    if _is_law(value):
        words = f"{_quantity(f'{path}.at', value['at'])}"
        if "reference" in value:
            words += f" at {celsius(float(value['reference']))}"
        return f"{words}, Ea {_quantity(f'{path}.Ea', value['Ea'])}" if "Ea" in value else words
    if path == "material.potential_window":
        return " to ".join(number(float(end)) for end in value) + " V"
    text = _words(path, value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _quantity(path: str, value: float) -> str:
    unit = shown_unit(path)
    if unit.name == "degC":
        return celsius(float(value))
    if isinstance(value, int) and not unit.name:
        return str(value)
    return f"{number(unit.value(float(value)), 6)} {_raised(unit.name)}".strip()


def _raised(unit: str) -> str:
    for plain, raised in (("^2", "²"), ("^3", "³"), ("m2", "m²"), ("m3", "m³")):
        unit = unit.replace(plain, raised)
    return unit


def _words(path: str, value: Any) -> str:
    """Write tables and lists without the marks of JSON, lengths with their unit."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_words(f'{path}.{key}', entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(_words(f'{path}.{n}', entry) for n, entry in enumerate(value))}]"
    return _quantity(path, value) if isinstance(value, float) else str(value)


def _source(path: str, default: bool, sources: Mapping[str, SourcedNumber]) -> str:
    names = _SOURCES.get(path)
    if names is not None and default:
        return "; ".join(_told(sources[name]) for name in names)
    free = path.startswith(_FREE) or path.rpartition(".")[2] in _FREE_OF_CONTACTS
    if free and not default:
        return f"the scenario; {_UNMEASURED}"
    if path == "material.windows.model" and default:
        return "the material's data file; constant windows make Ea(k) and Ea(D) agree"
    return "the package's default" if default else "the scenario"


def _told(entry: SourcedNumber) -> str:
    return f"{entry.source} ({TRUST[entry.mark]}; uncertainty: {entry.uncertainty})"


def _material_table(experiment: Experiment) -> Table:
    """Numbers of the data file that no row above tells."""
    told = {name for names in _SOURCES.values() for name in names} | _ALSO
    material = "lto" if experiment.scenario is None else experiment.scenario.material.name
    rows = [
        (
            entry.path.partition(".")[2].replace("_", " "),
            f"{number(entry.value, 6)} {_raised(entry.unit)}".strip(),
            _told(entry),
        )
        for entry in sourced_numbers(material)
        if entry.path not in told
    ]
    return Table("Other numbers of the material's data file", ("quantity", "value", "source"), rows)
