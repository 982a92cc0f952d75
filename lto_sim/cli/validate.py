"""``lto-sim validate``: the solver beside exact answers, as one table."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated, Any, Final

import typer

from lto_sim.cli.completion import section_names
from lto_sim.cli.options import AsJson
from lto_sim.cli.show import print_summary

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "validate"
EXAMPLE: Final = "Example: lto-sim validate --quick; lto-sim validate --only planar --only shell"


def command(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer cases, the same limits.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="SECTION", help="This section; repeatable.", show_default=False,
            autocompletion=section_names,
        ),
    ] = None,
    list_sections: Annotated[bool, typer.Option("--list", help="List the sections; run nothing.")] = False,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Worker processes.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Compare the solver with exact answers and with a second engine; status 1 if a limit is missed."""
    from lto_sim.validate import choose_sections

    sections = choose_sections(only)
    if list_sections:
        _list(as_json)
        return
    rows = _run(sections, quick, processes, as_json)
    if not all(row.passed for _, row in rows):
        raise typer.Exit(1)


def _list(as_json: bool) -> None:
    from lto_sim.validate import SECTIONS

    print_summary(
        {"sections": [{"name": s.name, "title": s.title, "on_request": s.on_request} for s in SECTIONS]},
        as_json,
        {s.name: s.title + (" (only when named)" if s.on_request else "") for s in SECTIONS},
    )


def _run(sections: Any, quick: bool, processes: int | None, as_json: bool) -> list[tuple[str, Any]]:
    """Run; print each row as it comes, what was missed again at the end, and the count."""
    from lto_sim.provenance import package_version
    from lto_sim.validate import HEADINGS, format_row, run_sections

    def show(line: str) -> None:
        if not as_json:
            typer.echo(line)

    started = time.monotonic()
    found: list[tuple[str, Any]] = []
    headed = sections[0]
    show(f"{format_row(HEADINGS)}\n\n{headed.name}: {headed.title}\n")
    with closing(run_sections(sections, quick=quick, processes=processes)) as results:
        for section, rows in results:
            if section is not headed:
                headed = section
                show(f"\n{headed.name}: {headed.title}\n")
            for row in rows:
                found.append((section.name, row))
                show(format_row(row.cells()))
    missed = [(name, row) for name, row in found if not row.passed]
    seconds = time.monotonic() - started
    show("")
    for name, row in missed:
        show(f"MISS in {name}: {' | '.join(row.cells())}")
    show(f"{len(found)} checks, {len(missed)} missed, {seconds:.0f} s")
    if as_json:
        print_summary(
            {
                "checks": len(found), "missed": len(missed), "wall_time_s": seconds, "quick": quick,
                "sections": [section.name for section in sections],
                "rows": [{"section": name, **row.as_dict()} for name, row in found],
                "version": package_version(),
            },
            True, {},
        )  # fmt: skip
    return found
