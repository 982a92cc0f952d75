"""``lto-sim schema``: every key of a scenario or an instrument, with unit, default and range."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from lto_sim.cli.options import Force

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "schema"
EXAMPLE: Final = "Example: lto-sim schema --out scenario.schema.json"


def command(
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write instead of stdout.", show_default=False)
    ] = None,
    instrument: Annotated[
        bool, typer.Option("--instrument", help="The schema of an instrument file instead.")
    ] = False,
    force: Force = False,
) -> None:
    """Print the JSON schema of a scenario file, or of an instrument file."""
    from lto_sim.files import to_json, write_json
    from lto_sim.microscope import Instrument
    from lto_sim.scenario import Scenario

    schema = (Instrument if instrument else Scenario).model_json_schema()
    if out is None:
        typer.echo(to_json(schema))
    else:
        write_json(out, schema, force)
