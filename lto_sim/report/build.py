"""From results on the disk to a page, and to its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lto_sim.errors import InputError
from lto_sim.files import prepare_target
from lto_sim.provenance import CITATION, K_DEFINITIONS, package_version
from lto_sim.report.experiments import Experiment, experiments_of
from lto_sim.report.gather import Found, gather
from lto_sim.report.html import write_page
from lto_sim.report.page import Page, Section
from lto_sim.report.rates import Rate, activations, rates_of
from lto_sim.report.sections import (
    flags,
    identifiability,
    kinetics,
    maps,
    origin,
    overview,
    parameters,
    particle,
    reproduction,
    sweep,
)
from lto_sim.report.soundness import drop_unreadable

__all__ = ["default_path", "page_of", "report_page", "write_report"]

Sources = Path | str | Sequence[Path | str]


def report_page(sources: Sources, title: str | None = None) -> Page:
    """Build the page of a report: what results say, as data, before any of it is HTML.

    Parameters
    ----------
    sources : One or several of: a directory with results (scenario, runs, maps, fronts, comparisons, fits,
        sweeps, told by what is in them); a store of one of these; the JSON of a fit; the directory of a fit
        of whole maps; the directory of ``lto-sim reproduce``.
    title : Title of the page; None: that of the scenario, else the name of the first source.

    Returns
    -------
    The page. Numbers of stored fits are taken as they are stored; only a front without a fit is fitted here,
    with the defaults of ``lto-sim fit``, and maps without a comparison are compared with the run of the same
    configuration. The page says so, and names whatever could not be used.

    Raises
    ------
    InputError
        A source that does not exist, or nothing in them that a report shows.
    """
    paths = [Path(source) for source in ([sources] if isinstance(sources, str | Path) else sources)]
    return page_of(gather(paths), paths, title)


def write_report(
    sources: Sources, path: Path | str, *, title: str | None = None, force: bool = False
) -> Path:
    """Write a report as one HTML file that needs nothing else, and that may be mailed as it is.

    Parameters
    ----------
    sources : Results, see :func:`report_page`.
    path : The file to write; its directory exists.
    title : Title of the page; None: that of the scenario, else the name of the first source.
    force : Replace an existing file.

    Returns
    -------
    The path, with links resolved. The file is there as a whole or not at all.

    Raises
    ------
    InputError
        A target that exists without `force`, or one that is no file; what :func:`report_page` refuses.
    """
    target = prepare_target(Path(path), force)
    if target.is_dir():
        raise InputError("--out", str(path), "a file", "choose another path: this is a directory")
    write_page(report_page(sources, title), target, force)
    return target


def default_path(source: Path) -> Path:
    """Return where the report of a source goes.

    Parameters
    ----------
    source : Directory of results, store or file.

    Returns
    -------
    Path
        ``report.html`` in a directory of results, else NAME_report.html beside the store or file.
    """
    if source.is_dir() and not (source / "zarr.json").is_file():
        return source / "report.html"
    whole = source.resolve()
    return source.parent / f"{whole.stem if whole.suffix else whole.name}_report.html"


def page_of(found: Found, paths: Sequence[Path], title: str | None = None) -> Page:
    """Build the page of what was gathered.

    Parameters
    ----------
    found : The results.
    paths : Where they were found.
    title : Title of the page; None: one is made.
    """
    drop_unreadable(found)
    made = _Made(found)
    told = _sections(made)
    alone = _reproduction_only(found)
    keys = [key for files in found.reproductions for key in reproduction.keys(files)]
    lead = " ".join(reproduction.lead(files) for files in found.reproductions)
    if not alone:
        lead = f"{lead} {overview.lead_of(found, made.experiments, made.rates, made.lines)}".strip()
        keys += overview.keys_of(found, made.rates, made.lines)
    return Page(title or _title(found, made.experiments, paths), lead, told, keys, _footer())


class _Made:
    """What all sections share: experiments, rate constants, activation energies, and what was flagged."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.experiments = experiments_of(found)
        self.rates, self.refused = rates_of(found)
        self.lines, self.refusals = activations(found, self.rates)
        self.definition = _definition(found, self.rates)
        self.flagged: list[str] = []
        self.sections: list[Section] = []

    def add(self, name: str, make: Callable[[], Section | Sequence[Section] | None]) -> None:
        """Add what `make` returns; where a damaged result makes it fail, flag that and go on."""
        try:
            made = make()
        except Exception as error:  # whatever a damaged result leads to: the rest of the page is kept
            reason = " ".join(str(error).split()) or type(error).__name__
            self.flagged.append(f"{name} could not be shown: {reason}")
            return
        self.sections += [made] if isinstance(made, Section) else list(made or ())


def _definition(found: Found, rates: Sequence[Rate]) -> str:
    """Definition of k on the page: of the rate constants, else of a stored activation energy."""
    if rates:
        return rates[0].definition
    told = [fit.summary.get("Ea", fit.summary).get("k_convention", "") for fit in found.energy_fits]
    return K_DEFINITIONS.get(str(told[0]) if told else "", K_DEFINITIONS["2kt"])


def _sections(made: _Made) -> list[Section]:
    """All sections, in the order of the page."""
    found, flagged, experiments = made.found, made.flagged, made.experiments
    alone = _reproduction_only(found)
    if not alone:
        made.add("the overview", lambda: overview.section(found, experiments))
    for files in found.reproductions:
        made.add(files.name, partial(reproduction.sections, files, flagged))
    made.add("maps", lambda: maps.section(experiments, found.map_fits, flagged))
    fronts = [front for experiment in experiments for front in experiment.fronts]
    made.add("fronts", lambda: kinetics.front_section(fronts))
    made.add("rate constants", lambda: kinetics.rate_section(made.rates, made.refused))
    made.add(
        "activation energies",
        lambda: kinetics.activation_section(made.lines, made.refusals, made.definition),
    )
    made.add("fits of whole maps", lambda: identifiability.map_fit_section(found.map_fits))
    made.add("electrical series", lambda: particle.electrical_section(experiments))
    made.add("specimens", lambda: particle.specimen_section(experiments, flagged))
    for place, store in enumerate(found.sweeps):
        made.add(store.name, partial(sweep.section, store, place))
    made.add("parameters", lambda: parameters.section(experiments))
    made.add("what the data know", lambda: identifiability.section(made.rates, found.map_fits))
    made.add("warnings", lambda: flags.section(_all_flags(made)))
    if not alone:
        made.add("files", lambda: origin.files_section(found))
    made.add("versions", lambda: origin.versions_section(found))
    made.add("configurations", lambda: origin.configuration_section(experiments))
    for files in found.reproductions:
        made.add("settings", partial(reproduction.settings_section, files))
    made.add("how to cite", lambda: origin.cite_section(paper=bool(found.reproductions)))
    return made.sections


def _all_flags(made: _Made) -> list[str]:
    return [*flags.flags_of(made.found, made.rates, made.lines, made.refusals), *made.flagged]


def _reproduction_only(found: Found) -> bool:
    return bool(found.reproductions) and len(found.taken) == len(found.reproductions)


def _title(found: Found, experiments: Sequence[Experiment], paths: Sequence[Path]) -> str:
    if _reproduction_only(found):
        return reproduction.TITLE
    titles = {e.scenario.title for e in experiments if e.scenario is not None and e.scenario.title}
    if len(titles) == 1:
        return titles.pop()
    if len(found.sweeps) == 1 and len(found.taken) == 1:
        own = str(found.sweeps[0].data.attrs.get("title") or "")
        if own and own != "parameter sweep":
            return own
    return f"Report of {paths[0].resolve().stem}"


def _footer() -> list[str]:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return [f"Made by lto_sim {package_version()} on {now}.", f"How to cite: {CITATION}."]
