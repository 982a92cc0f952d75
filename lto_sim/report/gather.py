"""What a report is made from: files and directories, told by kind; what is damaged or unknown is named.

Nothing that is wrong with one file stops a report of the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import xarray as xr

from lto_sim.errors import InputError, LtoSimError
from lto_sim.files import is_store
from lto_sim.report import kinds
from lto_sim.report.recordings import recording_of
from lto_sim.scenario import Scenario
from lto_sim.study.sweeps import SweepStatus, sweep_status

__all__ = [
    "Found",
    "MapFitFiles",
    "ReproductionFiles",
    "ScenarioFile",
    "Store",
    "StoredFit",
    "SweepStore",
    "gather",
]

_PARTIAL: Final = re.compile(r"\..*\.[0-9a-f]{12}\.part")
"""Temporary names of targets that are being written, or whose writer was killed."""
_MAPS_OF_FIT: Final = re.compile(r"maps(_\d+)?\.zarr")


@dataclass(frozen=True, eq=False)
class Store:
    """A dataset with the name and the path of its store."""

    name: str
    path: Path
    data: xr.Dataset


@dataclass(frozen=True, eq=False)
class StoredFit:
    """The JSON of a fit of a front, or of an activation energy."""

    name: str
    path: Path
    summary: dict[str, Any]


@dataclass(frozen=True, eq=False)
class MapFitFiles:
    """The directory of a fit of whole maps: summary, and fitted maps where they are stored."""

    name: str
    path: Path
    summary: dict[str, Any]
    maps: tuple[Store, ...]


@dataclass(frozen=True, eq=False)
class ScenarioFile:
    """A scenario as written, as read, and its text."""

    name: str
    path: Path
    scenario: Scenario
    written: dict[str, Any]
    text: str


@dataclass(frozen=True, eq=False)
class SweepStore:
    """A sweep, open on the disk, and how far it is."""

    name: str
    path: Path
    data: xr.Dataset
    status: SweepStatus


@dataclass(frozen=True, eq=False)
class ReproductionFiles:
    """The directory of a reproduction and its summary."""

    name: str
    path: Path
    summary: dict[str, Any]


@dataclass
class Found:
    """All that was found, by kind.

    Parameters
    ----------
    runs, maps, fronts, comparisons : Stores.
    rate_fits, energy_fits : JSON files of ``lto-sim fit``.
    map_fits, scenarios, sweeps, reproductions : See their classes.
    not_understood : (name, reason) of what is damaged, half-written or unknown.
    noted : (name, what it is) of results that a report does not show.
    others : Names of files that were not looked into.
    """

    runs: list[Store] = field(default_factory=list)
    maps: list[Store] = field(default_factory=list)
    fronts: list[Store] = field(default_factory=list)
    comparisons: list[Store] = field(default_factory=list)
    rate_fits: list[StoredFit] = field(default_factory=list)
    energy_fits: list[StoredFit] = field(default_factory=list)
    map_fits: list[MapFitFiles] = field(default_factory=list)
    scenarios: list[ScenarioFile] = field(default_factory=list)
    sweeps: list[SweepStore] = field(default_factory=list)
    reproductions: list[ReproductionFiles] = field(default_factory=list)
    not_understood: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def stores(self) -> list[Store]:
        """Every store of single experiments."""
        fitted = [maps for fit in self.map_fits for maps in fit.maps]
        return [*self.runs, *self.maps, *self.fronts, *self.comparisons, *fitted]

    @property
    def taken(self) -> list[tuple[str, str]]:
        """(name, kind) of all that is shown."""
        groups: Sequence[tuple[str, Sequence[Any]]] = (
            ("scenario", self.scenarios), ("run", self.runs), ("lithium maps", self.maps),
            ("tracked front", self.fronts), ("maps against a run", self.comparisons),
            ("fit of a rate constant", self.rate_fits), ("fit of an activation energy", self.energy_fits),
            ("fit of whole maps", self.map_fits), ("sweep", self.sweeps),
            ("reproduction of the published experiment", self.reproductions),
        )  # fmt: skip
        return [(item.name, kind) for kind, items in groups for item in items]

    @property
    def says_something(self) -> bool:
        """Whether anything is there that a report shows."""
        return bool(self.taken)


def gather(sources: Sequence[Path]) -> Found:
    """Look at every source; of a directory at what is in it.

    Parameters
    ----------
    sources : Directories with results, stores, JSON files of fits, scenarios.

    Raises
    ------
    InputError
        A source that does not exist, none at all, or nothing in them that a report shows.
    """
    if not sources:
        raise InputError("PATH", [], "at least one result", "name a directory or a store")
    found = Found()
    for source in sources:
        if not source.exists():
            raise InputError("PATH", str(source), "an existing result", "check the path")
        _look(source, found, _name(source))
    _add_recordings(found)
    for group in (
        found.runs,
        found.maps,
        found.fronts,
        found.comparisons,
        found.rate_fits,
        found.energy_fits,
    ):
        _tell_apart(group)
    if not found.says_something:
        shown = ", ".join(str(source) for source in sources)
        reasons = "; ".join(f"{name}: {why}" for name, why in found.not_understood[:3])
        noted = "; ".join(f"{name} is {what}" for name, what in found.noted[:3])
        seen = "; ".join(part for part in (reasons, noted) if part) or "no result is in it"
        raise InputError(
            "PATH", shown, "results of lto-sim: runs, maps, fronts, comparisons, fits, sweeps, reproductions",
            seen,
        )  # fmt: skip
    return found


def _tell_apart(group: list[Any]) -> None:
    """Name those of one name by their directory as well, in place."""
    names = [entry.name for entry in group]
    for place, entry in enumerate(group):
        if names.count(entry.name) > 1:
            group[place] = replace(entry, name=f"{entry.path.resolve().parent.name}/{entry.name}")


def _add_recordings(found: Found) -> None:
    """Add the files that fronts were tracked in, which lie beside them."""
    for front in found.fronts:
        known = [maps.name for maps in found.maps if maps.path.parent == front.path.parent]
        try:
            recording = recording_of(front.data, front.path.parent, known)
        except (LtoSimError, OSError) as error:
            found.not_understood.append((f"the maps of {front.name}", _reason(error)))
            continue
        if recording is not None:
            name, maps = recording
            found.maps.append(Store(name, front.path.parent / name, maps))
            found.others = [other for other in found.others if other.rstrip("/") != name]


def _name(path: Path) -> str:
    return path.resolve().name or str(path)


def _look(source: Path, found: Found, name: str) -> None:
    """Take a source as what it is; a folder entry by entry."""
    if source.is_dir() and kinds.directory_kind(source) == "folder":
        for entry in sorted(source.iterdir()):
            _take(entry, found)
        return
    _attempt(source, found, name)


def _take(entry: Path, found: Found) -> None:
    """Take what lies in a folder; folders in it are named, not entered."""
    name = entry.name
    if _PARTIAL.fullmatch(name):
        found.not_understood.append((name, "half-written: still at work on, or its writer was stopped"))
    elif name.startswith("."):
        return
    elif entry.is_dir() and kinds.directory_kind(entry) == "folder":
        if entry.suffix == ".zarr":
            found.not_understood.append((name, "no Zarr store: there is no zarr.json in it"))
        else:
            found.others.append(f"{name}/")
    else:
        _attempt(entry, found, name)


def _attempt(path: Path, found: Found, name: str) -> None:
    try:
        _sort(path, found, name)
    except (LtoSimError, OSError) as error:
        found.not_understood.append((name, _reason(error)))
    except Exception as error:  # whatever a damaged file makes a reader say
        text = " ".join(str(error).split())[:160]
        found.not_understood.append((name, f"cannot be read: {text or type(error).__name__}"))


def _reason(error: Exception) -> str:
    """What is wrong, without the path, which stands before it."""
    if isinstance(error, InputError):
        return f"not {error.allowed}: {error.remedy}"
    return " ".join(str(error).split())


def _sort(path: Path, found: Found, name: str) -> None:
    if path.is_dir() or is_store(path):
        _sort_directory(path, found, name)
        return
    readers: dict[str, Callable[[Path, Found, str], None]] = {".json": _sort_json, ".toml": _sort_toml}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        found.others.append(name)
    else:
        reader(path, found, name)


def _sort_directory(path: Path, found: Found, name: str) -> None:
    kind = "store" if is_store(path) else kinds.directory_kind(path)
    if kind == "store":
        _sort_store(path, found, name)
    elif kind == "map fit":
        found.map_fits.append(_map_fit(path, found, name))
    elif kind == "reproduction":
        found.reproductions.append(ReproductionFiles(name, path, kinds.json_object(path / "summary.json")))
    elif kind == "electrical":
        found.noted.append((name, "an electrical series of `lto-sim electrical`, with pictures of its own"))
    elif kind == "unfinished map fit":
        found.not_understood.append((name, "a fit of maps that is not finished: its command takes it up"))
    else:
        found.not_understood.append((name, "its summary.json cannot be read: make it again"))


def _sort_store(path: Path, found: Found, name: str) -> None:
    kind, dataset = kinds.open_any(path)
    if kind == "sweep":
        found.sweeps.append(SweepStore(name, path, dataset, sweep_status(path)))
        return
    store = Store(name, path, dataset)
    if kind == "run":
        found.runs.append(store)
    elif kind == "maps":
        found.maps.append(store)
    elif kind == "front":
        found.fronts.append(store)
    elif kind == "comparison":
        found.comparisons.append(store)
    elif kind == "fitted maps":
        found.map_fits.append(MapFitFiles(name, path, {}, (store,)))
    else:
        title = "spectra: `lto-sim quantify` makes maps of them" if kind == "spectra" else "a result: "
        title += "" if kind == "spectra" else str(dataset.attrs.get("title", "without a title"))
        found.noted.append((name, title))


def _map_fit(path: Path, found: Found, name: str) -> MapFitFiles:
    stores = []
    for entry in sorted(entry for entry in path.iterdir() if _MAPS_OF_FIT.fullmatch(entry.name)):
        inner = f"{name}/{entry.name}"
        try:
            stores.append(Store(inner, entry, kinds.open_any(entry)[1]))
        except InputError as error:
            found.not_understood.append((inner, _reason(error)))
    return MapFitFiles(name, path, kinds.json_object(path / "summary.json"), tuple(stores))


def _sort_json(path: Path, found: Found, name: str) -> None:
    summary = kinds.json_object(path)
    kind = str(summary.get("fit", ""))
    if kind == "rate constant":
        found.rate_fits.append(StoredFit(name, path, summary))
    elif kind.startswith("activation energy"):
        found.energy_fits.append(StoredFit(name, path, summary))
    elif kind == "maps":
        found.map_fits.append(MapFitFiles(name, path, summary, ()))
    elif kind or {"lto_sim_version", "version"} & set(summary):
        found.noted.append((name, f"a summary{f' of a fit of {kind}' if kind else ''} by lto-sim"))
    else:
        found.not_understood.append((name, "JSON that no command of lto-sim writes"))


def _sort_toml(path: Path, found: Found, name: str) -> None:
    mapping = kinds.toml_mapping(path)
    kind = kinds.toml_kind(mapping)
    if kind == "scenario":
        scenario = Scenario.from_toml(path)
        found.scenarios.append(ScenarioFile(name, path, scenario, mapping, kinds.read_text(path)))
    elif kind == "other":
        found.not_understood.append((name, "TOML that is neither a scenario, a sweep nor an instrument"))
    else:
        found.noted.append((name, f"the file of {'a sweep' if kind == 'sweep' else 'an instrument'}"))
