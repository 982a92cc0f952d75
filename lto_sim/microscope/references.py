"""Reference spectra that come with the package: one data file each, every number with its source.

A reference describes the two end members of a solid: atoms, plasmon, and the shape of every edge. Numbers
are entries {value, unit, uncertainty, source, mark}; an entry that lacks one of these is refused.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from lto_sim.constants import AVOGADRO
from lto_sim.errors import InputError

__all__ = ["EDGES", "PHASES", "REFERENCES", "Reference", "load_reference", "reference_numbers"]

REFERENCES: Final = ("lto", "lasgtp")
"""Names that :func:`load_reference` knows."""

PHASES: Final = ("Li4", "Li7")
"""End members: li fraction 0 and 1."""

EDGES: Final = ("Ti-M2,3", "Ti-M1", "Li-K", "Ti-L2,3", "O-K")
"""Edges that a reference has, by energy."""

ATOMIC_NUMBERS: Final = {"Li": 3, "O": 8, "Ti": 22}
ATOMIC_MASSES: Final = {"Li": 6.94, "O": 15.999, "Ti": 47.867}
"""Standard atomic weights [g/mol] (IUPAC)."""

_FIELDS: Final = ("value", "unit", "uncertainty", "source", "mark")


@dataclass(frozen=True)
class Reference:
    """The two end members of a solid.

    Parameters
    ----------
    name, title : What it is.
    atoms : Phase -> element -> atoms per formula unit.
    formula_units : Formula units per volume [1/m3].
    host : Values of the solid (valence electrons per phase, width of the plasmon [eV]).
    edges : Edge -> values of its entries.
    """

    name: str
    title: str
    atoms: dict[str, dict[str, int]]
    formula_units: float
    host: dict[str, Any]
    edges: dict[str, dict[str, Any]]

    def density(self, phase: str) -> float:
        """Mass density of a phase [kg m-3]."""
        mass = sum(n * ATOMIC_MASSES[element] for element, n in self.atoms[phase].items())
        return mass * 1e-3 * self.formula_units / AVOGADRO

    def atomic_numbers(self, phase: str) -> dict[int, float]:
        """Atomic number -> atoms per formula unit of a phase."""
        return {ATOMIC_NUMBERS[element]: float(n) for element, n in self.atoms[phase].items()}

    def number_density(self, phase: str, element: str) -> float:
        """Atoms of an element per volume of a phase [1/m3]."""
        return self.atoms[phase][element] * self.formula_units


def _read(name: str) -> dict[str, Any]:
    if name not in REFERENCES:
        raise InputError("instrument.spectrum.reference", name, " or ".join(REFERENCES), "name one of these")
    file = resources.files("lto_sim.microscope") / "data" / f"{name}.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    if "extends" not in data:
        return data
    return _merged(_read(data.pop("extends")), data)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on `base`; entries (tables with a value) are replaced whole."""
    result = dict(base)
    for key, entry in over.items():
        nested = isinstance(entry, dict) and "value" not in entry and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], entry) if nested else entry
    return result


def reference_numbers(name: str) -> dict[str, dict[str, Any]]:
    """Every entry of a reference: path -> {value, unit, uncertainty, source, mark}.

    Raises
    ------
    InputError
        Unknown reference, or an entry that is not complete.
    """
    entries: dict[str, dict[str, Any]] = {}

    def walk(path: str, node: dict[str, Any]) -> None:
        """Add the entries below a node."""
        for key, entry in node.items():
            where = f"{path}.{key}" if path else key
            if where == "atoms" or not isinstance(entry, dict):
                continue
            if "value" not in entry:
                walk(where, entry)
                continue
            missing = [field for field in _FIELDS if field not in entry]
            if missing or entry["mark"] not in "PNCLW":
                raise InputError(
                    where, entry, "value, unit, uncertainty, source, mark P|N|C|L|W", "complete it"
                )
            entries[where] = entry

    walk("", _read(name))
    return entries


def load_reference(name: str = "lto") -> Reference:
    """Load a reference by name.

    Parameters
    ----------
    name : One of :data:`REFERENCES`.

    Raises
    ------
    InputError
        Unknown reference.
    """
    data = _read(name)
    values: dict[str, Any] = {}
    for path, entry in reference_numbers(name).items():
        node = values
        *parents, last = path.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = entry["value"]
    host = values.pop("host")
    units = host.pop("formula_units") * AVOGADRO
    return Reference(name, data["title"], data["atoms"], units, host, values)
