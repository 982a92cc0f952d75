"""What was taken, which versions made it, the configurations, and how to cite."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Final

from lto_sim.provenance import CITATION, package_version
from lto_sim.report.experiments import Experiment
from lto_sim.report.gather import Found
from lto_sim.report.page import Block, Code, Facts, Notice, Section, Table, Text
from lto_sim.report.words import counted

__all__ = ["cite_section", "configuration_section", "files_notice", "files_section", "versions_section"]

_PACKAGES: Final = ("numpy", "scipy", "numba", "xarray", "zarr", "matplotlib")
_MOST_NAMED: Final = 40


def files_notice(found: Found) -> Notice | None:
    """Say what was not understood; None where all was."""
    if not found.not_understood:
        return None
    parts = "; ".join(f"{name}: {reason}" for name, reason in found.not_understood)
    count = counted(len(found.not_understood), "entry", "entries")
    left = "was" if len(found.not_understood) == 1 else "were"
    return Notice(f"{count} could not be used and {left} left out: {parts}.")


def files_section(found: Found) -> Section:
    """Return the section of files: taken, known but not shown, not looked into."""
    blocks: list[Block] = []
    notice = files_notice(found)
    if notice is not None:
        blocks.append(notice)
    blocks.append(Table("Taken", ("name", "what it is"), found.taken))
    if found.noted:
        blocks.append(Table("Results that this page does not show", ("name", "what it is"), found.noted))
    if found.others:
        names = found.others[:_MOST_NAMED]
        more = f" and {len(found.others) - len(names)} more" if len(found.others) > len(names) else ""
        blocks.append(Text(f"Not looked into: {', '.join(names)}{more}."))
    return Section("files", "Files", blocks)


def versions_section(found: Found) -> Section:
    """Return the section of versions and of what was done in which order."""
    rows = [("lto_sim, of this page", package_version())]
    rows += [(name, metadata.version(name)) for name in _PACKAGES]
    rows += [("python", platform.python_version()), ("system", f"{platform.system()} {platform.machine()}")]
    history = []
    for store in found.stores:
        for line in str(store.data.attrs.get("history", "")).splitlines():
            when, _, what = line.partition(" ")
            history.append((store.name, when, what))
    blocks: list[Block] = [Facts(rows)]
    if history:
        blocks.append(
            Table("What was done, in order, as the results have it", ("result", "when", "what"), history)
        )
    return Section("versions", "Versions", blocks)


def configuration_section(experiments: Sequence[Experiment]) -> Section | None:
    """Return the section of configurations: files as written, complete configurations, their hashes."""
    blocks: list[Block] = []
    files = []
    for experiment in experiments:
        if not experiment.text:
            continue
        file = experiment.file
        if file is not None and file.name not in files:
            files.append(file.name)
            same = file.scenario == experiment.scenario
            how = "as written" if same else f"as written; {experiment.label} was run with other values"
            blocks.append(Code(f"Scenario {how}", file.text, file.name))
        caption = f"Complete configuration of {experiment.label}, SHA-256 {experiment.configuration}"
        blocks.append(Code(caption, experiment.text, f"{experiment.label}_complete.toml"))
    return Section("configuration", "Configuration", blocks) if blocks else None


def cite_section(paper: bool = False) -> Section:
    """Return the section on how to cite.

    Parameters
    ----------
    paper : Whether published numbers are on the page.
    """
    version = package_version()
    title = CITATION.partition(": ")[2].partition(" (see")[0]
    blocks: list[Block] = [Text(f"{CITATION}, version {version}.")]
    if paper:
        blocks.append(
            Text(
                "Published rate constants and times: the paper on operando STEM-EELS of the phase boundary "
                "in Li4Ti5O12 at 30 to 105 °C, Table 1; cite it beside the software."
            )
        )
    entry = (
        f"@software{{lto_sim,\n  title = {{lto_sim: {title}}},\n  author = {{{{The lto_sim developers}}}},\n"
        f"  version = {{{version}}},\n  license = {{BSD-3-Clause}}\n}}"
    )
    blocks.append(Code("BibTeX", entry, "lto_sim.bib"))
    return Section("cite", "How to cite", blocks)
