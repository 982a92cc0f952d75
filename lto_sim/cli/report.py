"""``lto-sim report``: what results say, as one HTML file that can be mailed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from lto_sim.report.gather import Found
    from lto_sim.report.page import Page

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "report"
EXAMPLE: Final = (
    "Example: lto-sim report . ; lto-sim report particle.zarr particle_maps.zarr fit.json --out one.html; "
    "lto-sim report reproduce"
)
_MOST: Final = 12


def command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="A directory with results (runs, maps, fronts, comparisons, fits, sweeps), a store of one "
            "of them, the JSON or directory of a fit, or the directory of `lto-sim reproduce`.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="REPORT.html",
            help="The file; without it report.html in the directory, or NAME_report.html beside a store.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="Title of the page.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write what results say as one HTML file: maps, fronts, k and Ea, parameters with sources, warnings.

    Numbers of stored fits stand as they were stored; the page says what else was done for it, and what of
    the directory could not be used.
    """
    for path in paths:
        if not path.exists():
            raise InputError("PATH", str(path), "an existing result", "check the path")
    from lto_sim.report.build import default_path

    target = _target(default_path(paths[0]) if out is None else out, force)
    from lto_sim.report.build import page_of
    from lto_sim.report.gather import gather
    from lto_sim.report.html import write_page

    found = gather(paths)
    page = page_of(found, paths, title)
    write_page(page, target, force)
    summary = _summary(found, page, target)
    print_summary(summary, as_json, _lines(summary))


def _target(path: Path, force: bool) -> Path:
    """Check before any work that the file may be written."""
    from lto_sim.files import prepare_target

    if path.suffix.lower() not in {".html", ".htm"}:
        raise InputError("--out", str(path), "a name that ends in .html", "change the ending")
    target = prepare_target(path, force)
    if target.is_dir():
        raise InputError("--out", str(path), "a file", "choose another path: this is a directory")
    return target


def _summary(found: Found, page: Page, target: Path) -> dict[str, Any]:
    return {
        "out": target,
        "title": page.title,
        "lead": page.lead,
        "keys": [{"label": key.label, "value": key.value, "note": key.note} for key in page.keys],
        "sections": [section.name for section in page.sections],
        "taken": [{"name": name, "kind": kind} for name, kind in found.taken],
        "not_understood": [{"name": name, "reason": reason} for name, reason in found.not_understood],
        "not_shown": [{"name": name, "what": what} for name, what in found.noted],
        "size_bytes": target.stat().st_size,
    }


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    lines = {"page": summary["title"], "found": summary["lead"]}
    taken = [f"{entry['name']} ({entry['kind']})" for entry in summary["taken"]]
    more = f" and {len(taken) - _MOST} more" if len(taken) > _MOST else ""
    lines["taken"] = ", ".join(taken[:_MOST]) + more
    for number, entry in enumerate(summary["not_understood"], 1):
        lines[f"left out {number}"] = f"{entry['name']}: {entry['reason']}"
    return lines | {"stored": f"{summary['out']}, {summary['size_bytes'] / 1e6:.2f} MB"}
