"""Attributes that every result carries: what made it, from which configuration, and how to cite it.

:func:`cite` names the package and the sources that a result rests on. It reads them from the attributes of
the result (its configuration, its instrument, the steps of its history) and from two files of the package,
``references.toml`` and the data file of the material; nothing is looked up elsewhere.
"""

from __future__ import annotations

import functools
import hashlib
import math
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata, resources
from typing import Any, Final, Literal

from lto_sim.errors import InputError

__all__ = [
    "CITATION",
    "K_DEFINITIONS",
    "attributes",
    "cite",
    "configuration_hash",
    "named",
    "package_version",
]

CITATION: Final = (
    "lto_sim: phase-boundary kinetics of Li4Ti5O12 through operando STEM-EELS (see CITATION.cff)"
)
"""How to cite the package, in one line: the attribute ``citation`` of every result."""

K_DEFINITIONS: Final[dict[str, str]] = {"2kt": "xi^2 = 2 k t", "kt": "xi^2 = k t"}
"""Convention of the parabolic rate constant -> its definition; the first is the default."""

Style = Literal["text", "bibtex", "apa"]

_EV: Final = 96485.33212
"""One electronvolt per particle as molar energy [J/mol]; what a configuration holds."""

_STEPS: Final = {
    "fit_rate_constant": ("jost1952",),
    "track_front": ("jost1952",),
    "acquire": ("egerton2011",),
    "quantify": ("egerton2011",),
    "explain_spectrum": ("egerton2011",),
    "quantify_titanium": ("yamamoto2014",),
    "quantify_oxygen": ("yamamoto2014",),
    "from_hyperspy": ("hyperspy",),
    "sample_posterior": ("foreman2013",),
}
"""Beginning of a step in the history -> what it rests on."""

_LAWS: Final = {
    "linear": ("deal1965",),
    "butler_volmer": ("doyle1993",),
    "marcus_hush_chidsey": ("doyle1993", "chidsey1991"),
}


def package_version() -> str:
    """Version of the installed package."""
    return metadata.version("lto_sim")


def configuration_hash(text: str) -> str:
    """SHA-256 of a configuration `text`, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def named(units: str, long_name: str) -> dict[str, str]:
    """Attributes that every variable and coordinate carries: `units`, "1" for a number, and `long_name`."""
    return {"units": units, "long_name": long_name}


def attributes(
    title: str,
    step: str,
    configuration: str = "",
    seed: int | None = None,
    k_convention: str = "2kt",
    previous: Mapping[Any, Any] | None = None,
) -> dict[str, str | int]:
    """Build the attributes of a result.

    Parameters
    ----------
    title : What the dataset is.
    step : What was done, for the history.
    configuration : The complete configuration as TOML text.
    seed : Seed of the random draws; left out where nothing was drawn.
    k_convention : Key of :data:`K_DEFINITIONS`.
    previous : Attributes of what this was made from: its history goes before, its configuration is taken over
        where none is given.

    Returns
    -------
    dict
        Text and numbers only, as netCDF and Zarr allow.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version = package_version()
    before = previous or {}
    configuration = configuration or str(before.get("configuration", ""))
    history = [str(before["history"])] if before.get("history") else []
    result: dict[str, str | int] = {
        "title": title,
        "history": "\n".join([*history, f"{now} lto_sim {version}: {step}"]),
        "lto_sim_version": version,
        "configuration": configuration,
        "configuration_sha256": configuration_hash(configuration),
        "created": now,
        "citation": CITATION,
        "k_definition": K_DEFINITIONS[k_convention],
    }
    if seed is not None:
        result["seed"] = seed
    return result


class _Citations(str):
    """Text that shows itself line by line where a session shows its value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def cite(source: object = None, style: Style = "text") -> str:
    """How to cite the package, and the sources that a result or a scenario rests on.

    Parameters
    ----------
    source : A dataset of this package (run, maps, counts, front, sweep), a scenario or an instrument; None:
        the package and the experiment that its default material stands for.
    style : ``text``: references with what each is cited for, and of a simulation every number of its
        material with its origin; ``bibtex`` or ``apa``: the references alone.

    Returns
    -------
    str
        One reference after the other, this package first; ``print`` it. An instrument, or a result that
        names no configuration, adds what can be told from it.

    Raises
    ------
    InputError
        An unknown style, or a source that carries no provenance.

    Examples
    --------
    >>> from lto_sim.provenance import cite
    >>> print(cite(style="bibtex").splitlines()[0])
    @software{lto_sim,
    """
    if style not in {"text", "bibtex", "apa"}:
        raise InputError("style", style, "text, bibtex or apa", "choose one of these")
    known = _references()
    scenario, instrument, history = _described(source)
    keys = list(dict.fromkeys(["lto_sim", *_keys(source, scenario, instrument, history)]))
    if style == "bibtex":
        return _Citations("\n\n".join(_bibtex(key, known[key]) for key in keys))
    if style == "apa":
        return _Citations("\n".join(_apa(known[key]) for key in keys))
    lines = [f"{_plain(known[key])}\n    for {known[key]['use']}" for key in keys]
    return _Citations("\n".join([*lines, *_material_lines(scenario)]))


@functools.cache
def _references() -> dict[str, dict[str, Any]]:
    text = (resources.files("lto_sim") / "references.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)
    known["lto_sim"]["version"] = package_version()
    return known


def _described(source: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Scenario and instrument of a source as tables, and its history; empty where it has none."""
    if source is None:
        return {}, {}, ""
    if hasattr(source, "to_toml"):
        table = tomllib.loads(source.to_toml())
        return ({}, table, "") if "beam" in table else (table.get("scenario", table), {}, "")
    held = getattr(source, "attrs", None)
    if not isinstance(held, Mapping) or "lto_sim_version" not in held:
        raise InputError(
            "source", type(source).__name__, "a dataset of this package, a scenario or an instrument",
            "give the dataset as it was returned or read",
        )  # fmt: skip
    table = tomllib.loads(str(held.get("configuration", "")))
    instrument = tomllib.loads(str(held.get("instrument", "")))
    return table.get("scenario", table), instrument, str(held.get("history", ""))


def _keys(
    source: object, scenario: Mapping[str, Any], instrument: Mapping[str, Any], history: str
) -> Iterator[str]:
    """Keys of the references that a source rests on."""
    if source is None or scenario:
        yield "experiment"
    if scenario:
        yield from _solver_keys(scenario)
    if instrument:
        yield "egerton2011"
        spectrum = instrument.get("spectrum", {})
        formula = spectrum.get("mean_free_path", "iakoubovskii")
        yield from (key for key in ("iakoubovskii2008", "malis1988") if key.startswith(str(formula)[:5]))
        if spectrum.get("reference") == "lasgtp" or "O-K" in spectrum.get("edges", ()):
            yield "yamamoto2014"
    for line in history.splitlines():
        step = line.partition(": ")[2]
        for name, keys in _STEPS.items():
            if step == name or step.startswith((f"{name} ", f"{name}_")):
                yield from keys


def _solver_keys(scenario: Mapping[str, Any]) -> Iterator[str]:
    """References of the material, the contact laws and the engine of a scenario."""
    yield "jost1952"
    material, numerics = _table(scenario.get("material")), _table(scenario.get("numerics"))
    windows = material.get("windows", "constant")
    if "regular_solution" in (windows, _table(windows).get("model")):
        yield "vasileiadis2018"
    for contact in _table(scenario.get("contacts")).values():
        yield from _LAWS.get(str(_table(contact).get("law")), ())
    if numerics.get("engine") == "fipy":
        yield "guyer2009"
        return
    yield "meyer2014" if numerics.get("stepper") == "super_time_stepping" else "brugnano2008"
    if numerics.get("stepper", "implicit") == "implicit" and numerics.get("time_order", 2) == 2:
        yield "alexander1977"


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _material_lines(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Every number of the material of a scenario: its value and origin, or that the scenario sets it."""
    if not scenario:
        return
    material = scenario.get("material", "lto")
    given = _table(material)
    name = str(given.get("name", "lto") if given else material)
    path = resources.files("lto_sim") / "materials" / "data" / f"{name}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    windows = _table(given.get("windows"))
    regular = "regular_solution" in (given.get("windows"), windows.get("model"))
    set_here = {
        "plateau_potential": given.get("plateau"),
        "x_poor": windows.get("x4"),
        "x_rich": windows.get("x7"),
    }
    yield f"Numbers of the material {name}:"
    for key, entry in data["quantities"].items():
        if key in {"x_poor", "x_rich"} if regular else key == "regular_solution_omega":
            continue
        yield _number_line(
            key, f"{entry['value']:g} {entry['unit']}", entry, _same(entry["value"], set_here.get(key))
        )
    for key, entry in data["diffusivities"].items():
        own = _table(given.get(f"D_{data[f'{key}_short']}"))
        for part, factor in (("at", 1.0), ("Ea", _EV)):
            number = float(str(entry[part]).partition(" ")[0])
            label = f"D_{data[f'{key}_short']}.{part}"
            yield _number_line(label, str(entry[part]), entry, _same(number * factor, own.get(part)))


def _same(value: float, given: object) -> bool:
    """Whether a scenario leaves a number as the data file has it."""
    return not isinstance(given, int | float) or math.isclose(value, given, rel_tol=1e-6)


def _number_line(label: str, value: str, entry: Mapping[str, Any], kept: bool) -> str:
    origin = f"{value.strip()}, {entry['source']}" if kept else "set by the scenario"
    return f"    {label}: {origin}"


def _names(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(Family, given) of every author; a name in braces has no given one."""
    parts = [str(author).partition(", ") for author in entry["authors"]]
    return [(family.strip("{}"), given) for family, _, given in parts]


def _where(entry: Mapping[str, Any]) -> str:
    place = " ".join(str(entry[key]) for key in ("journal", "volume") if key in entry)
    return place or ", ".join(str(entry[key]) for key in ("edition", "publisher") if key in entry)


def _plain(entry: Mapping[str, Any]) -> str:
    """Reference as this package writes it: initials, names, title, place (year) page."""
    names = [f"{given} {family}".strip() for family, given in _names(entry)]
    authors = " and ".join(", ".join(names).rsplit(", ", 1)) if len(names) > 1 else "".join(names)
    year = f" ({entry['year']})" if "year" in entry else ""
    version = f"version {entry['version']}" if "version" in entry else ""
    place = f"{_where(entry)}{year} {entry.get('pages', '')}".strip() or version
    doi = f"doi:{entry['doi']}" if "doi" in entry else ""
    return ", ".join(part for part in (authors, entry["title"], place, doi) if part)


def _apa(entry: Mapping[str, Any]) -> str:
    names = [f"{family}, {given}".rstrip(", ") for family, given in _names(entry)]
    authors = ", & ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
    year = f"({entry.get('year', 'n.d.')})."
    version = f" (Version {entry['version']}) [Computer software]" if "version" in entry else ""
    place = ", ".join(part for part in (_where(entry), str(entry.get("pages", ""))) if part)
    link = f"https://doi.org/{entry['doi']}" if "doi" in entry else ""
    title = f"{entry['title']}{version}."
    first = [f"{authors.rstrip('.')}.", year, title] if authors else [title, year]
    return " ".join(part for part in (*first, f"{place}." if place else "", link) if part)


def _bibtex(key: str, entry: Mapping[str, Any]) -> str:
    kept = (
        "title",
        "journal",
        "publisher",
        "edition",
        "volume",
        "pages",
        "year",
        "doi",
        "version",
        "license",
    )
    fields = {"author": " and ".join(entry["authors"])} if entry["authors"] else {}
    fields |= {name: str(entry[name]) for name in kept if name in entry}
    fields["title"] = f"{{{fields['title']}}}"
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{entry['kind']}{{{key},\n{body}\n}}"
