"""``lto-sim status``: how far a sweep is, from any terminal."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lto_sim.cli.options import AsJson
from lto_sim.cli.show import print_summary
from lto_sim.cli.sweep_options import result_lines, time_text
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from lto_sim.study.sweeps import SweepStatus

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "status"
EXAMPLE: Final = "Example: lto-sim status sweep.zarr; lto-sim status sweep.zarr --follow"
_PAUSE: Final = 2.0


def command(
    store: Annotated[Path, typer.Argument(metavar="SWEEP.zarr", help="The store of a sweep.")],
    follow: Annotated[
        bool, typer.Option("--follow", help="Print a line every two seconds until nobody is at work on it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how many runs of a sweep are done, failed and pending, the rate, and the time left."""
    from lto_sim.study.sweeps import sweep_status

    if follow and as_json:
        raise InputError("--follow", follow, "absent with --json", "ask again for every answer")
    status = sweep_status(store)
    while follow and status.working:
        typer.echo(_line(status))
        time.sleep(_PAUSE)
        status = sweep_status(store)
    print_summary(status.summary(), as_json, _lines(status, store))


def _line(status: SweepStatus) -> str:
    left = "" if math.isnan(status.time_left) else f", {time_text(status.time_left)} left"
    return f"{status.done} done, {status.failed} failed, {status.pending} pending{left}"


def _lines(status: SweepStatus, store: Path) -> dict[str, str]:
    lines = result_lines(status, store)
    del lines["store"]
    if math.isfinite(status.rate):
        lines["rate"] = f"{status.rate:.3g} runs a second, {time_text(1.0 / status.rate)} a run"
    if status.working:
        left = "not known yet" if math.isnan(status.time_left) else f"about {time_text(status.time_left)}"
        lines["time left"] = left
    elif status.pending:
        lines["at work"] = f"nobody here: `lto-sim resume {store}` runs the rest"
    if math.isfinite(status.last):
        lines["last run"] = f"{time_text(status.last)} ago"
    return lines
