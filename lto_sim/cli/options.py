"""Options that several commands share, each with one name, one meaning and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lto_sim.cli.completion import settings

__all__ = ["AsJson", "DryRun", "Force", "Out", "Seed", "SetValues", "Verbose", "Version"]

AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check, count and say what would be done; write nothing.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing result.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where the result goes.", show_default=False)]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed of the random draws.", show_default=False)
]
SetValues = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help='Set a value of the scenario by its path, such as --set "temperature=75 degC"; repeatable.',
        show_default=False,
        autocompletion=settings,
    ),
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, show_default=False,
        help="Tell on stderr what is read, run and written; -vv tells more. May stand after the command too.",
    ),
]  # fmt: skip
"""Listed in the help only: the group takes it from anywhere in the line (``lto_sim.cli.logs``)."""
Version = Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)]
