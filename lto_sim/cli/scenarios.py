"""``lto-sim scenarios``: scenarios, sweeps and instruments of the package, to use or to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary
from lto_sim.errors import InputError

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "scenarios"
EXAMPLE: Final = "Example: lto-sim scenarios; lto-sim scenarios gitt --out gitt.toml; lto-sim run gitt.toml"


def command(
    name: Annotated[str | None, typer.Argument(help="Print this one.", show_default=False)] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.toml", help="Write it to a file instead.", show_default=False),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """List the ready scenarios, sweeps and instruments, or print one as TOML with its comments."""
    from lto_sim.microscope import PRESETS, Instrument, preset_text
    from lto_sim.scenario import ready
    from lto_sim.study.sweeps import ready_sweep_text, ready_sweep_title, ready_sweeps

    if name is None:
        if out is not None:
            raise InputError("--out", str(out), "together with a name", "name the scenario to write")
        titles = {entry: ready.ready_scenario(entry).title for entry in ready.ready_names()}
        sweeps = {entry: ready_sweep_title(entry) for entry in ready_sweeps()}
        instruments = {entry: Instrument.preset(entry).title for entry in PRESETS}
        print_summary(
            {
                "scenarios": [{"name": entry, "title": title} for entry, title in titles.items()],
                "sweeps": [{"name": entry, "title": title} for entry, title in sweeps.items()],
                "instruments": [{"name": entry, "title": title} for entry, title in instruments.items()],
            },
            as_json,
            {**titles, **sweeps, **instruments},
        )
        return
    if name in ready_sweeps():
        text = ready_sweep_text(name)
    else:
        text = preset_text(name) if name in PRESETS else ready.ready_text(name)
    if out is None:
        if as_json:
            print_summary({"name": name, "toml": text}, as_json, {})
        else:
            typer.echo(text, nl=False)
        return
    from lto_sim.files import new_file

    with new_file(out, force) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print_summary({"name": name, "out": out}, as_json, {"stored": str(out)})
