"""``lto-sim scenarios``: scenarios, sweeps and instruments of the package, to use or to start from."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Final

import typer

from lto_sim.cli.completion import ready_names
from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.ready import KINDS, SCHEMA_FILES, ready_file, ready_titles
from lto_sim.cli.show import print_summary
from lto_sim.errors import InputError

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "scenarios"
EXAMPLE: Final = (
    "Example: lto-sim scenarios; lto-sim scenarios show gitt; lto-sim scenarios gitt --out gitt.toml; "
    "lto-sim run gitt.toml"
)
_SHOW: Final = "show"


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[show] [NAME]", help="Print this one.", show_default=False, autocompletion=ready_names
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.toml", help="Write it to a file instead.", show_default=False),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """List the ready scenarios, sweeps and instruments, or print one as TOML with its comments.

    A file that --out writes names its schema in the first line, for editors that complete and check TOML;
    `lto-sim schema --out lto_sim.schema.json` lays the schema beside it.
    """
    name = _name(words or [])
    if name is None:
        if out is not None:
            raise InputError("--out", str(out), "together with a name", "name the scenario to write")
        _list(as_json)
        return
    kind, text = _text(name)
    if out is None:
        if as_json:
            print_summary({"name": name, "toml": text}, as_json, {})
        else:
            typer.echo(text, nl=False)
        return
    from lto_sim.files import new_file

    with new_file(out, force) as temporary:
        temporary.write_text(_with_schema(text, kind), encoding="utf-8", newline="\n")
    print_summary({"name": name, "out": out}, as_json, {"stored": str(out)})


def _name(words: list[str]) -> str | None:
    """What is to be printed; None where all are to be listed."""
    given = words[1:] if words[:1] == [_SHOW] else words
    if len(given) > 1 or (words and not given):
        raise InputError("NAME", " ".join(words), "one name", "`lto-sim scenarios` lists them")
    return given[0] if given else None


def _text(name: str) -> tuple[str, str]:
    found = ready_file(name)
    if found is not None:
        return found
    known = [entry for kind in KINDS for entry in ready_titles(kind)]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "`lto-sim scenarios` lists them"
    raise InputError("scenario", name, " or ".join(known), hint)


def _with_schema(text: str, kind: str) -> str:
    return f"#:schema {SCHEMA_FILES[kind]}\n{text}" if kind in SCHEMA_FILES else text


def _list(as_json: bool) -> None:
    titles = {kind: ready_titles(kind) for kind in KINDS}
    print_summary(
        {kind: [{"name": name, "title": title} for name, title in of.items()] for kind, of in titles.items()},
        as_json,
        {name: title for of in titles.values() for name, title in of.items()},
    )
