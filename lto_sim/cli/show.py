"""What commands print: aligned lines for people on stdout, or JSON; a progress bar on a terminal's stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

__all__ = ["print_lines", "print_summary", "print_table", "progress_bar"]


def print_summary(summary: Mapping[str, Any], as_json: bool, lines: Mapping[str, str]) -> None:
    """Print `summary` as JSON, or `lines` for people."""
    if as_json:
        from lto_sim.files import to_json

        typer.echo(to_json(summary))
    else:
        print_lines(lines)


def print_lines(lines: Mapping[str, str]) -> None:
    """Print names and values in two columns."""
    width = max((len(name) for name in lines), default=0)
    for name, value in lines.items():
        typer.echo(f"{name:<{width}}  {value}")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print right-aligned columns under a header."""
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        typer.echo("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)))


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float], None] | None]:
    """Give a function that takes the part done (0 to 1); None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda part: bar.update(task, completed=part)
