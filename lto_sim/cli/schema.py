"""``lto-sim schema``: every key of a scenario or an instrument, with unit, default and range."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lto_sim.cli.completion import setting_keys
from lto_sim.cli.options import AsJson, Force
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from lto_sim.scenario.keys import Key

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "schema"
EXAMPLE: Final = (
    "Example: lto-sim schema contacts; lto-sim schema drive.0.until; lto-sim schema --keys; "
    "lto-sim schema --out lto_sim.schema.json"
)
_HEADER: Final = ("key", "unit", "default", "range", "meaning")
_WIDEST: Final = 34
"""Most characters of a default or a range on one line."""
_NARROWEST: Final = 30
"""Fewest characters of a line of meaning."""


def command(
    key: Annotated[
        str | None,
        typer.Argument(
            metavar="[KEY]", help="Explain this key, or the keys of this section, such as contacts.",
            show_default=False, autocompletion=setting_keys,
        ),
    ] = None,
    keys: Annotated[
        bool, typer.Option("--keys", help="Explain every key: unit, default, range, meaning.")
    ] = False,
    instrument: Annotated[
        bool, typer.Option("--instrument", help="The keys of an instrument file instead.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File for the JSON schema instead of stdout.", show_default=False),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Explain the keys of a scenario file, or print their JSON schema.

    A file whose first line is "#:schema lto_sim.schema.json" is completed and checked as it is typed by
    editors that know TOML schemas, once --out has written the schema beside it.
    """
    explain = keys or key is not None
    if explain and out is not None:
        raise InputError("--out", str(out), "absent with KEY and --keys", "leave KEY out to write the schema")
    from lto_sim.scenario import Scenario

    model: type[BaseModel] = Scenario
    if instrument or (key is not None and key.partition(".")[0] == "instrument"):
        from lto_sim.microscope import Instrument

        model = Instrument
    if explain:
        _explain(model, key, as_json)
        return
    from lto_sim.files import to_json, write_json

    schema = model.model_json_schema()
    if out is None:
        typer.echo(to_json(schema))
    else:
        write_json(out, schema, force)


def _explain(model: type[BaseModel], key: str | None, as_json: bool) -> None:
    from lto_sim.files import to_json
    from lto_sim.scenario.keys import documented_keys, keys_below

    found = documented_keys(model)
    if key is not None:
        found = keys_below(found, key.removeprefix("instrument."))
    if as_json:
        typer.echo(to_json({"keys": [entry.summary() for entry in found]}))
        return
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in _table(found, wide):
        typer.echo(line)


def _table(keys: Sequence[Key], wide: int) -> list[str]:
    """Lines of the table; the last column is broken to the width of a terminal, 0: not at all."""
    rows = [_HEADER, *((k.path, k.unit or "-", k.default or "-", k.allowed, _meaning(k)) for k in keys)]
    widths = [min(max(len(row[column]) for row in rows), _limit(column)) for column in range(4)]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for row in rows:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row[:4], widths, strict=True)]
        cells.append(textwrap.wrap(row[4], max(wide - indent - 1, _NARROWEST)) if wide else [row[4]])
        for number in range(max(map(len, cells))):
            parts = [cell[number] if number < len(cell) else "" for cell in cells]
            shown = [f"{part:<{width}}" for part, width in zip(parts, [*widths, 0], strict=True)]
            lines.append("  ".join(shown).rstrip())
    return lines


def _limit(column: int) -> int:
    return 60 if column == 0 else _WIDEST


def _meaning(key: Key) -> str:
    shown = key.example and not key.is_table and key.example != key.default and key.example not in key.allowed
    return f"{key.meaning}; e.g. {key.example}" if shown else key.meaning
