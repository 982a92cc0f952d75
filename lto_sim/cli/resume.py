"""``lto-sim resume``: what is missing of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from lto_sim.cli.options import AsJson
from lto_sim.cli.sweep import finish
from lto_sim.cli.sweep_options import (
    Engine,
    Scheduler,
    Shard,
    Workers,
    find_custom,
    following,
    telling_how_to_go_on,
    workforce,
)
from lto_sim.errors import InputError

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "resume"
EXAMPLE: Final = "Example: lto-sim resume sweep.zarr; lto-sim resume sweep.zarr sweep.toml --retry-failed"


def command(
    store: Annotated[Path, typer.Argument(metavar="SWEEP.zarr", help="The store of a sweep.")],
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="SWEEP.toml", help="The sweep file that it must be of; refused if it is another.",
            show_default=False,
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run those again that failed.")
    ] = False,
    engine: Engine = "processes",
    workers: Workers = None,
    scheduler: Scheduler = None,
    shard: Shard = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run what is missing of a sweep, with the configuration in its store."""
    from lto_sim.study.sweeps import run_sweep, stored_sweep

    who = workforce(engine, workers, scheduler, shard)
    described, _ = stored_sweep(store)
    find_custom(described, (store if source is None else source).resolve().parent)
    if source is not None and _hash(source) != described.hash:
        raise InputError(
            "SWEEP.toml", str(source), "the sweep that the store was made from",
            "its configuration is another one: run it into a store of its own",
        )  # fmt: skip
    with telling_how_to_go_on(store), following() as progress:
        run_sweep(described, store, who, resume=True, retry_failed=retry_failed, progress=progress)
    finish(store, as_json)


def _hash(source: Path) -> str:
    """Hash of a sweep file."""
    from lto_sim.study.sweeps import read_sweep

    try:
        return read_sweep(source).hash
    except InputError as error:
        raise InputError(
            error.field, error.value, error.allowed, "leave it out: the store knows what it is of"
        ) from None
